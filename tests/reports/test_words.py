"""What a report says is true: nothing unmeasured is a number, and nothing is compared without its sample."""

from datetime import timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alertwhisperer.reports import words
from tests.reports.samples import BASELINE, FINISH, LITTLE, MUCH, NONE, START, facts


def test_a_month_with_much_in_it_in_a_few_sentences() -> None:
    assert words.in_short(MUCH) == [
        "128,412 alerts were received of Acme Manufacturing GmbH. They became 640 incidents: 99.5 % less to look at.",
        "Incidents opened by severity: 128 critical, 128 high, 128 medium, 128 low, 128 info; 125 are still open.",
        "426 incidents were acknowledged, half of them within 3.1 min (on average 5.2 min).",
        "512 incidents were resolved, half of them within 12 min (on average 31 min).",
        "In the equally long time before there were 141,000 alerts and 3,525 incidents.",
        "Not measured: Self-healed incidents (nothing was run yet); SLA compliance (no deadline is set, or none "
        "fell in the period); Patch compliance (no instance reported its patches in the period).",
    ]


def test_nothing_is_said_to_be_nothing_and_not_to_be_well() -> None:
    assert words.in_short(NONE) == [
        "No alert of Acme Manufacturing GmbH was received in this period.",
        "No monitoring tool has sent anything yet, so nothing could be measured.",
    ]
    lines = {line.slug: line for line in words.figure_lines(NONE)}
    assert lines["noise_reduction_pct"].value == lines["mttr_minutes"].value == "not measured"
    assert lines["total_alerts"].value == "0"
    assert {line.before for line in lines.values()} == {""}


def test_a_time_in_which_nobody_listened_is_not_compared_with() -> None:
    said = words.in_short(LITTLE)
    assert "Tools have been sending since 10 Mar 2026 only; before that nothing could be measured." in said
    assert not any("time before there were" in sentence for sentence in said)
    assert all(line.change == line.verdict == "" for line in words.figure_lines(LITTLE))
    began = facts(alerts=90, incidents=9, before=40, heard_since=START - timedelta(days=10))
    assert any("the time before is not fully covered" in sentence for sentence in words.in_short(began))
    assert all(line.change == "" for line in words.figure_lines(began))


def test_better_is_not_the_same_as_more() -> None:
    assert words.verdict_of("mttr_minutes", 10.0, 12.0) == "worse"
    assert words.verdict_of("noise_reduction_pct", 90.0, 92.0) == "better"
    assert words.verdict_of("total_alerts", 10, 12) == words.verdict_of("total_incidents", 12, 10) == ""
    assert words.verdict_of("mttr_minutes", None, 12.0) == words.verdict_of("mttr_minutes", 12.0, 12.0) == ""


def test_before_and_after_names_both_samples() -> None:
    lines = {line.slug: line for line in words.baseline_lines(MUCH)}
    assert set(lines) == {"alerts_per_day", "incidents_per_day", "noise_reduction_pct", "mttr_minutes", "mtta_minutes"}
    assert (lines["mttr_minutes"].of, lines["mttr_minutes"].note) == ("over 3,100 incidents", "over 512 incidents")
    assert (lines["alerts_per_day"].of, lines["alerts_per_day"].note) == ("over 41,200 alerts", "over 128,412 alerts")
    assert (lines["mttr_minutes"].before, lines["mttr_minutes"].value) == ("1 h 35 min", "31 min")
    assert (lines["mttr_minutes"].change, lines["mttr_minutes"].verdict) == ("-67.4 %", "better")


@given(alerts=st.integers(0, 3), incidents=st.integers(0, 3))
def test_no_line_is_compared_with_a_sample_of_none(alerts: int, incidents: int) -> None:
    sampled = msgspec.structs.replace(BASELINE, alerts=alerts, incidents=incidents)
    lines = words.baseline_lines(msgspec.structs.replace(MUCH, baseline=sampled))
    assert not any(line.of.startswith("over 0 ") for line in lines)
    assert bool(lines) == bool(alerts or incidents)


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"baseline": None}, "Nothing is set"),
        ({"baseline": msgspec.structs.replace(BASELINE, alerts=0, incidents=0)}, "no alert and no incident, so"),
        ({"baseline": msgspec.structs.replace(BASELINE, finish=FINISH)}, "lies in the time"),
        ({"now": NONE.now}, "The period has no alert"),
    ],
)
def test_why_nothing_is_compared_is_said(changed: dict[str, object], why: str) -> None:
    uncompared = msgspec.structs.replace(MUCH, **changed)
    assert why in words.why_not_compared(uncompared)
    assert words.baseline_lines(uncompared) == []


@pytest.mark.parametrize(
    ("minutes", "said"),
    [
        (None, "not measured"),
        (0.5, "30 s"),
        (1, "1 min"),
        (12.55, "12.6 min"),
        (60, "1 h 0 min"),
        (95, "1 h 35 min"),
        (3000, "2 d 2 h"),
    ],
)
def test_minutes_are_said_as_people_say_them(minutes: float | None, said: str) -> None:
    assert words.duration(minutes) == said
