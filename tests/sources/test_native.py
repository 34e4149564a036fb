"""Our own form: easy for scripts, and exact for whatever any parser made."""

from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import alertwhisperer.sources as folder
from alertwhisperer.domain.errors import Invalid
from alertwhisperer.domain.occurrence import Content, Kind, Occurrence
from alertwhisperer.domain.severity import Severity
from alertwhisperer.kit import registry
from alertwhisperer.sources._reading import clean, identity, line, link, slug_of
from alertwhisperer.sources.contract import Source
from alertwhisperer.sources.native import SOURCE, told
from tests.sources.stored import NOW, Stored, every, only, parsed, request

SOURCES = registry.load(folder, "SOURCE", Source)


def texts(limit: int) -> st.SearchStrategy[str]:
    """One line each, as parsers make them, some of them at their longest and some cut by hand."""
    made = st.text(max_size=40) | st.builds(
        lambda part, times: part * times, st.text(min_size=1, max_size=9), st.just(limit)
    )
    return (
        made.map(lambda text: line(text, limit))
        | st.builds(lambda text, end: line(text, limit)[:end], made, st.integers(1, limit))
    ).filter(lambda text: bool(text.strip()))


TIMES = st.datetimes(datetime(1980, 1, 1), (NOW + timedelta(days=1)).replace(tzinfo=None), timezones=st.just(UTC))
LABELS = st.dictionaries(
    st.text(max_size=140).map(lambda text: clean(text, 128)),
    (st.text(max_size=40) | st.just("y" * 2_000)).map(lambda text: clean(text, 1_024)),
    max_size=64,
)
LINKS = st.dictionaries(
    texts(128),
    st.text(max_size=30).map(lambda rest: f"https://x.example.com/{rest}").filter(lambda url: link(url) is not None),
    max_size=4,
)
CONTENTS = st.builds(Content, texts(512), texts(512), texts(2_000), st.text(max_size=80).map(slug_of), LABELS, LINKS)
IDS = texts(512) | st.text(min_size=1).map(identity).filter(lambda text: bool(text.strip()))


@st.composite
def occurrences(draw: st.DrawFn) -> Occurrence:
    """Whatever the contract lets a parser make."""
    kind = draw(st.sampled_from(Kind))
    return Occurrence(
        kind,
        draw(CONTENTS),
        None if kind is Kind.RESOLVED else draw(st.none() | st.sampled_from(Severity)),
        draw(IDS),
        draw(st.none() | IDS),
        draw(st.none() | TIMES),
        draw(st.none() | TIMES) if kind is Kind.RESOLVED else None,
        draw(texts(64)) if kind is Kind.NOTED else "",
    )


def heard(body: bytes) -> tuple[Occurrence, ...]:
    """What is read of a body that we wrote."""
    said = SOURCE.parse(request(msgspec.json.decode(body), body))
    assert not said.refused
    assert [place for place, _ in said.occurrences] == list(range(len(said.occurrences)))
    return tuple(one for _, one in said.occurrences)


@settings(deadline=None, max_examples=200)
@given(st.lists(occurrences(), max_size=4))
def test_what_was_told_is_heard_exactly(said: list[Occurrence]) -> None:
    assert heard(told(said)) == tuple(said)


def understood(sample: Stored) -> list[Occurrence]:
    """What its own source makes of a sample."""
    source = SOURCES[sample.tool]
    try:
        return [one for _, one in source.parse(sample.inbound(source)).occurrences]
    except Invalid:
        return []


def test_every_sample_of_every_source_can_be_told() -> None:
    for sample in every():
        if sample.tool in SOURCES:
            said = understood(sample)
            assert heard(told(said)) == tuple(said), sample.id


def test_a_scripts_words_are_read() -> None:
    said = only(SOURCE, "firing")
    assert said == Occurrence(
        Kind.FIRING,
        Content(
            "web-01",
            "backup failed",
            "no space left on /backup",
            "nightly-backup",
            {"team": "shop"},
            {"runbook": "https://runbooks.example.com/backup"},
        ),
        Severity.HIGH,
        said.problem,
        started_at=datetime(2026, 11, 20, 10, 15, 30, 123456, tzinfo=UTC),
    )


def test_asset_signature_and_kind_are_enough() -> None:
    said = only(SOURCE, "least")
    assert said.problem == only(SOURCE, "firing").problem
    assert (said.content.message, said.content.source, said.severity) == ("backup failed", "native", None)


def test_a_resolve_says_when_and_never_how_bad() -> None:
    said = only(SOURCE, "resolved")
    assert said.severity is None
    assert said.ended_at == datetime(2026, 11, 20, 10, 15, 59, tzinfo=UTC)


def test_own_ids_make_the_problem_whatever_the_asset_is_called() -> None:
    fired, ended = only(SOURCE, "own-ids"), only(SOURCE, "own-ids-resolved")
    assert (fired.problem, fired.cycle) == (ended.problem, ended.cycle) == ("backup/web-01", "4711")


@pytest.mark.parametrize(("name", "note"), [("test", "test"), ("noted-without-note", "noted")])
def test_a_note_always_says_why(name: str, note: str) -> None:
    said = only(SOURCE, name)
    assert (said.kind, said.note) == (Kind.NOTED, note)


def test_values_that_cannot_be_used_stay_in_sight() -> None:
    said = only(SOURCE, "odd-values")
    assert said.severity is None
    assert said.started_at is None
    assert said.content.asset == "web-01 (rack 4)"
    assert said.content.source == "nightly-backup"
    assert said.content.labels == {"disk.mount": "/", "n": "3", "severity": "purple", "started_at": "yesterday"}
    assert said.content.links == {"good": "https://x.example.com/"}


def test_each_wrong_member_is_refused_by_itself_and_by_its_place() -> None:
    said = parsed(SOURCE, "malformed")
    assert [place for place, _ in said.occurrences] == [0]
    assert [(one.index, one.where) for one in said.refused] == [
        (1, "occurrences[1]"),
        (2, "occurrences[2].kind"),
        (3, "occurrences[3].kind"),
        (4, "occurrences[4].asset"),
        (5, "occurrences[5].signature"),
        (6, "occurrences[6].signature"),
        (7, "occurrences[7].message"),
        (8, "occurrences[8].severity"),
        (9, "occurrences[9].labels"),
        (10, "occurrences[10].links"),
        (11, "occurrences[11].problem"),
        (12, "occurrences[12].started_at"),
    ]


def test_an_id_that_no_parser_makes_becomes_its_digest() -> None:
    member = {"kind": "firing", "asset": "a", "signature": "s"}
    ids = ["x" * 513, "x" * 514, "a\x00b"]
    said = [heard(msgspec.json.encode({"occurrences": [member | {"problem": one}]}))[0].problem for one in ids]
    assert len(set(said)) == 3
    assert {len(one) for one in said} == {32}


@pytest.mark.parametrize("nonsense", ["0001-01-01T00:00:00Z", "2026-12-24T00:00:00Z"])
def test_a_time_before_clocks_or_far_ahead_is_none(nonsense: str) -> None:
    member = {"kind": "firing", "asset": "a", "signature": "s", "started_at": nonsense}
    (said,) = heard(msgspec.json.encode({"occurrences": [member]}))
    assert said.started_at is None
    assert said.content.labels == {"started_at": nonsense}
