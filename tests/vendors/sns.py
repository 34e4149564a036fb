"""
Amazon SNS as a server of ours on loopback: it signs as SNS does, serves its certificate, and takes confirmations.

Certificates are made here: an authority, a server certificate for the names of SNS, and SNS's signing certificate.
"""

from __future__ import annotations

import ssl
import threading
from base64 import b64encode
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit
from uuid import uuid4

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

HOST = "sns.eu-west-1.amazonaws.com"
ELSEWHERE = "sns.us-east-1.amazonaws.com"
"""Another host of SNS, with the right certificate too: a redirect could lead there."""

_SIGNED = {
    "Notification": ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"),
    "SubscriptionConfirmation": ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"),
}
_SIGNED["UnsubscribeConfirmation"] = _SIGNED["SubscriptionConfirmation"]


@dataclass(frozen=True, slots=True)
class Call:
    """One GET that reached the server."""

    host: str
    path: str
    query: Mapping[str, str]


@dataclass
class Sns:
    """
    The running stand-in.

    Attributes:
        port: on loopback.
        ca_file: what a client must trust to speak with it.
        calls: what was asked, in order.
        status: of the answers to confirmations; `certificate_status` to certificates.
    """

    port: int
    ca_file: Path
    key: rsa.RSAPrivateKey = field(repr=False)
    certificate: bytes = field(repr=False)
    calls: list[Call] = field(default_factory=list)
    status: int = 200
    certificate_status: int = 200

    @property
    def environ(self) -> dict[str, str]:
        """Settings of a server that takes this for SNS."""
        return {
            "ALERTWHISPERER_ENVIRONMENT": "test",
            "ALERTWHISPERER_OUTBOUND_RESOLVE": f"{HOST}=127.0.0.1:{self.port},{ELSEWHERE}=127.0.0.1:{self.port}",
            "ALERTWHISPERER_OUTBOUND_CA_FILE": str(self.ca_file),
        }

    def confirmed(self, topic: str) -> int:
        """How often a subscription of the topic was confirmed."""
        return sum(call.query.get("TopicArn") == topic for call in self.calls)

    def fetched(self, url: str) -> int:
        """How often a certificate was fetched."""
        return sum(f"https://{call.host}{call.path}" == url for call in self.calls)

    # ---------------------------------------------------------------------------------------- what SNS posts

    def certificate_url(self) -> str:
        """A URL of its certificate that was not used yet, so that no server remembers it."""
        return f"https://{HOST}/SimpleNotificationService-{uuid4().hex}.pem"

    def handshake(self, topic: str, **changes: Any) -> dict[str, Any]:
        """What SNS posts to a new subscription's endpoint; `changes` are signed too."""
        token = uuid4().hex
        query = urlencode({"Action": "ConfirmSubscription", "TopicArn": topic, "Token": token}, safe=":")
        return self.signed(
            {
                "Type": "SubscriptionConfirmation",
                "MessageId": str(uuid4()),
                "Token": token,
                "TopicArn": topic,
                "Message": f"You have chosen to subscribe to the topic {topic}.",
                "SubscribeURL": f"https://{HOST}/?{query}",
                **changes,
            }
        )

    def alarm(
        self, topic: str, state: str, *, before: str = "OK", name: str = "cpu-web", **changes: Any
    ) -> dict[str, Any]:
        """What SNS posts when a CloudWatch alarm changes its state."""
        account = topic.split(":")[4]
        alarm = {
            "AlarmName": name,
            "AWSAccountId": account,
            "NewStateValue": state,
            "OldStateValue": before,
            "NewStateReason": "Threshold Crossed: 1 datapoint (97.0) was greater than the threshold (90.0).",
            "StateChangeTime": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S.%f}"[:-3] + "+0000",
            "AlarmArn": f"arn:aws:cloudwatch:eu-west-1:{account}:alarm:{name}",
            "Trigger": {"Dimensions": [{"name": "InstanceId", "value": "i-0abc"}], "MetricName": "CPUUtilization"},
        }
        return self.signed(
            {
                "Type": "Notification",
                "MessageId": str(uuid4()),
                "TopicArn": topic,
                "Subject": f'{state}: "{name}" in EU (Ireland)',
                "Message": msgspec.json.encode(alarm).decode(),
                **changes,
            }
        )

    def signed(self, document: Mapping[str, Any]) -> dict[str, Any]:
        """The envelope with time, certificate and a right signature of version 2, where it has none of its own."""
        whole = {
            "Timestamp": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S.%f}"[:-3] + "Z",
            "SignatureVersion": "2",
            "SigningCertURL": self.certificate_url(),
            **document,
        }
        names = [name for name in _SIGNED[whole["Type"]] if name in whole]
        text = "".join(f"{name}\n{whole[name]}\n" for name in names)
        signature = self.key.sign(text.encode(), padding.PKCS1v15(), hashes.SHA256())
        return {"Signature": b64encode(signature).decode(), **whole}

    def answer(self, call: Call) -> tuple[int, bytes, str]:
        """Status, body and place to go to of an answer."""
        status, certificate_status = self.status, self.certificate_status
        self.calls.append(call)  # last: who sees the call may change what comes next
        if call.path.endswith(".pem"):
            return certificate_status, self.certificate if certificate_status == 200 else b"", ""
        there = f"https://{ELSEWHERE}/?Action=ConfirmSubscription&TopicArn=elsewhere&Token=x"
        return status, b"<ConfirmSubscriptionResponse/>", there if status in (301, 302, 307) else ""


@contextmanager
def sns_on_loopback(folder: Path) -> Iterator[Sns]:
    """Run it; `folder` takes its certificates."""
    authority_key, authority = _authority()
    server_key = rsa.generate_private_key(65537, 2048)
    server = _certificate(server_key.public_key(), HOST, authority_key, authority.subject, names=(HOST, ELSEWHERE))
    (folder / "ca.pem").write_bytes(authority.public_bytes(Encoding.PEM))
    (folder / "server.pem").write_bytes(
        server.public_bytes(Encoding.PEM) + server_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    )
    signing_key = rsa.generate_private_key(65537, 2048)
    signing = _certificate(signing_key.public_key(), "sns.amazonaws.com", authority_key, authority.subject)
    listener = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "server.pem")
    listener.socket = context.wrap_socket(listener.socket, server_side=True)
    sns = Sns(listener.server_port, folder / "ca.pem", signing_key, signing.public_bytes(Encoding.PEM))
    listener.sns = sns  # type: ignore[attr-defined]
    thread = threading.Thread(target=listener.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield sns
    finally:
        listener.shutdown()
        thread.join()
        listener.server_close()


class _Handler(BaseHTTPRequestHandler):
    timeout = 10

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        sns: Sns = self.server.sns  # type: ignore[attr-defined]
        status, body, there = sns.answer(Call(self.headers.get("Host", ""), parts.path, query))
        self.send_response(status)
        if there:
            self.send_header("Location", there)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


def _authority() -> tuple[rsa.RSAPrivateKey, x509.Certificate]:
    key = rsa.generate_private_key(65537, 2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "A test's own authority")])
    made = (
        _begun(key.public_key(), name, name)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    return key, made


def _certificate(
    key: rsa.RSAPublicKey,
    subject: str,
    issuer_key: rsa.RSAPrivateKey,
    issuer: x509.Name,
    *,
    names: tuple[str, ...] = (),
) -> x509.Certificate:
    begun = _begun(key, x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, subject)]), issuer).add_extension(
        x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()), critical=False
    )
    if names:
        begun = begun.add_extension(x509.SubjectAlternativeName([x509.DNSName(name) for name in names]), critical=False)
    return begun.sign(issuer_key, hashes.SHA256())


def _begun(key: rsa.RSAPublicKey, subject: x509.Name, issuer: x509.Name) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=30))
    )
