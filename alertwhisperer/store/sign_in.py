"""
What signing in needs to know and remembers: passwords, second factors, links, failed tries.

All of it belongs to the installation, as people do; every function takes a unit of it.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Literal, NamedTuple
from uuid import UUID

import asyncpg

from alertwhisperer.store.database import Unit, queries

_sql = queries("sign_in")

LinkKind = Literal["invitation", "reset"]


class Credentials(NamedTuple):
    """How a person may sign in; `password` None: not by one; `secret` is sealed and counts when `has_second_factor`."""

    user_id: UUID
    password: str | None
    must_change: bool
    set_at: datetime | None
    secret: bytes | None
    has_second_factor: bool


class Counted(NamedTuple):
    """Failed tries of a bucket, and until when the next must wait."""

    failures: float
    blocked_until: datetime
    changed_at: datetime


class Failures(NamedTuple):
    """Failed tries of a person since they last signed in."""

    failures: int
    first_at: datetime
    last_at: datetime
    last_ip: str


class Link(NamedTuple):
    """A link that is still good, and whose it is."""

    id: UUID
    user_id: UUID
    kind: LinkKind
    email: str


class Factor(NamedTuple):
    """A second factor; `secret` is sealed."""

    secret: bytes
    confirmed_at: datetime | None
    last_step: int


async def credentials(unit: Unit, email: str) -> Credentials | None:
    """How the person with this e-mail may sign in."""
    return _credentials(await _sql.select_credentials(unit.connection, email=email))


async def credentials_of(unit: Unit, user_id: UUID) -> Credentials | None:
    """The same by the person's id."""
    return _credentials(await _sql.select_credentials_by_id(unit.connection, user_id=user_id))


async def lock_person(unit: Unit, user_id: UUID) -> tuple[bool, str | None]:
    """Wait until nobody else changes how this person signs in; whether they are there, and their password's hash."""
    row = await _sql.lock_person(unit.connection, user_id=user_id)
    return (False, None) if row is None else (True, row["hash"])


async def set_password(unit: Unit, user_id: UUID, password_hash: str, *, must_change: bool, now: datetime) -> None:
    """Store a person's password, the first or another."""
    await _sql.set_password(unit.connection, user_id=user_id, hash=password_hash, must_change=must_change, set_at=now)


async def rehash_password(unit: Unit, user_id: UUID, old: str, new: str) -> None:
    """Store the same password's other hash, unless it was changed meanwhile."""
    await _sql.rehash_password(unit.connection, user_id=user_id, old=old, hash=new)


async def delete_password(unit: Unit, user_id: UUID) -> None:
    """Take a person's password away."""
    await _sql.delete_password(unit.connection, user_id=user_id)


async def lock_buckets(unit: Unit, buckets: Collection[UUID], *, fresh: Counted) -> dict[UUID, Counted]:
    """What is counted for each, locked until the transaction ends; `fresh` for those that are new."""
    found = _sql.lock_buckets(
        unit.connection, buckets=sorted(buckets), blocked_until=fresh.blocked_until, changed_at=fresh.changed_at
    )
    return {row["bucket"]: Counted(row["failures"], row["blocked_until"], row["changed_at"]) async for row in found}


async def write_buckets(unit: Unit, counted: Mapping[UUID, Counted]) -> None:
    """Store what is counted now, for buckets that are locked."""
    await _sql.write_buckets(
        unit.connection,
        buckets=list(counted),
        failures=[one.failures for one in counted.values()],
        blocked_until=[one.blocked_until for one in counted.values()],
        changed_at=[one.changed_at for one in counted.values()],
    )


async def delete_buckets(unit: Unit, buckets: Collection[UUID]) -> None:
    """Forget what was counted."""
    await _sql.delete_buckets(unit.connection, buckets=sorted(buckets))


async def count_failure(unit: Unit, user_id: UUID, *, ip: str, now: datetime) -> tuple[int, datetime | None]:
    """Count a failed try; how many the audit log has not counted, and when it last did."""
    row = await _sql.count_failure(unit.connection, user_id=user_id, ip=ip, now=now)
    return row["untold"], row["told_at"]


async def told_failures(unit: Unit, user_id: UUID, *, now: datetime) -> None:
    """The audit log has counted them."""
    await _sql.told_failures(unit.connection, user_id=user_id, now=now)


async def take_failures(unit: Unit, user_id: UUID) -> Failures | None:
    """The failed tries of a person who signs in now; None when there were none."""
    row = await _sql.take_failures(unit.connection, user_id=user_id)
    return None if row is None else Failures(*row)


async def take_untold(unit: Unit, *, before: datetime, now: datetime) -> tuple[tuple[UUID, int, str], ...]:
    """People's failed tries that no entry has counted although the last one is older than `before`; at most 1,000."""
    found = _sql.take_untold(unit.connection, before=before, now=now)
    return tuple([(row["user_id"], row["untold"], row["last_ip"]) async for row in found])


async def insert_link(
    unit: Unit,
    link_id: UUID,
    user_id: UUID,
    link_hash: UUID,
    kind: LinkKind,
    *,
    made_at: datetime,
    expires_at: datetime,
) -> None:
    """Add a link in place of the person's other ones."""
    await _sql.void_links(unit.connection, user_id=user_id, now=made_at)
    await _sql.insert_link(
        unit.connection,
        link_id=link_id,
        user_id=user_id,
        hash=link_hash,
        kind=kind,
        made_at=made_at,
        expires_at=expires_at,
    )


async def void_links(unit: Unit, user_id: UUID, *, now: datetime) -> None:
    """None of a person's links is good any more."""
    await _sql.void_links(unit.connection, user_id=user_id, now=now)


async def link(unit: Unit, link_hash: UUID, *, now: datetime) -> Link | None:
    """The link with this hash, while it is good."""
    row = await _sql.select_link(unit.connection, hash=link_hash, now=now)
    return None if row is None else Link(*row)


async def use_link(unit: Unit, link_hash: UUID, *, now: datetime) -> bool:
    """Use a link up; True for one caller only."""
    return await _sql.use_link(unit.connection, hash=link_hash, now=now) is not None


async def happens_once(unit: Unit, what: str, *, now: datetime) -> bool:
    """Whether this transaction is the one in which it happens; others wait for its end."""
    return await _sql.happens_once(unit.connection, what=what, now=now) is not None


async def has_admin(unit: Unit) -> bool:
    """Whether there is an MSP admin already."""
    return bool(await _sql.has_admin(unit.connection))


async def begin_factor(unit: Unit, user_id: UUID, secret: bytes, *, now: datetime) -> bool:
    """Store a second factor that is not proven yet; False when the person has a proven one."""
    return await _sql.begin_factor(unit.connection, user_id=user_id, secret=secret, now=now) is not None


async def factor(unit: Unit, user_id: UUID) -> Factor | None:
    """A person's second factor, proven or not."""
    row = await _sql.select_factor(unit.connection, user_id=user_id)
    return None if row is None else Factor(*row)


async def confirm_factor(unit: Unit, user_id: UUID, *, now: datetime) -> bool:
    """It is proven; True once."""
    return await _sql.confirm_factor(unit.connection, user_id=user_id, now=now) is not None


async def take_step(unit: Unit, user_id: UUID, step: int) -> bool:
    """Use the code of a time step up; False when it or a later one was used before."""
    return await _sql.take_step(unit.connection, user_id=user_id, step=step) is not None


async def delete_factor(unit: Unit, user_id: UUID) -> bool:
    """Take the second factor and its recovery codes away; whether a proven one was there."""
    await _sql.delete_recovery(unit.connection, user_id=user_id)
    return bool(await _sql.delete_factor(unit.connection, user_id=user_id))


async def replace_recovery(unit: Unit, user_id: UUID, hashes: Sequence[UUID]) -> None:
    """Store recovery codes in place of those that were."""
    await _sql.delete_recovery(unit.connection, user_id=user_id)
    await _sql.insert_recovery(unit.connection, user_id=user_id, hashes=list(hashes))


async def use_recovery(unit: Unit, user_id: UUID, code_hash: UUID, *, now: datetime) -> bool:
    """Use a recovery code up; True once."""
    return await _sql.use_recovery(unit.connection, user_id=user_id, hash=code_hash, now=now) is not None


async def recovery_left(unit: Unit, user_id: UUID) -> int:
    """How many recovery codes are left."""
    return int(await _sql.count_recovery(unit.connection, user_id=user_id))


async def forget(unit: Unit, *, links_before: datetime, buckets_before: datetime) -> None:
    """Take away links and counts that mean nothing any more."""
    await _sql.forget_links(unit.connection, before=links_before)
    await _sql.forget_buckets(unit.connection, before=buckets_before)


def _credentials(row: asyncpg.Record | None) -> Credentials | None:
    if row is None:
        return None
    return Credentials(
        user_id=row["user_id"],
        password=row["hash"],
        must_change=bool(row["must_change"]),
        set_at=row["set_at"],
        secret=row["secret"],
        has_second_factor=row["has_second_factor"],
    )
