"""Sites: the places of a company."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import asyncpg

from alertwhisperer.domain.errors import Conflicting
from alertwhisperer.domain.inventory import Site
from alertwhisperer.store.database import Unit, queries

_sql = queries("sites")


async def insert(unit: Unit, sites: Sequence[Site]) -> None:
    """Add sites; raises `Conflicting` when a name is another site's."""
    await _write(_sql.insert, unit, sites)


async def update(unit: Unit, sites: Sequence[Site]) -> None:
    """Write what sites are now; raises `Conflicting` when a name is another site's."""
    await _write(_sql.update, unit, sites)


async def read(unit: Unit, site_id: UUID) -> Site | None:
    """One site; None when the company has none of this id."""
    row = await _sql.read(unit.connection, company_id=unit.company_id, site_id=site_id)
    return Site(**row) if row else None


async def lock(unit: Unit, site_id: UUID) -> Site | None:
    """The same as `read`; nobody else changes it until the unit ends."""
    row = await _sql.lock(unit.connection, company_id=unit.company_id, site_id=site_id)
    return Site(**row) if row else None


async def among(unit: Unit, site_ids: Sequence[UUID]) -> dict[UUID, Site]:
    """Those of the sites that the company has, by id."""
    rows = _sql.among(unit.connection, company_id=unit.company_id, site_ids=list(site_ids), limit=len(site_ids))
    return {row["id"]: Site(**row) async for row in rows}


async def by_names(unit: Unit, names: Sequence[str]) -> dict[str, Site]:
    """Sites of these names, whatever their case, by the name in lower case."""
    wanted = sorted({name.lower() for name in names})
    rows = _sql.by_names(unit.connection, company_id=unit.company_id, names=wanted, limit=len(wanted))
    return {row["name"].lower(): Site(**row) async for row in rows}


async def page(unit: Unit, *, q: str | None, limit: int, before: UUID | None = None) -> list[Site]:
    """Sites, newest first, from the one after `before`; with `q` in their name if given."""
    rows = _sql.page(unit.connection, company_id=unit.company_id, q=q, limit=limit, before=before)
    return [Site(**row) async for row in rows]


async def remove(unit: Unit, site_id: UUID) -> None:
    """Remove a site; its assets and contacts stay, and stand nowhere."""
    company_id = unit.company_id
    await _sql.vacate_assets(unit.connection, company_id=company_id, site_id=site_id)
    await _sql.vacate_contacts(unit.connection, company_id=company_id, site_id=site_id)
    await _sql.remove(unit.connection, company_id=company_id, site_id=site_id)


async def _write(statement: Any, unit: Unit, sites: Sequence[Site]) -> None:
    try:
        await statement(unit.connection, company_id=unit.company_id, rows=[_row(site) for site in sites])
    except asyncpg.UniqueViolationError as failure:
        raise Conflicting("another site has this name", where="name", mend="choose another") from failure


def _row(site: Site) -> dict[str, object]:
    return {
        "site_id": site.id,
        "name": site.name,
        "time_zone": site.time_zone,
        "calendar": site.calendar,
        "address": site.address,
        "notes": site.notes,
        "created_at": site.created_at,
    }
