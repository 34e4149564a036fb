"""Uptime Kuma's notifications become occurrences, whichever of its three ways they come."""

from datetime import UTC, datetime

import pytest

from alertwhisperer.domain.errors import Invalid
from alertwhisperer.domain.occurrence import Kind
from alertwhisperer.domain.severity import Severity
from alertwhisperer.sources.uptimekuma import SOURCE, decode
from tests.sources.stored import only, request


def test_a_monitor_that_is_down_is_read() -> None:
    said = only(SOURCE, "firing")
    assert said.kind is Kind.FIRING
    assert (said.content.asset, said.content.signature) == ("shop.example.com", "Shop")
    assert said.content.message == "connect ECONNREFUSED 192.0.2.10:443"
    assert said.content.links == {"site": "https://Shop.example.com/health"}
    assert said.content.labels["tag.team"] == "web"
    assert "basic_auth_user" not in said.content.labels
    assert (said.severity, said.problem, said.cycle) == (Severity.CRITICAL, "4", None)
    assert said.started_at == datetime(2026, 11, 20, 10, 15, 30, 123000, tzinfo=UTC)


def test_the_monitor_is_the_problem_until_it_is_up() -> None:
    ended = only(SOURCE, "resolved")
    assert (ended.kind, ended.problem, ended.severity) == (Kind.RESOLVED, "4", None)
    assert ended.ended_at == datetime(2026, 11, 20, 10, 15, 59, tzinfo=UTC)


def test_a_reminder_does_not_say_when_it_began() -> None:
    said = only(SOURCE, "repeat")
    assert (said.kind, said.started_at) == (Kind.FIRING, None)


@pytest.mark.parametrize("name", ["multipart", "get"])
def test_every_way_of_sending_says_the_same(name: str) -> None:
    assert only(SOURCE, name) == only(SOURCE, "firing")


@pytest.mark.parametrize(
    ("name", "note"),
    [
        ("test", "test"),
        ("get-test", "test"),
        ("maintenance", "maintenance"),
        ("pending", "pending"),
        ("malformed", "no_status"),
    ],
)
def test_what_is_no_change_of_state_is_only_noted(name: str, note: str) -> None:
    said = only(SOURCE, name)
    assert (said.kind, said.note) == (Kind.NOTED, note)


@pytest.mark.parametrize(("name", "asset"), [("ping", "router-01"), ("push", "Nightly job")])
def test_an_empty_address_is_no_asset(name: str, asset: str) -> None:
    assert only(SOURCE, name).content.asset == asset


def test_a_tag_says_the_severity() -> None:
    assert only(SOURCE, "severity-tag").severity is Severity.MEDIUM


def test_a_certificate_is_a_problem_of_its_own_and_the_days_left_are_not_part_of_it() -> None:
    said = only(SOURCE, "certificate")
    assert (said.kind, said.severity) == (Kind.FIRING, Severity.MEDIUM)
    assert (said.content.asset, said.content.signature) == ("shop.example.com", "Shop: expiry")
    assert said.problem != only(SOURCE, "firing").problem
    later = {"heartbeat": None, "monitor": None, "msg": said.content.message.replace("7 days", "1 day")}
    assert SOURCE.parse(request(later)).occurrences[0][1].problem == said.problem


@pytest.mark.parametrize("body", [b"--x\r\nno form", b'--x\r\nContent-Disposition: form-data; name="data"\r\n\r\n{'])
def test_a_broken_form_is_refused(body: bytes) -> None:
    with pytest.raises(Invalid):
        decode(body, {})


def test_a_broken_query_is_refused() -> None:
    with pytest.raises(Invalid):
        SOURCE.parse(request(None, b"", query={"msg": "x", "monitor": "{"}, method="GET"))
