"""
Reads a request's body and makes a document of it, within limits of size, expansion and depth.

Compression is told by the body's first bytes, never by a header: for a signed request only what is signed may change
what is understood.
"""

import json
import re
import zlib
from collections.abc import Awaitable, Callable, MutableMapping
from itertools import accumulate
from typing import Any
from urllib.parse import parse_qsl

import msgspec

from alertwhisperer.domain.errors import Invalid

Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]

MOST_BYTES = 5 * 1024 * 1024
"""Of a body, before and after decompression."""
MOST_DEPTH = 64
"""Of nested objects and lists."""
_MOST_FIELDS = 1_000  # of a form
_NO_FORM = re.compile(r"[\x00-\x08\x0e-\x1f]")  # binary rubbish may hold a `=` by chance
_GZIP = b"\x1f\x8b"
_MOST_PARTS = 16  # gzip streams one after another; each costs a copy of what follows it
_BRACKETS = b"[]{}"
_ALL_ELSE = bytes(byte for byte in range(256) if byte not in _BRACKETS)
_STEP = {91: 1, 123: 1, 93: -1, 125: -1}
# Possessive, and content with a text that never ends: backtracking takes hours over megabytes of escaped quotes.
_STRING = re.compile(rb'"(?:[^"\\]++|\\.)*+"?', re.DOTALL)

_decode = msgspec.json.Decoder().decode


class TooLarge(Invalid):
    """The body is larger than the limit; nothing of it was kept."""


class Hostile(Invalid):
    """The body has a shape that is only ever an attack or a bug of the sender; nothing of it was kept."""


class Unparsable(Invalid):
    """The body is kept whole, but no document could be made of it."""


async def read(receive: Receive, declared: int | None) -> bytes:
    """
    The body as received.

    Args:
        declared: the Content-Length header; None when absent.

    Raises:
        TooLarge: more than `MOST_BYTES`, declared or sent.
        ConnectionError: the client went away before the end.
    """
    if declared is not None and declared > MOST_BYTES:
        raise _too_large()
    message = await receive()
    if message["type"] == "http.disconnect":
        raise ConnectionError("the client went away")
    body: bytes = message.get("body", b"")
    if not message.get("more_body"):
        if len(body) > MOST_BYTES:
            raise _too_large()
        return body
    parts, size = [body], len(body)
    while message.get("more_body"):
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ConnectionError("the client went away")
        part = message.get("body", b"")
        size += len(part)
        if size > MOST_BYTES:
            raise _too_large()
        parts.append(part)
    return b"".join(parts)


def inflate(body: bytes) -> bytes:
    """
    The body without its compression, when its first bytes say that it is gzip.

    Raises:
        TooLarge: it expands beyond `MOST_BYTES`.
        Unparsable: it is broken gzip.
    """
    if not body.startswith(_GZIP):
        return body
    parts: list[bytes] = []
    size, rest = 0, body
    while rest:
        machine = zlib.decompressobj(wbits=31)
        try:
            part = machine.decompress(rest, MOST_BYTES + 1 - size)
        except zlib.error as failure:
            raise Unparsable("the gzip body is broken", where="body", mend="send it again whole") from failure
        size += len(part)
        if size > MOST_BYTES:
            raise _too_large()
        if not machine.eof:
            raise Unparsable("the gzip body is cut short", where="body", mend="send it again whole")
        parts.append(part)
        if len(parts) > _MOST_PARTS:
            raise Unparsable("the gzip body has too many parts", where="body", mend="compress it as one stream")
        rest = machine.unused_data
    return b"".join(parts)


def document(body: bytes) -> Any:
    """
    The body as JSON, else as a form's fields (a dict of strings).

    Old senders' habits are forgiven: a byte order mark, Latin-1 bytes, raw newlines inside strings. Numbers too large
    for a float become text.

    Raises:
        Hostile: nested deeper than `MOST_DEPTH`.
        Unparsable: neither JSON nor a form; says where JSON broke off.
    """
    if body.count(b"[") + body.count(b"{") > MOST_DEPTH:
        _refuse_depth(body)
    try:
        return _decode(body)
    except msgspec.DecodeError as failure:
        complaint = str(failure)
    except UnicodeDecodeError:
        complaint = "invalid UTF-8"
    return _lenient(body, complaint)


def _lenient(body: bytes, complaint: str) -> Any:
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = body.decode("latin-1")
    stripped = text.lstrip()
    if stripped[:1] in ("{", "[", '"'):
        try:
            return json.loads(text, strict=False, parse_constant=str)
        except json.JSONDecodeError as failure:
            raise Unparsable(
                f"the body is not valid JSON: {failure.msg} at line {failure.lineno} column {failure.colno}",
                where="body",
                mend="send the whole body as one JSON document",
            ) from failure
        except (ValueError, RecursionError) as failure:
            raise Unparsable("the body is not usable JSON", where="body", mend="send smaller numbers") from failure
    if "=" in text and not _NO_FORM.search(text):
        return _form(text)
    raise Unparsable(
        f"the body is neither JSON nor a form ({complaint[:120]})", where="body", mend="send a JSON object or list"
    )


def _form(text: str) -> dict[str, str]:
    try:
        pairs = parse_qsl(text.strip(), keep_blank_values=True, max_num_fields=_MOST_FIELDS)
    except ValueError as failure:
        raise Unparsable("the form has too many fields", where="body", mend="send JSON") from failure
    return dict(pairs)


def _refuse_depth(body: bytes) -> None:
    if _deepest(body) <= MOST_DEPTH:
        return
    # Brackets inside strings count for nothing; strip the strings and look again before refusing.
    if _deepest(_STRING.sub(b"", body)) > MOST_DEPTH:
        raise Hostile(
            f"the body is nested deeper than {MOST_DEPTH} levels", where="body", mend="flatten it, or send parts"
        )


def _deepest(body: bytes) -> int:
    brackets = body.translate(None, _ALL_ELSE)
    return max(accumulate(map(_STEP.__getitem__, brackets)), default=0)


def _too_large() -> TooLarge:
    return TooLarge(
        f"the body is larger than {MOST_BYTES} bytes", where="body", mend="send fewer alerts in one request"
    )
