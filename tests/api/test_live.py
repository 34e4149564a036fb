"""
The live line: who watches hears of every change of their own companies, once, also after a break; nobody else does.

Against a real server process, over real WebSockets; the second server shows that it does not matter which one decided.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from alertwhisperer.api.live import TOPICS
from alertwhisperer.domain.company import INSTALLATION, Scope
from alertwhisperer.domain.live import ChangeKind
from alertwhisperer.domain.user import Role
from alertwhisperer.guard.tokens import list_tokens, person_of_token, revoke_token
from tests.database import Migrated
from tests.server import Sender, Server, bearer, house_of, new_company, new_sender, new_token, on_database, serving


@dataclass
class Watched:
    """A server with two companies, and somebody who serves the first alone."""

    server: Server
    sender: Sender
    other: Sender
    token: str
    migrated: Migrated

    async def fire(self, sender: Sender, asset: str) -> None:
        """One alert, answered when it is committed."""
        told = {"asset": asset, "signature": "Odd", "severity": "high", "kind": "firing", "message": "full"}
        await self.send(sender, json.dumps({"occurrences": [told]}).encode())

    async def send(self, sender: Sender, body: bytes) -> None:
        """A delivery, answered when it is committed."""
        async with httpx.AsyncClient(trust_env=False, timeout=30) as http:
            headers = {"X-API-Key": sender.api_key}
            answer = await http.post(self.server.url + sender.path, content=body, headers=headers)
            assert answer.status_code == 202, answer.text


@pytest.fixture
async def watched(migrated: Migrated) -> AsyncIterator[Watched]:
    place = on_database(migrated)
    async with house_of(place) as house:
        mine, theirs = await new_company(house), await new_company(house)
        sender, other = [await new_sender(house, one.id, "native") for one in (mine, theirs)]
        token = await new_token(house, Role.TECHNICIAN, [mine.id])
    with serving(place) as server:
        yield Watched(server, sender, other, token, migrated)


@asynccontextmanager
async def line(
    server: Server, token: str | None, at: str | None = None, *, rows: bool = False, **headers: str
) -> AsyncIterator[ClientConnection]:
    query = "?" + "&".join([*([] if at is None else [f"from={quote(at)}"]), *(["rows=1"] if rows else [])])
    shown = headers if token is None else {**bearer(token), **headers}
    async with connect(
        server.url.replace("http", "ws") + "/api/live" + query, additional_headers=shown, proxy=None
    ) as opened:
        yield opened


async def hear(opened: ClientConnection) -> dict[str, Any]:
    async with asyncio.timeout(10):
        told: dict[str, Any] = json.loads(await opened.recv())
    return told


async def until_ended(opened: ClientConnection) -> None:
    async with asyncio.timeout(25):
        while True:
            await opened.recv()


async def changes(opened: ClientConnection) -> dict[str, Any]:
    while (told := await hear(opened))["type"] == "here":
        pass
    return told


async def incidents(opened: ClientConnection) -> list[dict[str, Any]]:
    """Of the next message what it says of incidents; each such change moved alerts and figures as well."""
    told = (await changes(opened))["changes"]
    assert {one["kind"] for one in told} == {"incident", "alert", "kpi"}
    return [one for one in told if one["kind"] == "incident"]


async def test_a_change_is_told_to_who_serves_the_company_and_to_nobody_else(watched: Watched) -> None:
    async with line(watched.server, watched.token) as opened:
        assert (await hear(opened))["type"] == "here"
        await watched.fire(watched.other, "theirs")
        await watched.fire(watched.sender, "mine")
        told = await changes(opened)
    assert [(one["kind"], len(one["ids"])) for one in told["changes"]] == [("incident", 1), ("alert", 0), ("kpi", 0)]
    assert {one["company_id"] for one in told["changes"]} == {str(watched.sender.company_id)}
    assert str(watched.other.company_id) not in json.dumps(told)


async def test_what_opens_no_incident_is_told_as_well(watched: Watched) -> None:
    async with line(watched.server, watched.token, rows=True) as opened:
        await hear(opened)
        await watched.send(watched.sender, b"{}")  # kept, and put into quarantine
        told = await changes(opened)
    assert [(one["kind"], one["ids"], one["rows"]) for one in told["changes"]] == [
        ("alert", [], None),
        ("kpi", [], None),
    ]


async def test_who_was_away_hears_of_what_was_missed_and_of_nothing_else(watched: Watched) -> None:
    async with line(watched.server, watched.token) as opened:
        await hear(opened)
        await watched.fire(watched.sender, "before")
        before = await changes(opened)
    await watched.fire(watched.sender, "meanwhile")
    with serving(watched.server.place) as second:  # another process of the same installation
        async with line(second, watched.token, before["place"]) as opened:
            missed = await incidents(opened)
            await watched.fire(watched.sender, "after")  # decided by the first process
            after = await incidents(opened)
    seen = [change["ids"] for told in (before["changes"][:1], missed, after) for change in told]
    assert [len(ids) for ids in seen] == [1, 1, 1]
    assert len({ids[0] for ids in seen}) == 3


async def test_who_asks_for_rows_is_told_what_the_list_shows(watched: Watched) -> None:
    async with line(watched.server, watched.token, rows=True) as opened:
        await hear(opened)
        await watched.fire(watched.other, "theirs")
        await watched.fire(watched.sender, "mine")
        [first] = await incidents(opened)
        await watched.fire(watched.sender, "mine")
        [second] = await incidents(opened)
    assert [row["id"] for row in first["rows"]] == first["ids"] == second["ids"]
    assert [one["rows"][0]["occurrence_count"] for one in (first, second)] == [1, 2]
    path = f"{watched.server.url}/api/companies/{watched.sender.company_id}/incidents"
    async with httpx.AsyncClient(trust_env=False, timeout=30, headers=bearer(watched.token)) as http:
        assert (await http.get(path)).json()["items"] == second["rows"]


async def test_who_does_not_ask_for_rows_is_told_ids_alone(watched: Watched) -> None:
    async with line(watched.server, watched.token) as opened, line(watched.server, watched.token, rows=True) as other:
        await hear(opened)
        await hear(other)
        await watched.fire(watched.sender, "mine")
        [change], [with_rows] = await incidents(opened), await incidents(other)
    assert (set(with_rows) - set(change), change["ids"]) == ({"rows"}, with_rows["ids"])


async def test_what_was_missed_is_told_by_ids_to_ask_for(watched: Watched) -> None:
    async with line(watched.server, watched.token, rows=True) as opened:
        before = await hear(opened)
    await watched.fire(watched.sender, "meanwhile")
    async with line(watched.server, watched.token, before["place"], rows=True) as opened:
        [missed] = await incidents(opened)
    assert (len(missed["ids"]), missed["rows"]) == (1, None)


@pytest.mark.parametrize(("role", "rows", "entries"), [(Role.TECHNICIAN, 1, 1), (Role.READER, 1, 1)])
async def test_rows_of_several_companies_are_a_look_across_them(
    watched: Watched, role: Role, rows: int, entries: int
) -> None:
    """The audit log says that somebody looks."""
    place = on_database(watched.migrated)
    async with house_of(place) as house:
        token = await new_token(house, role, [watched.sender.company_id, watched.other.company_id])
        person = await person_of_token(house.database, house.vault, token, now=house.clock.now())
        assert person is not None
        async with line(watched.server, token, rows=True) as opened:
            await hear(opened)
            await watched.fire(watched.sender, "mine")
            [change] = await incidents(opened)
        async with house.database.unit_of_work(Scope(INSTALLATION, "test")) as unit:
            crossed = await unit.connection.fetchval(
                "SELECT count(*) FROM crossing WHERE action = 'incident.cross' AND who = $1", str(person.user.id)
            )
    assert (len(change.get("rows", [])), crossed) == (rows, entries)


@pytest.mark.parametrize("place", ["nonsense", "", "00000000-0000-0000-0000-000000000000.5:5:", "'; DROP TABLE x"])
async def test_a_place_that_is_none_of_ours_begins_anew(watched: Watched, place: str) -> None:
    async with line(watched.server, watched.token, place) as opened:
        told = await changes(opened)
    assert (told["type"], "changes" in told) == ("anew", False)


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer awt_wrong"}, {"Cookie": "alertwhisperer=aws_x"}])
async def test_nobody_hears_nothing(watched: Watched, headers: dict[str, Any]) -> None:
    async with line(watched.server, None, **headers) as opened:
        with pytest.raises(ConnectionClosed) as ended:
            await hear(opened)
    assert ended.value.rcvd is not None
    assert ended.value.rcvd.code == 4401


async def test_a_line_ends_when_its_token_does(watched: Watched) -> None:
    async with line(watched.server, watched.token) as opened:
        await hear(opened)
        async with house_of(on_database(watched.migrated)) as house:
            person = await person_of_token(house.database, house.vault, watched.token, now=house.clock.now())
            assert person is not None
            [token] = await list_tokens(house.database, person.user.email)
            await revoke_token(house.database, Scope(INSTALLATION, "test"), token.id, now=house.clock.now())
        with pytest.raises(ConnectionClosed) as ended:
            await until_ended(opened)
    assert ended.value.rcvd is not None
    assert ended.value.rcvd.code == 4401


def test_every_kind_of_change_has_an_action_that_opens_it() -> None:
    assert set(TOPICS) == set(ChangeKind)
    assert all(action.endswith(".read") for action in TOPICS.values())


async def test_another_path_is_refused(watched: Watched) -> None:
    with pytest.raises(Exception, match="403"):
        async with connect(watched.server.url.replace("http", "ws") + "/api/other", proxy=None):
            pass
