"""`alertwhisperer promise`: what clients were told about incidents."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

import typer

from alertwhisperer.api.promises import fields_of
from alertwhisperer.app.build import House
from alertwhisperer.cli import output
from alertwhisperer.cli.acting import acts
from alertwhisperer.cli.find import find
from alertwhisperer.cli.groups import group
from alertwhisperer.cli.house import AsJson, Company, DataDir, Limit, identifier, in_house, scope_of
from alertwhisperer.cli.moments import moment
from alertwhisperer.guard.companies import require_company
from alertwhisperer.guard.permissions import Action
from alertwhisperer.shift import promises
from alertwhisperer.store import incidents
from alertwhisperer.store import promises as store
from alertwhisperer.store.promises import Promise

app = group("Promises to clients about incidents: make, list, keep, drop.")

_Incident = Annotated[str, typer.Argument(metavar="INCIDENT_ID", help="The incident's id.")]
_Told = tuple[Sequence[Promise], datetime]


@app.command("list", epilog="Example: alertwhisperer promise list --company ID --state waiting")
@acts(Action.INCIDENT_READ)
def list_(
    company: Company,
    state: Annotated[
        Literal["waiting", "kept", "dropped"] | None,
        typer.Option("--state", help="Only those that stand so; late ones wait."),
    ] = None,
    limit: Limit = 50,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """List what a company was promised, newest first."""

    async def work(house: House) -> _Told:
        scope = await scope_of(house, company)
        async with house.database.unit_of_work(scope) as unit:
            await require_company(unit)
            return await store.page(unit, state=state, limit=limit, before=None), house.clock.now()

    _tell_all(*in_house(work, data_dir), as_json)


@app.command(epilog="Example: alertwhisperer promise of INCIDENT_ID")
@acts(Action.INCIDENT_READ)
def of(incident: _Incident, data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """List what was promised about an incident, the soonest due first."""
    wanted = identifier(incident, "INCIDENT_ID")

    async def work(house: House) -> _Told:
        scope = await find(house, incidents.company_of, wanted, "incident")
        async with house.database.unit_of_work(scope) as unit:
            return await promises.of_incident(unit, wanted), house.clock.now()

    _tell_all(*in_house(work, data_dir), as_json)


@app.command(epilog="Example: alertwhisperer promise make INCIDENT_ID 'We call before noon.' --due 2026-03-01T12:00Z")
@acts(Action.INCIDENT_PROMISE)
def make(
    incident: _Incident,
    text: Annotated[str, typer.Argument(metavar="TEXT", help="What the client was told.")],
    due: Annotated[str, typer.Option("--due", metavar="MOMENT", help="By when, such as 2026-03-01T12:00Z.")],
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Say what a client was told about an incident."""
    wanted, due_at = identifier(incident, "INCIDENT_ID"), moment(due, "--due")

    async def work(house: House) -> tuple[Promise, datetime]:
        scope = await find(house, incidents.company_of, wanted, "incident")
        now = house.clock.now()
        async with house.database.unit_of_work(scope) as unit:
            return await promises.make(unit, wanted, text, due_at, now=now), now

    _tell(*in_house(work, data_dir), as_json)


@app.command(epilog="Example: alertwhisperer promise keep ID")
@acts(Action.INCIDENT_PROMISE)
def keep(
    promise: Annotated[str, typer.Argument(metavar="ID", help="The promise's id.")],
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Say that a promise was kept."""
    wanted: UUID = identifier(promise)

    async def work(house: House) -> tuple[Promise, datetime]:
        scope = await find(house, store.company_of, wanted, "promise")
        now = house.clock.now()
        async with house.database.unit_of_work(scope) as unit:
            return await promises.keep(unit, wanted, now=now), now

    _tell(*in_house(work, data_dir), as_json)


@app.command(epilog="Example: alertwhisperer promise drop ID --why 'The client called it off.'")
@acts(Action.INCIDENT_PROMISE)
def drop(
    promise: Annotated[str, typer.Argument(metavar="ID", help="The promise's id.")],
    why: Annotated[str, typer.Option("--why", help="Why it will not be kept.")],
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Give a promise up: it will not be kept."""
    wanted: UUID = identifier(promise)

    async def work(house: House) -> tuple[Promise, datetime]:
        scope = await find(house, store.company_of, wanted, "promise")
        now = house.clock.now()
        async with house.database.unit_of_work(scope) as unit:
            return await promises.drop(unit, wanted, why, now=now), now

    _tell(*in_house(work, data_dir), as_json)


def _tell(one: Promise, now: datetime, as_json: bool) -> None:
    output.show_json(fields_of(one, now)) if as_json else output.show_fields(fields_of(one, now))


def _tell_all(found: Sequence[Promise], now: datetime, as_json: bool) -> None:
    if as_json:
        output.show_list([fields_of(one, now) for one in found])
        return
    output.show_table(
        ("id", "incident", "state", "due at", "promise", "made by", "settled by"),
        (
            (one.id, one.number, one.word(now), one.due_at, one.text, one.made_by, one.kept_by or one.dropped_by)
            for one in found
        ),
        empty="Nothing was promised.",
    )
