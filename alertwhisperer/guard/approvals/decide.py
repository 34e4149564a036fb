"""
The rules of approvals, as plain functions of what is known at one moment.

| risk | who agrees |
|---|---|
| low | nobody, where the company lets low risk pass; else anybody who may decide low risk |
| medium | a company admin of that company, or an MSP admin |
| high | an MSP admin, or the senior technician whom the company names |

The permission table says which role decides which risk; the senior technician is the one exception.
"""

import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from alertwhisperer.domain.approval import (
    DEFAULT_MINUTES,
    Answer,
    Approval,
    Decision,
    Edit,
    Risk,
    Ruling,
    StartReason,
    State,
    TwoApprovals,
)
from alertwhisperer.domain.brake import Brakes
from alertwhisperer.domain.company import CompanyId
from alertwhisperer.domain.company_setting import SettingValue
from alertwhisperer.domain.user import Role, User
from alertwhisperer.guard.permissions import Action, allowed

DECIDES: Mapping[Risk, Action] = {
    Risk.LOW: Action.APPROVAL_DECIDE_LOW,
    Risk.MEDIUM: Action.APPROVAL_DECIDE_MEDIUM,
    Risk.HIGH: Action.APPROVAL_DECIDE_HIGH,
}
"""The row of the permission table that says who decides what."""

AUTO_APPROVE_LOW = "auto_approve_low"
TWO_APPROVALS = "two_approvals"
APPROVAL_MINUTES = "approval_minutes"
SENIOR_TECHNICIAN = "senior_technician"
"""Names of the company settings that the rules read."""


@dataclass(frozen=True, slots=True)
class Policy:
    """
    What a company wants.

    Attributes:
        lets_low_pass: low risk needs nobody.
        two: for which risks two different people must agree.
        lasts: how long a request may wait for its answer and its start.
        senior: the senior technician's id or e-mail; empty when none is named.
    """

    lets_low_pass: bool = False
    two: TwoApprovals = TwoApprovals.NEVER
    lasts: timedelta = timedelta(minutes=DEFAULT_MINUTES)
    senior: str = ""

    def needed(self, risk: Risk) -> int:
        """How many different people must agree."""
        if risk is Risk.LOW:
            return 0 if self.lets_low_pass else 1
        wants_two = self.two is TwoApprovals.MEDIUM or (self.two is TwoApprovals.HIGH and risk is Risk.HIGH)
        return 2 if wants_two else 1


def policy_of(settings: Mapping[str, SettingValue]) -> Policy:
    """The policy that a company's settings say; what is not set is the product's default."""
    return Policy(
        lets_low_pass=settings.get(AUTO_APPROVE_LOW) == "yes",
        two=TwoApprovals(str(settings.get(TWO_APPROVALS, TwoApprovals.NEVER.value))),
        lasts=timedelta(minutes=int(settings.get(APPROVAL_MINUTES, DEFAULT_MINUTES))),
        senior=str(settings.get(SENIOR_TECHNICIAN, "")).strip().lower(),
    )


def has_right(person: User, company_id: CompanyId, risk: Risk, policy: Policy) -> bool:
    """Whether somebody may decide what is this risky in this company at all."""
    if not person.serves(company_id):
        return False
    return allowed(person.role, DECIDES[risk]) or (risk is Risk.HIGH and _is_senior(person, policy))


def rule(approval: Approval, person: User | None, policy: Policy, hash_read: bytes | None, *, now: datetime) -> Ruling:
    """
    Whether somebody may answer an approval now.

    Args:
        person: as the database has them now; None when no live person asks.
        hash_read: of the plan that the person read; None to ask before anything was read.
    """
    if approval.state is State.LAPSED or (approval.state.is_open and now >= approval.expires_at):
        return Ruling.LAPSED
    if approval.state is not State.ASKED:
        return Ruling.SETTLED
    if person is None:
        return Ruling.NO_PERSON
    if approval.requester_id == person.id:
        return Ruling.OWN_REQUEST
    if not has_right(person, approval.company_id, approval.risk, policy):
        return Ruling.NOT_THEIRS
    if any(edit.user_id == person.id for edit in approval.edits):
        return Ruling.CHANGED_IT
    if any(one.user_id == person.id for one in approval.decisions):
        return Ruling.SAID_ALREADY
    if hash_read is not None and not hmac.compare_digest(hash_read, approval.hash):
        return Ruling.OTHER_PLAN
    return Ruling.MAY


def state_after(approval: Approval, decision: Decision) -> State:
    """Where an approval stands after an answer: a refusal ends it, the last agreement that is needed grants it."""
    if decision.answer is Answer.REFUSE:
        return State.REFUSED
    return State.APPROVED if approval.agreed + 1 >= approval.needed else State.ASKED


def rule_start(
    approval: Approval,
    hash_now: bytes,
    people: Mapping[UUID, User],
    policy: Policy,
    brakes: Brakes,
    *,
    now: datetime,
) -> StartReason:
    """
    Whether the act of an approval may start now.

    Args:
        hash_now: of the plan, built again from what there is now.
        people: as they are now, the requester and those who agreed; who is gone is left out.
        policy, brakes: of the company, as they are now.
    """
    if approval.state is State.ASKED and now < approval.expires_at:
        return StartReason.NOT_APPROVED
    if approval.state is State.LAPSED or (approval.state.is_open and now >= approval.expires_at):
        return StartReason.LAPSED
    if approval.state is not State.APPROVED:
        return StartReason.SETTLED
    if not hmac.compare_digest(hash_now, approval.hash):
        return StartReason.PLAN_CHANGED
    if approval.requester_id is not None and approval.requester_id not in people:
        return StartReason.REQUESTER_GONE
    if (unfounded := _unfounded(approval, people, policy)) is not None:
        return unfounded
    if brakes.switches:
        return StartReason.STOPPED
    return StartReason.STARTED if brakes.frozen(now) is None else StartReason.FROZEN


def voids_at_once(approval: Approval, edit: Edit) -> bool:
    """
    Whether a change of something that the plan names ends the approval by itself.

    The requester may not change what is asked, and who agreed may not change what they agreed to. A change by anybody
    else is kept: that person may not answer any more, and the start finds it when the plan is built again.
    """
    theirs = edit.user_id is not None and (
        edit.user_id == approval.requester_id or any(edit.user_id == one.user_id for one in approval.decisions)
    )
    return theirs or (edit.user_id is None and edit.actor == approval.requested_by)


def _unfounded(approval: Approval, people: Mapping[UUID, User], policy: Policy) -> StartReason | None:
    """Why those who agreed are not enough any more; None when they are."""
    agreed = [one for one in approval.decisions if one.answer is Answer.APPROVE and one.hash == approval.hash]
    able = [
        one
        for one in agreed
        if one.user_id in people and has_right(people[one.user_id], approval.company_id, approval.risk, policy)
    ]
    if len(able) < len(agreed):
        return StartReason.APPROVER_LOST_RIGHT
    return StartReason.POLICY_CHANGED if len(able) < policy.needed(approval.risk) else None


def _is_senior(person: User, policy: Policy) -> bool:
    named = bool(policy.senior) and policy.senior in (str(person.id), person.email)
    return named and person.role in (Role.TECHNICIAN, Role.COMPANY_ADMIN)
