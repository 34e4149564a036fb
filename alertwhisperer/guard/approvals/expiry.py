"""What is not agreed to and started in time has lapsed: refused, kept for whoever escalates, and never run."""

from datetime import datetime

from alertwhisperer.domain.approval import Approval, StartReason, State
from alertwhisperer.domain.audit import AuditAction
from alertwhisperer.guard.approvals.known import record
from alertwhisperer.store import approvals
from alertwhisperer.store.database import Unit
from alertwhisperer.store.due import Due


async def lapse(unit: Unit, approval: Approval, *, now: datetime) -> None:
    """
    Let an open approval lapse; the caller has locked it.

    The row with its state is what an escalation finds; it was asked for an incident, as the row says.
    """
    await approvals.settle(unit, approval.id, State.LAPSED, StartReason.LAPSED.value, now=now)
    said = {"state": [approval.state.value, State.LAPSED.value], "agreed": approval.agreed}
    await record(unit, AuditAction.APPROVAL_LAPSED, approval, StartReason.LAPSED.value, said, now=now)


async def look(work: Due, *, now: datetime) -> None:
    """Look at an approval whose time has come: lapse it, unless it has ended otherwise."""
    approval = await approvals.lock(work.unit, work.subject)
    if approval is not None and approval.state.is_open and now < approval.expires_at:
        await work.postpone(approval.expires_at)
        return
    if approval is not None and approval.state.is_open:
        await lapse(work.unit, approval, now=now)
    await work.done()
