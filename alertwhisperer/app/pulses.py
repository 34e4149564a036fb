"""
Remembers of every integration and heartbeat that it was heard, and writes it down every second.

In memory, since a delivery must not cost a query for it; what a kill loses is found again among the stored deliveries
before anything is called silent (app/silence.py).
"""

from collections import defaultdict
from collections.abc import Collection
from uuid import UUID

import structlog

from alertwhisperer.domain.company import CompanyId, Scope
from alertwhisperer.domain.delivery import Delivery, Unreadable
from alertwhisperer.domain.occurrence import Content, Kind, Occurrence
from alertwhisperer.domain.silence import HEARTBEAT_NOTE, HEARTBEAT_SOURCE, NewCheck
from alertwhisperer.ingest.normalize import identity_hash
from alertwhisperer.kit.clock import Clock
from alertwhisperer.silence import hearing
from alertwhisperer.silence.hearing import Heard
from alertwhisperer.sources.contract import Parsed
from alertwhisperer.store.database import Database
from alertwhisperer.store.silence import MOST_CHECKS

WRITE_S = 1.0
"""How often to write what was heard."""

_WRITE_AGAIN_S = 15.0  # a busy one is written so often; one that was quiet, with the next second
_MOST = 20_000  # of either map; beyond it, heartbeats wait for the next second, and what was written is forgotten

_LONGEST_NAME = 300

_log = structlog.get_logger("pulses")

_Key = tuple[bytes, bytes, bytes | None]  # company, integration, heartbeat's problem


class _Pulse:
    """What was heard of one check since it was last written."""

    __slots__ = ("arrivals", "check", "firing", "first", "last")

    def __init__(self, delivery: Delivery, check: NewCheck) -> None:
        self.check = check
        self.first = delivery.received_at
        self.last = delivery.received_at
        self.arrivals = 0
        self.firing = 0

    def add(self, delivery: Delivery, *, fires: bool, teaches: bool) -> None:
        self.first = min(self.first, delivery.received_at)  # commits end in another order than requests begin
        self.last = max(self.last, delivery.received_at)
        if teaches:
            self.arrivals += 1
            self.firing += fires


class Pulses:
    """One process's ear."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._heard: dict[_Key, _Pulse] = {}
        self._written: dict[_Key, float] = {}

    def hear(self, delivery: Delivery, parsed: Parsed | Unreadable) -> None:
        """A delivery was accepted and stored; what its sender said is `parsed`."""
        fires = False
        beats: list[Occurrence] = []
        if not isinstance(parsed, Unreadable):
            of_heartbeats = delivery.source == HEARTBEAT_SOURCE
            for _, one in parsed.occurrences:
                if one.kind is Kind.FIRING:
                    fires = True
                if one.problem != HEARTBEAT_SOURCE if of_heartbeats else one.note == HEARTBEAT_NOTE:
                    beats.append(one)
        key = (delivery.company, delivery.integration, None)
        pulse = self._heard.get(key)
        if pulse is None:
            check = NewCheck.of_integration(UUID(bytes=delivery.integration), delivery.source, delivery.source)
            pulse = self._heard[key] = _Pulse(delivery, check)
        # A heartbeat with a check of its own must not teach its integration that something always comes.
        pulse.add(delivery, fires=fires, teaches=not beats)
        for beat in beats[:MOST_CHECKS]:
            self._beat(delivery, beat)

    def _beat(self, delivery: Delivery, beat: Occurrence) -> None:
        problem = identity_hash(delivery.integration, beat.problem)
        key = (delivery.company, delivery.integration, problem)
        pulse = self._heard.get(key)
        if pulse is None:
            if len(self._heard) >= _MOST:
                return
            name = heartbeat_name(beat.content)
            check = NewCheck.of_heartbeat(UUID(bytes=delivery.integration), UUID(bytes=problem), name)
            pulse = self._heard[key] = _Pulse(delivery, check)
        pulse.add(delivery, fires=False, teaches=True)

    async def flush(self) -> None:
        """Write what was not written a moment ago."""
        until = self._clock.monotonic() - _WRITE_AGAIN_S
        await self._write([key for key in self._heard if self._written.get(key, until) <= until])

    async def finish(self) -> None:
        """Write all that was heard, before the process ends."""
        await self._write(list(self._heard))

    async def _write(self, keys: Collection[_Key]) -> None:
        if len(self._written) > _MOST:
            self._written.clear()
        by_company: dict[bytes, list[_Key]] = defaultdict(list)
        for key in keys:
            by_company[key[0]].append(key)
        for company, theirs in by_company.items():
            pulses = {key: self._heard.pop(key) for key in theirs}
            try:
                async with self._database.unit_of_work(Scope(CompanyId(UUID(bytes=company)), "gateway")) as unit:
                    await hearing.write(unit, [_heard(one) for one in pulses.values()], now=self._clock.now())
            except Exception as failure:  # noqa: BLE001 - one company's rows must not keep the others' from being written
                # Let go: the deliveries are stored, and looked at before anything is called silent.
                _log.warning(
                    "pulses.lost", company=str(UUID(bytes=company)), count=len(pulses), why=repr(failure)[:200]
                )
                continue
            self._written.update(dict.fromkeys(pulses, self._clock.monotonic()))


def heartbeat_name(content: Content) -> str:
    """What people call a heartbeat: its check, and on what when that says more."""
    asset, signature = content.asset, content.signature
    if signature.casefold() == HEARTBEAT_SOURCE:
        return asset[:_LONGEST_NAME]
    told = signature if asset.casefold() == signature.casefold() else f"{signature} of {asset}"
    return told[:_LONGEST_NAME]


def _heard(pulse: _Pulse) -> Heard:
    return Heard(pulse.check, pulse.first, pulse.last, pulse.arrivals, pulse.firing)
