"""Writes down what was heard: of each check when, and what that says of its rhythm; wakes those that this concerns."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from alertwhisperer.domain.silence import Listening, Mode, NewCheck, SilenceCheck, SilenceState
from alertwhisperer.silence.decide import expectation
from alertwhisperer.silence.rhythm import learn
from alertwhisperer.store import due, silence
from alertwhisperer.store.database import Unit


@dataclass(frozen=True, slots=True)
class Heard:
    """
    What was heard of one check in a short while.

    Attributes:
        check: to begin with, when it is not watched yet.
        first, last: of the arrivals.
        arrivals, firing: how many, and how many of them said that something is wrong; 0 when they teach no rhythm.
    """

    check: NewCheck
    first: datetime
    last: datetime
    arrivals: int
    firing: int


async def write(unit: Unit, heard: Iterable[Heard], *, now: datetime) -> None:
    """Write what was heard of the unit's company."""
    by_id = {one.check.id: one for one in heard}
    listening = await silence.listening(unit.connection)
    for check in (await _watched(unit, by_id, now=now)).values():
        after = after_hearing(check, by_id[check.id], listening)
        await silence.save(unit, after)
        if is_to_be_looked_at(check, after):
            await due.add(unit, due.SILENCE, check.id, due_at=now)


async def _watched(unit: Unit, by_id: Mapping[UUID, Heard], *, now: datetime) -> Mapping[UUID, SilenceCheck]:
    """The checks, locked; made when they are new, as far as there may be more."""
    wanted: Sequence[UUID] = list(by_id)
    found = await silence.lock(unit, wanted)
    new = [one.check for identity, one in by_id.items() if identity not in found]
    if not new:
        return found
    await silence.insert(unit, new, now=now)
    return await silence.lock(unit, wanted)


def after_hearing(check: SilenceCheck, heard: Heard, listening: Listening | None) -> SilenceCheck:
    """The check with what was heard of it; processes may write theirs in any order."""
    rhythm = check.rhythm
    if heard.arrivals:
        rhythm = learn(
            rhythm,
            (heard.first, heard.last),
            arrivals=heard.arrivals,
            firing=heard.firing,
            is_heartbeat=check.is_heartbeat,
            listening_since=None if listening is None else listening.since,
        )
    last = heard.last if check.heard_at is None else max(check.heard_at, heard.last)
    return replace(check, heard_at=last, rhythm=rhythm)


def is_to_be_looked_at(before: SilenceCheck, after: SilenceCheck) -> bool:
    """Whether the next look comes too late: what was silent is heard, or is expected otherwise than before."""
    if after.mode is Mode.OFF:
        return False
    if after.state in (SilenceState.SILENT, SilenceState.WAITING):
        return True
    old, new = expectation(before), expectation(after)
    if after.state is SilenceState.LEARNING or new.interval is None:
        return new.interval is not None or new.reason is not after.reason
    return old.interval is None or new.interval < old.interval
