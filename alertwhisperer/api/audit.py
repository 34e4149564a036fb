"""The audit log of a company: who did what, never changed."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query

from alertwhisperer.api.access import Caller, allow_in_company
from alertwhisperer.api.fields import Shown, example
from alertwhisperer.api.pages import Page, PageQuery, page_of
from alertwhisperer.api.problem import responses
from alertwhisperer.domain.audit import AuditEntry
from alertwhisperer.guard.permissions import Action
from alertwhisperer.store import audit

router = APIRouter(prefix="/api/companies/{company_id}/audit", tags=["audit"])


class EntryShown(Shown):
    """One act of a person or of the command line."""

    model_config = example(
        {
            "id": "0195d3a2-0000-7b5a-9f00-3c8d52000000",
            "at": "2026-03-01T08:15:00Z",
            "actor": "kim@example.org",
            "action": "incident.acknowledge",
            "subject": "0195d3a1-22b0-7e11-8a00-5b1c03000000",
            "detail": {},
        }
    )

    id: UUID
    at: datetime
    actor: str
    action: str
    subject: str
    detail: dict[str, Any]


@router.get("", summary="Acts on a company, newest first", responses=responses(404))
async def list_entries(
    caller: Annotated[Caller, allow_in_company(Action.AUDIT_READ)], query: Annotated[PageQuery, Query()]
) -> Page[EntryShown]:
    async with caller.work() as unit:
        found = await audit.page(unit, limit=query.reach, before=query.cursor)
    return page_of(found, query, _show, lambda entry: entry.id)


def _show(entry: AuditEntry) -> EntryShown:
    return EntryShown(
        id=entry.id,
        at=entry.at,
        actor=entry.actor,
        action=entry.action,
        subject=entry.subject,
        detail=dict(entry.detail),
    )
