"""Credentials and bindings: sealed, one company's own, and nothing is a target that a person did not make one."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from ipaddress import ip_network
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from alertwhisperer.app.settings import Settings, load
from alertwhisperer.app.targets import runners_of
from alertwhisperer.domain.company import Scope
from alertwhisperer.domain.errors import Conflicting, Invalid, NotFound
from alertwhisperer.domain.reach import BindingCheck
from alertwhisperer.executors.contract import Runner
from alertwhisperer.guard.vault import Vault
from alertwhisperer.kit.clock import ManualClock, SystemClock
from alertwhisperer.remediate.reach import reach_of, target_of
from alertwhisperer.remediate.trial import check_binding
from alertwhisperer.store import reach
from alertwhisperer.store.database import Database
from tests.api.conftest import Doors, path_of
from tests.conftest import MakeCompany, Tenant
from tests.inventory.furnishing import furnish
from tests.peers.sshd import a_key, fingerprint_by_openssh, sshd

PRIVATE, PUBLIC = a_key()
_, OTHER = a_key()


def way(**more: str) -> dict[str, str]:
    """A binding by SSH."""
    return {"address": "10.0.0.5", "user": "aw", "host_key": PUBLIC, **more}


async def keep(doors: Doors, tenant: Tenant, name: str = "servers", **values: str) -> Any:
    """A credential."""
    body = {"name": name, "executor": "ssh", "values": {"private_key": PRIVATE, **values}}
    return await doors.company_admin.post(path_of(tenant.id, "credentials"), body, 201)


async def bind(doors: Doors, tenant: Tenant, asset_id: UUID, status: int = 200, **body: object) -> Any:
    """A binding by the API."""
    given = {"executor": "ssh", "credential": "servers", "settings": way(), **body}
    path = path_of(tenant.id, f"assets/{asset_id}/binding")
    return await doors.company_admin.ask("PUT", path, status, json=given)


@pytest.fixture
async def asset_id(database: Database, tenant: Tenant, clock: ManualClock) -> UUID:
    """A confirmed asset."""
    return (await furnish(database, tenant.scope, now=clock.now()))["asset_id"]


async def test_a_credential_goes_in_and_never_comes_out(
    doors: Doors, tenant: Tenant, database: Database, vault: Vault
) -> None:
    made = await keep(doors, tenant, passphrase="hunter2hunter2")
    assert made["fields"] == ["passphrase", "private_key"]
    listed = await doors.company_admin.get(path_of(tenant.id, "credentials"))
    assert listed["items"] == [made]
    secret = PRIVATE.splitlines()[1]
    assert secret not in str(listed)
    assert secret not in str(await doors.company_admin.get(path_of(tenant.id, "audit"), limit=500))
    async with database.unit_of_work(tenant.scope) as unit:
        stored = await unit.connection.fetchval(
            "SELECT sealed FROM credential WHERE credential_id = $1", UUID(made["id"])
        )
    assert secret.encode() not in stored
    assert b"hunter2hunter2" not in stored
    await doors.technician.get(path_of(tenant.id, "credentials"), 403)
    await doors.stranger.get(path_of(tenant.id, "credentials"), 404)


async def test_a_credential_is_replaced_and_destroyed(
    doors: Doors, tenant: Tenant, asset_id: UUID, database: Database, vault: Vault
) -> None:
    made = await keep(doors, tenant)
    await bind(doors, tenant, asset_id)
    other, _ = a_key()
    path = path_of(tenant.id, f"credentials/{made['id']}")
    turned = await doors.company_admin.post(f"{path}/rotate", {"values": {"private_key": other}})
    assert turned["rotated_at"] is not None
    async with database.unit_of_work(tenant.scope) as unit:
        assert (await reach_of(unit, vault, asset_id)).secrets == {"private_key": other.strip()}
    refused = await doors.company_admin.ask("DELETE", path, 409)
    assert str(asset_id) in refused["detail"]
    await doors.company_admin.ask("DELETE", path_of(tenant.id, f"assets/{asset_id}/binding"), 204)
    await doors.company_admin.ask("DELETE", path, 204)
    await doors.company_admin.ask("DELETE", path, 404)
    log = (await doors.company_admin.get(path_of(tenant.id, "audit"), limit=500))["items"]
    wanted = {"credential_removed", "asset_unbound", "credential_rotated", "asset_bound", "credential_added"}
    assert wanted <= {one["action"] for one in log}


@pytest.mark.parametrize(
    ("values", "where"),
    [
        ({}, "values.private_key"),
        ({"private_key": "x", "nonsense": "y"}, "values.nonsense"),
        ({"private_key": "x", "passphrase": "two\nlines"}, "values.passphrase"),
    ],
)
async def test_a_credential_that_is_of_no_use_says_which_value(
    doors: Doors, tenant: Tenant, values: dict[str, str], where: str
) -> None:
    body = {"name": "servers", "executor": "ssh", "values": values}
    refused = await doors.company_admin.post(path_of(tenant.id, "credentials"), body, 422)
    assert where in str(refused)
    await doors.company_admin.post(path_of(tenant.id, "credentials"), {**body, "executor": "telnet"}, 422)


async def test_names_of_credentials_are_one_companys_own(
    doors: Doors, tenant: Tenant, make_company: MakeCompany
) -> None:
    await keep(doors, tenant, "Servers")
    body = {"name": "servers", "executor": "ssh", "values": {"private_key": "x"}}
    await doors.company_admin.post(path_of(tenant.id, "credentials"), body, 409)
    other = await make_company("Beside")
    await doors.admin.post(path_of(other.id, "credentials"), body, 201)


async def test_an_asset_is_bound_and_reached(
    doors: Doors, tenant: Tenant, asset_id: UUID, database: Database, vault: Vault, tmp_path: Any
) -> None:
    kept = await keep(doors, tenant)
    made = await bind(doors, tenant, asset_id)
    assert made["settings"] == {**way(), "port": "22"}
    assert made["fingerprint"] == fingerprint_by_openssh(PUBLIC, tmp_path)
    assert (await doors.technician.get(path_of(tenant.id, f"assets/{asset_id}/binding"))) == made
    assert (await doors.technician.get(path_of(tenant.id, "bindings")))["items"] == [made]
    await doors.stranger.get(path_of(tenant.id, f"assets/{asset_id}/binding"), 404)
    async with database.unit_of_work(tenant.scope) as unit:
        found = await reach_of(unit, vault, asset_id)
        target, credential_id = await target_of(unit, vault, asset_id)
    assert (found.executor, found.settings) == ("ssh", made["settings"])
    assert found.secrets["private_key"] == PRIVATE.strip()
    assert PRIVATE.splitlines()[1] not in repr(found)
    assert str(credential_id) == kept["id"]
    assert target.host_key.split()[0] == fingerprint_by_openssh(PUBLIC, tmp_path)


@pytest.mark.parametrize(
    "changed",
    [{"host_key": OTHER}, {"address": "10.0.0.6"}, {"user": "root"}, {"become": "sudo"}, {"port": "2222"}],
)
async def test_an_asset_that_is_bound_otherwise_is_another_target(
    doors: Doors, tenant: Tenant, asset_id: UUID, database: Database, vault: Vault, changed: dict[str, str]
) -> None:
    await keep(doors, tenant)
    targets = []
    for settings in (way(), way(), way(**changed)):
        await bind(doors, tenant, asset_id, settings=settings)
        async with database.unit_of_work(tenant.scope) as unit:
            targets.append((await target_of(unit, vault, asset_id))[0])
    assert targets[0] == targets[1] != targets[2]


@pytest.mark.parametrize(
    ("settings", "where"),
    [
        (way(host_key="no key"), "host_key"),
        (way(address="-oProxyCommand=id"), "settings.address"),
        (way(user="-l"), "settings.user"),
        (way(port="22; id"), "settings.port"),
        (way(become="su"), "settings.become"),
        ({"address": "10.0.0.5", "user": "aw"}, "settings.host_key"),
    ],
)
async def test_a_binding_that_is_of_no_use_says_which_setting(
    doors: Doors, tenant: Tenant, asset_id: UUID, settings: dict[str, str], where: str
) -> None:
    await keep(doors, tenant)
    refused = await bind(doors, tenant, asset_id, 422, settings=settings)
    assert where in str(refused)


async def test_nothing_is_a_target_that_a_person_did_not_make_one(
    doors: Doors, tenant: Tenant, asset_id: UUID, database: Database, vault: Vault, make_company: MakeCompany
) -> None:
    await keep(doors, tenant)
    async with database.unit_of_work(tenant.scope) as unit:
        with pytest.raises(Invalid, match="bound to nothing"):
            await reach_of(unit, vault, asset_id)
        with pytest.raises(NotFound):
            await reach_of(unit, vault, UUID(int=1))
        await unit.connection.execute("UPDATE asset SET confirmed = false WHERE asset_id = $1", asset_id)
    refused = await bind(doors, tenant, asset_id, 409)
    assert "only appeared in an alert" in refused["detail"]
    await doors.company_admin.post(path_of(tenant.id, f"assets/{asset_id}/confirm"))
    await bind(doors, tenant, asset_id)
    async with database.unit_of_work(tenant.scope) as unit:
        await unit.connection.execute("UPDATE asset SET confirmed = false WHERE asset_id = $1", asset_id)
        with pytest.raises(Conflicting):
            await reach_of(unit, vault, asset_id)
    other = await make_company("Beside")
    async with database.unit_of_work(Scope(other.id, "test")) as unit:
        with pytest.raises(NotFound):
            await reach_of(unit, vault, asset_id)


async def test_another_companys_credential_binds_nothing(
    doors: Doors, tenant: Tenant, asset_id: UUID, make_company: MakeCompany
) -> None:
    other = await make_company("Beside")
    body = {"name": "servers", "executor": "ssh", "values": {"private_key": PRIVATE}}
    theirs = await doors.admin.post(path_of(other.id, "credentials"), body, 201)
    for named in ("servers", theirs["id"]):
        await bind(doors, tenant, asset_id, 404, credential=named)


async def test_an_asset_takes_its_binding_with_it(doors: Doors, tenant: Tenant, asset_id: UUID) -> None:
    await keep(doors, tenant)
    await bind(doors, tenant, asset_id)
    await doors.company_admin.ask("DELETE", path_of(tenant.id, f"assets/{asset_id}"), 204)
    assert (await doors.technician.get(path_of(tenant.id, "bindings")))["items"] == []


async def test_the_ways_say_what_they_need(doors: Doors) -> None:
    ways = {one["slug"]: one for one in (await doors.technician.get("/api/executors"))["items"]}
    assert {one["name"] for one in ways["ssh"]["credential"] if one["secret"]} == {"private_key", "passphrase"}


async def test_a_binding_is_tried_by_going_there(
    doors: Doors, tenant: Tenant, asset_id: UUID, database: Database, vault: Vault, clock: ManualClock, tmp_path: Path
) -> None:
    settings = Settings(environment="test", local_targets=(ip_network("127.0.0.0/8"),))
    path = path_of(tenant.id, f"assets/{asset_id}/binding/check")
    with sshd(tmp_path) as server:
        values = dict(server.secrets)
        body = {"name": "servers", "executor": "ssh", "values": values}
        await doors.company_admin.post(path_of(tenant.id, "credentials"), body, 201)
        await bind(doors, tenant, asset_id, settings=server.settings)
        runners = runners_of(settings, SystemClock())

        async def wrong(ways: Mapping[str, Runner]) -> str:
            clock.advance(timedelta(seconds=1))
            seen = await check_binding(database, vault, tenant.scope, ways, asset_id, clock=clock)
            [listed] = (await doors.technician.get(path_of(tenant.id, "bindings")))["items"]
            assert (listed["check"]["holds"], listed["check"]["wrong"]) == (not seen.wrong, list(seen.wrong))
            return " ".join(seen.wrong)

        assert await wrong(runners) == ""
        assert "never a target" in await wrong(runners_of(Settings(), SystemClock()))
        clock.advance(timedelta(seconds=1))
        await bind(doors, tenant, asset_id, settings={**server.settings, "host_key": OTHER})
        assert "another host key" in await wrong(runners)
    clock.advance(timedelta(seconds=1))
    told = await doors.company_admin.post(path)
    assert (told["holds"], told["wrong"]) == (False, ["this installation has no way by ssh: bind the asset otherwise"])
    entry = (await doors.company_admin.get(path_of(tenant.id, "audit"), action="binding_checked"))["items"][0]
    assert entry["resource"] == {"kind": "asset", "id": str(asset_id)}
    assert entry["detail"] == {"executor": "ssh", "holds": False, "wrong": told["wrong"]}
    await doors.technician.post(path, None, 403)
    await doors.stranger.post(path, None, 404)


async def test_what_was_seen_is_of_one_way_alone(
    doors: Doors, tenant: Tenant, asset_id: UUID, database: Database, clock: ManualClock
) -> None:
    """An asset that is bound otherwise, or whose credential has other values, has not been looked at so."""
    kept = await keep(doors, tenant)
    check = path_of(tenant.id, f"assets/{asset_id}/binding/check")

    async def seen() -> Any:
        return (await doors.technician.get(path_of(tenant.id, f"assets/{asset_id}/binding")))["check"]

    made = await bind(doors, tenant, asset_id)
    assert (made["check"], await seen()) == (None, None)
    asset = await doors.technician.get(path_of(tenant.id, f"assets/{asset_id}"))
    assert (made["asset"], made["credential"]) == (asset["name"], "servers")
    told = await doors.company_admin.post(check)
    assert await seen() == told
    clock.advance(timedelta(seconds=1))
    turn = path_of(tenant.id, f"credentials/{kept['id']}/rotate")
    await doors.company_admin.post(turn, {"values": {"private_key": PRIVATE}})
    assert await seen() is None
    clock.advance(timedelta(seconds=1))
    assert await doors.company_admin.post(check) == await seen()
    clock.advance(timedelta(seconds=1))
    async with database.unit_of_work(tenant.scope) as unit:
        tried = await reach.binding(unit, asset_id)
    assert tried is not None
    await bind(doors, tenant, asset_id, settings=way(address="10.0.0.6"))
    assert await seen() is None
    async with database.unit_of_work(tenant.scope) as unit:  # whoever went there by the old way comes back now
        await reach.put_check(unit, tried, BindingCheck(clock.now(), "kim", ("of another way",)))
    assert await seen() is None


async def test_a_credential_says_how_many_assets_are_bound_with_it(
    doors: Doors, tenant: Tenant, asset_id: UUID
) -> None:
    assert (await keep(doors, tenant))["bound"] == 0
    await bind(doors, tenant, asset_id)
    [kept] = (await doors.company_admin.get(path_of(tenant.id, "credentials")))["items"]
    assert kept["bound"] == 1
    turned = await doors.company_admin.post(
        path_of(tenant.id, f"credentials/{kept['id']}/rotate"), {"values": {"private_key": PRIVATE}}
    )
    assert turned["bound"] == 1


def test_production_has_no_target_on_its_own_machine() -> None:
    environ = {"ALERTWHISPERER_LOCAL_TARGETS": "127.0.0.0/8"}
    with pytest.raises(Invalid, match="in tests only"):
        load(environ)
    assert load({**environ, "ALERTWHISPERER_ENVIRONMENT": "test"}).local_targets == (ip_network("127.0.0.0/8"),)


async def test_how_an_account_lets_us_in_is_shown_to_those_who_set_it_up(doors: Doors, tenant: Tenant) -> None:
    path = path_of(tenant.id, "aws")
    assert await doors.company_admin.get(path) == {"external_id": "", "roles": []}
    await keep(doors, tenant)
    role = "arn:aws:iam::123456789012:role/alertwhisperer"
    body = {"name": "account", "executor": "ssm", "values": {"role_arn": role}}
    kept = await doors.company_admin.post(path_of(tenant.id, "credentials"), body, 201)
    printed = await doors.company_admin.post(f"{path}/template", {"principal": "arn:aws:iam::999988887777:role/us"})
    assert await doors.company_admin.get(path) == {
        "external_id": printed["external_id"],
        "roles": [{"credential_id": kept["id"], "name": "account", "role_arn": role, "proven_at": None}],
    }
    await doors.technician.get(path, 403)
    await doors.stranger.get(path, 404)
