"""
Events of somebody else's calendar (RFC 5545), read within strict limits. Pure.

What is not plain is left out and said so: a repeating event, one without an end, one in a zone that nobody knows. A
calendar's own definitions of zones are not read: they could ask for endless work, and a zone's name says enough.
"""

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from enum import StrEnum
from zoneinfo import ZoneInfo

from icalendar import Calendar, Event

from alertwhisperer.domain.errors import Invalid
from alertwhisperer.domain.on_call import Span
from alertwhisperer.escalate.wall_clock import instant

MOST_LETTERS = 256 * 1024
MOST_EVENTS = 500

_UNREADABLE = (ValueError, OverflowError, TypeError, AttributeError)
"""What the library raises for values that are none of their kind."""
_MAILTO = re.compile(r"(?i)mailto:")
_EMAIL = re.compile(r"[^\s@<>()\"',;]{1,64}@[^\s@<>()\"',;]{1,190}")


class Skipped(StrEnum):
    """Why an event is left out."""

    REPEATS = "repeats"
    """A repeating event: write it as a layer, or one by one."""
    CANCELLED = "cancelled"
    UNKNOWN_ZONE = "unknown_zone"
    NO_TIME = "no_time"
    """It has no beginning, no end, or ends before it begins."""
    UNREADABLE = "unreadable"


@dataclass(frozen=True, slots=True)
class Read:
    """
    An event.

    Attributes:
        number: its place in the calendar, from 1.
        key: tells it from all others, and is the same when the calendar is read again.
        title: as the calendar has it.
        email: of the one person that it names, in an attendee or in its title; empty when that is not one.
        span, skipped: one of the two.
    """

    number: int
    key: str
    title: str
    email: str
    span: Span | None
    skipped: Skipped | None


def read_events(text: str, zone: ZoneInfo) -> tuple[Read, ...]:
    """
    The events of a calendar, in its order.

    Args:
        text: the file.
        zone: of events that say none, and of whole days.

    Raises:
        Invalid: it is none, or too large.
    """
    if len(text) > MOST_LETTERS:
        raise Invalid(
            f"the calendar has more than {MOST_LETTERS // 1024} KB", where="calendar", mend="export a shorter time"
        )
    try:
        calendar = Calendar.from_ical("\r\n".join(_without_zones(text)))
    except _UNREADABLE as failure:
        raise Invalid(
            "this is no calendar", where="calendar", mend="give the text of one .ics file (RFC 5545)"
        ) from failure
    events = [one for one in calendar.walk("VEVENT") if isinstance(one, Event)]
    if len(events) > MOST_EVENTS:
        raise Invalid(
            f"the calendar has more than {MOST_EVENTS} events", where="calendar", mend="export a shorter time"
        )
    return tuple(_read(event, number, zone) for number, event in enumerate(events, 1))


def _without_zones(text: str) -> Iterator[str]:
    inside = False
    for line in text.splitlines():
        word = line.strip().upper()
        if word == "BEGIN:VTIMEZONE":
            inside = True
        if not inside:
            yield line
        if word == "END:VTIMEZONE":
            inside = False


def _read(event: Event, number: int, zone: ZoneInfo) -> Read:
    title, email, uid = _text(event, "SUMMARY"), _email(event), _text(event, "UID")
    span: Span | None = None
    skipped: Skipped | None = None
    try:
        skipped = _why_not(event)
        span = None if skipped else _span(event, zone)
        skipped = skipped or (Skipped.NO_TIME if span is None else None)
    except _UNREADABLE:
        skipped = Skipped.UNREADABLE
    when = "" if span is None else f"{span.start.isoformat()}/{span.end.isoformat()}"
    key = hashlib.blake2b(f"{uid}\n{title if not uid else ''}\n{when}".encode(), digest_size=16).hexdigest()
    return Read(number, key, title, email, span if skipped is None else None, skipped)


def _why_not(event: Event) -> Skipped | None:
    if any(event.get(name) is not None for name in ("RRULE", "RDATE", "RECURRENCE-ID")):
        return Skipped.REPEATS
    if _text(event, "STATUS").upper() == "CANCELLED":
        return Skipped.CANCELLED
    for name in ("DTSTART", "DTEND"):
        value = event.get(name)
        if value is not None and "TZID" in value.params and isinstance(value.dt, datetime) and value.dt.tzinfo is None:
            return Skipped.UNKNOWN_ZONE
    return None


def _span(event: Event, zone: ZoneInfo) -> Span | None:
    start, end, length = event.get("DTSTART"), event.get("DTEND"), event.get("DURATION")
    if start is None:
        return None
    first = start.dt
    if end is not None:
        last = end.dt
    elif length is not None:
        last = first + length.dt
    elif isinstance(first, datetime):
        return None
    else:
        last = first + timedelta(days=1)  # a whole day, says RFC 5545, 3.6.1
    span = Span(_instant(first, zone), _instant(last, zone))
    return span if span.start < span.end else None


def _instant(value: date | datetime, zone: ZoneInfo) -> datetime:
    if not isinstance(value, datetime):
        return instant(datetime.combine(value, time()), zone)
    given: tzinfo | None = value.tzinfo
    if given is None:
        return instant(value, zone)
    if isinstance(given, ZoneInfo):
        return instant(value.replace(tzinfo=None), given)  # the rule for times that are skipped or come twice
    return value.astimezone(UTC)


def _email(event: Event) -> str:
    attendees = event.get("ATTENDEE")
    some = attendees if isinstance(attendees, list) else [] if attendees is None else [attendees]
    named = {_MAILTO.sub("", _said(one)).strip().lower() for one in some}
    named = named or {one.lower() for one in _EMAIL.findall(_text(event, "SUMMARY"))}
    return named.pop()[:254] if len(named) == 1 else ""


def _text(event: Event, name: str) -> str:
    value = event.get(name)
    return _said(value[0] if isinstance(value, list) and value else value)[:200]


def _said(value: object) -> str:
    try:
        return "" if value is None else str(value).replace("\0", "")
    except _UNREADABLE:
        return ""
