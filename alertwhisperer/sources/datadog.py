"""
Datadog: the Webhooks integration, with our recommended payload or the one it sends when nothing is set.

A monitor has many groups, so identity is monitor and scope, and the cycle key tells one firing from the next. The
default payload has neither, only a title that begins with the state: then that title is read.
"""

from collections.abc import Mapping
from typing import Any

from alertwhisperer.domain.errors import Invalid
from alertwhisperer.domain.occurrence import Content, Kind, Occurrence
from alertwhisperer.domain.severity import Severity
from alertwhisperer.sources._reading import (
    LONGEST_ID,
    LONGEST_MESSAGE,
    add_label,
    digest,
    first,
    given,
    identity,
    line,
    links,
    moment,
    table,
)
from alertwhisperer.sources.contract import Inbound, Parsed, Source

_SLUG = "datadog"
_FIRING = ("re-triggered", "triggered", "re-no data", "no data", "re-warn", "warn", "re-notify", "renotify")
_RESOLVED = ("recovered",)
_STATES = (*_FIRING, *_RESOLVED)
_STATED = frozenset(_FIRING) - {"renotify", "re-notify"}  # those that say by themselves that it fires
_PRIORITIES = {
    "P1": Severity.CRITICAL,
    "P2": Severity.HIGH,
    "P3": Severity.MEDIUM,
    "P4": Severity.LOW,
    "P5": Severity.INFO,
}
_TYPES = {"error": Severity.HIGH, "warning": Severity.MEDIUM, "info": Severity.INFO}
_GROUPS = ("host", "service", "pod_name", "kube_deployment", "container_name", "instance", "device")
_FIELDS = (
    "alert_id",
    "alert_title",
    "alert_transition",
    "alert_type",
    "alert_metric",
    "alert_query",
    "alert_scope",
    "alert_priority",
    "aggreg_key",
    "event_type",
    "org_id",
    "org_name",
)
_MOST_TAGS = 200
_LONGEST_TITLE = 4_096


class _Title:
    """
    A title taken apart: `[TEST] [P2] [Triggered on {host:web-01}] CPU high`.

    Only brackets that say a state, a priority or a trial are taken off; `[prod] CPU high` is a monitor's own name.
    """

    __slots__ = ("group", "is_test", "name", "priority", "state")

    def __init__(self, text: str) -> None:
        self.state = self.group = self.priority = ""
        self.is_test = False
        self.name = text[:_LONGEST_TITLE].strip()
        while self.name.startswith("[") and (end := _closing(self.name)) and self._take(self.name[1:end].strip()):
            self.name = self.name[end + 1 :].strip()

    def _take(self, part: str) -> bool:
        folded = part.lower()
        if folded == "test":
            self.is_test = True
            return True
        if part.upper() in _PRIORITIES:
            self.priority = part.upper()
            return True
        state = next(
            (word for word in _STATES if folded == word or folded.startswith((f"{word} on ", f"{word} {{"))), None
        )
        if state is None or self.state:
            return False
        self.state = state
        self.group = part[len(state) :].strip().removeprefix("on ").strip().removeprefix("{").removesuffix("}").strip()
        return True


def _closing(text: str) -> int:
    """The place of the bracket that closes the first one; 0 when none does."""
    depth = 0
    for place, character in enumerate(text):
        depth += (character == "[") - (character == "]")
        if depth == 0:
            return place
    return 0


def parse(inbound: Inbound) -> Parsed:
    """One event is one occurrence; an event that is no monitor's is noted."""
    event = inbound.document
    if type(event) is not dict or not any(given(event.get(name)) for name in ("title", "alert_title", "event_title")):
        raise Invalid(
            "this is not a Datadog event: it has no title",
            where="alert_title",
            mend="use the payload of the setup page in Datadog's webhook",
        )
    title = _Title(
        first((event.get("alert_title"), event.get("event_title"), event.get("title")), _LONGEST_TITLE) or ""
    )
    if not title.state:  # $ALERT_TITLE may come without its state while $EVENT_TITLE has it
        other = _Title(first((event.get("event_title"), event.get("title")), _LONGEST_TITLE) or "")
        title.state, title.group = other.state, title.group or other.group
        title.is_test, title.priority = title.is_test or other.is_test, title.priority or other.priority
    return Parsed(((0, _occurrence(event, title, inbound)),))


def _occurrence(event: Mapping[str, Any], title: _Title, inbound: Inbound) -> Occurrence:
    scope = _scope(event, title)
    tags = _tags(event.get("tags"))
    state = _state(event, title)
    kind, note = _kind(event, title, state)
    signature = given(title.name) or given(event.get("alert_metric")) or "Datadog event"
    at = moment(event.get("date"), inbound.received_at) or moment(event.get("last_updated"), inbound.received_at)
    return Occurrence(
        kind,
        Content(
            _asset(event, scope, tags, title) or signature,
            signature,
            _message(event) or signature,
            _SLUG,
            _labels(event, tags),
            links({"console": event.get("link"), "graph": event.get("snapshot")}),
        ),
        _severity(event, title, state) if kind is not Kind.RESOLVED else None,
        _problem(event, signature, scope),
        _cycle(event),
        at if kind is not Kind.RESOLVED else None,
        at if kind is Kind.RESOLVED else None,
        note,
    )


def _state(event: Mapping[str, Any], title: _Title) -> str:
    return (given(event.get("alert_transition")) or title.state).lower()


def _kind(event: Mapping[str, Any], title: _Title, state: str) -> tuple[Kind, str]:
    """A renotification has no state of its own: it fires, unless its type says that all is well."""
    if title.is_test:
        return Kind.NOTED, "test"
    succeeded = (given(event.get("alert_type")) or "").lower() == "success"
    if state in _RESOLVED or (succeeded and state not in _STATED):
        return Kind.RESOLVED, ""
    if state in _FIRING or given(event.get("alert_id")) or "alert" in (given(event.get("event_type")) or ""):
        return Kind.FIRING, ""
    return Kind.NOTED, "information"  # a comment, a deployment: it reached us, and is no monitor's


def _scope(event: Mapping[str, Any], title: _Title) -> list[tuple[str, str]]:
    return _tags(event.get("alert_scope")) or _tags(title.group)


def _tags(value: object) -> list[tuple[str, str]]:
    """`host:web-01,env:prod` as pairs; a tag without a value has an empty one."""
    text = given(value, 16 * LONGEST_MESSAGE)
    if text is None:
        return []
    pairs = (part.strip().partition(":") for part in text.split(",", _MOST_TAGS)[:_MOST_TAGS])
    return [(name, content) for name, _, content in pairs if name and name != "*"]


def _asset(
    event: Mapping[str, Any], scope: list[tuple[str, str]], tags: list[tuple[str, str]], title: _Title
) -> str | None:
    """The host wherever it stands, else what the monitor is grouped by, else the service or pod among the tags."""
    host = (
        given(event.get("hostname"))
        or _value(scope, "host")
        or _value(tags, "host")
        or _value(_tags(title.group), "host")
    )
    if host is not None:
        return host
    grouped = first(_value(scope, name) for name in _GROUPS)
    return grouped or given(title.group) or _value(tags, "service") or _value(tags, "pod_name")


def _value(tags: list[tuple[str, str]], name: str) -> str | None:
    for key, value in tags:
        if key == name and value != "*" and (found := given(value)) is not None:
            return found
    return None


def _severity(event: Mapping[str, Any], title: _Title, state: str) -> Severity | None:
    priority = (given(event.get("alert_priority")) or title.priority).upper()
    if priority in _PRIORITIES:
        return _PRIORITIES[priority]
    if state.endswith("warn"):
        return Severity.MEDIUM
    kind = (given(event.get("alert_type")) or "").lower()
    if kind in _TYPES:
        return _TYPES[kind]
    return Severity.HIGH if state.endswith("triggered") else None


def _problem(event: Mapping[str, Any], signature: str, scope: list[tuple[str, str]]) -> str:
    """Monitor and scope; the order of a scope's tags means nothing."""
    group = ",".join(sorted(f"{name}:{value}" for name, value in scope))
    monitor = given(event.get("alert_id"))
    if monitor is not None:
        return identity(f"{monitor}|{group}")
    aggregate = given(event.get("aggreg_key"))
    return identity(aggregate) if aggregate is not None else digest(signature, group)


def _cycle(event: Mapping[str, Any]) -> str | None:
    cycle = given(event.get("alert_cycle_key"), LONGEST_ID + 1)
    return None if cycle is None else identity(cycle)


def _message(event: Mapping[str, Any]) -> str | None:
    """The first line of the text that says something: no `%%%` fence, no line of mentions alone."""
    body = event.get("body")
    for text in body[: 8 * LONGEST_MESSAGE].splitlines() if type(body) is str else ():
        words = [word for word in text.split() if not word.startswith("@") and word != "%%%"]
        if words and given(text) is not None:
            return line(" ".join(words), LONGEST_MESSAGE)
    return first((event.get("event_title"), event.get("title"), event.get("alert_title")), LONGEST_MESSAGE)


def _labels(event: Mapping[str, Any], tags: list[tuple[str, str]]) -> dict[str, str]:
    labels: dict[str, str] = {}
    for name in _FIELDS:
        add_label(labels, name, given(event.get(name), LONGEST_MESSAGE))
    add_label(labels, "org_name", given(table(event.get("org")).get("name")))
    for name, value in tags:
        add_label(labels, name, value or "true")
    return labels


def detects(inbound: Inbound) -> bool:
    """Our payload by its transition, the default one by its four top-level marks; forms hold the same keys."""
    body = inbound.document
    if type(body) is not dict:
        return False
    if "alert_transition" in body:
        return "alert_id" in body or "alert_title" in body
    return "event_type" in body and "last_updated" in body and "title" in body and "org" in body


def delivery_id(inbound: Inbound) -> str | None:
    """`$ID` names the event; a redelivery keeps it."""
    found = given(table(inbound.document).get("id"), 128)
    return found if found is not None and found.isdigit() else None


PAYLOAD = """\
{
  "id": "$ID",
  "alert_id": "$ALERT_ID",
  "alert_cycle_key": "$ALERT_CYCLE_KEY",
  "aggreg_key": "$AGGREG_KEY",
  "alert_transition": "$ALERT_TRANSITION",
  "alert_type": "$ALERT_TYPE",
  "alert_priority": "$ALERT_PRIORITY",
  "alert_title": "$ALERT_TITLE",
  "alert_scope": "$ALERT_SCOPE",
  "alert_metric": "$ALERT_METRIC",
  "alert_query": "$ALERT_QUERY",
  "event_title": "$EVENT_TITLE",
  "event_type": "$EVENT_TYPE",
  "body": "$TEXT_ONLY_MSG",
  "hostname": "$HOSTNAME",
  "tags": "$TAGS",
  "link": "$LINK",
  "snapshot": "$SNAPSHOT",
  "date": "$DATE",
  "last_updated": "$LAST_UPDATED",
  "org_id": "$ORG_ID",
  "org_name": "$ORG_NAME"
}"""

SETUP = f"""\
1. Datadog → Integrations → *Webhooks* → *New*:
   - name: `alert-whisperer`
   - URL: `{{webhook_url}}`
   - custom headers: `{{"X-API-Key": "{{api_key}}"}}`
   - payload (replace what is there):

```json
{PAYLOAD}
```

   *Encode as form* may be on or off.
2. Mention `@webhook-alert-whisperer` in the monitors' messages, outside of any `{{{{#is_alert}}}}` block, so that
   recoveries are sent as well. Set a priority on each monitor: it becomes the severity (P1 critical … P5 info).
3. *Test notifications* in a monitor sends a trial; it shows here as a test.
"""

SOURCE = Source(
    slug=_SLUG,
    title="Datadog",
    docs="https://docs.datadoghq.com/integrations/webhooks/",
    version=1,
    parse=parse,
    setup=SETUP,
    can_send=("header", "basic", "query", "path"),
    detects=detects,
    delivery_id=delivery_id,
    temporary_status=503,  # it retries on a 5xx and takes a 4xx as final
)
