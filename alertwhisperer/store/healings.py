"""Incidents that a run healed, and whether they stayed so."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import asyncpg

from alertwhisperer.domain.live import ChangeKind
from alertwhisperer.domain.run import Healing, HealReason, HealState
from alertwhisperer.store import due, live
from alertwhisperer.store.database import Unit, queries

MOST_AT_ONCE = 100

_sql = queries("healings")


async def insert(unit: Unit, healing: Healing, *, look_at: datetime) -> None:
    """Keep that a run healed an incident, and have it looked at; an incident counts once."""
    await _sql.insert(
        unit.connection,
        company_id=unit.company_id,
        incident_id=healing.incident_id,
        run_id=healing.run_id,
        state=healing.state.value,
        reason=healing.reason.value,
        healed_at=healing.healed_at,
        until=healing.until,
    )
    await due.add(unit, due.HEALING, healing.incident_id, due_at=look_at)
    await live.tell(unit, ChangeKind.INCIDENT, [healing.incident_id], now=healing.healed_at)


async def read(unit: Unit, incident_id: UUID) -> Healing | None:
    """Whether a run healed an incident; None when none did."""
    return _healing(await _sql.read(unit.connection, company_id=unit.company_id, incident_id=incident_id))


async def lock(unit: Unit, incident_id: UUID) -> Healing | None:
    """The same; nobody else settles it until the unit ends."""
    return _healing(await _sql.lock(unit.connection, company_id=unit.company_id, incident_id=incident_id))


async def settle(unit: Unit, incident_id: UUID, state: HealState, reason: HealReason, *, now: datetime) -> None:
    """Confirm or withdraw it; the caller holds it."""
    await _sql.settle(
        unit.connection,
        company_id=unit.company_id,
        incident_id=incident_id,
        state=state.value,
        reason=reason.value,
        settled_at=now,
    )
    await live.tell(unit, ChangeKind.INCIDENT, [incident_id], now=now)


async def came_back(unit: Unit, healing: Healing, asset_names: Sequence[str], signature: str) -> bool:
    """Whether an alert of the signature, under one of these names, fired again in the time that it had to stay away."""
    found: int = await _sql.came_back(
        unit.connection,
        company_id=unit.company_id,
        incident_id=healing.incident_id,
        asset_names=list(asset_names),
        signature=signature,
        healed_at=healing.healed_at,
        until=healing.until,
    )
    return found > 0


async def person_acted(unit: Unit, incident_id: UUID, *, until: datetime) -> bool:
    """Whether a person did anything to an incident before a moment."""
    found: bool = await _sql.person_acted(
        unit.connection, company_id=unit.company_id, incident_id=incident_id, until=until
    )
    return found


async def provisional_of(unit: Unit, asset_ids: Sequence[UUID], signatures: Sequence[str]) -> set[UUID]:
    """Incidents healed for now, by runs on one of these assets for one of these signatures; a hundred at most."""
    rows = _sql.provisional_of(
        unit.connection,
        company_id=unit.company_id,
        asset_ids=list(asset_ids),
        signatures=list(signatures),
        limit=MOST_AT_ONCE,
    )
    return {row["incident_id"] async for row in rows}


def _healing(row: asyncpg.Record | None) -> Healing | None:
    if row is None:
        return None
    return Healing(
        row["incident_id"],
        row["run_id"],
        HealState(row["state"]),
        HealReason(row["reason"]),
        row["healed_at"],
        row["until"],
        row["settled_at"],
    )
