"""
Executor: a container on a Docker daemon of this machine, for drills and the demo.

Docker's own program is called with an argument list; the envelope goes to standard input (`_carry.py`), as over SSH. A
container is bound by its whole id, so one that was made anew under the same name is another target.
"""

import asyncio
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

from alertwhisperer.domain.execution import Call, Ending, Outcome, Reach
from alertwhisperer.domain.runbook import Platform
from alertwhisperer.executors import _carry
from alertwhisperer.executors._carry import End, Frames, Mode, Unfit
from alertwhisperer.executors.contract import Executor, Heard, Means, Place, Setting

_GRACE_S = 30
_AFTER_LOSS_S = 30
_PAUSE_S = 1.0
_SHORT_S = 20
_CHUNK = 64 * 1024
_MOST_COMPLAINT = 500
_ID = "[0-9a-f]{64}"
_NEVER = "containers of the machine that Alert Whisperer runs on are targets in drills and the demo alone"
# What docker itself says when it did not begin the command: the daemon, the container or the program is not there.
_NOT_BEGUN = (125, 126, 127)

_SETUP = """\
For drills and the demo alone: the container lies on a Docker daemon of the machine that Alert Whisperer runs on, so a
server in production refuses to go there, whoever bound it. `docker inspect --format '{{.Id}}' NAME` says the id, all 64
letters of it: a container that was made anew is another target and must be bound anew. In the container a POSIX shell
and what every Linux has (`base64`, `gzip`, `setsid`, `mktemp`, `mkfifo`, `find`) are needed. No secret is needed, so a
credential of it is empty. Our tests have no Docker daemon: they call a program that plays `docker exec`.
"""


class _Broken(Exception):
    """Docker's program ended without an answer of ours."""


class Container:
    """Scripts in a container; see the contract."""

    def __init__(self, means: Means) -> None:
        self._clock = means.clock
        self._may = means.containers

    async def run(self, reach: Reach, call: Call, heard: Heard) -> Outcome:
        """Run it, at most once; never raises for what the target does."""
        until = self._clock.monotonic() + call.timeout_s + _GRACE_S + _AFTER_LOSS_S
        frames = Frames()
        if not self._may:
            return Outcome(Ending.NOT_STARTED, _NEVER)
        try:
            sent = self._envelope(reach, call, Mode.RUN)
            code, complaint = await _ask(reach, sent, frames, heard, call.timeout_s + _GRACE_S)
        except Unfit as failure:
            return Outcome(Ending.NOT_STARTED, str(failure))
        except _Broken as failure:
            return await self._after_loss(reach, call, frames, str(failure), until)
        if frames.end is not None:
            return _carry.outcome_of(frames, frames.end)
        if frames.refused or (not frames.greeted and code in _NOT_BEGUN):
            return Outcome(Ending.NOT_STARTED, frames.refused or f"docker says: {complaint or code}")
        return await self._after_loss(reach, call, frames, f"docker ended with {code}: {complaint}", until)

    async def find(self, reach: Reach, call: Call) -> Outcome | None:
        """What became of a call that may have been sent."""
        frames = Frames()
        try:
            sent = self._envelope(reach, call, Mode.FIND)
            await _ask(reach, sent, frames, _nobody, call.timeout_s + _GRACE_S)
        except (Unfit, _Broken):
            return None
        return None if frames.end is None else _carry.outcome_of(frames, frames.end)

    async def cancel(self, reach: Reach, call: Call) -> None:
        """Ask the container to end it; one that cannot be asked ends it at its time."""
        try:
            await _ask(reach, self._envelope(reach, call, Mode.CANCEL), Frames(), _nobody, _SHORT_S)
        except (Unfit, _Broken):
            return

    async def check(self, reach: Reach) -> Sequence[str]:
        """What is wrong with the way to the container, each with its mend."""
        if not self._may:
            return (_NEVER,)
        frames = Frames()
        try:
            sent = _carry.question(folder=reach.settings.get("folder", ""))
            code, complaint = await _ask(reach, sent, frames, _nobody, _SHORT_S)
        except _Broken as failure:
            return (str(failure),)
        if frames.end is not None:
            return ()
        return (frames.refused or f"docker ended with {code}: {complaint or 'it says nothing'}",)

    def _envelope(self, reach: Reach, call: Call, mode: Mode) -> bytes:
        return _carry.envelope(call, mode, now=self._clock.now(), folder=reach.settings.get("folder", ""))

    async def _after_loss(self, reach: Reach, call: Call, frames: Frames, why: str, until: float) -> Outcome:
        while (left := until - self._clock.monotonic()) > 0:
            await self._clock.sleep(min(_PAUSE_S, left))
            found = await self.find(reach, call)
            if found is not None:
                return found
        known = _carry.outcome_of(frames, End(Ending.UNCERTAIN))
        return replace(known, reason=f"{why}, and the container did not say later what became of it")


async def _ask(reach: Reach, sent: bytes, frames: Frames, heard: Heard, within_s: float) -> tuple[int, str]:
    """
    Call docker and read its answer into `frames`.

    Returns:
        Its exit code and what it complained of.

    Raises:
        _Broken: no docker here, no end in time, or an answer that is not ours.
    """
    command = ("docker", "exec", "--interactive", reach.settings["container"], "/bin/sh", "-c", _carry.COMMAND)
    pipe = asyncio.subprocess.PIPE
    try:
        process = await asyncio.create_subprocess_exec(*command, stdin=pipe, stdout=pipe, stderr=pipe)
    except OSError as failure:
        raise _Broken("there is no docker on this machine: install its program") from failure
    assert process.stdin and process.stdout and process.stderr  # noqa: S101, PT018  # all three are pipes
    writing = asyncio.create_task(_write(process.stdin, sent))
    complaining = asyncio.create_task(process.stderr.read())
    try:
        async with asyncio.timeout(within_s):
            while chunk := await process.stdout.read(_CHUNK):
                out, err = frames.feed(chunk)
                if out or err:
                    heard(out, err)
            code = await process.wait()
            return code, (await complaining)[:_MOST_COMPLAINT].decode("utf-8", "replace").strip()
    except TimeoutError as failure:
        raise _Broken(f"the container did not answer within {within_s:g} seconds") from failure
    except ValueError as failure:
        raise _Broken("the container answers what is not of our making") from failure
    finally:
        writing.cancel()
        complaining.cancel()
        if process.returncode is None:
            process.kill()  # docker's program alone: the script in the container goes on, and can be asked for
            await process.wait()


async def _write(into: asyncio.StreamWriter, sent: bytes) -> None:
    try:
        into.write(sent)
        await into.drain()
        into.close()
    except OSError:
        return  # whoever reads sees that it ended


def _nobody(_out: bytes, _err: bytes) -> None:
    """Nobody watches."""


def _place(binding: Mapping[str, str], _credential: Mapping[str, str]) -> Place:
    return Place(host_key=_fingerprint(binding))


def _fingerprint(binding: Mapping[str, str]) -> str:
    assert re.fullmatch(_ID, binding["container"])  # noqa: S101  # the binding was checked by its pattern
    return binding["container"]


EXECUTOR = Executor(
    slug="container",
    title="Container of this machine",
    platforms=frozenset({Platform.LINUX}),
    binding=(
        Setting("container", "Whole id of the container, 64 letters.", pattern=_ID),
        Setting(
            "folder",
            "Where the container keeps records of acts, when the usual place will not do.",
            required=False,
            pattern="/[^\\s]*",
        ),
    ),
    credential=(Setting("note", "Whatever you want to remember; nothing is needed.", required=False),),
    fingerprint=_fingerprint,
    place=_place,
    setup=_SETUP,
    make=Container,
)
