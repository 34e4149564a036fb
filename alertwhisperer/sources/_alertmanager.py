"""
Alertmanager's webhook body, which Grafana sends as well: a group of alerts, each with its own status and labels.

A group repeats with all its members, firing and resolved ones side by side, so each member's own status counts and the
group's is ignored. What a member says beyond that is its source's to read.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

import msgspec

from alertwhisperer.domain import severity
from alertwhisperer.domain.asset import present, without_port
from alertwhisperer.domain.errors import Invalid
from alertwhisperer.domain.occurrence import Content, Kind, Occurrence, Refused
from alertwhisperer.domain.severity import Severity
from alertwhisperer.sources._reading import (
    LONGEST_MESSAGE,
    LONGEST_NAME,
    add_label,
    digest,
    given,
    identity,
    labels_of,
    line,
    link,
    names_complaint,
    scalar,
    table,
)
from alertwhisperer.sources.contract import Inbound, Json, Parsed, Setting

IGNORED_LABELS = Setting(
    "ignored_labels",
    "Labels that are not part of an alert's identity, such as `replica` of a highly available pair; the twins' "
    "alerts then fold into one, which resolves with the first of them.",
    [],
    names_complaint,
)

_KINDS = {"firing": Kind.FIRING, "resolved": Kind.RESOLVED}
_HOSTS = ("host", "hostname", "nodename", "exported_instance")
# Most specific first. `instance` of these alerts is the exporter's address, never the object that fails.
_KUBERNETES = ("pod", "node", "deployment", "statefulset", "persistentvolumeclaim")
_STATE_METRICS = (*_KUBERNETES, "daemonset", "job_name", "cronjob", "horizontalpodautoscaler", "namespace")
_LAST = ("target", "service", "cluster")
_SEVERITIES = ("severity", "priority", "level")
_MESSAGES = ("summary", "description", "message", "title")
_LINKED = {"runbook_url": "runbook", "dashboard_url": "dashboard"}


class Sender(msgspec.Struct, frozen=True):
    """
    The tool that sends groups.

    Attributes:
        slug: of its source.
        title: as people call it.
        limit: what to raise when it leaves alerts out.
        mend: how to make it send this body.
    """

    slug: str
    title: str
    limit: str
    mend: str


Read = Callable[
    [Kind, Mapping[str, Any], Mapping[str, Any], Mapping[str, Any], frozenset[str], datetime], Occurrence | None
]
"""
What a member whose frame is sound says, from its kind, its labels, itself, its group, the labels that are not part of
its identity, and the time of arrival; None when it has no name. Plain arguments, as it is called for each alert of a
storm.
"""


def read_group(inbound: Inbound, sender: Sender, read: Read) -> Parsed:
    """Each member of the group is an occurrence; members that the tool left out are one noted occurrence."""
    group = inbound.document
    if type(group) is not dict or type(group.get("alerts")) is not list:
        raise Invalid(
            f"this is not a notification of {sender.title}: there is no list `alerts`",
            where="alerts",
            mend=sender.mend,
        )
    ignored = frozenset(inbound.settings.get("ignored_labels") or ())
    understood: list[tuple[int, Occurrence]] = []
    refused: list[Refused] = []
    for index, alert in enumerate(group["alerts"]):
        outcome = _member(index, alert, group, ignored, inbound.received_at, read)
        if type(outcome) is Occurrence:
            understood.append((index, outcome))
        elif type(outcome) is Refused:
            refused.append(outcome)
    left_out = group.get("truncatedAlerts")
    if type(left_out) is int and left_out > 0:
        understood.append((len(group["alerts"]), _left_out(group, left_out, sender)))
    return Parsed(tuple(understood), tuple(refused))


def _member(
    index: int, alert: Json, group: Mapping[str, Any], ignored: frozenset[str], received_at: datetime, read: Read
) -> Occurrence | Refused:
    if type(alert) is not dict:
        return Refused(index, "a member of `alerts` must be an object", f"alerts[{index}]", "send the tool's own body")
    labels = alert.get("labels")
    if type(labels) is not dict:
        return Refused(index, "labels must be an object", f"alerts[{index}].labels", "give the alert labels")
    status = alert.get("status", group.get("status"))
    kind = _KINDS.get(status) if type(status) is str else None
    if kind is None:
        return Refused(index, "status must be firing or resolved", f"alerts[{index}].status", "send firing or resolved")
    said = read(kind, labels, alert, group, ignored, received_at)
    if said is None:
        return Refused(index, "the alert has no name", f"alerts[{index}].labels.alertname", "set the label alertname")
    return said


def name_of(labels: Mapping[str, Any], group: Mapping[str, Any]) -> str | None:
    """The alert's name; alerts made by hand may carry it in the group only."""
    name = given(labels.get("alertname"))
    if name is None:
        name = given(table(group.get("commonLabels")).get("alertname"))
    return name or given(table(group.get("groupLabels")).get("alertname"))


def asset_of(labels: Mapping[str, Any]) -> str | None:
    """What fails, and not what measures it."""
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


def severity_of(labels: Mapping[str, Any]) -> Severity | None:
    """By the first label that says one; an unknown word is none."""
    for name in _SEVERITIES:
        word = labels.get(name)
        if type(word) is str and word:
            return severity.from_word(word)
    return None


def message_of(annotations: Mapping[str, Any]) -> str | None:
    """The annotation that people wrote for people."""
    for name in _MESSAGES:
        text = annotations.get(name)
        if type(text) is str and (text := line(text, LONGEST_MESSAGE).strip()):
            return text
    return None


def flat_labels(labels: Mapping[str, Any], annotations: Mapping[str, Any]) -> dict[str, str]:
    """The labels, then the annotations that stand nowhere else."""
    flat = labels_of(labels)
    for name, text in annotations.items():
        if name != "summary" and name not in _LINKED:
            add_label(flat, f"annotations.{name}", text)
    return flat


def add_links(found: dict[str, str], annotations: Mapping[str, Any]) -> dict[str, str]:
    """The links with those of the annotations beside them; what the tool itself links to stays."""
    for name, shown in _LINKED.items():
        if name in annotations and shown not in found and (url := link(annotations[name])) is not None:
            found[shown] = url
    return found


def problem_of(alert: Mapping[str, Any], labels: Mapping[str, Any], ignored: frozenset[str]) -> str:
    """The fingerprint, which covers every label; without one, or when some do not count, the labels themselves."""
    if not ignored:
        fingerprint = present(alert.get("fingerprint"))
        if fingerprint is not None:
            return identity(fingerprint)
    pairs = sorted((name, scalar(value) or "") for name, value in labels.items() if name not in ignored)
    return digest(*(text for pair in pairs for text in pair))


def _left_out(group: Mapping[str, Any], count: int, sender: Sender) -> Occurrence:
    receiver = given(group.get("receiver")) or sender.title.lower()
    words = f"{sender.title} left {count} alerts out of this notification; raise {sender.limit}"
    content = Content(receiver, "alerts left out", line(words, LONGEST_NAME), sender.slug)
    return Occurrence(Kind.NOTED, content, None, digest("left out", receiver), note="alerts_left_out")
