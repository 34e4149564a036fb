"""Webhooks of two look-alike companies over two servers, sent at fixed moments whatever the answers do (open loop)."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

import msgspec

from tests.server import HOST, Sender

REFUSED_BY_DATABASE = "refuse me"
"""A message that a constraint of the test refuses; the parser sees nothing wrong with it."""


@dataclass(slots=True)
class Heard:
    """What came back: how many answers of each status (0: none), and how long each took, (moment, seconds)."""

    statuses: Counter[int] = field(default_factory=Counter)
    times: list[tuple[float, float]] = field(default_factory=list)
    began: float = 0.0
    ended: float = 0.0

    @property
    def admitted(self) -> int:
        """Answers other than "too much"."""
        return self.statuses.total() - self.statuses[429]

    def p95_ms(self, since_s: float = 0.0) -> float:
        """95% of the requests due at `since_s` or later were answered within so long from when they were due."""
        taken = sorted(seconds for due, seconds in self.times if due >= since_s)
        return taken[int(len(taken) * 0.95)] * 1000


def good_body(number: int) -> bytes:
    """An alert as both companies send it."""
    return _body(number, "97% used")


def hostile_body(number: int) -> bytes:
    """In turn: the good company's alert, one with NULs, one that the database refuses, one that is no JSON."""
    return (
        good_body(number),
        _body(number, "97%\0used", signature="nul\0"),
        _body(number, REFUSED_BY_DATABASE, signature="refused"),
        b'{"asset_name": "web-01\0',
    )[number % 4]


def _body(number: int, message: str, signature: str = "disk full") -> bytes:
    alert = {
        "asset_name": f"web-{number // 4 % 20:02d}",
        "signature": signature,
        "severity": "high",
        "message": message,
    }
    return msgspec.json.encode(alert)


async def send(
    sender: Sender,
    ports: Sequence[int],
    body_of: Callable[[int], bytes],
    *,
    first: int,
    per_second: float,
    seconds: float,
) -> Heard:
    """
    Send signed requests with a sender's id, in turn to each server.

    Args:
        first: number of the first one; numbers make the sender's ids, so both companies send the same ids.
    """
    lines = {port: _Line(port) for port in ports}
    heard = Heard(began=time.monotonic())

    async def one(number: int, due: float) -> None:
        body = body_of(number)
        headers = sender.headers(body, delivery_id=f"delivery-{number:08d}")
        status = 0
        with suppress(OSError, asyncio.IncompleteReadError, TimeoutError):
            status = await asyncio.wait_for(lines[ports[number % len(ports)]].post(sender.path, headers, body), 30)
        heard.statuses[status] += 1
        heard.times.append((due - heard.began, time.monotonic() - due))

    tasks = []
    for step in range(int(per_second * seconds)):
        due = heard.began + step / per_second
        if (wait := due - time.monotonic()) > 0:
            await asyncio.sleep(wait)
        tasks.append(asyncio.create_task(one(first + step, due)))
    await asyncio.gather(*tasks)
    heard.ended = time.monotonic()
    for line in lines.values():
        line.close()
    return heard


def send_apart(sender: Sender, ports: Sequence[int], *, first: int, per_second: float, seconds: float) -> Heard:
    """The hostile company's requests, on a loop of this process's own."""
    return asyncio.run(send(sender, ports, hostile_body, first=first, per_second=per_second, seconds=seconds))


class _Line:
    """Kept connections to one server; as many as requests are under way. A general client would cost more than it."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._idle: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []

    async def post(self, path: str, headers: dict[str, str], body: bytes) -> int:
        """Send one request; answers the status."""
        reader, writer = self._idle.pop() if self._idle else await asyncio.open_connection(HOST, self._port)
        named = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        head = f"POST {path} HTTP/1.1\r\nHost: {HOST}\r\nContent-Type: application/json\r\n{named}"
        writer.write(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
        answer = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
        length = next(line for line in answer.split("\r\n") if line.startswith("content-length:"))
        await reader.readexactly(int(length.split(":")[1]))
        if "connection: close" in answer:
            writer.close()
        else:
            self._idle.append((reader, writer))
        return int(answer.split(" ", 2)[1])

    def close(self) -> None:
        """Let go of the idle ones."""
        for _, writer in self._idle:
            writer.close()
