"""PagerDuty's events: both versions, changes, keys that we make, and answers that its senders know."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from alertwhisperer.domain.errors import Invalid
from alertwhisperer.domain.occurrence import Kind, Occurrence
from alertwhisperer.domain.severity import Severity
from alertwhisperer.sources.contract import Denied, Inbound, Parsed, Told
from alertwhisperer.sources.pagerduty import SOURCE
from tests.sources.stored import load, only, request

ANY_ID = "0193fbd2-0000-7000-8000-000000000001"


def fired(payload: dict[str, Any], **others: Any) -> Occurrence:
    """A trigger's occurrence; summary and source are there unless given."""
    said = {"summary": "it fails", "source": "web-01", **payload}
    event = {"routing_key": "***", "event_action": "trigger", "dedup_key": "k", "payload": said, **others}
    ((_, occurrence),) = SOURCE.parse(request(event, tail="v2/enqueue")).occurrences
    return occurrence


def answered(inbound: Inbound) -> tuple[int, Any]:
    """Status and body of what is answered after it was stored."""
    assert SOURCE.reply is not None
    parsed: Parsed | None
    try:
        parsed, problem = SOURCE.parse(inbound), ""
    except Invalid as wrong:
        parsed, problem = None, wrong.what
    reply = SOURCE.reply(inbound, Told(ANY_ID, 1, False, parsed, problem))
    return reply.status, json.loads(reply.body)


def test_a_trigger_is_mapped() -> None:
    said = only(SOURCE, "firing")
    assert said.kind is Kind.FIRING
    assert said.content.asset == "web-01"
    assert said.content.signature == "http"
    assert said.content.message == "HTTP check on web-01 answered 503 three times"
    assert said.content.source == "pagerduty"
    assert said.severity is Severity.CRITICAL
    assert said.problem == "web-01/http"
    assert said.started_at == datetime(2026, 11, 20, 10, 15, 30, 123000, tzinfo=UTC)
    assert said.content.labels == {
        "component": "nginx",
        "group": "shop",
        "class": "http",
        "client": "Example Monitor",
        "code": "503",
        "region.name": "eu-west",
    }
    assert said.content.links == {
        "console": "https://monitor.example.com/",
        "graph": "https://monitor.example.com/graphs/1",
        "last hour": "https://monitor.example.com/graphs/1.png",
    }


def test_a_resolve_without_a_payload_ends_the_problem() -> None:
    said = only(SOURCE, "resolved")
    assert (said.kind, said.problem, said.severity) == (Kind.RESOLVED, "web-01/http", None)
    assert said.started_at is None
    assert said.ended_at is None


def test_a_resolve_is_not_dated_by_its_payload_which_may_be_its_triggers() -> None:
    sample = load("pagerduty", "firing")
    body = {**sample.document, "event_action": "resolve"}
    ((_, said),) = SOURCE.parse(sample.of(body, b"")).occurrences
    assert said.kind is Kind.RESOLVED
    assert said.ended_at is None


def test_an_acknowledgement_changes_nothing() -> None:
    said = only(SOURCE, "acknowledge")
    assert (said.kind, said.note, said.problem) == (Kind.NOTED, "operator_update", "web-01/http")


def test_a_change_is_noted() -> None:
    said = only(SOURCE, "change")
    assert (said.kind, said.note, said.severity) == (Kind.NOTED, "change", None)
    assert said.content.asset == "ci.example.com"
    assert said.content.message == "shop 4.2.0 rolled out"
    assert said.content.links == {"link 1": "https://ci.example.com/builds/1812"}


def test_a_trial_is_noted() -> None:
    said = only(SOURCE, "test")
    assert (said.kind, said.note) == (Kind.NOTED, "test")


@pytest.mark.parametrize(
    ("word", "severity"),
    [
        ("critical", Severity.CRITICAL),
        ("error", Severity.HIGH),
        ("warning", Severity.MEDIUM),
        ("info", Severity.INFO),
        ("CRITICAL", Severity.CRITICAL),
        ("sev2", Severity.HIGH),
        ("purple", None),
        (7, None),
        (None, None),
    ],
)
def test_severities(word: Any, severity: Severity | None) -> None:
    assert fired({"severity": word}).severity is severity


def test_a_severity_that_is_unknown_is_kept_as_a_label() -> None:
    assert fired({"severity": "purple"}).content.labels["severity"] == "purple"


@pytest.mark.parametrize("name", ["resolve-without-key", "no-summary", "malformed"])
def test_what_lacks_its_meaning_is_refused_in_pagerdutys_words(name: str) -> None:
    status, body = answered(load("pagerduty", name).inbound())
    assert status == 400
    assert body["status"] == "invalid event"
    assert body["message"] == "Event object is invalid"
    assert len(body["errors"]) == 1


def test_a_list_of_events_is_refused() -> None:
    assert answered(request([load("pagerduty", "firing").document], tail="v2/enqueue"))[0] == 400


# ------------------------------------------------------------------------------------------------ identity and keys


def test_nothing_but_the_key_is_identity() -> None:
    first = only(SOURCE, "firing")
    said = fired({"summary": "other", "source": "db-09", "severity": "info", "class": "c"}, dedup_key="web-01/http")
    assert said.problem == first.problem
    assert fired({}, dedup_key="web-02/http").problem != first.problem


def test_a_key_that_reads_like_nothing_is_still_a_key() -> None:
    said = only(SOURCE, "odd-key")
    assert said.problem == "unknown"
    assert said.severity is Severity.CRITICAL
    assert (said.content.asset, said.content.signature) == ("pagerduty", "fan failed")


@pytest.mark.parametrize("key", ["x" * 300, "größe\n01", "a\ud800b", 4711])
def test_a_trigger_and_its_resolve_meet_whatever_the_key(key: Any) -> None:
    fires = fired({}, dedup_key=key)
    event = {"routing_key": "***", "event_action": "resolve", "dedup_key": key}
    ((_, ends),) = SOURCE.parse(request(event, b"", tail="v2/enqueue")).occurrences
    assert fires.problem == ends.problem
    assert answered(request(event, b"", tail="v2/enqueue"))[0] == 202


def test_the_key_that_a_trigger_without_one_is_answered_with_resolves_it() -> None:
    sample = load("pagerduty", "no-key")
    status, body = answered(sample.inbound())
    assert (status, body["status"], body["message"]) == (202, "success", "Event processed")
    ends = {"routing_key": "***", "event_action": "resolve", "dedup_key": body["dedup_key"]}
    ((_, said),) = SOURCE.parse(request(ends, tail="v2/enqueue")).occurrences
    assert said.problem == only(SOURCE, "no-key").problem


@pytest.mark.parametrize(
    ("changed", "is_same"),
    [
        ({}, True),
        ({"severity": "info", "timestamp": "2026-11-20T10:00:00Z", "custom_details": {"try": 2}}, True),
        ({"source": "db-02"}, False),
        ({"summary": "backup failed"}, False),
        ({"component": "postgres"}, False),
    ],
)
def test_a_made_key_is_one_of_the_content(changed: dict[str, Any], is_same: bool) -> None:
    assert (fired(changed, dedup_key=" ").problem == fired({}, dedup_key=None).problem) is is_same


# ------------------------------------------------------------------------------------------------ who is unwell


def test_alertmanagers_host_and_rule_come_out_of_its_text() -> None:
    said = only(SOURCE, "alertmanager")
    assert (said.content.asset, said.content.signature) == ("shop-01.example.org", "ApplicationDown")


@pytest.mark.parametrize("wrap", [list, json.dumps], ids=["as JSON", "as JSON in a text"])
def test_a_newer_alertmanagers_host_and_rule_come_out_of_its_list(wrap: Callable[[list[Any]], Any]) -> None:
    alerts = [{"status": "firing", "labels": {"alertname": "ApplicationDown", "instance": "shop-01:9100"}}]
    details = {"firing": wrap(alerts), "num_firing": "1"}
    said = fired({"source": "AlertManager", "custom_details": details}, client="AlertManager")
    assert (said.content.asset, said.content.signature) == ("shop-01", "ApplicationDown")


@pytest.mark.parametrize("listed", ["[", "[1, null]", [None, {"labels": 7}], "Labels:\n", {}, 5])
def test_a_list_of_alerts_that_says_nothing_is_no_list(listed: Any) -> None:
    said = fired({"source": "AlertManager", "custom_details": {"firing": listed}}, client="AlertManager")
    assert said.content.asset == "AlertManager"


def test_a_group_of_hosts_is_named_by_its_sender() -> None:
    said = only(SOURCE, "alertmanager-group")
    assert (said.content.asset, said.content.signature) == ("AlertManager", "ApplicationDown")


def test_a_source_of_name_and_address_is_the_name() -> None:
    said = only(SOURCE, "zabbix-source")
    assert said.content.asset == "db-01"
    assert said.content.signature == "Free disk space is low on *"


@pytest.mark.parametrize(
    ("payload", "others", "asset"),
    [
        ({"source": "web-01:9100"}, {}, "web-01"),
        ({"source": None, "custom_details": {"Host Name": "db-01"}}, {}, "db-01"),
        ({"source": "mon", "custom_details": {"host": "db-01"}}, {"client": "mon"}, "db-01"),
        ({"source": "mon", "custom_details": "free text"}, {"client": "mon"}, "mon"),
        (
            {"source": "https://m.example.com", "custom_details": {"node": "n-7"}},
            {"client_url": "https://m.example.com"},
            "n-7",
        ),
        ({"source": "unknown", "component": "nginx"}, {}, "nginx"),
        ({"source": ""}, {}, "k"),
    ],
)
def test_the_asset_is_the_source_unless_that_is_the_tool(
    payload: dict[str, Any], others: dict[str, Any], asset: str
) -> None:
    assert fired(payload, **others).content.asset == asset


@pytest.mark.parametrize(
    ("payload", "signature"),
    [
        ({"class": "http", "component": "nginx"}, "http"),
        ({"component": "nginx", "custom_details": {"check_name": "HTTP"}}, "HTTP"),
        ({"component": "nginx"}, "nginx"),
        ({"summary": "CPU of web-01 at 97%"}, "CPU of * at *%"),
        ({"summary": "web-01"}, "*"),
    ],
)
def test_the_check_has_one_name_for_all_assets_and_values(payload: dict[str, Any], signature: str) -> None:
    assert fired(payload).content.signature == signature


# ------------------------------------------------------------------------------------------------ version 1, answers


def test_version_1_is_the_same_problem_as_version_2() -> None:
    said = only(SOURCE, "v1-firing")
    assert said.kind is Kind.FIRING
    assert said.problem == only(SOURCE, "firing").problem == only(SOURCE, "v1-resolved").problem
    assert (said.content.asset, said.content.signature) == ("web-01", "HTTP")
    assert said.content.message == "HTTP is CRITICAL on web-01"
    assert said.severity is Severity.CRITICAL
    assert said.content.links["monitor"] == "https://monitor.example.com/1"
    assert said.content.links["link 2"] == "https://monitor.example.com/1.png"


def test_version_1_is_answered_in_its_own_words() -> None:
    expected = {"status": "success", "message": "Event processed", "incident_key": "web-01/http"}
    assert answered(load("pagerduty", "v1-firing").inbound()) == (200, expected)


def test_version_1_is_known_by_its_body_on_any_path() -> None:
    assert answered(replace(load("pagerduty", "v1-firing"), tail="").inbound())[0] == 200


@pytest.mark.parametrize("name", ["firing", "resolved", "acknowledge", "repeat"])
def test_version_2_is_answered_in_its_own_words(name: str) -> None:
    expected = {"status": "success", "message": "Event processed", "dedup_key": "web-01/http"}
    assert answered(load("pagerduty", name).inbound()) == (202, expected)


def test_a_change_is_answered_without_a_key() -> None:
    status, body = answered(load("pagerduty", "change").inbound())
    assert (status, body["status"]) == (202, "success")
    assert "dedup_key" not in body


@pytest.mark.parametrize(
    ("status", "answer", "word"),
    [
        (400, 400, "invalid event"),
        (401, 400, "invalid event"),
        (403, 400, "invalid event"),
        (413, 413, "invalid event"),
        (429, 429, "throttle exceeded"),
        (503, 503, "unavailable"),
    ],
)
def test_refusals_have_pagerdutys_shape(status: int, answer: int, word: str) -> None:
    assert SOURCE.refuse is not None
    reply = SOURCE.refuse(Denied(status, "the key is not known", "copy it again"))
    body = json.loads(reply.body)
    assert (reply.status, body["status"]) == (answer, word)
    assert body["message"]
    assert "copy it again" in body["errors"]
