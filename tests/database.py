"""
A migrated database of its own for each test process.

On the server that ALERTWHISPERER_TEST_DATABASE_URL names (a DSN of an owner who may create databases), or on an
embedded one in a temporary folder. What needs a second database asks `Server.create` for it.
"""

import asyncio
import itertools
import os
from collections.abc import Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar
from urllib.parse import urlsplit, urlunsplit

import asyncpg

from alertwhisperer.store.embedded import EmbeddedServer
from alertwhisperer.store.migrate import app_dsn, migrate
from tests.places import in_memory, open_place
from tests.recording import keep_rows

# All databases of a server share the application's role, so all test processes must give it one password.
APP_PASSWORD = "devpassword"
_ROLE_LOCK = 0x7465_7374  # two processes that create that role at once would collide

T = TypeVar("T")
_numbers = itertools.count(1)


@dataclass(frozen=True, slots=True)
class Migrated:
    """A database with the present schema: the DSN of its owner and of the application's role."""

    owner_dsn: str = field(repr=False)
    app_dsn: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Server:
    """A PostgreSQL server to make databases on."""

    owner_dsn: str = field(repr=False)

    async def create(self) -> Migrated:
        """A fresh database, `aw_test_<pid>_<n>`, brought up to date by the migrations."""
        name = f"aw_test_{os.getpid()}_{next(_numbers)}"
        owner = _named(self.owner_dsn, name)
        connection = await asyncpg.connect(self.owner_dsn, timeout=10)
        try:
            await connection.execute(f"CREATE DATABASE {name}")
            await connection.execute("SELECT pg_advisory_lock($1)", _ROLE_LOCK)
            await migrate(owner, APP_PASSWORD)
        finally:
            await connection.close()
        return Migrated(owner_dsn=owner, app_dsn=app_dsn(owner, APP_PASSWORD))

    async def drop(self, database: Migrated) -> None:
        """Remove a database that `create` made, whoever is still connected."""
        name = urlsplit(database.owner_dsn).path.removeprefix("/")
        await keep_rows(database.owner_dsn)
        connection = await asyncpg.connect(self.owner_dsn, timeout=10)
        try:
            await connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        finally:
            await connection.close()


class _Session:
    """Gives one embedded server, begun when the first asks for it."""

    def __init__(self, ends: ExitStack) -> None:
        self._ends = ends
        self._server: Server | None = None

    def server(self) -> Server:
        if self._server is None:
            self._server = self._ends.enter_context(embedded_server())
        return self._server


_sessions: list[_Session] = []


@contextmanager
def one_server() -> Iterator[None]:
    """Within the block everybody who asks for any server gets the same: each start of one costs seconds."""
    with ExitStack() as ends:
        _sessions.append(_Session(ends))
        try:
            yield
        finally:
            _sessions.pop()


@contextmanager
def any_server() -> Iterator[Server]:
    """The server that the environment names, else the one of `one_server`, else one that ends with the block."""
    named = os.environ.get("ALERTWHISPERER_TEST_DATABASE_URL", "")
    if named:
        yield Server(named)
    elif _sessions:
        yield _sessions[-1].server()
    else:
        with embedded_server() as server:
            yield server


@contextmanager
def embedded_server() -> Iterator[Server]:
    """
    An embedded server in a temporary folder; stopped and removed when the block ends.

    The folder is in memory where there is enough of it, so that no commit waits for a disk. (The product refuses a
    server that is told not to wait.)
    """
    with open_place("aw-test-", within=in_memory()) as place:
        embedded = EmbeddedServer(place / "data")
        try:
            yield Server(run_apart(embedded.start()).dsn())
        finally:
            run_apart(embedded.release(wait_s=20))


@contextmanager
def migrated_database() -> Iterator[Migrated]:
    """A database for this process, dropped when the block ends."""
    with any_server() as server:
        database = run_apart(server.create())
        try:
            yield database
        finally:
            run_apart(server.drop(database))


def run_apart(work: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine to its end on a loop of its own: what lives for the whole session belongs to no test's loop."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, work).result()


def _named(dsn: str, name: str) -> str:
    return urlunsplit(urlsplit(dsn)._replace(path=f"/{name}"))
