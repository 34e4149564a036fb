"""
What an occurrence means: every branch of dedup and correlation, as promises.

All of it through the pure core, on rows in memory (`world.py`); times are handed in.
"""

from __future__ import annotations

from datetime import timedelta

import pytest

from alertwhisperer.correlate.decide import MOST_SKEW, decide, held_until
from alertwhisperer.correlate.receipt import decode, explain
from alertwhisperer.correlate.work import Changed, Decision, Work
from alertwhisperer.domain.occurrence import Kind
from alertwhisperer.domain.outcome import Outcome, Reason
from alertwhisperer.domain.rule import Rule
from alertwhisperer.domain.severity import Severity
from alertwhisperer.domain.state import AlertStatus, IncidentStatus
from tests.correlate.world import NOON, World, minutes

LATER = NOON + minutes(1)


def became(decision: Decision) -> tuple[Outcome, Reason]:
    return decision.outcome, decision.reason


def rule(**parts: object) -> tuple[Rule, ...]:
    """One rule for everything, other than the default in what is named."""
    return (Rule(id="default", name="everything", **parts),)  # type: ignore[arg-type]


# ------------------------------------------------------------------------------------------------ dedup


def test_the_first_firing_begins_an_alert_and_opens_an_incident() -> None:
    world = World()
    told = world.fire()
    assert became(told) == (Outcome.NEW, Reason.OPENED_FIRST)
    assert world.of(told).status == IncidentStatus.OPEN
    assert world.of(told).opened_at == NOON
    assert world.opened[told.incident_id or b""].title == "DiskFull on db-01"
    assert world.state(told).status == AlertStatus.FIRING


def test_a_repeat_raises_the_counter_and_nothing_else() -> None:
    world = World()
    first = world.fire()
    again = world.fire(LATER)
    assert became(again) == (Outcome.REPEAT, Reason.REPEAT_FIRING)
    assert (again.alert_id, again.incident_id) == (first.alert_id, first.incident_id)
    assert again.receipt is None
    assert not again.keep_content
    assert world.state(again).count == 2
    assert world.state(again).last_seen_at == LATER
    assert (world.of(again).alerts, world.of(again).occurrences) == (1, 2)


def test_ten_identical_alerts_are_one_alert_in_one_incident() -> None:
    world = World()
    for minute in range(10):
        world.fire(NOON + minutes(minute))
    assert len(world.alerts) == len(world.incidents) == 1
    assert next(iter(world.incidents.values())).occurrences == 10


def test_a_repeat_with_other_words_keeps_them() -> None:
    world = World()
    world.fire()
    assert world.fire(LATER, message="97% full").keep_content
    assert not world.fire(LATER, message="97% full").keep_content


def test_a_repeat_may_make_the_alert_worse_or_better_but_the_incident_keeps_the_worst() -> None:
    world = World()
    told = world.fire(severity=Severity.MEDIUM)
    world.fire(LATER, severity=Severity.CRITICAL)
    assert (world.state(told).severity, world.of(told).severity) == (Severity.CRITICAL, Severity.CRITICAL)
    world.fire(LATER, severity=Severity.LOW)
    assert (world.state(told).severity, world.of(told).severity) == (Severity.LOW, Severity.CRITICAL)
    world.fire(LATER, severity=None)
    assert world.state(told).severity == Severity.LOW


def test_an_alert_without_a_severity_is_medium() -> None:
    world = World()
    assert world.of(world.fire(severity=None)).severity == Severity.MEDIUM


def test_two_integrations_with_one_problem_id_are_two_alerts() -> None:
    world = World()
    one = world.fire(source="zabbix", problem="1001", asset="a")
    other = world.fire(source="datadog", problem="1001", asset="b")
    assert one.alert_id != other.alert_id
    assert one.incident_id != other.incident_id


def test_a_test_message_is_noted_and_changes_nothing() -> None:
    world = World()
    told = world.decide([world.item(Kind.NOTED)])[0]
    assert became(told) == (Outcome.NOTED, Reason.NOTED)
    assert told.keep_content
    assert not world.states
    assert not world.incidents


# ------------------------------------------------------------------------------------------------ resolve


def test_the_last_resolve_resolves_the_incident() -> None:
    world = World()
    world.fire()
    told = world.end(LATER)
    assert became(told) == (Outcome.RESOLVE, Reason.RESOLVED_LAST)
    assert world.of(told).status == IncidentStatus.RESOLVED
    assert world.of(told).resolved_at == LATER
    assert not world.of(told).by_person


def test_a_resolve_leaves_the_incident_open_while_another_alert_fires() -> None:
    world = World()
    world.fire(source="zabbix")
    world.fire(source="datadog")
    told = world.end(LATER, source="zabbix")
    assert became(told) == (Outcome.RESOLVE, Reason.RESOLVED_ALERT)
    assert world.of(told).status == IncidentStatus.OPEN
    assert world.end(LATER, source="datadog").reason is Reason.RESOLVED_LAST


def test_a_resolve_of_what_is_resolved_changes_nothing() -> None:
    world = World()
    world.fire()
    world.end(LATER)
    assert became(world.end(LATER + minutes(1))) == (Outcome.RESOLVE, Reason.RESOLVED_AGAIN)


def test_a_resolve_for_an_unknown_alert_is_kept_and_opens_nothing() -> None:
    world = World()
    told = world.end(ended=NOON)
    assert became(told) == (Outcome.RESOLVE, Reason.RESOLVED_UNKNOWN)
    assert told.alert_id is told.incident_id is None
    assert told.keep_content
    assert not world.incidents


def test_a_firing_that_began_before_an_unknown_alerts_resolve_opens_nothing() -> None:
    world = World()
    world.end(LATER, ended=NOON)
    late = world.fire(LATER, started=NOON - minutes(5))
    assert became(late) == (Outcome.STALE, Reason.STALE_OLDER_THAN_RESOLVE)
    assert not world.incidents


def test_a_firing_after_an_unknown_alerts_resolve_begins_normally() -> None:
    world = World()
    world.end(NOON, ended=NOON)
    assert became(world.fire(LATER, started=LATER)) == (Outcome.NEW, Reason.OPENED_FIRST)


def test_a_resolve_matches_by_cycle_else_by_problem() -> None:
    world = World()
    world.fire(cycle="1")
    assert world.end(LATER, cycle=None).reason is Reason.RESOLVED_LAST
    world.fire(LATER, cycle="2", started=LATER)
    assert world.end(LATER, cycle="2").reason is Reason.RESOLVED_LAST


def test_a_resolve_of_another_cycle_does_not_end_the_one_that_fires() -> None:
    world = World()
    world.fire(cycle="2", started=NOON)
    told = world.end(LATER, cycle="1", ended=LATER)
    assert became(told) == (Outcome.STALE, Reason.STALE_RESOLVE_OTHER_CYCLE)
    assert world.state(told).status == AlertStatus.FIRING


def test_a_resolve_of_a_newer_cycle_whose_firing_was_lost_ends_the_alert() -> None:
    world = World()
    world.fire(cycle="1", started=NOON)
    told = world.end(LATER, cycle="2", started=NOON + timedelta(seconds=30), ended=LATER)
    assert became(told) == (Outcome.RESOLVE, Reason.RESOLVED_LAST)


def test_a_resolve_that_ended_before_the_present_cycle_began_is_late() -> None:
    world = World()
    world.fire(started=NOON)
    told = world.end(LATER, ended=NOON - minutes(1))
    assert became(told) == (Outcome.STALE, Reason.STALE_RESOLVE_BEFORE_START)
    assert world.state(told).status == AlertStatus.FIRING


# ------------------------------------------------------------------------------------------------ late and out of order


def test_a_late_firing_never_reopens_a_newer_resolve() -> None:
    world = World()
    world.fire(NOON, started=NOON)
    world.end(LATER, ended=LATER)
    late = world.fire(LATER + minutes(1), started=NOON)
    assert became(late) == (Outcome.STALE, Reason.STALE_OLDER_THAN_RESOLVE)
    assert world.of(late).status == IncidentStatus.RESOLVED


def test_of_two_resolves_the_newest_end_counts() -> None:
    world = World()
    world.fire(NOON, started=NOON)
    world.end(LATER, ended=LATER)
    world.end(LATER, ended=LATER + minutes(1))
    late = world.fire(LATER + minutes(3), started=LATER + timedelta(seconds=30))
    assert late.reason is Reason.STALE_OLDER_THAN_RESOLVE


def test_a_late_firing_of_a_resolved_cycle_is_known_by_its_cycle() -> None:
    world = World()
    world.fire(cycle="1")
    world.end(LATER, cycle="1")
    assert world.fire(LATER, cycle="1").reason is Reason.STALE_CYCLE_RESOLVED


def test_a_cycle_id_that_fires_again_after_its_end_begins_anew() -> None:
    world = World()
    world.fire(cycle="1", started=NOON)
    world.end(LATER, cycle="1", ended=LATER)
    again = world.fire(LATER + minutes(1), cycle="1", started=LATER + minutes(1))
    assert again.outcome is Outcome.NEW


def test_an_older_cycle_is_late_whether_the_newer_one_fires_or_not() -> None:
    world = World()
    world.fire(cycle="2", started=NOON)
    assert world.fire(LATER, cycle="1", started=NOON - minutes(9)).reason is Reason.STALE_OLDER_CYCLE
    world.end(LATER, cycle="2", ended=LATER)
    assert world.fire(LATER, cycle="1", started=NOON - minutes(9)).reason is Reason.STALE_OLDER_CYCLE


def test_a_new_cycle_replaces_one_whose_resolve_never_came() -> None:
    world = World()
    first = world.fire(cycle="1", started=NOON)
    second = world.fire(LATER, cycle="2", started=LATER)
    assert became(second) == (Outcome.NEW, Reason.JOINED_SAME_PROBLEM)
    assert second.incident_id == first.incident_id
    assert second.alert_id != first.alert_id
    assert (world.of(second).alerts, world.of(second).firing) == (2, 1)
    assert world.alerts[first.alert_id or b""].status == AlertStatus.RESOLVED


def test_without_times_arrival_decides_and_a_doubtful_firing_reopens() -> None:
    world = World()
    world.fire()
    world.end(LATER)
    assert world.fire(LATER + minutes(1)).reason is Reason.REOPENED_IN_TIME


def test_a_time_in_our_future_is_cut_and_the_receipt_says_so() -> None:
    world = World()
    told = world.fire(started=NOON + MOST_SKEW + minutes(60))
    assert told.receipt is not None
    assert decode(told.receipt).clamped
    assert world.state(told).started_at is None  # doubtful: it must not make a later resolve look late
    assert any("cut to two minutes" in line for line in explain(told.receipt, told.reason))
    assert world.end(LATER, ended=LATER).reason is Reason.RESOLVED_LAST


def test_a_clock_slightly_ahead_is_believed() -> None:
    world = World()
    told = world.fire(started=NOON + MOST_SKEW)
    assert world.state(told).started_at == NOON + MOST_SKEW
    assert told.receipt is not None
    assert not decode(told.receipt).clamped


def test_a_firing_from_the_future_after_a_resolve_reopens_rather_than_vanishes() -> None:
    world = World()
    world.fire(started=NOON)
    world.end(LATER, ended=LATER)
    assert world.fire(LATER, started=LATER + minutes(60)).outcome is Outcome.NEW


def test_a_batch_is_decided_in_the_order_of_event_times() -> None:
    world = World()
    resolve = world.item(Kind.RESOLVED, at=LATER, ended=LATER)
    firing = world.item(Kind.FIRING, at=LATER, started=NOON)
    first, second = world.decide([resolve, firing])
    assert became(first) == (Outcome.NEW, Reason.OPENED_FIRST)
    assert became(second) == (Outcome.RESOLVE, Reason.RESOLVED_LAST)


# ------------------------------------------------------------------------------------------------ join, open, window


def test_two_tools_on_one_fault_of_one_asset_are_one_incident() -> None:
    world = World()
    one = world.fire(source="zabbix", asset="db-01")
    other = world.fire(LATER, source="datadog", asset="DB-01")
    assert became(other) == (Outcome.NEW, Reason.JOINED_WINDOW)
    assert other.incident_id == one.incident_id
    assert world.of(one).alerts == 2


def test_a_rule_that_keeps_tools_apart_opens_one_incident_for_each() -> None:
    world = World(rule(cross_tool=False))
    assert world.fire(source="zabbix").incident_id != world.fire(source="datadog").incident_id


def test_two_applications_with_one_alert_each_are_two_incidents_of_one_alert() -> None:
    world = World()
    one, other = world.fire(asset="app-1"), world.fire(asset="app-2")
    assert one.incident_id != other.incident_id
    assert world.of(one).alerts == world.of(other).alerts == 1


def test_a_sliding_window_counts_from_the_last_activity() -> None:
    world = World(rule(window_s=600))
    first = world.fire(source="a")
    world.fire(NOON + minutes(9), source="b")
    assert world.fire(NOON + minutes(18), source="c").incident_id == first.incident_id


def test_a_fixed_window_counts_from_the_beginning() -> None:
    world = World(rule(window_s=600, window="fixed"))
    first = world.fire(source="a")
    assert world.fire(NOON + minutes(9), source="b").incident_id == first.incident_id
    late = world.fire(NOON + minutes(11), source="c")
    assert late.reason is Reason.OPENED_AFTER_WINDOW
    assert late.incident_id != first.incident_id


def test_the_window_ends_with_its_last_second() -> None:
    inside, outside = World(rule(window_s=600)), World(rule(window_s=600))
    for world in (inside, outside):
        world.fire(source="a")
    assert inside.fire(NOON + timedelta(seconds=600), source="b").reason is Reason.JOINED_WINDOW
    assert outside.fire(NOON + timedelta(seconds=601), source="b").reason is Reason.OPENED_AFTER_WINDOW


def test_after_the_window_the_receipt_names_the_rival_and_what_would_have_changed_it() -> None:
    world = World(rule(window_s=600))
    first = world.fire(source="a")
    late = world.fire(NOON + minutes(20), source="b")
    assert late.receipt is not None
    facts = decode(late.receipt)
    assert (facts.limit, facts.needed, facts.gap_s, facts.window_s) == ("window_s", 1200, 1200, 600)
    assert [bytes.fromhex(rival.incident) for rival in facts.rivals] == [first.incident_id]


def test_the_threshold_that_a_receipt_names_is_the_one_that_decides() -> None:
    for needed, reason in ((1200, Reason.JOINED_WINDOW), (1199, Reason.OPENED_AFTER_WINDOW)):
        world = World(rule(window_s=needed))
        world.fire(source="a")
        assert world.fire(NOON + minutes(20), source="b").reason is reason


def test_a_firing_problem_is_held_by_its_incident_however_long_it_was_quiet() -> None:
    world = World()
    first = world.fire(cycle="1", started=NOON)
    later = world.fire(NOON + minutes(500), cycle="2", started=NOON + minutes(500))
    assert later.reason is Reason.JOINED_SAME_PROBLEM
    assert later.incident_id == first.incident_id


def test_an_incident_takes_nothing_new_after_its_longest_life() -> None:
    world = World(rule(life_s=3600))
    for minute in range(0, 60, 10):
        world.fire(NOON + minutes(minute), source="a")
    late = world.fire(NOON + minutes(61), source="b")
    assert late.reason is Reason.OPENED_AFTER_LIFE


def test_a_life_of_zero_has_no_end() -> None:
    world = World(rule(life_s=0, window_s=7 * 86_400))
    first = world.fire(source="a")
    assert world.fire(NOON + timedelta(days=6), source="b").incident_id == first.incident_id


def test_below_the_least_count_an_incident_only_forms() -> None:
    world = World(rule(least_count=3))
    first = world.fire()
    assert became(first) == (Outcome.NEW, Reason.FORMING)
    assert world.fire(LATER).reason is Reason.REPEAT_FIRING
    assert not world.opened
    third = world.fire(LATER + minutes(1))
    assert became(third) == (Outcome.REPEAT, Reason.REPEAT_COMPLETED_COUNT)
    assert third.receipt is not None
    assert world.of(third).status == IncidentStatus.OPEN
    assert world.of(third).opened_at == LATER + minutes(1)


def test_a_new_alert_may_complete_the_least_count() -> None:
    world = World(rule(least_count=2))
    world.fire(source="a")
    told = world.fire(LATER, source="b")
    assert became(told) == (Outcome.NEW, Reason.JOINED_WINDOW)
    assert world.of(told).status == IncidentStatus.OPEN


def test_what_only_forms_is_not_resolved_and_takes_the_next_cycle() -> None:
    world = World(rule(least_count=2))
    first = world.fire()
    assert world.end(LATER).reason is Reason.RESOLVED_ALERT
    second = world.fire(LATER + minutes(1))
    assert second.incident_id == first.incident_id
    assert world.of(second).status == IncidentStatus.OPEN


# ------------------------------------------------------------------------------------------------ hold, reopen


def test_with_a_hold_the_incident_waits_and_a_timer_resolves_it() -> None:
    world = World(rule(hold_s=300))
    world.fire()
    told = world.end(LATER)
    assert became(told) == (Outcome.RESOLVE, Reason.RESOLVED_LAST_HELD)
    assert world.of(told).status == IncidentStatus.OPEN
    world.tick(LATER + minutes(4))
    assert world.of(told).status == IncidentStatus.OPEN
    world.tick(LATER + minutes(5))
    assert world.of(told).status == IncidentStatus.RESOLVED
    assert world.of(told).resolved_at == LATER + minutes(5)


def test_what_fires_during_the_hold_keeps_the_incident_open() -> None:
    world = World(rule(hold_s=300))
    first = world.fire()
    world.end(LATER)
    again = world.fire(LATER + minutes(2))
    assert again.incident_id == first.incident_id
    world.tick(LATER + minutes(10))
    assert world.of(again).status == IncidentStatus.OPEN
    assert not world.due


def test_activity_during_the_hold_moves_its_end() -> None:
    world = World(rule(hold_s=300))
    told = world.fire()
    world.end(LATER)
    world.fire(LATER + minutes(2))
    world.end(LATER + minutes(3))
    assert held_until(world.of(told)) == LATER + minutes(8)
    world.tick(LATER + minutes(6))
    assert world.of(told).status == IncidentStatus.OPEN


def test_inside_the_reopen_window_the_incident_reopens() -> None:
    world = World(rule(reopen_s=300))
    first = world.fire()
    world.end(LATER)
    again = world.fire(LATER + minutes(5))
    assert became(again) == (Outcome.NEW, Reason.REOPENED_IN_TIME)
    assert again.incident_id == first.incident_id
    assert world.of(again).status == IncidentStatus.OPEN
    assert world.of(again).resolved_at is None


def test_outside_the_reopen_window_another_incident_opens() -> None:
    world = World(rule(reopen_s=300))
    first = world.fire()
    world.end(LATER)
    again = world.fire(LATER + timedelta(seconds=301))
    assert became(again) == (Outcome.NEW, Reason.OPENED_AFTER_REOPEN)
    assert again.incident_id != first.incident_id
    assert world.of(first).status == IncidentStatus.RESOLVED


# ------------------------------------------------------------------------------------------------ a person resolved it


def test_just_after_a_person_resolved_repeats_are_counted_and_do_not_reopen() -> None:
    world = World()
    told = world.fire()
    world.resolve(told.incident_id or b"", LATER)
    again = world.fire(LATER + minutes(5))
    assert became(again) == (Outcome.REPEAT, Reason.REPEAT_AFTER_PERSON_RESOLVED)
    assert world.of(again).status == IncidentStatus.RESOLVED
    assert world.of(again).occurrences == 2


def test_what_becomes_worse_than_the_incident_reopens_what_a_person_resolved() -> None:
    world = World()
    told = world.fire(severity=Severity.MEDIUM)
    world.resolve(told.incident_id or b"", LATER)
    worse = world.fire(LATER + minutes(1), severity=Severity.CRITICAL)
    assert became(worse) == (Outcome.REPEAT, Reason.REPEAT_REOPENED_WORSE)
    assert worse.receipt is not None
    assert world.of(worse).status == IncidentStatus.OPEN
    assert world.of(worse).severity == Severity.CRITICAL


def test_what_still_fires_long_after_a_person_resolved_opens_another_incident() -> None:
    world = World()
    first = world.fire()
    world.fire(LATER)
    world.resolve(first.incident_id or b"", LATER)
    again = world.fire(LATER + minutes(6))
    assert became(again) == (Outcome.REPEAT, Reason.REPEAT_STILL_FIRING)
    assert again.alert_id == first.alert_id
    assert again.incident_id != first.incident_id
    assert again.receipt is not None
    assert decode(again.receipt).rivals[0].incident == (first.incident_id or b"").hex()


def test_an_alert_that_moves_takes_its_counters_along() -> None:
    world = World()
    first = world.fire()
    world.fire(LATER)
    world.resolve(first.incident_id or b"", LATER)
    again = world.fire(LATER + minutes(6))
    left, entered = world.of(first), world.of(again)
    assert (left.alerts, left.firing, left.occurrences) == (0, 0, 0)
    assert (entered.alerts, entered.firing, entered.occurrences) == (1, 1, 3)


def test_what_still_fires_opens_at_once_when_it_was_told_often_enough_before() -> None:
    world = World(rule(least_count=2))
    first = world.fire()
    world.fire(LATER)
    world.resolve(first.incident_id or b"", LATER)
    again = world.fire(LATER + minutes(6))
    assert again.reason is Reason.REPEAT_STILL_FIRING
    assert world.of(again).status == IncidentStatus.OPEN


def test_a_resolve_after_a_person_resolved_ends_the_alert_quietly() -> None:
    world = World()
    told = world.fire()
    world.resolve(told.incident_id or b"", LATER)
    assert world.end(LATER + minutes(1)).reason is Reason.RESOLVED_ALERT
    assert world.of(told).firing == 0
    assert world.of(told).resolved_at == LATER


# ------------------------------------------------------------------------------------------------ merge, split


def two(world: World) -> tuple[Decision, Decision]:
    return world.fire(asset="app-1"), world.fire(asset="app-2")


def test_after_a_merge_both_keys_bring_their_alerts_to_the_one_that_stays() -> None:
    world = World()
    one, other = two(world)
    world.merge(one.incident_id or b"", [other.incident_id or b""])
    assert world.of(other).status == IncidentStatus.MERGED
    assert world.fire(LATER, asset="app-2").incident_id == one.incident_id
    assert world.fire(LATER, asset="app-2", source="b").incident_id == one.incident_id
    assert world.fire(LATER, asset="app-1", source="b").incident_id == one.incident_id
    assert (world.of(one).alerts, world.of(one).firing, world.of(one).occurrences) == (4, 4, 5)


def test_after_a_merge_each_key_outlives_the_window_of_the_other() -> None:
    world = World(rule(window_s=600))
    one, other = two(world)
    world.merge(one.incident_id or b"", [other.incident_id or b""])
    late = NOON + minutes(20)
    first = world.fire(late, asset="app-2", source="b")
    second = world.fire(late, asset="app-1", source="b")
    assert first.reason is second.reason is Reason.OPENED_AFTER_WINDOW
    assert len({one.incident_id, first.incident_id, second.incident_id}) == 3
    assert world.fire(late, asset="app-1", source="c").incident_id == second.incident_id
    assert world.fire(late, asset="app-2", source="c").incident_id == first.incident_id


def test_a_split_moves_what_was_named_and_later_cycles_follow() -> None:
    world = World()
    one = world.fire(source="a")
    other = world.fire(source="b")
    world.fire(LATER, source="b")
    fresh = world.split(one.incident_id or b"", {other.alert_id or b""}, LATER)
    left, made = world.of(one), world.incidents[fresh]
    assert (left.alerts, left.firing, left.occurrences) == (1, 1, 1)
    assert (made.alerts, made.firing, made.occurrences) == (1, 1, 2)
    assert world.fire(LATER, source="b").incident_id == fresh
    world.end(LATER + minutes(1), source="b")
    assert world.incidents[fresh].status == IncidentStatus.RESOLVED
    again = world.fire(LATER + minutes(2), source="b")
    assert became(again) == (Outcome.NEW, Reason.REOPENED_IN_TIME)
    assert again.incident_id == fresh


def test_a_new_cycle_of_what_was_split_off_joins_the_persons_choice_while_that_is_open() -> None:
    world = World(rule(hold_s=600))
    one = world.fire(source="a")
    other = world.fire(source="b")
    fresh = world.split(one.incident_id or b"", {other.alert_id or b""}, LATER)
    world.end(LATER, source="b")
    again = world.fire(LATER + minutes(1), source="b")
    assert became(again) == (Outcome.NEW, Reason.JOINED_PERSONS_CHOICE)
    assert again.incident_id == fresh


def test_long_after_a_split_the_rule_decides_again() -> None:
    world = World()
    one = world.fire(source="a")
    other = world.fire(source="b")
    fresh = world.split(one.incident_id or b"", {other.alert_id or b""}, LATER)
    world.end(LATER, source="b")
    again = world.fire(LATER + minutes(6), source="b")
    assert became(again) == (Outcome.NEW, Reason.JOINED_WINDOW)
    assert again.incident_id == one.incident_id
    assert again.receipt is not None
    assert [rival.incident for rival in decode(again.receipt).rivals] == [fresh.hex()]
    assert not world.state(again).pinned


def test_a_split_of_an_earlier_cycle_takes_its_counts_and_leaves_the_present_one() -> None:
    world = World()
    old = world.fire(cycle="1", started=NOON)
    world.fire(NOON, cycle="1", started=NOON)
    now = world.fire(LATER, cycle="2", started=LATER)
    fresh = world.split(old.incident_id or b"", {old.alert_id or b""}, LATER)
    assert (world.incidents[fresh].occurrences, world.incidents[fresh].firing) == (2, 0)
    assert (world.of(now).occurrences, world.of(now).firing) == (1, 1)
    assert world.state(now).incident_id == old.incident_id


def test_a_split_of_an_alert_that_had_moved_never_makes_a_counter_negative() -> None:
    world = World()
    first = world.fire()
    for _ in range(9):
        world.fire(LATER)
    world.resolve(first.incident_id or b"", LATER)
    moved = world.fire(LATER + minutes(6))
    world.fire(LATER + minutes(6), source="b")
    fresh = world.split(moved.incident_id or b"", {moved.alert_id or b""}, LATER + minutes(7))
    assert world.incidents[fresh].occurrences == 11
    assert world.of(moved).occurrences == 1


# ------------------------------------------------------------------------------------------------ rows that do not fit


def test_rows_that_do_not_fit_are_read_again_and_never_guessed() -> None:
    world = World()
    item = world.item()
    assert item.matched is not None
    with pytest.raises(Changed):  # the key's incident was not among the rows read
        decide(Work({}, {}, {item.matched.key: b"an incident's id"}), [item])
    told = world.fire()
    with pytest.raises(Changed):  # neither was the incident of a problem that fires
        decide(Work({told.item.problem: world.state(told)}, {}, {}), [world.item()])
    with pytest.raises(Changed):
        decide(Work({told.item.problem: world.state(told)}, {}, {}), [world.item(Kind.RESOLVED)])
