"""Folders for tests that start the embedded PostgreSQL."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def open_place(prefix: str = "aw-") -> Iterator[Path]:
    """
    A fresh folder under a short path that other accounts may pass through, removed at the end.

    pytest's tmp_path will not do: as root it lies under a folder that is closed to the account PostgreSQL runs as, and
    its path is often too long for a socket.
    """
    place = Path(tempfile.mkdtemp(prefix=prefix))
    try:
        place.chmod(0o755)
        yield place
    finally:
        # A server that is still stopping may remove its own files meanwhile.
        shutil.rmtree(place, ignore_errors=True)
