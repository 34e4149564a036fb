"""
The sheet of companies that an MSP imports and exports: CSV as spreadsheets write it, read into rows, and written.

Nothing here knows what is stored: what a row would change is decided in `onboarding.py`. A cell that holds several
values is itself a line of CSV with semicolons, so that a name with a semicolon in it can be quoted.
"""

import csv
import io
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from alertwhisperer.domain.company_setting import SETTINGS
from alertwhisperer.domain.errors import Invalid

LARGEST_SHEET = 5_000_000  # bytes
MOST_ROWS = 20_000
MOST_COMPLAINTS = 1_000

ROUTE = "route:"
"""A column of this prefix holds the customer's names in an MSP-wide integration, whose name follows."""
_PLAIN = ("name", "ref", "group", "integrations", *SETTINGS)
_DELIMITERS = ";,\t"  # a German spreadsheet writes semicolons
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")


@dataclass(frozen=True, slots=True)
class Complaint:
    """
    What is wrong in one cell.

    Attributes:
        row: as the spreadsheet numbers it; the header is 1, 0 is the whole sheet.
        column: as the header names it; empty when the whole row is meant.
    """

    row: int
    column: str
    what: str
    mend: str

    @property
    def where(self) -> str:
        """The cell, for people."""
        place = f"row {self.row}" if self.row else "the sheet"
        return f"{place}, column {self.column}" if self.column else place


@dataclass(frozen=True, slots=True)
class SheetRow:
    """
    One company as the sheet has it.

    Attributes:
        number: of the row, as the spreadsheet shows it.
        cells: by column, without the space around them; a column that the sheet lacks is not there.
        routes: cells of the route columns, by the integration's name as the header gives it.
    """

    number: int
    cells: Mapping[str, str]
    routes: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Sheet:
    """The rows that could be read, and what is wrong with the others."""

    rows: tuple[SheetRow, ...]
    complaints: tuple[Complaint, ...] = ()


@dataclass(slots=True)
class _Columns:
    """What each place of a row means."""

    plain: dict[int, str] = field(default_factory=dict)
    routes: dict[int, str] = field(default_factory=dict)
    complaints: list[Complaint] = field(default_factory=list)


def read_sheet(raw: bytes) -> Sheet:
    """
    The rows of a sheet, in UTF-8 with or without its mark, or in the Western code page; `,`, `;` or tab between cells.

    Raises:
        Invalid: it is too large, or no CSV at all.
    """
    if len(raw) > LARGEST_SHEET:
        raise Invalid(
            f"the sheet is larger than {LARGEST_SHEET} bytes", where="the sheet", mend="import it in several parts"
        )
    text = _text(raw)
    try:
        lines = list(csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text), strict=True))
    except csv.Error as failure:
        raise Invalid(
            f"the sheet is no CSV: {failure}", where="the sheet", mend="save it as CSV from a spreadsheet"
        ) from failure
    numbered = [(number, line) for number, line in enumerate(lines, 1) if any(cell.strip() for cell in line)]
    if not numbered:
        raise Invalid("the sheet is empty", where="the sheet", mend="begin with a row of column names")
    if len(numbered) - 1 > MOST_ROWS:
        raise Invalid(f"the sheet has more than {MOST_ROWS} rows", where="the sheet", mend="import it in several parts")
    (first, header), *rest = numbered
    columns = _columns(first, header)
    if columns.complaints:
        return Sheet((), tuple(columns.complaints))
    rows: list[SheetRow] = []
    complaints: list[Complaint] = []
    for number, line in rest:
        found = _row(number, line, columns, len(header))
        if isinstance(found, SheetRow):
            rows.append(found)
        else:
            complaints.append(found)
    return Sheet(tuple(rows), tuple(complaints))


def write_sheet(columns: Sequence[str], lines: Sequence[Sequence[str]]) -> str:
    """A sheet with these columns, as `read_sheet` reads it."""
    target = io.StringIO()
    writer = csv.writer(target, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(lines)
    return target.getvalue()


def parts(cell: str) -> list[str]:
    """
    The values of a cell that holds several, without the space around them.

    Raises:
        Invalid: a quotation mark is not closed.
    """
    if not cell:
        return []
    try:
        lines = list(csv.reader(io.StringIO(cell, newline=""), delimiter=";", skipinitialspace=True, strict=True))
    except csv.Error as failure:
        raise Invalid("a quotation mark is not closed", where="", mend='write "one; name"; another') from failure
    return [part.strip() for line in lines for part in line if part.strip()]


def joined(values: Sequence[str]) -> str:
    """Several values as one cell, which `parts` takes apart."""
    return "; ".join(map(_quoted, values))


def _quoted(value: str) -> str:
    target = io.StringIO()
    csv.writer(target, delimiter=";", lineterminator="").writerow([value])
    return target.getvalue()


def _text(raw: bytes) -> str:
    if raw.startswith(_UTF_16):
        raise Invalid("the sheet is in UTF-16", where="the sheet", mend="save it as CSV in UTF-8")
    for encoding in ("utf-8-sig", "cp1252"):
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    return raw.decode("latin-1")  # every byte is a letter of it; what the letters are worth, `check_name` says


def _delimiter(text: str) -> str:
    """The one that the first line has most of, outside of quotation marks."""
    unquoted = "".join(text.lstrip().partition("\n")[0].split('"')[::2])
    counts = Counter(unquoted)
    return max(_DELIMITERS, key=lambda one: (counts[one], one == ","))


def _columns(number: int, header: Sequence[str]) -> _Columns:
    found = _Columns()
    seen: set[str] = set()
    for place, cell in enumerate(header):
        title = " ".join(cell.split())
        key = title.casefold()
        if not key:
            found.complaints.append(Complaint(number, "", f"column {place + 1} has no name", "name it or remove it"))
        elif key in seen:
            found.complaints.append(Complaint(number, title, "the column is there twice", "remove one of them"))
        elif key.startswith(ROUTE):
            found.routes[place] = title[len(ROUTE) :].strip()
        elif key in _PLAIN:
            found.plain[place] = key
        else:
            mend = f"the columns are {', '.join(_PLAIN)} and {ROUTE}NAME"
            found.complaints.append(Complaint(number, title[:100], "there is no such column", mend))
        seen.add(key)
    if "name" not in found.plain.values():
        found.complaints.append(Complaint(number, "name", "the column is missing", "name each company"))
    return found


def _row(number: int, line: Sequence[str], columns: _Columns, width: int) -> SheetRow | Complaint:
    if any(cell.strip() for cell in line[width:]):
        return Complaint(number, "", "the row has more cells than the header", 'write "a, b" where a cell has a comma')

    def cells(places: Mapping[int, str]) -> Iterator[tuple[str, str]]:
        for place, name in places.items():
            yield name, line[place].strip() if place < len(line) else ""

    return SheetRow(number, dict(cells(columns.plain)), dict(cells(columns.routes)))
