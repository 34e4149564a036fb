"""Brakes: kill switches and freezes, of one company and of all."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter
from pydantic import Field

from alertwhisperer.api.access import Caller, allow, allow_in_company
from alertwhisperer.api.fields import Asked, Moment, Shown, Text, example
from alertwhisperer.api.problem import responses
from alertwhisperer.domain.brake import LONGEST_REASON, MOST_WINDOWS, Brakes, Freeze, Reach, Window
from alertwhisperer.domain.company import INSTALLATION, Scope
from alertwhisperer.guard import brakes
from alertwhisperer.guard.permissions import Action

router = APIRouter(prefix="/api", tags=["brakes"])

_SWITCH = {
    "reach": "company",
    "reason": "A runbook misbehaves.",
    "set_by": "kim@example.org",
    "set_at": "2026-03-01T08:00:00Z",
}
_WINDOW = {"from": "2026-12-20T00:00:00Z", "to": "2027-01-02T00:00:00Z", "reason": "Closing of the year"}
_FREEZE = {"reach": "all", **_WINDOW, "holds": False}
_BRAKES = {"holds": True, "switches": [_SWITCH], "freezes": [_FREEZE]}


class SwitchShown(Shown):
    """A kill switch that is on: nothing starts until it is released."""

    model_config = example(_SWITCH)

    reach: Reach
    reason: str
    set_by: Annotated[str, Field(description="empty for one that holds for all, when a company looks")]
    set_at: datetime


class FreezeShown(Shown):
    """A time in which nothing starts."""

    model_config = example(_FREEZE)

    reach: Reach
    starts_at: Annotated[datetime, Field(alias="from")]
    ends_at: Annotated[datetime, Field(alias="to")]
    reason: str
    holds: Annotated[bool, Field(description="whether it is in force now")]


class BrakesShown(Shown):
    """What keeps acts from starting."""

    model_config = example(_BRAKES)

    holds: Annotated[bool, Field(description="whether anything keeps acts from starting now")]
    switches: list[SwitchShown]
    freezes: Annotated[list[FreezeShown], Field(description="those that have not ended, by their start")]


class Stopping(Asked):
    """Why everything must stop."""

    model_config = example({"reason": _SWITCH["reason"]})

    reason: Annotated[Text, Field(min_length=1, max_length=LONGEST_REASON)]


class WindowGiven(Asked):
    """A time in which nothing is to start; `to` is excluded."""

    model_config = example(_WINDOW)

    starts_at: Annotated[Moment, Field(alias="from")]
    ends_at: Annotated[Moment, Field(alias="to")]
    reason: Annotated[Text, Field(min_length=1, max_length=LONGEST_REASON)]


class Freezing(Asked):
    """All freezes, in place of those before."""

    model_config = example({"windows": [_WINDOW]})

    windows: Annotated[list[WindowGiven], Field(max_length=MOST_WINDOWS)]


@router.get("/companies/{company_id}/brakes", summary="What keeps acts in a company", responses=responses(404))
async def read_brakes(caller: Annotated[Caller, allow_in_company(Action.BRAKE_READ)]) -> BrakesShown:
    return _show(await brakes.brakes_of(caller.desk.database, caller.scope, now=caller.now), caller)


@router.put("/companies/{company_id}/freeze", summary="Set a company's freezes", responses=responses(404))
async def put_freeze(caller: Annotated[Caller, allow_in_company(Action.BRAKE_SET)], body: Freezing) -> BrakesShown:
    found = await brakes.set_freeze(caller.desk.database, caller.scope, Reach.COMPANY, _windows(body), now=caller.now)
    return _show(found, caller)


@router.put("/companies/{company_id}/kill-switch", summary="Stop a company", responses=responses(404))
async def put_kill_switch(
    caller: Annotated[Caller, allow_in_company(Action.KILL_SWITCH_SET)], body: Stopping
) -> BrakesShown:
    found = await brakes.stop(caller.desk.database, caller.scope, Reach.COMPANY, reason=body.reason, now=caller.now)
    return _show(found, caller)


@router.delete("/companies/{company_id}/kill-switch", summary="Let a company go on", responses=responses(404))
async def delete_kill_switch(
    caller: Annotated[Caller, allow_in_company(Action.KILL_SWITCH_RELEASE)],
) -> BrakesShown:
    return _show(await brakes.release(caller.desk.database, caller.scope, Reach.COMPANY, now=caller.now), caller)


@router.get("/brakes", summary="What keeps acts in all companies", responses=responses())
async def read_brakes_for_all(caller: Annotated[Caller, allow(Action.BRAKES_FOR_ALL_READ)]) -> BrakesShown:
    return _show(await brakes.brakes_for_all(caller.desk.database, _scope(caller), now=caller.now), caller)


@router.put("/freeze", summary="Set the freezes of all companies", responses=responses())
async def put_freeze_for_all(
    caller: Annotated[Caller, allow(Action.BRAKES_FOR_ALL_SET)], body: Freezing
) -> BrakesShown:
    found = await brakes.set_freeze(caller.desk.database, _scope(caller), Reach.ALL, _windows(body), now=caller.now)
    return _show(found, caller)


@router.put("/kill-switch", summary="Stop all companies", responses=responses())
async def put_kill_switch_for_all(
    caller: Annotated[Caller, allow(Action.BRAKES_FOR_ALL_SET)], body: Stopping
) -> BrakesShown:
    found = await brakes.stop(caller.desk.database, _scope(caller), Reach.ALL, reason=body.reason, now=caller.now)
    return _show(found, caller)


@router.delete("/kill-switch", summary="Let all companies go on", responses=responses())
async def delete_kill_switch_for_all(
    caller: Annotated[Caller, allow(Action.BRAKES_FOR_ALL_SET)],
) -> BrakesShown:
    return _show(await brakes.release(caller.desk.database, _scope(caller), Reach.ALL, now=caller.now), caller)


def _scope(caller: Caller) -> Scope:
    return caller.scope_of(INSTALLATION)


def _windows(body: Freezing) -> list[Window]:
    return [Window(one.starts_at, one.ends_at, one.reason.strip()) for one in body.windows]


def _show(found: Brakes, caller: Caller) -> BrakesShown:
    return BrakesShown(
        holds=bool(found.switches) or found.frozen(caller.now) is not None,
        switches=[
            SwitchShown(reach=one.reach, reason=one.reason, set_by=one.set_by, set_at=one.set_at)
            for one in found.switches
        ],
        freezes=[FreezeShown(**_freeze(one), holds=one.window.holds(caller.now)) for one in found.freezes],
    )


def _freeze(one: Freeze) -> dict[str, Any]:
    return {"reach": one.reach, "from": one.window.starts_at, "to": one.window.ends_at, "reason": one.window.reason}
