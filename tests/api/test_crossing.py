"""Lists over all companies that one serves: nothing of others, in one order, and the audit log says who looked."""

from datetime import timedelta
from uuid import uuid4

import httpx
import pytest

from alertwhisperer.domain.audit import AuditAction, AuditEntry
from alertwhisperer.domain.company import INSTALLATION, Scope
from alertwhisperer.domain.user import Role, User
from alertwhisperer.guard.people import add_user
from alertwhisperer.guard.tokens import Wish, add_token
from alertwhisperer.guard.vault import Vault
from alertwhisperer.kit.clock import ManualClock
from alertwhisperer.store import audit
from alertwhisperer.store.audit import EntryFilter
from alertwhisperer.store.database import Database
from tests.api.conftest import Door
from tests.api.rows import Told, tell_firing
from tests.conftest import MakeCompany, Tenant

BY = Scope(INSTALLATION, "test")


class Msp:
    """Three companies, of which Kim serves two."""

    def __init__(self, client: httpx.AsyncClient, database: Database, vault: Vault, clock: ManualClock) -> None:
        self.client, self.database, self.vault, self.clock = client, database, vault, clock
        self.companies: list[Tenant] = []

    async def settle(self, make_company: MakeCompany) -> None:
        self.companies = [await make_company(name) for name in ("One", "Two", "Foreign")]
        served = [one.id for one in self.companies[:2]]
        self.kim = await add_user(
            self.database, BY, f"{uuid4().hex}@example.org", Role.TECHNICIAN, served, now=self.clock.now()
        )
        self.door = await self.door_of(self.kim)

    async def door_of(self, user: User, wish: Wish = Wish()) -> Door:
        made = await add_token(self.database, self.vault, BY, user.email, wish, now=self.clock.now())
        return Door(self.client, {"Authorization": f"Bearer {made.token}"})

    async def fire(self, number: int, **more: object) -> Told:
        self.clock.advance(timedelta(seconds=1))
        scope = self.companies[number].scope
        return await tell_firing(self.database, scope, at=self.clock.now(), **more)  # type: ignore[arg-type]

    async def looks(self, user: User) -> list[AuditEntry]:
        """Of a person, by the installation's log."""
        wanted = EntryFilter(actor_ids=(user.id,), action=AuditAction.COMPANIES_CROSSED)
        async with self.database.unit_of_work(BY) as unit:
            return list(reversed(await audit.page(unit, limit=100, wanted=wanted)))


@pytest.fixture
async def msp(
    client: httpx.AsyncClient, database: Database, vault: Vault, clock: ManualClock, make_company: MakeCompany
) -> Msp:
    """With its people."""
    made = Msp(client, database, vault, clock)
    await made.settle(make_company)
    return made


async def test_all_that_one_serves_newest_first_with_whose_it_is(msp: Msp) -> None:
    told = [(number, await msp.fire(number)) for number in (0, 1, 2, 1, 0, 2)]
    mine = [(msp.companies[number], one) for number, one in reversed(told) if number < 2]
    listed = await msp.door.get("/api/incidents")
    assert [(one["id"], one["company_id"], one["company"]) for one in listed["items"]] == [
        (str(one.incident_id), str(tenant.id), tenant.company.name) for tenant, one in mine
    ]
    alerts = await msp.door.get("/api/alerts")
    assert [(one["id"], one["company"]) for one in alerts["items"]] == [
        (str(one.alert_id), tenant.company.name) for tenant, one in mine
    ]
    for document in (listed, alerts):
        assert str(msp.companies[2].id) not in str(document)


async def test_an_item_is_what_the_companys_own_list_shows(msp: Msp) -> None:
    await msp.fire(1)
    tenant = msp.companies[1]
    for noun in ("incidents", "alerts"):
        [anywhere] = (await msp.door.get(f"/api/{noun}"))["items"]
        [inside] = (await msp.door.get(f"/api/companies/{tenant.id}/{noun}"))["items"]
        assert anywhere == {**inside, "company": tenant.company.name}


@pytest.mark.parametrize("noun", ["incidents", "alerts"])
async def test_pages_follow_each_other_without_gap_or_repeat(msp: Msp, noun: str) -> None:
    for number in (0, 1, 0, 0, 1, 1, 0):
        await msp.fire(number)
    whole = [one["id"] for one in (await msp.door.get(f"/api/{noun}"))["items"]]
    paged: list[str] = []
    cursor: dict[str, str] = {}
    while True:
        page = await msp.door.get(f"/api/{noun}", limit=2, **cursor)
        paged += [one["id"] for one in page["items"]]
        if page["next"] is None:
            break
        cursor = {"cursor": page["next"]}
    assert (paged, len(paged)) == (whole, 7)


async def test_filters_are_those_of_a_companys_list(msp: Msp) -> None:
    wanted = await msp.fire(0, asset="db-07", signature="Slow", source="zabbix")
    began = msp.clock.now()
    await msp.fire(1)
    for query in (
        {"asset": "DB-07"},
        {"signature": "Slow"},
        {"source": "zabbix"},
        {"to": (began + timedelta(milliseconds=500)).isoformat()},
    ):
        [found] = (await msp.door.get("/api/alerts", **query))["items"]
        assert found["id"] == str(wanted.alert_id)
    assert len((await msp.door.get("/api/alerts", status="firing", severity="critical"))["items"]) == 2
    assert (await msp.door.get("/api/alerts", status="resolved"))["items"] == []
    assert (await msp.door.get("/api/incidents", status="resolved"))["items"] == []
    assert (await msp.door.get("/api/incidents", assignee=msp.kim.email))["items"] == []
    [last] = (await msp.door.get("/api/incidents", **{"from": (began + timedelta(milliseconds=500)).isoformat()}))[
        "items"
    ]
    assert last["company_id"] == str(msp.companies[1].id)
    await msp.door.get("/api/alerts", 422, incident_id=str(wanted.incident_id))  # an incident is one company's


async def test_one_entry_an_hour_for_each_kind_of_look(msp: Msp) -> None:
    for _ in range(3):
        await msp.door.get("/api/incidents")
    [look] = await msp.looks(msp.kim)
    assert (look.actor, look.resource.id, look.detail) == (msp.kim.email, "incident.cross", {"companies": 2})
    msp.clock.advance(timedelta(milliseconds=1))
    await msp.door.get("/api/alerts")
    assert [one.resource.id for one in await msp.looks(msp.kim)] == ["incident.cross", "alert.cross"]
    msp.clock.advance(timedelta(hours=1))
    await msp.door.get("/api/incidents")
    await msp.door.get("/api/incidents")
    assert len(await msp.looks(msp.kim)) == 3


async def test_a_token_reaches_as_far_as_it_was_made_to(msp: Msp) -> None:
    mine, _ = await msp.fire(0), await msp.fire(1)
    narrow = await msp.door_of(msp.kim, Wish(scopes=["incident.*"], companies=[msp.companies[0].id]))
    [found] = (await narrow.get("/api/incidents"))["items"]
    assert found["id"] == str(mine.incident_id)
    await narrow.get("/api/alerts", 403)
    reading = await msp.door_of(msp.kim, Wish(scopes=["*.read"]))
    await reading.get("/api/incidents", 403)  # to cross is a right of its own
    assert await reading.get(f"/api/companies/{msp.companies[0].id}/incidents")


async def test_one_incident_by_its_id_is_no_crossing(msp: Msp) -> None:
    told = await msp.fire(0)
    await msp.door.get(f"/api/incidents/{told.incident_id}")
    assert await msp.looks(msp.kim) == []
