"""No risky act without what its risk demands: who may say yes, to what exactly, for how long, and once."""

import asyncio
from datetime import timedelta

import pytest

from alertwhisperer.domain.approval import Answer, Approval, Risk, Ruling, StartReason, State
from alertwhisperer.domain.audit import AuditAction
from alertwhisperer.domain.brake import Reach, Window
from alertwhisperer.domain.company import INSTALLATION, Scope
from alertwhisperer.domain.errors import Conflicting, Forbidden, Invalid, NotFound
from alertwhisperer.domain.user import Role, User
from alertwhisperer.guard import brakes
from alertwhisperer.guard.approvals import expiry
from alertwhisperer.guard.approvals.answer import approve
from alertwhisperer.guard.approvals.ask import Request, ask, withdraw
from alertwhisperer.guard.approvals.decide import Policy, has_right
from alertwhisperer.guard.approvals.reading import Standing, get_approval, inbox
from alertwhisperer.guard.approvals.start import NotStarted, Ticket, start
from alertwhisperer.guard.approvals.voiding import open_requests_of, void_requests_of
from alertwhisperer.guard.vault import Vault
from alertwhisperer.kit.clock import ManualClock
from alertwhisperer.store import due
from alertwhisperer.store.database import Database
from tests.conftest import MakeCompany, Tenant
from tests.guard.asking import Desk, make_desk


@pytest.fixture
async def desk(database: Database, vault: Vault, clock: ManualClock, tenant: Tenant) -> Desk:
    """A company with an asset, and a part that acts on it."""
    return await make_desk(database, vault, clock, tenant.id)


async def let_lapse(desk: Desk) -> None:
    """What the scheduler does."""
    while True:
        async with due.take(desk.database, due.APPROVAL_EXPIRY, now=desk.now) as work:
            if work is None:
                return
            await expiry.look(work, now=desk.now)


def why(answered: Ticket | NotStarted) -> StartReason:
    assert isinstance(answered, NotStarted)
    return answered.reason


# ------------------------------------------------------------------------------------------------ who


@pytest.mark.parametrize(
    ("risk", "may"),
    [
        (Risk.LOW, {Role.MSP_ADMIN, Role.COMPANY_ADMIN, Role.TECHNICIAN}),
        (Risk.MEDIUM, {Role.MSP_ADMIN, Role.COMPANY_ADMIN}),
        (Risk.HIGH, {Role.MSP_ADMIN}),
    ],
)
async def test_the_risk_says_who_may_decide(desk: Desk, risk: Risk, may: set[Role]) -> None:
    asker = await desk.person(Role.TECHNICIAN)
    desk.part.risk = risk
    for role in Role:
        approval = await desk.ask(desk.by(asker))
        person = await desk.person(role)
        if role in may:
            assert (await desk.approve(person, approval)).state is State.APPROVED
        else:
            with pytest.raises(Forbidden, match="not yours"):
                await desk.approve(person, approval)
            with pytest.raises(Forbidden, match="not yours"):
                await desk.refuse(person, approval)
            assert (await desk.read(approval)).decisions == ()
            assert (await desk.logged(approval))[-1] is AuditAction.DECISION_REJECTED


def test_the_senior_technician_whom_the_company_names_decides_high_risk_there(desk: Desk) -> None:
    person = User(desk.asset_id, "kim@example.org", Role.TECHNICIAN, frozenset({desk.company_id}))
    for named in (str(person.id), person.email):
        assert has_right(person, desk.company_id, Risk.HIGH, Policy(senior=named))
        assert not has_right(person, desk.company_id, Risk.MEDIUM, Policy(senior=named))
    assert not has_right(person, desk.company_id, Risk.HIGH, Policy())
    assert not has_right(person, desk.company_id, Risk.HIGH, Policy(senior="lee@example.org"))
    assert not has_right(person, INSTALLATION, Risk.HIGH, Policy(senior=person.email))
    reader = User(person.id, person.email, Role.READER, person.companies)
    assert not has_right(reader, desk.company_id, Risk.HIGH, Policy(senior=person.email))


async def test_who_is_senior_no_more_by_the_start_agreed_for_nothing(desk: Desk) -> None:
    desk.part.risk = Risk.HIGH
    senior = await desk.person(Role.TECHNICIAN)
    approval = await desk.ask(desk.machine)
    with pytest.raises(Forbidden, match="not yours"):
        await desk.approve(senior, approval)
    await desk.set(senior_technician=senior.email)
    assert (await _standing(desk, senior, approval)).deciders == ("msp_admin", "senior_technician")
    await desk.approve(senior, approval)
    other = await desk.ask(desk.machine)
    await desk.approve(senior, other)
    assert isinstance(await desk.start(approval), Ticket)
    await desk.set(senior_technician="")
    assert why(await desk.start(other)) is StartReason.APPROVER_LOST_RIGHT


@pytest.mark.parametrize("risk", list(Risk))
async def test_nobody_decides_what_they_asked_for(desk: Desk, risk: Risk) -> None:
    asker = await desk.person(Role.MSP_ADMIN)
    desk.part.risk = risk
    approval = await desk.ask(desk.by(asker))
    with pytest.raises(Forbidden, match="nobody decides what they asked for"):
        await desk.approve(asker, approval)
    with pytest.raises(Forbidden):
        await desk.refuse(asker, approval)
    assert (await desk.read(approval)).state is State.ASKED
    assert why(await desk.start(approval)) is StartReason.NOT_APPROVED


async def test_a_machine_may_ask_and_never_decides(desk: Desk) -> None:
    approval = await desk.ask(Scope(desk.company_id, "pipeline"))
    for actor in ("cli:root", "pipeline", "timer"):
        scope = Scope(desk.company_id, actor)
        with pytest.raises(Forbidden, match="a person's"):
            await approve(desk.database, scope, approval.id, approval.hash, now=desk.now)
    await desk.approve(await desk.person(Role.COMPANY_ADMIN), approval)
    assert isinstance(await desk.start(approval), Ticket)


async def test_another_companys_people_find_nothing(desk: Desk, make_company: MakeCompany) -> None:
    other = await make_company("Other")
    stranger = await desk.person(Role.COMPANY_ADMIN, other.id)
    approval = await desk.ask(desk.machine)
    scope = Scope(other.id, stranger.email, user_id=stranger.id)
    with pytest.raises(NotFound):
        await approve(desk.database, scope, approval.id, approval.hash, now=desk.now)
    with pytest.raises(Forbidden):  # a door that let them into the company would still not make it theirs
        await desk.approve(stranger, approval)


async def test_who_was_removed_decides_nothing(desk: Desk) -> None:
    approval = await desk.ask(desk.machine)
    gone = await desk.person(Role.COMPANY_ADMIN)
    await desk.remove(gone)
    with pytest.raises(Forbidden, match="a person's"):
        await desk.approve(gone, approval)


async def test_low_risk_passes_only_where_the_company_says_so(desk: Desk) -> None:
    desk.part.risk = Risk.LOW
    approval = await desk.ask(desk.machine)
    assert (approval.state, approval.needed) == (State.ASKED, 1)
    await desk.set(auto_approve_low="yes")
    approval = await desk.ask(desk.machine)
    assert (approval.state, approval.needed) == (State.APPROVED, 0)
    assert await desk.logged(approval) == [AuditAction.APPROVAL_GRANTED, AuditAction.APPROVAL_REQUESTED]
    later = await desk.ask(desk.machine)
    assert isinstance(await desk.start(approval), Ticket)
    await desk.set(auto_approve_low="no")
    assert why(await desk.start(later)) is StartReason.POLICY_CHANGED
    desk.part.risk = Risk.MEDIUM
    await desk.set(auto_approve_low="yes")
    assert (await desk.ask(desk.machine)).needed == 1, "for low risk alone"


# ------------------------------------------------------------------------------------------------ what


async def test_a_yes_is_to_what_was_read(desk: Desk) -> None:
    approval = await desk.ask(desk.machine)
    boss = await desk.person(Role.COMPANY_ADMIN)
    with pytest.raises(Conflicting, match="read it again"):
        await desk.approve(boss, approval, hash_read=bytes(32))
    assert (await desk.read(approval)).decisions == ()
    assert (await desk.approve(boss, approval)).agreed == 1


@pytest.mark.parametrize("change", ["command", "target", "runbook", "risk", "gone"])
async def test_a_start_finds_what_changed_since(desk: Desk, change: str) -> None:
    approval = await desk.ask(desk.machine)
    await desk.approve(await desk.person(Role.COMPANY_ADMIN), approval)
    other = await desk.person(Role.COMPANY_ADMIN)
    match change:
        case "command":
            desk.part.command += b"reboot\n"
        case "target":
            await desk.touch(desk.by(other), "SHA256:another key")
        case "runbook":
            desk.part.version = "4"
        case "risk":
            desk.part.risk = Risk.LOW

    async def vanished(*_: object) -> None:
        raise NotFound("the asset is gone")

    if change == "gone":
        desk.part.again = vanished  # type: ignore[method-assign, assignment]  # as a part whose target is gone answers
    assert why(await desk.start(approval)) is StartReason.PLAN_CHANGED
    assert (await desk.read(approval)).state is State.VOIDED
    assert (await desk.logged(approval))[-2:] == [AuditAction.APPROVAL_VOIDED, AuditAction.START_REFUSED]
    assert why(await desk.start(approval)) is StartReason.SETTLED, "and it stays so"


async def test_a_change_by_the_requester_ends_it_whatever_was_changed(desk: Desk) -> None:
    asker, boss = await desk.person(Role.COMPANY_ADMIN), await desk.person(Role.COMPANY_ADMIN)
    asked, approved = await desk.ask(desk.by(asker)), await desk.ask(desk.by(asker))
    await desk.approve(boss, approved)
    await desk.touch(desk.by(asker))
    for approval in (asked, approved):
        found = await desk.read(approval)
        assert (found.state, found.state_reason) == (State.VOIDED, "changed_by_requester_or_approver")
        assert (await desk.logged(approval))[-1] is AuditAction.APPROVAL_VOIDED
    assert why(await desk.start(approved)) is StartReason.SETTLED


async def test_a_change_by_who_agreed_ends_it(desk: Desk) -> None:
    approval, boss = await desk.ask(desk.machine), await desk.person(Role.COMPANY_ADMIN)
    await desk.approve(boss, approval)
    await desk.touch(desk.by(boss))
    assert (await desk.read(approval)).state is State.VOIDED


async def test_who_changed_what_it_names_may_not_decide_it_and_another_may(desk: Desk) -> None:
    approval, boss = await desk.ask(desk.machine), await desk.person(Role.COMPANY_ADMIN)
    await desk.touch(desk.by(boss))
    await desk.touch(desk.by(boss))
    with pytest.raises(Forbidden, match="you changed something"):
        await desk.approve(boss, approval)
    await desk.approve(await desk.person(Role.COMPANY_ADMIN), approval)
    assert isinstance(await desk.start(approval), Ticket), "what the plan depends on is as it was"


async def test_a_change_of_something_else_concerns_nobody(desk: Desk) -> None:
    asker = await desk.person(Role.COMPANY_ADMIN)
    approval = await desk.ask(desk.by(asker))
    elsewhere = await make_desk(desk.database, desk.vault, desk.clock, desk.company_id)
    await elsewhere.touch(desk.by(asker), "another key")
    found = await desk.read(approval)
    assert (found.state, found.edits) == (State.ASKED, ())


async def test_a_plan_is_the_askers_own_has_targets_and_time(desk: Desk) -> None:
    asker, other = await desk.person(Role.TECHNICIAN), await desk.person(Role.TECHNICIAN)
    async with desk.database.unit_of_work(desk.by(asker)) as unit:
        for requester, start_by, reason in (
            (f"user:{other.id}", desk.now + timedelta(hours=1), "why"),
            (f"user:{asker.id}", desk.now, "why"),
            (f"user:{asker.id}", desk.now + timedelta(hours=1), " "),
        ):
            plan = await desk.part.build(unit, desk.asset_id, requester, start_by)
            with pytest.raises(Invalid):
                await ask(unit, Request(plan, reason, "it may break"), now=desk.now)


# ------------------------------------------------------------------------------------------------ how many


async def test_two_people_agree_where_the_company_wants_two(desk: Desk) -> None:
    await desk.set(two_approvals="medium")
    one, other = await desk.person(Role.COMPANY_ADMIN), await desk.person(Role.MSP_ADMIN)
    approval = await desk.ask(desk.machine)
    assert approval.needed == 2
    assert (await desk.approve(one, approval)).state is State.ASKED
    assert why(await desk.start(approval)) is StartReason.NOT_APPROVED
    with pytest.raises(Conflicting, match="answered already"):
        await desk.approve(one, approval)
    assert (await desk.approve(other, approval)).state is State.APPROVED
    assert isinstance(await desk.start(approval), Ticket)


@pytest.mark.parametrize(
    ("two", "needed"),
    [("never", (1, 1, 1)), ("high", (1, 1, 2)), ("medium", (1, 2, 2))],
    ids=["never", "high", "medium"],
)
async def test_the_company_says_for_which_risk_two_are_needed(
    desk: Desk, two: str, needed: tuple[int, int, int]
) -> None:
    await desk.set(two_approvals=two)
    for risk, count in zip(Risk, needed, strict=True):
        desk.part.risk = risk
        assert (await desk.ask(desk.machine)).needed == count


async def test_one_no_ends_it_whoever_agreed_before(desk: Desk) -> None:
    await desk.set(two_approvals="medium")
    one, other = await desk.person(Role.COMPANY_ADMIN), await desk.person(Role.COMPANY_ADMIN)
    approval = await desk.ask(desk.machine)
    await desk.approve(one, approval)
    with pytest.raises(Invalid, match="a reason"):
        await desk.refuse(other, approval, " ")
    found = await desk.refuse(other, approval, "closing")
    assert (found.state, found.state_reason, found.settled_by) == (State.REFUSED, "closing", other.email)
    assert [said.answer for said in found.decisions] == [Answer.APPROVE, Answer.REFUSE]
    with pytest.raises(Conflicting, match="decided already"):
        await desk.approve(await desk.person(Role.COMPANY_ADMIN), approval)
    assert why(await desk.start(approval)) is StartReason.SETTLED


async def test_who_wants_two_meanwhile_gets_two(desk: Desk) -> None:
    approval = await desk.ask(desk.machine)
    await desk.approve(await desk.person(Role.COMPANY_ADMIN), approval)
    await desk.set(two_approvals="medium")
    assert why(await desk.start(approval)) is StartReason.POLICY_CHANGED
    assert (await desk.read(approval)).state is State.VOIDED


# ------------------------------------------------------------------------------------------------ how long


async def test_it_lapses_after_an_hour_is_refused_and_never_runs(desk: Desk, clock: ManualClock) -> None:
    asked, approved = await desk.ask(desk.machine), await desk.ask(desk.machine)
    boss = await desk.person(Role.COMPANY_ADMIN)
    await desk.approve(boss, approved)
    assert asked.expires_at == asked.asked_at + timedelta(minutes=60)
    clock.advance(asked.expires_at - desk.now - timedelta(microseconds=1))
    await let_lapse(desk)
    assert [(await desk.read(one)).state for one in (asked, approved)] == [State.ASKED, State.APPROVED]
    clock.advance(approved.expires_at - desk.now)
    await let_lapse(desk)
    for one in (asked, approved):
        assert (await desk.read(one)).state is State.LAPSED
        assert (await desk.logged(one))[-1] is AuditAction.APPROVAL_LAPSED
        await let_lapse(desk)
        assert (await desk.logged(one)).count(AuditAction.APPROVAL_LAPSED) == 1
        assert why(await desk.start(one)) is StartReason.LAPSED
        with pytest.raises(Conflicting, match="lapsed"):
            await desk.approve(boss, one)
    assert desk.part.done == []


async def test_the_moment_counts_and_not_when_somebody_looks(desk: Desk) -> None:
    answered, started = await desk.ask(desk.machine), await desk.ask(desk.machine)
    boss = await desk.person(Role.COMPANY_ADMIN)
    await desk.approve(boss, started)
    with pytest.raises(Conflicting, match="lapsed"):
        await approve(desk.database, desk.by(boss), answered.id, answered.hash, now=answered.expires_at)
    async with desk.database.unit_of_work(desk.machine) as unit:
        came = await start(unit, started.id, desk.part.again, now=started.expires_at)
    assert why(came) is StartReason.LAPSED
    for one in (answered, started):
        assert (await desk.read(one)).state is State.LAPSED, "whoever comes too late settles it"


async def test_the_company_says_how_long_and_the_plan_by_when(desk: Desk) -> None:
    await desk.set(approval_minutes=5)
    assert (await desk.ask(desk.machine)).expires_at == desk.now + timedelta(minutes=5)
    assert (await desk.ask(desk.machine, hours=0.05)).expires_at == desk.now + timedelta(minutes=3)
    for minutes in (4, 1_441):
        with pytest.raises(Invalid):
            await desk.set(approval_minutes=minutes)


# ------------------------------------------------------------------------------------------------ once


async def test_one_approval_starts_one_act(desk: Desk) -> None:
    approval = await desk.ask(desk.machine)
    await desk.approve(await desk.person(Role.COMPANY_ADMIN), approval)
    assert isinstance(await desk.start(approval), Ticket)
    assert why(await desk.start(approval)) is StartReason.SETTLED
    assert desk.part.done == [approval.id]
    assert await desk.logged(approval) == [
        AuditAction.APPROVAL_REQUESTED,
        AuditAction.APPROVAL_GRANTED,
        AuditAction.APPROVAL_CONSUMED,
        AuditAction.START_REFUSED,
    ]


async def test_an_act_that_fails_to_begin_leaves_its_approval(desk: Desk) -> None:
    approval = await desk.ask(desk.machine)
    await desk.approve(await desk.person(Role.COMPANY_ADMIN), approval)

    async def fail() -> None:
        async with desk.database.unit_of_work(desk.machine) as unit:
            assert isinstance(await start(unit, approval.id, desk.part.again, now=desk.now), Ticket)
            raise RuntimeError("the act could not be written down")

    with pytest.raises(RuntimeError):
        await fail()
    assert (await desk.read(approval)).state is State.APPROVED
    assert isinstance(await desk.start(approval), Ticket)


async def test_of_ten_starters_one_starts(desk: Desk) -> None:
    approval = await desk.ask(desk.machine)
    await desk.approve(await desk.person(Role.COMPANY_ADMIN), approval)
    answered = await asyncio.gather(*(desk.start(approval) for _ in range(10)))
    assert sum(isinstance(one, Ticket) for one in answered) == 1
    assert desk.part.done == [approval.id]


async def test_who_asked_may_take_it_back_and_nobody_else(desk: Desk) -> None:
    asker, other = await desk.person(Role.TECHNICIAN), await desk.person(Role.MSP_ADMIN)
    approval = await desk.ask(desk.by(asker))
    with pytest.raises(Forbidden):
        await withdraw(desk.database, desk.by(other), approval.id, now=desk.now)
    found = await withdraw(desk.database, desk.by(asker), approval.id, now=desk.now)
    assert (found.state, found.state_reason) == (State.VOIDED, "withdrawn")
    with pytest.raises(Conflicting):
        await withdraw(desk.database, desk.by(asker), approval.id, now=desk.now)


# ------------------------------------------------------------------------------------------------ still


async def test_who_agreed_must_still_have_the_right_at_the_start(desk: Desk, make_company: MakeCompany) -> None:
    boss = await desk.person(Role.COMPANY_ADMIN)
    approval = await desk.ask(desk.machine)
    await desk.approve(boss, approval)
    await desk.remove(boss)
    assert why(await desk.start(approval)) is StartReason.APPROVER_LOST_RIGHT
    assert (await desk.read(approval)).state is State.VOIDED


async def test_who_asked_must_still_be_here(desk: Desk) -> None:
    asker, boss = await desk.person(Role.TECHNICIAN), await desk.person(Role.COMPANY_ADMIN)
    approval = await desk.ask(desk.by(asker))
    await desk.approve(boss, approval)
    await desk.remove(asker)
    assert why(await desk.start(approval)) is StartReason.REQUESTER_GONE


async def test_what_a_leaver_asked_for_is_voided(desk: Desk) -> None:
    asker, other = await desk.person(Role.TECHNICIAN), await desk.person(Role.TECHNICIAN)
    theirs, another = await desk.ask(desk.by(asker)), await desk.ask(desk.by(other))
    async with desk.database.unit_of_work(desk.machine) as unit:
        assert await open_requests_of(unit, {desk.company_id}, asker.id) == 1
        assert await void_requests_of(unit, {desk.company_id}, asker.id, now=desk.now) == 1
        assert await void_requests_of(unit, {desk.company_id}, asker.id, now=desk.now) == 0
    found = await desk.read(theirs)
    assert (found.state, found.state_reason) == (State.VOIDED, "requester_left")
    assert (await desk.read(another)).state is State.ASKED


@pytest.mark.parametrize("reach", list(Reach))
async def test_a_kill_switch_holds_until_it_is_released(desk: Desk, reach: Reach) -> None:
    approval = await desk.ask(desk.machine)
    await desk.approve(await desk.person(Role.COMPANY_ADMIN), approval)
    await brakes.stop(desk.database, desk.machine, reach, reason="it misbehaves", now=desk.now)
    assert why(await desk.start(approval)) is StartReason.STOPPED
    assert (await desk.read(approval)).state is State.APPROVED
    await brakes.release(desk.database, desk.machine, reach, now=desk.now)
    assert isinstance(await desk.start(approval), Ticket)


@pytest.mark.parametrize("reach", list(Reach))
async def test_a_freeze_holds_for_its_time(desk: Desk, clock: ManualClock, reach: Reach) -> None:
    approval = await desk.ask(desk.machine)
    await desk.approve(await desk.person(Role.COMPANY_ADMIN), approval)
    window = Window(desk.now + timedelta(minutes=1), desk.now + timedelta(minutes=2), "closing")
    await brakes.set_freeze(desk.database, desk.machine, reach, [window], now=desk.now)
    clock.advance(timedelta(minutes=1))
    assert why(await desk.start(approval)) is StartReason.FROZEN
    clock.advance(timedelta(minutes=1))
    assert isinstance(await desk.start(approval), Ticket)


# ------------------------------------------------------------------------------------------------ reading


async def test_a_list_across_companies_has_what_one_may_decide(desk: Desk, make_company: MakeCompany) -> None:
    other = await make_desk(desk.database, desk.vault, desk.clock, (await make_company("Other")).id)
    boss = await desk.person(Role.COMPANY_ADMIN, desk.company_id, other.company_id)
    own = await desk.ask(desk.by(boss))
    mine, theirs = await desk.ask(desk.machine), await other.ask(other.machine)
    desk.part.risk = Risk.HIGH
    too_high = await desk.ask(desk.machine)
    served = sorted(boss.companies)
    async with desk.database.across(served) as connection:
        found = await inbox(connection, boss, served, limit=10, now=desk.now)
        [first] = await inbox(connection, boss, served, limit=1, now=desk.now)
        rest = await inbox(connection, boss, served, limit=10, before=first.approval.id, now=desk.now)
    assert {one.approval.id for one in found} == {mine.id, theirs.id}
    assert found == (first, *rest)
    assert await _ruling(desk, boss, own) is Ruling.OWN_REQUEST
    assert await _ruling(desk, boss, too_high) is Ruling.NOT_THEIRS


async def _ruling(desk: Desk, person: User, approval: Approval) -> Ruling:
    return (await _standing(desk, person, approval)).ruling


async def _standing(desk: Desk, person: User, approval: Approval) -> Standing:
    return await get_approval(desk.database, desk.by(person), approval.id, now=desk.now)
