"""Saved views: one's own are nobody else's business, shared ones are made by admins for those who may see them."""

from datetime import timedelta
from typing import Any

import pytest

from alertwhisperer.kit.clock import ManualClock
from alertwhisperer.shift import views
from tests.api.conftest import Door, Doors
from tests.conftest import Tenant

QUERY = "state=open&severity=critical&owner=me&q=db%2001"


async def save(door: Door, name: str, status: int = 201, **more: object) -> Any:
    return await door.post("/api/views", {"name": name, "address": QUERY, **more}, status)


async def names(door: Door) -> list[str]:
    return [one["name"] for one in (await door.get("/api/views"))["items"]]


async def test_ones_own_are_kept_in_ones_own_order_and_shown_to_nobody_else(doors: Doors) -> None:
    first = await save(doors.technician, "Mine", position=2)
    await save(doors.technician, "Also mine", position=1)
    assert (first["address"], first["shared"], first["company_id"]) == (QUERY, False, None)
    assert await names(doors.technician) == ["Also mine", "Mine"]
    path = f"/api/views/{first['id']}"
    changed = await doors.technician.ask("PATCH", path, 200, json={"name": " Renamed ", "position": 0})
    assert (changed["name"], changed["address"]) == ("Renamed", QUERY)
    assert await names(doors.technician) == ["Renamed", "Also mine"]
    for other in (doors.admin, doors.company_admin, doors.stranger):
        assert not {"Renamed", "Also mine"} & set(await names(other))
        await other.ask("PATCH", path, 404, json={"name": "x"})
        await other.ask("DELETE", path, 404)
    await doors.technician.ask("DELETE", path, 204)
    assert await names(doors.technician) == ["Also mine"]


async def test_an_admin_shares_with_the_people_of_a_company(doors: Doors, tenant: Tenant) -> None:
    company: dict[str, Any] = {"shared": True, "company_id": str(tenant.id)}
    await save(doors.technician, "Ours", 403, **company)
    await save(doors.stranger, "Ours", 404, **company)
    made = await save(doors.company_admin, "Ours", **company)
    assert "Ours" in await names(doors.technician)
    assert "Ours" not in await names(doors.stranger)
    path = f"/api/views/{made['id']}"
    await doors.technician.ask("PATCH", path, 404, json={"name": "x"})
    await doors.admin.ask("PATCH", path, 200, json={"name": "Theirs"})
    mine = await doors.company_admin.ask("PATCH", path, 200, json={"shared": False, "company_id": None})
    assert (mine["shared"], mine["company_id"]) == (False, None)
    assert "Theirs" not in await names(doors.technician)


async def test_only_the_msps_own_people_see_what_is_shared_with_all(doors: Doors) -> None:
    made = await save(doors.admin, "For the shift", shared=True)
    await save(doors.company_admin, "For the shift", 403, shared=True)
    assert "For the shift" in await names(doors.technician)
    assert "For the shift" in await names(doors.stranger)  # a technician of another company is of the MSP too
    assert "For the shift" not in await names(doors.company_admin)
    await doors.admin.ask("DELETE", f"/api/views/{made['id']}", 204)


@pytest.mark.parametrize(
    "address", ["https://evil.example/#x", "a b", "x<script>", "a\nb", "ü", "x" * (views.LONGEST_ADDRESS + 1)]
)
async def test_an_address_leads_nowhere_but_to_a_list(doors: Doors, address: str) -> None:
    await doors.technician.post("/api/views", {"name": "x", "address": address}, 422)


async def test_what_is_refused(doors: Doors, tenant: Tenant) -> None:
    await save(doors.technician, " ", 422)
    await save(doors.technician, "x", 422, company_id=str(tenant.id))  # a view of one's own is for no company
    await save(doors.technician, "x", 422, position=-1)


async def test_there_are_so_many_and_no_more(doors: Doors) -> None:
    made = [await save(doors.technician, f"view {number}") for number in range(views.MOST_OWN)]
    refused = await save(doors.technician, "one more", 409)
    assert refused["mend"] == "remove one"
    await doors.technician.ask("DELETE", f"/api/views/{made[0]['id']}", 204)
    await save(doors.technician, "one more")


async def test_the_log_says_what_was_kept(doors: Doors, tenant: Tenant, clock: ManualClock) -> None:
    made = await save(doors.company_admin, "Ours", shared=True, company_id=str(tenant.id))
    clock.advance(timedelta(seconds=1))
    await doors.company_admin.ask("PATCH", f"/api/views/{made['id']}", 200, json={"name": "New"})
    await doors.company_admin.ask("PATCH", f"/api/views/{made['id']}", 200, json={"name": "New"})
    nil = "00000000-0000-0000-0000-000000000000"
    kept = await doors.admin.all(f"/api/companies/{nil}/audit", resource_kind="view", resource_id=made["id"])
    assert [(one["action"], one["detail"]) for one in kept] == [
        ("view_changed", {"name": ["Ours", "New"]}),
        ("view_added", {"name": "Ours", "shared": True}),
    ]
