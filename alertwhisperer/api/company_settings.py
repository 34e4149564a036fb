"""Settings that companies inherit: of the MSP for all, of a group, of one company, and where each value comes from."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Path
from pydantic import Field

from alertwhisperer.api.access import Caller, allow, allow_in_company
from alertwhisperer.api.fields import NO_NUL, Asked, Shown, Text, Whole, example
from alertwhisperer.api.groups import GroupId
from alertwhisperer.api.problem import responses
from alertwhisperer.domain.company_setting import SETTINGS, Effective
from alertwhisperer.guard import company_settings
from alertwhisperer.guard.permissions import Action

router = APIRouter(prefix="/api", tags=["settings"])

_EXAMPLE = {
    "name": "requests_per_minute",
    "meaning": "Webhook requests admitted a minute, with a burst of the same.",
    "value": 600,
    "default": 60,
    "origin": "group Retail",
    "set_by": "kim@example.org",
    "set_at": "2026-03-01T08:00:00Z",
}

Name = Annotated[str, Path(max_length=64, pattern=NO_NUL, description="the setting's name")]


class CompanySettingShown(Shown):
    """A setting with the value that holds."""

    model_config = example(_EXAMPLE)

    name: str
    meaning: str
    value: int | str
    default: int | str
    origin: Annotated[str, Field(description="`default`, `msp`, `group NAME`, or `company`: an exception of its own")]
    set_by: Annotated[str, Field(description="empty for a default")]
    set_at: datetime | None


class CompanySettingsShown(Shown):
    """Every setting."""

    model_config = example({"items": [_EXAMPLE], "next": None})

    items: list[CompanySettingShown]
    next: None = None


class ValueGiven(Asked):
    """A setting's value, a number or a text as the setting wants it."""

    model_config = example({"value": 600})

    value: Whole | Text


@router.get("/settings", summary="What all companies inherit", responses=responses())
async def read_settings(caller: Annotated[Caller, allow(Action.INHERITED_READ)]) -> CompanySettingsShown:
    return _show(await company_settings.inherited_of(caller.desk.database, None))


@router.put("/settings/{name}", summary="Set a value for all companies", responses=responses())
async def put_setting(
    caller: Annotated[Caller, allow(Action.INHERITED_SET)], name: Name, body: ValueGiven
) -> CompanySettingsShown:
    return _show(
        await company_settings.set_inherited(caller.desk.database, caller.by, None, {name: body.value}, now=caller.now)
    )


@router.delete("/settings/{name}", summary="Go back to the product's default", responses=responses())
async def delete_setting(caller: Annotated[Caller, allow(Action.INHERITED_SET)], name: Name) -> CompanySettingsShown:
    return _show(await company_settings.unset_inherited(caller.desk.database, caller.by, None, name, now=caller.now))


@router.get("/groups/{group}/settings", summary="What a group's companies inherit", responses=responses(404))
async def read_group_settings(
    caller: Annotated[Caller, allow(Action.INHERITED_READ)], group: GroupId
) -> CompanySettingsShown:
    return _show(await company_settings.inherited_of(caller.desk.database, group))


@router.put("/groups/{group}/settings/{name}", summary="Set a value for a group", responses=responses(404))
async def put_group_setting(
    caller: Annotated[Caller, allow(Action.INHERITED_SET)], group: GroupId, name: Name, body: ValueGiven
) -> CompanySettingsShown:
    return _show(
        await company_settings.set_inherited(caller.desk.database, caller.by, group, {name: body.value}, now=caller.now)
    )


@router.delete("/groups/{group}/settings/{name}", summary="Forget a group's value", responses=responses(404))
async def delete_group_setting(
    caller: Annotated[Caller, allow(Action.INHERITED_SET)], group: GroupId, name: Name
) -> CompanySettingsShown:
    return _show(await company_settings.unset_inherited(caller.desk.database, caller.by, group, name, now=caller.now))


@router.get("/companies/{company_id}/settings", summary="What holds in a company, and why", responses=responses(404))
async def read_company_settings(
    caller: Annotated[Caller, allow_in_company(Action.SETTING_READ)],
) -> CompanySettingsShown:
    return _show(await company_settings.settings_of(caller.desk.database, caller.scope))


@router.put(
    "/companies/{company_id}/settings/{name}", summary="Make an exception for a company", responses=responses(404)
)
async def put_company_setting(
    caller: Annotated[Caller, allow_in_company(Action.SETTING_SET)], name: Name, body: ValueGiven
) -> CompanySettingsShown:
    return _show(
        await company_settings.set_exceptions(caller.desk.database, caller.scope, {name: body.value}, now=caller.now)
    )


@router.delete(
    "/companies/{company_id}/settings/{name}", summary="Let a company inherit again", responses=responses(404)
)
async def delete_company_setting(
    caller: Annotated[Caller, allow_in_company(Action.SETTING_SET)], name: Name
) -> CompanySettingsShown:
    return _show(await company_settings.unset_exception(caller.desk.database, caller.scope, name, now=caller.now))


def _show(found: Sequence[Effective]) -> CompanySettingsShown:
    return CompanySettingsShown(
        items=[
            CompanySettingShown(
                name=one.name,
                meaning=SETTINGS[one.name].meaning,
                value=one.value,
                default=SETTINGS[one.name].default,
                origin=one.shown_origin,
                set_by=one.set_by,
                set_at=one.set_at,
            )
            for one in found
        ]
    )
