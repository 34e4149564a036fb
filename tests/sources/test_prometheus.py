"""Alertmanager's groups become occurrences, each by its own status, labels and fingerprint."""

from datetime import UTC, datetime

import pytest

from alertwhisperer.domain.errors import Invalid
from alertwhisperer.domain.occurrence import Kind
from alertwhisperer.domain.severity import Severity
from alertwhisperer.sources.prometheus import SOURCE
from tests.sources.stored import only, parsed, request


def test_a_firing_alert_is_read() -> None:
    said = only(SOURCE, "firing")
    assert said.kind is Kind.FIRING
    assert said.content.asset == "db-01"
    assert said.content.signature == "DiskFull"
    assert said.content.message == "Disk is 97% full"
    assert said.content.source == "prometheus"
    assert said.content.labels["instance"] == "db-01:9100"
    assert said.content.links == {
        "graph": "http://prom.example.com/graph?g0.expr=x",
        "console": "http://am.example.com:9093",
        "runbook": "https://runbooks.example.com/disk",
    }
    assert said.severity is Severity.CRITICAL
    assert said.problem == "a1b2c3d4e5f60718"
    assert said.started_at == datetime(2026, 11, 20, 10, 15, 30, 123456, tzinfo=UTC)
    assert said.ended_at is None, "year 1 means that it has not ended"


def test_each_member_has_its_own_status() -> None:
    (first, second) = (occurrence for _, occurrence in parsed(SOURCE, "mixed-group").occurrences)
    assert first.kind is Kind.FIRING
    assert second.kind is Kind.RESOLVED
    assert second.ended_at == datetime(2026, 11, 20, 10, 14, tzinfo=UTC)


def test_a_new_cycle_is_the_same_problem_with_a_newer_start() -> None:
    first, second = only(SOURCE, "firing"), only(SOURCE, "next-cycle")
    assert first.problem == second.problem
    assert first.started_at is not None
    assert second.started_at is not None
    assert first.started_at < second.started_at


def test_ignored_labels_fold_the_twins_of_a_pair() -> None:
    assert only(SOURCE, "replica-a").problem == only(SOURCE, "replica-b").problem
    apart = [only(SOURCE, name, ignored_labels=[]).problem for name in ("replica-a", "replica-b")]
    assert apart[0] != apart[1]


def test_two_rules_of_one_name_stay_two_problems() -> None:
    problems = {occurrence.problem for _, occurrence in parsed(SOURCE, "severity-pair").occurrences}
    assert len(problems) == 2


@pytest.mark.parametrize(
    ("name", "asset"),
    [
        ("kube-state-metrics", "cart-7d9f-x2x"),
        ("blackbox", "https://shop.example.com/health"),
        ("ipv6", "2001:db8::10"),
    ],
)
def test_the_asset_is_what_fails_and_not_what_measures(name: str, asset: str) -> None:
    assert only(SOURCE, name).content.asset == asset


def test_a_watchdog_is_a_heartbeat() -> None:
    said = only(SOURCE, "watchdog")
    assert (said.kind, said.note) == (Kind.NOTED, "heartbeat")


def test_members_that_were_left_out_are_told() -> None:
    (_, alert), (place, told) = parsed(SOURCE, "truncated").occurrences
    assert alert.kind is Kind.FIRING
    assert (place, told.kind, told.note) == (1, Kind.NOTED, "alerts_left_out")
    assert "7 alerts" in told.content.message


def test_without_a_fingerprint_the_labels_are_the_identity_and_the_group_may_name_the_alert() -> None:
    said = only(SOURCE, "no-fingerprint")
    assert said.content.signature == "DiskFull"
    assert said.problem == only(SOURCE, "no-fingerprint").problem
    assert said.severity is None, "an unknown word is no severity"
    assert said.content.labels["severity"] == "Weird"


def test_bad_members_do_not_reject_the_good_one() -> None:
    found = parsed(SOURCE, "malformed")
    assert [place for place, _ in found.occurrences] == [1]
    assert [refused.index for refused in found.refused] == [0, 2, 3, 4]
    assert found.refused[1].where == "alerts[2].labels"


def test_a_body_of_another_kind_is_invalid() -> None:
    with pytest.raises(Invalid, match="alerts"):
        SOURCE.parse(request({"hello": "world"}))


def test_grafana_is_not_taken_for_alertmanager() -> None:
    body = {"version": "1", "orgId": 1, "groupKey": "{}", "alerts": []}
    assert not SOURCE.detects(request(body))
