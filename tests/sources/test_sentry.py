"""Sentry's issue alerts end with their issue, its metric alerts by themselves, and a secret proves who speaks."""

import hmac
from datetime import UTC, datetime

import pytest

from alertwhisperer.domain.errors import Invalid
from alertwhisperer.domain.occurrence import Kind
from alertwhisperer.domain.severity import Severity
from alertwhisperer.sources.sentry import SOURCE
from tests.sources.stored import load, only, request

SECRET = "0123456789abcdef"
SENT_AT = datetime(2026, 11, 20, 10, 15, 32, tzinfo=UTC)


def test_an_issue_alert_is_read() -> None:
    said = only(SOURCE, "firing")
    assert (said.kind, said.severity) == (Kind.FIRING, Severity.HIGH)
    assert (said.content.asset, said.content.source) == ("web-01", "sentry")
    assert said.content.signature == "ReferenceError: heck is not defined"
    assert said.content.message == "ReferenceError: heck is not defined in checkout in pay"
    assert said.problem == "issue:1117540176"
    assert said.started_at == datetime(2026, 11, 20, 10, 15, 30, 677_000, tzinfo=UTC)
    assert said.content.labels["project"] == "shop", "from the URL: the event has a number"
    assert said.content.labels["rule"] == "Very important"
    assert "event" in said.content.links


def test_another_event_of_the_issue_is_the_same_problem_on_another_host() -> None:
    said = only(SOURCE, "repeat")
    assert (said.problem, said.content.asset, said.severity) == ("issue:1117540176", "web-02", Severity.CRITICAL)


@pytest.mark.parametrize("name", ["resolved", "issue-archived"])
def test_the_end_of_an_issue_ends_its_alert_when_it_was_sent(name: str) -> None:
    said = only(SOURCE, name)
    assert (said.kind, said.severity, said.started_at, said.ended_at) == (Kind.RESOLVED, None, None, SENT_AT)
    assert said.problem == only(SOURCE, "firing").problem


def test_a_new_issue_began_when_it_was_first_seen() -> None:
    said = only(SOURCE, "issue-created")
    assert (said.kind, said.content.asset) == (Kind.FIRING, "shop")
    assert said.started_at == datetime(2026, 11, 20, 10, 15, 30, tzinfo=UTC)


def test_a_regression_begins_after_the_end_that_it_follows() -> None:
    again, ended = only(SOURCE, "issue-regressed"), only(SOURCE, "resolved")
    assert (again.kind, again.problem) == (Kind.FIRING, ended.problem)
    assert again.started_at is not None
    assert ended.ended_at is not None
    assert again.started_at > ended.ended_at, "and not two days before it, when it was first seen"


def test_without_the_header_times_are_those_of_arrival() -> None:
    ((_, said),) = SOURCE.parse(request(load("sentry", "issue-regressed").document)).occurrences
    assert (said.kind, said.started_at) == (Kind.FIRING, None)


@pytest.mark.parametrize(
    ("name", "note"),
    [
        ("issue-assigned", "operator_update"),
        ("comment", "operator_update"),
        ("installation", "installation"),
        ("error", "information"),
        ("test", "test"),
    ],
)
def test_what_is_no_alert_is_noted(name: str, note: str) -> None:
    said = only(SOURCE, name)
    assert (said.kind, said.note) == (Kind.NOTED, note)


@pytest.mark.parametrize(
    ("word", "severity"),
    [
        ("fatal", Severity.CRITICAL),
        ("error", Severity.HIGH),
        ("warning", Severity.MEDIUM),
        ("info", Severity.INFO),
        ("debug", Severity.INFO),
        (None, None),
    ],
)
def test_the_level_is_the_severity(word: str | None, severity: Severity | None) -> None:
    document = load("sentry", "firing").document
    document["data"]["event"]["level"] = word
    ((_, said),) = SOURCE.parse(request(document)).occurrences
    assert said.severity is severity


def test_a_metric_alert_is_its_rule_and_its_incident_the_cycle() -> None:
    said = only(SOURCE, "metric-firing")
    assert (said.kind, said.severity) == (Kind.FIRING, Severity.CRITICAL)
    assert (said.content.asset, said.content.signature) == ("shop", "Too many errors"), "not the incident's random name"
    assert (said.problem, said.cycle) == ("metric:7", "4")
    assert said.started_at == datetime(2026, 11, 20, 10, 15, tzinfo=UTC)
    again = only(SOURCE, "metric-next")
    assert (again.problem, again.cycle) == ("metric:7", "5")


def test_a_metric_alert_sinks_and_ends() -> None:
    warned, ended = only(SOURCE, "metric-warning"), only(SOURCE, "metric-resolved")
    assert (warned.kind, warned.severity) == (Kind.FIRING, Severity.MEDIUM)
    assert (ended.kind, ended.severity, ended.ended_at) == (Kind.RESOLVED, None, SENT_AT)
    assert warned.cycle == ended.cycle == "4"


def test_the_older_plugin_names_the_same_issue() -> None:
    said = only(SOURCE, "plugin")
    assert (said.kind, said.severity, said.content.asset) == (Kind.FIRING, Severity.HIGH, "web-01")
    assert said.problem == only(SOURCE, "firing").problem
    assert said.content.labels["rule"] == "Very important"


def test_request_id_names_the_delivery() -> None:
    assert SOURCE.delivery_id(load("sentry", "firing").inbound()) == "3e1f0c52-0000-4000-8000-000000000001"
    assert SOURCE.delivery_id(request({})) is None


async def nothing(url: str) -> bytes:
    """No page is asked for."""
    raise AssertionError(url)


@pytest.mark.parametrize(
    ("signature", "right"),
    [
        (hmac.new(SECRET.encode(), load("sentry", "firing").body, "sha256").hexdigest(), True),
        (hmac.new(b"another", load("sentry", "firing").body, "sha256").hexdigest(), False),
        (hmac.new(SECRET.encode(), b"another", "sha256").hexdigest(), False),
        ("", False),
        (None, False),
    ],
    ids=["right", "secret", "body", "empty", "none"],
)
async def test_with_a_secret_only_what_sentry_signed_is_let_in(signature: str | None, right: bool) -> None:
    stored = load("sentry", "firing")
    headers = stored.headers | ({} if signature is None else {"sentry-hook-signature": signature})
    inbound = request(stored.document, stored.body, headers, settings={"client_secret": SECRET})
    if right:
        await SOURCE.authenticate(inbound, nothing)
    else:
        with pytest.raises(Invalid, match="sign"):
            await SOURCE.authenticate(inbound, nothing)


async def test_without_a_secret_nothing_is_checked() -> None:
    await SOURCE.authenticate(load("sentry", "firing").inbound(), nothing)


def test_an_action_without_data_is_refused() -> None:
    with pytest.raises(Invalid, match="Sentry"):
        SOURCE.parse(load("sentry", "malformed").inbound())
