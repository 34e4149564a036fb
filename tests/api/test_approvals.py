"""Approvals and brakes at the door: what is asked exactly, answers that count once, what keeps acts from starting."""

import base64
import hashlib
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from alertwhisperer.domain.approval import Risk, requester_of
from alertwhisperer.domain.company import INSTALLATION, Scope
from alertwhisperer.domain.user import Role
from alertwhisperer.guard.approvals.ask import Request, ask
from alertwhisperer.guard.approvals.start import Ticket
from alertwhisperer.guard.tokens import add_token
from alertwhisperer.guard.vault import Vault
from alertwhisperer.kit.clock import ManualClock
from alertwhisperer.store.database import Database
from tests.api.conftest import Door, Doors, path_of
from tests.conftest import People, Tenant
from tests.guard.asking import Desk, make_desk


@pytest.fixture
async def asking(database: Database, vault: Vault, clock: ManualClock, tenant: Tenant) -> Desk:
    """A part that asks for acts in the company."""
    return await make_desk(database, vault, clock, tenant.id)


async def test_the_exact_plan_can_be_read_and_hashed_again(
    doors: Doors, tenant: Tenant, asking: Desk, people: People
) -> None:
    asking.part.command = b"rm -- \xff\n"
    approval = await asking.ask(asking.by(people.technician))
    shown = await doors.company_admin.get(f"/api/approvals/{approval.id}")
    plan = shown["plan"]
    assert hashlib.sha256(base64.b64decode(plan["encoded"])).hexdigest() == shown["hash"]
    assert base64.b64decode(plan["act"]["base64"]) == asking.part.command
    assert plan["act"]["text"] is None, "it is no UTF-8"
    assert plan["verify"]["text"] == "df /\n"
    assert plan["parameters"] == [{"name": "keep_days", "value": "7", "origin": "default"}]
    assert plan["targets"][0]["id"] == str(asking.asset_id)
    assert (shown["state"], shown["risk"], shown["needed"], shown["agreed"]) == ("asked", "medium", 1, 0)
    assert (shown["deciders"], shown["you"]) == (["company_admin", "msp_admin"], "may")
    assert shown["expires_at"] == _text(approval.asked_at + timedelta(hours=1))
    assert (await doors.technician.get(f"/api/approvals/{approval.id}"))["you"] == "own_request"
    [listed] = (await doors.technician.get(path_of(tenant.id, "approvals"), mine=True))["items"]
    assert listed == {**{k: v for k, v in shown.items() if k != "plan"}, "you": "own_request"}
    assert (await doors.company_admin.get(path_of(tenant.id, "approvals"), mine=True))["items"] == []


async def test_a_yes_names_what_was_read_counts_once_and_is_audited(
    doors: Doors, tenant: Tenant, asking: Desk, people: People
) -> None:
    approval = await asking.ask(asking.by(people.technician))
    path = f"/api/approvals/{approval.id}/approve"
    body = {"hash": approval.hash.hex(), "reason": "agreed by phone"}
    await doors.technician.post(path, body, 403)
    problem = await doors.company_admin.post(path, {"hash": "0" * 64}, 409)
    assert "read it again" in problem["detail"]
    await doors.company_admin.post(path, {"hash": "0"}, 422)
    shown = await doors.company_admin.post(path, body)
    assert (shown["state"], shown["agreed"], shown["decisions"][0]["reason"]) == ("approved", 1, "agreed by phone")
    await doors.admin.post(path, body, 409)
    assert isinstance(await asking.start(approval), Ticket)
    shown = await doors.company_admin.get(f"/api/approvals/{approval.id}")
    assert (shown["state"], shown["you"]) == ("started", "settled")
    entries = (await doors.company_admin.get(path_of(tenant.id, "audit"), limit=50))["items"]
    of_it = [one for one in entries if one["resource"] == {"kind": "approval", "id": str(approval.id)}]
    actions = ["approval_consumed", "approval_granted", "decision_rejected", "approval_requested"]
    assert sorted(one["action"] for one in of_it) == sorted(actions)
    assert {one["detail"]["hash"] for one in of_it} == {approval.hash.hex()}


async def test_a_no_has_a_reason_and_ends_it(doors: Doors, asking: Desk) -> None:
    approval = await asking.ask(asking.machine)
    path = f"/api/approvals/{approval.id}"
    await doors.company_admin.post(f"{path}/refuse", {}, 422)
    await doors.company_admin.post(f"{path}/refuse", {"reason": " "}, 422)
    shown = await doors.company_admin.post(f"{path}/refuse", {"reason": "not during the closing"})
    assert (shown["state"], shown["state_reason"]) == ("refused", "not during the closing")
    await doors.admin.post(f"{path}/approve", {"hash": approval.hash.hex()}, 409)


async def test_who_asked_takes_it_back(doors: Doors, asking: Desk, people: People) -> None:
    approval = await asking.ask(asking.by(people.technician))
    path = f"/api/approvals/{approval.id}/withdraw"
    await doors.company_admin.post(path, status=403)
    assert (await doors.technician.post(path))["state"] == "voided"
    await doors.technician.post(path, status=409)


async def test_another_companys_approval_is_not_there(doors: Doors, tenant: Tenant, asking: Desk) -> None:
    approval = await asking.ask(asking.machine)
    for method, rest, body in (
        ("GET", "", None),
        ("POST", "/approve", {"hash": approval.hash.hex()}),
        ("POST", "/refuse", {"reason": "x"}),
        ("POST", "/withdraw", None),
    ):
        for identifier in (approval.id, uuid4()):
            given = {} if body is None else {"json": body}
            await doors.stranger.ask(method, f"/api/approvals/{identifier}{rest}", 404, **given)
    await doors.stranger.get(path_of(tenant.id, "approvals"), 404)
    assert (await doors.stranger.get("/api/approvals"))["items"] == []


async def test_lapsed_ones_are_listed_for_whoever_escalates(
    doors: Doors, tenant: Tenant, asking: Desk, clock: ManualClock
) -> None:
    approval = await asking.ask(asking.machine)
    clock.advance(timedelta(hours=1))
    await doors.company_admin.post(f"/api/approvals/{approval.id}/approve", {"hash": approval.hash.hex()}, 409)
    [listed] = (await doors.technician.get(path_of(tenant.id, "approvals"), state="lapsed"))["items"]
    assert listed["id"] == str(approval.id)
    assert (await doors.technician.get(path_of(tenant.id, "approvals"), state="asked"))["items"] == []


async def test_the_list_over_companies_has_what_one_may_decide(doors: Doors, asking: Desk, people: People) -> None:
    medium = await asking.ask(asking.by(people.technician))
    asking.part.risk = Risk.HIGH
    high = await asking.ask(asking.by(people.technician))
    asking.part.risk = Risk.LOW
    low = await asking.ask(asking.machine)

    async def ids(person: Any) -> set[str]:
        return {one["id"] for one in (await person.get("/api/approvals", limit=500))["items"]}

    ours = {str(one.id) for one in (medium, high, low)}
    assert await ids(doors.technician) & ours == {str(low.id)}
    assert await ids(doors.company_admin) & ours == {str(low.id), str(medium.id)}
    assert await ids(doors.admin) & ours == ours


# ------------------------------------------------------------------------------------------------ brakes


async def test_whoever_works_there_may_stop_a_company_and_an_admin_lets_it_go_on(doors: Doors, tenant: Tenant) -> None:
    switch, brakes = path_of(tenant.id, "kill-switch"), path_of(tenant.id, "brakes")
    assert await doors.technician.get(brakes) == {"holds": False, "switches": [], "freezes": []}
    shown = await doors.technician.ask("PUT", switch, 200, json={"reason": "a runbook misbehaves"})
    assert shown["holds"]
    assert shown["switches"][0]["reason"] == "a runbook misbehaves"
    again = await doors.company_admin.ask("PUT", switch, 200, json={"reason": "another"})
    assert again == shown, "it was on already"
    await doors.technician.ask("DELETE", switch, 403)
    assert not (await doors.company_admin.ask("DELETE", switch, 200))["holds"]
    entries = (await doors.company_admin.get(path_of(tenant.id, "audit"), limit=50))["items"]
    mine = [one["action"] for one in entries if one["resource"]["kind"] == "brake"]
    assert sorted(mine) == ["kill_switch_off", "kill_switch_on"]


async def test_a_freeze_has_its_times_and_past_ones_are_dropped(
    doors: Doors, tenant: Tenant, clock: ManualClock
) -> None:
    path, now = path_of(tenant.id, "freeze"), clock.now()

    def window(begin: int, end: int, reason: str = "closing") -> dict[str, str]:
        return {"from": _text(now + timedelta(hours=begin)), "to": _text(now + timedelta(hours=end)), "reason": reason}

    given = {"windows": [window(5, 6), window(-1, 1), window(-3, -2)]}
    shown = await doors.company_admin.ask("PUT", path, 200, json=given)
    assert shown["freezes"] == [
        {"reach": "company", **window(-1, 1), "holds": True},
        {"reach": "company", **window(5, 6), "holds": False},
    ]
    assert shown["holds"]
    clock.advance(timedelta(hours=2))
    [left] = (await doors.technician.get(path_of(tenant.id, "brakes")))["freezes"]
    assert left["from"] == window(5, 6)["from"]
    for wrong in (window(6, 5), window(5, 5), window(5, 6, " ")):
        await doors.company_admin.ask("PUT", path, 422, json={"windows": [wrong]})
    await doors.technician.ask("PUT", path, 403, json={"windows": []})
    assert (await doors.company_admin.ask("PUT", path, 200, json={"windows": []}))["freezes"] == []


async def test_the_msp_stops_all_companies_at_once(doors: Doors, tenant: Tenant, clock: ManualClock) -> None:
    for method, path, body in (
        ("GET", "/api/brakes", None),
        ("PUT", "/api/kill-switch", {"reason": "x"}),
        ("DELETE", "/api/kill-switch", None),
        ("PUT", "/api/freeze", {"windows": []}),
    ):
        await doors.company_admin.ask(method, path, 403, **({} if body is None else {"json": body}))
    try:
        shown = await doors.admin.ask("PUT", "/api/kill-switch", 200, json={"reason": "a bad release"})
        assert shown["switches"][0]["set_by"] != ""
        [seen] = (await doors.technician.get(path_of(tenant.id, "brakes")))["switches"]
        assert (seen["reach"], seen["reason"], seen["set_by"]) == ("all", "a bad release", "")
        await doors.company_admin.ask("DELETE", path_of(tenant.id, "kill-switch"), 200)
        assert (await doors.technician.get(path_of(tenant.id, "brakes")))["holds"], "it is not the company's to release"
        window = {"from": _text(clock.now()), "to": _text(clock.now() + timedelta(hours=1)), "reason": "closing"}
        await doors.admin.ask("PUT", "/api/freeze", 200, json={"windows": [window]})
        assert (await doors.admin.get("/api/brakes"))["freezes"][0]["holds"]
    finally:
        await doors.admin.ask("DELETE", "/api/kill-switch", 200)
        await doors.admin.ask("PUT", "/api/freeze", 200, json={"windows": []})
    assert not (await doors.technician.get(path_of(tenant.id, "brakes")))["holds"]


# ------------------------------------------------------------------------------------------------ erasures


async def test_an_erasure_is_asked_for_by_one_admin_and_agreed_to_by_another(
    doors: Doors, asking: Desk, people: People, vault: Vault
) -> None:
    leaver = await asking.person(Role.COMPANY_ADMIN)
    await asking.touch(asking.by(leaver))
    body = {"kind": "person", "id": str(leaver.id), "reason": "request of 1 March"}
    await doors.company_admin.post("/api/erasures", body, 403)
    asked = await doors.admin.post("/api/erasures", body, 201)
    assert (asked["risk"], asked["you"], asked["plan"]["targets"][0]["id"]) == ("high", "own_request", str(leaver.id))
    path, start = f"/api/approvals/{asked['id']}", f"/api/erasures/{asked['id']}/start"
    await doors.company_admin.get(path, 404)
    await doors.company_admin.post(start, status=403)
    assert "not_approved" in (await doors.admin.post(start, status=409))["detail"]
    await doors.admin.post(f"{path}/approve", {"hash": asked["hash"]}, 403)

    second = await asking.person(Role.MSP_ADMIN)
    now = asking.tick()
    made = await add_token(asking.database, vault, Scope(INSTALLATION, "test"), second.email, now=now)
    other = Door(doors.admin.client, {"Authorization": f"Bearer {made.token}"})
    listed = (await other.get("/api/approvals", limit=500))["items"]
    assert asked["id"] in {one["id"] for one in listed}, "it is the installation's, and an admin's to decide"
    await other.post(f"{path}/approve", {"hash": asked["hash"]})
    assert (await doors.admin.post(start))["entries"] > 0
    assert "settled" in (await doors.admin.post(start, status=409))["detail"]
    entries = (await doors.company_admin.get(path_of(asking.company_id, "audit"), limit=100))["items"]
    assert leaver.email not in str(entries)


def _text(moment: Any) -> str:
    return str(moment.isoformat().replace("+00:00", "Z"))


async def test_others_see_what_waits_for_whom_and_everybody_what_was_settled(
    doors: Doors, tenant: Tenant, asking: Desk, people: People, clock: ManualClock
) -> None:
    about = uuid4()
    async with asking.database.unit_of_work(asking.by(people.technician)) as unit:
        plan = await asking.part.build(unit, asking.asset_id, requester_of(unit.scope), asking.now + timedelta(hours=2))
        await ask(unit, Request(plan, "The disk fills.", "Journals go.", incident_id=about), now=asking.now)
    approval = await asking.ask(asking.by(people.technician))

    async def seen(door: Door, which: str) -> list[str]:
        return [one["why"] for one in (await door.get("/api/approvals", which=which))["items"] if _ours(one)]

    def _ours(one: dict[str, Any]) -> bool:
        return bool(one["company_id"] == str(tenant.id))

    assert await seen(doors.technician, "yours") == []
    assert len(await seen(doors.technician, "others")) == 2
    assert len(await seen(doors.company_admin, "yours")) == 2
    assert await seen(doors.company_admin, "others") == []
    assert await seen(doors.company_admin, "settled") == []
    assert await seen(doors.stranger, "others") == []
    path = path_of(tenant.id, "approvals")
    [found] = (await doors.technician.get(path, incident_id=str(about)))["items"]
    assert found["incident_id"] == str(about)
    await doors.company_admin.post(f"/api/approvals/{approval.id}/refuse", {"reason": "not now"})
    assert len(await seen(doors.technician, "settled")) == 1
    assert await seen(doors.stranger, "settled") == []
    clock.advance(timedelta(hours=1, seconds=1))
    assert await seen(doors.technician, "settled") == []
