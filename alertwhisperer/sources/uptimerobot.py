"""
UptimeRobot: variables in the query of a GET, in a form, or in a JSON object, all under the same names.

Names, custom headers and delivery formats were checked against UptimeRobot's help page about webhooks and other
projects' integrations. The numbers of alert types beyond 1 to 3 and its retries are written nowhere: a type that is
neither down nor up nor the start or pause of a monitor is a notice that nothing resolves, as of a certificate.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from alertwhisperer.domain.errors import Invalid
from alertwhisperer.domain.occurrence import Content, Kind, Occurrence
from alertwhisperer.domain.severity import Severity
from alertwhisperer.sources._reading import (
    LONGEST_MESSAGE,
    add_label,
    first,
    given,
    identity,
    links,
    moment,
    table,
)
from alertwhisperer.sources._website import host_of
from alertwhisperer.sources.contract import Inbound, Parsed, Source

_SLUG = "uptimerobot"
_DOWN, _UP = "down", "up"
_TYPES = {"1": _DOWN, "2": _UP, "98": "started", "99": "paused"}
_NOTED = frozenset({"started", "paused"})
_LABELS = (
    "monitorID",
    "monitorURL",
    "monitorType",
    "monitorTags",
    "monitorGroup",
    "alertType",
    "alertTypeFriendlyName",
    "alertFriendlyDuration",
    "sslExpiryDate",
    "sslExpiryDaysLeft",
    "httpStatusCode",
    "incidentID",
)
_LONGEST_OUTAGE = timedelta(days=3_650)


def parse(inbound: Inbound) -> Parsed:
    """One call is one occurrence."""
    said = {**table(inbound.document), **inbound.query}
    name = given(said.get("monitorFriendlyName"))
    monitor = first((said.get("monitorID"), said.get("monitorURL"), name))
    if monitor is None and not any(key in said for key in ("monitorID", "monitorURL", "alertType")):
        raise Invalid(
            "this is not an UptimeRobot alert: it names no monitor",
            where="monitorID",
            mend="let the URL end in `&`, or send the default variables",
        )
    return Parsed(((0, _occurrence(said, monitor, name, inbound.received_at)),))


def _occurrence(said: Mapping[str, Any], monitor: str | None, name: str | None, received_at: datetime) -> Occurrence:
    kind_of_alert = _type(said)
    kind, note = _kind(kind_of_alert, monitor)
    host = host_of(said.get("monitorURL"))
    signature = name or host or "UptimeRobot"
    at = moment(said.get("alertDateTime"), received_at)
    if kind_of_alert not in (_DOWN, _UP) and kind is Kind.FIRING:
        signature = f"{signature}: {given(said.get('alertTypeFriendlyName')) or 'notice'}"[:512]
    content = Content(
        host or name or monitor or "UptimeRobot",
        signature,
        given(said.get("alertDetails"), LONGEST_MESSAGE) or f"{signature}: {kind_of_alert or note}"[:LONGEST_MESSAGE],
        _SLUG,
        _labels(said),
        links({"site": said.get("monitorURL"), "console": said.get("monitorDashboardURL")}),
    )
    severity = Severity.CRITICAL if kind_of_alert == _DOWN else Severity.MEDIUM
    return Occurrence(
        kind,
        content,
        severity if kind is Kind.FIRING else None,
        _problem(monitor, kind_of_alert),
        None,
        _began(said, at) if kind is Kind.RESOLVED else at if kind is Kind.FIRING else None,
        at if kind is Kind.RESOLVED else None,
        note,
    )


def _type(said: Mapping[str, Any]) -> str:
    """`down`, `up`, or the tool's own word or number for something else."""
    number = given(said.get("alertType"))
    if number in _TYPES:
        return _TYPES[number]
    return (given(said.get("alertTypeFriendlyName")) or number or "").casefold()


def _kind(kind_of_alert: str, monitor: str | None) -> tuple[Kind, str]:
    if monitor is None or not kind_of_alert or "test" in kind_of_alert:
        return Kind.NOTED, "test"
    if kind_of_alert in _NOTED:
        return Kind.NOTED, kind_of_alert
    return (Kind.RESOLVED if kind_of_alert == _UP else Kind.FIRING), ""


def _problem(monitor: str | None, kind_of_alert: str) -> str:
    """The monitor; a notice is a problem of its own, which the monitor's being up does not end."""
    if monitor is None:
        return "test"
    own = kind_of_alert in (_DOWN, _UP) or kind_of_alert in _NOTED
    return identity(monitor if own else f"{monitor}:{kind_of_alert}")


def _began(said: Mapping[str, Any], ended_at: datetime | None) -> datetime | None:
    """When the outage began, counted back from its end."""
    seconds = given(said.get("alertDuration"))
    if ended_at is None or seconds is None or len(seconds) > 9 or not (seconds.isascii() and seconds.isdigit()):
        return None
    lasted = timedelta(seconds=int(seconds))
    return ended_at - lasted if lasted < _LONGEST_OUTAGE else None


def _labels(said: Mapping[str, Any]) -> dict[str, str]:
    labels: dict[str, str] = {}
    for field in _LABELS:
        add_label(labels, field, given(said.get(field), LONGEST_MESSAGE))
    return labels


def detects(inbound: Inbound) -> bool:
    """A monitor's id or address with an alert's type, in the query or the body."""
    said = {**table(inbound.document), **inbound.query}
    return "alertType" in said and ("monitorID" in said or "monitorURL" in said)


SETUP = """\
1. UptimeRobot → *Integrations & API* → *Integrations* → **Webhook** → *Add* (an old account: *My Settings* → *Add Alert
   Contact* → **Webhook**):
   - Friendly name: `Alert Whisperer`
   - URL to notify: `{webhook_url}?`
   - Enable notifications for: *Up events*, *Down events*, *SSL & Domain expiry*
   - Custom headers: `X-API-Key` with the value `{api_key}`
   - *Send default variables as query string* on; the URL must end in `?` for that
2. Where custom headers are not part of your plan, the URL is `{webhook_url}?api_key={api_key}&`, with the `&` at its
   end.
3. Each monitor → *Edit* → *Integrations & team*: tick `Alert Whisperer`.
4. A trial: *Test notification* on the integration's row, or a monitor of an address that does not exist.

*Send as JSON* and *Send default variables as POST parameters* work as well. A POST value of your own must keep the
names:

```json
{
  "monitorID": "*monitorID*",
  "monitorURL": "*monitorURL*",
  "monitorFriendlyName": "*monitorFriendlyName*",
  "alertType": "*alertType*",
  "alertTypeFriendlyName": "*alertTypeFriendlyName*",
  "alertDetails": "*alertDetails*",
  "alertDuration": "*alertDuration*",
  "alertDateTime": "*alertDateTime*"
}
```

A monitor that is down is critical. A notice about a certificate or a domain is medium and is closed by a person.
"""

SOURCE = Source(
    slug=_SLUG,
    title="UptimeRobot",
    docs="https://help.uptimerobot.com/en/articles/14498593-webhook-integration",
    version=1,
    parse=parse,
    setup=SETUP,
    can_send=("header", "query", "path"),
    detects=detects,
    methods=("GET", "POST"),
)
