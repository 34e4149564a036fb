"""Sessions of people. They belong to the installation, as people do; every function takes a unit of it."""

from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

import asyncpg

from alertwhisperer.domain.session import Session
from alertwhisperer.store.database import Unit, queries

_sql = queries("sessions")


class Found(NamedTuple):
    """A session as its cookie finds it, and what its person still owes."""

    session: Session
    must_change: bool
    has_second_factor: bool


async def insert(unit: Unit, session: Session, session_hash: UUID) -> None:
    """Add a session."""
    await _sql.insert_session(
        unit.connection,
        session_id=session.id,
        user_id=session.user_id,
        hash=session_hash,
        how=session.how,
        ip=session.ip,
        device=session.device,
        made_at=session.made_at,
        seen_at=session.seen_at,
        idle_s=round(session.idle.total_seconds()),
        expires_at=session.expires_at,
    )


async def by_hash(unit: Unit, session_hash: UUID) -> Found | None:
    """The session with this hash, unless it was ended or its person removed; it may have expired."""
    row = await _sql.select_by_hash(unit.connection, hash=session_hash)
    return None if row is None else Found(_session(row), row["must_change"], row["has_second_factor"])


async def touch(unit: Unit, session_id: UUID, *, now: datetime) -> None:
    """It was used."""
    await _sql.touch_session(unit.connection, session_id=session_id, now=now)


async def renew(unit: Unit, session_id: UUID, session_hash: UUID, *, now: datetime) -> None:
    """From now on another cookie finds the session, unless it was ended."""
    await _sql.renew_session(unit.connection, session_id=session_id, hash=session_hash, now=now)


async def live_of(unit: Unit, user_id: UUID, *, now: datetime, limit: int) -> tuple[Session, ...]:
    """A person's live sessions, newest first."""
    rows = _sql.select_live(unit.connection, user_id=user_id, now=now, limit=limit)
    return tuple([_session(row) async for row in rows])


async def end_one(unit: Unit, user_id: UUID, session_id: UUID, *, now: datetime) -> bool:
    """End one of a person's sessions; False when they have no such session."""
    return await _sql.end_one(unit.connection, user_id=user_id, session_id=session_id, now=now) is not None


async def end_all(unit: Unit, user_id: UUID, *, now: datetime, but: UUID | None = None) -> tuple[UUID, ...]:
    """End a person's sessions, all but one if one is given; answers which were ended."""
    rows = _sql.end_all(unit.connection, user_id=user_id, now=now, but=but)
    return tuple([row["session_id"] async for row in rows])


async def forget(unit: Unit, *, before: datetime) -> None:
    """Take away sessions that were over before a moment."""
    await _sql.forget_sessions(unit.connection, before=before)


def _session(row: asyncpg.Record) -> Session:
    return Session(
        id=row["session_id"],
        user_id=row["user_id"],
        how=row["how"],
        ip=row["ip"],
        device=row["device"],
        made_at=row["made_at"],
        seen_at=row["seen_at"],
        idle=timedelta(seconds=row["idle_s"]),
        expires_at=row["expires_at"],
    )
