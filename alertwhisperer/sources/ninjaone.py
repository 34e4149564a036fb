"""
NinjaOne (NinjaRMM): the account's one webhook, which sends each activity by itself.

Only activities of type CONDITION are alerts: a condition of a policy was triggered, reset or acknowledged. Whatever
else is subscribed to (patching, scripts, tickets) is noted. `status` and `type` are words in the reader's language, so
they are read only where the codes are missing. A series is one firing; device and condition are the problem for ever.

Fields, severities and codes were checked against NinjaOne's webhook guide (2.0.5) and the lists of codes in clients
generated from its API; the shape of `PUT /v2/webhook` against two integrations that use it. Its retries, and where
exactly the organisation stands in each body, are not documented, so both known places are read.
"""

from collections.abc import Mapping
from typing import Any

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
    labels_of,
    moment,
    table,
)
from alertwhisperer.sources.contract import Inbound, Json, Parsed, Source

_SLUG = "ninjaone"
_CONDITION = "CONDITION"
# A condition that was switched off is not over: nothing looks any more.
_KINDS = {
    "TRIGGERED": (Kind.FIRING, ""),
    "RESET": (Kind.RESOLVED, ""),
    "RESET_BY_PSA_TICKET_CALLBACK": (Kind.RESOLVED, ""),
    "ACKNOWLEDGED": (Kind.NOTED, "operator_update"),
    "DISABLED": (Kind.NOTED, "condition_disabled"),
    "TEST": (Kind.NOTED, "test"),  # no code of NinjaOne's: the trial of our setup page
}
_SEVERITIES = {
    "CRITICAL": Severity.CRITICAL,
    "MAJOR": Severity.HIGH,
    "MODERATE": Severity.MEDIUM,
    "MINOR": Severity.LOW,
    "NONE": Severity.INFO,
}
_NAMES = ("systemName", "dnsName", "displayName", "netbiosName")
_LABELS = {
    "activity_type": "activityType",
    "status_code": "statusCode",
    "activity_result": "activityResult",
    "severity": "severity",
    "priority": "priority",
    "device_id": "deviceId",
    "user_id": "userId",
    "subject": "subject",
    "source_name": "sourceName",
    "source_config_uid": "sourceConfigUid",
    "series_uid": "seriesUid",
}
_DEVICE_LABELS = {"dns_name": "dnsName", "node_class": "nodeClass", "location_id": "locationId"}


def parse(inbound: Inbound) -> Parsed:
    """One activity is one occurrence."""
    event = inbound.document
    if type(event) is not dict or not any(_code(event.get(name)) for name in ("activityType", "statusCode")):
        raise Invalid(
            "this is not a NinjaOne activity: it has neither activityType nor statusCode",
            where="activityType",
            mend="set this address as the webhook of your NinjaOne account",
        )
    return Parsed(((0, _occurrence(event, table(event.get("device")), inbound)),))


def _occurrence(event: Mapping[str, Any], device: Mapping[str, Any], inbound: Inbound) -> Occurrence:
    signature = first((event.get("sourceName"), event.get("type"), event.get("activityType"))) or "NinjaOne activity"
    number = first((event.get("deviceId"), device.get("id")), 64)
    named = first((*(device.get(name) for name in _NAMES), event.get("subject")))
    asset = named or (None if number is None else f"device {number}") or "NinjaOne"
    kind, note = _kind(event)
    resolved = kind is Kind.RESOLVED
    cycle = given(event.get("seriesUid"))
    at = moment(event.get("activityTime"), inbound.received_at)
    content = Content(
        asset, signature, given(event.get("message"), LONGEST_MESSAGE) or signature, _SLUG, _labels(event, device)
    )
    return Occurrence(
        kind,
        content,
        None if resolved else _SEVERITIES.get(_code(event.get("severity"))),
        _problem(event, number or canonical(asset), signature),
        None if cycle is None else identity(cycle),
        None if resolved else at,
        at if resolved else None,
        note,
    )


def _code(value: Json) -> str:
    """A code as it is: `NONE` is a severity here, and no missing value."""
    return value.strip().upper() if type(value) is str else ""


def _kind(event: Mapping[str, Any]) -> tuple[Kind, str]:
    if (_code(event.get("activityType")) or _code(event.get("type"))) != _CONDITION:
        return Kind.NOTED, "activity"
    status = _code(event.get("statusCode")) or _code(event.get("status"))
    return _KINDS.get(status, (Kind.NOTED, "condition_update"))


def _problem(event: Mapping[str, Any], device: str, signature: str) -> str:
    condition = given(event.get("sourceConfigUid"))
    return digest(device, signature) if condition is None else identity(f"{device}:{condition}")


def _labels(event: Mapping[str, Any], device: Mapping[str, Any]) -> dict[str, str]:
    labels: dict[str, str] = {}
    organization = _organization(event, device)
    numbers = (device.get("organizationId"), event.get("organizationId"), organization.get("id"))
    add_label(labels, "organization_id", first(numbers))  # first of all: it routes
    add_label(labels, "organization", given(organization.get("name")))
    for label, name in _LABELS.items():
        add_label(labels, label, event.get(name))
    for label, name in _DEVICE_LABELS.items():
        add_label(labels, label, given(device.get(name)))
    for name, text in labels_of(table(event.get("data")), prefix="data").items():
        add_label(labels, name, text)
    return labels


def _organization(event: Mapping[str, Any], device: Mapping[str, Any]) -> Mapping[str, Any]:
    """The organisation when the webhook was told to expand it."""
    for holder in (device, table(device.get("references")), event):
        found = table(holder.get("organization"))
        if found:
            return found
    return {}


def detects(inbound: Inbound) -> bool:
    """An activity's code, type and device side by side."""
    body = inbound.document
    return type(body) is dict and body.keys() >= {"activityType", "statusCode", "activityTime", "deviceId"}


def delivery_id(inbound: Inbound) -> str | None:
    """The activity's number; a redelivery keeps it."""
    found = given(table(inbound.document).get("id"), 128)
    return found if found is not None and found.isascii() and found.isdigit() else None


SETUP = """\
NinjaOne has **one** webhook per account, set through its API. `REGION` below is the host you sign in to, such as
`app.ninjarmm.com`, `us2.ninjarmm.com`, `eu.ninjarmm.com`, `ca.ninjarmm.com` or `oc.ninjarmm.com`.

1. NinjaOne → *Administration* → *Apps* → *API* → *Client app IDs* → *Add*: platform **API Services
   (machine-to-machine)**, scopes **Monitoring** and **Management**, grant type **Client credentials**. Note the client
   id and the secret.
2. See whether another product holds the webhook already, which step 3 would take away from it (needs `curl` and `jq`):

   ```sh
   REGION=eu.ninjarmm.com CLIENT_ID=... CLIENT_SECRET=...
   TOKEN=$(curl -fsS "https://$REGION/ws/oauth/token" -d grant_type=client_credentials \\
     -d 'scope=monitoring management' --data-urlencode "client_id=$CLIENT_ID" \\
     --data-urlencode "client_secret=$CLIENT_SECRET" | jq -r .access_token)
   curl -sS "https://$REGION/v2/webhook" -H "Authorization: Bearer $TOKEN"
   ```

3. Set it. Only conditions are alerts, so nothing else is asked for:

   ```sh
   curl -fsS -X PUT "https://$REGION/v2/webhook" -H "Authorization: Bearer $TOKEN" \\
     -H 'Content-Type: application/json' -d '{
       "url": "{webhook_url}",
       "activities": {"CONDITION": ["TRIGGERED", "RESET", "ACKNOWLEDGED"]},
       "expand": ["device", "organization"],
       "headers": [{"name": "X-API-Key", "value": "{api_key}"}]
     }'
   ```

   Where tickets of a PSA reset conditions, add `"RESET_BY_PSA_TICKET_CALLBACK"` to the list.
4. Give each condition of your policies a severity (*Administration* → *Policies* → *Conditions*): CRITICAL is critical
   here, MAJOR high, MODERATE medium, MINOR low, NONE info.
5. For many customers behind one webhook, route by the label `organization_id`, NinjaOne's number of the customer; each
   alert shows it beside the name, `organization`.

A trial without NinjaOne; it shows here as a test:

```sh
curl -fsS {webhook_url} -H 'X-API-Key: {api_key}' -H 'Content-Type: application/json' -d '{
  "activityType": "CONDITION", "statusCode": "TEST", "sourceName": "Trial", "message": "Just a trial", "deviceId": 1,
  "device": {"systemName": "trial-01", "organizationId": 1}
}'
```

A real one: give a test device's policy a condition that is true at once, such as *Disk free space below 99%*. To take
the webhook away again: `curl -X DELETE` on the same address.
"""

SOURCE = Source(
    slug=_SLUG,
    title="NinjaOne",
    docs="https://app.ninjarmm.com/apidocs/",
    version=1,
    parse=parse,
    setup=SETUP,
    can_send=("header", "basic", "query", "path"),
    detects=detects,
    delivery_id=delivery_id,
    temporary_status=503,  # what it retries is not documented; most senders take a 4xx as final
    route_label="organization_id",
)
