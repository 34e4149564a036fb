"""People who may sign in, and their tokens; for the MSP's admins."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Query
from pydantic import Field

from alertwhisperer.api.access import Caller, allow
from alertwhisperer.api.fields import NO_NUL, Asked, Shown, Text, example
from alertwhisperer.api.pages import Page, PageQuery, page_of
from alertwhisperer.api.problem import responses
from alertwhisperer.domain.company import CompanyId
from alertwhisperer.domain.user import Role, User
from alertwhisperer.guard import people
from alertwhisperer.guard.permissions import Action

router = APIRouter(prefix="/api/users", tags=["users"])

_EXAMPLE = {
    "id": "0195d3a0-7c1e-7b5a-9f00-3c8d55000000",
    "email": "kim@example.org",
    "role": "technician",
    "companies": ["0195d3a0-7c1e-7b5a-9f00-3c8d52000000"],
}


class UserShown(Shown):
    """A person; an MSP admin sees all companies, so none are listed."""

    model_config = example(_EXAMPLE)

    id: UUID
    email: str
    role: Role
    companies: list[UUID]


class UserAdded(Asked):
    """A person to add."""

    model_config = example({"email": "kim@example.org", "role": "technician", "companies": _EXAMPLE["companies"]})

    email: Annotated[Text, Field(min_length=3, max_length=people.LONGEST_EMAIL)]
    role: Role
    companies: Annotated[list[UUID], Field(max_length=1_000)] = Field(default_factory=list)


class TokenMade(Shown):
    """A bearer token, which can be read this once."""

    model_config = example({"token": "awt_…"})

    token: str


@router.get("", summary="People who may sign in", responses=responses())
async def list_users(
    caller: Annotated[Caller, allow(Action.USER_READ)], query: Annotated[PageQuery, Query()]
) -> Page[UserShown]:
    found = await people.list_users(caller.desk.database, limit=query.reach, before=query.cursor)
    return page_of(found, query, _show, lambda user: user.id)


@router.post("", status_code=201, summary="Add a person", responses=responses(404, 409))
async def add_user(caller: Annotated[Caller, allow(Action.USER_ADD)], body: UserAdded) -> UserShown:
    user = await people.add_user(
        caller.desk.database,
        caller.desk.vault,
        caller.user.email,
        body.email,
        body.role,
        [CompanyId(company_id) for company_id in body.companies],
        now=caller.now,
    )
    return _show(user)


@router.post("/{email}/tokens", status_code=201, summary="Make a bearer token for a person", responses=responses(404))
async def add_token(
    caller: Annotated[Caller, allow(Action.TOKEN_ADD)], email: Annotated[str, Path(pattern=NO_NUL, max_length=254)]
) -> TokenMade:
    desk = caller.desk
    token = await people.add_token(desk.database, desk.vault, caller.user.email, email, now=caller.now)
    return TokenMade(token=token)


def _show(user: User) -> UserShown:
    return UserShown(id=user.id, email=user.email, role=user.role, companies=sorted(user.companies))
