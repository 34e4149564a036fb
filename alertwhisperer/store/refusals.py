"""Requests that were refused after their key was known: counts by integration and reason."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from alertwhisperer.kit.ids import uuid7
from alertwhisperer.store.database import Unit, queries

_sql = queries("refusals")


async def add(unit: Unit, counts: Mapping[tuple[UUID, str], int], *, now: datetime) -> None:
    """Add requests refused, by integration and reason code."""
    await _sql.insert_refusals(
        unit.connection,
        company_id=unit.company_id,
        now=now,
        ids=[uuid7(now) for _ in counts],
        integrations=[integration for integration, _ in counts],
        reasons=[reason for _, reason in counts],
        requests=list(counts.values()),
    )
