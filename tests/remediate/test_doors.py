"""Runs through the API: who may do what at which risk, what was read is what is asked, what everybody sees after."""

import base64
from collections.abc import Mapping
from typing import Any
from uuid import UUID, uuid4

import pytest

from alertwhisperer.api.desk import Desk
from alertwhisperer.domain.approval import Risk
from alertwhisperer.domain.audit import AuditAction
from alertwhisperer.domain.company import CompanyId
from alertwhisperer.domain.execution import Call, Outcome, Reach
from alertwhisperer.domain.inventory import Asset
from alertwhisperer.domain.run import Act, SoFar
from alertwhisperer.domain.runbook import Phase
from alertwhisperer.executors.contract import Heard
from alertwhisperer.guard.approvals import canonical
from alertwhisperer.guard.vault import Vault
from alertwhisperer.store import audit, runs
from tests.api.conftest import PUBLIC_URL, Door, Doors, app, client, doors, path_of
from tests.api.rows import tell_firing
from tests.conftest import Tenant
from tests.remediate.local import LocalRunner
from tests.remediate.world import World, runbook

__all__ = ["app", "client", "doors"]  # fixtures


def desk_of(world: World, vault: Vault) -> Desk:
    """The API on the world's runbooks and targets."""

    async def ready() -> None:
        return

    async def rerun(*_: object) -> Any:
        raise AssertionError("nothing is parsed here")

    return Desk(world.database, vault, world.clock, {}, PUBLIC_URL, ready, lambda: b"", rerun, rerun, means=world.means)


@pytest.fixture
def desk(world: World, vault: Vault) -> Desk:
    """The same, for the application of these tests."""
    return desk_of(world, vault)


@pytest.fixture
async def asset(world: World) -> Asset:
    """A target."""
    return await world.target()


class Noting(LocalRunner):
    """Keeps what it was asked to run."""

    def __init__(self) -> None:
        self.calls: list[Call] = []

    async def run(self, reach: Reach, call: Call, heard: Heard) -> Outcome:
        self.calls.append(call)
        return await super().run(reach, call, heard)


async def ran_as_approved(world: World, noting: Noting, run: Mapping[str, Any]) -> None:
    """Each script, what it was given and for how long, byte for byte as the approval's plan says; each once."""
    approved = await world.approval_plan(run["approval_id"])
    assert [one.script for one in noting.calls] == [
        approved.precheck,
        approved.snapshot,
        approved.act,
        approved.verify,
    ]
    values = {name: one.value for name, one in approved.parameters.items()}
    assert [dict(one.parameters) for one in noting.calls] == [values] * 4
    limits = [approved.caps[f"{phase}_timeout_s"] for phase in ("precheck", "snapshot", "act", "verify")]
    assert [one.timeout_s for one in noting.calls] == limits
    async with world.database.unit_of_work(world.machine) as unit:
        entries = await audit.page(unit, limit=500)
    [started] = [one for one in entries if one.action is AuditAction.RUN_STARTED and one.resource.id == run["id"]]
    assert started.detail["hash"] == canonical.fingerprint(canonical.encode(approved)).hex()


async def plan(door: Door, company_id: CompanyId, asset: Asset, **parameters: str) -> Any:
    body = {"runbook": "restart-app", "targets": [str(asset.id)], "parameters": parameters}
    return await door.post(path_of(company_id, "runs/plan"), body)


async def start(door: Door, company_id: CompanyId, asset: Asset, status: int = 201, **more: object) -> Any:
    """Read the plan, then ask."""
    shown = await plan(door, company_id, asset)
    body = {
        "runbook": "restart-app",
        "targets": [str(asset.id)],
        "why": "It is down.",
        "hash": shown["hash"],
        "start_by": shown["start_by"],
        **more,
    }
    return await door.post(path_of(company_id, "runs"), body, status)


async def test_a_dry_run_shows_the_exact_commands_and_runs_nothing(
    world: World, tenant: Tenant, doors: Doors, asset: Asset
) -> None:
    book = world.put(runbook())
    shown = await plan(doors.technician, tenant.id, asset, word="fresh")
    assert base64.b64decode(shown["plan"]["act"]["base64"]) == book.scripts[Phase.ACT].body
    assert shown["plan"]["parameters"] == [{"name": "word", "value": "fresh", "origin": "person"}]
    assert shown["targets"] == [{"asset_id": str(asset.id), "name": "app-01"}]
    assert (await doors.technician.get(path_of(tenant.id, "runs")))["items"] == []
    assert world.steps_on(asset) == []
    refused = await doors.technician.post(
        path_of(tenant.id, "runs/plan"),
        {"runbook": "restart-app", "targets": [str(asset.id)], "parameters": {"word": "$(reboot)"}},
        422,
    )
    assert refused["where"] == "word"


async def test_the_whole_way_through_the_door(world: World, tenant: Tenant, doors: Doors, asset: Asset) -> None:
    """A technician asks, an admin agrees to what was read, and everybody sees each step with its output."""
    world.put(runbook(risk=Risk.MEDIUM))
    told = await tell_firing(world.database, tenant.scope, at=world.now, asset="app-01")
    run = await start(doors.technician, tenant.id, asset, incident_id=str(told.incident_id))
    assert (run["state"], run["by_itself"]) == ("waiting_for_approval", False)
    approval = await doors.company_admin.get(f"/api/approvals/{run['approval_id']}")
    await doors.company_admin.post(f"/api/approvals/{run['approval_id']}/approve", {"hash": approval["hash"]})
    await world.work()
    whole = await doors.technician.get(f"/api/runs/{run['id']}")
    assert whole["state"] == "succeeded"
    assert whole["targets"][0]["why"] == "The probe says that the symptom is gone."
    assert [one["phase"] for one in whole["acts"]] == ["precheck", "snapshot", "act", "verify"]
    said = {one["phase"]: one["id"] for one in whole["acts"]}
    act = await doors.technician.get(f"/api/runs/{run['id']}/acts/{said['act']}")
    assert act["stdout"] == {"text": "restarted\n", "base64": base64.b64encode(b"restarted\n").decode()}
    assert (act["partial"], act["comes"], act["heard_at"]) == (False, None, None)
    await doors.technician.get(f"/api/runs/{run['id']}/acts/{said['snapshot']}", 404)
    incident = await doors.technician.get(f"/api/incidents/{told.incident_id}")
    steps = [one for one in incident["timeline"] if one["kind"] == "run_step" and one["detail"]["asset_id"]]
    assert [one["detail"]["after"] for one in steps] == [
        "waiting_for_approval",
        "ready",
        "prechecking",
        "snapshotting",
        "acting",
        "verifying",
        "succeeded",
    ]
    assert "restarted\n" in [one["detail"].get("stdout") for one in steps]
    mending = await doors.technician.get(f"/api/incidents/{told.incident_id}/mending")
    assert [one["id"] for one in mending["runs"]] == [run["id"]]
    async with world.database.unit_of_work(world.machine) as unit:
        entries = await audit.page(unit, limit=100)
    actions = sorted(one.action.value for one in entries if one.resource.kind == "run")  # of one moment, so unordered
    assert actions == [*["run_acted"] * 4, "run_asked", "run_ended", "run_started"]
    assert all(one.incident_id == told.incident_id for one in entries if one.resource.kind == "run")


@pytest.mark.parametrize(("executor", "comes"), [("ssh", "as_it_runs"), ("ssm", "when_it_ends")])
async def test_a_script_without_an_outcome_is_shown_as_far_as_it_was_heard(
    world: World, tenant: Tenant, doors: Doors, asset: Asset, executor: str, comes: str
) -> None:
    """As after a crash: what was heard is there, and says that it is not all."""
    world.put(runbook())
    run = await start(doors.technician, tenant.id, asset)
    act = Act(uuid4(), UUID(run["id"]), asset.id, Phase.ACT, world.now)
    path = f"/api/runs/{run['id']}/acts/{act.id}"
    async with world.database.unit_of_work(world.machine) as unit:
        await runs.begin_act(unit, act)
    assert (await doors.technician.get(path))["partial"] is True
    async with world.database.unit_of_work(world.machine) as unit:
        await runs.put_so_far(unit, act, SoFar(executor, world.now, b"step 1\n", b"", cut=True), fence=0)
    shown = await doors.technician.get(path)
    assert (shown["partial"], shown["comes"], shown["cut"], shown["ending"]) == (True, comes, True, None)
    assert shown["stdout"]["text"] == "step 1\n"
    assert shown["heard_at"] is not None


async def test_a_stranger_sees_nothing_and_does_nothing(
    world: World, tenant: Tenant, doors: Doors, asset: Asset
) -> None:
    world.put(runbook())
    run = await start(doors.technician, tenant.id, asset)
    stranger = doors.stranger
    await stranger.get(path_of(tenant.id, "runs"), 404)
    await stranger.get(f"/api/runs/{run['id']}", 404)
    await stranger.get(f"/api/runs/{run['id']}/acts/{uuid4()}", 404)
    await stranger.post(f"/api/runs/{run['id']}/cancel", None, 404)
    await stranger.get(path_of(tenant.id, "run-policy"), 404)
    await stranger.get(path_of(tenant.id, "run-escalations"), 404)
    await doors.nobody.get(f"/api/runs/{run['id']}", 401)


async def test_only_an_admin_says_what_alerts_may_decide(
    world: World, tenant: Tenant, doors: Doors, asset: Asset
) -> None:
    world.put(runbook())
    policy = {
        "trusted_integrations": [str(tenant.integration.id)],
        "parameters": [{"runbook": "restart-app", "parameter": "word", "from": "label:word"}],
    }
    path = path_of(tenant.id, "run-policy")
    await doors.technician.ask("PUT", path, 403, json=policy)
    assert await doors.company_admin.ask("PUT", path, 200, json=policy) == {**policy, "version": 1}
    assert await doors.technician.get(path) == {**policy, "version": 1}
    bad = {**policy, "parameters": [{"runbook": "restart-app", "parameter": "word", "from": "message"}]}
    await doors.company_admin.ask("PUT", path, 422, json=bad)
    await doors.company_admin.ask("PUT", path, 404, json={**policy, "trusted_integrations": [str(uuid4())]})


async def test_nobody_replaces_a_policy_that_they_never_saw(
    world: World, tenant: Tenant, doors: Doors, asset: Asset
) -> None:
    """Two admins read the same version: the second to save is told, and what the first said stays."""
    world.put(runbook())
    path = path_of(tenant.id, "run-policy")
    nothing: dict[str, object] = {"trusted_integrations": [], "parameters": []}
    taken = {"runbook": "restart-app", "parameter": "word", "from": "label:word"}
    assert (await doors.admin.get(path))["version"] == 0
    first = {**nothing, "parameters": [taken], "based_on": 0}
    assert (await doors.company_admin.ask("PUT", path, 200, json=first))["version"] == 1
    late = {**nothing, "trusted_integrations": [str(tenant.integration.id)], "based_on": 0}
    refused = await doors.admin.ask("PUT", path, 409, json=late)
    assert refused["where"] == "based_on"
    assert (await doors.admin.get(path))["parameters"] == [taken]
    assert (await doors.admin.ask("PUT", path, 200, json={**late, "based_on": 1}))["version"] == 2
    assert (await doors.admin.ask("PUT", path, 200, json={**late, "based_on": 2}))["version"] == 2, "the same again"
    assert (await doors.admin.ask("PUT", path, 200, json=nothing))["version"] == 3, "whoever names none replaces all"
    await doors.admin.ask("PUT", path, 422, json={**nothing, "based_on": -1})


@pytest.mark.parametrize("passes", ["yes", "no"])
@pytest.mark.parametrize("risk", list(Risk))
@pytest.mark.parametrize("asker", ["technician", "company_admin", "admin"])
async def test_who_decides_what(
    world: World, tenant: Tenant, doors: Doors, asset: Asset, passes: str, risk: Risk, asker: str
) -> None:
    """3 roles × 3 risks × auto-approve on and off: nobody decides what they asked for, and each risk has its people."""
    await world.set(auto_approve_low=passes)
    world.put(runbook(risk=risk))
    world.runner = noting = Noting()
    by = {"technician": doors.technician, "company_admin": doors.company_admin, "admin": doors.admin}
    run = await start(by[asker], tenant.id, asset)
    worker = world.worker()
    await world.work(worker)
    state = (await by[asker].get(f"/api/runs/{run['id']}"))["state"]
    if risk is Risk.LOW and passes == "yes":
        assert state == "succeeded"
        await ran_as_approved(world, noting, run)
        return
    assert state == "waiting_for_approval"
    assert world.steps_on(asset) == []
    path = f"/api/approvals/{run['approval_id']}"
    shown = await by[asker].get(path)
    assert shown["you"] == "own_request"
    await by[asker].post(f"{path}/approve", {"hash": shown["hash"]}, 403)
    may = {Risk.LOW: ["technician", "company_admin", "admin"], Risk.MEDIUM: ["company_admin", "admin"]}
    deciders = [one for one in may.get(risk, ["admin"]) if one != asker]
    for role, door in by.items():
        if role not in deciders:
            await door.post(f"{path}/approve", {"hash": shown["hash"]}, 403)
    await world.work(worker)
    assert (world.steps_on(asset), noting.calls) == ([], [])
    if not deciders:
        return
    await by[deciders[0]].post(f"{path}/approve", {"hash": shown["hash"]})
    await world.work(worker)
    assert (await by[asker].get(f"/api/runs/{run['id']}"))["state"] == "succeeded"
    await ran_as_approved(world, noting, run)


async def test_a_run_is_cancelled_once(world: World, tenant: Tenant, doors: Doors, asset: Asset) -> None:
    world.put(runbook(risk=Risk.MEDIUM))
    run = await start(doors.technician, tenant.id, asset)
    ended = await doors.technician.post(f"/api/runs/{run['id']}/cancel")
    assert (ended["state"], ended["reason"]) == ("cancelled", "cancelled")
    await doors.technician.post(f"/api/runs/{run['id']}/cancel", None, 409)
    approval = await doors.technician.get(f"/api/approvals/{run['approval_id']}")
    assert (approval["state"], approval["state_reason"]) == ("voided", "run_cancelled")


async def test_what_was_read_must_be_what_is_asked(world: World, tenant: Tenant, doors: Doors, asset: Asset) -> None:
    world.put(runbook())
    await start(doors.technician, tenant.id, asset, 409, hash="0" * 64)
    await start(doors.technician, tenant.id, asset, 409, parameters={"word": "other"})
    await start(doors.technician, tenant.id, asset, 404, incident_id=str(uuid4()))
    await start(doors.technician, tenant.id, asset)
    await start(doors.technician, tenant.id, asset, 409)
