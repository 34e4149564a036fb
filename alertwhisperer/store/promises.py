"""Promises: what a client was told that somebody will do by when, about an incident."""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal, TypeAlias
from uuid import UUID

import asyncpg
import msgspec

from alertwhisperer.domain.company import CompanyId
from alertwhisperer.store.database import Connection, Unit, queries

PromiseWord: TypeAlias = Literal["waiting", "late", "kept", "dropped"]
PromiseState: TypeAlias = Literal["waiting", "kept", "dropped"]

_sql = queries("promises")


class Promise(msgspec.Struct, frozen=True):
    """
    What a client was told.

    Attributes:
        number, title: of the incident that it is about.
        kept_at, dropped_at: at most one; both None while it waits; aware UTC, as all times here.
        dropped_why: why it was given up.
    """

    id: UUID
    company_id: CompanyId
    incident_id: UUID
    number: int
    title: str
    text: str
    due_at: datetime
    made_by: str
    made_at: datetime
    kept_at: datetime | None
    kept_by: str | None
    dropped_at: datetime | None
    dropped_by: str | None
    dropped_why: str | None

    def word(self, now: datetime) -> PromiseWord:
        """Where it stands."""
        if self.kept_at is not None:
            return "kept"
        if self.dropped_at is not None:
            return "dropped"
        return "late" if self.due_at <= now else "waiting"


class Waiting(msgspec.Struct, frozen=True):
    """Promises that wait, the soonest first; `amount` counts those beyond them too."""

    promises: tuple[Promise, ...]
    amount: int


async def insert(
    unit: Unit, promise_id: UUID, incident_id: UUID, text: str, due_at: datetime, *, now: datetime
) -> None:
    """Keep what the unit's actor promised."""
    await _sql.insert(
        unit.connection,
        company_id=unit.company_id,
        promise_id=promise_id,
        incident_id=incident_id,
        text=text,
        due_at=due_at,
        made_by=unit.scope.actor,
        made_at=now,
    )


async def read(unit: Unit, promise_id: UUID) -> Promise | None:
    """One promise; None when the company has none of this id."""
    row = await _sql.read(unit.connection, company_id=unit.company_id, promise_id=promise_id)
    return None if row is None else _promise(row)


async def keep(unit: Unit, promise_id: UUID, *, now: datetime) -> UUID | None:
    """The unit's actor kept it; gives the incident's id, or None when nothing waits by this id."""
    kept: UUID | None = await _sql.keep(
        unit.connection, company_id=unit.company_id, promise_id=promise_id, now=now, actor=unit.scope.actor
    )
    return kept


async def drop(unit: Unit, promise_id: UUID, why: str, *, now: datetime) -> UUID | None:
    """The unit's actor gave it up; gives the incident's id, or None when nothing waits by this id."""
    dropped: UUID | None = await _sql.drop_one(
        unit.connection, company_id=unit.company_id, promise_id=promise_id, now=now, actor=unit.scope.actor, why=why
    )
    return dropped


async def of_incident(unit: Unit, incident_id: UUID, *, limit: int) -> list[Promise]:
    """What was promised about an incident, the soonest due first."""
    rows = _sql.of_incident(unit.connection, company_id=unit.company_id, incident_id=incident_id, limit=limit)
    return [_promise(row) async for row in rows]


async def count_of_incident(unit: Unit, incident_id: UUID) -> int:
    """How many promises an incident has, kept ones too."""
    return int(await _sql.count_of_incident(unit.connection, company_id=unit.company_id, incident_id=incident_id))


async def page(unit: Unit, *, state: PromiseState | None, limit: int, before: UUID | None) -> list[Promise]:
    """Promises of the unit's company, newest first; `state`: only those that stand so, late ones among `waiting`."""
    rows = _sql.page(unit.connection, company_id=unit.company_id, state=state, limit=limit, before=before)
    return [_promise(row) async for row in rows]


async def waiting(
    connection: Connection, companies: Sequence[CompanyId], *, owner: str | None = None, limit: int
) -> Waiting:
    """
    Promises of companies that the connection sees and that wait.

    Args:
        owner: only those that this person made, or whose incident is theirs.
    """
    rows = [row async for row in _sql.waiting(connection, companies=list(companies), owner=owner, limit=limit)]
    return Waiting(tuple(map(_promise, rows)), rows[0]["amount"] if rows else 0)


async def company_of(connection: Connection, companies: Sequence[CompanyId], promise_id: UUID) -> CompanyId | None:
    """Which of the companies has the promise; `connection` is of `Database.across` these companies."""
    found: UUID | None = await _sql.company_of(connection, companies=list(companies), promise_id=promise_id)
    return None if found is None else CompanyId(found)


def _promise(row: asyncpg.Record) -> Promise:
    return Promise(**{name: row[name] for name in Promise.__struct_fields__})
