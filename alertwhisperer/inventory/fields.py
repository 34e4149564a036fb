"""
What may be written into the fields of sites, assets and contacts.

One table a noun, which the API, the command line and the import of files share: field → check. A check answers the
value as it is stored, or raises `Invalid` that names the field.
"""

import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from functools import partial
from types import MappingProxyType
from typing import Any, TypeAlias
from urllib.parse import urlsplit
from uuid import UUID

from alertwhisperer.domain.asset import canonical
from alertwhisperer.domain.company_setting import check_zone
from alertwhisperer.domain.errors import Invalid
from alertwhisperer.domain.name import LONGEST_NAME, check_name
from alertwhisperer.guard.people import check_email

Check: TypeAlias = Callable[[Any], Any]
Fields: TypeAlias = Mapping[str, Check]

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

LONGEST_WORD = 64
LONGEST_NOTES = 10_000
LONGEST_URL = 2_000
MOST_TAGS = 50
MOST_LINKS = 20
MOST_SPANS = 4  # of hours in a day
MOST_HOLIDAYS = 366

_TIME = re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9]|24:00")
_SPOKEN = re.compile(r"[0-9+(][0-9 +()./-]{1,39}")


def check_asset_name(name: str, *, where: str = "name") -> tuple[str, str]:
    """An asset's name as it is shown, and as names are compared; raises `Invalid` when it is of no use."""
    shown = check_name(name, where=where)
    return shown, canonical(shown)


def checked(fields: Fields, given: Mapping[str, object]) -> dict[str, Any]:
    """
    Each value that is given, checked by its field's own check.

    Raises:
        Invalid: a field that there is not, or a value that it does not take.
    """
    for name in given:
        if name not in fields:
            raise Invalid(f"there is no field {name!r}", where=name, mend=f"the fields are: {', '.join(fields)}")
    return {name: fields[name](value) for name, value in given.items()}


def _text(value: str, *, where: str, longest: int = LONGEST_NAME, lines: bool = False) -> str:
    text = value.strip()
    if len(text) > longest:
        raise Invalid(f"{where} has {len(text)} characters", where=where, mend=f"write at most {longest}")
    if any(unicodedata.category(letter)[0] == "C" and not (lines and letter in "\n\r\t") for letter in text):
        raise Invalid(f"{where} holds a character that cannot be printed", where=where, mend="remove it")
    return text


def _word(value: str, *, where: str) -> str:
    return _text(value, where=where, longest=LONGEST_WORD).lower()


def _weight(value: int) -> int:
    if not 1 <= value <= 5:
        raise Invalid(f"a weight is 1 to 5, not {value}", where="weight", mend="5: the business stops without it")
    return value


def _tags(value: Sequence[str]) -> tuple[str, ...]:
    tags = {tag for one in value if (tag := _word(one, where="tags"))}
    if len(tags) > MOST_TAGS:
        raise Invalid(f"{len(tags)} tags are too many", where="tags", mend=f"keep at most {MOST_TAGS}")
    return tuple(sorted(tags))


def _links(value: Mapping[str, str]) -> dict[str, str]:
    if len(value) > MOST_LINKS:
        raise Invalid(f"{len(value)} links are too many", where="links", mend=f"keep at most {MOST_LINKS}")
    return {check_name(name, where="links"): _url(url) for name, url in value.items()}


def _url(value: str) -> str:
    url = _text(value, where="links", longest=LONGEST_URL)
    try:
        parts = urlsplit(url)
    except ValueError:
        parts = urlsplit("")
    # Links are shown to people as something to click: javascript: and the like are none.
    if parts.scheme not in ("http", "https") or not parts.netloc or " " in url:
        raise Invalid("this is not a web address", where="links", mend="write it as https://…")
    return url


def _email(value: str) -> str:
    return check_email(value) if value.strip() else ""


def _phone(value: str) -> str:
    text = _text(value, where="phone")
    if text and not _SPOKEN.fullmatch(text):
        raise Invalid("this is not a telephone number", where="phone", mend="write digits, e.g. +49 30 1234567")
    return text


def _site(value: UUID | None) -> UUID | None:
    return value  # whether the company has it is seen where it is written


def check_calendar(value: Mapping[str, Any]) -> dict[str, object]:
    """
    The calendar of a site: `{"hours": {"mon": [["08:00", "18:00"]]}, "holidays": ["2026-12-25"]}`, each part optional.

    Raises:
        Invalid: another key, a day or time that is none, spans that overlap.
    """
    unknown = set(value) - {"hours", "holidays"}
    if unknown:
        raise Invalid(f"a calendar has no {min(unknown)!r}", where="calendar", mend="use hours and holidays")
    hours, holidays = value.get("hours", {}), value.get("holidays", [])
    if not isinstance(hours, Mapping) or not isinstance(holidays, Sequence) or isinstance(holidays, str):
        raise Invalid("hours is an object and holidays a list", where="calendar", mend="see docs/inventory.md")
    for day in hours:
        if day not in DAYS:
            raise Invalid(f"{day!r} is not a day", where="calendar.hours", mend=f"use {', '.join(DAYS)}")
    return {
        "hours": {day: spans for day in DAYS if (spans := _spans(day, hours.get(day, [])))},
        "holidays": _holidays(holidays),
    }


def _spans(day: str, spans: object) -> list[list[str]]:
    where = f"calendar.hours.{day}"
    mend = 'write spans in order, e.g. [["08:00", "12:00"], ["13:00", "18:00"]]'
    if not isinstance(spans, Sequence) or isinstance(spans, str) or len(spans) > MOST_SPANS:
        raise Invalid(f"a day has at most {MOST_SPANS} spans of hours", where=where, mend=mend)
    kept: list[list[str]] = []
    until = ""
    for span in spans:
        if not isinstance(span, Sequence) or len(span) != 2 or not all(_is_time(moment) for moment in span):
            raise Invalid("a span has two times of a day", where=where, mend=mend)
        start, end = span
        if not until <= start < end:
            raise Invalid("spans begin before they end, and do not overlap", where=where, mend=mend)
        kept.append([start, end])
        until = end
    return kept


def _is_time(moment: object) -> bool:
    return isinstance(moment, str) and _TIME.fullmatch(moment) is not None


def _holidays(days: Sequence[object]) -> list[str]:
    if len(days) > MOST_HOLIDAYS:
        raise Invalid(f"{len(days)} holidays are too many", where="calendar.holidays", mend="drop those that are past")
    return sorted({_holiday(day) for day in days})


def _holiday(day: object) -> str:
    try:
        return date.fromisoformat(str(day)).isoformat()
    except ValueError as failure:
        raise Invalid("a holiday is a date", where="calendar.holidays", mend="write it as 2026-12-25") from failure


_notes = partial(_text, where="notes", longest=LONGEST_NOTES, lines=True)

SITE_FIELDS: Fields = MappingProxyType(
    {
        "name": check_name,
        "time_zone": check_zone,
        "calendar": check_calendar,
        "address": partial(_text, where="address", longest=1_000, lines=True),
        "notes": _notes,
    }
)
ASSET_FIELDS: Fields = MappingProxyType(
    {
        "name": check_name,
        "kind": partial(_word, where="kind"),
        "weight": _weight,
        "owner": partial(_text, where="owner"),
        "platform": partial(_word, where="platform"),
        "tags": _tags,
        "links": _links,
        "notes": _notes,
        "site_id": _site,
    }
)
CONTACT_FIELDS: Fields = MappingProxyType(
    {
        "name": check_name,
        "role": partial(_text, where="role"),
        "email": _email,
        "phone": _phone,
        "hours": partial(_text, where="hours"),
        "preferred_channel": partial(_word, where="preferred_channel"),
        "notes": _notes,
        "site_id": _site,
    }
)
