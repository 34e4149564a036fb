"""Groups of companies: rows of the MSP."""

from collections.abc import Mapping
from uuid import UUID

from alertwhisperer.domain.company import Group
from alertwhisperer.store.database import Unit, queries

_sql = queries("company_groups")


async def insert(unit: Unit, group: Group) -> None:
    """Add a group; `unit` is the MSP's, here as below."""
    await _sql.insert_group(
        unit.connection,
        company_id=unit.company_id,
        group_id=group.id,
        name=group.name,
        created_at=group.created_at,
    )


async def all_groups(unit: Unit, counts: Mapping[UUID, int] = {}) -> tuple[Group, ...]:  # a Mapping is never written to
    """
    All groups in the order of their names.

    Args:
        counts: how many companies are in each; a missing key means none.
    """
    rows = _sql.select_groups(unit.connection, company_id=unit.company_id)
    return tuple(
        [Group(row["group_id"], row["name"], counts.get(row["group_id"], 0), row["created_at"]) async for row in rows]
    )


async def rename(unit: Unit, group_id: UUID, name: str) -> None:
    """Write another name."""
    await _sql.update_group(unit.connection, company_id=unit.company_id, group_id=group_id, name=name)


async def delete(unit: Unit, group_id: UUID) -> None:
    """Remove a group."""
    await _sql.delete_group(unit.connection, company_id=unit.company_id, group_id=group_id)
