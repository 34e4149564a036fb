"""Reads receipts: the stored facts of decisions, with the reason of the occurrence they belong to."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from alertwhisperer.domain.outcome import Outcome, Reason
from alertwhisperer.store.database import Unit, queries

_sql = queries("receipts")


class ReceiptRow(msgspec.Struct, frozen=True):
    """
    Why one occurrence was decided as it was.

    Attributes:
        id: the occurrence's.
        facts: JSON as stored; None when the occurrence has a reason only.
    """

    id: UUID
    received_at: datetime
    outcome: Outcome
    reason: Reason
    alert_id: UUID | None
    incident_id: UUID | None
    facts: str | None


async def of_occurrences(unit: Unit, ids: Sequence[UUID]) -> list[ReceiptRow]:
    """Those of the given occurrences that are kept, oldest first."""
    rows = _sql.of_occurrences(unit.connection, company_id=unit.company_id, ids=list(ids), limit=len(ids))
    return [
        ReceiptRow(
            row["id"],
            row["received_at"],
            Outcome(row["outcome"]),
            Reason(row["reason"]),
            row["alert_id"],
            row["incident_id"],
            row["facts"],
        )
        async for row in rows
    ]
