"""Credentials of a company: what lets executors in. Their values go in and never come out."""

from dataclasses import asdict
from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import Field

from alertwhisperer.api.access import Caller, allow_in_company
from alertwhisperer.api.fields import NO_NUL, Asked, Shown, example
from alertwhisperer.api.pages import Page, PageQuery, page_of
from alertwhisperer.api.problem import responses
from alertwhisperer.api.sites import Name
from alertwhisperer.domain.reach import Credential
from alertwhisperer.guard.permissions import Action
from alertwhisperer.remediate import credentials
from alertwhisperer.remediate.ways import LONGEST_VALUE

router = APIRouter(prefix="/api/companies/{company_id}/credentials", tags=["remediation"])

Values = Annotated[
    dict[str, Annotated[str, Field(pattern=NO_NUL, max_length=LONGEST_VALUE)]],
    Field(max_length=20, description="By name, as `GET /api/executors` says; they cannot be read back."),
]
Word = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,31}$")]

_CREDENTIAL = {
    "id": "0195d3a0-7c1e-7b5a-9f00-3c8d59000000",
    "name": "linux servers",
    "executor": "ssh",
    "fields": ["private_key"],
    "added_by": "kim@example.org",
    "added_at": "2026-03-01T08:00:00Z",
    "rotated_at": None,
    "proven_at": None,
    "bound": 3,
}


class CredentialShown(Shown):
    """A credential; `fields` names what is in it, `proven_at` says when its way was seen to be closed to others."""

    model_config = example(_CREDENTIAL)

    id: UUID
    name: str
    executor: str
    fields: list[str]
    added_by: str
    added_at: datetime
    rotated_at: datetime | None
    proven_at: datetime | None
    bound: Annotated[int, Field(description="assets that are bound with it")]


class CredentialAdded(Asked):
    """A credential to keep."""

    model_config = example(
        {"name": "linux servers", "executor": "ssh", "values": {"private_key": "-----BEGIN OPENSSH PRIVATE KEY-----…"}}
    )

    name: Name
    executor: Word
    values: Values


class CredentialRotated(Asked):
    """Other values for a credential: all of them, not only those that differ."""

    model_config = example({"values": {"private_key": "-----BEGIN OPENSSH PRIVATE KEY-----…"}})

    values: Values


@router.get("", summary="Credentials, newest first", responses=responses(404))
async def list_credentials(
    caller: Annotated[Caller, allow_in_company(Action.CREDENTIAL_READ)], query: Annotated[PageQuery, Query()]
) -> Page[CredentialShown]:
    await caller.check_company()
    found = await credentials.list_credentials(
        caller.desk.database, caller.scope, limit=query.reach, before=query.cursor
    )
    return page_of(found, query, _show, lambda one: one.id)


@router.post("", status_code=201, summary="Keep a credential", responses=responses(404, 409))
async def add_credential(
    caller: Annotated[Caller, allow_in_company(Action.CREDENTIAL_SET)], body: CredentialAdded
) -> CredentialShown:
    made = await credentials.add_credential(
        caller.desk.database, caller.desk.vault, caller.scope, body.name, body.executor, body.values, now=caller.now
    )
    return _show(made)


@router.post("/{credential_id}/rotate", summary="Replace a credential's values", responses=responses(404))
async def rotate_credential(
    caller: Annotated[Caller, allow_in_company(Action.CREDENTIAL_SET)], credential_id: UUID, body: CredentialRotated
) -> CredentialShown:
    changed = await credentials.rotate_credential(
        caller.desk.database, caller.desk.vault, caller.scope, credential_id, body.values, now=caller.now
    )
    return _show(changed)


@router.delete("/{credential_id}", status_code=204, summary="Destroy a credential", responses=responses(404, 409))
async def remove_credential(
    caller: Annotated[Caller, allow_in_company(Action.CREDENTIAL_SET)], credential_id: UUID
) -> None:
    await credentials.remove_credential(caller.desk.database, caller.scope, credential_id, now=caller.now)


def _show(credential: Credential) -> CredentialShown:
    return CredentialShown(**asdict(credential) | {"fields": list(credential.fields)})
