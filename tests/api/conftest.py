"""The API over a real database, and three people with a token each."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import httpx
import pytest
from fastapi import FastAPI

from alertwhisperer.api.desk import Desk
from alertwhisperer.app.pipeline import Pipeline
from alertwhisperer.app.rerun import Rerun
from alertwhisperer.app.rulebook import Rulebook
from alertwhisperer.domain.company import INSTALLATION, CompanyId, Scope
from alertwhisperer.domain.rerun import Reran
from alertwhisperer.domain.user import Role
from alertwhisperer.guard.people import add_user
from alertwhisperer.guard.tokens import add_token
from alertwhisperer.guard.vault import Vault
from alertwhisperer.kit.clock import ManualClock
from alertwhisperer.kit.metrics import Metrics
from alertwhisperer.sources.contract import Source
from alertwhisperer.store import quarantine
from alertwhisperer.store.database import Database
from tests.conftest import People, Tenant
from tests.doors import api_of

PUBLIC_URL = "https://alerts.example.org"


@dataclass(frozen=True, slots=True)
class Door:
    """The API as one person (or nobody) meets it."""

    client: httpx.AsyncClient
    headers: Mapping[str, str] = field(repr=False)

    async def get(self, path: str, expected: int = 200, /, **query: Any) -> Any:
        """GET, with the status it must have; answers the JSON."""
        return await self.ask("GET", path, expected, params=query)

    async def all(self, path: str, /, **query: Any) -> list[Any]:
        """Every item of a list, page by page: what other tests of this database made stands there as well."""
        page = await self.get(path, limit=500, **query)
        items: list[Any] = page["items"]
        while page["next"] is not None:
            page = await self.get(path, limit=500, cursor=page["next"], **query)
            items += page["items"]
        return items

    async def post(self, path: str, json: object = None, status: int = 200) -> Any:
        """POST of a JSON body (none: no body)."""
        return await self.ask("POST", path, status, **({} if json is None else {"json": json}))

    async def ask(self, method: str, path: str, status: int, **parts: Any) -> Any:
        """Any request; answers the JSON, or None for an empty body."""
        answer = await self.client.request(method, path, headers=dict(self.headers), **parts)
        assert answer.status_code == status, f"{answer.status_code} {answer.text}"
        if status >= 400:
            assert answer.headers["content-type"] == "application/problem+json"
            assert set(answer.json()) == {"type", "title", "status", "detail", "where", "mend"}
        return answer.json() if answer.content else None


@dataclass(frozen=True, slots=True)
class Doors:
    """The same API for an MSP admin, a company's admin, its technician, a stranger of another company, and nobody."""

    admin: Door
    company_admin: Door
    technician: Door
    stranger: Door
    nobody: Door


@pytest.fixture
def desk(database: Database, vault: Vault, clock: ManualClock, sources: Mapping[str, Source]) -> Desk:
    """What the API is made of here; a re-run settles the unit and parses nothing."""

    async def ready() -> None:
        async with database.across([]) as connection:
            await connection.fetchval("SELECT 1")

    async def rerun(scope: Scope, quarantine_id: UUID) -> None:
        async with database.unit_of_work(scope) as unit:
            await quarantine.settle(unit, quarantine_id, "rerun", now=clock.now())

    async def rerun_all(scope: Scope, integration_id: UUID, after: UUID | None) -> Reran:
        pipeline = Pipeline(Rulebook(database), clock, Metrics())
        return await Rerun(database, sources, pipeline, clock).rerun_all(scope, integration_id, after)

    return Desk(database, vault, clock, sources, PUBLIC_URL, ready, lambda: b"up 1\n", rerun, rerun_all)


@pytest.fixture
def app(desk: Desk) -> FastAPI:
    """The application."""
    return api_of(desk)


@pytest.fixture
async def client(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    """A client without credentials; a failure of the server is an answer, as it is for a real client."""
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://testserver") as opened:
        yield opened


@pytest.fixture
async def doors(
    client: httpx.AsyncClient, database: Database, vault: Vault, clock: ManualClock, people: People, tenant: Tenant
) -> Doors:
    """Everybody's door."""
    company_admin = await add_user(
        database,
        Scope(INSTALLATION, "test"),
        f"boss.{tenant.id.hex}@example.org",
        Role.COMPANY_ADMIN,
        [tenant.id],
        now=clock.now(),
    )

    async def door(email: str) -> Door:
        made = await add_token(database, vault, Scope(INSTALLATION, "test"), email, now=clock.now())
        return Door(client, {"Authorization": f"Bearer {made.token}"})

    return Doors(
        admin=await door(people.admin.email),
        company_admin=await door(company_admin.email),
        technician=await door(people.technician.email),
        stranger=await door(people.stranger.email),
        nobody=Door(client, {}),
    )


def path_of(company_id: CompanyId, noun: str = "") -> str:
    """The path of a company, or of a noun in it."""
    return f"/api/companies/{company_id}" + (f"/{noun}" if noun else "")
