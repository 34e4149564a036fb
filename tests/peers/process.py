"""Programs of others that a test starts, waits for and ends by their id; where one is absent, the test is skipped."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import pytest

HOST = "127.0.0.1"
_POLL_S = 0.1
_ENDING_S = 15.0
_LOG_TAIL = 3_000  # characters that a failed start shows

T = TypeVar("T")


def require(*needed: str) -> None:
    """
    Skip the test when a program (by name) or a file (by path) is absent.

    With ALERTWHISPERER_REQUIRE_SERVICES=1 its absence is a failure.
    """
    absent = [one for one in needed if not (Path(one).exists() if one.startswith("/") else shutil.which(one))]
    if not absent:
        return
    reason = f"not on this machine: {', '.join(absent)}; `make services` installs it"
    if os.environ.get("ALERTWHISPERER_REQUIRE_SERVICES") == "1":
        pytest.fail(reason)
    pytest.skip(reason)


class Program:
    """A running program of somebody else."""

    def __init__(self, name: str, process: subprocess.Popen[bytes], log: Path) -> None:
        self.name = name
        self._process = process
        self._log = log

    def check(self) -> None:
        """Raises AssertionError, with the end of its log, when it has ended."""
        assert self._process.poll() is None, f"{self.name} ended:\n{self.log_tail()}"

    def log_tail(self) -> str:
        """The end of what it printed."""
        return self._log.read_text(errors="replace")[-_LOG_TAIL:]

    def end(self) -> None:
        """Ask it to end, and kill what is left of it and of the processes that it started."""
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(_ENDING_S)
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, signal.SIGKILL)  # it leads a session of its own
            self._process.wait(_ENDING_S)


@contextmanager
def running(
    name: str, command: Sequence[str | Path], *, place: Path, environ: Mapping[str, str] | None = None
) -> Iterator[Program]:
    """A program that runs until the block ends, in the folder `place`, where its log is `<name>.log`."""
    log = place / f"{name}.log"
    with log.open("wb") as out:
        process = subprocess.Popen(
            [str(part) for part in command],
            cwd=place,
            env={**os.environ, **(environ or {})},
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            start_new_session=True,
        )
    program = Program(name, process, log)
    try:
        yield program
    finally:
        program.end()


def await_answer(
    ask: Callable[[], T | None], waiting_for: str, *, deadline_s: float = 30, told: Callable[[], str] = lambda: ""
) -> T:
    """
    Ask again and again until there is an answer that is not None.

    Args:
        told: what to show beside the complaint when there is none in time, such as a log.

    Raises:
        AssertionError: no answer within the deadline.
    """
    deadline = time.monotonic() + deadline_s
    while time.monotonic() < deadline:
        answer = ask()
        if answer is not None:
            return answer
        time.sleep(_POLL_S)
    raise AssertionError(f"waited {deadline_s:.0f} s in vain for {waiting_for}\n{told()}")
