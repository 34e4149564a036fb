"""What is read goes packed to whoever takes it, and what carries a secret never does."""

import gzip
import json
from datetime import timedelta

import httpx
import pytest

from alertwhisperer.domain.severity import Severity
from alertwhisperer.kit.clock import ManualClock
from alertwhisperer.store.database import Database
from tests.api.conftest import Door, Doors, path_of
from tests.api.rows import tell_firing
from tests.conftest import Tenant


async def asked(door: Door, path: str, accepts: str) -> tuple[httpx.Headers, bytes]:
    """An answer's headers, and its body as it was sent."""
    headers = {**door.headers, "Accept-Encoding": accepts}
    async with door.client.stream("GET", path, headers=headers) as answer:
        assert answer.status_code == 200
        return answer.headers, b"".join([part async for part in answer.aiter_raw()])


@pytest.fixture
async def path(database: Database, tenant: Tenant, clock: ManualClock) -> str:
    """A list that is worth packing."""
    for number in range(8):
        await tell_firing(database, tenant.scope, at=clock.now(), asset=f"host-{number}", severity=Severity.HIGH)
        clock.advance(timedelta(seconds=1))
    return path_of(tenant.id, "incidents")


async def test_a_list_is_packed_for_whoever_takes_it(doors: Doors, path: str) -> None:
    headers, body = await asked(doors.technician, path, "br, gzip")
    plain_headers, plain = await asked(doors.technician, path, "identity")
    assert headers["content-encoding"] == "gzip"
    assert int(headers["content-length"]) == len(body) < len(plain) / 3
    assert json.loads(gzip.decompress(body)) == json.loads(plain)
    assert "content-encoding" not in plain_headers
    assert "Accept-Encoding" in headers["vary"]  # so that no cache gives it to somebody who cannot read it
    assert headers["cache-control"] == "no-store"
    assert headers["x-content-type-options"] == "nosniff"


async def test_a_short_answer_goes_as_it_is(doors: Doors, path: str) -> None:
    headers, body = await asked(doors.technician, f"{path}?q=nothing-like-it", "gzip")
    assert json.loads(body) == {"items": [], "next": None}
    assert "content-encoding" not in headers
    assert int(headers["content-length"]) == len(body)


async def test_what_carries_the_token_of_writes_is_never_packed(doors: Doors) -> None:
    headers, body = await asked(doors.admin, "/api/session", "gzip")
    assert len(body) > 2_048
    assert "csrf_token" in json.loads(body)
    assert "content-encoding" not in headers


async def test_the_answer_to_a_write_is_never_packed(doors: Doors, tenant: Tenant) -> None:
    headers = {**doors.admin.headers, "Accept-Encoding": "gzip"}
    body = {"source": "prometheus", "name": "p"}
    answer = await doors.admin.client.post(path_of(tenant.id, "integrations"), json=body, headers=headers)
    assert answer.status_code == 201
    assert "api_key" in answer.json()
    assert "content-encoding" not in answer.headers
