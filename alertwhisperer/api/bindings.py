"""Bindings: on which assets scripts may run, and how each is reached."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import Field

from alertwhisperer.api.access import Caller, allow_in_company
from alertwhisperer.api.credentials import Word
from alertwhisperer.api.fields import NO_NUL, Asked, Shown, example
from alertwhisperer.api.pages import Page, PageQuery, page_of
from alertwhisperer.api.problem import responses
from alertwhisperer.domain.reach import BindingCheck, BoundAsset
from alertwhisperer.guard.permissions import Action
from alertwhisperer.remediate import bindings, trial
from alertwhisperer.remediate.ways import LONGEST_VALUE, fingerprint_of

router = APIRouter(prefix="/api/companies/{company_id}", tags=["remediation"])

_CHECK = {
    "checked_at": "2026-03-01T08:05:00Z",
    "checked_by": "kim@example.org",
    "holds": False,
    "wrong": ["10.0.0.5 port 22 does not answer as SSH: TimeoutError"],
}
_BINDING = {
    "asset_id": "0195d3a0-7c1e-7b5a-9f00-3c8d57000000",
    "asset": "db-01",
    "executor": "ssh",
    "settings": {"address": "10.0.0.5", "port": "22", "user": "alertwhisperer", "host_key": "ssh-ed25519 AAAA…"},
    "fingerprint": "SHA256:uNiVztksCsDhcc0u9e8BrrQXVUpKZIDTMczCvj3tD2s",
    "credential_id": "0195d3a0-7c1e-7b5a-9f00-3c8d59000000",
    "credential": "linux servers",
    "bound_by": "kim@example.org",
    "bound_at": "2026-03-01T08:00:00Z",
    "check": _CHECK,
}


class BindingChecked(Shown):
    """Whether a script could begin there, and what is wrong, each with its mend."""

    model_config = example(_CHECK)

    checked_at: datetime
    checked_by: str
    holds: bool
    wrong: list[str]


class BindingShown(Shown):
    """How an asset is reached."""

    model_config = example(_BINDING)

    asset_id: UUID
    asset: Annotated[str, Field(description="its name")]
    executor: str
    settings: dict[str, str]
    fingerprint: Annotated[str, Field(description="what tells the target from any other")]
    credential_id: UUID
    credential: Annotated[str, Field(description="its name")]
    bound_by: str
    bound_at: datetime
    check: Annotated[
        BindingChecked | None, Field(description="what was last seen there; null while nobody looked since it is so")
    ]


class BindingSet(Asked):
    """How to reach an asset; `credential` is a name or an id."""

    model_config = example(
        {"executor": "ssh", "settings": _BINDING["settings"], "credential": _BINDING["credential_id"]}
    )

    executor: Word
    settings: Annotated[
        dict[str, Annotated[str, Field(pattern=NO_NUL, max_length=LONGEST_VALUE)]], Field(max_length=20)
    ]
    credential: Annotated[str, Field(pattern=NO_NUL, min_length=1, max_length=200)]


@router.get("/bindings", summary="Assets that scripts may run on, newest assets first", responses=responses(404))
async def list_bindings(
    caller: Annotated[Caller, allow_in_company(Action.BINDING_READ)], query: Annotated[PageQuery, Query()]
) -> Page[BindingShown]:
    await caller.check_company()
    found = await bindings.list_bindings(caller.desk.database, caller.scope, limit=query.reach, before=query.cursor)
    return page_of(found, query, _show, lambda one: one.binding.asset_id)


@router.get("/assets/{asset_id}/binding", summary="How an asset is reached", responses=responses(404))
async def read_binding(
    caller: Annotated[Caller, allow_in_company(Action.BINDING_READ)], asset_id: UUID
) -> BindingShown:
    return _show(await bindings.get_binding(caller.desk.database, caller.scope, asset_id))


@router.post(
    "/assets/{asset_id}/binding/check",
    summary="Go there and look, without running anything",
    responses=responses(404, 409),
)
async def check_binding(
    caller: Annotated[Caller, allow_in_company(Action.BINDING_CHECK)], asset_id: UUID
) -> BindingChecked:
    desk = caller.desk
    check = await trial.check_binding(
        desk.database, desk.vault, caller.scope, desk.means.runners, asset_id, clock=desk.clock
    )
    return BindingChecked(**fields_of_check(check))


@router.put("/assets/{asset_id}/binding", summary="Let scripts run on an asset", responses=responses(404, 409))
async def bind_asset(
    caller: Annotated[Caller, allow_in_company(Action.BINDING_SET)], asset_id: UUID, body: BindingSet
) -> BindingShown:
    made = await bindings.bind_asset(
        caller.desk.database,
        caller.desk.vault,
        caller.scope,
        asset_id,
        body.executor,
        body.credential,
        body.settings,
        now=caller.now,
    )
    return _show(made)


@router.delete(
    "/assets/{asset_id}/binding", status_code=204, summary="Let nothing run on an asset", responses=responses(404)
)
async def unbind_asset(caller: Annotated[Caller, allow_in_company(Action.BINDING_SET)], asset_id: UUID) -> None:
    await bindings.unbind_asset(caller.desk.database, caller.scope, asset_id, now=caller.now)


def _show(one: BoundAsset) -> BindingShown:
    return BindingShown(**fields_of(one))


def fields_of(one: BoundAsset) -> dict[str, Any]:
    """A binding by the API's names."""
    binding = one.binding
    return {
        "asset_id": binding.asset_id,
        "asset": one.asset,
        "executor": binding.executor,
        "settings": dict(binding.settings),
        "fingerprint": fingerprint_of(binding.executor, binding.settings),
        "credential_id": binding.credential_id,
        "credential": one.credential,
        "bound_by": binding.bound_by,
        "bound_at": binding.bound_at,
        "check": None if one.check is None else fields_of_check(one.check),
    }


def fields_of_check(check: BindingCheck) -> dict[str, Any]:
    """What was seen on a bound asset by the API's names."""
    return {
        "checked_at": check.checked_at,
        "checked_by": check.checked_by,
        "holds": not check.wrong,
        "wrong": list(check.wrong),
    }
