"""Reads a file of comma-separated values as rows with named cells, and says what is wrong in it, row by row."""

import csv
import io
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from alertwhisperer.domain.errors import Invalid

MOST_ROWS = 10_000
MOST_BYTES = 10_000_000


@dataclass(frozen=True, slots=True)
class Row:
    """
    A row that says something.

    Attributes:
        number: as a spreadsheet counts, its heading being row 1.
        cells: those that are not blank, by column, without the space around them.
    """

    number: int
    cells: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class RowProblem:
    """What is wrong in one row: where (a column), what, and how to mend it."""

    row: int
    where: str
    what: str
    mend: str


def read_table(text: bytes, columns: Collection[str]) -> list[Row]:
    """
    The rows of a file.

    Args:
        text: UTF-8, with or without a byte order mark; commas, or semicolons as some spreadsheets write them.
        columns: that the file may have, in any order; `name` must be there.

    Raises:
        Invalid: it is no such file, has a column that there is not, or is too large.
    """
    if len(text) > MOST_BYTES:
        raise Invalid(f"the file has {len(text)} bytes", where="file", mend=f"split it; {MOST_BYTES} are the most")
    try:
        lines = text.decode("utf-8-sig")
    except UnicodeDecodeError as failure:
        raise Invalid("the file is not UTF-8", where="file", mend="save it as CSV UTF-8") from failure
    if "\0" in lines:
        raise Invalid("the file holds a NUL character", where="file", mend="save it as CSV UTF-8")
    heading = lines.partition("\n")[0]
    reader = csv.reader(io.StringIO(lines, newline=""), delimiter=";" if heading.count(";") else ",", strict=True)
    try:
        table = [[cell.strip() for cell in row] for row in reader]
    except csv.Error as failure:
        raise Invalid(
            f"row {reader.line_num}: {failure}", where="file", mend="quote cells that hold quotes or line breaks"
        ) from failure
    if not table:
        raise Invalid("the file is empty", where="file", mend=f"its first row names columns: {', '.join(columns)}")
    names = _headings(table[0], columns)
    rows = [_row(number, names, cells) for number, cells in enumerate(table[1:], start=2) if any(cells)]
    if len(rows) > MOST_ROWS:
        raise Invalid(f"the file has {len(rows)} rows", where="file", mend=f"split it; {MOST_ROWS} are the most")
    return rows


def _headings(cells: list[str], columns: Collection[str]) -> list[str]:
    names = [cell.lower() for cell in cells]
    for name in names:
        if name not in columns or names.count(name) > 1:
            what = f"there is no column {name!r}" if name not in columns else f"the column {name!r} is there twice"
            raise Invalid(what, where="row 1", mend=f"the columns are: {', '.join(columns)}")
    if "name" not in names:
        raise Invalid("there is no column 'name'", where="row 1", mend="add it")
    return names


def _row(number: int, names: list[str], cells: list[str]) -> Row:
    if len(cells) > len(names):
        # Mostly a comma in a cell without quotes; which cell is whose cannot be told.
        return Row(number, {"": "more cells than columns"})
    return Row(number, {name: cell for name, cell in zip(names, cells, strict=False) if cell})
