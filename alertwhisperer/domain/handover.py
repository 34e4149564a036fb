"""Hand-over: one person offers another to take incidents over, and what became of each when the other accepted."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from alertwhisperer.domain.company import CompanyId

MOST_OFFERED = 500
"""Incidents in one hand-over; they move in one transaction."""
LONGEST_NOTE = 4_000


class HandoverState(StrEnum):
    """Where it stands."""

    OFFERED = "offered"
    ACCEPTED = "accepted"
    WITHDRAWN = "withdrawn"


class Outcome(StrEnum):
    """What became of one of its incidents."""

    OFFERED = "offered"
    """Nothing yet; of one that was withdrawn: nothing at all."""
    MOVED = "moved"
    HAD = "had"
    """It was the receiver's already."""
    TAKEN = "taken"
    """Somebody else took it since, and keeps it."""
    OVER = "over"
    """It is open no more."""
    NOT_SERVED = "not_served"
    """The receiver serves its company no more."""


class LeftOut(StrEnum):
    """Why an incident that was named is not in an offer."""

    ABSENT = "absent"
    """There is none that the giver may see."""
    OVER = "over"
    TAKEN = "taken"
    """It is neither the giver's nor nobody's."""
    HAD = "had"
    """It is the receiver's already."""
    NOT_SERVED = "not_served"
    """The receiver does not serve its company."""


@dataclass(frozen=True, slots=True)
class Handover:
    """
    An offer of one person to another.

    Attributes:
        giver, receiver: e-mails, as they are now; of somebody who was removed, a word that says so.
        amount: incidents in it.
        companies: whose these are.
        settled_at: when it was accepted or withdrawn, aware UTC as all times here.
    """

    id: UUID
    giver_id: UUID
    giver: str
    receiver_id: UUID
    receiver: str
    note: str
    amount: int
    companies: tuple[CompanyId, ...]
    state: HandoverState
    offered_at: datetime
    settled_at: datetime | None


@dataclass(frozen=True, slots=True)
class Handed:
    """
    An incident of a hand-over.

    Attributes:
        assignee: whose it was when it was offered; None: nobody's.
    """

    handover_id: UUID
    company_id: CompanyId
    incident_id: UUID
    assignee: str | None
    outcome: Outcome


def outcome_of(*, is_open: bool, assignee: str | None, giver: str, receiver: str) -> Outcome:
    """
    What accepting means for an incident: it moves if it is the giver's or nobody's now, as what is offered must be.

    Args:
        assignee: whose it is now; None for nobody's.
    """
    if not is_open:
        return Outcome.OVER
    if assignee == receiver:
        return Outcome.HAD
    return Outcome.MOVED if assignee in (giver, None) else Outcome.TAKEN


def left_out_of(*, is_open: bool, assignee: str | None, giver: str, receiver: str, served: bool) -> LeftOut | None:
    """
    Why an incident that the giver sees cannot be offered; None when it can.

    Args:
        served: whether the receiver serves its company.
    """
    if not is_open:
        return LeftOut.OVER
    if not served:
        return LeftOut.NOT_SERVED
    if assignee == receiver:
        return LeftOut.HAD
    return None if assignee in (giver, None) else LeftOut.TAKEN
