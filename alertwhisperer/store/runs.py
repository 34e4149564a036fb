"""
Runs with their targets, scripts and steps.

Everything of a run is written by whoever holds its row under lock and, once it is under way, its newest fence number
(`hold`). The database refuses moves that `domain/run.py` does not know, and a second outcome of an act.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

import asyncpg

from alertwhisperer.domain.approval import Risk
from alertwhisperer.domain.company import CompanyId
from alertwhisperer.domain.errors import Conflicting
from alertwhisperer.domain.execution import Ending, Outcome
from alertwhisperer.domain.live import ChangeKind
from alertwhisperer.domain.run import (
    Act,
    HealState,
    Move,
    Run,
    RunReason,
    RunState,
    SoFar,
    Step,
    TargetRun,
    TargetState,
)
from alertwhisperer.domain.runbook import Phase, Shell
from alertwhisperer.kit.ids import floor_at, uuid7
from alertwhisperer.store import due, live
from alertwhisperer.store.database import Connection, Unit, queries

MOST_SHOWN = 10_000
"""Acts, steps, and targets of one page of runs that are read at once; a run has some hundreds at most."""
LONGEST_SAID = 2_000

_sql = queries("runs")


class Lost(Exception):
    """Another worker has the run in hand; whoever meets this writes nothing and lets go."""


@dataclass(frozen=True, slots=True)
class Told:
    """A step for an incident's timeline, with what it is about and the end of its script's output."""

    step: Step
    title: str
    runbook: str
    name: str
    phase: Phase | None
    exit_code: int | None
    stdout: bytes
    stderr: bytes


@dataclass(frozen=True, slots=True)
class RunFilter:
    """
    Which runs; what is None takes all.

    Attributes:
        runbook: its slug.
        since: asked for at or after; aware UTC.
    """

    state: RunState | None = None
    incident_id: UUID | None = None
    runbook: str | None = None
    since: datetime | None = None

    @property
    def floor(self) -> UUID | None:
        """The least id that a run asked for since then can have."""
        return None if self.since is None else floor_at(self.since)


@dataclass(frozen=True, slots=True)
class Past:
    """How an earlier run ended on a target; `healing` where it was of an incident that it healed."""

    state: TargetState
    reason: RunReason
    healing: HealState | None


async def insert(unit: Unit, run: Run) -> None:
    """
    Plan a run.

    Raises:
        Conflicting: the same runbook is under way on one of the targets; the transaction is of no use any more.
    """
    await _sql.insert(
        unit.connection,
        company_id=unit.company_id,
        run_id=run.id,
        approval_id=run.approval_id,
        incident_id=run.incident_id,
        runbook=run.runbook,
        version=run.version,
        title=run.title,
        risk=run.risk.value,
        shell=run.shell.value,
        by_itself=run.by_itself,
        signature=run.signature,
        at_once=run.at_once,
        stop_at_failed_pct=run.stop_at_failed_pct,
        state=run.state.value,
        reason=run.reason.value,
        requested_by=run.requested_by,
        requested_at=run.requested_at,
    )
    try:
        await _sql.insert_targets(
            unit.connection,
            company_id=unit.company_id,
            run_id=run.id,
            runbook=run.runbook,
            state=run.targets[0].state.value,
            reason=run.targets[0].reason.value,
            at=run.requested_at,
            places=[one.place for one in run.targets],
            asset_ids=[one.asset_id for one in run.targets],
            names=[one.name for one in run.targets],
        )
    except asyncpg.UniqueViolationError as failure:
        raise already_under_way(run.runbook) from failure
    await _tell(unit, run, now=run.requested_at)


def already_under_way(runbook: str) -> Conflicting:
    """The answer where a runbook is under way on a target already."""
    return Conflicting(
        f"{runbook} waits or runs on one of these targets already",
        where="targets",
        mend="wait for its end, or cancel it",
    )


async def read(unit: Unit, run_id: UUID) -> Run | None:
    """One run with its targets; None when the company has none of this id."""
    return await _whole(unit, await _sql.read(unit.connection, company_id=unit.company_id, run_id=run_id))


async def of_approval(unit: Unit, approval_id: UUID) -> UUID | None:
    """The run that an approval is about; None when it is about something else."""
    found: UUID | None = await _sql.of_approval(unit.connection, company_id=unit.company_id, approval_id=approval_id)
    return found


async def lock(unit: Unit, run_id: UUID) -> Run | None:
    """The same as `read`; nobody else writes anything of it until the unit ends."""
    return await _whole(unit, await _sql.lock(unit.connection, company_id=unit.company_id, run_id=run_id))


async def take(unit: Unit, run_id: UUID) -> int:
    """Take a run in hand; gives the number that its writes must carry from now on."""
    fence: int = await _sql.take(unit.connection, company_id=unit.company_id, run_id=run_id)
    return fence


async def hold(unit: Unit, run_id: UUID, fence: int) -> Run:
    """The same as `lock`, for who has it in hand; raises `Lost` when another took it."""
    run = await lock(unit, run_id)
    if run is None or run.fence != fence:
        raise Lost
    return run


async def page(unit: Unit, wanted: RunFilter, *, limit: int, before: UUID | None = None) -> tuple[Run, ...]:
    """Runs, newest first, from the one after `before`."""
    rows = [
        row
        async for row in _sql.page(
            unit.connection,
            company_id=unit.company_id,
            state=None if wanted.state is None else wanted.state.value,
            incident_id=wanted.incident_id,
            runbook=wanted.runbook,
            since=wanted.since,
            floor=wanted.floor,
            limit=limit,
            before=before,
        )
    ]
    return await _with_targets(unit, rows)


async def among(unit: Unit, run_ids: Sequence[UUID]) -> tuple[Run, ...]:
    """Those of the runs that the company has, newest first."""
    found = _sql.among(unit.connection, company_id=unit.company_id, run_ids=list(run_ids), limit=len(run_ids))
    return await _with_targets(unit, [row async for row in found])


async def company_of(connection: Connection, companies: Sequence[CompanyId], run_id: UUID) -> CompanyId | None:
    """Which of these companies has a run of this id."""
    found = await _sql.company_of(connection, companies=list(companies), run_id=run_id)
    return None if found is None else CompanyId(found)


async def move_run(unit: Unit, run: Run, to: RunState, reason: RunReason, *, said: str = "", now: datetime) -> Run:
    """A run as a whole comes to stand somewhere else; gives it as it is then. The caller holds it."""
    await _sql.move_run(
        unit.connection,
        company_id=unit.company_id,
        run_id=run.id,
        state=to.value,
        reason=reason.value,
        started_at=now if to is RunState.RUNNING else None,
        ended_at=now if to.is_over else None,
    )
    step = Step(uuid7(now), run.id, None, now, run.state.value, to.value, reason, unit.scope.actor, said)
    await _insert_step(unit, run, step)
    await _tell(unit, run, now=now)
    started = now if to is RunState.RUNNING and run.started_at is None else run.started_at
    return replace(run, state=to, reason=reason, started_at=started, ended_at=now if to.is_over else None)


async def move_target(
    unit: Unit, run: Run, target: TargetRun, move: Move, *, said: str = "", act_id: UUID | None = None, now: datetime
) -> Run:
    """A run comes to stand somewhere else on one target; gives the run as it is then. The caller holds it."""
    said = said[:LONGEST_SAID]
    await _sql.move_target(
        unit.connection,
        company_id=unit.company_id,
        run_id=run.id,
        place=target.place,
        state=move.to.value,
        reason=move.reason.value,
        said=said,
        at=now,
    )
    step = Step(
        uuid7(now),
        run.id,
        target.asset_id,
        now,
        target.state.value,
        move.to.value,
        move.reason,
        unit.scope.actor,
        said,
        act_id,
    )
    await _insert_step(unit, run, step)
    await _tell(unit, run, now=now)
    moved = replace(target, state=move.to, reason=move.reason, said=said, changed_at=now)
    return replace(run, targets=tuple(moved if one.place == target.place else one for one in run.targets))


async def cancel(unit: Unit, run: Run, *, now: datetime) -> None:
    """Say that somebody wants it to end; whoever has it in hand looks for that."""
    await _sql.cancel(unit.connection, company_id=unit.company_id, run_id=run.id, actor=unit.scope.actor)
    await _tell(unit, run, now=now)


async def begin_act(unit: Unit, act: Act) -> None:
    """Write down that a script is about to be sent; the caller holds the run."""
    await _sql.insert_act(
        unit.connection,
        company_id=unit.company_id,
        act_id=act.id,
        run_id=act.run_id,
        asset_id=act.asset_id,
        phase=act.phase.value,
        begun_at=act.begun_at,
    )


async def put_so_far(unit: Unit, act: Act, heard: SoFar, fence: int) -> bool:
    """Write down what a script printed so far; False where another has the run in hand, or its outcome is known."""
    written = await _sql.put_so_far(
        unit.connection,
        company_id=unit.company_id,
        act_id=act.id,
        run_id=act.run_id,
        fence=fence,
        executor=heard.executor,
        heard_at=heard.heard_at,
        stdout=heard.stdout,
        stderr=heard.stderr,
        cut=heard.cut,
    )
    if written:
        await live.tell(unit, ChangeKind.OUTPUT, [act.id], now=heard.heard_at)
    return bool(written)


async def settle_act(unit: Unit, act: Act, outcome: Outcome, *, now: datetime) -> None:
    """
    Write down what came of it, once; the caller holds the run.

    What was heard of it before goes, unless that is all that anybody ever learned.
    """
    await _sql.settle_act(
        unit.connection,
        company_id=unit.company_id,
        act_id=act.id,
        ending=outcome.ending.value,
        exit_code=outcome.exit_code,
        said=outcome.reason[:LONGEST_SAID],
        stdout=outcome.stdout,
        stderr=outcome.stderr,
        cut=outcome.cut,
        reference=outcome.reference,
        link=outcome.link,
        started_at=outcome.started_at,
        ended_at=outcome.ended_at,
        settled_at=now,
    )
    if outcome.ending is not Ending.UNCERTAIN or outcome.stdout or outcome.stderr:
        await _sql.drop_so_far(unit.connection, company_id=unit.company_id, act_id=act.id)


async def keep_snapshot(unit: Unit, run_id: UUID, asset_id: UUID, content: bytes) -> None:
    """Keep what an undo would be given; the caller holds the run."""
    await _sql.insert_snapshot(
        unit.connection, company_id=unit.company_id, run_id=run_id, asset_id=asset_id, content=content
    )


async def snapshot(unit: Unit, run_id: UUID, asset_id: UUID) -> bytes | None:
    """What an undo is given; None when nothing was kept."""
    found: bytes | None = await _sql.snapshot(
        unit.connection, company_id=unit.company_id, run_id=run_id, asset_id=asset_id
    )
    return found


async def drop_snapshot(unit: Unit, run_id: UUID, asset_id: UUID) -> None:
    """Nobody needs it any more."""
    await _sql.drop_snapshot(unit.connection, company_id=unit.company_id, run_id=run_id, asset_id=asset_id)


async def act_of(unit: Unit, run_id: UUID, asset_id: UUID, phase: Phase) -> Act | None:
    """The script of a phase on a target with its outcome, if it was begun."""
    row = await _sql.act_of(
        unit.connection, company_id=unit.company_id, run_id=run_id, asset_id=asset_id, phase=phase.value
    )
    return None if row is None else _act(row)


async def act(unit: Unit, run_id: UUID, act_id: UUID) -> Act | None:
    """One script of a run with its whole output, or with what was heard of it so far."""
    row = await _sql.act(unit.connection, company_id=unit.company_id, run_id=run_id, act_id=act_id)
    if row is None:
        return None
    heard = await _sql.so_far(unit.connection, company_id=unit.company_id, act_id=act_id)
    return replace(_act(row), so_far=None if heard is None else SoFar(**heard))


async def acts_of(unit: Unit, run_id: UUID) -> tuple[Act, ...]:
    """The scripts of a run, oldest first, without their outputs."""
    rows = _sql.acts_of(unit.connection, company_id=unit.company_id, run_id=run_id, limit=MOST_SHOWN)
    return tuple([_act(row) async for row in rows])


async def steps_of(unit: Unit, run_id: UUID) -> tuple[Step, ...]:
    """The transitions of a run, oldest first."""
    rows = _sql.steps_of(unit.connection, company_id=unit.company_id, run_id=run_id, limit=MOST_SHOWN)
    return tuple([_step(row) async for row in rows])


async def steps_of_incident(unit: Unit, incident_id: UUID, *, limit: int, most_bytes: int) -> tuple[Told, ...]:
    """The transitions of an incident's runs, oldest first, with at most so many bytes of each output's end."""
    rows = _sql.steps_of_incident(
        unit.connection, company_id=unit.company_id, incident_id=incident_id, limit=limit, most=most_bytes
    )
    return tuple(
        [
            Told(
                _step(row),
                row["title"],
                row["runbook"],
                row["name"] or "",
                None if row["phase"] is None else Phase(row["phase"]),
                row["exit_code"],
                row["stdout"] or b"",
                row["stderr"] or b"",
            )
            async for row in rows
        ]
    )


async def remove_outputs(unit: Unit, *, before: datetime, limit: int, now: datetime) -> int:
    """Remove what scripts of runs that ended before a moment printed, of at most so many; gives of how many."""
    gone: int = await _sql.remove_outputs(
        unit.connection, company_id=unit.company_id, before=before, limit=limit, now=now
    )
    return gone


async def remove_snapshots(unit: Unit, *, before: datetime) -> int:
    """Remove what undos of runs that ended before a moment would have been given; gives how many."""
    gone: int = await _sql.remove_snapshots(unit.connection, company_id=unit.company_id, before=before)
    return gone


async def busy(unit: Unit, runbook: str, asset_ids: Sequence[UUID]) -> Mapping[UUID, UUID]:
    """Those of some assets on which a runbook waits or runs → the run."""
    rows = _sql.busy(
        unit.connection,
        company_id=unit.company_id,
        runbook=runbook,
        asset_ids=list(asset_ids),
        limit=max(len(asset_ids), 1),
    )
    return {row["asset_id"]: row["run_id"] async for row in rows}


async def count_alone(unit: Unit) -> None:
    """Wait until nobody else counts and starts runs in the company, and keep others waiting until the unit ends."""
    await _sql.count_alone(unit.connection, company_id=unit.company_id)


async def count_started(unit: Unit, *, since: datetime) -> int:
    """How many runs of the company started after a moment."""
    found: int = await _sql.count_started(unit.connection, company_id=unit.company_id, since=since)
    return found


async def count_chosen(unit: Unit, *, since: datetime) -> int:
    """How many runs the product asked for by itself after a moment, started or not."""
    found: int = await _sql.count_asked(unit.connection, company_id=unit.company_id, since=since, floor=floor_at(since))
    return found


async def count_started_on(unit: Unit, asset_ids: Sequence[UUID], *, since: datetime) -> Mapping[UUID, int]:
    """How many runs started on each of some assets after a moment; none is left out."""
    rows = _sql.count_started_on(
        unit.connection, company_id=unit.company_id, asset_ids=list(asset_ids), since=since, limit=len(asset_ids)
    )
    return {**dict.fromkeys(asset_ids, 0), **{row["asset_id"]: row["runs"] async for row in rows}}


async def latest_on(unit: Unit, runbook: str, asset_id: UUID, *, since: datetime, limit: int) -> tuple[Past, ...]:
    """How the last runs of a runbook ended on a target, newest first; without those that changed nothing for want."""
    rows = _sql.latest_on(
        unit.connection, company_id=unit.company_id, runbook=runbook, asset_id=asset_id, since=since, limit=limit
    )
    return tuple(
        [
            Past(
                TargetState(row["state"]),
                RunReason(row["reason"]),
                None if row["healing"] is None else HealState(row["healing"]),
            )
            async for row in rows
        ]
    )


async def keep(unit: Unit, run_id: UUID, fence: int, *, until: datetime) -> str:
    """
    Keep a run in hand until then.

    Returns:
        Who wants it to end; empty when nobody does.

    Raises:
        Lost: another took it.
    """
    cancelled_by = await _still_in_hand(unit, run_id, fence)
    await due.Due(unit, due.RUN, run_id, 0).postpone(until)
    return cancelled_by


async def put_off(unit: Unit, run_id: UUID, fence: int, *, until: datetime, now: datetime) -> None:
    """Look at a run that waits later; one that was woken meanwhile stays due. Raises `Lost` as `keep`."""
    await _still_in_hand(unit, run_id, fence)
    await due.put_off(unit, due.RUN, run_id, until=until, now=now)


async def let_go(unit: Unit, run_id: UUID, fence: int) -> None:
    """Nothing is left to do with a run that is over; nothing happens while it is not. Raises `Lost` as `keep`."""
    await _still_in_hand(unit, run_id, fence)
    run = await read(unit, run_id)
    if run is not None and run.state.is_over:
        await due.Due(unit, due.RUN, run_id, 0).done()


async def _still_in_hand(unit: Unit, run_id: UUID, fence: int) -> str:
    found = await _sql.in_hand(unit.connection, company_id=unit.company_id, run_id=run_id)
    if found is None or found["fence"] != fence:
        raise Lost
    cancelled_by: str = found["cancelled_by"]
    return cancelled_by


async def _insert_step(unit: Unit, run: Run, step: Step) -> None:
    await _sql.insert_step(
        unit.connection,
        company_id=unit.company_id,
        step_id=step.id,
        run_id=step.run_id,
        asset_id=step.asset_id,
        incident_id=run.incident_id,
        at=step.at,
        before=step.before,
        after=step.after,
        reason=step.reason.value,
        actor=step.actor,
        said=step.said[:LONGEST_SAID],
        act_id=step.act_id,
    )


async def _tell(unit: Unit, run: Run, *, now: datetime) -> None:
    await live.tell(unit, ChangeKind.RUN, [run.id], now=now)
    if run.incident_id is not None:
        await live.tell(unit, ChangeKind.INCIDENT, [run.incident_id], now=now)


async def _whole(unit: Unit, row: asyncpg.Record | None) -> Run | None:
    return None if row is None else (await _with_targets(unit, [row]))[0]


async def _with_targets(unit: Unit, rows: Sequence[asyncpg.Record]) -> tuple[Run, ...]:
    found: dict[UUID, list[TargetRun]] = defaultdict(list)
    async for row in _sql.targets_of(
        unit.connection, company_id=unit.company_id, run_ids=[row["run_id"] for row in rows], limit=MOST_SHOWN
    ):
        found[row["run_id"]].append(
            TargetRun(
                row["place"],
                row["asset_id"],
                row["name"],
                TargetState(row["state"]),
                RunReason(row["reason"]),
                row["changed_at"],
                row["said"],
            )
        )
    return tuple(_run(row, tuple(found[row["run_id"]])) for row in rows)


def _run(row: asyncpg.Record, targets: tuple[TargetRun, ...]) -> Run:
    return Run(
        id=row["run_id"],
        company_id=CompanyId(row["company_id"]),
        approval_id=row["approval_id"],
        incident_id=row["incident_id"],
        runbook=row["runbook"],
        version=row["version"],
        title=row["title"],
        risk=Risk(row["risk"]),
        shell=Shell(row["shell"]),
        by_itself=row["by_itself"],
        signature=row["signature"],
        at_once=row["at_once"],
        stop_at_failed_pct=row["stop_at_failed_pct"],
        state=RunState(row["state"]),
        reason=RunReason(row["reason"]),
        requested_by=row["requested_by"],
        requested_at=row["requested_at"],
        started_at=row["started_at"],
        ended_at=row["ended_at"],
        cancelled_by=row["cancelled_by"],
        fence=row["fence"],
        targets=targets,
    )


def _act(row: asyncpg.Record) -> Act:
    outcome = None
    if row["ending"] is not None:
        outcome = Outcome(
            Ending(row["ending"]),
            row["said"],
            row["exit_code"],
            row["stdout"],
            row["stderr"],
            row["cut"],
            row["reference"],
            row["link"],
            row["started_at"],
            row["ended_at"],
        )
    return Act(
        row["act_id"],
        row["run_id"],
        row["asset_id"],
        Phase(row["phase"]),
        row["begun_at"],
        outcome,
        row["settled_at"],
        row["output_removed_at"],
    )


def _step(row: asyncpg.Record) -> Step:
    return Step(
        row["step_id"],
        row["run_id"],
        row["asset_id"],
        row["at"],
        row["before"],
        row["after"],
        RunReason(row["reason"]),
        row["actor"],
        row["said"],
        row["act_id"],
    )
