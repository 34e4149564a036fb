"""The short form of `make fuzz`: the same attacks, fewer of them, always the same ones."""

from collections.abc import Iterator

import pytest

from tests.database import Migrated
from tests.fuzz.attack import Target, target_on
from tests.fuzz.run import SOURCES, attack_signed, attack_source

_SEED = 20_260_301


@pytest.fixture(scope="module")
def target(migrated: Migrated) -> Iterator[Target]:
    """A running server for these tests."""
    with target_on(migrated) as running:
        yield running


def test_a_changed_signed_request_is_refused_or_the_same_in_effect(target: Target) -> None:
    attack_signed(target, 300, _SEED)


@pytest.mark.parametrize("slug", SOURCES)
def test_a_damaged_body_is_never_a_failure_of_ours(target: Target, slug: str) -> None:
    attack_source(target, slug, 100, _SEED)


def test_every_source_is_attacked(target: Target) -> None:
    assert sorted(SOURCES) == sorted(target.house.sources)
