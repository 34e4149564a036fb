"""Alerts: what tools say is wrong, each condition once, and why it was decided so."""

import json
from dataclasses import replace
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
from alertwhisperer.kit.ids import KIND_OCCURRENCE, delivery_of, index_of, sibling
from alertwhisperer.store import across, alerts, receipts
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


class AlertAnywhere(AlertShown):
    """An alert, and whose it is."""

    model_config = example({**EXAMPLE, "company": "Acme"})

    company: Annotated[str, Field(description="the company's name")]


class AllAlertsQuery(PageQuery):
    """Which alerts."""

    status: AlertStatusWord | None = None
    severity: Annotated[list[SeverityWord], Field(max_length=5, description="may be repeated")] = Field(
        default_factory=list
    )
    source: Text | None = None
    asset: Annotated[Text | None, Field(description="of one company: any name of the asset")] = None
    signature: Text | None = None
    start: Annotated[Moment | None, Field(alias="from", description="first seen at or after")] = None
    finish: Annotated[Moment | None, Field(alias="to", description="first seen before")] = None

    @property
    def filter(self) -> AlertFilter:
        """The same for the store."""
        return AlertFilter(
            status=None if self.status is None else AlertStatus[self.status.upper()],
            severities=tuple(Severity[word.upper()] for word in self.severity),
            source=self.source,
            asset=self.asset,
            signature=self.signature,
            start=self.start,
            finish=self.finish,
        )


class AlertQuery(AllAlertsQuery):
    """Which alerts of a company."""

    incident_id: UUID | None = None


class ReceiptShown(Shown):
    """Why an alert was decided as it was."""

    model_config = example(
        {
            "alert_id": EXAMPLE["id"],
            "occurrence_id": "0195d3a1-22b0-7e11-8a00-5b1c01000000",
            "delivery_id": "0195d3a1-22b0-7e11-8a00-5b1c00000000",
            "delivery_index": 0,
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
    delivery_id: Annotated[UUID, Field(description="the request that it came in")]
    delivery_index: Annotated[int, Field(description="0-based place in that request")]
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
    wanted = replace(query.filter, incident_id=query.incident_id)
    async with caller.work() as unit:
        found = await alerts.page(unit, wanted, limit=query.reach, before=query.cursor)
    return page_of(found, query, show_alert, lambda alert: alert.id)


@router.get("/alerts", summary="Alerts of all companies that you serve, newest first", responses=responses())
async def list_all_alerts(
    caller: Annotated[Caller, allow(Action.ALERT_CROSS)], query: Annotated[AllAlertsQuery, Query()]
) -> Page[AlertAnywhere]:
    async with caller.crossing() as look:
        found = await across.page_of_alerts(
            look.connection, look.companies, look.at, query.filter, limit=query.reach, before=query.cursor
        )
        names = await look.names({row.company_id for row in found})
    return page_of(
        found,
        query,
        lambda row: AlertAnywhere(**show_alert(row).model_dump(), company=names[row.company_id]),
        lambda row: row.id,
    )


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
        delivery_id=delivery_of(receipt.id),
        delivery_index=index_of(receipt.id),
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
