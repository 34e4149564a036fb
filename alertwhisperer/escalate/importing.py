"""Overrides or absences out of somebody else's calendar; reading it again adds nothing twice."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, TypeAlias
from uuid import UUID
from zoneinfo import ZoneInfo

from alertwhisperer.domain.audit import AuditAction, Resource
from alertwhisperer.domain.company import Scope
from alertwhisperer.domain.errors import Invalid
from alertwhisperer.domain.on_call import ChangeKind, Span
from alertwhisperer.domain.user import Person, User
from alertwhisperer.escalate.changes import check_room, check_span, keep, new_change
from alertwhisperer.escalate.reaching import Held, find_people, holding
from alertwhisperer.escalate.reading_calendar import Read, read_events
from alertwhisperer.store import audit
from alertwhisperer.store import on_call as store
from alertwhisperer.store.database import Database

Outcome: TypeAlias = Literal[
    "taken", "known", "past", "nobody", "not_taken", "repeats", "cancelled", "unknown_zone", "no_time", "unreadable"
]


@dataclass(frozen=True, slots=True)
class Imported:
    """
    What became of an event.

    Attributes:
        outcome: `taken`; `known`: it was taken before; `past`: it is over; `nobody`: it names nobody whom the schedule
            can call; `not_taken`: it is too long or too far ahead; else why it was not read.
        email: whom it is about.
    """

    read: Read
    outcome: Outcome
    email: str
    span: Span | None


async def import_calendar(
    database: Database,
    by: Scope,
    person: Person | None,
    schedule_id: UUID,
    kind: ChangeKind,
    text: str,
    *,
    email: str | None = None,
    dry_run: bool = False,
    now: datetime,
) -> Sequence[Imported]:
    """
    Take a calendar's events as overrides or as absences.

    Args:
        email: whom all events are about; None: each says so itself.
        dry_run: only tell what would become of each.

    Raises:
        NotFound: there is no such schedule. Invalid: it is no calendar, or too large.
        Forbidden: it is about somebody else, and the person may not change the schedule.
        Conflicting: the schedule would have too many changes.
    """
    async with holding(database, by, person, schedule_id) as held:
        events = read_events(text, ZoneInfo(held.version.plan.time_zone))
        known = await store.events(held.unit, schedule_id, {one.key for one in events}, since=now)
        people = await _people(held, events, email)
        found = [_judged(one, people.get(email or one.email), email or one.email, known, now=now) for one in events]
        taken = [one for one in found if one.outcome == "taken"]
        await check_room(held, len(taken), now=now)
        if not dry_run:
            for one in taken:
                assert one.span is not None  # noqa: S101  # what is taken has one
                user = people[email or one.read.email]
                change = new_change(held, kind, user.id, one.span, reason="", event=one.read.key, now=now)
                await keep(held, change, now=now)
            detail: dict[str, object] = {"kind": kind.value, "events": len(events), "taken": len(taken)}
            resource = Resource("on_call_schedule", str(schedule_id))
            await audit.write(held.unit, AuditAction.ON_CALL_IMPORTED, resource, detail, now=now)
    return found


async def _people(held: Held, events: Sequence[Read], email: str | None) -> Mapping[str, User]:
    """Those whom the events are about, by e-mail, as far as they can be called; raises as `import_calendar`."""
    served = tuple(held.served.values())
    own = None if held.person is None else held.person.user.email
    if email is not None:
        if email != own:
            held.require_set()
        return await find_people(held.unit, held.version, [email], served, where="person")
    found: dict[str, User] = {}
    for one in sorted({event.email for event in events if event.email and event.span is not None}):
        if one != own:
            held.require_set()
        try:
            found |= await find_people(held.unit, held.version, [one], served, where="calendar")
        except Invalid:
            continue  # the event is told to name nobody
    return found


def _judged(read: Read, user: User | None, email: str, known: frozenset[str], *, now: datetime) -> Imported:
    def is_(outcome: Outcome, span: Span | None = None) -> Imported:
        return Imported(read, outcome, email, span)

    if read.skipped is not None or read.span is None:
        return is_("unreadable" if read.skipped is None else read.skipped.value)
    if read.key in known:
        return is_("known", read.span)
    if read.span.end <= now:
        return is_("past", read.span)
    if user is None:
        return is_("nobody", read.span)
    try:
        return is_("taken", check_span(read.span, now=now))
    except Invalid:
        return is_("not_taken", read.span)
