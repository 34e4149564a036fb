"""
Decides a company's whole log again, from nothing, and compares with what was decided then.

The log is: occurrences as they were parsed, acts of people, timers, and the rule sets they name, all in one numbering
that follows the order in which their rows were locked. The decisions are the same pure functions, so anything that
differs was decided by something that is not in the log.
"""

from dataclasses import dataclass, field
from hashlib import blake2b
from uuid import UUID

import msgspec

from alertwhisperer.correlate import acts
from alertwhisperer.correlate.decide import decide_one, finish, release
from alertwhisperer.correlate.rules import CompiledRules, Matched, compile_rules
from alertwhisperer.correlate.windows import Holding
from alertwhisperer.correlate.work import Decision, Item, Work
from alertwhisperer.domain.occurrence import Content, Kind
from alertwhisperer.domain.severity import Severity
from alertwhisperer.store import replay as log
from alertwhisperer.store import rules as rules_store
from alertwhisperer.store.database import Unit
from alertwhisperer.store.replay import Acted, Decided

KINDS = (acts.RESOLVE, acts.TIMER_RESOLVE, acts.RUN_RESOLVE, acts.MERGE, acts.SPLIT, acts.TIMER_RELEASE)
_MOST_SHOWN = 100
_VERSIONS_AT_HAND = 8  # of the rules; with 20,000 aliases each holds some MB
_content = msgspec.json.Decoder(Content)
_NOTHING = Content("?", "?", "", "?")


@dataclass(frozen=True, slots=True)
class Difference:
    """One occurrence whose decision came out otherwise."""

    occurrence_id: UUID
    field: str
    stored: str
    replayed: str


@dataclass(slots=True)
class Replayed:
    """What a replay found; `differences` holds the first hundred of `different`."""

    occurrences: int = 0
    receipts: int = 0
    acts: int = 0
    different: int = 0
    differences: list[Difference] = field(default_factory=list)


class _Company:
    """The company's state as it comes out of the log."""

    def __init__(self) -> None:
        self.work = Work({}, {}, {})
        self.contents: dict[bytes, tuple[Content, bytes, str]] = {}

    def decide(self, row: Decided, rules: CompiledRules, company: bytes) -> Decision:
        problem = row.problem.bytes
        if row.content is not None:
            raw = row.content.encode()
            told = (_content.decode(raw), blake2b(raw, digest_size=16).digest(), row.content)
            self.contents[problem] = told
        else:
            told = self.contents.get(problem, (_NOTHING, b"", ""))
        matched: Matched | None = None
        window: Holding | None = None
        if row.kind == Kind.FIRING:
            matched = rules.match(told[0], Severity(row.severity or Severity.MEDIUM))
            window = rules.holding(told[0], row.received_at)
        item = Item(
            row.id.bytes,
            company,
            row.integration_id.bytes,
            row.kind,
            row.severity,
            problem,
            None if row.cycle is None else row.cycle.bytes,
            row.started_at,
            row.ended_at,
            row.received_at,
            row.rules_version,
            matched,
            *told,
            window,
        )
        return decide_one(self.work, item)

    def act(self, act: Acted) -> None:
        facts = msgspec.json.decode(act.facts)
        incident_id = act.incident_id.bytes
        work = self.work
        match act.kind:
            case acts.RESOLVE | acts.TIMER_RESOLVE | acts.RUN_RESOLVE:
                finish(work.incidents[incident_id], by_person=act.kind == acts.RESOLVE, now=act.at)
            case acts.TIMER_RELEASE:
                release(work.incidents[incident_id], now=act.at)
            case acts.MERGE:
                others = [UUID(other).bytes for other in facts["others"]]
                acts.merged(work.incidents, work.alerts, incident_id, others)
                for key, holder in work.keys.items():
                    if holder in others:
                        work.keys[key] = incident_id
            case acts.SPLIT:
                chosen = {UUID(alert).bytes for alert in facts["alerts"]}
                fresh = UUID(facts["into"]).bytes
                mine = {p: s for p, s in work.alerts.items() if s.incident_id == incident_id}
                acts.split_off(work.incidents, mine, incident_id, fresh, chosen, act.at)

    def forget_changes(self) -> None:
        """The working copy also notes what to write; a replay writes nothing."""
        fresh = Work(self.work.alerts, self.work.incidents, self.work.keys)
        self.work = fresh


async def replay(unit: Unit) -> Replayed:
    """
    Decide the company's log again.

    Args:
        unit: of `unit_of_work(..., snapshot=True)`, so that the log is of one moment.
    """
    found, company = Replayed(), _Company()
    rules: dict[int, CompiledRules] = {}
    acted = log.acts(unit, KINDS)
    next_act = await anext(acted, None)
    async for row in log.occurrences(unit):
        while next_act is not None and next_act.seq < row.seq:
            company.act(next_act)
            found.acts += 1
            next_act = await anext(acted, None)
        if row.rules_version not in rules:
            if len(rules) >= _VERSIONS_AT_HAND:
                rules.clear()
            versioned = await rules_store.by_version(unit, row.rules_version)
            rules[row.rules_version] = compile_rules(unit.company_id.bytes, versioned)
        _compare(found, row, company.decide(row, rules[row.rules_version], unit.company_id.bytes))
        company.forget_changes()
    return found


def _compare(found: Replayed, row: Decided, decision: Decision) -> None:
    found.occurrences += 1
    found.receipts += row.facts is not None
    pairs = (
        ("outcome", row.outcome, int(decision.outcome)),
        ("reason", row.reason, int(decision.reason)),
        ("alert_id", row.alert_id, _uuid(decision.alert_id)),
        ("incident_id", row.incident_id, _uuid(decision.incident_id)),
        ("receipt", row.facts, decision.receipt),
    )
    for name, stored, replayed in pairs:
        if stored != replayed:
            found.different += 1
            if len(found.differences) < _MOST_SHOWN:
                found.differences.append(Difference(row.id, name, str(stored), str(replayed)))
            return


def _uuid(identifier: bytes | None) -> UUID | None:
    return None if identifier is None else UUID(bytes=identifier)
