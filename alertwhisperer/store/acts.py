"""Reads, locks and writes what people and timers change on incidents; the decisions are in `correlate/acts.py`."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import asyncpg
import msgspec

from alertwhisperer.domain.attention import Attention
from alertwhisperer.domain.live import ChangeKind
from alertwhisperer.domain.state import AlertState, IncidentState
from alertwhisperer.kit.ids import uuid7
from alertwhisperer.store import live
from alertwhisperer.store.database import Unit, queries

_sql = queries("acts")
_encode = msgspec.json.Encoder(order="sorted").encode


class Joined(Exception):
    """An alert joined one of the incidents between two locks; lock again."""


@dataclass(frozen=True, slots=True)
class Held:
    """
    Incidents under lock.

    Attributes:
        incidents: moving parts by id (16 bytes).
        alerts: states of all problems that belong to them, by problem (16 bytes).
    """

    incidents: dict[bytes, IncidentState]
    alerts: dict[bytes, AlertState]


@dataclass(frozen=True, slots=True)
class NamedAlert:
    """An alert that an act names."""

    id: UUID
    problem: UUID
    asset: str
    signature: str
    count: int
    severity: int


@dataclass(frozen=True, slots=True)
class Said:
    """
    What people said of an incident.

    Attributes:
        snoozed_by: who let it keep quiet, until `snoozed_until` or, where that is None, until it clears.
        snoozed_severity: how bad it was then.
        attention: awake although somebody snoozed it: it cleared or worsened, and nobody has written so yet.
    """

    acknowledged_at: datetime | None
    snoozed_by: str | None
    snoozed_at: datetime | None
    snoozed_until: datetime | None
    snoozed_severity: int | None
    attention: Attention


async def hold(unit: Unit, incidents: Sequence[UUID], *, with_alerts: bool = False) -> Held:
    """
    Lock incidents, and with `with_alerts` all problems that belong to them, in the order that batches lock in.

    Raises:
        Joined: one more alert belongs to them than could be locked first.
    """
    alerts: dict[bytes, AlertState] = {}
    if with_alerts:
        alerts = {row["problem"].bytes: _alert(row) for row in await _lock_alerts(unit, incidents)}
    rows = [
        row async for row in _sql.lock_incidents(unit.connection, company_id=unit.company_id, incidents=list(incidents))
    ]
    held = {row["incident_id"].bytes: _incident(row) for row in rows}
    if with_alerts:
        now = await _sql.count_alerts(unit.connection, company_id=unit.company_id, incidents=list(incidents))
        if now != len(alerts):
            raise Joined
    return Held(held, alerts)


async def _lock_alerts(unit: Unit, incidents: Sequence[UUID]) -> list[asyncpg.Record]:
    return [
        row async for row in _sql.lock_alerts(unit.connection, company_id=unit.company_id, incidents=list(incidents))
    ]


async def save(unit: Unit, incident_id: bytes, incident: IncidentState) -> None:
    """Write an incident's moving parts."""
    await _sql.save_incident(
        unit.connection,
        company_id=unit.company_id,
        incident_id=UUID(bytes=incident_id),
        status=incident.status,
        severity=incident.severity,
        is_current=incident.is_current,
        by_person=incident.by_person,
        firing=incident.firing,
        alerts=incident.alerts,
        occurrences=incident.occurrences,
        activity_at=incident.activity_at,
        resolved_at=incident.resolved_at,
    )


async def note(unit: Unit, kind: str, incident_id: UUID, facts: dict[str, object], *, now: datetime) -> None:
    """Write the act itself: an input of the replay and a line of the incident's timeline."""
    seq = await _sql.next_seq(unit.connection)
    await _sql.insert_act(
        unit.connection,
        company_id=unit.company_id,
        id=uuid7(now),
        seq=seq,
        at=now,
        kind=kind,
        actor=unit.scope.actor,
        incident_id=incident_id,
        facts=_encode(facts).decode(),
    )
    await live.tell(unit, ChangeKind.INCIDENT, [incident_id], now=now)


async def mark_acknowledged(unit: Unit, incident_id: UUID, *, now: datetime) -> None:
    """Who has seen it, and when; the first stands."""
    await _sql.mark_acknowledged(
        unit.connection, company_id=unit.company_id, incident_id=incident_id, now=now, actor=unit.scope.actor
    )


async def mark_unacknowledged(unit: Unit, incident_id: UUID) -> None:
    """Nobody has seen it."""
    await _sql.mark_unacknowledged(unit.connection, company_id=unit.company_id, incident_id=incident_id)


async def said(unit: Unit, incident_id: UUID) -> Said:
    """What people said of an incident that the unit holds."""
    row = await _sql.said(unit.connection, company_id=unit.company_id, incident_id=incident_id)
    return Said(**{**dict(row), "attention": Attention(row["attention"])})


async def mark_snoozed(unit: Unit, incident_id: UUID, *, until: datetime | None, severity: int, now: datetime) -> None:
    """It keeps quiet until a moment, or until it clears; `severity` is what it is now."""
    await _sql.mark_snoozed(
        unit.connection,
        company_id=unit.company_id,
        incident_id=incident_id,
        actor=unit.scope.actor,
        until=until,
        severity=severity,
        now=now,
    )


async def mark_awake(unit: Unit, incident_id: UUID) -> None:
    """It keeps quiet no more."""
    await _sql.mark_awake(unit.connection, company_id=unit.company_id, incident_id=incident_id)


async def mark_resolved(unit: Unit, incident_id: UUID) -> None:
    """Who resolved it."""
    await _sql.mark_resolved(
        unit.connection, company_id=unit.company_id, incident_id=incident_id, actor=unit.scope.actor
    )


async def assign(unit: Unit, incident_id: UUID, assignee: str | None) -> None:
    """Who works on it; None for nobody."""
    await _sql.assign(unit.connection, company_id=unit.company_id, incident_id=incident_id, assignee=assignee)


async def assign_many(unit: Unit, incidents: Sequence[UUID], assignee: str) -> None:
    """Who works on several."""
    await _sql.assign_many(unit.connection, company_id=unit.company_id, incidents=list(incidents), assignee=assignee)


async def note_each(
    unit: Unit, kind: str, incidents: Sequence[UUID], facts: dict[str, object], *, now: datetime
) -> None:
    """As `note`, the same of several incidents."""
    await _sql.insert_acts(
        unit.connection,
        company_id=unit.company_id,
        ids=[uuid7(now) for _ in incidents],
        at=now,
        kind=kind,
        actor=unit.scope.actor,
        incidents=list(incidents),
        facts=_encode(facts).decode(),
    )
    await live.tell(unit, ChangeKind.INCIDENT, incidents, now=now)


async def assignees(unit: Unit, incidents: Sequence[UUID]) -> dict[UUID, str | None]:
    """Whose incidents are that the unit holds; None for nobody's."""
    rows = _sql.assignees(unit.connection, company_id=unit.company_id, incidents=list(incidents))
    return {row["id"]: row["assignee"] async for row in rows}


async def comment(unit: Unit, incident_id: UUID, text: str, *, now: datetime) -> UUID:
    """Keep what a person said; gives the comment's id."""
    identity = uuid7(now)
    await _sql.insert_comment(
        unit.connection,
        company_id=unit.company_id,
        id=identity,
        incident_id=incident_id,
        now=now,
        author=unit.scope.actor,
        body=text,
    )
    return identity


async def move_merged(unit: Unit, incident_id: UUID, others: Sequence[UUID], problems: Sequence[bytes]) -> None:
    """Alerts, problems and keys of merged incidents go to the one that stays, and what was promised about them."""
    named = {"company_id": unit.company_id, "incident_id": incident_id}
    await _move_states(unit, incident_id, problems)
    await _sql.move_all_alerts(unit.connection, **named, others=list(others))
    await _sql.move_keys(unit.connection, **named, others=list(others))
    await _sql.move_promises(unit.connection, **named, others=list(others))
    await _sql.mark_merged(unit.connection, **named, others=list(others))


async def named_alerts(unit: Unit, incident_id: UUID, alerts: Sequence[UUID]) -> list[NamedAlert]:
    """Those of the named alerts that belong to the incident, oldest first."""
    rows = _sql.alerts_of(unit.connection, company_id=unit.company_id, incident_id=incident_id, alerts=list(alerts))
    return [NamedAlert(*row) async for row in rows]


async def count_alerts(unit: Unit, incident_id: UUID) -> int:
    """How many alerts an incident has, earlier cycles too."""
    count: int = await _sql.count_incident_alerts(unit.connection, company_id=unit.company_id, incident_id=incident_id)
    return count


async def add_split(
    unit: Unit, fresh_id: UUID, source_id: UUID, state: IncidentState, *, title: str, opened_at: datetime
) -> None:
    """The incident that a person split off."""
    await _sql.insert_split(
        unit.connection,
        company_id=unit.company_id,
        id=fresh_id,
        incident_id=source_id,
        title=title,
        opened_at=opened_at,
    )
    await _sql.insert_incident_state(
        unit.connection, company_id=unit.company_id, incident_id=fresh_id, **msgspec.structs.asdict(state)
    )


async def move_split(unit: Unit, fresh_id: UUID, alerts: Sequence[UUID], problems: Sequence[bytes]) -> None:
    """The alerts that a person split off, and the problems that they speak of."""
    await _move_states(unit, fresh_id, problems)
    await _sql.move_alerts(unit.connection, company_id=unit.company_id, incident_id=fresh_id, alerts=list(alerts))


async def _move_states(unit: Unit, incident_id: UUID, problems: Sequence[bytes]) -> None:
    await _sql.move_states(
        unit.connection,
        company_id=unit.company_id,
        incident_id=incident_id,
        problems=[UUID(bytes=problem) for problem in problems],
    )


def _alert(row: asyncpg.Record) -> AlertState:
    return AlertState(
        alert_id=row["alert_id"] and row["alert_id"].bytes,
        incident_id=row["incident_id"].bytes,
        status=row["status"],
        severity=row["severity"],
        pinned=row["pinned"],
        count=row["count"],
        cycle=row["cycle"] and row["cycle"].bytes,
        started_at=row["started_at"],
        ended_at=row["ended_at"],
        last_seen_at=row["last_seen_at"],
        content=row["content"].bytes,
    )


def _incident(row: asyncpg.Record) -> IncidentState:
    return IncidentState(**{name: row[name] for name in IncidentState.__struct_fields__})
