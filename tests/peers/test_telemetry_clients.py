"""Client libraries as their makers ship them open incidents here and resolve them: OpenTelemetry's and CloudEvents'."""

from __future__ import annotations

import logging
import shlex
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

import httpx
import pytest
from cloudevents.core.bindings.http import HTTPMessage, to_binary_event, to_structured_event
from cloudevents.core.v1.event import CloudEvent
from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
from opentelemetry.instrumentation.logging.handler import LoggingHandler
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor

from tests.peers.conftest import Customer, MakeCustomer

# ------------------------------------------------------------------------------------------------ OpenTelemetry


@contextmanager
def application(customer: Customer, monkeypatch: pytest.MonkeyPatch) -> Iterator[logging.Logger]:
    """The logger of an application that exports its logs, set up by the variables of our setup text alone."""
    for text in customer.setup.splitlines():
        if text.startswith("export "):
            name, _, value = shlex.split(text, comments=True)[1].partition("=")
            monkeypatch.setenv(name, value)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    provider = LoggerProvider(shutdown_on_exit=False)
    provider.add_log_record_processor(BatchLogRecordProcessor(OTLPLogExporter()))
    handler = LoggingHandler(logger_provider=provider)
    logger = logging.Logger("shop.payments")
    logger.addHandler(handler)
    try:
        yield logger
    finally:
        provider.shutdown()  # sends what waits


def complaints(caplog: pytest.LogCaptureFixture) -> list[str]:
    """What the exporter had to say about our answers."""
    return [one.getMessage() for one in caplog.records if one.name.startswith("opentelemetry.exporter")]


def test_an_error_in_an_applications_log_opens_an_incident_that_the_application_resolves(
    make_customer: MakeCustomer, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Asset, tool and severity come from the log; information opens nothing; another number is the same problem."""
    customer = make_customer("otlp")
    with application(customer, monkeypatch) as logger:
        logger.info("shop started in %d ms", 812)
        logger.error("payment %d failed: gateway answered 502", 4711)
    [incident] = customer.await_incidents("open", 1)
    assert incident["assets"] == ["app-01"]
    assert incident["tools"] == ["otlp"]
    assert incident["severity"] == "high"
    [alert] = [one for one in customer.get("alerts")["items"] if one["status"] == "firing"]
    assert alert["signature"] == "shop: payment * failed: gateway answered *"
    assert alert["message"] == "payment 4711 failed: gateway answered 502"

    with application(customer, monkeypatch) as logger:
        logger.info("payment %d failed: gateway answered 503", 4712, extra={"alert.status": "resolved"})
    [resolved] = customer.await_incidents("resolved", 1)
    assert resolved["id"] == incident["id"]
    assert len(customer.incidents()) == 1
    assert complaints(caplog) == []


def test_an_exception_in_an_applications_log_opens_an_incident(
    make_customer: MakeCustomer, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Its type and trace come along."""
    customer = make_customer("otlp")
    with application(customer, monkeypatch) as logger:
        try:
            raise TimeoutError("no answer after 30 s")
        except TimeoutError:
            logger.exception("order %s is lost", "a8Kd93jQ22x")
    customer.await_incidents("open", 1)
    [alert] = customer.get("alerts")["items"]
    assert alert["signature"] == "shop: order * is lost"
    assert alert["labels"]["exception.type"] == "TimeoutError"
    assert complaints(caplog) == []


def test_an_exporter_with_a_wrong_key_is_told_so_and_gives_up(
    make_customer: MakeCustomer, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A refusal is final to it, so that an application does not hang on it."""
    customer = make_customer("otlp")
    stranger = replace(customer, setup=customer.setup.replace(customer.sender.api_key, "wrong"))
    with application(stranger, monkeypatch) as logger:
        logger.error("payment failed")
    assert any("401" in complaint for complaint in complaints(caplog)), complaints(caplog)
    assert customer.incidents() == []


# ------------------------------------------------------------------------------------------------ CloudEvents


def event(state: str, number: int) -> CloudEvent:
    """A statement about a disk, in an SDK's event; the subject needs encoding in a header."""
    return CloudEvent(
        {
            "id": f"disk-{number}",
            "source": "/monitoring/münchen",
            "type": f"com.example.disk.full.{state}",
            "subject": "größe 01",
            "datacontenttype": "application/json",
            "customer": "acme",
        },
        {"severity": "critical", "message": "97% of / is used"},
    )


def send(customer: Customer, message: HTTPMessage) -> httpx.Response:
    answer = httpx.post(
        customer.webhook_url,
        content=message.body,
        headers={**message.headers, "Authorization": f"Bearer {customer.sender.api_key}"},
        trust_env=False,
    )
    assert answer.status_code == 202, answer.text
    return answer


@pytest.mark.parametrize("wrap", [to_structured_event, to_binary_event], ids=["structured", "binary"])
def test_an_sdks_event_opens_an_incident_and_the_next_resolves_it(
    make_customer: MakeCustomer, wrap: Callable[[CloudEvent], HTTPMessage]
) -> None:
    """In either mode; an event sent twice is taken once."""
    customer = make_customer("cloudevents")
    fired = wrap(event("firing", 1))
    send(customer, fired)
    [incident] = customer.await_incidents("open", 1)
    assert incident["assets"] == ["größe 01"]
    assert incident["severity"] == "critical"
    assert send(customer, fired).json()["duplicate"] is True
    [alert] = customer.get("alerts")["items"]
    assert (alert["signature"], alert["labels"]["customer"]) == ("com.example.disk.full", "acme")

    send(customer, wrap(event("resolved", 2)))
    [resolved] = customer.await_incidents("resolved", 1)
    assert resolved["id"] == incident["id"]


def test_a_sender_is_greeted_without_a_key(make_customer: MakeCustomer) -> None:
    """Before it registers the address, it asks whether it may send at all."""
    customer = make_customer("cloudevents")
    answer = httpx.options(
        customer.webhook_url, headers={"WebHook-Request-Origin": "eventemitter.example.com"}, trust_env=False
    )
    assert answer.status_code == 200
    assert answer.headers["webhook-allowed-origin"] == "eventemitter.example.com"
    assert answer.headers["webhook-allowed-rate"] == "*"
