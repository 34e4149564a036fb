"""Kibana's rules, through the body of our setup page, become occurrences of a rule and its alert."""

import json
import re
from datetime import UTC, datetime

import pytest

from alertwhisperer.domain.occurrence import Kind
from alertwhisperer.domain.severity import Severity
from alertwhisperer.sources.kibana import BODY, SOURCE
from tests.sources.stored import load, only, request


def test_an_alert_of_a_group_is_read() -> None:
    said = only(SOURCE, "firing")
    assert said.kind is Kind.FIRING
    assert said.content.asset == "host-a"
    assert said.content.signature == "CPU"
    assert said.content.message == "CPU is 97% in the last 5 min for host-a. Alert when above 90%."
    assert said.content.labels["team"] == "core"
    assert said.content.labels["tag.prod"] == "true"
    assert said.content.links["console"] == "https://kb.example.com/app/observability/alerts/0b1c2d3e"
    assert said.severity is None, "an action group that only says that it fires is no severity"
    assert said.cycle == "0b1c2d3e-0000-4000-8000-1234567890ab"
    assert said.started_at == datetime(2026, 11, 20, 10, 15, 30, 123_000, tzinfo=UTC)


def test_a_recovery_without_context_ends_the_same_problem() -> None:
    fired, ended = only(SOURCE, "firing"), only(SOURCE, "resolved")
    assert ended.kind is Kind.RESOLVED
    assert (ended.problem, ended.cycle) == (fired.problem, fired.cycle)
    assert ended.content.asset == fired.content.asset, "from the alert's id"
    assert ended.ended_at == datetime(2026, 11, 20, 10, 15, 55, tzinfo=UTC)


def test_the_connectors_trial_is_a_test() -> None:
    said = only(SOURCE, "test")
    assert (said.kind, said.note) == (Kind.NOTED, "test")


def test_our_body_sent_as_it_is_written_is_a_test() -> None:
    ((_, said),) = SOURCE.parse(request(json.loads(BODY))).occurrences
    assert (said.kind, said.note) == (Kind.NOTED, "test")


@pytest.mark.parametrize(
    ("name", "severity"),
    [
        ("warning", Severity.MEDIUM),
        ("tagged", Severity.CRITICAL),
        ("tag-list", Severity.LOW),
        ("own-severity", Severity.LOW),
        ("security", Severity.HIGH),
        ("risk-score", Severity.LOW),
        ("watcher", Severity.HIGH),
    ],
)
def test_severity_is_the_actions_the_groups_a_tags_or_the_risks(name: str, severity: Severity) -> None:
    assert only(SOURCE, name).severity is severity


@pytest.mark.parametrize(
    ("score", "severity"),
    [
        ("99", Severity.CRITICAL),
        ("74", Severity.CRITICAL),
        ("73.5", Severity.HIGH),
        ("48", Severity.HIGH),
        ("22", Severity.MEDIUM),
        ("21", Severity.LOW),
        ("nan", None),
        ("-1", None),
        ("much", None),
    ],
)
def test_a_risk_score_falls_into_its_band(score: str, severity: Severity | None) -> None:
    said = SOURCE.parse(request({"rule_id": "r", "risk_score": score})).occurrences[0][1]
    assert said.severity is severity


def test_groups_are_different_problems_and_values_are_not() -> None:
    assert only(SOURCE, "firing").problem != only(SOURCE, "other-group").problem
    assert only(SOURCE, "firing").problem == only(SOURCE, "warning").problem == only(SOURCE, "repeat").problem


def test_an_old_version_has_no_cycle_and_the_same_problem() -> None:
    said = only(SOURCE, "old-version")
    assert said.cycle is None
    assert said.problem == only(SOURCE, "firing").problem


@pytest.mark.parametrize(
    ("name", "asset"),
    [
        ("no-groups", "Errors in logs"),
        ("security", "Unusual login"),
        ("printed-object", "host-a"),
        ("watcher", "es-01"),
    ],
)
def test_what_names_nobody_is_no_asset(name: str, asset: str) -> None:
    assert only(SOURCE, name).content.asset == asset


def test_every_field_of_our_body_is_a_template_of_its_own() -> None:
    fields = json.loads(BODY)
    assert all(re.fullmatch(r"\{\{[\w.]+\}\}", text) for text in fields.values())
    assert load("kibana", "firing").document.keys() - fields.keys() == set()
