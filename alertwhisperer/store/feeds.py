"""Feeds: where each look at a tool that cannot push stands, and what came of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, NamedTuple
from uuid import UUID

from alertwhisperer.store import due
from alertwhisperer.store.database import Unit, queries

State = Literal["waiting", "ok", "failing", "stopped"]

_sql = queries("feeds")


@dataclass(frozen=True, slots=True)
class Feed:
    """
    A feed as people see it.

    Attributes:
        state: `waiting` for its first look; `failing` is tried again; `stopped` until a person changes something.
        failures: in a row.
        problem: of the last look, in words; "" when there was none.
        looks, items, repeats: so far; items were handed in, repeats of these were seen before.
        due_at: of the next look; None when none will be.
    """

    integration_id: UUID
    name: str
    source: str
    interval_s: int
    paused: bool
    state: State
    polled_at: datetime | None
    succeeded_at: datetime | None
    failures: int
    problem: str
    looks: int
    items: int
    repeats: int
    due_at: datetime | None


class Taken(NamedTuple):
    """A feed as the worker needs it; `cursor` and `pending` are the source's own JSON."""

    interval_s: int
    paused: bool
    state: State
    sequence: int
    busy_until: datetime | None
    cursor: Any
    pending: Any
    failures: int
    refusals: int


async def begin(unit: Unit, integration_id: UUID, *, interval_s: int) -> None:
    """There is a feed from now on, or it is set anew."""
    await _sql.begin(unit.connection, company_id=unit.company_id, integration_id=integration_id, interval_s=interval_s)


async def take(unit: Unit, integration_id: UUID) -> Taken | None:
    """A feed, locked until the unit ends; None when its integration was removed."""
    row = await _sql.take(unit.connection, company_id=unit.company_id, integration_id=integration_id)
    return None if row is None else Taken(*row)


async def start(unit: Unit, integration_id: UUID, *, until: datetime, now: datetime) -> None:
    """A look begins: the feed's `sequence` grows by one, and the lease lasts until `until`."""
    await _sql.start(unit.connection, company_id=unit.company_id, integration_id=integration_id, until=until, now=now)


async def intend(unit: Unit, integration_id: UUID, sequence: int, pending: object) -> None:
    """Note where the next look will begin, before the items of this one are stored."""
    await _sql.intend(
        unit.connection,
        company_id=unit.company_id,
        integration_id=integration_id,
        sequence=sequence,
        pending=pending,
    )


async def succeed(
    unit: Unit, integration_id: UUID, sequence: int, cursor: object, *, items: int, repeats: int, now: datetime
) -> bool | None:
    """All items of a look are stored; answers whether the feed is paused, None when the look lost its lease."""
    row = await _sql.succeed(
        unit.connection,
        company_id=unit.company_id,
        integration_id=integration_id,
        sequence=sequence,
        pending=cursor,
        items=items,
        repeats=repeats,
        now=now,
    )
    return None if row is None else bool(row["paused"])


async def fail(
    unit: Unit,
    integration_id: UUID,
    sequence: int,
    state: State,
    problem: str,
    *,
    failures: int,
    refusals: int,
    items: int = 0,
    repeats: int = 0,
) -> bool | None:
    """A look failed, or did not come to its end; answers as `succeed` does."""
    row = await _sql.fail(
        unit.connection,
        company_id=unit.company_id,
        integration_id=integration_id,
        sequence=sequence,
        state=state,
        problem=problem[:500],
        failures=failures,
        refusals=refusals,
        items=items,
        repeats=repeats,
    )
    return None if row is None else bool(row["paused"])


async def advance(unit: Unit, integration_id: UUID, sequence: int, cursor: object) -> None:
    """The items of a look that did not come to its end are stored as far as it came."""
    await _sql.advance(
        unit.connection,
        company_id=unit.company_id,
        integration_id=integration_id,
        sequence=sequence,
        pending=cursor,
    )


async def pause(unit: Unit, integration_id: UUID, *, paused: bool) -> None:
    """Let no look begin, or let them again."""
    await _sql.pause(unit.connection, company_id=unit.company_id, integration_id=integration_id, paused=paused)


async def read(unit: Unit, integration_id: UUID) -> Feed | None:
    """One feed; None when the company has none of this id in use."""
    row = await _sql.read(unit.connection, company_id=unit.company_id, integration_id=integration_id)
    return None if row is None else (await _timed(unit, [row]))[0]


async def page(unit: Unit, *, limit: int, before: UUID | None = None) -> tuple[Feed, ...]:
    """Feeds of integrations in use, newest first, from the one after `before` (an integration's id)."""
    found = _sql.page(unit.connection, company_id=unit.company_id, limit=limit, before=before)
    return await _timed(unit, [row async for row in found])


async def _timed(unit: Unit, found: Sequence[Sequence[Any]]) -> tuple[Feed, ...]:
    due_at = await due.times(unit, due.POLL_FEED, [row[0] for row in found])
    return tuple(Feed(*[*row, due_at.get(row[0])]) for row in found)
