"""What is approved says with what each target is reached, and nobody replaces a policy that they never saw."""

from __future__ import annotations

import re

from playwright.sync_api import expect

from alertwhisperer.domain.user import Role
from tests.console.conftest import Open, Scene, alert
from tests.peers.sshd import a_key


def _bound(scene: Scene, name: str, credential: str) -> str:
    """A confirmed asset with a credential of its own; nothing is ever sent to it."""
    of = f"/api/companies/{scene.company_id}"
    private, public = a_key()
    values = {"private_key": private}
    key = scene.ask("POST", f"{of}/credentials", {"name": credential, "executor": "ssh", "values": values})
    asset = scene.ask("POST", f"{of}/assets", {"name": name, "kind": "server", "platform": "linux"})
    settings = {"address": "192.0.2.10", "user": "alertwhisperer", "host_key": public}
    binding = {"executor": "ssh", "settings": settings, "credential": key["id"]}
    scene.ask("PUT", f"{of}/assets/{asset['id']}/binding", binding)
    return str(asset["id"])


def test_each_target_says_with_which_credential_it_is_reached(scene: Scene, enter: Open) -> None:
    of = f"/api/companies/{scene.company_id}"
    targets = [_bound(scene, "web-01", "keys of the web"), _bound(scene, "db-01", "keys of the databases")]
    wish = {"runbook": "disk-cleanup", "targets": targets, "parameters": {}}
    shown = scene.ask("POST", f"{of}/runs/plan", wish)
    assert len({one["credential_id"] for one in shown["plan"]["targets"]}) == 2
    read = {"hash": shown["hash"], "start_by": shown["start_by"], "why": "It pages every night."}
    run = scene.ask("POST", f"{of}/runs", {**wish, **read})
    page = enter(Role.COMPANY_ADMIN, f"/approvals/{run['approval_id']}").page
    rows = page.get_by_role("region", name="Targets").get_by_role("row")
    expect(rows.filter(has_text="web-01")).to_contain_text("keys of the web")
    expect(rows.filter(has_text="db-01")).to_contain_text("keys of the databases")


def test_a_policy_that_somebody_else_changed_is_shown_as_it_is_now(scene: Scene, enter: Open) -> None:
    of = f"/api/companies/{scene.company_id}"
    scene.send(alert("db-01", "Disk full"))
    page = enter(Role.COMPANY_ADMIN, f"/companies/{scene.company_id}/runbooks").page
    box = page.get_by_role("checkbox", name=re.compile("generic"))
    expect(box).not_to_be_checked()
    taken = {"runbook": "service-restart", "parameter": "service", "from": "label:service"}
    scene.ask("PUT", f"{of}/run-policy", {"trusted_integrations": [], "parameters": [taken]})
    box.click()
    region = page.get_by_role("region", name="What alerts may decide")
    expect(region.get_by_role("alert")).to_contain_text("Somebody else changed it in between")
    expect(region).to_contain_text("the alert's label service")
    assert scene.ask("GET", f"{of}/run-policy")["parameters"] == [taken], "it was not replaced"
    box.click()
    expect(box).to_be_checked()
    policy = scene.ask("GET", f"{of}/run-policy")
    assert (policy["trusted_integrations"], policy["parameters"]) == ([str(scene.sender.integration_id)], [taken])
