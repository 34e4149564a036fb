"""Moments as people type them."""

from datetime import UTC, date, datetime, time

from alertwhisperer.domain.errors import Invalid


def moment(text: str, where: str) -> datetime:
    """
    A day, whose beginning in UTC is meant, or a moment with its zone; aware UTC.

    Raises:
        Invalid: neither.
    """
    try:
        if len(text) <= len("2026-12-20"):
            return datetime.combine(date.fromisoformat(text), time(tzinfo=UTC))
        found = datetime.fromisoformat(text)
    except ValueError as failure:
        raise Invalid(f"{text!r} is no moment", where=where, mend="write 2026-12-20, or 2026-12-20T08:00Z") from failure
    if found.tzinfo is None:
        raise Invalid(f"{text!r} has no zone", where=where, mend="end it with Z or an offset such as +01:00")
    return found.astimezone(UTC)


def moment_or_none(text: str | None, where: str) -> datetime | None:
    """The same for an option that may be absent."""
    return None if text is None else moment(text, where)
