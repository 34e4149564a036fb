"""
Live changes: told in the transaction that makes them, followed by whoever watches.

A follower's place is a snapshot of the database, not the last number it saw: numbers commit out of order, and of a
snapshot the database itself can say which transactions it held. So nothing is missed, nothing is seen twice, and a long
transaction keeps nobody waiting.
"""

import re
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import asyncpg
import msgspec

from alertwhisperer.domain.company import CompanyId
from alertwhisperer.domain.live import Change, ChangeKind, pack, unpack
from alertwhisperer.kit.ids import uuid7
from alertwhisperer.store.database import Database, Unit, queries

_PLACE = re.compile(r"[0-9]{1,19}:[0-9]{1,19}:(?:[0-9]{1,19}(?:,[0-9]{1,19})*)?")
_LONGEST_PLACE = 10_000

_sql = queries("live")


class Look(msgspec.Struct, frozen=True):
    """
    What changed since the look before.

    Attributes:
        place: where the next look goes on.
        epoch: of the changes; None where none has begun.
        whole: False when there was more than one look takes; the next one must begin anew.
    """

    place: str
    epoch: UUID | None
    changes: tuple[Change, ...]
    whole: bool


async def tell(unit: Unit, kind: ChangeKind, ids: Sequence[UUID], *, now: datetime) -> None:
    """Say that these of the unit's company changed; watchers are told once the transaction commits."""
    await _sql.insert_change(
        unit.connection,
        company_id=unit.company_id,
        id=uuid7(now),
        at=now,
        kind=kind,
        subjects=pack(one.bytes for one in ids),
    )


async def epoch(database: Database, fresh: UUID) -> UUID:
    """The epoch of the changes; begins one with the given id when there is none."""
    async with database.across([]) as connection:
        await _sql.insert_epoch(connection, epoch=fresh)
        found: UUID = await _sql.select_epoch(connection)
        return found


async def place(database: Database) -> str:
    """Where a follower begins that wants to see what changes from now on."""
    async with database.across([]) as connection:
        found: str = (await _sql.select_here(connection))["snapshot"]
        return found


async def look(database: Database, since: str, *, limit: int) -> Look:
    """
    What changed since a place.

    Args:
        since: a place, as `is_place` says.
    """
    async with database.across([]) as connection:
        # Taken first: what commits between the two is in the next look again unless the rows say a later snapshot.
        here = await _sql.select_here(connection)
        rows = [row async for row in _sql.select_changes(connection, since=since, limit=limit + 1)]
    place = rows[0]["snapshot"] if rows else here["snapshot"]
    return Look(place, here["epoch"], tuple(map(_change, rows)), len(rows) <= limit)


async def forget(database: Database, *, before: datetime) -> None:
    """Drop changes from before a moment."""
    async with database.across([]) as connection:
        forgotten = await _sql.delete_before(connection, before=before)
        if forgotten is not None:
            await _sql.note_forgotten(connection, forgotten=int(forgotten))


async def oldest(database: Database) -> int:
    """The last transaction whose changes were forgotten; a place that has not seen it yet is too old."""
    async with database.across([]) as connection:
        return int(await _sql.select_forgotten(connection) or 0)


def is_place(text: str) -> bool:
    """Whether this is a place that `look` takes."""
    return len(text) <= _LONGEST_PLACE and _PLACE.fullmatch(text) is not None


def is_before(place: str, transaction: int) -> bool:
    """Whether a place was taken before a transaction was over."""
    return int(place.split(":")[0]) <= transaction


def _change(row: asyncpg.Record) -> Change:
    return Change(CompanyId(row["company_id"]), ChangeKind(row["kind"]), unpack(row["subjects"]))
