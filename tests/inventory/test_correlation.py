"""Every name of an asset makes one correlation key, from the next alert on; and a replay decides the same."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from alertwhisperer.app.pipeline import Pipeline, StaleRules
from alertwhisperer.correlate.receipt import explain
from alertwhisperer.correlate.replay import replay
from alertwhisperer.domain.errors import Conflicting
from alertwhisperer.domain.inventory import MOST_ALIASES
from alertwhisperer.domain.outcome import Reason
from alertwhisperer.domain.rule import Rule
from alertwhisperer.inventory.assets import add_alias, add_asset, find_asset, merge_asset, remove_alias, set_asset
from alertwhisperer.inventory.discovery import discover
from alertwhisperer.kit.clock import ManualClock
from alertwhisperer.store import rules
from alertwhisperer.store.database import Connection, Database
from tests.conftest import MakeCompany, Tenant
from tests.store.batches import alert, delivery, hot_connection, pipeline_of


class Tools:
    """A company's tools, which speak of assets under whatever name they know."""

    def __init__(
        self, database: Database, tenant: Tenant, pipeline: Pipeline, connection: Connection, clock: ManualClock
    ) -> None:
        self.database, self.tenant, self.clock = database, tenant, clock
        self._pipeline, self._connection = pipeline, connection

    async def say(self, *names: str, status: str = "firing", signature: str = "disk full") -> None:
        """One delivery."""
        self.clock.advance(timedelta(seconds=1))
        told = [alert(name, status=status, signature=signature) for name in names]
        for _ in range(2):
            try:
                await self._pipeline.run(self._connection, [delivery(self.tenant, told, now=self.clock.now())])
                return
            except StaleRules:
                continue  # as a lane does
        raise AssertionError("the rules stayed stale")

    async def rows(self, query: str, *values: object) -> list[Any]:
        """What the database has, of this company ($1)."""
        async with self.database.unit_of_work(self.tenant.scope) as unit:
            return [tuple(row) for row in await unit.connection.fetch(query, self.tenant.id, *values)]

    async def incidents(self) -> dict[str, UUID]:
        """Which incident each asset's newest alert is in, by the name it came with."""
        found = await self.rows("SELECT asset, incident_id FROM alert WHERE company_id = $1 ORDER BY id")
        return dict(found)

    async def keys(self) -> list[str]:
        """Aggregation keys of the incidents that opened, in order."""
        return [
            row[0] for row in await self.rows("SELECT aggregation_key FROM incident WHERE company_id = $1 ORDER BY id")
        ]

    async def is_decided_again(self) -> int:
        """Occurrences that a replay decides, each with the same answer and receipt."""
        async with self.database.unit_of_work(self.tenant.scope, snapshot=True) as unit:
            found = await replay(unit)
        assert found.different == 0, found.differences
        return found.occurrences


@pytest.fixture
async def tools(database: Database, make_company: MakeCompany, clock: ManualClock) -> AsyncIterator[Tools]:
    """Of a fresh company."""
    tenant = await make_company(source="generic")
    connection = await hot_connection(database)
    yield Tools(database, tenant, pipeline_of(database, clock), connection, clock)
    await connection.close()


async def asset_of(tools: Tools, name: str, aliases: Sequence[str] = ()) -> UUID:
    given = {"name": name}
    made = await add_asset(tools.database, tools.tenant.scope, given, aliases=aliases, now=tools.clock.now())
    return made.id


async def test_alerts_under_two_names_of_an_asset_are_one_incident(tools: Tools) -> None:
    await asset_of(tools, "db-01", ["10.0.0.5", "DB-01.example.org"])
    await tools.say("db-01")
    await tools.say("10.0.0.5:9100", "db-01.example.org")
    await tools.say("db-02")
    found = await tools.incidents()
    assert found["db-01"] == found["10.0.0.5:9100"] == found["db-01.example.org"] != found["db-02"]
    assert await tools.keys() == ["db-01|disk full", "db-02|disk full"]
    assert await tools.is_decided_again() == 4


async def test_a_receipt_says_that_a_name_was_another_one(tools: Tools) -> None:
    await asset_of(tools, "db-01", ["10.0.0.5"])
    await tools.say("db-01")
    await tools.say("10.0.0.5")
    facts = [row[0] for row in await tools.rows("SELECT facts FROM receipt WHERE company_id = $1 ORDER BY id")]
    assert ['"alias":true' in one for one in facts] == [False, True]
    reasons = await tools.rows("SELECT reason FROM occurrence WHERE company_id = $1 ORDER BY id")
    told = " ".join(explain(facts[1], Reason(reasons[1][0])))
    assert "'db-01|disk full'" in told
    assert "another name of the asset" in told


async def test_a_former_and_a_merged_name_make_the_same_key(tools: Tools) -> None:
    scope = tools.tenant.scope
    first = await asset_of(tools, "db-01")
    second = await asset_of(tools, "database-one")
    await set_asset(tools.database, scope, first, {"name": "erp-db"}, now=tools.clock.now())
    await merge_asset(tools.database, scope, second, first, now=tools.clock.now())
    await tools.say("ERP-DB", "db-01", "database-one")
    assert len(set((await tools.incidents()).values())) == 1
    assert await tools.keys() == ["erp-db|disk full"]
    # Alerts keep the text that they came with.
    assert set(await tools.incidents()) == {"ERP-DB", "db-01", "database-one"}


async def test_a_day_on_which_names_change_is_decided_again_as_it_was(tools: Tools) -> None:
    scope = tools.tenant.scope
    await tools.say("db-01", "10.0.0.5")
    asset = await asset_of(tools, "db-01", ["10.0.0.5"])
    await tools.say("10.0.0.5", signature="load")
    await set_asset(tools.database, scope, asset, {"name": "erp-db"}, now=tools.clock.now())
    await tools.say("db-01", "10.0.0.5", "erp-db", signature="memory")
    await tools.say("db-01", status="resolved", signature="memory")
    async with tools.database.unit_of_work(scope) as unit:
        await rules.save(unit, (Rule(id="hosts", name="By host", group_by=("asset",)),), now=tools.clock.now())
    await tools.say("db-01", "erp-db", signature="swap")
    await remove_alias(tools.database, scope, asset, "10.0.0.5", now=tools.clock.now())
    await tools.say("10.0.0.5", "db-01", signature="inodes")
    found = await tools.incidents()
    assert found["10.0.0.5"] != found["db-01"] == found["erp-db"]
    assert await tools.is_decided_again() == 11
    versions = await tools.rows("SELECT DISTINCT rules_version FROM occurrence WHERE company_id = $1")
    assert len(versions) == 5


async def test_rules_keep_the_aliases_and_aliases_keep_the_rules(tools: Tools) -> None:
    scope = tools.tenant.scope
    asset = await asset_of(tools, "db-01", ["10.0.0.5"])
    async with tools.database.unit_of_work(scope) as unit:
        saved = await rules.save(unit, (Rule(id="hosts", name="x", group_by=("asset",)),), now=tools.clock.now())
        assert saved.aliases == {"10.0.0.5": "db-01"}
    await add_alias(tools.database, scope, asset, "erp", now=tools.clock.now())
    async with tools.database.unit_of_work(scope) as unit:
        newest = await rules.current(unit)
    assert newest.aliases == {"10.0.0.5": "db-01", "erp": "db-01"}
    assert ([rule.id for rule in newest.rules], newest.version) == (["hosts"], saved.version + 1)


async def test_what_changes_no_name_makes_no_version(tools: Tools) -> None:
    scope = tools.tenant.scope
    asset = await asset_of(tools, "db-01")
    await set_asset(tools.database, scope, asset, {"weight": 5, "name": "DB-01"}, now=tools.clock.now())
    assert await tools.rows("SELECT version FROM rule_set WHERE company_id = $1") == []


async def test_a_company_keeps_so_many_names_and_no_more(tools: Tools) -> None:
    asset = await asset_of(tools, "db-01")
    await tools.rows(
        "INSERT INTO asset_name (company_id, name, asset_id, shown, origin, added_at)"
        " SELECT $1, 'n' || n, $2, '', 'alias', $3 FROM generate_series(1, $4::int) n",
        *(asset, tools.clock.now(), MOST_ALIASES - 1),
    )
    await add_alias(tools.database, tools.tenant.scope, asset, "the last", now=tools.clock.now())
    with pytest.raises(Conflicting, match="20000"):
        await add_alias(tools.database, tools.tenant.scope, asset, "one more", now=tools.clock.now())
    await tools.say("n77")
    assert await tools.keys() == ["db-01|disk full"]


# ------------------------------------------------------------------------------------------------ discovery


async def test_an_alert_brings_its_asset_which_is_no_target(tools: Tools) -> None:
    await tools.say("WEB-01:9100")
    await tools.say("web-01", "web-02")
    names = await tools.rows(
        "SELECT name, shown, origin, source, asset_id FROM asset_name WHERE company_id = $1 ORDER BY 1"
    )
    assert names == [
        ("web-01", "WEB-01:9100", "seen", "generic", None),
        ("web-02", "web-02", "seen", "generic", None),
    ]
    assert await discover(tools.database, tools.tenant.scope, now=tools.clock.now()) == 2
    assert await discover(tools.database, tools.tenant.scope, now=tools.clock.now()) == 0
    found = await find_asset(tools.database, tools.tenant.scope, "web-01")
    assert (found.name, found.confirmed) == ("WEB-01:9100", False)
    # It groups as before, so no version of the rules is made.
    assert await tools.rows("SELECT version FROM rule_set WHERE company_id = $1") == []
    await tools.say("web-01", status="resolved")
    await tools.say("web-01", signature="load")
    assert await discover(tools.database, tools.tenant.scope, now=tools.clock.now()) == 0


async def test_an_alias_takes_over_what_only_alerts_spoke_of(tools: Tools) -> None:
    scope = tools.tenant.scope
    await tools.say("db-01", "10.0.0.5")
    await discover(tools.database, scope, now=tools.clock.now())
    seen = await find_asset(tools.database, scope, "10.0.0.5")
    asset = await find_asset(tools.database, scope, "db-01")
    whole = await add_alias(tools.database, scope, asset.id, "10.0.0.5", now=tools.clock.now())
    assert {one.name: (one.origin, one.source) for one in whole.names} == {
        "db-01": ("own", "generic"),
        "10.0.0.5": ("alias", "generic"),
    }
    assert whole.open_alerts == 2
    assert (await find_asset(tools.database, scope, str(seen.id))).merged_into == asset.id
    confirmed = await asset_of(tools, "db-02")
    assert confirmed != asset.id
    with pytest.raises(Conflicting, match="db-02"):
        await add_alias(tools.database, scope, asset.id, "DB-02", now=tools.clock.now())


async def test_a_name_that_no_index_can_hold_keeps_no_alert_away(tools: Tools) -> None:
    long = "\ufb03" * 512  # three letters each in its comparable form
    await tools.say(long)
    assert await tools.rows("SELECT count(*) FROM alert WHERE company_id = $1") == [(1,)]
    assert await tools.rows("SELECT count(*) FROM asset_name WHERE company_id = $1") == [(0,)]


async def test_tools_and_a_person_bring_the_same_names_at_once(tools: Tools) -> None:
    """Two lanes and a person, each in another order: nobody locks up, and each name is one asset's."""
    names = [f"host-{number:02d}" for number in range(40)]
    connection = await hot_connection(tools.database)
    other = Tools(tools.database, tools.tenant, pipeline_of(tools.database, tools.clock), connection, tools.clock)
    try:
        for signature in ("disk full", "load"):
            done = await asyncio.gather(
                tools.say(*names, signature=signature),
                other.say(*names[::-1], signature=f"other {signature}"),
                asset_of(tools, f"person {signature}", names[10:20] if signature == "load" else names[20:5:-1]),
                discover(tools.database, tools.tenant.scope, now=tools.clock.now()),
                return_exceptions=True,
            )
            assert [one for one in done if isinstance(one, BaseException) and not isinstance(one, Conflicting)] == []
    finally:
        await connection.close()
    await discover(tools.database, tools.tenant.scope, now=tools.clock.now())
    for name in names:
        assert not (await find_asset(tools.database, tools.tenant.scope, name)).merged_into
    assert await tools.is_decided_again() == 4 * len(names)
