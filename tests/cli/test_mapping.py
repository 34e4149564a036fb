"""From a body in quarantine to an incident by the command line: try, save, run again, and back to what was."""

import json
import subprocess
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.cli.conftest import PROGRAM, Shell
from tests.server import Server, bearer

EVENTS = {"events": [{"dev": "sw-01", "what": "fan", "prio": "1"}, {"dev": "{HOST}", "ip": "10.0.0.9", "what": "psu"}]}
MAPPING = {
    "each": "body.events",
    "fields": {"asset": ["member.dev", "member.ip"], "signature": "member.what", "severity": "member.prio"},
    "severity": {"table": [{"is": "1", "gives": "critical"}]},
}


@pytest.fixture
def made(served: Shell) -> dict[str, Any]:
    """A generic integration of a company of its own."""
    company = served.json("company", "add", "Mapped")["id"]
    found: dict[str, Any] = served.json("integration", "add", "--company", company, "--source", "generic")
    return found


def send(made: dict[str, Any], body: bytes) -> dict[str, Any]:
    """Post as the tool does."""
    answer = httpx.post(made["webhook_url"], content=body, headers={"X-API-Key": made["api_key"]})
    assert answer.status_code == 202
    told: dict[str, Any] = answer.json()
    return told


def test_from_quarantine_to_an_incident(served: Shell, server: Server, made: dict[str, Any], tmp_path: Path) -> None:
    company, identity = made["company_id"], made["id"]
    told = send(made, json.dumps(EVENTS).encode())
    assert served.json("ledger", "--company", company)["rejected"] == 1, "our plain shape finds no asset in it"
    served.json("integration", "set", identity, "--company", company, "--setting", 'mapping={"each":"body.alerts",'
        '"fields":{"asset":"member.dev","signature":"member.what"}}')  # fmt: skip
    first, second = (send(made, json.dumps(EVENTS).encode()) for _ in range(2))
    assert (first["status"], second["status"]) == ("quarantined", "quarantined")
    unit = served.json("quarantine", "list", "--company", company)["items"][0]["id"]
    file = tmp_path / "mapping.json"
    file.write_text(json.dumps(MAPPING))

    words = ("mapping", "try", identity, "--company", company, "--quarantine", unit, "--mapping", str(file))
    tried = served.json(*words)
    assert [one["asset"] for one in tried["occurrences"]] == ["sw-01", "10.0.0.9"]
    served.json("user", "add", f"{company}@example.org", "--role", "msp_admin")
    token = served.json("token", "add", "--user", f"{company}@example.org")["token"]
    path = f"{server.url}/api/companies/{company}/integrations/{identity}/trial"
    asked = {"quarantine_id": unit, "settings": {"mapping": MAPPING}}
    assert tried == httpx.post(path, json=asked, headers=bearer(token)).json()
    shown = served.run(*words)
    assert shown.code == 0, shown.err
    assert "Alert 1: firing, grouped by" in shown.out
    assert "a placeholder that the tool did not fill in" in shown.out
    assert "severity.table[0]" in shown.out
    assert "quarantined" in shown.out
    assert served.json("mapping", "versions", identity, "--company", company)["items"][0]["version"] == 2

    assert served.json("mapping", "save", identity, "--company", company, "--mapping", str(file))["version"] == 3
    came = served.json("mapping", "rerun", identity, "--company", company)
    assert (came["done"], came["waiting"], came["failed"]) == (2, [], [])
    incidents = served.json("incidents", "list", "--company", company)["items"]
    assert {one["title"] for one in incidents} == {"fan on sw-01", "psu on 10.0.0.9"}
    ledger = served.json("ledger", "--company", company, "--verify")
    assert (ledger["agrees"], ledger["quarantined"]) == (True, 0)
    after = served.json("mapping", "try", identity, "--company", company, "--delivery", told["delivery_id"])
    assert after["differences"], "the first one was read with other settings"

    restored = served.json("mapping", "restore", identity, "1", "--company", company)
    assert (restored["version"], restored["settings"]) == (4, {})


def test_a_sample_comes_from_a_file_or_from_standard_input(served: Shell, made: dict[str, Any], tmp_path: Path) -> None:
    body, settings = tmp_path / "body.json", tmp_path / "settings.json"
    body.write_text("{}")
    mapping = {"fields": {"asset": 'headers."x-site"', "signature": "query.check"}}
    settings.write_text(json.dumps({"mapping": mapping, "reads_headers": ["x-site"]}))
    words = ("mapping", "try", made["id"], "--company", made["company_id"], "--settings-file", str(settings))
    more = ("--header", "X-Site=berlin", "--header", "X-Other=1", "--query", "check=backup")
    tried = served.json(*words, *more, "--sample", str(body))
    assert (tried["occurrences"][0]["asset"], tried["unread_headers"]) == ("berlin", ["x-other"])
    piped = subprocess.run(
        [str(PROGRAM), *words, *more, "--sample", "-", "--json"],
        env=served.environ,
        input=b"{}",
        capture_output=True,
        timeout=90,
        check=True,
    )
    assert json.loads(piped.stdout)["occurrences"] == tried["occurrences"]
    plain = served.run("mapping", "try", made["id"], "--company", made["company_id"], "--sample", str(body))
    assert "rejected: asset_name is missing or empty" in plain.out


def test_all_that_waits_is_run_again_and_what_stays_says_why(served: Shell, made: dict[str, Any]) -> None:
    company = made["company_id"]
    for body in (b'{"half', b"5"):
        send(made, body)
    came = served.json("quarantine", "rerun", "--company", company, "--all")
    assert (came["done"], len(came["waiting"])) == (0, 2)
    assert came == served.json("quarantine", "rerun", "--company", company, "--integration", made["id"])
    shown = served.run("mapping", "rerun", made["id"], "--company", company)
    assert "Still waiting: 2" in shown.out
    assert "it still cannot be read" in shown.out
    for words in ((), (made["id"], "--all")):
        wrong = served.run("quarantine", "rerun", "--company", company, *words)
        assert (wrong.code, wrong.err.count("\n")) == (1, 1)


def test_a_draft_that_is_wrong_says_where(served: Shell, made: dict[str, Any], tmp_path: Path) -> None:
    file = tmp_path / "mapping.json"
    file.write_text(json.dumps({**MAPPING, "each": "body.["}))
    for words in (("try", "--sample", str(file)), ("save",)):
        wrong = served.run(
            "mapping", words[0], made["id"], "--company", made["company_id"], "--mapping", str(file), *words[1:]
        )
        assert (wrong.code, wrong.err.count("\n")) == (1, 1)
        assert "each[0]" in wrong.err
