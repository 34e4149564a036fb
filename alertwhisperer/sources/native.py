"""
Native: our own canonical form, for scripts that want no mapping, for what we say ourselves, and for a company's share
of an integration that serves many.

`told` writes it and `parse` reads it, exactly: whatever a parser made comes back equal, so that a delivery which was
handed on can be read again without a change of identity or of wording. For that reason a text is kept as it is unless
it breaks a cap of every occurrence; only blank ones are refused.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec

from alertwhisperer.domain import severity
from alertwhisperer.domain.asset import canonical
from alertwhisperer.domain.errors import Invalid
from alertwhisperer.domain.occurrence import Content, Kind, Occurrence, Refused
from alertwhisperer.domain.severity import Severity
from alertwhisperer.sources._reading import (
    LONGEST_LABEL,
    LONGEST_LABEL_NAME,
    LONGEST_MESSAGE,
    LONGEST_NAME,
    MOST_LABELS,
    add_label,
    clean,
    digest,
    labels_of,
    line,
    links,
    moment,
    slug_of,
)
from alertwhisperer.sources.contract import Inbound, Json, Parsed, Source

_SLUG = "native"
_KINDS = {kind.name.lower(): kind for kind in Kind}
_BREAK = re.compile("[\t-\r\x1c-\x1f\x85\u2028\u2029]")  # what `_reading.line` never leaves in a text
_MOST_LINKS = 64
_SHAPE = 'send {"occurrences": [{"kind": "firing", "asset": "web-01", "signature": "backup failed"}]}'

_encode = msgspec.json.encode


def told(occurrences: Sequence[Occurrence]) -> bytes:
    """
    The body that says these occurrences.

    Args:
        occurrences: as a source's parser makes them.

    Returns:
        JSON, of which `parse` makes equal occurrences in the same order.
    """
    return _encode({"occurrences": [_member(one) for one in occurrences]})


def _member(one: Occurrence) -> dict[str, Json]:
    content = one.content
    return {
        "kind": one.kind.name.lower(),
        "asset": content.asset,
        "signature": content.signature,
        "message": content.message,
        "severity": None if one.severity is None else one.severity.word,
        "problem": one.problem,
        "cycle": one.cycle,
        "started_at": one.started_at,
        "ended_at": one.ended_at,
        "note": one.note,
        "labels": content.labels,
        "links": content.links,
        "source": content.source,
    }


def parse(inbound: Inbound) -> Parsed:
    """Each member of `occurrences` is one; kind, asset and signature are needed."""
    body = inbound.document
    if type(body) is not dict or type(body.get("occurrences")) is not list:
        raise Invalid("there is no list `occurrences`", where="occurrences", mend=_SHAPE)
    understood: list[tuple[int, Occurrence]] = []
    refused: list[Refused] = []
    for index, member in enumerate(body["occurrences"]):
        try:
            understood.append((index, _occurrence(member, inbound.received_at)))
        except _Wrong as wrong:
            place = f"occurrences[{index}].{wrong.field}".rstrip(".")
            refused.append(Refused(index, wrong.what, place, wrong.mend))
    return Parsed(tuple(understood), tuple(refused))


class _Wrong(Exception):
    """A member that cannot be used, and why."""

    def __init__(self, what: str, field: str, mend: str) -> None:
        self.what = what
        self.field = field
        self.mend = mend


def _occurrence(member: Json, received_at: datetime) -> Occurrence:
    if type(member) is not dict:
        raise _Wrong("an occurrence must be an object", "", _SHAPE)
    word = member.get("kind")
    kind = _KINDS.get(word) if type(word) is str else None
    if kind is None:
        raise _Wrong("kind is not one of the three", "kind", "send firing, resolved or noted")
    asset = _text(member, "asset", LONGEST_NAME)
    if asset is None:
        raise _Wrong("asset is missing or empty", "asset", "name the host, service or device that is unwell")
    signature = _text(member, "signature", LONGEST_NAME)
    if signature is None:
        raise _Wrong("signature is missing or empty", "signature", "name the check, without the asset or its value")
    labels = _labels(member)
    content = Content(
        asset,
        signature,
        _text(member, "message", LONGEST_MESSAGE) or signature,
        slug_of(_text(member, "source", LONGEST_NAME) or _SLUG, _SLUG),
        labels,
        _links(member),
    )
    return Occurrence(
        kind,
        content,
        _severity(member, labels) if kind is not Kind.RESOLVED else None,
        _id(member, "problem") or digest(canonical(asset), signature),
        _id(member, "cycle"),
        _time(member, "started_at", received_at, labels),
        _time(member, "ended_at", received_at, labels) if kind is Kind.RESOLVED else None,
        _text(member, "note", LONGEST_NAME) or "noted" if kind is Kind.NOTED else "",
    )


def _text(member: Mapping[str, Any], name: str, limit: int) -> str | None:
    """One line; None when it is absent, null or blank."""
    value = member.get(name)
    if value is None:
        return None
    if type(value) is not str:
        raise _Wrong(f"{name} must be a text", name, "send it as a JSON string")
    text = line(value, limit) if _BREAK.search(value) else clean(value, limit)
    return text if text.strip() else None


def _id(member: Mapping[str, Any], name: str) -> str | None:
    """An id as it is, or its digest when it is longer than any parser's or holds what no text may."""
    value = member.get(name)
    if type(value) is int:
        value = str(value) if abs(value) < 1 << 128 else ""  # Python refuses to print those of thousands of digits
    if value is None:
        return None
    if type(value) is not str:
        raise _Wrong(f"{name} must be a text or a whole number", name, "send it as a JSON string")
    if not value.strip():
        return None
    return value if clean(value, LONGEST_NAME) == value else digest(value)


def _severity(member: Mapping[str, Any], labels: dict[str, str]) -> Severity | None:
    """The severity; a word that is none becomes a label, so that it can be seen."""
    word = _text(member, "severity", LONGEST_LABEL)
    if word is None:
        return None
    found = severity.from_word(word)
    if found is None:
        add_label(labels, "severity", word)
    return found


def _time(member: Mapping[str, Any], name: str, received_at: datetime, labels: dict[str, str]) -> datetime | None:
    """The time; one that cannot be used becomes a label."""
    value = member.get(name)
    if value is None:
        return None
    if type(value) not in (str, int, float):
        raise _Wrong(f"{name} must be a time", name, "send RFC 3339, such as 2026-11-20T10:15:30Z")
    found = moment(value, received_at)
    if found is None:
        add_label(labels, name, value)
    return found


def _labels(member: Mapping[str, Any]) -> dict[str, str]:
    value = member.get("labels")
    if value is None:
        return {}
    if type(value) is not dict:
        raise _Wrong("labels must be an object", "labels", 'send {"name": "value"}')
    if len(value) <= MOST_LABELS and all(type(text) is str for text in value.values()):
        # Not by `labels_of`, which gives a nameless label another name in some cases and not in others.
        return {clean(name, LONGEST_LABEL_NAME): clean(text, LONGEST_LABEL) for name, text in value.items()}
    return labels_of(value)


def _links(member: Mapping[str, Any]) -> dict[str, str]:
    value = member.get("links")
    if value is None:
        return {}
    if type(value) is not dict:
        raise _Wrong("links must be an object", "links", 'send {"console": "https://…"}')
    return {clean(name, LONGEST_LABEL_NAME): url for name, url in list(links(value).items())[:_MOST_LINKS]}


def detects(inbound: Inbound) -> bool:
    """A list `occurrences` whose first member has a kind and an asset."""
    body = inbound.document
    if type(body) is not dict or type(body.get("occurrences")) is not list or not body["occurrences"]:
        return False
    head = body["occurrences"][0]
    return type(head) is dict and "kind" in head and "asset" in head


SETUP = """\
Send one occurrence or many from a script:

```sh
curl -fsS --retry 5 --retry-all-errors --max-time 20 {webhook_url} \\
  -H 'X-API-Key: {api_key}' -H 'Content-Type: application/json' -d '{"occurrences": [{
    "kind": "firing",
    "asset": "web-01",
    "signature": "backup failed",
    "severity": "high",
    "message": "no space left on /backup",
    "source": "nightly-backup"
  }]}'
```

| Field | Meaning |
|---|---|
| `kind` | needed; `firing`, `resolved`, or `noted` for what changes nothing |
| `asset` | needed; the host, service, device or URL that is unwell |
| `signature` | needed; the check's name, without the asset or the value in it |
| `severity` | `critical`, `high`, `medium`, `low` or `info`; not read of a `resolved` |
| `message` | one line for people |
| `source` | which tool speaks, as `nightly-backup` |
| `problem` | your own id of this check on this asset; by default made of `asset` and `signature` |
| `cycle` | your own id of this one failure, when you have one |
| `started_at`, `ended_at` | RFC 3339, as `2026-11-20T10:15:30.5Z`; `ended_at` of a `resolved` only |
| `note` | of a `noted`: why it changes nothing, a short code as `test` |
| `labels`, `links` | objects of texts; links are web addresses |

When it is over, send the same `asset` and `signature` (or `problem`) with `"kind": "resolved"`. A trial that opens
nothing: `"kind": "noted", "note": "test"`.

Where values may hold quotes or line breaks, let a program write the JSON:

```sh
jq -n --arg asset "$(hostname)" --arg message "$output" \\
  '{occurrences: [{kind: "firing", asset: $asset, signature: "backup failed", message: $message}]}' |
  curl -fsS {webhook_url} -H 'X-API-Key: {api_key}' -H 'Content-Type: application/json' --data-binary @-
```
"""

SOURCE = Source(
    slug=_SLUG,
    title="Alert Whisperer's own form",
    docs="https://www.rfc-editor.org/rfc/rfc8259",
    version=1,
    parse=parse,
    setup=SETUP,
    can_send=("header", "basic", "query", "path", "hmac"),
    detects=detects,
)
