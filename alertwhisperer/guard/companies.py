"""Companies: made and set by the MSP, listed for a person as far as that person may see."""

import zoneinfo
from dataclasses import asdict, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from alertwhisperer.domain.company import INSTALLATION, Company, CompanyId, Scope
from alertwhisperer.domain.errors import Invalid, NotFound
from alertwhisperer.domain.name import check_name
from alertwhisperer.domain.user import Role, User
from alertwhisperer.kit.ids import uuid7
from alertwhisperer.store import audit, changes, companies
from alertwhisperer.store.database import Database, Unit

MOST_PER_MINUTE = 1_000_000_000
MOST_BYTES_PER_MINUTE = 1_000_000_000_000


async def add_company(database: Database, actor: str, name: str, *, time_zone: str = "UTC", now: datetime) -> Company:
    """
    Add a company with the default limits.

    Args:
        actor: who adds it, as the audit log will say.
        time_zone: IANA name.
        now: aware UTC.

    Raises:
        Invalid: the name or the zone is of no use.
    """
    name, time_zone = check_name(name), _check_zone(time_zone)
    scope = Scope(CompanyId(uuid7(now)), actor)
    async with database.unit_of_work(scope) as unit:
        company = await companies.insert(unit, name=name, time_zone=time_zone, now=now)
        await audit.write(unit, "company.add", str(company.id), {"name": name, "time_zone": time_zone}, now=now)
        await changes.announce(unit)
    return company


async def set_company(
    database: Database,
    scope: Scope,
    *,
    name: str | None = None,
    time_zone: str | None = None,
    requests_per_minute: int | None = None,
    occurrences_per_minute: int | None = None,
    bytes_per_minute: int | None = None,
    now: datetime,
) -> Company:
    """
    Change what is given of the scope's company, and leave the rest.

    Returns:
        The company as it is now.

    Raises:
        Invalid: a value is of no use.
        NotFound: there is no such company.
    """
    given: dict[str, Any] = {
        "name": None if name is None else check_name(name),
        "time_zone": None if time_zone is None else _check_zone(time_zone),
        "requests_per_minute": _check_limit("requests_per_minute", requests_per_minute, MOST_PER_MINUTE),
        "occurrences_per_minute": _check_limit("occurrences_per_minute", occurrences_per_minute, MOST_PER_MINUTE),
        "bytes_per_minute": _check_limit("bytes_per_minute", bytes_per_minute, MOST_BYTES_PER_MINUTE),
    }
    async with database.unit_of_work(scope) as unit:
        old = _there(await companies.lock(unit), scope)
        new = replace(old, **{field: value for field, value in given.items() if value is not None})
        changed = _changed(old, new)
        if changed:
            await companies.update(unit, new)
            await audit.write(unit, "company.set", str(new.id), changed, now=now)
            await changes.announce(unit)
    return new


async def get_company(database: Database, scope: Scope) -> Company:
    """
    The scope's company.

    Raises:
        NotFound: there is no such company.
    """
    async with database.unit_of_work(scope) as unit:
        return _there(await companies.get(unit), scope)


async def list_companies(
    database: Database, user: User | None, *, limit: int = 100, before: UUID | None = None
) -> tuple[Company, ...]:
    """
    The companies that a person serves, newest first: the named door across companies.

    Args:
        user: None for the command line, which sees all, as an MSP admin does.
        before: a company's id; the page begins after it.
    """
    if user is None or user.role is Role.MSP_ADMIN:
        async with database.unit_of_work(Scope(INSTALLATION, "")) as unit:
            served = await companies.all_ids(unit.connection)
    else:
        served = tuple(user.companies)
    wanted = sorted((one for one in served if before is None or one < before), reverse=True)[:limit]
    async with database.across(wanted) as connection:
        return await companies.among(connection, wanted)


async def require_company(unit: Unit) -> Company:
    """
    The unit's company, for whoever adds something to it.

    Raises:
        NotFound: there is no such company.
    """
    return _there(await companies.get(unit), unit.scope)


def _there(company: Company | None, scope: Scope) -> Company:
    if company is None:
        raise NotFound(f"there is no company {scope.company_id}", where="company_id", mend="check the id")
    return company


def _changed(old: Company, new: Company) -> dict[str, object]:
    """The fields that differ, as `[before, after]`, for the audit log."""
    before, after = asdict(old), asdict(new)
    return {field: [before[field], after[field]] for field in after if before[field] != after[field]}


def _check_zone(time_zone: str) -> str:
    # A machine without zone files (a slim container) still has UTC.
    if time_zone != "UTC" and time_zone not in zoneinfo.available_timezones():
        raise Invalid(
            "this time zone is not known here", where="time_zone", mend="give an IANA name such as Europe/Berlin"
        )
    return time_zone


def _check_limit(field: str, value: int | None, most: int) -> int | None:
    if value is not None and not 1 <= value <= most:
        raise Invalid(f"{field} must be 1 to {most}, not {value}", where=field, mend="give a number in that range")
    return value
