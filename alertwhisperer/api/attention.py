"""Whom an incident asks for: acknowledgements taken back, snoozes, and one act on many incidents."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Annotated, Literal, TypeAlias
from uuid import UUID

from fastapi import APIRouter
from pydantic import Field

from alertwhisperer.api.access import Caller, absent, allow
from alertwhisperer.api.fields import Asked, Flag, Moment, Shown, Text, example
from alertwhisperer.api.incidents import (
    EXAMPLE,
    MOST_NAMED,
    IncidentShown,
    IncidentWhole,
    act_on,
    assignee_of,
    show_incident,
)
from alertwhisperer.api.problem import Problem, problem_of, responses
from alertwhisperer.correlate import acts
from alertwhisperer.domain.errors import AlertWhispererError, Invalid
from alertwhisperer.guard.permissions import Action, require
from alertwhisperer.store import incidents
from alertwhisperer.store.database import Unit

router = APIRouter(prefix="/api", tags=["incidents"])

ActWord: TypeAlias = Literal["acknowledge", "unacknowledge", "assign", "resolve", "snooze", "unsnooze"]

_NEEDED: Mapping[ActWord, Action] = {
    "acknowledge": Action.INCIDENT_ACKNOWLEDGE,
    "unacknowledge": Action.INCIDENT_ACKNOWLEDGE,
    "assign": Action.INCIDENT_ASSIGN,
    "resolve": Action.INCIDENT_RESOLVE,
    "snooze": Action.INCIDENT_SNOOZE,
    "unsnooze": Action.INCIDENT_SNOOZE,
}
_Note = Annotated[Text, Field(max_length=1_000)]


class Snooze(Asked):
    """How long it keeps quiet: give exactly one of the two."""

    model_config = example({"until": "2026-03-01T12:00:00Z", "until_clear": False, "note": "Vendor is on it."})

    until: Annotated[Moment | None, Field(description="within 30 days; clearing or worsening ends it before")] = None
    until_clear: Annotated[Flag, Field(description="until nothing of it fires, or it becomes worse")] = False
    note: _Note = ""

    def check(self) -> None:
        """Raise `Invalid` unless it says exactly one end."""
        if (self.until is None) is not self.until_clear:
            raise Invalid("a snooze has one end", where="body.until", mend="give `until`, or `until_clear` as true")


class BulkAct(Asked):
    """One act on many incidents; only what the act needs is read of the rest."""

    model_config = example({"act": "acknowledge", "incident_ids": [EXAMPLE["id"]]})

    act: ActWord
    incident_ids: Annotated[list[UUID], Field(min_length=1, max_length=MOST_NAMED)]
    assignee: Annotated[Text | None, Field(description="of `assign`; null for nobody")] = None
    note: Annotated[_Note, Field(description="of `resolve` and `snooze`")] = ""
    until: Annotated[Moment | None, Field(description="of `snooze`")] = None
    until_clear: Annotated[Flag, Field(description="of `snooze`")] = False

    @property
    def snooze(self) -> Snooze:
        """What it says of a snooze."""
        return Snooze(until=self.until, until_clear=self.until_clear, note=self.note)


class BulkResult(Shown):
    """What came of one of the incidents."""

    id: UUID
    done: bool
    problem: Annotated[Problem | None, Field(description="why not; null when it is done")]
    incident: Annotated[IncidentShown | None, Field(description="as it then is; null when it is not done")]


class BulkResults(Shown):
    """What came of each, in the order given."""

    model_config = example({"items": [{"id": EXAMPLE["id"], "done": True, "problem": None, "incident": EXAMPLE}]})

    items: list[BulkResult]


@router.post(
    "/incidents/{incident_id}/unacknowledge", summary="Take an acknowledgement back", responses=responses(404, 409)
)
async def unacknowledge(
    caller: Annotated[Caller, allow(Action.INCIDENT_ACKNOWLEDGE)], incident_id: UUID
) -> IncidentWhole:
    return await act_on(caller, incident_id, lambda unit: acts.unacknowledge(unit, incident_id, now=caller.now))


@router.post("/incidents/{incident_id}/snooze", summary="Let it keep quiet for a while", responses=responses(404, 409))
async def snooze(
    caller: Annotated[Caller, allow(Action.INCIDENT_SNOOZE)], incident_id: UUID, body: Snooze
) -> IncidentWhole:
    body.check()

    async def act(unit: Unit) -> None:
        await acts.snooze(unit, incident_id, until=body.until, note=body.note, now=caller.now)

    return await act_on(caller, incident_id, act)


@router.post("/incidents/{incident_id}/unsnooze", summary="End a snooze", responses=responses(404, 409))
async def unsnooze(caller: Annotated[Caller, allow(Action.INCIDENT_SNOOZE)], incident_id: UUID) -> IncidentWhole:
    return await act_on(caller, incident_id, lambda unit: acts.unsnooze(unit, incident_id, now=caller.now))


@router.post("/incidents/bulk", summary="Do one thing to many, each by itself", responses=responses())
async def act_on_many(caller: Annotated[Caller, allow(Action.INCIDENT_BULK)], body: BulkAct) -> BulkResults:
    if body.act == "snooze":
        body.snooze.check()
    needed = _NEEDED[body.act]
    require(caller.user, needed, None, caller.person.means)
    chosen = list(dict.fromkeys(body.incident_ids))
    return BulkResults(items=[await _act_on_one(replace(caller, action=needed), body, one) for one in chosen])


async def _act_on_one(caller: Caller, body: BulkAct, incident_id: UUID) -> BulkResult:
    try:
        scope = await caller.find(incidents.company_of, incident_id, "incident")
        assignee = await assignee_of(caller, scope.company_id, body.assignee) if body.act == "assign" else None
        async with caller.desk.database.unit_of_work(scope) as unit:
            await _act(unit, incident_id, body, assignee, now=caller.now)
            row = await incidents.read(unit, incident_id)
            if row is None:
                raise absent("incident", incident_id)
    except AlertWhispererError as failure:
        return BulkResult(id=incident_id, done=False, problem=problem_of(failure), incident=None)
    return BulkResult(id=incident_id, done=True, problem=None, incident=show_incident(row))


async def _act(unit: Unit, incident_id: UUID, body: BulkAct, assignee: str | None, *, now: datetime) -> None:
    match body.act:
        case "acknowledge":
            await acts.acknowledge(unit, incident_id, now=now)
        case "unacknowledge":
            await acts.unacknowledge(unit, incident_id, now=now)
        case "assign":
            await acts.assign(unit, incident_id, assignee, now=now)
        case "resolve":
            await acts.resolve(unit, incident_id, note=body.note, now=now)
        case "snooze":
            await acts.snooze(unit, incident_id, until=body.until, note=body.note, now=now)
        case "unsnooze":
            await acts.unsnooze(unit, incident_id, now=now)
