"""User: a person who may sign in, with one of the product's three roles."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from alertwhisperer.domain.company import CompanyId


class Role(StrEnum):
    """What a person is in the product."""

    MSP_ADMIN = "msp_admin"
    COMPANY_ADMIN = "company_admin"
    TECHNICIAN = "technician"


@dataclass(frozen=True, slots=True)
class User:
    """
    A person.

    Attributes:
        companies: those the person may see; ignored for an MSP admin, who may see all.
    """

    id: UUID
    email: str
    role: Role
    companies: frozenset[CompanyId]

    def serves(self, company_id: CompanyId) -> bool:
        """Whether the person may see this company at all."""
        return self.role is Role.MSP_ADMIN or company_id in self.companies


@dataclass(frozen=True, slots=True)
class TokenInfo:
    """
    What may be shown of a person's bearer token.

    Attributes:
        hint: its first characters.
        revoked_at: None while it is live.
    """

    id: UUID
    user_id: UUID
    hint: str
    created_at: datetime
    revoked_at: datetime | None
