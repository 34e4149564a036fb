"""The audit log: written in the transaction of the act itself, so neither is there without the other."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

import asyncpg

from alertwhisperer.domain.audit import AuditEntry
from alertwhisperer.domain.company import CompanyId
from alertwhisperer.kit.ids import uuid7
from alertwhisperer.store.database import Unit, queries

_sql = queries("audit")


async def write(unit: Unit, action: str, subject: str, detail: Mapping[str, object], *, now: datetime) -> None:
    """
    Record an act of the unit's actor, in the log of the unit's company.

    Args:
        action: what, as `noun.verb`.
        subject: on what: an id, an e-mail.
        detail: JSON of what was said of it; never a secret.
        now: aware UTC.
    """
    await _sql.insert_entry(
        unit.connection,
        company_id=unit.company_id,
        id=uuid7(now),
        at=now,
        actor=unit.scope.actor,
        action=action,
        subject=subject,
        detail=dict(detail),
    )


async def page(unit: Unit, *, limit: int, before: UUID | None = None) -> tuple[AuditEntry, ...]:
    """Entries of the unit's company, newest first, from the one after `before` (an entry's id)."""
    rows = _sql.select_entries(unit.connection, company_id=unit.company_id, before=before, limit=limit)
    return tuple([_entry(row) async for row in rows])


def _entry(row: asyncpg.Record) -> AuditEntry:
    return AuditEntry(
        id=row["id"],
        company_id=CompanyId(row["company_id"]),
        at=row["at"],
        actor=row["actor"],
        action=row["action"],
        subject=row["subject"],
        detail=row["detail"],
    )
