"""
The product, read aloud: what happens to a batch of deliveries, stage by stage, in one transaction.

    ingest (done by the gateway: authenticated, split, normalized)
      → match      rule, key and maintenance window of each occurrence    correlate/rules.py
      → lock       the rows that these identities stand for               store/hot
      → sift       repeats of a sender's id leave here                    this file
      → decide     dedup and correlation, pure                            correlate/decide.py
      → record     decisions as rows                                      app/record.py
      → write      all of it, once                                        store/hot

Triage, remediation, escalation and notices join between decide and record, each with rows of its own.
"""

from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager

import structlog

from alertwhisperer.app import record
from alertwhisperer.app.rulebook import Rulebook
from alertwhisperer.correlate.decide import decide, in_order
from alertwhisperer.correlate.rules import Matched
from alertwhisperer.correlate.work import Changed, Decision, Item, Work
from alertwhisperer.domain.delivery import Answer, Delivery, DeliveryStatus, Normalized
from alertwhisperer.domain.errors import Conflicting
from alertwhisperer.domain.occurrence import Kind
from alertwhisperer.domain.severity import Severity
from alertwhisperer.kit.clock import Clock
from alertwhisperer.kit.ids import uuid7_int
from alertwhisperer.kit.metrics import Metrics
from alertwhisperer.store.database import Connection
from alertwhisperer.store.hot.batch import (
    First,
    Locked,
    SenderId,
    Wanted,
    first_deliveries,
    lock,
    transaction,
    write,
)
from alertwhisperer.store.hot.leave import Leaving, leave
from alertwhisperer.store.hot.rows import Rows
from alertwhisperer.store.hot.settle import Settling, settle

Note = Callable[[Connection], Awaitable[object]]

_log = structlog.get_logger("pipeline")
_OCCURRENCE = 1 << 24  # kind in a member's id; see kit/ids.py


class StaleRules(Exception):
    """A company's rules changed since this process read them; read them and match again."""


class Pipeline:
    """Decides batches. One of its calls at a time per connection; several lanes may share it."""

    def __init__(self, rulebook: Rulebook, clock: Clock, metrics: Metrics) -> None:
        self._rulebook = rulebook
        self._clock = clock
        self._metrics = metrics

    async def run(self, connection: Connection, deliveries: Sequence[Delivery]) -> list[Answer]:
        """
        Store and decide deliveries in one transaction.

        Returns:
            An answer each, in the order given, once everything is committed.

        Raises:
            Changed, StaleRules, Contended: nothing was stored; call again.
            Refusal: nothing was stored; some row is not acceptable.
            Lost: the outcome is not known.
        """
        items = await self._match(deliveries)
        companies = sorted({delivery.company for delivery in deliveries})
        async with transaction(connection, companies):
            locked = await lock(connection, _wanted(deliveries, items))
            self._refuse_stale(deliveries, locked)
            answers, kept, repeats = await self._sift(connection, deliveries, locked)
            work = Work(locked.alerts, locked.incidents, locked.keys)
            decisions = decide(work, in_order(item for delivery in kept for item in items[delivery.id]))
            if kept or repeats:
                await write(connection, self._record(kept, repeats, work, decisions))
        for outcome, count in Counter(decision.outcome for decision in decisions).items():
            self._metrics.occurrences.labels(outcome=outcome.word).inc(count)
        return answers

    async def run_again(
        self, connection: Connection, deliveries: Sequence[Delivery], settling: Settling, note: Note
    ) -> None:
        """
        Decide a delivery that leaves quarantine: the same stages, with its own row already there.

        Args:
            deliveries: the delivery itself last; before it, what of it belongs to other companies.
            note: records it, inside the transaction.

        Raises:
            Conflicting: its unit does not wait any more.
            Changed, StaleRules, Contended: nothing was stored; call again.
        """
        async with self._moving(connection, deliveries, deliveries[-1].company) as move:
            if not await settle(connection, settling):
                raise Conflicting("the unit was settled meanwhile", where="state")
            await note(connection)
            await move(deliveries[-1])

    async def hand_over(
        self, connection: Connection, deliveries: Sequence[Delivery], leaving: Leaving, note: Note
    ) -> None:
        """
        Decide what waited in the MSP's quarantine where it belongs; `note` records it, inside the transaction.

        Raises:
            Changed, StaleRules, Contended: nothing was stored; look again at what waits.
        """
        async with self._moving(connection, deliveries, leaving.company) as move:
            if not await leave(connection, leaving):
                raise Changed
            await note(connection)
            await move(None)

    @asynccontextmanager
    async def _moving(
        self, connection: Connection, deliveries: Sequence[Delivery], home: bytes
    ) -> AsyncIterator[Callable[[Delivery | None], Awaitable[None]]]:
        """A transaction over the deliveries' companies and `home`, and what decides and writes inside it."""
        items = await self._match(deliveries)

        async def move(again: Delivery | None) -> None:
            locked = await lock(connection, _wanted(deliveries, items))
            self._refuse_stale(deliveries, locked)
            work = Work(locked.alerts, locked.incidents, locked.keys)
            decisions = decide(work, in_order(item for one in deliveries for item in items[one.id]))
            await write(connection, self._record(deliveries, [], work, decisions, again=again))

        async with transaction(connection, sorted({home, *(one.company for one in deliveries)})):
            yield move

    async def _match(self, deliveries: Sequence[Delivery]) -> dict[bytes, list[Item]]:
        items: dict[bytes, list[Item]] = {}
        for delivery in deliveries:
            rules = self._rulebook.remembered(delivery.company) or await self._rulebook.read(delivery.company)
            head = int.from_bytes(delivery.id, "big") | _OCCURRENCE
            mine: list[Item] = []
            for member in delivery.members:
                told = member.told
                if not isinstance(told, Normalized):
                    continue
                matched: Matched | None = None
                if told.kind != Kind.NOTED:
                    matched = rules.match(told.content, Severity(told.severity or Severity.MEDIUM))
                mine.append(
                    Item(
                        (head | member.index).to_bytes(16, "big"),
                        delivery.company,
                        delivery.integration,
                        told.kind,
                        told.severity,
                        told.problem,
                        told.cycle,
                        told.started_at,
                        told.ended_at,
                        delivery.received_at,
                        rules.version,
                        matched,
                        told.content,
                        told.content_hash,
                        told.encoded,
                        rules.holding(told.content, delivery.received_at) if told.kind == Kind.FIRING else None,
                    )
                )
            items[delivery.id] = mine
        return items

    def _refuse_stale(self, deliveries: Sequence[Delivery], locked: Locked) -> None:
        for delivery in deliveries:
            newest = locked.rules.get(delivery.integration)
            rules = self._rulebook.remembered(delivery.company)
            if newest is not None and (rules is None or rules.version != newest):
                self._rulebook.forget(delivery.company)
                raise StaleRules

    async def _sift(
        self, connection: Connection, deliveries: Sequence[Delivery], locked: Locked
    ) -> tuple[list[Answer], list[Delivery], list[Delivery]]:
        """Answers for all; the deliveries to decide; and those that repeat an earlier one."""
        doubtful = [_sender(one) for one in deliveries if one.sender is not None and one.id not in locked.noted]
        firsts = await first_deliveries(connection, doubtful) if doubtful else {}
        by_id = {delivery.id: delivery for delivery in deliveries}
        answers: list[Answer] = []
        kept: list[Delivery] = []
        repeats: list[Delivery] = []
        left: set[bytes] = set()
        for delivery in deliveries:
            answer = Answer(delivery.id, delivery.status, len(delivery.members))
            first = firsts.get(delivery.id)
            if first is not None and first.delivery in by_id and delivery.whole in by_id:
                # Two wholes of one name are in this batch, each with its part. Which part's name was noted first says
                # nothing: the part of the whole that stays is the one to keep, or both would go.
                first = None
            if delivery.integration not in locked.rules:
                answer.gone = True
            elif first is not None and first.body == delivery.body_hash:
                answer = _first_answer(first, by_id)
                repeats.append(delivery)
            elif first is not None and delivery.signed:
                answer.conflict = True
            else:
                delivery.flagged = first is not None
                kept.append(delivery)
            if answer.duplicate or answer.conflict or answer.gone:
                left.add(delivery.id)
            answers.append(answer)
        # A part goes with its whole: what a repeat says was in place before, wherever its customer's route led then.
        return answers, [one for one in kept if one.whole not in left], repeats

    def _record(
        self,
        kept: Sequence[Delivery],
        repeats: Sequence[Delivery],
        work: Work,
        decisions: Sequence[Decision],
        *,
        again: Delivery | None = None,
    ) -> Rows:
        rows = Rows()
        place = len(decisions)
        for delivery in kept:
            if delivery is not again:
                record.put_delivery(rows, delivery)
            for member in delivery.members:
                if not isinstance(member.told, Normalized):
                    identity = (int.from_bytes(delivery.id, "big") | _OCCURRENCE | member.index).to_bytes(16, "big")
                    record.put_unusable(rows, delivery, identity, member.told, place)
                    place += 1
        record.put_decisions(rows, decisions)
        record.put_work(rows, work)
        now = self._clock.now()
        at_ms = int(now.timestamp() * 1000)

        def fresh_id() -> bytes:
            return uuid7_int(at_ms).to_bytes(16, "big")

        share = record.Share(kept, repeats, decisions)
        record.put_ledger(rows, share, again=again, fresh_id=fresh_id)
        record.put_live(rows, share, work, at=now, fresh_id=fresh_id)
        return rows


def _wanted(deliveries: Sequence[Delivery], items: dict[bytes, list[Item]]) -> Wanted:
    problems: set[tuple[bytes, bytes]] = set()
    keys: set[tuple[bytes, bytes]] = set()
    for mine in items.values():
        for item in mine:
            if item.matched is not None:
                problems.add((item.company, item.problem))
                if item.kind == Kind.FIRING:
                    keys.add((item.company, item.matched.key))
    return Wanted(
        integrations=sorted({(one.company, one.integration) for one in deliveries}),
        senders=sorted(_sender(one) for one in deliveries if one.sender is not None),
        problems=sorted(problems),
        keys=sorted(keys),
    )


def _sender(delivery: Delivery) -> SenderId:
    assert delivery.sender is not None and delivery.body_hash is not None  # noqa: S101, PT018 - asked before
    return SenderId(
        delivery.company,
        delivery.integration,
        delivery.sender,
        delivery.body_hash,
        delivery.id,
        delivery.received_at,
    )


def _first_answer(first: First, batch: dict[bytes, Delivery]) -> Answer:
    same = batch.get(first.delivery)
    if first.status is not None and first.received is not None:
        return Answer(first.delivery, DeliveryStatus(first.status), first.received, duplicate=True)
    if same is not None:
        return Answer(first.delivery, same.status, len(same.members), duplicate=True)
    # Its row went with an old partition; the sender's id is remembered a little longer.
    return Answer(first.delivery, DeliveryStatus.PROCESSED, 0, duplicate=True)
