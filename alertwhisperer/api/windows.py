"""Maintenance windows: times in which alerts of some places open no incident, and what they held back."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import Field, NaiveDatetime

from alertwhisperer.api.access import Caller, allow, allow_in_company
from alertwhisperer.api.fields import Asked, Flag, Moment, SeverityWord, Shown, Text, example
from alertwhisperer.api.pages import Page, PageQuery, page_of
from alertwhisperer.api.problem import responses
from alertwhisperer.correlate import maintenance
from alertwhisperer.correlate.maintenance import Draft, Finding, Preview, WindowWhole, WouldHide
from alertwhisperer.domain.severity import Severity
from alertwhisperer.domain.window import (
    LONGEST_NAME,
    LONGEST_REASON,
    LONGEST_SIGNATURE,
    MOST_PLACES,
    Phase,
    Span,
)
from alertwhisperer.guard.permissions import Action, may
from alertwhisperer.store import windows
from alertwhisperer.store.windows import SuppressedAlert

router = APIRouter(prefix="/api", tags=["windows"])

_COMPANY = "/companies/{company_id}"
_MOST_RUNNING = 1_000

_DRAFT = {
    "name": "Patch night",
    "reason": "Servers are patched and restart.",
    "starts": "2026-03-10T22:00:00",
    "ends": "2026-03-11T02:00:00",
    "time_zone": "Europe/Berlin",
    "sites": [],
    "assets": ["0195d3a0-7c1e-7b5a-9f00-3c8d53000000"],
    "signatures": [],
    "recurrence": "FREQ=MONTHLY;BYDAY=2TU",
    "until": "2026-12-31T23:00:00Z",
}
_SPAN = {
    "starts_at": "2026-03-10T21:00:00Z",
    "ends_at": "2026-03-11T01:00:00Z",
    "settled_at": "2026-03-11T01:00:10Z",
    "suppressed": 12,
    "criticals": 1,
    "firing": 2,
    "opened": 1,
}
_WINDOW = {
    "id": "0195d3a0-7c1e-7b5a-9f00-3c8d53000000",
    **{name: _DRAFT[name] for name in ("name", "reason", "time_zone", "sites", "assets", "signatures", "recurrence")},
    "whole_company": False,
    "phase": "coming",
    "times": [_SPAN],
    "made_by": "kim@example.org",
    "made_at": "2026-03-01T08:00:00Z",
    "ended_at": None,
    "ended_by": None,
    "last_held_back_at": "2026-03-10T21:05:00Z",
    "findings": [],
}
_SUPPRESSED = {
    "id": "0195d3a0-7c1e-7b5a-9f00-3c8d53000000",
    "window_id": _WINDOW["id"],
    "window_name": "Patch night",
    "alert_id": "0195d3a0-7c1e-7b5a-9f00-3c8d54000000",
    "incident_id": None,
    "severity": "high",
    "asset": "web-01",
    "signature": "HostDown",
    "received_at": "2026-03-10T21:05:00Z",
}
_RUNNING = {
    "company_id": "0195d3a0-7c1e-7b5a-9f00-3c8d52000000",
    "window_id": _WINDOW["id"],
    "name": "Patch night",
    "ends_at": "2026-03-11T01:00:00Z",
    "assets": ["web-01"],
    "signatures": [],
}
_HIDDEN = {
    "alert_id": _SUPPRESSED["alert_id"],
    "incident_id": None,
    "severity": "critical",
    "asset": "web-01",
    "signature": "HostDown",
    "at": "2026-02-10T21:05:00Z",
}
_PREVIEW = {
    "since": "2026-02-08T08:00:00Z",
    "alerts": 12,
    "incidents": 4,
    "by_severity": [{"severity": "critical", "alerts": 1}],
    "by_asset": [{"asset": "web-01", "alerts": 12}],
    "worst": [_HIDDEN],
}

_Check = Annotated[Text, Field(min_length=1, max_length=LONGEST_SIGNATURE)]


class SpanShown(Shown):
    """One time of a window, and once it is over what it held back."""

    model_config = example(_SPAN)

    starts_at: datetime
    ends_at: datetime
    settled_at: Annotated[datetime | None, Field(description="when the figures were written, a little after the end")]
    suppressed: Annotated[int, Field(description="alerts held back")]
    criticals: Annotated[int, Field(description="of them, critical ones")]
    firing: Annotated[int, Field(description="of them, those that still fired at the end")]
    opened: Annotated[int, Field(description="incidents that these opened")]


class WindowShown(Shown):
    """A maintenance window."""

    model_config = example(_WINDOW)

    id: UUID
    name: str
    reason: str
    sites: list[UUID]
    assets: list[UUID]
    signatures: Annotated[list[str], Field(description="checks; empty: all of them")]
    whole_company: Annotated[bool, Field(description="whether it names neither a site nor an asset")]
    time_zone: str
    recurrence: Annotated[str, Field(description="empty: it happens once")]
    phase: Literal["running", "coming", "past"]
    times: Annotated[list[SpanShown], Field(description="in order, as they were worked out when it was saved")]
    made_by: str
    made_at: datetime
    ended_at: Annotated[datetime | None, Field(description="when somebody ended it for good")]
    ended_by: str | None
    last_held_back_at: datetime | None
    findings: Annotated[
        list[Finding],
        Field(
            description="unused: held nothing back for 30 days; everything: hides all of the company; old: half a year"
        ),
    ]


class WindowAsked(Asked):
    """A window to make, or to look at before it is made. Without sites and assets it holds for the whole company."""

    model_config = example(_DRAFT)

    name: Annotated[Text, Field(min_length=1, max_length=LONGEST_NAME)]
    reason: Annotated[Text, Field(min_length=1, max_length=LONGEST_REASON)]
    starts: Annotated[NaiveDatetime, Field(description="of its first time, as the clock on the wall shows it")]
    ends: Annotated[NaiveDatetime, Field(description="likewise")]
    time_zone: Annotated[Text | None, Field(description="IANA name; the company's when absent")] = None
    sites: Annotated[tuple[UUID, ...], Field(max_length=MOST_PLACES)] = ()
    assets: Annotated[tuple[UUID, ...], Field(max_length=MOST_PLACES)] = ()
    signatures: Annotated[tuple[_Check, ...], Field(max_length=MOST_PLACES)] = ()
    recurrence: Annotated[
        Text | None,
        Field(description="RRULE with FREQ, INTERVAL, BYDAY, BYMONTHDAY, BYMONTH; absent: it happens once"),
    ] = None
    until: Annotated[Moment | None, Field(description="of one that recurs: no time starts at or after this")] = None


class WindowExtended(Asked):
    """A later end of the time that runs, or of the next one."""

    model_config = example({"until": "2026-03-11T03:00:00Z"})

    until: Moment


class WindowEnding(Asked):
    """How to end it."""

    model_config = example({"for_good": False})

    for_good: Annotated[Flag, Field(description="also what was to come; else only the time that runs")] = False


class WindowQuery(PageQuery):
    """Which windows."""

    phase: Phase | None = None


class SuppressedQuery(PageQuery):
    """Which alerts."""

    start: Annotated[Moment | None, Field(alias="from")] = None
    finish: Annotated[Moment | None, Field(alias="to")] = None


class SuppressedShown(Shown):
    """An alert that a window held back."""

    model_config = example(_SUPPRESSED)

    id: Annotated[UUID, Field(description="of the occurrence")]
    window_id: UUID
    window_name: str
    alert_id: UUID
    incident_id: Annotated[UUID | None, Field(description="where it opened after all; null: nobody was called")]
    severity: SeverityWord
    asset: str
    signature: str
    received_at: datetime


class HiddenShown(Shown):
    """An alert of the last days that the window would have held back."""

    model_config = example(_HIDDEN)

    alert_id: UUID
    incident_id: Annotated[UUID | None, Field(description="that would not have opened then")]
    severity: SeverityWord
    asset: str
    signature: str
    at: datetime


class SeverityCount(Shown):
    """Alerts of one severity."""

    severity: SeverityWord
    alerts: int


class AssetCount(Shown):
    """Alerts of one asset."""

    asset: str
    alerts: int


class RunningShown(Shown):
    """A window that holds now."""

    model_config = example(_RUNNING)

    company_id: UUID
    window_id: UUID
    name: str
    ends_at: datetime
    assets: Annotated[list[str] | None, Field(description="names of what it holds; null: the whole company")]
    signatures: Annotated[list[str], Field(description="the checks that it holds; empty: all of them")]


class RunningWindows(Shown):
    """Windows that hold now, of all companies that you serve, the first to end first."""

    model_config = example({"items": [_RUNNING]})

    items: list[RunningShown]


class WindowPreviewShown(Shown):
    """What the window would have held back in the last 30 days, had it run at the same hours."""

    model_config = example(_PREVIEW)

    since: Annotated[datetime, Field(description="from when on was looked: 30 days ago, or later where there is much")]
    alerts: int
    incidents: int
    by_severity: Annotated[list[SeverityCount], Field(description="worst first")]
    by_asset: Annotated[list[AssetCount], Field(description="at most 50, those with most alerts first")]
    worst: Annotated[list[HiddenShown], Field(description="at most 50, the worst first")]


@router.get("/windows/running", summary="Windows that hold now, of all companies that you serve", responses=responses())
async def list_running_windows(caller: Annotated[Caller, allow(Action.WINDOW_CROSS)]) -> RunningWindows:
    async with caller.crossing() as look:
        found = await windows.running_among(look.connection, look.companies, now=caller.now, limit=_MOST_RUNNING)
    return RunningWindows(
        items=[
            RunningShown(
                company_id=one.company_id,
                window_id=one.id,
                name=one.name,
                ends_at=one.ends_at,
                assets=None if one.assets is None else list(one.assets),
                signatures=list(one.signatures),
            )
            for one in found
        ]
    )


@router.get(_COMPANY + "/windows", summary="Maintenance windows", responses=responses(404))
async def list_windows(
    caller: Annotated[Caller, allow_in_company(Action.WINDOW_READ)], query: Annotated[WindowQuery, Query()]
) -> Page[WindowShown]:
    await caller.check_company()
    found = await maintenance.list_windows(
        caller.desk.database, caller.scope, phase=query.phase, now=caller.now, limit=query.reach, before=query.cursor
    )
    return page_of(found, query, _show, lambda one: one.window.id)


@router.post(_COMPANY + "/windows", status_code=201, summary="Make a maintenance window", responses=responses(404, 409))
async def add_window(caller: Annotated[Caller, allow_in_company(Action.WINDOW_SET)], body: WindowAsked) -> WindowShown:
    made = await maintenance.add_window(
        caller.desk.database, caller.scope, _draft(body), may_be_wide=_may_be_wide(caller), now=caller.now
    )
    return _show(made)


@router.post(_COMPANY + "/windows/preview", summary="What a window would have held back", responses=responses(404))
async def preview_window(
    caller: Annotated[Caller, allow_in_company(Action.WINDOW_SET)], body: WindowAsked
) -> WindowPreviewShown:
    return _show_preview(await maintenance.preview(caller.desk.database, caller.scope, _draft(body), now=caller.now))


@router.get(_COMPANY + "/windows/{window_id}", summary="One maintenance window", responses=responses(404))
async def read_window(caller: Annotated[Caller, allow_in_company(Action.WINDOW_READ)], window_id: UUID) -> WindowShown:
    return _show(await maintenance.get_window(caller.desk.database, caller.scope, window_id, now=caller.now))


@router.get(_COMPANY + "/windows/{window_id}/suppressed", summary="What a window held back", responses=responses(404))
async def list_window_suppressed(
    caller: Annotated[Caller, allow_in_company(Action.WINDOW_READ)],
    window_id: UUID,
    query: Annotated[PageQuery, Query()],
) -> Page[SuppressedShown]:
    found = await maintenance.suppressed_alerts(
        caller.desk.database, caller.scope, window_id=window_id, limit=query.reach, before=query.cursor
    )
    return page_of(found, query, _show_suppressed, lambda one: one.id)


@router.post(_COMPANY + "/windows/{window_id}/extend", summary="Let a window end later", responses=responses(404, 409))
async def extend_window(
    caller: Annotated[Caller, allow_in_company(Action.WINDOW_SET)], window_id: UUID, body: WindowExtended
) -> WindowShown:
    return _show(
        await maintenance.extend_window(
            caller.desk.database,
            caller.scope,
            window_id,
            body.until,
            may_be_wide=_may_be_wide(caller),
            now=caller.now,
        )
    )


@router.post(_COMPANY + "/windows/{window_id}/end", summary="End a window", responses=responses(404, 409))
async def end_window(
    caller: Annotated[Caller, allow_in_company(Action.WINDOW_SET)], window_id: UUID, body: WindowEnding
) -> WindowShown:
    return _show(
        await maintenance.end_window(
            caller.desk.database, caller.scope, window_id, for_good=body.for_good, now=caller.now
        )
    )


@router.get(_COMPANY + "/suppressed", summary="Alerts that windows held back", responses=responses(404))
async def list_suppressed(
    caller: Annotated[Caller, allow_in_company(Action.WINDOW_READ)], query: Annotated[SuppressedQuery, Query()]
) -> Page[SuppressedShown]:
    await caller.check_company()
    found = await maintenance.suppressed_alerts(
        caller.desk.database,
        caller.scope,
        start=query.start,
        finish=query.finish,
        limit=query.reach,
        before=query.cursor,
    )
    return page_of(found, query, _show_suppressed, lambda one: one.id)


def _may_be_wide(caller: Caller) -> bool:
    return may(caller.user, Action.WINDOW_SET_WIDE, caller.person.means)


def _draft(body: WindowAsked) -> Draft:
    return Draft(
        name=body.name,
        reason=body.reason,
        starts=body.starts,
        ends=body.ends,
        sites=body.sites,
        assets=body.assets,
        signatures=body.signatures,
        time_zone=body.time_zone or "",
        recurrence=body.recurrence or "",
        until=body.until,
    )


def _show(whole: WindowWhole) -> WindowShown:
    window = whole.window
    return WindowShown(
        id=window.id,
        name=window.name,
        reason=window.reason,
        sites=list(window.sites),
        assets=list(window.assets),
        signatures=list(window.signatures),
        whole_company=window.is_whole_company,
        time_zone=window.time_zone,
        recurrence=window.recurrence,
        phase=whole.phase.value,
        times=[_show_span(one) for one in whole.spans],
        made_by=window.made_by,
        made_at=window.made_at,
        ended_at=window.ended_at,
        ended_by=window.ended_by,
        last_held_back_at=whole.hidden_at,
        findings=list(whole.findings),
    )


def _show_span(span: Span) -> SpanShown:
    return SpanShown(
        starts_at=span.starts_at,
        ends_at=span.ends_at,
        settled_at=span.settled_at,
        suppressed=span.suppressed,
        criticals=span.criticals,
        firing=span.firing,
        opened=span.opened,
    )


def _show_suppressed(one: SuppressedAlert) -> SuppressedShown:
    return SuppressedShown(
        id=one.id,
        window_id=one.window_id,
        window_name=one.window_name,
        alert_id=one.alert_id,
        incident_id=one.incident_id,
        severity=one.severity.word,  # type: ignore[arg-type]  # one of the five words
        asset=one.asset,
        signature=one.signature,
        received_at=one.received_at,
    )


def _show_preview(found: Preview) -> WindowPreviewShown:
    return WindowPreviewShown(
        since=found.since,
        alerts=found.alerts,
        incidents=found.incidents,
        by_severity=[
            SeverityCount(severity=one.word, alerts=alerts)  # type: ignore[arg-type]  # one of the five words
            for one, alerts in found.by_severity
        ],
        by_asset=[AssetCount(asset=asset, alerts=alerts) for asset, alerts in found.by_asset],
        worst=[_show_hidden(one) for one in found.worst],
    )


def _show_hidden(one: WouldHide) -> HiddenShown:
    return HiddenShown(
        alert_id=one.alert.id,
        incident_id=one.incident_id,
        severity=Severity(one.alert.severity).word,  # type: ignore[arg-type]  # one of the five words
        asset=one.alert.asset,
        signature=one.alert.signature,
        at=one.alert.first_seen_at,
    )
