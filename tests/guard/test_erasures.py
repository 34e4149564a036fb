"""Nothing is erased from the audit log by one person alone: one MSP admin asks, another agrees, it is done once."""

import asyncio
from uuid import UUID

import pytest

from alertwhisperer.domain.approval import Approval, Risk, State
from alertwhisperer.domain.audit import AuditAction, AuditEntry
from alertwhisperer.domain.brake import Reach
from alertwhisperer.domain.company import INSTALLATION, Scope
from alertwhisperer.domain.errors import Conflicting, Forbidden, Invalid, NotFound
from alertwhisperer.domain.user import Role, User
from alertwhisperer.guard import brakes
from alertwhisperer.guard.approvals.answer import approve
from alertwhisperer.guard.audit.erase import Erasure
from alertwhisperer.guard.erasures import Subject, ask_erasure, carry_out
from alertwhisperer.guard.vault import Vault
from alertwhisperer.kit.clock import ManualClock
from alertwhisperer.store import approvals, audit
from alertwhisperer.store.database import Database
from tests.conftest import Tenant
from tests.guard.asking import Desk, make_desk


@pytest.fixture
async def desk(database: Database, vault: Vault, clock: ManualClock, tenant: Tenant) -> Desk:
    """A company in which people have done something."""
    return await make_desk(database, vault, clock, tenant.id)


def by(person: User) -> Scope:
    """In the name of somebody of the MSP."""
    return Scope(INSTALLATION, person.email, user_id=person.id)


async def agreed(desk: Desk, subject: Subject, subject_id: UUID, asker: User, other: User) -> Approval:
    """Asked by one, agreed to by the other."""
    asked = await ask_erasure(
        desk.database,
        by(asker),
        subject,
        subject_id,
        reason="art. 17",
        now=desk.tick(),
    )
    return await approve(desk.database, by(other), asked.id, asked.hash, now=desk.tick())


async def logs(desk: Desk) -> list[AuditEntry]:
    """The company's log and the installation's."""
    found = await desk.log()
    async with desk.database.unit_of_work(Scope(INSTALLATION, "test")) as unit:
        return [*found, *await audit.page(unit, limit=200)]


async def test_a_person_is_erased_when_two_admins_want_it(desk: Desk) -> None:
    asker, other = await desk.person(Role.MSP_ADMIN), await desk.person(Role.MSP_ADMIN)
    leaver = await desk.person(Role.COMPANY_ADMIN)
    await desk.touch(desk.by(leaver))
    asked = await ask_erasure(
        desk.database, by(asker), Subject.PERSON, leaver.id, reason="request of 1 March", now=desk.tick()
    )
    assert (asked.risk, asked.state, asked.company_id) == (Risk.HIGH, State.ASKED, INSTALLATION)
    with pytest.raises(Conflicting, match="not_approved"):
        await carry_out(desk.database, by(asker), asked.id, now=desk.tick())
    with pytest.raises(Forbidden, match="nobody decides"):
        await approve(desk.database, by(asker), asked.id, asked.hash, now=desk.tick())
    boss = await desk.person(Role.COMPANY_ADMIN)
    with pytest.raises(Forbidden):
        await approve(desk.database, by(boss), asked.id, asked.hash, now=desk.tick())
    assert any(one.actor == leaver.email for one in await desk.log())

    await approve(desk.database, by(other), asked.id, asked.hash, now=desk.tick())
    taken = await carry_out(desk.database, by(asker), asked.id, now=desk.tick())
    assert taken.entries > 0
    after = await logs(desk)
    assert not any(leaver.email in (one.actor, str(one.detail)) for one in after)
    [erased] = [one for one in after if one.action is AuditAction.PERSON_ERASED and one.resource.id == str(leaver.id)]
    assert erased.reason == "request of 1 March"
    with pytest.raises(Conflicting, match="settled"):
        await carry_out(desk.database, by(asker), asked.id, now=desk.tick())


async def test_a_company_is_erased_when_two_admins_want_it(desk: Desk) -> None:
    asker, other = await desk.person(Role.MSP_ADMIN), await desk.person(Role.MSP_ADMIN)
    approval = await agreed(desk, Subject.COMPANY, desk.company_id, asker, other)
    assert all(one.detail for one in await desk.log())
    await carry_out(desk.database, by(asker), approval.id, now=desk.tick())
    assert all(one.erased for one in await desk.log())


async def test_of_many_who_start_it_at_once_one_does(desk: Desk) -> None:
    asker, other = await desk.person(Role.MSP_ADMIN), await desk.person(Role.MSP_ADMIN)
    leaver = await desk.person(Role.COMPANY_ADMIN)
    await desk.touch(desk.by(leaver))
    approval = await agreed(desk, Subject.PERSON, leaver.id, asker, other)
    came = await asyncio.gather(
        *(carry_out(desk.database, by(asker), approval.id, now=desk.now) for _ in range(5)), return_exceptions=True
    )
    assert sum(isinstance(one, Erasure) for one in came) == 1
    erased = [one for one in await logs(desk) if one.action is AuditAction.PERSON_ERASED]
    assert [one.resource.id for one in erased].count(str(leaver.id)) == 1


async def test_a_brake_holds_it_and_its_approval_stays(desk: Desk) -> None:
    asker, other = await desk.person(Role.MSP_ADMIN), await desk.person(Role.MSP_ADMIN)
    approval = await agreed(desk, Subject.COMPANY, desk.company_id, asker, other)
    await brakes.stop(desk.database, by(other), Reach.ALL, reason="wait", now=desk.now)
    try:
        with pytest.raises(Conflicting, match="stopped"):
            await carry_out(desk.database, by(asker), approval.id, now=desk.tick())
    finally:
        await brakes.release(desk.database, by(other), Reach.ALL, now=desk.now)
    async with desk.database.unit_of_work(Scope(INSTALLATION, "test")) as unit:
        found = await approvals.read(unit, approval.id)
    assert found is not None
    assert found.state is State.APPROVED
    await carry_out(desk.database, by(asker), approval.id, now=desk.tick())


async def test_what_is_not_there_or_no_erasure_is_refused(desk: Desk) -> None:
    asker = await desk.person(Role.MSP_ADMIN)
    with pytest.raises(NotFound):
        await ask_erasure(desk.database, by(asker), Subject.PERSON, desk.asset_id, reason="x", now=desk.now)
    with pytest.raises(Invalid):
        await ask_erasure(desk.database, by(asker), Subject.COMPANY, INSTALLATION, reason="x", now=desk.now)
    with pytest.raises(NotFound):
        await carry_out(desk.database, by(asker), desk.asset_id, now=desk.now)
    other = await desk.ask(desk.machine)
    with pytest.raises(NotFound):
        await carry_out(desk.database, by(asker), other.id, now=desk.now)
