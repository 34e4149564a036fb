"""Upkeep of the partitioned tables: days ahead made, days past dropped, strays counted."""

from datetime import date, datetime

from alertwhisperer.store.database import Database, queries

DAYS_AHEAD = 7

_sql = queries("maintenance")


async def make_partitions(database: Database, *, today: date) -> int:
    """Make what is missing of the next days; gives how many were made."""
    async with database.across([]) as connection:
        made: int = await _sql.make_partitions(connection, today=today, days=DAYS_AHEAD)
    return made


async def drop_partitions(database: Database, *, keep_from: date) -> list[str]:
    """Drop the days before `keep_from`; gives the partitions' names."""
    async with database.across([]) as connection:
        return [row["name"] async for row in _sql.drop_partitions(connection, keep_from=keep_from)]


async def stray_rows(database: Database) -> dict[str, int]:
    """Rows in default partitions, by table; anything but 0 is an alarm."""
    async with database.across([]) as connection:
        return {row["relation"]: row["stray"] async for row in _sql.stray_rows(connection)}


async def forget_delivery_keys(database: Database, *, before: datetime) -> int:
    """Forget sender's ids received before a moment; gives how many."""
    async with database.across([]) as connection:
        gone: int = await _sql.forget_delivery_keys(connection, before=before)
    return gone
