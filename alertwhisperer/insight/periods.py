"""
Which periods figures are of: a range that people choose becomes borders on the clock of a time zone.

Days are those of the zone, so they have 23 or 25 hours when its clock is changed. The period before a range is the same
days a range earlier, by the calendar, so that weekdays lie beside weekdays.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from typing import Literal, get_args
from zoneinfo import ZoneInfo

from alertwhisperer.domain.errors import Invalid
from alertwhisperer.store.kpis import Period

Span = Literal["24h", "7d", "30d", "90d"]
SPANS: tuple[Span, ...] = get_args(Span)

TREND_DAYS = 7
LONGEST = timedelta(days=366)
"""Of a period; beyond it a table of days says more."""

_HOURS = 24


@dataclass(frozen=True, slots=True)
class Window:
    """
    The periods of one question.

    Attributes:
        period: what was asked for; before: what it is compared with.
        trend: its days or hours, oldest first; trend_before: those of `before`, each beside its own.
    """

    period: Period
    before: Period
    trend: tuple[Period, ...]
    trend_before: tuple[Period, ...]


def between(start: datetime, finish: datetime, zone: ZoneInfo) -> Window:
    """
    Any period, compared with the equally long one before; its trend is the last 7 days up to `finish`.

    Args:
        start, finish: aware UTC; at most 366 days apart.
        zone: whose midnights part the days; the last day is the one that `finish` ends or lies in.

    Raises:
        Invalid: the period is empty, turned round or too long.
    """
    if not timedelta(0) < finish - start <= LONGEST:
        raise Invalid(
            "the period is empty or too long",
            where="from",
            mend=f"let it end after it begins, within {LONGEST.days} days",
        )
    days = days_until(finish, zone, 2 * TREND_DAYS)
    before = (start - (finish - start), start)
    return Window((start, finish), before, days[TREND_DAYS:], days[:TREND_DAYS])


def of_span(span: Span, *, so_far: bool, zone: ZoneInfo, now: datetime) -> Window:
    """
    The last full days (of 24h: full hours) of the zone.

    Args:
        so_far: the last of them is the one that goes on now, and ends with `now`.
    """
    if span == "24h":
        return _hours(zone, so_far=so_far, now=now)
    days = int(span.removesuffix("d"))
    today = now.astimezone(zone).date()
    first = today - timedelta(days=days - (1 if so_far else 0))
    trend, trend_before = (_days(one, days, zone) for one in (first, first - timedelta(days=days)))
    if so_far:
        cut = now.astimezone(zone).replace(tzinfo=None) - timedelta(days=days)
        trend = (*trend[:-1], (trend[-1][0], now))
        trend_before = (*trend_before[:-1], (trend_before[-1][0], cut.replace(tzinfo=zone).astimezone(UTC)))
    return Window(_whole(trend), _whole(trend_before), trend, trend_before)


def up_to(span: Span, now: datetime) -> Period:
    """The last hours or days up to the minute that `now` lies in, by no clock: for what is sorted, not compared."""
    minute = now.replace(second=0, microsecond=0)
    number, unit = int(span[:-1]), span[-1]
    return minute - timedelta(hours=number * (_HOURS if unit == "d" else 1)), minute


def days_until(finish: datetime, zone: ZoneInfo, days: int) -> tuple[Period, ...]:
    """The last days of the zone up to the one that `finish` ends or lies in, as aware UTC pairs, oldest first."""
    last = (finish - timedelta(microseconds=1)).astimezone(zone).date()
    return _days(last - timedelta(days=days - 1), days, zone)


def _hours(zone: ZoneInfo, *, so_far: bool, now: datetime) -> Window:
    local = now.astimezone(zone)
    whole = now - timedelta(minutes=local.minute, seconds=local.second, microseconds=local.microsecond)
    first = whole - timedelta(hours=_HOURS - (1 if so_far else 0))
    trend, trend_before = (
        tuple(pairwise(one + timedelta(hours=hour) for hour in range(_HOURS + 1)))
        for one in (first, first - timedelta(hours=_HOURS))
    )
    if so_far:
        trend = (*trend[:-1], (whole, now))
        trend_before = (*trend_before[:-1], (trend_before[-1][0], now - timedelta(hours=_HOURS)))
    return Window(_whole(trend), _whole(trend_before), trend, trend_before)


def _days(first: date, days: int, zone: ZoneInfo) -> tuple[Period, ...]:
    midnights = [
        datetime.combine(first + timedelta(days=day), time(), tzinfo=zone).astimezone(UTC) for day in range(days + 1)
    ]
    return tuple(pairwise(midnights))


def _whole(trend: tuple[Period, ...]) -> Period:
    return trend[0][0], trend[-1][1]


def hours_of(days: tuple[Period, ...], zone: ZoneInfo) -> list[tuple[int, int, Period]]:
    """
    The hours of days of a zone, with weekday (0: Monday) and hour on its clock.

    An hour that the clock shows twice is there twice, one that it leaves out is not, and one that a change of the clock
    cuts short is left out as well: what is counted in half an hour compares with nothing.
    """
    found: list[tuple[int, int, Period]] = []
    for start, finish in days:
        moment = start
        while moment < finish:
            following = moment + timedelta(hours=1)
            local = moment.astimezone(zone)
            if local.minute == 0 and following.astimezone(zone).minute == 0:
                found.append((local.weekday(), local.hour, (moment, following)))
            moment = following
    return found
