"""
Memory: what a feed said before, so that a look hands in what is new and nothing else.

Of `events` each item is a statement for itself; its name is its id and the hash of what it says. Of a `snapshot` the
whole list is the state: an item that changed is said again, and a problem that no item has any more is over. What was
handed in by a look that a crash cut short may be stored or not; `settled` and `doubtful` keep the two apart.
"""

import json
from collections.abc import Callable, Sequence, Set
from hashlib import blake2b
from typing import NamedTuple

import msgspec

from alertwhisperer.domain.errors import Invalid
from alertwhisperer.domain.occurrence import Kind, Occurrence
from alertwhisperer.sources.contract import Fetched, Json, Parsed

MOST_SEEN = 30_000
"""Items of `events` that are known by heart; what is older is known by its delivery for three days."""
_LARGEST = 8 * 1024 * 1024
_sorted = msgspec.json.Encoder(order="sorted").encode


class Ending(msgspec.Struct, frozen=True, array_like=True):
    """What must be said to resolve a problem that a snapshot does not list any more."""

    problem: str
    cycle: str | None
    asset: str
    signature: str
    source: str
    labels: dict[str, str]

    @property
    def key(self) -> tuple[str, str | None]:
        """Tells problems apart."""
        return self.problem, self.cycle


class Known(msgspec.Struct, frozen=True, array_like=True):
    """
    An item as it was last listed.

    Attributes:
        hash: of what it says.
        since: number of the look that first found it saying so.
        open: problems that it says are there.
    """

    hash: str
    since: int
    open: list[Ending]


class Left(msgspec.Struct, frozen=True, array_like=True):
    """A problem that a look found gone, and the number of that look."""

    look: int
    ending: Ending


class State(msgspec.Struct, frozen=True, omit_defaults=True):
    """
    What a snapshot's look leaves behind.

    Attributes:
        left: problems that it found gone.
        ended: problems whose end its items say; open still, if the look was cut short before these were stored.
    """

    look: int = 0
    known: dict[str, Known] = {}
    left: list[Left] = []
    ended: list[Ending] = []


class Item(NamedTuple):
    """One item of a look: its id (or the hash that stands for it), and its value."""

    id: str
    value: Json


def encoded(value: Json) -> bytes:
    """JSON with its names in order, whatever JSON can hold; lone surrogates, which are no UTF-8, as escapes."""
    try:
        return _sorted(value)
    except (UnicodeEncodeError, OverflowError):
        return json.dumps(value, sort_keys=True, separators=(",", ":")).encode()


def body_of(value: Json) -> bytes:
    """An item as a delivery's body."""
    return encoded({"item": value})


def gone_body(ending: Ending) -> bytes:
    """The end of a problem as a delivery's body."""
    return encoded({"gone": {name: getattr(ending, name) for name in ending.__struct_fields__}})


def short_hash(data: bytes) -> str:
    """Names what an item says."""
    return blake2b(data, digest_size=12).hexdigest()


def events(items: Sequence[Item], seen: Sequence[str]) -> tuple[list[Fetched], list[str]]:
    """
    The statements that were not seen before, and what is to be remembered, oldest first.

    Args:
        seen: what the look before left.
    """
    remembered = dict.fromkeys(seen)
    fetched: list[Fetched] = []
    for item in items:
        body = body_of(item.value)
        name = short_hash(f"{item.id}:{short_hash(body)}".encode("utf-8", "surrogatepass"))
        if name not in remembered:
            fetched.append(Fetched(name, body))
        remembered.pop(name, None)
        remembered[name] = None  # at the end: what is still listed is forgotten last
    return fetched, list(remembered)[-MOST_SEEN:]


def snapshot(
    items: Sequence[Item],
    settled: State,
    doubtful: State | None,
    read: Callable[[bytes], Parsed | None],
    *,
    is_whole: bool,
) -> tuple[list[Fetched], State]:
    """
    The statements that are to be made, ends first, and what is to be remembered.

    Args:
        settled: after the last look whose statements are all stored.
        doubtful: after a later one whose statements may be.
        read: what an item's body says; None when it cannot be read.
        is_whole: whether the list is complete; else nothing that it lacks is over.
    """
    base = settled if doubtful is None else doubtful
    look = base.look + 1
    # What was open before a look that was cut short may be so still: its end may not be stored.
    going = {ending.key: ending for state in (settled, base) for one in state.known.values() for ending in one.open}
    if doubtful is not None:
        going.update((ending.key, ending) for ending in doubtful.ended)
    was_open = going.keys()
    listed = {item.id: item.value for item in items}
    known: dict[str, Known] = {}
    told: list[Fetched] = []
    ended: set[tuple[str, str | None]] = set()
    for identity, value in listed.items():
        body = body_of(value)
        said, old = read(body), base.known.get(identity)
        name = short_hash(body)
        since = old.since if old is not None and old.hash == name else look
        if said is None:
            still = [] if old is None else old.open  # what cannot be read says nothing of what it said before
        else:
            still = _open(said, was_open)
            ended |= _keys(said, Kind.RESOLVED)
        known[identity] = now = Known(name, since, still)
        before = settled.known.get(identity)
        if before is None or (before.hash, before.since) != (now.hash, now.since):
            told.append(Fetched(f"{identity}:{name}:{since}", body))
    over = [ending for key, ending in going.items() if key in ended]
    if not is_whole:
        kept = {**base.known, **known}
        return told, _fitting(State(look, kept, base.left if doubtful is not None else [], over))
    is_open = {ending.key for one in known.values() for ending in one.open}
    left = [] if doubtful is None else [one for one in doubtful.left if one.ending.key not in is_open]
    here = is_open | ended | {one.ending.key for one in left}
    left += [Left(look, ending) for key, ending in going.items() if key not in here]
    gone = [Fetched(f"gone:{one.look}:{one.ending.problem}:{one.ending.cycle}", gone_body(one.ending)) for one in left]
    return [*gone, *told], _fitting(State(look, known, left, over))


def _open(said: Parsed, was_open: Set[tuple[str, str | None]]) -> list[Ending]:
    """The problems that an item says are there; an operator's note leaves one open that was."""
    return [
        _ending(one)
        for _, one in said.occurrences
        if one.kind is Kind.FIRING or (one.kind is Kind.NOTED and (one.problem, one.cycle) in was_open)
    ]


def _keys(said: Parsed, kind: Kind) -> set[tuple[str, str | None]]:
    return {(one.problem, one.cycle) for _, one in said.occurrences if one.kind is kind}


def _ending(one: Occurrence) -> Ending:
    content = one.content
    return Ending(one.problem, one.cycle, content.asset, content.signature, content.source, content.labels)


def _fitting(state: State) -> State:
    if len(_sorted(state)) > _LARGEST:
        raise Invalid("the snapshot is too large to be remembered", where="mode", mend="ask for less, or use events")
    return state
