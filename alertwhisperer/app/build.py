"""Wiring: the one place that picks concrete parts. `open_house` is what a command needs, `serve.py` adds the doors."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass

from alertwhisperer import sources as sources_package
from alertwhisperer.app.settings import Settings
from alertwhisperer.domain.errors import Permanent
from alertwhisperer.guard.vault import Vault, load_master
from alertwhisperer.kit import registry
from alertwhisperer.kit.clock import Clock, SystemClock
from alertwhisperer.sources.contract import Source
from alertwhisperer.store.database import Database
from alertwhisperer.store.embedded import EmbeddedServer
from alertwhisperer.store.migrate import app_dsn, migrate

_DATABASE_PASSWORD = "database-password"  # noqa: S105 - what the key is derived for, not a key


@dataclass(frozen=True, slots=True)
class House:
    """The parts that every command and the server share, opened."""

    settings: Settings
    database: Database
    vault: Vault
    sources: Mapping[str, Source]
    clock: Clock
    owner_dsn: str


def all_sources() -> Mapping[str, Source]:
    """The sources that this installation knows, by slug."""
    return registry.load(sources_package, "SOURCE", Source)


@asynccontextmanager
async def open_house(settings: Settings, clock: Clock | None = None, *, connections: int = 4) -> AsyncIterator[House]:
    """
    Start or join the database, bring it up to date, connect as the application.

    Raises:
        Permanent, Temporary, Invalid: with what to do about it.
    """
    if settings.database_app_url and not settings.database_url:
        raise Permanent("DATABASE_APP_URL is set without DATABASE_URL: set both, or neither")
    vault = Vault(load_master(settings.master_key_file, settings.secret_key or None))
    server = None if settings.database_url else EmbeddedServer(settings.data_dir)
    try:
        owner_dsn = settings.database_url if server is None else (await server.start()).dsn()
        password = vault.derive(_DATABASE_PASSWORD)
        await migrate(owner_dsn, password, own_role=not settings.database_app_url)
        database = Database(
            settings.database_app_url or app_dsn(owner_dsn, password),
            ensure=None if server is None else server.ensure,
            most=connections,
        )
        await database.open()
        try:
            yield House(settings, database, vault, all_sources(), clock or SystemClock(), owner_dsn)
        finally:
            await database.close()
    finally:
        if server is not None:
            await server.release()
