"""Maintenance windows, their times, and the alerts that they held back."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import asyncpg
import msgspec

from alertwhisperer.domain.company import CompanyId
from alertwhisperer.domain.severity import Severity
from alertwhisperer.domain.state import IncidentState
from alertwhisperer.domain.window import MOST_SPANS, MOST_WINDOWS, HeldTime, MaintenanceWindow, Phase, Span, micros
from alertwhisperer.kit.ids import floor_at
from alertwhisperer.store import asset_names, due
from alertwhisperer.store.database import Connection, Unit, queries

_sql = queries("windows")
_MOST_NAMES = 100_000
_MOST_TIMES = 2 * MOST_WINDOWS * MOST_SPANS  # two people may save the last ones at once


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


class RunningWindow(msgspec.Struct, frozen=True):
    """
    A window that holds now.

    Attributes:
        assets: names of what it holds, as people read them; None: every asset of the company.
        signatures: the checks that it holds; empty: all.
    """

    company_id: CompanyId
    id: UUID
    name: str
    ends_at: datetime
    assets: tuple[str, ...] | None
    signatures: tuple[str, ...]


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
    """Windows that are not over, by their ids, as the rules hold them; with `running` only the times that hold now."""
    times: dict[UUID, list[tuple[int, int]]] = {}
    async for row in _sql.to_come(
        unit.connection, company_id=unit.company_id, now=now, running=running, limit=_MOST_TIMES
    ):
        times.setdefault(row["window_id"], []).append((micros(row["starts_at"]), micros(row["ends_at"])))
    if not times:
        return ()
    found = sorted(await _among(unit, list(times)), key=lambda one: one.id)
    names = await _names_of(unit, found)
    return tuple(HeldTime(one.id, one.name, names[one.id], one.signatures, tuple(times[one.id])) for one in found)


async def running_among(
    connection: Connection, companies: Sequence[CompanyId], *, now: datetime, limit: int
) -> list[RunningWindow]:
    """Windows of companies that the connection sees which hold now, the first to end first."""
    rows = [row async for row in _sql.running_among(connection, companies=list(companies), now=now, limit=limit)]
    assets = sorted({asset for row in rows for asset in row["assets"]})
    sites = sorted({site for row in rows for site in row["sites"]})
    placed = [
        row
        async for row in _sql.placed_among(
            connection,
            companies=sorted({row["company_id"] for row in rows}),
            assets=assets,
            sites=sites,
            limit=_MOST_NAMES,
        )
    ]

    def names(row: asyncpg.Record) -> tuple[str, ...] | None:
        if not row["assets"] and not row["sites"]:
            return None
        return tuple(
            one["name"]
            for one in placed
            if one["company_id"] == row["company_id"]
            and (one["asset_id"] in row["assets"] or (one["site_id"] is not None and one["site_id"] in row["sites"]))
        )

    return [
        RunningWindow(
            CompanyId(row["company_id"]), row["id"], row["name"], row["ends_at"], names(row), tuple(row["signatures"])
        )
        for row in rows
    ]


async def names_of(unit: Unit, window: MaintenanceWindow) -> tuple[str, ...] | None:
    """Canonical own names of the assets that a window holds; None: every asset."""
    return (await _names_of(unit, [window]))[window.id]


async def _names_of(unit: Unit, found: Sequence[MaintenanceWindow]) -> dict[UUID, tuple[str, ...] | None]:
    """An asset that was merged is the one that it is; one that is gone has no name."""
    assets = sorted({asset for one in found for asset in one.assets})
    sites = {site for one in found for site in one.sites}
    placed = [
        row
        async for row in _sql.placed(
            unit.connection, company_id=unit.company_id, assets=assets, sites=sorted(sites), limit=_MOST_NAMES
        )
    ]
    itself = {row["asset_id"]: row["merged_into"] or row["asset_id"] for row in placed}
    own = await own_names(unit, sorted(set(itself.values())))
    at_site: dict[UUID, list[UUID]] = {site: [] for site in sites}
    for row in placed:
        if row["merged_into"] is None and row["site_id"] in at_site:
            at_site[row["site_id"]].append(row["asset_id"])

    def names(one: MaintenanceWindow) -> tuple[str, ...] | None:
        if one.is_whole_company:
            return None
        named = {itself[asset] for asset in one.assets if asset in itself}
        named.update(asset for site in one.sites for asset in at_site[site])
        return tuple(sorted(own[asset] for asset in named if asset in own))

    return {one.id: names(one) for one in found}


async def own_names(unit: Unit, assets: Sequence[UUID]) -> dict[UUID, str]:
    """Canonical own names of assets."""
    rows = _sql.own_names(unit.connection, company_id=unit.company_id, assets=list(assets), limit=_MOST_NAMES)
    return {row["asset_id"]: row["name"] async for row in rows}


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
    if phase is None:
        rows = _sql.page(unit.connection, company_id=unit.company_id, before=before, limit=limit)
        return [_window(row) async for row in rows]
    ids = _sql.in_phase(
        unit.connection, company_id=unit.company_id, phase=phase.value, now=now, before=before, limit=limit
    )
    return await _among(unit, [row["window_id"] async for row in ids])


async def _among(unit: Unit, ids: Sequence[UUID]) -> list[MaintenanceWindow]:
    rows = _sql.among(unit.connection, company_id=unit.company_id, ids=list(ids), limit=len(ids))
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
    """
    Write what came of a time that is over: of all that was held back from its start to the next one's.

    Returns:
        None when that was written before.
    """
    named = {"company_id": unit.company_id, "id": window_id, "starts_at": starts_at}
    counts = await _sql.tally(unit.connection, **named, next_at=next_at)
    row = await _sql.settle(unit.connection, **named, **dict(counts), now=now)
    return None if row is None else Span(**dict(row))


async def hurry(unit: Unit, window_id: UUID, starts_at: datetime, *, now: datetime) -> None:
    """Have what a window held back since a moment looked at now."""
    rows = _sql.held_back(
        unit.connection, company_id=unit.company_id, id=window_id, starts_at=starts_at, limit=_MOST_NAMES
    )
    await due.hasten(unit, due.RELEASE_INCIDENT, [row["incident_id"] async for row in rows], now=now)


async def firing(unit: Unit, incident_id: UUID, *, limit: int) -> list[FiringAlert]:
    """What still fires of an incident that is held back, worst first."""
    rows = [
        row
        async for row in _sql.firing(unit.connection, company_id=unit.company_id, incident_id=incident_id, limit=limit)
    ]
    known = await asset_names.among(unit, sorted({row["asset_name"] for row in rows}))
    own = await own_names(unit, sorted({one.asset_id for one in known.values() if one.asset_id is not None}))

    def own_name(name: str) -> str:
        asset_id = known[name].asset_id if name in known else None
        return own.get(asset_id, name) if asset_id is not None else name

    return [FiringAlert(row["asset"], row["signature"], own_name(row["asset_name"]), row["severity"]) for row in rows]


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
