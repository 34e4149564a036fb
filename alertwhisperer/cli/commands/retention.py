"""`alertwhisperer retention`: drops old days of deliveries, occurrences and receipts; alerts and incidents stay."""

from datetime import date, timedelta
from typing import Annotated

import typer

from alertwhisperer.app.build import House
from alertwhisperer.cli import output
from alertwhisperer.cli.acting import by, machine_only
from alertwhisperer.cli.groups import single
from alertwhisperer.cli.house import AsJson, DataDir, in_house
from alertwhisperer.domain.audit import AuditAction, Resource
from alertwhisperer.store import audit, maintenance

app = single()


@app.command(epilog="Example: alertwhisperer retention --older-than 14")
@machine_only("it drops data of every company")
def retention(
    older_than: Annotated[
        int | None,
        typer.Option(
            "--older-than", min=1, max=3650, metavar="DAYS", help="As ALERTWHISPERER_RETENTION_DAYS when absent."
        ),
    ] = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Drop the days that are older than they must be kept, make the next ones, and count strays. Cannot be undone."""

    async def work(house: House) -> dict[str, object]:
        today = house.clock.now().date()
        keep_from = today - timedelta(days=older_than or house.settings.retention_days)
        await _record(house, keep_from)
        dropped = await maintenance.drop_partitions(house.database, keep_from=keep_from)
        made = await maintenance.make_partitions(house.database, today=today)
        strays = await maintenance.stray_rows(house.database)
        return {"kept_from": keep_from, "dropped": dropped, "made": made, "stray_rows": strays}

    told = in_house(work, data_dir)
    output.show_json(told) if as_json else output.show_fields(told)


async def _record(house: House, keep_from: date) -> None:
    """Before the deed: dropping is one statement of the database's owner, in a transaction of its own."""
    async with house.database.unit_of_work(by()) as unit:
        await audit.write(
            unit, AuditAction.RETENTION_DROPPED, Resource("retention", str(keep_from)), {}, now=house.clock.now()
        )
