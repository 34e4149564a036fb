"""
Finds the correlation rule of an occurrence, and its aggregation key.

A rule set is compiled once. Rules whose condition demands one value of a field (`source == "zabbix" && …`) are found
through an index of these values, so that an occurrence meets only the few rules that can match it. Answers are
remembered per content where the rules look at nothing that changes from one occurrence to the next.
"""

import re
from collections.abc import Callable
from datetime import datetime
from hashlib import blake2b

import cel
import msgspec

from alertwhisperer.correlate.windows import CompiledWindows, Holding
from alertwhisperer.domain.asset import canonical
from alertwhisperer.domain.errors import Invalid
from alertwhisperer.domain.occurrence import Content
from alertwhisperer.domain.rule import Rule, RuleSet
from alertwhisperer.domain.severity import Severity

_INDEXED = ("signature", "asset", "source", "severity")  # most telling first: a rule is filed under one of them
_EQUALS = re.compile(r'^\s*(signature|asset|source|severity)\s*==\s*"([^"]*)"\s*$')
# Where "joined by &&" could be read wrongly; such rules are always tried.
_UNCLEAR = ("||", "?", "'", "\\", '"""', "//")
_NAMES = frozenset({"asset", "signature", "severity", "source", "message", "labels"})
_LOOPS = re.compile(r"\.\s*(all|exists|exists_one|map|filter)\s*\(")
_MOST_LOOPS = 2  # labels are at most 64: two nested loops stay below 4,096 steps
_REMEMBERED = 50_000  # contents, about 10 MB; a guess, enough for 300 companies' usual alerts
_SAMPLE = {
    "asset": "a",
    "signature": "s",
    "severity": "high",
    "source": "generic",
    "message": "m",
    "labels": {"k": "v"},
}

Program = Callable[[dict[str, object]], object]


class Matched(msgspec.Struct, frozen=True, gc=False):
    """
    What a rule says of an occurrence.

    Attributes:
        rule: the first that matched.
        key: 16 bytes, the hash of company, rule and grouping values; equal keys may share an incident.
        text: the same for people, e.g. `db-01|DiskFull`.
        alias: whether the asset stands in the key by its own name, and the tool used another.
    """

    rule: Rule
    key: bytes
    text: str
    alias: bool = False


class CompiledRules:
    """
    A company's rule set, ready to be asked.

    Raises:
        Invalid: a condition is not CEL, or could take too long.
    """

    def __init__(self, company: bytes, rules: RuleSet) -> None:
        self.version = rules.version
        self._company = company
        self._own_names = rules.aliases
        self._windows = CompiledWindows(rules.windows) if rules.windows else None
        self._rules = rules.in_order()
        self._programs = [_compile(rule, place) for place, rule in enumerate(self._rules)]
        self._always: list[int] = []
        self._filed: dict[tuple[str, str], list[int]] = {}
        for place, rule in enumerate(self._rules):
            demand = _demanded(rule.condition)
            if demand is None:
                self._always.append(place)
            else:
                self._filed.setdefault(demand, []).append(place)
        self._steady = all(_is_steady(rule) for rule in self._rules)
        self._known: dict[tuple[str, str, str], Matched] = {}

    def match(self, content: Content, severity: Severity) -> Matched:
        """The first rule that holds, and the key it makes of this occurrence."""
        if not self._steady:
            return self._find(content, severity)
        name = (content.asset, content.signature, content.source)
        known = self._known.get(name)
        if known is None:
            known = self._find(content, severity)
            if len(self._known) >= _REMEMBERED:
                self._known.clear()
            self._known[name] = known
        return known

    def holding(self, content: Content, at: datetime) -> Holding | None:
        """The maintenance window that holds back an alert received at a moment; None mostly."""
        if self._windows is None:
            return None
        asset = self._own_name("asset", canonical(content.asset))
        return self._windows.holding(asset, content.signature, at)

    def _find(self, content: Content, severity: Severity) -> Matched:
        facts: dict[str, object] | None = None
        for place in self._candidates(content, severity):
            program = self._programs[place]
            if program is not None:
                facts = facts or _facts(content, severity)
                if not _holds(program, facts):
                    continue
            return self._matched(self._rules[place], content, severity)
        raise AssertionError("the default rule matches everything")

    def _candidates(self, content: Content, severity: Severity) -> list[int]:
        if not self._filed:
            return self._always
        found = list(self._always)
        for field in _INDEXED:
            value = severity.word if field == "severity" else getattr(content, field)
            found.extend(self._filed.get((field, value), ()))
        return sorted(found)

    def _matched(self, rule: Rule, content: Content, severity: Severity) -> Matched:
        values = [_value(field, content, severity) for field in rule.group_by]
        alias = False
        if self._own_names and "asset" in rule.group_by:
            own = [self._own_name(field, value) for field, value in zip(rule.group_by, values, strict=True)]
            alias, values = own != values, own
        if not rule.cross_tool and "source" not in rule.group_by:
            values.append(content.source)
        digest = blake2b(self._company, digest_size=16)
        for part in (rule.id, *values):
            raw = part.encode("utf-8", "replace")
            digest.update(len(raw).to_bytes(4, "big") + raw)
        return Matched(rule, digest.digest(), "|".join(values), alias)

    def _own_name(self, field: str, value: str) -> str:
        return self._own_names.get(value, value) if field == "asset" else value


def compile_rules(company: bytes, rules: RuleSet) -> CompiledRules:
    """Compile a company's rules; raises `Invalid` and says which one and why."""
    return CompiledRules(company, rules)


def _value(field: str, content: Content, severity: Severity) -> str:
    match field:
        case "asset":
            return canonical(content.asset)
        case "signature":
            return content.signature
        case "source":
            return content.source
        case "severity":
            return severity.word
    return content.labels.get(field.removeprefix("labels."), "")


def _facts(content: Content, severity: Severity) -> dict[str, object]:
    return {
        "asset": content.asset,
        "signature": content.signature,
        "severity": severity.word,
        "source": content.source,
        "message": content.message,
        "labels": content.labels,
    }


def _holds(program: Program, facts: dict[str, object]) -> bool:
    try:
        return program(facts) is True
    except (ValueError, TypeError, RuntimeError, KeyError, AttributeError):
        return False  # a label that this occurrence lacks: the condition does not hold


def _compile(rule: Rule, place: int) -> Program | None:
    if not rule.condition.strip():
        return None
    where = f"rules[{place}].condition"
    if len(_LOOPS.findall(rule.condition)) > _MOST_LOOPS:
        raise Invalid(
            "the condition has too many loops", where=where, mend=f"use at most {_MOST_LOOPS} of all, exists…"
        )
    try:
        program = cel.compile(rule.condition)
    except (ValueError, RuntimeError, TypeError) as failure:
        raise Invalid(f"the condition is not CEL: {failure}", where=where, mend="see docs/correlation.md") from failure
    _try_on_sample(program.execute, where)
    return program.execute


def _try_on_sample(program: Program, where: str) -> None:
    try:
        answer = program(dict(_SAMPLE))
    except KeyError:
        return  # a label that the sample lacks
    except (ValueError, RuntimeError, TypeError, AttributeError) as failure:
        raise Invalid(
            f"the condition fails: {failure}", where=where, mend=f"use {', '.join(sorted(_NAMES))}"
        ) from failure
    if not isinstance(answer, bool):
        raise Invalid("the condition does not answer true or false", where=where, mend="compare it with something")


def _demanded(condition: str) -> tuple[str, str] | None:
    """A field and the one value without which the condition cannot hold; None when that is not plain to see."""
    if any(sign in condition for sign in _UNCLEAR):
        return None
    demands = {m[1]: m[2] for part in _conjuncts(condition) if (m := _EQUALS.match(part))}
    for field in _INDEXED:
        if field in demands:
            return field, demands[field]
    return None


def _conjuncts(condition: str) -> list[str]:
    """The parts that `&&` joins outside texts and brackets: `!(a && b)` is one part."""
    parts, start, depth, quoted = [], 0, 0, False
    for place, letter in enumerate(condition):
        if letter == '"':
            quoted = not quoted
        elif quoted:
            continue
        elif letter in "([{":
            depth += 1
        elif letter in ")]}":
            depth -= 1
        elif depth == 0 and condition.startswith("&&", place):
            parts.append(condition[start:place])
            start = place + 2
    return [*parts, condition[start:]]


def _is_steady(rule: Rule) -> bool:
    used = set(re.findall(r"[a-z]+", rule.condition)) | {field.split(".")[0] for field in rule.group_by}
    return not used & {"labels", "message", "severity"}
