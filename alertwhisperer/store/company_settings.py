"""
Settings that companies inherit: what the MSP set for all and for groups, and what holds in each company.

The rows of a company are all that it may read: the values that are not the product's defaults, each with its origin.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from alertwhisperer.domain.company import CompanyId
from alertwhisperer.domain.company_setting import SETTINGS, Effective, Given, Origin, SettingValue
from alertwhisperer.store.database import Connection, Unit, queries

_sql = queries("company_settings")

_LOCK = 0x616C_6577_7365_7474  # any number of our own; pg_locks shows it


async def lock_levels(connection: Connection) -> None:
    """
    Wait for whoever changes what companies inherit, and keep others out until the transaction ends.

    A company added, moved or set while a level above it changes would keep the value from before.
    """
    await _sql.lock_levels(connection, lock=_LOCK)


async def inherited(unit: Unit) -> Mapping[UUID, Mapping[str, Given]]:
    """What was set for all (under the nil id) and for each group, by the setting's name; `unit` is the MSP's."""
    found: dict[UUID, dict[str, Given]] = defaultdict(dict)
    async for row in _sql.select_inherited(unit.connection, company_id=unit.company_id):
        found[row["owner_id"]][row["name"]] = Given(row["value"], row["set_by"], row["set_at"])
    return found


async def put_inherited(unit: Unit, owner_id: UUID, name: str, value: SettingValue, *, now: datetime) -> None:
    """Set a value for all (nil) or for a group; `unit` is the MSP's."""
    await _sql.put_inherited(
        unit.connection,
        company_id=unit.company_id,
        owner_id=owner_id,
        name=name,
        value=value,
        set_by=unit.scope.actor,
        set_at=now,
    )


async def drop_inherited(unit: Unit, owner_id: UUID, name: str) -> None:
    """Forget a value that was set for all or for a group."""
    await _sql.drop_inherited(unit.connection, company_id=unit.company_id, owner_id=owner_id, name=name)


async def drop_owner(unit: Unit, owner_id: UUID) -> None:
    """Forget all that was set for a group."""
    await _sql.drop_owner(unit.connection, company_id=unit.company_id, owner_id=owner_id)


async def of(unit: Unit) -> Mapping[str, Effective]:
    """What differs from the defaults in the unit's company, by the setting's name."""
    return (await among(unit.connection, [unit.company_id]))[unit.company_id]


async def among(connection: Connection, companies: Sequence[CompanyId]) -> Mapping[CompanyId, Mapping[str, Effective]]:
    """The same of several companies; `connection` must see them (`Database.across`)."""
    found: dict[CompanyId, dict[str, Effective]] = {company_id: {} for company_id in companies}
    # A setting that a later version dropped may have left rows.
    limit = len(companies) * len(SETTINGS) * 4
    async for row in _sql.select_of(connection, companies=list(companies), limit=limit):
        found[CompanyId(row["company_id"])][row["name"]] = Effective(
            row["name"], row["value"], Origin(row["origin"]), row["group_name"], row["set_by"], row["set_at"]
        )
    return found


async def put(connection: Connection, values: Sequence[tuple[CompanyId, Effective]]) -> None:
    """Write what holds in companies and is no default; `connection` must see them."""
    if not values:
        return
    await _sql.put_of(
        connection,
        companies=[company_id for company_id, _ in values],
        names=[one.name for _, one in values],
        values=[msgspec.json.encode(one.value).decode() for _, one in values],
        origins=[one.origin.value for _, one in values],
        group_names=[one.group for _, one in values],
        set_by=[one.set_by for _, one in values],
        set_at=[one.set_at for _, one in values],
    )


async def drop(connection: Connection, values: Sequence[tuple[CompanyId, str]]) -> None:
    """Forget values of companies, by the setting's name; `connection` must see them."""
    if values:
        await _sql.drop_of(
            connection, companies=[company_id for company_id, _ in values], names=[name for _, name in values]
        )
