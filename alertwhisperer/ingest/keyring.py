"""
Remembers whose key is whose, so that the hot path asks the database once per key and not once per request.

What is remembered is dropped when settings change anywhere (`forget`, on the database's notice) and after a few seconds
in any case; a batch checks again under its locks, so correctness never rests on this cache.
"""

import asyncio
from collections.abc import Mapping
from typing import Any
from uuid import UUID

import msgspec

from alertwhisperer.domain.company import CompanyId, Scope
from alertwhisperer.domain.integration import Scheme
from alertwhisperer.guard.vault import Vault
from alertwhisperer.ingest.integrations import open_secret, own_integration_id, with_defaults
from alertwhisperer.ingest.routes import routes_to
from alertwhisperer.ingest.routing import Routes
from alertwhisperer.ingest.secret_settings import open_secrets, without_secrets
from alertwhisperer.kit.clock import Clock
from alertwhisperer.sources.contract import Source
from alertwhisperer.store import gate, integrations
from alertwhisperer.store.database import Database
from alertwhisperer.store.gate import Limits

REMEMBERED_S = 10.0
_MOST = 20_000


class Holder(msgspec.Struct, frozen=True, gc=False):
    """
    The integration behind a key.

    Attributes:
        company, integration: 16 bytes of the ids.
        source: None when this version of the product does not know it any more.
        secret: of the signature, in the clear; never logged, never part of a repr that leaves the process. Likewise
            `secrets`: the secret settings, for the source's own checks.
        settings: as a parser gets them, without the secret ones.
        routes: of an MSP-wide integration; None when it serves its company alone.
    """

    company_id: CompanyId
    company: bytes
    integration_id: UUID
    integration: bytes
    source: Source | None
    scheme: Scheme
    require_signature: bool
    secret: bytes
    settings: dict[str, Any]
    secrets: dict[str, str]
    version: int
    limits: Limits
    until: float
    name: str = ""
    routes: Routes | None = None

    def __repr__(self) -> str:
        return f"Holder({self.integration_id})"


class Keyring:
    """The keys that this process has seen."""

    def __init__(self, database: Database, vault: Vault, sources: Mapping[str, Source], clock: Clock) -> None:
        self._database = database
        self._vault = vault
        self._sources = sources
        self._clock = clock
        self._known: dict[str, Holder] = {}
        self._seen: set[str] = set()
        self._asking: dict[str, asyncio.Task[Holder | None]] = {}

    def was_known(self, key: str) -> bool:
        """Whether the key was good when it was last asked about: then it is nobody's guess."""
        return key in self._seen

    def remembered(self, key: str) -> Holder | None:
        """The holder, when it was looked up a moment ago."""
        holder = self._known.get(key)
        if holder is None or holder.until < self._clock.monotonic():
            return None
        return holder

    async def look_up(self, key: str) -> Holder | None:
        """
        The holder, from the database; None when the key is nobody's, or its integration was removed.

        Requests that ask for one key at one time share one look.

        Raises:
            Temporary: the database cannot be reached.
        """
        asking = self._asking.get(key)
        if asking is None:
            asking = self._asking[key] = asyncio.create_task(self._ask(key))
            asking.add_done_callback(lambda _: self._asking.pop(key, None))
        return await asyncio.shield(asking)

    async def _ask(self, key: str) -> Holder | None:
        async with self._database.across([]) as connection:
            owner = await integrations.holder_of_key(connection, self._vault.hash(key))
        holder = None if owner is None else await self.read(owner.company_id, owner.integration_id)
        if holder is None:
            self._drop(key)
            return None
        if len(self._known) >= _MOST:
            self._known.clear()
            self._seen.clear()
        self._known[key] = holder
        self._seen.add(key)
        return holder

    async def read(self, company_id: CompanyId, integration_id: UUID) -> Holder | None:
        """An integration as it is now, from the database; None when it was removed. A feed asks by its id."""
        async with self._database.unit_of_work(Scope(company_id, "gateway")) as unit:
            granted = await gate.pass_of(unit, integration_id)
            wanted = {} if granted is None else await gate.routes_of(unit, integration_id)
        if granted is None:
            return None
        secret = open_secret(self._vault, company_id, integration_id, granted.scheme, granted.secret)
        source = self._sources.get(granted.source)
        settings, opened = granted.settings, {}
        if source is not None:
            opened = open_secrets(self._vault, source, company_id, integration_id, settings)
            settings = without_secrets(source, with_defaults(source, settings))
        return Holder(
            company_id,
            company_id.bytes,
            integration_id,
            integration_id.bytes,
            source,
            granted.scheme,
            granted.require_signature,
            secret,
            settings,
            opened,
            granted.version,
            granted.limits,
            self._clock.monotonic() + REMEMBERED_S,
            granted.name,
            None
            if granted.route_by is None
            else await self._routes(company_id, integration_id, granted.route_by, wanted),
        )

    async def _routes(
        self, company_id: CompanyId, integration_id: UUID, label: str, wanted: Mapping[str, CompanyId]
    ) -> Routes:
        async with self._database.across(set(wanted.values())) as connection:
            return await routes_to(connection, integration_id, label, wanted, own_integration_id(company_id))

    def _drop(self, key: str) -> None:
        self._known.pop(key, None)
        self._seen.discard(key)

    def forget(self) -> None:
        """Settings changed somewhere."""
        self._known.clear()
