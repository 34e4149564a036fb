"""
PRTG: the notification method *Execute HTTP Action*, with the payload of our setup text.

Placeholders, the three attempts and the lack of headers were checked against PRTG's manual (copies of it, and
Paessler's list of placeholders) and other projects' guides; how a trial's placeholders are filled in is not written
there. Placeholders may come unencoded, so that a `&` or `%` in a message is text: fields are told by their names. The
status is in the language of the server, a setting translates it; a word that nobody knows fires, so that none is lost.
`%datetime` is in the server's locale and zone and says only when it was sent: it stays a label.
"""

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote_plus

from alertwhisperer.domain.errors import Invalid
from alertwhisperer.domain.occurrence import Content, Kind, Occurrence
from alertwhisperer.domain.severity import Severity
from alertwhisperer.sources._reading import (
    LONGEST_MESSAGE,
    add_label,
    choice_complaint,
    digest,
    first,
    given,
    identity,
    links,
    table,
)
from alertwhisperer.sources.contract import Inbound, Json, Parsed, Setting, Source

_SLUG = "prtg"
_FIELDS = (
    "sensorid",
    "sensor",
    "deviceid",
    "device",
    "host",
    "group",
    "probe",
    "sitename",
    "location",
    "status",
    "laststatus",
    "since",
    "priority",
    "datetime",
    "link",
    "message",
    "lastmessage",
    "down",
)
_FIELD = re.compile(rf"(?:^|&)({'|'.join(_FIELDS)})=")
_BARE = re.compile(r"%[a-z]+")  # a placeholder that was not filled in; `%de` of `%device` would decode as a byte
_NOW = re.compile(r"\([^():]{1,30}:\s*(.+)\)\s*$", re.DOTALL)
_STATES: Mapping[str, tuple[Kind, str]] = {
    "down": (Kind.FIRING, ""),
    "warning": (Kind.FIRING, ""),
    "unusual": (Kind.FIRING, ""),
    "unknown": (Kind.FIRING, ""),
    "up": (Kind.RESOLVED, ""),
    "paused": (Kind.NOTED, "paused"),
}
_SEVERITIES = {
    "down": Severity.CRITICAL,
    "warning": Severity.MEDIUM,
    "unusual": Severity.LOW,
    "unknown": Severity.LOW,
}
_CHOICES = "Down, Down (Acknowledged), Down (Partial), Warning, Unusual, Unknown, Paused, Up"
_BY_STATUS, _BY_PRIORITY = "status", "priority"
_MOST_WORDS = 50
_CONTENT = frozenset({"sensor", "device", "message", "lastmessage", "link"})


def decode(body: bytes, headers: Mapping[str, str]) -> Json:
    """The fields of our payload; JSON, and what has none of them, is read as usual."""
    try:
        text = body.decode()
    except UnicodeDecodeError:
        text = body.decode("latin-1")
    text = text.strip()
    if text.startswith("{"):
        return None
    found: list[re.Match[str]] = []
    for match in _FIELD.finditer(text):
        if match[1] not in [earlier[1] for earlier in found]:  # a second one is part of a message
            found.append(match)
    ends = [*(match.start() for match in found), len(text)][1:]
    return {match[1]: _value(text[match.end() : end]) for match, end in zip(found, ends, strict=True)} or None


def _value(raw: str) -> str:
    """A value without its encoding; one that has a blank in it was not encoded."""
    return raw if " " in raw or _BARE.fullmatch(raw) else unquote_plus(raw)


def parse(inbound: Inbound) -> Parsed:
    """One notification is one occurrence."""
    said = {**inbound.query, **table(inbound.document)}
    if not any(name in said for name in ("sensorid", "sensor", "device")):
        raise Invalid(
            "this is not our PRTG payload: it names no sensor",
            where="sensorid",
            mend="copy the payload of the setup page into the notification's HTTP action",
        )
    return Parsed(((0, _occurrence(said, inbound.settings)),))


def _occurrence(said: Mapping[str, Any], settings: Mapping[str, Json]) -> Occurrence:
    number, sensor, status = given(said.get("sensorid")), given(said.get("sensor")), given(said.get("status"))
    asset = first((said.get("device"), said.get("host"), said.get("group"))) or sensor or "PRTG"
    signature = sensor or "PRTG sensor"
    state, detail = ("", "") if status is None else _state(status, table(settings.get("status_words")))
    kind, note = _kind(state, detail, is_test=status is None or (number in (None, "0") and sensor is None))
    content = Content(
        asset,
        signature,
        first((said.get("message"), said.get("lastmessage"), said.get("down")), LONGEST_MESSAGE)
        or f"{signature}: {status or note}"[:LONGEST_MESSAGE],
        _SLUG,
        _labels(said),
        links({"console": said.get("link")}),
    )
    return Occurrence(
        kind,
        content,
        _severity(said, state, detail, settings) if kind is Kind.FIRING else None,
        identity(number) if number is not None else digest("sensor", asset, signature),
        note=note,
    )


def _state(status: str, words: Mapping[str, Any]) -> tuple[str, str]:
    """
    The state that a status means, in English, and what stands behind it in brackets.

    `Down ended (now: Up)` is up; `Down (Acknowledged)` is down, acknowledged.
    """
    known = {theirs.casefold(): str(ours).casefold() for theirs, ours in words.items()}
    now = _NOW.search(status)
    text = (now[1] if now is not None else status).strip().casefold()
    text = known.get(text, text)
    head, _, detail = text.partition("(")
    head = known.get(head.strip(), head.strip())
    return (head.split() or [head])[0], detail.rstrip(") ")


def _kind(state: str, detail: str, *, is_test: bool) -> tuple[Kind, str]:
    if is_test:
        return Kind.NOTED, "test"
    if detail.startswith("acknowledged"):
        return Kind.NOTED, "operator_update"
    return _STATES.get(state, (Kind.FIRING, ""))


def _severity(said: Mapping[str, Any], state: str, detail: str, settings: Mapping[str, Json]) -> Severity | None:
    if settings.get("severity_from") == _BY_PRIORITY and (priority := _priority(said)) is not None:
        return priority
    return Severity.HIGH if state == "down" and detail.startswith("partial") else _SEVERITIES.get(state)


def _priority(said: Mapping[str, Any]) -> Severity | None:
    """Five stars are the most; they come as stars or as their number."""
    text = given(said.get("priority"))
    if text is None:
        return None
    stars = str(len(text)) if text.strip("*") == "" else text
    return Severity(int(stars)) if stars in ("1", "2", "3", "4", "5") else None


def _labels(said: Mapping[str, Any]) -> dict[str, str]:
    labels: dict[str, str] = {}
    for name, value in said.items():
        if name not in _CONTENT:
            add_label(labels, name, given(value, LONGEST_MESSAGE))
    return labels


def _words_complaint(value: Json) -> str | None:
    if type(value) is not dict or len(value) > _MOST_WORDS:
        return 'must be an object such as {"Fehler": "Down", "OK": "Up"}'
    for theirs, ours in value.items():
        if type(ours) is not str or _state(ours, {})[0] not in _STATES:
            return f"{theirs[:40]!r} must be one of: {_CHOICES}"
    return None


def detects(inbound: Inbound) -> bool:
    """A sensor's id with its device."""
    said = {**inbound.query, **table(inbound.document)}
    return "sensorid" in said and "device" in said and "status" in said


PAYLOAD = "&".join(
    f"{name}=%{'linksensor' if name == 'link' else name}"
    for name in (
        *("sensorid", "sensor", "deviceid", "device", "host", "group", "probe", "sitename", "status", "laststatus"),
        *("since", "priority", "datetime", "link", "message"),
    )
)

SETUP = f"""\
1. PRTG → Setup → Account Settings → *Notification Templates* → *+* → *Add Notification Template*:
   - name: `Alert Whisperer`
   - *Execute HTTP Action* on
   - URL: `{{webhook_url}}?api_key={{api_key}}` (PRTG cannot send headers)
   - HTTP Method: **POST**
   - Payload, one line:

```text
{PAYLOAD}
```

2. On the root group → *Notification Triggers* → *Add State Trigger*, inherited by every device:
   - when the sensor state is **Down** for at least 60 seconds: perform `Alert Whisperer`
   - when the condition **clears**: perform `Alert Whisperer`; without that nothing resolves
   - a second state trigger for **Warning**, and for **Down (Partial)** and **Unusual** where you use them
3. A trial: *Notification Templates* → the bell beside `Alert Whisperer`; or pause a device's network for a minute.

Is PRTG's language not English, tell this integration the words that it uses, for German for example
`status_words = {{"Fehler": "Down", "Warnung": "Warning", "OK": "Up"}}`: look at the label `status` of the first alert.
A word that is not known fires.

Down is critical, Down (Partial) high, Warning medium, Unusual and Unknown low. With `severity_from = priority` the
sensor's stars count instead: five are critical, one is info. An acknowledgement is only noted.

The key is in the URL and may be in proxies' logs: it can do nothing but send alerts, and can be changed any time.
"""

SOURCE = Source(
    slug=_SLUG,
    title="PRTG Network Monitor",
    docs="https://www.paessler.com/manuals/prtg/notification_templates",
    version=1,
    parse=parse,
    setup=SETUP,
    can_send=("query", "path"),
    detects=detects,
    settings=(
        Setting(
            "status_words",
            'PRTG\'s words for a state where its language is not English, such as {"Fehler": "Down", "OK": "Up"}.',
            {},
            _words_complaint,
        ),
        Setting(
            "severity_from",
            "What says how bad it is: the sensor's `status`, or its `priority` in stars.",
            _BY_STATUS,
            choice_complaint(_BY_STATUS, _BY_PRIORITY),
        ),
    ),
    temporary_status=503,
    methods=("POST", "GET"),
    decode=decode,
)
