"""
`python -m tests.fuzz.run --count N --seed S`: a running server under N changed and N damaged requests.

Hypothesis chooses and, when something breaks, shrinks to the least request that breaks it. The seed that is printed
makes the same requests again.
"""

from __future__ import annotations

import argparse
import secrets
import sys
import time
from collections.abc import Callable

from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st

from tests.database import migrated_database
from tests.fuzz.attack import Damaged, Signed, Target, target_on
from tests.fuzz.changes import Change, changes, damaged

SOURCES = ("generic", "prometheus", "zabbix", "datadog", "cloudwatch")


def attack_signed(target: Target, count: int, number: int) -> str:
    """Change signed requests; answers a line about it, raises when a promise breaks."""
    attack = Signed(target)

    @_examples(count, number)
    @given(changes(attack.stolen))
    def attempt(chosen: list[Change]) -> None:
        attack.try_changed(chosen)

    attempt()
    attack.verify()
    return f"signed: {attack.refused} refused, {attack.same} the same in effect"


def attack_source(target: Target, slug: str, count: int, number: int) -> str:
    """Damage bodies of one source; answers a line about it, raises when a promise breaks."""
    attack = Damaged(target, slug)

    @_examples(count, number)
    @given(st.sampled_from(attack.samples).flatmap(lambda one: st.tuples(damaged(one.document), st.just(one))))
    def attempt(chosen: tuple[bytes, object]) -> None:
        body, sample = chosen
        attack.try_body(body, next(one for one in attack.samples if one is sample))

    attempt()
    attack.verify()
    return f"{slug}: {attack.sent} sent, {attack.refused} refused"


def _examples(count: int, number: int) -> Callable[[Callable[[], None]], Callable[[], None]]:
    chosen = settings(
        max_examples=count,
        deadline=None,
        database=None,
        print_blob=False,
        suppress_health_check=list(HealthCheck),
    )
    return lambda test: seed(number)(chosen(test))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=1_000, help="requests of each kind")
    parser.add_argument("--seed", type=int, default=secrets.randbelow(2**32), help="chosen by chance when not given")
    choice = parser.parse_args()
    print(f"fuzz: seed {choice.seed}, {choice.count} requests of each kind", flush=True)
    began = time.monotonic()
    with migrated_database() as migrated, target_on(migrated) as target:
        print(attack_signed(target, choice.count, choice.seed), flush=True)
        for slug in SOURCES:
            print(attack_source(target, slug, choice.count, choice.seed), flush=True)
        assert target.server.is_running
    print(f"fuzz: every promise held in {time.monotonic() - began:.0f} s (seed {choice.seed})")
    return 0


if __name__ == "__main__":
    sys.exit(main())
