"""Assets: the things of a company that can be unwell."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import asyncpg

from alertwhisperer.domain.inventory import Asset
from alertwhisperer.store.database import Unit, queries

_sql = queries("assets")


@dataclass(frozen=True, slots=True)
class AssetFilter:
    """
    Which assets; what is None takes all.

    Attributes:
        q: a part of the name, or of another name that finds it.
    """

    q: str | None = None
    site_id: UUID | None = None
    tag: str | None = None
    kind: str | None = None
    confirmed: bool | None = None


async def insert(unit: Unit, assets: Sequence[Asset]) -> None:
    """Add assets; their ids must be new."""
    await _sql.insert(unit.connection, company_id=unit.company_id, rows=[_row(one) for one in assets])


async def update(unit: Unit, assets: Sequence[Asset]) -> None:
    """Write what assets are now."""
    await _sql.update(unit.connection, company_id=unit.company_id, rows=[_row(one) for one in assets])


async def among(unit: Unit, asset_ids: Sequence[UUID]) -> dict[UUID, Asset]:
    """Those of the assets that the company has, by id."""
    rows = _sql.among(unit.connection, company_id=unit.company_id, asset_ids=list(asset_ids), limit=len(asset_ids))
    return {row["id"]: _asset(row) async for row in rows}


async def lock(unit: Unit, asset_ids: Sequence[UUID]) -> dict[UUID, Asset]:
    """The same as `among`; nobody else changes them until the unit ends."""
    rows = _sql.lock(unit.connection, company_id=unit.company_id, asset_ids=list(asset_ids), limit=len(asset_ids))
    return {row["id"]: _asset(row) async for row in rows}


async def page(unit: Unit, wanted: AssetFilter, *, limit: int, before: UUID | None = None) -> list[Asset]:
    """Assets, newest first, from the one after `before`; without those that were merged into another."""
    rows = _sql.page(
        unit.connection,
        company_id=unit.company_id,
        q=wanted.q,
        site_id=wanted.site_id,
        tag=wanted.tag,
        kind=wanted.kind,
        confirmed=wanted.confirmed,
        limit=limit,
        before=before,
    )
    return [_asset(row) async for row in rows]


async def redirect(unit: Unit, asset_id: UUID, into_id: UUID) -> None:
    """What was merged into one asset counts as merged into the other."""
    await _sql.redirect(unit.connection, company_id=unit.company_id, asset_id=asset_id, into_id=into_id)


async def remove(unit: Unit, asset_id: UUID) -> None:
    """Remove an asset without edges and names, and what was merged into it."""
    await _sql.remove(unit.connection, company_id=unit.company_id, asset_id=asset_id)


async def open_alerts(unit: Unit, asset_id: UUID) -> int:
    """How many alerts fire now under any of the asset's names."""
    count: int = await _sql.open_alerts(unit.connection, company_id=unit.company_id, asset_id=asset_id)
    return count


def _asset(row: asyncpg.Record) -> Asset:
    fields: dict[str, Any] = dict(row)
    return Asset(**fields | {"tags": tuple(fields["tags"])})


def _row(asset: Asset) -> dict[str, object]:
    return {
        "asset_id": asset.id,
        "name": asset.name,
        "kind": asset.kind,
        "weight": asset.weight,
        "owner": asset.owner,
        "platform": asset.platform,
        "tags": asset.tags,
        "links": asset.links,
        "notes": asset.notes,
        "site_id": asset.site_id,
        "confirmed": asset.confirmed,
        "merged_into": asset.merged_into,
        "created_at": asset.created_at,
    }
