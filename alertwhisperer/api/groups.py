"""Groups of companies, which share settings: the MSP's own business."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path
from pydantic import Field

from alertwhisperer.api.access import Caller, allow
from alertwhisperer.api.fields import Asked, Shown, Text, example
from alertwhisperer.api.problem import responses
from alertwhisperer.domain.company import Group
from alertwhisperer.guard import groups
from alertwhisperer.guard.permissions import Action

router = APIRouter(prefix="/api/groups", tags=["groups"])

GroupId = Annotated[UUID, Path(description="the group's id")]

_EXAMPLE = {
    "id": "0195d3a0-7c1e-7b5a-9f00-3c8d55000000",
    "name": "Retail",
    "companies": 14,
    "created_at": "2026-03-01T08:00:00Z",
}


class GroupShown(Shown):
    """A group, and how many companies are in it."""

    model_config = example(_EXAMPLE)

    id: UUID
    name: str
    companies: int
    created_at: datetime


class GroupsShown(Shown):
    """All groups, in the order of their names."""

    model_config = example({"items": [_EXAMPLE], "next": None})

    items: list[GroupShown]
    next: None = None


class GroupNamed(Asked):
    """A group's name."""

    model_config = example({"name": "Retail"})

    name: Annotated[Text, Field(min_length=1, max_length=200)]


@router.get("", summary="Groups of companies", responses=responses())
async def list_groups(caller: Annotated[Caller, allow(Action.GROUP_READ)]) -> GroupsShown:
    return GroupsShown(items=[_show(group) for group in await groups.list_groups(caller.desk.database)])


@router.post("", status_code=201, summary="Add a group", responses=responses(409))
async def add_group(caller: Annotated[Caller, allow(Action.GROUP_ADD)], body: GroupNamed) -> GroupShown:
    return _show(await groups.add_group(caller.desk.database, caller.by, body.name, now=caller.now))


@router.get("/{group}", summary="One group", responses=responses(404))
async def read_group(caller: Annotated[Caller, allow(Action.GROUP_READ)], group: GroupId) -> GroupShown:
    return _show(await groups.get_group(caller.desk.database, group))


@router.patch("/{group}", summary="Rename a group", responses=responses(404, 409))
async def rename_group(
    caller: Annotated[Caller, allow(Action.GROUP_SET)], group: GroupId, body: GroupNamed
) -> GroupShown:
    return _show(await groups.rename_group(caller.desk.database, caller.by, group, body.name, now=caller.now))


@router.delete(
    "/{group}", status_code=204, summary="Remove a group that no company is in", responses=responses(404, 409)
)
async def remove_group(caller: Annotated[Caller, allow(Action.GROUP_REMOVE)], group: GroupId) -> None:
    await groups.remove_group(caller.desk.database, caller.by, group, now=caller.now)


def _show(group: Group) -> GroupShown:
    return GroupShown(id=group.id, name=group.name, companies=group.companies, created_at=group.created_at)
