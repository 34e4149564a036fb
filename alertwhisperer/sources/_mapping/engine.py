"""
Engine: a mapping, compiled once, applied to requests.

Nothing in here can be made to run long or large by the mapping or by the body: paths and decoding spend a budget that
belongs to one alert and to the whole request, patterns run in linear time, and what comes out is capped.
"""

from collections.abc import Mapping
from typing import Any, Literal

import msgspec

from alertwhisperer.domain import severity
from alertwhisperer.domain.asset import canonical
from alertwhisperer.domain.errors import Invalid
from alertwhisperer.domain.occurrence import Content, Kind, Occurrence, Refused
from alertwhisperer.domain.severity import Severity
from alertwhisperer.sources._mapping.document import Document, Filter, Labels
from alertwhisperer.sources._mapping.limits import DELIVERY_STEPS, MEMBER_STEPS, Budget, Exhausted
from alertwhisperer.sources._mapping.paths import Path
from alertwhisperer.sources._mapping.tables import Guard, Presence, compile_table, compile_test
from alertwhisperer.sources._mapping.times import compile_times
from alertwhisperer.sources._mapping.values import Choice, Chosen, Compiler, Finder, Scope
from alertwhisperer.sources._reading import (
    KINDS,
    LONGEST_LABEL_NAME,
    LONGEST_MESSAGE,
    LONGEST_NAME,
    add_label,
    clean,
    digest,
    labels_of,
    line,
    link,
    slug_of,
)
from alertwhisperer.sources.contract import Inbound, Json, Parsed

TARGETS = ("asset", "signature", "message", "severity", "status", "source", "started_at", "ended_at")
_LARGEST_DOCUMENT = 65_536
_RESERVED = frozenset({"body", "query", "headers", "raw", "member", "parent", "index"})
_KIND_WORDS = {"firing": Kind.FIRING, "resolved": Kind.RESOLVED, "noted": Kind.NOTED}
_USUAL_STATUS = {word: kind.name.lower() if kind is not Kind.NOTED else "noted" for word, (kind, _) in KINDS.items()}


class Member(msgspec.Struct, frozen=True):
    """
    One alert of a request, before it is read.

    Attributes:
        index: 0-based, in the order of the body.
        scope: what its paths see.
    """

    index: int
    scope: Mapping[str, Json]


class Other(msgspec.Struct, frozen=True):
    """
    Candidates besides those of the target fields.

    Attributes:
        where: in the mapping.
        kind: whether a label, a link, or a part of the problem's or the cycle's name is made of it.
        name: of the label or link; "" when the label is dropped.
    """

    where: str
    choice: Choice
    kind: Literal["label", "link", "problem", "cycle"]
    name: str = ""


class _Filter(msgspec.Struct, frozen=True):
    name: str
    drops: bool
    guards: tuple[Guard, ...]

    def holds(self, scope: Scope, budget: Budget) -> bool:
        return all(guard.passes(scope, budget) for guard in self.guards)


class Mapper:
    """A compiled mapping; see `compile_mapping`."""

    def __init__(self, document: Document) -> None:
        compiler = Compiler()
        self._let = _named(document.let, compiler, "let")
        self._let_each = _named(document.let_each, compiler, "let_each")
        self.names = {"let": tuple(self._let), "let_each": tuple(self._let_each)}
        steps = [document.each] if isinstance(document.each, str) else document.each
        self._each: list[Path] = [compiler.path(text, f"each[{place}]") for place, text in enumerate(steps)]
        self.choices: dict[str, Choice] = {
            name: compiler.choice(getattr(document.fields, name), f"fields.{name}") for name in TARGETS
        }
        for name in ("asset", "signature"):
            if not len(self.choices[name]):
                raise Invalid("there must be at least one candidate", where=f"fields.{name}")
        self._severities = compile_table(document.severity.table, document.severity.default, compiler, "severity")
        self._statuses = compile_table(document.status.table, document.status.default, compiler, "status")
        self._presence = Presence(document.status.table, compiler, "status")
        self._read_time = compile_times(document.time)
        self._problem = _choices(document.identity.problem, compiler, "identity.problem")
        self._cycle = _choices(document.identity.cycle, compiler, "identity.cycle")
        except_ = document.identity.labels_except
        self._labels_except = None if except_ is None else frozenset(except_)
        self._labels = _LabelRules(document.labels, compiler)
        self._links = {
            clean(name, LONGEST_LABEL_NAME): compiler.choice(one, f"links.{name}")
            for name, one in document.links.items()
        }
        self._filters = [_filter(one, compiler, f"filters[{place}]") for place, one in enumerate(document.filters)]
        self.others = _others(self._labels, self._links, self._problem, self._cycle)
        self._parts = compiler.parts  # what each alert costs at least

    def parse(self, inbound: Inbound) -> Parsed:
        """
        Read a request; a `Parsed` like any source's.

        Raises:
            Invalid: the list of alerts is not there.
        """
        total = Budget(DELIVERY_STEPS)
        understood: list[tuple[int, Occurrence]] = []
        refused: list[Refused] = []
        for member in self.members(inbound, total):
            outcome = self.read(member, total, inbound)
            if isinstance(outcome, Refused):
                refused.append(outcome)
            else:
                understood.append((member.index, outcome))
        return Parsed(tuple(understood), tuple(refused))

    def members(self, inbound: Inbound, budget: Budget) -> list[Member]:
        """The alerts of a request; `Invalid` when they cannot be found."""
        try:
            return self._split(inbound, budget)
        except Exhausted as wrong:
            raise Invalid(
                "the mapping looks at too much of this body", where="each", mend="shorten its paths"
            ) from wrong

    def _split(self, inbound: Inbound, budget: Budget) -> list[Member]:
        scope: dict[str, Json] = {
            "body": inbound.document,
            "query": dict(inbound.query),
            "headers": dict(inbound.headers),
            "raw": clean(inbound.body[: 4 * LONGEST_MESSAGE].decode("utf-8", "replace"), 4 * LONGEST_MESSAGE),
            "member": inbound.document,
        }
        for name, find in self._let.items():
            scope[name] = find(scope, budget)
        scopes = [scope]
        for place, path in enumerate(self._each):
            scopes = [below for above in scopes for below in _below(above, path(above, budget), place, budget)]
        return [Member(index, one | {"index": index}) for index, one in enumerate(scopes)]

    def scope(self, member: Member, budget: Budget) -> Scope:
        """What the member's paths see, `let_each` included."""
        if not self._let_each:
            return member.scope
        scope = dict(member.scope)
        for name, find in self._let_each.items():
            scope[name] = find(scope, budget)
        return scope

    def read(self, member: Member, total: Budget, inbound: Inbound) -> Occurrence | Refused:
        """What one alert of the request says; takes from `total` what it cost."""
        steps = min(MEMBER_STEPS, total.left)
        budget = Budget(steps)
        try:
            budget.spend(self._parts)
            return self._said(member, self.scope(member, budget), budget, inbound)
        except Exhausted as wrong:
            return Refused(member.index, str(wrong), "mapping", "shorten the paths of the mapping")
        finally:
            total.left -= steps - max(0, budget.left)

    def _said(self, member: Member, scope: Scope, budget: Budget, inbound: Inbound) -> Occurrence | Refused:
        chosen = {name: choice.choose(scope, budget) for name, choice in self.choices.items()}
        filtered = next((one for one in self._filters if one.holds(scope, budget)), None)
        if filtered is not None and filtered.drops:
            return _dropped(filtered.name, chosen)
        for name in ("asset", "signature"):
            if chosen[name] is None:
                return Refused(
                    member.index,
                    f"no candidate of {name} has a value in this alert",
                    f"fields.{name}",
                    "add a candidate to the mapping, a constant as the last resort",
                )
        word, _ = self.status(scope, budget, chosen["status"])
        if word is None:
            return Refused(
                member.index,
                "the status is not a known word",
                "fields.status",
                "add a row to the mapping's status table, or a default",
            )
        kind = _KIND_WORDS[word]
        if filtered is not None:
            return self._occurrence(scope, budget, inbound, chosen, Kind.NOTED, filtered.name)
        return self._occurrence(scope, budget, inbound, chosen, kind, "noted_by_status" if kind is Kind.NOTED else "")

    def status(self, scope: Scope, budget: Budget, status: Chosen | None) -> tuple[str | None, str]:
        """Firing, resolved or noted (None: not a known word), and what says so."""
        word, by = self._presence.told(scope, budget)
        if word is None:
            word, by = self._statuses.told(None if status is None else status.value, _USUAL_STATUS)
        if word is None and status is None:
            return "firing", "nothing says otherwise"
        return word, by

    def severity(self, chosen: Chosen | None) -> tuple[str | None, str]:
        """The severity's word (None: not a known one), and what says so."""
        return self._severities.told(None if chosen is None else chosen.value, _usual_severity)

    def filter(self, scope: Scope, budget: Budget) -> str:
        """The name of the filter that holds; "" when none does."""
        held = next((one for one in self._filters if one.holds(scope, budget)), None)
        return "" if held is None else held.name

    def _occurrence(
        self,
        scope: Scope,
        budget: Budget,
        inbound: Inbound,
        chosen: Mapping[str, Chosen | None],
        kind: Kind,
        note: str,
    ) -> Occurrence:
        asset, signature = _text(chosen["asset"], LONGEST_NAME), _text(chosen["signature"], LONGEST_NAME)
        source = slug_of(_text(chosen["source"], LONGEST_NAME))
        labels = self._labels.read(scope, budget)
        level = self._severity(chosen["severity"], labels)
        received_at = inbound.received_at
        started = chosen["started_at"]
        ended = chosen["ended_at"] if kind is Kind.RESOLVED else None
        return Occurrence(
            kind,
            Content(
                asset,
                signature,
                _text(chosen["message"], LONGEST_MESSAGE) or signature,
                source,
                labels,
                self._link(scope, budget),
            ),
            None if kind is Kind.RESOLVED else level,
            self._identity(scope, budget, asset, signature, source, labels),
            _hashed(self._cycle, scope, budget),
            None if started is None else self._read_time(started.value, received_at),
            None if ended is None else self._read_time(ended.value, received_at),
            note,
        )

    def _severity(self, chosen: Chosen | None, labels: dict[str, str]) -> Severity | None:
        word, _ = self.severity(chosen)
        if word is not None:
            return Severity[word.upper()]
        if chosen is not None:
            add_label(labels, "severity", chosen.text)
        return None

    def _identity(
        self, scope: Scope, budget: Budget, asset: str, signature: str, source: str, labels: Mapping[str, str]
    ) -> str:
        own = _hashed(self._problem, scope, budget) or digest(canonical(asset), signature, source)
        if self._labels_except is None:
            return own
        kept = sorted((name, text) for name, text in labels.items() if name not in self._labels_except)
        return digest(own, *(text for pair in kept for text in pair))

    def _link(self, scope: Scope, budget: Budget) -> dict[str, str]:
        found = {name: choice.choose(scope, budget) for name, choice in self._links.items()}
        return {name: url for name, one in found.items() if one is not None and (url := link(one.value)) is not None}


class _LabelRules:
    """Which labels an alert gets."""

    def __init__(self, labels: Labels, compiler: Compiler) -> None:
        self._copies = [
            (compiler.path(one, f"labels.copy[{place}]"), "")
            if isinstance(one, str)
            else (compiler.path(one.path, f"labels.copy[{place}].path"), one.prefix)
            for place, one in enumerate(labels.copy)
        ]
        self.set = {name: compiler.choice(one, f"labels.set.{name}") for name, one in labels.set.items()}
        self._rename = labels.rename
        self._drop = frozenset(name for name in labels.drop if not name.endswith("*"))
        self._drop_starts = tuple(name[:-1] for name in labels.drop if name.endswith("*"))

    def name(self, name: str) -> str:
        """What a label that was set is called in the end; "" when it is dropped."""
        if name in self._drop or (self._drop_starts and name.startswith(self._drop_starts)):
            return ""
        return clean(self._rename.get(name, name), LONGEST_LABEL_NAME)

    def read(self, scope: Scope, budget: Budget) -> dict[str, str]:
        """The labels, renamed and without the dropped ones."""
        flat: dict[str, str] = {}
        for name, choice in self.set.items():
            chosen = choice.choose(scope, budget)
            add_label(flat, name, None if chosen is None else chosen.value)
        for path, prefix in self._copies:
            tree = path(scope, budget)
            copied = labels_of(tree, prefix=prefix)
            budget.spend(len(copied))
            for name, text in copied.items():
                add_label(flat, name, text)
        return {final: text for name, text in flat.items() if (final := self.name(name))}


def compile_mapping(document: object) -> Mapper:
    """
    A mapping ready to use; compile it once and keep it.

    Args:
        document: the mapping as JSON values, see `document.Document`.

    Raises:
        Invalid: with what is wrong, where in the document, and how to mend it.
    """
    try:
        size = len(msgspec.json.encode(document))
        read = msgspec.convert(document, Document)
    except msgspec.ValidationError as wrong:
        what, _, where = str(wrong).partition(" - at ")
        raise Invalid(
            what, where=where.strip("`").removeprefix("$").lstrip("."), mend="see the guide to mappings"
        ) from wrong
    except (TypeError, ValueError, RecursionError, UnicodeEncodeError) as wrong:
        raise Invalid("the mapping is not plain JSON") from wrong
    if size > _LARGEST_DOCUMENT:
        raise Invalid(f"the mapping is larger than {_LARGEST_DOCUMENT} bytes")
    return Mapper(read)


def _named(parts: Mapping[str, Any], compiler: Compiler, where: str) -> dict[str, Finder]:
    for name in parts:
        if name in _RESERVED or not name.isidentifier():
            raise Invalid(f"{name[:40]!r} cannot be a name here", where=where, mend="use letters, digits and _")
    return {name: compiler.finder(part, f"{where}.{name}") for name, part in parts.items()}


def _others(
    labels: "_LabelRules", links: Mapping[str, Choice], problem: list[Choice], cycle: list[Choice]
) -> tuple["Other", ...]:
    return (
        *(Other(f"labels.set.{name}", one, "label", labels.name(name)) for name, one in labels.set.items()),
        *(Other(f"links.{name}", one, "link", name) for name, one in links.items()),
        *(Other(f"identity.problem[{place}]", one, "problem") for place, one in enumerate(problem)),
        *(Other(f"identity.cycle[{place}]", one, "cycle") for place, one in enumerate(cycle)),
    )


def _choices(parts: list[Any], compiler: Compiler, where: str) -> list[Choice]:
    return [compiler.choice(one, f"{where}[{place}]") for place, one in enumerate(parts)]


def _filter(one: Filter, compiler: Compiler, where: str) -> _Filter:
    if not one.when or not one.name.strip() or len(one.name) > 64:
        raise Invalid("a filter has a name of at most 64 characters and at least one condition", where=where)
    guards: list[Guard] = []
    for place, condition in enumerate(one.when):
        here = f"{where}.when[{place}]"
        bare = (condition.is_, condition.folded, condition.matches, condition.least, condition.most, condition.below)
        tested = any(part is not None for part in bare)
        if not tested and condition.present is None:
            raise Invalid("a condition needs a test or present", where=here)
        holds = compile_test(condition, compiler, here) if tested else None
        guards.append(Guard(compiler.choice(condition.value, f"{here}.value"), holds, condition.present))
    return _Filter(one.name.strip(), one.do == "drop", tuple(guards))


def _below(above: Mapping[str, Json], found: Json, place: int, budget: Budget) -> list[dict[str, Json]]:
    if type(found) is not list:
        if place == 0:
            raise Invalid("the path of the alerts leads to no list in this body", where="each")
        return []
    budget.spend(len(found))
    return [dict(above, member=element, parent=above["member"]) for element in found]


def _text(chosen: Chosen | None, limit: int) -> str:
    return "" if chosen is None else line(chosen.text, limit).strip()


def _usual_severity(text: str) -> str | None:
    found = severity.from_word(text)
    return None if found is None else found.word


def _hashed(choices: list[Choice], scope: Scope, budget: Budget) -> str | None:
    """The digest of several values; None when all are absent."""
    texts = [None if (one := choice.choose(scope, budget)) is None else one.text for choice in choices]
    return digest(*(text or "" for text in texts)) if any(text is not None for text in texts) else None


def _dropped(name: str, chosen: Mapping[str, Chosen | None]) -> Occurrence:
    asset = _text(chosen["asset"], LONGEST_NAME) or "dropped"
    signature = _text(chosen["signature"], LONGEST_NAME) or name
    content = Content(asset, signature, f"dropped by the filter {name}", slug_of(""))
    return Occurrence(Kind.NOTED, content, None, digest("dropped", name, asset, signature), note=name)
