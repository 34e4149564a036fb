"""
Prometheus Alertmanager: the webhook receiver's body, version 4, one request for each notification group.

A group repeats with all its members, firing and resolved ones side by side, so each member's own status counts and the
group's is ignored. The fingerprint covers every label; an integration can leave labels out of the identity, which folds
the twins of a highly available pair (`replica`).
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from alertwhisperer.domain.occurrence import Content, Kind, Occurrence
from alertwhisperer.sources._alertmanager import (
    IGNORED_LABELS,
    Sender,
    add_links,
    asset_of,
    flat_labels,
    message_of,
    name_of,
    problem_of,
    read_group,
    severity_of,
)
from alertwhisperer.sources._reading import link, moment, table
from alertwhisperer.sources.contract import Inbound, Parsed, Source

_SLUG = "prometheus"
_SENDER = Sender(
    slug=_SLUG,
    title="Alertmanager",
    limit="max_alerts of the receiver",
    mend="point a `webhook_configs` receiver of Alertmanager here, without a custom payload",
)
_HEARTBEATS = frozenset({"Watchdog", "DeadMansSwitch", "DeadMansSnitch"})


def parse(inbound: Inbound) -> Parsed:
    """Each member of the group is an occurrence; members that were cut off by `max_alerts` are one noted occurrence."""
    return read_group(inbound, _SENDER, _occurrence)


def _occurrence(
    kind: Kind,
    labels: Mapping[str, Any],
    alert: Mapping[str, Any],
    group: Mapping[str, Any],
    ignored: frozenset[str],
    received_at: datetime,
) -> Occurrence | None:
    name = name_of(labels, group)
    if name is None:
        return None
    resolved = kind is Kind.RESOLVED
    heartbeat = name in _HEARTBEATS
    annotations = table(alert.get("annotations"))
    content = Content(
        asset_of(labels) or name,
        name,
        message_of(annotations) or name,
        _SLUG,
        flat_labels(labels, annotations),
        add_links(_links(alert, group), annotations),
    )
    return Occurrence(
        Kind.NOTED if heartbeat else kind,
        content,
        None if resolved else severity_of(labels),
        problem_of(alert, labels, ignored),
        None,
        moment(alert.get("startsAt"), received_at),
        moment(alert.get("endsAt"), received_at) if resolved else None,
        "heartbeat" if heartbeat else "",
    )


def _links(alert: Mapping[str, Any], group: Mapping[str, Any]) -> dict[str, str]:
    found: dict[str, str] = {}
    if (url := link(alert.get("generatorURL"))) is not None:
        found["graph"] = url
    if (url := link(group.get("externalURL"))) is not None:
        found["console"] = url
    return found


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
    settings=(IGNORED_LABELS,),
    temporary_status=503,  # Alertmanager drops a notification that was answered with a 4xx, 429 included
)
