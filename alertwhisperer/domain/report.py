"""
Report: a file for a customer with the figures of a period, asked for by a person or a schedule, made once and kept.

Names of people of the MSP stand in no report: a file that was handed on cannot be erased.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID


class Format(StrEnum):
    """What kind of file."""

    PDF = "pdf"
    XLSX = "xlsx"
    CSV = "csv"

    @property
    def content_type(self) -> str:
        """Of its file, in an answer."""
        return _CONTENT_TYPES[self]


_CONTENT_TYPES = {
    Format.PDF: "application/pdf",
    Format.XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    Format.CSV: "text/csv; charset=utf-8",
}


class Section(StrEnum):
    """A part of a report, in the order in which they stand."""

    SUMMARY = "summary"
    FIGURES = "figures"
    BASELINE = "baseline"
    TREND = "trend"
    CHECKS = "checks"
    INCIDENTS = "incidents"
    DEFINITIONS = "definitions"


TABLES = (Section.INCIDENTS, Section.CHECKS, Section.TREND)
"""Sections that are a table each, so that a CSV file can hold one; the first one unless another is named."""


class PeriodWord(StrEnum):
    """A period by its name; weeks begin on Monday, and those of `this` end now."""

    YESTERDAY = "yesterday"
    THIS_WEEK = "this_week"
    LAST_WEEK = "last_week"
    THIS_MONTH = "this_month"
    LAST_MONTH = "last_month"
    LAST_QUARTER = "last_quarter"
    LAST_30_DAYS = "last_30_days"
    CUSTOM = "custom"
    """From one moment to another."""


class ReportState(StrEnum):
    """What became of it."""

    QUEUED = "queued"
    MADE = "made"
    FAILED = "failed"


class Every(StrEnum):
    """How often a schedule asks."""

    WEEK = "week"
    MONTH = "month"


@dataclass(frozen=True, slots=True)
class Span:
    """
    The time that a report is about, [start, finish), aware UTC.

    Attributes:
        time_zone: IANA name; whose days the report counts.
    """

    word: PeriodWord
    start: datetime
    finish: datetime
    time_zone: str


@dataclass(frozen=True, slots=True)
class Report:
    """
    One file, made or to be made.

    Attributes:
        schedule_id: of the schedule that asked; None when a person did.
        problem: why it failed; empty otherwise.
        settled_at: when it was made, or failed.
        size: of the file, in bytes.
    """

    id: UUID
    span: Span
    format: Format
    sections: tuple[Section, ...]
    schedule_id: UUID | None
    asked_by: str
    asked_at: datetime
    state: ReportState
    problem: str = ""
    settled_at: datetime | None = None
    size: int | None = None
    sha256: bytes | None = None


@dataclass(frozen=True, slots=True)
class Schedule:
    """
    Asks for reports of the week or the month that has just ended.

    Attributes:
        day: 1 (Monday) to 7 of the week, or 1 to 28 of the month.
        hour: 0 to 23, in its zone.
        next_at: when it asks next; last_at: when it last did.
    """

    id: UUID
    name: str
    every: Every
    day: int
    hour: int
    time_zone: str
    formats: tuple[Format, ...]
    sections: tuple[Section, ...]
    created_by: str
    created_at: datetime
    next_at: datetime
    last_at: datetime | None = None


class BaselineKind(StrEnum):
    """Where the figures from before are from."""

    TYPED = "typed"
    IMPORTED = "imported"
    FIRST_30_DAYS = "first_30_days"


@dataclass(frozen=True, slots=True)
class Baseline:
    """
    A company's figures from before, which a report compares with.

    Attributes:
        figures: by their names in the API; only what was measured.
        alerts, incidents: of how many the figures speak; without them no comparison is shown.
    """

    kind: BaselineKind
    start: datetime
    finish: datetime
    figures: Mapping[str, float]
    alerts: int
    incidents: int
    set_by: str
    set_at: datetime
