"""Reads what stands around an incident: its last hour, and earlier incidents that are like it."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID

import msgspec

from alertwhisperer.domain.company import CompanyId
from alertwhisperer.domain.severity import Severity
from alertwhisperer.kit.ids import floor_at
from alertwhisperer.store.alerts import ID_SLACK
from alertwhisperer.store.database import Connection, Unit, queries
from alertwhisperer.store.incidents import IncidentRow

_sql = queries("around")

_ALERTS_HEARD = 500  # of one incident; a guess, more than a bar can tell apart
_DEPTH = 5_000  # earlier incidents that are looked at; about 20 ms


class SimilarRow(msgspec.Struct, frozen=True):
    """
    An earlier incident that is like one.

    Attributes:
        is_same_key: of the same rule and key; else of the same check elsewhere.
        note: what a person wrote when they resolved it.
        next_opened_at: when the next one of its key opened; None when none did.
    """

    id: UUID
    number: int
    title: str
    severity: Severity
    opened_at: datetime
    resolved_at: datetime
    resolved_by: str | None
    is_same_key: bool
    next_opened_at: datetime | None
    note: str


async def activity(
    connection: Connection,
    companies: Sequence[CompanyId],
    ids: Sequence[UUID],
    *,
    until: datetime,
    steps: int,
    step: timedelta,
) -> Mapping[UUID, Sequence[int]]:
    """
    Firing occurrences of incidents of some companies, in `steps` steps that end at a moment, oldest first.

    An incident that the companies do not have is left out. `connection` sees the companies.
    """
    since = until - steps * step
    named = {"companies": list(companies), "ids": list(ids)}
    bars = {row["id"]: [0] * steps async for row in _sql.shown(connection, **named)}
    rows = _sql.activity(
        connection,
        **named,
        since=since,
        until=until,
        floor=floor_at(since - ID_SLACK),
        step_s=int(step.total_seconds()),
        depth=_ALERTS_HEARD,
    )
    async for identifier, place, amount in rows:
        if identifier in bars:
            bars[identifier][place] = amount
    return bars


async def similar(
    unit: Unit, incident: IncidentRow, *, signature: str, asset_names: Sequence[str], limit: int
) -> list[SimilarRow]:
    """
    Resolved incidents that are like one: of its rule and key first, then of its check elsewhere; newest first.

    Args:
        signature: of its first alert.
        asset_names: its assets, canonical.
    """
    rows = _sql.similar(
        unit.connection,
        company_id=unit.company_id,
        incident_id=incident.id,
        rule_id=incident.rule_id,
        key=incident.aggregation_key,
        head=f"{signature} on ",
        asset_names=list(asset_names),
        depth=_DEPTH,
        limit=limit,
    )
    return [
        SimilarRow(
            row["id"],
            row["number"],
            row["title"],
            Severity(row["severity"]),
            row["opened_at"],
            row["resolved_at"],
            row["resolved_by"],
            row["is_same_key"],
            row["next_opened_at"],
            _note(row["resolution"]),
        )
        async for row in rows
    ]


def _note(facts: str | None) -> str:
    return "" if facts is None else str(msgspec.json.decode(facts).get("note", ""))
