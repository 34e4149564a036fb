"""
What a provider's directory writes here (SCIM): people, groups, and above all who is gone.

Nothing that it writes lets anybody in. Somebody who is linked to a person of ours and goes inactive is gone for us at
once, as the provider's settings say; a change of groups changes what their people may do without waiting for a sign-in.
Directories repeat a call until it is answered, so each may be done twice.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, NoReturn
from uuid import UUID

from alertwhisperer.domain.company import INSTALLATION, Scope
from alertwhisperer.domain.directory import DirectoryGroup, DirectoryUser
from alertwhisperer.domain.errors import Conflicting, Invalid, NotFound
from alertwhisperer.domain.identity import Identity, Provider
from alertwhisperer.guard.identity import scim_words
from alertwhisperer.guard.identity.removal import gone, map_again
from alertwhisperer.guard.identity.scim_words import Filter, Members
from alertwhisperer.guard.keys import DIRECTORY_PREFIX
from alertwhisperer.guard.vault import Vault
from alertwhisperer.kit.ids import uuid7
from alertwhisperer.store import identity as rows
from alertwhisperer.store import scim
from alertwhisperer.store.database import Database, Unit
from alertwhisperer.store.scim import Wanted

MOST_SHOWN = 200
_WHY = "the directory"


async def provider_of_token(database: Database, vault: Vault, token: str) -> Provider | None:
    """The provider whose directory shows this token; None for any other text, and while the provider is off."""
    if not token.startswith(DIRECTORY_PREFIX):
        return None
    async with database.unit_of_work(Scope(INSTALLATION, "")) as unit:
        provider = await rows.provider_by_scim(unit, vault.hash(token))
        return provider if provider is not None and provider.is_on else None


async def find_users(
    database: Database, provider: Provider, wanted: Filter | None, *, skip: int, limit: int
) -> tuple[int, tuple[DirectoryUser, ...]]:
    """
    How many people of the directory there are, and a page of them.

    Raises:
        Invalid: the filter looks at something else than `userName`, `externalId` or `id`.
    """
    async with database.unit_of_work(_by(provider)) as unit:
        which = _wanted(wanted, "username")
        return (0, ()) if which is None else await scim.find_users(unit, provider.id, which, skip=skip, limit=limit)


async def get_user(database: Database, provider: Provider, scim_id: UUID) -> DirectoryUser:
    """Somebody of the directory; raises `NotFound`."""
    async with database.unit_of_work(_by(provider)) as unit:
        _, found = await scim.find_users(unit, provider.id, Wanted(scim_id), skip=0, limit=1)
    return found[0] if found else _absent(scim_id)


async def add_user(database: Database, provider: Provider, given: Mapping[str, Any], *, now: datetime) -> DirectoryUser:
    """
    Somebody whom the directory tells of.

    Raises:
        Invalid: it is no resource of a user.
        Conflicting: the directory has the user name already.
    """
    fresh = DirectoryUser(uuid7(now), "", "", "", "", True, now, now)
    user = scim_words.user_from(fresh, given)
    async with database.unit_of_work(_by(provider)) as unit:
        if not await scim.insert_user(unit, provider.id, user, now=now):
            raise _taken("userName")
    await _follow(database, provider, [user], now=now)
    return user


async def replace_user(
    database: Database, provider: Provider, scim_id: UUID, given: Mapping[str, Any], *, now: datetime
) -> DirectoryUser:
    """Somebody as a whole resource says; raises `NotFound`, `Invalid`, `Conflicting`."""
    return await _change_user(database, provider, scim_id, given, whole=True, now=now)


async def patch_user(
    database: Database, provider: Provider, scim_id: UUID, given: Mapping[str, Any], *, now: datetime
) -> DirectoryUser:
    """Somebody after a change; raises `NotFound`, `Invalid`, `Conflicting`."""
    return await _change_user(database, provider, scim_id, given, whole=False, now=now)


async def delete_user(database: Database, provider: Provider, scim_id: UUID, *, now: datetime) -> None:
    """Somebody is gone for good; raises `NotFound`."""
    user = await get_user(database, provider, scim_id)
    await _gone(database, provider, user, now=now)  # first: a call that fails in between is repeated by the directory
    async with database.unit_of_work(_by(provider)) as unit:
        await scim.delete_user(unit, provider.id, scim_id)


async def find_groups(
    database: Database, provider: Provider, wanted: Filter | None, *, skip: int, limit: int
) -> tuple[int, tuple[DirectoryGroup, ...]]:
    """
    How many groups there are, and a page of them.

    Raises:
        Invalid: the filter looks at something else than `displayName`, `externalId` or `id`.
    """
    async with database.unit_of_work(_by(provider)) as unit:
        which = _wanted(wanted, "displayname")
        return (0, ()) if which is None else await scim.find_groups(unit, provider.id, which, skip=skip, limit=limit)


async def get_group(database: Database, provider: Provider, scim_id: UUID) -> tuple[DirectoryGroup, tuple[UUID, ...]]:
    """A group and its members; raises `NotFound`."""
    async with database.unit_of_work(_by(provider)) as unit:
        _, found = await scim.find_groups(unit, provider.id, Wanted(scim_id), skip=0, limit=1)
        return (found[0], await scim.members(unit, scim_id)) if found else _absent(scim_id)


async def add_group(
    database: Database, provider: Provider, given: Mapping[str, Any], *, now: datetime
) -> DirectoryGroup:
    """
    A group that the directory tells of.

    Raises:
        Invalid: it is no resource of a group.
        Conflicting: the directory has the name already.
    """
    group, members = scim_words.group_from(DirectoryGroup(uuid7(now), "", "", now, now), given)
    async with database.unit_of_work(_by(provider)) as unit:
        if not await scim.insert_group(unit, provider.id, group, now=now):
            raise _taken("displayName")
        await scim.add_members(unit, provider.id, group.id, members)
    await _follow_ids(database, provider, members, now=now)
    return group


async def replace_group(
    database: Database, provider: Provider, scim_id: UUID, given: Mapping[str, Any], *, now: datetime
) -> None:
    """A group as a whole resource says; raises `NotFound`, `Invalid`, `Conflicting`."""
    async with database.unit_of_work(_by(provider)) as unit:
        before = await _locked_group(unit, provider, scim_id)
        group, members = scim_words.group_from(before, given)
        touched = await _rewrite(unit, provider, before, group, [Members(replace=members)], now=now)
    await _follow_ids(database, provider, touched, now=now)


async def patch_group(
    database: Database, provider: Provider, scim_id: UUID, given: Mapping[str, Any], *, now: datetime
) -> None:
    """A group after a change; raises `NotFound`, `Invalid`, `Conflicting`."""
    async with database.unit_of_work(_by(provider)) as unit:
        before = await _locked_group(unit, provider, scim_id)
        group, changes = scim_words.patched_group(before, given)
        touched = await _rewrite(unit, provider, before, group, changes, now=now)
    await _follow_ids(database, provider, touched, now=now)


async def delete_group(database: Database, provider: Provider, scim_id: UUID, *, now: datetime) -> None:
    """A group is gone; raises `NotFound`."""
    async with database.unit_of_work(_by(provider)) as unit:
        await _locked_group(unit, provider, scim_id)
        members = await scim.members(unit, scim_id)
        await scim.delete_group(unit, provider.id, scim_id)
    await _follow_ids(database, provider, members, now=now)


async def _change_user(
    database: Database, provider: Provider, scim_id: UUID, given: Mapping[str, Any], *, whole: bool, now: datetime
) -> DirectoryUser:
    async with database.unit_of_work(_by(provider)) as unit:
        before = await scim.lock_user(unit, provider.id, scim_id)
        if before is None:
            _absent(scim_id)
        user = scim_words.user_from(before, given) if whole else scim_words.patched_user(before, given)
        if not await scim.update_user(unit, provider.id, user, now=now):
            raise _taken("userName")
    await _follow(database, provider, [user], now=now)
    return user


async def _rewrite(
    unit: Unit,
    provider: Provider,
    before: DirectoryGroup,
    group: DirectoryGroup,
    changes: Iterable[Members],
    *,
    now: datetime,
) -> frozenset[UUID]:
    """Write a group and its members; answers whose groups changed, all members' when it was renamed."""
    old = frozenset(await scim.members(unit, group.id))
    new = old
    for change in changes:
        new = ((change.replace if change.replace is not None else new) | change.add) - change.remove
    if len(new) > scim.MOST_MEMBERS:
        raise Invalid(f"a group has {scim.MOST_MEMBERS} members at most", where="tooMany")
    if not await scim.update_group(unit, provider.id, group, now=now):
        raise _taken("displayName")
    await scim.add_members(unit, provider.id, group.id, new - old)
    await scim.remove_members(unit, group.id, old - new)
    return old | new if group.display_name != before.display_name else old ^ new


async def _follow_ids(database: Database, provider: Provider, people: Iterable[UUID], *, now: datetime) -> None:
    """Do what follows for people whose groups changed."""
    for scim_id in sorted(people):
        async with database.unit_of_work(_by(provider)) as unit:
            _, found = await scim.find_users(unit, provider.id, Wanted(scim_id), skip=0, limit=1)
        await _follow(database, provider, found, now=now)


async def _follow(database: Database, provider: Provider, people: Iterable[DirectoryUser], *, now: datetime) -> None:
    """Do what follows for those who are linked to a person of ours."""
    for user in people:
        if not user.is_active:
            await _gone(database, provider, user, now=now)
        elif (identity := await _linked(database, provider, user)) is not None:
            await map_again(database, provider, identity, why=_WHY, now=now)


async def _gone(database: Database, provider: Provider, user: DirectoryUser, *, now: datetime) -> None:
    identity = await _linked(database, provider, user)
    if identity is not None:
        await gone(
            database, provider, identity, provider.settings.on_removal, why="the directory removed them", now=now
        )


async def _linked(database: Database, provider: Provider, user: DirectoryUser) -> Identity | None:
    async with database.unit_of_work(_by(provider)) as unit:
        found = await rows.in_directory(unit, provider.id, user.external_id, user.addresses)
        return None if found is None else found.identity


async def _locked_group(unit: Unit, provider: Provider, scim_id: UUID) -> DirectoryGroup:
    return await scim.lock_group(unit, provider.id, scim_id) or _absent(scim_id)


def _wanted(wanted: Filter | None, name: str) -> Wanted | None:
    """What to search for; None when nothing can have it."""
    if wanted is None:
        return Wanted()
    if wanted.attribute == name:
        return Wanted(name=wanted.value)
    if wanted.attribute == "externalid":
        return Wanted(external_id=wanted.value)
    if wanted.attribute == "id":
        try:
            return Wanted(UUID(wanted.value))
        except ValueError:
            return None
    raise Invalid(f"nothing is searched by {wanted.attribute}", where="invalidFilter")


def _by(provider: Provider) -> Scope:
    return Scope(INSTALLATION, provider.actor)


def _absent(scim_id: UUID) -> NoReturn:
    raise NotFound(f"there is no resource {scim_id}")


def _taken(name: str) -> Conflicting:
    return Conflicting(f"{name} is taken", where="uniqueness")
