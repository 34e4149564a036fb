"""Computes the figures of companies over the periods of a window, as `definitions` says them."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from fractions import Fraction

import msgspec

from alertwhisperer.domain.company import CompanyId
from alertwhisperer.insight.periods import Window
from alertwhisperer.store import kpis as store
from alertwhisperer.store.database import Connection
from alertwhisperer.store.kpis import (
    NOTHING_MENDED,
    AlertCounts,
    Durations,
    IncidentCounts,
    MendCounts,
    Period,
)

LATE = timedelta(minutes=30)
"""An acknowledgement that took longer is counted apart: a mean hides it."""

_US_PER_MINUTE = 60_000_000


class Guards(msgspec.Struct, frozen=True):
    """
    What noise reduction would look better by, and must not.

    Attributes:
        criticals_suppressed: critical alerts among the suppressed ones.
        groups_split: incidents opened in the period from which people split something off.
        groups_split_pct: of the incidents opened; None where none was.
    """

    criticals_suppressed: int
    groups_split: int
    groups_split_pct: float | None


class Split(msgspec.Struct, frozen=True):
    """What took the noise away, in points of percent; the parts add up to `noise_reduction_pct`."""

    dedup: float
    correlation: float
    suppression: float
    guards: Guards


class Whereabouts(msgspec.Struct, frozen=True):
    """
    What became of the alerts received; the parts add up to them.

    `correlated` is below zero where people split more incidents off than alerts joined one.
    """

    folded: int
    correlated: int
    suppressed: int
    incidents: int


class Patch(msgspec.Struct, frozen=True):
    """Machines and their patches: `silent` ones could be asked and did not say in the period."""

    compliant: int
    reporting: int
    silent: int


class Figures(msgspec.Struct, frozen=True):
    """The figures of one period [start, finish), aware UTC; None where there is nothing to measure."""

    start: datetime
    finish: datetime
    total_alerts: int
    distinct_alerts: int
    suppressed_alerts: int
    total_incidents: int
    where_alerts_went: Whereabouts
    noise_reduction_pct: float | None
    noise_reduction: Split | None
    mttr_minutes: float | None
    mttr_minutes_median: float | None
    mttr_count: int
    mtta_minutes: float | None
    mtta_minutes_median: float | None
    mtta_count: int
    over_30_minutes: int
    self_healed_count: int | None = None
    self_healed_provisional: int | None = None
    self_healed_pct: float | None = None
    sla_compliance_pct: float | None = None
    sla: None = None
    patch_compliance_pct: float | None = None
    patch: Patch | None = None

    @property
    def groups_split_pct(self) -> float | None:
        """Of the incidents opened, those from which people split something off: a guard, as its definition says."""
        return None if self.noise_reduction is None else self.noise_reduction.guards.groups_split_pct


class Report(msgspec.Struct, frozen=True):
    """The figures asked for, those of the period before, and of the days or hours of both, oldest first."""

    now: Figures
    before: Figures
    trend: tuple[Figures, ...]
    trend_before: tuple[Figures, ...]


async def measure(connection: Connection, companies: Sequence[CompanyId], window: Window) -> Report:
    """The figures of the companies, taken together; `connection` sees them."""
    (now, before), trend = await measure_each(
        connection, companies, [window.period, window.before], [*window.trend, *window.trend_before]
    )
    days = len(window.trend)
    return Report(now, before, trend[:days], trend[days:])


async def measure_each(
    connection: Connection, companies: Sequence[CompanyId], wholes: Sequence[Period], parts: Sequence[Period]
) -> tuple[tuple[Figures, ...], tuple[Figures, ...]]:
    """
    The figures of each whole and of each part; `connection` sees the companies.

    Args:
        wholes, parts: neither may hold two periods that overlap.
    """
    periods = [*wholes, *parts]
    alerts = await store.alerts(connection, companies, periods)
    incidents = await store.incidents(connection, companies, wholes, parts, late=LATE)
    mended = await store.mending(connection, companies, periods)
    every = tuple(map(figures_of, periods, alerts, incidents, mended))
    return every[: len(wholes)], every[len(wholes) :]


def figures_of(
    period: Period, alerts: AlertCounts, incidents: IncidentCounts, mended: MendCounts = NOTHING_MENDED
) -> Figures:
    """The figures that follow from a period's counts."""
    opened, resolved, acknowledged = incidents.opened, incidents.resolved, incidents.acknowledged
    return Figures(
        start=period[0],
        finish=period[1],
        total_alerts=alerts.total,
        distinct_alerts=alerts.distinct,
        suppressed_alerts=alerts.suppressed,
        total_incidents=opened,
        where_alerts_went=Whereabouts(
            folded=alerts.total - alerts.distinct,
            correlated=alerts.distinct - alerts.suppressed - opened,
            suppressed=alerts.suppressed,
            incidents=opened,
        ),
        noise_reduction_pct=share(alerts.total - opened, alerts.total),
        noise_reduction=_split(alerts, incidents),
        mttr_minutes=_mean(resolved),
        mttr_minutes_median=_median(resolved),
        mttr_count=resolved.count,
        mtta_minutes=_mean(acknowledged),
        mtta_minutes_median=_median(acknowledged),
        mtta_count=acknowledged.count,
        over_30_minutes=incidents.late,
        self_healed_count=mended.healed if mended.has_run else None,
        self_healed_provisional=mended.healed_for_now if mended.has_run else None,
        self_healed_pct=share(mended.healed, resolved.count) if mended.has_run else None,
        patch_compliance_pct=share(mended.compliant, mended.reporting),
        patch=Patch(mended.compliant, mended.reporting, mended.silent) if mended.reporting else None,
    )


def share(part: int, whole: int) -> float | None:
    """Percent, to two places; None of nothing."""
    return _hundredths(part, whole) / 100 if whole else None


def _split(alerts: AlertCounts, incidents: IncidentCounts) -> Split | None:
    if not alerts.total:
        return None
    whole = _hundredths(alerts.total - incidents.opened, alerts.total)
    dedup = _hundredths(alerts.total - alerts.distinct, alerts.total)
    suppression = _hundredths(alerts.suppressed, alerts.total)
    guards = Guards(alerts.criticals, incidents.split, share(incidents.split, incidents.opened))
    # Correlation is a rest, so that the parts add up.
    return Split(
        dedup / 100, correlation=(whole - dedup - suppression) / 100, suppression=suppression / 100, guards=guards
    )


def _mean(durations: Durations) -> float | None:
    return _rounded(Fraction(durations.total_us, durations.count * _US_PER_MINUTE)) if durations.count else None


def _median(durations: Durations) -> float | None:
    return _rounded(Fraction(durations.median_us) / _US_PER_MINUTE) if durations.count else None


def _hundredths(part: int, whole: int) -> int:
    return round(Fraction(10_000 * part, whole))


def _rounded(value: Fraction) -> float:
    """To two places, half to even; counts and microseconds are whole, so nothing was lost before."""
    return float(round(value, 2))
