"""Assets of a company: what can be unwell, under all its names, and what it stands on."""

from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import Field

from alertwhisperer.api.access import Caller, allow_in_company
from alertwhisperer.api.edges import EXAMPLE as EDGE
from alertwhisperer.api.edges import EdgeShown, show_edge
from alertwhisperer.api.fields import Asked, Shown, Text, Whole, example
from alertwhisperer.api.pages import Page, PageQuery, page_of
from alertwhisperer.api.problem import responses
from alertwhisperer.api.sites import Name, Notes
from alertwhisperer.domain.inventory import Asset, NameOrigin
from alertwhisperer.guard.permissions import Action
from alertwhisperer.inventory import assets
from alertwhisperer.inventory.assets import MOST_GIVEN_ALIASES, AssetWhole
from alertwhisperer.inventory.fields import LONGEST_URL, LONGEST_WORD, MOST_LINKS, MOST_TAGS
from alertwhisperer.store.assets import AssetFilter

router = APIRouter(prefix="/api/companies/{company_id}/assets", tags=["inventory"])

_ASSET = {
    "id": "0195d3a0-7c1e-7b5a-9f00-3c8d57000000",
    "name": "db-01",
    "kind": "server",
    "weight": 5,
    "owner": "team data",
    "platform": "linux",
    "tags": ["erp", "production"],
    "links": {"wiki": "https://wiki.example.org/db-01"},
    "notes": "",
    "site_id": None,
    "confirmed": True,
    "merged_into": None,
    "created_at": "2026-03-01T08:00:00Z",
}
_NAME = {
    "name": "db-01.example.org",
    "shown": "DB-01.example.org",
    "origin": "alias",
    "source": "zabbix",
    "added_at": "2026-03-01T08:00:00Z",
}

_Word = Annotated[Text, Field(max_length=LONGEST_WORD)]
_Alias = Annotated[Text, Field(min_length=1, max_length=200)]


class AssetShown(Shown):
    """A thing that can be unwell."""

    model_config = example(_ASSET)

    id: UUID
    name: str
    kind: str
    weight: Annotated[int, Field(description="1 to 5; the business stops without one of 5")]
    owner: str
    platform: str
    tags: list[str]
    links: dict[str, str]
    notes: str
    site_id: UUID | None
    confirmed: Annotated[bool, Field(description="false: it appeared in an alert, and is never a target")]
    merged_into: UUID | None
    created_at: datetime


class NameShown(Shown):
    """A name that finds an asset."""

    model_config = example(_NAME)

    name: Annotated[str, Field(description="as names are compared")]
    shown: Annotated[str, Field(description="as it was written first")]
    origin: NameOrigin
    source: Annotated[str, Field(description="the tool that spoke of it first")]
    added_at: datetime


class AssetWholeShown(AssetShown):
    """An asset with its names, its edges in both directions, and how many alerts fire."""

    model_config = example({**_ASSET, "names": [_NAME], "edges": [EDGE], "open_alerts": 2})

    names: list[NameShown]
    edges: list[EdgeShown]
    open_alerts: int


class AssetSet(Asked):
    """What to change of an asset; what is absent stays, null empties the site. The old name stays as a former one."""

    model_config = example({"weight": 5, "tags": ["erp"]})

    name: Name = ""
    kind: _Word = ""
    weight: Annotated[Whole, Field(ge=1, le=5)] = 3
    owner: Annotated[Text, Field(max_length=200)] = ""
    platform: _Word = ""
    tags: Annotated[list[_Word], Field(max_length=MOST_TAGS)] = Field(default_factory=list)
    links: Annotated[
        dict[Text, Annotated[Text, Field(max_length=LONGEST_URL)]],
        Field(max_length=MOST_LINKS, description="name → https://…"),
    ] = Field(default_factory=dict)
    notes: Notes = ""
    site_id: UUID | None = None


class AssetAdded(AssetSet):
    """An asset to add; what a person adds is confirmed."""

    model_config = example({"name": "db-01", "kind": "server", "aliases": ["10.0.0.5"]})

    name: Name
    aliases: Annotated[list[_Alias], Field(max_length=MOST_GIVEN_ALIASES)] = Field(default_factory=list)


class AliasGiven(Asked):
    """Another name of an asset."""

    model_config = example({"name": "10.0.0.5"})

    name: _Alias


class AssetMerged(Asked):
    """Which asset it really is."""

    model_config = example({"into": "0195d3a0-7c1e-7b5a-9f00-3c8d57000001"})

    into: UUID


class AssetQuery(PageQuery):
    """Which assets."""

    q: Annotated[Text | None, Field(max_length=200, description="a part of any of its names")] = None
    site: Annotated[UUID | None, Field(description="a site's id")] = None
    tag: _Word | None = None
    kind: _Word | None = None
    confirmed: bool | None = None


class AliasQuery(Asked):
    """Which name."""

    name: _Alias


@router.get("", summary="Assets, newest first", responses=responses(404))
async def list_assets(
    caller: Annotated[Caller, allow_in_company(Action.ASSET_READ)], query: Annotated[AssetQuery, Query()]
) -> Page[AssetShown]:
    await caller.check_company()
    wanted = AssetFilter(q=query.q, site_id=query.site, tag=query.tag, kind=query.kind, confirmed=query.confirmed)
    found = await assets.list_assets(caller.desk.database, caller.scope, wanted, limit=query.reach, before=query.cursor)
    return page_of(found, query, _show, lambda one: one.id)


@router.post("", status_code=201, summary="Add an asset", responses=responses(404, 409))
async def add_asset(caller: Annotated[Caller, allow_in_company(Action.ASSET_SET)], body: AssetAdded) -> AssetShown:
    given = body.model_dump(exclude_unset=True)
    aliases = given.pop("aliases", [])
    return _show(await assets.add_asset(caller.desk.database, caller.scope, given, aliases=aliases, now=caller.now))


@router.get("/{asset_id}", summary="One asset with its names and edges", responses=responses(404))
async def read_asset(caller: Annotated[Caller, allow_in_company(Action.ASSET_READ)], asset_id: UUID) -> AssetWholeShown:
    return _show_whole(await assets.get_asset(caller.desk.database, caller.scope, asset_id))


@router.patch("/{asset_id}", summary="Change or rename an asset", responses=responses(404, 409))
async def set_asset(
    caller: Annotated[Caller, allow_in_company(Action.ASSET_SET)], asset_id: UUID, body: AssetSet
) -> AssetShown:
    given = body.model_dump(exclude_unset=True)
    return _show(await assets.set_asset(caller.desk.database, caller.scope, asset_id, given, now=caller.now))


@router.delete(
    "/{asset_id}", status_code=204, summary="Forget an asset and its names; alerts stay", responses=responses(404, 409)
)
async def remove_asset(caller: Annotated[Caller, allow_in_company(Action.ASSET_SET)], asset_id: UUID) -> None:
    await assets.remove_asset(caller.desk.database, caller.scope, asset_id, now=caller.now)


@router.post("/{asset_id}/confirm", summary="Say that an asset is there", responses=responses(404, 409))
async def confirm_asset(
    caller: Annotated[Caller, allow_in_company(Action.ASSET_CONFIRM)], asset_id: UUID
) -> AssetShown:
    return _show(await assets.confirm_asset(caller.desk.database, caller.scope, asset_id, now=caller.now))


@router.post("/{asset_id}/merge", summary="Say that an asset is another one", responses=responses(404, 409))
async def merge_asset(
    caller: Annotated[Caller, allow_in_company(Action.ASSET_MERGE)], asset_id: UUID, body: AssetMerged
) -> AssetWholeShown:
    found = await assets.merge_asset(caller.desk.database, caller.scope, asset_id, body.into, now=caller.now)
    return _show_whole(found)


@router.post(
    "/{asset_id}/names", status_code=201, summary="Let another name find an asset", responses=responses(404, 409)
)
async def add_alias(
    caller: Annotated[Caller, allow_in_company(Action.ASSET_SET)], asset_id: UUID, body: AliasGiven
) -> AssetWholeShown:
    found = await assets.add_alias(caller.desk.database, caller.scope, asset_id, body.name, now=caller.now)
    return _show_whole(found)


@router.delete("/{asset_id}/names", summary="Let a name find an asset no more", responses=responses(404, 409))
async def remove_alias(
    caller: Annotated[Caller, allow_in_company(Action.ASSET_SET)],
    asset_id: UUID,
    query: Annotated[AliasQuery, Query()],
) -> AssetWholeShown:
    found = await assets.remove_alias(caller.desk.database, caller.scope, asset_id, query.name, now=caller.now)
    return _show_whole(found)


def _show(asset: Asset) -> AssetShown:
    return AssetShown(**_fields(asset))


def _fields(asset: Asset) -> dict[str, Any]:
    return asdict(asset) | {"tags": list(asset.tags)}


def _show_whole(found: AssetWhole) -> AssetWholeShown:
    return AssetWholeShown(
        **_fields(found.asset),
        names=[
            NameShown(name=one.name, shown=one.shown, origin=one.origin, source=one.source, added_at=one.added_at)
            for one in found.names
        ],
        edges=[show_edge(edge) for edge in found.edges],
        open_alerts=found.open_alerts,
    )
