"""
Discovery: names that alerts came with, and that no asset has, become unconfirmed assets.

The hot path only notes such names (store/hot/write.sql); the scheduler makes assets of them a moment later. They group
alerts like any other asset, and are never a target: alert content is no authority.
"""

from datetime import datetime

from alertwhisperer.domain.company import Scope
from alertwhisperer.domain.inventory import Asset, AssetName
from alertwhisperer.kit.ids import uuid7
from alertwhisperer.store import asset_names, assets
from alertwhisperer.store.database import Database

AT_ONCE = 500
"""Names that one call takes: a transaction of a few milliseconds."""


async def discover(database: Database, scope: Scope, *, now: datetime) -> int:
    """
    Make unconfirmed assets of a company's unknown names.

    Returns:
        How many; `AT_ONCE` when there may be more.
    """
    async with database.unit_of_work(scope) as unit:
        await asset_names.enter(unit)
        names = await asset_names.unknown(unit, limit=AT_ONCE)
        found = [_asset(one, now=now) for one in names]
        if found:
            await assets.insert(unit, found)
            await asset_names.put(unit, [_own(name, asset) for name, asset in zip(names, found, strict=True)])
    return len(found)


def _asset(seen: AssetName, *, now: datetime) -> Asset:
    return Asset(
        id=uuid7(now),
        name=seen.shown,
        kind="",
        weight=3,
        owner="",
        platform="",
        tags=(),
        links={},
        notes="",
        site_id=None,
        confirmed=False,
        merged_into=None,
        created_at=now,
    )


def _own(seen: AssetName, asset: Asset) -> AssetName:
    return AssetName(seen.name, asset.id, seen.shown, "own", seen.source, seen.added_at)
