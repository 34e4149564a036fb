"""
Datto RMM: a monitor's or the account's webhook, with the two bodies of our setup page, for raised and for resolved.

Datto puts its variables into the text that was typed, and a message holds what a monitor saw: `C:\\` or a quote breaks
the JSON around it. So the message stands first, and a body that is no JSON is read by what surrounds the message; what
a message says can then never be taken for another field, since the later one counts. Each alert has a uid of its own,
which is problem and firing in one: the body names no monitor that two alerts could share.

The separate bodies, that they are per monitor or global, and the variables' form were checked against Datto's help and
six public users of the webhook, which name all variables used here. Headers of one's own, whether texts are escaped,
and the retry are not said there; a variable that an account does not know stays as its name and reads as absent.
"""

import re
from collections.abc import Mapping
from typing import Any

import msgspec

from alertwhisperer.domain import severity
from alertwhisperer.domain.asset import canonical
from alertwhisperer.domain.errors import Invalid
from alertwhisperer.domain.occurrence import Content, Kind, Occurrence
from alertwhisperer.sources._reading import (
    KINDS,
    LONGEST_MESSAGE,
    add_label,
    digest,
    first,
    given,
    identity,
    links,
    moment,
)
from alertwhisperer.sources.contract import Inbound, Json, Parsed, Source

_SLUG = "datto"
_UIDS = ("alert_uid", "alertUID", "alertUid")
_HOSTS = ("device_hostname", "hostname", "device_description", "device_ip")
_SITES = ("site", "site_name", "sitename")
_TYPES = ("monitor", "type", "alert_type", "category", "alert_category")
_MESSAGES = ("message", "alert_message", "alert_message_en")
_OURS = (*_UIDS, *_HOSTS, *_MESSAGES)
_LABELS = (
    "alert_uid",
    "priority",
    "category",
    "site_id",
    "platform",
    "device_uid",
    "device_id",
    "device_ip",
    "device_os",
    "device_description",
    "last_user",
)
_PLATFORM = re.compile(r"[a-z][a-z0-9-]{0,30}")  # `pinotage`, `merlot`: the account's part of Datto's addresses
_UID = re.compile(r"[A-Za-z0-9-]{1,64}")
# Greedy: up to the last place where the next field of our body begins.
_BROKEN = re.compile(rb'\s*\{\s*"message"\s*:\s*"(?P<message>.*)"\s*,\s*(?P<rest>"alert_uid"\s*:.*)', re.DOTALL)


def parse(inbound: Inbound) -> Parsed:
    """One alert raised or resolved is one occurrence."""
    event = inbound.document
    if type(event) is not dict or not any(name in event for name in _OURS):
        raise Invalid(
            "this is not our body for Datto RMM: it has no alert_uid",
            where="alert_uid",
            mend="paste the bodies of the setup page into the webhook",
        )
    kind, note = _kind(event)
    return Parsed(((0, _occurrence(event, kind, note, inbound)),))


def _kind(event: Mapping[str, Any]) -> tuple[Kind, str]:
    if first(event.get(name) for name in _OURS) is None:  # sent without an alert: no variable has a value
        return Kind.NOTED, "test"
    word = given(event.get("status"))
    found = (Kind.FIRING, "") if word is None else KINDS.get(word.casefold())
    if found is None:
        raise Invalid(
            "status is not a known word",
            where="status",
            mend='write "status": "TRIGGERED" into the first body and "RESOLVED" into the other',
        )
    return found


def _occurrence(event: Mapping[str, Any], kind: Kind, note: str, inbound: Inbound) -> Occurrence:
    signature = first(event.get(name) for name in _TYPES) or "Datto RMM alert"
    site = first(event.get(name) for name in _SITES)
    asset = first((*(event.get(name) for name in _HOSTS), site)) or signature
    uid = first(event.get(name) for name in _UIDS)
    at = moment(event.get("timestamp"), inbound.received_at)
    resolved = kind is Kind.RESOLVED
    content = Content(
        asset,
        signature,
        first((event.get(name) for name in _MESSAGES), LONGEST_MESSAGE) or signature,
        _SLUG,
        _labels(event, site),
        _links(event, uid),
    )
    return Occurrence(
        kind,
        content,
        None if resolved else severity.from_word(given(event.get("priority")) or ""),
        digest(site or "", canonical(asset), signature) if uid is None else identity(uid),
        None if uid is None else identity(uid),
        None if resolved else at,
        at if resolved else None,
        note,
    )


def _labels(event: Mapping[str, Any], site: str | None) -> dict[str, str]:
    labels: dict[str, str] = {}
    add_label(labels, "site", site)
    for name in _LABELS:
        add_label(labels, name, given(event.get(name), LONGEST_MESSAGE))
    return labels


def _links(event: Mapping[str, Any], uid: str | None) -> dict[str, str]:
    platform = (given(event.get("platform")) or "").lower()
    if uid is None or _UID.fullmatch(uid) is None or _PLATFORM.fullmatch(platform) is None:
        return {}
    return links({"console": f"https://{platform}.rmm.datto.com/alert/{uid}"})


def decode(body: bytes, headers: Mapping[str, str]) -> Json:
    """Our body with a message in it that breaks JSON; None for one that is whole, or is not ours."""
    found = _BROKEN.fullmatch(body)
    if found is None or _is_json(body):
        return None
    try:
        rest = msgspec.json.decode(b"{" + found["rest"])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    return {"message": found["message"].decode("utf-8", "replace")} | rest


def _is_json(body: bytes) -> bool:
    try:
        msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return False
    return True


def detects(inbound: Inbound) -> bool:
    """The keys of our body."""
    body = inbound.document
    return type(body) is dict and body.keys() >= {"alert_uid", "device_hostname", "platform"}


BODY = """\
{
  "message": "[alert_message]",
  "alert_uid": "[alert_uid]",
  "status": "TRIGGERED",
  "priority": "[alert_priority]",
  "type": "[alert_type]",
  "category": "[alert_category]",
  "device_hostname": "[device_hostname]",
  "device_id": "[device_id]",
  "device_ip": "[device_ip]",
  "device_os": "[device_os]",
  "last_user": "[last_user]",
  "site": "[sitename]",
  "site_name": "[site_name]",
  "site_id": "[site_id]",
  "platform": "[platform]"
}"""

SETUP = f"""\
1. For all monitors at once: Datto RMM → *Setup* → *Integrations* → **Global Webhooks**. For one monitor: *Policies* →
   the monitoring policy → the monitor → *Response* → **Webhook**.
2. Name `Alert Whisperer`, URL `{{webhook_url}}`, and a header: name `X-API-Key`, value `{{api_key}}`. Where your
   version has no field for headers, use this URL instead: `{{webhook_url}}?api_key={{api_key}}`
3. Body for a raised alert; leave `message` first and the order as it is:

```json
{BODY}
```

4. Switch on the webhook for **resolved** alerts too, with the same URL and header and the same body, in which one line
   differs. Without it nothing resolves here:

```
  "status": "RESOLVED",
```

5. Words in brackets are Datto's variables. Should the list beside the body spell one differently, take Datto's spelling
   inside the brackets and leave our name before the colon. One that is not known stays as text, and we ignore it: of
   `site` and `site_name` only one needs to work. If there is no variable for the priority, write the monitor's own
   (`"priority": "High"`): Critical, High, Moderate, Low, Information.
6. For many customers behind one webhook, route by the label `site`, the site's name in Datto.

A trial from a shell; it shows here as a test:

```sh
curl -fsS {{webhook_url}} -H 'X-API-Key: {{api_key}}' -H 'Content-Type: application/json' \\
  -d '{{"message": "Just a trial", "alert_uid": "trial-1", "status": "TEST", "device_hostname": "trial-01"}}'
```

A real one: a monitor that is true at once on a test device, such as *Disk usage above 1%*; resolve the alert in Datto
and see it resolve here.
"""

SOURCE = Source(
    slug=_SLUG,
    title="Datto RMM",
    docs="https://rmm.datto.com/help/en/Content/3NEWUI/Monitors/Webhooks.htm",
    version=1,
    parse=parse,
    setup=SETUP,
    can_send=("header", "query", "path"),
    detects=detects,
    temporary_status=503,  # what it retries is not documented; most senders take a 4xx as final
    decode=decode,
    route_label="site",
)
