"""
Counts what the figures of `insight/` are made of, for several companies and several periods at once.

Alerts are many, so the ledger's fold keeps their sums by the quarter of an hour, and the rest is added when it is read:
one statement, so one moment. Incidents are few and change after the fact (merged, split, reopened), so they are counted
from their own rows each time, and there is nothing to correct.
"""

from bisect import bisect_left
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import accumulate

import asyncpg
import msgspec

from alertwhisperer.domain.company import CompanyId
from alertwhisperer.domain.severity import Severity
from alertwhisperer.kit.ids import floor_at
from alertwhisperer.store.alerts import ID_SLACK
from alertwhisperer.store.database import Connection, queries

Period = tuple[datetime, datetime]
"""[start, finish), aware UTC."""

QUARTER = timedelta(minutes=15)

_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
_KINDS = (1, 2, 3, 4)  # of the statement's rows: opened, split, resolved, acknowledged

_ASKS_FOR_PATCHES = "ssm"  # the executor by which machines tell of their patches

_sql = queries("kpis")


class AlertCounts(msgspec.Struct, frozen=True):
    """
    Alerts of one period, by the ledger.

    Attributes:
        suppressed: alerts that a maintenance window held back and whose incident never opened; criticals: of these.
    """

    total: int
    distinct: int
    suppressed: int = 0
    criticals: int = 0


class Durations(msgspec.Struct, frozen=True):
    """
    How long something took, each time.

    Attributes:
        total_us: the sum; median_us: of an even number the middle of the two in the middle, so it may end in .5.
    """

    count: int
    total_us: int
    median_us: float


NO_DURATIONS = Durations(0, 0, 0.0)


class IncidentCounts(msgspec.Struct, frozen=True):
    """
    Incidents of one period; those that were merged into another are part of that one.

    Attributes:
        split: of those opened, how many people split something off.
        late: how many were acknowledged later than the limit asked for.
    """

    opened: int
    split: int
    resolved: Durations
    acknowledged: Durations
    late: int


class MendCounts(msgspec.Struct, frozen=True):
    """
    What was mended in one period.

    Attributes:
        has_run: whether anything had been run by its end.
        healed: incidents resolved by a verified run that did not come back; healed_for_now: for which it is too early.
        reporting: machines that said how their patches are; compliant: of these, without a critical one missing.
        silent: machines that could be asked and did not say.
    """

    has_run: bool
    healed: int
    healed_for_now: int
    reporting: int
    compliant: int
    silent: int


NOTHING_MENDED = MendCounts(False, 0, 0, 0, 0, 0)


class OpenCounts(msgspec.Struct, frozen=True):
    """Incidents of one severity that are open, that of these nobody took, and that were open at an earlier moment."""

    open: int
    needs_ack: int
    then: int


class NoisyRow(msgspec.Struct, frozen=True):
    """
    A check (signature) or an asset of a company; the other is None where there are several.

    Attributes:
        alerts: firing occurrences; distinct_alerts: alerts that began; incidents: that these alerts are in now.
    """

    company_id: CompanyId
    asset: str | None
    check: str | None
    alerts: int
    distinct_alerts: int
    incidents: int


async def alerts(
    connection: Connection, companies: Sequence[CompanyId], periods: Sequence[Period]
) -> list[AlertCounts]:
    """
    Alerts of each period, in the order given; `connection` sees the companies.

    Exact for periods that begin and end at whole minutes; inside the last minutes for all.
    """
    if not periods:
        return []
    cuts = sorted({moment for period in periods for moment in period})
    between = [AlertCounts(0, 0)] * len(cuts)
    rows = _sql.alerts(
        connection,
        companies=list(companies),
        cuts=cuts,
        start=cuts[0],
        finish=cuts[-1],
        broken=sorted({quarter_of(cut) for cut in cuts if quarter_of(cut) != cut}),
    )
    async for row in rows:
        if 1 <= row["place"] < len(cuts):  # a broken quarter reaches beyond the first cut and the last
            between[row["place"]] = AlertCounts(row["total_alerts"], row["distinct_alerts"])
    hidden = _sql.suppressed(connection, companies=list(companies), cuts=cuts, start=cuts[0], finish=cuts[-1])
    async for row in hidden:
        before = between[row["place"]]
        between[row["place"]] = AlertCounts(before.total, before.distinct, row["suppressed"], row["criticals"])
    sums = [list(accumulate(column)) for column in zip(*map(msgspec.structs.astuple, between), strict=True)]

    def counted(period: Period) -> AlertCounts:
        start, finish = (bisect_left(cuts, moment) for moment in period)
        return AlertCounts(*(column[finish] - column[start] for column in sums))

    return [counted(period) for period in periods]


async def incidents(
    connection: Connection,
    companies: Sequence[CompanyId],
    wholes: Sequence[Period],
    parts: Sequence[Period],
    *,
    late: timedelta,
) -> list[IncidentCounts]:
    """
    Incidents of each period, `wholes` and then `parts`; `connection` sees the companies.

    Each row is read once for both: medians do not add up, so a whole's cannot be made of its parts'.

    Args:
        wholes, parts: neither may hold two periods that overlap.
    """
    rows_of_cuts = [sorted({moment for period in row for moment in period}) for row in (wholes, parts)]
    every = [moment for cuts in rows_of_cuts for moment in cuts]
    found: dict[tuple[int, int, int], asyncpg.Record] = {}
    async for row in _sql.incidents(
        connection,
        companies=list(companies),
        wholes=rows_of_cuts[0],
        parts=rows_of_cuts[1],
        start=min(every),
        finish=max(every),
        late_us=late // timedelta(microseconds=1),
    ):
        which = 1 if row["whole"] is None else 0
        found[row["kind"], which, row["part"] if which else row["whole"]] = row

    def counted(which: int, period: Period) -> IncidentCounts:
        start, finish = period
        place = bisect_left(rows_of_cuts[which], start) + 1
        opened, split, resolved, acknowledged = (
            None if start == finish else found.get((kind, which, place)) for kind in _KINDS
        )
        return IncidentCounts(
            opened["incidents"] if opened else 0,
            split["incidents"] if split else 0,
            _durations(resolved),
            _durations(acknowledged),
            acknowledged["late"] if acknowledged else 0,
        )

    return [counted(which, period) for which, row in enumerate((wholes, parts)) for period in row]


async def mending(
    connection: Connection, companies: Sequence[CompanyId], periods: Sequence[Period]
) -> list[MendCounts]:
    """What was mended in each period, in the order given; `connection` sees the companies."""
    rows = _sql.mending(
        connection,
        companies=list(companies),
        starts=[start for start, _ in periods],
        finishes=[finish for _, finish in periods],
        asks=_ASKS_FOR_PATCHES,
    )
    return [
        MendCounts(
            row["has_run"],
            row["healed"],
            row["healed_for_now"],
            row["reporting"],
            row["compliant"],
            max(0, row["bound"] - row["reporting"]),
        )
        async for row in rows
    ]


async def open_now(
    connection: Connection, companies: Sequence[CompanyId], *, then: datetime
) -> dict[Severity, OpenCounts]:
    """Open incidents by severity; those of which none is, and none was, are left out."""
    rows = _sql.open_now(connection, companies=list(companies), then=then)
    return {Severity(row["severity"]): OpenCounts(row["open"], row["needs_ack"], row["then"]) async for row in rows}


async def first_heard(connection: Connection, companies: Sequence[CompanyId]) -> datetime | None:
    """Since when any of the companies received something, to the quarter of an hour; None if never."""
    found: datetime | None = await _sql.first_heard(connection, companies=list(companies))
    return found


async def noisiest(
    connection: Connection, companies: Sequence[CompanyId], period: Period, *, by_asset: bool, limit: int
) -> list[NoisyRow]:
    """What most firing occurrences of a period were of, as far as they are kept; `connection` sees the companies."""
    start, finish = period
    rows = _sql.noisiest(
        connection,
        companies=list(companies),
        start=start,
        finish=finish,
        floor=floor_at(start - ID_SLACK),
        ceiling=floor_at(finish + ID_SLACK),
        by_asset=by_asset,
        limit=limit,
    )
    return [NoisyRow(**dict(row)) async for row in rows]


def quarter_of(moment: datetime) -> datetime:
    """The beginning of the quarter of an hour that a moment lies in."""
    return moment - (moment - _EPOCH) % QUARTER


def _durations(row: asyncpg.Record | None) -> Durations:
    return NO_DURATIONS if row is None else Durations(row["incidents"], row["total_us"], row["median_us"])
