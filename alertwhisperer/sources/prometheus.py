"""
Prometheus Alertmanager: the webhook receiver's body, version 4, one request for each notification group.

A group repeats with all its members, firing and resolved ones side by side, so each member's own status counts and the
group's is ignored. The fingerprint covers every label; an integration can leave labels out of the identity, which folds
the twins of a highly available pair (`replica`).
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from alertwhisperer.domain import severity
from alertwhisperer.domain.asset import present, without_port
from alertwhisperer.domain.errors import Invalid
from alertwhisperer.domain.occurrence import Content, Kind, Occurrence, Refused
from alertwhisperer.domain.severity import Severity
from alertwhisperer.sources._reading import (
    EMPTY,
    LONGEST_MESSAGE,
    LONGEST_NAME,
    add_label,
    digest,
    given,
    identity,
    labels_of,
    line,
    link,
    moment,
    names_complaint,
    scalar,
    table,
)
from alertwhisperer.sources.contract import Inbound, Json, Parsed, Setting, Source

_SLUG = "prometheus"
_KINDS = {"firing": Kind.FIRING, "resolved": Kind.RESOLVED}
_HEARTBEATS = frozenset({"Watchdog", "DeadMansSwitch", "DeadMansSnitch"})
_HOSTS = ("host", "hostname", "nodename", "exported_instance")
# Most specific first. `instance` of these alerts is the exporter's address, never the object that fails.
_KUBERNETES = ("pod", "node", "deployment", "statefulset", "persistentvolumeclaim")
_STATE_METRICS = (*_KUBERNETES, "daemonset", "job_name", "cronjob", "horizontalpodautoscaler", "namespace")
_LAST = ("target", "service", "cluster")
_SEVERITIES = ("severity", "priority", "level")
_MESSAGES = ("summary", "description", "message", "title")
_LINKED = {"runbook_url": "runbook", "dashboard_url": "dashboard"}


def parse(inbound: Inbound) -> Parsed:
    """Each member of the group is an occurrence; members that were cut off by `max_alerts` are one noted occurrence."""
    group = inbound.document
    if type(group) is not dict or type(group.get("alerts")) is not list:
        raise Invalid(
            "this is not an Alertmanager notification: there is no list `alerts`",
            where="alerts",
            mend="point a `webhook_configs` receiver of Alertmanager here, without a custom payload",
        )
    ignored = frozenset(inbound.settings.get("ignored_labels") or ())
    understood: list[tuple[int, Occurrence]] = []
    refused: list[Refused] = []
    for index, alert in enumerate(group["alerts"]):
        outcome = _member(index, alert, group, ignored, inbound.received_at)
        if type(outcome) is Occurrence:
            understood.append((index, outcome))
        elif type(outcome) is Refused:
            refused.append(outcome)
    left_out = group.get("truncatedAlerts")
    if type(left_out) is int and left_out > 0:
        understood.append((len(group["alerts"]), _left_out(group, left_out)))
    return Parsed(tuple(understood), tuple(refused))


def _member(
    index: int, alert: Json, group: Mapping[str, Any], ignored: frozenset[str], received_at: datetime
) -> Occurrence | Refused:
    if type(alert) is not dict:
        return Refused(
            index, "a member of `alerts` must be an object", f"alerts[{index}]", "send Alertmanager's own body"
        )
    labels = alert.get("labels")
    if type(labels) is not dict:
        return Refused(index, "labels must be an object", f"alerts[{index}].labels", "give the alert labels")
    status = alert.get("status", group.get("status"))
    kind = _KINDS.get(status) if type(status) is str else None
    if kind is None:
        return Refused(index, "status must be firing or resolved", f"alerts[{index}].status", "send firing or resolved")
    name = _alertname(labels, group)
    if name is None:
        return Refused(index, "the alert has no name", f"alerts[{index}].labels.alertname", "set the label alertname")
    return _occurrence(kind, name, labels, alert, group, ignored, received_at)


def _occurrence(
    kind: Kind,
    name: str,
    labels: Mapping[str, Any],
    alert: Mapping[str, Any],
    group: Mapping[str, Any],
    ignored: frozenset[str],
    received_at: datetime,
) -> Occurrence:
    resolved = kind is Kind.RESOLVED
    heartbeat = name in _HEARTBEATS
    annotations = alert.get("annotations")
    if type(annotations) is not dict:
        annotations = EMPTY
    content = Content(
        _asset(labels) or name,
        name,
        _message(annotations) or name,
        _SLUG,
        _labels(labels, annotations),
        _links(alert, annotations, group),
    )
    return Occurrence(
        Kind.NOTED if heartbeat else kind,
        content,
        None if resolved else _severity(labels),
        _problem(alert, labels, ignored),
        None,
        moment(alert.get("startsAt"), received_at),
        moment(alert.get("endsAt"), received_at) if resolved else None,
        "heartbeat" if heartbeat else "",
    )


def _alertname(labels: Mapping[str, Any], group: Mapping[str, Any]) -> str | None:
    name = given(labels.get("alertname"))
    if name is None:  # alerts made by hand may carry it in the group only
        name = given(table(group.get("commonLabels")).get("alertname"))
    return name or given(table(group.get("groupLabels")).get("alertname"))


def _asset(labels: Mapping[str, Any]) -> str | None:
    for name in _HOSTS:
        if name in labels and (found := given(labels[name])) is not None:
            return without_port(found)
    for name in _STATE_METRICS if labels.get("job") == "kube-state-metrics" else _KUBERNETES:
        if name in labels and (found := given(labels[name])) is not None:
            return found
    found = given(labels.get("instance"))
    if found is not None:
        return without_port(found)
    for name in _LAST:
        if name in labels and (found := given(labels[name])) is not None:
            return found
    return None


def _severity(labels: Mapping[str, Any]) -> Severity | None:
    for name in _SEVERITIES:
        word = labels.get(name)
        if type(word) is str and word:
            return severity.from_word(word)
    return None


def _message(annotations: Mapping[str, Any]) -> str | None:
    for name in _MESSAGES:
        text = annotations.get(name)
        if type(text) is str and (text := line(text, LONGEST_MESSAGE).strip()):
            return text
    return None


def _labels(labels: Mapping[str, Any], annotations: Mapping[str, Any]) -> dict[str, str]:
    flat = labels_of(labels)
    for name, text in annotations.items():
        if name != "summary" and name not in _LINKED:
            add_label(flat, f"annotations.{name}", text)
    return flat


def _links(alert: Mapping[str, Any], annotations: Mapping[str, Any], group: Mapping[str, Any]) -> dict[str, str]:
    found: dict[str, str] = {}
    if (url := link(alert.get("generatorURL"))) is not None:
        found["graph"] = url
    if (url := link(group.get("externalURL"))) is not None:
        found["console"] = url
    for name, shown in _LINKED.items():
        if name in annotations and (url := link(annotations[name])) is not None:
            found[shown] = url
    return found


def _problem(alert: Mapping[str, Any], labels: Mapping[str, Any], ignored: frozenset[str]) -> str:
    if not ignored:
        fingerprint = present(alert.get("fingerprint"))
        if fingerprint is not None:
            return identity(fingerprint)
    pairs = sorted((name, scalar(value) or "") for name, value in labels.items() if name not in ignored)
    return digest(*(text for pair in pairs for text in pair))


def _left_out(group: Mapping[str, Any], count: int) -> Occurrence:
    receiver = given(group.get("receiver")) or "alertmanager"
    words = f"Alertmanager left {count} alerts out of this notification; raise max_alerts of the receiver"
    content = Content(receiver, "alerts left out", line(words, LONGEST_NAME), _SLUG)
    return Occurrence(Kind.NOTED, content, None, digest("left out", receiver), note="alerts_left_out")


def detects(inbound: Inbound) -> bool:
    """Version 4 with a group key; Grafana sends the same shape as version 1 with an `orgId`."""
    body = inbound.document
    return (
        type(body) is dict
        and body.get("version") == "4"
        and type(body.get("alerts")) is list
        and "groupKey" in body
        and "orgId" not in body
    )


SETUP = """\
In `alertmanager.yml`, add a receiver and route to it:

```yaml
receivers:
  - name: alert-whisperer
    webhook_configs:
      - url: {webhook_url}
        send_resolved: true
        max_alerts: 0            # 0: leave nothing out
        http_config:
          authorization:
            type: Bearer
            credentials: {api_key}

route:
  receiver: alert-whisperer
  group_by: ['...']              # optional: one request per alert; grouping is done here
  group_wait: 10s
  group_interval: 30s            # a resolve waits this long; Alertmanager's own 5m keeps incidents open
  repeat_interval: 4h
```

Then `amtool check-config alertmanager.yml` and reload (`curl -X POST http://localhost:9093/-/reload`). A trial:

```sh
amtool alert add Trial instance=trial-01 severity=warning --annotation=summary='Just a trial'
```

Two Prometheus servers that watch the same targets send each alert twice when their `replica` label is not dropped: list
that label in `ignored_labels`. `Watchdog` and `DeadMansSwitch` are stored as heartbeats and open nothing.
"""

SOURCE = Source(
    slug=_SLUG,
    title="Prometheus Alertmanager",
    docs="https://prometheus.io/docs/alerting/latest/configuration/#webhook_config",
    version=1,
    parse=parse,
    setup=SETUP,
    can_send=("header", "basic", "query", "path"),
    detects=detects,
    settings=(
        Setting(
            "ignored_labels",
            "Labels that are not part of an alert's identity, such as `replica` of a highly available pair; the twins' "
            "alerts then fold into one, which resolves with the first of them.",
            [],
            names_complaint,
        ),
    ),
    temporary_status=503,  # Alertmanager drops a notification that was answered with a 4xx, 429 included
)
