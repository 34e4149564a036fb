"""Reads deliveries: what came in, and what each of its members became."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg
import msgspec

from alertwhisperer.domain.company import CompanyId
from alertwhisperer.domain.delivery import DeliveryStatus
from alertwhisperer.domain.occurrence import Kind, Refused
from alertwhisperer.domain.outcome import Outcome, Reason
from alertwhisperer.domain.severity import Severity
from alertwhisperer.kit.ids import INDEX_BITS, KIND_OCCURRENCE, index_of, member
from alertwhisperer.store.database import Connection, Unit, queries

_sql = queries("deliveries")


class DeliveryRow(msgspec.Struct, frozen=True):
    """
    One request as it was accepted.

    Attributes:
        parser: version of the source's parser; settings_version: of the integration's settings that it parsed with.
        received: members found in the body.
        flagged: an unsigned repeat of a sender's id with another body.
    """

    id: UUID
    company_id: CompanyId
    integration_id: UUID
    received_at: datetime
    source: str
    parser: int
    settings_version: int
    status: DeliveryStatus
    received: int
    flagged: bool


class Fate(msgspec.Struct, frozen=True):
    """
    What one member of a delivery became.

    Attributes:
        facts: its receipt as stored; None for repeats, and once the receipt is gone.
        incident_id: None without an incident, or while it is forming.
        refused: what was wrong with it; None when it was understood.
    """

    id: UUID
    index: int
    kind: Kind
    severity: Severity | None
    outcome: Outcome
    reason: Reason
    alert_id: UUID | None
    incident_id: UUID | None
    facts: str | None
    refused: Refused | None


class Body(msgspec.Struct, frozen=True):
    """A delivery's body as received; `request` is JSON of method, query and headers, or None."""

    body: bytes
    request: str | None


async def read(unit: Unit, delivery_id: UUID) -> DeliveryRow | None:
    """One delivery; None when the company has none with this id, or retention dropped it."""
    row = await _sql.read(unit.connection, company_id=unit.company_id, id=delivery_id)
    if row is None:
        return None
    values = dict(row)
    values["company_id"] = CompanyId(values["company_id"])
    values["status"] = DeliveryStatus(values["status"])
    return DeliveryRow(**values)


async def body(unit: Unit, delivery_id: UUID) -> Body | None:
    """Its raw body; None when it is gone."""
    row = await _sql.body(unit.connection, company_id=unit.company_id, id=delivery_id)
    return None if row is None else Body(row["body"], row["request"])


async def fates(unit: Unit, delivery_id: UUID, *, first: int, limit: int) -> list[Fate]:
    """What its members became, in the body's order, from index `first` on."""
    start = member(delivery_id.int, KIND_OCCURRENCE, first)
    beyond = member(delivery_id.int, KIND_OCCURRENCE, 0) + (1 << INDEX_BITS)
    rows = _sql.occurrences(
        unit.connection, company_id=unit.company_id, first=UUID(int=start), beyond=UUID(int=beyond), limit=limit
    )
    return [_fate(row) async for row in rows]


async def company_of(connection: Connection, companies: Sequence[CompanyId], delivery_id: UUID) -> CompanyId | None:
    """Which of the companies has the delivery; `connection` is of `Database.across` these companies."""
    found: UUID | None = await _sql.company_of(connection, company_ids=list(companies), id=delivery_id)
    return None if found is None else CompanyId(found)


def _fate(row: asyncpg.Record) -> Fate:
    return Fate(
        id=row["id"],
        index=index_of(row["id"]),
        kind=Kind(row["kind"]),
        severity=None if row["severity"] is None else Severity(row["severity"]),
        outcome=Outcome(row["outcome"]),
        reason=Reason(row["reason"]),
        alert_id=row["alert_id"],
        incident_id=row["incident_id"],
        facts=row["facts"],
        refused=_refused(row),
    )


def _refused(row: asyncpg.Record) -> Refused | None:
    """From the quarantine's row, or from the JSON kept with a rejected member."""
    if row["outcome"] not in (Outcome.REJECTED, Outcome.QUARANTINED):
        return None
    index = index_of(row["id"])
    if row["what"] is not None:
        return Refused(index, row["what"], row["where"], row["mend"])
    for text in (row["facts"], row["content"]):
        told: Any = {} if text is None else msgspec.json.decode(text)
        if isinstance(told, dict) and isinstance(told.get("what"), str):
            return Refused(index, told["what"], str(told.get("where", "")), str(told.get("mend", "")))
    return Refused(index, "the member could not be used")
