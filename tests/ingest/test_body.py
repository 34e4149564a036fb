"""A body becomes a document within limits of size, expansion and depth; old senders' habits are forgiven."""

import gzip
import json
import time
from collections.abc import MutableMapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alertwhisperer.ingest.body import (
    MOST_BYTES,
    MOST_DEPTH,
    Hostile,
    Receive,
    TooLarge,
    Unparsable,
    document,
    inflate,
    read,
)

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


def arriving(*parts: bytes, gone: bool = False) -> Receive:
    """A request's body as the server hands it over, part by part."""
    messages: list[MutableMapping[str, Any]] = [
        {"type": "http.request", "body": part, "more_body": gone or place < len(parts)}
        for place, part in enumerate(parts, 1)
    ]
    messages.append({"type": "http.disconnect"})

    async def receive() -> MutableMapping[str, Any]:
        return messages.pop(0)

    return receive


def failure_of(body: bytes) -> Hostile | Unparsable | None:
    """Why no document can be made of a body; None when one can."""
    try:
        document(body)
    except (Hostile, Unparsable) as failure:
        return failure
    return None


async def test_a_body_is_read_whole_however_it_arrives() -> None:
    assert await read(arriving(b"abc"), 3) == b"abc"
    assert await read(arriving(b"a", b"", b"bc"), None) == b"abc"
    assert await read(arriving(b"x" * MOST_BYTES), None) == b"x" * MOST_BYTES


async def test_a_body_beyond_the_limit_is_refused_before_it_is_kept() -> None:
    with pytest.raises(TooLarge):
        await read(arriving(b""), MOST_BYTES + 1)
    for parts in ((b"x" * (MOST_BYTES + 1),), (b"x" * MOST_BYTES, b"x")):
        with pytest.raises(TooLarge):
            await read(arriving(*parts), None)


async def test_a_client_that_went_away_leaves_nothing() -> None:
    for receive in (arriving(), arriving(b"half", gone=True)):
        with pytest.raises(ConnectionError):
            await read(receive, None)


@given(st.binary(max_size=2_000), st.integers(1, 5))
def test_a_compressed_body_is_the_same_body(plain: bytes, parts: int) -> None:
    """Also as several gzip streams one after another, which is still gzip."""
    step = len(plain) // parts + 1
    pieces = [plain[at : at + step] for at in range(0, len(plain), step)] or [b""]
    assert inflate(b"".join(gzip.compress(piece) for piece in pieces)) == plain


def test_a_bomb_is_refused_without_being_unpacked() -> None:
    bomb = gzip.compress(b"\x00" * (64 * 1024 * 1024))
    with pytest.raises(TooLarge):
        inflate(bomb)
    with pytest.raises(TooLarge):
        inflate(gzip.compress(b" " * (MOST_BYTES - 1)) + gzip.compress(b"  "))


def test_what_follows_the_gzip_stream_is_not_lost_in_silence() -> None:
    whole = gzip.compress(b"{}")
    for body in (whole + b"x", whole[:-1], whole * 100, b"\x1f\x8b"):
        with pytest.raises(Unparsable):
            inflate(body)


@given(VALUES)
def test_what_json_can_hold_comes_through(value: object) -> None:
    assert document(json.dumps(value).encode()) == value


@given(st.binary(max_size=400) | st.text(alphabet='{}[]",:\\ \x00a1', max_size=300).map(str.encode))
def test_any_bytes_are_a_document_or_a_named_failure(body: bytes) -> None:
    failure = failure_of(body)
    assert failure is None or (failure.what and failure.where and failure.mend)


def test_depth_is_counted_outside_texts() -> None:
    assert document(b"[" * MOST_DEPTH + b"]" * MOST_DEPTH)
    with pytest.raises(Hostile):
        document(b"[" * (MOST_DEPTH + 1) + b"]" * (MOST_DEPTH + 1))
    inside = json.dumps({"a": "[{" * 10_000 + '"\\'}).encode()
    assert document(inside)["a"].startswith("[{[{")


@pytest.mark.parametrize("tail", [b'\\"', b'"a"', b'"\\', b"a", b'""'])
def test_no_text_of_quotes_costs_more_than_its_length(tail: bytes) -> None:
    body = b"[" * (MOST_DEPTH + 1) + b'"' + tail * (MOST_BYTES // len(tail) - 100)
    began = time.perf_counter()
    with pytest.raises((Hostile, Unparsable)):
        document(body)
    assert time.perf_counter() - began < 10  # backtracking needed hours


def test_old_senders_habits_are_forgiven() -> None:
    assert document(b'\xef\xbb\xbf{"a": 1}') == {"a": 1}
    assert document(b'{"a": "line\nbreak\ttab"}') == {"a": "line\nbreak\ttab"}
    assert document(b'{"a": "\xfc"}') == {"a": "ü"}
    assert document(b"a=1&b=x+y&c=") == {"a": "1", "b": "x y", "c": ""}
    assert document(b'{"a": NaN}') == {"a": "NaN"}


def test_a_failure_says_where_json_broke_off() -> None:
    with pytest.raises(Unparsable, match="line 2 column"):
        document(b'{"a": 1,\n"b"')
    with pytest.raises(Unparsable):
        document(b"a=1&" * 2_000)
