"""
PagerDuty's Events API as an input: whatever can page through PagerDuty can send here instead, without a change.

Version 2, its change events, and version 1. Fields, actions and answers were checked against PagerDuty's published
schemas of both versions and against its own Python client; what Alertmanager sends, against its source. The wording of
the answer to a change event and the `status` words of refusals could not be checked.

Wanted is less than PagerDuty wants: a trigger must have a summary, and acknowledge and resolve a key; a missing source
or an odd severity is no reason to lose an alert. What lacks even that is kept in quarantine and answered with 400.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec

from alertwhisperer.domain import severity
from alertwhisperer.domain.asset import without_port
from alertwhisperer.domain.errors import Invalid
from alertwhisperer.domain.occurrence import Content, Kind, Occurrence
from alertwhisperer.domain.severity import Severity
from alertwhisperer.sources._paging import Details, check_of
from alertwhisperer.sources._reading import (
    LONGEST_LABEL_NAME,
    LONGEST_MESSAGE,
    add_label,
    digest,
    first,
    given,
    identity,
    labels_of,
    link,
    moment,
    rows,
    scalar,
    table,
)
from alertwhisperer.sources.contract import Denied, Inbound, Json, Parsed, Reply, Source, Told

_SLUG = "pagerduty"
_V2 = "v2/enqueue"
_CHANGES = "v2/change/enqueue"
_V1 = "generic/2010-04-15/create_event.json"
_KINDS = {
    "trigger": (Kind.FIRING, ""),
    "resolve": (Kind.RESOLVED, ""),
    "acknowledge": (Kind.NOTED, "operator_update"),
}
_DONE = {"trigger": "triggered", "resolve": "resolved", "acknowledge": "acknowledged"}
_MOST_LINKS = 20
_LONGEST_KEY = 4_096  # PagerDuty's own limit is 255; what is longer becomes a digest


class _Event(msgspec.Struct, frozen=True):
    """
    An event of either version.

    Attributes:
        dialect: `_V2`, `_CHANGES` or `_V1`: how it is answered.
        key: the tool's own, else None.
        named: component, group and class.
        details: whatever JSON the tool put there.
        links: with `href`, or `src`, and a text.
    """

    dialect: str
    action: str
    key: str | None
    summary: str | None
    source: str | None
    severity: str | None
    at: datetime | None
    named: Mapping[str, str]
    details: Json
    client: str | None
    client_url: Json
    links: tuple[Json, ...]


def parse(inbound: Inbound) -> Parsed:
    """One event is one occurrence; a change is noted."""
    event = _event(inbound)
    if event.dialect == _CHANGES:
        return Parsed(((0, _change(event)),))
    if event.action not in _KINDS:
        field = "event_type" if event.dialect == _V1 else "event_action"
        raise Invalid(f"{field} must be trigger, acknowledge or resolve", where=field, mend="send one of the three")
    if event.action != "trigger" and event.key is None:
        field = "incident_key" if event.dialect == _V1 else "dedup_key"
        raise Invalid(f"{field} is missing", where=field, mend=f"send the key that the trigger had with {event.action}")
    return Parsed(((0, _occurrence(event)),))


def _event(inbound: Inbound) -> _Event:
    body = inbound.document
    if type(body) is not dict:
        raise Invalid("this is not an event: the body is no JSON object", where="body", mend="send one event, as JSON")
    dialect = _dialect(body, inbound.tail)
    if dialect == _V1:
        return _of_v1(body)
    payload = table(body.get("payload"))
    event = _Event(
        dialect,
        (given(body.get("event_action")) or "").lower(),
        _key(body.get("dedup_key")),
        given(payload.get("summary"), LONGEST_MESSAGE),
        given(payload.get("source")),
        given(payload.get("severity")),
        moment(payload.get("timestamp"), inbound.received_at),
        {name: text for name in ("component", "group", "class") if (text := given(payload.get(name))) is not None},
        payload.get("custom_details"),
        given(body.get("client")),
        body.get("client_url"),
        (*rows(body.get("links")), *rows(body.get("images"))),
    )
    if event.summary is None and (dialect == _CHANGES or event.action == "trigger"):
        raise Invalid("payload.summary is missing", where="payload.summary", mend="say in a line what is wrong")
    return event


def _of_v1(body: Mapping[str, Any]) -> _Event:
    event = _Event(
        _V1,
        (given(body.get("event_type")) or "").lower(),
        _key(body.get("incident_key")),
        given(body.get("description"), LONGEST_MESSAGE),
        None,
        None,
        None,
        {},
        body.get("details"),
        given(body.get("client")),
        body.get("client_url"),
        tuple(rows(body.get("contexts"))),
    )
    if event.summary is None and event.action == "trigger":
        raise Invalid("description is missing", where="description", mend="say in a line what is wrong")
    return event


def _dialect(body: Mapping[str, Any], tail: str) -> str:
    """The path says whether it is a change, and the body which version; without either, the path again."""
    if tail.startswith(_CHANGES):
        return _CHANGES
    if "event_action" not in body and ("event_type" in body or tail.startswith(_V1)):
        return _V1
    return _V2


def _key(value: Json) -> str | None:
    """A key as sent; blank ones are none, and only those: `unknown` and `-` are keys like any other."""
    text = (scalar(value) or "")[:_LONGEST_KEY].encode("utf-8", "replace").decode()
    return text if text.strip() else None


def _problem_key(event: _Event) -> str:
    """The tool's key, or one of the content, which stays the same when the same is said again."""
    if event.key is not None:
        return event.key
    named = [event.named.get(name, "") for name in ("class", "component", "group")]
    return digest(event.summary or "", event.source or "", *named)


def _occurrence(event: _Event) -> Occurrence:
    kind, note = _KINDS[event.action]
    details = Details(event.details)
    if kind is Kind.FIRING and details.is_trial:
        kind, note = Kind.NOTED, "test"
    key = _problem_key(event)
    asset = _asset(event, details)
    signature = _signature(event, details, asset)
    shown = given(key) or _SLUG
    return Occurrence(
        kind,
        Content(
            asset or shown,
            signature or shown,
            event.summary or f"{shown} {_DONE[event.action]}",
            _SLUG,
            _labels(event),
            _links(event),
        ),
        None if kind is Kind.RESOLVED else _severity(event) or details.severity,
        identity(key),
        # A resolve's timestamp may be its trigger's own, which would end the problem as it began.
        started_at=None if kind is Kind.RESOLVED else event.at,
        note=note,
    )


def _change(event: _Event) -> Occurrence:
    summary = event.summary or "change"
    content = Content(event.source or event.client or "change", "Change", summary, _SLUG, _labels(event), _links(event))
    return Occurrence(Kind.NOTED, content, None, digest("change", event.source or "", summary), note="change")


def _asset(event: _Event, details: Details) -> str | None:
    """The source, unless it is but the tool's own name or address: then the host that the details name."""
    source = event.source
    if source is not None and source not in (event.client, given(event.client_url)):
        # Zabbix's media type writes `name : address`.
        return without_port(source.partition(" : ")[0].strip() or source)
    return details.host or source or event.named.get("component") or event.client


def _signature(event: _Event, details: Details, asset: str | None) -> str | None:
    named = event.named.get("class") or details.check or event.named.get("component")
    return named or check_of(event.summary or "", asset) or event.summary


def _severity(event: _Event) -> Severity | None:
    return None if event.severity is None else severity.from_word(event.severity)


def _labels(event: _Event) -> dict[str, str]:
    own: dict[str, Json] = {**event.named, "client": event.client}
    if event.severity is not None and _severity(event) is None:
        own["severity"] = event.severity
    if type(event.details) is dict:
        return labels_of(own, event.details)
    labels = labels_of(own)
    add_label(labels, "details", given(event.details, LONGEST_MESSAGE))
    return labels


def _links(event: _Event) -> dict[str, str]:
    found: dict[str, str] = {}
    if (url := link(event.client_url)) is not None:
        found["console"] = url
    for place, one in enumerate(event.links[:_MOST_LINKS], start=1):
        told = table(one)
        target = link(told.get("href")) or link(told.get("src"))
        if target is not None:
            name = first((told.get("text"), told.get("alt")), LONGEST_LABEL_NAME)
            found.setdefault(name or f"link {place}", target)
    return found


# ------------------------------------------------------------------------------------------------ what is answered


def reply(inbound: Inbound, told: Told) -> Reply:
    """Success with the key that a later resolve must name, which matters to a trigger that had none."""
    if told.parsed is None:
        return _said(400, {"status": "invalid event", "message": "Event object is invalid", "errors": [told.problem]})
    event = _event(inbound)
    if event.dialect == _CHANGES:
        return _said(202, {"status": "success", "message": "Change event processed"})
    success = {"status": "success", "message": "Event processed"}
    if event.dialect == _V1:
        return _said(200, {**success, "incident_key": _problem_key(event)})
    return _said(202, {**success, "dedup_key": _problem_key(event)})


def refuse(denied: Denied) -> Reply:
    """
    A refusal in PagerDuty's words.

    It has no status of its own for a wrong key: a sender that knows PagerDuty expects 400.
    """
    if denied.status in (429, 503):
        word = "throttle exceeded" if denied.status == 429 else "unavailable"
        return _said(denied.status, {"status": word, "message": denied.what, "errors": [denied.mend]})
    status = 400 if denied.status in (401, 403, 409) else denied.status
    errors = [denied.what, *([denied.mend] if denied.mend else [])]
    return _said(status, {"status": "invalid event", "message": "Event object is invalid", "errors": errors})


def _said(status: int, body: Mapping[str, object]) -> Reply:
    return Reply(status, msgspec.json.encode(body))


def detects(inbound: Inbound) -> bool:
    """An action of either version, beside the field for its key."""
    body = inbound.document
    if type(body) is not dict:
        return False
    action = body.get("event_action") if "routing_key" in body else body.get("event_type")
    return ("routing_key" in body or "service_key" in body) and type(action) is str and action in _KINDS


SETUP = """\
Any tool that pages through PagerDuty and lets you change the address can send here. Wherever it asks for them:

- address (integration URL, API URL, events URL): `{webhook_url}/v2/enqueue`
- routing key (integration key): `{api_key}`

A tool whose address can only be a server's, without a path, gets this server's root: `/v2/enqueue` and the old
`/generic/2010-04-15/create_event.json` (with `service_key`) are served there as well. PagerDuty's Python client
(`base_url`) takes either, with `https` only.

**A script**, and a trial. `jq` keeps quotes and line breaks in the texts from breaking the JSON:

```sh
jq -n --arg key '{api_key}' --arg host "$(hostname)" --arg text 'just a trial' \\
  '{routing_key: $key, event_action: "trigger", dedup_key: ($host + "/trial"), payload: {summary: $text,
    source: $host, severity: "error", class: "Trial", custom_details: {test: true}}}' |
  curl -fsS -H 'Content-Type: application/json' --data-binary @- {webhook_url}/v2/enqueue
```

prints `"status":"success"` and shows here as a test. Without `test: true` it opens an incident; the same with
`event_action: "resolve"` and the same `dedup_key` resolves it.

**Alertmanager.** Its webhook says more (integration `prometheus`); but where PagerDuty is set up already:

```yaml
receivers:
  - name: alert-whisperer
    pagerduty_configs:
      - url: {webhook_url}/v2/enqueue
        routing_key: {api_key}
        description: '{{ or .CommonAnnotations.summary .CommonLabels.alertname }}'
        severity: '{{ .CommonLabels.severity }}'
        class: '{{ .CommonLabels.alertname }}'
        details:
          host: '{{ .CommonLabels.instance }}'

route:
  receiver: alert-whisperer
  group_by: ['...']              # it sends one event for each group: so one alert in each
  group_wait: 10s
  group_interval: 30s
  repeat_interval: 4h
```

- `payload.source` becomes the asset, `class` the name of the check (else a name among the details, `component`, or the
  summary without its numbers); `critical`, `error`, `warning` and `info` are critical, high, medium and info.
- `acknowledge` and change events (`{webhook_url}/v2/change/enqueue`) are kept and change nothing.
- A trigger without `dedup_key` gets one made of its content; resolve with the key in the answer.
"""

SOURCE = Source(
    slug=_SLUG,
    title="PagerDuty Events API",
    docs="https://developer.pagerduty.com/docs/events-api-v2/overview/",
    version=1,
    parse=parse,
    setup=SETUP,
    can_send=("header", "basic", "query", "path", "body"),
    detects=detects,
    keys_in_body=("routing_key", "service_key"),
    paths=(f"/{_V2}", f"/{_CHANGES}", f"/{_V1}"),
    reply=reply,
    refuse=refuse,
)
