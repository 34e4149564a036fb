"""Companies, integrations, keys, users, sources and health, over HTTP."""

from datetime import timedelta

from alertwhisperer.kit.clock import ManualClock
from tests.api.conftest import PUBLIC_URL, Door, Doors, path_of
from tests.conftest import Tenant


async def test_a_company_with_an_integration_from_nothing(doors: Doors, clock: ManualClock) -> None:
    company = await doors.admin.post("/api/companies", {"name": "Fresh", "time_zone": "Europe/Berlin"}, 201)
    path = f"/api/companies/{company['id']}"
    assert await doors.admin.get(path) == company
    changed = await doors.admin.ask("PATCH", path, 200, json={"requests_per_minute": 600})
    assert (changed["requests_per_minute"], changed["name"]) == (600, "Fresh")
    made = await doors.admin.post(f"{path}/integrations", {"source": "prometheus", "name": "Prom"}, 201)
    assert made["webhook_url"] == f"{PUBLIC_URL}/api/webhooks/prometheus"
    assert made["api_key"].startswith("awk_")
    assert made["hmac_secret"]
    shown = await doors.admin.get(f"{path}/integrations/{made['id']}")
    assert "api_key" not in shown
    assert made["api_key"] not in str(shown)
    one = f"{path}/integrations/{made['id']}"
    key = await doors.admin.post(f"{one}/keys", status=201)
    await doors.admin.post(f"{one}/keys", status=409)
    await doors.admin.ask("DELETE", f"{one}/keys/{key['id']}", 204)
    await doors.admin.ask("DELETE", f"{one}/keys/{key['id']}", 404)
    assert (await doors.admin.post(f"{one}/secret"))["hmac_secret"] != made["hmac_secret"]
    assert (await doors.admin.ask("PATCH", one, 200, json={"require_signature": True}))["require_signature"] is True
    clock.advance(timedelta(seconds=1))
    await doors.admin.ask("DELETE", one, 204)
    await doors.admin.get(one, 404)
    actions = [entry["action"] for entry in (await doors.admin.get(f"{path}/audit"))["items"]]
    assert actions[0] == "integration_removed"
    assert "company_added" in actions


async def test_a_user_is_added_and_signs_in_with_a_token(doors: Doors, tenant: Tenant) -> None:
    email = f"new.{tenant.id.hex}@example.org"
    body = {"email": email, "role": "technician", "companies": [str(tenant.id)]}
    user = await doors.admin.post("/api/users", body, 201)
    assert user in await doors.admin.all("/api/users")
    await doors.admin.post("/api/users", body, 409)
    token = (await doors.admin.post(f"/api/users/{email}/tokens", status=201))["token"]
    door = Door(doors.nobody.client, {"Authorization": f"Bearer {token}"})
    assert [one["id"] for one in (await door.get("/api/companies"))["items"]] == [str(tenant.id)]
    await doors.admin.post("/api/users/nobody@example.org/tokens", status=404)


async def test_sources_say_how_they_are_set_up(doors: Doors) -> None:
    items = (await doors.technician.get("/api/sources"))["items"]
    assert "prometheus" in {source["slug"] for source in items}
    assert all(source["setup"] for source in items)


async def test_health_and_metrics_need_no_token_and_show_no_tenant(doors: Doors, tenant: Tenant) -> None:
    assert await doors.nobody.get("/health/live") == {"status": "ok"}
    assert await doors.nobody.get("/health/ready") == {"status": "ok"}
    metrics = await doors.nobody.client.get("/metrics")
    assert (metrics.status_code, metrics.text) == (200, "up 1\n")
    assert metrics.headers["content-type"].startswith("text/plain; version=0.0.4")


async def test_answers_are_neither_guessed_at_nor_cached(doors: Doors, clock: ManualClock) -> None:
    for path in ("/api/companies", "/nowhere", "/health/live"):
        answer = await doors.nobody.client.get(path)
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["cache-control"] == "no-store"


async def test_effects_that_wait_are_listed(doors: Doors, tenant: Tenant) -> None:
    assert (await doors.company_admin.get(path_of(tenant.id, "actions")))["items"] == []
