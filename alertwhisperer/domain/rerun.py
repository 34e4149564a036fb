"""Rerun: what came of reading again what waited in quarantine."""

from uuid import UUID

import msgspec


class Left(msgspec.Struct, frozen=True):
    """A unit that was not taken out of quarantine, and why."""

    id: UUID
    what: str
    where: str = ""
    mend: str = ""


class Reran(msgspec.Struct):
    """
    What came of a round.

    Attributes:
        done: units that left quarantine.
        waiting: still cannot be read, or still belong to nobody.
        failed: could not be tried.
        next: the last unit of the round, when there are more behind it.
    """

    done: int = 0
    waiting: list[Left] = msgspec.field(default_factory=list)
    failed: list[Left] = msgspec.field(default_factory=list)
    next: UUID | None = None
