"""
Schedules: made, changed, removed; and what they say.

A change holds from the moment at which it is saved, and what was said before stays for the time before.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from uuid import UUID

import msgspec

from alertwhisperer.domain.audit import AuditAction, Resource
from alertwhisperer.domain.company import INSTALLATION, Company, CompanyId, Scope
from alertwhisperer.domain.company_setting import check_zone
from alertwhisperer.domain.errors import Conflicting, Invalid, NotFound
from alertwhisperer.domain.name import check_name
from alertwhisperer.domain.on_call import (
    LONGEST_LOOK,
    LONGEST_SHIFT,
    MOST_LAYERS,
    MOST_PEOPLE,
    MOST_WINDOWS,
    Change,
    Layer,
    Plan,
    Serves,
    Span,
    Version,
)
from alertwhisperer.domain.user import Person
from alertwhisperer.escalate.book import Book, open_book, sees
from alertwhisperer.escalate.on_call import Rota, gaps, layer_lines, line
from alertwhisperer.escalate.reaching import absent, find_people, holding, require_set, seeing
from alertwhisperer.escalate.rota import Stretch, Turn, stretches
from alertwhisperer.guard.crossing import Crossing
from alertwhisperer.guard.permissions import PERMISSIONS, Action
from alertwhisperer.kit.ids import uuid7
from alertwhisperer.store import audit, companies, company_groups, users
from alertwhisperer.store import on_call as store
from alertwhisperer.store.database import Database, Unit

MOST_SCHEDULES = 200
"""Of the MSP, or of one company."""
MOST_SERVED = 1_000
MOST_HISTORY = 200
GAPS_AHEAD = timedelta(days=30)
_MOST_PEOPLE = 10_000


@dataclass(frozen=True, slots=True)
class Wish:
    """
    What a schedule is to say.

    Attributes:
        plan: with layers of nobody.
        people: of each layer: e-mails, in the order of their turns.
    """

    plan: Plan
    people: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Calendar:
    """
    A schedule over a time.

    Attributes:
        stretches: who is on call; cut where the schedule was changed.
        layers: what each layer of the schedule as it is now says, absences counted and other changes not.
        changes: what touches the time, agreed or not.
    """

    rota: Rota
    look: Span
    stretches: tuple[Stretch, ...]
    layers: tuple[tuple[Turn, ...], ...]
    changes: tuple[Change, ...]
    book: Book


@dataclass(frozen=True, slots=True)
class Gap:
    """A time in which nobody is on call by a schedule."""

    rota: Rota
    span: Span


async def add_schedule(
    database: Database, by: Scope, person: Person | None, owner: CompanyId, wish: Wish, *, now: datetime
) -> Version:
    """
    Make a schedule.

    Args:
        owner: a company, or `INSTALLATION` for one of the MSP.

    Raises:
        Forbidden, NotFound: the person may not, or a company or a group that is named is none of theirs.
        Invalid: something in it is of no use.
        Conflicting: there are 200.
    """
    require_set(person, owner)
    async with seeing(database, by, person) as (installation, served):
        if owner != INSTALLATION and owner not in served:
            raise NotFound(f"there is no company {owner}", where="company_id", mend="check the id")
        unit = installation.at(by.at(owner))
        draft = Version(owner, uuid7(now), 1, wish.plan, now, None, False, by.actor)
        made = await _checked(unit, draft, wish, served)
        if await store.count_schedules(unit) >= MOST_SCHEDULES:
            raise Conflicting(f"there are {MOST_SCHEDULES} schedules already", where="schedules", mend="remove one")
        await store.insert_version(unit, made)
        await _audit(unit, AuditAction.ON_CALL_SCHEDULE_ADDED, made, _said(made.plan), now=now)
    return made


async def change_schedule(
    database: Database, by: Scope, person: Person | None, schedule_id: UUID, wish: Wish, *, seen: int, now: datetime
) -> Version:
    """
    Let a schedule say something else from now on.

    Args:
        seen: the version that the person looked at.

    Raises:
        As `add_schedule`; Conflicting when somebody else has changed it since.
    """
    async with holding(database, by, person, schedule_id) as held:
        held.require_set()
        old = held.version
        if old.version != seen:
            raise Conflicting(
                f"it was changed meanwhile: it is version {old.version} now", where="version", mend="look at it again"
            )
        draft = msgspec.structs.replace(
            old, version=old.version + 1, plan=wish.plan, holds_from=max(now, old.holds_from), made_by=by.actor
        )
        new = await _checked(held.unit, draft, wish, held.served)
        if new.plan == old.plan:
            return old
        await store.end_version(held.unit, schedule_id, now=new.holds_from)
        await store.insert_version(held.unit, new)
        before, after = _said(old.plan), _said(new.plan)
        detail: dict[str, object] = {name: [before[name], after[name]] for name in after if before[name] != after[name]}
        await _audit(held.unit, AuditAction.ON_CALL_SCHEDULE_CHANGED, new, detail, now=now)
    return new


async def remove_schedule(
    database: Database, by: Scope, person: Person | None, schedule_id: UUID, *, now: datetime
) -> None:
    """Let a schedule say nothing from now on; what it said before stays. Raises as `change_schedule`."""
    async with holding(database, by, person, schedule_id) as held:
        held.require_set()
        old = held.version
        last = msgspec.structs.replace(
            old, version=old.version + 1, holds_from=max(now, old.holds_from), removed=True, made_by=by.actor
        )
        await store.end_version(held.unit, schedule_id, now=last.holds_from)
        await store.insert_version(held.unit, last)
        await _audit(held.unit, AuditAction.ON_CALL_SCHEDULE_REMOVED, last, {"name": old.plan.name}, now=now)


async def read_schedule(
    database: Database, by: Scope, person: Person | None, schedule_id: UUID
) -> tuple[Version, Mapping[CompanyId, str], Mapping[UUID, store.Known]]:
    """A schedule as it is now, the names of the companies that the person serves, and whom it names; `NotFound`."""
    async with seeing(database, by, person) as (unit, served):
        owner = await store.company_of(unit.connection, [INSTALLATION, *served], schedule_id)
        found = () if owner is None else await store.history(unit.at(by.at(owner)), schedule_id, limit=1)
        if not found or found[0].removed or not sees(person, found[0], served):
            raise absent(schedule_id)
        named = {user_id for layer in found[0].plan.layers for user_id in layer.people}
        people = await store.people(unit.connection, named)
        return found[0], {one.id: one.name for one in served.values()}, people


async def schedule_history(
    database: Database, by: Scope, person: Person | None, schedule_id: UUID
) -> tuple[Sequence[Version], Mapping[UUID, store.Known]]:
    """The versions of a schedule that is there or was, newest first, and whom they name; raises `NotFound`."""
    async with seeing(database, by, person) as (unit, served):
        owner = await store.company_of(unit.connection, [INSTALLATION, *served], schedule_id)
        if owner is None:
            raise absent(schedule_id)
        found = await store.history(unit.at(by.at(owner)), schedule_id, limit=MOST_HISTORY)
        if not sees(person, found[0], served):
            raise absent(schedule_id)
        named = {user_id for version in found for layer in version.plan.layers for user_id in layer.people}
        return found, await store.people(unit.connection, named)


async def open_for(unit: Unit, person: Person | None, company_id: CompanyId, at: datetime) -> Book:
    """
    The schedules that may be for one company at an instant.

    Args:
        unit: of the installation, in a transaction that sees the company as well.
    """
    return await open_book(unit, person, [company_id], Span(at, at + timedelta(seconds=1)))


async def look_over(look: Crossing, person: Person | None, span: Span) -> Book:
    """The schedules of all companies that somebody serves; their transaction sees the installation from here on."""
    await companies.see(look.connection, [INSTALLATION, *look.companies])
    return await open_book(look.at(INSTALLATION), person, look.companies, span)


async def read_calendar(
    database: Database, by: Scope, person: Person | None, schedule_id: UUID, look: Span
) -> Calendar:
    """
    A schedule over a time.

    Raises:
        NotFound: there is none that the person may see. Invalid: the time is empty, or longer than 100 days.
    """
    check_look(look)
    async with seeing(database, by, person) as (unit, served):
        book = await open_book(unit, person, list(served), look, schedules=[schedule_id])
    if not book.visible:
        raise absent(schedule_id)
    return calendar_of(book, book.visible[0], look)


def calendar_of(book: Book, rota: Rota, look: Span) -> Calendar:
    """The same from a book."""
    touching = tuple(
        one
        for one in rota.changes
        if one.last > look.start and min(one.span.start, (one.other_span or one.span).start) < look.end
    )
    return Calendar(rota, look, line(rota, look), layer_lines(rota, look), touching, book)


async def preview(
    database: Database, by: Scope, person: Person | None, owner: CompanyId, wish: Wish, look: Span
) -> tuple[Version, Sequence[Stretch], Mapping[UUID, store.Known]]:
    """What a schedule would say that is not saved, without any changes; raises as `add_schedule`."""
    check_look(look)
    require_set(person, owner)
    async with seeing(database, by, person) as (installation, served):
        if owner != INSTALLATION and owner not in served:
            raise NotFound(f"there is no company {owner}", where="company_id", mend="check the id")
        draft = Version(owner, UUID(int=0), 1, wish.plan, look.start, None, False, by.actor)
        made = await _checked(installation.at(by.at(owner)), draft, wish, served)
        named = {user_id for layer in made.plan.layers for user_id in layer.people}
        people = await store.people(installation.connection, named)
    return made, stretches(made.plan, (), look, gone={}), people


async def callable_people(database: Database, by: Scope, person: Person | None) -> list[str]:
    """E-mails of those who answer incidents of a company that the asker serves, the asker among them."""
    async with seeing(database, by, person) as (unit, served):
        able = await users.of_roles(unit, PERMISSIONS[Action.ON_CALL_TAKE].roles, limit=_MOST_PEOPLE)
    return [one.email for one in able if person is None or one.serves_all or any(map(one.serves, served))]


def gaps_ahead(book: Book, look: Span) -> list[Gap]:
    """When nobody is on call by the schedules that the asker may see, the first first."""
    found = [Gap(rota, span) for rota in book.visible for span in gaps(rota, look)]
    return sorted(found, key=lambda one: (one.span.start, one.rota.latest.plan.name))


def check_look(look: Span) -> None:
    """Raise `Invalid` when a time is empty or longer than what is calculated at once."""
    if not timedelta(0) < look.end - look.start <= LONGEST_LOOK:
        raise Invalid(
            f"the time is empty, or longer than {LONGEST_LOOK.days} days",
            where="to",
            mend=f"ask for at most {LONGEST_LOOK.days} days",
        )


async def _checked(unit: Unit, draft: Version, wish: Wish, served: Mapping[CompanyId, Company]) -> Version:
    """The version as it is kept: everything in it is of use, and everybody in it is somebody."""
    plan = draft.plan
    check_zone(plan.time_zone)
    if not 1 <= len(plan.layers) <= MOST_LAYERS:
        raise Invalid(f"a schedule has 1 to {MOST_LAYERS} layers", where="layers", mend="add or remove some")
    serves = await _checked_serves(unit, draft, served)
    there = msgspec.structs.replace(draft, plan=msgspec.structs.replace(plan, serves=serves))
    emails = {email for some in wish.people for email in some}
    found = await find_people(unit, there, emails, tuple(served.values()), where="people")
    layers = tuple(
        msgspec.structs.replace(_checked_layer(layer, some, place), people=tuple(found[email].id for email in some))
        for place, (layer, some) in enumerate(zip(plan.layers, wish.people, strict=True))
    )
    return msgspec.structs.replace(
        there, plan=msgspec.structs.replace(there.plan, name=check_name(plan.name), layers=layers)
    )


def _checked_layer(layer: Layer, people: Sequence[str], place: int) -> Layer:
    where = f"layers[{place}]"
    if not 1 <= len(people) <= MOST_PEOPLE:
        raise Invalid(f"a layer has 1 to {MOST_PEOPLE} people", where=f"{where}.people", mend="name somebody")
    if layer.every < 1 or layer.length > LONGEST_SHIFT:
        raise Invalid(
            "a shift is at least an hour and at most a year", where=f"{where}.every", mend="give another length"
        )
    if layer.ends_on is not None and layer.ends_on < layer.starts_on:
        raise Invalid("the layer ends before it starts", where=f"{where}.ends_on", mend="give a later day")
    if len(layer.hours) > MOST_WINDOWS:
        raise Invalid(f"a layer has at most {MOST_WINDOWS} hours", where=f"{where}.hours", mend="put some together")
    for one in layer.hours:
        if not one.days or any(not 0 <= day <= 6 for day in one.days):
            raise Invalid("hours need days", where=f"{where}.hours", mend="name days from 0 (Monday) to 6")
        _check_minutes(one.start, f"{where}.hours")
        _check_minutes(one.end, f"{where}.hours")
    _check_minutes(layer.hand_over, f"{where}.hand_over")
    return msgspec.structs.replace(layer, name=check_name(layer.name, where=f"{where}.name"))


def _check_minutes(clock: time, where: str) -> None:
    if clock.second or clock.microsecond or clock.tzinfo is not None:
        raise Invalid("a time of day has hours and minutes", where=where, mend="write it as 08:00")


async def _checked_serves(unit: Unit, draft: Version, served: Mapping[CompanyId, Company]) -> Serves:
    serves = draft.plan.serves
    if not draft.is_of_msp:
        if serves != Serves():
            raise Invalid("a company's own schedule is for that company", where="serves", mend="leave it out")
        return serves
    if len(serves.companies) + len(serves.groups) > MOST_SERVED:
        raise Invalid(f"that is more than {MOST_SERVED}", where="serves", mend="name groups, or everybody")
    for company_id in serves.companies:
        if company_id not in served:
            raise NotFound(f"there is no company {company_id}", where="serves.companies", mend="check the id")
    known = {one.id for one in await company_groups.all_groups(unit.at(unit.scope.at(INSTALLATION)))}
    for group_id in serves.groups:
        if group_id not in known:
            raise NotFound(f"there is no group {group_id}", where="serves.groups", mend="check the id")
    if not (serves.everybody or serves.companies or serves.groups):
        raise Invalid("the schedule is for nobody", where="serves", mend="name companies, groups, or everybody")
    return Serves(serves.everybody, tuple(sorted(set(serves.companies))), tuple(sorted(set(serves.groups))))


def _said(plan: Plan) -> dict[str, object]:
    """What the audit log says of a plan: people by their ids."""
    built: dict[str, object] = msgspec.to_builtins(plan)
    return built


async def _audit(
    unit: Unit, action: AuditAction, version: Version, detail: Mapping[str, object], *, now: datetime
) -> None:
    resource = Resource("on_call_schedule", str(version.schedule_id))
    await audit.write(unit, action, resource, {**detail, "version": version.version}, now=now)
