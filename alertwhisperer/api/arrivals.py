"""What lately came from one integration, step by step, for whoever sets it up and waits for its first alert."""

from datetime import datetime, timedelta
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import Field

from alertwhisperer.api.access import Caller, allow_in_company
from alertwhisperer.api.deliveries import RefusedShown
from alertwhisperer.api.fields import Asked, SeverityWord, Shown, example
from alertwhisperer.api.problem import responses
from alertwhisperer.guard.permissions import Action
from alertwhisperer.ingest import integrations
from alertwhisperer.store import arrivals
from alertwhisperer.store.arrivals import Arrival, Member

router = APIRouter(prefix="/api/companies/{company_id}/integrations/{integration_id}/arrivals", tags=["integrations"])

LOOKED_BACK = timedelta(hours=1)

_MEMBER = {
    "outcome": "new",
    "alert_id": "0195d3a1-22b0-7e11-8a00-5b1c02000000",
    "asset": "web-01",
    "signature": "HostDown",
    "severity": "high",
    "incident_id": "0195d3a1-22b0-7e11-8a00-5b1c03000000",
    "incident_number": 4830,
    "refused": None,
}
_ARRIVAL = {
    "delivery_id": "0195d3a1-22b0-7e11-8a00-5b1c00000000",
    "received_at": "2026-03-01T08:00:12Z",
    "status": "processed",
    "received": 1,
    "members": [_MEMBER],
}
_REFUSAL = {"reason": "bad_signature", "requests": 3, "last_at": "2026-03-01T07:59:40Z"}


class MemberShown(Shown):
    """One member of a delivery, as far as it got."""

    model_config = example(_MEMBER)

    outcome: str
    alert_id: Annotated[UUID | None, Field(description="null when it is no alert")]
    asset: str | None
    signature: str | None
    severity: SeverityWord | None
    incident_id: UUID | None
    incident_number: Annotated[int | None, Field(description="null without an incident, or while it is forming")]
    refused: RefusedShown | None


class ArrivalShown(Shown):
    """A delivery with its first ten members."""

    model_config = example(_ARRIVAL)

    delivery_id: UUID
    received_at: datetime
    status: str
    received: Annotated[int, Field(description="members found in the body")]
    members: list[MemberShown]


class RefusalShown(Shown):
    """Requests that came with this integration's key and were refused."""

    model_config = example(_REFUSAL)

    reason: Annotated[str, Field(description="as in the answer that the tool got")]
    requests: int
    last_at: datetime


class ArrivalsShown(Shown):
    """What came within the last hour, newest first, and what was refused within it."""

    model_config = example({"items": [_ARRIVAL], "refused": [_REFUSAL], "next": None})

    items: list[ArrivalShown]
    refused: list[RefusalShown]
    next: None = None


class ArrivalsQuery(Asked):
    """How many."""

    limit: Annotated[int, Field(ge=1, le=20)] = 5


@router.get("", summary="What came from an integration within the last hour", responses=responses(404))
async def list_arrivals(
    caller: Annotated[Caller, allow_in_company(Action.INTEGRATION_READ)],
    integration_id: UUID,
    query: Annotated[ArrivalsQuery, Query()],
) -> ArrivalsShown:
    await integrations.get_integration(caller.desk.database, caller.scope, integration_id)
    since = caller.now - LOOKED_BACK
    async with caller.work() as unit:
        came = await arrivals.newest(unit, integration_id, since=since, limit=query.limit)
        refused = await arrivals.refused(unit, integration_id, since=since)
    return ArrivalsShown(
        items=[_arrival(one) for one in came],
        refused=[RefusalShown(reason=one.reason, requests=one.requests, last_at=one.last_at) for one in refused],
    )


def _arrival(one: Arrival) -> ArrivalShown:
    return ArrivalShown(
        delivery_id=one.id,
        received_at=one.received_at,
        status=one.status.word,
        received=one.received,
        members=[_member(member) for member in one.members],
    )


def _member(one: Member) -> MemberShown:
    fate, refused = one.fate, one.fate.refused
    fields: dict[str, Any] = {
        "outcome": fate.outcome.word,
        "alert_id": fate.alert_id,
        "asset": one.asset,
        "signature": one.signature,
        "severity": None if one.severity is None else one.severity.word,
        "incident_id": fate.incident_id,
        "incident_number": one.incident_number,
        "refused": None,
    }
    if refused is not None:
        fields["refused"] = RefusedShown(what=refused.what, where=refused.where, mend=refused.mend)
    return MemberShown(**fields)
