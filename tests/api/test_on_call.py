"""On call: one call says who, now or at any time; what is said counts from then on, and the past stays as it was."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from icalendar import Calendar

from alertwhisperer.api.desk import CALENDARS_PER_MINUTE
from alertwhisperer.domain.audit import AuditAction
from alertwhisperer.domain.company import INSTALLATION, CompanyId, Scope
from alertwhisperer.domain.user import Role, User
from alertwhisperer.guard.offboard import offboard
from alertwhisperer.guard.people import add_user
from alertwhisperer.guard.tokens import add_token
from alertwhisperer.guard.vault import Vault
from alertwhisperer.kit.clock import ManualClock
from alertwhisperer.store import audit
from alertwhisperer.store.database import Database
from tests.api.conftest import Door, Doors, path_of
from tests.conftest import MakeCompany, Tenant

BERLIN = ZoneInfo("Europe/Berlin")
DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody with a door of their own."""

    user: User
    door: Door

    @property
    def email(self) -> str:
        return self.user.email


@dataclass(frozen=True, slots=True)
class Team:
    """
    Two companies and those who work for them.

    Attributes:
        boss: an MSP admin; kim, lee: technicians of both companies; customer: the first company's admin; reader: of the
            first, calls nobody; stranger: a technician of the second alone.
    """

    first: Tenant
    second: Tenant
    boss: Person
    kim: Person
    lee: Person
    customer: Person
    reader: Person
    stranger: Person


@pytest.fixture
async def team(
    database: Database, vault: Vault, clock: ManualClock, doors: Doors, tenant: Tenant, make_company: MakeCompany
) -> Team:
    second = await make_company("Second")

    async def person(name: str, role: Role, *companies: CompanyId) -> Person:
        by = Scope(INSTALLATION, "test")
        user = await add_user(database, by, f"{name}.of.{tenant.id.hex}@example.org", role, companies, now=clock.now())
        made = await add_token(database, vault, by, user.email, now=clock.now())
        return Person(user, Door(doors.nobody.client, {"Authorization": f"Bearer {made.token}"}))

    both = (tenant.id, second.id)
    return Team(
        tenant,
        second,
        boss=await person("chief", Role.MSP_ADMIN),
        kim=await person("kim", Role.TECHNICIAN, *both),
        lee=await person("lee", Role.TECHNICIAN, *both),
        customer=await person("customer", Role.COMPANY_ADMIN, tenant.id),
        reader=await person("reader", Role.READER, tenant.id),
        stranger=await person("stranger", Role.TECHNICIAN, second.id),
    )


def plan(clock: ManualClock, *people: Person, **more: Any) -> dict[str, Any]:
    """A daily rotation that hands over at eight, from the day before yesterday."""
    begun = (clock.now().astimezone(BERLIN).date() - 2 * DAY).isoformat()
    layer = {
        "name": "days",
        "people": [one.email for one in people],
        "unit": "day",
        "starts_on": begun,
        "hand_over": "08:00",
    }
    return {"name": "Nights", "time_zone": "Europe/Berlin", "layers": [{**layer, **more.pop("layer", {})}], **more}


async def own_schedule(team: Team, clock: ManualClock, *people: Person, **more: Any) -> Any:
    """One of the first company's, made by its own admin."""
    body = plan(clock, *(people or (team.kim, team.lee)), **more) | {"company_id": str(team.first.id)}
    return await team.customer.door.post("/api/on-call/schedules", body, 201)


async def msp_schedule(team: Team, clock: ManualClock, *people: Person, **more: Any) -> Any:
    """One of the MSP for both companies."""
    serves = {"company_ids": [str(team.first.id), str(team.second.id)]}
    body = plan(clock, *(people or (team.kim, team.lee)), **more) | {"serves": serves}
    return await team.boss.door.post("/api/on-call/schedules", body, 201)


async def says(door: Door, schedule: Any, company: Tenant, at: datetime | None = None) -> Any:
    """What a schedule answers for a company; None when it is not among those that answer."""
    when = {} if at is None else {"at": at.isoformat()}
    [found] = (await door.get("/api/on-call", company=str(company.id), **when))["items"]
    return next((one for one in found["schedules"] if one["schedule_id"] == schedule["id"]), None)


async def line(door: Door, schedule: Any, start: datetime, end: datetime) -> list[tuple[Any, Any, Any]]:
    found = await door.get(path(schedule, "calendar"), **{"from": start.isoformat(), "to": end.isoformat()})
    return [(one["from"], one["to"], one["on_call"]) for one in found["stretches"]]


def path(schedule: Any, *rest: str) -> str:
    return "/".join(("/api/on-call/schedules", schedule["id"], *rest))


def shown(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def eight(clock: ManualClock, days: int = 0) -> datetime:
    """Eight o'clock in Berlin, today or some days later."""
    day = clock.now().astimezone(BERLIN).date() + days * DAY
    return datetime(day.year, day.month, day.day, 8, tzinfo=BERLIN)


# ------------------------------------------------------------------------------------------------ who, and why


async def test_one_call_says_who_is_on_call_and_why(team: Team, clock: ManualClock) -> None:
    schedule = await own_schedule(team, clock)
    [found] = (await team.kim.door.get("/api/on-call", company=str(team.first.id)))["items"]
    # It was made a moment ago, so before there was nothing.
    assert (found["company"], found["on_call"]) == ("Acme", team.kim.email)
    assert found["until"] == shown(eight(clock, 1))
    [one] = found["schedules"][:1]
    assert (one["schedule_id"], one["near"], one["next"]) == (schedule["id"], "own", team.lee.email)
    assert "daily rotation 'days'" in one["why"]
    assert "Europe/Berlin" in one["why"]
    assert one["layers"][0]["wins"] is True
    assert one["layers"][0]["since"] == shown(eight(clock))


async def test_any_time_can_be_asked_for(team: Team, clock: ManualClock) -> None:
    schedule = await own_schedule(team, clock)
    tomorrow = await says(team.kim.door, schedule, team.first, eight(clock, 1) + timedelta(hours=1))
    assert tomorrow["on_call"] == team.lee.email
    assert await says(team.kim.door, schedule, team.first, clock.now() - timedelta(hours=1)) is None


async def test_a_company_asks_for_itself(team: Team, clock: ManualClock) -> None:
    await own_schedule(team, clock)
    found = await team.customer.door.get(path_of(team.first.id, "on-call"))
    assert found["on_call"] == team.kim.email
    await team.stranger.door.get(path_of(team.first.id, "on-call"), 404)
    await team.reader.door.get(path_of(team.first.id, "on-call"), 403)


async def test_somebody_who_does_not_serve_the_company_is_not_its_answer(team: Team, clock: ManualClock) -> None:
    schedule = await msp_schedule(team, clock, team.stranger)
    one = await says(team.boss.door, schedule, team.first)
    assert (one["on_call"], one["serves_company"]) == (team.stranger.email, False)
    [found] = (await team.boss.door.get("/api/on-call", company=str(team.first.id)))["items"]
    assert found["on_call"] != team.stranger.email
    assert (await says(team.boss.door, schedule, team.second))["serves_company"] is True


async def test_the_companys_own_schedule_is_nearer_than_the_msps(team: Team, clock: ManualClock) -> None:
    msp = await msp_schedule(team, clock, team.lee)
    own = await own_schedule(team, clock, team.kim)
    [found] = (await team.boss.door.get("/api/on-call", company=str(team.first.id)))["items"]
    assert found["on_call"] == team.kim.email
    near = {one["schedule_id"]: one["near"] for one in found["schedules"]}
    assert (near[own["id"]], near[msp["id"]]) == ("own", "named")


async def test_a_schedule_for_everybody_serves_every_company(team: Team, clock: ManualClock) -> None:
    body = plan(clock, team.kim) | {"serves": {"everybody": True}}
    schedule = await team.boss.door.post("/api/on-call/schedules", body, 201)
    try:
        assert (await says(team.kim.door, schedule, team.second))["near"] == "everybody"
    finally:
        await team.boss.door.ask("DELETE", path(schedule), 204)


async def test_a_later_layer_wins_in_its_hours(team: Team, clock: ManualClock) -> None:
    base = plan(clock, team.kim)
    nights = {**base["layers"][0], "name": "evenings", "people": [team.lee.email]}
    nights["hours"] = [{"days": list(range(7)), "from": "18:00", "to": "08:00"}]
    body = {**base, "layers": [*base["layers"], nights], "company_id": str(team.first.id)}
    schedule = await team.customer.door.post("/api/on-call/schedules", body, 201)
    noon = await says(team.kim.door, schedule, team.first)
    assert noon["on_call"] == team.kim.email
    assert [one["idle"] for one in noon["layers"]] == [None, "outside_hours"]
    night = await says(team.kim.door, schedule, team.first, eight(clock) + timedelta(hours=12))
    assert (night["on_call"], night["next"]) == (team.lee.email, team.kim.email)


async def test_gaps_are_shown_in_advance(team: Team, clock: ManualClock) -> None:
    weekdays = {"hours": [{"days": list(range(7)), "from": "08:00", "to": "20:00"}]}
    schedule = await own_schedule(team, clock, layer=weekdays)
    found = [
        one
        for one in (await team.kim.door.get("/api/on-call/gaps", days=3))["items"]
        if one["schedule_id"] == schedule["id"]
    ]
    assert next((one["from"], one["to"]) for one in found) == (
        shown(eight(clock) + timedelta(hours=12)),
        shown(eight(clock, 1)),
    )
    assert len(found) == 3
    assert found[0]["company"] == "Acme"


# ------------------------------------------------------------------------------------------------ the past stays


async def test_what_is_changed_holds_from_now_on_and_the_past_answers_as_it_was(team: Team, clock: ManualClock) -> None:
    schedule = await own_schedule(team, clock, team.kim)
    first = clock.now()
    clock.advance(timedelta(hours=1))
    body = plan(clock, team.lee, name="New") | {"version": 1}
    changed = await team.customer.door.ask("PUT", path(schedule), 200, json=body)
    assert (changed["version"], changed["name"]) == (2, "New")
    clock.advance(timedelta(hours=1))
    assert (await says(team.kim.door, schedule, team.first, first))["on_call"] == team.kim.email
    assert (await says(team.kim.door, schedule, team.first))["on_call"] == team.lee.email
    history = (await team.kim.door.get(path(schedule, "history")))["items"]
    assert [(one["version"], one["name"]) for one in history] == [(2, "New"), (1, "Nights")]
    assert history[1]["holds_until"] == history[0]["holds_from"]


async def test_two_who_change_it_at_once_do_not_overwrite_each_other(team: Team, clock: ManualClock) -> None:
    schedule = await own_schedule(team, clock, team.kim)
    body = plan(clock, team.lee) | {"version": 1}
    await team.customer.door.ask("PUT", path(schedule), 200, json=body)
    await team.boss.door.ask("PUT", path(schedule), 409, json=plan(clock, team.kim, team.lee) | {"version": 1})


async def test_a_removed_schedule_says_nothing_any_more_and_its_past_stays(team: Team, clock: ManualClock) -> None:
    schedule = await own_schedule(team, clock, team.kim)
    then = clock.now()
    clock.advance(timedelta(hours=1))
    await team.customer.door.ask("DELETE", path(schedule), 204)
    clock.advance(timedelta(hours=1))
    assert await says(team.kim.door, schedule, team.first) is None
    assert (await says(team.kim.door, schedule, team.first, then))["on_call"] == team.kim.email
    await team.kim.door.get(path(schedule), 404)
    assert (await team.kim.door.get(path(schedule, "history")))["items"][0]["removed"] is True
    listed = (await team.kim.door.get("/api/on-call/schedules"))["items"]
    assert schedule["id"] not in {one["id"] for one in listed}


async def test_who_is_removed_leaves_a_gap_and_was_there_before(
    team: Team, clock: ManualClock, database: Database
) -> None:
    schedule = await own_schedule(team, clock, team.kim)
    then = clock.now()
    await team.kim.door.post("/api/on-call/feeds", {}, 201)
    clock.advance(timedelta(hours=1))
    left = await offboard(database, Scope(INSTALLATION, "test"), team.kim.user.id, now=clock.now(), why="left")
    held = {one.kind: one.count for one in left.held}
    assert (held["on-call schedules with turns"], held["calendar addresses"]) == (1, 1)
    clock.advance(timedelta(hours=1))
    now = await says(team.boss.door, schedule, team.first)
    assert (now["on_call"], now["layers"][0]["idle"]) == (None, "gone")
    assert (await says(team.boss.door, schedule, team.first, then))["on_call"] == team.kim.email


# ------------------------------------------------------------------------------------------------ overrides


async def test_a_technician_takes_a_stretch_and_gives_it_back(team: Team, clock: ManualClock) -> None:
    schedule = await own_schedule(team, clock, team.kim)
    until = clock.now() + timedelta(hours=6)
    made = await team.lee.door.post(
        path(schedule, "overrides"), {"to": until.isoformat(), "reason": "Kim is at the dentist."}, 201
    )
    assert (made["who"], made["may_withdraw"]) == (team.lee.email, True)
    now = await says(team.kim.door, schedule, team.first)
    assert (now["on_call"], now["until"], now["next"]) == (team.lee.email, shown(until), team.kim.email)
    assert f"because of an override by {team.lee.email} (Kim is at the dentist.)" in now["why"]
    clock.advance(timedelta(hours=2))
    await team.lee.door.post(f"/api/on-call/changes/{made['id']}/withdraw", None)
    assert (await says(team.kim.door, schedule, team.first))["on_call"] == team.kim.email
    # What has been stays as it was.
    then = await says(team.kim.door, schedule, team.first, clock.now() - timedelta(hours=1))
    assert then["on_call"] == team.lee.email


async def test_only_an_admin_puts_somebody_else_there(team: Team, clock: ManualClock) -> None:
    schedule = await own_schedule(team, clock, team.kim)
    body = {"to": (clock.now() + DAY).isoformat(), "who": team.lee.email}
    await team.kim.door.post(path(schedule, "overrides"), body, 403)
    made = await team.customer.door.post(path(schedule, "overrides"), body, 201)
    await team.lee.door.post(f"/api/on-call/changes/{made['id']}/withdraw", None, 403)
    assert (await says(team.kim.door, schedule, team.first))["on_call"] == team.lee.email


async def test_nobody_is_put_there_who_cannot_be_called(team: Team, clock: ManualClock) -> None:
    schedule = await own_schedule(team, clock, team.kim)
    until = (clock.now() + DAY).isoformat()
    refusals = [
        await team.customer.door.post(path(schedule, "overrides"), {"to": until, "who": who}, 422)
        for who in (team.stranger.email, team.reader.email, "nobody@example.org")
    ]
    # One answer for all, so that nobody learns who else there is.
    assert len({one["detail"].partition("' ")[2] for one in refusals}) == 1


async def test_the_past_cannot_be_changed(team: Team, clock: ManualClock) -> None:
    schedule = await own_schedule(team, clock, team.kim)
    clock.advance(timedelta(hours=3))
    start, now = clock.now() - timedelta(hours=2), clock.now()
    over = {"from": start.isoformat(), "to": (now - timedelta(hours=1)).isoformat()}
    await team.lee.door.post(path(schedule, "overrides"), over, 422)
    made = await team.lee.door.post(
        path(schedule, "overrides"), {"from": start.isoformat(), "to": (now + DAY).isoformat()}, 201
    )
    assert made["from"] == shown(now)
    assert (await says(team.kim.door, schedule, team.first, start))["on_call"] == team.kim.email


async def test_who_is_away_leaves_their_turn_to_the_layer_below_or_to_nobody(team: Team, clock: ManualClock) -> None:
    schedule = await own_schedule(team, clock, team.kim)
    until = clock.now() + timedelta(hours=6)
    body = {"kind": "absence", "to": until.isoformat(), "reason": "ill"}
    await team.kim.door.post(path(schedule, "overrides"), body, 201)
    now = await says(team.kim.door, schedule, team.first)
    assert (now["on_call"], now["layers"][0]["idle"], now["next"]) == (None, "away", team.kim.email)
    gaps = (await team.kim.door.get("/api/on-call/gaps"))["items"]
    assert (schedule["id"], shown(until)) in {(one["schedule_id"], one["to"]) for one in gaps}


# ------------------------------------------------------------------------------------------------ swaps


async def ask(team: Team, clock: ManualClock, schedule: Any, status: int = 201, **more: Any) -> Any:
    """Lee, who has tomorrow, asks Kim for the day after."""
    body = {
        "from": shown(eight(clock, 1)),
        "to": shown(eight(clock, 2)),
        "other": team.kim.email,
        "other_from": shown(eight(clock, 2)),
        "other_to": shown(eight(clock, 3)),
        "reason": "My sister marries.",
    }
    return await team.lee.door.post(path(schedule, "swaps"), {**body, **more}, status)


async def test_a_swap_counts_when_the_other_has_agreed(team: Team, clock: ManualClock) -> None:
    schedule = await own_schedule(team, clock)
    asked = await ask(team, clock, schedule)
    look = (eight(clock, 1), eight(clock, 3))
    before = await line(team.kim.door, schedule, *look)
    assert [one[2] for one in before] == [team.lee.email, team.kim.email]
    waiting = (await team.kim.door.get("/api/on-call/mine"))["changes"]
    assert [(one["id"], one["may_answer"]) for one in waiting] == [(asked["id"], True)]
    await team.lee.door.post(f"/api/on-call/changes/{asked['id']}/accept", None, 403)
    agreed = await team.kim.door.post(f"/api/on-call/changes/{asked['id']}/accept", None)
    assert agreed["state"] == "agreed"
    after = await line(team.kim.door, schedule, *look)
    assert [one[2] for one in after] == [team.kim.email, team.lee.email]
    await team.kim.door.post(f"/api/on-call/changes/{asked['id']}/decline", None, 409)
    # Neither takes it back alone; an admin may.
    await team.lee.door.post(f"/api/on-call/changes/{asked['id']}/withdraw", None, 403)
    await team.customer.door.post(f"/api/on-call/changes/{asked['id']}/withdraw", None)
    assert await line(team.kim.door, schedule, *look) == before


async def test_a_swap_whose_stretch_has_begun_changes_nothing(team: Team, clock: ManualClock) -> None:
    schedule = await own_schedule(team, clock)
    asked = await ask(team, clock, schedule)
    look = (eight(clock, 1), eight(clock, 3))
    before = await line(team.kim.door, schedule, *look)
    clock.advance(DAY)
    refused = await team.kim.door.post(f"/api/on-call/changes/{asked['id']}/accept", None, 409)
    assert "has begun" in refused["detail"]
    assert await line(team.kim.door, schedule, *look) == before
    past = {"from": shown(eight(clock, -1)), "to": shown(eight(clock))}
    await ask(team, clock, schedule, 422, **past)


async def test_a_declined_swap_changes_nothing(team: Team, clock: ManualClock) -> None:
    schedule = await own_schedule(team, clock)
    asked = await ask(team, clock, schedule)
    look = (eight(clock, 1), eight(clock, 3))
    before = await line(team.kim.door, schedule, *look)
    declined = await team.kim.door.post(f"/api/on-call/changes/{asked['id']}/decline", None)
    assert declined["state"] == "declined"
    assert await line(team.kim.door, schedule, *look) == before
    again = await ask(team, clock, schedule)
    assert (await team.lee.door.post(f"/api/on-call/changes/{again['id']}/withdraw", None))["state"] == "withdrawn"
    await team.kim.door.post(f"/api/on-call/changes/{again['id']}/accept", None, 409)


async def test_nobody_gives_away_what_is_not_theirs(team: Team, clock: ManualClock) -> None:
    schedule = await own_schedule(team, clock)
    await ask(team, clock, schedule, 422, **{"from": shown(eight(clock, 2)), "to": shown(eight(clock, 3))})
    await ask(team, clock, schedule, 422, other_from=shown(eight(clock, 3)), other_to=shown(eight(clock, 4)))
    await ask(team, clock, schedule, 422, other=team.lee.email)


# ------------------------------------------------------------------------------------------------ who sees what


async def test_the_msps_schedule_tells_a_company_who_and_no_more(team: Team, clock: ManualClock) -> None:
    schedule = await msp_schedule(team, clock)
    one = await says(team.customer.door, schedule, team.first)
    assert (one["on_call"], one["layers"], one["changes"]) == (team.kim.email, [], [])
    assert "days" not in one["why"]
    await team.customer.door.get(path(schedule), 404)
    await team.customer.door.get(path(schedule, "calendar"), 404)
    await team.customer.door.get(path(schedule, "history"), 404)
    await team.customer.door.ask("PUT", path(schedule), 404, json=plan(clock, team.kim) | {"version": 1})
    assert (await team.kim.door.get(path(schedule)))["may_set"] is False
    await team.kim.door.ask("PUT", path(schedule), 403, json=plan(clock, team.kim) | {"version": 1})
    await team.kim.door.post("/api/on-call/schedules", plan(clock, team.kim), 403)
    await team.customer.door.post(
        "/api/on-call/schedules", plan(clock, team.kim) | {"serves": {"company_ids": [str(team.first.id)]}}, 403
    )


async def test_another_company_sees_nothing(team: Team, clock: ManualClock) -> None:
    schedule = await own_schedule(team, clock)
    override = await team.kim.door.post(path(schedule, "overrides"), {"to": (clock.now() + DAY).isoformat()}, 201)
    stranger = team.stranger.door
    await stranger.get(path(schedule), 404)
    await stranger.get(path(schedule, "calendar"), 404)
    await stranger.get(path(schedule, "history"), 404)
    await stranger.post(path(schedule, "overrides"), {"to": (clock.now() + DAY).isoformat()}, 404)
    await stranger.post(f"/api/on-call/changes/{override['id']}/withdraw", None, 404)
    await stranger.post("/api/on-call/feeds", {"schedule_id": schedule["id"]}, 404)
    assert (await stranger.get("/api/on-call", company=str(team.first.id)))["items"] == []
    listed = (await stranger.get("/api/on-call/schedules"))["items"]
    assert schedule["id"] not in {one["id"] for one in listed}
    assert team.customer.email not in (await stranger.get("/api/on-call/people"))["items"]


async def test_what_is_of_no_use_is_refused(team: Team, clock: ManualClock) -> None:
    good = plan(clock, team.kim) | {"company_id": str(team.first.id)}
    layer = good["layers"][0]
    useless: tuple[dict[str, Any], ...] = (
        {"time_zone": "Mars/Base"},
        {"layers": []},
        {"layers": [{**layer, "people": []}]},
        {"layers": [{**layer, "people": [team.stranger.email]}]},
        {"layers": [{**layer, "unit": "week", "every": 60}]},
        {"layers": [{**layer, "hand_over": "25:00"}]},
        {"layers": [{**layer, "starts_on": "1999-12-31"}]},
        {"layers": [{**layer, "ends_on": layer["starts_on"].replace("20", "19", 1)}]},
        {"layers": [{**layer, "hours": [{"days": [], "from": "08:00", "to": "18:00"}]}]},
        {"serves": {"everybody": True}},
    )
    for change in useless:
        await team.customer.door.post("/api/on-call/schedules", {**good, **change}, 422)
    await team.customer.door.post("/api/on-call/schedules", {**good, "company_id": str(team.second.id)}, 404)


async def test_what_is_not_saved_can_be_looked_at(team: Team, clock: ManualClock) -> None:
    body = plan(clock, team.kim, team.lee) | {"company_id": str(team.first.id), "days": 3}
    found = (await team.customer.door.post("/api/on-call/preview", body))["stretches"]
    assert [one["on_call"] for one in found][:2] == [team.kim.email, team.lee.email]
    await team.kim.door.post("/api/on-call/preview", body, 403)


# ------------------------------------------------------------------------------------------------ calendars


async def test_a_secret_address_shows_ones_own_times_and_nothing_else(team: Team, clock: ManualClock) -> None:
    await own_schedule(team, clock)
    made = await team.kim.door.post("/api/on-call/feeds", {"schedule_id": None}, 201)
    address = made["address"].removeprefix("https://alerts.example.org")
    answer = await team.kim.door.client.get(address)
    assert answer.headers["content-type"].startswith("text/calendar")
    events = Calendar.from_ical(answer.text).events
    assert str(events[0]["SUMMARY"]) == "On call: Nights"
    assert events[0].end == eight(clock, 1)
    assert team.lee.email not in answer.text
    assert "Acme" not in answer.text
    listed = (await team.kim.door.get("/api/on-call/feeds"))["items"]
    assert [one["id"] for one in listed] == [made["id"]]
    assert "address" not in listed[0]
    assert listed[0]["read_at"] is not None
    await team.lee.door.ask("DELETE", f"/api/on-call/feeds/{made['id']}", 404)
    await team.kim.door.ask("DELETE", f"/api/on-call/feeds/{made['id']}", 204)
    assert (await team.kim.door.client.get(address)).status_code == 404


async def test_an_events_name_stays_the_same(team: Team, clock: ManualClock) -> None:
    await own_schedule(team, clock)
    address = (await team.kim.door.post("/api/on-call/feeds", {}, 201))["address"]
    path = address.removeprefix("https://alerts.example.org")

    async def names() -> list[str]:
        text = (await team.kim.door.client.get(path)).text
        return [str(one["UID"]) for one in Calendar.from_ical(text).walk("VEVENT")]

    before = await names()
    clock.advance(timedelta(hours=3))
    assert (await names())[:30] == before[:30]
    assert len(set(before)) == len(before)


async def test_a_schedules_address_ends_with_the_right_to_see_it(
    team: Team, clock: ManualClock, database: Database
) -> None:
    schedule = await msp_schedule(team, clock)
    made = await team.kim.door.post("/api/on-call/feeds", {"schedule_id": schedule["id"]}, 201)
    path = made["address"].removeprefix("https://alerts.example.org")
    answer = await team.kim.door.client.get(path)
    assert {team.kim.email, team.lee.email} <= {
        str(one["SUMMARY"]).partition(":")[0] for one in Calendar.from_ical(answer.text).walk("VEVENT")
    }
    await offboard(database, Scope(INSTALLATION, "test"), team.kim.user.id, now=clock.now(), why="left")
    assert (await team.kim.door.client.get(path)).status_code == 404


async def test_a_calendar_is_not_read_all_the_time(team: Team) -> None:
    path = (await team.kim.door.post("/api/on-call/feeds", {}, 201))["address"].removeprefix(
        "https://alerts.example.org"
    )
    answers = [(await team.kim.door.client.get(path)).status_code for _ in range(CALENDARS_PER_MINUTE + 1)]
    assert answers == [200] * CALENDARS_PER_MINUTE + [429]


def ics(*events: str) -> str:
    body = "\r\n".join(f"BEGIN:VEVENT\r\n{one}\r\nEND:VEVENT" for one in events)
    return f"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:test\r\n{body}\r\nEND:VCALENDAR\r\n"


async def test_absences_are_taken_from_a_calendar_once(team: Team, clock: ManualClock) -> None:
    schedule = await own_schedule(team, clock, team.kim)
    day, after = eight(clock, 2), eight(clock, 4)
    text = ics(
        f"UID:1\r\nDTSTART;VALUE=DATE:{day:%Y%m%d}\r\nDTEND;VALUE=DATE:{after:%Y%m%d}\r\nSUMMARY:Holiday",
        f"UID:2\r\nDTSTART;VALUE=DATE:{day:%Y%m%d}\r\nRRULE:FREQ=DAILY\r\nSUMMARY:Every day",
        f"UID:3\r\nDTSTART;TZID=Nowhere/Here:{day:%Y%m%dT%H%M%S}\r\nDURATION:PT1H",
        f"UID:4\r\nDTSTART:{day:%Y%m%dT%H%M%S}Z\r\nSTATUS:CANCELLED\r\nDURATION:PT1H",
        "UID:5\r\nDTSTART:garbage",
        "UID:6\r\nDTSTART;VALUE=DATE:20200101",
        "UID:7\r\nSUMMARY:no time",
    )
    body = {"kind": "absence", "calendar": text, "who": team.kim.email}
    tried = await team.kim.door.post(path(schedule, "import"), {**body, "dry_run": True})
    outcomes = ["taken", "repeats", "unknown_zone", "cancelled", "unreadable", "past", "no_time"]
    assert [one["outcome"] for one in tried["items"]] == outcomes
    assert (await team.kim.door.get("/api/on-call/mine"))["changes"] == []
    assert (await team.kim.door.post(path(schedule, "import"), body))["taken"] == 1
    midnight = day.replace(hour=0)
    assert (await says(team.kim.door, schedule, team.first, midnight + timedelta(hours=1)))["on_call"] is None
    assert (await says(team.kim.door, schedule, team.first, midnight - timedelta(hours=1)))["on_call"] == team.kim.email
    again = await team.kim.door.post(path(schedule, "import"), body)
    assert (again["taken"], again["items"][0]["outcome"]) == (0, "known")


async def test_events_name_their_people_themselves(team: Team, clock: ManualClock) -> None:
    schedule = await own_schedule(team, clock, team.kim)
    day = eight(clock, 2)
    when = f"DTSTART;TZID=Europe/Berlin:{day:%Y%m%dT%H%M%S}\r\nDURATION:PT4H"
    text = ics(
        f"UID:1\r\n{when}\r\nATTENDEE;CN=Lee:mailto:{team.lee.email}",
        f"UID:2\r\n{when}\r\nATTENDEE:mailto:{team.stranger.email}",
        f"UID:3\r\n{when}\r\nSUMMARY:somebody",
    )
    body = {"kind": "override", "calendar": text}
    await team.kim.door.post(path(schedule, "import"), body, 403)  # it is about others
    found = await team.customer.door.post(path(schedule, "import"), body)
    assert [one["outcome"] for one in found["items"]] == ["taken", "nobody", "nobody"]
    assert (await says(team.kim.door, schedule, team.first, day))["on_call"] == team.lee.email


@pytest.mark.parametrize("text", ["hello", "BEGIN:VCALENDAR\r\n" * 50, "x" * (256 * 1024 + 1), "\x00"])
async def test_what_is_no_calendar_is_refused(team: Team, clock: ManualClock, text: str) -> None:
    schedule = await own_schedule(team, clock, team.kim)
    await team.customer.door.post(path(schedule, "import"), {"calendar": text, "who": team.kim.email}, 422)


async def test_every_act_is_in_the_audit_log(team: Team, clock: ManualClock, database: Database) -> None:
    schedule = await own_schedule(team, clock)
    clock.advance(timedelta(seconds=1))
    override = await team.kim.door.post(path(schedule, "overrides"), {"to": (clock.now() + DAY).isoformat()}, 201)
    clock.advance(timedelta(seconds=1))
    await team.kim.door.post(f"/api/on-call/changes/{override['id']}/withdraw", None)
    clock.advance(timedelta(seconds=1))
    asked = await ask(team, clock, schedule)
    clock.advance(timedelta(seconds=1))
    await team.kim.door.post(f"/api/on-call/changes/{asked['id']}/accept", None)
    clock.advance(timedelta(seconds=1))
    await team.customer.door.ask("DELETE", path(schedule), 204)
    async with database.unit_of_work(Scope(team.first.id, "test")) as unit:
        entries = await audit.page(unit, limit=50)
    mine = [one.action for one in reversed(entries) if one.action.value.startswith("on_call")]
    assert mine == [
        AuditAction.ON_CALL_SCHEDULE_ADDED,
        AuditAction.ON_CALL_OVERRIDDEN,
        AuditAction.ON_CALL_CHANGE_WITHDRAWN,
        AuditAction.ON_CALL_SWAP_ASKED,
        AuditAction.ON_CALL_SWAP_ACCEPTED,
        AuditAction.ON_CALL_SCHEDULE_REMOVED,
    ]
