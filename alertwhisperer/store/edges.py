"""Edges of the topology: what stands on what."""

from collections.abc import Sequence
from uuid import UUID

from alertwhisperer.domain.inventory import Edge, EdgeKind
from alertwhisperer.store.database import Unit, queries

_sql = queries("edges")

MOST_OF_ASSET = 1_000
"""How many edges of one asset are shown, or move with it; a switch has a few hundred."""


async def insert(unit: Unit, edges: Sequence[Edge]) -> None:
    """Add edges; one that says what another says already is left out."""
    rows = [
        {
            "edge_id": edge.id,
            "from_asset": edge.from_asset,
            "to_asset": edge.to_asset,
            "kind": edge.kind,
            "added_by": edge.added_by,
            "added_at": edge.added_at,
        }
        for edge in edges
    ]
    await _sql.insert(unit.connection, company_id=unit.company_id, rows=rows)


async def find(unit: Unit, from_asset: UUID, to_asset: UUID, kind: EdgeKind) -> Edge | None:
    """The edge of this kind from one asset to the other."""
    row = await _sql.find(
        unit.connection, company_id=unit.company_id, from_asset=from_asset, to_asset=to_asset, kind=kind
    )
    return Edge(**row) if row else None


async def read(unit: Unit, edge_id: UUID) -> Edge | None:
    """One edge; None when the company has none of this id."""
    row = await _sql.read(unit.connection, company_id=unit.company_id, edge_id=edge_id)
    return Edge(**row) if row else None


async def page(
    unit: Unit, *, asset_id: UUID | None = None, kind: EdgeKind | None = None, limit: int, before: UUID | None = None
) -> list[Edge]:
    """Edges, newest first, from the one after `before`; of one asset, in both directions; of one kind."""
    rows = _sql.page(
        unit.connection, company_id=unit.company_id, asset_id=asset_id, kind=kind, limit=limit, before=before
    )
    return [Edge(**row) async for row in rows]


async def remove(unit: Unit, edge_id: UUID) -> None:
    """Remove an edge."""
    await _sql.remove(unit.connection, company_id=unit.company_id, edge_id=edge_id)


async def remove_of(unit: Unit, asset_id: UUID) -> None:
    """Remove every edge of an asset."""
    await _sql.remove_of(unit.connection, company_id=unit.company_id, asset_id=asset_id)
