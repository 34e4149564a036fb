"""
Follows what changes in the database, once for each process, and wakes whoever watches over a WebSocket.

Watchers are told which things changed. Those who want it are told what incidents are now as well: such rows are read
once for each look, in a transaction that sees the companies where something changed, and the text that is made of them
is shared by all lines. A slow watcher holds back nobody: what it has not taken yet is kept by id, and past a size it is
told to begin anew.
"""

import asyncio
import json
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from functools import cached_property
from uuid import UUID

from alertwhisperer.domain.company import CompanyId
from alertwhisperer.domain.live import IMPLIED, Change, ChangeKind
from alertwhisperer.kit.clock import Clock
from alertwhisperer.kit.ids import uuid7
from alertwhisperer.store import live
from alertwhisperer.store.database import Database

LOOK_S = 0.1
"""So a watcher hears at most ten times a second, however much happens."""
FORGET_S = 60.0

_KEPT = timedelta(minutes=15)
"""How long a watcher may be away and go on where it was."""
_AT_ONCE = 5_000
_MOST_PENDING = 2_000
_MOST_ROWS = 200
"""Rows of one company that one look reads; whoever watches asks for more than that at the list's door."""
_MOST_ROWS_IN_ALL = 1_000

Named = tuple[CompanyId, UUID]
"""A thing: whose it is, and its id, which another company may have as well."""
ReadRows = Callable[[Mapping[CompanyId, Sequence[UUID]]], Awaitable[Mapping[Named, str]]]
"""What things of some companies are now, as JSON; one that nobody may see is left out."""

_UNSEEN = ""


class Told:
    """
    Things of one kind of one company that changed; shared by whoever is told of them, so nobody changes it.

    Args:
        rows: what each is now, as JSON: None when it was not read, empty when there is nothing to see. No things at
            all: of this kind something changed that is not named.
    """

    def __init__(self, company_id: CompanyId, kind: ChangeKind, rows: Mapping[UUID, str | None]) -> None:
        self.company_id = company_id
        self.kind = kind
        self.rows = rows

    def before(self, later: "Told") -> "Told":
        """Both as one; of a thing that is in both, what came later."""
        return Told(self.company_id, self.kind, {**self.rows, **later.rows})

    @cached_property
    def plain(self) -> str:
        """As the line says it, with ids alone."""
        ids = ",".join(f'"{one}"' for one in sorted(map(str, self.rows)))
        return f'{{"kind":"{self.kind.word}","company_id":"{self.company_id}","ids":[{ids}]}}'

    @cached_property
    def whole(self) -> str:
        """As the line says it, with rows; null for those when not all were read."""
        known = [row for row in self.rows.values() if row is not None]
        rows = f"[{','.join(filter(None, known))}]" if self.rows and len(known) == len(self.rows) else "null"
        return f'{self.plain[:-1]},"rows":{rows}}}'


class Watcher:
    """
    One watcher's share of what changed.

    Attributes:
        companies, kinds: what it is told of; the door sets them anew when rights change.
        with_rows: whether it is told what things are now, besides which; likewise.
    """

    def __init__(
        self, companies: Collection[CompanyId], kinds: Collection[ChangeKind], *, with_rows: bool = False
    ) -> None:
        self.companies = frozenset(companies)
        self.kinds = frozenset(kinds)
        self.with_rows = with_rows
        self._pending: dict[tuple[CompanyId, ChangeKind], Told] = {}
        self._size = 0
        self._anew = False
        self._woken = asyncio.Event()

    def hears(self, company_id: CompanyId, kind: ChangeKind) -> bool:
        """Whether it is told of this."""
        return company_id in self.companies and kind in self.kinds

    def tell(self, told: Told) -> None:
        """Something changed; kept if it concerns this watcher."""
        if not self.hears(told.company_id, told.kind) or self._anew:
            return
        key = (told.company_id, told.kind)
        missed = self._pending.get(key)
        self._pending[key] = told if missed is None else missed.before(told)
        self._size += len(self._pending[key].rows) - (0 if missed is None else len(missed.rows))
        if self._size > _MOST_PENDING:
            self.begin_anew()
        self._woken.set()

    def begin_anew(self) -> None:
        """It has missed too much: what it shows must be read anew."""
        self._pending, self._size, self._anew = {}, 0, True
        self._woken.set()

    async def wait(self, seconds: float) -> bool:
        """Whether there is something to take, within this time."""
        try:
            await asyncio.wait_for(self._woken.wait(), seconds)
        except TimeoutError:
            return False
        return True

    def take(self) -> tuple[Sequence[Told], bool]:
        """What changed since it last took and it still may hear, and whether to begin anew instead."""
        told = [one for (company_id, kind), one in self._pending.items() if self.hears(company_id, kind)]
        anew = self._anew
        self._pending, self._size, self._anew = {}, 0, False
        self._woken.clear()
        return told, anew


class Hub:
    """
    Where a process's watchers are told of changes; `follow` is its share of the timed work.

    Args:
        readers: how things of a kind are read; of other kinds watchers are told ids alone.
    """

    def __init__(self, database: Database, clock: Clock, readers: Mapping[ChangeKind, ReadRows] | None = None) -> None:
        self._database = database
        self._clock = clock
        self._readers = dict(readers or {})
        self._watchers: set[Watcher] = set()
        self._epoch: UUID | None = None
        self._snapshot = ""

    @property
    def place(self) -> str:
        """Where a watcher that has taken everything goes on, in this process or in another."""
        return f"{self._epoch}.{self._snapshot}"

    async def follow(self) -> None:
        """Look once, if anybody watches."""
        if not self._watchers or self._epoch is None:
            return
        watchers = tuple(self._watchers)  # whoever comes meanwhile looks for itself
        looked = await live.look(self._database, self._snapshot, limit=_AT_ONCE)
        if not looked.whole or looked.epoch != self._epoch:
            await self._begin()
            for watcher in self._watchers:
                watcher.begin_anew()
            return
        told = await self._read(_together(looked.changes), watchers)
        self._snapshot = looked.place  # only now: a place that was said must have been told of up to there
        for one in told:
            for watcher in watchers:
                watcher.tell(one)

    async def forget(self) -> None:
        """Drop changes that nobody may go on from any more."""
        await live.forget(self._database, before=self._clock.now() - _KEPT)

    @asynccontextmanager
    async def watching(self, watcher: Watcher, place: str | None) -> AsyncIterator[None]:
        """
        Tell a watcher of changes while the block lasts.

        Args:
            place: where it was before; None: from now on. One that is too old, or none of ours, begins anew.
        """
        if not self._watchers or self._epoch is None:
            await self._begin()
        self._watchers.add(watcher)
        try:
            if place is not None:
                await self._catch_up(watcher, place)
            yield
        finally:
            self._watchers.discard(watcher)

    async def _begin(self) -> None:
        self._epoch = await live.epoch(self._database, uuid7(self._clock.now()))
        self._snapshot = await live.place(self._database)

    async def _catch_up(self, watcher: Watcher, place: str) -> None:
        epoch, _, snapshot = place.partition(".")
        oldest = await live.oldest(self._database)
        if epoch != str(self._epoch) or not live.is_place(snapshot) or live.is_before(snapshot, oldest):
            watcher.begin_anew()
            return
        looked = await live.look(self._database, snapshot, limit=_AT_ONCE)
        if not looked.whole:
            watcher.begin_anew()
        for told in _together(looked.changes):
            watcher.tell(told)  # without rows: read here, they could be older than what it was told meanwhile

    async def _read(self, told: Sequence[Told], watchers: Iterable[Watcher]) -> list[Told]:
        """The same with what the things are now, where anybody wants to know and they are not too many."""
        wanting = [one for one in watchers if one.with_rows]
        left = _MOST_ROWS_IN_ALL
        wanted: dict[ChangeKind, list[Told]] = defaultdict(list)
        for one in told:
            heard = any(watcher.hears(one.company_id, one.kind) for watcher in wanting)
            if heard and one.kind in self._readers and len(one.rows) <= min(left, _MOST_ROWS):
                wanted[one.kind].append(one)
                left -= len(one.rows)
        read: dict[Told, Told | None] = dict.fromkeys(told)
        for kind, some in wanted.items():
            found = await self._readers[kind]({one.company_id: list(one.rows) for one in some})
            for one in some:
                rows = {thing: found.get((one.company_id, thing), _UNSEEN) for thing in one.rows}
                read[one] = Told(one.company_id, kind, rows)
        return [with_rows or one for one, with_rows in read.items()]


def message(told: Iterable[Told], *, place: str, at: str, with_rows: bool) -> str:
    """What a line says of changes; its parts are made once for all lines."""
    changes = ",".join(one.whole if with_rows else one.plain for one in told)
    return f'{{"type":"changes","place":{json.dumps(place)},"at":"{at}","changes":[{changes}]}}'


def _together(changes: Iterable[Change]) -> list[Told]:
    """All changes of one kind of one company as one, and after them what they imply."""
    ids: dict[tuple[CompanyId, ChangeKind], dict[UUID, None]] = defaultdict(dict)
    for change in changes:
        ids[change.company_id, change.kind].update(dict.fromkeys(change.ids))
    for company_id, kind in tuple(ids):
        for implied in IMPLIED.get(kind, ()):
            ids.setdefault((company_id, implied), {})
    return [Told(company_id, kind, rows) for (company_id, kind), rows in ids.items()]
