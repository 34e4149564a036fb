"""What follows from the end of a run: who must look, and whether its incident is healed."""

from datetime import datetime, timedelta
from uuid import UUID

from alertwhisperer.domain.audit import AuditAction, Resource
from alertwhisperer.domain.run import (
    REASONS,
    EscalationReason,
    HealState,
    Run,
    RunReason,
    RunState,
    TargetRun,
    TargetState,
    overall,
)
from alertwhisperer.remediate.healing import heal
from alertwhisperer.remediate.means import Means
from alertwhisperer.store import audit, run_choices, runs
from alertwhisperer.store.database import Unit
from alertwhisperer.store.runs import Past

HELPED_WITHIN = timedelta(days=7)
"""How far back an attempt counts; a guess: what did not help last month may help now."""
MOST_TRIES = 2
"""So often may a fix not help on a target before it is not chosen again by itself."""


async def end(unit: Unit, means: Means, run: Run, *, now: datetime) -> Run:
    """End a run whose targets all have ended, in the transaction of the last one's move; the caller holds it."""
    state = overall([one.state for one in run.targets])
    reason = _worst(run, state).reason
    run = await runs.move_run(unit, run, state, reason, now=now)
    detail = {
        "state": state.value,
        "targets": {str(one.asset_id): [one.state.value, one.reason.value] for one in run.targets},
    }
    resource = Resource("run", str(run.id))
    await audit.write(
        unit, AuditAction.RUN_ENDED, resource, detail, now=now, reason=reason.value, incident_id=run.incident_id
    )
    for why in await _to_look_at(unit, run, now=now):
        await escalate(unit, why, told(run), run, now=now)
    if state is RunState.SUCCEEDED:
        await heal(unit, means, run, now=now)
    return run


async def escalate(unit: Unit, reason: EscalationReason, said: str, run: Run, *, now: datetime) -> None:
    """Keep that a person must look at a run."""
    await run_choices.escalate(unit, reason, said, run_id=run.id, incident_id=run.incident_id, now=now)
    resource, detail = Resource("run", str(run.id)), {"reason": reason.value}
    await audit.write(
        unit, AuditAction.RUN_ESCALATED, resource, detail, now=now, reason=said, incident_id=run.incident_id
    )


async def tries_without_help(unit: Unit, runbook: str, asset_id: UUID, *, now: datetime) -> int:
    """How often a runbook did not help on a target since it last did; at most `MOST_TRIES`."""
    past = await runs.latest_on(unit, runbook, asset_id, since=now - HELPED_WITHIN, limit=MOST_TRIES)
    tries = 0
    for one in past:
        if helped(one):
            break
        tries += 1
    return tries


def helped(past: Past) -> bool:
    """Whether an earlier run helped: it succeeded, and what it healed did not come back."""
    return past.state is TargetState.SUCCEEDED and past.healing is not HealState.WITHDRAWN


def told(run: Run) -> str:
    """How a run ended, target by target, in words."""
    targets = "; ".join(
        f"{one.name}: {one.state.value.replace('_', ' ')}. {REASONS[one.reason]}" for one in run.targets
    )
    return f"{run.title} ended as {run.state.value.replace('_', ' ')}. {targets}"


async def _to_look_at(unit: Unit, run: Run, *, now: datetime) -> list[EscalationReason]:
    reasons = {one.reason for one in run.targets}
    found = []
    if any(one.state is TargetState.UNCERTAIN for one in run.targets):
        found.append(EscalationReason.UNCERTAIN)
    if RunReason.UNDO_FAILED in reasons:
        found.append(EscalationReason.ROLLBACK_FAILED)
    if RunReason.TOO_MANY_FAILED in reasons:
        found.append(EscalationReason.TOO_MANY_FAILED)
    bad = [one for one in run.targets if one.state in (TargetState.FAILED, TargetState.ROLLED_BACK)]
    for one in bad:
        if await tries_without_help(unit, run.runbook, one.asset_id, now=now) >= MOST_TRIES:
            found.append(EscalationReason.NOT_HELPED_TWICE)
            break
    if bad and not found and run.by_itself:
        found.append(EscalationReason.NOT_HELPED)
    return found


def _worst(run: Run, state: RunState) -> TargetRun:
    """The target that says why a run ended as it did: of several, one that was not merely stopped by another."""
    alike = [one for one in run.targets if one.state.value == state.value]
    stopped = (RunReason.TOO_MANY_FAILED, RunReason.ROLLBACK_FAILED_ELSEWHERE)
    return next((one for one in alike if one.reason not in stopped), alike[0])
