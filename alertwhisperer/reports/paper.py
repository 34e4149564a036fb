"""
A report as PDF, set by Typst.

What is shown goes to the template as data (JSON), so a text of a tool is text there and can be no instruction. Typst
sees the folder of the template and no other file, and has no packages to load.
"""

import json
import re
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import font_source_sans_pro
import typst

from alertwhisperer.domain.report import Section
from alertwhisperer.insight.kpis import Figures
from alertwhisperer.reports import words
from alertwhisperer.reports.facts import Facts, IncidentFact, minutes_between
from alertwhisperer.reports.tables import share_of

_FOLDER = Path(__file__).parent / "files"
_LONGEST_TITLE = 120
_LONG_WORD = re.compile(r"\S{25,}")
_PIECE = re.compile(r"[^\s/\\._:;,|=&?@-]{1,24}[/\\._:;,|=&?@-]*|[/\\._:;,|=&?@-]{1,24}")
_BREAK = "\u200b"  # where a line may be broken; shows nothing
_MOST_LABELS = 10
_NAME = re.compile(r"\b[a-z]+(?:_[a-z]+)+\b")


def make(facts: Facts) -> bytes:
    """
    The file; equal facts make equal bytes, on one machine.

    Raises:
        RuntimeError: Typst refused, which is a bug of ours.
    """
    made = typst.compile(
        str(_FOLDER / "report.typ"),
        root=str(_FOLDER),
        sys_inputs={"shown": json.dumps(shown(facts), ensure_ascii=False)},
        # The machine's fonts too: ours has Latin, Greek and Cyrillic, and a title may be in any script.
        font_paths=[font_source_sans_pro.font_directory],
        package_path=str(_FOLDER / "no-packages"),
        package_cache_path=str(_FOLDER / "no-packages"),
        timestamp=int(facts.made_at.timestamp()),
        format="pdf",
    )
    assert isinstance(made, bytes)  # noqa: S101  # one document, and no output path
    return made


def shown(facts: Facts) -> dict[str, Any]:
    """What the template is given: texts and lengths, ready to be set; a section that is not wanted is null."""
    wanted = {Section(name) for name in facts.sections}
    before = facts.before
    parts: dict[Section, Any] = {
        Section.SUMMARY: {"sentences": [breakable(sentence) for sentence in words.in_short(facts)]},
        Section.FIGURES: {
            "before": words.period_of(before.start, before.finish, facts.time_zone),
            "compares": words.covers(facts, before.start),
            "lines": [_line(line) for line in words.figure_lines(facts)],
        },
        Section.BASELINE: _baseline(facts),
        Section.TREND: _trend(facts),
        Section.CHECKS: _checks(facts),
        Section.INCIDENTS: _incidents(facts),
        Section.DEFINITIONS: _definitions(facts),
    }
    return {
        "company": breakable(facts.company),
        "period": words.period_of(facts.start, facts.finish, facts.time_zone),
        "zone": facts.time_zone,
        "made": words.moment_of(facts.made_at, facts.time_zone),
        **{section.value: part if section in wanted else None for section, part in parts.items()},
    }


def breakable(text: str, longest: int = 10_000) -> str:
    """The text, in which a word too long for a line can be broken; cut where it is too long altogether."""
    cut = text if len(text) <= longest else text[: longest - 1] + "…"
    return _LONG_WORD.sub(lambda found: _BREAK.join(_PIECE.findall(found[0])), cut)


def _line(line: words.Line) -> dict[str, str]:
    return {name: getattr(line, name) for name in line.__struct_fields__}


def _baseline(facts: Facts) -> dict[str, Any] | None:
    if facts.baseline is None:
        return None
    why = words.why_not_compared(facts)
    return {
        "note": why or words.baseline_origin(facts.baseline, facts.time_zone),
        "lines": [_line(line) for line in words.baseline_lines(facts)],
    }


def _trend(facts: Facts) -> dict[str, Any]:
    return {
        "is_empty": not any(one.total_alerts or one.total_incidents or one.mttr_minutes for one in facts.trend),
        "grain": facts.grain,
        "labels": _labels(facts),
        "alerts": _bars([one.total_alerts for one in facts.trend]),
        "incidents": _bars([one.total_incidents for one in facts.trend]),
        "resolve": _bars([one.mttr_minutes for one in facts.trend], minutes=True),
    }


def _bars(values: Sequence[float | None], *, minutes: bool = False) -> dict[str, Any]:
    """Heights from 0 to 1, null where nothing was measured, and what the highest stands for."""
    most = max((value for value in values if value is not None), default=0)
    return {
        "most": (words.duration(most) if minutes else f"{most:,}") if most else "",
        "bars": [None if value is None else (value / most if most else 0) for value in values],
    }


def _labels(facts: Facts) -> list[str]:
    """Under which bars a day or an hour is written, so that they do not run into one another."""
    every = -(-len(facts.trend) // _MOST_LABELS)
    return [_label(one, facts) if place % every == 0 else "" for place, one in enumerate(facts.trend)]


def _label(part: Figures, facts: Facts) -> str:
    local: datetime = part.start.astimezone(ZoneInfo(facts.time_zone))
    return f"{local:%H:%M}" if facts.grain == "hour" else f"{local.day} {local:%b}"


def _checks(facts: Facts) -> list[dict[str, str]]:
    return [
        {
            "check": breakable(one.signature, _LONGEST_TITLE),
            "asset": breakable(one.asset, _LONGEST_TITLE),
            "tool": one.source,
            "alerts": f"{one.alerts:,}",
            "share": f"{share_of(one.alerts, facts) or '< 0.1'} %",
            "incidents": f"{one.incidents:,}",
        }
        for one in facts.checks
    ]


def _incidents(facts: Facts) -> dict[str, Any]:
    return {
        "note": words.left_out(len(facts.incidents), facts.incidents_whole),
        "rows": [_incident(one, facts) for one in facts.incidents],
    }


def _incident(one: IncidentFact, facts: Facts) -> dict[str, str]:
    zone = facts.time_zone
    year = facts.start.astimezone(ZoneInfo(zone)).year
    taken = minutes_between(one.opened_at, one.resolved_at)
    return {
        "number": str(one.number),
        "title": breakable(one.title, _LONGEST_TITLE),
        "severity": one.severity,
        "opened": words.short_moment_of(one.opened_at, zone, year),
        "acknowledged": words.short_moment_of(one.acknowledged_at, zone, year),
        "resolved": words.short_moment_of(one.resolved_at, zone, year),
        "minutes": "" if taken is None else words.duration(taken),
        "alerts": f"{one.alerts:,}",
    }


def _definitions(facts: Facts) -> list[dict[str, str]]:
    """What each figure means, with the titles of others in place of their names in the API."""
    titles = {one.slug: one.title.lower() for one in facts.definitions}

    def said(text: str) -> str:
        return _NAME.sub(lambda found: titles.get(found[0]) or found[0].replace("_", " "), text)

    return [
        {"title": one.title, "formula": _begun(said(one.formula)), "null": said(one.null)} for one in facts.definitions
    ]


def _begun(sentence: str) -> str:
    """With a capital letter at its beginning, and the rest as it is."""
    return sentence[:1].upper() + sentence[1:]
