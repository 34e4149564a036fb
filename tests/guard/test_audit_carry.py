"""What the first audit log held is carried into the present one: once, whole, and within reach of an erasure."""

from __future__ import annotations

import hashlib
import json
import os
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit
from uuid import UUID

import asyncpg
import pytest

import alertwhisperer.store
from alertwhisperer.app.audit import AuditWork
from alertwhisperer.app.build import House, open_house
from alertwhisperer.app.settings import load
from alertwhisperer.app.witnesses import open_witnesses
from alertwhisperer.domain.audit import AuditAction, AuditEntry
from alertwhisperer.domain.company import INSTALLATION, CompanyId, Scope
from alertwhisperer.guard.audit.carry import action_of
from alertwhisperer.guard.audit.erase import erase_person
from alertwhisperer.guard.audit.verify import verify
from alertwhisperer.kit.clock import ManualClock
from alertwhisperer.kit.ids import uuid7
from alertwhisperer.kit.metrics import Metrics
from alertwhisperer.store import audit
from alertwhisperer.store.migrate import APP_ROLE, app_dsn, connect_owner, migrate
from tests.database import APP_PASSWORD, Migrated, any_server
from tests.server import on_database

THEN = datetime(2026, 2, 1, 8, tzinfo=UTC)
NOW = datetime(2026, 5, 4, 8, tzinfo=UTC)
COMPANY = CompanyId(UUID(int=17))
KIM, LEE = UUID(int=21), UUID(int=22)
INCIDENT, SITE = UUID(int=31), UUID(int=32)

FIRST_LOG: tuple[tuple[CompanyId, str, str, str, dict[str, object]], ...] = (
    (INSTALLATION, "cli:root", "company.add", str(COMPANY), {"name": "Old"}),
    (INSTALLATION, "cli:root", "user.add", "kim@example.org", {"role": "technician", "user_id": str(KIM)}),
    (COMPANY, "kim@example.org", "site.add", str(SITE), {"name": "Berlin"}),
    (COMPANY, "lee@example.org", "incident.acknowledge", f"incident/{INCIDENT}", {}),
    (COMPANY, "timer", "rules.saved", "rules/3", {"version": 3}),
    (COMPANY, "kim@example.org", "weather.make", "sun", {"degrees": 20}),
)


@dataclass(frozen=True)
class Upgraded:
    """An installation of the first two migrations with entries, opened by the present program."""

    house: House
    clock: ManualClock
    owner: asyncpg.Connection[asyncpg.Record]

    def work(self) -> AuditWork:
        """What a server process does at its start, and then by the clock."""
        return AuditWork(self.house, open_witnesses(self.house.settings, self.clock), Metrics())

    async def left(self) -> int:
        """Entries in the first log."""
        found: int = await self.owner.fetchval("SELECT count(*) FROM audit_log")
        return found


@pytest.fixture
async def old(tmp_path: Path) -> AsyncIterator[Upgraded]:
    with any_server() as server:
        async with made_of_old(server.owner_dsn) as made:
            clock = ManualClock(NOW)
            environ = {**on_database(made).environ, "ALERTWHISPERER_AUDIT_WITNESSES": f"file:{tmp_path}/outside"}
            async with open_house(load(environ), clock) as house, connect_owner(made.owner_dsn) as owner:
                await owner.execute("SELECT set_config('alertwhisperer.companies', $1, false)", companies())
                yield Upgraded(house, clock, owner)


@asynccontextmanager
async def made_of_old(dsn: str) -> AsyncIterator[Migrated]:
    """A database as the first versions left it."""
    name = f"aw_test_{os.getpid()}_{secrets.token_hex(4)}"
    connection = await asyncpg.connect(dsn)
    own = urlunsplit(urlsplit(dsn)._replace(path=f"/{name}"))
    try:
        await connection.execute(f"CREATE DATABASE {name}")
        await connection.execute("SELECT pg_advisory_lock($1)", 0x7465_7374)  # as tests/database.py
        await as_it_was(own)
        await migrate(own, APP_PASSWORD)
        await connection.execute("SELECT pg_advisory_unlock($1)", 0x7465_7374)
        yield Migrated(own, app_dsn(own, APP_PASSWORD))
    finally:
        await connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        await connection.close()


def companies() -> str:
    return f"{{{INSTALLATION},{COMPANY}}}"


async def as_it_was(dsn: str) -> None:
    """The first two migrations, a company, two people, and entries of the first log."""
    folder = Path(alertwhisperer.store.__file__).parent / "migrations"
    connection = await asyncpg.connect(dsn)
    try:
        if not await connection.fetchval("SELECT true FROM pg_roles WHERE rolname = $1", APP_ROLE):
            await connection.execute(f"CREATE ROLE {APP_ROLE} NOLOGIN")
        await connection.execute(
            "CREATE TABLE schema_migration"
            " (name text PRIMARY KEY, checksum text NOT NULL, at timestamptz NOT NULL DEFAULT now())"
        )
        for path in sorted(folder.glob("*.sql"))[:2]:
            await connection.execute(path.read_text())
            await connection.execute(
                "INSERT INTO schema_migration (name, checksum) VALUES ($1, $2)",
                *(path.name, hashlib.sha256(path.read_bytes()).hexdigest()),
            )
        await connection.execute("INSERT INTO tenant VALUES ($1)", COMPANY)
        await connection.execute("SELECT set_config('alertwhisperer.companies', $1, false)", companies())
        await connection.execute(
            "INSERT INTO company (company_id, name, created_at) VALUES ($1, 'Old', $2)", COMPANY, THEN
        )
        for user_id, email in ((KIM, "kim@example.org"), (LEE, "lee@example.org")):
            await connection.execute(
                "INSERT INTO app_user (user_id, email, role, created_at) VALUES ($1, $2, 'technician', $3)",
                user_id,
                email,
                THEN,
            )
        for place, (company_id, actor, action, subject, detail) in enumerate(FIRST_LOG):
            at = THEN + timedelta(minutes=place)
            await connection.execute(
                "INSERT INTO audit_log (company_id, id, at, actor, action, subject, detail)"
                " VALUES ($1, $2, $3, $4, $5, $6, $7::jsonb)",
                *(company_id, uuid7(at), at, actor, action, subject, json.dumps(detail)),
            )
    finally:
        await connection.close()


async def test_old_entries_are_there_after_the_upgrade_with_their_new_names(old: Upgraded) -> None:
    await old.work().carry_over()
    found: dict[datetime, AuditEntry] = {}
    for company_id in (INSTALLATION, COMPANY):
        async with old.house.database.unit_of_work(Scope(company_id, "test")) as unit:
            found |= {entry.at: entry for entry in await audit.page(unit, limit=50)}
    assert [
        (one.company_id, one.actor, one.user_id, one.action, one.resource.kind, one.resource.id)
        for _, one in sorted(found.items())
    ] == [
        (INSTALLATION, "cli:root", None, AuditAction.COMPANY_ADDED, "company", str(COMPANY)),
        (INSTALLATION, "cli:root", None, AuditAction.USER_ADDED, "user", str(KIM)),
        (COMPANY, "kim@example.org", KIM, AuditAction.SITE_ADDED, "site", str(SITE)),
        (COMPANY, "lee@example.org", LEE, AuditAction.INCIDENT_ACKNOWLEDGED, "incident", str(INCIDENT)),
        (COMPANY, "timer", None, AuditAction.RULES_CHANGED, "rule_set", "3"),
        (COMPANY, "kim@example.org", KIM, AuditAction.OLD_ACT, "weather", "sun"),
    ]
    by_action = {one.action: one for one in found.values()}
    assert by_action[AuditAction.SITE_ADDED].detail == {"name": "Berlin"}
    assert by_action[AuditAction.OLD_ACT].detail == {"degrees": 20, "action": "weather.make"}


async def test_they_are_carried_once_and_taken_from_the_first_log(old: Upgraded) -> None:
    assert await old.left() == len(FIRST_LOG)
    await old.work().carry_over()
    assert await old.left() == 0
    await old.work().carry_over()
    async with old.house.database.unit_of_work(Scope(COMPANY, "test")) as unit:
        assert await audit.count(unit) == 4


async def test_what_a_server_of_before_still_writes_is_carried_at_the_next_start(old: Upgraded) -> None:
    await old.work().carry_over()
    async with old.house.database.unit_of_work(Scope(COMPANY, "test")) as unit:
        await unit.connection.execute(
            "INSERT INTO audit_log VALUES ($1, $2, $3, 'timer', 'feed.pause', 'feed/1', '{}')",
            *(COMPANY, uuid7(NOW), NOW),
        )
    assert await old.left() == 1
    await old.work().carry_over()
    assert await old.left() == 0
    async with old.house.database.unit_of_work(Scope(COMPANY, "test")) as unit:
        [newest] = await audit.page(unit, limit=1)
    assert newest.action is AuditAction.FEED_PAUSED


async def test_they_are_chained_witnessed_and_in_reach_of_an_erasure(old: Upgraded) -> None:
    work = old.work()
    await work.carry_over()
    await work.link()
    await work.checkpoint()
    await work.witness()
    places = open_witnesses(old.house.settings, old.clock)
    verdict = await verify(old.house.database, old.house.public_keys, places, now=old.clock.now())
    assert (verdict.is_proved, verdict.entries, verdict.uncovered) == (True, len(FIRST_LOG), ())
    taken = await erase_person(
        old.house.database, Scope(INSTALLATION, "cli:root"), KIM, reason="asked for", now=old.clock.now()
    )
    assert taken.entries == 2
    async with old.house.database.unit_of_work(Scope(COMPANY, "test")) as unit:
        actors = {entry.actor for entry in await audit.page(unit, limit=50)}
    assert actors == {"erased", "lee@example.org", "timer"}


async def test_nobody_takes_from_the_first_log_what_was_not_carried(old: Upgraded) -> None:
    for statement in ("DELETE FROM audit_log", "TRUNCATE audit_log", "UPDATE audit_log SET actor = 'x'"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError, match="append-only"):
            await old.owner.execute(statement)
    async with old.house.database.unit_of_work(Scope(COMPANY, "test")) as unit:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await unit.connection.execute("DELETE FROM audit_log")
    assert await old.left() == len(FIRST_LOG)


ONCE_WRITTEN = """
    action.approve asset.add asset.alias asset.confirm asset.connect asset.disconnect asset.import asset.merge
    asset.remove asset.set asset.unalias company.add company.export company.import company.set contact.add
    contact.import contact.remove contact.set feed.pause feed.poll feed.resume group.add group.remove group.set
    incident.acknowledge incident.assign incident.comment incident.merge incident.resolve incident.split integration.add
    integration.remove integration.restore integration.rotate_secret integration.set key.add key.revoke
    quarantine.discarded quarantine.rerun retention.drop route.set rules.saved setting.set silence.set site.add
    site.import site.remove site.set token.add token.revoke user.add
"""


def test_each_name_that_was_ever_written_has_one_in_the_catalogue() -> None:
    names = ONCE_WRITTEN.split()
    found = {name: action_of(name) for name in names}
    assert AuditAction.OLD_ACT not in found.values()
    assert len(set(found.values())) == len(names), "no two of them became one"
    assert action_of("weather.make") is AuditAction.OLD_ACT
