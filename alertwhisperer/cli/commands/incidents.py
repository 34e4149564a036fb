"""`alertwhisperer incidents`: what a person should look at, and what a person does to it."""

from collections.abc import Awaitable, Callable
from typing import Annotated
from uuid import UUID

import typer

from alertwhisperer.api.story import Story, tell
from alertwhisperer.app.build import House
from alertwhisperer.cli import incident, output
from alertwhisperer.cli.choices import IncidentWord, SeverityWord, severities
from alertwhisperer.cli.find import find
from alertwhisperer.cli.groups import group
from alertwhisperer.cli.house import AsJson, Company, DataDir, Limit, identifier, in_house, scope_of
from alertwhisperer.correlate import acts
from alertwhisperer.domain.errors import Invalid, NotFound
from alertwhisperer.guard import people
from alertwhisperer.guard.companies import require_company
from alertwhisperer.store import incidents as store
from alertwhisperer.store.database import Unit
from alertwhisperer.store.incidents import IncidentFilter, IncidentRow

app = group("Incidents of a company: list, show, act on them.")

_Id = Annotated[str, typer.Argument(metavar="ID", help="The incident's id.")]
Act = Callable[[House, Unit], Awaitable[UUID]]
"""Does something to an incident, and answers the id of the one to show afterwards."""


@app.command("list", epilog="Example: alertwhisperer incidents list --company ID --status open")
def list_(
    company: Company,
    status: Annotated[
        list[IncidentWord] | None, typer.Option("--status", help="Repeatable; all but merged when absent.")
    ] = None,
    severity: Annotated[list[SeverityWord] | None, typer.Option("--severity", help="Repeatable.")] = None,
    assignee: Annotated[str | None, typer.Option("--assignee", metavar="EMAIL")] = None,
    limit: Limit = 50,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """List a company's incidents, newest first."""
    scope = scope_of(company)
    wanted = IncidentFilter(
        words=tuple(
            one.value for one in status or (IncidentWord.OPEN, IncidentWord.ACKNOWLEDGED, IncidentWord.RESOLVED)
        ),
        severities=severities(severity),
        assignee=assignee,
    )

    async def work(house: House) -> list[IncidentRow]:
        async with house.database.unit_of_work(scope) as unit:
            await require_company(unit)
            return await store.page(unit, wanted, limit=limit)

    found = in_house(work, data_dir)
    if as_json:
        output.show_list([incident.fields(one) for one in found])
        return
    output.show_table(
        ("id", "severity", "status", "title", "alerts", "occurrences", "tools", "opened"),
        (
            (one.id, one.severity, one.word, one.title, one.alert_count, one.occurrence_count, one.tools, one.opened_at)
            for one in found
        ),
        empty="No incident matches.",
    )


@app.command(epilog="Example: alertwhisperer incidents show ID")
def show(identity: _Id, data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """Show one incident: its alerts, its timeline, and why these are one."""

    async def look(house: House, unit: Unit) -> UUID:
        return wanted

    wanted = identifier(identity)
    _do(wanted, look, data_dir, as_json)


@app.command(epilog="Example: alertwhisperer incidents acknowledge ID")
def acknowledge(identity: _Id, data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """Say that a person has seen it."""
    wanted = identifier(identity)

    async def act(house: House, unit: Unit) -> UUID:
        await acts.acknowledge(unit, wanted, now=house.clock.now())
        return wanted

    _do(wanted, act, data_dir, as_json)


@app.command(epilog="Example: alertwhisperer incidents assign ID --to kim@example.org")
def assign(
    identity: _Id,
    to: Annotated[
        str | None, typer.Option("--to", metavar="EMAIL", help="A user who serves the company; nobody when absent.")
    ] = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Give it to somebody, or to nobody."""
    wanted = identifier(identity)

    async def act(house: House, unit: Unit) -> UUID:
        await acts.assign(unit, wanted, await _email(house, unit, to), now=house.clock.now())
        return wanted

    _do(wanted, act, data_dir, as_json)


@app.command(epilog="Example: alertwhisperer incidents resolve ID --note 'Old logs removed.'")
def resolve(
    identity: _Id,
    note: Annotated[str, typer.Option("--note", help="How it ended.")] = "",
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """End it, whatever still fires."""
    wanted = identifier(identity)

    async def act(house: House, unit: Unit) -> UUID:
        await acts.resolve(unit, wanted, note=note, now=house.clock.now())
        return wanted

    _do(wanted, act, data_dir, as_json)


@app.command(epilog="Example: alertwhisperer incidents comment ID 'The disk is full of old logs.'")
def comment(
    identity: _Id,
    text: Annotated[str, typer.Argument(metavar="TEXT")],
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Write to it."""
    wanted = identifier(identity)

    async def act(house: House, unit: Unit) -> UUID:
        await acts.comment(unit, wanted, text, now=house.clock.now())
        return wanted

    _do(wanted, act, data_dir, as_json)


@app.command(epilog="Example: alertwhisperer incidents merge ID OTHER_ID OTHER_ID")
def merge(
    identity: _Id,
    others: Annotated[list[str], typer.Argument(metavar="OTHER_ID...", help="These become part of it.")],
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Make other incidents part of it: they are the same fault."""
    wanted, chosen = identifier(identity), [identifier(one, "OTHER_ID") for one in others]

    async def act(house: House, unit: Unit) -> UUID:
        await acts.merge(unit, wanted, chosen, now=house.clock.now())
        return wanted

    _do(wanted, act, data_dir, as_json)


@app.command(epilog="Example: alertwhisperer incidents split ID ALERT_ID ALERT_ID")
def split(
    identity: _Id,
    alerts: Annotated[list[str], typer.Argument(metavar="ALERT_ID...", help="These become another incident.")],
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Make alerts of it an incident of their own, and show that one."""
    wanted, chosen = identifier(identity), [identifier(one, "ALERT_ID") for one in alerts]

    async def act(house: House, unit: Unit) -> UUID:
        return await acts.split(unit, wanted, chosen, now=house.clock.now())

    _do(wanted, act, data_dir, as_json)


def _do(wanted: UUID, act: Act, data_dir: object, as_json: bool) -> None:
    """Do it and read the incident as it then is, in one transaction; then print it."""

    async def work(house: House) -> tuple[IncidentRow, Story]:
        scope = await find(house, store.company_of, wanted, "incident")
        async with house.database.unit_of_work(scope) as unit:
            shown = await act(house, unit)
            row = await store.read(unit, shown)
            if row is None:
                raise NotFound(f"there is no incident {shown}", where="id", mend="it may still be forming")
            return row, await tell(unit, row)

    row, story = in_house(work, data_dir)  # type: ignore[arg-type]  # a path or None, as every command has it
    output.show_json(incident.whole(row, story)) if as_json else incident.show(row, story)


async def _email(house: House, unit: Unit, email: str | None) -> str | None:
    """The e-mail as we write it; raises `Invalid` for somebody who does not serve the company or does not exist."""
    if email is None:
        return None
    try:
        user = await people.get_user(house.database, email)
    except NotFound:
        user = None
    if user is None or not user.serves(unit.company_id):
        raise Invalid("nobody who serves this company has this e-mail", where="--to", mend="alertwhisperer user list")
    return user.email
