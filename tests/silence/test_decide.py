"""The pure core of silence: never before the deadline, always at it, never because of our own downtime."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alertwhisperer.domain.company import CompanyId
from alertwhisperer.domain.severity import Severity
from alertwhisperer.domain.silence import Listening, Mode, Reason, Rhythm, SilenceCheck, SilenceState
from alertwhisperer.silence.decide import DEAF_AFTER, begun_anew, decide, expected_by, settled

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)
ALWAYS = Listening(NOON - timedelta(days=30), NOON)


def at(seconds: float) -> datetime:
    """So many seconds after noon."""
    return NOON + timedelta(seconds=seconds)


def listening(since: datetime, seen: datetime) -> Listening:
    return Listening(since, seen)


def check(
    *,
    mode: Mode = Mode.SET,
    interval_s: int | None = 300,
    grace_s: int = 60,
    heard_at: datetime | None = NOON,
    state: SilenceState = SilenceState.HEARD,
) -> SilenceCheck:
    """A check that was set long ago and heard at noon."""
    return SilenceCheck(
        company_id=CompanyId(UUID(int=1)),
        id=UUID(int=2),
        integration_id=UUID(int=2),
        problem=None,
        is_heartbeat=False,
        name="Zabbix",
        integration="Zabbix",
        in_use=True,
        mode=mode,
        interval_s=interval_s,
        grace_s=grace_s,
        severity=Severity.HIGH,
        state=state,
        reason=Reason.IN_TIME,
        heard_at=heard_at,
        expected_since=NOON - timedelta(days=1),
        quiet_since=None,
        changed_at=NOON - timedelta(days=1),
        episode=None,
        told=True,
        rhythm=Rhythm(),
        created_at=NOON - timedelta(days=1),
    )


def silent(one: SilenceCheck, now: datetime) -> SilenceCheck:
    """The check, found silent."""
    found = settled(one, decide(one, listening(ALWAYS.since, now), now=now), now=now)
    assert found.state is SilenceState.SILENT
    return found


def test_it_is_silent_at_interval_plus_grace_and_not_before() -> None:
    before, after = (decide(check(), listening(ALWAYS.since, at(s)), now=at(s)) for s in (359.999, 360))
    assert (before.state, before.reason, before.due) == (SilenceState.HEARD, Reason.IN_TIME, at(360))
    assert (after.state, after.reason, after.quiet_since) == (SilenceState.SILENT, Reason.OVERDUE, NOON)


def test_what_was_never_heard_is_expected_from_the_moment_it_was_set() -> None:
    fresh = replace(check(heard_at=None), expected_since=NOON)
    waiting = decide(fresh, ALWAYS, now=NOON)
    assert (waiting.state, waiting.reason, waiting.due) == (SilenceState.WAITING, Reason.NOT_HEARD_YET, at(360))
    assert decide(fresh, listening(ALWAYS.since, at(360)), now=at(360)).state is SilenceState.SILENT


def test_the_interval_begins_anew_when_we_listen_again() -> None:
    back = listening(at(3_600), at(3_600))
    verdict = decide(check(), back, now=at(3_600))
    assert (verdict.state, verdict.due) == (SilenceState.HEARD, at(3_960))


@pytest.mark.parametrize("deaf", [None, listening(ALWAYS.since, at(3_600) - DEAF_AFTER - SECOND)])
def test_nothing_is_silent_while_nobody_is_known_to_listen(deaf: Listening | None) -> None:
    verdict = decide(check(), deaf, now=at(3_600))
    assert (verdict.state, verdict.reason) == (SilenceState.HEARD, Reason.NOT_LISTENING)
    assert verdict.due is not None
    assert at(3_600) < verdict.due < at(3_610)


def test_a_silence_outlives_our_restart_and_ends_when_it_is_heard() -> None:
    gone = silent(check(), at(360))
    back = listening(at(400), at(400))
    assert decide(gone, back, now=at(400)).state is SilenceState.SILENT
    heard = replace(gone, heard_at=at(401))
    assert decide(heard, back, now=at(402)).state is SilenceState.HEARD
    ended = settled(heard, decide(heard, back, now=at(402)), now=at(402))
    assert (ended.told, ended.episode, ended.quiet_since) == (False, at(360), None)


@pytest.mark.parametrize(
    ("change", "state", "reason"),
    [
        ({"mode": Mode.OFF}, SilenceState.OFF, Reason.TURNED_OFF),
        ({"in_use": False}, SilenceState.OFF, Reason.REMOVED),
        ({"mode": Mode.LEARNED, "interval_s": None}, SilenceState.SILENT, Reason.OVERDUE),
    ],
)
def test_off_ends_a_silence_and_a_restart_of_learning_alone_does_not(
    change: dict[str, object], state: SilenceState, reason: Reason
) -> None:
    changed = replace(silent(check(), at(360)), **change)  # type: ignore[arg-type]
    verdict = decide(changed, listening(ALWAYS.since, at(400)), now=at(400))
    assert (verdict.state, verdict.reason) == (state, reason)


def test_a_persons_change_ends_a_silence_and_begins_the_interval_anew() -> None:
    anew = begun_anew(replace(silent(check(), at(360)), interval_s=600), now=at(400))
    assert (anew.state, anew.told, anew.episode) == (SilenceState.WAITING, False, at(360))
    assert decide(anew, listening(ALWAYS.since, at(400)), now=at(400)).due == at(400 + 660)


def test_a_second_silence_is_told_again() -> None:
    first = silent(check(), at(360))
    told = replace(first, told=True)
    back = replace(told, heard_at=at(500))
    heard = settled(back, decide(back, listening(ALWAYS.since, at(500)), now=at(500)), now=at(500))
    again = silent(replace(heard, told=True, episode=None), at(900))
    assert (again.told, again.episode, again.quiet_since) == (False, at(900), at(500))


# ------------------------------------------------------------------------------------------------ by machine

_seconds = st.integers(min_value=-86_400, max_value=86_400)


@given(
    interval_s=st.integers(30, 86_400),
    grace_s=st.integers(0, 3_600),
    heard=st.none() | _seconds,
    expected=_seconds,
    since=_seconds,
    now=_seconds,
)
def test_silent_exactly_when_a_whole_interval_of_listening_brought_nothing(
    interval_s: int, grace_s: int, heard: int | None, expected: int, since: int, now: int
) -> None:
    one = replace(
        check(interval_s=interval_s, grace_s=grace_s, heard_at=None if heard is None else at(heard)),
        expected_since=at(expected),
    )
    heard_us = listening(at(since), at(now))
    verdict = decide(one, heard_us, now=at(now))
    quiet_from = max(expected, since, expected if heard is None else heard)
    assert (verdict.state is SilenceState.SILENT) == (now >= quiet_from + interval_s + grace_s)
    # Whoever looks when it is due finds it silent if nothing was heard: nothing is noticed late.
    if verdict.due is not None:
        assert verdict.due > at(now)
        assert verdict.due == expected_by(one, heard_us)
        assert decide(one, listening(at(since), verdict.due), now=verdict.due).state is SilenceState.SILENT


@given(
    beats=st.lists(st.integers(1, 359), max_size=20),
    downtimes=st.lists(st.tuples(st.integers(0, 5_000), st.integers(31, 4_000)), max_size=3),
)
def test_what_beats_in_time_is_never_silent_whatever_happens_to_us(
    beats: list[int], downtimes: list[tuple[int, int]]
) -> None:
    """A sender that keeps its interval; we lose what it sends while we are down, and look every 5 seconds else."""
    down = {second for start, length in downtimes for second in range(start, start + length)}
    sent: set[int] = set()
    moment = 0
    while moment < 9_000:
        for gap in beats or [300]:
            moment += gap
            sent.add(moment)
    one, ear = check(), Listening(at(0), at(0))
    for now in range(9_000):
        if now in down:
            continue
        if now in sent:
            one = replace(one, heard_at=at(now))
        if now % 5 == 0:
            since = at(now) if at(now) - ear.seen_at > DEAF_AFTER else ear.since
            ear = Listening(since, at(now))
            verdict = decide(one, ear, now=at(now))
            assert verdict.state is SilenceState.HEARD, (now, verdict)
