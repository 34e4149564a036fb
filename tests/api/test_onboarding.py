"""Groups, inherited settings and sheets of companies over HTTP, for those who may and those who may not."""

from collections.abc import AsyncIterator
from uuid import uuid4

import pytest

from alertwhisperer.domain.company_setting import SETTINGS
from tests.api.conftest import PUBLIC_URL, Door, Doors, path_of
from tests.conftest import Tenant

CSV = {"Content-Type": "text/csv"}


async def post_sheet(door: Door, text: str | bytes, status: int = 200, *, apply: bool = False) -> dict[str, object]:
    """POST a sheet; answers the JSON."""
    answer = await door.client.post(
        "/api/companies/import", params={"apply": apply}, content=text, headers={**door.headers, **CSV}
    )
    assert answer.status_code == status, answer.text
    document: dict[str, object] = answer.json()
    return document


@pytest.fixture
async def settings(doors: Doors) -> AsyncIterator[str]:
    """The path of what all inherit; taken back, since other tests have companies here too."""
    yield "/api/settings"
    for name in SETTINGS:
        await doors.admin.ask("DELETE", f"/api/settings/{name}", 200)


def by_name(shown: dict[str, list[dict[str, object]]]) -> dict[str, tuple[object, object]]:
    """Value and origin of each setting."""
    return {str(one["name"]): (one["value"], one["origin"]) for one in shown["items"]}


async def test_settings_come_down_from_the_msp_by_the_group_to_the_company(
    doors: Doors, tenant: Tenant, settings: str
) -> None:
    admin, mine = doors.admin, path_of(tenant.id)
    name = f"Retail {uuid4().hex}"
    group = await admin.post("/api/groups", {"name": name}, 201)
    assert group in (await admin.get("/api/groups"))["items"]
    assert (await admin.ask("PATCH", mine, 200, json={"group_id": group["id"]}))["group_id"] == group["id"]
    assert (await admin.get(f"/api/groups/{group['id']}"))["companies"] == 1

    await admin.ask("PUT", f"{settings}/requests_per_minute", 200, json={"value": 600})
    await admin.ask("PUT", f"{settings}/silence_mode", 200, json={"value": "off"})
    of_group = f"/api/groups/{group['id']}/settings"
    shown = await admin.ask("PUT", f"{of_group}/requests_per_minute", 200, json={"value": 700})
    assert by_name(shown)["requests_per_minute"] == (700, f"group {name}")
    assert by_name(await admin.get(of_group))["silence_mode"] == ("off", "msp")
    held = by_name(await doors.company_admin.get(f"{mine}/settings"))
    assert held["requests_per_minute"] == (700, f"group {name}")
    assert held["silence_mode"] == ("off", "msp")
    assert held["time_zone"] == ("UTC", "default")
    assert (await admin.get(mine))["requests_per_minute"] == 700

    await admin.ask("PATCH", mine, 200, json={"requests_per_minute": 7})
    assert by_name(await doors.technician.get(f"{mine}/settings"))["requests_per_minute"] == (7, "company")
    back = await admin.ask("DELETE", f"{mine}/settings/requests_per_minute", 200)
    assert by_name(back)["requests_per_minute"] == (700, f"group {name}")

    await admin.ask("DELETE", f"/api/groups/{group['id']}", 409)
    assert (await admin.ask("PATCH", mine, 200, json={"group_id": ""}))["requests_per_minute"] == 600
    await admin.ask("DELETE", f"/api/groups/{group['id']}", 204)
    await admin.get(of_group, 404)


async def test_only_the_msp_sets_what_others_share(doors: Doors, tenant: Tenant) -> None:
    group = f"/api/groups/{uuid4()}"
    for door in (doors.company_admin, doors.technician, doors.stranger):
        for path in ("/api/settings", "/api/groups", group, f"{group}/settings", "/api/companies/export"):
            await door.get(path, 403)
        await door.ask("PUT", "/api/settings/time_zone", 403, json={"value": "UTC"})
        await door.post("/api/groups", {"name": "Mine"}, 403)
        await post_sheet(door, "name\nMine\n", 403, apply=True)
    for method in ("PUT", "DELETE"):
        mine = f"{path_of(tenant.id)}/settings/requests_per_minute"
        body = {"json": {"value": 10_000}} if method == "PUT" else {}
        await doors.company_admin.ask(method, mine, 403, **body)
        await doors.stranger.ask(method, mine, 404, **body)


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/api/settings/no_such", {"value": 1}, 422),
        ("/api/settings/requests_per_minute", {"value": 0}, 422),
        ("/api/settings/requests_per_minute", {"value": True}, 422),
        ("/api/settings/requests_per_minute", {"value": "many"}, 422),
        ("/api/settings/time_zone", {"value": "Mars/Olympus"}, 422),
        ("/api/settings/time_zone", {"value": 3}, 422),
        ("/api/settings/time_zone", {"valeu": "UTC"}, 422),
        (f"/api/groups/{uuid4()}/settings/time_zone", {"value": "UTC"}, 404),
        ("/api/groups/nonsense/settings/time_zone", {"value": "UTC"}, 422),
    ],
)
async def test_nonsense_is_refused(doors: Doors, path: str, body: dict[str, object], status: int) -> None:
    problem = await doors.admin.ask("PUT", path, status, json=body)
    assert problem["detail"]


async def test_a_sheet_is_looked_at_then_done_and_its_keys_are_answered_once(doors: Doors, tenant: Tenant) -> None:
    ref = uuid4().hex
    sheet = f"name,ref,integrations\nSheet {ref},{ref},datadog; zabbix:Zabbix Berlin\n"
    looked = await post_sheet(doors.admin, sheet)
    assert (looked["applied"], looked["add"], looked["keys"]) == (False, 1, [])
    done = await post_sheet(doors.admin, sheet, apply=True)
    keys = done["keys"]
    assert isinstance(keys, list)
    assert [(one["company"], one["source"]) for one in keys] == [
        (f"Sheet {ref}", "datadog"),
        (f"Sheet {ref}", "zabbix"),
    ]
    assert keys[0]["webhook_url"] == f"{PUBLIC_URL}/api/webhooks/datadog"
    again = await post_sheet(doors.admin, sheet, apply=True)
    assert (again["applied"], again["unchanged"], again["keys"]) == (False, 1, [])
    answer = await doors.admin.client.get("/api/companies/export", headers=dict(doors.admin.headers))
    assert answer.headers["content-type"].startswith("text/csv")
    assert f"Sheet {ref},{ref}," in answer.text
    assert keys[0]["api_key"] not in answer.text


async def test_what_is_wrong_in_a_sheet_is_named_and_refused_when_it_should_be_done(doors: Doors) -> None:
    sheet = "name,time_zone,integrations\nA1,Mars,\nB1,,nagios9\n"
    looked = await post_sheet(doors.admin, sheet)
    errors = looked["errors"]
    assert isinstance(errors, list)
    assert [(one["row"], one["column"]) for one in errors] == [(2, "time_zone"), (3, "integrations")]
    problem = await post_sheet(doors.admin, sheet, 422, apply=True)
    assert problem["where"] == "row 2, column time_zone"
    assert "row 3, column integrations" in str(problem["detail"])


@pytest.mark.parametrize("sheet", [b"", b"\xff\xfe", b'name\n"', b"\x00", b"name\n\x00\n"])
async def test_what_is_no_sheet_is_never_a_failure_of_ours(doors: Doors, sheet: bytes) -> None:
    answer = await doors.admin.client.post(
        "/api/companies/import?apply=true", content=sheet, headers={**doors.admin.headers, **CSV}
    )
    assert answer.status_code == 422, answer.text
    assert answer.json()["mend"]
