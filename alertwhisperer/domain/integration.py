"""Integration: one tool of one company that may send to us, with the keys that prove it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal
from uuid import UUID

from alertwhisperer.domain.company import CompanyId

MOST_LIVE_KEYS = 2
"""Two, so that a key can be changed on the tool's side without a gap."""

APPROVED_TOPICS = "approved_topics"
"""The setting that keeps what a person approved; a source that needs approvals declares it."""

OWN_SOURCE = "alertwhisperer"
"""What alerts that we raise ourselves give as their source: a silent integration, an unmapped customer."""

Scheme = Literal["alertwhisperer", "standard"]
"""How deliveries are signed: `X-Signature`, or Standard Webhooks."""


@dataclass(frozen=True, slots=True)
class KeyInfo:
    """
    What may be shown of an API key.

    Attributes:
        hint: its first characters.
        revoked_at: None while it is live.
    """

    id: UUID
    integration_id: UUID
    hint: str
    created_at: datetime
    revoked_at: datetime | None


@dataclass(frozen=True, slots=True)
class Integration:
    """
    One tool of one company.

    Attributes:
        source: slug of its source.
        scheme: how its deliveries are signed.
        require_signature: whether an unsigned delivery is refused.
        settings: what was set, checked by the source; what is absent has the source's default.
        version: of the settings; deliveries name the one that they were parsed by.
        keys: the live ones first, oldest first; then revoked ones.
        removed_at: None while it is in use.
        route_by: of the MSP's own, for many companies: the label that names the customer; else None.
        shared_id: the MSP-wide integration that it receives from; None when it has keys of its own.
    """

    company_id: CompanyId
    id: UUID
    source: str
    name: str
    scheme: Scheme
    require_signature: bool
    settings: Mapping[str, object] = field(repr=False)
    version: int
    created_at: datetime
    removed_at: datetime | None
    keys: tuple[KeyInfo, ...] = ()
    route_by: str | None = None
    shared_id: UUID | None = None

    @property
    def is_stand_in(self) -> bool:
        """Whether nobody sends by it: it receives from an MSP-wide one, or from ourselves."""
        return self.shared_id is not None or self.source == OWN_SOURCE

    def live_keys(self) -> tuple[KeyInfo, ...]:
        """The keys that a request may use."""
        return tuple(key for key in self.keys if key.revoked_at is None)


@dataclass(frozen=True, slots=True)
class SettingsVersion:
    """The settings of an integration as they once were; secret ones are sealed."""

    version: int
    settings: Mapping[str, object] = field(repr=False)
    created_at: datetime


@dataclass(frozen=True, slots=True)
class KeyHolder:
    """Whose a key is: all that is known before a company is."""

    company_id: CompanyId
    integration_id: UUID
    key_id: UUID


@dataclass(frozen=True, slots=True)
class SourceAction:
    """
    An effect outside that a delivery asked for, e.g. an SNS subscription to confirm.

    Attributes:
        kind: the source's word for it.
        subject: what it is about, e.g. a topic's ARN.
        state: `awaiting_approval`, `due`, `done` or `failed`.
        answer: what came of it.
    """

    id: UUID
    integration_id: UUID
    kind: str
    subject: str
    state: str
    at: datetime
    settled_at: datetime | None
    answer: str
