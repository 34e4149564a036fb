"""
Self-healed: the probe said that the symptom is gone, no person acted, and the fault stayed away for a day.

A run that was chosen by the product and proved itself resolves its incident and heals it for now; a row with a due time
looks whether the fault comes back, and confirms or withdraws it.
"""

from datetime import datetime, timedelta

from alertwhisperer.domain.asset import canonical
from alertwhisperer.domain.audit import AuditAction, Resource
from alertwhisperer.domain.run import Healing, HealReason, HealState, Run, RunReason, TargetState
from alertwhisperer.domain.state import AlertStatus, IncidentStatus
from alertwhisperer.remediate.means import Means
from alertwhisperer.store import alerts, approvals, asset_names, audit, healings, incidents, runs
from alertwhisperer.store.database import Unit
from alertwhisperer.store.due import Due

STAYS_AWAY = timedelta(hours=24)
_LOOK_EVERY = timedelta(minutes=5)
_MOST_ALERTS = 200
"""Alerts of an incident that are looked at; one with more is a person's."""


async def heal(unit: Unit, means: Means, run: Run, *, now: datetime) -> None:
    """
    Resolve the incident of a run that proved itself, if everything that fires in it is what was mended.

    It counts as healed for now if nobody acted: neither on the incident, nor by agreeing to the run.
    """
    if run.incident_id is None or not run.signature or not any(_is_proved(one.reason) for one in run.targets):
        return
    if not await _is_all_mended(unit, run):
        return
    acted = await healings.person_acted(unit, run.incident_id, until=now)
    incident = await incidents.read(unit, run.incident_id)
    was_resolved = (
        incident is not None
        and incident.status is IncidentStatus.RESOLVED
        and incident.resolved_at is not None
        and run.started_at is not None
        and incident.resolved_at >= run.started_at
    )
    if not was_resolved and not await means.incidents.resolve(unit, run.incident_id, run.id, now=now):
        return
    if acted or not run.by_itself or await _somebody_agreed(unit, run):
        return
    healing = Healing(run.incident_id, run.id, HealState.PROVISIONAL, HealReason.VERIFIED, now, now + STAYS_AWAY)
    await healings.insert(unit, healing, look_at=now + _LOOK_EVERY)
    await _record(unit, AuditAction.INCIDENT_HEALED, healing, now=now)


async def look(work: Due, *, now: datetime) -> None:
    """Look whether what a run healed stays healed; confirms it once it stayed away long enough."""
    unit = work.unit
    healing = await healings.lock(unit, work.subject)
    if healing is None or healing.state is not HealState.PROVISIONAL:
        await work.done()
        return
    reason = await _why_withdrawn(unit, healing)
    if reason is not None:
        await _settle(unit, healing, HealState.WITHDRAWN, reason, now=now)
        await work.done()
    elif now >= healing.until:
        await _settle(unit, healing, HealState.CONFIRMED, HealReason.STAYED_AWAY, now=now)
        await work.done()
    else:
        await work.postpone(min(now + _LOOK_EVERY, healing.until))


async def _why_withdrawn(unit: Unit, healing: Healing) -> HealReason | None:
    incident = await incidents.read(unit, healing.incident_id)
    if incident is None or incident.status is IncidentStatus.OPEN:
        return HealReason.REOPENED
    if incident.status is IncidentStatus.MERGED:
        return HealReason.PERSON_ACTED
    if await healings.person_acted(unit, healing.incident_id, until=healing.healed_at):
        return HealReason.PERSON_ACTED
    run = await runs.read(unit, healing.run_id)
    assert run is not None  # noqa: S101 - the database refuses a healing without its run
    names = {canonical(one.name) for one in run.targets}
    for target in run.targets:
        names |= {one.name for one in await asset_names.of_asset(unit, target.asset_id)}
    back = await healings.came_back(unit, healing, sorted(names), run.signature)
    return HealReason.CAME_BACK if back else None


async def _settle(unit: Unit, healing: Healing, state: HealState, reason: HealReason, *, now: datetime) -> None:
    await healings.settle(unit, healing.incident_id, state, reason, now=now)
    action = AuditAction.HEALING_CONFIRMED if state is HealState.CONFIRMED else AuditAction.HEALING_WITHDRAWN
    await _record(unit, action, healing, reason=reason.value, now=now)


async def _is_all_mended(unit: Unit, run: Run) -> bool:
    """Whether everything that fires in the incident is the run's signature on assets on which it succeeded."""
    assert run.incident_id is not None  # noqa: S101 - asked before
    found = await alerts.first_of_incident(unit, run.incident_id, limit=_MOST_ALERTS + 1)
    if len(found) > _MOST_ALERTS:
        return False
    mended = {one.asset_id for one in run.targets if one.state is TargetState.SUCCEEDED}
    firing = [one for one in found if one.status is AlertStatus.FIRING]
    names = await asset_names.among(unit, sorted({canonical(one.asset) for one in firing}))
    return all(
        one.signature == run.signature
        and (name := names.get(canonical(one.asset))) is not None
        and name.asset_id in mended
        for one in firing
    )


async def _somebody_agreed(unit: Unit, run: Run) -> bool:
    approval = await approvals.read(unit, run.approval_id)
    return approval is None or bool(approval.decisions)


def _is_proved(reason: RunReason) -> bool:
    """A precheck that found nothing to mend proves nothing about the run."""
    return reason is RunReason.VERIFIED


async def _record(unit: Unit, action: AuditAction, healing: Healing, *, reason: str = "", now: datetime) -> None:
    resource = Resource("incident", str(healing.incident_id))
    detail = {"run": str(healing.run_id), "until": healing.until}
    await audit.write(unit, action, resource, detail, now=now, reason=reason, incident_id=healing.incident_id)
