"""
Zabbix: the body that our media type sends (`files/zabbix-media-type.yaml`), for triggers, services and internal events.

Zabbix fills a recovery and an operator's update with the id of the original problem, so that id is the cycle, and
trigger and host are the problem for ever. Macros without a value stay as literal text, which reads as absent.

Internal events (an item or trigger became unsupported) fire as `info`: monitoring is blind there, and nothing is known
to be broken. Discovery and autoregistration are noted: something was found, nothing is wrong.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, tzinfo
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from alertwhisperer.domain.asset import canonical
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
    link,
    moment,
    rows,
    sane,
    table,
)
from alertwhisperer.sources.contract import Inbound, Json, Parsed, Setting, Source

_SLUG = "zabbix"
_TRIGGER, _DISCOVERY, _AUTOREGISTRATION, _INTERNAL, _SERVICE = "0", "1", "2", "3", "4"
_NOTED = {_DISCOVERY: "discovery", _AUTOREGISTRATION: "autoregistration"}
_BY_NUMBER = {
    "5": Severity.CRITICAL,
    "4": Severity.HIGH,
    "3": Severity.MEDIUM,
    "2": Severity.LOW,
    "1": Severity.INFO,
    "0": Severity.INFO,
}
# Zabbix's own words: its "Warning" is two steps below its "High". They can be renamed, so the number goes first.
_BY_WORD = {
    "disaster": Severity.CRITICAL,
    "high": Severity.HIGH,
    "average": Severity.MEDIUM,
    "warning": Severity.LOW,
    "information": Severity.INFO,
    "not classified": Severity.INFO,
}
_VALUES = {"1": Kind.FIRING, "0": Kind.RESOLVED}
_STATUSES = {"problem": Kind.FIRING, "resolved": Kind.RESOLVED, "ok": Kind.RESOLVED}
_HOSTS = ("host", "host_name", "host_dns", "host_ip", "host_conn")
_LABELS = (
    "host",
    "host_name",
    "host_ip",
    "host_groups",
    "trigger_id",
    "trigger_name",
    "item_name",
    "event_id",
    "event_severity",
    "recovery_id",
    "opdata",
    "ack",
    "update_message",
    "update_user",
)
_MOST_TAGS = 100


def parse(inbound: Inbound) -> Parsed:
    """One message is one occurrence."""
    event = inbound.document
    if type(event) is not dict or "event_id" not in event:
        raise Invalid(
            "this is not a message of our Zabbix media type: it has no event_id",
            where="event_id",
            mend="import the media type of the setup page into Zabbix and send with it",
        )
    return Parsed(((0, _occurrence(event, inbound)),))


def _occurrence(event: Mapping[str, Any], inbound: Inbound) -> Occurrence:
    source = given(event.get("event_source")) or _TRIGGER
    cycle = given(event.get("event_id"))
    kind, note = _kind(event, source, cycle)
    asset, signature = _subject(event, source)
    zone = _zone(inbound.settings.get("timezone"))
    return Occurrence(
        kind,
        Content(
            asset,
            signature,
            first((event.get("event_name"), event.get("trigger_name")), LONGEST_MESSAGE) or signature,
            _SLUG,
            _labels(event),
            _links(event),
        ),
        _severity(event, source) if kind is not Kind.RESOLVED else None,
        _problem(event, source, asset, signature),
        None if cycle is None else identity(cycle),
        _time(event, "event_date", "event_time", zone, inbound.received_at),
        _time(event, "recovery_date", "recovery_time", zone, inbound.received_at) if kind is Kind.RESOLVED else None,
        note,
    )


def _kind(event: Mapping[str, Any], source: str, cycle: str | None) -> tuple[Kind, str]:
    if source in _NOTED:
        return Kind.NOTED, _NOTED[source]
    if given(event.get("event_update")) == "1":  # an acknowledgement, a comment, a change of severity
        return Kind.NOTED, "operator_update"
    kind = _VALUES.get(given(event.get("event_value")) or "") or _STATUSES.get(
        (given(event.get("event_status")) or "").lower()
    )
    if kind is None or cycle is None:  # the media type's Test button leaves macros as they are
        return Kind.NOTED, "test"
    return kind, ""


def _subject(event: Mapping[str, Any], source: str) -> tuple[str, str]:
    """Asset and signature; neither is empty."""
    host = first(event.get(name) for name in _HOSTS)
    if source == _SERVICE:
        return first((event.get("service_name"), event.get("event_name"))) or "service", "service status"
    if source == _INTERNAL:
        what = first((event.get("item_name"), event.get("trigger_name"), event.get("event_name")))
        return host or "zabbix", f"not supported: {what or 'item'}"[:512]
    check = first((event.get("trigger_name"), event.get("event_name"), event.get("alert_subject")))
    if source in _NOTED:
        check = check or _NOTED[source]
    return host or first((event.get("discovered"),)) or check or "zabbix", check or "Zabbix trigger"


def _problem(event: Mapping[str, Any], source: str, asset: str, signature: str) -> str:
    if source == _SERVICE:
        return digest("service", asset)
    trigger = given(event.get("trigger_id"))
    item = given(event.get("item_id")) if source == _INTERNAL else None
    host = canonical(asset)
    number = item or trigger
    if number is None:
        return digest(source, signature, host)
    return identity(f"{number}:{host}" if source == _TRIGGER else f"{source}:{number}:{host}")


def _severity(event: Mapping[str, Any], source: str) -> Severity | None:
    if source == _INTERNAL:
        return Severity.INFO
    number = _BY_NUMBER.get(given(event.get("event_nseverity")) or "")
    return number or _BY_WORD.get((given(event.get("event_severity")) or "").lower())


def _time(event: Mapping[str, Any], day: str, clock: str, zone: tzinfo, received_at: datetime) -> datetime | None:
    """`2026.11.20` and `10:15:30` in the integration's zone."""
    date, time = given(event.get(day)), given(event.get(clock))
    if date is None or time is None or len(date) > 10 or len(time) > 8:
        return None
    try:
        found = datetime.fromisoformat(f"{date.replace('.', '-')}T{time}")
    except ValueError:
        return moment(date, received_at, zone)
    return sane(found.replace(tzinfo=zone), received_at)


def _labels(event: Mapping[str, Any]) -> dict[str, str]:
    labels: dict[str, str] = {}
    for name in _LABELS:
        add_label(labels, name, given(event.get(name), LONGEST_MESSAGE))
    for row in _tags(event.get("tags"))[:_MOST_TAGS]:
        tag = given(table(row).get("tag"))
        if tag is not None and not tag.startswith("__"):  # Zabbix's own media types keep notes to themselves there
            add_label(labels, f"tag.{tag}", given(table(row).get("value")) or "true")
    return labels


def _tags(value: Json) -> list[Json]:
    """The list in the JSON text of {EVENT.TAGSJSON}; older versions send an empty or a broken text."""
    text = given(value, 64 * LONGEST_MESSAGE) if type(value) is str else None
    if text is None:
        return rows(value)
    try:
        return rows(msgspec.json.decode(text.encode()))
    except (msgspec.DecodeError, RecursionError):
        return []


def _links(event: Mapping[str, Any]) -> dict[str, str]:
    home, trigger, cycle = link(event.get("zabbix_url")), given(event.get("trigger_id")), given(event.get("event_id"))
    if home is None:
        return {}
    home = home.rstrip("/")
    if trigger is None or cycle is None or not (trigger.isdigit() and cycle.isdigit()):
        return {"console": home}
    return {"console": f"{home}/tr_events.php?triggerid={trigger}&eventid={cycle}"}


def _zone(name: Json) -> tzinfo:
    if type(name) is not str or name in ("", "UTC"):
        return UTC
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):  # checked when it was set; the machine may have lost its zones
        return UTC


def _zone_complaint(value: Json) -> str | None:
    if type(value) is not str or len(value) > 64:
        return "must be the name of a time zone, such as Europe/Berlin"
    try:
        ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return f"there is no time zone {value[:64]!r}; use a name such as Europe/Berlin"
    return None


def detects(inbound: Inbound) -> bool:
    """The keys of our media type."""
    body = inbound.document
    return type(body) is dict and "event_id" in body and "event_value" in body and "event_nseverity" in body


SETUP = """\
1. Save [zabbix-media-type.yaml](files/zabbix-media-type.yaml). Zabbix (6.0 or newer) → Administration (newer: Alerts) →
   *Media types* → *Import*.
2. Open the new media type **Alert Whisperer** and set two parameters:
   - `webhook_url`: `{webhook_url}`
   - `api_key`: `{api_key}`
3. Administration (newer: Users) → *Users* → a user of its own who may read the hosts (Zabbix sends nobody the updates
   that they wrote themselves) → *Media* → *Add*: type **Alert Whisperer**, *Send to* anything (`alert-whisperer`), all
   severities, always.
4. Configuration (newer: Alerts) → *Actions* → *Trigger actions* → create one for that user with **operations**,
   **recovery operations** and **update operations**, each sending by **Alert Whisperer**. Service and internal actions
   work the same way.
5. Set the global macro `{$ZABBIX.URL}` to your Zabbix's address, so that alerts link back.
6. Set `timezone` of this integration to the zone of the Zabbix server (Administration → General → GUI): Zabbix sends
   times without one.

*Test* in the media type's list sends a trial; it shows here as a test.
"""

SOURCE = Source(
    slug=_SLUG,
    title="Zabbix",
    docs="https://www.zabbix.com/documentation/current/en/manual/config/notifications/media/webhook",
    version=1,
    parse=parse,
    setup=SETUP,
    can_send=("header", "basic", "query", "path"),
    detects=detects,
    settings=(
        Setting(
            "timezone",
            "IANA name of the time zone that Zabbix writes its times in.",
            "UTC",
            _zone_complaint,
        ),
    ),
)
