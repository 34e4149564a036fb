"""NinjaOne's activities become occurrences of a condition on a device; all that is no condition is noted."""

import json
from datetime import UTC, datetime

import pytest

from alertwhisperer.domain.occurrence import Kind
from alertwhisperer.domain.severity import Severity
from alertwhisperer.sources.ninjaone import SOURCE
from tests.sources.stored import load, only, request


def test_a_triggered_condition_is_read() -> None:
    said = only(SOURCE, "firing")
    assert said.kind is Kind.FIRING
    assert said.content.asset == "SRV-01"
    assert said.content.signature == "Disk free space"
    assert said.content.message == "C: has less than 10% free"
    assert said.content.labels["organization"] == "Example GmbH"
    assert said.content.labels["data.message.params.threshold"] == "10"
    assert said.severity is Severity.HIGH
    assert said.problem == "100:9f0a5b60-aaaa-4bbb-8ccc-ddddeeeeffff"
    assert said.cycle == "6d1c8a70-1111-4222-8333-444455556666"
    assert said.started_at == datetime(2026, 11, 20, 10, 15, 30, 123_000, tzinfo=UTC)


@pytest.mark.parametrize("name", ["resolved", "reset-by-ticket"])
def test_a_reset_ends_the_series(name: str) -> None:
    fired, ended = only(SOURCE, "firing"), only(SOURCE, name)
    assert ended.kind is Kind.RESOLVED
    assert (ended.problem, ended.cycle) == (fired.problem, fired.cycle)
    assert ended.ended_at is not None
    assert ended.started_at is None, "the time of a reset is its own"


@pytest.mark.parametrize(
    ("name", "note"),
    [
        ("acknowledged", "operator_update"),
        ("disabled", "condition_disabled"),
        ("patching", "activity"),
        ("test", "test"),
    ],
)
def test_what_is_neither_triggered_nor_reset_changes_nothing(name: str, note: str) -> None:
    said = only(SOURCE, name)
    assert (said.kind, said.note) == (Kind.NOTED, note)


@pytest.mark.parametrize("name", ["firing", "not-expanded"])
def test_the_customer_is_a_label_to_route_by_wherever_it_stands(name: str) -> None:
    assert SOURCE.route_label == "organization_id"
    assert only(SOURCE, name).content.labels["organization_id"] == "7"


def test_an_organisation_that_is_only_expanded_routes_as_well() -> None:
    event = load("ninjaone", "firing").document
    del event["device"]["organizationId"]
    ((_, said),) = SOURCE.parse(request(event)).occurrences
    assert said.content.labels["organization_id"] == "7"


def test_without_a_device_object_the_subject_is_the_asset() -> None:
    said = only(SOURCE, "not-expanded")
    assert said.content.asset == "SRV-01"
    assert said.problem == only(SOURCE, "firing").problem


@pytest.mark.parametrize(
    ("word", "severity"),
    [
        ("CRITICAL", Severity.CRITICAL),
        ("MAJOR", Severity.HIGH),
        ("MODERATE", Severity.MEDIUM),
        ("MINOR", Severity.LOW),
        ("NONE", Severity.INFO),
        ("SOMETHING", None),
        (None, None),
    ],
)
def test_severities_have_a_table_of_their_own(word: str | None, severity: Severity | None) -> None:
    event = load("ninjaone", "firing").document | {"severity": word}
    ((_, said),) = SOURCE.parse(request(event)).occurrences
    assert said.severity is severity


def test_none_is_kept_as_a_word() -> None:
    assert only(SOURCE, "severity-none").content.labels["severity"] == "NONE"


def test_the_same_condition_on_another_device_is_another_problem() -> None:
    assert only(SOURCE, "other-device").problem != only(SOURCE, "firing").problem


def test_codes_count_and_not_the_readers_language() -> None:
    said = only(SOURCE, "localized")
    assert said.kind is Kind.FIRING
    assert said.problem == only(SOURCE, "firing").problem


def test_the_activity_names_the_delivery() -> None:
    first, second = load("ninjaone", "firing").inbound(), load("ninjaone", "repeat").inbound()
    assert (SOURCE.delivery_id(first), SOURCE.delivery_id(second)) == ("12938", "12940")


def test_the_trial_of_the_setup_page_is_a_test() -> None:
    body = SOURCE.setup.rpartition("-d '")[2].partition("'\n```")[0]
    ((_, said),) = SOURCE.parse(request(json.loads(body))).occurrences
    assert (said.kind, said.note) == (Kind.NOTED, "test")
