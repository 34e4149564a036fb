"""Reports that were asked for with their files, schedules, the baseline; and the rows that a report shows."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from alertwhisperer.domain.report import (
    Baseline,
    BaselineKind,
    Every,
    Format,
    PeriodWord,
    Report,
    ReportState,
    Schedule,
    Section,
    Span,
)
from alertwhisperer.domain.severity import Severity
from alertwhisperer.domain.state import IncidentStatus
from alertwhisperer.kit.ids import floor_at
from alertwhisperer.store.alerts import ID_SLACK
from alertwhisperer.store.database import Unit, queries

_sql = queries("reports")


@dataclass(frozen=True, slots=True)
class Held:
    """How many reports of a company people asked for and are kept, and how many of all still wait to be made."""

    asked: int
    waiting: int


class Severities(msgspec.Struct, frozen=True):
    """Incidents of one severity that opened in a period, and how many of them are open now."""

    severity: Severity
    opened: int
    still_open: int


class CountedIncident(msgspec.Struct, frozen=True):
    """An incident that a figure of a period counts; times aware UTC."""

    id: UUID
    number: int
    title: str
    opened_at: datetime
    acknowledged_at: datetime | None
    resolved_at: datetime | None
    severity: Severity
    status: IncidentStatus
    alerts: int
    occurrences: int


class Check(msgspec.Struct, frozen=True):
    """
    What one check of one asset said of alerts that began in a period.

    Attributes:
        alerts: firing occurrences; times: how often it began to fire; incidents: in how many incidents.
    """

    signature: str
    asset: str
    source: str
    alerts: int
    times: int
    incidents: int


async def insert(unit: Unit, report: Report) -> None:
    """A report is asked for."""
    await _sql.insert(
        unit.connection,
        company_id=unit.company_id,
        report_id=report.id,
        period=report.span.word.value,
        starts_at=report.span.start,
        ends_at=report.span.finish,
        time_zone=report.span.time_zone,
        format=report.format.value,
        sections=[one.value for one in report.sections],
        schedule_id=report.schedule_id,
        asked_by=report.asked_by,
        asked_at=report.asked_at,
    )


async def read(unit: Unit, report_id: UUID) -> Report | None:
    """One report; None when the company has none with this id."""
    row = await _sql.read(unit.connection, company_id=unit.company_id, report_id=report_id)
    return None if row is None else _report(row)


async def page(unit: Unit, *, limit: int, before: UUID | None = None) -> list[Report]:
    """Reports, newest first; `before` is the last id of the page before."""
    rows = _sql.page(unit.connection, company_id=unit.company_id, limit=limit, before=before)
    return [_report(row) async for row in rows]


async def held(unit: Unit) -> Held:
    """How many there are."""
    row = await _sql.held(unit.connection, company_id=unit.company_id)
    return Held(row["asked"], row["waiting"])


async def body(unit: Unit, report_id: UUID) -> bytes | None:
    """The file of a report; None when there is none."""
    found: bytes | None = await _sql.select_body(unit.connection, company_id=unit.company_id, report_id=report_id)
    return found


async def save_made(unit: Unit, report_id: UUID, body: bytes, sha256: bytes, *, now: datetime) -> bool:
    """Keep the file; False when another was first, or the report was removed meanwhile."""
    saved = await _sql.save_made(
        unit.connection, company_id=unit.company_id, report_id=report_id, body=body, digest=sha256, settled_at=now
    )
    return saved is not None


async def save_failed(unit: Unit, report_id: UUID, problem: str, *, now: datetime) -> bool:
    """Say why it cannot be made; False when it was made or removed meanwhile."""
    saved = await _sql.save_failed(
        unit.connection, company_id=unit.company_id, report_id=report_id, problem=problem, settled_at=now
    )
    return saved is not None


async def remove(unit: Unit, report_id: UUID) -> bool:
    """Remove a report with its file; False when there is none."""
    return await _sql.remove(unit.connection, company_id=unit.company_id, report_id=report_id) is not None


async def remove_before(unit: Unit, moment: datetime) -> int:
    """Remove what was asked for before a moment; gives how many."""
    gone: int = await _sql.remove_before(unit.connection, company_id=unit.company_id, floor=floor_at(moment))
    return gone


async def insert_schedule(unit: Unit, schedule: Schedule) -> None:
    """Add a schedule."""
    await _sql.insert_schedule(
        unit.connection,
        company_id=unit.company_id,
        created_by=schedule.created_by,
        created_at=schedule.created_at,
        **_changeable(schedule),
    )


async def update_schedule(unit: Unit, schedule: Schedule) -> None:
    """Write what a schedule is now."""
    await _sql.update_schedule(
        unit.connection, company_id=unit.company_id, last_at=schedule.last_at, **_changeable(schedule)
    )


async def schedules(unit: Unit) -> list[Schedule]:
    """All of the company's, newest first."""
    return [_schedule(row) async for row in _sql.schedules(unit.connection, company_id=unit.company_id)]


async def lock_schedule(unit: Unit, schedule_id: UUID) -> Schedule | None:
    """One schedule, kept from other writers until the unit ends; None when there is none."""
    row = await _sql.lock_schedule(unit.connection, company_id=unit.company_id, schedule_id=schedule_id)
    return None if row is None else _schedule(row)


async def remove_schedule(unit: Unit, schedule_id: UUID) -> None:
    """Remove a schedule; what it asked for stays."""
    await _sql.remove_schedule(unit.connection, company_id=unit.company_id, schedule_id=schedule_id)


async def baseline(unit: Unit) -> Baseline | None:
    """What the company's figures are compared with; None when nothing was set."""
    row = await _sql.read_baseline(unit.connection, company_id=unit.company_id)
    if row is None:
        return None
    return Baseline(
        BaselineKind(row["kind"]),
        row["starts_at"],
        row["ends_at"],
        row["figures"],
        row["alerts"],
        row["incidents"],
        row["set_by"],
        row["set_at"],
    )


async def put_baseline(unit: Unit, baseline: Baseline) -> None:
    """Compare with this from now on."""
    await _sql.put_baseline(
        unit.connection,
        company_id=unit.company_id,
        kind=baseline.kind.value,
        starts_at=baseline.start,
        ends_at=baseline.finish,
        figures=dict(baseline.figures),
        alerts=baseline.alerts,
        incidents=baseline.incidents,
        set_by=baseline.set_by,
        set_at=baseline.set_at,
    )


async def remove_baseline(unit: Unit) -> bool:
    """Compare with nothing; False when nothing was set."""
    return await _sql.remove_baseline(unit.connection, company_id=unit.company_id) is not None


async def first_heard(unit: Unit) -> datetime | None:
    """When the company's tools first sent anything, aware UTC."""
    found: datetime | None = await _sql.first_heard(unit.connection, company_id=unit.company_id)
    return found


async def severities(unit: Unit, start: datetime, finish: datetime) -> list[Severities]:
    """Incidents opened in [start, finish), the worst severity first."""
    rows = _sql.severities(unit.connection, company_id=unit.company_id, start=start, finish=finish)
    return [Severities(Severity(row["severity"]), row["opened"], row["still_open"]) async for row in rows]


async def incidents(unit: Unit, start: datetime, finish: datetime, *, limit: int) -> tuple[list[CountedIncident], int]:
    """Incidents that a figure of [start, finish) counts, the worst first; and how many there are in all."""
    rows = [
        row
        async for row in _sql.incidents(
            unit.connection, company_id=unit.company_id, start=start, finish=finish, limit=limit
        )
    ]
    return [_incident(row) for row in rows], rows[0]["whole"] if rows else 0


async def checks(unit: Unit, start: datetime, finish: datetime, *, limit: int) -> tuple[list[Check], int]:
    """The checks that made the most alerts in [start, finish); and how many alerts all checks made."""
    rows = [
        row
        async for row in _sql.checks(
            unit.connection,
            company_id=unit.company_id,
            start=start,
            finish=finish,
            floor=floor_at(start - ID_SLACK),
            past=floor_at(finish + ID_SLACK),
            limit=limit,
        )
    ]
    names = Check.__struct_fields__
    return [Check(**{name: row[name] for name in names}) for row in rows], rows[0]["whole"] if rows else 0


def _report(row: Any) -> Report:
    span = Span(PeriodWord(row["period"]), row["starts_at"], row["ends_at"], row["time_zone"])
    return Report(
        id=row["id"],
        span=span,
        format=Format(row["format"]),
        sections=tuple(map(Section, row["sections"])),
        schedule_id=row["schedule_id"],
        asked_by=row["asked_by"],
        asked_at=row["asked_at"],
        state=ReportState(row["state"]),
        problem=row["problem"],
        settled_at=row["settled_at"],
        size=row["size"],
        sha256=row["sha256"],
    )


def _changeable(schedule: Schedule) -> dict[str, object]:
    return {
        "schedule_id": schedule.id,
        "name": schedule.name,
        "every": schedule.every.value,
        "day": schedule.day,
        "hour": schedule.hour,
        "time_zone": schedule.time_zone,
        "formats": [one.value for one in schedule.formats],
        "sections": [one.value for one in schedule.sections],
        "next_at": schedule.next_at,
    }


def _schedule(row: Any) -> Schedule:
    values = dict(row)
    values["every"] = Every(values["every"])
    values["formats"] = tuple(map(Format, values["formats"]))
    values["sections"] = tuple(map(Section, values["sections"]))
    return Schedule(**values)


def _incident(row: Any) -> CountedIncident:
    values = {name: row[name] for name in CountedIncident.__struct_fields__}
    values["severity"] = Severity(values["severity"])
    values["status"] = IncidentStatus(values["status"])
    return CountedIncident(**values)
