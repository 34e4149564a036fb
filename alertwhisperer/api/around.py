"""What stands around an incident: its last hour, earlier ones like it, and whom to call."""

from datetime import datetime, timedelta
from typing import Annotated
from uuid import UUID
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Query
from pydantic import Field

from alertwhisperer.api.access import Caller, absent, allow
from alertwhisperer.api.fields import Asked, SeverityWord, Shown, example
from alertwhisperer.api.problem import responses
from alertwhisperer.domain.asset import canonical
from alertwhisperer.guard.companies import require_company
from alertwhisperer.guard.permissions import Action
from alertwhisperer.inventory import calling
from alertwhisperer.store import alerts, around, incidents
from alertwhisperer.store.around import SimilarRow
from alertwhisperer.store.database import Unit
from alertwhisperer.store.incidents import IncidentRow

router = APIRouter(prefix="/api", tags=["incidents"])

BARS = 20
BAR = timedelta(minutes=3)
_MOST_SIMILAR = 10
_MOST_ASKED = 100
_ID = "0195d3a1-22b0-7e11-8a00-5b1c03000000"


class ActivityQuery(Asked):
    """Of which incidents."""

    id: Annotated[list[UUID], Field(min_length=1, max_length=_MOST_ASKED, description="may be repeated")]


class Activity(Shown):
    """An incident's last hour."""

    id: UUID
    bars: Annotated[list[int], Field(description="firing occurrences of 20 spans of 3 minutes, oldest first")]


class Activities(Shown):
    """The last hour of incidents; one that you may not see is left out."""

    model_config = example(
        {"items": [{"id": _ID, "bars": [0] * 14 + [1, 4, 9, 6, 2, 2]}], "until": "2026-03-01T08:12:30Z"}
    )

    items: list[Activity]
    until: Annotated[datetime, Field(description="where the last span ends")]


class SimilarIncident(Shown):
    """An earlier incident that is like it."""

    id: UUID
    number: int
    title: str
    severity: SeverityWord
    opened_at: datetime
    resolved_at: datetime
    resolved_by: Annotated[str | None, Field(description="null when it closed by itself")]
    resolution_note: str
    minutes_to_resolve: int
    came_back_after_minutes: Annotated[int | None, Field(description="until the next one with its key; null: none yet")]
    why: str


class SimilarIncidents(Shown):
    """Earlier incidents that are like it, at most 10; the same key first, then the same check, newest first."""

    model_config = example(
        {
            "items": [
                {
                    "id": _ID,
                    "number": 4417,
                    "title": "DiskWillFill on db-01.example.org",
                    "severity": "high",
                    "opened_at": "2026-02-11T02:58:00Z",
                    "resolved_at": "2026-02-11T03:40:00Z",
                    "resolved_by": "kim@example.org",
                    "resolution_note": "Old logs removed, rotation set to 7 days.",
                    "minutes_to_resolve": 42,
                    "came_back_after_minutes": 25938,
                    "why": "Same rule and key: db-01.example.org|DiskWillFill.",
                }
            ]
        }
    )

    items: list[SimilarIncident]


class ContactToCall(Shown):
    """A person or desk to call."""

    id: UUID
    name: str
    role: str
    phone: str
    email: str
    hours: Annotated[str, Field(description="in words")]
    reachable_now: Annotated[
        bool | None, Field(description="by their hours or their site's; null where nobody said so in days and times")
    ]
    preferred: Annotated[str, Field(description="how, in a word: phone, email, …")]
    notes: str


class WarningShown(Shown):
    """What people wrote to heed about an asset or a site of it."""

    about: str
    text: str


class WhomToCall(Shown):
    """Contacts of the sites of its assets first, then those of the whole company."""

    model_config = example(
        {
            "contacts": [
                {
                    "id": "0195d3a0-7c1e-7b5a-9f00-3c8d56000000",
                    "name": "Kim Example",
                    "role": "head of operations",
                    "phone": "+49 30 1234567",
                    "email": "kim@example.org",
                    "hours": "mon-fri 08:00-18:00",
                    "reachable_now": False,
                    "preferred": "phone",
                    "notes": "",
                }
            ],
            "warnings": [{"about": "db-01.example.org", "text": "Never restart during payroll."}],
        }
    )

    contacts: list[ContactToCall]
    warnings: list[WarningShown]


@router.get("/incidents/activity", summary="The last hour of incidents, in bars", responses=responses())
async def read_activity(
    caller: Annotated[Caller, allow(Action.INCIDENT_CROSS)], query: Annotated[ActivityQuery, Query()]
) -> Activities:
    async with caller.crossing() as look:
        found = await around.activity(look.connection, look.companies, query.id, until=caller.now, steps=BARS, step=BAR)
    return Activities(
        items=[Activity(id=one, bars=list(found[one])) for one in dict.fromkeys(query.id) if one in found],
        until=caller.now,
    )


@router.get("/incidents/{incident_id}/similar", summary="Earlier incidents that are like it", responses=responses(404))
async def list_similar(caller: Annotated[Caller, allow(Action.INCIDENT_READ)], incident_id: UUID) -> SimilarIncidents:
    scope = await caller.find(incidents.company_of, incident_id, "incident")
    async with caller.desk.database.unit_of_work(scope) as unit:
        row = await _incident(unit, incident_id)
        first = await alerts.first_of_incident(unit, incident_id, limit=1)
        signature = first[0].signature if first else row.title.partition(" on ")[0]
        names = sorted({canonical(name) for name in row.assets})
        found = await around.similar(unit, row, signature=signature, asset_names=names, limit=_MOST_SIMILAR)
    return SimilarIncidents(items=[_show_similar(one, row, signature) for one in found])


@router.get("/incidents/{incident_id}/whom-to-call", summary="Whom to call about it", responses=responses(404))
async def whom_to_call(caller: Annotated[Caller, allow(Action.CONTACT_READ)], incident_id: UUID) -> WhomToCall:
    scope = await caller.find(incidents.company_of, incident_id, "incident")
    async with caller.desk.database.unit_of_work(scope) as unit:
        row = await _incident(unit, incident_id)
        zone = ZoneInfo((await require_company(unit)).time_zone)
        found = await calling.whom_to_call(unit, row.assets, zone=zone, now=caller.now)
    return WhomToCall(
        contacts=[
            ContactToCall(
                id=one.contact.id,
                name=one.contact.name,
                role=one.contact.role,
                phone=one.contact.phone,
                email=one.contact.email,
                hours=one.contact.hours,
                reachable_now=one.now,
                preferred=one.contact.preferred_channel,
                notes=one.contact.notes,
            )
            for one in found.contacts
        ],
        warnings=[WarningShown(about=one.about, text=one.text) for one in found.warnings],
    )


async def _incident(unit: Unit, incident_id: UUID) -> IncidentRow:
    row = await incidents.read(unit, incident_id)
    if row is None:
        raise absent("incident", incident_id)
    return row


def _show_similar(one: SimilarRow, like: IncidentRow, signature: str) -> SimilarIncident:
    back = None if one.next_opened_at is None else _minutes(one.next_opened_at - one.resolved_at)
    same = f"Same rule and key: {like.aggregation_key}."
    return SimilarIncident(
        id=one.id,
        number=one.number,
        title=one.title,
        severity=one.severity.word,  # type: ignore[arg-type]  # the words of the enum are the literal's
        opened_at=one.opened_at,
        resolved_at=one.resolved_at,
        resolved_by=one.resolved_by,
        resolution_note=one.note,
        minutes_to_resolve=_minutes(one.resolved_at - one.opened_at),
        came_back_after_minutes=back,
        why=same if one.is_same_key else f"Same check elsewhere: {signature}.",
    )


def _minutes(span: timedelta) -> int:
    return max(int(span.total_seconds() // 60), 0)
