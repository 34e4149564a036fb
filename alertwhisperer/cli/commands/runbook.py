"""`alertwhisperer runbook`: what mends a fault, prebuilt and a company's own; checks of files, and drills."""

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer

from alertwhisperer.app.build import House
from alertwhisperer.app.drills import Drills
from alertwhisperer.cli import output
from alertwhisperer.cli.acting import acts, anybody, by, machine_only
from alertwhisperer.cli.groups import group
from alertwhisperer.cli.house import AsJson, Company, DataDir, in_house, scope_of
from alertwhisperer.domain.approval import Risk
from alertwhisperer.domain.errors import Invalid, NotFound
from alertwhisperer.domain.runbook import Override, Phase, Runbook
from alertwhisperer.guard.permissions import Action
from alertwhisperer.remediate import shelf
from alertwhisperer.remediate.certificate import Certificate, DrillRecord
from alertwhisperer.remediate.shelf import OnShelf, Shelf
from alertwhisperer.runbooks.reading import MOST_BYTES, library, read, source_of

app = group("Runbooks: what mends a fault, prebuilt ones and a company's own.")

_Slug = Annotated[str, typer.Argument(metavar="SLUG", help="The runbook's name.")]
_File = Annotated[Path, typer.Argument(metavar="FILE.toml", help="The runbook's file; its name is the slug.")]
_OfCompany = Annotated[
    str | None, typer.Option("--company", "-c", help="As they hold in this company; the prebuilt ones when absent.")
]
_Pairs = Annotated[
    list[str] | None,
    typer.Option("--parameter", metavar="NAME=VALUE", help="A value where nobody says one. Repeat it."),
]


@app.command("list", epilog="Example: alertwhisperer runbook list --company ID")
@acts(Action.RUNBOOK_READ)
def list_(company: _OfCompany = None, data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """List runbooks with their risk, and whether they were tried."""

    async def work(house: House) -> tuple[Shelf, Mapping[str, DrillRecord]]:
        if company is None:
            found = Shelf({slug: _prebuilt(slug) for slug in library()}, {})
        else:
            found = await shelf.list_runbooks(house.database, await scope_of(house, company))
        drills = Drills(house)
        return found, {slug: drills.record_of(one.runbook) for slug, one in found.kept.items()}

    found, records = in_house(work, data_dir)
    if as_json:
        output.show_json(
            {
                "items": [_brief(one, records[slug]) for slug, one in found.kept.items()],
                "next": None,
                "broken": found.broken,
            }
        )
        return
    output.show_table(
        ("runbook", "title", "platform", "risk", "undo", "drill", "whose"),
        (
            (
                slug,
                one.runbook.title,
                one.runbook.platform,
                "disabled" if one.is_disabled else one.runbook.risk,
                _undo(one.runbook),
                records[slug].state,
                "prebuilt" if one.own is None else "own",
            )
            for slug, one in found.kept.items()
        ),
        empty="None: the installation is broken.",
    )
    for slug, why in found.broken.items():
        output.say(f"{slug} cannot be used: {why}")


@app.command(epilog="Example: alertwhisperer runbook show service-restart")
@acts(Action.RUNBOOK_READ)
def show(slug: _Slug, company: _OfCompany = None, data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """Show a runbook whole: its scripts as they run, its parameters, its last drill."""

    async def work(house: House) -> tuple[OnShelf, DrillRecord]:
        if company is None:
            found = _prebuilt(slug)
        else:
            found = await shelf.get_runbook(house.database, await scope_of(house, company), slug)
        return found, Drills(house).record_of(found.runbook)

    _tell(*in_house(work, data_dir), as_json)


@app.command(epilog="Example: alertwhisperer runbook check restart-shop.toml")
@anybody("it reads a file that the caller has")
def check(file: _File, as_json: AsJson = False) -> None:
    """Check a runbook's file: say what is wrong on which line, or that it is right."""
    runbook = read(_text(file), file.name)
    fields = {"slug": runbook.slug, "version": runbook.version, "risk": runbook.risk, "hash": runbook.hash}
    if as_json:
        output.show_json(fields)
        return
    output.say(f"{runbook.slug} version {runbook.version} is right: {runbook.risk} risk, {_undo(runbook)}.")


@app.command(epilog="Example: alertwhisperer runbook drill service-restart")
@machine_only("it makes a throwaway root on this machine")
def drill(
    slug: Annotated[list[str] | None, typer.Argument(metavar="[SLUG]...", help="Prebuilt ones.")] = None,
    every: Annotated[bool, typer.Option("--all", help="Every prebuilt one, or why it cannot be.")] = False,
    file: Annotated[Path | None, typer.Option("--file", metavar="FILE.toml", help="One of your own instead.")] = None,
    root: Annotated[
        Path,
        typer.Option(
            "--root", metavar="FOLDER", help="A root to lay it over, such as debootstrap makes (with systemd in it)."
        ),
    ] = Path("/"),
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """
    Try runbooks for real in a throwaway root, and keep a signed certificate of how it went. Needs root on Linux.

    Each is prepared, looked at, broken, mended, looked at again and undone; what is left must equal what was found.
    """
    if (bool(slug) + every + (file is not None)) != 1:
        raise Invalid("say what to drill", where="SLUG", mend="give names, or --all, or --file")
    if not root.is_dir():
        raise Invalid(f"{root} is no folder", where="--root", mend="name a root that debootstrap made")
    wanted = [read(_text(file), file.name)] if file else [_prebuilt(one).runbook for one in slug or library()]

    async def work(house: House) -> list[dict[str, Any]]:
        drills, asked_by, done = Drills(house), by(), []
        for runbook in wanted:
            if not as_json:
                output.say(f"{runbook.slug} …")
            try:
                certificate = await asyncio.to_thread(drills.tried, runbook, asked_by, root)
            except Invalid as failure:
                if not every:
                    raise
                done.append({"slug": runbook.slug, "state": "not drilled", "reason": failure.what})
            else:
                await drills.record(certificate, asked_by)
                done.append(_drilled(certificate))
            if not as_json:
                _tell_drill(done[-1])
        return done

    done = in_house(work, data_dir)
    if as_json:
        output.show_list(done)
    if any(one["state"] == "failed" for one in done):
        raise typer.Exit(1)


@app.command(epilog="Example: alertwhisperer runbook add restart-shop.toml --company ID")
@acts(Action.RUNBOOK_SET)
def add(file: _File, company: Company, data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """Keep a file as a company's own runbook, or as its next version."""
    text, slug = _text(file), file.name.removesuffix(".toml")
    read(text, slug)

    async def work(house: House) -> tuple[OnShelf, DrillRecord]:
        scope = await scope_of(house, company)
        found = await shelf.add_runbook(house.database, scope, slug, text, now=house.clock.now())
        return found, Drills(house).record_of(found.runbook)

    _tell(*in_house(work, data_dir), as_json)


@app.command(epilog="Example: alertwhisperer runbook remove restart-shop --company ID")
@acts(Action.RUNBOOK_SET)
def remove(slug: _Slug, company: Company, data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """Remove a runbook of a company's own, with its override."""

    async def work(house: House) -> None:
        scope = await scope_of(house, company)
        await shelf.remove_runbook(house.database, scope, slug, now=house.clock.now())

    in_house(work, data_dir)
    output.show_json({"removed": True}) if as_json else output.say("Removed.")


@app.command(
    epilog="Example: alertwhisperer runbook override service-restart --company ID --risk medium "
    "--allow service=nginx.service"
)
@acts(Action.RUNBOOK_SET)
def override(
    slug: _Slug,
    company: Company,
    risk: Annotated[Risk | None, typer.Option("--risk", help="At least this; only upwards.")] = None,
    disabled: Annotated[bool, typer.Option("--disabled", help="Nobody starts it in this company.")] = False,
    parameter: _Pairs = None,
    allow: Annotated[
        list[str] | None,
        typer.Option("--allow", metavar="NAME=VALUE", help="A value that an alert may hand over. Repeat it."),
    ] = None,
    note: Annotated[str, typer.Option("--note", help="Why, for whoever reads it.")] = "",
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Set what a company wants otherwise in a runbook, in place of what was set before."""
    allowed: dict[str, tuple[str, ...]] = {}
    for name, value in _pairs(allow, "--allow"):
        allowed[name] = (*allowed.get(name, ()), value)
    wanted = Override(risk, disabled, dict(_pairs(parameter, "--parameter")), allowed, note)

    async def work(house: House) -> tuple[OnShelf, DrillRecord]:
        scope = await scope_of(house, company)
        found = await shelf.override_runbook(house.database, scope, slug, wanted, now=house.clock.now())
        return found, Drills(house).record_of(found.runbook)

    _tell(*in_house(work, data_dir), as_json)


@app.command("restore", epilog="Example: alertwhisperer runbook restore service-restart --company ID")
@acts(Action.RUNBOOK_SET)
def restore(slug: _Slug, company: Company, data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """Want nothing otherwise any more: the runbook holds as its file says."""

    async def work(house: House) -> None:
        scope = await scope_of(house, company)
        await shelf.remove_override(house.database, scope, slug, now=house.clock.now())

    in_house(work, data_dir)
    output.show_json({"restored": True}) if as_json else output.say("Restored.")


def _prebuilt(slug: str) -> OnShelf:
    if slug not in library():
        raise NotFound(f"there is no prebuilt runbook {slug!r}", where="SLUG", mend="`alertwhisperer runbook list`")
    return OnShelf(library()[slug], None, None, source_of(slug))


def _text(file: Path) -> bytes:
    try:
        with file.open("rb") as opened:
            return opened.read(MOST_BYTES + 1)
    except OSError as failure:
        raise Invalid(f"{file} cannot be read: {failure.strerror}", where="FILE", mend="name a file") from failure


def _pairs(given: list[str] | None, option: str) -> list[tuple[str, str]]:
    pairs = []
    for one in given or ():
        name, sign, value = one.partition("=")
        if not sign:
            raise Invalid(f"{one!r} is no NAME=VALUE", where=option, mend="write NAME=VALUE")
        pairs.append((name, value))
    return pairs


def _undo(runbook: Runbook) -> str:
    if not runbook.changes:
        return "changes nothing"
    return "can be undone" if Phase.UNDO in runbook.scripts else "cannot be undone"


def _tell(one: OnShelf, record: DrillRecord, as_json: bool) -> None:
    whole = _whole(one, record)
    if as_json:
        output.show_json(whole)
        return
    apart = {"parameters", "scripts", "text", "drill"}
    output.show_fields({name: value for name, value in whole.items() if name not in apart})
    output.say("", f"drill: {record.state} ({record.reason})")
    for parameter in one.runbook.parameters:
        default = "must be given" if parameter.default is None else f"default {parameter.default!r}"
        output.say("", f"parameter {parameter.name} ({parameter.kind}, {default}): {parameter.description}")
    for phase, script in one.runbook.scripts.items():
        output.say("", f"{phase}, at most {script.timeout_s} s:")
        output.say(*(f"    {line}" for line in script.body.decode().splitlines()))


def _brief(one: OnShelf, record: DrillRecord) -> dict[str, Any]:
    """As the API shows it."""
    runbook, certificate = one.runbook, record.certificate
    return {
        "slug": runbook.slug,
        "version": runbook.version,
        "title": runbook.title,
        "summary": runbook.summary,
        "platform": runbook.platform,
        "risk": runbook.risk,
        "risk_reason": runbook.risk_reason,
        "changes": runbook.changes,
        "can_be_undone": Phase.UNDO in runbook.scripts,
        "irreversible": runbook.irreversible,
        "hash": runbook.hash,
        "own": one.own is not None,
        "disabled": one.is_disabled,
        "drill": {
            "state": record.state,
            "reason": record.reason,
            "at": None if certificate is None else certificate.at,
            "steps": [] if certificate is None else msgspec.to_builtins(certificate.steps),
        },
    }


def _whole(one: OnShelf, record: DrillRecord) -> dict[str, Any]:
    runbook, kept = one.runbook, one.override
    return {
        **_brief(one, record),
        "signatures": runbook.applies.signatures,
        "tags": runbook.applies.tags,
        "parameters": [
            {
                "name": given.name,
                "kind": given.kind,
                "description": given.description,
                "default": given.default,
                "choices": given.choices,
                "least": given.least,
                "most": given.most,
                "longest": given.longest,
                "suggested_from": given.suggested_from,
                "allowed": given.allowed,
            }
            for given in runbook.parameters
        ],
        "scripts": [
            {"phase": phase, "script": script.body.decode(), "timeout_s": script.timeout_s}
            for phase, script in runbook.scripts.items()
        ],
        "at_once": runbook.blast.at_once,
        "stop_at_failed_pct": runbook.blast.stop_at_failed_pct,
        "most_targets": runbook.blast.most_targets,
        "override": None
        if kept is None
        else {
            "risk": kept.override.risk,
            "disabled": kept.override.disabled,
            "parameters": dict(kept.override.parameters),
            "allowed": {name: list(values) for name, values in kept.override.allowed.items()},
            "note": kept.override.note,
            "by": kept.set_by,
            "set_at": kept.set_at,
        },
        "text": one.source.decode(),
    }


def _drilled(certificate: Certificate) -> dict[str, Any]:
    return {
        "slug": certificate.slug,
        "state": "passed" if certificate.passed else "failed",
        "hash": certificate.hash,
        "at": certificate.at,
        "machine": certificate.machine,
        "steps": msgspec.to_builtins(certificate.steps),
    }


def _tell_drill(one: dict[str, Any]) -> None:
    for step in one.get("steps", ()):
        mark = "ok    " if step["passed"] else "FAILED"
        output.say(f"  {mark} {step['name']}: {step['exit_code']} ({step['ms']} ms)")
        if not step["passed"] and step["said"]:
            output.say(*(f"         {line}" for line in step["said"].splitlines()))
    output.say(f"  {one['state']}{': ' + one['reason'] if 'reason' in one else ''}")
