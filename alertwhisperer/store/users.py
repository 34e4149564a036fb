"""
People and their tokens. They belong to the installation, not to a company: at sign-in none is known yet.

Every function takes a unit of the installation; what a person may see is said by the row, not by the unit.
"""

from collections.abc import Collection, Iterable
from datetime import datetime
from uuid import UUID

import asyncpg

from alertwhisperer.domain.company import CompanyId
from alertwhisperer.domain.user import Means, MeansKind, Person, Role, TokenInfo, User
from alertwhisperer.store.database import Unit, queries

_sql = queries("users")


async def insert(unit: Unit, user: User, *, now: datetime) -> bool:
    """Add a person, the companies named for them and the groups they serve; False when the e-mail is taken."""
    added = await _sql.insert_user(unit.connection, user_id=user.id, email=user.email, role=user.role, created_at=now)
    if added is None:
        return False
    await _sql.insert_companies(unit.connection, user_id=user.id, companies=sorted(user.companies))
    await _sql.insert_groups(unit.connection, user_id=user.id, groups=sorted(user.groups))
    return True


async def lock(unit: Unit, user_id: UUID) -> User | None:
    """The person, kept from other writers until the unit ends; None when removed or never there."""
    if await _sql.lock_user(unit.connection, user_id=user_id) is None:
        return None
    return await by_id(unit, user_id)


async def named(unit: Unit, user_id: UUID) -> frozenset[CompanyId]:
    """The companies that a person serves by name, without those of groups."""
    rows = _sql.select_named(unit.connection, user_id=user_id)
    return frozenset([CompanyId(row["company_id"]) async for row in rows])


async def rewrite(
    unit: Unit, user_id: UUID, role: Role, companies: Collection[CompanyId], groups: Collection[UUID]
) -> None:
    """What a person is from now on, and which companies by name and which groups they serve."""
    await _sql.set_role(unit.connection, user_id=user_id, role=role)
    await _sql.delete_companies(unit.connection, user_id=user_id)
    await _sql.delete_groups(unit.connection, user_id=user_id)
    await _sql.insert_companies(unit.connection, user_id=user_id, companies=sorted(companies))
    await _sql.insert_groups(unit.connection, user_id=user_id, groups=sorted(groups))


async def remove(unit: Unit, user_id: UUID, *, now: datetime) -> None:
    """The person is let in no more, and serves nobody; the row stays, for what refers to it."""
    await _sql.delete_companies(unit.connection, user_id=user_id)
    await _sql.delete_groups(unit.connection, user_id=user_id)
    await _sql.remove_user(unit.connection, user_id=user_id, removed_at=now)


async def serves_group(unit: Unit, group_id: UUID) -> bool:
    """Whether anybody serves a group of companies."""
    return bool(await _sql.serves_group(unit.connection, group_id=group_id))


async def by_email(unit: Unit, email: str) -> User | None:
    """The person with this e-mail (lower case), unless removed."""
    return _user_or_none(await _sql.select_by_email(unit.connection, email=email))


async def by_id(unit: Unit, user_id: UUID) -> User | None:
    """The person with this id, unless removed."""
    return _user_or_none(await _sql.select_by_id(unit.connection, user_id=user_id))


async def by_token(unit: Unit, token_hash: UUID, *, now: datetime) -> tuple[Person, datetime | None] | None:
    """The person whose live token has this hash, by that token; and when it was last seen to be used."""
    row = await _sql.select_by_token(unit.connection, hash=token_hash, now=now)
    if row is None:
        return None
    means = Means(MeansKind.TOKEN, row["token_id"], frozenset(row["scopes"]), _only(row["only"]), row["expires_at"])
    return Person(_user(row), means), row["last_used_at"]


async def touch_token(unit: Unit, token_id: UUID, *, now: datetime) -> None:
    """A token was used."""
    await _sql.touch_token(unit.connection, token_id=token_id, now=now)


async def among(unit: Unit, user_ids: Collection[UUID]) -> dict[UUID, User]:
    """People by their ids, as they are now; those who were removed are left out. Any company's unit will do."""
    rows = _sql.select_among(unit.connection, user_ids=list(user_ids), limit=len(user_ids))
    return {row["user_id"]: _user(row) async for row in rows}


async def page(unit: Unit, *, limit: int, before: UUID | None = None) -> tuple[User, ...]:
    """People, newest first, from the one after `before` (a person's id)."""
    return tuple([_user(row) async for row in _sql.select_users(unit.connection, before=before, limit=limit)])


async def of_roles(unit: Unit, roles: Collection[Role], *, limit: int) -> tuple[User, ...]:
    """People of some roles, by e-mail."""
    rows = _sql.select_of_roles(unit.connection, roles=sorted(roles), limit=limit)
    return tuple([_user(row) async for row in rows])


async def insert_token(unit: Unit, token: TokenInfo, token_hash: UUID) -> None:
    """Add a person's token."""
    await _sql.insert_token(
        unit.connection,
        token_id=token.id,
        user_id=token.user_id,
        hash=token_hash,
        hint=token.hint,
        created_at=token.created_at,
        name=token.name,
        scopes=sorted(token.scopes),
        companies=None if token.companies is None else sorted(token.companies),
        expires_at=token.expires_at,
    )


async def revoke_token(unit: Unit, token_id: UUID, *, of: UUID | None = None, now: datetime) -> TokenInfo | None:
    """End a live token, of one person where `of` says whose; None when there is no such live token."""
    row = await _sql.revoke_token(unit.connection, token_id=token_id, user_id=of, revoked_at=now)
    return _token(row) if row else None


async def revoke_tokens(unit: Unit, user_id: UUID, *, now: datetime) -> tuple[UUID, ...]:
    """End all tokens of a person; answers which were live."""
    rows = _sql.revoke_tokens(unit.connection, user_id=user_id, revoked_at=now)
    return tuple([row["token_id"] async for row in rows])


async def count_tokens(unit: Unit, user_id: UUID, *, now: datetime) -> int:
    """How many live tokens a person has."""
    return int(await _sql.count_tokens(unit.connection, user_id=user_id, now=now))


async def tokens_of(unit: Unit, user_id: UUID, *, limit: int) -> tuple[TokenInfo, ...]:
    """A person's tokens, newest first."""
    rows = _sql.select_tokens(unit.connection, user_id=user_id, limit=limit)
    return tuple([_token(row) async for row in rows])


def _user_or_none(row: asyncpg.Record | None) -> User | None:
    return _user(row) if row else None


def _user(row: asyncpg.Record) -> User:
    return User(
        id=row["user_id"],
        email=row["email"],
        role=Role(row["role"]),
        companies=frozenset(CompanyId(company_id) for company_id in row["companies"]),
        groups=frozenset(row["groups"]),
    )


def _only(companies: Iterable[UUID] | None) -> frozenset[CompanyId] | None:
    return None if companies is None else frozenset(CompanyId(company_id) for company_id in companies)


def _token(row: asyncpg.Record) -> TokenInfo:
    return TokenInfo(
        id=row["token_id"],
        user_id=row["user_id"],
        hint=row["hint"],
        created_at=row["created_at"],
        revoked_at=row["revoked_at"],
        name=row["name"],
        scopes=frozenset(row["scopes"]),
        companies=_only(row["companies"]),
        expires_at=row["expires_at"],
        last_used_at=row["last_used_at"],
    )
