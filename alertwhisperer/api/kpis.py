"""The figures of a company over a period, each as `insight.definitions` says it."""

from datetime import datetime, timedelta
from typing import Annotated, Any
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec
from fastapi import APIRouter, Query
from pydantic import Field

from alertwhisperer.api.access import Caller, allow_in_company
from alertwhisperer.api.fields import Asked, Moment, Shown, example
from alertwhisperer.api.problem import responses
from alertwhisperer.guard.companies import require_company
from alertwhisperer.guard.permissions import Action
from alertwhisperer.insight.definitions import DEFINITIONS
from alertwhisperer.insight.kpis import Figures, measure

router = APIRouter(prefix="/api/companies/{company_id}/kpis", tags=["kpis"])

_USUAL = timedelta(hours=24)
_FIGURES = {
    "from": "2026-03-01T00:00:00Z",
    "to": "2026-03-02T00:00:00Z",
    "total_alerts": 10,
    "distinct_alerts": 1,
    "total_incidents": 1,
    "noise_reduction_pct": 90.0,
    "noise_reduction": {"dedup": 90.0, "correlation": 0.0, "suppression": 0.0},
    "mttr_minutes": 12.5,
    "mttr_minutes_median": 12.5,
    "mtta_minutes": None,
    "mtta_minutes_median": None,
    "self_healed_count": None,
    "self_healed_pct": None,
    "sla_compliance_pct": None,
    "patch_compliance_pct": None,
}


class SplitShown(Shown):
    """What took the noise away; the parts add up to `noise_reduction_pct`."""

    dedup: float
    correlation: float
    suppression: float


class FiguresShown(Shown):
    """The figures of one period; null where there is nothing to measure."""

    model_config = example(_FIGURES)

    start: Annotated[datetime, Field(serialization_alias="from")]
    finish: Annotated[datetime, Field(serialization_alias="to")]
    total_alerts: int
    distinct_alerts: int
    total_incidents: int
    noise_reduction_pct: float | None
    noise_reduction: SplitShown | None
    mttr_minutes: float | None
    mttr_minutes_median: float | None
    mtta_minutes: float | None
    mtta_minutes_median: float | None
    self_healed_count: int | None
    self_healed_pct: float | None
    sla_compliance_pct: float | None
    patch_compliance_pct: float | None


class DefinitionShown(Shown):
    """What a figure means."""

    title: str
    unit: str
    formula: str
    null: Annotated[str, Field(description="when it is null")]


class KpisShown(FiguresShown):
    """The figures of the period asked for, of the one before, and by day; with what each means."""

    model_config = example(
        {
            "company_id": "0195d3a0-7c1e-7b5a-9f00-3c8d52000000",
            "time_zone": "Europe/Berlin",
            **_FIGURES,
            "previous": _FIGURES,
            "trend": [_FIGURES],
            "definitions": {},
        }
    )

    company_id: UUID
    time_zone: str
    previous: Annotated[FiguresShown, Field(description="the equally long period before")]
    trend: Annotated[list[FiguresShown], Field(description="the last 7 days in the company's zone, oldest first")]
    definitions: dict[str, DefinitionShown]


class KpiQuery(Asked):
    """Which period: the last 24 hours when nothing is said."""

    start: Annotated[Moment | None, Field(alias="from", description="24 hours before `to` when absent")] = None
    finish: Annotated[Moment | None, Field(alias="to", description="now when absent")] = None


@router.get("", summary="The figures", responses=responses(404))
async def read_kpis(
    caller: Annotated[Caller, allow_in_company(Action.KPI_READ)], query: Annotated[KpiQuery, Query()]
) -> KpisShown:
    finish = query.finish or caller.now
    start = query.start or finish - _USUAL
    async with caller.work(snapshot=True) as unit:
        company = await require_company(unit)
        report = await measure(unit, start, finish, ZoneInfo(company.time_zone))
    return KpisShown(
        company_id=company.id,
        time_zone=company.time_zone,
        **_fields(report.now),
        previous=FiguresShown(**_fields(report.before)),
        trend=[FiguresShown(**_fields(day)) for day in report.days],
        definitions={
            slug: DefinitionShown(title=one.title, unit=one.unit, formula=one.formula, null=one.null)
            for slug, one in DEFINITIONS.items()
        },
    )


def _fields(figures: Figures) -> dict[str, Any]:
    fields: dict[str, Any] = msgspec.structs.asdict(figures)
    split = figures.noise_reduction
    return fields | {"noise_reduction": None if split is None else SplitShown(**msgspec.structs.asdict(split))}
