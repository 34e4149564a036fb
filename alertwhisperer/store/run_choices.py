"""What was thought when an incident opened, and what a person must look at."""

from datetime import datetime
from uuid import UUID

import asyncpg
import msgspec

from alertwhisperer.domain.live import ChangeKind
from alertwhisperer.domain.run import Candidate, Choice, ChoiceOutcome, EscalationReason, RunEscalation
from alertwhisperer.kit.ids import uuid7
from alertwhisperer.store import live
from alertwhisperer.store.database import Unit, queries

_sql = queries("run_choices")


async def insert(unit: Unit, choice: Choice) -> None:
    """Keep a choice; the first one of an incident stands."""
    await _sql.insert(
        unit.connection,
        company_id=unit.company_id,
        incident_id=choice.incident_id,
        at=choice.at,
        outcome=choice.outcome.value,
        run_id=choice.run_id,
        candidates=msgspec.to_builtins(choice.candidates),
    )
    if choice.candidates:
        await live.tell(unit, ChangeKind.INCIDENT, [choice.incident_id], now=choice.at)


async def read(unit: Unit, incident_id: UUID) -> Choice | None:
    """The choice of an incident; None when none was made."""
    row = await _sql.read(unit.connection, company_id=unit.company_id, incident_id=incident_id)
    if row is None:
        return None
    candidates = msgspec.convert(row["candidates"], tuple[Candidate, ...])
    return Choice(row["incident_id"], row["at"], ChoiceOutcome(row["outcome"]), candidates, row["run_id"])


async def escalate(
    unit: Unit,
    reason: EscalationReason,
    said: str,
    *,
    run_id: UUID | None = None,
    incident_id: UUID | None = None,
    now: datetime,
) -> RunEscalation:
    """Keep that a person must look, for whoever escalates."""
    made = RunEscalation(uuid7(now), now, reason, said, run_id, incident_id)
    await _sql.insert_escalation(
        unit.connection,
        company_id=unit.company_id,
        escalation_id=made.id,
        at=now,
        reason=reason.value,
        said=said,
        run_id=run_id,
        incident_id=incident_id,
    )
    if incident_id is not None:
        await live.tell(unit, ChangeKind.INCIDENT, [incident_id], now=now)
    return made


async def escalations(
    unit: Unit,
    *,
    run_id: UUID | None = None,
    incident_id: UUID | None = None,
    limit: int,
    before: UUID | None = None,
) -> tuple[RunEscalation, ...]:
    """What a person must look at, newest first, from the one after `before`."""
    rows = _sql.escalations(
        unit.connection,
        company_id=unit.company_id,
        run_id=run_id,
        incident_id=incident_id,
        limit=limit,
        before=before,
    )
    return tuple([escalation_of(row) async for row in rows])


def escalation_of(row: asyncpg.Record) -> RunEscalation:
    """An escalation as its row says it."""
    return RunEscalation(
        row["escalation_id"],
        row["at"],
        EscalationReason(row["reason"]),
        row["said"],
        row["run_id"],
        row["incident_id"],
    )
