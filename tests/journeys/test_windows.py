"""Alerts come by the real webhook while a window runs: nobody is called, everything is kept, and the end tells all."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

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
    on_database,
    serving,
)

PATIENCE_S = 60


@pytest.fixture(scope="module")
def place(migrated: Migrated) -> Place:
    """Where the server keeps its things."""
    return on_database(migrated)


@pytest.fixture(scope="module")
def server(place: Place) -> Iterator[Server]:
    """The real server."""
    with serving(place) as running:
        yield running


def until(look: Callable[[], Any]) -> Any:
    """Poll a door until it shows something; answers that."""
    deadline = time.monotonic() + PATIENCE_S
    while not (found := look()):
        assert time.monotonic() < deadline
        time.sleep(0.1)
    return found


async def test_a_patch_night(place: Place, server: Server) -> None:
    async with house_of(place, connections=2) as house:
        company, neighbour = await new_company(house), await new_company(house)
        tool, other = await new_sender(house, company.id, "generic"), await new_sender(house, neighbour.id, "generic")
        token = await new_token(house)
    path = f"{server.url}/api/companies/{company.id}"

    def get(url: str) -> Any:
        answer = httpx.get(url, headers=bearer(token), trust_env=False)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def post(url: str, body: object) -> Any:
        answer = httpx.post(url, headers=bearer(token), json=body, trust_env=False)
        assert answer.status_code in (200, 201), answer.text
        return answer.json()

    def send(sender: Sender, *alerts: dict[str, object]) -> Any:
        body = json.dumps(alerts).encode()
        answer = httpx.post(f"{server.url}{sender.path}", content=body, headers=sender.headers(body), trust_env=False)
        assert answer.status_code == 202, answer.text
        return answer.json()

    def says(name: str, **more: object) -> dict[str, object]:
        return {"asset_name": name, "signature": "HostDown", "severity": "critical", "message": "no answer", **more}

    send(tool, says("open-before"))
    starts = datetime.now(UTC).replace(tzinfo=None, microsecond=0)
    night = {
        **{"name": "Patch night", "reason": "Servers restart.", "time_zone": "UTC"},
        **{"starts": starts.isoformat(), "ends": (starts + timedelta(hours=1)).isoformat()},
    }
    window = post(f"{path}/windows", night)
    assert window["phase"] == "running"

    send(tool, *(says(f"host-{number}") for number in range(20)), says("open-before"))
    send(other, says("host-1"))
    send(tool, *(says(f"host-{number}", status="resolved") for number in range(1, 20)))
    assert [one["title"] for one in get(f"{path}/incidents?status=open")["items"]] == ["HostDown on open-before"]
    assert len(get(f"{server.url}/api/companies/{neighbour.id}/incidents")["items"]) == 1
    held = get(f"{path}/suppressed")["items"]
    assert (len(held), {one["window_id"] for one in held}) == (20, {window["id"]})
    receipt = get(f"{server.url}/api/alerts/{held[0]['alert_id']}/receipt")
    assert (receipt["reason"], receipt["incident_id"]) == ("suppressed", None)
    assert "Patch night" in " ".join(receipt["why"])
    assert get(f"{path}/ledger")["suppressed"] == 20
    assert get(f"{path}/ledger/verification")["agrees"] is True
    figures = get(f"{path}/kpis")
    assert (figures["suppressed_alerts"], figures["noise_reduction"]["guards"]["criticals_suppressed"]) == (20, 20)

    post(f"{path}/windows/{window['id']}/end", {})
    opened = until(lambda: [one for one in get(f"{path}/incidents")["items"] if one["title"] == "HostDown on host-0"])
    story = get(f"{server.url}/api/incidents/{opened[0]['id']}")
    assert "timer_release" in {entry["kind"] for entry in story["timeline"]}
    [digest] = until(lambda: [one for one in get(f"{path}/windows/{window['id']}")["times"] if one["settled_at"]])
    assert (digest["suppressed"], digest["criticals"], digest["firing"], digest["opened"]) == (20, 20, 1, 1)
    assert len(get(f"{path}/incidents")["items"]) == 2
    assert get(f"{path}/kpis")["suppressed_alerts"] == 19
