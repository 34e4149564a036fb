"""Splunk's fixed webhook body becomes an occurrence of the saved search and the row's host."""

from datetime import UTC, datetime

import pytest

from alertwhisperer.domain.occurrence import Kind
from alertwhisperer.domain.severity import Severity
from alertwhisperer.sources.splunk import SOURCE
from tests.sources.stored import only, request


def test_a_triggered_search_is_read() -> None:
    said = only(SOURCE, "firing")
    assert said.kind is Kind.FIRING
    assert said.content.asset == "auth-01"
    assert said.content.signature == "Failed logins"
    assert said.content.message == "Failed logins: host=auth-01 count=57 severity=high"
    assert said.content.links["console"].startswith("https://splunk.example.com/app/search/@go?sid=scheduler")
    assert said.severity is Severity.HIGH
    assert said.started_at == datetime(2026, 11, 20, 10, 15, tzinfo=UTC), "the run's time is in the search id"


def test_labels_hold_the_row_without_its_empty_and_doubled_fields() -> None:
    labels = only(SOURCE, "firing").content.labels
    assert labels["count"] == "57"
    assert labels["app"] == "search"
    assert "user" not in labels
    assert "__mv_host" not in labels


def test_the_search_id_is_never_identity() -> None:
    first, second = only(SOURCE, "firing"), only(SOURCE, "repeat")
    assert first.content.labels["sid"] != second.content.labels["sid"]
    assert first.problem == second.problem
    assert first.cycle is second.cycle is None


def test_a_row_can_say_that_it_is_over() -> None:
    said = only(SOURCE, "resolved")
    assert said.kind is Kind.RESOLVED
    assert said.severity is None
    assert said.ended_at == datetime(2026, 11, 20, 10, 15, 50, tzinfo=UTC)


def test_the_trial_is_a_test() -> None:
    said = only(SOURCE, "test")
    assert (said.kind, said.note) == (Kind.NOTED, "test")


def test_the_status_of_a_row_is_not_the_alerts() -> None:
    said = only(SOURCE, "own-time")
    assert said.kind is Kind.FIRING
    assert said.content.labels["status"] == "failure"


def test_the_row_may_name_the_alert_its_time_and_its_message() -> None:
    said = only(SOURCE, "own-time")
    assert said.content.signature == "Disk full on /var"
    assert said.content.asset == "auth-01"
    assert said.content.message == "97% of /var is used"
    assert said.started_at == datetime(2026, 11, 20, 10, 13, 20, 250_000, tzinfo=UTC)


def test_a_search_without_a_name_is_named_by_its_row() -> None:
    said = only(SOURCE, "no-search-name")
    assert (said.content.asset, said.content.signature) == ("db-01", "Disk errors")
    assert said.severity is Severity.CRITICAL


def test_of_many_values_the_first_counts() -> None:
    said = only(SOURCE, "multi-valued")
    assert said.content.asset == "auth-01"
    assert said.severity is Severity.CRITICAL
    assert said.content.labels["user.1"] == "bob"


def test_a_row_without_a_host_is_about_the_search() -> None:
    assert only(SOURCE, "real-time").content.asset == "Failed logins"
    assert only(SOURCE, "real-time").severity is Severity.MEDIUM
    assert only(SOURCE, "empty-row").content.message == "Failed logins"


@pytest.mark.parametrize(
    ("sid", "second"),
    [
        ("scheduler__admin__search__RMD5abc_at_1795169700_132", 0),
        ("rt_scheduler__admin__search__RMD5abc_at_1795169700_132.2", 0),
        ("scheduler_admin_search_W2_at_1795169701_132", 1),
        ("1795169702.45", 2),
        ("rt_1795169703.45", 3),
        ("search_at_17951697", None),
        ("no time at all", None),
    ],
)
def test_the_run_is_dated_by_each_kind_of_search_id(sid: str, second: int | None) -> None:
    ((_, said),) = SOURCE.parse(request({"sid": sid, "search_name": "x", "result": {}})).occurrences
    assert said.started_at == (None if second is None else datetime(2026, 11, 20, 10, 15, second, tzinfo=UTC))


def test_an_unknown_severity_stays_readable() -> None:
    row = {"host": "a", "severity": "7"}
    ((_, said),) = SOURCE.parse(request({"sid": "1", "search_name": "x", "result": row})).occurrences
    assert said.severity is None
    assert said.content.labels["severity"] == "7"
