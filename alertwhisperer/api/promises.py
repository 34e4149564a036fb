"""Promises to clients: what somebody will do by when about an incident."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import Field

from alertwhisperer.api.access import Caller, allow, allow_in_company
from alertwhisperer.api.fields import Asked, Moment, Shown, Text, example
from alertwhisperer.api.pages import Page, PageQuery, page_of
from alertwhisperer.api.problem import responses
from alertwhisperer.guard.permissions import Action
from alertwhisperer.shift import promises
from alertwhisperer.store import incidents
from alertwhisperer.store import promises as store
from alertwhisperer.store.promises import Promise, PromiseState, PromiseWord

router = APIRouter(prefix="/api", tags=["shift"])

EXAMPLE = {
    "id": "0195d3a1-22b0-7e11-8a00-5b1c03000011",
    "incident_id": "0195d3a1-22b0-7e11-8a00-5b1c03000000",
    "incident_number": 4821,
    "incident_title": "DiskWillFill on db-01.example.org",
    "company_id": "0195d3a0-7c1e-7b5a-9f00-3c8d52000000",
    "text": "A call before the restart, whatever the hour.",
    "due_at": "2026-03-01T12:00:00Z",
    "state": "waiting",
    "made_by": "kim@example.org",
    "made_at": "2026-03-01T08:20:00Z",
    "kept_at": None,
    "kept_by": None,
    "dropped_at": None,
    "dropped_by": None,
    "dropped_why": None,
}


class PromiseShown(Shown):
    """What a client was told."""

    model_config = example(EXAMPLE)

    id: UUID
    incident_id: UUID
    incident_number: int
    incident_title: str
    company_id: UUID
    text: str
    due_at: datetime
    state: Annotated[PromiseWord, Field(description="`late`: it waits, and its time has come")]
    made_by: str
    made_at: datetime
    kept_at: datetime | None
    kept_by: str | None
    dropped_at: Annotated[datetime | None, Field(description="when it was given up")]
    dropped_by: str | None
    dropped_why: str | None


class PromiseAnywhere(PromiseShown):
    """The same, and whose client was told."""

    model_config = example({**EXAMPLE, "company": "Acme"})

    company: Annotated[str, Field(description="the company's name")]


class PromisesShown(Shown):
    """What was promised about an incident, the soonest due first."""

    model_config = example({"items": [EXAMPLE], "next": None})

    items: list[PromiseShown]
    next: None = None


class PromiseMade(Asked):
    """What a client was told just now."""

    model_config = example({"text": EXAMPLE["text"], "due_at": EXAMPLE["due_at"]})

    text: Annotated[Text, Field(min_length=1, max_length=promises.LONGEST_TEXT)]
    due_at: Annotated[Moment, Field(description="in the future, and within a year")]


class PromiseDropped(Asked):
    """Why it will not be kept."""

    model_config = example({"why": "The client called it off by phone."})

    why: Annotated[Text, Field(min_length=1, max_length=promises.LONGEST_TEXT)]


class PromiseQuery(PageQuery):
    """Which promises."""

    state: Annotated[PromiseState | None, Field(description="`waiting`: late ones too; all when absent")] = None


@router.get(
    "/incidents/{incident_id}/promises", summary="What was promised about an incident", responses=responses(404)
)
async def list_of_incident(caller: Annotated[Caller, allow(Action.INCIDENT_READ)], incident_id: UUID) -> PromisesShown:
    scope = await caller.find(incidents.company_of, incident_id, "incident")
    async with caller.desk.database.unit_of_work(scope) as unit:
        found = await promises.of_incident(unit, incident_id)
    return PromisesShown(items=[show_promise(one, caller.now) for one in found])


@router.post(
    "/incidents/{incident_id}/promises",
    status_code=201,
    summary="Say what a client was told about it",
    responses=responses(404, 409),
)
async def make_promise(
    caller: Annotated[Caller, allow(Action.INCIDENT_PROMISE)], incident_id: UUID, body: PromiseMade
) -> PromiseShown:
    scope = await caller.find(incidents.company_of, incident_id, "incident")
    async with caller.desk.database.unit_of_work(scope) as unit:
        made = await promises.make(unit, incident_id, body.text, body.due_at, now=caller.now)
    return show_promise(made, caller.now)


@router.get(
    "/companies/{company_id}/promises", summary="What a company was promised, newest first", responses=responses(404)
)
async def list_promises(
    caller: Annotated[Caller, allow_in_company(Action.INCIDENT_READ)], query: Annotated[PromiseQuery, Query()]
) -> Page[PromiseShown]:
    async with caller.work() as unit:
        found = await store.page(unit, state=query.state, limit=query.reach, before=query.cursor)
    return page_of(found, query, lambda one: show_promise(one, caller.now), lambda one: one.id)


@router.post("/promises/{promise_id}/keep", summary="Say that it was kept", responses=responses(404, 409))
async def keep_promise(caller: Annotated[Caller, allow(Action.INCIDENT_PROMISE)], promise_id: UUID) -> PromiseShown:
    scope = await caller.find(store.company_of, promise_id, "promise")
    async with caller.desk.database.unit_of_work(scope) as unit:
        return show_promise(await promises.keep(unit, promise_id, now=caller.now), caller.now)


@router.post("/promises/{promise_id}/drop", summary="Give it up, for a reason", responses=responses(404, 409))
async def drop_promise(
    caller: Annotated[Caller, allow(Action.INCIDENT_PROMISE)], promise_id: UUID, body: PromiseDropped
) -> PromiseShown:
    scope = await caller.find(store.company_of, promise_id, "promise")
    async with caller.desk.database.unit_of_work(scope) as unit:
        return show_promise(await promises.drop(unit, promise_id, body.why, now=caller.now), caller.now)


def show_promise(one: Promise, now: datetime) -> PromiseShown:
    """A promise as the API shows it."""
    return PromiseShown(**fields_of(one, now))


def show_anywhere(one: Promise, company: str, now: datetime) -> PromiseAnywhere:
    """The same in a list of several companies."""
    return PromiseAnywhere(**fields_of(one, now), company=company)


def fields_of(one: Promise, now: datetime) -> dict[str, Any]:
    """A promise by the API's names."""
    return {
        "id": one.id,
        "incident_id": one.incident_id,
        "incident_number": one.number,
        "incident_title": one.title,
        "company_id": one.company_id,
        "text": one.text,
        "due_at": one.due_at,
        "state": one.word(now),
        "made_by": one.made_by,
        "made_at": one.made_at,
        "kept_at": one.kept_at,
        "kept_by": one.kept_by,
        "dropped_at": one.dropped_at,
        "dropped_by": one.dropped_by,
        "dropped_why": one.dropped_why,
    }
