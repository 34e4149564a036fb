"""A process that is killed (kill -9) over a report leaves it to another, which makes it once."""

import signal
import subprocess
import sys

from alertwhisperer.kit.clock import ManualClock
from alertwhisperer.reports.making import LEASE, make_next
from alertwhisperer.reports.printing import print_file
from alertwhisperer.store.database import Database
from tests.api.conftest import Doors, path_of
from tests.conftest import MASTER, Tenant
from tests.database import Migrated

_VICTIM = """
import asyncio, sys
from datetime import datetime
from alertwhisperer.guard.audit.sealing import AuditSealer
from alertwhisperer.guard.vault import Vault
from alertwhisperer.kit.clock import ManualClock
from alertwhisperer.reports.making import make_next
from alertwhisperer.store.database import Database

async def begin(facts, form):
    print("begun", flush=True)
    await asyncio.sleep(600)

async def main():
    dsn, master, now = sys.argv[1:]
    database = Database(dsn, AuditSealer(Vault(bytes.fromhex(master))))
    await database.open()
    await make_next(database, begin, clock=ManualClock(datetime.fromisoformat(now)))

asyncio.run(main())
"""


async def test_a_killed_process_leaves_its_report_to_the_next(
    doors: Doors, database: Database, tenant: Tenant, clock: ManualClock, migrated: Migrated
) -> None:
    while await make_next(database, print_file, clock=clock):
        pass  # what other tests left
    path = path_of(tenant.id, "reports")
    asked = await doors.technician.post(path, {"period": "last_week", "format": "csv"}, 201)
    victim = subprocess.Popen(
        [sys.executable, "-c", _VICTIM, migrated.app_dsn, MASTER.hex(), clock.now().isoformat()],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert victim.stdout is not None
    assert victim.stdout.readline() == "begun\n"
    victim.send_signal(signal.SIGKILL)
    victim.wait()
    victim.stdout.close()

    assert not await make_next(database, print_file, clock=clock)  # the dead one's lease
    clock.advance(LEASE)
    assert await make_next(database, print_file, clock=clock)
    assert (await doors.technician.get(f"{path}/{asked['id']}"))["status"] == "made"
    entries = (await doors.company_admin.get(path_of(tenant.id, "audit"), resource_id=asked["id"]))["items"]
    assert sorted(one["action"] for one in entries) == ["report_asked", "report_made"]
