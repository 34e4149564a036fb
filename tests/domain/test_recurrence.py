"""
A recurrence is what somebody finds who looks at a clock on the wall, minute by minute.

The other calculation knows no offsets and no transitions: it walks through the minutes of some days, reads the clock at
each, and asks of each day whether its date fits the rule.
"""

from __future__ import annotations

from bisect import bisect_left
from calendar import monthrange
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from itertools import accumulate
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from alertwhisperer.domain.errors import Invalid
from alertwhisperer.domain.recurrence import days_of, instant, read_rule, spans_of

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)

# Odd offsets, and transitions of an hour, of half an hour, at midnight, of a whole day, and in Ramadan.
ODD = {
    "UTC": date(2026, 3, 29),
    "Europe/Berlin": date(2026, 3, 29),
    "America/New_York": date(2026, 11, 1),
    "Australia/Lord_Howe": date(2026, 4, 5),
    "Asia/Kathmandu": date(2026, 5, 1),
    "Asia/Kolkata": date(2026, 5, 1),
    "Pacific/Chatham": date(2026, 9, 27),
    "America/St_Johns": date(2026, 3, 8),
    "America/Havana": date(2026, 3, 8),
    "Africa/Casablanca": date(2026, 2, 15),
    "Pacific/Apia": date(2011, 12, 30),
    "Asia/Tehran": date(2022, 3, 22),
    "America/Sao_Paulo": date(2018, 11, 4),
}


def wall(at: datetime, zone: ZoneInfo) -> datetime:
    return at.astimezone(zone).replace(tzinfo=None)


@cache
def walked(name: str, first: date) -> tuple[datetime, list[datetime]]:
    """Where a walk of two weeks begins, and the latest that the wall's clock has shown by each of its minutes."""
    zone = ZoneInfo(name)
    begins = datetime.combine(first, time(), tzinfo=UTC) - 4 * DAY
    return begins, list(accumulate((wall(begins + number * MINUTE, zone) for number in range(14 * 24 * 60)), max))


def first_showing(name: str, first: date, wanted: datetime) -> datetime:
    """The first minute whose clock shows the time, or a later one."""
    begins, latest = walked(name, first)
    return begins + bisect_left(latest, wanted) * MINUTE


def fits(text: str, day: date) -> bool:
    """The few rules of the test, written out."""
    last = monthrange(day.year, day.month)[1]
    return {
        "FREQ=DAILY": True,
        "FREQ=WEEKLY;BYDAY=SA,SU": day.isoweekday() in (6, 7),
        "FREQ=MONTHLY;BYDAY=2TU": day.isoweekday() == 2 and 8 <= day.day <= 14,
        "FREQ=MONTHLY;BYDAY=-1SU": day.isoweekday() == 7 and day.day > last - 7,
        "FREQ=MONTHLY;BYMONTHDAY=1,-1": day.day in (1, last),
        "FREQ=DAILY;BYMONTH=3,4": day.month in (3, 4),
    }[text]


RULES = (
    "FREQ=DAILY",
    "FREQ=WEEKLY;BYDAY=SA,SU",
    "FREQ=MONTHLY;BYDAY=2TU",
    "FREQ=MONTHLY;BYDAY=-1SU",
    "FREQ=MONTHLY;BYMONTHDAY=1,-1",
    "FREQ=DAILY;BYMONTH=3,4",
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    name=st.sampled_from(sorted(ODD)),
    rule=st.sampled_from(RULES),
    shift=st.integers(-2, 1),
    begins=st.integers(0, 24 * 60 - 1),
    minutes=st.integers(1, 30 * 60),
)
def test_spans_are_what_a_clock_on_the_wall_shows(name: str, rule: str, shift: int, begins: int, minutes: int) -> None:
    centre = ODD[name]
    starts = datetime.combine(centre + shift * DAY, time()) + begins * MINUTE
    ends = starts + minutes * MINUTE
    until = datetime.combine(centre + 2 * DAY, time(12), tzinfo=UTC)
    found = spans_of(starts, ends, ZoneInfo(name), read_rule(rule), until=until)

    expected = []
    for later in range(6):
        day = starts.date() + later * DAY
        if later and not fits(rule, day):
            continue
        start = first_showing(name, centre, starts + later * DAY)
        end = first_showing(name, centre, ends + later * DAY)
        if start < end and start < until:
            expected.append((start, end))
    assert found == expected


@settings(max_examples=150, deadline=None)
@given(
    name=st.sampled_from(sorted(ODD)),
    days=st.integers(0, 3_650),
    minute=st.integers(0, 24 * 60 - 1),
)
def test_an_instant_shows_its_time_and_the_minute_before_does_not(name: str, days: int, minute: int) -> None:
    zone = ZoneInfo(name)
    wanted = datetime(2016, 1, 1) + days * DAY + minute * MINUTE
    found = instant(wanted, zone)
    assert wall(found, zone) >= wanted
    before = wall(found - MINUTE, zone)
    # The clock went back over the time: then it had been shown before, and that one is meant.
    assert before < wanted or before - wanted >= timedelta(minutes=25)


@pytest.mark.parametrize("rule", RULES)
def test_days_of_ten_years_fit_the_rule(rule: str) -> None:
    first, last = date(2020, 1, 1), date(2030, 1, 1)
    expected = [first + number * DAY for number in range((last - first).days + 1)]
    assert list(days_of(read_rule(rule), first, last)) == [day for day in expected if day == first or fits(rule, day)]


def test_intervals_count_from_the_first_time() -> None:
    first = date(2026, 3, 4)  # a Wednesday
    days = days_of(read_rule("FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,WE"), first, date(2026, 4, 1))
    assert [day.day for day in days] == [4, 16, 18, 30, 1]
    assert [day.month for day in days_of(read_rule("FREQ=MONTHLY;INTERVAL=3"), first, date(2027, 3, 4))] == [
        3,
        6,
        9,
        12,
        3,
    ]
    assert list(days_of(read_rule("FREQ=YEARLY"), first, date(2028, 3, 4))) == [
        date(year, 3, 4) for year in (2026, 2027, 2028)
    ]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "FREQ=HOURLY",
        "FREQ=SECONDLY;INTERVAL=1",
        "FREQ=DAILY;COUNT=3",
        "FREQ=DAILY;FREQ=DAILY",
        "FREQ=WEEKLY;BYDAY=2TU",
        "FREQ=DAILY;INTERVAL=0",
        "FREQ=DAILY;BYDAY=XX",
        "FREQ=MONTHLY;BYMONTHDAY=32",
        "FREQ=MONTHLY;BYMONTHDAY=0",
        "FREQ=DAILY;" + "X" * 300,
    ],
)
def test_what_is_no_rule_of_ours_is_refused(text: str) -> None:
    with pytest.raises(Invalid):
        read_rule(text)


def test_an_impossible_rule_ends() -> None:
    assert list(days_of(read_rule("FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30"), date(2026, 1, 1), date(2027, 1, 1))) == [
        date(2026, 1, 1)
    ]
