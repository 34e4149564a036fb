"""The books: what was received and what became of it, counted as it happened, and checked against the rows."""

from datetime import UTC, date, datetime, time

import msgspec

from alertwhisperer.domain.outcome import Outcome, Reason
from alertwhisperer.store.database import Unit, queries

_sql = queries("ledger")

_MINUTES_AT_ONCE = 1_000  # folded in one statement; keeps its locks and its memory small


class Totals(msgspec.Struct, frozen=True):
    """
    Counters of one company over a range of time; `received` is the sum of the eight outcomes `new` to `pending`.

    Attributes:
        firing: of all occurrences, those that said something fires: what monitoring tools call alerts.
        suppressed: of these, those that a maintenance window held back.
    """

    deliveries_accepted: int
    deliveries_duplicate: int
    deliveries_refused: int
    received: int
    new: int
    repeat: int
    resolve: int
    stale: int
    noted: int
    rejected: int
    quarantined: int
    pending: int
    firing: int
    suppressed: int

    @property
    def decided(self) -> int:
        """The sum of the outcomes."""
        return sum(getattr(self, outcome.word) for outcome in Outcome)


class Difference(msgspec.Struct, frozen=True):
    """A counter that is not what the rows, or the other counters, say."""

    name: str
    counted: int
    found: int


class Verified(msgspec.Struct, frozen=True):
    """
    How counters and rows agree.

    Attributes:
        since: what was checked: this UTC moment and later; None when all there ever was.
        differences: empty when the books are right.
    """

    since: datetime | None
    differences: tuple[Difference, ...]


async def totals(unit: Unit, start: datetime | None = None, finish: datetime | None = None) -> Totals:
    """What was counted in [start, finish); minutes older than the fold count as wholes, by their beginning."""
    row = await _sql.totals(unit.connection, company_id=unit.company_id, start=start, finish=finish)
    return Totals(**dict(row))


async def refusals(unit: Unit, start: datetime | None = None, finish: datetime | None = None) -> dict[str, int]:
    """Requests refused in [start, finish) after their key was known, by reason."""
    rows = _sql.refusals(unit.connection, company_id=unit.company_id, start=start, finish=finish)
    return {row["reason"]: row["requests"] async for row in rows}


async def verify(unit: Unit) -> Verified:
    """
    Compare the counters with the rows and with each other.

    Counters outlive the rows that retention drops; then only the days that are still there are compared.

    Args:
        unit: of `unit_of_work(..., snapshot=True)`, so that all statements see one moment.
    """
    day: date = await _sql.oldest_day(unit.connection) or date.min
    since = datetime.combine(day, time(), tzinfo=UTC)
    everything, older = await totals(unit), await totals(unit, finish=since)
    counted = await totals(unit, start=since)
    found = await _rows(unit, day)
    differences = [
        Difference(name, getattr(counted, name), amount)
        for name, amount in found.items()
        if getattr(counted, name) != amount
    ]
    if everything.received != everything.decided:
        differences.append(Difference("sum of outcomes", everything.received, everything.decided))
    return Verified(since if older.deliveries_accepted else None, tuple(differences))


async def fold(unit: Unit, *, until: datetime) -> int:
    """
    Fold counters older than `until` into one row a minute, and what figures are made of into quarters of an hour.

    Sums over whole minutes do not change. At most 1,000 minutes a call, the oldest first; what comes late, even for a
    minute that was folded long ago, is folded by the next call.

    Returns:
        How many rows of batches were folded.
    """
    whole_minutes = until.replace(second=0, microsecond=0)
    named = {"company_id": unit.company_id, "until": whole_minutes, "limit": _MINUTES_AT_ONCE}
    await _sql.fold_refusals(unit.connection, **named)
    folded: int = await _sql.fold(unit.connection, **named)
    return folded


async def _rows(unit: Unit, day: date) -> dict[str, int]:
    deliveries = await _sql.rows_of_deliveries(unit.connection, company_id=unit.company_id, since=day)
    found = {outcome.word: 0 for outcome in Outcome} | dict(deliveries) | {"firing": 0}
    found["suppressed"] = await _sql.suppressed_occurrences(
        unit.connection, company_id=unit.company_id, since=day, reasons=[Reason.SUPPRESSED, Reason.REPEAT_SUPPRESSED]
    )
    async for row in _sql.rows_of_occurrences(unit.connection, company_id=unit.company_id, since=day):
        found[Outcome(row["outcome"]).word] += row["amount"]
        found["firing"] += row["amount"] if row["firing"] else 0
    return found
