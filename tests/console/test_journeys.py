"""What people do at the console, in a real browser before a real server."""

import re
from pathlib import Path

from playwright.sync_api import expect
from pypdf import PdfReader

from alertwhisperer.domain.user import Role
from tests.console.conftest import PASSWORD, Open, Scene, alert


def test_a_storm_appears_without_a_reload(scene: Scene, enter: Open) -> None:
    page = enter().page
    expect(page.get_by_text("Nothing open.")).to_be_visible()
    page.evaluate("window.stayed = true")
    scene.send(*[alert("db-01", "Disk full", "critical")] * 5, alert("web-01", "Slow"))
    rows = page.get_by_role("grid").get_by_role("row").filter(has=page.get_by_role("img"))
    expect(rows).to_have_count(2)
    expect(rows.first).to_contain_text("Disk full")
    expect(rows.first).to_contain_text("5 → 1")
    assert page.evaluate("window.stayed")


def test_by_keys_alone_one_is_opened_read_taken_and_ended(scene: Scene, enter: Open) -> None:
    scene.send(alert("db-01", "Disk full", "critical"), alert("web-01", "Slow", "low"))
    page = enter().page
    expect(page.get_by_text("Disk full")).to_be_visible()
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"/incidents/\d+$"))
    expect(page.get_by_role("region", name="Why these belong together")).to_contain_text("opened it")
    page.keyboard.press("a")
    expect(page.locator("header")).to_contain_text(["Acknowledged after"])
    page.keyboard.press("c")
    page.keyboard.type("Old logs.")
    page.keyboard.press("Control+Enter")
    expect(page.get_by_role("region", name="Timeline")).to_contain_text("Old logs.")
    page.keyboard.press("Escape")
    page.keyboard.press("r")
    expect(page.get_by_role("dialog").get_by_role("textbox")).to_be_focused()
    page.keyboard.type("Rotated the logs.")
    page.keyboard.press("Enter")
    expect(page.get_by_role("region", name="Timeline")).to_contain_text("Rotated the logs.")
    [over] = [
        one
        for one in scene.ask("GET", f"/api/companies/{scene.company_id}/incidents")["items"]
        if one["severity"] == "critical"
    ]
    assert (over["status"], over["acknowledged_by"]) == ("resolved", over["resolved_by"])


def test_two_are_merged_and_split_again(scene: Scene, enter: Open) -> None:
    scene.send(alert("db-01", "Disk full", "critical"), alert("web-01", "Slow"))
    page = enter().page
    rows = page.locator("[role=row][data-number]")
    expect(rows).to_have_count(2)
    for key in ("j", "x", "j", "x", "m"):
        page.keyboard.press(key)
    expect(page.get_by_role("dialog")).to_contain_text("Afterwards")
    page.get_by_role("dialog").get_by_role("button", name="Merge", exact=True).click()
    page.keyboard.press("Escape")
    expect(rows.locator("visible=true").filter(has_text="2 → 2")).to_have_count(1)
    page.goto(f"{scene.server.url}/incidents")
    expect(rows).to_have_count(1)
    rows.first.click()
    page.get_by_role("button", name="Split", exact=True).click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("checkbox").last.check()
    dialog.get_by_role("button", name="Split off 1").click()
    expect(page.get_by_role("region", name="Why these belong together")).to_contain_text("a person split it off")
    page.goto(f"{scene.server.url}/incidents")
    expect(rows).to_have_count(2)


def test_a_tool_is_connected_and_its_first_alert_seen(scene: Scene, enter: Open) -> None:
    page = enter(Role.COMPANY_ADMIN, f"/companies/{scene.company_id}/integrations").page
    page.get_by_role("button", name="Connect a tool").click()
    page.get_by_placeholder(re.compile("Zabbix")).fill("Generic")
    page.get_by_role("option", name=re.compile("Generic")).first.click()
    page.get_by_label("Name").fill("Our RMM")
    page.get_by_role("button", name="Make its key").click()
    expect(page.get_by_text("Shown this once. Copy it now.")).to_be_visible()
    expect(page.get_by_text("Waiting for the first alert")).to_be_visible()
    key = page.locator("code", has_text=re.compile("^awk_")).first.inner_text()
    page.request.post(
        scene.server.url + "/api/webhooks/generic", headers={"X-API-Key": key}, data=alert("web-01", "It works", "low")
    )
    expect(page.get_by_text("A request came, the key is right")).to_be_visible()
    expect(page.get_by_text("It works on web-01")).to_be_visible()
    expect(page.get_by_text(re.compile(r"Opened incident \d+"))).to_be_visible()
    page.reload()
    expect(page.get_by_text("cannot be shown again")).to_be_visible()
    assert key not in page.content()


def test_figures_are_those_of_the_api(scene: Scene, enter: Open) -> None:
    scene.send(*[alert("db-01", "Disk full", "critical")] * 8, alert("web-01", "Slow"), alert("web-02", "Slow"))
    page = enter(Role.TECHNICIAN, "/dashboard?range=24h").page
    figures = scene.ask("GET", f"/api/companies/{scene.company_id}/kpis")
    expect(page.get_by_role("region", name="Noise reduction")).to_contain_text(f"{figures['noise_reduction_pct']:.1f}")
    expect(page.get_by_role("region", name="SLA met")).to_contain_text("not measured yet")
    expect(page.get_by_role("region", name="Where alerts went")).to_contain_text(
        f"Where {figures['total_alerts']} alerts went"
    )


def test_a_report_is_made_downloaded_and_opens(scene: Scene, enter: Open, tmp_path: Path) -> None:
    scene.send(alert("db-01", "Disk full", "critical"))
    page = enter(Role.TECHNICIAN, "/reports").page
    page.get_by_role("button", name="Make a report").click()
    link = page.get_by_role("link", name=re.compile("Download"))
    expect(link).to_be_visible(timeout=30_000)
    with page.expect_download() as coming:
        link.click()
    file = tmp_path / "report.pdf"
    coming.value.save_as(file)
    pages = PdfReader(file).pages
    assert scene.company_name in "".join(page.extract_text() for page in pages)


def test_what_the_role_may_not_do_is_not_there(scene: Scene, enter: Open) -> None:
    scene.send(alert("db-01", "Disk full", "critical"))
    page = enter(Role.READER).page
    expect(page.get_by_text("Disk full")).to_be_visible()
    page.keyboard.press("j")
    page.keyboard.press("a")
    page.keyboard.press("Enter")
    expect(page.get_by_role("region", name="Timeline")).to_be_visible()
    for name in ("Acknowledge", "Resolve", "Assign", "Merge", "Split", "Write"):
        expect(page.get_by_role("button", name=name, exact=True)).to_have_count(0)
    page.goto(f"{scene.server.url}/companies/{scene.company_id}/integrations")
    expect(page.get_by_role("button", name="Connect a tool")).to_have_count(0)
    page.goto(f"{scene.server.url}/audit")
    expect(page.get_by_text("You may not see this.")).to_be_visible()


def test_one_company_s_page_never_shows_another_s(scene: Scene, enter: Open) -> None:
    other = scene.other_company()
    Scene(scene.server, scene.place, other, scene.token).send(alert("secret-host", "Foreign fault", "critical"))
    scene.send(alert("db-01", "Disk full", "critical"))
    window = enter()
    answers: list[str] = []
    window.page.on("response", lambda one: answers.append(one.text()) if "/api/" in one.url and one.ok else None)
    for path in ("/board", "/incidents?state=all", "/alerts", "/dashboard", f"/incidents?company={other.company_id}"):
        window.page.goto(scene.server.url + path)
        window.page.wait_for_load_state("networkidle")
        assert "Foreign fault" not in window.page.content()
    assert answers
    assert not [one for one in answers if "secret-host" in one or "Foreign fault" in one]
    window.page.goto(f"{scene.server.url}/companies/{other.company_id}/overview")
    expect(window.page.get_by_text("You may not see this.")).to_be_visible()


def test_at_a_phone_one_is_taken_in_two_taps(scene: Scene, enter: Open) -> None:
    scene.send(alert("db-01", "Disk full", "critical"))
    window = enter(Role.TECHNICIAN, "/incidents", has_touch=True, is_mobile=True)
    page = window.page
    page.set_viewport_size({"width": 390, "height": 844})
    page.locator("[role=row][data-number]").first.tap()
    button = page.locator("main").get_by_role("button", name="Acknowledge", exact=True).locator("visible=true")
    box = button.bounding_box()
    assert box is not None
    assert box["height"] >= 56
    assert box["y"] > 844 / 2  # in the thumb's reach
    button.tap()
    expect(page.locator("header")).to_contain_text(["Acknowledged after"])
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_who_owes_a_password_of_their_own_is_led_there_first(scene: Scene, enter: Open) -> None:
    page = enter().page
    email = page.request.get(f"{scene.server.url}/api/session").json()["email"]
    scene.let_owe_a_password(email)
    page.goto(f"{scene.server.url}/incidents")
    page.wait_for_url("**/account")
    expect(page.get_by_text("Choose one of your own")).to_be_visible()
    own = "five other words nobody knows"
    for name, text in (("password", PASSWORD), ("new_password", own), ("again", own)):
        page.locator(f"input[name={name}]").first.fill(text)
    page.locator("form[action='/account/password'] button").click()
    page.wait_for_url("**/board")  # it was on its way to the console, and is there now
