"""Who is on call, now or at any time, and why; calendars of schedules, gaps ahead, and one's own stretches."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Annotated, Literal, TypeAlias
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import Field

from alertwhisperer.api.access import Caller, allow, allow_in_company
from alertwhisperer.api.fields import Asked, Moment, Shown, example
from alertwhisperer.api.pages import SomeCompanies
from alertwhisperer.api.problem import responses
from alertwhisperer.domain.company import INSTALLATION, CompanyId
from alertwhisperer.domain.on_call import LONGEST_LOOK, Change, ChangeKind, ChangeState, Span, Version
from alertwhisperer.domain.user import Person
from alertwhisperer.escalate import schedules
from alertwhisperer.escalate.book import Book, Serving, first_there
from alertwhisperer.escalate.on_call import OnCall, Rota
from alertwhisperer.escalate.own import Own, own_times
from alertwhisperer.escalate.reaching import may_set
from alertwhisperer.escalate.rota import Stretch, Turn
from alertwhisperer.escalate.schedules import Calendar, Gap
from alertwhisperer.escalate.words import NameOf, change_words, layer_words, why
from alertwhisperer.guard.permissions import Action

router = APIRouter(prefix="/api", tags=["on call"])

NearWord: TypeAlias = Literal["own", "named", "group", "everybody"]
IdleWord: TypeAlias = Literal["not_begun", "ended", "outside_hours", "away", "gone"]
KindWord: TypeAlias = Literal["override", "absence", "swap"]
StateWord: TypeAlias = Literal["asked", "agreed", "declined", "withdrawn"]

SCHEDULE_ID = "0195d3a0-7c1e-7b5a-9f00-3c8d62000000"
_ACME = "0195d3a0-7c1e-7b5a-9f00-3c8d51000000"
_WHY = "kim@example.org, weekly rotation 'nights', since Mon 2 Mar 2026 08:00, until Mon 9 Mar 2026 08:00, then "
_LAYER = {
    "name": "nights",
    "on_call": "kim@example.org",
    "turn_of": "kim@example.org",
    "idle": None,
    "since": "2026-03-02T07:00:00Z",
    "until": "2026-03-09T07:00:00Z",
    "wins": True,
    "words": "kim@example.org, weekly rotation, since Mon 2 Mar 2026 08:00, until Mon 9 Mar 2026 08:00.",
}
_SAYS = {
    "schedule_id": SCHEDULE_ID,
    "schedule": "Nights",
    "near": "everybody",
    "on_call": "kim@example.org",
    "serves_company": True,
    "since": "2026-03-02T07:00:00Z",
    "until": "2026-03-09T07:00:00Z",
    "next": "lee@example.org",
    "why": _WHY + "lee@example.org (Europe/Berlin).",
    "layers": [_LAYER],
    "changes": [],
}
_COMPANY = {
    "company_id": _ACME,
    "company": "Acme",
    "on_call": "kim@example.org",
    "until": "2026-03-09T07:00:00Z",
    "why": _SAYS["why"],
    "schedules": [_SAYS],
}
CHANGE = {
    "id": "0195d3a0-7c1e-7b5a-9f00-3c8d63000000",
    "schedule_id": SCHEDULE_ID,
    "schedule": "Nights",
    "kind": "override",
    "who": "lee@example.org",
    "from": "2026-03-04T17:00:00Z",
    "to": "2026-03-05T07:00:00Z",
    "other": None,
    "other_from": None,
    "other_to": None,
    "state": "agreed",
    "reason": "Kim is at the dentist.",
    "made_by": "lee@example.org",
    "made_at": "2026-03-03T09:00:00Z",
    "may_withdraw": True,
    "may_answer": False,
}
_STRETCH = {
    "from": "2026-03-02T07:00:00Z",
    "to": "2026-03-09T07:00:00Z",
    "on_call": "kim@example.org",
    "layer": "nights",
    "changes": [],
}
_GAP = {
    "schedule_id": SCHEDULE_ID,
    "schedule": "Nights",
    "company_id": None,
    "company": None,
    "from": "2026-03-14T07:00:00Z",
    "to": "2026-03-14T19:00:00Z",
}
_OWN_STRETCH = {
    "schedule_id": SCHEDULE_ID,
    "schedule": "Nights",
    "time_zone": "Europe/Berlin",
    "from": "2026-03-02T07:00:00Z",
    "to": "2026-03-09T07:00:00Z",
}


class LayerAtShown(Shown):
    """What one layer says."""

    model_config = example(_LAYER)

    name: str
    on_call: Annotated[str | None, Field(description="e-mail; null: nobody by this layer")]
    turn_of: Annotated[str | None, Field(description="whose turn it is, also where they are away")]
    idle: Annotated[IdleWord | None, Field(description="why nobody is there")]
    since: Annotated[datetime | None, Field(description="of the whole turn")]
    until: datetime | None
    wins: Annotated[bool, Field(description="whether it is the layer that counts")]
    words: str


class ScheduleSays(Shown):
    """What a schedule answers for a company."""

    model_config = example(_SAYS)

    schedule_id: UUID
    schedule: str
    near: Annotated[NearWord, Field(description="`own`: the company's; else one of the MSP that is for it, and why")]
    on_call: Annotated[str | None, Field(description="e-mail; null: nobody, a gap")]
    serves_company: Annotated[bool, Field(description="false: they are on call and do not serve this company")]
    since: Annotated[datetime | None, Field(description="null: for longer than 50 days")]
    until: Annotated[datetime | None, Field(description="null: for longer than 50 days")]
    next: Annotated[str | None, Field(description="who follows")]
    why: str
    layers: Annotated[list[LayerAtShown], Field(description="empty where you may not see the schedule itself")]
    changes: Annotated[list[str], Field(description="overrides and swaps that made it this person, in words")]


class CompanyOnCall(Shown):
    """Who is on call for a company."""

    model_config = example(_COMPANY)

    company_id: UUID
    company: str
    on_call: Annotated[
        str | None, Field(description="by the nearest schedule that has somebody who serves the company; null: nobody")
    ]
    until: datetime | None
    why: str
    schedules: Annotated[list[ScheduleSays], Field(description="the nearest first")]


class OnCallShown(Shown):
    """Who is on call for each of your companies, by name."""

    model_config = example({"at": "2026-03-04T08:00:00Z", "items": [_COMPANY], "next": None})

    at: datetime
    items: list[CompanyOnCall]
    next: None = None


class StretchShown(Shown):
    """A time in which one person, or nobody, is on call."""

    model_config = example(_STRETCH)

    start: Annotated[datetime, Field(alias="from")]
    end: Annotated[datetime, Field(alias="to")]
    on_call: Annotated[str | None, Field(description="e-mail; null: nobody, a gap")]
    layer: Annotated[str | None, Field(description="whose turn it would be by")]
    changes: Annotated[list[UUID], Field(description="which overrides and swaps made it this person")]


class TurnShown(Shown):
    """What a layer says of a time, before overrides and swaps."""

    model_config = example({"from": _STRETCH["from"], "to": _STRETCH["to"], "turn_of": "kim@example.org", "idle": None})

    start: Annotated[datetime, Field(alias="from")]
    end: Annotated[datetime, Field(alias="to")]
    turn_of: str | None
    idle: IdleWord | None


class LayerLine(Shown):
    """One layer over a time."""

    model_config = example(
        {
            "name": "nights",
            "turns": [{"from": _STRETCH["from"], "to": _STRETCH["to"], "turn_of": "kim@example.org", "idle": None}],
        }
    )

    name: str
    turns: list[TurnShown]


class OnCallChange(Shown):
    """An override, an absence or a swap."""

    model_config = example(CHANGE)

    id: UUID
    schedule_id: UUID
    schedule: str
    kind: KindWord
    who: Annotated[str, Field(description="who takes the stretch, who is away, or who asks for the swap")]
    start: Annotated[datetime, Field(alias="from")]
    end: Annotated[datetime, Field(alias="to")]
    other: Annotated[str | None, Field(description="of a swap: the other")]
    other_from: Annotated[datetime | None, Field(description="of a swap: the stretch that goes to `who`")]
    other_to: datetime | None
    state: StateWord
    reason: str
    made_by: str
    made_at: datetime
    may_withdraw: Annotated[bool, Field(description="whether you may take it back")]
    may_answer: Annotated[bool, Field(description="whether it is a swap that waits for your answer")]


class CalendarShown(Shown):
    """A schedule over a time."""

    model_config = example(
        {
            "schedule_id": SCHEDULE_ID,
            "schedule": "Nights",
            "time_zone": "Europe/Berlin",
            "from": "2026-03-02T00:00:00Z",
            "to": "2026-03-09T07:00:00Z",
            "stretches": [_STRETCH],
            "layers": [{"name": "nights", "turns": [{**_STRETCH, "turn_of": "kim@example.org", "idle": None}]}],
            "changes": [CHANGE],
        }
    )

    schedule_id: UUID
    schedule: str
    time_zone: str
    start: Annotated[datetime, Field(alias="from")]
    end: Annotated[datetime, Field(alias="to")]
    stretches: Annotated[
        list[StretchShown], Field(description="without holes, but for times at which there was no schedule")
    ]
    layers: Annotated[list[LayerLine], Field(description="of the schedule as it is now; a later one wins")]
    changes: list[OnCallChange]


class GapShown(Shown):
    """A time in which nobody is on call by a schedule."""

    model_config = example(_GAP)

    schedule_id: UUID
    schedule: str
    company_id: Annotated[UUID | None, Field(description="null: a schedule of the MSP")]
    company: str | None
    start: Annotated[datetime, Field(alias="from")]
    end: Annotated[datetime, Field(alias="to")]


class GapsShown(Shown):
    """All of them, the first first."""

    model_config = example({"items": [_GAP], "next": None})

    items: list[GapShown]
    next: None = None


class OwnStretch(Shown):
    """A time in which you are on call."""

    model_config = example(_OWN_STRETCH)

    schedule_id: UUID
    schedule: str
    time_zone: Annotated[str, Field(description="of the schedule")]
    start: Annotated[datetime, Field(alias="from")]
    end: Annotated[datetime, Field(alias="to")]


class OwnShown(Shown):
    """Your times on call, and what waits for you or for others."""

    model_config = example({"now": True, "stretches": [_OWN_STRETCH], "changes": [CHANGE]})

    now: Annotated[bool, Field(description="whether you are on call at this moment")]
    stretches: Annotated[list[OwnStretch], Field(description="of the next 60 days, the first first")]
    changes: Annotated[list[OnCallChange], Field(description="yours, and swaps asked of you, that are not over")]


class AtQuery(Asked):
    """When."""

    at: Annotated[Moment | None, Field(description="null: now")] = None


class WhoQuery(SomeCompanies, AtQuery):
    """Whose, and when."""


class TimeQuery(Asked):
    """A time."""

    start: Annotated[Moment | None, Field(alias="from", description="null: now")] = None
    end: Annotated[
        Moment | None, Field(alias="to", description=f"null: 28 days later; at most {LONGEST_LOOK.days} days")
    ] = None

    def span(self, now: datetime) -> Span:
        """The time that is asked for."""
        start = self.start or now
        return Span(start, self.end or start + timedelta(days=28))


class GapQuery(Asked):
    """How far ahead."""

    days: Annotated[int, Field(ge=1, le=60)] = schedules.GAPS_AHEAD.days


@router.get("/on-call", summary="Who is on call, now or at any time, and why", responses=responses())
async def read_on_call(
    caller: Annotated[Caller, allow(Action.ON_CALL_CROSS)], query: Annotated[WhoQuery, Query()]
) -> OnCallShown:
    at = query.at or caller.now
    async with caller.crossing() as look:
        book = await schedules.look_over(look, caller.person, Span(at, at + timedelta(seconds=1)))
    return show_on_call(book, at, frozenset(query.company))


@router.get(
    "/companies/{company_id}/on-call", summary="Who is on call for one company, and why", responses=responses(404)
)
async def read_company_on_call(
    caller: Annotated[Caller, allow_in_company(Action.ON_CALL_READ)], query: Annotated[AtQuery, Query()]
) -> CompanyOnCall:
    at = query.at or caller.now
    await caller.check_company()
    company_id = caller.scope.company_id
    async with caller.desk.database.across([INSTALLATION, company_id]) as connection:
        unit = caller.desk.database.unit(connection, caller.by)
        book = await schedules.open_for(unit, caller.person, company_id, at)
    return show_company(book, company_id, at)


@router.get("/on-call/gaps", summary="When nobody will be on call", responses=responses())
async def list_on_call_gaps(
    caller: Annotated[Caller, allow(Action.ON_CALL_CROSS)], query: Annotated[GapQuery, Query()]
) -> GapsShown:
    span = Span(caller.now, caller.now + timedelta(days=query.days))
    async with caller.crossing() as look:
        book = await schedules.look_over(look, caller.person, span)
    return GapsShown(items=[show_gap(book, one) for one in schedules.gaps_ahead(book, span)])


@router.get("/on-call/schedules/{on_call_id}/calendar", summary="Who is on call over a time", responses=responses(404))
async def read_on_call_calendar(
    caller: Annotated[Caller, allow(Action.ON_CALL_READ)], on_call_id: UUID, query: Annotated[TimeQuery, Query()]
) -> CalendarShown:
    found = await schedules.read_calendar(
        caller.desk.database, caller.by, caller.person, on_call_id, query.span(caller.now)
    )
    return show_calendar(found, caller.person, caller.now)


@router.get("/on-call/mine", summary="When you are on call", responses=responses())
async def read_own_on_call(caller: Annotated[Caller, allow(Action.ON_CALL_OWN)]) -> OwnShown:
    return show_own(await own_times(caller.desk.database, caller.by, caller.person, now=caller.now), caller.now)


def show_on_call(book: Book, at: datetime, wanted: frozenset[UUID]) -> OnCallShown:
    """Who is on call for each of some companies; for all of the book where none is wanted."""
    among = [one for one in book.companies.values() if not wanted or one.id in wanted]
    among.sort(key=lambda one: (one.name.lower(), one.id))
    return OnCallShown(at=at, items=[show_company(book, one.id, at) for one in among])


def show_company(book: Book, company_id: CompanyId, at: datetime) -> CompanyOnCall:
    """Who is on call for one company."""
    found = book.serving(company_id, at)
    counts, says = first_there(found), [_says(book, one) for one in found]
    shown = None if counts is None else says[found.index(counts)]
    nobody = "No schedule is for this company." if not found else says[0].why
    return CompanyOnCall(
        company_id=company_id,
        company=book.companies[company_id].name,
        on_call=None if shown is None else shown.on_call,
        until=None if shown is None else shown.until,
        why=nobody if shown is None else shown.why,
        schedules=says,
    )


def _says(book: Book, one: Serving) -> ScheduleSays:
    says = one.says
    return ScheduleSays(
        schedule_id=says.version.schedule_id,
        schedule=says.version.plan.name,
        near=one.nearness.value,
        on_call=book.name_of(says.user_id),
        serves_company=one.reaches,
        since=says.since,
        until=says.until,
        next=book.name_of(says.next_id),
        why=why(says, book.name_of, in_full=one.open),
        layers=_layers(book, says) if one.open else [],
        changes=[change_words(change, book.name_of) for change in says.changes] if one.open else [],
    )


def _layers(book: Book, says: OnCall) -> list[LayerAtShown]:
    return [
        LayerAtShown(
            name=said.name,
            on_call=book.name_of(said.turn.holder),
            turn_of=book.name_of(said.turn.user_id),
            idle=None if said.turn.idle is None else said.turn.idle.value,
            since=None if said.turn.shift is None else said.turn.shift.start,
            until=None if said.turn.shift is None else said.turn.shift.end,
            wins=said.wins,
            words=layer_words(layer, said, says.version.plan.time_zone, book.name_of),
        )
        for layer, said in zip(says.version.plan.layers, says.layers, strict=True)
    ]


def show_gap(book: Book, gap: Gap) -> GapShown:
    """A gap, with whose schedule it is in."""
    version = gap.rota.latest
    company = book.companies.get(version.company_id)
    return GapShown(
        schedule_id=version.schedule_id,
        schedule=version.plan.name,
        company_id=None if company is None else company.id,
        company=None if company is None else company.name,
        **{"from": gap.span.start, "to": gap.span.end},
    )


def show_calendar(found: Calendar, person: Person | None, now: datetime) -> CalendarShown:
    """A schedule over a time, as the API shows it."""
    plan, book = found.rota.latest.plan, found.book
    return CalendarShown(
        schedule_id=found.rota.latest.schedule_id,
        schedule=plan.name,
        time_zone=plan.time_zone,
        stretches=show_stretches(found.stretches, found.rota.versions, book.name_of),
        layers=[
            LayerLine(name=layer.name, turns=[_turn(book, turn) for turn in turns])
            for layer, turns in zip(plan.layers, found.layers, strict=True)
        ],
        changes=[show_change(one, found.rota, book, person, now) for one in found.changes],
        **{"from": found.look.start, "to": found.look.end},
    )


def show_stretches(found: Sequence[Stretch], versions: Sequence[Version], name_of: NameOf) -> list[StretchShown]:
    """
    Stretches with names in place of ids.

    Args:
        versions: of the schedule, for what its layers were called.
    """

    def layer(one: Stretch) -> str | None:
        then = next((each for each in reversed(versions) if each.holds_from <= one.start), versions[0])
        return None if one.layer is None else then.plan.layers[one.layer].name

    return [
        StretchShown(
            on_call=name_of(one.user_id),
            layer=layer(one),
            changes=list(one.changes),
            **{"from": one.start, "to": one.end},
        )
        for one in found
    ]


def _turn(book: Book, turn: Turn) -> TurnShown:
    return TurnShown(
        turn_of=book.name_of(turn.user_id),
        idle=None if turn.idle is None else turn.idle.value,
        **{"from": turn.start, "to": turn.end},
    )


def show_change(change: Change, rota: Rota, book: Book, person: Person | None, now: datetime) -> OnCallChange:
    """A change, and what the person may do with it."""
    waits = change.state in (ChangeState.ASKED, ChangeState.AGREED) and change.last > now
    own = person is not None and change.user_id == person.user.id and change.made_by == person.user.email
    is_swap = change.kind is ChangeKind.SWAP
    own = own and (not is_swap or change.state is ChangeState.ASKED)
    asked_of = person is not None and change.other_id == person.user.id and change.state is ChangeState.ASKED
    other = change.other_span
    return OnCallChange(
        id=change.id,
        schedule_id=change.schedule_id,
        schedule=rota.latest.plan.name,
        kind=change.kind.value,
        who=book.name_of(change.user_id) or "",
        other=book.name_of(change.other_id),
        other_from=None if other is None else other.start,
        other_to=None if other is None else other.end,
        state=change.state.value,
        reason=change.reason,
        made_by=change.made_by,
        made_at=change.made_at,
        may_withdraw=waits and (own or may_set(person, change.company_id)),
        may_answer=asked_of and other is not None and min(change.span.start, other.start) > now,
        **{"from": change.span.start, "to": change.span.end},
    )


def show_own(found: Own, now: datetime) -> OwnShown:
    """One's own times, as the API shows them."""
    return OwnShown(
        now=any(span.start <= now < span.end for _, span in found.times),
        stretches=[
            OwnStretch(
                schedule_id=rota.latest.schedule_id,
                schedule=rota.latest.plan.name,
                time_zone=rota.latest.plan.time_zone,
                **{"from": span.start, "to": span.end},
            )
            for rota, span in found.times
        ],
        changes=[show_change(one, rota, found.book, found.book.person, now) for rota, one in found.changes],
    )
