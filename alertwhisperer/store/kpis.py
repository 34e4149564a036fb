"""Counts what the figures of `insight/` are made of, for several periods in one statement."""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from alertwhisperer.store.database import Unit, queries

_sql = queries("kpis")


class Counts(msgspec.Struct, frozen=True):
    """
    Counts of one period; means and medians are seconds, None where nothing was resolved or acknowledged.

    Incidents that were merged into another are not counted: they are part of that one.
    """

    total_alerts: int
    distinct_alerts: int
    total_incidents: int
    resolved_incidents: int
    mttr_s: float | None
    mttr_median_s: float | None
    acknowledged_incidents: int
    mtta_s: float | None
    mtta_median_s: float | None


async def counts(unit: Unit, periods: Sequence[tuple[datetime, datetime]]) -> list[Counts]:
    """
    The counts of each period [start, finish), in the order given.

    Args:
        periods: at most 100; aware.
    """
    rows = _sql.counts(
        unit.connection,
        company_id=unit.company_id,
        starts=[start for start, _ in periods],
        finishes=[finish for _, finish in periods],
    )
    return [Counts(**{name: value for name, value in row.items() if name != "place"}) async for row in rows]
