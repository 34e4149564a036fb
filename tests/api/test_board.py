"""The board: every company that one serves in its fixed place, what burns in it, and what is unusual there."""

from datetime import timedelta
from typing import Any

import pytest

from alertwhisperer.correlate import acts
from alertwhisperer.domain.company import Scope
from alertwhisperer.domain.severity import Severity
from alertwhisperer.kit.clock import ManualClock
from alertwhisperer.shift.board import Band, band
from alertwhisperer.store.database import Database
from tests.api.conftest import Door, Doors
from tests.api.rows import count, tell_firing
from tests.conftest import MakeCompany, Tenant
from tests.guard.asking import ask_something
from tests.inventory.furnishing import furnish


async def card_of(door: Door, tenant: Tenant) -> dict[str, Any]:
    found = await door.get("/api/board")
    [card] = [one for one in found["companies"] if one["id"] == str(tenant.id)]
    assert isinstance(card, dict)
    return card


async def test_a_card_shows_the_worst_first_and_counts_the_rest(
    doors: Doors, database: Database, tenant: Tenant, clock: ManualClock
) -> None:
    told = []
    for minutes, severity in enumerate((Severity.LOW, Severity.CRITICAL, Severity.CRITICAL, Severity.HIGH)):
        at = clock.now() - timedelta(minutes=30 - minutes)
        told.append(await tell_firing(database, tenant.scope, at=at, asset=f"db-0{minutes}", severity=severity))
    async with database.unit_of_work(Scope(tenant.id, "kim@example.org")) as unit:
        await acts.acknowledge(unit, told[1].incident_id, now=clock.now())
    card = await card_of(doors.technician, tenant)
    assert card["by_severity"] == {"critical": 2, "high": 1, "low": 1}
    assert card["critical_needs_ack"] == 1
    assert [(one["id"], one["asset"], one["state"]) for one in card["incidents"]] == [
        (str(told[1].incident_id), "db-01", "acknowledged"),
        (str(told[2].incident_id), "db-02", "needs_ack"),
        (str(told[3].incident_id), "db-03", "needs_ack"),
    ]
    strip = (await doors.technician.get("/api/board"))["strip"]
    assert [(one["id"], one["company"]) for one in strip["criticals_needs_ack"]] == [
        (str(told[2].incident_id), tenant.company.name)
    ]


async def test_cards_stand_by_name_and_of_the_companies_that_one_serves(
    doors: Doors, tenant: Tenant, make_company: MakeCompany
) -> None:
    other = await make_company("aaa")
    mine = await doors.technician.get("/api/board")
    assert [one["id"] for one in mine["companies"]] == [str(tenant.id)]
    all_of_them = (await doors.admin.get("/api/board"))["companies"]
    names = [one["name"].lower() for one in all_of_them]
    assert names == sorted(names)
    assert {str(tenant.id), str(other.id)} <= {one["id"] for one in all_of_them}


async def test_bars_are_the_last_hour_in_steps_of_three_minutes(
    doors: Doors, database: Database, tenant: Tenant, clock: ManualClock
) -> None:
    clock.advance(timedelta(seconds=10))
    async with database.unit_of_work(tenant.scope) as unit:
        for seconds, new in ((5, 2), (30, 1), (4 * 60, 7), (70 * 60, 50)):
            await count(unit, at=clock.now() - timedelta(seconds=seconds), new=new)
        await count(unit, at=clock.now(), resolve=5)  # nothing that fires
    card = await card_of(doors.technician, tenant)
    assert card["bars"] == [0] * 18 + [7, 3]
    assert card["alerts_last_hour"] == 10
    assert card["last_alert_at"] == (clock.now() - timedelta(seconds=5)).isoformat().replace("+00:00", "Z")


async def test_nothing_is_usual_before_a_week_and_then_the_same_hours_say_what_is(
    doors: Doors, database: Database, tenant: Tenant, clock: ManualClock
) -> None:
    async with database.unit_of_work(tenant.scope) as unit:
        for days in range(1, 7):
            await count(unit, at=clock.now() - timedelta(days=days), new=20)
    assert (await card_of(doors.technician, tenant))["usual"] is None
    async with database.unit_of_work(tenant.scope) as unit:
        for days in range(7, 11):
            await count(unit, at=clock.now() + timedelta(minutes=59) - timedelta(days=days), new=60)
            await count(unit, at=clock.now() + timedelta(minutes=61) - timedelta(days=days), new=999)  # another hour
    assert (await card_of(doors.technician, tenant))["usual"] == {"low": 1.0, "high": 3.0}


@pytest.mark.parametrize(
    ("counts", "days", "expected"),
    [
        ([60] * 6, 6, None),
        ([], 7, Band(0, 0)),
        ([20] * 28, 28, Band(1, 1)),
        ([2000, *[20] * 27], 28, Band(1, 1)),  # one odd day makes nothing usual
        ([20] * 14, 28, Band(0, 1)),
    ],
)
def test_one_hour_in_ten_is_below_the_band_and_one_above(counts: list[int], days: int, expected: Band | None) -> None:
    assert band(counts, days=days) == expected


async def test_what_is_silent_burns_too(doors: Doors, database: Database, tenant: Tenant, clock: ManualClock) -> None:
    since = clock.now() - timedelta(minutes=40)
    async with database.unit_of_work(tenant.scope) as unit:
        await unit.connection.execute(
            "UPDATE silence_check SET state = 'silent', mode = 'set', interval_s = 300, quiet_since = $2"
            " WHERE company_id = $1",
            *(tenant.id, since),
        )
    shown = (await doors.technician.get("/api/board"))["strip"]["silent"]
    assert shown == [
        {
            "integration": tenant.integration.name,
            "since": since.isoformat().replace("+00:00", "Z"),
            "company_id": str(tenant.id),
            "company": tenant.company.name,
            "usually": 300,
        }
    ]
    assert [one["integration"] for one in (await card_of(doors.technician, tenant))["silent"]] == [
        tenant.integration.name
    ]


async def test_questions_that_wait_are_counted_until_they_lapse(
    doors: Doors, database: Database, tenant: Tenant, clock: ManualClock
) -> None:
    inventory = await furnish(database, tenant.scope, now=clock.now())
    await ask_something(database, tenant.scope, inventory["asset_id"], now=clock.now())
    asked = (await doors.technician.get("/api/board"))["strip"]["approvals"]
    lapses = clock.now() + timedelta(hours=1)
    assert asked == {"count": 1, "first_expires_at": lapses.isoformat().replace("+00:00", "Z")}
    clock.advance(timedelta(hours=1))
    asked = (await doors.technician.get("/api/board"))["strip"]["approvals"]
    assert asked == {"count": 0, "first_expires_at": None}


async def test_a_reader_has_no_board(doors: Doors) -> None:
    await doors.nobody.get("/api/board", 401)
