"""Old days go whole, what was counted stays counted, and a row that found no day raises an alarm."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import asyncpg
import pytest

from alertwhisperer.kit.clock import ManualClock
from alertwhisperer.kit.ids import uuid7
from alertwhisperer.store import alerts, deliveries, ledger, maintenance
from alertwhisperer.store.alerts import AlertFilter
from alertwhisperer.store.database import Connection, Database
from alertwhisperer.store.ledger import Totals, Verified
from tests.conftest import MakeCompany, Tenant
from tests.database import Migrated, Server
from tests.store.batches import alert, delivery, hot_connection, pipeline_of

TODAY = datetime.now(UTC).replace(hour=12, minute=0, second=0, microsecond=0)
TABLES = ("delivery", "occurrence", "receipt")


@pytest.fixture
async def migrated(migrated: Migrated) -> AsyncIterator[Migrated]:
    """A database of each test's own, for what is dropped here is everybody's."""
    server = Server(migrated.owner_dsn)
    made = await server.create()
    try:
        yield made
    finally:
        await server.drop(made)


async def send(database: Database, tenant: Tenant, at: datetime, name: str, *, sender: str | None = None) -> UUID:
    """One delivery that arrived at a moment, decided then; answers its id, or the first's when it repeats one."""
    connection = await hot_connection(database)
    try:
        pipeline = pipeline_of(database, ManualClock(at))
        answers = await pipeline.run(connection, [delivery(tenant, [alert(name)], now=at, sender=sender)])
    finally:
        await connection.close()
    return UUID(bytes=answers[0].delivery_id)


async def books(database: Database, tenant: Tenant) -> tuple[Totals, Verified]:
    async with database.unit_of_work(tenant.scope, snapshot=True) as unit:
        return await ledger.totals(unit), await ledger.verify(unit)


async def partitions(migrated: Migrated) -> dict[str, list[date]]:
    """The days that each table has a partition for."""
    connection: Connection = await asyncpg.connect(migrated.owner_dsn)
    try:
        rows = await connection.fetch(
            "SELECT p.relname AS parent, to_date(right(c.relname, 8), 'YYYYMMDD') AS day FROM pg_inherits i"
            " JOIN pg_class c ON c.oid = i.inhrelid JOIN pg_class p ON p.oid = i.inhparent"
            " WHERE c.relkind = 'r' AND c.relname ~ '_[0-9]{8}$' ORDER BY 1, 2"
        )
    finally:
        await connection.close()
    found: dict[str, list[date]] = {}
    for row in rows:
        found.setdefault(row["parent"], []).append(row["day"])
    return found


def days(first: int, last: int) -> list[date]:
    """Days relative to today, both included."""
    return [TODAY.date() + timedelta(days=ahead) for ahead in range(first, last + 1)]


async def test_a_week_is_always_ahead(database: Database, migrated: Migrated) -> None:
    assert await partitions(migrated) == dict.fromkeys(TABLES, days(-1, 7))
    assert await maintenance.make_partitions(database, today=TODAY.date()) == 0, "nothing is made twice"
    assert await maintenance.make_partitions(database, today=TODAY.date() + timedelta(days=2)) == 6
    assert await partitions(migrated) == dict.fromkeys(TABLES, days(-1, 9))


async def test_a_row_lies_in_the_day_it_arrived_in_to_the_millisecond(database: Database, tenant: Tenant) -> None:
    midnight = TODAY.replace(hour=0)
    for at in (midnight - timedelta(milliseconds=1), midnight, midnight + timedelta(days=7, milliseconds=-1)):
        await send(database, tenant, at, f"host at {at}")
    assert await maintenance.stray_rows(database) == dict.fromkeys(TABLES, 0)
    await maintenance.drop_partitions(database, keep_from=TODAY.date())
    async with database.unit_of_work(tenant.scope, snapshot=True) as unit:
        assert (await ledger.verify(unit)).differences == ()
        assert len(await alerts.page(unit, AlertFilter(), limit=10)) == 3, (
            "alerts are kept, whatever their deliveries' days"
        )


async def test_whole_days_are_dropped_and_newer_ones_stay(
    database: Database, tenant: Tenant, migrated: Migrated
) -> None:
    old = await send(database, tenant, TODAY - timedelta(days=1), "old")
    new = await send(database, tenant, TODAY, "new")
    day = f"{TODAY - timedelta(days=1):%Y%m%d}"
    dropped = await maintenance.drop_partitions(database, keep_from=TODAY.date())
    assert dropped == [f"{table}_{day}" for table in TABLES]
    assert await maintenance.drop_partitions(database, keep_from=TODAY.date()) == []
    assert await partitions(migrated) == dict.fromkeys(TABLES, days(0, 7))
    async with database.unit_of_work(tenant.scope) as unit:
        assert await deliveries.read(unit, old) is None
        assert await deliveries.body(unit, old) is None
        assert await deliveries.read(unit, new) is not None


async def test_the_books_outlive_the_days_and_stay_right(database: Database, tenant: Tenant) -> None:
    for at in (TODAY - timedelta(days=1), TODAY):
        for number in range(3):
            await send(database, tenant, at, f"host-{number}")
    before, verified = await books(database, tenant)
    assert verified == Verified(None, ())
    await maintenance.drop_partitions(database, keep_from=TODAY.date())
    after, verified = await books(database, tenant)
    assert after == before
    assert (after.deliveries_accepted, after.received, after.new, after.repeat) == (6, 6, 3, 3)
    assert verified == Verified(TODAY.replace(hour=0), ())


async def test_books_that_are_wrong_are_found_after_a_drop_too(
    database: Database, tenant: Tenant, migrated: Migrated
) -> None:
    await send(database, tenant, TODAY - timedelta(days=1), "old")
    kept = await send(database, tenant, TODAY, "new")
    await maintenance.drop_partitions(database, keep_from=TODAY.date())
    connection: Connection = await asyncpg.connect(migrated.owner_dsn)
    try:
        await connection.execute("DELETE FROM delivery WHERE id = $1", kept)
    finally:
        await connection.close()
    _, verified = await books(database, tenant)
    assert [(one.name, one.counted, one.found) for one in verified.differences] == [
        ("deliveries_accepted", 1, 0),
        ("received", 1, 0),
    ]


async def test_a_problem_goes_on_after_its_first_day_was_dropped(database: Database, tenant: Tenant) -> None:
    await send(database, tenant, TODAY - timedelta(days=1), "host")
    await maintenance.drop_partitions(database, keep_from=TODAY.date())
    await send(database, tenant, TODAY, "host")
    async with database.unit_of_work(tenant.scope, snapshot=True) as unit:
        assert [(one.asset, one.count) for one in await alerts.page(unit, AlertFilter(), limit=10)] == [("host", 2)]
        assert (await ledger.verify(unit)).differences == ()


async def test_senders_ids_are_forgotten_when_they_are_old_and_not_before(
    database: Database, make_company: MakeCompany
) -> None:
    tenants = [await make_company(name, source="generic") for name in ("One", "Two")]
    long_ago = TODAY - timedelta(days=1)
    firsts = [await send(database, tenant, long_ago, "host", sender="old") for tenant in tenants]
    recent = await send(database, tenants[0], TODAY, "host", sender="recent")
    assert await maintenance.forget_delivery_keys(database, before=long_ago) == 0, "not what came at that very moment"
    assert await send(database, tenants[0], TODAY, "host", sender="old") == firsts[0], "so it is still a repeat"
    assert await maintenance.forget_delivery_keys(database, before=TODAY) == 2, "of every company"
    assert await send(database, tenants[0], TODAY, "host", sender="old") not in firsts
    assert await send(database, tenants[0], TODAY, "host", sender="recent") == recent


async def test_forgetting_leaves_no_company_in_sight(database: Database, tenant: Tenant) -> None:
    await send(database, tenant, TODAY, "host", sender="id")
    async with database.across([]) as connection:
        await connection.fetchval("SELECT forget_delivery_keys($1)", TODAY - timedelta(days=9))
        assert await connection.fetchval("SELECT count(*) FROM delivery_key") == 0


async def test_an_id_whose_delivery_was_dropped_is_still_a_repeat(database: Database, tenant: Tenant) -> None:
    first = await send(database, tenant, TODAY - timedelta(days=1), "host", sender="id")
    await maintenance.drop_partitions(database, keep_from=TODAY.date())
    assert await send(database, tenant, TODAY, "host", sender="id") == first
    totals, verified = await books(database, tenant)
    assert (totals.deliveries_accepted, totals.deliveries_duplicate) == (1, 1)
    assert verified.differences == ()


async def test_a_row_of_a_day_that_nobody_prepared_is_kept_and_counted(database: Database, tenant: Tenant) -> None:
    far = TODAY + timedelta(days=30)
    await send(database, tenant, far, "host")
    assert await maintenance.stray_rows(database) == dict.fromkeys(TABLES, 1)
    totals, verified = await books(database, tenant)
    assert (totals.new, verified.differences) == (1, ())


@pytest.mark.parametrize("until_s", [0, 59, 60, 61, 3600])
async def test_folding_keeps_every_sum(until_s: int, database: Database, tenant: Tenant) -> None:
    for second in (0, 1, 30, 59, 60, 61, 119, 120, 3599):
        await send(database, tenant, TODAY + timedelta(seconds=second), f"host-{second % 3}", sender=f"{second}")
        await send(database, tenant, TODAY + timedelta(seconds=second), f"host-{second % 3}", sender=f"{second}")
    until = TODAY + timedelta(seconds=until_s)
    before, by_minute = await books(database, tenant), await minutes(database, tenant)
    async with database.unit_of_work(tenant.scope) as unit:
        folded = await ledger.fold(unit, until=until)
    assert await books(database, tenant) == before
    assert await minutes(database, tenant) == by_minute, "whole minutes do not change"
    async with database.unit_of_work(tenant.scope) as unit:
        assert await ledger.fold(unit, until=until) == 0, "what is folded stays as it is"
    # Minute 0 has 4 moments and minute 1 has 3, of two rows each; the minute that `until` lies in is left alone.
    assert folded == {0: 0, 59: 0, 60: 8, 61: 8, 3600: 8 + 6 + 2 + 2}[until_s]


async def minutes(database: Database, tenant: Tenant) -> list[Totals]:
    """The counters of each of the first minutes, and of all after them."""
    async with database.unit_of_work(tenant.scope) as unit:
        bounds = [TODAY + timedelta(minutes=minute) for minute in range(4)]
        return [
            await ledger.totals(unit, start, finish) for start, finish in zip(bounds, [*bounds[1:], None], strict=True)
        ]


def test_ids_of_one_day_are_one_range() -> None:
    midnight = TODAY.replace(hour=0)
    assert uuid7(midnight - timedelta(milliseconds=1)) < uuid7(midnight) < uuid7(midnight + timedelta(days=1))
