"""Ends approvals whose ground is gone: somebody changed what they name, or who asked has left."""

from collections.abc import Collection, Iterable
from datetime import datetime
from uuid import UUID

from alertwhisperer.domain.approval import Approval, Edit, State
from alertwhisperer.domain.audit import AuditAction
from alertwhisperer.domain.company import CompanyId
from alertwhisperer.guard.approvals.decide import voids_at_once
from alertwhisperer.guard.approvals.known import record
from alertwhisperer.store import approvals
from alertwhisperer.store.database import Unit

CHANGED = "changed_by_requester_or_approver"
LEFT = "requester_left"


async def void_touched(unit: Unit, kind: str, resource_ids: Iterable[UUID | str], *, now: datetime) -> int:
    """
    Tell open approvals that the unit's actor changes things; called by every writer of what a plan may name.

    By who asked or who agreed, it ends them. By anybody else it is kept: that person may not answer any more, and the
    start finds what changed when the plan is built again.

    Args:
        kind: of the things, as `Target.kind` or the audit log says it: asset, credential, runbook.

    Returns:
        How many were ended.
    """
    changed = [str(one) for one in resource_ids]
    found = await approvals.open_naming(unit, kind, changed) if changed else {}
    ended = 0
    for approval_id, named in found.items():
        approval = await approvals.lock(unit, approval_id)
        if approval is not None and approval.state.is_open:
            edits = [Edit(unit.scope.user_id, unit.scope.actor, kind, one, now) for one in named]
            ended += await _touched(unit, approval, edits, now=now)
    return ended


async def open_requests_of(unit: Unit, companies: Collection[CompanyId], user_id: UUID) -> int:
    """How many open approvals `void_requests_of` would end; for a preview."""
    return len(await approvals.open_of(unit.connection, sorted(companies), user_id))


async def void_requests_of(unit: Unit, companies: Collection[CompanyId], user_id: UUID, *, now: datetime) -> int:
    """
    End what a person asked for in companies that the unit's transaction sees; each in its own company's log.

    Returns:
        How many were ended.
    """
    ended = 0
    for company_id, approval_id in await approvals.open_of(unit.connection, sorted(companies), user_id):
        inside = unit.at(unit.scope.at(company_id))
        approval = await approvals.lock(inside, approval_id)
        if approval is not None and approval.state.is_open:
            await _end(inside, approval, LEFT, {}, now=now)
            ended += 1
    return ended


async def _touched(unit: Unit, approval: Approval, edits: list[Edit], *, now: datetime) -> int:
    for edit in edits:
        await approvals.insert_edit(unit, approval.id, edit)
    first = edits[0]
    if not voids_at_once(approval, first):
        return 0
    await _end(unit, approval, CHANGED, {"changed": f"{first.kind}/{first.resource_id}"}, now=now)
    return 1


async def _end(unit: Unit, approval: Approval, reason: str, said: dict[str, object], *, now: datetime) -> None:
    await approvals.settle(unit, approval.id, State.VOIDED, reason, now=now)
    await record(unit, AuditAction.APPROVAL_VOIDED, approval, reason, said, now=now)
