"""
What a whole run of the tests leaves behind, for its last suite: what was stored, logged and answered, and every secret.

`recording()` opens a folder for it; everything else here does nothing outside of one, so that a single test costs
nothing. The secrets and the answers are written by `tests/secrets/recorder.py`, which every Python program of the run
loads by itself.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg

VARIABLE = "ALERTWHISPERER_TEST_RECORDS"
"""Names the folder to the tests' own processes."""

_RECORDER = Path(__file__).parent / "secrets" / "recorder.py"


@contextmanager
def recording() -> Iterator[Mapping[str, str]]:
    """A fresh folder, removed when the block ends; gives what the environment of recorded processes must say."""
    folder = Path(tempfile.mkdtemp(prefix="aw-records-"))
    shutil.copy(_RECORDER, folder / "sitecustomize.py")
    others = os.environ.get("PYTHONPATH", "")
    try:
        yield {VARIABLE: str(folder), "PYTHONPATH": os.pathsep.join(filter(None, (str(folder), others)))}
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def records() -> Path | None:
    """The folder of the run that this process belongs to; None when nothing is recorded."""
    named = os.environ.get(VARIABLE, "")
    return Path(named) if named else None


async def keep_rows(owner_dsn: str, folder: Path | None = None) -> None:
    """Keep every row of a database that is about to go, a file for each table."""
    folder = folder or records()
    if folder is None:
        return
    connection = await asyncpg.connect(owner_dsn, timeout=10)
    try:
        tables = await connection.fetch(
            "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')"
            " AND NOT relispartition"
        )
        for (table,) in tables:
            place = folder / f"stored-{urlsplit(owner_dsn).path.strip('/')}-{os.getpid()}-{table}.txt"
            query = f'SELECT * FROM "{table}"'  # noqa: S608 - the catalogue's own names
            await connection.copy_from_query(query, output=place)
    finally:
        await connection.close()


def keep_log(log: Path) -> None:
    """Keep a log that is about to be removed."""
    folder = records()
    if folder is not None and log.is_file():
        handle, name = tempfile.mkstemp(prefix="log-", suffix=f"-{log.name}", dir=folder)
        os.close(handle)
        shutil.copyfile(log, name)


def keep_output(test: str, sections: Iterable[tuple[str, str]]) -> None:
    """
    Keep what was printed and logged during a test.

    Args:
        sections: as pytest names them. Commands that run inside the test print to standard output what they show once.
    """
    folder = records()
    if folder is None:
        return
    short = hashlib.blake2b(test.encode(), digest_size=8).hexdigest()
    for name, text in sections:
        kind = "printed" if "stdout" in name else "log"
        place = folder / f"{kind}-{short}-{os.getpid()}.txt"
        with place.open("a", encoding="utf-8", errors="replace") as kept:
            kept.write(f"{test}: {name}\n{text}\n")
