"""What tests of runs need: a world of folders, at a clock that stands still."""

from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest

from alertwhisperer.kit.clock import ManualClock
from alertwhisperer.store.database import Database
from tests.conftest import Tenant
from tests.database import Migrated, migrated_database
from tests.remediate.world import World


@pytest.fixture(scope="session")
def migrated() -> Iterator[Migrated]:
    """A database that only these tests' workers look at: they do whatever is due, whosever it is."""
    with migrated_database() as made:
        yield made


@pytest.fixture(autouse=True)
async def _nothing_due(migrated: Migrated) -> None:
    """What an earlier test left due is not this one's."""
    owner = await asyncpg.connect(migrated.owner_dsn)
    await owner.execute("TRUNCATE due_work, kill_switch_for_all, freeze_for_all")
    await owner.close()


@pytest.fixture
def world(database: Database, clock: ManualClock, tenant: Tenant, tmp_path: Path) -> World:
    """A company of this test alone, with no targets and no runbooks yet."""
    return World(database, clock, tenant.id, tmp_path)
