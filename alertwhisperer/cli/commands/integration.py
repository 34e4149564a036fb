"""`alertwhisperer integration`: which tool of a company may send, and what to set on the tool's side."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from alertwhisperer.app.build import House
from alertwhisperer.cli import output, setup
from alertwhisperer.cli.acting import acts
from alertwhisperer.cli.groups import group
from alertwhisperer.cli.house import AsJson, Company, DataDir, Limit, identifier, in_house, scope_of
from alertwhisperer.domain.errors import Invalid
from alertwhisperer.domain.integration import Integration, SourceAction
from alertwhisperer.guard.permissions import Action
from alertwhisperer.ingest import integrations
from alertwhisperer.ingest.integrations import NewIntegration
from alertwhisperer.ingest.secret_settings import masked
from alertwhisperer.sources.contract import INTERVAL_S

app = group("Integrations: which tool of a company may send.")

_Id = Annotated[str, typer.Argument(metavar="ID", help="The integration's id.")]
_Settings = Annotated[
    list[str] | None,
    typer.Option(
        "--setting", metavar="NAME=VALUE", help="A setting of the source; VALUE is JSON or a text. Repeatable."
    ),
]
_File = Annotated[
    Path | None, typer.Option("--settings-file", metavar="FILE.json", help="All settings as one JSON object.")
]
_Signed = Annotated[
    bool | None, typer.Option("--require-signature/--no-require-signature", help="Refuse unsigned deliveries.")
]


@app.command(epilog="Example: alertwhisperer integration add --company ID --source prometheus")
@acts(Action.INTEGRATION_ADD)
def add(
    company: Company,
    source: Annotated[str, typer.Option("--source", "-s", help="A slug; `alertwhisperer sources` lists them.")],
    name: Annotated[str | None, typer.Option("--name", help="For people; the source's title when absent.")] = None,
    require_signature: _Signed = None,
    scheme: Annotated[
        str, typer.Option("--scheme", help="How deliveries are signed: alertwhisperer or standard.")
    ] = "alertwhisperer",
    interval: Annotated[
        int | None,
        typer.Option("--interval", metavar="SECONDS", help="Of a feed: seconds between two looks; sets interval_s."),
    ] = None,
    setting: _Settings = None,
    settings_file: _File = None,
    route_by: Annotated[
        str | None,
        typer.Option(
            "--route-by",
            metavar="LABEL",
            help="With `--company msp`: one webhook for many companies; the label that names the customer.",
        ),
    ] = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Let a tool send: makes a key and a secret, shown this once, and says what to set on the tool's side."""
    settings = _settings(setting, settings_file) or {}
    if interval is not None:
        settings[INTERVAL_S.name] = interval

    async def work(house: House) -> tuple[NewIntegration, str, str]:
        scope = await scope_of(house, company)
        known = house.sources.get(source)
        made = await integrations.add_integration(
            house.database,
            house.vault,
            house.sources,
            scope,
            source=source,
            name=name or (known.title if known else source),
            require_signature=bool(require_signature),
            scheme=scheme,  # type: ignore[arg-type]  # add_integration refuses another word and says which there are
            settings=settings,
            route_by=route_by,
            now=house.clock.now(),
        )
        tool = house.sources[source]
        url = "" if tool.poll is not None else setup.webhook_url(house.settings.url, source)
        return made, url, setup.filled(tool, url, made.api_key)

    made, url, text = in_house(work, data_dir)
    if as_json:
        secrets = {"api_key": made.api_key, "hmac_secret": made.hmac_secret}
        output.show_json({**_fields(made.integration, url), **secrets})
        return
    if not url:
        shown = f"alertwhisperer feed show {made.integration.id} --company {company}"
        output.say(f"Integration {made.integration.id}: it is looked at from now on. {shown} says how that goes.")
        return
    output.say(f"Integration {made.integration.id}. The key and the secret are shown this once.", "")
    output.show_fields({"webhook_url": url, "api_key": made.api_key, "hmac_secret": made.hmac_secret})
    print(f"\n{text}")


@app.command("list", epilog="Example: alertwhisperer integration list --company ID")
@acts(Action.INTEGRATION_READ)
def list_(company: Company, limit: Limit = 100, data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """List a company's integrations in use, newest first."""

    async def work(house: House) -> list[tuple[Integration, str]]:
        scope = await scope_of(house, company)
        found = await integrations.list_integrations(house.database, scope, limit=limit)
        return [(one, setup.webhook_url(house.settings.url, one.source)) for one in found]

    found = in_house(work, data_dir)
    if as_json:
        output.show_list([_fields(one, url) for one, url in found])
        return
    output.show_table(
        ("id", "source", "name", "signed", "live keys"),
        (
            (one.id, one.source, one.name, one.require_signature, [key.hint + "…" for key in one.live_keys()])
            for one, _ in found
        ),
        empty="No integration yet. Add one: alertwhisperer integration add --company ID --source SLUG",
    )


@app.command(epilog="Example: alertwhisperer integration show ID --company ID")
@acts(Action.INTEGRATION_READ)
def show(integration: _Id, company: Company, data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """Show one integration, without its secrets, and what waits for approval."""
    wanted = identifier(integration)

    async def work(house: House) -> tuple[Integration, str, list[SourceAction]]:
        scope = await scope_of(house, company)
        found = await integrations.get_integration(house.database, scope, wanted)
        waiting = await integrations.list_actions(house.database, scope)
        mine = [action for action in waiting if action.integration_id == wanted]
        return found, setup.webhook_url(house.settings.url, found.source), mine

    found, url, waiting = in_house(work, data_dir)
    if as_json:
        output.show_json({**_fields(found, url), "waiting": waiting})
        return
    output.show_fields({**_fields(found, url), "keys": [_key(key) for key in found.keys]})
    for action in waiting:
        output.say(
            f"Waits for approval: {action.kind} {action.subject}: alertwhisperer integration approve {action.id}"
        )


@app.command("set", epilog="Example: alertwhisperer integration set ID --company ID --setting timezone=Europe/Berlin")
@acts(Action.INTEGRATION_SET)
def set_(
    integration: _Id,
    company: Company,
    name: Annotated[str | None, typer.Option("--name")] = None,
    require_signature: _Signed = None,
    setting: _Settings = None,
    settings_file: _File = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Change what is given: --setting changes one setting, --settings-file replaces them all."""
    wanted = identifier(integration)
    given = _settings(setting, settings_file)

    async def work(house: House) -> tuple[Integration, str]:
        scope = await scope_of(house, company)
        settings: dict[str, object] | None = given
        if given is not None and settings_file is None:
            old = await integrations.get_integration(house.database, scope, wanted)
            settings = {**old.settings, **given}
        changed = await integrations.set_integration(
            house.database,
            house.vault,
            house.sources,
            scope,
            wanted,
            name=name,
            require_signature=require_signature,
            settings=settings,
            now=house.clock.now(),
        )
        return changed, setup.webhook_url(house.settings.url, changed.source)

    changed, url = in_house(work, data_dir)
    if as_json:
        output.show_json(_fields(changed, url))
        return
    output.show_fields({**_fields(changed, url), "keys": [_key(key) for key in changed.keys]})


@app.command(epilog="Example: alertwhisperer integration remove ID --company ID")
@acts(Action.INTEGRATION_REMOVE)
def remove(integration: _Id, company: Company, data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """Take an integration out of use and end its keys; what it sent stays."""
    wanted = identifier(integration)

    async def work(house: House) -> None:
        scope = await scope_of(house, company)
        await integrations.remove_integration(house.database, scope, wanted, now=house.clock.now())

    in_house(work, data_dir)
    output.show_json({"id": wanted, "removed": True}) if as_json else output.say(f"Removed {wanted}.")


@app.command(epilog="Example: alertwhisperer integration approve ACTION_ID --company ID")
@acts(Action.ACTION_APPROVE)
def approve(
    action: Annotated[str, typer.Argument(metavar="ACTION_ID", help="As `integration show` lists it.")],
    company: Company,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Agree to an effect that a source asked for, such as an SNS subscription; a running server carries it out."""
    wanted = identifier(action, "ACTION_ID")

    async def work(house: House) -> SourceAction:
        scope = await scope_of(house, company)
        return await integrations.approve_action(house.database, house.sources, scope, wanted, now=house.clock.now())

    approved = in_house(work, data_dir)
    if as_json:
        output.show_json(approved)
        return
    output.say(f"Approved: {approved.kind} {approved.subject}. The server does it within seconds.")


def _fields(integration: Integration, url: str) -> dict[str, Any]:
    """As the API shows it."""
    shown = {name: value for name, value in output.plain(integration).items() if name not in ("keys", "removed_at")}
    shown["settings"] = masked(integration.settings)
    keys = [
        {name: value for name, value in output.plain(key).items() if name != "integration_id"}
        for key in integration.keys
    ]
    return {**shown, "webhook_url": "" if integration.is_stand_in else url, "keys": keys}


def _key(key: Any) -> str:
    return f"{key.id} {key.hint}… {'live' if key.revoked_at is None else 'revoked'}"


def _settings(pairs: list[str] | None, file: Path | None) -> dict[str, object] | None:
    """What was given of settings; None when nothing was."""
    if pairs is None and file is None:
        return None
    settings: dict[str, object] = {} if file is None else read_object(file)
    for pair in pairs or ():
        name, mark, text = pair.partition("=")
        if not mark or not name:
            raise Invalid(
                f"{pair!r} is not NAME=VALUE", where="--setting", mend="write --setting timezone=Europe/Berlin"
            )
        settings[name] = _value(text)
    return settings


def _value(text: str) -> object:
    try:
        return json.loads(text)
    except ValueError:
        return text


def read_object(file: Path) -> dict[str, object]:
    """The JSON object in a file; raises `Invalid`."""
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as failure:
        raise Invalid(f"{file} is not a JSON file that can be read", where="FILE", mend=str(failure)) from failure
    if not isinstance(found, dict):
        raise Invalid(f"{file} holds no JSON object", where="FILE", mend='write {"name": value}')
    return found
