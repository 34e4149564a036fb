"""Names of assets: which asset a name finds, and the names that alerts came with and no asset has yet."""

from collections.abc import Sequence
from uuid import UUID

from alertwhisperer.domain.company import CompanyId
from alertwhisperer.domain.inventory import MOST_ALIASES, AssetName
from alertwhisperer.store.database import Database, Unit, queries

_sql = queries("asset_names")

MOST_SHOWN = 1_000
"""Names of one asset that are read at once."""


async def enter(unit: Unit) -> None:
    """Wait until nobody else changes the company's names, and keep others waiting until the unit ends."""
    await _sql.enter(unit.connection, company_id=unit.company_id)


async def among(unit: Unit, names: Sequence[str]) -> dict[str, AssetName]:
    """Those of the names (canonical) that are known, with or without an asset."""
    rows = _sql.among(unit.connection, company_id=unit.company_id, names=list(names), limit=len(names))
    return {row["name"]: AssetName(**row) async for row in rows}


async def of_asset(unit: Unit, asset_id: UUID, *, limit: int = MOST_SHOWN) -> list[AssetName]:
    """The names that find an asset, in alphabetical order."""
    rows = _sql.of_asset(unit.connection, company_id=unit.company_id, asset_id=asset_id, limit=limit)
    return [AssetName(**row) async for row in rows]


async def of_same_asset(unit: Unit, name: str) -> list[str]:
    """All names of the asset that a name finds (canonical, as are the answers); the name alone when it finds none."""
    rows = _sql.of_same_asset(unit.connection, company_id=unit.company_id, name=name, limit=MOST_SHOWN)
    return [row["name"] async for row in rows] or [name]


async def unknown(unit: Unit, *, limit: int) -> list[AssetName]:
    """Names that alerts came with and that no asset has yet."""
    rows = _sql.unknown(unit.connection, company_id=unit.company_id, limit=limit)
    return [AssetName(**row) async for row in rows]


async def companies_with_unknown(database: Database) -> list[CompanyId]:
    """Companies that have such names, at most a thousand at once; ids only, so it needs no company."""
    async with database.across([]) as connection:
        return [CompanyId(row["company_id"]) async for row in _sql.companies_with_unknown(connection)]


async def aliases(unit: Unit) -> dict[str, str]:
    """Every name that is not its asset's own → the asset's own; one more than `MOST_ALIASES` at most."""
    rows = _sql.aliases(unit.connection, company_id=unit.company_id, limit=MOST_ALIASES + 1)
    return {row["name"]: row["own"] async for row in rows}


async def put(unit: Unit, names: Sequence[AssetName]) -> None:
    """Give names to assets, whoever had them; their source stays as it is where they were known."""
    rows = [
        {
            "name": one.name,
            "asset_id": one.asset_id,
            "shown": one.shown,
            "origin": one.origin,
            "source": one.source,
            "added_at": one.added_at,
        }
        for one in names
    ]
    await _sql.put(unit.connection, company_id=unit.company_id, rows=rows)


async def move(unit: Unit, asset_id: UUID, into_id: UUID) -> None:
    """The names of one asset find the other from now on, as `merged` ones."""
    await _sql.move(unit.connection, company_id=unit.company_id, asset_id=asset_id, into_id=into_id)


async def remove(unit: Unit, name: str) -> None:
    """Forget a name."""
    await _sql.remove(unit.connection, company_id=unit.company_id, name=name)


async def remove_of(unit: Unit, asset_id: UUID) -> None:
    """Forget the names of an asset."""
    await _sql.remove_of(unit.connection, company_id=unit.company_id, asset_id=asset_id)
