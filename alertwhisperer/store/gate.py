"""What the gateway asks of the database before it accepts: how an integration is set, and a share of the limits."""

from collections.abc import Collection, Mapping
from typing import Any, NamedTuple
from uuid import UUID

import msgspec

from alertwhisperer.domain.company import CompanyId
from alertwhisperer.domain.integration import Scheme
from alertwhisperer.store.database import Connection, Unit, queries

_sql = queries("gate")


class Limits(msgspec.Struct, frozen=True):
    """A company's limits for a minute, which are its buckets' sizes too."""

    requests: int
    occurrences: int
    bytes: int


class Pass(msgspec.Struct, frozen=True):
    """What the gateway needs of an integration; `secret` is sealed."""

    source: str
    name: str
    scheme: Scheme
    require_signature: bool
    secret: bytes
    settings: dict[str, Any]
    version: int
    route_by: str | None
    limits: Limits


class Served(NamedTuple):
    """A company that an MSP-wide integration serves, and what stands for it there."""

    company_id: CompanyId
    integration_id: UUID
    limits: Limits


class Share(NamedTuple):
    """Tokens leased now, and what the buckets hold after it."""

    requests: float
    occurrences: float
    bytes: float
    left_requests: float
    left_occurrences: float
    left_bytes: float


async def pass_of(unit: Unit, integration_id: UUID) -> Pass | None:
    """An integration as the gateway needs it; None when it was removed."""
    row = await _sql.pass_of(unit.connection, company_id=unit.company_id, integration_id=integration_id)
    if row is None:
        return None
    return Pass(
        row["source"],
        row["name"],
        row["scheme"],
        row["require_signature"],
        row["secret"],
        row["settings"],
        row["version"],
        row["route_by"],
        _limits(row),
    )


async def routes_of(unit: Unit, integration_id: UUID) -> dict[str, CompanyId]:
    """Which customer of an MSP-wide integration is which company."""
    found = _sql.routes_of(unit.connection, company_id=unit.company_id, integration_id=integration_id)
    return {row["value"]: CompanyId(row["target"]) async for row in found}


async def targets_of(
    connection: Connection, integration_id: UUID, companies: Collection[CompanyId]
) -> dict[CompanyId, Served]:
    """What stands for an MSP-wide integration in those companies that have it; the transaction sees them."""
    found = _sql.targets_of(connection, shared_id=integration_id, companies=list(companies))
    return {
        CompanyId(row["company_id"]): Served(CompanyId(row["company_id"]), row["integration_id"], _limits(row))
        async for row in found
    }


def _limits(row: Mapping[str, Any]) -> Limits:
    return Limits(row["requests_per_minute"], row["occurrences_per_minute"], row["bytes_per_minute"])


async def lease(unit: Unit, limits: Limits, *, requests: float, occurrences: float, bytes_: float) -> Share:
    """Take up to so many tokens from the company's buckets; whole requests only."""
    await _sql.fill_bucket(
        unit.connection,
        company_id=unit.company_id,
        requests=float(limits.requests),
        occurrences=float(limits.occurrences),
        bytes=float(limits.bytes),
    )
    row = await _sql.lease(
        unit.connection,
        company_id=unit.company_id,
        requests=float(limits.requests),
        occurrences=float(limits.occurrences),
        bytes=float(limits.bytes),
        want_requests=requests,
        want_occurrences=occurrences,
        want_bytes=bytes_,
    )
    return Share(*row)
