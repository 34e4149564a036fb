"""
Links, checkpoints and how far the witnesses are; ids and hashes alone, so these functions look across companies.

A link is written once the entry it holds is committed, by whoever has the company's head at the moment.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg
import msgspec

from alertwhisperer.domain.company import CompanyId, Scope
from alertwhisperer.store.audit import Envelope, envelope_of
from alertwhisperer.store.database import Connection, Database, Unit, queries

_CHECKPOINT_LOCK = 0x6175_6469  # any number that no other lock has
_CARRY_LOCK = 0x6F6C_6400
_AT_ONCE = 1_000
_LOOKED_AT = 10_000  # a fraction of a second's work
_BEFORE_ALL = UUID(int=0)

_sql = queries("audit_chain")


class Head(msgspec.Struct, frozen=True):
    """Where a company's chain stands: the number of its last link, and its hash."""

    company_id: CompanyId
    seq: int
    hash: bytes


class Chain(msgspec.Struct, frozen=True):
    """What is said of a company's chain; links up to `dropped` were dropped by retention, as the document says."""

    company_id: CompanyId
    seq: int
    dropped: int
    dropped_hash: bytes | None
    dropped_document: bytes | None


class NewLink(msgspec.Struct, frozen=True):
    """A link that is to be written."""

    company_id: CompanyId
    seq: int
    entry_id: UUID
    hash: bytes


class Link(msgspec.Struct, frozen=True):
    """A link as it is stored, and the entry that it holds; None when that is gone."""

    seq: int
    entry_id: UUID
    hash: bytes
    entry: Envelope | None


class Unlinked(msgspec.Struct, frozen=True):
    """An entry that no link holds; `waiting` while the chainer knows of it."""

    id: UUID
    at: datetime
    waiting: bool


class StoredCheckpoint(msgspec.Struct, frozen=True):
    """A checkpoint as it was signed."""

    number: int
    at: datetime
    document: bytes


class WitnessState(msgspec.Struct, frozen=True):
    """How far a place outside has got, when it last said something, and what it said when it failed."""

    witness: str
    number: int
    at: datetime
    failure: str


class OldEntry(msgspec.Struct, frozen=True):
    """An entry of the first audit log."""

    id: UUID
    at: datetime
    actor: str
    action: str
    subject: str
    detail: Mapping[str, Any]


async def pending(database: Database) -> dict[CompanyId, datetime]:
    """Companies with entries that no link holds yet, and since when."""
    async with database.across([]) as connection:
        return {CompanyId(row["company_id"]): row["since"] async for row in _sql.pending_companies(connection)}


async def lease(connection: Connection, geneses: Mapping[CompanyId, bytes]) -> dict[CompanyId, Head]:
    """
    The heads of some companies, held until the transaction ends, without those that another process has.

    Args:
        geneses: of each company that is wanted, what the first link of its chain follows.
    """
    held = await _lock_heads(connection, list(geneses))
    fresh = sorted(geneses.keys() - held.keys())
    if fresh:  # no head yet, or another process has it
        await _sql.insert_heads(connection, companies=fresh, geneses=[geneses[one] for one in fresh])
        held |= await _lock_heads(connection, fresh)
    return held


async def take_pending(connection: Connection, companies: Sequence[CompanyId], *, limit: int) -> list[Envelope]:
    """Entries of companies to link now, in order; they wait no more once the transaction commits."""
    return [envelope_of(row) async for row in _sql.take_pending(connection, companies=list(companies), limit=limit)]


async def append(connection: Connection, links: Sequence[NewLink]) -> None:
    """Write links, in order, and move each company's head to its last."""
    await _sql.insert_links(
        connection,
        companies=[link.company_id for link in links],
        seqs=[link.seq for link in links],
        entries=[link.entry_id for link in links],
        hashes=[link.hash for link in links],
    )
    last = {link.company_id: link for link in links}
    await _sql.move_heads(
        connection,
        companies=list(last),
        seqs=[link.seq for link in last.values()],
        hashes=[link.hash for link in last.values()],
    )


async def may_checkpoint(connection: Connection) -> bool:
    """Whether this transaction alone makes the next checkpoint."""
    got: bool = await _sql.lock_checkpoints(connection, key=_CHECKPOINT_LOCK)
    return got


async def heads(connection: Connection) -> list[Head]:
    """Every company's head, by company."""
    return [Head(CompanyId(row["company_id"]), row["seq"], row["hash"]) async for row in _sql.select_heads(connection)]


async def last_checkpoint(connection: Connection) -> StoredCheckpoint | None:
    """The newest one."""
    row = await _sql.last_checkpoint(connection)
    return None if row is None else StoredCheckpoint(row["number"], row["at"], row["document"])


async def add_checkpoint(connection: Connection, checkpoint: StoredCheckpoint) -> None:
    """Store one."""
    await _sql.insert_checkpoint(connection, number=checkpoint.number, at=checkpoint.at, document=checkpoint.document)


async def checkpoints(database: Database, *, after: int = 0) -> AsyncIterator[StoredCheckpoint]:
    """Checkpoints after a number, oldest first."""
    while True:
        async with database.across([]) as connection:
            rows = [row async for row in _sql.select_checkpoints(connection, after=after, limit=_AT_ONCE)]
        for row in rows:
            yield StoredCheckpoint(row["number"], row["at"], row["document"])
        if len(rows) < _AT_ONCE:
            return
        after = rows[-1]["number"]


async def chains(database: Database) -> list[Chain]:
    """Every chain there is, by company."""
    async with database.across([]) as connection:
        return [
            Chain(
                CompanyId(row["company_id"]), row["seq"], row["dropped"], row["dropped_hash"], row["dropped_document"]
            )
            async for row in _sql.select_companies(connection)
        ]


async def links(database: Database, company_id: CompanyId, *, after: int = 0) -> AsyncIterator[Link]:
    """A company's links after a number with their entries, in order, a thousand at a time."""
    while True:
        async with database.unit_of_work(Scope(company_id, "verifier")) as unit:
            rows = [
                row
                async for row in _sql.select_linked(unit.connection, company_id=company_id, after=after, limit=_AT_ONCE)
            ]
        for row in rows:
            yield _link(row)
        if len(rows) < _AT_ONCE:
            return
        after = rows[-1]["seq"]


async def unlinked(database: Database, company_id: CompanyId) -> AsyncIterator[Unlinked]:
    """Entries that no link holds, oldest first."""
    after: UUID | None = _BEFORE_ALL
    while after is not None:
        async with database.unit_of_work(Scope(company_id, "verifier")) as unit:
            rows = [
                row
                async for row in _sql.select_unlinked(
                    unit.connection, company_id=company_id, after=after, limit=_LOOKED_AT
                )
            ]
        for row in rows:
            if not row["linked"]:
                yield Unlinked(row["id"], row["at"], row["waiting"])
        after = rows[-1]["id"] if rows else None


async def witness_state(connection: Connection, witness: str) -> WitnessState | None:
    """How far a place has got; None when it has nothing yet."""
    row = await _sql.read_witness(connection, witness=witness)
    return None if row is None else WitnessState(witness, row["number"], row["at"], row["failure"])


async def witness_states(database: Database) -> list[WitnessState]:
    """How far each place has got."""
    async with database.across([]) as connection:
        return [
            WitnessState(row["witness"], row["number"], row["at"], row["failure"])
            async for row in _sql.select_witnesses(connection)
        ]


async def put_witness(database: Database, state: WitnessState) -> None:
    """Remember how far a place has got, or why it failed."""
    async with database.across([]) as connection:
        await _sql.put_witness(
            connection, witness=state.witness, number=state.number, at=state.at, failure=state.failure
        )


async def hold_carrying(unit: Unit) -> bool:
    """Whether this transaction alone carries old entries over."""
    got: bool = await _sql.hold_carrying(unit.connection, key=_CARRY_LOCK)
    return got


async def old_entries(unit: Unit, *, limit: int) -> list[OldEntry]:
    """Entries of the first log that are not in the present one yet, oldest first."""
    rows = _sql.select_old(unit.connection, company_id=unit.company_id, limit=limit)
    return [OldEntry(**dict(row)) async for row in rows]


async def range_of(unit: Unit, *, since: datetime | None, until: datetime | None) -> tuple[int, int]:
    """Numbers of the first and the last link of a time; (1, 0) when there is none."""
    row = await _sql.select_range(unit.connection, company_id=unit.company_id, since=since, until=until)
    return row["first"], row["last"]


async def last_before(unit: Unit, moment: datetime) -> int:
    """Number of the link up to which every entry is older than a moment; 0 when none is."""
    found: int = await _sql.last_before(unit.connection, company_id=unit.company_id, moment=moment)
    return found


async def link_of(unit: Unit, seq: int) -> Link | None:
    """One link and its entry; None when there is none of this number."""
    rows = _sql.select_linked(unit.connection, company_id=unit.company_id, after=seq - 1, limit=1)
    found = [_link(row) async for row in rows]
    return found[0] if found and found[0].seq == seq else None


async def drop_upto(unit: Unit, seq: int, document: bytes) -> int:
    """Drop a chain's entries up to a link, keep its hash and what says so; gives how many went. Needs the owner."""
    gone: int = await _sql.drop_upto(unit.connection, company_id=unit.company_id, seq=seq, document=document)
    return gone


async def forget_carried(unit: Unit) -> int:
    """Take away what was carried over from the first log; gives how many entries went. Needs the owner."""
    gone: int = await _sql.forget_carried(unit.connection, company_id=unit.company_id)
    return gone


async def full_before(database: Database, moment: datetime, *, every: int) -> int:
    """Number of the newest checkpoint up to a moment of those, one in `every`, that say all heads; 1 when none is."""
    async with database.across([]) as connection:
        found: int = await _sql.full_before(connection, moment=moment, every=every)
    return found


async def _lock_heads(connection: Connection, companies: Sequence[CompanyId]) -> dict[CompanyId, Head]:
    rows = _sql.lock_heads(connection, companies=list(companies))
    return {CompanyId(row["company_id"]): Head(row["company_id"], row["seq"], row["hash"]) async for row in rows}


def _link(row: asyncpg.Record) -> Link:
    return Link(row["seq"], row["entry_id"], row["hash"], None if row["id"] is None else envelope_of(row))
