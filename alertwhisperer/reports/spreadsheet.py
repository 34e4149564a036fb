"""A report as XLSX: a sheet with the figures in words, and one for each table; text is written as text, never read."""

import io
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import xlsxwriter

from alertwhisperer.domain.report import Section
from alertwhisperer.reports import words
from alertwhisperer.reports.facts import Facts
from alertwhisperer.reports.tables import TABLES, Table, Value

_LONGEST = 32_000  # characters of a cell; the format takes 32,767
# A text that begins like a formula, a number or an address stays a text.
_OPTIONS = {
    "in_memory": True,
    "strings_to_formulas": False,
    "strings_to_numbers": False,
    "strings_to_urls": False,
    "remove_timezone": True,
}


class _Book:
    """A workbook while it is written; times are shown in the report's zone."""

    def __init__(self, facts: Facts) -> None:
        self._facts = facts
        self._zone = ZoneInfo(facts.time_zone)
        self._target = io.BytesIO()
        self._book = xlsxwriter.Workbook(self._target, _OPTIONS)
        self._book.set_properties(
            {
                "title": f"Alerts and incidents of {facts.company}"[:250],
                "author": "Alert Whisperer",
                # Without its zone, as the format has none; of the facts, so that equal facts make equal bytes.
                "created": facts.made_at.replace(tzinfo=None),
            }
        )
        self._bold = self._book.add_format({"bold": True})
        self._head = self._book.add_format({"bold": True, "bottom": 1, "bg_color": "#EEF1F5"})
        self._title = self._book.add_format({"bold": True, "font_size": 16})
        self._wrap = self._book.add_format({"text_wrap": True, "valign": "top"})
        self._time = self._book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss", "align": "left"})

    def close(self) -> bytes:
        """The file."""
        self._book.close()
        return self._target.getvalue()

    def add_words(self, name: str, widths: Sequence[int], rows: Iterable[tuple[str, Sequence[str]]]) -> None:
        """A sheet of text; each row with its kind: title, head, bold or wrap."""
        sheet = self._book.add_worksheet(name)
        sheet.hide_gridlines(2)
        for column, width in enumerate(widths):
            sheet.set_column(column, column, width)
        formats = {"title": self._title, "head": self._head, "bold": self._bold, "wrap": self._wrap}
        for number, (kind, cells) in enumerate(rows):
            for column, text in enumerate(cells):
                sheet.write_string(number, column, text[:_LONGEST], formats[kind])

    def add_table(self, table: Table) -> None:
        """A sheet with a table that can be sorted and filtered."""
        sheet = self._book.add_worksheet(table.title)
        sheet.freeze_panes(1, 0)
        for column, name in enumerate(table.columns):
            sheet.write_string(0, column, name, self._head)
            sheet.set_column(column, column, 60 if name in ("title", "check") else 20)
        for number, row in enumerate(table.rows, start=1):
            for column, value in enumerate(row):
                self._write(sheet, number, column, value)
        if table.rows:
            sheet.autofilter(0, 0, len(table.rows), len(table.columns) - 1)
        if note := words.left_out(len(table.rows), table.whole):
            sheet.write_string(len(table.rows) + 2, 0, note, self._bold)

    def _write(self, sheet: Any, row: int, column: int, value: Value) -> None:
        if value is None:
            return
        if isinstance(value, bool):
            sheet.write_boolean(row, column, value)
        elif isinstance(value, datetime):
            local = value.astimezone(self._zone).replace(tzinfo=None)
            sheet.write_datetime(row, column, local, self._time)
        elif isinstance(value, str):
            sheet.write_string(row, column, value[:_LONGEST])
        else:
            sheet.write_number(row, column, value)


def make(facts: Facts) -> bytes:
    """The file."""
    book = _Book(facts)
    wanted = [section for section in Section if section.value in facts.sections]
    book.add_words("Report", (34, 22, 48, 22, 14, 10, 24), _cover(facts, wanted))
    for section in wanted:
        if section in TABLES:
            book.add_table(TABLES[section](facts))
    if Section.DEFINITIONS in wanted:
        rows = [(one.slug, one.title, one.unit, one.formula, one.null) for one in facts.definitions]
        heads = ("name", "figure", "unit", "formula", "not measured when")
        book.add_words("Definitions", (24, 28, 12, 100, 40), [("head", heads), *(("wrap", row) for row in rows)])
    return book.close()


def _cover(facts: Facts, wanted: Sequence[Section]) -> Iterable[tuple[str, Sequence[str]]]:
    yield "title", (facts.company,)
    yield "bold", ("Alerts and incidents",)
    yield "wrap", ("Period", words.period_of(facts.start, facts.finish, facts.time_zone))
    yield "wrap", ("Time zone of all times", facts.time_zone)
    yield "wrap", ("Made", words.moment_of(facts.made_at, facts.time_zone))
    yield "wrap", ()
    if Section.SUMMARY in wanted:
        for sentence in words.in_short(facts):
            yield "bold", (sentence,)
        yield "wrap", ()
    if Section.FIGURES in wanted:
        before = facts.before
        when = words.period_of(before.start, before.finish, facts.time_zone)
        yield "head", ("Figure", "This period", "", f"Before ({when})", "Change", "")
        for line in words.figure_lines(facts):
            yield "wrap", (line.title, line.value, line.note, line.before, line.change, line.verdict)
        yield "wrap", ()
    if Section.BASELINE in wanted and facts.baseline is not None:
        yield "bold", (words.why_not_compared(facts) or words.baseline_origin(facts.baseline, facts.time_zone),)
        yield "head", ("Compared", "Before", "", "This period", "Change", "", "")
        for line in words.baseline_lines(facts):
            yield "wrap", (line.title, line.before, line.of, line.value, line.change, line.verdict, line.note)
