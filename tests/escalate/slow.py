"""
Who is on call, calculated another way: minute by minute, by how far the zone's clock has ever come.

The rule of `escalate/wall_clock.py` said differently: at an instant, all wall-clock times have begun that the clock has
shown so far. So this needs no conversion from wall clock to instant, which is where the quick way could go wrong.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from uuid import UUID
from zoneinfo import ZoneInfo

from alertwhisperer.domain.on_call import Change, ChangeKind, Hours, Layer, Plan, Span

MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)


def minutes(start: datetime, end: datetime, step: timedelta = MINUTE) -> Iterator[datetime]:
    """Instants of a time."""
    while start < end:
        yield start
        start += step


def marks(zone: ZoneInfo, start: datetime, end: datetime) -> Iterator[tuple[datetime, datetime]]:
    """Each minute of a time, with the furthest that the clock has shown by then."""
    mark = datetime.min  # a wall clock has no zone
    for at in minutes(start - DAY, end):  # no clock was ever put back by more than a day in living memory
        mark = max(mark, at.astimezone(zone).replace(tzinfo=None, fold=0))
        if at >= start:
            yield at, mark


@cache
def changes_of_clock(name: str, first: int, last: int) -> tuple[datetime, ...]:
    """The hours in which a zone's offset changes, in some years."""
    zone, found = ZoneInfo(name), []
    at, offset = datetime(first, 1, 1, tzinfo=UTC), None
    while at.year < last:
        now = at.astimezone(zone).utcoffset()
        if offset is not None and now != offset:
            found.append(at - timedelta(hours=1))
        at, offset = at + timedelta(hours=1), now
    return tuple(found)


def who(
    plan: Plan, changes: Sequence[Change], gone: Mapping[UUID, datetime], at: datetime, mark: datetime
) -> UUID | None:
    """Who is on call at an instant at which the clock has come as far as `mark`."""
    agreed = sorted((one for one in changes if one.agreed_at), key=lambda one: (one.agreed_at, one.id))
    away = {one.user_id for one in agreed if one.kind is ChangeKind.ABSENCE and _now(one, one.span, at)}
    found = None
    for layer in plan.layers:
        person = _of_layer(layer, mark)
        if person is not None and person not in away and not _is_gone(gone, person, at):
            found = person
    for one in agreed:
        if one.kind is ChangeKind.OVERRIDE and _now(one, one.span, at):
            found = one.user_id
        if one.kind is ChangeKind.SWAP:
            there = found
            if there == one.user_id and _now(one, one.span, at):
                found = one.other_id
            if there == one.other_id and one.other_span is not None and _now(one, one.other_span, at):
                found = one.user_id
    return None if found is not None and _is_gone(gone, found, at) else found


def _of_layer(layer: Layer, mark: datetime) -> UUID | None:
    first = datetime.combine(layer.starts_on, layer.hand_over)
    if mark < first or (layer.ends_on and mark >= datetime.combine(layer.ends_on, layer.hand_over)):
        return None
    if layer.hours and not any(_inside(one, mark) for one in layer.hours):
        return None
    seconds = {"hour": 3_600, "day": 86_400, "week": 604_800}[layer.unit] * layer.every
    return layer.people[int((mark - first).total_seconds()) // seconds % len(layer.people)]


def _inside(hours: Hours, mark: datetime) -> bool:
    clock, today, yesterday = mark.time(), mark.weekday(), (mark.weekday() - 1) % 7
    if hours.start < hours.end:
        return today in hours.days and hours.start <= clock < hours.end
    return (today in hours.days and clock >= hours.start) or (yesterday in hours.days and clock < hours.end)


def _now(change: Change, span: Span, at: datetime) -> bool:
    return (
        span.start <= at < span.end
        and change.agreed_at is not None
        and change.agreed_at <= at
        and (change.ended_at is None or at < change.ended_at)
    )


def _is_gone(gone: Mapping[UUID, datetime], person: UUID, at: datetime) -> bool:
    return person in gone and gone[person] <= at
