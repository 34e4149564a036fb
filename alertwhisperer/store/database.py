"""
Connections and units of work: the one way to tenant data.

`unit_of_work(scope)` opens a transaction that sees one company. `across(...)` is the named door through which an MSP
administrator or the scheduler sees several; its callers are few, and each writes an audit entry or touches ids only.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal, TypeAlias

import aiosql
import asyncpg
import msgspec
from asyncpg.pool import PoolConnectionProxy

from alertwhisperer.domain.company import CompanyId, Scope
from alertwhisperer.domain.errors import Permanent, Temporary
from alertwhisperer.store.parts import with_parts
from alertwhisperer.store.sealer import Sealer

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"

SET_COMPANIES = "SELECT set_config('alertwhisperer.companies', $1, true)"

# Plans made for small tables would scan them whole when they have grown; see docs/architecture.md, "Hot path".
HOT_SETTINGS = {
    "application_name": "alertwhisperer",
    "jit": "off",
    "plan_cache_mode": "force_generic_plan",
    "enable_seqscan": "off",
    "enable_hashjoin": "off",
    "enable_mergejoin": "off",
}
COLD_SETTINGS = {
    "application_name": "alertwhisperer",
    "jit": "off",
    "statement_timeout": "30000",
    "plan_cache_mode": "force_custom_plan",  # lists have optional filters; one plan cannot suit all of them
}

_CONNECT_TIMEOUT_S = 10.0
_KEY_FORGOTTEN = "AW001"  # refuse_forgotten_key(), migration 0008
_LOST = (
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,
    ConnectionError,
)


NOT_AN_ADDRESS = (ValueError, OverflowError)
"""What the driver raises for an address that it cannot read."""


def unusable_address(setting: str) -> Permanent:
    """
    What is said of an address that cannot be read.

    Raise it `from None`: the driver's own words may quote the password, of which a slash made a port.
    """
    return Permanent(
        f"{setting} is no address of a database: write postgresql://user:password@host:port/database, and in user and "
        "password %2F for /, %3A for :, %40 for @, %3F for ?, %23 for #, %25 for %"
    )


def queries(name: str) -> Any:
    """The named statements of `store/<name>.sql`, as coroutines that take a connection and keyword arguments."""
    text = with_parts((Path(__file__).parent / f"{name}.sql").read_text(encoding="utf-8"))
    return aiosql.from_str(text, "asyncpg", mandatory_parameters=False)


@dataclass(frozen=True, slots=True)
class Unit:
    """
    A transaction in the name of one company.

    It commits when its block ends, and rolls back when the block raises. Store functions take it first, and read the
    company from it: none of them takes a company id.
    """

    connection: Connection
    scope: Scope
    sealer: Sealer

    def at(self, scope: Scope) -> "Unit":
        """The same transaction in the name of another scope; its company must be among those it sees."""
        return replace(self, scope=scope)

    @property
    def company_id(self) -> CompanyId:
        """The company that this transaction sees."""
        return self.scope.company_id


async def enter(connection: Connection, companies: Iterable[CompanyId]) -> None:
    """Let a transaction on a connection of its own see some companies."""
    await connection.execute(SET_COMPANIES, setting_of(companies))


def setting_of(companies: Iterable[CompanyId]) -> str:
    """The companies as the row-level policies read them."""
    return "{" + ",".join(str(company_id) for company_id in companies) + "}"


class Database:
    """
    The application's connections.

    Args:
        dsn: of the application's role, never of the owner.
        sealer: for the audit log.
        ensure: called before a connection is retried, e.g. to bring a dead embedded server back; may raise.
    """

    def __init__(
        self, dsn: str, sealer: Sealer, *, ensure: Callable[[], Awaitable[object]] | None = None, most: int = 8
    ) -> None:
        self._dsn = dsn
        self._sealer = sealer
        self._ensure = ensure
        self._most = most
        self._pool: asyncpg.Pool[asyncpg.Record] | None = None

    @property
    def dsn(self) -> str:
        """Of the application's role."""
        return self._dsn

    async def open(self) -> None:
        """
        Connect, and refuse a role or a server that would void a promise.

        Raises:
            Permanent: the role may bypass row-level security, or the server may lose committed data.
            Temporary: the server cannot be reached.
        """
        try:
            self._pool = await asyncpg.create_pool(
                self._dsn,
                min_size=0,
                max_size=self._most,
                timeout=_CONNECT_TIMEOUT_S,
                init=_speak_json,
                server_settings=COLD_SETTINGS,
            )
        except (OSError, asyncpg.CannotConnectNowError, TimeoutError) as failure:
            raise Temporary(f"the database cannot be reached: {failure}") from failure
        try:
            async with self._pool.acquire() as connection:
                await refuse_unsafe(connection)
        except NOT_AN_ADDRESS:
            raise unusable_address("DATABASE_APP_URL") from None

    async def close(self) -> None:
        """Let go of all connections; those in use are ended after a moment."""
        if self._pool is not None:
            self._pool.terminate()
            self._pool = None

    async def connect_hot(self) -> Connection:
        """A connection of its own for the hot path: generic plans, index scans; `hot.wire.speak` sets its codecs."""
        try:
            return await self._connect_hot()
        except (OSError, asyncpg.PostgresError, TimeoutError):
            if self._ensure is None:
                raise
            await self._ensure()
            return await self._connect_hot()

    async def _connect_hot(self) -> Connection:
        connection = await asyncpg.connect(
            self._dsn,
            timeout=_CONNECT_TIMEOUT_S,
            command_timeout=30,
            max_cacheable_statement_size=0,
            server_settings=HOT_SETTINGS,
        )
        return connection

    async def connect_listening(self) -> Connection:
        """A connection of its own to LISTEN on."""
        return await asyncpg.connect(self._dsn, timeout=_CONNECT_TIMEOUT_S, server_settings=COLD_SETTINGS)

    @asynccontextmanager
    async def unit_of_work(self, scope: Scope, *, snapshot: bool = False) -> AsyncIterator[Unit]:
        """
        A transaction that sees the scope's company only.

        Args:
            snapshot: all statements see one moment (REPEATABLE READ), read-only.

        Raises:
            Temporary: the database cannot be reached.
        """
        async with self._transaction([scope.company_id], snapshot=snapshot) as connection:
            yield self.unit(connection, scope)

    @asynccontextmanager
    async def across(self, companies: Iterable[CompanyId]) -> AsyncIterator[Connection]:
        """The door that sees several companies; for the MSP's own view, and for the scheduler."""
        async with self._transaction(companies, snapshot=False) as connection:
            yield connection

    def unit(self, connection: Connection, scope: Scope) -> Unit:
        """A unit of work in a transaction that `across` opened; the scope's company must be among those it sees."""
        return Unit(connection, scope, self._sealer)

    async def company_ids(self) -> list[CompanyId]:
        """The ids of all companies; ids only, so it needs no company."""
        async with self.across([]) as connection:
            return [CompanyId(row[0]) for row in await connection.fetch("SELECT all_companies()")]

    async def answers(self) -> None:
        """Return when the database answers; raises `Temporary` when it does not."""
        async with self.across([]) as connection:
            await connection.fetchval("SELECT 1")

    @asynccontextmanager
    async def _transaction(self, companies: Iterable[CompanyId], *, snapshot: bool) -> AsyncIterator[Connection]:
        async with self._acquire() as connection:
            isolation: Literal["repeatable_read", "read_committed"] = (
                "repeatable_read" if snapshot else "read_committed"
            )
            async with connection.transaction(isolation=isolation, readonly=snapshot):
                await connection.execute(SET_COMPANIES, setting_of(companies))
                yield connection

    @asynccontextmanager
    async def _acquire(self) -> AsyncIterator[Connection]:
        pool = self._pool  # kept: it may be closed while this connection is in use
        if pool is None:
            raise Temporary("the database is not open")
        try:
            connection = await pool.acquire(timeout=_CONNECT_TIMEOUT_S)
        except (OSError, asyncpg.PostgresError, TimeoutError) as failure:
            if self._ensure is None:
                raise Temporary("the database cannot be reached") from failure
            await self._ensure()
            connection = await pool.acquire(timeout=_CONNECT_TIMEOUT_S)
        try:
            yield connection  # type: ignore[misc]  # the pool's proxy stands for its connection
        except _LOST as failure:
            raise Temporary("the connection to the database was lost") from failure
        except asyncpg.PostgresError as failure:
            if failure.sqlstate == _KEY_FORGOTTEN:
                raise Temporary("the keys that secrets are sealed with were replaced meanwhile: try again") from failure
            raise
        finally:
            await pool.release(connection)


async def refuse_unsafe(connection: "Connection | PoolConnectionProxy[asyncpg.Record]") -> None:
    """Raise `Permanent` when this role or server would void isolation or durability."""
    role = await connection.fetchrow(
        "SELECT current_user AS name, rolsuper OR rolbypassrls AS bypasses,"
        " EXISTS (SELECT 1 FROM pg_class WHERE relname = 'company' AND pg_has_role(r.oid, relowner, 'MEMBER')) AS owns"
        " FROM pg_roles r WHERE rolname = current_user"
    )
    assert role is not None, "the current role always exists"  # noqa: S101
    if role["bypasses"] or role["owns"]:
        raise Permanent(
            f"the application would connect as {role['name']!r}, which row-level security does not bind; "
            "set DATABASE_APP_URL to a role that is neither owner, superuser nor BYPASSRLS"
        )
    for name in ("fsync", "full_page_writes", "synchronous_commit"):
        if await connection.fetchval("SELECT current_setting($1)", name) == "off":
            raise Permanent(f"the server has {name} off: an acknowledged alert could be lost; turn it on")


async def _speak_json(connection: Connection) -> None:
    await connection.set_type_codec(
        "jsonb",
        encoder=lambda value: b"\x01" + msgspec.json.encode(value),
        decoder=lambda data: msgspec.json.decode(data[1:]),
        schema="pg_catalog",
        format="binary",
    )
