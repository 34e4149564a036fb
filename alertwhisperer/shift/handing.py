"""
Handing over: one person offers incidents to another, who accepts them; then all move in one transaction.

An offer moves nothing. What is accepted goes to the receiver as far as it is still whose it was: what somebody else
took meanwhile stays theirs, and of each incident is kept what became of it. Nobody is given what they do not serve.
"""

from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from alertwhisperer.correlate import acts
from alertwhisperer.domain.audit import AuditAction, Resource
from alertwhisperer.domain.company import INSTALLATION, CompanyId, Scope
from alertwhisperer.domain.errors import Conflicting, Forbidden, Invalid, NotFound
from alertwhisperer.domain.handover import (
    LONGEST_NOTE,
    MOST_OFFERED,
    Handed,
    Handover,
    HandoverState,
    LeftOut,
    Outcome,
    left_out_of,
)
from alertwhisperer.domain.state import IncidentStatus
from alertwhisperer.domain.user import Person, User
from alertwhisperer.guard.crossing import crossing, served_by
from alertwhisperer.guard.permissions import PERMISSIONS, Action, allowed
from alertwhisperer.kit.ids import uuid7
from alertwhisperer.store import audit, companies, incidents, offboarding, users
from alertwhisperer.store import handovers as store
from alertwhisperer.store.database import Connection, Database, Unit
from alertwhisperer.store.incidents import IncidentFilter, IncidentRow

_MOST_PEOPLE = 10_000


@dataclass(frozen=True, slots=True)
class Seen:
    """
    A hand-over as one of its two people sees it.

    Attributes:
        is_giver: whether that person offers; else they receive.
        outcomes: how many incidents became what, of the companies that the person serves.
    """

    handover: Handover
    is_giver: bool
    outcomes: Mapping[Outcome, int]

    @property
    def hidden(self) -> int:
        """Incidents of companies that the person does not serve."""
        return self.handover.amount - sum(self.outcomes.values())


@dataclass(frozen=True, slots=True)
class Left:
    """An incident that was named and is not offered; `row` and `company` are None where there is none to be seen."""

    incident_id: UUID
    why: LeftOut
    row: IncidentRow | None = None
    company: str | None = None


@dataclass(frozen=True, slots=True)
class Passed:
    """An incident of a hand-over: as it was handed, as it is now, and what its company is called."""

    handed: Handed
    row: IncidentRow
    company: str


@dataclass(frozen=True, slots=True)
class Whole:
    """A hand-over with its incidents, of the companies that the person serves; what was left out, after offering."""

    seen: Seen
    incidents: tuple[Passed, ...]
    left_out: tuple[Left, ...] = field(default=())


@dataclass(frozen=True, slots=True)
class Receiver:
    """
    Somebody whom one may offer incidents to.

    Attributes:
        companies: of one's own, those that they serve as well; None for all of these.
    """

    email: str
    companies: tuple[CompanyId, ...] | None


async def receivers(database: Database, by: Scope, person: Person) -> list[Receiver]:
    """Everybody who may accept something of the companies that the person serves, by e-mail."""
    served = await _served(database, person)
    async with database.unit_of_work(by.at(INSTALLATION)) as unit:
        able = await users.of_roles(unit, PERMISSIONS[Action.HANDOVER_ACCEPT].roles, limit=_MOST_PEOPLE)
    found = []
    for one in able:
        common = tuple(company_id for company_id in served if one.serves(company_id))
        if common and one.id != person.user.id:
            found.append(Receiver(one.email, None if len(common) == len(served) else common))
    return found


async def offer(
    database: Database,
    by: Scope,
    person: Person,
    to: str,
    *,
    note: str,
    incident_ids: Sequence[UUID] | None,
    now: datetime,
) -> Whole:
    """
    Offer incidents to another person.

    Args:
        to: e-mail of whoever is to take them.
        incident_ids: one's own, or nobody's; None: every open one that is the person's.

    Returns:
        The offer, with what was named and left out, and why.

    Raises:
        Invalid: nobody of this e-mail can take any, it is oneself, or there are too many.
        Conflicting: nothing is left to offer.
    """
    if len(note) > LONGEST_NOTE or "\0" in note:
        raise Invalid("the note is too long", where="note", mend=f"write at most {LONGEST_NOTE} letters")
    served = await _served(database, person)
    async with database.across([INSTALLATION, *served]) as connection:
        unit = database.unit(connection, by.at(INSTALLATION))
        receiver = await _receiver(unit, person, to, served)
        rows = await _wanted(connection, served, person, incident_ids)
        left = [Left(one, LeftOut.ABSENT) for one in dict.fromkeys(incident_ids or ()) if one not in rows]
        names = await _names(connection, {row.company_id for row in rows.values()})
        offered: list[IncidentRow] = []
        for row in rows.values():
            why = left_out_of(
                is_open=row.status is IncidentStatus.OPEN,
                assignee=row.assignee,
                giver=person.user.email,
                receiver=receiver.email,
                served=receiver.serves(row.company_id),
            )
            if why is None:
                offered.append(row)
            else:
                left.append(Left(row.id, why, row, names[row.company_id]))
        if not offered:
            raise _nothing_left(left)
        made = Handover(
            id=uuid7(now),
            giver_id=person.user.id,
            giver=person.user.email,
            receiver_id=receiver.id,
            receiver=receiver.email,
            note=note.strip(),
            amount=len(offered),
            companies=tuple(sorted({row.company_id for row in offered})),
            state=HandoverState.OFFERED,
            offered_at=now,
            settled_at=None,
        )
        handed = [Handed(made.id, row.company_id, row.id, row.assignee, Outcome.OFFERED) for row in offered]
        await store.insert(unit, made, handed)
        detail: dict[str, object] = {"to": str(receiver.id), "incidents": made.amount, "left_out": len(left)}
        await _audit(unit, AuditAction.HANDOVER_OFFERED, made, detail, reason=made.note, now=now)
        passed = tuple(Passed(one, row, names[row.company_id]) for one, row in zip(handed, offered, strict=True))
        seen = Seen(made, is_giver=True, outcomes={Outcome.OFFERED: made.amount})
        return Whole(seen, _worst_first(passed), tuple(left))


async def accept(database: Database, by: Scope, person: Person, handover_id: UUID, *, now: datetime) -> Whole:
    """
    Take over what another person offered; all of it, or as much as can be, at once.

    Returns:
        The hand-over, with what became of each incident.

    Raises:
        NotFound: there is none of this id that the person gave or is to receive.
        Forbidden: it was offered to another, or the means does not reach a company of it that the person serves.
        Conflicting: it was accepted or withdrawn before.
    """
    async with _holding(database, by, person, handover_id) as (unit, handover):
        if handover.receiver_id != person.user.id:
            raise Forbidden(
                f"it was offered to {handover.receiver}", where="handover", mend="they accept it, or you withdraw it"
            )
        _refuse_settled(handover)
        _refuse_narrow(person, handover)
        apart: dict[CompanyId, list[UUID]] = defaultdict(list)
        for one in await store.incidents_of(unit.connection, handover.companies, [handover_id]):
            apart[one.company_id].append(one.incident_id)
        total: Counter[Outcome] = Counter()
        for company_id in sorted(apart):  # in the order in which batches lock
            inside, offered = unit.at(by.at(company_id)), apart[company_id]
            if person.serves(company_id):
                outcomes = await acts.hand_over(
                    inside, offered, handover.giver, person.user.email, handover_id=handover_id, now=now
                )
            else:
                outcomes = dict.fromkeys(offered, Outcome.NOT_SERVED)
            await store.settle_incidents(inside, handover_id, outcomes)
            total.update(outcomes.values())
        await store.settle(unit, handover_id, HandoverState.ACCEPTED, now=now)
        said: dict[str, object] = {outcome.value: total[outcome] for outcome in Outcome if total[outcome]}
        detail: dict[str, object] = {"from": str(handover.giver_id), "outcomes": said}
        await _audit(unit, AuditAction.HANDOVER_ACCEPTED, handover, detail, now=now)
        return await _whole(unit, person, handover_id)


async def withdraw(database: Database, by: Scope, person: Person, handover_id: UUID, *, now: datetime) -> Whole:
    """
    Take back an offer that waits; nothing was moved, so nothing moves.

    Raises:
        NotFound, Conflicting: as `accept`. Forbidden: another person offers it.
    """
    async with _holding(database, by, person, handover_id) as (unit, handover):
        if handover.giver_id != person.user.id:
            raise Forbidden(f"{handover.giver} offers it", where="handover", mend="leave it, or ask them")
        _refuse_settled(handover)
        await store.settle(unit, handover_id, HandoverState.WITHDRAWN, now=now)
        detail: dict[str, object] = {"to": str(handover.receiver_id), "incidents": handover.amount}
        await _audit(unit, AuditAction.HANDOVER_WITHDRAWN, handover, detail, now=now)
        return await _whole(unit, person, handover_id)


async def get_handover(database: Database, by: Scope, person: Person, handover_id: UUID, *, now: datetime) -> Whole:
    """One hand-over that the person gave or is to receive; raises `NotFound`."""
    async with crossing(database, by, person, Action.HANDOVER_CROSS, now=now) as look:
        await companies.see(look.connection, [INSTALLATION, *look.companies])
        return await _whole(look.at(INSTALLATION), person, handover_id)


async def list_handovers(
    database: Database,
    by: Scope,
    person: Person,
    *,
    given: bool = True,
    received: bool = True,
    state: HandoverState | None = None,
    limit: int,
    before: UUID | None = None,
    now: datetime,
) -> list[Seen]:
    """
    Hand-overs of the person, newest first, from the one after `before`.

    Args:
        given, received: those that the person offers, and those offered to them.
    """
    async with crossing(database, by, person, Action.HANDOVER_CROSS, now=now) as look:
        await companies.see(look.connection, [INSTALLATION, *look.companies])
        unit = look.at(INSTALLATION)
        return await seen_by(
            unit, person.user, look.companies, given=given, received=received, state=state, limit=limit, before=before
        )


async def seen_by(
    unit: Unit,
    user: User,
    served: Sequence[CompanyId],
    *,
    given: bool = True,
    received: bool = True,
    ids: Sequence[UUID] | None = None,
    state: HandoverState | None = None,
    limit: int,
    before: UUID | None = None,
) -> list[Seen]:
    """The same inside a transaction that sees the installation and these companies; `unit` is the installation's."""
    found = await store.page(
        unit, user.id, given=given, received=received, ids=ids, state=state, limit=limit, before=before
    )
    outcomes = await store.outcomes_of(unit.connection, served, [one.id for one in found])
    return [Seen(one, one.giver_id == user.id, outcomes[one.id]) for one in found]


async def _whole(unit: Unit, person: Person, handover_id: UUID) -> Whole:
    """As the person sees it now; the transaction sees the installation and what companies it should show."""
    found = await store.page(unit, person.user.id, ids=[handover_id], limit=1)
    if not found:
        raise _absent(handover_id)
    served = [one for one in found[0].companies if person.serves(one)]
    [seen] = await seen_by(unit, person.user, served, ids=[handover_id], limit=1)
    handed = await store.incidents_of(unit.connection, served, [handover_id])
    rows = await incidents.among_of(unit.connection, [(one.company_id, one.incident_id) for one in handed])
    by_id = {(row.company_id, row.id): row for row in rows}
    names = await _names(unit.connection, served)
    passed = [
        Passed(one, by_id[one.company_id, one.incident_id], names[one.company_id])
        for one in handed
        if (one.company_id, one.incident_id) in by_id
    ]
    return Whole(seen, _worst_first(passed))


@asynccontextmanager
async def _holding(
    database: Database, by: Scope, person: Person, handover_id: UUID
) -> AsyncIterator[tuple[Unit, Handover]]:
    """
    One hand-over of the person's under lock, in a transaction that sees every company whose incidents are in it.

    Those that the person does not serve are among them, so that what did not move can be written there; ids alone.
    """
    async with database.unit_of_work(by.at(INSTALLATION)) as unit:
        found = await store.page(unit, person.user.id, ids=[handover_id], limit=1)
    if not found:
        raise _absent(handover_id)
    async with database.across([INSTALLATION, *found[0].companies]) as connection:
        unit = database.unit(connection, by.at(INSTALLATION))
        handover = await store.lock(unit, handover_id)
        if handover is None:
            raise _absent(handover_id)
        yield unit, handover


async def _receiver(unit: Unit, person: Person, to: str, served: Sequence[CompanyId]) -> User:
    found = await users.by_email(unit, to.strip().lower())
    if found is not None and found.id == person.user.id:
        raise Invalid("nobody hands over to themselves", where="to", mend="name another person")
    # One answer for all, so that nobody learns here who else there is.
    if found is None or not allowed(found.role, Action.HANDOVER_ACCEPT) or not any(found.serves(one) for one in served):
        raise Invalid(
            "nobody with this e-mail can take over what you serve", where="to", mend="choose one of those listed"
        )
    return found


async def _wanted(
    connection: Connection, served: Sequence[CompanyId], person: Person, ids: Sequence[UUID] | None
) -> dict[UUID, IncidentRow]:
    """The incidents that were named, as far as the person sees them; or all open ones that are theirs."""
    if ids is None:
        own = await offboarding.incidents_of(connection, served, person.user.email)
        pairs = [(company_id, one) for company_id, some in own.items() for one in some]
        _refuse_many(len(pairs))
        rows = await incidents.among_of(connection, pairs)
    else:
        chosen = tuple(dict.fromkeys(ids))
        _refuse_many(len(chosen))
        rows = await incidents.page_of(connection, served, IncidentFilter(ids=chosen), limit=len(chosen) + 1)
    return {row.id: row for row in rows}


def _refuse_many(amount: int) -> None:
    if amount > MOST_OFFERED:
        raise Invalid(
            f"{amount} incidents are too many for one hand-over",
            where="incident_ids",
            mend=f"offer at most {MOST_OFFERED} at once",
        )


def _nothing_left(left: Sequence[Left]) -> Conflicting:
    reasons = ", ".join(f"{amount} {why}" for why, amount in sorted(Counter(one.why.value for one in left).items()))
    said = f"none of these incidents can be handed over: {reasons}" if left else "no open incident is yours"
    return Conflicting(said, where="incident_ids", mend="name open incidents, yours or nobody's, that they serve")


def _refuse_settled(handover: Handover) -> None:
    if handover.state is not HandoverState.OFFERED:
        raise Conflicting(f"it was {handover.state.value} already", where="handover", mend="look at what became of it")


def _refuse_narrow(person: Person, handover: Handover) -> None:
    """What a token does not reach would stay behind for ever, although the person could have taken it."""
    beyond = [one for one in handover.companies if person.user.serves(one) and not person.serves(one)]
    if beyond:
        raise Forbidden(
            "this token does not reach all companies of the hand-over",
            where="handover",
            mend="accept it in the console, or by a token that reaches them",
        )


def _worst_first(passed: Sequence[Passed]) -> tuple[Passed, ...]:
    return tuple(sorted(passed, key=lambda one: (-one.row.severity, one.row.id)))


def _absent(handover_id: UUID) -> NotFound:
    return NotFound(f"there is no hand-over {handover_id}", where="path", mend="list yours")


async def _served(database: Database, person: Person) -> tuple[CompanyId, ...]:
    return tuple(one for one in await served_by(database, person) if one != INSTALLATION)


async def _names(connection: Connection, wanted: Sequence[CompanyId] | set[CompanyId]) -> Mapping[CompanyId, str]:
    return {one.id: one.name for one in await companies.among(connection, sorted(wanted))}


async def _audit(
    unit: Unit,
    action: AuditAction,
    handover: Handover,
    detail: dict[str, object],
    *,
    reason: str = "",
    now: datetime,
) -> None:
    await audit.write(unit, action, Resource("handover", str(handover.id)), detail, now=now, reason=reason)
