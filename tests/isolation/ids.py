"""Who the twins are, and the ids that both have, that one alone has, and that nobody has."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID, uuid5

from alertwhisperer.kit.ids import KIND_ALERT, KIND_INCIDENT, KIND_OCCURRENCE, delivery_id_int, member

OURS, THEIRS, NOBODY = (UUID(int=0x0195_0000_0000_7000_8000_0000_0000_0000 + number) for number in (2, 1, 3))
"""The company that asks, its twin (written first, so that what takes any row takes its row), and one without rows."""

_SPACE = UUID("5b1f7f4e-0d7c-4c55-9a2b-7f2d1b6f0a11")


@dataclass(frozen=True)
class Ids:
    """A set of ids that belong together; `name` makes them, so that equal names are equal ids."""

    name: str
    now: datetime
    later: int

    def _member(self, kind: int) -> UUID:
        entropy = uuid5(_SPACE, self.name).bytes[:10]
        at_ms = int(self.now.timestamp() * 1000) + self.later
        return UUID(int=member(delivery_id_int(at_ms, lambda _: entropy), kind, 0))

    @property
    def delivery(self) -> UUID:
        return self._member(0)

    @property
    def occurrence(self) -> UUID:
        return self._member(KIND_OCCURRENCE)

    @property
    def alert(self) -> UUID:
        return self._member(KIND_ALERT)

    @property
    def incident(self) -> UUID:
        return self._member(KIND_INCIDENT)

    def other(self, what: str) -> UUID:
        """Any other id: of a problem, a key, an integration, …"""
        return uuid5(_SPACE, f"{self.name} {what}")


@dataclass(frozen=True)
class Twins:
    """
    What is in the database.

    Attributes:
        twin: ids that both have; theirs: that the second alone has; past: an alert whose problem has no state with us
            and one with them; nowhere: that nobody has.
    """

    now: datetime
    twin: Ids
    ours: Ids
    theirs: Ids
    past: Ids
    nowhere: Ids


def spare(name: str, now: datetime) -> Ids:
    """Ids of more assets that both have: `below` all others, and `merged` into the twin."""
    return Ids(name, now, 20)


def version_of(ids: Ids) -> int:
    """Of rules and settings; theirs is the newest of all."""
    return {"twin": 1, "theirs": 9}.get(ids.name, 7)
