"""`alertwhisperer baseline`: the figures from before, which a company's reports compare with."""

from pathlib import Path
from typing import Annotated, Any

import typer

from alertwhisperer.app.build import House
from alertwhisperer.cli import output, sheet
from alertwhisperer.cli.acting import acts
from alertwhisperer.cli.groups import group
from alertwhisperer.cli.house import AsJson, Company, DataDir, in_house, scope_of
from alertwhisperer.cli.moments import moment_or_none
from alertwhisperer.domain.errors import Invalid
from alertwhisperer.domain.report import Baseline
from alertwhisperer.guard.permissions import Action
from alertwhisperer.reports import baseline as baselines
from alertwhisperer.reports.baseline import FIGURES

app = group("Baseline: the figures from before, which reports compare with.")


@app.command(
    "set",
    epilog="Example: alertwhisperer baseline set --company ID --from 2025-01-01 --to 2025-04-01 --incidents 3100 "
    "--alerts 41200 --figure mttr_minutes=95",
)
@acts(Action.BASELINE_SET)
def set_(
    company: Company,
    begin: Annotated[str | None, typer.Option("--from", metavar="MOMENT", help="Of which time they speak.")] = None,
    end: Annotated[str | None, typer.Option("--to", metavar="MOMENT", help="The end of that time.")] = None,
    alerts: Annotated[int | None, typer.Option("--alerts", help="Of how many alerts the figures speak.")] = None,
    incidents: Annotated[int | None, typer.Option("--incidents", help="Of how many incidents.")] = None,
    figure: Annotated[
        list[str] | None, typer.Option("--figure", metavar="NAME=NUMBER", help=f"Repeat it: {', '.join(FIGURES)}.")
    ] = None,
    imported: Annotated[
        Path | None,
        typer.Option(
            "--import",
            metavar="FILE.csv",
            help="Count a list of incidents instead: opened_at, acknowledged_at, resolved_at, alerts.",
        ),
    ] = None,
    first: Annotated[
        bool, typer.Option("--first-30-days", help="Count the first 30 whole days instead in which tools sent.")
    ] = False,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Set what reports compare with: figures that you know, a list to count, or the first 30 days."""
    typed = any(one is not None for one in (alerts, incidents, figure))
    if (imported is not None) + first + typed != 1:
        raise Invalid(
            "say one thing to compare with",
            mend="give --alerts, --incidents and --figure, or --import, or --first-30-days",
        )
    start, finish = moment_or_none(begin, "--from"), moment_or_none(end, "--to")
    figures = dict(map(_figure, figure or ()))
    text = "" if imported is None else _text(imported)

    async def work(house: House) -> Baseline:
        scope, now = await scope_of(house, company), house.clock.now()
        if first:
            return await baselines.set_first_days(house.database, scope, now=now)
        if imported is not None:
            return await baselines.set_imported(house.database, scope, text, start=start, finish=finish, now=now)
        if start is None or finish is None:
            raise Invalid("nothing says of which time the figures speak", where="--from", mend="give --from and --to")
        return await baselines.set_typed(
            house.database,
            scope,
            start=start,
            finish=finish,
            figures=figures,
            alerts=alerts or 0,
            incidents=incidents or 0,
            now=now,
        )

    _tell(in_house(work, data_dir), as_json)


@app.command(epilog="Example: alertwhisperer baseline show --company ID")
@acts(Action.BASELINE_READ)
def show(company: Company, data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """Show what reports compare with."""

    async def work(house: House) -> Baseline:
        return await baselines.get_baseline(house.database, await scope_of(house, company))

    _tell(in_house(work, data_dir), as_json)


@app.command(epilog="Example: alertwhisperer baseline remove --company ID")
@acts(Action.BASELINE_SET)
def remove(company: Company, data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """Compare with nothing any more."""

    async def work(house: House) -> None:
        scope = await scope_of(house, company)
        await baselines.remove_baseline(house.database, scope, now=house.clock.now())

    in_house(work, data_dir)
    output.show_json({"removed": True}) if as_json else output.say("Removed.")


def _figure(text: str) -> tuple[str, float]:
    name, _, number = text.partition("=")
    try:
        return name.strip(), float(number)
    except ValueError as failure:
        raise Invalid(f"{text[:80]!r} is no figure", where="--figure", mend="write it as mttr_minutes=95") from failure


def _text(file: Path) -> str:
    try:
        return sheet.read(file).decode("utf-8-sig")
    except UnicodeDecodeError as failure:
        raise Invalid(f"{file} is not UTF-8", where="--import", mend="export it as CSV in UTF-8") from failure


def _tell(baseline: Baseline, as_json: bool) -> None:
    fields: dict[str, Any] = {
        "kind": baseline.kind,
        "from": baseline.start,
        "to": baseline.finish,
        "figures": dict(baseline.figures),
        "sample": {"alerts": baseline.alerts, "incidents": baseline.incidents},
        "by": baseline.set_by,
        "set_at": baseline.set_at,
    }
    output.show_json(fields) if as_json else output.show_fields(fields)
