"""Edges: what stands on what, as people say; every change is audited."""

from datetime import datetime
from uuid import UUID

from alertwhisperer.domain.audit import AuditAction, Resource
from alertwhisperer.domain.company import Scope
from alertwhisperer.domain.errors import Conflicting, Invalid, NotFound
from alertwhisperer.domain.inventory import EDGE_KINDS, Edge, EdgeKind
from alertwhisperer.inventory.names import in_order
from alertwhisperer.kit.ids import uuid7
from alertwhisperer.store import assets, audit, edges
from alertwhisperer.store.database import Database


async def connect(
    database: Database, scope: Scope, from_asset: UUID, to_asset: UUID, kind: str, *, now: datetime
) -> Edge:
    """
    Say that one asset depends on, runs on, is connected to, or is a member of another; saying it twice is saying it.

    Raises:
        Invalid: no such kind, or an asset and itself.
        NotFound: the company has no such assets.
        Conflicting: one of them was merged, or has as many edges as are kept.
    """
    if kind not in EDGE_KINDS:
        raise Invalid(f"{kind!r} is no kind of edge", where="kind", mend=f"use {', '.join(EDGE_KINDS)}")
    if from_asset == to_asset:
        raise Invalid("an asset does not stand on itself", where="to_asset", mend="name another one")
    edge = in_order(Edge(uuid7(now), from_asset, to_asset, kind, scope.actor, now))
    async with database.unit_of_work(scope) as unit:
        found = await assets.lock(unit, sorted((from_asset, to_asset)))
        for asset_id, where in ((from_asset, "from_asset"), (to_asset, "to_asset")):
            if asset_id not in found:
                raise NotFound(f"there is no asset {asset_id}", where=where, mend="list the assets")
            if found[asset_id].merged_into is not None:
                raise Conflicting("the asset was merged", where=where, mend=f"use {found[asset_id].merged_into}")
            if len(await edges.page(unit, asset_id=asset_id, limit=edges.MOST_OF_ASSET)) >= edges.MOST_OF_ASSET:
                raise Conflicting(
                    f"an asset has at most {edges.MOST_OF_ASSET} edges", where=where, mend="say it of a group's member"
                )
        known = await edges.find(unit, edge.from_asset, edge.to_asset, edge.kind)
        if known is not None:
            return known
        await edges.insert(unit, [edge])
        detail = {"from": str(edge.from_asset), "to": str(edge.to_asset), "kind": kind}
        await audit.write(unit, AuditAction.ASSET_CONNECTED, Resource("asset", str(edge.id)), detail, now=now)
        made = await edges.read(unit, edge.id)
    assert made is not None  # noqa: S101 - just written
    return made


async def disconnect(database: Database, scope: Scope, edge_id: UUID, *, now: datetime) -> Edge:
    """
    Take an edge back.

    Raises:
        NotFound: the company has no such edge.
    """
    async with database.unit_of_work(scope) as unit:
        edge = await edges.read(unit, edge_id)
        if edge is None:
            raise NotFound(f"there is no edge {edge_id}", where="edge_id", mend="list the edges")
        await edges.remove(unit, edge_id)
        detail = {"from": str(edge.from_asset), "to": str(edge.to_asset), "kind": edge.kind}
        await audit.write(unit, AuditAction.ASSET_DISCONNECTED, Resource("asset", str(edge_id)), detail, now=now)
    return edge


async def get_edge(database: Database, scope: Scope, edge_id: UUID) -> Edge:
    """One edge; raises `NotFound` when the company has no such one."""
    async with database.unit_of_work(scope) as unit:
        edge = await edges.read(unit, edge_id)
    if edge is None:
        raise NotFound(f"there is no edge {edge_id}", where="edge_id", mend="list the edges")
    return edge


async def find_edge(database: Database, scope: Scope, from_asset: UUID, to_asset: UUID, kind: EdgeKind) -> Edge:
    """The edge of one kind between two assets; raises `NotFound` when there is none."""
    asked = in_order(Edge(UUID(int=0), from_asset, to_asset, kind, "", datetime.min))
    async with database.unit_of_work(scope) as unit:
        edge = await edges.find(unit, asked.from_asset, asked.to_asset, kind)
    if edge is None:
        raise NotFound("the two are not connected so", where="kind", mend="show the asset to see its edges")
    return edge


async def list_edges(
    database: Database,
    scope: Scope,
    *,
    asset_id: UUID | None = None,
    kind: EdgeKind | None = None,
    limit: int = 100,
    before: UUID | None = None,
) -> list[Edge]:
    """Edges, newest first, from the one after `before` (an edge's id); of one asset in both directions if given."""
    async with database.unit_of_work(scope) as unit:
        return await edges.page(unit, asset_id=asset_id, kind=kind, limit=limit, before=before)
