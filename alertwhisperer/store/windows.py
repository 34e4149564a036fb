"""Maintenance windows, their times, and the alerts that they held back."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import asyncpg
import msgspec

from alertwhisperer.domain.severity import Severity
from alertwhisperer.domain.state import IncidentState
from alertwhisperer.domain.window import MOST_SPANS, MOST_WINDOWS, HeldTime, MaintenanceWindow, Phase, Span, micros
from alertwhisperer.kit.ids import floor_at
from alertwhisperer.store import due
from alertwhisperer.store.database import Unit, queries

_sql = queries("windows")
_MOST_NAMES = 100_000


class SuppressedAlert(msgspec.Struct, frozen=True):
    """
    An alert that a window held back.

    Attributes:
        id: of the occurrence that was held back.
        incident_id: where its incident opened after all; else None.
    """

    id: UUID
    window_id: UUID
    window_name: str
    alert_id: UUID
    incident_id: UUID | None
    severity: Severity
    asset: str
    signature: str
    received_at: datetime


class FiringAlert(msgspec.Struct, frozen=True):
    """What fires of an incident; `own_name` is the asset's own, canonical."""

    asset: str
    signature: str
    own_name: str
    severity: int


class SeenAlert(msgspec.Struct, frozen=True):
    """An alert of the last days; `opened_at` and `title` are its incident's, None where none opened."""

    id: UUID
    asset: str
    signature: str
    severity: int
    first_seen_at: datetime
    incident_id: UUID | None
    opened_at: datetime | None
    title: str | None
    own_name: str


async def held(unit: Unit, *, now: datetime, running: bool = False) -> tuple[HeldTime, ...]:
    """Windows that are not over, as the rules hold them; with `running` only the times that hold now."""
    rows = _sql.held(
        unit.connection, company_id=unit.company_id, now=now, running=running, limit=MOST_WINDOWS * 2
    )  # two people may save the last ones at once
    return tuple(
        [
            HeldTime(
                row["id"],
                row["name"],
                None if row["everywhere"] else tuple(row["names"]),
                tuple(row["signatures"]),
                tuple(
                    (micros(start), micros(finish))
                    for start, finish in zip(row["starts"], row["finishes"], strict=True)
                ),
            )
            async for row in rows
        ]
    )


async def own_names(unit: Unit, sites: Sequence[UUID], assets: Sequence[UUID]) -> tuple[str, ...]:
    """Canonical own names of the assets at these places."""
    rows = _sql.own_names(
        unit.connection, company_id=unit.company_id, sites=list(sites), assets=list(assets), limit=_MOST_NAMES
    )
    return tuple([row["name"] async for row in rows])


async def insert(unit: Unit, window: MaintenanceWindow, spans: Sequence[tuple[datetime, datetime]]) -> None:
    """Keep a window and its times; that its first time ends is due."""
    await _sql.insert(
        unit.connection,
        company_id=unit.company_id,
        id=window.id,
        name=window.name,
        reason=window.reason,
        sites=list(window.sites),
        assets=list(window.assets),
        signatures=list(window.signatures),
        time_zone=window.time_zone,
        recurrence=window.recurrence,
        made_by=window.made_by,
        made_at=window.made_at,
    )
    await _sql.insert_spans(
        unit.connection,
        company_id=unit.company_id,
        id=window.id,
        starts=[start for start, _ in spans],
        finishes=[finish for _, finish in spans],
    )
    await due.add(unit, due.SETTLE_WINDOW, window.id, due_at=spans[0][1])


async def page(
    unit: Unit, *, phase: Phase | None, now: datetime, limit: int, before: UUID | None = None
) -> list[MaintenanceWindow]:
    """Windows by descending id, those in a phase or all."""
    rows = _sql.page(
        unit.connection,
        company_id=unit.company_id,
        phase=None if phase is None else phase.value,
        now=now,
        before=before,
        limit=limit,
    )
    return [_window(row) async for row in rows]


async def read(unit: Unit, window_id: UUID) -> MaintenanceWindow | None:
    """One window."""
    row = await _sql.read(unit.connection, company_id=unit.company_id, id=window_id)
    return None if row is None else _window(row)


async def lock(unit: Unit, window_id: UUID) -> MaintenanceWindow | None:
    """One window, under lock."""
    row = await _sql.lock(unit.connection, company_id=unit.company_id, id=window_id)
    return None if row is None else _window(row)


async def spans(unit: Unit, windows: Sequence[UUID]) -> dict[UUID, list[Span]]:
    """The times of windows, in order."""
    found: dict[UUID, list[Span]] = {one: [] for one in windows}
    rows = _sql.spans(unit.connection, company_id=unit.company_id, ids=list(windows), limit=len(windows) * MOST_SPANS)
    async for row in rows:
        values = dict(row)
        found[values.pop("window_id")].append(Span(**values))
    return found


async def count_live(unit: Unit, *, now: datetime) -> int:
    """How many windows are not over."""
    count: int = await _sql.count_live(unit.connection, company_id=unit.company_id, now=now)
    return count


async def move_end(unit: Unit, window_id: UUID, span: Span, ends_at: datetime) -> None:
    """A time ends at another moment."""
    await _sql.move_end(
        unit.connection, company_id=unit.company_id, id=window_id, starts_at=span.starts_at, ends_at=ends_at
    )


async def drop_coming(unit: Unit, window_id: UUID, *, now: datetime) -> None:
    """Times that have not begun are no more."""
    await _sql.drop_coming(unit.connection, company_id=unit.company_id, id=window_id, now=now)


async def mark_ended(unit: Unit, window_id: UUID, *, now: datetime) -> None:
    """Somebody ended it for good."""
    await _sql.mark_ended(unit.connection, company_id=unit.company_id, id=window_id, now=now, actor=unit.scope.actor)


async def settle(
    unit: Unit, window_id: UUID, starts_at: datetime, next_at: datetime | None, *, now: datetime
) -> Span | None:
    """Write what came of a time that is over; None when that was done before."""
    row = await _sql.settle(
        unit.connection, company_id=unit.company_id, id=window_id, starts_at=starts_at, next_at=next_at, now=now
    )
    return None if row is None else Span(**dict(row))


async def hurry(unit: Unit, window_id: UUID, starts_at: datetime, *, now: datetime) -> None:
    """Have what a window holds back since a moment looked at now."""
    await _sql.hurry(
        unit.connection,
        company_id=unit.company_id,
        kind=due.RELEASE_INCIDENT,
        id=window_id,
        starts_at=starts_at,
        now=now,
    )


async def firing(unit: Unit, incident_id: UUID, *, limit: int) -> list[FiringAlert]:
    """What still fires of an incident that is held back, worst first."""
    rows = _sql.firing(unit.connection, company_id=unit.company_id, incident_id=incident_id, limit=limit)
    return [FiringAlert(**dict(row)) async for row in rows]


async def open_held(unit: Unit, incident_id: UUID, incident: IncidentState, *, title: str) -> None:
    """The incident that was held back is one for people from now on."""
    named = {"company_id": unit.company_id, "incident_id": incident_id, "opened_at": incident.opened_at}
    await _sql.open_held(unit.connection, **named, title=title)
    await _sql.save_released(unit.connection, **named, status=incident.status, activity_at=incident.activity_at)


async def suppressed(
    unit: Unit,
    *,
    window_id: UUID | None = None,
    start: datetime | None = None,
    finish: datetime | None = None,
    limit: int,
    before: UUID | None = None,
) -> list[SuppressedAlert]:
    """Alerts that were held back in [start, finish), newest first."""
    rows = _sql.suppressed(
        unit.connection,
        company_id=unit.company_id,
        window_id=window_id,
        start=start,
        finish=finish,
        before=before,
        limit=limit,
    )
    return [SuppressedAlert(**{**dict(row), "severity": Severity(row["severity"])}) async for row in rows]


async def last_hidden(unit: Unit, windows: Sequence[UUID]) -> dict[UUID, datetime | None]:
    """When windows last held something back; None if never."""
    rows = _sql.last_hidden(unit.connection, company_id=unit.company_id, ids=list(windows))
    return {row["window_id"]: row["at"] async for row in rows}


async def seen(unit: Unit, *, since: datetime, limit: int) -> list[SeenAlert]:
    """Alerts that began since a moment, newest first, and no more than `limit`."""
    rows = _sql.seen(unit.connection, company_id=unit.company_id, floor=floor_at(since), limit=limit)
    return [SeenAlert(**dict(row)) async for row in rows]


def _window(row: asyncpg.Record) -> MaintenanceWindow:
    lists = {name: tuple(row[name]) for name in ("sites", "assets", "signatures")}
    return MaintenanceWindow(**{**dict(row), **lists})
