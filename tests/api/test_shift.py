"""The page that a shift leaves to the next builds itself, of all companies that one serves and of no other."""

from datetime import datetime, timedelta
from typing import Any

from alertwhisperer.correlate import acts
from alertwhisperer.domain.brake import Reach, Window
from alertwhisperer.domain.company import INSTALLATION, CompanyId, Scope
from alertwhisperer.domain.severity import Severity
from alertwhisperer.guard import brakes
from alertwhisperer.guard.vault import Vault
from alertwhisperer.kit.clock import ManualClock
from alertwhisperer.shift import handover, promises
from alertwhisperer.store.database import Database
from tests.api.conftest import Doors, path_of
from tests.api.rows import Told, tell_firing
from tests.conftest import MakeCompany, People, Tenant
from tests.guard.asking import make_desk


def written(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")


def ids(part: Any) -> list[str]:
    return [one["id"] for one in part["items"]]


async def fire(database: Database, tenant: Tenant, clock: ManualClock, **more: Any) -> Told:
    return await tell_firing(database, tenant.scope, at=clock.now() - timedelta(minutes=5), **more)


async def test_open_ones_stand_by_whom_they_ask_for_the_worst_first(
    doors: Doors, database: Database, tenant: Tenant, clock: ManualClock
) -> None:
    low = await fire(database, tenant, clock, asset="low", severity=Severity.LOW)
    worst = await fire(database, tenant, clock, asset="worst")
    taken, snoozed = await fire(database, tenant, clock, asset="a"), await fire(database, tenant, clock, asset="b")
    await fire(database, tenant, clock, asset="over", ended_at=clock.now())
    until = clock.now() + timedelta(hours=3)
    async with database.unit_of_work(Scope(tenant.id, "kim@example.org")) as unit:
        await acts.acknowledge(unit, taken.incident_id, now=clock.now())
        await acts.snooze(unit, snoozed.incident_id, until=until, note="", now=clock.now())
    page = await doors.technician.get("/api/shift")
    assert (ids(page["needs_ack"]), page["needs_ack"]["count"]) == ([str(worst.incident_id), str(low.incident_id)], 2)
    assert (ids(page["working"]), page["working"]["count"]) == ([str(taken.incident_id)], 1)
    [waits] = page["waiting"]["items"]
    assert (waits["id"], waits["state"], waits["snoozed_until"]) == (
        str(snoozed.incident_id),
        "snoozed",
        written(until),
    )
    assert {one["company"] for part in ("needs_ack", "working") for one in page[part]["items"]} == {tenant.company.name}
    assert page["as_of"] == written(clock.now())


async def test_more_than_are_shown_are_counted(
    doors: Doors, database: Database, tenant: Tenant, clock: ManualClock
) -> None:
    for number in range(handover.MOST_SHOWN + 2):
        await fire(database, tenant, clock, asset=f"db-{number}")
    page = await doors.technician.get("/api/shift")
    assert (len(page["needs_ack"]["items"]), page["needs_ack"]["count"]) == (
        handover.MOST_SHOWN,
        handover.MOST_SHOWN + 2,
    )


async def test_questions_windows_and_promises_come_by_their_ends(
    doors: Doors, database: Database, vault: Vault, tenant: Tenant, clock: ManualClock, people: People
) -> None:
    asking = await make_desk(database, vault, clock, tenant.id)
    later = await asking.ask(asking.by(people.technician))
    told = await fire(database, tenant, clock)
    now = clock.now()
    lapsed = await asking.ask(asking.machine, hours=0.01)
    hour = timedelta(hours=1)
    windows = [
        Window(now - hour, now + 2 * hour, "holds"),
        Window(now + hour, now + 23 * hour, "ends soon"),
        Window(now + 25 * hour, now + 30 * hour, "far away"),
        Window(now - hour, now + 90 * hour, "holds for long"),
    ]
    await brakes.set_freeze(database, tenant.scope, Reach.COMPANY, windows, now=now)
    of_all = [Window(now - hour, now + 3 * hour, "all hold")]
    await brakes.set_freeze(database, tenant.scope, Reach.ALL, of_all, now=now)
    async with database.unit_of_work(Scope(tenant.id, "kim@example.org")) as unit:
        second = await promises.make(unit, told.incident_id, "second", now + 2 * hour, now=now)
        first = await promises.make(unit, told.incident_id, "first", now + hour, now=now)
        kept = await promises.make(unit, told.incident_id, "kept", now + hour, now=now)
        await promises.keep(unit, kept.id, now=now)
    clock.advance(timedelta(minutes=10))
    page = await doors.company_admin.get("/api/shift")
    assert ids(page["approvals"]) == [str(later.id)]
    assert str(lapsed.id) not in str(page)
    [question] = page["approvals"]["items"]
    assert (question["you"], question["runbook"], question["requested_by"]) == (
        "may",
        "vacuum-journal",
        people.technician.email,
    )
    mine = (await doors.technician.get("/api/shift"))["approvals"]["items"]
    assert [one["you"] for one in mine] == ["own_request"]
    assert [(one["reason"], one["company"], one["holds_now"]) for one in page["windows"]] == [
        ("holds", tenant.company.name, True),
        ("all hold", None, True),
        ("ends soon", tenant.company.name, False),
        ("holds for long", tenant.company.name, True),
    ]
    assert (page["windows"][1]["reach"], page["windows"][1]["from"]) == ("all", written(now - hour))
    assert ids(page["promises"]) == [str(first.id), str(second.id)]
    await brakes.set_freeze(database, tenant.scope, Reach.ALL, [], now=clock.now())


async def test_mine_are_my_incidents_and_what_i_promised(
    doors: Doors, database: Database, tenant: Tenant, clock: ManualClock, people: People
) -> None:
    mine = await fire(database, tenant, clock, asset="mine")
    other = await fire(database, tenant, clock, asset="other")
    me = people.technician.email
    due = clock.now() + timedelta(hours=1)
    async with database.unit_of_work(Scope(tenant.id, me)) as unit:
        await acts.assign(unit, mine.incident_id, me, now=clock.now())
        by_me = await promises.make(unit, other.incident_id, "by me", due, now=clock.now())
    async with database.unit_of_work(Scope(tenant.id, "kim@example.org")) as unit:
        of_mine = await promises.make(unit, mine.incident_id, "of mine", due, now=clock.now())
        await promises.make(unit, other.incident_id, "neither", due, now=clock.now())
    page = await doors.technician.get("/api/shift", whose="mine")
    assert (ids(page["needs_ack"]), page["needs_ack"]["count"]) == ([str(mine.incident_id)], 1)
    assert set(ids(page["promises"])) == {str(by_me.id), str(of_mine.id)}
    assert page["promises"]["count"] == 2
    assert (await doors.technician.get("/api/shift"))["promises"]["count"] == 3


async def test_offers_that_wait_stand_on_both_pages(
    doors: Doors, database: Database, tenant: Tenant, clock: ManualClock, people: People
) -> None:
    told = await fire(database, tenant, clock)
    body = {"to": people.admin.email, "incident_ids": [str(told.incident_id)]}
    made = await doors.technician.post("/api/handovers", body, 201)
    [by_me] = (await doors.technician.get("/api/shift"))["offers"]
    [to_me] = (await doors.admin.get("/api/shift", company=str(tenant.id)))["offers"]
    assert (by_me["id"], by_me["you"], to_me["id"], to_me["you"]) == (made["id"], "giver", made["id"], "receiver")
    assert (await doors.company_admin.get("/api/shift"))["offers"] == []
    await doors.admin.post(f"/api/handovers/{made['id']}/accept")
    assert (await doors.technician.get("/api/shift"))["offers"] == []


async def test_a_page_of_some_companies_and_never_of_anothers(
    doors: Doors, database: Database, tenant: Tenant, clock: ManualClock, make_company: MakeCompany
) -> None:
    second = await make_company("Second")
    here, there = await fire(database, tenant, clock), await fire(database, second, clock)
    page = await doors.admin.get("/api/shift", company=str(second.id))
    assert ids(page["needs_ack"]) == [str(there.incident_id)]
    both = await doors.admin.get("/api/shift", company=[str(second.id), str(tenant.id)])
    assert set(ids(both["needs_ack"])) == {str(here.incident_id), str(there.incident_id)}
    strange = await doors.stranger.get("/api/shift", company=str(tenant.id))
    assert [strange[part]["count"] for part in ("needs_ack", "working", "waiting", "promises", "approvals")] == [0] * 5
    assert str(here.incident_id) not in str(await doors.stranger.get("/api/shift"))


async def test_looking_over_several_companies_is_in_the_log_once_an_hour(doors: Doors, people: People) -> None:
    for _ in range(2):
        await doors.technician.get("/api/shift")
    log = await doors.admin.all(
        path_of(CompanyId(INSTALLATION), "audit"), resource_kind="crossing", resource_id="handover.cross"
    )
    assert len([one for one in log if one["actor"] == people.technician.email]) == 1
