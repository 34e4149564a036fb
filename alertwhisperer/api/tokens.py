"""Bearer tokens: one's own, for everybody; other people's, for the MSP's admins."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter
from pydantic import Field

from alertwhisperer.api.access import Caller, allow
from alertwhisperer.api.fields import Asked, Shown, Text, Whole, example
from alertwhisperer.api.problem import responses
from alertwhisperer.api.users import Email
from alertwhisperer.domain.company import CompanyId
from alertwhisperer.domain.user import EVERYTHING, TokenInfo
from alertwhisperer.guard import people, tokens
from alertwhisperer.guard.permissions import Action
from alertwhisperer.guard.tokens import Wish

router = APIRouter(prefix="/api", tags=["tokens"])

_EXAMPLE = {
    "id": "0195d3a0-7c1e-7b5a-9f00-3c8d56000000",
    "name": "nightly report",
    "hint": "awt_Q2x1",
    "scopes": ["*.read"],
    "companies": None,
    "created_at": "2026-03-01T08:00:00Z",
    "expires_at": "2026-05-30T08:00:00Z",
    "last_used_at": None,
    "revoked_at": None,
}


class TokenShown(Shown):
    """What may be shown of a token."""

    model_config = example(_EXAMPLE)

    id: UUID
    name: str
    hint: Annotated[str, Field(description="its first characters")]
    scopes: list[str]
    companies: Annotated[list[UUID] | None, Field(description="the only ones that it reaches; null: all one serves")]
    created_at: datetime
    expires_at: datetime
    last_used_at: Annotated[datetime | None, Field(description="to the minute")]
    revoked_at: datetime | None


class TokensShown(Shown):
    """A person's tokens, newest first, those that ended too; at most 100."""

    model_config = example({"items": [_EXAMPLE], "next": None})

    items: list[TokenShown]
    next: None = None


class TokenAsked(Asked):
    """The token to make; nothing of it is needed."""

    model_config = example({"name": "nightly report", "scopes": ["*.read"], "days": 90})

    name: Annotated[Text, Field(max_length=tokens.LONGEST_NAME)] = ""
    scopes: Annotated[
        list[Text],
        Field(max_length=100, description="`*`, `*.read`, a noun such as `incident.*`, an action of /api/permissions"),
    ] = Field(default_factory=lambda: [EVERYTHING])
    companies: Annotated[list[UUID] | None, Field(max_length=1_000, description="null: all that the person serves")] = (
        None
    )
    days: Annotated[
        Whole | None, Field(ge=1, le=tokens.LONGEST_DAYS, description="until it ends by itself; 90 when absent")
    ] = None

    @property
    def wish(self) -> Wish:
        """The same for the guard."""
        only = None if self.companies is None else [CompanyId(one) for one in self.companies]
        return Wish(self.name, self.scopes, only, self.days)


class TokenMade(TokenShown):
    """A bearer token, which can be read this once."""

    model_config = example({**_EXAMPLE, "token": "awt_…"})

    token: str


@router.get("/tokens", summary="Your own tokens", responses=responses())
async def list_own_tokens(caller: Annotated[Caller, allow(Action.TOKEN_OWN)]) -> TokensShown:
    return _show_all(await tokens.list_tokens(caller.desk.database, caller.user.email))


@router.post("/tokens", status_code=201, summary="Make a token of your own", responses=responses(404, 409))
async def add_own_token(caller: Annotated[Caller, allow(Action.TOKEN_OWN)], body: TokenAsked) -> TokenMade:
    return await _add(caller, caller.user.email, body)


@router.delete("/tokens/{token_id}", status_code=204, summary="End a token of your own", responses=responses(404))
async def revoke_own_token(caller: Annotated[Caller, allow(Action.TOKEN_OWN)], token_id: UUID) -> None:
    await tokens.revoke_token(caller.desk.database, caller.by, token_id, of=caller.user.id, now=caller.now)


@router.get("/users/{email}/tokens", summary="A person's tokens", responses=responses(404))
async def list_tokens(caller: Annotated[Caller, allow(Action.TOKEN_READ)], email: Email) -> TokensShown:
    return _show_all(await tokens.list_tokens(caller.desk.database, email))


@router.post(
    "/users/{email}/tokens",
    status_code=201,
    summary="Make a bearer token for a person",
    responses=responses(404, 409),
)
async def add_token(
    caller: Annotated[Caller, allow(Action.TOKEN_ADD)], email: Email, body: TokenAsked | None = None
) -> TokenMade:
    return await _add(caller, email, body or TokenAsked())


@router.delete(
    "/users/{email}/tokens/{token_id}", status_code=204, summary="End a person's token", responses=responses(404)
)
async def revoke_token(caller: Annotated[Caller, allow(Action.TOKEN_REVOKE)], email: Email, token_id: UUID) -> None:
    user = await people.get_user(caller.desk.database, email)
    await tokens.revoke_token(caller.desk.database, caller.by, token_id, of=user.id, now=caller.now)


async def _add(caller: Caller, email: str, body: TokenAsked) -> TokenMade:
    desk = caller.desk
    made = await tokens.add_token(
        desk.database, desk.vault, caller.by, email, body.wish, means=caller.person.means, now=caller.now
    )
    return TokenMade(**_fields(made.info), token=made.token)


def _show_all(found: Sequence[TokenInfo]) -> TokensShown:
    return TokensShown(items=[TokenShown(**_fields(one)) for one in found])


def _fields(info: TokenInfo) -> dict[str, Any]:
    return {
        "id": info.id,
        "name": info.name,
        "hint": info.hint,
        "scopes": sorted(info.scopes),
        "companies": None if info.companies is None else sorted(info.companies),
        "created_at": info.created_at,
        "expires_at": info.expires_at,
        "last_used_at": info.last_used_at,
        "revoked_at": info.revoked_at,
    }
