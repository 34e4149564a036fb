"""
Web push as bytes: a message encrypted for one browser (RFC 8291, RFC 8188), and the proof of who sends it (RFC 8292).

Nothing is sent here. The push service that carries the message cannot read it.
"""

import base64
import json
import os
from collections.abc import Mapping
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from alertwhisperer.domain.errors import Invalid
from alertwhisperer.domain.push import Address
from alertwhisperer.sources.contract import Asked

LONGEST_ENDPOINT = 2_000
AUTH_BYTES = 16
POINT_BYTES = 65  # an uncompressed point of P-256
MOST_BYTES = 3_000  # of a message; push services take 4,096 with what encryption adds

_CURVE = ec.SECP256R1()
_SCALAR_BYTES = 32
_RECORD = 4_096
_LAST_RECORD = b"\x02"
_SALT_BYTES = 16
_PROOF_LASTS = timedelta(hours=12)  # the RFC allows 24; clocks differ


class Identity:
    """
    The key pair by which push services know an installation.

    Args:
        private: a scalar of 32 bytes; `new_private` makes one.
        contact: whom an operator of a push service may ask: a mailto: or https: address.
    """

    def __init__(self, private: bytes, contact: str) -> None:
        self._key = ec.derive_private_key(int.from_bytes(private, "big"), _CURVE)
        self._contact = contact

    @property
    def public(self) -> str:
        """As browsers and push services take it."""
        return _base64url(_point_of(self._key.public_key()))

    def prove(self, endpoint: str, *, now: datetime) -> str:
        """The `Authorization` of a message to this endpoint."""
        parts = urlsplit(endpoint)
        claims = {
            "aud": f"{parts.scheme}://{parts.netloc}",
            "exp": int((now + _PROOF_LASTS).timestamp()),
            "sub": self._contact,
        }
        signed = ".".join(_base64url(json.dumps(part).encode()) for part in ({"typ": "JWT", "alg": "ES256"}, claims))
        r, s = decode_dss_signature(self._key.sign(signed.encode(), ec.ECDSA(SHA256())))
        signature = _base64url(r.to_bytes(_SCALAR_BYTES, "big") + s.to_bytes(_SCALAR_BYTES, "big"))
        return f"vapid t={signed}.{signature}, k={self.public}"


def new_private() -> bytes:
    """The private half of a fresh key pair."""
    return ec.generate_private_key(_CURVE).private_numbers().private_value.to_bytes(_SCALAR_BYTES, "big")


def check(address: Address) -> str:
    """
    The host of an address, after everything else about it was found to be of use.

    Raises:
        Invalid: no https URL of a sane length, or keys that are none.
    """
    try:
        parts = urlsplit(address.endpoint)
        right = parts.scheme == "https" and "@" not in parts.netloc and parts.port in (None, 443)
    except ValueError:
        right = False
    plain = address.endpoint.isascii() and address.endpoint.isprintable() and " " not in address.endpoint
    if not right or not parts.hostname or not plain or len(address.endpoint) > LONGEST_ENDPOINT:
        raise Invalid(
            f"this is no https address of a push service of at most {LONGEST_ENDPOINT} characters",
            where="endpoint",
            mend="send what the browser's PushSubscription says",
        )
    if len(address.auth) != AUTH_BYTES:
        raise Invalid(f"this has {len(address.auth)} bytes, not {AUTH_BYTES}", where="keys.auth", mend="as endpoint")
    try:
        _key_of(address.p256dh)
    except ValueError as failure:
        raise Invalid("this is no public key of P-256", where="keys.p256dh", mend="as endpoint") from failure
    return parts.hostname


def message(
    identity: Identity, address: Address, said: Mapping[str, str], *, topic: str, lasts: timedelta, now: datetime
) -> Asked:
    """
    The request that carries a message to a browser.

    Args:
        said: what its service worker is given, as JSON.
        topic: of messages of one topic that wait at the push service the last alone is delivered; 32 letters of
            base64url at most.
        lasts: how long the push service keeps it for a device that cannot be reached.
    """
    text = json.dumps(said, ensure_ascii=False).encode()
    if len(text) > MOST_BYTES:
        raise ValueError(f"a message of {len(text)} bytes is too large for push services")
    headers = {
        "Authorization": identity.prove(address.endpoint, now=now),
        "Content-Encoding": "aes128gcm",
        "Content-Type": "application/octet-stream",
        "TTL": str(int(lasts.total_seconds())),
        "Urgency": "high",
        "Topic": topic,
    }
    return Asked(address.endpoint, "POST", headers, encrypt(address, text))


def encrypt(
    address: Address, text: bytes, *, salt: bytes | None = None, sender: ec.EllipticCurvePrivateKey | None = None
) -> bytes:
    """
    A message of one record that the browser alone can read.

    Args:
        salt, sender: fresh for each message; given to check against the RFC's example alone.
    """
    salt = os.urandom(_SALT_BYTES) if salt is None else salt
    sender = ec.generate_private_key(_CURVE) if sender is None else sender
    own = _point_of(sender.public_key())
    shared = sender.exchange(ec.ECDH(), _key_of(address.p256dh))
    secret = _derive(shared, address.auth, b"WebPush: info\0" + address.p256dh + own, 32)
    key = _derive(secret, salt, b"Content-Encoding: aes128gcm\0", 16)
    nonce = _derive(secret, salt, b"Content-Encoding: nonce\0", 12)
    head = salt + _RECORD.to_bytes(4, "big") + bytes([len(own)]) + own
    return head + AESGCM(key).encrypt(nonce, text + _LAST_RECORD, None)


def _derive(secret: bytes, salt: bytes, info: bytes, length: int) -> bytes:
    return HKDF(algorithm=SHA256(), length=length, salt=salt, info=info).derive(secret)


def _key_of(point: bytes) -> ec.EllipticCurvePublicKey:
    if len(point) != POINT_BYTES:
        raise ValueError("not an uncompressed point")
    return ec.EllipticCurvePublicKey.from_encoded_point(_CURVE, point)


def _point_of(key: ec.EllipticCurvePublicKey) -> bytes:
    return key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


def _base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
