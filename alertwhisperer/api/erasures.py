"""Erasures of a person or a company from the audit log: asked by one MSP admin, agreed to by another, then done."""

from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Path
from pydantic import Field

from alertwhisperer.api.access import Caller, allow
from alertwhisperer.api.approvals import ApprovalWhole, whole
from alertwhisperer.api.fields import Asked, Shown, Text, example
from alertwhisperer.api.problem import responses
from alertwhisperer.domain.brake import LONGEST_REASON
from alertwhisperer.domain.company import INSTALLATION
from alertwhisperer.guard import erasures
from alertwhisperer.guard.erasures import Subject
from alertwhisperer.guard.permissions import Action

router = APIRouter(prefix="/api/erasures", tags=["erasures"])

ErasureId = Annotated[UUID, Path(description="of the approval that was asked for")]


class ErasureAsked(Asked):
    """Whom to erase, and who wanted it."""

    model_config = example(
        {"kind": "person", "id": "0195d3a0-7c1e-7b5a-9f00-3c8d55000000", "reason": "Request of 2026-03-01, art. 17."}
    )

    kind: Literal["person", "company"]
    id: UUID
    reason: Annotated[Text, Field(min_length=1, max_length=LONGEST_REASON)]


class ErasureDone(Shown):
    """What an erasure took."""

    model_config = example({"entries": 412, "companies": 3})

    entries: Annotated[int, Field(description="of the audit log, which name nobody any more")]
    companies: Annotated[int, Field(description="in how many companies' logs")]


@router.post("", status_code=201, summary="Ask to erase a person or a company", responses=responses(404))
async def ask_erasure(caller: Annotated[Caller, allow(Action.ERASURE_ASK)], body: ErasureAsked) -> ApprovalWhole:
    scope = caller.scope_of(INSTALLATION)
    subject = Subject.PERSON if body.kind == "person" else Subject.COMPANY
    asked = await erasures.ask_erasure(
        caller.desk.database, scope, subject, body.id, reason=body.reason, now=caller.now
    )
    return await whole(caller, scope, asked.id)


@router.post("/{erasure}/start", summary="Do an erasure that was agreed to", responses=responses(404, 409))
async def start_erasure(caller: Annotated[Caller, allow(Action.ERASURE_START)], erasure: ErasureId) -> ErasureDone:
    scope = caller.scope_of(INSTALLATION)
    taken = await erasures.carry_out(caller.desk.database, scope, erasure, now=caller.now)
    return ErasureDone(entries=taken.entries, companies=taken.companies)
