"""
Every Linux script of the product is run with hostile parameters on a throwaway machine, and nothing of them runs.

The values go past the checks of `bind` on purpose: a script takes them as data even if these should fail one day.
"""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import product

import pytest

from alertwhisperer.domain.runbook import Phase, Shell
from alertwhisperer.remediate.throwaway import ThrowawayMachine, throwaway_machine, why_not
from alertwhisperer.runbooks.reading import library
from tests.runbooks.shells import require

pytestmark = pytest.mark.slow
TOUCH = "touch /aw-canary"
HOSTILE = {
    "one line": f"/x'; {TOUCH}; \"; {TOUCH}; $({TOUCH}) `{TOUCH}` | {TOUCH} & {TOUCH} # {{{{ssm:x}}}}",
    "lines": f"/x\n{TOUCH}\n'\n{TOUCH}\n\"\n{TOUCH}\n",
    "option": f"-oProxyCommand={TOUCH}",
    "arithmetic": f"a[$({TOUCH})]",
    "of awk": f'" }} BEGIN {{ system("{TOUCH}") }} {{ "',
    "of sql": f"1'; COPY (SELECT 1) TO PROGRAM '{TOUCH}'; --",
    "of find": f"/x -exec {TOUCH} ;",
    "unicode": f"größe 日本 \u2028 {TOUCH}",
    "large": "A" * 100_000,
}
SCRIPTS = [slug for slug, one in library().items() if one.shell is Shell.SH and one.parameters]


@pytest.fixture(scope="module")
def machine() -> Iterator[ThrowawayMachine]:
    """One for all: what is asked is whether the canary is there."""
    require(why_not())
    with throwaway_machine() as made:
        assert made.run(b"touch /aw-canary && rm /aw-canary", {}, 10).exit_code == 0
        yield made


@pytest.mark.parametrize("slug", SCRIPTS)
def test_nothing_of_a_hostile_value_runs(slug: str, machine: ThrowawayMachine) -> None:
    runbook = library()[slug]
    snapshot = machine.put("snapshot", f"$({TOUCH}); '; {TOUCH}\n".encode())

    def run(called: str, phase: Phase) -> None:
        variables = {f"AW_{one.name.upper()}": HOSTILE[called] for one in runbook.parameters}
        given = {**variables, "AW_SNAPSHOT": snapshot} if phase is Phase.UNDO else variables
        machine.run(runbook.scripts[phase].body, given, 1)  # longer ones wait for what will not come

    # At once: most of them sleep, and the canary does not say which it was anyway; HOSTILE is short enough to try.
    with ThreadPoolExecutor(max_workers=16) as pool:
        for _ in pool.map(run, *zip(*product(HOSTILE, runbook.scripts), strict=True)):
            pass
    assert machine.run(b"test ! -e /aw-canary", {}, 10).exit_code == 0


def test_the_canary_would_be_seen(machine: ThrowawayMachine) -> None:
    """A script that pastes is caught."""
    for called in ("lines", "arithmetic"):
        machine.run(b'eval "echo $AW_X"', {"AW_X": HOSTILE[called]}, 10)
        assert machine.run(b"rm /aw-canary", {}, 10).exit_code == 0, called
