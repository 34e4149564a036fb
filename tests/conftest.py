"""What nearly every test needs: a migrated database, a vault, a clock that stands still, a company, three people."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

import pytest
from hypothesis import settings

import alertwhisperer.sources
from alertwhisperer.domain.company import INSTALLATION, Company, CompanyId, Scope
from alertwhisperer.domain.integration import Integration
from alertwhisperer.domain.user import Role, User
from alertwhisperer.guard.audit.sealing import AuditSealer
from alertwhisperer.guard.companies import add_company
from alertwhisperer.guard.people import add_user
from alertwhisperer.guard.vault import Vault
from alertwhisperer.ingest.integrations import add_integration
from alertwhisperer.kit import registry
from alertwhisperer.kit.clock import ManualClock
from alertwhisperer.sources.contract import Source
from alertwhisperer.store.database import Database
from tests.database import Migrated, migrated_database, one_server
from tests.recording import keep_output
from tests.server import Place, Server, on_database, serving


@dataclass(frozen=True, slots=True)
class Tenant:
    """A company with one integration, fresh for one test."""

    company: Company
    integration: Integration
    api_key: str = field(repr=False)
    hmac_secret: str = field(repr=False)
    scope: Scope

    @property
    def id(self) -> CompanyId:
        """The company's."""
        return self.company.id


@dataclass(frozen=True, slots=True)
class People:
    """One who may, one with less, and one of another company who must see nothing."""

    admin: User
    technician: User
    stranger: User


MASTER = b"a master secret of 32 bytes only"

# No test measures: an example that waits for a busy machine is none that fails.
settings.register_profile("patient", deadline=None)
settings.load_profile("patient")

MakeCompany = Callable[..., Awaitable[Tenant]]


@pytest.fixture(scope="session", autouse=True)
def _servers() -> Iterator[None]:
    """All databases of this process are on one server."""
    with one_server():
        yield


@pytest.fixture(scope="session")
def migrated() -> Iterator[Migrated]:
    """This process's database: its owner's DSN and the application's."""
    with migrated_database() as made:
        yield made


@pytest.fixture(scope="session")
def place(migrated: Migrated) -> Place:
    """Where servers on this process's database keep their things."""
    return on_database(migrated)


@pytest.fixture(scope="module")
def server(place: Place) -> Iterator[Server]:
    """A real server, one for all stories of a module: each story has companies of its own."""
    with serving(place) as running:
        yield running


@pytest.fixture
async def database(migrated: Migrated) -> AsyncIterator[Database]:
    """The database as the application sees it; opened anew for each test, since a pool belongs to one event loop."""
    opened = Database(migrated.app_dsn, AuditSealer(Vault(MASTER)))
    await opened.open()
    try:
        yield opened
    finally:
        await opened.close()


@pytest.fixture
def vault() -> Vault:
    """A vault with a known master secret."""
    return Vault(MASTER)


@pytest.fixture
def clock() -> ManualClock:
    """A clock that stands at the present day, which the migrations made partitions for, until told to move."""
    return ManualClock(datetime.now(UTC).replace(hour=12, minute=0, second=0, microsecond=0))


@pytest.fixture(scope="session")
def sources() -> Mapping[str, Source]:
    """The sources of the product, by slug."""
    return registry.load(alertwhisperer.sources, "SOURCE", Source)


@pytest.fixture
def make_company(database: Database, vault: Vault, clock: ManualClock, sources: Mapping[str, Source]) -> MakeCompany:
    """A factory: `await make_company(name="…", source="prometheus", require_signature=…, settings=…)`."""

    async def make(
        name: str = "Acme",
        *,
        source: str = "prometheus",
        require_signature: bool = False,
        settings: Mapping[str, object] | None = None,
    ) -> Tenant:
        company = await add_company(database, Scope(INSTALLATION, "test"), name, now=clock.now())
        scope = Scope(company.id, "test")
        made = await add_integration(
            database,
            vault,
            sources,
            scope,
            source=source,
            name=f"{source} of {name}",
            require_signature=require_signature,
            settings=settings or {},
            now=clock.now(),
        )
        return Tenant(company, made.integration, made.api_key, made.hmac_secret, scope)

    return make


@pytest.fixture
async def tenant(make_company: MakeCompany) -> Tenant:
    """A company of this test alone."""
    return await make_company()


@pytest.fixture
async def people(
    database: Database, vault: Vault, clock: ManualClock, make_company: MakeCompany, tenant: Tenant
) -> People:
    """An MSP admin, a technician of `tenant`, a technician of another company."""
    other = await make_company("Other")

    async def add(name: str, role: Role, *served: CompanyId) -> User:
        email = f"{name}.{tenant.id.hex}@example.org"
        return await add_user(database, Scope(INSTALLATION, "test"), email, role, served, now=clock.now())

    return People(
        admin=await add("admin", Role.MSP_ADMIN),
        technician=await add("technician", Role.TECHNICIAN, tenant.id),
        stranger=await add("stranger", Role.TECHNICIAN, other.id),
    )


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """What a test printed and logged is looked through by the last suite of a run."""
    keep_output(report.nodeid, report.sections)
