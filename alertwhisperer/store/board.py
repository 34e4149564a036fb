"""
Reads what the board shows of many companies at once, each thing in one statement however many companies there are.

Connections are of `guard/crossing.py` or of `Database.across`, and see the companies that are named.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

import msgspec

from alertwhisperer.domain.company import CompanyId
from alertwhisperer.domain.severity import Severity
from alertwhisperer.domain.standing import StandingWord, standing_of
from alertwhisperer.store.database import Connection, queries

STEPS = 20
"""Bars of the last hour."""
STEP_S = 180

_DEPTH = 500  # alerts of an incident among which the first is looked for

_sql = queries("board")

Companies = Sequence[CompanyId]


class OpenCount(NamedTuple):
    """Open incidents of one severity; `untaken` counts the critical ones that fire and that nobody took."""

    severity: Severity
    amount: int
    untaken: int


class Line(msgspec.Struct, frozen=True):
    """An open incident in a line; `asset` is its first alert's, None when it has none of its own any more."""

    id: UUID
    company_id: CompanyId
    number: int
    title: str
    severity: Severity
    state: StandingWord
    asset: str | None
    assignee: str | None
    opened_at: datetime


class Untaken(NamedTuple):
    """A critical incident that fires and that nobody took."""

    company_id: CompanyId
    id: UUID
    number: int


class Step(NamedTuple):
    """Firing occurrences of three minutes; `last_at` is the last one's moment, None where there was none."""

    place: int
    firing: int
    last_at: datetime | None


class Asked(NamedTuple):
    """Questions that wait for an answer."""

    amount: int
    first_expires_at: datetime | None


async def names(connection: Connection, companies: Companies, *, limit: int) -> dict[CompanyId, str]:
    """What they are called, in the order of their names."""
    rows = _sql.companies(connection, companies=list(companies), limit=limit)
    return {CompanyId(row["company_id"]): row["name"] async for row in rows}


async def open_counts(connection: Connection, companies: Companies) -> Mapping[CompanyId, list[OpenCount]]:
    """Open incidents by company and severity, least first; what has none has no entry."""
    found: dict[CompanyId, list[OpenCount]] = {}
    async for row in _sql.open(connection, companies=list(companies)):
        count = OpenCount(Severity(row["severity"]), row["amount"], row["untaken"])
        found.setdefault(CompanyId(row["company_id"]), []).append(count)
    return found


async def untaken_criticals(connection: Connection, companies: Companies, *, limit: int) -> list[Untaken]:
    """Critical incidents that fire and that nobody took, the oldest first."""
    rows = _sql.untaken_criticals(connection, companies=list(companies), limit=limit)
    return [Untaken(CompanyId(row["company_id"]), row["id"], row["number"]) async for row in rows]


async def worst(connection: Connection, companies: Companies, *, each: int) -> Mapping[CompanyId, list[Line]]:
    """Up to `each` open incidents of every company, the worst first and of equal ones the oldest."""
    found: dict[CompanyId, list[Line]] = {}
    async for row in _sql.worst(connection, companies=list(companies), each=each, depth=_DEPTH):
        line = Line(
            id=row["id"],
            company_id=CompanyId(row["company_id"]),
            number=row["number"],
            title=row["title"],
            severity=Severity(row["severity"]),
            state=standing_of(acknowledged=row["acknowledged"], firing=row["firing"]),
            asset=row["asset"],
            assignee=row["assignee"],
            opened_at=row["opened_at"],
        )
        found.setdefault(line.company_id, []).append(line)
    return found


async def steps(
    connection: Connection, companies: Companies, *, start: datetime, finish: datetime
) -> Mapping[CompanyId, list[Step]]:
    """Firing occurrences of [start, finish) in steps of three minutes from `start`; empty steps are left out."""
    found: dict[CompanyId, list[Step]] = {}
    async for row in _sql.bars(connection, companies=list(companies), start=start, finish=finish):
        step = Step(row["place"], row["firing"], row["last_at"])
        found.setdefault(CompanyId(row["company_id"]), []).append(step)
    return found


async def newest_alerts(connection: Connection, companies: Companies) -> dict[CompanyId, datetime]:
    """When each company's newest alert was last seen firing."""
    rows = _sql.newest_alerts(connection, companies=list(companies))
    return {CompanyId(row["company_id"]): row["last_seen_at"] async for row in rows}


async def same_hours(
    connection: Connection, companies: Companies, starts: Sequence[datetime]
) -> Mapping[CompanyId, dict[datetime, int]]:
    """Firing occurrences of the hours that begin at `starts`; hours without any are left out."""
    found: dict[CompanyId, dict[datetime, int]] = {}
    finishes = [start + timedelta(hours=1) for start in starts]
    async for row in _sql.same_hours(connection, companies=list(companies), starts=list(starts), finishes=finishes):
        found.setdefault(CompanyId(row["company_id"]), {})[starts[row["place"] - 1]] = row["firing"]
    return found


async def first_counted(connection: Connection, companies: Companies) -> dict[CompanyId, datetime]:
    """Since when each company's books reach back."""
    rows = _sql.first_counted(connection, companies=list(companies))
    return {CompanyId(row["company_id"]): row["at"] async for row in rows}


async def asked(connection: Connection, companies: Companies, *, now: datetime) -> Asked:
    """Questions that wait for an answer and have not lapsed."""
    row = await _sql.approvals(connection, companies=list(companies), now=now)
    return Asked(row["amount"], row["first_expires_at"])
