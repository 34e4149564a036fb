"""
Inherited settings: set by the MSP for all, for a group or for one company, and brought at once to all they hold for.

What holds in a company is written into its own rows in the transaction of the change, so that the gateway reads a limit
with the key and a company reads where a value comes from, and neither needs a row of anybody else's.
"""

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from alertwhisperer.domain.audit import AuditAction, Resource
from alertwhisperer.domain.company import INSTALLATION, Company, CompanyId, Scope
from alertwhisperer.domain.company_setting import (
    MIRRORED,
    Effective,
    Given,
    Origin,
    SettingValue,
    check_all,
    effective,
    known,
)
from alertwhisperer.domain.errors import Invalid, NotFound
from alertwhisperer.store import audit, changes, companies, company_groups
from alertwhisperer.store import company_settings as rows
from alertwhisperer.store.database import Database, Unit

FOR_ALL = INSTALLATION
"""Under this id the MSP's own values are kept, beside those of its groups."""


@asynccontextmanager
async def over_all(
    database: Database, by: Scope, *, lock: bool = True
) -> AsyncIterator[tuple[Unit, tuple[CompanyId, ...]]]:
    """
    The MSP's unit of work in a transaction that sees every company, and the companies, without the MSP itself.

    Args:
        lock: whoever else adds, moves or sets a company waits; for all but readers.
    """
    async with database.across([INSTALLATION]) as connection:
        if lock:
            await rows.lock_levels(connection)
        everyone = await companies.all_ids(connection)
        await companies.see(connection, everyone)
        customers = tuple(one for one in everyone if one != INSTALLATION)
        yield database.unit(connection, by.at(INSTALLATION)), customers


@asynccontextmanager
async def over_one(database: Database, scope: Scope) -> AsyncIterator[tuple[Unit, Unit]]:
    """The same for one company: the MSP's unit and the company's, in one transaction."""
    async with database.across({INSTALLATION, scope.company_id}) as connection:
        await rows.lock_levels(connection)
        yield database.unit(connection, scope.at(INSTALLATION)), database.unit(connection, scope)


async def settings_of(database: Database, scope: Scope) -> tuple[Effective, ...]:
    """
    Every setting of the scope's company with the value that holds and where it comes from.

    Raises:
        NotFound: there is no such company, or it is the MSP itself, which inherits nothing.
    """
    async with database.unit_of_work(scope) as unit:
        await _require_customer(unit)
        return await held(unit)


async def held(unit: Unit) -> tuple[Effective, ...]:
    """The same inside a transaction, for whoever acts by a setting."""
    found = await rows.of(unit)
    return tuple(found.get(one.name, one) for one in effective({}, {}, {}))


async def set_exceptions(
    database: Database, scope: Scope, given: Mapping[str, object], *, now: datetime
) -> tuple[Effective, ...]:
    """
    Set values for the scope's company alone; they hold whatever its group or the MSP says.

    Raises:
        Invalid: a name or a value is of no use.
        NotFound: there is no such company, or it is the MSP itself.
    """
    return await _change_own(database, scope, check_all(given), now=now)


async def unset_exception(database: Database, scope: Scope, name: str, *, now: datetime) -> tuple[Effective, ...]:
    """
    Let the scope's company inherit a value again; nothing happens when it does.

    Raises:
        Invalid: there is no such setting.
        NotFound: there is no such company, or it is the MSP itself.
    """
    return await _change_own(database, scope, {known(name).name: None}, now=now)


async def inherited_of(database: Database, group_id: UUID | None) -> tuple[Effective, ...]:
    """
    Every setting as a group's companies inherit it, or as all companies do when `group_id` is None.

    Raises:
        NotFound: there is no such group.
    """
    async with database.unit_of_work(Scope(INSTALLATION, "")) as unit:
        return _at_level(await rows.inherited(unit), group_id, await _group_name(unit, group_id))


async def set_inherited(
    database: Database, by: Scope, group_id: UUID | None, given: Mapping[str, object], *, now: datetime
) -> tuple[Effective, ...]:
    """
    Set values for a group, or for all when `group_id` is None; each company without an exception follows at once.

    Raises:
        Invalid: a name or a value is of no use.
        NotFound: there is no such group.
    """
    return await _change_inherited(database, by, group_id, check_all(given), now=now)


async def unset_inherited(
    database: Database, by: Scope, group_id: UUID | None, name: str, *, now: datetime
) -> tuple[Effective, ...]:
    """
    Forget a value of a group, or of the MSP; nothing happens when there is none.

    Raises:
        Invalid: there is no such setting.
        NotFound: there is no such group.
    """
    return await _change_inherited(database, by, group_id, {known(name).name: None}, now=now)


async def write_exceptions(
    unit: Unit, wanted: Mapping[str, SettingValue | None], *, now: datetime
) -> dict[str, list[SettingValue | None]]:
    """
    Write a company's exceptions (None: inherit again) without bringing the rest in line; `refresh` must follow.

    Returns:
        What changed, as `[before, after]`, where None is no exception.
    """
    found = await rows.of(unit)
    old = {name: one.value for name, one in found.items() if one.origin is Origin.COMPANY}
    changed: dict[str, list[SettingValue | None]] = {
        name: [old.get(name), value] for name, value in wanted.items() if old.get(name) != value
    }
    new = [
        (unit.company_id, Effective(name, value, Origin.COMPANY, set_by=unit.scope.actor, set_at=now))
        for name, (_, value) in changed.items()
        if value is not None
    ]
    await rows.put(unit.connection, new)
    await rows.drop(unit.connection, [(unit.company_id, name) for name, (_, value) in changed.items() if value is None])
    return changed


async def refresh(unit: Unit, concerned: Iterable[CompanyId]) -> int:
    """
    Bring what holds in companies in line with what is set at every level.

    Args:
        unit: the MSP's, in a transaction that sees the companies and holds the lock (`over_all`, `over_one`).

    Returns:
        In how many companies something changed. The MSP's own row is never touched.
    """
    wanted = [one for one in concerned if one != INSTALLATION]
    levels = await rows.inherited(unit)
    groups = {group.id: group.name for group in await company_groups.all_groups(unit)}
    before = await rows.among(unit.connection, wanted)
    puts: list[tuple[CompanyId, Effective]] = []
    drops: list[tuple[CompanyId, str]] = []
    mirrors: list[Company] = []
    for company in await companies.among(unit.connection, wanted):
        held_now = _held_in(company, before[company.id], levels, groups)
        new = {one.name: one for one in held_now if one.origin is not Origin.DEFAULT}
        puts += [(company.id, one) for name, one in new.items() if before[company.id].get(name) != one]
        drops += [(company.id, name) for name in before[company.id] if name not in new]
        mirrored = _mirrored(company, held_now)
        if mirrored != company:
            mirrors.append(mirrored)
    await rows.put(unit.connection, puts)
    await rows.drop(unit.connection, drops)
    await companies.mirror(unit.connection, mirrors)
    return len({company_id for company_id, _ in (*puts, *drops)} | {company.id for company in mirrors})


def _held_in(
    company: Company,
    before: Mapping[str, Effective],
    levels: Mapping[UUID, Mapping[str, Given]],
    groups: Mapping[UUID, str],
) -> tuple[Effective, ...]:
    own = {
        name: Given(one.value, one.set_by, one.set_at)
        for name, one in before.items()
        if one.origin is Origin.COMPANY and one.set_at is not None
    }
    group: Mapping[str, Given] = {} if company.group_id is None else levels.get(company.group_id, {})
    group_name = "" if company.group_id is None else groups.get(company.group_id, "")
    return effective(levels.get(FOR_ALL, {}), group, own, group_name=group_name)


def _mirrored(company: Company, found: Sequence[Effective]) -> Company:
    fields: dict[str, Any] = {one.name: one.value for one in found if one.name in MIRRORED}
    return replace(company, **fields)


async def _change_own(
    database: Database, scope: Scope, wanted: Mapping[str, SettingValue | None], *, now: datetime
) -> tuple[Effective, ...]:
    async with over_one(database, scope) as (msp, unit):
        await _require_customer(unit)
        changed = await write_exceptions(unit, wanted, now=now)
        if changed:
            await refresh(msp, [scope.company_id])
            await audit.write(
                unit, AuditAction.SETTINGS_CHANGED, Resource("setting", str(scope.company_id)), dict(changed), now=now
            )
            await changes.announce(unit)
        return await held(unit)


async def _change_inherited(
    database: Database,
    by: Scope,
    group_id: UUID | None,
    wanted: Mapping[str, SettingValue | None],
    *,
    now: datetime,
) -> tuple[Effective, ...]:
    owner = FOR_ALL if group_id is None else group_id
    async with over_all(database, by) as (unit, customers):
        group_name = await _group_name(unit, group_id)
        old = (await rows.inherited(unit)).get(owner, {})
        changed = {
            name: [old[name].value if name in old else None, value]
            for name, value in wanted.items()
            if (old[name].value if name in old else None) != value
        }
        for name, (_, value) in changed.items():
            if value is None:
                await rows.drop_inherited(unit, owner, name)
            else:
                await rows.put_inherited(unit, owner, name, value, now=now)
        if changed:
            touched = await refresh(unit, customers)
            subject = "msp" if group_id is None else str(group_id)
            await audit.write(
                unit,
                AuditAction.SETTINGS_CHANGED,
                Resource("setting", subject),
                {**changed, "companies": touched},
                now=now,
            )
            await changes.announce(unit)
        return _at_level(await rows.inherited(unit), group_id, group_name)


def _at_level(
    levels: Mapping[UUID, Mapping[str, Given]], group_id: UUID | None, group_name: str
) -> tuple[Effective, ...]:
    group: Mapping[str, Given] = {} if group_id is None else levels.get(group_id, {})
    return effective(levels.get(FOR_ALL, {}), group, {}, group_name=group_name)


async def _group_name(unit: Unit, group_id: UUID | None) -> str:
    if group_id is None:
        return ""
    for group in await company_groups.all_groups(unit):
        if group.id == group_id:
            return group.name
    raise absent_group(group_id)


def absent_group(group_id: UUID) -> NotFound:
    """The answer for a group that is not there."""
    return NotFound(f"there is no group {group_id}", where="group", mend="list the groups")


async def _require_customer(unit: Unit) -> None:
    if unit.company_id == INSTALLATION or await companies.get(unit) is None:
        raise NotFound(
            f"there is no company {unit.company_id} that inherits settings",
            where="company_id",
            mend="check the id; what the MSP sets for all is at /api/settings",
        )


def check_ref(ref: str) -> str:
    """The MSP's own name for a company, without the space around it; raises `Invalid`."""
    ref = ref.strip()
    if not 1 <= len(ref) <= 100 or not ref.isprintable():
        raise Invalid("a ref has 1 to 100 characters that can be printed", where="ref", mend="use a customer number")
    return ref
