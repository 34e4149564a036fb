"""What the rest of this folder reads before it decides: the approval, who is concerned, what the company wants."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from alertwhisperer.domain.approval import Approval
from alertwhisperer.domain.audit import AuditAction, Resource
from alertwhisperer.domain.errors import NotFound
from alertwhisperer.domain.user import User
from alertwhisperer.guard.approvals.decide import Policy, policy_of
from alertwhisperer.guard.company_settings import held
from alertwhisperer.store import approvals, audit, users
from alertwhisperer.store.database import Unit


async def locked(unit: Unit, approval_id: UUID) -> Approval:
    """One approval, kept from everybody else until the unit ends; raises `NotFound`."""
    approval = await approvals.lock(unit, approval_id)
    if approval is None:
        raise absent(approval_id)
    return approval


def absent(approval_id: UUID) -> NotFound:
    """The answer for an approval that the company does not have."""
    return NotFound(f"there is no approval {approval_id}", where="approval_id", mend="list them")


async def policy_in(unit: Unit) -> Policy:
    """What the unit's company wants now."""
    return policy_of({one.name: one.value for one in await held(unit)})


async def person_in(unit: Unit) -> User | None:
    """The person who acts, as the database has them now; None for the command line, a timer, somebody removed."""
    user_id = unit.scope.user_id
    return None if user_id is None else (await users.among(unit, [user_id])).get(user_id)


async def concerned(unit: Unit, approval: Approval) -> Mapping[UUID, User]:
    """Who asked and who answered, as they are now; who was removed is left out."""
    asked = [] if approval.requester_id is None else [approval.requester_id]
    return await users.among(unit, {*asked, *(one.user_id for one in approval.decisions)})


async def record(
    unit: Unit,
    action: AuditAction,
    approval: Approval,
    reason: str,
    more: Mapping[str, object] | None = None,
    *,
    now: datetime,
) -> None:
    """Write an audit entry about an approval; the hash in it says what exactly it was about."""
    detail = {
        "kind": approval.kind,
        "risk": approval.risk.value,
        "hash": approval.hash.hex(),
        "needed": approval.needed,
        **(more or {}),
    }
    resource = Resource("approval", str(approval.id))
    await audit.write(unit, action, resource, detail, now=now, reason=reason, incident_id=approval.incident_id)
