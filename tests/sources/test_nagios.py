"""Nagios's notifications become occurrences, and its script sends them whole."""

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from alertwhisperer.domain.occurrence import Kind
from alertwhisperer.domain.severity import Severity
from alertwhisperer.sources.nagios import OBJECTS, SCRIPT, SOURCE
from tests.sources.scripts import Receiver
from tests.sources.stored import load, only, request

_BEGAN = datetime(2026, 11, 20, 10, 15, 30, tzinfo=UTC)
_ENDED = datetime(2026, 11, 20, 10, 19, tzinfo=UTC)


def test_a_service_that_is_critical_is_read() -> None:
    said = only(SOURCE, "firing")
    assert said.kind is Kind.FIRING
    assert (said.content.asset, said.content.signature) == ("web-01", "HTTP")
    assert said.content.message == "connect to port 443: Connection refused"
    assert said.content.links == {"notes": "https://wiki.example.com/http"}
    assert (said.severity, said.problem, said.cycle) == (Severity.CRITICAL, "web-01!HTTP", "8812")
    assert (said.started_at, said.ended_at) == (_BEGAN, None)
    labels = said.content.labels
    assert labels["customer"] == "Example Ltd"
    assert (labels["service_state"], labels["host_state"], labels["host_groups"]) == ("CRITICAL", "UP", "web,prod")
    assert "author" not in labels


@pytest.mark.parametrize("name", ["resolved", "resolved-before-the-id"])
def test_a_recovery_keeps_the_problems_id_whenever_nagios_moves_it(name: str) -> None:
    said = only(SOURCE, name)
    assert (said.kind, said.severity, said.problem, said.cycle) == (Kind.RESOLVED, None, "web-01!HTTP", "8812")
    assert (said.started_at, said.ended_at) == (None, _ENDED)


def test_a_problem_that_grows_milder_stays_the_same_problem() -> None:
    first, later = only(SOURCE, "firing"), only(SOURCE, "repeat")
    assert (first.problem, first.cycle) == (later.problem, later.cycle)
    assert later.severity is Severity.MEDIUM


def test_a_host_is_read_where_nothing_is_filled_in_of_services() -> None:
    down, up = only(SOURCE, "host"), only(SOURCE, "host-resolved")
    assert (down.content.asset, down.content.signature) == ("web-01", "Host Status")
    assert down.content.message == "CRITICAL - Host Unreachable (10.0.0.4)"
    assert (down.severity, down.problem, down.cycle) == (Severity.CRITICAL, "web-01", "8813")
    assert (up.kind, up.problem, up.cycle) == (Kind.RESOLVED, down.problem, down.cycle)
    assert not any("$" in text for text in down.content.labels.values())
    assert "customer" not in down.content.labels


def test_two_services_and_two_hosts_are_different_problems() -> None:
    inbound = load("nagios", "firing").inbound()
    others = [{"servicedesc": "SSH"}, {"hostname": "web-02"}, {"servicedesc": "$SERVICEDESC$"}]
    problems = {SOURCE.parse(request({**inbound.document, **other})).occurrences[0][1].problem for other in others}
    assert len(problems | {"web-01!HTTP"}) == 4


@pytest.mark.parametrize(
    ("name", "severity", "message"),
    [
        ("unreachable", Severity.HIGH, "Host Status: UNREACHABLE"),
        ("unknown-state", Severity.LOW, "HTTP: UNKNOWN"),
        ("environment", Severity.CRITICAL, "connect to port 443: Connection refused"),
    ],
)
def test_states_that_look_like_nothing_are_states(name: str, severity: Severity, message: str) -> None:
    said = only(SOURCE, name)
    assert (said.kind, said.severity, said.content.message) == (Kind.FIRING, severity, message)


@pytest.mark.parametrize(
    ("name", "note"),
    [
        ("acknowledged", "operator_update"),
        ("flapping", "flapping"),
        ("downtime", "downtime"),
        ("test", "test"),
        ("unfilled", "test"),
    ],
)
def test_what_is_no_change_of_state_is_only_noted(name: str, note: str) -> None:
    said = only(SOURCE, name)
    assert (said.kind, said.note, said.severity, said.started_at) == (Kind.NOTED, note, None, None)


def test_an_acknowledgement_says_who_and_what() -> None:
    labels = only(SOURCE, "acknowledged").content.labels
    assert (labels["author"], labels["comment"]) == ("Ada", "looking into it")


@pytest.mark.parametrize(
    ("state", "kind"), [("OK", Kind.RESOLVED), ("warning", Kind.FIRING), ("", Kind.NOTED), ("LOST", Kind.NOTED)]
)
def test_without_a_type_the_state_decides(state: str, kind: Kind) -> None:
    said = SOURCE.parse(request({"hostname": "web-01", "servicedesc": "HTTP", "servicestate": state}))
    assert said.occurrences[0][1].kind is kind


def test_the_script_sends_hostile_values_as_they_are(tmp_path: Path) -> None:
    receiver = Receiver()
    hostile = 'a "quote", a \\ and = \n a line, $(id), `id`, ü'
    with receiver.served():
        ended = receiver.run(SCRIPT, tmp_path, f"serviceoutput={hostile}", b"hostname=caf\xe9", "no value")
    assert (ended.returncode, ended.stderr) == (0, b"")
    assert receiver.bodies == [{"serviceoutput": hostile, "hostname": "caf\ufffd"}]


def test_the_script_tries_again_when_it_may(tmp_path: Path) -> None:
    receiver = Receiver(429)
    with receiver.served():
        assert receiver.run(SCRIPT, tmp_path, "hostname=web-01").returncode == 0
    assert receiver.bodies == [{"hostname": "web-01"}]


def test_the_script_gives_up_when_it_is_refused_and_says_why(tmp_path: Path) -> None:
    receiver = Receiver(403)
    with receiver.served():
        ended = receiver.run(SCRIPT, tmp_path, "hostname=web-01")
    assert ended.returncode == 2
    assert b"403" in ended.stderr
    assert b"awk_" not in ended.stderr
    assert receiver.bodies == []


def test_each_value_of_the_command_stands_in_quotes_of_its_own() -> None:
    """Nagios strips `'` from what a check says, so that nothing can leave them."""
    command = OBJECTS.partition("command_line ")[2].partition("\n}")[0]
    arguments = command.replace("\\\n", "").split(maxsplit=1)[1]
    assert re.fullmatch(r"(?:'[a-z]+=\$[A-Z_]+\$' *)+", arguments)
    sent = set(re.findall(r"'([a-z]+)=", arguments))
    assert sent >= set(load("nagios", "firing").document)


def test_the_script_stands_in_the_setup_as_it_must_be_saved() -> None:
    """Without an indent, which Python would not take."""
    assert f"\n```python\n{SCRIPT}```\n" in SOURCE.setup
    compile(SCRIPT, "script", "exec")
