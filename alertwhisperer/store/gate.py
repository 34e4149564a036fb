"""What the gateway asks of the database before it accepts: how an integration is set, and a share of the limits."""

from typing import Any, NamedTuple
from uuid import UUID

import msgspec

from alertwhisperer.domain.integration import Scheme
from alertwhisperer.store.database import Unit, queries

_sql = queries("gate")


class Limits(msgspec.Struct, frozen=True):
    """A company's limits for a minute, which are its buckets' sizes too."""

    requests: int
    occurrences: int
    bytes: int


class Pass(msgspec.Struct, frozen=True):
    """What the gateway needs of an integration; `secret` is sealed."""

    source: str
    scheme: Scheme
    require_signature: bool
    secret: bytes
    settings: dict[str, Any]
    version: int
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
    limits = Limits(row["requests_per_minute"], row["occurrences_per_minute"], row["bytes_per_minute"])
    return Pass(
        row["source"],
        row["scheme"],
        row["require_signature"],
        row["secret"],
        row["settings"],
        row["version"],
        limits,
    )


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
