"""Sites, assets, contacts and edges: kept by people, found by any name, another company's never."""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from alertwhisperer.domain.company import CompanyId
from alertwhisperer.kit.clock import ManualClock
from alertwhisperer.store.database import Database
from tests.api.conftest import Door, Doors, path_of
from tests.api.rows import tell_firing
from tests.conftest import MakeCompany, Tenant
from tests.inventory.furnishing import furnish

CALENDAR = {"hours": {"mon": [["08:00", "12:00"], ["13:00", "18:00"]]}, "holidays": ["2026-12-25"]}


async def add(door: Door, tenant: Tenant, noun: str, **fields: object) -> Any:
    return await door.post(path_of(tenant.id, noun), fields, 201)


async def audited(doors: Doors, tenant: Tenant) -> list[str]:
    return [
        entry["action"] for entry in (await doors.company_admin.get(path_of(tenant.id, "audit"), limit=500))["items"]
    ]


async def names_of(doors: Doors, tenant: Tenant, asset_id: str) -> dict[str, str]:
    found = await doors.technician.get(path_of(tenant.id, f"assets/{asset_id}"))
    return {one["name"]: one["origin"] for one in found["names"]}


# ------------------------------------------------------------------------------------------------ who may


NOUNS: list[tuple[str, dict[str, object]]] = [
    ("sites", {"name": "Berlin"}),
    ("assets", {"name": "db-01"}),
    ("contacts", {"name": "Kim"}),
]


@pytest.mark.parametrize(("noun", "body"), NOUNS)
async def test_an_admin_keeps_a_technician_reads_and_a_stranger_sees_nothing(
    doors: Doors, tenant: Tenant, noun: str, body: dict[str, object]
) -> None:
    path = path_of(tenant.id, noun)
    made = await doors.company_admin.post(path, body, 201)
    one = f"{path}/{made['id']}"
    assert [item["id"] for item in (await doors.technician.get(path))["items"]] == [made["id"]]
    assert (await doors.technician.get(one))["name"] == body["name"]
    await doors.technician.post(path, {"name": "Other"}, 403)
    await doors.technician.ask("PATCH", one, 403, json={"notes": "x"})
    await doors.technician.ask("DELETE", one, 403)
    for method in ("GET", "PATCH", "DELETE"):
        await doors.stranger.ask(method, one, 404, **({"json": {"notes": "x"}} if method == "PATCH" else {}))
    await doors.stranger.get(path, 404)
    await doors.company_admin.ask("PATCH", one, 200, json={"notes": "x"})
    assert (await doors.technician.get(one))["notes"] == "x"
    await doors.company_admin.ask("DELETE", one, 204)
    await doors.technician.get(one, 404)
    singular = noun.removesuffix("s")
    log = await audited(doors, tenant)
    assert [log.count(f"{singular}_{verb}") for verb in ("added", "changed", "removed")] == [1, 1, 1]


async def test_a_technician_changes_no_names_and_no_edges(
    doors: Doors, tenant: Tenant, database: Database, clock: ManualClock
) -> None:
    ids = await furnish(database, tenant.scope, now=clock.now())
    asset = path_of(tenant.id, f"assets/{ids['asset_id']}")
    await doors.technician.post(f"{asset}/confirm", status=403)
    await doors.technician.post(f"{asset}/names", {"name": "x"}, 403)
    await doors.technician.ask("DELETE", f"{asset}/names?name=10.0.0.5", 403)
    await doors.technician.post(f"{asset}/merge", {"into": str(uuid4())}, 403)
    await doors.technician.ask("DELETE", path_of(tenant.id, f"edges/{ids['edge_id']}"), 403)
    await doors.technician.get(path_of(tenant.id, f"edges/{ids['edge_id']}"))


async def test_another_companys_things_cannot_be_named(
    doors: Doors, tenant: Tenant, make_company: MakeCompany, database: Database, clock: ManualClock
) -> None:
    other = await make_company("Third")
    theirs = await furnish(database, other.scope, now=clock.now())
    ours = await furnish(database, tenant.scope, now=clock.now())
    admin = doors.company_admin
    asset = path_of(tenant.id, f"assets/{ours['asset_id']}")
    foreign = str(theirs["asset_id"])
    await admin.post(f"{asset}/merge", {"into": foreign}, 404)
    edge = {"from_asset": str(ours["asset_id"]), "to_asset": foreign, "kind": "depends_on"}
    await admin.post(path_of(tenant.id, "edges"), edge, 404)
    await admin.ask("PATCH", asset, 422, json={"site_id": str(theirs["site_id"])})
    await admin.post(path_of(tenant.id, "contacts"), {"name": "Lee", "site_id": str(theirs["site_id"])}, 422)
    found = await admin.get(path_of(tenant.id, "assets"), q="db-01", site=str(theirs["site_id"]))
    assert found["items"] == []


# ------------------------------------------------------------------------------------------------ sites and contacts


async def test_a_site_has_a_zone_and_a_calendar(doors: Doors, tenant: Tenant) -> None:
    made = await add(doors.company_admin, tenant, "sites", name="Berlin", calendar=CALENDAR)
    assert (made["time_zone"], made["calendar"]) == (tenant.company.time_zone, CALENDAR)
    await doors.company_admin.post(path_of(tenant.id, "sites"), {"name": "berlin"}, 409)
    path = path_of(tenant.id, f"sites/{made['id']}")
    changed = await doors.company_admin.ask("PATCH", path, 200, json={"time_zone": "Europe/Vienna"})
    assert (changed["time_zone"], changed["calendar"]) == ("Europe/Vienna", CALENDAR)


@pytest.mark.parametrize(
    ("calendar", "where"),
    [
        ({"weekend": []}, "calendar"),
        ({"hours": {"monday": []}}, "calendar.hours"),
        ({"hours": {"mon": [["8:00", "18:00"]]}}, "calendar.hours.mon"),
        ({"hours": {"mon": [["18:00", "08:00"]]}}, "calendar.hours.mon"),
        ({"hours": {"mon": [["08:00", "12:00"], ["11:00", "18:00"]]}}, "calendar.hours.mon"),
        ({"hours": {"mon": "08:00-18:00"}}, "calendar.hours.mon"),
        ({"hours": {"mon": [[1, 2]]}}, "calendar.hours.mon"),
        ({"hours": []}, "calendar"),
        ({"holidays": ["Christmas"]}, "calendar.holidays"),
        ({"holidays": "2026-12-25"}, "calendar"),
    ],
)
async def test_a_calendar_that_makes_no_sense_is_named(
    doors: Doors, tenant: Tenant, calendar: dict[str, object], where: str
) -> None:
    body = {"name": "Berlin", "calendar": calendar}
    problem = await doors.company_admin.post(path_of(tenant.id, "sites"), body, 422)
    assert problem["where"] == where


async def test_a_removed_site_leaves_its_assets_and_contacts(doors: Doors, tenant: Tenant) -> None:
    admin = doors.company_admin
    site = (await add(admin, tenant, "sites", name="Berlin"))["id"]
    asset = (await add(admin, tenant, "assets", name="db-01", site_id=site))["id"]
    contact = (await add(admin, tenant, "contacts", name="Kim", site_id=site))["id"]
    assert len((await admin.get(path_of(tenant.id, "contacts"), site=site))["items"]) == 1
    await admin.ask("DELETE", path_of(tenant.id, f"sites/{site}"), 204)
    for path in (f"assets/{asset}", f"contacts/{contact}"):
        assert (await admin.get(path_of(tenant.id, path)))["site_id"] is None


@pytest.mark.parametrize(
    ("body", "where"),
    [
        ({"email": "nobody"}, "email"),
        ({"phone": "call me"}, "phone"),
        ({"role": "a\u0007"}, "role"),
        ({"site_id": str(uuid4())}, "site_id"),
    ],
)
async def test_a_contact_that_nobody_can_call_is_refused(
    doors: Doors, tenant: Tenant, body: dict[str, object], where: str
) -> None:
    problem = await doors.company_admin.post(path_of(tenant.id, "contacts"), {"name": "Kim", **body}, 422)
    assert problem["where"] == where


async def test_the_audit_log_has_no_peoples_data(doors: Doors, tenant: Tenant) -> None:
    contact = (await add(doors.company_admin, tenant, "contacts", name="Kim", phone="+49 30 1234567"))["id"]
    path = path_of(tenant.id, f"contacts/{contact}")
    await doors.company_admin.ask("PATCH", path, 200, json={"phone": "+49 30 7654321"})
    assert "7654321" not in str(await doors.company_admin.get(path_of(tenant.id, "audit")))


# ------------------------------------------------------------------------------------------------ assets


@pytest.mark.parametrize(
    ("body", "where"),
    [
        ({"weight": 6}, "body.weight"),
        ({"weight": True}, "body.weight"),
        ({"name": " "}, "name"),
        ({"name": None}, "body.name"),
        ({"links": {"wiki": "javascript:alert(1)"}}, "links"),
        ({"links": {"wiki": "https://[x"}}, "links"),
        ({"tags": ["a\u0007"]}, "tags"),
        ({"aliases": ["\u0007"]}, "aliases"),
        ({"colour": "red"}, "body.colour"),
        ({"site_id": str(uuid4())}, "site_id"),
    ],
)
async def test_a_field_that_cannot_be_is_named(
    doors: Doors, tenant: Tenant, body: dict[str, object], where: str
) -> None:
    problem = await doors.company_admin.post(path_of(tenant.id, "assets"), {"name": "db-01", **body}, 422)
    assert problem["where"] == where
    assert (await doors.technician.get(path_of(tenant.id, "assets")))["items"] == []


async def test_assets_are_listed_in_pages_and_filtered(doors: Doors, tenant: Tenant, clock: ManualClock) -> None:
    admin = doors.company_admin
    site = (await add(admin, tenant, "sites", name="Berlin"))["id"]
    made = []
    for number in range(5):
        clock.advance(timedelta(seconds=1))
        more = {"site_id": site, "tags": ["ERP"], "kind": "Server"} if number < 2 else {"aliases": [f"10.0.0.{number}"]}
        made.append((await add(admin, tenant, "assets", name=f"Host-{number}", **more))["id"])
    path = path_of(tenant.id, "assets")
    first = await doors.technician.get(path, limit=3)
    rest = await doors.technician.get(path, limit=3, cursor=first["next"])
    assert [one["id"] for one in first["items"] + rest["items"]] == made[::-1]
    assert rest["next"] is None
    for query, expected in (
        ({"site": site}, made[:2]),
        ({"tag": "erp"}, made[:2]),
        ({"kind": "server"}, made[:2]),
        ({"q": "HOST-3"}, made[3:4]),
        ({"q": "0.0.4"}, made[4:]),
        ({"q": "100%"}, []),
        ({"confirmed": "false"}, []),
        ({"confirmed": "true"}, made),
    ):
        found = await doors.technician.get(path, **query)
        assert [one["id"] for one in found["items"]][::-1] == expected, query


async def test_one_name_is_one_assets(doors: Doors, tenant: Tenant) -> None:
    admin = doors.company_admin
    one = (await add(admin, tenant, "assets", name="db-01", aliases=["10.0.0.5"]))["id"]
    for taken in ("DB-01", "https://db-01:443/x", "10.0.0.5:9100"):
        problem = await admin.post(path_of(tenant.id, "assets"), {"name": taken}, 409)
        assert problem["where"] == "name"
        assert one in problem["detail"]
    await admin.post(path_of(tenant.id, "assets"), {"name": "db-02", "aliases": ["db-01"]}, 409)


async def test_a_renamed_asset_is_still_found_by_its_former_name(doors: Doors, tenant: Tenant) -> None:
    admin = doors.company_admin
    asset = (await add(admin, tenant, "assets", name="db-01", aliases=["erp"]))["id"]
    path = path_of(tenant.id, f"assets/{asset}")
    await admin.ask("PATCH", path, 200, json={"name": "ERP"})
    assert await names_of(doors, tenant, asset) == {"db-01": "former", "erp": "own"}
    await admin.ask("PATCH", path, 200, json={"name": "db-01"})
    assert await names_of(doors, tenant, asset) == {"db-01": "own", "erp": "former"}
    await admin.ask("PATCH", path, 200, json={"name": "DB-01"})
    found = await doors.technician.get(path)
    assert (found["name"], found["names"][0]["shown"]) == ("DB-01", "DB-01")
    await add(admin, tenant, "assets", name="db-02")
    await admin.ask("PATCH", path, 409, json={"name": "db-02"})


async def test_an_alias_is_added_and_taken_back(doors: Doors, tenant: Tenant) -> None:
    admin = doors.company_admin
    asset = (await add(admin, tenant, "assets", name="db-01"))["id"]
    names = path_of(tenant.id, f"assets/{asset}/names")
    for _ in range(2):
        found = await admin.post(names, {"name": "DB-01.example.org."}, 201)
        assert {one["name"]: one["origin"] for one in found["names"]} == {"db-01": "own", "db-01.example.org": "alias"}
    assert [action for action in await audited(doors, tenant) if action.startswith("asset_alias")] == [
        "asset_alias_added"
    ]
    await admin.ask("DELETE", names, 409, params={"name": "db-01"})
    await admin.ask("DELETE", names, 404, params={"name": "db-09"})
    await admin.ask("DELETE", names, 200, params={"name": "db-01.example.org"})
    assert await names_of(doors, tenant, asset) == {"db-01": "own"}


async def test_a_merged_asset_leaves_its_names_edges_and_site(doors: Doors, tenant: Tenant) -> None:
    admin = doors.company_admin
    site = (await add(admin, tenant, "sites", name="Berlin"))["id"]
    gone = (await add(admin, tenant, "assets", name="db-01.example.org", aliases=["10.0.0.5"], site_id=site))["id"]
    into = (await add(admin, tenant, "assets", name="db-01"))["id"]
    host = (await add(admin, tenant, "assets", name="esx-03"))["id"]
    edges = path_of(tenant.id, "edges")
    for one, other, kind in (
        (gone, host, "runs_on"),
        (into, host, "runs_on"),
        (gone, host, "connected"),
        (gone, into, "depends_on"),
    ):
        await admin.post(edges, {"from_asset": one, "to_asset": other, "kind": kind}, 201)
    found = await admin.post(path_of(tenant.id, f"assets/{gone}/merge"), {"into": into})
    assert {one["name"]: one["origin"] for one in found["names"]} == {
        "db-01": "own",
        "db-01.example.org": "merged",
        "10.0.0.5": "merged",
    }
    assert found["site_id"] == site
    ends = {(edge["kind"], *sorted((edge["from_asset"], edge["to_asset"]))) for edge in found["edges"]}
    assert ends == {("runs_on", *sorted((into, host))), ("connected", *sorted((into, host)))}
    assert len(found["edges"]) == 2
    left = await doors.technician.get(path_of(tenant.id, f"assets/{gone}"))
    assert (left["merged_into"], left["names"], left["edges"]) == (into, [], [])
    listed = await doors.technician.get(path_of(tenant.id, "assets"))
    assert {one["id"] for one in listed["items"]} == {into, host}
    assert (await audited(doors, tenant)).count("asset_merged") == 1


async def test_merges_make_no_circle(doors: Doors, tenant: Tenant) -> None:
    admin = doors.company_admin
    one, two, three = [(await add(admin, tenant, "assets", name=name))["id"] for name in ("a", "b", "c")]
    merge = [path_of(tenant.id, f"assets/{asset}/merge") for asset in (one, two, three)]
    await admin.post(merge[0], {"into": one}, 409)
    await admin.post(merge[0], {"into": two})
    for refused in (merge[0], merge[1]):
        problem = await admin.post(refused, {"into": one if refused is merge[1] else three}, 409)
        assert two in problem["mend"]
    await admin.post(merge[1], {"into": three})
    # What was merged into the second is the third's as well.
    assert (await admin.get(path_of(tenant.id, f"assets/{one}")))["merged_into"] == three
    for method, parts in (("PATCH", {"json": {"notes": "x"}}), ("DELETE", {})):
        await admin.ask(method, path_of(tenant.id, f"assets/{one}"), 409, **parts)
    await admin.ask("DELETE", path_of(tenant.id, f"assets/{three}"), 204)
    await admin.get(path_of(tenant.id, f"assets/{one}"), 404)
    await add(admin, tenant, "assets", name="a")


# ------------------------------------------------------------------------------------------------ edges


async def test_an_edge_is_one_however_often_it_is_said(doors: Doors, tenant: Tenant) -> None:
    admin = doors.company_admin
    one, two = [(await add(admin, tenant, "assets", name=name))["id"] for name in ("a", "b")]
    path = path_of(tenant.id, "edges")
    made = await admin.post(path, {"from_asset": one, "to_asset": two, "kind": "connected"}, 201)
    again = await admin.post(path, {"from_asset": two, "to_asset": one, "kind": "connected"}, 201)
    assert again == made
    assert {made["from_name"], made["to_name"]} == {"a", "b"}
    await admin.post(path, {"from_asset": one, "to_asset": two, "kind": "depends_on"}, 201)
    await admin.post(path, {"from_asset": two, "to_asset": one, "kind": "depends_on"}, 201)
    await admin.post(path, {"from_asset": one, "to_asset": one, "kind": "depends_on"}, 422)
    await admin.post(path, {"from_asset": one, "to_asset": two, "kind": "likes"}, 422)
    await admin.post(path, {"from_asset": one, "to_asset": str(uuid4()), "kind": "runs_on"}, 404)
    assert len((await doors.technician.get(path, asset=two))["items"]) == 3
    assert len((await doors.technician.get(path, kind="connected"))["items"]) == 1
    assert (await audited(doors, tenant)).count("asset_connected") == 3
    await admin.ask("DELETE", f"{path}/{made['id']}", 204)
    await admin.ask("DELETE", f"{path}/{made['id']}", 404)
    assert len((await doors.technician.get(path, limit=1))["items"]) == 1


# ------------------------------------------------------------------------------------------------ alerts


async def test_alerts_are_found_and_counted_by_any_name_of_their_asset(
    doors: Doors, tenant: Tenant, make_company: MakeCompany, database: Database, clock: ManualClock
) -> None:
    admin = doors.company_admin
    asset = (await add(admin, tenant, "assets", name="db-01", aliases=["10.0.0.5"]))["id"]
    told = {}
    for name in ("db-01", "DB-01", "10.0.0.5:9100", "db-02"):
        clock.advance(timedelta(seconds=1))
        told[name] = await _named(database, tenant, name, clock)
    ended = await _named(database, tenant, "db-01", clock, ended=True)
    other = await make_company("Third")
    await _named(database, other, "db-01", clock)
    mine = {str(told[name]) for name in ("db-01", "DB-01", "10.0.0.5:9100")} | {str(ended)}
    for asked in ("db-01", "Db-01", "10.0.0.5", "https://10.0.0.5:443/"):
        found = await doors.technician.get(path_of(tenant.id, "alerts"), asset=asked)
        assert {one["id"] for one in found["items"]} == mine, asked
        assert {one["asset"] for one in found["items"]} == {"db-01", "DB-01", "10.0.0.5:9100"}
    assert len((await doors.technician.get(path_of(tenant.id, "alerts"), asset="db-02"))["items"]) == 1
    assert (await doors.technician.get(path_of(tenant.id, f"assets/{asset}")))["open_alerts"] == 3


async def _named(database: Database, tenant: Tenant, name: str, clock: ManualClock, *, ended: bool = False) -> UUID:
    told = await tell_firing(
        database, tenant.scope, at=clock.now(), asset=name, ended_at=clock.now() if ended else None
    )
    return told.alert_id


async def test_a_company_that_is_not_there_has_no_inventory(doors: Doors) -> None:
    absent = CompanyId(uuid4())
    for noun, body in NOUNS:
        await doors.admin.post(path_of(absent, noun), body, 404)
