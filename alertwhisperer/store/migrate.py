"""
Brings the schema up to date, as its owner, and makes the application's role.

Migrations are SQL files in `migrations/`, in pairs: `NNNN_name.before.sql` runs before new code starts and must suit
the old code, `NNNN_name.after.sql` when no old code is left. Each runs once, in a transaction, under one advisory lock.
"""

import hashlib
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import quote, urlsplit, urlunsplit

import asyncpg

from alertwhisperer.domain.errors import Permanent, Temporary
from alertwhisperer.store.database import NOT_AN_ADDRESS, Connection, unusable_address
from alertwhisperer.store.scram import verifier

APP_ROLE = "alertwhisperer_app"
_SALT_BYTES = 16
_LOCK = 0x616C_6572  # any number that no other program takes
_FOLDER = Path(__file__).parent / "migrations"
_TABLE = (
    "CREATE TABLE IF NOT EXISTS schema_migration (name text PRIMARY KEY, checksum text NOT NULL,"
    " at timestamptz NOT NULL DEFAULT now())"
)


async def migrate(owner_dsn: str, app_password: str | None = None) -> list[str]:
    """
    Apply what is missing.

    Args:
        owner_dsn: of a role that may create tables and roles in the database.
        app_password: what the application's role signs in with; None leaves that as it is (see `let_in`), and at first
            the role may not sign in.

    Returns:
        Names of the migrations applied now, in order.

    Raises:
        Permanent: a migration that was applied has another text now, or the owner lacks a right or may not sign in.
        Temporary: the server cannot be reached.
    """
    async with connect_owner(owner_dsn) as connection:
        await connection.execute("SELECT pg_advisory_lock($1)", _LOCK)
        await _make_role(connection, app_password)
        await connection.execute(_TABLE)
        done = {row["name"]: row["checksum"] for row in await connection.fetch("SELECT * FROM schema_migration")}
        applied = []
        for path in sorted(_FOLDER.glob("*.sql")):
            text = path.read_text()
            checksum = hashlib.sha256(text.encode()).hexdigest()
            if path.name in done:
                if done[path.name] != checksum:
                    raise Permanent(f"the migration {path.name} was changed after it was applied")
                continue
            async with connection.transaction():
                await connection.execute(text)
                await connection.execute(
                    "INSERT INTO schema_migration (name, checksum) VALUES ($1, $2)", path.name, checksum
                )
            applied.append(path.name)
        return applied


@asynccontextmanager
async def connect_owner(owner_dsn: str) -> AsyncIterator[Connection]:
    """
    A connection as the database's owner: for migrations, and for keys that the application may only read.

    Raises:
        Permanent: the owner may not sign in.
        Temporary: the server cannot be reached.
    """
    try:
        connection: Connection = await asyncpg.connect(owner_dsn, timeout=10)
    except NOT_AN_ADDRESS:
        raise unusable_address("DATABASE_URL") from None
    except (OSError, TimeoutError, asyncpg.CannotConnectNowError) as failure:
        raise Temporary(
            f"the database cannot be reached ({failure}); is it running, is DATABASE_URL right?"
        ) from failure
    except (asyncpg.PostgresError, asyncpg.InterfaceError) as failure:
        raise Permanent(f"the database refuses the owner: {failure}; check DATABASE_URL") from failure
    try:
        yield connection
    finally:
        await connection.close()


@asynccontextmanager
async def connect_app(dsn: str) -> AsyncIterator[Connection]:
    """A connection of its own as the application's role, for a look past the code."""
    connection: Connection = await asyncpg.connect(dsn, timeout=10)
    try:
        yield connection
    finally:
        await connection.close()


@asynccontextmanager
async def scratch_database(owner_dsn: str, name: str) -> AsyncIterator[None]:
    """
    An empty database beside the real one, gone again when the block ends.

    Args:
        name: of letters, digits and underscores; chosen by us.

    Raises:
        Permanent: the owner may not make one.
    """
    async with connect_owner(owner_dsn) as owner:
        try:
            await owner.execute(f"CREATE DATABASE {name}")
        except asyncpg.InsufficientPrivilegeError as failure:
            raise Permanent("the database's owner may not make a scratch database: grant it CREATEDB") from failure
    try:
        yield
    finally:
        async with connect_owner(owner_dsn) as owner:
            await owner.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


async def let_in(owner_dsn: str, app_password: str) -> None:
    """
    Let the application's role sign in with this password.

    Raises:
        Permanent, Temporary: as `migrate`.
    """
    async with connect_owner(owner_dsn) as connection:
        await connection.execute("SELECT pg_advisory_lock($1)", _LOCK)
        await _make_role(connection, app_password)


async def _make_role(connection: Connection, password: str | None) -> None:
    exists = await connection.fetchval("SELECT true FROM pg_roles WHERE rolname = $1", APP_ROLE)
    try:
        if password is None:
            if not exists:
                await connection.execute(f"CREATE ROLE {APP_ROLE} NOLOGIN")
        elif not exists or await connection.fetchval(
            "SELECT rolsuper OR rolcreaterole FROM pg_roles WHERE rolname = current_user"
        ):
            kept = _kept_of(password)
            await connection.execute(f"{'ALTER' if exists else 'CREATE'} ROLE {APP_ROLE} LOGIN PASSWORD '{kept}'")
    except asyncpg.InsufficientPrivilegeError as failure:
        raise Permanent(
            f"the owner may not create the role {APP_ROLE}; create it by hand (LOGIN, no other right) and set "
            "DATABASE_APP_URL"
        ) from failure


def _kept_of(password: str) -> str:
    """What the server shall keep of the password; DDL cannot take bound values, and this has no quote in it."""
    try:
        return verifier(password, os.urandom(_SALT_BYTES))
    except ValueError as failure:
        raise Permanent("the application's database password must be letters and digits") from failure


def app_dsn(owner_dsn: str, app_password: str) -> str:
    """The owner's DSN with the application's role and password in it."""
    parts = urlsplit(owner_dsn)
    host = parts.netloc.rpartition("@")[2]
    user = f"{quote(APP_ROLE)}:{quote(app_password)}@"
    query = "&".join(p for p in parts.query.split("&") if p and not p.startswith(("user=", "password=")))
    return urlunsplit((parts.scheme, user + host, parts.path, query, ""))
