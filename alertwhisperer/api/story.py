"""Tells an incident: its alerts, what happened to it in order, and why its alerts are one incident."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from alertwhisperer.correlate.receipt import explain
from alertwhisperer.domain.outcome import sentence
from alertwhisperer.kit.ids import KIND_OCCURRENCE, sibling
from alertwhisperer.store import alerts, incidents, receipts
from alertwhisperer.store.alerts import AlertRow
from alertwhisperer.store.database import Unit
from alertwhisperer.store.incidents import Event, IncidentRow
from alertwhisperer.store.receipts import ReceiptRow

ALERTS_SHOWN = 100
_COMMENT = "comment"


class Entry(msgspec.Struct, frozen=True):
    """
    Something that happened.

    Attributes:
        kind: a reason's code, `alert_resolved`, `comment`, or the kind of a person's or timer's act.
        actor: who: a tool's slug, an e-mail, `timer`.
        detail: the facts of an act.
    """

    at: datetime
    kind: str
    actor: str
    text: str
    alert_id: UUID | None = None
    detail: Mapping[str, Any] = {}


class Story(msgspec.Struct, frozen=True):
    """An incident's first alerts (oldest first), its timeline (oldest first) and its reasons in sentences."""

    alerts: tuple[AlertRow, ...]
    timeline: tuple[Entry, ...]
    why: tuple[str, ...]


async def tell(unit: Unit, incident: IncidentRow) -> Story:
    """The story of an incident, from at most its first 100 alerts."""
    found = await alerts.first_of_incident(unit, incident.id, limit=ALERTS_SHOWN)
    opening = sibling(incident.id, KIND_OCCURRENCE)  # an incident that a person split off has none
    wanted = dict.fromkeys([opening, *(sibling(alert.id, KIND_OCCURRENCE) for alert in found)])
    told = {receipt.id: receipt for receipt in await receipts.of_occurrences(unit, list(wanted))}
    done = await incidents.acts(unit, incident.id)
    written = await incidents.comments(unit, incident.id)
    timeline = [*_beginnings(found, told), *_ends(found), *map(_act, reversed(done)), *map(_comment, reversed(written))]
    return Story(
        alerts=tuple(found),
        timeline=tuple(sorted((entry for entry in timeline if entry is not None), key=lambda entry: entry.at)),
        why=_why(incident, told.get(opening), [receipt for key, receipt in told.items() if key != opening]),
    )


def _beginnings(found: Sequence[AlertRow], told: Mapping[UUID, ReceiptRow]) -> list[Entry]:
    entries = []
    for alert in found:
        receipt = told.get(sibling(alert.id, KIND_OCCURRENCE))
        if receipt is None:
            text, kind = "It began.", "alert_began"  # its receipt's day was dropped
        else:
            text, kind = sentence(receipt.reason), receipt.reason.code
        entries.append(
            Entry(alert.first_seen_at, kind, alert.source, f"{alert.signature} on {alert.asset}: {text}", alert.id)
        )
    return entries


def _ends(found: Sequence[AlertRow]) -> list[Entry]:
    return [
        Entry(
            alert.ended_at, "alert_resolved", alert.source, f"{alert.signature} on {alert.asset}: it ended.", alert.id
        )
        for alert in found
        if alert.ended_at is not None
    ]


def _act(event: Event) -> Entry | None:
    if event.kind == _COMMENT:
        return None  # its words are in the comments
    facts = json.loads(event.facts)
    detail = facts if isinstance(facts, dict) else {"facts": facts}
    return Entry(event.at, event.kind, event.actor, f"{event.kind} by {event.actor}", detail=detail)


def _comment(event: Event) -> Entry:
    return Entry(event.at, _COMMENT, event.actor, event.facts)


def _why(incident: IncidentRow, opening: ReceiptRow | None, others: Sequence[ReceiptRow]) -> tuple[str, ...]:
    told: list[str] = []
    if opening is not None:
        told += explain(opening.facts, opening.reason)
    if incident.split_from is not None:
        told.append(f"A person split it off incident {incident.split_from}.")
    for reason, amount in Counter(receipt.reason for receipt in others).most_common():
        told.append(f"{amount} more {'alert' if amount == 1 else 'alerts'}: {sentence(reason)}")
    if incident.merged_into is not None:
        told.append(f"A person merged it into incident {incident.merged_into}.")
    return tuple(told) or (f"Rule {incident.rule_name!r} opened it; its receipt is older than what is kept.",)
