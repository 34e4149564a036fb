"""
New Relic: a workflow's webhook with the body of our setup page or the one it comes with, or a legacy channel's.

A workflow tells of issues. An issue can hold several incidents and keeps its id from first to last, so the id is
problem and cycle at once. The legacy channel tells of incidents in the same way.

Variables were checked against New Relic's page of them, the default template, the values that its trial sends and the
legacy body against public receivers and modules that quote them. Retries are not documented, so a passing fault is
answered with a 5xx, which senders retry sooner than a 4xx.
"""

from collections.abc import Mapping
from datetime import datetime
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
    rows,
    table,
)
from alertwhisperer.sources.contract import Inbound, Json, Parsed, Source

_SLUG = "newrelic"
_STATES = {
    "created": (Kind.FIRING, ""),
    "activated": (Kind.FIRING, ""),
    "open": (Kind.FIRING, ""),
    "acknowledged": (Kind.NOTED, "operator_update"),
    "deactivated": (Kind.RESOLVED, ""),
    "resolved": (Kind.RESOLVED, ""),
    "closed": (Kind.RESOLVED, ""),
    "test": (Kind.NOTED, "test"),
}
_PRIORITIES = {
    "critical": Severity.CRITICAL,
    "high": Severity.HIGH,
    "medium": Severity.MEDIUM,
    "low": Severity.LOW,
}
# What every trial holds, whatever the account: a made-up issue of a workflow, a made-up policy of the legacy channel.
_TRIAL_ISSUES = ("d1b1f3fd-995a-4066-88ab-8ce4f6960654", "0ea2df1c-adab-45d2-aae0-042b609d2322")
_TRIAL_POLICY = "New Relic Alert - Test Policy"
_ISSUE_LABELS = (
    ("account", "accountId"),
    ("priority", "priority"),
    ("state", "state"),
    ("trigger", "trigger"),
    ("incidents", "totalIncidents"),
    ("is_correlated", "isCorrelated"),
    ("workflow", "workflowName"),
    ("owner", "owner"),
)
_ISSUE_LISTS = (
    ("policies", "alertPolicyNames"),
    ("conditions", "alertConditionNames"),
    ("entities", "impactedEntities"),
    ("sources", "sources"),
)
_LEGACY_LABELS = (
    ("account", "account_id"),
    ("account_name", "account_name"),
    ("policies", "policy_name"),
    ("state", "current_state"),
    ("priority", "severity"),
    ("condition_id", "condition_id"),
    ("event_type", "event_type"),
    ("owner", "owner"),
)
_MOST_NAMES = 20


def parse(inbound: Inbound) -> Parsed:
    """One notification is one occurrence."""
    body = inbound.document
    if type(body) is dict and given(body.get("state")) is not None and ("issueUrl" in body or "priority" in body):
        return Parsed(((0, _issue(body, inbound)),))
    if type(body) is dict and given(body.get("current_state")) is not None:
        return Parsed(((0, _incident(body, inbound)),))
    raise Invalid(
        "this is not a New Relic notification: it has neither a state nor a current_state",
        where="state",
        mend="use the payload of the setup page in the workflow's webhook",
    )


def _issue(issue: Mapping[str, Any], inbound: Inbound) -> Occurrence:
    title = given(issue.get("title"), LONGEST_MESSAGE)
    signature = first((*_names(issue.get("alertConditionNames")), title)) or "New Relic issue"
    kind, note = _kind(issue.get("state"))
    url = given(issue.get("issueUrl"), LONGEST_MESSAGE) or ""
    number = given(issue.get("id"), LONGEST_MESSAGE)
    if number == _TRIAL_ISSUES[0] or _TRIAL_ISSUES[1] in url:
        kind, note = Kind.NOTED, "test"
    resolved = kind is Kind.RESOLVED
    content = Content(
        first(_names(issue.get("impactedEntities"))) or signature,
        signature,
        title or signature,
        _SLUG,
        _issue_labels(issue),
        links({"console": url, "runbook": next(iter(_names(issue.get("runbookUrls"))), None)}),
    )
    return Occurrence(
        kind,
        content,
        None if resolved else _PRIORITIES.get((given(issue.get("priority")) or "").lower()),
        digest("issue", signature, *_names(issue.get("impactedEntities"))) if number is None else identity(number),
        None if number is None else identity(number),
        moment(issue.get("createdAt"), inbound.received_at),
        _ended(inbound, issue.get("closedAt"), issue.get("updatedAt")) if resolved else None,
        note,
    )


def _incident(incident: Mapping[str, Any], inbound: Inbound) -> Occurrence:
    signature = first((incident.get("condition_name"), incident.get("policy_name"))) or "New Relic condition"
    kind, note = _kind(incident.get("current_state"))
    if given(incident.get("policy_name")) == _TRIAL_POLICY:
        kind, note = Kind.NOTED, "test"
    resolved = kind is Kind.RESOLVED
    targets = [table(row) for row in rows(incident.get("targets"))[:_MOST_NAMES]]
    number = given(incident.get("incident_id"), LONGEST_MESSAGE)
    at = moment(incident.get("timestamp"), inbound.received_at)
    content = Content(
        first(target.get("name") for target in targets) or signature,
        signature,
        given(incident.get("details"), LONGEST_MESSAGE) or signature,
        _SLUG,
        _legacy_labels(incident, targets),
        links({"console": incident.get("incident_url"), "runbook": incident.get("runbook_url")}),
    )
    return Occurrence(
        kind,
        content,
        None if resolved else severity.from_word(given(incident.get("severity")) or ""),
        digest("incident", signature) if number is None else identity(number),
        None if number is None else identity(number),
        None if resolved else at,
        at if resolved else None,
        note,
    )


def _kind(state: Json) -> tuple[Kind, str]:
    return _STATES.get((given(state) or "").lower(), (Kind.NOTED, "information"))


def _ended(inbound: Inbound, *candidates: Json) -> datetime | None:
    found = (moment(candidate, inbound.received_at) for candidate in candidates)
    return next((one for one in found if one is not None), None)


def _names(value: Json) -> list[str]:
    """A list of names; a template of one's own may send one name, or names with commas between."""
    values = value.split(",") if type(value) is str else rows(value)
    return [found for one in values[:_MOST_NAMES] if (found := given(one)) is not None]


def _issue_labels(issue: Mapping[str, Any]) -> dict[str, str]:
    labels: dict[str, str] = {}
    for name, field in _ISSUE_LABELS:
        add_label(labels, name, issue.get(field))
    for name, field in _ISSUE_LISTS:
        add_label(labels, name, ", ".join(_names(issue.get(field))))
    add_label(labels, "details", "; ".join(_names(issue.get("details"))))
    for name, value in labels_of(table(issue.get("labels"))).items():
        add_label(labels, name, value)
    return labels


def _legacy_labels(incident: Mapping[str, Any], targets: list[Mapping[str, Any]]) -> dict[str, str]:
    labels: dict[str, str] = {}
    for name, field in _LEGACY_LABELS:
        add_label(labels, name, incident.get(field))
    add_label(labels, "entities", ", ".join(_names([target.get("name") for target in targets])))
    for target in targets[:1]:
        add_label(labels, "target_type", target.get("type"))
        for name, value in labels_of(table(target.get("labels"))).items():
            add_label(labels, name, value)
    return labels


def detects(inbound: Inbound) -> bool:
    """A workflow's body by its issue, the legacy one by its incident of a policy."""
    body = inbound.document
    if type(body) is not dict:
        return False
    if "issueUrl" in body and "state" in body:
        return "alertConditionNames" in body or "workflowName" in body
    return "current_state" in body and "incident_id" in body and "policy_name" in body


PAYLOAD = """\
{
  "id": {{ json issueId }},
  "issueUrl": {{ json issuePageUrl }},
  "title": {{ json annotations.title.[0] }},
  "priority": {{ json priority }},
  "impactedEntities": {{ json entitiesData.names }},
  "totalIncidents": {{ json totalIncidents }},
  "state": {{ json state }},
  "trigger": {{ json triggerEvent }},
  "isCorrelated": {{ json isCorrelated }},
  "createdAt": {{ createdAt }},
  "updatedAt": {{ updatedAt }},
  "closedAt": {{ json closedAt }},
  "accountId": {{ json nrAccountId }},
  "owner": {{ json owner }},
  "sources": {{ json accumulations.source }},
  "alertPolicyNames": {{ json accumulations.policyName }},
  "alertConditionNames": {{ json accumulations.conditionName }},
  "details": {{ json accumulations.conditionDescription }},
  "runbookUrls": {{ json accumulations.runbookUrl }},
  "workflowName": {{ json workflowName }}
}"""

SETUP = f"""\
1. New Relic → *Alerts* → *Destinations* → **Webhook**:
   - name: `Alert Whisperer`, endpoint URL: `{{webhook_url}}`
   - *Use authorization* → *Bearer token*: `{{api_key}}`
   - *Send test notification*, then *Save destination*. The trial shows here as a test.
2. *Alerts* → *Workflows* → *Add a workflow*: filter what you want, or nothing for all issues. *Notify* → **Webhook** →
   the destination. Replace the template by this one (the preview must show valid JSON; take out a variable that your
   account does not know; the template that New Relic comes with works as well):

```json
{PAYLOAD}
```

3. In the channel's menu (⋯) choose *Notify when*: **activated**, **acknowledged**, **closed** and *priority changed*.
   Without *closed* nothing resolves here.
4. In the alert policies choose *One issue per condition and signal*: issues that hold many entities name only the first
   one as the asset here.

Severity is the issue's priority: critical, high, medium or low.
"""

SOURCE = Source(
    slug=_SLUG,
    title="New Relic",
    docs="https://docs.newrelic.com/docs/alerts/get-notified/notification-integrations/",
    version=1,
    parse=parse,
    setup=SETUP,
    can_send=("header", "basic", "query", "path"),
    detects=detects,
    temporary_status=503,
    route_label="account",
)
