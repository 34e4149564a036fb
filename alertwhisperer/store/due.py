"""Timed work: rows with a due time, taken by any worker, done in the transaction that takes them."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from alertwhisperer.domain.company import CompanyId, Scope
from alertwhisperer.store.database import Database, Unit, queries

RESOLVE_INCIDENT = "resolve_incident"
"""Resolve an incident whose alerts have been quiet for its rule's hold."""
RELEASE_INCIDENT = "release_incident"
"""Open an incident that a maintenance window held back, if it still fires; the subject is the incident."""
SETTLE_WINDOW = "settle_window"
"""A time of a maintenance window is over: write what came of it; the subject is the window."""
END_SNOOZE = "end_snooze"
"""Wake an incident whose snooze is over, or say why it woke; the database asks for the latter (migration 0017)."""
SOURCE_ACTION = "source_action"
"""Carry out an effect that a delivery asked for."""
HAND_OVER = "hand_over"
"""Hand what waited for a customer's company to it, now that it is mapped."""
HAND_OVER_LATER = "hand_over_later"
"""The same for what came to wait meanwhile: over a limit, or by a table of routes that was just out of date."""
SILENCE = "silence"
"""Look whether something that must be heard is silent."""
POLL_FEED = "poll_feed"
"""Look at a tool that cannot push; the subject is its integration."""
APPROVAL_EXPIRY = "approval_expiry"
"""An approval that nobody gave in time lapses; the subject is the approval."""
IDENTITY_CHECK = "identity_check"
"""Look again at a person whose identity provider left a refresh token; the subject is the identity."""
REPORT = "report"
"""Make the file of a report; the subject is the report."""
REPORT_SCHEDULE = "report_schedule"
"""A schedule asks for reports; the subject is the schedule."""
PUSH = "push"
"""Tell a device of an incident; the subject is the notice."""

RUN = "run"
"""See to a run: start it when it is approved, carry it out, go on with it after a crash; the subject is the run."""
CHOOSE_RUN = "choose_run"
"""Look for what could mend an incident that opened; the subject is the incident."""
HEALING = "healing"
"""Look whether what a run healed stays healed; the subject is the incident."""

_sql = queries("due")


@dataclass(frozen=True, slots=True)
class Due:
    """A piece of work in a transaction that sees its company; it stays due unless it is done or postponed."""

    unit: Unit
    kind: str
    subject: UUID
    attempts: int

    async def done(self) -> None:
        """Nothing is left to do."""
        await _sql.done(self.unit.connection, company_id=self.unit.company_id, kind=self.kind, subject=self.subject)

    async def done_by_lease(self, lease: datetime) -> None:
        """Nothing is left to do, unless it was asked for again since this worker postponed it to `lease`."""
        await _sql.done_by_lease(
            self.unit.connection, company_id=self.unit.company_id, kind=self.kind, subject=self.subject, due_at=lease
        )

    async def postpone(self, until: datetime) -> None:
        """Look again at `until`."""
        await _sql.postpone(
            self.unit.connection,
            company_id=self.unit.company_id,
            kind=self.kind,
            subject=self.subject,
            due_at=until,
        )


async def put_off(unit: Unit, kind: str, subject: UUID, *, until: datetime, now: datetime) -> None:
    """Look at something later that was taken before; what was asked for since stays due."""
    await _sql.put_off(unit.connection, company_id=unit.company_id, kind=kind, subject=subject, due_at=until, now=now)


async def add(unit: Unit, kind: str, subject: UUID, *, due_at: datetime) -> None:
    """Have something done at a moment."""
    await _sql.add(unit.connection, company_id=unit.company_id, kind=kind, subject=subject, due_at=due_at)


async def hasten(unit: Unit, kind: str, subjects: Sequence[UUID], *, now: datetime) -> None:
    """Have work done now that is due later; what a worker has in hand is left to it."""
    named = {"company_id": unit.company_id, "kind": kind, "now": now}
    ahead = [row["subject"] async for row in _sql.ahead(unit.connection, **named, subjects=list(subjects))]
    await _sql.hasten(unit.connection, **named, subjects=ahead)


async def times(unit: Unit, kind: str, subjects: Sequence[UUID]) -> dict[UUID, datetime]:
    """When pieces of work are due, by their subjects; those that are not due at all are left out."""
    found = _sql.times(unit.connection, company_id=unit.company_id, kind=kind, subjects=list(subjects))
    return {row["subject"]: row["due_at"] async for row in found}


@asynccontextmanager
async def take(database: Database, kind: str, *, now: datetime) -> AsyncIterator[Due | None]:
    """One piece of work that is due and that no other worker has; None when there is none."""
    async with database.across([]) as connection:
        row = await _sql.take(connection, now=now, kind=kind)
        if row is None:
            yield None
            return
        company_id = CompanyId(row["company_id"])
        await _sql.enter(connection, company_id=company_id)
        yield Due(database.unit(connection, Scope(company_id, "timer")), row["kind"], row["subject"], row["attempts"])
