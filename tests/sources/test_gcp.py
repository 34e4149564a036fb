"""Cloud Monitoring's incidents keep their id, and their trial is odd in type and state."""

from datetime import UTC, datetime

import pytest

from alertwhisperer.domain.errors import Invalid
from alertwhisperer.domain.occurrence import Kind
from alertwhisperer.domain.severity import Severity
from alertwhisperer.sources.gcp import SOURCE
from tests.sources.stored import load, only, request


def test_an_incident_is_read() -> None:
    said = only(SOURCE, "firing")
    assert (said.kind, said.severity) == (Kind.FIRING, Severity.CRITICAL)
    assert (said.content.asset, said.content.signature, said.content.source) == ("vm-01", "CPU > 90%", "gcp")
    assert said.content.message == "CPU of vm-01 is above 0.9"
    assert said.started_at == datetime(2026, 11, 20, 10, 15, 30, tzinfo=UTC), "epoch seconds"
    assert said.ended_at is None
    assert (said.problem, said.cycle) == ("0.lsnwib31sglo", "0.lsnwib31sglo")
    assert said.content.labels["resource.zone"] == "europe-west1-b"
    assert said.content.labels["user.team"] == "core"
    assert said.content.labels["tier"] == "1"
    assert said.content.labels["documentation"] == "see runbook"
    assert said.content.links["console"].startswith("https://console.cloud.google.com/")


def test_the_project_names_the_customer_and_no_label_of_a_policy_stands_in_for_it() -> None:
    assert only(SOURCE, "firing").content.labels[SOURCE.route_label] == "acme"


def test_a_reminder_is_the_same_problem() -> None:
    first, second = only(SOURCE, "firing"), only(SOURCE, "repeat")
    assert (first.problem, first.cycle) == (second.problem, second.cycle)
    assert second.severity is Severity.HIGH


@pytest.mark.parametrize("name", ["resolved", "states-in-capitals"])
def test_a_closed_incident_ends_at_its_time(name: str) -> None:
    said = only(SOURCE, name)
    assert (said.kind, said.severity, said.problem) == (Kind.RESOLVED, None, "0.lsnwib31sglo")
    assert said.ended_at == datetime(2026, 11, 20, 10, 15, 50, tzinfo=UTC)


def test_the_trial_is_a_test_whatever_it_says() -> None:
    said = only(SOURCE, "test")
    assert (said.kind, said.note, said.started_at, said.ended_at) == (Kind.NOTED, "test", None, None)
    assert said.content.labels["documentation"] == "Test documentation"


@pytest.mark.parametrize(
    ("word", "severity"),
    [
        ("Critical", Severity.CRITICAL),
        ("Error", Severity.HIGH),
        ("Warning", Severity.MEDIUM),
        ("No severity", None),
        (None, None),
    ],
)
def test_the_policys_level_is_the_severity(word: str | None, severity: Severity | None) -> None:
    document = load("gcp", "firing").document
    document["incident"]["severity"] = word
    ((_, said),) = SOURCE.parse(request(document)).occurrences
    assert said.severity is severity


def test_a_policy_without_a_level_may_have_a_label() -> None:
    assert only(SOURCE, "no-severity").severity is Severity.LOW


def test_a_pod_without_a_display_name_is_found_among_the_resources_labels() -> None:
    assert only(SOURCE, "pod").content.asset == "cart-7d9f-x2x"


def test_a_state_that_is_not_known_changes_nothing() -> None:
    document = load("gcp", "firing").document
    document["incident"]["state"] = "paused"
    ((_, said),) = SOURCE.parse(request(document)).occurrences
    assert (said.kind, said.note) == (Kind.NOTED, "information")


def test_without_an_incident_it_is_refused() -> None:
    with pytest.raises(Invalid, match="incident"):
        SOURCE.parse(load("gcp", "malformed").inbound())
