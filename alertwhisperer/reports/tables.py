"""The tables of a report, as rows of plain values, from which a spreadsheet or a CSV file is made."""

from collections.abc import Callable, Mapping
from datetime import datetime

import msgspec

from alertwhisperer.domain.report import Section
from alertwhisperer.reports.facts import Facts, counted_in, minutes_between

Value = str | int | float | bool | datetime | None


class Table(msgspec.Struct, frozen=True):
    """
    One table; times are aware UTC.

    Attributes:
        whole: how many rows there would be if none were left out.
    """

    title: str
    columns: tuple[str, ...]
    rows: list[tuple[Value, ...]]
    whole: int


def incidents(facts: Facts) -> Table:
    """Every incident that a figure counts, and which figures count it; their sums and means are the figures."""
    columns = (
        *("number", "id", "title", "severity", "status", "opened_at", "acknowledged_at", "resolved_at"),
        *("minutes_to_acknowledge", "minutes_to_resolve", "alerts", "firing_occurrences"),
        *("counts_in_total_incidents", "counts_in_mtta", "counts_in_mttr"),
    )
    rows: list[tuple[Value, ...]] = [
        (
            *(one.number, one.id, one.title, one.severity, one.status),
            *(one.opened_at, one.acknowledged_at, one.resolved_at),
            minutes_between(one.opened_at, one.acknowledged_at),
            minutes_between(one.opened_at, one.resolved_at),
            *(one.alerts, one.occurrences),
            *counted_in(one, facts.start, facts.finish),
        )
        for one in facts.incidents
    ]
    return Table("Incidents", columns, rows, facts.incidents_whole)


def checks(facts: Facts) -> Table:
    """The checks that made the most alerts."""
    columns = ("check", "asset", "tool", "firing_occurrences", "share_pct", "times_begun", "incidents")
    rows: list[tuple[Value, ...]] = [
        (one.signature, one.asset, one.source, one.alerts, share_of(one.alerts, facts), one.times, one.incidents)
        for one in facts.checks
    ]
    return Table("Noisiest checks", columns, rows, len(rows))


def trend(facts: Facts) -> Table:
    """The figures of each part of the period."""
    columns = (
        *("from", "to", "total_alerts", "distinct_alerts", "total_incidents", "noise_reduction_pct"),
        *("mttr_minutes", "mttr_minutes_median", "mtta_minutes", "mtta_minutes_median"),
    )
    rows: list[tuple[Value, ...]] = [
        (one.start, one.finish, *(getattr(one, name) for name in columns[2:])) for one in facts.trend
    ]
    return Table(f"By {facts.grain}", columns, rows, len(rows))


TABLES: Mapping[Section, Callable[[Facts], Table]] = {
    Section.INCIDENTS: incidents,
    Section.CHECKS: checks,
    Section.TREND: trend,
}


def share_of(alerts: int, facts: Facts) -> float:
    """A check's share of the alerts of all checks, in percent."""
    return round(100 * alerts / facts.checks_whole, 1) if facts.checks_whole else 0.0
