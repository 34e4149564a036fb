"""Tells an incident: its alerts, what happened to it in order, and why its alerts are one incident."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Literal, TypeAlias
from uuid import UUID

import msgspec

from alertwhisperer.api.together import Together, judge
from alertwhisperer.correlate import acts as made
from alertwhisperer.correlate.receipt import explain
from alertwhisperer.domain.outcome import sentence
from alertwhisperer.domain.run import REASONS
from alertwhisperer.kit.ids import KIND_OCCURRENCE, sibling
from alertwhisperer.shift.promises import PROMISE, PROMISE_DROPPED, PROMISE_KEPT
from alertwhisperer.store import alerts, incidents, receipts, runs
from alertwhisperer.store.alerts import AlertRow
from alertwhisperer.store.database import Unit
from alertwhisperer.store.incidents import Event, IncidentRow
from alertwhisperer.store.receipts import ReceiptRow
from alertwhisperer.store.runs import Told

ALERTS_SHOWN = 100
_STEPS_SHOWN = 500  # of an incident's runs; one on a target has eight
_OUTPUT_BYTES = 2_000  # the end of what a script said; all of it is at the run
_COMMENT = "comment"
RUN_STEP = "run_step"
_PROMISED = frozenset({PROMISE, PROMISE_KEPT, PROMISE_DROPPED})

Maker: TypeAlias = Literal["alerts", "decisions", "people"]


class Entry(msgspec.Struct, frozen=True):
    """
    Something that happened.

    Attributes:
        kind: a reason's code, `alert_resolved`, `comment`, `run_step`, or the kind of a person's or timer's act.
        actor: who: a tool's slug, an e-mail, `timer`.
        detail: the facts of an act.
    """

    at: datetime
    kind: str
    actor: str
    text: str
    alert_id: UUID | None = None
    detail: Mapping[str, Any] = {}

    @property
    def group(self) -> Maker:
        """Who made it happen: the tools, the rules with their timers, or people."""
        if self.alert_id is not None:
            return "alerts"
        by_itself = self.kind == RUN_STEP and "@" not in self.actor  # people act by their e-mail
        return "decisions" if self.kind in (made.TIMER_RESOLVE, made.TIMER_RELEASE) or by_itself else "people"


class Story(msgspec.Struct, frozen=True):
    """An incident's first alerts (oldest first), its timeline (oldest first) and its reasons, told and counted."""

    alerts: tuple[AlertRow, ...]
    timeline: tuple[Entry, ...]
    why: tuple[str, ...]
    together: Together


async def tell(unit: Unit, incident: IncidentRow, *, outputs: bool) -> Story:
    """
    The story of an incident, from at most its first 100 alerts.

    Args:
        outputs: whether what scripts of its runs said may be told.
    """
    found = await alerts.first_of_incident(unit, incident.id, limit=ALERTS_SHOWN)
    opening = sibling(incident.id, KIND_OCCURRENCE)  # an incident that a person split off has none
    wanted = dict.fromkeys([opening, *(sibling(alert.id, KIND_OCCURRENCE) for alert in found)])
    told = {receipt.id: receipt for receipt in await receipts.of_occurrences(unit, list(wanted))}
    done = await incidents.acts(unit, incident.id)
    written = await incidents.comments(unit, incident.id)
    steps = await runs.steps_of_incident(unit, incident.id, limit=_STEPS_SHOWN, most_bytes=_OUTPUT_BYTES)
    timeline = [
        *_beginnings(found, told),
        *_ends(found),
        *map(_act, reversed(done)),
        *map(_comment, reversed(written)),
        *(_run_step(told, outputs=outputs) for told in steps),
    ]
    return Story(
        alerts=tuple(found),
        timeline=tuple(sorted((entry for entry in timeline if entry is not None), key=lambda entry: entry.at)),
        why=_why(incident, told.get(opening), [receipt for key, receipt in told.items() if key != opening]),
        together=await judge(unit, incident, found, told),
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
    said = f": {detail['text']}" if event.kind in _PROMISED else ""
    return Entry(event.at, event.kind, event.actor, f"{event.kind} by {event.actor}{said}", detail=detail)


def _comment(event: Event) -> Entry:
    return Entry(event.at, _COMMENT, event.actor, event.facts)


def _run_step(told: Told, *, outputs: bool) -> Entry:
    """A step of a run, with the end of what its script said."""
    step = told.step
    where = f"{told.title} on {told.name}" if step.asset_id is not None else told.title
    detail: dict[str, Any] = {
        "run_id": str(step.run_id),
        "runbook": told.runbook,
        "asset_id": None if step.asset_id is None else str(step.asset_id),
        "before": step.before,
        "after": step.after,
        "reason": step.reason.value,
    }
    if told.phase is not None:
        detail |= {
            "act_id": str(step.act_id),
            "phase": told.phase.value,
            "exit_code": told.exit_code,
        }
    if told.phase is not None and outputs:
        detail |= {
            "stdout": told.stdout.decode(errors="replace"),
            "stderr": told.stderr.decode(errors="replace"),
        }
    text = f"{where}: {step.after.replace('_', ' ')}. {REASONS[step.reason]}"
    return Entry(step.at, RUN_STEP, step.actor, f"{text} {step.said}".strip(), detail=detail)


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
