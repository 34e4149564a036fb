"""A good company beside a hostile look-alike in the same group commits; the short form of `tests/isolation/run.py`."""

import pytest

from tests.database import any_server, run_apart
from tests.isolation.run import Report, on_scratch


@pytest.fixture(scope="module")
def seen() -> Report:
    """One round of a few seconds."""
    with any_server() as server:
        return run_apart(on_scratch(server, rounds=1, seconds=5))


def test_nothing_of_the_good_company_is_lost_or_shown_and_the_limit_holds_over_two_servers(seen: Report) -> None:
    assert seen.wrong == [], seen.text()


def test_the_good_company_waits_hardly_longer(seen: Report) -> None:
    # A fifth is what we promise and what `python -m tests.isolation.run` asks for; a machine that runs other tests
    # beside this one cannot measure that.
    assert seen.growth < 1, seen.text()
