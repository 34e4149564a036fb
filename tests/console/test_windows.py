"""Maintenance windows in the console: looked at before, made, seen to hide, extended, ended, and their rows opened."""

import re
from datetime import UTC, datetime, timedelta

from playwright.sync_api import expect

from alertwhisperer.domain.user import Role
from tests.console.conftest import Open, Scene, alert


def furnish(scene: Scene, *names: str) -> list[str]:
    """Assets of the company."""
    return [scene.ask("POST", f"/api/companies/{scene.company_id}/assets", {"name": name})["id"] for name in names]


def test_a_window_is_looked_at_made_and_ended(scene: Scene, enter: Open) -> None:
    path = f"/api/companies/{scene.company_id}"
    furnish(scene, "web-01", "web-02")
    scene.send(alert("web-01", "HostDown", "critical"), alert("web-01", "Disk full"))
    scene.send(*(alert("web-01", name, status="resolved") for name in ("HostDown", "Disk full")))
    page = enter(Role.COMPANY_ADMIN, f"/companies/{scene.company_id}/windows").page
    expect(page.get_by_text("No maintenance window yet.")).to_be_visible()
    page.get_by_role("button", name="Add a window").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Name").fill("Patch night")
    dialog.get_by_label("Why alerts are expected").fill("Servers restart.")
    hour_ago = datetime.now(UTC) - timedelta(hours=1)
    dialog.get_by_label("From").fill(f"{hour_ago:%Y-%m-%dT%H:%M}")
    dialog.get_by_role("combobox", name="Assets").click()
    page.get_by_role("option", name="web-01").click()
    page.keyboard.press("Escape")
    dialog.get_by_role("button", name="What would it have hidden?").click()
    seen = dialog.get_by_role("status", name="What it would have hidden")
    expect(seen).to_contain_text("2 alerts and 2 incidents")
    expect(seen.get_by_role("listitem").first).to_contain_text("HostDown")
    assert scene.ask("GET", f"{path}/windows")["items"] == []
    dialog.get_by_role("button", name="Add it").click()
    expect(dialog).to_be_hidden()
    one = page.get_by_role("listitem").filter(has_text="Patch night")
    expect(one).to_contain_text("web-01")

    scene.send(alert("web-01", "Memory", "critical"), alert("web-02", "Memory"))
    assert [each["title"] for each in scene.ask("GET", f"{path}/incidents?status=open")["items"]] == [
        "Memory on web-02"
    ]
    one.get_by_role("button", name="End Patch night").click()
    dialog.get_by_role("button", name="End it now").click()
    expect(page.get_by_text("ended by")).to_be_visible()
    page.goto(f"{scene.server.url}/suppressed?company={scene.company_id}")
    row = page.get_by_role("row").filter(has_text="Memory")
    expect(row).to_contain_text("web-01")
    page.get_by_role("link", name="Memory").click()
    expect(page.get_by_text(re.compile("maintenance window held it back"))).to_be_visible()


def test_a_technician_names_machines_alone_and_sees_what_is_quiet(scene: Scene, enter: Open) -> None:
    path = f"/api/companies/{scene.company_id}"
    [asset_id] = furnish(scene, "web-01")
    scene.send(alert("web-01", "Disk full"))
    now = datetime.now(UTC).replace(tzinfo=None, microsecond=0)
    times = {"starts": now.isoformat(), "ends": (now + timedelta(hours=1)).isoformat(), "time_zone": "UTC"}
    scene.ask("POST", f"{path}/windows", {"name": "New disk", "reason": "A disk.", "assets": [asset_id], **times})
    page = enter(Role.TECHNICIAN, f"/incidents?company={scene.company_id}").page
    expect(page.get_by_role("img", name=re.compile("In maintenance until .*: New disk"))).to_be_visible()
    page.goto(f"{scene.server.url}/companies/{scene.company_id}/windows")
    page.get_by_role("button", name="Let New disk end later").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("button", name="Extend it").click()
    expect(dialog).to_be_hidden()
    [one] = scene.ask("GET", f"{path}/windows")["items"]
    assert datetime.fromisoformat(one["times"][0]["ends_at"]).replace(tzinfo=None) >= now + timedelta(
        hours=1, minutes=59
    )
    page.get_by_role("button", name="Add a window").click()
    expect(dialog.get_by_text("Whole sites")).to_be_visible()
    expect(dialog.get_by_text("The whole company")).to_be_hidden()
