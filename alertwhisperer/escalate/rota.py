"""
The stretches of a schedule: layers that take turns, and what people changed about them. Pure.

Each layer says for every instant who has the turn, or why nobody has; the last layer with somebody wins; then the
changes that hold at the instant are applied in the order in which they were agreed. All of it is piecewise constant, so
it is calculated once between any two instants at which something may change.
"""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec

from alertwhisperer.domain.on_call import Change, ChangeKind, Hours, Layer, Plan, Span
from alertwhisperer.escalate.wall_clock import instant, wall_of

_DAY = timedelta(days=1)


class Idle(StrEnum):
    """Why a layer has nobody."""

    NOT_BEGUN = "not_begun"
    ENDED = "ended"
    OUTSIDE_HOURS = "outside_hours"
    AWAY = "away"
    """Whoever has the turn is away."""
    GONE = "gone"
    """Whoever had the turn was removed."""


class Turn(msgspec.Struct, frozen=True):
    """
    What a layer says of a stretch.

    Attributes:
        user_id: whose turn it is, also where they are away or gone; None outside of all turns.
        idle: why nobody is there; None: `user_id` is.
        shift: the whole turn, of which this may be a part.
    """

    start: datetime
    end: datetime
    user_id: UUID | None
    idle: Idle | None
    shift: Span | None

    @property
    def holder(self) -> UUID | None:
        """Who is there."""
        return self.user_id if self.idle is None else None


class Stretch(msgspec.Struct, frozen=True):
    """
    A time in which one person, or nobody, is on call.

    Attributes:
        layer: whose turn it would be by: its place among the layers; None: no layer has anybody.
        changes: which changed it, in the order in which they were applied.
    """

    start: datetime
    end: datetime
    user_id: UUID | None
    layer: int | None
    changes: tuple[UUID, ...] = ()


Gone = Mapping[UUID, datetime]
"""Since when people can be called no more."""


def turns(
    layer: Layer, zone: ZoneInfo, look: Span, away: Mapping[UUID, Sequence[Span]], gone: Gone
) -> tuple[Turn, ...]:
    """
    What a layer says of every instant of a time, in order and without holes.

    Args:
        away: when people are away; the spans of one may overlap.
    """
    shifts = list(_shifts(layer, zone, look))
    hours = _Times(_open_hours(layer.hours, zone, look)) if layer.hours else None
    absent = {user_id: _Times(_merged(away.get(user_id, ()))) for user_id in set(layer.people)}
    cuts = {look.start, *(shift.start for shift, _ in shifts), *(shift.end for shift, _ in shifts)}
    for times in (hours, *absent.values()):
        cuts.update(() if times is None else times.edges)
    cuts.update(gone[user_id] for user_id in absent if user_id in gone)
    at = _Times([shift for shift, _ in shifts])
    begins = instant(_first(layer), zone)

    def turn(start: datetime, end: datetime) -> Turn:
        place = at.place(start)
        if place is None:
            return Turn(start, end, None, Idle.NOT_BEGUN if start < begins else Idle.ENDED, None)
        shift, user_id = shifts[place]
        idle: Idle | None = None
        if hours is not None and hours.place(start) is None:
            idle = Idle.OUTSIDE_HOURS
        elif user_id in gone and gone[user_id] <= start:
            idle = Idle.GONE
        elif absent[user_id].place(start) is not None:
            idle = Idle.AWAY
        return Turn(start, end, user_id, idle, shift)

    return tuple(turn(start, end) for start, end in _pieces(cuts, look))


def stretches(plan: Plan, changes: Iterable[Change], look: Span, *, gone: Gone) -> tuple[Stretch, ...]:
    """
    Who is on call at every instant of a time, in order and without holes; each stretch is as long as can be.

    Args:
        changes: of the schedule, in any order; what does not hold in this time does no harm.
        look: aware UTC, not empty.
        gone: since when people are there no more.
    """
    zone = ZoneInfo(plan.time_zone)
    agreed = sorted((one for one in changes if holds(one)), key=lambda one: (one.agreed_at or one.made_at, one.id))
    away = absences(agreed)
    moves = [one for one in agreed if one.kind is not ChangeKind.ABSENCE]
    lines = [turns(layer, zone, look, away, gone) for layer in plan.layers]
    cuts = {turn.start for line in lines for turn in line} | {look.start}
    for change in moves:
        cuts.update(edge for span in _spans(change) for edge in (span.start, span.end))
        cuts.update(gone[one] for one in (change.user_id, change.other_id) if one is not None and one in gone)
    layers = [_Times([Span(turn.start, turn.end) for turn in line]) for line in lines]
    found: list[Stretch] = []
    for start, end in _pieces(cuts, look):
        holders = [
            line[place].holder if (place := at.place(start)) is not None else None
            for line, at in zip(lines, layers, strict=True)
        ]
        layer = max((place for place, holder in enumerate(holders) if holder is not None), default=None)
        user_id, by = _changed(None if layer is None else holders[layer], moves, start, gone)
        found.append(Stretch(start, end, user_id, layer, by))
    return tuple(_joined(found))


def absences(changes: Iterable[Change]) -> Mapping[UUID, Sequence[Span]]:
    """When people are away by some changes, as far as these count."""
    away: dict[UUID, list[Span]] = {}
    for change in changes:
        if change.kind is ChangeKind.ABSENCE and holds(change) and (span := effective(change, change.span)) is not None:
            away.setdefault(change.user_id, []).append(span)
    return away


def holds(change: Change) -> bool:
    """Whether a change counts at any time: it was agreed to, taken back later or not."""
    return change.agreed_at is not None


def effective(change: Change, span: Span) -> Span | None:
    """The part of a change's span in which it counts: the past stays, and so does what was taken back too late."""
    start = span.start if change.agreed_at is None else max(span.start, change.agreed_at)
    end = span.end if change.ended_at is None else min(span.end, change.ended_at)
    return Span(start, end) if start < end else None


def _changed(
    user_id: UUID | None, moves: Sequence[Change], at: datetime, gone: Gone
) -> tuple[UUID | None, tuple[UUID, ...]]:
    """Who is there after the changes that hold at an instant, and which of them changed anything."""
    by: list[UUID] = []
    for change in moves:
        taker = _taker(change, user_id, at)
        if taker is not None and taker != user_id:
            user_id = taker
            by.append(change.id)
    is_gone = user_id is not None and user_id in gone and gone[user_id] <= at
    return (None if is_gone else user_id), tuple(by)


def _taker(change: Change, user_id: UUID | None, at: datetime) -> UUID | None:
    """Who takes over from somebody at an instant; None: nobody does."""
    if change.kind is ChangeKind.OVERRIDE:
        return change.user_id if _counts(change, change.span, at) else None
    assert change.other_span is not None  # noqa: S101  # a swap has two
    if user_id == change.user_id and _counts(change, change.span, at):
        return change.other_id
    if user_id is not None and user_id == change.other_id and _counts(change, change.other_span, at):
        return change.user_id
    return None


def _counts(change: Change, span: Span, at: datetime) -> bool:
    part = effective(change, span)
    return part is not None and part.start <= at < part.end


def _spans(change: Change) -> Iterator[Span]:
    for span in (change.span, change.other_span):
        part = None if span is None else effective(change, span)
        if part is not None:
            yield part


def _first(layer: Layer) -> datetime:
    return datetime.combine(layer.starts_on, layer.hand_over)


def _shifts(layer: Layer, zone: ZoneInfo, look: Span) -> Iterator[tuple[Span, UUID]]:
    """The shifts that touch a time, each with whose it is; one that clocks skip has no length, and is left out."""
    first, length = _first(layer), layer.length
    last = None if layer.ends_on is None else instant(datetime.combine(layer.ends_on, layer.hand_over), zone)
    # Two days: no zone's clock is ever further from what it showed at another offset.
    number = max((wall_of(look.start, zone) - 2 * _DAY - first) // length, 0)
    start = instant(first + number * length, zone)
    until = look.end if last is None else min(look.end, last)
    while start < until:
        end = instant(first + (number + 1) * length, zone)
        shift = Span(start, end if last is None else min(end, last))
        if shift.start < shift.end and shift.end > look.start:
            yield shift, layer.people[number % len(layer.people)]
        start, number = end, number + 1


def _open_hours(hours: Iterable[Hours], zone: ZoneInfo, look: Span) -> tuple[Span, ...]:
    """When one of some hours of the week is, in order, as far as it touches a time."""
    first, last = wall_of(look.start, zone).date() - 2 * _DAY, wall_of(look.end, zone).date() + _DAY
    found = []
    for number in range((last - first).days + 1):
        day = first + timedelta(days=number)
        for one in hours:
            if day.weekday() in one.days:
                end = day if one.end > one.start else day + _DAY
                span = Span(
                    instant(datetime.combine(day, one.start), zone), instant(datetime.combine(end, one.end), zone)
                )
                if span.start < span.end and span.end > look.start and span.start < look.end:
                    found.append(span)
    return _merged(found)


class _Times:
    """Spans in order, none of which overlap, to be asked for the one at an instant."""

    def __init__(self, spans: Sequence[Span]) -> None:
        self._starts = [span.start for span in spans]
        self._spans = spans

    @property
    def edges(self) -> Iterator[datetime]:
        """Where one begins or ends."""
        for span in self._spans:
            yield span.start
            yield span.end

    def place(self, at: datetime) -> int | None:
        """The number of the one at an instant."""
        found = bisect_right(self._starts, at) - 1
        return found if found >= 0 and at < self._spans[found].end else None


def _merged(spans: Iterable[Span]) -> tuple[Span, ...]:
    found: list[Span] = []
    for span in sorted(spans, key=lambda one: one.start):
        if found and span.start <= found[-1].end:
            found[-1] = Span(found[-1].start, max(found[-1].end, span.end))
        else:
            found.append(span)
    return tuple(found)


def _pieces(cuts: Iterable[datetime], look: Span) -> Iterator[tuple[datetime, datetime]]:
    """A time, cut at some instants; those outside of it are ignored."""
    inside = sorted({cut for cut in cuts if look.start <= cut < look.end})
    yield from zip(inside, [*inside[1:], look.end], strict=True)


def _joined(found: Iterable[Stretch]) -> Iterator[Stretch]:
    held: Stretch | None = None
    for stretch in found:
        if held is not None and (held.user_id, held.layer, held.changes) == (
            stretch.user_id,
            stretch.layer,
            stretch.changes,
        ):
            held = msgspec.structs.replace(held, end=stretch.end)
            continue
        if held is not None:
            yield held
        held = stretch
    if held is not None:
        yield held
