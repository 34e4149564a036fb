"""A tool falls silent, and comes back, at the real server; and the command line sets what is expected."""

import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import asyncpg
import httpx
import pytest

from alertwhisperer.domain.company import Scope
from alertwhisperer.silence.checks import set_check
from tests.cli.conftest import Shell
from tests.database import Migrated, migrated_database
from tests.server import Place, Server, bearer, house_of, new_company, new_sender, new_token, on_database, serving

PATIENCE_S = 20


@pytest.fixture(scope="module")
def own_database() -> Iterator[Migrated]:
    """A database that no other server listens on: since when one listens is told to it."""
    with migrated_database() as made:
        yield made


@pytest.fixture(scope="module")
def silence_place(own_database: Migrated) -> Place:
    """Where this module's server keeps its things."""
    return on_database(own_database)


@pytest.fixture(scope="module")
def silence_server(silence_place: Place) -> Iterator[Server]:
    """The real server."""
    with serving(silence_place) as running:
        yield running


def read(url: str, token: str) -> Any:
    """What the API shows."""
    answer = httpx.get(url, headers=bearer(token), trust_env=False)
    assert answer.status_code == 200, answer.text
    return answer.json()


def until(look: Callable[[], Any]) -> Any:
    """Poll a door until it shows something; answers that."""
    deadline = time.monotonic() + PATIENCE_S
    while not (found := look()):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return found


async def test_a_heartbeat_is_missed_and_comes_back(
    own_database: Migrated, silence_place: Place, silence_server: Server
) -> None:
    async with house_of(silence_place, connections=2) as house:
        company = await new_company(house)
        job = await new_sender(house, company.id, "heartbeat")
        token = await new_token(house)
        url = f"{silence_server.url}/api/companies/{company.id}"

        def get(path: str) -> Any:
            return read(f"{url}/{path}", token)

        def call() -> None:
            answer = httpx.get(f"{silence_server.url}{job.path}/{job.api_key}", trust_env=False)
            assert answer.text == "ok\n"

        call()
        check = f"silence-checks/{job.integration_id}"
        until(lambda: get(check)["heard_at"])
        # The server has listened for a day, and half of it ago a person chose what is expected.
        owner = await asyncpg.connect(own_database.owner_dsn, timeout=10)
        await owner.execute("UPDATE uptime SET listening_since = listening_since - interval '1 day'")
        await owner.execute("UPDATE silence_check SET heard_at = heard_at - interval '1 day'")
        await owner.execute("DELETE FROM delivery")
        await owner.close()
        chosen_at = house.clock.now() - timedelta(hours=12)
        scope = Scope(company.id, "test")
        await set_check(house.database, scope, UUID(job.integration_id), interval_s=3_600, now=chosen_at)

        [incident] = until(lambda: get("incidents?status=open")["items"])
        assert "No data from an integration" in incident["title"]
        assert get(check)["state"] == "silent"
        call()
        until(lambda: get("incidents?status=resolved")["items"])
        assert get(check)["state"] == "heard"


async def test_the_command_line_sets_what_is_expected(silence_place: Place, silence_server: Server) -> None:
    async with house_of(silence_place, connections=2) as house:
        company = await new_company(house)
        tool = await new_sender(house, company.id, "zabbix")
        token = await new_token(house)
    shell = Shell(silence_place)
    mine = ("--company", str(company.id))
    [one] = shell.json("silence", "list", *mine)["items"]
    assert (one["id"], one["state"], one["mode"]) == (tool.integration_id, "learning", "learned")
    changed = shell.json("silence", "set", tool.integration_id, *mine, "--every", "5m", "--severity", "critical")
    assert (changed["mode"], changed["interval_s"], changed["severity"]) == ("set", 300, "critical")
    shown = until(
        lambda: (found := shell.json("silence", "show", tool.integration_id, *mine))["state"] == "waiting" and found
    )
    path = f"/api/companies/{company.id}/silence-checks/{tool.integration_id}"
    assert shown == read(f"{silence_server.url}{path}", token)
    refused = shell.run("silence", "set", tool.integration_id, *mine, "--every", "soon")
    assert (refused.code, "not a duration" in refused.err) == (1, True)
    assert "waiting" in shell.run("silence", "list", *mine).out
