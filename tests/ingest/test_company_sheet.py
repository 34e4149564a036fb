"""Sheets as spreadsheets write them: each kind is read alike, and what is wrong is named by its cell."""

import pytest

from alertwhisperer.domain.errors import Invalid
from alertwhisperer.ingest.company_sheet import LARGEST_SHEET, MOST_ROWS, joined, parts, read_sheet, write_sheet

TEXT = 'name,ref,integrations,route:Our RMM\nMüller & Söhne,C-1,"datadog; ""zabbix:Zab; Berlin""",Müller\n'


@pytest.mark.parametrize(
    "raw",
    [
        TEXT.encode(),
        b"\xef\xbb\xbf" + TEXT.encode(),
        TEXT.encode("cp1252"),
        TEXT.replace("\n", "\r\n").encode(),
        TEXT.replace("\n", "\n\n,,,\n").encode(),
        b'name;ref;integrations;route:Our RMM\nM\xfcller & S\xf6hne;C-1;"datadog; ""zabbix:Zab; Berlin""";M\xfcller',
        "NAME\tRef\tIntegrations\troute:Our  RMM\nMüller & Söhne\t C-1 \t"
        '"datadog; ""zabbix:Zab; Berlin"""\tMüller'.encode(),
    ],
)
def test_spreadsheets_of_many_makes_are_read_alike(raw: bytes) -> None:
    sheet = read_sheet(raw)
    assert sheet.complaints == ()
    [row] = sheet.rows
    assert row.cells == {"name": "Müller & Söhne", "ref": "C-1", "integrations": 'datadog; "zabbix:Zab; Berlin"'}
    assert row.routes == {"Our RMM": "Müller"}
    assert parts(row.cells["integrations"]) == ["datadog", "zabbix:Zab; Berlin"]


def test_rows_are_numbered_as_a_spreadsheet_numbers_them() -> None:
    sheet = read_sheet(b'name\nfirst\n\n"third\nof two lines"\nfourth,too many\n')
    assert [row.number for row in sheet.rows] == [2, 4]
    assert [(one.row, one.column) for one in sheet.complaints] == [(5, "")]


@pytest.mark.parametrize(
    ("header", "column"),
    [
        (b"name,nmae", "nmae"),
        (b"ref", "name"),
        (b"name,,ref", ""),
        (b"name,NAME", "NAME"),
        (b"name,route:A,ROUTE:a", "ROUTE:a"),
    ],
)
def test_a_header_that_cannot_be_right_stops_everything(header: bytes, column: str) -> None:
    sheet = read_sheet(header + b"\nx,y\n")
    assert sheet.rows == ()
    assert [(one.row, one.column) for one in sheet.complaints] == [(1, column)]
    assert all(one.mend for one in sheet.complaints)


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b" \n;;\n",
        b'name\n"never closed\n',
        TEXT.encode("utf-16"),
        b"name\n" + b"x" * LARGEST_SHEET,
        b"name\n" + b"x" * 200_000,
        b"name\n" + b"x\n" * (MOST_ROWS + 1),
    ],
)
def test_what_is_no_sheet_is_refused_with_a_way_out(raw: bytes) -> None:
    with pytest.raises(Invalid) as refused:
        read_sheet(raw)
    assert refused.value.mend


@pytest.mark.parametrize("values", [["a"], ["a", "b"], ['a; "b"', "c"], ["a,b", "ü:ß"], []])
def test_a_cell_of_several_values_is_read_as_it_was_written(values: list[str]) -> None:
    text = write_sheet(["name", "integrations"], [["x", joined(values)]])
    [row] = read_sheet(text.encode()).rows
    assert parts(row.cells["integrations"]) == values
