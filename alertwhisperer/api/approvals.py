"""Approvals: what is asked, exactly; who may decide it; and people's answers."""

import base64
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import Field

from alertwhisperer.api.access import Caller, allow, allow_in_company
from alertwhisperer.api.fields import Asked, Shown, Text, example
from alertwhisperer.api.pages import Page, PageQuery, page_of
from alertwhisperer.api.problem import responses
from alertwhisperer.domain.approval import Answer, Decision, Plan, Risk, Ruling, State
from alertwhisperer.domain.brake import LONGEST_REASON
from alertwhisperer.domain.company import Scope
from alertwhisperer.guard.approvals import answer, ask, reading
from alertwhisperer.guard.approvals.reading import Standing
from alertwhisperer.guard.permissions import Action
from alertwhisperer.store import approvals, companies

router = APIRouter(prefix="/api", tags=["approvals"])

_DECISION = {
    "user_id": "0195d3a0-7c1e-7b5a-9f00-3c8d55000000",
    "by": "kim@example.org",
    "answer": "approve",
    "reason": "",
    "at": "2026-03-01T08:07:00Z",
}
_APPROVAL = {
    "id": "0195d3a1-22b0-7e11-8a00-5b1c03000009",
    "company_id": "0195d3a0-7c1e-7b5a-9f00-3c8d52000000",
    "kind": "run",
    "runbook": "vacuum-journal",
    "target_count": 1,
    "state": "approved",
    "state_reason": "",
    "why": "The disk of db-01 fills; its old journals can go.",
    "risk": "medium",
    "risk_reason": "Deleted journals cannot be had back.",
    "requested_by": "lee@example.org",
    "requester_id": "0195d3a0-7c1e-7b5a-9f00-3c8d55000001",
    "incident_id": "0195d3a1-22b0-7e11-8a00-5b1c03000000",
    "asked_at": "2026-03-01T08:05:00Z",
    "expires_at": "2026-03-01T09:05:00Z",
    "needed": 1,
    "agreed": 1,
    "deciders": ["company_admin", "msp_admin"],
    "you": "settled",
    "hash": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "settled_at": "2026-03-01T08:07:00Z",
    "settled_by": "kim@example.org",
    "decisions": [_DECISION],
}
_SCRIPT = {"text": "journalctl --vacuum-time=7d\n", "base64": "am91cm5hbGN0bCAtLXZhY3V1bS10aW1lPTdkCg=="}
_NO_SCRIPT = {"text": "", "base64": ""}
_TARGET = {
    "kind": "asset",
    "id": "0195d3a0-7c1e-7b5a-9f00-3c8d56000000",
    "account": "",
    "region": "",
    "host_key": "SHA256:qk1…",
    "credential_id": "0195d3a0-7c1e-7b5a-9f00-3c8d57000000",
}
_PARAMETER = {"name": "keep_days", "value": "7", "origin": "default"}
PLAN_EXAMPLE = {
    "runbook": "vacuum-journal",
    "runbook_version": "3",
    "targets": [_TARGET],
    "precheck": _NO_SCRIPT,
    "snapshot": _NO_SCRIPT,
    "act": _SCRIPT,
    "verify": _NO_SCRIPT,
    "undo": _NO_SCRIPT,
    "parameters": [_PARAMETER],
    "credential_id": "0195d3a0-7c1e-7b5a-9f00-3c8d57000000",
    "caps": {"targets": 1},
    "requester": "user:0195d3a0-7c1e-7b5a-9f00-3c8d55000001",
    "start_by": "2026-03-01T09:05:00Z",
    "encoded": "YWxlcnR3aGlzcGVyZXIgcGxhbiAxCm0…",
}

StateWord = Literal["asked", "approved", "refused", "lapsed", "voided", "started"]


class DecisionShown(Shown):
    """One person's answer."""

    model_config = example(_DECISION)

    user_id: UUID
    by: str
    answer: Answer
    reason: str
    at: datetime


class ApprovalShown(Shown):
    """A question whether one act may be done once, and what became of it."""

    model_config = example(_APPROVAL)

    id: UUID
    company_id: UUID
    kind: Annotated[str, Field(description="which part of the product carries the act out")]
    runbook: Annotated[str, Field(description="what the act is made from")]
    target_count: Annotated[int, Field(description="on how many things it is done")]
    state: StateWord
    state_reason: Annotated[str, Field(description="why the state is what it is")]
    why: str
    risk: Risk
    risk_reason: str
    requested_by: str
    requester_id: Annotated[UUID | None, Field(description="null: no person asked")]
    incident_id: UUID | None
    asked_at: datetime
    expires_at: Annotated[datetime, Field(description="from then on it is refused, and never starts")]
    needed: Annotated[int, Field(description="different people who must agree; 0: the company lets low risk pass")]
    agreed: int
    deciders: Annotated[list[str], Field(description="who may decide what is this risky")]
    you: Annotated[Ruling, Field(description="`may`, or why you may not decide it")]
    hash: Annotated[str, Field(description="SHA-256 of the plan; an approval must name it")]
    settled_at: Annotated[datetime | None, Field(description="of the state; null while it is asked")]
    settled_by: str
    decisions: list[DecisionShown]


class TargetShown(Shown):
    """On what the act is done, resolved."""

    model_config = example(_TARGET)

    kind: str
    id: str
    account: str
    region: str
    host_key: Annotated[str, Field(description="fingerprint of the host's key")]
    credential_id: Annotated[UUID | None, Field(description="with which it is reached; null where it needs none")]


class ScriptShown(Shown):
    """Bytes that would be run."""

    model_config = example(_SCRIPT)

    text: Annotated[str | None, Field(description="the same as text; null where it is no UTF-8")]
    base64: str


class ParameterShown(Shown):
    """What the act is given."""

    model_config = example(_PARAMETER)

    name: str
    value: str
    origin: Annotated[str, Field(description="where the value came from")]


class PlanShown(Shown):
    """Everything that the act would do."""

    model_config = example(PLAN_EXAMPLE)

    runbook: str
    runbook_version: str
    targets: list[TargetShown]
    precheck: ScriptShown
    snapshot: ScriptShown
    act: ScriptShown
    verify: ScriptShown
    undo: ScriptShown
    parameters: list[ParameterShown]
    credential_id: Annotated[UUID | None, Field(description="of all targets; null where they differ, or need none")]
    caps: dict[str, int]
    requester: str
    start_by: datetime
    encoded: Annotated[str, Field(description="base64 of what is hashed, so that anybody can do it again")]


class ApprovalWhole(ApprovalShown):
    """An approval with its plan."""

    model_config = example({**_APPROVAL, "plan": PLAN_EXAMPLE})

    plan: PlanShown


class ApprovalQuery(PageQuery):
    """Which approvals."""

    state: StateWord | None = None
    mine: Annotated[bool, Field(description="only those that you asked for")] = False
    incident_id: Annotated[UUID | None, Field(description="only those about this incident")] = None


class InboxQuery(PageQuery):
    """Which of the questions in all companies that you serve."""

    which: Annotated[
        Literal["yours", "others", "settled"],
        Field(description="that you may decide; that wait for others; that were settled in the last hour"),
    ] = "yours"


class Approving(Asked):
    """A yes to what was read."""

    model_config = example({"hash": _APPROVAL["hash"], "reason": "Agreed with the client by phone."})

    hash: Annotated[Text, Field(pattern="^[0-9a-f]{64}$", description="`hash` of the approval that you read")]
    reason: Annotated[Text, Field(max_length=LONGEST_REASON)] = ""


class Refusing(Asked):
    """A no, with its reason."""

    model_config = example({"reason": "Not during the month's closing."})

    reason: Annotated[Text, Field(min_length=1, max_length=LONGEST_REASON)]


@router.get("/companies/{company_id}/approvals", summary="Approvals of a company", responses=responses(404))
async def list_approvals(
    caller: Annotated[Caller, allow_in_company(Action.APPROVAL_READ)], query: Annotated[ApprovalQuery, Query()]
) -> Page[ApprovalShown]:
    found = await reading.list_approvals(
        caller.desk.database,
        caller.scope,
        state=None if query.state is None else State(query.state),
        mine=query.mine,
        incident_id=query.incident_id,
        limit=query.reach,
        before=query.cursor,
        now=caller.now,
    )
    return page_of(found, query, lambda one: ApprovalShown(**_fields(one)), lambda one: one.approval.id)


@router.get("/approvals", summary="What you may decide now, or others may, or did", responses=responses())
async def list_my_decisions(
    caller: Annotated[Caller, allow(Action.APPROVAL_DECIDE)], query: Annotated[InboxQuery, Query()]
) -> Page[ApprovalShown]:
    served = await caller.served()
    async with caller.crossing() as look:
        # Of an MSP admin of all, the installation is among them: there erasures are asked for.
        await companies.see(look.connection, served)
        reach: dict[str, Any] = {"limit": query.reach, "before": query.cursor, "now": caller.now}
        if query.which == "settled":
            found = await reading.lately_settled(look.connection, caller.user, served, **reach)
        else:
            others = query.which == "others"
            found = await reading.inbox(look.connection, caller.user, served, others=others, **reach)
    return page_of(found, query, lambda one: ApprovalShown(**_fields(one)), lambda one: one.approval.id)


@router.get("/approvals/{approval_id}", summary="One approval with its exact plan", responses=responses(404))
async def read_approval(caller: Annotated[Caller, allow(Action.APPROVAL_READ)], approval_id: UUID) -> ApprovalWhole:
    return await whole(caller, await _scope(caller, approval_id), approval_id)


@router.post("/approvals/{approval_id}/approve", summary="Agree to an act", responses=responses(404, 409))
async def approve(
    caller: Annotated[Caller, allow(Action.APPROVAL_DECIDE)], approval_id: UUID, body: Approving
) -> ApprovalWhole:
    scope = await _scope(caller, approval_id)
    read = bytes.fromhex(body.hash)
    await answer.approve(caller.desk.database, scope, approval_id, read, reason=body.reason, now=caller.now)
    return await whole(caller, scope, approval_id)


@router.post("/approvals/{approval_id}/refuse", summary="Refuse an act", responses=responses(404, 409))
async def refuse(
    caller: Annotated[Caller, allow(Action.APPROVAL_DECIDE)], approval_id: UUID, body: Refusing
) -> ApprovalWhole:
    scope = await _scope(caller, approval_id)
    await answer.refuse(caller.desk.database, scope, approval_id, reason=body.reason, now=caller.now)
    return await whole(caller, scope, approval_id)


@router.post("/approvals/{approval_id}/withdraw", summary="Take one's own question back", responses=responses(404, 409))
async def withdraw(caller: Annotated[Caller, allow(Action.APPROVAL_ASK)], approval_id: UUID) -> ApprovalWhole:
    scope = await _scope(caller, approval_id)
    await ask.withdraw(caller.desk.database, scope, approval_id, now=caller.now)
    return await whole(caller, scope, approval_id)


async def _scope(caller: Caller, approval_id: UUID) -> Scope:
    return await caller.find(approvals.company_of, approval_id, "approval")


async def whole(caller: Caller, scope: Scope, approval_id: UUID) -> ApprovalWhole:
    """An approval as the caller meets it; raises `NotFound`."""
    found = await reading.get_approval(caller.desk.database, scope, approval_id, now=caller.now)
    return ApprovalWhole(**_fields(found), plan=show_plan(found.plan, found.approval.encoded))


def _fields(standing: Standing) -> dict[str, Any]:
    one = standing.approval
    return {
        "id": one.id,
        "company_id": one.company_id,
        "kind": one.kind,
        "runbook": standing.plan.runbook,
        "target_count": len(standing.plan.targets),
        "state": one.state.value,
        "state_reason": one.state_reason,
        "why": one.why,
        "risk": one.risk,
        "risk_reason": one.risk_reason,
        "requested_by": one.requested_by,
        "requester_id": one.requester_id,
        "incident_id": one.incident_id,
        "asked_at": one.asked_at,
        "expires_at": one.expires_at,
        "needed": one.needed,
        "agreed": one.agreed,
        "deciders": list(standing.deciders),
        "you": standing.ruling,
        "hash": one.hash.hex(),
        "settled_at": one.settled_at,
        "settled_by": one.settled_by,
        "decisions": [_decision(decision) for decision in one.decisions],
    }


def _decision(one: Decision) -> DecisionShown:
    return DecisionShown(user_id=one.user_id, by=one.actor, answer=one.answer, reason=one.reason, at=one.at)


def show_plan(plan: Plan, encoded: bytes) -> PlanShown:
    """Everything that an act would do, and the bytes that are hashed."""
    return PlanShown(
        runbook=plan.runbook,
        runbook_version=plan.runbook_version,
        targets=[
            TargetShown(
                kind=one.kind,
                id=one.id,
                account=one.account,
                region=one.region,
                host_key=one.host_key,
                credential_id=plan.credential_of(one),
            )
            for one in plan.targets
        ],
        precheck=_script(plan.precheck),
        snapshot=_script(plan.snapshot),
        act=_script(plan.act),
        verify=_script(plan.verify),
        undo=_script(plan.undo),
        parameters=[
            ParameterShown(name=name, value=one.value, origin=one.origin)
            for name, one in sorted(plan.parameters.items())
        ],
        credential_id=plan.credential_id,
        caps=dict(plan.caps),
        requester=plan.requester,
        start_by=plan.start_by,
        encoded=base64.b64encode(encoded).decode(),
    )


def _script(content: bytes) -> ScriptShown:
    try:
        text: str | None = content.decode()
    except UnicodeDecodeError:
        text = None
    return ScriptShown(text=text, base64=base64.b64encode(content).decode())
