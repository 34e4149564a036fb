"""One incident's page: what was before, whom to call, and what comes while it is read."""

import re

from playwright.sync_api import expect

from alertwhisperer.domain.user import Role
from tests.console.conftest import Open, Scene, alert
from tests.console.test_accessibility import AXE
from tests.console.test_list import incident_of

_NAMES = """async () => {
  const found = await axe.run(document, {runOnly: {type: 'rule', values: ['label-content-name-mismatch']}});
  return found.violations.flatMap(one => one.nodes.map(node => node.html.slice(0, 200)));
}"""


def test_what_was_before_and_whom_to_call_are_at_hand(scene: Scene, enter: Open) -> None:
    company = f"/api/companies/{scene.company_id}"
    contact = {"name": "Helen Marsh", "role": "practice manager", "phone": "+44 113 4960001", "email": "h@example.org"}
    scene.ask("POST", f"{company}/contacts", contact)
    scene.send(alert("db-01", "Disk full", "critical"))
    page = enter().page
    expect(page.get_by_text("Disk full")).to_be_visible()
    before = incident_of(scene, "db-01")
    scene.ask("POST", f"/api/incidents/{before['id']}/resolve", {"note": "Old logs removed."})
    scene.send({**alert("db-01", "Disk full", "critical"), "status": "resolved"})
    scene.send(alert("web-01", "Disk full", "critical"))
    expect(page.locator("[role=row][data-number]").filter(has_text="web-01")).to_be_visible()
    page.goto(f"{scene.server.url}/incidents/{incident_of(scene, 'web-01')['number']}")
    earlier = page.get_by_role("region", name="Before")
    expect(earlier).to_contain_text(str(before["number"]))
    expect(earlier).to_contain_text("Old logs removed.")
    expect(earlier).to_contain_text("held")
    whom = page.get_by_role("region", name="Whom to call")
    expect(whom.get_by_role("link", name="+44 113 4960001")).to_have_attribute("href", "tel:+441134960001")


def test_what_others_do_is_seen_at_once_and_its_story_soon(scene: Scene, enter: Open) -> None:
    scene.send(alert("db-01", "Disk full", "critical"), alert("web-01", "Slow"))
    page = enter().page
    expect(page.get_by_text("Disk full")).to_be_visible()
    one = incident_of(scene, "db-01")
    page.goto(f"{scene.server.url}/incidents/{one['number']}")
    expect(page.get_by_role("region", name="Timeline")).to_be_visible()
    scene.ask("POST", f"/api/incidents/{one['id']}/snooze", {"until_clear": True, "note": "Vendor is on it."})
    expect(page.locator("header").filter(has_text="Disk full on db-01")).to_contain_text("Snoozed until clear")
    expect(page.get_by_role("region", name="Timeline")).to_contain_text("snoozed it until it is clear")
    expect(page.get_by_role("region", name="Timeline")).to_contain_text("Vendor is on it.")
    page.get_by_role("button", name=re.compile("^Wake")).click()
    expect(page.locator("header").filter(has_text="Disk full on db-01")).to_contain_text("Needs ack")


def test_what_is_read_of_a_control_is_in_its_name(scene: Scene, enter: Open) -> None:
    scene.send(alert("db-01", "Disk full", "critical"), alert("db-01", "Slow", "low"))
    page = enter(Role.MSP_ADMIN).page
    expect(page.get_by_text("Disk full").first).to_be_visible()
    page.goto(f"{scene.server.url}/incidents/{incident_of_first(scene)}")
    expect(page.get_by_role("region", name="What fired, where, when")).to_be_visible()
    page.evaluate(AXE.read_text())
    assert page.evaluate(_NAMES) == []


def incident_of_first(scene: Scene) -> int:
    """The number of a company's first incident."""
    found = scene.ask("GET", f"/api/companies/{scene.company_id}/incidents")["items"]
    return min(int(one["number"]) for one in found)
