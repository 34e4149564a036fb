"""The doors that scripts rely on: what each command answers with --json, and that the server obeys at once."""

from pathlib import Path

import httpx

from tests.cli.conftest import Shell
from tests.server import Server, bearer

ALERT = {"asset_name": "db-01", "signature": "disk full", "severity": "high", "message": "97%", "tool_source": "nagios"}


def test_from_nothing_to_an_incident_by_script(served: Shell, server: Server) -> None:
    """A company, an integration, a user and a token made beside a running server; an alert; what the API then shows."""
    company = served.json("company", "add", "Acme")["id"]
    limited = served.json("company", "set", company, "--rate-limit-per-minute", "600")
    assert limited["requests_per_minute"] == 600
    made = served.json("integration", "add", "--company", company, "--source", "generic")
    assert made["webhook_url"] == f"{server.url}/api/webhooks/generic"
    user = served.json("user", "add", "kim@example.org", "--role", "technician", "--company", company)
    assert user["companies"] == [company]
    token = served.json("token", "add", "--user", "kim@example.org")["token"]

    answer = httpx.post(made["webhook_url"], json=ALERT, headers={"X-API-Key": made["api_key"]})
    assert answer.status_code == 202, answer.text

    listed = served.json("incidents", "list", "--company", company)["items"]
    by_api = httpx.get(f"{server.url}/api/companies/{company}/incidents", headers=bearer(token)).json()["items"]
    assert listed == by_api
    incident = listed[0]["id"]
    assert (
        served.json("incidents", "show", incident)
        == httpx.get(f"{server.url}/api/incidents/{incident}", headers=bearer(token)).json()
    )
    alerts = served.json("alerts", "--company", company)["items"]
    assert alerts == httpx.get(f"{server.url}/api/companies/{company}/alerts", headers=bearer(token)).json()["items"]
    for identity in (incident, alerts[0]["id"], answer.json()["delivery_id"]):
        told = served.json("explain", identity)
        assert told["company_id"] == company
        assert "nothing with this aggregation key was open" in " ".join(told["why"])
    ledger = served.json("ledger", "--company", company, "--verify")
    assert (ledger["received"], ledger["new"], ledger["agrees"]) == (1, 1, True)
    replayed = served.json("replay", "--company", company)
    assert (replayed["occurrences"], replayed["different"]) == (1, 0)


def test_lists_are_the_api_s(served: Shell, server: Server) -> None:
    company = served.json("company", "add", "Lists")["id"]
    served.json("integration", "add", "--company", company, "--source", "zabbix", "--setting", "timezone=Europe/Berlin")
    served.json("user", "add", "lists@example.org", "--role", "msp_admin")
    token = served.json("token", "add", "--user", "lists@example.org")["token"]
    base = f"{server.url}/api"
    for words, path in (
        (("integration", "list", "--company", company), f"/companies/{company}/integrations"),
        (("sources",), "/sources"),
        (("user", "list"), "/users"),
    ):
        shown = httpx.get(f"{base}{path}", headers=bearer(token), params={"limit": 100}).json()
        assert served.json(*words)["items"] == shown["items"], path
    shown = served.json("company", "show", company)
    assert shown == httpx.get(f"{base}/companies/{company}", headers=bearer(token)).json()
    rules = served.json("rules", "show", "--company", company)
    assert rules == httpx.get(f"{base}/companies/{company}/rules", headers=bearer(token)).json()


def test_a_key_is_changed_without_a_gap(served: Shell) -> None:
    company = served.json("company", "add", "Keys")["id"]
    made = served.json("integration", "add", "--company", company, "--source", "generic")
    first = made["keys"][0]["id"]
    second = served.json("key", "add", "--company", company, "--integration", made["id"])
    third = served.run("key", "add", "--company", company, "--integration", made["id"])
    assert third.code == 1
    assert "revoke" in third.err

    def send(key: str) -> int:
        return httpx.post(made["webhook_url"], json=ALERT, headers={"X-API-Key": key}).status_code

    assert (send(made["api_key"]), send(second["api_key"])) == (202, 202)
    assert served.json("key", "revoke", first, "--company", company)["revoked_at"] is not None
    assert (send(made["api_key"]), send(second["api_key"])) == (401, 202)
    listed = served.json("key", "list", "--company", company, "--integration", made["id"])["items"]
    assert [one["id"] for one in listed] == [second["id"], first]
    assert served.json("integration", "remove", made["id"], "--company", company)["removed"] is True
    assert send(second["api_key"]) == 401


def test_a_token_ends(served: Shell, server: Server) -> None:
    served.json("user", "add", "ends@example.org", "--role", "msp_admin")
    token = served.json("token", "add", "--user", "ends@example.org")["token"]
    path = f"{server.url}/api/companies"
    assert httpx.get(path, headers=bearer(token)).status_code == 200
    listed = served.json("token", "list", "--user", "ends@example.org")["items"]
    served.json("token", "revoke", listed[0]["id"])
    assert httpx.get(path, headers=bearer(token)).status_code == 401


def test_people_s_acts_on_incidents(served: Shell) -> None:
    company = served.json("company", "add", "Acts")["id"]
    made = served.json("integration", "add", "--company", company, "--source", "generic")
    served.json("user", "add", "acts@example.org", "--role", "technician", "--company", company)
    alerts = [{**ALERT, "asset_name": f"web-{number}"} for number in (1, 2, 3)]
    httpx.post(made["webhook_url"], json=alerts, headers={"X-API-Key": made["api_key"]})
    third, second, first = (one["id"] for one in served.json("incidents", "list", "--company", company)["items"])

    assert served.json("incidents", "acknowledge", first)["status"] == "acknowledged"
    assert served.json("incidents", "assign", first, "--to", "acts@example.org")["assignee"] == "acts@example.org"
    assert served.run("incidents", "assign", first, "--to", "nobody@example.org").code == 1
    commented = served.json("incidents", "comment", first, "it is the disk")
    assert any(entry["text"] == "it is the disk" for entry in commented["timeline"])
    merged = served.json("incidents", "merge", first, second, third)
    assert merged["alert_count"] == 3
    apart = served.json("incidents", "split", first, merged["alerts"][2]["id"])
    assert (apart["alert_count"], apart["split_from"]) == (1, first)
    resolved = served.json("incidents", "resolve", first, "--note", "cleared")
    assert resolved["status"] == "resolved"
    assert resolved["resolved_by"].startswith("cli:")
    again = served.run("incidents", "resolve", first)
    assert again.code == 1
    assert again.err.count("\n") == 1


def test_rules_are_replaced_by_a_file(served: Shell, tmp_path: Path) -> None:
    file = tmp_path / "rules.json"
    company = served.json("company", "add", "Rules")["id"]
    file.write_text('{"rules": [{"id": "host", "name": "Same host", "group_by": ["asset"]}]}')
    assert served.json("rules", "set", str(file), "--company", company)["version"] == 1
    shown = served.json("rules", "show", "--company", company)
    assert shown["effective"] == ["host", "default"]
    file.write_text('{"rules": [{"id": "host", "name": "x", "condition": "asset =="}]}')
    broken = served.run("rules", "set", str(file), "--company", company)
    assert broken.code == 1
    assert "condition" in broken.err


def test_quarantine_is_seen_and_settled(served: Shell) -> None:
    company = served.json("company", "add", "Quarantine")["id"]
    made = served.json("integration", "add", "--company", company, "--source", "generic")
    for body in (b'{"half', b'{"other'):
        answer = httpx.post(made["webhook_url"], content=body, headers={"X-API-Key": made["api_key"]})
        assert answer.json()["status"] == "quarantined"
    second, first = served.json("quarantine", "list", "--company", company)["items"]
    assert served.json("quarantine", "show", first["id"], "--company", company)["body_text"] == '{"half'
    assert served.json("quarantine", "discard", first["id"], "--company", company)["state"] == "discarded"
    again = served.run("quarantine", "rerun", second["id"], "--company", company)
    assert again.code == 1
    assert again.err.count("\n") == 1
    waiting = served.json("quarantine", "list", "--company", company, "--state", "waiting")["items"]
    assert [one["id"] for one in waiting] == [second["id"]]


def test_integration_add_shows_what_to_set(served: Shell) -> None:
    company = served.json("company", "add", "Setup")["id"]
    answered = served.run("integration", "add", "--company", company, "--source", "prometheus")
    assert answered.code == 0
    assert "webhook_configs" in answered.out
    assert "{webhook_url}" not in answered.out
    assert "{api_key}" not in answered.out
    assert "awk_" in answered.out


def test_every_act_is_in_the_audit_log(served: Shell, server: Server) -> None:
    company = served.json("company", "add", "Audited")["id"]
    served.json("user", "add", "audit@example.org", "--role", "msp_admin")
    token = served.json("token", "add", "--user", "audit@example.org")["token"]
    entries = httpx.get(f"{server.url}/api/companies/{company}/audit", headers=bearer(token)).json()["items"]
    assert [(one["action"], one["actor"].split(":")[0]) for one in entries] == [("company_added", "cli")]


def test_upkeep_and_settings(served: Shell) -> None:
    upkeep = served.json("retention", "--older-than", "30")
    assert upkeep["dropped"] == []
    assert set(upkeep["stray_rows"].values()) == {0}
    config = served.json("config", "check")
    values = {one["env"]: one["value"] for one in config["items"]}
    assert values["DATABASE_URL"] == "***"
    assert values["ALERTWHISPERER_SECRET_KEY"] == "***"


def test_a_list_that_may_go_on_says_so(shell: Shell) -> None:
    company = shell.json("company", "add", "Many sites")["id"]
    for name in ("Berlin", "Bremen"):
        shell.json("site", "add", name, "--company", company)
    whole = shell.run("site", "list", "--company", company)
    cut = shell.run("site", "list", "--company", company, "-n", "1")
    assert (whole.code, whole.err) == (0, "")
    assert (cut.code, cut.err) == (0, "1 shown, as many as were asked for; -n asks for more.\n")
