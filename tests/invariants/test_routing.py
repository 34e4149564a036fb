"""
Whatever is mapped, moved, sent, sent again, over a limit and run again, in whatever order: each alert of an MSP-wide
integration is in one place, which is its customer's company or the MSP's quarantine.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections import Counter, defaultdict
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from random import Random
from uuid import UUID, uuid4

import asyncpg
import httpx
import pytest

from alertwhisperer.app.build import House
from alertwhisperer.app.handover import HandOver
from alertwhisperer.app.pipeline import Pipeline
from alertwhisperer.app.rulebook import Rulebook
from alertwhisperer.correlate.replay import replay
from alertwhisperer.domain.company import INSTALLATION, CompanyId, Scope
from alertwhisperer.ingest.integrations import add_integration
from alertwhisperer.ingest.routes import change_routes
from alertwhisperer.kit.ids import index_of
from alertwhisperer.kit.metrics import Metrics
from alertwhisperer.store import ledger
from tests.server import Place, Server, bearer, house_of, new_company, new_token, sign

CUSTOMERS = ("a", "b", "c", "d", "")
_STEPS = 60
_AT_ONCE = 5
_DEADLINE_S = 30.0


@pytest.fixture
async def house(place: Place) -> AsyncIterator[House]:
    """The house behind it."""
    async with house_of(place) as opened:
        yield opened


@dataclass
class Story:
    """
    One random story.

    Attributes:
        companies: the last one has a limit that it is over soon.
        said: of each alert that was acknowledged, its customer.
        may_hold: the companies that each customer was ever mapped to.
        named: bodies that were acknowledged under a name.
    """

    house: House
    client: httpx.AsyncClient
    chance: Random
    token: str
    integration_id: UUID
    api_key: str
    hmac_secret: str
    companies: list[CompanyId]
    said: dict[str, str] = field(default_factory=dict)
    may_hold: dict[str, set[CompanyId]] = field(default_factory=lambda: defaultdict(set))
    named: list[tuple[str, bytes]] = field(default_factory=list)

    async def step(self) -> None:
        """Do one thing."""
        roll = self.chance.random()
        if roll < 0.25:
            await self._route()
        elif roll < 0.75:
            await self._send()
        elif roll < 0.9:
            await self._send_again()
        else:
            await self._run_again()

    async def _route(self) -> None:
        customer, company_id = self.chance.choice(CUSTOMERS), self.chance.choice(self.companies)
        if self.chance.random() < 0.2:
            await self.map({}, (customer,))
            return
        self.may_hold[customer].add(company_id)
        await self.map({customer: company_id})

    async def map(self, wanted: dict[str, CompanyId], unwanted: tuple[str, ...] = ()) -> None:
        await change_routes(
            self.house.database,
            self.house.vault,
            Scope(INSTALLATION, "test"),
            self.integration_id,
            wanted=wanted,
            unwanted=unwanted,
            now=self.house.clock.now(),
        )

    async def _send(self) -> None:
        mine = {uuid4().hex: self.chance.choice(CUSTOMERS) for _ in range(self.chance.choice((1, 2, 5, 20)))}
        members = [
            {
                "kind": self.chance.choice(("firing", "firing", "firing", "resolved", "noted")),
                "asset": f"host-{self.chance.randrange(4)}",
                "signature": "disk full",
                "severity": self.chance.choice(("critical", "low")),
                "message": marker,
                "labels": {"site": customer} if customer else {},
            }
            for marker, customer in mine.items()
        ]
        body = json.dumps({"occurrences": members}).encode()
        name = uuid4().hex if self.chance.random() < 0.6 else None
        answer = await self._post(body, name)
        assert answer.status_code in (202, 429), answer.text
        if answer.status_code == 202:
            assert answer.json()["occurrences"] == len(members)
            self.said |= mine
            if name is not None:
                self.named.append((name, body))

    async def _send_again(self) -> None:
        if not self.named:
            return
        name, body = self.chance.choice(self.named)
        answer = await self._post(body, name)
        assert answer.status_code in (202, 429), answer.text
        if answer.status_code == 202:
            assert answer.json()["duplicate"] is True

    async def _post(self, body: bytes, name: str | None) -> httpx.Response:
        signed = {} if name is None else sign(self.hmac_secret, body, delivery_id=name)
        return await self.client.post(
            "/api/webhooks/native", content=body, headers={"X-API-Key": self.api_key, **signed}
        )

    async def _run_again(self) -> None:
        path, people = f"/api/companies/{INSTALLATION}/quarantine", bearer(self.token)
        found = await self.client.get(f"{path}?state=waiting&limit=100", headers=people)
        mine = [one["id"] for one in found.json()["items"] if one["integration_id"] == str(self.integration_id)]
        if mine:
            answer = await self.client.post(f"{path}/{self.chance.choice(mine)}/rerun", headers=people)
            assert answer.status_code in (200, 409, 503), answer.text

    async def end(self) -> None:
        """Map everybody, and wait until nobody waits."""
        worker = HandOver(
            self.house.database,
            self.house.sources,
            Pipeline(Rulebook(self.house.database), self.house.clock, Metrics()),
            self.house.clock,
        )
        for customer in CUSTOMERS:
            self.may_hold[customer].add(self.companies[0])
        await self.map(dict.fromkeys(CUSTOMERS, self.companies[0]))
        deadline = time.monotonic() + _DEADLINE_S
        while await worker.hand_over(Scope(INSTALLATION, "test"), self.integration_id):
            assert time.monotonic() < deadline

    async def wrong(self, *, may_wait: bool) -> list[str]:
        """What does not hold."""
        connection = await asyncpg.connect(self.house.owner_dsn)
        try:
            parts = await connection.fetch(
                "SELECT d.company_id, d.body FROM delivery d JOIN integration i ON i.company_id = d.company_id"
                " AND i.integration_id = d.integration_id WHERE i.shared_id = $1",
                self.integration_id,
            )
            waiting = await connection.fetch(
                "SELECT q.id, d.body FROM quarantine q JOIN delivery d ON d.company_id = q.company_id"
                " AND d.id = q.delivery_id WHERE q.integration_id = $1 AND q.state = 'waiting'",
                self.integration_id,
            )
        finally:
            await connection.close()
        found: list[str] = []
        if waiting and not may_wait:
            found.append(f"{len(waiting)} wait although everybody is mapped")
        places: Counter[str] = Counter()
        for row in parts:
            for one in json.loads(row["body"])["occurrences"]:
                places[one["message"]] += 1
                if row["company_id"] not in self.may_hold[one["labels"].get("site", "")]:
                    found.append(f"{row['company_id']} holds what was never its own: {one}")
        for row in waiting:
            places[json.loads(row["body"])["occurrences"][index_of(row["id"])]["message"]] += 1
        found += [
            f"{marker} of {self.said.get(marker)!r}: {count} places" for marker, count in places.items() if count > 1
        ]
        found += [f"{marker} of {customer!r} is lost" for marker, customer in self.said.items() if not places[marker]]
        found += [f"{marker} was refused and is there" for marker in places if marker not in self.said]
        for company_id in (*self.companies, INSTALLATION):
            async with self.house.database.unit_of_work(Scope(company_id, "test"), snapshot=True) as unit:
                found += [f"ledger of {company_id}: {one}" for one in (await ledger.verify(unit)).differences]
                found += [f"replay of {company_id}: {one}" for one in (await replay(unit)).differences]
        return found


@pytest.mark.parametrize("seed", range(4))
async def test_each_alert_is_in_one_place_which_is_its_customers(server: Server, house: House, seed: int) -> None:
    limited = await new_company(house, requests_per_minute=10)
    companies = [(await new_company(house)).id, (await new_company(house)).id, limited.id]
    made = await add_integration(
        house.database,
        house.vault,
        house.sources,
        Scope(INSTALLATION, "test"),
        source="native",
        name=f"native {uuid4().hex[:8]}",
        route_by="site",
        now=house.clock.now(),
    )
    async with httpx.AsyncClient(base_url=server.url, timeout=30, trust_env=False) as client:
        story = Story(
            house,
            client,
            Random(seed),
            await new_token(house),
            made.integration.id,
            made.api_key,
            made.hmac_secret,
            companies,
        )
        for _ in range(_STEPS // _AT_ONCE):
            await asyncio.gather(*(story.step() for _ in range(_AT_ONCE)))
        assert await story.wrong(may_wait=True) == []
        await story.end()
        assert await story.wrong(may_wait=False) == []
