"""PagerDuty's and Opsgenie's own clients, and Alertmanager set up for them, open incidents here and resolve them."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx
import opsgenie_sdk  # type: ignore[import-untyped]
import pytest
from opsgenie_sdk.exceptions import AuthenticationException  # type: ignore[import-untyped]
from pagerduty import EventsApiV2Client, HttpError

from tests.peers.alertmanager import PROGRAMS, Applications, watching
from tests.peers.conftest import Customer, MakeCustomer
from tests.peers.encrypted import Encrypted, encrypted
from tests.peers.process import require
from tests.server import Server


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """The clients read the environment."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


# ------------------------------------------------------------------------------------------------ PagerDuty


@pytest.fixture
def relay(server: Server, place: Path) -> Iterator[Encrypted]:
    """Our server with TLS before it, without which PagerDuty's client speaks to nobody."""
    with encrypted(server.url, place) as started:
        yield started


def events(customer: Customer, relay: Encrypted, *, below: str = "", key: str = "") -> EventsApiV2Client:
    """PagerDuty's client for events."""
    return EventsApiV2Client(key or customer.sender.api_key, base_url=relay.url + below, verify=relay.trust)


@pytest.mark.parametrize("below", ["", "/api/webhooks/pagerduty"], ids=["root", "webhook"])
def test_pagerdutys_client_opens_an_incident_and_resolves_it(
    make_customer: MakeCustomer, relay: Encrypted, below: str
) -> None:
    """Pointed at the server, as if it were the original, or at our webhook; an acknowledgement changes nothing."""
    customer = make_customer("pagerduty")
    with events(customer, relay, below=below) as client:
        key = client.trigger("HTTP on web-01 answered 503", "web-01", dedup_key="web-01/http", severity="error")
        assert key == "web-01/http"
        [incident] = customer.await_incidents("open", 1)
        assert incident["assets"] == ["web-01"]
        assert incident["tools"] == ["pagerduty"]
        assert incident["severity"] == "high"
        assert client.acknowledge(key) == key
        client.resolve(key)
    [resolved] = customer.await_incidents("resolved", 1)
    assert resolved["id"] == incident["id"]
    [alert] = customer.get("alerts")["items"]
    assert alert["message"] == "HTTP on web-01 answered 503"
    assert customer.sender.api_key not in str(alert)


def test_the_key_that_the_client_is_given_resolves_its_trigger(make_customer: MakeCustomer, relay: Encrypted) -> None:
    """A trigger repeated without a key is the same alert."""
    customer = make_customer("pagerduty")
    with events(customer, relay) as client:
        key = client.trigger("fan failed", "sw-1")
        assert client.trigger("fan failed", "sw-1") == key
        [incident] = customer.await_incidents("open", 1)
        assert incident["alert_count"] == 1
        client.resolve(key)
    customer.await_incidents("resolved", 1)


def test_a_change_opens_nothing(make_customer: MakeCustomer, relay: Encrypted) -> None:
    customer = make_customer("pagerduty")
    with events(customer, relay) as client:
        # Without a time of ours, version 7.2.0 fails over its own one.
        client.submit("shop 4.2.0 rolled out", source="ci.example.com", timestamp="2026-11-20T10:10:00Z")
        client.trigger("it fails", "web-01")
    [incident] = customer.await_incidents("open", 1)
    assert incident["assets"] == ["web-01"]


def test_a_wrong_routing_key_is_an_invalid_event(make_customer: MakeCustomer, relay: Encrypted) -> None:
    customer = make_customer("pagerduty")
    with (
        events(customer, relay, key="0123456789abcdef0123456789abcdef") as client,
        pytest.raises(HttpError) as refused,
    ):
        client.trigger("it fails", "web-01")
    response = refused.value.response
    assert response is not None
    assert response.status_code == 400
    assert response.json()["status"] == "invalid event"
    assert customer.incidents() == []


def test_an_invalid_event_is_said_to_be_one_and_kept(make_customer: MakeCustomer, relay: Encrypted) -> None:
    customer = make_customer("pagerduty")
    with events(customer, relay) as client, pytest.raises(HttpError) as refused:
        client.send_event("trigger", payload={"source": "web-01", "severity": "error"})
    response = refused.value.response
    assert response is not None
    assert response.status_code == 400
    assert response.json()["errors"] == ["payload.summary is missing"]
    assert response.headers["x-alertwhisperer-delivery"]


def test_version_1_opens_an_incident_that_version_2_resolves(make_customer: MakeCustomer, relay: Encrypted) -> None:
    """There is no client left for version 1; scripts speak it."""
    customer = make_customer("pagerduty")
    event = {
        "service_key": customer.sender.api_key,
        "event_type": "trigger",
        "incident_key": "db-01/disk",
        "description": "disk full",
        "details": {"hostname": "db-01"},
    }
    answer = httpx.post(f"{customer.url}/generic/2010-04-15/create_event.json", json=event, trust_env=False)
    assert (answer.status_code, answer.json()["incident_key"]) == (200, "db-01/disk")
    [incident] = customer.await_incidents("open", 1)
    assert incident["assets"] == ["db-01"]
    with events(customer, relay) as client:
        client.resolve("db-01/disk")
    customer.await_incidents("resolved", 1)


# ------------------------------------------------------------------------------------------------ Opsgenie


def alerts(customer: Customer, base: str, key: str | None = None) -> opsgenie_sdk.AlertApi:
    """Opsgenie's SDK."""
    configuration = opsgenie_sdk.configuration.Configuration()
    configuration.host = base
    configuration.api_key["Authorization"] = customer.sender.api_key if key is None else key
    configuration.retry_enabled = False
    return opsgenie_sdk.AlertApi(opsgenie_sdk.api_client.ApiClient(configuration=configuration))


@pytest.mark.parametrize("below", ["", "/api/webhooks/opsgenie"], ids=["root", "webhook"])
def test_opsgenies_sdk_opens_an_incident_and_closes_it_by_alias(make_customer: MakeCustomer, below: str) -> None:
    """Pointed at the server or at our webhook; an acknowledgement and a note between them change nothing."""
    customer = make_customer("opsgenie")
    api = alerts(customer, customer.url + below)
    payload = opsgenie_sdk.CreateAlertPayload(
        message="Disk full on db-01", alias="db-01/disk", entity="db-01", priority="P1", tags=["prod"]
    )
    made = api.create_alert(create_alert_payload=payload)
    assert made.result == "Request will be processed"
    [incident] = customer.await_incidents("open", 1)
    assert incident["assets"] == ["db-01"]
    assert incident["tools"] == ["opsgenie"]
    assert incident["severity"] == "critical"
    named = {"identifier": "db-01/disk", "identifier_type": "alias"}
    api.acknowledge_alert(**named, acknowledge_alert_payload=opsgenie_sdk.AcknowledgeAlertPayload(user="jo"))
    api.add_note(**named, add_note_to_alert_payload=opsgenie_sdk.AddNoteToAlertPayload(note="looking"))
    api.close_alert(**named, close_alert_payload=opsgenie_sdk.CloseAlertPayload(note="space was freed"))
    [resolved] = customer.await_incidents("resolved", 1)
    assert resolved["id"] == incident["id"]
    [alert] = customer.get("alerts")["items"]
    assert (alert["message"], alert["signature"]) == ("Disk full on db-01", "Disk full on *")


def test_opsgenies_sdk_closes_by_the_id_that_it_is_told(make_customer: MakeCustomer) -> None:
    """It asks for its request's status to learn the id."""
    customer = make_customer("opsgenie")
    api = alerts(customer, customer.url)
    made = api.create_alert(create_alert_payload=opsgenie_sdk.CreateAlertPayload(message="fan failed", entity="sw-1"))
    customer.await_incidents("open", 1)
    status = made.retrieve_result()
    assert status.data.is_success is True
    assert made.id == status.data.alert_id
    api.close_alert(identifier=made.id)
    customer.await_incidents("resolved", 1)


def test_opsgenies_sdk_deletes(make_customer: MakeCustomer) -> None:
    customer = make_customer("opsgenie")
    api = alerts(customer, customer.url)
    api.create_alert(create_alert_payload=opsgenie_sdk.CreateAlertPayload(message="fan failed", alias="fan"))
    customer.await_incidents("open", 1)
    api.delete_alert(identifier="fan", identifier_type="alias")
    customer.await_incidents("resolved", 1)


def test_a_wrong_genie_key_is_told_so(make_customer: MakeCustomer) -> None:
    customer = make_customer("opsgenie")
    api = alerts(customer, customer.url, "wrong")
    with pytest.raises(AuthenticationException) as refused:
        api.create_alert(create_alert_payload=opsgenie_sdk.CreateAlertPayload(message="it fails"))
    assert refused.value.status == 401
    assert "the API key is not known" in refused.value.body


# ------------------------------------------------------------------------------------------------ Alertmanager


@pytest.mark.parametrize("source", ["pagerduty", "opsgenie"])
def test_alertmanager_set_up_as_our_text_says_opens_an_incident_and_resolves_it(
    make_customer: MakeCustomer, place: Path, source: str
) -> None:
    """With its own receiver of that name; asset, check and severity are the alert's."""
    require(*PROGRAMS)
    customer = make_customer(source)
    applications = Applications("shop-01.example.org")
    with watching(applications, customer.setup, place) as watch:
        applications.fail("shop-01.example.org")
        [incident] = customer.await_incidents("open", 1, told=watch.told)
        assert incident["assets"] == ["shop-01.example.org"]
        assert incident["tools"] == [source]
        assert incident["severity"] == "critical"
        [alert] = customer.get("alerts")["items"]
        assert alert["signature"] == "ApplicationDown"
        assert alert["message"] == "The application on shop-01.example.org:9100 answers no more"

        applications.mend("shop-01.example.org")
        [resolved] = customer.await_incidents("resolved", 1, told=watch.told)
    assert resolved["id"] == incident["id"]
    assert len(customer.incidents()) == 1


# ------------------------------------------------------------------------------------------------ our own scripts


def script(customer: Customer, number: int, *, without: str = "") -> str:
    """What the shell prints for one of the scripts of our setup text, less a part that must be in it."""
    text = re.findall(r"```sh\n(.*?)```", customer.setup, re.DOTALL)[number]
    assert without in text
    ran = subprocess.run(
        ["sh", "-euc", text.replace(without, "")], capture_output=True, text=True, timeout=30, check=False
    )
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


@pytest.mark.parametrize(
    ("source", "answer", "trial"),
    [
        ("pagerduty", '"status":"success"', ", custom_details: {test: true}"),
        ("opsgenie", '"result":"Request will be processed"', ', details: {test: "true"}'),
    ],
)
def test_the_script_of_our_text_sends_a_trial_and_without_that_word_an_alert(
    make_customer: MakeCustomer, source: str, answer: str, trial: str
) -> None:
    """As it is pasted, it opens nothing."""
    require("jq", "curl", "hostname")
    customer = make_customer(source)
    assert answer in script(customer, 0)
    assert answer in script(customer, 0, without=trial)
    [incident] = customer.await_incidents("open", 1)
    assert incident["alert_count"] == 1
    if source == "opsgenie":
        assert answer in script(customer, 1)
        customer.await_incidents("resolved", 1)
