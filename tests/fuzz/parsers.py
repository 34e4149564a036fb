"""
`python -m tests.fuzz.parsers --count N --seed S [--source SLUG] [--http]`: every source under N mutated requests each.

Whatever the registry finds is fuzzed, on two processes, through everything that a source does with a request: its
document, `detects`, `delivery_id`, `parse`, the pipeline's `normalize`, and its answers. Anything raised but `Invalid`,
a broken promise of `tests/sources/promises.py`, or more than a second of processor time is a failure; its least request
is saved, and `--again FILE` tries it once more. `--http` sends the requests to one real server instead.
"""

from __future__ import annotations

import argparse
import json
import secrets
import sys
import tempfile
import time
from base64 import b64decode, b64encode
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path

from alertwhisperer.sources.contract import Source
from tests.database import migrated_database
from tests.fuzz.attack import Damaged, Target, target_on
from tests.fuzz.cases import Case, case_of
from tests.fuzz.judge import SOURCES, Failure, judge
from tests.fuzz.shrink import shrunk

_PROCESSES = 2
_CHUNK = 1_000

PUSHING = tuple(source for source in SOURCES.values() if source.poll is None)
"""The sources that a server has a door for."""


@dataclass(slots=True)
class Outcome:
    """
    What a source's requests came to.

    Attributes:
        failures: by place, the first request that failed there.
        times: how often something failed.
    """

    count: int = 0
    seconds: float = 0.0
    times: int = 0
    failures: dict[str, tuple[Failure, Case]] = field(default_factory=dict)

    def add(self, other: Outcome) -> None:
        """Join what another process found."""
        self.count += other.count
        self.seconds += other.seconds
        self.times += other.times
        self.failures = other.failures | self.failures


def try_registered(seed: int, slug: str, numbers: range) -> Outcome:
    """As `try_many`, by a name that another process understands."""
    return try_many(seed, SOURCES[slug], numbers)


def try_many(seed: int, source: Source, numbers: range) -> Outcome:
    """Judge these cases of a source."""
    outcome, began = Outcome(len(numbers)), time.monotonic()
    for number in numbers:
        case = case_of(seed, source, number)
        failure = judge(source, case)
        if failure is not None:
            outcome.times += 1
            outcome.failures.setdefault(failure.where, (failure, case))
    outcome.seconds = time.monotonic() - began
    return outcome


def report(source: Source, outcome: Outcome, folder: Path) -> Iterator[str]:
    """Lines about a source; saves the least request of each failure."""
    yield (
        f"{source.slug:<14}{outcome.count:>8} requests {outcome.seconds:>7.1f} s  "
        f"{len(outcome.failures)} failures ({outcome.times} times)"
    )
    for place, (failure, case) in enumerate(outcome.failures.values()):
        least = shrunk(case, failure, partial(judge, source))
        path = folder / f"{source.slug}-{place}.json"
        path.write_text(saved(least))
        yield f"  {failure.where} (request {case.number})"
        yield f"  {path}: {len(least.body)} bytes, {least.body[:200]!r}"
        yield from (f"    {line}" for line in failure.told.splitlines())


def saved(case: Case) -> str:
    """A case as a file's text."""
    return json.dumps(asdict(case) | {"body": b64encode(case.body).decode()}, indent=1) + "\n"


def loaded(text: str) -> Case:
    """The case that `saved` wrote."""
    kept = json.loads(text)
    return Case(**kept | {"body": b64decode(kept["body"])})


def fuzz(slugs: Iterable[str], count: int, seed: int, folder: Path) -> bool:
    """Try every source in turn, on several processes; whether every promise held."""
    held = True
    with ProcessPoolExecutor(_PROCESSES) as pool:
        for slug in slugs:
            outcome = Outcome()
            chunks = [range(start, min(start + _CHUNK, count)) for start in range(0, count, _CHUNK)]
            for found in pool.map(try_registered, [seed] * len(chunks), [slug] * len(chunks), chunks):
                outcome.add(found)
            print("\n".join(report(SOURCES[slug], outcome, folder)), flush=True)
            held = held and not outcome.failures
    return held


def attack_source(target: Target, source: Source, count: int, seed: int) -> str:
    """Send a source's requests to a server; answers a line about it, raises when a promise breaks."""
    attack, began = Damaged(target, source), time.monotonic()
    attack.try_many(case_of(seed, source, number) for number in range(count))
    attack.verify()
    took = time.monotonic() - began
    return f"{source.slug:<14}{attack.sent:>8} sent, {attack.accepted} accepted, {attack.refused} refused {took:.1f} s"


def fuzz_server(sources: Iterable[Source], count: int, seed: int) -> None:
    """Send requests of these sources to one real server; raises when a promise breaks."""
    with migrated_database() as migrated, target_on(migrated) as target:
        for source in sources:
            print(attack_source(target, source, count, seed), flush=True)
        assert target.server.is_running


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, help="requests of each source (10000; with --http 2000)")
    parser.add_argument("--seed", type=int, default=secrets.randbelow(2**32), help="chosen by chance when not given")
    parser.add_argument("--source", choices=list(SOURCES), action="append", help="only this one; may be repeated")
    parser.add_argument("--http", action="store_true", help="to a real server")
    parser.add_argument("--again", type=Path, help="a file that a failure left: try it once more")
    parser.add_argument("--folder", type=Path, help="where failing requests are saved (a new one)")
    choice = parser.parse_args()
    if choice.again is not None:
        case = loaded(choice.again.read_text())
        failure = judge(SOURCES[case.slug], case)
        print("every promise holds" if failure is None else failure.told)
        return 0 if failure is None else 1
    slugs = choice.source or list(SOURCES)
    count = choice.count or (2_000 if choice.http else 10_000)
    print(f"fuzz: seed {choice.seed}, {count} requests of each of {len(slugs)} sources", flush=True)
    began, held = time.monotonic(), True
    if choice.http:
        fuzz_server([source for source in PUSHING if source.slug in slugs], count, choice.seed)
    else:
        folder = choice.folder or Path(tempfile.mkdtemp(prefix="aw-fuzz-"))
        folder.mkdir(parents=True, exist_ok=True)
        held = fuzz(slugs, count, choice.seed, folder)
    verdict = "every promise held" if held else "promises were broken"
    print(f"fuzz: {verdict} in {time.monotonic() - began:.0f} s (seed {choice.seed})")
    return 0 if held else 1


if __name__ == "__main__":
    sys.exit(main())
