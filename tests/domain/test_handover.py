"""What accepting means for an incident, and why one cannot be offered: nobody loses what they took."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alertwhisperer.domain.handover import LeftOut, Outcome, left_out_of, outcome_of

GIVER, RECEIVER, OTHER = "giver@example.org", "receiver@example.org", "other@example.org"
owners = st.sampled_from([None, GIVER, RECEIVER, OTHER])


@pytest.mark.parametrize(
    ("assignee", "expected"),
    [(GIVER, Outcome.MOVED), (None, Outcome.MOVED), (OTHER, Outcome.TAKEN), (RECEIVER, Outcome.HAD)],
)
def test_it_moves_only_if_it_is_the_givers_or_nobodys(assignee: str | None, expected: Outcome) -> None:
    assert outcome_of(is_open=True, assignee=assignee, giver=GIVER, receiver=RECEIVER) is expected
    assert outcome_of(is_open=False, assignee=assignee, giver=GIVER, receiver=RECEIVER) is Outcome.OVER


@given(assignee=owners, is_open=st.booleans())
def test_what_could_be_offered_now_is_what_moves(assignee: str | None, is_open: bool) -> None:
    could = left_out_of(is_open=is_open, assignee=assignee, giver=GIVER, receiver=RECEIVER, served=True) is None
    outcome = outcome_of(is_open=is_open, assignee=assignee, giver=GIVER, receiver=RECEIVER)
    assert (outcome is Outcome.MOVED) is could


@given(assignee=owners, is_open=st.booleans(), served=st.booleans())
def test_what_is_offered_is_open_ones_own_or_nobodys_and_served(
    assignee: str | None, is_open: bool, served: bool
) -> None:
    why = left_out_of(is_open=is_open, assignee=assignee, giver=GIVER, receiver=RECEIVER, served=served)
    assert (why is None) is (is_open and served and assignee in (GIVER, None))
    if why is LeftOut.NOT_SERVED:
        assert not served
