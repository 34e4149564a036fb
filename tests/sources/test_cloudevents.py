"""CloudEvents in all three modes are the same alerts, and senders are greeted as the webhook specification says."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from alertwhisperer.domain.errors import Invalid
from alertwhisperer.domain.occurrence import Kind, Occurrence
from alertwhisperer.domain.severity import Severity
from alertwhisperer.sources.cloudevents import SOURCE
from tests.sources.stored import load, only, parsed, request

EVENT = {"specversion": "1.0", "id": "1", "source": "/eu", "type": "com.example.disk.full", "subject": "web-01"}


def of(**more: Any) -> Occurrence:
    """What is made of one structured event."""
    ((_, said),) = SOURCE.parse(request({**EVENT, **more})).occurrences
    return said


def named(**more: Any) -> str | None:
    """The delivery id of one structured event."""
    return SOURCE.delivery_id(request({**EVENT, **more}))


def test_an_event_is_read() -> None:
    said = only(SOURCE, "firing")
    assert said.kind is Kind.FIRING
    assert said.content.asset == "web-01"
    assert said.content.signature == "com.example.disk.full"
    assert said.content.message == "97% of / is used"
    assert said.content.links == {"console": "https://mon.example.com/a/1"}
    assert said.severity is Severity.CRITICAL
    assert said.started_at == datetime(2026, 11, 20, 10, 15, 30, tzinfo=UTC)
    labels = said.content.labels
    assert (labels["ce.type"], labels["ce.source"]) == ("com.example.disk.full.firing", "/monitoring/eu")
    assert (labels["customer"], labels["mount.path"]) == ("acme", "/")


@pytest.mark.parametrize("name", ["binary", "structured-with-headers"])
def test_every_mode_says_the_same(name: str) -> None:
    assert only(SOURCE, name) == only(SOURCE, "firing")


def test_members_of_a_batch_are_taken_one_by_one() -> None:
    said = parsed(SOURCE, "batch")
    assert [(place, one.content.asset) for place, one in said.occurrences] == [(0, "web-01"), (1, "web-02")]
    ((refused),) = said.refused
    assert (refused.index, refused.where) == (2, "[2].type")


def test_a_resolve_keeps_the_problem_and_says_when_it_ended() -> None:
    fired, ended = only(SOURCE, "firing"), only(SOURCE, "resolved")
    assert (ended.kind, ended.problem, ended.started_at) == (Kind.RESOLVED, fired.problem, None)
    assert ended.ended_at == datetime(2026, 11, 20, 10, 15, 50, tzinfo=UTC)


def test_headers_are_unquoted_and_decoded_once() -> None:
    said = only(SOURCE, "binary-unusual-headers")
    assert said.content.asset == "Euro € 😀"
    assert said.content.labels["customer"] == 'Gro"\\sse'


def test_data_that_is_text_is_the_message() -> None:
    assert only(SOURCE, "binary-text").content.message == "disk full = 97% please look"
    assert only(SOURCE, "text-data").content.message == "the disk of web-01 is full"


def test_an_event_without_data_is_in_its_headers() -> None:
    said = only(SOURCE, "binary-without-data")
    assert (said.kind, said.content.signature, said.content.message) == (Kind.FIRING, "com.example.host", "web-01")


def test_data_in_base64_is_read() -> None:
    said = only(SOURCE, "base64")
    assert (said.content.asset, said.severity) == ("db-01", Severity.HIGH)


@pytest.mark.parametrize("content_type", ["text/plain", "application/octet-stream"])
def test_bytes_that_are_not_json_are_a_text(content_type: str) -> None:
    said = of(data_base64="ZGlzayBmdWxs", datacontenttype=content_type)
    assert said.content.message == "disk full"


def test_what_the_data_says_goes_before_the_attributes() -> None:
    said = only(SOURCE, "data-says")
    assert (said.kind, said.content.asset, said.content.signature) == (Kind.RESOLVED, "web-01", "DiskFull")
    assert said.started_at == datetime(2026, 11, 20, 10, tzinfo=UTC)
    assert said.ended_at == datetime(2026, 11, 20, 10, 15, tzinfo=UTC)


def test_unset_attributes_are_absent() -> None:
    said = only(SOURCE, "plain-type")
    assert (said.kind, said.severity, said.started_at) == (Kind.FIRING, None, None)
    assert said.content.asset == "/monitoring/eu"


@pytest.mark.parametrize(("name", "note"), [("test", "test"), ("heartbeat", "heartbeat")])
def test_what_is_no_problem_changes_nothing(name: str, note: str) -> None:
    said = only(SOURCE, name)
    assert (said.kind, said.note) == (Kind.NOTED, note)


@pytest.mark.parametrize(
    ("name", "kind", "signature"),
    [
        ("com.example.disk.full.fired", Kind.FIRING, "com.example.disk.full"),
        ("com.example.disk.full.Recovered", Kind.RESOLVED, "com.example.disk.full"),
        ("com.example.disk.full.closed", Kind.RESOLVED, "com.example.disk.full"),
        ("com.example.disk.full", Kind.FIRING, "com.example.disk.full"),
        ("resolved", Kind.FIRING, "resolved"),
    ],
)
def test_the_last_word_of_the_type_may_be_the_state(name: str, kind: Kind, signature: str) -> None:
    said = of(type=name)
    assert (said.kind, said.content.signature) == (kind, signature)


def test_the_state_of_the_data_goes_before_that_of_the_type() -> None:
    assert of(type="com.example.disk.firing", data={"status": "resolved"}).kind is Kind.RESOLVED
    assert of(type="com.example.disk.resolved", data={"status": "Running"}).kind is Kind.RESOLVED


@pytest.mark.parametrize(
    ("more", "severity"),
    [
        ({"data": {"severity": "major"}}, Severity.HIGH),
        ({"data": {"level": "warn"}}, Severity.MEDIUM),
        ({"severity": "info"}, Severity.INFO),
        ({"data": {"severity": 5}}, None),
        ({}, None),
    ],
)
def test_severity_is_a_word_of_the_data_or_an_extension(more: dict[str, Any], severity: Severity | None) -> None:
    assert of(**more).severity is severity


@pytest.mark.parametrize("more", [{"id": "2"}, {"time": "2026-11-20T10:00:00Z"}, {"data": {"severity": "info"}}])
def test_what_is_no_part_of_the_identity(more: dict[str, Any]) -> None:
    assert of(**more).problem == of().problem


@pytest.mark.parametrize(
    "more",
    [{"source": "/us"}, {"subject": "web-02"}, {"type": "com.example.cpu.high"}, {"data": {"check": "inodes"}}],
)
def test_what_makes_another_problem(more: dict[str, Any]) -> None:
    assert of(**more).problem != of().problem


@pytest.mark.parametrize("field", ["fingerprint", "dedup_key", "id"])
def test_an_id_of_the_data_is_the_identity_within_the_events_source(field: str) -> None:
    data = {field: "a-1"}
    assert of(data=data).problem == of(data=data, subject="web-02", type="com.example.other").problem
    assert of(data=data).problem != of(data=data, source="/us").problem


def test_an_events_source_and_id_name_the_delivery_in_every_mode() -> None:
    names = {SOURCE.delivery_id(load("cloudevents", name).inbound(SOURCE)) for name in ("firing", "binary")}
    assert len(names) == 1
    assert named(id="2") != named() != named(source="/us")
    assert named(data={"other": "data"}) == named()
    assert named(id=None) is None
    assert SOURCE.delivery_id(request([])) is None
    assert SOURCE.delivery_id(load("cloudevents", "batch").inbound(SOURCE)) not in names


@pytest.mark.parametrize("body", [None, "text", 1, {}, {"type": "x"}, {**EVENT, "type": None}])
def test_what_is_no_event_is_refused_as_a_whole(body: Any) -> None:
    with pytest.raises(Invalid):
        SOURCE.parse(request(body))


def test_a_sender_that_asks_may_send() -> None:
    answer = SOURCE.greet("OPTIONS", {"webhook-request-origin": "eventemitter.example.com"}, {})
    assert answer is not None
    said = dict(answer.headers)
    assert (answer.status, said["webhook-allowed-origin"]) == (200, "eventemitter.example.com")
    assert (said["webhook-allowed-rate"], said["allow"]) == ("*", "POST, OPTIONS")


def test_an_options_request_of_somebody_else_is_no_consent() -> None:
    answer = SOURCE.greet("OPTIONS", {}, {})
    assert answer is not None
    assert [name for name, _ in answer.headers] == ["allow"]
    assert SOURCE.greet("POST", {"webhook-request-origin": "eventemitter.example.com"}, {}) is None


def test_the_trial_of_the_setup_page_is_understood() -> None:
    body = SOURCE.setup.split("-d '", 1)[1].split("'", 1)[0]
    ((_, said),) = SOURCE.parse(request(json.loads(body))).occurrences
    assert (said.kind, said.content.asset, said.severity) == (Kind.FIRING, "web-01", Severity.HIGH)
