"""On-call schedules: who takes turns, how, and for which companies."""

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter
from pydantic import Field

from alertwhisperer.api.access import Caller, allow
from alertwhisperer.api.fields import Asked, Flag, Moment, Shown, Text, Whole, example
from alertwhisperer.api.on_call import SCHEDULE_ID, StretchShown, show_stretches
from alertwhisperer.api.problem import responses
from alertwhisperer.domain.company import INSTALLATION, CompanyId
from alertwhisperer.domain.errors import Invalid
from alertwhisperer.domain.name import LONGEST_NAME
from alertwhisperer.domain.on_call import (
    MOST_LAYERS,
    MOST_PEOPLE,
    MOST_WINDOWS,
    Hours,
    Layer,
    LengthUnit,
    Plan,
    Serves,
    Span,
    Version,
)
from alertwhisperer.domain.user import Person
from alertwhisperer.escalate import schedules
from alertwhisperer.escalate.reaching import may_set
from alertwhisperer.escalate.schedules import Wish
from alertwhisperer.escalate.words import NameOf
from alertwhisperer.guard.permissions import Action
from alertwhisperer.store.on_call import Known

router = APIRouter(prefix="/api/on-call", tags=["on call"])

_HOURS = {"days": [0, 1, 2, 3, 4], "from": "18:00", "to": "08:00"}
_LAYER = {
    "name": "nights",
    "people": ["kim@example.org", "lee@example.org"],
    "unit": "week",
    "every": 1,
    "starts_on": "2026-03-02",
    "hand_over": "08:00",
    "ends_on": None,
    "hours": [_HOURS],
}
_SERVES = {"everybody": True, "company_ids": [], "group_ids": []}
_PLAN = {"name": "Nights", "time_zone": "Europe/Berlin", "layers": [_LAYER]}
_SCHEDULE = {
    "id": SCHEDULE_ID,
    "company_id": None,
    "company": None,
    **_PLAN,
    "serves": _SERVES,
    "version": 1,
    "holds_from": "2026-03-01T08:00:00Z",
    "made_by": "kim@example.org",
    "may_set": True,
}

_CLOCK = r"^([01][0-9]|2[0-3]):[0-5][0-9]$"
_Clock = Annotated[str, Field(pattern=_CLOCK, description="as 08:00")]
_Email = Annotated[Text, Field(min_length=1, max_length=254)]


class HoursShown(Shown):
    """Hours of the week."""

    model_config = example(_HOURS)

    days: list[int]
    start: Annotated[str, Field(alias="from")]
    end: Annotated[str, Field(alias="to")]


class LayerShown(Shown):
    """People who take turns."""

    model_config = example(_LAYER)

    name: str
    people: Annotated[list[str], Field(description="e-mails, in the order of their turns")]
    unit: Literal["hour", "day", "week"]
    every: int
    starts_on: date
    hand_over: str
    ends_on: date | None
    hours: Annotated[list[HoursShown], Field(description="in which it holds; none: always")]


class ServesShown(Shown):
    """Which companies a schedule of the MSP is for."""

    model_config = example(_SERVES)

    everybody: bool
    company_ids: Annotated[list[UUID], Field(description="of those that you serve")]
    group_ids: list[UUID]


class OnCallScheduleShown(Shown):
    """A schedule as it is now."""

    model_config = example(_SCHEDULE)

    id: UUID
    company_id: Annotated[UUID | None, Field(description="null: one of the MSP")]
    company: str | None
    name: str
    time_zone: str
    layers: Annotated[list[LayerShown], Field(description="a later one wins over an earlier one")]
    serves: Annotated[ServesShown | None, Field(description="null: of a company's own")]
    version: int
    holds_from: Annotated[datetime, Field(description="since when it says this")]
    made_by: str
    may_set: Annotated[bool, Field(description="whether you may change it")]


class OnCallSchedulesShown(Shown):
    """All that you may see, by name."""

    model_config = example({"items": [_SCHEDULE], "next": None})

    items: list[OnCallScheduleShown]
    next: None = None


class OnCallVersion(Shown):
    """What a schedule said from when until when."""

    model_config = example(
        {
            **_PLAN,
            "serves": _SERVES,
            "version": 1,
            "holds_from": _SCHEDULE["holds_from"],
            "holds_until": None,
            "removed": False,
            "made_by": "kim@example.org",
        }
    )

    name: str
    time_zone: str
    layers: list[LayerShown]
    serves: ServesShown | None
    version: int
    holds_from: datetime
    holds_until: datetime | None
    removed: Annotated[bool, Field(description="true: it was removed, and says nothing from here on")]
    made_by: str


class OnCallVersions(Shown):
    """The last first; at most 200."""

    model_config = example({"items": [], "next": None})

    items: list[OnCallVersion]
    next: None = None


class CallablePeople(Shown):
    """Whom you may put into a schedule of your companies, by e-mail."""

    model_config = example({"items": ["kim@example.org"], "next": None})

    items: list[str]
    next: None = None


class HoursAsked(Asked):
    """Hours of the week; an end that is not after the start is on the next day."""

    model_config = example(_HOURS)

    days: Annotated[
        list[Annotated[Whole, Field(ge=0, le=6)]], Field(min_length=1, max_length=7, description="0 is Monday")
    ]
    start: Annotated[_Clock, Field(alias="from")]
    end: Annotated[_Clock, Field(alias="to")]


class LayerAsked(Asked):
    """People who take turns."""

    model_config = example(_LAYER)

    name: Annotated[Text, Field(min_length=1, max_length=LONGEST_NAME)]
    people: Annotated[
        list[_Email], Field(min_length=1, max_length=MOST_PEOPLE, description="e-mails, in the order of their turns")
    ]
    unit: Annotated[
        Literal["hour", "day", "week"], Field(description="`hour` counts hours of the wall clock, on every day alike")
    ] = "week"
    every: Annotated[Whole, Field(ge=1, le=9_000, description="length of a turn")] = 1
    starts_on: Annotated[date, Field(description="the day of the first turn")]
    hand_over: Annotated[_Clock, Field(description="in the schedule's zone")] = "08:00"
    ends_on: Annotated[date | None, Field(description="it ends on this day, at `hand_over`")] = None
    hours: Annotated[list[HoursAsked], Field(max_length=MOST_WINDOWS)] = Field(default_factory=list)


class ServesAsked(Asked):
    """Which companies a schedule of the MSP is for."""

    model_config = example(_SERVES)

    everybody: Annotated[Flag, Field(description="all companies, those to come as well")] = False
    company_ids: Annotated[list[UUID], Field(max_length=schedules.MOST_SERVED)] = Field(default_factory=list)
    group_ids: Annotated[list[UUID], Field(max_length=schedules.MOST_SERVED)] = Field(default_factory=list)


class PlanAsked(Asked):
    """What a schedule is to say."""

    name: Annotated[Text, Field(min_length=1, max_length=LONGEST_NAME)]
    time_zone: Annotated[Text, Field(min_length=1, max_length=100, description="IANA name")]
    layers: Annotated[list[LayerAsked], Field(min_length=1, max_length=MOST_LAYERS)]
    serves: Annotated[ServesAsked | None, Field(description="of a schedule of the MSP")] = None

    @property
    def wish(self) -> Wish:
        """As the house has it."""
        serves = self.serves or ServesAsked()
        plan = Plan(
            name=self.name,
            time_zone=self.time_zone,
            layers=tuple(_layer(one) for one in self.layers),
            serves=Serves(
                serves.everybody, tuple(CompanyId(one) for one in serves.company_ids), tuple(serves.group_ids)
            ),
        )
        return Wish(plan, tuple(tuple(one.people) for one in self.layers))


class OnCallScheduleAdded(PlanAsked):
    """A new one."""

    model_config = example({**_PLAN, "company_id": None, "serves": _SERVES})

    company_id: Annotated[UUID | None, Field(description="whose; null: one of the MSP")] = None

    @property
    def owner(self) -> CompanyId:
        """Whose it is."""
        return INSTALLATION if self.company_id is None else CompanyId(self.company_id)


class OnCallScheduleChanged(PlanAsked):
    """The whole of it, as it is to be from now on."""

    model_config = example({**_PLAN, "serves": _SERVES, "version": 1})

    version: Annotated[Whole, Field(ge=1, description="the one that you looked at")]


class PreviewAsked(OnCallScheduleAdded):
    """A schedule that is not saved, and a time."""

    model_config = example({**_PLAN, "company_id": None, "serves": _SERVES})

    start: Annotated[Moment | None, Field(alias="from", description="null: now")] = None
    days: Annotated[Whole, Field(ge=1, le=60)] = 28


class OnCallPreview(Shown):
    """What it would say."""

    model_config = example({"stretches": []})

    stretches: list[StretchShown]


@router.get("/schedules", summary="Schedules that you may see", responses=responses())
async def list_on_call_schedules(caller: Annotated[Caller, allow(Action.ON_CALL_CROSS)]) -> OnCallSchedulesShown:
    async with caller.crossing() as look:
        book = await schedules.look_over(look, caller.person, Span(caller.now, caller.now + timedelta(seconds=1)))
    names = {one.id: one.name for one in book.companies.values()}
    return OnCallSchedulesShown(
        items=[show_schedule(rota.latest, names, book.name_of, caller.person) for rota in book.visible if rota.is_there]
    )


@router.get("/people", summary="Whom you may put into a schedule", responses=responses())
async def list_callable_people(caller: Annotated[Caller, allow(Action.ON_CALL_READ)]) -> CallablePeople:
    return CallablePeople(items=await schedules.callable_people(caller.desk.database, caller.by, caller.person))


@router.post("/schedules", status_code=201, summary="Add a schedule", responses=responses(404, 409))
async def add_on_call_schedule(
    caller: Annotated[Caller, allow(Action.ON_CALL_SET)], body: OnCallScheduleAdded
) -> OnCallScheduleShown:
    made = await schedules.add_schedule(
        caller.desk.database, caller.by, caller.person, body.owner, body.wish, now=caller.now
    )
    return await _read(caller, made.schedule_id)


@router.post("/preview", summary="What a schedule would say that is not saved", responses=responses(404))
async def preview_on_call_schedule(
    caller: Annotated[Caller, allow(Action.ON_CALL_SET)], body: PreviewAsked
) -> OnCallPreview:
    start = body.start or caller.now
    draft, found, people = await schedules.preview(
        caller.desk.database,
        caller.by,
        caller.person,
        body.owner,
        body.wish,
        Span(start, start + timedelta(days=body.days)),
    )
    return OnCallPreview(stretches=show_stretches(found, [draft], _names(people)))


@router.get("/schedules/{on_call_id}", summary="One schedule as it is now", responses=responses(404))
async def read_on_call_schedule(
    caller: Annotated[Caller, allow(Action.ON_CALL_READ)], on_call_id: UUID
) -> OnCallScheduleShown:
    return await _read(caller, on_call_id)


@router.put("/schedules/{on_call_id}", summary="Change a schedule from now on", responses=responses(404, 409))
async def change_on_call_schedule(
    caller: Annotated[Caller, allow(Action.ON_CALL_SET)], on_call_id: UUID, body: OnCallScheduleChanged
) -> OnCallScheduleShown:
    await schedules.change_schedule(
        caller.desk.database, caller.by, caller.person, on_call_id, body.wish, seen=body.version, now=caller.now
    )
    return await _read(caller, on_call_id)


@router.delete(
    "/schedules/{on_call_id}", status_code=204, summary="Remove a schedule from now on", responses=responses(404)
)
async def remove_on_call_schedule(caller: Annotated[Caller, allow(Action.ON_CALL_SET)], on_call_id: UUID) -> None:
    await schedules.remove_schedule(caller.desk.database, caller.by, caller.person, on_call_id, now=caller.now)


@router.get(
    "/schedules/{on_call_id}/history", summary="What a schedule said from when until when", responses=responses(404)
)
async def read_on_call_history(
    caller: Annotated[Caller, allow(Action.ON_CALL_READ)], on_call_id: UUID
) -> OnCallVersions:
    found, people = await schedules.schedule_history(caller.desk.database, caller.by, caller.person, on_call_id)
    served = frozenset(await caller.served())
    return OnCallVersions(items=[_version(one, _names(people), served) for one in found])


def show_schedule(
    version: Version, companies: Mapping[CompanyId, str], name_of: NameOf, person: Person | None
) -> OnCallScheduleShown:
    """
    A schedule as the API shows it.

    Args:
        companies: those that the person serves, with their names.
    """
    owner = None if version.is_of_msp else version.company_id
    return OnCallScheduleShown(
        id=version.schedule_id,
        company_id=owner,
        company=None if owner is None else companies.get(owner),
        name=version.plan.name,
        time_zone=version.plan.time_zone,
        layers=_layers(version.plan, name_of),
        serves=_serves(version, frozenset(companies)),
        version=version.version,
        holds_from=version.holds_from,
        made_by=version.made_by,
        may_set=may_set(person, version.company_id),
    )


async def _read(caller: Caller, on_call_id: UUID) -> OnCallScheduleShown:
    version, companies, people = await schedules.read_schedule(
        caller.desk.database, caller.by, caller.person, on_call_id
    )
    return show_schedule(version, companies, _names(people), caller.person)


def _version(version: Version, name_of: NameOf, served: frozenset[CompanyId]) -> OnCallVersion:
    return OnCallVersion(
        name=version.plan.name,
        time_zone=version.plan.time_zone,
        layers=_layers(version.plan, name_of),
        serves=_serves(version, served),
        version=version.version,
        holds_from=version.holds_from,
        holds_until=version.holds_until,
        removed=version.removed,
        made_by=version.made_by,
    )


def _layers(plan: Plan, name_of: NameOf) -> list[LayerShown]:
    return [
        LayerShown(
            name=layer.name,
            people=[name_of(one) or "" for one in layer.people],
            unit=layer.unit.value,
            every=layer.every,
            starts_on=layer.starts_on,
            hand_over=_clock(layer.hand_over),
            ends_on=layer.ends_on,
            hours=[
                HoursShown(days=list(one.days), **{"from": _clock(one.start), "to": _clock(one.end)})
                for one in layer.hours
            ],
        )
        for layer in plan.layers
    ]


def _serves(version: Version, served: frozenset[CompanyId]) -> ServesShown | None:
    if not version.is_of_msp:
        return None
    serves = version.plan.serves
    return ServesShown(
        everybody=serves.everybody,
        company_ids=[one for one in serves.companies if one in served],
        group_ids=list(serves.groups),
    )


def _layer(asked: LayerAsked) -> Layer:
    for name in ("starts_on", "ends_on"):
        day = getattr(asked, name)
        if day is not None and not 2000 <= day.year < 2200:
            raise Invalid("the day must lie between the years 2000 and 2200", where=name, mend="give another day")
    return Layer(
        name=asked.name,
        people=(),
        unit=LengthUnit(asked.unit),
        every=asked.every,
        starts_on=asked.starts_on,
        hand_over=time.fromisoformat(asked.hand_over),
        ends_on=asked.ends_on,
        hours=tuple(
            Hours(tuple(sorted(set(one.days))), time.fromisoformat(one.start), time.fromisoformat(one.end))
            for one in asked.hours
        ),
    )


def _clock(clock: time) -> str:
    return clock.strftime("%H:%M")


def _names(people: Mapping[UUID, Known]) -> NameOf:
    def name_of(user_id: UUID | None) -> str | None:
        found = None if user_id is None else people.get(user_id)
        return None if found is None else found.email

    return name_of
