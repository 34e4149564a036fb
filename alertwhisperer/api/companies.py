"""Companies: the MSP's clients, as far as the caller serves them."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import Field

from alertwhisperer.api.access import Caller, allow, allow_in_company
from alertwhisperer.api.fields import Asked, Shown, Text, Whole, example
from alertwhisperer.api.pages import Page, PageQuery, page_of
from alertwhisperer.api.problem import responses
from alertwhisperer.domain.company import Company
from alertwhisperer.domain.company_setting import MOST_BYTES_PER_MINUTE, MOST_PER_MINUTE
from alertwhisperer.guard import companies
from alertwhisperer.guard.permissions import Action

router = APIRouter(prefix="/api/companies", tags=["companies"])

_EXAMPLE = {
    "id": "0195d3a0-7c1e-7b5a-9f00-3c8d52000000",
    "name": "Acme GmbH",
    "time_zone": "Europe/Berlin",
    "requests_per_minute": 60,
    "occurrences_per_minute": 60000,
    "bytes_per_minute": 104857600,
    "created_at": "2026-03-01T08:00:00Z",
    "ref": "C-1042",
    "group_id": None,
}


class CompanyShown(Shown):
    """A company; limits are what its webhooks may send a minute, with a burst of the same."""

    model_config = example(_EXAMPLE)

    id: UUID
    name: str
    time_zone: str
    requests_per_minute: int
    occurrences_per_minute: int
    bytes_per_minute: int
    created_at: datetime
    ref: Annotated[str | None, Field(description="the MSP's own name for it, such as a customer number")]
    group_id: Annotated[UUID | None, Field(description="the group that it inherits settings from")]


class CompanyAdded(Asked):
    """A company to add."""

    model_config = example({"name": "Acme GmbH", "time_zone": "Europe/Berlin"})

    name: Annotated[Text, Field(min_length=1, max_length=200)]
    time_zone: Annotated[
        Text | None, Field(max_length=100, description="IANA name; days of figures are its days; inherited when absent")
    ] = None
    ref: Annotated[Text | None, Field(max_length=100, description="the MSP's own name for it")] = None
    group_id: UUID | None = None


class CompanySet(Asked):
    """
    What to change of a company; what is absent or null stays.

    A zone or a limit becomes the company's exception; `DELETE …/settings/{name}` lets it inherit again.
    """

    model_config = example({"requests_per_minute": 600})

    name: Annotated[Text, Field(min_length=1, max_length=200)] | None = None
    time_zone: Annotated[Text, Field(max_length=100)] | None = None
    requests_per_minute: Annotated[Whole, Field(ge=1, le=MOST_PER_MINUTE)] | None = None
    occurrences_per_minute: Annotated[Whole, Field(ge=1, le=MOST_PER_MINUTE)] | None = None
    bytes_per_minute: Annotated[Whole, Field(ge=1, le=MOST_BYTES_PER_MINUTE)] | None = None
    ref: Annotated[Text | None, Field(max_length=100, description="an empty text takes it away")] = None
    group_id: Annotated[UUID | Literal[""] | None, Field(description="an empty text takes it out of its group")] = None


@router.get("", summary="Companies that the caller serves", responses=responses())
async def list_companies(
    caller: Annotated[Caller, allow(Action.COMPANY_READ)], query: Annotated[PageQuery, Query()]
) -> Page[CompanyShown]:
    served = await caller.served()
    found = await companies.list_companies(caller.desk.database, served, limit=query.reach, before=query.cursor)
    return page_of(found, query, _show, lambda company: company.id)


@router.post("", status_code=201, summary="Add a company", responses=responses(404, 409))
async def add_company(caller: Annotated[Caller, allow(Action.COMPANY_ADD)], body: CompanyAdded) -> CompanyShown:
    company = await companies.add_company(
        caller.desk.database,
        caller.by,
        body.name,
        ref=body.ref or None,
        group_id=body.group_id,
        time_zone=body.time_zone,
        now=caller.now,
    )
    return _show(company)


@router.get("/{company_id}", summary="One company", responses=responses(404))
async def read_company(caller: Annotated[Caller, allow_in_company(Action.COMPANY_READ)]) -> CompanyShown:
    return _show(await companies.get_company(caller.desk.database, caller.scope))


@router.patch("/{company_id}", summary="Change a company", responses=responses(404, 409))
async def set_company(
    caller: Annotated[Caller, allow_in_company(Action.COMPANY_SET)], body: CompanySet
) -> CompanyShown:
    company = await companies.set_company(
        caller.desk.database,
        caller.scope,
        name=body.name,
        ref=body.ref,
        group_id=body.group_id or None,
        no_group=body.group_id == "",
        time_zone=body.time_zone,
        requests_per_minute=body.requests_per_minute,
        occurrences_per_minute=body.occurrences_per_minute,
        bytes_per_minute=body.bytes_per_minute,
        now=caller.now,
    )
    return _show(company)


def _show(company: Company) -> CompanyShown:
    return CompanyShown(
        id=company.id,
        name=company.name,
        time_zone=company.time_zone,
        requests_per_minute=company.requests_per_minute,
        occurrences_per_minute=company.occurrences_per_minute,
        bytes_per_minute=company.bytes_per_minute,
        created_at=company.created_at,
        ref=company.ref,
        group_id=company.group_id,
    )
