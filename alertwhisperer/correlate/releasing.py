"""
The timers' part in maintenance windows: what a window held back opens when no window holds it any more.

Each incident that is held back has a due row of its own, so an alert that was decided late is seen to as well, and a
crash leaves the row. An incident opens once because its state says whether it is held. What came of a window's time is
written once, a little after its end, so that what the end brought is in it.
"""

from datetime import datetime, timedelta
from uuid import UUID

from alertwhisperer.correlate.acts import TIMER_RELEASE
from alertwhisperer.correlate.decide import release
from alertwhisperer.correlate.windows import CompiledWindows
from alertwhisperer.domain.audit import AuditAction, Resource
from alertwhisperer.domain.state import IncidentState, IncidentStatus
from alertwhisperer.domain.window import Span
from alertwhisperer.store import acts, audit, due, windows
from alertwhisperer.store.database import Unit
from alertwhisperer.store.windows import FiringAlert

SETTLE_AFTER = timedelta(seconds=10)
"""What was received inside a window may still be on its way to the database when it ends."""
_MOST_LOOKED_AT = 500  # of one incident's firing alerts, worst first


async def release_due(unit: Unit, incident_id: UUID, *, now: datetime) -> datetime | None:
    """
    Open an incident that a window held back, unless all that fires of it is still inside a window.

    Returns:
        When to look again; None when there is nothing more to wait for.
    """
    incident = (await acts.hold(unit, [incident_id])).incidents.get(incident_id.bytes)
    if incident is None or incident.status != IncidentStatus.HELD:
        return None
    firing = await windows.firing(unit, incident_id, limit=_MOST_LOOKED_AT)
    until = await _held_until(unit, firing, now=now)
    if until is not None:
        return until
    if release(incident, now=now):
        await _open(unit, incident_id, incident, firing[0], now=now)
    return None


async def settle_due(unit: Unit, window_id: UUID, *, now: datetime) -> datetime | None:
    """
    See to a window of which a time is over: have what it held back looked at, then write what came of it.

    Returns:
        When to look again: a little after an end, or at the next one; None when the window is over.
    """
    if await windows.lock(unit, window_id) is None:
        return None
    spans = (await windows.spans(unit, [window_id]))[window_id]
    for place, span in enumerate(spans):
        if span.settled_at is not None:
            continue
        if span.ends_at > now:
            return span.ends_at
        following = spans[place + 1].starts_at if place + 1 < len(spans) else None
        await windows.hurry(unit, window_id, span.starts_at, now=now)
        if span.ends_at + SETTLE_AFTER > now:
            return span.ends_at + SETTLE_AFTER
        await _settle(unit, window_id, span, following, now=now)
    return None


async def _held_until(unit: Unit, firing: list[FiringAlert], *, now: datetime) -> datetime | None:
    """Until when windows hold every one of these; None when they do not."""
    running = await windows.held(unit, now=now, running=True)
    if not firing or not running:
        return None
    compiled = CompiledWindows(running)
    ends: list[datetime] = []
    for alert in firing:
        holding = compiled.holding(alert.own_name, alert.signature, now)
        if holding is None:
            return None
        ends.append(holding.ends_at)
    return min(ends)


async def _open(unit: Unit, incident_id: UUID, incident: IncidentState, worst: FiringAlert, *, now: datetime) -> None:
    await windows.open_held(unit, incident_id, incident, title=f"{worst.signature} on {worst.asset}")
    await due.add(unit, due.CHOOSE_RUN, incident_id, due_at=now)
    await acts.note(unit, TIMER_RELEASE, incident_id, {}, now=now)


async def _settle(unit: Unit, window_id: UUID, span: Span, following: datetime | None, *, now: datetime) -> None:
    settled = await windows.settle(unit, window_id, span.starts_at, following, now=now)
    if settled is None:
        return
    facts = {
        "starts_at": settled.starts_at,
        "ends_at": settled.ends_at,
        "suppressed": settled.suppressed,
        "criticals": settled.criticals,
        "firing": settled.firing,
        "opened": settled.opened,
    }
    await audit.write(unit, AuditAction.WINDOW_SETTLED, Resource("window", str(window_id)), facts, now=now)
