"""Whatever a snapshot lists, and wherever looks are cut short, what fires in the end is what is listed."""

from __future__ import annotations

import json

import msgspec
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from alertwhisperer.domain.occurrence import Kind
from alertwhisperer.sources._feed.memory import MOST_SEEN, Item, State, events, snapshot
from alertwhisperer.sources.contract import Parsed
from alertwhisperer.sources.jsonfeed import parse
from tests.sources.stored import request

# Few ids, problems and states, so that they meet: an item is its id, its problem, and what it says of it.
ITEMS = st.tuples(st.sampled_from("ab"), st.sampled_from("xyz"), st.sampled_from(["firing", "resolved", "acked"]))
LOOKS = st.lists(
    st.tuples(st.lists(ITEMS, max_size=3), st.none() | st.integers(min_value=0, max_value=4)), min_size=1, max_size=7
)


class Core:
    """What the deliveries do: each name once, in their order."""

    def __init__(self) -> None:
        self.names: set[str] = set()
        self.firing: set[str] = set()

    def store(self, name: str, body: bytes) -> None:
        """Store one, unless its name is known."""
        if name in self.names:
            return
        self.names.add(name)
        for _, one in read(body).occurrences:
            if one.kind is Kind.FIRING:
                self.firing.add(one.problem)
            elif one.kind is Kind.RESOLVED:
                self.firing.discard(one.problem)


def read(body: bytes) -> Parsed:
    """What a body says."""
    return parse(request(json.loads(body), body))


def is_of_one_mind(listed: list[tuple[str, str, str]]) -> bool:
    """Whether no item says that a problem is there while another says that it is not."""
    states: dict[str, set[str]] = {}
    for problem, status in {name: (problem, status) for name, problem, status in listed}.values():
        states.setdefault(problem, set()).add(status)
    return all(len(said) == 1 for said in states.values())


def value(problem: str, status: str) -> dict[str, str]:
    """An item in our plain shape."""
    return {"asset": "unit", "signature": problem, "problem_id": problem, "status": status}


@settings(max_examples=400, deadline=None)
@given(looks=LOOKS)
@example(looks=[([("b", "x", "firing")], None), ([("b", "x", "resolved")], 0), ([], None)])  # its end was never stored
@example(
    looks=[([("b", "x", "firing"), ("a", "y", "acked")], 1), ([("a", "x", "resolved")], 0), ([], 0)]
)  # nor was what a second look that was cut short knew of it
def test_what_fires_in_the_end_is_what_is_listed(looks: list[tuple[list[tuple[str, str, str]], int | None]]) -> None:
    assume(all(is_of_one_mind(listed) for listed, _ in looks))
    core, settled, pending = Core(), State(), None
    last = looks[-1][0]
    for listed, cut in [*looks, (last, None)]:
        items = [Item(name, value(problem, status)) for name, problem, status in listed]
        fetched, state = snapshot(items, settled, pending, read, is_whole=True)
        state = msgspec.convert(json.loads(msgspec.json.encode(state)), State)
        for one in fetched[:cut]:
            core.store(one.id, one.body)
        if cut is None or cut >= len(fetched):
            settled, pending = state, None
        else:
            pending = state
    wanted = {name: (problem, status) for name, problem, status in last}
    firing = {problem for problem, status in wanted.values() if status == "firing"}
    told = {problem for problem, status in wanted.values() if status != "firing"}
    assert core.firing - told == firing - told  # of a note it depends on what was before


@settings(max_examples=200, deadline=None)
@given(looks=st.lists(st.lists(ITEMS, max_size=4), max_size=6))
def test_an_event_is_handed_in_once(looks: list[list[tuple[str, str, str]]]) -> None:
    seen: list[str] = []
    names: list[str] = []
    for listed in looks:
        fetched, seen = events([Item(name, value(problem, status)) for name, problem, status in listed], seen)
        names += [one.id for one in fetched]
    assert len(names) == len(set(names)) == len({one for listed in looks for one in listed})


def test_memory_of_events_has_an_end_and_keeps_what_is_still_listed() -> None:
    first = Item("first", 0)
    seen: list[str] = []
    for start in range(0, MOST_SEEN + 10_000, 10_000):
        fetched, seen = events([first, *(Item(str(n), n) for n in range(start, start + 9_999))], seen)
        assert start == 0 or first.id not in {one.id for one in fetched}
    assert len(seen) == MOST_SEEN
    assert events([first], seen)[0] == []
