"""
Takes every tenant predicate of `store/` out, one at a time, and proves both walls of the isolation apart.

    python -m tests.isolation.mutants

The wall of the database: as the application's role a statement without the predicate gives and does what it did with
it. The wall of the code: where row-level security does not bind, the statement as written still passes, and each one
without a predicate is caught, because it shows, counts or changes what is the twin company's.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import asyncpg

from tests.database import any_server
from tests.isolation.doors import doors
from tests.isolation.ids import Twins
from tests.isolation.probe import Case, Probe, Seen, cases
from tests.isolation.statements import Mutant, Statement, statements
from tests.isolation.twins import make_twins, table_names

# Predicates that say what another one of the same row source says already. Each pair of them is taken out as well, and
# must be caught: so they are twice there, not missing.
SAID_TWICE: Mapping[str, str] = {
    "gate.sql pass_of": "integration and company are tied to each other and each to the parameter; any two suffice",
}
# Tables that hold ids only are exempt from row-level security (tests/store/test_isolation_catalogue.py says why), so
# the code's predicate is their only wall.
ONE_WALL: Mapping[str, str] = {
    "due.sql done": "due_work holds ids and times; any worker may see that something is due",
    "due.sql done_by_lease": "likewise",
    "due.sql postpone": "likewise",
    "due.sql put_off": "likewise",
    "due.sql times": "likewise",
    "due.sql ahead": "likewise",
    "due.sql hasten": "likewise",
    "audit_chain.sql lock_heads": "heads and links hold ids and hashes; chainer and verifier look across companies",
    "audit_chain.sql move_heads": "likewise",
    "audit_chain.sql take_pending": "audit_pending holds ids; the entries themselves are behind the policy",
    "audit_chain.sql select_linked": "likewise",
    "audit_chain.sql select_unlinked": "likewise",
    "audit_chain.sql select_range": "likewise",
    "audit_chain.sql last_before": "likewise",
}


@dataclass
class Result:
    """What came of a run; `survived` and `broken` are empty when both walls stand."""

    tried: int = 0
    twice: list[str] = field(default_factory=list)
    survived: list[str] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)


def mutants() -> Iterator[Mutant]:
    """Each statement without one of its predicates."""
    for statement in statements():
        for place in range(len(statement.predicates)):
            yield Mutant(statement, (place,))


async def run(owner_dsn: str, app_dsn: str) -> Result:
    """
    Try all mutants on a migrated, empty database.

    Args:
        owner_dsn: of an owner that row-level security does not bind.
    """
    owner = await asyncpg.connect(owner_dsn, timeout=10)
    app = await asyncpg.connect(app_dsn, timeout=10)
    try:
        bypasses = await owner.fetchval("SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user")
        assert bypasses, "the owner must bypass row-level security, or only one wall can be seen"
        twins = await make_twins(owner)
        tables = await table_names(owner)
        walls = _Walls(Probe(app, twins, tables), Probe(owner, twins, tables), twins)
        result = Result()
        for statement in statements():
            await walls.try_statement(statement, result)
        await doors(owner, twins, result.lines, result.survived)
        return result
    finally:
        await app.close()
        await owner.close()


class _Walls:
    """The two probes: bound by row-level security, and free of it."""

    def __init__(self, bound: Probe, free: Probe, twins: Twins) -> None:
        self._bound = bound
        self._free = free
        self._cases = cases(twins)
        self._untouched: dict[str, Seen] = {}

    async def try_statement(self, statement: Statement, result: Result) -> None:
        """The statement as written, then without each of its predicates."""
        count = len(statement.predicates)
        if not count:
            return
        written = [(case, await self._bound.see(statement, statement.text, case)) for case in self._cases]
        for case, seen in written:
            free = await self._free.see(statement, statement.text, case)
            if free != seen:
                result.broken.append(f"{statement.label} as written, {case.name}: leans on row-level security")
        if all(_failed(seen) for _, seen in written):
            result.broken.append(f"{statement.label}: the probe cannot run it: {written[0][1].given}")
        for place in range(count):
            await self._try(Mutant(statement, (place,)), written, result)

    async def _try(self, mutant: Mutant, written: list[tuple[Case, Seen]], result: Result) -> None:
        result.tried += 1
        caught = await self._caught(mutant, written)
        label = mutant.statement.label
        if label in SAID_TWICE and caught is None:
            pairs = [Mutant(mutant.statement, (mutant.places[0], other)) for other in self._others(mutant)]
            caught = next(iter([found for one in pairs if (found := await self._caught(one, written))]), None)
            if caught is not None:
                caught = f"said twice; with another one out: {caught}"
                result.twice.append(mutant.label)
        holds = label in ONE_WALL or await self._held(mutant, written)
        result.lines.append(f"{'caught' if caught else 'SURVIVED'}: {mutant.label} ({caught})")
        if caught is None:
            result.survived.append(mutant.label)
        if not holds:
            result.broken.append(f"{mutant.label}: row-level security did not hold")

    @staticmethod
    def _others(mutant: Mutant) -> list[int]:
        return [place for place in range(len(mutant.statement.predicates)) if place not in mutant.places]

    async def _caught(self, mutant: Mutant, written: list[tuple[Case, Seen]]) -> str | None:
        """In which case the mutant is seen where row-level security does not bind."""
        for case, seen in written:
            found = await self._free.see(mutant.statement, mutant.text, case)
            if found != seen:
                return f"{_what(seen, found)} with {case.name}"
        return None

    async def _held(self, mutant: Mutant, written: list[tuple[Case, Seen]]) -> bool:
        """Whether the mutant gives and does as the statement does where row-level security binds."""
        for case, seen in written:
            if await self._bound.see(mutant.statement, mutant.text, case) != seen:
                return False
        return True


def _failed(seen: Seen) -> bool:
    return "Error: " in seen.given.split(" ", 1)[0] + " "


def _what(seen: Seen, found: Seen) -> str:
    if _failed(found) and not _failed(seen):
        return f"fails ({found.given[:40]})"
    if found.theirs != seen.theirs:
        return "changes the other's rows"
    return "gives something else" if found.given != seen.given else "changes our rows otherwise"


async def on_a_fresh_database() -> Result:
    """Make a database on the tests' server, try all mutants there, and drop it."""
    with any_server() as server:
        database = await server.create()
        try:
            return await run(database.owner_dsn, database.app_dsn)
        finally:
            await server.drop(database)


def main() -> int:
    """Run from the command line; 1 when a wall does not stand."""
    began = time.monotonic()
    result = asyncio.run(on_a_fresh_database())
    print("\n".join(result.lines))
    for label, why in {**SAID_TWICE, **ONE_WALL}.items():
        print(f"by itself: {label}: {why}")
    for one in result.broken:
        print(f"BROKEN: {one}")
    for one in result.survived:
        print(f"SURVIVED: {one}")
    print(
        f"mutants: {result.tried} predicates taken out of store/, {len(result.twice)} of them said twice;"
        f" {len(result.survived)} survived, {len(result.broken)} broken; {time.monotonic() - began:.0f} s"
    )
    return 1 if result.survived or result.broken else 0


if __name__ == "__main__":
    sys.exit(main())
