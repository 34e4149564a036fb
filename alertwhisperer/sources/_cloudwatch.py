"""
CloudWatch alarms, whichever way they come: SNS and EventBridge spell the same alarm differently.

Each source takes its spelling apart into an `Alarm`; what it means is decided here, so that an alarm delivered both
ways is the same problem with the same severity.
"""

import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from urllib.parse import quote

import msgspec

from alertwhisperer.domain import severity
from alertwhisperer.domain.occurrence import Content, Kind, Occurrence
from alertwhisperer.domain.severity import Severity
from alertwhisperer.sources._reading import (
    LONGEST_MESSAGE,
    LONGEST_NAME,
    add_label,
    choice_complaint,
    first,
    given,
    identity,
    labels_of,
    line,
    rows,
    table,
)
from alertwhisperer.sources.contract import Json, Setting

STATES = frozenset({"ALARM", "OK", "INSUFFICIENT_DATA"})
DEFAULT_SEVERITY = Setting(
    "default_severity",
    "Severity of an alarm whose tags, name and description say none.",
    "high",
    choice_complaint("critical", "high", "medium", "low", "info"),
)

_HOSTS = (
    "InstanceId",
    "DBInstanceIdentifier",
    "DBClusterIdentifier",
    "FunctionName",
    "LoadBalancer",
    "TargetGroup",
    "ServiceName",
    "QueueName",
    "BucketName",
    "AutoScalingGroupName",
    "host",
)
# Only words that nobody uses for anything but urgency: `high` and `error` stand in the names of ordinary alarms.
_URGENCY = re.compile(r"(?<![a-z0-9])(p[1-5]|sev[0-5]|critical)(?![a-z0-9])", re.IGNORECASE)


class Alarm(msgspec.Struct, frozen=True):
    """
    A change of an alarm's state.

    Attributes:
        name, state: checked; the state is one of `STATES`.
        before: the state that it had, as sent.
        arn: as sent; names the alarm for ever.
        home: account and region, for the alarms whose ARN is missing: `123456789012:eu-west-1`.
        dimensions: of the alarm's metrics.
        tags: maps or lists of pairs that may say a severity.
        details: further labels, in the order in which people read them.
    """

    name: str
    state: str
    before: Json
    reason: Json
    description: Json
    arn: Json
    home: str
    changed_at: datetime | None
    dimensions: Mapping[str, str]
    tags: tuple[Json, ...]
    details: tuple[tuple[str, Json], ...]


def occurrence_of(alarm: Alarm, source: str, settings: Mapping[str, Json]) -> Occurrence:
    """What the alarm says, in the words of the source with this slug."""
    kind, note = _kind(alarm)
    return Occurrence(
        kind,
        _content(alarm, source),
        _severity(alarm, settings) if kind is Kind.FIRING else None,
        _problem(alarm),
        None,
        alarm.changed_at if kind is Kind.FIRING else None,
        alarm.changed_at if kind is Kind.RESOLVED else None,
        note,
    )


def dimensions_of(holders: Iterator[Json]) -> dict[str, str]:
    """One map of all the metrics' dimensions, the first value of each; lists of pairs and maps occur."""
    found: dict[str, str] = {}
    for dimensions in holders:
        pairs = [(table(row).get("name"), table(row).get("value")) for row in rows(dimensions)[:50]]
        for key, value in pairs + list(table(dimensions).items()):
            name, text = given(key), given(value)
            if name is not None and text is not None:
                found.setdefault(name, text)
    return found


def arns_of(alarms: Json, key: str) -> str | None:
    """The ARNs of the alarms that set off a composite one, with commas between."""
    names = [given(table(child).get(key)) for child in rows(alarms)[:20]]
    return ", ".join(name for name in names if name) or None


def part(arn: Json, place: int) -> str:
    """A part of an ARN, 3 being its region and 4 its account; empty when there is none."""
    parts = arn[:LONGEST_MESSAGE].split(":") if type(arn) is str else []
    return parts[place] if len(parts) > place else ""


def _kind(alarm: Alarm) -> tuple[Kind, str]:
    """No data after an alarm changes nothing; after anything else it is a problem of its own; it never resolves."""
    if alarm.state == "OK":
        return Kind.RESOLVED, ""
    if alarm.state == "INSUFFICIENT_DATA" and alarm.before == "ALARM":
        return Kind.NOTED, "insufficient_data"
    return Kind.FIRING, ""


def _content(alarm: Alarm, source: str) -> Content:
    message = first((alarm.reason, alarm.description), LONGEST_MESSAGE) or alarm.name
    labels = labels_of(alarm.dimensions)
    for label, value in alarm.details:
        add_label(labels, label, value)
    return Content(_asset(alarm.dimensions) or alarm.name, alarm.name, message, source, labels, _console(alarm))


def _asset(dimensions: Mapping[str, str]) -> str | None:
    for name in _HOSTS:
        if name in dimensions:
            if name == "ServiceName" and "ClusterName" in dimensions:
                return line(f"{dimensions['ClusterName']}/{dimensions[name]}", LONGEST_NAME)
            return dimensions[name]
    return next(iter(dimensions.values()), None)


def _severity(alarm: Alarm, settings: Mapping[str, Json]) -> Severity:
    """CloudWatch has none: an alarm's tag, else a word in its name or description, else the integration's default."""
    tagged = _tagged(alarm)
    if tagged is not None:
        return tagged
    for text in (alarm.name, alarm.description):
        word = _URGENCY.search(text[:LONGEST_MESSAGE]) if type(text) is str else None
        found = severity.from_word(word[1]) if word else None
        if found is not None:
            return found
    if alarm.state == "INSUFFICIENT_DATA":
        return Severity.MEDIUM
    return severity.from_word(str(settings.get("default_severity") or "")) or Severity.HIGH


def _tagged(alarm: Alarm) -> Severity | None:
    for holder in alarm.tags:
        pairs = [(table(row).get("Key"), table(row).get("Value")) for row in rows(holder)[:64]]
        for key, value in pairs + list(table(holder).items())[:64]:
            if type(key) is str and key.lower() in ("severity", "priority") and type(value) is str:
                found = severity.from_word(value)
                if found is not None:
                    return found
    return None


def _problem(alarm: Alarm) -> str:
    arn = given(alarm.arn, LONGEST_MESSAGE)
    return identity(f"{alarm.home}:{alarm.name}" if arn is None else arn)


def _console(alarm: Alarm) -> dict[str, str]:
    region = part(alarm.arn, 3)
    if not re.fullmatch(r"[a-z0-9-]{5,30}", region) or region.startswith("cn-"):
        return {}
    home = f"https://{region}.console.aws.amazonaws.com/cloudwatch/home?region={region}"
    return {"console": f"{home}#alarmsV2:alarm/{quote(alarm.name.encode('utf-8', 'replace'), safe='')}"}
