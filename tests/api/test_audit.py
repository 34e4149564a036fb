"""The audit log is searched and exported through the API, by those who may, each in their own company."""

from __future__ import annotations

import csv
import io
import json
from datetime import timedelta
from uuid import uuid4

import pytest

from alertwhisperer.domain.audit import AuditAction, Resource
from alertwhisperer.domain.company import INSTALLATION, Scope
from alertwhisperer.guard.audit.chainer import link_pending
from alertwhisperer.guard.audit.checkpoint import SigningKey
from alertwhisperer.guard.audit.keeper import Keeper
from alertwhisperer.guard.audit.verify_export import Broken, verify_lines
from alertwhisperer.kit.cells import inert_cell
from alertwhisperer.kit.clock import ManualClock
from alertwhisperer.store import audit, audit_chain
from alertwhisperer.store.database import Database
from tests.api.conftest import Doors, path_of
from tests.conftest import MASTER, People, Tenant

KEY = SigningKey(MASTER)  # as servers of tests have it: all sign checkpoints of one database


async def act(
    database: Database,
    scope: Scope,
    clock: ManualClock,
    action: AuditAction = AuditAction.SITE_CHANGED,
    *,
    kind: str = "site",
    **more: object,
) -> None:
    """One entry, a minute after the one before."""
    clock.advance(timedelta(minutes=1))
    async with database.unit_of_work(scope) as unit:
        await audit.write(
            unit,
            action,
            Resource(kind, str(more.pop("resource_id", "x"))),
            {"name": ["old", "new"]},
            now=clock.now(),
            **more,  # type: ignore[arg-type]  # fields by name
        )


async def make_checkpoint(database: Database, clock: ManualClock) -> None:
    """Link what waits, and sign where the chains stand; later than the checkpoints of other tests."""
    await link_pending(database, clock)
    async with database.across([]) as connection:
        last = await audit_chain.last_checkpoint(connection)
    later = ManualClock((clock.now() if last is None else max(clock.now(), last.at)) + timedelta(minutes=2))
    assert await Keeper(database, KEY, [], later).make_due() is not None


def scope_of(tenant: Tenant, people: People) -> Scope:
    """The technician at work in their company."""
    return Scope(tenant.id, people.technician.email, "", people.technician.id, "192.0.2.7")


@pytest.fixture
async def acted(database: Database, tenant: Tenant, people: People, clock: ManualClock) -> list[str]:
    """Four acts in a company, by a person and by the command line; the incident's id, and the times between."""
    incident = uuid4()
    person = scope_of(tenant, people)
    await act(database, person, clock)
    await act(
        database, person, clock, AuditAction.INCIDENT_COMMENTED, kind="incident", incident_id=incident, reason="asked"
    )
    middle = clock.now().isoformat()
    await act(database, Scope(tenant.id, "cli:ann"), clock, AuditAction.ASSET_CHANGED, kind="asset", resource_id="a-1")
    await act(database, Scope(tenant.id, "cli:ann"), clock, AuditAction.ASSET_CHANGED, kind="asset", resource_id="a-2")
    return [str(incident), middle]


async def test_each_filter_finds_its_own(doors: Doors, tenant: Tenant, people: People, acted: list[str]) -> None:
    incident, middle = acted
    path = path_of(tenant.id, "audit")

    async def found(**query: object) -> list[str]:
        return [one["action"] for one in (await doors.company_admin.get(path, **query))["items"]]

    by_person = ["incident_commented", "site_changed"]
    assert await found(actor=people.technician.email) == by_person
    assert await found(actor=people.technician.email.upper()) == by_person
    assert await found(user_id=people.technician.id) == by_person
    assert await found(user_id=people.technician.id, action="site_changed") == ["site_changed"]
    assert await found(user_id=people.technician.id, actor="somebody@else.example") == []
    assert await found(actor="cli", resource_kind="asset") == ["asset_changed", "asset_changed"]
    assert await found(resource_kind="asset", resource_id="a-2") == ["asset_changed"]
    assert await found(incident_id=incident) == ["incident_commented"]
    assert await found(since=middle, resource_kind="incident") == ["incident_commented"]
    assert await found(until=middle, user_id=people.technician.id) == ["site_changed"]
    assert await found(actor="nobody@example.org") == []


async def test_an_entry_says_who_from_where_on_what_and_why(
    doors: Doors, tenant: Tenant, people: People, acted: list[str]
) -> None:
    (one,) = (await doors.company_admin.get(path_of(tenant.id, "audit"), incident_id=acted[0]))["items"]
    assert one | {"id": "", "at": ""} == {
        "id": "",
        "at": "",
        "company_id": str(tenant.id),
        "actor": people.technician.email,
        "user_id": str(people.technician.id),
        "action": "incident_commented",
        "resource": {"kind": "incident", "id": "x"},
        "detail": {"name": ["old", "new"]},
        "reason": "asked",
        "ip": "192.0.2.7",
        "incident_id": acted[0],
        "erased": False,
    }


async def test_pages_hold_together_under_a_filter(doors: Doors, tenant: Tenant, acted: list[str]) -> None:
    path = path_of(tenant.id, "audit")
    first = await doors.company_admin.get(path, resource_kind="asset", limit=1)
    second = await doors.company_admin.get(path, resource_kind="asset", limit=1, cursor=first["next"])
    assert [one["resource"]["id"] for one in (*first["items"], *second["items"])] == ["a-2", "a-1"]
    assert second["next"] is None


async def test_what_cannot_be_searched_is_refused(doors: Doors, tenant: Tenant, acted: list[str]) -> None:
    path = path_of(tenant.id, "audit")
    assert (await doors.admin.get(path, 422, action="hugged"))["where"] == "action"
    await doors.admin.get(path, 422, since=acted[1], until=acted[1])
    await doors.admin.get(path, 422, since="yesterday")
    await doors.admin.get(path, 422, colour="red")


@pytest.mark.parametrize("tail", ["audit", "audit/export"])
async def test_less_may_not_and_another_company_sees_nothing(doors: Doors, tenant: Tenant, tail: str) -> None:
    await doors.technician.get(path_of(tenant.id, tail), 403)
    await doors.stranger.get(path_of(tenant.id, tail), 404)
    await doors.nobody.get(path_of(tenant.id, tail), 401)


async def test_the_log_of_all_companies_is_read_through_the_door_that_records_it(
    doors: Doors, tenant: Tenant, people: People, acted: list[str]
) -> None:
    await doors.company_admin.get("/api/audit", 403)
    await doors.technician.get("/api/audit", 403)
    await doors.nobody.get("/api/audit", 401)
    found = await doors.admin.get("/api/audit", user_id=people.technician.id, limit=1)
    more = await doors.admin.get("/api/audit", user_id=people.technician.id, limit=1, cursor=found["next"])
    assert [one["action"] for one in (*found["items"], *more["items"])] == ["incident_commented", "site_changed"]
    assert found["items"][0]["company_id"] == str(tenant.id)
    assert found["items"][0]["reason"] == "asked"
    looked = await doors.admin.get(path_of(INSTALLATION, "audit"), action="companies_crossed", actor=people.admin.email)
    assert [one["resource"]["id"] for one in looked["items"]] == ["audit.read_all"]


async def test_an_export_proves_itself_to_whoever_has_the_key(
    doors: Doors, database: Database, tenant: Tenant, clock: ManualClock, acted: list[str]
) -> None:
    await make_checkpoint(database, clock)
    answer = await doors.company_admin.client.get(
        path_of(tenant.id, "audit/export"), headers=dict(doors.company_admin.headers)
    )
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/x-ndjson"
    assert answer.headers["content-disposition"].endswith(f'"audit-{tenant.id}.jsonl"')
    lines = answer.text.splitlines()
    told = verify_lines(lines, KEY.public)
    assert told["first"] == 1
    assert told["covered"] == told["last"] >= 4
    assert "asked" in answer.text
    changed = [line.replace("asked", "askew") for line in lines]
    with pytest.raises(Broken, match="the text of 'what' was changed"):
        verify_lines(changed, KEY.public)
    with pytest.raises(Broken, match="not signed with this key"):
        verify_lines(lines, SigningKey(b"another signing key, of 32 bytes").public)


async def test_an_export_of_a_time_is_covered_too(
    doors: Doors, database: Database, tenant: Tenant, people: People, clock: ManualClock, acted: list[str]
) -> None:
    await make_checkpoint(database, clock)
    await act(database, scope_of(tenant, people), clock)
    await make_checkpoint(database, clock)
    clock.advance(timedelta(minutes=1))
    answer = await doors.company_admin.client.get(
        path_of(tenant.id, "audit/export"),
        params={"since": acted[1], "until": clock.now().isoformat()},
        headers=dict(doors.company_admin.headers),
    )
    told = verify_lines(answer.text.splitlines(), KEY.public)
    assert told["first"] > 1
    assert told["entries"] == 4
    assert told["covered"] == told["last"]


async def test_a_time_without_entries_exports_a_header_alone(doors: Doors, tenant: Tenant, clock: ManualClock) -> None:
    later = (clock.now() + timedelta(days=2)).isoformat()
    answer = await doors.company_admin.client.get(
        path_of(tenant.id, "audit/export"),
        params={"since": later, "until": (clock.now() + timedelta(days=3)).isoformat()},
        headers=dict(doors.company_admin.headers),
    )
    (header,) = answer.text.splitlines()
    assert json.loads(header)["company"] == str(tenant.id)


async def test_a_sheet_holds_every_entry_and_no_formula(
    doors: Doors, database: Database, tenant: Tenant, clock: ManualClock, acted: list[str]
) -> None:
    await act(database, Scope(tenant.id, "cli:ann"), clock, reason='=HYPERLINK("https://evil.example")')
    clock.advance(timedelta(minutes=1))
    answer = await doors.company_admin.client.get(
        path_of(tenant.id, "audit/export"), params={"format": "csv"}, headers=dict(doors.company_admin.headers)
    )
    assert answer.headers["content-type"].startswith("text/csv")
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    listed = (await doors.company_admin.get(path_of(tenant.id, "audit"), limit=500))["items"]
    assert [one["id"] for one in listed if one["action"] != "audit_exported"] == [one["id"] for one in reversed(rows)]
    assert rows[-1]["reason"] == '\'=HYPERLINK("https://evil.example")'
    assert json.loads(rows[-1]["detail"]) == {"name": ["old", "new"]}


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", " =1", "\t=1", "\r=1", "＝1"])
def test_what_a_spreadsheet_would_reckon_with_is_text(text: str) -> None:
    assert inert_cell(text) == f"'{text}"


@pytest.mark.parametrize("text", ["", "kim@example.org", "a=b", "2026-03-01", '{"a": -1}'])
def test_other_text_stays_as_it_is(text: str) -> None:
    assert inert_cell(text) == text


async def test_an_export_is_an_entry_itself(doors: Doors, tenant: Tenant, clock: ManualClock) -> None:
    clock.advance(timedelta(minutes=1))
    await doors.company_admin.client.get(
        path_of(tenant.id, "audit/export"), params={"format": "csv"}, headers=dict(doors.company_admin.headers)
    )
    (one,) = (await doors.company_admin.get(path_of(tenant.id, "audit"), action="audit_exported"))["items"]
    assert one["resource"] == {"kind": "company", "id": str(tenant.id)}
    assert one["detail"] == {"format": "csv", "since": None, "until": clock.now().isoformat()}


async def test_what_was_erased_is_said_to_be(
    doors: Doors, database: Database, tenant: Tenant, people: People, acted: list[str]
) -> None:
    async with database.unit_of_work(tenant.scope) as unit:
        await audit.destroy_key(unit, people.technician.id)
    (one,) = (await doors.company_admin.get(path_of(tenant.id, "audit"), incident_id=acted[0]))["items"]
    assert (one["erased"], one["actor"], one["ip"]) == (True, "erased", "")
    assert one["action"] == "incident_commented"


async def test_entries_of_many_pages_are_exported_once_each(
    doors: Doors, database: Database, tenant: Tenant, clock: ManualClock
) -> None:
    """More than is read at once, all in one millisecond."""
    async with database.unit_of_work(tenant.scope) as unit:
        written = [
            await audit.write(unit, AuditAction.SITE_CHANGED, Resource("site", str(each)), {}, now=clock.now())
            for each in range(1_201)
        ]
    clock.advance(timedelta(minutes=1))
    await make_checkpoint(database, clock)

    async def exported(form: str) -> str:
        path, headers = path_of(tenant.id, "audit/export"), dict(doors.admin.headers)
        return (await doors.admin.client.get(path, params={"format": form}, headers=headers)).text

    rows = csv.DictReader(io.StringIO(await exported("csv")))
    assert sorted(row["id"] for row in rows if row["action"] == "site_changed") == sorted(map(str, written))
    text = (await exported("jsonl")).splitlines()
    lines = [json.loads(line) for line in text]
    assert {line["id"] for line in lines if line.get("action") == "site_changed"} == set(map(str, written))
    assert verify_lines(text, KEY.public)["covered"] == lines[-2]["seq"]
