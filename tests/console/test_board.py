"""The board: each company has its seat, and what burns is seen without anything moving under a hand."""

import re
from typing import Any

from playwright.sync_api import Page, expect

from alertwhisperer.domain.user import Role
from tests.console.conftest import Open, Scene, alert
from tests.console.test_list import asked_of, incident_of
from tests.database import run_apart
from tests.server import house_of, new_company


def seats_of(page: Page) -> dict[str, Any]:
    """Where each company stands on the page."""
    found: dict[str, Any] = page.evaluate(
        "Object.fromEntries([...document.querySelectorAll('[data-company]')].map((one, at) => {"
        " const {x, y, width, height} = one.getBoundingClientRect(); return [at, [x, y, width, height]] }))"
    )
    return found


def test_one_that_is_taken_burns_no_more_and_nobody_asked_for_it(scene: Scene, enter: Open) -> None:
    scene.send(alert("db-01", "Disk full", "critical"))
    page = enter(Role.TECHNICIAN, "/board").page
    card = page.locator("[data-company]")
    expect(card).to_have_attribute("data-burns", "true")
    expect(card).to_contain_text("needs ack")
    expect(page.get_by_role("img", name=re.compile("1 alert in the last hour, not long enough"))).to_be_visible()
    expect(page.locator("nav [data-word=live]")).to_be_visible()
    page.wait_for_load_state("networkidle")
    asked = asked_of(page)
    scene.ask("POST", f"/api/incidents/{incident_of(scene, 'db-01')['id']}/acknowledge")
    expect(card).to_contain_text("acknowledged")
    expect(card).not_to_have_attribute("data-burns", "true")
    expect(page.get_by_role("region", name="What matters now")).to_contain_text("0criticals unacknowledged")
    assert "GET api/board" not in asked


def test_a_card_keeps_its_seat_and_new_ones_wait_while_somebody_reads(scene: Scene, enter: Open) -> None:
    other = scene.other_company()
    scene.send(alert("db-01", "Disk full", "critical"))
    page = enter(Role.TECHNICIAN, "/board", scene.company_id, other.company_id).page
    expect(page.locator("[data-company]")).to_have_count(1)
    expect(page.get_by_text("1 quiet")).to_be_visible()
    page.locator("[data-company]").hover()
    for at in range(0, 30, 5):
        page.mouse.move(400 + at, 300)
    Scene(scene.server, scene.place, other, scene.token).send(alert("web-01", "Slow", "critical"))
    expect(page.locator("[data-company]")).to_have_count(2)  # at the latest once the hand is away
    scene.ask("POST", f"/api/incidents/{incident_of(scene, 'db-01')['id']}/resolve")
    expect(page.get_by_text("Nothing open now.")).to_be_visible()
    expect(page.locator("[data-company]")).to_have_count(2)


def test_the_wall_has_no_rail_and_is_left_by_escape(scene: Scene, enter: Open) -> None:
    scene.send(alert("db-01", "Disk full", "critical"))
    page = enter(Role.TECHNICIAN, "/board").page
    page.get_by_role("button", name="Wall mode").click()
    page.wait_for_url("**/board?wall=1")
    expect(page.get_by_role("navigation", name="Main", exact=True)).to_be_hidden()
    expect(page.locator("[data-company]")).to_contain_text("Disk full")
    page.keyboard.press("Escape")
    expect(page.get_by_role("navigation", name="Main", exact=True)).to_be_visible()


def test_120_companies_fit_and_none_moves_while_alerts_arrive(scene: Scene, enter: Open) -> None:
    async def made() -> None:
        async with house_of(scene.place) as house:
            for _ in range(120):
                await new_company(house)

    run_apart(made())
    page = enter(Role.MSP_ADMIN, "/board").page
    expect(page.locator("[data-company]").nth(119)).to_be_visible()
    page.set_viewport_size({"width": 1600, "height": 1000})
    over = "(() => { const one = document.querySelector('main > div:last-child');"
    assert page.evaluate(f"{over} return one.scrollHeight - one.clientHeight }})()") <= 0
    before = seats_of(page)
    assert len(before) >= 120
    scene.send(alert("db-01", "Disk full", "critical"), *[alert(f"web-{n}", "Slow") for n in range(9)])
    expect(page.locator("[data-company][data-burns]").first).to_be_visible()
    assert seats_of(page) == before


def test_a_reader_is_told_where_theirs_are(enter: Open) -> None:
    page = enter(Role.READER, "/board").page
    expect(page.get_by_text("You may not see this.")).to_be_visible()
    expect(
        page.get_by_role("navigation", name="Main", exact=True).get_by_role("link", name="Board", exact=True)
    ).to_have_count(0)
