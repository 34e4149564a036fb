"""`alertwhisperer group`: companies of a kind, which share settings."""

from typing import Annotated

import typer

from alertwhisperer.app.build import House
from alertwhisperer.cli import output
from alertwhisperer.cli.find import find_group
from alertwhisperer.cli.groups import group
from alertwhisperer.cli.house import AsJson, DataDir, actor, in_house
from alertwhisperer.domain.company import Group
from alertwhisperer.guard import groups

app = group("Groups of companies, which share settings.")

_Group = Annotated[str, typer.Argument(metavar="GROUP", help="The group's name or id.")]


@app.command(epilog="Example: alertwhisperer group add Retail")
def add(
    name: Annotated[str, typer.Argument(metavar="NAME")], data_dir: DataDir = None, as_json: AsJson = False
) -> None:
    """Add a group; `company set ID --group NAME` puts a company into it."""

    async def work(house: House) -> Group:
        return await groups.add_group(house.database, actor(), name, now=house.clock.now())

    _tell(in_house(work, data_dir), as_json)


@app.command("list", epilog="Example: alertwhisperer group list --json")
def list_(data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """List the groups with how many companies each has."""
    found = in_house(lambda house: groups.list_groups(house.database), data_dir)
    if as_json:
        output.show_list(found)
        return
    output.show_table(
        ("id", "name", "companies", "added"),
        ((one.id, one.name, one.companies, one.created_at) for one in found),
        empty="No group yet. Add one: alertwhisperer group add NAME",
    )


@app.command(epilog="Example: alertwhisperer group rename Retail 'Retail and wholesale'")
def rename(
    old: _Group,
    name: Annotated[str, typer.Argument(metavar="NAME", help="The new name.")],
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Give a group another name."""

    async def work(house: House) -> Group:
        found = await find_group(house, old)
        return await groups.rename_group(house.database, actor(), found.id, name, now=house.clock.now())

    _tell(in_house(work, data_dir), as_json)


@app.command(epilog="Example: alertwhisperer group remove Retail")
def remove(old: _Group, data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """Remove a group that no company is in, and what was set for it."""

    async def work(house: House) -> Group:
        found = await find_group(house, old)
        await groups.remove_group(house.database, actor(), found.id, now=house.clock.now())
        return found

    removed = in_house(work, data_dir)
    if as_json:
        output.show_json({"id": removed.id, "removed": True})
        return
    output.say(f"Removed {removed.name}.")


def _tell(found: Group, as_json: bool) -> None:
    if as_json:
        output.show_json(found)
        return
    output.show_fields(found)
