"""
Paths: JMESPath, the part of it that cannot blow up.

The library parses; we evaluate, with a budget. Left out are the pieces by which an expression of few characters makes a
result of many gigabytes: multi-selects (`[a, b]`, `{x: a}`), `map`, `merge` and expressions as arguments, each of which
can double its input. What is left only ever selects from the document. Joining values is what templates are for.
"""

from collections.abc import Callable
from typing import Any

import jmespath.exceptions  # type: ignore[import-untyped]
import jmespath.parser  # type: ignore[import-untyped]

from alertwhisperer.domain.errors import Invalid
from alertwhisperer.sources._mapping.limits import DEEPEST_PATH, LONGEST_JOINED, LONGEST_PATH, Budget, Exhausted
from alertwhisperer.sources._reading import scalar
from alertwhisperer.sources.contract import Json

Path = Callable[[Json, Budget], Json]
"""From a scope to the value there, None when there is none; raises `Exhausted`."""

_Node = dict[str, Any]


def compile_path(text: str, where: str) -> Path:
    """
    A path ready to be used again and again.

    Raises:
        Invalid: not JMESPath, too long, too deep, or a part that is left out; `where` goes into the error.
    """
    if not text or len(text) > LONGEST_PATH:
        raise Invalid(f"a path has 1 to {LONGEST_PATH} characters", where=where)
    try:
        node = jmespath.parser.Parser().parse(text).parsed
        return _compiled(node, where, DEEPEST_PATH)
    except (jmespath.exceptions.JMESPathError, RecursionError, ValueError, KeyError) as wrong:
        raise Invalid(
            f"this is not a JMESPath expression: {_reason(wrong)}",
            where=where,
            mend="write a.b[0].c, \"key-with.signs\".x or list[?name=='host'].value | [0]",
        ) from wrong


def _reason(wrong: Exception) -> str:
    return str(wrong).strip().partition("\n")[0][:200] if not isinstance(wrong, RecursionError) else "nested too deep"


def _compiled(node: _Node, where: str, depth: int) -> Path:
    if depth == 0:
        raise Invalid("the path is nested too deep", where=where, mend="split it with let or let_each")
    kind: str = node["type"]
    if kind in _LEAVES:
        return _LEAVES[kind](node)
    if kind == "function_expression":
        return _function(node, where, depth)
    build = _BRANCHES.get(kind)
    if build is None:
        raise Invalid(
            f"the path uses a part of JMESPath that is left out here ({kind.replace('_', ' ')})",
            where=where,
            mend="join values with a template instead",
        )
    return build(node, [_compiled(child, where, depth - 1) for child in node["children"]])


def _field(node: _Node) -> Path:
    name: str = node["value"]
    return lambda value, _budget: value.get(name) if type(value) is dict else None


def _index(node: _Node) -> Path:
    place: int = node["value"]

    def at(value: Json, _budget: Budget) -> Json:
        return value[place] if type(value) is list and -len(value) <= place < len(value) else None

    return at


def _slice(node: _Node) -> Path:
    part = slice(*node["children"])
    if part.step == 0:
        raise ValueError("a slice's step cannot be 0")

    def sliced(value: Json, budget: Budget) -> Json:
        if type(value) is not list:
            return None
        budget.spend(len(value))
        return value[part]

    return sliced


def _literal(node: _Node) -> Path:
    constant = node["value"]
    return lambda _value, _budget: constant


def _current(_node: _Node) -> Path:
    return lambda value, _budget: value


def _chain(_node: _Node, steps: list[Path]) -> Path:
    first, rest = steps[0], steps[1:]

    def chained(value: Json, budget: Budget) -> Json:
        value = first(value, budget)
        for step in rest:
            value = step(value, budget)
        return value

    return chained


def _projection(_node: _Node, steps: list[Path]) -> Path:
    base, each = steps

    def projected(value: Json, budget: Budget) -> Json:
        found = base(value, budget)
        return _collect(found, each, budget) if type(found) is list else None

    return projected


def _value_projection(_node: _Node, steps: list[Path]) -> Path:
    base, each = steps

    def projected(value: Json, budget: Budget) -> Json:
        found = base(value, budget)
        return _collect(list(found.values()), each, budget) if type(found) is dict else None

    return projected


def _collect(elements: list[Json], each: Path, budget: Budget) -> list[Json]:
    budget.spend(1 + len(elements))
    return [found for element in elements if (found := each(element, budget)) is not None]


def _filter(_node: _Node, steps: list[Path]) -> Path:
    base, each, condition = steps

    def filtered(value: Json, budget: Budget) -> Json:
        found = base(value, budget)
        if type(found) is not list:
            return None
        budget.spend(1 + 2 * len(found))
        return _collect([element for element in found if _holds(condition(element, budget))], each, budget)

    return filtered


def _flatten(_node: _Node, steps: list[Path]) -> Path:
    (base,) = steps

    def flat(value: Json, budget: Budget) -> Json:
        found = base(value, budget)
        if type(found) is not list:
            return None
        merged: list[Json] = []
        for element in found:
            parts = element if type(element) is list else [element]
            budget.spend(1 + len(parts))
            merged += parts
        return merged

    return flat


def _or(_node: _Node, steps: list[Path]) -> Path:
    left, right = steps

    def either(value: Json, budget: Budget) -> Json:
        budget.spend(1)
        found = left(value, budget)
        return found if _holds(found) else right(value, budget)

    return either


def _and(_node: _Node, steps: list[Path]) -> Path:
    left, right = steps

    def both(value: Json, budget: Budget) -> Json:
        budget.spend(1)
        found = left(value, budget)
        return right(value, budget) if _holds(found) else found

    return both


def _not(_node: _Node, steps: list[Path]) -> Path:
    (inner,) = steps
    return lambda value, budget: not _holds(inner(value, budget))


def _comparator(node: _Node, steps: list[Path]) -> Path:
    left, right = steps
    compare = _COMPARISONS[node["value"]]

    def compared(value: Json, budget: Budget) -> Json:
        budget.spend(1)
        return compare(left(value, budget), right(value, budget))

    return compared


def _is_scalar(value: Json) -> bool:
    return type(value) not in (dict, list)


def _is_equal(a: Json, b: Json) -> bool:
    """Scalars and empty containers only: comparing whole subtrees is work that a budget cannot see."""
    if not _is_scalar(a) or not _is_scalar(b):
        return type(a) is type(b) and not a and not b
    return (type(a) is type(b) or (_is_number(a) and _is_number(b))) and bool(a == b)


def _is_number(value: Json) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _ordered(compare: Callable[[Any, Any], bool]) -> Callable[[Json, Json], Json]:
    return lambda a, b: compare(a, b) if _is_number(a) and _is_number(b) else None


_COMPARISONS: dict[str, Callable[[Json, Json], Json]] = {
    "eq": _is_equal,
    "ne": lambda a, b: not _is_equal(a, b),
    "lt": _ordered(lambda a, b: a < b),
    "lte": _ordered(lambda a, b: a <= b),
    "gt": _ordered(lambda a, b: a > b),
    "gte": _ordered(lambda a, b: a >= b),
}


def _holds(value: Json) -> bool:
    """JMESPath's truth: 0 is true, empty containers and texts are false."""
    return value is not None and value is not False and (_is_number(value) or bool(value) or value is True)


_LEAVES: dict[str, Callable[[_Node], Path]] = {
    "field": _field,
    "index": _index,
    "slice": _slice,
    "literal": _literal,
    "current": _current,
    "identity": _current,
}
_BRANCHES: dict[str, Callable[[_Node, list[Path]], Path]] = {
    "subexpression": _chain,
    "index_expression": _chain,
    "pipe": _chain,
    "projection": _projection,
    "value_projection": _value_projection,
    "filter_projection": _filter,
    "flatten": _flatten,
    "or_expression": _or,
    "and_expression": _and,
    "not_expression": _not,
    "comparator": _comparator,
}


def _function(node: _Node, where: str, depth: int) -> Path:
    name: str = node["value"]
    known = _FUNCTIONS.get(name)
    if known is None:
        raise Invalid(
            f"the path uses the function {name[:40]}, which is unknown or left out here",
            where=where,
            mend=f"use one of {', '.join(_FUNCTIONS)}, or a template",
        )
    least, most, call = known
    arguments = [_compiled(child, where, depth - 1) for child in node["children"]]
    if not least <= len(arguments) <= most:
        raise Invalid(f"the function {name} takes {least} to {most} arguments", where=where)

    def called(value: Json, budget: Budget) -> Json:
        values = [argument(value, budget) for argument in arguments]
        budget.spend(1 + sum(_size(item) for item in values))
        return call(*values)

    return called


def _size(value: Json) -> int:
    if type(value) is str:
        return len(value) // 256
    return len(value) if type(value) in (list, dict) else 0


def _length(value: Json) -> Json:
    return len(value) if type(value) in (str, list, dict) else None


def _contains(holder: Json, sought: Json) -> Json:
    if type(holder) is str:
        return type(sought) is str and sought in holder
    if type(holder) is list:
        return _is_scalar(sought) and any(_is_equal(item, sought) for item in holder)
    return None


def _starts_with(text: Json, start: Json) -> Json:
    return text.startswith(start) if type(text) is str and type(start) is str else None


def _ends_with(text: Json, end: Json) -> Json:
    return text.endswith(end) if type(text) is str and type(end) is str else None


def _join(glue: Json, parts: Json) -> Json:
    if type(glue) is not str or type(parts) is not list or not all(type(part) is str for part in parts):
        return None
    if len(glue) * len(parts) + sum(map(len, parts)) > LONGEST_JOINED:
        raise Exhausted("the mapping joins too much")
    return glue.join(parts)


def _keys(value: Json) -> Json:
    return list(value) if type(value) is dict else None


def _values(value: Json) -> Json:
    return list(value.values()) if type(value) is dict else None


def _not_null(*values: Json) -> Json:
    return next((value for value in values if value is not None), None)


def _to_number(value: Json) -> Json:
    if _is_number(value):
        return value
    try:
        return float(value) if type(value) is str and len(value) <= 64 else None
    except ValueError:
        return None


def _to_string(value: Json) -> Json:
    return scalar(value)  # whole subtrees would be work that a budget cannot see


def _type(value: Json) -> Json:
    names = {str: "string", bool: "boolean", int: "number", float: "number", list: "array", dict: "object"}
    return names.get(type(value), "null")


def _extreme(pick: Callable[[Any], Any]) -> Callable[[Json], Json]:
    def picked(value: Json) -> Json:
        if type(value) is not list or not value:
            return None
        same = all(_is_number(item) for item in value) or all(type(item) is str for item in value)
        return pick(value) if same else None

    return picked


def _reverse(value: Json) -> Json:
    return value[::-1] if type(value) in (list, str) else None


_FUNCTIONS: dict[str, tuple[int, int, Callable[..., Json]]] = {
    "contains": (2, 2, _contains),
    "ends_with": (2, 2, _ends_with),
    "join": (2, 2, _join),
    "keys": (1, 1, _keys),
    "length": (1, 1, _length),
    "max": (1, 1, _extreme(max)),
    "min": (1, 1, _extreme(min)),
    "not_null": (1, 20, _not_null),
    "reverse": (1, 1, _reverse),
    "sort": (1, 1, _extreme(sorted)),
    "starts_with": (2, 2, _starts_with),
    "to_number": (1, 1, _to_number),
    "to_string": (1, 1, _to_string),
    "type": (1, 1, _type),
    "values": (1, 1, _values),
}
