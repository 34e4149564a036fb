"""
Over random histories every figure equals, to its last digit, what a slow count from the raw rows says.

Two companies live side by side. Tools send late, twice and out of order, batches are written long after they arrived,
people take, merge, split and resolve, and the ledger is folded in between. Then all figures of many periods are
compared, in zones whose clocks are changed meanwhile.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import asyncpg
import msgspec
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from alertwhisperer.app.pipeline import Pipeline
from alertwhisperer.correlate import acts
from alertwhisperer.domain.company import INSTALLATION, Scope
from alertwhisperer.domain.delivery import Delivery
from alertwhisperer.domain.errors import Conflicting, NotFound
from alertwhisperer.domain.rule import Rule
from alertwhisperer.guard.audit.sealing import AuditSealer
from alertwhisperer.guard.companies import add_company
from alertwhisperer.guard.vault import Vault
from alertwhisperer.ingest.integrations import add_integration
from alertwhisperer.insight import kpis, periods
from alertwhisperer.insight.kpis import Figures
from alertwhisperer.insight.periods import SPANS, Window
from alertwhisperer.kit.clock import ManualClock
from alertwhisperer.sources.generic import SOURCE
from alertwhisperer.store import ledger, rules
from alertwhisperer.store.database import Connection, Database
from tests.conftest import MASTER, Tenant
from tests.database import Migrated
from tests.insight import slowly
from tests.store.batches import alert, delivery, hot_connection, pipeline_of

# A day before Berlin's clock is put forward, three weeks after New York's was, and a week before Lord Howe's goes back
# by half an hour.
DAWN = datetime(2026, 3, 28, 9, 7, 30, tzinfo=UTC)
ZONES = ("UTC", "Europe/Berlin", "America/New_York", "Asia/Kathmandu", "Australia/Lord_Howe")


@dataclass(frozen=True)
class Request:
    """
    A request that a tool sent.

    Attributes:
        late_s: how long it arrived before it was written; tool_late_s: what it speaks of, before it arrived.
        sender: its id, by which a repeat is known; two that share one have the same body.
    """

    assets: tuple[str, ...]
    signature: str
    firing: bool
    late_s: int
    tool_late_s: int | None
    sender: int | None


@dataclass(frozen=True)
class Step:
    """So much later a company gets a batch, then a person acts on something, then the books are folded."""

    later: timedelta
    company: int
    batch: tuple[Request, ...]
    act: str
    pick: int
    folded_ago: timedelta | None


_RULE = st.builds(
    Rule,
    id=st.just("all"),
    name=st.just("everything"),
    group_by=st.sampled_from([("asset",), ("asset", "signature"), ("source",)]),
    window_s=st.sampled_from([900, 86_400]),
    least_count=st.sampled_from([1, 1, 2]),
    hold_s=st.sampled_from([0, 0, 600]),
    reopen_s=st.sampled_from([0, 3600]),
)
_REQUEST = st.builds(
    Request,
    assets=st.lists(st.sampled_from(["a", "b", "c"]), min_size=1, max_size=4).map(tuple),
    signature=st.sampled_from(["disk full", "load"]),
    firing=st.sampled_from([True, True, True, False]),
    late_s=st.sampled_from([0, 0, 1, 45, 70, 1800, 90_000]),
    tool_late_s=st.sampled_from([None, 0, 30, 4000, -60]),
    sender=st.sampled_from([None, None, 1, 2]),
)
_STEP = st.builds(
    Step,
    later=st.sampled_from(
        [timedelta(seconds=second) for second in (1, 31, 400, 1799)]
        + [timedelta(hours=hour, minutes=minute) for hour, minute in ((1, 0), (7, 15), (23, 59), (49, 0))]
    ),
    company=st.integers(0, 1),
    batch=st.lists(_REQUEST, min_size=1, max_size=3).map(tuple),
    act=st.sampled_from(["", "acknowledge", "resolve", "merge", "split", "tick"]),
    pick=st.integers(0, 5),
    folded_ago=st.sampled_from([None, timedelta(), timedelta(minutes=2), timedelta(days=1)]),
)


class Life:
    """Two companies in one database, and what happens to them."""

    def __init__(self, database: Database, hot: Connection, owner: Connection, tenants: tuple[Tenant, Tenant]) -> None:
        self.clock = ManualClock(DAWN)
        self.database, self.owner, self.tenants = database, owner, tenants
        self._hot = hot
        self._pipeline: Pipeline = pipeline_of(database, self.clock)

    async def step(self, step: Step) -> None:
        self.clock.advance(step.later)
        tenant = self.tenants[step.company]
        if step.batch:
            await self._pipeline.run(self._hot, [self._delivery(tenant, one) for one in step.batch])
        if step.act:
            await self._act(tenant, step)
        if step.folded_ago is not None:
            async with self.database.unit_of_work(tenant.scope) as unit:
                await ledger.fold(unit, until=self.clock.now() - step.folded_ago)

    def _delivery(self, tenant: Tenant, request: Request) -> Delivery:
        arrived = self.clock.now() - timedelta(seconds=request.late_s)
        told: dict[str, object] = {"status": "firing" if request.firing else "resolved"}
        if request.tool_late_s is not None:
            moment = (arrived - timedelta(seconds=request.tool_late_s)).isoformat()
            told["started_at" if request.firing else "ended_at"] = moment
        if request.sender is not None:  # a repeat says the same again
            told = {"status": "firing"}
        members = [alert(asset, signature=request.signature, **told) for asset in request.assets]
        sender = None if request.sender is None else f"{request.assets} {request.signature} {request.sender}"
        return delivery(tenant, members, now=arrived, sender=sender)

    async def _act(self, tenant: Tenant, step: Step) -> None:
        now = self.clock.now()
        rows = await self.owner.fetch(
            "SELECT incident_id, status FROM incident_state WHERE company_id = $1 AND status IN (2, 3) ORDER BY 1",
            tenant.id,
        )
        opened: list[UUID] = [row[0] for row in rows if row[1] == 2]
        if not opened:
            return
        chosen = opened[step.pick % len(opened)]
        others = [row[0] for row in rows if row[0] != chosen]
        try:
            async with self.database.unit_of_work(tenant.scope) as unit:
                match step.act:
                    case "acknowledge":
                        await acts.acknowledge(unit, chosen, now=now)
                    case "resolve":
                        await acts.resolve(unit, chosen, note="", now=now)
                    case "tick":
                        await acts.resolve_due(unit, chosen, now=now)
                    case "merge" if others:
                        await acts.merge(unit, chosen, [others[step.pick % len(others)]], now=now)
                    case "split":
                        mine = await self.owner.fetch(
                            "SELECT id FROM alert WHERE company_id = $1 AND incident_id = $2 ORDER BY id",
                            tenant.id,
                            chosen,
                        )
                        await acts.split(unit, chosen, [mine[step.pick % len(mine)][0]], now=now)
        except (Conflicting, NotFound) as refusal:
            event(f"{step.act} was refused: {type(refusal).__name__}")
            return
        event(f"{step.act} was done")

    async def compare(self, window: Window) -> None:
        """Each company alone, and both together."""
        raws = [await slowly.read(self.owner, tenant.id) for tenant in self.tenants]
        for chosen in ([0], [1], [0, 1]):
            companies = [self.tenants[one].id for one in chosen]
            async with self.database.across(companies) as connection:
                report = await kpis.measure(connection, companies, window)
            shown = [report.now, report.before, *report.trend, *report.trend_before]
            wanted = [window.period, window.before, *window.trend, *window.trend_before]
            for figures, (start, finish) in zip(shown, wanted, strict=True):
                assert (figures.start, figures.finish) == (start, finish)
                assert plain(figures) == slowly.figures([raws[one] for one in chosen], start, finish)
            event("something was counted" if report.now.total_alerts else "nothing was counted")


def plain(figures: Figures) -> dict[str, object]:
    fields: dict[str, object] = msgspec.to_builtins(figures, builtin_types=(datetime,))
    return {name: value for name, value in fields.items() if name not in ("start", "finish")}


async def live(migrated: Migrated, rule: Rule, story: list[Step], zone: str, so_far: bool) -> None:
    vault = Vault(MASTER)
    database = Database(migrated.app_dsn, AuditSealer(vault))
    await database.open()
    hot = await hot_connection(database)
    owner: Connection = await asyncpg.connect(migrated.owner_dsn)
    try:
        tenants = (await new_tenant(database, vault), await new_tenant(database, vault))
        for tenant in tenants:
            async with database.unit_of_work(tenant.scope) as unit:
                await rules.save(unit, (rule,), now=DAWN)
        life = Life(database, hot, owner, tenants)
        for step in story:
            await life.step(step)
        now = life.clock.now()
        for span in SPANS:
            await life.compare(periods.of_span(span, so_far=so_far, zone=ZoneInfo(zone), now=minute(now)))
        await life.compare(periods.between(minute(DAWN) - timedelta(hours=1), minute(now), ZoneInfo(zone)))
    finally:
        await owner.close()
        await hot.close()
        await database.close()


def minute(moment: datetime) -> datetime:
    """Folded rows count by their minute, so a period inside one is no exact question."""
    return moment.replace(second=0) + timedelta(minutes=1)


async def new_tenant(database: Database, vault: Vault) -> Tenant:
    company = await add_company(database, Scope(INSTALLATION, "test"), "Acme", now=DAWN)
    scope = Scope(company.id, "test")
    made = await add_integration(
        database,
        vault,
        {SOURCE.slug: SOURCE},
        scope,
        source=SOURCE.slug,
        name="tool",
        require_signature=False,
        settings={},
        now=DAWN,
    )
    return Tenant(company, made.integration, made.api_key, made.hmac_secret, scope)


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(rule=_RULE, story=st.lists(_STEP, min_size=5, max_size=14), zone=st.sampled_from(ZONES), so_far=st.booleans())
def test_every_figure_equals_a_slow_count_of_the_raw_rows(
    migrated: Migrated, rule: Rule, story: list[Step], zone: str, so_far: bool
) -> None:
    asyncio.run(live(migrated, rule, story, zone, so_far))
