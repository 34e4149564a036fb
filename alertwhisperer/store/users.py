"""
People and their tokens. They belong to the installation, not to a company: at sign-in none is known yet.

Every function takes a unit of the installation; what a person may see is said by the row, not by the unit.
"""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

import asyncpg

from alertwhisperer.domain.company import CompanyId
from alertwhisperer.domain.user import Role, TokenInfo, User
from alertwhisperer.store.database import Unit, queries

_sql = queries("users")


async def insert(unit: Unit, user: User, *, now: datetime) -> bool:
    """Add a person and the companies they serve; False when the e-mail is taken."""
    added = await _sql.insert_user(unit.connection, user_id=user.id, email=user.email, role=user.role, created_at=now)
    if added is None:
        return False
    await _sql.insert_companies(unit.connection, user_id=user.id, companies=sorted(user.companies))
    return True


async def by_email(unit: Unit, email: str) -> User | None:
    """The person with this e-mail (lower case), unless removed."""
    return _user_or_none(await _sql.select_by_email(unit.connection, email=email))


async def by_token(unit: Unit, token_hash: UUID) -> User | None:
    """The person whose live token has this hash."""
    return _user_or_none(await _sql.select_by_token(unit.connection, hash=token_hash))


async def page(unit: Unit, *, limit: int, before: UUID | None = None) -> tuple[User, ...]:
    """People, newest first, from the one after `before` (a person's id)."""
    return tuple([_user(row) async for row in _sql.select_users(unit.connection, before=before, limit=limit)])


async def insert_token(unit: Unit, token: TokenInfo, token_hash: UUID) -> None:
    """Add a person's token."""
    await _sql.insert_token(
        unit.connection,
        token_id=token.id,
        user_id=token.user_id,
        hash=token_hash,
        hint=token.hint,
        created_at=token.created_at,
    )


async def revoke_token(unit: Unit, token_id: UUID, *, now: datetime) -> TokenInfo | None:
    """End a live token; None when there is no such live token."""
    row = await _sql.revoke_token(unit.connection, token_id=token_id, revoked_at=now)
    return _token(row) if row else None


async def tokens_of(unit: Unit, user_id: UUID, *, limit: int) -> tuple[TokenInfo, ...]:
    """A person's tokens, newest first."""
    rows = _sql.select_tokens(unit.connection, user_id=user_id, limit=limit)
    return tuple([_token(row) async for row in rows])


def _user_or_none(row: asyncpg.Record | None) -> User | None:
    return _user(row) if row else None


def _user(row: asyncpg.Record) -> User:
    return User(id=row["user_id"], email=row["email"], role=Role(row["role"]), companies=_served(row["companies"]))


def _served(companies: Iterable[UUID]) -> frozenset[CompanyId]:
    return frozenset(CompanyId(company_id) for company_id in companies)


def _token(row: asyncpg.Record) -> TokenInfo:
    return TokenInfo(
        id=row["token_id"],
        user_id=row["user_id"],
        hint=row["hint"],
        created_at=row["created_at"],
        revoked_at=row["revoked_at"],
    )
