"""Turns what a batch decided into the rows that its one writing statement takes; no decisions here."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

import msgspec

from alertwhisperer.correlate.work import Decision, Work
from alertwhisperer.domain.asset import canonical
from alertwhisperer.domain.delivery import Delivery, Normalized, Unreadable
from alertwhisperer.domain.live import ChangeKind, pack
from alertwhisperer.domain.occurrence import Kind, Refused
from alertwhisperer.domain.outcome import Outcome, Reason
from alertwhisperer.domain.state import AlertState
from alertwhisperer.store.due import (
    CHOOSE_RUN,
    HAND_OVER_LATER,
    RELEASE_INCIDENT,
    RESOLVE_INCIDENT,
    SOURCE_ACTION,
)
from alertwhisperer.store.hot.rows import (
    ActionRow,
    AlertChangeRow,
    AlertRow,
    AssetNameRow,
    DeliveryRow,
    DueRow,
    IncidentRow,
    IncidentStateRow,
    KeyRow,
    LedgerRow,
    LiveRow,
    NewIncidentStateRow,
    OccurrenceRow,
    QuarantineRow,
    ReceiptRow,
    Rows,
    StateRow,
    SuppressionRow,
)

_text = msgspec.json.Encoder(order="sorted").encode
_FIRING = int(Kind.FIRING)
_LONGEST_ASSET_NAME = 512  # in UTF-8 at most 2048 bytes: an index entry holds no more than 2704
_ACTION_KIND = 3 << 24 | 1 << 23  # beside the family's incidents, whose indexes stay far below (kit/ids.py)


def put_delivery(into: Rows, delivery: Delivery) -> None:
    """The delivery's own row, and the effects it asked for."""
    into.deliveries.append(
        DeliveryRow(
            delivery.company,
            delivery.id,
            delivery.integration,
            delivery.received_at,
            delivery.source,
            delivery.parser,
            delivery.settings_version,
            delivery.status,
            len(delivery.members),
            delivery.flagged,
            delivery.request,
            delivery.body,
        )
    )
    for place, action in enumerate(delivery.actions):
        identity = (int.from_bytes(delivery.id, "big") | _ACTION_KIND | place).to_bytes(16, "big")
        state = "due" if action.approved else "awaiting_approval"
        into.actions.append(
            ActionRow(
                delivery.company,
                identity,
                delivery.integration,
                action.kind,
                action.subject,
                action.sealed,
                state,
                delivery.received_at,
            )
        )
        if action.approved:
            into.due.append(DueRow(delivery.company, SOURCE_ACTION, identity, delivery.received_at))


def put_unusable(into: Rows, delivery: Delivery, identity: bytes, told: Refused | Unreadable, place: int) -> None:
    """A member that was rejected or waits in quarantine."""
    unreadable = isinstance(told, Unreadable)
    into.occurrences.append(
        OccurrenceRow(
            company=delivery.company,
            id=identity,
            integration=delivery.integration,
            place=place,
            received_at=delivery.received_at,
            kind=int(Kind.NOTED),
            severity=None,
            outcome=Outcome.QUARANTINED if unreadable else Outcome.REJECTED,
            reason=Reason.QUARANTINED if unreadable else Reason.REJECTED,
            problem=None,
            cycle=None,
            started=None,
            ended=None,
            rules=0,
            alert=None,
            incident=None,
            content=_text({"what": told.what, "where": told.where, "mend": told.mend}).decode(),
        )
    )
    if isinstance(told, Unreadable):
        into.quarantine.append(
            QuarantineRow(
                delivery.company,
                identity,
                delivery.id,
                delivery.integration,
                delivery.received_at,
                told.reason,
                told.what,
                told.where,
                told.mend,
                told.subject,
                told.severity,
                told.summary,
            )
        )
        if told.subject is not None:
            _put_later(into, delivery)


def _put_later(into: Rows, delivery: Delivery) -> None:
    """
    Have what waits for its company tried again.

    Not as `HAND_OVER`: that may be due now, because somebody mapped a customer, and must not be put off by a stream.
    """
    row = DueRow(delivery.company, HAND_OVER_LATER, delivery.integration, _soon_after(delivery.received_at))
    if all(one[:3] != row[:3] for one in into.due):  # the statement takes no row twice
        into.due.append(row)


def _soon_after(moment: datetime) -> datetime:
    """When what waits is tried again; one moment for ten minutes, or a stream would put it off for ever."""
    slot = moment.replace(minute=moment.minute // 10 * 10, second=0, microsecond=0)
    return slot + (timedelta(minutes=10) if moment - slot < timedelta(minutes=9) else timedelta(minutes=20))


def put_decisions(into: Rows, decisions: Sequence[Decision]) -> None:
    """The occurrences, in their order of decision, and their receipts."""
    put = into.occurrences.append
    for place, decision in enumerate(decisions):
        item = decision.item
        put(
            OccurrenceRow(
                item.company,
                item.id,
                item.integration,
                place,
                item.received_at,
                item.kind,
                item.severity,
                decision.outcome,
                decision.reason,
                item.problem,
                item.cycle,
                item.started_at,
                item.ended_at,
                item.rules_version,
                decision.alert_id,
                decision.incident_id,
                item.encoded if decision.keep_content else None,
            )
        )
        if decision.receipt is not None:
            into.receipts.append(ReceiptRow(item.company, item.id, decision.receipt))


def put_work(into: Rows, work: Work) -> None:
    """The states that changed, the alerts and incidents that began, and what is due."""
    company_of = work.company_of
    into.new_states = [_state(company_of[one], one, work.alerts[one]) for one in sorted(work.new_alerts)]
    into.changed_states = [
        _state(company_of[one], one, work.alerts[one]) for one in work.changed_alerts - work.new_alerts
    ]
    into.new_keys = [KeyRow(company_of[key], key, work.keys[key]) for key in sorted(work.new_keys)]
    into.changed_keys = [KeyRow(company_of[key], key, work.keys[key]) for key in work.changed_keys]
    _put_incidents(into, work)
    _put_alerts(into, work)
    for incident_id, due_at in work.due.items():
        into.due.append(DueRow(company_of[incident_id], RESOLVE_INCIDENT, incident_id, due_at))
    for opened in work.opened:
        into.due.append(DueRow(opened.company, CHOOSE_RUN, opened.incident_id, opened.opened_at))
    for incident_id, due_at in work.held.items():
        into.due.append(DueRow(company_of[incident_id], RELEASE_INCIDENT, incident_id, due_at))
    _put_suppressions(into, work)


class Tally(msgspec.Struct, gc=False):
    """A company's share of a batch, for the ledger."""

    accepted: int = 0
    duplicate: int = 0
    firing: int = 0
    outcomes: dict[Outcome, int] = msgspec.field(default_factory=lambda: defaultdict(int))


class Share(NamedTuple):
    """A batch, or what of it arrived in one minute: deliveries to keep, those that repeat others, decisions."""

    kept: Sequence[Delivery]
    repeats: Sequence[Delivery]
    decisions: Sequence[Decision]


def put_ledger(into: Rows, batch: Share, *, again: Delivery | None, fresh_id: Callable[[], bytes]) -> None:
    """
    What the batch did: one row a company for each minute in which something of it arrived, mostly one.

    By arrival, as occurrences are dated: else a batch that was written after a minute's end, or a day's, would count
    what arrived before it.

    Args:
        again: a delivery that is read again; it was counted as accepted before.
    """
    for minute, share in _by_minute(batch):
        for company, mine in _tally(share, again).items():
            into.ledger.append(
                LedgerRow(
                    company=company,
                    id=fresh_id(),
                    at=minute,
                    accepted=mine.accepted,
                    duplicate=mine.duplicate,
                    received=sum(mine.outcomes.values()),
                    firing=mine.firing,
                    **{outcome.word: mine.outcomes[outcome] for outcome in Outcome},
                )
            )


def _by_minute(batch: Share) -> list[tuple[datetime, Share]]:
    moments = [one.received_at for one in (*batch.kept, *batch.repeats)]
    minutes = {_minute(moment) for moment in (min(moments), max(moments))} if moments else set()
    if len(minutes) < 2:
        return [(moments[0], batch)] if moments else []
    return [
        (
            minute,
            Share(
                [one for one in batch.kept if _minute(one.received_at) == minute],
                [one for one in batch.repeats if _minute(one.received_at) == minute],
                [one for one in batch.decisions if _minute(one.item.received_at) == minute],
            ),
        )
        for minute in sorted({_minute(moment) for moment in moments})
    ]


def _minute(moment: datetime) -> datetime:
    return moment.replace(second=0, microsecond=0)


def _tally(share: Share, again: Delivery | None) -> dict[bytes, Tally]:
    counts: dict[bytes, Tally] = defaultdict(Tally)
    for delivery in share.kept:
        mine = counts[delivery.company]
        mine.accepted += delivery is not again
        for member in delivery.members:
            if not isinstance(member.told, Normalized):
                mine.outcomes[Outcome.QUARANTINED if isinstance(member.told, Unreadable) else Outcome.REJECTED] += 1
    for delivery in share.repeats:
        counts[delivery.company].duplicate += 1
    for decision in share.decisions:
        mine = counts[decision.item.company]
        mine.outcomes[decision.outcome] += 1
        if decision.item.kind == _FIRING:
            mine.firing += 1
    return counts


def put_live(into: Rows, share: Share, work: Work, *, at: datetime, fresh_id: Callable[[], bytes]) -> None:
    """One row a company that watchers are told by: the incidents that changed, or else that something came."""
    changed: dict[bytes, list[bytes]] = defaultdict(list)
    for incident_id in work.changed_incidents | work.new_incidents:
        changed[work.company_of[incident_id]].append(incident_id)
    for company, incidents in changed.items():
        into.live.append(LiveRow(company, fresh_id(), at, ChangeKind.INCIDENT, pack(incidents)))
    came = {one.company for one in share.kept} | {one.item.company for one in share.decisions}
    for company in came.difference(changed):
        into.live.append(LiveRow(company, fresh_id(), at, ChangeKind.ALERT, b""))


def _state(company: bytes, problem: bytes, state: AlertState) -> StateRow:
    return StateRow(
        company,
        problem,
        state.alert_id,
        state.incident_id,
        state.status,
        state.severity,
        state.pinned,
        state.count,
        state.cycle,
        state.started_at,
        state.ended_at,
        state.last_seen_at,
        state.content,
    )


def _put_incidents(into: Rows, work: Work) -> None:
    for incident_id in work.changed_incidents - work.new_incidents:
        one = work.incidents[incident_id]
        into.changed_incident_states.append(
            IncidentStateRow(
                work.company_of[incident_id],
                incident_id,
                one.status,
                one.severity,
                one.is_current,
                one.by_person,
                one.firing,
                one.alerts,
                one.occurrences,
                one.opened_at,
                one.activity_at,
                one.resolved_at,
            )
        )
    for incident_id in work.new_incidents:
        one = work.incidents[incident_id]
        into.new_incident_states.append(
            NewIncidentStateRow(
                work.company_of[incident_id],
                incident_id,
                one.status,
                one.severity,
                one.is_current,
                one.by_person,
                one.fixed_window,
                one.window_s,
                one.hold_s,
                one.reopen_s,
                one.life_s,
                one.least_count,
                one.firing,
                one.alerts,
                one.occurrences,
                one.began_at,
                one.opened_at,
                one.activity_at,
                one.resolved_at,
            )
        )
    for opened in work.opened:
        rule = opened.matched.rule
        into.incidents.append(
            IncidentRow(
                opened.company,
                opened.incident_id,
                opened.title,
                rule.id,
                rule.name,
                opened.rules_version,
                opened.matched.text,
                opened.opened_at,
            )
        )


def _put_suppressions(into: Rows, work: Work) -> None:
    for one in work.suppressed:
        matched = one.item.matched
        assert matched is not None  # noqa: S101 - only noted occurrences have no rule
        into.suppressions.append(
            SuppressionRow(
                one.item.company,
                one.item.id,
                one.window.id,
                one.alert_id,
                one.incident_id,
                one.severity,
                one.item.content.asset,
                one.item.content.signature,
                one.item.received_at,
                matched.rule.id,
                matched.rule.name,
                one.item.rules_version,
                matched.text,
            )
        )


def _put_alerts(into: Rows, work: Work) -> None:
    seen: dict[tuple[bytes, str], AssetNameRow] = {}
    for alert_id, item in work.begun.items():
        state = work.closed.get(alert_id) or work.alerts[item.problem]
        told = work.retold.get(alert_id, item).content
        name = canonical(told.asset)
        if len(name) <= _LONGEST_ASSET_NAME:
            row = AssetNameRow(item.company, name, told.asset, told.source, item.received_at)
            seen.setdefault((item.company, name), row)
        into.alerts.append(
            AlertRow(
                item.company,
                alert_id,
                item.integration,
                item.problem,
                work.moved.get(alert_id, state.incident_id),
                told.source,
                told.asset,
                name,
                told.signature,
                told.message,
                _text(told.labels).decode(),
                _text(told.links).decode(),
                state.severity,
                state.status,
                state.count,
                item.started_at or item.received_at,
                state.ended_at,
                item.received_at,
                state.last_seen_at,
            )
        )
    into.asset_names = [seen[identity] for identity in sorted(seen)]
    for alert_id in (work.closed.keys() | work.retold.keys() | work.moved.keys()) - work.begun.keys():
        into.alert_changes.append(_alert_change(work, alert_id))


def _alert_change(work: Work, alert_id: bytes) -> AlertChangeRow:
    closed, retold = work.closed.get(alert_id), work.retold.get(alert_id)
    row = AlertChangeRow(work.company_of[alert_id], alert_id, work.moved.get(alert_id), *(None,) * 11)
    if retold is not None:
        told = retold.content
        row = row._replace(
            asset=told.asset,
            name=canonical(told.asset),
            signature=told.signature,
            message=told.message,
            labels=_text(told.labels).decode(),
            links=_text(told.links).decode(),
        )
    if closed is not None:
        row = row._replace(
            severity=closed.severity,
            status=closed.status,
            counted=closed.count,
            ended=closed.ended_at,
            seen=closed.last_seen_at,
        )
    return row
