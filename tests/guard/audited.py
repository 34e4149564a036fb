"""A database full of audit entries, linked and witnessed, and copies of it to tamper with."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit, urlunsplit
from uuid import UUID, uuid4

import asyncpg

from alertwhisperer.domain.audit import AuditAction, Resource
from alertwhisperer.domain.company import INSTALLATION, CompanyId, Scope
from alertwhisperer.domain.errors import Permanent
from alertwhisperer.guard.audit.chainer import link_pending
from alertwhisperer.guard.audit.checkpoint import SigningKey
from alertwhisperer.guard.audit.keeper import Keeper
from alertwhisperer.guard.audit.sealing import AuditSealer
from alertwhisperer.guard.audit.verify import Verdict, verify
from alertwhisperer.guard.vault import Vault
from alertwhisperer.kit.clock import ManualClock
from alertwhisperer.store import audit
from alertwhisperer.store.database import Database
from tests.conftest import MASTER
from tests.database import Migrated, Server, run_apart

KEY = SigningKey(b"a signing key of exactly 32 byte")
START = datetime(2026, 3, 2, 8, tzinfo=UTC)
ANN = Scope(INSTALLATION, "ann@example.org", "", UUID(int=7), "192.0.2.7")
_AT_ONCE = 200


@dataclass
class Kept:
    """A witness in memory."""

    name: str = "memory"
    documents: dict[int, bytes] = field(default_factory=dict)

    async def put(self, number: int, document: bytes) -> None:
        """Keep it, or refuse another one of its number."""
        if self.documents.setdefault(number, document) != document:
            raise Permanent(f"another checkpoint {number} is here")

    async def read_all(self) -> AsyncIterator[bytes]:
        """All, by number."""
        for number in sorted(self.documents):
            yield self.documents[number]


@dataclass
class Log:
    """A database with a log, and the witness that saw it grow."""

    made: Migrated
    database: Database
    clock: ManualClock
    witness: Kept

    async def write(self, company_id: CompanyId, entries: int) -> None:
        """Entries of one company, a second apart."""
        for begin in range(0, entries, _AT_ONCE):
            async with self.database.unit_of_work(ANN.at(company_id)) as unit:
                for number in range(begin, min(begin + _AT_ONCE, entries)):
                    self.clock.advance(timedelta(seconds=1))
                    resource = Resource("asset", str(uuid4()))
                    await audit.write(unit, AuditAction.ASSET_CHANGED, resource, {"n": number}, now=self.clock.now())

    async def witnessed(self) -> None:
        """Link everything, make a checkpoint, and bring it outside."""
        await link_pending(self.database, self.clock)
        self.clock.advance(timedelta(minutes=2))
        keeper = Keeper(self.database, KEY, [self.witness], self.clock)
        await keeper.make_due()
        await keeper.witness()

    async def verdict(self, now: datetime | None = None) -> Verdict:
        """What the verifier says, against the witness."""
        return await verify(self.database, [KEY.public], [self.witness], now=now or self.clock.now())

    async def as_owner(self, *statements: str) -> None:
        """What somebody does who owns the database: the triggers are no wall to them."""
        connection = await asyncpg.connect(self.made.owner_dsn)
        try:
            async with connection.transaction():
                await connection.execute("SET LOCAL session_replication_role = replica")
                for statement in statements:
                    await connection.execute(statement)
        finally:
            await connection.close()


@asynccontextmanager
async def open_log(made: Migrated, witness: Kept, now: datetime) -> AsyncIterator[Log]:
    """The log in a database."""
    database = Database(made.app_dsn, AuditSealer(Vault(MASTER)))
    await database.open()
    try:
        yield Log(made, database, ManualClock(now), witness)
    finally:
        await database.close()


async def copy_of(server: Server, made: Migrated, name: str) -> Migrated:
    """The same database once more."""
    source = urlsplit(made.owner_dsn).path.removeprefix("/")
    connection = await asyncpg.connect(server.owner_dsn)
    try:
        await connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        await connection.execute(f"CREATE DATABASE {name} TEMPLATE {source}")
    finally:
        await connection.close()
    return Migrated(*(urlunsplit(urlsplit(dsn)._replace(path=f"/{name}")) for dsn in (made.owner_dsn, made.app_dsn)))


def filled(server: Server, companies: Sequence[CompanyId], entries: int, steps: int) -> tuple[Migrated, Kept, datetime]:
    """A database with `entries` entries over the companies, witnessed in `steps` checkpoints."""

    async def fill() -> tuple[Migrated, Kept, datetime]:
        made = await server.create()
        async with open_log(made, Kept(), START) as log:
            for _ in range(steps):
                for company_id in companies:
                    await log.write(company_id, entries // steps // len(companies))
                await log.witnessed()
            return made, log.witness, log.clock.now()

    return run_apart(fill())
