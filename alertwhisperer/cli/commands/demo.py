"""`alertwhisperer demo`: a storm through the real webhook of a running server, and what becomes of it; or a healing."""

import asyncio
import sys
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from alertwhisperer.app import logs
from alertwhisperer.app.build import House, open_house
from alertwhisperer.app.settings import Settings
from alertwhisperer.cli import output
from alertwhisperer.cli.acting import anybody
from alertwhisperer.cli.demo.company import demo_pass, ensure_demo
from alertwhisperer.cli.demo.heal.run import heal as play_healing
from alertwhisperer.cli.demo.play import Play, Progress
from alertwhisperer.cli.demo.screen import Screen, summarise
from alertwhisperer.cli.demo.server import Server
from alertwhisperer.cli.demo.storm import LENGTH_S, free_site, make_storm
from alertwhisperer.cli.groups import single
from alertwhisperer.cli.house import AsJson, DataDir, reachable, settings_of
from alertwhisperer.domain.errors import Invalid

app = single()


@app.command(epilog="Example: alertwhisperer demo --seconds 20")
@anybody("it plays in a company of its own, as whoever runs the machine")
def demo(
    seconds: Annotated[float, typer.Option("--seconds", min=1, max=120, help="How long the storm plays.")] = 20,
    seed: Annotated[int, typer.Option("--seed", help="Equal seeds make equal storms.")] = 1,
    url: Annotated[str | None, typer.Option("--url", help="The server; as the settings say when absent.")] = None,
    heal: Annotated[
        bool, typer.Option("--heal", help="Instead: a service fails on an SSH server of the demo's own, and is mended.")
    ] = False,
    sshd: Annotated[
        Path | None,
        typer.Option("--sshd", help="With --heal: OpenSSH's server; found where it usually lies when absent."),
    ] = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """
    Send a storm of alerts in four tools' own formats, and watch it become a few incidents with their reasons.

    With --heal see a fault mended by itself instead, on a server and a target that the demo starts and clears away.
    """
    if heal:
        if url is not None or data_dir is not None:
            raise Invalid(
                "--heal starts a server of its own, in a folder of its own",
                where="--url" if data_dir is None else "--data-dir",
                mend="leave it out",
            )
        logs.set_up("warning")
        seen = play_healing(sshd, _hush if as_json else _tell)
        if as_json:
            output.show_json(seen)
        return
    if sshd is not None:
        raise Invalid("the storm needs no SSH server", where="--sshd", mend="add --heal, or leave it out")
    settings = settings_of(data_dir)
    console = Console(highlight=False, stderr=True, quiet=True) if as_json else output.console()
    figures = asyncio.run(_play(settings, url or reachable(settings), console, seconds=seconds, seed=seed))
    if as_json:
        output.show_json(figures)
        return
    summarise(console, figures)
    _suggest(figures)


async def _play(settings: Settings, url: str, console: Console, *, seconds: float, seed: int) -> dict[str, Any]:
    mend = f"start it in another terminal: {sys.argv[0]} serve --demo-company"
    async with Server(url, mend) as server:
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


def _silent(progress: Progress) -> None:
    """For --json: nothing but the document is printed."""


def _tell(*lines: str) -> None:
    """A piece of the story, at once: whoever reads it through a pipe waits for it too."""
    output.say(*lines)
    sys.stdout.flush()


def _hush(*lines: str) -> None:
    """Likewise for --json."""


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
