"""
The world that `demo --heal` makes and clears away: one temporary folder, and the processes that run out of it.

Every process of it names the folder in its command line, which is how the last look finds what somebody else started
in it: the shop that a runbook started, a script that was under way when the demo was ended, the database's keeper.
"""

import asyncio
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from alertwhisperer.store.embedded import EmbeddedServer

_ENDS_WITHIN_S = 25.0
_LOOK_S = 0.05
_LOG_LINES = 5
_ENDINGS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@contextmanager
def world() -> Iterator[Path]:
    """A folder of its own; when the block ends, however that is, neither it nor a process out of it is left."""
    # Short, since a Unix socket lies in it; and as root, the database's account must pass through it.
    place = Path(tempfile.mkdtemp(prefix="aw-heal-"))
    place.chmod(0o711 if os.geteuid() == 0 else 0o700)
    try:
        yield place
    finally:
        for one in _ENDINGS:
            signal.signal(one, signal.SIG_IGN)  # who presses Ctrl-C twice still wants nothing left behind
        asyncio.run(EmbeddedServer(data_dir_of(place)).release(wait_s=_ENDS_WITHIN_S))
        _clear(place)
        shutil.rmtree(place, ignore_errors=True)


def data_dir_of(place: Path) -> Path:
    """Where the demo's server keeps its data."""
    return place / "data"


class Child:
    """A process that the demo started."""

    def __init__(self, process: subprocess.Popen[str], log: Path) -> None:
        self.process = process
        self._log = log

    @property
    def is_running(self) -> bool:
        """Whether it has not ended."""
        return self.process.poll() is None

    def last_words(self) -> str:
        """The end of what it said, in one line."""
        lines = self._log.read_text(errors="replace").split("\n")
        return " / ".join([line.strip() for line in lines if line.strip()][-_LOG_LINES:])

    def end(self) -> None:
        """Ask it to end, and see to it."""
        self.process.terminate()
        try:
            self.process.wait(_ENDS_WITHIN_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


@contextmanager
def child(
    command: Sequence[str], *, log: Path, environ: Mapping[str, str] | None = None, told: bool = False
) -> Iterator[Child]:
    """
    A process that ends with the block.

    Args:
        log: where what it says goes.
        told: its standard output is a pipe instead, for us to read.
    """
    with log.open("wb") as said:
        process = subprocess.Popen(
            command,
            env=environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE if told else said,
            stderr=said,
            start_new_session=True,  # Ctrl-C is ours to hear, and then we end it
            text=True,
        )
    one = Child(process, log)
    try:
        yield one
    finally:
        one.end()
        if process.stdout is not None:
            process.stdout.close()


def _clear(place: Path) -> None:
    """Wait for the end of what still runs out of the folder; what does not end by itself is ended."""
    until = time.monotonic() + _ENDS_WITHIN_S
    while (left := processes_of(place)) and time.monotonic() < until:
        time.sleep(_LOOK_S)
    for process in left:
        with suppress(ProcessLookupError):
            os.kill(process, signal.SIGKILL)


def processes_of(place: Path) -> list[int]:
    """Processes other than ours whose command line names the folder; none where the system does not show them."""
    if sys.platform != "linux":
        return []
    found = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdecimal() and int(folder.name) != os.getpid():
            with suppress(OSError):
                if os.fsencode(place) in (folder / "cmdline").read_bytes():
                    found.append(int(folder.name))
    return found
