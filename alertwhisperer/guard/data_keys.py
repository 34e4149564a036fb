"""
Data keys: made once, wrapped by a master key, read by every process, rotated without a pause.

A rotation never makes anything unreadable: a new key is first read by every process, then sealed with, then everything
old is sealed again, and only then is the old key forgotten. Whatever step a crash leaves behind, the next run goes on
from there.
"""

import os
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from alertwhisperer.domain.errors import Permanent
from alertwhisperer.guard.master import MasterDoor, master_named
from alertwhisperer.guard.vault import DataKeys, key_mark
from alertwhisperer.kit.ids import uuid7
from alertwhisperer.store import data_keys as rows
from alertwhisperer.store.data_keys import WrappedKey
from alertwhisperer.store.database import Connection

SEAL, HASH = "seal", "hash"
_PASSWORD = "password/"  # noqa: S105 - the beginning of a purpose
_KEY_BYTES = 32


async def ensure(owner: Connection, masters: Sequence[MasterDoor], keys: DataKeys, *, now: datetime) -> DataKeys:
    """
    Store the keys that an installation begins with, unless there are some; gives those that count.

    Raises:
        Permanent: there are some, and none of the masters wraps them.
    """
    async with owner.transaction():
        await rows.hold_transaction(owner)
        found = await rows.read_all(owner)
        if found:
            return opened(found, masters)
        for purpose, key in _parts(keys):
            await rows.add(owner, wrapped(masters[0], purpose, key, "current", now=now))
    return keys


async def read(connection: Connection) -> list[WrappedKey]:
    """The data keys, wrapped; none in a database that has no place for them yet."""
    return await rows.read_all(connection) if await rows.have_a_place(connection) else []


def opened(found: Sequence[WrappedKey], masters: Sequence[MasterDoor]) -> DataKeys:
    """
    Wrapped keys, unwrapped.

    Raises:
        Permanent: none of the masters wraps them, one was altered, or one is missing.
    """
    plain = {key.key_id: unwrapped(key, masters) for key in found}
    current = {key.purpose: plain[key.key_id] for key in found if key.state == "current"}
    missing = {SEAL, HASH} - current.keys()
    if missing:
        raise Permanent(f"the database has no present data key to {' and '.join(sorted(missing))}: restore data_key")
    opening = tuple(plain[key.key_id] for key in found if key.purpose == SEAL)
    passwords = {
        purpose.removeprefix(_PASSWORD): key for purpose, key in current.items() if purpose.startswith(_PASSWORD)
    }
    return DataKeys(current[SEAL], opening, current[HASH], passwords)


def fresh_sealing_key(master: MasterDoor, *, now: datetime) -> WrappedKey:
    """A new random key to seal with, which nobody seals with yet."""
    return wrapped(master, SEAL, os.urandom(_KEY_BYTES), "coming", now=now)


def wrapped(master: MasterDoor, purpose: str, key: bytes, state: rows.KeyState, *, now: datetime) -> WrappedKey:
    """A key under a master, ready to be stored."""
    key_id, mark = uuid7(now), key_mark(key).hex() if purpose == SEAL else None
    return WrappedKey(key_id, purpose, state, mark, master.name, master.wrap(key, _context(key_id, purpose)), now)


def unwrapped(key: WrappedKey, masters: Sequence[MasterDoor]) -> bytes:
    """The key itself; raises `Permanent` as `opened`."""
    return master_named(masters, key.master).unwrap(key.wrapped, _context(key.key_id, key.purpose))


async def rewrap_all(owner: Connection, masters: Sequence[MasterDoor]) -> int:
    """Put every key under the first of the masters, in the caller's transaction; gives how many were under another."""
    moved = 0
    for key in await rows.read_all(owner):
        if key.master != masters[0].name:
            again = masters[0].wrap(unwrapped(key, masters), _context(key.key_id, key.purpose))
            await rows.rewrap(owner, key.key_id, masters[0].name, again)
            moved += 1
    return moved


def _parts(keys: DataKeys) -> list[tuple[str, bytes]]:
    named = [(f"{_PASSWORD}{purpose}", key) for purpose, key in keys.passwords.items()]
    return [(SEAL, keys.sealing), (HASH, keys.hashing), *named]


def _context(key_id: UUID, purpose: str) -> str:
    return f"data-key/{key_id}/{purpose}"
