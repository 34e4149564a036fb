"""Company: our tenant; and the scope that every store call is made in."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import NewType
from uuid import UUID

CompanyId = NewType("CompanyId", UUID)

INSTALLATION = CompanyId(UUID(int=0))
"""Stands for the installation itself where an act concerns no company (the audit log of adding a user)."""


@dataclass(frozen=True, slots=True)
class Scope:
    """
    For whom something is done, and by whom.

    Made at the doors only: the gateway (from the key), the API (from the token), the command line, the worker (from
    the row). A unit of work sees this company and no other.

    Attributes:
        company_id: the one company that the work may see and change.
        actor: who does it, as the audit log will say: an e-mail, `cli:<user>`, `integration:<id>`, `timer`.
        trace_id: joins log lines of one request.
        user_id: the person, where the actor is one.
        ip: the address that the person called from; empty for the command line and for timers.
    """

    company_id: CompanyId
    actor: str
    trace_id: str = ""
    user_id: UUID | None = None
    ip: str = ""

    def at(self, company_id: CompanyId) -> "Scope":
        """The same person or part, in the name of another company."""
        return replace(self, company_id=company_id)


@dataclass(frozen=True, slots=True)
class Company:
    """
    A company that the MSP serves.

    Attributes:
        time_zone: IANA name; days of figures and reports are this zone's.
        requests_per_minute: webhook requests admitted, with a burst of the same; likewise the next two.
        occurrences_per_minute: members of their bodies.
        bytes_per_minute: of their bodies, decompressed.
        created_at: aware UTC.
        ref: the MSP's own name for it, such as a customer number; no two companies share one.
        group_id: of the group that it inherits settings from.
    """

    id: CompanyId
    name: str
    time_zone: str
    requests_per_minute: int
    occurrences_per_minute: int
    bytes_per_minute: int
    created_at: datetime
    ref: str | None = None
    group_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Group:
    """
    Companies that share settings; a company is in at most one.

    Attributes:
        companies: how many are in it.
        created_at: aware UTC.
    """

    id: UUID
    name: str
    companies: int
    created_at: datetime
