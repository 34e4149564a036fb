"""Dynatrace's problems keep their PID, whichever placeholders their template has."""

from datetime import UTC, datetime

import pytest

from alertwhisperer.domain.errors import Invalid
from alertwhisperer.domain.occurrence import Kind
from alertwhisperer.domain.severity import Severity
from alertwhisperer.sources.dynatrace import SOURCE
from tests.sources.stored import load, only, request

PID = "-4567890123456789012_1795169700000V2"


def test_a_problem_is_read() -> None:
    said = only(SOURCE, "firing")
    assert (said.kind, said.severity) == (Kind.FIRING, Severity.MEDIUM)
    assert (said.content.asset, said.content.signature, said.content.source) == (
        "app-05",
        "CPU saturation",
        "dynatrace",
    )
    assert said.content.message == "CPU saturation on Host app-05"
    assert (said.problem, said.cycle) == (PID, PID), "its number can come again"
    assert said.started_at == datetime(2026, 11, 20, 10, 15, 10, tzinfo=UTC)
    assert said.ended_at is None, "-1 means that it has not ended"
    assert said.content.labels["entity_id"] == "HOST-1A2B"
    assert said.content.labels["further_entities"] == "app-06"
    assert "console" in said.content.links


def test_tags_become_labels() -> None:
    labels = only(SOURCE, "firing").content.labels
    assert (labels["env"], labels["team"], labels["[AWS]Name"], labels["shop"]) == ("prod", "core", "app-05", "true")


def test_what_grows_stays_the_same_problem() -> None:
    first, second = only(SOURCE, "firing"), only(SOURCE, "repeat")
    assert (first.problem, first.cycle) == (second.problem, second.cycle)
    assert second.severity is Severity.CRITICAL


def test_the_end_has_its_time() -> None:
    said = only(SOURCE, "resolved")
    assert (said.kind, said.severity, said.problem) == (Kind.RESOLVED, None, PID)
    assert said.ended_at == datetime(2026, 11, 20, 10, 15, 50, tzinfo=UTC)


def test_a_merge_ends_the_problem_without_reading_as_a_recovery() -> None:
    said = only(SOURCE, "merged")
    assert (said.kind, said.problem) == (Kind.RESOLVED, PID)
    assert said.content.message == "merged into another problem: CPU saturation on Host app-05"
    assert said.content.labels["state"] == "MERGED"


@pytest.mark.parametrize(
    ("word", "severity"),
    [
        ("AVAILABILITY", Severity.CRITICAL),
        ("ERROR", Severity.HIGH),
        ("MONITORING_UNAVAILABLE", Severity.HIGH),
        ("PERFORMANCE", Severity.MEDIUM),
        ("RESOURCE_CONTENTION", Severity.MEDIUM),
        ("CUSTOM_ALERT", Severity.MEDIUM),
        ("INFO", Severity.INFO),
        ("{ProblemSeverity}", None),
    ],
)
def test_the_kind_of_problem_is_the_severity(word: str, severity: Severity | None) -> None:
    document = load("dynatrace", "firing").document | {"ProblemSeverity": word}
    ((_, said),) = SOURCE.parse(request(document)).occurrences
    assert said.severity is severity


def test_the_trial_is_a_test() -> None:
    said = only(SOURCE, "test")
    assert (said.kind, said.note) == (Kind.NOTED, "test")


def test_a_small_template_will_do() -> None:
    said = only(SOURCE, "small-template")
    assert (said.content.asset, said.problem) == ("app-05", PID)
    assert said.started_at == datetime(2026, 11, 20, 10, 15, tzinfo=UTC), "the opening is part of the PID"


def test_entities_may_come_as_a_text() -> None:
    assert only(SOURCE, "entities-as-text").content == only(SOURCE, "firing").content


def test_placeholders_that_were_not_filled_in_are_absent() -> None:
    said = only(SOURCE, "unexpanded")
    assert said.content.asset == "CPU saturation"
    assert not any("{" in text for text in said.content.labels.values())


def test_without_a_pid_number_and_title_are_the_problem() -> None:
    document = load("dynatrace", "firing").document
    del document["PID"]
    ((_, fired),) = SOURCE.parse(request(document)).occurrences
    ((_, ended),) = SOURCE.parse(request(document | {"State": "RESOLVED"})).occurrences
    assert fired.problem == ended.problem
    assert fired.cycle is None


def test_a_state_that_is_not_known_changes_nothing() -> None:
    document = load("dynatrace", "firing").document | {"State": "{State}"}
    ((_, said),) = SOURCE.parse(request(document)).occurrences
    assert (said.kind, said.note) == (Kind.NOTED, "information")


def test_a_template_without_the_problem_is_refused() -> None:
    with pytest.raises(Invalid, match="PID"):
        SOURCE.parse(load("dynatrace", "malformed").inbound())
