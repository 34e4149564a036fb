"""Folders for tests that start the embedded PostgreSQL."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.recording import keep_log

_MEMORY = Path("/dev/shm")
_ROOM_BYTES = 4 * 2**30  # the fullest suite fills a tenth, and others run beside it


@contextmanager
def open_place(prefix: str = "aw-", *, within: Path | None = None) -> Iterator[Path]:
    """
    A fresh folder under a short path that other accounts may pass through, removed at the end.

    Args:
        within: in which folder; the system's for temporary files when None.

    pytest's tmp_path will not do: as root it lies under a folder that is closed to the account PostgreSQL runs as, and
    its path is often too long for a socket.
    """
    place = Path(tempfile.mkdtemp(prefix=prefix, dir=within))
    try:
        place.chmod(0o755)
        yield place
    finally:
        for log in place.rglob("*.log"):
            keep_log(log)
        # A server that is still stopping may remove its own files meanwhile.
        shutil.rmtree(place, ignore_errors=True)


def in_memory() -> Path | None:
    """Linux's file system in memory, when it has room for databases; in a container it often has 64 MiB."""
    try:
        return _MEMORY if shutil.disk_usage(_MEMORY).free >= _ROOM_BYTES else None
    except FileNotFoundError:
        return None
