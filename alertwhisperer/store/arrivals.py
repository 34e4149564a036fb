"""Reads what lately came from one integration, and why requests of it were refused: for whoever sets it up."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

import asyncpg
import msgspec

from alertwhisperer.domain.delivery import DeliveryStatus
from alertwhisperer.domain.severity import Severity
from alertwhisperer.kit.ids import floor_at
from alertwhisperer.store import deliveries
from alertwhisperer.store.database import Unit, queries
from alertwhisperer.store.deliveries import Fate

_sql = queries("arrivals")

_MEMBERS = 10


class Member(msgspec.Struct, frozen=True):
    """
    One member of a delivery, as far as it got.

    Attributes:
        asset, signature, severity: of its alert; None when it is none.
        incident_number: None without an incident, or while it is forming.
    """

    fate: Fate
    asset: str | None
    signature: str | None
    severity: Severity | None
    incident_number: int | None


class Arrival(msgspec.Struct, frozen=True):
    """One delivery with its first ten members; `received` counts all."""

    id: UUID
    received_at: datetime
    status: DeliveryStatus
    received: int
    members: tuple[Member, ...]


class Refusal(msgspec.Struct, frozen=True):
    """Requests that the gateway refused for one reason."""

    reason: str
    requests: int
    last_at: datetime


async def newest(unit: Unit, integration_id: UUID, *, since: datetime, limit: int) -> tuple[Arrival, ...]:
    """The newest deliveries since a moment, newest first."""
    found = _sql.newest(
        unit.connection,
        company_id=unit.company_id,
        integration_id=integration_id,
        floor=floor_at(since),
        limit=limit,
    )
    rows = [row async for row in found]
    fates = [await deliveries.fates(unit, row["id"], first=0, limit=_MEMBERS) for row in rows]
    alerts = [fate.alert_id for each in fates for fate in each if fate.alert_id is not None]
    incidents = [fate.incident_id for each in fates for fate in each if fate.incident_id is not None]
    named = {row["alert_id"]: row async for row in _sql.named(unit.connection, company_id=unit.company_id, ids=alerts)}
    numbers = _sql.numbers(unit.connection, company_id=unit.company_id, ids=incidents)
    numbered = {row["id"]: row["number"] async for row in numbers}
    return tuple(
        Arrival(
            row["id"],
            row["received_at"],
            DeliveryStatus(row["status"]),
            row["received"],
            tuple(_member(fate, named, numbered) for fate in each),
        )
        for row, each in zip(rows, fates, strict=True)
    )


async def refused(unit: Unit, integration_id: UUID, *, since: datetime) -> tuple[Refusal, ...]:
    """Why requests were refused since a moment, the latest first."""
    found = _sql.refused(unit.connection, company_id=unit.company_id, integration_id=integration_id, since=since)
    return tuple([Refusal(**row) async for row in found])


def _member(fate: Fate, named: Mapping[UUID, asyncpg.Record], numbered: Mapping[UUID, int]) -> Member:
    alert = None if fate.alert_id is None else named.get(fate.alert_id)
    number = None if fate.incident_id is None else numbered.get(fate.incident_id)
    if alert is None:
        return Member(fate, None, None, None, number)
    return Member(fate, alert["asset"], alert["signature"], Severity(alert["severity"]), number)
