"""
Opsgenie's Alert API as an input: what creates and closes alerts there can send here instead, without a change.

Calls, fields and answers were checked against Opsgenie's documentation and its own Python SDK; what Alertmanager sends,
against its source. The wording of refusals is ours in Opsgenie's shape.

Nothing can be looked up while answering, so an alert's id is made of its alias: the id that a create is answered with,
the id in the status of that request, and the alias itself all lead to the same problem. What only reads (get, list,
count) is answered with 404; short (tiny) ids are never given out, so that a call with one ends nothing.
"""

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote
from uuid import UUID

import msgspec

from alertwhisperer.domain import severity
from alertwhisperer.domain.asset import without_port
from alertwhisperer.domain.errors import Invalid
from alertwhisperer.domain.occurrence import Content, Kind, Occurrence
from alertwhisperer.domain.severity import Severity
from alertwhisperer.sources._paging import Details, check_of
from alertwhisperer.sources._reading import (
    LONGEST_MESSAGE,
    add_label,
    digest,
    first,
    given,
    labels_of,
    line,
    link,
    links,
    rows,
    scalar,
    table,
)
from alertwhisperer.sources.contract import Denied, Inbound, Json, Parsed, Reply, Source, Told

_SLUG = "opsgenie"
_ROOT = "v2/alerts"
_ACTIONS = frozenset(
    (
        *("acknowledge", "unacknowledge", "snooze", "notes", "assign", "escalate", "responders", "teams", "tags"),
        *("details", "attachments", "actions", "message", "description", "priority"),
    )
)
_NO_ALERT = frozenset({"requests", "saved-searches", "count"})  # what may stand in the place of an alert's id
_UUID = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}", re.IGNORECASE)
_MOST_NAMES = 50
_LONGEST_ALIAS = 4_096  # Opsgenie's own limit is 512


class _Call(msgspec.Struct, frozen=True):
    """
    What is asked for.

    Attributes:
        what: `create`, `close`, `delete`, `status`, `read`, or an action such as `acknowledge`.
        on: the alert that it is about, or the request whose status is asked; else "".
    """

    what: str
    on: str = ""


def parse(inbound: Inbound) -> Parsed:
    """One call is one occurrence; questions and what operators do are noted."""
    call = _call(inbound)
    if call.what == "create":
        return Parsed(((0, _created(inbound.document)),))
    return Parsed(((0, _told_of(call, inbound)),))


def _call(inbound: Inbound) -> _Call:
    method = inbound.method
    below = inbound.tail.removeprefix(_ROOT).strip("/")
    on, action, *_ = *(unquote(part) for part in below.split("/")), ""
    if method == "GET":
        return _Call("status", action) if on == "requests" else _Call("read", on)
    if on in _NO_ALERT:
        return _Call("read")
    if not on and method == "POST":
        return _Call("create")
    if on and action == "close" and method == "POST":
        return _Call("close", on)
    if on and not action and method == "DELETE":
        return _Call("delete", on)
    if on and action in _ACTIONS:
        return _Call(action, on)
    raise Invalid("the Alert API has no such call", where="path", mend="create with POST v2/alerts, close with …/close")


# ------------------------------------------------------------------------------------------------ create


def _created(body: Json) -> Occurrence:
    if type(body) is not dict or (message := given(body.get("message"), LONGEST_MESSAGE)) is None:
        raise Invalid("message is missing", where="message", mend="send a JSON object with a message and an alias")
    details = Details(body.get("details"))
    asset = _asset(body, details)
    signature = details.check or check_of(message, asset) or message
    return Occurrence(
        Kind.NOTED if details.is_trial else Kind.FIRING,
        Content(asset or signature, signature, message, _SLUG, _labels(body), _links(body)),
        _severity(body) or details.severity,
        _id_of_alert(body, message),
        note="test" if details.is_trial else "",
    )


def _asset(body: Mapping[str, Any], details: Details) -> str | None:
    """Entity, else the host that the details name, else the source, which mostly names the tool."""
    entity, source = given(body.get("entity")), given(body.get("source"))
    if entity is not None:
        return without_port(entity)
    return details.host or (None if link(source) else source)


def _severity(body: Mapping[str, Any]) -> Severity | None:
    word = given(body.get("priority"))
    return None if word is None else severity.from_word(word)


def _labels(body: Mapping[str, Any]) -> dict[str, str]:
    own = {
        "tags": _names(body.get("tags")),
        "responders": _names(body.get("responders")) or _names(body.get("teams")),
        **{name: given(body.get(name), LONGEST_MESSAGE) for name in ("priority", "source", "user", "note")},
        "description": given(body.get("description"), LONGEST_MESSAGE),
    }
    labels = labels_of(body["details"]) if type(body.get("details")) is dict else {}
    for name, text in own.items():
        add_label(labels, name, text)
    return labels


def _names(value: Json) -> str | None:
    """A list of names, or of objects that have one, as one text."""
    if type(value) is str:
        return given(value, LONGEST_MESSAGE)
    keys = ("name", "username", "id")
    found = [first(table(one).get(key) for key in keys) or given(one) for one in rows(value)[:_MOST_NAMES]]
    return ",".join(name for name in found if name is not None) or None


def _links(body: Mapping[str, Any]) -> dict[str, str]:
    named = {line(name, 128) or "link": value for name, value in table(body.get("details")).items()}
    return links({"console": body.get("source"), **named})


# ------------------------------------------------------------------------------------------------ the others


def _told_of(call: _Call, inbound: Inbound) -> Occurrence:
    """What a call says of an alert that exists already: that it is over, or nothing that counts here."""
    ends = call.what in ("close", "delete")
    asks = call.what in ("status", "read")
    said = table(inbound.document)
    shown = given(call.on) or _SLUG
    message = first((said.get("note"), said.get("message")), LONGEST_MESSAGE) or f"{call.what}: {shown}"
    labels: dict[str, str] = {}
    for name in ("user", "source", "note"):
        add_label(labels, name, given(said.get(name), LONGEST_MESSAGE))
    return Occurrence(
        Kind.RESOLVED if ends else Kind.NOTED,
        Content(shown, "Opsgenie call", message, _SLUG, labels),
        None,
        _id_named(inbound, call.on),
        note="" if ends else "question" if asks else "operator_update",
    )


# ------------------------------------------------------------------------------------------------ which alert


def _id_of_alert(body: Mapping[str, Any], message: str) -> str:
    """The id of an alert that is created: of its alias, or of message and entity, so that a repeat is one as well."""
    alias = (scalar(body.get("alias")) or "")[:_LONGEST_ALIAS].strip()
    return _id_of(alias) if alias else str(UUID(digest("no alias", message, given(body.get("entity")) or "")))


def _id_named(inbound: Inbound, identifier: str) -> str:
    if inbound.query.get("identifierType", "").lower() == "tiny":
        return f"tiny:{digest(identifier)}"
    # Also where it is said to be an id: what looks like none can only be an alias.
    return _id_of(identifier[:_LONGEST_ALIAS].strip())


def _id_of(alias: str) -> str:
    """An alias's id; an id's is itself, since Opsgenie makes the id the alias of an alert that has none."""
    return alias.lower() if _UUID.fullmatch(alias) else str(UUID(digest(alias)))


# ------------------------------------------------------------------------------------------------ what is answered


def reply(inbound: Inbound, told: Told) -> Reply:
    """Accepted, with a request id that is the alert's, so that its status and its id can be asked for."""
    if told.parsed is None:
        return _said(422, {"message": told.problem, "took": 0.0, "requestId": told.delivery_id})
    call = _call(inbound)
    (_, occurrence), *_ = told.parsed.occurrences
    if call.what == "status":
        return _said(200, {"data": _status(inbound, occurrence.problem), "took": 0.0, "requestId": occurrence.problem})
    if call.what == "read":
        return _said(404, {"message": "alerts cannot be read here", "took": 0.0, "requestId": told.delivery_id})
    return _said(202, {"result": "Request will be processed", "took": 0.0, "requestId": occurrence.problem})


def _status(inbound: Inbound, alert: str) -> dict[str, object]:
    """A request that was accepted is stored, and what is stored is carried out."""
    at = inbound.received_at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return {
        "success": True,
        "isSuccess": True,
        "action": "Create",
        "processedAt": at,
        "integrationId": "",
        "status": "Accepted",
        "alertId": alert,
        "alias": alert,
    }


def refuse(denied: Denied) -> Reply:
    """A refusal in Opsgenie's shape; nothing was stored, so there is no request to name."""
    text = f"{denied.what}; {denied.mend}" if denied.mend else denied.what
    return _said(denied.status, {"message": text, "took": 0.0, "requestId": ""})


def _said(status: int, body: Mapping[str, object]) -> Reply:
    return Reply(status, msgspec.json.encode(body))


SETUP = """\
Any tool that pages through Opsgenie and lets you change the address can send here. Wherever it asks for them:

- API URL (host): `{webhook_url}/`, to which the tool itself adds `v2/alerts`; a tool that wants the whole address gets
  `{webhook_url}/v2/alerts`, and one that takes a server's name only, this server's: `/v2/alerts` is served there too
- API key: `{api_key}` (it is sent as `Authorization: GenieKey …`)

**A script**, and a trial. `jq` keeps quotes and line breaks in the texts from breaking the JSON:

```sh
jq -n --arg host "$(hostname)" --arg text 'just a trial' \\
  '{message: $text, alias: ($host + "/trial"), entity: $host, priority: "P3", details: {test: "true"}}' |
  curl -fsS -H 'Authorization: GenieKey {api_key}' -H 'Content-Type: application/json' --data-binary @- \\
    {webhook_url}/v2/alerts
```

prints `"result":"Request will be processed"` and shows here as a test. Without `test` among the details it opens an
incident, which this resolves (the alias is percent-encoded: `/` is `%2F`):

```sh
curl -fsS -X POST -H 'Authorization: GenieKey {api_key}' \\
  "{webhook_url}/v2/alerts/$(hostname)%2Ftrial/close?identifierType=alias"
```

**Alertmanager.** Its webhook says more (integration `prometheus`); but where Opsgenie is set up already:

```yaml
receivers:
  - name: alert-whisperer
    opsgenie_configs:
      - api_url: {webhook_url}/
        api_key: {api_key}
        message: '{{ or .CommonAnnotations.summary .CommonLabels.alertname }}'
        entity: '{{ .CommonLabels.instance }}'
        priority: '{{ .CommonLabels.severity }}'

route:
  receiver: alert-whisperer
  group_by: ['...']              # it creates one alert for each group: so one alert in each
  group_wait: 10s
  group_interval: 30s
  repeat_interval: 4h
```

**Opsgenie's Python SDK**: `configuration.host = "{webhook_url}"`, `configuration.api_key["Authorization"] =
"{api_key}"`.

- `entity` becomes the asset, else a host among the details, else `source`. The name of the check is `alertname` or
  `check` among the details, else the message without its entity and numbers. P1 … P5 are critical … info.
- Give every alert an `alias`: it is what a close names. Without one, the same message on the same entity is one alert.
- Close and delete resolve. Acknowledge, snooze, notes, tags and the like are kept and change nothing.
- Alerts cannot be read (get, list, count) and short ids (`identifierType=tiny`) are not known here.
"""

SOURCE = Source(
    slug=_SLUG,
    title="Opsgenie Alert API",
    docs="https://docs.opsgenie.com/docs/alert-api",
    version=1,
    parse=parse,
    setup=SETUP,
    can_send=("header", "query", "path"),
    methods=("POST", "GET", "PUT", "DELETE"),
    paths=(f"/{_ROOT}",),
    reply=reply,
    refuse=refuse,
)
