"""The inventory by script: what commands answer is what the API answers, and a running server follows at once."""

import time
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.cli.conftest import Shell
from tests.server import Server, bearer

_PATIENCE_S = 30
_POLL_S = 0.2


class Desk:
    """One company's inventory, at the command line and at the API."""

    def __init__(self, served: Shell, server: Server, name: str) -> None:
        self.shell, self._server = served, server
        self.company: str = served.json("company", "add", name)["id"]
        email = f"{self.company}@example.org"
        served.json("user", "add", email, "--role", "company_admin", "--company", self.company)
        self._token: str = served.json("token", "add", "--user", email)["token"]

    def run(self, *words: str) -> Any:
        return self.shell.json(*words, "--company", self.company)

    def fails(self, *words: str) -> str:
        answered = self.shell.run(*words, "--company", self.company)
        assert answered.code == 1, answered.err
        return answered.err

    def api(self, path: str) -> Any:
        url = f"{self._server.url}/api/companies/{self.company}/{path}"
        return httpx.get(url, headers=bearer(self._token)).raise_for_status().json()


@pytest.fixture
def desk(served: Shell, server: Server, request: pytest.FixtureRequest) -> Desk:
    """Of a fresh company."""
    return Desk(served, server, request.node.name)


def test_people_keep_sites_assets_and_contacts(desk: Desk) -> None:
    site = desk.run("site", "add", "Berlin", "--hours", "mon-fri 08:00-18:00", "--time-zone", "Europe/Berlin")
    desk.run("site", "set", "berlin", "--holidays", "2026-12-25")
    assert desk.run("site", "show", "Berlin")["calendar"]["hours"]["fri"] == [["08:00", "18:00"]]
    asset = desk.run("asset", "add", "db-01", "--alias", "10.0.0.5", "--kind", "server", "--site", "Berlin")
    desk.run("asset", "set", "10.0.0.5", "--weight", "5", "--tag", "erp", "--link", "wiki=https://wiki.example.org/x")
    desk.run("asset", "add", "esx-03")
    edge = desk.run("asset", "connect", "db-01", "esx-03", "--kind", "runs_on")
    desk.run("asset", "rename", "db-01", "erp-db")
    desk.run("asset", "alias", "erp-db", "erp.example.org")
    contact = desk.run("contact", "add", "Kim Example", "--phone", "+49 30 1234567", "--site", "Berlin")
    desk.run("contact", "set", contact["id"], "--channel", "phone", "--site", "")

    for noun, path in (("asset", "assets"), ("site", "sites"), ("contact", "contacts")):
        assert desk.run(noun, "list")["items"] == desk.api(path)["items"]
    whole = desk.run("asset", "show", "DB-01")
    assert whole == desk.api(f"assets/{asset['id']}")
    assert (whole["weight"], whole["tags"], whole["site_id"]) == (5, ["erp"], site["id"])
    assert desk.run("site", "show", site["id"]) == desk.api(f"sites/{site['id']}")
    assert desk.run("contact", "show", contact["id"]) == desk.api(f"contacts/{contact['id']}")
    assert [one["id"] for one in desk.run("asset", "list", "--tag", "erp", "--site", "Berlin")["items"]] == [
        asset["id"]
    ]
    assert desk.run("contact", "list", "--q", "kim")["items"][0]["site_id"] is None

    assert desk.run("asset", "disconnect", "erp-db", "esx-03", "--kind", "runs_on") == {
        "id": edge["id"],
        "removed": True,
    }
    assert "not connected" in desk.fails("asset", "disconnect", "erp-db", "esx-03", "--kind", "runs_on")
    merged = desk.run("asset", "merge", "esx-03", "erp-db")
    assert {one["name"] for one in merged["names"]} == {"erp-db", "db-01", "10.0.0.5", "erp.example.org", "esx-03"}
    desk.run("asset", "alias", "erp-db", "10.0.0.5", "--remove")
    assert "no asset" in desk.fails("asset", "show", "10.0.0.5")
    for words in (("site", "Berlin"), ("asset", "erp-db"), ("contact", contact["id"])):
        assert desk.run(words[0], "remove", words[1])["removed"] is True
        assert "there is no" in desk.fails(words[0], "show", words[1])


def test_a_file_is_tried_and_applied(desk: Desk, tmp_path: Path) -> None:
    file = tmp_path / "assets.csv"
    file.write_text("name,aliases,weight\ndb-01,10.0.0.5,5\nweb-01,,9\n")
    answered = desk.shell.run("asset", "import", str(file), "--company", desk.company, "--apply", "--json")
    assert answered.code == 1
    [problem] = answered.document["problems"]
    assert (problem["row"], problem["where"]) == (3, "weight")
    spoken = desk.shell.run("asset", "import", str(file), "--company", desk.company, "--apply")
    assert (spoken.code, "nothing was changed" in spoken.out) == (1, True)
    file.write_text("name,aliases,weight\ndb-01,10.0.0.5,5\n")
    tried = desk.run("asset", "import", str(file))
    assert (tried["applied"], tried["added"]) == (False, ["db-01"])
    assert "--apply" in desk.shell.run("asset", "import", str(file), "--company", desk.company).out
    assert desk.run("asset", "list")["items"] == []
    assert desk.run("asset", "import", str(file), "--apply")["applied"] is True
    assert desk.run("asset", "show", "10.0.0.5")["name"] == "db-01"
    for noun in ("site", "contact"):
        (tmp_path / f"{noun}.csv").write_text("name,notes\nOne,x\n")
        assert desk.run(noun, "import", str(tmp_path / f"{noun}.csv"), "--apply")["added"] == ["One"]
    assert "cannot be read" in desk.fails("site", "import", str(tmp_path / "none.csv"))


def test_a_running_server_discovers_assets_and_follows_their_names(desk: Desk) -> None:
    made = desk.run("integration", "add", "--source", "generic")

    def send(asset: str, signature: str) -> None:
        body = {"asset_name": asset, "signature": signature, "severity": "high", "message": "x"}
        answer = httpx.post(made["webhook_url"], json=body, headers={"X-API-Key": made["api_key"]})
        assert answer.status_code == 202, answer.text

    send("db-01", "disk full")
    deadline = time.monotonic() + _PATIENCE_S
    while not (found := desk.run("asset", "list", "--unconfirmed")["items"]):
        assert time.monotonic() < deadline, "no asset was discovered"
        time.sleep(_POLL_S)
    assert [one["name"] for one in found] == ["db-01"]
    assert desk.run("asset", "confirm", "db-01")["items"][0]["confirmed"] is True

    desk.run("asset", "alias", "db-01", "10.0.0.5")
    send("10.0.0.5", "disk full")
    [incident] = desk.run("incidents", "list")["items"]
    assert (incident["alert_count"], incident["assets"]) == (2, ["10.0.0.5", "db-01"])
    assert len(desk.run("alerts", "--asset", "DB-01")["items"]) == 2
    assert desk.run("asset", "show", "db-01")["open_alerts"] == 2
    newest = desk.run("alerts", "--asset", "10.0.0.5")["items"][0]
    assert "another name of the asset" in " ".join(desk.shell.json("explain", newest["id"])["why"])
    assert desk.run("replay")["different"] == 0
