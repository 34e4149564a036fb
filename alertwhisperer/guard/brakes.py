"""
Brakes: a kill switch that holds until released, and freezes that hold for a time; for one company, or for all.

They keep acts from starting, approved or not (`guard/approvals/start.py`). When a change is answered, every later start
has seen it, in every process.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime

from alertwhisperer.domain.audit import AuditAction, Resource
from alertwhisperer.domain.brake import Brakes, Reach, Window, check_reason, check_windows
from alertwhisperer.domain.company import INSTALLATION, Scope
from alertwhisperer.guard.companies import require_company
from alertwhisperer.store import audit, brakes
from alertwhisperer.store.database import Database, Unit


async def brakes_of(database: Database, scope: Scope, *, now: datetime) -> Brakes:
    """
    What holds the scope's company: its own brakes and those for all.

    Raises:
        NotFound: there is no such company.
    """
    async with database.unit_of_work(scope) as unit:
        await require_company(unit)
        return await brakes.read(unit, now=now)


async def brakes_for_all(database: Database, scope: Scope, *, now: datetime) -> Brakes:
    """What holds all companies."""
    async with database.unit_of_work(scope.at(INSTALLATION)) as unit:
        return await brakes.read_for_all(unit, now=now)


async def stop(database: Database, scope: Scope, reach: Reach, *, reason: str, now: datetime) -> Brakes:
    """
    Turn a kill switch on: nothing starts any more, in the scope's company or in all. One that is on stays as it is.

    Raises:
        Invalid: there is no reason.
        NotFound: there is no such company.
    """
    reason = check_reason(reason)
    async with _changing(database, scope, reach) as unit:
        before = _own(await _read(unit, reach, now=now), reach)
        if not before.switches:
            await brakes.stop(unit, reach, reason, now=now)
            await _record(unit, AuditAction.KILL_SWITCH_ON, reach, {}, reason, now=now)
        return await _read(unit, reach, now=now)


async def release(database: Database, scope: Scope, reach: Reach, *, reason: str = "", now: datetime) -> Brakes:
    """
    Turn a kill switch off; nothing happens when it is.

    Raises:
        NotFound: there is no such company.
    """
    async with _changing(database, scope, reach) as unit:
        before = _own(await _read(unit, reach, now=now), reach)
        for one in before.switches:
            await brakes.release(unit, reach)
            said = {"set_by": one.set_by, "set_at": one.set_at, "set_for": one.reason}
            await _record(unit, AuditAction.KILL_SWITCH_OFF, reach, said, reason.strip(), now=now)
        return await _read(unit, reach, now=now)


async def set_freeze(
    database: Database, scope: Scope, reach: Reach, windows: Sequence[Window], *, now: datetime
) -> Brakes:
    """
    Make these the times in which nothing starts, in place of those before; those that have ended are dropped.

    Raises:
        Invalid: a window ends before it starts or has no reason, or there are too many.
        NotFound: there is no such company.
    """
    wanted = check_windows(windows, now=now)
    async with _changing(database, scope, reach) as unit:
        before = tuple(one.window for one in _own(await _read(unit, reach, now=now), reach).freezes)
        if before != wanted:
            await brakes.write_windows(unit, reach, wanted)
            said = {"windows": [[_plain(one) for one in before], [_plain(one) for one in wanted]]}
            await _record(unit, AuditAction.FREEZE_SET, reach, said, "", now=now)
        return await _read(unit, reach, now=now)


@asynccontextmanager
async def _changing(database: Database, scope: Scope, reach: Reach) -> AsyncIterator[Unit]:
    whose = scope.at(INSTALLATION) if reach is Reach.ALL else scope
    async with database.unit_of_work(whose) as unit:
        await require_company(unit)
        await brakes.hold_off(unit)
        yield unit


async def _read(unit: Unit, reach: Reach, *, now: datetime) -> Brakes:
    return await (brakes.read_for_all if reach is Reach.ALL else brakes.read)(unit, now=now)


def _own(found: Brakes, reach: Reach) -> Brakes:
    return Brakes(
        tuple(one for one in found.switches if one.reach is reach),
        tuple(one for one in found.freezes if one.reach is reach),
    )


async def _record(
    unit: Unit, action: AuditAction, reach: Reach, said: Mapping[str, object], reason: str, *, now: datetime
) -> None:
    resource = Resource("brake", "all" if reach is Reach.ALL else str(unit.company_id))
    await audit.write(unit, action, resource, {"reach": reach.value, **said}, now=now, reason=reason)


def _plain(window: Window) -> dict[str, object]:
    return {"from": window.starts_at, "to": window.ends_at, "reason": window.reason}
