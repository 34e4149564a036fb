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
from alertwhisperer.app.witnesses import all_kinds
from alertwhisperer.cli.main import COMMANDS, load
from alertwhisperer.domain.audit import AuditAction
from alertwhisperer.domain.user import Role
from alertwhisperer.guard.compliance.capabilities import CAPABILITIES
from alertwhisperer.guard.compliance.report import FRAMEWORKS
from alertwhisperer.guard.permissions import PERMISSIONS
from alertwhisperer.insight.definitions import DEFINITIONS
from alertwhisperer.remediate.ways import all_ways
from alertwhisperer.runbooks.reading import library
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
        "audit-actions.md": _page("What the audit log records", _audit_actions()),
        "permissions.md": _page("Who may do what", _permissions()),
        "compliance.md": _page("Controls of SOC 2 and ISO 27001", _compliance()),
        "runbook-library.md": _page("Prebuilt runbooks", _runbooks()),
        "witnesses.md": _page("Witnesses of the audit log", _witnesses()),
        "executors.md": _page("Executors: the ways to targets", _executors()),
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


def _audit_actions() -> Iterator[str]:
    yield "Every action that an entry of the [audit log](audit.md) can have; search by it with `audit list --action`."
    yield ""
    yield "| Action | Meaning |"
    yield "|---|---|"
    for action in AuditAction:
        yield f"| `{action.value}` | {action.meaning} |"


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


def _runbooks() -> Iterator[str]:
    yield (
        "What comes with the product. `alertwhisperer runbook show NAME` prints the scripts; [Runbooks](runbooks.md) "
        "says what they are, how a company adds its own, and how they are drilled."
    )
    yield ""
    for slug, one in library().items():
        yield f"## {slug}"
        yield ""
        yield f"{one.title}. {one.summary}"
        yield ""
        yield f"- Platform: {one.platform}. Risk: {one.risk}. {one.risk_reason}"
        if one.changes:
            yield f"- Undo: {one.irreversible or 'yes.'}"
        yield f"- For alerts like {', '.join(f'`{glob}`' for glob in one.applies.signatures)}."
        if one.applies.tags:
            yield f"- On assets with {', '.join(f'`{tag}`' for tag in one.applies.tags)}."
        for given in one.parameters:
            default = "" if given.default is None else f" (`{given.default}`)"
            yield f"- `{given.name}`, {given.kind}: {given.description}{default}."
        yield f"- Drill: {one.drill.not_drilled or 'yes.'}"
        yield ""


def _permissions() -> Iterator[str]:
    roles = list(Role)
    yield (
        "One table in the code (`alertwhisperer/guard/permissions.py`) is what the API, the command line and "
        "`GET /api/permissions` ask; this is its print. What is not listed may nobody do. `company`: in the companies "
        "that the person serves, and no others. `installation`: the MSP's own or everybody's; closed to an MSP admin "
        "who is restricted to groups, and to a token for some companies. `self`: the person's own. "
        "[People](people.md) says how somebody becomes what they are."
    )
    yield ""
    yield f"| action | of | {' | '.join(roles)} | why |"
    yield f"|---|---|{'---|' * len(roles)}---|"
    for action, rule in PERMISSIONS.items():
        marks = " | ".join("yes" if role in rule.roles else "" for role in roles)
        yield f"| `{action}` | {rule.reach} | {marks} | {rule.why} |"


def _compliance() -> Iterator[str]:
    yield (
        "What the product does that a control may rest on, and what stays with whoever runs it. **It certifies "
        "nothing**, and whether a control is met is an auditor's judgement. Subjects and duties are in our words; the "
        "frameworks' own texts are what counts."
    )
    yield ""
    yield (
        "`alertwhisperer audit evidence --from 2026-01-01 --to 2026-04-01 --out FOLDER` writes, for all of them, what "
        "the audit log holds, what the verifier found, and how the installation is set, with a signed list of the "
        "files; `alertwhisperer audit check-evidence FOLDER --key PUBLIC_KEY` checks them. One company's part alone: "
        "`--company ID`."
    )
    yield ""
    yield "## What the product does"
    yield ""
    for one in CAPABILITIES.values():
        yield f"### {one.title}"
        yield ""
        yield one.does
        yield ""
        yield f"- Page: [{one.page}]({one.page})."
        yield f"- Tests: {', '.join(f'`{path}`' for path in one.tests)}."
        if one.commands:
            yield f"- Commands: {', '.join(f'`alertwhisperer {words}`' for words in one.commands)}."
        if one.actions:
            yield f"- Audit query: entries of {', '.join(f'`{action.value}`' for action in one.actions)}."
        yield ""
    for framework, controls in FRAMEWORKS.items():
        yield f"## {framework}"
        yield ""
        yield "| control | about | what helps | stays with the operator |"
        yield "|---|---|---|---|"
        for control in controls:
            helps = ", ".join(_heading_link(CAPABILITIES[slug].title) for slug in control.capabilities)
            yield f"| {control.id} | {control.subject} | {helps or 'nothing'} | {control.duty} |"
        yield ""


def _heading_link(title: str) -> str:
    return f"[{title}](#{title.lower().replace(' ', '-')})"


def _witnesses() -> Iterator[str]:
    yield (
        "A witness is a place outside the database that keeps the [audit log](audit.md)'s checkpoints, each under its "
        "number, once. Whoever can change the database must change all of them too to go unseen, so the best one "
        "belongs to somebody else. `ALERTWHISPERER_AUDIT_WITNESSES` names them, separated by commas; without it "
        "checkpoints go to a folder beside the data folder. A place that is down is caught up with; one that is more "
        "than five minutes behind is an error in the log and the metric "
        "`alertwhisperer_audit_witness_lag_seconds`. A place that holds another checkpoint under a number is an alarm: "
        "the database may be an older one. `alertwhisperer audit verify` reads those that can be read."
    )
    yield ""
    for kind in all_kinds().values():
        yield f"## {kind.title}"
        yield ""
        yield f"Address: `{kind.example}`."
        yield ""
        yield kind.setup.rstrip()
        yield ""


def _executors() -> Iterator[str]:
    yield (
        "An executor runs approved scripts on a target, in one file of `alertwhisperer/executors/`; "
        "[Add an executor](howto/add-an-executor.md) says how one more is made. A target is an asset that a person "
        "confirmed and bound: `alertwhisperer credential add` keeps what lets us in (sealed, shown to nobody), "
        "`asset bind` says how the asset is reached. What an alert says makes no target, and the machine that Alert "
        "Whisperer runs on is never one, nor is any of its addresses, loopback, link-local or metadata. An asset that "
        "is bound otherwise is another target: approvals of the one are none of the other."
    )
    yield ""
    yield (
        "Every act has an id, and runs at most once. To a target with a POSIX shell goes always the same text "
        "(`alertwhisperer/executors/_carry.sh`), with an envelope in base64 that holds script, parameters and "
        "snapshot; parameters are environment variables and never part of a command. The text makes a record named by "
        "the act before it begins, runs the script apart from the connection with its own timeout, and keeps output "
        "and exit code for 30 days. Whoever asks again is told how it ended. When the target said that an act was not "
        "begun, it refuses what was sent before it was asked. An act whose end nobody can say ends "
        "as `uncertain`, and is never repeated by itself. Of standard output and of standard error 8 MB are kept each; "
        "what is beyond is dropped, which is said, and does not disturb the script."
    )
    yield ""
    for way in all_ways().values():
        yield f"## {way.title}"
        yield ""
        yield f"Slug: `{way.slug}`. Platforms: {', '.join(sorted(way.platforms))}."
        yield ""
        yield way.setup.rstrip()
        yield ""
        for title, settings in (("Binding", way.binding), ("Credential", way.credential)):
            yield f"| {title} | Needed | Meaning |"
            yield "|---|---|---|"
            for one in settings:
                needed = "ours" if one.is_external_id else "yes" if one.required else "no"
                yield f"| `{one.name}` | {needed} | {one.description.replace('|', chr(92) + '|')} |"
            yield ""


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
