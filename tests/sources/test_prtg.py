"""PRTG's payload becomes occurrences, encoded or not, in whatever language."""

from urllib.parse import parse_qsl

import pytest

from alertwhisperer.domain.occurrence import Kind
from alertwhisperer.domain.severity import Severity
from alertwhisperer.sources.prtg import PAYLOAD, SOURCE
from tests.sources.stored import load, only


def test_a_sensor_that_is_down_is_read() -> None:
    said = only(SOURCE, "firing")
    assert said.kind is Kind.FIRING
    assert (said.content.asset, said.content.signature) == ("SRV-01", "Disk Free C:")
    assert said.content.message == "5 % (Free Space) is below the error limit of 10 %"
    assert said.content.links == {"console": "https://prtg.example.com/sensor.htm?id=2002&tabid=1"}
    assert said.content.labels["group"] == "Servers"
    assert (said.severity, said.problem, said.cycle, said.started_at) == (Severity.CRITICAL, "2002", None, None)


def test_the_sensor_is_the_problem_whatever_it_is_called() -> None:
    assert only(SOURCE, "repeat").problem == only(SOURCE, "firing").problem


def test_the_state_now_counts_and_not_the_one_that_ended() -> None:
    said = only(SOURCE, "resolved")
    assert (said.kind, said.severity) == (Kind.RESOLVED, None)


def test_values_that_were_not_encoded_are_read_whole() -> None:
    said = only(SOURCE, "unencoded")
    assert said.kind is Kind.FIRING
    assert said.content.message == "GET /a?x=1&status=500 & more: 5% left + 1"
    assert said.content.labels["status"] == "Down"
    assert said.content.links == only(SOURCE, "firing").content.links


@pytest.mark.parametrize(
    ("name", "severity"),
    [
        ("firing", Severity.CRITICAL),
        ("partial", Severity.HIGH),
        ("warning", Severity.MEDIUM),
        ("unusual", Severity.LOW),
        ("unknown-word", None),
        ("priority", Severity.LOW),
    ],
)
def test_the_status_is_the_severity_unless_the_stars_are_asked_for(name: str, severity: Severity | None) -> None:
    said = only(SOURCE, name)
    assert (said.kind, said.severity) == (Kind.FIRING, severity)


@pytest.mark.parametrize("stars", ["**", "2"])
def test_stars_come_as_such_or_as_their_number(stars: str) -> None:
    inbound = load("prtg", "priority").inbound(SOURCE)
    inbound.document["priority"] = stars
    assert SOURCE.parse(inbound).occurrences[0][1].severity is Severity.LOW


def test_words_of_another_language_can_be_told() -> None:
    assert only(SOURCE, "other-language").kind is Kind.RESOLVED


@pytest.mark.parametrize(
    ("name", "note"),
    [
        ("acknowledged", "operator_update"),
        ("still-acknowledged", "operator_update"),
        ("paused", "paused"),
        ("test", "test"),
        ("malformed", "test"),
    ],
)
def test_what_is_no_change_of_state_is_only_noted(name: str, note: str) -> None:
    said = only(SOURCE, name)
    assert (said.kind, said.note) == (Kind.NOTED, note)


@pytest.mark.parametrize("name", ["no-sensor-id", "no-sensor-id-json"])
def test_without_an_id_device_and_sensor_are_the_problem(name: str) -> None:
    said = only(SOURCE, name)
    assert said.kind is Kind.FIRING
    assert said.problem == only(SOURCE, "no-sensor-id").problem


@pytest.mark.parametrize("wrong", [5, {"Fehler": "purple"}, {"Fehler": 1}, dict.fromkeys(map(str, range(51)), "Up")])
def test_words_that_mean_nothing_are_refused(wrong: object) -> None:
    setting = SOURCE.settings[0]
    assert setting.check(wrong)
    assert setting.check({"Fehler (bestätigt)": "Down (Acknowledged)"}) is None


def test_the_payload_of_the_setup_names_what_is_read() -> None:
    fields = dict(parse_qsl(PAYLOAD.replace("=%", "=x"), strict_parsing=True))
    assert list(fields)[-1] == "message", "what may hold anything comes last"
    assert set(fields) >= {"sensorid", "sensor", "device", "host", "status", "link"}
    assert PAYLOAD in SOURCE.setup
