"""
Erases a person or a company from the audit log: the keys that their entries are sealed with are destroyed.

What was done, when, to which id, stays, and so does the chain; who it was and what was said is gone for ever, from
every copy. The erasure is itself an entry, in the log of the installation.
"""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

import msgspec

from alertwhisperer.domain.audit import AuditAction, Resource
from alertwhisperer.domain.company import INSTALLATION, CompanyId, Scope
from alertwhisperer.domain.errors import Invalid, NotFound
from alertwhisperer.store import audit, audit_chain
from alertwhisperer.store.database import Database, Unit


class Erasure(msgspec.Struct, frozen=True):
    """
    What an erasure takes.

    Attributes:
        entries: how many lose what could name somebody.
        companies: in how many companies' logs.
    """

    entries: int
    companies: int


async def preview_person(database: Database, user_id: UUID) -> Erasure:
    """What erasing a person would take; raises `NotFound` when no entry is sealed for them."""
    found = [
        count
        for company_id in await companies_with_log(database)
        if (count := await _sealed(database, company_id, user_id))
    ]
    if not found:
        raise NotFound("no audit entry is sealed for this person", where="person", mend="check the id")
    return Erasure(sum(found), len(found))


async def erase_person(database: Database, by: Scope, user_id: UUID, *, reason: str, now: datetime) -> Erasure:
    """
    Make every entry of and about a person nameless, in all companies' logs at once.

    Raises:
        NotFound: no entry is sealed for them.
        Invalid: no reason is given, or the person would erase themselves.
    """
    taken = await preview_person(database, user_id)
    companies = await companies_with_log(database)
    async with database.across(companies) as connection:
        unit = database.unit(connection, by.at(INSTALLATION))
        await erase_person_in(unit, companies, user_id, taken, reason=reason, now=now)
    return taken


async def erase_person_in(
    unit: Unit, companies: Iterable[CompanyId], user_id: UUID, taken: Erasure, *, reason: str, now: datetime
) -> None:
    """
    The same in a transaction of the caller's.

    Args:
        unit: the installation's, in a transaction that sees `companies`: all of them.
        taken: what it takes, as `preview_person` said.

    Raises:
        Invalid: no reason is given, or the person would erase themselves.
    """
    _require_reason(reason)
    if unit.scope.user_id == user_id:
        raise Invalid("nobody erases themselves", where="person", mend="ask another MSP admin")
    for company_id in companies:
        await audit.destroy_key(unit.at(unit.scope.at(company_id)), user_id)
    await _note(unit, AuditAction.PERSON_ERASED, "user", user_id, taken, reason, now)


async def preview_company(database: Database, company_id: CompanyId) -> Erasure:
    """
    What erasing a company's log would take.

    Raises:
        Invalid: it is the installation itself. NotFound: it has no log.
    """
    if company_id == INSTALLATION:
        raise Invalid("the installation's own log is not erased", where="company", mend="name a company")
    async with database.unit_of_work(Scope(company_id, "")) as unit:
        entries = await audit.count(unit)
    if not entries:
        raise NotFound(f"company {company_id} has no audit entries", where="company", mend="list the companies")
    return Erasure(entries, 1)


async def erase_company(database: Database, by: Scope, company_id: CompanyId, *, reason: str, now: datetime) -> Erasure:
    """
    Make every entry of a company unreadable.

    Raises:
        Invalid: no reason is given, or it is the installation itself. NotFound: it has no log.
    """
    taken = await preview_company(database, company_id)
    async with database.across([INSTALLATION, company_id]) as connection:
        unit = database.unit(connection, by.at(INSTALLATION))
        await erase_company_in(unit, company_id, taken, reason=reason, now=now)
    return taken


async def erase_company_in(unit: Unit, company_id: CompanyId, taken: Erasure, *, reason: str, now: datetime) -> None:
    """
    The same in a transaction of the caller's.

    Args:
        unit: the installation's, in a transaction that sees the company as well.
        taken: what it takes, as `preview_company` said.

    Raises:
        Invalid: no reason is given.
    """
    _require_reason(reason)
    await audit.destroy_all_keys(unit.at(unit.scope.at(company_id)))
    await _note(unit, AuditAction.COMPANY_ERASED, "company", company_id, taken, reason, now)


async def companies_with_log(database: Database) -> list[CompanyId]:
    """Companies with a log, those that were removed since included."""
    chained = {chain.company_id for chain in await audit_chain.chains(database)}
    return sorted({*await database.company_ids(), *chained})


async def _sealed(database: Database, company_id: CompanyId, user_id: UUID) -> int:
    async with database.unit_of_work(Scope(company_id, "")) as unit:
        return await audit.count_sealed_for(unit, user_id)


async def _note(
    unit: Unit, action: AuditAction, kind: str, subject: UUID, taken: Erasure, reason: str, now: datetime
) -> None:
    detail = {"entries": taken.entries, "companies": taken.companies}
    await audit.write(unit, action, Resource(kind, str(subject)), detail, reason=reason, now=now)


def _require_reason(reason: str) -> None:
    if not reason.strip():
        raise Invalid("an erasure needs a reason", where="reason", mend="say who asked for it, and when")
