"""Azure's alerts mean the same in each of its schemas, and end although most of their events say that they fired."""

from datetime import UTC, datetime

import pytest

from alertwhisperer.domain.errors import Invalid
from alertwhisperer.domain.occurrence import Kind
from alertwhisperer.domain.severity import Severity
from alertwhisperer.sources.azure import SOURCE
from tests.sources.stored import load, only, request

SUBSCRIPTION = "22222222-2222-4222-8222-222222222222"


def test_a_metric_alert_is_read() -> None:
    said = only(SOURCE, "firing")
    assert (said.kind, said.severity) == (Kind.FIRING, Severity.HIGH)
    assert (said.content.asset, said.content.signature, said.content.source) == ("vm-01", "vm-cpu", "azure")
    assert said.content.message == "Percentage CPU GreaterThan 90: 95.1"
    assert said.started_at == datetime(2026, 11, 20, 10, 15, 30, 123_456, tzinfo=UTC), "seven digits of a second"
    assert said.content.labels["resource_group"] == "rg"
    assert said.content.labels["team"] == "core"
    assert said.content.links["resource"].startswith("https://portal.azure.com/#@/resource/subscriptions/")


def test_the_subscription_names_the_customer_and_no_property_stands_in_for_it() -> None:
    assert only(SOURCE, "firing").content.labels[SOURCE.route_label] == SUBSCRIPTION
    for name in ("log", "service-health", "older-metric", "older-activity", "older-log", "classic-metric"):
        assert only(SOURCE, name).content.labels[SOURCE.route_label] == SUBSCRIPTION


def test_the_end_has_the_same_id_and_its_own_time() -> None:
    fired, ended = only(SOURCE, "firing"), only(SOURCE, "resolved")
    assert (ended.kind, ended.severity) == (Kind.RESOLVED, None)
    assert (ended.problem, ended.cycle) == (fired.problem, fired.cycle)
    assert ended.ended_at == datetime(2026, 11, 20, 10, 15, 50, 765_432, tzinfo=UTC)


def test_the_next_time_is_the_same_problem_and_another_cycle() -> None:
    first, second = only(SOURCE, "firing"), only(SOURCE, "next-cycle")
    assert first.problem == second.problem
    assert first.cycle != second.cycle


def test_another_dimension_or_target_is_another_problem() -> None:
    document = load("azure", "firing").document
    document["data"]["essentials"]["alertTargetIDs"] = ["/subscriptions/x/other"]
    ((_, other),) = SOURCE.parse(request(document)).occurrences
    assert len({only(SOURCE, "firing").problem, only(SOURCE, "other-dimension").problem, other.problem}) == 3


def test_severity_and_spelling_are_no_identity() -> None:
    document = load("azure", "firing").document
    essentials = document["data"]["essentials"]
    essentials["alertTargetIDs"] = [essentials["alertTargetIDs"][0].upper()]
    essentials["alertId"] = essentials["alertId"].upper()
    essentials["severity"] = "Sev4"
    ((_, said),) = SOURCE.parse(request(document)).occurrences
    assert (said.problem, said.cycle) == (only(SOURCE, "firing").problem, only(SOURCE, "firing").cycle)


@pytest.mark.parametrize(
    ("word", "severity"),
    [
        ("Sev0", Severity.CRITICAL),
        ("Sev1", Severity.HIGH),
        ("Sev2", Severity.MEDIUM),
        ("Sev3", Severity.LOW),
        ("Sev4", Severity.INFO),
        ("else", None),
        (None, None),
    ],
)
def test_severity_0_is_the_worst(word: str | None, severity: Severity | None) -> None:
    document = load("azure", "firing").document
    document["data"]["essentials"]["severity"] = word
    ((_, said),) = SOURCE.parse(request(document)).occurrences
    assert said.severity is severity


def test_a_log_alert_is_about_the_computer_and_not_about_the_workspace() -> None:
    said = only(SOURCE, "log")
    assert (said.content.asset, said.severity) == ("app-07", Severity.LOW)
    assert said.content.message == "No heartbeat for 5 minutes"
    assert said.content.links["search"] == "https://portal.azure.com/#filtered"


def test_a_log_alerts_end_may_leave_its_dimensions_out() -> None:
    fired, ended = only(SOURCE, "log"), only(SOURCE, "log-resolved")
    assert ended.kind is Kind.RESOLVED
    assert (fired.problem, fired.cycle) == (ended.problem, ended.cycle)


@pytest.mark.parametrize(
    ("began", "over", "asset", "severity"),
    [
        ("service-health", "service-health-resolved", "Virtual Machines", Severity.HIGH),
        ("resource-health", "resource-health-resolved", "vm-01", Severity.CRITICAL),
    ],
)
def test_health_ends_by_what_its_event_says(began: str, over: str, asset: str, severity: Severity) -> None:
    fired, ended = only(SOURCE, began), only(SOURCE, over)
    assert (fired.kind, fired.severity, fired.content.asset) == (Kind.FIRING, severity, asset)
    assert (ended.kind, ended.severity, ended.started_at) == (Kind.RESOLVED, None, None)
    assert ended.ended_at == datetime(2026, 11, 20, 10, 15, tzinfo=UTC)
    assert (fired.problem, fired.cycle) == (ended.problem, None)


def test_what_an_outage_was_is_told_later_and_changes_nothing() -> None:
    said = only(SOURCE, "service-health-rca")
    assert (said.kind, said.note) == (Kind.NOTED, "information")


def test_the_older_metric_schema_says_the_same() -> None:
    fired, ended = only(SOURCE, "older-metric"), only(SOURCE, "older-metric-resolved")
    assert (fired.kind, fired.severity) == (Kind.FIRING, Severity.LOW)
    assert (fired.content.asset, fired.content.signature) == ("vm-01", "vm-cpu")
    assert (ended.kind, ended.problem) == (Kind.RESOLVED, fired.problem)
    assert ended.ended_at == datetime(2026, 11, 20, 10, 15, 50, tzinfo=UTC)


def test_the_oldest_metric_schema_has_one_criterion() -> None:
    said = only(SOURCE, "classic-metric")
    assert (said.kind, said.severity, said.content.asset) == (Kind.FIRING, None, "web-1")
    assert said.content.message == "Requests GreaterThanOrEqual 10: 12"


def test_an_activity_log_alert_has_its_events_level() -> None:
    said = only(SOURCE, "older-activity")
    assert (said.kind, said.severity, said.content.asset) == (Kind.FIRING, Severity.MEDIUM, "vm-01")
    assert said.content.signature == "Microsoft.Compute/virtualMachines/delete"
    assert said.content.labels["caller"] == "jo@example.com"


def test_resource_health_is_the_same_problem_in_both_schemas() -> None:
    assert only(SOURCE, "older-resource-health").problem == only(SOURCE, "resource-health").problem


def test_the_older_log_schema_says_the_same() -> None:
    said = only(SOURCE, "older-log")
    assert (said.kind, said.severity, said.content.asset) == (Kind.FIRING, Severity.MEDIUM, "app-07")
    assert said.content.links["search"] == "https://portal.azure.com/#search"


@pytest.mark.parametrize("name", ["test", "older-test"])
def test_a_trial_of_the_action_group_is_a_test(name: str) -> None:
    said = only(SOURCE, name)
    assert (said.kind, said.note) == (Kind.NOTED, "test")


def test_a_condition_that_is_not_known_changes_nothing() -> None:
    document = load("azure", "firing").document
    document["data"]["essentials"]["monitorCondition"] = "Paused"
    ((_, said),) = SOURCE.parse(request(document)).occurrences
    assert (said.kind, said.note) == (Kind.NOTED, "information")


def test_a_schema_that_is_not_known_is_refused() -> None:
    with pytest.raises(Invalid, match="schemaId"):
        SOURCE.parse(load("azure", "malformed").inbound())
