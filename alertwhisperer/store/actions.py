"""Effects that deliveries asked for, as the worker that carries them out sees them."""

from datetime import datetime
from typing import Literal
from uuid import UUID

import msgspec

from alertwhisperer.store.database import Unit, queries

_sql = queries("actions")


class PendingAction(msgspec.Struct, frozen=True):
    """An effect to carry out; `secret` is sealed."""

    id: UUID
    integration_id: UUID
    kind: str
    subject: str
    secret: bytes
    state: str
    source: str


async def read(unit: Unit, action_id: UUID) -> PendingAction | None:
    """One effect; None when there is none."""
    row = await _sql.read(unit.connection, company_id=unit.company_id, id=action_id)
    return None if row is None else PendingAction(*row)


async def settle(unit: Unit, action_id: UUID, state: Literal["done", "failed"], answer: str, *, now: datetime) -> None:
    """What came of it."""
    await _sql.settle(unit.connection, company_id=unit.company_id, id=action_id, state=state, answer=answer, now=now)
