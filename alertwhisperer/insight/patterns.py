"""When alerts come, and what most of them are of: the two questions after how many there are."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta
from statistics import median
from typing import Literal, get_args
from urllib.parse import urlencode
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec

from alertwhisperer.domain.company import CompanyId
from alertwhisperer.insight import periods
from alertwhisperer.insight.kpis import share
from alertwhisperer.store import kpis as store
from alertwhisperer.store.database import Connection
from alertwhisperer.store.kpis import Period

HeatSpan = Literal["7d", "14d", "28d", "56d"]
HEAT_SPANS: tuple[HeatSpan, ...] = get_args(HeatSpan)

By = Literal["check", "asset"]

_WEEK = 7
_HOURS = 24


class Heat(msgspec.Struct, frozen=True):
    """
    How many alerts usually come in an hour.

    Attributes:
        cells: by weekday (Monday first) and hour on the zone's clock: the median over the weeks; None where no hour of
            them lies after the first time that anything was received.
    """

    cells: tuple[tuple[float | None, ...], ...]
    weeks: int


class Noisy(msgspec.Struct, frozen=True):
    """
    A check or an asset, and what came of it.

    Attributes:
        check, asset: that which was not asked for is None where there are several.
        share_pct: of all alerts of the period; those that found no alert to belong to are nobody's.
        distinct_alerts: alerts that began in the period, as the list of `link` shows them.
        incidents: that its alerts are in now.
    """

    company_id: UUID
    check: str | None
    asset: str | None
    alerts: int
    distinct_alerts: int
    share_pct: float | None
    incidents: int
    link: str


class Noisiest(msgspec.Struct, frozen=True):
    """The noisiest of a period, loudest first, and how many alerts there were in all."""

    items: tuple[Noisy, ...]
    total_alerts: int


async def heat(
    connection: Connection, companies: Sequence[CompanyId], span: HeatSpan, *, zone: ZoneInfo, now: datetime
) -> Heat:
    """Alerts by hour and weekday over the last full days of the zone; `connection` sees the companies."""
    days = periods.days_until(_midnight(now, zone), zone, int(span.removesuffix("d")))
    first = await store.first_heard(connection, companies)
    hours = [one for one in periods.hours_of(days, zone) if first is not None and one[2][0] >= first]
    counted = await store.alerts(connection, companies, [period for _, _, period in hours])
    seen: dict[tuple[int, int], list[int]] = defaultdict(list)
    for (weekday, hour, _), count in zip(hours, counted, strict=True):
        seen[weekday, hour].append(count.total)
    cells = tuple(
        tuple(float(median(seen[day, hour])) if (day, hour) in seen else None for hour in range(_HOURS))
        for day in range(_WEEK)
    )
    return Heat(cells, len(days) // _WEEK)


async def noisiest(
    connection: Connection, companies: Sequence[CompanyId], period: Period, *, by: By, limit: int
) -> Noisiest:
    """What most alerts of the period were of, by the occurrences that are kept; `connection` sees the companies."""
    (counted,) = await store.alerts(connection, companies, [period])
    found = await store.noisiest(connection, companies, period, by_asset=by == "asset", limit=limit)
    items = [
        Noisy(
            one.company_id,
            one.check,
            one.asset,
            one.alerts,
            one.distinct_alerts,
            share(one.alerts, counted.total),
            one.incidents,
            _link(one, period, by),
        )
        for one in found
    ]
    return Noisiest(tuple(items), counted.total)


def _midnight(now: datetime, zone: ZoneInfo) -> datetime:
    """The beginning of the zone's day."""
    return periods.days_until(now + timedelta.resolution, zone, 1)[0][0]


def _link(one: store.NoisyRow, period: Period, by: By) -> str:
    told = {"signature": one.check} if by == "check" else {"asset": one.asset}
    start, finish = (moment.strftime("%Y-%m-%dT%H:%M:%SZ") for moment in period)
    return "/alerts?" + urlencode({"company": one.company_id, **told, "from": start, "to": finish})
