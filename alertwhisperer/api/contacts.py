"""Contacts of a company: whom to call, when and how."""

from dataclasses import asdict
from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import Field

from alertwhisperer.api.access import Caller, allow_in_company
from alertwhisperer.api.fields import Asked, Shown, Text, example
from alertwhisperer.api.pages import Page, PageQuery, page_of
from alertwhisperer.api.problem import responses
from alertwhisperer.api.sites import Name, Notes
from alertwhisperer.domain.inventory import Contact
from alertwhisperer.guard.permissions import Action
from alertwhisperer.inventory import contacts

router = APIRouter(prefix="/api/companies/{company_id}/contacts", tags=["inventory"])

_CONTACT = {
    "id": "0195d3a0-7c1e-7b5a-9f00-3c8d56000000",
    "name": "Kim Example",
    "role": "head of operations",
    "email": "kim@example.org",
    "phone": "+49 30 1234567",
    "hours": "weekdays until five",
    "preferred_channel": "phone",
    "notes": "",
    "site_id": None,
    "created_at": "2026-03-01T08:00:00Z",
}


class ContactShown(Shown):
    """A person or desk to call."""

    model_config = example(_CONTACT)

    id: UUID
    name: str
    role: str
    email: str
    phone: str
    hours: str
    preferred_channel: str
    notes: str
    site_id: UUID | None
    created_at: datetime


class ContactSet(Asked):
    """What to change of a contact; what is absent stays, and null empties the site."""

    model_config = example({"phone": "+49 30 7654321"})

    name: Name = ""
    role: Text = ""
    email: Annotated[Text, Field(max_length=254)] = ""
    phone: Annotated[Text, Field(max_length=40)] = ""
    hours: Text = ""
    preferred_channel: Annotated[Text, Field(max_length=64)] = ""
    notes: Notes = ""
    site_id: UUID | None = None


class ContactAdded(ContactSet):
    """A contact to add."""

    model_config = example({name: _CONTACT[name] for name in ("name", "role", "email", "phone")})

    name: Name


class ContactQuery(PageQuery):
    """Which contacts."""

    q: Annotated[Text | None, Field(max_length=200, description="a part of name, role or e-mail")] = None
    site: Annotated[UUID | None, Field(description="a site's id")] = None


@router.get("", summary="Contacts, newest first", responses=responses(404))
async def list_contacts(
    caller: Annotated[Caller, allow_in_company(Action.CONTACT_READ)], query: Annotated[ContactQuery, Query()]
) -> Page[ContactShown]:
    await caller.check_company()
    found = await contacts.list_contacts(
        caller.desk.database, caller.scope, q=query.q, site_id=query.site, limit=query.reach, before=query.cursor
    )
    return page_of(found, query, _show, lambda one: one.id)


@router.post("", status_code=201, summary="Add a contact", responses=responses(404))
async def add_contact(
    caller: Annotated[Caller, allow_in_company(Action.CONTACT_SET)], body: ContactAdded
) -> ContactShown:
    given = body.model_dump(exclude_unset=True)
    return _show(await contacts.add_contact(caller.desk.database, caller.scope, given, now=caller.now))


@router.get("/{contact_id}", summary="One contact", responses=responses(404))
async def read_contact(
    caller: Annotated[Caller, allow_in_company(Action.CONTACT_READ)], contact_id: UUID
) -> ContactShown:
    return _show(await contacts.get_contact(caller.desk.database, caller.scope, contact_id))


@router.patch("/{contact_id}", summary="Change a contact", responses=responses(404))
async def set_contact(
    caller: Annotated[Caller, allow_in_company(Action.CONTACT_SET)], contact_id: UUID, body: ContactSet
) -> ContactShown:
    given = body.model_dump(exclude_unset=True)
    return _show(await contacts.set_contact(caller.desk.database, caller.scope, contact_id, given, now=caller.now))


@router.delete("/{contact_id}", status_code=204, summary="Remove a contact", responses=responses(404))
async def remove_contact(caller: Annotated[Caller, allow_in_company(Action.CONTACT_SET)], contact_id: UUID) -> None:
    await contacts.remove_contact(caller.desk.database, caller.scope, contact_id, now=caller.now)


def _show(contact: Contact) -> ContactShown:
    return ContactShown(**asdict(contact))
