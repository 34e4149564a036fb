"""The audit log as a sheet, for people who read it in a spreadsheet; the proof is in the JSON lines alone."""

import csv
import io
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime

from alertwhisperer.domain.audit import AuditEntry
from alertwhisperer.domain.company import Scope
from alertwhisperer.kit.cells import inert_cell
from alertwhisperer.store import audit_search
from alertwhisperer.store.database import Database

COLUMNS = (
    "at",
    "company_id",
    "id",
    "action",
    "actor",
    "user_id",
    "ip",
    "resource_kind",
    "resource_id",
    "incident_id",
    "reason",
    "detail",
    "erased",
)


async def lines(database: Database, scope: Scope, since: datetime, until: datetime) -> AsyncIterator[bytes]:
    """The scope's company's entries of [since, until) as CSV, oldest first, a few hundred at a time."""
    yield _csv([COLUMNS])
    async for some in audit_search.onward(database, scope, since, until):
        yield _csv([cells(entry) for entry in some])


def cells(entry: AuditEntry) -> tuple[str, ...]:
    """One row; what a spreadsheet would take for a formula is text there."""
    values = (
        entry.at.astimezone(UTC).isoformat().replace("+00:00", "Z"),
        entry.company_id,
        entry.id,
        entry.action.value,
        entry.actor,
        entry.user_id or "",
        entry.ip,
        entry.resource.kind,
        entry.resource.id,
        entry.incident_id or "",
        entry.reason,
        json.dumps(entry.detail, ensure_ascii=False, sort_keys=True),
        "yes" if entry.erased else "",
    )
    return tuple(inert_cell(str(value)) for value in values)


def _csv(rows: list[tuple[str, ...]]) -> bytes:
    target = io.StringIO()
    csv.writer(target, lineterminator="\r\n").writerows(rows)
    return target.getvalue().encode()
