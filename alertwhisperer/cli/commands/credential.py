"""`alertwhisperer credential`: what lets executors into a company's machines."""

from typing import Annotated

import typer

from alertwhisperer.app.build import House
from alertwhisperer.cli import output
from alertwhisperer.cli.acting import acts
from alertwhisperer.cli.groups import group
from alertwhisperer.cli.house import AsJson, Company, DataDir, Limit, in_house, scope_of
from alertwhisperer.cli.values import values_of
from alertwhisperer.domain.reach import Credential
from alertwhisperer.guard.companies import get_company
from alertwhisperer.guard.permissions import Action
from alertwhisperer.remediate import credentials

app = group("Credentials of a company: what lets scripts reach its machines.")

_Credential = Annotated[str, typer.Argument(metavar="CREDENTIAL", help="Its name or its id.")]
_Values = Annotated[
    list[str] | None,
    typer.Option("--value", metavar="NAME=VALUE", help="Repeatable; NAME=@FILE reads the value from a file."),
]


@app.command("list", epilog="Example: alertwhisperer credential list --company ID")
@acts(Action.CREDENTIAL_READ)
def list_(company: Company, limit: Limit = 100, data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """List a company's credentials, newest first; never what is in them."""

    async def work(house: House) -> list[Credential]:
        scope = await scope_of(house, company)
        await get_company(house.database, scope)
        return await credentials.list_credentials(house.database, scope, limit=limit)

    found = in_house(work, data_dir)
    if as_json:
        output.show_list(found)
        return
    output.show_table(
        ("id", "name", "executor", "fields", "added by", "rotated", "proven"),
        ((one.id, one.name, one.executor, one.fields, one.added_by, one.rotated_at, one.proven_at) for one in found),
        empty="No credential yet. Keep one: alertwhisperer credential add NAME --executor ssh --company ID",
    )


@app.command(
    epilog="Example: alertwhisperer credential add servers --executor ssh --company ID --value private_key=@key"
)
@acts(Action.CREDENTIAL_SET)
def add(
    name: Annotated[str, typer.Argument(metavar="NAME")],
    company: Company,
    executor: Annotated[str, typer.Option("--executor", help="ssh, ssm, winrm, …")],
    value: _Values = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Keep a credential; what is in it cannot be read back. docs/executors.md says what each executor needs."""
    values = values_of(value, option="--value")

    async def work(house: House) -> Credential:
        scope = await scope_of(house, company)
        return await credentials.add_credential(
            house.database, house.vault, scope, name, executor, values, now=house.clock.now()
        )

    _tell(in_house(work, data_dir), as_json)


@app.command(epilog="Example: alertwhisperer credential rotate servers --company ID --value private_key=@new")
@acts(Action.CREDENTIAL_SET)
def rotate(
    credential: _Credential, company: Company, value: _Values = None, data_dir: DataDir = None, as_json: AsJson = False
) -> None:
    """Replace all values of a credential; what is bound with it uses them from the next run on."""
    values = values_of(value, option="--value")

    async def work(house: House) -> Credential:
        scope = await scope_of(house, company)
        found = await credentials.get_credential(house.database, scope, credential)
        return await credentials.rotate_credential(
            house.database, house.vault, scope, found.id, values, now=house.clock.now()
        )

    _tell(in_house(work, data_dir), as_json)


@app.command(epilog="Example: alertwhisperer credential remove servers --company ID")
@acts(Action.CREDENTIAL_SET)
def remove(credential: _Credential, company: Company, data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """Destroy a credential that no asset is bound with."""

    async def work(house: House) -> Credential:
        scope = await scope_of(house, company)
        found = await credentials.get_credential(house.database, scope, credential)
        await credentials.remove_credential(house.database, scope, found.id, now=house.clock.now())
        return found

    gone = in_house(work, data_dir)
    if as_json:
        output.show_json({"id": gone.id, "removed": True})
        return
    output.say("The credential is destroyed.")


def _tell(credential: Credential, as_json: bool) -> None:
    if as_json:
        output.show_json(credential)
    else:
        output.show_fields(credential)
