"""
Reads what the places outside keep, side by side and in order, and gathers where each chain was seen to stand.

A place that cannot be read is noted, and the others still count. However many documents there are, one of each place is
in memory; of each company there are forty bytes for every checkpoint in which its chain moved.
"""

from array import array
from bisect import bisect_right
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from typing import Protocol

from alertwhisperer.domain.company import CompanyId
from alertwhisperer.domain.errors import AlertWhispererError, Invalid
from alertwhisperer.guard.audit import checkpoint
from alertwhisperer.guard.audit.checkpoint import Checkpoint
from alertwhisperer.guard.audit.fault import Fault, FaultKind

_HASH_BYTES = 32


class Place(Protocol):
    """A witness, as far as checkpoints are read from it."""

    name: str

    def read_all(self) -> AsyncIterator[bytes]:
        """Everything that it keeps, by number."""
        ...


class Points:
    """The links of one company that were witnessed: number and hash, rising."""

    def __init__(self) -> None:
        self._numbers = array("Q")
        self._hashes = bytearray()

    def add(self, seq: int, digest: bytes) -> bool:
        """Add the next one; false when it contradicts those before it. The last one again changes nothing."""
        if len(self) and seq <= self._numbers[-1]:
            return (seq, digest) == self[len(self) - 1]
        self._numbers.append(seq)
        self._hashes += digest
        return True

    def upto(self, seq: int) -> int:
        """How many there are up to a link."""
        return bisect_right(self._numbers, seq)

    def __getitem__(self, place: int) -> tuple[int, bytes]:
        return self._numbers[place], bytes(self._hashes[place * _HASH_BYTES : (place + 1) * _HASH_BYTES])

    def __len__(self) -> int:
        return len(self._numbers)

    def __iter__(self) -> Iterator[tuple[int, bytes]]:
        return (self[place] for place in range(len(self)))


class Witnessed:
    """
    What outside checkpoints say.

    Attributes:
        points: of each company that they name.
        last: number of the newest checkpoint.
        read: how many different ones there are.
        reached: number of the newest that each place keeps; of those that could be read.
        unread: places that could not be read, and why.
        faults: what is wrong with the checkpoints themselves.
    """

    def __init__(self) -> None:
        self.points: dict[CompanyId, Points] = {}
        self.last = 0
        self.read = 0
        self.reached: dict[str, int] = {}
        self.unread: dict[str, str] = {}
        self.faults: list[Fault] = []


async def read_witnesses(places: Sequence[Place], public_keys: Sequence[str]) -> Witnessed:
    """Read what every place keeps: signatures, numbers, that each follows from the one before, that places agree."""
    told = Witnessed()
    line = _Line(told)
    reading = [_Reading(place, public_keys) for place in places]
    begun = [one for one in reading if await one.step()]
    while begun:
        number = min(one.at.number for one in begun)
        here = [one for one in begun if one.at.number == number]
        line.take(here[0].at, here[0].document)
        if any(one.document != here[0].document for one in here):
            line.wrong(FaultKind.CHECKPOINT_ALTERED, f"two places keep different checkpoints of number {number}")
        begun = [one for one in begun if one not in here or await one.step()]
    line.end()
    for one in reading:
        if one.failure:
            told.unread[one.name] = one.failure
        else:
            told.reached[one.name] = one.at.number
        if one.strange:
            line.wrong(FaultKind.CHECKPOINT_ALTERED, f"{one.strange} of {one.name} are not ours; the first: {one.why}")
    return told


_NOTHING_YET = Checkpoint(0, "", "", "", ())


class _Reading:
    """One place, while it is read."""

    def __init__(self, place: Place, public_keys: Sequence[str]) -> None:
        self.name = place.name
        self.at = _NOTHING_YET
        self.document = b""
        self.strange = 0
        self.why = ""
        self.failure = ""
        self._place = place
        self._documents: AsyncIterator[bytes] | None = None
        self._public_keys = public_keys

    async def step(self) -> bool:
        """Go on to the next checkpoint that is ours; false at the end."""
        try:
            self._documents = self._documents or self._place.read_all()
            async for document in self._documents:
                if self._is_next(document):
                    return True
        except AlertWhispererError as failure:
            self.failure = str(failure)
        return False

    def _is_next(self, document: bytes) -> bool:
        try:
            found = checkpoint.read(document, *self._public_keys)
            if found.number <= self.at.number:
                raise Invalid(f"checkpoint {found.number} stands after {self.at.number}")
        except Invalid as failure:
            self.strange += 1
            self.why = self.why or failure.what
            return False
        self.at, self.document = found, document
        return True


class _Line:
    """The checkpoints of all places as one line."""

    def __init__(self, told: Witnessed) -> None:
        self._told = told
        self._before: Checkpoint | None = None
        self._digest = checkpoint.NONE_BEFORE
        self._heads: Mapping[CompanyId, tuple[int, bytes]] = {}
        self._whole = True  # whether all heads are known: not after a gap

    def wrong(self, kind: FaultKind, what: str) -> None:
        """Note a fault of the checkpoints."""
        self._told.faults.append(Fault(kind, what))

    def take(self, found: Checkpoint, document: bytes) -> None:
        """The next one."""
        told, full = self._told, checkpoint.is_full(found.number)
        follows = found.number == told.last + 1
        if not follows:
            lacking = f"{told.last + 1} to {found.number - 1}"
            self.wrong(FaultKind.CHECKPOINT_MISSING, f"no place keeps the checkpoints {lacking}")
        elif found.previous != self._digest:
            self.wrong(FaultKind.CHECKPOINT_ALTERED, f"checkpoint {found.number} does not follow from the one before")
        self._whole = full or (self._whole and follows)
        self._heads = checkpoint.after({} if full else self._heads, found)
        for company, seq, digest in found.moved:
            if not told.points.setdefault(CompanyId(company), Points()).add(seq, bytes.fromhex(digest)):
                what = f"checkpoint {found.number} says of a chain what earlier ones do not"
                told.faults.append(Fault(FaultKind.CHECKPOINT_ALTERED, what, CompanyId(company), seq))
        self._before, self._digest = found, checkpoint.digest_of(document)
        told.last, told.read = found.number, told.read + 1
        if full:
            self._check_root()

    def end(self) -> None:
        """There are no more."""
        self._check_root()

    def _check_root(self) -> None:
        # Not of each: the heads are signed as well, and a tree over ten thousand companies takes a while.
        found = self._before
        if found is not None and self._whole and checkpoint.root_of(self._heads).hex() != found.root:
            self.wrong(FaultKind.CHECKPOINT_ALTERED, f"checkpoint {found.number} has another root than its heads")
