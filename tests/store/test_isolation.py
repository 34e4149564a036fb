"""
A unit of work for one company sees and changes no row of another, in any tenant table.

Two companies get a row in each table that the catalogue knows; then one tries everything on the other's.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

import asyncpg
import pytest

from alertwhisperer.kit.clock import ManualClock
from alertwhisperer.kit.ids import uuid7
from alertwhisperer.store.database import Connection, Database
from tests.conftest import MakeCompany, Tenant
from tests.database import Migrated
from tests.store.test_isolation_catalogue import EXEMPT

# Values for columns whose CHECK wants a certain one.
CHOSEN: Mapping[tuple[str, str], object] = {
    ("source_action", "state"): "due",
    ("asset_edge", "kind"): "connected",
    ("asset_name", "origin"): "own",
    ("company_setting", "origin"): "company",
    ("silence_check", "mode"): "off",
    ("silence_check", "state"): "off",
    ("approval", "hash"): bytes(32),
    ("approval", "risk"): "high",
    ("approval", "state"): "asked",
    ("approval_decision", "answer"): "approve",
    ("maintenance_span", "ends_at"): datetime(2100, 1, 1, tzinfo=UTC),
    ("maintenance_window", "sites"): [],
    ("maintenance_window", "assets"): [],
    ("freeze_window", "ends_at"): datetime(2100, 1, 1, tzinfo=UTC),
    ("run", "risk"): "low",
    ("run", "shell"): "sh",
    ("run", "state"): "planned",
    ("run_target", "state"): "planned",
    ("run_act", "phase"): "act",
    ("run_healing", "state"): "provisional",
    ("run_healing", "until"): datetime(2100, 1, 1, tzinfo=UTC),
    ("report", "ends_at"): datetime(2100, 1, 1, tzinfo=UTC),
    ("report", "format"): "pdf",
    ("report", "state"): "queued",
    ("report_schedule", "every"): "week",
    ("report_schedule", "hour"): 6,
    ("baseline", "ends_at"): datetime(2100, 1, 1, tzinfo=UTC),
    ("baseline", "kind"): "typed",
    ("push_notice", "state"): "due",
    ("handover", "state"): "offered",
    ("handover", "companies"): [],
    ("handover_incident", "outcome"): "offered",
    ("on_call_change", "kind"): "absence",
    ("on_call_change", "state"): "agreed",
    ("on_call_change", "ends_at"): datetime(2100, 1, 1, tzinfo=UTC),
    ("on_call_change", "last_at"): datetime(2100, 1, 1, tzinfo=UTC),
    ("company_runbook", "slug"): "own-runbook",
    ("runbook_override", "risk"): "high",
}

_NEEDING = ("asset_binding", "binding_check", "maintenance_span")
"""Tables whose rows need one of a table that comes later in the alphabet, in the order in which they can be filled."""


@dataclass(frozen=True)
class Column:
    """A column that an INSERT must name."""

    name: str
    kind: str


@dataclass(frozen=True)
class Table:
    """A tenant table, the columns without a default, and whether the application may change or delete its rows."""

    name: str
    columns: tuple[Column, ...]
    may_update: bool
    may_delete: bool


async def tenant_tables(connection: Connection) -> list[Table]:
    rows = await connection.fetch(
        "SELECT c.relname, a.attname, format_type(a.atttypid, NULL) AS kind,"
        " has_table_privilege(c.oid, 'UPDATE') AS may_update, has_table_privilege(c.oid, 'DELETE') AS may_delete"
        " FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid"
        " WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition"
        " AND a.attnum > 0 AND a.attnotnull AND NOT a.atthasdef AND NOT c.relname = ANY($1::text[])"
        " ORDER BY c.relname, a.attnum",
        sorted(EXEMPT),
    )
    columns: dict[str, list[Column]] = {}
    for row in rows:
        columns.setdefault(row["relname"], []).append(Column(row["attname"], row["kind"]))
    rights = {row["relname"]: (row["may_update"], row["may_delete"]) for row in rows}
    # By name, but for what the next ones refer to.
    order = sorted(columns, key=lambda name: (name != "run" and name.startswith("run_") and name != "run_target", name))
    return [Table(name, tuple(columns[name]), *rights[name]) for name in order]


def asset_of(tenant: Tenant, number: int) -> UUID:
    """An id of a thing of a tenant's that other rows name: two assets, an approval, a credential, a run, a script."""
    return UUID(int=tenant.id.int ^ number)


def value(table: Table, column: Column, tenant: Tenant, now: datetime) -> object:
    if column.name == "company_id":
        return tenant.id
    if column.name == "integration_id" and table.name != "integration":
        return tenant.integration.id
    if column.name in ("asset_id", "from_asset"):
        return asset_of(tenant, 1)
    if column.name == "approval_id":
        return asset_of(tenant, 3)
    if column.name == "run_id":
        return asset_of(tenant, 5)
    if column.name == "window_id":
        return asset_of(tenant, 7)
    if column.name == "act_id":
        return asset_of(tenant, 6)
    if column.name == "credential_id":
        return asset_of(tenant, 4)
    if column.name == "to_asset":
        return asset_of(tenant, 2)
    if (table.name, column.name) in CHOSEN:
        return CHOSEN[table.name, column.name]
    by_kind: Mapping[str, object] = {
        "uuid": uuid7(now),
        "text": "x",
        "text[]": ["x"],
        "smallint": 1,
        "integer": 1_000,
        "bigint": 1,
        "double precision": 1.0,
        "boolean": False,
        "timestamp with time zone": now,
        "bytea": b"",
        "jsonb": {},
    }
    return by_kind[column.kind]


async def insert(connection: Connection, table: Table, tenant: Tenant, now: datetime, *, again: str = "") -> None:
    names = ", ".join(f'"{column.name}"' for column in table.columns)
    places = ", ".join(f"${place}" for place in range(1, len(table.columns) + 1))
    values: Sequence[object] = [value(table, column, tenant, now) for column in table.columns]
    statement = f"INSERT INTO {table.name} ({names}) VALUES ({places}) {again}"  # noqa: S608  # from the catalogue
    await connection.execute(statement, *values)


async def second_asset(connection: Connection, tenant: Tenant) -> None:
    await connection.execute(
        "INSERT INTO asset (company_id, asset_id, name, confirmed, created_at) VALUES ($1, $2, 'y', true, now())"
        " ON CONFLICT DO NOTHING",
        tenant.id,
        asset_of(tenant, 2),
    )


async def count(connection: Connection, table: Table) -> int:
    found: int = await connection.fetchval(f"SELECT count(*) FROM {table.name}")  # noqa: S608  # from the catalogue
    return found


@pytest.fixture
async def two(database: Database, clock: ManualClock, make_company: MakeCompany) -> tuple[Tenant, Tenant]:
    """Two companies with a row in each tenant table."""
    first, second = await make_company("First"), await make_company("Second")
    for tenant in (first, second):
        async with database.unit_of_work(tenant.scope) as unit:
            tables = await tenant_tables(unit.connection)
            order = {name: place for place, name in enumerate(_NEEDING, start=1)}
            for table in sorted(tables, key=lambda one: order.get(one.name, 0)):
                if table.name == "asset_edge":  # after `asset`, which has the first one
                    await second_asset(unit.connection, tenant)
                await insert(unit.connection, table, tenant, clock.now(), again="ON CONFLICT DO NOTHING")
    return first, second


async def test_a_unit_sees_its_own_rows_alone(database: Database, two: tuple[Tenant, Tenant]) -> None:
    for tenant, other in (two, two[::-1]):
        async with database.unit_of_work(tenant.scope) as unit:
            tables = await tenant_tables(unit.connection)
            assert len(tables) > 20
            for table in tables:
                statement = f"SELECT DISTINCT company_id FROM {table.name}"  # noqa: S608  # from the catalogue
                seen = {row["company_id"] for row in await unit.connection.fetch(statement)}
                assert seen == {tenant.id}, f"{table.name} shows {other.company.name}"


async def test_without_a_company_nothing_is_seen(database: Database, two: tuple[Tenant, Tenant]) -> None:
    async with database.across([]) as connection:
        for table in await tenant_tables(connection):
            assert await count(connection, table) == 0, table.name
    unset: Connection = await asyncpg.connect(database.dsn)
    try:
        for table in await tenant_tables(unset):
            assert await count(unset, table) == 0, table.name
    finally:
        await unset.close()


async def test_a_unit_cannot_insert_a_row_of_another_company(
    database: Database, clock: ManualClock, two: tuple[Tenant, Tenant]
) -> None:
    own, other = two
    async with database.unit_of_work(own.scope) as unit:
        for table in await tenant_tables(unit.connection):
            with pytest.raises(asyncpg.InsufficientPrivilegeError, match="row-level security"):
                async with unit.connection.transaction():
                    await insert(unit.connection, table, other, clock.now())


async def test_a_unit_cannot_change_or_delete_or_take_over_a_row_of_another_company(
    database: Database, two: tuple[Tenant, Tenant]
) -> None:
    own, other = two
    async with database.unit_of_work(own.scope) as unit:
        for table in await tenant_tables(unit.connection):
            where = "WHERE company_id = $1"
            update = f"UPDATE {table.name} SET company_id = company_id {where}"  # noqa: S608  # from the catalogue
            give = f"UPDATE {table.name} SET company_id = $2 {where}"  # noqa: S608  # from the catalogue
            delete = f"DELETE FROM {table.name} {where}"  # noqa: S608  # from the catalogue
            if table.may_update:
                assert await unit.connection.execute(update, other.id) == "UPDATE 0", table.name
                with pytest.raises(asyncpg.InsufficientPrivilegeError, match="row-level security"):
                    async with unit.connection.transaction():
                        await unit.connection.execute(give, own.id, other.id)
            if table.may_delete:
                assert await unit.connection.execute(delete, other.id) == "DELETE 0", table.name


async def test_a_key_cannot_be_entered_or_forgotten_for_another_company(
    database: Database, clock: ManualClock, two: tuple[Tenant, Tenant]
) -> None:
    own, other = two
    statements = {
        "SELECT enter_key($1, $2, $3, $4)": (
            uuid7(clock.now()),
            other.id,
            other.integration.id,
            other.integration.keys[0].id,
        ),
        "SELECT forget_key($1, $2)": (other.id, other.integration.keys[0].id),
    }
    async with database.unit_of_work(own.scope) as unit:
        for statement, values in statements.items():
            with pytest.raises(asyncpg.InsufficientPrivilegeError, match="another company"):
                async with unit.connection.transaction():
                    await unit.connection.execute(statement, *values)


async def test_the_audit_log_is_append_only(database: Database, two: tuple[Tenant, Tenant]) -> None:
    own, _ = two
    for statement in ("UPDATE audit_entry SET action = 'nothing'", "DELETE FROM audit_entry", "TRUNCATE audit_entry"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            async with database.unit_of_work(own.scope) as unit:
                await unit.connection.execute(statement)


async def test_not_even_the_owner_changes_the_audit_log(migrated: Migrated, two: tuple[Tenant, Tenant]) -> None:
    owner: Connection = await asyncpg.connect(migrated.owner_dsn)
    try:
        for statement in (
            "UPDATE audit_entry SET action = 'nothing'",
            "DELETE FROM audit_entry",
            "TRUNCATE audit_entry",
        ):
            with pytest.raises(asyncpg.InsufficientPrivilegeError, match="append-only"):
                await owner.execute(statement)
    finally:
        await owner.close()
