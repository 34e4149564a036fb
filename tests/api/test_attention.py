"""The list of a shift: groups, order, filters, counts, and incidents by the number that people say."""

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import httpx
import pytest

from alertwhisperer.api.desk import Desk
from alertwhisperer.correlate import acts
from alertwhisperer.domain.severity import Severity
from alertwhisperer.guard.vault import Vault
from alertwhisperer.kit.clock import ManualClock
from alertwhisperer.store import due
from alertwhisperer.store.database import Database
from tests.api.conftest import Door, Doors, path_of
from tests.api.rows import Told, tell_firing
from tests.conftest import People, Tenant

NAMES = ("low", "critical", "older", "taken", "clear", "done")


@pytest.fixture
async def shift(database: Database, tenant: Tenant, clock: ManualClock, doors: Doors) -> dict[str, Told]:
    """Incidents of every group, by name; the later in `NAMES` the later they opened."""
    at = clock.now() - timedelta(minutes=30)
    severities = {"low": Severity.LOW, "older": Severity.HIGH}
    told = {
        name: await tell_firing(
            database,
            tenant.scope,
            at=at + timedelta(minutes=place),
            asset=f"{name}-host",
            source="zabbix" if name == "low" else "prometheus",
            severity=severities.get(name, Severity.CRITICAL),
            ended_at=at + timedelta(minutes=20) if name == "done" else None,
        )
        for place, name in enumerate(NAMES)
    }
    await doors.technician.post(f"/api/incidents/{told['taken'].incident_id}/acknowledge")
    async with database.unit_of_work(tenant.scope) as unit:
        await unit.connection.execute(
            "UPDATE incident_state SET firing = 0, hold_s = 600 WHERE company_id = $1 AND incident_id = $2",
            *(unit.company_id, told["clear"].incident_id),
        )
    return told


async def listed(doors: Doors, tenant: Tenant, told: dict[str, Told], **query: object) -> list[str]:
    """The names of the incidents of a page."""
    names = {str(one.incident_id): name for name, one in told.items()}
    found = await doors.technician.get(path_of(tenant.id, "incidents"), **query)
    return [names[one["id"]] for one in found["items"]]


async def test_each_incident_stands_in_one_group(doors: Doors, tenant: Tenant, shift: dict[str, Told]) -> None:
    assert await listed(doors, tenant, shift, group="needs_ack") == ["older", "critical", "low"]
    assert await listed(doors, tenant, shift, group="working") == ["taken"]
    assert await listed(doors, tenant, shift, group="waiting") == ["clear"]
    assert await listed(doors, tenant, shift, group="done") == ["done"]
    assert await listed(doors, tenant, shift, group=["working", "done"]) == ["done", "taken"]
    assert await listed(doors, tenant, shift, group="working", status="open") == []


async def test_an_incident_says_its_group_and_state(
    doors: Doors, tenant: Tenant, shift: dict[str, Told], clock: ManualClock
) -> None:
    found = (await doors.technician.get(path_of(tenant.id, "incidents")))["items"]
    names = {str(one.incident_id): name for name, one in shift.items()}
    assert {names[one["id"]]: (one["group"], one["state"]) for one in found} == {
        "low": ("needs_ack", "needs_ack"),
        "critical": ("needs_ack", "needs_ack"),
        "older": ("needs_ack", "needs_ack"),
        "taken": ("working", "acknowledged"),
        "clear": ("waiting", "clearing"),
        "done": ("done", "resolved"),
    }
    [clear] = [one for one in found if one["state"] == "clearing"]
    since = clock.now() - timedelta(minutes=26)
    assert clear["clear_since"] == since.isoformat().replace("+00:00", "Z")
    assert clear["closes_at"] == (since + timedelta(minutes=10)).isoformat().replace("+00:00", "Z")
    assert all(one["clear_since"] is None for one in found if one["state"] != "clearing")


async def test_orders_and_their_pages(doors: Doors, tenant: Tenant, shift: dict[str, Told]) -> None:
    orders = {
        "attention": ["critical", "taken", "clear", "older", "low", "done"],
        "newest": ["done", "clear", "taken", "older", "critical", "low"],
        "oldest": ["low", "critical", "older", "taken", "clear", "done"],
    }
    names = {str(one.incident_id): name for name, one in shift.items()}
    for sort, expected in orders.items():
        assert await listed(doors, tenant, shift, sort=sort) == expected
        for path in (path_of(tenant.id, "incidents"), "/api/incidents"):
            paged: list[str] = []
            cursor: dict[str, str] = {}
            while True:
                page = await doors.technician.get(path, sort=sort, limit=1, **cursor)
                paged += [names[one["id"]] for one in page["items"]]
                if page["next"] is None:
                    break
                cursor = {"cursor": page["next"]}
            assert paged == expected, (sort, path)


async def test_filters(
    doors: Doors, tenant: Tenant, shift: dict[str, Told], people: People, clock: ManualClock
) -> None:
    taken = shift["taken"].incident_id
    await doors.technician.post(f"/api/incidents/{taken}/assign", {"assignee": people.technician.email})
    assert await listed(doors, tenant, shift, owner="me") == ["taken"]
    assert await listed(doors, tenant, shift, owner=people.technician.email) == ["taken"]
    assert "taken" not in await listed(doors, tenant, shift, owner="none")
    assert len(await listed(doors, tenant, shift, owner="none")) == 5
    assert await listed(doors, tenant, shift, tool="zabbix") == ["low"]
    assert len(await listed(doors, tenant, shift, tool=["zabbix", "prometheus"])) == 6
    assert await listed(doors, tenant, shift, q="DISKFULL older-") == ["older"]
    assert await listed(doors, tenant, shift, q="older critical") == []
    assert await listed(doors, tenant, shift, id=[str(taken), str(uuid4())]) == ["taken"]
    number = (await doors.technician.get(f"/api/incidents/{taken}"))["number"]
    assert await listed(doors, tenant, shift, q=str(number)) == ["taken"]
    problem = await doors.technician.get(
        path_of(tenant.id, "incidents"), 422, owner="me", assignee="somebody@example.org"
    )
    assert problem["where"] == "query.assignee"


async def test_counts_are_exact_and_take_the_filters(
    doors: Doors, tenant: Tenant, shift: dict[str, Told], people: People
) -> None:
    path = path_of(tenant.id, "incidents/counts")
    await doors.technician.post(
        f"/api/incidents/{shift['taken'].incident_id}/assign", {"assignee": people.technician.email}
    )
    counts = await doors.technician.get(path)
    assert {name: counts[name] for name in ("needs_ack", "working", "waiting", "done_today")} == {
        "needs_ack": 3,
        "working": 1,
        "waiting": 1,
        "done_today": 1,
    }
    assert (counts["unowned"], counts["mine"], counts["critical_needs_ack"]) == (4, 1, 1)
    assert counts["by_severity"] == {"critical": 3, "high": 1, "medium": 0, "low": 1, "info": 0}
    assert await doors.technician.get("/api/incidents/counts") == counts
    assert (await doors.technician.get(path, severity="low"))["needs_ack"] == 1
    assert (await doors.technician.get(path, q="nothing-like-it"))["needs_ack"] == 0
    assert (await doors.company_admin.get(path))["mine"] == 0


async def test_a_list_over_some_companies(doors: Doors, tenant: Tenant, shift: dict[str, Told]) -> None:
    path = "/api/incidents"
    mine = await doors.technician.get(path, company=str(tenant.id))
    assert len(mine["items"]) == 6
    assert (await doors.technician.get(path, company=str(uuid4())))["items"] == []
    assert (await doors.stranger.get(path, company=str(tenant.id)))["items"] == []
    assert (await doors.stranger.get(f"{path}/counts", company=str(tenant.id)))["needs_ack"] == 0


async def test_an_incident_is_found_by_its_number_within_rights(
    doors: Doors, tenant: Tenant, shift: dict[str, Told]
) -> None:
    wanted = await doors.technician.get(f"/api/incidents/{shift['low'].incident_id}")
    assert await doors.technician.get(f"/api/incidents/by-number/{wanted['number']}") == wanted
    assert UUID(wanted["id"]) == shift["low"].incident_id
    await doors.stranger.get(f"/api/incidents/by-number/{wanted['number']}", 404)
    await doors.technician.get("/api/incidents/by-number/0", 422)


# ------------------------------------------------------------------------------------------------ acts


async def timer(desk: Desk) -> None:
    """What is due is done."""
    async with due.take(desk.database, due.END_SNOOZE, now=desk.clock.now()) as work:
        assert work is not None, "nothing is due"
        until = await acts.unsnooze_due(work.unit, work.subject, now=desk.clock.now())
        await (work.done() if until is None else work.postpone(until))


async def nothing_due(desk: Desk) -> bool:
    """Whether the timer has nothing to do."""
    async with due.take(desk.database, due.END_SNOOZE, now=desk.clock.now()) as work:
        return work is None


async def test_an_acknowledgement_is_taken_back(doors: Doors, database: Database, tenant: Tenant) -> None:
    told = await tell_firing(database, tenant.scope, at=_soon())
    path = f"/api/incidents/{told.incident_id}"
    await doors.technician.post(f"{path}/unacknowledge", status=409)
    assert (await doors.technician.post(f"{path}/acknowledge"))["group"] == "working"
    back = await doors.technician.post(f"{path}/unacknowledge")
    assert (back["group"], back["acknowledged_at"], back["acknowledged_by"]) == ("needs_ack", None, None)
    assert [entry["kind"] for entry in back["timeline"]][-2:] == ["acknowledge", "unacknowledge"]


async def test_a_snooze_ends_at_its_time(
    doors: Doors, desk: Desk, database: Database, tenant: Tenant, clock: ManualClock
) -> None:
    told = await tell_firing(database, tenant.scope, at=clock.now())
    path = f"/api/incidents/{told.incident_id}"
    until = clock.now() + timedelta(hours=2)
    slept = await doors.technician.post(f"{path}/snooze", {"until": until.isoformat(), "note": "vendor"})
    assert (slept["group"], slept["state"], slept["snoozed_until_clear"]) == ("waiting", "snoozed", False)
    assert slept["snoozed_until"] == until.isoformat().replace("+00:00", "Z")
    assert await nothing_due(desk)
    clock.advance(timedelta(hours=2, seconds=1))
    await timer(desk)
    woken = await doors.technician.get(path)
    assert (woken["state"], woken["snoozed_by"], woken["snoozed_until"]) == ("needs_ack", None, None)
    last = woken["timeline"][-1]
    assert (last["kind"], last["actor"], last["detail"]["why"]) == ("timer_unsnooze", "timer", "time")
    assert await nothing_due(desk)


@pytest.mark.parametrize(
    ("change", "why", "state"),
    [
        ("severity = 5", "worse", "acknowledged"),
        ("firing = 0", "cleared", "clearing"),
        ("firing = 0, status = 3, resolved_at = now()", "cleared", "resolved"),
    ],
)
async def test_a_snooze_ends_when_the_incident_clears_or_worsens(
    doors: Doors, desk: Desk, database: Database, tenant: Tenant, clock: ManualClock, change: str, why: str, state: str
) -> None:
    told = await tell_firing(database, tenant.scope, at=clock.now(), severity=Severity.LOW)
    path = f"/api/incidents/{told.incident_id}"
    await doors.technician.post(f"{path}/acknowledge")
    slept = await doors.technician.post(f"{path}/snooze", {"until_clear": True})
    assert (slept["snoozed_until"], slept["snoozed_until_clear"]) == (None, True)
    await _change(database, tenant, told, change)
    assert (await doors.technician.get(path))["state"] == state, "it wakes in the transaction that changes it"
    await timer(desk)
    woken = await doors.technician.get(path)
    assert (woken["state"], woken["snoozed_by"]) == (state, None)
    assert woken["timeline"][-1]["detail"]["why"] == why


async def test_a_moment_of_clearness_ends_a_snooze_although_it_fires_again(
    doors: Doors, desk: Desk, database: Database, tenant: Tenant, clock: ManualClock, people: People
) -> None:
    told = await tell_firing(database, tenant.scope, at=clock.now())
    path = f"/api/incidents/{told.incident_id}"
    until = (clock.now() + timedelta(hours=2)).isoformat()
    await doors.technician.post(f"{path}/snooze", {"until": until})
    await _change(database, tenant, told, "firing = 0")
    await _change(database, tenant, told, "firing = 1")
    await doors.technician.post(f"{path}/assign", {"assignee": people.technician.email})
    assert (await doors.technician.get(path))["state"] == "needs_ack"
    await timer(desk)
    assert (await doors.technician.get(path))["timeline"][-1]["detail"]["why"] == "cleared"
    await doors.technician.post(f"{path}/snooze", {"until": until})
    assert (await doors.technician.get(path))["state"] == "snoozed", "it can be snoozed anew"
    clock.advance(timedelta(hours=3))
    await timer(desk)
    assert (await doors.technician.get(path))["timeline"][-1]["detail"]["why"] == "time"


async def test_a_snooze_is_ended_by_a_person_and_by_what_ends_the_incident(
    doors: Doors, desk: Desk, database: Database, tenant: Tenant, clock: ManualClock
) -> None:
    told = await tell_firing(database, tenant.scope, at=clock.now())
    path = f"/api/incidents/{told.incident_id}"
    await doors.technician.post(f"{path}/unsnooze", status=409)
    await doors.technician.post(f"{path}/snooze", {"until": (clock.now() + timedelta(hours=1)).isoformat()})
    assert (await doors.technician.post(f"{path}/unsnooze"))["state"] == "needs_ack"
    await doors.technician.post(f"{path}/snooze", {"until_clear": True})
    clock.advance(timedelta(hours=1, seconds=1))
    await timer(desk)
    assert (await doors.technician.get(path))["state"] == "snoozed", (
        "the time of the first snooze does not end the second"
    )
    done = await doors.technician.post(f"{path}/resolve")
    assert (done["state"], done["snoozed_by"]) == ("resolved", None)
    assert await nothing_due(desk)
    await doors.technician.post(f"{path}/snooze", {"until_clear": True}, 409)


async def test_nonsense_in_a_snooze_is_refused(
    doors: Doors, database: Database, tenant: Tenant, clock: ManualClock
) -> None:
    told = await tell_firing(database, tenant.scope, at=clock.now())
    path = f"/api/incidents/{told.incident_id}/snooze"
    soon = (clock.now() + timedelta(hours=1)).isoformat()
    for body in (
        {},
        {"until": soon, "until_clear": True},
        {"until": (clock.now() - timedelta(seconds=1)).isoformat()},
        {"until": (clock.now() + timedelta(days=31)).isoformat()},
        {"until": soon, "note": "x" * 1_001},
    ):
        await doors.technician.post(path, body, 422)
    await _change(database, tenant, told, "firing = 0")
    await doors.technician.post(path, {"until": soon}, 409)


async def test_many_are_acted_on_each_by_itself(
    doors: Doors, database: Database, tenant: Tenant, clock: ManualClock, people: People
) -> None:
    first, second, done = [
        await tell_firing(
            database,
            tenant.scope,
            at=clock.now() + timedelta(seconds=place),
            asset=name,
            ended_at=clock.now() if name == "c" else None,
        )
        for place, name in enumerate("abc")
    ]
    ids = [str(one.incident_id) for one in (first, done, second)]
    nowhere = str(uuid4())

    async def bulk(act: str, **more: object) -> list[tuple[str, object, object]]:
        answer = await doors.technician.post(
            "/api/incidents/bulk", {"act": act, "incident_ids": [*ids, nowhere, ids[0]], **more}
        )
        return [
            (one["id"], one["problem"] and one["problem"]["status"], one["incident"] and one["incident"]["state"])
            for one in answer["items"]
        ]

    def expected(state: str) -> list[tuple[str, object, object]]:
        return [(ids[0], None, state), (ids[1], 409, None), (ids[2], None, state), (nowhere, 404, None)]

    assert await bulk("acknowledge") == expected("acknowledged")
    assert await bulk("assign", assignee=people.technician.email) == expected("acknowledged")
    assert (await doors.technician.get(f"/api/incidents/{ids[0]}"))["assignee"] == people.technician.email
    assert await bulk("snooze", until_clear=True, note="later") == expected("snoozed")
    assert await bulk("unsnooze") == expected("acknowledged")
    assert await bulk("unacknowledge") == expected("needs_ack")
    assert {status for _, status, _ in await bulk("assign", assignee=people.stranger.email)} == {422, 404}
    assert await bulk("resolve", note="all gone") == expected("resolved")
    await doors.technician.post("/api/incidents/bulk", {"act": "snooze", "incident_ids": ids}, 422)
    await doors.technician.post("/api/incidents/bulk", {"act": "acknowledge", "incident_ids": []}, 422)
    theirs = await doors.stranger.post("/api/incidents/bulk", {"act": "acknowledge", "incident_ids": ids})
    assert {one["problem"]["status"] for one in theirs["items"]} == {404}


async def test_many_cannot_be_acted_on_with_a_token_that_does_not_cover_the_act(
    doors: Doors, client: httpx.AsyncClient, database: Database, vault: Vault, tenant: Tenant, clock: ManualClock
) -> None:
    told = await tell_firing(database, tenant.scope, at=clock.now())
    made = await doors.technician.post("/api/tokens", {"scopes": ["incident.bulk", "incident.acknowledge"]}, 201)
    narrow = Door(client, {"Authorization": f"Bearer {made['token']}"})
    ids = [str(told.incident_id)]
    await narrow.post("/api/incidents/bulk", {"act": "resolve", "incident_ids": ids}, 403)
    [done] = (await narrow.post("/api/incidents/bulk", {"act": "acknowledge", "incident_ids": ids}))["items"]
    assert done["done"]


async def _change(database: Database, tenant: Tenant, told: Told, change: str) -> None:
    async with database.unit_of_work(tenant.scope) as unit:
        await unit.connection.execute(
            f"UPDATE incident_state SET {change} WHERE company_id = $1 AND incident_id = $2",  # noqa: S608
            *(unit.company_id, told.incident_id),
        )


def _soon() -> datetime:
    return datetime.now(UTC).replace(hour=12, minute=0, second=0, microsecond=0)
