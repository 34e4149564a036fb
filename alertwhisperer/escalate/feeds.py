"""
Secret addresses of calendars: whoever has one reads times of one person, or of one schedule, and nothing else.

Only a keyed hash of the secret is kept, and it is shown once. An address has the rights of who made it, looked at anew
at each reading: it is silent when they are removed, or may not see the schedule any more.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from alertwhisperer.domain.audit import AuditAction, Resource
from alertwhisperer.domain.company import INSTALLATION, Scope
from alertwhisperer.domain.errors import Conflicting, NotFound
from alertwhisperer.domain.on_call import Span
from alertwhisperer.domain.user import Means, MeansKind, Person
from alertwhisperer.escalate.book import AROUND, Book, open_book
from alertwhisperer.escalate.calendar import Entry, write_calendar
from alertwhisperer.escalate.on_call import Rota, line, of_person
from alertwhisperer.escalate.reaching import holding, seeing
from alertwhisperer.guard.keys import CALENDAR_PREFIX, hint, new_calendar
from alertwhisperer.guard.permissions import Action, allowed
from alertwhisperer.guard.vault import Vault
from alertwhisperer.kit.ids import uuid7
from alertwhisperer.store import audit, users
from alertwhisperer.store import on_call as store
from alertwhisperer.store.database import Database
from alertwhisperer.store.on_call import Feed

MOST_FEEDS = 20
"""Of one person."""
BEHIND, AHEAD = timedelta(days=7), timedelta(days=90)

_READ_EVERY = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class MadeFeed:
    """An address that was made, with what can be read this once."""

    feed: Feed
    secret: str = field(repr=False)


async def add_feed(
    database: Database, vault: Vault, by: Scope, person: Person, schedule_id: UUID | None, *, now: datetime
) -> MadeFeed:
    """
    Make an address.

    Args:
        schedule_id: whose stretches; None: the person's own, of all schedules.

    Raises:
        NotFound: there is no such schedule that the person may see. Conflicting: they have 20 addresses.
    """
    secret, name = new_calendar(), "My on-call times"
    if schedule_id is not None:
        async with holding(database, by, person, schedule_id) as held:
            name = held.version.plan.name
    feed = Feed(uuid7(now), person.user.id, schedule_id, name, hint(secret), now)
    async with database.unit_of_work(by.at(INSTALLATION)) as unit:
        await users.lock(unit, person.user.id)  # so that two at once do not make one too many
        if len(await store.feeds_of(unit, person.user.id, limit=MOST_FEEDS)) >= MOST_FEEDS:
            raise Conflicting(f"there are {MOST_FEEDS} addresses", where="feeds", mend="end one that is not used")
        await store.insert_feed(unit, feed, vault.hash(secret))
        resource = Resource("on_call_feed", str(feed.id))
        detail = {"schedule": None if schedule_id is None else str(schedule_id)}
        await audit.write(unit, AuditAction.ON_CALL_FEED_ADDED, resource, detail, now=now, about=person.user.id)
    return MadeFeed(feed, secret)


async def list_feeds(database: Database, person: Person) -> Sequence[Feed]:
    """A person's live addresses, oldest first."""
    async with database.unit_of_work(Scope(INSTALLATION, "")) as unit:
        return await store.feeds_of(unit, person.user.id, limit=MOST_FEEDS)


async def revoke_feed(database: Database, by: Scope, person: Person, feed_id: UUID, *, now: datetime) -> None:
    """Let an address lead nowhere from now on; raises `NotFound` when the person has none of this id."""
    async with database.unit_of_work(by.at(INSTALLATION)) as unit:
        if not await store.revoke_feed(unit, feed_id, user_id=person.user.id, now=now):
            raise NotFound(f"there is no address {feed_id}", where="path", mend="list yours")
        resource = Resource("on_call_feed", str(feed_id))
        await audit.write(unit, AuditAction.ON_CALL_FEED_REVOKED, resource, {}, now=now, about=person.user.id)


async def read_feed(database: Database, vault: Vault, secret: str, *, now: datetime) -> bytes:
    """
    The calendar behind an address, from a week ago to three months ahead.

    Raises:
        NotFound: there is none, or not any more; all of these look the same.
    """
    nothing = NotFound("there is no such calendar", where="path", mend="make another address")
    if not secret.startswith(CALENDAR_PREFIX):
        raise nothing
    async with database.unit_of_work(Scope(INSTALLATION, "")) as unit:
        feed = await store.feed_by_hash(unit, vault.hash(secret))
        user = None if feed is None else await users.by_id(unit, feed.user_id)
        if feed is None or user is None or not allowed(user.role, Action.ON_CALL_OWN):
            raise nothing
        if feed.read_at is None or now - feed.read_at >= _READ_EVERY:
            await store.touch_feed(unit, feed.id, now=now)
    person = Person(user, Means(MeansKind.TOKEN, feed.id))
    look = Span(now - AROUND, now + AHEAD)  # from further back than is shown: an event that goes on keeps its name
    schedules = None if feed.schedule_id is None else [feed.schedule_id]
    async with seeing(database, Scope(INSTALLATION, f"calendar:{feed.id}"), person) as (unit, served):
        book = await open_book(unit, person, list(served), look, schedules=schedules)
    if schedules is not None:
        if not book.visible:
            raise nothing
        return write_calendar(feed.name, _since(now - BEHIND, _of_schedule(book, book.visible[0], look)), now=now)
    return write_calendar(feed.name, _since(now - BEHIND, _of_person(book, user.id, look)), now=now)


def _since(start: datetime, entries: Iterable[Entry]) -> list[Entry]:
    return [one for one in entries if one.end > start]


def _of_person(book: Book, user_id: UUID, look: Span) -> list[Entry]:
    return [
        _entry(rota, user_id, span, f"On call: {rota.latest.plan.name}")
        for rota in book.rotas
        for span in of_person(line(rota, look), user_id)
    ]


def _of_schedule(book: Book, rota: Rota, look: Span) -> list[Entry]:
    found = line(rota, look)
    there = sorted({one.user_id for one in found if one.user_id is not None})
    entries = [
        _entry(rota, user_id, span, f"{book.name_of(user_id)}: {rota.latest.plan.name}")
        for user_id in there
        for span in of_person(found, user_id)
    ]
    return sorted(entries, key=lambda one: one.start)


def _entry(rota: Rota, user_id: UUID, span: Span, title: str) -> Entry:
    uid = f"{rota.latest.schedule_id}/{user_id}/{span.start:%Y%m%dT%H%M%SZ}@alertwhisperer"
    return Entry(uid, span.start, span.end, title, "")
