"""
Bearer tokens of people: made for scripts and the API, shown once, narrower than their person or as wide, never wider.

Whoever makes one gives away no more than they came in with: a token cannot make a wider or longer one.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from alertwhisperer.domain.audit import AuditAction, Resource
from alertwhisperer.domain.company import INSTALLATION, CompanyId, Scope
from alertwhisperer.domain.errors import Conflicting, Forbidden, Invalid, NotFound
from alertwhisperer.domain.user import AT_THE_MACHINE, EVERYTHING, Means, Person, TokenInfo, User
from alertwhisperer.guard.keys import TOKEN_PREFIX, hint, new_token
from alertwhisperer.guard.people import user_in_unit
from alertwhisperer.guard.permissions import check_scopes, covered
from alertwhisperer.guard.vault import Vault
from alertwhisperer.kit.ids import uuid7
from alertwhisperer.store import audit, users
from alertwhisperer.store.database import Database, Unit

DEFAULT_DAYS = 90
LONGEST_DAYS = 366
MOST_SHOWN = 100
MOST_LIVE = 50  # of one person: enough for every script of theirs, and a list that can be read
LONGEST_NAME = 100
_USED_EVERY = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Wish:
    """
    The token that is asked for.

    Attributes:
        name: what its owner calls it.
        scopes: `*`, `*.read`, `noun.*` or `noun.verb`.
        companies: the only ones that it reaches; None for all that the person serves, now and later.
        days: until it ends by itself, 1 to 366; None: 90, or as long as the token that makes it.
    """

    name: str = ""
    scopes: Collection[str] = (EVERYTHING,)
    companies: Collection[CompanyId] | None = None
    days: int | None = None


ALL_FOR_90_DAYS = Wish()


@dataclass(frozen=True, slots=True)
class MadeToken:
    """A token that was made, with what can be read this once."""

    info: TokenInfo
    token: str = field(repr=False)


async def add_token(
    database: Database,
    vault: Vault,
    by: Scope,
    email: str,
    wish: Wish = ALL_FOR_90_DAYS,
    *,
    means: Means = AT_THE_MACHINE,
    now: datetime,
) -> MadeToken:
    """
    Make a bearer token for a person; only its keyed hash is stored, so this answer is the one time it can be read.

    Args:
        by: who makes it.
        means: by what they came in; the token can do no more than it.

    Raises:
        NotFound: no such person, or a company that the person does not serve.
        Invalid: a scope, the name or the time is of no use.
        Forbidden: it could do more than the means.
        Conflicting: the person has 50 live tokens.
    """
    scopes, name = check_scopes(wish.scopes), _check_name(wish.name)
    token = new_token()
    async with database.unit_of_work(by.at(INSTALLATION)) as unit:
        user = await user_in_unit(unit, email)
        await users.lock(unit, user.id)  # against a removal at the same instant
        only = _reached(user, wish.companies, means)
        if not covered(scopes, means):
            raise Forbidden("a token cannot make one that may do more", where="scopes", mend="name fewer scopes")
        if await users.count_tokens(unit, user.id, now=now) >= MOST_LIVE:
            raise Conflicting(f"there are {MOST_LIVE} live tokens", where="token", mend="revoke one that is not used")
        info = TokenInfo(
            id=uuid7(now),
            user_id=user.id,
            hint=hint(token),
            created_at=now,
            revoked_at=None,
            name=name,
            scopes=scopes,
            companies=only,
            expires_at=_end(wish.days, means, now=now),
        )
        await users.insert_token(unit, info, vault.hash(token))
        await _audit(unit, AuditAction.TOKEN_ADDED, info, now=now)
    return MadeToken(info, token)


async def list_tokens(database: Database, email: str) -> tuple[TokenInfo, ...]:
    """
    What may be shown of a person's tokens, newest first, those that ended too; at most 100.

    Raises:
        NotFound: no such person.
    """
    async with database.unit_of_work(Scope(INSTALLATION, "")) as unit:
        user = await user_in_unit(unit, email)
        return await users.tokens_of(unit, user.id, limit=MOST_SHOWN)


async def revoke_token(
    database: Database, by: Scope, token_id: UUID, *, of: UUID | None = None, now: datetime
) -> TokenInfo:
    """
    End a token: the next request with it is refused.

    Args:
        of: only if it is this person's.

    Raises:
        NotFound: there is no such live token.
    """
    async with database.unit_of_work(by.at(INSTALLATION)) as unit:
        token = await users.revoke_token(unit, token_id, of=of, now=now)
        if token is None:
            raise NotFound(f"there is no live token {token_id}", where="token_id", mend="list the tokens")
        await _audit(unit, AuditAction.TOKEN_REVOKED, token, now=now)
    return token


async def person_of_token(database: Database, vault: Vault, token: str, *, now: datetime) -> Person | None:
    """
    Who comes in by a live token, with the companies served now; None for any other text.

    That it was used is written at most once a minute.
    """
    if not token.startswith(TOKEN_PREFIX):
        return None
    async with database.unit_of_work(Scope(INSTALLATION, "")) as unit:
        found = await users.by_token(unit, vault.hash(token), now=now)
        if found is None:
            return None
        person, used_at = found
        if person.means.id is not None and (used_at is None or now - used_at >= _USED_EVERY):
            await users.touch_token(unit, person.means.id, now=now)
    return person


def _reached(user: User, wanted: Iterable[CompanyId] | None, means: Means) -> frozenset[CompanyId] | None:
    """The companies of a new token: what is asked for, within what the person serves and the means reaches."""
    if wanted is None:
        return means.companies
    only = frozenset(wanted)
    if not only:
        raise Invalid("a token for no company is of no use", where="companies", mend="name some, or leave them out")
    for company_id in sorted(only):
        if not (user.serves(company_id) and means.reaches(company_id)):
            raise NotFound(f"there is no company {company_id}", where="companies", mend="name those that are served")
    return only


def _end(days: int | None, means: Means, *, now: datetime) -> datetime:
    wanted = now + timedelta(days=_check_days(DEFAULT_DAYS if days is None else days))
    longest = means.expires_at
    if longest is None or wanted <= longest:
        return wanted
    if days is None:
        return longest
    raise Forbidden("a token cannot make one that lasts longer", where="days", mend="give fewer days")


def _check_days(days: int) -> int:
    if not 1 <= days <= LONGEST_DAYS:
        raise Invalid(f"a token lasts 1 to {LONGEST_DAYS} days", where="days", mend="renew it when it ends")
    return days


def _check_name(name: str) -> str:
    name = name.strip()
    if len(name) > LONGEST_NAME or not name.isprintable():
        raise Invalid(
            f"a token's name has up to {LONGEST_NAME} characters that can be printed",
            where="name",
            mend="say where it is used",
        )
    return name


async def _audit(unit: Unit, action: AuditAction, token: TokenInfo, *, now: datetime) -> None:
    detail: dict[str, object] = {
        "user_id": str(token.user_id),
        "hint": token.hint,
        "scopes": sorted(token.scopes),
        "expires_at": token.expires_at.isoformat(),
    }
    if token.companies is not None:
        detail["companies"] = [str(one) for one in sorted(token.companies)]
    await audit.write(unit, action, Resource("token", str(token.id)), detail, about=token.user_id, now=now)
