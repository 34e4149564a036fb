"""`alertwhisperer company`: the clients, their time zones and their limits."""

from typing import Annotated

import typer

from alertwhisperer.app.build import House
from alertwhisperer.cli import output
from alertwhisperer.cli.groups import group
from alertwhisperer.cli.house import AsJson, DataDir, Limit, actor, in_house, scope_of
from alertwhisperer.domain.company import Company
from alertwhisperer.guard import companies

app = group("Companies: the clients whose tools send alerts.")

_Id = Annotated[str, typer.Argument(metavar="ID", help="The company's id.")]
_Zone = Annotated[str | None, typer.Option("--time-zone", help="IANA name; days of figures are its days.")]


@app.command(epilog="Example: alertwhisperer company add 'Acme GmbH' --time-zone Europe/Berlin")
def add(
    name: Annotated[str, typer.Argument(metavar="NAME")],
    time_zone: _Zone = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Add a company."""

    async def work(house: House) -> Company:
        return await companies.add_company(
            house.database, actor(), name, time_zone=time_zone or "UTC", now=house.clock.now()
        )

    _tell(in_house(work, data_dir), as_json, "Next: alertwhisperer integration add --source prometheus --company")


@app.command("list", epilog="Example: alertwhisperer company list --json")
def list_(limit: Limit = 100, data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """List the companies, newest first."""

    async def work(house: House) -> tuple[Company, ...]:
        return await companies.list_companies(house.database, None, limit=limit)

    found = in_house(work, data_dir)
    if as_json:
        output.show_list(found)
        return
    output.show_table(
        ("id", "name", "zone", "requests/min", "added"),
        ((one.id, one.name, one.time_zone, one.requests_per_minute, one.created_at) for one in found),
        empty="No company yet. Add one: alertwhisperer company add NAME",
    )


@app.command(epilog="Example: alertwhisperer company show 0195d3a0-7c1e-7b5a-9f00-3c8d52000000")
def show(company: _Id, data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """Show one company with its limits."""
    scope = scope_of(company)
    _tell(in_house(lambda house: companies.get_company(house.database, scope), data_dir), as_json)


@app.command("set", epilog="Example: alertwhisperer company set ID --rate-limit-per-minute 600")
def set_(
    company: _Id,
    name: Annotated[str | None, typer.Option("--name")] = None,
    time_zone: _Zone = None,
    requests: Annotated[
        int | None, typer.Option("--rate-limit-per-minute", help="Webhook requests a minute, with a burst of the same.")
    ] = None,
    occurrences: Annotated[
        int | None, typer.Option("--occurrences-per-minute", help="Members of their bodies a minute.")
    ] = None,
    size: Annotated[int | None, typer.Option("--bytes-per-minute", help="Bytes of their bodies a minute.")] = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Change what is given of a company, and leave the rest; a running server follows at once."""
    scope = scope_of(company)

    async def work(house: House) -> Company:
        return await companies.set_company(
            house.database,
            scope,
            name=name,
            time_zone=time_zone,
            requests_per_minute=requests,
            occurrences_per_minute=occurrences,
            bytes_per_minute=size,
            now=house.clock.now(),
        )

    _tell(in_house(work, data_dir), as_json)


def _tell(company: Company, as_json: bool, following: str = "") -> None:
    if as_json:
        output.show_json(company)
        return
    output.show_fields(company)
    if following:
        output.say("", f"{following} {company.id}")
