"""A run as it stands in the middle, put there as rows, for tests that only need one to be there."""

from datetime import datetime
from uuid import UUID

from alertwhisperer.domain.approval import Risk
from alertwhisperer.domain.company import Scope
from alertwhisperer.domain.execution import Ending, Outcome
from alertwhisperer.domain.run import Act, Move, Run, RunReason, RunState, TargetRun, TargetState
from alertwhisperer.domain.runbook import Phase, Shell
from alertwhisperer.kit.ids import uuid7
from alertwhisperer.store import runs
from alertwhisperer.store.database import Database


async def run_something(
    database: Database,
    scope: Scope,
    approval_id: UUID,
    asset_id: UUID,
    *,
    incident_id: UUID | None = None,
    now: datetime,
) -> tuple[UUID, UUID]:
    """A run of an approval on an asset, and its one script, which said something; their ids."""
    run = Run(
        id=uuid7(now),
        company_id=scope.company_id,
        approval_id=approval_id,
        incident_id=incident_id,
        runbook="restart-app",
        version="1 of a hash",
        title="Restart the application",
        risk=Risk.LOW,
        shell=Shell.SH,
        by_itself=False,
        signature="",
        at_once=1,
        stop_at_failed_pct=0,
        state=RunState.PLANNED,
        reason=RunReason.ASKED,
        requested_by=scope.actor,
        requested_at=now,
        targets=(TargetRun(0, asset_id, "app-01", TargetState.PLANNED, RunReason.ASKED, now),),
    )
    act = Act(uuid7(now), run.id, asset_id, Phase.ACT, now)
    async with database.unit_of_work(scope) as unit:
        await runs.insert(unit, run)
        await runs.move_target(unit, run, run.targets[0], Move(TargetState.WAITING, RunReason.ASKED), now=now)
        await runs.move_run(unit, run, RunState.WAITING, RunReason.ASKED, now=now)
        await runs.begin_act(unit, act)
        outcome = Outcome(Ending.SUCCEEDED, "It exited with 0.", 0, f"said to {scope.company_id}".encode())
        await runs.settle_act(unit, act, outcome, now=now)
    return run.id, act.id
