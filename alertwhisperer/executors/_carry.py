"""
How a script gets to a target and is kept from running twice: one constant text, one envelope.

The text (`_carry.sh`) is the same for every act, so it can be read, pinned and allowed by name; the envelope is data in
the base64 alphabet alone, so nothing in it means anything to a shell or to a vendor. Whoever arrives second with one
act id is told what became of the first.
"""

import base64
import gzip
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from uuid import UUID

from alertwhisperer.domain.execution import Call, Ending, Outcome
from alertwhisperer.domain.runbook import Shell
from alertwhisperer.executors.contract import MOST_BYTES

TEXT = (Path(__file__).parent / "_carry.sh").read_bytes()
"""What reads an envelope on a target with a POSIX shell."""

POWERSHELL_TEXT = (Path(__file__).parent / "_carry.ps1").read_bytes()
"""The same for a target with PowerShell."""

_PACKED = base64.b64encode(gzip.compress(TEXT, mtime=0)).decode()
_START = f"/bin/sh -c 'b=$(echo {_PACKED} | base64 -d | gzip -dc) && eval \"$b\"' alertwhisperer"

COMMAND = f"{_START} frames"
"""The one command that is ever sent to such a target. No newline and one kind of quotes: any login shell reads it."""

PLAIN_COMMAND = f"{_START} plain"
"""The same where a vendor's agent shows output and exit code: they come as they are."""

NOT_STARTED_CODE = 120
OTHER_END_CODE = 121
"""What the plain shape exits with where the script did not exit by itself; a line on standard error says why."""

MOST_ENVIRONMENT = 128 * 1024 - 64
"""Bytes of one variable: Linux gives no process a longer one."""

_NAME = re.compile(r"[A-Z][A-Z0-9_]{0,63}")
_GREETING = b"alertwhisperer 1"
_LONGEST_LINE = 4096
_MOST_FRAME = 1 << 26
_SAID = re.compile(rb"alertwhisperer: (?P<what>not started: .*|(?P<act>[0-9a-f-]{36}) (?P<ending>[a-z_]+))\n?\Z")


class Mode(StrEnum):
    """What an envelope asks for."""

    RUN = "run"
    FIND = "find"
    CANCEL = "cancel"
    CHECK = "check"


class Unfit(Exception):
    """A call that cannot be carried; says why, without the value."""


@dataclass(frozen=True, slots=True)
class End:
    """How it ended, as the target recorded it."""

    ending: Ending
    exit_code: int | None = None
    started_at: datetime | None = None
    ended_at: datetime | None = None


def envelope(call: Call, mode: Mode, *, now: datetime, folder: str = "", reader: Shell = Shell.SH) -> bytes:
    """
    What goes to standard input: two lines of base64.

    Args:
        now: when it is sent. A target that said that an act was not begun refuses what was sent before it was asked.
        folder: where the target keeps records; empty for the usual place.
        reader: the shell that the target has.

    Raises:
        Unfit: a script for another shell, or a parameter that no environment can hold.
    """
    parts = _parts(call, reader) if mode is Mode.RUN else []
    at = f"at {int(now.timestamp() * 1000)}"
    limits = [
        at,
        f"timeout {call.timeout_s}",
        f"most {MOST_BYTES + 1}",
    ]  # one more than is kept tells that there was more
    return _sealed(mode, call.act_id, [*limits, *(f"part {name} {len(value)}" for name, value in parts)], parts, folder)


def question(*, folder: str = "") -> bytes:
    """An envelope that runs nothing and asks whether a run could begin."""
    return _sealed(Mode.CHECK, UUID(int=0), [], [], folder)


def _sealed(mode: Mode, act_id: UUID, more: Sequence[str], parts: Sequence[tuple[str, bytes]], folder: str) -> bytes:
    lines = [f"mode {mode}", f"act {act_id}", *more]
    plain = "\n".join((*lines, "", "")).encode() + b"".join(value for _, value in parts)
    place = base64.b64encode(folder.encode()) if folder else b"-"
    return place + b"\n" + base64.b64encode(gzip.compress(plain, mtime=0)) + b"\n"


def _parts(call: Call, reader: Shell) -> list[tuple[str, bytes]]:
    if call.shell is not reader:
        raise Unfit(f"a {call.shell} script cannot be read by the target's shell")
    parts = [("script", call.script)]
    if call.snapshot is not None:
        parts.append(("snapshot", call.snapshot))
    for name, value in sorted(call.parameters.items()):
        variable, text = name.upper(), value.encode("utf-8", "surrogateescape")
        if not _NAME.fullmatch(variable) or variable == "SNAPSHOT":
            raise Unfit(f"{variable!r} is no name of a parameter")
        if b"\0" in text or len(text) + len(variable) > MOST_ENVIRONMENT:
            raise Unfit(f"the parameter {name!r} holds a NUL or is longer than an environment allows")
        parts.append((f"AW_{variable}", text))
    return parts


@dataclass
class Frames:
    """
    Reads what the framed shape answers, as it comes.

    Attributes:
        greeted: whether our text runs there; what came before it is the login shell's and dropped.
        stdout, stderr: so far, at most `MOST_BYTES` and one each.
        end: None until the target said how it ended.
        refused: why nothing ran; empty otherwise.
    """

    greeted: bool = False
    stdout: bytearray = field(default_factory=bytearray)
    stderr: bytearray = field(default_factory=bytearray)
    end: End | None = None
    refused: str = ""
    _rest: bytearray = field(default_factory=bytearray)

    def feed(self, chunk: bytes) -> tuple[bytes, bytes]:
        """
        Take some more bytes.

        Returns:
            What standard output and standard error said in them.

        Raises:
            ValueError: not what our text writes.
        """
        self._rest += chunk
        before = len(self.stdout), len(self.stderr)
        while self._take():
            pass
        return bytes(self.stdout[before[0] :]), bytes(self.stderr[before[1] :])

    def _take(self) -> bool:
        line, found, _ = bytes(self._rest[:_LONGEST_LINE]).partition(b"\n")
        if not found:
            if len(self._rest) >= _LONGEST_LINE:
                raise ValueError("no line of ours")
            return False
        if not self.greeted:
            self.greeted = line == _GREETING
            del self._rest[: len(line) + 1]
            return True
        kind, _, words = line.partition(b" ")
        if kind in (b"o", b"e"):
            return self._take_output(kind, len(line) + 1, int(words))
        if kind == b"x":
            self.end = end_of(words.decode("ascii"))
        elif kind == b"n":
            self.refused = words.decode("utf-8", "replace")
        else:
            raise ValueError("no line of ours")
        del self._rest[: len(line) + 1]
        return True

    def _take_output(self, kind: bytes, start: int, size: int) -> bool:
        if not 0 < size <= _MOST_FRAME:
            raise ValueError("a frame of an impossible size")
        if len(self._rest) < start + size:
            return False
        into = self.stdout if kind == b"o" else self.stderr
        into += self._rest[start : start + size]
        del self._rest[: start + size]
        return True


def end_of(words: str) -> End:
    """Read `ENDING CODE FROM TO`; raises `ValueError` when it is none."""
    ending, code, begun, ended = words.split()
    known = Ending(ending)
    exited = known in (Ending.SUCCEEDED, Ending.FAILED)
    return End(known, int(code) if exited else None, _moment(begun), _moment(ended))


def _moment(seconds: str) -> datetime | None:
    return datetime.fromtimestamp(int(seconds), UTC) if int(seconds) else None


def outcome_of(frames: Frames, end: End, reason: str = "") -> Outcome:
    """What came of a call whose end is known."""
    return Outcome(
        end.ending,
        reason or REASONS[end.ending].format(code=end.exit_code),
        exit_code=end.exit_code,
        stdout=bytes(frames.stdout[:MOST_BYTES]),
        stderr=bytes(frames.stderr[:MOST_BYTES]),
        cut=max(len(frames.stdout), len(frames.stderr)) > MOST_BYTES,
        started_at=end.started_at,
        ended_at=end.ended_at,
    )


REASONS = {
    Ending.SUCCEEDED: "the script exited with 0",
    Ending.FAILED: "the script exited with {code}",
    Ending.TIMED_OUT: "it was ended on the target when its time was over",
    Ending.CANCELLED: "it was ended on the target because somebody asked",
    Ending.NOT_STARTED: "the target recorded that nothing of it was begun, and refuses what was sent before",
    Ending.UNCERTAIN: "it was begun, and the target lost sight of it: it was restarted, or our process there was ended",
}
"""In words, where the target knows no more."""


def plain_end(act_id: str, exit_code: int, stderr: bytes) -> tuple[End, bytes, str]:
    """
    How an act ended that answered in the plain shape.

    Returns:
        The end; standard error without our line; why, where our line says more than the exit code.
    """
    if exit_code in (NOT_STARTED_CODE, OTHER_END_CODE):
        found = _SAID.search(stderr)
        if found is not None and exit_code == NOT_STARTED_CODE and found["act"] is None:
            why = found["what"].decode("utf-8", "replace").removeprefix("not started: ").strip()
            return End(Ending.NOT_STARTED), stderr[: found.start()], why
        if found is not None and exit_code == OTHER_END_CODE and (found["act"] or b"").decode() == act_id:
            return End(Ending(found["ending"].decode())), stderr[: found.start()], ""
    return End(Ending.SUCCEEDED if exit_code == 0 else Ending.FAILED, exit_code), stderr, ""
