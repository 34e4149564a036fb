"""
An MSP-wide NinjaOne through crashes: customers are mapped and moved while it sends, and what it named is sent again.

Each activity has a number of its own, by which a repeat is known, and says so in its message.
"""

import asyncio
import json
import re
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random
from uuid import UUID, uuid4

import asyncpg
import httpx

from alertwhisperer.app.build import House
from alertwhisperer.app.handover import HandOver
from alertwhisperer.app.pipeline import Pipeline
from alertwhisperer.app.rulebook import Rulebook
from alertwhisperer.domain.company import INSTALLATION, CompanyId, Scope
from alertwhisperer.domain.company_setting import MOST_BYTES_PER_MINUTE, MOST_PER_MINUTE
from alertwhisperer.domain.errors import Temporary
from alertwhisperer.guard.companies import set_company
from alertwhisperer.ingest.routes import change_routes
from alertwhisperer.kit.metrics import Metrics
from tests.server import Sender, new_sender

_CUSTOMERS = 9
_NEVER_MAPPED = 0
_MAPPED_AT_FIRST = 3
_RETRY_S = 0.05
_ANSWER_S = 30.0
_LONGEST_PAUSE_S = 1.0  # between two changes of routes
_AGAIN = 0.2  # of the activities are sent again later, although they were acknowledged
_MARKER = re.compile(r"marker ([0-9a-f]{32}) ")


@dataclass(slots=True)
class Activity:
    """What happened at a customer, once; `body` is sent as often as it takes."""

    marker: str
    customer: int
    body: bytes
    acknowledged: bool = False


@dataclass(slots=True)
class Msp:
    """
    The MSP's NinjaOne, and all that was sent by it.

    Attributes:
        may_hold: the companies that each customer was ever mapped to, or was about to be when the server died.
    """

    sender: Sender
    companies: Sequence[CompanyId]
    may_hold: dict[int, set[CompanyId]] = field(default_factory=lambda: defaultdict(set))
    sent: list[Activity] = field(default_factory=list)
    unexpected: list[str] = field(default_factory=list)


async def new_msp(house: House, companies: Sequence[CompanyId]) -> Msp:
    """An MSP-wide NinjaOne without limits, some of whose customers are mapped."""
    await set_company(
        house.database,
        Scope(INSTALLATION, "test"),
        requests_per_minute=MOST_PER_MINUTE,
        occurrences_per_minute=MOST_PER_MINUTE,
        bytes_per_minute=MOST_BYTES_PER_MINUTE,
        now=house.clock.now(),
    )
    msp = Msp(await new_sender(house, INSTALLATION, "ninjaone"), companies)
    for customer in range(1, _MAPPED_AT_FIRST + 1):
        await _map(house, msp, customer, companies[customer % len(companies)])
    return msp


async def ninja(url: str, msp: Msp, chance: Random, stop: asyncio.Event) -> None:
    """Send activities, each until it is acknowledged, and some of them again, until told to stop."""
    async with httpx.AsyncClient(timeout=_ANSWER_S, trust_env=False) as http:
        while not stop.is_set():
            one = _activity(len(msp.sent), chance)
            msp.sent.append(one)
            while True:
                if await _try(http, url, msp, one):
                    break
                await asyncio.sleep(_RETRY_S)
            if chance.random() < _AGAIN:
                await _try(http, url, msp, chance.choice(msp.sent[-200:]))


async def mapper(house: House, msp: Msp, chance: Random, stop: asyncio.Event) -> None:
    """Map one customer after another, then move them about; what fails in a crash is tried another time."""
    unmapped = [one for one in range(_CUSTOMERS) if one not in msp.may_hold and one != _NEVER_MAPPED]
    while not stop.is_set():
        await asyncio.sleep(chance.random() * _LONGEST_PAUSE_S)
        customer = unmapped.pop() if unmapped else chance.randrange(1, _CUSTOMERS)
        try:
            await _map(house, msp, customer, chance.choice(msp.companies))
        except (Temporary, OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
            continue


async def hand_over(house: House, msp: Msp) -> None:
    """Hand over all that waits for a mapped customer, as a worker would within minutes of a crash."""
    pipeline = Pipeline(Rulebook(house.database), house.clock, Metrics())
    worker = HandOver(house.database, house.sources, pipeline, house.clock)
    await worker.hand_over(Scope(INSTALLATION, "test"), UUID(msp.sender.integration_id))


async def each_in_one_place(house: House, msp: Msp) -> list[str]:
    """Activities that are nowhere, in several places, or where they do not belong."""
    connection = await asyncpg.connect(house.owner_dsn)
    shared = UUID(msp.sender.integration_id)
    try:
        parts = await connection.fetch(
            "SELECT d.company_id, d.id, d.body, (SELECT count(*) FROM occurrence o WHERE o.company_id = d.company_id"
            " AND left(replace(o.id::text, '-', ''), 25) = left(replace(d.id::text, '-', ''), 25)) AS members"
            " FROM delivery d JOIN integration i ON i.company_id = d.company_id AND i.integration_id = d.integration_id"
            " WHERE i.shared_id = $1",
            shared,
        )
        waiting = await connection.fetch(
            "SELECT d.body, q.subject FROM quarantine q JOIN delivery d ON d.company_id = q.company_id"
            " AND d.id = q.delivery_id JOIN occurrence o ON o.company_id = q.company_id AND o.id = q.id"
            " WHERE q.company_id = $1 AND q.integration_id = $2 AND q.state = 'waiting'",
            INSTALLATION,
            shared,
        )
        mapped = {
            row["value"] for row in await connection.fetch("SELECT value FROM route WHERE integration_id = $1", shared)
        }
        whole = await connection.fetch("SELECT body FROM delivery WHERE integration_id = $1", shared)
    finally:
        await connection.close()
    wrong: list[str] = []
    places: dict[str, list[CompanyId]] = defaultdict(list)
    for row in parts:
        told = json.loads(row["body"])["occurrences"]
        if len(told) != row["members"]:
            wrong.append(f"delivery {row['id']} says {len(told)} and has {row['members']} occurrences")
        for one in told:
            customer = int(one["labels"]["organization_id"])
            if row["company_id"] not in msp.may_hold[customer]:
                wrong.append(f"{row['company_id']} holds what is customer {customer}'s")
            places[_marker(one["message"])].append(CompanyId(row["company_id"]))
    for row in waiting:
        places[_marker(json.loads(row["body"])["message"])].append(INSTALLATION)
        if row["subject"] in mapped:
            wrong.append(f"an alert of customer {row['subject']} waits, who is mapped")
    stored: dict[str, int] = defaultdict(int)
    for row in whole:
        stored[_marker(json.loads(row["body"])["message"])] += 1
    for one in msp.sent:
        where = places.get(one.marker, [])
        if len(where) > 1:
            wrong.append(f"activity {one.marker} of customer {one.customer} is in {len(where)} places: {where}")
        if one.acknowledged and not where:
            wrong.append(f"activity {one.marker} of customer {one.customer} was acknowledged and lost")
        if len(where) != stored.get(one.marker, 0):
            wrong.append(f"activity {one.marker} was stored {stored.get(one.marker, 0)} times by the MSP")
    return wrong


async def _map(house: House, msp: Msp, customer: int, company_id: CompanyId) -> None:
    msp.may_hold[customer].add(company_id)
    await change_routes(
        house.database,
        house.vault,
        Scope(INSTALLATION, "test"),
        UUID(msp.sender.integration_id),
        wanted={str(customer): company_id},
        now=house.clock.now(),
    )


async def _try(http: httpx.AsyncClient, url: str, msp: Msp, one: Activity) -> bool:
    try:
        answer = await http.post(url + msp.sender.path, content=one.body, headers={"X-API-Key": msp.sender.api_key})
    except httpx.TransportError:
        return False
    if answer.status_code == 202:
        one.acknowledged = True
        return True
    if answer.status_code != 503:
        msp.unexpected.append(f"{answer.status_code}: {answer.text[:200]}")
        return True
    return False


def _activity(number: int, chance: Random) -> Activity:
    marker, customer, device = uuid4().hex, chance.randrange(_CUSTOMERS), chance.randrange(20)
    body = {
        "id": time.time_ns() // 1000 * 1000 + number % 1000,
        "activityTime": time.time(),
        "deviceId": 100 * customer + device,
        "severity": chance.choice(("CRITICAL", "MAJOR", "MINOR")),
        "activityType": "CONDITION",
        "statusCode": "RESET" if chance.random() < 0.2 else "TRIGGERED",
        "sourceConfigUid": f"check-{chance.randrange(5)}",
        "sourceName": "Disk free space",
        "message": f"marker {marker} member 0",
        "device": {"id": device, "systemName": f"srv-{customer}-{device}", "organizationId": customer},
    }
    return Activity(marker, customer, json.dumps(body).encode())


def _marker(message: str) -> str:
    found = _MARKER.search(message)
    assert found is not None, message
    return found[1]
