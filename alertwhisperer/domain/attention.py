"""Attention: in which of a shift's groups an incident stands, and its state in one word."""

from enum import IntEnum
from typing import Literal, TypeAlias, get_args

from alertwhisperer.domain.state import IncidentStatus

GroupWord: TypeAlias = Literal["needs_ack", "working", "waiting", "done"]
StateWord: TypeAlias = Literal[
    "needs_ack", "acknowledged", "snoozed", "clearing", "resolved", "merged", "needs_approval"
]
SortWord: TypeAlias = Literal["attention", "newest", "oldest"]

GROUPS: tuple[GroupWord, ...] = get_args(GroupWord)
SORTS: tuple[SortWord, ...] = get_args(SortWord)


class Attention(IntEnum):
    """What people said of an incident; numbers are stored beside its moving parts."""

    UNTAKEN = 1
    TAKEN = 2
    SNOOZED_UNTAKEN = 3
    SNOOZED_TAKEN = 4

    @property
    def is_snoozed(self) -> bool:
        """Whether it is to keep quiet for now."""
        return self >= Attention.SNOOZED_UNTAKEN


class Group(IntEnum):
    """The question of a shift that an incident answers; numbers are those that statements compute."""

    NEEDS_ACK = 1
    """Something fires, and nobody has taken it."""
    WORKING = 2
    """Something fires, and somebody has taken it."""
    WAITING = 3
    """Snoozed, or all clear and held before it closes."""
    DONE = 4
    """Resolved, or merged into another."""

    @property
    def word(self) -> GroupWord:
        """The name that doors show."""
        return GROUPS[self - 1]


def group_of(status: IncidentStatus, attention: Attention, *, firing: int) -> Group:
    """The one group of an incident that people see."""
    if status is not IncidentStatus.OPEN:
        return Group.DONE
    if attention.is_snoozed or firing <= 0:
        return Group.WAITING
    return Group.NEEDS_ACK if attention is Attention.UNTAKEN else Group.WORKING


def state_of(status: IncidentStatus, attention: Attention, *, firing: int, approvals: int) -> StateWord:
    """
    Its state in one word.

    Args:
        approvals: questions about it that wait for a decision; they are told of once somebody has taken it.
    """
    if status is IncidentStatus.MERGED:
        return "merged"
    if status is not IncidentStatus.OPEN:
        return "resolved"
    if attention.is_snoozed:
        return "snoozed"
    if firing <= 0:
        return "clearing"
    if attention is Attention.UNTAKEN:
        return "needs_ack"
    return "needs_approval" if approvals else "acknowledged"
