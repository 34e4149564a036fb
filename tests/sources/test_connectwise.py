"""What our Automate script posts becomes occurrences of a monitor on a client's computer."""

import json
from datetime import UTC, datetime

import pytest

from alertwhisperer.domain.errors import Invalid
from alertwhisperer.domain.occurrence import Kind
from alertwhisperer.domain.severity import Severity
from alertwhisperer.sources.connectwise import SOURCE, STEP, VALUES
from tests.sources.stored import load, only, parsed, request


def test_a_failed_monitor_is_read() -> None:
    said = only(SOURCE, "firing")
    assert said.kind is Kind.FIRING
    assert said.content.asset == "SRV-01"
    assert said.content.signature == "Disk space"
    assert said.content.message == "Disk space C:: 4% free"
    assert said.content.labels["location"] == "Main office"
    assert said.severity is Severity.HIGH
    assert said.started_at == datetime(2026, 11, 20, 10, 15, 30, tzinfo=UTC)


def test_a_success_ends_it() -> None:
    said = only(SOURCE, "resolved")
    assert said.kind is Kind.RESOLVED
    assert said.problem == only(SOURCE, "firing").problem
    assert said.ended_at == datetime(2026, 11, 20, 10, 15, 50, tzinfo=UTC)


def test_a_script_run_by_hand_is_a_test() -> None:
    said = only(SOURCE, "test")
    assert (said.kind, said.note) == (Kind.NOTED, "test")


def test_an_alert_whose_status_was_not_filled_in_fires() -> None:
    said = only(SOURCE, "unfilled")
    assert said.kind is Kind.FIRING
    assert said.content.signature == "C:", "the field, for want of a monitor's name"
    assert "client" not in said.content.labels


@pytest.mark.parametrize("name", ["other-drive", "other-client"])
def test_client_and_field_belong_to_the_identity(name: str) -> None:
    assert only(SOURCE, name).problem != only(SOURCE, "firing").problem


def test_results_and_case_do_not_belong_to_the_identity() -> None:
    event = load("connectwise", "firing").document | {"client": "EXAMPLE GMBH", "computer": "srv-01", "result": "x"}
    assert SOURCE.parse(request(event)).occurrences[0][1].problem == only(SOURCE, "firing").problem


@pytest.mark.parametrize(
    ("word", "severity"),
    [
        ("4", Severity.CRITICAL),
        (3, Severity.HIGH),
        ("2", Severity.MEDIUM),
        ("1", Severity.INFO),
        ("5", None),
        ("Error", Severity.HIGH),
        ("Warning", Severity.MEDIUM),
        (None, None),
    ],
)
def test_numbers_and_words_say_the_severity(word: object, severity: Severity | None) -> None:
    event = load("connectwise", "firing").document | {"severity": word}
    assert SOURCE.parse(request(event)).occurrences[0][1].severity is severity


def test_the_customer_is_a_label_to_route_by() -> None:
    assert SOURCE.route_label == "client"
    assert only(SOURCE, "firing").content.labels["client"] == "Example GmbH"


def test_a_state_that_is_no_word_of_ours_is_refused() -> None:
    with pytest.raises(Invalid, match="known word"):
        parsed(SOURCE, "unknown-status")


def test_a_form_says_the_same_as_json() -> None:
    assert only(SOURCE, "form") == only(SOURCE, "firing")


def test_a_time_in_automates_own_form_is_left_out() -> None:
    event = load("connectwise", "firing").document | {"time": "11/20/2026 10:15:30 AM"}
    assert SOURCE.parse(request(event)).occurrences[0][1].started_at is None


def test_the_script_holds_no_value_that_automate_would_paste_into_it() -> None:
    names = {line.partition("=")[2].strip("@%").lower() for line in VALUES.splitlines()}
    for name in names - {"3"}:
        assert f"@{name}@" not in STEP.lower()
        assert f"%{name}%" not in STEP.lower()
    for line in VALUES.splitlines():
        assert line in SOURCE.setup


def test_the_trial_of_the_setup_page_is_a_test() -> None:
    body = SOURCE.setup.rpartition("-d '")[2].partition("'\n```")[0]
    ((_, said),) = SOURCE.parse(request(json.loads(body))).occurrences
    assert (said.kind, said.note) == (Kind.NOTED, "test")
