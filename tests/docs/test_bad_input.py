"""Each row of the table of wrong requests in docs/webhooks.md is sent, and answered as the row says."""

import gzip
import json
import re
import time
from collections.abc import Callable, Mapping
from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.docs.conftest import Live
from tests.docs.pages import DOCS
from tests.server import Sender, bearer, sign

_ROW = re.compile(r"^\| ([^|]+) \| (\d{3}) \| ([a-z-]+) \| ([^|]+) \|$", re.MULTILINE)
ALERT = {"asset_name": "web-01", "signature": "disk full", "severity": "high", "message": "97%"}
BODY = json.dumps(ALERT).encode()

Sent = Callable[[Live], httpx.Response]


def rows() -> dict[str, tuple[int, str]]:
    """Status and word of each row, by what is sent."""
    text = (DOCS / "webhooks.md").read_text(encoding="utf-8")
    return {what: (int(status), word) for what, status, word, _ in _ROW.findall(text)}


def post(
    live: Live,
    sender: Sender,
    body: bytes = BODY,
    headers: Mapping[str, str] = {},  # a Mapping is never written to
    *,
    method: str = "POST",
) -> httpx.Response:
    """One request of a sender, with its key unless the headers have another."""
    return httpx.request(
        method, f"{live.url}{sender.path}", content=body, headers={"X-API-Key": sender.api_key, **headers}
    )


def signed(live: Live, body: bytes, *, delivery_id: str | None = None, at: float | None = None) -> httpx.Response:
    return post(live, live.strict, body, sign(live.strict.hmac_secret, body, delivery_id=delivery_id, at=at))


def again(live: Live, send: Callable[[str, bytes], httpx.Response], second: bytes) -> httpx.Response:
    """Two requests with one id; the answer to the second."""
    identity = uuid4().hex
    assert send(identity, BODY).status_code == 202
    return send(identity, second)


def moved(live: Live) -> httpx.Response:
    """The id takes a piece of the body along: the signed bytes stay the same."""
    body = b"part." + BODY
    headers = sign(live.strict.hmac_secret, body, delivery_id="first")
    return post(live, live.strict, BODY, {**headers, "X-Delivery-Id": "first.part"})


def open_again(live: Live, second: bytes) -> httpx.Response:
    return again(live, lambda identity, body: post(live, live.open, body, {"X-Delivery-Id": identity}), second)


def over_limit(live: Live) -> httpx.Response:
    post(live, live.poor)
    return post(live, live.poor)


SENT: dict[str, Sent] = {
    "no key": lambda live: httpx.post(f"{live.url}{live.open.path}", content=BODY),
    "a wrong key": lambda live: post(live, live.open, headers={"X-API-Key": "awk_" + "x" * 43}),
    "two different keys": lambda live: post(
        live, live.open, headers={"Authorization": f"Bearer {live.strict.api_key}"}
    ),
    "a key of another source's integration": lambda live: post(
        live, live.open, headers={"X-API-Key": live.other.api_key}
    ),
    "an unknown source": lambda live: httpx.post(
        f"{live.url}/api/webhooks/nagios9", content=BODY, headers={"X-API-Key": live.open.api_key}
    ),
    "another method than POST": lambda live: post(live, live.open, method="PUT"),
    "no signature, where one is required": lambda live: post(live, live.strict),
    "a wrong signature, required or not": lambda live: post(
        live, live.open, headers={**sign(live.open.hmac_secret, BODY), "X-Signature": "sha256=" + "0" * 64}
    ),
    "a signed body with the boundary between id and body moved": moved,
    "a timestamp ten minutes old": lambda live: signed(live, BODY, at=time.time() - 600),
    "a timestamp ten minutes ahead": lambda live: signed(live, BODY, at=time.time() + 600),
    "a delivery id of other characters": lambda live: post(live, live.open, headers={"X-Delivery-Id": "a b"}),
    "a delivery id again, the same body": lambda live: open_again(live, BODY),
    "a delivery id again, another body, signed": lambda live: again(
        live, lambda identity, body: signed(live, body, delivery_id=identity), BODY + b" "
    ),
    "a delivery id again, another body, unsigned": lambda live: open_again(live, BODY + b" "),
    "truncated JSON": lambda live: post(live, live.open, BODY[:-9]),
    "an empty body": lambda live: post(live, live.open, b""),
    "invalid UTF-8 in a text": lambda live: post(live, live.open, BODY.replace(b"97%", b"97\xb0")),
    "a NUL character in a text": lambda live: post(live, live.open, BODY.replace(b"97%", b"97\\u0000")),
    "a member of wrong types": lambda live: post(live, live.open, json.dumps({**ALERT, "signature": [1]}).encode()),
    "one bad member among 99 good ones": lambda live: post(
        live,
        live.open,
        json.dumps([{**ALERT, "asset_name": f"w{n}" if n != 50 else None} for n in range(100)]).encode(),
    ),
    "JSON nested 10,000 deep": lambda live: post(live, live.open, b"[" * 10_000 + b"]" * 10_000),
    "an 11 MB body": lambda live: post(live, live.open, b'{"x": "' + b"a" * 11_000_000 + b'"}'),
    "a gzip bomb": lambda live: post(live, live.open, gzip.compress(b"a" * 50_000_000)),
    "more than the limit": over_limit,
}


def test_the_table_and_the_test_have_the_same_rows() -> None:
    assert rows().keys() == SENT.keys()


@pytest.mark.parametrize("what", list(SENT))
def test_a_row_is_true(live: Live, what: str) -> None:
    status, word = rows()[what]
    answer = SENT[what](live)
    assert answer.status_code == status, answer.text
    document: dict[str, Any] = answer.json()
    if status == 202:
        assert fate(live, document) == word
        return
    assert answer.headers["content-type"] == "application/problem+json"
    assert document["type"] == f"urn:alertwhisperer:problem:{word}"
    assert all(document[name] for name in ("detail", "where", "mend")), document


def fate(live: Live, document: dict[str, Any]) -> str:
    """What became of an accepted delivery, in the table's word."""
    if document.get("duplicate"):
        return "duplicate"
    if document["status"] != "processed":
        return str(document["status"])
    told = httpx.get(f"{live.url}/api/deliveries/{document['delivery_id']}", headers=bearer(live.token)).json()
    return "rejected" if any(one["outcome"] == "rejected" for one in told["occurrences"]) else "processed"
