"""
`make test`: the checks, then every suite, each in a process of its own, and one line at the end that says how it went.

As many run side by side as there are cores (`--jobs`); what a job prints stays together and is shown when it ends. All
of them run even when one fails, so that a person sees everything that is broken at once.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import sysconfig
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))  # `make test` runs this file and not the package

from tests.postgres import ABSENT, second_server, version_of  # noqa: E402 - found by the line above
from tests.recording import recording  # noqa: E402

TESTS = ROOT / "tests"
BIN = Path(sysconfig.get_path("scripts"))
JOBS = "ALERTWHISPERER_TEST_JOBS"
_MOST_JOBS = 4  # with more, the longest suite decides how long it takes, and each takes up to a gigabyte of memory

CHECKS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("format", ("ruff", "format", "--check", "--quiet", ".")),
    ("lint", ("ruff", "check", "--quiet", ".")),
    ("types", ("mypy",)),
    ("floors", ("lint-imports",)),
)

LONGEST = (
    *("console", "cli", "journeys", "remediate", "api", "isolation", "contracts", "store", "peers", "sign_in"),
    *("guard", "app", "executors", "walk", "ingest", "escalate", "reports"),
)
"""Begun first, since a long one that begins last is waited for by idle cores. Others follow in alphabetical order."""

AGAIN_ON_SECOND_SERVER = "store"
_ASKS_NOTHING_OF_IT = "store/test_embedded.py"

ALONE: Mapping[str, str] = MappingProxyType(
    {
        "crash": "a kill comes at an instant drawn in advance, and must meet a server at work, not a slow start",
        "invariants/test_isolation.py": "requests of two companies must meet in one commit",
        "invariants/test_limits.py": "measures how many requests are admitted in so many seconds",
    }
)
"""Suites and files that ask something of the clock, each with its reason; nothing runs beside them."""

LAST = "secrets/test_whole_run.py"
"""It looks through what all others left behind."""


@dataclass(frozen=True)
class Job:
    """
    One check, suite or file to run.

    Attributes:
        environ: what joins the environment for it.
        on_second_server: on an older PostgreSQL than the embedded one, where there is one.
    """

    name: str
    command: tuple[str, ...]
    environ: Mapping[str, str] = field(default_factory=dict, repr=False)
    on_second_server: bool = False


@dataclass(frozen=True)
class Plan:
    """What runs side by side, in the order in which it begins; then what runs alone, one after the other."""

    together: tuple[Job, ...]
    alone: tuple[Job, ...]


@dataclass(frozen=True)
class Step:
    """What came of a job."""

    name: str
    seconds: float
    passed: bool
    printed: str = field(default="", repr=False)
    skipped: str = ""


# ------------------------------------------------------------------------------------------------ what is to be run


def find_suites() -> list[str]:
    """Folders of tests/ that hold tests, the longest first."""
    holding = {path.parent.relative_to(TESTS).parts[0] for path in TESTS.glob("*/**/test_*.py")}
    return [name for name in LONGEST if name in holding] + sorted(holding.difference(LONGEST))


def plan_checks() -> list[Job]:
    return [Job(name, (str(BIN / tool), *arguments)) for name, (tool, *arguments) in CHECKS]


def plan_suites(suites: Sequence[str], environ: Mapping[str, str]) -> Plan:
    """
    Which parts of these suites run when.

    Args:
        suites: folders of tests/, in the order in which they shall begin.
        environ: what joins the environment of each.

    Returns:
        Every test of the suites is in exactly one job, but for `AGAIN_ON_SECOND_SERVER`, which is in two.
    """
    apart = (*ALONE, LAST)
    together: list[Job] = []
    by_itself: list[Job] = []
    for suite in suites:
        if suite in apart:
            by_itself.append(_suite(suite, environ))
            continue
        files = [one for one in apart if one.startswith(f"{suite}/")]
        together.append(_suite(suite, environ, without=files))
        by_itself += [_suite(file, environ) for file in files]
        if suite == AGAIN_ON_SECOND_SERVER:
            again = _suite(suite, environ, without=[*files, _ASKS_NOTHING_OF_IT])
            together.append(replace(again, name=f"{again.name} on another PostgreSQL", on_second_server=True))
    by_itself.sort(key=lambda job: job.name == f"tests/{LAST}")
    return Plan(tuple(together), tuple(by_itself))


def _suite(name: str, environ: Mapping[str, str], *, without: Iterable[str] = ()) -> Job:
    ignored = [f"--ignore=tests/{file}" for file in without]
    return Job(f"tests/{name}", (sys.executable, "-m", "pytest", "-q", f"tests/{name}", *ignored), environ)


# ------------------------------------------------------------------------------------------------ running it


def run(plan: Plan, jobs: int) -> Iterator[Step]:
    """Every job of a plan, `jobs` at once; gives what came of each when it ends."""
    with ThreadPoolExecutor(jobs) as pool:
        started = [pool.submit(run_job, job) for job in plan.together]
        try:
            for done in as_completed(started):
                yield done.result()
        finally:  # after Ctrl-C, which the jobs under way have heard as well
            pool.shutdown(cancel_futures=True)
    for job in plan.alone:
        yield run_job(job)


def run_job(job: Job) -> Step:
    """Run one from the repository's root, and time it."""
    say(f"── {job.name} …")
    if not job.on_second_server:
        return _run(job)
    with second_server() as url:
        if url is not None:
            name = f"{job.name}, {version_of(url).split()[0]}"
            return _run(replace(job, name=name, environ={**job.environ, "ALERTWHISPERER_TEST_DATABASE_URL": url}))
    is_required = os.environ.get("ALERTWHISPERER_REQUIRE_SERVICES") == "1"
    return Step(job.name, 0.0, not is_required, skipped=ABSENT)


def _run(job: Job) -> Step:
    started = time.monotonic()
    done = subprocess.run(
        job.command,
        cwd=ROOT,
        env={**os.environ, **job.environ},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        check=False,
    )
    return Step(job.name, time.monotonic() - started, done.returncode == 0, done.stdout)


# ------------------------------------------------------------------------------------------------ telling of it


def say(text: str) -> None:
    """Print lines whole: several threads speak."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def tell(step: Step) -> None:
    """Show what a job printed, and how it went."""
    how = f"{'ok' if step.passed else 'FAILED'} in {step.seconds:.1f} s"
    if step.skipped:
        how = f"{'skipped' if step.passed else 'FAILED'}: {step.skipped}"
    say(f"── {step.name}\n{step.printed}── {step.name}: {how}")


def summarise(steps: Sequence[Step], seconds: float) -> str:
    """The last line: `ok: 14 checks and suites in 61 s (kit 1.2, …)` or which failed."""
    failed = [step.name for step in steps if not step.passed]
    ran = [step for step in steps if not step.skipped or not step.passed]
    each = ", ".join(f"{step.name.removeprefix('tests/')} {step.seconds:.1f}" for step in ran)
    verdict = f"FAILED: {', '.join(failed)};" if failed else "ok:"
    return f"{verdict} {len(ran)} checks and suites in {seconds:.0f} s ({each})"


def _cores() -> int:
    """Those that we may use, where the system tells."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only-checks", action="store_true", help="no suites")
    parser.add_argument("--only-suites", action="store_true", help="no checks")
    jobs = os.environ.get(JOBS) or min(_cores(), _MOST_JOBS)
    at_once = f"how many run side by side; else as {JOBS} says, else as there are cores, up to {_MOST_JOBS}"
    parser.add_argument("--jobs", "-j", type=int, default=jobs, help=at_once)
    parser.add_argument("suites", nargs="*", help="folders of tests/ to run; all when none is named")
    choice = parser.parse_args()
    if choice.jobs < 1:
        parser.error("--jobs must be 1 or more")

    # Each command that a suite starts would compile the whole product again: 200 ms, a thousand times.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    # A suite that starts `alertwhisperer` or `python` by name must find this environment's.
    os.environ["PATH"] = os.pathsep.join((str(BIN), os.environ.get("PATH", "")))
    suites = [] if choice.only_checks else choice.suites or find_suites()
    checks = [] if choice.only_suites else plan_checks()
    began = time.monotonic()
    steps: list[Step] = []
    with recording() as told:
        plan = plan_suites(suites, told)
        for step in run(Plan((*checks, *plan.together), plan.alone), choice.jobs):
            tell(step)
            steps.append(step)
    say(summarise(steps, time.monotonic() - began))
    return 0 if all(step.passed for step in steps) else 1


if __name__ == "__main__":
    sys.exit(main())
