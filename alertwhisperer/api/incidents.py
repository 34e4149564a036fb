"""Incidents: alerts that a person should treat as one, and what people do to them."""

import asyncio
import base64
import binascii
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Annotated, Any
from uuid import UUID
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Path, Query
from pydantic import Field, PlainValidator, WithJsonSchema

from alertwhisperer.api.access import Caller, absent, allow, allow_in_company
from alertwhisperer.api.alerts import EXAMPLE as ALERT_EXAMPLE
from alertwhisperer.api.alerts import AlertShown, show_alert
from alertwhisperer.api.fields import Asked, IncidentWord, LongText, Moment, SeverityWord, Shown, Text, example
from alertwhisperer.api.hub import Named
from alertwhisperer.api.pages import Page, SomeCompanies, page_by
from alertwhisperer.api.problem import responses
from alertwhisperer.api.story import Entry, Maker, tell
from alertwhisperer.correlate import acts
from alertwhisperer.domain.attention import Group, GroupWord, SortWord, StateWord
from alertwhisperer.domain.company import CompanyId
from alertwhisperer.domain.errors import Invalid, NotFound
from alertwhisperer.domain.severity import Severity
from alertwhisperer.guard import people
from alertwhisperer.guard.companies import require_company
from alertwhisperer.guard.permissions import Action, may
from alertwhisperer.store import incidents
from alertwhisperer.store.database import Database, Unit
from alertwhisperer.store.incidents import Counts, IncidentFilter, IncidentRow, Place, place_of

router = APIRouter(prefix="/api", tags=["incidents"])

_READ_AT_ONCE = 3  # transactions that read for the live line; the other connections are for people's doors
MOST_NAMED = 100  # incidents in one merge, alerts in one split; what `correlate.acts` takes at least
_NOT_MERGED: tuple[IncidentWord, ...] = ("open", "acknowledged", "resolved")
EXAMPLE = {
    "id": "0195d3a1-22b0-7e11-8a00-5b1c03000000",
    "number": 4821,
    "company_id": "0195d3a0-7c1e-7b5a-9f00-3c8d52000000",
    "title": "DiskWillFill on db-01.example.org",
    "status": "acknowledged",
    "group": "working",
    "state": "acknowledged",
    "severity": "critical",
    "opened_at": "2026-03-01T08:00:12Z",
    "last_activity_at": "2026-03-01T08:12:12Z",
    "acknowledged_at": "2026-03-01T08:03:00Z",
    "acknowledged_by": "kim@example.org",
    "assignee": "kim@example.org",
    "resolved_at": None,
    "resolved_by": None,
    "snoozed_by": None,
    "snoozed_until": None,
    "snoozed_until_clear": False,
    "clear_since": None,
    "closes_at": None,
    "approvals": 0,
    "alert_count": 2,
    "distinct_count": 2,
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
    "group": "alerts",
    "detail": {},
}
_REASON = {"kind": "First", "evidence": "“DiskWillFill” on db-01.example.org opened it", "count": 2}
_LEFT_OUT = {
    "id": "0195d3a1-22b0-7e11-8a00-5b1c03000009",
    "number": 4805,
    "title": "DiskWillFill on db-01.example.org",
    "reason": "the last one with this key had been quiet for longer than the rule's window.",
}
_STORY = {
    "alerts": [ALERT_EXAMPLE],
    "timeline": [_ENTRY],
    "why": ["It opened an incident: nothing with this aggregation key was open."],
    "in_short": "“DiskWillFill” began on db-01.example.org. 2 tools sent 24 alerts, 2 of them distinct, on one asset.",
    "reasons": [_REASON],
    "left_out": [_LEFT_OUT],
    "tipping": "With a window of 20 m, it would have joined the one before.",
}


_COUNTS = {
    "needs_ack": 6,
    "acknowledged": 13,
    "unowned": 7,
    "mine": 2,
    "by_severity": {"critical": 4, "high": 8, "medium": 5, "low": 2, "info": 0},
    "needs_ack_by_severity": {"critical": 2, "high": 2, "medium": 1, "low": 1, "info": 0},
}


class RuleOfIncident(Shown):
    """The rule that made it, as it was then."""

    id: str
    name: str
    version: Annotated[int, Field(description="of the company's rules")]


class IncidentShown(Shown):
    """Alerts that a person should treat as one."""

    model_config = example(EXAMPLE)

    id: UUID
    number: Annotated[int, Field(description="for people to say; of the installation")]
    company_id: UUID
    title: str
    status: IncidentWord
    group: Annotated[GroupWord, Field(description="`waiting`: snoozed, or all clear and held before it closes")]
    state: Annotated[StateWord, Field(description="`clearing`: nothing of it fires; it closes after the rule's hold")]
    severity: Annotated[SeverityWord, Field(description="the worst seen")]
    opened_at: datetime
    last_activity_at: datetime
    acknowledged_at: datetime | None
    acknowledged_by: str | None
    assignee: str | None
    resolved_at: datetime | None
    resolved_by: str | None
    snoozed_by: str | None
    snoozed_until: datetime | None
    snoozed_until_clear: Annotated[bool, Field(description="snoozed until it clears, whenever that is")]
    clear_since: Annotated[datetime | None, Field(description="since when nothing of it fires, while it is open")]
    closes_at: Annotated[datetime | None, Field(description="when it then closes by itself")]
    approvals: Annotated[int, Field(description="questions about it that wait for a decision")]
    alert_count: int
    distinct_count: Annotated[int, Field(description="the same: distinct alerts in it")]
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
    group: Annotated[Maker, Field(description="who made it happen: tools, rules and timers, or people")]
    detail: dict[str, Any]


class ReasonShown(Shown):
    """One reason why alerts are in it."""

    model_config = example(_REASON)

    kind: str
    evidence: str
    count: Annotated[int, Field(description="alerts that it brought")]


class LeftOutShown(Shown):
    """An incident that came near, and stayed apart."""

    model_config = example(_LEFT_OUT)

    id: UUID
    number: int
    title: str
    reason: str


class IncidentWhole(IncidentShown):
    """An incident with its first 100 alerts, its timeline (oldest first) and why these are one."""

    model_config = example({**EXAMPLE, **_STORY})

    alerts: list[AlertShown]
    timeline: list[EntryShown]
    why: list[str]
    in_short: Annotated[str, Field(description="at most two sentences")]
    reasons: Annotated[list[ReasonShown], Field(description="their counts sum to `alert_count`")]
    left_out: Annotated[list[LeftOutShown], Field(description="the nearest, at most three")]
    tipping: Annotated[str | None, Field(description="the threshold that would have made it otherwise")]


def _read_place(text: object) -> object:
    if text is None or isinstance(text, Place):
        return text
    try:
        raw = base64.b64decode(str(text) + "=", altchars=b"-_", validate=True)
        return Place(raw[0], UUID(bytes=raw[1:]))
    except (binascii.Error, ValueError, IndexError) as failure:
        raise ValueError("the cursor is not one of ours; take it from `next` of the page before") from failure


def _write_place(place: Place) -> str:
    return base64.urlsafe_b64encode(bytes([place.rank]) + place.id.bytes).rstrip(b"=").decode()


_PlaceCursor = Annotated[
    Place | None,
    PlainValidator(_read_place),
    WithJsonSchema(
        {
            "type": "string",
            "pattern": "^[A-Za-z0-9_-]{22}[AEIMQUYcgkosw048]$",
            "description": "`next` of the page before",
        }
    ),
]


class IncidentSieve(Asked):
    """Which incidents."""

    status: Annotated[
        list[IncidentWord], Field(max_length=4, description="may be repeated; all but merged when absent")
    ] = Field(default_factory=list)
    severity: Annotated[list[SeverityWord], Field(max_length=5, description="may be repeated")] = Field(
        default_factory=list
    )
    assignee: Text | None = None
    owner: Annotated[Text | None, Field(description="`me`, `none`, or an e-mail")] = None
    tool: Annotated[
        list[Text], Field(max_length=20, description="slug of a source that said something; may be repeated")
    ] = Field(default_factory=list)
    q: Annotated[
        Text | None, Field(max_length=200, description="words in title, key or asset, all of them; or a number")
    ] = None
    id: Annotated[list[UUID], Field(max_length=MOST_NAMED, description="of these alone; may be repeated")] = Field(
        default_factory=list
    )
    start: Annotated[Moment | None, Field(alias="from", description="opened at or after")] = None
    finish: Annotated[Moment | None, Field(alias="to", description="opened before")] = None
    resolved_from: Annotated[Moment | None, Field(description="resolved at or after")] = None
    resolved_to: Annotated[Moment | None, Field(description="resolved before")] = None
    acknowledged_from: Annotated[
        Moment | None,
        Field(description="acknowledged at or after; not one that was split off from an acknowledged one"),
    ] = None
    acknowledged_to: Annotated[Moment | None, Field(description="acknowledged before; likewise")] = None
    acknowledged_after_minutes: Annotated[
        int | None, Field(ge=0, le=1_000_000, description="acknowledged later than so many minutes after it opened")
    ] = None

    def filter(self, me: str) -> IncidentFilter:
        """
        The same for the store.

        Args:
            me: e-mail of whoever asks.
        """
        owner = me if self.owner == "me" else self.owner
        is_nobody = self.owner == "none"
        if owner is not None and self.assignee not in (None, owner):
            raise Invalid("`owner` and `assignee` name two people", where="query.assignee", mend="give one of them")
        return IncidentFilter(
            words=tuple(self.status) or _NOT_MERGED,
            severities=tuple(Severity[word.upper()] for word in self.severity),
            assignee=None if is_nobody else owner or self.assignee,
            unowned=is_nobody,
            tools=tuple(self.tool),
            text=self.q or "",
            ids=tuple(self.id) or None,
            start=self.start,
            finish=self.finish,
            resolved_start=self.resolved_from,
            resolved_finish=self.resolved_to,
            acknowledged_start=self.acknowledged_from,
            acknowledged_finish=self.acknowledged_to,
            waited=None
            if self.acknowledged_after_minutes is None
            else timedelta(minutes=self.acknowledged_after_minutes),
        )


class IncidentQuery(IncidentSieve):
    """Which incidents, and in which order."""

    group: Annotated[list[GroupWord], Field(max_length=4, description="may be repeated")] = Field(default_factory=list)
    sort: Annotated[
        SortWord, Field(description="`attention`: open ones, worst first and oldest first; then what is done")
    ] = "newest"
    limit: Annotated[int, Field(ge=1, le=500, description="items on the page")] = 50
    cursor: _PlaceCursor = None

    def filter(self, me: str) -> IncidentFilter:
        """As of the sieve, of the groups."""
        return replace(super().filter(me), groups=tuple(Group[word.upper()] for word in self.group))

    @property
    def reach(self) -> int:
        """Rows to read: one more than shown tells whether there is a next page."""
        return self.limit + 1


class AnywhereQuery(SomeCompanies, IncidentQuery):
    """Which incidents of which companies, and in which order."""


class AnywhereSieve(SomeCompanies, IncidentSieve):
    """Which incidents of which companies."""


class BySeverity(Shown):
    """Open incidents by severity."""

    critical: int
    high: int
    medium: int
    low: int
    info: int


class CountsShown(Shown):
    """How many incidents there are; exact."""

    model_config = example(
        {
            "needs_ack": 12,
            "working": 7,
            "waiting": 3,
            "done_today": 31,
            "unowned": 13,
            "mine": 2,
            "by_severity": {"critical": 4, "high": 9, "medium": 7, "low": 2, "info": 0},
            "critical_needs_ack": 1,
            "as_of": "2026-03-01T08:12:30Z",
        }
    )

    needs_ack: int
    working: int
    waiting: int
    done_today: Annotated[
        int, Field(description="resolved since midnight: of the company's zone, across companies UTC")
    ]
    unowned: Annotated[int, Field(description="open ones that are nobody's")]
    mine: Annotated[int, Field(description="open ones that are yours")]
    by_severity: BySeverity
    critical_needs_ack: int
    as_of: datetime


class IncidentAnywhere(IncidentShown):
    """An incident, and whose it is."""

    model_config = example({**EXAMPLE, "company": "Acme"})

    company: Annotated[str, Field(description="the company's name")]


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

    incident_ids: Annotated[list[UUID], Field(min_length=1, max_length=MOST_NAMED)]


class Division(Asked):
    """Which alerts become an incident of their own."""

    model_config = example({"alert_ids": [ALERT_EXAMPLE["id"]]})

    alert_ids: Annotated[list[UUID], Field(min_length=1, max_length=MOST_NAMED)]


@router.get("/companies/{company_id}/incidents", summary="A company's incidents", responses=responses(404))
async def list_incidents(
    caller: Annotated[Caller, allow_in_company(Action.INCIDENT_READ)], query: Annotated[IncidentQuery, Query()]
) -> Page[IncidentShown]:
    async with caller.work() as unit:
        found = await incidents.page(
            unit, query.filter(caller.user.email), limit=query.reach, sort=query.sort, after=query.cursor
        )
    return page_by(found, query.limit, show_incident, lambda row: _write_place(place_of(row, query.sort)))


@router.get("/incidents", summary="Incidents of all companies that you serve", responses=responses())
async def list_all_incidents(
    caller: Annotated[Caller, allow(Action.INCIDENT_CROSS)], query: Annotated[AnywhereQuery, Query()]
) -> Page[IncidentAnywhere]:
    wanted = query.filter(caller.user.email)
    async with caller.crossing() as look:
        companies = query.among(look.companies)
        found = await incidents.page_of(
            look.connection, companies, wanted, limit=query.reach, sort=query.sort, after=query.cursor
        )
        names = await look.names({row.company_id for row in found})
    return page_by(
        found,
        query.limit,
        lambda row: show_anywhere(row, names[row.company_id]),
        lambda row: _write_place(place_of(row, query.sort)),
    )


@router.get(
    "/companies/{company_id}/incidents/counts", summary="How many incidents a company has", responses=responses(404)
)
async def count_incidents(
    caller: Annotated[Caller, allow_in_company(Action.INCIDENT_READ)], query: Annotated[IncidentSieve, Query()]
) -> CountsShown:
    async with caller.work() as unit:
        zone = ZoneInfo((await require_company(unit)).time_zone)
        counts = await incidents.count(
            unit.connection,
            [unit.company_id],
            query.filter(caller.user.email),
            me=caller.user.email,
            done_since=_midnight(caller.now, zone),
        )
    return _show_counts(counts, caller.now)


@router.get("/incidents/counts", summary="How many incidents all companies that you serve have", responses=responses())
async def count_all_incidents(
    caller: Annotated[Caller, allow(Action.INCIDENT_CROSS)], query: Annotated[AnywhereSieve, Query()]
) -> CountsShown:
    wanted = query.filter(caller.user.email)
    async with caller.crossing() as look:
        counts = await incidents.count(
            look.connection,
            query.among(look.companies),
            wanted,
            me=caller.user.email,
            done_since=_midnight(caller.now, UTC),
        )
    return _show_counts(counts, caller.now)


@router.get(
    "/incidents/by-number/{number}", summary="One incident by the number that people say", responses=responses(404)
)
async def read_by_number(
    caller: Annotated[Caller, allow(Action.INCIDENT_READ)],
    number: Annotated[int, Path(ge=1, lt=1 << 53)],
) -> IncidentWhole:
    served = await caller.served()
    async with caller.desk.database.across(served) as connection:
        found = await incidents.of_number(connection, served, number)
    if found is None:
        raise absent("incident", number)
    company_id, incident_id = found
    async with caller.desk.database.unit_of_work(caller.scope_of(company_id)) as unit:
        return await show_whole(unit, incident_id)


@router.get("/incidents/{incident_id}", summary="One incident, with why", responses=responses(404))
async def read_incident(caller: Annotated[Caller, allow(Action.INCIDENT_READ)], incident_id: UUID) -> IncidentWhole:
    scope = await caller.find(incidents.company_of, incident_id, "incident")
    async with caller.desk.database.unit_of_work(scope) as unit:
        return await show_whole(unit, incident_id, outputs=may(caller.user, Action.RUN_READ, caller.person.means))


@router.post("/incidents/{incident_id}/acknowledge", summary="Take it", responses=responses(404, 409))
async def acknowledge(
    caller: Annotated[Caller, allow(Action.INCIDENT_ACKNOWLEDGE)], incident_id: UUID
) -> IncidentWhole:
    return await act_on(caller, incident_id, lambda unit: acts.acknowledge(unit, incident_id, now=caller.now))


@router.post(
    "/incidents/{incident_id}/assign", summary="Give it to somebody, or to nobody", responses=responses(404, 409)
)
async def assign(
    caller: Annotated[Caller, allow(Action.INCIDENT_ASSIGN)], incident_id: UUID, body: Assignment
) -> IncidentWhole:
    scope = await caller.find(incidents.company_of, incident_id, "incident")
    assignee = await assignee_of(caller, scope.company_id, body.assignee)
    async with caller.desk.database.unit_of_work(scope) as unit:
        await acts.assign(unit, incident_id, assignee, now=caller.now)
        return await show_whole(unit, incident_id)


@router.post("/incidents/{incident_id}/resolve", summary="End it", responses=responses(404, 409))
async def resolve(
    caller: Annotated[Caller, allow(Action.INCIDENT_RESOLVE)], incident_id: UUID, body: Resolution | None = None
) -> IncidentWhole:
    note = "" if body is None else body.note
    return await act_on(caller, incident_id, lambda unit: acts.resolve(unit, incident_id, note=note, now=caller.now))


@router.post("/incidents/{incident_id}/comment", summary="Write to it", responses=responses(404, 409))
async def comment(
    caller: Annotated[Caller, allow(Action.INCIDENT_COMMENT)], incident_id: UUID, body: Comment
) -> IncidentWhole:
    return await act_on(caller, incident_id, lambda unit: acts.comment(unit, incident_id, body.text, now=caller.now))


@router.post("/incidents/{incident_id}/merge", summary="Make others part of it", responses=responses(404, 409))
async def merge(
    caller: Annotated[Caller, allow(Action.INCIDENT_MERGE)], incident_id: UUID, body: Merger
) -> IncidentWhole:
    others = list(dict.fromkeys(body.incident_ids))
    if incident_id in others:
        raise Invalid("an incident cannot be merged into itself", where="body.incident_ids", mend="leave it out")
    return await act_on(caller, incident_id, lambda unit: acts.merge(unit, incident_id, others, now=caller.now))


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
        return await show_whole(unit, made)


async def read_rows(database: Database, wanted: Mapping[CompanyId, Sequence[UUID]]) -> Mapping[Named, str]:
    """Incidents as `IncidentShown` in JSON, for the live line; those that nobody sees are left out."""
    companies = list(wanted)
    shares = [companies[at::_READ_AT_ONCE] for at in range(min(_READ_AT_ONCE, len(companies)))]
    found = await asyncio.gather(*(_read_share(database, share, wanted) for share in shares))
    return {(row.company_id, row.id): show_incident(row).model_dump_json() for rows in found for row in rows}


async def _read_share(
    database: Database, companies: Sequence[CompanyId], wanted: Mapping[CompanyId, Sequence[UUID]]
) -> list[IncidentRow]:
    async with database.across(companies) as connection:
        return await incidents.among_of(connection, [(one, wants) for one in companies for wants in wanted[one]])


async def act_on(caller: Caller, incident_id: UUID, act: Callable[[Unit], Awaitable[object]]) -> IncidentWhole:
    """Do it, and show the incident as it then is, in one transaction."""
    scope = await caller.find(incidents.company_of, incident_id, "incident")
    async with caller.desk.database.unit_of_work(scope) as unit:
        await act(unit)
        return await show_whole(unit, incident_id)


async def assignee_of(caller: Caller, company_id: CompanyId, email: str | None) -> str | None:
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


async def show_whole(unit: Unit, incident_id: UUID, *, outputs: bool = True) -> IncidentWhole:
    """
    An incident with its story; raises `NotFound`.

    Args:
        outputs: whether what scripts of its runs said is told: to whoever may read runs.
    """
    row = await incidents.read(unit, incident_id)
    if row is None:
        raise absent("incident", incident_id)
    story = await tell(unit, row, outputs=outputs)
    return IncidentWhole(
        **_fields(row),
        alerts=[show_alert(alert) for alert in story.alerts],
        timeline=[_entry(entry) for entry in story.timeline],
        why=list(story.why),
        in_short=story.together.in_short,
        reasons=[ReasonShown(kind=one.kind, evidence=one.evidence, count=one.count) for one in story.together.reasons],
        left_out=[
            LeftOutShown(id=one.id, number=one.number, title=one.title, reason=one.reason)
            for one in story.together.left_out
        ],
        tipping=story.together.tipping,
    )


def show_incident(row: IncidentRow) -> IncidentShown:
    """An incident as lists show it."""
    return IncidentShown(**_fields(row))


def show_anywhere(row: IncidentRow, company: str) -> IncidentAnywhere:
    """An incident as lists of several companies show it."""
    return IncidentAnywhere(**_fields(row), company=company)


def _midnight(now: datetime, zone: tzinfo) -> datetime:
    """When the day began in a zone."""
    return now.astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0)


def _show_counts(counts: Counts, now: datetime) -> CountsShown:
    return CountsShown(
        needs_ack=counts.groups[Group.NEEDS_ACK],
        working=counts.groups[Group.WORKING],
        waiting=counts.groups[Group.WAITING],
        done_today=counts.done,
        unowned=counts.unowned,
        mine=counts.mine,
        by_severity=BySeverity(**{one.word: counts.severities[one] for one in Severity}),
        critical_needs_ack=counts.critical_needs_ack,
        as_of=now,
    )


def _fields(row: IncidentRow) -> dict[str, Any]:
    return {
        "id": row.id,
        "number": row.number,
        "company_id": row.company_id,
        "title": row.title,
        "status": row.word,
        "group": row.group,
        "state": row.state,
        "severity": row.severity.word,
        "opened_at": row.opened_at,
        "last_activity_at": row.activity_at,
        "acknowledged_at": row.acknowledged_at,
        "acknowledged_by": row.acknowledged_by,
        "assignee": row.assignee,
        "resolved_at": row.resolved_at,
        "resolved_by": row.resolved_by,
        "snoozed_by": row.snoozed_by,
        "snoozed_until": row.snoozed_until,
        "snoozed_until_clear": row.snoozed_by is not None and row.snoozed_until is None,
        "clear_since": row.clear_since,
        "closes_at": row.closes_at,
        "approvals": row.approvals,
        "alert_count": row.alert_count,
        "distinct_count": row.alert_count,
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
        group=entry.group,
        detail=dict(entry.detail),
    )
