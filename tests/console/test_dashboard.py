"""The dashboard: figures of all companies together and of each, which follow what comes and open their rows."""

import re
from urllib.parse import parse_qs, urlsplit

from playwright.sync_api import expect

from alertwhisperer.domain.user import Role
from tests.console.conftest import Open, Scene, alert


def test_figures_follow_what_comes_without_a_reload(scene: Scene, enter: Open) -> None:
    page = enter(Role.TECHNICIAN, "/dashboard").page
    noise = page.get_by_role("region", name="Noise reduction")
    expect(noise).to_contain_text("not measured yet")
    expect(noise).to_contain_text("No alert was received in this time")
    page.evaluate("window.stayed = true")
    scene.send(*[alert("db-01", "Disk full", "critical")] * 4)
    expect(noise).to_contain_text("75.0")
    expect(noise).to_contain_text("No critical suppressed; no group was split")
    expect(page.get_by_role("region", name="Open now").get_by_role("listitem").first).to_contain_text("Critical1")
    assert page.evaluate("window.stayed")


def test_a_figure_says_what_it_means_and_opens_its_rows(scene: Scene, enter: Open) -> None:
    scene.send(*[alert("db-01", "Disk full")] * 3, alert("web-01", "Slow"))
    [older, newer] = scene.ask("GET", f"/api/companies/{scene.company_id}/incidents")["items"]
    scene.ask("POST", f"/api/incidents/{older['id']}/acknowledge")
    page = enter(Role.TECHNICIAN, "/dashboard?range=24h").page
    page.get_by_role("button", name="What Time to acknowledge means").click()
    expect(page.get_by_text("mean of acknowledged_at - opened_at")).to_be_visible()
    page.keyboard.press("Escape")
    page.get_by_role("region", name="Time to acknowledge").get_by_role("link").first.click()
    page.wait_for_url(re.compile("/incidents"))
    asked = {name: value for name, [value] in parse_qs(urlsplit(page.url).query).items()}
    [found] = scene.ask(
        "GET",
        f"/api/companies/{scene.company_id}/incidents?acknowledged_from={asked['acknowledged_from']}"
        f"&acknowledged_to={asked['acknowledged_to']}",
    )["items"]
    assert (found["id"], asked["state"]) == (older["id"], "all")
    assert newer["id"] != older["id"]


def test_all_companies_are_summed_and_listed_for_whoever_serves_several(scene: Scene, enter: Open) -> None:
    other = scene.other_company()
    scene.send(*[alert("db-01", "Disk full")] * 2)
    page = enter(Role.TECHNICIAN, "/dashboard", scene.company_id, other.company_id).page
    each = page.get_by_role("region", name="Each company").get_by_role("row")
    expect(each).to_have_count(3)
    expect(each.filter(has_text="50.0 %")).to_have_count(1)  # the other has nothing to measure
    expect(each.filter(has_text="not measured")).to_have_count(2)
    expect(page.get_by_role("region", name="Noise reduction")).to_contain_text("50.0")
    each.filter(has_text="50.0 %").get_by_role("link").first.click()
    page.wait_for_url(re.compile(f"company={scene.company_id}"))
    expect(page.get_by_role("region", name="Each company")).to_have_count(0)
