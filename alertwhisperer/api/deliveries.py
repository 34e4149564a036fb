"""Deliveries: what became of one request of a tool, member by member."""

import base64
import json
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import Field

from alertwhisperer.api.access import Caller, absent, allow
from alertwhisperer.api.fields import Asked, Shown, example
from alertwhisperer.api.problem import responses
from alertwhisperer.correlate.receipt import explain
from alertwhisperer.guard.permissions import Action
from alertwhisperer.kit.ids import INDEX_BITS
from alertwhisperer.store import deliveries
from alertwhisperer.store.deliveries import Body, DeliveryRow, Fate

router = APIRouter(prefix="/api/deliveries", tags=["deliveries"])


class RefusedShown(Shown):
    """What was wrong with a member."""

    model_config = example({"what": "`severity` is a list", "where": "[2].severity", "mend": "send a text"})

    what: str
    where: str
    mend: str


class OccurrenceShown(Shown):
    """What one member of the body became."""

    model_config = example(
        {
            "index": 0,
            "outcome": "new",
            "reason": "opened_first",
            "why": ["It opened an incident: nothing with this aggregation key was open."],
            "alert_id": "0195d3a1-22b0-7e11-8a00-5b1c02000000",
            "incident_id": "0195d3a1-22b0-7e11-8a00-5b1c03000000",
            "refused": None,
        }
    )

    index: Annotated[int, Field(description="0-based place in the body")]
    outcome: str
    reason: str
    why: list[str]
    alert_id: UUID | None
    incident_id: UUID | None
    refused: RefusedShown | None


class DeliveryShown(Shown):
    """One request of a tool, as it was accepted."""

    model_config = example(
        {
            "delivery_id": "0195d3a1-22b0-7e11-8a00-5b1c00000000",
            "company_id": "0195d3a0-7c1e-7b5a-9f00-3c8d52000000",
            "integration_id": "0195d3a0-7c1e-7b5a-9f00-3c8d53000000",
            "status": "processed",
            "received_at": "2026-03-01T08:00:12Z",
            "source": "prometheus",
            "received": 1,
            "flagged": False,
            "occurrences": [],
            "next": None,
        }
    )

    delivery_id: UUID
    company_id: UUID
    integration_id: UUID
    status: str
    received_at: datetime
    source: str
    received: Annotated[int, Field(description="members found in the body")]
    flagged: Annotated[bool, Field(description="repeats a sender's id, unsigned, with another body")]
    occurrences: list[OccurrenceShown]
    next: Annotated[int | None, Field(description="`first` of the rest; null when these are all")]


class BodyShown(Shown):
    """A request as it came; it is not to be trusted."""

    model_config = example({"body_base64": "eyJhIjoxfQ==", "body_text": '{"a":1}', "request": {"method": "POST"}})

    body_base64: Annotated[str | None, Field(description="null when retention dropped it")]
    body_text: Annotated[str | None, Field(description="null when it is not UTF-8")]
    request: Annotated[dict[str, Any] | None, Field(description="method, query and headers that the parser read")]


class DeliveryQuery(Asked):
    """Which members of it."""

    first: Annotated[int, Field(ge=0, lt=1 << INDEX_BITS, description="index to begin at")] = 0
    limit: Annotated[int, Field(ge=1, le=10_000)] = 10_000


@router.get("/{delivery_id}", summary="What a delivery became", responses=responses(404))
async def read_delivery(
    caller: Annotated[Caller, allow(Action.DELIVERY_READ)],
    delivery_id: UUID,
    query: Annotated[DeliveryQuery, Query()],
) -> DeliveryShown:
    scope = await caller.find(deliveries.company_of, delivery_id, "delivery")
    async with caller.desk.database.unit_of_work(scope) as unit:
        delivery = await deliveries.read(unit, delivery_id)
        fates = await deliveries.fates(unit, delivery_id, first=query.first, limit=query.limit + 1)
    if delivery is None:
        raise absent("delivery", delivery_id)
    return show_delivery(delivery, fates, query.limit)


@router.get("/{delivery_id}/body", summary="What a tool sent, as it came", responses=responses(404))
async def read_body(caller: Annotated[Caller, allow(Action.DELIVERY_READ)], delivery_id: UUID) -> BodyShown:
    scope = await caller.find(deliveries.company_of, delivery_id, "delivery")
    async with caller.desk.database.unit_of_work(scope) as unit:
        return BodyShown(**body_fields(await deliveries.body(unit, delivery_id)))


def show_delivery(delivery: DeliveryRow, fates: list[Fate], limit: int) -> DeliveryShown:
    """A delivery as the API shows it; `fates` may hold one more than `limit`, which begins the rest."""
    shown = fates[:limit]
    return DeliveryShown(
        delivery_id=delivery.id,
        company_id=delivery.company_id,
        integration_id=delivery.integration_id,
        status=delivery.status.word,
        received_at=delivery.received_at,
        source=delivery.source,
        received=delivery.received,
        flagged=delivery.flagged,
        occurrences=[_show(fate) for fate in shown],
        next=fates[limit].index if len(fates) > limit else None,
    )


def _show(fate: Fate) -> OccurrenceShown:
    refused = fate.refused
    return OccurrenceShown(
        index=fate.index,
        outcome=fate.outcome.word,
        reason=fate.reason.code,
        # What is kept with a refused member is no receipt.
        why=explain(None if refused else fate.facts, fate.reason),
        alert_id=fate.alert_id,
        incident_id=fate.incident_id,
        refused=None if refused is None else RefusedShown(what=refused.what, where=refused.where, mend=refused.mend),
    )


def body_fields(found: Body | None) -> dict[str, Any]:
    """A body as the API shows it: as text where it is one."""
    if found is None:
        return {"body_base64": None, "body_text": None, "request": None}
    try:
        text = found.body.decode()
    except UnicodeDecodeError:
        text = None
    return {
        "body_base64": base64.b64encode(found.body).decode(),
        "body_text": text,
        "request": None if found.request is None else json.loads(found.request),
    }
