"""
Turns what a source's parser understood into what the core decides on: identities hashed, content encoded once.

A problem's hash includes its integration: two Zabbix servers both have an event 1001.
"""

from hashlib import blake2b

import msgspec

from alertwhisperer.domain.delivery import Normalized
from alertwhisperer.domain.occurrence import Kind, Occurrence

_encode = msgspec.json.Encoder(order="sorted").encode


def normalize(occurrence: Occurrence, integration: bytes) -> Normalized:
    """
    Hash and encode one occurrence.

    Args:
        integration: 16 bytes of the integration's id.
    """
    encoded = _encode(occurrence.content)
    return Normalized(
        int(occurrence.kind),
        None if occurrence.severity is None or occurrence.kind is Kind.RESOLVED else int(occurrence.severity),
        identity_hash(integration, occurrence.problem),
        None if occurrence.cycle is None else identity_hash(integration, occurrence.cycle),
        occurrence.started_at,
        occurrence.ended_at,
        occurrence.content,
        blake2b(encoded, digest_size=16).digest(),
        encoded.decode(),
    )


def identity_hash(integration: bytes, text: str) -> bytes:
    """16 bytes of a problem or a cycle, as its integration (16 bytes of its id) names it."""
    return blake2b(integration + text.encode("utf-8", "replace"), digest_size=16).digest()
