"""Requests that were refused after their key was known: counts by reason, for the ledger's upper line."""

from collections.abc import Mapping
from datetime import datetime

from alertwhisperer.kit.ids import uuid7
from alertwhisperer.store.database import Unit, queries

_sql = queries("refusals")


async def add(unit: Unit, counts: Mapping[str, int], *, now: datetime) -> None:
    """Add requests refused, by reason code."""
    await _sql.insert_refusals(
        unit.connection,
        company_id=unit.company_id,
        now=now,
        ids=[uuid7(now) for _ in counts],
        reasons=list(counts.keys()),
        requests=list(counts.values()),
    )
