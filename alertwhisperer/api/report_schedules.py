"""Schedules of a company: which reports are made by the clock."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import Field

from alertwhisperer.api.access import Caller, allow_in_company
from alertwhisperer.api.fields import Asked, Shown, Text, Whole, example
from alertwhisperer.api.pages import Page, PageQuery, page_of
from alertwhisperer.api.problem import responses
from alertwhisperer.api.reports import FormatWord, Sections, SectionWord
from alertwhisperer.domain.report import Every, Format, Schedule, Section
from alertwhisperer.guard.permissions import Action
from alertwhisperer.reports import schedules

router = APIRouter(prefix="/api/companies/{company_id}/report-schedules", tags=["reports"])

_GIVEN: dict[str, Any] = {
    "name": "Monthly for the customer",
    "every": "month",
    "day": 1,
    "hour": 6,
    "zone": "Europe/Berlin",
    "formats": ["pdf", "xlsx"],
    "sections": [],
}

Day = Annotated[Whole, Field(ge=1, le=28, description="1 (Monday) to 7 of the week, or 1 to 28 of the month")]
Hour = Annotated[Whole, Field(ge=0, le=23, description="in its zone")]
Formats = Annotated[tuple[FormatWord, ...], Field(min_length=1, max_length=len(Format))]


class ScheduleShown(Shown):
    """Asks for reports of the week or the month that has just ended."""

    model_config = example(
        {
            "id": "0195d3a0-7c1e-7b5a-9f00-3c8d53000000",
            **_GIVEN,
            "by": "kim@example.org",
            "created_at": "2026-03-15T09:00:00Z",
            "next_at": "2026-04-01T04:00:00Z",
            "last_at": None,
        }
    )

    id: UUID
    name: str
    every: Literal["week", "month"]
    day: int
    hour: int
    zone: str
    formats: list[FormatWord]
    sections: Annotated[list[SectionWord], Field(description="all when empty")]
    by: Annotated[str, Field(description="who added it")]
    created_at: datetime
    next_at: Annotated[datetime, Field(description="when it asks next")]
    last_at: datetime | None


class ScheduleAdded(Asked):
    """A new schedule."""

    model_config = example(_GIVEN)

    name: Text
    every: Literal["week", "month"]
    day: Day = 1
    hour: Hour = 6
    zone: Annotated[Text | None, Field(description="IANA name; the company's when absent")] = None
    formats: Formats = ("pdf",)
    sections: Sections = ()


class ScheduleSet(Asked):
    """What to change; what is absent or null stays."""

    model_config = example({"day": 2, "hour": 7})

    name: Text | None = None
    every: Literal["week", "month"] | None = None
    day: Day | None = None
    hour: Hour | None = None
    zone: Text | None = None
    formats: Formats | None = None
    sections: Sections | None = None


@router.post("", status_code=201, summary="Have reports made by the clock", responses=responses(404, 409))
async def add_report_schedule(
    caller: Annotated[Caller, allow_in_company(Action.REPORT_MAKE)], body: ScheduleAdded
) -> ScheduleShown:
    added = await schedules.add_schedule(
        caller.desk.database,
        caller.scope,
        name=body.name,
        every=Every(body.every),
        day=body.day,
        hour=body.hour,
        time_zone=body.zone,
        formats=tuple(map(Format, body.formats)),
        sections=tuple(map(Section, body.sections)),
        now=caller.now,
    )
    return _show(added)


@router.get("", summary="Schedules, newest first", responses=responses(404))
async def list_report_schedules(
    caller: Annotated[Caller, allow_in_company(Action.REPORT_READ)], query: Annotated[PageQuery, Query()]
) -> Page[ScheduleShown]:
    await caller.check_company()
    found = await schedules.list_schedules(caller.desk.database, caller.scope)
    rest = [one for one in found if query.cursor is None or one.id < query.cursor]
    return page_of(rest, query, _show, lambda one: one.id)


@router.patch("/{schedule_id}", summary="Change a schedule", responses=responses(404))
async def set_report_schedule(
    caller: Annotated[Caller, allow_in_company(Action.REPORT_MAKE)], schedule_id: UUID, body: ScheduleSet
) -> ScheduleShown:
    given: dict[str, Any] = {
        "name": body.name,
        "every": None if body.every is None else Every(body.every),
        "day": body.day,
        "hour": body.hour,
        "time_zone": body.zone,
        "formats": None if body.formats is None else tuple(map(Format, body.formats)),
        "sections": None if body.sections is None else tuple(map(Section, body.sections)),
    }
    wanted = {name: value for name, value in given.items() if value is not None}
    changed = await schedules.set_schedule(caller.desk.database, caller.scope, schedule_id, wanted, now=caller.now)
    return _show(changed)


@router.delete(
    "/{schedule_id}", status_code=204, summary="Remove a schedule; its reports stay", responses=responses(404)
)
async def remove_report_schedule(
    caller: Annotated[Caller, allow_in_company(Action.REPORT_MAKE)], schedule_id: UUID
) -> None:
    await schedules.remove_schedule(caller.desk.database, caller.scope, schedule_id, now=caller.now)


def _show(schedule: Schedule) -> ScheduleShown:
    return ScheduleShown(
        id=schedule.id,
        name=schedule.name,
        every=schedule.every.value,
        day=schedule.day,
        hour=schedule.hour,
        zone=schedule.time_zone,
        formats=[one.value for one in schedule.formats],
        sections=[one.value for one in schedule.sections],
        by=schedule.created_by,
        created_at=schedule.created_at,
        next_at=schedule.next_at,
        last_at=schedule.last_at,
    )
