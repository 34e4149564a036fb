"""What somebody who leaves holds in companies: read, and handed on, in a transaction that sees all of them."""

from collections import defaultdict
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

import asyncpg

from alertwhisperer.domain.audit import AuditAction, Resource
from alertwhisperer.domain.company import CompanyId
from alertwhisperer.domain.state import IncidentStatus
from alertwhisperer.store.database import Connection, Unit, queries

_sql = queries("offboarding")


class SeenSecret(NamedTuple):
    """Something that was shown to a person once, and is still good as far as the audit log knows."""

    company_id: CompanyId
    resource: Resource
    action: AuditAction
    at: datetime


async def incidents_of(
    connection: Connection, companies: Collection[CompanyId], email: str
) -> Mapping[CompanyId, Sequence[UUID]]:
    """Open incidents that somebody works on, by company."""
    return await _by_company(
        _sql.incidents_of(connection, companies=sorted(companies), email=email, status=IncidentStatus.OPEN)
    )


async def assets_of(
    connection: Connection, companies: Collection[CompanyId], email: str
) -> Mapping[CompanyId, Sequence[UUID]]:
    """Assets that somebody owns, by company."""
    return await _by_company(_sql.assets_of(connection, companies=sorted(companies), email=email))


async def set_owner(unit: Unit, assets: Collection[UUID], owner: str) -> None:
    """Give assets of the unit's company another owner; empty for none."""
    await _sql.set_owner(unit.connection, company_id=unit.company_id, assets=sorted(assets), owner=owner)


async def secrets_seen(
    connection: Connection,
    companies: Collection[CompanyId],
    user_id: UUID,
    *,
    shown: Collection[AuditAction],
    ended: Collection[AuditAction],
) -> tuple[SeenSecret, ...]:
    """
    What was shown to a person and did not end since.

    Args:
        shown: acts that show something once.
        ended: acts that end such a thing, or replace it.
    """
    rows = _sql.secrets_seen(
        connection,
        companies=sorted(companies),
        user_id=user_id,
        shown=sorted(one.value for one in shown),
        ended=sorted(one.value for one in ended),
    )
    return tuple(
        [
            SeenSecret(
                CompanyId(row["company_id"]),
                Resource(row["resource_kind"], row["resource_id"]),
                AuditAction(row["action"]),
                row["at"],
            )
            async for row in rows
        ]
    )


async def _by_company(rows: AsyncIterator[asyncpg.Record]) -> Mapping[CompanyId, Sequence[UUID]]:
    found: dict[CompanyId, list[UUID]] = defaultdict(list)
    async for company_id, identifier in rows:
        found[CompanyId(company_id)].append(identifier)
    return found
