"""
SNS's whole story: a subscription that a person lets in, confirmed once; signed alarms that open and close an incident.

The real server takes a stand-in on loopback for SNS (tests/vendors/sns.py): nothing of ours is replaced.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest

from alertwhisperer.app.build import open_house
from alertwhisperer.app.outbound import Outbound
from alertwhisperer.app.refusals import Refusals
from alertwhisperer.app.scheduler import Scheduler
from alertwhisperer.app.settings import load
from alertwhisperer.kit.clock import ManualClock, SystemClock
from alertwhisperer.kit.metrics import Metrics
from tests.database import migrated_database
from tests.places import open_place
from tests.server import (
    Place,
    Sender,
    Server,
    bearer,
    house_of,
    new_company,
    new_sender,
    new_token,
    on_database,
    serving,
)
from tests.vendors.sns import ELSEWHERE, HOST, Sns, sns_on_loopback

PATIENCE_S = 20


@pytest.fixture(scope="module")
def sns() -> Iterator[Sns]:
    """SNS, as far as our server can tell."""
    with open_place("aw-sns-") as folder, sns_on_loopback(folder) as running:
        yield running


@pytest.fixture(scope="module")
def sns_place() -> Iterator[Place]:
    """A database of its own: another server on this one would take the work, and reach no stand-in."""
    with migrated_database() as made:
        yield on_database(made)


@pytest.fixture(scope="module")
def sns_server(sns_place: Place, sns: Sns) -> Iterator[Server]:
    """A server that reaches the stand-in for SNS."""
    with serving(sns_place, environ=sns.environ) as running:
        yield running


@dataclass
class Topic:
    """A company's integration, and a topic that posts to it."""

    sns: Sns
    client: httpx.AsyncClient
    sender: Sender
    token: str = field(repr=False)
    arn: str = field(default_factory=lambda: f"arn:aws:sns:eu-west-1:123456789012:alarms-{uuid4().hex[:8]}")

    async def post(self, document: dict[str, Any]) -> httpx.Response:
        """As SNS posts: the key in the query, plain text as content type, its own headers."""
        return await self.client.post(
            f"{self.sender.path}?api_key={self.sender.api_key}",
            json=document,
            headers={
                "content-type": "text/plain; charset=UTF-8",
                "x-amz-sns-message-type": str(document.get("Type")),
                "x-amz-sns-message-id": str(document.get("MessageId")),
                "x-amz-sns-topic-arn": str(document.get("TopicArn")),
            },
        )

    async def get(self, path: str) -> Any:
        answer = await self.client.get(f"/api/companies/{self.sender.company_id}/{path}", headers=bearer(self.token))
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def actions(self, state: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = (await self.get(f"actions?state={state}"))["items"]
        return found

    async def approve(self, action: dict[str, Any]) -> httpx.Response:
        return await self.client.post(
            f"/api/companies/{self.sender.company_id}/actions/{action['id']}/approve", headers=bearer(self.token)
        )

    async def settled(self, state: str) -> dict[str, Any]:
        """Wait until the one action is in this state."""
        deadline = time.monotonic() + PATIENCE_S
        while not (found := await self.actions(state)):
            assert time.monotonic() < deadline, await self.get("actions")
            await asyncio.sleep(0.05)
        assert len(found) == 1
        return found[0]

    async def accepted(self) -> int:
        verified = await self.get("ledger/verification")
        assert verified["agrees"], verified
        return int((await self.get("ledger"))["deliveries_accepted"])


@pytest.fixture
async def topic(sns: Sns, sns_server: Server, sns_place: Place) -> AsyncIterator[Topic]:
    """A topic that nobody approved yet."""
    sns.status = sns.certificate_status = 200
    async with (
        house_of(sns_place, connections=2) as house,
        httpx.AsyncClient(base_url=sns_server.url, timeout=30, trust_env=False) as client,
    ):
        company = await new_company(house)
        yield Topic(sns, client, await new_sender(house, company.id, "cloudwatch"), await new_token(house))


def taken(answer: httpx.Response) -> dict[str, Any]:
    assert answer.status_code == 202, answer.text
    told: dict[str, Any] = answer.json()
    return told


# ------------------------------------------------------------------------------------------------ the handshake


async def test_a_subscription_waits_for_a_person_and_is_confirmed_once(topic: Topic) -> None:
    handshake = topic.sns.handshake(topic.arn)
    first = taken(await topic.post(handshake))
    assert taken(await topic.post(handshake)) == {**first, "duplicate": True}, "SNS tries again"
    waiting = await topic.actions("awaiting_approval")
    assert [(one["kind"], one["subject"]) for one in waiting] == [("confirm_subscription", topic.arn)]
    assert topic.sns.confirmed(topic.arn) == 0, "nothing is called before a person agrees"

    assert (await topic.approve(waiting[0])).status_code == 200
    assert (await topic.settled("done"))["subject"] == topic.arn
    assert (await topic.approve(waiting[0])).status_code == 409
    assert taken(await topic.post(handshake))["duplicate"]
    assert await topic.actions("awaiting_approval") == []
    call = next(call for call in topic.sns.calls if call.query.get("TopicArn") == topic.arn)
    assert (call.host, call.path, call.query["Token"]) == (HOST, "/", handshake["Token"])
    assert topic.sns.confirmed(topic.arn) == 1
    assert await topic.accepted() == 1


async def test_a_topic_that_was_approved_once_confirms_itself_later(topic: Topic) -> None:
    taken(await topic.post(topic.sns.handshake(topic.arn)))
    await topic.approve((await topic.actions("awaiting_approval"))[0])
    await topic.settled("done")
    taken(await topic.post(topic.sns.handshake(topic.arn)))
    await _until(lambda: topic.sns.confirmed(topic.arn) == 2)
    assert await topic.actions("awaiting_approval") == []


async def _until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not holds():
        assert time.monotonic() < deadline
        await asyncio.sleep(0.05)


@pytest.mark.parametrize(
    "url",
    [
        "https://{host}.evil.example/?Action=ConfirmSubscription&TopicArn={arn}&Token=x",
        "https://evil.example/?Action=ConfirmSubscription&TopicArn={arn}&Token=x",
        "http://{host}/?Action=ConfirmSubscription&TopicArn={arn}&Token=x",
        "https://{host}:8443/?Action=ConfirmSubscription&TopicArn={arn}&Token=x",
        "https://someone@{host}/?Action=ConfirmSubscription&TopicArn={arn}&Token=x",
        "https://127.0.0.1/?Action=ConfirmSubscription&TopicArn={arn}&Token=x",
        "https://169.254.169.254/?Action=ConfirmSubscription&TopicArn={arn}&Token=x",
        "https://{host}/?Action=ConfirmSubscription&TopicArn={arn}-other&Token=x",
        "https://{host}/?Action=DeleteTopic&TopicArn={arn}&Token=x",
        "https://{host}/elsewhere?Action=ConfirmSubscription&TopicArn={arn}&Token=x",
    ],
)
async def test_a_handshake_that_leads_elsewhere_is_never_followed(url: str, topic: Topic) -> None:
    called = len([call for call in topic.sns.calls if call.path == "/"])
    told = taken(await topic.post(topic.sns.handshake(topic.arn, SubscribeURL=url.format(host=HOST, arn=topic.arn))))
    fate = (await topic.client.get(f"/api/deliveries/{told['delivery_id']}", headers=bearer(topic.token))).json()
    assert "SubscribeURL" in str(fate)
    for state in ("awaiting_approval", "due", "done", "failed"):
        assert await topic.actions(state) == []
    assert len([call for call in topic.sns.calls if call.path == "/"]) == called


@pytest.mark.parametrize("status", [301, 302, 307])
async def test_a_redirect_is_not_followed(status: int, topic: Topic) -> None:
    topic.sns.status = status
    taken(await topic.post(topic.sns.handshake(topic.arn)))
    await topic.approve((await topic.actions("awaiting_approval"))[0])
    assert str(status) in (await topic.settled("failed"))["answer"]
    assert topic.sns.confirmed(topic.arn) == 1
    assert not [call for call in topic.sns.calls if call.host == ELSEWHERE]


async def test_a_confirmation_that_fails_for_now_is_tried_again_later(topic: Topic, sns_place: Place) -> None:
    topic.sns.status = 503
    taken(await topic.post(topic.sns.handshake(topic.arn)))
    await topic.approve((await topic.actions("awaiting_approval"))[0])
    await _until(lambda: topic.sns.confirmed(topic.arn) == 1)
    topic.sns.status = 200
    # A minute later another process finds it due.
    clock = ManualClock(SystemClock().now() + timedelta(seconds=61))
    settings = load({**sns_place.environ, **topic.sns.environ})
    outbound = Outbound(resolve=dict(settings.outbound_resolve), ca_file=settings.outbound_ca_file)
    async with open_house(settings, clock) as house:
        scheduler = Scheduler(house, Refusals(house.database, clock), outbound.get, Metrics())
        await scheduler.run_due()
        await scheduler.settled()
    await topic.settled("done")
    assert topic.sns.confirmed(topic.arn) == 2


async def test_another_persons_company_cannot_approve(topic: Topic, sns_place: Place) -> None:
    taken(await topic.post(topic.sns.handshake(topic.arn)))
    waiting = (await topic.actions("awaiting_approval"))[0]
    async with house_of(sns_place, connections=2) as house:
        stranger = await new_company(house, "Other")
        path = f"/api/companies/{stranger.id}/actions/{waiting['id']}/approve"
        assert (await topic.client.post(path, headers=bearer(topic.token))).status_code == 404
    assert topic.sns.confirmed(topic.arn) == 0


# ------------------------------------------------------------------------------------------------ who signed it


async def test_what_sns_did_not_sign_is_refused_and_not_stored(topic: Topic) -> None:
    right = topic.sns.alarm(topic.arn, "ALARM")
    wrong = {
        "another message": {**right, "Message": right["Message"].replace("97.0", "11.0")},
        "another topic": {**right, "TopicArn": f"{topic.arn}-other"},
        "another id": {**right, "MessageId": str(uuid4())},
        "no signature": {name: value for name, value in right.items() if name != "Signature"},
        "another version": {**right, "SignatureVersion": "1"},
        "old": topic.sns.alarm(topic.arn, "ALARM", Timestamp="2020-01-01T00:00:00.000Z"),
        "no envelope": {"AlarmName": "x", "NewStateValue": "ALARM"},
    }
    for what, document in wrong.items():
        answer = await topic.post(document)
        assert answer.status_code == 403, (what, answer.text)
        assert answer.json()["type"].endswith("tool-signature"), what
    assert await topic.accepted() == 0
    deadline = time.monotonic() + PATIENCE_S
    while (counted := await topic.get("ledger"))["refusals"] != {"tool_signature": len(wrong)}:  # written each second
        assert time.monotonic() < deadline, counted
        await asyncio.sleep(0.05)


@pytest.mark.parametrize(
    "url",
    [
        "http://{host}/x.pem",
        "https://{host}.evil.example/x.pem",
        "https://evil.example/x.pem",
        "https://{host}:8443/x.pem",
        "https://127.0.0.1/x.pem",
        "https://{host}@evil.example/x.pem",
        "https://{host}/x.txt",
    ],
)
async def test_a_certificate_is_fetched_from_sns_alone(url: str, topic: Topic) -> None:
    called = len(topic.sns.calls)
    answer = await topic.post(topic.sns.alarm(topic.arn, "ALARM", SigningCertURL=url.format(host=HOST)))
    assert answer.status_code == 403
    assert answer.json()["where"] == "SigningCertURL"
    assert len(topic.sns.calls) == called
    assert await topic.accepted() == 0


async def test_a_certificate_is_fetched_once(topic: Topic) -> None:
    url = topic.sns.certificate_url()
    for state in ("ALARM", "OK", "ALARM"):
        taken(await topic.post(topic.sns.alarm(topic.arn, state, SigningCertURL=url)))
    assert topic.sns.fetched(url) == 1


async def test_sns_is_told_to_try_again_while_its_certificate_cannot_be_had(topic: Topic) -> None:
    topic.sns.certificate_status = 503
    alarm = topic.sns.alarm(topic.arn, "ALARM")
    answer = await topic.post(alarm)
    assert answer.status_code == 503
    assert int(answer.headers["retry-after"]) >= 1
    assert await topic.accepted() == 0
    topic.sns.certificate_status = 200
    assert "duplicate" not in taken(await topic.post(alarm)), "the same message, a little later"
    assert await topic.accepted() == 1


async def test_a_certificate_that_is_not_there_is_a_refusal(topic: Topic) -> None:
    topic.sns.certificate_status = 404
    assert (await topic.post(topic.sns.alarm(topic.arn, "ALARM"))).status_code == 403


# ------------------------------------------------------------------------------------------------ alarms


async def test_an_alarm_opens_an_incident_and_ok_resolves_it(topic: Topic) -> None:
    taken(await topic.post(topic.sns.alarm(topic.arn, "ALARM")))
    (incident,) = (await topic.get("incidents"))["items"]
    assert (incident["status"], incident["assets"], incident["tools"]) == ("open", ["i-0abc"], ["cloudwatch"])
    alarm = topic.sns.alarm(topic.arn, "OK", before="ALARM")
    taken(await topic.post(alarm))
    assert taken(await topic.post(alarm))["duplicate"], "SNS's retry"
    (alert,) = (await topic.get("alerts"))["items"]
    assert (alert["status"], alert["signature"], alert["count"]) == ("resolved", "cpu-web", 1)
    deadline = time.monotonic() + PATIENCE_S
    while (await topic.get("incidents"))["items"][0]["status"] != "resolved":
        assert time.monotonic() < deadline
        await asyncio.sleep(0.05)
    assert await topic.accepted() == 2


async def test_an_approved_integration_takes_no_other_topics_alarm(topic: Topic) -> None:
    taken(await topic.post(topic.sns.handshake(topic.arn)))
    await topic.approve((await topic.actions("awaiting_approval"))[0])
    await topic.settled("done")
    deadline = time.monotonic() + PATIENCE_S
    while True:  # the key's settings are remembered for a moment, until the server hears of the change
        told = taken(await topic.post(topic.sns.alarm(f"{topic.arn}-other", "ALARM", name=f"n{uuid4().hex}")))
        fate = await topic.client.get(f"/api/deliveries/{told['delivery_id']}", headers=bearer(topic.token))
        if "approved topics" in fate.text:
            break
        assert time.monotonic() < deadline, fate.text
    taken(await topic.post(topic.sns.alarm(topic.arn, "ALARM", name="mine")))
    assert "mine" in [alert["signature"] for alert in (await topic.get("alerts"))["items"]]
