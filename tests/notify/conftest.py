"""The product before a push service of ours: people who are signed in, browsers, and the part that tells them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest

from alertwhisperer.api.application import make_api
from alertwhisperer.api.cookies import CSRF_HEADER, Kind, jar_of
from alertwhisperer.api.desk import Desk
from alertwhisperer.app.outbound import Outbound
from alertwhisperer.app.push import Push
from alertwhisperer.domain.company import INSTALLATION, Scope
from alertwhisperer.domain.push import Subscription
from alertwhisperer.domain.session import SessionLimits
from alertwhisperer.domain.severity import Severity
from alertwhisperer.domain.user import User
from alertwhisperer.guard.sign_in import sessions
from alertwhisperer.guard.sign_in.sessions import csrf_of
from alertwhisperer.guard.vault import Vault
from alertwhisperer.kit.clock import ManualClock
from alertwhisperer.kit.metrics import Metrics
from alertwhisperer.notify.carrying import Carrier
from alertwhisperer.notify.devices import list_devices
from alertwhisperer.store.database import Database
from tests.api.conftest import PUBLIC_URL, desk
from tests.api.rows import Told, tell_firing
from tests.conftest import Tenant
from tests.vendors.push_service import Browser, PushService, push_service

__all__ = ["desk"]


@dataclass(frozen=True)
class Person:
    """Somebody who is signed in."""

    client: httpx.AsyncClient
    user: User
    headers: dict[str, str]

    async def ask(self, method: str, path: str, status: int = 200, **parts: Any) -> Any:
        answer = await self.client.request(method, "/api/push" + path, headers=self.headers, **parts)
        assert answer.status_code == status, f"{answer.status_code} {answer.text}"
        return answer.json() if answer.content else None

    async def switch_on(self, browser: Browser, status: int = 201, **wish: object) -> Any:
        return await self.ask("POST", "/subscriptions", status, json={**browser.subscription, **wish})


@dataclass(frozen=True)
class Scene:
    """The part that tells, and all that it needs."""

    push: Push
    service: PushService
    database: Database
    vault: Vault
    clock: ManualClock
    desk: Desk
    client: httpx.AsyncClient

    async def enter(self, user: User) -> Person:
        """The person signs in."""
        async with self.database.unit_of_work(sessions.signing_in(user, ip="192.0.2.7")) as unit:
            opened = await sessions.open_session(
                unit, self.vault, user.id, how="password", device="x", limits=SessionLimits(), now=self.clock.now()
            )
        cookie = f"{jar_of(self.desk).name(Kind.SESSION)}={opened.cookie}"
        csrf = csrf_of(self.vault, opened.cookie)
        return Person(self.client, user, {"Cookie": cookie, CSRF_HEADER: csrf, "Origin": PUBLIC_URL})

    async def fires(self, tenant: Tenant, severity: Severity = Severity.CRITICAL, **more: Any) -> Told:
        """An incident opens now."""
        return await tell_firing(self.database, tenant.scope, at=self.clock.now(), severity=severity, **more)

    async def number_of(self, tenant: Tenant) -> int:
        """What people call the company's one incident."""
        async with self.database.unit_of_work(tenant.scope) as unit:
            number: int = await unit.connection.fetchval("SELECT number FROM incident")
        return number

    async def states(self, tenant: Tenant) -> list[str]:
        """What became of the company's notices."""
        async with self.database.unit_of_work(tenant.scope) as unit:
            rows = await unit.connection.fetch("SELECT state FROM push_notice ORDER BY notice_id")
        return [row[0] for row in rows]

    async def entries(self, device_id: str) -> list[str]:
        """What the audit log says of a device, in order."""
        async with self.database.unit_of_work(Scope(INSTALLATION, "test")) as unit:
            rows = await unit.connection.fetch(
                "SELECT action FROM audit_entry WHERE resource_id = $1 ORDER BY id", device_id
            )
        return [row[0] for row in rows]

    async def devices(self, user_id: UUID) -> tuple[Subscription, ...]:
        """A person's."""
        return await list_devices(self.database, user_id)

    async def after(self, minutes: float) -> None:
        """Time passes, and what is due then is done."""
        self.clock.advance(timedelta(minutes=minutes))
        await self.push.plan()
        for _ in range(20):  # what other tests left behind is due as well
            await self.push.send_due()
            await self.push.settled()


@pytest.fixture
def service(tmp_path: Path) -> Iterator[PushService]:
    with push_service(tmp_path) as running:
        yield running


@pytest.fixture
async def scene(
    desk: Desk, database: Database, vault: Vault, clock: ManualClock, service: PushService
) -> AsyncIterator[Scene]:
    call = Outbound(resolve=service.resolve, ca_file=service.ca_file).call
    carrier = Carrier(database, vault, clock, call, "mailto:admin@example.org")
    made = replace(desk, push_call=call, contact="mailto:admin@example.org")
    transport = httpx.ASGITransport(make_api(made), raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://testserver") as client:
        push = Push(database, clock, carrier, Metrics())
        yield Scene(push, service, database, vault, clock, made, client)
