"""
Erasures from the audit log, asked for by one MSP admin and agreed to by another.

The act itself is `guard/audit/erase.py`; here it becomes a plan of high risk, and is done in the transaction that uses
its approval up.
"""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from alertwhisperer.domain.approval import Approval, Parameter, Plan, Risk, Target, requester_of
from alertwhisperer.domain.company import INSTALLATION, CompanyId, Scope
from alertwhisperer.domain.errors import Conflicting, NotFound
from alertwhisperer.guard.approvals import canonical
from alertwhisperer.guard.approvals.ask import Request, ask
from alertwhisperer.guard.approvals.known import absent, policy_in
from alertwhisperer.guard.approvals.start import NotStarted, Ticket, start
from alertwhisperer.guard.audit import erase
from alertwhisperer.guard.audit.erase import Erasure
from alertwhisperer.store import approvals
from alertwhisperer.store.database import Database, Unit

KIND = "erasure"

_RUNBOOK = "audit-erasure"
_VERSION = "1"
_WHY_HIGH = "What is erased from the audit log cannot be had back."
_REASON = "reason"


class Subject(StrEnum):
    """What is erased; the word is the target's kind."""

    PERSON = "user"
    COMPANY = "company"


async def ask_erasure(
    database: Database, scope: Scope, subject: Subject, subject_id: UUID, *, reason: str, now: datetime
) -> Approval:
    """
    Ask to erase a person or a company from the audit log; another MSP admin decides.

    Raises:
        NotFound: the log has nothing of them.
        Invalid: there is no reason, or it is the installation itself.
    """
    await _preview(database, subject, subject_id)
    async with database.unit_of_work(scope.at(INSTALLATION)) as unit:
        start_by = now + (await policy_in(unit)).lasts
        target = Target(subject.value, str(subject_id))
        plan = _plan(target, Parameter(reason.strip(), "person"), requester_of(scope), start_by)
        return await ask(unit, Request(plan, reason, _WHY_HIGH), now=now)


async def carry_out(database: Database, scope: Scope, approval_id: UUID, *, now: datetime) -> Erasure:
    """
    Do an erasure that was agreed to.

    Returns:
        What it took.

    Raises:
        NotFound: there is no such erasure.
        Conflicting: it was not agreed to, was done already, has lapsed, or a brake holds; the reason is written down.
        Invalid: the person would erase themselves.
    """
    plan = await _asked(database, scope, approval_id)
    [target] = plan.targets
    subject, subject_id = Subject(target.kind), UUID(target.id)
    taken = await _left(database, subject, subject_id)

    async def again(_: Unit, approved: Plan) -> Plan:
        if taken is None:
            raise NotFound("nothing is left to erase")
        return _plan(target, approved.parameters[_REASON], approved.requester, approved.start_by)

    companies = await erase.companies_with_log(database)
    async with database.across(companies) as connection:
        unit = database.unit(connection, scope.at(INSTALLATION))
        started = await start(unit, approval_id, again, now=now)
        if isinstance(started, Ticket) and taken is not None:
            reason = started.plan.parameters[_REASON].value
            if subject is Subject.PERSON:
                await erase.erase_person_in(unit, companies, subject_id, taken, reason=reason, now=now)
            else:
                await erase.erase_company_in(unit, CompanyId(subject_id), taken, reason=reason, now=now)
            return taken
    raise _not_started(started)


def _plan(target: Target, reason: Parameter, requester: str, start_by: datetime) -> Plan:
    return Plan(
        kind=KIND,
        company_id=INSTALLATION,
        runbook=_RUNBOOK,
        runbook_version=_VERSION,
        targets=(target,),
        precheck=b"",
        act=f"destroy the audit log's keys of {target.kind} {target.id}\n".encode(),
        verify=b"",
        undo=b"",
        parameters={_REASON: reason},
        credential_id=None,
        caps={},
        risk=Risk.HIGH,
        requester=requester,
        start_by=start_by,
    )


async def _asked(database: Database, scope: Scope, approval_id: UUID) -> Plan:
    async with database.unit_of_work(scope.at(INSTALLATION)) as unit:
        approval = await approvals.read(unit, approval_id)
    if approval is None or approval.kind != KIND:
        raise absent(approval_id)
    return canonical.decode(approval.encoded)


async def _preview(database: Database, subject: Subject, subject_id: UUID) -> Erasure:
    if subject is Subject.PERSON:
        return await erase.preview_person(database, subject_id)
    return await erase.preview_company(database, CompanyId(subject_id))


async def _left(database: Database, subject: Subject, subject_id: UUID) -> Erasure | None:
    try:
        return await _preview(database, subject, subject_id)
    except NotFound:
        return None


def _not_started(started: Ticket | NotStarted) -> Conflicting:
    assert isinstance(started, NotStarted)  # noqa: S101  # a plan that can be built was carried out
    return Conflicting(f"it was not started: {started.reason.value}", where="approval_id", mend="read the approval")
