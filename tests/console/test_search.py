"""Ctrl-K and the page of what was found: anything by its name or number, within one's rights."""

import re

from playwright.sync_api import expect

from alertwhisperer.domain.user import Role
from tests.console.conftest import Open, Scene, alert
from tests.console.test_list import incident_of


def test_a_number_leads_to_its_incident_by_keys_alone(scene: Scene, enter: Open) -> None:
    scene.send(alert("db-01", "Disk full", "critical"))
    page = enter().page
    expect(page.get_by_text("Disk full")).to_be_visible()
    number = incident_of(scene, "db-01")["number"]
    page.keyboard.press("Control+k")
    page.keyboard.type(str(number))  # at once, before the field has the focus: no letter is lost, none is a key
    found = page.get_by_role("listbox", name="Found").get_by_role("option")
    expect(found.first).to_contain_text(f"{number} Disk full on db-01")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/incidents/{number}")


def test_letters_typed_too_early_are_words_and_no_keys_of_the_page(scene: Scene, enter: Open) -> None:
    scene.send(alert("arm-db-01", "Disk full", "critical"))
    page = enter().page
    expect(page.get_by_text("Disk full")).to_be_visible()
    page.keyboard.press("j")
    page.keyboard.press("Control+k")
    page.keyboard.type("arm-db")
    expect(page.get_by_role("combobox", name="Find")).to_have_value("arm-db")
    expect(page.get_by_role("option").filter(has_text="Disk full on arm-db-01")).to_be_visible()
    assert incident_of(scene, "arm-db-01")["status"] == "open"


def test_all_that_fits_has_a_page_with_kinds_and_keys(scene: Scene, enter: Open) -> None:
    contact = {"name": "Helen Oakfield", "role": "manager", "phone": "+44 113 4960001", "email": "h@example.org"}
    scene.ask("POST", f"/api/companies/{scene.company_id}/contacts", contact)
    scene.send(alert("oakfield-01", "Disk full", "critical"), alert("oakfield-02", "Slow"))
    page = enter().page
    expect(page.get_by_text("Disk full")).to_be_visible()
    page.keyboard.press("Control+k")
    page.keyboard.type("oakfield")
    page.get_by_role("option", name="All that fits “oakfield”").click()
    page.wait_for_url("**/search?q=oakfield")
    kinds = page.get_by_role("group", name="Kinds")
    expect(kinds.get_by_role("button", name="Incidents 2")).to_be_visible()
    kinds.get_by_role("button", name="Contacts 1").click()
    lines = page.get_by_role("list", name="Found").get_by_role("link")
    expect(lines).to_have_count(1)
    expect(lines.first).to_contain_text("Helen Oakfield")
    page.reload()  # the address holds the words and the kind
    expect(lines).to_have_count(1)
    kinds.get_by_role("button", name=re.compile("^All")).click()
    expect(kinds.get_by_role("button", name=re.compile("^All"))).to_have_attribute("aria-pressed", "true")
    page.locator("main h1").click()
    page.keyboard.press("j")
    expect(lines.first).to_be_focused()
    page.keyboard.press("j")
    expect(lines.nth(1)).to_be_focused()


def test_nobody_finds_what_is_another_company_s(scene: Scene, enter: Open) -> None:
    other = scene.other_company()
    Scene(scene.server, scene.place, other, scene.token).send(alert("secret-host", "Foreign fault", "critical"))
    page = enter(Role.TECHNICIAN, "/search?q=secret-host").page
    expect(page.get_by_text("Nothing of yours fits “secret-host”.")).to_be_visible()
    assert "Foreign fault" not in page.content()
