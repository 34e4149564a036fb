"""
Files of ready requests, so that whoever sends them computes nothing: each is 8 decimal digits of its length and the raw
HTTP request. `replay.lua` and `sender.py` read them.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

_MEMORY = Path("/dev/shm")


@dataclass(frozen=True, slots=True)
class Batch:
    """
    A file of requests.

    Attributes:
        size: alerts a request.
        ids: the sender's id of each request, in the file's order; empty where requests have none.
    """

    path: Path
    count: int
    size: int
    ids: tuple[str, ...] = ()


def raw(path: str, headers: Iterable[tuple[str, str]], body: bytes) -> bytes:
    """One POST as it goes over the wire."""
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers)
    return (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\n{lines}\r\n"
    ).encode() + body


def write(path: Path, requests: Iterable[bytes]) -> int:
    """Write a file of requests; answers how many."""
    count = 0
    with path.open("wb", buffering=1 << 20) as file:
        for request in requests:
            file.write(b"%08d" % len(request))
            file.write(request)
            count += 1
    return count


def read(path: Path) -> Iterator[bytes]:
    """The requests of a file."""
    with path.open("rb", buffering=1 << 20) as file:
        while head := file.read(8):
            yield file.read(int(head))


@contextmanager
def shelf() -> Iterator[Path]:
    """A folder for such files; in memory where it can be, since writing them back would compete with the database."""
    within = _MEMORY if os.access(_MEMORY, os.W_OK) else None
    with tempfile.TemporaryDirectory(prefix="aw-bench-", dir=within) as folder:
        yield Path(folder)
