"""Promises to clients: written on the incident, waiting until kept, and not lost when the incident goes elsewhere."""

from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from alertwhisperer.correlate import acts
from alertwhisperer.domain.company import Scope
from alertwhisperer.kit.clock import ManualClock
from alertwhisperer.shift import promises
from alertwhisperer.store.database import Database
from tests.api.conftest import Door, Doors, path_of
from tests.api.rows import Told, tell_firing
from tests.conftest import Tenant

WORDS = "A call before the restart, whatever the hour."


def written(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")


async def fire(database: Database, tenant: Tenant, clock: ManualClock, **more: Any) -> Told:
    return await tell_firing(database, tenant.scope, at=clock.now() - timedelta(minutes=5), **more)


async def promise(door: Door, told: Told, clock: ManualClock, status: int = 201, **more: Any) -> Any:
    body = {"text": WORDS, "due_at": written(clock.now() + timedelta(hours=2)), **more}
    return await door.post(f"/api/incidents/{told.incident_id}/promises", body, status)


async def of_incident(door: Door, told: Told) -> list[Any]:
    found = await door.get(f"/api/incidents/{told.incident_id}/promises")
    assert found["next"] is None
    items: list[Any] = found["items"]
    return items


async def test_a_promise_waits_becomes_late_and_is_kept_once(
    doors: Doors, database: Database, tenant: Tenant, clock: ManualClock
) -> None:
    told = await fire(database, tenant, clock)
    made = await promise(doors.technician, told, clock)
    assert (made["state"], made["text"], made["kept_at"]) == ("waiting", WORDS, None)
    assert (made["incident_id"], made["incident_title"]) == (str(told.incident_id), "DiskFull on db-01")
    clock.advance(timedelta(hours=2))
    [late] = await of_incident(doors.company_admin, told)
    assert late == {**made, "state": "late"}
    kept = await doors.company_admin.post(f"/api/promises/{made['id']}/keep")
    assert (kept["state"], kept["kept_at"]) == ("kept", written(clock.now()))
    assert kept["kept_by"].startswith("boss.")
    again = await doors.technician.post(f"/api/promises/{made['id']}/keep", status=409)
    assert kept["kept_by"] in again["detail"]
    [shown] = await of_incident(doors.technician, told)
    assert shown == kept


async def test_the_timeline_and_the_log_say_what_was_promised_and_kept(
    doors: Doors, database: Database, tenant: Tenant, clock: ManualClock
) -> None:
    told = await fire(database, tenant, clock)
    made = await promise(doors.technician, told, clock)
    clock.advance(timedelta(minutes=1))
    await doors.technician.post(f"/api/promises/{made['id']}/keep")
    timeline = (await doors.technician.get(f"/api/incidents/{told.incident_id}"))["timeline"]
    said = [one for one in timeline if one["kind"].startswith("promise")]
    assert [(one["kind"], one["group"]) for one in said] == [("promise", "people"), ("promise_kept", "people")]
    assert all(WORDS in one["text"] and one["detail"]["promise"] == made["id"] for one in said)
    log = await doors.company_admin.all(path_of(tenant.id, "audit"), resource_kind="promise", resource_id=made["id"])
    assert [one["action"] for one in log] == ["promise_kept", "promise_made"]
    assert {one["incident_id"] for one in log} == {str(told.incident_id)}


async def test_a_companys_promises_are_listed_newest_first(
    doors: Doors, database: Database, tenant: Tenant, clock: ManualClock
) -> None:
    told = await fire(database, tenant, clock)
    made = []
    for number in range(3):
        made.append(await promise(doors.technician, told, clock, text=f"number {number}"))
        clock.advance(timedelta(seconds=1))
    await doors.technician.post(f"/api/promises/{made[1]['id']}/keep")

    async def texts(door: Door, **query: Any) -> list[str]:
        return [one["text"] for one in await door.all(path_of(tenant.id, "promises"), **query)]

    assert await texts(doors.technician) == ["number 2", "number 1", "number 0"]
    assert await texts(doors.technician, state="waiting") == ["number 2", "number 0"]
    assert await texts(doors.technician, state="kept") == ["number 1"]
    first = await doors.technician.get(path_of(tenant.id, "promises"), limit=2)
    rest = await doors.technician.get(path_of(tenant.id, "promises"), limit=2, cursor=first["next"])
    assert [one["text"] for one in (*first["items"], *rest["items"])] == ["number 2", "number 1", "number 0"]


async def test_a_promise_goes_with_its_incident_when_it_is_merged(
    doors: Doors, database: Database, tenant: Tenant, clock: ManualClock
) -> None:
    going, staying = await fire(database, tenant, clock), await fire(database, tenant, clock, asset="db-02")
    made = await promise(doors.technician, going, clock)
    async with database.unit_of_work(Scope(tenant.id, "kim@example.org")) as unit:
        await acts.merge(unit, staying.incident_id, [going.incident_id], now=clock.now())
    assert [one["id"] for one in await of_incident(doors.technician, staying)] == [made["id"]]
    refused = await promise(doors.technician, going, clock, 409)
    assert "went into" in refused["mend"]
    kept = await doors.technician.post(f"/api/promises/{made['id']}/keep")
    assert kept["incident_id"] == str(staying.incident_id)


async def test_a_report_may_be_promised_of_what_is_over(
    doors: Doors, database: Database, tenant: Tenant, clock: ManualClock
) -> None:
    told = await fire(database, tenant, clock, ended_at=clock.now())
    assert (await promise(doors.technician, told, clock))["state"] == "waiting"


@pytest.mark.parametrize(
    ("text", "hours"),
    [("", 1), ("   ", 1), ("x" * (promises.LONGEST_TEXT + 1), 1), ("a\0b", 1), ("x", 0), ("x", -1), ("x", 24 * 367)],
)
async def test_a_promise_says_something_and_lies_ahead(
    doors: Doors, database: Database, tenant: Tenant, clock: ManualClock, text: str, hours: int
) -> None:
    told = await fire(database, tenant, clock)
    await promise(doors.technician, told, clock, 422, text=text, due_at=written(clock.now() + timedelta(hours=hours)))
    assert await of_incident(doors.technician, told) == []


async def test_what_will_not_be_kept_is_given_up_for_a_reason(
    doors: Doors, database: Database, tenant: Tenant, clock: ManualClock
) -> None:
    told = await fire(database, tenant, clock)
    made = await promise(doors.technician, told, clock)
    path = f"/api/promises/{made['id']}"
    for why in ("", "  ", "x" * (promises.LONGEST_TEXT + 1)):
        await doors.technician.post(f"{path}/drop", {"why": why}, 422)
    await doors.stranger.post(f"{path}/drop", {"why": "x"}, 404)
    clock.advance(timedelta(hours=3))
    dropped = await doors.technician.post(f"{path}/drop", {"why": " Called off. "})
    assert (dropped["state"], dropped["dropped_why"], dropped["kept_at"]) == ("dropped", "Called off.", None)
    assert dropped["dropped_at"] == written(clock.now())
    assert "gave it up" in (await doors.technician.post(f"{path}/keep", status=409))["detail"]
    await doors.technician.post(f"{path}/drop", {"why": "x"}, 409)
    assert await doors.technician.all(path_of(tenant.id, "promises"), state="waiting") == []
    assert await doors.technician.all(path_of(tenant.id, "promises"), state="dropped") == [dropped]
    assert (await doors.technician.get("/api/shift"))["promises"]["count"] == 0
    other = await promise(doors.technician, told, clock)
    await doors.technician.post(f"/api/promises/{other['id']}/keep")
    assert "kept it" in (await doors.technician.post(f"/api/promises/{other['id']}/drop", {"why": "x"}, 409))["detail"]
    timeline = (await doors.technician.get(f"/api/incidents/{told.incident_id}"))["timeline"]
    [said] = [one for one in timeline if one["kind"] == "promise_dropped"]
    assert said["detail"]["why"] == "Called off."


async def test_there_are_so_many_and_no_more(
    doors: Doors, database: Database, tenant: Tenant, clock: ManualClock
) -> None:
    told = await fire(database, tenant, clock)
    async with database.unit_of_work(tenant.scope) as unit:
        for _ in range(promises.MOST_OF_INCIDENT):
            await promises.make(unit, told.incident_id, "x", clock.now() + timedelta(hours=1), now=clock.now())
    await promise(doors.technician, told, clock, 409)


async def test_another_companys_person_learns_nothing(
    doors: Doors, database: Database, tenant: Tenant, clock: ManualClock
) -> None:
    told = await fire(database, tenant, clock)
    made = await promise(doors.technician, told, clock)
    await promise(doors.stranger, told, clock, 404)
    await doors.stranger.get(f"/api/incidents/{told.incident_id}/promises", 404)
    await doors.stranger.get(path_of(tenant.id, "promises"), 404)
    foreign = await doors.stranger.post(f"/api/promises/{made['id']}/keep", status=404)
    absent = await doors.stranger.post(f"/api/promises/{uuid4()}/keep", status=404)
    assert foreign["title"] == absent["title"]
    await promise(doors.nobody, told, clock, 401)
    assert [one["state"] for one in await of_incident(doors.technician, told)] == ["waiting"]


async def test_a_forming_incident_is_nobodys_to_promise_about(
    doors: Doors, database: Database, tenant: Tenant, clock: ManualClock
) -> None:
    told = await fire(database, tenant, clock, forming=True)
    await promise(doors.technician, told, clock, 404)
    await doors.technician.get(f"/api/incidents/{told.incident_id}/promises", 404)
