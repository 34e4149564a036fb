"""KPIs and the ledger: each figure as its definition says, null where there is nothing to measure."""

from datetime import datetime, timedelta
from itertools import pairwise

from alertwhisperer.domain.severity import Severity
from alertwhisperer.insight.definitions import DEFINITIONS
from alertwhisperer.kit.clock import ManualClock
from alertwhisperer.store import ledger
from alertwhisperer.store.database import Database
from tests.api.conftest import Doors, path_of
from tests.api.rows import add_quarantined, count, tell_firing
from tests.conftest import Tenant

UNSPLIT = {"criticals_suppressed": 0, "groups_split": 0, "groups_split_pct": 0.0}
UNMEASURED = ("self_healed_count", "self_healed_pct", "sla_compliance_pct", "patch_compliance_pct")


async def test_ten_identical_alerts_are_one_incident_and_90_percent_less_noise(
    doors: Doors, database: Database, tenant: Tenant, clock: ManualClock
) -> None:
    await tell_firing(database, tenant.scope, at=clock.now() - timedelta(hours=1), repeats=9)
    kpis = await doors.technician.get(path_of(tenant.id, "kpis"))
    assert (kpis["total_alerts"], kpis["distinct_alerts"], kpis["total_incidents"]) == (10, 1, 1)
    assert kpis["noise_reduction_pct"] == 90.0
    assert kpis["noise_reduction"] == {"dedup": 90.0, "correlation": 0.0, "suppression": 0.0, "guards": UNSPLIT}
    assert kpis["where_alerts_went"] == {"folded": 9, "correlated": 0, "suppressed": 0, "incidents": 1}
    assert kpis["company_id"] == str(tenant.id)
    assert [kpis[name] for name in UNMEASURED] == [None] * 4
    assert (kpis["mttr_minutes"], kpis["mtta_minutes"]) == (None, None)
    assert set(kpis["definitions"]) == set(DEFINITIONS)


async def test_correlation_has_its_own_part(
    doors: Doors, database: Database, tenant: Tenant, clock: ManualClock
) -> None:
    at = clock.now() - timedelta(hours=1)
    first = await tell_firing(database, tenant.scope, at=at)
    for minute in (1, 2, 3):
        await tell_firing(
            database,
            tenant.scope,
            at=at + timedelta(minutes=minute),
            incident_id=first.incident_id,
            asset=f"web-{minute}",
            severity=Severity.LOW,
        )
    kpis = await doors.technician.get(path_of(tenant.id, "kpis"))
    assert kpis["noise_reduction"] == {"dedup": 0.0, "correlation": 75.0, "suppression": 0.0, "guards": UNSPLIT}


async def test_nothing_is_null_and_not_zero_percent(doors: Doors, tenant: Tenant) -> None:
    kpis = await doors.technician.get(path_of(tenant.id, "kpis"))
    assert (kpis["total_alerts"], kpis["total_incidents"]) == (0, 0)
    assert (kpis["noise_reduction_pct"], kpis["noise_reduction"]) == (None, None)


async def test_times_to_acknowledge_and_resolve_leave_merged_ones_out(
    doors: Doors, database: Database, tenant: Tenant, clock: ManualClock
) -> None:
    at = clock.now() - timedelta(hours=2)
    told = [
        await tell_firing(database, tenant.scope, at=at, asset=f"h{place}", ended_at=at + timedelta(minutes=minutes))
        for place, minutes in enumerate((10, 20, 60, 90))
    ]
    async with database.unit_of_work(tenant.scope) as unit:
        await unit.connection.execute(
            "UPDATE incident_state SET status = 4 WHERE company_id = $1 AND incident_id = $2",
            *(unit.company_id, told[3].incident_id),
        )
        await unit.connection.execute(
            "UPDATE incident SET merged_into = $3 WHERE company_id = $1 AND id = $2",
            *(unit.company_id, told[3].incident_id, told[0].incident_id),
        )
        await unit.connection.execute(
            "UPDATE incident SET acknowledged_at = $3 WHERE company_id = $1 AND id = $2",
            *(unit.company_id, told[0].incident_id, at + timedelta(minutes=3)),
        )
    kpis = await doors.technician.get(path_of(tenant.id, "kpis"))
    assert (kpis["mttr_minutes"], kpis["mttr_minutes_median"]) == (30.0, 20.0)
    assert (kpis["mtta_minutes"], kpis["mtta_minutes_median"]) == (3.0, 3.0)
    assert kpis["total_incidents"] == 3


async def test_the_trend_is_by_day_of_the_companys_zone(
    doors: Doors, database: Database, tenant: Tenant, clock: ManualClock
) -> None:
    await doors.admin.ask("PATCH", path_of(tenant.id), 200, json={"time_zone": "Pacific/Auckland"})
    midnight = clock.now().replace(hour=0)
    async with database.unit_of_work(tenant.scope) as unit:
        for hour in (-30, -2, 2):
            await count(unit, at=midnight + timedelta(hours=hour), new=1, received=1)
    kpis = await doors.technician.get(path_of(tenant.id, "kpis"), to=midnight.isoformat())
    trend = kpis["trend"]
    assert len(trend) == 7
    assert kpis["time_zone"] == "Pacific/Auckland"
    for day, following in pairwise(trend):
        assert day["to"] == following["from"]
    assert datetime.fromisoformat(trend[-1]["from"]) <= midnight < datetime.fromisoformat(trend[-1]["to"])
    # Midnight in UTC is noon in Auckland: two hours before and after are one day there.
    assert [day["total_alerts"] for day in trend[-2:]] == [1, 2]
    assert (kpis["total_alerts"], kpis["previous"]["total_alerts"]) == (1, 1)


async def test_a_turned_round_or_endless_period_is_refused(doors: Doors, tenant: Tenant) -> None:
    path = path_of(tenant.id, "kpis")
    await doors.technician.get(path, 422, **{"from": "2026-02-02T00:00:00Z", "to": "2026-02-01T00:00:00Z"})
    await doors.technician.get(path, 422, **{"from": "2001-02-02T00:00:00Z", "to": "2026-02-01T00:00:00Z"})
    await doors.technician.get(path, 422, **{"from": "2026-02-02T00:00:00"})


async def test_the_ledger_sums_and_agrees_with_the_rows(
    doors: Doors, database: Database, tenant: Tenant, clock: ManualClock
) -> None:
    await tell_firing(database, tenant.scope, at=clock.now())
    await tell_firing(database, tenant.scope, at=clock.now() + timedelta(minutes=1), asset="db-02")
    await add_quarantined(database, tenant.scope, at=clock.now(), body=b"{")
    sums = await doors.technician.get(path_of(tenant.id, "ledger"))
    assert (sums["received"], sums["new"], sums["quarantined"], sums["firing"]) == (3, 2, 1, 2)
    until = (clock.now() + timedelta(seconds=30)).isoformat()
    assert (await doors.technician.get(path_of(tenant.id, "ledger"), to=until))["received"] == 2
    verified = await doors.technician.get(path_of(tenant.id, "ledger/verification"))
    assert verified == {"agrees": True, "since": None, "differences": []}


async def test_a_lost_row_is_found(doors: Doors, database: Database, tenant: Tenant, clock: ManualClock) -> None:
    await tell_firing(database, tenant.scope, at=clock.now())
    async with database.unit_of_work(tenant.scope) as unit:
        await unit.connection.execute("DELETE FROM occurrence WHERE company_id = $1", unit.company_id)
    verified = await doors.technician.get(path_of(tenant.id, "ledger/verification"))
    assert verified["agrees"] is False
    assert {"name": "new", "counted": 1, "found": 0} in verified["differences"]


async def test_folding_changes_no_sum(doors: Doors, database: Database, tenant: Tenant, clock: ManualClock) -> None:
    at = clock.now() - timedelta(hours=1)
    async with database.unit_of_work(tenant.scope) as unit:
        for second in range(150):
            await count(unit, at=at + timedelta(seconds=second), new=1, repeat=2, received=3)
            await unit.connection.execute(
                "INSERT INTO refusal_count VALUES ($1, gen_random_uuid(), $2, 'rate_limited', 4)",
                *(unit.company_id, at + timedelta(seconds=second)),
            )
    before = await doors.technician.get(path_of(tenant.id, "ledger"))
    assert before["refusals"] == {"rate_limited": 600}
    async with database.unit_of_work(tenant.scope) as unit:
        assert await ledger.fold(unit, until=at + timedelta(minutes=2, seconds=10)) == 120
        assert await ledger.fold(unit, until=at + timedelta(minutes=2, seconds=10)) == 0
    assert await doors.technician.get(path_of(tenant.id, "ledger")) == before
