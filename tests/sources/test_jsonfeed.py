"""An item of a feed is read as a generic body is; what is gone resolves what was listed."""

from __future__ import annotations

from typing import Any

import pytest

from alertwhisperer.domain.occurrence import Kind
from alertwhisperer.domain.severity import Severity
from alertwhisperer.sources.jsonfeed import SOURCE
from tests.sources.stored import only

CHECKS = {setting.name: setting.check for setting in SOURCE.settings}


def test_an_item_is_read_by_the_mapping_of_a_generic_body() -> None:
    found = only(SOURCE, "mapped")
    assert (found.content.asset, found.content.signature, found.severity) == ("crac-02", "Supply air", Severity.HIGH)


def test_what_is_gone_resolves_with_the_labels_that_route_it() -> None:
    found = only(SOURCE, "gone")
    assert (found.kind, found.problem, found.content.labels) == (Kind.RESOLVED, "cooling-17", {"site": "north"})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("url", "ftp://example.com/"),
        ("url", "https://user:secret@example.com/"),
        ("url", "https:///x"),
        ("url", "https://example.com:99999/"),
        ("url", "https://exa mple.com/"),
        ("url", "https://example.com/\r\nX: y"),
        ("headers", {"Host": "other.example.com"}),
        ("headers", {"X": "a\r\nY: b"}),
        ("headers", {"X": 1}),
        ("headers", {"": "x"}),
        ("auth_header", "Transfer-Encoding"),
        ("auth_value", "a\nb"),
        ("items", "a.{b: c}"),
        ("item_id", "map(&a, b)"),
        ("method", "DELETE"),
        ("first_page", True),
        ("interval_s", 1),
        ("request_body", "text"),
    ],
)
def test_a_setting_that_could_do_harm_is_refused(name: str, value: Any) -> None:
    assert CHECKS[name](value)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("url", "https://api.example.com:8443/alarms?open=1"),
        ("url", "http://10.1.2.3/alarms"),
        ("headers", {"X-Tenant": "north"}),
        ("items", "data.alarms[?open]"),
        ("request_body", {"query": "open"}),
        ("interval_s", 300),
    ],
)
def test_a_setting_of_use_is_taken(name: str, value: Any) -> None:
    assert CHECKS[name](value) is None
