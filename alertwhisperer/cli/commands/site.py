"""`alertwhisperer site`: places of a company, with their hours and holidays."""

from typing import Annotated, Any

import typer

from alertwhisperer.app.build import House
from alertwhisperer.cli import imported, output
from alertwhisperer.cli.acting import acts
from alertwhisperer.cli.groups import group
from alertwhisperer.cli.house import AsJson, Company, DataDir, Limit, in_house, scope_of
from alertwhisperer.cli.imported import Apply, File
from alertwhisperer.domain.inventory import Site
from alertwhisperer.guard.companies import get_company
from alertwhisperer.guard.permissions import Action
from alertwhisperer.inventory import sites
from alertwhisperer.inventory.importing import Imported, import_sites, read_calendar

app = group("Sites of a company: places with their hours and holidays.")

_Site = Annotated[str, typer.Argument(metavar="SITE", help="The site's name or id.")]
_Zone = Annotated[str | None, typer.Option("--time-zone", help="IANA name; the company's when absent.")]
_Hours = Annotated[str | None, typer.Option("--hours", help="'mon-fri 08:00-18:00; sat 09:00-12:00'")]
_Holidays = Annotated[str | None, typer.Option("--holidays", help="'2026-12-25; 2026-12-26'")]
_Address = Annotated[str | None, typer.Option("--address")]
_Notes = Annotated[str | None, typer.Option("--notes")]
_Name = Annotated[str | None, typer.Option("--name", help="A new name.")]


@app.command("list", epilog="Example: alertwhisperer site list --company ID")
@acts(Action.SITE_READ)
def list_(
    company: Company,
    q: Annotated[str | None, typer.Option("--q", help="A part of the name.")] = None,
    limit: Limit = 100,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """List a company's sites, newest first."""

    async def work(house: House) -> list[Site]:
        scope = await scope_of(house, company)
        await get_company(house.database, scope)
        return await sites.list_sites(house.database, scope, q=q, limit=limit)

    found = in_house(work, data_dir)
    if as_json:
        output.show_list(found)
        return
    output.show_table(
        ("id", "name", "zone", "address"),
        ((one.id, one.name, one.time_zone, one.address) for one in found),
        empty="No site yet. Add one: alertwhisperer site add NAME --company ID",
    )


@app.command(epilog="Example: alertwhisperer site show Berlin --company ID")
@acts(Action.SITE_READ)
def show(site: _Site, company: Company, data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """Show one site."""

    async def work(house: House) -> Site:
        return await sites.find_site(house.database, await scope_of(house, company), site)

    _tell(in_house(work, data_dir), as_json)


@app.command(epilog="Example: alertwhisperer site add Berlin --company ID --hours 'mon-fri 08:00-18:00'")
@acts(Action.SITE_SET)
def add(
    name: Annotated[str, typer.Argument(metavar="NAME")],
    company: Company,
    time_zone: _Zone = None,
    hours: _Hours = None,
    holidays: _Holidays = None,
    address: _Address = None,
    notes: _Notes = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Add a site."""
    given = _given(name, time_zone, address, notes)
    if hours or holidays:
        given["calendar"] = read_calendar(hours or "", holidays or "")

    async def work(house: House) -> Site:
        scope = await scope_of(house, company)
        return await sites.add_site(house.database, scope, given, now=house.clock.now())

    _tell(in_house(work, data_dir), as_json)


@app.command("set", epilog="Example: alertwhisperer site set Berlin --company ID --holidays '2026-12-25; 2026-12-26'")
@acts(Action.SITE_SET)
def set_(
    site: _Site,
    company: Company,
    name: _Name = None,
    time_zone: _Zone = None,
    hours: _Hours = None,
    holidays: _Holidays = None,
    address: _Address = None,
    notes: _Notes = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Change what is given of a site, and leave the rest; hours and holidays are given whole."""
    given = _given(name, time_zone, address, notes)
    read = read_calendar(hours or "", holidays or "")
    said = {part: read[part] for part, text in (("hours", hours), ("holidays", holidays)) if text is not None}

    async def work(house: House) -> Site:
        scope = await scope_of(house, company)
        old = await sites.find_site(house.database, scope, site)
        calendar = {"calendar": {**old.calendar, **said}} if said else {}
        return await sites.set_site(house.database, scope, old.id, {**given, **calendar}, now=house.clock.now())

    _tell(in_house(work, data_dir), as_json)


@app.command(epilog="Example: alertwhisperer site remove Berlin --company ID")
@acts(Action.SITE_SET)
def remove(site: _Site, company: Company, data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """Remove a site; its assets and contacts stay."""

    async def work(house: House) -> Site:
        scope = await scope_of(house, company)
        old = await sites.find_site(house.database, scope, site)
        await sites.remove_site(house.database, scope, old.id, now=house.clock.now())
        return old

    gone = in_house(work, data_dir)
    if as_json:
        output.show_json({"id": gone.id, "removed": True})
        return
    output.say(f"The site {gone.name} is removed.")


@app.command("import", epilog="Example: alertwhisperer site import sites.csv --company ID --apply")
@acts(Action.SITE_SET)
def import_(
    file: File, company: Company, apply: Apply = False, data_dir: DataDir = None, as_json: AsJson = False
) -> None:
    """Add and change sites by a file, all or nothing; without --apply it is only tried."""

    async def work(house: House, text: bytes) -> Imported:
        scope = await scope_of(house, company)
        return await import_sites(house.database, scope, text, apply=apply, now=house.clock.now())

    imported.run(work, file, data_dir, as_json, "site")


def _given(name: str | None, time_zone: str | None, address: str | None, notes: str | None) -> dict[str, Any]:
    given = {"name": name, "time_zone": time_zone, "address": address, "notes": notes}
    return {field: value for field, value in given.items() if value is not None}


def _tell(site: Site, as_json: bool) -> None:
    if as_json:
        output.show_json(site)
    else:
        output.show_fields(site)
