"""A tool that only answers when asked: from the command line to an incident, through a kill, to its end."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from tests.cli.conftest import Shell
from tests.database import Migrated
from tests.server import Server, bearer, house_of, new_company, new_token, on_database, serving
from tests.vendors.api import Answer, Api, api, listing

_NETWORKS = {"ALERTWHISPERER_OUTBOUND_NETWORKS": "127.0.0.0/8"}


@pytest.fixture
def vendor() -> Iterator[Api]:
    """The tool."""
    with api() as running:
        yield running


@pytest.fixture
def server(migrated: Migrated) -> Iterator[Server]:
    """A server that may call loopback, as only tests may."""
    with serving(on_database(migrated), environ=_NETWORKS) as running:
        yield running


def until(ask: Callable[[], Any], wanted: Callable[[Any], bool], *, seconds: float = 40) -> Any:
    """Ask a door until it answers what is wanted."""
    deadline = time.monotonic() + seconds
    while not wanted(found := ask()):
        assert time.monotonic() < deadline, f"still {found}"
        time.sleep(0.1)
    return found


async def test_a_polled_tool_becomes_an_incident_survives_a_kill_and_resolves(
    migrated: Migrated, server: Server, vendor: Api
) -> None:
    """What a snapshot lists is one incident, once, whatever happens to the server; what it drops is over."""
    chiller = {"no": 7, "asset_name": "crac-02", "signature": "Supply air too warm", "severity": "critical"}
    vendor.behave = lambda call: listing(chiller)
    async with house_of(server.place, connections=1) as house:
        company = await new_company(house)
        token = await new_token(house)
    shell = Shell(server.place, **_NETWORKS)
    pairs = (f"url={vendor.url}/alarms", "item_id=no", "mode=snapshot", "auth_value=Bearer s3cret")
    settings = [word for pair in pairs for word in ("--setting", pair)]
    added = shell.json(
        "integration", "add", "--company", str(company.id), "--source", "jsonfeed", "--interval", "10", *settings
    )
    assert "s3cret" not in str(added)
    feed = added["id"]

    def ask(noun: str) -> Any:
        path = f"{server.url}/api/companies/{company.id}/{noun}"
        return httpx.get(path, headers=bearer(token), timeout=20, trust_env=False).json()

    def state() -> Any:
        return shell.json("feed", "show", feed, "--company", str(company.id))

    incidents = until(lambda: ask("incidents")["items"], lambda found: len(found) == 1)
    assert incidents[0]["severity"] == "critical"
    assert until(state, lambda found: found["state"] == "ok")["interval_s"] == 10
    assert vendor.calls[0].headers["authorization"] == "Bearer s3cret"

    server.kill()
    vendor.behave = lambda call: Answer(status=503)
    server.start()
    shell.json("feed", "poll", feed, "--company", str(company.id))
    failing = until(state, lambda found: found["state"] == "failing")
    assert "503" in failing["problem"]
    assert ask("feeds")["items"][0]["failures"] >= 1

    vendor.behave = lambda call: listing()
    shell.json("feed", "poll", feed, "--company", str(company.id))
    (alert,) = until(lambda: ask("alerts")["items"], lambda found: found[0]["status"] == "resolved")
    assert alert["asset"] == "crac-02"
    ledger = ask("ledger")
    assert ledger["deliveries_accepted"] == 2
    assert ask("ledger/verification")["agrees"]
    shown = shell.json("feed", "pause", feed, "--company", str(company.id))
    assert (shown["paused"], shown["due_at"]) == (True, None)
    assert shell.json("feed", "list", "--company", str(company.id))["items"][0]["integration_id"] == feed
