"""Makes the file of a report: takes it for a while, gathers in one moment, prints, keeps the file once."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from hashlib import sha256
from uuid import UUID

import structlog

from alertwhisperer.domain.audit import AuditAction, Resource
from alertwhisperer.domain.company import Scope
from alertwhisperer.domain.errors import Permanent
from alertwhisperer.domain.report import Format, Report, ReportState
from alertwhisperer.guard.companies import require_company
from alertwhisperer.kit.clock import Clock
from alertwhisperer.reports.facts import Facts, gather
from alertwhisperer.reports.printing import PATIENCE_S
from alertwhisperer.store import audit, due, reports
from alertwhisperer.store.database import Database

LEASE = timedelta(seconds=PATIENCE_S + 150)
"""For how long whoever takes a report keeps it from others: longer than gathering and printing may take."""
MOST_TRIES = 3
"""After which whoever takes it gives up: it ended three servers, or three were stopped while at it."""
_GIVEN_UP = f"the file could not be made: it was begun {MOST_TRIES} times and never finished"

Printer = Callable[[Facts, Format], Awaitable[bytes]]

_log = structlog.get_logger("reports")


async def make_taken(database: Database, scope: Scope, report: Report, print_file: Printer, *, clock: Clock) -> str:
    """
    Make the file of a report that waits, and keep it; a failure is kept as well, and its reason given.

    Whoever calls holds its lease. If another made it meanwhile, or it was removed, nothing changes.
    """
    try:
        async with database.unit_of_work(scope, snapshot=True) as unit:
            company = await require_company(unit)
            facts = await gather(unit, company, report, now=clock.now())
        body = await print_file(facts, report.format)
    except Permanent as failure:
        await fail(database, scope, report.id, str(failure), clock=clock)
        return str(failure)
    now, digest = clock.now(), sha256(body).digest()
    async with database.unit_of_work(scope) as unit:
        if await reports.save_made(unit, report.id, body, digest, now=now):
            detail = {"format": report.format.value, "bytes": len(body), "sha256": digest.hex()}
            await audit.write(unit, AuditAction.REPORT_MADE, Resource("report", str(report.id)), detail, now=now)
        await due.Due(unit, due.REPORT, report.id, 0).done()
    return ""


async def fail(database: Database, scope: Scope, report_id: UUID, problem: str, *, clock: Clock) -> None:
    """Keep why a report cannot be made; it is not tried again."""
    now = clock.now()
    async with database.unit_of_work(scope) as unit:
        if await reports.save_failed(unit, report_id, problem, now=now):
            detail = {"problem": problem}
            await audit.write(unit, AuditAction.REPORT_FAILED, Resource("report", str(report_id)), detail, now=now)
        await due.Due(unit, due.REPORT, report_id, 0).done()


async def make_next(database: Database, print_file: Printer, *, clock: Clock) -> bool:
    """
    Make one report that is due, if there is one.

    It is taken by moving its due time beyond the lease, in a transaction of its own: whoever dies over it leaves it to
    the next one after that, and nobody else begins it before.
    """
    now = clock.now()
    async with due.take(database, due.REPORT, now=now) as work:
        if work is None:
            return False
        scope = work.unit.scope
        report = await reports.read(work.unit, work.subject)
        if report is None or report.state is not ReportState.QUEUED:
            await work.done()
            return True
        await work.postpone(now + LEASE)
        tries = work.attempts
    problem = _GIVEN_UP
    if tries < MOST_TRIES:
        problem = await make_taken(database, scope, report, print_file, clock=clock)
    else:
        await fail(database, scope, report.id, problem, clock=clock)
    told = {"company": str(scope.company_id), "report": str(report.id), "format": report.format.value}
    if problem:
        _log.warning("report.failed", **told, why=problem)
    else:
        _log.info("report.made", **told)
    return True
