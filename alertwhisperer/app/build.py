"""Wiring: the one place that picks concrete parts. `open_house` is what a command needs, `serve.py` adds the doors."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime

from alertwhisperer import sources as sources_package
from alertwhisperer.app.settings import Settings
from alertwhisperer.domain.errors import Permanent
from alertwhisperer.guard import data_keys
from alertwhisperer.guard.audit.checkpoint import SigningKey
from alertwhisperer.guard.audit.sealing import AuditSealer
from alertwhisperer.guard.key_file import load_master, load_masters
from alertwhisperer.guard.master import LocalMaster, MasterDoor
from alertwhisperer.guard.vault import DATABASE_PASSWORD, Vault, first_keys, random_keys
from alertwhisperer.kit import registry
from alertwhisperer.kit.clock import Clock, SystemClock
from alertwhisperer.sources.contract import Source
from alertwhisperer.store.data_keys import is_blank
from alertwhisperer.store.database import Database
from alertwhisperer.store.embedded import EmbeddedServer
from alertwhisperer.store.migrate import app_dsn, connect_owner, let_in, migrate


@dataclass(frozen=True, slots=True)
class House:
    """The parts that every command and the server share, opened."""

    settings: Settings
    database: Database
    vault: Vault
    sources: Mapping[str, Source]
    clock: Clock
    owner_dsn: str = field(repr=False)
    signing_key: SigningKey
    masters: tuple[MasterDoor, ...]

    @property
    def public_keys(self) -> tuple[str, ...]:
        """What checkpoints of the audit log may be signed with."""
        return (self.signing_key.public, *self.settings.audit_former_keys)


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
    signing_key = SigningKey(load_master(settings.signing_key_file, settings.audit_key or None))
    server = None if settings.database_url else EmbeddedServer(settings.data_dir)
    try:
        owner_dsn = settings.database_url if server is None else (await server.start()).dsn()
        vault, masters = await _open_vault(settings, owner_dsn, now=(clock or SystemClock()).now())
        password = vault.derive(DATABASE_PASSWORD)
        if not settings.database_app_url:
            await let_in(owner_dsn, password)
        database = Database(
            settings.database_app_url or app_dsn(owner_dsn, password),
            AuditSealer(vault),
            ensure=None if server is None else server.ensure,
            most=connections,
        )
        await database.open()
        try:
            yield House(
                settings, database, vault, all_sources(), clock or SystemClock(), owner_dsn, signing_key, masters
            )
        finally:
            await database.close()
    finally:
        if server is not None:
            await server.release()


async def _open_vault(settings: Settings, owner_dsn: str, *, now: datetime) -> tuple[Vault, tuple[MasterDoor, ...]]:
    """Bring the database up to date, and open what it holds with the keys that it holds; made at the first start."""
    async with connect_owner(owner_dsn) as owner:
        is_new = await is_blank(owner)
        may_make = not await data_keys.read(owner)
    secrets = load_masters(
        settings.master_key_file, settings.secret_key or None, settings.former_secret_keys or None, may_make=may_make
    )
    masters: tuple[MasterDoor, ...] = tuple(map(LocalMaster, secrets))
    await migrate(owner_dsn)
    async with connect_owner(owner_dsn) as owner:
        first = random_keys() if is_new else first_keys(secrets[0])
        return Vault(await data_keys.ensure(owner, masters, first, now=now)), masters
