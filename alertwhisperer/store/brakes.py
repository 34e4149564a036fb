"""
Kill switches and freezes, of the unit's company and of all.

A change waits for the starts that are under way and keeps others waiting until it is committed: when it is answered,
whatever starts has seen it.
"""

from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import datetime

import asyncpg

from alertwhisperer.domain.brake import MOST_WINDOWS, Brakes, Freeze, KillSwitch, Reach, Window
from alertwhisperer.domain.company import CompanyId
from alertwhisperer.store.database import Connection, Unit, queries

_LOCK = 0x616C_6577_6272_616B  # any number of our own; pg_locks shows it

_sql = queries("brakes")


async def hold_off(unit: Unit) -> None:
    """Wait for starts under way, and keep others waiting until the unit ends; for whoever changes a brake."""
    await _sql.hold_off(unit.connection, lock=_LOCK)


async def pass_by(unit: Unit) -> None:
    """Keep brakes as they are until the unit ends; for whoever starts something."""
    await _sql.pass_by(unit.connection, lock=_LOCK)


async def read(unit: Unit, *, now: datetime) -> Brakes:
    """What holds the unit's company: its own, and those for all."""
    own = _switch(Reach.COMPANY, await _sql.switch_of(unit.connection, company_id=unit.company_id))
    of_all = _switch(Reach.ALL, await _sql.switch_for_all(unit.connection))
    switches = [
        own,
        None if of_all is None else replace(of_all, set_by=""),
    ]  # a person of the MSP, no business of theirs
    rows = _sql.windows_of(unit.connection, company_id=unit.company_id, now=now, limit=MOST_WINDOWS)
    freezes = [Freeze(Reach.COMPANY, one) for one in await _windows(rows)]
    freezes += [Freeze(Reach.ALL, one) for one in await read_windows_for_all(unit, now=now)]
    return Brakes(
        tuple(one for one in switches if one is not None),
        tuple(sorted(freezes, key=lambda one: (one.window.starts_at, one.window.ends_at))),
    )


async def read_for_all(unit: Unit, *, now: datetime) -> Brakes:
    """What holds all companies."""
    switch = _switch(Reach.ALL, await _sql.switch_for_all(unit.connection))
    freezes = tuple(Freeze(Reach.ALL, one) for one in await read_windows_for_all(unit, now=now))
    return Brakes(() if switch is None else (switch,), freezes)


async def read_windows_for_all(unit: Unit, *, now: datetime) -> tuple[Window, ...]:
    """Freezes of all companies that have not ended."""
    return await _windows(_sql.windows_for_all(unit.connection, now=now, limit=MOST_WINDOWS))


async def windows_among(
    connection: Connection, companies: Sequence[CompanyId], *, now: datetime, soon: datetime, limit: int
) -> list[tuple[CompanyId, Window]]:
    """Freezes of companies that the connection sees which hold now, or end by `soon`; the first to end first."""
    rows = _sql.windows_among(connection, companies=list(companies), now=now, soon=soon, limit=limit)
    return [
        (CompanyId(row["company_id"]), Window(row["starts_at"], row["ends_at"], row["reason"])) async for row in rows
    ]


async def stop(unit: Unit, reach: Reach, reason: str, *, now: datetime) -> None:
    """Turn a kill switch on; one that is on stays as it is."""
    given = {"reason": reason, "set_by": unit.scope.actor, "set_at": now}
    if reach is Reach.ALL:
        await _sql.put_switch_for_all(unit.connection, **given)
    else:
        await _sql.put_switch(unit.connection, company_id=unit.company_id, **given)


async def release(unit: Unit, reach: Reach) -> None:
    """Turn a kill switch off."""
    if reach is Reach.ALL:
        await _sql.drop_switch_for_all(unit.connection)
    else:
        await _sql.drop_switch(unit.connection, company_id=unit.company_id)


async def write_windows(unit: Unit, reach: Reach, windows: Sequence[Window]) -> None:
    """Make these the freezes."""
    columns = {
        "starts": [one.starts_at for one in windows],
        "finishes": [one.ends_at for one in windows],
        "reasons": [one.reason for one in windows],
    }
    if reach is Reach.ALL:
        await _sql.drop_windows_for_all(unit.connection)
        await _sql.insert_windows_for_all(unit.connection, **columns)
    else:
        await _sql.drop_windows(unit.connection, company_id=unit.company_id)
        await _sql.insert_windows(unit.connection, company_id=unit.company_id, **columns)


def _switch(reach: Reach, row: asyncpg.Record | None) -> KillSwitch | None:
    return None if row is None else KillSwitch(reach, row["reason"], row["set_by"], row["set_at"])


async def _windows(rows: AsyncIterator[asyncpg.Record]) -> tuple[Window, ...]:
    return tuple([Window(row["starts_at"], row["ends_at"], row["reason"]) async for row in rows])
