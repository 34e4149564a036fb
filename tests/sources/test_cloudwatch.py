"""SNS proves itself by its signature, a subscription needs consent, and an alarm is read from inside the envelope."""

from base64 import b64encode
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from alertwhisperer.domain.errors import Invalid, Temporary
from alertwhisperer.domain.occurrence import Kind
from alertwhisperer.domain.severity import Severity
from alertwhisperer.sources.cloudwatch import SOURCE
from alertwhisperer.sources.contract import Action
from tests.sources.stored import NOW, load, only, parsed, request

KEY = rsa.generate_private_key(65537, 2048)
TOPIC = "arn:aws:sns:eu-west-1:123456789012:alarms"


def certificate(name: str = "sns.amazonaws.com", *, since: datetime = NOW - timedelta(days=9), days: int = 99) -> bytes:
    """A certificate for our key."""
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Amazon RSA 2048 M01")]))
        .public_key(KEY.public_key())
        .serial_number(1)
        .not_valid_before(since)
        .not_valid_after(since + timedelta(days=days))
        .sign(KEY, hashes.SHA256())
    )
    return made.public_bytes(Encoding.PEM)


class Aws:
    """The other side of `fetch`: answers with a page, or fails, and remembers what was asked."""

    def __init__(self, page: bytes | Exception) -> None:
        self.page = page
        self.asked: list[str] = []

    async def fetch(self, url: str) -> bytes:
        self.asked.append(url)
        if isinstance(self.page, Exception):
            raise self.page
        return self.page


_urls = iter(range(10_000))


def envelope(name: str = "firing", **changes: Any) -> dict[str, Any]:
    """A sample's envelope with a certificate URL that no test has used before."""
    url = f"https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-{next(_urls)}.pem"
    document: dict[str, Any] = dict(load("cloudwatch", name).document)
    return document | {"SigningCertURL": url} | changes


def signed(document: dict[str, Any]) -> dict[str, Any]:
    """The envelope with a right signature of its version."""
    if document["Type"] == "Notification":
        names = [
            "Message",
            "MessageId",
            *(["Subject"] if "Subject" in document else []),
            "Timestamp",
            "TopicArn",
            "Type",
        ]
    else:
        names = ["Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"]
    text = "".join(f"{name}\n{document[name]}\n" for name in names)
    algorithm = hashes.SHA1() if document["SignatureVersion"] == "1" else hashes.SHA256()  # noqa: S303  # SNS's choice
    return document | {"Signature": b64encode(KEY.sign(text.encode(), padding.PKCS1v15(), algorithm)).decode()}


@pytest.mark.parametrize("name", ["firing", "test", "subscription", "unsubscribed"])
@pytest.mark.parametrize("version", ["1", "2"])
async def test_what_sns_signed_is_let_in(name: str, version: str) -> None:
    aws = Aws(certificate())
    document = signed(envelope(name, SignatureVersion=version))
    await SOURCE.authenticate(request(document), aws.fetch)
    await SOURCE.authenticate(request(document), aws.fetch)
    assert aws.asked == [document["SigningCertURL"]], "the certificate is fetched once"


@pytest.mark.parametrize("field", ["Message", "MessageId", "Subject", "TopicArn", "Timestamp"])
async def test_what_was_changed_after_signing_is_refused(field: str) -> None:
    changed = signed(envelope()) | {field: "2026-11-20T10:15:32.001Z" if field == "Timestamp" else "changed"}
    with pytest.raises(Invalid, match="signature"):
        await SOURCE.authenticate(request(changed), Aws(certificate()).fetch)


@pytest.mark.parametrize(
    "changes",
    [
        {"Signature": "%%%"},
        {"Signature": None},
        {"Signature": 5},
        {"SignatureVersion": "3"},
        {"Message": None},
        {"Subject": "two\nlines"},
        {"Timestamp": "2026-11-20T09:00:00.000Z"},
        {"Timestamp": "2026-11-20T11:30:00.000Z"},
        {"Timestamp": "yesterday"},
    ],
    ids=str,
)
async def test_envelopes_that_cannot_be_right_are_refused(changes: dict[str, Any]) -> None:
    document = envelope() | changes
    if "Timestamp" in changes:
        document = signed(document)
    with pytest.raises(Invalid):
        await SOURCE.authenticate(request(document), Aws(certificate()).fetch)


@pytest.mark.parametrize(
    "url",
    [
        "http://sns.eu-west-1.amazonaws.com/x.pem",
        "https://sns.eu-west-1.amazonaws.com.evil.example/x.pem",
        "https://evil.example/sns.eu-west-1.amazonaws.com/x.pem",
        "https://sns.eu-west-1.amazonaws.com:8443/x.pem",
        "https://sns.eu-west-1.amazonaws.com@evil.example/x.pem",
        "https://evil@sns.eu-west-1.amazonaws.com/x.pem",
        "https://sns.eu-west-1.amazonaws.com/x.pem?redirect=1",
        "https://sns.eu-west-1.amazonaws.com/x.pem#x",
        "https://sns.eu-west-1.amazonaws.com/x.exe",
        "https://sns.evil.amazonaws.com/x.pem",
        "https://xsns.eu-west-1.amazonaws.com/x.pem",
        "https://sns.eu-west-1.amazonaws.com\\@evil.example/x.pem",
        "https://sns.eu-west-1.amazonaws.com\n.evil.example/x.pem",
        "https://s3.eu-west-1.amazonaws.com/x.pem",
        "https://[::1]/x.pem",
        "https://[",
        None,
        7,
    ],
)
async def test_no_certificate_is_fetched_from_anywhere_else(url: Any) -> None:
    aws = Aws(certificate())
    with pytest.raises(Invalid):
        await SOURCE.authenticate(request(signed(envelope()) | {"SigningCertURL": url}), aws.fetch)
    assert aws.asked == []


@pytest.mark.parametrize("host", ["sns.us-gov-west-1.amazonaws.com", "sns.cn-north-1.amazonaws.com.cn"])
async def test_every_region_is_known(host: str) -> None:
    document = signed(envelope(SigningCertURL=f"https://{host}/SimpleNotificationService-{next(_urls)}.pem"))
    await SOURCE.authenticate(request(document), Aws(certificate()).fetch)


@pytest.mark.parametrize(
    "page",
    [
        b"not a certificate",
        certificate("evil.example"),
        certificate("sns.amazonaws.com.evil.example"),
        certificate(days=1),
        certificate(since=NOW + timedelta(days=1)),
    ],
    ids=["garbage", "other name", "longer name", "expired", "not yet valid"],
)
async def test_a_certificate_that_is_not_snss_is_refused(page: bytes) -> None:
    with pytest.raises(Invalid, match="certificate"):
        await SOURCE.authenticate(request(signed(envelope())), Aws(page).fetch)


async def test_a_certificate_that_cannot_be_had_is_a_passing_fault() -> None:
    with pytest.raises(Temporary):
        await SOURCE.authenticate(request(signed(envelope())), Aws(Temporary("no route")).fetch)


async def test_unsigned_bodies_need_the_setting() -> None:
    aws = Aws(certificate())
    raw = load("cloudwatch", "raw")
    await SOURCE.authenticate(raw.inbound(), aws.fetch)
    with pytest.raises(Invalid, match="signed"):
        await SOURCE.authenticate(raw.inbound(raw_delivery=False), aws.fetch)
    forged = envelope("subscription")
    del forged["Signature"]
    with pytest.raises(Invalid):  # raw delivery never has envelopes
        await SOURCE.authenticate(request(forged, settings={"raw_delivery": True}), aws.fetch)


def test_an_approved_subscription_is_confirmed_by_itself() -> None:
    found = parsed(SOURCE, "subscription")
    (action,) = found.actions
    assert (action.kind, action.subject, action.approved) == ("confirm_subscription", TOPIC, True)
    ((_, noted),) = found.occurrences
    assert (noted.kind, noted.note, noted.content.asset) == (Kind.NOTED, "subscription", "alarms")


def test_any_other_subscription_waits_for_a_person() -> None:
    (action,) = parsed(SOURCE, "subscription-unapproved").actions
    assert not action.approved


@pytest.mark.parametrize("name", ["subscription-elsewhere", "unsubscribed"])
def test_nothing_is_asked_for_elsewhere_or_on_leaving(name: str) -> None:
    assert parsed(SOURCE, name).actions == ()


async def test_confirming_visits_sns_and_nothing_else() -> None:
    (action,) = parsed(SOURCE, "subscription").actions
    aws = Aws(b"<ConfirmSubscriptionResponse/>")
    await SOURCE.act(action, aws.fetch)
    assert aws.asked == [action.data["url"]]


@pytest.mark.parametrize(
    "url",
    [
        "https://sns.eu-west-1.amazonaws.com/?Action=Unsubscribe&SubscriptionArn=x&Token=1",
        f"https://sns.eu-west-1.amazonaws.com/?Action=ConfirmSubscription&TopicArn={TOPIC}-other&Token=1",
        f"https://sns.eu-west-1.amazonaws.com/?Action=ConfirmSubscription&TopicArn={TOPIC}",
        f"https://169.254.169.254/?Action=ConfirmSubscription&TopicArn={TOPIC}&Token=1",
        "",
    ],
)
async def test_an_action_that_was_tampered_with_is_given_up(url: str) -> None:
    aws = Aws(b"")
    with pytest.raises(Invalid):
        await SOURCE.act(Action("confirm_subscription", TOPIC, {"url": url, "topic": TOPIC}, True), aws.fetch)
    assert aws.asked == []


def test_an_alarm_is_read() -> None:
    said = only(SOURCE, "firing")
    assert said.kind is Kind.FIRING
    assert (said.content.asset, said.content.signature) == ("i-0abc", "cpu-web")
    assert said.content.message.startswith("Threshold Crossed")
    assert said.content.labels["region"] == "eu-west-1", "not the display name"
    assert said.content.labels["AutoScalingGroupName"] == "asg-web"
    assert said.severity is Severity.HIGH
    assert said.problem == "arn:aws:cloudwatch:eu-west-1:123456789012:alarm:cpu-web"
    assert said.started_at == datetime(2026, 11, 20, 10, 15, 30, 123000, tzinfo=UTC)


def test_ok_resolves_at_its_time() -> None:
    said = only(SOURCE, "resolved")
    assert (said.kind, said.started_at) == (Kind.RESOLVED, None)
    assert said.ended_at == datetime(2026, 11, 20, 10, 15, 40, tzinfo=UTC)


def test_no_data_is_a_problem_after_ok_and_changes_nothing_after_an_alarm() -> None:
    fired, noted = only(SOURCE, "insufficient-from-ok"), only(SOURCE, "insufficient-from-alarm")
    assert (fired.kind, fired.severity) == (Kind.FIRING, Severity.MEDIUM)
    assert (noted.kind, noted.note) == (Kind.NOTED, "insufficient_data")
    assert fired.problem == noted.problem


@pytest.mark.parametrize(
    ("name", "asset", "severity"),
    [("composite", "shop-down [P1]", Severity.CRITICAL), ("metric-math", "prod/cart", Severity.HIGH)],
)
def test_other_kinds_of_alarms(name: str, asset: str, severity: Severity) -> None:
    said = only(SOURCE, name)
    assert (said.content.asset, said.severity) == (asset, severity)


def test_without_an_arn_account_region_and_name_are_the_identity() -> None:
    assert only(SOURCE, "no-arn").problem == "123456789012:eu-west-1:cpu-web"


def test_a_word_inside_a_name_is_no_severity() -> None:
    alarm = dict(load("cloudwatch", "raw").document) | {
        "AlarmName": "p99-high-error-rate-sp1ke",
        "AlarmDescription": None,
    }
    ((_, said),) = SOURCE.parse(request(alarm, settings={"raw_delivery": True, "default_severity": "low"})).occurrences
    assert said.severity is Severity.LOW


def test_a_text_is_noted_or_an_alert_by_setting() -> None:
    assert only(SOURCE, "plain-text").note == "plain_text"
    said = only(SOURCE, "plain-text", plain_text="alert")
    assert (said.kind, said.severity) == (Kind.FIRING, Severity.INFO)
    assert only(SOURCE, "raw-text").content.message == "backup of web-01 finished"


@pytest.mark.parametrize("name", ["other-topic", "malformed", "empty"])
def test_what_cannot_be_used_says_why(name: str) -> None:
    (refused,) = parsed(SOURCE, name).refused
    assert refused.what
    assert refused.mend


def test_the_message_id_names_the_delivery_in_envelope_and_header() -> None:
    names: list[Callable[[], str | None]] = [
        lambda: SOURCE.delivery_id(load("cloudwatch", "firing").inbound()),
        lambda: SOURCE.delivery_id(load("cloudwatch", "raw").inbound()),
    ]
    assert [name() for name in names] == ["0f5d7a3e-0000-5000-8000-000000000001"] * 2
