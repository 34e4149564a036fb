"""Setting a tool up: each step of its first alert is seen, and a failure names itself."""

import json
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

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

_PATIENCE_S = 30.0


@dataclass(frozen=True)
class SetUp:
    """A tool that is being set up, and whoever does it."""

    server: Server
    sender: Sender
    token: str

    def send(self, body: bytes) -> int:
        headers = {"X-API-Key": self.sender.api_key}
        return httpx.post(
            self.server.url + self.sender.path, content=body, headers=headers, trust_env=False
        ).status_code

    def look(self) -> dict[str, Any]:
        path = f"/api/companies/{self.sender.company_id}/integrations/{self.sender.integration_id}/arrivals"
        answer = httpx.get(self.server.url + path, headers=bearer(self.token), trust_env=False)
        assert answer.status_code == 200, answer.text
        told: dict[str, Any] = answer.json()
        return told

    def look_until(self, part: str) -> dict[str, Any]:
        """What is seen once there is something of this part."""
        until = time.monotonic() + _PATIENCE_S
        while not (told := self.look())[part]:
            assert time.monotonic() < until, told
            time.sleep(0.05)
        return told


@pytest.fixture
async def setting_up(server: Server, place: Place) -> AsyncIterator[SetUp]:
    async with house_of(place) as house:
        company = await new_company(house)
        sender = await new_sender(house, company.id, "generic")
        yield SetUp(server, sender, await new_token(house))


async def test_before_anything_came_there_is_nothing(setting_up: SetUp) -> None:
    assert setting_up.look() == {"items": [], "refused": [], "next": None}


async def test_the_first_alert_is_seen_up_to_its_incident(setting_up: SetUp) -> None:
    alert = {"asset_name": "web-01", "signature": "HostDown", "severity": "high", "message": "gone", "tool_source": "x"}
    assert setting_up.send(json.dumps(alert).encode()) == 202
    [arrival] = setting_up.look_until("items")["items"]
    assert (arrival["status"], arrival["received"]) == ("processed", 1)
    [member] = arrival["members"]
    assert (member["asset"], member["signature"], member["severity"]) == ("web-01", "HostDown", "high")
    assert (member["outcome"], member["refused"]) == ("new", None)
    assert member["incident_id"] is not None
    assert member["incident_number"] > 0


async def test_what_could_not_be_read_says_why(setting_up: SetUp) -> None:
    assert setting_up.send(b'{"asset_name": 7}') == 202
    [arrival] = setting_up.look_until("items")["items"]
    [member] = arrival["members"]
    assert member["alert_id"] is None
    assert member["refused"]["mend"]


async def test_a_refused_request_is_told_to_whom_it_concerns(setting_up: SetUp, place: Place) -> None:
    async with house_of(place) as house:
        other = SetUp(
            setting_up.server,
            await new_sender(house, setting_up.sender.company_id, "generic", require_signature=True),
            setting_up.token,
        )
    assert other.send(b"{}") == 401
    told = other.look_until("refused")
    assert told["items"] == []
    assert [(one["reason"], one["requests"]) for one in told["refused"]] == [("bad_signature", 1)]
    assert setting_up.look()["refused"] == []
