"""Runbooks: the prebuilt ones, and those of a company with what it wants otherwise."""

from datetime import datetime
from typing import Annotated, Literal, TypeAlias

from fastapi import APIRouter, Path
from pydantic import Field

from alertwhisperer.api.access import Caller, allow, allow_in_company
from alertwhisperer.api.fields import NO_NUL, Asked, Flag, Shown, Text, example
from alertwhisperer.api.problem import responses
from alertwhisperer.domain.approval import Risk
from alertwhisperer.domain.errors import NotFound
from alertwhisperer.domain.runbook import Override, Phase, Runbook
from alertwhisperer.guard.permissions import Action
from alertwhisperer.remediate import shelf
from alertwhisperer.remediate.certificate import DrillRecord
from alertwhisperer.remediate.shelf import LONGEST_NOTE, OnShelf
from alertwhisperer.runbooks.overriding import MOST_ALLOWED
from alertwhisperer.runbooks.reading import MOST_BYTES, library, source_of

router = APIRouter(prefix="/api", tags=["runbooks"])

_COMPANY = "/companies/{company_id}/runbooks"
RiskWord: TypeAlias = Literal["low", "medium", "high"]
_Slug: TypeAlias = Annotated[str, Path(pattern="^[a-z][a-z0-9-]{2,63}$")]
_Value: TypeAlias = Annotated[str, Field(pattern=NO_NUL, max_length=4_096)]
_PARAMETER = {
    "name": "service",
    "kind": "unit",
    "description": "the systemd unit, e.g. nginx or nginx.service",
    "default": None,
    "choices": [],
    "least": None,
    "most": None,
    "longest": 256,
    "suggested_from": ["label:service"],
    "allowed": ["nginx.service"],
}
_DRILL = {"state": "passed", "reason": "every step went as it must", "at": "2026-03-01T08:00:00Z", "steps": []}
_BRIEF = {
    "slug": "service-restart",
    "version": 1,
    "title": "Start a service that is down",
    "summary": "Starts a systemd service again that has failed or stopped; one that runs is left alone.",
    "platform": "linux",
    "risk": "low",
    "risk_reason": "It acts only on a service that is down already.",
    "changes": True,
    "can_be_undone": True,
    "irreversible": "",
    "hash": "5f0c1e2d" * 8,
    "own": False,
    "disabled": False,
    "drill": _DRILL,
}
_SCRIPTS = {"phase": "act", "script": 'set -eu\nsystemctl start -- "$AW_SERVICE"\n', "timeout_s": 180}
_OVERRIDE = {
    "risk": "medium",
    "disabled": False,
    "parameters": {"port": "443"},
    "allowed": {"service": ["nginx.service"]},
    "note": "The shop is on it.",
}


class RunbookStep(Shown):
    """One step of a drill."""

    model_config = example(
        {"name": "act", "expected": "0", "exit_code": 0, "passed": True, "ms": 147, "said": "it is up"}
    )

    name: str
    expected: str
    exit_code: Annotated[int | None, Field(description="null: it was ended at its deadline")]
    passed: bool
    ms: int
    said: str


class DrillShown(Shown):
    """Whether it was tried on a throwaway machine, and how that went; `at` and steps come from a signed certificate."""

    model_config = example(_DRILL)

    state: Literal["passed", "failed", "not_tried", "not drilled", "untrusted"]
    reason: str
    at: datetime | None
    steps: list[RunbookStep]


class RunbookParameter(Shown):
    """What its scripts are given as `AW_` + the name in capitals."""

    model_config = example(_PARAMETER)

    name: str
    kind: str
    description: str
    default: Annotated[str | None, Field(description="null: it must be given")]
    choices: list[str]
    least: int | None
    most: int | None
    longest: int
    suggested_from: Annotated[list[str], Field(description="fields of an alert that may hand it over")]
    allowed: Annotated[list[str], Field(description="the values that an alert may hand over in this company")]


class RunbookScript(Shown):
    """What runs in one phase, byte for byte."""

    model_config = example(_SCRIPTS)

    phase: Literal["precheck", "snapshot", "act", "verify", "undo"]
    script: str
    timeout_s: int


class RunbookBrief(Shown):
    """A runbook in a list."""

    model_config = example(_BRIEF)

    slug: str
    version: int
    title: str
    summary: str
    platform: Literal["linux", "windows"]
    risk: RiskWord
    risk_reason: str
    changes: bool
    can_be_undone: bool
    irreversible: Annotated[str, Field(description="why it cannot be undone; empty where it can, or changes nothing")]
    hash: Annotated[str, Field(description="SHA-256 of its file")]
    own: Annotated[bool, Field(description="the company's own, not a prebuilt one")]
    disabled: bool
    drill: DrillShown


class OverrideGiven(Asked):
    """What a company wants otherwise: never its scripts, and its risk only upwards."""

    model_config = example(_OVERRIDE)

    risk: RiskWord | None = None
    disabled: Flag = False
    parameters: Annotated[dict[Text, _Value], Field(max_length=30, description="values where nobody says one")] = {}  # noqa: RUF012  # pydantic copies it
    allowed: Annotated[
        dict[Text, Annotated[list[_Value], Field(max_length=MOST_ALLOWED)]],
        Field(max_length=30, description="by parameter, the values that an alert may hand over"),
    ] = {}  # noqa: RUF012  # likewise
    note: Annotated[str, Field(pattern=NO_NUL, max_length=LONGEST_NOTE)] = ""


class OverrideShown(Shown):
    """What a company wants otherwise, and who said so."""

    model_config = example({**_OVERRIDE, "by": "kim@example.org", "set_at": "2026-03-01T08:00:00Z"})

    risk: RiskWord | None
    disabled: bool
    parameters: dict[str, str]
    allowed: dict[str, list[str]]
    note: str
    by: str
    set_at: datetime


class RunbookShown(RunbookBrief):
    """A runbook whole."""

    model_config = example(
        {
            **_BRIEF,
            "signatures": ["*service*down*"],
            "tags": [],
            "parameters": [_PARAMETER],
            "scripts": [_SCRIPTS],
            "at_once": 1,
            "stop_at_failed_pct": 0,
            "most_targets": 20,
            "override": {**_OVERRIDE, "by": "kim@example.org", "set_at": "2026-03-01T08:00:00Z"},
            "text": "format = 1\n…",
        }
    )

    signatures: list[str]
    tags: list[str]
    parameters: list[RunbookParameter]
    scripts: list[RunbookScript]
    at_once: int
    stop_at_failed_pct: int
    most_targets: int
    override: OverrideShown | None
    text: Annotated[str, Field(description="its file")]


class RunbooksShown(Shown):
    """All of them, in the order of their slugs."""

    model_config = example({"items": [_BRIEF], "next": None, "broken": {}})

    items: list[RunbookBrief]
    next: None = None
    broken: Annotated[dict[str, str], Field(description="those that cannot be used, and why")] = {}  # noqa: RUF012  # likewise


class RunbookText(Asked):
    """The file of a company's own runbook."""

    model_config = example({"text": "format = 1\nversion = 1\n…"})

    text: Annotated[str, Field(min_length=1, max_length=MOST_BYTES, description="TOML, as docs/runbooks.md says")]


@router.get("/runbooks", summary="The prebuilt runbooks", responses=responses())
async def list_prebuilt(caller: Annotated[Caller, allow(Action.RUNBOOK_READ)]) -> RunbooksShown:
    record_of = caller.desk.drill_record_of
    return RunbooksShown(items=[_brief(one, record_of(one)) for one in library().values()])


@router.get("/runbooks/{slug}", summary="A prebuilt runbook", responses=responses(404))
async def read_prebuilt(caller: Annotated[Caller, allow(Action.RUNBOOK_READ)], slug: _Slug) -> RunbookShown:
    if slug not in library():
        raise NotFound(f"there is no prebuilt runbook {slug!r}", where="path", mend="GET /api/runbooks lists them")
    runbook = library()[slug]
    return _whole(OnShelf(runbook, None, None, source_of(slug)), caller.desk.drill_record_of(runbook))


@router.get(_COMPANY, summary="A company's runbooks: prebuilt ones and its own", responses=responses(404))
async def list_runbooks(caller: Annotated[Caller, allow_in_company(Action.RUNBOOK_READ)]) -> RunbooksShown:
    found = await shelf.list_runbooks(caller.desk.database, caller.scope)
    record_of = caller.desk.drill_record_of
    items = [_brief(one.runbook, record_of(one.runbook), one) for one in found.kept.values()]
    return RunbooksShown(items=items, broken=dict(found.broken))


@router.get(_COMPANY + "/{slug}", summary="A runbook as it holds in a company", responses=responses(404, 409))
async def read_runbook(caller: Annotated[Caller, allow_in_company(Action.RUNBOOK_READ)], slug: _Slug) -> RunbookShown:
    return _shown(caller, await shelf.get_runbook(caller.desk.database, caller.scope, slug))


@router.put(_COMPANY + "/{slug}", summary="Keep a runbook of the company's own", responses=responses(404, 409))
async def put_runbook(
    caller: Annotated[Caller, allow_in_company(Action.RUNBOOK_SET)], slug: _Slug, body: RunbookText
) -> RunbookShown:
    text = body.text.encode()
    return _shown(caller, await shelf.add_runbook(caller.desk.database, caller.scope, slug, text, now=caller.now))


@router.delete(
    _COMPANY + "/{slug}", status_code=204, summary="Remove a runbook of the company's own", responses=responses(404)
)
async def remove_runbook(caller: Annotated[Caller, allow_in_company(Action.RUNBOOK_SET)], slug: _Slug) -> None:
    await shelf.remove_runbook(caller.desk.database, caller.scope, slug, now=caller.now)


@router.put(_COMPANY + "/{slug}/override", summary="Want something otherwise", responses=responses(404, 409))
async def put_override(
    caller: Annotated[Caller, allow_in_company(Action.RUNBOOK_SET)], slug: _Slug, body: OverrideGiven
) -> RunbookShown:
    override = Override(
        risk=None if body.risk is None else Risk(body.risk),
        disabled=body.disabled,
        parameters=body.parameters,
        allowed={name: tuple(values) for name, values in body.allowed.items()},
        note=body.note,
    )
    found = await shelf.override_runbook(caller.desk.database, caller.scope, slug, override, now=caller.now)
    return _shown(caller, found)


@router.delete(
    _COMPANY + "/{slug}/override", status_code=204, summary="Want nothing otherwise", responses=responses(404)
)
async def remove_override(caller: Annotated[Caller, allow_in_company(Action.RUNBOOK_SET)], slug: _Slug) -> None:
    await shelf.remove_override(caller.desk.database, caller.scope, slug, now=caller.now)


def _shown(caller: Caller, one: OnShelf) -> RunbookShown:
    return _whole(one, caller.desk.drill_record_of(one.runbook))


def _brief(runbook: Runbook, record: DrillRecord, one: OnShelf | None = None) -> RunbookBrief:
    return RunbookBrief(
        slug=runbook.slug,
        version=runbook.version,
        title=runbook.title,
        summary=runbook.summary,
        platform=runbook.platform.value,
        risk=runbook.risk.value,
        risk_reason=runbook.risk_reason,
        changes=runbook.changes,
        can_be_undone=Phase.UNDO in runbook.scripts,
        irreversible=runbook.irreversible,
        hash=runbook.hash,
        own=one is not None and one.own is not None,
        disabled=one is not None and one.is_disabled,
        drill=_drill(record),
    )


def _whole(one: OnShelf, record: DrillRecord) -> RunbookShown:
    runbook, kept = one.runbook, one.override
    return RunbookShown(
        **dict(_brief(runbook, record, one)),
        signatures=list(runbook.applies.signatures),
        tags=list(runbook.applies.tags),
        parameters=[
            RunbookParameter(
                name=given.name,
                kind=given.kind.value,
                description=given.description,
                default=given.default,
                choices=list(given.choices),
                least=given.least,
                most=given.most,
                longest=given.longest,
                suggested_from=list(given.suggested_from),
                allowed=list(given.allowed),
            )
            for given in runbook.parameters
        ],
        scripts=[
            RunbookScript(phase=phase.value, script=script.body.decode(), timeout_s=script.timeout_s)
            for phase, script in runbook.scripts.items()
        ],
        at_once=runbook.blast.at_once,
        stop_at_failed_pct=runbook.blast.stop_at_failed_pct,
        most_targets=runbook.blast.most_targets,
        override=None
        if kept is None
        else OverrideShown(
            risk=None if kept.override.risk is None else kept.override.risk.value,
            disabled=kept.override.disabled,
            parameters=dict(kept.override.parameters),
            allowed={name: list(values) for name, values in kept.override.allowed.items()},
            note=kept.override.note,
            by=kept.set_by,
            set_at=kept.set_at,
        ),
        text=one.source.decode(),
    )


def _drill(record: DrillRecord) -> DrillShown:
    certificate = record.certificate
    steps = () if certificate is None else certificate.steps
    return DrillShown(
        state=record.state.value,
        reason=record.reason,
        at=None if certificate is None else certificate.at,
        steps=[
            RunbookStep(
                name=step.name,
                expected=step.expected,
                exit_code=step.exit_code,
                passed=step.passed,
                ms=step.ms,
                said=step.said,
            )
            for step in steps
        ],
    )
