"""User: a person who may sign in, with one of the product's roles; and by what means the person came in."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from alertwhisperer.domain.company import CompanyId

EVERYTHING = "*"
"""The scope of a means that allows whatever the person may do."""


class Role(StrEnum):
    """What a person is in the product."""

    MSP_ADMIN = "msp_admin"
    COMPANY_ADMIN = "company_admin"
    TECHNICIAN = "technician"
    READER = "reader"
    """A customer's own person who looks and changes nothing."""


@dataclass(frozen=True, slots=True)
class User:
    """
    A person.

    Attributes:
        companies: those that the person may see now, by name or through a group; empty for an MSP admin of all.
        groups: company groups that the person serves; a company that comes into one is served at once. An MSP admin
            with groups is restricted to their companies.
    """

    id: UUID
    email: str
    role: Role
    companies: frozenset[CompanyId]
    groups: frozenset[UUID] = frozenset()

    @property
    def serves_all(self) -> bool:
        """Whether the person serves every company and the installation itself."""
        return self.role is Role.MSP_ADMIN and not self.groups

    def serves(self, company_id: CompanyId) -> bool:
        """Whether the person may see this company at all."""
        return self.serves_all or company_id in self.companies


class MeansKind(StrEnum):
    """How somebody comes in."""

    MACHINE = "machine"
    """Whoever may type on the machine that the product runs on."""
    TOKEN = "token"  # noqa: S105  # a word, not a secret
    SESSION = "session"


@dataclass(frozen=True, slots=True)
class Means:
    """
    By what a person came in. It can narrow what the person may do, and never widens it.

    Attributes:
        id: the token's or the session's; None for the machine.
        scopes: `*`, `*.read`, `noun.*` or `noun.verb`; what none of them covers is refused.
        companies: the only ones that it reaches; None for all that the person serves.
        expires_at: when it ends by itself, aware UTC; None when that is not its business.
    """

    kind: MeansKind
    id: UUID | None = None
    scopes: frozenset[str] = frozenset({EVERYTHING})
    companies: frozenset[CompanyId] | None = None
    expires_at: datetime | None = None

    def covers(self, action: str) -> bool:
        """Whether one of the scopes allows this action (`noun.verb`)."""
        noun, _, verb = action.partition(".")
        return not self.scopes.isdisjoint({EVERYTHING, f"*.{verb}", f"{noun}.*", action})

    def reaches(self, company_id: CompanyId) -> bool:
        """Whether it may be used for this company."""
        return self.companies is None or company_id in self.companies


AT_THE_MACHINE = Means(MeansKind.MACHINE)
"""Narrows nothing."""


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who came in: who it is, and by what means."""

    user: User
    means: Means

    def serves(self, company_id: CompanyId) -> bool:
        """Whether this person, by this means, may see the company at all."""
        return self.user.serves(company_id) and self.means.reaches(company_id)


@dataclass(frozen=True, slots=True)
class TokenInfo:
    """
    What may be shown of a person's bearer token.

    Attributes:
        hint: its first characters.
        revoked_at: None while it is live.
        name: what its owner calls it.
        scopes: what it allows of what the person may do (`Means.scopes`).
        companies: the only ones that it reaches; None for all that the person serves.
        expires_at: from then on it is refused, aware UTC.
        last_used_at: to the minute; None when it never was.
    """

    id: UUID
    user_id: UUID
    hint: str
    created_at: datetime
    revoked_at: datetime | None
    name: str
    scopes: frozenset[str]
    companies: frozenset[CompanyId] | None
    expires_at: datetime
    last_used_at: datetime | None = None
