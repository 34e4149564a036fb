"""Edges between a company's assets: what stands on what."""

from dataclasses import asdict
from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import Field

from alertwhisperer.api.access import Caller, allow_in_company
from alertwhisperer.api.fields import Asked, Shown, example
from alertwhisperer.api.pages import Page, PageQuery, page_of
from alertwhisperer.api.problem import responses
from alertwhisperer.domain.inventory import Edge, EdgeKind
from alertwhisperer.guard.permissions import Action
from alertwhisperer.inventory import edges

router = APIRouter(prefix="/api/companies/{company_id}/edges", tags=["inventory"])

EXAMPLE = {
    "id": "0195d3a0-7c1e-7b5a-9f00-3c8d58000000",
    "kind": "runs_on",
    "from_asset": "0195d3a0-7c1e-7b5a-9f00-3c8d57000000",
    "from_name": "db-01",
    "to_asset": "0195d3a0-7c1e-7b5a-9f00-3c8d57000001",
    "to_name": "esx-03",
    "added_by": "kim@example.org",
    "added_at": "2026-03-01T08:00:00Z",
}


class EdgeShown(Shown):
    """`from` depends on, runs on, or is a member of `to`; of `connected` ones neither is first."""

    model_config = example(EXAMPLE)

    id: UUID
    kind: EdgeKind
    from_asset: UUID
    from_name: str
    to_asset: UUID
    to_name: str
    added_by: str
    added_at: datetime


class EdgeAdded(Asked):
    """An edge to add."""

    model_config = example({name: EXAMPLE[name] for name in ("from_asset", "to_asset", "kind")})

    from_asset: UUID
    to_asset: UUID
    kind: EdgeKind


class EdgeQuery(PageQuery):
    """Which edges."""

    asset: Annotated[UUID | None, Field(description="an asset's id; its edges in both directions")] = None
    kind: EdgeKind | None = None


@router.get("", summary="Edges, newest first", responses=responses(404))
async def list_edges(
    caller: Annotated[Caller, allow_in_company(Action.ASSET_READ)], query: Annotated[EdgeQuery, Query()]
) -> Page[EdgeShown]:
    await caller.check_company()
    found = await edges.list_edges(
        caller.desk.database,
        caller.scope,
        asset_id=query.asset,
        kind=query.kind,
        limit=query.reach,
        before=query.cursor,
    )
    return page_of(found, query, show_edge, lambda one: one.id)


@router.post("", status_code=201, summary="Say what stands on what", responses=responses(404, 409))
async def add_edge(caller: Annotated[Caller, allow_in_company(Action.ASSET_SET)], body: EdgeAdded) -> EdgeShown:
    made = await edges.connect(
        caller.desk.database, caller.scope, body.from_asset, body.to_asset, body.kind, now=caller.now
    )
    return show_edge(made)


@router.get("/{edge_id}", summary="One edge", responses=responses(404))
async def read_edge(caller: Annotated[Caller, allow_in_company(Action.ASSET_READ)], edge_id: UUID) -> EdgeShown:
    return show_edge(await edges.get_edge(caller.desk.database, caller.scope, edge_id))


@router.delete("/{edge_id}", status_code=204, summary="Take an edge back", responses=responses(404))
async def remove_edge(caller: Annotated[Caller, allow_in_company(Action.ASSET_SET)], edge_id: UUID) -> None:
    await edges.disconnect(caller.desk.database, caller.scope, edge_id, now=caller.now)


def show_edge(edge: Edge) -> EdgeShown:
    """An edge as the API shows it."""
    return EdgeShown(**asdict(edge))
