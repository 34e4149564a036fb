"""Whole stories through the real server: webhooks in, what people see out."""

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from alertwhisperer.domain.company import Scope
from alertwhisperer.domain.rule import Rule
from alertwhisperer.store import rules
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

_ALERT = {
    "asset_name": "db-01",
    "signature": "Disk is full",
    "severity": "high",
    "message": "97%",
    "tool_source": "zabbix",
}


@dataclass(frozen=True)
class Desk:
    """A company's tool and a person who looks."""

    server: Server
    place: Place
    sender: Sender
    token: str

    @property
    def company(self) -> str:
        return f"{self.server.url}/api/companies/{self.sender.company_id}"

    def send(self, *members: dict[str, Any]) -> dict[str, Any]:
        body: Any = members[0] if len(members) == 1 else list(members)
        return self.send_raw(json.dumps(body).encode())

    def send_raw(self, body: bytes) -> dict[str, Any]:
        headers = {"X-API-Key": self.sender.api_key}
        answer = httpx.post(self.server.url + self.sender.path, content=body, headers=headers, trust_env=False)
        assert answer.status_code == 202, answer.text
        told: dict[str, Any] = answer.json()
        return told

    def get(self, path: str) -> Any:
        url = path if path.startswith("http") else self.company + path
        answer = httpx.get(url, headers=bearer(self.token), trust_env=False)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def act(self, incident: str, verb: str, body: dict[str, Any] | None = None) -> Any:
        url = f"{self.server.url}/api/incidents/{incident}/{verb}"
        answer = httpx.post(url, json=body or {}, headers=bearer(self.token), trust_env=False)
        assert answer.status_code in (200, 201), answer.text
        return answer.json()

    def incidents(self, **wanted: str) -> list[dict[str, Any]]:
        query = "&".join(f"{name}={value}" for name, value in wanted.items())
        found: list[dict[str, Any]] = self.get(f"/incidents?{query}")["items"]
        return found

    async def rules(self, *wanted: Rule) -> None:
        async with house_of(self.place) as house:
            scope = Scope(self.sender.company_id, "test")
            async with house.database.unit_of_work(scope) as unit:
                await rules.save(unit, wanted, now=house.clock.now())


@pytest.fixture
async def desk(server: Server, place: Place) -> AsyncIterator[Desk]:
    """A fresh company with a generic integration."""
    async with house_of(place) as house:
        company = await new_company(house)
        yield Desk(server, place, await new_sender(house, company.id, "generic"), await new_token(house))


async def test_ten_identical_alerts_are_one_incident(desk: Desk) -> None:
    """Ten identical alerts: 10 in, 1 distinct, 1 incident, 90% less noise, and the ledger says where each went."""
    for _ in range(10):
        desk.send(_ALERT)
    kpis = desk.get("/kpis")
    assert (kpis["total_alerts"], kpis["distinct_alerts"], kpis["total_incidents"]) == (10, 1, 1)
    assert kpis["noise_reduction_pct"] == 90
    ledger = desk.get("/ledger")
    assert (ledger["received"], ledger["new"], ledger["repeat"]) == (10, 1, 9)
    assert desk.get("/ledger/verification")["agrees"] is True


async def test_two_tools_that_report_one_fault_share_an_incident_that_names_both(desk: Desk) -> None:
    """One asset, one signature, two tools: one incident."""
    desk.send(_ALERT)
    desk.send({**_ALERT, "asset_name": "DB-01.", "tool_source": "datadog"})
    (incident,) = desk.incidents()
    assert incident["tools"] == ["datadog", "zabbix"]
    assert (incident["alert_count"], incident["aggregation_key"]) == (2, "db-01|Disk is full")


async def test_two_applications_with_one_alert_each_are_two_incidents(desk: Desk) -> None:
    """What shares nothing but a moment is not one fault."""
    desk.send(
        {**_ALERT, "asset_name": "shop", "signature": "Errors"}, {**_ALERT, "asset_name": "crm", "signature": "Slow"}
    )
    assert sorted(one["alert_count"] for one in desk.incidents()) == [1, 1]


async def test_all_resolved_resolves_and_firing_again_reopens(desk: Desk) -> None:
    """The last resolve ends the incident; the same problem a moment later reopens it instead of opening another."""
    desk.send(_ALERT)
    desk.send({**_ALERT, "status": "resolved"})
    (incident,) = desk.incidents()
    assert incident["status"] == "resolved"
    desk.send(_ALERT)
    (again,) = desk.incidents()
    assert (again["id"], again["status"], again["alert_count"]) == (incident["id"], "open", 2)


async def test_a_late_firing_does_not_reopen_a_newer_resolve(desk: Desk) -> None:
    """Out of order: the resolve came first."""
    desk.send({**_ALERT, "status": "resolved", "ended_at": "2026-01-01T10:05:00Z"})
    late = desk.send({**_ALERT, "started_at": "2026-01-01T10:00:00Z"})
    (fate,) = desk.get(f"{desk.server.url}/api/deliveries/{late['delivery_id']}")["occurrences"]
    assert (fate["outcome"], fate["reason"]) == ("stale", "stale_older_than_resolve")
    assert desk.incidents() == []


async def test_an_incident_opens_when_its_rule_has_seen_enough(desk: Desk) -> None:
    """Two of three: nothing yet; the third opens it, with all of them inside."""
    await desk.rules(Rule(id="flaky", name="Flaky checks", least_count=3))
    desk.send(_ALERT)
    desk.send(_ALERT)
    assert desk.incidents() == []
    desk.send(_ALERT)
    (incident,) = desk.incidents()
    assert (incident["occurrence_count"], incident["rule"]["id"]) == (3, "flaky")


async def test_people_merge_and_split_and_later_cycles_follow_them(desk: Desk) -> None:
    """What a person puts together stays together, what a person takes apart stays apart."""
    desk.send(_ALERT, {**_ALERT, "asset_name": "web-01", "signature": "Errors"})
    errors, disk = desk.incidents()
    desk.act(disk["id"], "merge", {"incident_ids": [errors["id"]]})
    (kept,) = desk.incidents()
    assert (kept["id"], kept["alert_count"]) == (disk["id"], 2)
    alert = next(one for one in desk.get("/alerts")["items"] if one["asset"] == "web-01")
    made = desk.act(disk["id"], "split", {"alert_ids": [alert["id"]]})
    apart = {one["id"]: one["assets"] for one in desk.incidents()}
    assert apart == {disk["id"]: ["db-01"], made["id"]: ["web-01"]}
    desk.send({**_ALERT, "asset_name": "web-01", "signature": "Errors", "status": "resolved"})
    desk.send({**_ALERT, "asset_name": "web-01", "signature": "Errors"})
    assert {one["id"]: one["alert_count"] for one in desk.incidents()}[made["id"]] == 2


async def test_a_body_that_could_not_be_read_is_kept_and_given_up_with_a_name(desk: Desk) -> None:
    """Truncated JSON: accepted, whole, waiting; nothing else suffers."""
    assert desk.send_raw(b'{"asset_name": "db-')["status"] == "quarantined"
    (unit,) = desk.get("/quarantine")["items"]
    assert unit["reason"] == "invalid_json"
    whole = desk.get(f"/quarantine/{unit['id']}")
    assert whole["body_text"] == '{"asset_name": "db-'
    assert desk.get("/ledger")["quarantined"] == 1
