"""
A random day at two servers, with people and timers in it, is decided again from its log, and comes out the same.

The seed is printed; ALERTWHISPERER_TEST_SEED repeats a day's input (not its timing, which two servers make anew).
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import httpx
import pytest

from alertwhisperer.app.build import House
from alertwhisperer.app.reparse import Reparsed, reparse
from alertwhisperer.cli.demo.tools import Check, Said, write
from alertwhisperer.correlate import acts
from alertwhisperer.correlate.replay import Replayed, replay
from alertwhisperer.domain.company import Scope
from alertwhisperer.store import ledger
from alertwhisperer.store import replay as log
from tests.cli.conftest import Shell
from tests.database import Migrated
from tests.server import (
    Place,
    Sender,
    Server,
    bearer,
    house_of,
    new_company,
    new_sender,
    new_token,
    serving,
)

ROUNDS = 40
AT_ONCE = 8  # requests of a round, spread over both servers
ASSETS = [f"host-{number:02d}" for number in range(10)]
CHECKS = {"prometheus": "HighLoad", "zabbix": "Disk is full", "datadog": "HighLoad", "generic": "Disk is full"}
SEVERITIES = ("critical", "high", "medium", "low")
PATIENCE_S = 40

MORNING: list[dict[str, Any]] = [
    {
        "id": "pairs",
        "name": "Two make one",
        "condition": 'asset.endsWith("1")',
        "group_by": ["asset"],
        "least_count": 2,
    },
    {
        "id": "short",
        "name": "Comes and goes",
        "condition": 'severity == "critical"',
        "group_by": ["asset"],
        "hold_s": 1,
        "reopen_s": 1,
        "window_s": 2,
        "window": "fixed",
    },
    {"id": "held", "name": "By check", "group_by": ["signature"], "hold_s": 1, "reopen_s": 2, "window_s": 60},
]
AFTERNOON: list[dict[str, Any]] = [
    {"id": "held", "name": "By check and tool", "group_by": ["signature", "source"], "hold_s": 2, "cross_tool": False},
    {"id": "short", "name": "By asset", "group_by": ["asset"], "hold_s": 1, "reopen_s": 0, "life_s": 3},
]


@pytest.fixture(scope="module")
def servers(place: Place) -> Iterator[tuple[Server, Server]]:
    """Two processes on one database."""
    with serving(place) as one, serving(place) as other:
        yield one, other


@dataclass
class Day:
    """A company's day: who sends, who looks, and what was sent so far."""

    house: House
    clients: Sequence[httpx.AsyncClient]
    senders: dict[str, Sender]
    odd: Sender
    token: str = field(repr=False)
    chance: random.Random = field(repr=False)
    sent: list[tuple[Sender, bytes, dict[str, str]]] = field(default_factory=list, repr=False)
    done: Counter[str] = field(default_factory=Counter)
    number: int = 0

    @property
    def scope(self) -> Scope:
        return Scope(self.odd.company_id, "test")

    @property
    def path(self) -> str:
        return f"/api/companies/{self.odd.company_id}"

    # ---------------------------------------------------------------------------------------- tools

    def request(self) -> tuple[Sender, bytes, dict[str, str]]:
        """What some tool says next: something new, a repeat under the same or another id, or old news."""
        if self.sent and self.chance.random() < 0.15:
            sender, body, headers = self.chance.choice(self.sent)
            if self.chance.random() < 0.5:
                headers = {**headers, "X-Delivery-Id": uuid4().hex}
            return sender, body, headers
        source = self.chance.choice(list(self.senders))
        sender = self.senders[source]
        said = [self._said(source) for _ in range(self.chance.randint(1, 5) if source == "prometheus" else 1)]
        body = self._body(source, said)
        headers = {"X-API-Key": sender.api_key}
        if self.chance.random() < 0.5:
            headers["X-Delivery-Id"] = uuid4().hex
        self.sent.append((sender, body, headers))
        return self.sent[-1]

    def _said(self, source: str, *, firing: bool | None = None, asset: str | None = None) -> Said:
        chance, now = self.chance, datetime.now(UTC)
        severity = chance.choice(SEVERITIES)
        check = Check(source, asset or chance.choice(ASSETS), CHECKS[source], severity, f"{severity} trouble", "shop")
        # Mostly fresh; now and then news that took an hour, or a tool whose clock is ahead.
        late_s = chance.choice((0, 0, 0, 1, 2, 5, 60, 3600, -30, -600))
        since = now - timedelta(seconds=late_s)
        return Said(check, chance.random() < 0.6 if firing is None else firing, since, max(since, now))

    def _body(self, source: str, said: Sequence[Said]) -> bytes:
        self.number += 1
        if source == "generic":
            return self._generic(said[0])
        return write(source, said, run="da1", number=self.number).body

    def _generic(self, one: Said) -> bytes:
        alert: dict[str, object] = {
            "asset_name": one.check.asset,
            "signature": one.check.name,
            "severity": one.check.severity,
            "message": one.check.message,
            "status": "firing" if one.firing else "resolved",
        }
        if self.chance.random() < 0.5:
            alert["started_at" if one.firing else "ended_at"] = one.since.isoformat()
        if self.chance.random() < 0.1:
            alert["signature"] = 5  # one bad member
        return json.dumps([alert] * self.chance.randint(1, 3)).encode()

    async def send(self, sender: Sender, body: bytes, headers: dict[str, str]) -> None:
        answer = await self.chance.choice(self.clients).post(sender.path, content=body, headers=headers)
        assert answer.status_code == 202, answer.text
        self.done["duplicates" if answer.json().get("duplicate") else "accepted"] += 1

    async def end_everything(self) -> None:
        """Every check of every tool says that it is over."""
        for source, sender in self.senders.items():
            ends = [self._said(source, firing=False, asset=asset) for asset in ASSETS for _ in SEVERITIES]
            headers = {"X-API-Key": sender.api_key}
            await asyncio.gather(*(self.send(sender, self._body(source, [one]), headers) for one in ends))

    # ---------------------------------------------------------------------------------------- people

    async def ask(self, method: str, path: str, body: object = None) -> httpx.Response:
        """What a person asks of one of the servers; an act may come too late."""
        client = self.chance.choice(self.clients)
        answer = await client.request(method, path, headers=bearer(self.token), json=body)
        assert answer.status_code in (200, 201, 404, 409), answer.text
        return answer

    async def act(self, verb: str) -> None:
        """A person merges, splits, resolves or takes something that is open."""
        found = (await self.ask("GET", f"{self.path}/incidents?status=open&limit=50")).json()["items"]
        if len(found) < 2:
            return
        one, other = self.chance.sample(found, 2)
        bodies: dict[str, object] = {"resolve": {}, "merge": {"incident_ids": [other["id"]]}}
        body = bodies.get(verb)
        if verb == "split":
            one = max(found, key=lambda incident: incident["alert_count"])
            members = (await self.ask("GET", f"{self.path}/alerts?incident_id={one['id']}&limit=20")).json()["items"]
            body = {"alert_ids": [self.chance.choice(members)["id"]]}
        answer = await self.ask("POST", f"/api/incidents/{one['id']}/{verb}", body)
        self.done[verb if answer.status_code in (200, 201) else f"{verb} came too late"] += 1

    async def set_rules(self, rules: Sequence[dict[str, Any]]) -> None:
        assert (await self.ask("PUT", f"{self.path}/rules", {"rules": list(rules)})).status_code == 200

    async def name_asset(self, name: str, *others: str) -> None:
        """A person says that what tools call by several names is one asset."""
        answer = await self.ask("POST", f"{self.path}/assets", {"name": name, "aliases": list(others)})
        assert answer.status_code == 201, answer.text
        self.done["named"] += 1

    async def set_mapping(self, each: str) -> None:
        mapping = {"each": each, "fields": {"asset": "member.host", "signature": "member.check"}}
        path = f"{self.path}/integrations/{self.odd.integration_id}"
        assert (await self.ask("PATCH", path, {"settings": {"mapping": mapping}})).status_code == 200

    async def quarantine(self) -> None:
        """A tool says something in a shape that its mapping does not know."""
        body = json.dumps({"events": [{"host": asset, "check": "Disk is full"} for asset in ASSETS[:4]]}).encode()
        answer = await self.clients[0].post(self.odd.path, content=body, headers={"X-API-Key": self.odd.api_key})
        assert answer.json()["status"] == "quarantined"

    async def rerun(self) -> None:
        """A person mends the mapping and has what waits read again."""
        await self.set_mapping("body.events")
        for unit in (await self.ask("GET", f"{self.path}/quarantine")).json()["items"]:
            answer = await self.ask("POST", f"{self.path}/quarantine/{unit['id']}/rerun")
            assert answer.status_code == 200, answer.text
            self.done["rerun"] += 1

    # ---------------------------------------------------------------------------------------- what came of it

    async def timers(self) -> int:
        """How many incidents a timer has resolved."""
        async with self.house.database.unit_of_work(self.scope) as unit:
            return sum([1 async for _ in log.acts(unit, [acts.TIMER_RESOLVE])])

    async def quiet_moment(self) -> None:
        """Everything ends, and timers resolve what was held."""
        before = await self.timers()
        await self.end_everything()
        deadline = time.monotonic() + PATIENCE_S
        while await self.timers() == before:
            assert time.monotonic() < deadline, "no timer came"
            await asyncio.sleep(0.1)

    async def verify(self) -> tuple[Replayed, Reparsed]:
        async with self.house.database.unit_of_work(self.scope, snapshot=True) as unit:
            assert (await ledger.verify(unit)).differences == ()
            return await replay(unit), await reparse(unit, self.house.sources)


@asynccontextmanager
async def new_day(place: Place, servers: Sequence[Server], seed: int) -> AsyncIterator[Day]:
    async with house_of(place) as house:
        company = await new_company(house)
        senders = {source: await new_sender(house, company.id, source) for source in CHECKS}
        odd = await new_sender(house, company.id, "generic")
        clients = [httpx.AsyncClient(base_url=server.url, timeout=60, trust_env=False) for server in servers]
        try:
            yield Day(house, clients, senders, odd, await new_token(house), random.Random(seed))
        finally:
            for client in clients:
                await client.aclose()


@pytest.mark.slow
async def test_a_random_day_at_two_servers_is_decided_again_as_it_was(
    place: Place, servers: tuple[Server, Server]
) -> None:
    seed = int(os.environ.get("ALERTWHISPERER_TEST_SEED") or random.SystemRandom().randrange(10**6))
    print(f"ALERTWHISPERER_TEST_SEED={seed}")
    async with new_day(place, servers, seed) as day:
        await day.set_rules(MORNING)
        await day.set_mapping("body.alerts")
        await day.quarantine()
        for number in range(ROUNDS):
            requests = [day.request() for _ in range(AT_ONCE)]
            verb = ("merge", "split", "resolve", "split", "merge", "acknowledge")[number % 6]
            await asyncio.gather(*(day.send(*request) for request in requests), day.act(verb))
            if number in (ROUNDS // 4, ROUNDS * 5 // 8):
                await day.quiet_moment()
            if number in (ROUNDS // 3, ROUNDS * 2 // 3):
                # Names change while alerts under them come in, at both servers.
                late = [day.request() for _ in range(AT_ONCE)]
                pair = ASSETS[:2] if number == ROUNDS // 3 else ASSETS[2:4]
                await asyncio.gather(day.name_asset(f"cluster-{number}", *pair), *(day.send(*one) for one in late))
            if number == ROUNDS // 2:
                # The rules change while alerts come in, at both servers.
                late = [day.request() for _ in range(AT_ONCE)]
                await asyncio.gather(day.set_rules(AFTERNOON), *(day.send(*request) for request in late))
            if number == ROUNDS * 3 // 4:
                await asyncio.gather(day.rerun(), *(day.send(*day.request()) for _ in range(AT_ONCE)))
        await day.quiet_moment()
        await asyncio.gather(*(day.send(*day.request()) for _ in range(AT_ONCE)))
        replayed, reparsed = await day.verify()
        print(dict(day.done), replayed, reparsed, f"timers {await day.timers()}", sep="\n")

        assert replayed.different == 0, replayed.differences[:5]
        assert reparsed.different == 0, reparsed.differences[:5]
        assert replayed.occurrences > ROUNDS * AT_ONCE
        assert replayed.receipts > 0
        assert all(day.done[what] for what in ("duplicates", "merge", "split", "resolve")), day.done
        assert (day.done["rerun"], day.done["named"]) == (1, 2)
        company = str(day.odd.company_id)
    # A late timer may still resolve something: that is one more act, and changes no decision.
    told = await asyncio.to_thread(Shell(place).json, "replay", "--company", company)
    assert (told["occurrences"], told["different"], told["differences"]) == (replayed.occurrences, 0, [])
    told = await asyncio.to_thread(Shell(place).json, "replay", "--company", company, "--reparse")
    assert (told["deliveries"], told["different"]) == (reparsed.deliveries, 0)


async def test_a_decision_that_was_tampered_with_is_found(
    place: Place, migrated: Migrated, servers: tuple[Server, Server]
) -> None:
    """So that no difference means no difference."""
    async with new_day(place, servers, 1) as day:
        for _ in range(5):
            await day.send(*day.request())
        first, _ = await day.verify()
        assert first.different == 0
        connection = await asyncpg.connect(migrated.owner_dsn)
        try:
            changed: UUID = await connection.fetchval(
                "UPDATE occurrence SET reason = reason + 1 WHERE company_id = $1 AND id ="
                " (SELECT id FROM occurrence WHERE company_id = $1 AND outcome = 1 LIMIT 1) RETURNING id",
                day.odd.company_id,
            )
        finally:
            await connection.close()
        second, _ = await day.verify()
        assert [one.occurrence_id for one in second.differences] == [changed]
        told = await asyncio.to_thread(Shell(place).run, "replay", "--company", str(day.odd.company_id), "--json")
        assert told.code == 3
