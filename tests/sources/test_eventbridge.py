"""An alarm means the same through EventBridge as through SNS, and nothing else on the bus is one."""

from datetime import UTC, datetime

import pytest

from alertwhisperer.domain.errors import Invalid
from alertwhisperer.domain.occurrence import Kind
from alertwhisperer.domain.severity import Severity
from alertwhisperer.sources import cloudwatch
from alertwhisperer.sources.eventbridge import SOURCE
from tests.sources.stored import load, only, request


def test_an_alarm_is_read() -> None:
    said = only(SOURCE, "firing")
    assert (said.kind, said.severity) == (Kind.FIRING, Severity.HIGH)
    assert (said.content.asset, said.content.signature, said.content.source) == ("i-0abc", "cpu-web", "eventbridge")
    assert said.content.message.startswith("Threshold Crossed")
    assert said.started_at == datetime(2026, 11, 20, 10, 15, 30, 123_000, tzinfo=UTC)
    labels = said.content.labels
    assert (labels["region"], labels["account"], labels["AutoScalingGroupName"]) == (
        "eu-west-1",
        "123456789012",
        "asg-web",
    )
    assert (labels["metric"], labels["statistic"], labels["threshold"]) == ("CPUUtilization", "Average", "90.0")


@pytest.mark.parametrize("name", ["firing", "resolved", "insufficient-from-ok", "insufficient-from-alarm", "composite"])
def test_an_alarm_delivered_both_ways_says_the_same(name: str) -> None:
    here, there = only(SOURCE, name), only(cloudwatch.SOURCE, name)
    assert here.problem == there.problem
    assert (here.kind, here.severity, here.note) == (there.kind, there.severity, there.note)
    assert (here.content.asset, here.content.signature) == (there.content.asset, there.content.signature)
    assert here.content.links == there.content.links


def test_without_an_arn_it_is_the_same_problem_both_ways_too() -> None:
    assert only(SOURCE, "no-arn").problem == only(cloudwatch.SOURCE, "no-arn").problem


def test_ok_resolves_at_its_time() -> None:
    said = only(SOURCE, "resolved")
    assert (said.kind, said.severity, said.started_at) == (Kind.RESOLVED, None, None)
    assert said.ended_at == datetime(2026, 11, 20, 10, 15, 40, tzinfo=UTC)


def test_a_composite_alarm_names_what_set_it_off() -> None:
    labels = only(SOURCE, "composite").content.labels
    assert labels["rule"] == "ALARM(a) OR ALARM(b)"
    assert labels["children"] == "arn:aws:cloudwatch:eu-west-1:123456789012:alarm:a"
    assert labels["suppressor"] == "maintenance"


def test_an_alarm_whose_actions_are_held_back_is_noted_until_they_are_not() -> None:
    held, told = only(SOURCE, "suppressed"), only(SOURCE, "suppression-ended")
    assert (held.kind, held.note) == (Kind.NOTED, "suppressed")
    assert (told.kind, told.problem) == (Kind.FIRING, held.problem)


def test_the_end_of_an_alarm_counts_although_its_actions_are_held_back() -> None:
    document = load("eventbridge", "suppressed").document
    document["detail"]["state"]["value"] = "OK"
    ((_, said),) = SOURCE.parse(request(document)).occurrences
    assert said.kind is Kind.RESOLVED


def test_a_tag_says_the_severity_and_a_setting_says_it_for_the_rest() -> None:
    assert only(SOURCE, "tagged").severity is Severity.LOW
    assert only(SOURCE, "firing", default_severity="critical").severity is Severity.CRITICAL


@pytest.mark.parametrize(
    ("name", "note"),
    [("configuration-change", "configuration_change"), ("other-event", "not_an_alarm"), ("test", "test")],
)
def test_everything_else_on_the_bus_is_noted(name: str, note: str) -> None:
    said = only(SOURCE, name)
    assert (said.kind, said.note) == (Kind.NOTED, note)


def test_the_events_id_names_the_delivery() -> None:
    assert SOURCE.delivery_id(load("eventbridge", "firing").inbound()) == "c4c1c1c9-0000-4000-8000-000000000001"
    assert SOURCE.delivery_id(request({"id": None})) is None


@pytest.mark.parametrize("name", ["malformed", "transformed"])
def test_what_cannot_be_used_says_why(name: str) -> None:
    with pytest.raises(Invalid) as failure:
        SOURCE.parse(load("eventbridge", name).inbound())
    assert failure.value.where
    assert failure.value.mend


def test_a_nameless_alarm_is_refused() -> None:
    document = load("eventbridge", "firing").document
    document["detail"]["alarmName"] = " "
    with pytest.raises(Invalid, match="name"):
        SOURCE.parse(request(document))
