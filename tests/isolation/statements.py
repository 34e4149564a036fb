"""Every statement of `store/`, the tenant predicates in it, and the statement without one of them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import alertwhisperer.store
from alertwhisperer.store.parts import with_parts

STORE = Path(alertwhisperer.store.__file__).parent

# `company_id` of some row compared with a parameter, a list of them, or the company of another row.
_PREDICATE = re.compile(
    r"\b(?:[a-z_]+\.)?company_id\s*=\s*"
    r"(?:ANY\s*\(\s*:[a-z_]+(?:::uuid\[\])?\s*\)|:company_id\b|\$\d+|[a-z_]+\.(?:company_id|c)\b)"
)
_NAME = re.compile(r"^-- name: (?P<name>[a-z_]+)(?P<kind>[\^$!]?)\s*$", re.MULTILINE)
_COMMENT = re.compile(r"--[^\n]*")
_IN_CODE = re.compile(r'^_COMMITTED = """(?P<text>.*?)"""', re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Statement:
    """
    One statement.

    Attributes:
        file: under `store/`; name: inside the file, empty when the file is one statement.
        kind: what aiosql's suffix says: `` rows, `^` one row, `$` one value, `!` nothing.
    """

    file: str
    name: str
    kind: str
    text: str

    @property
    def label(self) -> str:
        """For people and tables: `alerts.sql page`."""
        return f"{self.file} {self.name}".rstrip()

    @property
    def predicates(self) -> list[re.Match[str]]:
        """Those on the company, in order."""
        return list(_PREDICATE.finditer(self.text))


@dataclass(frozen=True)
class Mutant:
    """A statement in which some predicates, by their places, say nothing any more."""

    statement: Statement
    places: tuple[int, ...]

    @property
    def label(self) -> str:
        """`alerts.sql page 2: s.company_id = :company_id`."""
        found = self.statement.predicates
        gone = " and ".join(" ".join(found[place][0].split()) for place in self.places)
        numbers = "+".join(str(place + 1) for place in self.places)
        return f"{self.statement.label} {numbers}: {gone}"

    @property
    def text(self) -> str:
        """
        The statement without them.

        Each becomes `(predicate OR true)`, which is true of every row, so that parameters keep their places and types.
        """
        text = self.statement.text
        found = self.statement.predicates
        for place in sorted(self.places, reverse=True):
            start, end = found[place].span()
            text = f"{text[:start]}({text[start:end]} OR true){text[end:]}"
        return text


def statements() -> Iterator[Statement]:
    """All of them but the migrations' functions, which `doors.py` looks at."""
    for path in sorted(STORE.rglob("*.sql")):
        if path.parent.name == "migrations":
            continue
        yield from _statements_of(path)
    path = STORE / "hot" / "committed.py"
    embedded = _IN_CODE.search(path.read_text())
    assert embedded is not None, "store/hot/committed.py has no _COMMITTED any more"
    yield Statement("hot/committed.py", "", "", embedded["text"])


def _statements_of(path: Path) -> Iterator[Statement]:
    file, text = str(path.relative_to(STORE)), with_parts(path.read_text(encoding="utf-8"))
    named = list(_NAME.finditer(text))
    if not named:
        yield Statement(file, "", "", _COMMENT.sub("", text))
    ends: Sequence[int] = [*(match.start() for match in named[1:]), len(text)]
    for match, end in zip(named, ends, strict=bool(named)):
        yield Statement(file, match["name"], match["kind"], _COMMENT.sub("", text[match.end() : end]).strip(" \n;"))
