"""
One NinjaOne integration of the MSP serves 120 organisations: 118 are mapped and find their companies by themselves, two
wait in quarantine, are shouted about, and are in place, in order, once they are mapped. Nobody sees another's.
"""

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import httpx
import pytest

from alertwhisperer.app.build import House
from alertwhisperer.domain.company import INSTALLATION, CompanyId, Scope
from alertwhisperer.domain.user import Role
from alertwhisperer.ingest.routes import change_routes
from tests.server import (
    Place,
    Sender,
    Server,
    bearer,
    house_of,
    new_company,
    new_sender,
    new_token,
)

ORGANISATIONS = range(1, 121)
UNMAPPED = (7, 77)
_DEADLINE_S = 30.0


def activity(organisation: int, *, code: str = "TRIGGERED", severity: str = "MAJOR", device: int = 1) -> dict[str, Any]:
    """What NinjaOne says about a device of an organisation."""
    return {
        "id": time.monotonic_ns(),
        "deviceId": 1_000 * organisation + device,
        "severity": severity,
        "priority": "HIGH",
        "seriesUid": f"series-{organisation}-{device}",
        "activityType": "CONDITION",
        "statusCode": code,
        "sourceConfigUid": "disk",
        "sourceName": "Disk free space",
        "subject": "Condition",
        "message": f"C: is nearly full at {organisation}",
        "type": "Condition",
        "device": {"id": device, "systemName": f"SRV-{organisation}-{device}", "organizationId": organisation},
    }


@dataclass(frozen=True)
class Msp:
    """The MSP's own view, its NinjaOne, and the companies by their organisation's number."""

    client: httpx.AsyncClient
    house: House
    ninja: Sender
    token: str
    companies: dict[int, CompanyId]

    async def send(self, body: object, **headers: str) -> httpx.Response:
        """Post as NinjaOne does."""
        return await self.client.post(self.ninja.path, json=body, headers={"X-API-Key": self.ninja.api_key, **headers})

    async def get(self, company_id: CompanyId, noun: str) -> Any:
        """GET one of a company's nouns as an MSP admin."""
        answer = await self.client.get(f"/api/companies/{company_id}/{noun}", headers=bearer(self.token))
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def map(self, wanted: dict[str, CompanyId]) -> None:
        """Map customers by the API, as bulk edit does."""
        path = f"/api/companies/{INSTALLATION}/integrations/{self.ninja.integration_id}/routes"
        body = {"set": {name: str(target) for name, target in wanted.items()}}
        answer = await self.client.put(path, json=body, headers=bearer(self.token))
        assert answer.status_code == 200, answer.text

    async def until(self, company_id: CompanyId, noun: str, wanted: Any) -> Any:
        """Ask again until `wanted(answer)` holds."""
        deadline = time.monotonic() + _DEADLINE_S
        while not wanted(found := await self.get(company_id, noun)):
            assert time.monotonic() < deadline, found
            await asyncio.sleep(0.1)
        return found


@pytest.fixture
async def msp(server: Server, place: Place) -> AsyncIterator[Msp]:
    """An MSP with 120 organisations in NinjaOne, 118 of them mapped to companies."""
    async with house_of(place) as house, httpx.AsyncClient(base_url=server.url, timeout=30, trust_env=False) as client:
        ninja = await new_sender(house, INSTALLATION, "ninjaone")
        companies = {number: (await new_company(house, f"Customer {number}")).id for number in ORGANISATIONS}
        made = Msp(client, house, ninja, await new_token(house), companies)
        await made.map({str(number): one for number, one in companies.items() if number not in UNMAPPED})
        yield made


async def ledger_of(msp: Msp, company_id: CompanyId) -> dict[str, int]:
    found: dict[str, int] = await msp.get(company_id, "ledger")
    return found


async def test_a_hundred_and_twenty_organisations_through_one_webhook(msp: Msp, place: Place) -> None:
    before = await ledger_of(msp, INSTALLATION)
    for number in ORGANISATIONS:
        severity = "CRITICAL" if number == 77 else "MAJOR"
        answer = await msp.send(activity(number, severity=severity))
        assert answer.status_code == 202, answer.text
        assert answer.json()["occurrences"] == 1
    for number in UNMAPPED:  # the first of its alerts ends and comes again before anybody maps it
        for code in ("RESET", "TRIGGERED"):
            assert (await msp.send(activity(number, code=code))).status_code == 202
        assert (await msp.send(activity(number, code="RESET"))).status_code == 202
        assert (await msp.send(activity(number, device=2))).status_code == 202

    for number, company_id in msp.companies.items():
        incidents = (await msp.get(company_id, "incidents"))["items"]
        alerts = (await msp.get(company_id, "alerts"))["items"]
        expected = [] if number in UNMAPPED else [f"SRV-{number}-1"]
        assert [one["asset"] for one in alerts] == expected, "nobody's alert went elsewhere"
        assert len(incidents) == len(expected)
        assert [one["source"] for one in alerts] == ["ninjaone"] * len(expected)

    waiting = (await msp.get(INSTALLATION, f"integrations/{msp.ninja.integration_id}/unmapped"))["items"]
    assert [(one["customer"], one["waiting"], one["severity"]) for one in waiting] == [
        ("77", 5, "critical"),
        ("7", 5, "high"),
    ]
    shouts = [
        one for one in (await msp.get(INSTALLATION, "incidents?status=open"))["items"] if "unmapped" in one["title"]
    ]
    assert len(shouts) == 1, "the critical one is shouted about, the other is not"

    await msp.map({str(number): msp.companies[number] for number in UNMAPPED})
    for number in UNMAPPED:
        found = await msp.until(msp.companies[number], "alerts", lambda found: len(found["items"]) == 3)
        states = sorted((one["asset"], one["status"]) for one in found["items"])
        # Each of the first device's two cycles ended before the next thing happened: order was kept.
        ended = (f"SRV-{number}-1", "resolved")
        assert states == [ended, ended, (f"SRV-{number}-2", "firing")]
        books = await ledger_of(msp, msp.companies[number])
        assert books["received"] == 5
        assert (books["quarantined"], books["stale"]) == (0, 0)
    assert (await msp.get(INSTALLATION, f"integrations/{msp.ninja.integration_id}/unmapped"))["items"] == []
    await msp.until(
        INSTALLATION,
        "incidents",
        lambda found: all(one["status"] == "resolved" for one in found["items"] if "unmapped" in one["title"]),
    )

    after = await ledger_of(msp, INSTALLATION)
    assert after["quarantined"] == before["quarantined"] == 0
    assert after["deliveries_accepted"] - before["deliveries_accepted"] >= 128
    verified = await verify(msp, [INSTALLATION, *msp.companies.values()])
    assert verified == [], "the books agree with the rows everywhere"


async def verify(msp: Msp, companies: list[CompanyId]) -> list[str]:
    """The companies whose books do not agree with their rows."""
    wrong = []
    for company_id in companies:
        answer = await msp.get(company_id, "ledger/verification")
        if answer["agrees"] is not True:
            wrong.append(f"{company_id}: {answer}")
    return wrong


async def test_one_request_for_many_companies_is_split_so_that_none_sees_anothers_body(msp: Msp) -> None:
    first, second = msp.companies[1], msp.companies[2]
    technician = await new_token(msp.house, Role.TECHNICIAN, [first])
    sent = await msp.send(activity(1, device=9))
    assert sent.status_code == 202
    alert = next(one for one in (await msp.get(first, "alerts"))["items"] if one["asset"] == "SRV-1-9")
    seen = await msp.client.get(f"/api/alerts/{alert['id']}", headers=bearer(technician))
    assert seen.status_code == 200
    for hidden in (
        f"/api/deliveries/{sent.json()['delivery_id']}",
        f"/api/companies/{second}/alerts",
        f"/api/companies/{INSTALLATION}/quarantine",
        f"/api/companies/{INSTALLATION}/integrations/{msp.ninja.integration_id}/routes",
    ):
        assert (await msp.client.get(hidden, headers=bearer(technician))).status_code == 404, hidden


async def test_a_repeat_of_a_named_delivery_is_one_everywhere(msp: Msp) -> None:
    body = activity(3, device=5)
    first, again = await msp.send(body), await msp.send(body)
    assert (first.status_code, again.status_code) == (202, 202)
    assert again.json()["duplicate"] is True
    assert again.json()["delivery_id"] == first.json()["delivery_id"]
    found = next(one for one in (await msp.get(msp.companies[3], "alerts"))["items"] if one["asset"] == "SRV-3-5")
    assert found["count"] == 1


async def test_a_company_over_its_limit_does_not_hold_up_the_others(msp: Msp) -> None:
    noisy, quiet = await new_company(msp.house, "Noisy", requests_per_minute=2), msp.companies[4]
    await msp.map({"900": noisy.id})
    answers = [(await msp.send(activity(900, device=number))).status_code for number in range(8)]
    assert answers[:2] == [202, 202]
    assert 503 in answers or 429 in answers
    assert (await msp.send(activity(4, device=6))).status_code == 202
    assert any(one["asset"] == "SRV-4-6" for one in (await msp.get(quiet, "alerts"))["items"])


async def test_moving_a_route_sends_what_comes_then_elsewhere(msp: Msp) -> None:
    await msp.map({"555": msp.companies[5]})
    assert (await msp.send(activity(555))).status_code == 202
    scope = Scope(INSTALLATION, "test")
    moved = await change_routes(
        msp.house.database,
        msp.house.vault,
        scope,
        UUID(msp.ninja.integration_id),
        wanted={"555": msp.companies[6]},
        now=msp.house.clock.now(),
    )
    assert (moved.added, moved.moved, moved.removed) == (0, 1, 0)
    deadline = time.monotonic() + _DEADLINE_S
    number = 0
    while True:  # the other process is told by the database within moments
        number += 1
        assert (await msp.send(activity(555, device=number + 10))).status_code == 202
        if any(one["asset"].startswith("SRV-555") for one in (await msp.get(msp.companies[6], "alerts"))["items"]):
            break
        assert time.monotonic() < deadline
    held = [one["asset"] for one in (await msp.get(msp.companies[5], "alerts"))["items"]]
    assert "SRV-555-1" in held


async def test_repeats_that_arrive_at_one_moment_are_one_and_none_is_lost(msp: Msp) -> None:
    """They share a transaction, in which one of them is first for the MSP and another might be for the company."""
    target = await new_company(msp.house, "At one moment")
    await msp.map({"600": target.id})
    bodies = [activity(600, device=number) for number in range(40)]
    answers = await asyncio.gather(*(msp.send(body) for body in bodies for _ in range(4)))
    assert {answer.status_code for answer in answers} == {202}
    found = (await msp.get(target.id, "alerts?limit=500"))["items"]
    assert sorted(one["asset"] for one in found) == sorted(f"SRV-600-{number}" for number in range(40))
    assert {one["count"] for one in found} == {1}
