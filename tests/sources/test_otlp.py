"""OpenTelemetry's log records become alerts when they are bad enough, and its clients are answered in their words."""

import json
import subprocess
import sys
from datetime import UTC, datetime
from typing import Any

import pytest
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest, ExportLogsServiceResponse

from alertwhisperer.domain.errors import Invalid
from alertwhisperer.domain.occurrence import Kind, Occurrence
from alertwhisperer.domain.severity import Severity
from alertwhisperer.sources._template import template
from alertwhisperer.sources.contract import Denied, Inbound, Reply, Told
from alertwhisperer.sources.otlp import SOURCE
from tests.sources.stored import load, only, parsed, request


def of_record(record: dict[str, Any], **settings: Any) -> Occurrence:
    """What is made of one log record without a resource."""
    body = {"resourceLogs": [{"scopeLogs": [{"logRecords": [record]}]}]}
    ((_, said),) = SOURCE.parse(request(body, settings=settings)).occurrences
    return said


def attribute(key: str, value: str) -> dict[str, Any]:
    return {"key": key, "value": {"stringValue": value}}


def answered(inbound: Inbound, problem: str = "") -> Reply:
    """The source's answer to a request, as the gateway asks for it."""
    assert SOURCE.reply is not None
    said = None if problem else SOURCE.parse(inbound)
    return SOURCE.reply(inbound, Told("id", 1, False, said, problem))


def test_an_error_is_read() -> None:
    said = only(SOURCE, "firing")
    assert said.kind is Kind.FIRING
    assert said.content.asset == "app-01"
    assert said.content.signature == "pay: payment * failed: gateway * answered *"
    assert said.content.message == "payment 4711 failed: gateway 10.0.0.9:8443 answered 502"
    assert said.severity is Severity.HIGH
    assert said.started_at == datetime(2026, 11, 20, 10, 15, 30, 123457, tzinfo=UTC)
    labels = said.content.labels
    assert (labels["code"], labels["deployment.environment.name"], labels["scope"]) == ("502", "prod", "shop.payments")
    assert (labels["severity_text"], labels["trace_id"]) == ("ERROR", "5b8efff798038103d269b633813fc60c")


def test_protobuf_says_the_same_as_json() -> None:
    assert only(SOURCE, "protobuf") == only(SOURCE, "protobuf-unnamed") == only(SOURCE, "firing")


def test_protobuf_costs_nothing_until_it_is_sent() -> None:
    look = "import sys, alertwhisperer.sources.otlp; sys.exit('google.protobuf' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", look], check=False, timeout=60).returncode == 0


def test_all_kinds_of_values_survive_protobuf() -> None:
    sent = ExportLogsServiceRequest()
    record = sent.resource_logs.add().scope_logs.add().log_records.add(severity_number=21, event_name="values")
    record.body.bytes_value = b"\x00\xff"
    for name, value in (("text", "a"), ("none", None)):
        pair = record.attributes.add(key=name)
        if value is not None:
            pair.value.string_value = value
    record.attributes.add(key="whole").value.int_value = -(2**62)
    record.attributes.add(key="part").value.double_value = 0.5
    record.attributes.add(key="yes").value.bool_value = True
    record.attributes.add(key="list").value.array_value.values.add().string_value = "first"
    record.attributes.add(key="map").value.kvlist_value.values.add(key="inner").value.string_value = "deep"
    assert SOURCE.decode is not None
    document = SOURCE.decode(sent.SerializeToString(), {"content-type": "application/x-protobuf"})
    ((_, said),) = SOURCE.parse(request(document)).occurrences
    assert said.content.labels == {
        "severity_number": "21",
        "text": "a",
        "whole": "-4611686018427387904",
        "part": "0.5",
        "yes": "true",
        "list.0": "first",
        "map.inner": "deep",
    }
    assert (said.severity, said.content.signature, said.content.message) == (Severity.CRITICAL, "values", "AP8=")


def test_a_resolve_passes_any_threshold_and_ends_the_problem() -> None:
    fired, ended = only(SOURCE, "firing"), only(SOURCE, "resolved", threshold="fatal")
    assert (ended.kind, ended.problem, ended.severity) == (Kind.RESOLVED, fired.problem, None)
    assert ended.started_at is None
    assert ended.ended_at == datetime(2026, 11, 20, 10, 15, 50, tzinfo=UTC)


@pytest.mark.parametrize(
    ("name", "note", "message"),
    [
        ("test", "test", "just a trial"),
        ("empty", "empty", "A request without log records"),
        (
            "below-threshold",
            "below_threshold",
            "3 log records of a severity below 13, the integration's threshold",
        ),
    ],
)
def test_what_is_no_problem_changes_nothing(name: str, note: str, message: str) -> None:
    said = only(SOURCE, name)
    assert (said.kind, said.note, said.content.message) == (Kind.NOTED, note, message)


def test_records_are_taken_one_by_one_and_those_below_the_threshold_are_counted_once() -> None:
    said = parsed(SOURCE, "mixed")
    assert [(place, one.kind, one.note) for place, one in said.occurrences] == [
        (1, Kind.FIRING, ""),
        (3, Kind.FIRING, ""),
        (5, Kind.NOTED, "below_threshold"),
    ]
    assert said.occurrences[-1][1].content.message.startswith("2 log records")
    ((refused),) = said.refused
    assert (refused.index, refused.where) == (2, "resourceLogs[0].scopeLogs[0].logRecords[2]")


def test_the_threshold_is_the_integrations() -> None:
    assert [one.note for _, one in parsed(SOURCE, "threshold-error").occurrences] == ["", "below_threshold"]
    assert [one.note for _, one in parsed(SOURCE, "below-threshold", threshold=9).occurrences] == [
        "",
        "",
        "below_threshold",
    ]


@pytest.mark.parametrize("value", ["warn", "WARN", "warning", "error3", "fatal", 1, 24])
def test_a_threshold_is_a_word_or_a_number(value: object) -> None:
    (setting,) = SOURCE.settings
    assert setting.check(value) is None


@pytest.mark.parametrize("value", ["", "loud", 0, 25, True, 13.0, None, ["warn"], "w" * 100])
def test_anything_else_is_no_threshold(value: object) -> None:
    (setting,) = SOURCE.settings
    assert setting.check(value) is not None


@pytest.mark.parametrize(
    ("number", "text", "severity"),
    [
        (24, "", Severity.CRITICAL),
        (21, "", Severity.CRITICAL),
        (20, "", Severity.HIGH),
        (17, "FATAL", Severity.HIGH),
        (16, "", Severity.MEDIUM),
        (13, "", Severity.MEDIUM),
        (12, "", Severity.INFO),
        (1, "", Severity.INFO),
        ("17", "", Severity.HIGH),
        ("SEVERITY_NUMBER_FATAL2", "", Severity.CRITICAL),
        (0, "Critical", Severity.CRITICAL),
        (0, "WARN3", Severity.MEDIUM),
        (None, "notice", Severity.LOW),
        (99, "err", Severity.HIGH),
        (0, "quite bad", None),
        (None, "", None),
    ],
)
def test_the_number_says_the_severity_and_else_the_text(number: Any, text: str, severity: Severity | None) -> None:
    record = {"severityNumber": number, "severityText": text, "body": {"stringValue": "x"}}
    record["attributes"] = [attribute("alert.status", "firing")]
    assert of_record(record).severity is severity


@pytest.mark.parametrize(("level", "is_alert"), [("notice", True), ("info", True), ("", True), ("debug", False)])
def test_a_record_without_a_number_stands_where_its_text_says_and_without_both_at_info(
    level: str, is_alert: bool
) -> None:
    said = of_record({"severityText": level, "body": {"stringValue": "x"}}, threshold="info")
    assert (said.kind is Kind.FIRING) is is_alert


def test_a_name_of_the_event_is_the_signature_whatever_the_wording() -> None:
    assert only(SOURCE, "event-name").content.signature == "payment.failed"
    named = {"severityNumber": 17, "attributes": [attribute("event.name", "e"), attribute("alert.name", "queue stuck")]}
    assert of_record(named).content.signature == "queue stuck"
    assert of_record(named | {"body": {"stringValue": "other words"}}).problem == of_record(named).problem


def test_a_random_instance_id_is_no_asset() -> None:
    assert only(SOURCE, "no-host").content.asset == "pay"


def test_an_asset_is_found_without_a_resource() -> None:
    assert of_record({"severityNumber": 17, "attributes": [attribute("host.name", "fw-1")]}).content.asset == "fw-1"
    assert of_record({"severityNumber": 17}).content.asset == "opentelemetry"


def test_a_structured_body_is_read_and_kept() -> None:
    said = only(SOURCE, "structured-body")
    assert said.content.message == "queue orders is stuck"
    labels = said.content.labels
    assert (labels["body.depth"], labels["body.full"], labels["body.workers.1"]) == ("981", "true", "w2")


def test_an_exception_speaks_where_the_body_is_silent() -> None:
    said = only(SOURCE, "exception")
    assert said.content.message == "no answer after 30 s"
    assert said.content.signature == "pay: no answer after * s"
    assert said.content.labels["exception.type"] == "TimeoutError"


def test_the_observed_time_stands_in() -> None:
    assert only(SOURCE, "observed-time").started_at == datetime(2026, 11, 20, 10, 15, 31, tzinfo=UTC)


def test_two_services_on_one_host_with_the_same_event_are_two_problems() -> None:
    def of(service: str) -> Occurrence:
        resource = {"attributes": [attribute("host.name", "app-01"), attribute("service.name", service)]}
        record = {"severityNumber": 17, "eventName": "out of memory"}
        body = {"resourceLogs": [{"resource": resource, "scopeLogs": [{"logRecords": [record]}]}]}
        ((_, said),) = SOURCE.parse(request(body)).occurrences
        return said

    assert of("pay").problem != of("cart").problem


@pytest.mark.parametrize(
    ("message", "shape"),
    [
        ('payment 4711 of "jo" failed after 12 ms', "payment * of * failed after * ms"),
        ("can't open '/etc/x.conf': No such file", "can't open *: No such file"),
        ("connect to [2001:db8::1]:443 or 10.0.0.5:5432 failed", "connect to * or * failed"),
        ("at 2026-11-20T10:15:30.123Z user 3fa85f64-5717-4562-b3fc-2c963f66afa6 left", "at * user * left"),
        ("GET https://shop.example.com/a?x=1 returned 502", "GET * returned *"),
        ("commit deadbeef1 of facade, token a8Kd93jQ22x", "commit * of facade, token *"),
        ("web-01: temperature -5.2 and/or 0x1F", "web-*: temperature * and/or *"),
        ("open C:\\temp\\x.txt or /var/log/x-1.log", "open * or *"),
        ("ids: 1, 2, 3", "ids: *"),
        ("first line\nsecond line 2", "first line"),
        ("  ", ""),
    ],
)
def test_a_template_keeps_the_words_and_masks_what_varies(message: str, shape: str) -> None:
    assert template(message) == shape


def test_a_message_of_ids_alone_is_named_by_who_wrote_it() -> None:
    assert of_record({"severityNumber": 17, "body": {"stringValue": "0x1F 12"}}).content.signature == "log record"


# ------------------------------------------------------------------------------------------------ answers


def test_success_is_an_empty_answer_in_the_requests_encoding() -> None:
    as_json = answered(load("otlp", "firing").inbound(SOURCE))
    assert (as_json.status, as_json.content_type, as_json.body) == (200, "application/json", b"{}")
    as_protobuf = answered(load("otlp", "protobuf").inbound(SOURCE))
    assert (as_protobuf.status, as_protobuf.content_type, as_protobuf.body) == (200, "application/x-protobuf", b"")


def test_refused_records_are_a_partial_success() -> None:
    inbound = load("otlp", "mixed").inbound(SOURCE)
    said = json.loads(answered(inbound).body)["partialSuccess"]
    assert said["rejectedLogRecords"] == "1"
    assert "logRecords[2]" in said["errorMessage"]


def test_a_body_in_quarantine_is_a_success_with_a_warning() -> None:
    """It is stored, so sending it again would help nobody."""
    sample = load("otlp", "protobuf-broken")
    answer = answered(sample.inbound(), "the body is broken é" * 20)
    told = ExportLogsServiceResponse()
    told.ParseFromString(answer.body)
    assert (answer.status, told.partial_success.rejected_log_records) == (200, 0)
    assert told.partial_success.error_message == "the body is broken é" * 20


def test_rejected_records_are_counted_in_protobuf() -> None:
    """A protobuf request cannot hold a member that is no record; the answer is made all the same."""
    inbound = load("otlp", "protobuf").inbound(SOURCE)
    many = request({"resourceLogs": [{"scopeLogs": [{"logRecords": [1] * 300}]}]})
    assert SOURCE.reply is not None
    answer = SOURCE.reply(inbound, Told("id", 300, False, SOURCE.parse(many)))
    told = ExportLogsServiceResponse()
    told.ParseFromString(answer.body)
    assert told.partial_success.rejected_log_records == 300


def test_a_refusal_is_a_status_in_the_requests_encoding() -> None:
    assert SOURCE.refuse is not None
    as_json = SOURCE.refuse(Denied(401, "the key is not known", "copy it", {"content-type": "application/json"}))
    assert (as_json.status, json.loads(as_json.body)) == (401, {"message": "the key is not known; copy it"})
    as_protobuf = SOURCE.refuse(Denied(503, "limit", "wait", {"content-type": "application/x-protobuf"}))
    assert as_protobuf.content_type == "application/x-protobuf"
    assert as_protobuf.body == b"\x12\x0blimit; wait"  # google.rpc.Status: field 2 is the message


def test_an_empty_protobuf_request_is_a_success() -> None:
    inbound = request(None, b"", {"content-type": "application/x-protobuf"})
    assert answered(inbound).body == b""


def test_a_flood_of_empty_records_is_not_unpacked() -> None:
    flood = b"\x12\x00" * 100_001
    scope = b"\x12" + _varint(len(flood)) + flood
    body = b"\x0a" + _varint(len(scope)) + scope
    assert SOURCE.decode is not None
    with pytest.raises(Invalid, match="more than 100000"):
        SOURCE.decode(body, {})


def _varint(number: int) -> bytes:
    coded = b""
    while number > 0x7F:
        coded += bytes([number & 0x7F | 0x80])
        number >>= 7
    return coded + bytes([number])


def test_the_trial_of_the_setup_page_is_a_test() -> None:
    body = SOURCE.setup.split("-d '", 1)[1].split("'", 1)[0]
    ((_, said),) = SOURCE.parse(request(json.loads(body))).occurrences
    assert (said.kind, said.note, said.content.asset) == (Kind.NOTED, "test", "app-01")
