"""Invitations and password links, for the MSP's admins."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path
from pydantic import Field

from alertwhisperer.api.access import Caller, allow
from alertwhisperer.api.fields import NO_NUL, Asked, Shown, Text, example
from alertwhisperer.api.problem import responses
from alertwhisperer.api.session import scope_of_self
from alertwhisperer.domain.company import CompanyId
from alertwhisperer.domain.user import Role
from alertwhisperer.guard.people import LONGEST_EMAIL
from alertwhisperer.guard.permissions import Action
from alertwhisperer.guard.sign_in import invitations
from alertwhisperer.guard.sign_in.invitations import Invited

router = APIRouter(prefix="/api/users", tags=["users"])


class Invitation(Asked):
    """A person to let in, who chooses a password by the link."""

    model_config = example(
        {"email": "kim@example.org", "role": "technician", "companies": ["0195d3a0-7c1e-7b5a-9f00-3c8d52000000"]}
    )

    email: Annotated[Text, Field(min_length=3, max_length=LONGEST_EMAIL)]
    role: Role
    companies: Annotated[list[UUID], Field(max_length=1_000)] = Field(default_factory=list)
    groups: Annotated[list[UUID], Field(max_length=1_000)] = Field(default_factory=list)


class LinkMade(Shown):
    """A link by which a person sets a password; it works once."""

    model_config = example(
        {
            "user_id": "0195d3a0-7c1e-7b5a-9f00-3c8d55000000",
            "link": "https://alerts.example.org/invitation/awl_…",
            "expires_at": "2026-03-04T08:00:00Z",
        }
    )

    user_id: UUID
    link: Annotated[str | None, Field(description="shown this once; null when it was sent to the person")]
    expires_at: datetime


@router.post("/invitations", status_code=201, summary="Invite a person", responses=responses(404, 409))
async def invite_user(caller: Annotated[Caller, allow(Action.USER_INVITE)], body: Invitation) -> LinkMade:
    desk = caller.desk
    made = await invitations.invite(
        desk.database,
        desk.vault,
        desk.entrance,
        desk.public_url,
        scope_of_self(caller),
        body.email,
        body.role,
        [CompanyId(one) for one in body.companies],
        groups=body.groups,
        now=caller.now,
    )
    return _show(made)


@router.post("/{email}/password-link", status_code=201, summary="A link to set a password", responses=responses(404))
async def make_password_link(
    caller: Annotated[Caller, allow(Action.PASSWORD_RESET)],
    email: Annotated[str, Path(pattern=NO_NUL, max_length=LONGEST_EMAIL)],
) -> LinkMade:
    """An invitation for whoever never had one, good for 72 hours; else a reset, good for one."""
    desk = caller.desk
    made = await invitations.password_link(
        desk.database, desk.vault, desk.entrance, desk.public_url, scope_of_self(caller), email, now=caller.now
    )
    return _show(made)


def _show(made: Invited) -> LinkMade:
    return LinkMade(user_id=made.user.id, link=made.link, expires_at=made.expires_at)
