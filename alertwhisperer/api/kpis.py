"""The figures of a company, and of all companies that one serves, each as `insight.definitions` says it."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Any, Literal
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec
from fastapi import APIRouter, Query
from pydantic import Field

from alertwhisperer.api.access import Caller, allow, allow_in_company
from alertwhisperer.api.fields import Asked, Moment, Shown, Text, example
from alertwhisperer.api.problem import responses
from alertwhisperer.domain.company import CompanyId
from alertwhisperer.domain.company_setting import check_zone
from alertwhisperer.domain.errors import Invalid
from alertwhisperer.domain.severity import Severity
from alertwhisperer.guard.companies import require_company
from alertwhisperer.guard.permissions import Action
from alertwhisperer.insight import kpis, patterns, periods
from alertwhisperer.insight.definitions import DEFINITIONS
from alertwhisperer.insight.kpis import Figures
from alertwhisperer.insight.patterns import By, HeatSpan
from alertwhisperer.insight.periods import Span, Window
from alertwhisperer.store import companies
from alertwhisperer.store import kpis as store
from alertwhisperer.store.database import Connection

router = APIRouter(prefix="/api", tags=["kpis"])

_USUAL = timedelta(hours=24)
_WEEK = timedelta(days=7)
_FIGURES = {
    "from": "2026-03-01T00:00:00Z",
    "to": "2026-03-02T00:00:00Z",
    "total_alerts": 10,
    "distinct_alerts": 1,
    "suppressed_alerts": 0,
    "total_incidents": 1,
    "where_alerts_went": {"folded": 9, "correlated": 0, "suppressed": 0, "incidents": 1},
    "noise_reduction_pct": 90.0,
    "noise_reduction": {
        "dedup": 90.0,
        "correlation": 0.0,
        "suppression": 0.0,
        "guards": {"criticals_suppressed": 0, "groups_split": 0, "groups_split_pct": 0.0},
    },
    "mttr_minutes": 12.5,
    "mttr_minutes_median": 12.5,
    "mttr_count": 1,
    "mtta_minutes": None,
    "mtta_minutes_median": None,
    "mtta_count": 0,
    "over_30_minutes": 0,
    "self_healed_count": None,
    "self_healed_provisional": None,
    "self_healed_pct": None,
    "sla_compliance_pct": None,
    "sla": None,
    "patch_compliance_pct": None,
    "patch": None,
}
_REPORT = {
    "time_zone": "Europe/Berlin",
    **_FIGURES,
    "previous": _FIGURES,
    "trend": [_FIGURES],
    "previous_trend": [_FIGURES],
    "definitions": {},
}


class GuardsShown(Shown):
    """What noise reduction would look better by, and must not."""

    criticals_suppressed: int
    groups_split: Annotated[int, Field(description="of the incidents opened, those that people split")]
    groups_split_pct: float | None


class SplitShown(Shown):
    """What took the noise away; the parts add up to `noise_reduction_pct`."""

    dedup: float
    correlation: float
    suppression: float
    guards: GuardsShown


class WhereaboutsShown(Shown):
    """What became of the alerts received; the parts add up to `total_alerts`."""

    folded: int
    correlated: Annotated[int, Field(description="below zero where people split off more than joined")]
    suppressed: int
    incidents: int


class SlaShown(Shown):
    """Deadlines of the period."""

    met: int
    of: int


class PatchShown(Shown):
    """Instances and their patches."""

    compliant: int
    reporting: int
    silent: int


class FiguresShown(Shown):
    """The figures of one period; null where there is nothing to measure."""

    model_config = example(_FIGURES)

    start: Annotated[datetime, Field(serialization_alias="from")]
    finish: Annotated[datetime, Field(serialization_alias="to")]
    total_alerts: int
    distinct_alerts: int
    suppressed_alerts: int
    total_incidents: int
    where_alerts_went: WhereaboutsShown
    noise_reduction_pct: float | None
    noise_reduction: SplitShown | None
    mttr_minutes: float | None
    mttr_minutes_median: float | None
    mttr_count: Annotated[int, Field(description="incidents that the times to resolve are of")]
    mtta_minutes: float | None
    mtta_minutes_median: float | None
    mtta_count: Annotated[int, Field(description="incidents that the times to acknowledge are of")]
    over_30_minutes: Annotated[int, Field(description="of these, acknowledged later than after 30 minutes")]
    self_healed_count: int | None
    self_healed_provisional: int | None
    self_healed_pct: float | None
    sla_compliance_pct: float | None
    sla: SlaShown | None
    patch_compliance_pct: float | None
    patch: PatchShown | None


class DefinitionShown(Shown):
    """What a figure means."""

    title: str
    unit: str
    formula: str
    null: Annotated[str, Field(description="when it is null")]
    rows: Annotated[
        Literal["incidents", "alerts", "suppressed"] | None, Field(description="the list that shows what was counted")
    ]
    filter: Annotated[str | None, Field(description="its query string; put the period's ends in {from} and {to}")]


class ReportShown(FiguresShown):
    """The figures of the period asked for, of the one before, and by day or hour; with what each means."""

    model_config = example(_REPORT)

    time_zone: str
    previous: Annotated[FiguresShown | None, Field(description="of the period before; null with `compare=none`")]
    trend: Annotated[
        list[FiguresShown],
        Field(description="by day in the time zone (24h: by hour), oldest first; of a free period its last 7 days"),
    ]
    previous_trend: Annotated[list[FiguresShown], Field(description="the same of the period before, side by side")]
    definitions: dict[str, DefinitionShown]


class KpisShown(ReportShown):
    """A company's figures."""

    model_config = example({"company_id": "0195d3a0-7c1e-7b5a-9f00-3c8d52000000", **_REPORT})

    company_id: UUID


class AllKpisShown(ReportShown):
    """The figures of all companies that one serves, taken together."""

    model_config = example({"companies": 12, **_REPORT})

    companies: Annotated[int, Field(description="how many they are")]


class KpiQuery(Asked):
    """Which period: the last 24 hours when nothing is said."""

    start: Annotated[Moment | None, Field(alias="from", description="24 hours before `to` when absent")] = None
    finish: Annotated[Moment | None, Field(alias="to", description="now when absent")] = None
    span: Annotated[
        Span | None, Field(alias="range", description="the last full days (24h: full hours), in place of from and to")
    ] = None
    so_far: Annotated[bool, Field(description="with `range`: let it end now, with the day or hour under way")] = False
    compare: Literal["previous", "none"] = "previous"

    def window(self, zone: ZoneInfo, now: datetime) -> Window:
        """
        The periods asked for.

        Raises:
            Invalid: a range and a free period at once, or a period that is none.
        """
        if self.span is None:
            if self.so_far:
                raise Invalid("so_far goes with a range", where="query.so_far", mend="leave it out, or give a range")
            finish = self.finish or now
            return periods.between(self.start or finish - _USUAL, finish, zone)
        if self.start is not None or self.finish is not None:
            raise Invalid("a range has its own ends", where="query.range", mend="leave out range, or from and to")
        return periods.of_span(self.span, so_far=self.so_far, zone=zone, now=now)


class ZoneQuery(Asked):
    """Whose midnights and hours part the days."""

    zone: Annotated[Text, Field(max_length=100, description="IANA name")] = "UTC"


class AllKpiQuery(KpiQuery, ZoneQuery):
    """Which period, by which clock."""


class OpenShown(Shown):
    """Open incidents of one severity."""

    open: int
    needs_ack: Annotated[int, Field(description="of these, taken by nobody")]
    week_ago: Annotated[int, Field(description="that were open a week ago, as far as they were not reopened since")]


class NowShown(Shown):
    """What is open now."""

    model_config = example(
        {"by_severity": {"critical": {"open": 3, "needs_ack": 1, "week_ago": 2}}, "as_of": "2026-03-01T08:00:00Z"}
    )

    by_severity: Annotated[dict[str, OpenShown], Field(description="all five, worst first")]
    as_of: datetime


class HeatQuery(Asked):
    """Over which weeks."""

    span: Annotated[HeatSpan, Field(alias="range", description="the last full days")] = "28d"


class AllHeatQuery(HeatQuery, ZoneQuery):
    """Over which weeks, by which clock."""


class HeatShown(Shown):
    """How many alerts usually come in an hour."""

    model_config = example({"zone": "Europe/Berlin", "cells": [[0.0, 2.5, None]], "weeks": 4})

    zone: str
    cells: Annotated[
        list[list[float | None]],
        Field(
            description="7 days (Monday first) of 24 hours on the zone's clock: the median of the weeks; null where "
            "nothing had been received yet"
        ),
    ]
    weeks: int


class NoisiestQuery(Asked):
    """What is counted, and over which period."""

    span: Annotated[Span, Field(alias="range", description="up to now")] = "7d"
    by: By = "check"
    limit: Annotated[int, Field(ge=1, le=50)] = 10


_NOISY = {
    "company_id": "0195d3a0-7c1e-7b5a-9f00-3c8d52000000",
    "company": "Acme",
    "check": "DiskWillFill",
    "asset": None,
    "alerts": 340,
    "distinct_alerts": 12,
    "share_pct": 34.0,
    "incidents": 5,
    "link": "/alerts?company=0195d3a0-7c1e-7b5a-9f00-3c8d52000000&signature=DiskWillFill"
    "&from=2026-02-22T08:00:00Z&to=2026-03-01T08:00:00Z",
}


class NoisyShown(Shown):
    """A check or an asset, and what came of it."""

    model_config = example(_NOISY)

    company_id: UUID
    company: str
    check: Annotated[str | None, Field(description="the signature; by asset null where there are several")]
    asset: Annotated[str | None, Field(description="by check null where there are several")]
    alerts: Annotated[int, Field(description="firing occurrences received")]
    distinct_alerts: Annotated[int, Field(description="alerts that began, as `link` lists them")]
    share_pct: Annotated[float | None, Field(description="of all alerts received")]
    incidents: Annotated[int, Field(description="that these alerts are in now")]
    link: Annotated[str, Field(description="address in the console")]


class NoisiestShown(Shown):
    """What most alerts were of, loudest first."""

    model_config = example({"items": [_NOISY], "total_alerts": 1000})

    items: list[NoisyShown]
    total_alerts: int


@dataclass(frozen=True, slots=True)
class _Look:
    """Companies whose figures are taken together, and the clock by which their days are parted."""

    connection: Connection
    companies: Sequence[CompanyId]
    time_zone: str

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.time_zone)


@router.get("/companies/{company_id}/kpis", summary="The figures", responses=responses(404))
async def read_kpis(
    caller: Annotated[Caller, allow_in_company(Action.KPI_READ)], query: Annotated[KpiQuery, Query()]
) -> KpisShown:
    async with _of_company(caller) as look:
        return KpisShown(company_id=look.companies[0], **await _report(look, query, caller.now))


@router.get("/kpis", summary="The figures of all companies that you serve, taken together", responses=responses())
async def read_all_kpis(
    caller: Annotated[Caller, allow(Action.KPI_CROSS)], query: Annotated[AllKpiQuery, Query()]
) -> AllKpisShown:
    async with _of_all(caller, query.zone) as look:
        return AllKpisShown(companies=len(look.companies), **await _report(look, query, caller.now))


@router.get("/companies/{company_id}/kpis/now", summary="What is open now", responses=responses(404))
async def read_kpis_now(caller: Annotated[Caller, allow_in_company(Action.KPI_READ)]) -> NowShown:
    async with _of_company(caller) as look:
        return await _now(look, caller.now)


@router.get("/kpis/now", summary="What is open now in all companies that you serve", responses=responses())
async def read_all_kpis_now(caller: Annotated[Caller, allow(Action.KPI_CROSS)]) -> NowShown:
    async with _of_all(caller, "UTC") as look:
        return await _now(look, caller.now)


@router.get("/companies/{company_id}/kpis/heat", summary="Alerts by hour and weekday", responses=responses(404))
async def read_kpi_heat(
    caller: Annotated[Caller, allow_in_company(Action.KPI_READ)], query: Annotated[HeatQuery, Query()]
) -> HeatShown:
    async with _of_company(caller) as look:
        return await _heat(look, query, caller.now)


@router.get("/kpis/heat", summary="Alerts of all companies that you serve by hour and weekday", responses=responses())
async def read_all_kpi_heat(
    caller: Annotated[Caller, allow(Action.KPI_CROSS)], query: Annotated[AllHeatQuery, Query()]
) -> HeatShown:
    async with _of_all(caller, query.zone) as look:
        return await _heat(look, query, caller.now)


@router.get("/companies/{company_id}/kpis/noisiest", summary="What most alerts were of", responses=responses(404))
async def read_noisiest(
    caller: Annotated[Caller, allow_in_company(Action.KPI_READ)], query: Annotated[NoisiestQuery, Query()]
) -> NoisiestShown:
    async with _of_company(caller) as look:
        return await _noisiest(look, query, caller.now)


@router.get("/kpis/noisiest", summary="What most alerts were of in all companies that you serve", responses=responses())
async def read_all_noisiest(
    caller: Annotated[Caller, allow(Action.KPI_CROSS)], query: Annotated[NoisiestQuery, Query()]
) -> NoisiestShown:
    async with _of_all(caller, "UTC") as look:
        return await _noisiest(look, query, caller.now)


@asynccontextmanager
async def _of_company(caller: Caller) -> AsyncIterator[_Look]:
    async with caller.work(snapshot=True) as unit:
        company = await require_company(unit)
        yield _Look(unit.connection, (company.id,), company.time_zone)


@asynccontextmanager
async def _of_all(caller: Caller, zone: str) -> AsyncIterator[_Look]:
    time_zone = check_zone(zone)
    async with caller.crossing() as look:
        yield _Look(look.connection, look.companies, time_zone)


async def _report(look: _Look, query: KpiQuery, now: datetime) -> dict[str, Any]:
    report = await kpis.measure(look.connection, look.companies, query.window(look.zone, now))
    compared = query.compare == "previous"
    return {
        "time_zone": look.time_zone,
        **_fields(report.now),
        "previous": FiguresShown(**_fields(report.before)) if compared else None,
        "trend": [FiguresShown(**_fields(one)) for one in report.trend],
        "previous_trend": [FiguresShown(**_fields(one)) for one in report.trend_before] if compared else [],
        "definitions": {
            slug: DefinitionShown(
                title=one.title, unit=one.unit, formula=one.formula, null=one.null, rows=one.rows, filter=one.filter
            )
            for slug, one in DEFINITIONS.items()
        },
    }


async def _now(look: _Look, now: datetime) -> NowShown:
    found = await store.open_now(look.connection, look.companies, then=now - _WEEK)
    nothing = store.OpenCounts(0, 0, 0)
    by_severity = {}
    for severity in sorted(Severity, reverse=True):
        one = found.get(severity, nothing)
        by_severity[severity.word] = OpenShown(open=one.open, needs_ack=one.needs_ack, week_ago=one.then)
    return NowShown(by_severity=by_severity, as_of=now)


async def _heat(look: _Look, query: HeatQuery, now: datetime) -> HeatShown:
    found = await patterns.heat(look.connection, look.companies, query.span, zone=look.zone, now=now)
    return HeatShown(zone=look.time_zone, cells=[list(day) for day in found.cells], weeks=found.weeks)


async def _noisiest(look: _Look, query: NoisiestQuery, now: datetime) -> NoisiestShown:
    period = periods.up_to(query.span, now)
    found = await patterns.noisiest(look.connection, look.companies, period, by=query.by, limit=query.limit)
    names = {one.id: one.name for one in await companies.among(look.connection, sorted(look.companies))}
    items = [NoisyShown(**msgspec.structs.asdict(one), company=names[CompanyId(one.company_id)]) for one in found.items]
    return NoisiestShown(items=items, total_alerts=found.total_alerts)


def _fields(figures: Figures) -> dict[str, Any]:
    plain: dict[str, Any] = msgspec.to_builtins(figures, builtin_types=(datetime,))
    return plain
