"""Opsgenie's Alert API: create, close and what else its clients call, by alias and by the id that we answer with."""

import json
from typing import Any
from urllib.parse import quote
from uuid import UUID

import pytest

from alertwhisperer.domain.errors import Invalid
from alertwhisperer.domain.occurrence import Kind, Occurrence
from alertwhisperer.domain.severity import Severity
from alertwhisperer.sources.contract import Denied, Inbound, Parsed, Told
from alertwhisperer.sources.opsgenie import SOURCE
from tests.sources.stored import load, only, request

ANY_ID = "0193fbd2-0000-7000-8000-000000000001"


def created(**fields: Any) -> Occurrence:
    """A create's occurrence; message and alias are there unless given."""
    body = {"message": "it fails", "alias": "a", **fields}
    ((_, occurrence),) = SOURCE.parse(request(body, b"", tail="v2/alerts")).occurrences
    return occurrence


def closed(identifier: str, kind: str = "") -> Occurrence:
    """A close's occurrence."""
    query = {"identifierType": kind} if kind else {}
    ((_, occurrence),) = SOURCE.parse(
        request({}, query=query, tail=f"v2/alerts/{quote(identifier, safe='')}/close")
    ).occurrences
    return occurrence


def answered(inbound: Inbound) -> tuple[int, Any]:
    """Status and body of what is answered after it was stored."""
    assert SOURCE.reply is not None
    parsed: Parsed | None
    try:
        parsed, problem = SOURCE.parse(inbound), ""
    except Invalid as wrong:
        parsed, problem = None, wrong.what
    reply = SOURCE.reply(inbound, Told(ANY_ID, 1, False, parsed, problem))
    return reply.status, json.loads(reply.body)


def test_a_create_is_mapped() -> None:
    said = only(SOURCE, "firing")
    assert said.kind is Kind.FIRING
    assert said.content.asset == "db-01"
    assert said.content.signature == "Disk full on *"
    assert said.content.message == "Disk full on db-01"
    assert said.content.source == "opsgenie"
    assert said.severity is Severity.HIGH
    assert said.content.labels == {
        "mount": "/",
        "graph": "https://monitor.example.com/graphs/2",
        "tags": "prod,storage",
        "responders": "ops,jo@example.com",
        "priority": "P2",
        "source": "monitor",
        "user": "monitor",
        "note": "first seen by the agent",
        "description": "97% of / is used",
    }
    assert said.content.links == {"graph": "https://monitor.example.com/graphs/2"}


@pytest.mark.parametrize("name", ["resolved", "close-without-body", "delete"])
def test_close_and_delete_end_the_problem(name: str) -> None:
    said = only(SOURCE, name)
    assert (said.kind, said.severity) == (Kind.RESOLVED, None)
    assert said.problem == only(SOURCE, "firing").problem


@pytest.mark.parametrize("name", ["acknowledge", "priority", "remove-tags"])
def test_what_operators_do_changes_nothing(name: str) -> None:
    said = only(SOURCE, name)
    assert (said.kind, said.note) == (Kind.NOTED, "operator_update")
    assert said.problem == only(SOURCE, "firing").problem
    assert answered(load("opsgenie", name).inbound())[0] == 202


def test_a_trial_is_noted() -> None:
    said = only(SOURCE, "test")
    assert (said.kind, said.note) == (Kind.NOTED, "test")


@pytest.mark.parametrize(
    ("priority", "severity"),
    [
        ("P1", Severity.CRITICAL),
        ("P2", Severity.HIGH),
        ("P3", Severity.MEDIUM),
        ("P4", Severity.LOW),
        ("P5", Severity.INFO),
        ("critical", Severity.CRITICAL),
        ("P9", None),
        (1, None),
        (None, None),
    ],
)
def test_priorities(priority: Any, severity: Severity | None) -> None:
    assert created(priority=priority).severity is severity


@pytest.mark.parametrize(
    ("fields", "asset"),
    [
        ({"entity": "db-01:5432", "details": {"host": "h"}, "source": "s"}, "db-01"),
        ({"details": {"Host_Name": "db-01"}, "source": "s"}, "db-01"),
        ({"source": "s"}, "s"),
        ({"source": "http://monitor.example.com/1"}, "it fails"),
    ],
)
def test_the_asset_is_entity_host_or_source(fields: dict[str, Any], asset: str) -> None:
    assert created(**fields).content.asset == asset


def test_alertmanagers_labels_name_host_rule_and_severity() -> None:
    said = only(SOURCE, "alertmanager")
    assert (said.content.asset, said.content.signature) == ("shop-01.example.org", "ApplicationDown")
    assert said.severity is Severity.CRITICAL
    assert said.content.links == {"console": "http://alertmanager.example.org:9093/#/alerts?receiver=og"}


def test_a_body_on_the_bare_path_is_a_create() -> None:
    said = only(SOURCE, "bare-path")
    assert (said.kind, said.content.asset, said.content.labels["responders"]) == (Kind.FIRING, "sw-1", "net")


# ------------------------------------------------------------------------------------------------ identity


def test_nothing_but_the_alias_is_identity() -> None:
    other = created(alias="db-01/disk", message="other", entity="web-01", priority="P5")
    assert other.problem == only(SOURCE, "firing").problem
    assert created(alias="db-02/disk").problem != other.problem


@pytest.mark.parametrize("alias", ["a b/c%d", "größe 01", "x" * 600, "4711", "..", "requests/1"])
def test_a_close_by_alias_meets_its_create_whatever_the_alias(alias: str) -> None:
    assert closed(alias, "alias").problem == created(alias=alias).problem


@pytest.mark.parametrize("fields", [{}, {"alias": None}, {"alias": "5B2F3B5A-1111-4222-8333-444455556666"}])
def test_the_id_of_the_answer_leads_to_the_alert(fields: dict[str, Any]) -> None:
    """The SDK asks for the request's status, reads the alert's id there, and closes by it."""
    said = created(**fields)
    body = {"message": "it fails", "alias": "a", **fields}
    status, answer = answered(request(body, tail="v2/alerts"))
    assert (status, answer["result"]) == (202, "Request will be processed")
    UUID(answer["requestId"])
    status, told = answered(request(None, b"", method="GET", tail=f"v2/alerts/requests/{answer['requestId']}"))
    assert status == 200
    assert told["data"]["isSuccess"] is True
    assert told["data"]["processedAt"] == "2026-11-20T10:16:00.000Z"
    assert closed(told["data"]["alertId"]).problem == said.problem
    assert closed(told["data"]["alertId"], "id").problem == said.problem
    assert closed(told["data"]["alias"], "alias").problem == said.problem


def test_without_an_alias_message_and_entity_are_identity() -> None:
    first = created(alias="", entity="db-01")
    assert created(alias=None, entity="db-01", priority="P1", source="x", details={"n": 2}).problem == first.problem
    assert created(alias=None, entity="db-02").problem != first.problem
    assert created(alias=None, entity="db-01", message="it hangs").problem != first.problem


def test_a_short_id_ends_nothing_that_has_it_as_alias() -> None:
    said = only(SOURCE, "close-tiny")
    assert said.kind is Kind.RESOLVED
    assert said.problem != created(alias="1791").problem
    assert answered(load("opsgenie", "close-tiny").inbound()) == (
        202,
        {"result": "Request will be processed", "took": 0.0, "requestId": said.problem},
    )


# ------------------------------------------------------------------------------------------------ answers


@pytest.mark.parametrize(
    ("method", "tail"),
    [
        ("GET", "v2/alerts"),
        ("GET", "v2/alerts/count"),
        ("GET", "v2/alerts/a/notes"),
        ("POST", "v2/alerts/saved-searches"),
        ("DELETE", "v2/alerts/saved-searches/x"),
    ],
)
def test_what_only_reads_is_noted_and_answered_with_404(method: str, tail: str) -> None:
    inbound = request(None, b"", method=method, tail=tail)
    ((_, said),) = SOURCE.parse(inbound).occurrences
    assert (said.kind, said.note) == (Kind.NOTED, "question")
    status, body = answered(inbound)
    assert status == 404
    assert body["message"]


@pytest.mark.parametrize(
    ("method", "tail"),
    [
        ("POST", "v2/alerts/a"),
        ("POST", "v2/alerts/a/reopen"),
        ("PUT", "v2/alerts"),
        ("DELETE", "v2/alerts"),
        ("DELETE", "v2/alerts/a/close"),
    ],
)
def test_a_call_that_does_not_exist_is_refused(method: str, tail: str) -> None:
    """Deleting nothing in particular must not delete everything or create something."""
    status, body = answered(request({"message": "x"}, method=method, tail=tail))
    assert status == 422
    assert body["requestId"] == ANY_ID


@pytest.mark.parametrize("status", [401, 403, 413, 429, 503])
def test_refusals_have_opsgenies_shape(status: int) -> None:
    assert SOURCE.refuse is not None
    reply = SOURCE.refuse(Denied(status, "the key is not known", "copy it again"))
    body = json.loads(reply.body)
    assert reply.status == status
    assert body == {"message": "the key is not known; copy it again", "took": 0.0, "requestId": ""}
