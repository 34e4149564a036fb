"""
The chain of a company's audit entries: what a link's hash is made of, and nothing else.

Each field goes in with its length before it, so that no two entries give the same bytes. Sealed parts go in as hashes
of what is stored and as their salted commitments: the chain verifies after an erasure, and an export that shows the
text with its salt proves that it is the text of then.
"""

import hashlib
from datetime import UTC, datetime, timedelta
from uuid import UUID

from alertwhisperer.domain.company import CompanyId
from alertwhisperer.store.audit import Envelope

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def genesis(company_id: CompanyId) -> bytes:
    """What the first link of a company's chain follows."""
    return hashlib.sha256(b"alertwhisperer audit chain 1" + company_id.bytes).digest()


def link_hash(previous: bytes, seq: int, entry: Envelope) -> bytes:
    """
    The hash of one link.

    Args:
        previous: the hash of the link before, 32 bytes; the genesis of the company for the first.
        seq: its number, from 1.
    """
    return hash_of(previous, seq, fields_of(entry))


def fields_of(entry: Envelope) -> tuple[bytes, ...]:
    """What a link says of an entry, in the order in which it is hashed; docs/audit.md lists it."""
    return (
        entry.company_id.bytes,
        entry.id.bytes,
        str((entry.at - _EPOCH) // _MICROSECOND).encode(),
        entry.action.encode(),
        entry.resource_kind.encode(),
        entry.resource_id.encode(),
        entry.actor_kind.encode(),
        _optional(entry.actor_id),
        _optional(entry.incident_id),
        entry.trace_id.encode(),
        entry.subject.bytes,
        hashlib.sha256(entry.who).digest(),
        hashlib.sha256(entry.what).digest(),
        entry.who_commitment,
        entry.what_commitment,
        entry.who_mark.bytes,
        entry.what_mark.bytes,
    )


def hash_of(previous: bytes, seq: int, fields: tuple[bytes, ...]) -> bytes:
    """The hash of a link over fields that are given."""
    hasher = hashlib.sha256(b"alertwhisperer audit link 1")
    for field in (previous, seq.to_bytes(8, "big"), *fields):
        hasher.update(len(field).to_bytes(4, "big"))
        hasher.update(field)
    return hasher.digest()


def _optional(identity: UUID | None) -> bytes:
    return b"" if identity is None else identity.bytes
