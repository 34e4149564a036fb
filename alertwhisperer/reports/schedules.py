"""Schedules: they ask for reports of the week or the month that has just ended, each time once."""

from collections.abc import Mapping
from dataclasses import asdict, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from alertwhisperer.domain.audit import AuditAction, Resource
from alertwhisperer.domain.company import Scope
from alertwhisperer.domain.company_setting import check_zone
from alertwhisperer.domain.errors import Conflicting, Invalid, NotFound
from alertwhisperer.domain.name import check_name
from alertwhisperer.domain.report import Every, Format, Report, ReportState, Schedule, Section
from alertwhisperer.guard.companies import require_company
from alertwhisperer.kit.ids import uuid7
from alertwhisperer.reports.asking import enter, sections_of
from alertwhisperer.reports.period import next_due, span_of, word_of
from alertwhisperer.store import audit, due, reports
from alertwhisperer.store.database import Database, Unit

MOST_SCHEDULES = 10
"""Of a company: more than that nobody reads, and each fills the database for as long as reports are kept."""
_LAST_DAY = {Every.WEEK: 7, Every.MONTH: 28}


async def add_schedule(
    database: Database,
    scope: Scope,
    *,
    name: str,
    every: Every,
    day: int = 1,
    hour: int = 6,
    time_zone: str | None = None,
    formats: tuple[Format, ...] = (Format.PDF,),
    sections: tuple[Section, ...] = (),
    now: datetime,
) -> Schedule:
    """
    Ask for reports by the clock.

    Args:
        time_zone: whose day and hour, and whose days the reports count; None for the company's.

    Raises:
        Invalid: a field is of no use.
        NotFound: there is no such company.
        Conflicting: it has too many schedules.
    """
    async with database.unit_of_work(scope) as unit:
        company = await require_company(unit)
        if len(await reports.schedules(unit)) >= MOST_SCHEDULES:
            raise Conflicting(
                f"a company has at most {MOST_SCHEDULES} schedules", where="company_id", mend="remove one"
            )
        schedule = Schedule(
            id=uuid7(now),
            name=name,
            every=every,
            day=day,
            hour=hour,
            time_zone=time_zone or company.time_zone,
            formats=formats,
            sections=sections,
            created_by=scope.actor,
            created_at=now,
            next_at=now,
        )
        schedule = _planned(schedule, now=now)
        await reports.insert_schedule(unit, schedule)
        await due.add(unit, due.REPORT_SCHEDULE, schedule.id, due_at=schedule.next_at)
        await _audit(unit, AuditAction.REPORT_SCHEDULE_ADDED, schedule.id, _told(schedule), now=now)
    return schedule


async def set_schedule(
    database: Database, scope: Scope, schedule_id: UUID, given: Mapping[str, Any], *, now: datetime
) -> Schedule:
    """
    Change what is given of a schedule, by the names of `add_schedule`; it asks next as it says then.

    Raises:
        Invalid: a field is of no use.
        NotFound: the company has no such schedule.
    """
    async with database.unit_of_work(scope) as unit:
        old = _there(await reports.lock_schedule(unit, schedule_id), schedule_id)
        new = _planned(replace(old, **given), now=now)
        changed = {
            key: [before, after]
            for (key, before), after in zip(_told(old).items(), _told(new).values(), strict=True)
            if before != after
        }
        if changed:
            await reports.update_schedule(unit, new)
            await due.add(unit, due.REPORT_SCHEDULE, schedule_id, due_at=new.next_at)
            await _audit(unit, AuditAction.REPORT_SCHEDULE_CHANGED, schedule_id, changed, now=now)
    return new if changed else old


async def list_schedules(database: Database, scope: Scope) -> list[Schedule]:
    """All of the company's, newest first."""
    async with database.unit_of_work(scope) as unit:
        return await reports.schedules(unit)


async def remove_schedule(database: Database, scope: Scope, schedule_id: UUID, *, now: datetime) -> None:
    """Remove a schedule; what it asked for stays. Raises `NotFound` when the company has no such one."""
    async with database.unit_of_work(scope) as unit:
        schedule = _there(await reports.lock_schedule(unit, schedule_id), schedule_id)
        await reports.remove_schedule(unit, schedule_id)
        await due.Due(unit, due.REPORT_SCHEDULE, schedule_id, 0).done()
        await _audit(unit, AuditAction.REPORT_SCHEDULE_REMOVED, schedule_id, _told(schedule), now=now)


async def ask_due(work: due.Due, *, now: datetime) -> None:
    """
    Ask for the reports of a schedule that is due, in the transaction that took the work: each of them once.

    What came due while no server ran is asked for as well, one after the other, each about its own week or month.
    """
    unit = work.unit
    schedule = await reports.lock_schedule(unit, work.subject)
    if schedule is None:
        await work.done()
        return
    if schedule.next_at > now:
        await work.postpone(schedule.next_at)
        return
    span = span_of(word_of(schedule.every), schedule.time_zone, now=schedule.next_at)
    for form in schedule.formats:
        report = Report(
            id=uuid7(now),
            span=span,
            format=form,
            sections=_sections(form, schedule.sections),
            schedule_id=schedule.id,
            asked_by=unit.scope.actor,
            asked_at=now,
            state=ReportState.QUEUED,
        )
        await enter(unit, report, due_at=now, now=now)
    onward = replace(schedule, next_at=next_due(schedule, schedule.next_at), last_at=now)
    await reports.update_schedule(unit, onward)
    await work.postpone(onward.next_at)


def _planned(schedule: Schedule, *, now: datetime) -> Schedule:
    """The schedule, if it can be kept, with the moment at which it asks next."""
    name = check_name(schedule.name)
    last = _LAST_DAY[schedule.every]
    if not 1 <= schedule.day <= last:
        raise Invalid(
            f"the day of a {schedule.every} is 1 to {last}, not {schedule.day}",
            where="day",
            mend="1 is Monday" if schedule.every is Every.WEEK else "later days are not in every month",
        )
    if not 0 <= schedule.hour <= 23:
        raise Invalid(f"the hour is 0 to 23, not {schedule.hour}", where="hour", mend="choose another")
    formats = tuple(one for one in Format if one in schedule.formats)
    if not formats:
        raise Invalid("a schedule makes at least one file", where="formats", mend="name pdf, xlsx or csv")
    kept = replace(
        schedule,
        name=name,
        time_zone=check_zone(schedule.time_zone),
        formats=formats,
        sections=tuple(one for one in Section if one in schedule.sections),
    )
    return replace(kept, next_at=next_due(kept, now))


def _sections(form: Format, wanted: tuple[Section, ...]) -> tuple[Section, ...]:
    """A CSV file of a schedule holds the incidents, whatever the parts of its other files are."""
    return sections_of(form, () if form is Format.CSV else wanted)


def _told(schedule: Schedule) -> dict[str, object]:
    names = ("name", "every", "day", "hour", "time_zone", "formats", "sections")
    values = asdict(schedule)
    return {name: list(values[name]) if isinstance(values[name], tuple) else values[name] for name in names}


async def _audit(
    unit: Unit, action: AuditAction, schedule_id: UUID, detail: Mapping[str, object], *, now: datetime
) -> None:
    await audit.write(unit, action, Resource("report_schedule", str(schedule_id)), detail, now=now)


def _there(schedule: Schedule | None, schedule_id: UUID) -> Schedule:
    if schedule is None:
        raise NotFound(f"there is no schedule {schedule_id}", where="schedule_id", mend="list the schedules")
    return schedule
