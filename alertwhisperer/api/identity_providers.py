"""Identity providers by which people sign in; for the MSP's admins."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Path
from pydantic import Field

from alertwhisperer.api.access import Caller, allow
from alertwhisperer.api.fields import NO_NUL, Asked, Flag, Shown, Text, Whole, example
from alertwhisperer.api.html.identity import path_of, redirect_uri
from alertwhisperer.api.problem import responses
from alertwhisperer.api.scim import PREFIX
from alertwhisperer.domain.identity import MOST_RULES, ClientAuth, Kind, On, Provider, Removal
from alertwhisperer.domain.user import Role
from alertwhisperer.guard.identity import providers
from alertwhisperer.guard.identity.providers import LONGEST_SECRET, NewProvider, ProviderChange
from alertwhisperer.guard.permissions import Action

router = APIRouter(prefix="/api/identity-providers", tags=["identity providers"])

_Slug = Annotated[str, Path(pattern=NO_NUL, max_length=40)]
_Words = Annotated[list[Text], Field(max_length=100)]

_RULE = {
    "on": "group",
    "value": "aw-technicians",
    "role": "technician",
    "companies": ["0195d3a0-7c1e-7b5a-9f00-3c8d52000000"],
    "company_groups": [],
}


_SETTINGS = {
    "scopes": ["openid", "email", "profile", "groups"],
    "email_claim": "email",
    "email_verified_claim": "email_verified",
    "groups_claim": "groups",
    "required_claims": {},
    "email_domains": ["example.org"],
    "rules": [_RULE],
    "create_people": True,
    "local_passwords": True,
    "on_removal": "offboard",
    "on_lost": "sessions",
    "check_minutes": 15,
}
_PROVIDER = {
    "id": "0195d3a0-7c1e-7b5a-9f00-3c8d5a000000",
    "slug": "okta",
    "title": "Okta",
    "kind": "okta",
    "issuer": "https://example.okta.com",
    "client_id": "0oa1b2c3",
    "client_auth": "client_secret_basic",
    "is_on": True,
    "settings": _SETTINGS,
    "version": 1,
    "created_at": "2026-03-01T08:00:00Z",
    "sign_in_url": "https://alerts.example.org/sign-in/with/okta",
    "redirect_uri": "https://alerts.example.org/sign-in/with/okta/callback",
    "logout_uri": "https://alerts.example.org/sign-in/with/okta/logout",
    "directory_url": "https://alerts.example.org/scim/v2",
    "has_directory_token": False,
}


class Rule(Asked):
    """What a group, a domain or a person gives; whom no rule gives a role does not get in."""

    model_config = example(_RULE)

    on: On
    value: Annotated[Text, Field(min_length=1, max_length=200)]
    role: Role | None = None
    companies: Annotated[list[UUID], Field(max_length=1_000)] = Field(default_factory=list)
    company_groups: Annotated[list[UUID], Field(max_length=1_000)] = Field(default_factory=list)


class SettingsGiven(Asked):
    """What is set of a provider; what is absent stays as it is, or as the kind has it."""

    model_config = example({"rules": [_RULE], "email_domains": ["example.org"]})

    scopes: _Words | None = None
    email_claim: Annotated[Text, Field(max_length=100)] | None = None
    email_verified_claim: Annotated[Text, Field(max_length=100)] | None = None
    groups_claim: Annotated[Text, Field(max_length=100)] | None = None
    required_claims: Annotated[dict[Text, _Words], Field(max_length=20)] | None = None
    email_domains: _Words | None = None
    rules: Annotated[list[Rule], Field(max_length=MOST_RULES)] | None = None
    create_people: Flag | None = None
    local_passwords: Flag | None = None
    on_removal: Removal | None = None
    on_lost: Removal | None = None
    check_minutes: Annotated[Whole, Field(ge=5, le=1440)] | None = None

    def given(self) -> dict[str, Any]:
        """The fields that the request set."""
        return self.model_dump(mode="json", exclude_none=True)


class ProviderAdded(Asked):
    """A provider to add."""

    model_config = example(
        {
            "slug": "okta",
            "title": "Okta",
            "kind": "okta",
            "issuer": "https://example.okta.com",
            "client_id": "0oa1b2c3",
            "client_secret": "…",
            "settings": {"rules": [_RULE]},
        }
    )

    slug: Annotated[Text, Field(min_length=1, max_length=40, description="its name in addresses")]
    title: Annotated[Text, Field(min_length=1, max_length=200)]
    kind: Kind = Kind.OTHER
    issuer: Annotated[Text, Field(min_length=1, max_length=500)]
    client_id: Annotated[Text, Field(min_length=1, max_length=255)]
    client_auth: ClientAuth = ClientAuth.BASIC
    client_secret: Annotated[str, Field(pattern=NO_NUL, max_length=LONGEST_SECRET)] = ""
    settings: SettingsGiven = Field(default_factory=SettingsGiven)


class ProviderChanged(Asked):
    """What to change of a provider; its issuer stays, since another one is another provider."""

    model_config = example({"is_on": False})

    title: Annotated[Text, Field(min_length=1, max_length=200)] | None = None
    client_id: Annotated[Text, Field(min_length=1, max_length=255)] | None = None
    client_auth: ClientAuth | None = None
    client_secret: Annotated[str, Field(pattern=NO_NUL, max_length=LONGEST_SECRET)] | None = None
    is_on: Flag | None = None
    settings: SettingsGiven = Field(default_factory=SettingsGiven)


class SettingsShown(Shown):
    """What is set of a provider."""

    model_config = example(_SETTINGS)

    scopes: list[str]
    email_claim: str
    email_verified_claim: str
    groups_claim: str
    required_claims: dict[str, list[str]]
    email_domains: list[str]
    rules: list[Rule]
    create_people: bool
    local_passwords: bool
    on_removal: Removal
    on_lost: Removal
    check_minutes: int


class ProviderShown(Shown):
    """A provider; its secrets are never shown."""

    model_config = example(_PROVIDER)

    id: UUID
    slug: str
    title: str
    kind: Kind
    issuer: str
    client_id: str
    client_auth: ClientAuth
    is_on: bool
    settings: SettingsShown
    version: int
    created_at: datetime
    sign_in_url: Annotated[str, Field(description="where a sign-in begins")]
    redirect_uri: Annotated[str, Field(description="to register at the provider, exactly so")]
    logout_uri: Annotated[str, Field(description="for its back-channel logout")]
    directory_url: Annotated[str, Field(description="for its directory (SCIM)")]
    has_directory_token: bool


class ProvidersShown(Shown):
    """All providers."""

    model_config = example({"items": [_PROVIDER]})

    items: list[ProviderShown]


class Tried(Shown):
    """What a provider publishes of itself."""

    model_config = example(
        {
            "issuer": "https://example.okta.com",
            "authorization_endpoint": "https://example.okta.com/oauth2/v1/authorize",
            "token_endpoint": "https://example.okta.com/oauth2/v1/token",
            "keys": 2,
        }
    )

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    keys: Annotated[int, Field(description="keys of it that can be used")]


class DirectoryToken(Shown):
    """A token for the provider's directory, which can be read this once."""

    model_config = example({"token": "awd_…", "directory_url": "https://alerts.example.org/scim/v2"})

    token: str
    directory_url: str


class Removed(Shown):
    """How many people were linked by the provider that was removed."""

    model_config = example({"unlinked": 12})

    unlinked: int


@router.get("", summary="Identity providers", responses=responses())
async def list_identity_providers(caller: Annotated[Caller, allow(Action.IDENTITY_PROVIDER_READ)]) -> ProvidersShown:
    found = await providers.list_providers(caller.desk.database)
    return ProvidersShown(items=[_show(one, caller) for one in found])


@router.post("", status_code=201, summary="Add an identity provider", responses=responses(409))
async def add_identity_provider(
    caller: Annotated[Caller, allow(Action.IDENTITY_PROVIDER_SET)], body: ProviderAdded
) -> ProviderShown:
    new = NewProvider(
        slug=body.slug,
        title=body.title,
        kind=body.kind,
        issuer=body.issuer,
        client_id=body.client_id,
        client_auth=body.client_auth,
        secret=body.client_secret,
        settings=body.settings.given(),
    )
    desk = caller.desk
    return _show(await providers.add_provider(desk.database, desk.vault, caller.by, new, now=caller.now), caller)


@router.get("/{slug}", summary="An identity provider", responses=responses(404))
async def show_identity_provider(
    caller: Annotated[Caller, allow(Action.IDENTITY_PROVIDER_READ)], slug: _Slug
) -> ProviderShown:
    return _show(await providers.get_provider(caller.desk.database, slug), caller)


@router.patch("/{slug}", summary="Change an identity provider", responses=responses(404, 409))
async def set_identity_provider(
    caller: Annotated[Caller, allow(Action.IDENTITY_PROVIDER_SET)], slug: _Slug, body: ProviderChanged
) -> ProviderShown:
    """Fields that are absent stay. People feel it at their next sign-in."""
    change = ProviderChange(
        title=body.title,
        client_id=body.client_id,
        client_auth=body.client_auth,
        secret=body.client_secret,
        is_on=body.is_on,
        settings=body.settings.given(),
    )
    desk = caller.desk
    changed = await providers.change_provider(desk.database, desk.vault, caller.by, slug, change, now=caller.now)
    return _show(changed, caller)


@router.delete("/{slug}", summary="Remove an identity provider", responses=responses(404))
async def remove_identity_provider(
    caller: Annotated[Caller, allow(Action.IDENTITY_PROVIDER_SET)], slug: _Slug
) -> Removed:
    """Sessions that it opened end, and so do the links of people to it; the people stay."""
    return Removed(unlinked=await providers.remove_provider(caller.desk.database, caller.by, slug, now=caller.now))


@router.post("/{slug}/try", summary="Ask an identity provider what it publishes", responses=responses(404))
async def try_identity_provider(caller: Annotated[Caller, allow(Action.IDENTITY_PROVIDER_TRY)], slug: _Slug) -> Tried:
    tried = await providers.try_provider(caller.desk.database, caller.desk.issuers, slug)
    return Tried(
        issuer=tried.metadata.issuer,
        authorization_endpoint=tried.metadata.authorization,
        token_endpoint=tried.metadata.token,
        keys=tried.keys,
    )


@router.post(
    "/{slug}/directory-token", status_code=201, summary="A token for its directory (SCIM)", responses=responses(404)
)
async def make_directory_token(
    caller: Annotated[Caller, allow(Action.DIRECTORY_TOKEN_SET)], slug: _Slug
) -> DirectoryToken:
    """It takes the place of any older one."""
    desk = caller.desk
    token = await providers.make_directory_token(desk.database, desk.vault, caller.by, slug, now=caller.now)
    return DirectoryToken(token=token, directory_url=f"{desk.public_url}{PREFIX}")


@router.delete(
    "/{slug}/directory-token", status_code=204, summary="End its directory's token", responses=responses(404)
)
async def end_directory_token(caller: Annotated[Caller, allow(Action.DIRECTORY_TOKEN_SET)], slug: _Slug) -> None:
    await providers.end_directory_token(caller.desk.database, caller.by, slug, now=caller.now)


def _show(provider: Provider, caller: Caller) -> ProviderShown:
    desk = caller.desk
    return ProviderShown(
        id=provider.id,
        **providers.shown(provider),
        version=provider.version,
        created_at=provider.created_at,
        sign_in_url=f"{desk.public_url}{path_of(provider.slug)}",
        redirect_uri=redirect_uri(desk, provider.slug),
        logout_uri=f"{desk.public_url}{path_of(provider.slug)}/logout",
        directory_url=f"{desk.public_url}{PREFIX}",
        has_directory_token=provider.scim_hash is not None,
    )
