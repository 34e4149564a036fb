"""
Uptime Kuma: its webhook notification as JSON, as a multipart form, or as a GET with the same three parts in the query.

Read from the tool's own source (webhook provider, monitor model): a monitor's beat names the monitor; a notice about a
certificate and the Test button come with `heartbeat` and `monitor` null and only a text. `important` marks a change of
state; a reminder of a monitor that is still down carries its own time, not the beginning's. Nothing is sent twice.
"""

import re
from collections.abc import Mapping
from typing import Any

import msgspec

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
    links,
    moment,
    rows,
    table,
)
from alertwhisperer.sources._website import host_of
from alertwhisperer.sources.contract import Inbound, Json, Parsed, Source

_SLUG = "uptimekuma"
_PARTS = ("heartbeat", "monitor", "msg")
_STATUSES = {
    "0": (Kind.FIRING, ""),
    "1": (Kind.RESOLVED, ""),
    "2": (Kind.NOTED, "pending"),
    "3": (Kind.NOTED, "maintenance"),
}
_EXPIRY = re.compile(r"\[(?P<name>.*)\]\[(?P<url>[^\]]*)\] (?P<what>.+) in (?P<days>-?\d+) days?\b.*", re.DOTALL)
_SEVERITY_TAGS = frozenset({"severity", "priority"})
_LABELS = ("id", "type", "hostname", "port", "description", "pathName", "keyword")
_MOST_TAGS = 50


def decode(body: bytes, headers: Mapping[str, str]) -> Json:
    """The JSON in the field `data` of a multipart form; other bodies are read as usual."""
    if not body.startswith(b"--"):
        return None
    boundary, _, rest = body.partition(b"\r\n")
    for part in (b"\r\n" + rest).split(b"\r\n" + boundary.rstrip()):
        head, _, content = part.partition(b"\r\n\r\n")
        if b'name="data"' in head:
            return _json(content, "data")
    raise Invalid("the form has no field data", where="data", mend="choose application/json in Uptime Kuma")


def _json(text: bytes | str, where: str) -> Json:
    try:
        return msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as failure:
        raise Invalid(f"{where} is not JSON", where=where, mend="choose application/json in Uptime Kuma") from failure


def parse(inbound: Inbound) -> Parsed:
    """One notification is one occurrence."""
    said = _said(inbound)
    heartbeat, monitor = table(said.get("heartbeat")), table(said.get("monitor"))
    if heartbeat or monitor:
        return Parsed(((0, _beat(heartbeat, monitor, said, inbound)),))
    text = given(said.get("msg"), LONGEST_MESSAGE)
    if text is None:
        raise Invalid(
            "this is not an Uptime Kuma notification: it has neither a heartbeat nor a text",
            where="heartbeat",
            mend="choose the request body application/json in Uptime Kuma",
        )
    return Parsed(((0, _expiry(text) or _test(text)),))


def _said(inbound: Inbound) -> Mapping[str, Any]:
    document = inbound.document
    if type(document) is dict:
        return document
    query = inbound.query
    return {name: query[name] if name == "msg" else _json(query[name], name) for name in _PARTS if name in query}


def _beat(
    heartbeat: Mapping[str, Any], monitor: Mapping[str, Any], said: Mapping[str, Any], inbound: Inbound
) -> Occurrence:
    number = first((monitor.get("id"), heartbeat.get("monitorID"), monitor.get("name")))
    name = first((monitor.get("name"), monitor.get("pathName"))) or f"monitor {number or 'without a name'}"[:512]
    status = given(heartbeat.get("status"))
    kind, note = _STATUSES.get(status or "", (Kind.NOTED, "no_status"))
    at = moment(heartbeat.get("time"), inbound.received_at)
    tags = _tags(monitor)
    content = Content(
        first((monitor.get("hostname"), host_of(monitor.get("url")))) or name,
        name,
        first((heartbeat.get("msg"), said.get("msg")), LONGEST_MESSAGE) or name,
        _SLUG,
        _labels(monitor, tags),
        links({"site": monitor.get("url")}),
    )
    return Occurrence(
        kind,
        content,
        _severity(tags) if kind is Kind.FIRING else None,
        identity(number or name),
        None,
        at if kind is Kind.FIRING and heartbeat.get("important") is not False else None,
        at if kind is Kind.RESOLVED else None,
        note,
    )


def _severity(tags: list[tuple[str, str]]) -> Severity:
    """A monitor's own word for it; a site that is down is critical when nobody said otherwise."""
    for name, value in tags:
        if name.casefold() in _SEVERITY_TAGS and (found := severity.from_word(value)) is not None:
            return found
    return Severity.CRITICAL


def _tags(monitor: Mapping[str, Any]) -> list[tuple[str, str]]:
    pairs = []
    for row in rows(monitor.get("tags"))[:_MOST_TAGS]:
        name = given(table(row).get("name"))
        if name is not None:
            pairs.append((name, given(table(row).get("value")) or "true"))
    return pairs


def _labels(monitor: Mapping[str, Any], tags: list[tuple[str, str]]) -> dict[str, str]:
    """Some fields by name: a monitor's settings may hold what it logs in with."""
    labels: dict[str, str] = {}
    for field in _LABELS:
        add_label(labels, field, given(monitor.get(field), LONGEST_MESSAGE))
    for name, value in tags:
        add_label(labels, f"tag.{name}", value)
    return labels


def _expiry(text: str) -> Occurrence | None:
    """A certificate's (or domain's) coming end; nothing ever says that it was renewed."""
    found = _EXPIRY.fullmatch(text)
    if found is None:
        return None
    name, url = given(found["name"]), found["url"]
    asset = host_of(url) or name or _SLUG
    signature = f"{name or asset}: expiry"[:512]
    labels: dict[str, str] = {}
    add_label(labels, "days", found["days"])
    content = Content(asset, signature, text, _SLUG, labels, links({"site": url}))
    return Occurrence(Kind.FIRING, content, Severity.MEDIUM, digest("expiry", name or "", url))


def _test(text: str) -> Occurrence:
    content = Content("Uptime Kuma", "Test notification", text, _SLUG)
    return Occurrence(Kind.NOTED, content, None, "test", note="test")


def detects(inbound: Inbound) -> bool:
    """All three parts in the body, or two of them in the query."""
    if type(inbound.document) is dict:
        return all(name in inbound.document for name in _PARTS)
    return inbound.document is None and "msg" in inbound.query and "monitor" in inbound.query


SETUP = """\
1. Uptime Kuma → profile → *Settings* → *Notifications* → *Setup Notification*:
   - Notification Type: **Webhook**
   - Post URL: `{webhook_url}`
   - Request Body: **Preset - application/json** (older: Content Type *application/json*)
   - *Additional Headers* on:

```json
{"X-API-Key": "{api_key}"}
```

   - *Default enabled* and *Apply on all existing monitors*, so that no monitor is forgotten.
2. *Test* sends a trial; it shows here as a test. *Save*.
3. Optional: give a monitor a tag `severity` with the value critical, high, medium, low or info. Without one, a monitor
   that is down is critical.

An old version without additional headers takes `{webhook_url}/{api_key}` as its URL.

An incident resolves when the monitor is up again. A notice that a certificate expires soon opens one of its own, which
a person closes: Uptime Kuma never says that it was renewed. It does not try again when it cannot reach us.
"""

SOURCE = Source(
    slug=_SLUG,
    title="Uptime Kuma",
    docs="https://github.com/louislam/uptime-kuma/wiki/Notification-Methods",
    version=1,
    parse=parse,
    setup=SETUP,
    can_send=("header", "basic", "query", "path"),
    detects=detects,
    methods=("POST", "GET"),
    decode=decode,
)
