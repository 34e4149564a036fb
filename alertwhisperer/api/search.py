"""Finding anything that has a name, wherever one may look."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import Field

from alertwhisperer.api.access import Caller, allow
from alertwhisperer.api.fields import NO_NUL, Asked, Shown, example
from alertwhisperer.api.problem import responses
from alertwhisperer.guard.permissions import Action, may
from alertwhisperer.shift import search
from alertwhisperer.store.search import Kind

router = APIRouter(prefix="/api/search", tags=["search"])

_FOUND = {
    "kind": "incident",
    "id": "0195d3a1-22b0-7e11-8a00-5b1c03000000",
    "company_id": "0195d3a0-7c1e-7b5a-9f00-3c8d52000000",
    "company": "Acme",
    "title": "DiskWillFill on db-01.example.org",
    "detail": "critical, needs_ack",
    "number": 4821,
    "at": "2026-03-01T08:00:12Z",
    "exact": True,
}


class SearchQuery(Asked):
    """What is looked for."""

    q: Annotated[
        str,
        Field(
            pattern=NO_NUL,
            min_length=1,
            max_length=search.LONGEST,
            description="an id or at least 8 digits of its beginning, an incident's number, a host, a tool's own id, "
            "or words each of which is a part of the name",
        ),
    ]
    limit: Annotated[int, Field(ge=1, le=50)] = 20


class FoundShown(Shown):
    """Something that fits."""

    model_config = example(_FOUND)

    kind: Kind
    id: UUID
    company_id: UUID
    company: str
    title: str
    detail: Annotated[str, Field(description="a few words that tell it from others of its title")]
    number: Annotated[int | None, Field(description="of an incident")]
    at: Annotated[datetime | None, Field(description="when an incident opened, or an alert was last seen")]
    exact: Annotated[bool, Field(description="it is this one, by its whole name or its id")]


class FoundList(Shown):
    """What fits, the surest first."""

    model_config = example({"items": [_FOUND], "took_ms": 23})

    items: list[FoundShown]
    took_ms: int


@router.get("", summary="Find anything by a name, a number or an id", responses=responses())
async def find_anything(
    caller: Annotated[Caller, allow(Action.SEARCH_CROSS)], query: Annotated[SearchQuery, Query()]
) -> FoundList:
    """Words are looked for in the titles of the installation's newest 20,000 incidents; numbers and ids in all."""
    began = caller.desk.clock.monotonic()
    kinds = {kind for kind, action in search.NEEDS.items() if may(caller.user, action, caller.person.means)}
    async with caller.crossing() as look:
        found = await search.find(look.connection, look.companies, query.q, kinds, limit=query.limit)
        names = await look.names({one.company_id for one in found})
    return FoundList(
        items=[
            FoundShown(
                kind=one.kind,
                id=one.id,
                company_id=one.company_id,
                company=names[one.company_id],
                title=one.title,
                detail=one.detail,
                number=one.number,
                at=one.at,
                exact=one.rank == 0,
            )
            for one in found
        ],
        took_ms=round((caller.desk.clock.monotonic() - began) * 1000),
    )
