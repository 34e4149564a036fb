"""A runbook is a candidate by signature, platform and tags; each candidate, and each that is none, says why."""

import time
from dataclasses import replace

import pytest

from alertwhisperer.domain.approval import Risk
from alertwhisperer.domain.runbook import Applies, Platform, Runbook
from alertwhisperer.runbooks.matching import MatchReason, candidates, considered
from alertwhisperer.runbooks.reading import library, read
from tests.runbooks.files import REPORT

SAY = read(REPORT.encode(), "say-word")


def runbook(slug: str, *globs: str, tags: tuple[str, ...] = (), risk: Risk = Risk.LOW) -> Runbook:
    return replace(SAY, slug=slug, applies=Applies(globs, tags), risk=risk)


def slugs(found: tuple[Runbook, ...], signature: str, *tags: str) -> list[str]:
    return [one.runbook.slug for one in candidates(found, signature, Platform.LINUX, tags)]


def test_the_most_telling_pattern_comes_first_then_tags_then_risk_then_the_name() -> None:
    found = (
        runbook("d-risky", "*down*", risk=Risk.HIGH),
        runbook("c-plain", "*down*"),
        runbook("b-plain", "*down*"),
        runbook("e-tagged", "*down*", tags=("web",)),
        runbook("f-telling", "*down*", "nginx*down*"),
    )
    assert slugs(found, "Nginx is DOWN on web-01", "web") == ["f-telling", "e-tagged", "b-plain", "c-plain", "d-risky"]


@pytest.mark.parametrize(
    ("one", "platform", "tags", "reason", "fits"),
    [
        (runbook("a", "*disk*", "*disk full*"), Platform.LINUX, (), MatchReason.SIGNATURE, "*disk full*"),
        (runbook("a", "*cpu*"), Platform.LINUX, (), MatchReason.OTHER_SIGNATURE, ""),
        (runbook("a"), Platform.LINUX, (), MatchReason.BY_HAND_ONLY, ""),
        (runbook("a", "*disk*"), None, (), MatchReason.PLATFORM_UNKNOWN, ""),
        (runbook("a", "*disk*"), Platform.WINDOWS, (), MatchReason.OTHER_PLATFORM, ""),
        (runbook("a", "*disk*", tags=("db", "eu")), Platform.LINUX, ("db",), MatchReason.TAG_MISSING, "eu"),
    ],
)
def test_each_reason(
    one: Runbook, platform: Platform | None, tags: tuple[str, ...], reason: MatchReason, fits: str
) -> None:
    looked = considered((one,), "Disk full on /var", platform, tags)[0]
    assert (looked.reason, looked.fits, looked.applies) == (reason, fits, reason is MatchReason.SIGNATURE)


@pytest.mark.parametrize(
    ("glob", "signature", "fits"),
    [
        ("disk?full", "disk full", True),
        ("disk?full", "disk  full", False),
        ("*a*b", "xaxxb", True),
        ("*a*b", "xabx", False),
        ("a*", "ba", False),
        ("[ab]*", "a", False),
        ("[ab]*", "[ab]c", True),
        ("a.c", "abc", False),
        ("*ab", "aab", True),
        ("*a*a*", "aXa", True),
        ("größe*", "GRÖßE", True),
        ("a*b", "a\nb", True),
    ],
)
def test_stars_and_question_marks_alone_are_special(glob: str, signature: str, fits: bool) -> None:
    assert bool(slugs((runbook("a", glob.casefold()),), signature)) is fits


def test_a_hostile_signature_costs_no_more_than_its_length() -> None:
    started = time.process_time()
    assert not slugs((runbook("a", "*a*a*a*a*a*a*a*a*a*a*b"),), "a" * 10_000)
    assert time.process_time() - started < 1


@pytest.mark.parametrize(
    ("signature", "platform", "first"),
    [
        ("Service nginx is down", Platform.LINUX, "service-restart"),
        ("SystemdUnitFailed", Platform.LINUX, "service-restart"),
        ("Disk space low on /var", Platform.LINUX, "disk-cleanup"),
        ("High CPU load", Platform.LINUX, "high-cpu"),
    ],
)
def test_common_alerts_find_their_runbook(signature: str, platform: Platform, first: str) -> None:
    found = candidates(library().values(), signature, platform, ())
    assert found[0].runbook.slug == first
