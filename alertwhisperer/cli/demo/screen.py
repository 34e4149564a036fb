"""The demo's screen: counters and the latest incidents while it runs, figures and reasons when it is over."""

from collections.abc import Sequence
from typing import Any

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.panel import Panel
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from alertwhisperer.cli.demo.play import Progress
from alertwhisperer.cli.inert import inert

_LATEST = 8
_STYLE = {"critical": "bold red", "high": "red", "medium": "yellow", "low": "cyan", "info": "dim"}
_SAY_EVERY = 60  # requests, where no terminal can be drawn on


class Screen:
    """Draws the progress: on a terminal in place, else as a line now and then."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._live = Live(console=console, refresh_per_second=8, transient=True) if console.is_terminal else None
        self._said = 0

    def __enter__(self) -> "Screen":
        if self._live is not None:
            self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._live is not None:
            self._live.stop()

    def show(self, progress: Progress) -> None:
        """Draw it as it now is."""
        if self._live is not None:
            self._live.update(_picture(progress))
        elif progress.requests - self._said >= _SAY_EVERY or progress.requests == progress.of_requests > self._said:
            self._said = progress.requests
            print(_line(progress), flush=True)


def _line(progress: Progress) -> str:
    kpis = progress.kpis
    return (
        f"{progress.requests}/{progress.of_requests} requests: {kpis['total_alerts']} alerts, "
        f"{kpis['distinct_alerts']} distinct, {kpis['total_incidents']} incidents, "
        f"{percent(kpis['noise_reduction_pct'])} less noise"
    )


def _picture(progress: Progress) -> RenderableType:
    kpis = progress.kpis
    figures = Table.grid(padding=(0, 4))
    figures.add_row(
        *(
            Text.assemble((str(value), f"bold {style}"), f" {name}")
            for value, name, style in (
                (kpis["total_alerts"], "alerts in", "white"),
                (kpis["distinct_alerts"], "distinct", "white"),
                (kpis["total_incidents"], "incidents", "white"),
                (percent(kpis["noise_reduction_pct"]), "less noise", "green"),
            )
        )
    )
    return Panel(
        Group(
            figures,
            ProgressBar(total=progress.of_requests, completed=progress.requests, width=60),
            Text(""),
            _incidents(progress.incidents[:_LATEST]),
        ),
        title="a database host fails, and the shop behind it follows",
        title_align="left",
    )


def _incidents(incidents: Sequence[dict[str, Any]]) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim", expand=True)
    for column, width in (("severity", 8), ("latest incidents", None), ("status", 8), ("alerts", 6), ("said", 4)):
        table.add_column(column, no_wrap=True, overflow="ellipsis", width=width, ratio=None if width else 4)
    table.add_column("tools", no_wrap=True, overflow="ellipsis", ratio=2)
    table.add_column("why one: rule and key", no_wrap=True, overflow="ellipsis", ratio=4)
    for one in incidents:
        table.add_row(
            Text(one["severity"], style=_STYLE.get(one["severity"], "")),
            Text(inert(one["title"])),
            one["status"],
            str(one["alert_count"]),
            str(one["occurrence_count"]),
            Text(inert(", ".join(one["tools"]))),
            Text(inert(f"{one['rule']['name']}: {one['aggregation_key']}")),
        )
    return table


def percent(value: float | None) -> str:
    """A share for people; a dash where there is nothing to measure."""
    return "-" if value is None else f"{value:.1f}%"


def summarise(console: Console, figures: dict[str, Any]) -> None:
    """What came of the storm, each incident with its reason, the many-alert ones first."""
    split = figures["noise_reduction"] or {"dedup": None, "correlation": None, "suppression": None}
    whole = figures["noise_reduction_pct"]
    lines = (
        f"{figures['total_alerts']} alerts of {len(figures['tools'])} tools became {figures['distinct_alerts']} "
        f"distinct ones and {figures['total_incidents']} incidents: {percent(whole)} less noise.",
        f"  dedup        {percent(split['dedup']):>6}  repeats of what was known",
        f"  correlation  {percent(split['correlation']):>6}  alerts that joined an incident instead of opening one",
        f"  suppression  {percent(split['suppression']):>6}  alerts that a maintenance window held back",
    )
    for line in lines:
        console.print(Text(line))
    if figures["reopened"]:
        console.print(
            Text(
                f"  {figures['reopened']} incidents of an earlier run went on or reopened and were not opened again, "
                "so the figures look better than those of a first run."
            )
        )
    together = [one for one in figures["incidents"] if one["alert_count"] > 1]
    alone = [one for one in figures["incidents"] if one["alert_count"] == 1]
    console.print()
    for one in together:
        console.print(_head(one))
        for sentence in one["why"]:
            console.print(Text(f"          {inert(sentence)}", style="dim"))
    if alone:
        console.print()
        console.print(Text(f"{len(alone)} more have one alert each: nothing else has the key that their rule made."))
    for one in alone:
        console.print(_head(one))


def _head(one: dict[str, Any]) -> Text:
    """An incident in a line."""
    alerts = "1 alert" if one["alert_count"] == 1 else f"{one['alert_count']} alerts"
    times = "once" if one["occurrence_count"] == 1 else f"{one['occurrence_count']} times"
    head = Text.assemble((one["severity"].ljust(10), _STYLE.get(one["severity"], "")), (inert(one["title"]), "bold"))
    head.append("  " + inert(f"{alerts}, said {times} by {', '.join(one['tools'])}; {one['status']}"))
    return head
