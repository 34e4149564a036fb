"""Companies: added, set and listed, each change audited and announced."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from uuid import uuid4

import pytest

from alertwhisperer.domain.company import INSTALLATION, CompanyId, Scope
from alertwhisperer.domain.errors import Invalid, NotFound
from alertwhisperer.domain.user import AT_THE_MACHINE, Person, User
from alertwhisperer.guard.companies import add_company, get_company, list_companies, set_company
from alertwhisperer.guard.crossing import served_by
from alertwhisperer.kit.clock import ManualClock
from alertwhisperer.store import audit
from alertwhisperer.store.changes import CHANNEL
from alertwhisperer.store.database import Database
from tests.conftest import MakeCompany, People, Tenant


def comes(user: User) -> Person:
    """The person, by a means that narrows nothing."""
    return Person(user, AT_THE_MACHINE)


@pytest.fixture
async def heard(database: Database) -> AsyncIterator[asyncio.Queue[str]]:
    """Notices that another process would hear."""
    notices: asyncio.Queue[str] = asyncio.Queue()
    connection = await database.connect_listening()
    await connection.add_listener(CHANNEL, lambda *notice: notices.put_nowait(notice[-1]))
    yield notices
    await connection.close()


async def test_a_company_is_added_with_limits_and_an_entry(database: Database, clock: ManualClock) -> None:
    company = await add_company(
        database, Scope(INSTALLATION, "cli:ann"), " Acme ", time_zone="Europe/Berlin", now=clock.now()
    )
    assert (company.name, company.time_zone, company.requests_per_minute) == ("Acme", "Europe/Berlin", 60)
    assert await get_company(database, Scope(company.id, "cli:ann")) == company
    async with database.unit_of_work(Scope(company.id, "cli:ann")) as unit:
        [entry] = await audit.page(unit, limit=10)
    assert (entry.action, entry.actor, entry.at) == ("company_added", "cli:ann", clock.now())


async def test_a_change_of_limits_is_kept_audited_and_announced(
    database: Database, clock: ManualClock, tenant: Tenant, heard: asyncio.Queue[str]
) -> None:
    clock.advance(timedelta(seconds=1))
    changed = await set_company(database, tenant.scope, requests_per_minute=7, now=clock.now())
    assert (changed.requests_per_minute, changed.name) == (7, tenant.company.name)
    assert await get_company(database, tenant.scope) == changed
    assert await asyncio.wait_for(heard.get(), 10) == ""
    async with database.unit_of_work(tenant.scope) as unit:
        [entry] = await audit.page(unit, limit=1)
    assert (entry.action, entry.detail) == ("company_changed", {"requests_per_minute": [60, 7]})


async def test_a_change_of_nothing_leaves_no_entry(database: Database, clock: ManualClock, tenant: Tenant) -> None:
    async with database.unit_of_work(tenant.scope) as unit:
        before = await audit.page(unit, limit=100)
    await set_company(database, tenant.scope, name=tenant.company.name, now=clock.now())
    async with database.unit_of_work(tenant.scope) as unit:
        assert await audit.page(unit, limit=100) == before


async def test_nonsense_is_refused(database: Database, clock: ManualClock, tenant: Tenant) -> None:
    for name in ("", "  ", "a" * 201, "a\x00b", "a\nb", "\ud800"):
        with pytest.raises(Invalid):
            await add_company(database, Scope(INSTALLATION, "test"), name, now=clock.now())
        with pytest.raises(Invalid):
            await set_company(database, tenant.scope, name=name, now=clock.now())
    with pytest.raises(Invalid, match="time zone"):
        await set_company(database, tenant.scope, time_zone="Mars/Olympus", now=clock.now())
    for limit in (0, -1, 10**18):
        with pytest.raises(Invalid):
            await set_company(database, tenant.scope, requests_per_minute=limit, now=clock.now())
        with pytest.raises(Invalid):
            await set_company(database, tenant.scope, bytes_per_minute=limit * 10, now=clock.now())


async def test_an_absent_company_is_not_found(database: Database, clock: ManualClock) -> None:
    scope = Scope(CompanyId(uuid4()), "test")
    with pytest.raises(NotFound):
        await get_company(database, scope)
    with pytest.raises(NotFound):
        await set_company(database, scope, name="x", now=clock.now())


async def test_each_person_lists_the_companies_served(database: Database, people: People, tenant: Tenant) -> None:
    # Every company of the suite is of the same standing instant, so which of them fill the first page is chance.
    whole = 100_000
    technicians = await served_by(database, comes(people.technician))
    assert await list_companies(database, technicians, limit=whole) == (tenant.company,)
    strangers = await served_by(database, comes(people.stranger))
    assert tenant.company not in await list_companies(database, strangers, limit=whole)
    for everyones in (await served_by(database, comes(people.admin)), await served_by(database, None)):
        assert tenant.company in await list_companies(database, everyones, limit=whole)


async def test_companies_are_listed_in_pages_newest_first(database: Database, make_company: MakeCompany) -> None:
    made = {(await make_company(f"Page {number}")).id for number in range(3)}
    listed: list[CompanyId] = []
    while page := await list_companies(
        database, await served_by(database, None), limit=2, before=listed[-1] if listed else None
    ):
        listed += [company.id for company in page]
    assert listed == sorted(set(listed), reverse=True)
    assert made <= set(listed)
