"""Handing over: an offer moves nothing, accepting moves what is still whose it was, and each outcome is kept."""

import asyncio
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from alertwhisperer.correlate import acts
from alertwhisperer.domain.company import INSTALLATION, CompanyId, Scope
from alertwhisperer.domain.handover import MOST_OFFERED
from alertwhisperer.domain.severity import Severity
from alertwhisperer.domain.user import Role, User
from alertwhisperer.guard.offboard import offboard
from alertwhisperer.guard.people import Change, add_user, set_user
from alertwhisperer.guard.tokens import Wish, add_token
from alertwhisperer.guard.vault import Vault
from alertwhisperer.kit.clock import ManualClock
from alertwhisperer.store.database import Database
from tests.api.conftest import Door, Doors, path_of
from tests.api.rows import Told, tell_firing
from tests.conftest import MakeCompany, People, Tenant

NIL = "00000000-0000-0000-0000-000000000000"


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody with a door of their own."""

    user: User
    door: Door

    @property
    def email(self) -> str:
        return self.user.email


@dataclass(frozen=True, slots=True)
class Shift:
    """
    Two companies and those who work for them.

    Attributes:
        giver: serves both; receiver likewise; half: the first alone, as the customer's admin does.
        reader: of the first; looks and changes nothing.
    """

    first: Tenant
    second: Tenant
    giver: Person
    receiver: Person
    half: Person
    reader: Person


@pytest.fixture
async def shift(
    database: Database,
    vault: Vault,
    clock: ManualClock,
    doors: Doors,
    tenant: Tenant,
    make_company: MakeCompany,
) -> Shift:
    second = await make_company("Second")

    async def person(name: str, role: Role, *companies: CompanyId) -> Person:
        by = Scope(INSTALLATION, "test")
        user = await add_user(database, by, f"{name}.{tenant.id.hex}@example.org", role, companies, now=clock.now())
        made = await add_token(database, vault, by, user.email, now=clock.now())
        return Person(user, Door(doors.nobody.client, {"Authorization": f"Bearer {made.token}"}))

    both = (tenant.id, second.id)
    return Shift(
        tenant,
        second,
        giver=await person("giver", Role.TECHNICIAN, *both),
        receiver=await person("receiver", Role.TECHNICIAN, *both),
        half=await person("half", Role.COMPANY_ADMIN, tenant.id),
        reader=await person("reader", Role.READER, *both),
    )


async def fire(database: Database, tenant: Tenant, clock: ManualClock, owner: str | None = None, **more: Any) -> Told:
    told = await tell_firing(database, tenant.scope, at=clock.now() - timedelta(minutes=5), **more)
    if owner is not None:
        await give(database, tenant, told, owner, clock)
    return told


async def give(database: Database, tenant: Tenant, told: Told, owner: str | None, clock: ManualClock) -> None:
    async with database.unit_of_work(Scope(tenant.id, "test")) as unit:
        await acts.assign(unit, told.incident_id, owner, now=clock.now())


async def owner_of(door: Door, told: Told) -> str | None:
    found: str | None = (await door.get(f"/api/incidents/{told.incident_id}"))["assignee"]
    return found


async def offer(giver: Person, to: Person | str, ids: list[UUID] | None = None, status: int = 201, **more: Any) -> Any:
    named = {} if ids is None else {"incident_ids": [str(one) for one in ids]}
    email = to if isinstance(to, str) else to.email
    return await giver.door.post("/api/handovers", {"to": email, **named, **more}, status)


def outcomes(whole: Any) -> dict[str, str]:
    return {one["id"]: one["outcome"] for one in whole["incidents"]}


async def test_all_that_is_yours_moves_in_one_act_once_the_other_accepts(
    shift: Shift, database: Database, clock: ManualClock
) -> None:
    giver, receiver = shift.giver, shift.receiver
    mine = await fire(database, shift.first, clock, giver.email)
    other = await fire(database, shift.second, clock, giver.email, severity=Severity.LOW)
    await fire(database, shift.first, clock, asset="nobodys")
    made = await offer(giver, receiver, note=" The vendor calls back at ten. ")
    assert (made["state"], made["from"], made["to"], made["you"]) == ("offered", giver.email, receiver.email, "giver")
    assert (made["count"], made["hidden"], made["note"]) == (2, 0, "The vendor calls back at ten.")
    assert [(one["id"], one["outcome"], one["assignee_then"]) for one in made["incidents"]] == [
        (str(mine.incident_id), "offered", giver.email),
        (str(other.incident_id), "offered", giver.email),
    ]
    assert await owner_of(giver.door, mine) == giver.email
    clock.advance(timedelta(minutes=10))
    taken = await receiver.door.post(f"/api/handovers/{made['id']}/accept")
    assert (taken["state"], taken["you"], taken["outcomes"]) == ("accepted", "receiver", {"moved": 2})
    assert {one["assignee"] for one in taken["incidents"]} == {receiver.email}
    assert {one["company"] for one in taken["incidents"]} == {
        shift.first.company.name,
        shift.second.company.name,
    }
    seen = await giver.door.get(f"/api/handovers/{made['id']}")
    assert seen == {**taken, "you": "giver"}
    assert await owner_of(receiver.door, other) == receiver.email


async def test_what_changed_meanwhile_stays_as_it_is_and_says_so(
    shift: Shift, database: Database, clock: ManualClock
) -> None:
    giver, receiver = shift.giver, shift.receiver
    moved, nobodys, taken, had, over, merged, freed, own = [
        await fire(database, shift.first, clock, None if asset in ("nobodys", "own") else giver.email, asset=asset)
        for asset in ("moved", "nobodys", "taken", "had", "over", "merged", "freed", "own")
    ]
    told = (moved, nobodys, taken, had, over, merged, freed, own)
    made = await offer(giver, receiver, [one.incident_id for one in told])
    assert made["left_out"] == []
    await give(database, shift.first, taken, shift.half.email, clock)
    await give(database, shift.first, had, receiver.email, clock)
    await give(database, shift.first, freed, None, clock)
    await give(database, shift.first, own, giver.email, clock)
    async with database.unit_of_work(shift.first.scope) as unit:
        await acts.resolve(unit, over.incident_id, note="", now=clock.now())
        await acts.merge(unit, moved.incident_id, [merged.incident_id], now=clock.now())
    whole = await receiver.door.post(f"/api/handovers/{made['id']}/accept")
    assert outcomes(whole) == {
        str(moved.incident_id): "moved",
        str(nobodys.incident_id): "moved",
        str(taken.incident_id): "taken",
        str(had.incident_id): "had",
        str(over.incident_id): "over",
        str(merged.incident_id): "over",
        str(freed.incident_id): "moved",
        str(own.incident_id): "moved",
    }
    assert whole["outcomes"] == {"moved": 4, "had": 1, "taken": 1, "over": 2}
    assert await owner_of(receiver.door, taken) == shift.half.email
    assert await owner_of(receiver.door, over) == giver.email
    [kept] = [one for one in whole["incidents"] if one["outcome"] == "taken"]
    assert (kept["assignee_then"], kept["assignee"]) == (giver.email, shift.half.email)
    stored = await giver.door.get(f"/api/handovers/{made['id']}")
    assert outcomes(stored) == outcomes(whole)


async def test_what_the_receiver_does_not_serve_is_left_out_and_said(
    shift: Shift, database: Database, clock: ManualClock
) -> None:
    giver = shift.giver
    mine = await fire(database, shift.first, clock, giver.email)
    beyond = await fire(database, shift.second, clock, giver.email, asset="beyond")
    over = await fire(database, shift.first, clock, asset="over", ended_at=clock.now())
    taken = await fire(database, shift.first, clock, "somebody@example.org", asset="taken")
    had = await fire(database, shift.first, clock, shift.half.email, asset="had")
    absent = uuid4()
    named = [mine.incident_id, beyond.incident_id, over.incident_id, taken.incident_id, had.incident_id, absent]
    made = await offer(giver, shift.half, named)
    assert outcomes(made) == {str(mine.incident_id): "offered"}
    assert {one["id"]: (one["why"], one["company"]) for one in made["left_out"]} == {
        str(beyond.incident_id): ("not_served", shift.second.company.name),
        str(over.incident_id): ("over", shift.first.company.name),
        str(taken.incident_id): ("taken", shift.first.company.name),
        str(had.incident_id): ("had", shift.first.company.name),
        str(absent): ("absent", None),
    }
    assert {one["id"]: one["number"] is None for one in made["left_out"]}[str(absent)] is True
    refused = await offer(giver, shift.half, [beyond.incident_id, absent], 409)
    assert refused["detail"] == "none of these incidents can be handed over: 1 absent, 1 not_served"
    all_mine = await offer(giver, shift.half)
    assert [one["why"] for one in all_mine["left_out"]] == ["not_served"]


async def test_a_company_that_the_receiver_serves_no_more_stays_where_it_is(
    shift: Shift, database: Database, clock: ManualClock
) -> None:
    giver, receiver = shift.giver, shift.receiver
    here = await fire(database, shift.first, clock, giver.email)
    gone = await fire(database, shift.second, clock, giver.email)
    made = await offer(giver, receiver)
    by = Scope(INSTALLATION, "test")
    await set_user(database, by, receiver.user.id, Change(companies=[shift.first.id]), now=clock.now())
    waiting = await receiver.door.get(f"/api/handovers/{made['id']}")
    assert (outcomes(waiting), waiting["hidden"], waiting["count"]) == ({str(here.incident_id): "offered"}, 1, 2)
    accepted = await receiver.door.post(f"/api/handovers/{made['id']}/accept")
    assert (outcomes(accepted), accepted["hidden"]) == ({str(here.incident_id): "moved"}, 1)
    assert str(gone.incident_id) not in str(accepted)
    assert shift.second.company.name not in str(accepted)
    seen = await giver.door.get(f"/api/handovers/{made['id']}")
    assert outcomes(seen) == {str(here.incident_id): "moved", str(gone.incident_id): "not_served"}
    assert (seen["outcomes"], seen["hidden"]) == ({"moved": 1, "not_served": 1}, 0)
    assert await owner_of(giver.door, gone) == giver.email


async def test_an_offer_is_accepted_or_withdrawn_once(shift: Shift, database: Database, clock: ManualClock) -> None:
    giver, receiver = shift.giver, shift.receiver
    told = await fire(database, shift.first, clock, giver.email)
    made = await offer(giver, receiver)
    path = f"/api/handovers/{made['id']}"
    await giver.door.post(f"{path}/accept", status=403)
    await receiver.door.post(f"{path}/withdraw", status=403)
    withdrawn = await giver.door.post(f"{path}/withdraw")
    assert (withdrawn["state"], withdrawn["outcomes"]) == ("withdrawn", {"offered": 1})
    for who, act in ((receiver, "accept"), (giver, "withdraw")):
        refused = await who.door.post(f"{path}/{act}", status=409)
        assert refused["detail"] == "it was withdrawn already"
    assert await owner_of(giver.door, told) == giver.email
    again = await offer(giver, receiver)
    tries = await asyncio.gather(
        *(
            receiver.door.client.post(f"/api/handovers/{again['id']}/accept", headers=dict(receiver.door.headers))
            for _ in range(3)
        )
    )
    assert sorted(one.status_code for one in tries) == [200, 409, 409]
    whole = await giver.door.get(f"/api/incidents/{told.incident_id}")
    moves = [one for one in whole["timeline"] if one["kind"] == "assign" and "handover" in one["detail"]]
    assert [(one["actor"], one["detail"]) for one in moves] == [
        (receiver.email, {"assignee": receiver.email, "handover": again["id"]})
    ]


async def test_of_two_offers_of_the_same_the_first_accepted_has_it(
    shift: Shift, database: Database, clock: ManualClock
) -> None:
    told = await fire(database, shift.first, clock, shift.giver.email)
    first, second = await offer(shift.giver, shift.receiver), await offer(shift.giver, shift.half)
    done = await shift.half.door.post(f"/api/handovers/{second['id']}/accept")
    late = await shift.receiver.door.post(f"/api/handovers/{first['id']}/accept")
    assert (outcomes(done), outcomes(late)) == ({str(told.incident_id): "moved"}, {str(told.incident_id): "taken"})
    assert await owner_of(shift.giver.door, told) == shift.half.email


async def test_accepting_waits_for_whoever_takes_one_at_this_moment(
    shift: Shift, database: Database, clock: ManualClock
) -> None:
    told = await fire(database, shift.first, clock, shift.giver.email)
    made = await offer(shift.giver, shift.receiver)
    async with asyncio.TaskGroup() as group, database.unit_of_work(shift.first.scope) as unit:
        await acts.assign(unit, told.incident_id, shift.half.email, now=clock.now())
        accepting = group.create_task(shift.receiver.door.post(f"/api/handovers/{made['id']}/accept"))
        await _until_somebody_waits(database)
        assert not accepting.done()
    assert outcomes(accepting.result()) == {str(told.incident_id): "taken"}
    assert await owner_of(shift.giver.door, told) == shift.half.email


async def _until_somebody_waits(database: Database) -> None:
    """Until a transaction of this database waits for a row that another one holds."""
    async with asyncio.timeout(20):
        while True:
            async with database.across([]) as connection:
                if await connection.fetchval(
                    "SELECT EXISTS (SELECT FROM pg_locks l JOIN pg_stat_activity a USING (pid)"
                    " WHERE NOT l.granted AND a.datname = current_database())"
                ):
                    return


async def test_whom_one_may_offer_to(shift: Shift, database: Database, clock: ManualClock, people: People) -> None:
    told = await fire(database, shift.first, clock, shift.giver.email)
    named = {one["email"]: one["company_ids"] for one in (await shift.giver.door.get("/api/shift/people"))["items"]}
    assert named[shift.receiver.email] is None
    assert named[shift.half.email] == [str(shift.first.id)]
    assert named[people.admin.email] is None
    assert not {shift.giver.email, shift.reader.email, people.stranger.email} & set(named)
    for email in (shift.reader.email, people.stranger.email, "nobody@example.org", "x"):
        refused = await offer(shift.giver, email, [told.incident_id], 422)
        assert refused["detail"] == "nobody with this e-mail can take over what you serve"
    await offer(shift.giver, shift.giver, [told.incident_id], 422)


async def test_what_is_refused(shift: Shift, database: Database, clock: ManualClock, doors: Doors) -> None:
    assert (await offer(shift.giver, shift.receiver, status=409))["detail"] == "no open incident is yours"
    told = await fire(database, shift.first, clock, shift.giver.email)
    await offer(shift.giver, shift.receiver, [], 422)
    await offer(shift.giver, shift.receiver, [uuid4() for _ in range(MOST_OFFERED + 1)], 422)
    await offer(shift.giver, shift.receiver, [told.incident_id], 422, note="x" * 4_001)
    await offer(shift.reader, shift.receiver, [told.incident_id], 403)
    made = await offer(shift.giver, shift.receiver, [told.incident_id, told.incident_id])
    assert made["count"] == 1
    await shift.reader.door.get("/api/shift", 403)
    await shift.reader.door.get("/api/handovers", 403)
    for other in (shift.half.door, doors.stranger, doors.admin):
        for method, path in (("GET", ""), ("POST", "/accept"), ("POST", "/withdraw")):
            foreign = await other.ask(method, f"/api/handovers/{made['id']}{path}", 404)
            assert "hand-over" in foreign["detail"]
        assert made["id"] not in {one["id"] for one in await other.all("/api/handovers")}
    await doors.nobody.get("/api/shift", 401)


async def test_a_token_that_reaches_less_does_not_leave_things_behind(
    shift: Shift, database: Database, vault: Vault, clock: ManualClock
) -> None:
    await fire(database, shift.first, clock, shift.giver.email)
    await fire(database, shift.second, clock, shift.giver.email)
    made = await offer(shift.giver, shift.receiver)
    narrow = await add_token(
        database,
        vault,
        Scope(INSTALLATION, "test"),
        shift.receiver.email,
        Wish(companies=[shift.first.id]),
        now=clock.now(),
    )
    door = Door(shift.giver.door.client, {"Authorization": f"Bearer {narrow.token}"})
    refused = await door.post(f"/api/handovers/{made['id']}/accept", status=403)
    assert "does not reach" in refused["detail"]
    seen = await door.get(f"/api/handovers/{made['id']}")
    assert (len(seen["incidents"]), seen["hidden"], seen["state"]) == (1, 1, "offered")


async def test_lists_are_of_ones_own_by_side_and_state(shift: Shift, database: Database, clock: ManualClock) -> None:
    await fire(database, shift.first, clock, shift.giver.email)
    ids = []
    for _ in range(3):
        clock.advance(timedelta(seconds=1))
        ids.append((await offer(shift.giver, shift.receiver))["id"])
    await shift.giver.door.post(f"/api/handovers/{ids[0]}/withdraw")

    async def listed(person: Person, **query: Any) -> list[str]:
        return [one["id"] for one in await person.door.all("/api/handovers", **query)]

    assert await listed(shift.giver) == ids[::-1]
    assert await listed(shift.giver, which="by_you", state="offered") == [ids[2], ids[1]]
    assert await listed(shift.giver, which="to_you") == []
    assert await listed(shift.receiver, which="to_you", state="withdrawn") == [ids[0]]
    page = await shift.receiver.door.get("/api/handovers", limit=2)
    assert [one["id"] for one in page["items"]] == [ids[2], ids[1]]
    rest = await shift.receiver.door.get("/api/handovers", limit=2, cursor=page["next"])
    assert ([one["id"] for one in rest["items"]], rest["next"]) == ([ids[0]], None)


async def test_the_logs_say_who_offered_who_accepted_and_what_moved(
    shift: Shift, database: Database, clock: ManualClock, doors: Doors
) -> None:
    told = await fire(database, shift.first, clock, shift.giver.email)
    made = await offer(shift.giver, shift.receiver, note="As said.")
    clock.advance(timedelta(seconds=1))
    await shift.receiver.door.post(f"/api/handovers/{made['id']}/accept")
    clock.advance(timedelta(seconds=1))
    other = await offer(shift.receiver, shift.half)
    clock.advance(timedelta(seconds=1))
    await shift.receiver.door.post(f"/api/handovers/{other['id']}/withdraw")
    query = {"resource_kind": "handover", "resource_id": made["id"]}
    log = await doors.admin.all(path_of(CompanyId(UUID(NIL)), "audit"), **query)
    assert [(one["action"], one["actor"], one["reason"], one["detail"]) for one in log] == [
        (
            "handover_accepted",
            shift.receiver.email,
            "",
            {"from": str(shift.giver.user.id), "outcomes": {"moved": 1}},
        ),
        (
            "handover_offered",
            shift.giver.email,
            "As said.",
            {"to": str(shift.receiver.user.id), "incidents": 1, "left_out": 0},
        ),
    ]
    back = await doors.admin.all(
        path_of(CompanyId(UUID(NIL)), "audit"), resource_kind="handover", resource_id=other["id"]
    )
    assert [one["action"] for one in back] == ["handover_withdrawn", "handover_offered"]
    own = await shift.half.door.all(path_of(shift.first.id, "audit"), incident_id=str(told.incident_id))
    assert (own[0]["action"], own[0]["actor"]) == ("incident_assigned", shift.receiver.email)
    assert own[0]["detail"] == {"assignee": shift.receiver.email, "handover": made["id"]}


async def test_who_leaves_offers_and_receives_nothing_any_more(
    shift: Shift, database: Database, clock: ManualClock
) -> None:
    told = await fire(database, shift.first, clock, shift.giver.email)
    made = await offer(shift.giver, shift.receiver)
    by = Scope(INSTALLATION, "test")
    left = await offboard(database, by, shift.giver.user.id, now=clock.now(), why="gone")
    assert {one.kind: one.count for one in left.held}["offers to hand over"] == 1
    seen = await shift.receiver.door.get(f"/api/handovers/{made['id']}")
    assert (seen["state"], seen["from"]) == ("withdrawn", shift.giver.email)
    await shift.receiver.door.post(f"/api/handovers/{made['id']}/accept", status=409)
    assert await owner_of(shift.receiver.door, told) is None
