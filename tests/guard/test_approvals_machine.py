"""
Whatever people do in whatever order: no start without what the risk demands, and no approval starts twice.

Hypothesis makes up what happens; the product does it on a real database, and a model of a few lines says what it must
have come to.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import ClassVar, TypeVar
from uuid import UUID

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from alertwhisperer.domain.approval import Approval, Risk, State
from alertwhisperer.domain.brake import Reach, Window
from alertwhisperer.domain.company import INSTALLATION, Scope
from alertwhisperer.domain.errors import Conflicting, Forbidden
from alertwhisperer.domain.user import Role, User
from alertwhisperer.guard import brakes
from alertwhisperer.guard.approvals.start import Ticket
from alertwhisperer.guard.audit.sealing import AuditSealer
from alertwhisperer.guard.companies import add_company
from alertwhisperer.guard.vault import Vault
from alertwhisperer.kit.clock import ManualClock
from alertwhisperer.store.database import Database
from tests.conftest import MASTER
from tests.database import Migrated
from tests.guard.asking import Desk, make_desk

T = TypeVar("T")

_DECIDES = {
    Risk.LOW: {Role.TECHNICIAN, Role.COMPANY_ADMIN, Role.MSP_ADMIN},
    Risk.MEDIUM: {Role.COMPANY_ADMIN, Role.MSP_ADMIN},
    Risk.HIGH: {Role.MSP_ADMIN},
}
_ROLES = (Role.TECHNICIAN, Role.COMPANY_ADMIN, Role.COMPANY_ADMIN, Role.MSP_ADMIN, Role.MSP_ADMIN)
_HOUR = timedelta(hours=1)


@dataclass
class Asked:
    """What the model knows of one approval."""

    approval: Approval
    risk: Risk
    requester: int | None
    depends_on: tuple[bytes, str, Risk]
    needed: int
    agreed: set[int] = field(default_factory=set)
    barred: set[int] = field(default_factory=set)
    over: bool = False
    started: int = 0


class Approvals(RuleBasedStateMachine):
    """The product and the model side by side; people are named by their places in `_ROLES`."""

    migrated: ClassVar[Migrated]

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.asked: list[Asked] = []
        self.gone: set[int] = set()
        self.stopped = False
        self.frozen_until: datetime | None = None
        self.two = "never"
        self.lets_low_pass = False
        self.notes = ""

    def teardown(self) -> None:
        self.do(self.database.close())
        self.loop.close()

    def do(self, work: Awaitable[T]) -> T:
        return self.loop.run_until_complete(work)

    @initialize()
    def begin(self) -> None:
        async def make() -> tuple[Database, Desk, list[User]]:
            vault = Vault(MASTER)
            clock = ManualClock(datetime.now(UTC).replace(hour=12, minute=0, second=0, microsecond=0))
            database = Database(self.migrated.app_dsn, AuditSealer(vault), most=2)
            await database.open()
            company = await add_company(database, Scope(INSTALLATION, "test"), "Acme", now=clock.now())
            desk = await make_desk(database, vault, clock, company.id)
            return database, desk, [await desk.person(role) for role in _ROLES]

        self.database, self.desk, self.people = self.do(make())

    # -------------------------------------------------------------------------------------------- what happens

    @rule(by=st.none() | st.integers(0, 4), risk=st.sampled_from(Risk))
    def ask(self, by: int | None, risk: Risk) -> None:
        if by in self.gone:
            return
        self.desk.part.risk = risk
        scope = self.desk.machine if by is None else self.desk.by(self.people[by])
        approval = self.do(self.desk.ask(scope))
        self.asked.append(Asked(approval, risk, by, self.world(risk), self.needed(risk)))

    @precondition(lambda self: self.asked)
    @rule(by=st.integers(0, 4), data=st.data(), yes=st.booleans())
    def answer(self, by: int, data: st.DataObject, yes: bool) -> None:
        one = data.draw(st.sampled_from(self.asked))
        lapsed = self.desk.now + timedelta(milliseconds=1) >= one.approval.expires_at
        complete = len(one.agreed) >= one.needed
        may = (
            not one.over
            and not lapsed
            and not complete
            and by not in self.gone
            and by != one.requester
            and _ROLES[by] in _DECIDES[one.risk]
            and by not in one.barred | one.agreed
        )
        try:
            self.do((self.desk.approve if yes else self.desk.refuse)(self.people[by], one.approval))
            answered = True
        except (Forbidden, Conflicting):
            answered = False
        assert answered is may
        one.over |= (answered and not yes) or lapsed
        if answered and yes:
            one.agreed.add(by)

    @rule(by=st.integers(0, 4), matters=st.booleans())
    def change_the_asset(self, by: int, matters: bool) -> None:
        if by in self.gone:
            return
        if matters:
            self.notes = f"key {self.desk.now.isoformat()}"
        self.do(self.desk.touch(self.desk.by(self.people[by]), self.notes if matters else None))
        for one in self.asked:
            one.barred.add(by)
            one.over |= by == one.requester or by in one.agreed

    @rule()
    def change_the_command(self) -> None:
        self.desk.part.command += b"#\n"

    @rule(minutes=st.sampled_from([1, 29, 60]))
    def pass_time(self, minutes: int) -> None:
        self.desk.clock.advance(timedelta(minutes=minutes))

    @rule(who=st.integers(0, 4))
    def somebody_leaves(self, who: int) -> None:
        if who not in self.gone and len(self.gone) < 3:
            self.gone.add(who)
            self.do(self.desk.remove(self.people[who]))

    @rule(on=st.booleans(), reach=st.sampled_from(Reach))
    def kill_switch(self, on: bool, reach: Reach) -> None:
        """Both reaches are set and released together here, so that the model needs one flag."""
        for each in Reach if not on else [reach]:
            work = brakes.stop if on else brakes.release
            self.do(work(self.database, self.desk.machine, each, reason="why", now=self.desk.now))
        self.stopped = on

    @rule(minutes=st.sampled_from([0, 30]))
    def freeze(self, minutes: int) -> None:
        until = self.desk.now + timedelta(minutes=minutes)
        windows = [Window(self.desk.now, until, "closing")] if minutes else []
        self.do(brakes.set_freeze(self.database, self.desk.machine, Reach.COMPANY, windows, now=self.desk.now))
        self.frozen_until = until if minutes else None

    @rule(two=st.sampled_from(["never", "high", "medium"]), low=st.booleans())
    def change_the_policy(self, two: str, low: bool) -> None:
        self.two, self.lets_low_pass = two, low
        self.do(self.desk.set(two_approvals=two, auto_approve_low="yes" if low else "no"))

    @precondition(lambda self: self.asked)
    @rule(data=st.data(), risk=st.sampled_from(Risk))
    def start(self, data: st.DataObject, risk: Risk) -> None:
        one = data.draw(st.sampled_from(self.asked))
        self.desk.part.risk = data.draw(st.sampled_from([one.risk, risk]))
        at = self.desk.now + timedelta(milliseconds=1)
        open_still = not one.over and at < one.approval.expires_at
        agreed = open_still and len(one.agreed) >= one.needed
        same = self.world(self.desk.part.risk) == one.depends_on
        present = one.requester not in self.gone and not one.agreed & self.gone
        enough = len(one.agreed) >= self.needed(one.risk)
        braked = self.stopped or (self.frozen_until is not None and at < self.frozen_until)
        came = self.do(self.desk.start(one.approval))
        assert isinstance(came, Ticket) is (agreed and same and present and enough and not braked)
        if isinstance(came, Ticket):
            one.started += 1
            one.over = True
        elif at >= one.approval.expires_at or (agreed and not (same and present and enough)):
            one.over = True

    # -------------------------------------------------------------------------------------------- what must hold

    @invariant()
    def each_started_at_most_once(self) -> None:
        assert all(one.started <= 1 for one in self.asked)
        if hasattr(self, "desk"):
            done: list[UUID] = self.desk.part.done
            assert len(done) == len(set(done)) == sum(one.started for one in self.asked)

    @invariant()
    def what_is_over_stays_over(self) -> None:
        for one in self.asked[-3:]:
            found = self.do(self.desk.read(one.approval))
            if one.over:
                assert not found.state.is_open
            assert (found.state is State.STARTED) is (one.started == 1)
            assert found.hash == one.approval.hash

    def world(self, risk: Risk) -> tuple[bytes, str, Risk]:
        """All that a plan depends on here."""
        return self.desk.part.command, self.notes, risk

    def needed(self, risk: Risk) -> int:
        """How many must agree, as the company has it now."""
        if risk is Risk.LOW:
            return 0 if self.lets_low_pass else 1
        return 2 if self.two == "medium" or (self.two == "high" and risk is Risk.HIGH) else 1


@pytest.mark.slow
def test_never_a_start_without_what_the_risk_demands(migrated: Migrated) -> None:
    machine = type("OnThisDatabase", (Approvals,), {"migrated": migrated})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=40,
            stateful_step_count=30,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
