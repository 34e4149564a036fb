"""
What people change about single stretches: they take one, say that they are away, or exchange two.

The past stays as it was: what is said counts from the moment at which it is said, and until it is taken back. A swap
counts when the other has agreed, and can be agreed to only while both stretches are still to come.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from uuid import UUID

import msgspec

from alertwhisperer.domain.audit import AuditAction, Resource
from alertwhisperer.domain.company import INSTALLATION, Company, CompanyId, Scope
from alertwhisperer.domain.errors import Conflicting, Forbidden, Invalid, NotFound
from alertwhisperer.domain.on_call import LONGEST_REASON, Change, ChangeKind, ChangeState, Span
from alertwhisperer.domain.user import Person, User
from alertwhisperer.escalate.book import open_book
from alertwhisperer.escalate.on_call import line
from alertwhisperer.escalate.reaching import Held, find_people, hold, holding, seeing
from alertwhisperer.kit.ids import uuid7
from alertwhisperer.store import audit
from alertwhisperer.store import on_call as store
from alertwhisperer.store.database import Database, Unit

LONGEST_CHANGE = timedelta(days=100)
FURTHEST = timedelta(days=400)
MOST_CHANGES = 1_000
"""Of one schedule that are not over."""

_AUDITED = {
    ChangeKind.OVERRIDE: AuditAction.ON_CALL_OVERRIDDEN,
    ChangeKind.ABSENCE: AuditAction.ON_CALL_ABSENCE_SET,
}


async def set_change(
    database: Database,
    by: Scope,
    person: Person | None,
    schedule_id: UUID,
    kind: ChangeKind,
    span: Span,
    *,
    email: str | None = None,
    reason: str = "",
    now: datetime,
) -> Change:
    """
    Put somebody on call for a stretch, or say that somebody is away.

    Args:
        kind: an override or an absence.
        email: of whom; None: oneself. Somebody else needs the right to change the schedule.
        span: what of it is past is left out.

    Raises:
        NotFound: there is no such schedule. Forbidden: it is for somebody else, and the person may not.
        Invalid: the time is past, too long or too far ahead, or nobody of this e-mail can be called.
        Conflicting: there are 1000 that are not over.
    """
    span = check_span(span, now=now)
    async with holding(database, by, person, schedule_id) as held:
        user = await _whom(held, email)
        await check_room(held, 1, now=now)
        change = new_change(held, kind, user.id, span, reason=check_reason(reason), now=now)
        await keep(held, change, now=now)
    return change


async def ask_swap(
    database: Database,
    by: Scope,
    person: Person,
    schedule_id: UUID,
    mine: Span,
    other: str,
    theirs: Span,
    *,
    reason: str = "",
    now: datetime,
) -> Change:
    """
    Ask another person to exchange stretches: they have mine, I have theirs.

    Raises:
        As `set_change`; Invalid also when one of the stretches is not whose it should be, or has begun.
    """
    for span in (mine, theirs):
        check_span(span, now=now)
        if span.start <= now:
            raise Invalid("a stretch that has begun is not exchanged", where="from", mend="choose one that is to come")
    async with holding(database, by, person, schedule_id) as held:
        found = await find_people(held.unit, held.version, [other], tuple(held.served.values()), where="other")
        user = found[other]
        if user.id == person.user.id:
            raise Invalid("nobody swaps with themselves", where="other", mend="name another person")
        await check_room(held, 1, now=now)
        await _require_theirs(held, mine, person.user.id, "mine")
        await _require_theirs(held, theirs, user.id, "theirs")
        change = msgspec.structs.replace(
            new_change(held, ChangeKind.SWAP, person.user.id, mine, reason=check_reason(reason), now=now),
            other_id=user.id,
            other_span=theirs,
            state=ChangeState.ASKED,
            agreed_at=None,
        )
        await store.insert_change(held.unit, change)
        detail = {"other": str(user.id), "mine": _plain(mine), "theirs": _plain(theirs)}
        await _audit(held, AuditAction.ON_CALL_SWAP_ASKED, change, detail, reason=change.reason, now=now)
    return change


async def answer_swap(
    database: Database, by: Scope, person: Person, change_id: UUID, *, accept: bool, now: datetime
) -> Change:
    """
    Agree to a swap, or not.

    Raises:
        NotFound: there is no such swap. Forbidden: another was asked.
        Conflicting: it was answered or taken back before, or one of its stretches has begun.
    """
    async with seeing(database, by, person) as (unit, served):
        held, change = await _held_change(unit, person, served, change_id)
        if change.kind is not ChangeKind.SWAP:
            raise _absent(change_id)
        if change.other_id != person.user.id:
            raise Forbidden(
                "another person was asked", where="swap", mend="they accept it, or whoever asked takes it back"
            )
        _require_asked(change)
        assert change.other_span is not None  # noqa: S101  # a swap has two
        if accept and min(change.span.start, change.other_span.start) <= now:
            raise Conflicting(
                "one of its stretches has begun, and the past stays as it was", where="swap", mend="ask for another one"
            )
        settled = msgspec.structs.replace(
            change,
            state=ChangeState.AGREED if accept else ChangeState.DECLINED,
            agreed_at=now if accept else None,
            ended_at=None if accept else now,
        )
        await store.settle_change(held.unit, settled)
        action = AuditAction.ON_CALL_SWAP_ACCEPTED if accept else AuditAction.ON_CALL_SWAP_DECLINED
        await _audit(held, action, settled, {"asked_by": str(change.user_id)}, now=now)
    return settled


async def withdraw(database: Database, by: Scope, person: Person | None, change_id: UUID, *, now: datetime) -> Change:
    """
    Take something back: what of it has been stays, the rest is as if it had not been said.

    Who asked for a swap may until it is answered, who made a change for themselves may; all else needs the right to
    change the schedule.

    Raises:
        NotFound: there is no such change. Forbidden: it is somebody else's. Conflicting: it is over already.
    """
    async with seeing(database, by, person) as (unit, served):
        held, change = await _held_change(unit, person, served, change_id)
        own = person is not None and change.user_id == person.user.id and change.made_by == person.user.email
        if not (own and (change.kind is not ChangeKind.SWAP or change.state is ChangeState.ASKED)):
            held.require_set()
        if change.state not in (ChangeState.ASKED, ChangeState.AGREED):
            raise Conflicting(f"it was {change.state.value} already", where="change", mend="list what there is")
        if change.last <= now:
            raise Conflicting("it is over, and the past stays as it was", where="change", mend="leave it")
        settled = msgspec.structs.replace(change, state=ChangeState.WITHDRAWN, ended_at=now)
        await store.settle_change(held.unit, settled)
        await _audit(held, AuditAction.ON_CALL_CHANGE_WITHDRAWN, settled, {"kind": change.kind.value}, now=now)
    return settled


def check_span(span: Span, *, now: datetime) -> Span:
    """What of a stretch is still to come; raises `Invalid` when nothing is, or too much."""
    if not timedelta(0) < span.end - span.start <= LONGEST_CHANGE:
        raise Invalid(
            f"the stretch is empty, or longer than {LONGEST_CHANGE.days} days",
            where="to",
            mend=f"give at most {LONGEST_CHANGE.days} days",
        )
    if span.end <= now:
        raise Invalid("the stretch is over, and the past stays as it was", where="to", mend="give a time to come")
    if span.end > now + FURTHEST:
        raise Invalid(
            f"the stretch is more than {FURTHEST.days} days ahead", where="to", mend="say it when it is nearer"
        )
    return Span(max(span.start, now), span.end)


def check_reason(reason: str) -> str:
    """The reason as it is kept; raises `Invalid`."""
    if len(reason) > LONGEST_REASON or "\0" in reason:
        raise Invalid("the reason is too long", where="reason", mend=f"write at most {LONGEST_REASON} letters")
    return reason.strip()


async def check_room(held: Held, more: int, *, now: datetime) -> None:
    """Raise `Conflicting` when a schedule would have too many changes."""
    if await store.count_changes(held.unit, held.version.schedule_id, since=now) + more > MOST_CHANGES:
        raise Conflicting(
            f"the schedule would have more than {MOST_CHANGES} changes",
            where="changes",
            mend="take some back, or change the schedule itself",
        )


def new_change(
    held: Held, kind: ChangeKind, user_id: UUID, span: Span, *, reason: str, event: str = "", now: datetime
) -> Change:
    """A change that counts from now on."""
    return Change(
        id=uuid7(now),
        company_id=held.version.company_id,
        schedule_id=held.version.schedule_id,
        kind=kind,
        user_id=user_id,
        span=span,
        state=ChangeState.AGREED,
        reason=reason,
        made_by=held.unit.scope.actor,
        made_at=now,
        agreed_at=now,
        event=event,
    )


async def keep(held: Held, change: Change, *, now: datetime) -> None:
    """Write an override or an absence, with its audit entry."""
    await store.insert_change(held.unit, change)
    detail = {"user_id": str(change.user_id), **_plain(change.span)}
    await _audit(held, _AUDITED[change.kind], change, detail, reason=change.reason, now=now)


async def _whom(held: Held, email: str | None) -> User:
    """Whom a change is about, if the asker may change something about them."""
    person = held.person
    if email is None and person is None:
        raise Invalid("whoever types on this machine is nobody in particular", where="person", mend="name a person")
    wanted = person.user.email if email is None and person is not None else (email or "").strip().lower()
    if person is None or wanted != person.user.email:
        held.require_set()
    found = await find_people(held.unit, held.version, [wanted], tuple(held.served.values()), where="person")
    return found[wanted]


async def _require_theirs(held: Held, span: Span, user_id: UUID, where: str) -> None:
    """Raise `Invalid` unless a stretch is somebody's from its beginning to its end."""
    unit = held.unit.at(held.unit.scope.at(INSTALLATION))
    book = await open_book(unit, held.person, list(held.served), span, schedules=[held.version.schedule_id])
    if any(one.user_id != user_id for rota in book.rotas for one in line(rota, span)):
        raise Invalid(
            "this stretch is not wholly theirs" if where == "theirs" else "this stretch is not wholly yours",
            where=where,
            mend="choose a stretch of the calendar",
        )


async def _held_change(
    unit: Unit, person: Person | None, served: Mapping[CompanyId, Company], change_id: UUID
) -> tuple[Held, Change]:
    """A change under lock, with its schedule; nothing that has a schedule locks a change of it as well."""
    owner = await store.company_of_change(unit.connection, [INSTALLATION, *served], change_id)
    if owner is None:
        raise _absent(change_id)
    inside = unit.at(unit.scope.at(owner))
    found = await store.lock_change(inside, change_id)
    if found is None:
        raise _absent(change_id)
    return await hold(unit, person, served, found.schedule_id), found


def _require_asked(change: Change) -> None:
    if change.state is not ChangeState.ASKED:
        raise Conflicting(f"it was {change.state.value} already", where="swap", mend="look at the calendar")


def _absent(change_id: UUID) -> NotFound:
    return NotFound(f"there is no change {change_id}", where="path", mend="list what there is")


def _plain(span: Span) -> dict[str, object]:
    return {"from": span.start.isoformat(), "to": span.end.isoformat()}


async def _audit(
    held: Held, action: AuditAction, change: Change, detail: Mapping[str, object], *, reason: str = "", now: datetime
) -> None:
    said = {"schedule": str(change.schedule_id), **detail}
    resource = Resource("on_call_change", str(change.id))
    await audit.write(held.unit, action, resource, said, now=now, reason=reason, about=change.user_id)
