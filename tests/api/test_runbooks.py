"""Runbooks by the API: prebuilt ones for whoever answers incidents, a company's own and its overrides for it alone."""

from datetime import timedelta
from typing import Any

import pytest

from alertwhisperer.domain.company import Scope
from alertwhisperer.kit.clock import ManualClock
from alertwhisperer.remediate.shelf import runbooks_of
from alertwhisperer.runbooks.reading import library
from alertwhisperer.store.database import Database
from tests.api.conftest import Doors, path_of
from tests.conftest import Tenant
from tests.runbooks.files import CHANGE, REPORT


async def audited(doors: Doors, tenant: Tenant) -> dict[str, Any]:
    entries = (await doors.company_admin.get(path_of(tenant.id, "audit")))["items"]
    found: dict[str, Any] = entries[0]
    return found


async def test_the_prebuilt_ones_are_listed_with_their_scripts_and_their_drill(doors: Doors) -> None:
    listed = (await doors.technician.get("/api/runbooks"))["items"]
    assert [one["slug"] for one in listed] == list(library())
    assert len(listed) >= 28
    whole = await doors.technician.get("/api/runbooks/firewall-block")
    phases = [one["phase"] for one in whole["scripts"]]
    assert phases == ["precheck", "snapshot", "act", "verify", "undo"]
    assert whole["scripts"][2]["script"].encode() == list(library()["firewall-block"].scripts.values())[2].body
    assert whole["drill"]["state"] == "not_tried"
    windows = await doors.technician.get("/api/runbooks/iis-app-pool-recycle")
    assert (windows["drill"]["state"], windows["drill"]["reason"]) == (
        "not drilled",
        "There is no IIS here to try it on.",
    )
    await doors.technician.get("/api/runbooks/no-such", 404)
    await doors.nobody.get("/api/runbooks", 401)


async def test_a_company_keeps_its_own_and_nobody_else_sees_it(
    doors: Doors, tenant: Tenant, clock: ManualClock, database: Database
) -> None:
    clock.advance(timedelta(seconds=1))
    path = path_of(tenant.id, "runbooks/put-word")
    made = await doors.company_admin.ask("PUT", path, 200, json={"text": CHANGE})
    assert (made["own"], made["text"], made["version"]) == (True, CHANGE, 1)
    entry = await audited(doors, tenant)
    assert (entry["action"], entry["resource"]) == ("runbook_added", {"kind": "runbook", "id": "put-word"})
    assert (await doors.technician.get(path))["hash"] == made["hash"]
    await doors.stranger.get(path, 404)
    await doors.technician.ask("PUT", path, 403, json={"text": CHANGE})
    assert "put-word" not in [one["slug"] for one in (await doors.technician.get("/api/runbooks"))["items"]]

    async with database.unit_of_work(Scope(tenant.id, "test")) as unit:
        assert (await runbooks_of(unit))["put-word"].hash == made["hash"]

    clock.advance(timedelta(seconds=1))
    changed = CHANGE.replace("Writes a word", "Puts a word")
    problem = await doors.company_admin.ask("PUT", path, 422, json={"text": changed})
    assert problem["mend"] == "say version = 2"
    again = await doors.company_admin.ask(
        "PUT", path, 200, json={"text": changed.replace("version = 1", "version = 2")}
    )
    assert again["version"] == 2
    assert (await audited(doors, tenant))["action"] == "runbook_changed"
    clock.advance(timedelta(seconds=1))
    await doors.company_admin.ask("DELETE", path, 204)
    await doors.company_admin.get(path, 404)
    assert (await audited(doors, tenant))["action"] == "runbook_removed"
    await doors.company_admin.ask("DELETE", path, 404)


async def test_the_same_file_again_changes_nothing(doors: Doors, tenant: Tenant, clock: ManualClock) -> None:
    clock.advance(timedelta(seconds=1))
    path = path_of(tenant.id, "runbooks/say-word")
    await doors.company_admin.ask("PUT", path, 200, json={"text": REPORT})
    first = await audited(doors, tenant)
    clock.advance(timedelta(seconds=1))
    await doors.company_admin.ask("PUT", path, 200, json={"text": REPORT})
    assert await audited(doors, tenant) == first


@pytest.mark.parametrize(
    ("slug", "text", "status", "where"),
    [
        ("put-word", CHANGE.replace('risk = "low"', 'risk = "tiny"'), 422, "put-word:6 risk"),
        ("put-word", "title = \n", 422, "put-word:1"),
        ("put-word", "\x00", 422, "put-word:1"),
        ("service-restart", CHANGE, 409, "slug"),
    ],
)
async def test_a_wrong_file_is_refused_with_its_line(
    doors: Doors, tenant: Tenant, slug: str, text: str, status: int, where: str
) -> None:
    path = path_of(tenant.id, f"runbooks/{slug}")
    problem = await doors.company_admin.ask("PUT", path, status, json={"text": text})
    assert problem["where"] == where


async def test_an_override_raises_the_risk_lists_values_and_can_be_taken_back(
    doors: Doors, tenant: Tenant, clock: ManualClock, database: Database
) -> None:
    clock.advance(timedelta(seconds=1))
    path = path_of(tenant.id, "runbooks/service-restart")
    wanted = {"risk": "high", "parameters": {"port": "443"}, "allowed": {"service": ["nginx.service"]}, "note": "Shop."}
    found = await doors.company_admin.ask("PUT", f"{path}/override", 200, json=wanted)
    assert (found["risk"], found["risk_reason"], found["own"]) == ("high", "Shop.", False)
    given = {one["name"]: one for one in found["parameters"]}
    assert (given["port"]["default"], given["service"]["allowed"]) == ("443", ["nginx.service"])
    assert found["override"]["by"].startswith("boss.")
    assert (await audited(doors, tenant))["action"] == "runbook_overridden"
    assert (await doors.technician.get("/api/runbooks/service-restart"))["risk"] == "low"
    await doors.technician.ask("PUT", f"{path}/override", 403, json=wanted)
    await doors.stranger.ask("PUT", f"{path}/override", 404, json=wanted)

    clock.advance(timedelta(seconds=1))
    disabled = await doors.company_admin.ask("PUT", f"{path}/override", 200, json={"disabled": True})
    assert (disabled["disabled"], disabled["risk"]) == (True, "low")
    async with database.unit_of_work(Scope(tenant.id, "test")) as unit:
        assert "service-restart" not in await runbooks_of(unit)
    await doors.company_admin.ask("DELETE", f"{path}/override", 204)
    assert (await doors.technician.get(path))["override"] is None
    await doors.company_admin.ask("DELETE", f"{path}/override", 404)


@pytest.mark.parametrize(
    ("slug", "wanted", "status", "where"),
    [
        ("disk-cleanup", {"risk": "low"}, 422, "risk"),
        ("disk-cleanup", {"parameters": {"days": "0"}}, 422, "parameters.days"),
        ("disk-cleanup", {"parameters": {"path": "/tmp\nreboot"}}, 422, "parameters.path"),
        ("disk-cleanup", {"allowed": {"path": ["$(reboot)"]}}, 422, "parameters.path"),
        ("disk-cleanup", {"colour": "red"}, 422, "body.colour"),
        ("no-such", {"risk": "high"}, 404, "slug"),
    ],
)
async def test_an_override_that_does_not_fit_is_refused(
    doors: Doors, tenant: Tenant, slug: str, wanted: dict[str, Any], status: int, where: str
) -> None:
    path = path_of(tenant.id, f"runbooks/{slug}/override")
    assert (await doors.company_admin.ask("PUT", path, status, json=wanted))["where"] == where


async def test_a_file_that_this_version_does_not_take_is_shown_as_broken_and_not_used(
    doors: Doors, tenant: Tenant, database: Database
) -> None:
    """As after an upgrade: what was right once stands in the database, and is not right any more."""
    path = path_of(tenant.id, "runbooks/put-word")
    await doors.company_admin.ask("PUT", path, 200, json={"text": CHANGE})
    async with database.unit_of_work(Scope(tenant.id, "test")) as unit:
        await unit.connection.execute("UPDATE company_runbook SET body = $1", b"format = 1\n")
        assert "put-word" not in await runbooks_of(unit)
    listed = await doors.technician.get(path_of(tenant.id, "runbooks"))
    assert listed["broken"]["put-word"].startswith("put-word:")
    await doors.technician.get(path, 409)
