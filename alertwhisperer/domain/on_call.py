"""
On call: schedules of who is to be called when, and what people changed about single stretches of them.

A schedule is its versions: each says who rotates how, and from when until when it held, so that the past answers as it
was. Times of day are those of the schedule's zone; `escalate/wall_clock.py` says what they mean when clocks change.
"""

from datetime import date, datetime, time, timedelta
from enum import StrEnum
from uuid import UUID

import msgspec

from alertwhisperer.domain.company import INSTALLATION, CompanyId

MOST_LAYERS = 10
MOST_PEOPLE = 50
"""In one layer."""
MOST_WINDOWS = 20
"""Of hours of the week, in one layer."""
LONGEST_SHIFT = timedelta(days=366)
LONGEST_REASON = 500
LONGEST_LOOK = timedelta(days=100)
"""What is calculated at once."""


class LengthUnit(StrEnum):
    """What the length of a shift is counted in."""

    HOUR = "hour"
    """Hours of the wall clock: twelve of them lead from 08:00 to 20:00 on every day of the year."""
    DAY = "day"
    WEEK = "week"


_LENGTHS = {LengthUnit.HOUR: timedelta(hours=1), LengthUnit.DAY: timedelta(days=1), LengthUnit.WEEK: timedelta(days=7)}


class Hours(msgspec.Struct, frozen=True):
    """
    Hours of the week in which a layer holds.

    Attributes:
        days: on which it begins; 0 is Monday.
        start, end: times of day; an end that is not after the start is on the next day.
    """

    days: tuple[int, ...]
    start: time
    end: time


class Layer(msgspec.Struct, frozen=True):
    """
    People who take turns.

    Attributes:
        people: in the order of their turns.
        every: length of a shift, counted in `unit`.
        starts_on: the day on which the first has their first shift, and `hand_over` the time of day.
        ends_on: the day on which, at `hand_over`, the layer ends; None: it goes on.
        hours: the hours of the week in which it holds; none: always.
    """

    name: str
    people: tuple[UUID, ...]
    unit: LengthUnit
    every: int
    starts_on: date
    hand_over: time
    ends_on: date | None = None
    hours: tuple[Hours, ...] = ()

    @property
    def length(self) -> timedelta:
        """Of a shift, on the wall clock."""
        return self.every * _LENGTHS[self.unit]


class Serves(msgspec.Struct, frozen=True):
    """
    Which companies a schedule of the MSP is for; one of a company's own is for that company.

    Attributes:
        everybody: all companies, those to come as well.
    """

    everybody: bool = False
    companies: tuple[CompanyId, ...] = ()
    groups: tuple[UUID, ...] = ()


class Plan(msgspec.Struct, frozen=True):
    """
    What a schedule says.

    Attributes:
        layers: a later one wins over an earlier one.
    """

    name: str
    time_zone: str
    layers: tuple[Layer, ...]
    serves: Serves = Serves()


class Version(msgspec.Struct, frozen=True):
    """
    A schedule as it was said at a time.

    Attributes:
        company_id: whose it is; `INSTALLATION` for one of the MSP.
        holds_from, holds_until: aware UTC; the last one's end is None.
        removed: nothing holds from here on.
        made_by: who said so, as the audit log does.
    """

    company_id: CompanyId
    schedule_id: UUID
    version: int
    plan: Plan
    holds_from: datetime
    holds_until: datetime | None
    removed: bool
    made_by: str

    @property
    def is_of_msp(self) -> bool:
        """Whether it is the MSP's own."""
        return self.company_id == INSTALLATION


class Nearness(StrEnum):
    """Why a schedule is for a company; the nearest first."""

    OWN = "own"
    NAMED = "named"
    GROUP = "group"
    EVERYBODY = "everybody"


def nearness(version: Version, company_id: CompanyId, group_id: UUID | None) -> Nearness | None:
    """
    Why a schedule is for a company; None: it is not.

    Args:
        group_id: of the company.
    """
    if not version.is_of_msp:
        return Nearness.OWN if version.company_id == company_id else None
    serves = version.plan.serves
    if company_id in serves.companies:
        return Nearness.NAMED
    if group_id is not None and group_id in serves.groups:
        return Nearness.GROUP
    return Nearness.EVERYBODY if serves.everybody else None


class ChangeKind(StrEnum):
    """What is changed about a stretch."""

    OVERRIDE = "override"
    """A person takes it, whoever had it."""
    ABSENCE = "absence"
    """A person is away: the layers go on without them, and nobody has their turn."""
    SWAP = "swap"
    """Two people exchange: each has what the other had in their stretch."""


class ChangeState(StrEnum):
    """Where a change stands."""

    ASKED = "asked"
    """A swap that the other has not answered."""
    AGREED = "agreed"
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"
    """Taken back; what was agreed before holds until then."""


class Span(msgspec.Struct, frozen=True):
    """A time, aware UTC; the end is outside."""

    start: datetime
    end: datetime


class Change(msgspec.Struct, frozen=True):
    """
    What people changed about stretches of a schedule.

    Attributes:
        user_id: who takes it, who is away, or who asks for the swap.
        span: of an override or absence; of a swap: what is the asker's and goes to the other.
        other_id: of a swap: the other.
        other_span: of a swap: what is the other's and goes to the asker.
        agreed_at: from when on it counts; what lies before is the past, and stays.
        ended_at: when it was taken back, or declined.
        event: the name of the calendar's event that it was imported from; else empty.
    """

    id: UUID
    company_id: CompanyId
    schedule_id: UUID
    kind: ChangeKind
    user_id: UUID
    span: Span
    state: ChangeState
    reason: str
    made_by: str
    made_at: datetime
    other_id: UUID | None = None
    other_span: Span | None = None
    agreed_at: datetime | None = None
    ended_at: datetime | None = None
    event: str = ""

    @property
    def last(self) -> datetime:
        """When the last of it is over."""
        return self.span.end if self.other_span is None else max(self.span.end, self.other_span.end)
