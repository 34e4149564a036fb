"""
Sentry: the webhooks of an integration (issue alerts, metric alerts, changes of issues), and the older webhook plugin.

An issue alert never ends by itself, but the issue does: both carry the issue's id, which is the problem. A metric alert
is its rule, and its incident is the cycle. Which of them a body is, is told by the body: what a header says is not
signed, the body is.

Resources, actions, bodies, headers and the second within which to answer were checked against Sentry's documentation
and its changelog, the plugin's body against receivers of it. That a trial's event has the tag `sample_event` is by
general knowledge. A missed request is not sent again.
"""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from alertwhisperer.domain import severity
from alertwhisperer.domain.errors import Invalid
from alertwhisperer.domain.occurrence import Content, Kind, Occurrence
from alertwhisperer.domain.severity import Severity
from alertwhisperer.sources._reading import (
    LONGEST_MESSAGE,
    LONGEST_NAME,
    add_label,
    digest,
    first,
    given,
    identity,
    line,
    links,
    moment,
    rows,
    table,
)
from alertwhisperer.sources._signed import check_signature, secret_complaint
from alertwhisperer.sources.contract import Fetch, Inbound, Json, Parsed, Setting, Source

_SLUG = "sentry"
_SIGNATURE = "Sentry-Hook-Signature"
_STAMP = "sentry-hook-timestamp"
_ISSUE_ACTIONS = {
    "created": (Kind.FIRING, ""),
    "unresolved": (Kind.FIRING, ""),
    "resolved": (Kind.RESOLVED, ""),
    "archived": (Kind.RESOLVED, ""),
    "ignored": (Kind.RESOLVED, ""),
    "assigned": (Kind.NOTED, "operator_update"),
}
_METRIC_ACTIONS = {
    "critical": (Kind.FIRING, ""),
    "warning": (Kind.FIRING, ""),
    "resolved": (Kind.RESOLVED, ""),
}
_METRIC_SEVERITIES = {"critical": Severity.CRITICAL, "warning": Severity.MEDIUM}
_PROJECT = re.compile(r"/projects/[^/]+/([^/]+)/")
_LABELS = (
    ("issue", "shortId"),
    ("culprit", "culprit"),
    ("level", "level"),
    ("platform", "platform"),
    ("environment", "environment"),
    ("release", "release"),
    ("status", "status"),
    ("substatus", "substatus"),
    ("category", "issueCategory"),
    ("events", "count"),
    ("users", "userCount"),
    ("event_id", "event_id"),
)
_MOST_TAGS = 40


def parse(inbound: Inbound) -> Parsed:
    """One webhook is one occurrence."""
    body = inbound.document
    if type(body) is not dict:
        raise _unknown()
    data, action = table(body.get("data")), (given(body.get("action")) or "").lower()
    if table(data.get("metric_alert")):
        return Parsed(((0, _metric(table(data.get("metric_alert")), data, action, inbound)),))
    if table(data.get("event")):
        return Parsed(((0, _issue_alert(table(data.get("event")), data, inbound)),))
    if table(data.get("issue")):
        return Parsed(((0, _issue(table(data.get("issue")), action, inbound)),))
    if data and action:
        return Parsed(((0, _noted(data, action)),))
    if "event" in body and given(body.get("id")) is not None:
        return Parsed(((0, _plugin(body, inbound)),))
    raise _unknown()


def _unknown() -> Invalid:
    return Invalid(
        "this is not a webhook of Sentry: it has neither an action with data nor an event",
        where="data",
        mend="send with an internal integration, or with the WebHooks plugin of a project",
    )


# ------------------------------------------------------------------------------------------------ issues


def _issue_alert(event: Mapping[str, Any], data: Mapping[str, Any], inbound: Inbound) -> Occurrence:
    """The rule of an issue alert matched an event: its issue fires."""
    tags = _tags(event.get("tags"))
    project = _project_of(event)
    signature = first((event.get("title"), event.get("message"))) or "Sentry issue"
    labels = _labels(event, tags, project)
    add_label(labels, "rule", given(data.get("triggered_rule")) or table(data.get("issue_alert")).get("title"))
    content = Content(
        first((tags.get("server_name"), project)) or signature,
        signature,
        _message(signature, event),
        _SLUG,
        labels,
        links({"event": event.get("web_url")}),
    )
    trial = _is_trial(tags)
    return Occurrence(
        Kind.NOTED if trial else Kind.FIRING,
        content,
        severity.from_word(given(event.get("level")) or ""),
        _issue_id(event.get("issue_id"), signature, project),
        None,
        moment(event.get("datetime"), inbound.received_at) or moment(event.get("timestamp"), inbound.received_at),
        None,
        "test" if trial else "",
    )


def _issue(issue: Mapping[str, Any], action: str, inbound: Inbound) -> Occurrence:
    project = given(table(issue.get("project")).get("slug"))
    signature = given(issue.get("title")) or "Sentry issue"
    kind, note = _ISSUE_ACTIONS.get(action, (Kind.NOTED, "information"))
    at = _sent_at(inbound)
    content = Content(
        project or signature,
        signature,
        _message(signature, issue),
        _SLUG,
        _labels(issue, {}, project),
        links({"console": issue.get("web_url") or issue.get("permalink")}),
    )
    return Occurrence(
        kind,
        content,
        None if kind is Kind.RESOLVED else severity.from_word(given(issue.get("level")) or ""),
        _issue_id(issue.get("id"), signature, project),
        None,
        _began(issue, action, inbound) if kind is Kind.FIRING else None,
        at if kind is Kind.RESOLVED else None,
        note,
    )


def _began(issue: Mapping[str, Any], action: str, inbound: Inbound) -> datetime | None:
    """A regression began now: by the day its issue was first seen, it would be older than the end that it follows."""
    return moment(issue.get("firstSeen"), inbound.received_at) if action == "created" else _sent_at(inbound)


def _plugin(body: Mapping[str, Any], inbound: Inbound) -> Occurrence:
    """The body of a project's WebHooks plugin: an issue alert of another spelling."""
    event = table(body.get("event"))
    tags = _tags(event.get("tags"))
    project = first((body.get("project_slug"), body.get("project")))
    signature = first((event.get("title"), body.get("message"), body.get("culprit"))) or "Sentry issue"
    trial = _is_trial(tags)
    labels = _labels({**event, **body}, tags, project)
    add_label(labels, "rule", next(iter(rows(body.get("triggering_rules"))), None))
    content = Content(
        first((tags.get("server_name"), project)) or signature,
        signature,
        first((body.get("message"),), LONGEST_MESSAGE) or _message(signature, body),
        _SLUG,
        labels,
        links({"console": body.get("url")}),
    )
    return Occurrence(
        Kind.NOTED if trial else Kind.FIRING,
        content,
        severity.from_word(given(body.get("level")) or given(event.get("level")) or ""),
        _issue_id(body.get("id"), signature, project),
        None,
        moment(event.get("datetime"), inbound.received_at) or moment(event.get("timestamp"), inbound.received_at),
        None,
        "test" if trial else "",
    )


def _issue_id(number: Json, signature: str, project: str | None) -> str:
    found = given(number)
    return digest("issue", signature, project or "") if found is None else identity(f"issue:{found}")


def _is_trial(tags: Mapping[str, str]) -> bool:
    return tags.get("sample_event") == "yes"


def _message(signature: str, event: Mapping[str, Any]) -> str:
    culprit = given(event.get("culprit"))
    return signature if culprit is None else f"{signature} in {culprit}"


def _project_of(event: Mapping[str, Any]) -> str | None:
    """An event has its project as a number; the slug stands in its URL."""
    found = _PROJECT.search(given(event.get("url"), LONGEST_MESSAGE) or "")
    return first((event.get("project_slug"), found[1] if found else None, event.get("project")))


def _tags(value: Json) -> dict[str, str]:
    """`[["server_name", "web-01"], …]`, or a list of objects in some versions."""
    found: dict[str, str] = {}
    for row in rows(value)[:_MOST_TAGS]:
        pair = rows(row)[:2] if type(row) is list else [table(row).get("key"), table(row).get("value")]
        name, text = (given(one) for one in pair) if len(pair) == 2 else (None, None)
        if name is not None and text is not None:
            found.setdefault(name, text)
    return found


def _labels(holder: Mapping[str, Any], tags: Mapping[str, str], project: str | None) -> dict[str, str]:
    labels: dict[str, str] = {}
    add_label(labels, "project", project)
    for name, field in _LABELS:
        add_label(labels, name, holder.get(field))
    for name, value in tags.items():
        add_label(labels, name, value)
    return labels


def _sent_at(inbound: Inbound) -> datetime | None:
    return moment(inbound.headers.get(_STAMP), inbound.received_at)


# ------------------------------------------------------------------------------------------------ everything else


def _metric(alert: Mapping[str, Any], data: Mapping[str, Any], action: str, inbound: Inbound) -> Occurrence:
    rule = table(alert.get("alert_rule"))
    title = given(data.get("description_title"), LONGEST_MESSAGE)
    # The incident's own title is two random words in some versions.
    signature = first((rule.get("name"), alert.get("title"))) or "Sentry metric alert"
    projects = [name for one in rows(alert.get("projects"))[:_MOST_TAGS] if (name := given(one)) is not None]
    kind, note = _METRIC_ACTIONS.get(action, (Kind.NOTED, "information"))
    resolved = kind is Kind.RESOLVED
    incident, number = given(alert.get("id")), given(rule.get("id"))
    labels: dict[str, str] = {}
    for name, value in (
        ("project", ", ".join(projects)),
        ("organization", alert.get("organization_id")),
        ("rule_id", number),
        ("aggregate", rule.get("aggregate")),
        ("query", rule.get("query")),
        ("environment", rule.get("environment")),
        ("time_window_min", rule.get("time_window")),
        ("action", action),
    ):
        add_label(labels, name, value)
    told = (text for text in (title, given(data.get("description_text"), LONGEST_MESSAGE)) if text)
    content = Content(
        next(iter(projects), signature),
        signature,
        line(" - ".join(told), LONGEST_MESSAGE) or signature,
        _SLUG,
        labels,
        links({"console": data.get("web_url")}),
    )
    ended = moment(alert.get("date_closed"), inbound.received_at) or _sent_at(inbound)
    return Occurrence(
        kind,
        content,
        _METRIC_SEVERITIES.get(action),
        digest("metric", signature) if number is None else identity(f"metric:{number}"),
        None if incident is None else identity(incident),
        moment(alert.get("date_started"), inbound.received_at),
        ended if resolved else None,
        note,
    )


def _noted(data: Mapping[str, Any], action: str) -> Occurrence:
    """A comment, an installation, a single error, and whatever else an integration may have subscribed to."""
    what = next(iter(data), "data")
    note = {"comment": "operator_update", "installation": "installation"}.get(what, "information")
    project = first((data.get("project_slug"), table(data.get("error")).get("project")))
    said = line(f"{given(what) or 'data'} {action}", LONGEST_NAME)
    return Occurrence(
        Kind.NOTED, Content(project or "sentry", said, said, _SLUG), None, digest("noted", said), note=note
    )


def detects(inbound: Inbound) -> bool:
    """An integration's body by its installation, the plugin's by its culprit and event."""
    body = inbound.document
    if type(body) is not dict:
        return False
    if "installation" in body:
        return "action" in body and "data" in body and "actor" in body
    return "culprit" in body and "event" in body and "project" in body


def delivery_id(inbound: Inbound) -> str | None:
    """The header `Request-ID`."""
    return given(inbound.headers.get("request-id"), 128)


async def authenticate(inbound: Inbound, fetch: Fetch) -> None:
    """With a secret set, the body must be signed with it."""
    secret = inbound.settings.get("client_secret")
    if secret:
        check_signature(inbound.body, secret, inbound.headers.get(_SIGNATURE.lower()), _SIGNATURE, _MEND)


_MEND = "copy the Client Secret of the Sentry integration into the setting client_secret"

SETUP = """\
1. Sentry → *Settings* → *Developer Settings* (newer: *Custom Integrations*) → *Create New Integration* → **Internal
   Integration**:
   - name: `Alert Whisperer`
   - *Webhook URL*: `{webhook_url}?api_key={api_key}`
   - *Alert Rule Action*: **on**
   - *Permissions*: *Issue & Event*: Read
   - *Webhooks*: check **issue** (without it no issue ever resolves here); leave *error* and *comment* unchecked
   - *Save Changes*
2. Copy the *Client Secret* of the same page into this integration's setting `client_secret`: unsigned requests are
   refused from then on. (Sentry cannot send a header of ours, and a URL ends up in logs.)
3. In each alert → *Then perform these actions* → *Send a notification via an integration* → `Alert Whisperer`.
   *Send Test Notification* sends a trial; it shows here as a test.

A fatal issue is critical, an error high, a warning medium. Metric alerts are critical or, at their warning threshold,
medium.

Self-hosted versions without integrations: project → *Settings* → *Legacy Integrations* → *WebHooks*, with the same URL;
its alerts are not signed (leave `client_secret` empty) and have no end.
"""

SOURCE = Source(
    slug=_SLUG,
    title="Sentry",
    docs="https://docs.sentry.io/organization/integrations/integration-platform/webhooks/",
    version=1,
    parse=parse,
    setup=SETUP,
    can_send=("query", "path", "hmac"),
    detects=detects,
    delivery_id=delivery_id,
    authenticate=authenticate,
    settings=(
        Setting(
            "client_secret",
            "Client secret of the Sentry integration; when set, requests without its signature are refused.",
            None,
            secret_complaint,
            secret=True,
        ),
    ),
    reads_headers=("request-id", _STAMP, _SIGNATURE.lower()),
)
