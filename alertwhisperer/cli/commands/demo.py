"""`alertwhisperer demo`: a storm through the real webhook of a running server, and what becomes of it."""

import asyncio
import sys
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any

import typer
from rich.console import Console

from alertwhisperer.app.build import House, open_house
from alertwhisperer.app.settings import Settings
from alertwhisperer.cli import output
from alertwhisperer.cli.demo.company import demo_pass, ensure_demo
from alertwhisperer.cli.demo.play import Play, Progress
from alertwhisperer.cli.demo.screen import Screen, summarise
from alertwhisperer.cli.demo.server import Server
from alertwhisperer.cli.demo.storm import LENGTH_S, free_site, make_storm
from alertwhisperer.cli.groups import single
from alertwhisperer.cli.house import AsJson, DataDir, settings_of

app = single()


@app.command(epilog="Example: alertwhisperer demo --seconds 20")
def demo(
    seconds: Annotated[float, typer.Option("--seconds", min=1, max=120, help="How long the storm plays.")] = 20,
    seed: Annotated[int, typer.Option("--seed", help="Equal seeds make equal storms.")] = 1,
    url: Annotated[str | None, typer.Option("--url", help="The server; as the settings say when absent.")] = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Send a storm of alerts in four tools' own formats, and watch it become a few incidents with their reasons."""
    settings = settings_of(data_dir)
    console = Console(highlight=False, stderr=True, quiet=True) if as_json else output.console()
    figures = asyncio.run(_play(settings, url or _reachable(settings), console, seconds=seconds, seed=seed))
    if as_json:
        output.show_json(figures)
        return
    summarise(console, figures)
    _suggest(figures)


async def _play(settings: Settings, url: str, console: Console, *, seconds: float, seed: int) -> dict[str, Any]:
    async with Server(url, f"{sys.argv[0]} serve --demo-company") as server:
        await server.check_ready()
        async with open_house(settings, connections=2) as house:
            return await _run(house, server, console, seconds=seconds, seed=seed)


async def _run(house: House, server: Server, console: Console, *, seconds: float, seed: int) -> dict[str, Any]:
    company = await ensure_demo(house)
    async with demo_pass(house, company) as allowed:
        began, pace = house.clock.now(), LENGTH_S / seconds
        identity = str(company.company.id)
        known = await server.incidents(identity, allowed.token)
        site = free_site(asset for one in known for asset in one["assets"])
        shots = make_storm(seed, began, site=site, pace=pace)
        play = Play(server, house.clock, identity, allowed, shots, pace=pace, began=began)
        with Screen(console) as screen:
            progress = await play.run(_silent if console.quiet else screen.show)
        wholes = [await server.incident(one["id"], allowed.token) for one in progress.incidents]
    return _figures(identity, progress, wholes, began)


def _figures(company: str, progress: Progress, wholes: Sequence[dict[str, Any]], began: datetime) -> dict[str, Any]:
    kpis = progress.kpis
    names = (
        "total_alerts",
        "distinct_alerts",
        "total_incidents",
        "noise_reduction_pct",
        "noise_reduction",
        "mttr_minutes",
    )
    shown = (
        "id",
        "title",
        "severity",
        "status",
        "alert_count",
        "occurrence_count",
        "tools",
        "assets",
        "rule",
        "aggregation_key",
        "why",
    )
    return {
        "company_id": company,
        "requests": progress.requests,
        "alerts_sent": progress.alerts,
        **{name: kpis[name] for name in names},
        "tools": sorted({tool for one in wholes for tool in one["tools"]}),
        "reopened": sum(datetime.fromisoformat(one["opened_at"]) < began for one in wholes),
        "incidents": [
            {name: one[name] for name in shown} for one in sorted(wholes, key=lambda one: -one["occurrence_count"])
        ],
    }


def _reachable(settings: Settings) -> str:
    """The server as this machine reaches it; a public address may lead through a proxy that is not there yet."""
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(settings.host, settings.host)  # noqa: S104 - not bound, replaced
    return f"http://{f'[{host}]' if ':' in host else host}:{settings.port}"


def _silent(progress: Progress) -> None:
    """For --json: nothing but the document is printed."""


def _suggest(figures: dict[str, Any]) -> None:
    company, program = figures["company_id"], sys.argv[0]
    output.say("", "Try next:")
    if figures["incidents"]:
        output.say(f"  {program} incidents show {figures['incidents'][0]['id']}")
    output.say(
        f"  {program} alerts --company {company} --severity critical",
        f"  {program} rules show --company {company}",
        f"  {program} ledger --company {company} --verify",
        f"  {program} integration add --company {company} --source prometheus   (and your own tool sends)",
    )
