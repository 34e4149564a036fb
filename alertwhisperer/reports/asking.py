"""Reports that people ask for, look at, take and remove; a file is made later, by whoever takes the due work."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from alertwhisperer.domain.audit import AuditAction, Resource
from alertwhisperer.domain.company import Scope
from alertwhisperer.domain.company_setting import check_zone
from alertwhisperer.domain.errors import Conflicting, Invalid, NotFound
from alertwhisperer.domain.report import TABLES, Format, PeriodWord, Report, ReportState, Section, Span
from alertwhisperer.guard.companies import require_company
from alertwhisperer.kit.ids import uuid7
from alertwhisperer.reports.period import checked, span_of
from alertwhisperer.store import audit, due, reports
from alertwhisperer.store.database import Database, Unit

MOST_WAITING = 20
"""Reports of a company that wait to be made: one person cannot keep the press from all others."""
MOST_ASKED = 500
"""Reports that people asked for, kept for a company; those of schedules are bounded by their retention."""


async def ask(
    database: Database,
    scope: Scope,
    *,
    form: Format,
    word: PeriodWord,
    start: datetime | None = None,
    finish: datetime | None = None,
    sections: Sequence[Section] = (),
    due_at: datetime | None = None,
    now: datetime,
) -> Report:
    """
    Ask for a file.

    Args:
        word: which period; `custom` with `start` and `finish`, aware UTC.
        sections: which parts; none for all. Of CSV: the one table.
        due_at: when others may make it, if whoever asks makes it meanwhile; None for at once.

    Raises:
        Invalid: the period or the sections are of no use.
        NotFound: there is no such company.
        Conflicting: too many wait, or too many are kept.
    """
    wanted = sections_of(form, sections)
    async with database.unit_of_work(scope) as unit:
        company = await require_company(unit)
        await _refuse_too_many(unit)
        report = Report(
            id=uuid7(now),
            span=_span(word, start, finish, company.time_zone, now=now),
            format=form,
            sections=wanted,
            schedule_id=None,
            asked_by=scope.actor,
            asked_at=now,
            state=ReportState.QUEUED,
        )
        await enter(unit, report, due_at=due_at or now, now=now)
    return report


async def enter(unit: Unit, report: Report, *, due_at: datetime, now: datetime) -> None:
    """Write that a report is asked for, with its entry in the audit log and the work that makes it."""
    await reports.insert(unit, report)
    await due.add(unit, due.REPORT, report.id, due_at=due_at)
    detail: dict[str, object] = {
        "format": report.format.value,
        "period": report.span.word.value,
        "from": report.span.start.isoformat(),
        "to": report.span.finish.isoformat(),
    }
    if report.schedule_id is not None:
        detail["schedule_id"] = str(report.schedule_id)
    await audit.write(unit, AuditAction.REPORT_ASKED, Resource("report", str(report.id)), detail, now=now)


def sections_of(form: Format, given: Sequence[Section]) -> tuple[Section, ...]:
    """
    The parts of a file, in their order.

    Raises:
        Invalid: of CSV, not one table.
    """
    if form is not Format.CSV:
        return tuple(one for one in Section if one in given) if given else tuple(Section)
    if len(set(given)) > 1 or not set(given) <= set(TABLES):
        names = ", ".join(one.value for one in TABLES)
        raise Invalid("a CSV file holds one table", where="sections", mend=f"name one of {names}")
    return tuple(given[:1]) or TABLES[:1]


async def get_report(database: Database, scope: Scope, report_id: UUID) -> Report:
    """One report; raises `NotFound` when the company has no such one."""
    async with database.unit_of_work(scope) as unit:
        return there(await reports.read(unit, report_id), report_id)


async def list_reports(
    database: Database, scope: Scope, *, limit: int = 100, before: UUID | None = None
) -> list[Report]:
    """Reports, newest first, from the one after `before`."""
    async with database.unit_of_work(scope) as unit:
        return await reports.page(unit, limit=limit, before=before)


async def take_file(database: Database, scope: Scope, report_id: UUID) -> tuple[Report, bytes]:
    """
    A report and its file.

    Raises:
        NotFound: the company has no such report.
        Conflicting: it is not made, or failed.
    """
    async with database.unit_of_work(scope) as unit:
        report = there(await reports.read(unit, report_id), report_id)
        body = await reports.body(unit, report_id)
    if body is None:
        raise Conflicting(
            report.problem or "the file is not made yet",
            where="report_id",
            mend="ask for another report"
            if report.problem
            else "look again in a moment: `status` says when it is made",
        )
    return report, body


async def remove_report(database: Database, scope: Scope, report_id: UUID, *, now: datetime) -> None:
    """Remove a report with its file, made or not; raises `NotFound` when the company has no such one."""
    async with database.unit_of_work(scope) as unit:
        report = there(await reports.read(unit, report_id), report_id)
        if not await reports.remove(unit, report_id):
            raise absent(report_id)
        await due.Due(unit, due.REPORT, report_id, 0).done()
        detail = {
            "format": report.format.value,
            "from": report.span.start.isoformat(),
            "to": report.span.finish.isoformat(),
            "sha256": None if report.sha256 is None else report.sha256.hex(),
        }
        await audit.write(unit, AuditAction.REPORT_REMOVED, Resource("report", str(report_id)), detail, now=now)


def file_name(company: str, report: Report) -> str:
    """A name for the file that tells what it is, of letters that every system takes."""
    words = "".join(one if one.isascii() and one.isalnum() else "-" for one in company.lower())
    short = "-".join(part for part in words.split("-") if part)[:40].strip("-") or "report"
    return f"{short}-{report.span.start:%Y-%m-%d}-{report.span.finish:%Y-%m-%d}.{report.format.value}"


def there(report: Report | None, report_id: UUID) -> Report:
    """The report; raises `NotFound` when there is none."""
    if report is None:
        raise absent(report_id)
    return report


def absent(report_id: UUID) -> NotFound:
    """The answer for a report that is not there."""
    return NotFound(f"there is no report {report_id}", where="report_id", mend="list the reports")


def _span(word: PeriodWord, start: datetime | None, finish: datetime | None, time_zone: str, *, now: datetime) -> Span:
    if word is not PeriodWord.CUSTOM:
        if start is not None or finish is not None:
            raise Invalid("a period has a name or two moments, not both", where="period", mend="leave one of them out")
        return span_of(word, check_zone(time_zone), now=now)
    if start is None or finish is None:
        raise Invalid("nothing says which period", where="period", mend="name one, or give from and to")
    return checked(Span(word, start, finish, time_zone), now=now)


async def _refuse_too_many(unit: Unit) -> None:
    held = await reports.held(unit)
    if held.waiting >= MOST_WAITING:
        raise Conflicting(
            f"{held.waiting} reports wait to be made already", where="company_id", mend="wait until they are made"
        )
    if held.asked >= MOST_ASKED:
        raise Conflicting(
            f"{held.asked} reports are kept for this company", where="company_id", mend="remove some that are old"
        )
