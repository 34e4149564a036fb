"""Sites: the places of a company, each with its time zone and calendar; every change is audited."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from alertwhisperer.domain.audit import AuditAction, Resource
from alertwhisperer.domain.company import Scope
from alertwhisperer.domain.errors import Invalid, NotFound
from alertwhisperer.domain.inventory import Site
from alertwhisperer.guard.companies import require_company
from alertwhisperer.inventory.assets import changes_of
from alertwhisperer.inventory.fields import SITE_FIELDS, checked
from alertwhisperer.kit.ids import uuid7
from alertwhisperer.store import audit, rules, sites
from alertwhisperer.store.database import Database, Unit


async def add_site(database: Database, scope: Scope, given: Mapping[str, object], *, now: datetime) -> Site:
    """
    Add a site.

    Args:
        given: `inventory.fields.SITE_FIELDS`; the name is needed, and the company's time zone is taken when none is.

    Raises:
        Invalid: a field is of no use.
        Conflicting: another site has the name.
        NotFound: there is no such company.
    """
    fields = checked(SITE_FIELDS, given)
    async with database.unit_of_work(scope) as unit:
        company = await require_company(unit)
        site = new_site(fields, time_zone=company.time_zone, now=now)
        await sites.insert(unit, [site])
        await audit.write(unit, AuditAction.SITE_ADDED, Resource("site", str(site.id)), {"name": site.name}, now=now)
    return site


def new_site(fields: Mapping[str, Any], *, time_zone: str, now: datetime) -> Site:
    """A site of checked fields, and defaults for the rest; raises `Invalid` when it has no name."""
    if "name" not in fields:
        raise Invalid("a site needs a name", where="name", mend="give one")
    plain = {"time_zone": time_zone, "calendar": {"hours": {}, "holidays": []}, "address": "", "notes": ""}
    return Site(id=uuid7(now), **{**plain, **fields}, created_at=now)


async def set_site(
    database: Database, scope: Scope, site_id: UUID, given: Mapping[str, object], *, now: datetime
) -> Site:
    """
    Change what is given of a site, and leave the rest; a calendar is given whole.

    Raises:
        Invalid: a field is of no use.
        NotFound: the company has no such site.
        Conflicting: another site has the name.
    """
    fields = checked(SITE_FIELDS, given)
    async with database.unit_of_work(scope) as unit:
        old = _there(await sites.lock(unit, site_id), site_id)
        new = replace(old, **fields)
        changed = changes_of(old, new)
        if changed:
            await sites.update(unit, [new])
            await audit.write(unit, AuditAction.SITE_CHANGED, Resource("site", str(site_id)), changed, now=now)
    return new


async def remove_site(database: Database, scope: Scope, site_id: UUID, *, now: datetime) -> None:
    """
    Remove a site; its assets and contacts stay, and stand nowhere.

    Raises:
        NotFound: the company has no such site.
        Conflicting: somebody saved rules at the same moment.
    """
    async with database.unit_of_work(scope) as unit:
        site = _there(await sites.lock(unit, site_id), site_id)
        await sites.remove(unit, site_id)
        await rules.save_windows(unit, now=now)  # they hold what is at a site
        await audit.write(unit, AuditAction.SITE_REMOVED, Resource("site", str(site_id)), {"name": site.name}, now=now)


async def get_site(database: Database, scope: Scope, site_id: UUID) -> Site:
    """One site; raises `NotFound` when the company has no such one."""
    async with database.unit_of_work(scope) as unit:
        return _there(await sites.read(unit, site_id), site_id)


async def find_site(database: Database, scope: Scope, text: str) -> Site:
    """The site that an id or its name finds; raises `NotFound` when none does."""
    async with database.unit_of_work(scope) as unit:
        return await site_named(unit, text)


async def site_named(unit: Unit, text: str) -> Site:
    """The same inside a unit."""
    found = (await sites.by_names(unit, [text.strip()])).get(text.strip().lower())
    if found is None:
        try:
            found = await sites.read(unit, UUID(text))
        except ValueError:
            pass
    if found is None:
        raise NotFound(f"there is no site {text!r}", where="site", mend="list the sites")
    return found


async def list_sites(
    database: Database, scope: Scope, *, q: str | None = None, limit: int = 100, before: UUID | None = None
) -> list[Site]:
    """Sites, newest first, from the one after `before` (a site's id); with `q` in their name if given."""
    async with database.unit_of_work(scope) as unit:
        return await sites.page(unit, q=q, limit=limit, before=before)


def _there(site: Site | None, site_id: UUID) -> Site:
    if site is None:
        raise NotFound(f"there is no site {site_id}", where="site_id", mend="list the sites")
    return site
