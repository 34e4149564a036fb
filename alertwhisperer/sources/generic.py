"""
Generic: our own plain shape for scripts and tools without a parser, and custom mappings for those that have a shape.

The tool that spoke is the member's `tool_source`, so that two tools behind one generic webhook are told apart. Members
are refused one by one: what is wrong with one says nothing about its neighbours.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any

import msgspec

from alertwhisperer.domain import severity
from alertwhisperer.domain.asset import canonical, present
from alertwhisperer.domain.errors import Invalid
from alertwhisperer.domain.occurrence import Content, Kind, Occurrence, Refused
from alertwhisperer.sources._explained import Explained
from alertwhisperer.sources._mapping import (
    Mapper,
    compile_mapping,
    compile_response,
    explain,
    mapping_complaint,
    response_complaint,
)
from alertwhisperer.sources._reading import (
    KINDS,
    LONGEST_LABEL,
    LONGEST_MESSAGE,
    LONGEST_NAME,
    add_label,
    digest,
    given,
    identity,
    labels_of,
    line,
    links,
    moment,
    slug_of,
)
from alertwhisperer.sources.contract import (
    OUR_WORDS,
    READS_HEADERS,
    Inbound,
    Json,
    Parsed,
    Reply,
    Setting,
    Source,
    Told,
)

_SLUG = "generic"
_ASSET = ("asset_name", "asset", "host")
_SIGNATURE = ("signature",)
_SOURCE = ("tool_source", "source")
_PROBLEM = ("problem_id", "id")
_CYCLE = ("occurrence_id", "cycle")
_KNOWN = frozenset(
    {
        *_ASSET,
        *_SIGNATURE,
        *_SOURCE,
        *_PROBLEM,
        *_CYCLE,
        "severity",
        "message",
        "status",
        "started_at",
        "ended_at",
        "labels",
        "links",
    }
)
_FIRING = (Kind.FIRING, "")
_MAPPINGS_KEPT = 256
_SHAPE = 'send {"asset_name": "web-01", "signature": "disk full", "severity": "high", "message": "…"}'


def parse(inbound: Inbound) -> Parsed:
    """One object, a list of them, or `{"alerts": [...]}`; with a mapping in the settings, whatever it says."""
    mapping = inbound.settings.get("mapping")
    if mapping is not None:
        return _mapper(msgspec.json.encode(mapping)).parse(inbound)
    understood: list[tuple[int, Occurrence]] = []
    refused: list[Refused] = []
    for index, member in enumerate(_members(inbound.document)):
        try:
            understood.append((index, _occurrence(member, inbound.received_at)))
        except _Wrong as wrong:
            refused.append(Refused(index, wrong.what, _place(inbound.document, index, wrong.field), wrong.mend))
    return Parsed(tuple(understood), tuple(refused))


def why(inbound: Inbound) -> tuple[Explained, ...]:
    """What the mapping found for each field; our plain shape explains itself."""
    mapping = inbound.settings.get("mapping")
    return () if mapping is None else explain(_mapper(msgspec.json.encode(mapping)), inbound)


def reply(inbound: Inbound, told: Told) -> Reply:
    """The answer that the integration was set to give, for tools that insist on one."""
    response = inbound.settings.get("response")
    return OUR_WORDS if response is None else _answer(msgspec.json.encode(response))(told)


class _Wrong(Exception):
    """A member that cannot be used, and why."""

    def __init__(self, what: str, field: str, mend: str) -> None:
        self.what = what
        self.field = field
        self.mend = mend


@lru_cache(maxsize=_MAPPINGS_KEPT)
def _mapper(mapping: bytes) -> Mapper:
    return compile_mapping(msgspec.json.decode(mapping))


@lru_cache(maxsize=_MAPPINGS_KEPT)
def _answer(response: bytes) -> Callable[[Told], Reply]:
    return compile_response(msgspec.json.decode(response))


def _members(document: Json) -> list[Json]:
    if type(document) is list:
        return document
    if type(document) is not dict:
        raise Invalid("the body is not a JSON object, a list of them, or a form", mend=_SHAPE)
    alerts = document.get("alerts")
    return alerts if type(alerts) is list else [document]


def _place(document: Json, index: int, field: str) -> str:
    if type(document) is list:
        return f"[{index}].{field}".rstrip(".")
    return f"alerts[{index}].{field}".rstrip(".") if type(document.get("alerts")) is list else field


def _occurrence(member: Json, received_at: datetime) -> Occurrence:
    if type(member) is not dict:
        raise _Wrong("an alert must be an object", "", _SHAPE)
    asset = _text(member, _ASSET, LONGEST_NAME)
    if asset is None:
        raise _Wrong("asset_name is missing or empty", "asset_name", "name the host, service or device that is unwell")
    signature = _text(member, _SIGNATURE, LONGEST_NAME)
    if signature is None:
        raise _Wrong("signature is missing or empty", "signature", "name the check, without the asset or its value")
    tool = _text(member, _SOURCE, LONGEST_NAME)
    source = _SLUG if tool is None else slug_of(tool)
    kind, note = _kind(member)
    labels = _labels(member)
    word = _text(member, ("severity",), LONGEST_LABEL)
    level = None if word is None else severity.from_word(word)
    if word is not None and level is None:
        add_label(labels, "severity", word)
    problem = _id(member, _PROBLEM)
    content = Content(
        asset, signature, _text(member, ("message",), LONGEST_MESSAGE) or signature, source, labels, _links(member)
    )
    return Occurrence(
        kind,
        content,
        None if kind is Kind.RESOLVED else level,
        digest(canonical(asset), signature, source) if problem is None else problem,
        _id(member, _CYCLE),
        _time(member, "started_at", received_at, labels),
        _time(member, "ended_at", received_at, labels) if kind is Kind.RESOLVED else None,
        note,
    )


def _text(member: Mapping[str, Any], names: tuple[str, ...], limit: int) -> str | None:
    """The first of the fields that has a text."""
    for name in names:
        value = member.get(name)
        if value is None:
            continue
        if type(value) is not str:
            raise _Wrong(f"{name} must be a text", name, "send it as a JSON string")
        text = present(value)
        if text is not None:
            return text if len(text) <= limit and text.isprintable() else line(text, limit)
    return None


def _id(member: Mapping[str, Any], names: tuple[str, ...]) -> str | None:
    """The first of the ids, which may be a number."""
    for name in names:
        value = member.get(name)
        if value is not None:
            if type(value) is not str and type(value) is not int:
                raise _Wrong(f"{name} must be a text or a whole number", name, "send it as a JSON string")
            text = present(value)
            if text is not None:
                return identity(text)
    return None


def _kind(member: Mapping[str, Any]) -> tuple[Kind, str]:
    word = _text(member, ("status",), LONGEST_LABEL)
    if word is None or word == "firing":
        return _FIRING
    found = KINDS.get(word.strip().casefold())
    if found is None:
        raise _Wrong("status is not a known word", "status", "send firing or resolved")
    return found


def _labels(member: Mapping[str, Any]) -> dict[str, str]:
    """The labels, and whatever else the member holds."""
    own = member.get("labels")
    if own is not None and type(own) is not dict:
        raise _Wrong("labels must be an object", "labels", 'send {"name": "value"}')
    if member.keys() <= _KNOWN:
        return {} if own is None else labels_of(own)
    rest = {name: value for name, value in member.items() if name not in _KNOWN}
    return labels_of(own or {}, rest)


def _links(member: Mapping[str, Any]) -> dict[str, str]:
    found = member.get("links")
    if found is None:
        return {}
    if type(found) is not dict:
        raise _Wrong("links must be an object", "links", 'send {"console": "https://…"}')
    return {name: url for key, url in list(links(found).items())[:20] if (name := given(key, 64)) is not None}


def _time(member: Mapping[str, Any], name: str, received_at: datetime, labels: dict[str, str]) -> datetime | None:
    """The time; one that cannot be used becomes a label, so that it can be seen."""
    value = member.get(name)
    if value is None:
        return None
    if type(value) is dict or type(value) is list or type(value) is bool:
        raise _Wrong(f"{name} must be a time", name, "send RFC 3339, such as 2026-11-20T10:15:30Z, or epoch seconds")
    found = moment(value, received_at)
    if found is None:
        add_label(labels, name, value)
    return found


def detects(inbound: Inbound) -> bool:
    """Asset and signature in our own spelling, in the first member."""
    body = inbound.document
    if type(body) is dict and type(body.get("alerts")) is list:
        body = body["alerts"]
    if type(body) is list:
        body = body[0] if body else None
    return type(body) is dict and "signature" in body and any(name in body for name in _ASSET)


SETUP = """\
Send one alert, or a list of them, from anything that can make an HTTP request:

```sh
curl -fsS {webhook_url} -H 'X-API-Key: {api_key}' -H 'Content-Type: application/json' -d '{
  "asset_name": "web-01",
  "signature": "disk almost full",
  "severity": "high",
  "message": "97% of / is used",
  "tool_source": "my-script",
  "status": "firing"
}'
```

| Field | Meaning |
|---|---|
| `asset_name` | needed; the host, service, device or URL that is unwell (also `asset`, `host`) |
| `signature` | needed; the check's name, without the asset or the value in it |
| `severity` | critical, high, medium, low or info, or a usual word for it (warning, error, P1) |
| `status` | `firing` (default) or `resolved`; ok, recovered, closed and the like work as well |
| `message` | one line for people |
| `tool_source` | which tool speaks (also `source`); tools behind one webhook are told apart by it |
| `started_at`, `ended_at` | RFC 3339 or epoch |
| `labels`, `links` | objects; further fields become labels |
| `problem_id`, `occurrence_id` | your own ids of the condition (also `id`) and of this firing (also `cycle`) |

Send the same `asset_name`, `signature` and `tool_source` with `"status": "resolved"` when it is over. A tool that
cannot be told to send this shape gets a mapping (docs/mapping.md): set `mapping` on the integration. A tool that
insists on an answer of its own gets `response`, such as `{"status": 200, "body": "{{\\"ok\\": true}}"}`.
"""

SOURCE = Source(
    slug=_SLUG,
    title="Generic webhook",
    docs="https://www.rfc-editor.org/rfc/rfc8259",
    version=1,
    parse=parse,
    setup=SETUP,
    can_send=("header", "basic", "query", "path", "hmac"),
    detects=detects,
    settings=(
        Setting(
            "mapping",
            "Where each field of an alert stands in the tool's own body; none: the body has our plain shape.",
            None,
            mapping_complaint,
        ),
        READS_HEADERS,
        Setting(
            "response",
            "The answer to what was accepted: `status` (200 to 299), `content_type` and `body`, in which "
            "`{delivery_id}`, `{status}`, `{occurrences}`, `{understood}`, `{refused}` and `{duplicate}` are filled "
            "in; none: our own.",
            None,
            response_complaint,
        ),
    ),
    reply=reply,
    explain=why,
)
