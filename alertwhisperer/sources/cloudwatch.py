"""
CloudWatch alarms through SNS: handshake, signature and the alarm inside the envelope.

SNS cannot send a header of ours, so what proves the sender is the key in the URL and SNS's own signature over the
envelope. `authenticate` and `parse` agree on what an envelope is: whatever parse obeys as one has been verified. Raw
delivery has no envelope and no signature, and is refused unless the integration allows it.
"""

from collections.abc import Mapping
from typing import Any

import msgspec

from alertwhisperer.domain.errors import Invalid
from alertwhisperer.domain.occurrence import Content, Kind, Occurrence, Refused
from alertwhisperer.domain.severity import Severity
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
    LONGEST_MESSAGE,
    add_label,
    choice_complaint,
    digest,
    flag_complaint,
    given,
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
    if type(state) is not str or state not in STATES:
        return _refusal(
            "the alarm's state must be ALARM, OK or INSUFFICIENT_DATA",
            "Message.NewStateValue",
            "send CloudWatch's own message",
        )
    return Parsed(((0, occurrence_of(_read(alarm, name, state, topic, inbound), _SLUG, inbound.settings)),))


def _read(alarm: Mapping[str, Any], name: str, state: str, topic: str, inbound: Inbound) -> Alarm:
    trigger = table(alarm.get("Trigger"))
    metrics = (table(table(row).get("MetricStat")).get("Metric") for row in rows(trigger.get("Metrics"))[:50])
    return Alarm(
        name=name,
        state=state,
        before=alarm.get("OldStateValue"),
        reason=alarm.get("NewStateReason"),
        description=alarm.get("AlarmDescription"),
        arn=alarm.get("AlarmArn"),
        # `Region` is a display name, so the topic's ARN says where the alarm lives.
        home=f"{given(alarm.get('AWSAccountId')) or part(topic, 4)}:{part(topic, 3)}",
        changed_at=moment(alarm.get("StateChangeTime"), inbound.received_at),
        dimensions=dimensions_of(table(holder).get("Dimensions") for holder in (trigger, *metrics)),
        tags=(alarm.get("AlarmTags"), alarm.get("Tags")),
        details=(
            ("topic", topic),
            ("account", alarm.get("AWSAccountId")),
            ("region", part(alarm.get("AlarmArn"), 3) or alarm.get("Region")),
            ("description", alarm.get("AlarmDescription")),
            ("state", state),
            ("state_before", alarm.get("OldStateValue")),
            ("namespace", trigger.get("Namespace")),
            ("metric", trigger.get("MetricName")),
            ("statistic", trigger.get("Statistic")),
            ("comparison", trigger.get("ComparisonOperator")),
            ("threshold", trigger.get("Threshold")),
            ("period_s", trigger.get("Period")),
            ("rule", alarm.get("AlarmRule")),
            ("children", arns_of(alarm.get("TriggeringChildren"), "Arn")),
        ),
    )


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
        DEFAULT_SEVERITY,
    ),
    reads_headers=(
        "x-amz-sns-message-type",
        "x-amz-sns-message-id",
        "x-amz-sns-topic-arn",
        "x-amz-sns-rawdelivery",
    ),
    route_label="account",
    temporary_status=503,  # a 4xx is final to SNS: the message is lost without a retry
)
