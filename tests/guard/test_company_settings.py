"""What the MSP sets reaches every company that has no exception, in one transaction; and nobody else's row."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from alertwhisperer.domain.company import INSTALLATION, Company, CompanyId, Scope
from alertwhisperer.domain.company_setting import SETTINGS, Effective
from alertwhisperer.domain.errors import Conflicting, Invalid, NotFound
from alertwhisperer.guard.companies import add_company, get_company, set_company
from alertwhisperer.guard.company_settings import (
    inherited_of,
    set_exceptions,
    set_inherited,
    settings_of,
    unset_exception,
    unset_inherited,
)
from alertwhisperer.guard.groups import add_group, list_groups, remove_group, rename_group
from alertwhisperer.kit.clock import ManualClock
from alertwhisperer.store import audit
from alertwhisperer.store.database import Database

DEFAULT = SETTINGS["requests_per_minute"].default


@dataclass(frozen=True, slots=True)
class World:
    """A group of two companies, one of which has an exception, and a company without a group."""

    database: Database
    clock: ManualClock
    group: UUID
    plain: CompanyId
    special: CompanyId
    alone: CompanyId

    async def all_limits(self) -> tuple[int, int, int]:
        """Of the three, from the rows that the gateway reads."""
        found = [await self.company(one) for one in (self.plain, self.special, self.alone)]
        return (found[0].requests_per_minute, found[1].requests_per_minute, found[2].requests_per_minute)

    async def company(self, company_id: CompanyId) -> Company:
        """As it is now."""
        return await get_company(self.database, Scope(company_id, "test"))

    async def held(self, company_id: CompanyId, name: str = "requests_per_minute") -> Effective:
        """One of its settings."""
        found = await settings_of(self.database, Scope(company_id, "test"))
        return next(one for one in found if one.name == name)

    async def set_all(self, group: UUID | None = None, **given: object) -> None:
        """Set values for all, or for a group."""
        await set_inherited(self.database, Scope(INSTALLATION, "kim"), group, given, now=self.clock.now())


@pytest.fixture
async def world(database: Database, clock: ManualClock) -> AsyncIterator[World]:
    """Three companies; what is set for all is taken back, since other tests have companies here too."""
    now = clock.now()
    group = (await add_group(database, Scope(INSTALLATION, "test"), f"Retail {uuid4().hex}", now=now)).id
    plain = await add_company(database, Scope(INSTALLATION, "test"), "Plain", group_id=group, now=now)
    special = await add_company(database, Scope(INSTALLATION, "test"), "Special", group_id=group, now=now)
    alone = await add_company(database, Scope(INSTALLATION, "test"), "Alone", now=now)
    await set_company(database, Scope(special.id, "test"), requests_per_minute=7, now=now)
    yield World(database, clock, group, plain.id, special.id, alone.id)
    for name in SETTINGS:
        await unset_inherited(database, Scope(INSTALLATION, "test"), None, name, now=now)


async def test_a_change_at_the_top_reaches_all_but_exceptions(world: World) -> None:
    assert await world.all_limits() == (DEFAULT, 7, DEFAULT)
    await world.set_all(requests_per_minute=600)
    assert await world.all_limits() == (600, 7, 600)
    await world.set_all(world.group, requests_per_minute=700)
    assert await world.all_limits() == (700, 7, 600)
    await unset_exception(world.database, Scope(world.special, "kim"), "requests_per_minute", now=world.clock.now())
    assert await world.all_limits() == (700, 700, 600)
    await unset_inherited(
        world.database, Scope(INSTALLATION, "kim"), world.group, "requests_per_minute", now=world.clock.now()
    )
    assert await world.all_limits() == (600, 600, 600)
    await unset_inherited(
        world.database, Scope(INSTALLATION, "kim"), None, "requests_per_minute", now=world.clock.now()
    )
    assert await world.all_limits() == (DEFAULT, DEFAULT, DEFAULT)


async def test_a_company_reads_where_each_value_comes_from(world: World) -> None:
    await world.set_all(time_zone="Europe/Berlin", silence_severity="critical")
    await world.set_all(world.group, silence_severity="low")
    name = next(one.name for one in await list_groups(world.database) if one.id == world.group)
    assert (await world.held(world.plain, "time_zone")).shown_origin == "msp"
    assert (await world.company(world.plain)).time_zone == "Europe/Berlin"
    low = await world.held(world.plain, "silence_severity")
    assert (low.value, low.shown_origin, low.set_by) == ("low", f"group {name}", "kim")
    assert (await world.held(world.special)).shown_origin == "company"
    assert (await world.held(world.alone)).shown_origin == "default"
    assert (await world.held(world.alone, "silence_severity")).value == "critical"
    renamed = await rename_group(
        world.database, Scope(INSTALLATION, "kim"), world.group, f"{name} 2", now=world.clock.now()
    )
    assert (await world.held(world.plain, "silence_severity")).shown_origin == f"group {renamed.name}"


async def test_a_company_that_changes_its_group_follows_the_new_one(world: World) -> None:
    await world.set_all(world.group, requests_per_minute=700)
    scope = Scope(world.alone, "kim")
    moved = await set_company(world.database, scope, group_id=world.group, now=world.clock.now())
    assert (moved.requests_per_minute, moved.group_id) == (700, world.group)
    left = await set_company(world.database, scope, no_group=True, now=world.clock.now())
    assert (left.requests_per_minute, left.group_id) == (DEFAULT, None)


async def test_a_company_added_later_inherits_at_once(world: World) -> None:
    await world.set_all(requests_per_minute=600, time_zone="Europe/Paris")
    added = await add_company(world.database, Scope(INSTALLATION, "test"), "Later", now=world.clock.now())
    assert (added.requests_per_minute, added.time_zone) == (600, "Europe/Paris")
    other = await add_company(
        world.database, Scope(INSTALLATION, "test"), "Own zone", time_zone="UTC", now=world.clock.now()
    )
    assert (other.time_zone, (await world.held(other.id, "time_zone")).shown_origin) == ("UTC", "company")


async def test_companies_added_while_a_level_changes_have_the_new_value(world: World) -> None:
    """Whichever comes first, none is left with the value from before."""

    async def add(number: int) -> Company:
        return await add_company(world.database, Scope(INSTALLATION, "test"), f"Racer {number}", now=world.clock.now())

    first, _, *rest = await asyncio.gather(
        add(0), world.set_all(requests_per_minute=601), *(add(number) for number in range(1, 6))
    )
    for company in (first, *rest):
        assert isinstance(company, Company)
        assert (await world.company(company.id)).requests_per_minute == 601


async def test_the_msps_own_row_is_never_touched(world: World) -> None:
    before = await world.company(INSTALLATION)
    await world.set_all(requests_per_minute=3, time_zone="Asia/Tokyo", bytes_per_minute=9)
    assert await world.company(INSTALLATION) == before
    with pytest.raises(NotFound):
        await set_exceptions(world.database, Scope(INSTALLATION, "kim"), {"silence_mode": "off"}, now=world.clock.now())
    with pytest.raises(NotFound):
        await settings_of(world.database, Scope(INSTALLATION, "kim"))
    for given in ({"ref": "x"}, {"group_id": world.group}):
        with pytest.raises(Invalid):
            await set_company(world.database, Scope(INSTALLATION, "kim"), now=world.clock.now(), **given)
    own = await set_company(world.database, Scope(INSTALLATION, "kim"), requests_per_minute=6001, now=world.clock.now())
    assert own.requests_per_minute == 6001
    assert await world.all_limits() == (3, 7, 3)
    await set_company(
        world.database,
        Scope(INSTALLATION, "kim"),
        requests_per_minute=before.requests_per_minute,
        now=world.clock.now(),
    )


async def test_a_change_is_audited_where_it_was_made_and_one_of_nothing_is_not(world: World) -> None:
    world.clock.advance(timedelta(seconds=5))
    await world.set_all(world.group, requests_per_minute=700)
    await world.set_all(world.group, requests_per_minute=700)
    async with world.database.unit_of_work(Scope(INSTALLATION, "test")) as unit:
        entries = [one for one in await audit.page(unit, limit=1000) if one.resource.id == str(world.group)]
    assert [one.action for one in entries] == ["settings_changed", "group_added"]
    assert entries[0].detail == {"requests_per_minute": [None, 700], "companies": 1}
    scope = Scope(world.alone, "kim")
    await set_exceptions(world.database, scope, {"silence_mode": "off"}, now=world.clock.now())
    async with world.database.unit_of_work(scope) as unit:
        [entry] = await audit.page(unit, limit=1)
    assert (entry.action, entry.detail) == ("settings_changed", {"silence_mode": [None, "off"]})


async def test_nonsense_changes_nothing(world: World) -> None:
    for given in ({"requests_per_minute": 0}, {"no_such": 1}, {"silence_mode": "off", "time_zone": "Mars"}):
        with pytest.raises(Invalid):
            await world.set_all(**given)
        with pytest.raises(Invalid):
            await set_exceptions(world.database, Scope(world.plain, "kim"), given, now=world.clock.now())
    assert {one.shown_origin for one in await inherited_of(world.database, None)} == {"default"}
    for absent in (uuid4(), INSTALLATION):
        with pytest.raises(NotFound):
            await world.set_all(absent, requests_per_minute=5)
    with pytest.raises(NotFound):
        await set_exceptions(world.database, Scope(CompanyId(uuid4()), "kim"), {}, now=world.clock.now())
    assert await world.all_limits() == (DEFAULT, 7, DEFAULT)


async def test_only_an_empty_group_is_removed_and_names_are_taken_once(world: World) -> None:
    database, now = world.database, world.clock.now()
    name = next(one.name for one in await list_groups(database) if one.id == world.group)
    with pytest.raises(Conflicting, match="already"):
        await add_group(database, Scope(INSTALLATION, "kim"), name.upper(), now=now)
    with pytest.raises(Conflicting, match="2 companies"):
        await remove_group(database, Scope(INSTALLATION, "kim"), world.group, now=now)
    await world.set_all(world.group, requests_per_minute=700)
    for company_id in (world.plain, world.special):
        await set_company(database, Scope(company_id, "kim"), no_group=True, now=now)
    await remove_group(database, Scope(INSTALLATION, "kim"), world.group, now=now)
    assert world.group not in {one.id for one in await list_groups(database)}
    with pytest.raises(NotFound):
        await remove_group(database, Scope(INSTALLATION, "kim"), world.group, now=now)
    with pytest.raises(NotFound):
        await inherited_of(database, world.group)
    with pytest.raises(NotFound):
        await set_company(database, Scope(world.plain, "kim"), group_id=world.group, now=now)


async def test_a_ref_is_one_company_s(world: World) -> None:
    database, now, ref = world.database, world.clock.now(), uuid4().hex
    await set_company(database, Scope(world.plain, "kim"), ref=f" {ref} ", now=now)
    assert (await world.company(world.plain)).ref == ref
    with pytest.raises(Conflicting):
        await set_company(database, Scope(world.alone, "kim"), ref=ref, now=now)
    with pytest.raises(Conflicting):
        await add_company(database, Scope(INSTALLATION, "kim"), "Other", ref=ref, now=now)
    await set_company(database, Scope(world.plain, "kim"), ref="", now=now)
    assert (await set_company(database, Scope(world.alone, "kim"), ref=ref, now=now)).ref == ref
