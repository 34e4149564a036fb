"""A person leaves: in one step every way in ends, what they held goes on, and the log keeps who they were."""

import asyncio
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from alertwhisperer.correlate import acts
from alertwhisperer.domain.audit import AuditAction, AuditEntry
from alertwhisperer.domain.company import INSTALLATION, CompanyId, Scope
from alertwhisperer.domain.errors import Conflicting, Invalid, NotFound
from alertwhisperer.domain.session import SessionLimits
from alertwhisperer.domain.user import Role, User
from alertwhisperer.guard.company_settings import set_exceptions, set_inherited, settings_of, unset_inherited
from alertwhisperer.guard.holdings import HOLDINGS
from alertwhisperer.guard.offboard import Offboarded, offboard, preview
from alertwhisperer.guard.people import add_user, get_user
from alertwhisperer.guard.sign_in import sessions
from alertwhisperer.guard.tokens import add_token, person_of_token
from alertwhisperer.guard.vault import Vault
from alertwhisperer.ingest.integrations import add_key, revoke_key
from alertwhisperer.inventory.assets import add_asset, get_asset
from alertwhisperer.kit.clock import ManualClock
from alertwhisperer.store import audit, incidents
from alertwhisperer.store.audit import EntryFilter
from alertwhisperer.store.database import Database
from tests.api.rows import tell_firing
from tests.conftest import MakeCompany, Tenant
from tests.guard.asking import make_desk

BY = Scope(INSTALLATION, "cli:root")


@dataclass
class World:
    """Kim, who works for two companies, and Lee, who works for the first of them."""

    database: Database
    vault: Vault
    clock: ManualClock
    first: Tenant
    second: Tenant
    kim: User
    lee: User

    def by(self, user: User, company_id: CompanyId = INSTALLATION) -> Scope:
        return Scope(company_id, user.email, user_id=user.id, ip="192.0.2.7")

    def tick(self) -> None:
        """What is done one after another has an order in the log."""
        self.clock.advance(timedelta(milliseconds=1))

    async def leave(self, *, hand_to: UUID | None = None) -> Offboarded:
        self.tick()
        return await offboard(
            self.database, BY, self.kim.id, hand_to=hand_to, now=self.clock.now(), why="left on the first"
        )

    async def look(self, *, hand_to: UUID | None = None) -> Offboarded:
        return await preview(self.database, BY, self.kim.id, hand_to=hand_to, now=self.clock.now())

    async def open_session(self) -> str:
        async with self.database.unit_of_work(sessions.signing_in(self.kim, ip="192.0.2.7")) as unit:
            opened = await sessions.open_session(
                unit, self.vault, self.kim.id, how="password", device="x", limits=SessionLimits(), now=self.clock.now()
            )
        return opened.cookie

    async def comes_in(self, cookie: str) -> bool:
        return await sessions.user_of_session(self.database, self.vault, cookie, now=self.clock.now()) is not None

    async def incident_of_kim(self, tenant: Tenant) -> UUID:
        told = await tell_firing(self.database, tenant.scope, at=self.clock.now(), asset=uuid4().hex)
        async with self.database.unit_of_work(tenant.scope) as unit:
            await acts.assign(unit, told.incident_id, self.kim.email, now=self.clock.now())
        self.tick()
        return told.incident_id

    async def assignee(self, tenant: Tenant, incident_id: UUID) -> str | None:
        async with self.database.unit_of_work(tenant.scope) as unit:
            row = await incidents.read(unit, incident_id)
        assert row is not None
        return row.assignee

    async def log(self, company_id: CompanyId, **wanted: object) -> tuple[AuditEntry, ...]:
        async with self.database.unit_of_work(Scope(company_id, "test")) as unit:
            return await audit.page(unit, limit=100, wanted=EntryFilter(**wanted))  # type: ignore[arg-type]


@pytest.fixture
async def world(database: Database, vault: Vault, clock: ManualClock, make_company: MakeCompany) -> World:
    """Two companies and two people."""
    first, second = await make_company("First"), await make_company("Second")

    async def person(*companies: CompanyId) -> User:
        email = f"{uuid4().hex}@example.org"
        return await add_user(database, BY, email, Role.TECHNICIAN, companies, now=clock.now())

    return World(database, vault, clock, first, second, await person(first.id, second.id), await person(first.id))


def held(found: Offboarded) -> dict[str, int]:
    return {one.kind: one.count for one in found.held if one.count}


async def test_every_way_in_ends_at_once(world: World) -> None:
    token = (await add_token(world.database, world.vault, BY, world.kim.email, now=world.clock.now())).token
    cookie = await world.open_session()
    assert await world.comes_in(cookie)
    left = await world.leave()
    assert held(left) == {"sessions": 1, "tokens": 1}
    assert not await world.comes_in(cookie)
    assert await person_of_token(world.database, world.vault, token, now=world.clock.now()) is None
    with pytest.raises(NotFound):
        await get_user(world.database, world.kim.email)
    with pytest.raises(NotFound):
        await world.leave()


async def test_requests_at_the_same_instant_are_answered_before_or_refused(world: World) -> None:
    cookie = await world.open_session()
    done = asyncio.Event()

    async def ask() -> list[bool]:
        seen: list[bool] = []
        while not done.is_set():
            seen.append(await world.comes_in(cookie))
        return seen

    async def leave() -> None:
        await world.leave()
        done.set()

    asked, _ = await asyncio.gather(ask(), leave())
    assert asked == sorted(asked, reverse=True), "once refused, never let in again"
    assert not await world.comes_in(cookie)


async def test_a_session_that_opens_while_they_leave_is_good_for_nothing(world: World) -> None:
    async def sign_in() -> str:
        return await world.open_session()

    cookie, _ = await asyncio.gather(sign_in(), world.leave())
    assert not await world.comes_in(cookie)


async def test_what_can_be_handed_on_goes_to_the_heir_where_they_serve(world: World) -> None:
    database, now = world.database, world.clock.now()
    at_first, at_second = await world.incident_of_kim(world.first), await world.incident_of_kim(world.second)
    asset = await add_asset(
        database, world.first.scope, {"name": uuid4().hex, "owner": world.kim.email}, now=world.clock.now()
    )
    senior = {"senior_technician": world.kim.email.upper()}
    await set_exceptions(database, world.second.scope, senior, now=now)
    await set_exceptions(database, world.first.scope, senior, now=now)

    looked = await world.look(hand_to=world.lee.id)
    assert held(looked) == {"open incidents": 2, "assets": 1, "posts of senior technician": 2}
    assert (looked.done, await world.assignee(world.first, at_first)) == (False, world.kim.email)

    left = await world.leave(hand_to=world.lee.id)
    assert (left.done, left.held) == (True, looked.held)
    assert await world.assignee(world.first, at_first) == world.lee.email
    assert await world.assignee(world.second, at_second) is None, "Lee does not work there"
    assert (await get_asset(database, world.first.scope, asset.id)).asset.owner == world.lee.email

    async def post(tenant: Tenant) -> object:
        values = {one.name: one.value for one in await settings_of(database, tenant.scope)}
        return values["senior_technician"]

    assert (await post(world.first), await post(world.second)) == (world.lee.email, "")
    [told] = await world.log(
        world.first.id, resource_id=str(at_first), action=AuditAction.INCIDENT_ASSIGNED, actor_kind="cli"
    )
    assert (told.detail, told.reason) == ({"assignee": world.lee.email}, "offboarded")


async def test_the_post_for_all_is_handed_on_as_well(world: World) -> None:
    database = world.database
    await set_inherited(database, BY, None, {"senior_technician": world.kim.email}, now=world.clock.now())
    try:
        await world.leave(hand_to=world.lee.id)
        values = {one.name: one.value for one in await settings_of(database, world.first.scope)}
        assert values["senior_technician"] == world.lee.email
    finally:
        await unset_inherited(database, BY, None, "senior_technician", now=world.clock.now())


async def test_what_they_asked_for_does_not_start_any_more(world: World) -> None:
    desk = await make_desk(world.database, world.vault, world.clock, world.first.id)
    approval = await desk.ask(world.by(world.kim, world.first.id))
    left = await world.leave()
    assert held(left) == {"open approvals asked for": 1}
    assert (await desk.read(approval)).state == "voided"


async def test_secrets_that_they_saw_and_that_are_good_still_are_listed(world: World) -> None:
    database, vault, scope = world.database, world.vault, world.by(world.kim, world.first.id)
    integration = world.first.integration.id
    kept = await add_key(database, vault, scope, integration, now=world.clock.now())
    world.tick()
    await revoke_key(database, world.first.scope, world.first.integration.keys[0].id, now=world.clock.now())
    ended = await add_key(database, vault, scope, integration, now=world.clock.now())
    world.tick()
    await revoke_key(database, world.first.scope, ended.key.id, now=world.clock.now())

    [seen] = (await world.look()).secrets
    assert (seen.company_id, seen.resource.kind, seen.resource.id) == (world.first.id, "key", str(kept.key.id))
    assert (await world.leave()).secrets == (seen,)


async def test_the_log_keeps_the_name_and_every_company_reads_that_they_are_gone(world: World) -> None:
    await world.leave(hand_to=world.lee.id)
    [whole] = await world.log(INSTALLATION, resource_id=str(world.kim.id), action=AuditAction.USER_OFFBOARDED)
    assert (whole.detail["email"], whole.detail["handed_to"]) == (world.kim.email, str(world.lee.id))
    assert (whole.actor, whole.reason) == ("cli:root", "left on the first")
    assert set(whole.detail["held"]) == {one.kind for one in HOLDINGS}  # type: ignore[call-overload]  # an object
    for tenant in (world.first, world.second):
        [there] = await world.log(tenant.id, resource_id=str(world.kim.id), action=AuditAction.USER_OFFBOARDED)
        assert there.detail == {"role": "technician"}


async def test_the_email_is_free_for_another_person(world: World) -> None:
    await world.leave()
    again = await add_user(world.database, BY, world.kim.email, Role.READER, [world.first.id], now=world.clock.now())
    assert again.id != world.kim.id
    assert (await get_user(world.database, world.kim.email)).id == again.id


async def test_who_cannot_be_removed_so(world: World) -> None:
    now = world.clock.now()
    with pytest.raises(Conflicting):
        await offboard(world.database, world.by(world.kim), world.kim.id, now=now, why="enough")
    with pytest.raises(Invalid):
        await world.leave(hand_to=world.kim.id)
    for stranger in (uuid4(), INSTALLATION):
        with pytest.raises(NotFound):
            await world.leave(hand_to=stranger)
        with pytest.raises(NotFound):
            await preview(world.database, BY, stranger, now=now)


async def test_a_preview_changes_nothing(world: World) -> None:
    token = (await add_token(world.database, world.vault, BY, world.kim.email, now=world.clock.now())).token
    cookie = await world.open_session()
    assert held(await world.look()) == {"sessions": 1, "tokens": 1}
    assert await world.comes_in(cookie)
    assert await person_of_token(world.database, world.vault, token, now=world.clock.now()) is not None


async def test_two_who_remove_the_same_person_at_once_do_it_once(world: World) -> None:
    done = await asyncio.gather(*(world.leave() for _ in range(5)), return_exceptions=True)
    assert sum(isinstance(one, Offboarded) for one in done) == 1
    assert sum(isinstance(one, NotFound) for one in done) == 4
    assert len(await world.log(INSTALLATION, resource_id=str(world.kim.id), action=AuditAction.USER_OFFBOARDED)) == 1
