"""Incidents: alerts that a person should treat as one, and what people do to them."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import Field

from alertwhisperer.api.access import Caller, absent, allow, allow_in_company
from alertwhisperer.api.alerts import EXAMPLE as ALERT_EXAMPLE
from alertwhisperer.api.alerts import AlertShown, show_alert
from alertwhisperer.api.fields import Asked, IncidentWord, LongText, Moment, SeverityWord, Shown, Text, example
from alertwhisperer.api.pages import Page, PageQuery, page_of
from alertwhisperer.api.problem import responses
from alertwhisperer.api.story import Entry, tell
from alertwhisperer.correlate import acts
from alertwhisperer.domain.company import CompanyId
from alertwhisperer.domain.errors import Invalid, NotFound
from alertwhisperer.domain.severity import Severity
from alertwhisperer.guard import people
from alertwhisperer.guard.permissions import Action
from alertwhisperer.store import incidents
from alertwhisperer.store.database import Unit
from alertwhisperer.store.incidents import IncidentFilter, IncidentRow

router = APIRouter(prefix="/api", tags=["incidents"])

_MOST_NAMED = 100  # incidents in one merge, alerts in one split; what `correlate.acts` takes at least
_NOT_MERGED: tuple[IncidentWord, ...] = ("open", "acknowledged", "resolved")
_EXAMPLE = {
    "id": "0195d3a1-22b0-7e11-8a00-5b1c03000000",
    "company_id": "0195d3a0-7c1e-7b5a-9f00-3c8d52000000",
    "title": "DiskWillFill on db-01.example.org",
    "status": "acknowledged",
    "severity": "critical",
    "opened_at": "2026-03-01T08:00:12Z",
    "last_activity_at": "2026-03-01T08:12:12Z",
    "acknowledged_at": "2026-03-01T08:03:00Z",
    "acknowledged_by": "kim@example.org",
    "assignee": "kim@example.org",
    "resolved_at": None,
    "resolved_by": None,
    "alert_count": 2,
    "firing_count": 2,
    "occurrence_count": 24,
    "tools": ["prometheus", "zabbix"],
    "assets": ["db-01.example.org"],
    "aggregation_key": "db-01.example.org|DiskWillFill",
    "rule": {"id": "default", "name": "Same asset and signature", "version": 0},
    "merged_into": None,
    "split_from": None,
}
_ENTRY = {
    "at": "2026-03-01T08:00:12Z",
    "kind": "opened_first",
    "actor": "prometheus",
    "text": "DiskWillFill on db-01.example.org: It opened an incident: nothing with this aggregation key was open.",
    "alert_id": ALERT_EXAMPLE["id"],
    "detail": {},
}
_STORY = {
    "alerts": [ALERT_EXAMPLE],
    "timeline": [_ENTRY],
    "why": ["It opened an incident: nothing with this aggregation key was open."],
}


class RuleOfIncident(Shown):
    """The rule that made it, as it was then."""

    id: str
    name: str
    version: Annotated[int, Field(description="of the company's rules")]


class IncidentShown(Shown):
    """Alerts that a person should treat as one."""

    model_config = example(_EXAMPLE)

    id: UUID
    company_id: UUID
    title: str
    status: IncidentWord
    severity: Annotated[SeverityWord, Field(description="the worst seen")]
    opened_at: datetime
    last_activity_at: datetime
    acknowledged_at: datetime | None
    acknowledged_by: str | None
    assignee: str | None
    resolved_at: datetime | None
    resolved_by: str | None
    alert_count: int
    firing_count: Annotated[int, Field(description="alerts of it that fire now")]
    occurrence_count: Annotated[int, Field(description="firing occurrences")]
    tools: list[str]
    assets: Annotated[list[str], Field(description="of its newest alerts, at most 100")]
    aggregation_key: str
    rule: RuleOfIncident
    merged_into: UUID | None
    split_from: UUID | None


class EntryShown(Shown):
    """Something that happened to the incident."""

    model_config = example(_ENTRY)

    at: datetime
    kind: str
    actor: str
    text: str
    alert_id: UUID | None
    detail: dict[str, Any]


class IncidentWhole(IncidentShown):
    """An incident with its first 100 alerts, its timeline (oldest first) and why these are one."""

    model_config = example({**_EXAMPLE, **_STORY})

    alerts: list[AlertShown]
    timeline: list[EntryShown]
    why: list[str]


class IncidentQuery(PageQuery):
    """Which incidents."""

    status: Annotated[
        list[IncidentWord], Field(max_length=4, description="may be repeated; all but merged when absent")
    ] = Field(default_factory=list)
    severity: Annotated[list[SeverityWord], Field(max_length=5, description="may be repeated")] = Field(
        default_factory=list
    )
    assignee: Text | None = None
    start: Annotated[Moment | None, Field(alias="from", description="opened at or after")] = None
    finish: Annotated[Moment | None, Field(alias="to", description="opened before")] = None


class Assignment(Asked):
    """Whose it is."""

    model_config = example({"assignee": "kim@example.org"})

    assignee: Annotated[Text | None, Field(description="e-mail of a user who serves the company; null for nobody")]


class Resolution(Asked):
    """How it ended."""

    model_config = example({"note": "Old logs removed, rotation set to 7 days."})

    note: Annotated[Text, Field(max_length=1_000)] = ""


class Comment(Asked):
    """Words of a person."""

    model_config = example({"text": "Disk is full of old logs."})

    text: LongText


class Merger(Asked):
    """Which incidents become part of this one."""

    model_config = example({"incident_ids": ["0195d3a1-22b0-7e11-8a00-5b1c03000001"]})

    incident_ids: Annotated[list[UUID], Field(min_length=1, max_length=_MOST_NAMED)]


class Division(Asked):
    """Which alerts become an incident of their own."""

    model_config = example({"alert_ids": [ALERT_EXAMPLE["id"]]})

    alert_ids: Annotated[list[UUID], Field(min_length=1, max_length=_MOST_NAMED)]


@router.get(
    "/companies/{company_id}/incidents", summary="A company's incidents, newest first", responses=responses(404)
)
async def list_incidents(
    caller: Annotated[Caller, allow_in_company(Action.INCIDENT_READ)], query: Annotated[IncidentQuery, Query()]
) -> Page[IncidentShown]:
    wanted = IncidentFilter(
        words=tuple(query.status) or _NOT_MERGED,
        severities=tuple(Severity[word.upper()] for word in query.severity),
        assignee=query.assignee,
        start=query.start,
        finish=query.finish,
    )
    async with caller.work() as unit:
        found = await incidents.page(unit, wanted, limit=query.reach, before=query.cursor)
    return page_of(found, query, lambda row: IncidentShown(**_fields(row)), lambda row: row.id)


@router.get("/incidents/{incident_id}", summary="One incident, with why", responses=responses(404))
async def read_incident(caller: Annotated[Caller, allow(Action.INCIDENT_READ)], incident_id: UUID) -> IncidentWhole:
    scope = await caller.find(incidents.company_of, incident_id, "incident")
    async with caller.desk.database.unit_of_work(scope) as unit:
        return await _whole(unit, incident_id)


@router.post("/incidents/{incident_id}/acknowledge", summary="Take it", responses=responses(404, 409))
async def acknowledge(
    caller: Annotated[Caller, allow(Action.INCIDENT_ACKNOWLEDGE)], incident_id: UUID
) -> IncidentWhole:
    return await _act(caller, incident_id, lambda unit: acts.acknowledge(unit, incident_id, now=caller.now))


@router.post(
    "/incidents/{incident_id}/assign", summary="Give it to somebody, or to nobody", responses=responses(404, 409)
)
async def assign(
    caller: Annotated[Caller, allow(Action.INCIDENT_ASSIGN)], incident_id: UUID, body: Assignment
) -> IncidentWhole:
    scope = await caller.find(incidents.company_of, incident_id, "incident")
    assignee = await _assignee(caller, scope.company_id, body.assignee)
    async with caller.desk.database.unit_of_work(scope) as unit:
        await acts.assign(unit, incident_id, assignee, now=caller.now)
        return await _whole(unit, incident_id)


@router.post("/incidents/{incident_id}/resolve", summary="End it", responses=responses(404, 409))
async def resolve(
    caller: Annotated[Caller, allow(Action.INCIDENT_RESOLVE)], incident_id: UUID, body: Resolution | None = None
) -> IncidentWhole:
    note = "" if body is None else body.note
    return await _act(caller, incident_id, lambda unit: acts.resolve(unit, incident_id, note=note, now=caller.now))


@router.post("/incidents/{incident_id}/comment", summary="Write to it", responses=responses(404, 409))
async def comment(
    caller: Annotated[Caller, allow(Action.INCIDENT_COMMENT)], incident_id: UUID, body: Comment
) -> IncidentWhole:
    return await _act(caller, incident_id, lambda unit: acts.comment(unit, incident_id, body.text, now=caller.now))


@router.post("/incidents/{incident_id}/merge", summary="Make others part of it", responses=responses(404, 409))
async def merge(
    caller: Annotated[Caller, allow(Action.INCIDENT_MERGE)], incident_id: UUID, body: Merger
) -> IncidentWhole:
    others = list(dict.fromkeys(body.incident_ids))
    if incident_id in others:
        raise Invalid("an incident cannot be merged into itself", where="body.incident_ids", mend="leave it out")
    return await _act(caller, incident_id, lambda unit: acts.merge(unit, incident_id, others, now=caller.now))


@router.post(
    "/incidents/{incident_id}/split",
    status_code=201,
    summary="Make alerts of it an incident of their own; answers the new one",
    responses=responses(404, 409),
)
async def split(
    caller: Annotated[Caller, allow(Action.INCIDENT_SPLIT)], incident_id: UUID, body: Division
) -> IncidentWhole:
    chosen = list(dict.fromkeys(body.alert_ids))
    scope = await caller.find(incidents.company_of, incident_id, "incident")
    async with caller.desk.database.unit_of_work(scope) as unit:
        made = await acts.split(unit, incident_id, chosen, now=caller.now)
        return await _whole(unit, made)


async def _act(caller: Caller, incident_id: UUID, act: Callable[[Unit], Awaitable[object]]) -> IncidentWhole:
    """Do it, and show the incident as it then is, in one transaction."""
    scope = await caller.find(incidents.company_of, incident_id, "incident")
    async with caller.desk.database.unit_of_work(scope) as unit:
        await act(unit)
        return await _whole(unit, incident_id)


async def _assignee(caller: Caller, company_id: CompanyId, email: str | None) -> str | None:
    """The e-mail as we write it; raises `Invalid` for somebody who does not serve the company or does not exist."""
    if email is None:
        return None
    try:
        user = await people.get_user(caller.desk.database, email)
    except NotFound:
        user = None
    if user is None or not user.serves(company_id):
        raise Invalid(
            "nobody who serves this company has this e-mail", where="body.assignee", mend="choose a user of the company"
        )
    return user.email


async def _whole(unit: Unit, incident_id: UUID) -> IncidentWhole:
    row = await incidents.read(unit, incident_id)
    if row is None:
        raise absent("incident", incident_id)
    story = await tell(unit, row)
    return IncidentWhole(
        **_fields(row),
        alerts=[show_alert(alert) for alert in story.alerts],
        timeline=[_entry(entry) for entry in story.timeline],
        why=list(story.why),
    )


def _fields(row: IncidentRow) -> dict[str, Any]:
    return {
        "id": row.id,
        "company_id": row.company_id,
        "title": row.title,
        "status": row.word,
        "severity": row.severity.word,
        "opened_at": row.opened_at,
        "last_activity_at": row.activity_at,
        "acknowledged_at": row.acknowledged_at,
        "acknowledged_by": row.acknowledged_by,
        "assignee": row.assignee,
        "resolved_at": row.resolved_at,
        "resolved_by": row.resolved_by,
        "alert_count": row.alert_count,
        "firing_count": row.firing,
        "occurrence_count": row.occurrence_count,
        "tools": list(row.tools),
        "assets": list(row.assets),
        "aggregation_key": row.aggregation_key,
        "rule": RuleOfIncident(id=row.rule_id, name=row.rule_name, version=row.rules_version),
        "merged_into": row.merged_into,
        "split_from": row.split_from,
    }


def _entry(entry: Entry) -> EntryShown:
    return EntryShown(
        at=entry.at,
        kind=entry.kind,
        actor=entry.actor,
        text=entry.text,
        alert_id=entry.alert_id,
        detail=dict(entry.detail),
    )
