"""
What a report says of its facts: sentences, and lines of tables with their changes in words. Pure, and honest.

A figure that was not measured is said to be so. A comparison is never made without the number of alerts and incidents
on both sides.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import msgspec

from alertwhisperer.insight.kpis import Figures
from alertwhisperer.reports.facts import BaselineFact, Facts

NOT_MEASURED = "not measured"
_DAY = timedelta(days=1)
_HIGHER_IS_BETTER = frozenset({"noise_reduction_pct", "self_healed_pct", "sla_compliance_pct", "patch_compliance_pct"})
_LOWER_IS_BETTER = frozenset({"mttr_minutes", "mtta_minutes"})
COMPARED = (
    *("alerts_per_day", "incidents_per_day", "noise_reduction_pct", "mttr_minutes", "mtta_minutes"),
    *("self_healed_pct", "sla_compliance_pct", "patch_compliance_pct"),
)
"""What a baseline is compared by: rates, means and shares, since its time may be longer or shorter."""
_OF_ALERTS = frozenset({"alerts_per_day", "noise_reduction_pct"})
_SAID_WITH = frozenset({"self_healed_pct", "groups_split_pct"})  # not measured when the count beside it is not
_TITLES = {"alerts_per_day": "Alerts a day", "incidents_per_day": "Incidents a day"}


class Line(msgspec.Struct, frozen=True):
    """
    A figure of the period beside the same of another time.

    Attributes:
        note: what belongs beside the value: the median, and over how many.
        change: in words; empty when there is nothing to compare.
        verdict: `better`, `worse` or empty: more alerts are neither.
        of: of the line of a baseline: over how many on its side.
    """

    slug: str
    title: str
    value: str
    note: str
    before: str
    change: str
    verdict: str
    of: str = ""


def in_short(facts: Facts) -> list[str]:
    """The report in a few sentences."""
    now, before = facts.now, facts.before
    said = [_of_alerts(facts.company, now)]
    if facts.severities:
        said.append(_of_incidents(facts))
    said += _of_times("acknowledged", now.mtta_count, now.mtta_minutes_median, now.mtta_minutes)
    said += _of_times("resolved", now.mttr_count, now.mttr_minutes_median, now.mttr_minutes)
    if covers(facts, before.start):
        said.append(
            f"In the equally long time before there were {counted(before.total_alerts, 'alert', 'alerts')} and "
            f"{counted(before.total_incidents, 'incident', 'incidents')}."
        )
    said.extend(caveats(facts))
    return said


def caveats(facts: Facts) -> Iterator[str]:
    """What a reader must know before drawing conclusions."""
    if facts.heard_since is None:
        yield "No monitoring tool has sent anything yet, so nothing could be measured."
        return
    since = day_of(facts.heard_since, facts.time_zone)
    if not covers(facts, facts.start):
        yield f"Tools have been sending since {since} only; before that nothing could be measured."
    elif not covers(facts, facts.before.start):
        yield f"Tools have been sending since {since}, so the time before is not fully covered and not compared."
    unmeasured = [
        f"{one.title} ({one.null})"
        for one in facts.definitions
        if one.slug not in _SAID_WITH and getattr(facts.now, one.slug) is None
    ]
    if unmeasured:
        yield f"Not measured: {'; '.join(unmeasured)}."


def covers(facts: Facts, moment: datetime) -> bool:
    """Whether anything was heard of the company's tools by the day of that moment."""
    return facts.heard_since is not None and facts.heard_since < moment + _DAY


def figure_lines(facts: Facts) -> list[Line]:
    """Every figure of the period, beside the time before; that one is left empty where nobody listened."""
    compared = facts.before if covers(facts, facts.before.start) else None
    lines = []
    for definition in facts.definitions:
        slug, unit = definition.slug, definition.unit
        value: float | None = getattr(facts.now, slug)
        old: float | None = None if compared is None else getattr(compared, slug)
        lines.append(
            Line(
                slug=slug,
                title=definition.title,
                value=shown(value, unit),
                note=_note(slug, facts.now),
                before=("" if compared is None else shown(old, unit)),
                change=change_of(slug, unit, old, value),
                verdict=verdict_of(slug, old, value),
            )
        )
    return lines


def baseline_lines(facts: Facts) -> list[Line]:
    """The period beside the baseline, each with its sample; empty when there is none that can be compared with."""
    baseline = facts.baseline
    if baseline is None or why_not_compared(facts):
        return []
    old, new = _rates(baseline), _rates_of(facts.now)
    units = {one.slug: one.unit for one in facts.definitions}
    titles = {**{one.slug: one.title for one in facts.definitions}, **_TITLES}
    lines = []
    for slug in COMPARED:
        if slug not in old or new[slug] is None or not _spoken_of(slug, baseline):
            continue
        unit = units.get(slug, "a day")
        lines.append(
            Line(
                slug=slug,
                title=titles[slug],
                value=shown(new[slug], unit),
                note=_note(slug, facts.now, median=False),
                before=shown(old[slug], unit),
                change=change_of(slug, unit, old[slug], new[slug]),
                verdict=verdict_of(slug, old[slug], new[slug]),
                of=_sample(slug, baseline),
            )
        )
    return lines


def why_not_compared(facts: Facts) -> str:
    """Why there is no comparison with the baseline, as a sentence; empty when there is one."""
    baseline = facts.baseline
    if baseline is None:
        return "Nothing is set to compare with."
    if not baseline.alerts and not baseline.incidents:
        return "The figures from before speak of no alert and no incident, so nothing can be compared."
    if not facts.now.total_alerts and not facts.now.total_incidents:
        return "The period has no alert and no incident, so nothing can be compared."
    if baseline.start < facts.finish and facts.start < baseline.finish:
        return "The period lies in the time that it would be compared with, so nothing is compared."
    return ""


def baseline_origin(baseline: BaselineFact, time_zone: str) -> str:
    """Where the figures from before are from, and of what they speak."""
    origin = {
        "typed": "as they were given",
        "imported": "counted from an imported list of incidents",
        "first_30_days": "counted in the first 30 days",
    }[baseline.kind]
    return (
        f"Before: {period_of(baseline.start, baseline.finish, time_zone)}, {origin}; "
        f"{counted(baseline.alerts, 'alert', 'alerts')}, {counted(baseline.incidents, 'incident', 'incidents')}."
    )


def left_out(shown_rows: int, whole: int) -> str:
    """What a table says when it does not show all; empty when it does."""
    return "" if shown_rows >= whole else f"{shown_rows:,} of {whole:,} are shown, the most severe first."


def shown(value: float | None, unit: str) -> str:
    """A figure with its unit."""
    if value is None:
        return NOT_MEASURED
    if unit == "percent":
        return f"{_plain(value)} %"
    if unit == "minutes":
        return duration(value)
    return _plain(value)


def duration(minutes: float | None) -> str:
    """Minutes for people: `45 s`, `12.5 min`, `2 h 5 min`, `3 d 4 h`."""
    if minutes is None:
        return NOT_MEASURED
    if minutes < 1:
        return f"{round(minutes * 60)} s"
    if minutes < 60:
        return f"{minutes:.1f}".removesuffix(".0") + " min"
    whole = round(minutes)
    if whole < 48 * 60:
        return f"{whole // 60} h {whole % 60} min"
    hours = round(minutes / 60)
    return f"{hours // 24} d {hours % 24} h"


def change_of(slug: str, unit: str, old: float | None, new: float | None) -> str:
    """How much more or less, in words; empty when one of the two is absent."""
    if old is None or new is None:
        return ""
    if new == old:
        return "unchanged"
    if unit == "percent":
        return f"{new - old:+.1f} points"
    if old == 0:
        return "none before"
    if abs(new - old) < abs(old) * 0.0005:
        return "unchanged"
    return f"{100 * (new - old) / old:+,.1f} %"


def verdict_of(slug: str, old: float | None, new: float | None) -> str:
    """Whether the change is for the better; counts of alerts and incidents are neither."""
    if old is None or new is None or old == new:
        return ""
    if slug in _HIGHER_IS_BETTER:
        return "better" if new > old else "worse"
    if slug in _LOWER_IS_BETTER:
        return "better" if new < old else "worse"
    return ""


def counted(count: int, one: str, many: str) -> str:
    """`1 incident`, `1,234 incidents`."""
    return f"{count:,} {one if count == 1 else many}"


def period_of(start: datetime, finish: datetime, time_zone: str) -> str:
    """A period for people: whole days by their first and last, otherwise moments."""
    zone = ZoneInfo(time_zone)
    first, last = start.astimezone(zone), finish.astimezone(zone)
    if first.time() == last.time() == first.time().min:
        last_day = last - _DAY
        if first.date() == last_day.date():
            return _day(first)
        return f"{_day(first)} – {_day(last_day)}"
    return f"{moment_of(start, time_zone)} – {moment_of(finish, time_zone)}"


def moment_of(moment: datetime | None, time_zone: str) -> str:
    """A moment in the report's zone, to the minute; empty when it never came."""
    if moment is None:
        return ""
    local = moment.astimezone(ZoneInfo(time_zone))
    return f"{_day(local)} {local:%H:%M}"


def short_moment_of(moment: datetime | None, time_zone: str, year: int) -> str:
    """The same, without the year where it is the given one."""
    whole = moment_of(moment, time_zone)
    return whole.replace(f" {year} ", " ")


def day_of(moment: datetime, time_zone: str) -> str:
    """The day of a moment in the report's zone."""
    return _day(moment.astimezone(ZoneInfo(time_zone)))


def _day(local: datetime) -> str:
    return f"{local.day} {local:%b %Y}"


def _of_alerts(company: str, now: Figures) -> str:
    if not now.total_alerts:
        return f"No alert of {company} was received in this period."
    alerts = counted(now.total_alerts, "alert was", "alerts were")
    if not now.total_incidents:
        return f"{alerts} received of {company}; no incident was opened."
    incidents = counted(now.total_incidents, "incident", "incidents")
    if now.noise_reduction_pct is None or now.noise_reduction_pct <= 0:
        return f"{alerts} received of {company}, and {incidents} opened."
    became = "It became" if now.total_alerts == 1 else "They became"
    return f"{alerts} received of {company}. {became} {incidents}: {now.noise_reduction_pct:.1f} % less to look at."


def _of_incidents(facts: Facts) -> str:
    worst = ", ".join(f"{one.opened:,} {one.severity}" for one in facts.severities)
    still = sum(one.still_open for one in facts.severities)
    state = "none is open any more" if not still else f"{still:,} {'is' if still == 1 else 'are'} still open"
    return f"Incidents opened by severity: {worst}; {state}."


def _of_times(done: str, count: int, median: float | None, mean: float | None) -> list[str]:
    if count == 0 or median is None:
        return []
    if count == 1:
        return [f"1 incident was {done}, within {duration(median)}."]
    return [f"{count:,} incidents were {done}, half of them within {duration(median)} (on average {duration(mean)})."]


def _note(slug: str, figures: Figures, *, median: bool = True) -> str:
    if slug == "mttr_minutes" and figures.mttr_minutes is not None:
        over = f"over {counted(figures.mttr_count, 'incident', 'incidents')}"
        return f"median {duration(figures.mttr_minutes_median)}, {over}" if median else over
    if slug == "mtta_minutes" and figures.mtta_minutes is not None:
        over = f"over {counted(figures.mtta_count, 'incident', 'incidents')}"
        return f"median {duration(figures.mtta_minutes_median)}, {over}" if median else over
    if slug == "noise_reduction_pct" and figures.noise_reduction is not None and median:
        split = figures.noise_reduction
        parts = [("dedup", split.dedup), ("correlation", split.correlation), ("suppression", split.suppression)]
        return ", ".join(f"{name} {_plain(share)}" for name, share in parts)
    if median:
        return ""
    if slug in _OF_ALERTS:
        return f"over {counted(figures.total_alerts, 'alert', 'alerts')}"
    return f"over {counted(figures.total_incidents, 'incident', 'incidents')}"


def _spoken_of(slug: str, baseline: BaselineFact) -> int:
    """Of how many alerts or incidents a figure of the baseline speaks."""
    return baseline.alerts if slug in _OF_ALERTS else baseline.incidents


def _sample(slug: str, baseline: BaselineFact) -> str:
    one, many = ("alert", "alerts") if slug in _OF_ALERTS else ("incident", "incidents")
    return f"over {counted(_spoken_of(slug, baseline), one, many)}"


def _rates(baseline: BaselineFact) -> dict[str, float]:
    days = (baseline.finish - baseline.start) / _DAY
    return {
        "alerts_per_day": baseline.alerts / days,
        "incidents_per_day": baseline.incidents / days,
        **baseline.figures,
    }


def _rates_of(figures: Figures) -> dict[str, float | None]:
    days = (figures.finish - figures.start) / _DAY
    rates: dict[str, float | None] = {slug: getattr(figures, slug, None) for slug in COMPARED}
    return {
        **rates,
        "alerts_per_day": figures.total_alerts / days,
        "incidents_per_day": figures.total_incidents / days,
    }


def _plain(value: float) -> str:
    return f"{value:,.1f}".removesuffix(".0")
