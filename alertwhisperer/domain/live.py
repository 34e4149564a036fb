"""Live change: that something of a company is not any more what a watcher last saw."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum
from uuid import UUID

from alertwhisperer.domain.company import CompanyId


class ChangeKind(IntEnum):
    """What kind of thing changed; numbers are stored."""

    INCIDENT = 1
    APPROVAL = 2
    RUN = 3
    OUTPUT = 4
    """Of a script that is under way; its id is the act's."""

    @property
    def word(self) -> str:
        """Its name outside."""
        return self.name.lower()


@dataclass(frozen=True, slots=True)
class Change:
    """Things of one kind of one company, changed in one transaction."""

    company_id: CompanyId
    kind: ChangeKind
    ids: tuple[UUID, ...]


def pack(ids: Iterable[bytes]) -> bytes:
    """Ids of 16 bytes, as `live_change` stores them."""
    return b"".join(ids)


def unpack(subjects: bytes) -> tuple[UUID, ...]:
    """What `pack` packed."""
    return tuple(UUID(bytes=subjects[place : place + 16]) for place in range(0, len(subjects), 16))
