"""
What an audit entry costs: acts a second with and without one, how long it waits for its link, and how fast the log is
chained and proved. The act is the smallest there is, one site added in a transaction of its own, so that the entry's
share is as large as it can be.
"""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from alertwhisperer.domain.audit import AuditAction, Resource
from alertwhisperer.domain.company import INSTALLATION, CompanyId, Scope
from alertwhisperer.domain.inventory import Site
from alertwhisperer.guard.audit.chainer import link_pending
from alertwhisperer.guard.audit.checkpoint import SigningKey
from alertwhisperer.guard.audit.keeper import Keeper
from alertwhisperer.guard.audit.sealing import AuditSealer
from alertwhisperer.guard.audit.verify import Verdict, verify
from alertwhisperer.guard.companies import add_company
from alertwhisperer.guard.vault import Vault
from alertwhisperer.kit.clock import SystemClock
from alertwhisperer.kit.ids import uuid7
from alertwhisperer.store import audit, sites
from alertwhisperer.store.database import Database
from tests.conftest import MASTER
from tests.database import Migrated, any_server, run_apart
from tests.guard.audited import Kept

COMPANIES = 20
AT_ONCE = (1, 8)
ROUNDS = 5
ROUND_S = 4.0
LINK_S = 0.3
"""As the server does it."""

_MANY = 4_000
_KEY = SigningKey(b"a signing key of exactly 32 byte")


@dataclass(frozen=True, slots=True)
class Rates:
    """Acts a second, of each round."""

    at_once: int
    bare: list[float]
    audited: list[float]

    @property
    def cost_us(self) -> float:
        """What the entry adds to an act, in microseconds of one worker's time."""
        return (1 / statistics.median(self.audited) - 1 / statistics.median(self.bare)) * 1e6 * self.at_once


@dataclass(frozen=True, slots=True)
class Figures:
    """
    What was found.

    Attributes:
        waits_ms: how long the oldest entry had waited, at each look of the chainer under load.
        linked_per_s, verified_per_s: entries, when nothing else is done.
    """

    rates: list[Rates]
    waits_ms: list[float]
    linked_per_s: float
    verified_per_s: float
    verdict: Verdict


def table() -> Iterator[str]:
    """The lines of the report, as Markdown: README.md keeps them."""
    with any_server() as server:
        made = run_apart(server.create())
        try:
            found = run_apart(_measure(made))
        finally:
            run_apart(server.drop(made))
    yield "| acts a second | without an entry | with one | an entry adds |"
    yield "|---|---|---|---|"
    for one in found.rates:
        yield f"| {one.at_once} at once | {_range(one.bare)} | {_range(one.audited)} | {one.cost_us:,.0f} µs |"
    waits = sorted(found.waits_ms)
    yield ""
    yield (
        f"An entry had waited for its link {statistics.median(waits):.0f} ms at the median, {waits[-1]:.0f} ms at most "
        f"({len(waits)} looks under that load). Chaining: {found.linked_per_s:,.0f} entries a second; verifying: "
        f"{found.verified_per_s:,.0f} a second, {found.verdict.entries:,} entries, "
        f"{len(found.verdict.faults)} faults, proved: {'yes' if found.verdict.is_proved else 'no'}."
    )


def _range(rates: list[float]) -> str:
    return f"{statistics.median(rates):,.0f} ({min(rates):,.0f}-{max(rates):,.0f})"


async def _measure(made: Migrated) -> Figures:
    database, clock = Database(made.app_dsn, AuditSealer(Vault(MASTER)), most=12), SystemClock()
    await database.open()
    try:
        acts = await _furnished(database)
        waits: list[float] = []
        rates = [await _rates(acts, at_once, waits) for at_once in AT_ONCE]
        await link_pending(database, clock)
        linked = await _linking(acts)
        kept = Kept()
        keeper = Keeper(database, _KEY, [kept], clock)
        await keeper.make_due()
        await keeper.witness()
        began = time.perf_counter()
        verdict = await verify(database, [_KEY.public], [kept], now=clock.now())
        return Figures(rates, waits, linked, verdict.entries / (time.perf_counter() - began), verdict)
    finally:
        await database.close()


@dataclass(frozen=True, slots=True)
class _Acts:
    """Acts of one person in some companies."""

    database: Database
    companies: list[CompanyId]

    async def act(self, number: int, *, audited: bool) -> None:
        """Add a site to one of the companies."""
        now = datetime.now(UTC)
        company_id = self.companies[number % len(self.companies)]
        scope = Scope(company_id, "ann@example.org", "", UUID(int=7), "192.0.2.7")
        identity = uuid7(now)
        hours: dict[str, object] = {"hours": {}, "holidays": []}
        async with self.database.unit_of_work(scope) as unit:
            await sites.insert(unit, [Site(identity, f"Site {identity}", "UTC", hours, "", "", now)])
            if audited:
                detail = {"name": f"Site {identity}"}
                await audit.write(unit, AuditAction.SITE_ADDED, Resource("site", str(identity)), detail, now=now)


async def _furnished(database: Database) -> _Acts:
    """Companies, each with a first entry of the person, which makes the keys."""
    by, now = Scope(INSTALLATION, "bench"), datetime.now(UTC)
    made = [await add_company(database, by, f"Company {place}", now=now) for place in range(COMPANIES)]
    acts = _Acts(database, [company.id for company in made])
    for place in range(COMPANIES):
        await acts.act(place, audited=True)
    await link_pending(database, SystemClock())
    return acts


async def _rates(acts: _Acts, at_once: int, waits: list[float]) -> Rates:
    """Rounds with and without an entry in turn, so that a drifting machine drifts under both."""
    rates = Rates(at_once, [], [])
    for _ in range(ROUNDS):
        rates.bare.append(await _round(acts, at_once, audited=False))
        enough = asyncio.Event()
        chaining = asyncio.create_task(_chain(acts.database, waits, enough))
        rates.audited.append(await _round(acts, at_once, audited=True))
        enough.set()
        await chaining
    return rates


async def _round(acts: _Acts, at_once: int, *, audited: bool) -> float:
    ends = time.perf_counter() + ROUND_S

    async def work(place: int) -> int:
        done = 0
        while time.perf_counter() < ends:
            await acts.act(place + done * at_once, audited=audited)
            done += 1
        return done

    began = time.perf_counter()
    done = await asyncio.gather(*(work(place) for place in range(at_once)))
    return sum(done) / (time.perf_counter() - began)


async def _chain(database: Database, waits: list[float], enough: asyncio.Event) -> None:
    while not enough.is_set():
        waited = await link_pending(database, SystemClock())
        waits.append(waited.total_seconds() * 1000)
        await asyncio.sleep(LINK_S)
    await link_pending(database, SystemClock())


async def _linking(acts: _Acts) -> float:
    """Entries that are linked in a second when many wait."""
    for number in range(_MANY):
        await acts.act(number, audited=True)
    began = time.perf_counter()
    await link_pending(acts.database, SystemClock())
    return _MANY / (time.perf_counter() - began)
