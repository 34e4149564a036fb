"""What was found, for people and as JSON."""

from __future__ import annotations

import statistics
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from bench.load import Run
from bench.measure import Findings, Options

_AIMS = {
    "ours, 1 a request": 8_000,
    "ours, 100 a request": 25_000,
    "ours, one company alone, 100 a request": 15_000,
}
_AIM_P99_MS = 50.0
_AIM_SLOWER = 0.10


def table(findings: Findings, options: Options) -> Iterator[str]:
    """The lines of the report."""
    yield from (f"{name + ':':<15} {value}" for name, value in findings.machine.items())
    yield f"{'runs:':<15} {options.runs} of {options.seconds:g} s each in turn; seed {options.seed}"
    yield from (f"{'skipped:':<15} {reason}" for reason in findings.skipped)
    yield from _throughput(findings)
    yield from _latency(findings)
    yield from _cost(findings)
    yield from _books(findings)


def document(findings: Findings, options: Options) -> dict[str, Any]:
    """The same, and every single run, for a machine."""
    return {
        "options": asdict(options),
        "machine": findings.machine,
        "skipped": findings.skipped,
        "runs": {
            name: [{"alerts_per_s": run.alerts_per_s, **asdict(run)} for run in runs]
            for name, runs in findings.runs.items()
        },
        "growth": {name: asdict(one) for name, one in findings.growth.items()},
        "history_alerts_per_s": findings.history_rate,
        "mix": findings.mix,
        "totals": {} if findings.verdict is None else findings.verdict.totals,
        "wrong": findings.wrong,
    }


def _throughput(findings: Findings) -> Iterator[str]:
    names = [name for name in findings.runs if not name.startswith("latency")]
    if not names:
        return
    yield ""
    columns = f"{'median':>9}{'range':>19}{'p50/p99 ms':>16}{'of bare':>9}{'of A.mgr':>9}"
    yield f"{'alerts a second, closed loop':<54}{columns}"
    for name in names:
        runs = findings.runs[name]
        rates = sorted(run.alerts_per_s for run in runs)
        middle = f"{_median(runs, 'p50_ms'):,.1f}/{_median(runs, 'p99_ms'):,.1f}"
        yield (
            f"{name:<54}{statistics.median(rates):>9,.0f}{f'{rates[0]:,.0f}-{rates[-1]:,.0f}':>19}{middle:>16}"
            f"{_ratio(findings, name, 'bare'):>9}{_ratio(findings, name, 'alertmanager'):>9}{_aim(findings, name)}"
        )
    yield from _slower(findings)


def _ratio(findings: Findings, name: str, peer: str) -> str:
    """Of ours to a peer's, with as many alerts a request and in the same part of the benchmark."""
    if not name.startswith("ours"):
        return ""
    other = name.replace("ours, one company alone", peer).replace("ours", peer)
    rate = findings.rate(other)
    return f"{findings.rate(name) / rate:.2f}" if rate else ""


def _aim(findings: Findings, name: str) -> str:
    if name not in _AIMS:
        return ""
    return f"  aim {_AIMS[name]:,}: {'reached' if findings.rate(name) >= _AIMS[name] else 'missed'}"


def _slower(findings: Findings) -> Iterator[str]:
    for name in ("ours, 1 a request", "ours, 100 a request"):
        before, after = findings.rate(name), findings.rate(f"{name}, after history")
        if before and after:
            bare = name.replace("ours", "bare")
            drift = findings.rate(f"{bare}, after history") / findings.rate(bare) - 1
            change = after / before - 1
            verdict = "reached" if change > -_AIM_SLOWER else "missed"
            yield (
                f"history changes {name}: {change:+.1%} (the bare server meanwhile {drift:+.1%})"
                f"  aim above -{_AIM_SLOWER:.0%}: {verdict}"
            )
    if findings.history_rate:
        yield f"history was loaded at {findings.history_rate:,.0f} alerts/s, each a problem and an incident of its own"


def _latency(findings: Findings) -> Iterator[str]:
    names = [name for name in findings.runs if name.startswith("latency")]
    if not names:
        return
    yield ""
    yield (
        f"{'ms from due time, at half rate (no wrk: half the aim)':<54}{'alerts/s':>9}{'p50':>8}{'p95':>8}{'p99':>8}"
        f"{'p99 range':>16}{'max':>8}{'lag p99':>9}"
    )
    for name in names:
        runs = findings.runs[name]
        worst = [run.p99_ms for run in runs]
        aim = ""
        if not name.endswith("bare"):
            aim = f"  aim p99 {_AIM_P99_MS:g}: {'reached' if statistics.median(worst) < _AIM_P99_MS else 'missed'}"
        yield (
            f"{name:<54}{findings.rate(name):>9,.0f}{_median(runs, 'p50_ms'):>8.1f}{_median(runs, 'p95_ms'):>8.1f}"
            f"{statistics.median(worst):>8.1f}{f'{min(worst):.1f}-{max(worst):.1f}':>16}"
            f"{max(run.max_ms for run in runs):>8.0f}{_median(runs, 'lag_p99_ms'):>9.1f}{aim}"
        )


def _cost(findings: Findings) -> Iterator[str]:
    if not findings.growth:
        return
    yield ""
    yield f"{'an alert costs':<54}{'WAL bytes':>10}{'stored':>8}  processor time, µs"
    for name, growth in findings.growth.items():
        if not growth.alerts:
            continue
        runs = findings.runs[name]
        parts = {part: statistics.median(run.cpu_us.get(part, 0.0) for run in runs) for part in runs[0].cpu_us}
        spent = ", ".join(f"{part} {amount:.0f}" for part, amount in parts.items())
        stored = sum(growth.tables.values()) / growth.alerts
        others = statistics.median(run.others for run in runs)
        yield (
            f"{name:<54}{growth.wal / growth.alerts:>10,.0f}{stored:>8,.0f}  {spent}"
            f" (others had {others:.0%} of the processors)"
        )
        largest = sorted(growth.tables.items(), key=lambda one: -one[1])[:6]
        yield "    stored in " + ", ".join(f"{table} {size / growth.alerts:,.0f}" for table, size in largest)


def _books(findings: Findings) -> Iterator[str]:
    yield ""
    mix = findings.mix
    if mix.get("received"):
        shares = {name: mix[name] / mix["received"] for name in ("repeat", "resolve", "new", "stale", "noted")}
        told = ", ".join(f"{name} {share:.1%}" for name, share in shares.items())
        yield f"what became of {mix['received']:,} alerts of the mix: {told}"
    if findings.verdict is not None:
        totals = findings.verdict.totals
        yield f"stored: {totals['deliveries_accepted']:,} deliveries, {totals['received']:,} alerts"
    if findings.wrong:
        yield from (f"WRONG: {one}" for one in findings.wrong)
    else:
        yield "every acknowledged delivery is there once, no request failed, and the ledger agrees with the rows"


def _median(runs: list[Run], name: str) -> float:
    return float(statistics.median(getattr(run, name) for run in runs))
