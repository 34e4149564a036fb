"""
Starts an act that was approved: once, and only if it still is what was approved, by people who still may.

The caller begins its act in the same transaction: either both are written, or neither is. A start that is refused is
written down as well, so the caller commits either way.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias
from uuid import UUID

from alertwhisperer.domain.approval import Approval, Plan, StartReason, State
from alertwhisperer.domain.audit import AuditAction
from alertwhisperer.domain.errors import Invalid
from alertwhisperer.guard.approvals import canonical
from alertwhisperer.guard.approvals.decide import rule_start
from alertwhisperer.guard.approvals.expiry import lapse
from alertwhisperer.guard.approvals.known import concerned, locked, policy_in, record
from alertwhisperer.store import approvals, brakes
from alertwhisperer.store.database import Unit

Build: TypeAlias = Callable[[Unit, Plan], Awaitable[Plan]]
"""
Builds the plan again from what there is now, given what was approved: who asked, on what, with which parameters.

Raises `Invalid` (or `NotFound`) when it cannot be built any more. It reads and locks nothing: writers of what plans
name lock that first and the approval after it.
"""


@dataclass(frozen=True, slots=True)
class Ticket:
    """The right to do one act, now and in this transaction; only `start` makes one, for one approval once."""

    approval_id: UUID
    plan: Plan


@dataclass(frozen=True, slots=True)
class NotStarted:
    """The act must not be done; the reason is stored and audited with the caller's transaction."""

    approval_id: UUID
    reason: StartReason


async def start(unit: Unit, approval_id: UUID, build: Build, *, now: datetime) -> Ticket | NotStarted:
    """
    Use an approval up.

    The approval is locked first and the plan built after it, so that whoever changes something that the plan names is
    either seen here, or finds the approval used. A brake that is answered as set has been seen by every later start.

    Returns:
        The ticket, or why there is none. After a reason that `voids` the approval has ended; after one that `passes`
        the same approval may be tried again before it lapses.

    Raises:
        NotFound: the company has no such approval.
    """
    await brakes.pass_by(unit)
    approval = await locked(unit, approval_id)
    approved = canonical.decode(approval.encoded)
    built = await _built(unit, build, approved)
    reason = rule_start(
        approval,
        b"" if built is None else canonical.fingerprint(canonical.encode(built)),
        await concerned(unit, approval),
        await policy_in(unit),
        await brakes.read(unit, now=now),
        now=now,
    )
    if reason is not StartReason.STARTED or built is None:
        await _refused(unit, approval, reason, now=now)
        return NotStarted(approval_id, reason)
    await approvals.settle(unit, approval_id, State.STARTED, reason.value, now=now)
    await record(unit, AuditAction.APPROVAL_CONSUMED, approval, approval.why, now=now)
    return Ticket(approval_id, built)


async def _built(unit: Unit, build: Build, approved: Plan) -> Plan | None:
    try:
        return await build(unit, approved)
    except Invalid:
        return None  # what it names is not there any more, which is a change like another


async def _refused(unit: Unit, approval: Approval, reason: StartReason, *, now: datetime) -> None:
    await record(unit, AuditAction.START_REFUSED, approval, reason.value, now=now)
    if reason.voids:
        await approvals.settle(unit, approval.id, State.VOIDED, reason.value, now=now)
        await record(unit, AuditAction.APPROVAL_VOIDED, approval, reason.value, now=now)
    elif reason is StartReason.LAPSED and approval.state.is_open:
        await lapse(unit, approval, now=now)
