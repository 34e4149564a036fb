"""
Puts the data keys under a new master key, while servers run: they hold the data keys and need no master to go on.

With a key file: the new key goes before the old one in the file, the data keys are wrapped anew in one transaction, and
only then the old key leaves the file. Killed in between, both are there, and the next run goes on with the new one.
"""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import msgspec

from alertwhisperer.domain.audit import AuditAction, Resource
from alertwhisperer.domain.company import INSTALLATION, Scope
from alertwhisperer.domain.errors import Invalid
from alertwhisperer.guard import data_keys
from alertwhisperer.guard.key_file import load_masters, new_master, replace_key_file
from alertwhisperer.guard.master import LocalMaster, MasterDoor
from alertwhisperer.guard.rotation import hold
from alertwhisperer.store import audit, resealing
from alertwhisperer.store.database import Connection, Database


class MasterRotated(msgspec.Struct, frozen=True):
    """The name of the master key that counts now, and how many data keys came under it."""

    master: str
    data_keys: int


async def rotate_in_file(
    owner: Connection, database: Database, key_file: Path, by: Scope, *, prepare_only: bool = False, now: datetime
) -> MasterRotated:
    """
    Make a new master key in the key file, and put everything under it.

    Args:
        prepare_only: end when the new key is in the file beside the old one, so that the file can be brought to other
            machines before anything is under it; the next run goes on.

    Raises:
        Conflicting: another rotation is under way.
        Permanent: the file cannot be read or replaced, or is of another installation.
    """
    await hold(owner)
    before = load_masters(key_file, None, may_make=False)
    data_keys.opened(await data_keys.read(owner), _doors(before))  # or the file is a stranger's, and stays as it is
    # A line more means that a rotation was cut off, or prepared: its new key is gone on with.
    masters = before if len(before) > 1 else (new_master(), *before)
    replace_key_file(key_file, masters)
    if prepare_only:
        return MasterRotated(_doors(masters)[0].name, 0)
    moved = await _wrap_anew(owner, database, _doors(masters), by, now=now)
    replace_key_file(key_file, masters[:1])
    return moved


async def rotate_given(
    owner: Connection, database: Database, masters: Sequence[MasterDoor], by: Scope, *, now: datetime
) -> MasterRotated:
    """
    Put everything under the master key that the environment gives.

    Raises:
        Conflicting: another rotation is under way.
        Invalid: everything is under it already.
    """
    await hold(owner)
    if all(key.master == masters[0].name for key in await data_keys.read(owner)):
        raise Invalid(
            "everything is under this master key already",
            where="ALERTWHISPERER_SECRET_KEY",
            mend="set it to a new key, and ALERTWHISPERER_FORMER_SECRET_KEYS to the old one, for every process",
        )
    return await _wrap_anew(owner, database, masters, by, now=now)


async def _wrap_anew(
    owner: Connection, database: Database, masters: Sequence[MasterDoor], by: Scope, *, now: datetime
) -> MasterRotated:
    await resealing.see_everything(owner)
    async with owner.transaction():
        moved = await data_keys.rewrap_all(owner, masters)
        await audit.write(
            database.unit(owner, by.at(INSTALLATION)),
            AuditAction.MASTER_KEY_ROTATED,
            Resource("master_key", masters[0].name),
            {"data_keys": moved},
            now=now,
        )
    return MasterRotated(masters[0].name, moved)


def _doors(masters: Sequence[bytes]) -> tuple[MasterDoor, ...]:
    return tuple(map(LocalMaster, masters))
