"""
Makes checkpoints when they are due, and brings each witness every checkpoint that it does not have yet.

One process at a time makes them. A witness that is down is caught up with later; until then its lag is an alarm.
"""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Protocol

from alertwhisperer.domain.errors import AlertWhispererError
from alertwhisperer.guard.audit import checkpoint
from alertwhisperer.guard.audit.checkpoint import Heads, SigningKey
from alertwhisperer.kit.clock import Clock
from alertwhisperer.store import audit_chain
from alertwhisperer.store.audit_chain import StoredCheckpoint, WitnessState
from alertwhisperer.store.database import Database

EVERY = timedelta(seconds=60)
ENTRIES = 1_000
QUIET = timedelta(hours=1)
"""With nothing new there is still one checkpoint in this time, so that silence itself is witnessed."""

_MOST_FAILURE = 500


class Place(Protocol):
    """A witness, as far as checkpoints are brought to it."""

    name: str

    async def put(self, number: int, document: bytes) -> None:
        """Keep a checkpoint under its number, once."""
        ...


class Keeper:
    """
    One process's share of making and witnessing checkpoints.

    Args:
        places: where checkpoints are kept outside.
        former_keys: public halves of keys that earlier checkpoints were signed with.
    """

    def __init__(
        self,
        database: Database,
        key: SigningKey,
        places: Sequence[Place],
        clock: Clock,
        *,
        former_keys: Sequence[str] = (),
    ) -> None:
        self._database = database
        self._key = key
        self._public_keys = (key.public, *former_keys)
        self._places = places
        self._clock = clock
        self._heads: Heads = {}  # as the checkpoints up to `_read` say them
        self._read = 0

    async def make_due(self) -> int | None:
        """
        Make a checkpoint if one is due; gives its number.

        Raises:
            Invalid: an earlier one was signed with a key that is not known here, or was altered.
        """
        now = self._clock.now()
        await self._read_on(now)
        async with self._database.across([]) as connection:
            if not await audit_chain.may_checkpoint(connection):
                return None
            last = await audit_chain.last_checkpoint(connection)
            if (0 if last is None else last.number) != self._read:
                return None  # another process made one meanwhile; it is read first, the next time
            heads: Heads = {head.company_id: (head.seq, head.hash) for head in await audit_chain.heads(connection)}
            if not is_due(self._heads, heads, None if last is None else last.at, now=now):
                return None
            before = None if last is None else last.document
            document = checkpoint.make(self._key, self._read + 1, before, self._heads, heads, at=now)
            made = StoredCheckpoint(self._read + 1, now, document)
            await audit_chain.add_checkpoint(connection, made)
        return made.number

    async def witness(self) -> timedelta:
        """
        Bring each place what it lacks.

        Returns:
            How far behind the furthest one is: the age of the oldest checkpoint that some place lacks.
        """
        lags = await asyncio.gather(*(self._bring(place) for place in self._places))
        return max(lags, default=timedelta(0))

    async def _read_on(self, now: datetime) -> None:
        if self._read == 0:  # nobody needs a year of them to know where the chains stood
            self._read = await audit_chain.full_before(self._database, now, every=checkpoint.FULL_EVERY) - 1
        async for stored in audit_chain.checkpoints(self._database, after=self._read):
            self._heads = checkpoint.after(self._heads, checkpoint.read(stored.document, *self._public_keys))
            self._read = stored.number

    async def _bring(self, place: Place) -> timedelta:
        async with self._database.across([]) as connection:
            state = await audit_chain.witness_state(connection, place.name)
        number = 0 if state is None else state.number
        async for stored in audit_chain.checkpoints(self._database, after=number):
            try:
                await place.put(stored.number, stored.document)
            except AlertWhispererError as failure:
                told = WitnessState(place.name, number, self._clock.now(), str(failure)[:_MOST_FAILURE])
                await audit_chain.put_witness(self._database, told)
                return self._clock.now() - stored.at
            number = stored.number
            await audit_chain.put_witness(self._database, WitnessState(place.name, number, self._clock.now(), ""))
        return timedelta(0)


def is_due(before: Heads, heads: Heads, last: datetime | None, *, now: datetime) -> bool:
    """Whether a checkpoint is to be made: after a minute or a thousand entries, and after an hour in any case."""
    if last is None:
        return bool(heads)
    fresh = sum(max(seq - before.get(company, (0, b""))[0], 0) for company, (seq, _) in heads.items())
    age = now - last
    return fresh >= ENTRIES or (fresh > 0 and age >= EVERY) or age >= QUIET
