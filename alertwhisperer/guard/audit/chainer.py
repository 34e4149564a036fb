"""
Links audit entries after they are committed, so that no act ever waits for a chain's head.

Any number of processes may run it: the heads of some companies are leased for one transaction, in which entries leave
the waiting list and get their links. A process that dies in between leaves both as they were.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta

from alertwhisperer.domain.company import CompanyId
from alertwhisperer.guard.audit.chain import genesis, link_hash
from alertwhisperer.kit.clock import Clock
from alertwhisperer.store import audit_chain
from alertwhisperer.store.audit import Envelope
from alertwhisperer.store.audit_chain import Head, NewLink
from alertwhisperer.store.database import Database

_COMPANIES_AT_ONCE = 200  # so that many companies with an entry each cost few statements
_ENTRIES_AT_ONCE = 500  # what is hashed before others on the loop get their turn


async def link_pending(database: Database, clock: Clock) -> timedelta:
    """
    Link what waits.

    Returns:
        How long the oldest entry had waited when this began; over some seconds is an alarm.
    """
    waiting = await audit_chain.pending(database)
    began = clock.now()
    companies = sorted(waiting)
    for begin in range(0, len(companies), _COMPANIES_AT_ONCE):
        some = companies[begin : begin + _COMPANIES_AT_ONCE]
        while await _link_some(database, some) == _ENTRIES_AT_ONCE:
            pass
    oldest = min(waiting.values(), default=None)
    return timedelta(0) if oldest is None else max(began - oldest, timedelta(0))


async def _link_some(database: Database, companies: Sequence[CompanyId]) -> int:
    async with database.across(companies) as connection:
        heads = await audit_chain.lease(connection, {company_id: genesis(company_id) for company_id in companies})
        if not heads:
            return 0
        entries = await audit_chain.take_pending(connection, list(heads), limit=_ENTRIES_AT_ONCE)
        links = linked(heads, entries)
        if links:
            await audit_chain.append(connection, links)
        return len(links)


def linked(heads: Mapping[CompanyId, Head], entries: Iterable[Envelope]) -> list[NewLink]:
    """The links of entries, which come in the order of their ids, each after the last of its company's chain."""
    at = {company_id: (head.seq, head.hash) for company_id, head in heads.items()}
    links = []
    for entry in entries:
        seq, digest = at[entry.company_id]
        digest = link_hash(digest, seq + 1, entry)
        at[entry.company_id] = (seq + 1, digest)
        links.append(NewLink(entry.company_id, seq + 1, entry.id, digest))
    return links
