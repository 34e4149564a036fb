"""Turns what a batch decided into the columns that its one writing statement takes; no decisions here."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Any

import msgspec

from alertwhisperer.correlate.decide import Decision, Work
from alertwhisperer.domain.delivery import Delivery, Normalized, Unreadable
from alertwhisperer.domain.occurrence import Kind, Refused
from alertwhisperer.domain.outcome import Outcome, Reason
from alertwhisperer.domain.state import AlertState, AlertStatus
from alertwhisperer.store.due import RESOLVE_INCIDENT, SOURCE_ACTION
from alertwhisperer.store.hot.batch import WRITE_COLUMNS

_FIRING = int(AlertStatus.FIRING)
_text = msgspec.json.Encoder(order="sorted").encode

Columns = dict[str, list[Any]]


def columns() -> Columns:
    """Empty columns of the writing statement."""
    return {name: [] for name in WRITE_COLUMNS}


def put_delivery(into: Columns, delivery: Delivery) -> None:
    """The delivery's own row, and the effects it asked for."""
    _add(
        into, "d", company=delivery.company, id=delivery.id, integration=delivery.integration,
        received_at=delivery.received_at, source=delivery.source, parser=delivery.parser,
        settings=delivery.settings_version, status=int(delivery.status), received=len(delivery.members),
        flagged=delivery.flagged, request=delivery.request, body=delivery.body,
    )  # fmt: skip
    for place, action in enumerate(delivery.actions):
        identity = (int.from_bytes(delivery.id, "big") | 3 << 24 | 1 << 23 | place).to_bytes(16, "big")
        _add(
            into, "x", company=delivery.company, id=identity, integration=delivery.integration, kind=action.kind,
            subject=action.subject, secret=action.sealed, state="due" if action.approved else "awaiting_approval",
            at=delivery.received_at,
        )  # fmt: skip
        if action.approved:
            _add(into, "t", company=delivery.company, kind=SOURCE_ACTION, subject=identity, due=delivery.received_at)


def put_unusable(into: Columns, delivery: Delivery, identity: bytes, told: Refused | Unreadable, place: int) -> None:
    """A member that was rejected or waits in quarantine."""
    unreadable = isinstance(told, Unreadable)
    reason = told.reason if isinstance(told, Unreadable) else "rejected"
    outcome = Outcome.QUARANTINED if unreadable else Outcome.REJECTED
    _add(
        into, "o", company=delivery.company, id=identity, integration=delivery.integration, place=place,
        received_at=delivery.received_at, kind=int(Kind.NOTED), severity=None, outcome=int(outcome),
        reason=int(Reason.QUARANTINED if unreadable else Reason.REJECTED), problem=None, cycle=None, started=None,
        ended=None, rules=0, alert=None, incident=None,
        content=_text({"what": told.what, "where": told.where, "mend": told.mend}).decode(),
    )  # fmt: skip
    if unreadable:
        _add(
            into, "q", company=delivery.company, id=identity, delivery=delivery.id, integration=delivery.integration,
            at=delivery.received_at, reason=reason, what=told.what, place=told.where, mend=told.mend,
        )  # fmt: skip


def put_decisions(into: Columns, decisions: Sequence[Decision]) -> None:
    """The occurrences, in their order of decision, and their receipts."""
    (company, identity, integration, places, received, kind, severity, outcome, reason, problem, cycle, started, ended,
     rules, alert, incident, content) = (
        into[f"o_{name}"].append
        for name in (
            "company", "id", "integration", "place", "received_at", "kind", "severity", "outcome", "reason", "problem",
            "cycle", "started", "ended", "rules", "alert", "incident", "content",
        )
    )  # fmt: skip
    for place, decision in enumerate(decisions):
        item = decision.item
        company(item.company)
        identity(item.id)
        integration(item.integration)
        places(place)
        received(item.received_at)
        kind(item.kind)
        severity(item.severity)
        outcome(decision.outcome)
        reason(decision.reason)
        problem(item.problem)
        cycle(item.cycle)
        started(item.started_at)
        ended(item.ended_at)
        rules(item.rules_version)
        alert(decision.alert_id)
        incident(decision.incident_id)
        content(item.encoded if decision.keep_content else None)
        if decision.receipt is not None:
            _add(into, "r", company=item.company, id=item.id, facts=decision.receipt)


def put_work(into: Columns, work: Work) -> None:
    """The states that changed, the alerts and incidents that began, and what is due."""
    for problem in work.new_alerts:
        _put_state(into, "sn", work.company_of[problem], problem, work.alerts[problem])
    for problem in work.changed_alerts - work.new_alerts:
        _put_state(into, "su", work.company_of[problem], problem, work.alerts[problem])
    _put_incidents(into, work)
    for key in work.new_keys:
        _add(into, "kn", company=work.company_of[key], key=key, incident=work.keys[key])
    for key in work.changed_keys:
        _add(into, "ku", company=work.company_of[key], key=key, incident=work.keys[key])
    _put_alerts(into, work)
    for incident_id, due_at in work.due.items():
        _add(into, "t", company=work.company_of[incident_id], kind=RESOLVE_INCIDENT, subject=incident_id, due=due_at)
    _sort(into, "sn", "problem")
    _sort(into, "kn", "key")


def put_ledger(into: Columns, counts: dict[bytes, "Tally"], *, at: datetime, fresh_id: Callable[[], bytes]) -> None:
    """One row a company: what the batch did."""
    for company, tally in counts.items():
        by_outcome = tally.outcomes
        _add(
            into, "l", company=company, id=fresh_id(), at=at, accepted=tally.accepted, duplicate=tally.duplicate,
            received=sum(by_outcome.values()), firing=tally.firing,
            **{outcome.word: by_outcome[outcome] for outcome in Outcome},
        )  # fmt: skip


class Tally(msgspec.Struct, gc=False):
    """A company's share of a batch, for the ledger."""

    accepted: int = 0
    duplicate: int = 0
    firing: int = 0
    outcomes: dict[Outcome, int] = msgspec.field(default_factory=lambda: defaultdict(int))


def tally(
    accepted: Iterable[Delivery],
    duplicates: Iterable[Delivery],
    decisions: Iterable[Decision],
    *,
    again: bool = False,
) -> dict[bytes, Tally]:
    """Count a batch by company; a delivery that is read again was counted as accepted before."""
    counts: dict[bytes, Tally] = defaultdict(Tally)
    for delivery in accepted:
        mine = counts[delivery.company]
        mine.accepted += not again
        for member in delivery.members:
            if not isinstance(member.told, Normalized):
                mine.outcomes[Outcome.QUARANTINED if isinstance(member.told, Unreadable) else Outcome.REJECTED] += 1
    for delivery in duplicates:
        counts[delivery.company].duplicate += 1
    for decision in decisions:
        mine = counts[decision.item.company]
        mine.outcomes[decision.outcome] += 1
        if decision.item.kind == Kind.FIRING:
            mine.firing += 1
    return counts


def _put_state(into: Columns, prefix: str, company: bytes, problem: bytes, state: AlertState) -> None:
    _add(
        into, prefix, company=company, problem=problem, alert=state.alert_id, incident=state.incident_id,
        status=state.status, severity=state.severity, pinned=state.pinned, count=state.count, cycle=state.cycle,
        started=state.started_at, ended=state.ended_at, seen=state.last_seen_at, content=state.content,
    )  # fmt: skip


def _put_incidents(into: Columns, work: Work) -> None:
    for incident_id in work.changed_incidents | work.new_incidents:
        one = work.incidents[incident_id]
        company = work.company_of[incident_id]
        moving = {
            "company": company, "incident": incident_id, "status": one.status, "severity": one.severity,
            "current": one.is_current, "person": one.by_person, "firing": one.firing, "alerts": one.alerts,
            "occurrences": one.occurrences, "opened": one.opened_at, "activity": one.activity_at,
            "resolved": one.resolved_at,
        }  # fmt: skip
        if incident_id in work.new_incidents:
            _add(
                into, "nn", **moving, fixed=one.fixed_window, window=one.window_s, hold=one.hold_s,
                reopen=one.reopen_s, life=one.life_s, least=one.least_count, began=one.began_at,
            )  # fmt: skip
        else:
            _add(into, "nu", **moving)
    for opened in work.opened:
        matched = opened.matched
        _add(
            into, "in", company=opened.company, id=opened.incident_id, title=opened.title, rule=matched.rule.id,
            name=matched.rule.name, version=opened.rules_version, key=matched.text, opened=opened.opened_at,
        )  # fmt: skip


def _put_alerts(into: Columns, work: Work) -> None:
    for alert_id, item in work.begun.items():
        state = work.closed.get(alert_id) or work.alerts[item.problem]
        told = work.retold.get(alert_id, item).content
        _add(
            into, "an", company=item.company, id=alert_id, integration=item.integration, problem=item.problem,
            incident=work.moved.get(alert_id, state.incident_id), source=told.source, asset=told.asset,
            signature=told.signature, message=told.message, labels=_text(told.labels).decode(),
            links=_text(told.links).decode(), severity=state.severity, status=state.status, count=state.count,
            started=item.started_at or item.received_at, ended=state.ended_at, first=item.received_at,
            last=state.last_seen_at,
        )  # fmt: skip
    for alert_id in (work.closed.keys() | work.retold.keys() | work.moved.keys()) - work.begun.keys():
        _put_alert_change(into, work, alert_id)


def _put_alert_change(into: Columns, work: Work, alert_id: bytes) -> None:
    closed = work.closed.get(alert_id)
    retold = work.retold.get(alert_id)
    told = None if retold is None else retold.content
    _add(
        into, "au", company=work.company_of[alert_id], id=alert_id, incident=work.moved.get(alert_id),
        asset=told and told.asset, signature=told and told.signature, message=told and told.message,
        labels=None if told is None else _text(told.labels).decode(),
        links=None if told is None else _text(told.links).decode(), severity=closed and closed.severity,
        status=closed and closed.status, count=closed and closed.count, ended=closed and closed.ended_at,
        seen=closed and closed.last_seen_at,
    )  # fmt: skip


def _add(into: Columns, prefix: str, **values: Any) -> None:
    for name, value in values.items():
        into[f"{prefix}_{name}"].append(value)


def _sort(into: Columns, prefix: str, by: str) -> None:
    """Rows that other processes may be inserting too go in by identity, so that two of them wait and never lock up."""
    order = into[f"{prefix}_{by}"]
    if len(order) < 2:
        return
    places = sorted(range(len(order)), key=order.__getitem__)
    for name in [name for name in into if name.startswith(prefix + "_")]:
        column = into[name]
        into[name] = [column[place] for place in places]
