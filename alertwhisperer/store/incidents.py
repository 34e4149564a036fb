"""Reads incidents, their members and what was done to them; forming ones stay unseen."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, TypeAlias
from uuid import UUID

import asyncpg
import msgspec

from alertwhisperer.domain.company import CompanyId
from alertwhisperer.domain.severity import Severity
from alertwhisperer.domain.state import IncidentStatus
from alertwhisperer.store.alerts import earlier
from alertwhisperer.store.database import Connection, Unit, queries

_sql = queries("incidents")

Word: TypeAlias = Literal["open", "acknowledged", "resolved", "merged"]

_STATUSES: Mapping[Word, IncidentStatus] = {
    "open": IncidentStatus.OPEN,
    "acknowledged": IncidentStatus.OPEN,
    "resolved": IncidentStatus.RESOLVED,
    "merged": IncidentStatus.MERGED,
}
_DEPTH = 500  # alerts of an incident whose tools and assets are named; keeps a page of large incidents bounded
_MOST_ASSETS = 100
_MOST_EVENTS = 200  # of each kind in a timeline


class IncidentRow(msgspec.Struct, frozen=True):
    """
    An incident as doors show it.

    Attributes:
        severity: the worst seen.
        alert_count: alerts in it; occurrence_count: their firing occurrences; firing: alerts that fire now.
        tools, assets: of its newest alerts, sorted; at most 100 assets.
        activity_at: the last time anything of it fired, aware UTC, as all times here.
        resolved_at: also set where it resolved before it was merged.
    """

    id: UUID
    company_id: CompanyId
    title: str
    rule_id: str
    rule_name: str
    rules_version: int
    aggregation_key: str
    opened_at: datetime
    acknowledged_at: datetime | None
    acknowledged_by: str | None
    assignee: str | None
    resolved_by: str | None
    merged_into: UUID | None
    split_from: UUID | None
    status: IncidentStatus
    severity: Severity
    resolved_at: datetime | None
    activity_at: datetime
    firing: int
    alert_count: int
    occurrence_count: int
    tools: tuple[str, ...] = ()
    assets: tuple[str, ...] = ()

    @property
    def word(self) -> Word:
        """Its state for people; an open one that a person took is `acknowledged`."""
        match self.status:
            case IncidentStatus.RESOLVED:
                return "resolved"
            case IncidentStatus.MERGED:
                return "merged"
        return "open" if self.acknowledged_at is None else "acknowledged"


class Event(msgspec.Struct, frozen=True):
    """Something that a person or a timer did to an incident; `facts` is the act's JSON, or a comment's text."""

    id: UUID
    at: datetime
    kind: str
    actor: str
    facts: str


@dataclass(frozen=True, slots=True)
class IncidentFilter:
    """
    Which incidents; what is None or empty takes all.

    Attributes:
        start, finish: of the time it opened, `finish` excluded.
    """

    words: tuple[Word, ...] = ()
    severities: tuple[Severity, ...] = ()
    assignee: str | None = None
    start: datetime | None = None
    finish: datetime | None = None


async def page(unit: Unit, wanted: IncidentFilter, *, limit: int, before: UUID | None = None) -> list[IncidentRow]:
    """Incidents, newest first; `before` is the last id of the page before."""
    return await _read(unit, wanted, limit=limit, before=before)


async def read(unit: Unit, incident_id: UUID) -> IncidentRow | None:
    """One incident; None when the company has none with this id, or it is still forming."""
    found = await _read(unit, IncidentFilter(), limit=1, incident_id=incident_id)
    return found[0] if found else None


async def acts(unit: Unit, incident_id: UUID) -> list[Event]:
    """What people and timers did to it, newest first, at most 200."""
    rows = _sql.acts(unit.connection, company_id=unit.company_id, incident_id=incident_id, limit=_MOST_EVENTS)
    return [Event(**dict(row)) async for row in rows]


async def comments(unit: Unit, incident_id: UUID) -> list[Event]:
    """What people wrote, newest first, at most 200."""
    rows = _sql.comments(unit.connection, company_id=unit.company_id, incident_id=incident_id, limit=_MOST_EVENTS)
    return [Event(row["id"], row["at"], "comment", row["author"], row["body"]) async for row in rows]


async def company_of(connection: Connection, companies: Sequence[CompanyId], incident_id: UUID) -> CompanyId | None:
    """Which of the companies has the incident; `connection` is of `Database.across` these companies."""
    found: UUID | None = await _sql.company_of(connection, company_ids=list(companies), id=incident_id)
    return None if found is None else CompanyId(found)


async def _read(
    unit: Unit,
    wanted: IncidentFilter,
    *,
    limit: int,
    before: UUID | None = None,
    incident_id: UUID | None = None,
) -> list[IncidentRow]:
    statement = _sql.page(
        unit.connection,
        company_id=unit.company_id,
        id=incident_id,
        before=earlier(before, wanted.finish),
        statuses=_statuses(wanted.words),
        acknowledged=_acknowledged(wanted.words),
        severities=list(wanted.severities) or None,
        assignee=wanted.assignee,
        start=wanted.start,
        finish=wanted.finish,
        limit=limit,
    )
    rows = [row async for row in statement]
    members = await _members(unit, [row["id"] for row in rows])
    return [_incident(row, *members.get(row["id"], ((), ()))) for row in rows]


def _statuses(words: Sequence[Word]) -> list[int] | None:
    return sorted({int(_STATUSES[word]) for word in words}) or None


def _acknowledged(words: Sequence[Word]) -> bool | None:
    """Whether of the open ones only those that a person took are wanted, or only the others; None for both."""
    took, waiting = "acknowledged" in words, "open" in words
    return None if took == waiting else took


async def _members(unit: Unit, ids: list[UUID]) -> dict[UUID, tuple[tuple[str, ...], tuple[str, ...]]]:
    if not ids:
        return {}
    rows = _sql.members(unit.connection, company_id=unit.company_id, incident_ids=ids, depth=_DEPTH)
    return {row["incident_id"]: (tuple(row["tools"]), tuple(row["assets"][:_MOST_ASSETS])) async for row in rows}


def _incident(row: asyncpg.Record, tools: tuple[str, ...], assets: tuple[str, ...]) -> IncidentRow:
    values = dict(row)
    values["company_id"] = CompanyId(values["company_id"])
    values["status"] = IncidentStatus(values["status"])
    values["severity"] = Severity(values["severity"])
    return IncidentRow(**values, tools=tools, assets=assets)
