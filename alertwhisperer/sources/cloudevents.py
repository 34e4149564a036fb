"""
CloudEvents 1.0 over HTTP: structured, batched and binary, from whatever can wrap its alerts in them.

An event's `source` and `id` name the statement, not the problem: they drop redeliveries. The problem is what the data
names, else source, type and subject; the state may stand in the data or as the last word of the type
(`com.example.disk.full.resolved`). Data in the shape of another tool is read by these fields only: point such a tool
at its own source instead.

Checked against the specification's HTTP binding (modes, percent-encoding of headers), its JSON and batch formats and
its webhook page (handshake, credentials). Which names a sender gives to the fields of its data is its own affair.
"""

from base64 import b64decode
from binascii import Error as NotBase64
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any
from urllib.parse import unquote_to_bytes

import msgspec

from alertwhisperer.domain import severity
from alertwhisperer.domain.errors import Invalid
from alertwhisperer.domain.occurrence import Content, Kind, Occurrence, Refused
from alertwhisperer.domain.severity import Severity
from alertwhisperer.sources._reading import (
    KINDS,
    LONGEST_MESSAGE,
    digest,
    first,
    given,
    labels_of,
    line,
    links,
    moment,
    scalar,
    table,
)
from alertwhisperer.sources.contract import Inbound, Json, Parsed, Reply, Source

_SLUG = "cloudevents"
_STRUCTURED = "application/cloudevents"
_HEADER = "ce-"
_ORIGIN = "webhook-request-origin"
_SHOWN = ("type", "source", "subject")
_KNOWN = frozenset({*_SHOWN, "specversion", "id", "time", "data", "data_base64", "datacontenttype", "dataschema"})
_ASSETS = ("asset_name", "asset", "host", "hostname", "instance")
_SIGNATURES = ("signature", "alertname", "alert_name", "check", "rule")
_PROBLEMS = ("fingerprint", "dedup_key", "id")
_STATES = ("status", "state")
_SEVERITIES = ("severity", "priority", "level")
_MESSAGES = ("message", "summary", "description", "title", "text")
_STARTS = ("started_at", "startsAt", "start_time")
_ENDS = ("ended_at", "endsAt", "end_time")
_LINKS = {"console": "url", "runbook": "runbook_url", "dashboard": "dashboard_url"}
_ENDINGS: Mapping[str, tuple[Kind, str]] = {
    **KINDS,
    "fired": (Kind.FIRING, ""),
    "heartbeat": (Kind.NOTED, "heartbeat"),
}
_MEND = 'send {"specversion": "1.0", "id": "…", "source": "…", "type": "…", "data": {…}}, or the ce- headers'


class _Wrong(Exception):
    """An event that cannot be used, and why."""

    def __init__(self, what: str, field: str) -> None:
        self.what = what
        self.field = field


# ------------------------------------------------------------------------------------------------ how it is wrapped


def decode(body: bytes, headers: Mapping[str, str]) -> Json:
    """The data of an event in binary mode, as text when its content type is not JSON; None for everything else."""
    if not _is_binary(headers) or _is_json(headers.get("content-type", "")):
        return None
    return body.decode("utf-8", "replace")


def _is_binary(headers: Mapping[str, str]) -> bool:
    """A structured event may repeat its attributes in headers; then its content type says so."""
    return "ce-specversion" in headers and not headers.get("content-type", "").strip().lower().startswith(_STRUCTURED)


def _is_json(content_type: str) -> bool:
    """`*/json` or `*/*+json`; without a content type data is JSON."""
    media_type = content_type.partition(";")[0].strip().lower()
    return not media_type or media_type.endswith(("/json", "+json"))


def _attributes(headers: Mapping[str, str]) -> dict[str, str]:
    """The attributes in the headers of an event in binary mode."""
    names = [name for name in headers if name.startswith(_HEADER) and len(name) > len(_HEADER)]
    return {name[len(_HEADER) :]: _unescaped(name, headers[name]) for name in names}


def _unescaped(name: str, value: str) -> str:
    """A header's value without quotes and, once, without percent-encoding; what is not UTF-8 then must be refused."""
    if len(value) > 1 and value[0] == value[-1] == '"':
        value = _without_backslashes(value[1:-1])
    try:
        return unquote_to_bytes(value.encode("latin-1", "replace")).decode()
    except UnicodeDecodeError:
        raise _Wrong("the header is not percent-encoded UTF-8", name) from None


def _without_backslashes(value: str) -> str:
    parts = value.split("\\\\")
    return "\\".join(part.replace("\\", "") for part in parts)


def _data(event: Mapping[str, Any]) -> Json:
    """The event's data; bytes are read as its content type says, which is JSON when there is none."""
    if type(event.get("data_base64")) is not str:
        return event.get("data")
    try:
        raw = b64decode(event["data_base64"])
    except (NotBase64, ValueError):
        raise _Wrong("the data is not base64", "data_base64") from None
    if _is_json(scalar(event.get("datacontenttype")) or ""):
        try:
            return msgspec.json.decode(raw)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            raise _Wrong("the data in base64 is not JSON, as its content type says", "data_base64") from None
    return raw.decode("utf-8", "replace")


# ------------------------------------------------------------------------------------------------ what it says


def parse(inbound: Inbound) -> Parsed:
    """One event is one occurrence; in a batch each for itself."""
    understood: list[tuple[int, Occurrence]] = []
    refused: list[Refused] = []
    is_batch = type(inbound.document) is list and not _is_binary(inbound.headers)
    try:
        for index, event in _events(inbound):
            try:
                understood.append((index, _occurrence(event, inbound)))
            except _Wrong as wrong:
                if not is_batch:
                    raise
                refused.append(Refused(index, wrong.what, f"[{index}].{wrong.field}".rstrip("."), _MEND))
    except _Wrong as wrong:
        raise Invalid(wrong.what, where=wrong.field or "body", mend=_MEND) from wrong
    return Parsed(tuple(understood), tuple(refused))


def _events(inbound: Inbound) -> Iterator[tuple[int, Json]]:
    if _is_binary(inbound.headers):
        yield 0, {**_attributes(inbound.headers), "data": inbound.document}
    elif type(inbound.document) is list:
        yield from enumerate(inbound.document)
    else:
        yield 0, inbound.document


def _occurrence(event: Json, inbound: Inbound) -> Occurrence:
    if type(event) is not dict:
        raise _Wrong("a CloudEvent must be an object", "")
    version = given(event.get("specversion"))
    if version is None or not version.startswith("1."):
        raise _Wrong("this is not a CloudEvent of version 1", "specversion")
    name = given(event.get("type"))
    if name is None:
        raise _Wrong("the event has no type", "type")
    said = _data(event)
    data = table(said)
    check, state, note = _state(name, data)
    signature = first(data.get(field) for field in _SIGNATURES) or check
    at = moment(event.get("time"), inbound.received_at)
    resolved = state is Kind.RESOLVED
    return Occurrence(
        state,
        Content(
            _asset(event, data) or signature,
            signature,
            _message(event, said) or signature,
            _SLUG,
            _labels(event, data),
            links({shown: data.get(field) for shown, field in _LINKS.items()}),
        ),
        None if resolved else _severity(event, data),
        _problem(event, data, check, signature),
        None,
        _time(data, _STARTS, inbound) or (None if resolved else at),
        _time(data, _ENDS, inbound) or at if resolved else None,
        note,
    )


def _state(name: str, data: Mapping[str, Any]) -> tuple[str, Kind, str]:
    """The type without its state, and the state as the data says it, else the type's last word; it fires by default."""
    stem, _, ending = name.rpartition(".")
    of_type = _ENDINGS.get(ending.lower()) if stem else None
    check = name if of_type is None else stem
    for field in _STATES:
        word = given(data.get(field))
        if word is not None and word.lower() in _ENDINGS:
            return check, *_ENDINGS[word.lower()]
    return check, *(of_type or (Kind.FIRING, ""))


def _asset(event: Mapping[str, Any], data: Mapping[str, Any]) -> str | None:
    """A host that the data names goes before the subject, which often is a path to something on it."""
    return first((*(data.get(field) for field in _ASSETS), event.get("subject"), event.get("source")))


def _severity(event: Mapping[str, Any], data: Mapping[str, Any]) -> Severity | None:
    for field in _SEVERITIES:
        word = given(data.get(field)) or given(event.get(field))
        if word is not None:
            return severity.from_word(word)
    return None


def _message(event: Mapping[str, Any], data: Json) -> str | None:
    text = scalar(data)  # data need not be an object
    if text is not None and text.strip():
        return line(text.strip(), LONGEST_MESSAGE)
    return first((*(table(data).get(field) for field in _MESSAGES), event.get("subject")), LONGEST_MESSAGE)


def _problem(event: Mapping[str, Any], data: Mapping[str, Any], check: str, signature: str) -> str:
    """Within the event's source, which says in whose words an id or a subject is."""
    source = given(event.get("source")) or ""
    own = first(data.get(field) for field in _PROBLEMS)
    if own is not None:
        return digest(source, own)
    return digest(source, check, given(event.get("subject")) or "", _asset(event, data) or "", signature)


def _labels(event: Mapping[str, Any], data: Mapping[str, Any]) -> dict[str, str]:
    """The extension attributes and the data; `ce.` marks those attributes whose names data has for other things."""
    extensions = {name: value for name, value in event.items() if name not in _KNOWN}
    return labels_of({f"ce.{name}": event.get(name) for name in _SHOWN}, extensions, data)


def _time(data: Mapping[str, Any], fields: tuple[str, ...], inbound: Inbound) -> datetime | None:
    found = (moment(data.get(field), inbound.received_at) for field in fields)
    return next((time for time in found if time is not None), None)


def delivery_id(inbound: Inbound) -> str | None:
    """The `source` and `id` of all events: a redelivery has the same; None when one of them has none."""
    names: list[str] = []
    try:
        for _, event in _events(inbound):
            identifier = scalar(table(event).get("id"))
            if not identifier:
                return None
            names += (scalar(event.get("source")) or "", identifier)
    except _Wrong:
        return None
    return digest(*names) if names else None


def detects(inbound: Inbound) -> bool:
    """The version among the headers, or in the first event beside a type and a source."""
    if _is_binary(inbound.headers):
        return "ce-type" in inbound.headers and "ce-source" in inbound.headers
    body = inbound.document
    event = table(body[0] if type(body) is list and body else body)
    return "specversion" in event and "type" in event and "source" in event


def greet(method: str, headers: Mapping[str, str], query: Mapping[str, str]) -> Reply | None:
    """
    The handshake before a first event: who asks may send.

    It is no authentication: the events themselves need the key. A callback that the sender offers instead is not
    called, since anybody could have us call any address so.
    """
    if method != "OPTIONS":
        return None
    allowed = (("allow", "POST, OPTIONS"),)
    origin = headers.get(_ORIGIN)
    if not origin:
        return Reply(200, b"", headers=allowed)
    # No rate is promised: a company's limit is not known before its key, and is told by 429 and Retry-After.
    granted = (("webhook-allowed-origin", origin), ("webhook-allowed-rate", "*"))
    return Reply(200, b"", headers=(*allowed, *granted))


SETUP = """\
Send the events to `{webhook_url}` by POST, in structured, batched or binary mode, with the header
`Authorization: Bearer {api_key}`. A sender that cannot set headers appends `?access_token={api_key}` to the URL; keys
in URLs end up in logs.

- **Azure Event Grid**: the topic → *+ Event Subscription*: event schema *Cloud Event Schema v1.0*, endpoint type *Web
  Hook* with the URL above; *Delivery Properties* → *Add property*: header name `X-API-Key`, type *Static*, value
  `{api_key}`, *Is secret* on. The handshake is answered.
- **Knative**: a `Trigger` whose `subscriber.uri` is `{webhook_url}?access_token={api_key}`.
- **A program** with a CloudEvents SDK: any HTTP client, with the header above.

A trial (send it again with `resolved` for `firing` and another `id`):

```sh
curl -fsS {webhook_url} -H 'Authorization: Bearer {api_key}' \\
  -H 'Content-Type: application/cloudevents+json' -d '{
  "specversion": "1.0", "id": "trial-1", "source": "/monitoring/eu", "type": "com.example.disk.full",
  "subject": "web-01",
  "data": {"status": "firing", "severity": "high", "message": "97% of / is used"}
}'
```

| What we read | From |
|---|---|
| asset | `data.host`, `hostname`, `asset`, `asset_name` or `instance`, else `subject`, else `source` |
| signature | `data.signature`, `alertname`, `alert_name`, `check` or `rule`, else `type` without a state at its end |
| state | `data.status` or `state`, else the last word of `type`, such as `….firing`, `….resolved`; else it fires |
| severity | `data.severity`, `priority` or `level`, or an extension attribute of that name |
| message | `data.message`, `summary`, `description`, `title` or `text`, or the data itself when it is a text |
| times | `data.started_at`, `ended_at`, else `time` |
| identity | `source` and `data.fingerprint`, `dedup_key` or `id`, else `source`, type, subject, asset and signature |

Give every event an `id` of its own: the same `source` and `id` is taken for a redelivery and dropped.
"""

SOURCE = Source(
    slug=_SLUG,
    title="CloudEvents",
    docs="https://github.com/cloudevents/spec/blob/main/cloudevents/bindings/http-protocol-binding.md",
    version=1,
    parse=parse,
    setup=SETUP,
    can_send=("header", "query", "path"),
    detects=detects,
    delivery_id=delivery_id,
    reads_headers=("ce-*", "content-type", _ORIGIN),
    decode=decode,
    greet=greet,
)
