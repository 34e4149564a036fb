"""
`python -m tests.fuzz.run --count N --seed S`: a running server under N changed signed requests.

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

from tests.database import migrated_database
from tests.fuzz.attack import Signed, Target, target_on
from tests.fuzz.changes import Change, changes


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
    parser.add_argument("--count", type=int, default=1_000, help="changed requests")
    parser.add_argument("--seed", type=int, default=secrets.randbelow(2**32), help="chosen by chance when not given")
    choice = parser.parse_args()
    print(f"fuzz: seed {choice.seed}, {choice.count} changed requests", flush=True)
    began = time.monotonic()
    with migrated_database() as migrated, target_on(migrated) as target:
        print(attack_signed(target, choice.count, choice.seed), flush=True)
        assert target.server.is_running
    print(f"fuzz: every promise held in {time.monotonic() - began:.0f} s (seed {choice.seed})")
    return 0


if __name__ == "__main__":
    sys.exit(main())
