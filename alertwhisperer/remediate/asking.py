"""Shows what a run would do, asks for it, and takes it back."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

from alertwhisperer.domain.approval import LONGEST_MINUTES, Approval, Plan, State, requester_of
from alertwhisperer.domain.audit import AuditAction, Resource
from alertwhisperer.domain.company import Scope
from alertwhisperer.domain.errors import Conflicting, Invalid, NotFound
from alertwhisperer.domain.run import Move, Run, RunReason, RunState, TargetRun, TargetState
from alertwhisperer.guard.approvals import canonical
from alertwhisperer.guard.approvals.ask import Request, ask
from alertwhisperer.guard.approvals.known import policy_in
from alertwhisperer.guard.approvals.known import record as record_approval
from alertwhisperer.guard.companies import require_company
from alertwhisperer.kit.ids import uuid7
from alertwhisperer.remediate.means import Means
from alertwhisperer.remediate.plan import Planned, Wish, build
from alertwhisperer.store import approvals, audit, due, incidents, run_choices, runs
from alertwhisperer.store.database import Database, Unit


@dataclass(frozen=True, slots=True)
class Preview:
    """
    What a run would do, before anything is asked.

    Attributes:
        hash: of the plan; whoever asks for the run names it, so that what is asked is what was read.
        needed: how many people must agree.
    """

    planned: Planned
    hash: bytes
    needed: int


@dataclass(frozen=True, slots=True)
class Reason:
    """
    Why a run is wanted.

    Attributes:
        why: for whoever decides.
        incident_id: that it would mend.
        signature: of the alerts that it was chosen for; empty where they are not known.
        by_itself: nobody asked, the product did.
    """

    why: str
    incident_id: UUID | None = None
    signature: str = ""
    by_itself: bool = False


async def preview(
    database: Database, scope: Scope, means: Means, wish: Wish, *, start_by: datetime | None = None, now: datetime
) -> Preview:
    """
    The exact scripts and targets of a run; nothing is asked and nothing written.

    Args:
        start_by: after which it must not start; the company's `approval_minutes` from now where nobody says.

    Raises:
        Invalid, NotFound: it cannot be planned.
    """
    async with database.unit_of_work(scope) as unit:
        await require_company(unit)
        return await _preview(unit, means, wish, start_by=start_by, now=now)


async def start_run(
    database: Database,
    scope: Scope,
    means: Means,
    wish: Wish,
    reason: Reason,
    *,
    hash_read: bytes,
    start_by: datetime,
    now: datetime,
) -> Run:
    """
    Ask for a run whose preview somebody read; it starts as soon as it is approved.

    Raises:
        Invalid, NotFound: it cannot be planned, or there is no such incident.
        Conflicting: it is not any more what was read, or waits or runs on one of the targets already.
    """
    async with database.unit_of_work(scope) as unit:
        await require_company(unit)
        shown = await _preview(unit, means, wish, start_by=start_by, now=now)
        if shown.hash != hash_read:
            raise Conflicting("it is not any more what you read", where="hash", mend="look at the plan again")
        run, _ = await ask_for(unit, shown.planned, await _about_incident(unit, wish, reason), now=now)
        return run


async def _about_incident(unit: Unit, wish: Wish, reason: Reason) -> Reason:
    """For which of an incident's alerts it is, where it is one of its candidates that a person starts."""
    if reason.incident_id is None:
        return reason
    if await incidents.read(unit, reason.incident_id) is None:
        raise NotFound("there is no such incident", where="incident_id", mend="list them")
    choice = await run_choices.read(unit, reason.incident_id)
    for one in () if choice is None else choice.candidates:
        if one.runbook == wish.runbook and one.asset_id in wish.asset_ids:
            return replace(reason, signature=one.signature)
    return reason


async def ask_for(unit: Unit, planned: Planned, reason: Reason, *, now: datetime) -> tuple[Run, Approval]:
    """
    Ask for a run in the caller's transaction and in the name of its scope.

    Raises:
        Conflicting: the runbook waits or runs on one of the targets already.
    """
    plan, runbook = planned.plan, planned.runbook
    if await runs.busy(unit, runbook.slug, [one.id for one in planned.assets]):
        raise runs.already_under_way(runbook.slug)
    request = Request(plan, reason.why, runbook.risk_reason, reason.incident_id)
    approval = await ask(unit, request, now=now)
    run = Run(
        id=uuid7(now),
        company_id=unit.company_id,
        approval_id=approval.id,
        incident_id=reason.incident_id,
        runbook=runbook.slug,
        version=plan.runbook_version,
        title=runbook.title,
        risk=plan.risk,
        shell=runbook.shell,
        by_itself=reason.by_itself,
        signature=reason.signature,
        at_once=runbook.blast.at_once,
        stop_at_failed_pct=runbook.blast.stop_at_failed_pct,
        state=RunState.PLANNED,
        reason=RunReason.ASKED,
        requested_by=unit.scope.actor,
        requested_at=now,
        targets=tuple(
            TargetRun(place, one.id, one.name, TargetState.PLANNED, RunReason.ASKED, now)
            for place, one in enumerate(planned.assets)
        ),
    )
    await runs.insert(unit, run)
    detail = {**_about(run), "hash": approval.hash.hex(), "targets": [str(one.id) for one in planned.assets]}
    await audit_run(unit, AuditAction.RUN_ASKED, run, detail, reason=reason.why, now=now)
    run = await move_all(unit, run, Move(TargetState.WAITING, RunReason.ASKED), now=now)
    run = await runs.move_run(unit, run, RunState.WAITING, RunReason.ASKED, now=now)
    await due.add(unit, due.RUN, run.id, due_at=now)
    return run, approval


async def cancel_run(database: Database, scope: Scope, run_id: UUID, *, now: datetime) -> Run:
    """
    End a run: at once where nothing has begun, else before its next script that changes something.

    What was changed on a target by an act that is cancelled in the middle is put back, where the runbook can.

    Raises:
        NotFound: the company has no such run.
        Conflicting: it is over.
    """
    async with database.unit_of_work(scope) as unit:
        found = await runs.read(unit, run_id)
        if found is None:
            raise absent(run_id)
        approval = await approvals.lock(
            unit, found.approval_id
        )  # before the run: whoever starts it locks in this order
        waits = approval is not None and approval.state.is_open
        if approval is not None and waits:
            await approvals.settle(unit, approval.id, State.VOIDED, "run_cancelled", now=now)
            await record_approval(unit, AuditAction.APPROVAL_VOIDED, approval, "run_cancelled", now=now)
        run = await runs.lock(unit, run_id)
        if run is None or run.state.is_over:
            raise Conflicting("the run is over", where="run_id", mend="read it again")
        await runs.cancel(unit, run, now=now)
        await audit_run(unit, AuditAction.RUN_CANCELLED, run, _about(run), now=now)
        if waits:
            await not_started(unit, run, RunReason.CANCELLED, now=now)
        return await runs.read(unit, run_id) or run


async def not_started(unit: Unit, run: Run, reason: RunReason, *, said: str = "", now: datetime) -> Run:
    """End a run that waits, and will never start; the caller holds it."""
    run = await move_all(unit, run, Move(TargetState.CANCELLED, reason), said=said, now=now)
    run = await runs.move_run(unit, run, RunState.CANCELLED, reason, said=said, now=now)
    await audit_run(unit, AuditAction.RUN_NOT_STARTED, run, _about(run), reason=reason.value, now=now)
    return run


async def move_all(unit: Unit, run: Run, move: Move, *, said: str = "", now: datetime) -> Run:
    """Every target of a run comes to stand somewhere else; gives the run as it is then."""
    for target in run.targets:
        run = await runs.move_target(unit, run, target, move, said=said, now=now)
    return run


async def audit_run(
    unit: Unit, action: AuditAction, run: Run, detail: Mapping[str, object], *, reason: str = "", now: datetime
) -> None:
    """Write an audit entry about a run."""
    resource = Resource("run", str(run.id))
    await audit.write(unit, action, resource, dict(detail), now=now, reason=reason, incident_id=run.incident_id)


def absent(run_id: UUID) -> NotFound:
    """The answer for a run that the company does not have."""
    return NotFound(f"there is no run {run_id}", where="run_id", mend="list them")


def _about(run: Run) -> dict[str, object]:
    return {
        "runbook": run.runbook,
        "version": run.version,
        "risk": run.risk.value,
        "approval": str(run.approval_id),
        "by_itself": run.by_itself,
    }


async def _preview(unit: Unit, means: Means, wish: Wish, *, start_by: datetime | None, now: datetime) -> Preview:
    policy = await policy_in(unit)
    latest = now + timedelta(minutes=LONGEST_MINUTES)
    start_by = now + policy.lasts if start_by is None else start_by
    if not now < start_by <= latest:
        raise Invalid("it must start later than now, and within a day", where="start_by", mend="look at the plan again")
    planned = await build(unit, means, wish, requester=requester_of(unit.scope), start_by=start_by)
    return Preview(planned, fingerprint_of(planned.plan), policy.needed(planned.plan.risk))


def fingerprint_of(plan: Plan) -> bytes:
    """The hash of a plan."""
    return canonical.fingerprint(canonical.encode(plan))
