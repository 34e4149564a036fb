"""The order of the benchmark: what is sent to whom, in turn, and what is looked at in between."""

from __future__ import annotations

import asyncio
import math
import os
import resource
import statistics
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path

from bench import books, load, machine, peers, requests
from bench.books import Stand, Verdict
from bench.house import Product, running_product
from bench.load import Run
from bench.peers import Peer
from bench.traffic import Traffic

PROBLEMS = 10_000
CONNECTIONS = {1: 256, 100: 32}
_SPARE = 2.0  # requests made for each one expected: a run must never use one twice
_FIRST_GUESS = {1: 15_000.0, 100: 40_000.0}  # alerts a second, until a run has shown
_ROUND = {1: 20_000, 100: 400}  # requests for Alertmanager, used round and round
_HISTORY_AT_ONCE = 100_000
_TRIES = 3


@dataclass(frozen=True, slots=True)
class Options:
    """What was asked for."""

    seconds: float
    runs: int
    history: int
    seed: int


@dataclass(slots=True)
class Growth:
    """What a kind of run left in the database."""

    alerts: int = 0
    wal: int = 0
    tables: dict[str, int] = field(default_factory=dict)

    def add(self, before: Stand, after: Stand, alerts: int) -> None:
        """Count a run."""
        self.alerts += alerts
        self.wal += after.wal - before.wal
        for name, size in after.tables.items():
            self.tables[name] = self.tables.get(name, 0) + size - before.tables.get(name, 0)


@dataclass(slots=True)
class Findings:
    """Everything that came out; runs by name, in the order in which they were first made."""

    machine: dict[str, str] = field(default_factory=dict)
    runs: dict[str, list[Run]] = field(default_factory=dict)
    growth: dict[str, Growth] = field(default_factory=dict)
    skipped: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    mix: dict[str, int] = field(default_factory=dict)
    verdict: Verdict | None = None
    history_rate: float = 0.0

    def rate(self, name: str) -> float:
        """The median of a kind's alerts a second; 0 when there was no such run."""
        return statistics.median(run.alerts_per_s for run in self.runs[name]) if self.runs.get(name) else 0.0


def measure(options: Options, say: Callable[[str], None]) -> Findings:
    """Run all of it; `say` gets a line for each step."""
    findings = Findings()
    if load.WRK is None:
        findings.skipped.append("throughput: wrk is not installed (make services)")
    if peers.ALERTMANAGER is None:
        findings.skipped.append("Alertmanager: prometheus-alertmanager is not installed (make services)")
    with ExitStack() as stack:
        shelf = stack.enter_context(requests.shelf())
        say("starting the product, the bare server and Alertmanager")
        product = stack.enter_context(running_product())
        bare = stack.enter_context(peers.bare_server())
        rival = stack.enter_context(peers.alertmanager()) if peers.ALERTMANAGER else None
        findings.machine = machine.describe(product.data_dir)
        findings.machine["postgresql"] = asyncio.run(books.server_version(product.owner_dsn))
        _Bench(options, say, findings, shelf, product, bare, rival).run()
    return findings


class _Bench:
    def __init__(
        self,
        options: Options,
        say: Callable[[str], None],
        findings: Findings,
        shelf: Path,
        product: Product,
        bare: Peer,
        rival: Peer | None,
    ) -> None:
        self._options = options
        self._say = say
        self._findings = findings
        self._file = shelf / "requests"
        self._rival_file = shelf / "alertmanager"
        self._product = product
        self._bare = bare
        self._rival = rival
        self._many = Traffic(product.many, PROBLEMS, options.seed)
        self._alone = Traffic(product.alone, PROBLEMS, options.seed + 1)
        self._expected: dict[str, float] = {}
        self._opened: dict[str, int] = {}

    def run(self) -> None:
        self._open()
        if load.WRK is not None:
            for number in range(self._options.runs):
                self._say(f"round {number + 1} of {self._options.runs}")
                for size in CONNECTIONS:
                    self._closed(_name("ours", size), self._many, size)
                    self._beside(_name("bare", size), self._bare, size)
                    self._alertmanager(size)
                self._closed("ours, one company alone, 100 a request", self._alone, 100)
        for number in range(self._options.runs):
            self._say(f"latency, round {number + 1} of {self._options.runs}")
            for size in CONNECTIONS:
                self._open_loop(size)
        totals = self._product.verify().totals
        self._findings.mix = {name: count - self._opened.get(name, 0) for name, count in totals.items()}
        if self._options.history:
            self._load_history()
            self._after_history()
        self._say("checking the books")
        self._findings.verdict = self._product.verify()
        self._findings.wrong += self._findings.verdict.wrong

    def _open(self) -> None:
        """Bring every problem into being, and the code into the processors' caches."""
        self._say(f"opening: {PROBLEMS:,} problems of 20 companies, as many of one alone")
        for traffic in (self._many, self._alone):
            self._drain(traffic.opening(self._file))
        self._opened = self._product.verify().totals
        if load.WRK is None:
            return
        for size in CONNECTIONS:
            self._closed(_name("ours", size), self._many, size, seconds=2, counts=False)
            load.closed_loop(self._batch, self._bare.port, connections=32, seconds=1, again=True)
        if self._rival is not None:
            batch = self._many.for_alertmanager(self._rival_file, _ROUND[100], 100)
            load.closed_loop(batch, self._rival.port, connections=32, seconds=2, again=True)

    # -------------------------------------------------------------------------------------------- throughput

    def _closed(
        self, name: str, traffic: Traffic, size: int, *, seconds: float | None = None, counts: bool = True
    ) -> None:
        """One run of ours. Its file stays, for the bare server to be given the same."""
        seconds = self._options.seconds if seconds is None else seconds
        connections = CONNECTIONS[size]
        for _ in range(_TRIES):
            expected = self._expected.get(name) or self._expected.get(_name("ours", size)) or _FIRST_GUESS[size]
            self._batch = traffic.mixed(self._file, math.ceil(expected * seconds * _SPARE / size) + connections, size)
            before, spent = self._stand(), _spent(self._product)
            port = self._product.server.port
            run = load.closed_loop(self._batch, port, connections=connections, seconds=seconds, again=False)
            used = {part: at - spent.get(part, 0.0) for part, at in _spent(self._product).items()}
            others = used.pop("everybody", 0.0) - sum(used.values())
            after = self._stand()
            traffic.keep(run.used, size)
            self._expected[name] = max(run.alerts_per_s, 0 if name not in self._expected else expected)
            if not run.dry:
                break
            self._say(f"  {name}: the file was too short, again with a longer one")
            self._expected[name] = 2 * max(run.alerts_per_s, expected)
        else:
            self._findings.wrong.append(f"{name}: no file was long enough")
            return
        self._check(name, run, after.deliveries - before.deliveries)
        if counts:
            stored = (after.deliveries - before.deliveries) * size
            kind = self._findings.growth.setdefault(name, Growth())
            kind.add(before, after, stored)
            each = {part: seconds_ / stored * 1e6 for part, seconds_ in used.items()} if stored else {}
            share = max(others, 0.0) / (run.seconds * (os.cpu_count() or 1))
            self._note(name, replace(run, cpu_us=each, others=share))

    def _beside(self, name: str, peer: Peer, size: int) -> None:
        """The bare server, with the very requests that ours was given."""
        run = load.closed_loop(
            self._batch, peer.port, connections=CONNECTIONS[size], seconds=self._options.seconds, again=True
        )
        self._note(name, run)

    def _alertmanager(self, size: int) -> None:
        if self._rival is None:
            return
        batch = self._many.for_alertmanager(self._rival_file, _ROUND[size], size)
        run = load.closed_loop(
            batch, self._rival.port, connections=CONNECTIONS[size], seconds=self._options.seconds, again=True
        )
        self._note(_name("alertmanager", size), run)

    # -------------------------------------------------------------------------------------------- latency

    def _open_loop(self, size: int) -> None:
        """Half of what the closed loop reached (of the aim, without one), at times that nobody's answers move."""
        name = f"latency, {size} a request"
        rate = (self._findings.rate(_name("ours", size)) or {1: 8_000, 100: 25_000}[size]) / 2 / size
        batch = self._many.mixed(self._file, max(math.ceil(rate * self._options.seconds), 1), size)
        before = self._stand()
        spread = {"connections": 2 * CONNECTIONS[100] if size > 1 else CONNECTIONS[1], "rate": rate}
        seed = self._options.seed + len(self._findings.runs.get(name, ()))
        port = self._product.server.port
        run = load.open_loop(batch, port, connections=int(spread["connections"]), rate=rate, seed=seed)
        after = self._stand()
        self._many.keep(batch.count, size)
        self._check(name, run, after.deliveries - before.deliveries)
        lost = asyncio.run(books.missing(self._product.owner_dsn, batch.ids))
        if lost:
            self._findings.wrong.append(f"{name}: {lost} of {batch.count} deliveries are not there by their ids")
        self._note(name, run)
        floor = load.open_loop(batch, self._bare.port, connections=int(spread["connections"]), rate=rate, seed=seed)
        self._note(f"{name}, bare", floor)

    # -------------------------------------------------------------------------------------------- history

    def _load_history(self) -> None:
        """Alerts and incidents that stay open and that nobody ever asks about again."""
        self._say(f"history: {self._options.history:,} alerts of as many incidents")
        left, took, loaded = self._options.history, 0.0, 0
        while left > 0:
            batch = self._many.history(self._file, min(left, _HISTORY_AT_ONCE))
            took += self._drain(batch)
            loaded += batch.count * batch.size
            left -= max(batch.count * batch.size, 1)
            self._say(f"  {loaded:,} at {loaded / took:,.0f} alerts/s")
        self._findings.history_rate = loaded / took
        asyncio.run(books.checkpoint(self._product.owner_dsn))

    def _after_history(self) -> None:
        if load.WRK is None:
            return
        for number in range(self._options.runs):
            self._say(f"after history, round {number + 1} of {self._options.runs}")
            for size in CONNECTIONS:
                self._closed(f"{_name('ours', size)}, after history", self._many, size)
                # The bare server has no history: whatever changes here is the machine.
                self._beside(f"{_name('bare', size)}, after history", self._bare, size)

    # -------------------------------------------------------------------------------------------- in between

    def _drain(self, batch: requests.Batch) -> float:
        run = load.open_loop(batch, self._product.server.port, connections=32, rate=0, seed=self._options.seed)
        if run.failed:
            self._findings.wrong.append(f"{run.failed} of {run.used} requests were not accepted while loading")
        return run.seconds

    def _stand(self) -> Stand:
        return asyncio.run(books.stand(self._product.owner_dsn))

    def _check(self, name: str, run: Run, stored: int) -> None:
        if not run.acknowledged <= stored <= run.used:
            said = f"{run.acknowledged:,} acknowledged, {stored:,} stored, {run.used:,} sent"
            self._findings.wrong.append(f"{name}: {said}")
        if run.failed:
            self._findings.wrong.append(f"{name}: {run.failed:,} requests failed")

    def _note(self, name: str, run: Run) -> None:
        self._findings.runs.setdefault(name, []).append(run)
        self._say(
            f"  {name}: {run.alerts_per_s:,.0f} alerts/s, p50 {run.p50_ms:.1f} p95 {run.p95_ms:.1f} "
            f"p99 {run.p99_ms:.1f} max {run.max_ms:.0f} ms; {run.acknowledged:,} of {run.used:,} sent were answered"
        )


def _name(who: str, size: int) -> str:
    return f"{who}, {size} a request"


def _spent(product: Product) -> dict[str, float]:
    """Processor seconds so far, by part; the sender's are those of our children that have ended."""
    ours = resource.getrusage(resource.RUSAGE_CHILDREN)
    parts = product.cpu_s()
    everybody = machine.busy_s()
    if not parts or everybody is None:
        return {}
    return {**parts, "sender": ours.ru_utime + ours.ru_stime, "everybody": everybody}
