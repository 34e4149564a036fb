"""The list of incidents: what is live in it keeps still under a person's hand, and every act can be taken back."""

import json
import re
from typing import Any

from playwright.sync_api import Page, Request, WebSocketRoute, expect

from alertwhisperer.domain.user import Role
from tests.console.conftest import Open, Scene, alert


def row_of(page: Page, words: str) -> Any:
    """The row of the list that has these words."""
    return page.locator("[role=row][data-number]").filter(has_text=words)


def asked_of(page: Page) -> list[str]:
    """Where the page asks from now on, method first."""
    asked: list[str] = []

    def note(request: Request) -> None:
        asked.append(f"{request.method} {request.url.split('/', 3)[3]}")

    page.on("request", note)
    return asked


def lists(asked: list[str]) -> list[str]:
    """Of these, questions for rows of the list."""
    return [one for one in asked if re.match(r"GET api/(companies/[^/]+/)?incidents\?", one)]


def incident_of(scene: Scene, asset: str) -> Any:
    """A company's one incident of an asset, as the API has it."""
    found = scene.ask("GET", f"/api/companies/{scene.company_id}/incidents?status=open&status=acknowledged")["items"]
    [one] = [one for one in found if one["assets"] == [asset]]
    return one


def test_rows_come_by_the_line_and_are_not_asked_for(scene: Scene, enter: Open) -> None:
    scene.send(alert("db-01", "Disk full", "critical"))
    page = enter().page
    expect(row_of(page, "Disk full")).to_contain_text("1 → 1")
    expect(page.locator("nav [data-word=live]")).to_be_visible()
    page.wait_for_load_state("networkidle")
    asked = asked_of(page)
    scene.send(*[alert("db-01", "Disk full", "critical")] * 3, alert("web-01", "Slow"))
    expect(row_of(page, "Disk full")).to_contain_text("4 → 1")
    expect(row_of(page, "Slow")).to_be_visible()
    assert lists(asked) == []


def test_a_line_that_says_only_which_things_changed_makes_the_page_ask(scene: Scene, enter: Open) -> None:
    def without_rows(line: WebSocketRoute) -> None:
        server = line.connect_to_server()

        def told(message: str | bytes) -> None:
            said = json.loads(message)
            for change in said.get("changes", []):
                change["rows"] = None
            line.send(json.dumps(said))

        server.on_message(told)

    page = enter(Role.TECHNICIAN, "/board").page
    page.route_web_socket(re.compile("/api/live"), without_rows)
    page.goto(f"{scene.server.url}/incidents")
    expect(page.locator("nav [data-word=live]")).to_be_visible()
    page.wait_for_load_state("networkidle")
    asked = asked_of(page)
    scene.send(alert("db-01", "Disk full", "critical"))
    expect(row_of(page, "Disk full")).to_be_visible()
    assert lists(asked) != []


def test_nothing_moves_under_the_cursor_and_new_ones_wait_until_asked_for(scene: Scene, enter: Open) -> None:
    scene.send(alert("db-01", "Disk full"), alert("web-01", "Slow"))
    page = enter().page
    rows = page.locator("[role=row][data-number]")
    expect(rows).to_have_count(2)
    page.keyboard.press("j")
    scene.ask("POST", f"/api/incidents/{incident_of(scene, 'db-01')['id']}/acknowledge")
    expect(rows.first).to_contain_text("Acknowledged")
    expect(rows.first).to_contain_text("Disk full")
    scene.ask("POST", f"/api/incidents/{incident_of(scene, 'web-01')['id']}/resolve")
    expect(rows.nth(1)).to_have_attribute("data-left", "true")
    scene.send(alert("fw-01", "Site unreachable", "critical"))
    expect(page.get_by_role("button", name="1 new, 1 critical: show")).to_be_visible()
    expect(rows).to_have_count(2)
    page.keyboard.press("n")
    expect(rows.first).to_contain_text("Site unreachable")
    expect(rows).to_have_count(2)
    expect(rows.nth(1)).to_contain_text("Disk full")
    expect(page.get_by_role("row", name=re.compile("^Being worked"))).to_be_visible()


def test_one_is_snoozed_by_key_taken_back_and_snoozed_until_it_is_clear(scene: Scene, enter: Open) -> None:
    scene.send(alert("db-01", "Disk full", "critical"))
    page = enter().page
    expect(row_of(page, "Disk full")).to_be_visible()
    page.keyboard.press("j")
    page.keyboard.press("z")
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("radio", name=re.compile("for an hour"))).to_be_focused()
    page.keyboard.press("Enter")
    expect(row_of(page, "Disk full")).to_contain_text(re.compile(r"Snoozed to \d\d:\d\d"))
    assert incident_of(scene, "db-01")["snoozed_until"] is not None
    page.keyboard.press("u")
    expect(row_of(page, "Disk full")).to_contain_text("Needs ack")
    assert incident_of(scene, "db-01")["snoozed_by"] is None
    page.keyboard.press("z")
    dialog.get_by_role("radio", name="until it is clear").check()
    dialog.get_by_role("button", name="Snooze", exact=True).click()
    expect(row_of(page, "Disk full")).to_contain_text("Snoozed until clear")
    page.reload()
    expect(page.get_by_role("row", name=re.compile("^Waiting 1"))).to_be_visible()
    page.keyboard.press("j")
    page.keyboard.press("z")
    expect(row_of(page, "Disk full")).to_contain_text("Needs ack")


def test_many_are_taken_in_one_request_and_given_back_in_one(scene: Scene, enter: Open) -> None:
    scene.send(*[alert(f"web-{n:02d}", f"Fault {n}") for n in range(5)])
    page = enter().page
    rows = page.locator("[role=row][data-number]")
    expect(rows).to_have_count(5)
    page.keyboard.press("j")
    page.keyboard.press("x")
    for _ in range(3):
        page.keyboard.press("j")
    page.keyboard.press("Shift+X")
    bar = page.get_by_role("toolbar", name="What to do with the selected")
    expect(bar).to_contain_text("4 selected")
    asked = asked_of(page)
    bar.get_by_role("button", name="Acknowledge").click()
    expect(rows.filter(has_text="Acknowledged")).to_have_count(4)
    news = page.get_by_role("alert").filter(has_text="4 incidents")
    news.get_by_role("button", name="Undo").click()
    expect(rows.filter(has_text="Needs ack")).to_have_count(5)
    assert [one for one in asked if one.startswith("POST")] == ["POST api/incidents/bulk"] * 2
    found = scene.ask("GET", f"/api/companies/{scene.company_id}/incidents")["items"]
    assert {one["status"] for one in found} == {"open"}


def test_what_could_not_be_done_to_some_of_many_is_said(scene: Scene, enter: Open) -> None:
    scene.send(alert("db-01", "Disk full"), alert("web-01", "Slow"))
    page = enter().page
    rows = page.locator("[role=row][data-number]")
    expect(rows).to_have_count(2)
    for key in ("j", "x", "j", "x"):
        page.keyboard.press(key)
    # Over meanwhile, and told to nobody's hand: it stands there dimmed, and is still selected.
    scene.ask("POST", f"/api/incidents/{incident_of(scene, 'db-01')['id']}/resolve")
    expect(rows.first).to_have_attribute("data-left", "true")
    page.keyboard.press("a")
    expect(page.get_by_role("alert").filter(has_text="1 not done")).to_be_visible()
    expect(row_of(page, "Slow")).to_contain_text("Acknowledged")


def test_the_last_hour_of_a_row_is_drawn_and_goes_on(scene: Scene, enter: Open) -> None:
    scene.send(*[alert("db-01", "Disk full", "critical")] * 4)
    page = enter().page
    expect(page.get_by_role("img", name="4 in the last hour")).to_be_visible()
    scene.send(*[alert("db-01", "Disk full", "critical")] * 2)
    expect(page.get_by_role("img", name="6 in the last hour")).to_be_visible()


def test_a_filter_that_hides_all_says_which_one(scene: Scene, enter: Open) -> None:
    scene.send(alert("db-01", "Disk full", "critical"))
    page = enter(Role.TECHNICIAN, "/incidents?severity=low").page
    expect(page.get_by_text("No incident fits this filter.")).to_be_visible()
    page.get_by_role("link", name="1", exact=True).click()
    expect(row_of(page, "Disk full")).to_be_visible()


def test_a_view_is_saved_renamed_moved_and_removed(scene: Scene, enter: Open) -> None:
    scene.send(alert("db-01", "Disk full", "critical"), alert("web-01", "Slow"))
    page = enter(Role.TECHNICIAN, "/incidents?severity=critical").page
    tabs = page.get_by_role("navigation", name="Views of Incidents")
    expect(page.locator("[role=row][data-number]")).to_have_count(1)  # the page has settled
    for name in ("Burning", "Second"):
        page.get_by_role("button", name=re.compile("^(Save view|View)$")).click()
        if name == "Second":
            page.get_by_role("menuitem", name="Save as another view").click()
        page.get_by_role("textbox", name="Name").fill(name)
        page.get_by_role("button", name="Save", exact=True).click()
        expect(tabs.get_by_role("link", name=name)).to_have_attribute("aria-current", "page")
    page.get_by_role("button", name="View", exact=True).click()
    page.get_by_role("menuitem", name="Move to the left").click()
    expect(tabs.get_by_role("link").last).to_have_text("Burning")
    page.get_by_role("button", name="View", exact=True).click()
    page.get_by_role("menuitem", name="Rename or share").click()
    expect(page.get_by_text("An administrator may share views with others.")).to_be_visible()
    page.get_by_role("textbox", name="Name").fill("Nightly")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(tabs.get_by_role("link", name="Nightly")).to_be_visible()
    page.goto(f"{scene.server.url}/incidents")
    tabs.get_by_role("link", name="Nightly").click()
    expect(page.locator("[role=row][data-number]")).to_have_count(1)
    page.get_by_role("button", name="View", exact=True).click()
    page.get_by_role("menuitem", name="Remove the view").click()
    expect(tabs.get_by_role("link", name="Nightly")).to_have_count(0)
    page.keyboard.press("u")
    expect(tabs.get_by_role("link", name="Nightly")).to_be_visible()


def test_a_view_that_an_admin_shares_is_found_by_the_company_s_people_alone(scene: Scene, enter: Open) -> None:
    page = enter(Role.COMPANY_ADMIN, "/incidents?severity=critical").page
    page.get_by_role("button", name="Save view").click()
    page.get_by_role("textbox", name="Name").fill("Of this company")
    page.get_by_role("combobox", name="For").click()
    page.get_by_role("option", name=re.compile("^everybody of")).click()
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_role("link", name="Of this company")).to_be_visible()
    theirs = enter(Role.TECHNICIAN).page
    theirs.get_by_role("link", name="Of this company").click()
    expect(theirs.get_by_role("button", name="Save view")).to_be_visible()  # not one to change
    foreign = enter(Role.TECHNICIAN, "/incidents", scene.other_company().company_id).page
    expect(foreign.get_by_role("link", name="Unowned")).to_be_visible()
    foreign.wait_for_load_state("networkidle")
    expect(foreign.get_by_role("link", name="Of this company")).to_have_count(0)


def test_a_long_group_is_fetched_as_one_scrolls_and_says_how_long_it_is(scene: Scene, enter: Open) -> None:
    scene.send(*[alert(f"web-{n:03d}", "Slow", "low") for n in range(130)], alert("db-01", "Disk full", "critical"))
    page = enter().page
    head = page.get_by_role("row", name=re.compile("^Needs acknowledgement"))
    expect(head).to_contain_text("131")
    expect(page.locator("[role=row][data-number]").first).to_contain_text("Disk full")  # the worst, though the newest
    page.get_by_role("grid").evaluate("one => one.scrollTo(0, 80 * 28)")
    expect(page.get_by_role("row", name=re.compile("more as you scroll"))).to_have_count(0)
    page.get_by_role("grid").evaluate("one => one.scrollTo(0, 1e6)")
    expect(row_of(page, "web-129")).to_be_visible()


def test_whoever_comes_back_from_one_goes_on_from_there(scene: Scene, enter: Open) -> None:
    scene.send(alert("db-01", "Disk full", "critical"), alert("web-01", "Slow"), alert("web-02", "Slow", "low"))
    page = enter().page
    expect(page.locator("[role=row][data-number]")).to_have_count(3)
    for key in ("j", "j", "Enter"):
        page.keyboard.press(key)
    page.wait_for_url(re.compile(r"/incidents/\d+$"))
    expect(page.get_by_role("region", name="Timeline")).to_be_visible()
    page.keyboard.press("Escape")
    expect(row_of(page, "web-01")).to_have_attribute("data-here", "true")
    page.keyboard.press("j")
    expect(row_of(page, "web-02")).to_have_attribute("data-here", "true")
