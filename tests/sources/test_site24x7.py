"""Site24x7's incident parameters become occurrences."""

from datetime import UTC, datetime

import pytest

from alertwhisperer.domain.occurrence import Kind
from alertwhisperer.domain.severity import Severity
from alertwhisperer.sources.site24x7 import SOURCE
from tests.sources.stored import only


def test_a_monitor_that_is_down_is_read() -> None:
    said = only(SOURCE, "firing")
    assert said.kind is Kind.FIRING
    assert (said.content.asset, said.content.signature) == ("Shop", "URL: Shop")
    assert said.content.message == "Service Unavailable."
    assert said.content.links["site"] == "https://shop.example.com/health"
    assert said.content.labels["FAILED_LOCATIONS"] == "Stockholm, Paris"
    assert (said.severity, said.problem, said.cycle) == (Severity.CRITICAL, "123412341234", None)
    assert said.started_at == datetime(2026, 11, 20, 10, 15, 30, tzinfo=UTC)


def test_the_customer_is_the_label_to_route_by() -> None:
    assert only(SOURCE, "firing").content.labels[SOURCE.route_label] == "Acme GmbH"
    assert SOURCE.route_label not in only(SOURCE, "server").content.labels, "a parameter that was not filled in"


def test_the_monitor_is_the_problem_whatever_its_status_and_name() -> None:
    assert only(SOURCE, "repeat").problem == only(SOURCE, "firing").problem
    assert only(SOURCE, "server").problem != only(SOURCE, "firing").problem


def test_up_resolves_and_says_when() -> None:
    said = only(SOURCE, "resolved")
    assert (said.kind, said.severity, said.started_at) == (Kind.RESOLVED, None, None)
    assert said.ended_at == datetime(2026, 11, 20, 10, 15, 59, tzinfo=UTC)


@pytest.mark.parametrize(
    ("name", "severity"),
    [
        ("firing", Severity.CRITICAL),
        ("critical", Severity.HIGH),
        ("trouble", Severity.MEDIUM),
        ("new-word", None),
    ],
)
def test_the_status_is_the_severity_and_a_new_word_still_fires(name: str, severity: Severity | None) -> None:
    said = only(SOURCE, name)
    assert (said.kind, said.severity) == (Kind.FIRING, severity)


@pytest.mark.parametrize(
    ("name", "note"),
    [("test", "test"), ("malformed", "test"), ("maintenance", "maintenance"), ("suspended", "suspended")],
)
def test_what_is_no_outage_is_only_noted(name: str, note: str) -> None:
    said = only(SOURCE, name)
    assert (said.kind, said.note) == (Kind.NOTED, note)


def test_a_form_says_the_same() -> None:
    said, other = only(SOURCE, "form"), only(SOURCE, "firing")
    assert (said.problem, said.severity, said.started_at) == (other.problem, other.severity, other.started_at)
