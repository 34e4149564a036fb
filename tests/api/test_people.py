"""People and tokens through the API: added, narrowed, changed, handed over and removed; the table for everybody."""

from uuid import uuid4

from alertwhisperer.domain.user import Role
from alertwhisperer.guard.permissions import PERMISSIONS, Action, allowed
from alertwhisperer.kit.clock import ManualClock
from alertwhisperer.store.database import Database
from tests.api.conftest import Door, Doors
from tests.api.rows import tell_firing
from tests.conftest import People, Tenant


def an_email() -> str:
    return f"{uuid4().hex}@example.org"


async def door_of(doors: Doors, email: str, **wish: object) -> Door:
    """By a token that the admin makes."""
    made = await doors.admin.post(f"/api/users/{email}/tokens", wish or None, 201)
    return Door(doors.admin.client, {"Authorization": f"Bearer {made['token']}"})


async def test_a_person_is_added_changed_and_read(doors: Doors, tenant: Tenant) -> None:
    email = an_email()
    body = {"email": email, "role": "technician", "companies": [str(tenant.id)]}
    made = await doors.admin.post("/api/users", body, 201)
    assert (made["companies"], made["groups"], made["serves_all"]) == ([str(tenant.id)], [], False)
    kim = await door_of(doors, email)
    await kim.ask("PUT", f"/api/companies/{tenant.id}/rules", 403, json={"rules": []})
    changed = await doors.admin.ask("PATCH", f"/api/users/{email}", 200, json={"role": "company_admin"})
    assert changed == {**made, "role": "company_admin"}
    assert await doors.admin.get(f"/api/users/{email}") == changed
    await kim.ask("PUT", f"/api/companies/{tenant.id}/rules", 200, json={"rules": []})  # from the next request on
    await doors.admin.ask("PATCH", f"/api/users/{an_email()}", 404, json={"role": "reader"})
    await doors.admin.ask("PATCH", f"/api/users/{email}", 422, json={"companies": []})


async def test_nobody_changes_themselves(doors: Doors, people: People) -> None:
    await doors.admin.ask("PATCH", f"/api/users/{people.admin.email}", 409, json={"role": "reader"})
    await doors.admin.post(f"/api/users/{people.admin.email}/offboarding", {"why": "enough"}, 409)


async def test_a_reader_looks_and_changes_nothing(
    doors: Doors, tenant: Tenant, database: Database, clock: ManualClock
) -> None:
    told = await tell_firing(database, tenant.scope, at=clock.now())
    email = an_email()
    body = {"email": email, "role": "reader", "companies": [str(tenant.id)]}
    await doors.admin.post("/api/users", body, 201)
    reader = await door_of(doors, email)
    for noun in ("", "/alerts", "/incidents", "/kpis", "/assets", "/sites", "/ledger"):
        await reader.get(f"/api/companies/{tenant.id}{noun}")
    await reader.get(f"/api/incidents/{told.incident_id}")
    await reader.get(f"/api/alerts/{told.alert_id}/receipt")
    for noun in ("contacts", "integrations", "rules", "settings", "audit", "quarantine"):
        await reader.get(f"/api/companies/{tenant.id}/{noun}", 403)
    await reader.post(f"/api/incidents/{told.incident_id}/acknowledge", None, 403)


async def test_everybody_has_tokens_of_their_own(doors: Doors, people: People) -> None:
    made = await doors.technician.post("/api/tokens", {"name": "report", "scopes": ["*.read"], "days": 30}, 201)
    mine = Door(doors.technician.client, {"Authorization": f"Bearer {made['token']}"})
    await mine.get("/api/companies")
    await mine.get("/api/tokens", 403)  # it was made to read, not to make tokens
    listed = (await doors.technician.get("/api/tokens"))["items"]
    assert made["id"] in [one["id"] for one in listed]
    assert made["token"] not in str(listed)
    shown = next(one for one in listed if one["id"] == made["id"])
    assert (shown["name"], shown["scopes"], shown["revoked_at"]) == ("report", ["*.read"], None)
    assert shown["last_used_at"] is not None

    await doors.stranger.ask("DELETE", f"/api/tokens/{made['id']}", 404)
    await doors.technician.ask("DELETE", f"/api/tokens/{made['id']}", 204)
    await mine.get("/api/companies", 401)
    theirs = (await doors.admin.get(f"/api/users/{people.technician.email}/tokens"))["items"]
    assert next(one for one in theirs if one["id"] == made["id"])["revoked_at"] is not None


async def test_an_admin_ends_a_persons_token_and_no_others(doors: Doors, people: People) -> None:
    made = await doors.technician.post("/api/tokens", {}, 201)
    path = f"/api/users/{{}}/tokens/{made['id']}"
    await doors.admin.ask("DELETE", path.format(people.stranger.email), 404)
    await doors.technician.ask("DELETE", path.format(people.technician.email), 403)
    await doors.admin.ask("DELETE", path.format(people.technician.email), 204)


async def test_no_token_makes_a_wider_one(doors: Doors, tenant: Tenant, people: People) -> None:
    narrow = await door_of(doors, people.admin.email, scopes=["token.*", "user.read"], days=5)
    await narrow.post("/api/tokens", {}, 403)
    await narrow.post(f"/api/users/{people.technician.email}/tokens", {"scopes": ["*"]}, 403)
    await narrow.post("/api/tokens", {"scopes": ["token.own"], "days": 6}, 403)
    made = await narrow.post("/api/tokens", {"scopes": ["token.own"]}, 201)
    there = await narrow.get(f"/api/users/{people.admin.email}/tokens")
    parent = next(one for one in there["items"] if one["scopes"] == ["token.*", "user.read"])
    assert made["expires_at"] == parent["expires_at"]


async def test_what_no_token_can_be(doors: Doors, tenant: Tenant) -> None:
    wrong: list[dict[str, object]] = [
        {"scopes": ["nonsense"]},
        {"scopes": []},
        {"days": 0},
        {"days": 367},
        {"companies": []},
    ]
    for body in wrong:
        await doors.technician.post("/api/tokens", body, 422)
    await doors.technician.post("/api/tokens", {"companies": [str(uuid4())]}, 404)


async def test_leaving_is_looked_at_first_and_done_once(
    doors: Doors, tenant: Tenant, people: People, database: Database, clock: ManualClock
) -> None:
    told = await tell_firing(database, tenant.scope, at=clock.now())
    email, heir = people.technician.email, an_email()
    body = {"email": heir, "role": "technician", "companies": [str(tenant.id)]}
    await doors.admin.post("/api/users", body, 201)
    await doors.technician.ask("POST", f"/api/incidents/{told.incident_id}/assign", 200, json={"assignee": email})

    looked = await doors.admin.get(f"/api/users/{email}/offboarding", hand_to=heir)
    assert {one["kind"]: one["count"] for one in looked["held"] if one["count"]} == {"tokens": 1, "open incidents": 1}
    assert (looked["done"], looked["user"]["email"]) == (False, email)
    await doors.technician.get("/api/companies")

    await doors.company_admin.post(f"/api/users/{email}/offboarding", {"why": "x"}, 403)
    done = await doors.admin.post(f"/api/users/{email}/offboarding", {"hand_to": heir, "why": "left"})
    assert done == {**looked, "done": True}
    await doors.technician.get("/api/companies", 401)
    incident = await doors.admin.get(f"/api/incidents/{told.incident_id}")
    assert incident["assignee"] == heir
    assert any(entry["text"].endswith(heir) or heir in str(entry["detail"]) for entry in incident["timeline"])
    await doors.admin.post(f"/api/users/{email}/offboarding", {"why": "left"}, 404)
    again = await doors.admin.post("/api/users", {**body, "email": email}, 201)
    assert again["id"] != done["user"]["id"]


async def test_the_table_is_there_for_everybody_to_read(doors: Doors) -> None:
    shown = (await doors.technician.get("/api/permissions"))["items"]
    assert {one["action"]: set(one["roles"]) for one in shown} == {
        action.value: {role.value for role in rule.roles} for action, rule in PERMISSIONS.items()
    }
    assert {one["action"] for one in shown if one["yours"]} == {
        action.value for action in Action if allowed(Role.TECHNICIAN, action)
    }
    assert all(one["why"] for one in shown)
