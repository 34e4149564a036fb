"""The page about sheets lists the columns and the settings that there are."""

import re

from alertwhisperer.domain.company_setting import SETTINGS
from alertwhisperer.ingest.company_sheet import read_sheet
from alertwhisperer.ingest.onboarding import KEY_COLUMNS
from tests.docs.pages import DOCS

PAGE = (DOCS / "onboarding.md").read_text(encoding="utf-8")


def test_the_settings_table_is_the_registry() -> None:
    rows = re.findall(r"^\| `(\w+)` \| (\S*) \| (.+) \|$", PAGE, re.MULTILINE)
    assert rows == [(one.name, str(one.default), one.meaning) for one in SETTINGS.values()]


def test_the_example_sheet_can_be_read_and_the_key_columns_are_named() -> None:
    [sheet] = re.findall(r"^```text\n(name,.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    found = read_sheet(sheet.encode())
    assert (len(found.rows), found.complaints) == (2, ())
    assert all(f"`{column}`" in PAGE for column in KEY_COLUMNS)
