"""
PostgreSQL finds the rows of hot statements and hot reads by their whole keys, whatever it knows about the tables.

A plan that walked a company's rows to find one cost thirty times the rate, and came only on tables without statistics.
The plans here are those of the product's own calls, as the application's role: auto_explain tells each to the client.
Three worlds: empty tables; 20,000 rows that nothing has analyzed; the same after ANALYZE.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import msgspec
import pytest

from alertwhisperer.domain.attention import Group
from alertwhisperer.domain.company import INSTALLATION, Scope
from alertwhisperer.guard.audit.sealing import AuditSealer
from alertwhisperer.guard.companies import add_company
from alertwhisperer.guard.vault import Vault
from alertwhisperer.ingest.integrations import add_integration
from alertwhisperer.kit.clock import ManualClock
from alertwhisperer.kit.ids import uuid7
from alertwhisperer.sources.generic import SOURCE
from alertwhisperer.store import alerts, deliveries, hot, incidents
from alertwhisperer.store.alerts import AlertFilter
from alertwhisperer.store.database import Connection, Database, Unit
from alertwhisperer.store.hot.batch import Wanted, first_deliveries, lock, transaction, write
from alertwhisperer.store.hot.committed import committed
from alertwhisperer.store.hot.rows import Rows
from alertwhisperer.store.hot.settle import Settling, settle
from alertwhisperer.store.incidents import IncidentFilter, Place
from tests.conftest import MASTER, Tenant
from tests.database import Migrated, Server, run_apart
from tests.store.batches import alert, delivery, hot_connection, pipeline_of

ROWS = 20_000
AT_ONCE = 2_000
NOW = datetime.now(UTC).replace(hour=12, minute=0, second=0, microsecond=0)
EMPTY, UNKNOWN, ANALYZED = "empty", "without statistics", "analyzed"

# The columns of each table's primary key.
KEYS: Mapping[str, tuple[str, ...]] = {
    "integration": ("company_id", "integration_id"),
    "rule_set": ("company_id", "version"),
    "delivery_key": ("company_id", "integration_id", "sender"),
    "alert_state": ("company_id", "problem"),
    "correlation_key": ("company_id", "key"),
    "incident_state": ("company_id", "incident_id"),
    "alert": ("company_id", "id"),
    "incident": ("company_id", "id"),
    "delivery": ("company_id", "id"),
    "occurrence": ("company_id", "id"),
    "receipt": ("company_id", "id"),
    "quarantine": ("company_id", "id"),
    "due_work": ("company_id", "kind", "subject"),
    "asset_name": ("company_id", "name"),
}


@dataclass(frozen=True, slots=True)
class Scan:
    """How a plan reads one table; `bound` is what the index is asked, `sifted` what is thrown away after reading."""

    table: str
    kind: str
    index: str
    bound: str
    sifted: str

    @property
    def is_whole_key(self) -> bool:
        """Whether the primary key is asked for one row."""
        # quarantine_waiting has the same columns, for the rows that still wait.
        right = self.index.endswith("_pkey") or self.index == "quarantine_waiting"
        return right and all(re.search(rf"\b{part} =", self.bound) for part in KEYS[self.table])


@dataclass(frozen=True, slots=True)
class World:
    """A database in one of the three states, and what is in it."""

    name: str
    migrated: Migrated
    tenants: tuple[Tenant, Tenant]
    clock: ManualClock


# ------------------------------------------------------------------------------------------------ the three worlds


@pytest.fixture(scope="module", params=[EMPTY, UNKNOWN, ANALYZED])
def world(request: pytest.FixtureRequest, migrated: Migrated) -> Iterator[World]:
    """A database of its own, whose sessions tell their plans."""
    server = Server(migrated.owner_dsn)
    made = run_apart(server.create())
    try:
        yield run_apart(_prepare(str(request.param), made))
    finally:
        run_apart(server.drop(made))


async def _prepare(name: str, made: Migrated) -> World:
    clock = ManualClock(NOW)
    await _as_owner(made, _NO_STATISTICS)
    database = Database(made.app_dsn, AuditSealer(Vault(MASTER)))
    await database.open()
    try:
        tenants = (await _tenant(database, clock, "One"), await _tenant(database, clock, "Two"))
        if name != EMPTY:
            await _fill(database, tenants, clock)
            await _as_owner(made, _MORE)
    finally:
        await database.close()
    if name == ANALYZED:
        await _as_owner(made, (_ANALYZE,))
    await _as_owner(made, _TELL_PLANS)
    return World(name, made, tenants, clock)


async def _tenant(database: Database, clock: ManualClock, name: str) -> Tenant:
    company = await add_company(database, Scope(INSTALLATION, "test"), name, now=clock.now())
    scope = Scope(company.id, "test")
    made = await add_integration(
        database,
        Vault(b"a master secret of 32 bytes only"),
        {SOURCE.slug: SOURCE},
        scope,
        source=SOURCE.slug,
        name="generic",
        now=clock.now(),
    )
    return Tenant(company, made.integration, made.api_key, made.hmac_secret, scope)


async def _fill(database: Database, tenants: Sequence[Tenant], clock: ManualClock) -> None:
    """One company with 20,000 problems, each an incident of its own, and one with a tenth of them."""
    connection = await hot_connection(database)
    pipeline = pipeline_of(database, clock)
    try:
        for tenant, amount in zip(tenants, (ROWS, ROWS // 10), strict=True):
            for first in range(0, amount, AT_ONCE):
                told = [alert(f"host-{number}") for number in range(first, first + AT_ONCE)]
                await pipeline.run(connection, [delivery(tenant, told, now=NOW, sender=f"filling {first}")])
            single = [delivery(tenant, [alert("one")], now=NOW, sender=f"single {n}") for n in range(amount // 20)]
            await pipeline.run(connection, single)
    finally:
        await connection.close()


async def _as_owner(made: Migrated, statements: Sequence[str]) -> None:
    connection = await asyncpg.connect(made.owner_dsn)
    try:
        for statement in statements:
            await connection.execute(statement)
    finally:
        await connection.close()


_NO_STATISTICS = (
    "DO $$ DECLARE name text; BEGIN FOR name IN SELECT oid::regclass::text FROM pg_class WHERE relkind = 'r'"
    " AND relnamespace = 'public'::regnamespace LOOP EXECUTE format("
    "'ALTER TABLE %s SET (autovacuum_enabled = false)', name); END LOOP; END $$",
)
# As autovacuum does it: a table that nothing was written to, such as tomorrow's partition, stays unknown.
_ANALYZE = (
    "DO $$ DECLARE name text; BEGIN FOR name IN SELECT oid::regclass::text FROM pg_class WHERE relkind = 'r'"
    " AND relnamespace = 'public'::regnamespace AND pg_relation_size(oid) > 0 LOOP"
    " EXECUTE format('ANALYZE %s', name); END LOOP; END $$"
)
# Tables that the pipeline fills with few rows here, and a grown installation with many.
_MORE = (
    "INSERT INTO integration SELECT company_id, gen_random_uuid(), source, name, scheme, require_signature, secret, "
    "settings, version, created_at, removed_at FROM integration, generate_series(1, 1000)",
    "INSERT INTO quarantine SELECT company_id, id, id, integration_id, received_at, 'x', '', '', '', 'rerun'"
    " FROM occurrence",
    # Most incidents of a grown installation are over.
    "INSERT INTO incident_state (company_id, incident_id, status, severity, is_current, by_person, fixed_window,"
    " window_s, hold_s, reopen_s, life_s, least_count, firing, alerts, occurrences, began_at, opened_at, activity_at,"
    " resolved_at)"
    " SELECT company_id, gen_random_uuid(), 3, severity, false, by_person, fixed_window, window_s, hold_s, reopen_s,"
    " life_s, least_count, 0, alerts, occurrences, began_at, opened_at, activity_at, activity_at"
    " FROM incident_state, generate_series(1, 5)",
)
_TELL_PLANS = tuple(
    f"DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET {name} = {value}', current_database()); END $$"
    for name, value in (
        ("session_preload_libraries", "''auto_explain''"),
        ("auto_explain.log_min_duration", "0"),
        ("auto_explain.log_format", "json"),
        ("auto_explain.log_level", "notice"),
    )
)


@pytest.fixture
async def opened(world: World) -> AsyncIterator[Database]:
    """The world's database as the application has it."""
    database = Database(world.migrated.app_dsn, AuditSealer(Vault(MASTER)))
    await database.open()
    try:
        yield database
    finally:
        await database.close()


# ------------------------------------------------------------------------------------------------ what plans say


class Plans:
    """The plans of what ran on a connection, in order: statement and scans."""

    def __init__(self, connection: Connection) -> None:
        self.told: list[tuple[str, list[Scan]]] = []
        self._connection = connection
        connection.add_log_listener(self.hear)

    def hear(self, _connection: object, message: Any) -> None:
        """What the server says beside its answers."""
        text = str(message.message)
        if "plan:" not in text:
            return
        document = msgspec.json.decode(text.partition("plan:")[2])
        self.told.append((document["Query Text"], list(_scans(document["Plan"]))))

    def stop(self) -> None:
        """Listen no more, before the connection goes back to its pool."""
        self._connection.remove_log_listener(self.hear)

    async def of(self, marker: str) -> list[Scan]:
        """The scans of the statements that contain a text; there must be such a statement."""
        # A plan is told when its statement is put away, which the next one does; listeners are called a round later.
        await self._connection.fetchval("SELECT 1")
        await asyncio.sleep(0)
        found = [scans for text, scans in self.told if marker in text]
        assert found, f"no plan of a statement with {marker!r} among {[text[:60] for text, _ in self.told]}"
        return [scan for scans in found for scan in scans]


def _scans(node: Mapping[str, Any]) -> Iterator[Scan]:
    kind = node["Node Type"]
    if kind in ("Seq Scan", "Index Scan", "Index Only Scan", "Bitmap Heap Scan", "Tid Scan"):
        table = re.sub(r"_(\d{8}|default)$", "", node["Relation Name"])
        below = list(_bitmaps(node)) if kind == "Bitmap Heap Scan" else [node]
        for one in below:
            yield Scan(table, kind, one.get("Index Name", ""), one.get("Index Cond", ""), node.get("Filter", ""))
    for child in node.get("Plans", ()):
        yield from _scans(child)


def _bitmaps(node: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for child in node.get("Plans", ()):
        if child["Node Type"] == "Bitmap Index Scan":
            yield child
        yield from _bitmaps(child)


def assert_whole_keys(scans: Sequence[Scan], tables: set[str]) -> None:
    """Each of these tables is read, by its whole primary key, and nothing else is."""
    assert {scan.table for scan in scans} == tables
    wrong = [scan for scan in scans if not scan.is_whole_key]
    assert not wrong, wrong


def assert_rides(scans: Sequence[Scan], riding: Mapping[str, Sequence[str]], *, known: bool) -> None:
    """
    No table is read whole; each by one of its indexes that are given, every other by its whole key.

    Args:
        known: whether the planner has statistics. Without them a list may take any index of its company: it believes
            that a company has a handful of rows, and lists are planned anew each time.
    """
    assert scans
    for scan in scans:
        assert scan.kind != "Seq Scan", scan
        name = re.sub(r"_(\d{8}|default)_", "_", scan.index)
        listed = bool(riding) and not known and "company_id =" in scan.bound
        assert scan.is_whole_key or name in riding.get(scan.table, ()) or listed, scan


# ------------------------------------------------------------------------------------------------ the hot statements

# Their plans are generic, so what they are asked makes no difference, and asking for nothing leaves the world as it is.
_NOTHING = Wanted((), (), (), ())


async def test_the_locking_statement_finds_each_row_by_its_whole_key(world: World, opened: Database) -> None:
    async with _hot(world, opened) as (connection, plans):
        await lock(connection, _NOTHING)
        scans = await plans.of("FOR NO KEY UPDATE OF s")
    versions = [scan for scan in scans if scan.table == "rule_set"]
    assert [(scan.index, "company_id =" in scan.bound) for scan in versions] == [("rule_set_pkey", True)], versions
    rest = [scan for scan in scans if scan.table != "rule_set"]
    assert_whole_keys(rest, {"integration", "alert_state", "correlation_key", "incident_state"})


async def test_the_writing_statement_finds_each_row_by_its_whole_key(world: World, opened: Database) -> None:
    async with _hot(world, opened) as (connection, plans):
        await write(connection, Rows())
        scans = await plans.of("w_delivery AS")
    assert_whole_keys(scans, {"alert_state", "incident_state", "correlation_key", "alert", "asset_name"})


async def test_repeats_of_a_senders_id_are_found_by_whole_keys(world: World, opened: Database) -> None:
    async with _hot(world, opened) as (connection, plans):
        await first_deliveries(connection, ())
        scans = await plans.of("AS repeat_of")
    assert_whole_keys(scans, {"delivery_key", "delivery"})


async def test_keys_that_moved_are_looked_at_again_by_whole_keys(world: World, opened: Database) -> None:
    statement = (Path(hot.__file__).parent / "keys.sql").read_text()
    async with _hot(world, opened) as (connection, plans):
        statement = re.sub(r"\$\d::uuid\[\]", "$1::uuid[]", statement)
        await connection.fetch(statement, b"\0\0\0\0\0\0\0\0\0\0\x0b\x86")  # an empty array, as hot.wire writes it
        scans = await plans.of("JOIN correlation_key")
    assert_whole_keys(scans, {"correlation_key"})


async def test_what_a_lost_commit_left_is_found_by_whole_keys(world: World, opened: Database) -> None:
    connection = await hot_connection(opened)
    plans = Plans(connection)
    try:
        await committed(connection, [(world.tenants[0].id.bytes, bytes(16))])
        scans = await plans.of("SELECT d.id FROM unnest")
        assert_whole_keys(scans, {"delivery"})
    finally:
        await connection.close()


async def test_what_leaves_quarantine_is_found_by_whole_keys(world: World, opened: Database) -> None:
    settling = Settling(world.tenants[0].id.bytes, bytes(16), 1, NOW, "test", 1, 1, bytes(16))
    async with _hot(world, opened) as (connection, plans):
        await settle(connection, settling)
        scans = await plans.of("UPDATE quarantine")
    assert_whole_keys(scans, {"quarantine", "occurrence", "delivery"})


@asynccontextmanager
async def _hot(world: World, opened: Database) -> AsyncIterator[tuple[Connection, Plans]]:
    """A lane's connection inside the transaction of a batch of both companies."""
    connection = await hot_connection(opened)
    try:
        async with transaction(connection, [tenant.id.bytes for tenant in world.tenants]):
            yield connection, Plans(connection)
    finally:
        await connection.close()


# ------------------------------------------------------------------------------------------------ the hot reads

Read = Callable[[Unit, UUID], Awaitable[object]]

_OF_ALERT = {"alert": ("alert_pkey",)}
# Both by one order, newest first: a merge of the two is as good as a look-up for each.
_OF_INCIDENT = {
    "incident": ("incident_pkey",),
    "incident_state": ("incident_state_pkey", "incident_state_attention"),
    "approval": ("approval_incident", "approval_pkey"),
}
_OF_DELIVERY = {name: (f"{name}_pkey",) for name in ("occurrence", "receipt", "quarantine")}

READS: Mapping[str, tuple[Read, str, Mapping[str, Sequence[str]]]] = {
    "a page of alerts": (lambda unit, _: alerts.page(unit, AlertFilter(), limit=50), "FROM alert a", _OF_ALERT),
    "the next page of alerts": (
        lambda unit, one: alerts.page(unit, AlertFilter(), limit=50, before=one),
        "FROM alert a",
        _OF_ALERT,
    ),
    "alerts of a day": (
        lambda unit, _: alerts.page(unit, AlertFilter(start=NOW, source="generic"), limit=50),
        "FROM alert a",
        _OF_ALERT,
    ),
    "alerts of an asset": (
        lambda unit, _: alerts.page(unit, AlertFilter(asset="host-7"), limit=50),
        "FROM alert a",
        {"alert": ("alert_asset_name", "alert_pkey")},
    ),
    "the names of an asset": (
        lambda unit, _: alerts.page(unit, AlertFilter(asset="host-7"), limit=50),
        "FROM asset_name n",
        {"asset_name": ("asset_name_pkey", "asset_name_asset")},
    ),
    "one alert": (lambda unit, one: alerts.read(unit, one), "FROM alert a", {}),
    "the alerts of an incident": (
        lambda unit, one: alerts.first_of_incident(unit, one, limit=50),
        "AS members",
        {"alert": ("alert_incident",), "alert_state": ("alert_state_incident",)},
    ),
    "a page of incidents": (
        lambda unit, _: incidents.page(unit, IncidentFilter(), limit=50),
        "AS rank",
        _OF_INCIDENT,
    ),
    "the open incidents": (
        lambda unit, one: incidents.page(unit, IncidentFilter(words=("open",)), limit=50, after=Place(0, one)),
        "AS rank",
        _OF_INCIDENT,
    ),
    "the open incidents by attention": (
        lambda unit, _: incidents.page(unit, IncidentFilter(groups=(Group.NEEDS_ACK,)), limit=50, sort="attention"),
        "AS rank",
        _OF_INCIDENT,
    ),
    "one incident": (
        lambda unit, one: incidents.read(unit, one),
        "JOIN incident i",
        {"approval": ("approval_incident",)},
    ),
    "one delivery": (lambda unit, one: deliveries.read(unit, one), "FROM delivery d", {}),
    "the body of a delivery": (lambda unit, one: deliveries.body(unit, one), "SELECT d.body", {}),
    "what its members became": (
        lambda unit, one: deliveries.fates(unit, one, first=0, limit=100),
        "FROM occurrence o",
        _OF_DELIVERY,
    ),
}


@pytest.mark.parametrize("what", READS)
async def test_a_hot_read_rides_on_its_index(what: str, world: World, opened: Database) -> None:
    read, marker, riding = READS[what]
    async with opened.unit_of_work(world.tenants[0].scope) as unit:
        found = await alerts.page(unit, AlertFilter(), limit=50)
        subject = found[-1].id if found else uuid7(NOW)
        if "incident" in what and found and found[-1].incident_id is not None:
            subject = found[-1].incident_id
        await unit.connection.fetchval("SELECT 1")  # puts away the statement that looked for a subject
        plans = Plans(unit.connection)
        await read(unit, subject)
        scans = await plans.of(marker)
        plans.stop()
    if world.name != EMPTY or riding:  # of an empty table every index is as good
        assert_rides(scans, riding, known=world.name == ANALYZED)


async def test_the_members_of_incidents_ride_on_their_indexes(world: World, opened: Database) -> None:
    async with opened.unit_of_work(world.tenants[1].scope) as unit:
        plans = Plans(unit.connection)
        found = await incidents.page(unit, IncidentFilter(), limit=50)
        if world.name == EMPTY:
            plans.stop()
            assert not found, "so that nothing is asked about members"
            return
        riding = {
            "alert": ("alert_incident", "alert_pkey"),
            "alert_state": ("alert_state_incident", "alert_state_pkey"),
        }
        scans = await plans.of("AS tools")
        plans.stop()
    assert_rides(scans, riding, known=world.name == ANALYZED)


async def test_what_members_became_reads_their_range_of_one_day(world: World, opened: Database) -> None:
    async with opened.unit_of_work(world.tenants[0].scope) as unit:
        plans = Plans(unit.connection)
        await deliveries.fates(unit, uuid7(NOW), first=0, limit=100)
        scans = await plans.of("FROM occurrence o")
        plans.stop()
    assert sorted(scan.table for scan in scans) == ["incident_state", "occurrence", "quarantine", "receipt"]
    for scan in scans:
        if scan.table != "incident_state":
            assert re.search(r"\bid >=", scan.bound) or scan.is_whole_key, scan


@pytest.mark.parametrize("relation", ["alert", "incident", "delivery"])
async def test_whose_an_id_is_rides_on_the_primary_key(relation: str, world: World, opened: Database) -> None:
    ask = {"alert": alerts.company_of, "incident": incidents.company_of, "delivery": deliveries.company_of}[relation]
    companies = [tenant.id for tenant in world.tenants]
    async with opened.across(companies) as connection:
        plans = Plans(connection)
        await ask(connection, companies, uuid7(NOW))
        scans = await plans.of("= ANY ($")
        plans.stop()
    assert {scan.table for scan in scans} == {relation}
    for scan in scans:
        assert scan.index.endswith("_pkey"), scan
        assert re.search(r"\bid =", scan.bound), scan
