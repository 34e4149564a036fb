"""Keeps what could not be read, until a person runs it again or gives it up; its body lies with its delivery."""

from datetime import datetime
from typing import Literal, TypeAlias
from uuid import UUID

import asyncpg
import msgspec

from alertwhisperer.domain.audit import AuditAction, Resource
from alertwhisperer.domain.company import CompanyId
from alertwhisperer.domain.errors import Conflicting, NotFound
from alertwhisperer.store import audit
from alertwhisperer.store.database import Unit, queries

_sql = queries("quarantine")

State: TypeAlias = Literal["waiting", "rerun", "discarded"]

_ACTIONS = {"rerun": AuditAction.QUARANTINE_RERUN, "discarded": AuditAction.QUARANTINE_DISCARDED}


class QuarantineRow(msgspec.Struct, frozen=True):
    """
    A delivery, or one member of it, that could not be read.

    Attributes:
        id: the occurrence's that stands for it in the ledger.
        what, place, mend: what is wrong, where in the body, what to do.
        subject: the customer whose company is not known, of an alert that could be read; else None.
        severity, summary: what such an alert says.
    """

    id: UUID
    company_id: CompanyId
    delivery_id: UUID
    integration_id: UUID
    at: datetime
    reason: str
    what: str
    place: str
    mend: str
    state: State
    settled_at: datetime | None
    settled_by: str | None
    subject: str | None
    severity: int | None
    summary: str | None


async def page(unit: Unit, *, state: State | None, limit: int, before: UUID | None = None) -> list[QuarantineRow]:
    """What is (or was) in quarantine, newest first; `before` is the last id of the page before."""
    rows = _sql.page(unit.connection, company_id=unit.company_id, id=None, state=state, before=before, limit=limit)
    return [_row(row) async for row in rows]


async def read(unit: Unit, quarantine_id: UUID) -> QuarantineRow | None:
    """One unit; None when the company has none with this id."""
    rows = _sql.page(unit.connection, company_id=unit.company_id, id=quarantine_id, state=None, before=None, limit=1)
    async for row in rows:
        return _row(row)
    return None


async def waiting(
    unit: Unit, *, integration_id: UUID | None, limit: int, after: UUID | None = None
) -> list[QuarantineRow]:
    """What waits, oldest first, from the one after `after`; of all integrations when none is given."""
    rows = _sql.waiting(
        unit.connection,
        company_id=unit.company_id,
        integration_id=integration_id,
        after=after or UUID(int=0),
        limit=limit,
    )
    return [_row(row) async for row in rows]


async def settle(
    unit: Unit, quarantine_id: UUID, state: Literal["rerun", "discarded"], *, now: datetime
) -> QuarantineRow:
    """
    Take a unit out of quarantine in the actor's name, with its audit entry.

    Raises:
        NotFound: the company has none with this id.
        Conflicting: it was settled before.
    """
    settled = await _sql.settle(
        unit.connection,
        company_id=unit.company_id,
        id=quarantine_id,
        state=state,
        now=now,
        actor=unit.scope.actor,
    )
    row = await read(unit, quarantine_id)
    if row is None:
        raise NotFound("there is no such unit in quarantine")
    if settled is None:
        raise Conflicting(f"the unit was settled before: {row.state}", where="state")
    detail = {"delivery_id": str(row.delivery_id), "reason": row.reason}
    await audit.write(unit, _ACTIONS[state], Resource("quarantine", str(quarantine_id)), detail, now=now)
    return row


def _row(row: asyncpg.Record) -> QuarantineRow:
    values = dict(row)
    values["company_id"] = CompanyId(values["company_id"])
    return QuarantineRow(**values)
