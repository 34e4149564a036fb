"""Scripts send our plain shape; each member is taken or refused by itself."""

from datetime import UTC, datetime

import pytest

from alertwhisperer.domain.errors import Invalid
from alertwhisperer.domain.occurrence import Kind
from alertwhisperer.domain.severity import Severity
from alertwhisperer.sources.generic import SOURCE
from tests.sources.stored import only, parsed, request


def test_a_plain_alert_is_read() -> None:
    said = only(SOURCE, "firing")
    assert said.kind is Kind.FIRING
    assert (said.content.asset, said.content.signature) == ("web-01", "disk almost full")
    assert (said.severity, said.content.source) == (Severity.HIGH, "my-script")
    assert said.content.labels == {"team": "shop", "disk.mount": "/"}
    assert said.content.links == {"console": "https://x.example.com/1"}, "no javascript: in a link"
    assert said.started_at == datetime(2026, 11, 20, 10, 15, 30, tzinfo=UTC)


@pytest.mark.parametrize("name", ["repeat", "resolved", "recovered-word", "spellings", "host-spelling", "form"])
def test_the_same_check_on_the_same_asset_is_one_problem(name: str) -> None:
    assert only(SOURCE, name).problem == only(SOURCE, "firing").problem


def test_another_tool_is_another_problem_and_is_named() -> None:
    said = only(SOURCE, "other-tool")
    assert said.problem != only(SOURCE, "firing").problem
    assert said.content.source == "nightly-backup"


@pytest.mark.parametrize(
    ("name", "kind", "note"),
    [
        ("resolved", Kind.RESOLVED, ""),
        ("recovered-word", Kind.RESOLVED, ""),
        ("test", Kind.NOTED, "test"),
    ],
)
def test_usual_words_for_the_status_are_known(name: str, kind: Kind, note: str) -> None:
    said = only(SOURCE, name)
    assert (said.kind, said.note) == (kind, note)


def test_several_alerts_come_as_a_list_or_wrapped() -> None:
    assert len(parsed(SOURCE, "list").occurrences) == 3
    assert len(parsed(SOURCE, "wrapped").occurrences) == 2


def test_the_senders_own_ids_count() -> None:
    said = only(SOURCE, "own-ids")
    assert (said.problem, said.cycle) == ("disk-web-01", "1234")


def test_an_unknown_severity_is_kept_as_a_label() -> None:
    said = only(SOURCE, "unknown-severity")
    assert said.severity is None
    assert said.content.labels["severity"] == "purple"


def test_a_refusal_says_what_where_and_how_to_mend() -> None:
    found = parsed(SOURCE, "malformed")
    assert [place for place, _ in found.occurrences] == [0]
    assert [refused.where for refused in found.refused] == [
        "[1]",
        "[2].severity",
        "[3].labels",
        "[4].signature",
        "[5].asset_name",
        "[6].asset_name",
        "[7].status",
        "[8].message",
    ]
    assert all(refused.what and refused.mend for refused in found.refused)


def test_fields_that_we_do_not_know_become_labels() -> None:
    body = {"asset": "a", "signature": "s", "region": "eu", "nested": {"x": [1, {"y": None}]}, "started_at": "soon"}
    ((_, said),) = SOURCE.parse(request(body)).occurrences
    assert said.content.labels == {"region": "eu", "nested.x.0": "1", "started_at": "soon"}
    assert said.started_at is None


def test_a_body_that_is_no_alert_at_all_is_invalid() -> None:
    for body in (None, 5, "text"):
        with pytest.raises(Invalid):
            SOURCE.parse(request(body))


def test_nul_and_lone_surrogates_never_get_through() -> None:
    body = {"asset": "a\x00b", "signature": "s\ud800", "labels": {"k\x00": "v\udfff"}, "message": "one\ntwo\x00"}
    ((_, said),) = SOURCE.parse(request(body)).occurrences
    assert (said.content.asset, said.content.signature) == ("a\ufffdb", "s\ufffd")
    assert said.content.labels == {"k\ufffd": "v\ufffd"}
    assert said.content.message == "one two\ufffd"


def test_labels_without_room_are_counted() -> None:
    body = {"asset": "a", "signature": "s", "labels": {f"l{n}": str(n) for n in range(100)}}
    ((_, said),) = SOURCE.parse(request(body)).occurrences
    assert len(said.content.labels) == 64
    assert said.content.labels["labels_left_out"] == "37"
