"""What the server takes for a page of the console is what the console has a page for."""

import re
from pathlib import Path

from alertwhisperer.api.console import PAGES

_ROUTER = Path(__file__).parents[2] / "web" / "src" / "router.tsx"
_NAVIGATION = Path(__file__).parents[2] / "web" / "src" / "shell" / "navigation.ts"


def test_the_server_knows_every_page_and_no_other() -> None:
    paths = re.findall(r'page\("/([a-z-]+)[^"]*"', _ROUTER.read_text())
    assert len(paths) > len(PAGES)  # some have pages below them
    assert sorted(set(paths)) == sorted(PAGES)


def test_every_entry_of_the_rail_leads_to_a_page() -> None:
    entries = re.findall(r'to: "/([a-z-]+)"', _NAVIGATION.read_text())
    assert entries
    assert set(entries) <= set(PAGES)
