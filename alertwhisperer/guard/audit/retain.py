"""
Drops audit entries that are older than they must be kept, where an outside checkpoint vouches for what they were.

A chain is only ever cut at a witnessed link; its hash stays under a signature, so the rest verifies from there. The
application's role can drop nothing: this is done as the database's owner.
"""

from datetime import datetime

import msgspec

from alertwhisperer.domain.audit import AuditAction, Resource
from alertwhisperer.domain.company import CompanyId, Scope
from alertwhisperer.domain.errors import Conflicting
from alertwhisperer.guard.audit import cut
from alertwhisperer.guard.audit.checkpoint import SigningKey
from alertwhisperer.guard.audit.witnessed import Points, Witnessed
from alertwhisperer.store import audit, audit_chain
from alertwhisperer.store.audit_chain import Chain
from alertwhisperer.store.database import Connection, Database, Unit, enter


class Retained(msgspec.Struct, frozen=True):
    """How many entries of a company were dropped, and up to which link."""

    company_id: CompanyId
    entries: int
    upto: int


async def retain(
    database: Database,
    owner: Connection,
    key: SigningKey,
    by: Scope,
    witnessed: Witnessed,
    *,
    keep_from: datetime,
    now: datetime,
) -> tuple[Retained, ...]:
    """
    Drop what is older than `keep_from`, up to the last witnessed link of each company before it.

    Args:
        owner: a connection as the database's owner.
        witnessed: what was read from outside, just now.

    Raises:
        Conflicting: what is outside does not agree with itself, or not with the database; that chain, and those after
            it, stay as they are.
    """
    if witnessed.faults or witnessed.unread:
        why = witnessed.faults[0].what if witnessed.faults else next(iter(witnessed.unread.values()))
        raise Conflicting(
            f"the outside checkpoints cannot be relied on: {why}",
            where="witnesses",
            mend="run `alertwhisperer audit verify` and mend what it finds first",
        )
    told = []
    for chain in await audit_chain.chains(database):
        points = witnessed.points.get(chain.company_id, Points())
        async with owner.transaction():
            await enter(owner, [chain.company_id])
            unit = database.unit(owner, by.at(chain.company_id))
            dropped = await _drop(unit, chain, points, key, keep_from=keep_from, now=now)
        if dropped is not None:
            told.append(dropped)
    return tuple(told)


def cut_at(points: Points, last: int, dropped: int) -> int | None:
    """The last witnessed link up to `last` that is not dropped yet; None when there is none."""
    place = points.upto(last)
    if place == 0 or points[place - 1][0] <= dropped:
        return None
    return points[place - 1][0]


async def _drop(
    unit: Unit, chain: Chain, points: Points, key: SigningKey, *, keep_from: datetime, now: datetime
) -> Retained | None:
    seq = cut_at(points, await audit_chain.last_before(unit, keep_from), chain.dropped)
    if seq is None:
        return None
    link = await audit_chain.link_of(unit, seq)
    if link is None or (seq, link.hash) != points[points.upto(seq) - 1]:
        raise Conflicting(
            f"link {seq} of company {chain.company_id} is not the one that was witnessed",
            where="company",
            mend="run `alertwhisperer audit verify`",
        )
    document = cut.sign(key, chain.company_id, seq, link.hash, keep_from=keep_from, at=now)
    entries = await audit_chain.drop_upto(unit, seq, document)
    detail = {"entries": entries, "upto": seq, "keep_from": keep_from.isoformat()}
    resource = Resource("company", str(chain.company_id))
    await audit.write(unit, AuditAction.AUDIT_RETAINED, resource, detail, now=now)
    return Retained(chain.company_id, entries, seq)
