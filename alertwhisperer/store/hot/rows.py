"""
The rows that one batch writes, a type each; their fields are the columns of `write.sql` in their order.

A column there is called `:<prefix>_<field>`; that they agree is checked when this package is imported.
"""

from datetime import datetime
from typing import NamedTuple


class DeliveryRow(NamedTuple):
    """A row of `delivery`."""

    company: bytes
    id: bytes
    integration: bytes
    received_at: datetime
    source: str
    parser: int
    settings: int
    status: int
    received: int
    flagged: bool
    request: str | None
    body: bytes


class OccurrenceRow(NamedTuple):
    """A row of `occurrence`."""

    company: bytes
    id: bytes
    integration: bytes
    place: int
    received_at: datetime
    kind: int
    severity: int | None
    outcome: int
    reason: int
    problem: bytes | None
    cycle: bytes | None
    started: datetime | None
    ended: datetime | None
    rules: int
    alert: bytes | None
    incident: bytes | None
    content: str | None


class StateRow(NamedTuple):
    """A row of `alert_state`, new or changed."""

    company: bytes
    problem: bytes
    alert: bytes | None
    incident: bytes | None
    status: int
    severity: int
    pinned: bool
    counted: int
    cycle: bytes | None
    started: datetime | None
    ended: datetime | None
    seen: datetime
    content: bytes


class IncidentStateRow(NamedTuple):
    """What changes of a row of `incident_state`."""

    company: bytes
    incident: bytes
    status: int
    severity: int
    current: bool
    person: bool
    firing: int
    alerts: int
    occurrences: int
    opened: datetime | None
    activity: datetime
    resolved: datetime | None


class NewIncidentStateRow(NamedTuple):
    """A whole row of `incident_state`."""

    company: bytes
    incident: bytes
    status: int
    severity: int
    current: bool
    person: bool
    fixed: bool
    window: int
    hold: int
    reopen: int
    life: int
    least: int
    firing: int
    alerts: int
    occurrences: int
    began: datetime
    opened: datetime | None
    activity: datetime
    resolved: datetime | None


class KeyRow(NamedTuple):
    """A row of `correlation_key`, new or changed."""

    company: bytes
    key: bytes
    incident: bytes


class IncidentRow(NamedTuple):
    """A row of `incident`."""

    company: bytes
    id: bytes
    title: str
    rule: str
    name: str
    version: int
    key: str
    opened: datetime


class AlertRow(NamedTuple):
    """A row of `alert`."""

    company: bytes
    id: bytes
    integration: bytes
    problem: bytes
    incident: bytes | None
    source: str
    asset: str
    name: str
    signature: str
    message: str
    labels: str
    links: str
    severity: int
    status: int
    counted: int
    started: datetime
    ended: datetime | None
    first: datetime
    last: datetime


class AssetNameRow(NamedTuple):
    """A row of `asset_name`, of a name that an alert came with."""

    company: bytes
    name: str
    shown: str
    source: str
    at: datetime


class AlertChangeRow(NamedTuple):
    """What changes of a row of `alert`; None leaves what is there."""

    company: bytes
    id: bytes
    incident: bytes | None
    asset: str | None
    name: str | None
    signature: str | None
    message: str | None
    labels: str | None
    links: str | None
    severity: int | None
    status: int | None
    counted: int | None
    ended: datetime | None
    seen: datetime | None


class ReceiptRow(NamedTuple):
    """A row of `receipt`."""

    company: bytes
    id: bytes
    facts: str


class QuarantineRow(NamedTuple):
    """A row of `quarantine`."""

    company: bytes
    id: bytes
    delivery: bytes
    integration: bytes
    at: datetime
    reason: str
    what: str
    place: str
    mend: str
    subject: str | None
    severity: int | None
    summary: str | None


class ActionRow(NamedTuple):
    """A row of `source_action`."""

    company: bytes
    id: bytes
    integration: bytes
    kind: str
    subject: str
    secret: bytes
    state: str
    at: datetime


class DueRow(NamedTuple):
    """A row of `due_work`."""

    company: bytes
    kind: str
    subject: bytes
    due: datetime


class LedgerRow(NamedTuple):
    """A row of `ledger_count`."""

    company: bytes
    id: bytes
    at: datetime
    accepted: int
    duplicate: int
    received: int
    new: int
    repeat: int
    resolve: int
    stale: int
    noted: int
    rejected: int
    quarantined: int
    pending: int
    firing: int


class SuppressionRow(NamedTuple):
    """A row of `suppression`."""

    company: bytes
    id: bytes
    window: bytes
    alert: bytes
    incident: bytes
    severity: int
    asset: str
    signature: str
    at: datetime
    rule: str
    name: str
    version: int
    key: str


class LiveRow(NamedTuple):
    """A row of `live_change`."""

    company: bytes
    id: bytes
    at: datetime
    kind: int
    subjects: bytes


class Rows:
    """
    What one batch writes.

    New rows whose identity another process may be making too (`new_states`, `new_keys`, `asset_names`) must be sorted
    by identity, so that two processes wait for each other and never lock up.
    """

    def __init__(self) -> None:
        self.deliveries: list[DeliveryRow] = []
        self.occurrences: list[OccurrenceRow] = []
        self.changed_states: list[StateRow] = []
        self.new_states: list[StateRow] = []
        self.changed_incident_states: list[IncidentStateRow] = []
        self.new_incident_states: list[NewIncidentStateRow] = []
        self.changed_keys: list[KeyRow] = []
        self.new_keys: list[KeyRow] = []
        self.incidents: list[IncidentRow] = []
        self.alerts: list[AlertRow] = []
        self.asset_names: list[AssetNameRow] = []
        self.alert_changes: list[AlertChangeRow] = []
        self.receipts: list[ReceiptRow] = []
        self.quarantine: list[QuarantineRow] = []
        self.actions: list[ActionRow] = []
        self.due: list[DueRow] = []
        self.ledger: list[LedgerRow] = []
        self.suppressions: list[SuppressionRow] = []
        self.live: list[LiveRow] = []


PARTS: tuple[tuple[str, str, type[tuple[object, ...]]], ...] = (
    ("d", "deliveries", DeliveryRow),
    ("o", "occurrences", OccurrenceRow),
    ("su", "changed_states", StateRow),
    ("sn", "new_states", StateRow),
    ("nu", "changed_incident_states", IncidentStateRow),
    ("nn", "new_incident_states", NewIncidentStateRow),
    ("ku", "changed_keys", KeyRow),
    ("kn", "new_keys", KeyRow),
    ("in", "incidents", IncidentRow),
    ("an", "alerts", AlertRow),
    ("nm", "asset_names", AssetNameRow),
    ("au", "alert_changes", AlertChangeRow),
    ("r", "receipts", ReceiptRow),
    ("q", "quarantine", QuarantineRow),
    ("x", "actions", ActionRow),
    ("t", "due", DueRow),
    ("l", "ledger", LedgerRow),
    ("s", "suppressions", SuppressionRow),
    ("v", "live", LiveRow),
)
"""Prefix in `write.sql`, attribute of `Rows`, type of its rows; in the statement's order."""
