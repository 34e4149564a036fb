"""
`make test`: the checks, then every suite, each in a process of its own, and one line at the end that says how it went.

All of them run even when one fails, so that a person sees everything that is broken at once.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import sysconfig
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))  # `make test` runs this file and not the package

from tests.postgres import ABSENT, second_server, version_of  # noqa: E402 - found by the line above

TESTS = ROOT / "tests"
BIN = Path(sysconfig.get_path("scripts"))

CHECKS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("format", ("ruff", "format", "--check", "--quiet", ".")),
    ("lint", ("ruff", "check", "--quiet", ".")),
    ("types", ("mypy",)),
    ("floors", ("lint-imports",)),
)

# From the quick and small to the slow and whole, so that the first failure is the nearest to its cause.
ORDER = (
    *("kit", "domain", "sources", "correlate", "ingest", "guard", "store", "api", "app", "cli", "insight"),
    *("contracts", "invariants", "isolation", "journeys", "fuzz", "crash", "docs"),
)


@dataclass(frozen=True)
class Step:
    """One check or suite, and what came of it."""

    name: str
    seconds: float
    passed: bool


def run_step(name: str, command: Sequence[str], more: Mapping[str, str] | None = None) -> Step:
    """Run one command from the repository's root with its output shown, and time it; `more` joins its environment."""
    print(f"── {name}", flush=True)
    started = time.monotonic()
    code = subprocess.run(command, cwd=ROOT, env={**os.environ, **(more or {})}, check=False).returncode
    step = Step(name, time.monotonic() - started, code == 0)
    print(f"── {name}: {'ok' if step.passed else 'FAILED'} in {step.seconds:.1f} s", flush=True)
    return step


def find_suites() -> list[str]:
    """Folders of tests/ that hold tests: those of `ORDER` first, then any other, so that none is forgotten."""
    holding = {path.parent.relative_to(TESTS).parts[0] for path in TESTS.glob("*/**/test_*.py")}
    known = [name for name in ORDER if name in holding]
    return known + sorted(holding.difference(known))


def run_checks() -> Iterator[Step]:
    for name, (tool, *arguments) in CHECKS:
        yield run_step(name, [str(BIN / tool), *arguments])


def run_suites(names: Sequence[str]) -> Iterator[Step]:
    for name in names:
        yield run_step(f"tests/{name}", _pytest(name))
        if name == "store":
            yield from run_again_on_second_server(name)


def run_again_on_second_server(name: str) -> Iterator[Step]:
    """The suite on an older PostgreSQL than the embedded one, where there is one."""
    with second_server() as url:
        if url is not None:
            on = {"ALERTWHISPERER_TEST_DATABASE_URL": url}
            command = [*_pytest(name), "--ignore=tests/store/test_embedded.py"]  # asks nothing of this one
            yield run_step(f"tests/{name} on PostgreSQL {version_of(url).split()[0]}", command, on)
            return
    required = os.environ.get("ALERTWHISPERER_REQUIRE_SERVICES") == "1"
    print(f"── tests/{name} once more: {'FAILED' if required else 'skipped'}: {ABSENT}", flush=True)
    if required:
        yield Step(f"tests/{name} on another PostgreSQL", 0.0, False)


def _pytest(name: str) -> list[str]:
    return [sys.executable, "-m", "pytest", "-q", f"tests/{name}"]


def summarise(steps: Sequence[Step]) -> str:
    """The last line: `ok: 14 suites in 61 s (kit 1.2, …)` or which failed."""
    failed = [step.name for step in steps if not step.passed]
    each = ", ".join(f"{step.name.removeprefix('tests/')} {step.seconds:.1f}" for step in steps)
    total = sum(step.seconds for step in steps)
    verdict = f"FAILED: {', '.join(failed)};" if failed else "ok:"
    return f"{verdict} {len(steps)} checks and suites in {total:.0f} s ({each})"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only-checks", action="store_true", help="no suites")
    parser.add_argument("--only-suites", action="store_true", help="no checks")
    parser.add_argument("suites", nargs="*", help="folders of tests/ to run; all when none is named")
    choice = parser.parse_args()

    # A suite that starts `alertwhisperer` or `python` by name must find this environment's.
    os.environ["PATH"] = os.pathsep.join((str(BIN), os.environ.get("PATH", "")))
    steps: list[Step] = []
    if not choice.only_suites:
        steps += run_checks()
    if not choice.only_checks:
        steps += run_suites(choice.suites or find_suites())
    print(summarise(steps), flush=True)
    return 0 if all(step.passed for step in steps) else 1


if __name__ == "__main__":
    sys.exit(main())
