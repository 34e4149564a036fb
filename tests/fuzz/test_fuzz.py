"""The short form of `make fuzz`: the same attacks, fewer of them, always the same ones."""

from collections.abc import Iterator

import pytest

from alertwhisperer.sources.contract import Source
from tests.database import Migrated
from tests.fuzz.attack import Target, target_on
from tests.fuzz.parsers import PUSHING, attack_source
from tests.fuzz.run import attack_signed

_SEED = 20_260_301


@pytest.fixture(scope="module")
def target(migrated: Migrated) -> Iterator[Target]:
    """A running server for these tests."""
    with target_on(migrated) as running:
        yield running


def test_a_changed_signed_request_is_refused_or_the_same_in_effect(target: Target) -> None:
    attack_signed(target, 300, _SEED)


@pytest.mark.parametrize("source", PUSHING, ids=lambda source: source.slug)
def test_whatever_a_tool_sends_is_answered_and_never_by_a_failure_of_ours(target: Target, source: Source) -> None:
    attack_source(target, source, 20, _SEED)
