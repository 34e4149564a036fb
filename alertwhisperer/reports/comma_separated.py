"""A report as CSV: one table, with times in UTC, so that other programs read it; no cell is taken for a formula."""

import csv
import io
from datetime import UTC, datetime

from alertwhisperer.domain.report import TABLES as SECTIONS
from alertwhisperer.kit.cells import inert_cell
from alertwhisperer.reports.facts import Facts
from alertwhisperer.reports.tables import TABLES, Value

_MARK = "\ufeff"  # without it spreadsheets read UTF-8 as their country's old encoding


def make(facts: Facts) -> bytes:
    """The file."""
    section = next((one for one in SECTIONS if one.value in facts.sections), SECTIONS[0])
    table = TABLES[section](facts)
    target = io.StringIO()
    writer = csv.writer(target, lineterminator="\r\n")
    writer.writerow(table.columns)
    writer.writerows([_cell(value) for value in row] for row in table.rows)
    return (_MARK + target.getvalue()).encode()


def _cell(value: Value) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    return inert_cell(value) if isinstance(value, str) else str(value)
