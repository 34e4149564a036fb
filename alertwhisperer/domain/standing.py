"""Standing: where an open incident stands in a shift, in one word."""

from typing import Literal, TypeAlias

StandingWord: TypeAlias = Literal["needs_ack", "acknowledged", "clearing"]


def standing_of(*, acknowledged: bool, firing: int) -> StandingWord:
    """
    The word for an open incident.

    Args:
        firing: alerts of it that fire now; none: it is held for a while before it closes.
    """
    if firing <= 0:
        return "clearing"
    return "acknowledged" if acknowledged else "needs_ack"
