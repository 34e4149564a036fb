"""Figures counted from the rows, one after another, by somebody who has never seen the product's statements."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import ROUND_HALF_EVEN, Context, Decimal
from uuid import UUID

from alertwhisperer.store.database import Connection

_EXACT = Context(prec=80, rounding=ROUND_HALF_EVEN)
_TWO_PLACES = Decimal("0.01")


@dataclass
class Incident:
    """What the rows say of one incident."""

    opened_at: datetime
    resolved_at: datetime | None
    taken_at: datetime | None = None
    merged: bool = False
    was_split: bool = False


@dataclass(frozen=True)
class Raw:
    """All of one company: when firing occurrences came and whether they began an alert, and its incidents."""

    firing: Sequence[tuple[datetime, bool]]
    incidents: Sequence[Incident]


async def read(owner: Connection, company_id: UUID) -> Raw:
    """Read everything of a company as the database's owner: occurrences, incidents, and the log of acts."""
    occurrences = await owner.fetch(
        "SELECT received_at, kind, outcome FROM occurrence WHERE company_id = $1", company_id
    )
    states = await owner.fetch(
        "SELECT incident_id, status, resolved_at FROM incident_state WHERE company_id = $1", company_id
    )
    shown = await owner.fetch("SELECT id, opened_at, split_from FROM incident WHERE company_id = $1", company_id)
    acts = await owner.fetch(
        "SELECT at, kind, incident_id, facts FROM act WHERE company_id = $1 ORDER BY seq", company_id
    )

    ended = {row["incident_id"]: row["resolved_at"] for row in states if row["status"] == 3}
    incidents = {row["id"]: Incident(row["opened_at"], ended.get(row["id"])) for row in shown}
    born_taken: set[UUID] = set()
    for act in acts:  # in the order in which they were done
        one = incidents[act["incident_id"]]
        if act["kind"] == "acknowledge" and one.taken_at is None and act["incident_id"] not in born_taken:
            one.taken_at = act["at"]
        elif act["kind"] == "merge":
            for other in json.loads(act["facts"])["others"]:
                incidents[UUID(other)].merged = True
        elif act["kind"] == "split":
            one.was_split = True
            if one.taken_at is not None or act["incident_id"] in born_taken:
                born_taken.add(UUID(json.loads(act["facts"])["into"]))
    firing = [(row["received_at"], row["outcome"] == 1) for row in occurrences if row["kind"] == 1]
    return Raw(firing, list(incidents.values()))


def figures(raws: Sequence[Raw], start: datetime, finish: datetime) -> dict[str, object]:
    """The figures of companies together, by their names in the API."""
    alerts = [began for raw in raws for at, began in raw.firing if start <= at < finish]
    incidents = [one for raw in raws for one in raw.incidents if not one.merged]
    opened = [one for one in incidents if start <= one.opened_at < finish]
    repaired = [
        one.resolved_at - one.opened_at
        for one in incidents
        if one.resolved_at is not None and start <= one.resolved_at < finish
    ]
    taken = [
        one.taken_at - one.opened_at for one in incidents if one.taken_at is not None and start <= one.taken_at < finish
    ]
    total, distinct = len(alerts), sum(alerts)
    split = sum(one.was_split for one in opened)
    noise = _percent(total - len(opened), total)
    dedup = _percent(total - distinct, total)
    return {
        "total_alerts": total,
        "distinct_alerts": distinct,
        "suppressed_alerts": 0,
        "total_incidents": len(opened),
        "where_alerts_went": {
            "folded": total - distinct,
            "correlated": distinct - len(opened),
            "suppressed": 0,
            "incidents": len(opened),
        },
        "noise_reduction_pct": _plain(noise),
        "noise_reduction": None
        if noise is None or dedup is None
        else {
            "dedup": float(dedup),
            "correlation": float(noise - dedup),
            "suppression": 0.0,
            "guards": {
                "criticals_suppressed": 0,
                "groups_split": split,
                "groups_split_pct": _plain(_percent(split, len(opened))),
            },
        },
        "mttr_minutes": _minutes(sum(repaired, timedelta()), len(repaired)),
        "mttr_minutes_median": _middle(repaired),
        "mttr_count": len(repaired),
        "mtta_minutes": _minutes(sum(taken, timedelta()), len(taken)),
        "mtta_minutes_median": _middle(taken),
        "mtta_count": len(taken),
        "over_30_minutes": sum(one > timedelta(minutes=30) for one in taken),
        **dict.fromkeys(("self_healed_count", "self_healed_provisional", "self_healed_pct")),
        **dict.fromkeys(("sla_compliance_pct", "sla", "patch_compliance_pct", "patch")),
    }


def _percent(part: int, whole: int) -> Decimal | None:
    return None if whole == 0 else _rounded(Decimal(100 * part), Decimal(whole))


def _minutes(together: timedelta, amount: int) -> float | None:
    if amount == 0:
        return None
    return float(_rounded(Decimal(together // timedelta(microseconds=1)), Decimal(amount * 60_000_000)))


def _middle(durations: Sequence[timedelta]) -> float | None:
    ordered = sorted(durations)
    half = len(ordered) // 2
    if not ordered:
        return None
    return _minutes(ordered[half], 1) if len(ordered) % 2 else _minutes(ordered[half - 1] + ordered[half], 2)


def _rounded(part: Decimal, whole: Decimal) -> Decimal:
    return _EXACT.divide(part, whole).quantize(_TWO_PLACES, context=_EXACT)


def _plain(value: Decimal | None) -> float | None:
    return None if value is None else float(value)
