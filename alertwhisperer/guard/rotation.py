"""
Rotates the key that seals secrets, while servers run and go on sealing and opening.

1. A new key is made that everybody can open with and nobody seals with yet; processes are woken, and given time.
2. It becomes the key to seal with; the one before becomes old. Processes are woken again.
3. Everything that another key sealed is sealed again, a few rows at a time.
4. Old keys that seal nothing any more are destroyed, a while later. From then on the database refuses what a process
   that missed all of this seals with one.

Each step looks at what the database says, so a rotation that was cut off is gone on with by running it again.
"""

import asyncio
import base64
import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec

from alertwhisperer.domain.audit import AuditAction, Resource
from alertwhisperer.domain.company import INSTALLATION, CompanyId, Scope
from alertwhisperer.domain.errors import Conflicting, Permanent
from alertwhisperer.guard import data_keys
from alertwhisperer.guard.data_keys import SEAL
from alertwhisperer.guard.master import MasterDoor
from alertwhisperer.guard.sealed import SEALED_COLUMNS, SEALED_SETTINGS, SealedColumn
from alertwhisperer.guard.vault import Vault, mark_of, setting_context
from alertwhisperer.kit.clock import Clock
from alertwhisperer.store import audit, resealing
from alertwhisperer.store import data_keys as rows
from alertwhisperer.store.data_keys import WrappedKey
from alertwhisperer.store.database import Connection, Database

NOTICE_S = 10.0
"""How long processes have to read keys anew; they are told at once, and take up a lost line within seconds."""
OLD_KEPT = timedelta(minutes=15)
"""What was sealed a moment ago may be on its way still: a delivery's for seconds, a sign-in's for ten minutes."""

_AT_ONCE = 100  # rows that are locked together
_SEALED = "$sealed"  # as ingest/secret_settings.py writes it

Told = Callable[[str], None]
Wait = Callable[[float], Awaitable[None]]


class KeyStatus(msgspec.Struct, frozen=True):
    """
    A data key, and what hangs on it.

    Attributes:
        purpose: seal, hash, or a password.
        key: a sealing key's mark, which is in all it sealed; of others the beginning of their id.
        master: name of the master key that wraps it.
        sealed: how many values it seals now; None for a key that seals nothing.
    """

    purpose: str
    key: str
    state: str
    master: str
    made_at: datetime
    old_since: datetime | None
    sealed: int | None


class Rotated(msgspec.Struct, frozen=True):
    """
    What a rotation did.

    Attributes:
        key: mark of the key that seals now.
        was_cut_off: whether it only ended an earlier one, so that the key is not of today.
        sealed_again: how many values; forgotten: how many old keys were destroyed.
        unreadable: rows whose value no key opens; they are as they were.
    """

    key: str
    was_cut_off: bool
    sealed_again: int
    forgotten: int
    unreadable: tuple[str, ...]


async def rotate_sealing(
    owner: Connection,
    database: Database,
    masters: Sequence[MasterDoor],
    by: Scope,
    clock: Clock,
    *,
    told: Told = lambda _: None,
    wait: Wait = asyncio.sleep,
    notice_s: float = NOTICE_S,
) -> Rotated:
    """
    Seal with a new key, and everything old again; or end a rotation that was cut off.

    Args:
        told: hears how far it is.
        wait: sleeps; a test hands in its own.

    Raises:
        Conflicting: another rotation is under way.
        Permanent: none of the masters wraps a key.
    """
    await hold(owner)
    await resealing.see_everything(owner)
    coming = await _coming(owner)
    again, unreadable = (0, ()) if coming else await _seal_again(owner, masters, told)
    was_cut_off = again > 0
    if was_cut_off:
        told("That ends a rotation that was cut off; run it again for a new key.")
    else:
        await _change_keys(owner, database, masters, by, clock, told=told, wait=wait, notice_s=notice_s)
        again, unreadable = await _seal_again(owner, masters, told)
    forgotten = await forget_old(owner, database, by, old_before=clock.now() - OLD_KEPT, now=clock.now())
    [current] = [key for key in await rows.read_all(owner) if (key.purpose, key.state) == (SEAL, "current")]
    return Rotated(current.mark or "", was_cut_off, again, forgotten, unreadable)


async def forget_old(owner: Connection, database: Database, by: Scope, *, old_before: datetime, now: datetime) -> int:
    """Destroy the keys that are old since before a moment and seal nothing any more; gives how many."""
    gone = 0
    for key in await rows.read_all(owner):
        if key.purpose != SEAL or key.old_since is None or key.old_since > old_before:
            continue
        async with owner.transaction():
            # Locked first and counted then: whoever seals with it at this moment is waited for.
            if not await rows.lock_old(owner, key.key_id):
                continue
            await resealing.see_everything(owner)
            if (await _counts(owner)).get(key.mark or "", 0):
                continue
            await rows.forget(owner, key.key_id)
            await _record(owner, database, by, AuditAction.DATA_KEY_FORGOTTEN, key, {}, now=now)
            await rows.announce(owner)
            gone += 1
    return gone


async def status(owner: Connection) -> list[KeyStatus]:
    """Every data key and how much each seals, those that were destroyed last; never a key itself."""
    await resealing.see_everything(owner)
    counts = await _counts(owner)
    return [_status(key, counts) for key in (*await rows.read_all(owner), *await rows.read_forgotten(owner))]


async def hold(owner: Connection) -> None:
    """Keep every other rotation out until this session ends; raises `Conflicting` when one is under way."""
    if not await rows.hold(owner):
        raise Conflicting("another rotation is under way", where="secrets", mend="wait until it has ended")


def _status(key: WrappedKey, counts: Mapping[str, int]) -> KeyStatus:
    name = key.mark or key.key_id.hex[-8:]
    sealed = None if key.mark is None else counts.get(key.mark, 0)
    return KeyStatus(key.purpose, name, key.state, key.master, key.made_at, key.old_since, sealed)


async def _coming(owner: Connection) -> WrappedKey | None:
    return next((key for key in await rows.read_all(owner) if (key.purpose, key.state) == (SEAL, "coming")), None)


async def _change_keys(
    owner: Connection,
    database: Database,
    masters: Sequence[MasterDoor],
    by: Scope,
    clock: Clock,
    *,
    told: Told,
    wait: Wait,
    notice_s: float,
) -> None:
    coming = await _coming(owner)
    if coming is None:
        coming = data_keys.fresh_sealing_key(masters[0], now=clock.now())
        await rows.add(owner, coming)
    await rows.announce(owner)
    told(f"A new key is made; servers are given {notice_s:g} s to read it.")
    await wait(notice_s)
    async with owner.transaction():
        await rows.make_current(owner, coming, now=clock.now())
        await _record(owner, database, by, AuditAction.KEYS_ROTATED, coming, {"key": coming.mark}, now=clock.now())
        await rows.announce(owner)
    told("It seals from now on.")
    await wait(notice_s)


async def _record(
    owner: Connection,
    database: Database,
    by: Scope,
    action: AuditAction,
    key: WrappedKey,
    detail: Mapping[str, object],
    *,
    now: datetime,
) -> None:
    unit = database.unit(owner, by.at(INSTALLATION))
    await audit.write(unit, action, Resource("data_key", str(key.key_id)), detail, now=now)


async def _seal_again(owner: Connection, masters: Sequence[MasterDoor], told: Told) -> tuple[int, tuple[str, ...]]:
    """How many values were sealed again, and the rows whose value could not be opened."""
    vault = Vault(data_keys.opened(await rows.read_all(owner), masters))
    done = 0
    while True:
        await resealing.see_everything(owner)
        one_round, unreadable = 0, list[str]()
        for column in SEALED_COLUMNS:
            one_round += await _column_again(owner, vault, column, told, unreadable)
        for table, key in SEALED_SETTINGS:
            one_round += await _settings_again(owner, vault, table, key, told, unreadable)
        done += one_round
        if not one_round:
            return done, tuple(unreadable)


async def _column_again(
    owner: Connection, vault: Vault, column: SealedColumn, told: Told, unreadable: list[str]
) -> int:
    done, after = 0, None
    while True:
        async with owner.transaction():
            found = await resealing.sealed_otherwise(
                owner, column.table, column.column, column.key, column.also, vault.mark.hex(), after, limit=_AT_ONCE
            )
            for row in found:
                key, context = resealing.key_of(row, column.key), column.context(row)
                try:
                    value = vault.seal(vault.open(row[column.column], context), context)
                except Permanent:
                    unreadable.append(_place(column.table, key))
                    continue
                await resealing.replace(owner, column.table, column.column, key, value)
                done += 1
        if not found:
            return done
        told(f"{column.table}: {done} sealed again")
        after = list(resealing.key_of(found[-1], column.key).values())


async def _settings_again(
    owner: Connection, vault: Vault, table: str, names: Sequence[str], told: Told, unreadable: list[str]
) -> int:
    done, after = 0, None
    while True:
        async with owner.transaction():
            found = await resealing.secret_settings_otherwise(
                owner, table, names, vault.mark.hex(), after, limit=_AT_ONCE
            )
            for row in found:
                key = resealing.key_of(row, names)
                company_id, integration_id = CompanyId(row["company_id"]), row["integration_id"]
                try:
                    sealed = {
                        name: _again(vault, value, setting_context(company_id, integration_id, name))
                        for name, value in json.loads(row["sealed"]).items()
                    }
                except Permanent:
                    unreadable.append(_place(table, key))
                    continue
                await resealing.replace_settings(owner, table, key, json.dumps(sealed))
                done += 1
        if not found:
            return done
        told(f"settings of {table}: {done} sealed again")
        after = list(resealing.key_of(found[-1], names).values())


def _again(vault: Vault, value: Mapping[str, str], context: str) -> Mapping[str, str]:
    sealed = base64.b64decode(value[_SEALED])
    if mark_of(sealed) == vault.mark:
        return value
    return {_SEALED: base64.b64encode(vault.seal(vault.open(sealed, context), context)).decode()}


def _place(table: str, key: Mapping[str, Any]) -> str:
    return f"{table} {' '.join(f'{name}={value}' for name, value in key.items())}"


async def _counts(owner: Connection) -> Mapping[str, int]:
    counts: dict[str, int] = {}
    found = [await resealing.count_by_mark(owner, column.table, column.column) for column in SEALED_COLUMNS]
    found += [await resealing.count_settings_by_mark(owner, table) for table, _ in SEALED_SETTINGS]
    for each in found:
        for mark, count in each.items():
            counts[mark] = counts.get(mark, 0) + count
    return counts
