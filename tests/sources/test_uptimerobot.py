"""UptimeRobot's variables become occurrences, wherever it puts them."""

from datetime import UTC, datetime

import pytest

from alertwhisperer.domain.occurrence import Kind
from alertwhisperer.domain.severity import Severity
from alertwhisperer.sources.uptimerobot import SOURCE
from tests.sources.stored import only


def test_a_monitor_that_is_down_is_read() -> None:
    said = only(SOURCE, "firing")
    assert said.kind is Kind.FIRING
    assert (said.content.asset, said.content.signature) == ("shop.example.com", "Shop")
    assert said.content.message == "HTTP 503 - Service Unavailable"
    assert said.content.links == {"site": "https://shop.example.com/health"}
    assert (said.severity, said.problem, said.cycle) == (Severity.CRITICAL, "777712345", None)
    assert said.started_at == datetime(2026, 11, 20, 10, 15, 30, tzinfo=UTC)


def test_a_variable_without_a_value_is_absent() -> None:
    assert "alertFriendlyDuration" not in only(SOURCE, "firing").content.labels


def test_up_resolves_and_counts_back_to_the_beginning() -> None:
    said = only(SOURCE, "resolved")
    assert (said.kind, said.severity, said.problem) == (Kind.RESOLVED, None, "777712345")
    assert said.ended_at == datetime(2026, 11, 20, 10, 15, 59, tzinfo=UTC)
    assert said.started_at == only(SOURCE, "firing").started_at


@pytest.mark.parametrize("name", ["form", "json"])
def test_every_way_of_sending_says_the_same(name: str) -> None:
    assert only(SOURCE, name) == only(SOURCE, "firing")


@pytest.mark.parametrize(
    ("name", "signature"), [("certificate", "Shop: SSL expiry"), ("domain", "Shop: Domain expiry")]
)
def test_a_notice_is_a_problem_of_its_own(name: str, signature: str) -> None:
    said = only(SOURCE, name)
    assert (said.kind, said.severity, said.content.signature) == (Kind.FIRING, Severity.MEDIUM, signature)
    assert said.problem != only(SOURCE, "resolved").problem


def test_the_word_counts_where_the_number_is_missing() -> None:
    assert only(SOURCE, "word-only").kind is Kind.RESOLVED


@pytest.mark.parametrize(
    ("name", "note"), [("test", "test"), ("malformed", "test"), ("started", "started"), ("paused", "paused")]
)
def test_what_is_no_outage_is_only_noted(name: str, note: str) -> None:
    said = only(SOURCE, name)
    assert (said.kind, said.note) == (Kind.NOTED, note)
