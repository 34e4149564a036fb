"""`alertwhisperer group`: companies of a kind, which share settings."""

from typing import Annotated

import typer

from alertwhisperer.app.build import House
from alertwhisperer.cli import output
from alertwhisperer.cli.acting import acts, by
from alertwhisperer.cli.find import find_group
from alertwhisperer.cli.groups import group
from alertwhisperer.cli.house import AsJson, DataDir, in_house
from alertwhisperer.domain.company import Group
from alertwhisperer.guard import groups
from alertwhisperer.guard.permissions import Action

app = group("Groups of companies, which share settings.")

_Group = Annotated[str, typer.Argument(metavar="GROUP", help="The group's name or id.")]


@app.command(epilog="Example: alertwhisperer group add Retail")
@acts(Action.GROUP_ADD)
def add(
    name: Annotated[str, typer.Argument(metavar="NAME")], data_dir: DataDir = None, as_json: AsJson = False
) -> None:
    """Add a group; `company set ID --group NAME` puts a company into it."""

    async def work(house: House) -> Group:
        return await groups.add_group(house.database, by(), name, now=house.clock.now())

    _tell(in_house(work, data_dir), as_json)


@app.command("list", epilog="Example: alertwhisperer group list --json")
@acts(Action.GROUP_READ)
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
@acts(Action.GROUP_SET)
def rename(
    old: _Group,
    name: Annotated[str, typer.Argument(metavar="NAME", help="The new name.")],
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Give a group another name."""

    async def work(house: House) -> Group:
        found = await find_group(house, old)
        return await groups.rename_group(house.database, by(), found.id, name, now=house.clock.now())

    _tell(in_house(work, data_dir), as_json)


@app.command(epilog="Example: alertwhisperer group remove Retail")
@acts(Action.GROUP_REMOVE)
def remove(old: _Group, data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """Remove a group that no company is in, and what was set for it."""

    async def work(house: House) -> Group:
        found = await find_group(house, old)
        await groups.remove_group(house.database, by(), found.id, now=house.clock.now())
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
