"""What the audit log needs to seal its entries; a unit of work carries it, `guard/audit/sealing.py` is the one."""

from typing import Protocol
from uuid import UUID

import msgspec

from alertwhisperer.domain.company import CompanyId


class SealedKey(msgspec.Struct, frozen=True):
    """A subject's key as it is stored; `mark` says which one it is without giving it away."""

    mark: UUID
    sealed: bytes


class OpenKey(msgspec.Struct, frozen=True):
    """A subject's key, ready to use."""

    mark: UUID
    key: bytes


class Sealed(msgspec.Struct, frozen=True):
    """A text under a key, and the salted hash of it that the chain holds."""

    cipher: bytes
    commitment: bytes


class Sealer(Protocol):
    """Keys of companies and persons, and what is sealed with them."""

    def fresh(self, company_id: CompanyId, subject: UUID) -> SealedKey:
        """A new key of a subject."""
        ...

    def opened(self, company_id: CompanyId, subject: UUID, key: SealedKey) -> OpenKey:
        """The key, opened."""
        ...

    def known(self, company_id: CompanyId, subject: UUID) -> OpenKey | None:
        """The key that was opened before and kept, if any."""
        ...

    def keep(self, company_id: CompanyId, subject: UUID, key: OpenKey | None) -> None:
        """Keep a key that is known to be committed; None forgets it."""
        ...

    def seal(self, key: OpenKey, text: bytes, place: bytes) -> Sealed:
        """Seal a text for one place in the log."""
        ...

    def unseal(self, key: OpenKey, cipher: bytes, place: bytes) -> tuple[bytes, bytes]:
        """Salt and text of a sealed one; raises `Permanent` when it was altered."""
        ...
