"""Facts of reports with nothing, little and much in them, made without a database and the same each time."""

from datetime import UTC, datetime, timedelta

from alertwhisperer.domain.report import Format, PeriodWord, Section, Span
from alertwhisperer.insight.definitions import DEFINITIONS
from alertwhisperer.insight.kpis import Figures, figures_of
from alertwhisperer.reports.facts import (
    BaselineFact,
    CheckFact,
    DefinitionFact,
    Facts,
    IncidentFact,
    SeverityFact,
)
from alertwhisperer.reports.period import before as earlier
from alertwhisperer.reports.period import parts_of
from alertwhisperer.store.kpis import NO_DURATIONS, AlertCounts, Durations, IncidentCounts, Period

START, FINISH = datetime(2026, 2, 28, 23, tzinfo=UTC), datetime(2026, 3, 31, 22, tzinfo=UTC)  # March in Berlin
MADE = datetime(2026, 4, 1, 6, tzinfo=UTC)
HOSTILE = '#sys.inputs $x$ *bold* _it_ `raw` <label> @ref \\ "quote" // comment #read("/etc/passwd")'
EVERYTHING = tuple(section.value for section in Section)
_WORDS = ("critical", "high", "medium", "low", "info")


def figures(period: Period, alerts: int, incidents: int, resolved: int = 0, acknowledged: int = 0) -> Figures:
    """Figures of a time, with plausible durations where something was resolved or acknowledged."""
    return figures_of(
        period,
        AlertCounts(alerts, (alerts + incidents) // 2),
        IncidentCounts(incidents, 0, _took(resolved, 1860, 720), _took(acknowledged, 312, 186), 0),
    )


def _took(count: int, mean_s: int, median_s: int) -> Durations:
    return Durations(count, count * mean_s * 1_000_000, median_s * 1_000_000.0) if count else NO_DURATIONS


def facts(
    *,
    alerts: int = 0,
    incidents: int = 0,
    before: int = 0,
    sections: tuple[str, ...] = EVERYTHING,
    heard_since: datetime | None = datetime(2025, 9, 1, tzinfo=UTC),
    baseline: BaselineFact | None = None,
    titles: tuple[str, ...] = ("DiskFull on db-01.example.org",),
    company: str = "Acme Manufacturing GmbH",
    whole: int | None = None,
) -> Facts:
    """A report of March in Berlin."""
    span = Span(PeriodWord.LAST_MONTH, START, FINISH, "Europe/Berlin")
    grain, parts = parts_of(span)
    resolved, acknowledged = incidents * 4 // 5, incidents * 2 // 3
    rows = tuple(incident(place, titles[place % len(titles)]) for place in range(incidents))
    return Facts(
        company=company,
        period=span.word.value,
        start=START,
        finish=FINISH,
        time_zone=span.time_zone,
        made_at=MADE,
        sections=sections,
        heard_since=heard_since,
        now=figures((START, FINISH), alerts, incidents, resolved, acknowledged),
        before=figures(earlier(span), before, before // 40, before // 50, before // 60),
        baseline=baseline,
        grain=grain,
        trend=tuple(trend(parts, alerts, incidents)),
        severities=tuple(
            SeverityFact(word, -(-(incidents - place) // 5), (incidents - place) // 25)
            for place, word in enumerate(_WORDS)
            if incidents > place
        ),
        incidents=rows[:400],
        incidents_whole=incidents if whole is None else whole,
        checks=tuple(
            CheckFact(titles[place % len(titles)].split(" on ")[0], f"srv-{place:02}.example.org", "prometheus", *rest)
            for place, rest in enumerate((alerts // (place + 3), place + 1, place + 1) for place in range(12))
            if alerts
        ),
        checks_whole=alerts,
        definitions=tuple(
            DefinitionFact(slug, one.title, one.unit, one.formula, one.null) for slug, one in DEFINITIONS.items()
        ),
    )


def incident(place: int, title: str) -> IncidentFact:
    """One of the period: some acknowledged, most resolved."""
    opened = START + timedelta(minutes=97 * place + 13)
    resolved = place % 5 != 4
    return IncidentFact(
        id=f"0195d3a0-7c1e-7b5a-9f00-{place:012x}",
        number=1000 + place,
        title=title,
        severity=_WORDS[place % len(_WORDS)],
        status="resolved" if resolved else "open",
        opened_at=opened,
        acknowledged_at=opened + timedelta(minutes=3) if place % 3 else None,
        resolved_at=opened + timedelta(minutes=12 + 7 * (place % 50)) if resolved else None,
        alerts=1 + place % 9,
        occurrences=3 + place % 40,
    )


def trend(parts: list[Period], alerts: int, incidents: int) -> list[Figures]:
    """Days with more and with less; none on Sundays."""
    shares = [0 if part[1].weekday() == 6 else 1 + place * 7 % 5 for place, part in enumerate(parts)]
    whole = min(sum(shares), max(alerts, 1))
    return [
        figures(part, alerts * share // whole, incidents * share // whole, incidents * share // whole)
        for part, share in zip(parts, shares, strict=True)
    ]


BASELINE = BaselineFact(
    kind="typed",
    start=datetime(2025, 1, 1, tzinfo=UTC),
    finish=datetime(2025, 4, 1, tzinfo=UTC),
    figures={"mttr_minutes": 95.0, "mtta_minutes": 22.0, "noise_reduction_pct": 0.0},
    alerts=41_200,
    incidents=3_100,
)
MUCH = facts(
    alerts=128_412,
    incidents=640,
    before=141_000,
    baseline=BASELINE,
    titles=(
        "DiskFull on db-01.example.org",
        "High memory usage for 15 minutes on esx-cluster-03 in the data centre of Frankfurt, second row, upper rack",
        "https://intranet.example.org/very/long/path/without/a/single/space/" + "x" * 90,
        HOSTILE,
        "Диск заполнен на сервере резервного копирования",
        "磁盘已满 db-07",
    ),
)
LITTLE = facts(alerts=9, incidents=2, before=0, heard_since=START + timedelta(days=9))
NONE = facts(heard_since=None)


def of_format(form: Format) -> Facts:
    """Everything, with the table that a CSV file holds unless another is named."""
    return MUCH if form is not Format.CSV else facts(alerts=128_412, incidents=60, sections=("incidents",))
