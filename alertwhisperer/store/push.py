"""
Devices that people are told on, and what each was told.

Devices and the key are the installation's, notices a company's.
"""

from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from typing import Literal, TypeAlias
from uuid import UUID

import asyncpg
import msgspec

from alertwhisperer.domain.company import CompanyId
from alertwhisperer.domain.push import Candidate, Subscription
from alertwhisperer.domain.severity import Severity
from alertwhisperer.store.database import Connection, Unit, queries

State: TypeAlias = Literal["due", "bundled", "sent", "moot", "failed"]

_sql = queries("push")


class Notice(msgspec.Struct, frozen=True):
    """
    What a device is told of an incident.

    Attributes:
        more: how many other incidents it speaks for.
        waits: whether the incident is open and nobody's still.
        company: its name.
    """

    incident_id: UUID
    subscription_id: UUID
    more: int
    state: State
    created_at: datetime
    number: int
    title: str
    severity: Severity
    company: str
    waits: bool


async def keep_key(unit: Unit, sealed: bytes, public: str, *, now: datetime) -> None:
    """Keep a key pair, unless there is one; the private half is sealed."""
    await _sql.insert_key(unit.connection, sealed=sealed, public=public, made_at=now)


async def key(unit: Unit) -> tuple[bytes, str] | None:
    """The installation's key pair: the private half as it is sealed, and the public one."""
    row = await _sql.select_key(unit.connection)
    return None if row is None else (row["sealed"], row["public"])


async def put(unit: Unit, device: Subscription) -> UUID | None:
    """
    Switch a device on for its person, or set it anew.

    Returns:
        Its id: the given one when it is new. None when somebody else did so at this instant.
    """
    named = {"address_hash": device.address_hash, "user_id": device.user_id}
    said = {
        "device": device.device,
        "host": device.host,
        "sealed": device.sealed,
        "severities": list(device.severities),
        "with_text": device.with_text,
    }
    await _sql.take_from_others(unit.connection, **named)
    kept: UUID | None = await _sql.rewrite_subscription(unit.connection, **named, **said)
    if kept is not None:
        return kept
    added = await _sql.insert_subscription(
        unit.connection, **named, **said, subscription_id=device.id, created_at=device.created_at
    )
    return device.id if added else None


async def of_user(unit: Unit, user_id: UUID, *, limit: int) -> tuple[Subscription, ...]:
    """A person's devices, oldest first."""
    rows = _sql.subscriptions_of(unit.connection, user_id=user_id, limit=limit)
    return tuple([_subscription(row) async for row in rows])


async def by_id(unit: Unit, subscription_id: UUID) -> Subscription | None:
    """One device."""
    row = await _sql.subscription(unit.connection, subscription_id=subscription_id)
    return None if row is None else _subscription(row)


async def remove(unit: Unit, subscription_id: UUID, *, user_id: UUID) -> bool:
    """Switch a person's device off; False when it is not there."""
    return bool(await _sql.delete_subscription(unit.connection, subscription_id=subscription_id, user_id=user_id))


async def remove_all(unit: Unit, user_id: UUID) -> tuple[UUID, ...]:
    """Switch all devices of a person off."""
    rows = _sql.delete_subscriptions_of(unit.connection, user_id=user_id)
    return tuple([row["subscription_id"] async for row in rows])


async def touch(unit: Unit, subscription_id: UUID, *, now: datetime) -> None:
    """Its push service took something."""
    await _sql.touch_subscription(unit.connection, subscription_id=subscription_id, at=now)


async def watching(unit: Unit) -> tuple[UUID, ...]:
    """The ids of people who have a device switched on."""
    return tuple([row["user_id"] async for row in _sql.select_watching(unit.connection)])


async def candidates(
    connection: Connection,
    served: Sequence[tuple[CompanyId, UUID]],
    *,
    since: datetime,
    before: datetime,
    limit: int,
) -> tuple[Candidate, ...]:
    """
    Incidents that nobody took, and devices that are to be told of them; the worst first.

    Args:
        connection: of `Database.across` the companies.
        served: companies, each with a person who serves it.
        since, before: of the time that an incident opened.
    """
    rows: AsyncIterator[asyncpg.Record] = _sql.candidates(
        connection,
        companies=[company_id for company_id, _ in served],
        users=[user_id for _, user_id in served],
        since=since,
        before=before,
        limit=limit,
    )
    return tuple(
        [
            Candidate(
                CompanyId(row["company_id"]), row["incident_id"], row["subscription_id"], Severity(row["severity"])
            )
            async for row in rows
        ]
    )


async def told_since(
    connection: Connection, companies: Sequence[CompanyId], devices: Sequence[UUID], since: datetime
) -> dict[UUID, int]:
    """How many notices each device got since a moment."""
    rows = _sql.told_since(connection, companies=list(companies), subscription_ids=list(devices), since=since)
    return {row["subscription_id"]: row["notices"] async for row in rows}


async def add_notice(unit: Unit, candidate: Candidate, notice_id: UUID, *, more: int | None, now: datetime) -> bool:
    """
    Note that a device is told of an incident of the unit's company; False when it was noted before.

    Args:
        more: how many others the notice speaks for; None: another notice speaks for this incident.
    """
    added = await _sql.insert_notice(
        unit.connection,
        company_id=unit.company_id,
        incident_id=candidate.incident_id,
        subscription_id=candidate.subscription_id,
        notice_id=notice_id,
        more=more or 0,
        state="bundled" if more is None else "due",
        created_at=now,
    )
    return bool(added)


async def notice(unit: Unit, notice_id: UUID) -> Notice | None:
    """A notice of the unit's company, with what is said in it."""
    row = await _sql.select_notice(unit.connection, company_id=unit.company_id, notice_id=notice_id)
    return None if row is None else Notice(**{**row, "severity": Severity(row["severity"])})


async def settle(unit: Unit, notice_id: UUID, state: State, *, now: datetime, problem: str = "") -> None:
    """What became of a notice."""
    await _sql.settle_notice(
        unit.connection, company_id=unit.company_id, notice_id=notice_id, state=state, problem=problem, at=now
    )


async def forget(unit: Unit, *, before: datetime) -> None:
    """Drop notices of the unit's company from before a moment."""
    await _sql.forget_notices(unit.connection, company_id=unit.company_id, before=before)


def _subscription(row: asyncpg.Record) -> Subscription:
    return Subscription(**{**row, "severities": tuple(map(Severity, row["severities"]))})
