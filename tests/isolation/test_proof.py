"""
`prove-isolation` finds nothing where both walls stand, and finds what is wrong where one does not.

Every filter: `python -m tests.isolation.proof_mutants`; here one of each kind.
"""

from __future__ import annotations

from collections.abc import Iterator

import asyncpg
import pytest

from tests.database import Migrated, any_server, run_apart
from tests.isolation.proof_mutants import MUTANTS, found, judged, outcome


@pytest.fixture(scope="module")
def made() -> Iterator[Migrated]:
    with any_server() as server:
        database = run_apart(server.create())
        try:
            yield database
        finally:
            run_apart(server.drop(database))


def test_where_both_walls_stand_nothing_is_found(made: Migrated) -> None:
    told = outcome(made, None)
    assert found(told) == []
    assert int(str(told["doors"])) > 120
    assert int(str(told["opened"])) > 40, "a door that opens to nobody proves nothing"
    assert int(str(told["tables"])) > 35


def test_a_filter_that_nothing_stands_behind_is_missed_by_nobody(made: Migrated) -> None:
    assert judged(MUTANTS[0], made) == "found"


def test_a_filter_with_a_wall_behind_it_is_stopped_by_that_wall(made: Migrated) -> None:
    assert judged(MUTANTS[1], made) == "stopped"


async def test_a_policy_that_somebody_took_from_the_real_database_is_found(made: Migrated) -> None:
    owner = await asyncpg.connect(made.owner_dsn)
    try:
        await owner.execute("ALTER TABLE contact NO FORCE ROW LEVEL SECURITY")
        await owner.execute("DROP POLICY own_company ON alert")
        findings = found(outcome(made, None))
    finally:
        await owner.close()
    assert {(wall, where) for wall, where, _ in findings} == {("policy", "alert"), ("policy", "contact")}
