"""The page and a server that goes away: it says so, comes back by itself, and shows what a reload shows."""

import re

from playwright.sync_api import Page, expect

from tests.console.conftest import Open, Scene, alert


def rows_of(page: Page) -> list[str]:
    """What the list says, without what a clock says."""
    return [re.sub(r"\d+ [hms]\b", "", text) for text in page.locator("[role=row][data-number]").all_inner_texts()]


def test_a_page_recovers_by_itself_and_shows_what_a_reload_shows(scene: Scene, enter: Open) -> None:
    scene.send(alert("db-01", "Disk full", "critical"))
    page = enter().page
    expect(page.locator("[role=row][data-number]")).to_have_count(1)
    page.evaluate("window.stayed = true")
    scene.server.kill()
    expect(page.get_by_text(re.compile("Live updates stopped"))).to_be_visible()
    scene.server.start()
    scene.send(*[alert("db-01", "Disk full", "critical")] * 3, alert("web-01", "Slow"), alert("web-02", "Slow", "low"))
    expect(page.locator("[role=row][data-number]")).to_have_count(3, timeout=30_000)
    expect(page.locator("nav [data-word=live]")).to_be_visible(timeout=30_000)  # rows may come by asking before that
    expect(page.locator("[role=row][data-number]").first).to_contain_text("4 → 1")
    assert page.evaluate("window.stayed")
    before = rows_of(page)
    page.reload()
    expect(page.locator("[role=row][data-number]")).to_have_count(3)
    assert rows_of(page) == before
