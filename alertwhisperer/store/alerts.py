"""Reads alerts, with the figures that are fresh: those of their problem's state, while it still speaks of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import asyncpg
import msgspec

from alertwhisperer.domain.asset import canonical
from alertwhisperer.domain.company import CompanyId
from alertwhisperer.domain.severity import Severity
from alertwhisperer.domain.state import AlertStatus
from alertwhisperer.kit.ids import floor_at
from alertwhisperer.store import asset_names
from alertwhisperer.store.database import Connection, Unit, queries

_sql = queries("alerts")

MOST_OF_INCIDENT = 10_000
"""How many alerts of one incident a list looks at, the newest; a guess, beyond what a person reads."""

ID_SLACK = timedelta(hours=1)
"""An id is made when its delivery arrives, so a range of times is a range of ids, give or take far less than this."""


class AlertRow(msgspec.Struct, frozen=True):
    """
    An alert as doors show it.

    Attributes:
        started_at: when the problem began: as the tool said, else when it was first seen; aware UTC, as all times here.
        ended_at: when it ended; None while it fires.
        count: firing occurrences of its cycle.
        incident_id: None while its incident is forming.
    """

    id: UUID
    company_id: CompanyId
    integration_id: UUID
    incident_id: UUID | None
    source: str
    asset: str
    signature: str
    message: str
    labels: Mapping[str, str]
    links: Mapping[str, str]
    severity: Severity
    status: AlertStatus
    count: int
    started_at: datetime
    ended_at: datetime | None
    first_seen_at: datetime
    last_seen_at: datetime


@dataclass(frozen=True, slots=True)
class AlertFilter:
    """
    Which alerts; what is None or empty takes all.

    Attributes:
        asset: any name of the asset.
        start, finish: of the time it was first seen, `finish` excluded.
    """

    status: AlertStatus | None = None
    severities: tuple[Severity, ...] = ()
    source: str | None = None
    asset: str | None = None
    signature: str | None = None
    incident_id: UUID | None = None
    start: datetime | None = None
    finish: datetime | None = None


async def page(unit: Unit, wanted: AlertFilter, *, limit: int, before: UUID | None = None) -> list[AlertRow]:
    """
    Alerts, newest first.

    Args:
        before: only alerts with a smaller id: the last one of the page before.
    """
    ids = None if wanted.incident_id is None else await _ids_of_incident(unit, wanted.incident_id)
    return await _read(unit, wanted, ids=ids, limit=limit, before=before)


async def read(unit: Unit, alert_id: UUID) -> AlertRow | None:
    """One alert; None when the company has none with this id."""
    found = await _read(unit, AlertFilter(), ids=[alert_id], limit=1)
    return found[0] if found else None


async def among(unit: Unit, ids: Sequence[UUID]) -> list[AlertRow]:
    """Some alerts by their ids, newest first."""
    return await _read(unit, AlertFilter(), ids=list(ids), limit=len(ids))


async def first_of_incident(unit: Unit, incident_id: UUID, *, limit: int) -> list[AlertRow]:
    """The first alerts of an incident, oldest first; of a very large one, the first of its newest 10,000."""
    ids = (await _ids_of_incident(unit, incident_id))[::-1]
    wanted = AlertFilter(incident_id=incident_id)
    # Some may have moved on to another incident since; hence a reserve of as many again.
    found = await _read(unit, wanted, ids=ids[: 2 * limit], limit=2 * limit)
    return found[::-1][:limit]


async def company_of(connection: Connection, companies: Sequence[CompanyId], alert_id: UUID) -> CompanyId | None:
    """Which of the companies has the alert; `connection` is of `Database.across` these companies."""
    found: UUID | None = await _sql.company_of(connection, company_ids=list(companies), id=alert_id)
    return None if found is None else CompanyId(found)


async def _ids_of_incident(unit: Unit, incident_id: UUID) -> list[UUID]:
    rows = _sql.ids_of_incident(
        unit.connection, company_id=unit.company_id, incident_id=incident_id, limit=MOST_OF_INCIDENT
    )
    return [row["id"] async for row in rows]


async def _read(
    unit: Unit, wanted: AlertFilter, *, ids: list[UUID] | None, limit: int, before: UUID | None = None
) -> list[AlertRow]:
    names = None if wanted.asset is None else await asset_names.of_same_asset(unit, canonical(wanted.asset))
    rows = _sql.page(
        unit.connection,
        company_id=unit.company_id,
        ids=ids,
        before=earlier(before, wanted.finish),
        floor=None if wanted.start is None else floor_at(wanted.start - ID_SLACK),
        incident_id=wanted.incident_id,
        status=wanted.status,
        severities=list(wanted.severities) or None,
        source=wanted.source,
        asset_names=names,
        signature=wanted.signature,
        start=wanted.start,
        finish=wanted.finish,
        limit=limit,
    )
    return [_alert(row) async for row in rows]


def earlier(before: UUID | None, finish: datetime | None) -> UUID | None:
    """The bound of ids that a cursor and the end of a time range make together."""
    bounds = [bound for bound in (before, None if finish is None else floor_at(finish + ID_SLACK)) if bound]
    return min(bounds, default=None)


def _alert(row: asyncpg.Record) -> AlertRow:
    values = dict(row)
    values["company_id"] = CompanyId(values["company_id"])
    values["severity"] = Severity(values["severity"])
    values["status"] = AlertStatus(values["status"])
    values["labels"] = msgspec.json.decode(values["labels"], type=dict[str, str])
    values["links"] = msgspec.json.decode(values["links"], type=dict[str, str])
    return AlertRow(**values)
