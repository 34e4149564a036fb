"""
Tells devices of incidents by web push: looks for what nobody took, and sends what is due, beside all else.

What is to be sent is a row with a due time: it outlives a restart, is tried again while it is news, and then ends. A
process that dies between sending and writing so sends twice; the push service and the device show the second in the
place of the first.
"""

import asyncio
import base64
from datetime import timedelta

import structlog

from alertwhisperer.domain.company import Scope
from alertwhisperer.kit.clock import Clock
from alertwhisperer.kit.metrics import Metrics
from alertwhisperer.notify import telling
from alertwhisperer.notify.carrying import NEWS, Carrier, Delivered
from alertwhisperer.store import due, push, users
from alertwhisperer.store.database import Database
from alertwhisperer.store.due import Due
from alertwhisperer.store.push import Notice, State

PLAN_S = 5.0
"""How often to look for incidents that nobody took."""
SEND_S = 0.5
"""How often to look at what is due."""
FORGET_S = 3600.0

_AT_ONCE = 8  # calls under way
_LEASE = timedelta(seconds=60)  # longer than a call may take
_FIRST_WAIT, _LONGEST_WAIT = timedelta(seconds=15), timedelta(minutes=5)

_log = structlog.get_logger("push")


class Push:
    """One process's share of telling devices."""

    def __init__(self, database: Database, clock: Clock, carrier: Carrier, metrics: Metrics) -> None:
        self._database = database
        self._clock = clock
        self._carrier = carrier
        self._metrics = metrics
        self._sending: set[asyncio.Task[None]] = set()

    async def plan(self) -> None:
        """Look for what nobody took."""
        await telling.plan_notices(self._database, now=self._clock.now())

    async def send_due(self) -> None:
        """Begin what is due, a few at once: a push service that does not answer must not hold up the others."""
        while len(self._sending) < _AT_ONCE:
            now = self._clock.now()
            async with due.take(self._database, due.PUSH, now=now) as work:
                if work is None:
                    return
                await work.postpone(now + _LEASE)
            sending = asyncio.create_task(self._send(work), name="push")
            self._sending.add(sending)
            sending.add_done_callback(self._sent)

    async def settled(self) -> None:
        """Return when the calls that are under way have ended."""
        if self._sending:
            await asyncio.wait(self._sending)

    async def stop(self) -> None:
        """Leave what is under way to the next lease."""
        for sending in self._sending:
            sending.cancel()
        await self.settled()

    async def forget(self) -> None:
        """Drop what is too old to be told again."""
        before = self._clock.now() - telling.KEPT
        for company_id in await self._database.company_ids():
            async with self._database.unit_of_work(Scope(company_id, "timer")) as unit:
                await push.forget(unit, before=before)

    def _sent(self, sending: asyncio.Task[None]) -> None:
        self._sending.discard(sending)
        if not sending.cancelled() and (failure := sending.exception()) is not None:
            # It stays due: its lease ends, and the next worker tries again.
            _log.error("push.broken", exc_info=failure)

    async def _send(self, work: Due) -> None:
        """Say it, unless there is nothing to say any more: somebody took the incident, or the person is gone."""
        scope = work.unit.scope
        async with self._database.unit_of_work(scope) as unit:
            notice = await push.notice(unit, work.subject)
            device = None if notice is None else await push.by_id(unit, notice.subscription_id)
            user = None if device is None else await users.by_id(unit, device.user_id)
        delivered = Delivered("moot")
        if notice is not None and device is not None and notice.waits and telling.is_told(user, scope.company_id):
            topic = base64.urlsafe_b64encode(notice.incident_id.bytes).rstrip(b"=").decode()
            delivered = await self._carrier.deliver(device, telling.words_of(notice, device), topic=topic)
        await self._settle(work, notice, delivered)

    async def _settle(self, work: Due, notice: Notice | None, delivered: Delivered) -> None:
        now = self._clock.now()
        async with self._database.unit_of_work(work.unit.scope) as unit:
            piece = Due(unit, work.kind, work.subject, work.attempts)
            if delivered.state == "due" and notice is not None and now - notice.created_at < NEWS:
                # A try has two attempts: its lease, and this wait.
                wait = max(_FIRST_WAIT * 2 ** min(work.attempts // 2, 8), delivered.wait)
                await piece.postpone(now + min(wait, _LONGEST_WAIT))
                _log.warning("push.later", why=delivered.problem)
                return
            state: State = "failed" if delivered.state == "due" else delivered.state
            await push.settle(unit, work.subject, state, now=now, problem=delivered.problem)
            if state == "sent" and notice is not None:
                await push.touch(unit, notice.subscription_id, now=now)
            await piece.done()
        self._metrics.timers.labels(kind=due.PUSH, result="failed" if state == "failed" else "done").inc()
