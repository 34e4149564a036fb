"""Live change: that something of a company is not any more what a watcher last saw."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import IntEnum
from types import MappingProxyType
from uuid import UUID

from alertwhisperer.domain.company import CompanyId


class ChangeKind(IntEnum):
    """What kind of thing changed; numbers are stored."""

    INCIDENT = 1
    APPROVAL = 2
    RUN = 3
    ALERT = 4
    KPI = 5
    OUTPUT = 6
    """Of a script that is under way; its id is the act's."""

    @property
    def word(self) -> str:
        """Its name outside."""
        return self.name.lower()


IMPLIED: Mapping[ChangeKind, tuple[ChangeKind, ...]] = MappingProxyType(
    {
        ChangeKind.INCIDENT: (ChangeKind.ALERT, ChangeKind.KPI),
        ChangeKind.RUN: (ChangeKind.KPI,),
        ChangeKind.ALERT: (ChangeKind.KPI,),
    }
)
"""What of the company has changed as well, as a whole: figures never change by themselves, and nobody stores that."""


@dataclass(frozen=True, slots=True)
class Change:
    """
    Things of one kind of one company, changed in one transaction.

    Attributes:
        ids: none for alerts: a storm would name thousands, and whoever lists them reads the list anew.
    """

    company_id: CompanyId
    kind: ChangeKind
    ids: tuple[UUID, ...]


def pack(ids: Iterable[bytes]) -> bytes:
    """Ids of 16 bytes, as `live_change` stores them."""
    return b"".join(ids)


def unpack(subjects: bytes) -> tuple[UUID, ...]:
    """What `pack` packed."""
    return tuple(UUID(bytes=subjects[place : place + 16]) for place in range(0, len(subjects), 16))
