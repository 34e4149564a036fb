"""
Reads and replaces sealed values wherever they lie, as the database's owner; for a rotation of keys alone.

Names of tables and columns come from `guard/sealed.py`, never from outside; values are bound. Rows are locked so that
nobody else changes them meanwhile, and so that whoever only refers to them (each delivery does) need not wait.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from alertwhisperer.store.database import SET_COMPANIES, Connection, setting_of

Row = Mapping[str, Any]

_SEALED = "jsonb_typeof(one.value) = 'object' AND one.value ? '$sealed'"  # as ingest/secret_settings.py writes it
_MARK = "substr(encode(decode(one.value ->> '$sealed', 'base64'), 'hex'), 3, 8)"


async def see_everything(owner: Connection) -> None:
    """Let this session see every company that there is now; even the owner is under the row-level policies."""
    companies = await owner.fetch("SELECT company_id FROM tenant")
    await owner.execute(SET_COMPANIES.replace("true", "false"), setting_of([row[0] for row in companies]))


async def sealed_otherwise(
    owner: Connection,
    table: str,
    column: str,
    key: Sequence[str],
    also: Sequence[str],
    mark: str,
    after: Sequence[Any] | None,
    *,
    limit: int,
) -> list[Row]:
    """
    Rows whose value another key sealed, by their key, locked for this transaction.

    Args:
        key: the columns that name a row; also: further ones to read.
        mark: of the sealing key whose values are left alone, in hexadecimal.
        after: the key of the row that was the last before; None begins.
    """
    query = (
        f"SELECT {', '.join((*key, *also, column))} FROM {table} "  # noqa: S608 - names are ours
        f"WHERE substring({column} FROM 2 FOR 4) <> decode($2, 'hex') {_onward(key, after, first=3)}"
        f"ORDER BY {', '.join(key)} LIMIT $1 FOR NO KEY UPDATE"
    )
    return [dict(row) for row in await owner.fetch(query, limit, mark, *(after or ()))]


async def replace(owner: Connection, table: str, column: str, key: Mapping[str, Any], value: bytes) -> None:
    """Put a value in the place of another."""
    await owner.execute(
        f"UPDATE {table} SET {column} = $1 WHERE {_where(key)}",  # noqa: S608 - names are ours
        value,
        *key.values(),
    )


async def secret_settings_otherwise(
    owner: Connection, table: str, key: Sequence[str], mark: str, after: Sequence[Any] | None, *, limit: int
) -> list[Row]:
    """
    Rows in whose settings another key sealed something, by their key, locked.

    Returns:
        The key's columns and `sealed`: JSON of the sealed settings alone.
    """
    names = ", ".join(key)
    query = (
        f"SELECT {names}, (SELECT jsonb_object_agg(one.key, one.value) FROM jsonb_each(settings) one "  # noqa: S608 - names are ours
        f"WHERE {_SEALED})::text AS sealed FROM {table} "
        f"WHERE EXISTS (SELECT FROM jsonb_each(settings) one WHERE {_SEALED} AND {_MARK} <> $2) "
        f"{_onward(key, after, first=3)}ORDER BY {names} LIMIT $1 FOR NO KEY UPDATE"
    )
    return [dict(row) for row in await owner.fetch(query, limit, mark, *(after or ()))]


async def replace_settings(owner: Connection, table: str, key: Mapping[str, Any], sealed: str) -> None:
    """Put sealed settings (JSON) in the place of those of the same names; the others stay as they are."""
    await owner.execute(
        f"UPDATE {table} SET settings = settings || $1::text::jsonb WHERE {_where(key)}",  # noqa: S608 - names are ours
        sealed,
        *key.values(),
    )


async def count_by_mark(owner: Connection, table: str, column: str) -> dict[str, int]:
    """How many values each key sealed, by the key's mark."""
    rows = await owner.fetch(
        f"SELECT encode(substring({column} FROM 2 FOR 4), 'hex') AS mark, count(*) AS count FROM {table} "  # noqa: S608 - names are ours
        f"WHERE {column} IS NOT NULL GROUP BY 1"
    )
    return {row["mark"]: row["count"] for row in rows}


async def count_settings_by_mark(owner: Connection, table: str) -> dict[str, int]:
    """How many secret settings each key sealed, by the key's mark."""
    rows = await owner.fetch(
        f"SELECT {_MARK} AS mark, count(*) AS count FROM {table}, jsonb_each(settings) one "  # noqa: S608 - names are ours
        f"WHERE {_SEALED} GROUP BY 1"
    )
    return {row["mark"]: row["count"] for row in rows}


def key_of(row: Row, names: Sequence[str]) -> dict[str, Any]:
    """What names a row."""
    return {name: row[name] for name in names}


def _onward(key: Sequence[str], after: Sequence[Any] | None, *, first: int) -> str:
    if after is None:
        return ""
    places = ", ".join(f"${place}" for place in range(first, first + len(key)))
    return f"AND ({', '.join(key)}) > ({places}) "


def _where(key: Mapping[str, Any]) -> str:
    return " AND ".join(f"{name} = ${place}" for place, name in enumerate(key, start=2))
