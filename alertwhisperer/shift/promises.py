"""
Promises to clients: what somebody will do by when about an incident, so that the next shift keeps it too.

A promise is written on the incident's timeline, goes with it when it is merged, and waits until somebody says that it
was kept, or why it was given up.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from alertwhisperer.domain.audit import AuditAction, Resource
from alertwhisperer.domain.errors import Conflicting, Invalid, NotFound
from alertwhisperer.domain.state import IncidentStatus
from alertwhisperer.kit.ids import uuid7
from alertwhisperer.store import acts, audit, incidents
from alertwhisperer.store import promises as store
from alertwhisperer.store.database import Unit
from alertwhisperer.store.promises import Promise

PROMISE, PROMISE_KEPT, PROMISE_DROPPED = "promise", "promise_kept", "promise_dropped"
"""Kinds of acts, as the incident's timeline has them."""

LONGEST_TEXT = 500
FURTHEST = timedelta(days=366)
MOST_OF_INCIDENT = 100

_AUDITED = {
    PROMISE: AuditAction.PROMISE_MADE,
    PROMISE_KEPT: AuditAction.PROMISE_KEPT,
    PROMISE_DROPPED: AuditAction.PROMISE_DROPPED,
}


async def make(unit: Unit, incident_id: UUID, text: str, due_at: datetime, *, now: datetime) -> Promise:
    """
    Keep what a client was told; of an incident that is over too, for the report of its cause is promised then.

    Raises:
        NotFound: there is no such incident.
        Conflicting: it was merged into another, or has too many promises.
        Invalid: no text, too much of it, or a time that is past or more than a year ahead.
    """
    text = text.strip()
    if not text or len(text) > LONGEST_TEXT or "\0" in text:
        raise Invalid(
            "the promise is empty or too long", where="text", mend=f"write 1 to {LONGEST_TEXT} letters of what was said"
        )
    if not now < due_at <= now + FURTHEST:
        raise Invalid(
            "a promise is for a time in the future, and within a year", where="due_at", mend="give a time to come"
        )
    held = (await acts.hold(unit, [incident_id])).incidents.get(incident_id.bytes)
    if held is None or not IncidentStatus(held.status).is_shown:
        raise NotFound(f"there is no incident {incident_id}", where="incident", mend="check the id")
    if held.status == IncidentStatus.MERGED:
        raise Conflicting("the incident is merged", where="incident", mend="promise it on the one that it went into")
    if await store.count_of_incident(unit, incident_id) >= MOST_OF_INCIDENT:
        raise Conflicting(
            f"the incident has {MOST_OF_INCIDENT} promises already", where="incident", mend="write a comment instead"
        )
    promise_id = uuid7(now)
    await store.insert(unit, promise_id, incident_id, text, due_at, now=now)
    facts: dict[str, object] = {"promise": str(promise_id), "text": text, "due_at": due_at.isoformat()}
    await _note(unit, PROMISE, promise_id, incident_id, facts, now=now)
    return await get(unit, promise_id)


async def keep(unit: Unit, promise_id: UUID, *, now: datetime) -> Promise:
    """
    Say that it was kept, late or not.

    Raises:
        NotFound: there is no such promise. Conflicting: it was kept or given up before.
    """
    incident_id = await store.keep(unit, promise_id, now=now)
    if incident_id is None:
        raise _settled(await get(unit, promise_id))
    kept = await get(unit, promise_id)
    facts: dict[str, object] = {"promise": str(promise_id), "text": kept.text, "due_at": kept.due_at.isoformat()}
    await _note(unit, PROMISE_KEPT, promise_id, incident_id, facts, now=now)
    return kept


async def drop(unit: Unit, promise_id: UUID, why: str, *, now: datetime) -> Promise:
    """
    Give it up: it will not be kept, and whoever reads it should know why.

    Raises:
        NotFound, Conflicting: as `keep`. Invalid: no reason, or too much of it.
    """
    why = why.strip()
    if not why or len(why) > LONGEST_TEXT or "\0" in why:
        raise Invalid("a reason is needed", where="why", mend=f"write 1 to {LONGEST_TEXT} letters")
    incident_id = await store.drop(unit, promise_id, why, now=now)
    if incident_id is None:
        raise _settled(await get(unit, promise_id))
    dropped = await get(unit, promise_id)
    facts: dict[str, object] = {"promise": str(promise_id), "text": dropped.text, "why": why}
    await _note(unit, PROMISE_DROPPED, promise_id, incident_id, facts, now=now)
    return dropped


def _settled(promise: Promise) -> Conflicting:
    said = f"{promise.kept_by} kept it" if promise.kept_at is not None else f"{promise.dropped_by} gave it up"
    return Conflicting(f"{said} already", where="promise", mend="there is nothing left to do about it")


async def get(unit: Unit, promise_id: UUID) -> Promise:
    """One promise; raises `NotFound`."""
    found = await store.read(unit, promise_id)
    if found is None:
        raise NotFound(f"there is no promise {promise_id}", where="promise", mend="check the id")
    return found


async def of_incident(unit: Unit, incident_id: UUID) -> Sequence[Promise]:
    """What was promised about an incident, the soonest due first; raises `NotFound`."""
    if await incidents.read(unit, incident_id) is None:
        raise NotFound(f"there is no incident {incident_id}", where="incident", mend="check the id")
    # A merge brings the other's promises, so there may be more than one incident takes.
    return await store.of_incident(unit, incident_id, limit=10 * MOST_OF_INCIDENT)


async def _note(
    unit: Unit, kind: str, promise_id: UUID, incident_id: UUID, facts: dict[str, object], *, now: datetime
) -> None:
    await acts.note(unit, kind, incident_id, facts, now=now)
    resource = Resource("promise", str(promise_id))
    await audit.write(unit, _AUDITED[kind], resource, facts, incident_id=incident_id, now=now)
