"""Whether all that was answered is there, and what it took to keep it: asked of the database itself, as its owner."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

import asyncpg

from alertwhisperer.app.build import House
from alertwhisperer.domain.company import CompanyId, Scope
from alertwhisperer.ingest.gateway import sender_hash
from alertwhisperer.store import ledger

_SIZES = """
SELECT coalesce(parent.relname, c.relname) AS name, sum(pg_total_relation_size(c.oid))::bigint AS bytes
FROM pg_class c
LEFT JOIN pg_inherits i ON i.inhrelid = c.oid
LEFT JOIN pg_class parent ON parent.oid = i.inhparent
WHERE c.relkind IN ('r', 'm') AND c.relnamespace = 'public'::regnamespace
GROUP BY 1
ORDER BY 1
LIMIT 1000
"""


@dataclass(frozen=True, slots=True)
class Stand:
    """What there was at a moment: `deliveries` rows, WAL written since ever, bytes by table with its indexes."""

    deliveries: int
    wal: int
    tables: dict[str, int]

    @property
    def bytes(self) -> int:
        """Of all tables."""
        return sum(self.tables.values())


@dataclass(frozen=True, slots=True)
class Verdict:
    """
    What the books say at the end.

    Attributes:
        totals: the ledger's counters over all companies.
        wrong: what does not agree; empty when all is well.
    """

    totals: dict[str, int]
    wrong: tuple[str, ...]


async def stand(owner_dsn: str) -> Stand:
    """Look, once nothing is being written any more."""
    connection = await asyncpg.connect(owner_dsn, timeout=10)
    try:
        deliveries = await _settled(connection)
        wal = await connection.fetchval("SELECT pg_current_wal_insert_lsn() - '0/0'::pg_lsn")
        rows = await connection.fetch(_SIZES)
    finally:
        await connection.close()
    return Stand(deliveries, int(wal), {row["name"]: row["bytes"] for row in rows})


async def server_version(owner_dsn: str) -> str:
    """Of the database, with the settings that durability rests on."""
    connection = await asyncpg.connect(owner_dsn, timeout=10)
    try:
        names = ("server_version", "fsync", "synchronous_commit", "full_page_writes", "shared_buffers", "max_wal_size")
        told = [f"{name} {await connection.fetchval('SELECT current_setting($1)', name)}" for name in names]
        return ", ".join(told).removeprefix("server_version ")
    finally:
        await connection.close()


async def checkpoint(owner_dsn: str) -> None:
    """Write out what was changed, so that the runs that follow do not pay for what was loaded before them."""
    connection = await asyncpg.connect(owner_dsn, timeout=10)
    try:
        await connection.execute("CHECKPOINT")
    finally:
        await connection.close()


async def missing(owner_dsn: str, sender_ids: Sequence[str]) -> int:
    """How many of the acknowledged deliveries are not there, by their senders' ids."""
    digests = [UUID(bytes=sender_hash(one, verified=True)) for one in sender_ids]
    connection = await asyncpg.connect(owner_dsn, timeout=10)
    try:
        found: int = await connection.fetchval(
            "SELECT count(*) FROM delivery_key k JOIN delivery d ON d.company_id = k.company_id"
            " AND d.id = k.delivery_id WHERE k.sender = ANY ($1::uuid[])",
            digests,
        )
    finally:
        await connection.close()
    return len(digests) - found


async def verify(house: House, companies: Sequence[CompanyId]) -> Verdict:
    """`ledger verify` for each company, and the sums of what nobody should have been refused."""
    sums: dict[str, int] = {}
    wrong: list[str] = []
    for company_id in companies:
        async with house.database.unit_of_work(Scope(company_id, "bench"), snapshot=True) as unit:
            totals = await ledger.totals(unit)
            verified = await ledger.verify(unit)
        for name in totals.__struct_fields__:
            sums[name] = sums.get(name, 0) + getattr(totals, name)
        wrong += [f"{company_id}: {one.name} counted {one.counted}, found {one.found}" for one in verified.differences]
    for name in ("deliveries_duplicate", "deliveries_refused", "rejected", "quarantined", "pending"):
        if sums.get(name):
            wrong.append(f"{name} is {sums[name]}, not 0")
    return Verdict(sums, tuple(wrong))


async def _settled(connection: asyncpg.Connection[asyncpg.Record]) -> int:
    """The number of deliveries, when it no longer grows: requests that a run cut off may still be written."""
    before = -1
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        count: int = await connection.fetchval("SELECT count(*) FROM delivery")
        if count == before:
            return count
        before = count
        await connection.execute("SELECT pg_sleep(0.2)")
    raise RuntimeError("deliveries are still being written half a minute after the last request")
