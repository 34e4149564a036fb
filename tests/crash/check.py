"""What must hold after any number of crashes, read from the rows themselves and from the ledger."""

import re
from collections import Counter
from collections.abc import Sequence
from uuid import UUID

import asyncpg

from alertwhisperer.app.build import House
from alertwhisperer.correlate.replay import replay
from alertwhisperer.domain.company import CompanyId, Scope
from alertwhisperer.store import ledger
from tests.crash.load import Load

_MARKER = re.compile(rb"marker ([0-9a-f]{32}) member")


async def ledger_holds(house: House, companies: Sequence[CompanyId]) -> list[str]:
    """Differences between the counters and the rows, of one moment each; empty when the ledger is exact."""
    wrong = []
    for company_id in companies:
        async with house.database.unit_of_work(Scope(company_id, "test"), snapshot=True) as unit:
            verified = await ledger.verify(unit)
        wrong += [f"ledger of {company_id}: {one}" for one in verified.differences]
    return wrong


async def nothing_lost(house: House, load: Load) -> list[str]:
    """What was acknowledged and is not there exactly once, or was sent and is there twice."""
    connection = await asyncpg.connect(house.owner_dsn)
    try:
        rows = await connection.fetch("SELECT id, received, body FROM delivery")
        stored = {row["id"]: row for row in rows}
        spread = await connection.fetch(
            "SELECT (left(replace(id::text, '-', ''), 25))::text AS family, count(*) FROM occurrence GROUP BY 1"
        )
    finally:
        await connection.close()
    members = {row["family"]: row["count"] for row in spread}
    by_marker: Counter[str] = Counter()
    for row in rows:
        found = _MARKER.search(row["body"])
        if found is not None:
            by_marker[found[1].decode()] += 1
    wrong = []
    for sent in load.acknowledged:
        assert sent.delivery_id is not None
        there = stored.get(sent.delivery_id)
        if there is None:
            wrong.append(f"acknowledged and lost: {sent.delivery_id}")
        elif there["received"] != sent.members or members.get(_family(sent.delivery_id)) != sent.members:
            wrong.append(f"acknowledged with {sent.members} members: {sent.delivery_id} has another number")
    for sent in load.sent:
        if by_marker[sent.marker] > 1:
            wrong.append(f"doubled: {sent.marker} is there {by_marker[sent.marker]} times after {sent.tries} tries")
    return wrong


async def replays(house: House, companies: Sequence[CompanyId]) -> list[str]:
    """Occurrences whose decision a replay of the log does not reproduce."""
    wrong = []
    for company_id in companies:
        async with house.database.unit_of_work(Scope(company_id, "test"), snapshot=True) as unit:
            found = await replay(unit)
        wrong += [f"replay of {company_id}: {one}" for one in found.differences]
    return wrong


def _family(delivery_id: UUID) -> str:
    """The first 100 bits, which a delivery shares with its occurrences (kit/ids.py)."""
    return delivery_id.hex[:25]
