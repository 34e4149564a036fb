"""Routes of MSP-wide integrations, and the units in quarantine that wait for one."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from alertwhisperer.domain.company import CompanyId
from alertwhisperer.store.database import Unit, queries

_sql = queries("routes")


@dataclass(frozen=True, slots=True)
class Route:
    """One customer of a tool: `value` folded, `shown` as it was given."""

    value: str
    shown: str
    company_id: CompanyId
    set_by: str
    set_at: datetime


@dataclass(frozen=True, slots=True)
class Unmapped:
    """A customer whose alerts wait; `severity` is the worst of them, None when none fires."""

    value: str
    waiting: int
    severity: int | None
    first_at: datetime
    last_at: datetime
    summary: str


@dataclass(frozen=True, slots=True)
class WaitingUnit:
    """A unit that waits, and the company that its customer is now."""

    id: UUID
    delivery_id: UUID
    value: str
    severity: int | None
    target: CompanyId


async def put(unit: Unit, integration_id: UUID, routes: Sequence[tuple[str, str, CompanyId]], *, now: datetime) -> None:
    """Map customers (folded name, name as given, company)."""
    if not routes:
        return
    await _sql.put(
        unit.connection,
        company_id=unit.company_id,
        integration_id=integration_id,
        values=[value for value, _, _ in routes],
        shown=[shown for _, shown, _ in routes],
        targets=[target for _, _, target in routes],
        set_by=unit.scope.actor,
        set_at=now,
    )


async def remove(unit: Unit, integration_id: UUID, values: Sequence[str]) -> None:
    """Take customers off, by their folded names."""
    if values:
        await _sql.remove(
            unit.connection, company_id=unit.company_id, integration_id=integration_id, values=list(values)
        )


async def page(unit: Unit, integration_id: UUID, *, limit: int, after: str | None = None) -> tuple[Route, ...]:
    """Routes in the order of their folded names, from the one after `after`."""
    found = _sql.page(
        unit.connection,
        company_id=unit.company_id,
        integration_id=integration_id,
        after=after,
        limit=limit,
    )
    return tuple(
        [
            Route(row["value"], row["shown"], CompanyId(row["target"]), row["set_by"], row["set_at"])
            async for row in found
        ]
    )


async def unmapped(unit: Unit, integration_id: UUID, *, limit: int) -> tuple[Unmapped, ...]:
    """Customers whose alerts wait for a company, the worst first."""
    found = _sql.unmapped(unit.connection, company_id=unit.company_id, integration_id=integration_id, limit=limit)
    return tuple(
        [
            Unmapped(
                row["value"], row["waiting"], row["severity"], row["first_at"], row["last_at"], row["summary"] or ""
            )
            async for row in found
        ]
    )


async def waiting(
    unit: Unit, integration_id: UUID, *, limit: int, after: UUID = UUID(int=0)
) -> tuple[WaitingUnit, ...]:
    """Units whose customer is mapped now, in the order in which they came, from the one after `after`."""
    found = _sql.waiting(
        unit.connection, company_id=unit.company_id, integration_id=integration_id, limit=limit, after=after
    )
    return tuple(
        [
            WaitingUnit(row["id"], row["delivery_id"], row["subject"], row["severity"], CompanyId(row["target"]))
            async for row in found
        ]
    )


async def still_waiting(unit: Unit, ids: Sequence[UUID]) -> set[UUID]:
    """Which of these units (at most 1,000) still wait."""
    found = _sql.still_waiting(unit.connection, company_id=unit.company_id, ids=list(ids))
    return {row["id"] async for row in found}
