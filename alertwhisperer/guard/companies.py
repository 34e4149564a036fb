"""Companies: made and set by the MSP, listed for a person as far as that person may see."""

from collections.abc import Collection, Mapping
from dataclasses import asdict, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from alertwhisperer.domain.audit import AuditAction, Resource
from alertwhisperer.domain.company import INSTALLATION, Company, CompanyId, Scope
from alertwhisperer.domain.company_setting import SettingValue, check_all
from alertwhisperer.domain.errors import Conflicting, Invalid, NotFound
from alertwhisperer.domain.name import check_name
from alertwhisperer.guard.company_settings import (
    absent_group,
    check_ref,
    over_all,
    over_one,
    refresh,
    write_exceptions,
)
from alertwhisperer.kit.ids import uuid7
from alertwhisperer.store import audit, changes, companies, company_groups
from alertwhisperer.store.database import Database, Unit


async def add_company(
    database: Database,
    by: Scope,
    name: str,
    *,
    ref: str | None = None,
    group_id: UUID | None = None,
    time_zone: str | None = None,
    now: datetime,
) -> Company:
    """
    Add a company with what the MSP and its group set.

    Args:
        by: who adds it.
        ref: the MSP's own name for it.
        time_zone: IANA name, for this company alone; None inherits.
        now: aware UTC.

    Raises:
        Invalid: the name, the ref or the zone is of no use.
        NotFound: there is no such group.
        Conflicting: another company has the ref.
    """
    exceptions = check_all({} if time_zone is None else {"time_zone": time_zone})
    new = CompanyId(uuid7(now))
    async with over_all(database, by) as (msp, customers):
        wanted_ref = None if ref is None else await _free_ref(msp, customers, ref, None)
        await _require_group(msp, group_id)
        await companies.see(msp.connection, [INSTALLATION, new])
        unit = msp.at(msp.scope.at(new))
        await insert_company(unit, name=check_name(name), ref=wanted_ref, group_id=group_id, given=exceptions, now=now)
        await refresh(msp, [new])
        await changes.announce(unit)
        return _there(await companies.get(unit), unit.scope)


async def insert_company(
    unit: Unit,
    *,
    name: str,
    ref: str | None,
    group_id: UUID | None,
    given: Mapping[str, SettingValue],
    now: datetime,
) -> None:
    """Make the unit's company, its exceptions and its audit entry; what it inherits is brought in by `refresh`."""
    await companies.insert(unit, name=name, ref=ref, group_id=group_id, now=now)
    await write_exceptions(unit, given, now=now)
    detail: dict[str, object] = {"name": name, **given}
    if ref is not None:
        detail["ref"] = ref
    if group_id is not None:
        detail["group_id"] = str(group_id)
    await audit.write(unit, AuditAction.COMPANY_ADDED, Resource("company", str(unit.company_id)), detail, now=now)


async def set_company(
    database: Database,
    scope: Scope,
    *,
    name: str | None = None,
    ref: str | None = None,
    group_id: UUID | None = None,
    no_group: bool = False,
    time_zone: str | None = None,
    requests_per_minute: int | None = None,
    occurrences_per_minute: int | None = None,
    bytes_per_minute: int | None = None,
    now: datetime,
) -> Company:
    """
    Change what is given of the scope's company, and leave the rest.

    A zone or a limit given here is the company's exception: it no longer follows its group or the MSP.

    Args:
        ref: an empty one takes the ref away.
        no_group: take the company out of its group.

    Returns:
        The company as it is now.

    Raises:
        Invalid: a value is of no use, or the MSP itself would get a ref or a group.
        NotFound: there is no such company or group.
        Conflicting: another company has the ref.
    """
    given = {
        "time_zone": time_zone,
        "requests_per_minute": requests_per_minute,
        "occurrences_per_minute": occurrences_per_minute,
        "bytes_per_minute": bytes_per_minute,
    }
    exceptions = check_all({field: value for field, value in given.items() if value is not None})
    fields: dict[str, Any] = {} if name is None else {"name": check_name(name)}
    if group_id is not None or no_group:
        fields["group_id"] = group_id
    if ref is not None:
        fields["ref"] = check_ref(ref) if ref.strip() else None
    if scope.company_id == INSTALLATION:
        return await _set_msp(database, scope, {**fields, **exceptions}, now=now)
    async with over_all(database, scope) as (msp, customers):
        if fields.get("ref"):
            await _free_ref(msp, customers, fields["ref"], scope.company_id)
        await _require_group(msp, fields.get("group_id"))
        await companies.see(msp.connection, [INSTALLATION, scope.company_id])
        return await change_company(msp, msp.at(scope), fields, exceptions, now=now)


async def change_company(
    msp: Unit,
    unit: Unit,
    fields: Mapping[str, Any],
    exceptions: Mapping[str, SettingValue | None],
    *,
    now: datetime,
) -> Company:
    """
    Write what is given of the unit's company, bring in line what it inherits, audit and announce it.

    Args:
        msp: the MSP's unit of the same transaction, which holds the lock.
        fields: checked `name`, `ref` and `group_id`, as far as they shall change.
        exceptions: checked; None lets the company inherit.
    """
    old = _there(await companies.lock(unit), unit.scope)
    new = replace(old, **fields)
    if new != old:
        await companies.update(unit, new)
    changed = await write_exceptions(unit, exceptions, now=now)
    if new == old and not changed:
        return old
    await refresh(msp, [unit.company_id])
    after = _there(await companies.get(unit), unit.scope)
    await audit.write(
        unit,
        AuditAction.COMPANY_CHANGED,
        Resource("company", str(new.id)),
        {**changed, **_changed(old, after)},
        now=now,
    )
    await changes.announce(unit)
    return after


async def _set_msp(database: Database, scope: Scope, fields: Mapping[str, Any], *, now: datetime) -> Company:
    """The MSP's own row has values of its own: it inherits nothing, and nobody inherits them."""
    for field in ("ref", "group_id"):
        if field in fields:
            raise Invalid(f"the MSP itself has no {field}", where=field, mend="name one of its companies")
    async with over_one(database, scope) as (_, unit):
        old = _there(await companies.lock(unit), scope)
        new = replace(old, **fields)
        if new != old:
            await companies.update(unit, new)
            await audit.write(
                unit, AuditAction.COMPANY_CHANGED, Resource("company", str(new.id)), _changed(old, new), now=now
            )
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
    database: Database, served: Collection[CompanyId], *, limit: int = 100, before: UUID | None = None
) -> tuple[Company, ...]:
    """
    Those of the companies that a person serves, newest first. The MSP itself is none of them.

    Only names and limits are read, which whoever serves a company knows: so it is no crossing.

    Args:
        served: as `guard.crossing.served_by` says.
        before: a company's id; the page begins after it.
    """
    customers = (one for one in served if one != INSTALLATION and (before is None or one < before))
    wanted = sorted(customers, reverse=True)[:limit]
    async with database.across(wanted) as connection:
        return await companies.among(connection, wanted)


async def companies_called(database: Database, served: Collection[CompanyId], word: str) -> tuple[Company, ...]:
    """
    Those of the companies that a person serves which have this ref or this name, in any case; newest first.

    A ref is one company's, but a name may be several companies'. What is read is what `list_companies` reads.
    """
    wanted = word.casefold()
    listed = await list_companies(database, served, limit=len(served))
    return tuple(one for one in listed if wanted in (one.name.casefold(), (one.ref or "").casefold()))


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


async def _require_group(unit: Unit, group_id: UUID | None) -> None:
    if group_id is not None and all(group.id != group_id for group in await company_groups.all_groups(unit)):
        raise absent_group(group_id)


async def _free_ref(unit: Unit, customers: tuple[CompanyId, ...], ref: str, own: CompanyId | None) -> str:
    ref = check_ref(ref)
    holder = await companies.with_ref(unit.connection, customers, ref)
    if holder is not None and holder != own:
        raise Conflicting(f"the company {holder} has the ref {ref}", where="ref", mend="give each company its own")
    return ref
