"""Every source keeps its contract, on its samples, on damaged samples and on whatever else JSON can hold."""

import copy
import json
import random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import alertwhisperer.sources as folder
from alertwhisperer.domain.errors import Invalid
from alertwhisperer.domain.occurrence import Kind
from alertwhisperer.kit import registry
from alertwhisperer.sources.contract import INTERVAL_S, Inbound, Parsed, Source
from tests.sources.promises import check, damaged
from tests.sources.stored import Stored, every, request

SOURCES = registry.load(folder, "SOURCE", Source)
SAMPLES = [sample for sample in every() if sample.tool in SOURCES]
NEEDED = ("firing", "resolved", "repeat", "test", "malformed")
CREDENTIALS = {"header", "basic", "query", "path", "body", "hmac"}

each_source = pytest.mark.parametrize("source", SOURCES.values(), ids=lambda source: source.slug)
each_sample = pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.id)


def names_in(value: Any) -> set[str]:
    """All keys of a document, at any depth."""
    if isinstance(value, dict):
        return set(value) | {name for inner in value.values() for name in names_in(inner)}
    return {name for inner in value for name in names_in(inner)} if isinstance(value, list) else set()


KEYS = sorted({name for sample in SAMPLES for name in names_in(sample.document)})
LEAVES = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.sampled_from(["firing", "ALARM", "\x00", "\ud800", "{HOST}", "0001-01-01T00:00:00Z", "9" * 400, "1", "\n"])
)
DOCUMENTS = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(KEYS) | st.text(), inner, max_size=6),
    max_leaves=25,
)


def outcome(source: Source, inbound: Inbound) -> Parsed | Invalid:
    """What the source says; anything but an answer or `Invalid` fails the test."""
    try:
        return source.parse(inbound)
    except Invalid as wrong:
        return wrong


def read(sample: Stored) -> Inbound:
    """The sample as its source gets it; as it lies there when its source cannot decode it."""
    try:
        return sample.inbound(SOURCES[sample.tool])
    except Invalid:
        return sample.inbound()


@each_source
def test_a_source_declares_itself(source: Source) -> None:
    assert source.slug == source.slug.lower().strip()
    assert source.title
    assert source.docs.startswith("https://")
    assert source.version >= 1
    assert bool(source.can_send) is bool(source.methods) is (source.poll is None), "it pushes, or it is polled"
    assert set(source.can_send) <= CREDENTIALS
    if source.poll is None:
        assert "{webhook_url}" in source.setup
        assert "{api_key}" in source.setup or source.keys_in_body
    else:
        assert INTERVAL_S in source.settings
    assert source.temporary_status in (429, 503)
    assert all(name == name.lower() for name in source.reads_headers)
    assert set(source.methods) <= {"GET", "POST", "PUT", "OPTIONS", "DELETE"}


@each_source
def test_defaults_of_settings_pass_their_own_check_and_complaints_are_words(source: Source) -> None:
    for setting in source.settings:
        assert setting.meaning
        assert setting.check(setting.default) is None
        for odd in (object(), -1, ["x", 1], {"a": {}}, "no such value"):
            complaint = setting.check(odd)
            assert complaint is None or complaint.strip()


@each_source
def test_a_source_has_the_samples_that_matter(source: Source) -> None:
    names = {sample.name for sample in SAMPLES if sample.tool == source.slug}
    assert set(NEEDED) <= names


@each_sample
def test_a_sample_is_understood_and_keeps_the_promises(sample: Stored) -> None:
    said = outcome(SOURCES[sample.tool], read(sample))
    check(said)
    assert isinstance(said, Invalid) is sample.refused
    if isinstance(said, Parsed):
        assert said.occurrences or said.refused


@each_sample
def test_the_same_request_always_gives_the_same_answer(sample: Stored) -> None:
    source = SOURCES[sample.tool]
    before = copy.deepcopy(sample.document)
    first, second = outcome(source, read(sample)), outcome(source, read(sample))
    if isinstance(first, Parsed):
        assert first == second
    assert sample.document == before, "a parser does not change what it reads"


@each_sample
def test_a_sample_is_recognised_by_its_own_source_alone(sample: Stored) -> None:
    if sample.detects is None:
        return
    recognising = [source.slug for source in SOURCES.values() if source.detects(read(sample))]
    assert recognising == [sample.detects]


@each_source
def test_repeat_is_the_same_problem_and_resolved_ends_it(source: Source) -> None:
    said = {}
    for sample in SAMPLES:
        if sample.tool == source.slug and sample.name in ("firing", "repeat", "resolved"):
            ((_, said[sample.name]),) = source.parse(read(sample)).occurrences
    assert said["firing"].kind is Kind.FIRING
    assert said["repeat"].kind is Kind.FIRING
    assert said["resolved"].kind is Kind.RESOLVED
    assert said["firing"].problem == said["repeat"].problem == said["resolved"].problem
    assert said["firing"].cycle == said["repeat"].cycle == said["resolved"].cycle
    assert said["resolved"].severity is None, "the word of a resolve must not overwrite the alert's severity"


@each_source
@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(document=DOCUMENTS)
def test_any_json_gets_an_answer(source: Source, document: Any) -> None:
    inbound = request(document, b"anything")
    check(outcome(source, inbound))
    assert source.detects(inbound) in (True, False)
    named = source.delivery_id(inbound)
    assert named is None or (named and len(named) <= 128)


@each_sample
def test_damaged_samples_get_an_answer(sample: Stored) -> None:
    source = SOURCES[sample.tool]
    chance = random.Random(sample.id)
    for _ in range(150):
        document = copy.deepcopy(read(sample).document)
        for _ in range(chance.randint(1, 4)):
            document = damaged(document, chance)
        inbound = sample.of(document, json.dumps(document).encode())
        check(outcome(source, inbound))
        assert source.detects(inbound) in (True, False)
        source.delivery_id(inbound)


@each_source
def test_floods_are_capped(source: Source) -> None:
    """A sample with a thousand huge labels beside it stays within the caps."""
    for sample in SAMPLES:
        if sample.tool != source.slug or not isinstance(sample.document, dict):
            continue
        document = copy.deepcopy(sample.document)
        document["labels"] = {f"label {n} {'x' * 300}": "y" * 5_000 for n in range(1_000)}
        for alert in document.get("alerts", []) if isinstance(document.get("alerts"), list) else []:
            if isinstance(alert, dict):
                alert["labels"] = document["labels"] | {"alertname": "z" * 5_000, "instance": "i" * 5_000}
        check(outcome(source, sample.of(document, b"{}")))
