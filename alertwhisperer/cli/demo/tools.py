"""Writes alerts as the tools themselves write them: Alertmanager, Zabbix with our media type, Datadog, CloudWatch."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from hashlib import blake2b
from typing import Any

_TOPIC = "arn:aws:sns:eu-central-1:111122223333:alarms"
_ZABBIX = {"critical": ("5", "Disaster"), "high": ("4", "High"), "medium": ("3", "Average"), "low": ("2", "Warning")}
_PRIORITY = {"critical": "P1", "high": "P2", "medium": "P3", "low": "P4"}
_TYPE = {"critical": "error", "high": "error", "medium": "warning", "low": "warning"}


@dataclass(frozen=True, slots=True)
class Check:
    """What a tool watches: one check on one thing; `service` is "" where the tool does not know any."""

    source: str
    asset: str
    name: str
    severity: str
    message: str
    service: str

    def at(self, site: str) -> "Check":
        """The same check on the thing of this name at a site."""
        service = f"{self.service}-{site}" if self.service else ""
        if self.asset in ("shop", "app/shop"):
            name = f"shop-{site}.example.com" if self.asset == "shop" else f"app/shop-{site}/50dc6c495c0c9188"
            return replace(self, asset=name, service=service)
        return replace(self, asset=f"{self.asset}.{site}", service=service)

    def number(self, digits: int = 6) -> str:
        """A stable number, as tools have for their triggers and monitors."""
        digest = blake2b(f"{self.source}|{self.asset}|{self.name}".encode(), digest_size=8).digest()
        return str(int.from_bytes(digest, "big") % 10**digits + 10**digits)


@dataclass(frozen=True, slots=True)
class Said:
    """That a check fires or has ended; `since` is when this spell of it began."""

    check: Check
    firing: bool
    since: datetime
    at: datetime


@dataclass(frozen=True, slots=True)
class Post:
    """The body and headers of one request; `firing` counts the alerts in it that fire."""

    body: bytes = field(repr=False)
    headers: Mapping[str, str]
    firing: int


def write(source: str, said: Sequence[Said], *, run: str, number: int) -> Post:
    """
    One request of a tool.

    Args:
        said: of one alert name for `prometheus`, one member for the others.
        run, number: make the ids of deliveries, which no two runs share.
    """
    document, headers = _WRITERS[source](said, run, number)
    body = json.dumps(document, ensure_ascii=False).encode()
    return Post(body, {"Content-Type": "application/json", **headers}, sum(one.firing for one in said))


Written = tuple[dict[str, Any], dict[str, str]]


def _alertmanager(said: Sequence[Said], run: str, number: int) -> Written:
    name = said[0].check.name
    alerts = [_member(one) for one in said]
    return {
        "version": "4",
        "groupKey": f'{{}}:{{alertname="{name}"}}',
        "truncatedAlerts": 0,
        "status": "firing" if any(one.firing for one in said) else "resolved",
        "receiver": "alert-whisperer",
        "groupLabels": {"alertname": name},
        "commonLabels": {"alertname": name, "severity": said[0].check.severity},
        "commonAnnotations": {},
        "externalURL": "https://alertmanager.example.com",
        "alerts": alerts,
    }, {}


def _member(one: Said) -> dict[str, Any]:
    check = one.check
    probed = check.asset.endswith(".example.com")
    labels = {
        "alertname": check.name,
        "severity": check.severity,
        "instance": f"https://{check.asset}/cart" if probed else f"{check.asset}:9100",
        "job": "blackbox" if probed else "node",
    }
    if check.service:
        labels["service"] = check.service
    return {
        "status": "firing" if one.firing else "resolved",
        "labels": labels,
        "annotations": {"summary": check.message, "runbook_url": f"https://runbooks.example.com/{check.name}"},
        "startsAt": _rfc3339(one.since),
        "endsAt": "0001-01-01T00:00:00Z" if one.firing else _rfc3339(one.at),
        "generatorURL": "https://prometheus.example.com/graph",
        "fingerprint": blake2b(json.dumps(labels, sort_keys=True).encode(), digest_size=8).hexdigest(),
    }


def _zabbix(said: Sequence[Said], run: str, number: int) -> Written:
    (one,) = said
    check = one.check
    nseverity, severity = _ZABBIX[check.severity]
    began = int(one.since.timestamp() * 1000)
    return {
        "event_id": f"{began % 10**9}{check.number(3)}",
        "event_source": "0",
        "event_value": "1" if one.firing else "0",
        "event_update": "0",
        "event_nseverity": nseverity,
        "event_severity": severity,
        "event_status": "PROBLEM" if one.firing else "RESOLVED",
        "event_name": check.message,
        "trigger_id": check.number(),
        "trigger_name": check.name,
        "host": check.asset,
        "host_name": check.asset,
        "host_dns": "",
        "host_ip": "{HOST.IP}",
        "event_date": one.since.strftime("%Y.%m.%d"),
        "event_time": one.since.strftime("%H:%M:%S"),
        "recovery_id": "{EVENT.RECOVERY.ID}" if one.firing else f"{number}{check.number(3)}",
        "recovery_date": "{EVENT.RECOVERY.DATE}" if one.firing else one.at.strftime("%Y.%m.%d"),
        "recovery_time": "{EVENT.RECOVERY.TIME}" if one.firing else one.at.strftime("%H:%M:%S"),
        "opdata": "",
        "ack": "No",
        "tags": json.dumps([{"tag": "scope", "value": "availability"}]),
        "item_id": check.number(5),
        "item_name": check.name,
        "service_name": "{SERVICE.NAME}",
        "zabbix_url": "https://zabbix.example.com/",
    }, {}


def _datadog(said: Sequence[Said], run: str, number: int) -> Written:
    (one,) = said
    check = one.check
    state = "Triggered" if one.firing else "Recovered"
    if one.firing and one.at > one.since:
        state = "Re-Triggered"
    title = f"[{_PRIORITY[check.severity]}] [{state} on {{host:{check.asset}}}] {check.name}"
    tags = ["env:prod", f"host:{check.asset}", "monitor", *([f"service:{check.service}"] if check.service else [])]
    at = str(int(one.at.timestamp() * 1000))
    return {
        "id": str(int(f"{run}{number:05x}", 16)),
        "alert_id": check.number(),
        "alert_cycle_key": str(int(one.since.timestamp() * 1_000_000)),
        "aggreg_key": f"{int(check.number(9)):x}",
        "alert_transition": state,
        "alert_type": _TYPE[check.severity] if one.firing else "success",
        "alert_priority": _PRIORITY[check.severity],
        "alert_title": title,
        "alert_scope": f"host:{check.asset}",
        "alert_metric": "system.disk.in_use",
        "event_title": title,
        "event_type": "query_alert_monitor",
        "body": f"{check.message} @webhook-alert-whisperer",
        "hostname": check.asset,
        "tags": ",".join(tags),
        "link": f"https://app.datadoghq.com/monitors/{check.number()}",
        "snapshot": "null",
        "date": at,
        "last_updated": at,
        "org_id": "1234",
        "org_name": "Demo",
    }, {}


def _cloudwatch(said: Sequence[Said], run: str, number: int) -> Written:
    (one,) = said
    check = one.check
    headers = {
        "Content-Type": "text/plain; charset=UTF-8",
        "x-amz-sns-message-type": "Notification",
        "x-amz-sns-message-id": f"{run[:8]}-0000-5000-8000-{number:012d}",
        "x-amz-sns-topic-arn": _TOPIC,
        "x-amz-sns-rawdelivery": "true",
    }
    return {
        "AlarmName": check.name,
        "AlarmDescription": f"{check.message} [{_PRIORITY[check.severity]}]",
        "AWSAccountId": "111122223333",
        "NewStateValue": "ALARM" if one.firing else "OK",
        "OldStateValue": "OK" if one.firing else "ALARM",
        "NewStateReason": f"Threshold Crossed: 1 datapoint was {'over' if one.firing else 'under'} the threshold.",
        "StateChangeTime": (one.since if one.firing else one.at).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "+0000",
        "Region": "EU (Frankfurt)",
        "AlarmArn": f"arn:aws:cloudwatch:eu-central-1:111122223333:alarm:{check.name}",
        "Trigger": {
            "MetricName": check.name,
            "Namespace": "AWS/EC2",
            "Statistic": "AVERAGE",
            "Dimensions": [{"name": _dimension(check.asset), "value": check.asset}],
            "Period": 60,
            "ComparisonOperator": "GreaterThanThreshold",
            "Threshold": 90.0,
        },
    }, headers


def _dimension(asset: str) -> str:
    if asset.startswith("app/"):
        return "LoadBalancer"
    if asset.startswith("db-"):
        return "DBInstanceIdentifier"
    return "InstanceId" if asset.startswith("batch") else "QueueName"


def _rfc3339(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%f") + "Z"


_WRITERS: Mapping[str, Callable[[Sequence[Said], str, int], Written]] = {
    "prometheus": _alertmanager,
    "zabbix": _zabbix,
    "datadog": _datadog,
    "cloudwatch": _cloudwatch,
}
