"""Overrides, absences and swaps of on-call stretches; and calendars of other programs, from which they are taken."""

from datetime import datetime, timedelta
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter
from pydantic import Field

from alertwhisperer.api.access import Caller, allow
from alertwhisperer.api.fields import NO_NUL, Asked, Flag, Moment, Shown, Text, example
from alertwhisperer.api.on_call import OnCallChange, show_change
from alertwhisperer.api.problem import responses
from alertwhisperer.domain.on_call import LONGEST_REASON, Change, ChangeKind, Span
from alertwhisperer.escalate import changes, importing, schedules
from alertwhisperer.escalate.importing import Imported, Outcome
from alertwhisperer.escalate.reading_calendar import MOST_LETTERS
from alertwhisperer.guard.permissions import Action

router = APIRouter(prefix="/api/on-call", tags=["on call"])

_FROM, _TO = "2026-03-04T17:00:00Z", "2026-03-05T07:00:00Z"
_EVENT = {
    "number": 1,
    "title": "Lee on holiday",
    "who": "lee@example.org",
    "from": "2026-03-09T23:00:00Z",
    "to": "2026-03-14T23:00:00Z",
    "outcome": "taken",
}

_Email = Annotated[Text, Field(min_length=1, max_length=254)]
_Reason = Annotated[str, Field(max_length=LONGEST_REASON, pattern=NO_NUL)]


class OverrideAsked(Asked):
    """Who takes a stretch, or is away."""

    model_config = example(
        {"kind": "override", "from": _FROM, "to": _TO, "who": None, "reason": "Kim is at the dentist."}
    )

    kind: Annotated[
        Literal["override", "absence"],
        Field(
            description="`override`: they take it, whoever had it; `absence`: they are away, and nobody has their turn"
        ),
    ] = "override"
    start: Annotated[Moment | None, Field(alias="from", description="null: from now on")] = None
    end: Annotated[Moment, Field(alias="to")]
    who: Annotated[_Email | None, Field(description="e-mail; null: yourself. Another person needs `on_call.set`")] = (
        None
    )
    reason: _Reason = ""


class SwapAsked(Asked):
    """Two stretches to be exchanged."""

    model_config = example(
        {
            "from": _FROM,
            "to": _TO,
            "other": "lee@example.org",
            "other_from": "2026-03-11T17:00:00Z",
            "other_to": "2026-03-12T07:00:00Z",
            "reason": "My sister marries.",
        }
    )

    start: Annotated[Moment, Field(alias="from", description="of yours, which they are to take")]
    end: Annotated[Moment, Field(alias="to")]
    other: Annotated[_Email, Field(description="with whom")]
    other_from: Annotated[Moment, Field(description="of theirs, which you take")]
    other_to: Moment
    reason: _Reason = ""


class ImportAsked(Asked):
    """A calendar of another program, and what its events mean."""

    model_config = example(
        {
            "kind": "absence",
            "calendar": "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nBEGIN:VEVENT\r\nUID:1\r\nDTSTART;VALUE=DATE:20260310\r\n"
            "DTEND;VALUE=DATE:20260315\r\nSUMMARY:Lee on holiday\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n",
            "who": "lee@example.org",
            "dry_run": True,
        }
    )

    kind: Literal["override", "absence"] = "absence"
    calendar: Annotated[str, Field(min_length=1, max_length=MOST_LETTERS, description="the text of the .ics file")]
    who: Annotated[
        _Email | None, Field(description="whom all events are about; null: each names one attendee, or has an e-mail")
    ] = None
    dry_run: Annotated[Flag, Field(description="true: only tell what would become of each event")] = False


class EventShown(Shown):
    """What became of an event."""

    model_config = example(_EVENT)

    number: Annotated[int, Field(description="its place in the calendar")]
    title: str
    who: str
    start: Annotated[datetime | None, Field(alias="from")]
    end: Annotated[datetime | None, Field(alias="to")]
    outcome: Annotated[
        Outcome,
        Field(
            description="`taken`; `known`: it was taken before; `past`; `nobody`: it names nobody whom the "
            "schedule can call; `not_taken`: too long or too far ahead; else why it was not read"
        ),
    ]


class EventsShown(Shown):
    """All events, in the calendar's order."""

    model_config = example({"taken": 1, "items": [_EVENT], "next": None})

    taken: int
    items: list[EventShown]
    next: None = None


@router.post(
    "/schedules/{on_call_id}/overrides",
    status_code=201,
    summary="Take a stretch, or say who is away",
    responses=responses(404, 409),
)
async def add_override(
    caller: Annotated[Caller, allow(Action.ON_CALL_TAKE)], on_call_id: UUID, body: OverrideAsked
) -> OnCallChange:
    made = await changes.set_change(
        caller.desk.database,
        caller.by,
        caller.person,
        on_call_id,
        ChangeKind(body.kind),
        Span(body.start or caller.now, body.end),
        email=body.who,
        reason=body.reason,
        now=caller.now,
    )
    return await _show(caller, made)


@router.post(
    "/schedules/{on_call_id}/swaps",
    status_code=201,
    summary="Ask another person to exchange stretches",
    responses=responses(404, 409),
)
async def ask_swap(
    caller: Annotated[Caller, allow(Action.ON_CALL_SWAP)], on_call_id: UUID, body: SwapAsked
) -> OnCallChange:
    made = await changes.ask_swap(
        caller.desk.database,
        caller.by,
        caller.person,
        on_call_id,
        Span(body.start, body.end),
        body.other,
        Span(body.other_from, body.other_to),
        reason=body.reason,
        now=caller.now,
    )
    return await _show(caller, made)


@router.post("/changes/{change_id}/accept", summary="Agree to a swap", responses=responses(404, 409))
async def accept_swap(caller: Annotated[Caller, allow(Action.ON_CALL_SWAP)], change_id: UUID) -> OnCallChange:
    return await _answer(caller, change_id, accept=True)


@router.post("/changes/{change_id}/decline", summary="Do not agree to a swap", responses=responses(404, 409))
async def decline_swap(caller: Annotated[Caller, allow(Action.ON_CALL_SWAP)], change_id: UUID) -> OnCallChange:
    return await _answer(caller, change_id, accept=False)


@router.post(
    "/changes/{change_id}/withdraw",
    summary="Take back an override, an absence or a swap",
    responses=responses(404, 409),
)
async def withdraw_change(caller: Annotated[Caller, allow(Action.ON_CALL_TAKE)], change_id: UUID) -> OnCallChange:
    return await _show(
        caller,
        await changes.withdraw(caller.desk.database, caller.by, caller.person, change_id, now=caller.now),
    )


@router.post(
    "/schedules/{on_call_id}/import",
    summary="Take a calendar's events as overrides or absences",
    responses=responses(404, 409),
)
async def import_calendar(
    caller: Annotated[Caller, allow(Action.ON_CALL_TAKE)], on_call_id: UUID, body: ImportAsked
) -> EventsShown:
    found = await importing.import_calendar(
        caller.desk.database,
        caller.by,
        caller.person,
        on_call_id,
        ChangeKind(body.kind),
        body.calendar,
        email=body.who,
        dry_run=body.dry_run,
        now=caller.now,
    )
    shown = [show_event(one) for one in found]
    return EventsShown(taken=sum(one.outcome == "taken" for one in shown), items=shown)


def show_event(one: Imported) -> EventShown:
    """What became of an event."""
    return EventShown(
        number=one.read.number,
        title=one.read.title,
        who=one.email,
        outcome=one.outcome,
        **{"from": None if one.span is None else one.span.start, "to": None if one.span is None else one.span.end},
    )


async def _answer(caller: Caller, change_id: UUID, *, accept: bool) -> OnCallChange:
    settled = await changes.answer_swap(
        caller.desk.database, caller.by, caller.person, change_id, accept=accept, now=caller.now
    )
    return await _show(caller, settled)


async def _show(caller: Caller, change: Change) -> OnCallChange:
    look = Span(change.span.start, change.span.start + timedelta(seconds=1))
    found = await schedules.read_calendar(caller.desk.database, caller.by, caller.person, change.schedule_id, look)
    return show_change(change, found.rota, found.book, caller.person, caller.now)
