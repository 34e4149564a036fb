"""Reads the input log of a company in the order in which it was decided."""

from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from alertwhisperer.store.database import Unit, queries

_sql = queries("replay")
_AT_ONCE = 2_000


class Decided(NamedTuple):
    """An occurrence with what was decided; ids as UUIDs, `facts` the stored receipt."""

    id: UUID
    integration_id: UUID
    seq: int
    place: int
    received_at: datetime
    kind: int
    severity: int | None
    outcome: int
    reason: int
    problem: UUID
    cycle: UUID | None
    started_at: datetime | None
    ended_at: datetime | None
    rules_version: int
    alert_id: UUID | None
    incident_id: UUID | None
    content: str | None
    facts: str | None


class Acted(NamedTuple):
    """An act with its inputs (JSON)."""

    seq: int
    at: datetime
    kind: str
    incident_id: UUID
    facts: str


class Raw(NamedTuple):
    """A delivery as it was received."""

    id: UUID
    integration_id: UUID
    received_at: datetime
    source: str
    parser: int
    settings_version: int
    request: str | None
    body: bytes
    status: int


class Parsed(NamedTuple):
    """What a parser made of one member."""

    id: UUID
    kind: int
    severity: int | None
    problem: UUID | None
    cycle: UUID | None
    outcome: int


async def occurrences(unit: Unit) -> AsyncIterator[Decided]:
    """Every decided occurrence of the company, in the order of decision."""
    seq, place = -1, -1
    while True:
        rows = [
            Decided(*row)
            async for row in _sql.occurrences(
                unit.connection, company_id=unit.company_id, seq=seq, place=place, limit=_AT_ONCE
            )
        ]
        for row in rows:
            yield row
        if len(rows) < _AT_ONCE:
            return
        seq, place = rows[-1].seq, rows[-1].place


async def acts(unit: Unit, kinds: Sequence[str]) -> AsyncIterator[Acted]:
    """Every act of these kinds, in order."""
    seq = -1
    while True:
        rows = [
            Acted(*row)
            async for row in _sql.acts(
                unit.connection, company_id=unit.company_id, kinds=list(kinds), seq=seq, limit=_AT_ONCE
            )
        ]
        for row in rows:
            yield row
        if len(rows) < _AT_ONCE:
            return
        seq = rows[-1].seq


async def deliveries(unit: Unit) -> AsyncIterator[Raw]:
    """Every delivery that is kept, oldest first."""
    after, at_once = UUID(int=0), 200
    while True:
        rows = [
            Raw(*row)
            async for row in _sql.deliveries(unit.connection, company_id=unit.company_id, after=after, limit=at_once)
        ]
        for row in rows:
            yield row
        if len(rows) < at_once:
            return
        after = rows[-1].id


async def members_of(unit: Unit, delivery_id: UUID) -> list[Parsed]:
    """What was made of one delivery, in the order of its body."""
    rows = _sql.members_of(
        unit.connection,
        company_id=unit.company_id,
        first=delivery_id,
        beyond=UUID(int=delivery_id.int + (1 << 26)),
    )
    return [Parsed(*row) async for row in rows]
