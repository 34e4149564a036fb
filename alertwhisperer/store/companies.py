"""Companies: rows of our tenants, and the list of their ids for those who must look before one is known."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from uuid import UUID

import asyncpg

from alertwhisperer.domain.company import Company, CompanyId
from alertwhisperer.store.database import SET_COMPANIES, Connection, Unit, queries, setting_of

_sql = queries("companies")


async def insert(
    unit: Unit, *, name: str, ref: str | None = None, group_id: UUID | None = None, now: datetime
) -> Company:
    """Make the unit's company with the product's limits; its id must be fresh."""
    await _sql.insert_tenant(unit.connection, company_id=unit.company_id)
    row = await _sql.insert_company(
        unit.connection, company_id=unit.company_id, name=name, ref=ref, group_id=group_id, created_at=now
    )
    return _company(row)


async def get(unit: Unit) -> Company | None:
    """The unit's company, or None when there is none."""
    row = await _sql.select_company(unit.connection, company_id=unit.company_id)
    return _company(row) if row else None


async def lock(unit: Unit) -> Company | None:
    """The same as `get`; nobody else changes it until the unit ends."""
    row = await _sql.lock_company(unit.connection, company_id=unit.company_id)
    return _company(row) if row else None


async def update(unit: Unit, company: Company) -> None:
    """Write the name, the ref, the group, the zone and the limits of the unit's company."""
    await _sql.update_company(
        unit.connection,
        company_id=unit.company_id,
        name=company.name,
        time_zone=company.time_zone,
        requests_per_minute=company.requests_per_minute,
        occurrences_per_minute=company.occurrences_per_minute,
        bytes_per_minute=company.bytes_per_minute,
        ref=company.ref,
        group_id=company.group_id,
    )


async def all_ids(connection: Connection) -> tuple[CompanyId, ...]:
    """The ids of all companies, oldest first: ids only, for the MSP's view and the scheduler."""
    return tuple([CompanyId(row["company_id"]) async for row in _sql.select_all_ids(connection)])


async def among(connection: Connection, companies: Sequence[CompanyId]) -> tuple[Company, ...]:
    """Those of the companies that exist, newest first; `connection` must see them (`Database.across`)."""
    rows = _sql.select_among(connection, companies=list(companies), limit=len(companies))
    return tuple([_company(row) async for row in rows])


async def see(connection: Connection, companies: Iterable[CompanyId]) -> None:
    """
    Let the rest of the transaction see these companies and no others.

    For the MSP's own door (`guard.company_settings.over_all`), which learns which companies there are only when it has
    locked them, and for those who cross and read rows of the installation besides.
    """
    await connection.execute(SET_COMPANIES, setting_of(companies))


async def mirror(connection: Connection, companies: Sequence[Company]) -> None:
    """Write the zone and the limits of companies; `connection` must see them."""
    if not companies:
        return
    await _sql.mirror(
        connection,
        companies=[one.id for one in companies],
        zones=[one.time_zone for one in companies],
        requests=[one.requests_per_minute for one in companies],
        occurrences=[one.occurrences_per_minute for one in companies],
        bytes=[one.bytes_per_minute for one in companies],
    )


async def with_ref(connection: Connection, companies: Sequence[CompanyId], ref: str) -> CompanyId | None:
    """Which of the companies has this ref; `connection` must see them."""
    found: CompanyId | None = await _sql.with_ref(connection, companies=list(companies), ref=ref)
    return found


async def count_in_groups(connection: Connection, companies: Sequence[CompanyId]) -> Mapping[UUID, int]:
    """How many of the companies are in each group; `connection` must see them."""
    rows = _sql.count_in_groups(connection, companies=list(companies))
    return {row["group_id"]: row["companies"] async for row in rows}


def _company(row: asyncpg.Record) -> Company:
    return Company(
        id=CompanyId(row["company_id"]),
        name=row["name"],
        time_zone=row["time_zone"],
        requests_per_minute=row["requests_per_minute"],
        occurrences_per_minute=row["occurrences_per_minute"],
        bytes_per_minute=row["bytes_per_minute"],
        created_at=row["created_at"],
        ref=row["ref"],
        group_id=row["group_id"],
    )
