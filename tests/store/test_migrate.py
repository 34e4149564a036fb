"""The schema comes up once, whoever asks and however often, and the application never signs in as somebody mightier."""

from __future__ import annotations

import asyncio
import os
import secrets
import subprocess
import sys
import sysconfig
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import pytest

import alertwhisperer.store
from alertwhisperer.app.build import open_house
from alertwhisperer.app.settings import load
from alertwhisperer.domain.company import INSTALLATION
from alertwhisperer.domain.errors import Permanent, Temporary
from alertwhisperer.guard.audit.sealing import AuditSealer
from alertwhisperer.guard.vault import Vault
from alertwhisperer.store import integrations, maintenance
from alertwhisperer.store.database import Connection, Database
from alertwhisperer.store.migrate import APP_ROLE, app_dsn, migrate
from tests.database import APP_PASSWORD, Migrated, embedded_server, run_apart
from tests.server import MASTER, free_port, house_of, new_company, new_sender, on_database

FOLDER = Path(alertwhisperer.store.__file__).parent / "migrations"
ALL = sorted(path.name for path in FOLDER.glob("*.sql"))
PROGRAM = Path(sysconfig.get_path("scripts")) / "alertwhisperer"
_ONE_AT_A_TIME = 0x7465_7374  # as tests/database.py: the application's role is the whole server's


@asynccontextmanager
async def empty_database(dsn: str, owner: str | None = None) -> AsyncIterator[str]:
    """A database with nothing in it, on the server of `dsn`; gives its DSN as the same role."""
    name = f"aw_test_{os.getpid()}_{secrets.token_hex(4)}"
    connection: Connection = await asyncpg.connect(dsn, timeout=10)
    try:
        await connection.execute(f"CREATE DATABASE {name}" + (f" OWNER {owner}" if owner else ""))
        await connection.execute("SELECT pg_advisory_lock($1)", _ONE_AT_A_TIME)
        try:
            yield urlunsplit(urlsplit(dsn)._replace(path=f"/{name}"))
        finally:
            await connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
    finally:
        await connection.close()


@asynccontextmanager
async def role(dsn: str, rights: str) -> AsyncIterator[str]:
    """A role with these rights on the server of `dsn`, gone when the block ends; gives its name."""
    name = f"aw_test_{secrets.token_hex(6)}"
    connection: Connection = await asyncpg.connect(dsn, timeout=10)
    try:
        await connection.execute(f"CREATE ROLE {name} LOGIN PASSWORD '{APP_PASSWORD}' {rights}")
        try:
            yield name
        finally:
            await connection.execute(f"DROP OWNED BY {name}")
            await connection.execute(f"DROP ROLE {name}")
    finally:
        await connection.close()


def signed_in_as(dsn: str, name: str) -> str:
    """The DSN with another role in it."""
    return app_dsn(dsn, APP_PASSWORD).replace(APP_ROLE, name)


async def ask(dsn: str, statement: str, *values: object) -> object:
    connection: Connection = await asyncpg.connect(dsn, timeout=10)
    try:
        return await connection.fetchval(statement, *values)
    finally:
        await connection.close()


# ------------------------------------------------------------------------------------------------ fresh, again, at once


async def test_a_fresh_database_gets_all_and_the_second_time_nothing(migrated: Migrated) -> None:
    async with empty_database(migrated.owner_dsn) as dsn:
        assert await migrate(dsn, APP_PASSWORD) == ALL
        assert await migrate(dsn, APP_PASSWORD) == []
        database = Database(app_dsn(dsn, APP_PASSWORD), AuditSealer(Vault(b"a master secret of 32 bytes only")))
        await database.open()
        assert await database.company_ids() == [INSTALLATION]
        await database.close()


async def test_two_processes_that_migrate_at_once_do_it_once(migrated: Migrated) -> None:
    program = (
        "import asyncio, sys; from alertwhisperer.store.migrate import migrate;"
        "print(len(asyncio.run(migrate(sys.argv[1], sys.argv[2]))))"
    )
    async with empty_database(migrated.owner_dsn) as dsn:
        started = [
            await asyncio.create_subprocess_exec(
                sys.executable, "-c", program, dsn, APP_PASSWORD, stdout=subprocess.PIPE, stderr=subprocess.PIPE
            )
            for _ in range(3)
        ]
        told = [await asyncio.wait_for(process.communicate(), 60) for process in started]
    assert [process.returncode for process in started] == [0, 0, 0], [error for _, error in told]
    assert sorted(int(out) for out, _ in told) == [0, 0, len(ALL)]


async def test_a_migration_that_was_changed_is_refused(migrated: Migrated) -> None:
    async with empty_database(migrated.owner_dsn) as dsn:
        await migrate(dsn, APP_PASSWORD)
        await ask(dsn, "UPDATE schema_migration SET checksum = 'other' WHERE name = $1", ALL[0])
        with pytest.raises(Permanent, match=ALL[0]):
            await migrate(dsn, APP_PASSWORD)


async def test_a_migration_that_fails_leaves_nothing_behind(migrated: Migrated) -> None:
    async with empty_database(migrated.owner_dsn) as dsn:
        await ask(dsn, "CREATE VIEW audit_log AS SELECT 1 AS one")  # in the way of a table that comes late
        with pytest.raises((Permanent, asyncpg.PostgresError)):
            await migrate(dsn, APP_PASSWORD)
        assert await ask(dsn, "SELECT to_regclass('company')") is None
        await ask(dsn, "DROP VIEW audit_log")
        assert await migrate(dsn, APP_PASSWORD) == ALL


async def test_a_server_that_is_not_there_may_be_tried_again() -> None:
    with pytest.raises(Temporary):
        await migrate("postgresql://nobody@127.0.0.1:9/nothing", APP_PASSWORD)


# ------------------------------------------------------------------------------------------------ who owns it


async def test_an_owner_who_may_only_create_roles_migrates_and_all_doors_work(migrated: Migrated) -> None:
    async with (
        role(migrated.owner_dsn, "NOSUPERUSER CREATEROLE") as owner,
        empty_database(migrated.owner_dsn, owner) as as_superuser,
    ):
        await _let_alter(migrated.owner_dsn, owner)
        try:
            dsn = signed_in_as(as_superuser, owner)
            assert await migrate(dsn, APP_PASSWORD) == ALL
            await _try_the_doors(Migrated(dsn, app_dsn(dsn, APP_PASSWORD)))
        finally:
            await ask(migrated.owner_dsn, f"REVOKE {APP_ROLE} FROM {owner}")


async def _let_alter(dsn: str, owner: str) -> None:
    """The role is there already; from PostgreSQL 16 on only who administers it may set its password."""
    await ask(dsn, f"GRANT {APP_ROLE} TO {owner} WITH ADMIN OPTION")


async def _try_the_doors(migrated: Migrated) -> None:
    today = datetime.now(UTC)
    async with house_of(on_database(migrated)) as house:
        company = await new_company(house)
        sender = await new_sender(house, company.id, "generic")
        database = house.database
        async with database.across([]) as connection:
            found = await integrations.holder_of_key(connection, Vault(MASTER).hash(sender.api_key))
        assert found is not None
        assert (found.company_id, str(found.integration_id)) == (company.id, sender.integration_id)
        assert await database.company_ids() == [INSTALLATION, company.id]
        assert await maintenance.make_partitions(database, today=today.date() + timedelta(days=1)) == 3
        # The day before yesterday's are not made by the migration; yesterday's are.
        dropped = await maintenance.drop_partitions(database, keep_from=today.date())
        assert len(dropped) == 3
        assert await maintenance.forget_delivery_keys(database, before=today) == 0
        assert await maintenance.stray_rows(database) == {"delivery": 0, "occurrence": 0, "receipt": 0}


async def test_an_owner_who_may_not_create_roles_is_told_what_to_do(migrated: Migrated) -> None:
    """With the role made by hand and named, nothing of the kind is needed."""
    async with (
        role(migrated.owner_dsn, "NOSUPERUSER NOCREATEROLE") as owner,
        empty_database(migrated.owner_dsn, owner) as as_superuser,
    ):
        dsn = signed_in_as(as_superuser, owner)
        assert await migrate(dsn) == ALL
        await _try_the_doors(Migrated(dsn, app_dsn(dsn, APP_PASSWORD)))


async def test_an_application_role_of_ones_own_can_be_given(migrated: Migrated) -> None:
    """A role that inherits the rights of ours serves as well."""
    async with empty_database(migrated.owner_dsn) as dsn, role(migrated.owner_dsn, f"IN ROLE {APP_ROLE}") as mine:
        await migrate(dsn, APP_PASSWORD)
        await _try_the_doors(Migrated(dsn, signed_in_as(dsn, mine)))


# ------------------------------------------------------------------------------------------------ whom it refuses


@pytest.mark.parametrize(
    "rights", ["SUPERUSER", f"BYPASSRLS IN ROLE {APP_ROLE}"], ids=["a superuser", "a role that bypasses policies"]
)
async def test_a_role_that_policies_do_not_bind_is_refused(rights: str, migrated: Migrated) -> None:
    async with role(migrated.owner_dsn, rights) as name:
        await assert_refused(migrated, signed_in_as(migrated.owner_dsn, name), "row-level security")


async def test_the_owner_is_refused(migrated: Migrated) -> None:
    async with (
        role(migrated.owner_dsn, "NOSUPERUSER") as owner,
        role(migrated.owner_dsn, f"NOSUPERUSER IN ROLE {owner}") as relative,
        empty_database(migrated.owner_dsn, owner) as as_superuser,
    ):
        dsn = signed_in_as(as_superuser, owner)
        await migrate(dsn)
        await assert_refused(Migrated(dsn, dsn), dsn, "row-level security")
        await assert_refused(Migrated(dsn, dsn), signed_in_as(as_superuser, relative), "row-level security")


async def test_a_server_that_may_lose_a_commit_is_refused(migrated: Migrated) -> None:
    async with empty_database(migrated.owner_dsn) as dsn:
        await migrate(dsn, APP_PASSWORD)
        name = urlsplit(dsn).path.removeprefix("/")
        await ask(dsn, f"ALTER DATABASE {name} SET synchronous_commit = off")
        await assert_refused(Migrated(dsn, dsn), app_dsn(dsn, APP_PASSWORD), "synchronous_commit")


@pytest.mark.parametrize("name", ["fsync", "full_page_writes"])
def test_a_server_that_may_lose_its_files_is_refused(name: str) -> None:
    with embedded_server() as server:
        run_apart(_refused_without(server.owner_dsn, name))


async def _refused_without(dsn: str, name: str) -> None:
    await migrate(dsn, APP_PASSWORD)
    await ask(dsn, f"ALTER SYSTEM SET {name} = off")
    await ask(dsn, "SELECT pg_reload_conf()")
    await assert_refused(Migrated(dsn, dsn), app_dsn(dsn, APP_PASSWORD), name)


async def assert_refused(migrated: Migrated, dsn: str, why: str) -> None:
    """Neither a connection nor a house nor `serve` comes up, and all say why."""
    database = Database(dsn, AuditSealer(Vault(b"a master secret of 32 bytes only")))
    with pytest.raises(Permanent, match=why):
        await database.open()
    await database.close()
    environ = dict(on_database(Migrated(migrated.owner_dsn, dsn)).environ)
    with pytest.raises(Permanent, match=why):
        async with open_house(load(environ)):
            pass
    done = await asyncio.create_subprocess_exec(
        str(PROGRAM),
        *("serve", "--port", str(free_port())),
        env={"PATH": os.environ["PATH"], "COLUMNS": "400", **environ},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    out, error = await asyncio.wait_for(done.communicate(), 60)
    assert done.returncode == 3, (out, error)
    assert why in error.decode(), error
    assert "Traceback" not in error.decode()
