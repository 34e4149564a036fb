"""
SNS's own signature, and the URLs that an envelope may name.

What an envelope says is believed only after `Signature.check`; a URL of it is fetched only on AWS's own hosts, so that
nobody makes us call an address of theirs.
"""

import re
from base64 import b64decode
from binascii import Error as NotBase64
from collections import OrderedDict
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import SplitResult, parse_qs, urlsplit

import msgspec
from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.x509.oid import NameOID

from alertwhisperer.domain.errors import Invalid
from alertwhisperer.sources._reading import moment
from alertwhisperer.sources.contract import Fetch, Inbound, Json

_TYPES = frozenset({"Notification", "SubscriptionConfirmation", "UnsubscribeConfirmation"})
_SIGNED_NOTIFICATION = ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type")
_SIGNED_HANDSHAKE = ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type")
_OLDEST = timedelta(hours=1)  # SNS gives up on an endpoint after an hour at most
_SNS_HOST = re.compile(r"sns\.[a-z]{2}(?:-[a-z]+)+-[0-9]{1,2}\.amazonaws\.com(?:\.cn)?", re.ASCII)
_CERTIFICATE_NAME = re.compile(r"sns(?:[.-][a-z0-9-]+)?\.amazonaws\.com(?:\.cn)?", re.ASCII)
_CERTIFICATES_KEPT = 64  # a guess: two for each region that a company is likely to use
_SMALLEST_KEY_BITS = 2048


def envelope_of(document: Json) -> dict[str, Any] | None:
    """The document when it is SNS's envelope; the one test that both `authenticate` and `parse` rely on."""
    if type(document) is not dict or type(document.get("Type")) is not str or document["Type"] not in _TYPES:
        return None
    if type(document.get("MessageId")) is not str or type(document.get("TopicArn")) is not str:
        return None
    return document


class _Certificate(msgspec.Struct, frozen=True):
    """What is kept of a signing certificate."""

    key: RSAPublicKey
    since: datetime
    until: datetime

    def is_valid(self, now: datetime) -> bool:
        return self.since <= now <= self.until


class _Certificates:
    """SNS's signing certificates by URL, the least recently used one dropped; fetched over https from AWS only."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._known: OrderedDict[str, _Certificate] = OrderedDict()

    async def key(self, url: str, now: datetime, fetch: Fetch) -> RSAPublicKey:
        """The public key of the certificate at `url`, valid at `now`; `Invalid` when it is not SNS's."""
        certificate = self._known.get(url)
        if certificate is None or not certificate.is_valid(now):
            certificate = _certificate(await fetch(url))
            if not certificate.is_valid(now):
                raise Invalid("the signing certificate is not valid at this time", where="SigningCertURL")
            self._known[url] = certificate
        self._known.move_to_end(url)
        while len(self._known) > self._most:
            self._known.popitem(last=False)
        return certificate.key


class Signature:
    """The check of an envelope's signature, with the certificates it has seen."""

    def __init__(self) -> None:
        self._certificates = _Certificates(_CERTIFICATES_KEPT)

    async def check(self, inbound: Inbound, fetch: Fetch) -> None:
        """Raise `Invalid` unless SNS signed this envelope within the hour, or raw delivery is allowed and used."""
        envelope = envelope_of(inbound.document)
        if envelope is None:
            if inbound.settings.get("raw_delivery") is True:
                return
            raise Invalid(
                "this is not a signed SNS envelope",
                mend="turn raw message delivery off on the subscription, or set raw_delivery on the integration",
            )
        url = _certificate_url(envelope)
        signed, signature, algorithm = _signed(envelope)
        _check_age(envelope, inbound.received_at)
        key = await self._certificates.key(url, inbound.received_at, fetch)
        try:
            key.verify(signature, signed, padding.PKCS1v15(), algorithm)
        except (InvalidSignature, UnsupportedAlgorithm) as wrong:
            raise Invalid("the SNS signature does not fit the message", where="Signature") from wrong


def _signed(envelope: Mapping[str, Any]) -> tuple[bytes, bytes, hashes.HashAlgorithm]:
    """What was signed, the signature, and the hash that its version stands for."""
    notification = envelope["Type"] == "Notification"
    parts: list[str] = []
    for name in _SIGNED_NOTIFICATION if notification else _SIGNED_HANDSHAKE:
        value = envelope.get(name)
        if name == "Subject" and value is None:
            continue
        if type(value) is not str or (name != "Message" and not value.isprintable()):
            # A line break in another field would let the same signed bytes be read as other fields.
            raise Invalid(f"the SNS envelope has no plain text in {name}", where=name)
        parts += (name, "\n", value, "\n")
    try:
        signed = "".join(parts).encode()
        signature = b64decode(envelope.get("Signature") or "", validate=True)
    except (UnicodeEncodeError, NotBase64, TypeError, ValueError) as wrong:
        raise Invalid("the SNS signature cannot be read", where="Signature") from wrong
    version = envelope.get("SignatureVersion")
    if version == "1":
        return signed, signature, hashes.SHA1()  # noqa: S303  # SNS's default; version 2 is set on the topic
    if version == "2":
        return signed, signature, hashes.SHA256()
    raise Invalid("the SNS signature version must be 1 or 2", where="SignatureVersion")


def _check_age(envelope: Mapping[str, Any], now: datetime) -> None:
    sent_at = moment(envelope.get("Timestamp"), now)
    if sent_at is None:
        raise Invalid("the SNS envelope has no usable Timestamp", where="Timestamp")
    if abs(now - sent_at) > _OLDEST:
        raise Invalid(
            "the SNS envelope is more than an hour from this server's time",
            where="Timestamp",
            mend="check this server's clock; an old message that is sent again is refused",
        )


def _certificate_url(envelope: Mapping[str, Any]) -> str:
    url = envelope.get("SigningCertURL")
    parts = _sns_url(url)
    if type(url) is not str or parts is None or not parts.path.endswith(".pem") or parts.query:
        raise Invalid("the SigningCertURL is not one of SNS", where="SigningCertURL")
    return url


def _sns_url(url: Json) -> SplitResult | None:
    """The parts of an https URL at SNS's own host and default port, without user or fragment; None for any other."""
    if type(url) is not str or len(url) > 2_048 or not url.isascii() or not url.isprintable() or "\\" in url:
        return None
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    # The whole authority must be the host: no port, no user, nothing for two readers to read in two ways.
    right = parts.scheme == "https" and _SNS_HOST.fullmatch(parts.netloc) and not parts.fragment and " " not in url
    return parts if right else None


def confirms(url: str, topic: str) -> bool:
    """Whether visiting the URL confirms a subscription to this topic and does nothing else."""
    parts = _sns_url(url)
    if parts is None or parts.path not in ("", "/"):
        return False
    try:
        query = parse_qs(parts.query, strict_parsing=True, max_num_fields=10)
    except ValueError:
        return False
    return query.get("Action") == ["ConfirmSubscription"] and query.get("TopicArn") == [topic] and "Token" in query


def _certificate(pem: bytes) -> _Certificate:
    """
    The certificate when it names SNS and holds a strong RSA key.

    AWS serves the leaf alone, so its chain cannot be built: that it is AWS's rests on https to the checked host.
    """
    try:
        certificate = x509.load_pem_x509_certificate(pem)
        key = certificate.public_key()
        names = [str(name.value) for name in certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)]
    except (ValueError, UnsupportedAlgorithm) as wrong:
        raise Invalid("the signing certificate cannot be read", where="SigningCertURL") from wrong
    if not any(_CERTIFICATE_NAME.fullmatch(name) for name in names):
        raise Invalid("the signing certificate is not issued to SNS", where="SigningCertURL")
    if not isinstance(key, RSAPublicKey) or key.key_size < _SMALLEST_KEY_BITS:
        raise Invalid("the signing certificate has no RSA key of 2048 bits or more", where="SigningCertURL")
    return _Certificate(key, certificate.not_valid_before_utc, certificate.not_valid_after_utc)
