"""
The core: what an occurrence means, given what is known. Pure; no clock, no database, no random.

A batch is decided one occurrence after another on a working copy of the locked rows (`Work`), so that deciding a batch
and deciding its members one by one give the same answers: that is what a replay relies on. Ids are functions of the
occurrence's own id (kit/ids.py).

Event times order facts and may be missing or doubtful; then arrival decides, and a doubtful firing reopens rather than
vanishes. Windows run on the time of receipt.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta

import msgspec

from alertwhisperer.correlate.receipt import Receipt, Rival, cut, cut_name, encode
from alertwhisperer.correlate.work import Changed, Decision, Item, Opened, Suppressed, Work
from alertwhisperer.domain.occurrence import Kind
from alertwhisperer.domain.outcome import Outcome, Reason
from alertwhisperer.domain.severity import Severity
from alertwhisperer.domain.state import AlertState, AlertStatus, IncidentState, IncidentStatus

MOST_SKEW = timedelta(minutes=2)
"""How far after receipt an event time may lie before it is cut (clamped)."""

_INCIDENT_XOR = 2 << 24  # occurrence (kind 1) → incident (kind 3), as in kit/ids.py
_ALERT_XOR = 3 << 24  # occurrence (kind 1) → alert (kind 2)
_FIRING = int(AlertStatus.FIRING)
_RESOLVED = int(AlertStatus.RESOLVED)
_HELD = int(IncidentStatus.HELD)
_FORMING = int(IncidentStatus.FORMING)
_OPEN = int(IncidentStatus.OPEN)
_DONE = int(IncidentStatus.RESOLVED)


def in_order(items: Iterable[Item]) -> list[Item]:
    """The order of decision inside a batch: event time, then delivery and index."""
    return sorted(items, key=_order)


def decide(work: Work, items: Iterable[Item]) -> list[Decision]:
    """
    Decide every item, in the order given.

    Raises:
        Changed: the rows read do not fit each other; the batch must be read again.
    """
    return [decide_one(work, item) for item in items]


def decide_one(work: Work, item: Item) -> Decision:
    """Decide one item on the working copy; see `decide`."""
    if item.kind == Kind.FIRING:
        return _firing(work, item)
    if item.kind == Kind.RESOLVED:
        return _resolved(work, item)
    return Decision(item, Outcome.NOTED, Reason.NOTED, keep_content=True)


# ------------------------------------------------------------------------------------------------ dedup


def _firing(work: Work, item: Item) -> Decision:
    state = work.alerts.get(item.problem)
    started, clamped = _event_time(item.started_at, item.received_at)
    if state is None:
        return _begin(work, item, None, started, clamped)
    sure = None if clamped else started
    if state.status == _FIRING:
        if not _differ(item.cycle, state.cycle):
            return _repeat(work, item, state)
        if sure is not None and state.started_at is not None and sure < state.started_at:
            return Decision(item, Outcome.STALE, Reason.STALE_OLDER_CYCLE, state.alert_id, state.incident_id)
        return _begin(work, item, state, started, clamped)
    stale = _late_firing(state, item.cycle, sure)
    if stale is not None:
        return Decision(item, Outcome.STALE, stale, state.alert_id, state.incident_id)
    return _begin(work, item, state, started, clamped)


def _late_firing(state: AlertState, cycle: bytes | None, started: datetime | None) -> Reason | None:
    """Why a firing is too late for a problem that is resolved; None when it begins a new cycle."""
    if _differ(cycle, state.cycle):
        known = state.started_at or state.ended_at
        late = started is not None and known is not None and started < known
        return Reason.STALE_OLDER_CYCLE if late else None
    if cycle is not None and cycle == state.cycle:
        newer = started is not None and state.ended_at is not None and started > state.ended_at
        return None if newer else Reason.STALE_CYCLE_RESOLVED
    late = started is not None and state.ended_at is not None and started <= state.ended_at
    return Reason.STALE_OLDER_THAN_RESOLVE if late else None


def _repeat(work: Work, item: Item, state: AlertState) -> Decision:
    work.touch_alert(item)
    if state.incident_id is None or state.alert_id is None:
        raise Changed
    incident = work.touch_incident(item, state.incident_id)
    state.count += 1
    if item.received_at > state.last_seen_at:
        state.last_seen_at = item.received_at
    if item.severity is not None:
        state.severity = item.severity
    keep = item.content_hash != state.content
    if keep:
        state.content = item.content_hash
        work.retold[state.alert_id] = item
        work.company_of[state.alert_id] = item.company
    reason, receipt = _count_repeat(work, item, state, incident)
    return Decision(item, Outcome.REPEAT, reason, state.alert_id, state.incident_id, receipt, keep)


def _count_repeat(work: Work, item: Item, state: AlertState, incident: IncidentState) -> tuple[Reason, str | None]:
    if incident.status == _DONE:
        return _repeat_in_resolved(work, item, state, incident)
    assert state.incident_id is not None and state.alert_id is not None  # noqa: S101, PT018 - held by the caller
    before = incident.status
    _count(incident, item, state.severity)
    _ripen(work, item, incident, state.incident_id)
    if incident.status == before:
        return Reason.REPEAT_FIRING, None
    if incident.status == _HELD:
        _suppress(work, item, state.alert_id, state.incident_id, state.severity)
        return Reason.REPEAT_SUPPRESSED, _receipt(item, Reason.REPEAT_SUPPRESSED, state.incident_id)
    reason = Reason.REPEAT_OUTLASTED_WINDOW if before == _HELD else Reason.REPEAT_COMPLETED_COUNT
    return reason, _receipt(item, reason, state.incident_id)


def _repeat_in_resolved(
    work: Work, item: Item, state: AlertState, incident: IncidentState
) -> tuple[Reason, str | None]:
    """A person resolved the incident while this alert still fires."""
    assert state.incident_id is not None and state.alert_id is not None  # noqa: S101, PT018 - held by the caller
    since = _since(incident.resolved_at, item.received_at)
    if state.severity > incident.severity:
        _reopen(incident)
        _count(incident, item, state.severity)
        reason = Reason.REPEAT_REOPENED_WORSE
        return reason, _receipt(item, reason, state.incident_id, gap=since)
    if since <= incident.reopen_s:
        incident.occurrences += 1
        return Reason.REPEAT_AFTER_PERSON_RESOLVED, None
    earlier = state.count - 1  # the alert takes what it said before along, or its old incident would count it for ever
    incident.firing -= 1
    incident.alerts -= 1
    incident.occurrences -= earlier
    left = state.incident_id
    chosen = _choose(work, item, None)
    state.incident_id = _enter(work, item, chosen, state.severity, earlier)
    state.pinned = False
    work.moved[state.alert_id] = state.incident_id
    work.company_of[state.alert_id] = item.company
    reason = Reason.REPEAT_STILL_FIRING
    if work.incidents[state.incident_id].status == _HELD:
        reason = Reason.REPEAT_SUPPRESSED
        _suppress(work, item, state.alert_id, state.incident_id, state.severity)
    rivals = (Rival(left.hex(), int(Reason.OPENED_AFTER_REOPEN)),)
    return reason, _receipt(item, reason, state.incident_id, gap=since, rivals=rivals)


def _resolved(work: Work, item: Item) -> Decision:
    state = work.alerts.get(item.problem)
    ended, clamped = _event_time(item.ended_at, item.received_at)
    sure = None if clamped else ended
    if state is None:
        return _resolve_unknown(work, item, sure)
    if state.status == _RESOLVED:
        return _resolve_again(work, item, state, sure)
    if _differ(item.cycle, state.cycle) and not _newer_cycle(item, state):
        return Decision(item, Outcome.STALE, Reason.STALE_RESOLVE_OTHER_CYCLE, state.alert_id, state.incident_id)
    if sure is not None and state.started_at is not None and sure < state.started_at:
        return Decision(item, Outcome.STALE, Reason.STALE_RESOLVE_BEFORE_START, state.alert_id, state.incident_id)
    work.touch_alert(item)
    state.status = _RESOLVED
    state.ended_at = sure
    state.cycle = item.cycle or state.cycle
    state.last_seen_at = max(state.last_seen_at, item.received_at)
    reason = _leave(work, item, state)
    receipt = None
    if reason is not Reason.RESOLVED_ALERT:
        receipt = encode(Receipt(int(reason), incident=_hex(state.incident_id), clamped=clamped))
    return Decision(item, Outcome.RESOLVE, reason, state.alert_id, state.incident_id, receipt)


def _resolve_unknown(work: Work, item: Item, ended: datetime | None) -> Decision:
    started, _ = _event_time(item.started_at, item.received_at)
    work.alerts[item.problem] = AlertState(
        alert_id=None,
        incident_id=None,
        status=_RESOLVED,
        severity=item.severity or int(Severity.MEDIUM),
        pinned=False,
        count=0,
        cycle=item.cycle,
        started_at=started,
        ended_at=ended,
        last_seen_at=item.received_at,
        content=item.content_hash,
    )
    work.new_alerts.add(item.problem)
    work.company_of[item.problem] = item.company
    return Decision(item, Outcome.RESOLVE, Reason.RESOLVED_UNKNOWN, keep_content=True)


def _resolve_again(work: Work, item: Item, state: AlertState, ended: datetime | None) -> Decision:
    # The newest end is kept, so that a late firing between two ends stays late.
    if ended is not None and (state.ended_at is None or ended > state.ended_at):
        work.touch_alert(item)
        state.ended_at = ended
        state.cycle = item.cycle or state.cycle
    return Decision(item, Outcome.RESOLVE, Reason.RESOLVED_AGAIN, state.alert_id, state.incident_id)


def _newer_cycle(item: Item, state: AlertState) -> bool:
    """Whether a resolve speaks of a cycle that began after the one that fires, whose firing we never saw."""
    if item.started_at is None or state.started_at is None:
        return False
    started, clamped = _event_time(item.started_at, item.received_at)
    return not clamped and started is not None and started > state.started_at


# ------------------------------------------------------------------------------------------------ correlate


class _Choice(msgspec.Struct, gc=False):
    incident_id: bytes | None  # None: open a new one
    reason: Reason
    superseded: bytes | None = None
    gap_s: int = 0
    limit: str = ""
    needed: int = 0
    rivals: tuple[Rival, ...] = ()


def _begin(work: Work, item: Item, state: AlertState | None, started: datetime | None, clamped: bool) -> Decision:
    """A new alert, or a new cycle of a problem that is known."""
    if state is not None and state.status == _FIRING and state.incident_id is None:
        raise Changed
    chosen = _choose(work, item, state)
    if state is not None:
        _close_cycle(work, item, state, started)
    severity = int(Severity.MEDIUM) if item.severity is None else item.severity
    incident_id = _enter(work, item, chosen, severity)
    alert_id = _flip(item.id, _ALERT_XOR)
    fresh = AlertState(
        alert_id=alert_id,
        incident_id=incident_id,
        status=_FIRING,
        severity=severity,
        pinned=state.pinned and state.incident_id == incident_id if state is not None else False,
        count=1,
        cycle=item.cycle,
        started_at=None if clamped else started,
        ended_at=None,
        last_seen_at=item.received_at,
        content=item.content_hash,
    )
    work.alerts[item.problem] = fresh
    work.company_of[item.problem] = item.company
    if state is None:
        work.new_alerts.add(item.problem)
    elif item.problem not in work.new_alerts:
        work.changed_alerts.add(item.problem)
    work.begun[alert_id] = item
    reason = chosen.reason
    status = work.incidents[incident_id].status
    if status == _FORMING:
        reason = Reason.FORMING
    elif status == _HELD:
        reason = Reason.SUPPRESSED
        _suppress(work, item, alert_id, incident_id, severity)
    receipt = _receipt(
        item,
        reason,
        incident_id,
        gap=chosen.gap_s,
        limit=chosen.limit,
        needed=chosen.needed,
        rivals=chosen.rivals,
        clamped=clamped,
    )
    return Decision(item, Outcome.NEW, reason, alert_id, incident_id, receipt, keep_content=True)


def _close_cycle(work: Work, item: Item, state: AlertState, started: datetime | None) -> None:
    """Keep the last figures of the cycle that a new one replaces; end it when its resolve never came."""
    if state.alert_id is None:
        return
    if state.status == _FIRING:
        assert state.incident_id is not None  # noqa: S101 - held by the caller
        work.touch_incident(item, state.incident_id).firing -= 1
        state.status = _RESOLVED
        state.ended_at = started or item.received_at
    work.closed[state.alert_id] = state
    work.company_of[state.alert_id] = item.company


def _choose(work: Work, item: Item, state: AlertState | None) -> _Choice:
    """Which incident a beginning alert belongs to: the one its problem is tied to, else the key's, else a new one."""
    rivals: list[Rival] = []
    if state is not None and state.incident_id is not None:
        tied = _tied(work, item, state, rivals)
        if tied is not None:
            return tied
    assert item.matched is not None  # noqa: S101 - only noted occurrences have no rule
    candidate_id = work.keys.get(item.matched.key)
    if candidate_id is None:
        return _Choice(None, Reason.OPENED_FIRST, rivals=tuple(rivals))
    candidate = work.incidents.get(candidate_id)
    if candidate is None:
        raise Changed
    return _by_key(item, candidate_id, candidate, rivals)


def _tied(work: Work, item: Item, state: AlertState, rivals: list[Rival]) -> _Choice | None:
    assert state.incident_id is not None  # noqa: S101 - held by the caller
    holder = work.incidents.get(state.incident_id)
    if holder is None:
        raise Changed
    if state.status == _FIRING and holder.status in (_HELD, _FORMING, _OPEN):
        same = holder.status != _HELD or item.window is not None
        return _Choice(state.incident_id, Reason.JOINED_SAME_PROBLEM if same else Reason.OPENED_OUT_OF_WINDOW)
    if not state.pinned:
        return None
    if holder.status in (_FORMING, _OPEN):
        return _Choice(state.incident_id, Reason.JOINED_PERSONS_CHOICE)
    since = _since(holder.resolved_at, item.received_at)
    if since <= holder.reopen_s:
        return _Choice(state.incident_id, Reason.REOPENED_IN_TIME, None, since, "reopen_s", since - 1)
    rivals.append(Rival(state.incident_id.hex(), int(Reason.OPENED_AFTER_REOPEN)))
    return None


def _by_key(item: Item, candidate_id: bytes, candidate: IncidentState, rivals: list[Rival]) -> _Choice:
    now = item.received_at

    def new(reason: Reason, gap: int, limit: str) -> _Choice:
        near = (*rivals, Rival(candidate_id.hex(), int(reason)))
        return _Choice(None, reason, candidate_id, gap, limit, gap, near)

    if candidate.status == _HELD:
        return _by_held(item, candidate_id, candidate, rivals)
    if candidate.status == _DONE:
        since = _since(candidate.resolved_at, now)
        if since > candidate.reopen_s:
            return new(Reason.OPENED_AFTER_REOPEN, since, "reopen_s")
        if item.window is not None:  # nothing is open, so to reopen it would be to open one
            return new(Reason.REOPENED_IN_TIME, since, "")
        return _Choice(candidate_id, Reason.REOPENED_IN_TIME, None, since, "reopen_s", since - 1, tuple(rivals))
    age = _since(candidate.began_at, now)
    if candidate.life_s and age > candidate.life_s:
        return new(Reason.OPENED_AFTER_LIFE, age, "life_s")
    gap = age if candidate.fixed_window else _since(candidate.activity_at, now)
    if gap > candidate.window_s:
        return new(Reason.OPENED_AFTER_WINDOW, gap, "window_s")
    return _Choice(candidate_id, Reason.JOINED_WINDOW, None, gap, "window_s", gap - 1, tuple(rivals))


def _by_held(item: Item, candidate_id: bytes, candidate: IncidentState, rivals: list[Rival]) -> _Choice:
    """What a key brings to an incident that a window holds back: rules' windows wait until that one is over."""
    if item.window is None:
        if candidate.firing > 0:
            return _Choice(candidate_id, Reason.OPENED_OUT_OF_WINDOW, rivals=tuple(rivals))
        return _Choice(None, Reason.OPENED_FIRST, candidate_id, rivals=tuple(rivals))
    if candidate.firing > 0 or candidate.began_at >= item.window.starts_at:
        return _Choice(candidate_id, Reason.SUPPRESSED, rivals=tuple(rivals))
    return _Choice(None, Reason.SUPPRESSED, candidate_id, rivals=tuple(rivals))  # the old one is of an earlier time


def _enter(work: Work, item: Item, chosen: _Choice, severity: int, earlier: int = 0) -> bytes:
    """Put a firing alert, with what it said earlier, into the incident chosen, making or reopening it; gives its id."""
    if chosen.incident_id is not None:
        incident_id = chosen.incident_id
        incident = work.touch_incident(item, incident_id)
        if incident.status == _DONE:
            _reopen(incident)
        elif incident.status == _HELD and incident.firing <= 0:
            incident.severity = severity  # it is as bad as what fires at the window's end
    else:
        incident_id, incident = _make(work, item, chosen, severity)
    incident.firing += 1
    incident.alerts += 1
    incident.occurrences += earlier
    _count(incident, item, severity)
    _ripen(work, item, incident, incident_id)
    return incident_id


def _ripen(work: Work, item: Item, incident: IncidentState, incident_id: bytes) -> None:
    """Open an incident that no one sees yet and that has said enough, or let a maintenance window hold it back."""
    if incident.status not in (_HELD, _FORMING) or incident.occurrences < incident.least_count:
        return
    if item.window is None:
        _open(work, item, incident, incident_id)
        return
    incident.status = _HELD
    until = work.held.get(incident_id)
    work.held[incident_id] = item.window.ends_at if until is None else max(until, item.window.ends_at)


def _suppress(work: Work, item: Item, alert_id: bytes, incident_id: bytes, severity: int) -> None:
    assert item.window is not None  # noqa: S101 - nothing else holds an incident back
    work.suppressed.append(Suppressed(item, item.window, alert_id, incident_id, severity))


def _make(work: Work, item: Item, chosen: _Choice, severity: int) -> tuple[bytes, IncidentState]:
    assert item.matched is not None  # noqa: S101 - only noted occurrences have no rule
    rule, key = item.matched.rule, item.matched.key
    if chosen.superseded is not None:
        work.touch_incident(item, chosen.superseded).is_current = False
    incident_id = _flip(item.id, _INCIDENT_XOR)
    incident = IncidentState(
        status=_FORMING,
        severity=severity,
        is_current=True,
        by_person=False,
        fixed_window=rule.window == "fixed",
        window_s=rule.window_s,
        hold_s=rule.hold_s,
        reopen_s=rule.reopen_s,
        life_s=rule.life_s,
        least_count=rule.least_count,
        firing=0,
        alerts=0,
        occurrences=0,
        began_at=item.received_at,
        opened_at=None,
        activity_at=item.received_at,
        resolved_at=None,
    )
    work.incidents[incident_id] = incident
    work.new_incidents.add(incident_id)
    work.company_of[incident_id] = item.company
    if key not in work.keys:
        work.new_keys.add(key)
    elif key not in work.new_keys:
        work.changed_keys.add(key)
    work.keys[key] = incident_id
    work.company_of[key] = item.company
    return incident_id, incident


def _leave(work: Work, item: Item, state: AlertState) -> Reason:
    """One alert of an incident ended; resolve the incident when it was the last and nothing holds it."""
    if state.incident_id is None:
        raise Changed
    incident = work.touch_incident(item, state.incident_id)
    incident.firing -= 1
    incident.activity_at = max(incident.activity_at, item.received_at)
    if incident.status == _HELD:
        return Reason.RESOLVED_SUPPRESSED
    if incident.firing > 0 or incident.status != _OPEN:
        return Reason.RESOLVED_ALERT
    if incident.hold_s > 0:
        work.due[state.incident_id] = item.received_at + timedelta(seconds=incident.hold_s)
        return Reason.RESOLVED_LAST_HELD
    finish(incident, by_person=False, now=item.received_at)
    return Reason.RESOLVED_LAST


def finish(incident: IncidentState, *, by_person: bool, now: datetime) -> None:
    """Resolve an incident; the one place that says what that changes."""
    incident.status = _DONE
    incident.by_person = by_person
    incident.resolved_at = now


def release(incident: IncidentState, *, now: datetime) -> bool:
    """Open an incident whose maintenance window is over, if anything of it still fires; whether that was so."""
    if incident.status != _HELD or incident.firing <= 0:
        return False
    incident.status = _OPEN
    incident.opened_at = now
    incident.activity_at = max(incident.activity_at, now)
    return True


def held_until(incident: IncidentState) -> datetime | None:
    """When an open incident without firing alerts may resolve; None when something fires or it is not open."""
    if incident.status != _OPEN or incident.firing > 0:
        return None
    return incident.activity_at + timedelta(seconds=incident.hold_s)


def _reopen(incident: IncidentState) -> None:
    incident.status = _OPEN
    incident.by_person = False
    incident.resolved_at = None


def _count(incident: IncidentState, item: Item, severity: int) -> None:
    incident.occurrences += 1
    if item.received_at > incident.activity_at:
        incident.activity_at = item.received_at
    if severity > incident.severity:
        incident.severity = severity


def _open(work: Work, item: Item, incident: IncidentState, incident_id: bytes) -> None:
    assert item.matched is not None  # noqa: S101 - only noted occurrences have no rule
    incident.status = _OPEN
    incident.opened_at = item.received_at
    title = f"{item.content.signature} on {item.content.asset}"
    work.opened.append(Opened(item.company, incident_id, title, item.matched, item.rules_version, item.received_at))


# ------------------------------------------------------------------------------------------------ small parts


def _receipt(
    item: Item,
    reason: Reason,
    incident_id: bytes,
    *,
    gap: int = 0,
    limit: str = "",
    needed: int = 0,
    rivals: tuple[Rival, ...] = (),
    clamped: bool = False,
) -> str:
    matched = item.matched
    assert matched is not None  # noqa: S101 - only noted occurrences have no rule
    window = item.window if reason in (Reason.SUPPRESSED, Reason.REPEAT_SUPPRESSED) else None
    if window is not None:
        rivals, limit = rivals[:1], ""  # its room is the window's; what would have changed it is the window
    return encode(
        Receipt(
            int(reason),
            matched.rule.id,
            item.rules_version,
            cut(matched.text),
            incident_id.hex(),
            matched.rule.window_s,
            gap,
            limit if needed > 0 else "",
            max(needed, 0),
            rivals[:3],
            clamped,
            matched.alias,
            "" if window is None else window.id.hex(),
            "" if window is None else cut_name(window.name),
        )
    )


def _event_time(told: datetime | None, received_at: datetime) -> tuple[datetime | None, bool]:
    """The event time to use, and whether it had to be cut."""
    if told is not None and told > received_at:
        latest = received_at + MOST_SKEW
        if told > latest:
            return latest, True
    return told, False


def _order(item: Item) -> tuple[datetime, bytes]:
    told = item.ended_at if item.kind == Kind.RESOLVED else item.started_at
    at, _ = _event_time(told, item.received_at)
    return (at or item.received_at, item.id)


def _differ(one: bytes | None, other: bytes | None) -> bool:
    return one is not None and other is not None and one != other


def _since(then: datetime | None, now: datetime) -> int:
    """Whole seconds from then to now, not below 0; 0 when there is no then."""
    return 0 if then is None else max(int((now - then).total_seconds()), 0)


def _flip(identifier: bytes, bits: int) -> bytes:
    return (int.from_bytes(identifier, "big") ^ bits).to_bytes(16, "big")


def _hex(identifier: bytes | None) -> str:
    return "" if identifier is None else identifier.hex()
