"""Reports by the clock, and the figures from before that they compare with."""

from playwright.sync_api import expect

from alertwhisperer.domain.user import Role
from tests.console.conftest import Open, Scene


def test_reports_are_made_by_the_clock_until_the_schedule_is_removed(scene: Scene, enter: Open) -> None:
    schedules = f"/api/companies/{scene.company_id}/report-schedules"
    page = enter(Role.TECHNICIAN, "/reports?tab=schedules").page
    page.get_by_role("button", name="Add a schedule").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Name").fill("For the board")
    dialog.get_by_role("combobox", name="Every").click()
    page.get_by_role("option", name="week").click()
    dialog.get_by_role("combobox", name="On").click()
    page.get_by_role("option", name="Monday").click()
    dialog.get_by_role("checkbox", name="XLSX").check()
    dialog.get_by_role("button", name="Add it").click()
    expect(page.get_by_role("row").filter(has_text="For the board")).to_contain_text("every Monday at 06:00")
    [made] = scene.ask("GET", schedules)["items"]
    assert (made["every"], made["day"], made["hour"], made["formats"]) == ("week", 1, 6, ["pdf", "xlsx"])
    page.get_by_role("button", name="Remove For the board").click()
    expect(page.get_by_text("No schedule yet.")).to_be_visible()
    assert scene.ask("GET", schedules)["items"] == []


def test_the_figures_from_before_are_typed_in_with_what_they_are_of(scene: Scene, enter: Open) -> None:
    page = enter(Role.COMPANY_ADMIN, "/reports?tab=baseline", timezone_id="UTC").page
    page.get_by_role("button", name="Set it").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("combobox", name="They are").click()
    page.get_by_role("option", name="typed in").click()
    dialog.get_by_label("Of the time from").fill("2026-01-01T00:00")
    dialog.get_by_label("until").fill("2026-02-01T00:00")
    dialog.get_by_label("Mean time to resolve").fill("95.5")
    expect(dialog.get_by_role("button", name="Set it")).to_be_disabled()  # without a sample there is no comparison
    dialog.get_by_label("Of how many alerts").fill("4200")
    dialog.get_by_label("and incidents").fill("310")
    dialog.get_by_role("button", name="Set it").click()
    expect(page.get_by_text("4,200 alerts, 310 incidents")).to_be_visible()
    expect(page.get_by_role("row").filter(has_text="Mean time to acknowledge")).to_contain_text("not measured")
    set_now = scene.ask("GET", f"/api/companies/{scene.company_id}/baseline")
    assert set_now["figures"] == {"mttr_minutes": 95.5}
    assert set_now["sample"] == {"alerts": 4200, "incidents": 310}


def test_a_technician_reads_the_baseline_and_does_not_set_it(scene: Scene, enter: Open) -> None:
    page = enter(Role.TECHNICIAN, "/reports?tab=baseline").page
    expect(page.get_by_text("Nothing to compare with yet.")).to_be_visible()
    expect(page.get_by_role("button", name="Set it")).to_have_count(0)
