"""
What holds of the core whatever tools, people and timers do, in any order and repetition.

A story is a list of batches and acts over a few problems of a few tools; Hypothesis looks for the one that breaks it.
"""

from __future__ import annotations

import copy
from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from alertwhisperer.correlate.decide import in_order
from alertwhisperer.correlate.receipt import LONGEST
from alertwhisperer.correlate.work import Decision, Item
from alertwhisperer.domain.occurrence import Kind
from alertwhisperer.domain.outcome import Outcome, Reason
from alertwhisperer.domain.rule import Rule
from alertwhisperer.domain.severity import Severity
from alertwhisperer.domain.state import AlertStatus, IncidentStatus
from tests.correlate.world import NOON, World


@dataclass(frozen=True)
class Said:
    """One occurrence to be; times are seconds before its receipt, None when the tool said none."""

    kind: Kind
    asset: str
    source: str
    severity: Severity | None
    cycle: str | None
    started_ago: int | None
    ended_ago: int | None
    message: str


@dataclass(frozen=True)
class Step:
    """So many seconds later: tools say `batch`, then a person or a timer does `act`; `pick` chooses on what."""

    later_s: int
    batch: tuple[Said, ...]
    act: str
    pick: int


_AGO = st.one_of(st.none(), st.sampled_from([0, 1, 30, 200, 600, 2000, -60, -119, -3600]))
_SAID = st.builds(
    Said,
    kind=st.sampled_from([Kind.FIRING, Kind.FIRING, Kind.FIRING, Kind.RESOLVED, Kind.RESOLVED, Kind.NOTED]),
    asset=st.sampled_from(["a", "b"]),
    source=st.sampled_from(["zabbix", "datadog"]),
    severity=st.sampled_from([None, Severity.LOW, Severity.CRITICAL]),
    cycle=st.sampled_from([None, None, "1", "2", "3"]),
    started_ago=_AGO,
    ended_ago=_AGO,
    message=st.sampled_from(["m", "n"]),
)
_STEP = st.builds(
    Step,
    later_s=st.sampled_from([0, 1, 30, 100, 301, 1000]),
    batch=st.lists(_SAID, max_size=5).map(tuple),
    act=st.sampled_from(["", "", "", "resolve", "merge", "split", "tick"]),
    pick=st.integers(0, 7),
)
_STORY = st.lists(_STEP, min_size=1, max_size=12)
_RULE = st.builds(
    Rule,
    id=st.just("default"),
    name=st.just("everything"),
    group_by=st.sampled_from([("asset",), ("asset", "source"), ("signature",)]),
    window_s=st.sampled_from([60, 900]),
    window=st.sampled_from(["sliding", "fixed"]),
    least_count=st.sampled_from([1, 1, 3]),
    life_s=st.sampled_from([0, 500]),
    hold_s=st.sampled_from([0, 0, 100]),
    reopen_s=st.sampled_from([0, 300]),
)


class Play:
    """A story as it is played: batches whole, or `one_by_one`."""

    def __init__(self, rule: Rule, *, one_by_one: bool = False) -> None:
        self.world = World((rule,))
        self.now = NOON
        self.decisions: list[Decision] = []
        self._one_by_one = one_by_one

    def step(self, step: Step) -> list[Decision]:
        self.now += timedelta(seconds=step.later_s)
        items = [self._item(said) for said in step.batch]
        if self._one_by_one:
            decided = [decision for item in in_order(items) for decision in self.world.decide([item])]
        else:
            decided = self.world.decide(items)
        self.decisions += decided
        self._act(step)
        return decided

    def _item(self, said: Said) -> Item:
        return self.world.item(
            said.kind,
            at=self.now,
            asset=said.asset,
            source=said.source,
            severity=said.severity,
            cycle=said.cycle,
            started=self._ago(said.started_ago),
            ended=self._ago(said.ended_ago) if said.kind is Kind.RESOLVED else None,
            message=said.message,
        )

    def _ago(self, seconds: int | None) -> datetime | None:
        return None if seconds is None else self.now - timedelta(seconds=seconds)

    def _act(self, step: Step) -> None:
        world = self.world
        if step.act == "tick":
            world.tick(self.now)
        opened = sorted(one for one, state in world.incidents.items() if state.status == IncidentStatus.OPEN)
        if not opened:
            return
        target = opened[step.pick % len(opened)]
        if step.act == "resolve":
            world.resolve(target, self.now)
        elif step.act == "merge":
            shown = (IncidentStatus.OPEN, IncidentStatus.RESOLVED)
            others = sorted(one for one, state in world.incidents.items() if state.status in shown and one != target)
            if others:
                world.merge(target, others[: 1 + step.pick % 2])
        elif step.act == "split":
            mine = sorted(alert_id for alert_id, row in world.alerts.items() if row.incident_id == target)
            if len(mine) > 1:
                world.split(target, set(mine[: 1 + step.pick % (len(mine) - 1)]), self.now)


def told(decision: Decision) -> tuple[object, ...]:
    return (
        decision.item.id,
        decision.outcome,
        decision.reason,
        decision.alert_id,
        decision.incident_id,
        decision.receipt,
        decision.keep_content,
    )


def shown(world: World) -> dict[bytes, tuple[bytes, bytes, int]]:
    """Of each alert its problem, its incident and its count as people see it."""
    return {one: (row.problem, row.incident_id, world.count_of(one)) for one, row in world.alerts.items()}


@settings(max_examples=250, deadline=None)
@given(_RULE, _STORY)
def test_deciding_a_batch_is_deciding_its_members_one_by_one(rule: Rule, story: list[Step]) -> None:
    whole, single = Play(rule), Play(rule, one_by_one=True)
    for step in story:
        assert [told(one) for one in whole.step(step)] == [told(one) for one in single.step(step)]
        assert whole.world.states == single.world.states
        assert whole.world.incidents == single.world.incidents
        assert whole.world.keys == single.world.keys
        assert shown(whole.world) == shown(single.world)


@settings(max_examples=100, deadline=None)
@given(_RULE, _STORY)
def test_the_same_story_is_decided_the_same_way_again(rule: Rule, story: list[Step]) -> None:
    first, second = Play(rule), Play(rule)
    for step in story:
        assert [told(one) for one in first.step(copy.deepcopy(step))] == [told(one) for one in second.step(step)]
    assert first.world.incidents == second.world.incidents


@settings(max_examples=250, deadline=None)
@given(_RULE, _STORY)
def test_each_occurrence_has_one_outcome_and_the_sums_agree(rule: Rule, story: list[Step]) -> None:
    play = Play(rule)
    for step in story:
        decided = play.step(step)
        assert len({one.item.id for one in decided}) == len(decided) == len(step.batch)
    kinds = {
        Kind.FIRING: {Outcome.NEW, Outcome.REPEAT, Outcome.STALE},
        Kind.RESOLVED: {Outcome.RESOLVE, Outcome.STALE},
        Kind.NOTED: {Outcome.NOTED},
    }
    for decision in play.decisions:
        assert decision.outcome in kinds[Kind(decision.item.kind)]
    outcomes = Counter(decision.outcome for decision in play.decisions)
    world = play.world
    assert outcomes[Outcome.NEW] == len(world.alerts)
    assert outcomes[Outcome.NEW] + outcomes[Outcome.REPEAT] == sum(world.count_of(one) for one in world.alerts)


@settings(max_examples=400, deadline=None)
@given(_RULE, _STORY)
def test_the_counters_of_incidents_are_what_their_alerts_say(rule: Rule, story: list[Step]) -> None:
    play = Play(rule)
    world = play.world
    for step in story:
        play.step(step)
        for incident_id, incident in world.incidents.items():
            if incident.status == IncidentStatus.MERGED:
                assert incident.firing == 0
                assert all(row.incident_id != incident_id for row in world.alerts.values())
                continue
            mine = [alert_id for alert_id, row in world.alerts.items() if row.incident_id == incident_id]
            assert incident.alerts == len(mine)
            assert incident.occurrences == sum(world.count_of(alert_id) for alert_id in mine)
            assert incident.firing == world.firing_in(incident_id)
            assert incident.status != IncidentStatus.RESOLVED or incident.by_person or incident.firing == 0


@settings(max_examples=250, deadline=None)
@given(_RULE, _STORY)
def test_an_open_incident_fires_or_is_held_and_due(rule: Rule, story: list[Step]) -> None:
    """None stays open for ever because nobody would look again."""
    play = Play(rule)
    for step in story:
        play.step(step)
        for incident_id, incident in play.world.incidents.items():
            if incident.status == IncidentStatus.OPEN and incident.firing == 0:
                assert incident_id in play.world.due
            if incident.status in (IncidentStatus.OPEN, IncidentStatus.FORMING):
                assert incident.resolved_at is None
            assert incident.status != IncidentStatus.OPEN or incident.opened_at is not None


@settings(max_examples=250, deadline=None)
@given(_RULE, _STORY)
def test_every_key_points_to_an_incident_that_was_not_merged_away(rule: Rule, story: list[Step]) -> None:
    play = Play(rule)
    for step in story:
        play.step(step)
        for holder in play.world.keys.values():
            assert play.world.incidents[holder].status != IncidentStatus.MERGED


@settings(max_examples=250, deadline=None)
@given(_RULE, _STORY)
def test_no_late_firing_reopens_a_newer_resolve(rule: Rule, story: list[Step]) -> None:
    """A firing that began before the newest end known of its problem, and names no other cycle, begins nothing."""
    play = Play(rule)
    for step in story:
        for said in step.batch:
            single = Step(0, (said,), "", 0)
            problem = play._item(said).problem
            before = copy.copy(play.world.states.get(problem))
            decision = play.step(single)[0]
            started = decision.item.started_at
            if (
                before is None
                or before.status != AlertStatus.RESOLVED
                or before.ended_at is None
                or decision.item.kind != Kind.FIRING
                or started is None
                or started > before.ended_at
            ):
                continue
            other_cycle = None not in (said.cycle, before.cycle) and decision.item.cycle != before.cycle
            if not other_cycle:
                assert decision.outcome is Outcome.STALE
                assert play.world.states[problem] == before
        play.step(Step(step.later_s, (), step.act, step.pick))


@settings(max_examples=250, deadline=None)
@given(_RULE, _STORY)
def test_every_change_of_place_has_a_receipt_and_every_receipt_is_short(rule: Rule, story: list[Step]) -> None:
    play = Play(rule)
    for step in story:
        play.step(step)
    moving = {Reason.REPEAT_STILL_FIRING, Reason.REPEAT_REOPENED_WORSE, Reason.REPEAT_COMPLETED_COUNT}
    for decision in play.decisions:
        if decision.outcome is Outcome.NEW or decision.reason in moving:
            assert decision.receipt is not None
        assert len((decision.receipt or "").encode()) <= LONGEST


@settings(max_examples=200, deadline=None)
@given(st.text(min_size=1, max_size=400), st.text(min_size=1, max_size=400), st.integers(1, 10_000_000))
def test_a_receipt_is_short_whatever_the_names_hold(asset: str, signature: str, gap_s: int) -> None:
    rule = Rule(id="r" * 64, name="long", window_s=604_800, reopen_s=0)
    world = World((rule,))
    one = world.fire(asset=asset, signature=signature, source="a")
    other = world.fire(asset=asset, signature=signature, source="b")
    assert one.incident_id is not None
    assert other.alert_id is not None
    fresh = world.split(one.incident_id, {other.alert_id}, NOON)
    for source in ("a", "b"):
        world.end(NOON, asset=asset, signature=signature, source=source)
    later = NOON + timedelta(seconds=gap_s)
    again = world.fire(later, asset=asset, signature=signature, source="b", started=later + timedelta(days=1))
    assert again.receipt is not None
    assert fresh.hex() in again.receipt
    assert len(again.receipt.encode()) <= LONGEST
