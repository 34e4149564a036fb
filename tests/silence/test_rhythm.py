"""What is learned of arrivals: an interval that would not have alarmed, and none of what only comes with trouble."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alertwhisperer.domain.silence import Reason, Rhythm
from alertwhisperer.silence.rhythm import LONGEST, SHORTEST, Learned, learn, learned

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
LONG_AGO = NOON - timedelta(days=30)
MINUTE = 60.0


def heard(
    gaps: Iterable[float],
    *,
    rhythm: Rhythm = Rhythm(),
    firing: bool = False,
    is_heartbeat: bool = False,
    listening_since: datetime | None = LONG_AGO,
) -> Rhythm:
    """What is remembered after arrivals with these gaps in seconds; the first one comes at noon."""
    moment = rhythm.last or NOON
    if rhythm.last is None:
        gaps = (0.0, *gaps)
    for gap in gaps:
        moment += timedelta(seconds=gap)
        rhythm = learn(
            rhythm,
            [moment],
            arrivals=1,
            firing=int(firing),
            is_heartbeat=is_heartbeat,
            listening_since=listening_since,
        )
    return rhythm


def of(rhythm: Rhythm, *, is_heartbeat: bool = False) -> Learned:
    return learned(rhythm, is_heartbeat=is_heartbeat)


def test_twice_the_longest_gap_is_expected_so_that_one_lost_beat_is_no_alarm() -> None:
    assert of(heard([10 * MINUTE] * 18 + [11 * MINUTE])) == Learned(timedelta(minutes=22), Reason.IN_TIME)


@pytest.mark.parametrize(
    ("gaps", "reason"),
    [
        ([10 * MINUTE] * 18, Reason.FEW_BEATS),
        ([2 * MINUTE] * 25, Reason.SHORT_TIME),
        ([10 * MINUTE] * 9 + [90 * MINUTE] + [10 * MINUTE] * 9, Reason.IRREGULAR),
        ([13 * 60 * MINUTE] * 19, Reason.TOO_SLOW),
    ],
)
def test_nothing_is_expected_of_what_has_no_rhythm_yet(gaps: list[float], reason: Reason) -> None:
    assert of(heard(gaps)) == Learned(None, reason)


def test_a_tool_that_sends_when_something_breaks_is_never_expected() -> None:
    assert of(heard([5 * MINUTE] * 200, firing=True)) == Learned(None, Reason.ONLY_ALERTS)
    # Nor do the resolves that end the storm make it regular.
    assert of(heard([5 * MINUTE] * 60, rhythm=heard([5 * MINUTE] * 60, firing=True))).reason is Reason.ONLY_ALERTS


def test_a_heartbeat_needs_few_beats() -> None:
    assert of(heard([MINUTE] * 5, is_heartbeat=True), is_heartbeat=True) == Learned(SHORTEST, Reason.IN_TIME)
    assert of(heard([MINUTE] * 4, is_heartbeat=True), is_heartbeat=True).interval is None


def test_a_burst_is_one_beat() -> None:
    assert of(heard([10 * MINUTE, 1.0, 2.0, 30.0] * 19)) == of(heard([10 * MINUTE + 33.0] * 19))


def test_a_gap_in_which_we_did_not_listen_teaches_nothing() -> None:
    before = heard([10 * MINUTE] * 19)
    assert before.last is not None
    after = heard([3_600 * 5.0], rhythm=before, listening_since=before.last + timedelta(hours=4))
    assert after.gaps == before.gaps
    assert of(after) == of(before)


def test_a_late_return_teaches_nothing_and_three_of_them_mean_another_rhythm() -> None:
    rhythm = heard([10 * MINUTE] * 19)
    for _ in range(2):
        rhythm = heard([60 * MINUTE], rhythm=rhythm)
        assert of(rhythm).interval == timedelta(minutes=20)
    assert of(heard([60 * MINUTE], rhythm=rhythm)).reason is Reason.FEW_BEATS
    calm = heard([60 * MINUTE], rhythm=heard([10 * MINUTE] * 20, rhythm=rhythm))
    assert of(calm).interval == timedelta(minutes=20)


@given(st.lists(st.floats(0, 50_000), max_size=80), st.booleans())
def test_no_gap_that_is_remembered_would_have_alarmed(gaps: list[float], is_heartbeat: bool) -> None:
    rhythm = heard(gaps, is_heartbeat=is_heartbeat)
    found = of(rhythm, is_heartbeat=is_heartbeat)
    if found.interval is not None:
        assert SHORTEST <= found.interval <= LONGEST
        assert all(gap < found.interval.total_seconds() for gap in rhythm.gaps)
    assert len(rhythm.gaps) <= 32
