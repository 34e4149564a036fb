"""Datadog's events become occurrences of a monitor and its group, with our payload, the default one or a form."""

from datetime import UTC, datetime

import pytest

from alertwhisperer.domain.occurrence import Kind
from alertwhisperer.domain.severity import Severity
from alertwhisperer.sources.datadog import SOURCE
from tests.sources.stored import load, only


def test_a_triggered_group_is_read() -> None:
    said = only(SOURCE, "firing")
    assert said.kind is Kind.FIRING
    assert said.content.asset == "web-01"
    assert said.content.signature == "CPU high"
    assert said.content.message == "CPU is high on web-01"
    assert said.content.labels["team"] == "shop"
    assert said.content.labels["monitor"] == "true"
    assert said.content.links == {"console": "https://app.datadoghq.com/monitors/55"}
    assert said.severity is Severity.HIGH
    assert said.cycle == "1646041121212121"
    assert said.started_at == datetime(2026, 11, 20, 10, 15, 30, tzinfo=UTC)


def test_a_recovery_ends_it() -> None:
    said = only(SOURCE, "resolved")
    assert said.kind is Kind.RESOLVED
    assert said.content.signature == "CPU high"
    assert said.ended_at == datetime(2026, 11, 20, 10, 15, 55, tzinfo=UTC)


@pytest.mark.parametrize(
    ("name", "kind", "severity"),
    [
        ("renotify-success", Kind.RESOLVED, None),
        ("warn", Kind.FIRING, Severity.MEDIUM),
        ("no-data", Kind.FIRING, Severity.HIGH),
        ("test", Kind.NOTED, Severity.HIGH),
    ],
)
def test_transitions_mean_what_they_say(name: str, kind: Kind, severity: Severity | None) -> None:
    said = only(SOURCE, name)
    assert (said.kind, said.severity) == (kind, severity)


def test_groups_of_a_monitor_are_different_problems_whatever_the_order_of_their_tags() -> None:
    assert only(SOURCE, "firing").problem != only(SOURCE, "other-group").problem
    assert only(SOURCE, "firing").problem == only(SOURCE, "scope-order").problem


def test_without_a_host_the_group_is_the_asset() -> None:
    assert only(SOURCE, "no-host").content.asset == "cart"


def test_only_states_are_taken_off_a_title() -> None:
    assert only(SOURCE, "bracketed-name").content.signature == "[prod] CPU high"


def test_unexpanded_variables_are_absent() -> None:
    said = only(SOURCE, "unexpanded")
    assert said.cycle is None
    assert said.content.asset == "web-01", "from the scope"
    assert said.severity is Severity.HIGH, "the title's [P2]"


def test_the_default_payload_is_read_from_its_title() -> None:
    fired, ended = only(SOURCE, "default-firing"), only(SOURCE, "default-resolved")
    assert (fired.kind, ended.kind) == (Kind.FIRING, Kind.RESOLVED)
    assert fired.problem == ended.problem
    assert fired.content.asset == "web-01"
    assert fired.content.message == "CPU is high"


def test_a_form_says_the_same_as_json() -> None:
    assert only(SOURCE, "form") == only(SOURCE, "firing")


def test_the_event_id_names_the_delivery_and_nothing_else() -> None:
    first, second = load("datadog", "firing").inbound(), load("datadog", "repeat").inbound()
    assert SOURCE.delivery_id(first) == "7412345678901234567"
    assert SOURCE.delivery_id(first) != SOURCE.delivery_id(second)
