"""What can be changed in a request, as Hypothesis strategies: anything but the secret that signed it."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from urllib.parse import quote

from hypothesis import strategies as st

from tests.fuzz.wire import Raw

Change = Callable[[Raw], Raw]

# No line breaks: they would only make two headers of one, which other changes do on purpose.
_VALUES = st.binary(max_size=30).map(lambda raw: raw.translate(None, b"\r\n"))
_NAMES = (
    *(b"X-API-Key", b"Authorization", b"X-Signature", b"X-Timestamp", b"X-Delivery-Id", b"Content-Type"),
    *(b"Content-Encoding", b"Content-Length", b"Transfer-Encoding", b"Expect", b"Upgrade", b"Connection", b"Host"),
    *(b"webhook-id", b"webhook-signature", b"webhook-timestamp", b"X-HTTP-Method-Override", b"X-Forwarded-For"),
    *(b"X-Original-URL", b"X-Company-Id", b"X_API_Key", b"X-Signature ", b"Cookie", b"Range", b"TE", b"Forwarded"),
)
_WORDS = (
    *(b"", b"0", b"gzip", b"deflate", b"br", b"chunked", b"identity, chunked", b"100-continue", b"websocket", b"close"),
    *(b"upgrade", b"GET", b"application/x-www-form-urlencoded", b"text/plain; charset=utf-16", b"../..", b"*"),
    *(b"Basic Og==", b"Bearer", b"sha256=" + b"0" * 64, b"9999999999", b"127.0.0.1", b"\xff\xfe", b"a" * 9_000),
)
_METHODS = (b"GET", b"HEAD", b"PUT", b"PATCH", b"DELETE", b"OPTIONS", b"TRACE", b"CONNECT", b"post", b"POST ", b"BREW")


def changes(stolen: Sequence[bytes]) -> st.SearchStrategy[list[Change]]:
    """
    One to three changes of a request.

    Args:
        stolen: values worth trying in other places: keys and ids of other companies, parts of the request itself.
    """
    word = st.sampled_from([*_WORDS, *stolen]) | _VALUES
    name = st.sampled_from(_NAMES) | st.binary(min_size=1, max_size=12).map(_token)
    one = st.one_of(
        st.builds(_set_value, st.integers(0, 9), word),
        st.builds(
            _twist_value, st.integers(0, 9), st.sampled_from([bytes.upper, bytes.lower, _spaced, _cut, _doubled])
        ),
        st.builds(_twist_name, st.integers(0, 9), st.sampled_from([bytes.upper, bytes.lower, _underscored, _prefixed])),
        st.builds(_drop, st.integers(0, 9)),
        st.builds(_add, name, word, st.integers(0, 9)),
        st.builds(_double, st.integers(0, 9), word),
        st.builds(_swap, st.integers(0, 9), st.integers(0, 9)),
        st.builds(_reverse),
        st.builds(_set_method, st.sampled_from(_METHODS)),
        st.builds(_set_version, st.sampled_from([b"HTTP/1.0", b"HTTP/2.0", b"HTTP/0.9", b"http/1.1", b"HTTP/1.1 "])),
        st.builds(_set_framing, st.sampled_from(["chunked", "0", "1", "-1", "+5", "9999999", "10, 10", "0x10", ""])),
        st.builds(
            _extend_path, st.sampled_from([b"/", b"//", b"/..", b"/.", b";a=b", b"%00", b"%2f", b"/x", b"#x", b"\xff"])
        ),
        st.builds(_set_path, st.sampled_from(_paths(stolen))),
        st.builds(_twist_path, st.sampled_from([bytes.upper, _escaped, _absolute, _slashed])),
        st.builds(_ask, name, word),
        st.builds(_flip, st.integers(0, 2_000), st.integers(1, 255)),
        st.builds(_insert, st.integers(0, 2_000), st.binary(min_size=1, max_size=8)),
        st.builds(_remove, st.integers(0, 2_000), st.integers(1, 20)),
        st.builds(
            _twist_body, st.sampled_from([gzip.compress, _spaced, _doubled, _cut, _marked, _other_json, _no_body])
        ),
        st.builds(_shift, st.integers(-40, 40)),
    )
    return st.lists(one, min_size=1, max_size=3)


def _token(raw: bytes) -> bytes:
    return bytes(97 + byte % 26 for byte in raw)


def _paths(stolen: Sequence[bytes]) -> list[bytes]:
    keys = [b"/api/webhooks/generic/" + one for one in stolen if one.startswith(b"awk_")]
    others = [b"/", b"*", b"/alerts", b"/api/webhooks", b"/api/webhooks/", b"/api/webhooks/alerts", b"/api/companies"]
    return [*keys, *others, b"/api/webhooks/zabbix", b"/api/webhooks/nobody", b"/health/ready", b"/alerts/", b"alerts"]


def _at(raw: Raw, place: int) -> int:
    return place % max(len(raw.headers), 1)


def _with_header(raw: Raw, place: int, name: bytes | None, value: bytes | None) -> Raw:
    if not raw.headers:
        return raw
    headers = list(raw.headers)
    old = headers[_at(raw, place)]
    headers[_at(raw, place)] = (old[0] if name is None else name, old[1] if value is None else value)
    return replace(raw, headers=tuple(headers))


def _set_value(place: int, value: bytes) -> Change:
    return lambda raw: _with_header(raw, place, None, value)


def _twist_value(place: int, twist: Callable[[bytes], bytes]) -> Change:
    return lambda raw: _with_header(raw, place, None, twist(raw.headers[_at(raw, place)][1])) if raw.headers else raw


def _twist_name(place: int, twist: Callable[[bytes], bytes]) -> Change:
    return lambda raw: _with_header(raw, place, twist(raw.headers[_at(raw, place)][0]), None) if raw.headers else raw


def _drop(place: int) -> Change:
    return lambda raw: replace(raw, headers=raw.headers[: _at(raw, place)] + raw.headers[_at(raw, place) + 1 :])


def _add(name: bytes, value: bytes, place: int) -> Change:
    return lambda raw: replace(raw, headers=(*raw.headers[:place], (name, value), *raw.headers[place:]))


def _double(place: int, value: bytes) -> Change:
    return lambda raw: _add(raw.headers[_at(raw, place)][0], value, place)(raw) if raw.headers else raw


def _swap(one: int, other: int) -> Change:
    def swap(raw: Raw) -> Raw:
        headers = list(raw.headers)
        if headers:
            a, b = _at(raw, one), _at(raw, other)
            headers[a], headers[b] = headers[b], headers[a]
        return replace(raw, headers=tuple(headers))

    return swap


def _reverse() -> Change:
    return lambda raw: replace(raw, headers=raw.headers[::-1])


def _set_method(method: bytes) -> Change:
    return lambda raw: replace(raw, method=method)


def _set_version(version: bytes) -> Change:
    return lambda raw: replace(raw, version=version)


def _set_framing(framing: str) -> Change:
    return lambda raw: replace(raw, framing=framing)


def _extend_path(tail: bytes) -> Change:
    return lambda raw: replace(raw, target=raw.target + tail)


def _set_path(target: bytes) -> Change:
    return lambda raw: replace(raw, target=target)


def _twist_path(twist: Callable[[bytes], bytes]) -> Change:
    return lambda raw: replace(raw, target=twist(raw.target))


def _ask(name: bytes, value: bytes) -> Change:
    return lambda raw: replace(
        raw, target=raw.target + (b"&" if b"?" in raw.target else b"?") + name + b"=" + quote(value).encode()
    )


def _flip(place: int, mask: int) -> Change:
    def flip(raw: Raw) -> Raw:
        body = bytearray(raw.body)
        if body:
            body[place % len(body)] ^= mask
        return replace(raw, body=bytes(body))

    return flip


def _insert(place: int, more: bytes) -> Change:
    return lambda raw: replace(raw, body=raw.body[:place] + more + raw.body[place:])


def _remove(place: int, many: int) -> Change:
    return lambda raw: replace(raw, body=raw.body[:place] + raw.body[place + many :])


def _twist_body(twist: Callable[[bytes], bytes]) -> Change:
    return lambda raw: replace(raw, body=twist(raw.body))


def _shift(by: int) -> Change:
    """Move the boundaries between time, id and body, which are signed as one text."""

    def shift(raw: Raw) -> Raw:
        parts = dict(raw.headers)
        identifier = parts.get(b"X-Delivery-Id", b"")
        covered = identifier + b"." + raw.body
        cut = len(identifier) + by
        if not 0 <= cut < len(covered):
            return replace(_renamed(raw, None), body=covered)
        return replace(_renamed(raw, covered[:cut].translate(None, b"\r\n")), body=covered[cut:].removeprefix(b"."))

    return shift


def _renamed(raw: Raw, identifier: bytes | None) -> Raw:
    kept = tuple(header for header in raw.headers if header[0] != b"X-Delivery-Id")
    return replace(raw, headers=kept if identifier is None else (*kept, (b"X-Delivery-Id", identifier)))


def _spaced(text: bytes) -> bytes:
    return b" " + text + b"\t "


def _cut(text: bytes) -> bytes:
    return text[:-1]


def _doubled(text: bytes) -> bytes:
    return text + text


def _underscored(text: bytes) -> bytes:
    return text.replace(b"-", b"_")


def _prefixed(text: bytes) -> bytes:
    return b"X-" + text


def _marked(text: bytes) -> bytes:
    return b"\xef\xbb\xbf" + text


def _no_body(text: bytes) -> bytes:
    return b""


def _other_json(text: bytes) -> bytes:
    """The same document, spelled otherwise: not the bytes that were signed."""
    try:
        return json.dumps(json.loads(text), indent=1).encode()
    except ValueError:
        return text


def _escaped(target: bytes) -> bytes:
    return target.replace(b"generic", b"%67eneri%63")


def _absolute(target: bytes) -> bytes:
    return b"http://alerts.example.org" + target


def _slashed(target: bytes) -> bytes:
    return target.replace(b"/", b"//")
