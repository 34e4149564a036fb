"""
Dynatrace: a problem notification's webhook with the body of our setup page, a template of Dynatrace's placeholders.

A problem's PID is unique and keeps from its opening to its end, so it is problem and cycle at once; the number that
people see (`P-…`) can come again. A problem that was merged into another is over as a problem of its own.

Placeholders and their values were checked against the descriptions in Dynatrace's settings schema and API pages, the
trial's dummy ids against reports of its users. Whether a placeholder's quotes are escaped is not stated; retries are
not documented, so a passing fault is answered with a 5xx.
"""

import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

import msgspec

from alertwhisperer.domain.errors import Invalid
from alertwhisperer.domain.occurrence import Content, Kind, Occurrence
from alertwhisperer.domain.severity import Severity
from alertwhisperer.sources._reading import (
    LONGEST_MESSAGE,
    add_label,
    digest,
    first,
    from_epoch,
    given,
    identity,
    links,
    moment,
    rows,
    sane,
    table,
)
from alertwhisperer.sources.contract import Inbound, Json, Parsed, Source

_SLUG = "dynatrace"
_STATES = {
    "OPEN": Kind.FIRING,
    "RESOLVED": Kind.RESOLVED,
    "CLOSED": Kind.RESOLVED,
    "MERGED": Kind.RESOLVED,
}
_SEVERITIES = {
    "AVAILABILITY": Severity.CRITICAL,
    "ERROR": Severity.HIGH,
    "MONITORING_UNAVAILABLE": Severity.HIGH,
    "PERFORMANCE": Severity.MEDIUM,
    "RESOURCE_CONTENTION": Severity.MEDIUM,
    "CUSTOM_ALERT": Severity.MEDIUM,
    "INFO": Severity.INFO,
}
_TRIAL_NUMBERS = frozenset({"999", "99999"})
_STARTED = re.compile(r"_(\d{13})V\d+", re.ASCII)  # -4567890123456789012_1795169700000V2
_DETAILS = ("ProblemDetailsJSONv2", "ProblemDetailsJSON")
_LABELS = (
    ("problem", "ProblemID"),
    ("severity_in_dynatrace", "ProblemSeverity"),
    ("impact", "ProblemImpact"),
    ("impacted", "ImpactedEntity"),
    ("state", "State"),
)
_MOST = 50


def parse(inbound: Inbound) -> Parsed:
    """One notification is one occurrence."""
    body = inbound.document
    if type(body) is not dict or not any(given(body.get(name)) for name in ("PID", "ProblemID", "ProblemTitle")):
        raise Invalid(
            "this is not a problem notification: it has neither a PID nor a ProblemID",
            where="PID",
            mend="paste the payload of the setup page into the custom integration",
        )
    return Parsed(((0, _occurrence(body, inbound)),))


def _occurrence(problem: Mapping[str, Any], inbound: Inbound) -> Occurrence:
    title = given(problem.get("ProblemTitle"), LONGEST_MESSAGE)
    signature = given(title) or "Dynatrace problem"
    entities = list(_entities(problem.get("ImpactedEntities")))
    details = next((found for name in _DETAILS if (found := table(problem.get(name)))), {})
    number = given(problem.get("PID"))
    kind, note = _kind(problem, number)
    resolved = kind is Kind.RESOLVED
    content = Content(
        _asset(problem, entities) or signature,
        signature,
        _message(problem, signature),
        _SLUG,
        _labels(problem, entities),
        links({"console": problem.get("ProblemURL")}),
    )
    return Occurrence(
        kind,
        content,
        None if resolved else _SEVERITIES.get((given(problem.get("ProblemSeverity")) or "").upper()),
        digest("problem", given(problem.get("ProblemID")) or "", signature) if number is None else identity(number),
        None if number is None else identity(number),
        moment(details.get("startTime"), inbound.received_at) or _started(number, inbound),
        moment(details.get("endTime"), inbound.received_at) if resolved else None,  # -1 while it is open
        note,
    )


def _kind(problem: Mapping[str, Any], number: str | None) -> tuple[Kind, str]:
    if number in _TRIAL_NUMBERS or (number is None and given(problem.get("ProblemID")) in _TRIAL_NUMBERS):
        return Kind.NOTED, "test"
    kind = _STATES.get((given(problem.get("State")) or "").upper())
    return (Kind.NOTED, "information") if kind is None else (kind, "")


def _entities(value: Json) -> Iterator[tuple[str, str, str]]:
    """Name, type and id of each; the array comes as a text when somebody put it in quotes."""
    if type(value) is str:
        try:
            value = msgspec.json.decode(value.encode("utf-8", "replace"))
        except (msgspec.DecodeError, RecursionError):
            return
    for row in rows(value)[:_MOST]:
        entity = table(row)
        name = first((entity.get("name"), entity.get("entity")))
        if name is not None:
            yield name, given(entity.get("type")) or "", given(entity.get("entity")) or ""


def _asset(problem: Mapping[str, Any], entities: list[tuple[str, str, str]]) -> str | None:
    if entities:
        return entities[0][0]
    names = given(problem.get("ImpactedEntityNames")) or given(problem.get("NamesOfImpactedEntities")) or ""
    return given(names.split(",")[0])


def _message(problem: Mapping[str, Any], signature: str) -> str:
    """`ImpactedEntity` is a sentence of title and entity; a merge must not read as a recovery."""
    text = first((problem.get("ImpactedEntity"),), LONGEST_MESSAGE) or signature
    if (given(problem.get("State")) or "").upper() == "MERGED":
        return f"merged into another problem: {text}"[:LONGEST_MESSAGE]
    return text


def _started(number: str | None, inbound: Inbound) -> datetime | None:
    """The opening is part of a PID."""
    found = _STARTED.search(number or "")
    opened = from_epoch(int(found[1])) if found else None
    return None if opened is None else sane(opened, inbound.received_at)


def _labels(problem: Mapping[str, Any], entities: list[tuple[str, str, str]]) -> dict[str, str]:
    labels: dict[str, str] = {}
    for name, field in _LABELS:
        add_label(labels, name, given(problem.get(field), LONGEST_MESSAGE))
    for _, kind, number in entities[:1]:
        add_label(labels, "entity_type", kind)
        add_label(labels, "entity_id", number)
    add_label(labels, "further_entities", ", ".join(name for name, _, _ in entities[1:]))
    add_label(labels, "details", given(problem.get("ProblemDetails"), LONGEST_MESSAGE))
    for name, value in _tags(problem.get("Tags")):
        add_label(labels, name, value)
    return labels


def _tags(value: Json) -> Iterator[tuple[str, str]]:
    """`env:prod, team:core, [AWS]Name:web` as pairs; a tag without a value is `true`."""
    for part in (given(value, 4 * LONGEST_MESSAGE) or "").split(",", _MOST)[:_MOST]:
        name, _, content = part.strip().partition(":")
        if name:
            yield name, content or "true"


def detects(inbound: Inbound) -> bool:
    """Dynatrace's own spelling of its placeholders' names."""
    body = inbound.document
    return type(body) is dict and "State" in body and "ProblemTitle" in body and ("PID" in body or "ProblemID" in body)


PAYLOAD = """\
{
  "State": "{State}",
  "PID": "{PID}",
  "ProblemID": "{ProblemID}",
  "ProblemTitle": "{ProblemTitle}",
  "ProblemSeverity": "{ProblemSeverity}",
  "ProblemImpact": "{ProblemImpact}",
  "ProblemURL": "{ProblemURL}",
  "ImpactedEntity": "{ImpactedEntity}",
  "ImpactedEntityNames": "{ImpactedEntityNames}",
  "ImpactedEntities": {ImpactedEntities},
  "Tags": "{Tags}",
  "ProblemDetailsJSONv2": {ProblemDetailsJSONv2}
}"""

SETUP = f"""\
1. Dynatrace → *Settings* → *Integration* → *Problem notifications* → *Add notification* → **Custom integration**:
   - display name: `Alert Whisperer`
   - webhook URL: `{{webhook_url}}`
   - *Call webhook if new events merge into existing problems*: off
   - *Call webhook if problem is closed*: **on** (without it nothing resolves here)
   - *Additional HTTP headers* → *Add header*: name `X-API-Key`, *secret* on, value `{{api_key}}`
   - custom payload (replace what is there; mind that two placeholders stand without quotes):

```json
{PAYLOAD}
```

   - alerting profile: *Default* sends every problem
2. *Send test notification*, then *Save changes*. The trial shows here as a test.

Severity: *Availability* is critical, *Error* and *Monitoring unavailable* high, *Slowdown* (performance), *Resource*
and *Custom* medium, *Info* info.
"""

SOURCE = Source(
    slug=_SLUG,
    title="Dynatrace",
    docs="https://docs.dynatrace.com/docs/analyze-explore-automate/notifications-and-alerting/problem-notifications/webhook-integration",
    version=1,
    parse=parse,
    setup=SETUP,
    can_send=("header", "basic", "query", "path"),
    detects=detects,
    temporary_status=503,
)
