"""Correlation rule: which alerts belong to one incident, as data that a company edits and a receipt can name."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, Literal

import msgspec

from alertwhisperer.domain.errors import Invalid
from alertwhisperer.domain.window import HeldTime

GROUP_FIELDS = ("asset", "signature", "source", "severity")
MOST_RULES = 200
LONGEST_CONDITION = 2_000

Seconds = Annotated[int, msgspec.Meta(ge=0, le=30 * 86_400)]


class Rule(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """
    One correlation rule.

    Attributes:
        id: stable name inside the company, part of every aggregation key; letters, digits, `-`, `_`.
        name: for people.
        condition: CEL over `asset`, `signature`, `severity`, `source`, `message`, `labels`; empty matches all.
        group_by: fields whose values make the aggregation key: `asset`, `signature`, `source`, `severity` or
            `labels.NAME`.
        window_s: how long an incident takes new alerts, seconds; 300 to 900 is usual.
        window: `sliding` counts from the last activity, `fixed` from the opening.
        least_count: firing occurrences before an incident opens.
        life_s: longest life of an incident for new alerts, seconds; 0 means no end.
        hold_s: how long all alerts must have been resolved before the incident is, seconds.
        reopen_s: how long after that a new alert reopens it, seconds.
        cross_tool: whether alerts of several tools share an incident.
    """

    id: Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9_-]{1,64}$")]
    name: Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
    condition: Annotated[str, msgspec.Meta(max_length=LONGEST_CONDITION)] = ""
    group_by: Annotated[tuple[str, ...], msgspec.Meta(min_length=1, max_length=8)] = ("asset", "signature")
    window_s: Annotated[int, msgspec.Meta(ge=1, le=7 * 86_400)] = 900
    window: Literal["sliding", "fixed"] = "sliding"
    least_count: Annotated[int, msgspec.Meta(ge=1, le=10_000)] = 1
    life_s: Seconds = 86_400
    hold_s: Seconds = 0
    reopen_s: Seconds = 300
    cross_tool: bool = True

    def __post_init__(self) -> None:
        for field in self.group_by:
            if field not in GROUP_FIELDS and not (field.startswith("labels.") and len(field) > len("labels.")):
                raise Invalid(
                    f"{field!r} is not a grouping field",
                    where=f"rules[{self.id}].group_by",
                    mend=f"use {', '.join(GROUP_FIELDS)} or labels.NAME",
                )

    @property
    def window_length(self) -> timedelta:
        """The window as a duration."""
        return timedelta(seconds=self.window_s)


DEFAULT_RULE = Rule(id="default", name="Same asset and signature")
"""Applies when no other rule matches; always the last of a rule set."""


class RuleSet(msgspec.Struct, frozen=True):
    """
    The rules of one company in one version, in order; the first whose condition holds applies.

    Attributes:
        version: 0 for the built-in default alone; each change makes the next.
        rules: in order; `DEFAULT_RULE` follows when none of them matches, unless one of them has its id.
        aliases: other names of assets → the asset's own, both as `domain.asset.canonical` writes them; keys are made of
            the own one.
        windows: maintenance windows that were not over when the version was made.
    """

    version: int
    rules: tuple[Rule, ...]
    aliases: Mapping[str, str] = {}
    windows: tuple[HeldTime, ...] = ()

    def in_order(self) -> tuple[Rule, ...]:
        """The rules as they are tried, the default last."""
        if any(rule.id == DEFAULT_RULE.id for rule in self.rules):
            return self.rules
        return (*self.rules, DEFAULT_RULE)


def check(rules: tuple[Rule, ...]) -> None:
    """Raise `Invalid` when the rules cannot stand beside each other."""
    if len(rules) > MOST_RULES:
        raise Invalid(f"{len(rules)} rules are too many", where="rules", mend=f"keep at most {MOST_RULES}")
    seen: set[str] = set()
    for rule in rules:
        if rule.id in seen:
            raise Invalid(f"two rules have the id {rule.id!r}", where="rules", mend="give each rule its own id")
        seen.add(rule.id)
    for place, rule in enumerate(rules):
        if rule.id == DEFAULT_RULE.id and (rule.condition or place != len(rules) - 1):
            raise Invalid(
                "the rule `default` must be the last and have no condition",
                where=f"rules[{place}]",
                mend="move it to the end and empty its condition, or give it another id",
            )
