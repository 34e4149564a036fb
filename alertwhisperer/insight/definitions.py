"""Every figure once: its name in the API, what it means, how it is computed, in which unit; docs/kpis.md lists them."""

from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

Unit = Literal["alerts", "incidents", "percent", "minutes"]


@dataclass(frozen=True, slots=True)
class Definition:
    """
    One figure over one company and one period [from, to).

    Attributes:
        slug: its name in the API.
        title: for people.
        formula: in words, over counts that are themselves figures or tables.
        null: when it is absent instead of a number.
    """

    slug: str
    title: str
    unit: Unit
    formula: str
    null: str = "never"


_ALL = (
    Definition(
        "total_alerts",
        "Alerts received",
        "alerts",
        "firing occurrences received in the period, as monitoring tools count alerts; from the ledger",
    ),
    Definition(
        "distinct_alerts",
        "Alerts after dedup",
        "alerts",
        "occurrences of the period that began an alert, or a new cycle of one; from the ledger",
    ),
    Definition(
        "total_incidents",
        "Incidents opened",
        "incidents",
        "incidents opened in the period; one that was merged into another counts with that one only, and one that is "
        "still forming does not count",
    ),
    Definition(
        "noise_reduction_pct",
        "Noise reduction",
        "percent",
        "100 x (1 - total_incidents / total_alerts); its split: dedup 100 x (total_alerts - distinct_alerts) / "
        "total_alerts, correlation 100 x (distinct_alerts - total_incidents) / total_alerts, and suppression, 0 until "
        "there is any; the three add up to it. Below zero when incidents opened without a new alert (a split)",
        null="total_alerts is 0",
    ),
    Definition(
        "mttr_minutes",
        "Mean time to resolve",
        "minutes",
        "mean of resolved_at - opened_at over incidents resolved in the period, merged ones counting with their "
        "parent; mttr_minutes_median is their median",
        null="no incident was resolved in the period",
    ),
    Definition(
        "mtta_minutes",
        "Mean time to acknowledge",
        "minutes",
        "mean of acknowledged_at - opened_at over incidents acknowledged in the period, merged ones counting with "
        "their parent; mtta_minutes_median is their median",
        null="no incident was acknowledged in the period",
    ),
    Definition(
        "self_healed_count",
        "Self-healed incidents",
        "incidents",
        "incidents resolved by a verified run, no person acting, that did not come back within 24 hours",
        null="no runbook can run yet",
    ),
    Definition(
        "self_healed_pct",
        "Share of self-healed incidents",
        "percent",
        "100 x self_healed_count / incidents resolved in the period",
        null="no runbook can run yet, or no incident was resolved in the period",
    ),
    Definition(
        "sla_compliance_pct",
        "SLA compliance",
        "percent",
        "100 x incidents whose response and resolution deadlines were met / incidents whose deadline fell in the "
        "period",
        null="no deadline is set, or none fell in the period",
    ),
    Definition(
        "patch_compliance_pct",
        "Patch compliance",
        "percent",
        "100 x instances without missing or failed critical patches / instances that report their patches",
        null="no instance reports its patches",
    ),
)

DEFINITIONS = MappingProxyType({definition.slug: definition for definition in _ALL})
"""Figures by slug, in the order they are shown."""
