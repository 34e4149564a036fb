"""`alertwhisperer company`: the clients, their time zones and their limits."""

from pathlib import Path
from typing import Annotated
from uuid import UUID

import typer

from alertwhisperer.app.build import House
from alertwhisperer.cli import output, sheet
from alertwhisperer.cli.acting import acts, by, may, served
from alertwhisperer.cli.find import find_group
from alertwhisperer.cli.groups import group
from alertwhisperer.cli.house import AsJson, DataDir, Limit, in_house, scope_of
from alertwhisperer.domain.company import Company, Group
from alertwhisperer.guard import companies, company_settings, groups
from alertwhisperer.guard.permissions import Action
from alertwhisperer.ingest import onboarding
from alertwhisperer.ingest.onboarding import Imported

app = group("Companies: the clients whose tools send alerts.")

_Id = Annotated[str, typer.Argument(metavar="COMPANY", help="By id, ref or name.")]
_Zone = Annotated[str | None, typer.Option("--time-zone", help="IANA name; days of figures are its days.")]
_Ref = Annotated[str | None, typer.Option("--ref", help="Your own name for it, such as a customer number.")]
_Group = Annotated[
    str | None, typer.Option("--group", "-g", help="Name or id of the group that it inherits settings from.")
]
_SheetFile = Annotated[Path, typer.Argument(metavar="FILE.csv", help="docs/onboarding.md names the columns.")]


@app.command(epilog="Example: alertwhisperer company add 'Acme GmbH' --time-zone Europe/Berlin")
@acts(Action.COMPANY_ADD)
def add(
    name: Annotated[str, typer.Argument(metavar="NAME")],
    time_zone: _Zone = None,
    ref: _Ref = None,
    group: _Group = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Add a company; what is not given it inherits."""

    async def work(house: House) -> Company:
        return await companies.add_company(
            house.database,
            by(),
            name,
            ref=ref,
            group_id=None if group is None else (await find_group(house, group)).id,
            time_zone=time_zone,
            now=house.clock.now(),
        )

    _tell(in_house(work, data_dir), as_json, "Next: alertwhisperer integration add --source prometheus --company")


@app.command("list", epilog="Example: alertwhisperer company list --json")
@acts(Action.COMPANY_READ)
def list_(limit: Limit = 100, data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """List the companies, newest first."""

    async def work(house: House) -> tuple[tuple[Company, ...], tuple[Group, ...]]:
        found = await companies.list_companies(house.database, await served(house), limit=limit)
        return found, await groups.list_groups(house.database) if may(Action.GROUP_READ) else ()

    found, there = in_house(work, data_dir)
    if as_json:
        output.show_list(found)
        return
    names: dict[UUID | None, str] = {one.id: one.name for one in there}
    output.show_table(
        ("id", "name", "ref", "group", "zone", "requests/min", "added"),
        (
            (
                one.id,
                one.name,
                one.ref,
                names.get(one.group_id),
                one.time_zone,
                one.requests_per_minute,
                one.created_at,
            )
            for one in found
        ),
        empty="No company yet. Add one: alertwhisperer company add NAME",
    )


@app.command(epilog="Example: alertwhisperer company show 0195d3a0-7c1e-7b5a-9f00-3c8d52000000")
@acts(Action.COMPANY_READ)
def show(company: _Id, data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """Show one company with its limits."""

    async def work(house: House) -> Company:
        return await companies.get_company(house.database, await scope_of(house, company))

    _tell(in_house(work, data_dir), as_json)


@app.command("set", epilog="Example: alertwhisperer company set ID --rate-limit-per-minute 600")
@acts(Action.COMPANY_SET)
def set_(
    company: _Id,
    name: Annotated[str | None, typer.Option("--name")] = None,
    ref: Annotated[str | None, typer.Option("--ref", help="Your own name for it; '' takes it away.")] = None,
    group: Annotated[
        str | None, typer.Option("--group", "-g", help="Name or id of its group; '' takes it out of its group.")
    ] = None,
    time_zone: _Zone = None,
    requests: Annotated[
        int | None, typer.Option("--rate-limit-per-minute", help="Webhook requests a minute, with a burst of the same.")
    ] = None,
    occurrences: Annotated[
        int | None, typer.Option("--occurrences-per-minute", help="Members of their bodies a minute.")
    ] = None,
    size: Annotated[int | None, typer.Option("--bytes-per-minute", help="Bytes of their bodies a minute.")] = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """
    Change what is given of a company, and leave the rest; a running server follows at once.

    A zone or a limit given here is the company's exception, which `company unset` takes back.
    """

    async def work(house: House) -> Company:
        scope = await scope_of(house, company)
        return await companies.set_company(
            house.database,
            scope,
            name=name,
            ref=ref,
            group_id=(await find_group(house, group)).id if group else None,
            no_group=group == "",
            time_zone=time_zone,
            requests_per_minute=requests,
            occurrences_per_minute=occurrences,
            bytes_per_minute=size,
            now=house.clock.now(),
        )

    _tell(in_house(work, data_dir), as_json)


@app.command(epilog="Example: alertwhisperer company unset ID requests_per_minute")
@acts(Action.SETTING_SET)
def unset(
    company: _Id,
    name: Annotated[str, typer.Argument(metavar="NAME", help="A setting; `settings show` lists them.")],
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Take an exception back, so that the company inherits the value again."""

    async def work(house: House) -> Company:
        scope = await scope_of(house, company)
        await company_settings.unset_exception(house.database, scope, name, now=house.clock.now())
        return await companies.get_company(house.database, scope)

    _tell(in_house(work, data_dir), as_json)


@app.command("import", epilog="Example: alertwhisperer company import customers.csv --apply --keys keys.csv")
@acts(Action.COMPANY_IMPORT)
def import_(
    file: _SheetFile,
    apply: Annotated[bool, typer.Option("--apply", help="Do it; without this it only looks.")] = False,
    keys: Annotated[
        Path | None,
        typer.Option("--keys", metavar="FILE.csv", help="A new file for the keys that are made, for your eyes only."),
    ] = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Add and change many companies by a sheet: first look what it would do, then do it, all or nothing."""
    raw = sheet.read(file)
    if keys is not None:
        sheet.check_fresh(keys, "--keys")

    async def work(house: House) -> Imported:
        return await onboarding.import_companies(
            house.database,
            house.vault,
            house.sources,
            by(),
            raw,
            apply=apply,
            deliver=lambda made: sheet.keep_keys(keys, made),
            server=house.settings.url,
            now=house.clock.now(),
        )

    done = in_house(work, data_dir)
    if as_json:
        output.show_json(sheet.document(done, keys))
    elif done.plan.complaints:
        sheet.tell_complaints(done)
    else:
        sheet.tell(done, keys)
    if done.plan.complaints:
        raise sheet.refusal(done)


@app.command(epilog="Example: alertwhisperer company export customers.csv")
@acts(Action.COMPANY_EXPORT)
def export(file: _SheetFile, data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """Write all companies into a new sheet that changes nothing when it is imported; it holds no secret."""
    sheet.check_fresh(file, "FILE.csv")

    async def work(house: House) -> str:
        return await onboarding.export_companies(house.database, by(), house.sources, now=house.clock.now())

    sheet.keep(file, in_house(work, data_dir), "FILE.csv")
    output.show_json({"file": file}) if as_json else output.say(f"Written to {file}.")


def _tell(company: Company, as_json: bool, following: str = "") -> None:
    if as_json:
        output.show_json(company)
        return
    output.show_fields(company)
    if following:
        output.say("", f"{following} {company.id}")
