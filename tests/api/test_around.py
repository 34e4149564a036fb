"""What stands around an incident: its last hour in bars, earlier ones like it, and whom to call."""

from datetime import datetime, timedelta
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest

from alertwhisperer.domain.inventory import Site
from alertwhisperer.domain.outcome import Outcome, Reason
from alertwhisperer.inventory.calling import reachable
from alertwhisperer.kit.clock import ManualClock
from alertwhisperer.kit.ids import uuid7
from alertwhisperer.store.database import Database
from tests.api.conftest import Doors, path_of
from tests.api.rows import Told, tell_firing
from tests.conftest import Tenant


async def test_the_last_hour_is_told_in_bars(
    doors: Doors, database: Database, tenant: Tenant, clock: ManualClock
) -> None:
    now = clock.now()
    told = await tell_firing(database, tenant.scope, at=now - timedelta(minutes=90))
    other = await tell_firing(database, tenant.scope, at=now - timedelta(seconds=1), asset="db-02")
    for minutes in (70, 59, 58, 4, 4, 1):
        await _repeat(database, tenant, told, now - timedelta(minutes=minutes))
    await _heard(database, tenant, told, now)
    ids = [str(told.incident_id), str(other.incident_id), str(uuid4())]
    found = await doors.technician.get("/api/incidents/activity", id=ids)
    bars = {one["id"]: one["bars"] for one in found["items"]}
    assert bars == {ids[0]: [2] + [0] * 17 + [2, 1], ids[1]: [0] * 19 + [1]}
    assert found["until"] == now.isoformat().replace("+00:00", "Z")
    assert (await doors.stranger.get("/api/incidents/activity", id=ids))["items"] == []
    await doors.technician.get("/api/incidents/activity", 422)
    await doors.technician.get("/api/incidents/activity", 422, id=[str(uuid4()) for _ in range(101)])


async def test_similar_incidents_say_how_they_ended_and_whether_it_held(
    doors: Doors, database: Database, tenant: Tenant, clock: ManualClock
) -> None:
    begin = clock.now() - timedelta(hours=5)
    clock.advance(timedelta(hours=-5))
    first = await tell_firing(database, tenant.scope, at=begin)
    clock.advance(timedelta(minutes=30))
    await doors.technician.post(f"/api/incidents/{first.incident_id}/resolve", {"note": "Old logs removed."})
    clock.advance(timedelta(hours=4, minutes=30))
    elsewhere = await tell_firing(
        database, tenant.scope, at=begin + timedelta(hours=1), asset="db-02", ended_at=begin + timedelta(hours=2)
    )
    await tell_firing(
        database, tenant.scope, at=begin, asset="db-01", signature="CpuHigh", ended_at=begin + timedelta(hours=2)
    )
    await tell_firing(database, tenant.scope, at=begin + timedelta(hours=2), asset="db-03")
    now = await tell_firing(database, tenant.scope, at=begin + timedelta(hours=4, minutes=30))
    path = f"/api/incidents/{now.incident_id}/similar"
    same, other = (await doors.technician.get(path))["items"]
    assert same["id"] == str(first.incident_id)
    assert (same["minutes_to_resolve"], same["came_back_after_minutes"]) == (30, 240)
    assert same["resolution_note"] == "Old logs removed."
    assert same["why"] == "Same rule and key: db-01|DiskFull."
    assert (other["id"], other["why"]) == (str(elsewhere.incident_id), "Same check elsewhere: DiskFull.")
    assert (other["resolved_by"], other["came_back_after_minutes"]) == (None, None)
    await doors.stranger.get(path, 404)


async def test_whom_to_call_names_the_sites_people_first_and_what_to_heed(
    doors: Doors, database: Database, tenant: Tenant, clock: ManualClock
) -> None:
    door = doors.company_admin

    async def add(noun: str, **fields: object) -> str:
        return str((await door.post(path_of(tenant.id, noun), fields, 201))["id"])

    always = {day: [["00:00", "24:00"]] for day in ("mon", "tue", "wed", "thu", "fri", "sat", "sun")}
    site = await add("sites", name="Berlin", calendar={"hours": always}, notes="Ring the bell twice.")
    other = await add("sites", name="Hamburg")
    await add("assets", name="db-01", site_id=site, notes="Never restart during payroll.")
    await add("contacts", name="Ada", role="boss", phone="+49 30 1", hours="weekdays until five")
    await add("contacts", name="Bea", role="desk", site_id=site, preferred_channel="phone")
    await add("contacts", name="Cem", site_id=other)
    told = await tell_firing(database, tenant.scope, at=clock.now())
    path = f"/api/incidents/{told.incident_id}/whom-to-call"
    found = await doors.technician.get(path)
    assert [(one["name"], one["reachable_now"]) for one in found["contacts"]] == [("Bea", True), ("Ada", None)]
    assert found["contacts"][0]["preferred"] == "phone"
    assert found["warnings"] == [
        {"about": "db-01", "text": "Never restart during payroll."},
        {"about": "Berlin", "text": "Ring the bell twice."},
    ]
    await doors.stranger.get(path, 404)


MONDAY = datetime.fromisoformat("2026-03-02T09:30:00+00:00")


@pytest.mark.parametrize(
    ("hours", "zone", "expected"),
    [
        ("", "UTC", None),
        ("weekdays until five", "UTC", None),
        ("24/7", "UTC", True),
        ("mon-fri 08:00-18:00", "UTC", True),
        ("mon-fri 08:00-18:00", "America/New_York", False),
        ("tue 08:00-18:00", "UTC", False),
        ("mon 09:30-10:00", "UTC", True),
        ("mon 08:00-09:30", "UTC", False),
    ],
)
def test_who_is_there_by_their_own_hours(hours: str, zone: str, expected: bool | None) -> None:
    assert reachable(hours, None, ZoneInfo(zone), MONDAY) is expected


def test_who_is_there_by_their_sites_calendar() -> None:
    def site(**calendar: object) -> Site:
        return Site(uuid4(), "Berlin", "Europe/Berlin", calendar, "", "", MONDAY)

    utc = ZoneInfo("UTC")
    assert reachable("", site(hours={"mon": [["10:00", "11:00"]]}), utc, MONDAY) is True
    assert reachable("", site(hours={"mon": [["09:00", "10:00"]]}), utc, MONDAY) is False
    assert reachable("", site(hours={"mon": [["10:00", "11:00"]]}, holidays=["2026-03-02"]), utc, MONDAY) is False
    assert reachable("", site(), utc, MONDAY) is None
    assert reachable("mon 08:00-09:00", site(hours={"mon": [["10:00", "11:00"]]}), utc, MONDAY) is False


async def _repeat(database: Database, tenant: Tenant, told: Told, at: datetime) -> None:
    async with database.unit_of_work(tenant.scope) as unit:
        await unit.connection.execute(
            "INSERT INTO occurrence (company_id, id, integration_id, seq, place, received_at, kind, severity, outcome,"
            " reason, problem, rules_version, alert_id, incident_id)"
            " VALUES ($1, $2, $3, 1, 0, $4, 1, 5, $5, $6, $3, 0, $7, $8)",
            *(unit.company_id, uuid7(at), uuid4(), at, Outcome.REPEAT, Reason.REPEAT_FIRING, told.alert_id),
            told.incident_id,
        )


async def _heard(database: Database, tenant: Tenant, told: Told, at: datetime) -> None:
    async with database.unit_of_work(tenant.scope) as unit:
        await unit.connection.execute(
            "UPDATE alert_state SET last_seen_at = $3 WHERE company_id = $1 AND alert_id = $2",
            *(unit.company_id, told.alert_id, at),
        )
