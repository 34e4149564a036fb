"""
A sender in a process of its own: at fixed times (open loop), or everything once as fast as it is answered.

In the open loop the moment that counts is the one at which a request was due, not the one at which a connection was
free for it: a server that stalls cannot hide the requests that it kept waiting.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
from collections import Counter, deque
from pathlib import Path
from random import Random
from typing import cast

import uvloop

from bench import requests


class _Sending:
    """What is to be sent, when, and what came of it."""

    def __init__(self, records: list[bytes], due: list[float]) -> None:
        self.records = records
        self.due = due  # seconds from the start; empty: at once
        self.began = 0.0
        self.latency = [0.0] * len(records)
        self.lag = [0.0] * len(records)
        self.statuses: Counter[str] = Counter()
        self.wrong: list[int] = []
        self.idle: deque[_Line] = deque()
        self.waiting: deque[int] = deque()
        self.most_waiting = 0
        self.left = len(records)
        self.finished = asyncio.Event()

    def offer(self, number: int, now: float) -> None:
        """Send a request on an idle connection, or let it wait for one."""
        if self.idle:
            self.idle.popleft().take(number, now)
        else:
            self.waiting.append(number)
            self.most_waiting = max(self.most_waiting, len(self.waiting))

    def answered(self, line: _Line, number: int, status: str, now: float) -> None:
        due = self.began + self.due[number] if self.due else line.sent_at
        self.latency[number] = now - due
        self.statuses[status] += 1
        if status != "202":
            self.wrong.append(number)
        self.left -= 1
        if self.waiting:
            line.take(self.waiting.popleft(), now)
        else:
            self.idle.append(line)
        if not self.left:
            self.finished.set()


class _Line(asyncio.Protocol):
    """A connection: one request at a time."""

    def __init__(self, sending: _Sending) -> None:
        self._sending = sending
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.WriteTransport | None = None
        self._number = -1
        self._read = b""
        self.sent_at = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.WriteTransport, transport)  # uvloop's is none by its class

    def take(self, number: int, now: float) -> None:
        assert self._transport is not None
        self._number, self.sent_at, self._read = number, now, b""
        self._transport.write(self._sending.records[number])

    def data_received(self, data: bytes) -> None:
        self._read += data
        head, separator, body = self._read.partition(b"\r\n\r\n")
        if not separator:
            return
        _, _, rest = head.lower().partition(b"content-length:")
        if len(body) >= int(rest.partition(b"\r\n")[0] or b"0"):
            number, self._number = self._number, -1
            self._sending.answered(self, number, head[9:12].decode(), self._loop.time())

    def connection_lost(self, exc: Exception | None) -> None:
        if self._number >= 0:
            raise SystemExit(f"the server closed a connection with request {self._number} unanswered")


async def send(path: Path, port: int, connections: int, rate: float, seed: int) -> dict[str, object]:
    """
    Send a file's requests, each once.

    Args:
        rate: requests a second, arriving as a Poisson process; 0: as fast as they are answered.
    """
    loop = asyncio.get_running_loop()
    records = list(requests.read(path))
    sending = _Sending(records, _arrivals(len(records), rate, Random(seed)) if rate else [])
    for _ in range(connections):
        _, line = await loop.create_connection(lambda: _Line(sending), "127.0.0.1", port)
        sending.idle.append(line)
    gc.collect()
    gc.freeze()
    gc.disable()
    sending.began = loop.time()
    if rate:
        await _at_their_times(sending)
    else:
        for number in range(len(records)):
            sending.offer(number, loop.time())
    await sending.finished.wait()
    return _told(sending, loop.time() - sending.began)


async def _at_their_times(sending: _Sending) -> None:
    loop = asyncio.get_running_loop()
    number, count = 0, len(sending.records)
    while number < count:
        now = loop.time()
        passed = now - sending.began
        while number < count and sending.due[number] <= passed:
            sending.lag[number] = passed - sending.due[number]
            sending.offer(number, now)
            number += 1
        if number < count:
            await asyncio.sleep(max(sending.due[number] - (loop.time() - sending.began), 0))


def _arrivals(count: int, rate: float, random: Random) -> list[float]:
    due, at = [], 0.0
    for _ in range(count):
        at += random.expovariate(rate)
        due.append(at)
    return due


def _told(sending: _Sending, seconds: float) -> dict[str, object]:
    latency, lag = sorted(sending.latency), sorted(sending.lag)
    return {
        "sent": len(sending.records),
        "seconds": seconds,
        "statuses": dict(sending.statuses),
        "wrong": sending.wrong[:20],
        "p50_ms": _at(latency, 0.50),
        "p95_ms": _at(latency, 0.95),
        "p99_ms": _at(latency, 0.99),
        "max_ms": latency[-1] * 1e3,
        "lag_p99_ms": _at(lag, 0.99),
        "most_waiting": sending.most_waiting,
    }


def _at(values: list[float], share: float) -> float:
    return values[min(int(len(values) * share), len(values) - 1)] * 1e3


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("path", type=Path)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--connections", type=int, default=32)
    parser.add_argument("--rate", type=float, default=0.0)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        print(json.dumps(runner.run(send(given.path, given.port, given.connections, given.rate, given.seed))))


if __name__ == "__main__":
    main()
