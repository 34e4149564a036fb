"""Bad input at people's doors: the right status, a problem that says where, and never a 5xx."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from uuid import uuid4

import pytest
from fastapi import FastAPI

from alertwhisperer.api.desk import Desk
from alertwhisperer.domain.errors import Temporary
from tests.api.conftest import Doors, path_of
from tests.conftest import Tenant

JSON = {"Content-Type": "application/json"}


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"{", 400),
        (b"\xff\xfe{", 400),
        (b'{"name": "a\xff"}', 400),
        (b"[" * 100_000, 400),
        (b"", 422),
        (b"null", 422),
        (b"[]", 422),
        (b'"name"', 422),
        (b'{"name": 3}', 422),
        (b'{"name": null}', 422),
        (b'{"name": "a\\u0000b"}', 422),
        (b'{"name": "\\ud800"}', 422),
        (b'{"\\ud800": "x", "name": "x"}', 422),
        (b'{"name": "x", "nam": "y"}', 422),
        (b'{"name": "x", "time_zone": "../etc/passwd"}', 422),
        (b'{"name": "x", "time_zone": ""}', 422),
        (b'{"name": " "}', 422),
        (b'{"name": "' + b"x" * 300 + b'"}', 422),
        (b'{"name": "' + b"x" * 1_000_000 + b'"}', 413),
    ],
)
async def test_a_bad_body(doors: Doors, body: bytes, status: int) -> None:
    headers = {**doors.admin.headers, **JSON}
    answer = await doors.admin.client.post("/api/companies", content=body, headers=headers)
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["detail"]


@pytest.mark.parametrize("number", ["0", "-1", "1.5", "1e400", "NaN", "9" * 30, "9" * 5000, '"many"', "true", "[1]"])
async def test_a_bad_number(doors: Doors, tenant: Tenant, number: str) -> None:
    answer = await doors.admin.client.patch(
        path_of(tenant.id),
        content=f'{{"requests_per_minute": {number}}}'.encode(),
        headers={**doors.admin.headers, **JSON},
    )
    assert answer.status_code in (400, 422), answer.text


@pytest.mark.parametrize(
    "query",
    [
        {"limit": "0"},
        {"limit": "501"},
        {"limit": "9" * 40},
        {"limit": "x"},
        {"cursor": "x"},
        {"cursor": ""},
        {"cursor": "A" * 1000},
        {"cursor": "\u00e9" * 22},
        {"status": "open"},
        {"severity": "worst"},
        {"severity": ["low"] * 9},
        {"asset": "a\x00"},
        {"asset": "a" * 2000},
        {"incident_id": "1"},
        {"from": "yesterday"},
        {"from": "2026-01-01T00:00:00"},
        {"from": "0001-01-01T00:00:00+14:00"},
        {"to": "9999-12-31T23:59:59-14:00"},
        {"from": "99999999999999999999"},
        {"sevrity": "low"},
    ],
)
async def test_a_bad_query(doors: Doors, tenant: Tenant, query: dict[str, object]) -> None:
    problem = await doors.technician.get(path_of(tenant.id, "alerts"), 422, **query)
    assert problem["where"].startswith(f"query.{next(iter(query))}")


async def test_bytes_that_are_no_text_in_the_query(doors: Doors, tenant: Tenant) -> None:
    answer = await doors.technician.client.get(
        path_of(tenant.id, "alerts") + "?asset=%ff%fe", headers=dict(doors.technician.headers)
    )
    assert answer.status_code in (200, 422)


@pytest.mark.parametrize("bad", ["1", "not-an-id", "%00", "00000000-0000-0000-0000-00000000000g", "%ff"])
async def test_a_bad_id(doors: Doors, tenant: Tenant, bad: str) -> None:
    for path in (f"/api/alerts/{bad}", f"/api/incidents/{bad}", f"/api/deliveries/{bad}", f"/api/companies/{bad}"):
        await doors.admin.get(path, 422)
    await doors.admin.post(f"/api/users/{bad}/tokens", status=422 if bad == "%00" else 404)


async def test_an_id_without_a_time_is_not_found(doors: Doors) -> None:
    for noun in ("alerts", "incidents", "deliveries"):
        for identifier in (uuid4(), "ffffffff-ffff-ffff-ffff-ffffffffffff", "00000000-0000-0000-0000-000000000000"):
            await doors.technician.get(f"/api/{noun}/{identifier}", 404)
    await doors.technician.get("/api/alerts/ffffffff-ffff-ffff-ffff-ffffffffffff/receipt", 404)


async def test_the_nil_company_is_the_msps_own_and_in_no_list(doors: Doors) -> None:
    path = "/api/companies/00000000-0000-0000-0000-000000000000"
    own = await doors.admin.get(path)
    await doors.admin.get(f"{path}/audit")
    await doors.admin.get(f"{path}/settings", 404)  # it inherits nothing
    for door in (doors.company_admin, doors.technician):
        await door.get(path, 404)
    assert own["id"] not in str(await doors.admin.all("/api/companies"))


async def test_other_paths_and_methods_are_problems_too(doors: Doors) -> None:
    await doors.nobody.get("/api/nothing", 404)
    answer = await doors.nobody.client.delete("/api/companies")
    assert (answer.status_code, answer.headers["content-type"]) == (405, "application/problem+json")
    assert answer.headers["allow"] == "GET, POST"


async def test_failures_of_the_server_show_nothing_of_it(app: FastAPI, doors: Doors) -> None:
    async def away() -> None:
        raise Temporary("the database cannot be reached")

    async def broken() -> None:
        raise RuntimeError("secret detail")

    desk = app.state.desk
    for ready, status in ((away, 503), (broken, 500)):
        app.state.desk = _with_ready(desk, ready)
        answer = await doors.nobody.client.get("/health/ready")
        assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")
        assert "secret detail" not in answer.text
        assert ("retry-after" in answer.headers) is (status == 503)


async def test_a_streamed_body_is_cut_at_the_limit(doors: Doors) -> None:
    async def endless() -> AsyncIterator[bytes]:
        while True:
            yield b"x" * 65_536

    answer = await doors.admin.client.post(
        "/api/companies",
        content=endless(),
        headers={**doors.admin.headers, **JSON},
    )
    assert answer.status_code == 413


def _with_ready(desk: Desk, ready: Callable[[], Awaitable[None]]) -> Desk:
    return replace(desk, ready=ready)
