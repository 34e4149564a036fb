"""An issuer that lies on request, our doors before it, and browsers between them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

import httpx
import pytest

from alertwhisperer.api.desk import Desk
from alertwhisperer.app.identity import exchange_of
from alertwhisperer.app.settings import load
from alertwhisperer.domain.audit import AuditAction, AuditEntry
from alertwhisperer.domain.company import INSTALLATION, Scope
from alertwhisperer.domain.identity import Kind, Provider
from alertwhisperer.guard.identity import providers
from alertwhisperer.guard.identity.issuers import Issuers
from alertwhisperer.guard.identity.local_passwords import passwords_allowed
from alertwhisperer.guard.identity.providers import NewProvider
from alertwhisperer.guard.sign_in.entrance import Entrance
from alertwhisperer.guard.sign_in.passwords import Passwords
from alertwhisperer.guard.vault import Vault
from alertwhisperer.kit.clock import ManualClock
from alertwhisperer.sources.contract import Source
from alertwhisperer.store import audit
from alertwhisperer.store.database import Database
from tests.conftest import Tenant
from tests.doors import api_of
from tests.vendors.issuer import Issuer

URL = "https://alerts.example.org"
BY = Scope(INSTALLATION, "test")
TESTING = {"ALERTWHISPERER_ENVIRONMENT": "test", "ALERTWHISPERER_OUTBOUND_NETWORKS": "127.0.0.0/8"}
FAST = Passwords(memory_mib=1, passes=1)


@pytest.fixture
def issuer() -> Iterator[Issuer]:
    """An issuer on loopback."""
    with Issuer().served() as started:
        yield started


@pytest.fixture
def desk(database: Database, vault: Vault, clock: ManualClock, sources: Mapping[str, Source]) -> Desk:
    """What the API is made of here; providers are called for real, on loopback."""

    async def nothing(*_: object) -> Any:
        raise NotImplementedError  # no test here asks for it

    return Desk(
        database,
        vault,
        clock,
        sources,
        URL,
        database.answers,
        lambda: b"",
        nothing,
        nothing,
        Entrance(passwords=FAST, may_use_password=passwords_allowed(clock)),
        issuers=Issuers(exchange_of(load(TESTING)), clock),
    )


AddProvider = Callable[..., Awaitable[Provider]]


@pytest.fixture(autouse=True)
async def nothing_left(database: Database) -> None:
    """The tests of a process share a database and their addresses: none meets what another left."""
    async with database.across([]) as connection:
        await connection.execute("DELETE FROM sign_in_bucket")
        await connection.execute("UPDATE identity_provider SET removed_at = created_at WHERE removed_at IS NULL")


@pytest.fixture
def add_provider(database: Database, vault: Vault, clock: ManualClock, tenant: Tenant) -> AddProvider:
    """A factory: `await add_provider(issuer, kind=…, **settings)`; the group `techs` makes technicians of `tenant`."""

    async def add(issuer: Issuer | str, kind: Kind = Kind.OTHER, **settings: Any) -> Provider:
        rules = [{"on": "group", "value": "techs", "role": "technician", "companies": [str(tenant.id)]}]
        url = issuer if isinstance(issuer, str) else issuer.url
        given = {"rules": rules, **settings}
        new = NewProvider(f"p-{uuid4().hex[:8]}", "A provider", kind, url, "us", secret="a secret", settings=given)
        return await providers.add_provider(database, vault, BY, new, now=clock.now())

    return add


@pytest.fixture
async def provider(add_provider: AddProvider, issuer: Issuer) -> Provider:
    """The issuer as a provider of ours."""
    return await add_provider(issuer)


@dataclass(frozen=True, slots=True)
class Gone:
    """A browser that was sent to the provider: what it took along."""

    query: Mapping[str, str]

    @property
    def state(self) -> str:
        """To come back with."""
        return self.query["state"]

    @property
    def nonce(self) -> str:
        """To be in the token."""
        return self.query["nonce"]


@dataclass(frozen=True, slots=True)
class Visitor:
    """A browser at our doors."""

    client: httpx.AsyncClient
    issuer: Issuer
    clock: ManualClock
    path: str
    csrf: list[str] = field(default_factory=list)

    async def leave(self, next: str | None = None) -> Gone:
        """Press the button."""
        answer = await self.client.get(self.path, params={} if next is None else {"next": next})
        assert answer.status_code == 303, answer.text
        query = parse_qs(urlsplit(answer.headers["location"]).query)
        return Gone({name: values[0] for name, values in query.items()})

    def claims(self, gone: Gone, **other: Any) -> dict[str, Any]:
        """What an honest token says of somebody who may come in; None takes a claim away."""
        now = int(self.clock.now().timestamp())
        found: dict[str, Any] = {
            "iss": self.issuer.url,
            "aud": "us",
            "sub": "kim",
            "nonce": gone.nonce,
            "iat": now,
            "exp": now + 300,
            "email_verified": True,
            "groups": ["techs"],
            **other,
        }
        found.setdefault("email", self.email_of(str(found["sub"])))
        return {name: value for name, value in found.items() if value is not None}

    def email_of(self, sub: str) -> str:
        """An address of this provider's people alone, since all tests of a process share a database."""
        return f"{sub.lower()}.{self.path.rpartition('/')[2]}@example.org"

    async def come_back(self, gone: Gone, token: str | None = None, **query: str | None) -> httpx.Response:
        """Come back with a code, for which the issuer gives this token; None takes a part of the query away."""
        code = uuid4().hex
        if token is not None:
            self.issuer.tokens[code] = token
        given: dict[str, str | None] = {"code": code, "state": gone.state, "iss": self.issuer.url, **query}
        params = {name: value for name, value in given.items() if value is not None}
        return await self.client.get(f"{self.path}/callback", params=params)

    async def sign_in(self, **claims: Any) -> httpx.Response:
        """The whole way, with an honest token that says this as well."""
        gone = await self.leave()
        return await self.come_back(gone, self.issuer.mint(self.claims(gone, **claims)))

    async def me(self) -> Mapping[str, Any] | None:
        """Who is signed in; None when nobody is."""
        answer = await self.client.get("/api/session")
        return None if answer.status_code == 401 else dict(answer.json())


Visit = Callable[..., Awaitable[Visitor]]


@pytest.fixture
async def visit(desk: Desk, issuer: Issuer, clock: ManualClock) -> AsyncIterator[Visit]:
    """Opens browsers: `await visit(provider)`, each with cookies of its own."""
    app = api_of(desk)
    async with AsyncExitStack() as stack:

        async def opened(provider: Provider, at: Issuer | None = None) -> Visitor:
            transport = httpx.ASGITransport(app, raise_app_exceptions=False, client=("203.0.113.7", 40_000))
            client = httpx.AsyncClient(transport=transport, base_url=URL, headers={"Origin": URL})
            await stack.enter_async_context(client)
            return Visitor(client, at or issuer, clock, f"/sign-in/with/{provider.slug}")

        yield opened


Entries = Callable[..., Awaitable[list[AuditEntry]]]


@pytest.fixture
def entries(database: Database) -> Entries:
    """Audit entries of the installation, newest first: `await entries(AuditAction.SIGNED_IN)`."""

    async def read(action: AuditAction) -> list[AuditEntry]:
        async with database.unit_of_work(BY) as unit:
            return list(await audit.page(unit, limit=1_000, wanted=audit.EntryFilter(action=action)))

    return read
