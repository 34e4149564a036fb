"""Who people are at identity providers, and the one person whose password always works; for the MSP's admins."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path
from pydantic import Field

from alertwhisperer.api.access import Caller, allow
from alertwhisperer.api.fields import NO_NUL, Asked, Shown, Text, example
from alertwhisperer.api.problem import responses
from alertwhisperer.domain.identity import Identity
from alertwhisperer.guard import people
from alertwhisperer.guard.identity import linking, local_passwords
from alertwhisperer.guard.permissions import Action

router = APIRouter(tags=["identity providers"])

_Email = Annotated[str, Path(pattern=NO_NUL, max_length=people.LONGEST_EMAIL)]
_Slug = Annotated[str, Path(pattern=NO_NUL, max_length=40)]


_IDENTITY = {
    "provider": "okta",
    "subject": "00u1b2c3",
    "email": "kim@example.org",
    "groups": ["aw-technicians"],
    "linked_at": "2026-03-01T08:00:00Z",
    "seen_at": "2026-03-01T08:00:00Z",
    "looked_at_between": False,
}


class IdentityShown(Shown):
    """That a person is a subject of a provider."""

    model_config = example(_IDENTITY)

    provider: str
    subject: str
    email: Annotated[str, Field(description="as the provider verified it; empty when it did not")]
    groups: Annotated[list[str], Field(description="as the provider told them last")]
    linked_at: datetime
    seen_at: datetime | None
    looked_at_between: Annotated[bool, Field(description="whether the provider is asked between sign-ins")]


class IdentitiesShown(Shown):
    """A person's links."""

    model_config = example({"items": [_IDENTITY]})

    items: list[IdentityShown]


class LinkGiven(Asked):
    """A subject that the person is."""

    model_config = example({"provider": "okta", "subject": "00u1b2c3"})

    provider: Annotated[Text, Field(min_length=1, max_length=40)]
    subject: Annotated[Text, Field(min_length=1, max_length=511, description="`sub`; for Entra `<tenant>/<object id>`")]


class BreakGlass(Shown):
    """The person whose password always works; null when nobody is named."""

    model_config = example({"email": "kim@example.org"})

    email: str | None


class BreakGlassGiven(Asked):
    """Who it shall be; null for nobody."""

    model_config = example({"email": "kim@example.org"})

    email: Annotated[Text, Field(min_length=3, max_length=people.LONGEST_EMAIL)] | None


@router.get("/api/identities", summary="Who one is at identity providers", responses=responses())
async def list_own_identities(caller: Annotated[Caller, allow(Action.SELF_READ)]) -> IdentitiesShown:
    return await _list(caller, caller.user.id)


@router.get("/api/users/{email}/identities", summary="Who a person is at identity providers", responses=responses(404))
async def list_identities(caller: Annotated[Caller, allow(Action.IDENTITY_READ)], email: _Email) -> IdentitiesShown:
    user = await people.get_user(caller.desk.database, email)
    return await _list(caller, user.id)


@router.post(
    "/api/users/{email}/identities",
    status_code=201,
    summary="Link a person to a subject",
    responses=responses(404, 409),
)
async def link_identity(
    caller: Annotated[Caller, allow(Action.IDENTITY_LINK)], email: _Email, body: LinkGiven
) -> IdentityShown:
    """Whoever has that account at the provider then signs in as this person."""
    identity = await linking.link_user(
        caller.desk.database, caller.by, email, body.provider, body.subject, now=caller.now
    )
    return _show(body.provider, identity)


@router.delete(
    "/api/users/{email}/identities/{slug}", status_code=204, summary="Take a link away", responses=responses(404, 409)
)
async def unlink_identity(caller: Annotated[Caller, allow(Action.IDENTITY_LINK)], email: _Email, slug: _Slug) -> None:
    """Sessions that the provider opened for the person end."""
    await linking.unlink_user(caller.desk.database, caller.by, email, slug, now=caller.now)


@router.get("/api/break-glass", summary="Whose password always works", responses=responses())
async def show_break_glass(caller: Annotated[Caller, allow(Action.BREAK_GLASS_READ)]) -> BreakGlass:
    user = await local_passwords.get_break_glass(caller.desk.database)
    return BreakGlass(email=None if user is None else user.email)


@router.put("/api/break-glass", summary="Name whose password always works", responses=responses(404, 409))
async def set_break_glass(
    caller: Annotated[Caller, allow(Action.BREAK_GLASS_SET)], body: BreakGlassGiven
) -> BreakGlass:
    """An MSP admin of all companies, who has a password: no provider's setting switches it off."""
    user = await local_passwords.set_break_glass(caller.desk.database, caller.by, body.email, now=caller.now)
    return BreakGlass(email=None if user is None else user.email)


async def _list(caller: Caller, user_id: UUID) -> IdentitiesShown:
    found = await linking.list_links(caller.desk.database, user_id)
    return IdentitiesShown(items=[_show(provider.slug, identity) for provider, identity in found])


def _show(slug: str, identity: Identity) -> IdentityShown:
    return IdentityShown(
        provider=slug,
        subject=identity.subject,
        email=identity.email,
        groups=sorted(identity.groups),
        linked_at=identity.linked_at,
        seen_at=identity.seen_at,
        looked_at_between=identity.has_refresh_token,
    )
