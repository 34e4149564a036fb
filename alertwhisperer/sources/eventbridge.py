"""
CloudWatch alarms through EventBridge: an API destination that gets the state changes of all alarms by one rule.

What an alarm means is decided as for the alarms that come through SNS (`_cloudwatch.py`). EventBridge tells a composite
alarm's changes while another alarm holds back its actions, too; those are noted, and it tells once more when the
holding back ends.

The fields, the tags and composite alarms' rule and suppressor were checked against AWS's page on alarm events, timeout
and retries against its pages on API destinations. That the end of a suppression is an event of its own is read from
AWS's example of one.
"""

from collections.abc import Mapping
from typing import Any

import msgspec

from alertwhisperer.domain.errors import Invalid
from alertwhisperer.domain.occurrence import Content, Kind, Occurrence
from alertwhisperer.sources._cloudwatch import (
    DEFAULT_SEVERITY,
    STATES,
    Alarm,
    arns_of,
    dimensions_of,
    occurrence_of,
    part,
)
from alertwhisperer.sources._reading import (
    LONGEST_ID,
    LONGEST_MESSAGE,
    digest,
    given,
    identity,
    labels_of,
    moment,
    rows,
    table,
)
from alertwhisperer.sources.contract import Inbound, Json, Parsed, Source

_SLUG = "eventbridge"
_CHANGE = "CloudWatch Alarm State Change"
_CONFIGURATION = "CloudWatch Alarm Configuration Change"
_OURS = "alert-whisperer"  # the source of the setup page's trial; AWS's own begin with `aws.` and cannot be put by hand


def parse(inbound: Inbound) -> Parsed:
    """A change of an alarm's state is the alarm; every other event of the bus is noted."""
    event = inbound.document
    detail_type = given(table(event).get("detail-type"))
    if type(event) is not dict or detail_type is None:
        raise Invalid(
            "this is not an EventBridge event: it has no detail-type",
            where="detail-type",
            mend="send the matched event as it is, without an input transformer",
        )
    if detail_type != _CHANGE:
        return Parsed(((0, _noted(event, detail_type)),))
    return Parsed(((0, _changed(event, inbound)),))


def _changed(event: Mapping[str, Any], inbound: Inbound) -> Occurrence:
    detail = table(event.get("detail"))
    name, state = given(detail.get("alarmName")), table(detail.get("state")).get("value")
    if name is None:
        raise Invalid("the alarm has no name", where="detail.alarmName", mend="send the matched event as it is")
    if type(state) is not str or state not in STATES:
        raise Invalid(
            "the alarm's state must be ALARM, OK or INSUFFICIENT_DATA",
            where="detail.state.value",
            mend="send the matched event as it is",
        )
    said = occurrence_of(_read(event, detail, name, state, inbound), _SLUG, inbound.settings)
    suppressor = given(table(detail.get("state")).get("actionsSuppressedBy"))
    if said.kind is Kind.FIRING and suppressor is not None:
        return msgspec.structs.replace(said, kind=Kind.NOTED, note="suppressed")
    return said


def _read(event: Mapping[str, Any], detail: Mapping[str, Any], name: str, state: str, inbound: Inbound) -> Alarm:
    now, before = table(detail.get("state")), table(detail.get("previousState"))
    configuration = table(detail.get("configuration"))
    stats = [table(table(row).get("metricStat")) for row in rows(configuration.get("metrics"))[:50]]
    first_stat = next((stat for stat in stats if stat), {})
    reasons = _reasons(now.get("reasonData"))
    arn = next(iter(rows(event.get("resources"))), None)
    return Alarm(
        name=name,
        state=state,
        before=before.get("value"),
        reason=now.get("reason"),
        description=configuration.get("description"),
        arn=arn,
        home=f"{given(event.get('account')) or ''}:{given(event.get('region')) or ''}",
        changed_at=moment(now.get("timestamp"), inbound.received_at) or moment(event.get("time"), inbound.received_at),
        dimensions=dimensions_of(table(stat.get("metric")).get("dimensions") for stat in stats),
        tags=(detail.get("alarmTags"), detail.get("tags")),
        details=(
            ("account", event.get("account")),
            ("region", part(arn, 3) or event.get("region")),
            ("description", configuration.get("description")),
            ("state", state),
            ("state_before", before.get("value")),
            ("namespace", table(first_stat.get("metric")).get("namespace")),
            ("metric", table(first_stat.get("metric")).get("name")),
            ("statistic", first_stat.get("stat")),
            ("threshold", reasons.get("threshold")),
            ("period_s", first_stat.get("period")),
            ("rule", configuration.get("alarmRule")),
            ("children", arns_of(reasons.get("triggeringAlarms"), "arn")),
            ("suppressed_by", now.get("actionsSuppressedBy")),
            ("suppressor", configuration.get("actionsSuppressor")),
        ),
    )


def _reasons(text: Json) -> Mapping[str, Any]:
    """What led to the state; JSON inside a text."""
    if type(text) is not str:
        return table(text)
    try:
        return table(msgspec.json.decode(text.encode("utf-8", "replace")))
    except (msgspec.DecodeError, RecursionError):
        return {}


def _noted(event: Mapping[str, Any], detail_type: str) -> Occurrence:
    sender = given(event.get("source")) or "EventBridge"
    name = given(table(event.get("detail")).get("alarmName"))
    subject = name or given(next(iter(rows(event.get("resources"))), None)) or sender
    labels = labels_of({"account": event.get("account"), "region": event.get("region"), "sender": sender})
    content = Content(subject, detail_type, f"{detail_type}: {subject}"[:LONGEST_MESSAGE], _SLUG, labels)
    return Occurrence(Kind.NOTED, content, None, digest(sender, detail_type, subject), note=_note(sender, detail_type))


def _note(sender: str, detail_type: str) -> str:
    if sender == _OURS:
        return "test"
    return "configuration_change" if detail_type == _CONFIGURATION else "not_an_alarm"


def detects(inbound: Inbound) -> bool:
    """The envelope of every event on a bus."""
    body = inbound.document
    return type(body) is dict and "detail-type" in body and "detail" in body and "specversion" not in body


def delivery_id(inbound: Inbound) -> str | None:
    """The event's id, which its retries keep."""
    found = given(table(inbound.document).get("id"), LONGEST_ID + 1)
    return None if found is None else identity(found)[:128]


SETUP = """\
In the region and account whose alarms you want (CloudShell in the AWS console will do):

```sh
KEY='{api_key}'
ACCOUNT=$(aws sts get-caller-identity --query Account --output text)

# 1. The credential: a header, kept in Secrets Manager by EventBridge itself.
CONNECTION=$(aws events create-connection --name alert-whisperer --authorization-type API_KEY \\
    --auth-parameters "ApiKeyAuthParameters={ApiKeyName=X-API-Key,ApiKeyValue=$KEY}" \\
    --query ConnectionArn --output text)

# 2. Where to send.
DESTINATION=$(aws events create-api-destination --name alert-whisperer --connection-arn "$CONNECTION" \\
    --invocation-endpoint '{webhook_url}' --http-method POST --query ApiDestinationArn --output text)

# 3. A role that may send there.
aws iam create-role --role-name alert-whisperer-events --assume-role-policy-document \\
    '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sts:AssumeRole",
      "Principal":{"Service":"events.amazonaws.com"}}]}'
aws iam put-role-policy --role-name alert-whisperer-events --policy-name send --policy-document \\
    "{\\"Version\\":\\"2012-10-17\\",\\"Statement\\":[{\\"Effect\\":\\"Allow\\",
      \\"Action\\":\\"events:InvokeApiDestination\\",\\"Resource\\":\\"$DESTINATION\\"}]}"

# 4. The rule: every alarm's changes, and our trial. No input transformer.
aws events put-rule --name alert-whisperer --event-pattern \\
    '{"source":["aws.cloudwatch","alert-whisperer"],"detail-type":["CloudWatch Alarm State Change","Trial"]}'
aws events put-targets --rule alert-whisperer --targets \\
    "Id=1,Arn=$DESTINATION,RoleArn=arn:aws:iam::$ACCOUNT:role/alert-whisperer-events"
```

In the console it is *EventBridge* → *Integration* → *API destinations*, then *Rules*. The rule needs no change in the
alarms: all of them are sent, in all three states. To send some only, add to the pattern
`"detail":{"alarmName":[{"prefix":"prod-"}]}`.

A trial of the way (it shows here as a test):

```sh
aws events put-events --entries '[{"Source":"alert-whisperer","DetailType":"Trial","Detail":"{}"}]'
```

A trial of an alarm: `aws cloudwatch set-alarm-state --alarm-name NAME --state-value ALARM --state-reason trial`.

CloudWatch has no severity: write `[P1]` … `[P5]`, `sev1` or `critical` into the alarm's name or description, or tag it
`severity`; otherwise `default_severity` counts. Do not send the same alarms through SNS as well: they are then two
integrations' alerts.
"""

SOURCE = Source(
    slug=_SLUG,
    title="Amazon CloudWatch (EventBridge)",
    docs="https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch-and-eventbridge.html",
    version=1,
    parse=parse,
    setup=SETUP,
    can_send=("header", "basic", "query", "path"),
    detects=detects,
    delivery_id=delivery_id,
    settings=(DEFAULT_SEVERITY,),
    route_label="account",
    temporary_status=429,  # it retries 409, 429 and 5xx for a day, and minds Retry-After
)
