"""
Alerts, runs and escalations of several companies at once. Callers come through the audited door (`guard/crossing.py`)
and no other way.

One statement finds which rows come next, ids alone; then each company's rows are read in its own name.
"""

from collections import defaultdict
from collections.abc import Callable, Sequence
from uuid import UUID

from alertwhisperer.domain.asset import canonical
from alertwhisperer.domain.company import CompanyId
from alertwhisperer.domain.run import Run, RunEscalation
from alertwhisperer.kit.ids import floor_at
from alertwhisperer.store import alerts, run_choices, runs
from alertwhisperer.store.alerts import ID_SLACK, AlertFilter, AlertRow, earlier
from alertwhisperer.store.database import Connection, Unit, queries
from alertwhisperer.store.runs import RunFilter

At = Callable[[CompanyId], Unit]
"""The transaction in the name of one of the companies."""

_sql = queries("across")


async def page_of_alerts(
    connection: Connection,
    companies: Sequence[CompanyId],
    at: At,
    wanted: AlertFilter,
    *,
    limit: int,
    before: UUID | None = None,
) -> list[AlertRow]:
    """
    Alerts of the companies, newest first; `before` is the last id of the page before.

    Args:
        wanted: its `asset` is the name as alerts give it, since other names are each company's own; its `incident_id`
            is not read: an incident is one company's.
    """
    found = _sql.alerts(
        connection,
        companies=list(companies),
        before=earlier(before, wanted.finish),
        floor=None if wanted.start is None else floor_at(wanted.start - ID_SLACK),
        status=wanted.status,
        severities=list(wanted.severities) or None,
        source=wanted.source,
        asset_name=None if wanted.asset is None else canonical(wanted.asset),
        signature=wanted.signature,
        start=wanted.start,
        finish=wanted.finish,
        limit=limit,
    )
    apart: dict[CompanyId, list[UUID]] = defaultdict(list)
    async for company_id, identifier in found:
        apart[CompanyId(company_id)].append(identifier)
    rows = [row for company_id, ids in apart.items() for row in await alerts.among(at(company_id), ids)]
    return sorted(rows, key=lambda row: row.id, reverse=True)


async def page_of_runs(
    connection: Connection,
    companies: Sequence[CompanyId],
    at: At,
    wanted: RunFilter,
    *,
    limit: int,
    before: UUID | None = None,
) -> list[Run]:
    """
    Runs of the companies, newest first; `before` is the last id of the page before.

    Args:
        wanted: its `incident_id` is not read: an incident is one company's.
    """
    found = _sql.runs(
        connection,
        companies=list(companies),
        before=before,
        floor=wanted.floor,
        since=wanted.since,
        state=None if wanted.state is None else wanted.state.value,
        runbook=wanted.runbook,
        limit=limit,
    )
    apart: dict[CompanyId, list[UUID]] = defaultdict(list)
    async for company_id, identifier in found:
        apart[CompanyId(company_id)].append(identifier)
    rows = [row for company_id, ids in apart.items() for row in await runs.among(at(company_id), ids)]
    return sorted(rows, key=lambda row: row.id, reverse=True)


async def page_of_escalations(
    connection: Connection, companies: Sequence[CompanyId], *, limit: int, before: UUID | None = None
) -> list[tuple[CompanyId, RunEscalation]]:
    """What a person must look at in the companies, and whose it is, newest first, from the one after `before`."""
    found = _sql.escalations(connection, companies=list(companies), before=before, limit=limit)
    return [(CompanyId(row["company_id"]), run_choices.escalation_of(row)) async for row in found]
