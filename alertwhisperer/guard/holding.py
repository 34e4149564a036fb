"""
What a person can hold here: ways in, and work that is theirs. Each kind says how it ends when the person leaves.

Whoever adds something that people hold adds its kind to `holdings.HOLDINGS`; a person then leaves nothing of it behind.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from alertwhisperer.domain.company import CompanyId
from alertwhisperer.domain.user import User
from alertwhisperer.store.database import Unit


@dataclass(frozen=True, slots=True)
class Leaving:
    """
    A person who leaves.

    Attributes:
        unit: of the installation, in a transaction that sees every company; its scope says who does it.
        user: as they were until now.
        heir: who gets what can be handed on, where they serve the company; None: nobody.
        companies: all there are, the MSP's own among them.
        now: aware UTC.
        why: in the words of whoever does it.
    """

    unit: Unit
    user: User
    heir: User | None
    companies: tuple[CompanyId, ...]
    now: datetime
    why: str

    def at(self, company_id: CompanyId) -> Unit:
        """The same transaction in the name of one company."""
        return self.unit.at(self.unit.scope.at(company_id))

    def heir_in(self, company_id: CompanyId) -> str | None:
        """The heir's e-mail, if they serve the company."""
        return self.heir.email if self.heir is not None and self.heir.serves(company_id) else None


class Holding(Protocol):
    """One kind of thing that a person holds."""

    @property
    def kind(self) -> str:
        """Its name in the plural, for people."""

    @property
    def fate(self) -> str:
        """What becomes of it: `ended`, `handed over`, …"""

    async def count(self, leaving: Leaving) -> int:
        """How many the person holds now; changes nothing."""

    async def let_go(self, leaving: Leaving) -> int:
        """End them or hand them on, each with its own audit entry where it has one; how many they were."""
