"""Checkmk's contexts become occurrences, one by one or in bulk, and its script sends them whole."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from alertwhisperer.domain.occurrence import Kind
from alertwhisperer.domain.severity import Severity
from alertwhisperer.sources.checkmk import SCRIPT, SOURCE
from tests.sources.scripts import Receiver
from tests.sources.stored import load, only, parsed, request

_BEGAN = datetime(2026, 11, 20, 10, 15, 30, tzinfo=UTC)


def test_a_service_that_is_critical_is_read() -> None:
    said = only(SOURCE, "firing")
    assert said.kind is Kind.FIRING
    assert (said.content.asset, said.content.signature) == ("web-01", "Filesystem /")
    assert said.content.message == "Used: 95.1% (warn/crit at 80%/90%)CRIT"
    assert said.content.links["console"].startswith("https://checkmk.example.com/mysite/check_mk/index.py?start_url=")
    assert (said.severity, said.problem, said.cycle) == (Severity.CRITICAL, "mysite/web-01!Filesystem /", None)
    assert said.started_at == _BEGAN
    labels = said.content.labels
    assert (labels["site"], labels["service_state"], labels["check_command"]) == ("mysite", "CRITICAL", "check_mk-df")
    assert (labels["tag.criticality"], labels["host_label.cmk/os_family"]) == ("prod", "linux")


def test_a_recovery_ends_the_service() -> None:
    said = only(SOURCE, "resolved")
    assert (said.kind, said.severity) == (Kind.RESOLVED, None)
    assert said.ended_at == datetime(2026, 11, 20, 10, 19, tzinfo=UTC)


def test_a_host_is_read() -> None:
    down, up = only(SOURCE, "host"), only(SOURCE, "host-resolved")
    assert (down.content.signature, down.severity) == ("Host Status", Severity.CRITICAL)
    assert (down.problem, up.problem, up.kind) == ("mysite/web-01", "mysite/web-01", Kind.RESOLVED)
    assert "hoststatus" in down.content.links["console"]


@pytest.mark.parametrize(
    ("name", "severity"),
    [
        ("repeat", Severity.MEDIUM),
        ("short-states", Severity.MEDIUM),
        ("unreachable", Severity.HIGH),
        ("unknown-state", Severity.LOW),
        ("environment", Severity.CRITICAL),
    ],
)
def test_states_are_read_long_or_short(name: str, severity: Severity) -> None:
    said = only(SOURCE, name)
    assert (said.kind, said.severity) == (Kind.FIRING, severity)


def test_the_notifications_own_time_stands_in_where_the_change_has_none() -> None:
    said = only(SOURCE, "short-states")
    assert said.started_at == datetime(2026, 11, 20, 10, 15, 35, 123456, tzinfo=UTC)
    assert said.content.links == {}


def test_the_same_host_of_another_site_is_another() -> None:
    assert only(SOURCE, "other-site").problem != only(SOURCE, "firing").problem


def test_a_bulk_is_read_one_by_one_and_what_is_no_context_is_refused() -> None:
    said = parsed(SOURCE, "bulk")
    assert [(place, found.kind) for place, found in said.occurrences] == [
        (0, Kind.FIRING),
        (1, Kind.RESOLVED),
        (3, Kind.FIRING),
    ]
    assert [refused.where for refused in said.refused] == ["contexts[2]"]


def test_each_message_of_the_event_console_is_a_problem_of_its_own() -> None:
    first, later = only(SOURCE, "event-console"), only(SOURCE, "event-console-other")
    ended = only(SOURCE, "event-console-resolved")
    assert first.problem != later.problem
    assert (ended.kind, ended.problem) == (Kind.RESOLVED, first.problem)
    assert first.content.labels["event_rule"] == "ssh"


@pytest.mark.parametrize(
    ("name", "note"),
    [
        ("acknowledged", "operator_update"),
        ("alert-handler", "alert_handler"),
        ("downtime", "downtime"),
        ("test", "test"),
    ],
)
def test_what_is_no_change_of_state_is_only_noted(name: str, note: str) -> None:
    said = only(SOURCE, name)
    assert (said.kind, said.note, said.severity) == (Kind.NOTED, note, None)


@pytest.mark.parametrize("home", ["javascript:alert(1)", "", None, 5])
def test_a_link_is_a_web_address_or_none(home: object) -> None:
    [context] = load("checkmk", "firing").inbound().document["contexts"]
    [(_, said)] = SOURCE.parse(request({**context, "site_url": home})).occurrences
    assert said.content.links == {}


def test_the_script_sends_what_is_read_and_nothing_secret(tmp_path: Path) -> None:
    receiver = Receiver()
    hostile = 'a "quote", a \\ and = \n a line, $(id), `id`, ü'
    environ = {
        "NOTIFY_HOSTNAME": "web-01",
        "NOTIFY_HOSTLABEL_cmk/os_family": "linux",
        "NOTIFY_SERVICEOUTPUT": hostile,
        "NOTIFY_PARAMETER_PASSWORD": "secret",
        "HOSTNAME": "not Checkmk's",
    }
    with receiver.served():
        ended = receiver.run(SCRIPT, tmp_path, environ=environ)
    assert (ended.returncode, ended.stderr) == (0, b"")
    assert receiver.bodies == [
        {
            "contexts": [
                {
                    "site_url": "",
                    "hostname": "web-01",
                    "hostlabel_cmk/os_family": "linux",
                    "serviceoutput": hostile,
                }
            ]
        }
    ]


def test_the_script_sends_a_bulk_with_its_broken_lines(tmp_path: Path) -> None:
    receiver = Receiver()
    bulk = b"PARAMETER_1=x\n\nHOSTNAME=web-01\nSERVICEOUTPUT=a=b\x01c\xff\n\nHOSTNAME=web-02\n"
    with receiver.served():
        assert receiver.run(SCRIPT, tmp_path, "--bulk", stdin=bulk).returncode == 0
    [body] = receiver.bodies
    assert [context["hostname"] for context in body["contexts"]] == ["web-01", "web-02"]
    assert body["contexts"][0]["serviceoutput"] == "a=b\nc\ufffd"


def test_a_huge_bulk_goes_in_parts(tmp_path: Path) -> None:
    receiver = Receiver()
    bulk = b"A=1\n" + b"".join(b"\nHOSTNAME=web-%d\n" % number for number in range(450))
    with receiver.served():
        assert receiver.run(SCRIPT, tmp_path, "--bulk", stdin=bulk).returncode == 0
    assert [len(body["contexts"]) for body in receiver.bodies] == [200, 200, 50]


def test_an_empty_bulk_sends_nothing(tmp_path: Path) -> None:
    receiver = Receiver()
    with receiver.served():
        assert receiver.run(SCRIPT, tmp_path, "--bulk", stdin=b"A=1\n").returncode == 0
    assert receiver.bodies == []


def test_a_refusal_is_final_to_checkmk(tmp_path: Path) -> None:
    """It tries again after 1 and gives up after 2."""
    receiver = Receiver(400)
    with receiver.served():
        assert receiver.run(SCRIPT, tmp_path, environ={"NOTIFY_HOSTNAME": "web-01"}).returncode == 2


def test_the_script_begins_as_checkmk_wants_it() -> None:
    assert SCRIPT.splitlines()[:3] == ["#!/usr/bin/env python3", "# Alert Whisperer", "# Bulk: yes"]


def test_the_script_stands_in_the_setup_as_it_must_be_saved() -> None:
    """Without an indent, which Python would not take."""
    assert f"\n```python\n{SCRIPT}```\n" in SOURCE.setup
    compile(SCRIPT, "script", "exec")
