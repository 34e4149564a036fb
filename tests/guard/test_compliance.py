"""What the compliance page names is there: tests, pages, commands, acts; and every control stands once."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from alertwhisperer.cli.main import COMMANDS, load
from alertwhisperer.guard.compliance import iso27001, soc2
from alertwhisperer.guard.compliance.capabilities import CAPABILITIES, Capability
from alertwhisperer.guard.compliance.report import FRAMEWORKS, actions_of, control_documents

ROOT = Path(__file__).resolve().parents[2]

each_capability = pytest.mark.parametrize("capability", CAPABILITIES.values(), ids=lambda one: one.slug)


@each_capability
def test_a_capability_names_tests_that_are_there(capability: Capability) -> None:
    assert capability.tests, "what no test holds is not claimed"
    for path in capability.tests:
        assert (ROOT / path).exists(), path


@each_capability
def test_a_capability_names_a_page_that_is_there(capability: Capability) -> None:
    assert (ROOT / "docs" / capability.page).is_file()


@each_capability
def test_a_capability_names_commands_that_are_there(capability: Capability) -> None:
    for words in capability.commands:
        name, *rest = words.split()
        assert name in COMMANDS, words
        command: Any = load(name)
        for word in rest:
            assert word in getattr(command, "commands", {}), words
            command = command.commands[word]


def test_every_control_stands_once_and_rests_on_what_there_is() -> None:
    for controls in FRAMEWORKS.values():
        ids = [one.id for one in controls]
        assert len(ids) == len(set(ids))
        for one in controls:
            assert set(one.capabilities) <= CAPABILITIES.keys(), one.id
            assert one.duty, one.id
            assert "|" not in one.subject + one.duty


def test_every_capability_helps_with_some_control() -> None:
    used = {slug for controls in FRAMEWORKS.values() for one in controls for slug in one.capabilities}
    assert used == set(CAPABILITIES)


def test_the_frameworks_are_whole() -> None:
    """All that each framework numbers, in its order, so that what is missing cannot be overlooked."""
    sizes = {"A.5": 37, "A.6": 8, "A.7": 14, "A.8": 34}
    assert [one.id for one in iso27001.CONTROLS] == [
        f"{theme}.{number}" for theme, size in sizes.items() for number in range(1, size + 1)
    ]
    common = {
        "CC1": 5,
        "CC2": 3,
        "CC3": 4,
        "CC4": 2,
        "CC5": 3,
        "CC6": 8,
        "CC7": 5,
        "CC8": 1,
        "CC9": 2,
        "A1": 3,
        "C1": 2,
    }
    wanted = [f"{series}.{number}" for series, size in common.items() for number in range(1, size + 1)]
    found = [one.id for one in soc2.CONTROLS]
    assert found[: len(wanted)] == wanted
    assert all(re.fullmatch(r"P[1-8]\.\d", one) for one in found[len(wanted) :])


def test_the_report_counts_what_helps_with_a_control() -> None:
    (one,) = [
        row
        for row in control_documents({"feed_paused": 2, "incident_assigned": 3, "token_added": 5})
        if row["control"] == "A.8.16"
    ]
    assert one["entries"] == 5
    assert actions_of(["tokens"]) == list(CAPABILITIES["tokens"].actions)
