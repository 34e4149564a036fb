"""Stretches are right in every zone and across every change of its clock, against another way of calculating them."""

from bisect import bisect_right
from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from alertwhisperer.domain.company import INSTALLATION
from alertwhisperer.domain.on_call import Change, ChangeKind, ChangeState, Hours, Layer, LengthUnit, Plan, Span
from alertwhisperer.escalate.rota import Stretch, stretches
from alertwhisperer.escalate.wall_clock import instant
from tests.escalate import slow

ODD = (
    "Africa/Casablanca",  # its clock goes back for Ramadan, by the moon
    "America/Caracas",  # moved by half an hour for good
    "America/New_York",
    "America/Sao_Paulo",  # jumped over midnight
    "America/St_Johns",  # half an hour, and used to change at one minute past midnight
    "Antarctica/Troll",  # by two hours
    "Asia/Beirut",  # jumps over midnight
    "Asia/Kathmandu",  # a quarter of an hour, and never changes
    "Asia/Pyongyang",
    "Australia/Lord_Howe",  # by half an hour
    "Europe/Berlin",
    "Europe/Dublin",  # says that winter is the exception
    "Pacific/Apia",  # skipped the whole 30th of December 2011
    "Pacific/Chatham",  # three quarters of an hour
    "UTC",
)
FIRST_YEAR, LAST_YEAR = 2009, 2019
PEOPLE = tuple(UUID(int=number) for number in range(1, 6))
SCHEDULE = UUID(int=99)

_clock = st.builds(time, st.integers(0, 23), st.sampled_from((0, 1, 15, 30, 45, 59)))
_hours = st.builds(Hours, st.lists(st.integers(0, 6), min_size=1, max_size=7, unique=True).map(tuple), _clock, _clock)


def layers(near: date) -> st.SearchStrategy[Layer]:
    return st.builds(
        Layer,
        name=st.just("layer"),
        people=st.lists(st.sampled_from(PEOPLE), min_size=1, max_size=4).map(tuple),
        unit=st.sampled_from(LengthUnit),
        every=st.integers(1, 14),
        starts_on=st.integers(-40, 3).map(lambda days: near + timedelta(days=days)),
        hand_over=_clock,
        ends_on=st.one_of(st.none(), st.integers(0, 3).map(lambda days: near + timedelta(days=days))),
        hours=st.lists(_hours, max_size=2).map(tuple),
    )


def changes(near: datetime) -> st.SearchStrategy[Change]:
    moment = st.integers(-3 * 1_440, 3 * 1_440).map(lambda minutes: near + timedelta(minutes=minutes))
    span = st.builds(
        lambda start, length: Span(start, start + timedelta(minutes=length)), moment, st.integers(1, 3_000)
    )

    def made(
        kind: ChangeKind, who: UUID, other: UUID, spans: tuple[Span, Span], agreed: datetime, ended: int
    ) -> Change:
        is_swap = kind is ChangeKind.SWAP
        return Change(
            id=UUID(int=int(agreed.timestamp())),
            company_id=INSTALLATION,
            schedule_id=SCHEDULE,
            kind=kind,
            user_id=who,
            span=spans[0],
            state=ChangeState.WITHDRAWN if ended else ChangeState.AGREED,
            reason="",
            made_by="kim@example.org",
            made_at=agreed,
            other_id=other if is_swap else None,
            other_span=spans[1] if is_swap else None,
            agreed_at=agreed,
            ended_at=agreed + timedelta(minutes=ended) if ended else None,
        )

    person = st.sampled_from(PEOPLE)
    ended = st.one_of(st.just(0), st.integers(1, 3_000))
    return st.builds(made, st.sampled_from(ChangeKind), person, person, st.tuples(span, span), moment, ended)


@st.composite
def cases(draw: st.DrawFn) -> tuple[Plan, list[Change], dict[UUID, datetime], Span]:
    """A plan, and two days of which one is at a change of the zone's clock where it has any."""
    zone = draw(st.sampled_from(ODD))
    jumps = slow.changes_of_clock(zone, FIRST_YEAR, LAST_YEAR) or (datetime(2016, 2, 28, 12, tzinfo=UTC),)
    near = draw(st.sampled_from(jumps)) + timedelta(hours=draw(st.integers(-12, 12)))
    look = Span(near - timedelta(hours=24), near + timedelta(hours=24))
    plan = Plan("nights", zone, tuple(draw(st.lists(layers(near.date()), min_size=1, max_size=3))))
    moved = draw(st.lists(changes(near), max_size=4, unique_by=lambda one: one.agreed_at))
    gone = draw(st.dictionaries(st.sampled_from(PEOPLE), st.just(near), max_size=1))
    return plan, moved, gone, look


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(cases())
def test_every_minute_is_as_the_slow_way_says(
    case: tuple[Plan, list[Change], dict[UUID, datetime], Span],
) -> None:
    """Layers, hours, overrides, absences, swaps and removals, around changes of clocks: minute by minute."""
    plan, moved, gone, look = case
    found = stretches(plan, moved, look, gone=gone)
    assert_whole(found, look)
    for at, mark in slow.marks(ZoneInfo(plan.time_zone), look.start, look.end):
        assert at_of(found, at).user_id == slow.who(plan, moved, gone, at, mark), at


@settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(cases())
def test_where_a_look_begins_changes_nothing(case: tuple[Plan, list[Change], dict[UUID, datetime], Span]) -> None:
    """A moment asked alone gets the answer that it has within a longer time."""
    plan, moved, gone, look = case
    whole = stretches(plan, moved, look, gone=gone)
    for at in slow.minutes(look.start, look.end, timedelta(minutes=173)):
        [alone] = stretches(plan, moved, Span(at, at + timedelta(microseconds=1)), gone=gone)
        assert alone.user_id == at_of(whole, at).user_id


ROUND_THE_CLOCK = (
    Layer("week", PEOPLE[:3], LengthUnit.WEEK, 1, date(2009, 1, 5), time(8)),
    Layer("nights", PEOPLE[2:5], LengthUnit.HOUR, 12, date(2009, 1, 1), time(2, 30)),
    Layer(
        "weekend", PEOPLE[:2], LengthUnit.DAY, 1, date(2009, 1, 3), time(0), hours=(Hours((5, 6), time(0), time(2)),)
    ),
)


@pytest.mark.parametrize("zone", ODD)
def test_ten_years_have_one_person_at_every_instant(zone: str) -> None:
    """Ten years, each change of the clock minute by minute: never two, never nobody, and whoever has the turn."""
    plan = Plan("all", zone, ROUND_THE_CLOCK)
    start, end = datetime(FIRST_YEAR, 2, 1, tzinfo=UTC), datetime(LAST_YEAR, 1, 1, tzinfo=UTC)
    found: list[Stretch] = []
    at = start
    while at < end:
        until = min(at + timedelta(days=100), end)
        found += stretches(plan, (), Span(at, until), gone={})
        at = until
    assert_whole(found, Span(start, end))
    assert all(one.user_id is not None for one in found)
    starts = [one.start for one in found]
    for jump in slow.changes_of_clock(zone, FIRST_YEAR, LAST_YEAR):
        if start + timedelta(days=1) < jump < end - timedelta(days=1):
            hours = timedelta(hours=3)
            for moment, mark in slow.marks(ZoneInfo(zone), jump - hours, jump + hours):
                assert found[bisect_right(starts, moment) - 1].user_id == slow.who(plan, (), {}, moment, mark), moment
    quiet = _quiet(zone, start, end)
    for moment in quiet:
        mark = moment.astimezone(ZoneInfo(zone)).replace(tzinfo=None)
        assert found[bisect_right(starts, moment) - 1].user_id == slow.who(plan, (), {}, moment, mark), moment


def _quiet(zone: str, start: datetime, end: datetime) -> list[datetime]:
    """Every two hours, but for the days after a change of the clock, when it may show a time for the second time."""
    jumps = slow.changes_of_clock(zone, FIRST_YEAR, LAST_YEAR)
    near = {(jump + timedelta(days=days)).date() for jump in jumps for days in (0, 1, 2)}
    return [one for one in slow.minutes(start, end, timedelta(hours=2)) if one.date() not in near]


@pytest.mark.parametrize(
    ("zone", "wall", "begins"),
    [
        ("Europe/Berlin", datetime(2026, 3, 29, 2, 30), datetime(2026, 3, 29, 1, 0)),  # skipped: when it jumps
        ("Europe/Berlin", datetime(2026, 3, 29, 3, 0), datetime(2026, 3, 29, 1, 0)),
        ("Europe/Berlin", datetime(2026, 10, 25, 2, 30), datetime(2026, 10, 25, 0, 30)),  # twice: the first
        ("Europe/Berlin", datetime(2026, 10, 25, 3, 0), datetime(2026, 10, 25, 2, 0)),
        ("Australia/Lord_Howe", datetime(2026, 10, 4, 2, 15), datetime(2026, 10, 3, 15, 30)),
        ("Pacific/Apia", datetime(2011, 12, 30, 8, 0), datetime(2011, 12, 30, 10, 0)),  # a day that never was
        ("Asia/Kathmandu", datetime(2026, 3, 1, 8, 0), datetime(2026, 3, 1, 2, 15)),
    ],
)
def test_a_time_of_day_begins_when_the_clock_has_come_so_far(zone: str, wall: datetime, begins: datetime) -> None:
    """Skipped: at the jump; twice: the first time."""
    assert instant(wall, ZoneInfo(zone)) == begins.replace(tzinfo=UTC)


@given(st.sampled_from(ODD), st.datetimes(datetime(2009, 1, 1), datetime(2036, 1, 1)), st.integers(0, 3 * 86_400))
def test_instants_are_in_the_order_of_the_clock(zone: str, wall: datetime, later_s: int) -> None:
    """So shifts that are cut at wall-clock times neither overlap nor leave a hole."""
    wall = wall.replace(microsecond=0)
    assert instant(wall, ZoneInfo(zone)) <= instant(wall + timedelta(seconds=later_s), ZoneInfo(zone))


def assert_whole(found: Sequence[Stretch], look: Span) -> None:
    """In order, without holes, none empty."""
    assert found[0].start == look.start
    assert found[-1].end == look.end
    assert all(one.start < one.end for one in found)
    assert all(one.end == after.start for one, after in pairwise(found))


def at_of(found: Sequence[Stretch], at: datetime) -> Stretch:
    """The stretch at an instant."""
    [one] = [one for one in found if one.start <= at < one.end]
    return one
