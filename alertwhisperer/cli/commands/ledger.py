"""`alertwhisperer ledger`: what was received and what became of it, and whether the books are right."""

from typing import Annotated, Any

import typer

from alertwhisperer.app.build import House
from alertwhisperer.cli import output
from alertwhisperer.cli.acting import acts
from alertwhisperer.cli.groups import single
from alertwhisperer.cli.house import AsJson, Company, DataDir, in_house, scope_of
from alertwhisperer.domain.errors import Permanent
from alertwhisperer.guard.companies import require_company
from alertwhisperer.guard.permissions import Action
from alertwhisperer.store import ledger as store

app = single()


@app.command(epilog="Example: alertwhisperer ledger --company ID --verify")
@acts(Action.LEDGER_READ)
def ledger(
    company: Company,
    verify: Annotated[
        bool, typer.Option("--verify", help="Compare the counters with the rows; exit 3 if they differ.")
    ] = False,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Show what was received and what became of it; `received` is the sum of `new` to `pending`."""

    async def work(house: House) -> dict[str, Any]:
        scope = await scope_of(house, company)
        async with house.database.unit_of_work(scope, snapshot=True) as unit:
            await require_company(unit)
            told = {**output.plain(await store.totals(unit)), "refusals": await store.refusals(unit)}
            if verify:
                verified = await store.verify(unit)
                told |= {
                    "agrees": not verified.differences,
                    "since": verified.since,
                    "differences": list(verified.differences),
                }
            return told

    told = in_house(work, data_dir)
    if as_json:
        output.show_json(told)
    else:
        output.show_fields({name: value for name, value in told.items() if name != "differences"})
    if told.get("differences"):
        wrong = ", ".join(f"{one.name} counted {one.counted}, found {one.found}" for one in told["differences"])
        raise Permanent(f"the books are wrong: {wrong}; keep the data folder as it is and report this")
