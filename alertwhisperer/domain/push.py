"""Web push: a device that is told of incidents that nobody took, what it is told, and how much at once."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from alertwhisperer.domain.company import CompanyId
from alertwhisperer.domain.severity import Severity


@dataclass(frozen=True, slots=True)
class Address:
    """
    Where a browser is reached, as it said itself.

    Attributes:
        endpoint: URL at its push service.
        p256dh: its public key, an uncompressed point of P-256.
        auth: 16 random bytes of its own.
    """

    endpoint: str
    p256dh: bytes
    auth: bytes


@dataclass(frozen=True, slots=True)
class Subscription:
    """
    A device.

    Attributes:
        device: as its person calls it.
        host: of its push service.
        address_hash: keyed, of its endpoint: the same device again is known by it.
        sealed: its address, as the vault sealed it.
        severities: of incidents that it is told of.
        with_text: whether an incident's title may stand on its lock screen.
        last_at: when a push service last took something for it.
    """

    id: UUID
    user_id: UUID
    device: str
    host: str
    address_hash: UUID
    sealed: bytes
    severities: tuple[Severity, ...]
    with_text: bool
    created_at: datetime
    last_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Candidate:
    """An incident that nobody took, and a device that has not been told of it."""

    company_id: CompanyId
    incident_id: UUID
    subscription_id: UUID
    severity: Severity


@dataclass(frozen=True, slots=True)
class Planned:
    """A candidate, and how many others its notice speaks for; None: another one speaks for it."""

    candidate: Candidate
    more: int | None


def plan(candidates: Sequence[Candidate], *, room: int) -> tuple[Planned, ...]:
    """
    What one device is told: the worst and oldest each by itself, and the rest, if there is one, by one last notice.

    Args:
        candidates: of one device.
        room: notices that it may get now. When there is none, the candidates wait until there is.
    """
    if room <= 0:
        return ()
    ranked = sorted(candidates, key=lambda one: (-one.severity, one.incident_id))
    alone = len(ranked) if len(ranked) <= room else room - 1
    said = [Planned(one, 0) for one in ranked[:alone]]
    rest = ranked[alone:]
    said += [Planned(one, len(rest) - 1) for one in rest[:1]]
    return (*said, *(Planned(one, None) for one in rest[1:]))


KEY_CONTEXT = "push/key"
"""The vault's context of the installation's private key."""


def address_context(address_hash: UUID) -> str:
    """The vault's context of where a device is reached."""
    return f"push/device/{address_hash}/address"
