"""Reports from the question to the file, through the API: made once, kept, taken by whoever may, gone when removed."""

import asyncio
import csv
import io
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from alertwhisperer.domain.company import Scope
from alertwhisperer.domain.errors import Permanent
from alertwhisperer.domain.report import Format
from alertwhisperer.domain.severity import Severity
from alertwhisperer.kit.clock import ManualClock
from alertwhisperer.reports.asking import MOST_WAITING
from alertwhisperer.reports.facts import Facts
from alertwhisperer.reports.making import LEASE, MOST_TRIES, make_next
from alertwhisperer.reports.printing import print_file
from alertwhisperer.reports.schedules import ask_due
from alertwhisperer.store import due, reports
from alertwhisperer.store.database import Connection, Database
from tests.api.conftest import Doors, path_of
from tests.api.rows import tell_firing
from tests.conftest import Tenant
from tests.database import Migrated


async def make_all(database: Database, clock: ManualClock) -> None:
    """Make whatever waits, as a server does."""
    while await make_next(database, print_file, clock=clock):
        pass


async def ask_all(database: Database, clock: ManualClock) -> None:
    """Let every schedule ask that is due, as a server does."""
    while True:
        async with due.take(database, due.REPORT_SCHEDULE, now=clock.now()) as work:
            if work is None:
                return
            await ask_due(work, now=clock.now())


async def file_of(doors: Doors, tenant: Tenant, report_id: str) -> bytes:
    """The file as a technician takes it."""
    door = doors.technician
    answer = await door.client.get(path_of(tenant.id, f"reports/{report_id}/file"), headers=dict(door.headers))
    assert answer.status_code == 200, answer.text
    return answer.content


async def rows_of(doors: Doors, tenant: Tenant, report_id: str) -> list[dict[str, str]]:
    """The rows of a CSV file."""
    return list(csv.DictReader(io.StringIO((await file_of(doors, tenant, report_id)).decode("utf-8-sig"))))


async def test_a_report_is_asked_for_made_once_and_taken(
    doors: Doors, database: Database, tenant: Tenant, clock: ManualClock
) -> None:
    at = clock.now() - timedelta(days=1)
    for place in range(3):
        moment = at + timedelta(minutes=place)
        ended = moment + timedelta(minutes=10) if place else None
        await tell_firing(database, tenant.scope, at=moment, asset=f"db-{place}", repeats=4, ended_at=ended)
    path = path_of(tenant.id, "reports")
    period = {"from": (at - timedelta(hours=1)).isoformat(), "to": clock.now().isoformat()}
    asked = await doors.technician.post(path, {**period, "format": "pdf"}, 201)
    assert (asked["status"], asked["made_at"], asked["bytes"], asked["sha256"]) == ("queued", None, None, None)
    await doors.technician.get(f"{path}/{asked['id']}/file", 409)

    clock.advance(timedelta(seconds=1))
    await make_all(database, clock)
    shown = await doors.technician.get(f"{path}/{asked['id']}")
    assert await doors.technician.get(path) == {"items": [shown], "next": None}
    assert (shown["status"], shown["period"], shown["by"]) == ("made", "custom", shown["by"])
    body = await file_of(doors, tenant, asked["id"])
    assert body.startswith(b"%PDF-")
    assert (len(body), sha256(body).hexdigest()) == (shown["bytes"], shown["sha256"])

    entries = (await doors.company_admin.get(path_of(tenant.id, "audit"), resource_id=asked["id"]))["items"]
    assert [(one["action"], one["actor"]) for one in entries] == [
        ("report_made", "timer"),
        ("report_asked", shown["by"]),
    ]
    assert entries[0]["detail"]["sha256"] == shown["sha256"]


async def test_rows_agree_with_the_figures(
    doors: Doors, database: Database, tenant: Tenant, clock: ManualClock
) -> None:
    now = clock.now()
    inside, outside = now - timedelta(days=1), now - timedelta(days=9)
    await tell_firing(database, tenant.scope, at=inside, asset="a", ended_at=inside + timedelta(minutes=30))
    await tell_firing(database, tenant.scope, at=inside, asset="b", severity=Severity.LOW, repeats=5)
    await tell_firing(database, tenant.scope, at=outside, asset="c", ended_at=inside)  # resolved in the period
    await tell_firing(database, tenant.scope, at=outside, asset="d", ended_at=outside)
    await tell_firing(database, tenant.scope, at=inside, asset="e", forming=True)
    period = {"from": (now - timedelta(days=2)).isoformat(), "to": now.isoformat()}
    path = path_of(tenant.id, "reports")
    ids = [
        (await doors.technician.post(path, {**period, "format": "csv", "sections": [one]}, 201))["id"]
        for one in ("incidents", "trend", "checks")
    ]
    await make_all(database, clock)
    incidents, trend, checks = [await rows_of(doors, tenant, one) for one in ids]
    kpis = await doors.technician.get(path_of(tenant.id, "kpis"), **period)
    assert [row["title"] for row in incidents] == ["DiskFull on c", "DiskFull on a", "DiskFull on b"]
    assert sum(row["counts_in_total_incidents"] == "yes" for row in incidents) == kpis["total_incidents"] == 2
    taken = [float(row["minutes_to_resolve"]) for row in incidents if row["counts_in_mttr"] == "yes"]
    assert round(sum(taken) / len(taken), 2) == kpis["mttr_minutes"]
    assert sum(int(row["total_alerts"]) for row in trend) == kpis["total_alerts"]
    assert [(row["asset"], row["firing_occurrences"]) for row in checks] == [("b", "6"), ("a", "1"), ("e", "1")]


async def test_another_companys_rows_are_in_no_report(
    doors: Doors, database: Database, tenant: Tenant, clock: ManualClock, make_company: Any
) -> None:
    other = await make_company("Other Two")
    at = clock.now() - timedelta(hours=3)
    await tell_firing(database, other.scope, at=at, asset="theirs", ended_at=at + timedelta(minutes=1))
    await tell_firing(database, tenant.scope, at=at, asset="ours")
    period = {"from": (at - timedelta(hours=1)).isoformat(), "to": clock.now().isoformat()}
    path = path_of(tenant.id, "reports")
    asked = [
        await doors.technician.post(path, {**period, "format": "csv", "sections": [one]}, 201)
        for one in ("incidents", "checks", "trend")
    ]
    await make_all(database, clock)
    for one in asked:
        assert b"theirs" not in await file_of(doors, tenant, one["id"])
    assert [row["title"] for row in await rows_of(doors, tenant, asked[0]["id"])] == ["DiskFull on ours"]
    for method in ("GET", "DELETE"):
        await doors.stranger.ask(method, f"{path}/{asked[0]['id']}", 404)
    await doors.stranger.get(f"{path}/{asked[0]['id']}/file", 404)
    await doors.admin.get(path_of(other.id, f"reports/{asked[0]['id']}/file"), 404)


async def test_what_is_of_no_use_is_refused_with_a_reason(doors: Doors, tenant: Tenant, clock: ManualClock) -> None:
    path = path_of(tenant.id, "reports")
    now = clock.now()
    tomorrow, yesterday = (now + timedelta(days=1)).isoformat(), (now - timedelta(days=1)).isoformat()
    for body, where in (
        ({}, "period"),
        ({"from": yesterday}, "period"),
        ({"period": "last_month", "from": yesterday, "to": now.isoformat()}, "period"),
        ({"from": yesterday, "to": tomorrow}, "to"),
        ({"from": now.isoformat(), "to": yesterday}, "from"),
        ({"period": "last_week", "format": "csv", "sections": ["figures"]}, "sections"),
        ({"period": "last_week", "format": "csv", "sections": ["trend", "checks"]}, "sections"),
        ({"period": "last_week", "format": "docx"}, "body.format"),
        ({"period": "next_week"}, "body.period"),
        ({"period": "last_week", "sections": ["everything"]}, "body.sections[0]"),
    ):
        answer = await doors.technician.post(path, body, 422)
        assert answer["where"] == where, answer


async def test_a_company_cannot_fill_the_queue(
    doors: Doors, database: Database, tenant: Tenant, clock: ManualClock
) -> None:
    path = path_of(tenant.id, "reports")
    for _ in range(MOST_WAITING):
        await doors.technician.post(path, {"period": "last_week", "format": "csv"}, 201)
    assert "wait" in (await doors.technician.post(path, {"period": "last_week"}, 409))["detail"]
    await make_all(database, clock)
    await doors.technician.post(path, {"period": "last_week"}, 201)


async def test_a_removed_report_is_gone_and_is_not_made(
    doors: Doors, database: Database, tenant: Tenant, clock: ManualClock
) -> None:
    path = path_of(tenant.id, "reports")
    asked = await doors.technician.post(path, {"period": "last_week"}, 201)
    await doors.technician.ask("DELETE", f"{path}/{asked['id']}", 403)
    await doors.company_admin.ask("DELETE", f"{path}/{asked['id']}", 204)
    await make_all(database, clock)
    await doors.technician.get(f"{path}/{asked['id']}", 404)
    await doors.company_admin.ask("DELETE", f"{path}/{asked['id']}", 404)


async def test_a_report_that_cannot_be_made_says_why_and_is_not_tried_again(
    doors: Doors, database: Database, tenant: Tenant, clock: ManualClock
) -> None:
    async def refuse(facts: Facts, form: Format) -> bytes:
        raise Permanent("it took too long")

    path = path_of(tenant.id, "reports")
    asked = await doors.technician.post(path, {"period": "last_week"}, 201)
    while await make_next(database, refuse, clock=clock):
        pass
    shown = await doors.technician.get(f"{path}/{asked['id']}")
    assert (shown["status"], shown["problem"], shown["made_at"]) == ("failed", "it took too long", None)
    assert (await doors.technician.get(f"{path}/{asked['id']}/file", 409))["detail"] == "it took too long"
    clock.advance(LEASE)
    await make_all(database, clock)
    assert await doors.technician.get(f"{path}/{asked['id']}") == shown


async def test_whoever_dies_over_a_report_leaves_it_to_the_next(
    doors: Doors, database: Database, tenant: Tenant, clock: ManualClock
) -> None:
    begun = 0

    async def die(facts: Facts, form: Format) -> bytes:
        nonlocal begun
        begun += 1
        raise asyncio.CancelledError  # what a process that is killed leaves: the lease, and nothing else

    path = path_of(tenant.id, "reports")
    asked = await doors.technician.post(path, {"period": "last_week"}, 201)
    with pytest.raises(asyncio.CancelledError):
        await make_next(database, die, clock=clock)
    await make_all(database, clock)
    assert (await doors.technician.get(f"{path}/{asked['id']}"))["status"] == "queued"  # it is leased
    clock.advance(LEASE)
    await make_all(database, clock)
    assert (await doors.technician.get(f"{path}/{asked['id']}"))["status"] == "made"
    assert begun == 1


async def test_what_kills_every_server_is_given_up(
    doors: Doors, database: Database, tenant: Tenant, clock: ManualClock
) -> None:
    async def die(facts: Facts, form: Format) -> bytes:
        raise asyncio.CancelledError

    path = path_of(tenant.id, "reports")
    asked = await doors.technician.post(path, {"period": "last_week"}, 201)
    for _ in range(MOST_TRIES):
        with pytest.raises(asyncio.CancelledError):
            await make_next(database, die, clock=clock)
        clock.advance(LEASE)
    await make_all(database, clock)
    shown = await doors.technician.get(f"{path}/{asked['id']}")
    assert (shown["status"], f"{MOST_TRIES} times" in shown["problem"]) == ("failed", True)


async def test_two_who_make_one_report_keep_one_file(
    doors: Doors, database: Database, tenant: Tenant, clock: ManualClock
) -> None:
    """A lease that ran out while its holder still worked: the second file is not kept, and there is one entry."""
    path = path_of(tenant.id, "reports")
    asked = await doors.technician.post(path, {"period": "last_week", "format": "csv"}, 201)
    made: list[bytes] = []

    async def slow(facts: Facts, form: Format) -> bytes:
        clock.advance(LEASE)
        await make_all(database, clock)  # another takes it meanwhile
        made.append(b"late")
        return b"late"

    assert await make_next(database, slow, clock=clock)
    assert made == [b"late"]
    assert await file_of(doors, tenant, asked["id"]) != b"late"
    entries = (await doors.company_admin.get(path_of(tenant.id, "audit"), resource_id=asked["id"]))["items"]
    assert [one["action"] for one in entries] == ["report_made", "report_asked"]


async def test_a_schedule_asks_once_for_each_of_its_months_over_a_long_night(
    doors: Doors, database: Database, tenant: Tenant, clock: ManualClock
) -> None:
    await doors.admin.ask("PATCH", path_of(tenant.id), 200, json={"time_zone": "Europe/Berlin"})
    path = path_of(tenant.id, "report-schedules")
    added = await doors.technician.post(
        path, {"name": "Monthly", "every": "month", "day": 2, "hour": 7, "formats": ["csv", "pdf"]}, 201
    )
    assert (added["zone"], added["formats"], added["last_at"]) == ("Europe/Berlin", ["pdf", "csv"], None)
    first = datetime.fromisoformat(added["next_at"])
    clock.advance(first - clock.now() - timedelta(seconds=1))
    await ask_all(database, clock)
    assert (await doors.technician.get(path_of(tenant.id, "reports")))["items"] == []

    clock.advance(timedelta(days=45))  # no server ran
    await ask_all(database, clock)
    await ask_all(database, clock)
    found = (await doors.technician.get(path_of(tenant.id, "reports")))["items"]
    assert len(found) == 2 * 2
    assert {(one["by"], one["schedule_id"], one["period"]) for one in found} == {("timer", added["id"], "last_month")}
    spans = sorted({(one["from"], one["to"]) for one in found})
    assert spans[0][1] == spans[1][0]
    assert datetime.fromisoformat(spans[0][1]) < first
    (shown,) = (await doors.technician.get(path))["items"]
    assert datetime.fromisoformat(shown["next_at"]) > clock.now()
    assert shown["last_at"] is not None


async def test_a_schedule_is_changed_and_removed(
    doors: Doors, database: Database, tenant: Tenant, clock: ManualClock
) -> None:
    path = path_of(tenant.id, "report-schedules")
    added = await doors.technician.post(path, {"name": "Weekly", "every": "week", "zone": "UTC"}, 201)
    clock.advance(timedelta(seconds=1))
    changed = await doors.technician.ask("PATCH", f"{path}/{added['id']}", 200, json={"day": 3, "hour": 9})
    assert datetime.fromisoformat(changed["next_at"]).strftime("%a %H") == "Wed 09"
    assert (changed["name"], changed["formats"]) == ("Weekly", ["pdf"])
    refused: list[dict[str, object]] = [{"day": 8}, {"hour": 24}, {"zone": "Mars/Base"}, {"formats": []}, {"name": " "}]
    for wrong in refused:
        await doors.technician.ask("PATCH", f"{path}/{added['id']}", 422, json=wrong)
    await doors.stranger.ask("PATCH", f"{path}/{added['id']}", 404, json={"day": 4})
    clock.advance(timedelta(seconds=1))
    await doors.technician.ask("DELETE", f"{path}/{added['id']}", 204)
    clock.advance(timedelta(days=9))
    await ask_all(database, clock)
    assert (await doors.technician.get(path_of(tenant.id, "reports")))["items"] == []
    await doors.technician.ask("DELETE", f"{path}/{added['id']}", 404)
    entries = (await doors.company_admin.get(path_of(tenant.id, "audit"), resource_id=added["id"]))["items"]
    assert [one["action"] for one in entries] == [
        *("report_schedule_removed", "report_schedule_changed", "report_schedule_added"),
    ]
    assert entries[1]["detail"] == {"day": [1, 3], "hour": [6, 9]}


async def test_old_reports_are_dropped(doors: Doors, database: Database, tenant: Tenant, clock: ManualClock) -> None:
    path = path_of(tenant.id, "reports")
    old = await doors.technician.post(path, {"period": "last_week", "format": "csv"}, 201)
    clock.advance(timedelta(days=2))
    young = await doors.technician.post(path, {"period": "last_week", "format": "csv"}, 201)
    async with database.unit_of_work(tenant.scope) as unit:
        assert await reports.remove_before(unit, clock.now() - timedelta(days=1)) == 1
    assert [one["id"] for one in (await doors.technician.get(path))["items"]] == [young["id"]]
    await make_all(database, clock)  # the work for the one that is gone is done as well
    await doors.technician.get(f"{path}/{old['id']}", 404)


@asynccontextmanager
async def owner_of(migrated: Migrated) -> AsyncIterator[Connection]:
    """A connection of the schema's owner."""
    connection = await asyncpg.connect(migrated.owner_dsn, timeout=10)
    try:
        yield connection
    finally:
        await connection.close()


async def test_what_was_asked_for_can_never_be_changed(
    doors: Doors, database: Database, tenant: Tenant, migrated: Migrated
) -> None:
    asked = await doors.technician.post(path_of(tenant.id, "reports"), {"period": "last_week"}, 201)
    async with database.unit_of_work(Scope(tenant.id, "test")) as unit:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await unit.connection.execute(
                "UPDATE report SET starts_at = ends_at - interval '1 day' WHERE report_id = $1", UUID(asked["id"])
            )
    async with owner_of(migrated) as owner:
        with pytest.raises(asyncpg.CheckViolationError):
            await owner.execute("UPDATE report SET state = 'made' WHERE report_id = $1", UUID(asked["id"]))
