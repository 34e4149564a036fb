"""Pingdom's state changes become occurrences."""

from datetime import UTC, datetime

import pytest

from alertwhisperer.domain.occurrence import Kind
from alertwhisperer.domain.severity import Severity
from alertwhisperer.sources.pingdom import SOURCE
from tests.sources.stored import only


def test_a_check_that_is_down_is_read() -> None:
    said = only(SOURCE, "firing")
    assert said.kind is Kind.FIRING
    assert (said.content.asset, said.content.signature) == ("shop.example.com", "Shop")
    assert said.content.message == "Connection refused by the server"
    assert said.content.links == {"site": "https://shop.example.com/"}
    assert said.content.labels["tags"] == "prod,web"
    assert said.content.labels["first_probe.location"] == "Stockholm, Sweden"
    assert (said.severity, said.problem, said.cycle) == (Severity.CRITICAL, "12345", None)
    assert said.started_at == datetime(2026, 11, 20, 10, 15, 30, tzinfo=UTC)


def test_what_a_check_logs_in_with_is_no_label() -> None:
    assert not any("c2VjcmV0" in text for text in only(SOURCE, "firing").content.labels.values())


def test_the_check_is_the_problem_whatever_it_is_called() -> None:
    assert only(SOURCE, "repeat").problem == only(SOURCE, "firing").problem
    assert only(SOURCE, "transaction").problem != only(SOURCE, "firing").problem


def test_up_resolves_and_says_when() -> None:
    said = only(SOURCE, "resolved")
    assert (said.kind, said.severity, said.started_at) == (Kind.RESOLVED, None, None)
    assert said.ended_at == datetime(2026, 11, 20, 10, 15, 59, tzinfo=UTC)


@pytest.mark.parametrize(
    ("name", "severity"),
    [("firing", Severity.CRITICAL), ("low", Severity.MEDIUM), ("no-importance", Severity.HIGH)],
)
def test_the_importance_is_the_severity(name: str, severity: Severity) -> None:
    assert only(SOURCE, name).severity is severity


def test_without_an_epoch_the_written_time_counts() -> None:
    assert only(SOURCE, "no-importance").started_at == only(SOURCE, "firing").started_at


def test_a_transaction_fails_and_works_again() -> None:
    fired, ended = only(SOURCE, "transaction"), only(SOURCE, "transaction-resolved")
    assert (fired.kind, ended.kind) == (Kind.FIRING, Kind.RESOLVED)
    assert fired.content.asset == "shop.example.com"
    assert fired.problem == ended.problem


@pytest.mark.parametrize(("name", "note"), [("test", "test"), ("malformed", "test"), ("other-state", "other_state")])
def test_what_is_no_known_state_changes_nothing(name: str, note: str) -> None:
    said = only(SOURCE, name)
    assert (said.kind, said.note) == (Kind.NOTED, note)
