"""
Azure Monitor: an action group's webhook with the common alert schema, or one of the schemas that came before it.

An older body is translated into the common one's fields first; then there is one reading. The alert's id is the cycle.
A metric alert's rule, target and dimensions are the problem for ever, since its end names the same ones; of other
alerts nothing but the id is sure to come back. Activity log alerts are always "fired": of service and resource health
the event itself says when it is over, all others never end by themselves.

All schemas, the test values and activity log alerts were checked against Microsoft's documentation of the payloads.
That a metric alert's end has the same dimensions is seen in its example only; retries are by reports.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from alertwhisperer.domain import severity
from alertwhisperer.domain.errors import Invalid
from alertwhisperer.domain.occurrence import Content, Kind, Occurrence
from alertwhisperer.domain.severity import Severity
from alertwhisperer.sources._reading import (
    EMPTY,
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
    scalar,
    table,
)
from alertwhisperer.sources.contract import Inbound, Json, Parsed, Source

_SLUG = "azure"
_COMMON = "azureMonitorCommonAlertSchema"
_METRIC = "AzureMonitorMetricAlert"
_ACTIVITY = "Microsoft.Insights/activityLogs"
_LOG = "Microsoft.Insights/LogAlert"
_SEVERITIES = {
    "sev0": Severity.CRITICAL,
    "sev1": Severity.HIGH,
    "sev2": Severity.MEDIUM,
    "sev3": Severity.LOW,
    "sev4": Severity.INFO,
}
_CONDITIONS = {
    "fired": Kind.FIRING,
    "activated": Kind.FIRING,
    "resolved": Kind.RESOLVED,
    "deactivated": Kind.RESOLVED,
}
_OVER = frozenset({"resolved", "complete", "completed"})
_SERVICE_HEALTH, _RESOURCE_HEALTH = "servicehealth", "resourcehealth"
_HEALTH = (_SERVICE_HEALTH, _RESOURCE_HEALTH)  # their events say by themselves when they are over
_TRIAL_SUBSCRIPTION = "11111111-1111-1111-1111-111111111111"  # of all the trials of an action group
_SUBSCRIPTION = re.compile(r"/subscriptions/([^/]+)", re.IGNORECASE)
_GROUP = re.compile(r"/resourcegroups/([^/]+)", re.IGNORECASE)
_COMPUTERS = ("computer", "host", "hostname", "_resourceid")
_SEARCH_LINKS = ("linkToFilteredSearchResultsUI", "linkToSearchResultsUI")
_OLD_SEARCH_LINKS = ("LinkToFilteredSearchResultsUI", "LinkToSearchResults")
_MOST_CRITERIA = 20


def parse(inbound: Inbound) -> Parsed:
    """One alert in one of its two states, or one event of the activity log."""
    essentials, context = _common_form(inbound.document)
    return Parsed(((0, _occurrence(essentials, context, inbound)),))


# ------------------------------------------------------------------------------------------------ the schemas


def _common_form(body: Json) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    """The essentials and the context, whichever schema they came in."""
    data = table(table(body).get("data"))
    schema = table(body).get("schemaId")
    if schema == _COMMON and table(data.get("essentials")):
        essentials = table(data.get("essentials"))
        return {**essentials, "custom": data.get("customProperties")}, table(data.get("alertContext"))
    if schema == _METRIC and table(data.get("context")):
        return _from_metric(table(data.get("context")), data)
    if schema == _ACTIVITY and table(table(data.get("context")).get("activityLog")):
        return _from_activity(table(table(data.get("context")).get("activityLog")), data)
    if schema == _LOG and data:
        return _from_log(data)
    if schema is None and "status" in table(body) and "name" in table(table(body).get("context")):
        return _from_metric(table(table(body).get("context")), table(body))
    raise Invalid(
        "this is not an Azure Monitor alert: its schemaId is not known",
        where="schemaId",
        mend="turn the common alert schema on in the action group's webhook",
    )


def _from_metric(context: Mapping[str, Any], data: Mapping[str, Any]) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    number = scalar(context.get("severity"))
    condition = table(context.get("condition"))
    essentials = {
        "alertRule": context.get("name"),
        "alertRuleID": context.get("id"),
        "severity": None if number is None else f"Sev{number}",
        "signalType": "Metric",
        "monitorCondition": data.get("status"),
        "monitoringService": "Platform",
        "alertTargetIDs": [context.get("resourceId")],
        "configurationItems": [context.get("resourceName")],
        "firedDateTime": context.get("timestamp"),
        "resolvedDateTime": context.get("timestamp"),
        "description": context.get("description"),
        "investigationLink": context.get("portalLink"),
        "subscription": context.get("subscriptionId"),
        "custom": data.get("properties"),
    }
    # The oldest schema has one criterion where the later one has a list.
    return essentials, {"condition": condition if "allOf" in condition else {"allOf": [condition]}}


def _from_activity(event: Mapping[str, Any], data: Mapping[str, Any]) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    essentials = {
        "alertRule": event.get("operationName"),
        "signalType": "Activity Log",
        "monitorCondition": data.get("status"),
        "monitoringService": _service_of_event(event),
        "alertTargetIDs": [event.get("resourceId")],
        "firedDateTime": event.get("eventTimestamp"),
        "resolvedDateTime": event.get("eventTimestamp"),
        "description": event.get("description"),
        "subscription": event.get("subscriptionId"),
        "custom": data.get("properties"),
    }
    return essentials, event


def _service_of_event(event: Mapping[str, Any]) -> str:
    source = given(event.get("eventSource")) or "Administrative"
    return source if source.lower() in _HEALTH else f"Activity Log - {source}"


def _from_log(data: Mapping[str, Any]) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    level = scalar(data.get("Severity")) or ""
    essentials = {
        "alertRule": data.get("AlertRuleName"),
        "severity": f"Sev{level}" if level.isdigit() else level,
        "signalType": "Log",
        "monitorCondition": "Fired",
        "monitoringService": "Log Analytics",
        "configurationItems": data.get("AffectedConfigurationItems"),
        "firedDateTime": data.get("SearchIntervalEndtimeUtc"),
        "description": data.get("Description"),
        "subscription": data.get("SubscriptionId"),
    }
    return essentials, data


# ------------------------------------------------------------------------------------------------ the one reading


def _occurrence(essentials: Mapping[str, Any], context: Mapping[str, Any], inbound: Inbound) -> Occurrence:
    service = (given(essentials.get("monitoringService")) or "").replace(" ", "").lower()
    rule = first((essentials.get("alertRule"), essentials.get("alertRuleID"))) or "Azure alert"
    targets = [found for one in rows(essentials.get("alertTargetIDs")) if (found := given(one)) is not None]
    dimensions = dict(_dimensions(context))
    kind, note = _kind(essentials, context, service)
    resolved = kind is Kind.RESOLVED
    cycle = given(essentials.get("alertId"), LONGEST_MESSAGE)
    fired_at = moment(essentials.get("firedDateTime"), inbound.received_at)
    ended_at = moment(essentials.get("resolvedDateTime"), inbound.received_at)
    if resolved and service in _HEALTH:  # each of their events has fired, the last one too
        fired_at, ended_at = None, ended_at or fired_at
    content = Content(
        _asset(essentials, context, service, targets, dimensions) or rule,
        rule,
        _message(essentials, context) or rule,
        _SLUG,
        _labels(essentials, context, targets, dimensions),
        _links(essentials, context, targets),
    )
    return Occurrence(
        kind,
        content,
        None if resolved else _severity(essentials, context, service),
        _problem(essentials, context, service, rule, targets, dimensions),
        None if cycle is None or service in _HEALTH else identity(cycle.lower()),
        fired_at,
        ended_at if resolved else None,
        note,
    )


def _kind(essentials: Mapping[str, Any], context: Mapping[str, Any], service: str) -> tuple[Kind, str]:
    if _is_trial(essentials):
        return Kind.NOTED, "test"
    kind = _CONDITIONS.get((given(essentials.get("monitorCondition")) or "").lower())
    if kind is None:
        return Kind.NOTED, "information"
    properties = table(context.get("properties"))
    words = {(given(value) or "").lower() for value in (context.get("status"), properties.get("stage"))}
    if service == _SERVICE_HEALTH and "rca" in words:  # what it was, told some days after it was over
        return Kind.NOTED, "information"
    available = (given(properties.get("currentHealthStatus")) or "").lower() == "available"
    if service == _SERVICE_HEALTH and words & _OVER:
        return Kind.RESOLVED, ""
    if service == _RESOURCE_HEALTH and (available or words & _OVER):
        return Kind.RESOLVED, ""
    return kind, ""


def _is_trial(essentials: Mapping[str, Any]) -> bool:
    values = (essentials.get("alertId"), essentials.get("subscription"))
    return any(_TRIAL_SUBSCRIPTION in (given(value, LONGEST_MESSAGE) or "") for value in values)


def _criteria(context: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [table(row) for row in rows(table(context.get("condition")).get("allOf"))[:_MOST_CRITERIA]]


def _dimensions(context: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Of all criteria, the older log alerts' beside them."""
    for holder in (*_criteria(context), {"dimensions": context.get("Dimensions")}):
        for row in rows(holder.get("dimensions"))[:_MOST_CRITERIA]:
            name, value = given(table(row).get("name")), given(table(row).get("value"))
            if name is not None and value is not None:
                yield name, value


def _asset(
    essentials: Mapping[str, Any],
    context: Mapping[str, Any],
    service: str,
    targets: list[str],
    dimensions: Mapping[str, str],
) -> str | None:
    """The resource; of a log alert the computer that its rows are about, since its target is the workspace."""
    if service == _SERVICE_HEALTH:
        return given(table(context.get("properties")).get("service")) or _last(targets)
    found: list[object] = []
    if (given(essentials.get("signalType")) or "").lower() == "log":
        folded = {name.lower(): value for name, value in dimensions.items()}
        found += [given((folded.get(name) or "").rpartition("/")[2]) for name in _COMPUTERS]
        found += rows(context.get("AffectedConfigurationItems"))[:1]
    return first((*found, *rows(essentials.get("configurationItems"))[:1], _last(targets)))


def _last(targets: list[str]) -> str | None:
    return given(targets[0].rstrip("/").rpartition("/")[2]) if targets else None


def _severity(essentials: Mapping[str, Any], context: Mapping[str, Any], service: str) -> Severity | None:
    """An activity log alert is always Sev4: its event's level says more."""
    if service.startswith((*_HEALTH, "activitylog")):
        level = severity.from_word(given(context.get("level")) or "")
        if level is not None:
            return level
    word = (given(essentials.get("severity")) or "").lower()
    return _SEVERITIES.get(word) or severity.from_word(word)


def _problem(
    essentials: Mapping[str, Any],
    context: Mapping[str, Any],
    service: str,
    rule: str,
    targets: list[str],
    dimensions: Mapping[str, str],
) -> str:
    tracking = given(table(context.get("properties")).get("trackingId"))
    if service == _SERVICE_HEALTH and tracking is not None:
        return digest("service health", tracking)
    folded = sorted(target.lower() for target in targets)
    if service == _RESOURCE_HEALTH and folded:
        return digest("resource health", *folded)
    number = given(essentials.get("alertId"), LONGEST_MESSAGE)
    metric = (given(essentials.get("signalType")) or "").lower() == "metric" and service == "platform" and folded
    if number is not None and not metric:
        return identity(number.lower())
    pairs = (text for pair in sorted(dimensions.items()) for text in pair)
    named = given(essentials.get("alertRuleID"), LONGEST_MESSAGE) or rule
    return digest(named.lower(), str(len(folded)), *folded, *pairs)


def _message(essentials: Mapping[str, Any], context: Mapping[str, Any]) -> str | None:
    told = (table(context.get("properties")).get("title"), essentials.get("description"))
    return first((*told, *(_criterion(one) for one in _criteria(context))), LONGEST_MESSAGE)


def _criterion(one: Mapping[str, Any]) -> str | None:
    """`Percentage CPU GreaterThan 90: 95.1`"""
    words = [given(one.get(name)) for name in ("metricName", "operator", "threshold")]
    if words[0] is None:
        return None
    value = given(one.get("metricValue"))
    return " ".join(word for word in words if word) + (f": {value}" if value is not None else "")


def _labels(
    essentials: Mapping[str, Any], context: Mapping[str, Any], targets: list[str], dimensions: Mapping[str, str]
) -> dict[str, str]:
    labels: dict[str, str] = {}
    where = next(iter(targets), "") or given(essentials.get("alertId"), LONGEST_MESSAGE) or ""
    criterion = next(iter(_criteria(context)), EMPTY)
    for name, value in (
        ("subscription", given(essentials.get("subscription")) or _found(_SUBSCRIPTION, where)),
        ("resource_group", _found(_GROUP, where)),
        ("target", next(iter(targets), None)),
        ("further_targets", ", ".join(targets[1:20])),
        ("severity_in_azure", essentials.get("severity")),
        ("signal", essentials.get("signalType")),
        ("service", essentials.get("monitoringService")),
        ("metric", criterion.get("metricName")),
        ("namespace", criterion.get("metricNamespace")),
        ("threshold", criterion.get("threshold")),
        ("value", criterion.get("metricValue")),
        ("query", criterion.get("searchQuery") or context.get("SearchQuery")),
        ("operation", context.get("operationName")),
        ("caller", context.get("caller")),
        ("status", context.get("status")),
    ):
        add_label(labels, name, value)
    # What people name themselves comes last: it must not stand in for the subscription that a company is found by.
    for tree in (
        labels_of(dimensions, table(essentials.get("custom"))),
        labels_of(context.get("properties"), prefix="properties"),
    ):
        for name, value in tree.items():
            add_label(labels, name, value)
    return labels


def _found(pattern: re.Pattern[str], text: str) -> str | None:
    found = pattern.search(text)
    return found[1] if found else None


def _links(essentials: Mapping[str, Any], context: Mapping[str, Any], targets: list[str]) -> dict[str, str]:
    criterion = next(iter(_criteria(context)), EMPTY)
    searches = [criterion.get(name) for name in _SEARCH_LINKS] + [context.get(name) for name in _OLD_SEARCH_LINKS]
    candidates: dict[str, object] = {"search": next((one for one in searches if one), None)}
    candidates["console"] = essentials.get("investigationLink")
    if targets and targets[0].startswith("/subscriptions/"):
        candidates["resource"] = f"https://portal.azure.com/#@/resource{targets[0]}"
    return links(candidates)


def detects(inbound: Inbound) -> bool:
    """By the schema's name."""
    body = inbound.document
    return type(body) is dict and body.get("schemaId") in (_COMMON, _METRIC, _ACTIVITY, _LOG)


SETUP = """\
1. Azure portal → *Monitor* → *Alerts* → *Action groups* → *Create* (or open one), tab *Actions*: action type
   **Webhook**, name `alert-whisperer`, URI

   ```
   {webhook_url}?api_key={api_key}
   ```

   *Enable the common alert schema*: **Yes**. (Azure cannot send a header; leave *Secure webhook* alone, its token would
   stand beside our key.) The same from a shell:

   ```sh
   az monitor action-group create --resource-group GROUP --name alert-whisperer --short-name whisperer \\
       --action webhook alert-whisperer '{webhook_url}?api_key={api_key}' usecommonalertschema
   ```

2. *Test action group* → sample type *Metric alert* → *Test* sends a trial; it shows here as a test.
3. In each alert rule → *Actions* → select the action group. Under *Details* set the severity (Sev0 critical, Sev1 high,
   Sev2 medium, Sev3 low, Sev4 info) and leave *Automatically resolve alerts* on: without it an alert never ends here.
4. For outages of Azure itself: *Service Health* → *Health alerts*, with the same action group.

One action group can serve all rules of a subscription. Activity log alerts other than those of service and resource
health have no end: close them by hand.
"""

SOURCE = Source(
    slug=_SLUG,
    title="Azure Monitor",
    docs="https://learn.microsoft.com/azure/azure-monitor/alerts/alerts-common-schema",
    version=1,
    parse=parse,
    setup=SETUP,
    can_send=("query", "path"),
    detects=detects,
    temporary_status=429,  # it retries 408, 429, 503 and 504
    route_label="subscription",
)
