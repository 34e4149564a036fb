"""
Group commit: requests that arrive while a batch is being written share the next one's transaction.

Work is split into lanes by company, each with a connection of its own: while one lane waits for the database another
parses and decides, and two lanes never meet on one row.
"""

import asyncio
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from datetime import timedelta
from random import random
from typing import NamedTuple

import structlog

from alertwhisperer.app.pipeline import Pipeline, StaleRules
from alertwhisperer.correlate.work import Changed
from alertwhisperer.domain.delivery import Answer, Delivery, Member, Unreadable
from alertwhisperer.domain.errors import Permanent, Temporary
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
_GIVE_UP_S = 20.0  # senders wait 15 to 30 s for an answer

_log = structlog.get_logger("lanes")


class _Waiting(NamedTuple):
    delivery: Delivery
    answer: "asyncio.Future[Answer]"


class Lanes:
    """
    Where the gateway hands deliveries in.

    Args:
        count: lanes; more than 3 gain nothing on two cores.
    """

    def __init__(
        self, database: Database, pipeline: Pipeline, clock: Clock, metrics: Metrics, *, count: int = 3
    ) -> None:
        self._lanes = [_Lane(database, pipeline, clock, metrics) for _ in range(count)]
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Begin to work; call it once, in the running loop."""
        self._tasks = [asyncio.create_task(lane.work(), name=f"lane {n}") for n, lane in enumerate(self._lanes)]

    async def stop(self) -> None:
        """Finish what was handed in, then let go of the connections."""
        for lane in self._lanes:
            lane.finish()
        for task in self._tasks:
            with suppress(asyncio.CancelledError):
                await task

    async def submit(self, delivery: Delivery) -> Answer:
        """
        Hand a delivery in; returns when it is committed.

        Raises:
            Temporary: too much is waiting, or the database did not come back in time; nothing is known to be stored.
        """
        lane = self._lanes[delivery.company[-1] % len(self._lanes)]
        return await lane.submit(delivery)


class _Lane:
    def __init__(self, database: Database, pipeline: Pipeline, clock: Clock, metrics: Metrics) -> None:
        self._database = database
        self._pipeline = pipeline
        self._clock = clock
        self._metrics = metrics
        self._queue: deque[_Waiting] = deque()
        self._arrived = asyncio.Event()
        self._finishing = False
        self._connection: Connection | None = None

    async def submit(self, delivery: Delivery) -> Answer:
        if len(self._queue) >= _MOST_WAITING or self._finishing:
            raise Temporary("too many deliveries are waiting", retry_after=timedelta(seconds=2))
        answer: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._queue.append(_Waiting(delivery, answer))
        self._arrived.set()
        return await answer

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
            await self._connection.close()

    def _take(self) -> list[_Waiting]:
        batch: list[_Waiting] = []
        members = 0
        while self._queue and len(batch) < _MOST_DELIVERIES:
            size = len(self._queue[0].delivery.members)
            if batch and members + size > _MOST_MEMBERS:
                break
            members += size
            batch.append(self._queue.popleft())
        return batch

    async def _commit(self, batch: Sequence[_Waiting]) -> None:
        """Commit a batch, or its deliveries one by one when the database refuses some row of it."""
        try:
            answers = await self._until_done([one.delivery for one in batch])
        except Refusal as refusal:
            self._metrics.batches.labels(result="refused").inc()
            if len(batch) > 1:
                for one in batch:
                    await self._commit([one])
                return
            try:
                answers = [await self._quarantine(batch[0].delivery, refusal)]
            except Refusal:  # told to this sender alone: the batch it came with goes on
                _fail(batch, Permanent("the database takes neither what was parsed nor the body"))
                return
        for one, answer in zip(batch, answers, strict=True):
            if not one.answer.done():
                one.answer.set_result(answer)

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
        if not one.answer.done():
            one.answer.set_exception(failure)
