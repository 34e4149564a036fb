"""What alerts may decide about a company's runs."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter
from pydantic import ConfigDict, Field

from alertwhisperer.api.access import Caller, allow_in_company
from alertwhisperer.api.fields import Asked, Shown, Text, Whole, example
from alertwhisperer.api.problem import responses
from alertwhisperer.domain.run import Allowed, RunPolicy
from alertwhisperer.guard.permissions import Action
from alertwhisperer.remediate import policy

router = APIRouter(prefix="/api", tags=["runs"])

_PARAMETER = {"runbook": "service-restart", "parameter": "service", "from": "label:service"}
_POLICY = {"trusted_integrations": ["0195d3a0-7c1e-7b5a-9f00-3c8d58000000"], "parameters": [_PARAMETER]}


class ParameterAllowed(Asked):
    """A parameter that may take its value from an alert."""

    model_config = ConfigDict(**example(_PARAMETER), populate_by_name=True)

    runbook: Annotated[Text, Field(min_length=1)]
    parameter: Annotated[Text, Field(min_length=1)]
    origin: Annotated[
        Text, Field(alias="from", min_length=1, description="`asset`, `signature` or `label:NAME`, as it suggests")
    ]


class PolicyAsked(Asked):
    """What alerts may decide, in place of what was said before."""

    model_config = example({**_POLICY, "based_on": 3})

    trusted_integrations: Annotated[
        list[UUID],
        Field(
            max_length=policy.MOST, description="whose alerts may start a run by themselves though they are not signed"
        ),
    ]
    parameters: Annotated[list[ParameterAllowed], Field(max_length=policy.MOST)]
    based_on: Annotated[
        Whole | None, Field(ge=0, le=2**31 - 1, description="the version that was edited; another one since: 409")
    ] = None


class PolicyShown(Shown):
    """What alerts may decide; nothing where nobody said."""

    model_config = example({**_POLICY, "version": 4})

    version: Annotated[int, Field(description="counts the changes; 0 before the first")]
    trusted_integrations: list[UUID]
    parameters: list[ParameterAllowed]


@router.get("/companies/{company_id}/run-policy", summary="What alerts may decide about runs", responses=responses(404))
async def read_policy(caller: Annotated[Caller, allow_in_company(Action.RUN_POLICY_READ)]) -> PolicyShown:
    return _show(await policy.get_policy(caller.desk.database, caller.scope))


@router.put("/companies/{company_id}/run-policy", summary="Say what alerts may decide", responses=responses(404, 409))
async def put_policy(
    caller: Annotated[Caller, allow_in_company(Action.RUN_POLICY_SET)], body: PolicyAsked
) -> PolicyShown:
    wanted = RunPolicy(
        frozenset(body.trusted_integrations),
        tuple(Allowed(one.runbook, one.parameter, one.origin) for one in body.parameters),
    )
    desk = caller.desk
    return _show(
        await policy.set_policy(desk.database, caller.scope, desk.means, wanted, based_on=body.based_on, now=caller.now)
    )


def _show(found: RunPolicy) -> PolicyShown:
    return PolicyShown(
        version=found.version,
        trusted_integrations=sorted(found.trusted),
        parameters=[
            ParameterAllowed(runbook=one.runbook, parameter=one.parameter, origin=one.origin)
            for one in found.parameters
        ],
    )
