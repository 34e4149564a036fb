"""
Kills workers that carry out runs at random instants, and checks that every act happened at most once and all runs end.

    python -m tests.crash.runs --count 100 --seed 1

Two workers share the runs; each kill is a SIGKILL of one of them, at a random instant of its life. Their scripts are
real processes of the machine, which go on. What happened is read from the targets themselves: each act writes down
which run it was.
"""

import argparse
import asyncio
import multiprocessing
import os
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import NamedTuple
from uuid import uuid4

import asyncpg

from alertwhisperer.domain.company import INSTALLATION, Scope
from alertwhisperer.domain.errors import Conflicting
from alertwhisperer.domain.inventory import Asset
from alertwhisperer.domain.run import Run, RunWhole, TargetRun, TargetState
from alertwhisperer.guard.audit.sealing import AuditSealer
from alertwhisperer.guard.companies import add_company
from alertwhisperer.guard.vault import Vault
from alertwhisperer.kit.clock import SystemClock
from alertwhisperer.store import runs
from alertwhisperer.store.database import Database
from alertwhisperer.store.runs import RunFilter
from tests.conftest import MASTER
from tests.crash.run_worker import Job, shelf, work
from tests.database import Migrated, migrated_database
from tests.remediate.world import World

_TARGETS = 8
_WORKERS = 2
_OPEN_AT_ONCE = 6  # runs under way while workers are killed
_LONGEST_LIFE_S = 0.8
_LOOK_S = 0.2
_PATIENCE_S = 90.0
"""After the last kill every run must have ended by then: a lease, a script's own timeout, and some air."""

_forking = multiprocessing.get_context("forkserver")
_Worker = multiprocessing.process.BaseProcess


class Asked(NamedTuple):
    """A run, and the word by which its acts are known on the targets."""

    run: Run
    word: str


def main() -> None:
    """Run from the command line; exits with 1 when anything did not hold."""
    parser = argparse.ArgumentParser(description=__doc__.strip().splitlines()[0] if __doc__ else "")
    parser.add_argument("--count", type=int, default=100, help="kills")
    parser.add_argument("--seed", type=int, default=None)
    given = parser.parse_args()
    seed = given.seed if given.seed is not None else int.from_bytes(os.urandom(4), "big")
    with migrated_database() as made:
        wrong = asyncio.run(crash(made, given.count, seed))
    for one in wrong[:50]:
        print(f"  {one}")
    sys.exit(1 if wrong else 0)


async def crash(migrated: Migrated, count: int, seed: int) -> list[str]:
    """
    One run of the whole.

    Args:
        migrated: a database that no other worker looks at.
        count: SIGKILLs of workers.

    Returns:
        What did not hold, in words; empty when all did.
    """
    print(f"runs: {count} kills, seed {seed}", flush=True)
    chance, began = Random(seed), time.monotonic()
    database = Database(migrated.app_dsn, AuditSealer(Vault(MASTER)))
    await database.open()
    _forking.set_forkserver_preload(["tests.crash.run_worker"])
    try:
        with tempfile.TemporaryDirectory(prefix="aw-runs-", ignore_cleanup_errors=True) as folder:
            world, targets = await _world(database, Path(folder))
            job = Job(
                migrated.app_dsn,
                world.company_id,
                folder,
                {asset_id: str(place) for asset_id, place in world.bound.items()},
                world.credential_id,
            )
            started = await _storm(migrated, world, targets, job, count, chance)
            wholes = [await world.whole(asked.run.id) for asked in started]
            wrong = [
                complaint
                for asked, whole in zip(started, wholes, strict=True)
                for complaint in _looked_at(world, whole, asked.word)
            ]
            wrong += await _left_over(migrated, world)
    finally:
        await database.close()
    ends = Counter(target.state.value for whole in wholes for target in whole.run.targets)
    told = ", ".join(f"{amount} {state}" for state, amount in sorted(ends.items()))
    print(
        f"runs: {count} kills, {len(started)} runs, targets: {told}; {len(wrong)} wrong; seed {seed}; "
        f"{time.monotonic() - began:.0f} s",
        flush=True,
    )
    return wrong


async def _world(database: Database, folder: Path) -> tuple[World, list[Asset]]:
    clock = SystemClock()
    company = await add_company(database, Scope(INSTALLATION, "test"), f"Crash {uuid4()}", now=clock.now())
    world = World(database, clock, company.id, folder)
    world.shelf = dict(shelf())
    await world.set(auto_approve_low="yes", runs_per_hour=10_000)
    return world, [await world.target(f"app-{number:02}") for number in range(_TARGETS)]


async def _storm(
    migrated: Migrated, world: World, targets: Sequence[Asset], job: Job, count: int, chance: Random
) -> list[Asked]:
    workers = [_begin(job) for _ in range(_WORKERS)]
    started: list[Asked] = []
    try:
        for number in range(count):
            if number % 10 == 0:
                print(f"runs: {number} of {count}, {len(started)} runs", flush=True)
            await _ask_more(world, targets, started, chance)
            await asyncio.sleep(chance.random() * _LONGEST_LIFE_S)
            place = chance.randrange(_WORKERS)
            await asyncio.to_thread(_kill, workers[place])
            workers[place] = _begin(job)
        print(f"runs: {count} of {count}, waiting for the end of {await _under_way(world)}", flush=True)
        for _ in range(int(_PATIENCE_S / _LOOK_S)):
            # A run is over a moment before its worker lets go of it: to end that worker then would prove nothing.
            if not await _under_way(world) and not await _left_over(migrated, world):
                break
            await asyncio.sleep(_LOOK_S)
    finally:
        for worker in workers:
            await asyncio.to_thread(_kill, worker)
    return started


def _begin(job: Job) -> _Worker:
    worker = _forking.Process(target=work, args=(job,))
    worker.start()
    return worker


def _kill(worker: _Worker) -> None:
    worker.kill()
    worker.join()


async def _ask_more(world: World, targets: Sequence[Asset], started: list[Asked], chance: Random) -> None:
    while await _under_way(world) < _OPEN_AT_ONCE:
        chosen = chance.sample(list(targets), chance.randint(1, 4))
        word = f"run{len(started)}x{chance.randrange(10**9)}"
        try:
            run = await world.ask(world.machine, chance.choice(sorted(world.shelf)), *chosen, word=word)
        except Conflicting:
            return  # the same runbook is under way on one of them: later, then
        started.append(Asked(run, word))


async def _under_way(world: World) -> int:
    async with world.database.unit_of_work(world.machine) as unit:
        newest = await runs.page(unit, RunFilter(), limit=50)
    return sum(not run.state.is_over for run in newest)


# ------------------------------------------------------------------------------------------------ what must hold


def _looked_at(world: World, whole: RunWhole, word: str) -> list[str]:
    run = whole.run
    wrong = [] if run.state.is_over else [f"run {run.id} is {run.state.value} and never ended"]
    wrong += [f"act {one.id} of run {run.id} has no outcome" for one in whole.acts if one.outcome is None]
    for target in run.targets:
        wrong += _looked_at_target(world, whole, target, word)
    return wrong


def _looked_at_target(world: World, whole: RunWhole, target: TargetRun, word: str) -> list[str]:
    folder = world.bound[target.asset_id]
    acted, undone = _times(folder / "acted", word), _times(folder / "undone", word)
    where = f"run {whole.run.id} on {target.name}, {target.state.value} ({target.reason.value})"
    wrong = []
    if acted > 1 or undone > 1:
        wrong.append(f"{where}: acted {acted} times, undone {undone} times")
    expected = {
        TargetState.SUCCEEDED: (1, 0),
        TargetState.ROLLED_BACK: (1, 1),
        TargetState.CANCELLED: (0, 0),
        TargetState.FAILED: (1, 0),  # of `hopeless`, which cannot be undone
    }
    if target.state in expected and (acted, undone) != expected[target.state]:
        wrong.append(f"{where}: acted {acted} times, undone {undone} times")
    states = [(one.before, one.after) for one in whole.steps if one.asset_id == target.asset_id]
    if any(earlier[1] != later[0] for earlier, later in pairwise(states)):
        wrong.append(f"{where}: its steps do not follow one another: {states}")
    if not states or states[-1][1] != target.state.value:
        wrong.append(f"{where}: its steps end as {states[-1:]}")
    return wrong


def _times(file: Path, word: str) -> int:
    return file.read_text().split().count(word) if file.exists() else 0


async def _left_over(migrated: Migrated, world: World) -> list[str]:
    """Rows that would make somebody look at a run that is over for ever."""
    owner = await asyncpg.connect(migrated.owner_dsn)
    try:
        found = await owner.fetch(
            "SELECT subject FROM due_work WHERE kind = 'run' AND company_id = $1", world.company_id
        )
    finally:
        await owner.close()
    return [f"run {row['subject']} is still due" for row in found]


if __name__ == "__main__":
    main()
