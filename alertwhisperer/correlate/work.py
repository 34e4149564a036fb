"""
What travels through the core: an item to decide, its decision, and the working copy of the rows that a batch locked.

`Work` is mutable on purpose: it belongs to one batch, notes which rows changed, and is written once.
"""

from datetime import datetime

import msgspec

from alertwhisperer.correlate.rules import Matched
from alertwhisperer.correlate.windows import Holding
from alertwhisperer.domain.occurrence import Content
from alertwhisperer.domain.outcome import Outcome, Reason
from alertwhisperer.domain.state import AlertState, IncidentState


class Changed(Exception):
    """The rows that were read no longer fit each other: another process moved on. Read again and decide again."""


class Item(msgspec.Struct, gc=False):
    """
    One occurrence on its way to a decision.

    Attributes:
        id, company, integration, problem, cycle, content_hash: 16 bytes each; `problem` is a hash that includes the
            integration, `cycle` is None when the tool has none.
        severity: as the tool said; None when it did not.
        started_at, ended_at: as the tool said.
        matched: rule and key; None for occurrences that are only noted.
        encoded: the content as stored (JSON text).
        window: the maintenance window that holds a firing back.
    """

    id: bytes
    company: bytes
    integration: bytes
    kind: int
    severity: int | None
    problem: bytes
    cycle: bytes | None
    started_at: datetime | None
    ended_at: datetime | None
    received_at: datetime
    rules_version: int
    matched: Matched | None
    content: Content
    content_hash: bytes
    encoded: str
    window: Holding | None = None


class Decision(msgspec.Struct, gc=False):
    """What became of an item; `receipt` only where more than the reason is worth keeping."""

    item: Item
    outcome: Outcome
    reason: Reason
    alert_id: bytes | None = None
    incident_id: bytes | None = None
    receipt: str | None = None
    keep_content: bool = False


class Opened(msgspec.Struct, gc=False):
    """An incident that opened: the row that people will see."""

    company: bytes
    incident_id: bytes
    title: str
    matched: Matched
    rules_version: int
    opened_at: datetime


class Suppressed(msgspec.Struct, gc=False):
    """A firing that a maintenance window held back: a row of what was hidden, and by what."""

    item: Item
    window: Holding
    alert_id: bytes
    incident_id: bytes
    severity: int


class Work:
    """
    The working copy of one batch: rows as they were read, and which of them changed.

    Args:
        alerts: states by problem; incidents: by incident id; keys: incident id by correlation key. Only those rows that
            the batch can touch; absent means that there is none.
    """

    def __init__(
        self, alerts: dict[bytes, AlertState], incidents: dict[bytes, IncidentState], keys: dict[bytes, bytes]
    ) -> None:
        self.alerts = alerts
        self.incidents = incidents
        self.keys = keys
        self.company_of: dict[bytes, bytes] = {}  # of every changed row's identity
        self.new_alerts: set[bytes] = set()  # problems
        self.changed_alerts: set[bytes] = set()
        self.new_incidents: set[bytes] = set()
        self.changed_incidents: set[bytes] = set()
        self.new_keys: set[bytes] = set()
        self.changed_keys: set[bytes] = set()
        self.opened: list[Opened] = []
        self.begun: dict[bytes, Item] = {}  # alert id → the item that began it
        self.closed: dict[bytes, AlertState] = {}  # alert id → its last figures, when a new cycle replaces it
        self.retold: dict[bytes, Item] = {}  # alert id → item whose content replaces the alert's
        self.moved: dict[bytes, bytes] = {}  # alert id → incident it moved to
        self.due: dict[bytes, datetime] = {}  # incident id → when to see whether it may resolve
        self.suppressed: list[Suppressed] = []
        self.held: dict[bytes, datetime] = {}  # incident id → when to see whether its window lets it open

    def touch_alert(self, item: Item) -> None:
        """Mark the item's problem as changed."""
        self.changed_alerts.add(item.problem)
        self.company_of[item.problem] = item.company

    def touch_incident(self, item: Item, incident_id: bytes) -> IncidentState:
        """Mark an incident as changed and give it; raises `Changed` when it was not among the rows read."""
        incident = self.incidents.get(incident_id)
        if incident is None:
            raise Changed
        self.changed_incidents.add(incident_id)
        self.company_of[incident_id] = item.company
        return incident
