"""A generic integration reads the headers that it names, and answers in the words that its tool insists on."""

import json
from typing import Any

from tests.ingest.front import Front, alert
from tests.server import Sender, new_sender


async def sender(front: Front, **settings: Any) -> Sender:
    """Another generic integration of the company."""
    return await new_sender(front.house, front.company_id, "generic", settings=settings)


def key(tool: Sender) -> dict[str, str]:
    """The header that names the integration."""
    return {"X-API-Key": tool.api_key}


async def test_headers_are_read_when_the_integration_names_them(front: Front) -> None:
    mapping = {"fields": {"asset": 'headers."x-event-host"', "signature": 'headers."x-event-check"'}}
    tool = await sender(front, mapping=mapping, reads_headers=["x-event-*"])
    sent = {"X-Event-Host": "sw-01", "X-Event-Check": "fan", "X-Other": "o"}
    answer = await front.send(tool, b"{}", headers={**key(tool), **sent})
    assert answer.json()["occurrences"] == 1
    assert [(one["asset"], one["signature"]) for one in await front.alerts()] == [("sw-01", "fan")]
    _, request = await front.stored(answer)
    assert json.loads(request)["headers"] == {"x-event-host": "sw-01", "x-event-check": "fan"}
    assert tool.api_key not in request


async def test_a_signed_request_shows_no_headers(front: Front) -> None:
    mapping = {"fields": {"asset": ['headers."x-event-host"', "body.host"], "signature": {"constant": "s"}}}
    tool = await sender(front, mapping=mapping, reads_headers=["x-event-*"])
    body = b'{"host": "signed-host"}'
    await front.send(tool, body, headers={**tool.headers(body), "X-Event-Host": "nobody vouches for this"})
    assert [one["asset"] for one in await front.alerts()] == ["signed-host"]


async def test_a_tool_gets_the_answer_that_was_set(front: Front) -> None:
    response = {"status": 200, "body": '{{"ok": true, "id": "{delivery_id}", "n": {occurrences}, "bad": {refused}}}'}
    tool = await sender(front, response=response)
    answer = await front.send(tool, [alert(), {"asset": "a"}])
    assert answer.status_code == 200
    identity = answer.headers["x-alertwhisperer-delivery"]
    assert answer.json() == {"ok": True, "id": identity, "n": 2, "bad": 1}
    assert answer.headers["content-type"] == "application/json; charset=utf-8"
    assert answer.headers["x-content-type-options"] == "nosniff"
    unread = await front.send(tool, b'{"half')
    assert (unread.status_code, unread.json()["n"]) == (200, 1), "it waits in quarantine, which is no error"
    assert (await front.ledger())["quarantined"] == 1


async def test_an_answer_without_a_body_is_one(front: Front) -> None:
    tool = await sender(front, response={"status": 204})
    answer = await front.send(tool, [alert()])
    assert (answer.status_code, answer.content) == (204, b"")
    assert len(await front.alerts()) == 1


async def test_a_refusal_stays_a_refusal(front: Front) -> None:
    tool = await sender(front, response={"status": 200, "body": "fine"})
    wrong = await front.send(tool, [alert()], headers={**key(tool), "X-Signature": "sha256=00", "X-Timestamp": "1"})
    assert wrong.status_code == 401
    assert await front.alerts() == []
