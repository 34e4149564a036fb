"""
Identity provider: who else may say who a person is, and what follows from what it says.

An identity is a provider and the subject it names, never an e-mail: addresses are given to somebody else in time.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Annotated
from uuid import UUID

import msgspec

from alertwhisperer.domain.errors import Forbidden
from alertwhisperer.domain.user import Role

MOST_RULES = 500
MOST_GROUPS = 2_000
"""Groups of one person that are read; a token with more of them would not fit through any proxy."""
SLUG = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?")

Word = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
Claim = Annotated[str, msgspec.Meta(max_length=100)]


class ClientAuth(StrEnum):
    """How the product shows the provider that it is the client."""

    BASIC = "client_secret_basic"
    POST = "client_secret_post"
    NONE = "none"
    """A public client: the proof of possession (PKCE) alone binds the code."""


class Kind(StrEnum):
    """Whose provider it is; chooses what the settings begin with."""

    ENTRA = "entra"
    GOOGLE = "google"
    OKTA = "okta"
    KEYCLOAK = "keycloak"
    OTHER = "other"


class On(StrEnum):
    """What a mapping rule looks at."""

    GROUP = "group"
    """A group that the provider says the person is in, by the name or id it is told by."""
    DOMAIN = "domain"
    """The domain of the person's verified e-mail."""
    PERSON = "person"
    """The person's verified e-mail."""


class Removal(StrEnum):
    """What is done when the provider says that a person is gone."""

    SESSIONS = "sessions"
    """Sessions that the provider opened end, and it opens no other."""
    OFFBOARD = "offboard"
    """Everything of the person ends, and what they held is handed on."""


class MappingRule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """
    What one group, domain or person gives.

    Attributes:
        on: what it looks at.
        value: the group, domain or e-mail, whole; domains and e-mails in any case.
        role: None gives none, and companies only.
        companies: that the person serves by it.
        company_groups: of whose companies, as they are at each moment, the same.
    """

    on: On
    value: Word
    role: Role | None = None
    companies: tuple[UUID, ...] = ()
    company_groups: tuple[UUID, ...] = ()


class ProviderSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """
    What an MSP admin chooses of a provider.

    Attributes:
        scopes: asked for at each sign-in; `offline_access` lets the product look again between them.
        email_claim: which claim has the address.
        email_verified_claim: which claim says that the address is the person's; empty believes the provider's word for
            all of them, which is right only where nobody but its administrator writes addresses.
        groups_claim: which claim has the groups.
        required_claims: claims that must have one of these values (Google's `hd`, Entra's `tid`).
        email_domains: whose addresses may come in; empty takes all.
        rules: who gets what; whom none gives a role does not get in.
        create_people: whether somebody new is let in at the first sign-in, or an admin must link them before.
        local_passwords: whether people who are linked here may still sign in by a password of ours.
        on_removal: what follows when the provider's directory says that a person is gone (SCIM).
        on_lost: what follows when it answers no more for a person, or no rule lets them in any more.
        check_minutes: how often that is looked at, for people who left a refresh token.
    """

    scopes: tuple[Word, ...] = ("openid", "email", "profile")
    email_claim: Claim = "email"
    email_verified_claim: Claim = "email_verified"
    groups_claim: Claim = "groups"
    required_claims: Mapping[str, tuple[str, ...]] = {}
    email_domains: tuple[Word, ...] = ()
    rules: Annotated[tuple[MappingRule, ...], msgspec.Meta(max_length=MOST_RULES)] = ()
    create_people: bool = True
    local_passwords: bool = True
    on_removal: Removal = Removal.OFFBOARD
    on_lost: Removal = Removal.SESSIONS
    check_minutes: Annotated[int, msgspec.Meta(ge=5, le=1440)] = 15


SETTINGS_OF: Mapping[Kind, ProviderSettings] = {
    Kind.ENTRA: ProviderSettings(email_verified_claim="xms_edov"),
    Kind.GOOGLE: ProviderSettings(),
    Kind.OKTA: ProviderSettings(scopes=("openid", "email", "profile", "groups")),
    Kind.KEYCLOAK: ProviderSettings(),
    Kind.OTHER: ProviderSettings(),
}
"""What the settings begin with; `docs/sign-in.md` says what to set at each provider."""

SUBJECT_OF: Mapping[Kind, tuple[str, ...]] = {
    # Entra's `sub` is another one for each client; tenant and object id are what its directory and SCIM know.
    Kind.ENTRA: ("tid", "oid"),
    Kind.GOOGLE: ("sub",),
    Kind.OKTA: ("sub",),
    Kind.KEYCLOAK: ("sub",),
    Kind.OTHER: ("sub",),
}
"""The claims that together are the subject; the last is the person's own id."""


@dataclass(frozen=True, slots=True)
class Provider:
    """
    An identity provider.

    Attributes:
        slug: its name in addresses and in the audit log.
        issuer: its own name for itself, exactly; never changed, since subjects are only told apart within it.
        secret: the client's, sealed; None for a public client.
        version: counts changes.
        scim_hash: of the token that its directory calls us with; None when there is none.
    """

    id: UUID
    slug: str
    title: str
    kind: Kind
    issuer: str
    client_id: str
    client_auth: ClientAuth
    is_on: bool
    settings: ProviderSettings
    version: int
    created_at: datetime
    secret: bytes | None = field(default=None, repr=False)
    scim_hash: UUID | None = field(default=None, repr=False)

    @property
    def actor(self) -> str:
        """Who acts when the provider does, as the audit log says."""
        return f"identity:{self.slug}"


@dataclass(frozen=True, slots=True)
class Proven:
    """
    Who somebody is, as a provider has just shown.

    Attributes:
        subject: unique within the provider.
        own_id: the part of it that the provider's directory knows the person by.
        email: lower case, only when the provider says that it is the person's; else empty.
        groups: as the provider told them.
        session: the provider's own name for the session there (`sid`); empty when it has none.
        refresh_token: for looking again; empty when there is none.
    """

    subject: str
    own_id: str
    email: str
    groups: frozenset[str]
    session: str = ""
    refresh_token: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Identity:
    """
    That a person of ours is a subject of a provider.

    Attributes:
        groups: as the provider told them last.
        has_refresh_token: whether it is looked at between sign-ins.
    """

    id: UUID
    provider_id: UUID
    subject: str
    own_id: str
    user_id: UUID
    email: str
    groups: frozenset[str]
    linked_at: datetime
    seen_at: datetime | None
    has_refresh_token: bool


class Refusal(StrEnum):
    """Why somebody who comes by a provider is not let in; each with what the person is told."""

    told: str

    def __new__(cls, value: str, told: str = "") -> "Refusal":
        """A reason: its name in logs, and the sentence for the person."""
        member = str.__new__(cls, value)
        member._value_ = value
        member.told = told
        return member

    NO_PROVIDER = "no_provider", "There is no such way to sign in."
    NOT_BEGUN = "not_begun", "This sign-in was not begun in this browser, or too long ago. Begin again."
    REPLAYED = "replayed", "This sign-in was used already. Begin again."
    WRONG_STATE = "wrong_state", "This answer belongs to another sign-in. Begin again."
    WRONG_ISSUER = "wrong_issuer", "The answer came from another provider than the one that was asked. Begin again."
    DECLINED = "declined", "The provider did not sign you in."
    BAD_ANSWER = "bad_answer", "The provider's answer could not be trusted. Ask your administrator."
    UNREACHABLE = "unreachable", "The provider does not answer at the moment. Try again."
    CLAIM_MISSING = "claim_missing", "Your account at the provider is not of the organisation that may come in."
    DOMAIN = "domain", "Addresses of your domain may not come in, or the provider has not verified yours."
    NO_RULE = "no_rule", "No group of yours gives access here. Ask your administrator."
    NO_COMPANY = "no_company", "Your groups name no company that you would serve. Ask your administrator."
    NO_EMAIL = "no_email", "The provider tells no verified e-mail address of yours, and an account needs one."
    NOT_LINKED = "not_linked", "Your administrator has not let you in yet."
    EMAIL_TAKEN = (
        "email_taken",
        (
            "There is an account with your e-mail address already. "
            "Sign in to it and link it, or ask your administrator to."
        ),
    )
    REMOVED = "removed", "The provider's directory says that your account is gone."
    ALREADY_LINKED = "already_linked", "This account of the provider belongs to another person here."


class NotLetIn(Forbidden):
    """Somebody came by a provider and does not get in."""

    def __init__(self, why: Refusal) -> None:
        super().__init__(why.told, where="provider")
        self.why = why
