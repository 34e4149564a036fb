"""Stretches as a calendar that other programs read (RFC 5545): times and names, and nothing else of ours."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from icalendar import Calendar, Event

MEDIA_TYPE = "text/calendar; charset=utf-8"

_REFRESH = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Entry:
    """
    One event.

    Attributes:
        uid: the same whenever the calendar is written, so that a program knows the event again.
    """

    uid: str
    start: datetime
    end: datetime
    title: str
    description: str


def write_calendar(name: str, entries: Iterable[Entry], *, now: datetime) -> bytes:
    """
    The calendar.

    Args:
        name: as a calendar program shows it.
    """
    calendar = Calendar()
    calendar.add("prodid", "-//Alert Whisperer//On call//EN")
    calendar.add("version", "2.0")
    calendar.add("method", "PUBLISH")
    calendar.add("x-wr-calname", name)
    calendar.add("refresh-interval", _REFRESH, parameters={"VALUE": "DURATION"})
    calendar.add("x-published-ttl", _REFRESH)
    for entry in entries:
        event = Event()
        event.add("uid", entry.uid)
        event.add("dtstamp", now)
        event.add("dtstart", entry.start)
        event.add("dtend", entry.end)
        event.add("summary", entry.title)
        if entry.description:
            event.add("description", entry.description)
        event.add("transp", "TRANSPARENT")  # on call is not busy
        calendar.add_component(event)
    return bytes(calendar.to_ical())
