"""
Checks that a request was signed by the integration's secret, over the bytes as received.

Two schemes, chosen by the integration and never by the request: our own (`X-Signature`) and Standard Webhooks
(`webhook-signature`).
"""

import hmac
import re
from base64 import b64encode
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import NamedTuple

from alertwhisperer.domain.errors import Invalid

REPLAY_WINDOW = timedelta(minutes=5)
HEADERS = ("x-signature", "x-timestamp", "x-delivery-id", "webhook-id", "webhook-timestamp", "webhook-signature")

_TIMESTAMP = re.compile(r"[0-9]{10}")
_ID = re.compile(r"[A-Za-z0-9_-]{1,128}")
# `timestamp.id.body` and `timestamp.body` are the same bytes when a body begins like an id and a dot.
_LOOKS_LIKE_ID = re.compile(rb"[A-Za-z0-9_-]{1,128}\.")


class BadSignature(Invalid):
    """The signature, or what it covers, is not right; nothing was stored."""


class Signed(NamedTuple):
    """What a request's headers vouch for: the sender's id of it, and whether a signature covers it."""

    sender_id: str | None
    verified: bool


def check(scheme: str, required: bool, secret: bytes, headers: Mapping[str, str], body: bytes, now: datetime) -> Signed:
    """
    Check a request's signature.

    Args:
        scheme: `alertwhisperer` or `standard`.
        required: whether an unsigned request is refused.
        headers: lower-case names; only `HEADERS` are read.
        body: as received, still compressed if it was.
        now: aware UTC.

    Raises:
        BadSignature: missing although required, wrong, too old or too new, or malformed.
    """
    if scheme == "standard":
        return _standard(required, secret, headers, body, now)
    return _own(required, secret, headers, body, now)


def signature_of(secret: bytes, timestamp: str, sender_id: str | None, body: bytes) -> str:
    """The `X-Signature` of a body sent with this `X-Timestamp` and this `X-Delivery-Id` (None: without one)."""
    head = f"{timestamp}.{sender_id}." if sender_id is not None else f"{timestamp}."
    return "sha256=" + hmac.digest(secret, head.encode() + body, "sha256").hex()


def _own(required: bool, secret: bytes, headers: Mapping[str, str], body: bytes, now: datetime) -> Signed:
    sender_id = headers.get("x-delivery-id")
    if sender_id is not None and not _ID.fullmatch(sender_id):
        raise BadSignature("the delivery id has other characters than allowed", where="X-Delivery-Id", mend=_ID_MEND)
    signature = headers.get("x-signature")
    if signature is None:
        if required:
            raise BadSignature("the signature is missing", where="X-Signature", mend=_OWN_MEND)
        return Signed(sender_id, False)
    timestamp = headers.get("x-timestamp", "")
    _check_time(timestamp, "X-Timestamp", now)
    if sender_id is None and _LOOKS_LIKE_ID.match(body):
        raise BadSignature(
            "a signed body that begins like a delivery id needs one", where="X-Delivery-Id", mend="send X-Delivery-Id"
        )
    expected = signature_of(secret, timestamp, sender_id, body)
    if not hmac.compare_digest(expected.encode(), signature.encode()):
        raise BadSignature("the signature does not match", where="X-Signature", mend=_OWN_MEND)
    if sender_id is None:
        # A sender without ids is told apart by what it signed; a replay then folds into the first.
        return Signed("signed:" + signature, True)
    return Signed(sender_id, True)


def _standard(required: bool, secret: bytes, headers: Mapping[str, str], body: bytes, now: datetime) -> Signed:
    sender_id = headers.get("webhook-id")
    if sender_id is not None and not _ID.fullmatch(sender_id):
        raise BadSignature("the webhook id has other characters than allowed", where="webhook-id", mend=_ID_MEND)
    signatures = headers.get("webhook-signature")
    if signatures is None:
        if required:
            raise BadSignature("the signature is missing", where="webhook-signature", mend=_STANDARD_MEND)
        return Signed(sender_id, False)
    timestamp = headers.get("webhook-timestamp", "")
    _check_time(timestamp, "webhook-timestamp", now)
    if sender_id is None:
        raise BadSignature("the webhook id is missing", where="webhook-id", mend=_STANDARD_MEND)
    covered = f"{sender_id}.{timestamp}.".encode() + body
    expected = ("v1," + b64encode(hmac.digest(secret, covered, "sha256")).decode()).encode()
    if not any(hmac.compare_digest(expected, one.encode()) for one in signatures.split(" ")[:8]):
        raise BadSignature("the signature does not match", where="webhook-signature", mend=_STANDARD_MEND)
    return Signed(sender_id, True)


def _check_time(timestamp: str, where: str, now: datetime) -> None:
    if not _TIMESTAMP.fullmatch(timestamp):
        raise BadSignature("the timestamp is missing or not 10 digits", where=where, mend="send seconds since 1970")
    skew = abs(int(timestamp) - now.timestamp())
    if skew > REPLAY_WINDOW.total_seconds():
        raise BadSignature(
            f"the timestamp is {int(skew)} seconds away from our clock",
            where=where,
            mend=f"sign just before sending, with a clock that is right to {REPLAY_WINDOW.total_seconds():.0f} seconds",
        )


_ID_MEND = "use 1 to 128 of A-Z, a-z, 0-9, - and _"
_OWN_MEND = 'send sha256=hex(HMAC-SHA256(secret, timestamp + "." + delivery_id + "." + body)) over the bytes as sent'
_STANDARD_MEND = "send webhook-id, webhook-timestamp and webhook-signature as Standard Webhooks says"
