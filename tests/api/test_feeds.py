"""Feeds over HTTP: their state, a look at once, a pause."""

from collections.abc import Mapping

from alertwhisperer.guard.vault import Vault
from alertwhisperer.ingest.integrations import add_integration
from alertwhisperer.kit.clock import ManualClock
from alertwhisperer.sources.contract import Source
from alertwhisperer.store.database import Database
from tests.api.conftest import Doors
from tests.conftest import Tenant


async def test_a_feed_is_seen_polled_paused_and_resumed(
    doors: Doors, tenant: Tenant, database: Database, vault: Vault, clock: ManualClock, sources: Mapping[str, Source]
) -> None:
    settings = {"url": "https://cooling.example.com/alarms", "auth_value": "s3cret", "interval_s": 120}
    made = await add_integration(
        database, vault, sources, tenant.scope, source="jsonfeed", name="Cooling", settings=settings, now=clock.now()
    )
    path = f"/api/companies/{tenant.id}/feeds"
    (listed,) = (await doors.technician.get(path))["items"]
    assert (listed["name"], listed["state"], listed["interval_s"], listed["looks"]) == ("Cooling", "waiting", 120, 0)
    assert listed["due_at"] is not None
    assert "s3cret" not in str(listed)
    one = f"{path}/{made.integration.id}"
    assert await doors.technician.get(one) == listed
    await doors.technician.post(f"{one}/pause", status=403)
    paused = await doors.company_admin.post(f"{one}/pause")
    assert (paused["paused"], paused["due_at"]) == (True, None)
    await doors.technician.post(f"{one}/poll", status=409)
    resumed = await doors.company_admin.post(f"{one}/resume")
    assert (resumed["paused"], resumed["due_at"] is None) == (False, False)
    assert (await doors.technician.post(f"{one}/poll"))["state"] == "waiting"
    for door in (f"{one}/poll", f"{one}/pause", f"{one}/resume"):
        await doors.stranger.post(door, status=404)
    await doors.stranger.get(one, 404)
    await doors.admin.get(f"{path}/{tenant.integration.id}", 404)
    acts = [entry["action"] for entry in (await doors.admin.get(f"/api/companies/{tenant.id}/audit"))["items"]]
    assert {"feed_polled", "feed_paused", "feed_resumed"} <= set(acts)
