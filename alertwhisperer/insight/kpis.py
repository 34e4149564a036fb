"""Computes a company's figures over a period, with the period before and a trend by day, as `definitions` says them."""

from datetime import datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import msgspec

from alertwhisperer.domain.errors import Invalid
from alertwhisperer.store import kpis as store
from alertwhisperer.store.database import Unit

TREND_DAYS = 7
LONGEST = timedelta(days=366)
"""Of a period; beyond it a table of days says more."""

Period = tuple[datetime, datetime]


class Split(msgspec.Struct, frozen=True):
    """What took the noise away, in points of percent; the parts add up to `noise_reduction_pct`."""

    dedup: float
    correlation: float
    suppression: float


class Figures(msgspec.Struct, frozen=True):
    """The figures of one period [start, finish), aware UTC; None where there is nothing to measure."""

    start: datetime
    finish: datetime
    total_alerts: int
    distinct_alerts: int
    total_incidents: int
    noise_reduction_pct: float | None
    noise_reduction: Split | None
    mttr_minutes: float | None
    mttr_minutes_median: float | None
    mtta_minutes: float | None
    mtta_minutes_median: float | None
    self_healed_count: int | None = None
    self_healed_pct: float | None = None
    sla_compliance_pct: float | None = None
    patch_compliance_pct: float | None = None


class Report(msgspec.Struct, frozen=True):
    """The figures asked for, those of the equally long period before, and of the last 7 days, oldest first."""

    now: Figures
    before: Figures
    days: tuple[Figures, ...]


async def measure(unit: Unit, start: datetime, finish: datetime, zone: ZoneInfo) -> Report:
    """
    A company's figures in [start, finish).

    Args:
        start, finish: aware UTC; at most 366 days apart.
        zone: whose midnights part the days of the trend; the last day is the one that `finish` ends or lies in.

    Raises:
        Invalid: the period is empty, turned round or too long.
    """
    if not timedelta(0) < finish - start <= LONGEST:
        raise Invalid(
            "the period is empty or too long",
            where="from",
            mend=f"let it end after it begins, within {LONGEST.days} days",
        )
    periods = [(start, finish), (start - (finish - start), start), *days_until(finish, zone)]
    counts = await store.counts(unit, periods)
    now, before, *days = [figures_of(period, count) for period, count in zip(periods, counts, strict=True)]
    return Report(now, before, tuple(days))


def days_until(finish: datetime, zone: ZoneInfo) -> list[Period]:
    """The last 7 days of the zone up to the one that `finish` ends or lies in, as aware UTC pairs, oldest first."""
    last = (finish - timedelta(microseconds=1)).astimezone(zone).date()
    midnights = [
        datetime.combine(last - timedelta(days=ago), time(), tzinfo=zone).astimezone(finish.tzinfo)
        for ago in range(TREND_DAYS - 1, -2, -1)
    ]
    return list(pairwise(midnights))


def figures_of(period: Period, counts: store.Counts) -> Figures:
    """The figures that follow from a period's counts."""
    return Figures(
        start=period[0],
        finish=period[1],
        total_alerts=counts.total_alerts,
        distinct_alerts=counts.distinct_alerts,
        total_incidents=counts.total_incidents,
        noise_reduction_pct=_share(counts.total_alerts - counts.total_incidents, counts.total_alerts),
        noise_reduction=_split(counts),
        mttr_minutes=_minutes(counts.mttr_s),
        mttr_minutes_median=_minutes(counts.mttr_median_s),
        mtta_minutes=_minutes(counts.mtta_s),
        mtta_minutes_median=_minutes(counts.mtta_median_s),
    )


def _split(counts: store.Counts) -> Split | None:
    whole = _share(counts.total_alerts - counts.total_incidents, counts.total_alerts)
    dedup = _share(counts.total_alerts - counts.distinct_alerts, counts.total_alerts)
    if whole is None or dedup is None:
        return None
    return Split(dedup, correlation=round(whole - dedup, 2), suppression=0.0)  # a rest, so that the parts add up


def _share(part: int, whole: int) -> float | None:
    return round(100 * part / whole, 2) if whole else None


def _minutes(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds / 60, 2)
