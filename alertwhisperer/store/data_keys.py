"""Data keys as they lie in the database: wrapped. The application reads them; only the owner writes."""

from datetime import datetime
from typing import Literal, TypeAlias
from uuid import UUID

import msgspec

from alertwhisperer.store.database import Connection, queries

CHANNEL = "alertwhisperer_keys"

KeyState: TypeAlias = Literal["coming", "current", "old", "forgotten"]

_LOCK = 0x6B65_7973  # any number that no other lock has

_sql = queries("data_keys")


class WrappedKey(msgspec.Struct, frozen=True):
    """
    A data key, wrapped.

    Attributes:
        state: `coming` can open and does not seal yet; `old` opens what is sealed with it still; `forgotten` keys are
            destroyed.
        mark: what each value that it sealed says of it, in hexadecimal; None for a key that seals nothing.
        master: name of the master key that wraps it.
        wrapped: empty when it is forgotten.
    """

    key_id: UUID
    purpose: str
    state: KeyState
    mark: str | None
    master: str
    wrapped: bytes
    made_at: datetime
    old_since: datetime | None = None


async def read_all(connection: Connection) -> list[WrappedKey]:
    """Every data key that somebody may still need, the present one of each purpose first."""
    return [WrappedKey(**dict(row)) async for row in _sql.select_keys(connection)]


async def read_forgotten(connection: Connection) -> list[WrappedKey]:
    """What is known of the keys that were destroyed, newest first."""
    return [WrappedKey(**dict(row), wrapped=b"") async for row in _sql.select_forgotten(connection)]


async def have_a_place(connection: Connection) -> bool:
    """Whether this database has a table of data keys yet."""
    found: bool = await connection.fetchval("SELECT to_regclass('public.data_key') IS NOT NULL")
    return found


async def is_blank(connection: Connection) -> bool:
    """Whether nothing was ever stored in this database: no migration has run."""
    blank: bool = await connection.fetchval("SELECT to_regclass('public.schema_migration') IS NULL")
    return blank


async def add(owner: Connection, key: WrappedKey) -> None:
    """Store a key."""
    await _sql.insert_key(
        owner,
        key_id=key.key_id,
        purpose=key.purpose,
        state=key.state,
        mark=key.mark,
        master=key.master,
        wrapped=key.wrapped,
        made_at=key.made_at,
    )


async def rewrap(owner: Connection, key_id: UUID, master: str, wrapped: bytes) -> None:
    """Put a key under another master."""
    await _sql.rewrap(owner, key_id=key_id, master=master, wrapped=wrapped)


async def make_current(owner: Connection, key: WrappedKey, *, now: datetime) -> None:
    """Seal with this key from now on; the one before becomes old. In the caller's transaction."""
    await _sql.retire_current(owner, purpose=key.purpose, now=now)
    await _sql.make_current(owner, key_id=key.key_id)


async def lock_old(owner: Connection, key_id: UUID) -> bool:
    """Whether this is an old key; if so nobody seals with it until the caller's transaction ends."""
    return await _sql.lock_old(owner, key_id=key_id) is not None


async def forget(owner: Connection, key_id: UUID) -> None:
    """Destroy an old key for ever: the database refuses whatever is sealed with it from now on."""
    await _sql.forget(owner, key_id=key_id)


async def hold(owner: Connection) -> bool:
    """Whether this session alone may change keys; it may until it ends."""
    got: bool = await _sql.hold(owner, key=_LOCK)
    return got


async def hold_transaction(owner: Connection) -> None:
    """Wait until this transaction alone may make the first keys."""
    await _sql.hold_transaction(owner, key=_LOCK)


async def announce(owner: Connection) -> None:
    """Have every process read its keys anew."""
    await _sql.announce(owner, channel=CHANNEL)
