"""Runs at the console: a plan is read and asked for, a real machine answers, and each role has what it may do."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import expect

from alertwhisperer.domain.user import Role
from tests.console.conftest import Open, Scene, alert
from tests.peers.sshd import Sshd, sshd
from tests.runbooks.files import REPORT
from tests.screens.mended import bind_machines, mend
from tests.server import Place, Server, serving

SLUG = "say-a-word"


@pytest.fixture(scope="module")
def server(place: Place) -> Iterator[Server]:
    """A server whose targets may be this machine, as tests alone allow."""
    with serving(place, environ={"ALERTWHISPERER_LOCAL_TARGETS": "127.0.0.0/8"}) as running:
        yield running


def _machine(scene: Scene, settings: dict[str, str], secrets: dict[str, str], text: str = REPORT) -> None:
    """A confirmed asset with a way to it, and a runbook of the company's own that fits what its alerts say."""
    of = f"/api/companies/{scene.company_id}"
    asset = scene.ask("POST", f"{of}/assets", {"name": "app-01", "kind": "server", "platform": "linux"})
    key = scene.ask("POST", f"{of}/credentials", {"name": "machines", "executor": "ssh", "values": secrets})
    binding = {"executor": "ssh", "settings": settings, "credential": key["id"]}
    scene.ask("PUT", f"{of}/assets/{asset['id']}/binding", binding)
    scene.ask("PUT", f"{of}/runbooks/{SLUG}", {"text": text})


def test_from_an_incident_a_plan_is_read_and_started_and_its_output_seen(
    scene: Scene, enter: Open, tmp_path: Path
) -> None:
    with sshd(tmp_path) as machine:
        _machine(scene, machine.settings, dict(machine.secrets))
        scene.ask("PUT", f"/api/companies/{scene.company_id}/settings/auto_approve_low", {"value": "yes"})
        scene.send(alert("app-01", "The word is lost"))
        page = enter(Role.TECHNICIAN).page
        page.locator("[role=row][data-number]").first.click()
        could = page.get_by_role("region", name="What could mend it")
        expect(could).to_contain_text("Say a word")
        could.get_by_role("button", name="Dry run of Say a word on app-01").click()
        dialog = page.get_by_role("dialog")
        expect(dialog.get_by_role("button", name="Show what would run")).to_be_disabled()
        dialog.get_by_label("word").fill("-rf")
        dialog.get_by_role("button", name="Show what would run").click()
        expect(dialog.get_by_label("word")).to_have_attribute("aria-invalid", "true")
        dialog.get_by_label("word").fill("$(reboot) & friends")
        dialog.get_by_role("button", name="Show what would run").click()
        expect(dialog.get_by_role("region", name="Then run")).to_contain_text("printf '%s' \"$AW_WORD\"")
        expect(dialog).to_contain_text("$(reboot) & friends")
        expect(dialog).to_contain_text("it starts at once")
        go = dialog.get_by_role("button", name="Start it on 1 target")
        expect(go).to_be_disabled()
        dialog.get_by_label("Why").fill("The word is lost.")
        go.click()
        page.wait_for_url(re.compile("/runs/"))
        happened = page.get_by_role("region", name="What happened on app-01")
        expect(happened).to_contain_text("Succeeded: The act ran to its end.")
        act = happened.get_by_role("button", name=re.compile("what act said"))
        if act.get_attribute("aria-expanded") == "false":  # it is open where this page saw it grow
            act.click()
        expect(happened.get_by_role("region", name="Standard output")).to_contain_text("$(reboot) & friends")
        expect(page.get_by_role("button", name="Cancel this run")).to_have_count(0)
        [run] = scene.ask("GET", f"/api/companies/{scene.company_id}/runs")["items"]
        assert (run["state"], run["incident_id"] is not None) == ("succeeded", True)
        page.goto(f"{scene.server.url}/runs?company={scene.company_id}&state=failed")
        expect(page.get_by_text("No run of")).to_be_visible()
        page.get_by_role("button", name="Show all its runs").click()
        expect(page.get_by_role("row").filter(has_text="Say a word")).to_contain_text("Succeeded")


def test_a_run_that_waits_is_followed_live_and_cancelled(scene: Scene, enter: Open) -> None:
    scene.send(alert("db-01", "Disk full"))
    page = enter(Role.TECHNICIAN, "/runs").page
    expect(page.get_by_text("Nothing was run for")).to_be_visible()
    [incident] = scene.ask("GET", f"/api/companies/{scene.company_id}/incidents")["items"]
    machines = bind_machines(scene.ask, scene.company_id)
    _, failed = mend(scene.ask, scene.place, scene.company_id, machines, incident["id"])
    rows = page.get_by_role("row").filter(has=page.get_by_role("link"))
    expect(rows).to_have_count(4)  # by the live line: nobody reloaded
    page.get_by_role("link", name="Disk cleanup").click()
    expect(page.get_by_text("Exactly this waits for a yes")).to_be_visible()
    page.get_by_role("button", name="Cancel this run").click()
    page.get_by_role("dialog").get_by_role("button", name="Cancel this run").click()
    expect(page.get_by_role("region", name="The run as a whole")).to_contain_text("Cancelled")
    expect(page.get_by_role("button", name="Cancel this run")).to_have_count(0)
    page.goto(f"{scene.server.url}/runs?tab=look")
    page.get_by_role("link", name="its run").click()
    page.wait_for_url(re.compile(failed))
    page.get_by_role("region", name="Targets").get_by_role("link").last.click()
    expect(page.get_by_role("region", name=re.compile("What happened on vpn-gw"))).to_contain_text(
        "could not be put back"
    )


def test_what_a_script_prints_is_seen_while_it_runs(scene: Scene, enter: Open, tmp_path: Path) -> None:
    """It grows by the live line, follows its end unless the reader scrolled up, and gives way to all of it."""
    go = tmp_path / "go"
    with sshd(tmp_path) as machine:
        run_id = _start_loud(scene, machine, go)
        page = enter(Role.TECHNICIAN, f"/runs/{run_id}").page
        so_far = page.get_by_role("region", name="What act printed so far")
        expect(so_far).to_contain_text("line 80")
        expect(so_far).to_contain_text("password=***")
        expect(so_far).to_contain_text("still at it 3.")
        place = "one => [one.scrollTop, one.scrollHeight - one.clientHeight]"
        top, bottom = so_far.evaluate(place)
        assert abs(bottom - top) < 30, "it follows the end"
        follow = page.get_by_role("button", name="Follow the end")
        expect(follow).to_have_count(0)
        so_far.evaluate("one => { one.scrollTop = 0; }")
        expect(follow).to_be_visible()
        told = len(so_far.inner_text())
        page.wait_for_function("([one, than]) => one.innerText.length > than", arg=[so_far.element_handle(), told])
        assert so_far.evaluate(place)[0] == 0, "a reader is not torn away"
        follow.click()
        expect(follow).to_have_count(0)
        assert scene.ask("GET", f"/api/runs/{run_id}/acts/{_act_of(scene, run_id)}")["partial"] is True
        go.touch()
        happened = page.get_by_role("region", name="What happened on app-01")
        expect(happened).to_contain_text("Succeeded")
        expect(so_far).to_have_count(0)
        expect(happened.get_by_role("region", name="Standard output")).to_contain_text("done")
        shown = scene.ask("GET", f"/api/runs/{run_id}/acts/{_act_of(scene, run_id)}")
        assert (shown["partial"], "hunter2" in str(shown)) == (False, False)


def _start_loud(scene: Scene, machine: Sshd, go: Path) -> str:
    """A run that prints until the file is there."""
    script = """
for n in $(seq 80); do echo "line $n"; done
echo "password=hunter2"
n=0
until [ -e "$AW_WORD" ]; do n=$((n + 1)); echo "still at it $n."; sleep 0.2; done
echo done
"""
    loud = REPORT.replace("\nprintf '%s' \"$AW_WORD\"\n", script).replace("timeout_s = 5", "timeout_s = 120")
    of = f"/api/companies/{scene.company_id}"
    _machine(scene, machine.settings, dict(machine.secrets), loud)
    scene.ask("PUT", f"{of}/settings/auto_approve_low", {"value": "yes"})
    [asset] = scene.ask("GET", f"{of}/assets")["items"]
    wish = {"runbook": SLUG, "targets": [asset["id"]], "parameters": {"word": str(go)}}
    plan = scene.ask("POST", f"{of}/runs/plan", wish)
    asked = {**wish, "why": "It is loud.", "hash": plan["hash"], "start_by": plan["start_by"]}
    run_id: str = scene.ask("POST", f"{of}/runs", asked)["id"]
    return run_id


def _act_of(scene: Scene, run_id: str) -> str:
    [act] = [one["id"] for one in scene.ask("GET", f"/api/runs/{run_id}")["acts"] if one["phase"] == "act"]
    return str(act)


def test_runs_of_all_companies_are_one_list_that_keeps_up(scene: Scene, enter: Open) -> None:
    beside = replace(scene, sender=scene.other_company("Beside"))
    waits = []
    for each in (scene, beside):
        each.send(alert("db-01", "Disk full"))
        [incident] = each.ask("GET", f"/api/companies/{each.company_id}/incidents")["items"]
        machines = bind_machines(each.ask, each.company_id)
        waits.append(mend(each.ask, each.place, each.company_id, machines, incident["id"])[0])
    page = enter(Role.TECHNICIAN, "/runs", scene.company_id, beside.company_id).page
    rows = page.get_by_role("row").filter(has=page.get_by_role("link"))
    expect(rows).to_have_count(8)
    expect(rows.filter(has_text=scene.company_name)).to_have_count(4)
    waiting = rows.filter(has_text=beside.company_name).filter(has_text="Disk cleanup")
    expect(waiting).to_contain_text("Waits for approval")
    scene.ask("POST", f"/api/runs/{waits[1]}/cancel")
    expect(waiting).to_contain_text("Cancelled")  # by the live line: nobody reloaded
    filters = page.get_by_role("toolbar", name="Filters")
    filters.get_by_role("button", name=re.compile("State")).click()
    page.get_by_role("menuitem", name="Waits for approval").click()
    expect(rows).to_have_count(1)
    expect(rows).to_contain_text(scene.company_name)
    filters.get_by_role("button", name=re.compile("Asked")).click()
    page.get_by_role("menuitem", name="last 24 hours").click()
    page.wait_for_url("**/runs?state=waiting_for_approval&since=24h")
    page.reload()
    expect(rows).to_have_count(1)
    page.goto(f"{scene.server.url}/runs?company={beside.company_id}&runbook=disk-cleanup")
    expect(rows).to_have_count(1)
    expect(page.get_by_role("columnheader", name="Company")).to_have_count(0)
    page.goto(f"{scene.server.url}/runs?tab=look")
    for name in (scene.company_name, beside.company_name):
        expect(page.get_by_role("listitem").filter(has_text=name)).to_have_count(1)


def test_a_company_has_its_own_and_wants_others_otherwise(scene: Scene, enter: Open) -> None:
    of = f"/api/companies/{scene.company_id}"
    page = enter(Role.COMPANY_ADMIN, f"/companies/{scene.company_id}/runbooks").page
    dialog = page.get_by_role("dialog")
    page.get_by_role("button", name="Add a runbook").click()
    dialog.get_by_label("Name").fill(SLUG)
    dialog.get_by_label("File").fill(REPORT.replace('risk = "low"', 'risk = "none"'))
    dialog.get_by_role("button", name="Keep it").click()
    expect(dialog.get_by_text(re.compile("Line 6, risk: "))).to_be_visible()
    dialog.get_by_label("File").fill(REPORT)
    dialog.get_by_role("button", name="Keep it").click()
    expect(page.get_by_role("region", name="Its own runbooks")).to_contain_text("Say a word")
    page.get_by_role("button", name="Want Start a service that is down otherwise").click()
    dialog.get_by_role("combobox", name="Risk").click()
    page.get_by_role("option", name="high").click()
    dialog.get_by_label("Values that an alert may hand over").fill("nginx.service")
    dialog.get_by_label("Values that an alert may hand over").press("Enter")
    dialog.get_by_role("button", name="Save").click()
    row = page.get_by_role("row").filter(has_text="Start a service that is down")
    expect(row).to_contain_text("High risk")
    override = scene.ask("GET", f"{of}/runbooks/service-restart")["override"]
    assert (override["risk"], override["allowed"]) == ("high", {"service": ["nginx.service"]})
    page.get_by_role("checkbox", name=re.compile("generic")).click()  # ticked when the server said yes
    expect(page.get_by_role("checkbox", name=re.compile("generic"))).to_be_checked()
    page.get_by_role("button", name="Let a parameter come from alerts").click()
    for name, choice in (
        ("Runbook", "Start a service that is down"),
        ("Parameter", "service"),
        ("May come from", "the alert's label service"),
    ):
        dialog.get_by_role("combobox", name=name).click()
        page.get_by_role("option", name=choice, exact=True).click()
    dialog.get_by_role("button", name="Allow it").click()
    expect(page.get_by_role("region", name="What alerts may decide")).to_contain_text("the alert's label service")
    policy = scene.ask("GET", f"{of}/run-policy")
    assert policy["trusted_integrations"] == [str(scene.sender.integration_id)]
    assert policy["parameters"] == [{"runbook": "service-restart", "parameter": "service", "from": "label:service"}]
    page.get_by_role("button", name="Remove Say a word").click()
    dialog.get_by_role("button", name="Remove it").click()
    expect(page.get_by_role("region", name="Its own runbooks")).to_contain_text("None.")


def test_who_may_only_look_has_no_buttons(scene: Scene, enter: Open) -> None:
    scene.send(alert("vpn-gw.example.org", "Service down"))
    page = enter(Role.TECHNICIAN, f"/companies/{scene.company_id}/runbooks").page
    expect(page.get_by_role("region", name="Prebuilt runbooks")).to_contain_text("Disk cleanup")
    for name in ("Add a runbook", "Let a parameter come from alerts", "Otherwise"):
        expect(page.get_by_role("button", name=name)).to_have_count(0)
    reader = enter(Role.READER, "/incidents").page
    expect(reader.get_by_text("Service down").first).to_be_visible()
    for name in ("Runs", "Runbooks"):
        expect(reader.get_by_role("link", name=name, exact=True)).to_have_count(0)
    reader.locator("[role=row][data-number]").first.click()
    expect(reader.get_by_role("region", name="Timeline")).to_be_visible()
    expect(reader.get_by_role("region", name="What could mend it")).to_have_count(0)
    reader.goto(f"{scene.server.url}/runs")
    expect(reader.get_by_text("You may not see this.")).to_be_visible()
