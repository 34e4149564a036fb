"""
The board: of every company what is open, how many alerts come, and how many are usual at this hour.

What is usual is told from the same hour of the last four weeks, in hours of UTC: one in ten was below it, one in ten
above. A company that is younger than a week has no usual.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from math import ceil

import msgspec

from alertwhisperer.domain.company import CompanyId
from alertwhisperer.store import board as store
from alertwhisperer.store.board import STEP_S, STEPS, Asked, Line, OpenCount, Untaken
from alertwhisperer.store.database import Connection

MOST_COMPANIES = 1_000
"""On one board; the answer says how many were left out."""
MOST_CRITICALS = 200
"""Named above the cards; each card's own count is of all."""
_EACH = 3
_HOUR = timedelta(hours=1)
_DAY = timedelta(days=1)
_WEEKS = 28  # days
_FEWEST_DAYS = 7
_RARE = 0.1  # of the hours lie below the band, and as many above


class Band(msgspec.Struct, frozen=True):
    """Alerts in three minutes that are usual at this hour."""

    low: float
    high: float


class Card(msgspec.Struct, frozen=True):
    """
    One company.

    Attributes:
        bars: firing occurrences in steps of three minutes, oldest first.
        usual: None while less than a week is known.
        last_alert_at: of whatever fired last.
    """

    id: CompanyId
    name: str
    open: tuple[OpenCount, ...]
    worst: tuple[Line, ...]
    bars: tuple[int, ...]
    usual: Band | None
    last_alert_at: datetime | None


class Board(msgspec.Struct, frozen=True):
    """All of it, in the order of the companies' names; `left_out` says how many companies were too many."""

    cards: tuple[Card, ...]
    untaken: tuple[Untaken, ...]
    asked: Asked
    left_out: int


async def look(connection: Connection, companies: Sequence[CompanyId], *, now: datetime) -> Board:
    """The board of companies that the connection sees."""
    names = await store.names(connection, companies, limit=MOST_COMPANIES)
    shown = list(names)
    start, finish = _last_hour(now)
    opened = await store.open_counts(connection, shown)
    worst = await store.worst(connection, shown, each=_EACH)
    steps = await store.steps(connection, shown, start=start, finish=finish)
    newest = await store.newest_alerts(connection, shown)
    usual = await _usual(connection, shown, now=now)
    cards = [
        Card(
            id=one,
            name=name,
            open=tuple(opened.get(one, ())),
            worst=tuple(worst.get(one, ())),
            bars=_bars(steps.get(one, ())),
            usual=usual[one],
            last_alert_at=_latest(steps.get(one, ()), newest.get(one)),
        )
        for one, name in names.items()
    ]
    return Board(
        cards=tuple(cards),
        untaken=tuple(await store.untaken_criticals(connection, shown, limit=MOST_CRITICALS)),
        asked=await store.asked(connection, shown, now=now),
        left_out=len(set(companies)) - len(shown),
    )


def band(counts: Sequence[int], *, days: int) -> Band | None:
    """
    What is usual in three minutes.

    Args:
        counts: of those of the hours that had any.
        days: how many hours there were; those without a count had none.
    """
    if days < _FEWEST_DAYS:
        return None
    hours = sorted([*counts, *[0] * (days - len(counts))])
    each = _HOUR.total_seconds() / STEP_S
    return Band(low=_quantile(hours, _RARE) / each, high=_quantile(hours, 1 - _RARE) / each)


async def _usual(
    connection: Connection, companies: Sequence[CompanyId], *, now: datetime
) -> Mapping[CompanyId, Band | None]:
    hour = now.replace(minute=0, second=0, microsecond=0)
    starts = [hour - _DAY * days for days in range(1, _WEEKS + 1)]
    since = await store.first_counted(connection, companies)
    counted = await store.same_hours(connection, companies, starts)
    return {
        one: band(list(counted.get(one, {}).values()), days=sum(start >= since[one] for start in starts))
        if one in since
        else None
        for one in companies
    }


def _last_hour(now: datetime) -> tuple[datetime, datetime]:
    """Whole minutes, for the books keep no more of what is past; the present one is the last."""
    finish = now.replace(second=0, microsecond=0) + timedelta(minutes=1)
    return finish - timedelta(seconds=STEPS * STEP_S), finish


def _bars(steps: Sequence[store.Step]) -> tuple[int, ...]:
    counts = dict.fromkeys(range(STEPS), 0) | {step.place: step.firing for step in steps}
    return tuple(counts[place] for place in range(STEPS))


def _latest(steps: Sequence[store.Step], newest: datetime | None) -> datetime | None:
    """Repeats of older alerts are in the steps; what is older than these, the newest alert says."""
    moments = [step.last_at for step in steps if step.last_at is not None]
    return max([*moments, *([] if newest is None else [newest])], default=None)


def _quantile(ordered: Sequence[int], share: float) -> int:
    """The least value that at least this share of them do not exceed."""
    return ordered[max(0, ceil(share * len(ordered)) - 1)]
