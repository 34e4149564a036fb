"""Approvals as people read them: the exact plan, who may decide, and whether the one who asks may."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from alertwhisperer.domain.approval import LONGEST_MINUTES, Approval, Plan, Risk, Ruling, State
from alertwhisperer.domain.company import CompanyId, Scope
from alertwhisperer.domain.user import User
from alertwhisperer.guard.approvals import canonical
from alertwhisperer.guard.approvals.decide import DECIDES, Policy, policy_of, rule
from alertwhisperer.guard.approvals.known import absent, person_in, policy_in
from alertwhisperer.guard.companies import require_company
from alertwhisperer.guard.permissions import PERMISSIONS
from alertwhisperer.kit.ids import floor_at
from alertwhisperer.store import approvals, company_settings
from alertwhisperer.store.database import Connection, Database

_AT_ONCE = 200
LATELY = timedelta(hours=1)
"""How long a settled question is shown as news."""


@dataclass(frozen=True, slots=True)
class Standing:
    """
    An approval as one person meets it.

    Attributes:
        plan: what would be done, as it is hashed.
        deciders: roles that may decide it, and `senior_technician` where the company names one and the risk is high.
        ruling: whether this person may decide it now, or why not.
    """

    approval: Approval
    plan: Plan
    deciders: tuple[str, ...]
    ruling: Ruling


async def get_approval(database: Database, scope: Scope, approval_id: UUID, *, now: datetime) -> Standing:
    """
    One approval.

    Raises:
        NotFound: the company has none of this id.
    """
    async with database.unit_of_work(scope) as unit:
        approval = await approvals.read(unit, approval_id)
        if approval is None:
            raise absent(approval_id)
        return _standing(approval, await person_in(unit), await policy_in(unit), now=now)


async def list_approvals(
    database: Database,
    scope: Scope,
    *,
    state: State | None = None,
    mine: bool = False,
    incident_id: UUID | None = None,
    limit: int = 100,
    before: UUID | None = None,
    now: datetime,
) -> tuple[Standing, ...]:
    """
    Approvals of the scope's company, newest first, from the one after `before` (an approval's id).

    Args:
        mine: only those that the scope's person asked for.
        incident_id: only those about this incident.

    Raises:
        NotFound: there is no such company.
    """
    async with database.unit_of_work(scope) as unit:
        await require_company(unit)
        person, policy = await person_in(unit), await policy_in(unit)
        if mine and scope.user_id is None:
            return ()
        found = await approvals.page(
            unit.connection,
            [unit.company_id],
            state=state,
            requester_id=scope.user_id if mine else None,
            incident_id=incident_id,
            limit=limit,
            before=before,
        )
    return tuple(_standing(one, person, policy, now=now) for one in found)


async def inbox(
    connection: Connection,
    person: User,
    companies: Sequence[CompanyId],
    *,
    others: bool = False,
    limit: int,
    before: UUID | None = None,
    now: datetime,
) -> tuple[Standing, ...]:
    """
    What a person may decide now, in companies that the connection sees, newest first, from the one after `before`.

    Open questions end within a day, so they are few enough to be sifted here.

    Args:
        others: what waits for other people instead.
    """
    policies = await _policies(connection, companies)
    mine: list[Standing] = []
    while True:
        found = await approvals.page(connection, companies, state=State.ASKED, limit=_AT_ONCE, before=before)
        for one in found:
            standing = _standing(one, person, policies[one.company_id], now=now)
            if (standing.ruling is Ruling.MAY) is not others:
                mine.append(standing)
        if len(mine) >= limit or len(found) < _AT_ONCE:
            return tuple(mine[:limit])
        before = found[-1].id


async def waiting(
    connection: Connection, person: User | None, companies: Sequence[CompanyId], *, now: datetime
) -> tuple[Standing, ...]:
    """All questions that wait for somebody and have not lapsed, the first to lapse first; read as `inbox`."""
    policies = await _policies(connection, companies)
    found: list[Approval] = []
    before: UUID | None = None
    while True:
        page = await approvals.page(connection, companies, state=State.ASKED, limit=_AT_ONCE, before=before)
        found += [one for one in page if one.expires_at > now]
        if len(page) < _AT_ONCE:
            break
        before = page[-1].id
    found.sort(key=lambda one: (one.expires_at, one.id))
    return tuple(_standing(one, person, policies[one.company_id], now=now) for one in found)


async def lately_settled(
    connection: Connection,
    person: User,
    companies: Sequence[CompanyId],
    *,
    limit: int,
    before: UUID | None = None,
    now: datetime,
) -> tuple[Standing, ...]:
    """What was decided, lapsed or void in the last hour, newest question first; read as `inbox`."""
    policies = await _policies(connection, companies)
    # A question is open for a day at most: what was asked earlier was settled earlier.
    earliest = now - LATELY - timedelta(minutes=LONGEST_MINUTES)
    found = await approvals.page(
        connection, companies, settled_since=now - LATELY, from_id=floor_at(earliest), limit=limit, before=before
    )
    return tuple(_standing(one, person, policies[one.company_id], now=now) for one in found)


async def _policies(connection: Connection, companies: Sequence[CompanyId]) -> dict[CompanyId, Policy]:
    settings = await company_settings.among(connection, companies)
    return {
        company_id: policy_of({name: one.value for name, one in found.items()})
        for company_id, found in settings.items()
    }


def _standing(approval: Approval, person: User | None, policy: Policy, *, now: datetime) -> Standing:
    roles = sorted(role.value for role in PERMISSIONS[DECIDES[approval.risk]].roles)
    senior = ["senior_technician"] if approval.risk is Risk.HIGH and policy.senior else []
    return Standing(
        approval,
        canonical.decode(approval.encoded),
        (*roles, *senior),
        rule(approval, person, policy, None, now=now),
    )
