"""People and groups that directories wrote here. They belong to the installation: functions take a unit of it."""

from collections.abc import Collection
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

import asyncpg

from alertwhisperer.domain.directory import DirectoryGroup, DirectoryUser
from alertwhisperer.store.database import Unit, queries

MOST_MEMBERS = 20_000
"""Of one group."""

_sql = queries("scim")


class Wanted(NamedTuple):
    """Which of a directory's people or groups; None takes all. `name` is the user name, or the group's."""

    id: UUID | None = None
    external_id: str | None = None
    name: str | None = None


async def insert_user(unit: Unit, provider_id: UUID, user: DirectoryUser, *, now: datetime) -> bool:
    """Add somebody; False when the directory has the name already."""
    added = await _sql.insert_user(unit.connection, provider_id=provider_id, now=now, **_user_values(user))
    return added is not None


async def lock_user(unit: Unit, provider_id: UUID, scim_id: UUID) -> DirectoryUser | None:
    """Somebody of a directory, whom nobody else changes until the transaction ends."""
    row = await _sql.lock_user(unit.connection, provider_id=provider_id, scim_id=scim_id)
    return None if row is None else _user(row)


async def find_users(
    unit: Unit, provider_id: UUID, wanted: Wanted, *, skip: int, limit: int
) -> tuple[int, tuple[DirectoryUser, ...]]:
    """How many there are, and a page of them."""
    which = {"scim_id": wanted.id, "external_id": wanted.external_id, "user_name": wanted.name}
    total = await _sql.count_users(unit.connection, provider_id=provider_id, **which)
    rows = _sql.select_users(unit.connection, provider_id=provider_id, skip=skip, limit=limit, **which)
    return total, tuple([_user(row) async for row in rows])


async def entry_of(unit: Unit, provider_id: UUID, own_id: str, emails: Collection[str]) -> DirectoryUser | None:
    """
    Who in the directory a subject is.

    Args:
        emails: lower case, verified by the provider; tried when no entry has the id.
    """
    row = await _sql.select_entry(unit.connection, provider_id=provider_id, own_id=own_id, emails=list(emails))
    return None if row is None else _user(row)


async def update_user(unit: Unit, provider_id: UUID, user: DirectoryUser, *, now: datetime) -> bool:
    """Write somebody; False when another one has the name."""
    named = {"provider_id": provider_id, "user_name": user.user_name, "scim_id": user.id}
    if await _sql.name_is_taken(unit.connection, **named) is not None:
        return False
    await _sql.update_user(unit.connection, provider_id=provider_id, now=now, **_user_values(user))
    return True


async def delete_user(unit: Unit, provider_id: UUID, scim_id: UUID) -> bool:
    """Take somebody away; whether they were there."""
    return await _sql.delete_user(unit.connection, provider_id=provider_id, scim_id=scim_id) is not None


async def insert_group(unit: Unit, provider_id: UUID, group: DirectoryGroup, *, now: datetime) -> bool:
    """Add a group; False when the directory has the name already."""
    added = await _sql.insert_group(unit.connection, provider_id=provider_id, now=now, **_group_values(group))
    return added is not None


async def lock_group(unit: Unit, provider_id: UUID, scim_id: UUID) -> DirectoryGroup | None:
    """A group, which nobody else changes until the transaction ends."""
    row = await _sql.lock_group(unit.connection, provider_id=provider_id, scim_id=scim_id)
    return None if row is None else _group(row)


async def find_groups(
    unit: Unit, provider_id: UUID, wanted: Wanted, *, skip: int, limit: int
) -> tuple[int, tuple[DirectoryGroup, ...]]:
    """How many there are, and a page of them."""
    which = {"scim_id": wanted.id, "external_id": wanted.external_id, "display_name": wanted.name}
    total = await _sql.count_groups(unit.connection, provider_id=provider_id, **which)
    rows = _sql.select_groups(unit.connection, provider_id=provider_id, skip=skip, limit=limit, **which)
    return total, tuple([_group(row) async for row in rows])


async def update_group(unit: Unit, provider_id: UUID, group: DirectoryGroup, *, now: datetime) -> bool:
    """Write a group; False when another one has the name."""
    named = {"provider_id": provider_id, "display_name": group.display_name, "scim_id": group.id}
    if await _sql.group_name_is_taken(unit.connection, **named) is not None:
        return False
    await _sql.update_group(unit.connection, provider_id=provider_id, now=now, **_group_values(group))
    return True


async def delete_group(unit: Unit, provider_id: UUID, scim_id: UUID) -> bool:
    """Take a group away; whether it was there."""
    return await _sql.delete_group(unit.connection, provider_id=provider_id, scim_id=scim_id) is not None


async def members(unit: Unit, group_id: UUID) -> tuple[UUID, ...]:
    """Who is in a group."""
    rows = _sql.select_members(unit.connection, group_id=group_id, limit=MOST_MEMBERS)
    return tuple([row["member_id"] async for row in rows])


async def add_members(unit: Unit, provider_id: UUID, group_id: UUID, people: Collection[UUID]) -> None:
    """Put people of the same directory into a group; unknown ids are left out."""
    await _sql.add_members(unit.connection, provider_id=provider_id, group_id=group_id, members=list(people))


async def remove_members(unit: Unit, group_id: UUID, people: Collection[UUID]) -> None:
    """Take people out of a group."""
    await _sql.remove_members(unit.connection, group_id=group_id, members=list(people))


async def groups_of(unit: Unit, member_id: UUID) -> frozenset[str]:
    """The names of the groups that somebody is in."""
    rows = _sql.select_groups_of(unit.connection, member_id=member_id)
    return frozenset([row["display_name"] async for row in rows])


async def forget_all(unit: Unit, provider_id: UUID) -> None:
    """Take away everything that a provider's directory wrote."""
    await _sql.forget_groups(unit.connection, provider_id=provider_id)
    await _sql.forget_users(unit.connection, provider_id=provider_id)


def _user_values(user: DirectoryUser) -> dict[str, object]:
    return {
        "scim_id": user.id,
        "external_id": user.external_id,
        "user_name": user.user_name,
        "display_name": user.display_name,
        "email": user.email,
        "is_active": user.is_active,
    }


def _group_values(group: DirectoryGroup) -> dict[str, object]:
    return {"scim_id": group.id, "external_id": group.external_id, "display_name": group.display_name}


def _user(row: asyncpg.Record) -> DirectoryUser:
    return DirectoryUser(
        id=row["scim_id"],
        external_id=row["external_id"],
        user_name=row["user_name"],
        display_name=row["display_name"],
        email=row["email"],
        is_active=row["is_active"],
        created_at=row["created_at"],
        changed_at=row["changed_at"],
    )


def _group(row: asyncpg.Record) -> DirectoryGroup:
    return DirectoryGroup(
        id=row["scim_id"],
        external_id=row["external_id"],
        display_name=row["display_name"],
        created_at=row["created_at"],
        changed_at=row["changed_at"],
    )
