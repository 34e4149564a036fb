"""Reads incidents, their members and what was done to them; forming ones stay unseen."""

from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal, TypeAlias
from uuid import UUID

import asyncpg
import msgspec

from alertwhisperer.domain.attention import Attention, Group, GroupWord, SortWord, StateWord, group_of, state_of
from alertwhisperer.domain.company import CompanyId
from alertwhisperer.domain.severity import Severity
from alertwhisperer.domain.state import IncidentStatus
from alertwhisperer.store.alerts import earlier
from alertwhisperer.store.database import Connection, Unit, queries

_sql = queries("incidents")

Word: TypeAlias = Literal["open", "acknowledged", "resolved", "merged"]

_STATUSES: Mapping[Word, IncidentStatus] = {
    "open": IncidentStatus.OPEN,
    "acknowledged": IncidentStatus.OPEN,
    "resolved": IncidentStatus.RESOLVED,
    "merged": IncidentStatus.MERGED,
}
_OPEN_STATUSES, _DONE_STATUSES = {IncidentStatus.OPEN}, {IncidentStatus.RESOLVED, IncidentStatus.MERGED}
_ATTENTIONS: Mapping[Group, frozenset[Attention]] = {
    Group.NEEDS_ACK: frozenset({Attention.UNTAKEN}),
    Group.WORKING: frozenset({Attention.TAKEN}),
    Group.WAITING: frozenset(Attention),  # what is all clear waits, whoever took it
    Group.DONE: frozenset(),
}
_NOT_BEFORE = -timedelta.resolution
_DEPTH = 500  # alerts of an incident whose tools and assets are named; keeps a page of large incidents bounded
_MOST_ASSETS = 100
_MOST_NUMBER = 2**63 - 1
_MOST_EVENTS = 200  # of each kind in a timeline


class IncidentRow(msgspec.Struct, frozen=True):
    """
    An incident as doors show it.

    Attributes:
        number: what people say on the phone; of the installation.
        severity: the worst seen.
        alert_count: alerts in it; occurrence_count: their firing occurrences; firing: alerts that fire now.
        approvals: questions about it that wait for a decision.
        tools, assets: of its newest alerts, sorted; at most 100 assets.
        activity_at: the last time anything of it fired or ended, aware UTC, as all times here.
        resolved_at: also set where it resolved before it was merged.
        snoozed_by: None when it is not snoozed; snoozed_until: None when only its clearing ends the snooze.
        hold_s: how long all of it must be clear before it closes.
    """

    id: UUID
    company_id: CompanyId
    number: int
    title: str
    rule_id: str
    rule_name: str
    rules_version: int
    aggregation_key: str
    opened_at: datetime
    acknowledged_at: datetime | None
    acknowledged_by: str | None
    assignee: str | None
    resolved_by: str | None
    merged_into: UUID | None
    split_from: UUID | None
    snoozed_by: str | None
    snoozed_at: datetime | None
    snoozed_until: datetime | None
    status: IncidentStatus
    attention: Attention
    severity: Severity
    resolved_at: datetime | None
    activity_at: datetime
    firing: int
    alert_count: int
    occurrence_count: int
    hold_s: int
    approvals: int
    tools: tuple[str, ...] = ()
    assets: tuple[str, ...] = ()

    @property
    def word(self) -> Word:
        """Its state for people; an open one that a person took is `acknowledged`."""
        match self.status:
            case IncidentStatus.RESOLVED:
                return "resolved"
            case IncidentStatus.MERGED:
                return "merged"
        return "open" if self.acknowledged_at is None else "acknowledged"

    @property
    def group(self) -> GroupWord:
        """The question of a shift that it answers."""
        return group_of(self.status, self.attention, firing=self.firing).word

    @property
    def state(self) -> StateWord:
        """Where it stands, more exactly than `word`."""
        return state_of(self.status, self.attention, firing=self.firing, approvals=self.approvals)

    @property
    def clear_since(self) -> datetime | None:
        """Since when nothing of it fires, while it is open."""
        return self.activity_at if self.status is IncidentStatus.OPEN and self.firing <= 0 else None

    @property
    def closes_at(self) -> datetime | None:
        """When it closes unless something fires again; None while something fires."""
        since = self.clear_since
        return None if since is None else since + timedelta(seconds=self.hold_s)


class Event(msgspec.Struct, frozen=True):
    """Something that a person or a timer did to an incident; `facts` is the act's JSON, or a comment's text."""

    id: UUID
    at: datetime
    kind: str
    actor: str
    facts: str


@dataclass(frozen=True, slots=True)
class Place:
    """
    An incident's place in a list, after which the next page begins.

    Attributes:
        rank: by attention, the severity of an open one and 0 of one that is done; 0 in other orders.
    """

    rank: int
    id: UUID


@dataclass(frozen=True, slots=True)
class IncidentFilter:
    """
    Which incidents; what is None or empty takes all.

    Attributes:
        unowned: only those that are nobody's.
        tools: slugs of sources, of which one at least said something.
        text: words, each in the title, the key or an asset; or the incident's number.
        ids: of these alone.
        start, finish: of the time it opened, `finish` excluded, as in the next two pairs.
        resolved_start, resolved_finish: of the time it was resolved.
        acknowledged_start, acknowledged_finish: of the time it was acknowledged.
        waited: it was acknowledged later than so long after it opened.
    """

    words: tuple[Word, ...] = ()
    groups: tuple[Group, ...] = ()
    severities: tuple[Severity, ...] = ()
    assignee: str | None = None
    unowned: bool = False
    tools: tuple[str, ...] = ()
    text: str = ""
    ids: tuple[UUID, ...] | None = None
    start: datetime | None = None
    finish: datetime | None = None
    resolved_start: datetime | None = None
    resolved_finish: datetime | None = None
    acknowledged_start: datetime | None = None
    acknowledged_finish: datetime | None = None
    waited: timedelta | None = None


@dataclass(frozen=True, slots=True)
class Counts:
    """
    How many incidents there are.

    Attributes:
        groups: open ones by group; severities: open ones by severity.
        unowned, mine: open ones that are nobody's, and the asker's.
        critical_needs_ack: critical ones that nobody has taken.
        done: resolved since the moment asked for.
    """

    groups: Counter[Group] = field(default_factory=Counter)
    severities: Counter[Severity] = field(default_factory=Counter)
    unowned: int = 0
    mine: int = 0
    critical_needs_ack: int = 0
    done: int = 0


async def page(
    unit: Unit, wanted: IncidentFilter, *, limit: int, sort: SortWord = "newest", after: Place | None = None
) -> list[IncidentRow]:
    """Incidents of the unit's company; `after` is the place of the last one of the page before."""
    return await page_of(unit.connection, [unit.company_id], wanted, limit=limit, sort=sort, after=after)


async def page_of(
    connection: Connection,
    companies: Sequence[CompanyId],
    wanted: IncidentFilter,
    *,
    limit: int,
    sort: SortWord = "newest",
    after: Place | None = None,
) -> list[IncidentRow]:
    """Incidents of some companies, which `connection` sees; `after` is the place of the last one of the page before."""
    found = await _find(connection, companies, wanted, limit=limit, sort=sort, after=after)
    return _in_order(found, await among_of(connection, [(company_id, place.id) for company_id, place in found]))


async def read(unit: Unit, incident_id: UUID) -> IncidentRow | None:
    """One incident; None when the company has none with this id, or it is still forming."""
    found = await among(unit, [incident_id])
    return found[0] if found else None


async def among(unit: Unit, ids: Sequence[UUID]) -> list[IncidentRow]:
    """Some incidents by their ids, newest first."""
    return await among_of(unit.connection, [(unit.company_id, one) for one in ids])


async def among_of(connection: Connection, wanted: Sequence[tuple[CompanyId, UUID]]) -> list[IncidentRow]:
    """Some incidents by whose they are and their ids, newest first; `connection` sees the companies."""
    if not wanted:
        return []
    companies, ids = [one[0] for one in wanted], [one[1] for one in wanted]
    rows = [row async for row in _sql.rows(connection, companies=companies, ids=ids, limit=len(wanted))]
    members = {
        row["incident_id"]: (tuple(row["tools"]), tuple(row["assets"][:_MOST_ASSETS]))
        async for row in _sql.members(connection, companies=companies, incident_ids=ids, depth=_DEPTH)
    }
    return [_incident(row, *members.get(row["id"], ((), ()))) for row in rows]


async def _find(
    connection: Connection,
    companies: Sequence[CompanyId],
    wanted: IncidentFilter,
    *,
    limit: int,
    sort: SortWord = "newest",
    after: Place | None = None,
) -> list[tuple[CompanyId, Place]]:
    """
    Which incidents of some companies come next in an order, and whose they are.

    Args:
        sort: `attention`: open ones worst first, of one severity the oldest first; then what is done, newest first.
        after: the place of the last one of the page before.
    """
    if sort == "attention":
        return await _by_attention(connection, companies, wanted, limit, after)
    last = None if after is None else after.id
    sifted = {**_sifted(companies, wanted), "limit": limit, "attentions": _attentions(wanted)}
    is_open = set(_statuses(wanted)) <= _OPEN_STATUSES
    if sort == "newest":
        statement = _sql.open_newest if is_open else _sql.newest
        return await _places(statement(connection, **sifted, before=earlier(last, wanted.finish), after=None))
    statement = _sql.open_oldest if is_open else _sql.oldest
    return await _places(statement(connection, **sifted, before=earlier(None, wanted.finish), after=last))


async def _by_attention(
    connection: Connection,
    companies: Sequence[CompanyId],
    wanted: IncidentFilter,
    limit: int,
    after: Place | None,
) -> list[tuple[CompanyId, Place]]:
    """Open ones first, then as many of those that are done as are left of the limit."""
    found: list[tuple[CompanyId, Place]] = []
    statuses = set(_statuses(wanted))
    if statuses & _OPEN_STATUSES and (after is None or after.rank > 0):
        rows = _sql.open_by_attention(
            connection,
            **_sifted(companies, wanted),
            limit=limit,
            attentions=_attentions(wanted),
            rank=None if after is None else after.rank,
            after=None if after is None else after.id,
        )
        found += await _places(rows)
    if statuses & _DONE_STATUSES and len(found) < limit:
        last = after.id if after is not None and after.rank == 0 else None
        sifted = {**_sifted(companies, wanted), "statuses": sorted(statuses & _DONE_STATUSES)}
        done = _sql.newest(connection, **sifted, limit=limit - len(found), before=earlier(last, wanted.finish))
        found += await _places(done)
    return found


async def _places(rows: AsyncIterator[asyncpg.Record]) -> list[tuple[CompanyId, Place]]:
    return [(CompanyId(row["company_id"]), Place(row["rank"], row["id"])) async for row in rows]


def _in_order(found: Sequence[tuple[CompanyId, Place]], rows: Sequence[IncidentRow]) -> list[IncidentRow]:
    by_id = {row.id: row for row in rows}
    return [by_id[place.id] for _, place in found if place.id in by_id]


def place_of(row: IncidentRow, sort: SortWord) -> Place:
    """A row's place in an order, for the cursor of the next page."""
    is_ranked = sort == "attention" and row.status is IncidentStatus.OPEN
    return Place(int(row.severity) if is_ranked else 0, row.id)


async def count(
    connection: Connection, companies: Sequence[CompanyId], wanted: IncidentFilter, *, me: str, done_since: datetime
) -> Counts:
    """
    How many incidents of some companies there are; `connection` sees them.

    Args:
        me: e-mail of whoever asks.
    """
    sifted = _sifted(companies, wanted)
    groups: Counter[Group] = Counter()
    severities: Counter[Severity] = Counter()
    whose: Counter[int] = Counter()
    urgent = 0
    async for part, severity, owner, amount in _sql.counts(connection, **sifted, me=me):
        groups[Group(part)] += amount
        severities[Severity(severity)] += amount
        whose[owner] += amount
        urgent += amount if (part, severity) == (Group.NEEDS_ACK, Severity.CRITICAL) else 0
    done: int = await _sql.count_done(connection, **sifted, since=done_since)
    return Counts(groups, severities, whose[0], whose[1], urgent, done)


async def of_number(
    connection: Connection, companies: Sequence[CompanyId], number: int
) -> tuple[CompanyId, UUID] | None:
    """The incident of a number among some companies' and whose it is; `connection` is of `Database.across` these."""
    row = await _sql.of_number(connection, company_ids=list(companies), number=number)
    return None if row is None else (CompanyId(row["company_id"]), row["id"])


async def acts(unit: Unit, incident_id: UUID) -> list[Event]:
    """What people and timers did to it, newest first, at most 200."""
    rows = _sql.acts(unit.connection, company_id=unit.company_id, incident_id=incident_id, limit=_MOST_EVENTS)
    return [Event(**dict(row)) async for row in rows]


async def comments(unit: Unit, incident_id: UUID) -> list[Event]:
    """What people wrote, newest first, at most 200."""
    rows = _sql.comments(unit.connection, company_id=unit.company_id, incident_id=incident_id, limit=_MOST_EVENTS)
    return [Event(row["id"], row["at"], "comment", row["author"], row["body"]) async for row in rows]


async def company_of(connection: Connection, companies: Sequence[CompanyId], incident_id: UUID) -> CompanyId | None:
    """Which of the companies has the incident; `connection` is of `Database.across` these companies."""
    found: UUID | None = await _sql.company_of(connection, company_ids=list(companies), id=incident_id)
    return None if found is None else CompanyId(found)


def _sifted(companies: Sequence[CompanyId], wanted: IncidentFilter) -> dict[str, object]:
    """What every statement that finds or counts sifts by."""
    text = wanted.text.split()
    number = int(text[0]) if len(text) == 1 and text[0].isascii() and text[0].isdigit() else None
    return {
        "companies": list(companies),
        "ids": None if wanted.ids is None else list(wanted.ids),
        "statuses": _statuses(wanted),
        "taken": _taken(wanted.words),
        "groups": list(wanted.groups) or None,
        "severities": list(wanted.severities) or None,
        "assignee": wanted.assignee,
        "unowned": wanted.unowned,
        "tools": list(wanted.tools) or None,
        "words": text or None,
        "number": number if number is not None and number <= _MOST_NUMBER else None,
        "start": wanted.start,
        "finish": wanted.finish,
        "resolved_start": wanted.resolved_start,
        "resolved_finish": wanted.resolved_finish,
        "acknowledged_start": wanted.acknowledged_start,
        "acknowledged_finish": wanted.acknowledged_finish,
        "waited": _waited(wanted),
    }


def _waited(wanted: IncidentFilter) -> timedelta | None:
    """One that was split off from an acknowledged one never waited: whoever asks when it was taken does not mean it."""
    if wanted.waited is not None or (wanted.acknowledged_start, wanted.acknowledged_finish) == (None, None):
        return wanted.waited
    return _NOT_BEFORE


def _statuses(wanted: IncidentFilter) -> list[IncidentStatus]:
    """Those that the words and the groups leave together."""
    by_words = {_STATUSES[word] for word in wanted.words} or set(_STATUSES.values())
    by_groups: set[IncidentStatus] = set()
    for group in wanted.groups or tuple(Group):
        by_groups |= _DONE_STATUSES if group is Group.DONE else _OPEN_STATUSES
    return sorted(by_words & by_groups)


def _attentions(wanted: IncidentFilter) -> list[Attention]:
    """Those that open incidents of the groups can have."""
    return sorted(set[Attention]().union(*(_ATTENTIONS[group] for group in wanted.groups or tuple(Group))))


def _taken(words: Sequence[Word]) -> bool | None:
    """Whether of the open ones only those that a person took are wanted, or only the others; None for both."""
    took, waiting = "acknowledged" in words, "open" in words
    return None if took == waiting else took


def _incident(row: asyncpg.Record, tools: tuple[str, ...], assets: tuple[str, ...]) -> IncidentRow:
    values = dict(row)
    values["company_id"] = CompanyId(values["company_id"])
    values["status"] = IncidentStatus(values["status"])
    values["attention"] = Attention(values["attention"])
    values["severity"] = Severity(values["severity"])
    return IncidentRow(**values, tools=tools, assets=assets)
