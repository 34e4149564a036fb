"""Delivery: one HTTP request as received, on its way from the gateway to the commit, and what is answered."""

from datetime import datetime
from enum import IntEnum

import msgspec

from alertwhisperer.domain.occurrence import Content, Refused


class DeliveryStatus(IntEnum):
    """What the sender is told of its delivery."""

    PROCESSED = 1
    QUARANTINED = 2

    @property
    def word(self) -> str:
        """The name that doors show."""
        return self.name.lower()


class Normalized(msgspec.Struct, gc=False):
    """
    An occurrence with its identities hashed; ids and hashes are 16 bytes.

    Attributes:
        problem: hash of integration and problem id, so that no two integrations share one.
        cycle: hash of the cycle id; None when the tool has none.
        content_hash: of `encoded`, the content as it is stored (JSON).
    """

    kind: int
    severity: int | None
    problem: bytes
    cycle: bytes | None
    started_at: datetime | None
    ended_at: datetime | None
    content: Content
    content_hash: bytes
    encoded: str


class Unreadable(msgspec.Struct, gc=False):
    """
    A unit that waits in quarantine: it could not be read, or it belongs to nobody yet.

    Attributes:
        reason: a short code: invalid_json, parser_failed, unmapped, …
        what, where, mend: as `Refused` has them.
        subject: the customer's name, of an occurrence that waits for its company.
        severity, summary: what it says, as far as it could be read.
    """

    reason: str
    what: str
    where: str = ""
    mend: str = ""
    subject: str | None = None
    severity: int | None = None
    summary: str | None = None


class Member(msgspec.Struct, gc=False):
    """One unit of a delivery, with its 0-based place in the body."""

    index: int
    told: Normalized | Refused | Unreadable


class AskedAction(msgspec.Struct, gc=False):
    """An effect that a delivery asked for, sealed for storage; see `sources.contract.Action`."""

    kind: str
    subject: str
    sealed: bytes
    approved: bool


class Delivery(msgspec.Struct, gc=False):
    """
    A request that was authenticated, admitted and split.

    Attributes:
        id, company, integration: 16 bytes each.
        sender: hash of the sender's own id of the request; None when it has none.
        body_hash: of the body, to tell a repeat from another body under one id; None without `sender`.
        signed: whether our signature scheme vouched for id and body.
        request: JSON of method, query and headers that the parser read; None when it read none.
        body: as received, decompressed, with the key masked.
        members: in the order of the body; an unreadable body is one unit; empty when all went to other companies.
        whole: of a company's part of a request, the id of the request's own delivery; None of a whole one.
    """

    id: bytes
    company: bytes
    integration: bytes
    source: str
    parser: int
    settings_version: int
    received_at: datetime
    sender: bytes | None
    body_hash: bytes | None
    signed: bool
    request: str | None
    body: bytes
    members: list[Member]
    actions: list[AskedAction]
    flagged: bool = False
    whole: bytes | None = None

    @property
    def status(self) -> DeliveryStatus:
        """Quarantined when nothing of it could be read."""
        if len(self.members) == 1 and isinstance(self.members[0].told, Unreadable):
            return DeliveryStatus.QUARANTINED
        return DeliveryStatus.PROCESSED


class Answer(msgspec.Struct, gc=False):
    """
    What became of a submitted delivery, after the commit.

    Attributes:
        delivery_id: 16 bytes; of the first delivery when this one repeats it.
        duplicate: the sender's id was seen before with the same body.
        conflict: it was seen with another body, and both are signed; nothing was stored.
        gone: the integration was removed meanwhile; nothing was stored.
    """

    delivery_id: bytes
    status: DeliveryStatus
    occurrences: int
    duplicate: bool = False
    conflict: bool = False
    gone: bool = False
