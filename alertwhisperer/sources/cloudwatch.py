"""
CloudWatch alarms through SNS: handshake, signature and the alarm inside the envelope.

SNS cannot send a header of ours, so what proves the sender is the key in the URL and SNS's own signature over the
envelope. `authenticate` and `parse` agree on what an envelope is: whatever parse obeys as one has been verified. Raw
delivery has no envelope and no signature, and is refused unless the integration allows it.
"""

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

import msgspec

from alertwhisperer.domain import severity
from alertwhisperer.domain.errors import Invalid
from alertwhisperer.domain.occurrence import Content, Kind, Occurrence, Refused
from alertwhisperer.domain.severity import Severity
from alertwhisperer.sources._reading import (
    LONGEST_MESSAGE,
    LONGEST_NAME,
    add_label,
    choice_complaint,
    digest,
    first,
    flag_complaint,
    given,
    identity,
    labels_of,
    line,
    moment,
    names_complaint,
    rows,
    table,
)
from alertwhisperer.sources._sns import Signature, confirms, envelope_of
from alertwhisperer.sources.contract import Action, Fetch, Inbound, Json, Parsed, Setting, Source

_SLUG = "cloudwatch"
_HOSTS = (
    "InstanceId",
    "DBInstanceIdentifier",
    "DBClusterIdentifier",
    "FunctionName",
    "LoadBalancer",
    "TargetGroup",
    "ServiceName",
    "QueueName",
    "BucketName",
    "AutoScalingGroupName",
    "host",
)
# Only words that nobody uses for anything but urgency: `high` and `error` stand in the names of ordinary alarms.
_URGENCY = re.compile(r"(?<![a-z0-9])(p[1-5]|sev[0-5]|critical)(?![a-z0-9])", re.IGNORECASE)
_CONFIRM = "confirm_subscription"


def parse(inbound: Inbound) -> Parsed:
    """A handshake is an action beside a noted occurrence; a notification is the alarm, or the text, that it holds."""
    envelope = envelope_of(inbound.document)
    if envelope is None:
        topic = inbound.headers.get("x-amz-sns-topic-arn", "")
        return _published(inbound, topic, "", inbound.document, _text(inbound.body))
    if envelope["Type"] == "SubscriptionConfirmation":
        return _handshake(envelope, inbound)
    if envelope["Type"] == "UnsubscribeConfirmation":  # visiting its SubscribeURL would subscribe again
        return Parsed(((0, _noted(envelope["TopicArn"], "this endpoint was unsubscribed", "unsubscribed")),))
    text = envelope.get("Message")
    if type(text) is not str or not text.strip():
        return _refusal("the notification has no message", "Message", "publish an alarm or a text to the topic")
    return _published(inbound, envelope["TopicArn"], envelope.get("Subject"), _json(text), text)


def _handshake(envelope: Mapping[str, Any], inbound: Inbound) -> Parsed:
    topic, url = envelope["TopicArn"], envelope.get("SubscribeURL")
    if type(url) is not str or not confirms(url, topic):
        return _refusal(
            "the SubscribeURL is not one of SNS for this topic", "SubscribeURL", "subscribe again from the AWS console"
        )
    approved = topic in (inbound.settings.get("approved_topics") or ())
    action = Action(_CONFIRM, topic, {"url": url, "topic": topic}, approved=approved)
    words = "subscription confirmed by itself" if approved else "subscription waits for a person's approval"
    return Parsed(((0, _noted(topic, words, "subscription")),), actions=(action,))


def _published(inbound: Inbound, topic: str, subject: Json, message: Json, text: str) -> Parsed:
    approved = inbound.settings.get("approved_topics") or ()
    if approved and topic not in approved:
        return _refusal(
            "the topic is not one of this integration's approved topics",
            "TopicArn",
            "add the topic to approved_topics, or remove the subscription",
        )
    if type(message) is dict and type(message.get("AlarmName")) is str:
        return _alarm(message, topic, inbound)
    if not text.strip():
        return _refusal("the notification is empty", "Message", "publish an alarm or a text to the topic")
    return Parsed(((0, _plain(topic, subject, text, inbound)),))


def _alarm(alarm: Mapping[str, Any], topic: str, inbound: Inbound) -> Parsed:
    name = given(alarm["AlarmName"])
    state = alarm.get("NewStateValue")
    if name is None:
        return _refusal("the alarm has no name", "Message.AlarmName", "send CloudWatch's own message")
    if state not in ("ALARM", "OK", "INSUFFICIENT_DATA"):
        return _refusal(
            "the alarm's state must be ALARM, OK or INSUFFICIENT_DATA",
            "Message.NewStateValue",
            "send CloudWatch's own message",
        )
    kind, note = _kind(state, alarm.get("OldStateValue"))
    changed_at = moment(alarm.get("StateChangeTime"), inbound.received_at)
    occurrence = Occurrence(
        kind,
        _content(alarm, name, topic),
        _severity(alarm, state, inbound.settings) if kind is Kind.FIRING else None,
        _problem(alarm, name, topic),
        None,
        changed_at if kind is Kind.FIRING else None,
        changed_at if kind is Kind.RESOLVED else None,
        note,
    )
    return Parsed(((0, occurrence),))


def _kind(state: str, before: Json) -> tuple[Kind, str]:
    """No data after an alarm changes nothing; after anything else it is a problem of its own; it never resolves."""
    if state == "OK":
        return Kind.RESOLVED, ""
    if state == "INSUFFICIENT_DATA" and before == "ALARM":
        return Kind.NOTED, "insufficient_data"
    return Kind.FIRING, ""


def _content(alarm: Mapping[str, Any], name: str, topic: str) -> Content:
    trigger = table(alarm.get("Trigger"))
    dimensions = _dimensions(trigger)
    message = first((alarm.get("NewStateReason"), alarm.get("AlarmDescription")), LONGEST_MESSAGE) or name
    labels = labels_of(dimensions)
    for label, value in (
        ("topic", topic),
        ("account", alarm.get("AWSAccountId")),
        ("region", _region(alarm.get("AlarmArn")) or alarm.get("Region")),
        ("description", alarm.get("AlarmDescription")),
        ("state", alarm.get("NewStateValue")),
        ("state_before", alarm.get("OldStateValue")),
        ("namespace", trigger.get("Namespace")),
        ("metric", trigger.get("MetricName")),
        ("statistic", trigger.get("Statistic")),
        ("comparison", trigger.get("ComparisonOperator")),
        ("threshold", trigger.get("Threshold")),
        ("period_s", trigger.get("Period")),
        ("rule", alarm.get("AlarmRule")),
        ("children", _children(alarm.get("TriggeringChildren"))),
    ):
        add_label(labels, label, value)
    return Content(_asset(dimensions) or name, name, message, _SLUG, labels, _console(alarm, name))


def _dimensions(trigger: Mapping[str, Any]) -> dict[str, str]:
    """The metric's dimensions, or those of each metric of a metric-math alarm; lists of pairs and maps occur."""
    found: dict[str, str] = {}
    holders = [
        trigger,
        *(table(table(row).get("MetricStat")).get("Metric") for row in rows(trigger.get("Metrics"))[:50]),
    ]
    for holder in holders:
        dimensions = table(holder).get("Dimensions")
        pairs = [(table(row).get("name"), table(row).get("value")) for row in rows(dimensions)[:50]]
        for key, value in pairs + list(table(dimensions).items()):
            name, text = given(key), given(value)
            if name is not None and text is not None:
                found.setdefault(name, text)
    return found


def _asset(dimensions: Mapping[str, str]) -> str | None:
    for name in _HOSTS:
        if name in dimensions:
            if name == "ServiceName" and "ClusterName" in dimensions:
                return line(f"{dimensions['ClusterName']}/{dimensions[name]}", LONGEST_NAME)
            return dimensions[name]
    return next(iter(dimensions.values()), None)


def _severity(alarm: Mapping[str, Any], state: str, settings: Mapping[str, Json]) -> Severity:
    """CloudWatch has none: an alarm's tag, else a word in its name or description, else the integration's default."""
    tagged = _tagged(alarm)
    if tagged is not None:
        return tagged
    for text in (alarm.get("AlarmName"), alarm.get("AlarmDescription")):
        word = _URGENCY.search(text[:LONGEST_MESSAGE]) if type(text) is str else None
        found = severity.from_word(word[1]) if word else None
        if found is not None:
            return found
    if state == "INSUFFICIENT_DATA":
        return Severity.MEDIUM
    return severity.from_word(str(settings.get("default_severity") or "")) or Severity.HIGH


def _tagged(alarm: Mapping[str, Any]) -> Severity | None:
    for holder in (alarm.get("AlarmTags"), alarm.get("Tags")):
        pairs = [(table(row).get("Key"), table(row).get("Value")) for row in rows(holder)[:64]]
        for key, value in pairs + list(table(holder).items())[:64]:
            if type(key) is str and key.lower() in ("severity", "priority") and type(value) is str:
                found = severity.from_word(value)
                if found is not None:
                    return found
    return None


def _problem(alarm: Mapping[str, Any], name: str, topic: str) -> str:
    arn = given(alarm.get("AlarmArn"), LONGEST_MESSAGE)
    if arn is not None:
        return identity(arn)
    # `Region` is a display name, so the topic's ARN says where the alarm lives.
    account = given(alarm.get("AWSAccountId")) or _part(topic, 4)
    return identity(f"{account}:{_region(topic)}:{name}")


def _children(value: Json) -> str | None:
    names = [given(table(child).get("Arn")) for child in rows(value)[:20]]
    return ", ".join(name for name in names if name) or None


def _console(alarm: Mapping[str, Any], name: str) -> dict[str, str]:
    region = _region(alarm.get("AlarmArn"))
    if not re.fullmatch(r"[a-z0-9-]{5,30}", region) or region.startswith("cn-"):
        return {}
    home = f"https://{region}.console.aws.amazonaws.com/cloudwatch/home?region={region}"
    return {"console": f"{home}#alarmsV2:alarm/{quote(name.encode('utf-8', 'replace'), safe='')}"}


def _plain(topic: str, subject: Json, text: str, inbound: Inbound) -> Occurrence:
    """Something other than an alarm: a person's test, another service's message."""
    asset = _topic_name(topic)
    signature = given(subject) or "message to the topic"
    alert = inbound.settings.get("plain_text") == "alert"
    content = Content(asset, signature, line(text, LONGEST_MESSAGE).strip() or signature, _SLUG, {}, {})
    add_label(content.labels, "topic", topic)
    return Occurrence(
        Kind.FIRING if alert else Kind.NOTED,
        content,
        Severity.INFO if alert else None,
        digest("text", topic, signature),
        note="" if alert else "plain_text",
    )


def _noted(topic: str, words: str, note: str) -> Occurrence:
    content = Content(_topic_name(topic), "subscription", words, _SLUG, labels_of({"topic": topic}))
    return Occurrence(Kind.NOTED, content, None, digest("subscription", topic), note=note)


def _topic_name(topic: str) -> str:
    return given(topic.rpartition(":")[2]) or "topic"


def _part(arn: Json, place: int) -> str:
    parts = arn[:LONGEST_MESSAGE].split(":") if type(arn) is str else []
    return parts[place] if len(parts) > place else ""


def _region(arn: Json) -> str:
    return _part(arn, 3)


def _refusal(what: str, where: str, mend: str) -> Parsed:
    return Parsed((), (Refused(0, what, where, mend),))


def _json(text: str) -> Json:
    if not text.lstrip().startswith("{"):
        return None
    try:
        return msgspec.json.decode(text.encode("utf-8", "replace"))
    except (msgspec.DecodeError, RecursionError):
        return None


def _text(body: bytes) -> str:
    return body[: 8 * LONGEST_MESSAGE].decode("utf-8", "replace")


def detects(inbound: Inbound) -> bool:
    """SNS marks each request with a header; an envelope that lost it is known by its fields."""
    return "x-amz-sns-message-type" in inbound.headers or envelope_of(inbound.document) is not None


def delivery_id(inbound: Inbound) -> str | None:
    """SNS's MessageId, the same on each retry."""
    envelope = envelope_of(inbound.document)
    found = envelope["MessageId"] if envelope is not None else inbound.headers.get("x-amz-sns-message-id")
    return given(found, 128)


async def act(action: Action, fetch: Fetch) -> None:
    """Confirm a subscription that a person or the settings approved."""
    if action.kind != _CONFIRM:
        raise Invalid(f"CloudWatch has no action {action.kind}")
    url = action.data.get("url", "")
    if not confirms(url, action.data.get("topic", "")):  # checked again: the row may have been edited meanwhile
        raise Invalid("the SubscribeURL is not one of SNS for this topic", where="SubscribeURL")
    await fetch(url)


SETUP = """\
1. In this integration, put the topic's ARN into `approved_topics`; otherwise a person must approve the
   subscription here.
2. SNS → Topics → your topic → *Create subscription*: protocol **HTTPS**, endpoint

   ```
   {webhook_url}?api_key={api_key}
   ```

   and leave *Enable raw message delivery* **off** (raw messages carry no signature). The same from a shell:

   ```sh
   aws sns subscribe --topic-arn TOPIC_ARN --protocol https \\
       --notification-endpoint '{webhook_url}?api_key={api_key}'
   aws sns set-topic-attributes --topic-arn TOPIC_ARN --attribute-name SignatureVersion --attribute-value 2
   ```

3. The subscription shows *Confirmed* within a minute.
4. In each alarm, send **all three** states to the topic: *In alarm*, *OK* (which resolves) and *Insufficient data*:

   ```sh
   aws cloudwatch put-metric-alarm … \\
       --alarm-actions TOPIC_ARN --ok-actions TOPIC_ARN --insufficient-data-actions TOPIC_ARN
   ```

CloudWatch has no severity: write `[P1]` … `[P5]`, `sev1` or `critical` into the alarm's name or description, or tag it
`severity`; otherwise `default_severity` counts. A trial:
`aws cloudwatch set-alarm-state --alarm-name NAME --state-value ALARM --state-reason trial`.
"""

SOURCE = Source(
    slug=_SLUG,
    title="Amazon CloudWatch (SNS)",
    docs="https://docs.aws.amazon.com/sns/latest/dg/sns-http-https-endpoint-as-subscriber.html",
    version=1,
    parse=parse,
    setup=SETUP,
    can_send=("query", "basic", "path"),
    detects=detects,
    delivery_id=delivery_id,
    authenticate=Signature().check,
    act=act,
    settings=(
        Setting(
            "approved_topics",
            "ARNs of the topics whose subscriptions are confirmed without asking; when there are any, notifications of "
            "other topics are refused.",
            [],
            names_complaint,
        ),
        Setting(
            "raw_delivery",
            "Accept raw message delivery, which SNS does not sign: the key in the URL is then all that protects it.",
            False,
            flag_complaint,
        ),
        Setting(
            "plain_text",
            "What a message that is no alarm becomes: `note` only stores it, `alert` opens an alert of severity info.",
            "note",
            choice_complaint("note", "alert"),
        ),
        Setting(
            "default_severity",
            "Severity of an alarm whose tags, name and description say none.",
            "high",
            choice_complaint("critical", "high", "medium", "low", "info"),
        ),
    ),
    reads_headers=(
        "x-amz-sns-message-type",
        "x-amz-sns-message-id",
        "x-amz-sns-topic-arn",
        "x-amz-sns-rawdelivery",
    ),
    temporary_status=503,  # a 4xx is final to SNS: the message is lost without a retry
)
