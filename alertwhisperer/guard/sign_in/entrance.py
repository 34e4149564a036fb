"""How an installation lets people in: what `app/` chose once, and everything else here is handed."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from alertwhisperer.domain.session import SessionLimits
from alertwhisperer.domain.user import Role, User
from alertwhisperer.guard.sign_in.passwords import Passwords
from alertwhisperer.guard.sign_in.sessions import SignedIn
from alertwhisperer.store.database import Unit

DeliverLink = Callable[[User, str], Awaitable[None]]
"""Sends a person the link that sets their password."""

MayUsePassword = Callable[[Unit, User], Awaitable[bool]]
"""Whether this person may sign in by a password at all; asked in the transaction that would let them in."""

ADMINS = frozenset({Role.MSP_ADMIN, Role.COMPANY_ADMIN})
EVERYBODY = frozenset(Role)
NOBODY: frozenset[Role] = frozenset()


async def everybody_may(unit: Unit, user: User) -> bool:
    """Nobody is bound to an identity provider."""
    return True


@dataclass(frozen=True, slots=True)
class Entrance:
    """
    The parts and choices of signing in.

    Attributes:
        second_factor_for: roles that must set one up before they may do anything else.
        deliver_link: None when no channel sends mail yet: whoever makes a link is shown it.
    """

    passwords: Passwords = field(default_factory=Passwords)
    limits: SessionLimits = SessionLimits()
    second_factor_for: frozenset[Role] = NOBODY
    deliver_link: DeliverLink | None = None
    may_use_password: MayUsePassword = everybody_may

    def owes(self, signed_in: SignedIn) -> str:
        """
        What a person must do before anything else: `password`, `second_factor`, or nothing (empty).

        Who came by an identity provider owes no second factor: asking for one is the provider's affair.
        """
        if signed_in.must_change:
            return "password"
        by_provider = signed_in.session.how.startswith("identity:")
        if signed_in.user.role in self.second_factor_for and not signed_in.has_second_factor and not by_provider:
            return "second_factor"
        return ""
