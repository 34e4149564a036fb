"""New Relic's issues and the legacy channel's incidents keep one id from their opening to their end."""

from datetime import UTC, datetime

import pytest

from alertwhisperer.domain.errors import Invalid
from alertwhisperer.domain.occurrence import Kind
from alertwhisperer.domain.severity import Severity
from alertwhisperer.sources.newrelic import SOURCE
from tests.sources.stored import load, only, request


def test_an_issue_is_read() -> None:
    said = only(SOURCE, "firing")
    assert (said.kind, said.severity) == (Kind.FIRING, Severity.CRITICAL)
    assert (said.content.asset, said.content.signature, said.content.source) == ("app-01", "High CPU", "newrelic")
    assert said.content.message.startswith("app-01 query result")
    assert said.started_at == datetime(2026, 11, 20, 10, 15, 30, 123_000, tzinfo=UTC)
    assert said.content.labels["entities"] == "app-01, app-02"
    assert said.content.labels["details"] == "CPU of the shop's hosts"
    assert said.content.links["runbook"] == "https://runbooks.example.com/cpu"


def test_the_account_names_the_customer() -> None:
    assert only(SOURCE, "firing").content.labels[SOURCE.route_label] == "4711"
    assert only(SOURCE, "legacy-firing").content.labels[SOURCE.route_label] == "4711"


def test_what_joins_an_issue_does_not_change_it() -> None:
    first, second = only(SOURCE, "firing"), only(SOURCE, "repeat")
    assert (first.problem, first.cycle) == (second.problem, second.cycle)
    assert first.problem == "c5faa7e6-0000-4000-8000-000000000001"


@pytest.mark.parametrize("name", ["resolved", "default-resolved"])
def test_a_closed_issue_ends_when_it_was_closed_or_last_changed(name: str) -> None:
    said = only(SOURCE, name)
    assert (said.kind, said.severity) == (Kind.RESOLVED, None)
    assert said.ended_at == datetime(2026, 11, 20, 10, 15, 50, tzinfo=UTC)
    assert said.problem == only(SOURCE, "default-template").problem


@pytest.mark.parametrize(
    ("state", "kind", "note"),
    [
        ("CREATED", Kind.FIRING, ""),
        ("ACTIVATED", Kind.FIRING, ""),
        ("ACKNOWLEDGED", Kind.NOTED, "operator_update"),
        ("DEACTIVATED", Kind.RESOLVED, ""),
        ("RESOLVED", Kind.RESOLVED, ""),
        ("CLOSED", Kind.RESOLVED, ""),
        ("ELSE", Kind.NOTED, "information"),
    ],
)
def test_every_state_is_known(state: str, kind: Kind, note: str) -> None:
    document = load("newrelic", "firing").document | {"state": state}
    ((_, said),) = SOURCE.parse(request(document)).occurrences
    assert (said.kind, said.note) == (kind, note)


@pytest.mark.parametrize(
    ("word", "severity"),
    [
        ("CRITICAL", Severity.CRITICAL),
        ("HIGH", Severity.HIGH),
        ("MEDIUM", Severity.MEDIUM),
        ("LOW", Severity.LOW),
        ("else", None),
        (None, None),
    ],
)
def test_the_priority_is_the_severity(word: str | None, severity: Severity | None) -> None:
    document = load("newrelic", "firing").document | {"priority": word}
    ((_, said),) = SOURCE.parse(request(document)).occurrences
    assert said.severity is severity


def test_an_issue_without_entities_and_conditions_is_known_by_its_title() -> None:
    said = only(SOURCE, "no-entities")
    assert said.content.asset == said.content.signature == said.content.message


@pytest.mark.parametrize("name", ["test", "legacy-test", "legacy-test-open"])
def test_a_trial_is_a_test(name: str) -> None:
    said = only(SOURCE, name)
    assert (said.kind, said.note) == (Kind.NOTED, "test")


def test_a_legacy_incident_is_read() -> None:
    said = only(SOURCE, "legacy-firing")
    assert (said.kind, said.severity) == (Kind.FIRING, Severity.CRITICAL)
    assert (said.content.asset, said.content.signature) == ("app-01", "High CPU")
    assert (said.problem, said.cycle) == ("123456", "123456")
    assert said.content.labels["env"] == "prod"
    assert said.content.links == {
        "console": "https://alerts.example.com/incidents/123456",
        "runbook": "https://runbooks.example.com/cpu",
    }


def test_a_legacy_incident_ends_and_can_be_acknowledged() -> None:
    ended, noted = only(SOURCE, "legacy-resolved"), only(SOURCE, "legacy-acknowledged")
    assert (ended.kind, ended.severity, ended.problem) == (Kind.RESOLVED, None, "123456")
    assert ended.ended_at == datetime(2026, 11, 20, 10, 15, 50, tzinfo=UTC)
    assert (noted.kind, noted.note) == (Kind.NOTED, "operator_update")


def test_a_template_without_a_state_is_refused() -> None:
    with pytest.raises(Invalid, match="state"):
        SOURCE.parse(load("newrelic", "malformed").inbound())
