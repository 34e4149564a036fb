"""
The question: who is on call by a schedule, now or at any instant, and why? Pure; escalation policies ask it too.

A schedule that was changed answers for the past as it was then.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec

from alertwhisperer.domain.on_call import Change, ChangeKind, Span, Version
from alertwhisperer.escalate.rota import Gone, Stretch, Turn, absences, effective, holds, stretches, turns

_INSTANT = timedelta(microseconds=1)
_LOOKS = (timedelta(days=2), timedelta(days=9), timedelta(days=50))
"""How far around an instant is looked for when a stretch began and ends: mostly the first is far enough."""


class Rota(msgspec.Struct, frozen=True):
    """
    All that is known of one schedule.

    Attributes:
        versions: those that held in the time that is asked about, in order.
        changes: those that touch it.
        gone: since when people can be called no more.
    """

    versions: tuple[Version, ...]
    changes: tuple[Change, ...]
    gone: Gone

    @property
    def latest(self) -> Version:
        """The last of the versions."""
        return self.versions[-1]

    @property
    def is_there(self) -> bool:
        """Whether the schedule was not removed, as far as the versions tell."""
        return self.latest.holds_until is None

    def version_at(self, at: datetime) -> Version | None:
        """The version that holds at an instant; None: there was no schedule yet, or no longer."""
        for version in self.versions:
            if version.holds_from <= at and (version.holds_until is None or at < version.holds_until):
                return None if version.removed else version
        return None


class LayerAt(msgspec.Struct, frozen=True):
    """
    What one layer says at an instant.

    Attributes:
        wins: whether it is the layer that counts.
    """

    name: str
    turn: Turn
    wins: bool


class OnCall(msgspec.Struct, frozen=True):
    """
    Who is on call at an instant, and why.

    Attributes:
        user_id: None: nobody is, which is a gap.
        since, until: how long it has been and stays this person, or nobody; None: for longer than was looked.
        next_id: who follows; None also when that is nobody.
        layers: what each says, the first layer first.
        changes: those that made it this person, in the order in which they were applied.
        absences: why a layer's person is not there.
    """

    version: Version
    at: datetime
    user_id: UUID | None
    since: datetime | None
    until: datetime | None
    next_id: UUID | None
    layers: tuple[LayerAt, ...]
    changes: tuple[Change, ...]
    absences: tuple[Change, ...]


def on_call(rota: Rota, at: datetime) -> OnCall | None:
    """
    Who is on call at an instant; None: there is no such schedule then.

    Args:
        at: aware UTC.
    """
    version = rota.version_at(at)
    if version is None:
        return None
    plan, moment = version.plan, Span(at, at + _INSTANT)
    [now] = stretches(plan, rota.changes, moment, gone=rota.gone)
    zone = ZoneInfo(plan.time_zone)
    spans = absences(rota.changes)
    layers = tuple(
        LayerAt(layer.name, turns(layer, zone, moment, spans, rota.gone)[0], place == now.layer and not now.changes)
        for place, layer in enumerate(plan.layers)
    )
    by_id = {one.id: one for one in rota.changes}
    since, until, next_id = _extent(rota, now, at)
    return OnCall(
        version=version,
        at=at,
        user_id=now.user_id,
        since=since,
        until=until,
        next_id=next_id,
        layers=layers,
        changes=tuple(by_id[one] for one in now.changes),
        absences=tuple(one for one in rota.changes if one.kind is ChangeKind.ABSENCE and _counts(one, at)),
    )


def line(rota: Rota, look: Span) -> tuple[Stretch, ...]:
    """
    Who is on call over a time, in order; while there is no schedule there is no stretch.

    Stretches of one person end where the schedule was changed, although the person stays.
    """
    return tuple(
        stretch
        for version, part in parts(rota, look)
        for stretch in stretches(version.plan, rota.changes, part, gone=rota.gone)
    )


def layer_lines(rota: Rota, look: Span) -> tuple[tuple[Turn, ...], ...]:
    """What each layer of the schedule as it is now says over a time; absences are counted, other changes are not."""
    plan = rota.latest.plan
    zone, away = ZoneInfo(plan.time_zone), absences(rota.changes)
    return tuple(turns(layer, zone, look, away, rota.gone) for layer in plan.layers)


def gaps(rota: Rota, look: Span) -> tuple[Span, ...]:
    """When nobody is on call, in order; each as long as can be."""
    found: list[Span] = []
    for stretch in line(rota, look):
        if stretch.user_id is None:
            if found and found[-1].end == stretch.start:
                found[-1] = Span(found[-1].start, stretch.end)
            else:
                found.append(Span(stretch.start, stretch.end))
    return tuple(found)


def of_person(found: Iterable[Stretch], user_id: UUID) -> tuple[Span, ...]:
    """The times of one person, in order; each as long as can be."""
    held: list[Span] = []
    for stretch in found:
        if stretch.user_id == user_id:
            if held and held[-1].end == stretch.start:
                held[-1] = Span(held[-1].start, stretch.end)
            else:
                held.append(Span(stretch.start, stretch.end))
    return tuple(held)


def parts(rota: Rota, look: Span) -> Iterator[tuple[Version, Span]]:
    """A time, cut where the schedule was changed; without those parts in which there was none."""
    for version in rota.versions:
        start = max(look.start, version.holds_from)
        end = look.end if version.holds_until is None else min(look.end, version.holds_until)
        if start < end and not version.removed:
            yield version, Span(start, end)


def _extent(rota: Rota, now: Stretch, at: datetime) -> tuple[datetime | None, datetime | None, UUID | None]:
    """Since and until when it is this person, and who follows."""
    since: datetime | None = None
    until: datetime | None = None
    next_id: UUID | None = None
    for reach in _LOOKS:
        if since is not None and until is not None:
            break
        found = line(rota, Span(at - reach, at + reach))
        place = next(number for number, one in enumerate(found) if one.start <= at < one.end)
        since = since or _begin(found[: place + 1], now.user_id, at - reach)
        if until is None:
            until, next_id = _end(found[place:], now.user_id, at + reach)
    return since, until, next_id


def _begin(before: Sequence[Stretch], user_id: UUID | None, edge: datetime) -> datetime | None:
    start = before[-1].start
    for stretch in reversed(before[:-1]):
        if stretch.user_id != user_id or stretch.end != start:
            break
        start = stretch.start
    return start if start > edge else None


def _end(after: Sequence[Stretch], user_id: UUID | None, edge: datetime) -> tuple[datetime | None, UUID | None]:
    end = after[0].end
    for stretch in after[1:]:
        if stretch.start != end:
            return end, None
        if stretch.user_id != user_id:
            return end, stretch.user_id
        end = stretch.end
    return (end if end < edge else None), None


def _counts(change: Change, at: datetime) -> bool:
    part = effective(change, change.span) if holds(change) else None
    return part is not None and part.start <= at < part.end
