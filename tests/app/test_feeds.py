"""A feed that breaks, repeats itself or misbehaves loses nothing, doubles nothing, and shows how it is."""

from __future__ import annotations

import gzip
import json
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from uuid import UUID

import pytest

from alertwhisperer.app.feeds import backoff
from alertwhisperer.domain.company import INSTALLATION, Scope
from alertwhisperer.domain.errors import Conflicting, NotFound
from alertwhisperer.ingest import feeds as doors
from alertwhisperer.ingest.integrations import add_integration, remove_integration, set_integration
from alertwhisperer.ingest.routes import change_routes
from alertwhisperer.kit.clock import ManualClock
from alertwhisperer.store.feeds import Feed
from tests.app.looking import Looking, item, looking_of
from tests.database import Migrated
from tests.vendors.api import Answer, Api, Call, api, document, listing


@pytest.fixture
def vendor() -> Iterator[Api]:
    """The API that is polled."""
    with api() as running:
        yield running


@pytest.fixture
async def looking(migrated: Migrated, clock: ManualClock) -> AsyncIterator[Looking]:
    """A company whose tools are looked at."""
    async with looking_of(migrated, clock) as made:
        yield made


async def begun(looking: Looking, vendor: Api, **settings: object) -> UUID:
    """A feed of the vendor's list."""
    return await looking.begin("jsonfeed", **{"url": f"{vendor.url}/alarms", "item_id": "id", **settings})


async def test_each_item_of_a_list_is_stored_once_however_often_it_is_listed(looking: Looking, vendor: Api) -> None:
    vendor.behave = lambda call: listing(item(1), item(2), item(1))
    feed = await begun(looking, vendor)
    shown = await looking.look_now(feed)
    assert (shown.state, shown.failures, shown.problem, shown.looks) == ("ok", 0, "", 1)
    assert await looking.alerts() == {"unit-1: too warm": "firing", "unit-2: too warm": "firing"}
    for _ in range(3):
        await looking.look(feed)
    assert len(await looking.bodies()) == 2
    vendor.behave = lambda call: listing(item(1, message="warmer"), item(2))
    assert (await looking.look(feed)).items == 3
    assert len(await looking.bodies()) == 3


async def test_an_item_that_is_listed_for_longer_than_ids_are_kept_is_still_stored_once(
    looking: Looking, vendor: Api
) -> None:
    vendor.behave = lambda call: listing(item(1))
    feed = await begun(looking, vendor)
    await looking.look_now(feed)
    async with looking.house.database.unit_of_work(looking.scope) as unit:
        assert await unit.connection.fetchval("SELECT count(*) FROM feed WHERE cursor->'seen' IS NOT NULL") == 1
    shown = await looking.look(feed)
    assert shown.items == 1, "it was not even handed in again"


async def test_the_order_of_a_look_is_the_order_of_its_statements(looking: Looking, vendor: Api) -> None:
    statements = [item(1), item(1, status="resolved"), item(2), item(2, status="resolved"), item(1, message="again")]
    vendor.behave = lambda call: listing(*statements)
    feed = await begun(looking, vendor)
    await looking.look_now(feed)
    assert await looking.alerts() == {"unit-1: too warm": "firing", "unit-2: too warm": "resolved"}
    assert [json.loads(body)["item"] for body in await looking.bodies()] == statements


@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        (Answer(b"oops", 503), "503"),
        (Answer(b'{"error": "try later"}'), "no list"),
        (Answer(b'[{"id": 1'), "not JSON"),
        (Answer(b"[" * 200_000), "not JSON"),
        (Answer(b"\xff\xfe[]"), "not JSON"),
        (Answer(hang=True), "did not answer"),
        (Answer(gzip.compress(b"[]")[:-4], headers={"Content-Encoding": "gzip"}), "cannot be read"),
    ],
    ids=["breaks", "error page", "cut short", "deep", "no text", "hangs", "broken gzip"],
)
async def test_a_feed_that_breaks_shows_it_and_goes_on_where_it_was(
    looking: Looking, vendor: Api, answer: Answer, problem: str
) -> None:
    vendor.behave = lambda call: listing(item(1))
    feed = await begun(looking, vendor)
    await looking.look_now(feed)
    vendor.behave = lambda call: answer
    for failures in (1, 2, 3, 4):
        shown = await looking.look(feed)
        assert (shown.state, shown.failures) == ("failing", failures)
        assert problem in shown.problem
        assert shown.due_at is not None
    vendor.behave = lambda call: listing(item(1), item(2))
    shown = await looking.look(feed)
    assert (shown.state, shown.failures, shown.problem) == ("ok", 0, "")
    assert await looking.alerts() == {"unit-1: too warm": "firing", "unit-2: too warm": "firing"}
    assert len(await looking.bodies()) == 2


@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        (Answer(status=401), "credential"),
        (Answer(status=302, headers={"Location": "http://169.254.169.254/latest/meta-data/"}), "redirects"),
        (Answer(b"[" + b" " * 6 * 1024 * 1024 + b"]"), "5 MB"),
        (Answer(gzip.compress(b"[" + b" " * 6 * 1024 * 1024 + b"]")), "larger"),
        (Answer(json.dumps([0] * 20_001).encode()), "more than 20000"),
    ],
    ids=["refuses us", "redirects to metadata", "6 MB", "expands to 6 MB", "too many items"],
)
async def test_a_feed_that_only_a_person_can_mend_stops_and_begins_again_when_it_is_set(
    looking: Looking, vendor: Api, answer: Answer, problem: str
) -> None:
    vendor.behave = lambda call: answer
    feed = await begun(looking, vendor)
    shown = await looking.look_now(feed)
    assert shown.state == "failing", "once may be chance"
    shown = await looking.look(feed)
    shown = await looking.look(feed)
    assert (shown.state, shown.failures, shown.due_at) == ("stopped", 3, None)
    assert problem in shown.problem
    assert all(call.path == "/alarms" for call in vendor.calls)
    vendor.behave = lambda call: listing(item(1))
    await set_integration(
        looking.house.database,
        looking.house.vault,
        looking.house.sources,
        looking.scope,
        feed,
        settings={"url": f"{vendor.url}/alarms", "item_id": "id", "interval_s": 30},
        now=looking.clock.now(),
    )
    shown = await looking.look_now(feed)
    assert (shown.state, shown.interval_s) == ("ok", 30)
    assert await looking.alerts() == {"unit-1: too warm": "firing"}


async def test_an_answer_of_nearly_5_mb_is_taken(looking: Looking, vendor: Api) -> None:
    big = [item(number, message="x" * 1_900, notes="y" * 8_000) for number in range(510)]
    vendor.behave = lambda call: listing(*big)
    feed = await begun(looking, vendor)
    shown = await looking.look_now(feed)
    assert (shown.state, shown.items) == ("ok", 510)
    assert len(await looking.bodies()) == 510


async def test_hostile_items_are_kept_apart_and_cost_their_neighbours_nothing(looking: Looking, vendor: Api) -> None:
    deep: object = 0
    for _ in range(100):
        deep = [deep]
    hostile = [deep, None, 7, "text", {"id": "a\x00b"}, {"asset_name": "\ud800", "signature": "x"}, [], [[]]]
    vendor.behave = lambda call: listing(item(1), *hostile, item(2))
    feed = await begun(looking, vendor)
    shown = await looking.look_now(feed)
    assert (shown.state, shown.items) == ("ok", 10)
    assert {"unit-1: too warm": "firing", "unit-2: too warm": "firing"}.items() <= (await looking.alerts()).items()
    assert "invalid_json" in await looking.quarantined()
    assert len(await looking.bodies()) == 10
    await looking.look(feed)
    assert len(await looking.bodies()) == 10


def paged(*pages: list[object]) -> dict[str, list[object]]:
    """Pages by cursor: the first, then `c1`, `c2`, …"""
    return {f"c{number}" if number else "": page for number, page in enumerate(pages)}


async def test_pages_are_followed_by_cursor_and_the_last_one_is_kept(looking: Looking, vendor: Api) -> None:
    pages = paged([item(1)], [item(2)], [])

    def behave(call: Call) -> Answer:
        at = call.query.get("after", "")
        number = int(at[1:] or 0) if at else 0
        return document({"data": pages[at], "next": f"c{min(number + 1, len(pages) - 1)}"})

    vendor.behave = behave
    feed = await begun(looking, vendor, items="data", paging="cursor", next="next", page_parameter="after")
    await looking.look_now(feed)
    assert await looking.alerts() == {"unit-1: too warm": "firing", "unit-2: too warm": "firing"}
    vendor.calls.clear()
    pages["c2"] = [item(3)]
    await looking.look(feed)
    assert vendor.calls[0].query == {"after": "c2"}
    assert set(await looking.alerts()) == {"unit-1: too warm", "unit-2: too warm", "unit-3: too warm"}
    assert len(await looking.bodies()) == 3


async def test_a_cursor_that_the_api_forgot_begins_the_list_anew(looking: Looking, vendor: Api) -> None:
    vendor.behave = lambda call: (
        document({"data": [item(1)], "next": "old"}) if not call.query else document({"data": [], "next": "old"})
    )
    feed = await begun(looking, vendor, items="data", paging="cursor", next="next")
    await looking.look_now(feed)
    vendor.behave = lambda call: (
        Answer(status=410) if call.query.get("cursor") == "old" else document({"data": [item(1), item(2)]})
    )
    shown = await looking.look(feed)
    assert shown.state == "ok"
    assert len(await looking.bodies()) == 2


@pytest.mark.parametrize("paging", ["next_url", "link", "page"])
async def test_every_kind_of_paging_ends_even_when_the_api_repeats_itself(
    looking: Looking, vendor: Api, paging: str
) -> None:
    def behave(call: Call) -> Answer:
        page = min(int(call.query.get("page", 1)), 3)
        following = f"/alarms?page={page + 1}"
        return document({"data": [item(page)], "next": following}, Link=f'<{following}>; title="a, b"; rel="next"')

    vendor.behave = behave
    feed = await begun(looking, vendor, items="data", paging=paging, next="next")
    shown = await looking.look_now(feed)
    assert shown.state == "ok"
    assert set(await looking.alerts()) == {"unit-1: too warm", "unit-2: too warm", "unit-3: too warm"}
    assert len(await looking.bodies()) == 3
    assert len(vendor.calls) <= 6


async def test_an_api_without_an_end_is_not_asked_without_a_pause(looking: Looking, vendor: Api) -> None:
    vendor.behave = lambda call: document({"data": [item(1)], "next": f"c{len(vendor.calls)}"})
    feed = await begun(looking, vendor, items="data", paging="cursor", next="next")
    shown = await looking.look_now(feed)
    assert shown.due_at is not None
    assert shown.due_at > looking.clock.now()
    assert len(vendor.calls) <= 40
    assert len(await looking.bodies()) == 1


async def test_a_long_list_is_read_in_several_looks_that_follow_at_once(looking: Looking, vendor: Api) -> None:
    def behave(call: Call) -> Answer:
        page = int(call.query["page"])
        return listing(*([item(page)] if page <= 45 else []))

    vendor.behave = behave
    feed = await begun(looking, vendor, paging="page")
    shown = await looking.look_now(feed)
    assert (shown.looks, shown.items) == (3, 45)


async def test_a_next_page_on_another_host_is_not_followed(looking: Looking, vendor: Api) -> None:
    with api() as other:
        vendor.behave = lambda call: document({"data": [item(1)], "next": f"{other.url}/alarms"})
        feed = await begun(looking, vendor, items="data", paging="next_url", next="next", auth_value="Bearer s3cret")
        shown = await looking.look_now(feed)
        assert other.calls == []
    assert "another host" in shown.problem
    assert await looking.alerts() == {"unit-1: too warm": "firing"}, "what was found before is stored"
    assert vendor.calls[0].headers["authorization"] == "Bearer s3cret"
    assert "s3cret" not in repr(shown)


async def test_pages_before_a_broken_one_are_stored_and_looked_at_again(looking: Looking, vendor: Api) -> None:
    newest = [item(1)]
    vendor.behave = lambda call: Answer(status=500) if call.query["page"] == "2" else listing(*newest)
    feed = await begun(looking, vendor, paging="page")
    shown = await looking.look_now(feed)
    assert (shown.state, await looking.alerts()) == ("failing", {"unit-1: too warm": "firing"})
    newest.insert(0, item(2))
    await looking.look(feed)
    assert set(await looking.alerts()) == {"unit-1: too warm", "unit-2: too warm"}
    assert len(await looking.bodies()) == 2


# ------------------------------------------------------------------------------------------------ snapshots


async def test_what_a_snapshot_does_not_list_any_more_is_resolved_and_may_come_again(
    looking: Looking, vendor: Api
) -> None:
    vendor.behave = lambda call: listing(item(1), item(2))
    feed = await begun(looking, vendor, mode="snapshot")
    await looking.look_now(feed)
    vendor.behave = lambda call: listing(item(2))
    await looking.look(feed)
    assert await looking.alerts() == {"unit-1: too warm": "resolved", "unit-2: too warm": "firing"}
    await looking.look(feed)
    assert len(await looking.bodies()) == 3
    vendor.behave = lambda call: listing(item(1), item(2))
    await looking.look(feed)
    assert await looking.alerts() == {"unit-1: too warm": "firing", "unit-2: too warm": "firing"}
    assert len(await looking.bodies()) == 4, "the same words are a new statement"


async def test_an_item_that_goes_back_and_forth_is_said_each_time(looking: Looking, vendor: Api) -> None:
    feed = await begun(looking, vendor, mode="snapshot")
    for status in ("firing", "resolved", "firing", "resolved", "firing"):
        vendor.behave = lambda call, said=status: listing(item(1, status=said))  # type: ignore[misc]  # bound at once
        await looking.look(feed, later=timedelta(minutes=2))
        assert await looking.alerts() == {"unit-1: too warm": status}


async def test_an_item_that_speaks_of_another_problem_ends_the_first(looking: Looking, vendor: Api) -> None:
    plain = {"asset_name": "unit-1", "severity": "high"}
    vendor.behave = lambda call: listing({"no": 1, **plain, "signature": "too warm"})
    feed = await begun(looking, vendor, mode="snapshot", item_id="no")
    await looking.look_now(feed)
    vendor.behave = lambda call: listing({"no": 1, **plain, "signature": "too wet"})
    await looking.look(feed)
    assert await looking.alerts() == {"unit-1: too warm": "resolved", "unit-1: too wet": "firing"}


@pytest.mark.parametrize(
    "answer",
    [Answer(status=500), Answer(b"{}"), Answer(b"<html>"), Answer(hang=True)],
    ids=["500", "no list", "no JSON", "hangs"],
)
async def test_a_snapshot_that_cannot_be_had_resolves_nothing(looking: Looking, vendor: Api, answer: Answer) -> None:
    vendor.behave = lambda call: listing(item(1), item(2))
    feed = await begun(looking, vendor, mode="snapshot", paging="page")
    await looking.look_now(feed)
    vendor.behave = lambda call: answer if call.query["page"] == "2" else listing(item(1))
    shown = await looking.look(feed)
    assert shown.state == "failing"
    assert await looking.alerts() == {"unit-1: too warm": "firing", "unit-2: too warm": "firing"}


async def test_a_snapshot_without_an_end_resolves_nothing_and_says_so(looking: Looking, vendor: Api) -> None:
    vendor.behave = lambda call: listing(item(0))
    feed = await begun(looking, vendor, mode="snapshot", paging="page")
    vendor.behave = lambda call: listing(item(int(call.query["page"])))
    shown = await looking.look_now(feed)
    assert "no end" in shown.problem
    vendor.behave = lambda call: listing(item(100 + int(call.query["page"])))
    await looking.look(feed)
    assert set((await looking.alerts()).values()) == {"firing"}
    assert len(await looking.alerts()) == 40


async def test_an_item_that_cannot_be_read_any_more_keeps_its_problem(looking: Looking, vendor: Api) -> None:
    vendor.behave = lambda call: listing(item(1))
    feed = await begun(looking, vendor, mode="snapshot")
    await looking.look_now(feed)
    vendor.behave = lambda call: listing({"id": 1, "broken": True})
    await looking.look(feed)
    assert await looking.alerts() == {"unit-1: too warm": "firing"}
    vendor.behave = lambda call: listing()
    await looking.look(feed)
    assert await looking.alerts() == {"unit-1: too warm": "resolved"}


# ------------------------------------------------------------------------------------------------ crashes, limits


@pytest.mark.parametrize("mode", ["events", "snapshot"])
@pytest.mark.parametrize("chunks", [0, 1, 2])
async def test_a_kill_between_commit_and_cursor_loses_nothing_and_doubles_nothing(
    looking: Looking, vendor: Api, mode: str, chunks: int
) -> None:
    vendor.behave = lambda call: listing(*(item(number) for number in range(250)))
    feed = await begun(looking, vendor, mode=mode)
    looking.kill_after = chunks
    await looking.feeds.run_due()
    await looking.feeds.settled()
    looking.kill_after = None
    assert len(await looking.bodies()) == (100, 200, 250)[chunks]
    assert await looking.rows("SELECT cursor FROM feed") == [(None,)]
    await looking.look(feed)
    assert len(await looking.bodies()) == 250
    assert set((await looking.alerts()).values()) == {"firing"}


async def test_what_vanishes_while_a_look_is_cut_short_is_still_resolved(looking: Looking, vendor: Api) -> None:
    vendor.behave = lambda call: listing(item(1), item(2))
    feed = await begun(looking, vendor, mode="snapshot")
    looking.kill_after = 0
    await looking.feeds.run_due()
    await looking.feeds.settled()
    assert await looking.alerts() == {"unit-1: too warm": "firing", "unit-2: too warm": "firing"}
    looking.kill_after = 0
    vendor.behave = lambda call: listing(item(2))
    looking.clock.advance(timedelta(hours=1))
    await looking.feeds.run_due()
    await looking.feeds.settled()
    looking.kill_after = None
    await looking.look(feed)
    assert await looking.alerts() == {"unit-1: too warm": "resolved", "unit-2: too warm": "firing"}
    vendor.behave = lambda call: listing(item(1), item(2))
    await looking.look(feed)
    assert await looking.alerts() == {"unit-1: too warm": "firing", "unit-2: too warm": "firing"}
    vendor.behave = lambda call: listing()
    await looking.look(feed)
    assert await looking.alerts() == {"unit-1: too warm": "resolved", "unit-2: too warm": "resolved"}


async def test_a_process_that_ends_gives_its_looks_back(looking: Looking, vendor: Api) -> None:
    vendor.behave = lambda call: Answer(hang=True)
    feed = await begun(looking, vendor)
    await looking.feeds.run_due()
    await looking.feeds.stop()
    vendor.behave = lambda call: listing(item(1))
    shown = await looking.look_now(feed)
    assert (shown.state, shown.failures) == ("ok", 0)


async def test_one_process_at_a_time_looks_at_a_feed(looking: Looking, vendor: Api) -> None:
    vendor.behave = lambda call: listing(item(1))
    feed = await begun(looking, vendor)
    database, now = looking.house.database, looking.clock.now()
    async with database.unit_of_work(looking.scope) as unit:
        await unit.connection.execute("UPDATE feed SET busy_until = $1", now + timedelta(seconds=100))
    shown = await doors.poll_now(database, looking.scope, feed, now=now)
    assert shown.due_at == now
    await looking.feeds.run_due()
    await looking.feeds.settled()
    assert vendor.calls == []
    await looking.look(feed, later=timedelta(seconds=101))
    assert len(vendor.calls) == 1


async def test_a_company_over_its_limit_is_looked_at_later_and_loses_nothing(
    migrated: Migrated, clock: ManualClock, vendor: Api
) -> None:
    async with looking_of(migrated, clock, occurrences_per_minute=150) as looking:
        vendor.behave = lambda call: listing(*(item(number) for number in range(250)))
        feed = await begun(looking, vendor)
        await looking.feeds.run_due()
        await looking.feeds.settled()
        shown = await doors.get_feed(looking.house.database, looking.scope, feed)
        assert (shown.state, shown.failures) == ("waiting", 0)
        assert 0 < len(await looking.bodies()) < 250
        async with looking.house.database.unit_of_work(looking.scope) as unit:
            await unit.connection.execute("UPDATE rate_bucket SET occurrences = 1000")
        shown = await looking.look(feed)
        assert shown.state == "ok"
        assert len(await looking.bodies()) == 250


# ------------------------------------------------------------------------------------------------ people


async def test_a_paused_feed_is_left_alone_and_resumed(looking: Looking, vendor: Api) -> None:
    vendor.behave = lambda call: listing(item(1))
    feed = await begun(looking, vendor)
    database, now = looking.house.database, looking.clock.now()
    shown = await doors.pause(database, looking.scope, feed, now=now)
    assert (shown.paused, shown.due_at) == (True, None)
    await looking.look(feed)
    assert vendor.calls == []
    with pytest.raises(Conflicting):
        await doors.poll_now(database, looking.scope, feed, now=now)
    await doors.resume(database, looking.scope, feed, now=looking.clock.now())
    shown = await looking.look_now(feed)
    assert (shown.paused, shown.state) == (False, "ok")
    acts = await looking.rows("SELECT action FROM audit_entry WHERE action LIKE 'feed\\_%' ORDER BY id")
    assert [action for (action,) in acts] == ["feed_paused", "feed_resumed"]


async def test_a_removed_feed_is_not_looked_at_any_more(looking: Looking, vendor: Api) -> None:
    vendor.behave = lambda call: listing(item(1))
    feed = await begun(looking, vendor)
    await remove_integration(looking.house.database, looking.scope, feed, now=looking.clock.now())
    looking.clock.advance(timedelta(hours=1))
    await looking.feeds.run_due()
    await looking.feeds.settled()
    assert vendor.calls == []
    with pytest.raises(NotFound):
        await doors.get_feed(looking.house.database, looking.scope, feed)


def test_waiting_grows_to_an_hour_and_no_further() -> None:
    waits = [backoff(60, failures).total_seconds() for failures in range(1, 40)]
    assert 48 <= waits[0] <= 60
    assert all(wait <= 3_600 for wait in waits)
    assert waits[-1] >= 0.8 * 3_600
    assert backoff(86_400, 1).total_seconds() <= 86_400


def test_what_people_see_of_a_feed_holds_no_secret_and_no_cursor() -> None:
    assert not {"cursor", "pending", "settings"} & set(Feed.__dataclass_fields__)


# ------------------------------------------------------------------------------------------------ many companies


async def test_a_feed_for_many_companies_hands_each_its_own_and_resolves_it_there(
    looking: Looking, vendor: Api
) -> None:
    house, msp = looking.house, Scope(INSTALLATION, "test")
    vendor.behave = lambda call: listing(item(1, labels={"site": "North"}), item(2, labels={"site": "Nowhere"}))
    made = await add_integration(
        house.database,
        house.vault,
        house.sources,
        msp,
        source="jsonfeed",
        name=f"Sites of {looking.company_id}",
        settings={"url": vendor.url, "item_id": "id", "mode": "snapshot"},
        route_by="site",
        now=looking.clock.now(),
    )
    await change_routes(
        house.database,
        house.vault,
        msp,
        made.integration.id,
        wanted={"north": looking.company_id},
        now=looking.clock.now(),
    )
    await looking.feeds.run_due()
    await looking.feeds.settled()
    assert await looking.alerts() == {"unit-1: too warm": "firing"}
    async with house.database.unit_of_work(msp) as unit:
        query = "SELECT reason, subject FROM quarantine WHERE integration_id = $1"
        waiting = [tuple(row) for row in await unit.connection.fetch(query, made.integration.id)]
    assert waiting == [("unmapped", "nowhere")]
    short = [item(number, problem_id=number, labels={"site": "North"}) for number in range(10, 20)]
    ended = [{**one, "id": f"{one['id']} over", "status": "resolved"} for one in short]
    vendor.behave = lambda call: listing(*short, *ended)
    looking.clock.advance(timedelta(hours=1))
    await looking.feeds.run_due()
    await looking.feeds.settled()
    assert set((await looking.alerts()).values()) == {"resolved"}
    assert len(await looking.alerts()) == 11
    await remove_integration(house.database, msp, made.integration.id, now=looking.clock.now())
