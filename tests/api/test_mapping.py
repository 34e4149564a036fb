"""The mapping workbench: a body is tried before anything goes live, earlier settings come back, what waited is read."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import pytest

from alertwhisperer.domain.company import INSTALLATION, CompanyId, Scope
from alertwhisperer.domain.integration import Integration
from alertwhisperer.guard.vault import Vault
from alertwhisperer.ingest.integrations import add_integration
from alertwhisperer.ingest.routes import change_routes
from alertwhisperer.kit.clock import ManualClock
from alertwhisperer.kit.ids import KIND_DELIVERY, KIND_OCCURRENCE, delivery_id_int, member, sibling
from alertwhisperer.sources.contract import Source
from alertwhisperer.store.database import Database
from tests.api.conftest import Doors, path_of
from tests.conftest import MakeCompany, Tenant

EVENTS = {"events": [{"dev": "sw-01", "what": "fan", "prio": "1"}, {"dev": "{HOST}", "ip": "10.0.0.9", "what": "psu"}]}
MAPPING: Mapping[str, Any] = {
    "each": "body.events",
    "fields": {"asset": ["member.dev", "member.ip"], "signature": "member.what", "severity": "member.prio"},
    "severity": {"table": [{"is": "1", "gives": "critical"}]},
}
DRAFT: Mapping[str, Any] = {"mapping": MAPPING}


@pytest.fixture
async def tenant(make_company: MakeCompany) -> Tenant:
    """A company with a generic integration."""
    return await make_company(source="generic")


def bench(integration: Integration, noun: str) -> str:
    """The path of a part of an integration's workbench."""
    return path_of(integration.company_id, f"integrations/{integration.id}/{noun}")


def pasted(body: object, settings: object = None, **more: Any) -> dict[str, Any]:
    """A trial of a pasted body."""
    return {"sample": {"body": body if isinstance(body, str) else json.dumps(body), **more}, "settings": settings}


@dataclass(frozen=True, slots=True)
class Kept:
    """A delivery in quarantine."""

    delivery_id: UUID
    unit_id: UUID


async def keep(
    database: Database, integration: Integration, clock: ManualClock, body: object, source: str = "generic"
) -> Kept:
    """A body that could not be read, as the pipeline leaves it."""
    family = UUID(int=member(delivery_id_int(int(clock.now().timestamp() * 1000)), KIND_DELIVERY, 0))
    unit_id = sibling(family, KIND_OCCURRENCE)
    async with database.unit_of_work(Scope(integration.company_id, "test")) as unit:
        await unit.connection.execute(
            "INSERT INTO delivery VALUES ($1, $2, $3, $4, 1, $5, 1, 1, 2, 1, false, NULL, $6)",
            *(unit.company_id, family, integration.id, clock.now(), source, json.dumps(body).encode()),
        )
        await unit.connection.execute(
            "INSERT INTO occurrence (company_id, id, integration_id, seq, place, received_at, kind, outcome, reason,"
            " rules_version) VALUES ($1, $2, $3, 0, 0, $4, 3, 7, 13, 0)",
            *(unit.company_id, unit_id, integration.id, clock.now()),
        )
        await unit.connection.execute(
            "INSERT INTO quarantine VALUES ($1, $2, $3, $4, $5, 'unusable', 'no list', 'each', 'mend the mapping')",
            *(unit.company_id, unit_id, family, integration.id, clock.now()),
        )
    return Kept(family, unit_id)


async def test_a_pasted_body_shows_what_each_field_becomes_and_why(doors: Doors, tenant: Tenant) -> None:
    tried = await doors.company_admin.post(bench(tenant.integration, "trial"), pasted(EVENTS, DRAFT))
    first, second = tried["occurrences"]
    assert (first["asset"], first["signature"], first["severity"]) == ("sw-01", "fan", "critical")
    assert first["group"]["key"] == "sw-01|fan"
    assert second["asset"] == "10.0.0.9"
    asset = next(one for one in tried["explained"][1]["fields"] if one["name"] == "asset")
    assert (asset["value"], asset["becomes"]) == ("10.0.0.9", "10.0.0.9")
    assert [(one["written"], one["found"], one["why"]) for one in asset["candidates"]] == [
        ("member.dev", "{HOST}", "a placeholder that the tool did not fill in"),
        ("member.ip", "10.0.0.9", "taken"),
    ]
    severity = next(one for one in tried["explained"][0]["fields"] if one["name"] == "severity")
    assert (severity["value"], severity["becomes"], severity["by"]) == ("1", "critical", "severity.table[0]")
    assert tried["differences"] is None
    shown = await doors.company_admin.get(path_of(tenant.id, f"integrations/{tenant.integration.id}"))
    assert (shown["version"], shown["settings"]) == (1, {}), "nothing was stored"


async def test_a_trial_without_a_draft_takes_the_settings_as_they_are(doors: Doors, tenant: Tenant) -> None:
    path = bench(tenant.integration, "trial")
    tried = await doors.company_admin.post(path, pasted({"asset": "a", "signature": "s", "status": "ok"}))
    [said] = tried["occurrences"]
    assert (said["kind"], said["severity"], said["group"]) == ("resolved", None, None)
    assert tried["explained"] == [], "our plain shape explains itself"
    tried = await doors.company_admin.post(path, pasted([{"asset": "a"}, {"asset": "a", "signature": "s"}]))
    assert [one["where"] for one in tried["refused"]] == ["[0].signature"]
    tried = await doors.company_admin.post(path, pasted('{"half'))
    assert tried["unreadable"]["reason"] == "invalid_json"
    assert tried["occurrences"] == []


async def test_a_sample_s_headers_are_read_as_the_gateway_would(doors: Doors, tenant: Tenant) -> None:
    mapping = {"fields": {"asset": 'headers."x-site"', "signature": "query.check"}}
    draft = {"mapping": mapping, "reads_headers": ["x-site"]}
    tried = await doors.company_admin.post(
        bench(tenant.integration, "trial"),
        pasted({}, draft, headers={"X-Site": "berlin", "X-Other": "1"}, query={"check": "backup", "api_key": "k"}),
    )
    [said] = tried["occurrences"]
    assert (said["asset"], said["signature"]) == ("berlin", "backup")
    assert tried["unread_headers"] == ["x-other"]


async def test_a_wrong_draft_is_refused_as_saving_it_would_be(doors: Doors, tenant: Tenant) -> None:
    path = bench(tenant.integration, "trial")
    for settings in (
        {"mapping": {"fields": {"asset": "a["}}},
        {"nothing": 1},
        {"reads_headers": ["authorization"]},
        {"response": {"status": 500}},
    ):
        await doors.company_admin.post(path, pasted({}, settings), 422)
    await doors.company_admin.post(path, {}, 422)
    await doors.company_admin.post(path, {**pasted({}), "delivery_id": str(UUID(int=1))}, 422)


async def test_a_body_from_quarantine_goes_live_and_is_read_again(
    doors: Doors, database: Database, tenant: Tenant, clock: ManualClock
) -> None:
    kept = await keep(database, tenant.integration, clock, EVENTS)
    again = await keep(database, tenant.integration, clock, {"events": []})
    path = bench(tenant.integration, "trial")
    tried = await doors.company_admin.post(path, {"quarantine_id": str(kept.unit_id), "settings": DRAFT})
    assert [one["asset"] for one in tried["occurrences"]] == ["sw-01", "10.0.0.9"]
    assert {"index": 0, "field": "state", "stored": "quarantined", "now": "understood"} in tried["differences"]
    same = await doors.company_admin.post(path, {"delivery_id": str(kept.delivery_id), "settings": DRAFT})
    assert same == tried
    one = path_of(tenant.id, f"integrations/{tenant.integration.id}")
    saved = await doors.company_admin.ask("PATCH", one, 200, json={"settings": DRAFT})
    assert saved["version"] == 2
    came = await doors.company_admin.post(bench(tenant.integration, "rerun"))
    assert (came["done"], came["failed"], came["next"]) == (1, [], None)
    [left] = came["waiting"]
    assert (left["id"], left["what"]) == (str(again.unit_id), "it still cannot be read: the body holds no alert")
    fates = (await doors.technician.get(f"/api/deliveries/{kept.delivery_id}"))["occurrences"]
    assert [fate["outcome"] for fate in fates] == ["new", "new"]
    waiting = (await doors.technician.get(path_of(tenant.id, "quarantine"), state="waiting"))["items"]
    assert [one["id"] for one in waiting] == [str(again.unit_id)]
    after = await doors.company_admin.post(path, {"delivery_id": str(kept.delivery_id)})
    assert after["differences"] == []


async def test_what_still_cannot_be_read_says_why_and_stays(
    doors: Doors, database: Database, tenant: Tenant, clock: ManualClock
) -> None:
    kept = [await keep(database, tenant.integration, clock, 5) for _ in range(2)]
    came = await doors.company_admin.post(bench(tenant.integration, "rerun"), {})
    assert came["done"] == 0
    assert {one["id"] for one in came["waiting"]} == {str(one.unit_id) for one in kept}
    assert all("still cannot be read" in one["what"] for one in came["waiting"])


async def test_earlier_settings_come_back_as_the_next_version(doors: Doors, tenant: Tenant) -> None:
    one = path_of(tenant.id, f"integrations/{tenant.integration.id}")
    await doors.company_admin.ask("PATCH", one, 200, json={"settings": DRAFT})
    await doors.company_admin.ask("PATCH", one, 200, json={"settings": {}})
    page = await doors.technician.get(bench(tenant.integration, "versions"), limit=2)
    assert [(item["version"], item["current"]) for item in page["items"]] == [(3, True), (2, False)]
    assert page["items"][1]["settings"] == DRAFT
    rest = await doors.technician.get(bench(tenant.integration, "versions"), limit=2, before=page["next"])
    assert ([item["version"] for item in rest["items"]], rest["next"]) == ([1], None)
    restored = await doors.company_admin.post(bench(tenant.integration, "versions/2/restore"))
    assert (restored["version"], restored["settings"]) == (4, DRAFT)
    again = await doors.company_admin.post(bench(tenant.integration, "versions/2/restore"))
    assert again["version"] == 4, "nothing to change"
    await doors.company_admin.post(bench(tenant.integration, "versions/99/restore"), status=404)
    entries = (await doors.company_admin.get(path_of(tenant.id, "audit")))["items"]
    assert [one["detail"]["restored"] for one in entries if one["action"] == "integration_restored"] == [2]


async def test_a_restored_version_keeps_the_secrets_of_today(
    doors: Doors, make_company: MakeCompany, sources: Mapping[str, Source]
) -> None:
    made = await make_company("Secretive", source="sentry")
    [secret] = [one.name for one in sources["sentry"].settings if one.secret]
    one = path_of(made.id, f"integrations/{made.integration.id}")
    for value in ("first-secret-value", "second-secret-value"):
        await doors.admin.ask("PATCH", one, 200, json={"settings": {secret: value}})
    restored = await doors.admin.post(bench(made.integration, "versions/2/restore"))
    assert restored["settings"] == {secret: "***"}
    assert restored["version"] == 3, "the secret of today stays, so nothing changed"
    listed = await doors.admin.get(bench(made.integration, "versions"))
    assert "secret-value" not in json.dumps(listed)
    assert "$sealed" not in json.dumps(listed)


async def test_only_who_may_change_an_integration_tries_it(
    doors: Doors, database: Database, tenant: Tenant, clock: ManualClock
) -> None:
    kept = await keep(database, tenant.integration, clock, EVENTS)
    asked = {"quarantine_id": str(kept.unit_id)}
    for noun, body in (("trial", asked), ("rerun", {}), ("versions/1/restore", None)):
        path = bench(tenant.integration, noun)
        await doors.technician.post(path, body, 403)
        await doors.stranger.post(path, body, 404)
        await doors.nobody.post(path, body, 401)
    await doors.technician.get(bench(tenant.integration, "versions"))
    await doors.stranger.get(bench(tenant.integration, "versions"), 404)


async def test_another_company_s_bodies_are_not_there(
    doors: Doors, database: Database, tenant: Tenant, make_company: MakeCompany, clock: ManualClock
) -> None:
    other = await make_company("Other", source="generic")
    kept = await keep(database, other.integration, clock, EVENTS)
    own = bench(tenant.integration, "trial")
    for asked in ({"quarantine_id": str(kept.unit_id)}, {"delivery_id": str(kept.delivery_id)}):
        await doors.company_admin.post(own, asked, 404)
        await doors.admin.post(own, asked, 404)
        await doors.company_admin.post(bench(other.integration, "trial"), asked, 404)


async def test_an_msp_wide_integration_shows_whose_each_alert_is(
    doors: Doors,
    database: Database,
    vault: Vault,
    sources: Mapping[str, Source],
    tenant: Tenant,
    clock: ManualClock,
) -> None:
    scope = Scope(INSTALLATION, "test")
    made = await add_integration(
        database, vault, sources, scope, source="generic", name="RMM", route_by="site", now=clock.now()
    )
    mapped = {"berlin": CompanyId(tenant.id)}
    await change_routes(database, vault, scope, made.integration.id, wanted=mapped, now=clock.now())
    body = [
        {"asset": "a", "signature": "s", "labels": {"site": "Berlin"}},
        {"asset": "b", "signature": "s", "labels": {"site": "Rome"}},
    ]
    tried = await doors.admin.post(bench(made.integration, "trial"), pasted(body))
    assert [one["route"] for one in tried["occurrences"]] == [
        {"customer": "Berlin", "company_id": str(tenant.id)},
        {"customer": "Rome", "company_id": None},
    ]
    await doors.company_admin.post(bench(made.integration, "trial"), pasted(body), 404)


async def test_a_company_tries_what_it_receives_from_an_msp_wide_one(
    doors: Doors,
    database: Database,
    vault: Vault,
    sources: Mapping[str, Source],
    tenant: Tenant,
    clock: ManualClock,
) -> None:
    scope = Scope(INSTALLATION, "test")
    made = await add_integration(
        database, vault, sources, scope, source="generic", name="RMM", route_by="site", now=clock.now()
    )
    wanted = {"paris": CompanyId(tenant.id)}
    await change_routes(database, vault, scope, made.integration.id, wanted=wanted, now=clock.now())
    listed = await doors.company_admin.get(path_of(tenant.id, "integrations"))
    stand_in = next(one for one in listed["items"] if one["shared_id"] == str(made.integration.id))
    path = path_of(tenant.id, f"integrations/{stand_in['id']}/trial")
    native = {"occurrences": [{"kind": "firing", "asset": "a", "signature": "s"}]}
    tried = await doors.company_admin.post(path, pasted(native))
    assert (tried["source"], tried["occurrences"][0]["asset"]) == ("native", "a")


async def test_a_changed_mapping_hands_nothing_of_one_customer_to_the_company_of_another(
    doors: Doors,
    database: Database,
    vault: Vault,
    sources: Mapping[str, Source],
    tenant: Tenant,
    clock: ManualClock,
) -> None:
    scope = Scope(INSTALLATION, "test")
    made = await add_integration(
        database, vault, sources, scope, source="generic", name="RMM 2", route_by="site", now=clock.now()
    )
    rome, oslo = {"dev": "a", "site": "Rome"}, {"dev": "b", "site": "Oslo"}
    await keep(database, made.integration, clock, {"events": [rome, oslo], "later": [oslo, rome]})
    one = path_of(INSTALLATION, f"integrations/{made.integration.id}")
    for each in ("body.events", "body.later"):  # both wait as the first splits the body; the second turns them round
        mapping = {
            "each": each,
            "fields": {"asset": "member.dev", "signature": {"constant": "down"}},
            "labels": {"set": {"site": "member.site"}},
        }
        await doors.admin.ask("PATCH", one, 200, json={"settings": {"mapping": mapping}})
        if each == "body.events":
            await doors.admin.post(bench(made.integration, "rerun"))
    wanted = {"rome": CompanyId(tenant.id)}
    await change_routes(database, vault, scope, made.integration.id, wanted=wanted, now=clock.now())
    await doors.admin.post(bench(made.integration, "rerun"))
    alerts = (await doors.company_admin.get(path_of(tenant.id, "alerts")))["items"]
    assert [alert["asset"] for alert in alerts] == [], "the first place is another customer's now"
    waiting = (await doors.admin.get(path_of(INSTALLATION, "quarantine"), state="waiting"))["items"]
    mine = sorted(unit["subject"] for unit in waiting if unit["integration_id"] == str(made.integration.id))
    assert mine == ["oslo", "rome"]


async def test_what_an_msp_wide_integration_could_not_read_goes_to_companies_or_waits_for_them(
    doors: Doors,
    database: Database,
    vault: Vault,
    sources: Mapping[str, Source],
    tenant: Tenant,
    clock: ManualClock,
) -> None:
    scope = Scope(INSTALLATION, "test")
    made = await add_integration(
        database, vault, sources, scope, source="generic", name="RMM", route_by="site", now=clock.now()
    )
    wanted = {"berlin": CompanyId(tenant.id)}
    await change_routes(database, vault, scope, made.integration.id, wanted=wanted, now=clock.now())
    await keep(
        database, made.integration, clock, {"events": [{"dev": "a", "site": "Rome"}, {"dev": "b", "site": "Berlin"}]}
    )
    mapping = {
        "each": "body.events",
        "fields": {"asset": "member.dev", "signature": {"constant": "down"}},
        "labels": {"set": {"site": "member.site"}},
    }
    one = path_of(INSTALLATION, f"integrations/{made.integration.id}")
    await doors.admin.ask("PATCH", one, 200, json={"settings": {"mapping": mapping}})
    came = await doors.admin.post(bench(made.integration, "rerun"))
    assert (came["done"], came["failed"]) == (1, []), came
    alerts = (await doors.company_admin.get(path_of(tenant.id, "alerts")))["items"]
    assert [alert["asset"] for alert in alerts] == ["b"]
    waiting = (await doors.admin.get(path_of(INSTALLATION, "quarantine"), state="waiting"))["items"]
    assert [unit["subject"] for unit in waiting if unit["integration_id"] == str(made.integration.id)] == ["rome"]
