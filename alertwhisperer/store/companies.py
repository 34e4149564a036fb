"""Companies: rows of our tenants, and the list of their ids for those who must look before one is known."""

from collections.abc import Sequence
from datetime import datetime

import asyncpg

from alertwhisperer.domain.company import Company, CompanyId
from alertwhisperer.store.database import Connection, Unit, queries

_sql = queries("companies")


async def insert(unit: Unit, *, name: str, time_zone: str, now: datetime) -> Company:
    """Make the unit's company; its id must be fresh."""
    await _sql.insert_tenant(unit.connection, company_id=unit.company_id)
    row = await _sql.insert_company(
        unit.connection, company_id=unit.company_id, name=name, time_zone=time_zone, created_at=now
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
    """Write the name, the zone and the limits of the unit's company."""
    await _sql.update_company(
        unit.connection,
        company_id=unit.company_id,
        name=company.name,
        time_zone=company.time_zone,
        requests_per_minute=company.requests_per_minute,
        occurrences_per_minute=company.occurrences_per_minute,
        bytes_per_minute=company.bytes_per_minute,
    )


async def all_ids(connection: Connection) -> tuple[CompanyId, ...]:
    """The ids of all companies, oldest first: ids only, for the MSP's view and the scheduler."""
    return tuple([CompanyId(row["company_id"]) async for row in _sql.select_all_ids(connection)])


async def among(connection: Connection, companies: Sequence[CompanyId]) -> tuple[Company, ...]:
    """Those of the companies that exist, newest first; `connection` must see them (`Database.across`)."""
    rows = _sql.select_among(connection, companies=list(companies), limit=len(companies))
    return tuple([_company(row) async for row in rows])


def _company(row: asyncpg.Record) -> Company:
    return Company(
        id=CompanyId(row["company_id"]),
        name=row["name"],
        time_zone=row["time_zone"],
        requests_per_minute=row["requests_per_minute"],
        occurrences_per_minute=row["occurrences_per_minute"],
        bytes_per_minute=row["bytes_per_minute"],
        created_at=row["created_at"],
    )
