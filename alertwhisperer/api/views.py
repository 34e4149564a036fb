"""Saved views: lists as one likes to look at them, one's own and those that are shared."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter
from pydantic import Field

from alertwhisperer.api.access import Caller, allow
from alertwhisperer.api.fields import Asked, Flag, Shown, Text, Whole, example
from alertwhisperer.api.problem import responses
from alertwhisperer.domain.company import CompanyId
from alertwhisperer.domain.name import LONGEST_NAME
from alertwhisperer.guard.permissions import Action
from alertwhisperer.shift import views
from alertwhisperer.store.views import View

router = APIRouter(prefix="/api/views", tags=["views"])

_VIEW = {
    "id": "0195d3a0-7c1e-7b5a-9f00-3c8d56000000",
    "name": "Criticals without an owner",
    "address": "state=open&severity=critical&owner=none",
    "shared": False,
    "company_id": None,
    "owner": "kim@example.org",
    "position": 10,
    "made_at": "2026-03-01T08:00:00Z",
}
_Name = Annotated[Text, Field(min_length=1, max_length=LONGEST_NAME)]
_Address = Annotated[
    Text, Field(max_length=views.LONGEST_ADDRESS, description="what stands behind the ? of the list's page")
]
_Shared = Annotated[Flag, Field(description="needs an admin")]
_CompanyId = Annotated[
    UUID | None,
    Field(description="of a shared one: the company whose people see it; null: all of the MSP's own people do"),
]
_Position = Annotated[Whole, Field(ge=0, le=views.LAST_POSITION, description="among the others, least first")]


class ViewShown(Shown):
    """A list as somebody likes to look at it."""

    model_config = example(_VIEW)

    id: UUID
    name: str
    address: str
    shared: bool
    company_id: UUID | None
    owner: Annotated[str, Field(description="e-mail of whoever made it")]
    position: int
    made_at: datetime


class ViewsShown(Shown):
    """Your own, and those that are shared with you, by position and name."""

    model_config = example({"items": [_VIEW], "next": None})

    items: list[ViewShown]
    next: None = None


class ViewAdded(Asked):
    """A new one."""

    model_config = example({"name": _VIEW["name"], "address": _VIEW["address"]})

    name: _Name
    address: _Address
    shared: _Shared = False
    company_id: _CompanyId = None
    position: _Position = 0


class ViewChanged(Asked):
    """What to change; what is absent stays."""

    model_config = example({"name": "Criticals", "position": 20})

    name: _Name | None = None
    address: _Address | None = None
    shared: _Shared | None = None
    company_id: _CompanyId = None
    position: _Position | None = None

    @property
    def change(self) -> dict[str, Any]:
        """The fields that were given; a company may be given as null."""
        given = {name: getattr(self, name) for name in self.model_fields_set}
        about = {"about_id": given.pop("company_id")} if "company_id" in given else {}
        return about | {name: value for name, value in given.items() if value is not None}


@router.get("", summary="Your views, and those that are shared with you", responses=responses())
async def list_views(caller: Annotated[Caller, allow(Action.VIEW_READ)]) -> ViewsShown:
    found = await views.list_views(caller.desk.database, caller.by, caller.person)
    return ViewsShown(items=[_show(one) for one in found])


@router.post("", status_code=201, summary="Save a view", responses=responses(404, 409))
async def add_view(caller: Annotated[Caller, allow(Action.VIEW_SET)], body: ViewAdded) -> ViewShown:
    made = await views.add_view(
        caller.desk.database,
        caller.by,
        caller.person,
        name=body.name,
        address=body.address,
        shared=body.shared,
        about_id=None if body.company_id is None else CompanyId(body.company_id),
        position=body.position,
        now=caller.now,
    )
    return _show(made)


@router.patch("/{view_id}", summary="Change a view", responses=responses(404, 409))
async def change_view(caller: Annotated[Caller, allow(Action.VIEW_SET)], view_id: UUID, body: ViewChanged) -> ViewShown:
    return _show(
        await views.change_view(caller.desk.database, caller.by, caller.person, view_id, body.change, now=caller.now)
    )


@router.delete("/{view_id}", status_code=204, summary="Remove a view", responses=responses(404))
async def remove_view(caller: Annotated[Caller, allow(Action.VIEW_SET)], view_id: UUID) -> None:
    await views.remove_view(caller.desk.database, caller.by, caller.person, view_id, now=caller.now)


def _show(view: View) -> ViewShown:
    return ViewShown(
        id=view.id,
        name=view.name,
        address=view.address,
        shared=view.shared,
        company_id=view.about_id,
        owner=view.owner,
        position=view.position,
        made_at=view.made_at,
    )
