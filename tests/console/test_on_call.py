"""On call in a browser: a schedule is made, its gaps stand in plain sight, a stretch is taken, a swap is agreed to."""

import re
from datetime import UTC, datetime, timedelta

from playwright.sync_api import Page, expect

from alertwhisperer.domain.user import Role
from tests.console.conftest import Open, Scene, Window, alert


def _email(window: Window, scene: Scene) -> str:
    email: str = window.page.request.get(f"{scene.server.url}/api/session").json()["email"]
    return email


def _add(scene: Scene, *people: str, **layer: object) -> str:
    """A daily rotation of the scene's company that begins today at midnight; its id."""
    today = datetime.now(UTC).date().isoformat()
    made = scene.ask(
        "POST",
        "/api/on-call/schedules",
        {
            "name": "Nights",
            "time_zone": "UTC",
            "company_id": str(scene.company_id),
            "layers": [
                {
                    **{"name": "rotation", "people": list(people), "unit": "day", "starts_on": today},
                    **{"hand_over": "00:00", **layer},
                }
            ],
        },
    )
    found: str = made["id"]
    return found


def _choose(page: Page, label: str, option: str) -> None:
    page.get_by_role("combobox", name=label).click()
    page.get_by_role("option", name=option).first.click()


def test_a_schedule_is_made_and_says_who_is_on_call(scene: Scene, enter: Open) -> None:
    kim = _email(enter(Role.TECHNICIAN), scene)
    admin = enter(Role.COMPANY_ADMIN, "/on-call")
    page = admin.page
    expect(page.get_by_text("There is no schedule that you may see.")).to_be_visible()
    page.get_by_role("button", name="Add a schedule").click()
    page.get_by_label("Name").first.fill("Nights")
    _choose(page, "People, in the order of their turns", kim)
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Look at it").click()
    expect(page.get_by_role("complementary", name="What it says")).to_contain_text(kim)
    page.get_by_role("button", name="Add it").click()
    expect(page.get_by_text("No gap in the next 30 days.")).to_be_visible()
    now = page.get_by_role("region", name="On call now")
    expect(now.get_by_role("row", name=re.compile(scene.company_name))).to_contain_text(kim)
    assert admin.complaints == []


def test_gaps_stand_in_plain_sight(scene: Scene, enter: Open) -> None:
    window = enter(Role.TECHNICIAN)
    hours = [{"days": list(range(7)), "from": "08:00", "to": "20:00"}]
    _add(scene, _email(window, scene), hours=hours)
    window.page.goto(f"{scene.server.url}/on-call")
    gaps = window.page.get_by_role("region", name="Gaps")
    expect(gaps).to_contain_text("gaps in the next 30 days: nobody is on call")
    expect(gaps.get_by_role("listitem")).to_have_count(4)


def test_a_stretch_is_taken_and_taken_back(scene: Scene, enter: Open) -> None:
    kim, lee = enter(Role.TECHNICIAN), enter(Role.TECHNICIAN)
    _add(scene, _email(kim, scene))
    page = lee.page
    page.goto(f"{scene.server.url}/on-call")
    page.get_by_role("button", name="Take a stretch").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Why").fill("Kim is at the dentist.")
    dialog.get_by_role("button", name="Take it").click()
    now = page.get_by_role("region", name="On call now")
    expect(now.get_by_role("row", name=re.compile(scene.company_name))).to_contain_text(_email(lee, scene))
    changes = page.get_by_role("region", name="Changes in this time")
    expect(changes).to_contain_text("Kim is at the dentist.")
    changes.get_by_role("button", name=re.compile("Take back")).click()
    expect(now.get_by_role("row", name=re.compile(scene.company_name))).to_contain_text(_email(kim, scene))


def test_a_swap_is_asked_for_and_accepted(scene: Scene, enter: Open) -> None:
    kim, lee = enter(Role.TECHNICIAN), enter(Role.TECHNICIAN)
    schedule = _add(scene, _email(kim, scene), _email(lee, scene))
    page = lee.page
    page.goto(f"{scene.server.url}/on-call")
    page.get_by_role("button", name="Ask for a swap").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("combobox", name="You give").click()
    page.get_by_role("option").first.click()
    dialog.get_by_role("combobox", name="You take").click()
    page.get_by_role("option", name=re.compile(_email(kim, scene))).first.click()
    dialog.get_by_role("button", name="Ask", exact=True).click()
    expect(dialog).to_have_count(0)
    kim.page.goto(f"{scene.server.url}/on-call")
    waits = kim.page.get_by_role("region", name="Waits for your answer")
    waits.get_by_role("button", name="Accept").click()
    expect(waits).to_have_count(0)
    tomorrow = datetime.now(UTC).replace(hour=12) + timedelta(days=1)
    [found] = [
        one
        for one in scene.ask("GET", f"/api/companies/{scene.company_id}/on-call?at={tomorrow:%Y-%m-%dT%H:%M:%SZ}")[
            "schedules"
        ]
        if one["schedule_id"] == schedule
    ]
    assert found["on_call"] == _email(kim, scene)
    assert "a swap of" in found["changes"][0]


def test_an_incident_and_the_hand_over_name_who_is_on_call(scene: Scene, enter: Open) -> None:
    window = enter(Role.TECHNICIAN)
    email = _email(window, scene)
    _add(scene, email)
    scene.send(alert("db-01", "Disk full", "critical"))
    [incident] = scene.ask("GET", f"/api/companies/{scene.company_id}/incidents")["items"]
    window.page.goto(f"{scene.server.url}/incidents/{incident['number']}")
    whom = window.page.get_by_role("region", name="Whom to call")
    expect(whom).to_contain_text(f"{email} is on call now")
    window.page.goto(f"{scene.server.url}/shift")
    expect(window.page.get_by_role("region", name="On call now")).to_contain_text(email)


def test_ones_own_page_has_ones_times_and_a_calendar_address(scene: Scene, enter: Open) -> None:
    window = enter(Role.TECHNICIAN)
    _add(scene, _email(window, scene))
    page = window.page
    page.goto(f"{scene.server.url}/me")
    mine = page.get_by_role("region", name="On call")
    expect(mine).to_contain_text("now")
    mine.get_by_role("button", name="Put them into my calendar").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("button", name="Make an address").click()
    address = dialog.get_by_label("Address").input_value()
    path = "/" + address.split("/", 3)[3]
    assert "BEGIN:VCALENDAR" in page.request.get(scene.server.url + path).text()
    dialog.get_by_role("button", name="Done").click()
    mine.get_by_role("button", name=re.compile("End the address")).click()
    expect(mine.get_by_role("button", name=re.compile("End the address"))).to_have_count(0)
    assert page.request.get(scene.server.url + path).status == 404


def test_a_reader_has_no_on_call(scene: Scene, enter: Open) -> None:
    page = enter(Role.READER, "/on-call").page
    expect(page.get_by_text("You may not see this.")).to_be_visible()
    expect(page.get_by_role("navigation", name="Main", exact=True).get_by_text("On call")).to_have_count(0)


def test_it_works_on_a_phone(scene: Scene, enter: Open) -> None:
    window = enter()
    _add(scene, _email(window, scene))
    window.page.set_viewport_size({"width": 390, "height": 844})
    window.page.goto(f"{scene.server.url}/on-call")
    calendar = window.page.get_by_role("region", name="Calendar")
    calendar.get_by_role("listitem").first.get_by_role("button").click()
    expect(window.page.get_by_role("dialog")).to_contain_text("Take a stretch")
    width = window.page.evaluate("document.documentElement.scrollWidth")
    assert width <= 390
