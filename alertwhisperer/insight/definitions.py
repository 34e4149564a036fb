"""Every figure once: its name in the API, what it means, how it is computed, in which unit; docs/kpis.md lists them."""

from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

Unit = Literal["alerts", "incidents", "percent", "minutes"]
Rows = Literal["incidents", "alerts", "suppressed"]

_OPENED = "from={from}&to={to}"
_RESOLVED = "status=resolved&resolved_from={from}&resolved_to={to}"
_ACKNOWLEDGED = "acknowledged_from={from}&acknowledged_to={to}"


@dataclass(frozen=True, slots=True)
class Definition:
    """
    One figure over one company and one period [from, to).

    Attributes:
        slug: its name in the API.
        title: for people.
        formula: in words, over counts that are themselves figures or tables.
        null: when it is absent instead of a number.
        rows: the list that shows what was counted, or, of a share or a duration, what it was made of; None where no
            list does.
        filter: the list's query string, with {from} and {to} of the period.
    """

    slug: str
    title: str
    unit: Unit
    formula: str
    null: str = "never"
    rows: Rows | None = None
    filter: str | None = None


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
        rows="alerts",
        filter=_OPENED,
    ),
    Definition(
        "suppressed_alerts",
        "Alerts suppressed",
        "alerts",
        "alerts that a maintenance window held back and whose incident did not open afterwards, by when they were "
        "received; what still fired at the window's end opened one, and is no longer counted here",
        rows="suppressed",
        filter=_OPENED,
    ),
    Definition(
        "total_incidents",
        "Incidents opened",
        "incidents",
        "incidents opened in the period; one that was merged into another counts with that one only, and one that is "
        "still forming does not count",
        rows="incidents",
        filter=_OPENED,
    ),
    Definition(
        "noise_reduction_pct",
        "Noise reduction",
        "percent",
        "100 x (1 - total_incidents / total_alerts); its split: dedup 100 x (total_alerts - distinct_alerts) / "
        "total_alerts, suppression 100 x suppressed_alerts / total_alerts, and correlation, the rest: 100 x "
        "(distinct_alerts - suppressed_alerts - total_incidents) / total_alerts; the three add up to it. Below zero "
        "when incidents opened without a new alert (a split)",
        null="total_alerts is 0",
        rows="incidents",
        filter=_OPENED,
    ),
    Definition(
        "groups_split_pct",
        "Share of groups that people split",
        "percent",
        "100 x groups_split / total_incidents, where groups_split counts incidents opened in the period from which a "
        "person split alerts off, whenever that was; a guard of noise reduction, as criticals_suppressed is: critical "
        "alerts among the suppressed ones",
        null="no incident opened in the period",
        rows="incidents",
        filter=_OPENED,
    ),
    Definition(
        "mttr_minutes",
        "Mean time to resolve",
        "minutes",
        "mean of resolved_at - opened_at over incidents resolved in the period, merged ones counting with their "
        "parent; mttr_minutes_median is their median, mttr_count how many they are. One that was reopened counts when "
        "it is resolved for good, from its first opening on",
        null="no incident was resolved in the period",
        rows="incidents",
        filter=_RESOLVED,
    ),
    Definition(
        "mtta_minutes",
        "Mean time to acknowledge",
        "minutes",
        "mean of acknowledged_at - opened_at over incidents acknowledged in the period, merged ones counting with "
        "their parent; mtta_minutes_median is their median, mtta_count how many they are. One that was split off from "
        "an acknowledged incident waited for nobody, and does not count",
        null="no incident was acknowledged in the period",
        rows="incidents",
        filter=_ACKNOWLEDGED,
    ),
    Definition(
        "over_30_minutes",
        "Acknowledged after more than 30 minutes",
        "incidents",
        "of the incidents acknowledged in the period, those whose acknowledgement took longer than 30 minutes",
        rows="incidents",
        filter=_ACKNOWLEDGED + "&acknowledged_after_minutes=30",
    ),
    Definition(
        "self_healed_count",
        "Self-healed incidents",
        "incidents",
        "incidents resolved in the period by a verified run, no person acting, that did not come back within 24 hours; "
        "self_healed_provisional are those for which the 24 hours are not over",
        null="nothing was run yet",
    ),
    Definition(
        "self_healed_pct",
        "Share of self-healed incidents",
        "percent",
        "100 x self_healed_count / incidents resolved in the period",
        null="nothing was run yet, or no incident was resolved in the period",
    ),
    Definition(
        "sla_compliance_pct",
        "SLA compliance",
        "percent",
        "100 x incidents whose response and resolution deadlines were met / incidents whose deadline fell in the "
        "period; sla says both counts",
        null="no deadline is set, or none fell in the period",
    ),
    Definition(
        "patch_compliance_pct",
        "Patch compliance",
        "percent",
        "100 x instances without missing or failed critical patches / instances that report their patches, as AWS "
        "Systems Manager last said within the period of the assets bound to it; which patch is critical, the patch "
        "baseline says. Of each instance the last answer is kept, so earlier periods have none",
        null="no instance reported its patches in the period",
    ),
)

DEFINITIONS = MappingProxyType({definition.slug: definition for definition in _ALL})
"""Figures by slug, in the order they are shown."""
