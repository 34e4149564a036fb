"""
Proves the audit log, or names where it stops being what outside checkpoints say it was.

Nothing that the database says of itself is believed: every link is computed again from its entry, and compared with the
checkpoints that lie outside. What was written after the newest of them is covered by none, and said to be. However long
the log is, a thousand entries of it are in memory.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID

import msgspec

from alertwhisperer.domain.audit import AuditAction
from alertwhisperer.domain.company import INSTALLATION, CompanyId, Scope
from alertwhisperer.domain.errors import Invalid
from alertwhisperer.guard.audit import cut
from alertwhisperer.guard.audit.chain import genesis, link_hash
from alertwhisperer.guard.audit.cut import Cut
from alertwhisperer.guard.audit.fault import Fault, FaultKind
from alertwhisperer.guard.audit.witnessed import Place, Points, Witnessed, read_witnesses
from alertwhisperer.store import audit, audit_chain
from alertwhisperer.store.audit import COMPANY_KEY, EntryFilter, Envelope
from alertwhisperer.store.audit_chain import Chain, Link
from alertwhisperer.store.database import Database

GRACE = timedelta(seconds=30)
"""An entry may wait this long for its link before that is a fault of its own."""


class Uncovered(msgspec.Struct, frozen=True):
    """Entries of a company that no outside checkpoint covers yet."""

    company_id: CompanyId
    first: int
    last: int


class Verdict(msgspec.Struct, frozen=True):
    """
    What a verification found.

    Attributes:
        faults: the first of each chain, and those of the checkpoints; none: nothing is other than it was witnessed.
        checkpoints: how many outside documents were read, over `places` places.
        companies, entries: how many chains and links were computed again.
        uncovered: what no outside checkpoint covers yet.
        unlinked: entries that wait for their link.
        unread: places that could not be read, and why.
    """

    faults: tuple[Fault, ...]
    checkpoints: int
    places: int
    companies: int
    entries: int
    uncovered: tuple[Uncovered, ...]
    unlinked: int
    unread: Mapping[str, str]

    @property
    def is_proved(self) -> bool:
        """Whether something outside vouches for the log, and nothing speaks against it."""
        return not self.faults and (self.checkpoints > 0 or not self.entries)


async def verify(
    database: Database,
    public_keys: Sequence[str],
    places: Sequence[Place],
    *,
    only: CompanyId | None = None,
    now: datetime,
) -> Verdict:
    """
    Verify every chain, or one company's.

    Args:
        public_keys: of the checkpoints, in hexadecimal, those of before included; from anywhere but the database.
        places: what keeps the checkpoints.
        now: aware UTC.
    """
    brought = {state.witness: state.number for state in await audit_chain.witness_states(database)}
    witnessed = await read_witnesses(places, public_keys)
    faults = list(witnessed.faults) + _emptied(brought, witnessed)
    stored = {chain.company_id: chain for chain in await audit_chain.chains(database)}
    faults += _whole(stored, witnessed, await _last_number(database))
    lost_before = _installation_kept_from(stored, public_keys)
    entries, unlinked, uncovered = 0, 0, []
    for company_id, chain in sorted(stored.items()):
        if only is not None and company_id != only:
            continue
        walk = _Walk(company_id, witnessed.points.get(company_id, Points()))
        fault = await _fault_of(database, chain, walk, public_keys, lost_before, now=now)
        entries += walk.links
        unlinked += walk.waiting
        if fault is not None:
            faults.append(fault)
        elif walk.seq > walk.covered:
            uncovered.append(Uncovered(company_id, walk.covered + 1, walk.seq))
    companies = len(stored) if only is None else int(only in stored)
    return Verdict(
        tuple(faults),
        witnessed.read,
        len(places),
        companies,
        entries,
        tuple(uncovered),
        unlinked,
        witnessed.unread,
    )


def _emptied(brought: Mapping[str, int], witnessed: Witnessed) -> list[Fault]:
    """Places that lack what they had confirmed. The database's word counts against the log here, never for it."""
    return [
        Fault(FaultKind.CHECKPOINT_MISSING, f"{name} kept checkpoints up to {brought[name]}, and now up to {reached}")
        for name, reached in witnessed.reached.items()
        if brought.get(name, 0) > reached
    ]


async def _last_number(database: Database) -> int:
    async with database.across([]) as connection:
        last = await audit_chain.last_checkpoint(connection)
    return 0 if last is None else last.number


def _whole(stored: Mapping[CompanyId, Chain], witnessed: Witnessed, last: int) -> list[Fault]:
    faults = []
    if last < witnessed.last:
        faults.append(
            Fault(
                FaultKind.DATABASE_ROLLED_BACK,
                f"the database knows checkpoints up to {last}, outside there are {witnessed.last}: it is an older one",
            )
        )
    for company_id in sorted(witnessed.points.keys() - stored.keys()):
        faults.append(Fault(FaultKind.COMPANY_REMOVED, "a company's whole chain is gone", company_id))
    return faults


def _installation_kept_from(stored: Mapping[CompanyId, Chain], public_keys: Sequence[str]) -> datetime | None:
    """Before when the installation's log, in which erasures stand, may have been dropped; None: it is whole."""
    chain = stored.get(INSTALLATION)
    if chain is None or chain.dropped_document is None:
        return None
    try:
        return cut.read(chain.dropped_document, *public_keys).keep_from
    except Invalid:
        return None  # a fault of that chain, which is told of there


class _Walk:
    """How far one chain was computed again, and what was met on the way."""

    def __init__(self, company_id: CompanyId, points: Points) -> None:
        self.company_id = company_id
        self.points = points
        self.seq = 0
        self.digest = genesis(company_id)
        self.covered = 0
        self.links = 0
        self.waiting = 0
        self.sealed: dict[tuple[UUID, UUID], datetime] = {}  # (subject, mark of its key): when it last sealed something
        self._met = 0

    def begin_after(self, seq: int, digest: bytes) -> Fault | None:
        """Begin where retention cut; a fault when that was never witnessed."""
        self._met = self.points.upto(seq)
        if self._met == 0 or self.points[self._met - 1][0] != seq:
            return self.wrong(FaultKind.CHAIN_CUT, "the chain was cut where no checkpoint covers it", seq)
        if self.points[self._met - 1][1] != digest:
            return self.wrong(FaultKind.HISTORY_REWRITTEN, "what the chain was cut at is not what was witnessed", seq)
        self.seq, self.digest, self.covered = seq, digest, seq
        return None

    def take(self, link: Link) -> Fault | None:
        """Compute the next link again, and compare."""
        entry = link.entry
        if link.seq != self.seq + 1:
            what = f"after link {self.seq} comes {link.seq}"
            return self.wrong(FaultKind.LINK_MISSING, what, self.seq + 1, link.seq - 1)
        if entry is None:
            what = f"the entry of link {link.seq} is gone"
            return Fault(FaultKind.ENTRY_DELETED, what, self.company_id, link.seq, None, link.entry_id)
        if link_hash(self.digest, link.seq, entry) != link.hash:
            what = f"the entry of link {link.seq} is not the one that was linked"
            return Fault(FaultKind.ENTRY_CHANGED, what, self.company_id, link.seq, None, link.entry_id, entry.at)
        self.seq, self.digest = link.seq, link.hash
        self.links += 1
        self._note_keys(entry)
        return self._compare()

    def end(self) -> Fault | None:
        """There are no more links."""
        if self._met < len(self.points):
            last, _ = self.points[len(self.points) - 1]
            what = f"the chain ends at {self.seq}, and was witnessed up to {last}"
            return self.wrong(FaultKind.CHAIN_CUT, what, self.seq + 1, last)
        return None

    def wrong(self, kind: FaultKind, what: str, seq: int, until: int | None = None) -> Fault:
        """A fault of this chain."""
        return Fault(kind, what, self.company_id, seq, until)

    def _compare(self) -> Fault | None:
        if self._met == len(self.points):
            return None
        seq, digest = self.points[self._met]
        if seq != self.seq:
            return None
        if digest != self.digest:
            what = f"the chain was computed anew: links {self.covered + 1} to {seq} are not what was witnessed"
            return self.wrong(FaultKind.HISTORY_REWRITTEN, what, self.covered + 1, seq)
        self.covered = seq
        self._met += 1
        return None

    def _note_keys(self, entry: Envelope) -> None:
        for key in ((entry.actor_id or COMPANY_KEY, entry.who_mark), (entry.subject, entry.what_mark)):
            self.sealed[key] = max(entry.at, self.sealed.get(key, entry.at))


async def _fault_of(
    database: Database,
    chain: Chain,
    walk: _Walk,
    public_keys: Sequence[str],
    lost_before: datetime | None,
    *,
    now: datetime,
) -> Fault | None:
    """The first thing that is wrong with a chain."""
    if chain.dropped:
        fault = _check_cut(chain, walk, public_keys) or walk.begin_after(chain.dropped, chain.dropped_hash or b"")
        if fault is not None:
            return fault
    async for link in audit_chain.links(database, chain.company_id, after=chain.dropped):
        fault = walk.take(link)
        if fault is not None:
            return fault
    return (
        walk.end()
        or await _check_unlinked(database, walk, now=now)
        or await _check_keys(database, walk, lost_before=lost_before)
    )


def _check_cut(chain: Chain, walk: _Walk, public_keys: Sequence[str]) -> Fault | None:
    said: Cut | None = None
    if chain.dropped_document is not None:
        try:
            said = cut.read(chain.dropped_document, *public_keys)
        except Invalid:
            said = None
    told = None if said is None else (said.company, said.seq, said.hash)
    if told != (chain.company_id, chain.dropped, (chain.dropped_hash or b"").hex()):
        return walk.wrong(FaultKind.CHAIN_CUT, "its beginning is gone, and no signed statement says so", chain.dropped)
    return None


async def _check_unlinked(database: Database, walk: _Walk, *, now: datetime) -> Fault | None:
    first: Fault | None = None
    async for one in audit_chain.unlinked(database, walk.company_id):
        if one.waiting and now - one.at <= GRACE:
            walk.waiting += 1
        elif first is None:
            kind = FaultKind.LINK_MISSING if one.waiting else FaultKind.ENTRY_INSERTED
            what = "an entry has waited too long for its link" if one.waiting else "an entry is in no chain"
            first = Fault(kind, what, walk.company_id, None, None, one.id, one.at)
    return first


async def _check_keys(database: Database, walk: _Walk, *, lost_before: datetime | None) -> Fault | None:
    """What is sealed can be read, or an erasure in the log says why not: a key that went by itself is a deletion."""
    async with database.unit_of_work(Scope(walk.company_id, "verifier")) as unit:
        marks = await audit.marks(unit, {subject for subject, _ in walk.sealed})
    for (subject, mark), newest in sorted(walk.sealed.items()):
        if marks.get(subject) == mark or (lost_before is not None and newest < lost_before):
            continue
        if not await _was_erased(database, walk.company_id, subject, since=newest - GRACE):
            whose = "the company" if subject == COMPANY_KEY else f"person {subject}"
            what = f"what the entries say of {whose} cannot be read any more, and no erasure was recorded"
            return Fault(FaultKind.KEY_DESTROYED, what, walk.company_id, at=newest)
    return None


async def _was_erased(database: Database, company_id: CompanyId, subject: UUID, *, since: datetime) -> bool:
    erasures: list[tuple[AuditAction, UUID]] = [(AuditAction.COMPANY_ERASED, company_id)]
    if subject != COMPANY_KEY:
        erasures.append((AuditAction.PERSON_ERASED, subject))
    async with database.unit_of_work(Scope(INSTALLATION, "verifier")) as unit:
        for action, erased in erasures:
            wanted = EntryFilter(action=action, resource_id=str(erased), since=since)
            if await audit.envelopes(unit, limit=1, wanted=wanted):
                return True
    return False
