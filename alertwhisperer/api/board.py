"""The board: all companies that one serves on one page, with what burns now."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter
from pydantic import Field

from alertwhisperer.api.access import Caller, allow
from alertwhisperer.api.fields import SeverityWord, Shown, example
from alertwhisperer.api.problem import responses
from alertwhisperer.domain.company import CompanyId
from alertwhisperer.domain.silence import SilenceCheck
from alertwhisperer.guard.permissions import Action
from alertwhisperer.shift import board
from alertwhisperer.shift.board import Card
from alertwhisperer.silence.decide import expectation
from alertwhisperer.store import silence
from alertwhisperer.store.board import Line

router = APIRouter(prefix="/api/board", tags=["board"])

_MOST_SILENT = 1_000

_LINE = {
    "id": "0195d3a1-22b0-7e11-8a00-5b1c03000000",
    "number": 4821,
    "title": "DiskWillFill on db-01.example.org",
    "severity": "critical",
    "state": "needs_ack",
    "asset": "db-01.example.org",
    "assignee": None,
    "opened_at": "2026-03-01T08:00:12Z",
}
_COMPANY = "0195d3a0-7c1e-7b5a-9f00-3c8d52000000"
_SILENT = {"integration": "Zabbix, data centre 1", "since": "2026-03-01T06:40:00Z"}
_CARD = {
    "id": _COMPANY,
    "name": "Acme",
    "by_severity": {"critical": 1, "medium": 4},
    "critical_needs_ack": 1,
    "incidents": [_LINE],
    "alerts_last_hour": 31,
    "bars": [0, 1, 0, 2, 1, 0, 0, 1, 3, 2, 1, 0, 0, 4, 6, 5, 2, 1, 1, 1],
    "usual": {"low": 0.4, "high": 3.5},
    "silent": [_SILENT],
    "last_alert_at": "2026-03-01T08:12:12Z",
}
_UNTAKEN = {"id": _LINE["id"], "number": 4821, "company_id": _COMPANY, "company": "Acme"}
_STRIP = {
    "criticals_needs_ack": [_UNTAKEN],
    "approvals": {"count": 2, "first_expires_at": "2026-03-01T08:30:00Z"},
    "silent": [{**_SILENT, "company_id": _COMPANY, "company": "Acme", "usually": 300}],
}


class LineShown(Shown):
    """An open incident in a line."""

    model_config = example(_LINE)

    id: UUID
    number: int
    title: str
    severity: SeverityWord
    state: Annotated[
        Literal["needs_ack", "acknowledged", "clearing"],
        Field(description="`clearing`: nothing of it fires any more, and it is held for a while before it closes"),
    ]
    asset: Annotated[str | None, Field(description="of the alert that came first")]
    assignee: str | None
    opened_at: datetime


class BandShown(Shown):
    """Alerts in three minutes that are usual at this hour of the day."""

    model_config = example({"low": 0.4, "high": 3.5})

    low: Annotated[float, Field(description="one hour in ten was below it")]
    high: Annotated[float, Field(description="one hour in ten was above it")]


class SilentHere(Shown):
    """An integration, or a heartbeat of it, that should have been heard."""

    model_config = example(_SILENT)

    integration: str
    since: datetime


class CardShown(Shown):
    """One company."""

    model_config = example(_CARD)

    id: UUID
    name: str
    by_severity: Annotated[dict[SeverityWord, int], Field(description="open incidents; only what is not zero")]
    critical_needs_ack: Annotated[int, Field(description="critical incidents that fire and that nobody took")]
    incidents: Annotated[list[LineShown], Field(description="up to three: the worst first, of equal ones the oldest")]
    alerts_last_hour: Annotated[int, Field(description="firing occurrences")]
    bars: Annotated[list[int], Field(description="the same in 20 steps of three minutes, oldest first")]
    usual: Annotated[
        BandShown | None, Field(description="from the same hour of the last four weeks; null under a week of history")
    ]
    silent: list[SilentHere]
    last_alert_at: Annotated[datetime | None, Field(description="when something fired last")]


class UntakenShown(Shown):
    """A critical incident that fires and that nobody took."""

    model_config = example(_UNTAKEN)

    id: UUID
    number: int
    company_id: UUID
    company: str


class AskedShown(Shown):
    """Questions that wait for an answer."""

    model_config = example({"count": 2, "first_expires_at": "2026-03-01T08:30:00Z"})

    count: int
    first_expires_at: Annotated[datetime | None, Field(description="when the first of them lapses")]


class SilentShown(SilentHere):
    """The same, and whose it is."""

    model_config = example({**_SILENT, "company_id": _COMPANY, "company": "Acme", "usually": 300})

    company_id: UUID
    company: str
    usually: Annotated[int | None, Field(description="seconds within which it is heard when all is well")]


class StripShown(Shown):
    """What concerns nobody's card alone."""

    model_config = example(_STRIP)

    criticals_needs_ack: Annotated[
        list[UntakenShown], Field(description=f"the oldest first, at most {board.MOST_CRITICALS}")
    ]
    approvals: AskedShown
    silent: Annotated[list[SilentShown], Field(description=f"the longest first, at most {_MOST_SILENT}")]


class BoardShown(Shown):
    """All companies that you serve."""

    model_config = example({"as_of": "2026-03-01T08:13:00Z", "strip": _STRIP, "companies": [_CARD], "left_out": 0})

    as_of: datetime
    strip: StripShown
    companies: Annotated[list[CardShown], Field(description="by name")]
    left_out: Annotated[int, Field(description=f"companies beyond the first {board.MOST_COMPANIES}")]


@router.get("", summary="All companies that you serve, with what burns now", responses=responses())
async def read_board(caller: Annotated[Caller, allow(Action.BOARD_CROSS)]) -> BoardShown:
    async with caller.crossing() as look:
        found = await board.look(look.connection, look.companies, now=caller.now)
        names = {card.id: card.name for card in found.cards}
        checks = await silence.silent_among(look.connection, list(names), limit=_MOST_SILENT)
    silent: dict[CompanyId, list[SilenceCheck]] = defaultdict(list)
    for check in checks:
        silent[check.company_id].append(check)
    strip = StripShown(
        criticals_needs_ack=[
            UntakenShown(id=one.id, number=one.number, company_id=one.company_id, company=names[one.company_id])
            for one in found.untaken
        ],
        approvals=AskedShown(count=found.asked.amount, first_expires_at=found.asked.first_expires_at),
        silent=[_silent(check, names) for check in checks],
    )
    return BoardShown(
        as_of=caller.now,
        strip=strip,
        companies=[_card(card, silent[card.id]) for card in found.cards],
        left_out=found.left_out,
    )


def _card(card: Card, silent: Sequence[SilenceCheck]) -> CardShown:
    return CardShown(
        id=card.id,
        name=card.name,
        by_severity={one.severity.word: one.amount for one in reversed(card.open)},  # type: ignore[misc]  # its words
        critical_needs_ack=sum(one.untaken for one in card.open),
        incidents=[_line(line) for line in card.worst],
        alerts_last_hour=sum(card.bars),
        bars=list(card.bars),
        usual=None if card.usual is None else BandShown(low=card.usual.low, high=card.usual.high),
        silent=[SilentHere(integration=one.name, since=_since(one)) for one in silent],
        last_alert_at=card.last_alert_at,
    )


def _line(line: Line) -> LineShown:
    return LineShown(
        id=line.id,
        number=line.number,
        title=line.title,
        severity=line.severity.word,  # type: ignore[arg-type]  # one of its words
        state=line.state,
        asset=line.asset,
        assignee=line.assignee,
        opened_at=line.opened_at,
    )


def _silent(check: SilenceCheck, names: Mapping[CompanyId, str]) -> SilentShown:
    interval = expectation(check).interval
    return SilentShown(
        integration=check.name,
        since=_since(check),
        company_id=check.company_id,
        company=names[check.company_id],
        usually=None if interval is None else round(interval.total_seconds()),
    )


def _since(check: SilenceCheck) -> datetime:
    return check.changed_at if check.quiet_since is None else check.quiet_since
