"""
People: who may sign in, as what, and with which tokens.

People belong to the installation; each act on one is in its audit log, and in that of each company whose data the
person may see by it, so that a company can read who was let in.
"""

import re
import unicodedata
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from alertwhisperer.domain.company import INSTALLATION, CompanyId, Scope
from alertwhisperer.domain.errors import Conflicting, Invalid, NotFound
from alertwhisperer.domain.user import Role, TokenInfo, User
from alertwhisperer.guard.keys import TOKEN_PREFIX, hint, new_token
from alertwhisperer.guard.vault import Vault
from alertwhisperer.kit.ids import uuid7
from alertwhisperer.store import audit, users
from alertwhisperer.store import companies as company_rows
from alertwhisperer.store.database import Database, Unit

LONGEST_EMAIL = 254  # RFC 5321's longest path, less its brackets
MOST_TOKENS_SHOWN = 100

_EMAIL = re.compile(r"[^\s@<>()\[\],;:\\\"]{1,64}@[^\s@<>()\[\],;:\\\"]+")


async def add_user(
    database: Database,
    vault: Vault,
    scope_actor: str,
    email: str,
    role: Role,
    companies: Sequence[CompanyId],
    *,
    now: datetime,
) -> User:
    """
    Add a person.

    Args:
        scope_actor: who adds them, as the audit log will say.
        email: stored in lower case.
        companies: those that the person may see; for an MSP admin none is given, all are seen.
        now: aware UTC.

    Raises:
        Invalid: no e-mail, or companies that do not suit the role.
        NotFound: one of the companies does not exist.
        Conflicting: the e-mail is taken.
    """
    user = User(id=uuid7(now), email=check_email(email), role=role, companies=_check_serves(role, companies))
    served = sorted(user.companies)
    async with database.across([INSTALLATION, *served]) as connection:
        known = {company.id for company in await company_rows.among(connection, served)}
        for company_id in served:
            if company_id not in known:
                raise NotFound(f"there is no company {company_id}", where="companies", mend="check the id")
        unit = Unit(connection, Scope(INSTALLATION, scope_actor))
        if not await users.insert(unit, user, now=now):
            raise Conflicting(f"{user.email} is a user already", where="email", mend="choose another e-mail")
        detail = {"user_id": str(user.id), "role": role.value, "companies": [str(one) for one in served]}
        await audit.write(unit, "user.add", user.email, detail, now=now)
        for company_id in served:
            seen_there = Unit(connection, Scope(company_id, scope_actor))
            await audit.write(seen_there, "user.add", user.email, {"role": role.value}, now=now)
    return user


async def list_users(database: Database, *, limit: int = 100, before: UUID | None = None) -> tuple[User, ...]:
    """The people who may sign in, newest first, from the one after `before` (a person's id)."""
    async with database.unit_of_work(Scope(INSTALLATION, "")) as unit:
        return await users.page(unit, limit=limit, before=before)


async def get_user(database: Database, email: str) -> User:
    """
    The person with this e-mail.

    Raises:
        NotFound: there is none.
    """
    async with database.unit_of_work(Scope(INSTALLATION, "")) as unit:
        return await _user_of(unit, email)


async def add_token(database: Database, vault: Vault, actor: str, email: str, *, now: datetime) -> str:
    """
    Make a bearer token for a person; only its keyed hash is stored, so this answer is the one time it can be read.

    Raises:
        NotFound: no such person.
    """
    token = new_token()
    async with database.unit_of_work(Scope(INSTALLATION, actor)) as unit:
        user = await _user_of(unit, email)
        row = TokenInfo(id=uuid7(now), user_id=user.id, hint=hint(token), created_at=now, revoked_at=None)
        await users.insert_token(unit, row, vault.hash(token))
        await audit.write(unit, "token.add", user.email, {"token_id": str(row.id), "hint": row.hint}, now=now)
    return token


async def list_tokens(database: Database, email: str) -> tuple[TokenInfo, ...]:
    """
    What may be shown of a person's tokens, newest first, revoked ones too; at most 100.

    Raises:
        NotFound: no such person.
    """
    async with database.unit_of_work(Scope(INSTALLATION, "")) as unit:
        user = await _user_of(unit, email)
        return await users.tokens_of(unit, user.id, limit=MOST_TOKENS_SHOWN)


async def revoke_token(database: Database, actor: str, token_id: UUID, *, now: datetime) -> TokenInfo:
    """
    End a token: the next request with it is refused.

    Raises:
        NotFound: there is no such live token.
    """
    async with database.unit_of_work(Scope(INSTALLATION, actor)) as unit:
        token = await users.revoke_token(unit, token_id, now=now)
        if token is None:
            raise NotFound(f"there is no live token {token_id}", where="token_id", mend="list the user's tokens")
        await audit.write(unit, "token.revoke", str(token.id), {"hint": token.hint}, now=now)
    return token


async def user_of_token(database: Database, vault: Vault, token: str) -> User | None:
    """The person who holds a live token, with the companies served now; None for any other text."""
    if not token.startswith(TOKEN_PREFIX):
        return None
    async with database.unit_of_work(Scope(INSTALLATION, "")) as unit:
        return await users.by_token(unit, vault.hash(token))


def check_email(email: str) -> str:
    """
    The e-mail in lower case. Only the shape is checked: whether it receives mail is known when it does.

    Raises:
        Invalid: it is none.
    """
    email = email.strip().lower()
    printable = all(unicodedata.category(letter)[0] != "C" for letter in email)
    if len(email) > LONGEST_EMAIL or not printable or not _EMAIL.fullmatch(email):
        raise Invalid("this is not an e-mail address", where="email", mend="write it as name@example.org")
    return email


def _check_serves(role: Role, serves: Sequence[CompanyId]) -> frozenset[CompanyId]:
    if role is Role.MSP_ADMIN and serves:
        raise Invalid(
            "an MSP admin sees all companies",
            where="companies",
            mend="name none, or choose company_admin or technician",
        )
    if role is not Role.MSP_ADMIN and not serves:
        raise Invalid(f"a {role} needs a company", where="companies", mend="name at least one company")
    return frozenset(serves)


async def _user_of(unit: Unit, email: str) -> User:
    user = await users.by_email(unit, email.strip().lower())
    if user is None:
        raise NotFound("there is no user with this e-mail", where="email", mend="list the users, or add this one")
    return user
