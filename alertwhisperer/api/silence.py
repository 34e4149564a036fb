"""Silence checks of a company: what must be heard from time to time, and what to make of it when it is not."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import Field

from alertwhisperer.api.access import Caller, allow_in_company
from alertwhisperer.api.fields import Asked, SeverityWord, Shown, Whole, example
from alertwhisperer.api.pages import Page, PageQuery, page_of
from alertwhisperer.api.problem import responses
from alertwhisperer.domain.severity import Severity
from alertwhisperer.domain.silence import Mode
from alertwhisperer.guard.permissions import Action
from alertwhisperer.silence import checks
from alertwhisperer.silence.checks import (
    LONGEST_GRACE_S,
    LONGEST_INTERVAL_S,
    SHORTEST_INTERVAL_S,
    Watched,
)

router = APIRouter(prefix="/api/companies/{company_id}/silence-checks", tags=["silence"])

_CHECK = {
    "id": "0195d3a0-7c1e-7b5a-9f00-3c8d53000000",
    "integration_id": "0195d3a0-7c1e-7b5a-9f00-3c8d53000000",
    "integration": "Alertmanager, data centre 1",
    "heartbeat": None,
    "mode": "set",
    "interval_s": 300,
    "grace_s": 60,
    "severity": "high",
    "state": "heard",
    "reason": "in_time",
    "heard_at": "2026-03-01T08:00:00Z",
    "expected_by": "2026-03-01T08:06:00Z",
    "quiet_since": None,
    "changed_at": "2026-03-01T07:00:00Z",
}


class SilenceCheckShown(Shown):
    """One thing that must be heard: an integration, or one heartbeat of it."""

    model_config = example(_CHECK)

    id: Annotated[UUID, Field(description="of an integration's own check: the integration's id")]
    integration_id: UUID
    integration: Annotated[str, Field(description="its name")]
    heartbeat: Annotated[str | None, Field(description="the heartbeat's name; null: whatever the integration sends")]
    mode: Mode
    interval_s: Annotated[int | None, Field(description="set or learned; null while nothing is expected")]
    grace_s: int
    severity: SeverityWord
    state: Literal["off", "learning", "waiting", "heard", "silent"]
    reason: Annotated[str, Field(description="why the state is what it is")]
    heard_at: datetime | None
    expected_by: Annotated[datetime | None, Field(description="when it is silent if nothing is heard")]
    quiet_since: Annotated[datetime | None, Field(description="of a silent one: nothing was heard after this")]
    changed_at: Annotated[datetime, Field(description="of the state")]


class SilenceCheckSet(Asked):
    """What to change; what is absent or null stays. An interval alone sets the mode as well."""

    model_config = example({"interval_s": 300, "severity": "critical"})

    mode: Mode | None = None
    interval_s: Annotated[Whole, Field(ge=SHORTEST_INTERVAL_S, le=LONGEST_INTERVAL_S)] | None = None
    grace_s: Annotated[Whole, Field(ge=0, le=LONGEST_GRACE_S)] | None = None
    severity: SeverityWord | None = None


@router.get("", summary="What must be heard", responses=responses(404))
async def list_silence_checks(
    caller: Annotated[Caller, allow_in_company(Action.SILENCE_READ)], query: Annotated[PageQuery, Query()]
) -> Page[SilenceCheckShown]:
    await caller.check_company()
    found = await checks.list_checks(caller.desk.database, caller.scope, limit=query.reach, before=query.cursor)
    return page_of(found, query, _show, lambda one: one.check.id)


@router.get("/{check_id}", summary="One silence check", responses=responses(404))
async def read_silence_check(
    caller: Annotated[Caller, allow_in_company(Action.SILENCE_READ)], check_id: UUID
) -> SilenceCheckShown:
    return _show(await checks.get_check(caller.desk.database, caller.scope, check_id))


@router.patch("/{check_id}", summary="Choose what is expected", responses=responses(404))
async def set_silence_check(
    caller: Annotated[Caller, allow_in_company(Action.SILENCE_SET)], check_id: UUID, body: SilenceCheckSet
) -> SilenceCheckShown:
    changed = await checks.set_check(
        caller.desk.database,
        caller.scope,
        check_id,
        mode=body.mode,
        interval_s=body.interval_s,
        grace_s=body.grace_s,
        severity=None if body.severity is None else Severity[body.severity.upper()],
        now=caller.now,
    )
    return _show(changed)


def _show(watched: Watched) -> SilenceCheckShown:
    check = watched.check
    return SilenceCheckShown(
        id=check.id,
        integration_id=check.integration_id,
        integration=check.integration,
        heartbeat=None if check.problem is None else check.name,
        mode=check.mode,
        interval_s=watched.interval_s,
        grace_s=check.grace_s,
        severity=check.severity.word,  # type: ignore[arg-type]  # one of the five words
        state=check.state.value,
        reason=check.reason.value,
        heard_at=check.heard_at,
        expected_by=watched.expected_by,
        quiet_since=check.quiet_since,
        changed_at=check.changed_at,
    )
