"""
Recurrence: at which instants something happens that recurs by the clock on the wall of a time zone.

A rule is a part of RFC 5545's RRULE: FREQ of DAILY, WEEKLY, MONTHLY or YEARLY with INTERVAL, BYDAY, BYMONTHDAY and
BYMONTH. Days are tried one after another between the first and the last, so no rule can take long, whatever it asks.
"""

from calendar import monthrange
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from alertwhisperer.domain.errors import Invalid

LONGEST_SERIES = timedelta(days=400)
"""More than a year, so that what happens once a year can be set together with its next time."""
LONGEST_RULE = 200

_DAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
_FREQUENCIES = ("DAILY", "WEEKLY", "MONTHLY", "YEARLY")
_PARTS = ("FREQ", "INTERVAL", "BYDAY", "BYMONTHDAY", "BYMONTH")
_DAY = timedelta(days=1)
_SECOND = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Recurrence:
    """
    A rule that was read.

    Attributes:
        days: weekdays from Monday = 0, each with its number in the month (-1: the last; 0: every one).
        month_days: 1 to 31; negative ones count from the month's end.
    """

    frequency: str
    interval: int = 1
    days: tuple[tuple[int, int], ...] = ()
    month_days: tuple[int, ...] = ()
    months: tuple[int, ...] = ()


def read_rule(text: str) -> Recurrence:
    """
    Read a rule such as `FREQ=MONTHLY;BYDAY=2TU`.

    Raises:
        Invalid: it is no rule, or asks for something that is not done here.
    """
    parts: dict[str, str] = {}
    for part in text.strip().upper().removeprefix("RRULE:").split(";") if len(text) <= LONGEST_RULE else [""]:
        name, sign, value = part.partition("=")
        if not sign or name not in _PARTS or name in parts:
            raise _refused(f"{part[:40]!r} cannot stand in a rule")
        parts[name] = value
    frequency = parts.get("FREQ", "")
    if frequency not in _FREQUENCIES:
        raise _refused(f"the frequency {frequency[:40]!r} is not known")
    found = Recurrence(
        frequency,
        _whole(parts.get("INTERVAL", "1"), 1, 400),
        tuple(_weekday(one) for one in _listed(parts, "BYDAY")),
        tuple(_whole(one, -31, 31) for one in _listed(parts, "BYMONTHDAY")),
        tuple(_whole(one, 1, 12) for one in _listed(parts, "BYMONTH")),
    )
    if frequency not in ("MONTHLY", "YEARLY") and any(number for _, number in found.days):
        raise _refused("a weekday with a number needs FREQ=MONTHLY or YEARLY")
    if frequency == "WEEKLY" and found.month_days:
        raise _refused("BYMONTHDAY cannot stand beside FREQ=WEEKLY")
    return found


def days_of(rule: Recurrence, first: date, last: date, *, since: date | None = None) -> Iterator[date]:
    """
    The days of a series that begins on `first`, up to `last`; `first` is one of them whatever the rule says.

    Args:
        since: where to begin instead, also before `first`: as if the series had always been.
    """
    day = first if since is None else since
    while day <= last:
        if day == first or _falls_on(rule, first, day):
            yield day
        day += _DAY


def instant(wall: datetime, zone: ZoneInfo) -> datetime:
    """
    The first instant at which the clock on the wall shows a time, or a later one of that day's; aware UTC.

    When clocks go forward, a time that is left out is the instant of the change; when they go back, it is the earlier.
    """
    late = wall.replace(tzinfo=zone, fold=0).astimezone(UTC)
    if late.astimezone(zone).replace(tzinfo=None) == wall:
        return late
    # Left out: with the clock's earlier offset the time lies behind the change, with its later one before it.
    early = wall.replace(tzinfo=zone, fold=1).astimezone(UTC)
    while late - early > _SECOND:
        middle = early + (late - early) // 2 // _SECOND * _SECOND
        if middle.astimezone(zone).replace(tzinfo=None) >= wall:
            late = middle
        else:
            early = middle
    return late


def spans_of(
    starts: datetime,
    ends: datetime,
    zone: ZoneInfo,
    rule: Recurrence | None,
    *,
    until: datetime,
    since: date | None = None,
) -> list[tuple[datetime, datetime]]:
    """
    Every [start, end) of something that recurs, in order; aware UTC. What a change of clocks leaves nothing of is out.

    Args:
        starts, ends: of the first time, as the clock on the wall shows them (naive).
        rule: None: it happens once.
        until: none starts at or after this instant, of what recurs.
        since: as `days_of` has it.
    """
    last = until.astimezone(zone).date()
    days = [starts.date()] if rule is None else days_of(rule, starts.date(), last, since=since)
    found: list[tuple[datetime, datetime]] = []
    for day in days:
        shift = day - starts.date()
        start, end = instant(starts + shift, zone), instant(ends + shift, zone)
        if start < end and (start < until or rule is None):
            found.append((start, end))
    return found


def _falls_on(rule: Recurrence, first: date, day: date) -> bool:
    if rule.months and day.month not in rule.months:
        return False
    if not _in_step(rule, first, day):
        return False
    if rule.month_days and day.day not in rule.month_days and _from_end(day) not in rule.month_days:
        return False
    if rule.days:
        return any(_is_weekday(rule, day, weekday, number) for weekday, number in rule.days)
    return bool(rule.month_days) or _by_default(rule, first, day)


def _in_step(rule: Recurrence, first: date, day: date) -> bool:
    """Whether the interval's count comes to this day, week, month or year."""
    match rule.frequency:
        case "DAILY":
            passed = (day - first).days
        case "WEEKLY":
            monday = first - timedelta(days=first.weekday())
            passed = (day - monday).days // 7
        case "MONTHLY":
            passed = (day.year - first.year) * 12 + day.month - first.month
        case _:
            passed = day.year - first.year
    return passed % rule.interval == 0


def _is_weekday(rule: Recurrence, day: date, weekday: int, number: int) -> bool:
    if day.weekday() != weekday:
        return False
    if number == 0:
        return True
    if rule.frequency == "YEARLY" and not rule.months:
        ordinal = (day.timetuple().tm_yday - 1) // 7 + 1
        left = (date(day.year, 12, 31) - day).days // 7 + 1
    else:
        ordinal = (day.day - 1) // 7 + 1
        left = (-_from_end(day) - 1) // 7 + 1
    return number in (ordinal, -left)


def _by_default(rule: Recurrence, first: date, day: date) -> bool:
    """What a rule without days means: as the first time."""
    match rule.frequency:
        case "DAILY":
            return True
        case "WEEKLY":
            return day.weekday() == first.weekday()
        case "MONTHLY":
            return day.day == first.day
        case _:
            return day.day == first.day and (bool(rule.months) or day.month == first.month)


def _from_end(day: date) -> int:
    return day.day - monthrange(day.year, day.month)[1] - 1


def _listed(parts: dict[str, str], name: str) -> list[str]:
    return parts[name].split(",") if name in parts else []


def _weekday(text: str) -> tuple[int, int]:
    number, name = text[:-2], text[-2:]
    if name not in _DAYS:
        raise _refused(f"{text[:40]!r} is no weekday")
    return _DAYS.index(name), _whole(number, -53, 53) if number else 0


def _whole(text: str, least: int, most: int) -> int:
    digits = text.removeprefix("-").removeprefix("+")
    if not (digits.isascii() and digits.isdigit() and len(digits) <= 3):
        raise _refused(f"{text[:40]!r} is no whole number")
    value = int(text)
    if not least <= value <= most or (least < 0 and value == 0):
        raise _refused(f"{value} is out of range")
    return value


def _refused(what: str) -> Invalid:
    return Invalid(
        what,
        where="recurrence",
        mend="use FREQ=DAILY, WEEKLY, MONTHLY or YEARLY with INTERVAL, BYDAY, BYMONTHDAY, BYMONTH",
    )
