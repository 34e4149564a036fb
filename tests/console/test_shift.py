"""A shift is handed over: what is open builds the page by itself, and moves when the other accepts."""

import re

from playwright.sync_api import expect

from alertwhisperer.domain.user import Role
from tests.console.conftest import Open, Scene, Window, alert


def _email(window: Window, scene: Scene) -> str:
    email: str = window.page.request.get(f"{scene.server.url}/api/session").json()["email"]
    return email


def test_incidents_are_offered_and_taken_over(scene: Scene, enter: Open) -> None:
    scene.send(alert("db-01", "Disk full", "critical"), alert("web-01", "Slow"), alert("web-02", "Hot", "low"))
    giver, receiver = enter(Role.TECHNICIAN, "/shift?whose=mine"), enter(Role.TECHNICIAN, "/shift")
    first, second = _email(giver, scene), _email(receiver, scene)
    of = {one["title"]: one for one in scene.ask("GET", f"/api/companies/{scene.company_id}/incidents")["items"]}
    for title, one in of.items():
        if "Hot" not in title:
            scene.ask("POST", f"/api/incidents/{one['id']}/assign", {"assignee": first})
    page = giver.page
    expect(page.get_by_role("region", name="Needs acknowledgement").get_by_role("listitem")).to_have_count(2)
    page.get_by_role("button", name="Hand over").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("combobox", name="To").fill(second)
    page.get_by_role("option", name=second).click()
    dialog.get_by_label("What they should know").fill("The vendor calls back at ten.")
    dialog.get_by_role("checkbox", name=re.compile("Slow")).uncheck()
    dialog.get_by_role("button", name="Offer 1 incident").click()
    expect(dialog).to_contain_text("1 incident waits for")
    dialog.get_by_role("button", name="Close").last.click()
    expect(page.get_by_role("region", name="Offered by you")).to_contain_text("who has not accepted yet")
    receiver.page.reload()
    offer = receiver.page.get_by_role("region", name="Offered to you")
    expect(offer).to_contain_text("The vendor calls back at ten.")
    offer.get_by_role("button", name="Show them").click()
    expect(offer.get_by_role("listitem")).to_have_count(1)
    offer.get_by_role("button", name="Take it over").click()
    expect(receiver.page.get_by_text("1 incident is yours now.")).to_be_visible()
    expect(offer).to_have_count(0)
    owners = {
        one["title"]: one["assignee"]
        for one in scene.ask("GET", f"/api/companies/{scene.company_id}/incidents")["items"]
    }
    assert [owners[title] for title in of if "Disk full" in title] == [second]
    assert [owners[title] for title in of if "Slow" in title] == [first]


def test_the_page_follows_what_happens_and_promises_are_kept(scene: Scene, enter: Open) -> None:
    page = enter(Role.TECHNICIAN, "/shift").page
    expect(page.get_by_text("Nothing waits for somebody to take it.")).to_be_visible()
    expect(page.get_by_text("Nothing is promised to a client.")).to_be_visible()
    page.evaluate("window.stayed = true")
    scene.send(alert("db-01", "Disk full", "critical"))
    page.get_by_role("button", name="Promise something about").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("What was promised").fill("A call with news")
    dialog.get_by_label("By when").fill("2020-01-01T00:00")
    dialog.get_by_role("button", name="Record it").click()
    expect(dialog.get_by_label("By when")).to_have_attribute("aria-invalid", "true")
    dialog.get_by_label("By when").fill(page.evaluate("new Date(Date.now() + 7.2e6).toISOString().slice(0, 16)"))
    dialog.get_by_role("button", name="Record it").click()
    promises = page.get_by_role("region", name="Promises")
    expect(promises).to_contain_text("A call with news")
    promises.get_by_role("button", name="Kept: A call with news").click()
    expect(promises).to_contain_text("Nothing is promised to a client.")
    assert page.evaluate("window.stayed")
    [kept] = scene.ask("GET", f"/api/companies/{scene.company_id}/promises")["items"]
    assert kept["state"] == "kept"


def test_a_reader_has_no_hand_over(scene: Scene, enter: Open) -> None:
    page = enter(Role.READER, "/shift").page
    expect(page.get_by_text("You may not see this.")).to_be_visible()
    expect(page.get_by_role("navigation", name="Main", exact=True).get_by_text("Hand-over")).to_have_count(0)
