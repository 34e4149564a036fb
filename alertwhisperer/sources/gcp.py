"""
Google Cloud Monitoring: a webhook notification channel's body, one request for each change of an incident.

An incident is one time series that met its condition. Which labels tell two series of a policy apart depends on how the
policy groups them, so nothing but the incident's id is sure to be the same at both ends: it is problem and cycle.

The fields, the trial and its odd types were checked against Google's example as public receivers quote it, the channel
against Google's page on channels. Retries are not documented, so a passing fault is answered with a 5xx.
"""

from collections.abc import Mapping
from typing import Any

from alertwhisperer.domain import severity
from alertwhisperer.domain.errors import Invalid
from alertwhisperer.domain.occurrence import Content, Kind, Occurrence
from alertwhisperer.domain.severity import Severity
from alertwhisperer.sources._reading import (
    LONGEST_MESSAGE,
    add_label,
    digest,
    first,
    given,
    identity,
    labels_of,
    links,
    moment,
    scalar,
    table,
)
from alertwhisperer.sources.contract import Inbound, Json, Parsed, Source

_SLUG = "gcp"
_STATES = {"open": Kind.FIRING, "closed": Kind.RESOLVED}
_RESOURCE_NAMES = (
    "pod_name",
    "instance_id",
    "node_name",
    "database_id",
    "service_name",
    "function_name",
    "host",
    "subscription_id",
    "topic_id",
    "bucket_name",
    "queue_id",
    "cluster_name",
)
_LABELS = (
    ("project", "scoping_project_id"),
    ("policy", "policy_name"),
    ("condition", "condition_name"),
    ("severity", "severity"),
    ("state", "state"),
    ("observed_value", "observed_value"),
    ("threshold_value", "threshold_value"),
    ("resource_name", "resource_name"),
    ("resource_type_name", "resource_type_display_name"),
    ("incident", "incident_id"),
)


def parse(inbound: Inbound) -> Parsed:
    """One incident in one of its two states."""
    incident = table(inbound.document).get("incident")
    if type(incident) is not dict or not any(name in incident for name in ("incident_id", "state")):
        raise Invalid(
            "this is not a notification of Cloud Monitoring: it has no incident",
            where="incident",
            mend="use a notification channel of the type Webhooks",
        )
    return Parsed(((0, _occurrence(incident, table(inbound.document).get("version"), inbound)),))


def _occurrence(incident: Mapping[str, Any], version: Json, inbound: Inbound) -> Occurrence:
    policy = given(incident.get("policy_name"))
    signature = first((incident.get("condition_name"), table(incident.get("condition")).get("displayName"), policy))
    signature = signature or "Cloud Monitoring incident"
    kind, note = _kind(incident, version)
    resolved = kind is Kind.RESOLVED
    number = given(incident.get("incident_id"))
    content = Content(
        _asset(incident) or signature,
        signature,
        first((incident.get("summary"), policy), LONGEST_MESSAGE) or signature,
        _SLUG,
        _labels(incident),
        links({"console": incident.get("url"), "apigee": incident.get("apigee_url")}),
    )
    return Occurrence(
        kind,
        content,
        None if resolved else _severity(incident),
        digest("incident", signature, content.asset) if number is None else identity(number),
        None if number is None else identity(number),
        moment(incident.get("started_at"), inbound.received_at),
        moment(incident.get("ended_at"), inbound.received_at) if resolved else None,
        note,
    )


def _kind(incident: Mapping[str, Any], version: Json) -> tuple[Kind, str]:
    if version == "test":
        return Kind.NOTED, "test"
    kind = _STATES.get((given(incident.get("state")) or "").lower())
    return (Kind.NOTED, "information") if kind is None else (kind, "")


def _asset(incident: Mapping[str, Any]) -> str | None:
    resource = table(table(incident.get("resource")).get("labels"))
    return first(
        (
            incident.get("resource_display_name"),
            table(table(incident.get("metric")).get("labels")).get("instance_name"),
            table(table(incident.get("metadata")).get("system_labels")).get("name"),
            *(resource.get(name) for name in _RESOURCE_NAMES),
            incident.get("resource_name"),
        )
    )


def _severity(incident: Mapping[str, Any]) -> Severity | None:
    """The policy's; `No severity` leaves the word to a label that somebody gave the policy."""
    for word in (incident.get("severity"), table(incident.get("policy_user_labels")).get("severity")):
        found = severity.from_word(given(word) or "")
        if found is not None:
            return found
    return None


def _labels(incident: Mapping[str, Any]) -> dict[str, str]:
    labels: dict[str, str] = {}
    for name, field in _LABELS:
        add_label(labels, name, incident.get(field))
    metric, resource, metadata = (table(incident.get(name)) for name in ("metric", "resource", "metadata"))
    add_label(labels, "metric_type", metric.get("type"))
    add_label(labels, "resource_type", resource.get("type"))
    for prefix, tree in (
        ("", incident.get("policy_user_labels")),
        ("resource", resource.get("labels")),
        ("metric", metric.get("labels")),
        ("system", metadata.get("system_labels")),
        ("user", metadata.get("user_labels")),
    ):
        for name, value in labels_of(table(tree), prefix=prefix).items():
            add_label(labels, name, value)
    documentation = incident.get("documentation")  # an object; a text in the trial
    text = scalar(documentation) or scalar(table(documentation).get("content"))
    add_label(labels, "documentation", text)
    return labels


def detects(inbound: Inbound) -> bool:
    """An incident that names its project."""
    incident = table(inbound.document).get("incident")
    return type(incident) is dict and "incident_id" in incident and "policy_name" in incident


SETUP = """\
1. Google Cloud console → *Monitoring* → *Alerting* → *Edit notification channels* → *Webhooks* → *Add new*:
   - *Endpoint URL*: `{webhook_url}`
   - *Display name*: `Alert Whisperer`
   - *Use HTTP Basic Auth*: on; username `key`, password `{api_key}`

   *Test connection* sends a trial; it shows here as a test. *Save*. The same from a shell:

   ```sh
   gcloud beta monitoring channels create --channel-content='{"type": "webhook_basicauth",
     "displayName": "Alert Whisperer", "labels": {"url": "{webhook_url}", "username": "key"},
     "sensitiveLabels": {"password": "{api_key}"}}'
   ```

2. In each alerting policy → *Notifications and name*: select the channel, switch *Notify on incident closure* **on**
   (without it nothing resolves here), choose a *Policy severity level* (Critical, Error, Warning) and an incident
   autoclose duration.

A severity of *No severity* is read from the policy's user label `severity`, else it is medium.
"""

SOURCE = Source(
    slug=_SLUG,
    title="Google Cloud Monitoring",
    docs="https://cloud.google.com/monitoring/support/notification-options#webhooks",
    version=1,
    parse=parse,
    setup=SETUP,
    can_send=("basic", "query", "path"),
    detects=detects,
    temporary_status=503,
    route_label="project",
)
