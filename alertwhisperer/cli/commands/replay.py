"""`alertwhisperer replay`: decides a company's log again, from nothing; the same inputs must give the same receipts."""

from typing import Annotated

import typer

from alertwhisperer.app.build import House
from alertwhisperer.app.reparse import Reparsed, reparse
from alertwhisperer.cli import output
from alertwhisperer.cli.acting import machine_only
from alertwhisperer.cli.groups import single
from alertwhisperer.cli.house import AsJson, Company, DataDir, in_house, scope_of
from alertwhisperer.correlate.replay import Replayed
from alertwhisperer.correlate.replay import replay as decide_again
from alertwhisperer.domain.errors import Permanent
from alertwhisperer.guard.companies import require_company

app = single()


@app.command(epilog="Example: alertwhisperer replay --company ID")
@machine_only("it reads a company's whole log, and works the machine for minutes")
def replay(
    company: Company,
    again: Annotated[
        bool,
        typer.Option("--reparse", help="Instead, parse the raw bodies with today's parsers and list what differs."),
    ] = False,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Decide a company's log again and compare with what was decided; changes nothing. Exit 3 when it differs."""

    async def work(house: House) -> Replayed | Reparsed:
        scope = await scope_of(house, company)
        async with house.database.unit_of_work(scope, snapshot=True) as unit:
            await require_company(unit)
            return await (reparse(unit, house.sources) if again else decide_again(unit))

    found = in_house(work, data_dir)
    if as_json:
        output.show_json(found)
    else:
        _show(found)
    if found.different and not again:
        raise Permanent(
            f"{found.different} decisions came out otherwise; keep the data folder as it is and report this"
        )


def _show(found: Replayed | Reparsed) -> None:
    output.show_fields({name: value for name, value in output.plain(found).items() if name != "differences"})
    for one in found.differences:
        output.say("  " + ", ".join(f"{name} {value}" for name, value in output.plain(one).items()))
    if not found.different:
        output.say("", "Nothing differs.")
