"""An approval at the real server: it lapses on time though the server was killed before; and the command line."""

import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import httpx
import pytest

from alertwhisperer.app.build import House
from alertwhisperer.domain.approval import Approval, StartReason, State, requester_of
from alertwhisperer.domain.audit import AuditAction
from alertwhisperer.domain.company import Scope
from alertwhisperer.guard.approvals.ask import Request, ask
from alertwhisperer.guard.approvals.start import NotStarted, start
from alertwhisperer.inventory.assets import add_asset
from alertwhisperer.store import approvals, audit
from tests.cli.conftest import Shell
from tests.database import Migrated, migrated_database
from tests.guard.asking import Part
from tests.server import Place, Server, bearer, house_of, new_company, new_token, on_database

PATIENCE_S = 20
SHORT = timedelta(seconds=3)


@pytest.fixture(scope="module")
def own_database() -> Iterator[Migrated]:
    """A database that no other server looks at: nobody but ours may let anything lapse."""
    with migrated_database() as made:
        yield made


@pytest.fixture(scope="module")
def place(own_database: Migrated) -> Place:
    """Where this module's server keeps its things."""
    return on_database(own_database)


@pytest.fixture
def server(place: Place) -> Iterator[Server]:
    """The real server."""
    running = Server(place).start()
    try:
        yield running
    finally:
        running.stop()
        running.forget_log()


def until(look: Callable[[], Any]) -> Any:
    """Poll a door until it shows something; answers that."""
    deadline = time.monotonic() + PATIENCE_S
    while not (found := look()):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return found


def read(server: Server, approval: Approval, token: str) -> Any:
    """The approval as the API shows it."""
    answer = httpx.get(f"{server.url}/api/approvals/{approval.id}", headers=bearer(token), trust_env=False)
    return answer.raise_for_status().json()


async def ask_for(house: House, part: Part, lasts: timedelta) -> tuple[Scope, Approval]:
    """Something is asked for in a company of its own, with little time."""
    company = await new_company(house)
    scope = Scope(company.id, "pipeline")
    asset = await add_asset(house.database, scope, {"name": "db-01"}, now=house.clock.now())
    async with house.database.unit_of_work(scope) as unit:
        now = house.clock.now()
        plan = await part.build(unit, asset.id, requester_of(scope), now + lasts)
        return scope, await ask(unit, Request(plan, "The disk fills.", "It may break."), now=now)


async def test_it_lapses_on_time_after_a_restart_across_its_end(place: Place, server: Server) -> None:
    async with house_of(place, connections=2) as house:
        part = Part()
        scope, approval = await ask_for(house, part, SHORT)
        token = await new_token(house)
        server.kill()
        until(lambda: house.clock.now() > approval.expires_at)
        async with house.database.unit_of_work(scope) as unit:
            found = await approvals.read(unit, approval.id)
        assert found is not None
        assert found.state is State.ASKED, "nobody looked: no server ran when its time came"

        server.start()

        until(lambda: read(server, approval, token)["state"] == "lapsed")
        async with house.database.unit_of_work(scope) as unit:
            refused = await start(unit, approval.id, part.again, now=house.clock.now())
            [entry] = [one for one in await audit.page(unit, limit=50) if one.action is AuditAction.APPROVAL_LAPSED]
        assert refused == NotStarted(approval.id, StartReason.LAPSED)
        assert (entry.actor, entry.resource.id) == ("timer", str(approval.id))


async def test_the_command_line_shows_what_is_asked_and_lets_no_machine_decide(place: Place, server: Server) -> None:
    async with house_of(place, connections=2) as house:
        scope, approval = await ask_for(house, Part(), timedelta(hours=1))
        token = await new_token(house)
    shell = Shell(place)
    mine = ("--company", str(scope.company_id))
    [listed] = shell.json("approval", "list", *mine)["items"]
    shown = shell.json("approval", "show", str(approval.id), *mine)
    api = read(server, approval, token)
    assert {name: shown[name] for name in listed} == listed
    told_alike = set(listed) - {"you"}  # who asks differs
    assert {name: shown[name] for name in told_alike} == {name: api[name] for name in told_alike}
    assert shown["plan"]["act"] == api["plan"]["act"]["text"]
    assert str(approval.id) in shell.run("approval", "list", *mine).out

    for verb, *words in (("approve", "--hash", approval.hash.hex()), ("refuse", "--reason", "x")):
        refused = shell.run("approval", verb, str(approval.id), *words, *mine)
        assert (refused.code, "a person's" in refused.err) == (1, True)
    assert (shell.run("approval", "approve", str(approval.id), "--hash", "xyz", *mine).code) == 1
    refused = shell.run("approval", "withdraw", str(approval.id), *mine)
    assert (refused.code, "only who asked" in refused.err) == (1, True)

    kim = shell.with_settings(ALERTWHISPERER_TOKEN=token)
    assert kim.json("approval", "show", str(approval.id), *mine)["you"] == "may"
    done = kim.json("approval", "approve", str(approval.id), *mine, "--hash", approval.hash.hex(), "--reason", "agreed")
    assert (done["state"], done["decisions"][0]["reason"]) == ("approved", "agreed")
    assert read(server, approval, token)["state"] == "approved"
    assert kim.run("approval", "refuse", str(approval.id), *mine, "--reason", "too late").code == 1


def test_the_command_line_sets_brakes_that_the_server_follows(place: Place, server: Server) -> None:
    shell = Shell(place)
    company = shell.json("company", "add", "Braked")["id"]
    shell.json("user", "add", "braked@example.org", "--role", "technician", "--company", company)
    token = shell.json("token", "add", "--user", "braked@example.org")["token"]
    mine = ("--company", company)

    def seen() -> Any:
        url = f"{server.url}/api/companies/{company}/brakes"
        return httpx.get(url, headers=bearer(token), trust_env=False).raise_for_status().json()

    shell.json("brake", "stop", *mine, "--reason", "it misbehaves")
    assert seen() == shell.json("brake", "show", *mine)
    assert seen()["holds"]
    shell.json("brake", "release", *mine)
    assert not seen()["holds"]
    shell.json("brake", "freeze", *mine, "--window", "2199-12-20T00:00Z..2199-12-27T00:00+01:00 closing of the year")
    assert seen() == shell.json("brake", "show", *mine)
    assert seen()["freezes"][0]["to"] == "2199-12-26T23:00:00Z"
    shell.json("brake", "stop", "--all", "--reason", "a bad release")
    assert seen()["switches"][0]["reach"] == "all"
    shell.json("brake", "release", "--all")
    assert seen()["switches"] == []
    technician = shell.with_settings(ALERTWHISPERER_TOKEN=token)
    assert technician.json("brake", "stop", *mine, "--reason", "it smokes")["holds"]
    for words in (("release", *mine), ("freeze", *mine), ("stop", "--all", "--reason", "x"), ("show", "--all")):
        refused = technician.run("brake", *words)
        assert (refused.code, "may not do" in refused.err) == (1, True), words
    assert seen()["switches"][0]["set_by"] == "braked@example.org"
    for wrong in (
        ("stop", "--reason", "x"),
        ("stop", "--all", *mine, "--reason", "x"),
        ("freeze", *mine, "--window", "soon"),
        ("freeze", *mine, "--window", "2199-12-20T00:00..2199-12-27T00:00Z closing"),
    ):
        assert shell.run("brake", *wrong).code == 1, wrong
