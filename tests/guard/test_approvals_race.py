"""Whoever presses at once, on connections of their own: one decision, each agreement once, one start."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from functools import partial

import asyncpg
import pytest

from alertwhisperer.domain.approval import Approval, StartReason, State
from alertwhisperer.domain.audit import AuditAction
from alertwhisperer.domain.brake import Reach
from alertwhisperer.domain.company import Scope
from alertwhisperer.domain.errors import Conflicting
from alertwhisperer.domain.user import Role
from alertwhisperer.guard import brakes
from alertwhisperer.guard.approvals import expiry
from alertwhisperer.guard.approvals.start import NotStarted, Ticket, start
from alertwhisperer.guard.audit.sealing import AuditSealer
from alertwhisperer.guard.vault import Vault
from alertwhisperer.kit.clock import ManualClock
from alertwhisperer.store import brakes as brake_rows
from alertwhisperer.store import due
from alertwhisperer.store.database import Connection, Database
from tests.conftest import Tenant
from tests.database import Migrated
from tests.guard.asking import Desk, make_desk

PEOPLE = 50


@asynccontextmanager
async def wide(migrated: Migrated, vault: Vault) -> AsyncIterator[Database]:
    """The database with a connection for everybody."""
    database = Database(migrated.app_dsn, AuditSealer(vault), most=PEOPLE + 2)
    await database.open()
    try:
        yield database
    finally:
        await database.close()


async def at_once(acts: Sequence[Callable[[], Awaitable[object]]]) -> list[object]:
    """What each came to, an exception too."""
    gate = asyncio.Event()

    async def one(act: Callable[[], Awaitable[object]]) -> object:
        await gate.wait()
        return await act()

    tasks = [asyncio.create_task(one(act)) for act in acts]
    gate.set()
    return await asyncio.gather(*tasks, return_exceptions=True)


async def warm(database: Database) -> None:
    """Open every connection first, so that all press at the same moment."""

    async def hold(together: asyncio.Barrier) -> None:
        async with database.across([]) as connection:
            await connection.fetchval("SELECT 1")
            await together.wait()

    together = asyncio.Barrier(PEOPLE)
    await asyncio.gather(*(hold(together) for _ in range(PEOPLE)))


async def test_fifty_people_who_decide_at_once_give_one_decision(
    migrated: Migrated, vault: Vault, clock: ManualClock, tenant: Tenant
) -> None:
    async with wide(migrated, vault) as database:
        desk = await make_desk(database, vault, clock, tenant.id)
        approval = await desk.ask(desk.machine)
        crowd = [await desk.person(Role.COMPANY_ADMIN) for _ in range(PEOPLE)]
        await warm(database)
        presses = [
            partial(desk.approve if place % 2 else desk.refuse, one, approval) for place, one in enumerate(crowd)
        ]
        came = await at_once(presses)
        assert Counter(type(one).__name__ for one in came) == {"Approval": 1, "Conflicting": PEOPLE - 1}
        found = await desk.read(approval)
        assert len(found.decisions) == 1
        assert found.state in (State.APPROVED, State.REFUSED)
        told = await desk.logged(approval)
        assert len(told) == 2
        assert (AuditAction.APPROVAL_GRANTED in told) is (found.state is State.APPROVED)


async def test_of_fifty_who_agree_at_once_two_count_where_two_are_needed(
    migrated: Migrated, vault: Vault, clock: ManualClock, tenant: Tenant
) -> None:
    async with wide(migrated, vault) as database:
        desk = await make_desk(database, vault, clock, tenant.id)
        await desk.set(two_approvals="medium")
        approval = await desk.ask(desk.machine)
        crowd = [await desk.person(Role.COMPANY_ADMIN) for _ in range(PEOPLE // 2)]
        await warm(database)
        came = await at_once([partial(desk.approve, one, approval) for one in crowd for _ in range(2)])
        assert sum(isinstance(one, Approval) for one in came) == 2
        assert sum(isinstance(one, Conflicting) for one in came) == PEOPLE - 2
        found = await desk.read(approval)
        assert found.state is State.APPROVED
        assert len({one.user_id for one in found.decisions}) == len(found.decisions) == 2


async def test_fifty_starters_start_once(migrated: Migrated, vault: Vault, clock: ManualClock, tenant: Tenant) -> None:
    async with wide(migrated, vault) as database:
        desk = await make_desk(database, vault, clock, tenant.id)
        approval = await desk.ask(desk.machine)
        await desk.approve(await desk.person(Role.COMPANY_ADMIN), approval)
        await warm(database)
        came = await at_once([lambda: desk.start(approval) for _ in range(PEOPLE)])
        assert sum(isinstance(one, Ticket) for one in came) == 1
        assert Counter(one.reason for one in came if isinstance(one, NotStarted)) == {StartReason.SETTLED: PEOPLE - 1}
        assert (await desk.logged(approval)).count(AuditAction.APPROVAL_CONSUMED) == 1


@pytest.mark.parametrize("turn", range(4))
async def test_at_the_very_moment_it_lapses_it_is_started_or_lapsed(
    migrated: Migrated, vault: Vault, clock: ManualClock, tenant: Tenant, turn: int
) -> None:
    async with wide(migrated, vault) as database:
        desk = await make_desk(database, vault, clock, tenant.id)
        approval = await desk.ask(desk.machine)
        await desk.approve(await desk.person(Role.COMPANY_ADMIN), approval)
        before, after = approval.expires_at - timedelta(seconds=1), approval.expires_at

        async def lapse() -> bool:
            async with due.take(database, due.APPROVAL_EXPIRY, now=after) as work:
                if work is not None:
                    await expiry.look(work, now=after)
                return work is not None

        async def lapse_all() -> None:
            while await lapse():
                pass

        clock.advance(before - desk.now)
        acts: list[Callable[[], Awaitable[object]]] = [lapse_all, lambda: desk.start(approval)]
        came = await at_once(acts[:: -1 if turn % 2 else 1])
        started = any(isinstance(one, Ticket) for one in came)
        assert (await desk.read(approval)).state is (State.STARTED if started else State.LAPSED)
        assert desk.part.done == ([approval.id] if started else [])


async def test_an_expiry_waits_for_a_start_that_is_under_way(desk: Desk) -> None:
    approval = await approved(desk)
    before, after = approval.expires_at - timedelta(seconds=1), approval.expires_at

    async def lapse() -> None:
        async with desk.database.unit_of_work(Scope(desk.company_id, "timer")) as unit:
            await expiry.look(due.Due(unit, due.APPROVAL_EXPIRY, approval.id, 0), now=after)

    async with desk.database.unit_of_work(Scope(desk.company_id, "timer")) as unit:
        assert isinstance(await start(unit, approval.id, desk.part.again, now=before), Ticket)
        lapsing = asyncio.create_task(lapse(), name="lapse")
        await somebody_waits(desk, lapsing)
    await lapsing
    assert (await desk.read(approval)).state is State.STARTED


@pytest.mark.parametrize("reach", list(Reach))
async def test_a_kill_switch_waits_for_a_start_that_is_under_way(desk: Desk, reach: Reach) -> None:
    """When the switch is answered, what was starting has started, and whatever comes later has seen it."""
    first, later = await approved(desk), await approved(desk)
    work = Scope(desk.company_id, "timer")
    async with desk.database.unit_of_work(work) as unit:
        assert isinstance(await start(unit, first.id, desk.part.again, now=desk.now), Ticket)
        stopping = asyncio.create_task(
            brakes.stop(desk.database, desk.machine, reach, reason="stop", now=desk.now), name="stop"
        )
        await somebody_waits(desk, stopping)
    await stopping
    came = await desk.start(later)
    await brakes.release(desk.database, desk.machine, reach, now=desk.now)
    assert isinstance(came, NotStarted)
    assert came.reason is StartReason.STOPPED


async def test_a_start_waits_for_a_brake_that_is_being_set(desk: Desk) -> None:
    approval = await approved(desk)
    async with desk.database.unit_of_work(desk.machine) as unit:
        await brake_rows.hold_off(unit)
        await brake_rows.stop(unit, Reach.COMPANY, "stop", now=desk.now)
        starting = asyncio.create_task(desk.start(approval), name="start")
        await somebody_waits(desk, starting)
    came = await starting
    assert isinstance(came, NotStarted)
    assert came.reason is StartReason.STOPPED


async def approved(desk: Desk) -> Approval:
    """An act that may start."""
    asked = await desk.ask(desk.machine)
    return await desk.approve(await desk.person(Role.COMPANY_ADMIN), asked)


async def somebody_waits(desk: Desk, task: asyncio.Task[object]) -> None:
    """Return when a transaction of this database waits for another; fails when the task ends before."""
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    async with asyncio.timeout(10):
        while True:
            async with desk.database.across([]) as connection:
                if await connection.fetchval(waiting):
                    assert not task.done()
                    return
            assert not task.done(), "it did not wait"
            await asyncio.sleep(0)


@pytest.fixture
async def desk(database: Database, vault: Vault, clock: ManualClock, tenant: Tenant) -> Desk:
    """A company with an asset, and a part that acts on it."""
    return await make_desk(database, vault, clock, tenant.id)


async def test_the_database_itself_refuses_what_the_code_never_does(
    migrated: Migrated, database: Database, vault: Vault, clock: ManualClock, tenant: Tenant
) -> None:
    """As the application's role: what is asked cannot be changed, nor what was said, and nothing ended begins again."""
    desk = await make_desk(database, vault, clock, tenant.id)
    approval = await desk.ask(desk.machine)
    await desk.approve(await desk.person(Role.COMPANY_ADMIN), approval)
    denied: list[str] = [
        "UPDATE approval SET plan = 'x'",
        "UPDATE approval SET hash = sha256('x')",
        "UPDATE approval SET risk = 'low', needed = 0",
        "UPDATE approval SET expires_at = now() + interval '1 year'",
        "UPDATE approval SET requester_id = NULL",
        "DELETE FROM approval",
        "TRUNCATE approval",
        "UPDATE approval_decision SET answer = 'approve'",
        "DELETE FROM approval_decision",
        "DELETE FROM approval_touch",
        "UPDATE approval_edit SET user_id = NULL",
        "DELETE FROM approval_edit",
    ]
    for statement in denied:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await _do(desk, statement)
    with pytest.raises(asyncpg.CheckViolationError):
        await _do(desk, "UPDATE approval SET state = 'asked'")
    assert isinstance(await desk.start(approval), Ticket)
    for state in State:
        with pytest.raises(asyncpg.CheckViolationError):
            await _do(desk, "UPDATE approval SET state = $1", state.value)
    fresh = await desk.ask(desk.machine)
    with pytest.raises(asyncpg.CheckViolationError):
        await _do(desk, "UPDATE approval SET state = 'started' WHERE approval_id = $1", fresh.id)


async def _do(desk: Desk, statement: str, *values: object) -> None:
    async with desk.database.unit_of_work(desk.machine) as unit:
        connection: Connection = unit.connection
        await connection.execute(statement, *values)
