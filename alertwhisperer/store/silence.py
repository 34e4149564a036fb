"""Silence checks, how they stand, and since when this installation listens."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID

import asyncpg
import msgspec

from alertwhisperer.domain.company import CompanyId
from alertwhisperer.domain.company_setting import Effective, SettingValue, known
from alertwhisperer.domain.severity import Severity
from alertwhisperer.domain.silence import (
    Listening,
    Mode,
    NewCheck,
    Reason,
    Rhythm,
    SilenceCheck,
    SilenceState,
)
from alertwhisperer.kit.ids import floor_at
from alertwhisperer.store import company_settings
from alertwhisperer.store.database import Connection, Unit, queries

MOST_CHECKS = 200
"""Of one integration; further heartbeats are heard and not watched."""

_sql = queries("silence")


async def insert(unit: Unit, checks: Iterable[NewCheck], *, now: datetime) -> None:
    """Begin to watch, as the company's settings say; what is watched already stays as it is."""
    held = await company_settings.of(unit)
    mode, grace_s, severity = (_setting(held, name) for name in ("silence_mode", "silence_grace_s", "silence_severity"))
    is_off = mode == Mode.OFF.value
    wanted = sorted(checks, key=lambda one: one.id)
    await _sql.insert(
        unit.connection,
        company_id=unit.company_id,
        ids=[one.id for one in wanted],
        integrations=[one.integration_id for one in wanted],
        problems=[one.problem for one in wanted],
        heartbeats=[one.is_heartbeat for one in wanted],
        names=[one.name for one in wanted],
        mode=mode,
        state=(SilenceState.OFF if is_off else SilenceState.LEARNING).value,
        reason=(Reason.TURNED_OFF if is_off else Reason.FEW_BEATS).value,
        grace_s=grace_s,
        severity=int(Severity[str(severity).upper()]),
        most=MOST_CHECKS,
        now=now,
    )


def _setting(held: Mapping[str, Effective], name: str) -> SettingValue:
    return held[name].value if name in held else known(name).default


async def page(unit: Unit, *, limit: int, before: UUID | None = None) -> tuple[SilenceCheck, ...]:
    """Checks of integrations in use, by descending id, from the one after `before`."""
    rows = _sql.page(unit.connection, company_id=unit.company_id, before=before, limit=limit)
    return tuple([_check(row) async for row in rows])


async def silent_among(
    connection: Connection, companies: Sequence[CompanyId], *, limit: int
) -> tuple[SilenceCheck, ...]:
    """What is silent now in companies that the connection sees, the longest first."""
    rows = _sql.silent_among(connection, companies=list(companies), limit=limit)
    return tuple([_check(row) async for row in rows])


async def read(unit: Unit, check_id: UUID) -> SilenceCheck | None:
    """One check, of a removed integration too; None when the company has none of this id."""
    row = await _sql.read(unit.connection, company_id=unit.company_id, check_id=check_id)
    return None if row is None else _check(row)


async def lock(unit: Unit, checks: Sequence[UUID]) -> dict[UUID, SilenceCheck]:
    """Several checks by their ids; nobody else changes them until the unit ends."""
    rows = _sql.lock(unit.connection, company_id=unit.company_id, ids=list(checks))
    return {row["check_id"]: _check(row) async for row in rows}


async def try_lock(unit: Unit, check_id: UUID) -> SilenceCheck | None:
    """One check, likewise; None when somebody else has it."""
    row = await _sql.try_lock(unit.connection, company_id=unit.company_id, check_id=check_id)
    return None if row is None else _check(row)


async def save(unit: Unit, check: SilenceCheck) -> None:
    """Write what may change of a check."""
    await _sql.save(
        unit.connection,
        company_id=unit.company_id,
        check_id=check.id,
        mode=check.mode.value,
        interval_s=check.interval_s,
        grace_s=check.grace_s,
        severity=int(check.severity),
        state=check.state.value,
        reason=check.reason.value,
        heard_at=check.heard_at,
        expected_since=check.expected_since,
        quiet_since=check.quiet_since,
        changed_at=check.changed_at,
        episode=check.episode,
        told=check.told,
        learned=check.rhythm,
    )


async def mark_told(unit: Unit, check: SilenceCheck) -> None:
    """Our alert says what the check says, unless its state has changed since it was read."""
    await _sql.mark_told(unit.connection, company_id=unit.company_id, check_id=check.id, changed_at=check.changed_at)


async def wake(unit: Unit, integration_id: UUID, *, now: datetime) -> None:
    """Have all checks of an integration looked at."""
    await _sql.wake(unit.connection, company_id=unit.company_id, integration_id=integration_id, now=now)


async def last_stored(unit: Unit, check: SilenceCheck, *, since: datetime) -> datetime | None:
    """When it was last heard at or after `since`, by what is stored; None when it was not."""
    if check.problem is None:
        found: datetime | None = await _sql.last_delivery(
            unit.connection, company_id=unit.company_id, integration_id=check.integration_id, floor=floor_at(since)
        )
        return found
    found = await _sql.last_occurrence(
        unit.connection,
        company_id=unit.company_id,
        integration_id=check.integration_id,
        problem=check.problem,
        floor=floor_at(since),
    )
    return found


async def beat(connection: Connection, *, now: datetime, deaf_after: timedelta) -> None:
    """This process listens; the first sign after `deaf_after` without any begins a new time of listening."""
    await _sql.beat(connection, now=now, deaf_after_s=deaf_after.total_seconds())


async def listening(connection: Connection) -> Listening | None:
    """Since when this installation listens; None before the first sign."""
    row = await _sql.listening(connection)
    return None if row is None else Listening(row["listening_since"], row["seen_at"])


def _check(row: asyncpg.Record) -> SilenceCheck:
    return SilenceCheck(
        company_id=CompanyId(row["company_id"]),
        id=row["check_id"],
        integration_id=row["integration_id"],
        problem=row["problem"],
        is_heartbeat=row["heartbeat"],
        name=row["integration"] if row["problem"] is None else row["name"],
        integration=row["integration"],
        in_use=row["in_use"],
        mode=Mode(row["mode"]),
        interval_s=row["interval_s"],
        grace_s=row["grace_s"],
        severity=Severity(row["severity"]),
        state=SilenceState(row["state"]),
        reason=Reason(row["reason"]),
        heard_at=row["heard_at"],
        expected_since=row["expected_since"],
        quiet_since=row["quiet_since"],
        changed_at=row["changed_at"],
        episode=row["episode"],
        told=row["told"],
        rhythm=msgspec.convert(row["learned"], Rhythm),
        created_at=row["created_at"],
    )
