"""The permission table, as the code asks it: who may do what, and why so."""

from typing import Annotated

from fastapi import APIRouter
from pydantic import Field

from alertwhisperer.api.access import Caller, allow
from alertwhisperer.api.fields import Shown, example
from alertwhisperer.api.problem import responses
from alertwhisperer.domain.user import Role
from alertwhisperer.guard.permissions import PERMISSIONS, Action, Reach, may

router = APIRouter(prefix="/api/permissions", tags=["permissions"])

_EXAMPLE = {
    "action": "incident.resolve",
    "reach": "company",
    "roles": ["company_admin", "msp_admin", "technician"],
    "why": "A reader changes nothing.",
    "yours": True,
}


class RuleShown(Shown):
    """A row of the table."""

    model_config = example(_EXAMPLE)

    action: str
    reach: Annotated[Reach, Field(description="of a company that one serves, of the installation, or one's own")]
    roles: list[Role]
    why: str
    yours: Annotated[bool, Field(description="whether you may, by the token or session that asks")]


class PermissionsShown(Shown):
    """The whole table; what is not in it may nobody do."""

    model_config = example({"items": [_EXAMPLE], "next": None})

    items: list[RuleShown]
    next: None = None


@router.get("", summary="Who may do what, and why", responses=responses())
async def list_permissions(caller: Annotated[Caller, allow(Action.PERMISSION_READ)]) -> PermissionsShown:
    return PermissionsShown(
        items=[
            RuleShown(
                action=action.value,
                reach=rule.reach,
                roles=sorted(rule.roles),
                why=rule.why,
                yours=may(caller.user, action, caller.person.means),
            )
            for action, rule in PERMISSIONS.items()
        ]
    )
