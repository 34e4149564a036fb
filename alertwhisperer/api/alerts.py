"""Alerts: what tools say is wrong, each condition once, and why it was decided so."""

import json
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import Field

from alertwhisperer.api.access import Caller, absent, allow, allow_in_company
from alertwhisperer.api.fields import AlertStatusWord, Moment, SeverityWord, Shown, Text, example
from alertwhisperer.api.pages import Page, PageQuery, page_of
from alertwhisperer.api.problem import responses
from alertwhisperer.correlate.receipt import explain
from alertwhisperer.domain.severity import Severity
from alertwhisperer.domain.state import AlertStatus
from alertwhisperer.guard.permissions import Action
from alertwhisperer.kit.ids import KIND_OCCURRENCE, sibling
from alertwhisperer.store import alerts, receipts
from alertwhisperer.store.alerts import AlertFilter, AlertRow

router = APIRouter(prefix="/api", tags=["alerts"])

EXAMPLE = {
    "id": "0195d3a1-22b0-7e11-8a00-5b1c02000000",
    "company_id": "0195d3a0-7c1e-7b5a-9f00-3c8d52000000",
    "integration_id": "0195d3a0-7c1e-7b5a-9f00-3c8d53000000",
    "asset": "db-01.example.org",
    "signature": "DiskWillFill",
    "severity": "critical",
    "status": "firing",
    "message": "Disk / is 96% full",
    "source": "prometheus",
    "started_at": "2026-03-01T08:00:00Z",
    "ended_at": None,
    "count": 12,
    "labels": {"job": "node"},
    "links": {"graph": "https://prometheus.example.org/graph"},
    "incident_id": "0195d3a1-22b0-7e11-8a00-5b1c03000000",
    "first_seen_at": "2026-03-01T08:00:12Z",
    "last_seen_at": "2026-03-01T08:12:12Z",
}


class AlertShown(Shown):
    """A condition that a tool spoke of, with its life."""

    model_config = example(EXAMPLE)

    id: UUID
    company_id: UUID
    integration_id: UUID
    asset: str
    signature: str
    severity: SeverityWord
    status: AlertStatusWord
    message: str
    source: str
    started_at: datetime
    ended_at: datetime | None
    count: Annotated[int, Field(description="firing occurrences")]
    labels: dict[str, str]
    links: dict[str, str]
    incident_id: Annotated[UUID | None, Field(description="null while its incident is forming")]
    first_seen_at: datetime
    last_seen_at: datetime


class AlertQuery(PageQuery):
    """Which alerts."""

    status: AlertStatusWord | None = None
    severity: Annotated[list[SeverityWord], Field(max_length=5, description="may be repeated")] = Field(
        default_factory=list
    )
    source: Text | None = None
    asset: Annotated[Text | None, Field(description="any name of the asset")] = None
    signature: Text | None = None
    incident_id: UUID | None = None
    start: Annotated[Moment | None, Field(alias="from", description="first seen at or after")] = None
    finish: Annotated[Moment | None, Field(alias="to", description="first seen before")] = None


class ReceiptShown(Shown):
    """Why an alert was decided as it was."""

    model_config = example(
        {
            "alert_id": EXAMPLE["id"],
            "occurrence_id": "0195d3a1-22b0-7e11-8a00-5b1c01000000",
            "decided_at": "2026-03-01T08:00:12Z",
            "incident_id": EXAMPLE["incident_id"],
            "outcome": "new",
            "reason": "opened_first",
            "why": ["It opened an incident: nothing with this aggregation key was open."],
            "facts": {"reason": 1, "rule": "default", "key": "db-01.example.org|DiskWillFill"},
        }
    )

    alert_id: UUID
    occurrence_id: Annotated[UUID, Field(description="the one that began the alert")]
    decided_at: datetime
    incident_id: UUID | None
    outcome: str
    reason: str
    why: list[str]
    facts: Annotated[dict[str, Any] | None, Field(description="as stored; the words are made of them")]


@router.get("/companies/{company_id}/alerts", summary="A company's alerts, newest first", responses=responses(404))
async def list_alerts(
    caller: Annotated[Caller, allow_in_company(Action.ALERT_READ)], query: Annotated[AlertQuery, Query()]
) -> Page[AlertShown]:
    wanted = AlertFilter(
        status=None if query.status is None else AlertStatus[query.status.upper()],
        severities=tuple(Severity[word.upper()] for word in query.severity),
        source=query.source,
        asset=query.asset,
        signature=query.signature,
        incident_id=query.incident_id,
        start=query.start,
        finish=query.finish,
    )
    async with caller.work() as unit:
        found = await alerts.page(unit, wanted, limit=query.reach, before=query.cursor)
    return page_of(found, query, show_alert, lambda alert: alert.id)


@router.get("/alerts/{alert_id}", summary="One alert", responses=responses(404))
async def read_alert(caller: Annotated[Caller, allow(Action.ALERT_READ)], alert_id: UUID) -> AlertShown:
    scope = await caller.find(alerts.company_of, alert_id, "alert")
    async with caller.desk.database.unit_of_work(scope) as unit:
        alert = await alerts.read(unit, alert_id)
    if alert is None:
        raise absent("alert", alert_id)
    return show_alert(alert)


@router.get("/alerts/{alert_id}/receipt", summary="Why an alert is where it is", responses=responses(404))
async def read_receipt(caller: Annotated[Caller, allow(Action.ALERT_READ)], alert_id: UUID) -> ReceiptShown:
    scope = await caller.find(alerts.company_of, alert_id, "alert")
    async with caller.desk.database.unit_of_work(scope) as unit:
        alert = await alerts.read(unit, alert_id)
        found = await receipts.of_occurrences(unit, [sibling(alert_id, KIND_OCCURRENCE)])
    if alert is None or not found:
        raise absent("receipt of alert", alert_id)  # retention dropped its day
    receipt = found[0]
    return ReceiptShown(
        alert_id=alert_id,
        occurrence_id=receipt.id,
        decided_at=receipt.received_at,
        incident_id=alert.incident_id,
        outcome=receipt.outcome.word,
        reason=receipt.reason.code,
        why=explain(receipt.facts, receipt.reason),
        facts=None if receipt.facts is None else json.loads(receipt.facts),
    )


def show_alert(alert: AlertRow) -> AlertShown:
    """An alert as the API shows it."""
    return AlertShown(
        id=alert.id,
        company_id=alert.company_id,
        integration_id=alert.integration_id,
        asset=alert.asset,
        signature=alert.signature,
        severity=alert.severity.word,  # type: ignore[arg-type]  # the words of the enum are the literal's
        status=alert.status.word,  # type: ignore[arg-type]  # likewise
        message=alert.message,
        source=alert.source,
        started_at=alert.started_at,
        ended_at=alert.ended_at,
        count=alert.count,
        labels=dict(alert.labels),
        links=dict(alert.links),
        incident_id=alert.incident_id,
        first_seen_at=alert.first_seen_at,
        last_seen_at=alert.last_seen_at,
    )
