"""The baseline of a company: the figures from before, which its reports compare with."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter
from pydantic import Field

from alertwhisperer.api.access import Caller, allow_in_company
from alertwhisperer.api.fields import NO_NUL, Asked, Moment, Shown, Whole, example
from alertwhisperer.api.problem import responses
from alertwhisperer.domain.errors import Invalid
from alertwhisperer.domain.report import Baseline, BaselineKind
from alertwhisperer.guard.permissions import Action
from alertwhisperer.reports import baseline as baselines
from alertwhisperer.reports.baseline import FIGURES, MOST_COUNTED

router = APIRouter(prefix="/api/companies/{company_id}/baseline", tags=["reports"])

KindWord = Literal["typed", "imported", "first_30_days"]
_SET = {
    "kind": "typed",
    "from": "2025-01-01T00:00:00Z",
    "to": "2025-04-01T00:00:00Z",
    "figures": {"mttr_minutes": 95.0, "mtta_minutes": 22.0},
    "sample": {"alerts": 41200, "incidents": 3100},
}


class Sample(Shown):
    """Of how many the figures speak."""

    model_config = example({"alerts": 41200, "incidents": 3100})

    alerts: int
    incidents: int


class BaselineShown(Shown):
    """The figures from before."""

    model_config = example(
        {
            "company_id": "0195d3a0-7c1e-7b5a-9f00-3c8d52000000",
            **_SET,
            "by": "kim@example.org",
            "set_at": "2026-03-01T08:00:00Z",
        }
    )

    company_id: UUID
    kind: KindWord
    start: Annotated[datetime, Field(serialization_alias="from")]
    finish: Annotated[datetime, Field(serialization_alias="to")]
    figures: Annotated[dict[str, float], Field(description="by their names in `kpis`; what was measured")]
    sample: Sample
    by: str
    set_at: datetime


class SampleGiven(Asked):
    """Of how many the figures speak; a comparison shows both numbers, or is not made."""

    model_config = example({"alerts": 41200, "incidents": 3100})

    alerts: Annotated[Whole, Field(ge=0, le=MOST_COUNTED)]
    incidents: Annotated[Whole, Field(ge=0, le=MOST_COUNTED)]


class BaselineSet(Asked):
    """
    Figures that are known (`figures` and `sample`), a list of incidents to count (`csv`), or the first 30 days.
    """

    model_config = example(_SET)

    kind: KindWord
    start: Annotated[Moment | None, Field(alias="from", description="needed with figures")] = None
    finish: Annotated[Moment | None, Field(alias="to", description="needed with figures")] = None
    figures: Annotated[
        dict[str, Annotated[float, Field(allow_inf_nan=False)]] | None,
        Field(max_length=len(FIGURES), description=f"some of {', '.join(FIGURES)}"),
    ] = None
    sample: SampleGiven | None = None
    csv: Annotated[
        str | None,
        Field(
            pattern=NO_NUL,
            max_length=900_000,
            description="of `imported`: rows with opened_at and, where known, acknowledged_at, resolved_at, alerts",
        ),
    ] = None


@router.get("", summary="The figures from before", responses=responses(404))
async def read_baseline(caller: Annotated[Caller, allow_in_company(Action.BASELINE_READ)]) -> BaselineShown:
    return _show(caller, await baselines.get_baseline(caller.desk.database, caller.scope))


@router.put("", summary="Set the figures from before", responses=responses(404, 409))
async def set_baseline(
    caller: Annotated[Caller, allow_in_company(Action.BASELINE_SET)], body: BaselineSet
) -> BaselineShown:
    database, scope, kind = caller.desk.database, caller.scope, BaselineKind(body.kind)
    if kind is BaselineKind.FIRST_30_DAYS:
        _refuse(body, "figures", "sample", "csv", "start", "finish")
        return _show(caller, await baselines.set_first_days(database, scope, now=caller.now))
    if body.csv is not None and kind is BaselineKind.IMPORTED:
        _refuse(body, "figures", "sample")
        found = await baselines.set_imported(
            database, scope, body.csv, start=body.start, finish=body.finish, now=caller.now
        )
        return _show(caller, found)
    _refuse(body, "csv")
    if body.start is None or body.finish is None or body.sample is None:
        raise Invalid(
            "figures need the time and the sample that they speak of", where="body", mend="give from, to and sample"
        )
    found = await baselines.set_typed(
        database,
        scope,
        start=body.start,
        finish=body.finish,
        figures=body.figures or {},
        alerts=body.sample.alerts,
        incidents=body.sample.incidents,
        kind=kind,
        now=caller.now,
    )
    return _show(caller, found)


@router.delete("", status_code=204, summary="Compare with nothing any more", responses=responses(404))
async def remove_baseline(caller: Annotated[Caller, allow_in_company(Action.BASELINE_SET)]) -> None:
    await baselines.remove_baseline(caller.desk.database, caller.scope, now=caller.now)


def _refuse(body: BaselineSet, *names: str) -> None:
    given = [name for name in names if getattr(body, name) is not None]
    if given:
        field = {"start": "from", "finish": "to"}.get(given[0], given[0])
        raise Invalid(f"{field} means nothing with the kind {body.kind}", where=f"body.{field}", mend="leave it out")


def _show(caller: Caller, baseline: Baseline) -> BaselineShown:
    return BaselineShown(
        company_id=caller.scope.company_id,
        kind=baseline.kind.value,
        start=baseline.start,
        finish=baseline.finish,
        figures=dict(baseline.figures),
        sample=Sample(alerts=baseline.alerts, incidents=baseline.incidents),
        by=baseline.set_by,
        set_at=baseline.set_at,
    )
