"""
Pages of docs/ that say what the code says: written by it, so that they cannot disagree.

`python -m tests.docs.pages` writes them; a test holds each against the code.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from alertwhisperer.app.build import all_sources
from alertwhisperer.app.settings import Settings, describe
from alertwhisperer.cli.main import COMMANDS, load
from alertwhisperer.domain.user import Role
from alertwhisperer.guard.permissions import PERMISSIONS
from alertwhisperer.insight.definitions import DEFINITIONS
from alertwhisperer.sources.contract import Source

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
_FILES = ROOT / "alertwhisperer" / "sources" / "files"
_NOTE = "<!-- Written by `python -m tests.docs.pages`; change the code, then run it again. -->"


def pages() -> Mapping[str, str]:
    """Every written page by its path below docs/."""
    sources = all_sources()
    return {
        "settings.md": _page("Settings", _settings()),
        "kpis.md": _page("Figures", _kpis()),
        "cli.md": _page("Command line", _cli()),
        "permissions.md": _page("Who may do what", _permissions()),
        "sources.md": _page("Sources", _sources(sources)),
        **{f"sources/files/{path.name}": path.read_text(encoding="utf-8") for path in sorted(_FILES.glob("*.yaml"))},
        **{f"sources/{slug}.md": _page(source.title, _source(source)) for slug, source in sources.items()},
    }


def _page(title: str, lines: Iterator[str]) -> str:
    return "\n".join((f"# {title}", "", _NOTE, "", *lines)).rstrip() + "\n"


def _settings() -> Iterator[str]:
    yield (
        "All are variables of the environment, read once when the program starts. `alertwhisperer config` lists them "
        "with their values and checks each; `config check` also opens the database with them. Options of a command win "
        "over the environment. What a company can set (limits, rules, integrations) is data, not a setting."
    )
    yield ""
    for one in describe(Settings()):
        yield f"## {one.env}"
        yield ""
        yield one.meaning
        yield ""
        yield f"Default: {f'`{one.default}`' if one.default else 'empty'}."
        yield ""


def _kpis() -> Iterator[str]:
    yield (
        "Each figure is of one company over a period [from, to): the last 24 hours unless said otherwise. "
        "`GET /api/companies/{company_id}/kpis` answers them all, with the equally long period before, and by day for "
        "the last 7 days in the company's time zone. A figure that cannot be measured is null, never 0. Nothing is "
        "improved by hiding: what is suppressed or held back is counted all the same."
    )
    yield ""
    for one in DEFINITIONS.values():
        yield f"## {one.slug}"
        yield ""
        yield f"{one.title}, in {one.unit}."
        yield ""
        yield f"- Formula: {one.formula}."
        yield f"- Null: {one.null}."
        yield ""


def _cli() -> Iterator[str]:
    yield (
        "Commands work directly on the data, through the same functions as the API: before, while and after `serve` "
        "runs. With `--json` a command prints one JSON document, with the API's names, and nothing else. A failure is "
        "one line on standard error; exit code 1 means that you must change something, 2 that the command line was not "
        "understood, 3 that something failed on our side (try again, or look into it). What a command changes is in "
        "the audit log as `cli:` and your login name."
    )
    yield ""
    yield "Every command takes `--data-dir` (where it opens data) and `--json`; they are left out below."
    yield ""
    for name, summary in COMMANDS.items():
        command = load(name)
        yield f"## {name}"
        yield ""
        inner = getattr(command, "commands", {})
        if not inner:
            yield from _command(command)
        else:
            yield summary
            yield ""
        for subname, found in inner.items():
            yield f"### {name} {subname}"
            yield ""
            yield from _command(found)


def _command(command: Any) -> Iterator[str]:
    yield " ".join(command.help.split())
    yield ""
    shown = [one for one in command.params if not {"--json", "--data-dir", "--help"} & set(one.opts)]
    for one in shown:
        names = ", ".join(f"`{name}`" for name in one.opts) if one.opts[0].startswith("-") else f"`{one.metavar}`"
        text = " ".join((one.help or "").split())
        needed = " Needed." if one.required else ""
        yield f"- {names}{': ' + text if text else ''}{needed}"
    if shown:
        yield ""
    yield f"    {command.epilog.removeprefix('Example: ')}"
    yield ""


def _permissions() -> Iterator[str]:
    roles = list(Role)
    yield (
        "One table in the code (`alertwhisperer/guard/permissions.py`) is what the API asks; this is its print. A "
        "company admin and a technician may do it in the companies that they serve, and see no others. What is not "
        "listed may nobody do."
    )
    yield ""
    yield f"| action | {' | '.join(roles)} |"
    yield f"|---|{'---|' * len(roles)}"
    for action, may in PERMISSIONS.items():
        yield f"| `{action}` | {' | '.join('yes' if role in may else '' for role in roles)} |"


def _sources(sources: Mapping[str, Source]) -> Iterator[str]:
    yield (
        "A source is one monitoring tool, in one file of `alertwhisperer/sources/`. `alertwhisperer integration add "
        "--company ID --source SLUG` makes the key and prints the page below with address and key filled in. "
        "[Add a source in ten minutes](howto/add-a-source.md) says how one more is made."
    )
    yield ""
    yield "| source | tool | the key travels in |"
    yield "|---|---|---|"
    for slug, one in sources.items():
        yield f"| [{slug}](sources/{slug}.md) | {one.title} | {', '.join(one.can_send)} |"


def _source(source: Source) -> Iterator[str]:
    yield f"Slug: `{source.slug}`. The maker's page: <{source.docs}>."
    yield ""
    yield "`{webhook_url}` and `{api_key}` are what `alertwhisperer integration add` printed."
    yield ""
    yield "## Setup"
    yield ""
    yield source.setup.rstrip()
    yield ""
    yield "## Settings"
    yield ""
    for one in source.settings:
        yield f"- `{one.name}` (default `{json.dumps(one.default)}`): {one.meaning}"
    if not source.settings:
        yield "None."


if __name__ == "__main__":
    for name, text in pages().items():
        (DOCS / name).parent.mkdir(parents=True, exist_ok=True)
        (DOCS / name).write_text(text, encoding="utf-8")
        print(f"docs/{name}")
