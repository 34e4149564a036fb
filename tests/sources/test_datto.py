"""Datto's two webhook bodies become occurrences of an alert, also when a message breaks the JSON around it."""

import json

import pytest

from alertwhisperer.domain.errors import Invalid
from alertwhisperer.domain.occurrence import Kind
from alertwhisperer.domain.severity import Severity
from alertwhisperer.sources.datto import BODY, SOURCE, decode
from tests.sources.stored import load, only, parsed, request


def test_a_raised_alert_is_read() -> None:
    said = only(SOURCE, "firing")
    assert said.kind is Kind.FIRING
    assert said.content.asset == "SRV-01"
    assert said.content.signature == "Disk Usage Monitor"
    assert said.content.message == "[Disk usage] C: is 95% full"
    assert said.content.labels["last_user"] == "EXAMPLE\\ada"
    assert said.content.links == {
        "console": "https://pinotage.rmm.datto.com/alert/2d5c1f6e-7a11-4c55-9b1e-0a0b0c0d0e0f"
    }
    assert said.severity is Severity.HIGH
    assert said.problem == said.cycle == "2d5c1f6e-7a11-4c55-9b1e-0a0b0c0d0e0f"


def test_the_body_for_resolved_alerts_ends_it() -> None:
    said = only(SOURCE, "resolved")
    assert said.kind is Kind.RESOLVED
    assert said.problem == only(SOURCE, "firing").problem


@pytest.mark.parametrize("name", ["test", "trial"])
def test_a_trial_is_a_test(name: str) -> None:
    said = only(SOURCE, name)
    assert (said.kind, said.note) == (Kind.NOTED, "test")


def test_our_body_sent_as_it_is_written_is_a_test() -> None:
    ((_, said),) = SOURCE.parse(request(json.loads(BODY))).occurrences
    assert (said.kind, said.note) == (Kind.NOTED, "test")


@pytest.mark.parametrize(
    ("word", "severity"),
    [
        ("Critical", Severity.CRITICAL),
        ("High", Severity.HIGH),
        ("Moderate", Severity.MEDIUM),
        ("Low", Severity.LOW),
        ("Information", Severity.INFO),
        ("[alert_priority]", None),
    ],
)
def test_priorities_are_severities(word: str, severity: Severity | None) -> None:
    event = load("datto", "firing").document | {"priority": word}
    ((_, said),) = SOURCE.parse(request(event)).occurrences
    assert said.severity is severity


@pytest.mark.parametrize("name", ["firing", "other-spelling"])
def test_the_site_is_a_label_to_route_by_under_either_name(name: str) -> None:
    assert SOURCE.route_label == "site"
    assert only(SOURCE, name).content.labels["site"] == "Example GmbH"


def test_without_a_uid_device_and_monitor_are_the_problem() -> None:
    said = only(SOURCE, "no-uid")
    assert said.kind is Kind.FIRING
    assert said.cycle is None
    ended = SOURCE.parse(request(load("datto", "no-uid").document | {"status": "RESOLVED", "message": "is over"}))
    assert ended.occurrences[0][1].problem == said.problem


def test_a_body_without_a_state_fires() -> None:
    event = load("datto", "firing").document
    del event["status"]
    assert SOURCE.parse(request(event)).occurrences[0][1].kind is Kind.FIRING


def test_a_state_that_is_no_word_of_ours_is_refused() -> None:
    with pytest.raises(Invalid, match="known word"):
        parsed(SOURCE, "unknown-status")


def test_a_message_with_quotes_and_backslashes_is_read_as_it_is() -> None:
    body = load("datto", "broken-json").body
    with pytest.raises(json.JSONDecodeError):
        json.loads(body)
    said = only(SOURCE, "broken-json")
    assert said.content.message == 'Path "C:\\Program Files\\App" is 95% full'
    assert said.problem == only(SOURCE, "firing").problem
    assert said.severity is Severity.HIGH


def test_a_message_cannot_pass_for_other_fields() -> None:
    said = only(SOURCE, "forging-message")
    assert said.kind is Kind.FIRING
    assert said.problem == only(SOURCE, "firing").problem
    assert "forged" in said.content.message


def test_a_whole_body_and_a_strange_one_are_left_to_the_ordinary_reading() -> None:
    assert decode(load("datto", "firing").body, {}) is None
    assert decode(b'{"message": "a" b", "alert_uid": broken', {}) is None
    assert decode(b"message=a&alert_uid=b", {}) is None


def test_what_is_pasted_into_a_link_is_only_what_a_link_may_hold() -> None:
    event = load("datto", "firing").document
    for odd in ({"platform": "evil.example.com/#"}, {"alert_uid": "a/../b"}, {"platform": "[platform]"}):
        assert SOURCE.parse(request(event | odd)).occurrences[0][1].content.links == {}


def test_the_trial_of_the_setup_page_is_a_test() -> None:
    body = SOURCE.setup.rpartition("-d '")[2].partition("'\n```")[0]
    ((_, said),) = SOURCE.parse(request(json.loads(body))).occurrences
    assert (said.kind, said.note) == (Kind.NOTED, "test")
