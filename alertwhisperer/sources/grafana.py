"""
Grafana: the webhook contact point of its alerting, and the webhook of the dashboard alerts of versions before 11.

A contact point sends Alertmanager's body with additions (`_alertmanager.py`). A rule without data, or one whose query
failed, comes as an alert of its own with a general name; its rule's name is the signature then. A dashboard alert has
one state for all its series, and its end names none of them, so the rule's id is the problem.

Both bodies, the HMAC and the missing retry (a failed request is sent again with the group's next interval, whatever the
status) were checked against Grafana's documentation and the source of its notifiers, and so was the old trial. That the
trial of a contact point is `TestAlert` of `Grafana` is by general knowledge.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from alertwhisperer.domain.errors import Invalid
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
from alertwhisperer.sources._reading import (
    LONGEST_MESSAGE,
    add_label,
    digest,
    first,
    from_epoch,
    given,
    labels_of,
    links,
    moment,
    rows,
    table,
)
from alertwhisperer.sources._signed import check_signature, secret_complaint
from alertwhisperer.sources.contract import Fetch, Inbound, Parsed, Setting, Source

_SLUG = "grafana"
_SENDER = Sender(
    slug=_SLUG,
    title="Grafana",
    limit="Max Alerts of the contact point",
    mend="use a contact point of the type Webhook, without a custom payload",
)
_STAND_INS = frozenset({"DatasourceNoData", "DatasourceError"})  # names that Grafana gives to a rule that cannot see
_LINKS = (
    ("graph", "generatorURL"),
    ("dashboard", "dashboardURL"),
    ("panel", "panelURL"),
    ("silence", "silenceURL"),
    ("image", "imageURL"),
)
_SIGNATURE = "X-Grafana-Alerting-Signature"
_TIMESTAMP = "X-Grafana-Alerting-Timestamp"
_OLDEST = timedelta(minutes=5)
_MEND = "give the contact point the same secret, and the header names of the setup page"

_DASHBOARD_STATES = {
    "alerting": (Kind.FIRING, ""),
    "no_data": (Kind.FIRING, ""),
    "ok": (Kind.RESOLVED, ""),
    "paused": (Kind.NOTED, "operator_update"),
    "pending": (Kind.NOTED, "pending"),
    "unknown": (Kind.NOTED, "pending"),
}
_DASHBOARD_LABELS = ("ruleId", "dashboardId", "panelId", "orgId", "state")
_MOST_MATCHES = 20


def parse(inbound: Inbound) -> Parsed:
    """Each member of a group is an occurrence; a dashboard alert is one."""
    if _is_dashboard_alert(inbound.document):
        return Parsed(((0, _dashboard_alert(inbound.document, inbound)),))
    return read_group(inbound, _SENDER, _member)


def _member(
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
    signature = name if name not in _STAND_INS else given(labels.get("rulename")) or name
    # `__value_string__` and its like are Grafana's own book-keeping.
    annotations = {key: value for key, value in table(alert.get("annotations")).items() if not key.startswith("__")}
    resolved, trial = kind is Kind.RESOLVED, _is_trial(name, labels)
    flat = flat_labels(labels, annotations)
    for ref, value in table(alert.get("values")).items():
        add_label(flat, f"values.{ref}", value)
    found = links({shown: alert.get(field) for shown, field in _LINKS} | {"console": group.get("externalURL")})
    content = Content(
        asset_of(labels) or signature,
        signature,
        message_of(annotations) or (signature if signature == name else f"{name}: {signature}"),
        _SLUG,
        flat,
        add_links(found, annotations),
    )
    return Occurrence(
        Kind.NOTED if trial else kind,
        content,
        None if resolved else severity_of(labels),
        problem_of(alert, labels, ignored),
        None,
        moment(alert.get("startsAt"), received_at),
        moment(alert.get("endsAt"), received_at) if resolved and not trial else None,
        "test" if trial else "",
    )


def _is_trial(name: str, labels: Mapping[str, Any]) -> bool:
    return name == "TestAlert" and labels.get("instance") == "Grafana"


def _is_dashboard_alert(body: object) -> bool:
    return type(body) is dict and "alerts" not in body and "ruleName" in body and ("ruleId" in body or "state" in body)


def _dashboard_alert(alert: Mapping[str, Any], inbound: Inbound) -> Occurrence:
    name = first((alert.get("ruleName"), alert.get("title"))) or "Grafana alert"
    state = (given(alert.get("state")) or "").lower()
    kind, note = _DASHBOARD_STATES.get(state, (Kind.NOTED, "information"))
    if name == "Test notification":
        kind, note = Kind.NOTED, "test"
    matches = [table(row) for row in rows(alert.get("evalMatches"))[:_MOST_MATCHES]]
    tags = table(alert.get("tags"))
    content = Content(
        _dashboard_asset(matches, tags) or name,
        name,
        first((alert.get("message"), alert.get("title")), LONGEST_MESSAGE) or name,
        _SLUG,
        _dashboard_labels(alert, tags, matches),
        links({"rule": alert.get("ruleUrl"), "image": alert.get("imageUrl")}),
    )
    return Occurrence(
        kind,
        content,
        severity_of(tags) if kind is not Kind.RESOLVED else None,
        digest("rule", given(alert.get("ruleId")) or name, given(alert.get("orgId")) or ""),
        note=note,
    )


def _dashboard_asset(matches: list[Mapping[str, Any]], tags: Mapping[str, Any]) -> str | None:
    """The first series' own tags, then the rule's."""
    for labels in (*(table(match.get("tags")) for match in matches), tags):
        found = asset_of(labels)
        if found is not None:
            return found
    return None


def _dashboard_labels(
    alert: Mapping[str, Any], tags: Mapping[str, Any], matches: list[Mapping[str, Any]]
) -> dict[str, str]:
    labels = labels_of(tags)
    for name in _DASHBOARD_LABELS:
        add_label(labels, name, alert.get(name))
    for match in matches:
        add_label(labels, f"values.{given(match.get('metric')) or 'value'}", match.get("value"))
    return labels


def detects(inbound: Inbound) -> bool:
    """A group with an organisation, which Alertmanager's lacks; a dashboard alert by its rule."""
    body = inbound.document
    if type(body) is not dict:
        return False
    if type(body.get("alerts")) is list:
        return "orgId" in body or (body.get("version") == "1" and "groupKey" in body)
    return "ruleName" in body and "ruleId" in body


async def authenticate(inbound: Inbound, fetch: Fetch) -> None:
    """With a secret set, the request must be signed with it; with a timestamp, within five minutes of now."""
    secret = inbound.settings.get("hmac_secret")
    if not secret:
        return
    signed, stamp = inbound.body, inbound.headers.get(_TIMESTAMP.lower())
    if stamp is not None:
        signed = stamp.encode("utf-8", "replace") + b":" + signed
    check_signature(signed, secret, inbound.headers.get(_SIGNATURE.lower()), _SIGNATURE, _MEND)
    if stamp is not None:
        _check_age(stamp, inbound)


def _check_age(stamp: str, inbound: Inbound) -> None:
    sent_at = from_epoch(int(stamp), unit=1) if stamp.isascii() and stamp.isdigit() and len(stamp) < 12 else None
    if sent_at is None or abs(inbound.received_at - sent_at) > _OLDEST:
        raise Invalid(
            "the signature's time is more than five minutes from this server's",
            where=_TIMESTAMP,
            mend="check both servers' clocks; an old request that is sent again is refused",
        )


SETUP = """\
1. Grafana → *Alerting* → *Contact points* (newer versions: *Notification configuration*, tab *Contact points*) →
   *Add contact point*:
   - name: `Alert Whisperer`, integration: **Webhook**
   - URL: `{webhook_url}`
   - *Optional Webhook settings*: HTTP method `POST`; *Authorization Header - Scheme* `Bearer`; *Authorization Header -
     Credentials* `{api_key}`; leave *Max Alerts* and the payload empty
   - *Notification settings*: leave *Disable resolved message* **off**
2. *Test* sends a trial; it shows here as a test. *Save contact point*.
3. *Notification policies* → *Default policy* → *Edit*: contact point `Alert Whisperer`. Under *Timing options*, a group
   interval of `30s` ends incidents sooner than the `5m` that it comes with.
4. Give each rule the label `severity` (`critical`, `high`, `medium`, `low`, `info`) and, where its query has no label
   `host` or `instance`, a label `host`. Without a severity an alert is medium.

Provisioned as a file (`/etc/grafana/provisioning/alerting/alert-whisperer.yaml`), the contact point is:

```yaml
apiVersion: 1
contactPoints:
  - orgId: 1
    name: Alert Whisperer
    receivers:
      - uid: alert-whisperer
        type: webhook
        disableResolveMessage: false
        settings:
          url: {webhook_url}
          httpMethod: POST
          authorization_scheme: Bearer
          authorization_credentials: {api_key}
```

**Signed requests** (Grafana 12 and later, optional): in the contact point's *HMAC Signature* set a secret of your
choice, leave the *Header* empty (`X-Grafana-Alerting-Signature`) and set *Timestamp Header* to
`X-Grafana-Alerting-Timestamp`. Put the same secret into this integration's setting `hmac_secret`: unsigned requests are
refused from then on.

**Dashboard alerts** (Grafana 10 and older, *Alerting* → *Notification channels* → type *webhook*) have no field for a
header: use username `key` and password `{api_key}`.
"""

SOURCE = Source(
    slug=_SLUG,
    title="Grafana",
    docs="https://grafana.com/docs/grafana/latest/alerting/configure-notifications/manage-contact-points/integrations/webhook-notifier/",
    version=1,
    parse=parse,
    setup=SETUP,
    can_send=("header", "basic", "query", "path", "hmac"),
    detects=detects,
    authenticate=authenticate,
    settings=(
        IGNORED_LABELS,
        Setting(
            "hmac_secret",
            "Secret of the contact point's HMAC signature; when set, unsigned requests are refused.",
            None,
            secret_complaint,
            secret=True,
        ),
    ),
    reads_headers=(_SIGNATURE.lower(), _TIMESTAMP.lower()),
    temporary_status=503,  # Grafana itself sends again after any failure; Mimir's Alertmanager after a 5xx only
    methods=("POST", "PUT"),
)
