"""Many companies at once: a sheet in, looked at or carried out, and a sheet out. The MSP's own business."""

from collections.abc import Sequence
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Body, Query, Response
from pydantic import Field

from alertwhisperer.api.access import Caller, allow
from alertwhisperer.api.fields import Asked, Shown, example
from alertwhisperer.api.problem import responses
from alertwhisperer.domain.errors import Invalid
from alertwhisperer.guard.permissions import Action
from alertwhisperer.ingest import onboarding
from alertwhisperer.ingest.company_sheet import MOST_COMPLAINTS
from alertwhisperer.ingest.onboarding import Imported, MadeKey

router = APIRouter(prefix="/api/companies", tags=["companies"])

CSV = "text/csv"
_SHOWN_COMPLAINTS = 5  # in a problem; the plan names all of them


class ChangeShown(Shown):
    """One thing that becomes another; null is nothing."""

    what: str
    before: str | None
    after: str | None


class PlannedShown(Shown):
    """What becomes of one company of the sheet."""

    row: int
    company_id: Annotated[UUID | None, Field(description="null for one to be added")]
    name: str
    action: Literal["add", "change", "unchanged"]
    changes: list[ChangeShown]


class ComplaintShown(Shown):
    """What is wrong in one cell; rows are numbered as a spreadsheet does it, the header is 1."""

    row: int
    column: str
    where: str
    what: str
    mend: str


class KeyOfImport(Shown):
    """An integration that the import made, with what can be read this once."""

    company: str
    ref: str
    integration: str
    source: str
    webhook_url: str
    api_key: str
    hmac_secret: str


class ImportShown(Shown):
    """What an import did or would do."""

    model_config = example(
        {
            "applied": False,
            "add": 1,
            "change": 0,
            "unchanged": 0,
            "groups": ["Retail"],
            "companies": [
                {
                    "row": 2,
                    "company_id": None,
                    "name": "Acme GmbH",
                    "action": "add",
                    "changes": [{"what": "name", "before": None, "after": "Acme GmbH"}],
                }
            ],
            "error_count": 0,
            "errors": [],
            "keys": [],
        }
    )

    applied: bool
    add: int
    change: int
    unchanged: int
    groups: Annotated[list[str], Field(description="groups that are made")]
    companies: list[PlannedShown]
    error_count: int
    errors: Annotated[
        list[ComplaintShown], Field(description=f"the first {MOST_COMPLAINTS}; with any, nothing is done")
    ]
    keys: Annotated[list[KeyOfImport], Field(description="shown this once")]


class ImportQuery(Asked):
    """Whether to do it."""

    apply: Annotated[bool, Field(description="false only looks what would change")] = False


@router.post("/import", summary="Add and change many companies by a sheet", responses=responses(409))
async def import_companies(
    caller: Annotated[Caller, allow(Action.COMPANY_IMPORT)],
    query: Annotated[ImportQuery, Query()],
    sheet: Annotated[bytes, Body(media_type=CSV, description="CSV; docs/onboarding.md names the columns")],
) -> ImportShown:
    desk = caller.desk
    done = await onboarding.import_companies(
        desk.database,
        desk.vault,
        desk.sources,
        caller.by,
        sheet,
        apply=query.apply,
        deliver=_in_the_answer,
        server=desk.public_url,
        now=caller.now,
    )
    if query.apply and done.plan.complaints:
        raise _refusal(done)
    return _show(done)


@router.get(
    "/export",
    summary="All companies as a sheet that changes nothing when it is imported",
    response_class=Response,
    responses={**responses(), 200: {"description": "CSV.", "content": {CSV: {"schema": {"type": "string"}}}}},
)
async def export_companies(caller: Annotated[Caller, allow(Action.COMPANY_EXPORT)]) -> Response:
    desk = caller.desk
    text = await onboarding.export_companies(desk.database, caller.by, desk.sources, now=caller.now)
    return Response(text, media_type=CSV, headers={"Content-Disposition": 'attachment; filename="companies.csv"'})


def _in_the_answer(keys: Sequence[MadeKey]) -> None:
    """They are in the answer, after the commit: an answer that is lost is mended by another key for the integration."""


def _refusal(done: Imported) -> Invalid:
    complaints = done.plan.complaints
    first = "; ".join(f"{one.where}: {one.what}" for one in complaints[:_SHOWN_COMPLAINTS])
    more = f"; and {len(complaints) - _SHOWN_COMPLAINTS} more" if len(complaints) > _SHOWN_COMPLAINTS else ""
    return Invalid(
        f"nothing was done: {first}{more}", where=complaints[0].where, mend="ask with apply=false for all of them"
    )


def _show(done: Imported) -> ImportShown:
    found = done.plan
    return ImportShown(
        applied=done.applied,
        add=found.counts["add"],
        change=found.counts["change"],
        unchanged=found.counts["unchanged"],
        groups=list(found.groups),
        companies=[
            PlannedShown(
                row=one.row,
                company_id=one.company_id,
                name=one.name,
                action=one.action,
                changes=[
                    ChangeShown(what=change.what, before=change.before, after=change.after) for change in one.changes
                ],
            )
            for one in found.companies
        ],
        error_count=len(found.complaints),
        errors=[
            ComplaintShown(row=one.row, column=one.column, where=one.where, what=one.what, mend=one.mend)
            for one in found.complaints[:MOST_COMPLAINTS]
        ],
        keys=[
            KeyOfImport(
                company=one.company,
                ref=one.ref,
                integration=one.integration,
                source=one.source,
                webhook_url=one.webhook_url,
                api_key=one.api_key,
                hmac_secret=one.hmac_secret,
            )
            for one in done.keys
        ],
    )
