"""Starts a run that waits, as soon as it is approved and nothing holds it; or ends it, when it never will be."""

from datetime import datetime, timedelta
from uuid import UUID

from alertwhisperer.domain.approval import Approval, StartReason, State
from alertwhisperer.domain.audit import AuditAction
from alertwhisperer.domain.company_setting import RUNS_PER_HOUR
from alertwhisperer.domain.run import EscalationReason, Move, Run, RunReason, RunState, TargetState
from alertwhisperer.guard.approvals.start import NotStarted, start
from alertwhisperer.guard.company_settings import held
from alertwhisperer.remediate.asking import audit_run, move_all, not_started
from alertwhisperer.remediate.ending import escalate
from alertwhisperer.remediate.means import Means
from alertwhisperer.remediate.plan import again
from alertwhisperer.store import approvals, runs
from alertwhisperer.store.database import Unit

HOUR = timedelta(hours=1)
_LOOK_AGAIN = timedelta(seconds=60)
"""At what waits for a person; an answer wakes it at once (store/approvals.sql, wake_run)."""
_BRAKE_AGAIN = timedelta(seconds=15)

_HELD_UP = {StartReason.STOPPED: RunReason.STOPPED, StartReason.FROZEN: RunReason.FROZEN}
_ENDED = {
    State.REFUSED: RunReason.REFUSED,
    State.LAPSED: RunReason.LAPSED,
    State.VOIDED: RunReason.VOIDED,
}


async def begin(unit: Unit, means: Means, run: Run, fence: int, *, now: datetime) -> datetime | None:
    """
    Start a run that waits, in the caller's transaction, which may hold nothing of the run yet.

    Returns:
        When to look again; None when it has started or is over.

    Raises:
        Lost: another worker has it in hand.
    """
    await runs.count_alone(unit)
    approval = await approvals.read(unit, run.approval_id)
    if approval is None or approval.state is State.ASKED:
        return _later(approval, now + _LOOK_AGAIN, now=now)
    if approval.state is State.APPROVED:
        if await _is_capped(unit, now=now):
            await _waits(unit, run, fence, RunReason.CAPPED, now=now)
            return _later(approval, now + _LOOK_AGAIN, now=now)
        started = await start(unit, approval.id, again(means), now=now)
        run = await _held(unit, run.id, fence)
        if not isinstance(started, NotStarted):
            await _started(unit, run, approval, now=now)
            return None
        if started.reason.passes:
            if started.reason in _HELD_UP:
                await _waits(unit, run, fence, _HELD_UP[started.reason], now=now)
            return _later(approval, now + _BRAKE_AGAIN, now=now)
        said = "" if started.reason is StartReason.LAPSED else started.reason.value
        reason = RunReason.LAPSED if started.reason is StartReason.LAPSED else RunReason.VOIDED
        await _never(unit, run, reason, said, now=now)
        return None
    run = await _held(unit, run.id, fence)
    await _never(unit, run, _ENDED[approval.state], approval.state_reason, now=now)
    return None


async def _waits(unit: Unit, run: Run, fence: int, reason: RunReason, *, now: datetime) -> None:
    """Say once why a run that was approved does not start."""
    if run.reason is not reason:
        await runs.move_run(unit, await _held(unit, run.id, fence), RunState.WAITING, reason, now=now)


async def _started(unit: Unit, run: Run, approval: Approval, *, now: datetime) -> None:
    run = await runs.move_run(unit, run, RunState.RUNNING, RunReason.APPROVED, now=now)
    run = await move_all(unit, run, Move(TargetState.READY, RunReason.APPROVED), now=now)
    detail = {
        "runbook": run.runbook,
        "version": run.version,
        "hash": approval.hash.hex(),
        "approval": str(approval.id),
        "targets": [str(one.asset_id) for one in run.targets],
    }
    await audit_run(unit, AuditAction.RUN_STARTED, run, detail, now=now)


async def _never(unit: Unit, run: Run, reason: RunReason, said: str, *, now: datetime) -> None:
    run = await not_started(unit, run, reason, said=said, now=now)
    if run.by_itself and reason is not RunReason.CANCELLED:
        await escalate(unit, EscalationReason.NOT_DECIDED, f"{run.title}: {reason.value}. {said}".strip(), run, now=now)


async def _held(unit: Unit, run_id: UUID, fence: int) -> Run:
    run = await runs.hold(unit, run_id, fence)
    if run.state is not RunState.WAITING:
        raise runs.Lost  # somebody ended it meanwhile; the next look finds that
    return run


async def _is_capped(unit: Unit, *, now: datetime) -> bool:
    settings = {one.name: one.value for one in await held(unit)}
    most = int(settings[RUNS_PER_HOUR])
    return await runs.count_started(unit, since=now - HOUR) >= most


def _later(approval: Approval | None, wanted: datetime, *, now: datetime) -> datetime:
    """Not later than the moment in which the approval lapses."""
    if approval is None or approval.expires_at <= now:
        return wanted
    return min(wanted, approval.expires_at)
