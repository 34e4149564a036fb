"""
Learns how often something is heard: pure, from arrivals to the interval that may be expected, or why none may.

Only what comes whether or not something breaks has a rhythm. A tool that sends when something breaks is silent when
all is well, and its repeats end with their alert, however regular they were; so arrivals that fire teach nothing.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median

import msgspec

from alertwhisperer.domain.silence import Reason, Rhythm

FEWEST_BEATS = 20
FEWEST_HEARTBEATS = 6  # sent in order to be heard, so five equal gaps are enough
SHORTEST_TIME = timedelta(hours=1)
SHORTEST = timedelta(minutes=5)
LONGEST = timedelta(hours=24)
_SAME_BEAT_S = 60.0  # a burst is one beat
_MOST_GAPS = 32
_FACTOR = 2.0  # one beat may be lost on the way without an alarm
_SPREAD = 3.0  # of the longest gap over the middle one: beyond it there is no rhythm
_FIRING_SHARE = 0.25
_MOST_ARRIVALS = 1_000  # then the counts are halved, so that what was long ago fades
_MOST_LATE = 3  # then the rhythm has changed, and is learned anew
_CALM = 20


@dataclass(frozen=True, slots=True)
class Learned:
    """What may be expected; `reason` says why nothing may when `interval` is None."""

    interval: timedelta | None
    reason: Reason


def learned(rhythm: Rhythm, *, is_heartbeat: bool) -> Learned:
    """The interval that a rhythm allows to expect: twice the longest gap, from 5 minutes to 24 hours."""
    gaps = rhythm.gaps
    if len(gaps) + 1 < (FEWEST_HEARTBEATS if is_heartbeat else FEWEST_BEATS):
        return Learned(None, Reason.FEW_BEATS)
    if not is_heartbeat:
        assert rhythm.since is not None and rhythm.last is not None  # noqa: S101, PT018 - there are gaps
        if rhythm.last - rhythm.since < SHORTEST_TIME:
            return Learned(None, Reason.SHORT_TIME)
        if rhythm.firing > rhythm.arrivals * _FIRING_SHARE:
            return Learned(None, Reason.ONLY_ALERTS)
    longest = max(gaps)
    if longest > _SPREAD * median(gaps):
        return Learned(None, Reason.IRREGULAR)
    interval = max(SHORTEST, timedelta(seconds=_FACTOR * longest))
    # Not cut to the longest: an interval below the gaps that were seen would alarm at each of them.
    return Learned(None, Reason.TOO_SLOW) if interval > LONGEST else Learned(interval, Reason.IN_TIME)


def learn(
    rhythm: Rhythm,
    moments: Iterable[datetime],
    *,
    arrivals: int,
    firing: int,
    is_heartbeat: bool,
    listening_since: datetime | None,
) -> Rhythm:
    """
    The rhythm with what was heard lately.

    Args:
        moments: of arrivals, oldest first; of many in a few seconds the first and the last will do.
        arrivals, firing: how many these were, and how many of them said that something is wrong.
        listening_since: a gap that began before it may be our own; None when we do not know.
    """
    for moment in moments:
        rhythm = _beat(rhythm, moment, is_heartbeat, listening_since)
    total, firing = rhythm.arrivals + arrivals, rhythm.firing + firing
    if total > _MOST_ARRIVALS:
        total, firing = total // 2, firing // 2
    return msgspec.structs.replace(rhythm, arrivals=total, firing=firing)


def _beat(rhythm: Rhythm, moment: datetime, is_heartbeat: bool, listening_since: datetime | None) -> Rhythm:
    last = rhythm.last
    if last is None:
        return msgspec.structs.replace(rhythm, since=moment, last=moment)
    gap_s = (moment - last).total_seconds()
    if gap_s < _SAME_BEAT_S:
        return rhythm
    if listening_since is None or listening_since > last:
        return msgspec.structs.replace(rhythm, last=moment)
    expected = learned(rhythm, is_heartbeat=is_heartbeat).interval
    if expected is not None and gap_s > expected.total_seconds():
        if rhythm.late + 1 >= _MOST_LATE:
            return Rhythm(since=moment, last=moment, arrivals=rhythm.arrivals, firing=rhythm.firing)
        return msgspec.structs.replace(rhythm, last=moment, late=rhythm.late + 1, calm=0)
    calm = rhythm.calm + 1 if rhythm.late else 0
    return msgspec.structs.replace(
        rhythm,
        last=moment,
        gaps=(*rhythm.gaps, gap_s)[-_MOST_GAPS:],
        late=0 if calm >= _CALM else rhythm.late,
        calm=0 if calm >= _CALM else calm,
    )
