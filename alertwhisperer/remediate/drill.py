"""
A drill: a runbook is tried for real, on a machine that is thrown away.

The healthy state is made and looked at, then broken; the runbook must see the fault, mend it, see that it is gone, and
get back to exactly the state that it found. What is said here becomes a certificate (certificate.py).
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

import msgspec

from alertwhisperer.domain.errors import Invalid
from alertwhisperer.domain.runbook import NOT_NEEDED, READY, Phase, Runbook, Shell
from alertwhisperer.remediate.throwaway import Said
from alertwhisperer.runbooks.parameters import bind

_TIMEOUT_S = 120
"""Of the scripts that make and break the healthy state."""
_SHOWN = 600


class Step(msgspec.Struct, frozen=True):
    """
    One script of a drill.

    Attributes:
        exit_code: None when it was ended at its deadline.
        said: the end of what it wrote.
    """

    name: str
    expected: str
    exit_code: int | None
    passed: bool
    ms: int
    said: str


class Machine(Protocol):
    """What a drill runs on."""

    def has(self, program: str) -> bool:
        """Whether a program is there."""

    def put(self, name: str, content: bytes) -> str:
        """A file that holds this; its path there."""

    def run(self, script: bytes, variables: dict[str, str], timeout_s: int) -> Said:
        """Run a script."""


class _Stopped(Exception):
    """A step did not go as it must."""


@dataclass
class _Drill:
    runbook: Runbook
    machine: Machine
    steps: list[Step] = field(default_factory=list)
    variables: dict[str, str] = field(default_factory=dict)

    def whole(self) -> None:
        drill = self.runbook.drill
        self.apart("prepare", drill.prepare)
        if not self.runbook.changes:
            self.report()
            return
        well = self.phase(Phase.PRECHECK, "precheck, healthy", "0 or 10", lambda code: code in (READY, NOT_NEEDED))
        if well.exit_code == NOT_NEEDED:
            self.phase(Phase.VERIFY, "verify, healthy")
        if Phase.SNAPSHOT in self.runbook.scripts:
            before = self.state("state, healthy")
            # Where there is nothing to mend no run would take one, so it may find nothing to take.
            needed = well.exit_code == READY
            self.phase(
                Phase.SNAPSHOT,
                "snapshot, healthy",
                "0" if needed else "an end",
                lambda code: code == 0 or (code is not None and not needed),
            )
            self.compare("compare: a snapshot changes nothing", before, self.state("state, healthy, again"))
        self.apart("break", drill.breaks)
        self.phase(Phase.PRECHECK, "precheck, broken")
        self.phase(Phase.VERIFY, "verify, broken", "not 0", lambda code: code not in (None, 0))
        if Phase.SNAPSHOT in self.runbook.scripts:
            taken = self.phase(Phase.SNAPSHOT, "snapshot")
            self.variables["AW_SNAPSHOT"] = self.machine.put("snapshot", taken.stdout)
        found = self.state("state, as found")
        self.phase(Phase.ACT, "act")
        self.phase(Phase.VERIFY, "verify")
        if Phase.UNDO in self.runbook.scripts:
            self.phase(Phase.UNDO, "undo")
            self.compare("compare: undone", found, self.state("state, undone"))
        else:
            self.compare("compare: the rest is as it was", found, self.state("state, afterwards"))

    def report(self) -> None:
        if self.runbook.drill.breaks:
            self.apart("break", self.runbook.drill.breaks)
        found = self.state("state, as found")
        self.phase(Phase.PRECHECK, "precheck")
        if not self.phase(Phase.ACT, "act").stdout.strip():
            self.say(Step("act: says something", "words", 0, False, 0, ""))
        self.compare("compare: nothing changed", found, self.state("state, afterwards"))

    def phase(
        self, phase: Phase, name: str, expected: str = "0", fits: Callable[[int | None], bool] = lambda code: code == 0
    ) -> Said:
        script = self.runbook.scripts[phase]
        variables = {name: value for name, value in self.variables.items() if name != "AW_SNAPSHOT"}
        if phase is Phase.UNDO:
            variables = self.variables
        return self.step(name, script.body, variables, script.timeout_s, expected, fits)

    def apart(self, name: str, script: bytes) -> bytes:
        return self.step(name, script, {}, _TIMEOUT_S, "0", lambda code: code == 0).stdout

    def state(self, name: str) -> bytes:
        return self.apart(name, self.runbook.drill.state)

    def step(
        self,
        name: str,
        script: bytes,
        variables: dict[str, str],
        timeout_s: int,
        expected: str,
        fits: Callable[[int | None], bool],
    ) -> Said:
        said = self.machine.run(script, variables, timeout_s)
        text = (said.stdout + said.stderr).decode(errors="replace").strip()[-_SHOWN:]
        self.say(Step(name, expected, said.exit_code, fits(said.exit_code), round(1000 * said.seconds), text))
        return said

    def compare(self, name: str, before: bytes, after: bytes) -> None:
        differ = "" if before == after else _difference(before, after)
        self.say(Step(name, "equal", 0 if before == after else 1, before == after, 0, differ))

    def say(self, step: Step) -> None:
        self.steps.append(step)
        if not step.passed:
            raise _Stopped


def drilled(runbook: Runbook, machine: Machine) -> tuple[Step, ...]:
    """
    Try a runbook on a machine that is thrown away afterwards.

    Returns:
        The steps in order; the drill passed when every one did, and stopped at the first that did not.

    Raises:
        Invalid: it cannot be drilled at all, or not there; says why.
    """
    reason = undrillable(runbook, machine)
    if reason:
        raise Invalid(f"{runbook.slug} cannot be drilled: {reason}", where="name", mend="docs/runbooks.md says how")
    bound = bind(runbook, runbook.drill.parameters)
    drill = _Drill(runbook, machine, variables={f"AW_{name.upper()}": value for name, value in bound.items()})
    try:
        drill.whole()
    except _Stopped:
        pass  # the last step says what did not go as it must
    return tuple(drill.steps)


def undrillable(runbook: Runbook, machine: Machine) -> str:
    """Why a runbook cannot be drilled on this machine; empty when it can."""
    if runbook.drill.not_drilled:
        return runbook.drill.not_drilled
    if runbook.shell is not Shell.SH:
        return "there is no PowerShell here"
    missing = [program for program in runbook.drill.needs if not machine.has(program)]
    return f"the root lacks {', '.join(missing)}" if missing else ""


def _difference(before: bytes, after: bytes) -> str:
    old, new = before.decode(errors="replace").splitlines(), after.decode(errors="replace").splitlines()
    gone, come = [line for line in old if line not in new], [line for line in new if line not in old]
    return "\n".join([*(f"- {line}" for line in gone), *(f"+ {line}" for line in come)])[:_SHOWN]
