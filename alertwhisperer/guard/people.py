"""
People: who may sign in, as what, and which companies they serve.

People belong to the installation; each act on one is in its audit log, and in that of each company whose data the
person may see by it or no longer, so that a company can read who was let in.
"""

import re
import unicodedata
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from alertwhisperer.domain.audit import AuditAction, Resource
from alertwhisperer.domain.company import INSTALLATION, CompanyId, Scope
from alertwhisperer.domain.errors import Conflicting, Invalid, NotFound
from alertwhisperer.domain.user import Role, User
from alertwhisperer.guard.company_settings import absent_group
from alertwhisperer.kit.ids import uuid7
from alertwhisperer.store import audit, company_groups, users
from alertwhisperer.store import companies as company_rows
from alertwhisperer.store.database import Database, Unit

LONGEST_EMAIL = 254  # RFC 5321's longest path, less its brackets

_EMAIL = re.compile(r"[^\s@<>()\[\],;:\\\"]{1,64}@[^\s@<>()\[\],;:\\\"]+")


@dataclass(frozen=True, slots=True)
class Change:
    """
    What shall change of a person; None leaves it.

    Attributes:
        companies: those served by name, in place of the ones before.
        groups: those served, in place of the ones before.
    """

    role: Role | None = None
    companies: Collection[CompanyId] | None = None
    groups: Collection[UUID] | None = None


async def add_user(
    database: Database,
    by: Scope,
    email: str,
    role: Role,
    companies: Collection[CompanyId],
    *,
    groups: Collection[UUID] = (),
    now: datetime,
) -> User:
    """
    Add a person.

    Args:
        by: who adds them.
        email: stored in lower case.
        companies: those that the person may see; for an MSP admin none is given, all are seen.
        groups: company groups whose companies the person may see; an MSP admin with groups sees only those.
        now: aware UTC.

    Raises:
        Invalid: no e-mail, or companies that do not suit the role.
        NotFound: one of the companies or groups does not exist.
        Conflicting: the e-mail is taken.
    """
    async with database.across(await _companies_to_see(database)) as connection:
        return await add_in_unit(
            database.unit(connection, by.at(INSTALLATION)), email, role, companies, groups=groups, now=now
        )


async def add_in_unit(
    unit: Unit,
    email: str,
    role: Role,
    companies: Collection[CompanyId],
    *,
    groups: Collection[UUID] = (),
    now: datetime,
) -> User:
    """The same inside a transaction of the caller's, which sees the installation and every company."""
    user = User(uuid7(now), check_email(email), role, frozenset(companies), frozenset(groups))
    _check_serves(role, user.companies, user.groups)
    await _require_there(unit, user.companies, user.groups)
    if not await users.insert(unit, user, now=now):
        raise Conflicting(f"{user.email} is a user already", where="email", mend="choose another e-mail")
    made = await users.by_id(unit, user.id)
    assert made is not None  # noqa: S101  # it was just written
    detail = {"user_id": str(user.id), "role": role.value, **_serves(user.companies, user.groups)}
    await audit.write(unit, AuditAction.USER_ADDED, _resource(user), detail, about=user.id, now=now)
    await _tell_companies(unit, AuditAction.USER_ADDED, made, made.companies, {"role": role.value}, now=now)
    return made


async def set_user(database: Database, by: Scope, user_id: UUID, change: Change, *, now: datetime) -> User:
    """
    Change a person's role, and which companies and groups they serve; it holds from their next request on.

    An MSP admin serves no company by name: a person who becomes one keeps their groups alone.

    Raises:
        NotFound: there is no such person, or no such company or group.
        Invalid: companies that do not suit the role.
        Conflicting: one cannot change what one may do oneself.
    """
    async with database.across(await _companies_to_see(database)) as connection:
        unit = database.unit(connection, by.at(INSTALLATION))
        return await set_in_unit(unit, user_id, change, now=now)


async def set_in_unit(unit: Unit, user_id: UUID, change: Change, *, now: datetime) -> User:
    """The same inside a transaction of the caller's, which sees the installation and every company."""
    if unit.scope.user_id == user_id:
        raise Conflicting("nobody changes their own rights", where="user", mend="ask another MSP admin")
    old = await users.lock(unit, user_id)
    if old is None:
        raise absent_user()
    named = await users.named(unit, user_id)
    role = change.role or old.role
    groups = old.groups if change.groups is None else frozenset(change.groups)
    companies = frozenset(change.companies) if change.companies is not None else named
    if role is Role.MSP_ADMIN and change.companies is None:
        companies = frozenset()
    _check_serves(role, companies, groups)
    await _require_there(unit, companies - named, groups - old.groups)
    if (role, companies, groups) == (old.role, named, old.groups):
        return old
    await users.rewrite(unit, user_id, role, companies, groups)
    new = await users.by_id(unit, user_id)
    assert new is not None  # noqa: S101  # its row is locked
    before, after = _serves(named, old.groups), _serves(companies, groups)
    detail: dict[str, object] = {name: [before[name], after[name]] for name in after if before[name] != after[name]}
    told = {"role": [old.role.value, role.value]} if role is not old.role else {}
    resource = _resource(new)
    await audit.write(unit, AuditAction.USER_CHANGED, resource, {**told, **detail}, about=user_id, now=now)
    for company_id in sorted(old.companies | new.companies):
        serves = [company_id in old.companies, company_id in new.companies]
        if told or serves[0] != serves[1]:
            seen = {**told, "serves": serves}
            inside = unit.at(unit.scope.at(company_id))
            await audit.write(inside, AuditAction.USER_CHANGED, resource, seen, about=user_id, now=now)
    return new


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
        return await user_in_unit(unit, email)


async def user_in_unit(unit: Unit, email: str) -> User:
    """The same inside a transaction."""
    user = await users.by_email(unit, email.strip().lower())
    if user is None:
        raise absent_user()
    return user


def absent_user() -> NotFound:
    """The answer for a person who is not there."""
    return NotFound("there is no user with this e-mail", where="email", mend="list the users, or add this one")


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


def _check_serves(role: Role, companies: Collection[CompanyId], groups: Collection[UUID]) -> None:
    if role is Role.MSP_ADMIN and companies:
        raise Invalid(
            "an MSP admin serves no company by name",
            where="companies",
            mend="name groups to restrict an MSP admin, or choose another role",
        )
    if role is not Role.MSP_ADMIN and not companies and not groups:
        raise Invalid(f"a {role} needs a company", where="companies", mend="name a company or a group of them")


async def _require_there(unit: Unit, companies: Iterable[CompanyId], groups: Iterable[UUID]) -> None:
    wanted = sorted(companies)
    known = {company.id for company in await company_rows.among(unit.connection, wanted)}
    for company_id in wanted:
        if company_id not in known or company_id == INSTALLATION:
            raise NotFound(f"there is no company {company_id}", where="companies", mend="check the id")
    there = {group.id for group in await company_groups.all_groups(unit)} if groups else set()
    for group_id in groups:
        if group_id not in there:
            raise absent_group(group_id)


async def _companies_to_see(database: Database) -> list[CompanyId]:
    return [INSTALLATION, *(one for one in await database.company_ids() if one != INSTALLATION)]


async def _tell_companies(
    unit: Unit,
    action: AuditAction,
    user: User,
    companies: Iterable[CompanyId],
    detail: dict[str, object],
    *,
    now: datetime,
) -> None:
    """Each company reads in its own log who may see its data by now."""
    for company_id in sorted(companies):
        inside = unit.at(unit.scope.at(company_id))
        await audit.write(inside, action, _resource(user), detail, about=user.id, now=now)


def _serves(companies: Iterable[CompanyId], groups: Iterable[UUID]) -> dict[str, object]:
    return {"companies": [str(one) for one in sorted(companies)], "groups": [str(one) for one in sorted(groups)]}


def _resource(user: User) -> Resource:
    return Resource("user", str(user.id))
