"""Which time a report is about, when a schedule is due, and into which parts a trend divides a period; all pure."""

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from itertools import pairwise
from typing import Literal
from zoneinfo import ZoneInfo

from alertwhisperer.domain.errors import Invalid
from alertwhisperer.domain.report import Every, PeriodWord, Schedule, Span
from alertwhisperer.insight.periods import LONGEST

_DAY = timedelta(days=1)
_BY_HOUR = timedelta(days=2)  # up to here a trend is by hour,
_BY_DAY = timedelta(days=62)  # and up to here by day: more bars than that cannot be told apart on a page

Grain = Literal["hour", "day", "week"]
Part = tuple[datetime, datetime]


def span_of(word: PeriodWord, time_zone: str, *, now: datetime) -> Span:
    """
    The period of a name, as days of the zone are at `now`.

    Args:
        word: any but `custom`.

    Raises:
        Invalid: it has only just begun, and holds nothing yet.
    """
    zone = ZoneInfo(time_zone)
    today = now.astimezone(zone).date()
    monday, first = today - timedelta(days=today.weekday()), today.replace(day=1)
    quarter = first.replace(month=3 * ((first.month - 1) // 3) + 1)
    whole: dict[PeriodWord, tuple[date, date]] = {
        PeriodWord.YESTERDAY: (today - _DAY, today),
        PeriodWord.LAST_WEEK: (monday - 7 * _DAY, monday),
        PeriodWord.LAST_MONTH: (months_on(first, -1), first),
        PeriodWord.LAST_QUARTER: (months_on(quarter, -3), quarter),
        PeriodWord.LAST_30_DAYS: (today - 30 * _DAY, today),
    }
    if word in whole:
        start, finish = (midnight(day, zone) for day in whole[word])
        return Span(word, start, finish, time_zone)
    start = midnight(monday if word is PeriodWord.THIS_WEEK else first, zone)
    return checked(Span(word, start, now, time_zone), now=now)


def checked(span: Span, *, now: datetime) -> Span:
    """
    The span, if it can be reported on.

    Raises:
        Invalid: it is empty, turned round, too long, or not over yet.
    """
    if not timedelta(0) < span.finish - span.start <= LONGEST:
        raise Invalid(
            "the period is empty or too long",
            where="from",
            mend=f"let it end after it begins, within {LONGEST.days} days",
        )
    if span.finish > now:
        raise Invalid("the period is not over yet", where="to", mend="let it end now or earlier")
    return span


def next_due(schedule: Schedule, after: datetime) -> datetime:
    """The first moment later than `after` at which the schedule asks, aware UTC."""
    zone = ZoneInfo(schedule.time_zone)
    today = after.astimezone(zone).date()
    if schedule.every is Every.WEEK:
        day = today - timedelta(days=today.weekday()) + timedelta(days=schedule.day - 1)
        later = day + timedelta(days=7)
    else:
        day = today.replace(day=schedule.day)
        later = months_on(today.replace(day=1), 1).replace(day=schedule.day)
    this_time = _moment(day, time(schedule.hour), zone)
    return this_time if this_time > after else _moment(later, time(schedule.hour), zone)


def word_of(every: Every) -> PeriodWord:
    """The period that a schedule asks about."""
    return PeriodWord.LAST_WEEK if every is Every.WEEK else PeriodWord.LAST_MONTH


def parts_of(span: Span) -> tuple[Grain, list[Part]]:
    """The span in hours, days of its zone or weeks, oldest first and without a gap; the ends may be shorter."""
    length = span.finish - span.start
    grain: Grain = "hour" if length <= _BY_HOUR else "day" if length <= _BY_DAY else "week"
    inner = [moment for moment in _borders(span, grain) if span.start < moment < span.finish]
    return grain, list(pairwise([span.start, *inner, span.finish]))


def before(span: Span) -> Part:
    """The equally long time before: as many whole days of the zone where the span is of whole days."""
    zone = ZoneInfo(span.time_zone)
    first, last = span.start.astimezone(zone), span.finish.astimezone(zone)
    if first.time() == last.time() == time():
        return midnight(first.date() - (last.date() - first.date()), zone), span.start
    return span.start - (span.finish - span.start), span.start


def midnight(day: date, zone: ZoneInfo) -> datetime:
    """When a day of the zone begins, aware UTC."""
    return _moment(day, time(), zone)


def months_on(first: date, months: int) -> date:
    """The first of the month so many months later than a first of a month."""
    count = first.year * 12 + first.month - 1 + months
    return date(count // 12, count % 12 + 1, 1)


def _borders(span: Span, grain: Grain) -> Iterator[datetime]:
    zone = ZoneInfo(span.time_zone)
    if grain == "hour":
        # Hours of UTC: an hour that the clock skips or repeats is an hour all the same.
        moment = span.start.replace(minute=0, second=0, microsecond=0)
        while moment < span.finish:
            yield moment
            moment += timedelta(hours=1)
        return
    step = _DAY if grain == "day" else 7 * _DAY
    day = span.start.astimezone(zone).date()
    while midnight(day, zone) < span.finish:
        yield midnight(day, zone)
        day += step


def _moment(day: date, at: time, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, at, tzinfo=zone).astimezone(ZoneInfo("UTC"))
