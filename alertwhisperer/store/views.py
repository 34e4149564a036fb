"""Saved views of lists: rows of the MSP, whoever made them."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import asyncpg
import msgspec

from alertwhisperer.domain.company import CompanyId
from alertwhisperer.store.database import Unit, queries

_sql = queries("views")


class View(msgspec.Struct, frozen=True):
    """
    A list as somebody likes to look at it.

    Attributes:
        owner: the e-mail of whoever made it.
        address: the query string of the list's page.
        about_id: of a shared one: the company whose people see it; None: the MSP's own people do.
        position: among the others, least first.
    """

    id: UUID
    owner_id: UUID
    owner: str
    name: str
    address: str
    shared: bool
    about_id: CompanyId | None
    position: int
    made_at: datetime


async def insert(unit: Unit, view: View) -> None:
    """Keep a view; `unit` is the MSP's, here as below."""
    await _sql.insert(unit.connection, owner_id=view.owner_id, made_at=view.made_at, **_written(unit, view))


async def visible(
    unit: Unit, owner_id: UUID, served: Sequence[CompanyId], *, is_of_msp: bool, limit: int
) -> list[View]:
    """A person's own views, and those shared with them, by position and name."""
    rows = _sql.visible(
        unit.connection,
        company_id=unit.company_id,
        owner_id=owner_id,
        served=list(served),
        is_of_msp=is_of_msp,
        limit=limit,
    )
    return [_view(row) async for row in rows]


async def lock(unit: Unit, view_id: UUID) -> View | None:
    """One view; nobody else changes it until the unit ends."""
    row = await _sql.lock(unit.connection, company_id=unit.company_id, view_id=view_id)
    return None if row is None else _view(row)


async def count_own(unit: Unit, owner_id: UUID) -> int:
    """How many a person has that are not shared."""
    count: int = await _sql.count_own(unit.connection, company_id=unit.company_id, owner_id=owner_id)
    return count


async def count_shared(unit: Unit, about_id: CompanyId | None) -> int:
    """How many are shared with the people of a company; with the MSP's own for None."""
    count: int = await _sql.count_shared(unit.connection, company_id=unit.company_id, about_id=about_id)
    return count


async def update(unit: Unit, view: View) -> None:
    """Write what may change of a view."""
    await _sql.update(unit.connection, **_written(unit, view))


async def delete(unit: Unit, view_id: UUID) -> None:
    """Forget a view."""
    await _sql.delete(unit.connection, company_id=unit.company_id, view_id=view_id)


def _written(unit: Unit, view: View) -> dict[str, object]:
    return {
        "company_id": unit.company_id,
        "view_id": view.id,
        "name": view.name,
        "address": view.address,
        "shared": view.shared,
        "about_id": view.about_id,
        "position": view.position,
    }


def _view(row: asyncpg.Record) -> View:
    return View(**dict(row))
