"""On-call schedules, what people changed about their stretches, and secret addresses of calendars."""

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

import asyncpg
import msgspec

from alertwhisperer.domain.company import CompanyId
from alertwhisperer.domain.on_call import Change, ChangeKind, ChangeState, Plan, Span, Version
from alertwhisperer.store.database import Connection, Unit, queries

_MOST_VERSIONS = 20_000
_MOST_CHANGES = 20_000

_sql = queries("on_call")


class Known(msgspec.Struct, frozen=True):
    """
    Somebody who is, or was, in a schedule.

    Attributes:
        removed_at: since when they are here no more.
    """

    id: UUID
    email: str
    removed_at: datetime | None


class Feed(msgspec.Struct, frozen=True):
    """
    A secret address of a calendar.

    Attributes:
        schedule_id: None: the person's own stretches.
        hint: the first letters of what makes it secret.
        read_at: when a program last read it.
    """

    id: UUID
    user_id: UUID
    schedule_id: UUID | None
    name: str
    hint: str
    made_at: datetime
    read_at: datetime | None = None


async def insert_version(unit: Unit, version: Version) -> None:
    """Keep what a schedule says from now on, in the unit's company."""
    await _sql.insert_version(
        unit.connection,
        company_id=unit.company_id,
        schedule_id=version.schedule_id,
        version=version.version,
        plan=msgspec.to_builtins(version.plan),
        holds_from=version.holds_from,
        removed=version.removed,
        made_by=version.made_by,
    )


async def lock_last(unit: Unit, schedule_id: UUID) -> Version | None:
    """The last version of a schedule; nobody else changes it until the unit ends."""
    row = await _sql.lock_last(unit.connection, company_id=unit.company_id, schedule_id=schedule_id)
    return None if row is None else _version(row)


async def end_version(unit: Unit, schedule_id: UUID, *, now: datetime) -> None:
    """The last version holds until now."""
    await _sql.end_version(unit.connection, company_id=unit.company_id, schedule_id=schedule_id, holds_until=now)


async def count_schedules(unit: Unit) -> int:
    """How many the unit's company has, or the MSP."""
    return int(await _sql.count_schedules(unit.connection, company_id=unit.company_id))


async def versions(
    connection: Connection, companies: Sequence[CompanyId], span: Span, *, schedules: Sequence[UUID] | None = None
) -> tuple[Version, ...]:
    """What schedules of companies that the connection sees said in a time; each schedule's together, in order."""
    rows = _sql.versions(
        connection,
        companies=list(companies),
        schedules=None if schedules is None else list(schedules),
        since=span.start,
        until=span.end,
        limit=_MOST_VERSIONS,
    )
    return tuple([_version(row) async for row in rows])


async def history(unit: Unit, schedule_id: UUID, *, limit: int) -> tuple[Version, ...]:
    """Versions of a schedule, newest first."""
    rows = _sql.history(unit.connection, company_id=unit.company_id, schedule_id=schedule_id, limit=limit)
    return tuple([_version(row) async for row in rows])


async def count_turns(unit: Unit, companies: Sequence[CompanyId], user_id: UUID) -> int:
    """In how many schedules of companies that the unit's transaction sees a person takes turns now."""
    return int(await _sql.count_turns(unit.connection, companies=list(companies), user_id=user_id))


async def company_of(connection: Connection, companies: Sequence[CompanyId], schedule_id: UUID) -> CompanyId | None:
    """Which of the companies has a schedule; `connection` sees them."""
    found: UUID | None = await _sql.company_of(connection, companies=list(companies), schedule_id=schedule_id)
    return None if found is None else CompanyId(found)


async def insert_change(unit: Unit, change: Change) -> None:
    """Keep a change of the unit's company."""
    other = change.other_span
    await _sql.insert_change(
        unit.connection,
        company_id=unit.company_id,
        change_id=change.id,
        schedule_id=change.schedule_id,
        kind=change.kind,
        user_id=change.user_id,
        starts_at=change.span.start,
        ends_at=change.span.end,
        other_id=change.other_id,
        other_starts_at=None if other is None else other.start,
        other_ends_at=None if other is None else other.end,
        last_at=change.last,
        state=change.state,
        reason=change.reason,
        event=change.event,
        made_by=change.made_by,
        made_at=change.made_at,
        agreed_at=change.agreed_at,
    )


async def changes(
    connection: Connection, companies: Sequence[CompanyId], schedules: Sequence[UUID], span: Span
) -> tuple[Change, ...]:
    """What touches schedules in a time, agreed or not, in the order in which it was made."""
    rows = _sql.changes(
        connection,
        companies=list(companies),
        schedules=list(schedules),
        since=span.start,
        until=span.end,
        limit=_MOST_CHANGES,
    )
    return tuple([_change(row) async for row in rows])


async def count_changes(unit: Unit, schedule_id: UUID, *, since: datetime) -> int:
    """How many changes of a schedule are not over."""
    return int(
        await _sql.count_changes(unit.connection, company_id=unit.company_id, schedule_id=schedule_id, since=since)
    )


async def events(unit: Unit, schedule_id: UUID, names: Collection[str], *, since: datetime) -> frozenset[str]:
    """Which events of a calendar are there already, of those that are not over."""
    rows = _sql.events(
        unit.connection,
        company_id=unit.company_id,
        schedule_id=schedule_id,
        since=since,
        events=sorted(names),
        limit=len(names),
    )
    return frozenset([row["event"] async for row in rows])


async def lock_change(unit: Unit, change_id: UUID) -> Change | None:
    """One change; nobody else settles it until the unit ends."""
    row = await _sql.lock_change(unit.connection, company_id=unit.company_id, change_id=change_id)
    return None if row is None else _change(row)


async def settle_change(unit: Unit, change: Change) -> None:
    """Write where a change stands."""
    await _sql.settle_change(
        unit.connection,
        company_id=unit.company_id,
        change_id=change.id,
        state=change.state,
        agreed_at=change.agreed_at,
        ended_at=change.ended_at,
    )


async def company_of_change(
    connection: Connection, companies: Sequence[CompanyId], change_id: UUID
) -> CompanyId | None:
    """Which of the companies has a change; `connection` sees them."""
    found: UUID | None = await _sql.company_of_change(connection, companies=list(companies), change_id=change_id)
    return None if found is None else CompanyId(found)


async def people(connection: Connection, user_ids: Collection[UUID]) -> dict[UUID, Known]:
    """People by their ids, those who were removed as well."""
    rows = _sql.people(connection, user_ids=sorted(user_ids), limit=len(user_ids))
    return {row["user_id"]: Known(row["user_id"], row["email"], row["removed_at"]) async for row in rows}


async def insert_feed(unit: Unit, feed: Feed, address_hash: UUID) -> None:
    """Keep a secret address; `unit` is the installation's, here as below."""
    await _sql.insert_feed(
        unit.connection,
        feed_id=feed.id,
        user_id=feed.user_id,
        schedule_id=feed.schedule_id,
        name=feed.name,
        hash=address_hash,
        hint=feed.hint,
        made_at=feed.made_at,
    )


async def feed_by_hash(unit: Unit, address_hash: UUID) -> Feed | None:
    """The live address with this hash."""
    row = await _sql.feed_by_hash(unit.connection, hash=address_hash)
    return None if row is None else Feed(**dict(row))


async def feeds_of(unit: Unit, user_id: UUID, *, limit: int) -> tuple[Feed, ...]:
    """A person's live addresses, oldest first."""
    rows = _sql.feeds_of(unit.connection, user_id=user_id, limit=limit)
    return tuple([Feed(**dict(row)) async for row in rows])


async def revoke_feed(unit: Unit, feed_id: UUID, *, user_id: UUID, now: datetime) -> bool:
    """A person's address leads nowhere any more; False when there is none."""
    return (await _sql.revoke_feed(unit.connection, feed_id=feed_id, user_id=user_id, now=now)) is not None


async def revoke_feeds(unit: Unit, user_id: UUID, *, now: datetime) -> tuple[UUID, ...]:
    """No address of a person leads anywhere any more."""
    rows = _sql.revoke_feeds(unit.connection, user_id=user_id, now=now)
    return tuple([row["feed_id"] async for row in rows])


async def touch_feed(unit: Unit, feed_id: UUID, *, now: datetime) -> None:
    """A calendar was read."""
    await _sql.touch_feed(unit.connection, feed_id=feed_id, now=now)


def _version(row: asyncpg.Record) -> Version:
    return Version(
        company_id=CompanyId(row["company_id"]),
        schedule_id=row["schedule_id"],
        version=row["version"],
        plan=msgspec.convert(row["plan"], Plan),
        holds_from=row["holds_from"],
        holds_until=row["holds_until"],
        removed=row["removed"],
        made_by=row["made_by"],
    )


def _change(row: asyncpg.Record) -> Change:
    other = None if row["other_starts_at"] is None else Span(row["other_starts_at"], row["other_ends_at"])
    return Change(
        id=row["id"],
        company_id=CompanyId(row["company_id"]),
        schedule_id=row["schedule_id"],
        kind=ChangeKind(row["kind"]),
        user_id=row["user_id"],
        span=Span(row["starts_at"], row["ends_at"]),
        state=ChangeState(row["state"]),
        reason=row["reason"],
        made_by=row["made_by"],
        made_at=row["made_at"],
        other_id=row["other_id"],
        other_span=other,
        agreed_at=row["agreed_at"],
        ended_at=row["ended_at"],
        event=row["event"],
    )
