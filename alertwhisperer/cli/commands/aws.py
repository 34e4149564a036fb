"""`alertwhisperer aws`: the role that a client's account has for us."""

from typing import Annotated

import typer

from alertwhisperer.api.aws import fields_of
from alertwhisperer.app.build import House
from alertwhisperer.cli import output
from alertwhisperer.cli.acting import acts
from alertwhisperer.cli.groups import group
from alertwhisperer.cli.house import AsJson, DataDir, Limit, in_house, scope_of
from alertwhisperer.domain.reach import PatchState
from alertwhisperer.executors._aws.role import Format
from alertwhisperer.guard.companies import get_company
from alertwhisperer.guard.permissions import Action
from alertwhisperer.remediate import aws, patches
from alertwhisperer.remediate.aws import Checked, Link, Printed

app = group("AWS of a company: the role that its client makes for us, and what is wrong with it.")

_Company = Annotated[str, typer.Argument(metavar="COMPANY", help="The company, by id, ref or name.")]
_NOT_WELL = 1


@app.command(epilog="Example: alertwhisperer aws template ID --format terraform")
@acts(Action.AWS_TEMPLATE)
def template(
    company: _Company,
    form: Annotated[Format, typer.Option("--format", help="With what the client applies it.")] = Format.CLOUDFORMATION,
    principal: Annotated[
        str | None, typer.Option("--principal", help="ARN of this server's identity; else AWS is asked.")
    ] = None,
    output_bucket: Annotated[str, typer.Option("--output-bucket", help="For output of more than 24,000 letters.")] = "",
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Print the role, of least rights, that the client makes for us; it demands the company's external ID."""

    async def work(house: House) -> Printed:
        scope = await scope_of(house, company)
        return await aws.print_template(
            house.database, scope, form, clock=house.clock, principal=principal, output_bucket=output_bucket
        )

    made = in_house(work, data_dir)
    if as_json:
        output.show_json(made)
        return
    typer.echo(made.text, nl=False)


@app.command(epilog="Example: alertwhisperer aws show ID")
@acts(Action.AWS_READ)
def show(company: _Company, data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """Show the company's external ID, and which roles its credentials name."""

    async def work(house: House) -> Link:
        return await aws.get_link(house.database, house.vault, await scope_of(house, company))

    found = fields_of(in_house(work, data_dir))
    if as_json:
        output.show_json(found)
        return
    output.say(f"External ID: {found['external_id'] or 'none yet; `aws template` makes it'}")
    output.show_table(
        ("credential", "role", "seen to be closed"),
        ((one["name"], one["role_arn"], one["proven_at"]) for one in found["roles"]),
        empty="No credential names a role.",
    )


@app.command(epilog="Example: alertwhisperer aws check ID --credential 'client account' --region eu-central-1")
@acts(Action.AWS_CHECK)
def check(
    company: _Company,
    credential: Annotated[str, typer.Option("--credential", help="Name or id of a credential of ssm.")],
    region: Annotated[str | None, typer.Option("--region", help="Where to try; else where an asset is bound.")] = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """See that nobody else gets in by the client's role, and name what rights it lacks; exit code 1 if anything is."""

    async def work(house: House) -> Checked:
        scope = await scope_of(house, company)
        return await aws.check_role(house.database, house.vault, scope, credential, clock=house.clock, region=region)

    seen = in_house(work, data_dir)
    if as_json:
        output.show_json(seen)
    else:
        output.show_table(
            ("", "what must hold", "what was answered", "mend"),
            (
                ({True: "ok", False: "WRONG", None: "unseen"}[one.holds], one.what, one.said, one.mend)
                for one in seen.looked.findings
            ),
            empty="",
        )
    if not seen.looked.holds:
        raise typer.Exit(_NOT_WELL)


@app.command("patches", epilog="Example: alertwhisperer aws patches ID")
@acts(Action.PATCH_READ)
def patches_(company: _Company, limit: Limit = 100, data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """Show what Systems Manager last said of machines' patches; a running server asks every six hours."""

    async def work(house: House) -> list[PatchState]:
        scope = await scope_of(house, company)
        await get_company(house.database, scope)
        return await patches.list_patch_states(house.database, scope, limit=limit)

    found = in_house(work, data_dir)
    if as_json:
        output.show_list(found)
        return
    output.show_table(
        ("asset", "instance", "installed", "missing", "failed", "critical", "scanned"),
        (
            (one.asset_id, one.instance, one.installed, one.missing, one.failed, one.critical, one.scanned_at)
            for one in found
        ),
        empty="No machine has reported its patches.",
    )
