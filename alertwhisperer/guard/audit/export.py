"""
Hands a company its audit log as a file: JSON lines with their proof, or a sheet to read.

The export is itself an entry, committed before its first line is given. It is made a few hundred entries at a time, so
that a long log needs little memory and a slow reader holds up nobody.
"""

from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime
from enum import StrEnum
from types import MappingProxyType

from alertwhisperer.domain.audit import AuditAction, Resource
from alertwhisperer.domain.company import Scope
from alertwhisperer.domain.errors import Invalid
from alertwhisperer.guard.audit import proof, sheet
from alertwhisperer.store import audit
from alertwhisperer.store.database import Database

EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
"""Before any entry."""


class ExportFormat(StrEnum):
    """How an export is written."""

    JSONL = "jsonl"
    CSV = "csv"


CONTENT_TYPES: Mapping[ExportFormat, str] = MappingProxyType(
    {ExportFormat.JSONL: "application/x-ndjson", ExportFormat.CSV: "text/csv"}
)


async def export(
    database: Database,
    scope: Scope,
    form: ExportFormat,
    *,
    since: datetime | None,
    until: datetime | None,
    now: datetime,
) -> AsyncIterator[bytes]:
    """
    Record the export in the scope's company's log, and give its lines.

    Args:
        since: from this moment on; None: from the beginning.
        until: before this moment; None: up to now.

    Raises:
        Invalid: the time ends before it begins.
    """
    begin, end = since or EARLIEST, until or now
    if end <= begin:
        raise Invalid("the time ends before it begins", where="until", mend="give a later end")
    async with database.unit_of_work(scope) as unit:
        detail = {"format": form.value, "since": None if since is None else since.isoformat(), "until": end.isoformat()}
        await audit.write(unit, AuditAction.AUDIT_EXPORTED, Resource("company", str(scope.company_id)), detail, now=now)
    lines = sheet.lines if form is ExportFormat.CSV else proof.lines
    return lines(database, scope, begin, end)
