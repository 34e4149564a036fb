"""Deny by default: no route without an action, no action without a person, no company but one's own."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from fastapi import FastAPI

from alertwhisperer.api.access import Allow, AllowInCompany, Door, Open, doors, refuse_undeclared
from alertwhisperer.api.application import OPENAPI_PATH
from alertwhisperer.domain.report import Every, Format, PeriodWord
from alertwhisperer.guard.permissions import PERMISSIONS, Reach, allowed
from alertwhisperer.guard.tokens import list_tokens
from alertwhisperer.guard.vault import Vault
from alertwhisperer.kit.clock import ManualClock
from alertwhisperer.remediate.credentials import add_credential
from alertwhisperer.reports.asking import ask
from alertwhisperer.reports.schedules import add_schedule
from alertwhisperer.store.database import Database
from tests.api.conftest import Doors, path_of
from tests.api.rows import add_device, add_quarantined, tell_firing
from tests.conftest import People, Tenant
from tests.guard.asking import ask_something
from tests.inventory.furnishing import furnish
from tests.remediate.rows import run_something

OPEN = {"/health/live", "/health/ready", "/metrics", "/api/session"}
OPEN_PAGES = ("/sign-in", "/sign-out", "/password", "/invitation/", "/account")
"""Pages ask for the session themselves, since they answer with a page where there is none."""
OTHER_LOCKS = ("/scim/v2/", "/api/on-call/calendar/")
"""Doors with a lock of their own kind."""


def routes(app: FastAPI) -> list[Door]:
    """All but the OpenAPI document."""
    return [door for door in doors(app) if door.path != OPENAPI_PATH]


def test_every_route_declares_an_action_or_says_why_not(app: FastAPI) -> None:
    assert len(routes(app)) > 40
    assert [door for door in routes(app) if door.declares is None] == []
    opened = {door.path for door in routes(app) if isinstance(door.declares, Open)}
    assert {path for path in opened if not path.startswith((*OPEN_PAGES, *OTHER_LOCKS))} == OPEN
    assert {(door.method, door.path) for door in routes(app) if door.path == "/api/session"} >= {
        ("POST", "/api/session")
    }


def test_every_route_of_a_company_checks_the_company(app: FastAPI) -> None:
    inside = [door for door in routes(app) if "{company_id}" in door.path]
    assert inside
    assert [door for door in inside if not isinstance(door.declares, AllowInCompany)] == []


def test_a_route_without_an_action_keeps_the_application_from_starting() -> None:
    app = FastAPI(openapi_url=None)

    @app.get("/forgotten")
    def forgotten() -> None:
        """Says nothing of who may."""

    with pytest.raises(TypeError, match="/forgotten"):
        refuse_undeclared(app, exempt=frozenset())


async def test_without_a_live_token_every_closed_route_answers_401(app: FastAPI, doors: Doors) -> None:
    for door in routes(app):
        if isinstance(door.declares, Allow):
            problem = await doors.nobody.ask(door.method, _filled(door.path), 401)
            assert problem["where"] == "header Authorization"


@pytest.mark.parametrize("header", ["Bearer awt_wrong", "Bearer ", "Basic awt_x", "Bearer \u00ff", "awt_x"])
async def test_a_wrong_token_is_no_token(doors: Doors, header: str) -> None:
    answer = await doors.nobody.client.get("/api/companies", headers={b"Authorization": header.encode("latin-1")})
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"].startswith("Bearer")


async def test_another_company_answers_as_an_absent_one_on_every_route(
    app: FastAPI,
    doors: Doors,
    database: Database,
    vault: Vault,
    tenant: Tenant,
    clock: ManualClock,
    people: People,
) -> None:
    told = await tell_firing(database, tenant.scope, at=clock.now())
    unread = await add_quarantined(database, tenant.scope, at=clock.now(), body=b"{")
    inventory = await furnish(database, tenant.scope, now=clock.now())
    report = await ask(database, tenant.scope, form=Format.CSV, word=PeriodWord.LAST_WEEK, now=clock.now())
    schedule = await add_schedule(database, tenant.scope, name="x", every=Every.WEEK, now=clock.now())
    shared = {"name": "x", "address": "", "shared": True, "company_id": str(tenant.id)}
    said = {"text": "x", "due_at": (clock.now() + timedelta(hours=1)).isoformat()}
    told_of = f"/api/incidents/{told.incident_id}"
    offer = {"to": people.admin.email, "incident_ids": [str(told.incident_id)]}
    approval_id = await ask_something(database, tenant.scope, inventory["asset_id"], now=clock.now())
    run_id, act_id = await run_something(database, tenant.scope, approval_id, inventory["asset_id"], now=clock.now())
    of_company = {**_PLAN, "company_id": str(tenant.id)}
    of_company["layers"] = [{"name": "x", "people": [people.technician.email], "starts_on": "2026-01-05"}]
    on_call = await doors.company_admin.post("/api/on-call/schedules", of_company, 201)
    override = await doors.technician.post(f"/api/on-call/schedules/{on_call['id']}/overrides", {"to": _TOMORROW}, 201)
    values = {"private_key": "a key"}
    begins = clock.now().replace(tzinfo=None) + timedelta(days=1)
    quiet = {**_WINDOW, "starts": begins.isoformat(), "ends": (begins + timedelta(hours=1)).isoformat()}
    kept = await add_credential(database, vault, tenant.scope, "x", "ssh", values, now=clock.now())
    real = {
        "company_id": tenant.id,
        "integration_id": tenant.integration.id,
        "key_id": tenant.integration.keys[0].id,
        "alert_id": told.alert_id,
        "incident_id": told.incident_id,
        "delivery_id": told.delivery_id,
        "quarantine_id": unread.occurrence_id,
        "approval_id": approval_id,
        "run_id": run_id,
        "act_id": act_id,
        "action_id": uuid4(),
        "token_id": (await list_tokens(database, people.technician.email))[0].id,
        "session_id": uuid4(),
        "feed_id": tenant.integration.id,
        "check_id": tenant.integration.id,
        "report_id": report.id,
        "schedule_id": schedule.id,
        "view_id": (await doors.company_admin.post("/api/views", shared, 201))["id"],
        "promise_id": (await doors.technician.post(f"{told_of}/promises", said, 201))["id"],
        "handover_id": (await doors.technician.post("/api/handovers", offer, 201))["id"],
        "device_id": await add_device(database, vault, people.technician.id, at=clock.now()),
        "credential_id": kept.id,
        "window_id": (await doors.company_admin.post(path_of(tenant.id, "windows"), quiet, 201))["id"],
        "on_call_id": on_call["id"],
        "change_id": override["id"],
        "calendar_feed_id": (await doors.technician.post("/api/on-call/feeds", {}, 201))["id"],
        "slug": "cache-drop",
        "name": "requests_per_minute",
        "version": 1,
        **inventory,
    }
    ids = [
        door
        for door in routes(app)
        if "_id}" in door.path
        and isinstance(door.declares, Allow)
        # What belongs to the installation is refused whatever the id.
        and PERMISSIONS[door.declares.action].reach is not Reach.INSTALLATION
    ]
    assert len(ids) > 25
    for door in ids:
        body = {} if door.method == "GET" else {"json": _BODIES.get(door.path.rsplit("/", 1)[-1], {})}
        assert isinstance(door.declares, Allow)
        # Whose role may not do it at all is told so, whatever the id; but of a company that is not theirs nothing.
        is_hidden = isinstance(door.declares, AllowInCompany) or allowed(people.stranger.role, door.declares.action)
        status = 404 if is_hidden else 403
        theirs = await doors.stranger.ask(door.method, door.path.format_map(real), status, **body)
        absent = {name: uuid4() for name in real}
        nothing = await doors.stranger.ask(door.method, door.path.format_map(absent), status, **body)
        for name, value in real.items():
            theirs["detail"] = theirs["detail"].replace(str(value), name)
            nothing["detail"] = nothing["detail"].replace(str(absent[name]), name)
        assert theirs == nothing
        assert tenant.company.name not in str(theirs)


async def test_lists_across_companies_show_only_ones_own(doors: Doors, tenant: Tenant) -> None:
    mine = await doors.technician.get("/api/companies")
    assert [company["id"] for company in mine["items"]] == [str(tenant.id)]
    theirs = await doors.stranger.get("/api/companies")
    assert str(tenant.id) not in str(theirs)
    assert str(tenant.id) in str(await doors.admin.all("/api/companies"))


async def test_a_role_with_less_may_less(doors: Doors, tenant: Tenant) -> None:
    await doors.technician.get(path_of(tenant.id, "rules"))
    await doors.technician.ask("PUT", path_of(tenant.id, "rules"), 403, json={"rules": []})
    await doors.technician.get(path_of(tenant.id, "audit"), 403)
    await doors.company_admin.get(path_of(tenant.id, "audit"))
    await doors.company_admin.ask("PATCH", path_of(tenant.id), 403, json={"requests_per_minute": 10_000})
    await doors.company_admin.post("/api/companies", {"name": "Mine"}, 403)
    await doors.company_admin.get("/api/users", 403)


async def test_an_admin_sees_that_a_company_does_not_exist(doors: Doors) -> None:
    for noun in (
        "",
        "alerts",
        "incidents",
        "kpis",
        "ledger",
        "rules",
        "quarantine",
        "integrations",
        "actions",
        "audit",
        "sites",
        "assets",
        "contacts",
        "edges",
    ):
        await doors.admin.get(path_of(uuid4(), noun), 404)  # type: ignore[arg-type]  # of no company


_WINDOW = {"name": "x", "reason": "x", "starts": "2099-01-01T08:00:00", "ends": "2099-01-01T09:00:00"}
_TOMORROW, _AFTER = ((datetime.now(UTC) + timedelta(days=days)).isoformat() for days in (1, 2))
_PLAN: dict[str, object] = {
    "name": "x",
    "time_zone": "UTC",
    "layers": [{"name": "x", "people": ["x@example.org"], "starts_on": "2026-01-05"}],
}

_BODIES: dict[str, object] = {
    "windows": _WINDOW,
    "preview": _WINDOW,
    "extend": {"until": "2099-01-01T10:00:00Z"},
    "rules": {"rules": []},
    "integrations": {"source": "prometheus", "name": "x"},
    "assign": {"assignee": None},
    "comment": {"text": "x"},
    "trial": {"sample": {"body": "{}"}},
    "merge": {"incident_ids": [str(uuid4())]},
    "split": {"alert_ids": [str(uuid4())]},
    "approve": {"hash": "0" * 64},
    "refuse": {"reason": "x"},
    "freeze": {"windows": []},
    "kill-switch": {"reason": "x"},
    "snooze": {"until_clear": True},
    "drop": {"why": "x"},
    "promises": {"text": "x", "due_at": "2100-01-01T00:00:00Z"},
    "credentials": {"name": "x", "executor": "ssh", "values": {}},
    "rotate": {"values": {}},
    "binding": {"executor": "ssh", "settings": {}, "credential": "x"},
    "check": {"credential": "x"},
    "{on_call_id}": {**_PLAN, "version": 1},
    "overrides": {"to": _TOMORROW},
    "swaps": {
        **{"from": _TOMORROW, "to": _AFTER, "other": "x@example.org"},
        **{"other_from": _TOMORROW, "other_to": _AFTER},
    },
    "import": {"calendar": "BEGIN:VCALENDAR"},
}


def _filled(path: str) -> str:
    while "{" in path:
        path = path[: path.index("{")] + str(uuid4()) + path[path.index("}") + 1 :]
    return path
