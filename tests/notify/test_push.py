"""
People are told on their devices of incidents that nobody took: once, in few words, and nobody else is.

Before a push service of ours that takes what is sent as RFC 8030, 8291 and 8292 say, and lets a browser read its own.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from alertwhisperer.app.outbound import Outbound
from alertwhisperer.correlate import acts
from alertwhisperer.domain.company import INSTALLATION, CompanyId, Scope
from alertwhisperer.domain.severity import Severity
from alertwhisperer.domain.user import Role
from alertwhisperer.guard import offboard
from alertwhisperer.guard.people import add_user
from alertwhisperer.guard.tokens import add_token
from alertwhisperer.notify.carrying import Carrier
from alertwhisperer.notify.devices import MOST_DEVICES
from tests.conftest import People, Tenant
from tests.notify.conftest import Scene
from tests.vendors.push_service import Browser


async def test_a_device_is_told_once_of_what_nobody_took_for_a_minute(
    scene: Scene, people: People, tenant: Tenant
) -> None:
    kim, phone = await scene.enter(people.technician), Browser()
    made = await kim.switch_on(phone, device="Phone of Kim")
    await scene.fires(tenant, asset="db-01")
    await scene.after(0.5)
    assert scene.service.told(phone) == []
    await scene.after(1)
    await scene.after(30)
    [told] = scene.service.told(phone)
    number = await scene.number_of(tenant)
    assert told == {
        "title": f"Critical: incident {number}, Acme",
        "body": "Nobody took it yet",
        "url": f"/incidents/{number}",
    }
    [message] = [one for one in scene.service.messages if one.path == phone.path]
    assert message.sender_key == (await kim.ask("GET", "/key"))["public_key"]
    assert (message.claims["aud"], message.claims["sub"]) == ("https://push.example.net", "mailto:admin@example.org")
    assert {message.headers[name] for name in ("urgency", "content-encoding")} == {"high", "aes128gcm"}
    assert b"db-01" not in message.body
    [shown] = (await kim.ask("GET", "/subscriptions"))["items"]
    assert (shown["id"], shown["device"], shown["last_at"] is None) == (made["id"], "Phone of Kim", False)


async def test_the_title_stands_there_where_its_person_wants_it(scene: Scene, people: People, tenant: Tenant) -> None:
    kim, phone = await scene.enter(people.technician), Browser()
    await kim.switch_on(phone, with_text=True)
    await scene.fires(tenant, asset="db-01", signature="DiskFull")
    await scene.after(2)
    [told] = scene.service.told(phone)
    assert told["body"] == "DiskFull on db-01"


async def test_others_are_not_told(scene: Scene, people: People, tenant: Tenant) -> None:
    """Who does not serve the company, and who wants to hear of criticals alone."""
    stranger, kim, theirs, mine = await scene.enter(people.stranger), await scene.enter(people.technician), *_two()
    await stranger.switch_on(theirs)
    await kim.switch_on(mine, severities=["critical"])
    await scene.fires(tenant, Severity.HIGH)
    await scene.fires(tenant, Severity.MEDIUM)
    await scene.after(2)
    assert scene.service.told(theirs) == scene.service.told(mine) == []


async def test_what_somebody_took_or_what_is_over_is_not_told(scene: Scene, people: People, tenant: Tenant) -> None:
    kim, phone = await scene.enter(people.technician), Browser()
    await kim.switch_on(phone)
    taken, ended = await scene.fires(tenant), await scene.fires(tenant)
    async with scene.database.unit_of_work(tenant.scope) as unit:
        await acts.acknowledge(unit, taken.incident_id, now=scene.clock.now())
        await acts.resolve(unit, ended.incident_id, note="", now=scene.clock.now())
    await scene.after(2)
    assert scene.service.told(phone) == []


async def test_what_is_taken_while_it_waits_to_be_sent_is_not_sent(
    scene: Scene, people: People, tenant: Tenant
) -> None:
    kim, phone = await scene.enter(people.technician), Browser()
    await kim.switch_on(phone)
    told = await scene.fires(tenant)
    scene.clock.advance(timedelta(minutes=2))
    await scene.push.plan()
    async with scene.database.unit_of_work(tenant.scope) as unit:
        await acts.acknowledge(unit, told.incident_id, now=scene.clock.now())
    await scene.after(0)
    assert scene.service.told(phone) == []
    assert await scene.states(tenant) == ["moot"]


async def test_what_was_open_before_is_no_news(scene: Scene, people: People, tenant: Tenant) -> None:
    await scene.fires(tenant)
    await scene.after(5)
    kim, phone = await scene.enter(people.technician), Browser()
    await kim.switch_on(phone)
    await scene.after(5)
    assert scene.service.told(phone) == []


async def test_a_storm_is_a_few_notices_and_the_last_speaks_for_the_rest(
    scene: Scene, people: People, tenant: Tenant
) -> None:
    kim, phone = await scene.enter(people.technician), Browser()
    await kim.switch_on(phone)
    for _ in range(12):
        await scene.fires(tenant)
    await scene.after(2)
    titles = [one["title"] for one in scene.service.told(phone)]
    assert sorted(titles)[0] == "8 more incidents wait"
    assert len(titles) == 5
    await scene.fires(tenant)
    await scene.after(2)
    assert len(scene.service.told(phone)) == 5
    await scene.after(10)
    assert len(scene.service.told(phone)) == 6


@pytest.mark.parametrize("status", [404, 410])
async def test_a_device_that_is_gone_is_switched_off(scene: Scene, people: People, tenant: Tenant, status: int) -> None:
    kim, phone = await scene.enter(people.technician), Browser()
    made = await kim.switch_on(phone)
    scene.service.answers[phone.path] = [status]
    await scene.fires(tenant)
    await scene.after(2)
    await scene.after(10)
    assert len(scene.service.told(phone)) == 1
    assert (await kim.ask("GET", "/subscriptions"))["items"] == []
    assert await scene.entries(made["id"]) == ["push_device_set", "push_device_removed"]


async def test_it_is_tried_again_and_then_delivered_once(scene: Scene, people: People, tenant: Tenant) -> None:
    kim, phone = await scene.enter(people.technician), Browser()
    await kim.switch_on(phone)
    scene.service.answers[phone.path] = [503, 429]
    await scene.fires(tenant)
    await scene.after(2)
    for _ in range(5):
        await scene.after(1)
    assert len(scene.service.told(phone)) == 3
    assert await scene.states(tenant) == ["sent"]


async def test_it_ends_when_it_is_no_news_any_more(scene: Scene, people: People, tenant: Tenant) -> None:
    kim, phone = await scene.enter(people.technician), Browser()
    await kim.switch_on(phone)
    scene.service.answers[phone.path] = [503] * 100
    await scene.fires(tenant)
    for _ in range(20):
        await scene.after(3)
    assert 5 < len(scene.service.told(phone)) < 20
    assert await scene.states(tenant) == ["failed"]


async def test_a_process_that_dies_while_it_sends_leaves_it_due(scene: Scene, people: People, tenant: Tenant) -> None:
    kim, phone = await scene.enter(people.technician), Browser()
    await kim.switch_on(phone)
    await scene.fires(tenant)
    scene.clock.advance(timedelta(minutes=2))
    await scene.push.plan()
    await scene.push.send_due()
    await scene.push.stop()
    before = len(scene.service.told(phone))
    await scene.after(0.5)
    assert len(scene.service.told(phone)) == before
    await scene.after(1)
    told = scene.service.told(phone)
    assert 1 <= len(told) <= 2
    topics = {one.headers["topic"] for one in scene.service.messages if one.path == phone.path}
    assert (len(topics), len({one["url"] for one in told})) == (1, 1)
    assert await scene.states(tenant) == ["sent"]


async def test_who_is_gone_is_told_of_nothing(scene: Scene, people: People, tenant: Tenant) -> None:
    kim, phone = await scene.enter(people.technician), Browser()
    await kim.switch_on(phone)
    await scene.fires(tenant)
    scene.clock.advance(timedelta(minutes=2))
    await scene.push.plan()
    by = Scope(INSTALLATION, "test")
    left = await offboard.offboard(scene.database, by, people.technician.id, now=scene.clock.now(), why="")
    assert [one.count for one in left.held if one.kind == "devices that tell of incidents"] == [1]
    await scene.after(1)
    assert scene.service.told(phone) == []


async def test_the_same_device_again_is_set_anew_and_another_persons_is_theirs_no_more(
    scene: Scene, people: People
) -> None:
    kim, sam, phone = await scene.enter(people.technician), await scene.enter(people.admin), Browser()
    first = await kim.switch_on(phone, device="a", severities=["high"])
    again = await kim.switch_on(phone, device="b")
    assert (again["id"], again["device"], again["severities"]) == (first["id"], "b", ["critical", "high"])
    await sam.switch_on(phone)
    assert (await kim.ask("GET", "/subscriptions"))["items"] == []
    assert len((await sam.ask("GET", "/subscriptions"))["items"]) == 1


async def test_a_device_is_its_persons_own(scene: Scene, people: People) -> None:
    kim, stranger, phone = await scene.enter(people.technician), await scene.enter(people.stranger), Browser()
    made = await kim.switch_on(phone)
    for method, path in (("DELETE", ""), ("POST", "/test")):
        await stranger.ask(method, f"/subscriptions/{made['id']}{path}", 404)
    assert await kim.ask("POST", f"/subscriptions/{made['id']}/test") == {"delivered": True, "problem": ""}
    assert scene.service.told(phone)[0]["body"] == "This device tells you of incidents."
    await kim.ask("DELETE", f"/subscriptions/{made['id']}", 204)
    await kim.ask("DELETE", f"/subscriptions/{made['id']}", 404)


async def test_a_test_of_a_device_that_is_gone_says_so_and_switches_it_off(scene: Scene, people: People) -> None:
    kim, phone = await scene.enter(people.technician), Browser()
    made = await kim.switch_on(phone)
    scene.service.answers[phone.path] = [410]
    tried = await kim.ask("POST", f"/subscriptions/{made['id']}/test")
    assert tried == {"delivered": False, "problem": "the push service answered 410"}
    assert (await kim.ask("GET", "/subscriptions"))["items"] == []


async def test_nobody_has_more_devices_than_twenty(scene: Scene, people: People) -> None:
    kim = await scene.enter(people.technician)
    for _ in range(MOST_DEVICES):
        await kim.switch_on(Browser())
    await kim.switch_on(Browser(), 409)
    assert len((await kim.ask("GET", "/subscriptions"))["items"]) == MOST_DEVICES


async def test_a_token_switches_nothing_on(scene: Scene, people: People) -> None:
    """It may be for fewer companies than its person serves, and a device is told of all of them."""
    now, by = scene.clock.now(), Scope(INSTALLATION, "test")
    token = await add_token(scene.database, scene.vault, by, people.technician.email, now=now)
    headers = {"Authorization": f"Bearer {token.token}"}
    answer = await scene.client.post("/api/push/subscriptions", json=Browser().subscription, headers=headers)
    assert (answer.status_code, "signed in" in answer.json()["detail"]) == (403, True)


async def test_a_reader_is_not_called(scene: Scene, tenant: Tenant) -> None:
    reader = await add_user(
        scene.database,
        Scope(INSTALLATION, "test"),
        f"reader.{tenant.id.hex}@example.org",
        Role.READER,
        [CompanyId(tenant.id)],
        now=scene.clock.now(),
    )
    await (await scene.enter(reader)).switch_on(Browser(), 403)


async def test_an_address_inside_is_never_called(scene: Scene, people: People) -> None:
    """Whoever names an address of ours, or a name that leads to one, is told what became of it and nothing besides."""
    kim = await scene.enter(people.technician)
    guarded = replace(scene.desk, push_call=Outbound().call)
    carrier = Carrier(scene.database, scene.vault, scene.clock, guarded.push_call, guarded.contact)
    for host in ("127.0.0.1", "localhost", "169.254.169.254", "[::1]", "10.0.0.1"):
        browser = Browser()
        body = {**browser.subscription, "endpoint": f"https://{host}{browser.path}"}
        made = await kim.ask("POST", "/subscriptions", 201, json=body)
        device = next(one for one in await scene.devices(people.technician.id) if str(one.id) == made["id"])
        tried = await carrier.try_device(device)
        assert (tried.state, "not public" in tried.problem) == ("failed", True)


async def test_where_a_device_is_reached_lies_sealed(scene: Scene, people: People) -> None:
    kim, phone = await scene.enter(people.technician), Browser()
    made = await kim.switch_on(phone)
    assert phone.path not in str(made)
    async with scene.database.unit_of_work(Scope(INSTALLATION, "test")) as unit:
        rows = await unit.connection.fetch("SELECT s.*, s::text AS whole FROM push_subscription s")
        key = await unit.connection.fetchval("SELECT sealed FROM push_key")
    assert all(phone.path not in row["whole"] and phone.path.encode() not in row["sealed"] for row in rows)
    assert len(key) > 32


def _two() -> tuple[Browser, Browser]:
    return Browser(), Browser()
