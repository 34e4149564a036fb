"""
Identity providers and identities of people. All belong to the installation; every function takes a unit of it.
"""

from collections.abc import Collection
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

import asyncpg
import msgspec

from alertwhisperer.domain.identity import ClientAuth, Identity, Kind, Proven, Provider, ProviderSettings
from alertwhisperer.store.database import Unit, queries

MOST_PROVIDERS = 100
_MOST_IDENTITIES = 100

_sql = queries("identity")


class Found(NamedTuple):
    """An identity, and its refresh token as it is stored: sealed."""

    identity: Identity
    refresh_token: bytes | None


async def insert_provider(unit: Unit, provider: Provider) -> bool:
    """Add a provider; False when its slug is taken."""
    added = await _sql.insert_provider(
        unit.connection,
        provider_id=provider.id,
        slug=provider.slug,
        title=provider.title,
        kind=provider.kind,
        issuer=provider.issuer,
        client_id=provider.client_id,
        client_auth=provider.client_auth,
        secret=provider.secret,
        is_on=provider.is_on,
        settings=msgspec.to_builtins(provider.settings),
        created_at=provider.created_at,
    )
    return added is not None


async def provider_by_slug(unit: Unit, slug: str) -> Provider | None:
    """The live provider of this slug."""
    return _provider_or_none(await _sql.select_provider(unit.connection, slug=slug))


async def provider_by_id(unit: Unit, provider_id: UUID) -> Provider | None:
    """The live provider of this id."""
    return _provider_or_none(await _sql.select_provider_by_id(unit.connection, provider_id=provider_id))


async def provider_by_scim(unit: Unit, scim_hash: UUID) -> Provider | None:
    """The live provider whose directory's token has this hash."""
    return _provider_or_none(await _sql.select_provider_by_scim(unit.connection, scim_hash=scim_hash))


async def providers(unit: Unit) -> tuple[Provider, ...]:
    """All live providers in the order of their slugs."""
    return tuple([_provider(row) async for row in _sql.select_providers(unit.connection, limit=MOST_PROVIDERS)])


async def lock_provider(unit: Unit, provider_id: UUID) -> bool:
    """Wait until nobody else lets a new person in by it or changes it; whether it is there."""
    return await _sql.lock_provider(unit.connection, provider_id=provider_id) is not None


async def update_provider(unit: Unit, provider: Provider) -> None:
    """Write what may be changed of a provider; its version goes up."""
    await _sql.update_provider(
        unit.connection,
        provider_id=provider.id,
        title=provider.title,
        client_id=provider.client_id,
        client_auth=provider.client_auth,
        secret=provider.secret,
        is_on=provider.is_on,
        settings=msgspec.to_builtins(provider.settings),
    )


async def remove_provider(unit: Unit, provider_id: UUID, *, now: datetime) -> None:
    """A provider is no more."""
    await _sql.remove_provider(unit.connection, provider_id=provider_id, now=now)


async def set_scim_hash(unit: Unit, provider_id: UUID, scim_hash: UUID | None) -> None:
    """Another token for its directory; None for none."""
    await _sql.set_scim_hash(unit.connection, provider_id=provider_id, scim_hash=scim_hash)


async def count_refusal(unit: Unit, provider_id: UUID) -> tuple[int, datetime | None]:
    """One more person was not let in: how many no entry has counted, and when the last entry was."""
    row = await _sql.count_refusal(unit.connection, provider_id=provider_id)
    return row["refusals_untold"], row["refusals_told_at"]


async def told_refusals(unit: Unit, provider_id: UUID, *, now: datetime) -> None:
    """An entry has counted them."""
    await _sql.told_refusals(unit.connection, provider_id=provider_id, now=now)


async def by_subject(unit: Unit, provider_id: UUID, subject: str) -> Found | None:
    """Who a provider's subject is."""
    return _found_or_none(await _sql.select_identity(unit.connection, provider_id=provider_id, subject=subject))


async def lock(unit: Unit, identity_id: UUID) -> Found | None:
    """An identity that nobody else changes until the transaction ends."""
    return _found_or_none(await _sql.lock_identity(unit.connection, identity_id=identity_id))


async def of_user(unit: Unit, user_id: UUID) -> tuple[Found, ...]:
    """A person's identities."""
    rows = _sql.select_identities_of(unit.connection, user_id=user_id, limit=_MOST_IDENTITIES)
    return tuple([_found(row) async for row in rows])


async def at_provider(unit: Unit, provider_id: UUID, *, limit: int, before: UUID | None = None) -> tuple[Identity, ...]:
    """The people of a provider, newest first."""
    rows = _sql.select_identities_at(unit.connection, provider_id=provider_id, before=before, limit=limit)
    return tuple([_found(row).identity async for row in rows])


async def in_directory(unit: Unit, provider_id: UUID, external_id: str, emails: Collection[str]) -> Found | None:
    """
    Who somebody of the provider's directory is.

    Args:
        external_id: as the directory tells it; empty when it tells none.
        emails: lower case; tried when no identity has that id.
    """
    rows = _sql.select_identity_in_directory(
        unit.connection, provider_id=provider_id, external_id=external_id, emails=list(emails)
    )
    return next((_found(row) for row in [row async for row in rows]), None)


async def link(unit: Unit, identity: Identity) -> bool:
    """Link a person and a subject; False when either is linked at this provider."""
    linked = await _sql.insert_identity(
        unit.connection,
        identity_id=identity.id,
        provider_id=identity.provider_id,
        subject=identity.subject,
        own_id=identity.own_id,
        user_id=identity.user_id,
        email=identity.email,
        groups=sorted(identity.groups),
        linked_at=identity.linked_at,
    )
    return linked is not None


async def update(unit: Unit, identity_id: UUID, proven: Proven, refresh_token: bytes | None, *, now: datetime) -> None:
    """Write what the provider says of an identity now; the refresh token is sealed."""
    await _sql.update_identity(
        unit.connection,
        identity_id=identity_id,
        email=proven.email,
        groups=sorted(proven.groups),
        refresh_token=refresh_token,
        seen_at=now,
    )


async def forget_refresh_token(unit: Unit, identity_id: UUID) -> None:
    """An identity is not looked at any more between sign-ins."""
    await _sql.forget_refresh_token(unit.connection, identity_id=identity_id)


async def unlink(unit: Unit, identity_id: UUID) -> None:
    """Take a link away."""
    await _sql.delete_identity(unit.connection, identity_id=identity_id)


async def unlink_all(unit: Unit, user_id: UUID) -> tuple[UUID, ...]:
    """Take all links of a person away; answers which."""
    rows = _sql.delete_identities_of(unit.connection, user_id=user_id)
    return tuple([row["identity_id"] async for row in rows])


async def insert_session(unit: Unit, session_id: UUID, identity_id: UUID, sid: str) -> None:
    """A provider opened a session."""
    await _sql.insert_session(unit.connection, session_id=session_id, identity_id=identity_id, sid=sid)


async def sessions_of(
    unit: Unit, provider_id: UUID, *, subject: str | None, sid: str | None
) -> tuple[tuple[UUID, UUID], ...]:
    """Session and person, of what a provider opened for a subject, or under a name of its own; None means any."""
    rows = _sql.select_sessions(unit.connection, provider_id=provider_id, subject=subject, sid=sid, limit=1_000)
    return tuple([(row["session_id"], row["user_id"]) async for row in rows])


async def use_once(unit: Unit, thing: UUID, *, until: datetime, now: datetime) -> bool:
    """Use something that works once; False when it was used before."""
    await _sql.forget_used(unit.connection, now=now)
    return await _sql.use_once(unit.connection, hash=thing, until=until) is not None


async def forbids_passwords(unit: Unit, user_id: UUID) -> bool:
    """Whether a provider of this person forbids local passwords."""
    return await _sql.forbids_passwords(unit.connection, user_id=user_id) is not None


async def break_glass(unit: Unit) -> UUID | None:
    """The person whose password always works."""
    found: UUID | None = await _sql.select_break_glass(unit.connection)
    return found


async def set_break_glass(unit: Unit, user_id: UUID | None) -> None:
    """Name that person; None for nobody."""
    if user_id is None:
        await _sql.delete_break_glass(unit.connection)
    else:
        await _sql.set_break_glass(unit.connection, user_id=user_id)


def _provider_or_none(row: asyncpg.Record | None) -> Provider | None:
    return None if row is None else _provider(row)


def _provider(row: asyncpg.Record) -> Provider:
    return Provider(
        id=row["provider_id"],
        slug=row["slug"],
        title=row["title"],
        kind=Kind(row["kind"]),
        issuer=row["issuer"],
        client_id=row["client_id"],
        client_auth=ClientAuth(row["client_auth"]),
        is_on=row["is_on"],
        settings=msgspec.convert(row["settings"], ProviderSettings),
        version=row["version"],
        created_at=row["created_at"],
        secret=row["secret"],
        scim_hash=row["scim_hash"],
    )


def _found_or_none(row: asyncpg.Record | None) -> Found | None:
    return None if row is None else _found(row)


def _found(row: asyncpg.Record) -> Found:
    identity = Identity(
        id=row["identity_id"],
        provider_id=row["provider_id"],
        subject=row["subject"],
        own_id=row["own_id"],
        user_id=row["user_id"],
        email=row["email"],
        groups=frozenset(row["groups"]),
        linked_at=row["linked_at"],
        seen_at=row["seen_at"],
        has_refresh_token=row["refresh_token"] is not None,
    )
    return Found(identity, row["refresh_token"])
