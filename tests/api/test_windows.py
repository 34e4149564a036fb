"""Maintenance windows by the API: made within one's bounds, looked at before, extended, ended; and their rows."""

from __future__ import annotations

from datetime import timedelta

from alertwhisperer.domain.severity import Severity
from alertwhisperer.kit.clock import ManualClock
from alertwhisperer.store.database import Database
from tests.api.conftest import Doors, path_of
from tests.api.rows import tell_firing
from tests.conftest import People, Tenant
from tests.inventory.furnishing import furnish


def asked(
    clock: ManualClock, *, hours: float = 2, begins: timedelta = timedelta(0), **more: object
) -> dict[str, object]:
    starts = clock.now().replace(tzinfo=None) + begins
    ends = starts + timedelta(hours=hours)
    plain = {"name": "Patch night", "reason": "Servers restart.", "time_zone": "UTC"}
    return {**plain, "starts": starts.isoformat(), "ends": ends.isoformat(), **more}


async def test_a_window_is_made_shown_extended_and_ended(
    doors: Doors, tenant: Tenant, database: Database, clock: ManualClock
) -> None:
    inventory = await furnish(database, tenant.scope, now=clock.now())
    path = path_of(tenant.id, "windows")
    named = asked(clock, assets=[str(inventory["asset_id"])], signatures=["HostDown"])
    made = await doors.technician.post(path, named, 201)
    assert (made["phase"], made["whole_company"], made["findings"]) == ("running", False, [])
    one = f"{path}/{made['id']}"
    assert await doors.technician.get(one) == made
    assert [window["id"] for window in (await doors.technician.get(path, phase="running"))["items"]] == [made["id"]]
    assert (await doors.technician.get(path, phase="coming"))["items"] == []

    clock.advance(timedelta(minutes=5))
    until = clock.now() + timedelta(hours=3)
    longer = await doors.technician.post(f"{one}/extend", {"until": until.isoformat()}, 200)
    assert longer["times"][0]["ends_at"] == until.isoformat().replace("+00:00", "Z")
    clock.advance(timedelta(minutes=5))
    over = await doors.technician.post(f"{one}/end", {}, 200)
    assert (over["phase"], over["ended_by"] is not None) == ("past", True)
    problem = await doors.technician.ask("POST", f"{one}/end", 409, json={})
    assert "over" in problem["detail"]


async def test_what_is_wider_than_ones_role_is_refused(
    doors: Doors, tenant: Tenant, database: Database, clock: ManualClock
) -> None:
    asset_id = str((await furnish(database, tenant.scope, now=clock.now()))["asset_id"])
    path = path_of(tenant.id, "windows")
    until = (clock.now() + timedelta(days=30)).isoformat()
    for wide in (
        asked(clock),
        asked(clock, hours=9, assets=[asset_id]),
        asked(clock, assets=[asset_id], recurrence="FREQ=DAILY", until=until),
    ):
        problem = await doors.technician.ask("POST", path, 403, json=wide)
        assert "company admin" in problem["mend"]
        await doors.company_admin.post(path, wide, 201)
    await doors.admin.ask("PUT", path_of(tenant.id, "settings/window_hours_technician"), 200, json={"value": 1})
    await doors.technician.ask("POST", path, 403, json=asked(clock, hours=2, assets=[asset_id]))
    await doors.technician.post(path, asked(clock, hours=1, assets=[asset_id]), 201)
    await doors.company_admin.ask("POST", path, 422, json=asked(clock, hours=73))


async def test_a_window_names_places_of_its_own_company_alone(
    doors: Doors, tenant: Tenant, database: Database, people: People, clock: ManualClock
) -> None:
    [theirs] = (await doors.stranger.get("/api/companies"))["items"]
    asset_id = str((await furnish(database, tenant.scope, now=clock.now()))["asset_id"])
    path = f"/api/companies/{theirs['id']}/windows"
    problem = await doors.stranger.ask("POST", path, 422, json=asked(clock, assets=[asset_id]))
    assert problem["where"] == "assets"


async def test_windows_that_run_are_told_of_all_that_one_serves(
    doors: Doors, tenant: Tenant, database: Database, clock: ManualClock
) -> None:
    inventory = await furnish(database, tenant.scope, now=clock.now())
    path = path_of(tenant.id, "windows")
    made = await doors.company_admin.post(path, asked(clock, sites=[str(inventory["site_id"])]), 201)
    await doors.company_admin.post(path, asked(clock, begins=timedelta(days=1)), 201)
    [running] = (await doors.technician.get("/api/windows/running"))["items"]
    assert (running["window_id"], running["company_id"]) == (made["id"], str(tenant.id))
    assert sorted(running["assets"]) == ["db-01", "esx-03"]
    assert (await doors.stranger.get("/api/windows/running"))["items"] == []


async def test_a_preview_says_what_would_have_been_hidden_and_saves_nothing(
    doors: Doors, tenant: Tenant, database: Database, clock: ManualClock
) -> None:
    asset_id = str((await furnish(database, tenant.scope, now=clock.now()))["asset_id"])
    hours = asked(clock, hours=1, assets=[asset_id])
    for number, severity in enumerate((Severity.HIGH, Severity.CRITICAL)):
        at = clock.now() + timedelta(minutes=number)
        await tell_firing(
            database, tenant.scope, at=at, asset="DB-01.example.org", signature=severity.word, severity=severity
        )
    clock.advance(timedelta(hours=3))
    found = await doors.technician.post(
        f"{path_of(tenant.id, 'windows')}/preview", {**hours, "ends": asked(clock)["ends"]}, 200
    )
    assert (found["alerts"], found["incidents"]) == (2, 2)
    assert [one["severity"] for one in found["worst"]] == ["critical", "high"]
    assert found["by_severity"] == [{"severity": "critical", "alerts": 1}, {"severity": "high", "alerts": 1}]
    assert (await doors.technician.get(path_of(tenant.id, "windows")))["items"] == []


async def test_a_series_needs_an_end_and_a_known_rule(doors: Doors, tenant: Tenant, clock: ManualClock) -> None:
    path = path_of(tenant.id, "windows")
    until = (clock.now() + timedelta(days=30)).isoformat()
    for body, where in (
        (asked(clock, recurrence="FREQ=DAILY"), "until"),
        (asked(clock, recurrence="FREQ=HOURLY", until=until), "recurrence"),
        (asked(clock, hours=30, recurrence="FREQ=DAILY", until=until), "ends"),
        (asked(clock, hours=-1), "ends"),
    ):
        assert (await doors.company_admin.ask("POST", path, 422, json=body))["where"] == where
    made = await doors.company_admin.post(path, asked(clock, recurrence="rrule:freq=daily", until=until), 201)
    assert (made["recurrence"], len(made["times"])) == ("FREQ=DAILY", 30)
