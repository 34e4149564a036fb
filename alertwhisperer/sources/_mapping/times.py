"""Times: the formats, epoch unit and zone of one mapping."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from alertwhisperer.domain.errors import Invalid
from alertwhisperer.sources._mapping.document import Times
from alertwhisperer.sources._reading import from_epoch, moment, sane
from alertwhisperer.sources.contract import Json

ReadTime = Callable[[Json, datetime], datetime | None]
"""A value and the time of receipt to an aware UTC time, None when it is no time; total."""

_UNITS = {"s": 1.0, "ms": 1e3, "us": 1e6, "ns": 1e9}
# No names of days in the server's language beyond these, no %c: what a mapping means must not depend on the machine.
_DIRECTIVES = re.compile(r"(?:%[YymdHIMSfpzbBjaA%]|[^%])+")
_LONGEST_FORMAT = 64
_MOST_FORMATS = 10
_LONGEST_TIME = 64


def compile_times(times: Times) -> ReadTime:
    """
    How this mapping reads times.

    Raises:
        Invalid: a format that `strptime` or we do not know, too many of them, or no such zone.
    """
    zone = _zone(times.zone)
    if len(times.formats) > _MOST_FORMATS:
        raise Invalid(f"a mapping has at most {_MOST_FORMATS} time formats", where="time.formats")
    for place, form in enumerate(times.formats):
        _check(form, f"time.formats[{place}]")
    unit = _UNITS.get(times.epoch)

    def read(value: Json, received_at: datetime) -> datetime | None:
        if type(value) is str:
            for form in times.formats if len(value) <= _LONGEST_TIME else ():
                found = _parsed(value, form, zone)
                if found is not None:
                    return sane(found, received_at)
        number = _number(value)
        if unit is not None and number is not None:
            found = from_epoch(number, unit)
            return None if found is None else sane(found, received_at)
        return moment(value, received_at, zone)

    return read


def _zone(name: str) -> tzinfo:
    try:
        return UTC if name == "UTC" else ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as wrong:
        raise Invalid(
            f"there is no time zone {name[:64]!r}", where="time.zone", mend="use a name such as Europe/Berlin"
        ) from wrong


def _check(form: str, where: str) -> None:
    try:
        if not 1 < len(form) <= _LONGEST_FORMAT or not _DIRECTIVES.fullmatch(form):
            raise ValueError("unknown directive or length")
        datetime.strptime(datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC).strftime(form), form)
    except (ValueError, re.error) as wrong:
        raise Invalid(
            f"this is not a time format: {str(wrong)[:100]}", where=where, mend="write for example %Y.%m.%d %H:%M:%S"
        ) from wrong


def _parsed(text: str, form: str, zone: tzinfo) -> datetime | None:
    try:
        found = datetime.strptime(text.strip(), form)
    except ValueError:
        return None
    return found if found.tzinfo is not None else found.replace(tzinfo=zone)


def _number(value: Json) -> float | None:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return value
    if type(value) is str and len(value) <= _LONGEST_TIME and value.replace(".", "", 1).isdecimal() and value.isascii():
        return float(value)
    return None
