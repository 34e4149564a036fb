"""AWS of a company: the role that its client makes for us, what is wrong with it, and what its patches are."""

from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import Field

from alertwhisperer.api.access import Caller, allow_in_company
from alertwhisperer.api.fields import NO_NUL, Asked, Shown, example
from alertwhisperer.api.pages import Page, PageQuery, page_of
from alertwhisperer.api.problem import responses
from alertwhisperer.domain.reach import PatchState
from alertwhisperer.executors._aws.role import Format
from alertwhisperer.guard.permissions import Action
from alertwhisperer.remediate import aws, patches
from alertwhisperer.remediate.aws import Link

router = APIRouter(prefix="/api/companies/{company_id}", tags=["remediation"])


class TemplateAsked(Asked):
    """How the client makes the role; without `principal` AWS is asked who we are."""

    model_config = example({"format": "cloudformation"})

    format: Format = Format.CLOUDFORMATION
    principal: Annotated[str, Field(pattern=NO_NUL, min_length=1, max_length=700)] | None = None
    output_bucket: Annotated[str, Field(pattern=NO_NUL, max_length=63)] = ""


class TemplateShown(Shown):
    """What the client applies in its own account."""

    model_config = example(
        {
            "format": "cloudformation",
            "text": "{…}",
            "principal": "arn:aws:iam::999988887777:role/server",
            "external_id": "aw-…",
        }
    )

    format: Format
    text: str
    principal: str
    external_id: str


class RoleShown(Shown):
    """A role that a client made for us, as a credential names it."""

    credential_id: UUID
    name: Annotated[str, Field(description="the credential's")]
    role_arn: str
    proven_at: Annotated[
        datetime | None, Field(description="when it was last seen to be closed to everybody else; null: it is not used")
    ]


class LinkShown(Shown):
    """How a company's account lets us in."""

    model_config = example(
        {
            "external_id": "aw-…",
            "roles": [
                {
                    "credential_id": "0195d3a0-7c1e-7b5a-9f00-3c8d59000000",
                    "name": "client account",
                    "role_arn": "arn:aws:iam::123456789012:role/alertwhisperer",
                    "proven_at": "2026-03-01T08:00:00Z",
                }
            ],
        }
    )

    external_id: Annotated[str, Field(description="the company's own, which its role demands; empty before it has one")]
    roles: list[RoleShown]


class CheckAsked(Asked):
    """Which role to look at; without `region` that of an asset bound with it."""

    model_config = example({"credential": "client account", "region": "eu-central-1"})

    credential: Annotated[str, Field(pattern=NO_NUL, min_length=1, max_length=200)]
    region: Annotated[str, Field(pattern=r"^[a-z]{2}(-[a-z]+)+-[0-9]{1,2}$", max_length=25)] | None = None


class FindingShown(Shown):
    """One thing that must hold; `holds` is null where it could not be seen."""

    what: str
    holds: bool | None
    said: str
    mend: str


class CheckShown(Shown):
    """What was seen; `is_closed` says that nobody else gets in by this role, and only then it is used."""

    model_config = example(
        {
            "credential_id": "0195d3a0-7c1e-7b5a-9f00-3c8d59000000",
            "role_arn": "arn:aws:iam::123456789012:role/alertwhisperer",
            "region": "eu-central-1",
            "is_closed": True,
            "holds": True,
            "findings": [{"what": "without an external ID the role is refused", "holds": True, "said": "", "mend": ""}],
        }
    )

    credential_id: UUID
    role_arn: str
    region: str
    is_closed: bool
    holds: bool
    findings: list[FindingShown]


class PatchStateShown(Shown):
    """What a machine's patches are, as Systems Manager last said."""

    model_config = example(
        {
            "asset_id": "0195d3a0-7c1e-7b5a-9f00-3c8d57000000",
            "instance": "i-0123456789abcdef0",
            "installed": 212,
            "missing": 3,
            "failed": 0,
            "critical": 1,
            "scanned_at": "2026-03-01T03:00:00Z",
            "asked_at": "2026-03-01T08:00:00Z",
        }
    )

    asset_id: UUID
    instance: str
    installed: int
    missing: int
    failed: int
    critical: int
    scanned_at: datetime
    asked_at: datetime


@router.post("/aws/template", summary="The role that a client makes for us", responses=responses(404))
async def print_template(
    caller: Annotated[Caller, allow_in_company(Action.AWS_TEMPLATE)], body: TemplateAsked
) -> TemplateShown:
    made = await aws.print_template(
        caller.desk.database,
        caller.scope,
        body.format,
        clock=caller.desk.clock,
        principal=body.principal,
        output_bucket=body.output_bucket,
    )
    return TemplateShown(**asdict(made))


@router.get("/aws", summary="How a company's account lets us in", responses=responses(404))
async def read_link(caller: Annotated[Caller, allow_in_company(Action.AWS_READ)]) -> LinkShown:
    found = await aws.get_link(caller.desk.database, caller.desk.vault, caller.scope)
    return LinkShown(**fields_of(found))


@router.post("/aws/check", summary="Look at a client's role", responses=responses(404))
async def check_role(caller: Annotated[Caller, allow_in_company(Action.AWS_CHECK)], body: CheckAsked) -> CheckShown:
    seen = await aws.check_role(
        caller.desk.database,
        caller.desk.vault,
        caller.scope,
        body.credential,
        clock=caller.desk.clock,
        region=body.region,
    )
    return CheckShown(
        credential_id=seen.credential.id,
        role_arn=seen.role_arn,
        region=seen.in_region,
        is_closed=seen.looked.is_closed,
        holds=seen.looked.holds,
        findings=[FindingShown(**asdict(one)) for one in seen.looked.findings],
    )


@router.get("/patch-states", summary="What machines' patches are", responses=responses(404))
async def list_patch_states(
    caller: Annotated[Caller, allow_in_company(Action.PATCH_READ)], query: Annotated[PageQuery, Query()]
) -> Page[PatchStateShown]:
    await caller.check_company()
    found = await patches.list_patch_states(caller.desk.database, caller.scope, limit=query.reach, before=query.cursor)
    return page_of(found, query, _show, lambda one: one.asset_id)


def fields_of(link: Link) -> dict[str, Any]:
    """How an account lets us in, by the API's names."""
    return {
        "external_id": link.external_id,
        "roles": [
            {"credential_id": one.id, "name": one.name, "role_arn": arn, "proven_at": one.proven_at}
            for one, arn in link.roles
        ],
    }


def _show(state: PatchState) -> PatchStateShown:
    return PatchStateShown(**asdict(state))
