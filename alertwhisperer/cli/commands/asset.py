"""`alertwhisperer asset`: what a company has, under all its names, and what it stands on."""

from dataclasses import asdict
from typing import Annotated, Any

import typer

from alertwhisperer.api.bindings import fields_of, fields_of_check
from alertwhisperer.app.build import House
from alertwhisperer.app.targets import runners_of
from alertwhisperer.cli import imported, output
from alertwhisperer.cli.acting import acts
from alertwhisperer.cli.groups import group
from alertwhisperer.cli.house import AsJson, Company, DataDir, Limit, in_house, scope_of
from alertwhisperer.cli.imported import Apply, File
from alertwhisperer.cli.values import values_of
from alertwhisperer.domain.inventory import EDGE_KINDS, Asset, Edge, EdgeKind
from alertwhisperer.domain.reach import BindingCheck, BoundAsset
from alertwhisperer.guard.companies import get_company
from alertwhisperer.guard.permissions import Action
from alertwhisperer.inventory import assets, edges, sites
from alertwhisperer.inventory.assets import AssetWhole
from alertwhisperer.inventory.importing import Imported, import_assets, read_links
from alertwhisperer.remediate import bindings
from alertwhisperer.remediate.trial import check_binding
from alertwhisperer.store.assets import AssetFilter

app = group("Assets of a company: what can be unwell, and what it stands on.")

_Asset = Annotated[str, typer.Argument(metavar="ASSET", help="Any name of the asset, or its id.")]
_Other = Annotated[str, typer.Argument(metavar="OTHER", help="Any name of the other asset, or its id.")]
_Kind = Annotated[str | None, typer.Option("--kind", help="server, vm, switch, website, …")]
_Weight = Annotated[int | None, typer.Option("--weight", min=1, max=5, help="5: the business stops without it.")]
_Owner = Annotated[str | None, typer.Option("--owner")]
_Platform = Annotated[str | None, typer.Option("--platform", help="linux, windows, …")]
_Tags = Annotated[list[str] | None, typer.Option("--tag", help="Repeatable; replaces all tags.")]
_Links = Annotated[list[str] | None, typer.Option("--link", metavar="NAME=URL", help="Repeatable; replaces all.")]
_Notes = Annotated[str | None, typer.Option("--notes")]
_Place = Annotated[str | None, typer.Option("--site", help="A site's name or id.")]
_EdgeKind = Annotated[EdgeKind, typer.Option("--kind", help=", ".join(EDGE_KINDS) + ".")]


@app.command("list", epilog="Example: alertwhisperer asset list --company ID --tag erp --unconfirmed")
@acts(Action.ASSET_READ)
def list_(
    company: Company,
    q: Annotated[str | None, typer.Option("--q", help="A part of any of its names.")] = None,
    site: _Place = None,
    tag: Annotated[str | None, typer.Option("--tag")] = None,
    kind: _Kind = None,
    confirmed: Annotated[
        bool | None, typer.Option("--confirmed/--unconfirmed", help="Known to a person, or only seen in an alert.")
    ] = None,
    limit: Limit = 100,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """List a company's assets, newest first."""

    async def work(house: House) -> list[Asset]:
        scope = await scope_of(house, company)
        await get_company(house.database, scope)
        place = None if site is None else (await sites.find_site(house.database, scope, site)).id
        wanted = AssetFilter(q=q, site_id=place, tag=tag, kind=kind, confirmed=confirmed)
        return await assets.list_assets(house.database, scope, wanted, limit=limit)

    found = in_house(work, data_dir)
    if as_json:
        output.show_list(found)
        return
    output.show_table(
        ("id", "name", "kind", "weight", "owner", "tags", "confirmed"),
        ((one.id, one.name, one.kind, one.weight, one.owner, one.tags, one.confirmed) for one in found),
        empty="No asset. Alerts bring them; or add one: alertwhisperer asset add NAME --company ID",
    )


@app.command(epilog="Example: alertwhisperer asset show db-01 --company ID")
@acts(Action.ASSET_READ)
def show(asset: _Asset, company: Company, data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """Show one asset with all its names, its edges and how many alerts fire."""

    async def work(house: House) -> AssetWhole:
        scope = await scope_of(house, company)
        found = await assets.find_asset(house.database, scope, asset)
        return await assets.get_asset(house.database, scope, found.id)

    _tell_whole(in_house(work, data_dir), as_json)


@app.command(epilog="Example: alertwhisperer asset add db-01 --company ID --kind server --alias 10.0.0.5 --weight 5")
@acts(Action.ASSET_SET)
def add(
    name: Annotated[str, typer.Argument(metavar="NAME")],
    company: Company,
    alias: Annotated[list[str] | None, typer.Option("--alias", help="Another name of it. Repeatable.")] = None,
    kind: _Kind = None,
    weight: _Weight = None,
    owner: _Owner = None,
    platform: _Platform = None,
    tag: _Tags = None,
    link: _Links = None,
    notes: _Notes = None,
    site: _Place = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Add an asset; it is confirmed by that."""
    given = {"name": name, **_given(kind, weight, owner, platform, tag, link, notes)}

    async def work(house: House) -> Asset:
        scope = await scope_of(house, company)
        if site is not None:
            given["site_id"] = (await sites.find_site(house.database, scope, site)).id
        return await assets.add_asset(house.database, scope, given, aliases=alias or [], now=house.clock.now())

    _tell(in_house(work, data_dir), as_json)


@app.command("set", epilog="Example: alertwhisperer asset set db-01 --company ID --weight 5 --tag erp --tag production")
@acts(Action.ASSET_SET)
def set_(
    asset: _Asset,
    company: Company,
    kind: _Kind = None,
    weight: _Weight = None,
    owner: _Owner = None,
    platform: _Platform = None,
    tag: _Tags = None,
    link: _Links = None,
    notes: _Notes = None,
    site: _Place = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Change what is given of an asset, and leave the rest; --site '' takes it off its site."""
    given = _given(kind, weight, owner, platform, tag, link, notes)

    async def work(house: House) -> Asset:
        scope = await scope_of(house, company)
        found = await assets.find_asset(house.database, scope, asset)
        if site is not None:
            given["site_id"] = (await sites.find_site(house.database, scope, site)).id if site else None
        return await assets.set_asset(house.database, scope, found.id, given, now=house.clock.now())

    _tell(in_house(work, data_dir), as_json)


@app.command(epilog="Example: alertwhisperer asset rename db-01 erp-db --company ID")
@acts(Action.ASSET_SET)
def rename(
    asset: _Asset,
    name: Annotated[str, typer.Argument(metavar="NAME", help="The new name.")],
    company: Company,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Give an asset another name; the old one still finds it."""

    async def work(house: House) -> Asset:
        scope = await scope_of(house, company)
        found = await assets.find_asset(house.database, scope, asset)
        return await assets.set_asset(house.database, scope, found.id, {"name": name}, now=house.clock.now())

    _tell(in_house(work, data_dir), as_json)


@app.command(epilog="Example: alertwhisperer asset alias db-01 10.0.0.5 --company ID")
@acts(Action.ASSET_SET)
def alias(
    asset: _Asset,
    name: Annotated[str, typer.Argument(metavar="NAME", help="Another name of it.")],
    company: Company,
    remove: Annotated[bool, typer.Option("--remove", help="Let this name find it no more.")] = False,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Let another name find an asset: alerts under both go to one incident."""

    async def work(house: House) -> AssetWhole:
        scope = await scope_of(house, company)
        found = await assets.find_asset(house.database, scope, asset)
        change = assets.remove_alias if remove else assets.add_alias
        return await change(house.database, scope, found.id, name, now=house.clock.now())

    _tell_whole(in_house(work, data_dir), as_json)


@app.command(epilog="Example: alertwhisperer asset merge db-01.example.org db-01 --company ID")
@acts(Action.ASSET_MERGE)
def merge(asset: _Asset, other: _Other, company: Company, data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """Say that ASSET is really OTHER: its names and edges are OTHER's from now on."""

    async def work(house: House) -> AssetWhole:
        scope = await scope_of(house, company)
        gone = await assets.find_asset(house.database, scope, asset)
        into = await assets.find_asset(house.database, scope, other)
        return await assets.merge_asset(house.database, scope, gone.id, into.id, now=house.clock.now())

    _tell_whole(in_house(work, data_dir), as_json)


@app.command(epilog="Example: alertwhisperer asset confirm db-01 db-02 --company ID")
@acts(Action.ASSET_CONFIRM)
def confirm(
    asset: Annotated[list[str], typer.Argument(metavar="ASSET...", help="Any names of assets, or ids.")],
    company: Company,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Say that assets which only appeared in alerts are really there."""

    async def work(house: House) -> list[Asset]:
        scope = await scope_of(house, company)
        found = [await assets.find_asset(house.database, scope, one) for one in asset]
        return [await assets.confirm_asset(house.database, scope, one.id, now=house.clock.now()) for one in found]

    done = in_house(work, data_dir)
    if as_json:
        output.show_list(done)
        return
    output.say(*(f"{one.name} is confirmed." for one in done))


@app.command(epilog="Example: alertwhisperer asset connect db-01 esx-03 --kind runs_on --company ID")
@acts(Action.ASSET_SET)
def connect(
    asset: _Asset, other: _Other, kind: _EdgeKind, company: Company, data_dir: DataDir = None, as_json: AsJson = False
) -> None:
    """Say that ASSET depends on, runs on, is connected to or is a member of OTHER."""

    async def work(house: House) -> Edge:
        scope = await scope_of(house, company)
        one = await assets.find_asset(house.database, scope, asset)
        two = await assets.find_asset(house.database, scope, other)
        return await edges.connect(house.database, scope, one.id, two.id, kind, now=house.clock.now())

    made = in_house(work, data_dir)
    if as_json:
        output.show_json(made)
        return
    output.say(f"{made.from_name} {made.kind} {made.to_name}.")


@app.command(epilog="Example: alertwhisperer asset disconnect db-01 esx-03 --kind runs_on --company ID")
@acts(Action.ASSET_SET)
def disconnect(
    asset: _Asset, other: _Other, kind: _EdgeKind, company: Company, data_dir: DataDir = None, as_json: AsJson = False
) -> None:
    """Take back what `connect` said."""

    async def work(house: House) -> Edge:
        scope = await scope_of(house, company)
        one = await assets.find_asset(house.database, scope, asset)
        two = await assets.find_asset(house.database, scope, other)
        edge = await edges.find_edge(house.database, scope, one.id, two.id, kind)
        return await edges.disconnect(house.database, scope, edge.id, now=house.clock.now())

    gone = in_house(work, data_dir)
    if as_json:
        output.show_json({"id": gone.id, "removed": True})
        return
    output.say(f"{gone.from_name} {gone.kind} {gone.to_name}: taken back.")


@app.command(epilog="Example: alertwhisperer asset remove db-01 --company ID")
@acts(Action.ASSET_SET)
def remove(asset: _Asset, company: Company, data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """Forget an asset with its names and edges; its alerts stay."""

    async def work(house: House) -> Asset:
        scope = await scope_of(house, company)
        found = await assets.find_asset(house.database, scope, asset)
        await assets.remove_asset(house.database, scope, found.id, now=house.clock.now())
        return found

    gone = in_house(work, data_dir)
    if as_json:
        output.show_json({"id": gone.id, "removed": True})
        return
    output.say(f"The asset {gone.name} is removed.")


@app.command("import", epilog="Example: alertwhisperer asset import assets.csv --company ID --apply")
@acts(Action.ASSET_SET)
def import_(
    file: File, company: Company, apply: Apply = False, data_dir: DataDir = None, as_json: AsJson = False
) -> None:
    """Add, change and confirm assets by a file, all or nothing; without --apply it is only tried."""

    async def work(house: House, text: bytes) -> Imported:
        scope = await scope_of(house, company)
        return await import_assets(house.database, scope, text, apply=apply, now=house.clock.now())

    imported.run(work, file, data_dir, as_json, "asset")


@app.command(
    epilog="Example: alertwhisperer asset bind db-01 --company ID --executor ssh --credential servers "
    "--set address=10.0.0.5 --set user=aw --set host_key=@db-01.pub"
)
@acts(Action.BINDING_SET)
def bind(
    asset: _Asset,
    company: Company,
    executor: Annotated[str, typer.Option("--executor", help="ssh, ssm, winrm, …")],
    credential: Annotated[str, typer.Option("--credential", help="A credential's name or id.")],
    setting: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="NAME=VALUE", help="Repeatable; NAME=@FILE reads the value from a file."),
    ] = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Let scripts run on a confirmed asset, and say how it is reached; a binding that it has is replaced."""
    settings = values_of(setting, option="--set")

    async def work(house: House) -> BoundAsset:
        scope = await scope_of(house, company)
        found = await assets.find_asset(house.database, scope, asset)
        return await bindings.bind_asset(
            house.database, house.vault, scope, found.id, executor, credential, settings, now=house.clock.now()
        )

    _tell_binding(in_house(work, data_dir), as_json)


@app.command(epilog="Example: alertwhisperer asset unbind db-01 --company ID")
@acts(Action.BINDING_SET)
def unbind(asset: _Asset, company: Company, data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """Let nothing run on an asset any more."""

    async def work(house: House) -> Asset:
        scope = await scope_of(house, company)
        found = await assets.find_asset(house.database, scope, asset)
        await bindings.unbind_asset(house.database, scope, found.id, now=house.clock.now())
        return found

    gone = in_house(work, data_dir)
    if as_json:
        output.show_json({"asset_id": gone.id, "bound": False})
        return
    output.say(f"Nothing runs on {gone.name} any more.")


@app.command(epilog="Example: alertwhisperer asset binding db-01 --company ID")
@acts(Action.BINDING_READ)
def binding(asset: _Asset, company: Company, data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """Show how an asset is reached."""

    async def work(house: House) -> BoundAsset:
        scope = await scope_of(house, company)
        found = await assets.find_asset(house.database, scope, asset)
        return await bindings.get_binding(house.database, scope, found.id)

    _tell_binding(in_house(work, data_dir), as_json)


@app.command(epilog="Example: alertwhisperer asset check db-01 --company ID")
@acts(Action.BINDING_CHECK)
def check(asset: _Asset, company: Company, data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """Go to a bound asset and look whether a script could begin there; exit code 1 if not. Nothing is run."""

    async def work(house: House) -> BindingCheck:
        scope = await scope_of(house, company)
        found = await assets.find_asset(house.database, scope, asset)
        runners = runners_of(house.settings, house.clock)
        return await check_binding(house.database, house.vault, scope, runners, found.id, clock=house.clock)

    seen = in_house(work, data_dir)
    if as_json:
        output.show_json(fields_of_check(seen))
    else:
        output.say("\n".join(seen.wrong) or "A script could begin there.")
    if seen.wrong:
        raise typer.Exit(1)


def _tell_binding(found: BoundAsset, as_json: bool) -> None:
    output.show_json(fields_of(found)) if as_json else output.show_fields(fields_of(found))


def _given(
    kind: str | None,
    weight: int | None,
    owner: str | None,
    platform: str | None,
    tags: list[str] | None,
    links: list[str] | None,
    notes: str | None,
) -> dict[str, Any]:
    given = {
        "kind": kind,
        "weight": weight,
        "owner": owner,
        "platform": platform,
        "tags": tags or None,
        "links": read_links(links) if links else None,
        "notes": notes,
    }
    return {field: value for field, value in given.items() if value is not None}


def _tell(asset: Asset, as_json: bool) -> None:
    if as_json:
        output.show_json(asset)
    else:
        output.show_fields(asset)


def _tell_whole(found: AssetWhole, as_json: bool) -> None:
    fields = asdict(found.asset)
    if as_json:
        names = [{field: value for field, value in asdict(one).items() if field != "asset_id"} for one in found.names]
        output.show_json({**fields, "names": names, "edges": found.edges, "open_alerts": found.open_alerts})
        return
    output.show_fields({**fields, "open_alerts": found.open_alerts})
    print()
    output.show_table(
        ("name", "written", "why", "tool"),
        ((one.name, one.shown, one.origin, one.source) for one in found.names),
        empty="No name finds it: it was merged.",
    )
    if found.edges:
        print()
        output.say(*(f"{edge.from_name} {edge.kind} {edge.to_name}" for edge in found.edges))
