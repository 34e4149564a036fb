"""Values: candidates tried in order until one has a value that is not one of the ways to say "absent"."""

from base64 import b64decode
from binascii import Error as NotBase64
from collections.abc import Callable, Mapping

import msgspec

from alertwhisperer.domain.asset import present
from alertwhisperer.domain.errors import Invalid
from alertwhisperer.sources import _explained as explained
from alertwhisperer.sources._explained import Why
from alertwhisperer.sources._mapping.document import Candidate, Candidates
from alertwhisperer.sources._mapping.limits import (
    DEEPEST_TEMPLATE,
    LONGEST_DECODED,
    LONGEST_JOINED,
    LONGEST_TEMPLATE,
    MOST_PARTS,
    Budget,
    Exhausted,
)
from alertwhisperer.sources._mapping.paths import Path, compile_path
from alertwhisperer.sources._mapping.patterns import Pattern
from alertwhisperer.sources._reading import clean, scalar
from alertwhisperer.sources.contract import Json

Scope = Mapping[str, Json]
Finder = Callable[[Scope, Budget], Json]
"""From the scope to whatever is there, containers too."""
LONGEST_SHOWN = 200


class Chosen(msgspec.Struct, frozen=True):
    """
    Which candidate had a value.

    Attributes:
        place: 0-based, in the order of the mapping.
        value: a text, number or boolean.
    """

    place: int
    value: Json

    @property
    def text(self) -> str:
        """The value as text."""
        return scalar(self.value) or ""


class Way(msgspec.Struct, frozen=True):
    """
    One compiled candidate.

    Attributes:
        written: as the mapping has it.
        steps: the last one finds the value; those before it are where it may have been lost on the way, each with what
            it means when it is the first that finds nothing.
    """

    written: str
    steps: tuple[tuple[Why, Finder], ...]

    @property
    def find(self) -> Finder:
        """Finds the value."""
        return self.steps[-1][1]

    def lost(self, scope: Scope, budget: Budget) -> explained.Candidate:
        """Why its value is not there."""
        before: Json = None
        for why, find in self.steps:
            value = find(scope, budget)
            if value is None:
                return explained.Candidate(self.written, shown(before), why)
            before = value
        return explained.Candidate(self.written, shown(before), _unusable(before))


class Choice:
    """The compiled candidates of one target."""

    __slots__ = ("_finders", "_ways")

    def __init__(self, ways: tuple[Way, ...]) -> None:
        self._ways = ways
        self._finders = tuple(way.find for way in ways)

    def __len__(self) -> int:
        return len(self._finders)

    def choose(self, scope: Scope, budget: Budget) -> Chosen | None:
        """The first candidate with a value; None when none has one."""
        for place, find in enumerate(self._finders):
            value = usable(find(scope, budget))
            if value is not None:
                return Chosen(place, value)
        return None

    def explain(self, scope: Scope, budget: Budget) -> tuple[explained.Candidate, ...]:
        """What became of each candidate; costs up to four times as much as `choose`."""
        told: list[explained.Candidate] = []
        chosen = self.choose(scope, budget)
        for place, way in enumerate(self._ways):
            if chosen is None or place < chosen.place:
                told.append(way.lost(scope, budget))
            elif place == chosen.place:
                told.append(explained.Candidate(way.written, shown(chosen.value), Why.TAKEN))
            else:
                told.append(explained.Candidate(way.written, "", Why.NOT_NEEDED))
        return tuple(told)


def usable(value: Json) -> Json:
    """The value when it is a scalar that is there, a text without its outer blanks; else None."""
    if type(value) is bool:
        return value
    text = present(value)
    return None if text is None else text if type(value) is str else value


def shown(value: Json) -> str:
    """A value for people, cut short."""
    if type(value) is dict:
        return f"an object of {len(value)}"
    if type(value) is list:
        return f"a list of {len(value)}"
    return clean((scalar(value) or "")[: LONGEST_SHOWN + 1], LONGEST_SHOWN)


def _unusable(value: Json) -> Why:
    """Why a value that is there counts as absent."""
    if type(value) is not str:
        return Why.CONTAINER
    text = value.strip()
    if not text:
        return Why.BLANK
    return Why.PLACEHOLDER if text[0] in "{$%*[<" else Why.WORD


class Compiler:
    """Turns the parts of one mapping into functions, and counts them in `parts`."""

    def __init__(self) -> None:
        self.parts = 0

    def count(self, where: str) -> None:
        """One more part; `Invalid` when the mapping has too many."""
        self.parts += 1
        if self.parts > MOST_PARTS:
            raise Invalid(f"the mapping has more than {MOST_PARTS} paths, patterns and rows", where=where)

    def path(self, text: str, where: str) -> Path:
        """See `compile_path`."""
        self.count(where)
        return compile_path(text, where)

    def pattern(self, text: str, where: str, *, group: int | str | None = None) -> Pattern:
        """See `Pattern`."""
        self.count(where)
        return Pattern(text, where, group=group)

    def choice(self, candidates: Candidates, where: str, depth: int = DEEPEST_TEMPLATE) -> Choice:
        """All candidates of a target."""
        if not isinstance(candidates, list):
            return Choice((self.way(candidates, where, depth),))
        return Choice(tuple(self.way(one, f"{where}[{place}]", depth) for place, one in enumerate(candidates)))

    def finder(self, candidate: str | Candidate, where: str) -> Finder:
        """One candidate that stands alone."""
        return self.way(candidate, where).find

    def way(self, candidate: str | Candidate, where: str, depth: int = DEEPEST_TEMPLATE) -> Way:
        """One candidate."""
        if isinstance(candidate, str):
            return Way(candidate, ((Why.NOTHING, self.path(candidate, where)),))
        _check_shape(candidate, where)
        written = _written(candidate)
        if candidate.constant is not None:
            constant = candidate.constant
            return Way(written, ((Why.NOTHING, lambda _scope, _budget: constant),))
        if candidate.template is not None:
            steps = [(Why.TEMPLATE, self._template(candidate, where, depth))]
        else:
            steps = [(Why.NOTHING, self.path(candidate.path or "", f"{where}.path"))]
        if candidate.decode:
            raw, ways = steps[-1][1], tuple(candidate.decode)
            steps.append((Why.DECODE, _decoding(raw, ways, None)))
            if candidate.then is not None:
                steps.append((Why.THEN, _decoding(raw, ways, self.path(candidate.then, f"{where}.then"))))
        if candidate.match is not None:
            pattern = self.pattern(candidate.match, f"{where}.match", group=candidate.group)
            steps.append((Why.MATCH, _matching(steps[-1][1], pattern)))
        return Way(written, tuple(steps))

    def _template(self, candidate: Candidate, where: str, depth: int) -> Finder:
        if depth == 0:
            raise Invalid("templates inside templates are nested too deep", where=where)
        pieces = pieces_of(candidate.template or "", f"{where}.template")
        names = {name for _, name in pieces if name}
        if names != set(candidate.values):
            odd = sorted(names ^ set(candidate.values))[0]
            raise Invalid(f"the template and its values do not agree on {odd[:60]!r}", where=where)
        choices = {
            name: self.choice(one, f"{where}.values.{name}", depth - 1) for name, one in candidate.values.items()
        }
        return _filling(pieces, choices)


def _check_shape(candidate: Candidate, where: str) -> None:
    ways = [name for name in ("path", "template", "constant") if getattr(candidate, name) is not None]
    if len(ways) != 1:
        raise Invalid(
            "a candidate has exactly one of path, template and constant", where=where, mend="make it several candidates"
        )
    if candidate.values and candidate.template is None:
        raise Invalid("values belong to a template", where=f"{where}.values")
    if candidate.then is not None and not candidate.decode:
        raise Invalid("then belongs to decode", where=f"{where}.then", mend="write one longer path")
    if candidate.group is not None and candidate.match is None:
        raise Invalid("group belongs to match", where=f"{where}.group")
    if candidate.constant is not None and (present(candidate.constant) is None or candidate.match or candidate.decode):
        raise Invalid("a constant is a text that stands alone", where=where)


def _written(candidate: str | Candidate) -> str:
    if isinstance(candidate, str):
        return candidate
    if candidate.constant is not None:
        return f"constant {candidate.constant!r}"
    text = candidate.path or f"template {candidate.template!r}"
    text += "".join(f" | {step}" for step in candidate.decode) + (f" | {candidate.then}" if candidate.then else "")
    return text + (f" ~ /{candidate.match}/" if candidate.match else "")


def pieces_of(template: str, where: str) -> list[tuple[str, str]]:
    """The template as (text, name of the value behind it); a final text has no name."""
    if not template or len(template) > LONGEST_TEMPLATE:
        raise Invalid(f"a template has 1 to {LONGEST_TEMPLATE} characters", where=where)
    pieces: list[tuple[str, str]] = []
    text, place = "", 0
    while place < len(template):
        character = template[place]
        if template[place : place + 2] in ("{{", "}}"):
            text, place = text + character, place + 2
        elif character == "{":
            end = template.find("}", place)
            name = template[place + 1 : end] if end > 0 else ""
            if not name.isidentifier():
                raise Invalid("a template's { } hold a name of its values", where=where, mend="write {{ for a brace")
            pieces.append((text, name))
            text, place = "", end + 1
        elif character == "}":
            raise Invalid("a template has a } without its {", where=where, mend="write }} for a brace")
        else:
            text, place = text + character, place + 1
    return [*pieces, (text, "")]


def _filling(pieces: list[tuple[str, str]], choices: Mapping[str, Choice]) -> Finder:
    def filled(scope: Scope, budget: Budget) -> Json:
        texts: list[str] = []
        for text, name in pieces:
            texts.append(text)
            if name:
                chosen = choices[name].choose(scope, budget)
                if chosen is None:
                    return None
                texts.append(chosen.text)
        if sum(map(len, texts)) > LONGEST_JOINED:
            raise Exhausted("the mapping joins too much")
        return "".join(texts)

    return filled


def _decoding(find: Finder, steps: tuple[str, ...], then: Path | None) -> Finder:
    def decoded(scope: Scope, budget: Budget) -> Json:
        value = find(scope, budget)
        for step in steps:
            if type(value) is not str or len(value) > LONGEST_DECODED:
                return None
            budget.spend(1 + len(value) // 256)
            value = _DECODERS[step](value)
        return value if then is None else then(value, budget)

    return decoded


def _from_json(text: str) -> Json:
    try:
        return msgspec.json.decode(text.encode())
    except (msgspec.DecodeError, UnicodeEncodeError, RecursionError):
        return None


def _from_base64(text: str) -> Json:
    bare = "".join(text.split()).replace("-", "+").replace("_", "/")
    try:
        return b64decode(bare + "=" * (-len(bare) % 4), validate=True).decode()
    except (NotBase64, ValueError):
        return None


_DECODERS: dict[str, Callable[[str], Json]] = {"json": _from_json, "base64": _from_base64}


def _matching(find: Finder, pattern: Pattern) -> Finder:
    def matched(scope: Scope, budget: Budget) -> Json:
        text = scalar(find(scope, budget))
        if text is None:
            return None
        budget.spend(4)
        return pattern.caught(text)

    return matched
