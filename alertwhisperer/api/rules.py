"""Correlation rules of a company: read, and replaced as a whole; each change is a version."""

from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec
from fastapi import APIRouter, Query
from pydantic import Field

from alertwhisperer.api.access import Caller, allow_in_company
from alertwhisperer.api.fields import NO_NUL, Asked, Flag, Shown, Text, Whole, example
from alertwhisperer.api.problem import responses
from alertwhisperer.correlate.rules import compile_rules
from alertwhisperer.domain.errors import Conflicting, Invalid
from alertwhisperer.domain.rule import LONGEST_CONDITION, MOST_RULES, Rule, RuleSet, check
from alertwhisperer.guard.permissions import Action
from alertwhisperer.store import rules

router = APIRouter(prefix="/api/companies/{company_id}/rules", tags=["rules"])

_RULE = {
    "id": "databases",
    "name": "One incident per database host",
    "condition": 'labels["team"] == "dba"',
    "group_by": ["asset"],
    "window_s": 900,
    "window": "sliding",
    "least_count": 1,
    "life_s": 86400,
    "hold_s": 0,
    "reopen_s": 300,
    "cross_tool": True,
}


class RuleBody(Asked):
    """One correlation rule; the first whose condition holds applies, and the built-in default comes last."""

    model_config = example(_RULE)

    id: Annotated[str, Field(pattern="^[A-Za-z0-9_-]{1,64}$", description="part of every aggregation key")]
    name: Annotated[Text, Field(min_length=1, max_length=200)]
    condition: Annotated[
        str,
        Field(
            pattern=NO_NUL,
            max_length=LONGEST_CONDITION,
            description="CEL over asset, signature, severity, source, message, labels; empty matches all",
        ),
    ] = ""
    group_by: Annotated[
        list[Text],
        Field(min_length=1, max_length=8, description="asset, signature, source, severity or labels.NAME"),
    ] = ["asset", "signature"]  # noqa: RUF012  # pydantic copies it
    window_s: Annotated[Whole, Field(ge=1, le=604_800)] = 900
    window: Literal["sliding", "fixed"] = "sliding"
    least_count: Annotated[Whole, Field(ge=1, le=10_000)] = 1
    life_s: Annotated[Whole, Field(ge=0, le=2_592_000)] = 86_400
    hold_s: Annotated[Whole, Field(ge=0, le=2_592_000)] = 0
    reopen_s: Annotated[Whole, Field(ge=0, le=2_592_000)] = 300
    cross_tool: Flag = True


class RulesGiven(Asked):
    """The whole of a company's rules, in order."""

    model_config = example({"based_on": 3, "rules": [_RULE]})

    rules: Annotated[list[RuleBody], Field(max_length=MOST_RULES)]
    based_on: Annotated[
        Whole | None, Field(ge=0, le=2**31 - 1, description="the version that was edited; another one since: 409")
    ] = None


class RulesShown(Shown):
    """The rules of one version; 0 is the built-in default alone."""

    model_config = example({"version": 4, "rules": [_RULE]})

    version: int
    rules: list[RuleBody]
    effective: Annotated[list[str], Field(description="ids in the order they are tried, the default with them")]


class VersionShown(Shown):
    """Who changed the rules, and when."""

    model_config = example({"version": 4, "created_by": "kim@example.org", "created_at": "2026-03-01T08:00:00Z"})

    version: int
    created_by: str
    created_at: datetime


class VersionsShown(Shown):
    """Versions, newest first; `next` is `before` of the rest."""

    items: list[VersionShown]
    next: int | None


class RulesQuery(Asked):
    """Which version."""

    version: Annotated[int | None, Field(ge=0, le=2**31 - 1, description="the newest when absent")] = None


class VersionsQuery(Asked):
    """Which versions."""

    limit: Annotated[int, Field(ge=1, le=500)] = 50
    before: Annotated[int | None, Field(ge=0, le=2**31 - 1)] = None


@router.get("", summary="The rules", responses=responses(404))
async def read_rules(
    caller: Annotated[Caller, allow_in_company(Action.RULE_READ)], query: Annotated[RulesQuery, Query()]
) -> RulesShown:
    async with caller.work() as unit:
        if query.version is None:
            return _show(await rules.current(unit))
        return _show(await rules.by_version(unit, query.version))


@router.get("/versions", summary="Who changed the rules when", responses=responses(404))
async def list_versions(
    caller: Annotated[Caller, allow_in_company(Action.RULE_READ)], query: Annotated[VersionsQuery, Query()]
) -> VersionsShown:
    async with caller.work() as unit:
        found = await rules.versions(unit, limit=query.limit + 1, before=query.before)
    shown = found[: query.limit]
    return VersionsShown(
        items=[
            VersionShown(version=one.version, created_by=one.created_by, created_at=one.created_at) for one in shown
        ],
        next=shown[-1].version if len(found) > len(shown) else None,
    )


@router.put("", summary="Replace the rules; the answer is their next version", responses=responses(404, 409))
async def save_rules(caller: Annotated[Caller, allow_in_company(Action.RULE_SET)], body: RulesGiven) -> RulesShown:
    wanted = tuple(_rule(given, place) for place, given in enumerate(body.rules))
    check(wanted)
    compile_rules(caller.scope.company_id.bytes, RuleSet(0, wanted))
    async with caller.work() as unit:
        now = await rules.current(unit)
        if body.based_on is not None and body.based_on != now.version:
            raise Conflicting(
                f"the rules are at version {now.version} now", where="body.based_on", mend="read them again, then save"
            )
        return _show(await rules.save(unit, wanted, now=caller.now))


def _rule(given: RuleBody, place: int) -> Rule:
    try:
        return msgspec.convert(given.model_dump(), Rule)
    except msgspec.ValidationError as failure:
        raise Invalid(str(failure), where=f"rules[{place}]", mend="see the schema RuleBody") from failure


def _show(found: RuleSet) -> RulesShown:
    return RulesShown(
        version=found.version,
        rules=[RuleBody(**_fields(rule)) for rule in found.rules],
        effective=[rule.id for rule in found.in_order()],
    )


def _fields(rule: Rule) -> dict[str, Any]:
    fields: dict[str, Any] = msgspec.structs.asdict(rule)
    return fields | {"group_by": list(rule.group_by)}
