"""A company's settings: rules, brakes, people, silence, each for the roles that may; the way to a first incident."""

import re

from playwright.sync_api import expect

from alertwhisperer.domain.user import Role
from tests.console.conftest import PASSWORD, Open, Scene, alert


def test_rules_are_drafted_refused_at_their_field_and_saved(scene: Scene, enter: Open) -> None:
    page = enter(Role.COMPANY_ADMIN, f"/companies/{scene.company_id}/rules?check=Disk+full").page
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_label("Condition")).to_have_value('signature == "Disk full"')
    expect(dialog).to_contain_text("Alerts that fit the condition with the same check become one incident")
    dialog.get_by_label("Condition").fill("signature ==")
    dialog.get_by_role("button", name="Put it first").click()
    assert scene.ask("GET", f"/api/companies/{scene.company_id}/rules")["version"] == 0
    page.get_by_role("button", name="Save 1 rule as version 1").click()
    expect(dialog.get_by_text("the condition is not CEL")).to_be_visible()
    expect(dialog.get_by_label("Condition")).to_have_attribute("aria-invalid", "true")
    dialog.get_by_label("Condition").fill('signature == "Disk full"')
    dialog.get_by_role("button", name="Take the change").click()
    page.get_by_role("button", name="Save 1 rule as version 1").click()
    expect(page.get_by_text("Version 1.")).to_be_visible()
    [saved] = scene.ask("GET", f"/api/companies/{scene.company_id}/rules")["rules"]
    assert (saved["id"], saved["condition"], saved["group_by"], saved["window_s"]) == (
        *("disk-full", 'signature == "Disk full"'),
        *(["signature"], 3600),
    )


def test_a_change_that_one_has_not_seen_is_not_overwritten(scene: Scene, enter: Open) -> None:
    rules = f"/api/companies/{scene.company_id}/rules"
    one = {"id": "one", "name": "One"}
    scene.ask("PUT", rules, {"rules": [one, {"id": "two", "name": "Two"}]})
    page = enter(Role.COMPANY_ADMIN, f"/companies/{scene.company_id}/rules").page
    page.get_by_role("button", name="Try Two earlier").click()
    scene.ask("PUT", rules, {"rules": [one]})
    page.get_by_role("button", name="Save 2 rules as version 2").click()
    expect(page.get_by_role("alert")).to_contain_text("the rules are at version 2 now")
    assert [rule["id"] for rule in scene.ask("GET", rules)["rules"]] == ["one"]


def test_everything_is_stopped_by_the_typed_name_alone(scene: Scene, enter: Open) -> None:
    brakes = f"/api/companies/{scene.company_id}/brakes"
    page = enter(Role.COMPANY_ADMIN, f"/companies/{scene.company_id}/brakes").page
    page.get_by_role("button", name=f"Stop everything of {scene.company_name}").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Why").fill("A runbook misbehaves.")
    dialog.get_by_label(re.compile("Type")).fill("Acm")
    expect(dialog.get_by_role("button", name=f"Stop {scene.company_name}")).to_be_disabled()
    dialog.get_by_label(re.compile("Type")).fill(scene.company_name)
    dialog.get_by_role("button", name=f"Stop {scene.company_name}").click()
    expect(page.get_by_role("status").filter(has_text="Nothing starts for")).to_contain_text("A runbook misbehaves.")
    assert scene.ask("GET", brakes)["holds"]
    page.get_by_role("button", name=f"Let {scene.company_name} go on").click()
    dialog.get_by_label(re.compile("Type")).fill(scene.company_name)
    dialog.get_by_role("button", name="Let it go on").click()
    expect(page.get_by_text("Acts may start.")).to_be_visible()
    assert not scene.ask("GET", brakes)["holds"]


def test_a_freeze_is_set_and_taken_away(scene: Scene, enter: Open) -> None:
    brakes = f"/api/companies/{scene.company_id}/brakes"
    page = enter(Role.COMPANY_ADMIN, f"/companies/{scene.company_id}/brakes", timezone_id="Europe/Berlin").page
    page.get_by_role("button", name="Add a freeze").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("From").fill("2030-12-20T01:00")
    dialog.get_by_label("To").fill("2030-12-19T01:00")
    expect(dialog.get_by_text("must end after it starts")).to_be_visible()
    dialog.get_by_label("To").fill("2031-01-02T01:00")
    dialog.get_by_label("Why").fill("Closing of the year")
    dialog.get_by_role("button", name="Add it").click()
    expect(page.get_by_role("region", name="Freezes")).to_contain_text("Closing of the year")
    [freeze] = scene.ask("GET", brakes)["freezes"]
    assert (freeze["from"], freeze["to"]) == ("2030-12-20T00:00:00Z", "2031-01-02T00:00:00Z")
    page.get_by_role("button", name="Take Closing of the year away").click()
    expect(page.get_by_role("region", name="Freezes")).to_contain_text("None is in force")
    assert scene.ask("GET", brakes)["freezes"] == []


def test_a_technician_may_stop_and_not_let_go_on(scene: Scene, enter: Open) -> None:
    page = enter(Role.TECHNICIAN, f"/companies/{scene.company_id}/brakes").page
    expect(page.get_by_role("button", name=f"Stop everything of {scene.company_name}")).to_be_visible()
    expect(page.get_by_role("button", name="Add a freeze")).to_have_count(0)
    scene.ask("PUT", f"/api/companies/{scene.company_id}/kill-switch", {"reason": "Wait."})
    page.reload()
    expect(page.get_by_text("A company admin or an MSP admin may let it go on.")).to_be_visible()
    expect(page.get_by_role("button", name=re.compile("go on"))).to_have_count(0)
    page.goto(f"{scene.server.url}/companies/{scene.company_id}/rules")
    expect(page.get_by_text("Same asset and signature")).to_be_visible()
    expect(page.get_by_role("button", name="Add a rule")).to_have_count(0)
    page.goto(f"{scene.server.url}/companies/{scene.company_id}/people")
    expect(page.get_by_role("region", name="Whom to call")).to_be_visible()
    expect(page.get_by_role("region", name="Who may sign in")).to_have_count(0)


def test_somebody_is_invited_and_comes_in_by_the_link(scene: Scene, enter: Open) -> None:
    page = enter(Role.MSP_ADMIN, f"/companies/{scene.company_id}/people").page
    page.get_by_role("button", name="Invite somebody").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("E-mail").fill("new.colleague@example")
    dialog.get_by_role("combobox", name="As").click()
    page.get_by_role("option", name="Reader").click()
    dialog.get_by_role("button", name="Make the invitation").click()
    link = dialog.locator("code")
    expect(link).to_contain_text("/invitation/")
    address = "/" + link.inner_text().split("/", 3)[3]
    page.keyboard.press("Escape")
    row = page.get_by_role("region", name="Who may sign in").get_by_role("row").filter(has_text="new.colleague@example")
    expect(row).to_contain_text("reader")
    page.context.clear_cookies()
    page.goto(scene.server.url + address)
    for box in page.query_selector_all("input[type=password]"):
        box.fill(PASSWORD)
    page.click("form button")
    page.wait_for_url(re.compile("/(board|incidents)"))
    session = page.request.get(f"{scene.server.url}/api/session").json()
    assert [one["id"] for one in session["companies"]] == [str(scene.company_id)]


def test_what_must_be_heard_is_set_and_a_refusal_is_at_its_field(scene: Scene, enter: Open) -> None:
    page = enter(Role.COMPANY_ADMIN, f"/companies/{scene.company_id}/silence").page
    page.get_by_role("button", name=re.compile("Change what is expected")).first.click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("combobox", name="Expected").click()
    page.get_by_role("option", name="what I say").click()
    dialog.get_by_label("At least every").fill("100000")
    dialog.get_by_role("button", name="Save").click()
    expect(dialog.get_by_label("At least every")).to_have_attribute("aria-invalid", "true")
    dialog.get_by_label("At least every").fill("5")
    dialog.get_by_role("button", name="Save").click()
    expect(page.get_by_text("every 5 m, as set")).to_be_visible()
    [check] = scene.ask("GET", f"/api/companies/{scene.company_id}/silence-checks")["items"]
    assert (check["mode"], check["interval_s"]) == ("set", 300)


def test_an_msp_admin_makes_an_exception_for_a_company(scene: Scene, enter: Open) -> None:
    page = enter(Role.MSP_ADMIN, f"/companies/{scene.company_id}/settings").page
    page.get_by_role("button", name="Change approval_minutes").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Value").fill("0")
    dialog.get_by_role("button", name="Save").click()
    expect(dialog.get_by_text("approval_minutes must be")).to_be_visible()
    dialog.get_by_label("Value").fill("30")
    dialog.get_by_role("button", name="Save").click()
    expect(page.get_by_role("row").filter(has_text="approval_minutes")).to_contain_text("its own")


def test_the_way_to_the_first_incident_is_ticked_by_facts(scene: Scene, enter: Open) -> None:
    page = enter(Role.COMPANY_ADMIN, "/board").page
    walk = page.get_by_role("region", name="From nothing to the first incident")
    expect(walk.get_by_role("listitem").filter(has_text="Its first alert")).to_have_attribute("aria-current", "step")
    walk.get_by_role("link", name="see it arrive").click()
    page.wait_for_url(re.compile("/integrations/"))
    expect(page.get_by_text("Waiting for the first alert")).to_be_visible()
    scene.send(alert("db-01", "Disk full"))
    expect(page.get_by_text(re.compile(r"Opened incident \d+"))).to_be_visible()
    page.goto(f"{scene.server.url}/companies/{scene.company_id}/overview")
    expect(walk.get_by_text(", done")).to_have_count(4)
    page.goto(f"{scene.server.url}/board")
    expect(page.get_by_text("Disk full").first).to_be_visible()
    expect(walk).to_have_count(0)
