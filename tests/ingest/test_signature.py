"""A signature covers time, id and body as received; whatever else is changed in them, it does not match."""

import hmac
import re
from base64 import b64encode
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from alertwhisperer.ingest.signature import BadSignature, Signed, check

SECRET = b"a secret of the integration"
NOW = datetime(2026, 11, 20, 10, 0, tzinfo=UTC)
IDS = st.text(alphabet="abcXYZ019_-", min_size=1, max_size=8)
BODIES = st.binary(max_size=40) | st.text(alphabet="ab01_-.{}", max_size=20).map(str.encode)


def signed(body: bytes, identifier: str | None, at: datetime = NOW) -> dict[str, str]:
    """Headers of our own scheme, written here once more from the document."""
    timestamp = str(int(at.timestamp()))
    covered = timestamp.encode() + b"." + (b"" if identifier is None else identifier.encode() + b".") + body
    named = {} if identifier is None else {"x-delivery-id": identifier}
    digest = hmac.new(SECRET, covered, "sha256").hexdigest()
    return {"x-timestamp": timestamp, "x-signature": f"sha256={digest}", **named}


def standard(body: bytes, identifier: str, at: datetime = NOW) -> dict[str, str]:
    """Headers of Standard Webhooks."""
    timestamp = str(int(at.timestamp()))
    digest = hmac.new(SECRET, f"{identifier}.{timestamp}.".encode() + body, "sha256").digest()
    return {
        "webhook-id": identifier,
        "webhook-timestamp": timestamp,
        "webhook-signature": "v1," + b64encode(digest).decode(),
    }


def verdict(scheme: str, headers: Mapping[str, str], body: bytes, *, required: bool = True) -> Signed | None:
    """What a request is worth; None when it is refused."""
    try:
        return check(scheme, required, SECRET, headers, body, NOW)
    except BadSignature as failure:
        refused = failure
    assert refused.what
    assert refused.where
    assert refused.mend
    return None


@given(BODIES, IDS)
def test_a_right_signature_vouches_for_the_senders_id(body: bytes, identifier: str) -> None:
    assert verdict("alertwhisperer", signed(body, identifier), body) == Signed(identifier, True)
    assert verdict("standard", standard(body, identifier), body) == Signed(identifier, True)


@given(BODIES)
def test_without_an_id_the_signature_itself_is_one(body: bytes) -> None:
    """Unless the body could be read as an id and a body."""
    headers = signed(body, None)
    found = verdict("alertwhisperer", headers, body)
    assert found is None or found == Signed("signed:" + headers["x-signature"], True)
    assert (found is None) is (b"." in body and verdict("alertwhisperer", {**headers}, body) is None)


@given(BODIES, st.none() | IDS, BODIES, st.none() | IDS, st.integers(-2, 2))
def test_no_other_id_body_or_time_matches(
    body: bytes, identifier: str | None, other: bytes, another: str | None, later_s: int
) -> None:
    assume((body, identifier) != (other, another) or later_s)
    headers = {**signed(body, identifier), "x-timestamp": str(int(NOW.timestamp()) + later_s)}
    headers.pop("x-delivery-id", None)
    if another is not None:
        headers["x-delivery-id"] = another
    assert verdict("alertwhisperer", headers, other) is None


@given(st.none() | IDS, st.text(alphabet="ab01_-.", max_size=12), st.data())
def test_the_boundary_cannot_be_moved(identifier: str | None, text: str, data: st.DataObject) -> None:
    """
    All ways to cut what was signed after the time into an id and a body: one is right at most.

    A body that begins like an id and a dot, signed without an id, is refused as it was sent (the sender is told to send
    ids), so it is no request that could be moved.
    """
    assume(identifier is not None or not re.match(r"[A-Za-z0-9_-]{1,128}\.", text))
    covered = (f"{identifier}." if identifier is not None else "") + text
    headers = signed(text.encode(), identifier)
    cut = data.draw(st.integers(0, len(covered)))
    moved_id, moved_body = covered[:cut].removesuffix("."), covered[cut:]
    assume((moved_id, moved_body) != (identifier, text))
    assert verdict("alertwhisperer", {**headers, "x-delivery-id": moved_id}, moved_body.encode()) is None
    if identifier is not None:
        headers.pop("x-delivery-id")
        assert verdict("alertwhisperer", headers, covered.encode()) is None


@pytest.mark.parametrize("scheme", ["alertwhisperer", "standard"])
def test_five_minutes_either_way_and_no_more(scheme: str) -> None:
    make = standard if scheme == "standard" else signed
    for away, right in ((-300, True), (300, True), (-301, False), (301, False), (10**6, False)):
        headers = make(b"{}", "d-1", NOW + timedelta(seconds=away))
        assert (verdict(scheme, headers, b"{}") is not None) is right


@pytest.mark.parametrize(
    "text", ["", "1", "17636328000", "1.76363e9", "-763632800", "٠١٢٣٤٥٦٧٨٩", "1763632800 ", "\xb2" * 10]
)
def test_a_time_of_another_shape_is_refused(text: str) -> None:
    assert verdict("alertwhisperer", {**signed(b"{}", "d-1"), "x-timestamp": text}, b"{}") is None
    assert verdict("standard", {**standard(b"{}", "d-1"), "webhook-timestamp": text}, b"{}") is None


def test_unsigned_is_right_only_where_none_is_required() -> None:
    for scheme, name in (("alertwhisperer", "x-delivery-id"), ("standard", "webhook-id")):
        assert verdict(scheme, {}, b"{}", required=False) == Signed(None, False)
        assert verdict(scheme, {name: "d-1"}, b"{}", required=False) == Signed("d-1", False)
        assert verdict(scheme, {name: "d-1"}, b"{}") is None
        assert verdict(scheme, {name: "d 1"}, b"{}", required=False) is None


def test_a_signature_that_is_there_and_wrong_is_refused_even_where_none_is_required() -> None:
    for signature in ("", "sha256=", "nonsense", "\xe4", "sha256=" + "0" * 64):
        headers = {**signed(b"{}", "d-1"), "x-signature": signature}
        assert verdict("alertwhisperer", headers, b"{}", required=False) is None
        headers = {**standard(b"{}", "d-1"), "webhook-signature": signature}
        assert verdict("standard", headers, b"{}", required=False) is None


def test_standard_webhooks_may_carry_several_signatures_while_a_secret_is_changed() -> None:
    headers = standard(b"{}", "d-1")
    right = headers["webhook-signature"]
    assert verdict("standard", {**headers, "webhook-signature": f"v1,AAAA {right}"}, b"{}") == Signed("d-1", True)
    assert verdict("standard", {**headers, "webhook-signature": f"v1a,{right[3:]}"}, b"{}") is None
    without_id = {name: value for name, value in headers.items() if name != "webhook-id"}
    assert verdict("standard", without_id, b"{}") is None


def test_one_schemes_signature_is_nothing_to_the_other() -> None:
    assert verdict("standard", signed(b"{}", "d-1"), b"{}") is None
    assert verdict("alertwhisperer", standard(b"{}", "d-1"), b"{}") is None
