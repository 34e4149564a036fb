"""
Finds rows of many companies by whatever a person typed.

Under row-level security an index serves only comparisons that cannot leak: ids, numbers, and the beginnings of text
that is kept in the "C" collation. Parts of words are therefore looked for in rows, where these are few or a few are
enough. Connections are of `guard/crossing.py`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, TypeAlias
from uuid import UUID

import asyncpg
import msgspec

from alertwhisperer.domain.company import CompanyId
from alertwhisperer.domain.severity import Severity
from alertwhisperer.domain.standing import standing_of
from alertwhisperer.domain.state import AlertStatus, IncidentStatus
from alertwhisperer.store.database import Connection, queries

Kind: TypeAlias = Literal["company", "asset", "incident", "contact", "integration", "alert"]

_NEWEST_OF_ASSET = 5  # alerts of an asset that was named whole; its own page has them all
TITLES = 20_000
"""Incidents whose titles are looked through: the newest of the installation."""
_MOST_INTEGRATIONS = 10_000

_sql = queries("search")


@dataclass(frozen=True, slots=True)
class Sought:
    """
    What a person typed, read in every way that makes sense.

    Attributes:
        text: in lower case; canonical: as names of assets are compared.
        words: of the text, all of which must be found.
        number: of an incident; -1, which none has, when it is no number.
        low, high: the ids that begin so; the other way round, so that none lies between, when it is no such beginning.
    """

    text: str
    canonical: str
    words: tuple[str, ...]
    number: int
    low: UUID
    high: UUID


class Found(msgspec.Struct, frozen=True):
    """
    Something that fits.

    Attributes:
        rank: 0 is it, by its whole name or its id; 1 begins so; 2 has it somewhere.
        detail: a few words that tell it from others of its title.
        number: of an incident.
        at: when an incident opened, or an alert was last seen.
    """

    kind: Kind
    id: UUID
    company_id: CompanyId
    title: str
    detail: str
    rank: int
    number: int | None = None
    at: datetime | None = None


async def companies(connection: Connection, served: Sequence[CompanyId], sought: Sought, *, limit: int) -> list[Found]:
    """Companies."""
    rows = _sql.companies(connection, **_usual(served, sought, limit))
    return [_found("company", row["company_id"], row, title=row["name"], detail=row["ref"] or "") async for row in rows]


async def incidents(connection: Connection, served: Sequence[CompanyId], sought: Sought, *, limit: int) -> list[Found]:
    """Incidents; by their titles only the newest."""
    newest: int = await _sql.newest_incident(connection, companies=list(served)) or 0
    rows = _sql.incidents(
        connection,
        **_usual(served, sought, limit),
        number=sought.number,
        beyond=max(newest - TITLES, 0),
    )
    return _once([_incident(row) async for row in rows])


async def assets(connection: Connection, served: Sequence[CompanyId], sought: Sought, *, limit: int) -> list[Found]:
    """Assets, by any of their names."""
    rows = _sql.assets(
        connection,
        **_usual(served, sought, limit),
        canonical=sought.canonical,
        canonical_end=_after(sought.canonical),
    )
    return _once([_asset(row) async for row in rows])


async def contacts(connection: Connection, served: Sequence[CompanyId], sought: Sought, *, limit: int) -> list[Found]:
    """Contacts."""
    rows = _sql.contacts(connection, **_usual(served, sought, limit))
    return [
        _found(
            "contact",
            row["contact_id"],
            row,
            title=row["name"],
            detail=_joined(row["role"], row["phone"] or row["email"]),
        )
        async for row in rows
    ]


async def integrations(
    connection: Connection, served: Sequence[CompanyId], sought: Sought, *, limit: int
) -> list[Found]:
    """Integrations in use."""
    rows = _sql.integrations(connection, **_usual(served, sought, limit))
    return [
        _found("integration", row["integration_id"], row, title=row["name"], detail=row["source"]) async for row in rows
    ]


async def alerts(
    connection: Connection,
    served: Sequence[CompanyId],
    sought: Sought,
    problem_of: Callable[[UUID], UUID],
    *,
    limit: int,
) -> list[Found]:
    """
    Alerts.

    Args:
        problem_of: the hash of what was typed, as an integration's id of a problem.
    """
    named = [
        (row["company_id"], problem_of(row["integration_id"]))
        async for row in _sql.listening(connection, companies=list(served), limit=_MOST_INTEGRATIONS)
    ]
    rows = _sql.alerts(
        connection,
        **_usual(served, sought, limit),
        canonical=sought.canonical,
        owners=[company_id for company_id, _ in named],
        problems=[problem for _, problem in named],
        newest=_NEWEST_OF_ASSET,
    )
    return _once([_alert(row) async for row in rows])


def _usual(served: Sequence[CompanyId], sought: Sought, limit: int) -> dict[str, object]:
    """What statements take; those that do not need one of these leave it out."""
    return {
        "companies": list(served),
        "low": sought.low,
        "high": sought.high,
        "text": sought.text,
        "beginning": f"{_escaped(sought.text)}%",
        "parts": [f"%{_escaped(word)}%" for word in sought.words],
        "limit": limit,
    }


def _incident(row: asyncpg.Record) -> Found:
    status = IncidentStatus(row["status"])
    state: str = status.word
    if status is IncidentStatus.OPEN:
        state = standing_of(acknowledged=row["acknowledged"], firing=row["firing"])
    detail = _joined(Severity(row["severity"]).word, state)
    return _found(
        "incident", row["id"], row, title=row["title"], detail=detail, number=row["number"], at=row["opened_at"]
    )


def _asset(row: asyncpg.Record) -> Found:
    other = row["shown"] if row["shown"].casefold() != row["name"].casefold() else ""
    return _found(
        "asset", row["asset_id"], row, title=row["name"], detail=_joined(row["kind"] or row["platform"], other)
    )


def _alert(row: asyncpg.Record) -> Found:
    title = f"{row['signature']} on {row['asset']}"
    detail = _joined(row["source"], AlertStatus(row["status"]).word)
    return _found("alert", row["id"], row, title=title, detail=detail, at=row["last_seen_at"])


def _found(
    kind: Kind,
    identity: UUID,
    row: asyncpg.Record,
    *,
    title: str,
    detail: str,
    number: int | None = None,
    at: datetime | None = None,
) -> Found:
    return Found(kind, identity, CompanyId(row["company_id"]), title, detail, row["rank"], number, at)


def _once(found: Sequence[Found]) -> list[Found]:
    """The best of each thing: it may fit in more than one way."""
    best: dict[tuple[CompanyId, UUID], Found] = {}
    for one in found:
        best.setdefault((one.company_id, one.id), one)
    return list(best.values())


def _joined(*words: str) -> str:
    return ", ".join(word for word in words if word)


def _escaped(text: str) -> str:
    return text.replace("\\", r"\\").replace("%", r"\%").replace("_", r"\_")


def _after(text: str) -> str:
    """What sorts behind everything that begins so, byte by byte."""
    return f"{text}\U0010ffff"
