"""
SolarWinds Platform (Orion): the alert action *Send a GET or POST request*, with the body of our setup text.

Variables, the pair of trigger and reset actions and that values are not escaped were checked against other projects'
published guides; how the action signs in was not, the vendor's manual could not be read. A value with a quote or a
backslash breaks the JSON, so a broken body is read field by field, each beginning on a line of its own. A variable that
could not be filled in comes as it is written, or as an error of the macro's: both are absent.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from alertwhisperer.domain.errors import Invalid
from alertwhisperer.domain.occurrence import Content, Kind, Occurrence
from alertwhisperer.domain.severity import Severity
from alertwhisperer.sources._reading import (
    KINDS,
    LONGEST_MESSAGE,
    LONGEST_NAME,
    add_label,
    digest,
    given,
    identity,
    links,
    table,
)
from alertwhisperer.sources.contract import Inbound, Json, Parsed, Source

_SLUG = "solarwinds"
_SEVERITIES = {
    "critical": Severity.CRITICAL,
    "serious": Severity.HIGH,
    "warning": Severity.MEDIUM,
    "notice": Severity.LOW,
    "informational": Severity.INFO,
    "information": Severity.INFO,
}
_EVENTS = {"trigger": (Kind.FIRING, ""), "reset": (Kind.RESOLVED, "")}
_FIELD = re.compile(r'^[ \t{,]*"(\w{1,64})"[ \t]*:[ \t]*"', re.MULTILINE)
_END = re.compile(r'"[\s,}]*$')
_CONTENT = frozenset({"alert_name", "message", "url", "event_type"})


def decode(body: bytes, headers: Mapping[str, str]) -> Json:
    """The fields of a body that is nearly JSON; what is JSON, or nothing like it, is read as usual."""
    try:
        return msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        pass
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = body.decode("latin-1")
    found = list(_FIELD.finditer(text)) if text.lstrip().startswith("{") else []
    ends = [*(match.start() for match in found), len(text)][1:]
    values = (_END.sub("", text[match.end() : end], count=1) for match, end in zip(found, ends, strict=True))
    return dict(zip((match[1] for match in found), values, strict=True)) or None


def parse(inbound: Inbound) -> Parsed:
    """One action is one occurrence."""
    said = {**inbound.query, **table(inbound.document)}
    if "alert_name" not in said and "alert_object_id" not in said:
        raise Invalid(
            "this is not our SolarWinds body: it names no alert",
            where="alert_name",
            mend="copy the body of the setup page into the alert's action",
        )
    return Parsed(((0, _occurrence(said)),))


def _occurrence(said: Mapping[str, Any]) -> Occurrence:
    name, number = _text(said.get("alert_name")), _text(said.get("alert_object_id"))
    kind, note = _kind(said, is_test=name is None and number is None)
    thing, node = _text(said.get("object")), _first(said.get(key) for key in ("node", "object", "ip_address"))
    signature = name or "SolarWinds alert"
    asset = node or signature
    content = Content(
        asset,
        signature,
        _text(said.get("message"), LONGEST_MESSAGE) or signature,
        _SLUG,
        _labels(said),
        links({"console": said.get("url")}),
    )
    word = (_text(said.get("severity")) or "").casefold()
    return Occurrence(
        kind,
        content,
        _SEVERITIES.get(word) if kind is Kind.FIRING else None,
        identity(number) if number is not None else digest("alert", signature, asset, thing or ""),
        note=note,
    )


def _kind(said: Mapping[str, Any], *, is_test: bool) -> tuple[Kind, str]:
    if is_test:
        return Kind.NOTED, "test"
    word = (_text(said.get("event_type")) or "trigger").casefold()
    found = _EVENTS.get(word) or KINDS.get(word)
    if found is None:
        raise Invalid(
            "event_type is not a known word",
            where="event_type",
            mend="write trigger in the trigger action's body and reset in the reset action's",
        )
    return found


def _text(value: object, limit: int = LONGEST_NAME) -> str | None:
    """A value that the tool filled in; a nested variable that it did not is no placeholder that others know."""
    text = given(value, limit)
    return None if text is None or text.startswith("${") or text.upper().startswith("MACRO SQL ERROR") else text


def _first(values: Iterable[object]) -> str | None:
    return next((text for value in values if (text := _text(value)) is not None), None)


def _labels(said: Mapping[str, Any]) -> dict[str, str]:
    labels: dict[str, str] = {}
    for name, value in said.items():
        if name not in _CONTENT:
            add_label(labels, name, _text(value, LONGEST_MESSAGE))
    return labels


def detects(inbound: Inbound) -> bool:
    """Our own body's marks."""
    said = {**inbound.query, **table(inbound.document)}
    return "alert_object_id" in said and "event_type" in said


_OF_OBJECT = "FROM Orion.AlertObjects WHERE AlertObjectID = ${N=Alerting;M=AlertObjectID} }"
BODY = f"""\
{{
"event_type": "trigger",
"alert_name": "${{N=Alerting;M=AlertName}}",
"alert_object_id": "${{N=Alerting;M=AlertObjectID}}",
"alert_active_id": "${{N=Alerting;M=AlertActiveID}}",
"severity": "${{N=Alerting;M=Severity}}",
"node": "${{N=SWQL;M=SELECT TOP 1 RelatedNodeCaption {_OF_OBJECT}",
"object": "${{N=SWQL;M=SELECT TOP 1 EntityCaption {_OF_OBJECT}",
"object_type": "${{N=Alerting;M=ObjectType}}",
"ip_address": "${{N=SwisEntity;M=IP_Address}}",
"time": "${{N=Generic;M=DateTime;F=DateTime}}",
"url": "${{N=Alerting;M=AlertDetailsUrl}}",
"message": "${{N=Alerting;M=AlertMessage}}"
}}"""

SETUP = f"""\
1. Alerts & Activity → Alerts → *Manage Alerts* → *Action Manager* → *Add New Action* → **Send a GET or POST Request to
   a Web Server**:
   - name: `Alert Whisperer trigger`
   - URL: `{{webhook_url}}`
   - *Use HTTP/S POST*, content type `application/json`
   - Body to POST, each field on its own line as it stands:

```json
{BODY}
```

   - Authentication: **Basic**, user `alertwhisperer`, password `{{api_key}}`. Where your version has *Token*, rather
     that: header `X-API-Key`, value `{{api_key}}`. Where it has neither, the URL is
     `{{webhook_url}}?api_key={{api_key}}`.
2. Copy the action as `Alert Whisperer reset`, and change its second line to `"event_type": "reset",`.
3. *Manage Alerts*: tick all alerts that matter → *Assign Action* → *Assign Trigger Action* → the first; again with
   *Assign Reset Action* → the second. An alert without a reset condition never resolves.
4. A trial: open the action → *Simulate*, with any node; then simulate the reset action with the same node.

Critical is critical, Serious high, Warning medium, Notice low, Informational info. Lines of your own, such as
`"customer": "${{N=SwisEntity;M=CustomProperties.Customer}}",`, become labels; an integration for many companies can be
routed by one.
"""

SOURCE = Source(
    slug=_SLUG,
    title="SolarWinds Platform",
    docs="https://documentation.solarwinds.com/en/success_center/orionplatform/content/core-sending-a-get-or-post-request-sw1090.htm",
    version=1,
    parse=parse,
    setup=SETUP,
    can_send=("header", "basic", "query", "path"),
    detects=detects,
    methods=("POST", "GET"),
    decode=decode,
)
