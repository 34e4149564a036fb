"""HTTP by hand: a request as the bytes it is, since a well-behaved client refuses to send what an attacker would."""

from __future__ import annotations

import socket
from dataclasses import dataclass
from urllib.parse import urlsplit

import msgspec

_ANSWER_S = 10.0
_UNFINISHED_S = 0.3  # for a request that the server rightly goes on waiting for


@dataclass(frozen=True, slots=True)
class Raw:
    """
    A request, framed as `bytes_of` says.

    Attributes:
        headers: in this order, without those of the framing.
        framing: `length`, `chunked`, or the text of a Content-Length that need not be true.
    """

    method: bytes
    target: bytes
    headers: tuple[tuple[bytes, bytes], ...]
    body: bytes
    framing: str = "length"
    version: bytes = b"HTTP/1.1"


@dataclass(frozen=True, slots=True)
class Heard:
    """The answer; status 0 when there was none."""

    status: int
    body: bytes = b""

    @property
    def delivery_id(self) -> str | None:
        """Of an accepted delivery."""
        if self.status != 202:
            return None
        told = msgspec.json.decode(self.body, type=dict[str, object])
        return str(told["delivery_id"])


def bytes_of(raw: Raw) -> bytes:
    """The request on the wire."""
    if raw.framing == "chunked":
        half = len(raw.body) // 2
        chunks = [part for part in (raw.body[:half], raw.body[half:]) if part]
        framing = (b"Transfer-Encoding", b"chunked")
        body = b"".join(b"%x\r\n%s\r\n" % (len(chunk), chunk) for chunk in chunks) + b"0\r\n\r\n"
    else:
        length = str(len(raw.body)) if raw.framing == "length" else raw.framing
        framing, body = (b"Content-Length", length.encode()), raw.body
    lines = [b"%s %s %s" % (raw.method, raw.target, raw.version)]
    lines += [b"%s: %s" % header for header in (*raw.headers, framing)]
    return b"\r\n".join(lines) + b"\r\n\r\n" + body


def ask(url: str, raw: Raw) -> Heard:
    """Send it on a connection of its own and hear the first final answer."""
    place = urlsplit(url)
    assert place.hostname
    with socket.create_connection((place.hostname, place.port or 80), timeout=_ANSWER_S) as wire:
        try:
            wire.sendall(bytes_of(raw))
            if raw.framing not in ("length", "chunked"):
                wire.settimeout(_UNFINISHED_S)
            return _hear(wire, has_body=raw.method != b"HEAD")
        except (TimeoutError, ConnectionError) as failure:
            if isinstance(failure, TimeoutError) and raw.framing in ("length", "chunked"):
                raise AssertionError("the server never answered") from failure
            return Heard(0)


def _hear(wire: socket.socket, *, has_body: bool) -> Heard:
    seen = b""
    while True:
        while b"\r\n\r\n" not in seen:
            more = wire.recv(65_536)
            if not more:
                return Heard(0)
            seen += more
        head, _, seen = seen.partition(b"\r\n\r\n")
        status, length = _read_head(head)
        if status >= 200:
            break
    if length is None or not has_body:  # it ends with the connection, or has no body
        return Heard(status, seen)
    while len(seen) < length:
        more = wire.recv(65_536)
        if not more:
            break
        seen += more
    return Heard(status, seen[:length])


def _read_head(head: bytes) -> tuple[int, int | None]:
    first, *lines = head.split(b"\r\n")
    headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(b":") for line in lines)}
    length = headers.get(b"content-length")
    return int(first.split(b" ")[1]), None if length is None else int(length)
