"""
What runs by the clock in every server process: due work, upkeep, counters.

Nothing sleeps in memory: what is due is a row, any process takes it, and a process that dies leaves it due.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from typing import NamedTuple

import msgspec
import structlog

from alertwhisperer.app.build import House
from alertwhisperer.app.refusals import Refusals
from alertwhisperer.correlate import acts, releasing
from alertwhisperer.domain.company import Scope
from alertwhisperer.domain.errors import Invalid, Temporary
from alertwhisperer.guard.vault import integration_context
from alertwhisperer.inventory import discovery
from alertwhisperer.kit.metrics import Metrics
from alertwhisperer.sources.contract import Action, Fetch
from alertwhisperer.store import actions, asset_names, due, ledger, maintenance
from alertwhisperer.store.due import Due

_LOOK_S = 0.25
_AT_ONCE = 200  # pieces of one kind before other duties get their turn
_FLUSH_S = 1.0
_FOLD_S = 30.0
_DISCOVER_S = 5.0
_UPKEEP_S = 3600.0
_FOLD_AFTER = timedelta(minutes=2)  # a window that ends now is still counted to the instant
_KEYS_KEPT = timedelta(hours=72)
_ACTION_LEASE = timedelta(seconds=60)  # longer than a call may take
_ACTION_TRIES = 8
_ACTIONS_AT_ONCE = 8

_log = structlog.get_logger("scheduler")


class Duty(NamedTuple):
    """Work of another room that is to be done every so many seconds."""

    seconds: float
    work: Callable[[], Awaitable[None]]


class Scheduler:
    """
    One process's share of the timed work.

    Args:
        duties: of other rooms, beside its own.
    """

    def __init__(
        self, house: House, refusals: Refusals, fetch: Fetch, metrics: Metrics, duties: Sequence[Duty] = ()
    ) -> None:
        self._duties = duties
        self._house = house
        self._refusals = refusals
        self._fetch = fetch
        self._metrics = metrics
        self._acting: set[asyncio.Task[None]] = set()

    async def work(self) -> None:
        """Work until cancelled; outside calls under way then are left to the next lease."""
        try:
            await asyncio.gather(
                self._every(_LOOK_S, self.run_due),
                self._every(_FLUSH_S, self._refusals.flush),
                self._every(_FOLD_S, self.fold),
                self._every(_DISCOVER_S, self.discover),
                self._every(_UPKEEP_S, self.upkeep),
                *(self._every(duty.seconds, duty.work) for duty in self._duties),
            )
        finally:
            for acting in self._acting:
                acting.cancel()

    async def run_due(self) -> None:
        """Do what is due now."""
        await self._drain(due.RESOLVE_INCIDENT, self._resolve_one)
        await self._drain(due.RELEASE_INCIDENT, self._release_one)
        await self._drain(due.SETTLE_WINDOW, self._settle_one)
        await self._drain(due.END_SNOOZE, self._wake_one)
        await self._drain(due.SOURCE_ACTION, self._act_one)

    async def settled(self) -> None:
        """Return when the outside calls that are under way have ended."""
        if self._acting:
            await asyncio.wait(self._acting)

    async def discover(self) -> None:
        """Make unconfirmed assets of names that alerts came with; many in parts, so that nobody waits long."""
        database = self._house.database
        for company_id in await asset_names.companies_with_unknown(database):
            await discovery.discover(database, Scope(company_id, "timer"), now=self._house.clock.now())

    async def fold(self) -> None:
        """Fold the ledger's older rows."""
        until = self._house.clock.now() - _FOLD_AFTER
        for company_id in await self._house.database.company_ids():
            async with self._house.database.unit_of_work(Scope(company_id, "timer")) as unit:
                await ledger.fold(unit, until=until)

    async def upkeep(self) -> None:
        """Partitions ahead, partitions past, sender's ids past."""
        database, now = self._house.database, self._house.clock.now()
        await maintenance.make_partitions(database, today=now.date())
        keep_from = now.date() - timedelta(days=self._house.settings.retention_days)
        for name in await maintenance.drop_partitions(database, keep_from=keep_from):
            _log.info("retention.dropped", partition=name)
        await maintenance.forget_delivery_keys(database, before=now - _KEYS_KEPT)
        self._metrics.stray_rows.set(sum((await maintenance.stray_rows(database)).values()))

    async def _every(self, seconds: float, duty: Callable[[], Awaitable[None]]) -> None:
        while True:
            try:
                await duty()
            except Temporary as failure:
                _log.warning("scheduler.later", duty=duty.__name__, why=str(failure))
            except Exception as failure:  # noqa: BLE001 - the loop must survive; the work stays due
                _log.error("scheduler.failed", duty=duty.__name__, exc_info=failure)
            await self._house.clock.sleep(seconds)

    async def _drain(self, kind: str, do_one: Callable[[], Awaitable[bool]]) -> None:
        for _ in range(_AT_ONCE):
            if not await do_one():
                return
            self._metrics.timers.labels(kind=kind, result="done").inc()

    async def _resolve_one(self) -> bool:
        now = self._house.clock.now()
        async with due.take(self._house.database, due.RESOLVE_INCIDENT, now=now) as work:
            if work is None:
                return False
            until = await acts.resolve_due(work.unit, work.subject, now=now)
            await (work.done() if until is None else work.postpone(until))
        return True

    async def _wake_one(self) -> bool:
        now = self._house.clock.now()
        async with due.take(self._house.database, due.END_SNOOZE, now=now) as work:
            if work is None:
                return False
            until = await acts.unsnooze_due(work.unit, work.subject, now=now)
            await (work.done() if until is None else work.postpone(until))
        return True

    async def _release_one(self) -> bool:
        now = self._house.clock.now()
        async with due.take(self._house.database, due.RELEASE_INCIDENT, now=now) as work:
            if work is None:
                return False
            until = await releasing.release_due(work.unit, work.subject, now=now)
            await (work.done() if until is None else work.postpone(until))
        return True

    async def _settle_one(self) -> bool:
        now = self._house.clock.now()
        async with due.take(self._house.database, due.SETTLE_WINDOW, now=now) as work:
            if work is None:
                return False
            until = await releasing.settle_due(work.unit, work.subject, now=now)
            await (work.done() if until is None else work.postpone(until))
        return True

    async def _act_one(self) -> bool:
        """
        Begin one outside call, beside the others: a host that does not answer must not hold up the rest.

        It is never made inside a transaction: take a lease, call, write what came of it.
        """
        if len(self._acting) >= _ACTIONS_AT_ONCE:
            return False
        now = self._house.clock.now()
        async with due.take(self._house.database, due.SOURCE_ACTION, now=now) as work:
            if work is None:
                return False
            pending = await actions.read(work.unit, work.subject)
            if pending is None or pending.state != "due":
                await work.done()
                return True
            await work.postpone(now + _ACTION_LEASE)
        acting = asyncio.create_task(self._act(work, pending), name=f"action {pending.kind}")
        self._acting.add(acting)
        acting.add_done_callback(self._acted)
        return True

    def _acted(self, acting: asyncio.Task[None]) -> None:
        self._acting.discard(acting)
        if not acting.cancelled() and (failure := acting.exception()) is not None:
            # It stays due: its lease ends, and the next worker tries again.
            _log.error("action.broken", exc_info=failure)

    async def _act(self, work: Due, pending: actions.PendingAction) -> None:
        scope = work.unit.scope
        source = self._house.sources.get(pending.source)
        try:
            if source is None:
                raise Invalid("this version does not know the source")
            context = integration_context(scope.company_id, pending.integration_id)
            data = msgspec.json.decode(self._house.vault.open(pending.secret, context), type=dict[str, str])
            await source.act(Action(pending.kind, pending.subject, data, True), self._fetch)
            state, answer = "done", ""
        except Temporary as failure:
            if work.attempts + 1 < _ACTION_TRIES:
                _log.warning("action.later", kind=pending.kind, why=str(failure))
                return
            state, answer = "failed", str(failure)
        except Invalid as failure:
            state, answer = "failed", failure.what
        now = self._house.clock.now()
        async with self._house.database.unit_of_work(scope) as unit:
            await actions.settle(unit, pending.id, "done" if state == "done" else "failed", answer, now=now)
            await Due(unit, work.kind, work.subject, 0).done()
