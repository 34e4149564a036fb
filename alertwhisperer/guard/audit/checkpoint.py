"""
Checkpoints: signed statements about all chains at once, each naming the one before.

A checkpoint says which chains moved since the last one, and the root of a tree over all of them; whoever has every
checkpoint knows every head, and whoever has one company's path to the root knows that company's alone. The document is
kept as the bytes that were signed, so nobody ever has to write JSON the same way twice.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from uuid import UUID

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from alertwhisperer.domain.company import CompanyId
from alertwhisperer.domain.errors import Invalid

FORMAT = "alertwhisperer-checkpoint/1"
NONE_BEFORE = "0" * 64
FULL_EVERY = 1_000
"""One checkpoint in so many (1, 1001, …) says all heads, so that nobody must read years of them."""

Heads = Mapping[CompanyId, tuple[int, bytes]]
"""Number and hash of each company's last link."""


Moved = tuple[tuple[UUID, int, str], ...]


class Checkpoint(msgspec.Struct, frozen=True):
    """
    What a checkpoint says.

    Attributes:
        number: from 1, without a gap.
        previous: SHA-256 of the document before, in hexadecimal; zeros for the first.
        root: of the tree over all heads, in hexadecimal.
        moved: heads that are not what the checkpoint before said, or all of them: (company, number, hash), by company.
    """

    number: int
    at: str
    previous: str
    root: str
    moved: Moved


class _Body(msgspec.Struct):
    """What is signed; it names no company, so that each may be shown the document without its `moved`."""

    format: str
    number: int
    at: str
    previous: str
    root: str
    moved: str  # SHA-256 of the document's


class _Document(msgspec.Struct):
    body: str
    key: str
    signature: str
    moved: str = ""


class SigningKey:
    """The installation's key for checkpoints and reports; made from 32 bytes that are kept outside the database."""

    def __init__(self, seed: bytes) -> None:
        self._private = Ed25519PrivateKey.from_private_bytes(seed)

    @property
    def public(self) -> str:
        """The public key in hexadecimal: what a verifier must be told by another way than the database."""
        return self._private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw).hex()

    def sign(self, body: str, **beside: str) -> bytes:
        """A document: the body as it is, the key's public half, the signature; `beside` is not signed."""
        signature = self._private.sign(body.encode()).hex()
        document = {"body": body, "key": self.public, "signature": signature, **beside}
        return json.dumps(document, sort_keys=True).encode()


def read_signed(document: bytes, *public_keys: str) -> str:
    """
    The body of a document that was signed with one of these keys.

    Raises:
        Invalid: it is none, another key signed it, or it was altered.
    """
    try:
        signed = msgspec.json.decode(document, type=_Document)
        if signed.key not in public_keys:
            raise Invalid(f"it was signed with another key ({signed.key[:16]}…)")
        Ed25519PublicKey.from_public_bytes(bytes.fromhex(signed.key)).verify(
            bytes.fromhex(signed.signature), signed.body.encode()
        )
    except (msgspec.DecodeError, ValueError, InvalidSignature) as failure:
        raise Invalid("it was altered, or is no signed document") from failure
    return signed.body


def make(
    key: SigningKey, number: int, previous: bytes | None, before: Heads, now_heads: Heads, *, at: datetime
) -> bytes:
    """The checkpoint after `previous` (a document); `before` is what that one and all earlier ones say of the heads."""
    told = sorted(head for head in now_heads.items() if is_full(number) or before.get(head[0]) != head[1])
    moved = json.dumps([[str(company), seq, digest.hex()] for company, (seq, digest) in told])
    body = {
        "format": FORMAT,
        "number": number,
        "at": at.isoformat(),
        "previous": NONE_BEFORE if previous is None else digest_of(previous),
        "root": root_of(now_heads).hex(),
        "moved": digest_of(moved.encode()),
    }
    return key.sign(json.dumps(body, sort_keys=True), moved=moved)


def is_full(number: int) -> bool:
    """Whether the checkpoint of this number says all heads."""
    return number % FULL_EVERY == 1


def read(document: bytes, *public_keys: str) -> Checkpoint:
    """
    The checkpoint in a document.

    Raises:
        Invalid: not signed with one of these keys, altered, or no checkpoint.
    """
    read_signed(document, *public_keys)
    return content(document)


def content(document: bytes) -> Checkpoint:
    """
    What a document of our own says, when nobody doubts it; who does calls `read`.

    Raises:
        Invalid: no checkpoint.
    """
    try:
        whole = msgspec.json.decode(document, type=_Document)
        body = msgspec.json.decode(whole.body, type=_Body)
        if body.format != FORMAT:
            raise Invalid(f"it is a {body.format}, which this version does not know")
        if body.moved != digest_of(whole.moved.encode()):
            raise Invalid("its list of heads was altered")
        moved = msgspec.json.decode(whole.moved, type=Moved)
    except msgspec.DecodeError as failure:
        raise Invalid("it is no checkpoint") from failure
    return Checkpoint(body.number, body.at, body.previous, body.root, moved)


def without_heads(document: bytes) -> str:
    """The document as any one company may see it: signed as before, and naming no company."""
    whole = msgspec.json.decode(document, type=_Document)
    return json.dumps({"body": whole.body, "key": whole.key, "signature": whole.signature}, sort_keys=True)


def after(before: Heads, checkpoint: Checkpoint) -> dict[CompanyId, tuple[int, bytes]]:
    """All heads as a checkpoint says them, where `before` is what the ones before it say."""
    return {**before, **{CompanyId(company): (seq, bytes.fromhex(digest)) for company, seq, digest in checkpoint.moved}}


def digest_of(document: bytes) -> str:
    """How the next checkpoint names this one, and a body its list of heads."""
    return hashlib.sha256(document).hexdigest()


def root_of(heads: Heads) -> bytes:
    """The root of the tree over all heads, by company; 32 bytes."""
    level = _leaves(heads)
    while len(level) > 1:
        level = _next_level(level)
    return level[0] if level else hashlib.sha256(b"").digest()


def path_of(heads: Heads, company_id: CompanyId) -> list[tuple[str, bytes]]:
    """What leads from a company's leaf to the root: (`left` or `right`, the neighbour's hash); it names no company."""
    place = sorted(heads).index(company_id)
    level = _leaves(heads)
    path = []
    while len(level) > 1:
        neighbour = place ^ 1
        if neighbour < len(level):
            path.append(("left" if neighbour < place else "right", level[neighbour]))
        level, place = _next_level(level), place // 2
    return path


def climb(company_id: CompanyId, head: tuple[int, bytes], path: Iterable[tuple[str, bytes]]) -> bytes:
    """The root that a company's head and path lead to."""
    node = leaf_of(company_id, head)
    for side, neighbour in path:
        node = _node(neighbour, node) if side == "left" else _node(node, neighbour)
    return node


def leaf_of(company_id: CompanyId, head: tuple[int, bytes]) -> bytes:
    """A company's leaf."""
    seq, digest = head
    return hashlib.sha256(b"\x00" + company_id.bytes + seq.to_bytes(8, "big") + digest).digest()


def _leaves(heads: Heads) -> list[bytes]:
    return [leaf_of(company, heads[company]) for company in sorted(heads)]


def _next_level(level: Sequence[bytes]) -> list[bytes]:
    pairs = [_node(level[place], level[place + 1]) for place in range(0, len(level) - 1, 2)]
    return pairs + list(level[-1:]) if len(level) % 2 else pairs


def _node(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()
