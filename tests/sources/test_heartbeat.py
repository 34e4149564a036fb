"""A job's call is noted; its own word of failure fires and its word of success resolves."""

import pytest

from alertwhisperer.domain.occurrence import Kind
from alertwhisperer.domain.severity import Severity
from alertwhisperer.sources.contract import Parsed, Told
from alertwhisperer.sources.heartbeat import SOURCE, decode
from tests.sources.stored import load, only, parsed, request


def replied(name: str) -> tuple[int, bytes]:
    """Status and text that the caller gets for a sample."""
    assert SOURCE.reply is not None
    inbound = load("heartbeat", name).inbound(SOURCE)
    answer = SOURCE.reply(inbound, Told("d", 1, False, SOURCE.parse(inbound)))
    return answer.status, answer.body


@pytest.mark.parametrize("name", ["bare", "empty-values", "broken-json"])
def test_a_call_that_says_nothing_is_noted_whatever_it_carries(name: str) -> None:
    said = only(SOURCE, name)
    assert (said.kind, said.note, said.problem) == (Kind.NOTED, "heartbeat", "heartbeat")


def test_a_failure_fires_in_the_jobs_own_words() -> None:
    said = only(SOURCE, "firing")
    assert (said.kind, said.severity) == (Kind.FIRING, Severity.HIGH)
    assert (said.content.asset, said.content.signature) == ("web-01", "Heartbeat")
    assert said.content.message == "no space left on /backup"


@pytest.mark.parametrize("name", ["resolved", "exit-zero"])
def test_a_stated_success_resolves(name: str) -> None:
    said, failed = only(SOURCE, name), only(SOURCE, "firing")
    assert (said.kind, said.severity, said.problem) == (Kind.RESOLVED, None, failed.problem)


@pytest.mark.parametrize("name", ["repeat", "signal"])
def test_every_exit_code_but_zero_is_a_failure(name: str) -> None:
    said = only(SOURCE, name)
    assert (said.kind, said.problem) == (Kind.FIRING, only(SOURCE, "firing").problem)


@pytest.mark.parametrize(("name", "note"), [("started", "started"), ("test", "test")])
def test_a_start_and_a_trial_are_only_noted(name: str, note: str) -> None:
    said = only(SOURCE, name)
    assert (said.kind, said.note) == (Kind.NOTED, note)


def test_the_setting_names_the_asset_without_changing_the_problem() -> None:
    said = only(SOURCE, "form")
    assert (said.content.asset, said.problem) == ("dc-01", "heartbeat")
    assert said.content.message == "Access to the path is denied."


def test_machines_that_share_an_address_are_kept_apart() -> None:
    one = request(None, b"", query={"asset": "web-01", "status": "fail"})
    other = request(None, b"", query={"asset": "web-02", "status": "fail"})
    problems = {SOURCE.parse(inbound).occurrences[0][1].problem for inbound in (one, other)}
    assert len(problems) == 2


def test_what_else_is_said_is_kept_as_labels() -> None:
    assert only(SOURCE, "json").content.labels == {"stats.volumes": "4", "stats.done": "3"}
    assert only(SOURCE, "repeat").content.labels == {"exit": "3"}


def test_a_jobs_output_is_its_message() -> None:
    said = only(SOURCE, "output")
    assert said.content.message.endswith("some files could not be transferred (code 23)")
    assert said.content.labels == {"exit": "1"}


def test_of_a_long_output_the_end_is_kept() -> None:
    document = decode(b"begin\n" + b"x" * 10_000 + b"\nthe end", {})
    said = SOURCE.parse(request(document, query={"status": "fail"})).occurrences[0][1]
    assert said.content.message.endswith("the end")


@pytest.mark.parametrize("body", [b"a=1&b=2", b"status=ok"])
def test_a_form_is_left_to_the_ordinary_reading(body: bytes) -> None:
    assert decode(body, {}) is None


@pytest.mark.parametrize("body", [b"\xff\xfe\x00", b"{" * 100_000, b'{"a": ' * 5_000, b"[1]", b"rc=0 done"])
def test_no_body_is_too_odd(body: bytes) -> None:
    document = decode(body, {})
    assert SOURCE.parse(request(document, body)).occurrences[0][1].note == "heartbeat"


def test_the_caller_reads_one_word_or_what_is_wrong() -> None:
    assert replied("bare") == (200, b"ok\n")
    status, words = replied("malformed")
    assert status == 400
    assert b"send ok or fail" in words


def test_an_unreadable_call_fails_for_the_caller_too() -> None:
    assert SOURCE.reply is not None
    answer = SOURCE.reply(request(None, b""), Told("d", 1, False, None, "broken"))
    assert (answer.status, answer.body) == (400, b"broken\n")


def test_an_unknown_status_is_refused_and_not_taken_for_life() -> None:
    assert parsed(SOURCE, "malformed") == Parsed((), parsed(SOURCE, "malformed").refused)
    assert parsed(SOURCE, "malformed").refused[0].where == "status"
