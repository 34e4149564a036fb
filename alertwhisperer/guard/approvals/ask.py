"""Asks whether an act may be done, and takes the question back."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from alertwhisperer.domain.approval import Approval, Plan, State, requester_of
from alertwhisperer.domain.audit import AuditAction
from alertwhisperer.domain.company import Scope
from alertwhisperer.domain.errors import Conflicting, Forbidden, Invalid
from alertwhisperer.guard.approvals import canonical
from alertwhisperer.guard.approvals.decide import AUTO_APPROVE_LOW
from alertwhisperer.guard.approvals.known import locked, policy_in, record
from alertwhisperer.kit.ids import uuid7
from alertwhisperer.store import approvals, due
from alertwhisperer.store.database import Database, Unit

LONGEST_WHY = 2_000


@dataclass(frozen=True, slots=True)
class Request:
    """
    What is asked.

    Attributes:
        plan: everything that would be done.
        why: why it is wanted, for the person who decides.
        risk_reason: why it is as risky as the plan says.
        incident_id: the incident that it would mend.
    """

    plan: Plan
    why: str
    risk_reason: str
    incident_id: UUID | None = None


async def ask(unit: Unit, request: Request, *, now: datetime) -> Approval:
    """
    Ask, in the caller's transaction and in the name of its scope.

    Returns:
        The approval; approved already where the company lets low risk pass. It lapses after the company's
        `approval_minutes`, or at the plan's `start_by` when that is earlier.

    Raises:
        Invalid: the plan is another company's or another person's, is too late to start, names no target or one twice,
            or a reason is missing.
    """
    plan = request.plan
    _check(unit.scope, request, now=now)
    policy = await policy_in(unit)
    encoded = canonical.encode(plan)
    needed = policy.needed(plan.risk)
    passes = needed == 0
    approval = Approval(
        id=uuid7(now),
        company_id=unit.company_id,
        kind=plan.kind,
        encoded=encoded,
        hash=canonical.fingerprint(encoded),
        why=request.why.strip(),
        risk=plan.risk,
        risk_reason=request.risk_reason.strip(),
        requested_by=unit.scope.actor,
        requester_id=unit.scope.user_id,
        asked_at=now,
        expires_at=min(now + policy.lasts, plan.start_by),
        needed=needed,
        state=State.APPROVED if passes else State.ASKED,
        state_reason=AUTO_APPROVE_LOW if passes else "",
        settled_at=now if passes else None,
        settled_by=unit.scope.actor if passes else "",
        incident_id=request.incident_id,
    )
    await approvals.insert(unit, approval, touches(plan))
    await due.add(unit, due.APPROVAL_EXPIRY, approval.id, due_at=approval.expires_at)
    await record(unit, AuditAction.APPROVAL_REQUESTED, approval, approval.why, now=now)
    if passes:
        await record(unit, AuditAction.APPROVAL_GRANTED, approval, AUTO_APPROVE_LOW, now=now)
    return approval


async def withdraw(database: Database, scope: Scope, approval_id: UUID, *, now: datetime) -> Approval:
    """
    Take one's own question back.

    Raises:
        NotFound: the company has no such approval.
        Forbidden: another one asked.
        Conflicting: it has ended already.
    """
    async with database.unit_of_work(scope) as unit:
        approval = await locked(unit, approval_id)
        if requester_of(scope) != canonical.decode(approval.encoded).requester:
            raise Forbidden("only who asked may take it back", mend="refuse it instead, if you may")
        if not approval.state.is_open:
            raise Conflicting(f"it is {approval.state} already", where="approval_id", mend="ask again if need be")
        await approvals.settle(unit, approval_id, State.VOIDED, "withdrawn", now=now)
        await record(unit, AuditAction.APPROVAL_VOIDED, approval, "withdrawn", now=now)
        return await locked(unit, approval_id)


def touches(plan: Plan) -> Iterator[tuple[str, str]]:
    """Kind and id of what a plan names: a change of one of these by the wrong person ends its approval."""
    for target in plan.targets:
        yield target.kind, target.id
    yield "runbook", plan.runbook
    used = {plan.credential_of(target) for target in plan.targets} | {plan.credential_id}
    for credential_id in sorted(one for one in used if one is not None):
        yield "credential", str(credential_id)


def _check(scope: Scope, request: Request, *, now: datetime) -> None:
    plan = request.plan
    if plan.company_id != scope.company_id or plan.requester != requester_of(scope):
        raise Invalid("the plan is not the asker's own", where="plan", mend="build it in the name of who asks")
    if plan.start_by <= now:
        raise Invalid("the plan's time to start is over", where="plan.start_by", mend="give a later one")
    if not plan.targets or len({(one.kind, one.id) for one in plan.targets}) < len(plan.targets):
        raise Invalid("a plan needs targets, each once", where="plan.targets", mend="resolve them first")
    for name, text in (("why", request.why), ("risk_reason", request.risk_reason)):
        if not 1 <= len(text.strip()) <= LONGEST_WHY:
            raise Invalid(f"{name} needs 1 to {LONGEST_WHY} characters", where=name, mend="say it in a sentence or two")
