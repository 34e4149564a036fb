"""
Ids: UUIDv7 made by us, and the family of ids that one delivery implies.

A delivery's id ends in 24 zero bits with a 2-bit kind above them. Its occurrences, and the alert and the incident that
an occurrence may open, are the same number with another kind and the occurrence's index. So the ids that a decision
makes are a function of its input: a replay makes the same ones, the occurrences of a delivery are one range of the
primary key, and no id costs a call to the random source.

Layout (128 bits): 48 time in ms | 4 version 7 | 12 random | 2 variant | 36 random | 2 kind | 24 index.
The 48 random bits left per millisecond make a clash a one in ten million event at 8,000 deliveries in one millisecond,
and the primary key refuses it.
"""

import os
from collections.abc import Callable
from datetime import UTC, datetime
from uuid import UUID

INDEX_BITS = 24
KIND_DELIVERY = 0
KIND_OCCURRENCE = 1
KIND_ALERT = 2
KIND_INCIDENT = 3

_INDEX_MASK = (1 << INDEX_BITS) - 1
_FAMILY_MASK = ~((1 << (INDEX_BITS + 2)) - 1)

Entropy = Callable[[int], bytes]


class _Pool:
    """The system's random bytes, fetched a page at a time: a system call for each id cost more than the id."""

    def __init__(self) -> None:
        self._bytes = b""
        self._at = 0

    def __call__(self, size: int) -> bytes:
        end = self._at + size
        if end > len(self._bytes):
            self._bytes, self._at, end = os.urandom(4096), 0, size
        taken = self._bytes[self._at : end]
        self._at = end
        return taken

    def forget(self) -> None:
        """A forked child must not hand out its parent's bytes."""
        self._bytes, self._at = b"", 0


_random = _Pool()
os.register_at_fork(after_in_child=_random.forget)


def uuid7_int(at_ms: int, entropy: Entropy = _random) -> int:
    """A UUIDv7 as an integer, for the moment `at_ms` (milliseconds since 1970); in no order within that ms."""
    return _laid_out(at_ms, int.from_bytes(entropy(10), "big"))


def _laid_out(at_ms: int, tail: int) -> int:
    """The 74 low bits of `tail` around the version and the variant."""
    return (at_ms << 80) | (0x7 << 76) | ((tail >> 62 & 0xFFF) << 64) | (0b10 << 62) | (tail & ((1 << 62) - 1))


class _Order:
    """One process's ids of one millisecond are in the order of their making, so two acts of one instant read in it."""

    # A random step of up to 2**40 keeps an id as hard to guess from its neighbour as it is useful to guess one.
    _STEP_BYTES = 5
    # The first of a millisecond leaves the topmost bit free, so that no number of steps runs over.
    _FIRST_BITS = 73

    def __init__(self) -> None:
        self._at_ms = -1
        self._tail = 0

    def __call__(self, at_ms: int, entropy: Entropy) -> int:
        if at_ms == self._at_ms:
            self._tail += 1 + int.from_bytes(entropy(self._STEP_BYTES), "big")
        else:
            self._at_ms, self._tail = at_ms, int.from_bytes(entropy(10), "big") & ((1 << self._FIRST_BITS) - 1)
        return _laid_out(at_ms, self._tail)


_in_order = _Order()


def uuid7(now: datetime, entropy: Entropy = _random) -> UUID:
    """A fresh UUIDv7 for the moment `now` (aware), greater than the one that this process made before it in that ms."""
    return UUID(int=_in_order(int(now.timestamp() * 1000), entropy))


def delivery_id_int(at_ms: int, entropy: Entropy = _random) -> int:
    """A fresh delivery id, as an integer: the head of a family (see the module)."""
    return uuid7_int(at_ms, entropy) & _FAMILY_MASK


def member(delivery: int, kind: int, index: int) -> int:
    """The id of `kind` that belongs to occurrence `index` (0-based, below 2**24) of a delivery; integers."""
    return (delivery & _FAMILY_MASK) | kind << INDEX_BITS | index


def sibling(identifier: UUID, kind: int) -> UUID:
    """The id of another kind in the same family and at the same index: an occurrence's alert or incident."""
    return UUID(int=(identifier.int & ~(3 << INDEX_BITS)) | kind << INDEX_BITS)


def delivery_of(identifier: UUID) -> UUID:
    """The delivery that an occurrence (or what it opened) came in."""
    return UUID(int=identifier.int & _FAMILY_MASK)


def index_of(identifier: UUID) -> int:
    """The 0-based place of an occurrence in its delivery."""
    return identifier.int & _INDEX_MASK


def made_at(identifier: UUID) -> datetime:
    """The moment a UUIDv7 was made, aware UTC, to the millisecond."""
    return datetime.fromtimestamp((identifier.int >> 80) / 1000, tz=UTC)


def floor_at(moment: datetime) -> UUID:
    """The least UUIDv7 of `moment`: a bound for ranges of ids by time."""
    return UUID(int=(int(moment.timestamp() * 1000) << 80) | (0x7 << 76) | (0b10 << 62))
