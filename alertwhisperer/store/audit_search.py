"""Reads of the audit log that are more than a page of one company: over several companies, oldest first, counted."""

from collections.abc import AsyncIterator, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from alertwhisperer.domain.audit import AuditEntry
from alertwhisperer.domain.company import CompanyId, Scope
from alertwhisperer.kit.ids import floor_at
from alertwhisperer.store import audit
from alertwhisperer.store.audit import EntryFilter, Envelope, envelope_of, parameters_of
from alertwhisperer.store.database import Connection, Database, Unit, queries

_AT_ONCE = 500
_MILLISECOND = timedelta(milliseconds=1)

_sql = queries("audit_search")


async def page_across(
    connection: Connection,
    companies: Sequence[CompanyId],
    *,
    limit: int,
    before: UUID | None,
    wanted: EntryFilter,
) -> list[Envelope]:
    """
    Entries of several companies as they are stored, newest first, from the one after `before`.

    Args:
        companies: which the connection sees.
    """
    rows = _sql.select_across(
        connection, companies=list(companies), before=before, limit=limit, **parameters_of(wanted)
    )
    return [envelope_of(row) async for row in rows]


async def onward(
    database: Database, scope: Scope, since: datetime, until: datetime
) -> AsyncIterator[tuple[AuditEntry, ...]]:
    """
    The scope's company's entries of [since, until), oldest first, in parts of a few hundred.

    Each part is a transaction of its own: whoever reads slowly holds nothing up.
    """
    after, past = UUID(int=floor_at(since).int - 1), floor_at(until + _MILLISECOND)
    while True:
        async with database.unit_of_work(scope) as unit:
            rows = _sql.select_onward(
                unit.connection,
                company_id=unit.company_id,
                after=after,
                past=past,
                since=since,
                until=until,
                limit=_AT_ONCE,
            )
            found = await audit.opened(unit, [envelope_of(row) async for row in rows])
        if found:
            yield found
        if len(found) < _AT_ONCE:
            return
        after = found[-1].id


async def count_by_action(unit: Unit, since: datetime, until: datetime) -> dict[str, int]:
    """How often each act was done in the unit's company in [since, until)."""
    rows = _sql.count_actions(
        unit.connection,
        company_id=unit.company_id,
        from_id=floor_at(since),
        past=floor_at(until + _MILLISECOND),
        since=since,
        until=until,
    )
    return {row["action"]: row["count"] async for row in rows}


async def people_of(unit: Unit, email: str) -> tuple[UUID, ...]:
    """The ids of everybody who ever had this e-mail; at most one of them is still let in."""
    return tuple([row["user_id"] async for row in _sql.ids_of_email(unit.connection, email=email)])
