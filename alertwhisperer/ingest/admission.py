"""
Limits: how much a company may send, and how often an address may guess.

A company's token buckets (requests, occurrences, bytes) lie in the database; each process leases a share of them and
spends it from memory, so that the sum over all processes is the limit and a request over it costs no query. Leases that
lie unused expire: what a process holds back never adds to the burst.
"""

import asyncio
from collections import OrderedDict
from dataclasses import dataclass, field

from alertwhisperer.domain.company import CompanyId, Scope
from alertwhisperer.domain.errors import Temporary
from alertwhisperer.kit.clock import Clock
from alertwhisperer.store import gate
from alertwhisperer.store.database import Database
from alertwhisperer.store.gate import Limits

_SHARE = 0.1
"""Most of a bucket leased at once: small enough that a second process finds some, large enough to query seldom."""
_FIRST_SHARE = 0.001
"""
What a sender gets that was quiet; doubled with each lease that is spent in time. A whole share would expire nearly
unused with each of its few requests, and the burst that it is owed would be gone when its storm comes.
"""
_UNUSED_S = 2.0
_ASK_AGAIN_S = 0.25
_ADDRESSES = 10_000
_GUESSES = 120.0
_GUESSES_PER_S = 2.0


@dataclass(slots=True)
class _Purse:
    """
    What this process holds of one company's buckets; below zero is what the company owes.

    Attributes:
        limits: under which it was leased.
        share: part of the buckets to lease next.
    """

    limits: Limits
    share: float = _FIRST_SHARE
    requests: float = 0.0
    occurrences: float = 0.0
    bytes: float = 0.0
    spent_at: float = 0.0
    ask_at: float = 0.0
    wait_s: float = 1.0
    asking: asyncio.Lock = field(default_factory=asyncio.Lock)  # one lease at a time; the others wait for its tokens

    @property
    def is_usable(self) -> bool:
        return self.requests >= 1 and self.occurrences > 0 and self.bytes > 0

    def expire(self) -> None:
        """Let go of what is held, and never of what is owed."""
        self.share = _FIRST_SHARE
        self.requests = min(self.requests, 0.0)
        self.occurrences = min(self.occurrences, 0.0)
        self.bytes = min(self.bytes, 0.0)


class Admission:
    """Admits requests of known companies."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._purses: dict[CompanyId, _Purse] = {}

    def admit_now(self, company_id: CompanyId, limits: Limits) -> bool:
        """Take one request's token from memory; False when a lease must be asked for first (`admit`)."""
        purse = self._purses.get(company_id)
        if purse is None or not purse.is_usable or purse.limits != limits:
            return False
        now = self._clock.monotonic()
        if now - purse.spent_at > _UNUSED_S:
            return False
        purse.requests -= 1
        purse.spent_at = now
        return True

    async def admit(self, company_id: CompanyId, limits: Limits) -> float:
        """
        Take one request's token.

        Returns:
            0 when the request is admitted, else the seconds after which one may be.

        Raises:
            Temporary: the database that holds the buckets cannot be reached.
        """
        if self.admit_now(company_id, limits):
            return 0.0
        purse = self._purses.get(company_id)
        if purse is None:
            purse = self._purses[company_id] = _Purse(limits)
        async with purse.asking:
            if self.admit_now(company_id, limits):
                return 0.0
            now = self._clock.monotonic()
            if purse.limits != limits:
                purse.limits, purse.ask_at = limits, now
                purse.expire()
            if now < purse.ask_at:
                return max(purse.ask_at - now, purse.wait_s)
            if now - purse.spent_at > _UNUSED_S:
                purse.expire()
            await self._lease(company_id, limits, purse)
            return 0.0 if self.admit_now(company_id, limits) else purse.wait_s

    async def _lease(self, company_id: CompanyId, limits: Limits, purse: _Purse) -> None:
        async with self._database.unit_of_work(Scope(company_id, "gateway")) as unit:
            share = await gate.lease(
                unit,
                limits,
                requests=max(limits.requests * purse.share - purse.requests, 1.0),
                occurrences=limits.occurrences * purse.share - min(purse.occurrences, 0.0),
                bytes_=limits.bytes * purse.share - min(purse.bytes, 0.0),
            )
        purse.share = min(2 * purse.share, _SHARE)
        purse.requests += share.requests
        purse.occurrences += share.occurrences
        purse.bytes += share.bytes
        if purse.is_usable:
            purse.spent_at = self._clock.monotonic()
            return
        purse.wait_s = max(
            _until(1 - purse.requests - share.left_requests, limits.requests),
            _until(1 - purse.occurrences - share.left_occurrences, limits.occurrences),
            _until(1 - purse.bytes - share.left_bytes, limits.bytes),
            _ASK_AGAIN_S,
        )
        purse.ask_at = self._clock.monotonic() + min(purse.wait_s, 1.0)

    def charge(self, company_id: CompanyId, occurrences: int, bytes_: int) -> None:
        """Count what an admitted request held; the purse may go below zero, and later requests then wait."""
        purse = self._purses.get(company_id)
        if purse is not None:
            purse.occurrences -= occurrences
            purse.bytes -= bytes_

    def refund(self, company_id: CompanyId, occurrences: int, bytes_: int) -> None:
        """A repeat costs nothing: give back what it took."""
        purse = self._purses.get(company_id)
        if purse is not None:
            purse.requests += 1
            purse.occurrences += occurrences
            purse.bytes += bytes_


class Guesses:
    """
    A bucket per client address for requests whose key is not known, so that keys cannot be guessed at speed.

    Known keys never pass here: one noisy address behind a NAT does not silence the others' webhooks.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def check(self, address: str) -> None:
        """Raise `Temporary` when the address has no guess left."""
        if self._left(address, self._clock.monotonic()) < 1:
            raise Temporary("too many requests with unknown keys from this address")

    def count(self, address: str) -> None:
        """A key turned out to be nobody's."""
        now = self._clock.monotonic()
        left = self._left(address, now)
        self._buckets.pop(address, None)
        self._buckets[address] = (max(left - 1, 0.0), now)
        if len(self._buckets) > _ADDRESSES:
            self._buckets.popitem(last=False)

    def _left(self, address: str, now: float) -> float:
        tokens, at = self._buckets.get(address, (_GUESSES, now))
        return min(_GUESSES, tokens + (now - at) * _GUESSES_PER_S)


def _until(missing: float, per_minute: float) -> float:
    return max(missing, 0.0) * 60 / per_minute
