"""
What people and timers do to incidents.

Each act locks what it changes in the order that batches do, changes it by a pure function, and is written down with a
number of its own, so that a replay can do it again at the same place.
"""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from alertwhisperer.correlate.decide import finish, held_until
from alertwhisperer.domain.audit import AuditAction, Resource
from alertwhisperer.domain.errors import Conflicting, Invalid, NotFound, Temporary
from alertwhisperer.domain.handover import Outcome, outcome_of
from alertwhisperer.domain.live import ChangeKind
from alertwhisperer.domain.state import AlertState, AlertStatus, IncidentState, IncidentStatus
from alertwhisperer.kit.ids import uuid7
from alertwhisperer.store import acts as store
from alertwhisperer.store import audit, due, live
from alertwhisperer.store.acts import Held, Joined
from alertwhisperer.store.database import Unit

RESOLVE, TIMER_RESOLVE, MERGE, SPLIT = "resolve", "timer_resolve", "merge", "split"
ACKNOWLEDGE, UNACKNOWLEDGE, ASSIGN, COMMENT = "acknowledge", "unacknowledge", "assign", "comment"
SNOOZE, UNSNOOZE, TIMER_UNSNOOZE = "snooze", "unsnooze", "timer_unsnooze"
RUN_RESOLVE, TIMER_RELEASE = "run_resolve", "timer_release"

_AUDITED = {
    ACKNOWLEDGE: AuditAction.INCIDENT_ACKNOWLEDGED,
    UNACKNOWLEDGE: AuditAction.INCIDENT_UNACKNOWLEDGED,
    SNOOZE: AuditAction.INCIDENT_SNOOZED,
    UNSNOOZE: AuditAction.INCIDENT_UNSNOOZED,
    ASSIGN: AuditAction.INCIDENT_ASSIGNED,
    COMMENT: AuditAction.INCIDENT_COMMENTED,
    RESOLVE: AuditAction.INCIDENT_RESOLVED,
    MERGE: AuditAction.INCIDENT_MERGED,
    SPLIT: AuditAction.INCIDENT_SPLIT,
}

LONGEST_COMMENT = 10_000
LONGEST_SNOOZE = timedelta(days=30)
"""Longer than any leave; what is to be quiet for ever is a rule's business."""
_TRIES = 20
_MOST_MERGED = 100
_MOST_SPLIT = 1_000


class Woke(StrEnum):
    """Why a snooze ended by itself."""

    TIME = "time"
    """Its time came."""
    CLEARED = "cleared"
    """Nothing of the incident fired any more, if only for a moment."""
    WORSE = "worse"
    """The incident became worse than it was when somebody snoozed it."""


async def acknowledge(unit: Unit, incident_id: UUID, *, now: datetime) -> None:
    """
    A person has seen it.

    Raises:
        NotFound: no such incident. Conflicting: it is not open.
    """
    await _open(unit, incident_id)
    await store.mark_acknowledged(unit, incident_id, now=now)
    await _note(unit, ACKNOWLEDGE, incident_id, {}, now=now)


async def unacknowledge(unit: Unit, incident_id: UUID, *, now: datetime) -> None:
    """A person takes the acknowledgement back. Raises as `acknowledge`; `Conflicting` too where nobody has taken it."""
    await _open(unit, incident_id)
    if (await store.said(unit, incident_id)).acknowledged_at is None:
        raise Conflicting("nobody has acknowledged it", where="incident", mend="there is nothing to take back")
    await store.mark_unacknowledged(unit, incident_id)
    await _note(unit, UNACKNOWLEDGE, incident_id, {}, now=now)


async def snooze(unit: Unit, incident_id: UUID, *, until: datetime | None, note: str, now: datetime) -> None:
    """
    A person lets it keep quiet; it wakes at that time, or before when it clears or worsens.

    Args:
        until: None: until it clears.

    Raises:
        NotFound, Conflicting: as `acknowledge`; and where nothing of it fires, since it would wake at once.
        Invalid: the time is past, or more than `LONGEST_SNOOZE` ahead.
    """
    incident = await _open(unit, incident_id)
    if incident.firing <= 0:
        raise Conflicting("nothing of it fires", where="incident", mend="let it close, or resolve it")
    if until is not None and not now < until <= now + LONGEST_SNOOZE:
        raise Invalid(
            "the snooze must end in the future, and within 30 days", where="until", mend="give a time within 30 days"
        )
    await store.mark_snoozed(unit, incident_id, until=until, severity=incident.severity, now=now)
    if until is not None:
        await due.add(unit, due.END_SNOOZE, incident_id, due_at=until)
    facts: dict[str, object] = {"until": None if until is None else until.isoformat(), "note": note}
    await _note(unit, SNOOZE, incident_id, facts, now=now)


async def unsnooze(unit: Unit, incident_id: UUID, *, now: datetime) -> None:
    """A person ends a snooze. Raises as `acknowledge`; `Conflicting` too where it is not snoozed."""
    await _open(unit, incident_id)
    if (await store.said(unit, incident_id)).snoozed_by is None:
        raise Conflicting("it is not snoozed", where="incident", mend="there is nothing to end")
    await store.mark_awake(unit, incident_id)  # what is due then finds nothing to do
    await _note(unit, UNSNOOZE, incident_id, {}, now=now)


async def unsnooze_due(unit: Unit, incident_id: UUID, *, now: datetime) -> datetime | None:
    """
    The timer's turn: end a snooze whose time came, or write why one ended.

    Returns:
        When to look again; None when there is nothing more to wait for.
    """
    held = await store.hold(unit, [incident_id])
    incident = held.incidents.get(incident_id.bytes)
    if incident is None:
        return None
    said = await store.said(unit, incident_id)
    if said.snoozed_by is None:
        return None
    if not said.attention.is_snoozed:
        why = Woke.WORSE if incident.severity > (said.snoozed_severity or 0) else Woke.CLEARED
    elif said.snoozed_until is None or said.snoozed_until > now:
        return said.snoozed_until
    else:
        why = Woke.TIME
    await store.mark_awake(unit, incident_id)
    await store.note(unit, TIMER_UNSNOOZE, incident_id, {"why": why, "by": said.snoozed_by}, now=now)
    return None


async def assign(unit: Unit, incident_id: UUID, assignee: str | None, *, now: datetime) -> None:
    """A person takes it, or gives it to another; None for nobody. Raises as `acknowledge`."""
    await _open(unit, incident_id)
    await store.assign(unit, incident_id, assignee)
    await _note(unit, ASSIGN, incident_id, {"assignee": assignee}, now=now)


async def hand_over(
    unit: Unit, offered: Sequence[UUID], giver: str, receiver: str, *, handover_id: UUID, now: datetime
) -> dict[UUID, Outcome]:
    """
    Incidents of the unit's company go to whoever accepted them, as far as they are the giver's or nobody's by now.

    Returns:
        What became of each.
    """
    wanted = sorted(offered)
    held = await store.hold(unit, wanted)
    owners = await store.assignees(unit, wanted)
    outcomes: dict[UUID, Outcome] = {}
    for incident_id in wanted:
        incident = held.incidents.get(incident_id.bytes)
        outcomes[incident_id] = outcome_of(
            is_open=incident is not None and incident.status == IncidentStatus.OPEN,
            assignee=owners.get(incident_id),
            giver=giver,
            receiver=receiver,
        )
    moved = [incident_id for incident_id in wanted if outcomes[incident_id] is Outcome.MOVED]
    if moved:  # many at once, for whatever they touch waits
        facts: dict[str, object] = {"assignee": receiver, "handover": str(handover_id)}
        await store.assign_many(unit, moved, receiver)
        await store.note_each(unit, ASSIGN, moved, facts, now=now)
        for incident_id in moved:
            await _audit(unit, ASSIGN, incident_id, facts, now=now)
    return outcomes


async def comment(unit: Unit, incident_id: UUID, text: str, *, now: datetime) -> UUID:
    """A person says something about it, open or not; gives the comment's id. Raises `NotFound`, `Invalid`."""
    if not text.strip() or len(text) > LONGEST_COMMENT:
        raise Invalid("the comment is empty or too long", where="text", mend=f"write 1 to {LONGEST_COMMENT} letters")
    _shown(await store.hold(unit, [incident_id]), incident_id)
    identity = await store.comment(unit, incident_id, text, now=now)
    await _note(unit, COMMENT, incident_id, {"comment": str(identity)}, now=now)
    return identity


async def resolve(unit: Unit, incident_id: UUID, *, note: str, now: datetime) -> None:
    """A person says that it is over, whatever still fires. Raises as `acknowledge`."""
    incident = await _open(unit, incident_id)
    finish(incident, by_person=True, now=now)
    await store.mark_resolved(unit, incident_id)  # first, so that a snooze ends by the person and not by the change
    await store.save(unit, incident_id.bytes, incident)
    await _note(unit, RESOLVE, incident_id, {"note": note}, now=now)


async def resolve_due(unit: Unit, incident_id: UUID, *, now: datetime) -> datetime | None:
    """
    The timer's turn: resolve an incident whose hold is over.

    Returns:
        When to look again; None when there is nothing more to wait for.
    """
    held = await store.hold(unit, [incident_id])
    incident = held.incidents.get(incident_id.bytes)
    until = None if incident is None else held_until(incident)
    if incident is None or until is None or until > now:
        return until
    finish(incident, by_person=False, now=now)
    await store.save(unit, incident_id.bytes, incident)
    await store.note(unit, TIMER_RESOLVE, incident_id, {}, now=now)
    return None


async def resolve_by_run(unit: Unit, incident_id: UUID, run_id: UUID, *, now: datetime) -> bool:
    """
    A run proved that the fault is gone, whatever its tool still says; no person resolved it.

    Returns:
        Whether it was open.
    """
    incident = (await store.hold(unit, [incident_id])).incidents.get(incident_id.bytes)
    if incident is None or incident.status != IncidentStatus.OPEN:
        return False
    finish(incident, by_person=False, now=now)
    await store.save(unit, incident_id.bytes, incident)
    await store.mark_resolved(unit, incident_id)
    await store.note(unit, RUN_RESOLVE, incident_id, {"run": str(run_id)}, now=now)
    return True


async def merge(unit: Unit, incident_id: UUID, others: Sequence[UUID], *, now: datetime) -> None:
    """
    Other incidents are the same fault: their alerts, and what their keys bring later, belong to this one.

    Raises:
        NotFound: one of them does not exist. Conflicting: this one is not open, or another is merged already.
        Invalid: nothing to merge, too many, or the incident itself among them.
    """
    wanted = list(dict.fromkeys(others))
    if not wanted or len(wanted) > _MOST_MERGED or incident_id in wanted:
        raise Invalid(
            "name other incidents to merge", where="incidents", mend=f"1 to {_MOST_MERGED}, without the target itself"
        )
    async with _holding(unit, [incident_id, *wanted]) as held:
        target = _opened(held, incident_id)
        for other in wanted:
            if _shown(held, other).status == IncidentStatus.MERGED:
                raise Conflicting(f"incident {other} is merged already", where="incidents", mend="name open incidents")
        moved = merged(held.incidents, held.alerts, incident_id.bytes, [other.bytes for other in wanted])
        await store.move_merged(unit, incident_id, wanted, moved)
        for other in wanted:
            await store.save(unit, other.bytes, held.incidents[other.bytes])
            await store.note(unit, MERGE + "d", other, {"into": str(incident_id)}, now=now)
        await store.save(unit, incident_id.bytes, target)
        await _note(unit, MERGE, incident_id, {"others": [str(other) for other in wanted]}, now=now)


async def split(unit: Unit, incident_id: UUID, alert_ids: Sequence[UUID], *, now: datetime) -> UUID:
    """
    Some alerts are another fault: they get an incident of their own, and their later cycles follow them.

    Returns:
        The new incident's id.

    Raises:
        NotFound: the incident, or an alert of it, does not exist. Conflicting: it is not open, or nothing would stay.
        Invalid: no alerts, or too many.
    """
    wanted = list(dict.fromkeys(alert_ids))
    if not wanted or len(wanted) > _MOST_SPLIT:
        raise Invalid("name the alerts to split off", where="alerts", mend=f"1 to {_MOST_SPLIT}")
    fresh_id = uuid7(now)
    async with _holding(unit, [incident_id]) as held:
        source = _opened(held, incident_id)
        named = await store.named_alerts(unit, incident_id, wanted)
        if len(named) != len(wanted):
            raise NotFound("not all of these alerts belong to the incident", where="alerts", mend="name its alerts")
        if await store.count_alerts(unit, incident_id) == len(named):
            raise Conflicting("no alert would stay", where="alerts", mend="leave at least one")
        present = {state.alert_id for state in held.alerts.values()}
        moved = split_off(
            held.incidents,
            held.alerts,
            incident_id.bytes,
            fresh_id.bytes,
            {one.id.bytes for one in named},
            now,
            ended=sum(one.count for one in named if one.id.bytes not in present),
        )
        first = named[0]
        title = f"{first.signature} on {first.asset}"
        await store.add_split(unit, fresh_id, incident_id, held.incidents[fresh_id.bytes], title=title, opened_at=now)
        await store.move_split(unit, fresh_id, wanted, moved)
        await store.save(unit, incident_id.bytes, source)
        for left in (incident_id, fresh_id):
            until = held_until(held.incidents[left.bytes])
            if until is not None:  # nothing of it fires, so no resolve will come to end it
                await due.add(unit, due.RESOLVE_INCIDENT, left, due_at=until)
        await live.tell(unit, ChangeKind.INCIDENT, [fresh_id], now=now)
        facts: dict[str, object] = {"into": str(fresh_id), "alerts": [str(one) for one in wanted]}
        await _note(unit, SPLIT, incident_id, facts, now=now)
    return fresh_id


# ------------------------------------------------------------------------------------------------ the pure parts


def merged(
    incidents: dict[bytes, IncidentState], alerts: dict[bytes, AlertState], target_id: bytes, others: Sequence[bytes]
) -> list[bytes]:
    """Change the states as a merge does; gives the problems that moved, sorted."""
    target = incidents[target_id]
    for other_id in others:
        other = incidents[other_id]
        target.firing += other.firing
        target.alerts += other.alerts
        target.occurrences += other.occurrences
        target.severity = max(target.severity, other.severity)
        target.activity_at = max(target.activity_at, other.activity_at)
        other.status = int(IncidentStatus.MERGED)
        other.is_current = False
        other.firing = 0
    going = set(others)
    moved = sorted(problem for problem, state in alerts.items() if state.incident_id in going)
    for problem in moved:
        alerts[problem].incident_id = target_id
        alerts[problem].pinned = True
    return moved


def split_off(
    incidents: dict[bytes, IncidentState],
    alerts: dict[bytes, AlertState],
    source_id: bytes,
    fresh_id: bytes,
    alert_ids: set[bytes],
    now: datetime,
    *,
    ended: int = 0,
) -> list[bytes]:
    """
    Change the states as a split does, and add the new incident's; gives the problems that moved, sorted.

    Args:
        ended: firing occurrences of those alerts that are earlier cycles; no state counts them any more.
    """
    source = incidents[source_id]
    moved = sorted(problem for problem, state in alerts.items() if state.alert_id in alert_ids)
    states = [alerts[problem] for problem in moved]
    firing = sum(state.status == AlertStatus.FIRING for state in states)
    occurrences = ended + sum(state.count for state in states)
    incidents[fresh_id] = IncidentState(
        status=int(IncidentStatus.OPEN),
        severity=max((state.severity for state in states), default=source.severity),
        is_current=False,
        by_person=False,
        fixed_window=source.fixed_window,
        window_s=source.window_s,
        hold_s=source.hold_s,
        reopen_s=source.reopen_s,
        life_s=source.life_s,
        least_count=1,
        firing=firing,
        alerts=len(alert_ids),
        occurrences=occurrences,
        began_at=now,
        opened_at=now,
        activity_at=now,
        resolved_at=None,
    )
    source.firing -= firing
    source.alerts -= len(alert_ids)
    source.occurrences -= occurrences
    for state in states:
        state.incident_id = fresh_id
        state.pinned = True
    return moved


# ------------------------------------------------------------------------------------------------ small parts


@asynccontextmanager
async def _holding(unit: Unit, incidents: Sequence[UUID]) -> AsyncIterator[Held]:
    """The incidents and all their problems under lock; tries again when an alert joined between two locks."""
    for _ in range(_TRIES):
        savepoint = unit.connection.transaction()
        await savepoint.start()
        try:
            held = await store.hold(unit, incidents, with_alerts=True)
        except Joined:
            await savepoint.rollback()
            continue
        except BaseException:
            await savepoint.rollback()
            raise
        try:
            yield held
        except BaseException:
            await savepoint.rollback()
            raise
        await savepoint.commit()
        return
    raise Temporary("alerts keep joining these incidents")


async def _open(unit: Unit, incident_id: UUID) -> IncidentState:
    return _opened(await store.hold(unit, [incident_id]), incident_id)


def _opened(held: Held, incident_id: UUID) -> IncidentState:
    incident = _shown(held, incident_id)
    if incident.status != IncidentStatus.OPEN:
        word = IncidentStatus(incident.status).word
        raise Conflicting(f"the incident is {word}", where="incident", mend="only an open incident can be changed so")
    return incident


def _shown(held: Held, incident_id: UUID) -> IncidentState:
    incident = held.incidents.get(incident_id.bytes)
    if incident is None or not IncidentStatus(incident.status).is_shown:
        raise NotFound("there is no such incident", where="incident")
    return incident


async def _note(unit: Unit, kind: str, incident_id: UUID, facts: dict[str, object], *, now: datetime) -> None:
    await store.note(unit, kind, incident_id, facts, now=now)
    await _audit(unit, kind, incident_id, facts, now=now)


async def _audit(unit: Unit, kind: str, incident_id: UUID, facts: dict[str, object], *, now: datetime) -> None:
    await audit.write(
        unit, _AUDITED[kind], Resource("incident", str(incident_id)), facts, incident_id=incident_id, now=now
    )
