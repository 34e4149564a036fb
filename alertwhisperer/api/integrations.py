"""Integrations of a company, their keys and secrets (each shown once), and effects that wait for a person."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import Field

from alertwhisperer.api.access import Caller, allow_in_company
from alertwhisperer.api.fields import Asked, Flag, Shown, Text, example
from alertwhisperer.api.pages import Page, PageQuery, page_of
from alertwhisperer.api.problem import responses
from alertwhisperer.domain.integration import Integration, KeyInfo, Scheme, SourceAction
from alertwhisperer.guard.permissions import Action
from alertwhisperer.ingest import integrations
from alertwhisperer.ingest.secret_settings import masked

router = APIRouter(prefix="/api/companies/{company_id}", tags=["integrations"])

_KEY = {
    "id": "0195d3a0-7c1e-7b5a-9f00-3c8d53000001",
    "hint": "awk_3fGh",
    "created_at": "2026-03-01T08:00:00Z",
    "revoked_at": None,
}
_INTEGRATION = {
    "id": "0195d3a0-7c1e-7b5a-9f00-3c8d53000000",
    "company_id": "0195d3a0-7c1e-7b5a-9f00-3c8d52000000",
    "source": "zabbix",
    "name": "Zabbix, data centre 1",
    "webhook_url": "https://alerts.example.org/api/webhooks/zabbix",
    "scheme": "alertwhisperer",
    "require_signature": False,
    "settings": {},
    "version": 1,
    "created_at": "2026-03-01T08:00:00Z",
    "keys": [_KEY],
    "route_by": None,
    "shared_id": None,
}


class KeyShown(Shown):
    """An API key, without the key."""

    model_config = example(_KEY)

    id: UUID
    hint: Annotated[str, Field(description="its first characters")]
    created_at: datetime
    revoked_at: datetime | None


class IntegrationShown(Shown):
    """One tool that may send to one company."""

    model_config = example(_INTEGRATION)

    id: UUID
    company_id: UUID
    source: str
    name: str
    webhook_url: str
    scheme: Scheme
    require_signature: bool
    settings: dict[str, Any]
    version: Annotated[int, Field(description="of the settings")]
    created_at: datetime
    keys: list[KeyShown]
    route_by: Annotated[
        str | None, Field(description="of the MSP's own, for many companies: the label that names the customer")
    ]
    shared_id: Annotated[
        UUID | None, Field(description="the MSP-wide integration that this one receives from; it has no key then")
    ]


class IntegrationMade(IntegrationShown):
    """A new integration, with what can be read this once."""

    model_config = example({**_INTEGRATION, "api_key": "awk_…", "hmac_secret": "…"})

    api_key: str
    hmac_secret: str


class KeyMade(KeyShown):
    """A new key, which can be read this once."""

    model_config = example({**_KEY, "api_key": "awk_…"})

    api_key: str


class SecretMade(Shown):
    """A new HMAC secret, which can be read this once; the old one is void."""

    model_config = example({"hmac_secret": "…"})

    hmac_secret: str


class IntegrationAdded(Asked):
    """An integration to add."""

    model_config = example({"source": "zabbix", "name": "Zabbix, data centre 1"})

    source: Annotated[Text, Field(max_length=64, description="a slug of /api/sources")]
    name: Annotated[Text, Field(min_length=1, max_length=200)]
    scheme: Scheme = "alertwhisperer"
    require_signature: Flag = False
    settings: dict[str, Any] = Field(default_factory=dict)
    route_by: Annotated[
        Text | None,
        Field(max_length=128, description="only in the MSP's own company: the label that names the customer"),
    ] = None


class IntegrationSet(Asked):
    """What to change of an integration; what is absent or null stays; settings are given whole."""

    model_config = example({"require_signature": True})

    name: Annotated[Text, Field(min_length=1, max_length=200)] | None = None
    require_signature: Flag | None = None
    settings: dict[str, Any] | None = None


class ActionShown(Shown):
    """An effect outside that a source asked for, such as an SNS subscription to confirm."""

    model_config = example(
        {
            "id": "0195d3a0-7c1e-7b5a-9f00-3c8d54000000",
            "integration_id": "0195d3a0-7c1e-7b5a-9f00-3c8d53000000",
            "kind": "confirm_subscription",
            "subject": "arn:aws:sns:eu-central-1:123456789012:alarms",
            "state": "awaiting_approval",
            "at": "2026-03-01T08:00:00Z",
            "settled_at": None,
            "answer": "",
        }
    )

    id: UUID
    integration_id: UUID
    kind: str
    subject: str
    state: str
    at: datetime
    settled_at: datetime | None
    answer: str


class ActionQuery(PageQuery):
    """Which effects."""

    state: Literal["awaiting_approval", "due", "done", "failed"] | None = None


@router.get("/integrations", summary="Integrations in use", responses=responses(404))
async def list_integrations(
    caller: Annotated[Caller, allow_in_company(Action.INTEGRATION_READ)], query: Annotated[PageQuery, Query()]
) -> Page[IntegrationShown]:
    await caller.check_company()
    found = await integrations.list_integrations(
        caller.desk.database, caller.scope, limit=query.reach, before=query.cursor
    )
    return page_of(found, query, lambda one: IntegrationShown(**shown_fields(caller, one)), lambda one: one.id)


@router.post("/integrations", status_code=201, summary="Let a tool send", responses=responses(404))
async def add_integration(
    caller: Annotated[Caller, allow_in_company(Action.INTEGRATION_ADD)], body: IntegrationAdded
) -> IntegrationMade:
    made = await integrations.add_integration(
        caller.desk.database,
        caller.desk.vault,
        caller.desk.sources,
        caller.scope,
        source=body.source,
        name=body.name,
        require_signature=body.require_signature,
        scheme=body.scheme,
        settings=body.settings,
        route_by=body.route_by,
        now=caller.now,
    )
    return IntegrationMade(**shown_fields(caller, made.integration), api_key=made.api_key, hmac_secret=made.hmac_secret)


@router.get("/integrations/{integration_id}", summary="One integration", responses=responses(404))
async def read_integration(
    caller: Annotated[Caller, allow_in_company(Action.INTEGRATION_READ)], integration_id: UUID
) -> IntegrationShown:
    found = await integrations.get_integration(caller.desk.database, caller.scope, integration_id)
    return IntegrationShown(**shown_fields(caller, found))


@router.patch("/integrations/{integration_id}", summary="Change an integration", responses=responses(404))
async def set_integration(
    caller: Annotated[Caller, allow_in_company(Action.INTEGRATION_SET)], integration_id: UUID, body: IntegrationSet
) -> IntegrationShown:
    changed = await integrations.set_integration(
        caller.desk.database,
        caller.desk.vault,
        caller.desk.sources,
        caller.scope,
        integration_id,
        name=body.name,
        require_signature=body.require_signature,
        settings=body.settings,
        now=caller.now,
    )
    return IntegrationShown(**shown_fields(caller, changed))


@router.delete(
    "/integrations/{integration_id}",
    status_code=204,
    summary="Take an integration out of use; what it sent stays",
    responses=responses(404),
)
async def remove_integration(
    caller: Annotated[Caller, allow_in_company(Action.INTEGRATION_REMOVE)], integration_id: UUID
) -> None:
    await integrations.remove_integration(caller.desk.database, caller.scope, integration_id, now=caller.now)


@router.post(
    "/integrations/{integration_id}/keys",
    status_code=201,
    summary="Make another key; two may be live at once",
    responses=responses(404, 409),
)
async def add_key(caller: Annotated[Caller, allow_in_company(Action.KEY_ADD)], integration_id: UUID) -> KeyMade:
    desk = caller.desk
    made = await integrations.add_key(desk.database, desk.vault, caller.scope, integration_id, now=caller.now)
    return KeyMade(**_key_fields(made.key), api_key=made.api_key)


@router.delete(
    "/integrations/{integration_id}/keys/{key_id}", status_code=204, summary="End a key", responses=responses(404)
)
async def revoke_key(
    caller: Annotated[Caller, allow_in_company(Action.KEY_REVOKE)], integration_id: UUID, key_id: UUID
) -> None:
    await integrations.get_integration(caller.desk.database, caller.scope, integration_id)
    await integrations.revoke_key(caller.desk.database, caller.scope, key_id, now=caller.now)


@router.post(
    "/integrations/{integration_id}/secret", summary="Replace the HMAC secret at once", responses=responses(404)
)
async def rotate_secret(
    caller: Annotated[Caller, allow_in_company(Action.INTEGRATION_SET)], integration_id: UUID
) -> SecretMade:
    desk = caller.desk
    secret = await integrations.rotate_secret(desk.database, desk.vault, caller.scope, integration_id, now=caller.now)
    return SecretMade(hmac_secret=secret)


@router.get("/actions", summary="Effects that sources asked for", responses=responses(404))
async def list_actions(
    caller: Annotated[Caller, allow_in_company(Action.INTEGRATION_READ)], query: Annotated[ActionQuery, Query()]
) -> Page[ActionShown]:
    await caller.check_company()
    found = await integrations.list_actions(
        caller.desk.database, caller.scope, state=query.state, limit=query.reach, before=query.cursor
    )
    return page_of(found, query, _show_action, lambda one: one.id)


@router.post("/actions/{action_id}/approve", summary="Agree to an effect", responses=responses(404, 409))
async def approve_action(
    caller: Annotated[Caller, allow_in_company(Action.ACTION_APPROVE)], action_id: UUID
) -> ActionShown:
    desk = caller.desk
    approved = await integrations.approve_action(desk.database, desk.sources, caller.scope, action_id, now=caller.now)
    return _show_action(approved)


def shown_fields(caller: Caller, integration: Integration) -> dict[str, Any]:
    """An integration as `IntegrationShown` has it."""
    return {
        "id": integration.id,
        "company_id": integration.company_id,
        "source": integration.source,
        "name": integration.name,
        "webhook_url": "" if integration.is_stand_in else f"{caller.desk.public_url}/api/webhooks/{integration.source}",
        "scheme": integration.scheme,
        "require_signature": integration.require_signature,
        "settings": masked(integration.settings),
        "version": integration.version,
        "created_at": integration.created_at,
        "keys": [KeyShown(**_key_fields(key)) for key in integration.keys],
        "route_by": integration.route_by,
        "shared_id": integration.shared_id,
    }


def _key_fields(key: KeyInfo) -> dict[str, Any]:
    return {"id": key.id, "hint": key.hint, "created_at": key.created_at, "revoked_at": key.revoked_at}


def _show_action(action: SourceAction) -> ActionShown:
    return ActionShown(
        id=action.id,
        integration_id=action.integration_id,
        kind=action.kind,
        subject=action.subject,
        state=action.state,
        at=action.at,
        settled_at=action.settled_at,
        answer=action.answer,
    )
