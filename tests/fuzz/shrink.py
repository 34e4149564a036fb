"""Makes the least request that still breaks a promise at the same place, so that a person sees what it takes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from tests.fuzz.cases import Case
from tests.fuzz.judge import SLOW, Failure

_MOST_TRIES = 3_000
_SMALL = 16  # bytes
_MOST_SLOW = 40  # each takes seconds


def shrunk(case: Case, failure: Failure, judge: Callable[[Case], Failure | None]) -> Case:
    """A case no larger than this one that fails at the same place."""
    tries = _MOST_SLOW if failure.where == SLOW else _MOST_TRIES
    progress = True
    while progress and tries > 0:
        progress = False
        for smaller in _smaller(case):
            tries -= 1
            found = judge(smaller)
            if found is not None and found.where == failure.where:
                case, progress = smaller, True
                break
            if tries <= 0:
                break
    return case


def _smaller(case: Case) -> Iterator[Case]:
    """What is a step smaller: without what surrounds the body first, then without ever smaller pieces of it."""
    if case.settings:
        yield replace(case, settings={})
    if case.tail:
        yield replace(case, tail="")
    for name in case.headers:
        yield replace(case, headers={one: value for one, value in case.headers.items() if one != name})
    for name in case.query:
        yield replace(case, query={one: value for one, value in case.query.items() if one != name})
    length = len(case.body)
    size = length
    while size > _SMALL:
        for start in range(0, length, size):
            yield replace(case, body=case.body[:start] + case.body[start + size :])
        size //= 2
    for size in range(min(_SMALL, length), 0, -1):  # a member of a list or an object lies between any two places
        for start in range(length):
            yield replace(case, body=case.body[:start] + case.body[start + size :])
