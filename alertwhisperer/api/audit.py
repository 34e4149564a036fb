"""The audit log of a company: who did what, never changed. Read, searched, exported; and that of all companies."""

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Annotated, Any, Literal, TypeAlias
from uuid import UUID

from fastapi import APIRouter, Query
from fastapi.responses import StreamingResponse
from pydantic import Field

from alertwhisperer.api.access import Caller, allow, allow_in_company
from alertwhisperer.api.fields import Asked, Moment, Shown, Text, example
from alertwhisperer.api.pages import Page, PageQuery, page_of
from alertwhisperer.api.problem import responses
from alertwhisperer.domain.audit import AuditEntry
from alertwhisperer.guard.audit import search
from alertwhisperer.guard.audit.export import CONTENT_TYPES, ExportFormat, export
from alertwhisperer.guard.permissions import Action
from alertwhisperer.store import audit
from alertwhisperer.store.audit import EntryFilter
from alertwhisperer.store.database import Database

router = APIRouter(prefix="/api", tags=["audit"])

FormatWord: TypeAlias = Literal["jsonl", "csv"]


class EntryShown(Shown):
    """One act of a person, of the command line, or of the product on itself."""

    model_config = example(
        {
            "id": "0195d3a2-0000-7b5a-9f00-3c8d52000000",
            "at": "2026-03-01T08:15:00Z",
            "company_id": "0195d3a0-7c1e-7b5a-9f00-3c8d51000000",
            "actor": "kim@example.org",
            "user_id": "0195d3a0-7c1e-7b5a-9f00-3c8d55000000",
            "action": "incident_acknowledged",
            "resource": {"kind": "incident", "id": "0195d3a1-22b0-7e11-8a00-5b1c03000000"},
            "detail": {},
            "reason": "",
            "ip": "192.0.2.7",
            "incident_id": "0195d3a1-22b0-7e11-8a00-5b1c03000000",
            "erased": False,
        }
    )

    id: UUID
    at: datetime
    company_id: UUID
    actor: Annotated[str, Field(description="who it was, as they were called then")]
    user_id: UUID | None
    action: Annotated[str, Field(description="one of the catalogue in docs/audit.md")]
    resource: dict[str, str]
    detail: Annotated[dict[str, Any], Field(description="a changed field is [before, after]")]
    reason: str
    ip: str
    incident_id: UUID | None
    erased: Annotated[bool, Field(description="what could name a person or a thing was destroyed since")]


class AuditQuery(PageQuery):
    """Which entries; what is not given takes all."""

    actor: Annotated[
        Text | None, Field(description="an e-mail (everybody who ever had it), or a kind: user, cli, timer, …")
    ] = None
    user_id: UUID | None = None
    action: Annotated[Text | None, Field(description="one of the catalogue in docs/audit.md")] = None
    resource_kind: Annotated[Text | None, Field(description="incident, asset, user, …")] = None
    resource_id: Text | None = None
    incident_id: UUID | None = None
    since: Annotated[Moment | None, Field(description="from this moment on")] = None
    until: Annotated[Moment | None, Field(description="before this moment")] = None

    async def filter(self, database: Database) -> EntryFilter:
        """The same for the store; raises `Invalid`."""
        return await search.filter_of(
            database,
            actor=self.actor,
            user_id=self.user_id,
            action=self.action,
            resource_kind=self.resource_kind,
            resource_id=self.resource_id,
            incident_id=self.incident_id,
            since=self.since,
            until=self.until,
        )


class ExportQuery(Asked):
    """What to export, and how."""

    format: Annotated[
        FormatWord, Field(description="jsonl: with its proof, for the verifier; csv: for a spreadsheet, without")
    ] = "jsonl"
    since: Annotated[Moment | None, Field(description="from this moment on; the beginning when not given")] = None
    until: Annotated[Moment | None, Field(description="before this moment; now when not given")] = None


@router.get(
    "/companies/{company_id}/audit", summary="Acts on a company, newest first, searched", responses=responses(404)
)
async def list_entries(
    caller: Annotated[Caller, allow_in_company(Action.AUDIT_READ)], query: Annotated[AuditQuery, Query()]
) -> Page[EntryShown]:
    wanted = await query.filter(caller.desk.database)
    async with caller.work() as unit:
        found = await audit.page(unit, limit=query.reach, before=query.cursor, wanted=wanted)
    return page_of(found, query, show, lambda entry: entry.id)


@router.get(
    "/companies/{company_id}/audit/export",
    summary="A company's audit log as a file, with the proof that it is whole; recorded in that log",
    response_class=StreamingResponse,
    responses={
        **responses(404),
        200: {
            "description": "One JSON document a line, or CSV.",
            "content": {kind: {"schema": {"type": "string"}} for kind in CONTENT_TYPES.values()},
        },
    },
)
async def export_entries(
    caller: Annotated[Caller, allow_in_company(Action.AUDIT_EXPORT)], query: Annotated[ExportQuery, Query()]
) -> StreamingResponse:
    await caller.check_company()
    form = ExportFormat(query.format)
    lines: AsyncIterator[bytes] = await export(
        caller.desk.database, caller.scope, form, since=query.since, until=query.until, now=caller.now
    )
    name = f'attachment; filename="audit-{caller.company_id}.{form.value}"'
    return StreamingResponse(lines, media_type=CONTENT_TYPES[form], headers={"Content-Disposition": name})


@router.get(
    "/audit",
    summary="Acts on all companies that one serves, newest first, searched; looking is recorded",
    responses=responses(),
)
async def list_all_entries(
    caller: Annotated[Caller, allow(Action.AUDIT_READ_ALL)], query: Annotated[AuditQuery, Query()]
) -> Page[EntryShown]:
    wanted = await query.filter(caller.desk.database)
    async with caller.crossing() as crossing:
        found = await search.page_across(crossing, wanted, limit=query.reach, before=query.cursor)
    return page_of(found, query, show, lambda entry: entry.id)


def show(entry: AuditEntry) -> EntryShown:
    """An entry as the API answers it."""
    return EntryShown(
        id=entry.id,
        at=entry.at,
        company_id=entry.company_id,
        actor=entry.actor,
        user_id=entry.user_id,
        action=entry.action.value,
        resource={"kind": entry.resource.kind, "id": entry.resource.id},
        detail=dict(entry.detail),
        reason=entry.reason,
        ip=entry.ip,
        incident_id=entry.incident_id,
        erased=entry.erased,
    )
