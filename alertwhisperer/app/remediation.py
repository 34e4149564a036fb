"""
One process's share of remediation: chooses for incidents that opened, carries out runs, confirms healings, forgets.

A run is taken by moving its due time beyond a lease and by raising its fence number, in one transaction. Whoever has it
in hand renews the lease every few seconds; whoever dies leaves it to the next one, which finds out what became of the
script that was under way. A worker that was only slow finds its number outdated, and writes nothing.
"""

import asyncio
from contextlib import suppress
from datetime import timedelta
from functools import partial
from typing import NamedTuple
from uuid import UUID

import structlog

from alertwhisperer.app.build import House
from alertwhisperer.domain.company import Scope
from alertwhisperer.domain.errors import Temporary
from alertwhisperer.domain.run import RunState
from alertwhisperer.kit.metrics import Metrics
from alertwhisperer.remediate import healing
from alertwhisperer.remediate.begin import begin
from alertwhisperer.remediate.carry_out import Hand, carry_out
from alertwhisperer.remediate.choose import choose
from alertwhisperer.remediate.means import Means
from alertwhisperer.remediate.outputs import forget_outputs
from alertwhisperer.store import due, runs

LOOK_S = 0.25
"""How often to look at what is due."""
FORGET_S = 3600.0
"""How often to look for outputs that are too old."""
LEASE = timedelta(seconds=30)
"""For how long a run stays with a worker that says nothing."""

_MOST_KEEP_S = 1.0  # between two renewals, which also see whether somebody wants the run to end
_AT_ONCE = 200  # of one kind before others get their turn
_MOST_IN_HAND = 16  # runs of one process; each has some targets at a time

_log = structlog.get_logger("remediation")


class Taken(NamedTuple):
    """A run in this worker's hand."""

    scope: Scope
    run_id: UUID
    fence: int


class Remediation:
    """
    One process's share.

    Args:
        lease: for how long a run stays with a worker that says nothing.
    """

    def __init__(self, house: House, means: Means, metrics: Metrics, *, lease: timedelta = LEASE) -> None:
        self._house = house
        self._means = means
        self._metrics = metrics
        self._lease = lease
        self._working: dict[UUID, asyncio.Task[None]] = {}

    async def run_due(self) -> None:
        """Look at what is due now; runs are carried out beside it."""
        await self._choose_due()
        await self._heal_due()
        while len(self._working) < _MOST_IN_HAND:
            taken = await self._take()
            if taken is None:
                return
            working = asyncio.create_task(self._work(taken), name=f"run {taken.run_id}")
            self._working[taken.run_id] = working
            working.add_done_callback(partial(self._worked, taken.run_id))

    async def forget(self) -> None:
        """Remove what scripts printed of runs that are as old as their companies keep it."""
        for company_id in await self._house.database.company_ids():
            scope = Scope(company_id, "timer")
            await forget_outputs(self._house.database, scope, now=self._house.clock.now())

    async def settled(self) -> None:
        """Return when no run is in hand any more; those that wait for a person are not."""
        while self._working:
            await asyncio.wait(list(self._working.values()))

    async def stop(self) -> None:
        """Let go of everything; what is under way is found again by whoever takes it next."""
        working = list(self._working.values())
        for task in working:
            task.cancel()
        await asyncio.gather(*working, return_exceptions=True)

    # -------------------------------------------------------------------------------------------- runs

    async def _take(self) -> Taken | None:
        now = self._house.clock.now()
        async with due.take(self._house.database, due.RUN, now=now) as work:
            if work is None:
                return None
            if work.subject in self._working:  # this process was slow: it keeps what it has
                await work.postpone(now + self._lease)
                return None
            await work.postpone(now + self._lease)
            fence = await runs.take(work.unit, work.subject)
            return Taken(work.unit.scope, work.subject, fence)

    async def _work(self, taken: Taken) -> None:
        hand = Hand(self._house.database, self._means, self._house.clock, taken.scope, taken.run_id, taken.fence)
        if not await self._begun(hand):
            return
        carrying = asyncio.create_task(carry_out(hand), name=f"run {taken.run_id} carried out")
        keeping = asyncio.create_task(self._keep(hand), name=f"run {taken.run_id} kept")
        try:
            await asyncio.wait((carrying, keeping), return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (carrying, keeping):
                task.cancel()
            await asyncio.gather(carrying, keeping, return_exceptions=True)
        (keeping if carrying.cancelled() else carrying).result()  # raises what ended it
        async with self._house.database.unit_of_work(hand.scope) as unit:
            await runs.let_go(unit, hand.run_id, hand.fence)
        self._metrics.timers.labels(kind=due.RUN, result="done").inc()

    async def _begun(self, hand: Hand) -> bool:
        """Start a run that waits; False when it waits on."""
        now = self._house.clock.now()
        async with self._house.database.unit_of_work(hand.scope) as unit:
            run = await runs.read(unit, hand.run_id)
        if run is None or run.state is not RunState.WAITING:
            return True
        async with self._house.database.unit_of_work(hand.scope) as unit:
            again = await begin(unit, self._means, run, hand.fence, now=now)
        if again is None:
            return True
        async with self._house.database.unit_of_work(hand.scope) as unit:
            await runs.put_off(unit, hand.run_id, hand.fence, until=again, now=now)
        return False

    async def _keep(self, hand: Hand) -> None:
        """Renew the lease until another has the run; also sees whether somebody wants it to end."""
        while True:
            await self._house.clock.sleep(min(_MOST_KEEP_S, self._lease.total_seconds() / 4))
            until = self._house.clock.now() + self._lease
            with suppress(Temporary):  # the next one may do; if none does, the lease ends
                async with self._house.database.unit_of_work(hand.scope) as unit:
                    if await runs.keep(unit, hand.run_id, hand.fence, until=until):
                        hand.cancelled.set()

    def _worked(self, run_id: UUID, task: asyncio.Task[None]) -> None:
        self._working.pop(run_id, None)
        if task.cancelled():
            return
        failure = task.exception()
        if isinstance(failure, Temporary | runs.Lost):
            _log.warning("run.let_go", run=str(run_id), why=str(failure) or type(failure).__name__)
        elif failure is not None:
            # It stays due: its lease ends, and whoever takes it next finds out where it stands.
            _log.error("run.broken", run=str(run_id), exc_info=failure)

    # -------------------------------------------------------------------------------------------- incidents

    async def _choose_due(self) -> None:
        for _ in range(_AT_ONCE):
            now = self._house.clock.now()
            async with due.take(self._house.database, due.CHOOSE_RUN, now=now) as work:
                if work is None:
                    return
                await choose(work.unit, self._means, work.subject, now=now)
                await work.done()
            self._metrics.timers.labels(kind=due.CHOOSE_RUN, result="done").inc()

    async def _heal_due(self) -> None:
        for _ in range(_AT_ONCE):
            now = self._house.clock.now()
            async with due.take(self._house.database, due.HEALING, now=now) as work:
                if work is None:
                    return
                await healing.look(work, now=now)
            self._metrics.timers.labels(kind=due.HEALING, result="done").inc()
