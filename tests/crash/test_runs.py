"""A SIGKILL at any instant of a run: every act at most once, every run comes to an end. `make crash` does more."""

from collections.abc import Iterator

import pytest

from tests.crash.runs import crash
from tests.database import Migrated, migrated_database


@pytest.fixture(scope="module")
def own_database() -> Iterator[Migrated]:
    """A database that no other worker looks at."""
    with migrated_database() as made:
        yield made


async def test_every_act_happens_once_at_most_and_every_run_ends(own_database: Migrated) -> None:
    assert await crash(own_database, 12, seed=7) == []
