"""`alertwhisperer alerts`: what tools said, after dedup."""

from typing import Annotated

import typer

from alertwhisperer.app.build import House
from alertwhisperer.cli import output
from alertwhisperer.cli.acting import acts
from alertwhisperer.cli.choices import AlertWord, SeverityWord, severities
from alertwhisperer.cli.groups import single
from alertwhisperer.cli.house import AsJson, Company, DataDir, Limit, identifier, in_house, scope_of
from alertwhisperer.domain.state import AlertStatus
from alertwhisperer.guard.companies import require_company
from alertwhisperer.guard.permissions import Action
from alertwhisperer.store import alerts as store
from alertwhisperer.store.alerts import AlertFilter, AlertRow

app = single()


@app.command(epilog="Example: alertwhisperer alerts --company ID --status firing --severity critical")
@acts(Action.ALERT_READ)
def alerts(
    company: Company,
    status: Annotated[AlertWord | None, typer.Option("--status")] = None,
    severity: Annotated[list[SeverityWord] | None, typer.Option("--severity", help="Repeatable.")] = None,
    source: Annotated[str | None, typer.Option("--source", "-s")] = None,
    asset: Annotated[str | None, typer.Option("--asset")] = None,
    signature: Annotated[str | None, typer.Option("--signature")] = None,
    incident: Annotated[str | None, typer.Option("--incident", help="Only those of this incident.")] = None,
    limit: Limit = 50,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """List a company's alerts, newest first; each is many occurrences of one condition."""
    wanted = AlertFilter(
        status=None if status is None else AlertStatus[status.name],
        severities=severities(severity),
        source=source,
        asset=asset,
        signature=signature,
        incident_id=None if incident is None else identifier(incident, "--incident"),
    )

    async def work(house: House) -> list[AlertRow]:
        scope = await scope_of(house, company)
        async with house.database.unit_of_work(scope) as unit:
            await require_company(unit)
            return await store.page(unit, wanted, limit=limit)

    found = in_house(work, data_dir)
    if as_json:
        output.show_list(found)
        return
    output.show_table(
        ("id", "severity", "status", "asset", "signature", "source", "count", "last seen"),
        (
            (one.id, one.severity, one.status, one.asset, one.signature, one.source, one.count, one.last_seen_at)
            for one in found
        ),
        empty="No alert matches.",
    )
