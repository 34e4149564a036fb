"""Quarantine: what could not be read, kept whole until a person runs it again or gives it up."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import Field

from alertwhisperer.api.access import Caller, absent, allow_in_company
from alertwhisperer.api.deliveries import body_fields
from alertwhisperer.api.fields import Shown, example
from alertwhisperer.api.pages import Page, PageQuery, page_of
from alertwhisperer.api.problem import responses
from alertwhisperer.domain.severity import Severity
from alertwhisperer.guard.permissions import Action
from alertwhisperer.store import deliveries, quarantine
from alertwhisperer.store.database import Unit
from alertwhisperer.store.quarantine import QuarantineRow

router = APIRouter(prefix="/api/companies/{company_id}/quarantine", tags=["quarantine"])

_EXAMPLE = {
    "id": "0195d3a1-22b0-7e11-8a00-5b1c01000000",
    "company_id": "0195d3a0-7c1e-7b5a-9f00-3c8d52000000",
    "delivery_id": "0195d3a1-22b0-7e11-8a00-5b1c00000000",
    "integration_id": "0195d3a0-7c1e-7b5a-9f00-3c8d53000000",
    "at": "2026-03-01T08:00:12Z",
    "reason": "not_json",
    "what": "the body is not JSON",
    "where": "byte 17",
    "mend": "mend the media type's message, then run it again",
    "state": "waiting",
    "settled_at": None,
    "settled_by": None,
    "subject": None,
    "severity": None,
    "summary": None,
}


class UnitShown(Shown):
    """A delivery, or one member of it, that could not be read."""

    model_config = example(_EXAMPLE)

    id: UUID
    company_id: UUID
    delivery_id: UUID
    integration_id: UUID
    at: datetime
    reason: str
    what: str
    where: str
    mend: str
    state: Literal["waiting", "rerun", "discarded"]
    settled_at: datetime | None
    settled_by: str | None
    subject: Annotated[
        str | None, Field(description="the customer whose company is not known, of an alert that could be read")
    ]
    severity: Annotated[str | None, Field(description="of such an alert, when it fires")]
    summary: Annotated[str | None, Field(description="asset, check and message of such an alert")]


class UnitWhole(UnitShown):
    """The same with the body as received; it is not to be trusted."""

    model_config = example(
        {**_EXAMPLE, "body_base64": "eyJoYWxm", "body_text": '{"half', "request": {"method": "POST"}}
    )

    body_base64: Annotated[str | None, Field(description="null when retention dropped it")]
    body_text: Annotated[str | None, Field(description="null when it is not UTF-8")]
    request: Annotated[dict[str, Any] | None, Field(description="method, query and headers that the parser read")]


class QuarantineQuery(PageQuery):
    """Which of them."""

    state: Literal["waiting", "rerun", "discarded"] | None = None


@router.get("", summary="What could not be read, newest first", responses=responses(404))
async def list_units(
    caller: Annotated[Caller, allow_in_company(Action.QUARANTINE_READ)], query: Annotated[QuarantineQuery, Query()]
) -> Page[UnitShown]:
    async with caller.work() as unit:
        found = await quarantine.page(unit, state=query.state, limit=query.reach, before=query.cursor)
    return page_of(found, query, lambda row: UnitShown(**_fields(row)), lambda row: row.id)


@router.get("/{quarantine_id}", summary="One of them, with its body", responses=responses(404))
async def read_unit(
    caller: Annotated[Caller, allow_in_company(Action.QUARANTINE_READ)], quarantine_id: UUID
) -> UnitWhole:
    async with caller.work() as unit:
        row = await _row(unit, quarantine_id)
        body = await deliveries.body(unit, row.delivery_id)
    return UnitWhole(**_fields(row), **body_fields(body))


@router.post("/{quarantine_id}/rerun", summary="Parse it again", responses=responses(404, 409))
async def rerun_unit(
    caller: Annotated[Caller, allow_in_company(Action.QUARANTINE_RERUN)], quarantine_id: UUID
) -> UnitShown:
    await caller.check_company()
    await caller.desk.rerun(caller.scope, quarantine_id)
    async with caller.work() as unit:
        return UnitShown(**_fields(await _row(unit, quarantine_id)))


@router.post("/{quarantine_id}/discard", summary="Give it up", responses=responses(404, 409))
async def discard_unit(
    caller: Annotated[Caller, allow_in_company(Action.QUARANTINE_DISCARD)], quarantine_id: UUID
) -> UnitShown:
    async with caller.work() as unit:
        return UnitShown(**_fields(await quarantine.settle(unit, quarantine_id, "discarded", now=caller.now)))


async def _row(unit: Unit, quarantine_id: UUID) -> QuarantineRow:
    row = await quarantine.read(unit, quarantine_id)
    if row is None:
        raise absent("unit in quarantine", quarantine_id)
    return row


def _fields(row: QuarantineRow) -> dict[str, Any]:
    return {
        "id": row.id,
        "company_id": row.company_id,
        "delivery_id": row.delivery_id,
        "integration_id": row.integration_id,
        "at": row.at,
        "reason": row.reason,
        "what": row.what,
        "where": row.place,
        "mend": row.mend,
        "state": row.state,
        "settled_at": row.settled_at,
        "settled_by": row.settled_by,
        "subject": row.subject,
        "severity": None if row.severity is None else Severity(row.severity).word,
        "summary": row.summary,
    }
