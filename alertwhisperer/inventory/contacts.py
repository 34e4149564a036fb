"""Contacts: whom to call at a company; every change is audited, by its fields' names, for these are people's data."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from alertwhisperer.domain.audit import AuditAction, Resource
from alertwhisperer.domain.company import Scope
from alertwhisperer.domain.errors import Invalid, NotFound
from alertwhisperer.domain.inventory import Contact
from alertwhisperer.guard.companies import require_company
from alertwhisperer.inventory.assets import changes_of, require_site
from alertwhisperer.inventory.fields import CONTACT_FIELDS, checked
from alertwhisperer.kit.ids import uuid7
from alertwhisperer.store import audit, contacts
from alertwhisperer.store.database import Database


async def add_contact(database: Database, scope: Scope, given: Mapping[str, object], *, now: datetime) -> Contact:
    """
    Add a contact.

    Args:
        given: `inventory.fields.CONTACT_FIELDS`; the name is needed.

    Raises:
        Invalid: a field is of no use.
        NotFound: there is no such company.
    """
    contact = new_contact(checked(CONTACT_FIELDS, given), now=now)
    async with database.unit_of_work(scope) as unit:
        await require_company(unit)
        await require_site(unit, contact.site_id)
        await contacts.insert(unit, [contact])
        await audit.write(
            unit, AuditAction.CONTACT_ADDED, Resource("contact", str(contact.id)), {"name": contact.name}, now=now
        )
    return contact


def new_contact(fields: Mapping[str, Any], *, now: datetime) -> Contact:
    """A contact of checked fields, and defaults for the rest; raises `Invalid` when it has no name."""
    if "name" not in fields:
        raise Invalid("a contact needs a name", where="name", mend="give one")
    plain: dict[str, Any] = dict.fromkeys(CONTACT_FIELDS, "")
    return Contact(id=uuid7(now), **{**plain, "site_id": None, **fields}, created_at=now)


async def set_contact(
    database: Database, scope: Scope, contact_id: UUID, given: Mapping[str, object], *, now: datetime
) -> Contact:
    """
    Change what is given of a contact, and leave the rest.

    Raises:
        Invalid: a field is of no use.
        NotFound: the company has no such contact.
    """
    fields = checked(CONTACT_FIELDS, given)
    async with database.unit_of_work(scope) as unit:
        old = _there(await contacts.lock(unit, contact_id), contact_id)
        new = replace(old, **fields)
        await require_site(unit, new.site_id)
        changed = changes_of(old, new)
        if changed:
            await contacts.update(unit, [new])
            detail = {"name": new.name, "fields": sorted(changed)}
            await audit.write(unit, AuditAction.CONTACT_CHANGED, Resource("contact", str(contact_id)), detail, now=now)
    return new


async def remove_contact(database: Database, scope: Scope, contact_id: UUID, *, now: datetime) -> None:
    """Remove a contact; raises `NotFound` when the company has no such one."""
    async with database.unit_of_work(scope) as unit:
        contact = _there(await contacts.lock(unit, contact_id), contact_id)
        await contacts.remove(unit, contact_id)
        await audit.write(
            unit, AuditAction.CONTACT_REMOVED, Resource("contact", str(contact_id)), {"name": contact.name}, now=now
        )


async def get_contact(database: Database, scope: Scope, contact_id: UUID) -> Contact:
    """One contact; raises `NotFound` when the company has no such one."""
    async with database.unit_of_work(scope) as unit:
        return _there(await contacts.read(unit, contact_id), contact_id)


async def list_contacts(
    database: Database,
    scope: Scope,
    *,
    q: str | None = None,
    site_id: UUID | None = None,
    limit: int = 100,
    before: UUID | None = None,
) -> list[Contact]:
    """Contacts, newest first, from the one after `before` (a contact's id); with `q` in name, role or e-mail."""
    async with database.unit_of_work(scope) as unit:
        return await contacts.page(unit, q=q, site_id=site_id, limit=limit, before=before)


def _there(contact: Contact | None, contact_id: UUID) -> Contact:
    if contact is None:
        raise NotFound(f"there is no contact {contact_id}", where="contact_id", mend="list the contacts")
    return contact
