"""Routes of MSP-wide integrations: which customer of a tool is which company, and who waits because nobody said so."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import Field

from alertwhisperer.api.access import Caller, allow_in_company
from alertwhisperer.api.fields import Asked, Shown, Text, example
from alertwhisperer.api.pages import Page
from alertwhisperer.api.problem import responses
from alertwhisperer.domain.company import CompanyId
from alertwhisperer.domain.severity import Severity
from alertwhisperer.guard.permissions import Action
from alertwhisperer.ingest import routes
from alertwhisperer.store.routes import Route, Unmapped

router = APIRouter(prefix="/api/companies/{company_id}/integrations/{integration_id}", tags=["routes"])

_COMPANY = "0195d3a0-7c1e-7b5a-9f00-3c8d52000000"


class RouteShown(Shown):
    """One customer of a tool, and the company that it is."""

    model_config = example(
        {"customer": "42", "company_id": _COMPANY, "set_by": "ops@example.org", "set_at": "2026-03-01T08:00:00Z"}
    )

    customer: str
    company_id: UUID
    set_by: str
    set_at: datetime


class UnmappedShown(Shown):
    """A customer whose alerts wait, because it is no company yet."""

    model_config = example(
        {
            "customer": "43",
            "waiting": 7,
            "severity": "critical",
            "first_at": "2026-03-01T08:00:00Z",
            "last_at": "2026-03-01T08:12:00Z",
            "summary": "SRV-01: Disk free space: C: below 10%",
        }
    )

    customer: Annotated[str, Field(description="case-folded; empty when the alerts do not name one")]
    waiting: int
    severity: Annotated[str | None, Field(description="the worst of what waits; null when nothing fires")]
    first_at: datetime
    last_at: datetime
    summary: Annotated[str, Field(description="of the worst one")]


class RoutesAsked(Asked):
    """Routes to set and to take off, all or nothing."""

    model_config = example({"set": {"42": _COMPANY}, "remove": ["17"]})

    set: Annotated[dict[Text, UUID], Field(max_length=10_000, description="companies by the customer's name")] = Field(
        default_factory=dict
    )
    remove: Annotated[list[Text], Field(max_length=10_000)] = Field(default_factory=list)


class RoutesDone(Shown):
    """How many routes changed."""

    model_config = example({"added": 1, "moved": 0, "removed": 1})

    added: int
    moved: int
    removed: int


class RouteQuery(Asked):
    """Which page."""

    limit: Annotated[int, Field(ge=1, le=500)] = 100
    cursor: Annotated[Text | None, Field(max_length=512, description="`next` of the page before")] = None


class UnmappedQuery(Asked):
    """How many."""

    limit: Annotated[int, Field(ge=1, le=500)] = 100


@router.get("/routes", summary="Which customer is which company", responses=responses(404))
async def list_routes(
    caller: Annotated[Caller, allow_in_company(Action.ROUTE_READ)],
    integration_id: UUID,
    query: Annotated[RouteQuery, Query()],
) -> Page[RouteShown]:
    found = await routes.list_routes(
        caller.desk.database, caller.scope, integration_id, limit=query.limit + 1, after=query.cursor
    )
    page = found[: query.limit]
    more = page[-1].value if len(found) > query.limit else None
    return Page(items=[_shown(one) for one in page], next=more)


@router.put("/routes", summary="Set and take off routes, all or nothing", responses=responses(404))
async def change_routes(
    caller: Annotated[Caller, allow_in_company(Action.ROUTE_SET)], integration_id: UUID, body: RoutesAsked
) -> RoutesDone:
    await caller.check_company()
    done = await routes.change_routes(
        caller.desk.database,
        caller.desk.vault,
        caller.scope,
        integration_id,
        wanted={shown: CompanyId(target) for shown, target in body.set.items()},
        unwanted=body.remove,
        now=caller.now,
    )
    return RoutesDone(added=done.added, moved=done.moved, removed=done.removed)


@router.get("/unmapped", summary="Customers whose alerts wait for a company, the worst first", responses=responses(404))
async def list_unmapped(
    caller: Annotated[Caller, allow_in_company(Action.ROUTE_READ)],
    integration_id: UUID,
    query: Annotated[UnmappedQuery, Query()],
) -> Page[UnmappedShown]:
    found = await routes.list_unmapped(caller.desk.database, caller.scope, integration_id, limit=query.limit)
    return Page(items=[UnmappedShown(**_unmapped(one)) for one in found], next=None)


def _shown(one: Route) -> RouteShown:
    return RouteShown(customer=one.shown, company_id=one.company_id, set_by=one.set_by, set_at=one.set_at)


def _unmapped(one: Unmapped) -> dict[str, Any]:
    return {
        "customer": one.value,
        "waiting": one.waiting,
        "severity": None if one.severity is None else Severity(one.severity).word,
        "first_at": one.first_at,
        "last_at": one.last_at,
        "summary": one.summary,
    }
