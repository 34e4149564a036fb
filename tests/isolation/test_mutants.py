"""The code alone and the database alone each keep two twin companies apart; see `mutants.py`."""

import pytest

from tests.database import run_apart
from tests.isolation.mutants import SAID_TWICE, Result, on_a_fresh_database
from tests.isolation.statements import statements


@pytest.fixture(scope="module")
def result() -> Result:
    """Every statement without each of its predicates, tried behind each wall."""
    return run_apart(on_a_fresh_database())


def test_no_tenant_predicate_can_be_taken_out_unnoticed(result: Result) -> None:
    assert result.tried == sum(len(statement.predicates) for statement in statements())
    assert result.tried > 100
    assert result.survived == []


def test_every_statement_passes_by_itself_and_row_level_security_holds_for_every_mutant(result: Result) -> None:
    assert result.broken == []


def test_no_excuse_stands_for_a_predicate_that_is_said_once(result: Result) -> None:
    assert {label.partition(" 1:")[0] for label in result.twice if " 1:" in label} == set(SAID_TWICE)
