"""Figures over ranges and over companies: each equals the rows that its filter lists, and nobody's are another's."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any
from urllib.parse import parse_qsl, urlsplit
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from alertwhisperer.domain.severity import Severity
from alertwhisperer.kit.clock import ManualClock
from alertwhisperer.store import ledger
from alertwhisperer.store.database import Database
from tests.api.conftest import Doors, path_of
from tests.api.rows import count, tell_firing
from tests.conftest import MakeCompany, Tenant


@pytest.fixture
async def week(database: Database, tenant: Tenant, clock: ManualClock) -> list[UUID]:
    """A story of a week: incidents by day, two of them resolved, three acknowledged, one merged, one split off."""
    midnight = clock.now().replace(hour=0, minute=0)
    told = [
        await tell_firing(
            database,
            tenant.scope,
            at=midnight - timedelta(days=day, hours=-3),
            asset=f"h{day}",
            repeats=day,
            ended_at=None if day > 2 else midnight - timedelta(days=day, hours=-3, minutes=-10 * day),
        )
        for day in range(1, 7)
    ]
    ids = [one.incident_id for one in told]
    async with database.unit_of_work(tenant.scope) as unit:
        for place, minutes in ((0, 5), (1, 30), (2, 31)):
            await unit.connection.execute(
                "UPDATE incident SET acknowledged_at = opened_at + $3 WHERE company_id = $1 AND id = $2",
                *(unit.company_id, ids[place], timedelta(minutes=minutes)),
            )
        await unit.connection.execute(
            "UPDATE incident SET merged_into = $3 WHERE company_id = $1 AND id = $2", unit.company_id, ids[5], ids[4]
        )
        await unit.connection.execute(
            "UPDATE incident_state SET status = 4 WHERE company_id = $1 AND incident_id = $2", unit.company_id, ids[5]
        )
        # What was split off from an acknowledged one has its time of acknowledgement, and began later.
        await unit.connection.execute(
            "UPDATE incident SET split_from = $3, acknowledged_at = opened_at - interval '1 minute'"
            " WHERE company_id = $1 AND id = $2",
            *(unit.company_id, ids[3], ids[1]),
        )
    return ids


async def every(doors: Doors, path: str, query: str) -> list[dict[str, Any]]:
    """All rows of a list, page by page."""
    found: list[dict[str, Any]] = []
    asked: list[tuple[str, str]] = [*parse_qsl(query), ("limit", "2")]
    cursor: list[tuple[str, str]] = []
    while True:
        answer = await doors.technician.ask("GET", path, 200, params=[*asked, *cursor])
        found += answer["items"]
        if answer["next"] is None:
            return found
        cursor = [("cursor", answer["next"])]


async def test_each_figure_equals_the_rows_that_its_filter_lists(
    doors: Doors, tenant: Tenant, week: list[UUID]
) -> None:
    kpis = await doors.technician.get(path_of(tenant.id, "kpis"), range="7d")
    counted = {
        "total_incidents": kpis["total_incidents"],
        "distinct_alerts": kpis["distinct_alerts"],
        "mttr_minutes": kpis["mttr_count"],
        "mtta_minutes": kpis["mtta_count"],
        "over_30_minutes": kpis["over_30_minutes"],
    }
    assert counted == {
        "total_incidents": 5,
        "distinct_alerts": 6,
        "mttr_minutes": 2,
        "mtta_minutes": 3,
        "over_30_minutes": 1,
    }
    for name, amount in counted.items():
        definition = kpis["definitions"][name]
        query = definition["filter"].replace("{from}", kpis["from"]).replace("{to}", kpis["to"])
        for path in (path_of(tenant.id, definition["rows"]), f"/api/{definition['rows']}"):
            assert len(await every(doors, path, query)) == amount, f"{name} at {path}"
    assert (kpis["mttr_minutes"], kpis["mttr_minutes_median"]) == (15.0, 15.0)
    assert (kpis["mtta_minutes"], kpis["mtta_minutes_median"]) == (22.0, 30.0)


async def test_parts_sum_and_guards_tell(doors: Doors, tenant: Tenant, week: list[UUID]) -> None:
    kpis = await doors.technician.get(path_of(tenant.id, "kpis"), range="7d")
    assert sum(kpis["where_alerts_went"].values()) == kpis["total_alerts"] == 27
    assert kpis["noise_reduction"]["guards"] == {"criticals_suppressed": 0, "groups_split": 1, "groups_split_pct": 20.0}
    for name in ("total_alerts", "total_incidents", "mttr_count", "mtta_count"):
        assert sum(day[name] for day in kpis["trend"]) == kpis[name], name
    assert (kpis["sla"], kpis["patch"], kpis["self_healed_provisional"]) == (None, None, None)


@pytest.mark.parametrize(
    ("asked", "trend", "first", "last"),
    [
        ({"range": "24h"}, 24, "2026-03-28T12:00:00Z", "2026-03-29T12:00:00Z"),
        ({"range": "24h", "so_far": "true"}, 24, "2026-03-28T13:00:00Z", "2026-03-29T12:40:00Z"),
        ({"range": "7d"}, 7, "2026-03-21T23:00:00Z", "2026-03-28T23:00:00Z"),
        ({"range": "7d", "so_far": "true"}, 7, "2026-03-22T23:00:00Z", "2026-03-29T12:40:00Z"),
        ({"range": "30d"}, 30, "2026-02-26T23:00:00Z", "2026-03-28T23:00:00Z"),
        ({"range": "90d", "so_far": "true"}, 90, "2025-12-29T23:00:00Z", "2026-03-29T12:40:00Z"),
    ],
)
async def test_ranges_are_full_days_of_the_zone_and_lie_beside_the_ones_before(
    doors: Doors,
    tenant: Tenant,
    clock: ManualClock,
    asked: dict[str, str],
    trend: int,
    first: str,
    last: str,
) -> None:
    """On the day that Berlin's clock is put forward, at 14:40 there."""
    clock.advance(datetime(2026, 3, 29, 12, 40, tzinfo=UTC) - clock.now())
    await doors.admin.ask("PATCH", path_of(tenant.id), 200, json={"time_zone": "Europe/Berlin"})
    kpis = await doors.technician.get(path_of(tenant.id, "kpis"), **asked)
    assert (kpis["from"], kpis["to"]) == (first, last)
    assert (len(kpis["trend"]), len(kpis["previous_trend"])) == (trend, trend)
    assert (kpis["trend"][0]["from"], kpis["trend"][-1]["to"]) == (first, last)
    assert kpis["previous"]["from"] == kpis["previous_trend"][0]["from"]
    assert kpis["previous"]["to"] == kpis["previous_trend"][-1]["to"]
    zone = ZoneInfo("Europe/Berlin")
    for one in (kpis["trend"], kpis["previous_trend"]):
        assert all(day["to"] == following["from"] for day, following in pairwise(one))
    if asked["range"] != "24h":
        shift = timedelta(days=trend)
        for day, before in zip(kpis["trend"], kpis["previous_trend"], strict=True):
            now, then = (
                datetime.fromisoformat(one["to"]).astimezone(zone).replace(tzinfo=None) for one in (day, before)
            )
            assert now - then == shift, "by the clock on the wall, whatever was done to it between"


async def test_nothing_is_compared_when_nothing_is_asked(doors: Doors, tenant: Tenant) -> None:
    kpis = await doors.technician.get(path_of(tenant.id, "kpis"), range="7d", compare="none")
    assert (kpis["previous"], kpis["previous_trend"], len(kpis["trend"])) == (None, [], 7)


@pytest.mark.parametrize(
    "asked",
    [
        {"range": "7d", "from": "2026-02-01T00:00:00Z"},
        {"so_far": "true"},
        {"range": "8d"},
        {"compare": "next"},
    ],
)
async def test_a_range_that_is_none_is_refused(doors: Doors, tenant: Tenant, asked: dict[str, str]) -> None:
    await doors.technician.get(path_of(tenant.id, "kpis"), 422, **asked)


async def test_figures_of_all_are_those_that_one_serves(
    doors: Doors, database: Database, tenant: Tenant, make_company: MakeCompany, clock: ManualClock
) -> None:
    other = await make_company("Other")
    before = await doors.admin.get(
        "/api/kpis", zone="Asia/Kathmandu", range="24h"
    )  # the database has companies of other tests
    at = clock.now() - timedelta(hours=2)
    await tell_firing(database, tenant.scope, at=at, repeats=4)
    await tell_firing(database, other.scope, at=at, repeats=9, signature="Theirs", severity=Severity.HIGH)
    alone = await doors.technician.get("/api/kpis")
    assert (alone["companies"], alone["total_alerts"], alone["total_incidents"]) == (1, 5, 1)
    whole = await doors.admin.get("/api/kpis", zone="Asia/Kathmandu", range="24h")
    assert whole["companies"] == before["companies"] > 1
    assert (whole["total_alerts"], whole["total_incidents"]) == (
        before["total_alerts"] + 15,
        before["total_incidents"] + 2,
    )
    assert (whole["time_zone"], whole["from"][14:16]) == ("Asia/Kathmandu", "15")
    await doors.admin.get("/api/kpis", 422, zone="Nowhere/At_All")
    now = await doors.technician.get("/api/kpis/now")
    assert now["by_severity"]["critical"] == {"open": 1, "needs_ack": 1, "week_ago": 0}
    assert now["by_severity"]["high"] == {"open": 0, "needs_ack": 0, "week_ago": 0}
    assert (await doors.admin.get("/api/kpis/now"))["by_severity"]["high"]["open"] >= 1
    for _ in range(30):  # noisier than what other tests left in the database
        await tell_firing(database, tenant.scope, at=at)
        await tell_firing(database, other.scope, at=at, signature="Theirs")
    noisy = await doors.technician.get("/api/kpis/noisiest")
    assert [(one["company"], one["check"]) for one in noisy["items"]] == [("Acme", "DiskFull")]
    seen = {(one["company_id"], one["check"]) for one in (await doors.admin.get("/api/kpis/noisiest"))["items"]}
    assert {(str(tenant.id), "DiskFull"), (str(other.id), "Theirs")} <= seen


async def test_what_was_open_a_week_ago(doors: Doors, database: Database, tenant: Tenant, clock: ManualClock) -> None:
    then = clock.now() - timedelta(days=7)
    hour = timedelta(hours=1)
    for opened, ended in ((-2, None), (-2, 2), (-2, -1), (1, 2), (1, None)):
        ended_at = None if ended is None else then + ended * hour
        await tell_firing(database, tenant.scope, at=then + opened * hour, ended_at=ended_at, asset=f"{opened} {ended}")
    now = await doors.technician.get(path_of(tenant.id, "kpis/now"))
    assert now["by_severity"]["critical"] == {"open": 2, "needs_ack": 2, "week_ago": 2}
    assert list(now["by_severity"]) == ["critical", "high", "medium", "low", "info"]


async def test_the_heat_of_an_hour_is_the_median_of_its_weeks(
    doors: Doors, database: Database, tenant: Tenant, clock: ManualClock
) -> None:
    await doors.admin.ask("PATCH", path_of(tenant.id), 200, json={"time_zone": "Asia/Kathmandu"})
    zone = ZoneInfo("Asia/Kathmandu")
    today = clock.now().astimezone(zone).replace(hour=0, minute=0, second=0)
    ten = [today - timedelta(days=7 * weeks, hours=-10) for weeks in (1, 2, 3)]
    nothing = await doors.technician.get(path_of(tenant.id, "kpis/heat"))
    assert {cell for day in nothing["cells"] for cell in day} == {None}
    async with database.unit_of_work(tenant.scope) as unit:
        for moment, amount in zip(ten, (4, 10, 1), strict=True):
            await count(unit, at=(moment + timedelta(minutes=20)).astimezone(UTC), new=amount, received=amount)
        await ledger.fold(unit, until=ten[1].astimezone(UTC))  # some are folded, some are not
    heat = await doors.technician.get(path_of(tenant.id, "kpis/heat"), range="28d")
    assert (heat["zone"], heat["weeks"], [len(day) for day in heat["cells"]]) == ("Asia/Kathmandu", 4, [24] * 7)
    day = heat["cells"][today.weekday()]
    # Of the first hour ever heard of a part is missing, so the two that are whole remain.
    assert (day[10], day[11], day[9]) == (7.0, 0.0, 0.0)
    assert (await doors.technician.get(path_of(tenant.id, "kpis/heat"), range="7d"))["cells"][today.weekday()][10] == 4


async def test_the_noisiest_are_linked_to_their_alerts(
    doors: Doors, database: Database, tenant: Tenant, clock: ManualClock
) -> None:
    at = clock.now() - timedelta(hours=2)
    for asset, signature in (("a", "Disk"), ("b", "Disk"), ("b", "Load")):
        await tell_firing(database, tenant.scope, at=at, asset=asset, signature=signature)
    path = path_of(tenant.id, "kpis/noisiest")
    checks = await doors.technician.get(path, range="7d")
    told = [(one["check"], one["asset"], one["alerts"], one["share_pct"], one["incidents"]) for one in checks["items"]]
    assert (told, checks["total_alerts"]) == ([("Disk", None, 2, 66.67, 2), ("Load", "b", 1, 33.33, 1)], 3)
    assets = await doors.technician.get(path, range="24h", by="asset", limit="1")
    assert [(one["asset"], one["check"], one["alerts"]) for one in assets["items"]] == [("b", None, 2)]
    for one in (*checks["items"], *assets["items"]):
        link = urlsplit(one["link"])
        query = "&".join(part for part in link.query.split("&") if not part.startswith("company="))
        assert f"company={tenant.id}" in link.query
        assert len(await every(doors, path_of(tenant.id, "alerts"), query)) == one["distinct_alerts"]
    await doors.technician.get(path, 422, limit="51")
    await doors.technician.get(path, 422, by="weather")
