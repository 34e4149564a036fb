"""
The facts of a report: everything that its file shows, gathered in one moment of the database, and nothing else.

They are handed to the press as JSON, so they are plain values; the same facts make the same bytes.
"""

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import msgspec

from alertwhisperer.domain.company import Company
from alertwhisperer.domain.report import Baseline, Format, Report
from alertwhisperer.domain.state import IncidentStatus
from alertwhisperer.insight.definitions import DEFINITIONS
from alertwhisperer.insight.kpis import Figures, measure_each
from alertwhisperer.reports.period import Grain, before, parts_of
from alertwhisperer.store import reports
from alertwhisperer.store.database import Unit

MOST_INCIDENTS: Mapping[Format, int] = {Format.PDF: 400, Format.XLSX: 50_000, Format.CSV: 50_000}
"""Of a table; what is left out is counted and said. On paper nobody reads more than a few pages of them."""
MOST_CHECKS: Mapping[Format, int] = {Format.PDF: 15, Format.XLSX: 5_000, Format.CSV: 5_000}

_NOT_REPORTED = frozenset({"suppressed_alerts"})  # its share is told with noise reduction

_UNSEEN = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufffe\uffff]+")
"""Controls, marks that turn the direction of what follows, and what has no shape: they would change what is read."""


class BaselineFact(msgspec.Struct, frozen=True):
    """The figures from before, and of how many alerts and incidents they speak."""

    kind: str
    start: datetime
    finish: datetime
    figures: dict[str, float]
    alerts: int
    incidents: int


class SeverityFact(msgspec.Struct, frozen=True):
    """Incidents of one severity that opened in the period, and how many of them are open now."""

    severity: str
    opened: int
    still_open: int


class IncidentFact(msgspec.Struct, frozen=True):
    """An incident that a figure of the period counts; times aware UTC."""

    id: str
    number: int
    title: str
    severity: str
    status: str
    opened_at: datetime
    acknowledged_at: datetime | None
    resolved_at: datetime | None
    alerts: int
    occurrences: int


class CheckFact(msgspec.Struct, frozen=True):
    """A check of an asset, with its alerts that began in the period."""

    signature: str
    asset: str
    source: str
    alerts: int
    times: int
    incidents: int


class DefinitionFact(msgspec.Struct, frozen=True):
    """What a figure means."""

    slug: str
    title: str
    unit: str
    formula: str
    null: str


class Facts(msgspec.Struct, frozen=True):
    """
    What a report shows.

    Attributes:
        sections: which of them, by their names.
        heard_since: when the company's tools first sent anything; None when they never did.
        grain: into what the trend divides the period.
        incidents, checks: as many as the format shows; `incidents_whole` is how many there are, `checks_whole` how
            many alerts all checks made.
    """

    company: str
    period: str
    start: datetime
    finish: datetime
    time_zone: str
    made_at: datetime
    sections: tuple[str, ...]
    heard_since: datetime | None
    now: Figures
    before: Figures
    baseline: BaselineFact | None
    grain: Grain
    trend: tuple[Figures, ...]
    severities: tuple[SeverityFact, ...]
    incidents: tuple[IncidentFact, ...]
    incidents_whole: int
    checks: tuple[CheckFact, ...]
    checks_whole: int
    definitions: tuple[DefinitionFact, ...]


async def gather(unit: Unit, company: Company, report: Report, *, now: datetime) -> Facts:
    """
    Everything that a report shows.

    Args:
        unit: of the company, in a snapshot, so that the parts of the report agree with one another.
    """
    span = report.span
    grain, parts = parts_of(span)
    (here, there), trend = await measure_each(
        unit.connection, [unit.company_id], [(span.start, span.finish), before(span)], parts
    )
    incidents, whole = await reports.incidents(unit, span.start, span.finish, limit=MOST_INCIDENTS[report.format])
    checks, alerts = await reports.checks(unit, span.start, span.finish, limit=MOST_CHECKS[report.format])
    return Facts(
        company=clean(company.name),
        period=span.word.value,
        start=span.start,
        finish=span.finish,
        time_zone=span.time_zone,
        made_at=now,
        sections=tuple(section.value for section in report.sections),
        heard_since=await reports.first_heard(unit),
        now=here,
        before=there,
        baseline=_baseline(await reports.baseline(unit)),
        grain=grain,
        trend=trend,
        severities=tuple(
            SeverityFact(one.severity.word, one.opened, one.still_open)
            for one in await reports.severities(unit, span.start, span.finish)
        ),
        incidents=tuple(_incident(one) for one in incidents),
        incidents_whole=whole,
        checks=tuple(_check(one) for one in checks),
        checks_whole=alerts,
        definitions=tuple(
            DefinitionFact(slug, one.title, one.unit, one.formula, one.null)
            for slug, one in DEFINITIONS.items()
            if slug not in _NOT_REPORTED
        ),
    )


def clean(text: str) -> str:
    """A text of a tool on one line, without what nobody sees."""
    return " ".join(_UNSEEN.sub(" ", text).split())


def counted_in(incident: IncidentFact, start: datetime, finish: datetime) -> tuple[bool, bool, bool]:
    """Whether an incident counts as opened, as acknowledged and as resolved in [start, finish)."""
    moments = (incident.opened_at, incident.acknowledged_at, incident.resolved_at)
    opened, acknowledged, resolved = (moment is not None and start <= moment < finish for moment in moments)
    return opened, acknowledged, resolved and incident.status == "resolved"


def minutes_between(earlier: datetime, later: datetime | None) -> float | None:
    """Minutes from one moment to another; None when the later one never came."""
    return None if later is None else round((later - earlier) / timedelta(minutes=1), 2)


def _baseline(baseline: Baseline | None) -> BaselineFact | None:
    if baseline is None:
        return None
    return BaselineFact(
        kind=baseline.kind.value,
        start=baseline.start,
        finish=baseline.finish,
        figures=dict(baseline.figures),
        alerts=baseline.alerts,
        incidents=baseline.incidents,
    )


def _incident(one: reports.CountedIncident) -> IncidentFact:
    values: dict[str, Any] = msgspec.structs.asdict(one)
    acknowledged = one.status is IncidentStatus.OPEN and one.acknowledged_at is not None
    status = "resolved" if one.status is IncidentStatus.RESOLVED else "acknowledged" if acknowledged else "open"
    told = {"id": str(one.id), "title": clean(one.title), "severity": one.severity.word, "status": status}
    return IncidentFact(**{**values, **told})


def _check(one: reports.Check) -> CheckFact:
    texts = {name: clean(getattr(one, name)) for name in ("signature", "asset", "source")}
    return CheckFact(**{**msgspec.structs.asdict(one), **texts})
