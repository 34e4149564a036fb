"""Reports of a company: asked for, polled until they are made, taken as a file, removed."""

from datetime import datetime
from typing import Annotated, Literal, TypeAlias
from uuid import UUID

from fastapi import APIRouter, Query, Response
from pydantic import Field

from alertwhisperer.api.access import Caller, allow_in_company
from alertwhisperer.api.fields import Asked, Moment, Shown, example
from alertwhisperer.api.pages import Page, PageQuery, page_of
from alertwhisperer.api.problem import responses
from alertwhisperer.domain.report import Format, PeriodWord, Report, Section
from alertwhisperer.guard.companies import require_company
from alertwhisperer.guard.permissions import Action
from alertwhisperer.reports import asking

router = APIRouter(prefix="/api/companies/{company_id}/reports", tags=["reports"])

FormatWord: TypeAlias = Literal["pdf", "xlsx", "csv"]
SectionWord: TypeAlias = Literal["summary", "figures", "baseline", "trend", "checks", "incidents", "definitions"]
NamedPeriod: TypeAlias = Literal[
    "yesterday", "this_week", "last_week", "this_month", "last_month", "last_quarter", "last_30_days"
]
Sections: TypeAlias = Annotated[
    tuple[SectionWord, ...],
    Field(max_length=len(Section), description="parts of it, all when empty; of csv the one table"),
]
_REPORT = {
    "id": "0195d3a0-7c1e-7b5a-9f00-3c8d53000000",
    "period": "last_month",
    "from": "2026-02-28T23:00:00Z",
    "to": "2026-03-31T22:00:00Z",
    "time_zone": "Europe/Berlin",
    "format": "pdf",
    "sections": ["summary", "figures", "baseline", "trend", "checks", "incidents", "definitions"],
    "status": "made",
    "asked_at": "2026-04-01T06:00:00Z",
    "made_at": "2026-04-01T06:00:02Z",
    "by": "kim@example.org",
    "schedule_id": None,
    "bytes": 84211,
    "sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "problem": None,
}


class ReportShown(Shown):
    """A report, without its file."""

    model_config = example(_REPORT)

    id: UUID
    period: Annotated[str, Field(description="as it was asked for; `custom` where two moments were given")]
    start: Annotated[datetime, Field(serialization_alias="from")]
    finish: Annotated[datetime, Field(serialization_alias="to")]
    time_zone: Annotated[str, Field(description="whose days it counts, and whose times its pages show")]
    format: FormatWord
    sections: list[SectionWord]
    status: Literal["queued", "made", "failed"]
    asked_at: datetime
    made_at: datetime | None
    by: Annotated[str, Field(description="who asked; `timer` where a schedule did")]
    schedule_id: UUID | None
    bytes: Annotated[int | None, Field(description="of the file; null until it is made")]
    sha256: Annotated[str | None, Field(description="of the file, hexadecimal")]
    problem: Annotated[str | None, Field(description="why it failed")]


class ReportAsked(Asked):
    """Which report: a period by its name, or from one moment to another."""

    model_config = example({"period": "last_month", "format": "pdf"})

    period: NamedPeriod | None = None
    start: Annotated[Moment | None, Field(alias="from")] = None
    finish: Annotated[Moment | None, Field(alias="to", description="not later than now")] = None
    format: FormatWord = "pdf"
    sections: Sections = ()


@router.post("", status_code=201, summary="Ask for a report", responses=responses(404, 409))
async def ask_for_report(
    caller: Annotated[Caller, allow_in_company(Action.REPORT_MAKE)], body: ReportAsked
) -> ReportShown:
    report = await asking.ask(
        caller.desk.database,
        caller.scope,
        form=Format(body.format),
        word=PeriodWord.CUSTOM if body.period is None else PeriodWord(body.period),
        start=body.start,
        finish=body.finish,
        sections=[Section(one) for one in body.sections],
        now=caller.now,
    )
    return show(report)


@router.get("", summary="Reports, newest first", responses=responses(404))
async def list_reports(
    caller: Annotated[Caller, allow_in_company(Action.REPORT_READ)], query: Annotated[PageQuery, Query()]
) -> Page[ReportShown]:
    await caller.check_company()
    found = await asking.list_reports(caller.desk.database, caller.scope, limit=query.reach, before=query.cursor)
    return page_of(found, query, show, lambda one: one.id)


@router.get("/{report_id}", summary="One report, and whether it is made", responses=responses(404))
async def read_report(caller: Annotated[Caller, allow_in_company(Action.REPORT_READ)], report_id: UUID) -> ReportShown:
    return show(await asking.get_report(caller.desk.database, caller.scope, report_id))


@router.get(
    "/{report_id}/file",
    summary="The file of a report",
    response_class=Response,
    responses={
        **responses(404, 409),
        200: {
            "description": "The file, as an attachment.",
            "content": {form.content_type: {"schema": {"type": "string", "format": "binary"}} for form in Format},
        },
    },
)
async def take_file(caller: Annotated[Caller, allow_in_company(Action.REPORT_READ)], report_id: UUID) -> Response:
    async with caller.work() as unit:
        company = await require_company(unit)
    report, body = await asking.take_file(caller.desk.database, caller.scope, report_id)
    name = f'attachment; filename="{asking.file_name(company.name, report)}"'
    return Response(body, media_type=report.format.content_type, headers={"Content-Disposition": name})


@router.delete("/{report_id}", status_code=204, summary="Remove a report with its file", responses=responses(404))
async def remove_report(caller: Annotated[Caller, allow_in_company(Action.REPORT_REMOVE)], report_id: UUID) -> None:
    await asking.remove_report(caller.desk.database, caller.scope, report_id, now=caller.now)


def show(report: Report) -> ReportShown:
    """A report as the API answers it."""
    return ReportShown(
        id=report.id,
        period=report.span.word.value,
        start=report.span.start,
        finish=report.span.finish,
        time_zone=report.span.time_zone,
        format=report.format.value,
        sections=[one.value for one in report.sections],
        status=report.state.value,
        asked_at=report.asked_at,
        made_at=report.settled_at if report.size is not None else None,
        by=report.asked_by,
        schedule_id=report.schedule_id,
        bytes=report.size,
        sha256=None if report.sha256 is None else report.sha256.hex(),
        problem=report.problem or None,
    )
