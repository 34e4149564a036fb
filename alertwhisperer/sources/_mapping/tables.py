"""Tables: tests of a value, as rows that give a severity or a status and as conditions of a filter."""

import math
from collections.abc import Callable, Mapping, Sequence

from alertwhisperer.domain.errors import Invalid
from alertwhisperer.sources._mapping.document import StatusEntry, Test
from alertwhisperer.sources._mapping.limits import Budget
from alertwhisperer.sources._mapping.values import Choice, Chosen, Compiler, Scope, usable
from alertwhisperer.sources._reading import scalar
from alertwhisperer.sources.contract import Json

Holds = Callable[[Json], bool]
"""Whether a scalar passes; total."""

_LONGEST_NUMBER = 40
_USUALLY = "the usual meaning"


def compile_test(test: Test, compiler: Compiler, where: str) -> Holds:
    """
    A test as a function.

    Raises:
        Invalid: none or several kinds of test at once, or a range without numbers.
    """
    compiler.count(where)
    ranged = (test.least, test.most, test.below) != (None, None, None)
    kinds = [test.is_ is not None, test.folded is not None, test.matches is not None, ranged]
    if sum(kinds) != 1:
        raise Invalid(
            "a test has exactly one of is, folded, matches, or a range (least, most, below)",
            where=where,
            mend="make it several rows",
        )
    if test.is_ is not None:
        exact = test.is_
        return lambda value: scalar(value) == exact
    if test.folded is not None:
        folded = test.folded.strip().casefold()
        return lambda value: (scalar(value) or "").strip().casefold() == folded
    if test.matches is not None:
        pattern = compiler.pattern(test.matches, f"{where}.matches")
        return lambda value: pattern.holds(scalar(value) or "")
    return _range(test)


def _range(test: Test) -> Holds:
    least = -math.inf if test.least is None else test.least
    most = math.inf if test.most is None else test.most
    below = math.inf if test.below is None else test.below

    def within(value: Json) -> bool:
        number = _number(value)
        return number is not None and least <= number <= most and number < below

    return within


def _number(value: Json) -> float | None:
    text = scalar(value)
    if text is None or type(value) is bool or len(text) > _LONGEST_NUMBER:
        return None
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) else None


class Table:
    """Rows in order: the first whose test holds gives its word."""

    def __init__(self, rows: Sequence[tuple[Holds, str, str]], default: str | None, where: str) -> None:
        self._rows = tuple(rows)
        self._default = default, f"{where}.default" if default else ""

    def told(self, value: Json, usual: Mapping[str, str] | Callable[[str], str | None]) -> tuple[str | None, str]:
        """
        What the value stands for, and what says so.

        Args:
            value: a scalar, or None when there is none.
            usual: the meaning of a word that no row knows.

        Returns:
            The row's word, else the usual meaning, else the default, else None.
        """
        if value is None:
            return self._default
        for holds, gives, by in self._rows:
            if holds(value):
                return gives, by
        text = value if type(value) is str else ""
        meaning = usual(text) if callable(usual) else usual.get(text.strip().casefold())
        return (meaning, _USUALLY) if meaning else self._default


def compile_table(entries: Sequence[Test], default: str | None, compiler: Compiler, where: str) -> Table:
    """The rows of a severity or status table that test the value itself."""
    rows: list[tuple[Holds, str, str]] = []
    for place, entry in enumerate(entries):
        if isinstance(entry, StatusEntry) and entry.has is not None:
            continue
        gives: str = getattr(entry, "gives")  # noqa: B009  # both kinds of row have one, their base has not
        here = f"{where}.table[{place}]"
        rows.append((compile_test(entry, compiler, here), gives, here))
    return Table(rows, default, where)


class Presence:
    """Rows of a status table that ask whether something is there at all; they go before the words."""

    def __init__(self, entries: Sequence[StatusEntry], compiler: Compiler, where: str) -> None:
        self._rows = [
            (compiler.path(entry.has, f"{where}.table[{place}].has"), entry.gives, f"{where}.table[{place}]")
            for place, entry in enumerate(entries)
            if entry.has is not None
        ]

    def told(self, scope: Scope, budget: Budget) -> tuple[str | None, str]:
        """The word of the first row whose path has a value, and which row that is."""
        for path, gives, by in self._rows:
            found = path(scope, budget)
            if usable(found) is not None or (type(found) in (dict, list) and found):
                return gives, by
        return None, ""


class Guard:
    """A filter's condition: a test of the first candidate that has a value, or whether one has."""

    def __init__(self, choice: Choice, holds: Holds | None, present: bool | None) -> None:
        self._choice = choice
        self._holds = holds
        self._present = present

    def passes(self, scope: Scope, budget: Budget) -> bool:
        """Whether the condition holds; a test of an absent value never does."""
        chosen: Chosen | None = self._choice.choose(scope, budget)
        if self._present is not None and (chosen is not None) is not self._present:
            return False
        return self._holds is None or (chosen is not None and self._holds(chosen.value))
