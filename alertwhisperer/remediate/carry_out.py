"""
Carries out a run that has started: target by target, script by script, and goes on with it after a crash.

Each script is written down before it is sent (`run_act`), and its outcome with the move that follows from it after. So
whoever finds a script without an outcome asks the target what became of it, instead of sending it again. Nobody ever
sends one that may have run: what cannot be found out by the deadline is uncertain, and a person's.

All writes are made under the run's lock by the holder of its newest fence number (`store.runs.hold`).
"""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from hashlib import sha256
from uuid import UUID

import structlog

from alertwhisperer.domain.approval import Plan
from alertwhisperer.domain.audit import AuditAction
from alertwhisperer.domain.company import Scope
from alertwhisperer.domain.errors import Invalid, Permanent
from alertwhisperer.domain.execution import Call, Ending, Outcome, Reach
from alertwhisperer.domain.run import (
    RUNS,
    Act,
    Move,
    Run,
    RunReason,
    RunState,
    SoFar,
    TargetRun,
    TargetState,
    after,
    first,
    goes_no_further,
)
from alertwhisperer.domain.runbook import Phase
from alertwhisperer.executors.contract import Runner
from alertwhisperer.guard.approvals import canonical
from alertwhisperer.kit.clock import Clock
from alertwhisperer.kit.ids import uuid7
from alertwhisperer.remediate.asking import audit_run
from alertwhisperer.remediate.ending import end
from alertwhisperer.remediate.hearing import Hearing
from alertwhisperer.remediate.masking import masked
from alertwhisperer.remediate.means import Means
from alertwhisperer.remediate.plan import call_of, phases_of
from alertwhisperer.store import approvals, brakes, runs
from alertwhisperer.store.database import Database, Unit

PATIENCE = timedelta(minutes=10)
"""How long after a script's own timeout its outcome may stay unknown, and for how long it may still be sent."""
INSISTENCE = timedelta(minutes=2)
"""For how long a probe or an undo is sent again whose target is not reached."""
ASK_AGAIN_S = 2.0
_OVERTIME_S = 120.0
"""After its timeout a runner should have come back; then it is asked as after a crash."""

_CHANGES_NOTHING_YET = (Phase.PRECHECK, Phase.SNAPSHOT, Phase.ACT)
"""Before these a run may still be stopped; verify and undo leave a target in a state that somebody knows."""
_MAY_BE_ENDED = (Phase.PRECHECK, Phase.SNAPSHOT, Phase.ACT, Phase.VERIFY)
"""A script of these is ended when the run is cancelled; an undo is not."""
_LEFT_CHANGED = (RunReason.ACT_UNKNOWN, RunReason.VERIFY_UNKNOWN, RunReason.UNDO_FAILED, RunReason.UNDO_UNKNOWN)
"""Ends after which a person may have to put back by hand what was changed: the snapshot stays."""

_log = structlog.get_logger("remediate")


@dataclass(frozen=True, slots=True)
class Hand:
    """
    One worker's hold on one run.

    Attributes:
        fence: its writes carry this number, and are refused once another worker has a newer one.
        cancelled: set when somebody wants the run to end.
    """

    database: Database
    means: Means
    clock: Clock
    scope: Scope
    run_id: UUID
    fence: int
    cancelled: asyncio.Event = field(default_factory=asyncio.Event)


@dataclass(frozen=True, slots=True)
class _Sending:
    """A script that was written down, and is to be sent, or looked for where `may_be_there`."""

    act: Act
    call: Call
    reach: Reach
    may_be_there: bool


@dataclass(frozen=True, slots=True)
class _Came:
    """What came of it; `stopped` where it was not sent because something stopped the run."""

    outcome: Outcome
    stopped: RunReason | None = None


async def carry_out(hand: Hand) -> None:
    """
    Carry a started run out to its end.

    Raises:
        Lost: another worker has it in hand; nothing more may be written.
        Temporary: the database is not there; what was begun is found again later.
    """
    async with hand.database.unit_of_work(hand.scope) as unit:
        run = await runs.read(unit, hand.run_id)
        if run is None or run.state is not RunState.RUNNING:
            return
        approval = await approvals.read(unit, run.approval_id)
    if approval is None:
        raise Permanent("a run has no approval")
    plan = canonical.decode(approval.encoded)
    # Those that were under way come first, or more than `at_once` would be.
    order = sorted(run.targets, key=lambda one: (one.state not in RUNS, one.place))
    places = iter([one.place for one in order if not one.state.is_over])
    lanes = [asyncio.create_task(_lane(hand, plan, places)) for _ in range(run.at_once)]
    try:
        await asyncio.gather(*lanes)
    finally:
        for lane in lanes:
            lane.cancel()
        await asyncio.gather(*lanes, return_exceptions=True)


async def _lane(hand: Hand, plan: Plan, places: Iterator[int]) -> None:
    for place in places:
        while await _step(hand, plan, place):
            pass


async def _step(hand: Hand, plan: Plan, place: int) -> bool:
    """One script on one target, or its refusal; False when the target has ended."""
    async with hand.database.unit_of_work(hand.scope) as unit:
        now = hand.clock.now()
        await brakes.pass_by(unit)  # before the run is locked, as whoever starts one does
        run = await runs.hold(unit, hand.run_id, hand.fence)
        target = run.targets[place]
        if target.state.is_over:
            return False
        if target.state is TargetState.READY:
            stopped = await _why_stopped(unit, run, now=now)
            move = first(phases_of(plan)) if stopped is None else Move(TargetState.CANCELLED, stopped)
            await _moved(unit, hand.means, run, target, move, now=now)
            return True
        sending = await _sending(unit, hand, plan, run, target, now=now)
    if sending is None:
        return True
    came = await (_found(hand, sending) if sending.may_be_there else _sent(hand, sending))
    await _settle(hand, plan, place, sending, came)
    return True


async def _sending(
    unit: Unit, hand: Hand, plan: Plan, run: Run, target: TargetRun, *, now: datetime
) -> _Sending | None:
    """The script that a target's state runs, written down; None when the target was moved instead."""
    phase = RUNS[target.state]
    act = await runs.act_of(unit, run.id, target.asset_id, phase)
    if act is None and phase in _CHANGES_NOTHING_YET:
        stopped = await _why_stopped(unit, run, besides=target, now=now)
        if stopped is not None:
            await _moved(unit, hand.means, run, target, Move(TargetState.CANCELLED, stopped), now=now)
            return None
    try:
        reach = await _reach(unit, hand.means, plan, target)
    except (Invalid, Permanent) as failure:
        await _unreachable(unit, hand, run, target, act, phase, str(failure), now=now)
        return None
    fresh = act is None
    if act is None:
        act = Act(uuid7(now), run.id, target.asset_id, phase, now)
        await runs.begin_act(unit, act)
        if phase is not Phase.SNAPSHOT:  # what a snapshot says is for the undo alone
            await runs.put_so_far(unit, act, SoFar(reach.executor, now), hand.fence)
    snapshot = await runs.snapshot(unit, run.id, target.asset_id) or b"" if phase is Phase.UNDO else None
    return _Sending(act, call_of(run, plan, act, snapshot), reach, not fresh)


async def _why_stopped(unit: Unit, run: Run, *, besides: TargetRun | None = None, now: datetime) -> RunReason | None:
    """Why nothing more may be changed; the caller has passed by the brakes, so one that is answered as set is seen."""
    if run.cancelled_by:
        return RunReason.CANCELLED
    holding = await brakes.read(unit, now=now)
    if holding.switches:
        return RunReason.STOPPED
    if holding.frozen(now) is not None:
        return RunReason.FROZEN
    others = [one for one in run.targets if one is not besides]
    return goes_no_further(others, stop_at_failed_pct=run.stop_at_failed_pct)


async def _reach(unit: Unit, means: Means, plan: Plan, target: TargetRun) -> Reach:
    """How a target is reached now, if that still is what was approved; raises `Invalid`."""
    approved = next(one for one in plan.targets if one.id == str(target.asset_id))
    now, credential_id = await means.target_of(unit, target.asset_id)
    if replace(now, credential_id=approved.credential_id) != approved or credential_id != plan.credential_of(approved):
        raise Invalid("it is not reached any more as it was approved")
    reach = await means.reach_of(unit, target.asset_id)
    if reach.executor not in means.runners:
        raise Invalid(f"this version has no executor {reach.executor!r}")
    return reach


async def _unreachable(
    unit: Unit, hand: Hand, run: Run, target: TargetRun, act: Act | None, phase: Phase, said: str, *, now: datetime
) -> None:
    """The way to a target is gone, or is another: what was sent there is unknown, what was not is not sent."""
    if act is not None:
        outcome = Outcome(Ending.UNCERTAIN, f"The target cannot be asked: {said}")
        await runs.settle_act(unit, act, outcome, now=now)
        move = after(target.state, outcome, ())
    elif phase is Phase.VERIFY:
        move = Move(TargetState.UNCERTAIN, RunReason.VERIFY_UNKNOWN)
    elif phase is Phase.UNDO:
        move = Move(TargetState.FAILED, RunReason.UNDO_FAILED)
    else:
        move = Move(TargetState.CANCELLED, RunReason.TARGET_CHANGED)
    act_id = None if act is None else act.id
    await _moved(unit, hand.means, run, target, move, said=said, act_id=act_id, now=now)


# ------------------------------------------------------------------------------------------------ outside


async def _sent(hand: Hand, sending: _Sending) -> _Came:
    """
    Send a script that was never sent.

    A probe or an undo that certainly never came there is sent again for a while: a line that is down for a moment must
    not leave a target that was changed. Anything else that was not begun leaves a target as it was, so it may rest.
    """
    while True:
        came = await _sent_once(hand, sending)
        is_late = hand.clock.now() >= sending.act.begun_at + INSISTENCE
        if came.outcome.ending is not Ending.NOT_STARTED or sending.act.phase in _CHANGES_NOTHING_YET or is_late:
            return came
        await hand.clock.sleep(ASK_AGAIN_S)


async def _sent_once(hand: Hand, sending: _Sending) -> _Came:
    """Whatever happens to us meanwhile, the target is asked, not told again."""
    runner, reach, act = hand.means.runners[sending.reach.executor], sending.reach, sending.act
    hearing = Hearing(hand.database, hand.clock, hand.scope, act, reach.executor, hand.fence, reach.secrets.values())
    heard = _unheard if act.phase is Phase.SNAPSHOT else hearing.hear
    beside = [
        asyncio.create_task(_end_when_cancelled(hand, runner, sending)),
        asyncio.create_task(hearing.write()),
    ]
    try:
        async with asyncio.timeout(sending.call.timeout_s + _OVERTIME_S):
            return _Came(await runner.run(reach, sending.call, heard))
    except TimeoutError:
        _log.warning("run.overtime", run=str(hand.run_id), act=str(sending.act.id))
    except Exception as failure:  # noqa: BLE001 - a bug in an executor must not leave a target unknown for ever
        _log.error("run.executor_broken", run=str(hand.run_id), act=str(sending.act.id), exc_info=failure)
    finally:
        for one in beside:
            one.cancel()
        await asyncio.gather(*beside, return_exceptions=True)
    return await _found(hand, sending, send=False)


async def _found(hand: Hand, sending: _Sending, *, send: bool = True) -> _Came:
    """
    What became of a script that may have been sent.

    Args:
        send: whether it may be sent when it certainly never was; the target itself refuses a second one.
    """
    runner, act, call = hand.means.runners[sending.reach.executor], sending.act, sending.call
    deadline = act.begun_at + timedelta(seconds=call.timeout_s) + PATIENCE
    while True:
        outcome = await _asked(hand, runner, sending)
        late = hand.clock.now() >= deadline
        if outcome is not None and outcome.ending is Ending.NOT_STARTED and send and not late:
            stopped = await _stopped_since(hand, sending)
            return await _sent(hand, sending) if stopped is None else _Came(outcome, stopped)
        if outcome is not None:
            return _Came(outcome)
        if late:
            until = f"{deadline:%Y-%m-%d %H:%M:%S} UTC"
            return _Came(Outcome(Ending.UNCERTAIN, f"The target could not be asked until {until}."))
        await hand.clock.sleep(ASK_AGAIN_S)


async def _asked(hand: Hand, runner: Runner, sending: _Sending) -> Outcome | None:
    try:
        async with asyncio.timeout(sending.call.timeout_s + _OVERTIME_S):
            return await runner.find(sending.reach, sending.call)
    except TimeoutError:
        return None
    except Exception as failure:  # noqa: BLE001 - as above: the deadline ends it
        _log.error("run.executor_broken", run=str(hand.run_id), act=str(sending.act.id), exc_info=failure)
        return None


async def _stopped_since(hand: Hand, sending: _Sending) -> RunReason | None:
    """Why a script that a crash kept from being sent is not sent any more; None when it may be."""
    async with hand.database.unit_of_work(hand.scope) as unit:
        await brakes.pass_by(unit)
        run = await runs.hold(unit, hand.run_id, hand.fence)
        if sending.act.phase not in _CHANGES_NOTHING_YET:
            return None
        target = next(one for one in run.targets if one.asset_id == sending.act.asset_id)
        return await _why_stopped(unit, run, besides=target, now=hand.clock.now())


async def _end_when_cancelled(hand: Hand, runner: Runner, sending: _Sending) -> None:
    if sending.act.phase not in _MAY_BE_ENDED:
        return
    await hand.cancelled.wait()
    try:
        await runner.cancel(sending.reach, sending.call)
    except Exception as failure:  # noqa: BLE001 - the script ends by itself then, at its timeout
        _log.error("run.executor_broken", run=str(hand.run_id), act=str(sending.act.id), exc_info=failure)


def _unheard(_: bytes, __: bytes) -> None:
    """Nobody may watch; what the undo needs of it is stored when it ends."""


# ------------------------------------------------------------------------------------------------ after


async def _settle(hand: Hand, plan: Plan, place: int, sending: _Sending, came: _Came) -> None:
    act = sending.act
    kept = masked(came.outcome, sending.reach.secrets.values())
    if act.phase is Phase.SNAPSHOT:
        kept = replace(kept, stdout=b"")  # the undo needs it as it is, so it is kept elsewhere and never shown
    async with hand.database.unit_of_work(hand.scope) as unit:
        now = hand.clock.now()
        run = await runs.hold(unit, hand.run_id, hand.fence)
        target = run.targets[place]
        await runs.settle_act(unit, act, kept, now=now)
        if act.phase is Phase.SNAPSHOT:
            await runs.keep_snapshot(unit, run.id, act.asset_id, came.outcome.stdout)
        detail = {
            "asset": str(act.asset_id),
            "phase": act.phase.value,
            "act": str(act.id),
            "ending": kept.ending.value,
            "exit_code": kept.exit_code,
            "stdout_sha256": sha256(kept.stdout).hexdigest(),
            "stderr_sha256": sha256(kept.stderr).hexdigest(),
            "reference": kept.reference,
        }
        await audit_run(unit, AuditAction.RUN_ACTED, run, detail, reason=kept.reason, now=now)
        move = after(target.state, came.outcome, phases_of(plan))
        if came.stopped is not None:
            move = Move(TargetState.CANCELLED, came.stopped)
        await _moved(unit, hand.means, run, target, move, said=kept.reason, act_id=act.id, now=now)


async def _moved(
    unit: Unit,
    means: Means,
    run: Run,
    target: TargetRun,
    move: Move,
    *,
    said: str = "",
    act_id: UUID | None = None,
    now: datetime,
) -> None:
    run = await runs.move_target(unit, run, target, move, said=said, act_id=act_id, now=now)
    if move.to.is_over and move.reason not in _LEFT_CHANGED:
        await runs.drop_snapshot(unit, run.id, target.asset_id)
    if all(one.state.is_over for one in run.targets):
        await end(unit, means, run, now=now)
