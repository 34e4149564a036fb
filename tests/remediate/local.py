"""
An executor for tests: each target is a folder, each script a real `sh` in it that outlives whoever started it.

It keeps the contract (`executors/contract.py`) with a marker on disk for each act: a folder of its name, made by an
exclusive mkdir before anything runs, in which the script's end is written by the shell itself. So after a SIGKILL of
the product everything that was begun is there, goes on, and is found.

Files in a target's folder play its part: `offline` (nobody answers), `deaf` (what is sent runs, and no answer comes
back), `broken` (the executor itself raises).
"""

import asyncio
import os
import signal
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from alertwhisperer.domain.execution import Call, Ending, Outcome, Reach
from alertwhisperer.executors.contract import Heard

SLUG = "local"
_LOOK_S = 0.01
_WRAP = 'sh "$1/script" >"$1/stdout" 2>"$1/stderr" </dev/null; echo $? >"$1/exit.new"; mv "$1/exit.new" "$1/exit"'


class LocalRunner:
    """Runs scripts in folders of this machine."""

    async def run(self, reach: Reach, call: Call, heard: Heard) -> Outcome:
        folder = _folder(reach)
        if (folder / "broken").exists():
            raise RuntimeError("a bug in the executor")
        if (folder / "offline").exists():
            return Outcome(Ending.NOT_STARTED, "Nobody answers there.")
        place = folder / ".acts" / str(call.act_id)
        try:
            place.mkdir(parents=True)
        except FileExistsError:  # it was sent before: it never runs twice
            return await _end_of(place, call)
        _start(folder, place, call)
        return await _end_of(place, call)

    async def find(self, reach: Reach, call: Call) -> Outcome | None:
        folder = _folder(reach)
        if (folder / "offline").exists() or (folder / "deaf").exists():
            return None
        place = folder / ".acts" / str(call.act_id)
        return await _end_of(place, call) if place.exists() else Outcome(Ending.NOT_STARTED, "It never came there.")

    async def cancel(self, reach: Reach, call: Call) -> None:
        place = _folder(reach) / ".acts" / str(call.act_id)
        (place / "cancelled").touch()
        _kill(place)

    async def check(self, reach: Reach) -> Sequence[str]:
        return () if _folder(reach).is_dir() else ("there is no such folder: make it",)


def _folder(reach: Reach) -> Path:
    return Path(reach.settings["folder"])


def _start(folder: Path, place: Path, call: Call) -> None:
    (place / "script").write_bytes(call.script)
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder)}
    environment |= {f"AW_{name.upper()}": value for name, value in call.parameters.items()}
    if call.snapshot is not None:
        (place / "snapshot").write_bytes(call.snapshot)
        environment["AW_SNAPSHOT"] = str(place / "snapshot")
    pid = os.posix_spawn(
        "/bin/sh",
        ["sh", "-c", f'cd "{folder}" && {_WRAP}', "sh", str(place)],
        environment,
        setsid=True,
        file_actions=[(os.POSIX_SPAWN_OPEN, fd, "/dev/null", os.O_RDWR, 0) for fd in (0, 1, 2)],
    )
    (place / "pid.new").write_text(str(pid))
    (place / "pid.new").rename(place / "pid")


async def _end_of(place: Path, call: Call) -> Outcome:
    """Wait for the end that the shell writes; a marker without any process is an act that nobody can speak of."""
    deadline = time.monotonic() + call.timeout_s
    while not (place / "exit").exists():
        if (place / "cancelled").exists():
            return _outcome(place, Ending.CANCELLED, "Somebody ended it.")
        if time.monotonic() >= deadline:
            _kill(place)
            return _outcome(place, Ending.TIMED_OUT, f"It did not end within {call.timeout_s} s.")
        if not _lives(place) and not (place / "exit").exists():
            return _outcome(place, Ending.UNCERTAIN, "It was begun there, and nobody wrote down its end.")
        await asyncio.sleep(_LOOK_S)
    code = int((place / "exit").read_text())
    if (place / "cancelled").exists():
        return _outcome(place, Ending.CANCELLED, "Somebody ended it.")
    ending = Ending.SUCCEEDED if code == 0 else Ending.FAILED
    return _outcome(place, ending, f"It exited with {code}.", code)


def _outcome(place: Path, ending: Ending, reason: str, code: int | None = None) -> Outcome:
    return Outcome(ending, reason, code, _read(place / "stdout"), _read(place / "stderr"))


def _read(path: Path) -> bytes:
    return path.read_bytes() if path.exists() else b""


def _lives(place: Path) -> bool:
    """Whether its shell runs; for a moment after the marker there is none yet, so a second is allowed for that."""
    if not (place / "pid").exists():
        return time.time() - place.stat().st_mtime < 1.0
    pid = int((place / "pid").read_text())
    with suppress(ChildProcessError):
        os.waitpid(pid, os.WNOHANG)
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return not _is_zombie(pid)


def _is_zombie(pid: int) -> bool:
    with suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z"
    return False


def _kill(place: Path) -> None:
    if (place / "pid").exists():
        with suppress(ProcessLookupError):
            os.killpg(int((place / "pid").read_text()), signal.SIGKILL)
