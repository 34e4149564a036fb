"""A mapping reads any shape, explains itself, and cannot hurt the one who runs it."""

import json
import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alertwhisperer.domain.errors import Invalid
from alertwhisperer.domain.occurrence import Kind, Occurrence
from alertwhisperer.domain.severity import Severity
from alertwhisperer.sources._explained import Explained, Why
from alertwhisperer.sources._mapping import compile_mapping, mapping_complaint
from alertwhisperer.sources.contract import OUR_WORDS, Parsed, Reply, Told
from alertwhisperer.sources.generic import SOURCE
from tests.sources.stored import load, request

PLAIN: dict[str, Any] = {"fields": {"asset": "member.host", "signature": "member.check"}}


def run(mapping: dict[str, Any], body: Any, raw: bytes | None = None, **more: Any) -> Parsed:
    """A mapping applied by the generic source, as in production."""
    return SOURCE.parse(request(body, raw, settings={"mapping": mapping}, **more))


def one(mapping: dict[str, Any], body: Any, **more: Any) -> Occurrence:
    """Its only occurrence."""
    found = run(mapping, body, **more)
    assert not found.refused, found.refused
    ((_, said),) = found.occurrences
    return said


def field(name: str, candidates: Any, body: Any, **more: Any) -> Occurrence:
    """The occurrence when one target has these candidates."""
    base = {"asset": {"constant": "a"}, "signature": {"constant": "s"}}
    return one({"fields": base | {name: candidates}} | more, body)


def test_the_stored_example_uses_every_part() -> None:
    found = SOURCE.parse(load("generic", "mapped").inbound())
    said = dict(found.occurrences)
    assert [said[n].kind for n in (0, 1, 2)] == [Kind.FIRING, Kind.RESOLVED, Kind.RESOLVED]
    assert [said[n].content.asset for n in range(4)] == ["sw-01", "sw-02", "sw-03", "unknown device"]
    assert said[0].content.message == "port down: eth0"
    assert said[1].content.message == "fan: no text"
    assert said[0].severity is Severity.CRITICAL
    assert said[0].content.labels == {"location": "R2", "site.name": "Berlin"}
    assert said[0].content.links == {"console": "https://nms.example.com/1"}
    assert said[0].content.source == "acme-nms"
    assert said[0].started_at is not None
    assert said[0].started_at.isoformat() == "2026-11-20T10:15:30+00:00"
    assert (said[3].kind, said[3].note, said[3].severity) == (Kind.NOTED, "maintenance", Severity.LOW)
    assert (said[4].kind, said[4].note) == (Kind.NOTED, "heartbeat")
    assert [refused.index for refused in found.refused] == [5]
    assert found.refused[0].where == "fields.signature"


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("member.a.b", "deep"),
        ('member."dotted.key"', "dotted"),
        ('member."with-dash and blank"', "dashed"),
        ("member.tags[?tag=='host'].value | [0]", "web-01"),
        ("member.list[-1]", "last"),
        ("member.list[0:2] | [1]", "middle"),
        ("member.nested[].x | [2]", "two"),
        ("member.map.*.x | [0]", "one"),
        ("member.missing || member.a.b", "deep"),
        ("member.numbers[?@ > `2`] | [0] | to_string(@)", "3"),
        ("join('/', member.list)", "first/middle/last"),
        ("query.asset", "from-query"),
        ('headers."x-host"', "from-header"),
        ("body.a.b", "deep"),
    ],
)
def test_paths_reach_everything(path: str, value: str) -> None:
    body = {
        "a": {"b": "deep"},
        "dotted.key": "dotted",
        "with-dash and blank": "dashed",
        "tags": [{"tag": "x", "value": "y"}, {"tag": "host", "value": "web-01"}],
        "list": ["first", "middle", "last"],
        "nested": [{"x": "one"}, [{"x": "no"}], {"x": "two"}],
        "map": {"k": {"x": "one"}},
        "numbers": [1, 2, 3],
    }
    said = one(
        {"fields": {"asset": path, "signature": {"constant": "s"}}},
        body,
        query={"asset": "from-query"},
        headers={"x-host": "from-header"},
    )
    assert said.content.asset == value


def test_absent_values_are_passed_over() -> None:
    said = field("asset", ["member.a", "member.b", "member.c"], {"a": "{HOST.NAME}", "b": " N/A ", "c": "web-01"})
    assert said.content.asset == "web-01"


def test_a_string_may_hold_json_or_base64() -> None:
    sns = {"Message": '{"AlarmName": "cpu", "Trigger": {"Dimensions": [{"value": "i-1"}]}}'}
    mapping = {
        "let": {"alarm": {"path": "body.Message", "decode": ["json"]}},
        "fields": {"asset": "alarm.Trigger.Dimensions[0].value", "signature": "alarm.AlarmName"},
    }
    assert one(mapping, sns).content.asset == "i-1"
    said = field("asset", {"path": "member.x", "decode": ["base64"]}, {"x": "d2ViLTAx"})
    assert said.content.asset == "web-01"


def test_raw_text_can_be_matched() -> None:
    mapping = {
        "fields": {
            "asset": {"path": "raw", "match": r"on (?P<host>\S+)", "group": "host"},
            "signature": {"constant": "syslog"},
        }
    }
    assert one(mapping, None, raw=b"disk full on web-01 now").content.asset == "web-01"


def test_nested_splits_see_their_parents() -> None:
    mapping = {
        "each": ["body.groups", "member.alerts"],
        "fields": {"asset": "member.host", "signature": "parent.rule"},
    }
    body = {
        "groups": [{"rule": "r1", "alerts": [{"host": "a"}, {"host": "b"}]}, {"rule": "r2", "alerts": [{"host": "c"}]}]
    }
    said = [(o.content.asset, o.content.signature) for _, o in run(mapping, body).occurrences]
    assert said == [("a", "r1"), ("b", "r1"), ("c", "r2")]


@pytest.mark.parametrize(
    ("value", "severity"),
    [
        ("1", Severity.CRITICAL),
        (7.5, Severity.HIGH),
        (8, Severity.INFO),
        ("EXACT", Severity.LOW),
        ("exact", Severity.INFO),
        ("FoLdEd", Severity.MEDIUM),
        ("sev-0 now", Severity.CRITICAL),
        ("warning", Severity.MEDIUM),
        ("purple", Severity.INFO),
    ],
)
def test_severity_tables(value: Any, severity: Severity) -> None:
    table = [
        {"most": 1, "gives": "critical"},
        {"least": 7, "below": 8, "gives": "high"},
        {"is": "EXACT", "gives": "low"},
        {"folded": "folded", "gives": "medium"},
        {"matches": "^sev-[01]", "gives": "critical"},
    ]
    assert (
        field("severity", "member.s", {"s": value}, severity={"table": table, "default": "info"}).severity is severity
    )


def test_status_by_word_by_presence_and_by_default() -> None:
    status = {"table": [{"is": "7", "gives": "resolved"}, {"has": "member.ended", "gives": "resolved"}]}
    assert field("status", "member.s", {"s": 7}, status=status).kind is Kind.RESOLVED
    assert field("status", "member.s", {"s": "OK"}, status=status).kind is Kind.RESOLVED
    assert field("status", "member.s", {"s": "firing", "ended": "now"}, status=status).kind is Kind.RESOLVED
    assert field("status", "member.s", {}, status=status).kind is Kind.FIRING
    mapping = {"fields": {"asset": {"constant": "a"}, "signature": {"constant": "s"}, "status": "member.s"}}
    (refused,) = run(mapping, {"s": "perhaps"}).refused
    assert refused.where == "fields.status"


def test_identity_may_leave_labels_out() -> None:
    mapping = PLAIN | {"labels": {"copy": ["member.labels"]}, "identity": {"labels_except": ["replica"]}}
    base = {"host": "a", "check": "c"}
    first = one(mapping, base | {"labels": {"x": "1", "replica": "a"}})
    twin = one(mapping, base | {"labels": {"x": "1", "replica": "b"}})
    other = one(mapping, base | {"labels": {"x": "2", "replica": "a"}})
    assert first.problem == twin.problem != other.problem


def explained(mapping: dict[str, Any], body: Any, raw: bytes | None = None, **more: Any) -> tuple[Explained, ...]:
    """How the generic source says that a mapping found each field."""
    assert SOURCE.explain is not None
    return SOURCE.explain(request(body, raw, settings={"mapping": mapping}, **more))


def test_a_trial_shows_which_candidate_matched_and_why_the_others_did_not() -> None:
    mapping = {
        "let_each": {"inner": {"path": "member.payload", "decode": ["json"]}},
        "fields": {
            "asset": [
                "member.nowhere",
                "member.blank",
                "member.macro",
                "member.word",
                "member.tree",
                {"path": "member.text", "match": "host=(.*)"},
                {"path": "member.text", "decode": ["json"]},
                {"path": "member.payload", "decode": ["json"], "then": "y"},
                {"template": "{a}-{b}", "values": {"a": "member.text", "b": "member.nowhere"}},
                {"path": "member.tags", "match": "host=(.*)"},
                {"constant": "a spare"},
            ],
            "signature": "member.check",
            "message": "member.nowhere",
        },
    }
    body = {
        **{"blank": " ", "macro": "{HOST.NAME}", "word": "N/A", "tree": {"a": 1}, "text": "disk full"},
        **{"payload": '{"x": 1}', "tags": "host=web-01", "check": "disk"},
    }
    (one_alert,) = explained(mapping, body)
    fields = {one.name: one for one in one_alert.fields}
    asset = fields["asset"]
    assert (asset.value, asset.becomes) == ("web-01", "web-01")
    assert [one.why for one in asset.candidates] == [
        *(Why.NOTHING, Why.BLANK, Why.PLACEHOLDER, Why.WORD, Why.CONTAINER, Why.MATCH, Why.DECODE, Why.THEN),
        *(Why.TEMPLATE, Why.TAKEN, Why.NOT_NEEDED),
    ]
    assert [one.found for one in asset.candidates[1:6]] == [" ", "{HOST.NAME}", "N/A", "an object of 1", "disk full"]
    assert "host=(.*)" in asset.candidates[5].written
    assert (fields["message"].value, fields["message"].becomes) == (None, "disk")
    assert fields["let_each.inner"].value == "an object of 1"


def test_a_trial_shows_what_a_table_made_of_a_word() -> None:
    kept = load("generic", "mapped")
    assert SOURCE.explain is not None
    told = SOURCE.explain(kept.inbound())
    rows = [{one.name: one for one in alert.fields} for alert in told]
    first = rows[0]
    assert (first["severity"].becomes, first["severity"].by) == ("critical", "severity.table[0]")
    assert (first["status"].becomes, first["status"].by) == ("firing", "the usual meaning")
    assert rows[1]["status"].by in ("status.table[0]", "status.table[1]")
    assert first["links.console"].becomes == "https://nms.example.com/1"
    assert first["started_at"].becomes == "2026-11-20T10:15:30+00:00"
    assert told[3].filter == "maintenance"
    assert rows[5]["signature"].becomes is None, "the alert was refused"


def test_an_explanation_of_the_dearest_mapping_is_cut_off() -> None:
    body = {"rows": [{"n": n, "text": "x" * 100} for n in range(20_000)]}
    mapping = {
        "fields": {"asset": ["body.rows[?n==`-1`].x | [0]"] * 50, "signature": {"constant": "s"}},
        "each": "body.rows",
    }
    started = time.monotonic()
    told = explained(mapping, body)
    assert time.monotonic() - started < 10
    assert len(told) <= 100


def test_headers_are_read_where_the_integration_names_them() -> None:
    names = next(one for one in SOURCE.settings if one.name == "reads_headers")
    assert names.check([]) is None
    assert names.check(["x-event-*", "x-site", "ce-*"]) is None
    for wrong in (
        *("x-site", ["X-Site"], ["x-*"], ["*"], ["authorization"], ["x-api-key"], ["cook*"], ["x y"], ["x-a\r\n"]),
        *([1], ["x-site"] * 21, None),
    ):
        assert names.check(wrong), wrong


ANSWER = Told("01a20f6b-b232-7c9c-baf6-2df430728ee6", 3, False, Parsed((), ()))


def answer(response: Any, told: Told = ANSWER) -> Reply:
    """What the generic source answers when the integration says so."""
    assert SOURCE.reply is not None
    return SOURCE.reply(request({}, settings={"response": response}), told)


def test_a_tool_gets_the_answer_that_it_insists_on() -> None:
    assert answer(None) is OUR_WORDS
    said = answer({"status": 200, "body": '{{"ok": true, "id": "{delivery_id}", "n": {occurrences}}}'})
    assert json.loads(said.body) == {"ok": True, "id": ANSWER.delivery_id, "n": 3}
    assert (said.status, said.content_type) == (200, "application/json; charset=utf-8")
    assert answer({"status": 204}) == answer({"status": 204, "body": ""})
    unread = answer(
        {"content_type": "text/plain", "body": "{status} {understood} {duplicate}"}, Told("d", 1, True, None)
    )
    assert unread.body == b"quarantined 0 true"


@pytest.mark.parametrize(
    "response",
    [
        *({"status": 199}, {"status": 300}, {"status": 205}, {"status": 204, "body": "x"}, {"status": "200"}, []),
        *({"content_type": "text/html"}, {"content_type": "text/plain\r\nset-cookie: a=b"}, {"headers": {"a": "b"}}),
        *({"body": "{unknown}"}, {"body": "{open"}, {"body": "x" * 1_025}, {"body": 1}, "text"),
    ],
    ids=str,
)
def test_an_answer_cannot_be_bent(response: Any) -> None:
    setting = next(one for one in SOURCE.settings if one.name == "response")
    assert setting.check(response)


@pytest.mark.parametrize(
    ("mapping", "where"),
    [
        ({}, ""),
        ([], ""),
        ({"fields": {"asset": "a"}}, "fields"),
        (PLAIN | {"fieldz": {}}, ""),
        (PLAIN | {"version": 2}, "version"),
        (PLAIN | {"each": "body.["}, "each[0]"),
        (PLAIN | {"severity": {"table": [{"gives": "critical"}]}}, "severity.table[0]"),
        (PLAIN | {"severity": {"table": [{"is": "a", "least": 1, "gives": "critical"}]}}, "severity.table[0]"),
        (PLAIN | {"severity": {"table": [{"is": "a", "gives": "terrible"}]}}, "severity.table[0].gives"),
        (PLAIN | {"time": {"zone": "Mars"}}, "time.zone"),
        (PLAIN | {"time": {"formats": ["%c"]}}, "time.formats[0]"),
        (PLAIN | {"time": {"formats": ["%Y%Y"]}}, "time.formats[0]"),
        (PLAIN | {"filters": [{"name": "x", "when": []}]}, "filters[0]"),
        (PLAIN | {"let": {"body": {"path": "a"}}}, "let"),
        (PLAIN | {"links": {"x": {"path": "a", "constant": "b"}}}, "links.x"),
        (PLAIN | {"links": {"x": {"template": "{a}"}}}, "links.x"),
        (PLAIN | {"links": {"x": {"template": "{a", "values": {"a": "b"}}}}, "links.x.template"),
        (PLAIN | {"links": {"x": {"path": "a", "match": "(?=x)"}}}, "links.x.match"),
        (PLAIN | {"links": {"x": {"path": "a", "match": "(x)", "group": 2}}}, "links.x.match"),
        (PLAIN | {"links": {"x": {"path": "a", "match": "(("}}}, "links.x.match"),
        (PLAIN | {"labels": {"copy": ["[a, b]"]}}, "labels.copy[0]"),
        (PLAIN | {"labels": {"copy": ["map(&a, b)"]}}, "labels.copy[0]"),
        (PLAIN | {"labels": {"copy": ["nosuch(a)"]}}, "labels.copy[0]"),
        (PLAIN | {"labels": {"copy": ["a" * 513]}}, "labels.copy[0]"),
        (PLAIN | {"labels": {"copy": ["(" * 500]}}, "labels.copy[0]"),
        (PLAIN | {"labels": {"copy": ["!" * 200 + "a"]}}, "labels.copy[0]"),
        (PLAIN | {"labels": {"copy": ["a"] * 500}}, "labels.copy[3"),
    ],
    ids=str,
)
def test_a_wrong_mapping_is_refused_with_its_place(mapping: Any, where: str) -> None:
    with pytest.raises(Invalid) as refused:
        compile_mapping(mapping)
    assert refused.value.what
    assert refused.value.where.startswith(where)
    assert mapping_complaint(mapping)


HOSTILE = [
    "|".join(["[@,@]"] * 60),
    "|".join(["[@,@][]"] * 60),
    "body.rows[*].[@,@][]",
    "join('', body.rows[*].text)",
    "body.rows[?text==text][?text==text][?text==text][?text==text][?text==text]",
    "sort(body.rows[*].text)",
    "body.rows[].rows[].rows[].rows[]",
    "to_string(body)",
    "body == body && body == body && body == body",
    "||".join(["body.rows[?n==`-1`].x"] * 20),
]


@pytest.mark.parametrize("path", HOSTILE, ids=range(len(HOSTILE)))
def test_no_path_takes_long(path: str) -> None:
    body = {"rows": [{"n": n, "text": "x" * 100} for n in range(20_000)]}
    mapping = {"fields": {"asset": [path, {"constant": "a"}], "signature": {"constant": "s"}}, "each": "body.rows"}
    assert_quick(mapping, body)


def test_many_small_alerts_with_many_candidates_are_cut_off() -> None:
    mapping = {"fields": {"asset": ["member.a.b.c"] * 300, "signature": {"constant": "s"}}, "each": "body"}
    body: list[Any] = [{} for _ in range(100_000)]
    assert_quick(mapping, body)
    found = run(mapping, body)
    assert len(found.refused) == len(body), "each has its outcome"


@pytest.mark.parametrize("pattern", ["(a+)+$", "(a|a)*b", "(.*)*x", "((a{0,100}){0,100}){0,100}", "a{1000}{1000}"])
def test_no_pattern_takes_long(pattern: str) -> None:
    mapping = {"fields": {"asset": {"path": "member.x", "match": pattern}, "signature": {"constant": "s"}}}
    assert_quick(mapping, {"x": "a" * 1_000_000 + "!"})


@pytest.mark.parametrize("text", ["[" * 100_000, '{"a":' * 5_000, "9" * 900_000, '"' + "\\u0000" * 100_000 + '"'])
def test_no_decoding_takes_long(text: str) -> None:
    find = {"path": "member.x", "decode": ["json"]}
    mapping = {
        "fields": {"asset": [find, {"constant": "a"}], "signature": {"constant": "s"}},
        "labels": {"set": {"x": find}},
    }
    assert_quick(mapping, {"x": text})


def assert_quick(mapping: dict[str, Any], body: Any) -> None:
    """An answer or `Invalid` within seconds: a bound against explosion, not a measurement."""
    started = time.monotonic()
    try:
        run(mapping, body)
    except Invalid:
        pass
    assert time.monotonic() - started < 5


MAPPINGS = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text(max_size=8)
    | st.sampled_from(["body.x", "member", "[0]", "^a"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    *(
                        "fields",
                        "asset",
                        "signature",
                        "path",
                        "match",
                        "template",
                        "values",
                        "constant",
                        "decode",
                        "let",
                    ),
                    *(
                        "each",
                        "severity",
                        "table",
                        "is",
                        "gives",
                        "labels",
                        "copy",
                        "time",
                        "formats",
                        "filters",
                        "when",
                    ),
                ]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@settings(max_examples=500, deadline=None)
@given(part=MAPPINGS, key=st.sampled_from(["fields", "let", "each", "severity", "labels", "time", "filters", "links"]))
def test_any_json_as_a_mapping_is_taken_or_refused(part: Any, key: str) -> None:
    try:
        run(PLAIN | {key: part}, {"host": "a", "check": "c", "x": [1, "b"]})
    except Invalid:
        pass  # anything else fails the test
