"""Deliveries as the gateway makes them, and the pipeline that decides them, without HTTP between."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from hashlib import blake2b

import msgspec

from alertwhisperer.app.pipeline import Pipeline
from alertwhisperer.app.rulebook import Rulebook
from alertwhisperer.domain.delivery import Delivery
from alertwhisperer.ingest.integrations import with_defaults
from alertwhisperer.ingest.reading import members_of, parse
from alertwhisperer.kit.clock import Clock
from alertwhisperer.kit.ids import delivery_id_int
from alertwhisperer.kit.metrics import Metrics
from alertwhisperer.sources.contract import Inbound
from alertwhisperer.sources.generic import SOURCE
from alertwhisperer.store.database import Connection, Database
from alertwhisperer.store.hot.wire import speak
from tests.conftest import Tenant


def alert(asset: str = "web-01", **more: object) -> dict[str, object]:
    """An alert in our plain shape."""
    return {"asset_name": asset, "signature": "disk full", "severity": "high", "message": "97% used", **more}


def delivery(
    tenant: Tenant,
    alerts: Sequence[dict[str, object]],
    *,
    now: datetime,
    sender: str | None = None,
    signed: bool = False,
) -> Delivery:
    """A delivery of the generic source that was authenticated and split."""
    body = msgspec.json.encode(list(alerts))
    document = msgspec.json.decode(body)
    inbound = Inbound("POST", SOURCE.slug, {}, {}, body, document, now, with_defaults(SOURCE, {}))
    return Delivery(
        id=delivery_id_int(int(now.timestamp() * 1000)).to_bytes(16, "big"),
        company=tenant.id.bytes,
        integration=tenant.integration.id.bytes,
        source=SOURCE.slug,
        parser=SOURCE.version,
        settings_version=1,
        received_at=now,
        sender=None if sender is None else digest(sender.encode()),
        body_hash=None if sender is None else digest(body),
        signed=signed,
        request=None,
        body=body,
        members=members_of(parse(SOURCE, inbound), tenant.integration.id.bytes),
        actions=[],
    )


def digest(data: bytes) -> bytes:
    """The hash that the gateway keeps of an id or a body."""
    return blake2b(data, digest_size=16).digest()


def pipeline_of(database: Database, clock: Clock) -> Pipeline:
    """A pipeline as one process has it."""
    return Pipeline(Rulebook(database), clock, Metrics())


async def hot_connection(database: Database) -> Connection:
    """A connection as a lane has it."""
    connection = await database.connect_hot()
    await speak(connection)
    return connection
