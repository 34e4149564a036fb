"""People with passwords, and browsers in which they sign in."""

import re
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import uuid4

import httpx
import pytest
from fastapi import FastAPI

from alertwhisperer.api.desk import Desk
from alertwhisperer.domain.audit import AuditAction, AuditEntry
from alertwhisperer.domain.company import INSTALLATION, Scope
from alertwhisperer.domain.user import Role, User
from alertwhisperer.guard.people import add_user
from alertwhisperer.guard.sign_in.entrance import Entrance
from alertwhisperer.guard.sign_in.passwords import Passwords
from alertwhisperer.guard.vault import Vault
from alertwhisperer.kit.clock import ManualClock
from alertwhisperer.sources.contract import Source
from alertwhisperer.store import audit, sign_in
from alertwhisperer.store.database import Database
from tests.doors import api_of

URL = "http://alerts.test:8080"
SECURE_URL = "https://alerts.test"
PASSWORD = "four words nobody knows"
FAST = Passwords(memory_mib=1, passes=1)
"""What a guess costs is measured elsewhere."""

_HIDDEN = re.compile(r'<input type="hidden" name="([^"]+)" value="([^"]*)"')


@dataclass(frozen=True, slots=True)
class Browser:
    """A browser at one address: it keeps cookies, and says where its writes come from."""

    client: httpx.AsyncClient
    csrf: list[str] = field(default_factory=list)

    async def sign_in(self, email: str, password: str = PASSWORD, status: int = 200, **more: str) -> Any:
        """By the JSON door."""
        answer = await self.client.post("/api/session", json={"email": email, "password": password, **more})
        assert answer.status_code == status, f"{answer.status_code} {answer.text}"
        told = answer.json()
        if status == 200 and told["csrf_token"]:
            self.csrf[:] = [told["csrf_token"]]
        return told

    async def ask(self, method: str, path: str, status: int = 200, **parts: Any) -> Any:
        """Any request with the session, and its token where it writes."""
        headers = {"X-CSRF-Token": self.csrf[0]} if self.csrf and method != "GET" else {}
        answer = await self.client.request(method, path, headers=headers, **parts)
        assert answer.status_code == status, f"{answer.status_code} {answer.text}"
        told = answer.json() if answer.content else None
        if status < 300 and isinstance(told, dict) and told.get("csrf_token"):
            self.csrf[:] = [told["csrf_token"]]
        return told

    async def submit(self, page: str, action: str, status: int = 303, **fields: str) -> httpx.Response:
        """Open a page, fill the form that goes to `action`, send it."""
        shown = await self.client.get(page)
        assert shown.status_code == 200, shown.text
        return await self.send(shown, action, status, **fields)

    async def send(self, shown: httpx.Response, action: str, status: int = 303, **fields: str) -> httpx.Response:
        """Fill the form of a page that was opened before."""
        form = next(part for part in shown.text.split("<form ")[1:] if f'action="{action}"' in part.partition(">")[0])
        hidden = dict(_HIDDEN.findall(form.partition("</form>")[0]))
        answer = await self.client.post(action, data={**hidden, **fields})
        assert answer.status_code == status, f"{answer.status_code} {answer.text}"
        return answer


OpenBrowser = Callable[..., Awaitable[Browser]]
AddPerson = Callable[..., Awaitable[User]]


@pytest.fixture(autouse=True)
async def nothing_counted(database: Database) -> None:
    """The tests of a process share a database and their addresses: no test waits for what another tried."""
    async with database.across([]) as connection:
        await connection.execute("DELETE FROM sign_in_bucket")


@pytest.fixture
def desk(database: Database, vault: Vault, clock: ManualClock, sources: Mapping[str, Source]) -> Desk:
    """What the API is made of here; nothing is ever run again."""

    async def nothing(*_: object) -> Any:
        raise NotImplementedError  # no test here asks for it

    return Desk(
        database, vault, clock, sources, URL, database.answers, lambda: b"", nothing, nothing, Entrance(passwords=FAST)
    )


@pytest.fixture
async def open_browser(desk: Desk) -> AsyncIterator[OpenBrowser]:
    """Opens browsers: `await open_browser(desk=…, ip=…)`, each with cookies of its own."""
    async with AsyncExitStack() as stack:
        apps: dict[int, FastAPI] = {}

        async def opened(desk: Desk = desk, *, ip: str = "203.0.113.7") -> Browser:
            if id(desk) not in apps:
                apps[id(desk)] = api_of(desk)
            app = apps[id(desk)]
            transport = httpx.ASGITransport(app, raise_app_exceptions=False, client=(ip, 40_000))
            headers = {"Origin": desk.public_url, "User-Agent": "Firefox of a test"}
            client = httpx.AsyncClient(transport=transport, base_url=desk.public_url, headers=headers)
            return Browser(await stack.enter_async_context(client))

        yield opened


@pytest.fixture
def add_person(database: Database, clock: ManualClock) -> AddPerson:
    """Adds people: `await add_person(role, password=…)`; by default an MSP admin with `PASSWORD`."""

    async def add(
        role: Role = Role.MSP_ADMIN, *, password: str | None = PASSWORD, must_change: bool = False, **more: Any
    ) -> User:
        by = Scope(INSTALLATION, "test")
        companies = more.get("companies", ())
        user = await add_user(database, by, f"{uuid4().hex}@example.org", role, companies, now=clock.now())
        if password is not None:
            made = await FAST.hash(password)
            async with database.unit_of_work(by) as unit:
                await sign_in.set_password(unit, user.id, made, must_change=must_change, now=clock.now())
        return user

    return add


@pytest.fixture
async def kim(add_person: AddPerson) -> User:
    """An MSP admin with `PASSWORD`."""
    return await add_person()


@pytest.fixture
async def browser(open_browser: OpenBrowser) -> Browser:
    """A browser in which nobody is signed in."""
    return await open_browser()


@pytest.fixture
async def signed_in(browser: Browser, kim: User) -> Browser:
    """Kim's browser, signed in."""
    await browser.sign_in(kim.email)
    return browser


def with_entrance(desk: Desk, **changed: Any) -> Desk:
    """The same desk with another entrance."""
    return replace(desk, entrance=replace(desk.entrance, **changed))


async def entries_about(database: Database, action: AuditAction, resource_id: object) -> list[AuditEntry]:
    """Entries of the installation's log, newest first."""
    async with database.unit_of_work(Scope(INSTALLATION, "test")) as unit:
        wanted = audit.EntryFilter(action=action, resource_id=str(resource_id))
        return list(await audit.page(unit, limit=500, wanted=wanted))
