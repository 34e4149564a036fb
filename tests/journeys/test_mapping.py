"""
A tool changed its shape overnight: what it sent waits in quarantine. In the morning somebody tries a mapping on one of
the bodies, saves it, reads all of them again, and every alert is where it belongs, with the time at which it came.
"""

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from alertwhisperer.domain.user import Role
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

OLD = {"each": "body.alerts", "fields": {"asset": "member.host", "signature": "member.check"}}
NEW = {
    "each": "body.events",
    "fields": {"asset": ["member.fqdn", "member.host"], "signature": "member.check", "status": "member.state"},
}


@dataclass(frozen=True)
class Morning:
    """A company's admin, its tool, and a stranger."""

    client: httpx.AsyncClient
    tool: Sender
    admin: str
    stranger: str

    async def send(self, *events: dict[str, Any]) -> str:
        """The tool sends its new shape; answers the delivery's id."""
        answer = await self.client.post(
            self.tool.path, json={"events": events}, headers={"X-API-Key": self.tool.api_key}
        )
        assert answer.json()["status"] == "quarantined", answer.text
        identity: str = answer.json()["delivery_id"]
        return identity

    async def ask(self, method: str, noun: str, body: object = None, *, who: str = "", status: int = 200) -> Any:
        """One request about the company."""
        path = f"/api/companies/{self.tool.company_id}/{noun}"
        answer = await self.client.request(method, path, json=body, headers=bearer(who or self.admin))
        assert answer.status_code == status, answer.text
        return answer.json()

    @property
    def bench(self) -> str:
        """Of the tool's integration."""
        return f"integrations/{self.tool.integration_id}"


@pytest.fixture
async def morning(server: Server, place: Place) -> AsyncIterator[Morning]:
    """A company whose tool is read by a mapping of yesterday."""
    async with house_of(place) as house, httpx.AsyncClient(base_url=server.url, timeout=60, trust_env=False) as client:
        company, other = await new_company(house), await new_company(house, "Other")
        tool = await new_sender(house, company.id, "generic", settings={"mapping": OLD})
        admin = await new_token(house, Role.COMPANY_ADMIN, [company.id])
        yield Morning(client, tool, admin, await new_token(house, Role.COMPANY_ADMIN, [other.id]))


async def test_from_a_quarantined_body_to_incidents(morning: Morning) -> None:
    first = await morning.send({"host": "{HOST}", "fqdn": "db-01.example.com", "check": "disk"}, {"host": "web-01"})
    await morning.send({"host": "web-02", "check": "load"})
    last = await morning.send({"host": "web-02", "check": "load", "state": "ok"}, {"host": "web-03", "check": "load"})
    waiting = (await morning.ask("GET", "quarantine?state=waiting"))["items"]
    assert len(waiting) == 3

    draft = {"quarantine_id": waiting[-1]["id"], "settings": {"mapping": NEW}}
    await morning.ask("POST", f"{morning.bench}/trial", draft, who=morning.stranger, status=404)
    tried = await morning.ask("POST", f"{morning.bench}/trial", draft)
    assert [one["asset"] for one in tried["occurrences"]] == ["db-01.example.com"]
    assert [one["where"] for one in tried["refused"]] == ["fields.signature"]
    assert tried["occurrences"][0]["group"]["key"] == "db-01.example.com|disk"
    assert len((await morning.ask("GET", "quarantine?state=waiting"))["items"]) == 3, "nothing was changed by it"

    assert (await morning.ask("PATCH", morning.bench, {"settings": {"mapping": NEW}}))["version"] == 2
    came = await morning.ask("POST", f"{morning.bench}/rerun")
    assert (came["done"], came["waiting"], came["failed"], came["next"]) == (3, [], [], None)

    incidents = (await morning.ask("GET", "incidents"))["items"]
    told = {one["title"]: one["status"] for one in incidents}
    assert told == {"disk on db-01.example.com": "open", "load on web-02": "resolved", "load on web-03": "open"}
    ledger = await morning.ask("GET", "ledger")
    assert (ledger["received"], ledger["quarantined"], ledger["rejected"]) == (5, 0, 1)
    assert (await morning.ask("GET", "ledger/verification"))["agrees"] is True
    for delivery in (first, last):
        after = await morning.ask("POST", f"{morning.bench}/trial", {"delivery_id": delivery})
        assert after["differences"] == [], json.dumps(after)
    assert (await morning.ask("POST", f"{morning.bench}/rerun"))["done"] == 0

    restored = await morning.ask("POST", f"{morning.bench}/versions/1/restore")
    assert (restored["version"], restored["settings"]) == (3, {"mapping": OLD})
    entries = (await morning.ask("GET", "audit"))["items"]
    by_people = [one["action"] for one in entries if one["action"] != "run_chosen"]
    assert by_people[:5] == [
        "integration_restored",
        *["quarantine_rerun"] * 3,
        "integration_changed",
    ]
