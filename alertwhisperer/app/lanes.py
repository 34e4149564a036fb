"""
Group commit: requests that arrive while a batch is being written share the next one's transaction.

Work is split into lanes by company, each with a connection of its own: while one lane waits for the database another
parses and decides, and two lanes never meet on one row. A company whose rows the database refuses goes apart for a
while, one delivery a transaction on a connection of its own, so that nobody else waits for what is wrong with it.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import timedelta
from random import random
from typing import NamedTuple

import structlog

from alertwhisperer.app.pipeline import Pipeline, StaleRules
from alertwhisperer.correlate.work import Changed
from alertwhisperer.domain.delivery import Answer, Delivery, Member, Unreadable
from alertwhisperer.domain.errors import Temporary
from alertwhisperer.kit.clock import Clock
from alertwhisperer.kit.metrics import Metrics
from alertwhisperer.store.database import Connection, Database
from alertwhisperer.store.hot.batch import Contended, Lost, Refusal
from alertwhisperer.store.hot.committed import committed
from alertwhisperer.store.hot.wire import speak

_MOST_DELIVERIES = 256
_MOST_MEMBERS = 4_000
_MOST_WAITING = 20_000  # deliveries; beyond it senders are told to come back, before memory runs out
_TRIES = 30
_APART_S = 60.0  # after the last refusal; long enough that a company that keeps at it costs others one retry a minute
_GIVE_UP_S = 20.0  # senders wait 15 to 30 s for an answer

_log = structlog.get_logger("lanes")


class _Waiting(NamedTuple):
    """Deliveries that are stored together, the request's own last, and who waits for their answers."""

    deliveries: Sequence[Delivery]
    answers: "asyncio.Future[list[Answer]]"

    @property
    def company(self) -> bytes:
        """Of the request's own."""
        return self.deliveries[-1].company

    @property
    def is_shared(self) -> bool:
        """Whether several companies are in it."""
        return any(one.company != self.company for one in self.deliveries)


class Lanes:
    """
    Where the gateway hands deliveries in.

    Args:
        count: lanes; more than 3 gain nothing on two cores.
    """

    def __init__(
        self, database: Database, pipeline: Pipeline, clock: Clock, metrics: Metrics, *, count: int = 3
    ) -> None:
        self._clock = clock
        self._apart = _Lane(database, pipeline, clock, metrics, refused=self._remember, most=1)
        self._lanes = [
            _Lane(database, pipeline, clock, metrics, refused=self._remember, hand_over=self._apart.take_over)
            for _ in range(count)
        ]
        self._refused: dict[bytes, float] = {}
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Begin to work; call it once, in the running loop."""
        lanes = [*self._lanes, self._apart]
        self._tasks = [asyncio.create_task(lane.work(), name=f"lane {n}") for n, lane in enumerate(lanes)]

    async def stop(self) -> None:
        """Finish what was handed in, then let go of the connections."""
        for lane, task in zip([*self._lanes, self._apart], self._tasks, strict=True):
            lane.finish()
            with suppress(asyncio.CancelledError):
                await task  # the last one gets what the others hand over

    async def submit(self, delivery: Delivery) -> Answer:
        """Hand in one delivery; otherwise as `submit_all`."""
        return (await self.submit_all((delivery,)))[0]

    async def submit_all(self, deliveries: Sequence[Delivery]) -> list[Answer]:
        """
        Hand in deliveries that belong together, the request's own last; returns when all are committed, at once.

        Raises:
            Temporary: too much is waiting, or the database did not come back in time; nothing is known to be stored.
        """
        company = deliveries[-1].company
        if self._refused and self._is_apart(company):
            return await self._apart.submit(deliveries)
        return await self._lanes[company[-1] % len(self._lanes)].submit(deliveries)

    def _remember(self, company: bytes) -> None:
        self._refused[company] = self._clock.monotonic() + _APART_S

    def _is_apart(self, company: bytes) -> bool:
        until = self._refused.get(company)
        if until is None:
            return False
        if until < self._clock.monotonic():
            del self._refused[company]
            return False
        return True


class _Lane:
    """
    One queue, one connection, one batch at a time.

    Args:
        refused: told the company whose rows the database refused.
        hand_over: takes a refused company's deliveries off this lane; without it they are tried here.
        most: deliveries a batch.
    """

    def __init__(
        self,
        database: Database,
        pipeline: Pipeline,
        clock: Clock,
        metrics: Metrics,
        *,
        refused: Callable[[bytes], None],
        hand_over: Callable[[Sequence[_Waiting]], None] | None = None,
        most: int = _MOST_DELIVERIES,
    ) -> None:
        self._refused = refused
        self._hand_over = hand_over
        self._most = most
        self._database = database
        self._pipeline = pipeline
        self._clock = clock
        self._metrics = metrics
        self._queue: deque[_Waiting] = deque()
        self._arrived = asyncio.Event()
        self._finishing = False
        self._connection: Connection | None = None

    async def submit(self, deliveries: Sequence[Delivery]) -> list[Answer]:
        if len(self._queue) >= _MOST_WAITING or self._finishing:
            raise Temporary("too many deliveries are waiting", retry_after=timedelta(seconds=2))
        answers: asyncio.Future[list[Answer]] = asyncio.get_running_loop().create_future()
        self._queue.append(_Waiting(deliveries, answers))
        self._arrived.set()
        return await answers

    def take_over(self, waiting: Sequence[_Waiting]) -> None:
        """Put another lane's deliveries at the end of this one's queue."""
        self._queue.extend(waiting)
        self._arrived.set()

    def finish(self) -> None:
        self._finishing = True
        self._arrived.set()

    async def work(self) -> None:
        while True:
            if not self._queue:
                if self._finishing:
                    break
                self._arrived.clear()
                await self._arrived.wait()
                continue
            batch = self._take()
            self._metrics.waiting.set(len(self._queue))
            self._metrics.batch_deliveries.observe(len(batch))
            try:
                await self._commit(batch)
            except Exception as failure:  # noqa: BLE001 - the lane must survive; the senders are told
                _log.error("lane.failed", exc_info=failure)
                _fail(batch, failure)
        if self._connection is not None and not self._connection.is_closed():
            self._connection.terminate()  # nothing is under way; a polite goodbye could hang with a hung database

    def _take(self) -> list[_Waiting]:
        batch: list[_Waiting] = []
        members = 0
        while self._queue and len(batch) < self._most:
            size = sum([len(one.members) for one in self._queue[0].deliveries])
            if batch and members + size > _MOST_MEMBERS:
                break
            members += size
            batch.append(self._queue.popleft())
        return batch

    async def _commit(self, batch: Sequence[_Waiting]) -> None:
        """Commit a batch; when the database refuses some row, commit company by company, and put that one apart."""
        try:
            answers = await self._until_done([one for waiting in batch for one in waiting.deliveries])
        except Refusal as refusal:
            self._metrics.batches.labels(result="refused").inc()
            parts = _parts(batch)
            if len(parts) > 1:
                for part in parts:
                    await self._commit(part)
                return
            if not batch[0].is_shared:
                self._refused(batch[0].company)
                if self._hand_over is not None:
                    self._hand_over(batch)
                    return
            answers = [
                await self._alone(one, refusal, is_sole=len(batch) == len(waiting.deliveries) == 1)
                for waiting in batch
                for one in waiting.deliveries
            ]
        rest = iter(answers)
        for waiting in batch:
            mine = [next(rest) for _ in waiting.deliveries]
            if not waiting.answers.done():
                waiting.answers.set_result(mine)

    async def _alone(self, delivery: Delivery, refusal: Refusal, *, is_sole: bool) -> Answer:
        """Commit one delivery by itself; quarantined when the database refuses even that."""
        if not is_sole:
            try:
                return (await self._until_done([delivery]))[0]
            except Refusal as its_own:
                refusal = its_own
        return await self._quarantine(delivery, refusal)

    async def _quarantine(self, delivery: Delivery, refusal: Refusal) -> Answer:
        """Keep the raw body of a delivery whose rows the database will not take."""
        _log.error("delivery.refused", delivery=delivery.id.hex(), why=str(refusal)[:200])
        unit = Unreadable("refused_by_database", "the database refused what was parsed", "body", "we must mend it")
        delivery.members = [Member(0, unit)]
        delivery.actions = []
        return (await self._until_done([delivery]))[0]

    async def _until_done(self, deliveries: Sequence[Delivery]) -> list[Answer]:
        began = self._clock.monotonic()
        doubtful = False
        for attempt in range(_TRIES):
            try:
                if doubtful and (done := await self._already(deliveries)):
                    return await self._complete(deliveries, done)
                return await self._once(deliveries)
            except (Changed, Contended, StaleRules) as failure:
                self._metrics.batches.labels(result="again").inc()
                _log.debug("batch.again", attempt=attempt, why=type(failure).__name__)
                await self._clock.sleep(random() * 0.005 * min(attempt, 20))  # noqa: S311 - spreads retries
            except (Lost, OSError, Temporary) as failure:
                self._metrics.batches.labels(result="lost").inc()
                doubtful = True
                self._drop_connection()
                if self._clock.monotonic() - began > _GIVE_UP_S:
                    raise Temporary("the database did not come back in time") from failure
                await self._clock.sleep(min(0.05 * 2 ** min(attempt, 5), 1.0))
        raise Temporary("the delivery met others too often")

    async def _once(self, deliveries: Sequence[Delivery]) -> list[Answer]:
        connection = await self._connected()
        started = self._clock.monotonic()
        answers = await self._pipeline.run(connection, deliveries)
        self._metrics.batches.labels(result="committed").inc()
        self._metrics.batch_seconds.observe(self._clock.monotonic() - started)
        return answers

    async def _already(self, deliveries: Sequence[Delivery]) -> set[bytes]:
        """Which deliveries are there although the answer to their commit was lost."""
        return await committed(await self._connected(), [(one.company, one.id) for one in deliveries])

    async def _complete(self, deliveries: Sequence[Delivery], done: set[bytes]) -> list[Answer]:
        """The batch did commit; what left no row of its own (repeats, conflicts) is judged once more."""
        left = [one for one in deliveries if one.id not in done]
        answers = dict(zip([one.id for one in left], await self._until_done(left), strict=True)) if left else {}
        return [answers.get(one.id) or Answer(one.id, one.status, len(one.members)) for one in deliveries]

    async def _connected(self) -> Connection:
        if self._connection is None or self._connection.is_closed():
            self._connection = await self._database.connect_hot()
            await speak(self._connection)
        return self._connection

    def _drop_connection(self) -> None:
        if self._connection is not None:
            self._connection.terminate()
            self._connection = None


def _fail(batch: Sequence[_Waiting], failure: Exception) -> None:
    for one in batch:
        if not one.answers.done():
            one.answers.set_exception(failure)


def _parts(batch: Sequence[_Waiting]) -> list[list[_Waiting]]:
    """The batch by company; what several companies share stands alone."""
    parts: dict[object, list[_Waiting]] = {}
    for waiting in batch:
        parts.setdefault(id(waiting) if waiting.is_shared else waiting.company, []).append(waiting)
    return list(parts.values())
