"""Silence checks at the door: what is watched, and who may choose what is expected."""

from datetime import timedelta

import pytest

from alertwhisperer.kit.clock import ManualClock
from tests.api.conftest import Doors, path_of
from tests.conftest import Tenant


async def test_every_integration_has_a_check_from_the_start(doors: Doors, tenant: Tenant) -> None:
    page = await doors.technician.get(path_of(tenant.id, "silence-checks"))
    [one] = page["items"]
    assert page["next"] is None
    assert one == {
        "id": str(tenant.integration.id),
        "integration_id": str(tenant.integration.id),
        "integration": tenant.integration.name,
        "heartbeat": None,
        "mode": "learned",
        "interval_s": None,
        "grace_s": 60,
        "severity": "high",
        "state": "learning",
        "reason": "few_beats",
        "heard_at": None,
        "expected_by": None,
        "quiet_since": None,
        "changed_at": one["changed_at"],
    }
    assert await doors.technician.get(path_of(tenant.id, f"silence-checks/{one['id']}")) == one


async def test_an_admin_chooses_what_is_expected_and_it_is_audited(
    doors: Doors, tenant: Tenant, clock: ManualClock
) -> None:
    path = path_of(tenant.id, f"silence-checks/{tenant.integration.id}")
    clock.advance(timedelta(seconds=1))
    changed = await doors.company_admin.ask("PATCH", path, 200, json={"interval_s": 300, "severity": "critical"})
    assert (changed["mode"], changed["interval_s"], changed["severity"]) == ("set", 300, "critical")
    clock.advance(timedelta(seconds=1))
    changed = await doors.company_admin.ask("PATCH", path, 200, json={"grace_s": 0})
    assert (changed["mode"], changed["interval_s"], changed["grace_s"]) == ("set", 300, 0)
    clock.advance(timedelta(seconds=1))
    changed = await doors.company_admin.ask("PATCH", path, 200, json={"mode": "off"})
    assert (changed["mode"], changed["interval_s"], changed["expected_by"]) == ("off", None, None)
    entries = (await doors.company_admin.get(path_of(tenant.id, "audit")))["items"]
    mine = [one for one in entries if one["action"] == "silence_check_changed"]
    assert [one["resource"]["id"] for one in mine] == [str(tenant.integration.id)] * 3
    assert mine[2]["detail"] == {
        "name": tenant.integration.name,
        "mode": ["learned", "set"],
        "interval_s": [None, 300],
        "severity": ["high", "critical"],
    }


@pytest.mark.parametrize(
    ("body", "where"),
    [
        ({"mode": "set"}, "interval_s"),
        ({"mode": "off", "interval_s": 300}, "interval_s"),
        ({"mode": "learned", "interval_s": 300}, "interval_s"),
        ({"interval_s": 29}, "body.interval_s"),
        ({"interval_s": 10**12}, "body.interval_s"),
        ({"grace_s": -1}, "body.grace_s"),
        ({"grace_s": True}, "body.grace_s"),
        ({"mode": "on"}, "body.mode"),
        ({"severity": "bad"}, "body.severity"),
        ({"interval": 300}, "body.interval"),
    ],
)
async def test_what_cannot_be_expected_is_named(
    doors: Doors, tenant: Tenant, body: dict[str, object], where: str
) -> None:
    path = path_of(tenant.id, f"silence-checks/{tenant.integration.id}")
    problem = await doors.company_admin.ask("PATCH", path, 422, json=body)
    assert problem["where"] == where
    assert (await doors.technician.get(path))["mode"] == "learned"


async def test_others_may_not(doors: Doors, tenant: Tenant) -> None:
    path = path_of(tenant.id, f"silence-checks/{tenant.integration.id}")
    await doors.technician.ask("PATCH", path, 403, json={"mode": "off"})
    for method, body in (("GET", None), ("PATCH", {"mode": "off"})):
        await doors.stranger.ask(method, path, 404, json=body)
        await doors.nobody.ask(method, path, 401, json=body)
    await doors.stranger.get(path_of(tenant.id, "silence-checks"), 404)


async def test_the_check_of_a_removed_integration_is_gone(doors: Doors, tenant: Tenant) -> None:
    await doors.company_admin.ask("DELETE", path_of(tenant.id, f"integrations/{tenant.integration.id}"), 204)
    path = path_of(tenant.id, f"silence-checks/{tenant.integration.id}")
    await doors.company_admin.get(path, 404)
    await doors.company_admin.ask("PATCH", path, 404, json={"mode": "off"})
    assert (await doors.company_admin.get(path_of(tenant.id, "silence-checks")))["items"] == []
