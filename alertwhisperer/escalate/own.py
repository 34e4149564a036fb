"""When somebody is on call themselves, and what of their stretches waits for them or for others."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from alertwhisperer.domain.company import Scope
from alertwhisperer.domain.on_call import Change, ChangeState, Span
from alertwhisperer.domain.user import Person
from alertwhisperer.escalate.book import Book, open_book
from alertwhisperer.escalate.on_call import Rota, line, of_person
from alertwhisperer.escalate.reaching import seeing
from alertwhisperer.store.database import Database

AHEAD = timedelta(days=60)
_BEFORE = timedelta(days=50)  # to say since when a stretch goes on


@dataclass(frozen=True, slots=True)
class Own:
    """
    What is somebody's own.

    Attributes:
        times: when they are on call, from the stretch that goes on now; the first first.
        changes: theirs, and swaps asked of them, that are not over.
    """

    book: Book
    times: Sequence[tuple[Rota, Span]]
    changes: Sequence[tuple[Rota, Change]]


async def own_times(database: Database, by: Scope, person: Person, *, now: datetime) -> Own:
    """One's own times of the next 60 days; nothing of others is told."""
    look = Span(now - _BEFORE, now + AHEAD)
    async with seeing(database, by, person) as (unit, served):
        book = await open_book(unit, person, list(served), look)
    times = [
        (rota, span) for rota in book.rotas for span in of_person(line(rota, look), person.user.id) if span.end > now
    ]
    changes = [
        (rota, one)
        for rota in book.rotas
        for one in rota.changes
        if person.user.id in (one.user_id, one.other_id)
        and one.last > now
        and one.state in (ChangeState.ASKED, ChangeState.AGREED)
    ]
    return Own(
        book,
        sorted(times, key=lambda one: (one[1].start, one[0].latest.plan.name)),
        sorted(changes, key=lambda one: (one[1].span.start, one[1].id)),
    )
