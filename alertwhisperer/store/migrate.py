"""
Brings the schema up to date, as its owner, and makes the application's role.

Migrations are SQL files in `migrations/`, in pairs: `NNNN_name.before.sql` runs before new code starts and must suit
the old code, `NNNN_name.after.sql` when no old code is left. Each runs once, in a transaction, under one advisory lock.
"""

import hashlib
from pathlib import Path
from urllib.parse import quote, urlsplit, urlunsplit

import asyncpg

from alertwhisperer.domain.errors import Permanent, Temporary
from alertwhisperer.store.database import Connection

APP_ROLE = "alertwhisperer_app"
_LOCK = 0x616C_6572  # any number that no other program takes
_FOLDER = Path(__file__).parent / "migrations"
_TABLE = (
    "CREATE TABLE IF NOT EXISTS schema_migration (name text PRIMARY KEY, checksum text NOT NULL,"
    " at timestamptz NOT NULL DEFAULT now())"
)


async def migrate(owner_dsn: str, app_password: str, *, own_role: bool = True) -> list[str]:
    """
    Apply what is missing.

    Args:
        owner_dsn: of a role that may create tables and roles in the database.
        app_password: what the application's role will sign in with.
        own_role: whether the application signs in as the role made here; False when it is given another.

    Returns:
        Names of the migrations applied now, in order.

    Raises:
        Permanent: a migration that was applied has another text now, or the owner lacks a right or may not sign in.
        Temporary: the server cannot be reached.
    """
    try:
        connection: Connection = await asyncpg.connect(owner_dsn, timeout=10)
    except (OSError, TimeoutError, asyncpg.CannotConnectNowError) as failure:
        raise Temporary(
            f"the database cannot be reached ({failure}); is it running, is DATABASE_URL right?"
        ) from failure
    except (asyncpg.PostgresError, asyncpg.InterfaceError, ValueError) as failure:
        raise Permanent(f"the database refuses the owner: {failure}; check DATABASE_URL") from failure
    try:
        await connection.execute("SELECT pg_advisory_lock($1)", _LOCK)
        await _make_role(connection, app_password if own_role else None)
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
    finally:
        await connection.close()


async def _make_role(connection: Connection, password: str | None) -> None:
    exists = await connection.fetchval("SELECT true FROM pg_roles WHERE rolname = $1", APP_ROLE)
    # The password is ours and of base64 letters only; DDL cannot take bound values.
    if password is not None and not password.isalnum():
        raise Permanent("the application's database password must be letters and digits")
    try:
        if password is None:
            if not exists:
                await connection.execute(f"CREATE ROLE {APP_ROLE} NOLOGIN")
        elif not exists:
            await connection.execute(f"CREATE ROLE {APP_ROLE} LOGIN PASSWORD '{password}'")
        elif await connection.fetchval("SELECT rolsuper OR rolcreaterole FROM pg_roles WHERE rolname = current_user"):
            await connection.execute(f"ALTER ROLE {APP_ROLE} LOGIN PASSWORD '{password}'")
    except asyncpg.InsufficientPrivilegeError as failure:
        raise Permanent(
            f"the owner may not create the role {APP_ROLE}; create it by hand (LOGIN, no other right) and set "
            "DATABASE_APP_URL"
        ) from failure


def app_dsn(owner_dsn: str, app_password: str) -> str:
    """The owner's DSN with the application's role and password in it."""
    parts = urlsplit(owner_dsn)
    host = parts.netloc.rpartition("@")[2]
    user = f"{quote(APP_ROLE)}:{quote(app_password)}@"
    query = "&".join(p for p in parts.query.split("&") if p and not p.startswith(("user=", "password=")))
    return urlunsplit((parts.scheme, user + host, parts.path, query, ""))
