"""`alertwhisperer user`: who may sign in, and as what."""

from typing import Annotated

import typer

from alertwhisperer.app.build import House
from alertwhisperer.cli import output
from alertwhisperer.cli.groups import group
from alertwhisperer.cli.house import AsJson, DataDir, Limit, actor, company_id, in_house
from alertwhisperer.domain.user import Role, User
from alertwhisperer.guard import people

app = group("People who may sign in.")


@app.command(epilog="Example: alertwhisperer user add kim@example.org --role technician --company ID")
def add(
    email: Annotated[str, typer.Argument(metavar="EMAIL")],
    role: Annotated[Role, typer.Option("--role", help="What the person may do; docs/security.md has the table.")],
    company: Annotated[
        list[str] | None, typer.Option("--company", "-c", help="A company that the person may see. Repeatable.")
    ] = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Add a person. An MSP admin sees all companies; the other roles need at least one."""
    served = [company_id(one) for one in company or ()]

    async def work(house: House) -> User:
        return await people.add_user(house.database, house.vault, actor(), email, role, served, now=house.clock.now())

    made = in_house(work, data_dir)
    if as_json:
        output.show_json(made)
        return
    output.show_fields(made)
    output.say("", f"Next: alertwhisperer token add --user {made.email}")


@app.command("list", epilog="Example: alertwhisperer user list")
def list_(limit: Limit = 100, data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """List the people, newest first."""

    async def work(house: House) -> tuple[User, ...]:
        return await people.list_users(house.database, limit=limit)

    found = in_house(work, data_dir)
    if as_json:
        output.show_list(found)
        return
    output.show_table(
        ("id", "email", "role", "companies"),
        ((one.id, one.email, one.role, "all" if one.role is Role.MSP_ADMIN else one.companies) for one in found),
        empty="Nobody yet. Add somebody: alertwhisperer user add EMAIL --role msp_admin",
    )
