"""The first start makes one MSP admin, whose password is printed once; sessions survive a restart."""

import asyncio
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pytest

from alertwhisperer.domain.audit import AuditAction
from alertwhisperer.domain.company import INSTALLATION, Scope
from alertwhisperer.domain.errors import Invalid
from alertwhisperer.domain.user import Role
from alertwhisperer.guard.audit.sealing import AuditSealer
from alertwhisperer.guard.people import add_user, get_user
from alertwhisperer.guard.sign_in.first_admin import make_first_admin
from alertwhisperer.guard.vault import Vault
from alertwhisperer.kit.clock import ManualClock
from alertwhisperer.store.database import Database
from tests.conftest import MASTER
from tests.database import Migrated, any_server, run_apart
from tests.server import Server, on_database
from tests.sign_in.conftest import FAST, entries_about

BY = Scope(INSTALLATION, "test")
EMAIL = "admin@alertwhisperer.local"
NEW = "five other words in a row"


@pytest.fixture
def empty() -> Iterator[Migrated]:
    """A database in which nobody is yet."""
    with any_server() as server:
        made = run_apart(server.create())
        try:
            yield made
        finally:
            run_apart(server.drop(made))


@contextmanager
def running(server: Server) -> Iterator[Server]:
    """A started server, stopped at the end; its log stays."""
    server.start()
    try:
        yield server
    finally:
        server.stop()


async def opened(empty: Migrated) -> Database:
    database = Database(empty.app_dsn, AuditSealer(Vault(MASTER)))
    await database.open()
    return database


async def test_of_two_processes_one_makes_it(empty: Migrated, clock: ManualClock) -> None:
    processes = [await opened(empty) for _ in range(4)]
    try:
        made = await asyncio.gather(*(make_first_admin(one, FAST, BY, EMAIL, now=clock.now()) for one in processes))
        [first] = [one for one in made if one is not None]
        assert first.email == EMAIL
        assert first.password not in repr(first)
        user = await get_user(processes[0], EMAIL)
        assert user.role is Role.MSP_ADMIN
        assert len(await entries_about(processes[0], AuditAction.FIRST_ADMIN_MADE, user.id)) == 1
        assert await make_first_admin(processes[0], FAST, BY, "other@example.org", now=clock.now()) is None
    finally:
        for one in processes:
            await one.close()


async def test_where_there_is_an_admin_none_is_made(empty: Migrated, clock: ManualClock) -> None:
    database = await opened(empty)
    try:
        await add_user(database, BY, "boss@example.org", Role.MSP_ADMIN, [], now=clock.now())
        assert await make_first_admin(database, FAST, BY, EMAIL, now=clock.now()) is None
    finally:
        await database.close()


async def test_an_email_that_is_none_is_refused(empty: Migrated, clock: ManualClock) -> None:
    database = await opened(empty)
    try:
        with pytest.raises(Invalid):
            await make_first_admin(database, FAST, BY, "admin", now=clock.now())
        assert await make_first_admin(database, FAST, BY, EMAIL, now=clock.now()) is not None
    finally:
        await database.close()


def test_the_start_prints_it_once_and_a_restart_keeps_the_session(empty: Migrated) -> None:
    """From nothing to a signed-in admin as a person does it; then the server is stopped and started."""
    cheap = {"ALERTWHISPERER_PASSWORD_MEMORY_MIB": "8", "ALERTWHISPERER_PASSWORD_PASSES": "1"}
    server = Server(on_database(empty), environ=cheap)
    try:
        with running(server):
            printed = server.log.read_text()
            [password] = re.findall(rf"{re.escape(server.url)}/sign-in as {EMAIL}, password (\S+)", printed)
            assert printed.count(password) == 1
            client = httpx.Client(base_url=server.url, headers={"Origin": server.url}, trust_env=False)
            told = client.post("/api/session", json={"email": EMAIL, "password": password}).json()
            assert told["owes"] == "password"
            assert client.get("/api/companies").status_code == 403
            body = {"password": password, "new_password": NEW}
            told = client.put("/api/session/password", json=body, headers={"X-CSRF-Token": told["csrf_token"]}).json()
            assert client.get("/api/companies").status_code == 200
        with running(server):
            assert client.get("/api/session").json()["email"] == EMAIL
            made = client.post("/api/companies", json={"name": "x"}, headers={"X-CSRF-Token": told["csrf_token"]})
            assert made.status_code == 201, made.text
            again = httpx.post(
                f"{server.url}/api/session", json={"email": EMAIL, "password": password}, trust_env=False
            )
            assert again.status_code == 401
        everything = server.log.read_text()
        assert everything.count(password) == 1
        assert NEW not in everything
        assert "aws_" not in everything
        client.close()
    finally:
        server.stop()
        server.forget_log()


def test_two_servers_at_once_print_one_password_and_share_sessions(empty: Migrated) -> None:
    place = on_database(empty)
    cheap = {"ALERTWHISPERER_PASSWORD_MEMORY_MIB": "8", "ALERTWHISPERER_PASSWORD_PASSES": "1"}
    one, other = Server(place, environ=cheap), Server(place, environ=cheap)
    try:
        with running(one), running(other):
            printed = one.log.read_text() + other.log.read_text()
            [password] = re.findall(r", password (\S+)", printed)
            with httpx.Client(trust_env=False) as client:
                body = json.dumps({"email": EMAIL, "password": password})
                answer = client.post(
                    f"{one.url}/api/session", content=body, headers={"Content-Type": "application/json"}
                )
                cookie = {"Cookie": f"alertwhisperer={answer.cookies['alertwhisperer']}"}
                assert client.get(f"{other.url}/api/session", headers=cookie).json()["email"] == EMAIL
                for number in range(8):  # counted together
                    server = (one, other)[number % 2]
                    wrong = {"email": "nobody@example.org", "password": "x"}
                    answer = client.post(f"{server.url}/api/session", json=wrong)
                assert answer.status_code == 429
    finally:
        for server in (one, other):
            server.stop()
            server.forget_log()
