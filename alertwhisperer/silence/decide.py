"""
Decides whether something is silent: pure, from a check, when we listened, and now, to its state with the reason.

Silence proves something only while we listen: an interval begins anew when this installation comes back, and nothing
is silent while nobody is known to listen. What is silent stays so until it is heard again, whatever happens to us.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from alertwhisperer.domain.silence import Listening, Mode, Reason, SilenceCheck, SilenceState
from alertwhisperer.silence.rhythm import Learned, learned

DEAF_AFTER = timedelta(seconds=30)
"""Without a sign of any server process for so long, nobody listened; processes give one every few seconds."""
_LOOK_AGAIN = timedelta(seconds=5)


@dataclass(frozen=True, slots=True)
class Verdict:
    """
    How a check stands.

    Attributes:
        due: when to look again if nothing is heard; None: there is nothing to wait for.
        quiet_since: of what is silent: nothing was heard after this.
    """

    state: SilenceState
    reason: Reason
    due: datetime | None = None
    quiet_since: datetime | None = None


def decide(check: SilenceCheck, listening: Listening | None, *, now: datetime) -> Verdict:
    """
    How a check stands now.

    Args:
        listening: None when no server process has run yet.
    """
    if not check.in_use:
        return Verdict(SilenceState.OFF, Reason.REMOVED)
    if check.mode is Mode.OFF:
        return Verdict(SilenceState.OFF, Reason.TURNED_OFF)
    if check.state is SilenceState.SILENT and not _returned(check):
        return Verdict(SilenceState.SILENT, Reason.OVERDUE, None, check.quiet_since)
    expected = expectation(check)
    if expected.interval is None:
        return Verdict(SilenceState.LEARNING, expected.reason)
    state, reason = SilenceState.HEARD, Reason.IN_TIME
    if check.heard_at is None:
        state, reason = SilenceState.WAITING, Reason.NOT_HEARD_YET
    if listening is None or now - listening.seen_at > DEAF_AFTER:
        return Verdict(state, Reason.NOT_LISTENING, now + _LOOK_AGAIN)
    deadline = _deadline(check, expected.interval, listening)
    if now < deadline:
        return Verdict(state, reason, deadline)
    return Verdict(SilenceState.SILENT, Reason.OVERDUE, None, quiet_since(check))


def expectation(check: SilenceCheck) -> Learned:
    """How often it must be heard, set or learned."""
    if check.mode is Mode.SET and check.interval_s is not None:
        return Learned(timedelta(seconds=check.interval_s), Reason.IN_TIME)
    return learned(check.rhythm, is_heartbeat=check.is_heartbeat)


def expected_by(check: SilenceCheck, listening: Listening | None) -> datetime | None:
    """When it will be silent if nothing is heard; None when nothing is expected, or it is silent already."""
    expected = expectation(check)
    waits = check.in_use and check.mode is not Mode.OFF and check.state is not SilenceState.SILENT
    if not waits or expected.interval is None or listening is None:
        return None
    return _deadline(check, expected.interval, listening)


def quiet_since(check: SilenceCheck) -> datetime:
    """When it was last heard, or first expected if that was later."""
    return check.expected_since if check.heard_at is None else max(check.heard_at, check.expected_since)


def settled(check: SilenceCheck, verdict: Verdict, *, now: datetime) -> SilenceCheck:
    """The check as it stands after a verdict; `told` turns false when our alert must say something else."""
    if verdict.state is check.state:
        return replace(check, reason=verdict.reason)
    silent = verdict.state is SilenceState.SILENT
    episode = now if silent else check.episode
    return replace(
        check,
        state=verdict.state,
        reason=verdict.reason,
        quiet_since=verdict.quiet_since,
        changed_at=now,
        episode=episode,
        told=episode is None,
    )


def begun_anew(check: SilenceCheck, *, now: datetime) -> SilenceCheck:
    """The check after a person changed what is expected: nothing was expected before, and a silence is over."""
    if check.state is not SilenceState.SILENT:
        return replace(check, expected_since=now)
    return replace(
        check,
        expected_since=now,
        state=SilenceState.WAITING,
        reason=Reason.NOT_HEARD_YET,
        quiet_since=None,
        changed_at=now,
        told=check.episode is None,
    )


def _returned(check: SilenceCheck) -> bool:
    """Whether a silent one was heard after its silence began."""
    if check.heard_at is None:
        return False
    return check.quiet_since is None or check.heard_at > check.quiet_since


def _deadline(check: SilenceCheck, interval: timedelta, listening: Listening) -> datetime:
    return max(quiet_since(check), listening.since) + interval + check.grace
