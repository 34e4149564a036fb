"""What time and people do to incidents, through the real server: holds, windows, merges that outlive them, re-runs."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from alertwhisperer.domain.company import Scope
from alertwhisperer.domain.rule import Rule
from alertwhisperer.store import rules
from tests.server import Place, Sender, bearer, house_of, new_company, new_sender, new_token, serving

DISK = {"asset_name": "db-01", "signature": "Disk is full", "severity": "high", "tool_source": "zabbix"}
ERRORS = {"asset_name": "web-01", "signature": "Errors", "severity": "medium", "tool_source": "zabbix"}
_DEADLINE_S = 60.0


@dataclass(frozen=True)
class Desk:
    """A company's tool, a person who looks and acts, and the server between them."""

    url: str
    place: Place
    sender: Sender
    token: str

    async def send(self, body: object) -> dict[str, Any]:
        """Send a body; answers the webhook's answer."""
        answer: dict[str, Any] = await self._ask("POST", self.sender.path, {"X-API-Key": self.sender.api_key}, body)
        return answer

    async def tell(self, *members: dict[str, Any]) -> dict[str, Any]:
        """Send; answers what the first member became."""
        answer = await self.send(list(members))
        return (await self.fates(answer["delivery_id"]))[0]

    async def end(self, *members: dict[str, Any]) -> dict[str, Any]:
        """Send that these are over."""
        return await self.tell(*({**member, "status": "resolved"} for member in members))

    async def fates(self, delivery_id: str) -> list[dict[str, Any]]:
        """What the members of a delivery became."""
        told: list[dict[str, Any]] = (await self.get(f"/api/deliveries/{delivery_id}"))["occurrences"]
        return told

    async def get(self, path: str) -> Any:
        """GET as the person."""
        return await self._ask("GET", path, bearer(self.token))

    async def of_company(self, noun: str) -> Any:
        """GET one of the company's nouns."""
        return await self.get(f"/api/companies/{self.sender.company_id}/{noun}")

    async def act(self, incident: str, verb: str, **body: object) -> Any:
        """What a person does."""
        return await self._ask("POST", f"/api/incidents/{incident}/{verb}", bearer(self.token), body)

    async def incident(self, identity: str) -> dict[str, Any]:
        """One incident as it is now."""
        found: dict[str, Any] = await self.get(f"/api/incidents/{identity}")
        return found

    async def until(self, identity: str, holds: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """Look at an incident until something holds of it."""
        deadline = time.monotonic() + _DEADLINE_S
        while not holds(found := await self.incident(identity)):
            assert time.monotonic() < deadline, found
            await asyncio.sleep(0.1)
        return found

    async def set_rule(self, **parts: Any) -> None:
        """One rule for everything."""
        scope = Scope(self.sender.company_id, "test")
        async with house_of(self.place) as house, house.database.unit_of_work(scope) as unit:
            await rules.save(unit, (Rule(id="all", name="All", **parts),), now=house.clock.now())

    async def set_mapping(self, each: str) -> None:
        """Read the tool's own shape: a list of hosts and checks that lies at `each`."""
        mapping = {"each": each, "fields": {"asset": "member.host", "signature": "member.check"}}
        path = f"/api/companies/{self.sender.company_id}/integrations/{self.sender.integration_id}"
        await self._ask("PATCH", path, bearer(self.token), {"settings": {"mapping": mapping}})

    async def rerun(self, unit: str) -> None:
        """Have a quarantined unit read again."""
        path = f"/api/companies/{self.sender.company_id}/quarantine/{unit}/rerun"
        await self._ask("POST", path, bearer(self.token))

    async def exact(self) -> dict[str, Any]:
        """The ledger, after it was compared with the rows."""
        assert (await self.of_company("ledger/verification"))["agrees"] is True
        ledger: dict[str, Any] = await self.of_company("ledger")
        outcomes = ("new", "repeat", "resolve", "stale", "noted", "rejected", "quarantined", "pending")
        assert ledger["received"] == sum(ledger[name] for name in outcomes)
        return ledger

    async def _ask(self, method: str, path: str, headers: dict[str, str], body: object = None) -> Any:
        content = None if body is None else json.dumps(body).encode()
        async with httpx.AsyncClient(base_url=self.url, trust_env=False, timeout=30) as client:
            headers = {**headers, "content-type": "application/json"}
            answer = await client.request(method, path, headers=headers, content=content)
        assert answer.status_code < 300, answer.text
        return answer.json()


@pytest.fixture(scope="module")
def url(place: Place) -> Iterator[str]:
    """One real server for all stories; each has a company of its own."""
    with serving(place) as running:
        yield running.url


@pytest.fixture
async def desk(url: str, place: Place) -> AsyncIterator[Desk]:
    """A fresh company with a generic integration."""
    async with house_of(place) as house:
        company = await new_company(house)
        yield Desk(url, place, await new_sender(house, company.id, "generic"), await new_token(house))


def older_than(moment: str, seconds: float) -> bool:
    return datetime.now(UTC) - datetime.fromisoformat(moment) > timedelta(seconds=seconds)


async def test_a_held_incident_resolves_by_itself_when_nothing_fires_any_more(desk: Desk) -> None:
    """The hold is over, a timer resolves it, and the timeline says who it was."""
    await desk.set_rule(hold_s=1)
    told = await desk.tell(DISK)
    assert (await desk.end(DISK))["reason"] == "resolved_last_held"
    incident = await desk.until(told["incident_id"], lambda one: one["status"] == "resolved")
    assert incident["resolved_by"] is None
    assert [entry["actor"] for entry in incident["timeline"] if entry["kind"] == "timer_resolve"] == ["timer"]


async def test_after_its_reopen_window_an_incident_stays_resolved_and_another_opens(desk: Desk) -> None:
    await desk.set_rule(reopen_s=1)
    first = await desk.tell(DISK)
    await desk.end(DISK)
    again = await desk.tell(DISK)
    assert (again["reason"], again["incident_id"]) == ("reopened_in_time", first["incident_id"])
    await desk.end(DISK)
    await desk.until(first["incident_id"], lambda one: older_than(one["resolved_at"], 2.1))
    later = await desk.tell(DISK)
    assert later["reason"] == "opened_after_reopen"
    assert later["incident_id"] != first["incident_id"]
    assert (await desk.incident(first["incident_id"]))["status"] == "resolved"
    ledger = await desk.exact()
    assert (ledger["new"], ledger["resolve"]) == (3, 2)


async def test_what_a_person_resolved_stays_so_for_a_while_and_then_speaks_up_elsewhere(desk: Desk) -> None:
    """A repeat just after is counted only; one after the reopen window moves the alert to an incident of its own."""
    await desk.set_rule(reopen_s=1)
    first = await desk.tell(DISK)
    await desk.act(first["incident_id"], "resolve", note="a false alarm")
    assert (await desk.tell(DISK))["reason"] == "repeat_after_person_resolved"
    await desk.until(first["incident_id"], lambda one: older_than(one["resolved_at"], 2.1))
    moved = await desk.tell(DISK)
    assert moved["reason"] == "repeat_still_firing"
    left, entered = await desk.incident(first["incident_id"]), await desk.incident(moved["incident_id"])
    assert (left["status"], left["alert_count"], left["occurrence_count"]) == ("resolved", 0, 0)
    assert (entered["status"], entered["alert_count"], entered["occurrence_count"]) == ("open", 1, 3)
    assert (await desk.get(f"/api/alerts/{moved['alert_id']}"))["incident_id"] == moved["incident_id"]


async def test_merged_incidents_take_what_either_key_brings_and_each_key_outlives_the_window(desk: Desk) -> None:
    """After the window each key opens an incident of its own, whichever of them comes first."""
    await desk.set_rule(window_s=1, group_by=("asset",))
    disk, errors = await desk.tell(DISK), await desk.tell(ERRORS)
    await desk.act(disk["incident_id"], "merge", incident_ids=[errors["incident_id"]])
    joined = await desk.tell({**ERRORS, "signature": "Slow"})
    assert joined["incident_id"] == disk["incident_id"]
    await desk.until(disk["incident_id"], lambda one: older_than(one["last_activity_at"], 2.1))
    one, other = await desk.tell({**ERRORS, "signature": "Down"}), await desk.tell({**DISK, "signature": "Lag"})
    assert one["reason"] == other["reason"] == "opened_after_window"
    assert len({disk["incident_id"], one["incident_id"], other["incident_id"]}) == 3


async def test_a_split_moves_counts_and_can_be_merged_back(desk: Desk) -> None:
    await desk.set_rule(group_by=("source",))
    disk = await desk.tell(DISK)
    await desk.tell(DISK, DISK)
    errors = await desk.tell(ERRORS)
    assert errors["incident_id"] == disk["incident_id"]
    made = await desk.act(disk["incident_id"], "split", alert_ids=[disk["alert_id"]])
    left = await desk.incident(disk["incident_id"])
    assert (left["alert_count"], left["firing_count"], left["occurrence_count"]) == (1, 1, 1)
    assert (made["alert_count"], made["firing_count"], made["occurrence_count"]) == (1, 1, 3)
    back = await desk.act(left["id"], "merge", incident_ids=[made["id"]])
    assert (back["alert_count"], back["firing_count"], back["occurrence_count"]) == (2, 2, 4)
    assert (await desk.tell(DISK))["incident_id"] == left["id"]
    await desk.end(DISK, ERRORS)
    assert (await desk.incident(left["id"]))["status"] == "resolved"


async def test_a_quarantined_delivery_is_read_again_after_its_mapping_was_mended(desk: Desk) -> None:
    """One unit waits; after the mend its members take its place, and the ledger is exact before and after."""
    await desk.set_mapping("body.alerts")
    answer = await desk.send({"events": [{"host": "db-01", "check": "Disk"}, {"host": "db-02", "check": "Disk"}]})
    assert (answer["status"], answer["occurrences"]) == ("quarantined", 1)
    assert (await desk.exact())["quarantined"] == 1
    (unit,) = (await desk.of_company("quarantine"))["items"]
    await desk.set_mapping("body.events")
    await desk.rerun(unit["id"])
    fates = await desk.fates(answer["delivery_id"])
    assert [fate["outcome"] for fate in fates] == ["new", "new"]
    assert len({fate["incident_id"] for fate in fates}) == 2
    ledger = await desk.exact()
    assert (ledger["received"], ledger["new"], ledger["quarantined"]) == (2, 2, 0)
    assert ledger["deliveries_accepted"] == 1
