"""
A company's rows in memory, worked as the pipeline works the real ones.

A batch gets copies of just those rows that it would lock, and of its changes only those come back that it marked: a
change that decide() forgot to mark is lost here as it would be in the database.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import blake2b

from alertwhisperer.correlate import acts
from alertwhisperer.correlate.decide import decide, finish, held_until, in_order
from alertwhisperer.correlate.rules import compile_rules
from alertwhisperer.correlate.work import Decision, Item, Opened, Work
from alertwhisperer.domain.occurrence import Content, Kind, Occurrence
from alertwhisperer.domain.rule import DEFAULT_RULE, Rule, RuleSet
from alertwhisperer.domain.severity import Severity
from alertwhisperer.domain.state import AlertState, AlertStatus, IncidentState
from alertwhisperer.ingest.normalize import normalize
from alertwhisperer.kit.ids import KIND_OCCURRENCE, delivery_id_int, member

COMPANY = b"a company's id.."
NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


@dataclass
class AlertRow:
    """What `alert` holds of one cycle; while its problem's state points to it, the state has the fresh figures."""

    problem: bytes
    incident_id: bytes
    count: int
    status: int


@dataclass
class World:
    """Everything of one company; `rules` are in force from the start."""

    rules: tuple[Rule, ...] = ()
    states: dict[bytes, AlertState] = field(default_factory=dict)
    incidents: dict[bytes, IncidentState] = field(default_factory=dict)
    keys: dict[bytes, bytes] = field(default_factory=dict)
    alerts: dict[bytes, AlertRow] = field(default_factory=dict)
    opened: dict[bytes, Opened] = field(default_factory=dict)
    due: dict[bytes, datetime] = field(default_factory=dict)
    told: int = 0

    def __post_init__(self) -> None:
        self._compiled = compile_rules(COMPANY, RuleSet(1, self.rules or (DEFAULT_RULE,)))

    # -------------------------------------------------------------------------------------------- what tools say

    def item(
        self,
        kind: Kind = Kind.FIRING,
        *,
        at: datetime = NOON,
        asset: str = "db-01",
        signature: str = "DiskFull",
        source: str = "zabbix",
        severity: Severity | None = Severity.HIGH,
        problem: str | None = None,
        cycle: str | None = None,
        started: datetime | None = None,
        ended: datetime | None = None,
        message: str = "it is full",
        labels: dict[str, str] | None = None,
    ) -> Item:
        """An occurrence as it reaches the core, received `at`; every one has an id of its own."""
        self.told += 1
        content = Content(asset, signature, message, source, labels or {})
        integration = blake2b(source.encode(), digest_size=16).digest()
        name = problem or f"{asset}|{signature}"
        said = normalize(Occurrence(kind, content, severity, name, cycle, started, ended), integration)
        matched = None
        if kind is not Kind.NOTED:
            matched = self._compiled.match(content, Severity(said.severity or Severity.MEDIUM))
        family = delivery_id_int(int(at.timestamp() * 1000), lambda n: self.told.to_bytes(n - 4, "big") + bytes(4))
        identity = member(family, KIND_OCCURRENCE, 0).to_bytes(16, "big")
        return Item(
            identity, COMPANY, integration, said.kind, said.severity, said.problem, said.cycle, said.started_at,
            said.ended_at, at, 1, matched, content, said.content_hash, said.encoded,
        )  # fmt: skip

    def fire(self, at: datetime = NOON, **parts: object) -> Decision:
        """One firing occurrence, decided alone."""
        return self.decide([self.item(Kind.FIRING, at=at, **parts)])[0]  # type: ignore[arg-type]

    def end(self, at: datetime = NOON, **parts: object) -> Decision:
        """One resolve, decided alone."""
        return self.decide([self.item(Kind.RESOLVED, at=at, **parts)])[0]  # type: ignore[arg-type]

    def decide(self, items: Iterable[Item]) -> list[Decision]:
        """Decide a batch and keep what it changed; answers in the order of decision."""
        ordered = in_order(items)
        work = self._lock(ordered)
        decisions = decide(work, ordered)
        self._write(work)
        return decisions

    def _lock(self, items: Sequence[Item]) -> Work:
        problems = {item.problem for item in items if item.matched is not None}
        keys = {item.matched.key for item in items if item.matched is not None and item.kind == Kind.FIRING}
        states = {problem: copy.copy(self.states[problem]) for problem in problems if problem in self.states}
        held = {key: self.keys[key] for key in keys if key in self.keys}
        wanted = {state.incident_id for state in states.values() if state.incident_id} | set(held.values())
        return Work(states, {one: copy.copy(self.incidents[one]) for one in wanted}, held)

    def _write(self, work: Work) -> None:
        for problem in work.new_alerts:
            assert problem not in self.states, "a new problem that was there"
            self.states[problem] = work.alerts[problem]
        for problem in work.changed_alerts:
            self.states[problem] = work.alerts[problem]
        for incident_id in work.new_incidents | work.changed_incidents:
            assert (incident_id in self.incidents) != (incident_id in work.new_incidents)
            self.incidents[incident_id] = work.incidents[incident_id]
        for key in work.new_keys | work.changed_keys:
            assert (key in self.keys) != (key in work.new_keys)
            self.keys[key] = work.keys[key]
        for opened in work.opened:
            assert opened.incident_id not in self.opened, "an incident opened twice"
            self.opened[opened.incident_id] = opened
        for alert_id, item in work.begun.items():
            state = work.closed.get(alert_id) or work.alerts[item.problem]
            assert state.incident_id is not None
            incident_id = work.moved.get(alert_id, state.incident_id)
            self.alerts[alert_id] = AlertRow(item.problem, incident_id, state.count, state.status)
        for alert_id in work.closed.keys() - work.begun.keys():
            row, closed = self.alerts[alert_id], work.closed[alert_id]
            row.count, row.status = closed.count, closed.status
        for alert_id in work.moved.keys() - work.begun.keys():
            self.alerts[alert_id].incident_id = work.moved[alert_id]
        self.due.update(work.due)

    # -------------------------------------------------------------------------------------------- what people do

    def resolve(self, incident_id: bytes, at: datetime) -> None:
        """A person says that it is over."""
        finish(self.incidents[incident_id], by_person=True, now=at)

    def merge(self, target: bytes, others: Sequence[bytes]) -> None:
        """A person says that these are one."""
        acts.merged(self.incidents, self.states, target, others)
        for key, holder in self.keys.items():
            if holder in others:
                self.keys[key] = target
        for row in self.alerts.values():
            if row.incident_id in others:
                row.incident_id = target

    def split(self, source: bytes, alert_ids: set[bytes], at: datetime) -> bytes:
        """A person says that these alerts are another fault; gives the new incident."""
        self.told += 1
        fresh = blake2b(str(self.told).encode(), digest_size=16).digest()
        mine = {problem: state for problem, state in self.states.items() if state.incident_id == source}
        present = {state.alert_id for state in mine.values()}
        ended = sum(self.alerts[one].count for one in alert_ids if one not in present)
        acts.split_off(self.incidents, mine, source, fresh, alert_ids, at, ended=ended)
        for alert_id in alert_ids:
            self.alerts[alert_id].incident_id = fresh
        for left in (source, fresh):
            until = held_until(self.incidents[left])
            if until is not None:
                self.due[left] = until
        return fresh

    def tick(self, at: datetime) -> None:
        """What is due is done, as the scheduler does it."""
        for incident_id, due in sorted(self.due.items()):
            if due > at:
                continue
            until = held_until(self.incidents[incident_id])
            if until is not None and until > at:
                self.due[incident_id] = until
                continue
            del self.due[incident_id]
            if until is not None:
                finish(self.incidents[incident_id], by_person=False, now=at)

    # -------------------------------------------------------------------------------------------- what is seen

    def of(self, decision: Decision) -> IncidentState:
        """The incident that a decision named, as it is now."""
        assert decision.incident_id is not None
        return self.incidents[decision.incident_id]

    def state(self, decision: Decision) -> AlertState:
        """The state of the problem that a decision was about, as it is now."""
        return self.states[decision.item.problem]

    def count_of(self, alert_id: bytes) -> int:
        """Firing occurrences of an alert: fresh ones from its problem's state while that points to it."""
        state = self.states[self.alerts[alert_id].problem]
        return state.count if state.alert_id == alert_id else self.alerts[alert_id].count

    def firing_in(self, incident_id: bytes) -> int:
        """Problems of an incident that fire now."""
        return sum(
            state.incident_id == incident_id and state.status == AlertStatus.FIRING for state in self.states.values()
        )


def minutes(number: float) -> timedelta:
    """So many minutes."""
    return timedelta(minutes=number)
