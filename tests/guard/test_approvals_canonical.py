"""One plan has one encoding, and no two plans have the same: what was approved is what is compared."""

import unicodedata
from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta, timezone
from random import Random
from uuid import UUID

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from alertwhisperer.domain.approval import Parameter, Plan, Risk, Target
from alertwhisperer.domain.company import CompanyId
from alertwhisperer.domain.errors import Invalid, Permanent
from alertwhisperer.guard.approvals.canonical import HEAD, MOST_BYTES, decode, encode, fingerprint

_text = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
_bytes = st.binary(max_size=12)
_moment = st.datetimes(datetime(2000, 1, 1), datetime(2199, 1, 1), timezones=st.just(UTC))
plans = st.builds(
    Plan,
    kind=_text,
    company_id=st.uuids().map(CompanyId),
    runbook=_text,
    runbook_version=_text,
    targets=st.lists(st.builds(Target, _text, _text, _text, _text, _text, st.none() | st.uuids()), max_size=3).map(
        tuple
    ),
    precheck=_bytes,
    act=_bytes,
    verify=_bytes,
    undo=_bytes,
    parameters=st.dictionaries(_text, st.builds(Parameter, _text, _text), max_size=3),
    credential_id=st.none() | st.uuids(),
    caps=st.dictionaries(_text, st.integers(), max_size=3),
    risk=st.sampled_from(Risk),
    requester=_text,
    start_by=_moment,
    snapshot=_bytes,
)

PLAN = Plan(
    kind="run",
    company_id=CompanyId(UUID(int=1)),
    runbook="restart",
    runbook_version="1",
    targets=(Target("asset", "a"), Target("asset", "b", "123", "eu-central-1", "SHA256:x")),
    precheck=b"p",
    act=b"a",
    verify=b"v",
    undo=b"u",
    parameters={"one": Parameter("1", "person"), "two": Parameter("2", "default")},
    credential_id=UUID(int=2),
    caps={"hour": 3},
    risk=Risk.LOW,
    requester="user:1",
    start_by=datetime(2026, 3, 1, 8, tzinfo=UTC),
)


@given(plans)
def test_what_is_encoded_can_be_read_back_and_is_the_same(plan: Plan) -> None:
    assert decode(encode(plan)) == plan


@given(plans, plans)
def test_two_plans_have_the_same_bytes_only_if_they_are_the_same(one: Plan, other: Plan) -> None:
    assert (encode(one) == encode(other)) is (one == other)


@given(plans, st.data())
def test_each_field_is_in_the_hash(plan: Plan, data: st.DataObject) -> None:
    other = data.draw(plans)
    for field in fields(Plan):
        changed = replace(plan, **{field.name: getattr(other, field.name)})
        assert (fingerprint(encode(changed)) == fingerprint(encode(plan))) is (changed == plan), field.name


@given(plans, st.randoms())
def test_the_order_of_fields_does_not_matter(plan: Plan, random: Random) -> None:
    parameters, caps = list(plan.parameters.items()), list(plan.caps.items())
    random.shuffle(parameters)
    random.shuffle(caps)
    assert encode(replace(plan, parameters=dict(parameters), caps=dict(caps))) == encode(plan)


def test_the_order_of_targets_does() -> None:
    assert encode(replace(PLAN, targets=PLAN.targets[::-1])) != encode(PLAN)


@given(plans, _bytes, _bytes, _bytes, _bytes)
@example(PLAN, b"ab", b"c", b"a", b"bc")
def test_nothing_can_move_from_one_script_to_the_next(plan: Plan, a: bytes, b: bytes, c: bytes, d: bytes) -> None:
    one, other = replace(plan, act=a, verify=b), replace(plan, act=c, verify=d)
    assert (encode(one) == encode(other)) is ((a, b) == (c, d))


@pytest.mark.parametrize("text", ["é", "Å", "ﬁ", "각", "ñ"])
def test_other_bytes_that_look_the_same_are_another_plan(text: str) -> None:
    forms = {unicodedata.normalize(form, text) for form in ("NFC", "NFD", "NFKC", "NFKD")}
    assert len(forms) > 1
    assert len({encode(replace(PLAN, runbook=one)) for one in forms}) == len(forms)


def test_no_credential_is_not_a_credential_of_zeros_and_an_empty_list_is_no_empty_text() -> None:
    assert encode(replace(PLAN, credential_id=None)) != encode(replace(PLAN, credential_id=UUID(int=0)))
    assert encode(replace(PLAN, targets=())) != encode(replace(PLAN, targets=(Target("", ""),)))
    assert encode(replace(PLAN, parameters={})) != encode(replace(PLAN, parameters={"": Parameter("", "")}))


def test_one_moment_has_one_encoding_whatever_its_zone() -> None:
    elsewhere = PLAN.start_by.astimezone(timezone(timedelta(hours=5, minutes=30)))
    assert encode(replace(PLAN, start_by=elsewhere)) == encode(PLAN)
    assert encode(replace(PLAN, start_by=PLAN.start_by + timedelta(microseconds=1))) != encode(PLAN)


def test_the_encoding_of_a_known_plan_stays_what_it_is() -> None:
    """A hash that was approved before an upgrade must be the same after it."""
    assert fingerprint(encode(PLAN)).hex() == "7d86f73a6c675ed7505cd78dcb542afe67361a033edca97556e0a5ff2eb2a95d"


@given(plans, st.data())
def test_other_bytes_are_refused_or_another_plan(plan: Plan, data: st.DataObject) -> None:
    encoded = bytearray(encode(plan))
    place = data.draw(st.integers(0, len(encoded) - 1))
    encoded[place] ^= data.draw(st.integers(1, 255))
    try:
        found = decode(bytes(encoded))
    except Permanent:
        return
    assert found != plan
    assert encode(found) == bytes(encoded)


@pytest.mark.parametrize(
    "encoded", [b"", HEAD, HEAD + b"m" + bytes(8), encode(PLAN)[:-1], encode(PLAN) + b"n" + bytes(8), b"x" * 100]
)
def test_what_is_no_plan_is_refused(encoded: bytes) -> None:
    with pytest.raises(Permanent):
        decode(encoded)


def test_text_that_is_no_unicode_and_a_plan_that_nobody_could_read_are_refused() -> None:
    with pytest.raises(Invalid):
        encode(replace(PLAN, runbook="\udcff"))
    with pytest.raises(Invalid):
        encode(replace(PLAN, act=b"x" * MOST_BYTES))
