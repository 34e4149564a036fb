"""
Elastic: a Kibana rule's webhook connector, or a Watcher watch, with the body of our setup page.

The body is a template, in which a variable without a value leaves an empty text, or its own name when the connector is
only tried out. Identity is rule and alert id; the alert's uuid is one firing. Context variables are mostly empty in a
recovery, so nothing that identifies is read from them.

Variables, their escaping, the licence and the retry (429 with its Retry-After, and 5xx; any other 4xx is final) were
checked against Elastic's documentation and Kibana's connector source, `*` as the id of a rule without groups against
its issues. The other names of such an alert are by reports; an action group's severity is only told by its last word.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from alertwhisperer.domain import severity
from alertwhisperer.domain.asset import without_port
from alertwhisperer.domain.errors import Invalid
from alertwhisperer.domain.occurrence import Content, Kind, Occurrence
from alertwhisperer.domain.severity import Severity
from alertwhisperer.sources._reading import (
    KINDS,
    LONGEST_MESSAGE,
    add_label,
    digest,
    first,
    given,
    identity,
    links,
    moment,
    rows,
)
from alertwhisperer.sources.contract import Inbound, Json, Parsed, Source

_SLUG = "kibana"
_OURS = ("rule_id", "rule_name", "alert_id", "action_group")
_NO_GROUP = frozenset({"*", "query matched", "all documents", "all"})  # the one alert of a rule that has no groups
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_HOSTS = ("host", "group", "service")
_MESSAGES = ("reason", "message", "title")
_LABELS = (
    "rule_id",
    "rule_type",
    "space_id",
    "alert_id",
    "action_group",
    "action_group_name",
    "group",
    "host",
    "service",
    "value",
    "flapping",
    "severity",
    "risk_score",
)
# Elastic Security's own bands of its risk score.
_RISKS = ((74, Severity.CRITICAL), (48, Severity.HIGH), (22, Severity.MEDIUM), (0, Severity.LOW))
_MOST_TAGS = 50


def parse(inbound: Inbound) -> Parsed:
    """One run of a rule's action is one occurrence."""
    event = inbound.document
    if type(event) is not dict or not any(name in event for name in _OURS):
        raise Invalid(
            "this is not our body for Kibana's webhook connector: it has no rule_id",
            where="rule_id",
            mend="paste the body of the setup page into the rule's action",
        )
    return Parsed(((0, _occurrence(event, inbound)),))


def _occurrence(event: Mapping[str, Any], inbound: Inbound) -> Occurrence:
    rule = first((event.get("rule_name"), event.get("rule_id"))) or "Kibana rule"
    asset = _asset(event)
    kind, note = _kind(event)
    resolved = kind is Kind.RESOLVED
    tags = list(_tags(event.get("tags")))
    cycle = given(event.get("alert_uuid"))
    at = moment(event.get("started_at"), inbound.received_at) or moment(event.get("date"), inbound.received_at)
    content = Content(
        rule if asset is None else without_port(asset),
        rule,
        first((event.get(name) for name in _MESSAGES), LONGEST_MESSAGE) or rule,
        _SLUG,
        _labels(event, tags),
        links({"console": event.get("details_url"), "rule": event.get("rule_url")}),
    )
    return Occurrence(
        kind,
        content,
        None if resolved else _severity(event, tags),
        _problem(event, rule),
        None if cycle is None else identity(cycle),
        None if resolved else at,
        moment(event.get("date"), inbound.received_at) if resolved else None,
        note,
    )


def _kind(event: Mapping[str, Any]) -> tuple[Kind, str]:
    """The connector's own trial leaves each variable as it is written: then there is no rule at all."""
    if first((event.get("rule_id"), event.get("rule_name"))) is None:
        return Kind.NOTED, "test"
    if _last_word(event.get("action_group")) == "recovered":
        return Kind.RESOLVED, ""
    return KINDS.get((given(event.get("status")) or "").casefold(), (Kind.FIRING, ""))


def _last_word(group: Json) -> str:
    """`warning` of `metrics.threshold.warning`."""
    return (given(group) or "").rpartition(".")[2].casefold()


def _asset(event: Mapping[str, Any]) -> str | None:
    found = first(event.get(name) for name in _HOSTS if not _is_no_name(event.get(name)))
    if found is not None:
        return found
    alert = given(event.get("alert_id"))
    return None if alert is None or _is_no_name(alert) or alert == given(event.get("rule_id")) else alert


def _is_no_name(value: Json) -> bool:
    """Whether a text is a placeholder for "no group", an id, or an object that a template printed."""
    text = given(value) or ""
    return text.casefold() in _NO_GROUP or text[:1] in ("{", "[") or _UUID.fullmatch(text) is not None


def _severity(event: Mapping[str, Any], tags: list[str]) -> Severity | None:
    """What the action says, else the action group, a tag `severity:high`, the risk score."""
    words = [given(event.get("severity")) or "", _last_word(event.get("action_group"))]
    words += [tag.partition(":")[2] for tag in tags if tag.casefold().startswith("severity:")]
    for word in words:
        if word and (found := severity.from_word(word)) is not None:
            return found
    return _of_risk(given(event.get("risk_score"), 16))


def _of_risk(score: str | None) -> Severity | None:
    try:
        number = float(score or "")
    except ValueError:
        return None
    return next((found for least, found in _RISKS if number >= least), None)


def _problem(event: Mapping[str, Any], rule: str) -> str:
    alert = given(event.get("alert_id")) or ""
    number = given(event.get("rule_id"))
    return digest(rule, alert) if number is None else identity(f"{number}|{alert}")


def _tags(value: Json) -> Iterator[str]:
    """A list, the JSON text of one, or texts with commas between: what a template makes of it differs by version."""
    text = given(value, 4 * LONGEST_MESSAGE) if type(value) is str else None
    if text is not None and text[:1] == "[":
        try:
            value = msgspec.json.decode(text)
        except (msgspec.DecodeError, RecursionError, UnicodeEncodeError):
            value = text.strip("[]").split(",")
    elif text is not None:
        value = text.split(",")
    for one in rows(value)[:_MOST_TAGS]:
        if (tag := given(one)) is not None:
            yield tag


def _labels(event: Mapping[str, Any], tags: list[str]) -> dict[str, str]:
    labels: dict[str, str] = {}
    for name in _LABELS:
        add_label(labels, name, given(event.get(name), LONGEST_MESSAGE))
    for tag in tags:
        name, colon, value = tag.partition(":")
        if colon and name and value:
            add_label(labels, name, value)
        else:
            add_label(labels, f"tag.{tag}", "true")
    return labels


def detects(inbound: Inbound) -> bool:
    """The keys of our body that name a rule's alert."""
    body = inbound.document
    return type(body) is dict and body.keys() >= {"rule_id", "alert_id", "action_group"}


BODY = """\
{
  "rule_id": "{{rule.id}}",
  "rule_name": "{{rule.name}}",
  "rule_type": "{{rule.type}}",
  "rule_url": "{{rule.url}}",
  "space_id": "{{rule.spaceId}}",
  "tags": "{{rule.tags}}",
  "alert_id": "{{alert.id}}",
  "alert_uuid": "{{alert.uuid}}",
  "action_group": "{{alert.actionGroup}}",
  "action_group_name": "{{alert.actionGroupName}}",
  "flapping": "{{alert.flapping}}",
  "severity": "{{context.rule.severity}}",
  "risk_score": "{{context.rule.risk_score}}",
  "reason": "{{context.reason}}",
  "message": "{{context.message}}",
  "title": "{{context.title}}",
  "group": "{{context.group}}",
  "host": "{{context.host.name}}",
  "service": "{{context.serviceName}}",
  "value": "{{context.value}}",
  "details_url": "{{context.alertDetailsUrl}}",
  "date": "{{date}}"
}"""

WATCH = '''\
```
"actions": {
  "alert_whisperer": {
    "webhook": {
      "method": "POST",
      "url": "{webhook_url}",
      "headers": { "X-API-Key": "{api_key}", "Content-Type": "application/json" },
      "body": """{
        "rule_id": "{{ctx.watch_id}}", "rule_name": "{{ctx.watch_id}}", "alert_id": "*", "action_group": "fired",
        "severity": "high", "host": "es-01", "date": "{{ctx.execution_time}}"
      }"""
    }
  }
}
```'''

SETUP = f"""\
Kibana's webhook connector needs a Gold licence or better, or Elastic Cloud.

1. Kibana → *Stack Management* → *Connectors* → *Create connector* → **Webhook**:
   - name: `Alert Whisperer`
   - method: `POST`, URL: `{{webhook_url}}`
   - authentication: *None* (the key goes into a header; basic works as well: any user, the key as password)
   - *Add HTTP header*: `X-API-Key` = `{{api_key}}`; in newer versions choose the type *Secret* for it
   - *Add HTTP header*: `Content-Type` = `application/json`

   A self-managed Kibana with `xpack.actions.allowedHosts` must list our host there.
2. In each rule → *Actions* → `Alert Whisperer`, *Action frequency*: **For each alert**, **On status changes**, *Run
   when*: the rule's alert (add one action for each further group, such as *Warning*). Body:

```json
{BODY}
```

3. Add **one more action** to the same rule, *Run when*: **Recovered**, with the same body. Without it nothing resolves.
4. Severity: write it into the body in place of the text of `severity` (`"severity": "critical"`), or tag the rule with
   `severity:critical`. Otherwise *Warning* groups and Elastic Security rules say it themselves, and the rest is medium.
5. Set `server.publicBaseUrl` in `kibana.yml`, so that alerts link back.

A variable that a rule type does not have leaves an empty text, which does no harm. The connector's *Test* tab sends a
trial: paste the body there; it shows here as a test.

A **Watcher** watch (as written in *Dev Tools*) sends to the same address; its texts are not escaped, so let it send
none that hold quotes:

{WATCH}

A second watch for the opposite condition with the same `rule_id` and `"action_group": "recovered"` resolves it.
"""

SOURCE = Source(
    slug=_SLUG,
    title="Elastic / Kibana",
    docs="https://www.elastic.co/docs/reference/kibana/connectors-kibana/webhook-action-type",
    version=1,
    parse=parse,
    setup=SETUP,
    can_send=("header", "basic", "query", "path"),
    detects=detects,
)
