"""`alertwhisperer mapping`: try a body on an integration, save what reads it right, run again what waited."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer

from alertwhisperer.app.build import House
from alertwhisperer.cli import output
from alertwhisperer.cli.acting import acts
from alertwhisperer.cli.commands.integration import read_object
from alertwhisperer.cli.commands.quarantine import rerun_rounds, tell_reran
from alertwhisperer.cli.groups import group
from alertwhisperer.cli.house import AsJson, Company, DataDir, identifier, in_house, scope_of
from alertwhisperer.correlate.rules import compile_rules
from alertwhisperer.domain.company import Scope
from alertwhisperer.domain.errors import Invalid
from alertwhisperer.domain.integration import Integration, SettingsVersion
from alertwhisperer.domain.rerun import Reran
from alertwhisperer.guard.permissions import Action
from alertwhisperer.ingest import integrations, trial
from alertwhisperer.ingest.secret_settings import masked
from alertwhisperer.store import rules

app = group("Mappings: try a body, see what each field becomes and why, save, run again.")

_Id = Annotated[str, typer.Argument(metavar="INTEGRATION", help="The integration's id.")]
_Mapping = Annotated[
    Path | None,
    typer.Option("--mapping", metavar="FILE.json", help="A mapping in the place of the one that is set."),
]
_Settings = Annotated[
    Path | None,
    typer.Option(
        "--settings-file", metavar="FILE.json", help="All settings as one JSON object; `***` keeps a secret one."
    ),
]
_Version = Annotated[int, typer.Argument(metavar="VERSION", min=1, help="As `mapping versions` lists it.")]


@app.command("try", epilog="Example: alertwhisperer mapping try INTEGRATION --company ID --quarantine UNIT")
@acts(Action.INTEGRATION_TRY)
def try_(
    integration: _Id,
    company: Company,
    sample: Annotated[
        Path | None,
        typer.Option("--sample", metavar="FILE", help="A body as the tool sends it; - reads standard input."),
    ] = None,
    delivery: Annotated[str | None, typer.Option("--delivery", help="A delivery that was received.")] = None,
    quarantine: Annotated[str | None, typer.Option("--quarantine", help="A unit that waits in quarantine.")] = None,
    mapping: _Mapping = None,
    settings_file: _Settings = None,
    header: Annotated[
        list[str] | None, typer.Option("--header", metavar="NAME=VALUE", help="Of a sample. Repeatable.")
    ] = None,
    query: Annotated[
        list[str] | None, typer.Option("--query", metavar="NAME=VALUE", help="Of a sample. Repeatable.")
    ] = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Show what each field of a body becomes, and why, with the settings as they are or a draft; stores nothing."""
    wanted = identifier(integration)
    given = _given(sample, delivery, quarantine, _pairs(header, "--header"), _pairs(query, "--query"))

    async def work(house: House) -> dict[str, Any]:
        scope = await scope_of(house, company)
        draft = await _draft(house, scope, integration, mapping, settings_file)
        async with house.database.unit_of_work(scope) as unit:
            compiled = compile_rules(unit.company_id.bytes, await rules.current(unit))
        tried = await trial.try_on(
            house.database,
            house.vault,
            house.sources,
            scope,
            wanted,
            given,
            settings=draft,
            match=compiled.match,
            now=house.clock.now(),
        )
        return trial.told(tried)

    told = in_house(work, data_dir)
    output.show_json(told) if as_json else _show(told)


@app.command(epilog="Example: alertwhisperer mapping save INTEGRATION --company ID --mapping mapping.json")
@acts(Action.INTEGRATION_SET)
def save(
    integration: _Id,
    company: Company,
    mapping: _Mapping = None,
    settings_file: _Settings = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Make a draft the next version of the integration's settings; what is sent from now on is read by it."""
    wanted = identifier(integration)
    if mapping is None and settings_file is None:
        raise Invalid("nothing to save was given", where="--mapping", mend="give --mapping or --settings-file")

    async def work(house: House) -> Integration:
        scope = await scope_of(house, company)
        draft = await _draft(house, scope, integration, mapping, settings_file)
        return await integrations.set_integration(
            house.database, house.vault, house.sources, scope, wanted, settings=draft, now=house.clock.now()
        )

    _tell_version(in_house(work, data_dir), as_json)


@app.command(epilog="Example: alertwhisperer mapping versions INTEGRATION --company ID")
@acts(Action.INTEGRATION_READ)
def versions(
    integration: _Id,
    company: Company,
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, max=500, help="How many at most.")] = 50,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """List the settings as they were, newest first."""
    wanted = identifier(integration)

    async def work(house: House) -> tuple[int, tuple[SettingsVersion, ...]]:
        scope = await scope_of(house, company)
        found = await integrations.get_integration(house.database, scope, wanted)
        return found.version, await integrations.list_versions(house.database, scope, wanted, limit=limit)

    current, found = in_house(work, data_dir)
    if as_json:
        output.show_list([_version(one, current) for one in found])
        return
    output.show_table(
        ("version", "at", "settings"),
        (
            (f"{one.version}{' *' if one.version == current else ''}", one.created_at, masked(one.settings))
            for one in found
        ),
        empty="No version.",
    )


@app.command(epilog="Example: alertwhisperer mapping restore INTEGRATION 3 --company ID")
@acts(Action.INTEGRATION_SET)
def restore(
    integration: _Id, version: _Version, company: Company, data_dir: DataDir = None, as_json: AsJson = False
) -> None:
    """Make earlier settings the next version; secret ones stay as they are now."""
    wanted = identifier(integration)

    async def work(house: House) -> Integration:
        scope = await scope_of(house, company)
        return await integrations.restore_version(
            house.database, house.vault, house.sources, scope, wanted, version, now=house.clock.now()
        )

    _tell_version(in_house(work, data_dir), as_json)


@app.command(epilog="Example: alertwhisperer mapping rerun INTEGRATION --company ID")
@acts(Action.QUARANTINE_RERUN)
def rerun(integration: _Id, company: Company, data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """Read again all that waits of the integration, oldest first; the same as `quarantine rerun --integration`."""
    wanted = identifier(integration)

    async def work(house: House) -> Reran:
        return await rerun_rounds(house, await scope_of(house, company), wanted)

    tell_reran(in_house(work, data_dir), as_json)


async def _draft(
    house: House, scope: Scope, integration: str, mapping: Path | None, settings_file: Path | None
) -> dict[str, object] | None:
    """The settings that were given; None when none were."""
    if mapping is None:
        return None if settings_file is None else read_object(settings_file)
    if settings_file is not None:
        base: dict[str, object] = read_object(settings_file)
    else:
        base = masked((await integrations.get_integration(house.database, scope, identifier(integration))).settings)
    return {**base, "mapping": read_object(mapping)}


def _given(
    sample: Path | None,
    delivery: str | None,
    quarantine: str | None,
    headers: dict[str, str],
    query: dict[str, str],
) -> trial.Pasted | trial.Received:
    if sum(one is not None for one in (sample, delivery, quarantine)) != 1:
        raise Invalid(
            "one body is tried at a time", where="--sample", mend="give one of --sample, --delivery and --quarantine"
        )
    if sample is not None:
        return trial.Pasted(_read(sample), {name.lower(): value for name, value in headers.items()}, query)
    return trial.Received(
        None if delivery is None else identifier(delivery, "--delivery"),
        None if quarantine is None else identifier(quarantine, "--quarantine"),
    )


def _read(sample: Path) -> str:
    if str(sample) == "-":
        return sys.stdin.buffer.read(trial.LONGEST_BODY + 1).decode("utf-8", "replace")
    try:
        with sample.open("rb") as opened:
            return opened.read(trial.LONGEST_BODY + 1).decode("utf-8", "replace")
    except OSError as failure:
        raise Invalid(f"{sample} cannot be read", where="--sample", mend=str(failure)) from failure


def _pairs(given: list[str] | None, option: str) -> dict[str, str]:
    pairs: dict[str, str] = {}
    for one in given or ():
        name, mark, value = one.partition("=")
        if not mark or not name:
            raise Invalid(f"{one!r} is not NAME=VALUE", where=option, mend=f"write {option} content-type=text/plain")
        pairs[name] = value
    return pairs


def _version(one: SettingsVersion, current: int) -> dict[str, Any]:
    """As the API shows it."""
    return {
        "version": one.version,
        "at": one.created_at,
        "settings": masked(one.settings),
        "current": one.version == current,
    }


def _tell_version(integration: Integration, as_json: bool) -> None:
    if as_json:
        settings = masked(integration.settings)
        output.show_json({"id": integration.id, "version": integration.version, "settings": settings})
        return
    output.say(f"The settings of {integration.id} are at version {integration.version}.")


def _show(told: dict[str, Any]) -> None:
    """For a person: what each alert would be, and how its fields were found."""
    output.say(f"Read by {told['source']}; nothing was stored.")
    if told["unreadable"] is not None:
        wrong = told["unreadable"]
        output.say(f"All of it would wait in quarantine: {wrong['what']} ({wrong['where']}); {wrong['mend']}")
    explained = {one["index"]: one for one in told["explained"]}
    refused = {one["index"]: one for one in told["refused"]}
    for one in told["occurrences"]:
        output.say("", f"Alert {one['index']}: {one['kind']}{_ending(one)}")
        rows = list(_explained_rows(explained.pop(one["index"], None))) or list(_plain_rows(one))
        output.show_table(("field", "value", "from", "why"), rows, empty="")
    for index, wrong in sorted(refused.items()):
        output.say("", f"Alert {index}: rejected: {wrong['what']} ({wrong['where']}); {wrong['mend']}")
        rows = list(_explained_rows(explained.pop(index, None)))
        if rows:
            output.show_table(("field", "value", "from", "why"), rows, empty="")
    if told["left_out"]:
        output.say("", f"{told['left_out']} more are not shown.")
    if told["unread_headers"]:
        names = ", ".join(told["unread_headers"])
        output.say("", f"Headers that the integration does not read: {names}")
    if told["differences"] is not None:
        output.say("")
        output.show_table(
            ("alert", "field", "stored", "would be"),
            ((one["index"], one["field"], one["stored"], one["now"]) for one in told["differences"]),
            empty="What is stored of it is the same.",
        )


def _ending(one: dict[str, Any]) -> str:
    if one["note"]:
        return f" ({one['note']})"
    if one["route"] is not None:
        company = one["route"]["company_id"]
        return f", of the customer {one['route']['customer']!r}: {company or 'nobody yet, it would wait'}"
    return "" if one["group"] is None else f", grouped by {one['group']['rule_name']!r} as {one['group']['key']!r}"


def _explained_rows(explained: dict[str, Any] | None) -> Iterator[tuple[object, ...]]:
    """A field's result and the candidate that gave it, then those that were passed over."""
    for field in () if explained is None else explained["fields"]:
        taken = next((way for way in field["candidates"] if way["why"] == _TAKEN), None)
        shown = field["becomes"] if field["becomes"] is not None else field["value"]
        yield field["name"], shown, "-" if taken is None else taken["written"], _reason(field)
        for way in field["candidates"]:
            if way["why"] not in (_TAKEN, _NOT_NEEDED):
                yield "", way["found"], f"- {way['written']}", way["why"]
    if explained is not None and explained["filter"]:
        yield "filter", explained["filter"], "filters", "all its conditions hold"


def _reason(field: dict[str, Any]) -> str:
    changed = field["becomes"] is not None and field["value"] is not None and field["becomes"] != field["value"]
    made = f"from {field['value']!r}" if changed else ""
    return ", ".join(part for part in (made, field["by"]) if part)


def _plain_rows(one: dict[str, Any]) -> Iterator[tuple[object, ...]]:
    """The fields of an alert whose source has no mapping to explain."""
    for name in _PLAIN:
        if one[name] is not None and one[name] != {}:
            yield name, one[name], "-", ""


_TAKEN, _NOT_NEEDED = trial.Why.TAKEN, trial.Why.NOT_NEEDED
_PLAIN = (
    *("asset", "signature", "severity", "message", "source", "started_at", "ended_at", "labels", "links"),
    *("problem", "cycle"),
)
