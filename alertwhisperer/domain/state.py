"""
The state that correlation decides on: one value per problem and one per incident, as the hot tables hold them.

Ids are 16 raw bytes here, not UUID objects: a batch touches thousands of them, and only the doors need the long form.
The two classes are mutable on purpose: they are the working copy of locked rows inside one batch, never shared.
"""

from datetime import datetime
from enum import IntEnum

import msgspec


class AlertStatus(IntEnum):
    """Whether the problem holds now."""

    FIRING = 1
    RESOLVED = 2

    @property
    def word(self) -> str:
        """The name that doors show."""
        return self.name.lower()


class IncidentStatus(IntEnum):
    """Where an incident is in its life."""

    HELD = 0  # a maintenance window keeps it from opening; no incident yet for people
    FORMING = 1  # below its rule's least count; no incident yet for people
    OPEN = 2
    RESOLVED = 3
    MERGED = 4

    @property
    def word(self) -> str:
        """The name that doors show."""
        return self.name.lower()

    @property
    def is_shown(self) -> bool:
        """Whether people see it as an incident."""
        return self >= IncidentStatus.OPEN


class AlertState(msgspec.Struct, gc=False):
    """One problem of one integration (table `alert_state`); attributes are its columns."""

    alert_id: bytes | None
    incident_id: bytes | None
    status: int
    severity: int
    pinned: bool
    count: int
    cycle: bytes | None
    started_at: datetime | None
    ended_at: datetime | None
    last_seen_at: datetime
    content: bytes


class IncidentState(msgspec.Struct, gc=False):
    """One incident's moving parts (table `incident_state`); attributes are its columns."""

    status: int
    severity: int
    is_current: bool
    by_person: bool
    fixed_window: bool
    window_s: int
    hold_s: int
    reopen_s: int
    life_s: int
    least_count: int
    firing: int
    alerts: int
    occurrences: int
    began_at: datetime
    opened_at: datetime | None
    activity_at: datetime
    resolved_at: datetime | None
