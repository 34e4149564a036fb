"""
Site24x7: the webhook integration's incident parameters, as JSON, as a form, or in the query.

Menu, methods and parameters were checked against Site24x7's help pages; the types of the JSON (`MONITOR_ID` a number,
`TAGS` a list) against another project's receiver. Which word a trial's status is, and whether it retries, is not
written there: a body without a status is taken as a trial, and a status without a row below fires, so that no new
word of theirs loses an alert.
"""

from collections.abc import Mapping
from typing import Any

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
    table,
)
from alertwhisperer.sources._website import host_of
from alertwhisperer.sources.contract import Inbound, Parsed, Source

_SLUG = "site24x7"
_CUSTOMER = "MSP_CUSTOMER_NAME"
_FIRING: Mapping[str, Severity] = {
    "DOWN": Severity.CRITICAL,
    "CRITICAL": Severity.HIGH,
    "TROUBLE": Severity.MEDIUM,
}
_NOTED = {
    "MAINTENANCE": "maintenance",
    "SUSPENDED": "suspended",
    "DISCOVERY": "discovery",
    "ACKNOWLEDGED": "operator_update",
    "TEST": "test",
}
_CONTENT = frozenset({"MONITORNAME", "INCIDENT_REASON", "MONITOR_DASHBOARD_LINK"})


def parse(inbound: Inbound) -> Parsed:
    """One change of a monitor's status is one occurrence."""
    said = {**inbound.query, **table(inbound.document)}
    if first((said.get("MONITORNAME"), said.get("MONITOR_ID"), said.get("MONITORURL"))) is None:
        raise Invalid(
            "this is not a Site24x7 incident: it names no monitor",
            where="MONITORNAME",
            mend="switch on Send Incident Parameters in the webhook",
        )
    return Parsed(((0, _occurrence(said, inbound)),))


def _occurrence(said: Mapping[str, Any], inbound: Inbound) -> Occurrence:
    number, host = given(said.get("MONITOR_ID")), host_of(said.get("MONITORURL"))
    name = given(said.get("MONITORNAME")) or host or f"monitor {number}"[:512]
    kind_of_monitor = given(said.get("MONITORTYPE"))
    status = (given(said.get("STATUS")) or "").upper()
    kind, note = _kind(status)
    at = moment(said.get("INCIDENT_TIME_ISO"), inbound.received_at)  # INCIDENT_TIME is for people, in any language
    content = Content(
        name,
        f"{kind_of_monitor}: {name}"[:512] if kind_of_monitor else name,
        first((said.get("INCIDENT_REASON"), said.get("INCIDENT_DETAILS")), LONGEST_MESSAGE)
        or f"{name} is {status or 'tested'}"[:LONGEST_MESSAGE],
        _SLUG,
        _labels(said),
        links({"console": said.get("MONITOR_DASHBOARD_LINK"), "site": said.get("MONITORURL")}),
    )
    return Occurrence(
        kind,
        content,
        _FIRING.get(status) if kind is Kind.FIRING else None,
        identity(number) if number is not None else digest("name", name),
        None,
        at if kind is Kind.FIRING else None,
        at if kind is Kind.RESOLVED else None,
        note,
    )


def _kind(status: str) -> tuple[Kind, str]:
    if not status:
        return Kind.NOTED, "test"
    if status in _NOTED:
        return Kind.NOTED, _NOTED[status]
    return (Kind.RESOLVED if status == "UP" else Kind.FIRING), ""


def _labels(said: Mapping[str, Any]) -> dict[str, str]:
    """All parameters; those that the webhook left as they are written, `$TAGS`, are absent."""
    labels: dict[str, str] = {}
    for name, value in labels_of(said).items():
        if name not in _CONTENT:
            add_label(labels, name, given(value, LONGEST_MESSAGE))
    return labels


def detects(inbound: Inbound) -> bool:
    """A monitor's name and a status, in capitals."""
    said = {**inbound.query, **table(inbound.document)}
    return "MONITORNAME" in said and "STATUS" in said


SETUP = """\
1. Site24x7 → Admin → *Third-Party Integrations* → *+* → **Webhooks**:
   - Integration Name: `Alert Whisperer`
   - Hook URL: `{webhook_url}`
   - HTTP Method: **POST**
   - *Post as JSON* on
   - *Send Incident Parameters* on
   - *Request Headers*: `X-API-Key` with the value `{api_key}`
   - trigger for *Down*, *Critical*, *Trouble* **and *Up***: without Up nothing resolves
   - apply to all monitors, or to the tags and groups that you want
2. An MSP: also switch on *Send Custom Parameters* with

```json
{"MSP_CUSTOMER_NAME": "$MSP_CUSTOMER_NAME"}
```

   so that one integration can serve all customers, told apart by that label.
3. *Save*, then *Test* on the integration's row; or a monitor of an address that does not exist.

Down is critical, Critical is high, Trouble is medium; Up resolves. Maintenance and suspension are only noted.
"""

SOURCE = Source(
    slug=_SLUG,
    title="Site24x7",
    docs="https://www.site24x7.com/help/admin/third-party-integration/webhooks.html",
    version=1,
    parse=parse,
    setup=SETUP,
    can_send=("header", "basic", "query", "path"),
    detects=detects,
    methods=("POST", "GET", "PUT"),
    route_label=_CUSTOMER,
)
