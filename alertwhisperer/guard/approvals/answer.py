"""A person says yes or no to an act; deciding works once, also when many press at once."""

from datetime import datetime
from uuid import UUID

from alertwhisperer.domain.approval import Answer, Approval, Decision, Ruling, State
from alertwhisperer.domain.audit import AuditAction
from alertwhisperer.domain.brake import check_reason
from alertwhisperer.domain.company import Scope
from alertwhisperer.domain.errors import Conflicting, Forbidden, Invalid
from alertwhisperer.guard.approvals.decide import rule, state_after
from alertwhisperer.guard.approvals.expiry import lapse
from alertwhisperer.guard.approvals.known import locked, person_in, policy_in, record
from alertwhisperer.store import approvals
from alertwhisperer.store.database import Database

_WHY: dict[Ruling, tuple[type[Invalid], str, str]] = {
    Ruling.NO_PERSON: (
        Forbidden,
        "an approval is a person's, and it is not known who you are",
        "sign in, or set ALERTWHISPERER_TOKEN",
    ),
    Ruling.OWN_REQUEST: (Forbidden, "nobody decides what they asked for", "let somebody else decide"),
    Ruling.NOT_THEIRS: (Forbidden, "this risk is not yours to decide", "let somebody decide who may"),
    Ruling.CHANGED_IT: (
        Forbidden,
        "you changed something that it names since it was asked",
        "let somebody else decide, or ask again",
    ),
    Ruling.SAID_ALREADY: (Conflicting, "you have answered already", "it needs another person as well"),
    Ruling.SETTLED: (Conflicting, "it was decided already", "read it again"),
    Ruling.LAPSED: (Conflicting, "it was not decided in time, and has lapsed", "ask again"),
    Ruling.OTHER_PLAN: (Conflicting, "it is not what you read: read it again", "send the hash that it has now"),
}

_ATTEMPTS = (Ruling.NO_PERSON, Ruling.OWN_REQUEST, Ruling.NOT_THEIRS, Ruling.CHANGED_IT)


async def approve(
    database: Database, scope: Scope, approval_id: UUID, hash_read: bytes, *, reason: str = "", now: datetime
) -> Approval:
    """
    Agree, in the name of the scope's person.

    Args:
        hash_read: of the plan that the person read.

    Raises:
        NotFound: the company has no such approval.
        Forbidden: the person may not decide it: asked for it, changed what it names, or has no right to this risk.
        Conflicting: it was decided, has lapsed, or is not what was read.
    """
    reason = check_reason(reason) if reason.strip() else ""
    return await _answer(database, scope, approval_id, Answer.APPROVE, hash_read, reason, now=now)


async def refuse(database: Database, scope: Scope, approval_id: UUID, *, reason: str, now: datetime) -> Approval:
    """
    Say no; that ends it, whoever has agreed before.

    Raises:
        Invalid: there is no reason.
        NotFound, Forbidden, Conflicting: as for `approve`.
    """
    return await _answer(database, scope, approval_id, Answer.REFUSE, None, check_reason(reason), now=now)


async def _answer(
    database: Database,
    scope: Scope,
    approval_id: UUID,
    answer: Answer,
    hash_read: bytes | None,
    reason: str,
    *,
    now: datetime,
) -> Approval:
    async with database.unit_of_work(scope) as unit:
        approval = await locked(unit, approval_id)
        person = await person_in(unit)
        ruling = rule(approval, person, await policy_in(unit), hash_read, now=now)
        if ruling is Ruling.LAPSED and approval.state.is_open:
            await lapse(unit, approval, now=now)  # committed: the complaint comes after the transaction
        if ruling in _ATTEMPTS:
            await record(unit, AuditAction.DECISION_REJECTED, approval, ruling.value, {"answer": answer.value}, now=now)
        if ruling is Ruling.MAY and person is not None:
            decision = Decision(person.id, scope.actor, answer, approval.hash, reason, now)
            state = state_after(approval, decision)
            await approvals.insert_decision(unit, approval_id, decision)
            if state is not State.ASKED:
                await approvals.settle(unit, approval_id, state, reason, now=now)
            action = AuditAction.APPROVAL_GRANTED if answer is Answer.APPROVE else AuditAction.APPROVAL_REFUSED
            await record(unit, action, approval, reason, {"state": state.value}, now=now)
            return await locked(unit, approval_id)
    raise complaint(ruling)


def complaint(ruling: Ruling) -> Invalid:
    """The answer for somebody who may not decide."""
    kind, what, mend = _WHY[ruling]
    return kind(what, where="approval_id", mend=mend)
