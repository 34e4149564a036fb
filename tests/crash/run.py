"""
Kills the server and its database at random instants under load, and checks that nothing was lost or doubled.

    python -m tests.crash.run --count 200 --database-count 20 --seed 1

Server and database are the product as shipped: `alertwhisperer serve` with its embedded PostgreSQL. After each kill the
server is started again; clients with ids of their own send again until they are answered. Beside the companies' own
tools an MSP-wide one sends for all of them, while its customers are mapped and moved.
"""

import argparse
import asyncio
import os
import signal
import sys
import time
from pathlib import Path
from random import Random

import asyncpg

from alertwhisperer.app.build import House
from alertwhisperer.domain.company import INSTALLATION, CompanyId
from alertwhisperer.domain.errors import Temporary
from tests.crash.check import ledger_holds, nothing_lost, replays
from tests.crash.load import Load, client
from tests.crash.shared import Msp, each_in_one_place, hand_over, mapper, new_msp, ninja
from tests.places import open_place
from tests.server import Sender, Server, house_of, in_folder, new_company, new_sender

_CLIENTS = 12
_NINJAS = 3  # clients of the MSP-wide tool
_COMPANIES = 3
_TRIES = 200
_LOOK_EVERY = 10  # kills between two looks at the ledger while everything runs
_LONGEST_LIFE_S = 0.8  # of a server between two kills, spread evenly from nothing


def main() -> None:
    """Run from the command line; exits with 1 when anything did not hold."""
    parser = argparse.ArgumentParser(description=__doc__.strip().splitlines()[0] if __doc__ else "")
    parser.add_argument("--count", type=int, default=200, help="kills of the server")
    parser.add_argument("--database-count", type=int, default=None, help="kills of the database; a tenth by default")
    parser.add_argument("--seed", type=int, default=None)
    given = parser.parse_args()
    seed = given.seed if given.seed is not None else int.from_bytes(os.urandom(4), "big")
    database_count = given.database_count if given.database_count is not None else max(given.count // 10, 1)
    wrong = asyncio.run(crash(given.count, database_count, seed))
    for one in wrong[:50]:
        print(f"  {one}")
    sys.exit(1 if wrong else 0)


async def crash(count: int, database_count: int, seed: int) -> list[str]:
    """
    One run.

    Args:
        count: SIGKILLs of the server; database_count: of PostgreSQL's first process.

    Returns:
        What did not hold, in words; empty when all did.
    """
    print(f"crash: {count} kills of the server, {database_count} of the database, seed {seed}", flush=True)
    chance, load, began = Random(seed), Load(), time.monotonic()
    kills = [False] * count + [True] * database_count
    chance.shuffle(kills)
    with open_place("aw-crash-") as folder:
        place = in_folder(folder / "data")
        server = Server(place)
        await asyncio.to_thread(server.start)
        try:
            async with house_of(place) as house:
                companies, senders = await _people(house)
                msp = await new_msp(house, companies)
                wrong = await _storm(server, house, companies, senders, load, msp, kills, chance, folder / "data")
                await hand_over(house, msp)
                everyone = [*companies, INSTALLATION]
                wrong += await ledger_holds(house, everyone)
                wrong += await nothing_lost(house, load)
                wrong += await each_in_one_place(house, msp)
                wrong += await replays(house, everyone)
        finally:
            await asyncio.to_thread(server.stop)
            server.forget_log()
    wrong += [f"unexpected answer {one}" for one in (*load.unexpected, *msp.unexpected)]
    members = sum(one.members for one in load.acknowledged)
    print(
        f"crash: {len(kills)} kills, {len(load.sent)} deliveries sent, {len(load.acknowledged)} acknowledged with "
        f"{members} occurrences, {len(msp.sent)} activities of the MSP's customers; {len(wrong)} wrong; seed {seed}; "
        f"{time.monotonic() - began:.0f} s",
        flush=True,
    )
    return wrong


async def _people(house: House) -> tuple[list[CompanyId], list[Sender]]:
    companies, senders = [], []
    for number in range(_COMPANIES):
        company = await new_company(house, f"Company {number}")
        companies.append(company.id)
        senders.append(await new_sender(house, company.id, "generic", require_signature=True))
    return companies, senders


async def _storm(
    server: Server,
    house: House,
    companies: list[CompanyId],
    senders: list[Sender],
    load: Load,
    msp: Msp,
    kills: list[bool],
    chance: Random,
    data_dir: Path,
) -> list[str]:
    stop, wrong = asyncio.Event(), []
    clients = [
        asyncio.create_task(client(server.url, senders, load, Random(chance.random()), stop)) for _ in range(_CLIENTS)
    ]
    clients += [asyncio.create_task(ninja(server.url, msp, Random(chance.random()), stop)) for _ in range(_NINJAS)]
    clients.append(asyncio.create_task(mapper(house, msp, Random(chance.random()), stop)))
    for number, is_database in enumerate(kills, start=1):
        await asyncio.sleep(chance.random() * _LONGEST_LIFE_S)
        if is_database:
            _kill_database(data_dir)
        else:
            await asyncio.to_thread(server.kill)
            await asyncio.to_thread(server.start)
        if number % _LOOK_EVERY == 0:
            wrong += await _look(house, [*companies, INSTALLATION])
            print(f"crash: {number} of {len(kills)}, {len(load.acknowledged)} acknowledged", flush=True)
    await asyncio.sleep(_LONGEST_LIFE_S)
    stop.set()
    await asyncio.gather(*clients)
    return wrong


async def _look(house: House, companies: list[CompanyId]) -> list[str]:
    """The ledger while everything runs; the database may just be coming back."""
    for _ in range(_TRIES):
        try:
            return await ledger_holds(house, companies)
        except (Temporary, OSError, asyncpg.PostgresError):
            await asyncio.sleep(0.1)
    return ["the database did not come back"]


def _kill_database(data_dir: Path) -> None:
    """SIGKILL to PostgreSQL's first process; the keeper brings it back."""
    try:
        pid = int((data_dir / "postgres" / "postmaster.pid").read_text().splitlines()[0])
        os.kill(pid, signal.SIGKILL)
    except (FileNotFoundError, ProcessLookupError, IndexError):
        pass  # it is between a death and its restart


if __name__ == "__main__":
    main()
