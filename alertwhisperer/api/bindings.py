"""Bindings: on which assets scripts may run, and how each is reached."""

from dataclasses import asdict
from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import Field

from alertwhisperer.api.access import Caller, allow_in_company
from alertwhisperer.api.credentials import Word
from alertwhisperer.api.fields import NO_NUL, Asked, Shown, example
from alertwhisperer.api.pages import Page, PageQuery, page_of
from alertwhisperer.api.problem import responses
from alertwhisperer.domain.reach import Binding
from alertwhisperer.guard.permissions import Action
from alertwhisperer.remediate import bindings, trial
from alertwhisperer.remediate.ways import LONGEST_VALUE

router = APIRouter(prefix="/api/companies/{company_id}", tags=["remediation"])

_BINDING = {
    "asset_id": "0195d3a0-7c1e-7b5a-9f00-3c8d57000000",
    "executor": "ssh",
    "settings": {"address": "10.0.0.5", "port": "22", "user": "alertwhisperer", "host_key": "ssh-ed25519 AAAA…"},
    "credential_id": "0195d3a0-7c1e-7b5a-9f00-3c8d59000000",
    "bound_by": "kim@example.org",
    "bound_at": "2026-03-01T08:00:00Z",
}


class BindingShown(Shown):
    """How an asset is reached."""

    model_config = example(_BINDING)

    asset_id: UUID
    executor: str
    settings: dict[str, str]
    credential_id: UUID
    bound_by: str
    bound_at: datetime


class BindingChecked(Shown):
    """Whether a script could begin there, and what is wrong, each with its mend."""

    model_config = example({"holds": False, "wrong": ["10.0.0.5 port 22 does not answer as SSH: TimeoutError"]})

    holds: bool
    wrong: list[str]


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
    return page_of(found, query, _show, lambda one: one.asset_id)


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
    wrong = await trial.check_binding(desk.database, desk.vault, caller.scope, desk.means.runners, asset_id)
    return BindingChecked(holds=not wrong, wrong=list(wrong))


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


def _show(binding: Binding) -> BindingShown:
    return BindingShown(**asdict(binding) | {"settings": dict(binding.settings)})
