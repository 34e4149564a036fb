"""
Pingdom: the state change webhook of uptime and transaction checks.

Fields, states and the absence of headers were checked against Pingdom's page about state change webhooks; whether a
failed delivery is tried again is written nowhere. A body without a state is taken as a trial of the webhook.
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
    rows,
    table,
)
from alertwhisperer.sources._website import host_of
from alertwhisperer.sources.contract import Inbound, Parsed, Source

_SLUG = "pingdom"
_STATES = {
    "DOWN": (Kind.FIRING, ""),
    "FAILING": (Kind.FIRING, ""),
    "UP": (Kind.RESOLVED, ""),
    "SUCCESS": (Kind.RESOLVED, ""),
}
_IMPORTANCE = {"HIGH": Severity.CRITICAL, "LOW": Severity.MEDIUM}
_LABELS = ("check_id", "check_type", "previous_state", "importance_level", "custom_message")
_MOST_TAGS = 50


def parse(inbound: Inbound) -> Parsed:
    """One change of state is one occurrence."""
    event = inbound.document
    if type(event) is not dict or first((event.get("check_id"), event.get("check_name"))) is None:
        raise Invalid(
            "this is not a Pingdom state change: it names no check",
            where="check_id",
            mend="point a webhook integration of Pingdom here",
        )
    return Parsed(((0, _occurrence(event, inbound)),))


def _occurrence(event: Mapping[str, Any], inbound: Inbound) -> Occurrence:
    number, params = given(event.get("check_id")), table(event.get("check_params"))
    name = given(event.get("check_name")) or f"check {number}"[:512]
    state = given(event.get("current_state"))
    kind, note = (Kind.NOTED, "test") if state is None else _STATES.get(state.upper(), (Kind.NOTED, "other_state"))
    at = moment(event.get("state_changed_timestamp"), inbound.received_at) or moment(
        event.get("state_changed_utc_time"), inbound.received_at
    )
    content = Content(
        first((host_of(params.get("hostname")), host_of(params.get("full_url")))) or name,
        name,
        first((event.get("long_description"), event.get("description")), LONGEST_MESSAGE) or name,
        _SLUG,
        _labels(event, params),
        links({"site": params.get("full_url")}),
    )
    return Occurrence(
        kind,
        content,
        _severity(event) if kind is Kind.FIRING else None,
        identity(number) if number is not None else digest("name", name),
        None,
        at if kind is Kind.FIRING else None,
        at if kind is Kind.RESOLVED else None,
        note,
    )


def _severity(event: Mapping[str, Any]) -> Severity:
    return _IMPORTANCE.get((given(event.get("importance_level")) or "").upper(), Severity.HIGH)


def _labels(event: Mapping[str, Any], params: Mapping[str, Any]) -> dict[str, str]:
    labels: dict[str, str] = {}
    for field in _LABELS:
        add_label(labels, field, given(event.get(field), LONGEST_MESSAGE))
    tags = [tag for row in rows(event.get("tags"))[:_MOST_TAGS] if (tag := given(row)) is not None]
    add_label(labels, "tags", ",".join(tags))
    for probe in ("first_probe", "second_probe"):
        add_label(labels, f"{probe}.location", given(table(event.get(probe)).get("location")))
    for name, value in labels_of({"check_params": params}).items():
        if name != "check_params.header":  # what the check sends may be what it logs in with
            add_label(labels, name, value)
    return labels


def detects(inbound: Inbound) -> bool:
    """A check with its state."""
    body = inbound.document
    return type(body) is dict and "check_id" in body and "current_state" in body


SETUP = """\
1. Pingdom → Integrations → *Integrations* → *Add integration*:
   - Type: **Webhook**
   - Name: `Alert Whisperer`
   - URL: `{webhook_url}?api_key={api_key}` (Pingdom cannot send headers)
   - *Active* on
2. Each check: *Edit* → *Connect integrations* → tick `Alert Whisperer`. Set the check's importance: HIGH becomes
   critical, LOW becomes medium.
3. A trial: make a check of an address that does not exist, such as `trial.invalid`, tick the integration, and delete
   the check when its incident is here.

The key is in the URL and may be in proxies' logs: it can do nothing but send alerts, and can be changed any time.
"""

SOURCE = Source(
    slug=_SLUG,
    title="Pingdom",
    docs="https://www.pingdom.com/resources/webhooks/",
    version=1,
    parse=parse,
    setup=SETUP,
    can_send=("query", "path"),
    detects=detects,
)
