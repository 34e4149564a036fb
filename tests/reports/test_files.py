"""The files themselves, made by the real press and read back: all is in them, and no text of a tool is obeyed."""

import csv
import io
import re

import msgspec
import openpyxl
import pypdf
import pytest

from alertwhisperer.domain.errors import Permanent
from alertwhisperer.domain.report import Format
from alertwhisperer.reports import comma_separated, paper, spreadsheet
from alertwhisperer.reports.facts import Facts, clean, counted_in
from alertwhisperer.reports.printing import print_file
from tests.reports.samples import HOSTILE, LITTLE, MUCH, NONE, facts, of_format

FORMULAS = ("=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", '=HYPERLINK("http://x.example.org";"x")', "＝1", " =1")


def text_of(made: bytes) -> str:
    """What stands in a PDF, without the places where a word may be broken, and on one line."""
    pages = pypdf.PdfReader(io.BytesIO(made)).pages
    return re.sub(r"\s+", " ", " ".join(page.extract_text() for page in pages).replace("\u200b", ""))


async def test_a_pdf_holds_every_part_and_numbers_its_pages() -> None:
    made = await print_file(MUCH, Format.PDF)
    reader, text = pypdf.PdfReader(io.BytesIO(made)), text_of(made)
    assert reader.metadata is not None
    assert reader.metadata.title == "Alerts and incidents of Acme Manufacturing GmbH"
    for said in (
        *("Acme Manufacturing GmbH", "1 Mar 2026 – 31 Mar 2026", "Europe/Berlin", "Made on 1 Apr 2026 08:00"),
        *("They became 640 incidents", "Figures", "Before and after", "By day", "Noisiest checks", "Incidents"),
        *("How each figure is defined", "over 3,100 incidents", "400 of 640 are shown", "median 12 min"),
        *(f"1 of {len(reader.pages)}", f"{len(reader.pages)} of {len(reader.pages)}", "Диск заполнен"),
    ):
        assert said in text, said


async def test_a_text_of_a_tool_is_set_as_it_is() -> None:
    text = text_of(await print_file(MUCH, Format.PDF))
    assert HOSTILE in text
    assert "root:" not in text


@pytest.mark.parametrize("name", [HOSTILE, "#panic()", "$ $ $", "]" * 9, "\\u{1F4A3}", "a" * 200, "</script>", "*/"])
async def test_no_name_breaks_the_page(name: str) -> None:
    named = facts(alerts=9, incidents=3, titles=(name,), company=name)
    assert name.replace(" ", "")[:60] in text_of(await print_file(named, Format.PDF)).replace(" ", "")


def test_a_small_share_is_not_none() -> None:
    shares = [row["share"] for row in paper.shown(msgspec.structs.replace(MUCH, checks_whole=128_412_000))["checks"]]
    assert set(shares) == {"< 0.1 %"}
    assert [row["share"] for row in paper.shown(MUCH)["checks"]][:2] == ["33.3 %", "25.0 %"]


def test_a_pdf_of_nothing_says_so() -> None:
    text = text_of(paper.make(NONE))
    assert "No incident was opened, acknowledged or resolved in this period." in text
    assert "No alert and no incident in this period." in text
    assert "Noisiest checks" not in text


def test_only_the_parts_that_were_asked_for() -> None:
    text = text_of(paper.make(facts(alerts=90, incidents=9, sections=("figures",))))
    assert "Figures" in text
    for absent in ("They became", "By day", "Noisiest checks", "How each figure"):
        assert absent not in text, absent


@pytest.mark.parametrize("form", list(Format))
async def test_equal_facts_make_equal_bytes(form: Format) -> None:
    assert await print_file(of_format(form), form) == await print_file(of_format(form), form)


def with_titles(*titles: str) -> Facts:
    """Incidents and checks of these names."""
    return facts(alerts=90, incidents=len(titles), titles=titles)


def test_a_spreadsheet_holds_rows_whose_sums_are_the_figures() -> None:
    book = openpyxl.load_workbook(io.BytesIO(spreadsheet.make(MUCH)))
    assert book.sheetnames == ["Report", "By day", "Noisiest checks", "Incidents", "Definitions"]
    rows = list(book["Incidents"].iter_rows(min_row=2, max_row=401, values_only=True))
    heads = [cell.value for cell in book["Incidents"][1]]
    assert len(rows) == 400
    place = heads.index("counts_in_total_incidents")
    assert sum(row[place] is True for row in rows) == sum(
        counted_in(one, MUCH.start, MUCH.finish)[0] for one in MUCH.incidents
    )
    trend = list(book["By day"].iter_rows(min_row=2, values_only=True))
    assert len(trend) == 31
    assert sum(int(str(row[2])) for row in trend) == sum(one.total_alerts for one in MUCH.trend)
    assert str(trend[0][0]) == "2026-03-01 00:00:00"  # in the report's zone
    said = [cell for row in book["Report"].iter_rows(values_only=True) for cell in row if cell]
    assert "Acme Manufacturing GmbH" in said
    assert any(
        "400 of 640" in str(row[0]) for row in book["Incidents"].iter_rows(min_row=402, values_only=True) if row[0]
    )


@pytest.mark.parametrize("title", FORMULAS)
def test_no_cell_of_a_spreadsheet_is_a_formula(title: str) -> None:
    book = openpyxl.load_workbook(io.BytesIO(spreadsheet.make(with_titles(title))))
    cells = [cell for sheet in book for row in sheet.iter_rows() for cell in row if cell.value is not None]
    assert {cell.data_type for cell in cells} <= {"s", "n", "b", "d"}
    assert any(str(cell.value).endswith(title.strip()) for cell in cells)  # a carriage return is written in another way
    assert not any(cell.hyperlink for cell in cells)


@pytest.mark.parametrize("title", FORMULAS)
def test_no_cell_of_a_csv_file_begins_a_formula(title: str) -> None:
    rows = list(csv.reader(io.StringIO(comma_separated.make(with_titles(title)).decode("utf-8-sig"))))
    assert rows[1][rows[0].index("title")] == f"'{title}"


@pytest.mark.parametrize(("section", "first"), [("incidents", "number"), ("checks", "check"), ("trend", "from")])
def test_a_csv_file_holds_the_one_table_that_was_asked_for(section: str, first: str) -> None:
    made = comma_separated.make(facts(alerts=90, incidents=7, sections=(section,))).decode("utf-8-sig")
    rows = list(csv.reader(io.StringIO(made)))
    assert rows[0][0] == first
    assert len({len(row) for row in rows}) == 1
    assert len(rows) == 1 + {"incidents": 7, "checks": 12, "trend": 31}[section]


def test_what_cannot_be_seen_is_gone() -> None:
    assert clean("a\x00b\u202ec\nd\u200b  e\t=f") == "a b c d e =f"


async def test_a_press_that_takes_too_long_is_stopped_and_said_so() -> None:
    with pytest.raises(Permanent, match="too long"):
        await print_file(MUCH, Format.PDF, patience_s=0.01)


async def test_a_press_that_breaks_is_a_failure_and_no_file() -> None:
    broken = msgspec.structs.replace(LITTLE, time_zone="Nowhere/At_All")
    with pytest.raises(Permanent, match="could not be made"):
        await print_file(broken, Format.PDF)
