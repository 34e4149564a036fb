"""How machines are reached, at the console: secrets go in and do not come out, and each role has what it may do."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from alertwhisperer.domain.user import Role
from tests.console.conftest import Open, Scene
from tests.peers.sshd import a_key, sshd
from tests.server import Place, Server, serving

ROLE = "arn:aws:iam::123456789012:role/alertwhisperer"


@pytest.fixture(scope="module")
def server(place: Place) -> Iterator[Server]:
    """A server whose targets may be this machine, as tests alone allow."""
    with serving(place, environ={"ALERTWHISPERER_LOCAL_TARGETS": "127.0.0.0/8"}) as running:
        yield running


def choose(page: Page, dialog: Locator, label: str, option: str) -> None:
    """One of the choices of a box in a dialog."""
    dialog.get_by_role("combobox", name=label).click()
    page.get_by_role("option", name=option, exact=True).click()


def test_a_machine_is_bound_looked_at_and_let_go(scene: Scene, enter: Open, tmp_path: Path) -> None:
    scene.ask("POST", f"/api/companies/{scene.company_id}/assets", {"name": "app-01", "platform": "linux"})
    page = enter(Role.COMPANY_ADMIN, f"/companies/{scene.company_id}/access").page
    machines, credentials = page.get_by_role("region", name="Machines"), page.get_by_role("region", name="Credentials")
    dialog = page.get_by_role("dialog")
    expect(machines).to_contain_text("No script may run anywhere yet.")
    with sshd(tmp_path) as machine:
        credentials.get_by_role("button", name="Add a credential").click()
        choose(page, dialog, "For", "SSH")
        dialog.get_by_label("Name").fill("servers")
        expect(dialog.get_by_role("button", name="Seal and keep it")).to_be_disabled()
        dialog.get_by_label("Private key").fill(machine.secrets["private_key"])
        dialog.get_by_role("button", name="Seal and keep it").click()
        expect(credentials.get_by_role("row").filter(has_text="servers")).to_contain_text("Private key")
        machines.get_by_role("button", name="Bind a machine").click()
        choose(page, dialog, "Asset", "app-01")
        choose(page, dialog, "Reached by", "SSH")
        choose(page, dialog, "Credential", "servers")
        for label, name in (("Address", "address"), ("Port", "port"), ("User", "user"), ("Folder", "folder")):
            dialog.get_by_label(label).fill(machine.settings[name])
        dialog.get_by_label("Host key").fill("no key")
        dialog.get_by_role("button", name="Let scripts run there").click()
        expect(dialog.get_by_label("Host key")).to_have_attribute("aria-invalid", "true")
        dialog.get_by_label("Host key").fill(machine.settings["host_key"])
        dialog.get_by_role("button", name="Let scripts run there").click()
        row = machines.get_by_role("row").filter(has_text="app-01")
        expect(row).to_contain_text("SHA256:")
        expect(row).to_contain_text("Nobody looked since it is bound so.")
        row.get_by_role("button", name="Check now: app-01").click()
        expect(row).to_contain_text("A script could begin")
        expect(credentials.get_by_role("row").filter(has_text="servers")).to_contain_text("1 asset")
        expect(credentials.get_by_role("button", name="Remove servers")).to_have_count(0)
        assert machine.secrets["private_key"].splitlines()[1] not in page.content()
    row.get_by_role("button", name="Check now: app-01").click()
    expect(row).to_contain_text("No script could begin")
    expect(row).to_contain_text("does not answer as SSH")
    credentials.get_by_role("button", name="Replace the values of servers").click()
    dialog.get_by_label("Private key").fill(a_key()[0])
    dialog.get_by_role("button", name="Replace them").click()
    expect(row).to_contain_text("Nobody looked since it is bound so.")
    row.get_by_role("button", name="Unbind app-01").click()
    dialog.get_by_role("button", name="Let nothing run there").click()
    expect(machines).to_contain_text("No script may run anywhere yet.")
    credentials.get_by_role("button", name="Remove servers").click()
    dialog.get_by_role("button", name="Remove it").click()
    expect(credentials).to_contain_text("None yet: nothing can be reached.")


def test_an_account_at_aws_is_linked_by_its_own_role(scene: Scene, enter: Open) -> None:
    page = enter(Role.COMPANY_ADMIN, f"/companies/{scene.company_id}/access").page
    account, dialog = page.get_by_role("region", name="Account at AWS"), page.get_by_role("dialog")
    expect(account).to_contain_text("made with the first template")
    account.get_by_role("button", name="Get the template").click()
    dialog.get_by_label("Who we are at AWS").fill("nobody")
    dialog.get_by_role("button", name="Download it").click()
    expect(dialog.get_by_label("Who we are at AWS")).to_have_attribute("aria-invalid", "true")
    dialog.get_by_label("Who we are at AWS").fill("arn:aws:iam::999988887777:role/server")
    with page.expect_download() as told:
        dialog.get_by_role("button", name="Download it").click()
    external_id = scene.ask("GET", f"/api/companies/{scene.company_id}/aws")["external_id"]
    assert told.value.suggested_filename == "alertwhisperer-role.json"
    assert external_id in Path(told.value.path()).read_text()
    expect(account).to_contain_text(external_id)
    credentials = page.get_by_role("region", name="Credentials")
    credentials.get_by_role("button", name="Add a credential").click()
    choose(page, dialog, "For", "AWS Systems Manager")
    dialog.get_by_label("Name").fill("client account")
    dialog.get_by_label("Role ARN").fill(ROLE)
    dialog.get_by_role("button", name="Seal and keep it").click()
    expect(account).to_contain_text(ROLE)
    expect(account).to_contain_text("so it is not used")
    account.get_by_role("button", name="Check it now: client account").click()
    expect(account.get_by_label("Region")).to_have_attribute("aria-invalid", "true")
    expect(account).to_contain_text("nothing is bound with it yet")


def test_who_may_only_look_has_no_buttons_and_no_secrets(scene: Scene, enter: Open) -> None:
    of = f"/api/companies/{scene.company_id}"
    private, public = a_key()
    asset = scene.ask("POST", f"{of}/assets", {"name": "app-01", "platform": "linux"})
    body = {"name": "servers", "executor": "ssh", "values": {"private_key": private}}
    scene.ask("POST", f"{of}/credentials", body)
    settings = {"address": "192.0.2.10", "user": "aw", "host_key": public}
    binding = {"executor": "ssh", "settings": settings, "credential": "servers"}
    scene.ask("PUT", f"{of}/assets/{asset['id']}/binding", binding)
    page = enter(Role.TECHNICIAN, f"/companies/{scene.company_id}/access").page
    expect(page.get_by_role("row").filter(has_text="app-01")).to_contain_text("aw@192.0.2.10 port 22")
    for name in ("Credentials", "Account at AWS"):
        expect(page.get_by_role("region", name=name)).to_have_count(0)
    expect(
        page.get_by_role("main").get_by_role("button", name=re.compile("Check|Bind|Unbind|Otherwise"))
    ).to_have_count(0)
