"""
The front door under bad input: one test for each row of the table in `docs/webhooks.md`, over HTTP at a real server.

Every refusal is a problem that says what is wrong, where, and how to mend it; nothing is stored twice, nothing of
another company is shown, and no input is answered with a 5xx (`Front.send` sees to that).
"""

import gzip
import json
import time
from base64 import b64encode
from collections.abc import AsyncIterator
from uuid import uuid4

import pytest

from alertwhisperer.domain.user import Role
from alertwhisperer.ingest.body import MOST_BYTES
from tests.ingest.front import Front, accepted, alert, delivery_id, quarantined, refused
from tests.server import Sender, new_sender, new_token, sign

# ------------------------------------------------------------------------------------------------ keys


async def test_a_wrong_key_is_refused(front: Front) -> None:
    wrong = front.plain.api_key[:-4] + "AAAA"
    answer = await front.send(front.plain, alert(), headers={"X-API-Key": wrong})
    refused(answer, 401, where="X-API-Key")
    assert "www-authenticate" in answer.headers
    assert wrong not in answer.text
    assert await front.accepted() == 0


@pytest.mark.parametrize("key", ["x", "awk_", "a" * 5_000, "awk_\xe4\xf6", "../../etc/passwd", "' OR 1=1 --"])
async def test_a_key_of_any_other_shape_is_refused(front: Front, key: str) -> None:
    answer = await front.send(front.plain, alert(), headers=[("X-API-Key", key)]) if key.isascii() else None
    if answer is None:
        answer = await front.client.post(front.plain.path, json=alert(), headers=[(b"X-API-Key", key.encode())])
    refused(answer, 401, where="X-API-Key")


async def test_a_request_without_a_key_is_refused(front: Front) -> None:
    refused(await front.send(front.plain, alert(), headers={}), 401, where="X-API-Key")


async def test_two_different_keys_are_refused(front: Front) -> None:
    """Which one is meant is not ours to guess, wherever they stand."""
    one, other = front.plain.api_key, front.stranger.api_key
    path = front.plain.path
    for headers, target in (
        ({"X-API-Key": one, "Authorization": f"Bearer {other}"}, path),
        ({"X-API-Key": one}, f"{path}?api_key={other}"),
        ({"X-API-Key": one}, f"{path}/{other}"),
        ({}, f"{path}?api_key={one}&api_key={other}"),
        ({}, f"{path}?apiKey={one}&apiKey={other}"),
        ({}, f"{path}?api_key={one}&access_token={other}"),
        ({"Authorization": f"GenieKey {one}"}, f"{path}/{other}"),
    ):
        refused(await front.send(front.plain, alert(), headers=headers, path=target), 400)
    assert await front.accepted() == await front.accepted(front.stranger.company_id) == 0


async def test_a_key_in_a_header_twice(front: Front) -> None:
    """The same twice is one; two are refused, in whichever order."""
    key, other = front.plain.api_key, front.stranger.api_key
    accepted(await front.send(front.plain, alert(), headers=[("X-API-Key", key), ("x-api-key", key)]))
    for pair in ((key, other), (other, key)):
        refused(await front.send(front.plain, alert(), headers=[("X-API-Key", one) for one in pair]), 400)
    assert await front.accepted() == 1


async def test_the_key_is_taken_wherever_a_tool_can_put_it(front: Front) -> None:
    key, path = front.plain.api_key, front.plain.path
    places: list[tuple[dict[str, str], str]] = [
        ({"X-API-Key": key}, path),
        ({"x-api-KEY": key}, path),
        ({"Authorization": f"Bearer {key}"}, path),
        ({"Authorization": f"bearer   {key}"}, path),
        ({"Authorization": f"GenieKey {key}"}, path),
        ({"Authorization": "Basic " + b64encode(f"anybody:{key}".encode()).decode()}, path),
        ({"Authorization": "Basic " + b64encode(f"{key}:".encode()).decode()}, path),
        ({}, f"{path}?api_key={key}"),
        ({}, f"{path}?team=shop&apiKey={key}"),
        ({}, f"{path}?access_token={key}"),
        ({}, f"{path}/{key}"),
        ({}, f"{path}/{key}/"),
        ({"X-API-Key": key, "Authorization": f"Bearer {key}"}, f"{path}/{key}?api_key={key}"),
    ]
    for headers, target in places:
        answer = await front.send(front.plain, alert(), headers=headers, path=target)
        accepted(answer)
        assert key not in answer.text
        body, request = await front.stored(answer)
        assert key.encode() not in body
        assert key not in request
    assert await front.accepted() == len(places)


async def test_a_broken_basic_authentication_is_refused(front: Front) -> None:
    for text in ("Basic", "Basic %%%", "Basic " + b64encode(b"\xff\xfe").decode(), "Digest abc", "Bearer"):
        refused(await front.send(front.plain, alert(), headers={"Authorization": text}), 401)


@pytest.mark.parametrize("compressed", [False, True])
async def test_the_key_is_masked_in_the_stored_body(front: Front, compressed: bool) -> None:
    """Also in a compressed body, and in what the alert shows."""
    key = front.plain.api_key
    plain = json.dumps(alert(message=f"sent with {key}", api_key=key)).encode()
    answer = await front.send(front.plain, gzip.compress(plain) if compressed else plain)
    accepted(answer)
    body, _ = await front.stored(answer)
    assert key.encode() not in body
    assert b"sent with ***" in body
    assert key not in json.dumps(await front.alerts())


async def test_a_signed_body_that_holds_the_key_is_right(front: Front) -> None:
    """The signature is over the bytes as received, before anything is masked."""
    answer = await front.send_signed(alert(message=front.signed.api_key), delivery_id=delivery_id())
    accepted(answer)
    body, _ = await front.stored(answer)
    assert front.signed.api_key.encode() not in body


# ------------------------------------------------------------------------------------------------ signatures


async def test_a_missing_signature_is_refused_where_one_is_required(front: Front) -> None:
    refused(await front.send(front.signed, alert()), 401, where="X-Signature")
    assert await front.accepted() == 0


async def test_a_wrong_signature_is_refused(front: Front) -> None:
    body = json.dumps(alert()).encode()
    right = front.signed.headers(body, delivery_id="d-1")
    for signature in (
        "",
        "sha256=",
        "sha256=" + "0" * 64,
        right["X-Signature"].upper(),
        right["X-Signature"].removeprefix("sha256="),
        "sha1=" + right["X-Signature"].removeprefix("sha256="),
        right["X-Signature"] + "0",
        right["X-Signature"][:-1],
    ):
        answer = await front.send(front.signed, body, headers={**right, "X-Signature": signature})
        refused(answer, 401, where="X-Signature")
        assert right["X-Signature"] not in answer.text  # no oracle
    assert await front.accepted() == 0


async def test_a_signature_of_another_secret_is_refused(front: Front) -> None:
    body = json.dumps(alert()).encode()
    forged = {"X-API-Key": front.signed.api_key, **sign(front.plain.hmac_secret, body, delivery_id="d-1")}
    refused(await front.send(front.signed, body, headers=forged), 401, where="X-Signature")


async def test_a_wrong_signature_is_refused_where_none_is_required(front: Front) -> None:
    body = json.dumps(alert()).encode()
    headers = {**front.plain.headers(body), "X-Signature": "sha256=" + "0" * 64}
    refused(await front.send(front.plain, body, headers=headers), 401, where="X-Signature")
    assert await front.accepted() == 0


async def test_the_boundary_between_id_and_body_cannot_be_moved(front: Front) -> None:
    """`timestamp.id.body` is signed; whoever moves bytes between the two, or to the time, is refused."""
    body = b'part.{"asset_name": "a", "signature": "s"}'
    right = front.signed.headers(body, delivery_id="one")
    without_id = {name: value for name, value in right.items() if name != "X-Delivery-Id"}
    for headers, content in (
        (without_id, b"one." + body),  # the id is now the beginning of the body
        ({**right, "X-Delivery-Id": "one.part"}, body.removeprefix(b"part.")),  # and the other way round
        ({**right, "X-Delivery-Id": "on"}, b"e." + body),
        ({**right, "X-Timestamp": right["X-Timestamp"] + ".one"}, body),
        ({**right, "X-Timestamp": right["X-Timestamp"] + ".one", "X-Delivery-Id": "part"}, body[5:]),
        ({**right, "X-Timestamp": right["X-Timestamp"][:-1]}, body),
    ):
        refused(await front.send(front.signed, content, headers=headers), 401)
    assert await front.accepted() == 0


async def test_a_signed_body_that_looks_like_an_id_needs_one(front: Front) -> None:
    refused(await front.send_signed(b"abc.def"), 401, where="X-Delivery-Id")


@pytest.mark.parametrize("away_s", [-301, -86_400, 301, 86_400])
async def test_a_stale_or_future_timestamp_is_refused(front: Front, away_s: int) -> None:
    answer = await front.send_signed(alert(), delivery_id="d-1", at=time.time() + away_s + (1 if away_s > 0 else -1))
    problem = refused(answer, 401, where="X-Timestamp")
    assert "seconds away" in problem["detail"]
    assert await front.accepted() == 0


@pytest.mark.parametrize("away_s", [-290, 290])
async def test_a_timestamp_within_five_minutes_is_right(front: Front, away_s: int) -> None:
    accepted(await front.send_signed(alert(), delivery_id="d-1", at=time.time() + away_s))


@pytest.mark.parametrize(
    "text", ["", "0", "1e9", "+123456789", "17000000001", "\xb2\xb2\xb2\xb2\xb2\xb2\xb2\xb2\xb2\xb2"]
)
async def test_a_timestamp_of_another_shape_is_refused(front: Front, text: str) -> None:
    body = json.dumps(alert()).encode()
    headers = [*{**front.signed.headers(body), "X-Timestamp": ""}.items()]
    raw = [(name.encode(), value.encode()) for name, value in headers if name != "X-Timestamp"]
    answer = await front.client.post(
        front.signed.path, content=body, headers=[*raw, (b"X-Timestamp", text.encode("latin-1"))]
    )
    refused(answer, 401, where="X-Timestamp")


@pytest.mark.parametrize("identifier", ["", "a b", "a.b", "ä", "x" * 129, "id;", "../x"])
async def test_a_delivery_id_of_another_shape_is_refused(front: Front, identifier: str) -> None:
    for sender in (front.plain, front.signed):
        headers = {"X-API-Key": sender.api_key}
        raw = [*((name.encode(), value.encode()) for name, value in headers.items())]
        answer = await front.client.post(
            sender.path, json=alert(), headers=[*raw, (b"X-Delivery-Id", identifier.encode("latin-1"))]
        )
        refused(answer, 401, where="X-Delivery-Id")
    assert await front.accepted() == 0


@pytest.mark.parametrize("name", ["X-Signature", "X-Timestamp", "X-Delivery-Id"])
async def test_a_signed_header_twice_is_refused(front: Front, name: str) -> None:
    body = json.dumps(alert()).encode()
    right = front.signed.headers(body, delivery_id="d-1")
    for pair in ([(name, "other"), *right.items()], [*right.items(), (name, "other")]):
        refused(await front.send(front.signed, body, headers=pair), 400, where=name)
    assert await front.accepted() == 0


async def test_the_other_scheme_is_not_chosen_by_the_request(front: Front) -> None:
    """An integration of Standard Webhooks takes no signature of ours, and the other way round."""
    standard = await new_sender(front.house, front.company_id, "generic", require_signature=True, scheme="standard")
    body = json.dumps(alert()).encode()
    refused(await front.send(standard, body, headers=standard.headers(body)), 401, where="webhook-signature")
    refused(
        await front.send(
            front.signed,
            body,
            headers={
                "X-API-Key": front.signed.api_key,
                "webhook-id": "d-1",
                "webhook-timestamp": str(int(time.time())),
                "webhook-signature": "v1,AAAA",
            },
        ),
        401,
        where="X-Signature",
    )


# ------------------------------------------------------------------------------------------------ repeated ids


async def test_a_repeated_delivery_with_the_same_body_is_one(front: Front) -> None:
    """Signed and unsigned: the first answer again, marked as a duplicate; nothing is stored or counted twice."""
    body = json.dumps(alert()).encode()
    for sender in (front.plain, front.signed):
        headers = sender.headers(body, delivery_id="d-1") if sender is front.signed else {}
        headers = {"X-API-Key": sender.api_key, "X-Delivery-Id": "d-1", **headers}
        first = accepted(await front.send(sender, body, headers=headers))
        again = accepted(await front.send(sender, body, headers=headers))
        assert again == {**first, "duplicate": True}
    books = await front.ledger()
    assert (books["deliveries_accepted"], books["deliveries_duplicate"], books["received"]) == (2, 2, 2)


async def test_a_repeated_delivery_signed_anew_is_one(front: Front) -> None:
    """A sender that retries later signs with another time; its id says that it is the same."""
    first = accepted(await front.send_signed(alert(), delivery_id="d-1"))
    again = accepted(await front.send_signed(alert(), delivery_id="d-1", at=time.time() - 60))
    assert again == {**first, "duplicate": True}


async def test_a_signed_request_without_an_id_is_replayed_in_vain(front: Front) -> None:
    body = json.dumps(alert()).encode()
    headers = front.signed.headers(body)
    first = accepted(await front.send(front.signed, body, headers=headers))
    assert accepted(await front.send(front.signed, body, headers=headers)) == {**first, "duplicate": True}
    assert await front.accepted() == 1


async def test_a_repeated_id_with_another_body_signed_is_a_conflict(front: Front) -> None:
    accepted(await front.send_signed(alert("web-01"), delivery_id="d-1"))
    refused(await front.send_signed(alert("web-02"), delivery_id="d-1"), 409, where="X-Delivery-Id")
    assert [one["asset"] for one in await front.alerts()] == ["web-01"]
    assert await front.accepted() == 1


async def test_a_repeated_id_with_another_body_unsigned_is_a_new_delivery_flagged(front: Front) -> None:
    """Or a guessed id, sent first, would delete a real alert."""
    headers = {"X-API-Key": front.plain.api_key, "X-Delivery-Id": "d-1"}
    first = accepted(await front.send(front.plain, alert("web-01"), headers=headers))
    second = accepted(await front.send(front.plain, alert("web-02"), headers=headers))
    assert first["delivery_id"] != second["delivery_id"]
    assert "duplicate" not in second
    assert (await front.get(f"/api/deliveries/{second['delivery_id']}"))["flagged"] is True
    assert (await front.get(f"/api/deliveries/{first['delivery_id']}"))["flagged"] is False
    assert sorted(one["asset"] for one in await front.alerts()) == ["web-01", "web-02"]


async def test_an_id_counts_within_its_integration_only(front: Front) -> None:
    """Another integration, or another company, may use the same id."""
    for sender in (front.plain, front.stranger):
        headers = {"X-API-Key": sender.api_key, "X-Delivery-Id": "d-1"}
        assert "duplicate" not in accepted(await front.send(sender, alert(), headers=headers))
    assert "duplicate" not in accepted(await front.send_signed(alert(), delivery_id="d-1"))


async def test_a_repeated_delivery_that_was_quarantined_says_why_again(front: Front) -> None:
    headers = {"X-API-Key": front.plain.api_key, "X-Delivery-Id": "d-1"}
    first = quarantined(await front.send(front.plain, b'{"half', headers=headers), "invalid_json")
    answer = await front.send(front.plain, b'{"half', headers=headers)
    assert quarantined(answer, "invalid_json") == first
    assert answer.json()["duplicate"] is True
    assert await front.accepted() == 1


# ------------------------------------------------------------------------------------------------ bodies


async def test_truncated_json_is_kept_in_quarantine(front: Front) -> None:
    answer = await front.send(front.plain, json.dumps(alert())[:-10])
    problem = quarantined(answer, "invalid_json")
    assert "line 1 column" in problem["detail"]
    units = (await front.get(f"/api/companies/{front.company_id}/quarantine"))["items"]
    assert [one["delivery_id"] for one in units] == [answer.json()["delivery_id"]]
    assert (await front.stored(answer))[0] == json.dumps(alert())[:-10].encode()
    assert await front.alerts() == []


async def test_a_body_of_11_megabytes_is_refused(front: Front) -> None:
    refused(await front.send(front.plain, b"x" * (11 * 1024 * 1024)), 413, where="body")
    assert await front.accepted() == 0


async def test_a_body_without_a_length_is_cut_off_at_the_limit(front: Front) -> None:
    async def parts() -> AsyncIterator[bytes]:
        for _ in range(11 * 16):
            yield b"x" * 65_536

    answer = await front.client.post(front.plain.path, content=parts(), headers={"X-API-Key": front.plain.api_key})
    refused(answer, 413, where="body")


async def test_a_gzip_bomb_is_refused(front: Front) -> None:
    bomb = gzip.compress(b" " * (200 * 1024 * 1024))
    assert len(bomb) < MOST_BYTES
    refused(await front.send(front.plain, bomb), 413, where="body")
    nested = gzip.compress(gzip.compress(b" " * (50 * 1024 * 1024)))
    quarantined(await front.send(front.plain, nested), "invalid_json")
    in_parts = gzip.compress(b" " * (4 * 1024 * 1024))
    refused(await front.send(front.plain, in_parts * 2), 413, where="body")
    assert await front.accepted() == 1


async def test_a_gzip_body_is_read_whatever_the_header_says(front: Front) -> None:
    plain = json.dumps(alert()).encode()
    key = {"X-API-Key": front.plain.api_key}
    for headers, body in (
        (key, gzip.compress(plain)),
        ({**key, "Content-Encoding": "gzip"}, gzip.compress(plain)),
        ({**key, "Content-Encoding": "gzip"}, plain),
        ({**key, "Content-Encoding": "br"}, plain),
        (key, gzip.compress(plain[:20]) + gzip.compress(plain[20:])),
    ):
        told = accepted(await front.send(front.plain, body, headers=headers))
        assert told["occurrences"] == 1
    assert len(await front.alerts()) == 1


async def test_broken_gzip_is_kept_in_quarantine(front: Front) -> None:
    whole = gzip.compress(json.dumps(alert()).encode())
    for body in (whole[:-8], whole[:5], whole + b"rest", whole[:10] + b"\xff" * 20, whole * 20):
        quarantined(await front.send(front.plain, body), "invalid_gzip")


async def test_json_nested_10000_deep_is_refused(front: Front) -> None:
    for body in (
        b"[" * 10_000 + b"]" * 10_000,
        b'{"a":' * 10_000 + b"1" + b"}" * 10_000,
        b"[" * 10_000,
        json.dumps(alert(labels={}))[:-2].encode() + b'{"a":' * 10_000 + b"1" + b"}" * 10_000 + b"}}",
    ):
        refused(await front.send(front.plain, body), 400, where="body")
    assert await front.accepted() == 0


async def test_brackets_inside_texts_are_not_depth(front: Front) -> None:
    accepted(await front.send(front.plain, alert(message="[{" * 500 + '\\"[')))


async def test_a_text_of_quotes_that_never_ends_costs_no_time(front: Front) -> None:
    """A megabyte that made a backtracking expression take hours, and with it every company's requests."""
    began = time.monotonic()
    quarantined(await front.send(front.plain, b"[" * 60 + b'"[[[[[' + b'\\"' * 1_000_000), "invalid_json")
    assert time.monotonic() - began < 10


@pytest.mark.parametrize("field", ["asset_name", "signature", "severity", "message", "status", "labels", "links"])
@pytest.mark.parametrize("value", [1, True, [], [["x"]], 1.5e300])
async def test_a_wrong_type_rejects_that_member_and_says_where(front: Front, field: str, value: object) -> None:
    told = accepted(await front.send(front.plain, [{**alert("bad"), field: value}, alert("good")]))
    assert told["occurrences"] == 2
    fates = (await front.get(f"/api/deliveries/{told['delivery_id']}"))["occurrences"]
    assert [one["outcome"] for one in fates] == ["rejected", "new"]
    refusal = fates[0]["refused"]
    assert field in refusal["where"]
    assert refusal["what"]
    assert refusal["mend"]
    assert [one["asset"] for one in await front.alerts()] == ["good"]


@pytest.mark.parametrize(
    "body", ["1", "true", '"text"', "null", "[]", "{}", "[1, null, []]", '{"alerts": []}', "=", "a=b"]
)
async def test_a_document_of_another_shape_is_kept_or_rejected(front: Front, body: str) -> None:
    answer = await front.send(front.plain, body)
    assert answer.status_code == 202
    books = await front.ledger()
    assert books["received"] == books["rejected"] + books["quarantined"] >= 1
    assert await front.alerts() == []


async def test_nul_bytes_never_reach_a_row(front: Front) -> None:
    """Escaped in a text, or raw between two letters."""
    escaped = json.dumps(alert("web\x0001", message="a\x00b", labels={"n\x00": "v\x00"}))
    accepted(await front.send(front.plain, escaped))
    raw = json.dumps(alert("web-02", message="a@b")).encode().replace(b"@", b"\x00")
    answer = await front.send(front.plain, raw)
    accepted(answer)
    assert (await front.stored(answer))[0] == raw
    shown = json.dumps(await front.alerts())
    assert "\\u0000" not in shown
    assert "\\ufffd" in shown


@pytest.mark.parametrize("body", [b"\x00", b"\x00" * 1_000, b'\x00{"asset_name": 1}', b"{\x00}", b"a=\x00", b"a=%00"])
async def test_nul_bytes_outside_texts_are_kept_or_rejected(front: Front, body: bytes) -> None:
    answer = await front.send(front.plain, body)
    assert answer.status_code == 202
    assert (await front.stored(answer))[0] == body
    assert await front.alerts() == []


async def test_lone_surrogates_never_reach_a_row(front: Front) -> None:
    body = json.dumps(alert("web-01", message="@", labels={"@": "@"})).replace("@", "\\ud800")
    accepted(await front.send(front.plain, body))
    (shown,) = await front.alerts()
    assert "\\ud800" not in json.dumps(shown)


async def test_invalid_utf8_is_read_as_latin_1_or_kept(front: Front) -> None:
    body = json.dumps(alert("web-01", message="@")).encode().replace(b"@", b"\xff\xfe\xfc")
    answer = await front.send(front.plain, body)
    accepted(answer)
    assert (await front.stored(answer))[0] == body
    for rubbish in (b"\xff\xfe\xfd", b"\xc3", b"\x80" * 100, json.dumps(alert()).encode("utf-16")):
        quarantined(await front.send(front.plain, rubbish), "invalid_json")


async def test_an_empty_body_is_kept_in_quarantine(front: Front) -> None:
    for body in (b"", b" ", b"\n", gzip.compress(b"")):
        answer = await front.send(front.plain, body)
        assert accepted(answer, "quarantined")["problem"]["mend"]
    assert await front.alerts() == []


async def test_one_bad_member_among_99_good_ones(front: Front) -> None:
    """The 99 become alerts, the one is refused and says where it stands."""
    members: list[object] = [alert(f"web-{place:02}") for place in range(100)]
    members[41] = {"asset_name": "web-41", "severity": "high"}
    told = accepted(await front.send(front.plain, members))
    assert told["occurrences"] == 100
    books = await front.ledger()
    assert (books["received"], books["new"], books["rejected"]) == (100, 99, 1)
    fates = (await front.get(f"/api/deliveries/{told['delivery_id']}"))["occurrences"]
    (bad,) = [one for one in fates if one["outcome"] == "rejected"]
    assert (bad["index"], bad["refused"]["where"]) == (41, "[41].signature")


async def test_numbers_beyond_all_bounds(front: Front) -> None:
    for number in ("1e999", "-1e999", "9" * 400, "9" * 5_000, "NaN", "Infinity", "1" * 100_000, "0.1e-99999"):
        body = json.dumps(alert(started_at="@", labels={"n": "@"}, id="@")).replace('"@"', number)
        answer = await front.send(front.plain, body)
        assert answer.status_code == 202
    await front.ledger()


# ------------------------------------------------------------------------------------------------ paths, methods


async def test_an_unknown_source_is_not_found(front: Front) -> None:
    for slug in ("no-such-12", "PROMETHEUS", "%00", "..", "%2e%2e/generic", "a" * 2_000, "gen eric"):
        answer = await front.send(front.plain, alert(), path=f"/api/webhooks/{slug}")
        assert answer.status_code in (401, 404), answer.text
    refused(await front.send(front.plain, alert(), path="/api/webhooks/no-such"), 404, where="path")
    assert await front.accepted() == 0


async def test_the_key_of_an_integration_of_another_source_is_refused(front: Front) -> None:
    problem = refused(await front.send(front.plain, alert(), path="/api/webhooks/zabbix"), 403, where="path")
    assert "/api/webhooks/generic" in problem["mend"]
    assert await front.accepted() == 0


@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE", "OPTIONS"])
async def test_other_methods_are_refused_and_the_right_one_named(front: Front, method: str) -> None:
    for path in (front.plain.path, "/api/webhooks/alerts", "/alerts"):
        answer = await front.send(front.plain, alert(), path=path, method=method)
        refused(answer, 405, where="method")
        assert answer.headers["allow"] == "POST"
    assert await front.accepted() == 0


async def test_the_detecting_path_reads_a_known_body(front: Front) -> None:
    for path in ("/alerts", "/api/webhooks/alerts", "/api/webhooks/"):
        accepted(await front.send(front.plain, alert(), path=path))
    assert [one["count"] for one in await front.alerts()] == [3]


# ------------------------------------------------------------------------------------------------ another company


async def test_another_companys_id_changes_nothing(front: Front) -> None:
    """The key alone says whose a request is: an id of a company in headers, query or body is just text."""
    theirs = str(front.stranger.company_id)
    accepted(
        await front.send(
            front.plain,
            alert(company_id=theirs, labels={"company_id": theirs}),
            headers={"X-API-Key": front.plain.api_key, "X-Company-Id": theirs},
            path=f"{front.plain.path}?company_id={theirs}",
        )
    )
    assert await front.accepted() == 1
    assert await front.accepted(front.stranger.company_id) == 0
    assert await front.alerts(front.stranger.company_id) == []


async def test_nothing_of_another_company_is_shown(front: Front) -> None:
    """Two companies send the same; each one's people see their own, and the other's ids lead nowhere."""
    ours, theirs = [
        accepted(await front.send(sender, alert("shared-host"), headers={"X-API-Key": sender.api_key}))
        for sender in (front.plain, front.stranger)
    ]
    token = await new_token(front.house, Role.TECHNICIAN, [front.company_id])
    await front.get(f"/api/deliveries/{ours['delivery_id']}", token=token)
    absent = await front.get(f"/api/deliveries/{uuid4()}", 404, token=token)
    hidden = await front.get(f"/api/deliveries/{theirs['delivery_id']}", 404, token=token)
    assert hidden["title"] == absent["title"]
    for noun in ("alerts", "incidents", "ledger", "quarantine", "kpis"):
        await front.get(f"/api/companies/{front.company_id}/{noun}", token=token)
        await front.get(f"/api/companies/{front.stranger.company_id}/{noun}", 404, token=token)
    (mine,) = await front.alerts()
    (others,) = await front.alerts(front.stranger.company_id)
    await front.get(f"/api/alerts/{mine['id']}", token=token)
    await front.get(f"/api/alerts/{others['id']}", 404, token=token)


async def test_the_secret_of_another_company_signs_nothing(front: Front) -> None:
    theirs = await new_sender(front.house, front.stranger.company_id, "generic", require_signature=True)
    body = json.dumps(alert()).encode()
    mixed: Sender = front.signed
    headers = {**theirs.headers(body, delivery_id="d-1"), "X-API-Key": mixed.api_key}
    refused(await front.send(mixed, body, headers=headers), 401, where="X-Signature")


# ------------------------------------------------------------------------------------------------ what is counted


async def test_refusals_of_a_known_key_are_counted_by_reason(front: Front) -> None:
    """Every request whose key was good is in the books: accepted, a duplicate, or refused for a reason."""
    await front.send(front.signed, alert())
    await front.send(front.plain, b"[" * 10_000)
    await front.send(front.plain, gzip.compress(b" " * (6 * 1024 * 1024)))
    await front.send(front.plain, b"x" * (6 * 1024 * 1024))
    await front.send(front.plain, alert(), path="/api/webhooks/zabbix")
    deadline = time.monotonic() + 15
    refusals: dict[str, int] = {}
    while time.monotonic() < deadline and sum(refusals.values()) < 5:
        refusals = (await front.ledger())["refusals"]
    assert refusals == {"bad_signature": 1, "too_deep": 1, "too_large": 2, "wrong_source": 1}
