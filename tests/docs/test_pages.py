"""What the pages list is what there is: settings, figures, commands, sources, permissions; and links lead somewhere."""

import re
from pathlib import Path

import pytest

from tests.docs.pages import DOCS, ROOT
from tests.docs.pages import pages as written
from tests.docs.test_examples import pages

_FENCED = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)  # code may hold what looks like a link
_LINK = re.compile(r"\]\(([^)#:]+)(?:#[^)]*)?\)")


@pytest.mark.parametrize("name", list(written()))
def test_a_written_page_says_what_the_code_says(name: str) -> None:
    found = (DOCS / name).read_text(encoding="utf-8") if (DOCS / name).is_file() else ""
    assert found == written()[name], f"run: python -m tests.docs.pages (docs/{name} is not what the code says)"


def test_no_source_page_is_left_over() -> None:
    assert {f"sources/{path.name}" for path in (DOCS / "sources").glob("*.md")} <= set(written())


@pytest.mark.parametrize("page", pages(), ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_somewhere(page: Path) -> None:
    for target in _LINK.findall(_FENCED.sub("", page.read_text(encoding="utf-8"))):
        assert (page.parent / target).exists(), target


def test_the_glossary_is_in_order() -> None:
    rows = re.findall(r"^\| ([^|]+?) \| ", (DOCS / "glossary.md").read_text(encoding="utf-8"), re.MULTILINE)
    words = [row for row in rows if row != "Word"]
    assert words == sorted(words, key=str.casefold)
