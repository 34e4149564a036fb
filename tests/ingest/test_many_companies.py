"""
Attacks on an integration that serves many companies: whatever is sent again, moved, cut off or made up, each alert is
in one company's books, once.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from alertwhisperer.domain.company import INSTALLATION, CompanyId, Scope
from alertwhisperer.ingest.integrations import add_integration
from alertwhisperer.ingest.routes import change_routes
from tests.ingest.front import Front, accepted, bytes_of, refused
from tests.server import Sender, bearer, new_company, sign

_DEADLINE_S = 30.0


@dataclass(frozen=True)
class Shared:
    """An integration of the MSP whose bodies are in our native form, and what tests do with it."""

    front: Front
    sender: Sender

    async def map(self, wanted: dict[str, CompanyId], *, unwanted: tuple[str, ...] = ()) -> None:
        """Change routes; the server hears of it within moments."""
        await change_routes(
            self.front.house.database,
            self.front.house.vault,
            Scope(INSTALLATION, "test"),
            UUID(self.sender.integration_id),
            wanted=wanted,
            unwanted=unwanted,
            now=self.front.house.clock.now(),
        )

    async def send(self, body: object, *, name: str | None = None, signed: bool = True) -> httpx.Response:
        """Send a body; a name of its own makes it a named delivery, which must be signed."""
        content = bytes_of(body)
        headers = {"X-API-Key": self.sender.api_key}
        if signed:
            headers |= sign(self.sender.hmac_secret, content, delivery_id=name)
        return await self.front.send(self.sender, content, headers=headers)

    async def heard(self, customer: str, company_id: CompanyId) -> None:
        """Wait until the server routes the customer to the company."""
        before = await self.counted(company_id)

        async def grown() -> bool:
            accepted(await self.send(told(firing(customer, f"probe-{uuid4().hex}"))))
            return await self.counted(company_id) > before

        await until(grown, bool)

    async def counted(self, company_id: CompanyId) -> int:
        """Occurrences in the company's books, which agree with its rows."""
        return int((await self.front.ledger(company_id))["received"])


def firing(customer: str | None, asset: str, **more: object) -> dict[str, Any]:
    """One occurrence of a customer."""
    labels = {} if customer is None else {"site": customer}
    return {"kind": "firing", "asset": asset, "signature": "disk full", "labels": labels, **more}


def told(*occurrences: dict[str, Any]) -> dict[str, Any]:
    return {"occurrences": list(occurrences)}


async def until(ask: Callable[[], Awaitable[Any]], holds: Callable[[Any], bool]) -> Any:
    """Ask again until the answer holds."""
    deadline = time.monotonic() + _DEADLINE_S
    while not holds(found := await ask()):
        assert time.monotonic() < deadline, found
        await asyncio.sleep(0.05)
    return found


@pytest.fixture
async def shared(front: Front) -> Shared:
    """A fresh MSP-wide integration."""
    house = front.house
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
    sender = Sender(INSTALLATION, str(made.integration.id), "native", made.api_key, made.hmac_secret)
    return Shared(front, sender)


async def test_a_named_delivery_sent_again_after_its_customer_was_mapped_is_counted_once(shared: Shared) -> None:
    company = await new_company(shared.front.house)
    body = told(firing("42", "web-01"))
    first = await shared.send(body, name="one")
    assert first.status_code == 202
    await shared.map({"42": company.id})
    await until(lambda: shared.counted(company.id), lambda found: found == 1)
    await shared.heard("42", company.id)
    before = await shared.counted(company.id)
    again = accepted(await shared.send(body, name="one"), first.json()["status"])
    assert again["duplicate"] is True
    assert await shared.counted(company.id) == before


async def test_a_named_delivery_sent_again_after_its_customer_moved_stays_where_it_went(shared: Shared) -> None:
    before, after = await new_company(shared.front.house), await new_company(shared.front.house)
    await shared.map({"42": before.id})
    await shared.heard("42", before.id)
    body = told(firing("42", "web-01"))
    accepted(await shared.send(body, name="one"))
    await shared.map({"42": after.id})
    await shared.heard("42", after.id)
    held = await shared.counted(before.id), await shared.counted(after.id)
    assert accepted(await shared.send(body, name="one"))["duplicate"] is True
    assert (await shared.counted(before.id), await shared.counted(after.id)) == held


async def test_an_id_that_was_used_for_another_body_brings_nothing_to_anybody(shared: Shared) -> None:
    first, second = await new_company(shared.front.house), await new_company(shared.front.house)
    await shared.map({"1": first.id, "2": second.id})
    await shared.heard("2", second.id)
    held = await shared.counted(second.id)
    accepted(await shared.send(told(firing("1", "web-01")), name="one"))
    refused(await shared.send(told(firing("2", "web-01")), name="one"), 409)
    assert await shared.counted(second.id) == held


async def test_several_alerts_over_a_companys_limit_wait_and_hold_nobody_up(shared: Shared) -> None:
    house = shared.front.house
    noisy, quiet = await new_company(house, requests_per_minute=1), await new_company(house)
    await shared.map({"noisy": noisy.id, "quiet": quiet.id})
    await shared.heard("quiet", quiet.id)
    held = await shared.counted(quiet.id)
    accepted(await shared.send(told(firing("noisy", "web-01"))))
    sent = await shared.send(told(*(firing("noisy", f"web-0{n}") for n in range(3)), firing("quiet", "db-01")))
    assert accepted(sent)["occurrences"] == 4
    assert (await shared.counted(quiet.id), await shared.counted(noisy.id)) == (held + 1, 1)
    waiting = (await shared.front.get(f"/api/companies/{INSTALLATION}/quarantine?state=waiting&limit=100"))["items"]
    mine = [one for one in waiting if one["integration_id"] == shared.sender.integration_id]
    assert [one["reason"] for one in mine] == ["over_limit"] * 3
    rerun = f"/api/companies/{INSTALLATION}/quarantine/{mine[0]['id']}/rerun"
    answer = await shared.front.client.post(rerun, headers=bearer(shared.front.token))
    assert answer.status_code == 200, answer.text
    assert await shared.counted(noisy.id) == 4
