"""
Approval: one person's yes to one act, bound to exactly what that person read.

A `Plan` is everything that the act would do; an `Approval` is the question whether it may, its answers and what became
of it. `guard/approvals` decides; whoever does a risky act asks there and starts there.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from alertwhisperer.domain.company import CompanyId, Scope

SHORTEST_MINUTES = 5
LONGEST_MINUTES = 1_440
DEFAULT_MINUTES = 60


class Risk(StrEnum):
    """How much an act can break."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


class State(StrEnum):
    """Where an approval stands; from `refused` on it stays so for ever."""

    ASKED = "asked"
    APPROVED = "approved"
    REFUSED = "refused"
    LAPSED = "lapsed"
    VOIDED = "voided"
    STARTED = "started"

    @property
    def is_open(self) -> bool:
        """Whether the act may still come to be started."""
        return self in (State.ASKED, State.APPROVED)


class TwoApprovals(StrEnum):
    """For which acts a company wants two people."""

    NEVER = "never"
    HIGH = "high"
    MEDIUM = "medium"
    """Of medium and of high risk."""


class Answer(StrEnum):
    """What one person said."""

    APPROVE = "approve"
    REFUSE = "refuse"


class Ruling(StrEnum):
    """Whether a person may decide, or why not."""

    MAY = "may"
    NO_PERSON = "no_person"
    OWN_REQUEST = "own_request"
    NOT_THEIRS = "not_theirs"
    CHANGED_IT = "changed_it"
    SAID_ALREADY = "said_already"
    SETTLED = "settled"
    LAPSED = "lapsed"
    OTHER_PLAN = "other_plan"


class StartReason(StrEnum):
    """Whether an act may start, or why not."""

    STARTED = "started"
    NOT_APPROVED = "not_approved"
    SETTLED = "settled"
    LAPSED = "lapsed"
    PLAN_CHANGED = "plan_changed"
    REQUESTER_GONE = "requester_gone"
    APPROVER_LOST_RIGHT = "approver_lost_right"
    POLICY_CHANGED = "policy_changed"
    STOPPED = "stopped"
    FROZEN = "frozen"

    @property
    def voids(self) -> bool:
        """Whether the approval is of no use after it: what was approved is not what there is now."""
        return self in _VOIDING

    @property
    def passes(self) -> bool:
        """Whether the same approval may start later: a brake is released, a window ends."""
        return self in (StartReason.STOPPED, StartReason.FROZEN, StartReason.NOT_APPROVED)


_VOIDING = (
    StartReason.PLAN_CHANGED,
    StartReason.REQUESTER_GONE,
    StartReason.APPROVER_LOST_RIGHT,
    StartReason.POLICY_CHANGED,
)


@dataclass(frozen=True, slots=True)
class Target:
    """
    On what an act is done, resolved: never a name that could come to mean something else.

    Attributes:
        kind: of the resource, as the audit log says it: asset, user, company.
        id: its id.
        account, region: where a cloud's target lies; empty elsewhere.
        host_key: fingerprint of the host's key, where it is reached by one.
        credential_id: of this target alone; None where the plan's is used, see `Plan.credential_of`.
    """

    kind: str
    id: str
    account: str = ""
    region: str = ""
    host_key: str = ""
    credential_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Parameter:
    """
    What an act is given, as it is handed over; never a secret.

    Attributes:
        origin: where the value came from, for the person who decides: `alert label instance`, `person`, `default`.
    """

    value: str
    origin: str


@dataclass(frozen=True, slots=True)
class Plan:
    """
    Everything that an act would do; two plans that differ in anything have different hashes.

    Attributes:
        kind: which part of the product carries it out: `run`, `erasure`.
        company_id: whose things it touches.
        runbook, runbook_version: what it is made from.
        targets: in the order in which they are acted on.
        precheck, snapshot, act, verify, undo: the bytes that would be run; empty where there is nothing to run.
        parameters: by name.
        credential_id: which credential is used on every target that names none of its own; the secret itself never
            stands here.
        caps: limits that the act keeps to, by name.
        risk: as judged when the plan was made.
        requester: who asks (`requester_of`).
        start_by: after this moment it must not start, aware UTC.
    """

    kind: str
    company_id: CompanyId
    runbook: str
    runbook_version: str
    targets: tuple[Target, ...]
    precheck: bytes
    act: bytes
    verify: bytes
    undo: bytes
    parameters: Mapping[str, Parameter]
    credential_id: UUID | None
    caps: Mapping[str, int]
    risk: Risk
    requester: str
    start_by: datetime
    snapshot: bytes = b""

    def credential_of(self, target: Target) -> UUID | None:
        """With which credential one of its targets is reached; None where that needs none."""
        return self.credential_id if target.credential_id is None else target.credential_id


@dataclass(frozen=True, slots=True)
class Decision:
    """
    One person's answer.

    Attributes:
        actor: who, as the audit log says.
        hash: of the plan that the person read.
        reason: in the person's own words; a refusal always has one.
    """

    user_id: UUID
    actor: str
    answer: Answer
    hash: bytes
    reason: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Edit:
    """Somebody changed a thing that the plan names, after it was asked for; `user_id` is None for no person."""

    user_id: UUID | None
    actor: str
    kind: str
    resource_id: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Approval:
    """
    Whether one act may be done once.

    Attributes:
        kind, risk: of the plan, to list by.
        encoded: the plan, in the one encoding that is hashed (guard/approvals/canonical.py).
        hash: SHA-256 over it.
        why: why the act is wanted; risk_reason: why it is as risky as it is.
        requested_by: as the audit log says; requester_id: None where no person asked.
        needed: how many different people must agree; 0 where the company lets low risk pass.
        expires_at: an answer and a start after this moment are void, aware UTC.
        state_reason: why the state is what it is: a `StartReason`, a person's words, what was changed.
        settled_at, settled_by: of the state; None and empty while it is asked.
    """

    id: UUID
    company_id: CompanyId
    kind: str
    encoded: bytes = field(repr=False)
    hash: bytes = field(repr=False)
    why: str
    risk: Risk
    risk_reason: str
    requested_by: str
    requester_id: UUID | None
    asked_at: datetime
    expires_at: datetime
    needed: int
    state: State
    state_reason: str
    settled_at: datetime | None
    settled_by: str
    incident_id: UUID | None = None
    decisions: tuple[Decision, ...] = ()
    edits: tuple[Edit, ...] = ()

    @property
    def agreed(self) -> int:
        """How many people agreed to the plan as it is."""
        return sum(one.answer is Answer.APPROVE and one.hash == self.hash for one in self.decisions)


def requester_of(scope: Scope) -> str:
    """Who asks, as a plan names them: a person by the id, which no second account of the same e-mail has."""
    return scope.actor if scope.user_id is None else f"user:{scope.user_id}"
