"""
The baseline: a company's figures from before, given by a person, or counted from a list or its first 30 days.

It always says of how many alerts and incidents it speaks; a comparison is shown with both numbers or not at all.
"""

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from statistics import fmean
from zoneinfo import ZoneInfo

from alertwhisperer.domain.audit import AuditAction, Resource
from alertwhisperer.domain.company import Company, Scope
from alertwhisperer.domain.errors import Conflicting, Invalid, NotFound
from alertwhisperer.domain.report import Baseline, BaselineKind
from alertwhisperer.guard.companies import require_company
from alertwhisperer.insight.definitions import DEFINITIONS
from alertwhisperer.insight.kpis import measure_each
from alertwhisperer.insight.periods import LONGEST
from alertwhisperer.reports.period import midnight
from alertwhisperer.reports.words import COMPARED
from alertwhisperer.store import audit, reports
from alertwhisperer.store.database import Database, Unit

FIGURES = tuple(slug for slug in COMPARED if slug in DEFINITIONS)
"""What can be given: means and shares. Alerts and incidents a day follow from the sample."""
FIRST_DAYS = 30
MOST_ROWS = 50_000
MOST_COUNTED = 1_000_000_000_000
_MINUTE = timedelta(minutes=1)
_LONGEST_MINUTES = 525_600 * 10
_COLUMNS = ("opened_at", "acknowledged_at", "resolved_at", "alerts")


async def get_baseline(database: Database, scope: Scope) -> Baseline:
    """What the company's figures are compared with; raises `NotFound` when nothing was set."""
    async with database.unit_of_work(scope) as unit:
        await require_company(unit)
        return _there(await reports.baseline(unit))


async def set_typed(
    database: Database,
    scope: Scope,
    *,
    start: datetime,
    finish: datetime,
    figures: Mapping[str, float],
    alerts: int,
    incidents: int,
    kind: BaselineKind = BaselineKind.TYPED,
    now: datetime,
) -> Baseline:
    """
    Compare with figures that somebody knows.

    Args:
        start, finish: of which time they speak, aware UTC.
        figures: some of `FIGURES`; what was not measured then is left out.
        alerts, incidents: of how many they speak.
        kind: typed or imported.

    Raises:
        Invalid: a figure is unknown or out of range, or the sample speaks of nothing.
        NotFound: there is no such company.
    """
    _check_time(start, finish, now=now)
    _check_sample(alerts, incidents)
    kept = {name: _checked(name, figures[name], alerts, incidents) for name in sorted(figures)}
    return await _put(database, scope, Baseline(kind, start, finish, kept, alerts, incidents, scope.actor, now))


async def set_imported(
    database: Database,
    scope: Scope,
    text: str,
    *,
    start: datetime | None = None,
    finish: datetime | None = None,
    now: datetime,
) -> Baseline:
    """
    Compare with figures counted from a list of incidents of another tool.

    Args:
        text: CSV with the columns opened_at and, where known, acknowledged_at, resolved_at and alerts; moments as RFC
            3339 with a zone.
        start, finish: of which time the list speaks; None for from its first incident to its last.

    Raises:
        Invalid: says in which row what is wrong.
        NotFound: there is no such company.
    """
    rows = _read(text)
    opened = [one.opened for one in rows]
    # Its last incident lies within the time, whose end is not part of it.
    start, finish = start or min(opened), finish or max(opened) + timedelta(microseconds=1)
    _check_time(start, finish, now=now)
    if not all(start <= moment < finish for moment in opened):
        raise Invalid(
            "an incident was opened outside of the time", where="from", mend="give a time that holds them all"
        )
    incidents, alerts = len(rows), sum(one.alerts for one in rows)
    _check_sample(alerts, incidents)
    figures: dict[str, float] = {}
    for name, minutes in (
        ("mttr_minutes", [(one.resolved - one.opened) / _MINUTE for one in rows if one.resolved]),
        ("mtta_minutes", [(one.acknowledged - one.opened) / _MINUTE for one in rows if one.acknowledged]),
    ):
        if minutes:
            figures[name] = round(fmean(minutes), 2)
    if alerts:
        figures["noise_reduction_pct"] = round(100 * (alerts - incidents) / alerts, 2)
    kind = BaselineKind.IMPORTED
    return await _put(database, scope, Baseline(kind, start, finish, figures, alerts, incidents, scope.actor, now))


async def set_first_days(database: Database, scope: Scope, *, now: datetime) -> Baseline:
    """
    Compare with the first 30 whole days in which the company's tools sent.

    Raises:
        NotFound: there is no such company.
        Conflicting: they are not over.
    """
    async with database.unit_of_work(scope, snapshot=True) as unit:
        company = await require_company(unit)
        start, finish = await _first_days(unit, company, now=now)
        (figures,), _ = await measure_each(unit.connection, [unit.company_id], [(start, finish)], [])
    kept = {name: float(value) for name in FIGURES if (value := getattr(figures, name)) is not None}
    found = Baseline(
        BaselineKind.FIRST_30_DAYS,
        start,
        finish,
        kept,
        figures.total_alerts,
        figures.total_incidents,
        scope.actor,
        now,
    )
    return await _put(database, scope, found)


async def remove_baseline(database: Database, scope: Scope, *, now: datetime) -> None:
    """Compare with nothing any more; raises `NotFound` when nothing was set."""
    async with database.unit_of_work(scope) as unit:
        await require_company(unit)
        old = _there(await reports.baseline(unit))
        await reports.remove_baseline(unit)
        await _audit(unit, AuditAction.BASELINE_REMOVED, old, now=now)


@dataclass(frozen=True, slots=True)
class _Row:
    """One incident of a list."""

    opened: datetime
    acknowledged: datetime | None
    resolved: datetime | None
    alerts: int


def _read(text: str) -> list[_Row]:
    reader = csv.DictReader(io.StringIO(text.removeprefix("\ufeff"), newline=""))
    heads = [(name or "").strip().lower() for name in reader.fieldnames or ()]
    if "opened_at" not in heads:
        raise Invalid(
            "the first row does not name a column opened_at", where="row 1", mend=f"columns: {', '.join(_COLUMNS)}"
        )
    reader.fieldnames = heads
    rows: list[_Row] = []
    try:
        for number, cells in enumerate(reader, start=2):
            if len(rows) >= MOST_ROWS:
                raise Invalid(f"more than {MOST_ROWS} rows", where=f"row {number}", mend="give a shorter time")
            rows.append(_row(cells, f"row {number}"))
    except csv.Error as failure:
        raise Invalid(f"this is no CSV: {failure}", where=f"row {len(rows) + 2}", mend="export it as CSV") from failure
    if not rows:
        raise Invalid("the list holds no incident", where="csv", mend="give one row for each")
    return rows


def _row(cells: Mapping[str, str | list[str] | None], where: str) -> _Row:
    def cell(name: str) -> str:
        found = cells.get(name)
        return found.strip() if isinstance(found, str) else ""

    opened = _moment(cell("opened_at"), f"{where}, opened_at")
    if opened is None:
        raise Invalid("opened_at is empty", where=where, mend="give when the incident was opened")
    later = {}
    for name in ("acknowledged_at", "resolved_at"):
        later[name] = _moment(cell(name), f"{where}, {name}")
        moment = later[name]
        if moment is not None and moment < opened:
            raise Invalid(f"{name} is before opened_at", where=where, mend="correct one of them")
    alerts = cell("alerts") or "0"
    if not (alerts.isascii() and alerts.isdigit() and len(alerts) <= 9):
        raise Invalid(
            "alerts is no whole number", where=f"{where}, alerts", mend="leave it empty where it is not known"
        )
    return _Row(opened, later["acknowledged_at"], later["resolved_at"], int(alerts))


def _moment(text: str, where: str) -> datetime | None:
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None or not 2000 <= moment.year < 2200:
        raise Invalid(f"{text[:40]!r} is no moment with a zone", where=where, mend="write it as 2026-03-01T08:00:00Z")
    return moment.astimezone(UTC)


async def _first_days(unit: Unit, company: Company, *, now: datetime) -> tuple[datetime, datetime]:
    heard = await reports.first_heard(unit)
    if heard is None:
        raise Conflicting("no tool of this company has sent anything yet", where="kind", mend="wait until one does")
    zone = ZoneInfo(company.time_zone)
    first = heard.astimezone(zone).date() + timedelta(days=1)  # the day itself was heard in part only
    start, finish = midnight(first, zone), midnight(first + timedelta(days=FIRST_DAYS), zone)
    if finish > now:
        raise Conflicting(
            f"the first {FIRST_DAYS} days end on {finish:%Y-%m-%d}",
            where="kind",
            mend="set it then, or type figures in",
        )
    return start, finish


def _check_time(start: datetime, finish: datetime, *, now: datetime) -> None:
    if not timedelta(0) < finish - start <= LONGEST or finish > now:
        raise Invalid(
            "the time of the figures is empty, longer than a year or not over",
            where="from",
            mend=f"let it end after it begins, within {LONGEST.days} days, and not after now",
        )


def _check_sample(alerts: int, incidents: int) -> None:
    if not (0 <= alerts <= MOST_COUNTED and 0 <= incidents <= MOST_COUNTED and alerts + incidents > 0):
        raise Invalid(
            "figures without a number of alerts or incidents that they speak of cannot be compared",
            where="sample",
            mend="say of how many alerts and incidents they are",
        )


def _checked(name: str, value: float, alerts: int, incidents: int) -> float:
    if name not in FIGURES:
        raise Invalid(f"{name[:40]!r} is no figure that is compared", where="figures", mend=f"use {', '.join(FIGURES)}")
    if name.endswith("_pct"):
        # Below zero: more incidents than alerts, as the definition says.
        least, most = (-MOST_COUNTED if name == "noise_reduction_pct" else 0.0), 100.0
    else:
        least, most = 0.0, float(_LONGEST_MINUTES)
    if not least <= value <= most:
        raise Invalid(f"{name} must be {least:g} to {most:g}", where=f"figures.{name}", mend="correct it")
    if not (alerts if name == "noise_reduction_pct" else incidents):
        noun = "alert" if name == "noise_reduction_pct" else "incident"
        raise Invalid(
            f"{name} speaks of no {noun}", where="sample", mend=f"say of how many {noun}s it is, or leave it out"
        )
    return round(float(value), 2)


async def _put(database: Database, scope: Scope, baseline: Baseline) -> Baseline:
    async with database.unit_of_work(scope) as unit:
        await require_company(unit)
        await reports.put_baseline(unit, baseline)
        await _audit(unit, AuditAction.BASELINE_SET, baseline, now=baseline.set_at)
    return baseline


async def _audit(unit: Unit, action: AuditAction, baseline: Baseline, *, now: datetime) -> None:
    detail = {
        "kind": baseline.kind.value,
        "from": baseline.start.isoformat(),
        "to": baseline.finish.isoformat(),
        "figures": dict(baseline.figures),
        "alerts": baseline.alerts,
        "incidents": baseline.incidents,
    }
    await audit.write(unit, action, Resource("baseline", str(unit.company_id)), detail, now=now)


def _there(baseline: Baseline | None) -> Baseline:
    if baseline is None:
        raise NotFound("nothing is set to compare with", where="path", mend="set a baseline")
    return baseline
