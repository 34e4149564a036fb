"""
The statement that retention leaves where it cut a chain: which links went, what the rest follows from, signed.

Without it a beginning that somebody took away, up to a link that was witnessed, would look like retention.
"""

import json
from datetime import datetime

import msgspec

from alertwhisperer.domain.company import CompanyId
from alertwhisperer.domain.errors import Invalid
from alertwhisperer.guard.audit.checkpoint import SigningKey, read_signed

FORMAT = "alertwhisperer-cut/1"


class Cut(msgspec.Struct, frozen=True):
    """
    Where a chain was cut.

    Attributes:
        seq, hash: of the last link that went; the hash in hexadecimal.
        keep_from: what is younger was kept.
        at: when.
    """

    format: str
    company: CompanyId
    seq: int
    hash: str
    keep_from: datetime
    at: datetime


def sign(
    key: SigningKey, company_id: CompanyId, seq: int, digest: bytes, *, keep_from: datetime, at: datetime
) -> bytes:
    """The document of a cut."""
    body = {
        "format": FORMAT,
        "company": str(company_id),
        "seq": seq,
        "hash": digest.hex(),
        "keep_from": keep_from.isoformat(),
        "at": at.isoformat(),
    }
    return key.sign(json.dumps(body, sort_keys=True))


def read(document: bytes, *public_keys: str) -> Cut:
    """
    The cut in a document.

    Raises:
        Invalid: not signed with one of these keys, altered, or no cut.
    """
    try:
        found = msgspec.json.decode(read_signed(document, *public_keys), type=Cut)
    except msgspec.DecodeError as failure:
        raise Invalid("it is no statement of a cut") from failure
    if found.format != FORMAT:
        raise Invalid(f"it is a {found.format}, which this version does not know")
    return found
