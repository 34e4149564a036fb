"""Trial: why each field of a request became what it is, for the person who writes the mapping."""

from collections.abc import Callable, Mapping

from alertwhisperer.domain.errors import Invalid
from alertwhisperer.domain.occurrence import Occurrence, Refused
from alertwhisperer.sources._explained import Explained, Field, Why
from alertwhisperer.sources._mapping.engine import Mapper, Member, Other
from alertwhisperer.sources._mapping.limits import DELIVERY_STEPS, MEMBER_STEPS, Budget, Exhausted
from alertwhisperer.sources._mapping.values import Choice, Scope, shown
from alertwhisperer.sources.contract import Inbound

MOST_EXPLAINED = 100
_DEARER = 5  # an explanation looks at a value up to five times where reading looks once


def explain(mapper: Mapper, inbound: Inbound) -> tuple[Explained, ...]:
    """
    How each alert's fields were found: the first hundred alerts, fewer when the mapping looks at very much.

    Empty when the body is refused whole; why, `Mapper.parse` says.
    """
    total = Budget(DELIVERY_STEPS)
    try:
        members = mapper.members(inbound, total)[:MOST_EXPLAINED]
    except Invalid:
        return ()
    told: list[Explained] = []
    for member in members:
        if total.left <= 0:
            break
        outcome = mapper.read(member, total, inbound)
        budget = Budget(min(_DEARER * MEMBER_STEPS, total.left))
        given = budget.left
        told.append(_Teller(mapper, outcome, budget).tell(member))
        total.left -= given - max(0, budget.left)
    return tuple(told)


class _Teller:
    """Explains one alert."""

    def __init__(self, mapper: Mapper, outcome: Occurrence | Refused, budget: Budget) -> None:
        self._mapper = mapper
        self._said = outcome if isinstance(outcome, Occurrence) else None
        self._budget = budget
        self._fields: list[Field] = []

    def tell(self, member: Member) -> Explained:
        """What was found; cut off where the budget ends, which the member's refusal says as well."""
        held = ""
        try:
            scope = self._mapper.scope(member, self._budget)
            held = self._mapper.filter(scope, self._budget)
            for where, names in self._mapper.names.items():
                self._fields.extend(Field(f"{where}.{name}", shown(scope[name]), None) for name in names)
            for name, choice in self._mapper.choices.items():
                self._target(name, choice, scope)
            for other in self._mapper.others:
                self._other(other, scope)
        except Exhausted:
            pass
        return Explained(member.index, tuple(self._fields), held)

    def _target(self, name: str, choice: Choice, scope: Scope) -> None:
        candidates = choice.explain(scope, self._budget)
        chosen = choice.choose(scope, self._budget)
        by = ""
        if name == "severity":
            _, by = self._mapper.severity(chosen)
            by = by or (
                "no row knows it" if chosen is not None else "not said: the alert keeps its own, a new one is medium"
            )
        elif name == "status":
            _, by = self._mapper.status(scope, self._budget, chosen)
            by = by or "no row knows it"
        elif chosen is None and name in _INSTEAD:
            by = _INSTEAD[name]
        becomes = None if self._said is None else _BECOMES[name](self._said)
        if chosen is not None and becomes is None and self._said is not None and name in ("started_at", "ended_at"):
            by = (
                "this is no time that can be read" if name == "started_at" else "of a resolve only, and a readable time"
            )
        self._fields.append(Field(name, None if chosen is None else shown(chosen.value), becomes, by, candidates))

    def _other(self, other: Other, scope: Scope) -> None:
        candidates = other.choice.explain(scope, self._budget)
        taken = next((one.found for one in candidates if one.why is Why.TAKEN), None)
        said, becomes, by = self._said, None, ""
        if said is not None and other.kind == "label":
            becomes = said.content.labels.get(other.name)
            by = "" if other.name else "dropped by labels.drop"
        elif said is not None and other.kind == "link":
            becomes = said.content.links.get(other.name)
            by = "only http and https become links" if taken is not None and becomes is None else ""
        elif said is not None:
            becomes = said.problem if other.kind == "problem" else said.cycle
        self._fields.append(Field(other.where, taken, becomes, by, candidates))


_INSTEAD = {"message": "the signature instead", "source": "the integration's own source instead"}
_BECOMES: Mapping[str, Callable[[Occurrence], str | None]] = {
    "asset": lambda said: said.content.asset,
    "signature": lambda said: said.content.signature,
    "message": lambda said: said.content.message,
    "source": lambda said: said.content.source,
    "severity": lambda said: None if said.severity is None else said.severity.word,
    "status": lambda said: said.kind.name.lower(),
    "started_at": lambda said: None if said.started_at is None else said.started_at.isoformat(),
    "ended_at": lambda said: None if said.ended_at is None else said.ended_at.isoformat(),
}
