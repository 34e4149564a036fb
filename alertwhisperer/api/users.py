"""People who may sign in, and how they leave; for the MSP's admins."""

from datetime import datetime
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
from alertwhisperer.guard import offboard, people
from alertwhisperer.guard.offboard import Offboarded
from alertwhisperer.guard.permissions import Action

router = APIRouter(prefix="/api/users", tags=["users"])

_EXAMPLE = {
    "id": "0195d3a0-7c1e-7b5a-9f00-3c8d55000000",
    "email": "kim@example.org",
    "role": "technician",
    "companies": ["0195d3a0-7c1e-7b5a-9f00-3c8d52000000"],
    "groups": [],
    "serves_all": False,
}
_SECRET = {
    "company_id": "0195d3a0-7c1e-7b5a-9f00-3c8d52000000",
    "resource": {"kind": "key", "id": "0195d3a0-7c1e-7b5a-9f00-3c8d57000000"},
    "action": "key_added",
    "at": "2026-03-01T08:00:00Z",
}

Email = Annotated[str, Path(pattern=NO_NUL, max_length=people.LONGEST_EMAIL)]
Ids = Annotated[list[UUID], Field(max_length=1_000)]


class UserShown(Shown):
    """A person."""

    model_config = example(_EXAMPLE)

    id: UUID
    email: str
    role: Role
    companies: Annotated[list[UUID], Field(description="seen now, by name or through a group; none where all are")]
    groups: Annotated[list[UUID], Field(description="company groups that are served")]
    serves_all: Annotated[bool, Field(description="an MSP admin without groups serves every company")]


class UserAdded(Asked):
    """A person to add."""

    model_config = example({"email": "kim@example.org", "role": "technician", "companies": _EXAMPLE["companies"]})

    email: Annotated[Text, Field(min_length=3, max_length=people.LONGEST_EMAIL)]
    role: Role
    companies: Ids = Field(default_factory=list)
    groups: Annotated[Ids, Field(description="an MSP admin with groups sees their companies alone")] = Field(
        default_factory=list
    )


class UserSet(Asked):
    """What to change; what is absent stays."""

    model_config = example({"role": "company_admin", "companies": _EXAMPLE["companies"]})

    role: Role | None = None
    companies: Annotated[Ids | None, Field(description="those served by name, in place of the ones before")] = None
    groups: Annotated[Ids | None, Field(description="in place of the ones before")] = None


class Leaving(Asked):
    """How somebody leaves."""

    model_config = example({"hand_to": "lee@example.org", "why": "left the company on the 1st"})

    hand_to: Annotated[Text | None, Field(description="e-mail of who gets what is handed on; null: nobody")] = None
    why: Annotated[Text, Field(min_length=1, description="for the audit log")]


class LeavingQuery(Asked):
    """Who would inherit."""

    hand_to: Annotated[Text | None, Field(description="e-mail of who would get what is handed on")] = None


class HeldShown(Shown):
    """How many of one kind, and what becomes of them."""

    model_config = example({"kind": "sessions", "fate": "ended", "count": 2})

    kind: str
    fate: str
    count: int


class SecretShown(Shown):
    """Something shown to the person once that is good still: rotate it."""

    model_config = example(_SECRET)

    company_id: UUID
    resource: dict[str, str]
    action: Annotated[str, Field(description="by which it was shown, as the audit log says")]
    at: datetime


class OffboardedShown(Shown):
    """What leaving means, or meant."""

    model_config = example(
        {
            "user": _EXAMPLE,
            "held": [{"kind": "sessions", "fate": "ended", "count": 2}],
            "secrets": [_SECRET],
            "done": False,
        }
    )

    user: UserShown
    held: list[HeldShown]
    secrets: list[SecretShown]
    done: Annotated[bool, Field(description="false: it was only looked at")]


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
        caller.by,
        body.email,
        body.role,
        [CompanyId(company_id) for company_id in body.companies],
        groups=body.groups,
        now=caller.now,
    )
    return _show(user)


@router.get("/{email}", summary="One person", responses=responses(404))
async def read_user(caller: Annotated[Caller, allow(Action.USER_READ)], email: Email) -> UserShown:
    return _show(await people.get_user(caller.desk.database, email))


@router.patch("/{email}", summary="Change a person's role, companies, groups", responses=responses(404, 409))
async def set_user(caller: Annotated[Caller, allow(Action.USER_SET)], email: Email, body: UserSet) -> UserShown:
    user = await people.get_user(caller.desk.database, email)
    companies = None if body.companies is None else [CompanyId(one) for one in body.companies]
    change = people.Change(body.role, companies, body.groups)
    return _show(await people.set_user(caller.desk.database, caller.by, user.id, change, now=caller.now))


@router.get("/{email}/offboarding", summary="What removing a person would mean", responses=responses(404))
async def preview_offboarding(
    caller: Annotated[Caller, allow(Action.USER_OFFBOARD)], email: Email, query: Annotated[LeavingQuery, Query()]
) -> OffboardedShown:
    user, heir = await _leaver(caller, email, query.hand_to)
    return _show_leaving(await offboard.preview(caller.desk.database, caller.by, user, hand_to=heir, now=caller.now))


@router.post("/{email}/offboarding", summary="Remove a person, for good", responses=responses(404, 409))
async def offboard_user(
    caller: Annotated[Caller, allow(Action.USER_OFFBOARD)], email: Email, body: Leaving
) -> OffboardedShown:
    user, heir = await _leaver(caller, email, body.hand_to)
    return _show_leaving(
        await offboard.offboard(caller.desk.database, caller.by, user, hand_to=heir, now=caller.now, why=body.why)
    )


async def _leaver(caller: Caller, email: str, hand_to: str | None) -> tuple[UUID, UUID | None]:
    database = caller.desk.database
    heir = None if hand_to is None else (await people.get_user(database, hand_to)).id
    return (await people.get_user(database, email)).id, heir


def _show(user: User) -> UserShown:
    return UserShown(
        id=user.id,
        email=user.email,
        role=user.role,
        companies=sorted(user.companies),
        groups=sorted(user.groups),
        serves_all=user.serves_all,
    )


def _show_leaving(found: Offboarded) -> OffboardedShown:
    return OffboardedShown(
        user=_show(found.user),
        held=[HeldShown(kind=one.kind, fate=one.fate, count=one.count) for one in found.held],
        secrets=[
            SecretShown(
                company_id=one.company_id,
                resource={"kind": one.resource.kind, "id": one.resource.id},
                action=one.action.value,
                at=one.at,
            )
            for one in found.secrets
        ],
        done=found.done,
    )
