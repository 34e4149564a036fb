"""Which time a report is about: whole days of its zone, never a time that is not over; and when schedules are due."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alertwhisperer.domain.errors import Invalid
from alertwhisperer.domain.report import Every, Format, PeriodWord, Schedule, Span
from alertwhisperer.reports.period import before, checked, next_due, parts_of, span_of

ZONES = ["UTC", "Europe/Berlin", "America/New_York", "Pacific/Auckland", "Asia/Kathmandu"]
moments = st.datetimes(min_value=datetime(2001, 1, 1), max_value=datetime(2099, 1, 1), timezones=st.just(UTC))
WHOLE = [
    *(PeriodWord.YESTERDAY, PeriodWord.LAST_WEEK, PeriodWord.LAST_MONTH),
    *(PeriodWord.LAST_QUARTER, PeriodWord.LAST_30_DAYS),
]


@given(moments, st.sampled_from(ZONES), st.sampled_from(WHOLE))
def test_a_named_period_is_of_whole_days_and_over(now: datetime, zone: str, word: PeriodWord) -> None:
    span = span_of(word, zone, now=now)
    assert checked(span, now=now) == span
    for moment in (span.start, span.finish):
        assert moment.astimezone(ZoneInfo(zone)).strftime("%H:%M") == "00:00"
    earlier, border = before(span)
    assert border == span.start
    days = [
        (end.astimezone(ZoneInfo(zone)).date() - start.astimezone(ZoneInfo(zone)).date()).days
        for start, end in ((span.start, span.finish), (earlier, border))
    ]
    assert days[0] == days[1]


def test_months_and_quarters_turn_with_the_year() -> None:
    now = datetime(2026, 1, 1, 0, 30, tzinfo=UTC)
    assert span_of(PeriodWord.LAST_MONTH, "UTC", now=now).start == datetime(2025, 12, 1, tzinfo=UTC)
    assert span_of(PeriodWord.LAST_QUARTER, "UTC", now=now).start == datetime(2025, 10, 1, tzinfo=UTC)
    # In New York the year is not over yet.
    assert span_of(PeriodWord.LAST_MONTH, "America/New_York", now=now).finish == datetime(2025, 12, 1, 5, tzinfo=UTC)


def test_a_period_that_has_just_begun_or_is_not_over_is_refused() -> None:
    midnight = datetime(2026, 3, 1, tzinfo=UTC)
    with pytest.raises(Invalid, match="empty"):
        span_of(PeriodWord.THIS_MONTH, "UTC", now=midnight)
    for start, finish in (
        (midnight, midnight),
        (midnight, midnight - timedelta(days=1)),
        (midnight, midnight + timedelta(days=400)),
    ):
        with pytest.raises(Invalid, match="empty or too long"):
            checked(Span(PeriodWord.CUSTOM, start, finish, "UTC"), now=midnight + timedelta(days=500))
    with pytest.raises(Invalid, match="not over"):
        checked(Span(PeriodWord.CUSTOM, midnight, midnight + timedelta(days=1), "UTC"), now=midnight)


@given(moments, st.timedeltas(timedelta(minutes=1), timedelta(days=366)), st.sampled_from(ZONES))
def test_the_parts_of_a_trend_join_and_are_not_too_many(start: datetime, length: timedelta, zone: str) -> None:
    span = Span(PeriodWord.CUSTOM, start, start + length, zone)
    grain, parts = parts_of(span)
    assert (parts[0][0], parts[-1][1]) == (span.start, span.finish)
    assert all(one[1] == following[0] for one, following in pairwise(parts))
    assert all(begin < end for begin, end in parts)
    assert len(parts) <= 64
    assert grain == ("hour" if length <= timedelta(days=2) else "day" if length <= timedelta(days=62) else "week")


def schedule(every: Every, day: int, hour: int, zone: str) -> Schedule:
    """One that asks then."""
    at = datetime(2026, 1, 1, tzinfo=UTC)
    return Schedule(UUID(int=1), "x", every, day, hour, zone, (Format.PDF,), (), "test", at, at)


@given(
    moments,
    st.one_of(
        st.builds(schedule, st.just(Every.WEEK), st.integers(1, 7), st.integers(0, 23), st.sampled_from(ZONES)),
        st.builds(schedule, st.just(Every.MONTH), st.integers(1, 28), st.integers(0, 23), st.sampled_from(ZONES)),
    ),
)
def test_a_schedule_is_due_once_in_each_of_its_turns(after: datetime, planned: Schedule) -> None:
    first = next_due(planned, after)
    second = next_due(planned, first)
    least, most = (6.9, 7.1) if planned.every is Every.WEEK else (27.9, 31.1)
    assert after < first <= after + timedelta(days=most)
    assert timedelta(days=least) < second - first < timedelta(days=most)
    local = first.astimezone(ZoneInfo(planned.time_zone))
    assert (local.isoweekday() if planned.every is Every.WEEK else local.day) == planned.day
    assert local.hour == planned.hour or local.utcoffset() != (local - timedelta(hours=4)).utcoffset()
