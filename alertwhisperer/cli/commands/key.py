"""`alertwhisperer key`: API keys of integrations; two may live at once, so that a tool can change over."""

from typing import Annotated

import typer

from alertwhisperer.app.build import House
from alertwhisperer.cli import output
from alertwhisperer.cli.acting import acts
from alertwhisperer.cli.groups import group
from alertwhisperer.cli.house import AsJson, Company, DataDir, identifier, in_house, scope_of
from alertwhisperer.domain.integration import KeyInfo
from alertwhisperer.guard.permissions import Action
from alertwhisperer.ingest import integrations
from alertwhisperer.ingest.integrations import NewKey

app = group("API keys of integrations.")

_Integration = Annotated[str, typer.Option("--integration", "-i", help="The integration's id.")]


@app.command(epilog="Example: alertwhisperer key add --company ID --integration ID")
@acts(Action.KEY_ADD)
def add(company: Company, integration: _Integration, data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """Make another key, shown this once."""
    wanted = identifier(integration, "--integration")

    async def work(house: House) -> NewKey:
        scope = await scope_of(house, company)
        return await integrations.add_key(house.database, house.vault, scope, wanted, now=house.clock.now())

    made = in_house(work, data_dir)
    if as_json:
        output.show_json({**output.plain(made.key), "api_key": made.api_key})
        return
    output.show_fields({"id": made.key.id, "api_key": made.api_key})
    output.say(
        "", f"It is shown this once. When the tool uses it: alertwhisperer key revoke OLD_KEY_ID --company {company}"
    )


@app.command("list", epilog="Example: alertwhisperer key list --company ID --integration ID")
@acts(Action.INTEGRATION_READ)
def list_(company: Company, integration: _Integration, data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """List an integration's keys by their first characters; live ones first."""
    wanted = identifier(integration, "--integration")

    async def work(house: House) -> tuple[KeyInfo, ...]:
        scope = await scope_of(house, company)
        return (await integrations.get_integration(house.database, scope, wanted)).keys

    found = in_house(work, data_dir)
    if as_json:
        output.show_list(found)
        return
    output.show_table(
        ("id", "begins with", "made", "revoked"),
        ((key.id, key.hint, key.created_at, key.revoked_at) for key in found),
        empty="No key. Make one: alertwhisperer key add",
    )


@app.command(epilog="Example: alertwhisperer key revoke KEY_ID --company ID")
@acts(Action.KEY_REVOKE)
def revoke(
    key: Annotated[str, typer.Argument(metavar="KEY_ID")],
    company: Company,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """End a key: the next request with it is refused."""
    wanted = identifier(key, "KEY_ID")

    async def work(house: House) -> KeyInfo:
        scope = await scope_of(house, company)
        return await integrations.revoke_key(house.database, scope, wanted, now=house.clock.now())

    ended = in_house(work, data_dir)
    output.show_json(ended) if as_json else output.say(f"Revoked the key that begins with {ended.hint}.")
