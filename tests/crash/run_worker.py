"""A process that does nothing but carry out runs, to be killed at any instant (tests/crash/runs.py)."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from uuid import UUID

from alertwhisperer.domain.company import CompanyId
from alertwhisperer.domain.runbook import Blast, Phase, Runbook
from alertwhisperer.guard.audit.sealing import AuditSealer
from alertwhisperer.guard.vault import Vault
from alertwhisperer.kit.clock import SystemClock
from alertwhisperer.store.database import Database
from tests.conftest import MASTER
from tests.remediate.world import World, runbook

LEASE = timedelta(seconds=0.7)
"""Short, so that what a killed worker had in hand is soon somebody else's; it is renewed every 0.2 s or is lost."""
_LOOK_S = 0.02

_ACT = b'echo "$AW_WORD" >>acted; sleep 0.0%d; touch "on-$AW_WORD"'
_VERIFY = b'sleep 0.02; test -e "on-$AW_WORD"'
_FAILING = b"sleep 0.01; exit 1"
_UNDO = b'echo "$AW_WORD" >>undone; sleep 0.03; rm -f "on-$AW_WORD"'
_BLAST = Blast(at_once=2, stop_at_failed_pct=100, most_targets=10)


def shelf() -> Mapping[str, Runbook]:
    """Two that help and two that do not, quick and slow; each act says on its target which run it was."""
    made = [
        _of("quick", {Phase.ACT: _ACT % 1, Phase.VERIFY: _VERIFY}),
        _of("slow", {Phase.ACT: _ACT % 9, Phase.VERIFY: _VERIFY}),
        _of("useless", {Phase.ACT: _ACT % 2, Phase.VERIFY: _FAILING}),
        _of("hopeless", {Phase.ACT: _ACT % 2, Phase.VERIFY: _FAILING, Phase.UNDO: b""}),
    ]
    return {one.slug: one for one in made}


def _of(slug: str, scripts: Mapping[Phase, bytes]) -> Runbook:
    common = {Phase.PRECHECK: b"sleep 0.01", Phase.SNAPSHOT: b"echo before", Phase.UNDO: _UNDO}
    return runbook(slug, scripts={**common, **scripts}, timeout_s=10, blast=_BLAST)


@dataclass(frozen=True, slots=True)
class Job:
    """What a worker is told, across the process boundary."""

    app_dsn: str
    company_id: UUID
    root: str
    bound: Mapping[UUID, str]
    credential_id: UUID

    def world(self, database: Database) -> World:
        """The world as the parent has it."""
        made = World(database, SystemClock(), CompanyId(self.company_id), Path(self.root))
        made.shelf = dict(shelf())
        made.bound = {asset_id: Path(folder) for asset_id, folder in self.bound.items()}
        made.credential_id = self.credential_id
        made.lease = LEASE
        return made


def work(job: Job) -> None:
    """Carry out whatever is due, until somebody kills this process."""
    asyncio.run(_work(job))


async def _work(job: Job) -> None:
    database = Database(job.app_dsn, AuditSealer(Vault(MASTER)))
    await database.open()
    worker = job.world(database).worker()
    while True:
        await worker.run_due()
        await asyncio.sleep(_LOOK_S)
