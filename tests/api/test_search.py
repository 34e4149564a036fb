"""Find anything: by an id, a number, a host, a tool's own id or a part of a name, and only what one may read."""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alertwhisperer.domain.company import INSTALLATION, Scope
from alertwhisperer.domain.errors import Invalid
from alertwhisperer.domain.user import Role
from alertwhisperer.guard.people import add_user
from alertwhisperer.guard.tokens import Wish, add_token
from alertwhisperer.guard.vault import Vault
from alertwhisperer.ingest.normalize import identity_hash
from alertwhisperer.kit.clock import ManualClock
from alertwhisperer.shift.search import read
from alertwhisperer.store.database import Database
from tests.api.conftest import Door, Doors, path_of
from tests.api.rows import tell_firing
from tests.conftest import MakeCompany, Tenant


async def found(door: Door, q: str, **more: Any) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = (await door.get("/api/search", q=q, **more))["items"]
    return items


async def ids(door: Door, q: str, kind: str) -> list[str]:
    return [one["id"] for one in await found(door, q) if one["kind"] == kind]


async def test_an_incident_by_its_number_its_id_and_the_words_of_its_title(
    doors: Doors, database: Database, tenant: Tenant, clock: ManualClock
) -> None:
    told = await tell_firing(database, tenant.scope, at=clock.now(), asset="db-01", signature="Replication lag")
    incident = str(told.incident_id)
    [by_id] = await found(doors.technician, incident)
    assert (by_id["kind"], by_id["exact"], by_id["company"]) == ("incident", True, tenant.company.name)
    assert by_id["detail"] == "critical, needs_ack"
    number = by_id["number"]
    for q in (str(number), f"#{number}", f" {number} "):
        first = (await found(doors.technician, q))[0]
        assert (first["id"], first["exact"]) == (incident, True)
    assert incident in await ids(doors.technician, incident[:13].upper(), "incident")
    for q in ("replication db-01", "DB-01 lag", "plicat"):
        assert await ids(doors.technician, q, "incident") == [incident]
    for q in ("replication db-02", "%", "repl_cation", "nothing"):
        assert await ids(doors.technician, q, "incident") == []


async def test_an_asset_by_any_of_its_names_and_the_newest_alerts_of_it(
    doors: Doors, database: Database, tenant: Tenant, clock: ManualClock
) -> None:
    made = await doors.company_admin.post(path_of(tenant.id, "assets"), {"name": "Mail-07.example.org"}, 201)
    await doors.company_admin.post(path_of(tenant.id, f"assets/{made['id']}/names"), {"name": "10.9.8.7"}, 201)
    told = await tell_firing(database, tenant.scope, at=clock.now(), asset="mail-07.example.org")
    [asset, *others] = await found(doors.technician, "mail-07.EXAMPLE.org")
    assert (asset["kind"], asset["id"], asset["exact"]) == ("asset", made["id"], True)
    assert {(one["kind"], one["id"]) for one in others} == {
        ("incident", str(told.incident_id)),
        ("alert", str(told.alert_id)),
    }
    [by_alias] = await found(doors.technician, "10.9.8.7")
    assert (by_alias["id"], by_alias["title"], by_alias["detail"]) == (made["id"], "Mail-07.example.org", "10.9.8.7")
    for q in ("mail-0", "07.example", made["id"][:8]):
        assert await ids(doors.technician, q, "asset") == [made["id"]]


async def test_an_alert_by_its_id_and_by_the_id_that_its_tool_gives(
    doors: Doors, database: Database, tenant: Tenant, clock: ManualClock
) -> None:
    told = await tell_firing(database, tenant.scope, at=clock.now())
    problem = UUID(bytes=identity_hash(tenant.integration.id.bytes, "Event 10/77"))
    async with database.unit_of_work(tenant.scope) as unit:
        await unit.connection.execute(
            "UPDATE alert_state SET problem = $2 WHERE company_id = $1 AND alert_id = $3",
            *(tenant.id, problem, told.alert_id),
        )
        await unit.connection.execute(
            "UPDATE alert SET problem = $2 WHERE company_id = $1 AND id = $3", tenant.id, problem, told.alert_id
        )
    assert await ids(doors.technician, str(told.alert_id), "alert") == [str(told.alert_id)]
    [alert] = await found(doors.technician, "Event 10/77")
    assert (alert["id"], alert["exact"], alert["detail"]) == (str(told.alert_id), True, "prometheus, firing")
    assert await found(doors.technician, "event 10/77") == []  # case may matter to the tool


async def test_companies_contacts_and_integrations_by_parts_of_their_names(
    doors: Doors, tenant: Tenant, make_company: MakeCompany
) -> None:
    word = uuid4().hex[:6]
    other = await make_company(f"Larkfield {word}")
    contact = await doors.company_admin.post(
        path_of(tenant.id, "contacts"),
        {"name": "Priya Nair", "email": "priya@client.example", "phone": "+49 30 77"},
        201,
    )
    assert await ids(doors.admin, f"lark {word}", "company") == [str(other.id)]
    for q in ("nair", "priya@", "30 77", "pri cli"):
        assert await ids(doors.company_admin, q, "contact") == [contact["id"]]
    assert await ids(doors.company_admin, "prometheus", "integration") == [str(tenant.integration.id)]


async def test_nothing_of_a_company_that_one_does_not_serve(
    doors: Doors, database: Database, tenant: Tenant, clock: ManualClock
) -> None:
    told = await tell_firing(database, tenant.scope, at=clock.now(), asset="secret-host")
    [shown] = [one for one in await found(doors.admin, str(told.incident_id)) if one["kind"] == "incident"]
    for q in (str(shown["number"]), str(told.incident_id), str(told.alert_id), "secret-host", str(tenant.id), "secret"):
        assert [one for one in await found(doors.stranger, q) if one["company_id"] == str(tenant.id)] == []


async def test_a_reader_finds_no_telephone_numbers(
    doors: Doors, database: Database, vault: Vault, tenant: Tenant, clock: ManualClock
) -> None:
    by = Scope(INSTALLATION, "test")
    await doors.company_admin.post(path_of(tenant.id, "contacts"), {"name": "Priya Nair"}, 201)
    reader = await add_user(database, by, f"{uuid4().hex}@example.org", Role.READER, [tenant.id], now=clock.now())

    async def door(email: str, wish: Wish = Wish()) -> Door:
        made = await add_token(database, vault, by, email, wish, now=clock.now())
        return Door(doors.nobody.client, {"Authorization": f"Bearer {made.token}"})

    assert await found(await door(reader.email), "priya") == []
    assert await found(await door(reader.email), tenant.company.name)
    narrow = await door(f"boss.{tenant.id.hex}@example.org", Wish(scopes=["search.cross", "contact.read"]))
    assert {one["kind"] for one in await found(narrow, "a", limit=50)} == {"contact"}


async def test_no_kind_crowds_out_the_others(
    doors: Doors, database: Database, tenant: Tenant, clock: ManualClock
) -> None:
    for number in range(8):
        clock.advance(timedelta(seconds=1))
        await tell_firing(database, tenant.scope, at=clock.now(), asset=f"crowd-{number}")
        await doors.company_admin.post(path_of(tenant.id, "assets"), {"name": f"my-crowd-{number}"}, 201)
    kinds = [one["kind"] for one in await found(doors.technician, "crowd", limit=6)]
    assert kinds.count("incident") == kinds.count("asset") == 3


async def test_what_is_no_question(doors: Doors) -> None:
    for q in ("", " ", "a b c d e f g h i", "x" * 201, "a\0b"):
        await doors.technician.get("/api/search", 422, q=q)


@given(st.text(max_size=40))
def test_whatever_is_typed_is_read_or_refused(text: str) -> None:
    try:
        sought = read(text)
    except Invalid:
        return
    assert sought.words
    assert -1 <= sought.number < 2**63
    assert isinstance(sought.low, UUID)


@pytest.mark.parametrize("digits", range(8, 33))
def test_the_beginning_of_an_id_is_a_range_of_ids(digits: int) -> None:
    identity = uuid4()
    sought = read(identity.hex[:digits])
    assert sought.low <= identity <= sought.high
    assert sought.low.hex[:digits] == sought.high.hex[:digits]
