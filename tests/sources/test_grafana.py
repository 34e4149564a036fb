"""Grafana's groups are read by member, its dashboard alerts as one, and a signed request only when it is right."""

import hmac
from datetime import UTC, datetime
from typing import Any

import pytest

from alertwhisperer.domain.errors import Invalid
from alertwhisperer.domain.occurrence import Kind
from alertwhisperer.domain.severity import Severity
from alertwhisperer.sources.contract import Inbound
from alertwhisperer.sources.grafana import SOURCE
from tests.sources.stored import NOW, load, only, parsed, request

SECRET = "correct horse battery staple"
NOW_S = str(int(NOW.timestamp()))


def test_a_firing_alert_is_read() -> None:
    said = only(SOURCE, "firing")
    assert (said.kind, said.severity) == (Kind.FIRING, Severity.HIGH)
    assert (said.content.asset, said.content.signature, said.content.source) == ("app-03", "High memory", "grafana")
    assert said.content.message == "Memory above 90%"
    assert said.problem == "c6eadffa33fcdf37"
    assert said.started_at == datetime(2026, 11, 20, 10, 15, 0, 500_000, tzinfo=UTC)
    assert said.ended_at is None, "year 1 means that it has not ended"
    assert said.content.labels["values.A"] == "93.2"
    assert not any(name.startswith("annotations.__") for name in said.content.labels)


def test_links_are_those_that_are_not_empty() -> None:
    assert only(SOURCE, "firing").content.links == {
        "graph": "https://g.example.com/alerting/grafana/abc/view",
        "dashboard": "https://g.example.com/d/1",
        "panel": "https://g.example.com/d/1?viewPanel=2",
        "silence": "https://g.example.com/alerting/silence/new",
        "runbook": "https://runbooks.example.com/memory",
        "console": "https://g.example.com/",
    }


def test_a_resolved_alert_ends_at_its_time() -> None:
    said = only(SOURCE, "resolved")
    assert (said.kind, said.severity) == (Kind.RESOLVED, None)
    assert said.ended_at == datetime(2026, 11, 20, 10, 15, 40, tzinfo=UTC)


def test_each_member_has_its_own_status() -> None:
    (_, first), (_, second) = parsed(SOURCE, "mixed-group").occurrences
    assert (first.kind, second.kind) == (Kind.FIRING, Kind.RESOLVED)


def test_a_rule_without_data_is_known_by_its_rules_name() -> None:
    said = only(SOURCE, "no-data")
    assert (said.kind, said.severity) == (Kind.FIRING, None), "nobody said how bad it is"
    assert said.content.signature == said.content.asset == "High memory"
    assert said.content.message == "DatasourceNoData: High memory"
    assert said.content.labels["alertname"] == "DatasourceNoData"
    assert said.problem != only(SOURCE, "firing").problem


def test_an_alert_without_labels_takes_its_groups_name() -> None:
    said = only(SOURCE, "labels-empty")
    assert said.content.signature == said.content.asset == "High memory"


@pytest.mark.parametrize("name", ["test", "dashboard-test"])
def test_the_test_button_is_a_test(name: str) -> None:
    said = only(SOURCE, name)
    assert (said.kind, said.note) == (Kind.NOTED, "test")


def test_a_rule_that_somebody_named_like_the_trial_is_no_trial() -> None:
    document = load("grafana", "test").document
    document["alerts"][0]["labels"]["instance"] = "db-01"
    ((_, said),) = SOURCE.parse(request(document)).occurrences
    assert said.kind is Kind.FIRING


def test_members_that_were_left_out_are_told() -> None:
    _, (place, told) = parsed(SOURCE, "truncated").occurrences
    assert (place, told.note, told.content.source) == (1, "alerts_left_out", "grafana")
    assert "Grafana left 4 alerts" in told.content.message


def test_ignored_labels_are_no_identity() -> None:
    document = load("grafana", "firing").document
    document["alerts"].append(dict(document["alerts"][0], fingerprint="other"))
    document["alerts"][1]["labels"] = document["alerts"][0]["labels"] | {"replica": "b"}
    found = SOURCE.parse(request(document, settings={"ignored_labels": ["replica"]})).occurrences
    assert len({said.problem for _, said in found}) == 1


def test_bad_members_do_not_reject_the_good_one() -> None:
    found = parsed(SOURCE, "malformed")
    assert [place for place, _ in found.occurrences] == [1]
    assert [refused.index for refused in found.refused] == [0, 2, 3]


def test_a_dashboard_alert_is_read() -> None:
    said = only(SOURCE, "dashboard-firing")
    assert (said.kind, said.severity) == (Kind.FIRING, Severity.CRITICAL)
    assert (said.content.asset, said.content.signature) == ("db-02", "CPU alert")
    assert said.content.message == "CPU is too high"
    assert said.content.labels["values.cpu"] == "97.5"
    assert set(said.content.links) == {"rule", "image"}


def test_the_end_of_a_dashboard_alert_names_no_series_and_ends_its_rule() -> None:
    fired, ended = only(SOURCE, "dashboard-firing"), only(SOURCE, "dashboard-resolved")
    assert (ended.kind, ended.severity) == (Kind.RESOLVED, None)
    assert fired.problem == ended.problem == only(SOURCE, "dashboard-no-data").problem


@pytest.mark.parametrize(
    ("state", "kind", "note"),
    [
        ("no_data", Kind.FIRING, ""),
        ("paused", Kind.NOTED, "operator_update"),
        ("pending", Kind.NOTED, "pending"),
        ("else", Kind.NOTED, "information"),
    ],
)
def test_every_state_of_a_dashboard_alert_is_known(state: str, kind: Kind, note: str) -> None:
    document = load("grafana", "dashboard-firing").document | {"state": state}
    ((_, said),) = SOURCE.parse(request(document)).occurrences
    assert (said.kind, said.note) == (kind, note)


def test_alertmanager_is_not_taken_for_grafana() -> None:
    assert not SOURCE.detects(load("prometheus", "firing").inbound())


# ------------------------------------------------------------------------------------------------ signatures


def signed(stamp: str | None = None, *, secret: str = SECRET, **changes: Any) -> Inbound:
    """The firing sample as Grafana signs it; with a timestamp when the contact point names a header for it."""
    stored = load("grafana", "firing")
    covered = stored.body if stamp is None else stamp.encode() + b":" + stored.body
    headers = {"x-grafana-alerting-signature": hmac.new(secret.encode(), covered, "sha256").hexdigest()}
    if stamp is not None:
        headers["x-grafana-alerting-timestamp"] = stamp
    return request(stored.document, stored.body, headers | changes, settings={"hmac_secret": SECRET})


async def nothing(url: str) -> bytes:
    """No page is asked for."""
    raise AssertionError(url)


@pytest.mark.parametrize("stamp", [None, NOW_S])
async def test_what_grafana_signed_is_let_in(stamp: str | None) -> None:
    await SOURCE.authenticate(signed(stamp), nothing)


async def test_without_a_secret_nothing_is_checked() -> None:
    await SOURCE.authenticate(load("grafana", "firing").inbound(), nothing)


@pytest.mark.parametrize(
    "inbound",
    [
        signed(secret="another"),
        signed(NOW_S, secret="another"),
        signed(**{"x-grafana-alerting-signature": ""}),
        signed(**{"x-grafana-alerting-signature": "zz"}),
        signed(**{"x-grafana-alerting-timestamp": NOW_S}),
        signed(NOW_S, **{"x-grafana-alerting-timestamp": str(int(NOW_S) + 1)}),
        signed(str(int(NOW_S) - 301)),
        signed(str(int(NOW_S) + 301)),
        signed("yesterday"),
        signed("٣"),
    ],
    ids=["secret", "secret+time", "none", "no hex", "time added", "time moved", "old", "early", "no time", "no ASCII"],
)
async def test_what_is_not_signed_rightly_is_refused(inbound: Inbound) -> None:
    with pytest.raises(Invalid):
        await SOURCE.authenticate(inbound, nothing)


def test_the_secret_is_a_text_that_says_something() -> None:
    (secret,) = (setting for setting in SOURCE.settings if setting.secret)
    assert secret.default is None
    assert secret.check(SECRET) is None
    assert all(secret.check(value) for value in ("", " ", 5, "x" * 2_000))
