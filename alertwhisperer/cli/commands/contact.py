"""`alertwhisperer contact`: whom to call at a company."""

from typing import Annotated, Any

import typer

from alertwhisperer.app.build import House
from alertwhisperer.cli import imported, output
from alertwhisperer.cli.acting import acts
from alertwhisperer.cli.groups import group
from alertwhisperer.cli.house import AsJson, Company, DataDir, Limit, identifier, in_house, scope_of
from alertwhisperer.cli.imported import Apply, File
from alertwhisperer.domain.inventory import Contact
from alertwhisperer.guard.companies import get_company
from alertwhisperer.guard.permissions import Action
from alertwhisperer.inventory import contacts, sites
from alertwhisperer.inventory.importing import Imported, import_contacts

app = group("Contacts of a company: whom to call.")

_Id = Annotated[str, typer.Argument(metavar="ID", help="The contact's id.")]
_Role = Annotated[str | None, typer.Option("--role")]
_Email = Annotated[str | None, typer.Option("--email")]
_Phone = Annotated[str | None, typer.Option("--phone")]
_Hours = Annotated[str | None, typer.Option("--hours", help="When, in words.")]
_Channel = Annotated[str | None, typer.Option("--channel", help="How best: phone, email, …")]
_Notes = Annotated[str | None, typer.Option("--notes")]
_Place = Annotated[str | None, typer.Option("--site", help="A site's name or id.")]


@app.command("list", epilog="Example: alertwhisperer contact list --company ID --site Berlin")
@acts(Action.CONTACT_READ)
def list_(
    company: Company,
    q: Annotated[str | None, typer.Option("--q", help="A part of name, role or e-mail.")] = None,
    site: _Place = None,
    limit: Limit = 100,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """List a company's contacts, newest first."""

    async def work(house: House) -> list[Contact]:
        scope = await scope_of(house, company)
        await get_company(house.database, scope)
        place = None if site is None else (await sites.find_site(house.database, scope, site)).id
        return await contacts.list_contacts(house.database, scope, q=q, site_id=place, limit=limit)

    found = in_house(work, data_dir)
    if as_json:
        output.show_list(found)
        return
    output.show_table(
        ("id", "name", "role", "phone", "email", "hours"),
        ((one.id, one.name, one.role, one.phone, one.email, one.hours) for one in found),
        empty="No contact yet. Add one: alertwhisperer contact add NAME --company ID",
    )


@app.command(epilog="Example: alertwhisperer contact show ID --company ID")
@acts(Action.CONTACT_READ)
def show(contact: _Id, company: Company, data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """Show one contact."""
    wanted = identifier(contact)

    async def work(house: House) -> Contact:
        return await contacts.get_contact(house.database, await scope_of(house, company), wanted)

    _tell(in_house(work, data_dir), as_json)


@app.command(epilog="Example: alertwhisperer contact add 'Kim Example' --company ID --phone '+49 30 1234567'")
@acts(Action.CONTACT_SET)
def add(
    name: Annotated[str, typer.Argument(metavar="NAME")],
    company: Company,
    role: _Role = None,
    email: _Email = None,
    phone: _Phone = None,
    hours: _Hours = None,
    channel: _Channel = None,
    notes: _Notes = None,
    site: _Place = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Add a contact."""
    given = _given(name, role, email, phone, hours, channel, notes)

    async def work(house: House) -> Contact:
        scope = await scope_of(house, company)
        if site is not None:
            given["site_id"] = (await sites.find_site(house.database, scope, site)).id
        return await contacts.add_contact(house.database, scope, given, now=house.clock.now())

    _tell(in_house(work, data_dir), as_json)


@app.command("set", epilog="Example: alertwhisperer contact set ID --company ID --channel email")
@acts(Action.CONTACT_SET)
def set_(
    contact: _Id,
    company: Company,
    name: Annotated[str | None, typer.Option("--name")] = None,
    role: _Role = None,
    email: _Email = None,
    phone: _Phone = None,
    hours: _Hours = None,
    channel: _Channel = None,
    notes: _Notes = None,
    site: _Place = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Change what is given of a contact, and leave the rest; --site '' takes it off its site."""
    wanted = identifier(contact)
    given = _given(name, role, email, phone, hours, channel, notes)

    async def work(house: House) -> Contact:
        scope = await scope_of(house, company)
        if site is not None:
            given["site_id"] = (await sites.find_site(house.database, scope, site)).id if site else None
        return await contacts.set_contact(house.database, scope, wanted, given, now=house.clock.now())

    _tell(in_house(work, data_dir), as_json)


@app.command(epilog="Example: alertwhisperer contact remove ID --company ID")
@acts(Action.CONTACT_SET)
def remove(contact: _Id, company: Company, data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """Remove a contact."""
    wanted = identifier(contact)

    async def work(house: House) -> None:
        scope = await scope_of(house, company)
        await contacts.remove_contact(house.database, scope, wanted, now=house.clock.now())

    in_house(work, data_dir)
    if as_json:
        output.show_json({"id": wanted, "removed": True})
        return
    output.say("The contact is removed.")


@app.command("import", epilog="Example: alertwhisperer contact import contacts.csv --company ID --apply")
@acts(Action.CONTACT_SET)
def import_(
    file: File, company: Company, apply: Apply = False, data_dir: DataDir = None, as_json: AsJson = False
) -> None:
    """Add and change contacts by a file, all or nothing; without --apply it is only tried."""

    async def work(house: House, text: bytes) -> Imported:
        scope = await scope_of(house, company)
        return await import_contacts(house.database, scope, text, apply=apply, now=house.clock.now())

    imported.run(work, file, data_dir, as_json, "contact")


def _given(
    name: str | None,
    role: str | None,
    email: str | None,
    phone: str | None,
    hours: str | None,
    channel: str | None,
    notes: str | None,
) -> dict[str, Any]:
    given = {
        "name": name,
        "role": role,
        "email": email,
        "phone": phone,
        "hours": hours,
        "preferred_channel": channel,
        "notes": notes,
    }
    return {field: value for field, value in given.items() if value is not None}


def _tell(contact: Contact, as_json: bool) -> None:
    if as_json:
        output.show_json(contact)
    else:
        output.show_fields(contact)
