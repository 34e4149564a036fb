"""
OpenTelemetry logs: OTLP over HTTP, in protobuf or JSON, from an SDK or a Collector.

A log record is an alert when its severity reaches the integration's threshold, or when it says so by the attribute
`alert.status`, which alone can end one: logs do not tell that all is well again. What lies below the threshold is
counted in one noted occurrence of the request, so that the ledger knows of it without a row for each line of a log.

Checked against the OTLP specification (encodings, answers, codes that are retried), the published `.proto` files and
the log data model (a record without a severity may be read as INFO); the resource's `service.instance.id` is a random
UUID in most SDKs and is no asset then.
"""

from base64 import b64encode
from collections.abc import Iterator, Mapping
from typing import Any
from uuid import UUID

import msgspec

from alertwhisperer.domain import severity
from alertwhisperer.domain.asset import canonical
from alertwhisperer.domain.errors import Invalid
from alertwhisperer.domain.occurrence import Content, Kind, Occurrence, Refused
from alertwhisperer.domain.severity import Severity
from alertwhisperer.sources._reading import (
    KINDS,
    LONGEST_MESSAGE,
    LONGEST_NAME,
    digest,
    first,
    given,
    labels_of,
    line,
    moment,
    rows,
    scalar,
    table,
)
from alertwhisperer.sources._template import template
from alertwhisperer.sources.contract import Denied, Inbound, Json, Parsed, Reply, Setting, Source, Told

_SLUG = "otlp"
_PROTOBUF = "application/x-protobuf"
_JSON = "application/json"
_STATUS = "alert.status"
_NAMES = ("alert.name", "event.name")
_HOSTS = ("host.name", "k8s.pod.name", "service.instance.id", "service.name")
_TEXTS = ("message", "msg", "error", "event")  # of a structured body
_LEVELS = {"trace": 1, "debug": 5, "info": 9, "warn": 13, "error": 17, "fatal": 21}
_INFO = _LEVELS["info"]
_HIGHEST_LEVEL = 24
# Of severities that only a text names; a notice lies in the range of INFO, as the data model has it.
_LEVEL_OF = {Severity.CRITICAL: 21, Severity.HIGH: 17, Severity.MEDIUM: 13, Severity.LOW: 10, Severity.INFO: 9}
_MOST_RECORDS = 100_000  # far more than 5 MB of real records; two bytes of protobuf make an empty one
_MOST_ATTRIBUTES = 128  # the SDKs' own limit of a record
_MOST_VALUES = 64  # of a list or a map: more would not find room among the labels


# ------------------------------------------------------------------------------------------------ what is sent


def decode(body: bytes, headers: Mapping[str, str]) -> Json:
    """
    A protobuf request in the shape of an OTLP/JSON one; None when it is not protobuf.

    Raises:
        Invalid: it is broken, or holds an unreasonable number of records.
    """
    if not _is_protobuf(body, headers):
        return None
    # Here, because most servers never see OTLP and the runtime of protobuf is heavy.
    from google.protobuf.message import DecodeError
    from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest

    request = ExportLogsServiceRequest()
    try:
        request.ParseFromString(body)
    except DecodeError as failure:
        raise Invalid(
            "the body is not an OTLP logs request in protobuf", where="body", mend="send ExportLogsServiceRequest"
        ) from failure
    if sum(len(scope.log_records) for group in request.resource_logs for scope in group.scope_logs) > _MOST_RECORDS:
        raise _too_many()
    return {"resourceLogs": [_group(group) for group in request.resource_logs]}


def _is_protobuf(body: bytes, headers: Mapping[str, str]) -> bool:
    """By the content type, else by the first byte: the tag of the only field, which in JSON is but a line's end."""
    content_type = headers.get("content-type", "").lower()
    if "protobuf" in content_type or "json" in content_type:
        return "protobuf" in content_type
    return body[:1] == b"\n" and body.lstrip()[:1] != b"{"


def _group(group: Json) -> Json:
    scopes = [
        {"scope": {"name": scope.scope.name}, "logRecords": [_record(record) for record in scope.log_records]}
        for scope in group.scope_logs
    ]
    return {"resource": {"attributes": _pairs(group.resource.attributes)}, "scopeLogs": scopes}


def _record(record: Json) -> Json:
    return {
        "timeUnixNano": str(record.time_unix_nano),
        "observedTimeUnixNano": str(record.observed_time_unix_nano),
        "severityNumber": record.severity_number,
        "severityText": record.severity_text,
        "body": _any_value(record.body),
        "attributes": _pairs(record.attributes),
        "traceId": record.trace_id.hex(),
        "spanId": record.span_id.hex(),
        "eventName": record.event_name,
    }


def _pairs(pairs: Json) -> Json:
    return [{"key": pair.key, "value": _any_value(pair.value)} for pair in pairs[:_MOST_ATTRIBUTES]]


def _any_value(value: Json) -> Json:
    kind = value.WhichOneof("value")
    if kind == "string_value":
        return {"stringValue": value.string_value}
    if kind == "int_value":
        return {"intValue": str(value.int_value)}
    if kind == "bool_value":
        return {"boolValue": value.bool_value}
    if kind == "double_value":
        return {"doubleValue": value.double_value}
    if kind == "array_value":
        return {"arrayValue": {"values": [_any_value(one) for one in value.array_value.values[:_MOST_VALUES]]}}
    if kind == "kvlist_value":
        return {"kvlistValue": {"values": _pairs(value.kvlist_value.values)}}
    return {"bytesValue": b64encode(value.bytes_value).decode()} if kind == "bytes_value" else {}


def _too_many() -> Invalid:
    return Invalid(
        f"the request holds more than {_MOST_RECORDS} log records", where="body", mend="send smaller batches"
    )


# ------------------------------------------------------------------------------------------------ what it says


class _Origin(msgspec.Struct, frozen=True):
    """Who wrote a group of records."""

    resource: dict[str, Json]
    scope: str | None
    service: str | None


def parse(inbound: Inbound) -> Parsed:
    """Each record that reaches the threshold is an occurrence; all others together are one, which is noted."""
    body = inbound.document if inbound.body else {}  # no bytes are what protobuf has for no records
    if body != {} and type(table(body).get("resourceLogs")) is not list:
        raise Invalid(
            "this is not an OTLP logs request: there is no list `resourceLogs`",
            where="resourceLogs",
            mend="send logs here, and traces and metrics elsewhere",
        )
    threshold = _threshold_level(inbound.settings.get("threshold", _DEFAULT_THRESHOLD)) or _LEVELS["warn"]
    understood: list[tuple[int, Occurrence]] = []
    refused: list[Refused] = []
    below = place = 0
    for place, (where, origin, record) in enumerate(_records(body), 1):
        if place > _MOST_RECORDS:
            raise _too_many()
        if type(record) is not dict:
            refused.append(Refused(place - 1, "a log record must be an object", where, "send OTLP/JSON"))
            continue
        level, worst = _level(record)
        status = _status(record)
        if status is None and level < threshold:
            below += 1
            continue
        understood.append((place - 1, _occurrence(record, origin, worst, status, inbound)))
    if below:
        understood.append((place, _noted(_left_out(below, threshold), "below_threshold")))
    elif not place:
        understood.append((0, _noted("A request without log records", "empty")))
    return Parsed(tuple(understood), tuple(refused))


def _records(body: Mapping[str, Any]) -> Iterator[tuple[str, _Origin, Json]]:
    """Each record with where it stands and who wrote it; what should hold records and cannot, stands for one."""
    for group_place, group in enumerate(rows(body.get("resourceLogs"))):
        where = f"resourceLogs[{group_place}]"
        resource = _attributes(table(table(group).get("resource")).get("attributes"))
        service = given(resource.get("service.name"))
        if type(group) is not dict:
            yield where, _Origin(resource, None, None), group
        for scope_place, scope in enumerate(rows(table(group).get("scopeLogs"))):
            within = f"{where}.scopeLogs[{scope_place}]"
            origin = _Origin(resource, given(table(table(scope).get("scope")).get("name")), service)
            if type(scope) is not dict:
                yield within, origin, scope
            for record_place, record in enumerate(rows(table(scope).get("logRecords"))):
                yield f"{within}.logRecords[{record_place}]", origin, record


def _left_out(below: int, threshold: int) -> str:
    return f"{below} log records of a severity below {threshold}, the integration's threshold"


def _noted(message: str, note: str) -> Occurrence:
    return Occurrence(Kind.NOTED, Content("opentelemetry", note, message, _SLUG), None, digest(note), note=note)


def _occurrence(
    record: Mapping[str, Any], origin: _Origin, worst: Severity | None, status: str | None, inbound: Inbound
) -> Occurrence:
    kind, note = KINDS.get((status or "").lower(), (Kind.FIRING, ""))
    attributes = _attributes(record.get("attributes"))
    body = _plain(record.get("body"))
    text = _text(body, attributes)
    asset = _asset(origin, attributes)
    signature = _signature(record, origin, attributes, text)
    at = moment(record.get("timeUnixNano"), inbound.received_at)
    at = at or moment(record.get("observedTimeUnixNano"), inbound.received_at)
    resolved = kind is Kind.RESOLVED
    return Occurrence(
        kind,
        Content(asset, signature, text or signature, _SLUG, _labels(record, origin, attributes, body)),
        None if resolved else worst,
        digest(canonical(asset), origin.service or "", signature),
        None,
        None if resolved else at,
        at if resolved else None,
        note,
    )


def _level(record: Mapping[str, Any]) -> tuple[int, Severity | None]:
    """Where the record stands between 1 and 24, and how bad that is; a record that does not say stands at INFO."""
    number, text = record.get("severityNumber"), given(record.get("severityText"))
    if type(number) is str:  # an enum by its name is not allowed in OTLP/JSON, and is sent all the same
        number = int(number) if number.isascii() and number.isdigit() and len(number) < 4 else _level_of_word(number)
    if type(number) is int and 1 <= number <= _HIGHEST_LEVEL:
        return number, _severity(number)
    level = None if text is None else _level_of_word(text)
    return (_INFO, None) if level is None or text is None else (level, severity.from_word(text) or _severity(level))


def _severity(level: int) -> Severity:
    if level >= _LEVELS["fatal"]:
        return Severity.CRITICAL
    if level >= _LEVELS["error"]:
        return Severity.HIGH
    return Severity.MEDIUM if level >= _LEVELS["warn"] else Severity.INFO


def _level_of_word(text: str) -> int | None:
    """`WARN` is 13, `ERROR3` 19; other loggers' words where their severity begins."""
    word = text.strip().lower().removeprefix("severity_number_")
    if word[-1:] in ("2", "3", "4") and word[:-1] in _LEVELS:
        return _LEVELS[word[:-1]] + int(word[-1]) - 1
    if word in _LEVELS:
        return _LEVELS[word]
    known = severity.from_word(word)
    return None if known is None else _LEVEL_OF[known]


def _status(record: Mapping[str, Any]) -> str | None:
    """The attribute that makes an alert of a record whatever its severity; looked for alone, most records have none."""
    for row in rows(record.get("attributes"))[:_MOST_ATTRIBUTES]:
        if type(row) is dict and row.get("key") == _STATUS:
            return given(_plain(row.get("value")))
    return None


def _attributes(pairs: Json) -> dict[str, Json]:
    return {
        row["key"]: _plain(row.get("value"))
        for row in rows(pairs)[:_MOST_ATTRIBUTES]
        if type(row) is dict and type(row.get("key")) is str
    }


def _plain(value: Json) -> Json:
    """What an AnyValue holds; None for an empty or a strange one. 64-bit numbers stay the texts that they are."""
    if type(value) is not dict:
        return None
    for name in ("stringValue", "intValue", "boolValue", "doubleValue", "bytesValue"):
        if name in value:
            return value[name] if type(value[name]) is not dict and type(value[name]) is not list else None
    if "arrayValue" in value:
        return [_plain(one) for one in rows(table(value["arrayValue"]).get("values"))[:_MOST_VALUES]]
    return _attributes(table(value["kvlistValue"]).get("values")) if "kvlistValue" in value else None


def _text(body: Json, attributes: Mapping[str, Json]) -> str | None:
    """The first line of what the record says."""
    said = [body.get(name) for name in _TEXTS] if type(body) is dict else [body]
    for value in (*said, attributes.get("exception.message"), attributes.get("exception.type")):
        text = (scalar(value) or "").strip()
        if text:
            return line(text[: 4 * LONGEST_MESSAGE].splitlines()[0], LONGEST_MESSAGE)
    return None


def _asset(origin: _Origin, attributes: Mapping[str, Json]) -> str:
    for name in _HOSTS:
        found = given(origin.resource.get(name))
        if found is not None and not (name == "service.instance.id" and _is_uuid(found)):
            return found
    return first((attributes.get("host.name"), origin.scope)) or "opentelemetry"


def _is_uuid(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True


def _signature(record: Mapping[str, Any], origin: _Origin, attributes: Mapping[str, Json], text: str | None) -> str:
    name = first((*(attributes.get(name) for name in _NAMES), record.get("eventName")))
    if name is not None:
        return name
    shape = template(text) if text else ""
    if not any(map(str.isalpha, shape)):  # nothing but numbers and ids names no check
        shape = first((attributes.get("exception.type"), origin.scope)) or "log record"
    return line(shape if origin.service is None else f"{origin.service}: {shape}", LONGEST_NAME)


def _labels(record: Mapping[str, Any], origin: _Origin, attributes: Mapping[str, Json], body: Json) -> dict[str, str]:
    own = {
        "severity_text": given(record.get("severityText")),
        "severity_number": record.get("severityNumber"),
        "scope": origin.scope,
        "trace_id": given(record.get("traceId")),
        "span_id": given(record.get("spanId")),
    }
    return labels_of(own, attributes, {"body": body} if type(body) is dict else {}, origin.resource)


# ------------------------------------------------------------------------------------------------ what is answered


def reply(inbound: Inbound, told: Told) -> Reply:
    """
    Success, with how many records were refused, in the encoding of the request.

    A body that waits in quarantine is a success with a warning: it is stored, and must not be sent again.
    """
    refused = told.parsed.refused if told.parsed is not None else ()
    text = told.problem or (f"{refused[0].where}: {refused[0].what}" if refused else "")
    if _is_protobuf(inbound.body, inbound.headers):
        count = b"" if not refused else b"\x08" + _varint(len(refused))
        return Reply(200, _field(1, count + _field(2, text.encode("utf-8", "replace"))) if text else b"", _PROTOBUF)
    told_by = {"partialSuccess": {"rejectedLogRecords": str(len(refused)), "errorMessage": text}} if text else {}
    return Reply(200, msgspec.json.encode(told_by), _JSON)


def refuse(denied: Denied) -> Reply:
    """A `google.rpc.Status` with its message."""
    text = f"{denied.what}; {denied.mend}"
    if _is_protobuf(b"", denied.headers):
        return Reply(denied.status, _field(2, text.encode("utf-8", "replace")), _PROTOBUF)
    return Reply(denied.status, msgspec.json.encode({"message": text}), _JSON)


def _field(number: int, content: bytes) -> bytes:
    """A field of bytes in protobuf; two such fields are all that is answered, and not worth its runtime."""
    return bytes((number << 3 | 2,)) + _varint(len(content)) + content


def _varint(number: int) -> bytes:
    coded = bytearray()
    while number > 0x7F:
        coded.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes((*coded, number))


# ------------------------------------------------------------------------------------------------ what can be set

_DEFAULT_THRESHOLD = "warn"


def _threshold_level(value: Json) -> int | None:
    if type(value) is int:
        return value if 1 <= value <= _HIGHEST_LEVEL else None
    return _level_of_word(value) if type(value) is str and len(value) <= 32 else None


def _threshold_complaint(value: Json) -> str | None:
    if _threshold_level(value) is not None:
        return None
    return "must be trace, debug, info, warn, error or fatal, or a severity number from 1 to 24"


def detects(inbound: Inbound) -> bool:
    """OTLP/JSON by its outermost list; protobuf is known on our own path only."""
    body = inbound.document
    return type(body) is dict and type(body.get("resourceLogs")) is list


SETUP = """\
**From an application.** Every OpenTelemetry SDK with a logs exporter reads these variables:

```sh
export OTEL_LOGS_EXPORTER=otlp
export OTEL_EXPORTER_OTLP_LOGS_PROTOCOL=http/protobuf
export OTEL_EXPORTER_OTLP_LOGS_ENDPOINT={webhook_url}/v1/logs
export OTEL_EXPORTER_OTLP_LOGS_HEADERS=x-api-key={api_key}
export OTEL_EXPORTER_OTLP_LOGS_COMPRESSION=gzip
export OTEL_RESOURCE_ATTRIBUTES=host.name=app-01,service.name=shop   # host.name becomes the asset
```

**From a Collector** (before 0.144 the exporter is called `otlphttp`): add to its configuration

```yaml
processors:
  filter/alerts:                 # optional: what lies below the threshold opens nothing here anyway
    error_mode: ignore
    logs:
      log_record:
        - severity_number < SEVERITY_NUMBER_WARN and attributes["alert.status"] == nil
  batch/alerts:
    send_batch_max_size: 1000    # a request may have 5 MB

exporters:
  otlp_http/alert-whisperer:
    logs_endpoint: {webhook_url}/v1/logs
    headers:
      X-API-Key: {api_key}

service:
  pipelines:
    logs/alerts:
      receivers: [otlp]          # yours
      processors: [filter/alerts, batch/alerts]
      exporters: [otlp_http/alert-whisperer]
```

A trial, with a log record that says of itself that it is a test:

```sh
curl -fsS {webhook_url}/v1/logs -H 'X-API-Key: {api_key}' -H 'Content-Type: application/json' -d '{"resourceLogs":
  [{"resource": {"attributes": [{"key": "host.name", "value": {"stringValue": "app-01"}}]},
    "scopeLogs": [{"logRecords": [{"severityNumber": 17, "body": {"stringValue": "just a trial"},
      "attributes": [{"key": "alert.status", "value": {"stringValue": "test"}}]}]}]}]}'
```

- Records of `threshold` (a setting of the integration: `warn` by default, or `info`, `error`, `fatal`, 1 … 24) and
  above become alerts; the rest is only counted. A record without a severity counts as `info`.
- One alert is one message on one asset, whatever the numbers, ids, addresses, paths and quoted texts in it are. Name
  the event (`event.name` or `alert.name` among its attributes) when the wording changes.
- Logs do not say when a problem is over. Write a record of the same name or wording with the attribute `alert.status`
  = `resolved`, at any severity; otherwise close the incident by hand.
"""

SOURCE = Source(
    slug=_SLUG,
    title="OpenTelemetry logs (OTLP)",
    docs="https://opentelemetry.io/docs/specs/otlp/",
    version=1,
    parse=parse,
    setup=SETUP,
    can_send=("header", "basic", "query", "path"),
    detects=detects,
    settings=(
        Setting(
            "threshold",
            "The least severity of a log record that becomes an alert: trace, debug, info, warn, error, fatal, or a "
            "severity number from 1 to 24.",
            _DEFAULT_THRESHOLD,
            _threshold_complaint,
        ),
    ),
    reads_headers=("content-type",),
    temporary_status=503,  # a 429 is retried as the specification has it, but not by older SDKs
    paths=("v1/logs",),
    decode=decode,
    reply=reply,
    refuse=refuse,
)
