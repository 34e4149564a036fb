"""Icinga's notifications and events become occurrences, and its script sends them whole."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from alertwhisperer.domain.occurrence import Kind
from alertwhisperer.domain.severity import Severity
from alertwhisperer.sources.icinga2 import OBJECTS, SCRIPT, SOURCE
from tests.sources.scripts import Receiver
from tests.sources.stored import load, only, request

_ENDED = datetime(2026, 11, 20, 10, 19, tzinfo=UTC)


def test_a_service_that_is_critical_is_read() -> None:
    said = only(SOURCE, "firing")
    assert said.kind is Kind.FIRING
    assert (said.content.asset, said.content.signature) == ("web-01", "http")
    assert said.content.message == "HTTP CRITICAL: connection refused"
    assert said.content.links == {"notes": "https://wiki.example.com/http"}
    assert (said.severity, said.problem, said.cycle) == (Severity.CRITICAL, "web-01!http", None)
    assert said.started_at == datetime(2026, 11, 20, 10, 15, 30, 521233, tzinfo=UTC)
    labels = said.content.labels
    assert labels["customer"] == "Example Ltd"
    assert (labels["service_state"], labels["host_state"], labels["host_groups"]) == ("CRITICAL", "UP", "linux;web")
    assert "author" not in labels


def test_a_recovery_ends_the_service() -> None:
    said = only(SOURCE, "resolved")
    assert (said.kind, said.severity, said.problem) == (Kind.RESOLVED, None, "web-01!http")
    assert (said.started_at, said.ended_at) == (None, _ENDED)


def test_a_host_is_read_where_nothing_is_said_of_services() -> None:
    down, up = only(SOURCE, "host"), only(SOURCE, "host-resolved")
    assert (down.content.signature, down.severity, down.problem) == ("Host Status", Severity.CRITICAL, "web-01")
    assert down.content.message == "PING CRITICAL - Packet loss = 100%"
    assert (up.kind, up.problem, up.ended_at) == (Kind.RESOLVED, down.problem, _ENDED)
    assert "service_state" not in down.content.labels


@pytest.mark.parametrize(
    ("name", "severity"),
    [
        ("repeat", Severity.MEDIUM),
        ("unknown-state", Severity.LOW),
        ("event", Severity.CRITICAL),
        ("event-host", Severity.CRITICAL),
        ("event-warning", Severity.MEDIUM),
        ("event-notification", Severity.CRITICAL),
        ("event-notification-host", None),
    ],
)
def test_a_state_is_read_as_that_of_a_host_or_a_service(name: str, severity: Severity | None) -> None:
    said = only(SOURCE, name)
    assert (said.kind, said.severity) == (Kind.FIRING, severity)


@pytest.mark.parametrize(
    ("name", "note"),
    [
        ("acknowledged", "operator_update"),
        ("flapping", "flapping"),
        ("downtime", "downtime"),
        ("downtime-removed", "downtime"),
        ("test", "test"),
        ("event-soft", "soft_state"),
        ("event-comment", "operator_update"),
    ],
)
def test_what_is_no_change_of_state_is_only_noted(name: str, note: str) -> None:
    said = only(SOURCE, name)
    assert (said.kind, said.note, said.severity, said.started_at) == (Kind.NOTED, note, None, None)


@pytest.mark.parametrize("name", ["event-resolved", "event-soft-resolved"])
def test_a_good_event_ends_what_a_notification_began(name: str) -> None:
    said = only(SOURCE, name)
    assert (said.kind, said.severity, said.problem) == (Kind.RESOLVED, None, only(SOURCE, "firing").problem)


def test_an_event_is_read() -> None:
    said = only(SOURCE, "event")
    assert (said.content.asset, said.content.signature, said.content.message) == (
        *("web-01", "http"),
        "HTTP CRITICAL: connection refused",
    )
    assert said.started_at == datetime(2026, 11, 20, 10, 15, 30, 520000, tzinfo=UTC)
    assert said.content.labels["check_source"] == "ic-1"


@pytest.mark.parametrize("state", [True, "2", 2.5, 7, None, [2]])
def test_a_state_that_is_none_changes_nothing(state: object) -> None:
    inbound = load("icinga2", "event").inbound()
    [(_, said)] = SOURCE.parse(request({**inbound.document, "state": state})).occurrences
    assert said.kind is Kind.NOTED


def test_the_script_sends_hostile_values_as_they_are(tmp_path: Path) -> None:
    receiver = Receiver()
    hostile = 'a "quote", a \\ and = \n a line, $(id), `id`, ü'
    environ = {"AW_HOST_NAME": "web-01", "AW_SERVICE_LAST_STATE_CHANGE": "1", "AW_SERVICE_OUTPUT": hostile}
    with receiver.served():
        ended = receiver.run(SCRIPT, tmp_path, environ=environ)
    assert (ended.returncode, ended.stderr) == (0, b"")
    assert receiver.bodies == [
        {"host.name": "web-01", "service.last_state_change": "1", "service.output": hostile},
    ]


def test_the_command_of_the_setup_gives_all_that_is_read() -> None:
    for name in load("icinga2", "firing").document:
        assert f"AW_{name.upper().replace('.', '_')} = " in OBJECTS


def test_the_script_stands_in_the_setup_as_it_must_be_saved() -> None:
    """Without an indent, which Python would not take."""
    assert f"\n```python\n{SCRIPT}```\n" in SOURCE.setup
    compile(SCRIPT, "script", "exec")
