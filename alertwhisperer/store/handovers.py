"""
Hand-overs: offers of one person to another, which are rows of the MSP, and their incidents, each a row of its company.

Functions that take a unit want one of the installation; in a transaction that sees the companies, where incidents are
written.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

import asyncpg

from alertwhisperer.domain.company import CompanyId
from alertwhisperer.domain.handover import Handed, Handover, HandoverState, Outcome
from alertwhisperer.store.database import Connection, Unit, queries

_sql = queries("handovers")


async def insert(unit: Unit, made: Handover, handed: Sequence[Handed]) -> None:
    """Keep an offer with its incidents."""
    await _sql.insert(
        unit.connection,
        company_id=unit.company_id,
        handover_id=made.id,
        from_id=made.giver_id,
        to_id=made.receiver_id,
        note=made.note,
        amount=made.amount,
        whose=list(made.companies),
        now=made.offered_at,
    )
    await _sql.insert_incidents(
        unit.connection,
        handover_id=made.id,
        whose=[one.company_id for one in handed],
        incidents=[one.incident_id for one in handed],
        assignees=[one.assignee for one in handed],
    )


async def lock(unit: Unit, handover_id: UUID) -> Handover | None:
    """One hand-over, whoever's; nobody else accepts or withdraws it until the unit ends."""
    row = await _sql.lock(unit.connection, company_id=unit.company_id, handover_id=handover_id)
    return None if row is None else _handover(row)


async def page(
    unit: Unit,
    user_id: UUID,
    *,
    given: bool = True,
    received: bool = True,
    ids: Sequence[UUID] | None = None,
    state: HandoverState | None = None,
    limit: int,
    before: UUID | None = None,
) -> list[Handover]:
    """Hand-overs that a person gave or is to receive, newest first, from the one after `before`."""
    rows = _sql.page(
        unit.connection,
        company_id=unit.company_id,
        user_id=user_id,
        given=given,
        received=received,
        ids=None if ids is None else list(ids),
        state=None if state is None else state.value,
        limit=limit,
        before=before,
    )
    return [_handover(row) async for row in rows]


async def settle(unit: Unit, handover_id: UUID, state: HandoverState, *, now: datetime) -> None:
    """It was accepted, or withdrawn."""
    await _sql.settle(unit.connection, company_id=unit.company_id, handover_id=handover_id, state=state.value, now=now)


async def withdraw_of(unit: Unit, user_id: UUID, *, now: datetime) -> list[UUID]:
    """Take back what waits of a person's offers, and of those to them; gives which."""
    rows = _sql.withdraw_of(unit.connection, company_id=unit.company_id, user_id=user_id, now=now)
    return [row["handover_id"] async for row in rows]


async def count_waiting(unit: Unit, user_id: UUID) -> int:
    """How many offers of a person, and to them, wait."""
    return int(await _sql.count_waiting(unit.connection, company_id=unit.company_id, user_id=user_id))


async def incidents_of(
    connection: Connection, companies: Sequence[CompanyId], handovers: Sequence[UUID]
) -> list[Handed]:
    """What is in hand-overs, of companies that the connection sees, by company."""
    rows = _sql.incidents(connection, companies=list(companies), handovers=list(handovers))
    return [
        Handed(
            row["handover_id"],
            CompanyId(row["company_id"]),
            row["incident_id"],
            row["assignee"],
            Outcome(row["outcome"]),
        )
        async for row in rows
    ]


async def outcomes_of(
    connection: Connection, companies: Sequence[CompanyId], handovers: Sequence[UUID]
) -> dict[UUID, dict[Outcome, int]]:
    """How many incidents of each hand-over became what, of companies that the connection sees."""
    found: dict[UUID, dict[Outcome, int]] = {one: {} for one in handovers}
    async for row in _sql.outcomes(connection, companies=list(companies), handovers=list(handovers)):
        found[row["handover_id"]][Outcome(row["outcome"])] = row["amount"]
    return found


async def settle_incidents(unit: Unit, handover_id: UUID, outcomes: Mapping[UUID, Outcome]) -> None:
    """Write what became of incidents of the unit's company."""
    await _sql.settle_incidents(
        unit.connection,
        company_id=unit.company_id,
        handover_id=handover_id,
        incidents=list(outcomes),
        outcomes=[one.value for one in outcomes.values()],
    )


def _handover(row: asyncpg.Record) -> Handover:
    return Handover(
        id=row["id"],
        giver_id=row["from_id"],
        giver=row["giver"],
        receiver_id=row["to_id"],
        receiver=row["receiver"],
        note=row["note"],
        amount=row["amount"],
        companies=tuple(CompanyId(one) for one in row["companies"]),
        state=HandoverState(row["state"]),
        offered_at=row["offered_at"],
        settled_at=row["settled_at"],
    )
