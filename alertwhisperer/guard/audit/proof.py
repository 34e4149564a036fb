"""
The lines of a company's export: entries with what is needed to compute their links again, and the checkpoint that holds
the last of them, with this company's path to its root. `verify_export.py` reads them, alone.
"""

import hashlib
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from alertwhisperer.domain.company import CompanyId, Scope
from alertwhisperer.guard.audit import checkpoint
from alertwhisperer.guard.audit.chain import genesis
from alertwhisperer.guard.audit.verify_export import FORMAT
from alertwhisperer.store import audit, audit_chain
from alertwhisperer.store.audit import COMPANY_KEY, Envelope, place_of
from alertwhisperer.store.audit_chain import Link
from alertwhisperer.store.database import Database, Unit
from alertwhisperer.store.sealer import OpenKey

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_AT_ONCE = 500


class _Cover(NamedTuple):
    seq: int
    line: dict[str, object]


async def lines(
    database: Database, scope: Scope, since: datetime | None, until: datetime | None
) -> AsyncIterator[bytes]:
    """
    The lines of an export of the scope's company: the header, the entries, the checkpoints.

    Args:
        since, until: entries of [since, until), by their links: those between the first and the last such entry come
            along, or the chain could not be computed. None: from the beginning, to the end.

    Entries that have no link yet are left out.
    """
    company_id = scope.company_id
    chain = {one.company_id: one for one in await audit_chain.chains(database)}.get(company_id)
    dropped = 0 if chain is None else chain.dropped
    before = genesis(company_id) if chain is None or chain.dropped_hash is None else chain.dropped_hash
    first, last = await _range(database, company_id, since, until)
    cover = await _cover(database, company_id, first, last) if first <= last else None
    last = last if cover is None else max(last, cover.seq)
    after = max(first - 1, dropped)
    if after > dropped and (link := await _link(database, company_id, after)) is not None:
        before = link.hash
    yield _line({"format": FORMAT, "company": str(company_id), "after": after, "before": before.hex()})
    batch: list[tuple[int, bytes, Envelope]] = []
    async for link in audit_chain.links(database, company_id, after=after):
        if link.seq > last or link.entry is None:
            break
        batch.append((link.seq, link.hash, link.entry))
        if len(batch) == _AT_ONCE:
            for line in await _opened(database, company_id, batch):
                yield line
            batch = []
    for line in await _opened(database, company_id, batch):
        yield line
    if cover is not None:
        yield _line(cover.line)


async def _range(
    database: Database, company_id: CompanyId, since: datetime | None, until: datetime | None
) -> tuple[int, int]:
    async with database.unit_of_work(Scope(company_id, "export")) as unit:
        return await audit_chain.range_of(unit, since=since, until=until)


async def _link(database: Database, company_id: CompanyId, seq: int) -> Link | None:
    async with database.unit_of_work(Scope(company_id, "export")) as unit:
        return await audit_chain.link_of(unit, seq)


async def _opened(database: Database, company_id: CompanyId, batch: list[tuple[int, bytes, Envelope]]) -> list[bytes]:
    if not batch:
        return []
    async with database.unit_of_work(Scope(company_id, "export")) as unit:
        subjects = {one.subject for _, _, one in batch} | {one.actor_id or COMPANY_KEY for _, _, one in batch}
        keys = await audit.read_keys(unit, subjects)
        return [_line(_entry(unit, seq, digest, entry, keys)) for seq, digest, entry in batch]


def _entry(unit: Unit, seq: int, digest: bytes, entry: Envelope, keys: dict[Any, OpenKey]) -> dict[str, object]:
    return {
        "seq": seq,
        "hash": digest.hex(),
        "id": str(entry.id),
        "at": entry.at.isoformat(),
        "at_us": (entry.at - _EPOCH) // _MICROSECOND,
        "action": entry.action,
        "resource_kind": entry.resource_kind,
        "resource_id": entry.resource_id,
        "actor_kind": entry.actor_kind,
        "actor_id": None if entry.actor_id is None else str(entry.actor_id),
        "incident_id": None if entry.incident_id is None else str(entry.incident_id),
        "trace_id": entry.trace_id,
        "subject": str(entry.subject),
        "who_digest": hashlib.sha256(entry.who).hexdigest(),
        "what_digest": hashlib.sha256(entry.what).hexdigest(),
        "who_commitment": entry.who_commitment.hex(),
        "what_commitment": entry.what_commitment.hex(),
        "who_mark": str(entry.who_mark),
        "what_mark": str(entry.what_mark),
        "who": _shown(unit, entry, keys.get(entry.actor_id or COMPANY_KEY), "who"),
        "what": _shown(unit, entry, keys.get(entry.subject), "what"),
    }


def _shown(unit: Unit, entry: Envelope, key: OpenKey | None, part: str) -> dict[str, str] | None:
    cipher, mark = (entry.who, entry.who_mark) if part == "who" else (entry.what, entry.what_mark)
    if key is None or key.mark != mark:
        return None
    salt, text = unit.sealer.unseal(key, cipher, place_of(entry.company_id, entry.id, part))
    return {"salt": salt.hex(), "text": text.decode()}


async def _cover(database: Database, company_id: CompanyId, first: int, last: int) -> _Cover | None:
    """The first checkpoint that covers link `last`; else the newest, if it covers one from `first` on; else None."""
    link = await _link(database, company_id, last)
    begin = 1
    if link is not None and link.entry is not None:
        begin = await audit_chain.full_before(database, link.entry.at, every=checkpoint.FULL_EVERY)
    heads: dict[CompanyId, tuple[int, bytes]] = {}
    newest = b""
    async for stored in audit_chain.checkpoints(database, after=begin - 1):
        moved = checkpoint.content(stored.document).moved
        heads.update((CompanyId(company), (seq, bytes.fromhex(digest))) for company, seq, digest in moved)
        newest = stored.document
        if company_id in heads and heads[company_id][0] >= last:
            break
    if company_id not in heads or heads[company_id][0] < first:
        return None
    path = [[side, neighbour.hex()] for side, neighbour in checkpoint.path_of(heads, company_id)]
    seq = heads[company_id][0]
    return _Cover(seq, {"checkpoint": checkpoint.without_heads(newest), "seq": seq, "path": path})


def _line(value: dict[str, object]) -> bytes:
    return json.dumps(value, ensure_ascii=False, sort_keys=True).encode() + b"\n"
