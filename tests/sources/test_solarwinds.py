"""SolarWinds' trigger and reset actions become occurrences, also where their values break the JSON."""

import json

import pytest

from alertwhisperer.domain.occurrence import Kind
from alertwhisperer.domain.severity import Severity
from alertwhisperer.sources.solarwinds import BODY, SOURCE, decode
from tests.sources.stored import load, only


def test_an_alert_is_read() -> None:
    said = only(SOURCE, "firing")
    assert said.kind is Kind.FIRING
    assert (said.content.asset, said.content.signature) == ("SRV-01", "Disk space is low")
    assert said.content.message == "C: has 4 % left"
    assert said.content.links == {"console": "https://orion.example.com/Orion/View.aspx?NetObject=AAT:4711"}
    assert said.content.labels["object"] == "C: Label:System"
    assert (said.severity, said.problem, said.cycle) == (Severity.HIGH, "4711", None)


def test_the_active_id_is_not_the_problem() -> None:
    assert only(SOURCE, "repeat").problem == only(SOURCE, "firing").problem


def test_the_reset_action_resolves() -> None:
    said = only(SOURCE, "resolved")
    assert (said.kind, said.severity) == (Kind.RESOLVED, None)
    assert "alert_active_id" not in said.content.labels


def test_values_that_break_the_json_are_read_field_by_field() -> None:
    said = only(SOURCE, "broken-json")
    assert said.content.message == 'the "System" volume has 4 % left'
    assert said.content.labels["object"] == "C:\\Windows\\System32"
    assert (said.problem, said.severity) == ("4711", Severity.HIGH)


def test_a_huge_broken_body_costs_no_more_than_its_length() -> None:
    assert decode(b"{" + b"\n" * 1_000_000, {}) is None
    assert decode(b"{" + b'\n"a" ' * 200_000, {}) is None


def test_bytes_of_an_old_server_are_read() -> None:
    assert only(SOURCE, "latin-1").content.message == 'Speicher "C" fast voll: Größe prüfen'


def test_a_macro_that_failed_is_absent() -> None:
    said = only(SOURCE, "no-node")
    assert said.content.asset == "Group of shops"
    assert "ip_address" not in said.content.labels


@pytest.mark.parametrize(
    ("word", "severity"),
    [
        ("Critical", Severity.CRITICAL),
        ("Serious", Severity.HIGH),
        ("Warning", Severity.MEDIUM),
        ("Notice", Severity.LOW),
        ("Informational", Severity.INFO),
        ("Purple", None),
    ],
)
def test_its_five_words_are_our_five_steps(word: str, severity: Severity | None) -> None:
    inbound = load("solarwinds", "firing").inbound(SOURCE)
    inbound.document["severity"] = word
    assert SOURCE.parse(inbound).occurrences[0][1].severity is severity


def test_without_an_id_alert_and_object_are_the_problem() -> None:
    said = only(SOURCE, "no-id")
    assert said.kind is Kind.FIRING
    assert said.problem != only(SOURCE, "firing").problem


def test_without_the_constant_it_fires() -> None:
    assert only(SOURCE, "no-event-type").kind is Kind.FIRING


@pytest.mark.parametrize("name", ["test", "malformed"])
def test_what_names_no_alert_is_a_test(name: str) -> None:
    said = only(SOURCE, name)
    assert (said.kind, said.note) == (Kind.NOTED, "test")


def test_lines_of_ones_own_are_labels() -> None:
    assert only(SOURCE, "own-field").content.labels["customer"] == "Acme GmbH"


def test_the_body_of_the_setup_is_json_with_each_field_on_its_own_line() -> None:
    fields = json.loads(BODY)
    assert len(BODY.splitlines()) == len(fields) + 2
    assert set(fields) >= {"event_type", "alert_name", "alert_object_id", "severity", "node", "message"}
    assert BODY in SOURCE.setup
