"""The short form of the parsers' fuzz: every source under mutated requests; and the fuzzer finds what it should."""

from datetime import timedelta
from pathlib import Path

import msgspec
import pytest

from alertwhisperer.sources.contract import Inbound, Parsed, Reply, Source, Told
from tests.fuzz.cases import Case, case_of
from tests.fuzz.judge import SLOW, SOURCES, inbound_of, judge
from tests.fuzz.parsers import loaded, report, saved, try_many

_SEED = 20_261_126
_ANY = SOURCES["pingdom"]


@pytest.mark.parametrize("source", SOURCES.values(), ids=lambda source: source.slug)
def test_a_source_keeps_its_promises_whatever_it_is_sent(source: Source, tmp_path: Path) -> None:
    outcome = try_many(_SEED, source, range(200))
    assert not outcome.failures, "\n".join(report(source, outcome, tmp_path))


def test_a_name_is_always_the_same_request() -> None:
    assert [case_of(1, _ANY, number) for number in range(50)] == [case_of(1, _ANY, number) for number in range(50)]
    assert case_of(1, _ANY, 7) != case_of(2, _ANY, 7)


def test_a_parsers_bug_is_found_and_its_least_request_saved(tmp_path: Path) -> None:
    def parse(inbound: Inbound) -> Parsed:
        assert b"7" not in inbound.body
        return Parsed(())

    broken = msgspec.structs.replace(_ANY, parse=parse)
    outcome = try_many(_SEED, broken, range(50))
    assert len(outcome.failures) == 1
    assert outcome.times > 1
    lines = "\n".join(report(broken, outcome, tmp_path))
    assert "AssertionError" in lines
    (path,) = tmp_path.iterdir()
    least = loaded(path.read_text())
    assert len(least.body) < 10
    assert least.headers == least.query == least.settings == {}
    assert judge(broken, least) is not None
    assert judge(_ANY, least) is None


def test_a_request_is_kept_whole_in_its_file() -> None:
    case = case_of(_SEED, _ANY, 3)
    assert loaded(saved(case)) == case


def test_a_parser_that_never_ends_is_given_up() -> None:
    def parse(inbound: Inbound) -> Parsed:
        while True:
            pass

    failure = judge(msgspec.structs.replace(_ANY, parse=parse), _readable(), timedelta(milliseconds=10))
    assert failure is not None
    assert failure.where == SLOW


def test_an_answer_that_would_split_the_response_is_found() -> None:
    def reply(inbound: Inbound, told: Told) -> Reply:
        return Reply(200, b"", headers=(("x-said", "one\r\nx-two: 2"),))

    failure = judge(msgspec.structs.replace(_ANY, reply=reply), _readable())
    assert failure is not None
    assert "one line" in failure.told


def _readable() -> Case:
    """A case whose body reaches the parser."""
    cases = (case_of(_SEED, _ANY, number) for number in range(50))
    return next(case for case in cases if inbound_of(_ANY, case) is not None)
