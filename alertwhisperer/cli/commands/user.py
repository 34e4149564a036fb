"""`alertwhisperer user`: who may sign in, as what and for whom; and how somebody leaves."""

from collections.abc import Sequence
from typing import Annotated, Any

import typer

from alertwhisperer.app.build import House
from alertwhisperer.cli import output, ways_in
from alertwhisperer.cli.acting import acts, by
from alertwhisperer.cli.find import find_company, find_group
from alertwhisperer.cli.groups import group
from alertwhisperer.cli.house import AsJson, DataDir, Limit, in_house
from alertwhisperer.domain.user import Role, User
from alertwhisperer.guard import offboard as leaving
from alertwhisperer.guard import people
from alertwhisperer.guard.offboard import Offboarded
from alertwhisperer.guard.permissions import Action
from alertwhisperer.store.offboarding import SeenSecret

app = group("People who may sign in.")

_Email = Annotated[str, typer.Argument(metavar="EMAIL")]
_Companies = Annotated[
    list[str] | None, typer.Option("--company", "-c", help="A company that the person may see. Repeatable.")
]
_Groups = Annotated[
    list[str] | None,
    typer.Option("--group", "-g", help="A group whose companies the person may see, later ones too. Repeatable."),
]


@app.command(epilog="Example: alertwhisperer user add kim@example.org --role technician --company ID")
@acts(Action.USER_ADD)
def add(
    email: _Email,
    role: Annotated[Role, typer.Option("--role", help="What the person may do; `permissions` has the table.")],
    company: _Companies = None,
    group: _Groups = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """
    Add a person.

    An MSP admin sees all companies, or those of the groups that are named; the other roles need a company or a group.
    """

    async def work(house: House) -> User:
        served = [await find_company(house, one) for one in company or ()]
        groups = [(await find_group(house, one)).id for one in group or ()]
        return await people.add_user(house.database, by(), email, role, served, groups=groups, now=house.clock.now())

    made = in_house(work, data_dir)
    if as_json:
        output.show_json(_fields(made))
        return
    output.show_fields(made)
    output.say("", f"Next: alertwhisperer token add --user {made.email}")


@app.command("set", epilog="Example: alertwhisperer user set kim@example.org --role company_admin --company ID")
@acts(Action.USER_SET)
def set_(
    email: _Email,
    role: Annotated[Role | None, typer.Option("--role", help="What the person may do from now on.")] = None,
    company: _Companies = None,
    group: _Groups = None,
    no_companies: Annotated[bool, typer.Option("--no-companies", help="No company by name any more.")] = False,
    no_groups: Annotated[bool, typer.Option("--no-groups", help="No group any more.")] = False,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Change a person's role, or all the companies or groups they serve; what is not given stays."""

    async def work(house: House) -> User:
        named = [await find_company(house, one) for one in company or ()]
        groups = [(await find_group(house, one)).id for one in group or ()]
        user = await people.get_user(house.database, email)
        change = people.Change(role, named if named or no_companies else None, groups if groups or no_groups else None)
        return await people.set_user(house.database, by(), user.id, change, now=house.clock.now())

    changed = in_house(work, data_dir)
    output.show_json(_fields(changed)) if as_json else output.show_fields(changed)


@app.command("list", epilog="Example: alertwhisperer user list")
@acts(Action.USER_READ)
def list_(limit: Limit = 100, data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """List the people, newest first."""

    async def work(house: House) -> tuple[User, ...]:
        return await people.list_users(house.database, limit=limit)

    found = in_house(work, data_dir)
    if as_json:
        output.show_list([_fields(one) for one in found])
        return
    output.show_table(
        ("id", "email", "role", "companies", "groups"),
        ((one.id, one.email, one.role, "all" if one.serves_all else one.companies, one.groups) for one in found),
        empty="Nobody yet. Add somebody: alertwhisperer user add EMAIL --role msp_admin",
    )


@app.command(epilog="Example: alertwhisperer user offboard kim@example.org --to lee@example.org --why 'left' --dry-run")
@acts(Action.USER_OFFBOARD)
def offboard(
    email: _Email,
    to: Annotated[
        str | None, typer.Option("--to", metavar="EMAIL", help="Who gets what can be handed on; else nobody.")
    ] = None,
    why: Annotated[str, typer.Option("--why", help="For the audit log.")] = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what it would do.")] = False,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """
    Remove a person, for good, in one step.

    Their sessions, tokens and other ways in end, what they held goes to another, and secrets that they saw are listed.
    """

    async def work(house: House) -> Offboarded:
        now, database = house.clock.now(), house.database
        heir = None if to is None else (await people.get_user(database, to)).id
        user = await people.get_user(database, email)
        if dry_run:
            return await leaving.preview(database, by(), user.id, hand_to=heir, now=now)
        return await leaving.offboard(database, by(), user.id, hand_to=heir, now=now, why=why)

    found = in_house(work, data_dir)
    output.show_json(found) if as_json else _tell(found)


def _fields(user: User) -> dict[str, Any]:
    """As the API shows it."""
    return {**output.plain(user), "serves_all": user.serves_all}


def _tell(found: Offboarded) -> None:
    said = "is removed" if found.done else "would be removed; nothing was changed"
    output.say(f"{found.user.email} ({found.user.role}) {said}.", "")
    output.show_table(
        ("what", "how many", "becomes" if not found.done else "became"),
        ((one.kind, one.count, one.fate) for one in found.held),
        empty="They hold nothing.",
    )
    _tell_secrets(found.secrets)


def _tell_secrets(secrets: Sequence[SeenSecret]) -> None:
    if not secrets:
        output.say("", "No secret that is good still was shown to them.")
        return
    output.say("", "Shown to them once and good still; rotate these:")
    output.show_table(
        ("company", "what", "id", "shown by", "at"),
        ((one.company_id, one.resource.kind, one.resource.id, one.action, one.at) for one in secrets),
        empty="",
    )


ways_in.register(app)
