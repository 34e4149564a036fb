"""Handing a shift over: the page that builds itself, and offers of one person to another."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Literal, TypeAlias
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import Field

from alertwhisperer.api.access import Caller, allow
from alertwhisperer.api.fields import NO_NUL, Asked, SeverityWord, Shown, Text, example
from alertwhisperer.api.incidents import EXAMPLE as INCIDENT
from alertwhisperer.api.incidents import IncidentAnywhere, show_anywhere
from alertwhisperer.api.pages import Page, PageQuery, SomeCompanies, page_of
from alertwhisperer.api.problem import responses
from alertwhisperer.api.promises import EXAMPLE as PROMISE
from alertwhisperer.api.promises import PromiseAnywhere
from alertwhisperer.api.promises import show_anywhere as show_promise
from alertwhisperer.domain.approval import Risk, Ruling
from alertwhisperer.domain.attention import Group, StateWord
from alertwhisperer.domain.company import CompanyId
from alertwhisperer.domain.handover import LONGEST_NOTE, MOST_OFFERED, HandoverState, Outcome
from alertwhisperer.guard.approvals.reading import Standing
from alertwhisperer.guard.permissions import Action
from alertwhisperer.shift import handing, handover
from alertwhisperer.shift.handing import Left, Passed, Seen, Whole
from alertwhisperer.shift.handover import Closing, Incidents, Shift

router = APIRouter(prefix="/api", tags=["shift"])

_COMPANY = {"company_id": INCIDENT["company_id"], "company": "Acme"}
_APPROVAL = {
    "id": "0195d3a1-22b0-7e11-8a00-5b1c03000009",
    **_COMPANY,
    "kind": "run",
    "runbook": "vacuum-journal",
    "risk": "medium",
    "why": "The disk of db-01 fills; its old journals can go.",
    "requested_by": "lee@example.org",
    "incident_id": INCIDENT["id"],
    "asked_at": "2026-03-01T08:05:00Z",
    "expires_at": "2026-03-01T09:05:00Z",
    "you": "may",
}
_WINDOW = {
    **_COMPANY,
    "reach": "company",
    "from": "2026-03-01T06:00:00Z",
    "to": "2026-03-01T10:00:00Z",
    "reason": "The month is closed.",
    "holds_now": True,
}
_OFFER = {
    "id": "0195d3a1-22b0-7e11-8a00-5b1c03000021",
    "state": "accepted",
    "from": "kim@example.org",
    "to": "lee@example.org",
    "you": "giver",
    "note": "The vendor of db-01 calls back at ten.",
    "count": 10,
    "hidden": 0,
    "outcomes": {"moved": 9, "taken": 1},
    "offered_at": "2026-03-01T05:50:00Z",
    "settled_at": "2026-03-01T06:02:00Z",
}
_HANDED = {
    **{name: INCIDENT[name] for name in ("id", "number", "title", "severity")},
    **_COMPANY,
    "state": "acknowledged",
    "assignee": "lee@example.org",
    "assignee_then": "kim@example.org",
    "outcome": "moved",
}
_LEFT = {"id": INCIDENT["id"], "number": 4821, "company": "Acme", "why": "not_served"}

LeftOutWord: TypeAlias = Literal["absent", "over", "taken", "had", "not_served"]
OutcomeWord: TypeAlias = Literal["offered", "moved", "had", "taken", "over", "not_served"]
HandoverWord: TypeAlias = Literal["offered", "accepted", "withdrawn"]


class IncidentsHere(Shown):
    """Some open incidents."""

    model_config = example({"count": 1, "items": [{**INCIDENT, "company": "Acme"}]})

    count: Annotated[int, Field(description="those beyond the items too")]
    items: Annotated[
        list[IncidentAnywhere],
        Field(description=f"worst first, of equal ones the oldest; at most {handover.MOST_SHOWN}"),
    ]


class QuestionHere(Shown):
    """An act that waits for a decision."""

    model_config = example(_APPROVAL)

    id: UUID
    company_id: UUID
    company: str
    kind: str
    runbook: str
    risk: Risk
    why: str
    requested_by: str
    incident_id: UUID | None
    asked_at: datetime
    expires_at: datetime
    you: Annotated[Ruling, Field(description="`may`, or why you may not decide it")]


class QuestionsHere(Shown):
    """Acts that wait for a decision, the first to lapse first."""

    model_config = example({"count": 1, "items": [_APPROVAL]})

    count: int
    items: list[QuestionHere]


class WindowHere(Shown):
    """A time in which nothing starts."""

    model_config = example(_WINDOW)

    company_id: Annotated[UUID | None, Field(description="null: of all companies")]
    company: str | None
    reach: Literal["company", "all"]
    start: Annotated[datetime, Field(alias="from")]
    finish: Annotated[datetime, Field(alias="to")]
    reason: str
    holds_now: bool


class PromisesHere(Shown):
    """Promises that wait, the soonest due first."""

    model_config = example({"count": 1, "items": [{**PROMISE, "company": "Acme"}]})

    count: int
    items: list[PromiseAnywhere]


class HandoverShown(Shown):
    """One person offers another to take incidents over."""

    model_config = example(_OFFER)

    id: UUID
    state: HandoverWord
    giver: Annotated[str, Field(alias="from", description="e-mail")]
    receiver: Annotated[str, Field(alias="to", description="e-mail")]
    you: Literal["giver", "receiver"]
    note: str
    count: Annotated[int, Field(description="incidents in it")]
    hidden: Annotated[int, Field(description="of these in companies that you do not serve")]
    outcomes: Annotated[dict[OutcomeWord, int], Field(description="of those that you see; only what is not zero")]
    offered_at: datetime
    settled_at: Annotated[datetime | None, Field(description="when it was accepted or withdrawn")]


class HandedShown(Shown):
    """An incident of a hand-over."""

    model_config = example(_HANDED)

    id: UUID
    number: int
    title: str
    severity: SeverityWord
    company_id: UUID
    company: str
    state: Annotated[StateWord, Field(description="as it is now")]
    assignee: Annotated[str | None, Field(description="whose it is now")]
    assignee_then: Annotated[str | None, Field(description="whose it was when it was offered")]
    outcome: Annotated[
        OutcomeWord,
        Field(
            description="`offered`: nothing yet; `had`: the receiver's already; `taken`: somebody else took it since, "
            "and keeps it; `over`: open no more; `not_served`: the receiver serves the company no more"
        ),
    ]


class LeftShown(Shown):
    """An incident that was named and is not in the offer."""

    model_config = example(_LEFT)

    id: UUID
    number: int | None
    company: str | None
    why: Annotated[
        LeftOutWord,
        Field(
            description="`absent`: there is none that you may see; `over`: it is not open; `taken`: it is another's; "
            "`had`: the receiver's already; `not_served`: the receiver does not serve its company"
        ),
    ]


class HandoverWhole(HandoverShown):
    """The same with its incidents, worst first, of companies that you serve."""

    model_config = example({**_OFFER, "incidents": [_HANDED], "left_out": []})

    incidents: list[HandedShown]
    left_out: Annotated[list[LeftShown], Field(description="only of the answer to the offer")]


class ShiftShown(Shown):
    """What your shift leaves to the next."""

    model_config = example(
        {
            "as_of": "2026-03-01T08:13:00Z",
            "you": "kim@example.org",
            "needs_ack": {"count": 0, "items": []},
            "working": {"count": 1, "items": [{**INCIDENT, "company": "Acme"}]},
            "waiting": {"count": 0, "items": []},
            "approvals": {"count": 1, "items": [_APPROVAL]},
            "windows": [_WINDOW],
            "promises": {"count": 1, "items": [{**PROMISE, "company": "Acme"}]},
            "offers": [{**_OFFER, "state": "offered", "outcomes": {"offered": 10}, "settled_at": None}],
        }
    )

    as_of: datetime
    you: str
    needs_ack: Annotated[IncidentsHere, Field(description="what fires and nobody took")]
    working: Annotated[IncidentsHere, Field(description="what fires and somebody took")]
    waiting: Annotated[IncidentsHere, Field(description="what is snoozed, or all clear and held before it closes")]
    approvals: QuestionsHere
    windows: Annotated[list[WindowHere], Field(description="that hold now, or end within 24 hours; first to end first")]
    promises: PromisesHere
    offers: Annotated[list[HandoverShown], Field(description="that wait, by you and to you; newest first")]


class ReceiverShown(Shown):
    """Somebody whom you may offer incidents to."""

    model_config = example({"email": "lee@example.org", "company_ids": None})

    email: str
    company_ids: Annotated[
        list[UUID] | None, Field(description="of yours, those that they serve as well; null: all of yours")
    ]


class ReceiversShown(Shown):
    """Everybody whom you may offer incidents to, by e-mail."""

    model_config = example({"items": [{"email": "lee@example.org", "company_ids": None}], "next": None})

    items: list[ReceiverShown]
    next: None = None


class ShiftQuery(SomeCompanies):
    """Of what."""

    whose: Annotated[
        Literal["all", "mine"],
        Field(description="`mine`: incidents that are yours, and promises that you made or that are about them"),
    ] = "all"


class HandoverQuery(PageQuery):
    """Which hand-overs."""

    which: Annotated[Literal["all", "to_you", "by_you"], Field(description="offered to you, or by you")] = "all"
    state: HandoverWord | None = None


class Offered(Asked):
    """Whom you offer what."""

    model_config = example({"to": "lee@example.org", "note": _OFFER["note"], "incident_ids": None})

    to: Annotated[Text, Field(min_length=1, description="e-mail of one of `/api/shift/people`")]
    note: Annotated[str, Field(max_length=LONGEST_NOTE, pattern=NO_NUL)] = ""
    incident_ids: Annotated[
        list[UUID] | None,
        Field(
            min_length=1,
            max_length=MOST_OFFERED,
            description="open ones that are yours or nobody's; null: every open one that is yours",
        ),
    ] = None


@router.get("/shift", summary="What your shift leaves to the next", responses=responses())
async def read_shift(
    caller: Annotated[Caller, allow(Action.HANDOVER_CROSS)], query: Annotated[ShiftQuery, Query()]
) -> ShiftShown:
    async with caller.crossing() as look:
        found = await handover.look_over(
            look, caller.user, frozenset(query.company), mine=query.whose == "mine", now=caller.now
        )
    return show_shift(found, you=caller.user.email, now=caller.now)


@router.get("/shift/people", summary="Whom you may offer incidents to", responses=responses())
async def list_receivers(caller: Annotated[Caller, allow(Action.HANDOVER_CROSS)]) -> ReceiversShown:
    found = await handing.receivers(caller.desk.database, caller.by, caller.person)
    return ReceiversShown(
        items=[
            ReceiverShown(email=one.email, company_ids=None if one.companies is None else list(one.companies))
            for one in found
        ]
    )


@router.get("/handovers", summary="Hand-overs by you and to you", responses=responses())
async def list_handovers(
    caller: Annotated[Caller, allow(Action.HANDOVER_CROSS)], query: Annotated[HandoverQuery, Query()]
) -> Page[HandoverShown]:
    found = await handing.list_handovers(
        caller.desk.database,
        caller.by,
        caller.person,
        given=query.which != "to_you",
        received=query.which != "by_you",
        state=None if query.state is None else HandoverState(query.state),
        limit=query.reach,
        before=query.cursor,
        now=caller.now,
    )
    return page_of(found, query, show_handover, lambda one: one.handover.id)


@router.post(
    "/handovers", status_code=201, summary="Offer another person to take incidents over", responses=responses(409)
)
async def offer_handover(caller: Annotated[Caller, allow(Action.HANDOVER_OFFER)], body: Offered) -> HandoverWhole:
    made = await handing.offer(
        caller.desk.database,
        caller.by,
        caller.person,
        body.to,
        note=body.note,
        incident_ids=body.incident_ids,
        now=caller.now,
    )
    return show_whole(made)


@router.get("/handovers/{handover_id}", summary="One hand-over, with its incidents", responses=responses(404))
async def read_handover(caller: Annotated[Caller, allow(Action.HANDOVER_CROSS)], handover_id: UUID) -> HandoverWhole:
    return show_whole(
        await handing.get_handover(caller.desk.database, caller.by, caller.person, handover_id, now=caller.now)
    )


@router.post(
    "/handovers/{handover_id}/accept", summary="Take over what was offered to you", responses=responses(404, 409)
)
async def accept_handover(caller: Annotated[Caller, allow(Action.HANDOVER_ACCEPT)], handover_id: UUID) -> HandoverWhole:
    return show_whole(await handing.accept(caller.desk.database, caller.by, caller.person, handover_id, now=caller.now))


@router.post("/handovers/{handover_id}/withdraw", summary="Take back what you offered", responses=responses(404, 409))
async def withdraw_handover(
    caller: Annotated[Caller, allow(Action.HANDOVER_OFFER)], handover_id: UUID
) -> HandoverWhole:
    return show_whole(
        await handing.withdraw(caller.desk.database, caller.by, caller.person, handover_id, now=caller.now)
    )


def show_shift(found: Shift, *, you: str, now: datetime) -> ShiftShown:
    """The page as the API shows it."""
    names = found.names
    return ShiftShown(
        as_of=now,
        you=you,
        needs_ack=_incidents(found.groups[Group.NEEDS_ACK], names),
        working=_incidents(found.groups[Group.WORKING], names),
        waiting=_incidents(found.groups[Group.WAITING], names),
        approvals=QuestionsHere(count=found.approvals_amount, items=[_question(one, names) for one in found.approvals]),
        windows=[_window(one, names, now) for one in found.windows],
        promises=PromisesHere(
            count=found.promises.amount,
            items=[show_promise(one, names[one.company_id], now) for one in found.promises.promises],
        ),
        offers=[show_handover(one) for one in found.offers],
    )


def _incidents(found: Incidents, names: Mapping[CompanyId, str]) -> IncidentsHere:
    return IncidentsHere(count=found.amount, items=[show_anywhere(row, names[row.company_id]) for row in found.rows])


def _question(one: Standing, names: Mapping[CompanyId, str]) -> QuestionHere:
    asked = one.approval
    return QuestionHere(
        id=asked.id,
        company_id=asked.company_id,
        company=names[asked.company_id],
        kind=asked.kind,
        runbook=one.plan.runbook,
        risk=asked.risk,
        why=asked.why,
        requested_by=asked.requested_by,
        incident_id=asked.incident_id,
        asked_at=asked.asked_at,
        expires_at=asked.expires_at,
        you=one.ruling,
    )


def _window(one: Closing, names: Mapping[CompanyId, str], now: datetime) -> WindowHere:
    return WindowHere(
        company_id=one.company_id,
        company=None if one.company_id is None else names[one.company_id],
        reach=one.reach.value,
        **{"from": one.window.starts_at, "to": one.window.ends_at},
        reason=one.window.reason,
        holds_now=one.window.holds(now),
    )


def show_handover(one: Seen) -> HandoverShown:
    """A hand-over as lists show it."""
    return HandoverShown.model_validate(_fields(one))


def show_whole(one: Whole) -> HandoverWhole:
    """A hand-over with its incidents, as the API shows it."""
    return HandoverWhole.model_validate(
        {
            **_fields(one.seen),
            "incidents": [_handed(passed) for passed in one.incidents],
            "left_out": [_left(left) for left in one.left_out],
        }
    )


def _fields(one: Seen) -> dict[str, object]:
    made = one.handover
    return {
        "id": made.id,
        "state": made.state.value,
        "from": made.giver,
        "to": made.receiver,
        "you": "giver" if one.is_giver else "receiver",
        "note": made.note,
        "count": made.amount,
        "hidden": one.hidden,
        "outcomes": {outcome.value: one.outcomes[outcome] for outcome in Outcome if one.outcomes.get(outcome)},
        "offered_at": made.offered_at,
        "settled_at": made.settled_at,
    }


def _handed(one: Passed) -> HandedShown:
    row = one.row
    return HandedShown(
        id=row.id,
        number=row.number,
        title=row.title,
        severity=row.severity.word,  # type: ignore[arg-type]  # one of its words
        company_id=row.company_id,
        company=one.company,
        state=row.state,
        assignee=row.assignee,
        assignee_then=one.handed.assignee,
        outcome=one.handed.outcome.value,
    )


def _left(one: Left) -> LeftShown:
    return LeftShown(
        id=one.incident_id,
        number=None if one.row is None else one.row.number,
        company=one.company,
        why=one.why.value,
    )
