"""
Looks at the tools that cannot push: a few at once, each by one process at a time, never inside a transaction.

    lease the feed → ask the tool → note where the next look will begin → store the items → begin there from now on

Whatever ends a look in between leaves the old beginning in place. The look is then made again, and what it hands in a
second time is known by its name, so that nothing is lost and nothing stored twice.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence
from datetime import datetime, timedelta
from random import random
from typing import NamedTuple
from uuid import UUID

import structlog

from alertwhisperer.app.build import House
from alertwhisperer.domain.company import Scope
from alertwhisperer.domain.delivery import Answer, Delivery, Unreadable
from alertwhisperer.domain.errors import Invalid, Permanent, Temporary
from alertwhisperer.ingest.admission import Admission
from alertwhisperer.ingest.intake import Intake, Read
from alertwhisperer.ingest.keyring import Holder, Keyring
from alertwhisperer.ingest.reading import document_of, parse
from alertwhisperer.ingest.routing import digest
from alertwhisperer.kit.ids import delivery_id_int
from alertwhisperer.kit.metrics import Metrics
from alertwhisperer.sources.contract import Fetched, Inbound, Outside, Parsed, Poll, Polled, Source
from alertwhisperer.store import due, feeds
from alertwhisperer.store.due import Due
from alertwhisperer.store.feeds import State, Taken

Submit = Callable[[Sequence[Delivery]], Awaitable[list[Answer]]]
Heard = Callable[[Delivery, Parsed | Unreadable], None]

POLL_S = 0.25
_AT_ONCE = 8
_LOOK_S = 150.0
_LEASE = timedelta(seconds=180)  # longer than a look may take
_CHUNK = 100  # items that are stored in one transaction
_CHUNK_BYTES = 4 * 1024 * 1024
_LONGEST_WAIT_S = 3_600.0
_REFUSALS = 3
"""
Looks in a row that a person must mend before the feed stops: tools answer 404 while they are being restarted.
"""

_log = structlog.get_logger("feeds")


class _Work(NamedTuple):
    """A look that this process has the lease of."""

    scope: Scope
    integration_id: UUID
    feed: Taken
    sequence: int


class _Result(NamedTuple):
    """What became of a look: `cursor` is the next one's beginning when `whole`, or as far as this one came."""

    cursor: object
    items: int
    repeats: int
    more: bool = False
    problem: str = ""


class _OverLimit(Exception):
    """The company's limit is reached; the look is made again after `wait_s`, and is no failure."""

    def __init__(self, wait_s: float, items: int, repeats: int) -> None:
        super().__init__("the company's limit is reached")
        self.wait_s = wait_s
        self.items = items
        self.repeats = repeats


class Feeds:
    """
    One process's share of the looking.

    Args:
        submit: commits deliveries together and answers when they are durable.
        outside: the doors that sources may use.
        heard: told of each item after its commit.
    """

    def __init__(
        self,
        *,
        house: House,
        keyring: Keyring,
        admission: Admission,
        intake: Intake,
        submit: Submit,
        outside: Outside,
        heard: Heard,
        metrics: Metrics,
    ) -> None:
        self._house = house
        self._keyring = keyring
        self._admission = admission
        self._intake = intake
        self._submit = submit
        self._outside = outside
        self._heard = heard
        self._metrics = metrics
        self._looking: dict[asyncio.Task[None], _Work] = {}

    async def run_due(self) -> None:
        """Begin the looks that are due, as far as there is room."""
        while len(self._looking) < _AT_ONCE and await self._begin_one():
            pass

    async def settled(self) -> None:
        """Return when the looks that are under way have ended."""
        while self._looking:
            await asyncio.wait(list(self._looking))

    async def stop(self) -> None:
        """Break off the looks under way and give their leases back."""
        broken = dict(self._looking)
        for task in broken:
            task.cancel()
        if broken:
            await asyncio.wait(list(broken))
        for work in broken.values():
            await self._put_off(work, self._house.clock.now(), 0, 0)

    async def _begin_one(self) -> bool:
        now = self._house.clock.now()
        async with due.take(self._house.database, due.POLL_FEED, now=now) as work:
            if work is None:
                return False
            feed = await feeds.take(work.unit, work.subject)
            if feed is None or feed.paused:
                await work.done()
                return True
            if feed.busy_until is not None and feed.busy_until > now:
                await work.postpone(feed.busy_until)  # somebody asked for a look while one is under way
                return True
            await feeds.start(work.unit, work.subject, until=now + _LEASE, now=now)
            await work.postpone(now + _LEASE)
        begun = _Work(work.unit.scope, work.subject, feed, feed.sequence + 1)
        looking = asyncio.create_task(self._look(begun), name=f"feed {begun.integration_id}")
        self._looking[looking] = begun
        looking.add_done_callback(self._looked)
        return True

    def _looked(self, looking: asyncio.Task[None]) -> None:
        self._looking.pop(looking, None)
        if not looking.cancelled() and (failure := looking.exception()) is not None:
            # Its lease ends, and the next worker looks again.
            _log.error("feed.broken", exc_info=failure)

    async def _look(self, work: _Work) -> None:
        """One look, and what became of it, written down."""
        result = "failed"
        try:
            async with asyncio.timeout(_LOOK_S):
                done = await self._ask_and_store(work)
            result = await self._succeeded(work, done)
        except _OverLimit as full:
            result = "later"
            again = self._house.clock.now() + timedelta(seconds=full.wait_s)
            await self._put_off(work, again, full.items, full.repeats)
        except TimeoutError:
            await self._failed(work, f"the look did not end in {_LOOK_S:.0f} seconds")
        except Temporary as failure:
            await self._failed(work, str(failure), after=failure.retry_after)
        except (Invalid, Permanent) as failure:
            await self._failed(work, _in_words(failure), refused=True)
        except Exception as failure:  # noqa: BLE001 - a source's bug must show at its feed, and stop no other
            _log.error("feed.failed", integration=str(work.integration_id), exc_info=failure)
            await self._failed(work, f"our source failed: {type(failure).__name__}")
        self._metrics.timers.labels(kind=due.POLL_FEED, result=result).inc()

    # -------------------------------------------------------------------------------------------- the look

    async def _ask_and_store(self, work: _Work) -> _Result:
        holder = await self._keyring.read(work.scope.company_id, work.integration_id)
        if holder is None or holder.source is None or holder.source.poll is None:
            raise Invalid("this version does not know how to look at this source")
        wait_s = await self._admission.admit(holder.company_id, holder.limits)
        if wait_s > 0:
            raise _OverLimit(wait_s, 0, 0)
        settings = {**holder.settings, **holder.secrets}
        asked = Poll(settings, work.feed.cursor, self._house.clock.now(), work.feed.pending)
        found = await holder.source.poll(asked, self._outside)
        if found.items:
            async with self._house.database.unit_of_work(work.scope) as unit:
                await feeds.intend(unit, work.integration_id, work.sequence, found.cursor)
        items, repeats = await self._store(holder, holder.source, found)
        return _Result(found.cursor, items, repeats, found.more, found.problem)

    async def _store(self, holder: Holder, source: Source, found: Polled) -> tuple[int, int]:
        items = repeats = 0
        for number, chunk in enumerate(_chunks(found.items)):
            # The look's own token is spent; each further transaction costs one as a request would.
            wait_s = await self._admission.admit(holder.company_id, holder.limits) if number else 0.0
            if wait_s > 0:
                raise _OverLimit(wait_s, items, repeats)
            repeats += await self._store_chunk(holder, source, chunk)
            items += len(chunk)
        return items, repeats

    async def _store_chunk(self, holder: Holder, source: Source, chunk: Sequence[Fetched]) -> int:
        """Store items in one transaction and in their order; answers how many were known."""
        now = self._house.clock.now()
        made: list[tuple[Read, list[Delivery]]] = []
        for item in chunk:
            read = _read(holder, source, item, now)
            parts = await self._intake.deliveries(read, holder, come_back=False)
            self._admission.charge(holder.company_id, len(parts[-1].members), len(item.body))
            made.append((read, parts))
        deliveries = [one for _, parts in made for one in parts]
        # Ids decide the order of what has no times of its own, and those of one millisecond are in none.
        identities = sorted(delivery_id_int(int(now.timestamp() * 1000)) for _ in deliveries)
        for delivery, identity in zip(deliveries, identities, strict=True):
            delivery.id = identity.to_bytes(16, "big")
        answers = iter(await self._submit(deliveries))
        repeats = 0
        for read, parts in made:
            answer = [next(answers) for _ in parts][-1]
            if answer.duplicate:
                repeats += 1
                self._intake.refund(parts, len(parts[-1].body))
            elif not answer.gone:
                self._heard(parts[-1], read.parsed)
        return repeats

    # -------------------------------------------------------------------------------------------- afterwards

    async def _succeeded(self, work: _Work, done: _Result) -> str:
        if done.problem:
            await self._failed(work, done.problem, done=done)
            return "failed"
        now = self._house.clock.now()
        async with self._house.database.unit_of_work(work.scope) as unit:
            paused = await feeds.succeed(
                unit,
                work.integration_id,
                work.sequence,
                done.cursor,
                items=done.items,
                repeats=done.repeats,
                now=now,
            )
            wait_s = 0.0 if done.more else float(work.feed.interval_s)
            await _next(Due(unit, due.POLL_FEED, work.integration_id, 0), paused, now + timedelta(seconds=wait_s))
        return "done"

    async def _failed(
        self,
        work: _Work,
        problem: str,
        *,
        after: timedelta = timedelta(0),
        refused: bool = False,
        done: _Result | None = None,
    ) -> None:
        now = self._house.clock.now()
        failures = work.feed.failures + 1
        refusals = work.feed.refusals + 1 if refused else 0
        state: State = "stopped" if refusals >= _REFUSALS else "failing"
        _log.warning("feed.failed", integration=str(work.integration_id), state=state, why=problem[:200])
        async with self._house.database.unit_of_work(work.scope) as unit:
            if done is not None:
                await feeds.advance(unit, work.integration_id, work.sequence, done.cursor)
            paused = await feeds.fail(
                unit,
                work.integration_id,
                work.sequence,
                state,
                problem,
                failures=failures,
                refusals=refusals,
                items=0 if done is None else done.items,
                repeats=0 if done is None else done.repeats,
            )
            again = now + max(backoff(work.feed.interval_s, failures), min(after, timedelta(seconds=_LONGEST_WAIT_S)))
            stopped = None if paused is None else paused or state == "stopped"
            await _next(Due(unit, due.POLL_FEED, work.integration_id, 0), stopped, again)

    async def _put_off(self, work: _Work, until: datetime, items: int, repeats: int) -> None:
        """The look was no failure and came to no end: the feed stays as it is."""
        feed = work.feed
        async with self._house.database.unit_of_work(work.scope) as unit:
            paused = await feeds.fail(
                unit,
                work.integration_id,
                work.sequence,
                feed.state,
                "" if feed.failures == 0 else "the look was put off",
                failures=feed.failures,
                refusals=feed.refusals,
                items=items,
                repeats=repeats,
            )
            await _next(Due(unit, due.POLL_FEED, work.integration_id, 0), paused, until)


def backoff(interval_s: int, failures: int) -> timedelta:
    """How long to leave a tool alone after so many failures in a row: doubled each time, spread, at most an hour."""
    most = max(_LONGEST_WAIT_S, float(interval_s))
    wait_s = min(interval_s * 2.0 ** min(failures - 1, 20), most)
    return timedelta(seconds=wait_s * (0.8 + 0.2 * random()))  # noqa: S311 - spreads the calls of many feeds


async def _next(work: Due, is_off: bool | None, at: datetime) -> None:
    """The next look, or none; nothing when another worker has the feed by now."""
    if is_off is None:
        return
    if is_off:
        await work.done()
    else:
        await due.add(work.unit, work.kind, work.subject, due_at=at)


def _read(holder: Holder, source: Source, item: Fetched, now: datetime) -> Read:
    inbound = Inbound("POST", source.slug, {}, {}, item.body, None, now, holder.settings)
    # Not among the ids that requests give themselves: a sender could take an item's place before it is seen.
    sender = digest(b"feed:", item.id.encode("utf-8", "replace"))
    try:
        document = document_of(source, item.body, {})
    except Invalid as failure:
        unreadable = Unreadable("invalid_json", failure.what, failure.where, failure.mend)
        return Read(inbound, source, unreadable, sender)
    inbound = Inbound("POST", source.slug, {}, {}, item.body, document, now, holder.settings)
    return Read(inbound, source, parse(source, inbound), sender)


def _chunks(items: Sequence[Fetched]) -> Iterator[list[Fetched]]:
    chunk: list[Fetched] = []
    size = 0
    for item in items:
        if chunk and (len(chunk) >= _CHUNK or size + len(item.body) > _CHUNK_BYTES):
            yield chunk
            chunk, size = [], 0
        chunk.append(item)
        size += len(item.body)
    if chunk:
        yield chunk


def _in_words(failure: Invalid | Permanent) -> str:
    mend = failure.mend if isinstance(failure, Invalid) else ""
    return f"{failure}; {mend}" if mend else str(failure)
