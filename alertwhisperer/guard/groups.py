"""Groups of companies: made, renamed and removed by the MSP, so that companies of a kind share settings."""

from dataclasses import replace
from datetime import datetime
from uuid import UUID

from alertwhisperer.domain.audit import AuditAction, Resource
from alertwhisperer.domain.company import INSTALLATION, Group, Scope
from alertwhisperer.domain.errors import Conflicting
from alertwhisperer.domain.name import check_name
from alertwhisperer.guard.company_settings import absent_group, over_all, refresh
from alertwhisperer.kit.ids import uuid7
from alertwhisperer.store import audit, changes, companies, company_groups, company_settings, users
from alertwhisperer.store.database import Database, Unit

MOST_GROUPS = 500


async def list_groups(database: Database) -> tuple[Group, ...]:
    """All groups in the order of their names, with how many companies each has."""
    async with over_all(database, Scope(INSTALLATION, ""), lock=False) as (unit, customers):
        counts = await companies.count_in_groups(unit.connection, customers)
        return await company_groups.all_groups(unit, counts)


async def get_group(database: Database, group_id: UUID) -> Group:
    """
    One group.

    Raises:
        NotFound: there is no such group.
    """
    return _one(await list_groups(database), group_id)


async def add_group(database: Database, by: Scope, name: str, *, now: datetime) -> Group:
    """
    Add a group without companies.

    Raises:
        Invalid: the name is of no use.
        Conflicting: the name is taken, or there are too many groups.
    """
    async with over_all(database, by) as (unit, _):
        return await add_in_unit(unit, name, now=now)


async def add_in_unit(unit: Unit, name: str, *, now: datetime) -> Group:
    """The same inside a transaction of the caller's, which holds the lock (`over_all`)."""
    there = await company_groups.all_groups(unit)
    group = Group(uuid7(now), _free_name(there, name, None), 0, now)
    if len(there) >= MOST_GROUPS:
        raise Conflicting(f"there are {MOST_GROUPS} groups", where="name", mend="remove one that is empty")
    await company_groups.insert(unit, group)
    await audit.write(unit, AuditAction.GROUP_ADDED, Resource("group", str(group.id)), {"name": group.name}, now=now)
    return group


async def rename_group(database: Database, by: Scope, group_id: UUID, name: str, *, now: datetime) -> Group:
    """
    Give a group another name; its companies read it beside the values that come from it.

    Raises:
        Invalid: the name is of no use.
        NotFound: there is no such group.
        Conflicting: the name is taken.
    """
    async with over_all(database, by) as (unit, customers):
        counts = await companies.count_in_groups(unit.connection, customers)
        there = await company_groups.all_groups(unit, counts)
        old = _one(there, group_id)
        new = replace(old, name=_free_name(there, name, group_id))
        if new != old:
            await company_groups.rename(unit, group_id, new.name)
            await refresh(unit, customers)
            await audit.write(
                unit,
                AuditAction.GROUP_CHANGED,
                Resource("group", str(group_id)),
                {"name": [old.name, new.name]},
                now=now,
            )
            await changes.announce(unit)
        return new


async def remove_group(database: Database, by: Scope, group_id: UUID, *, now: datetime) -> None:
    """
    Remove a group that no company is in, and what was set for it.

    Raises:
        NotFound: there is no such group.
        Conflicting: companies are in it, or people serve it.
    """
    async with over_all(database, by) as (unit, customers):
        counts = await companies.count_in_groups(unit.connection, customers)
        old = _one(await company_groups.all_groups(unit, counts), group_id)
        if old.companies:
            raise Conflicting(
                f"{old.companies} companies are in the group {old.name}",
                where="group",
                mend="put them into another group first, or into none",
            )
        if await users.serves_group(unit, group_id):
            raise Conflicting(
                f"people serve the group {old.name}",
                where="group",
                mend="`alertwhisperer user list` shows them; give them other groups or companies first",
            )
        await company_settings.drop_owner(unit, group_id)
        await company_groups.delete(unit, group_id)
        await audit.write(
            unit, AuditAction.GROUP_REMOVED, Resource("group", str(group_id)), {"name": old.name}, now=now
        )


def _one(groups: tuple[Group, ...], group_id: UUID) -> Group:
    for group in groups:
        if group.id == group_id:
            return group
    raise absent_group(group_id)


def _free_name(groups: tuple[Group, ...], name: str, own: UUID | None) -> str:
    name = check_name(name)
    if any(group.name.casefold() == name.casefold() and group.id != own for group in groups):
        raise Conflicting(f"there is a group {name} already", where="name", mend="choose another name")
    return name
