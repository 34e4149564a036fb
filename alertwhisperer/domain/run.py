"""
Run: one runbook carried out on targets, from the plan to its end, target by target.

The machine is here, as plain functions: which script comes next, what an outcome leads to, when a run goes no
further. `remediate/` does what they say and writes it down; `store/runs.py` keeps it. What is in no row of `MOVES`
cannot happen, and the database refuses it as well.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from uuid import UUID

from alertwhisperer.domain.approval import Risk
from alertwhisperer.domain.company import CompanyId
from alertwhisperer.domain.execution import Ending, Outcome
from alertwhisperer.domain.runbook import NOT_NEEDED, Phase, Shell

KIND = "run"
"""Of the plans that runs are approved by."""


class RunState(StrEnum):
    """Where a run as a whole stands; from `succeeded` on it stays so."""

    PLANNED = "planned"
    WAITING = "waiting_for_approval"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    ROLLED_BACK = "rolled_back"
    FAILED = "failed"
    CANCELLED = "cancelled"
    UNCERTAIN = "uncertain"

    @property
    def is_over(self) -> bool:
        """Whether nothing more happens in it."""
        return self not in (RunState.PLANNED, RunState.WAITING, RunState.RUNNING)


class TargetState(StrEnum):
    """Where a run stands on one target."""

    PLANNED = "planned"
    WAITING = "waiting_for_approval"
    READY = "ready"
    """Approved and started; its turn has not come."""
    PRECHECKING = "prechecking"
    SNAPSHOTTING = "snapshotting"
    ACTING = "acting"
    VERIFYING = "verifying"
    ROLLING_BACK = "rolling_back"
    SUCCEEDED = "succeeded"
    ROLLED_BACK = "rolled_back"
    FAILED = "failed"
    CANCELLED = "cancelled"
    UNCERTAIN = "uncertain"
    """Nobody can say what happened there: it is not repeated and not rolled back, a person must look."""

    @property
    def is_over(self) -> bool:
        """Whether nothing more happens there."""
        return self in ENDS


ENDS = frozenset(
    {
        TargetState.SUCCEEDED,
        TargetState.ROLLED_BACK,
        TargetState.FAILED,
        TargetState.CANCELLED,
        TargetState.UNCERTAIN,
    }
)

RUNS: Mapping[TargetState, Phase] = MappingProxyType(
    {
        TargetState.PRECHECKING: Phase.PRECHECK,
        TargetState.SNAPSHOTTING: Phase.SNAPSHOT,
        TargetState.ACTING: Phase.ACT,
        TargetState.VERIFYING: Phase.VERIFY,
        TargetState.ROLLING_BACK: Phase.UNDO,
    }
)
"""Which script a target's state runs."""

_STATE_OF = {phase: state for state, phase in RUNS.items()}

MOVES: Mapping[TargetState, frozenset[TargetState]] = MappingProxyType(
    {
        TargetState.PLANNED: frozenset({TargetState.WAITING}),
        TargetState.WAITING: frozenset({TargetState.READY, TargetState.CANCELLED}),
        TargetState.READY: frozenset({TargetState.PRECHECKING, TargetState.ACTING, TargetState.CANCELLED}),
        TargetState.PRECHECKING: frozenset(
            {TargetState.SNAPSHOTTING, TargetState.ACTING, TargetState.SUCCEEDED}
            | {TargetState.FAILED, TargetState.CANCELLED}
        ),
        TargetState.SNAPSHOTTING: frozenset({TargetState.ACTING, TargetState.FAILED, TargetState.CANCELLED}),
        TargetState.ACTING: frozenset({TargetState.VERIFYING, TargetState.ROLLING_BACK} | ENDS)
        - {TargetState.ROLLED_BACK},
        TargetState.VERIFYING: frozenset(
            {TargetState.SUCCEEDED, TargetState.ROLLING_BACK}
            | {TargetState.FAILED, TargetState.CANCELLED, TargetState.UNCERTAIN}
        ),
        TargetState.ROLLING_BACK: frozenset({TargetState.ROLLED_BACK, TargetState.FAILED, TargetState.UNCERTAIN}),
    }
)
"""From which state a target may come to which; the migration holds the same table."""


class RunReason(StrEnum):
    """Why something came to stand where it stands; `REASONS` says each in a sentence."""

    ASKED = "asked"
    APPROVED = "approved"
    REFUSED = "refused"
    LAPSED = "lapsed"
    VOIDED = "voided"
    CANCELLED = "cancelled"
    STOPPED = "stopped"
    FROZEN = "frozen"
    CAPPED = "capped"
    TOO_MANY_FAILED = "too_many_failed"
    ROLLBACK_FAILED_ELSEWHERE = "rollback_failed_elsewhere"
    TARGET_CHANGED = "target_changed"
    BEGUN = "begun"
    READY = "ready"
    NOT_NEEDED = "not_needed"
    PRECHECK_STOPPED = "precheck_stopped"
    PRECHECK_UNKNOWN = "precheck_unknown"
    SNAPSHOT_TAKEN = "snapshot_taken"
    SNAPSHOT_FAILED = "snapshot_failed"
    NOT_REACHED = "not_reached"
    ACTED = "acted"
    ACT_FAILED = "act_failed"
    ACT_TIMED_OUT = "act_timed_out"
    ACT_CANCELLED = "act_cancelled"
    ACT_UNKNOWN = "act_unknown"
    VERIFIED = "verified"
    VERIFY_FAILED = "verify_failed"
    VERIFY_UNKNOWN = "verify_unknown"
    UNDONE = "undone"
    UNDO_FAILED = "undo_failed"
    UNDO_UNKNOWN = "undo_unknown"


REASONS: Mapping[RunReason, str] = MappingProxyType(
    {
        RunReason.ASKED: "It was planned, and asked for.",
        RunReason.APPROVED: "It was approved, and may start.",
        RunReason.REFUSED: "A person refused it.",
        RunReason.LAPSED: "It was not agreed to and started in time.",
        RunReason.VOIDED: "What was approved is not what there is now, so it was not started.",
        RunReason.CANCELLED: "Somebody cancelled the run before anything was changed here.",
        RunReason.STOPPED: "A kill switch is on; nothing is changed.",
        RunReason.FROZEN: "A freeze holds; nothing is changed.",
        RunReason.CAPPED: "The company has had as many runs in an hour as it wants; it starts later.",
        RunReason.TOO_MANY_FAILED: "Too many targets failed; nothing was changed here.",
        RunReason.ROLLBACK_FAILED_ELSEWHERE: "A rollback failed on another target; nothing was changed here.",
        RunReason.TARGET_CHANGED: "The target is not reached as it was approved any more; nothing was changed here.",
        RunReason.BEGUN: "Its turn came.",
        RunReason.READY: "The precheck says that the act may go on.",
        RunReason.NOT_NEEDED: "The precheck says that there is nothing to mend.",
        RunReason.PRECHECK_STOPPED: "The precheck says that the act must not go on; nothing was changed.",
        RunReason.PRECHECK_UNKNOWN: "Nobody can say what the precheck found; nothing was changed.",
        RunReason.SNAPSHOT_TAKEN: "What will change was written down.",
        RunReason.SNAPSHOT_FAILED: "What would change could not be written down; nothing was changed.",
        RunReason.NOT_REACHED: "The target was not reached; the script was not begun there.",
        RunReason.ACTED: "The act ran to its end.",
        RunReason.ACT_FAILED: "The act failed.",
        RunReason.ACT_TIMED_OUT: "The act did not end in time.",
        RunReason.ACT_CANCELLED: "Somebody cancelled the act while it ran.",
        RunReason.ACT_UNKNOWN: "Nobody can say whether the act ran; a person must look.",
        RunReason.VERIFIED: "The probe says that the symptom is gone.",
        RunReason.VERIFY_FAILED: "The probe says that the symptom is still there.",
        RunReason.VERIFY_UNKNOWN: "The act ran, and nobody can say whether it helped; a person must look.",
        RunReason.UNDONE: "What was changed was put back.",
        RunReason.UNDO_FAILED: "What was changed could not be put back; a person must look.",
        RunReason.UNDO_UNKNOWN: "Nobody can say whether what was changed was put back; a person must look.",
    }
)


@dataclass(frozen=True, slots=True)
class Move:
    """Where a target comes to stand next, and why."""

    to: TargetState
    reason: RunReason


def first(phases: Collection[Phase]) -> Move:
    """Where a target goes when its turn comes, with the scripts that the plan has."""
    return Move(TargetState.PRECHECKING if Phase.PRECHECK in phases else TargetState.ACTING, RunReason.BEGUN)


def after(state: TargetState, outcome: Outcome, phases: Collection[Phase]) -> Move:
    """
    What an outcome of a state's script leads to.

    Args:
        state: one of `RUNS`.
        phases: for which the plan has a script.
    """
    return _AFTER[state](outcome, phases)


def _after_precheck(outcome: Outcome, phases: Collection[Phase]) -> Move:
    match outcome.ending:
        case Ending.SUCCEEDED:
            return Move(_STATE_OF[Phase.SNAPSHOT if Phase.SNAPSHOT in phases else Phase.ACT], RunReason.READY)
        case Ending.FAILED if outcome.exit_code == NOT_NEEDED:
            return Move(TargetState.SUCCEEDED, RunReason.NOT_NEEDED)
        case Ending.FAILED | Ending.TIMED_OUT:
            return Move(TargetState.FAILED, RunReason.PRECHECK_STOPPED)
        case Ending.CANCELLED:
            return Move(TargetState.CANCELLED, RunReason.CANCELLED)
        case Ending.NOT_STARTED:
            return Move(TargetState.FAILED, RunReason.NOT_REACHED)
        case Ending.UNCERTAIN:
            return Move(TargetState.FAILED, RunReason.PRECHECK_UNKNOWN)


def _after_snapshot(outcome: Outcome, _: Collection[Phase]) -> Move:
    if outcome.ending is Ending.CANCELLED:
        return Move(TargetState.CANCELLED, RunReason.CANCELLED)
    if outcome.ending is Ending.NOT_STARTED:
        return Move(TargetState.FAILED, RunReason.NOT_REACHED)
    if outcome.ending is Ending.SUCCEEDED and not outcome.cut:  # half a snapshot would undo half
        return Move(TargetState.ACTING, RunReason.SNAPSHOT_TAKEN)
    return Move(TargetState.FAILED, RunReason.SNAPSHOT_FAILED)


def _after_act(outcome: Outcome, phases: Collection[Phase]) -> Move:
    match outcome.ending:
        case Ending.SUCCEEDED:
            return Move(TargetState.VERIFYING if Phase.VERIFY in phases else TargetState.SUCCEEDED, RunReason.ACTED)
        case Ending.FAILED:
            return _back(phases, RunReason.ACT_FAILED)
        case Ending.TIMED_OUT:
            return _back(phases, RunReason.ACT_TIMED_OUT)
        case Ending.CANCELLED:
            return _back(phases, RunReason.ACT_CANCELLED, otherwise=TargetState.CANCELLED)
        case Ending.NOT_STARTED:
            return Move(TargetState.FAILED, RunReason.NOT_REACHED)
        case Ending.UNCERTAIN:
            return Move(TargetState.UNCERTAIN, RunReason.ACT_UNKNOWN)


def _after_verify(outcome: Outcome, phases: Collection[Phase]) -> Move:
    match outcome.ending:
        case Ending.SUCCEEDED:
            return Move(TargetState.SUCCEEDED, RunReason.VERIFIED)
        case Ending.FAILED | Ending.TIMED_OUT:
            return _back(phases, RunReason.VERIFY_FAILED)
        case Ending.CANCELLED:
            return _back(phases, RunReason.ACT_CANCELLED, otherwise=TargetState.CANCELLED)
        case Ending.NOT_STARTED | Ending.UNCERTAIN:
            return Move(TargetState.UNCERTAIN, RunReason.VERIFY_UNKNOWN)


def _after_undo(outcome: Outcome, _: Collection[Phase]) -> Move:
    if outcome.ending is Ending.SUCCEEDED:
        return Move(TargetState.ROLLED_BACK, RunReason.UNDONE)
    if outcome.ending is Ending.UNCERTAIN:
        return Move(TargetState.UNCERTAIN, RunReason.UNDO_UNKNOWN)
    return Move(TargetState.FAILED, RunReason.UNDO_FAILED)


def _back(phases: Collection[Phase], reason: RunReason, *, otherwise: TargetState = TargetState.FAILED) -> Move:
    return Move(TargetState.ROLLING_BACK if Phase.UNDO in phases else otherwise, reason)


_AFTER = {
    TargetState.PRECHECKING: _after_precheck,
    TargetState.SNAPSHOTTING: _after_snapshot,
    TargetState.ACTING: _after_act,
    TargetState.VERIFYING: _after_verify,
    TargetState.ROLLING_BACK: _after_undo,
}

_BAD = (TargetState.FAILED, TargetState.ROLLED_BACK, TargetState.ROLLING_BACK, TargetState.UNCERTAIN)
_NOT_BEGUN = (TargetState.PLANNED, TargetState.WAITING, TargetState.READY)


def goes_no_further(targets: Sequence["TargetRun"], *, stop_at_failed_pct: int) -> RunReason | None:
    """
    Why no more targets are begun; None when the next may be.

    A rollback that failed, or whose end nobody knows, stops a run whatever its limit.
    """
    if any(one.reason in (RunReason.UNDO_FAILED, RunReason.UNDO_UNKNOWN) for one in targets):
        return RunReason.ROLLBACK_FAILED_ELSEWHERE
    begun = [one for one in targets if one.state not in _NOT_BEGUN and one.state is not TargetState.CANCELLED]
    failed = sum(one.state in _BAD for one in begun)
    return RunReason.TOO_MANY_FAILED if failed * 100 > stop_at_failed_pct * len(begun) else None


def overall(states: Collection[TargetState]) -> RunState:
    """How a run ended whose targets all have: as the worst of them did."""
    for state in (TargetState.UNCERTAIN, TargetState.FAILED, TargetState.ROLLED_BACK, TargetState.CANCELLED):
        if state in states:
            return RunState(state.value)
    return RunState.SUCCEEDED


@dataclass(frozen=True, slots=True)
class TargetRun:
    """
    A run on one target.

    Attributes:
        place: in the order of the plan, from 0.
        name: the asset's when it was planned.
        said: what the last executor said, or a person; for people.
        changed_at: since when it stands so.
    """

    place: int
    asset_id: UUID
    name: str
    state: TargetState
    reason: RunReason
    changed_at: datetime
    said: str = ""


@dataclass(frozen=True, slots=True)
class Run:
    """
    A run.

    Attributes:
        approval_id: of the question whether it may; the plan is there, and nowhere else.
        runbook, version: what it was made from; version names the file's hash as well.
        by_itself: the product chose it; nobody asked.
        at_once, stop_at_failed_pct: as the plan's caps say.
        signature: of the alerts that it is to mend; empty where they are not known: then it resolves nothing.
        fence: counts who has had it in hand; whoever holds an older number may write nothing.
        cancelled_by: who wants it to end; empty when nobody does.
    """

    id: UUID
    company_id: CompanyId
    approval_id: UUID
    incident_id: UUID | None
    runbook: str
    version: str
    title: str
    risk: Risk
    shell: Shell
    by_itself: bool
    signature: str
    at_once: int
    stop_at_failed_pct: int
    state: RunState
    reason: RunReason
    requested_by: str
    requested_at: datetime
    started_at: datetime | None = None
    ended_at: datetime | None = None
    cancelled_by: str = ""
    fence: int = 0
    targets: tuple[TargetRun, ...] = ()


@dataclass(frozen=True, slots=True)
class SoFar:
    """
    What a script printed as far as somebody heard it, without secrets; its outcome, once known, has all of it.

    Attributes:
        executor: slug of who sent it; not all of them hear anything before the end.
        stdout, stderr: the end of each, some kilobytes at most.
        cut: it said more than this.
    """

    executor: str
    heard_at: datetime
    stdout: bytes = b""
    stderr: bytes = b""
    cut: bool = False


@dataclass(frozen=True, slots=True)
class Act:
    """
    One script on one target: written before it is sent, its outcome after.

    Attributes:
        id: what the target knows it by; the same one never runs twice.
        begun_at: when it was written down; it was sent after that, or never.
        outcome: None while nobody knows.
        output_removed_at: when what it printed was kept for long enough; None while it is there.
        so_far: what was heard of it, while there is no outcome or one that nobody could learn; where it was asked for.
    """

    id: UUID
    run_id: UUID
    asset_id: UUID
    phase: Phase
    begun_at: datetime
    outcome: Outcome | None = None
    settled_at: datetime | None = None
    output_removed_at: datetime | None = None
    so_far: SoFar | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """
    A transition, written down; the timeline of an incident is made of them.

    Attributes:
        asset_id: None where the whole run moved.
        before, after: states; of the run where there is no asset.
        act_id: the script whose outcome led here.
    """

    id: UUID
    run_id: UUID
    asset_id: UUID | None
    at: datetime
    before: str
    after: str
    reason: RunReason
    actor: str
    said: str = ""
    act_id: UUID | None = None


class HealState(StrEnum):
    """Whether an incident was healed by a run alone."""

    PROVISIONAL = "provisional"
    CONFIRMED = "confirmed"
    WITHDRAWN = "withdrawn"


class HealReason(StrEnum):
    """Why it stands so."""

    VERIFIED = "verified"
    """The probe says that the symptom is gone; whether it stays away is not known yet."""
    STAYED_AWAY = "stayed_away"
    CAME_BACK = "came_back"
    REOPENED = "reopened"
    PERSON_ACTED = "person_acted"


@dataclass(frozen=True, slots=True)
class Healing:
    """
    An incident that a run healed.

    Attributes:
        healed_at: when the probe said so; until: what comes back before this moment withdraws it.
    """

    incident_id: UUID
    run_id: UUID
    state: HealState
    reason: HealReason
    healed_at: datetime
    until: datetime
    settled_at: datetime | None = None


class EscalationReason(StrEnum):
    """Why a person must look at a run."""

    UNCERTAIN = "uncertain"
    ROLLBACK_FAILED = "rollback_failed"
    NOT_HELPED = "not_helped"
    """It failed, or was rolled back."""
    NOT_HELPED_TWICE = "not_helped_twice"
    """The same fix did not help twice on one target; it is not chosen again by itself."""
    TOO_MANY_FAILED = "too_many_failed"
    NOT_DECIDED = "not_decided"
    """Nobody agreed in time, or somebody refused."""
    HIGH_RISK = "high_risk"
    """It waits for a decision of high risk, and nobody is named to whom the incident could be given."""


@dataclass(frozen=True, slots=True)
class RunEscalation:
    """A person must look; kept for whoever escalates."""

    id: UUID
    at: datetime
    reason: EscalationReason
    said: str
    run_id: UUID | None = None
    incident_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Allowed:
    """
    A parameter that may take its value from an alert.

    Attributes:
        origin: from what in it: `asset`, `signature`, `label:NAME`.
    """

    runbook: str
    parameter: str
    origin: str


@dataclass(frozen=True, slots=True)
class RunPolicy:
    """
    What a company lets alerts decide; nothing where nobody said.

    Attributes:
        trusted: integrations whose alerts may start a run by themselves though they are not signed.
        parameters: that may take from an alert.
        version: counts its changes; 0 before the first. Two that say the same are the same, whatever their versions.
    """

    trusted: frozenset[UUID] = frozenset()
    parameters: tuple[Allowed, ...] = ()
    version: int = field(default=0, compare=False)

    def origin_of(self, runbook: str, parameter: str) -> str | None:
        """From what in an alert a parameter may take its value; None when from nothing."""
        for one in self.parameters:
            if (one.runbook, one.parameter) == (runbook, parameter):
                return one.origin
        return None


class Verdict(StrEnum):
    """What became of a candidate, or why it was not taken."""

    STARTED = "started"
    """It is of low risk, and the company lets that pass."""
    ASKED = "asked"
    """A person is asked."""
    OFFERED = "offered"
    """A person may start it; nothing starts it by itself."""
    NOT_BEST = "not_best"
    """Another one before it was taken."""
    NOT_TRUSTED = "not_trusted"
    """The alert is not signed, and nobody said that its integration is to be trusted."""
    NO_ASSET = "no_asset"
    """No asset of the inventory has exactly the alert's name."""
    NOT_CONFIRMED = "not_confirmed"
    NOT_BOUND = "not_bound"
    """Nobody said how the asset is reached."""
    NO_PARAMETER = "no_parameter"
    """A parameter has no value that may be taken."""
    UNDER_WAY = "under_way"
    CAPPED_COMPANY = "capped_company"
    CAPPED_TARGET = "capped_target"
    NOT_HELPED_TWICE = "not_helped_twice"


VERDICTS: Mapping[Verdict, str] = MappingProxyType(
    {
        Verdict.STARTED: "It is of low risk and the company lets that pass, so it was started.",
        Verdict.ASKED: "Somebody must agree, and was asked.",
        Verdict.OFFERED: "It starts only when a person says so.",
        Verdict.NOT_BEST: "Another runbook was taken before it.",
        Verdict.NOT_TRUSTED: "The alert is not signed, and its integration is not marked as trusted.",
        Verdict.NO_ASSET: "No asset has exactly the name that the alert gives.",
        Verdict.NOT_CONFIRMED: "The asset appeared in an alert, and nobody confirmed it.",
        Verdict.NOT_BOUND: "It is not known how the asset is reached.",
        Verdict.NO_PARAMETER: "A parameter has no value that may be taken.",
        Verdict.UNDER_WAY: "It waits or runs on this target already.",
        Verdict.CAPPED_COMPANY: "The company has had as many runs in an hour as it wants.",
        Verdict.CAPPED_TARGET: "The target has had as many runs in an hour as the company wants.",
        Verdict.NOT_HELPED_TWICE: "It did not help there twice, so it is not tried again by itself.",
    }
)


@dataclass(frozen=True, slots=True)
class Candidate:
    """
    A runbook that could mend something of an incident.

    Attributes:
        because: why it applies, as the matching says.
        said: more about the verdict: which parameter, which limit.
        parameters: that it would be given: value and origin by name.
    """

    runbook: str
    title: str
    version: str
    risk: Risk
    asset: str
    asset_id: UUID | None
    signature: str
    alert_id: UUID
    because: str
    verdict: Verdict
    said: str = ""
    parameters: Mapping[str, tuple[str, str]] = field(default_factory=dict)


class ChoiceOutcome(StrEnum):
    """What became of an incident's candidates."""

    NONE = "none"
    """No runbook applies."""
    OFFERED = "offered"
    STARTED = "started"
    ASKED = "asked"


@dataclass(frozen=True, slots=True)
class Choice:
    """What was thought when an incident opened; `candidates` best first."""

    incident_id: UUID
    at: datetime
    outcome: ChoiceOutcome
    candidates: tuple[Candidate, ...]
    run_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class RunWhole:
    """A run with everything that happened in it, oldest first; acts without their outputs."""

    run: Run
    acts: tuple[Act, ...] = field(default=())
    steps: tuple[Step, ...] = field(default=())
