"""`alertwhisperer incidents`: what a person should look at, and what a person does to it."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Annotated, Any
from uuid import UUID

import typer

from alertwhisperer.api.story import Story, tell
from alertwhisperer.app.build import House
from alertwhisperer.cli import incident, output
from alertwhisperer.cli.acting import across_companies, acts, may
from alertwhisperer.cli.choices import IncidentWord, SeverityWord, severities
from alertwhisperer.cli.find import find
from alertwhisperer.cli.groups import group
from alertwhisperer.cli.house import AsJson, DataDir, Limit, identifier, in_house, scope_of
from alertwhisperer.correlate import acts as incident_acts
from alertwhisperer.domain.company import CompanyId
from alertwhisperer.domain.errors import Invalid, NotFound
from alertwhisperer.guard import people
from alertwhisperer.guard.companies import require_company
from alertwhisperer.guard.permissions import Action
from alertwhisperer.store import incidents as store
from alertwhisperer.store.database import Unit
from alertwhisperer.store.incidents import IncidentFilter, IncidentRow

app = group("Incidents of a company: list, show, act on them.")

_Id = Annotated[str, typer.Argument(metavar="ID", help="The incident's id.")]
Act = Callable[[House, Unit], Awaitable[UUID]]
"""Does something to an incident, and answers the id of the one to show afterwards."""


@app.command("list", epilog="Example: alertwhisperer incidents list --company ID --status open")
@acts(Action.INCIDENT_READ)
def list_(
    company: Annotated[
        str | None, typer.Option("--company", "-c", help="By id, ref or name; `msp` is the MSP itself.")
    ] = None,
    all_companies: Annotated[
        bool, typer.Option("--all-companies", help="Of every company that you serve; the audit log says so.")
    ] = False,
    status: Annotated[
        list[IncidentWord] | None, typer.Option("--status", help="Repeatable; all but merged when absent.")
    ] = None,
    severity: Annotated[list[SeverityWord] | None, typer.Option("--severity", help="Repeatable.")] = None,
    assignee: Annotated[str | None, typer.Option("--assignee", metavar="EMAIL")] = None,
    limit: Limit = 50,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """List the incidents of a company, or of all that you serve, newest first."""
    if (company is None) is not all_companies:
        raise Invalid("say whose", where="--company", mend="give --company ID or --all-companies, and not both")
    wanted = IncidentFilter(
        words=tuple(
            one.value for one in status or (IncidentWord.OPEN, IncidentWord.ACKNOWLEDGED, IncidentWord.RESOLVED)
        ),
        severities=severities(severity),
        assignee=assignee,
    )

    async def of_one(house: House, company: str) -> list[IncidentRow]:
        scope = await scope_of(house, company)
        async with house.database.unit_of_work(scope) as unit:
            await require_company(unit)
            return await store.page(unit, wanted, limit=limit)

    async def work(house: House) -> tuple[list[IncidentRow], Mapping[CompanyId, str] | None]:
        if company is not None:
            return await of_one(house, company), None
        async with across_companies(house, Action.INCIDENT_CROSS) as look:
            found = await store.page_of(look.connection, look.companies, wanted, limit=limit)
            return found, await look.names({row.company_id for row in found})

    found, names = in_house(work, data_dir)
    if as_json:
        output.show_list([_listed(one, names) for one in found])
        return
    whose = ("company",) if names is not None else ()
    output.show_table(
        (*whose, "id", "severity", "status", "title", "alerts", "occurrences", "tools", "opened"),
        (
            (
                *(() if names is None else (names[one.company_id],)),
                *(one.id, one.severity, one.word, one.title),
                *(one.alert_count, one.occurrence_count, one.tools, one.opened_at),
            )
            for one in found
        ),
        empty="No incident matches.",
    )


def _listed(row: IncidentRow, names: Mapping[CompanyId, str] | None) -> dict[str, Any]:
    """As the API lists it; with the company's name in a list of several."""
    return incident.fields(row) if names is None else {**incident.fields(row), "company": names[row.company_id]}


@app.command(epilog="Example: alertwhisperer incidents show ID")
@acts(Action.INCIDENT_READ)
def show(identity: _Id, data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """Show one incident: its alerts, its timeline, and why these are one."""

    async def look(house: House, unit: Unit) -> UUID:
        return wanted

    wanted = identifier(identity)
    _do(wanted, look, data_dir, as_json)


@app.command(epilog="Example: alertwhisperer incidents acknowledge ID")
@acts(Action.INCIDENT_ACKNOWLEDGE)
def acknowledge(identity: _Id, data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """Say that a person has seen it."""
    wanted = identifier(identity)

    async def act(house: House, unit: Unit) -> UUID:
        await incident_acts.acknowledge(unit, wanted, now=house.clock.now())
        return wanted

    _do(wanted, act, data_dir, as_json)


@app.command(epilog="Example: alertwhisperer incidents unacknowledge ID")
@acts(Action.INCIDENT_ACKNOWLEDGE)
def unacknowledge(identity: _Id, data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """Take back that somebody has seen it."""
    wanted = identifier(identity)

    async def act(house: House, unit: Unit) -> UUID:
        await incident_acts.unacknowledge(unit, wanted, now=house.clock.now())
        return wanted

    _do(wanted, act, data_dir, as_json)


@app.command(epilog="Example: alertwhisperer incidents assign ID --to kim@example.org")
@acts(Action.INCIDENT_ASSIGN)
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
        await incident_acts.assign(unit, wanted, await _email(house, unit, to), now=house.clock.now())
        return wanted

    _do(wanted, act, data_dir, as_json)


@app.command(epilog="Example: alertwhisperer incidents resolve ID --note 'Old logs removed.'")
@acts(Action.INCIDENT_RESOLVE)
def resolve(
    identity: _Id,
    note: Annotated[str, typer.Option("--note", help="How it ended.")] = "",
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """End it, whatever still fires."""
    wanted = identifier(identity)

    async def act(house: House, unit: Unit) -> UUID:
        await incident_acts.resolve(unit, wanted, note=note, now=house.clock.now())
        return wanted

    _do(wanted, act, data_dir, as_json)


@app.command(epilog="Example: alertwhisperer incidents comment ID 'The disk is full of old logs.'")
@acts(Action.INCIDENT_COMMENT)
def comment(
    identity: _Id,
    text: Annotated[str, typer.Argument(metavar="TEXT")],
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Write to it."""
    wanted = identifier(identity)

    async def act(house: House, unit: Unit) -> UUID:
        await incident_acts.comment(unit, wanted, text, now=house.clock.now())
        return wanted

    _do(wanted, act, data_dir, as_json)


@app.command(epilog="Example: alertwhisperer incidents merge ID OTHER_ID OTHER_ID")
@acts(Action.INCIDENT_MERGE)
def merge(
    identity: _Id,
    others: Annotated[list[str], typer.Argument(metavar="OTHER_ID...", help="These become part of it.")],
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Make other incidents part of it: they are the same fault."""
    wanted, chosen = identifier(identity), [identifier(one, "OTHER_ID") for one in others]

    async def act(house: House, unit: Unit) -> UUID:
        await incident_acts.merge(unit, wanted, chosen, now=house.clock.now())
        return wanted

    _do(wanted, act, data_dir, as_json)


@app.command(epilog="Example: alertwhisperer incidents split ID ALERT_ID ALERT_ID")
@acts(Action.INCIDENT_SPLIT)
def split(
    identity: _Id,
    alerts: Annotated[list[str], typer.Argument(metavar="ALERT_ID...", help="These become another incident.")],
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Make alerts of it an incident of their own, and show that one."""
    wanted, chosen = identifier(identity), [identifier(one, "ALERT_ID") for one in alerts]

    async def act(house: House, unit: Unit) -> UUID:
        return await incident_acts.split(unit, wanted, chosen, now=house.clock.now())

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
            return row, await tell(unit, row, outputs=may(Action.RUN_READ))

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
