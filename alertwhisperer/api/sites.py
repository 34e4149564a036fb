"""Sites of a company: places with their time zone, calendar and address."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import Field

from alertwhisperer.api.access import Caller, allow_in_company
from alertwhisperer.api.fields import NO_NUL, Asked, Shown, Text, example
from alertwhisperer.api.pages import Page, PageQuery, page_of
from alertwhisperer.api.problem import responses
from alertwhisperer.domain.inventory import Site
from alertwhisperer.guard.permissions import Action
from alertwhisperer.inventory import sites
from alertwhisperer.inventory.fields import LONGEST_NOTES

router = APIRouter(prefix="/api/companies/{company_id}/sites", tags=["inventory"])

_SITE = {
    "id": "0195d3a0-7c1e-7b5a-9f00-3c8d55000000",
    "name": "Berlin",
    "time_zone": "Europe/Berlin",
    "calendar": {
        "hours": {day: [["08:00", "18:00"]] for day in ("mon", "tue", "wed", "thu", "fri")},
        "holidays": ["2026-12-25"],
    },
    "address": "Example Street 1, 10115 Berlin",
    "notes": "Ring twice.",
    "created_at": "2026-03-01T08:00:00Z",
}

Notes = Annotated[str, Field(pattern=NO_NUL, max_length=LONGEST_NOTES)]
Name = Annotated[Text, Field(min_length=1, max_length=200)]
_Calendar = Annotated[
    dict[str, Any],
    Field(description='{"hours": {"mon": [["08:00", "18:00"]]}, "holidays": ["2026-12-25"]}, in the zone of the site'),
]


class SiteShown(Shown):
    """A place of a company."""

    model_config = example(_SITE)

    id: UUID
    name: str
    time_zone: str
    calendar: dict[str, Any]
    address: str
    notes: str
    created_at: datetime


class SiteSet(Asked):
    """What to change of a site; what is absent or null stays; a calendar is given whole."""

    model_config = example({"calendar": _SITE["calendar"]})

    name: Name | None = None
    time_zone: Annotated[Text, Field(max_length=64, description="IANA name")] | None = None
    calendar: _Calendar | None = None
    address: Text | None = None
    notes: Notes | None = None


class SiteAdded(SiteSet):
    """A site to add; it has the company's time zone unless another is given."""

    model_config = example({name: _SITE[name] for name in ("name", "time_zone", "calendar", "address")})

    name: Name


class SiteQuery(PageQuery):
    """Which sites."""

    q: Annotated[Text | None, Field(max_length=200, description="a part of the name")] = None


@router.get("", summary="Sites, newest first", responses=responses(404))
async def list_sites(
    caller: Annotated[Caller, allow_in_company(Action.SITE_READ)], query: Annotated[SiteQuery, Query()]
) -> Page[SiteShown]:
    await caller.check_company()
    found = await sites.list_sites(
        caller.desk.database, caller.scope, q=query.q, limit=query.reach, before=query.cursor
    )
    return page_of(found, query, show_site, lambda one: one.id)


@router.post("", status_code=201, summary="Add a site", responses=responses(404, 409))
async def add_site(caller: Annotated[Caller, allow_in_company(Action.SITE_SET)], body: SiteAdded) -> SiteShown:
    given = body.model_dump(exclude_none=True)
    return show_site(await sites.add_site(caller.desk.database, caller.scope, given, now=caller.now))


@router.get("/{site_id}", summary="One site", responses=responses(404))
async def read_site(caller: Annotated[Caller, allow_in_company(Action.SITE_READ)], site_id: UUID) -> SiteShown:
    return show_site(await sites.get_site(caller.desk.database, caller.scope, site_id))


@router.patch("/{site_id}", summary="Change a site", responses=responses(404, 409))
async def set_site(
    caller: Annotated[Caller, allow_in_company(Action.SITE_SET)], site_id: UUID, body: SiteSet
) -> SiteShown:
    given = body.model_dump(exclude_none=True)
    return show_site(await sites.set_site(caller.desk.database, caller.scope, site_id, given, now=caller.now))


@router.delete(
    "/{site_id}", status_code=204, summary="Remove a site; its assets and contacts stay", responses=responses(404)
)
async def remove_site(caller: Annotated[Caller, allow_in_company(Action.SITE_SET)], site_id: UUID) -> None:
    await sites.remove_site(caller.desk.database, caller.scope, site_id, now=caller.now)


def show_site(site: Site) -> SiteShown:
    """A site as the API shows it."""
    return SiteShown(
        id=site.id,
        name=site.name,
        time_zone=site.time_zone,
        calendar=dict(site.calendar),
        address=site.address,
        notes=site.notes,
        created_at=site.created_at,
    )
