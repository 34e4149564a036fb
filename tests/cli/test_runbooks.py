"""Runbooks by script: what commands answer is what the API answers; a file is checked; a drill is seen by both."""

import json
from pathlib import Path

import httpx
import pytest

from alertwhisperer.remediate.throwaway import why_not
from tests.cli.conftest import Shell
from tests.runbooks.files import CHANGE
from tests.runbooks.shells import require
from tests.server import Server, bearer


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A right one."""
    path = tmp_path / "put-word.toml"
    path.write_text(CHANGE)
    return path


def test_a_company_keeps_a_file_and_overrides_it(
    served: Shell, server: Server, file: Path, request: pytest.FixtureRequest
) -> None:
    company = served.json("company", "add", request.node.name)["id"]
    email = f"{company}@example.org"
    served.json("user", "add", email, "--role", "company_admin", "--company", company)
    token = served.json("token", "add", "--user", email)["token"]

    def api(path: str) -> object:
        url = f"{server.url}/api/companies/{company}/runbooks{path}"
        return httpx.get(url, headers=bearer(token)).raise_for_status().json()

    made = served.json("runbook", "add", str(file), "--company", company)
    assert made == api("/put-word")
    words = ("--risk", "high", "--allow", "service=a", "--allow", "service=b", "--parameter", "port=443")
    found = served.json("runbook", "override", "service-restart", "--company", company, *words)
    assert found == api("/service-restart")
    assert (found["risk"], found["override"]["allowed"]) == ("high", {"service": ["a", "b"]})
    assert served.json("runbook", "list", "--company", company) == api("")
    assert served.json("runbook", "show", "put-word", "--company", company)["text"] == CHANGE
    assert served.json("runbook", "restore", "service-restart", "--company", company) == {"restored": True}
    assert served.json("runbook", "remove", "put-word", "--company", company) == {"removed": True}
    lowered = served.run("runbook", "override", "disk-cleanup", "--company", company, "--risk", "low")
    assert (lowered.code, "may only raise it" in lowered.err) == (1, True)
    for pair in ("service", "=x", "nothing=1"):
        assert served.run("runbook", "override", "service-restart", "--company", company, "--allow", pair).code == 1


def test_a_file_is_checked_and_what_is_wrong_is_said_with_its_line(served: Shell, file: Path) -> None:
    assert served.json("runbook", "check", str(file))["slug"] == "put-word"
    file.write_text(CHANGE.replace('risk = "low"', 'risk = "tiny"'))
    wrong = served.run("runbook", "check", str(file))
    assert (wrong.code, "put-word:6 risk" in wrong.err) == (1, True)
    assert served.run("runbook", "check", str(file.with_name("absent.toml"))).code == 1


@pytest.mark.slow
def test_a_drill_leaves_a_certificate_that_is_shown(served: Shell, file: Path, tmp_path: Path) -> None:
    require(why_not())
    here = served.with_settings(ALERTWHISPERER_DATA_DIR=str(tmp_path / "data"))  # where certificates lie
    assert here.json("runbook", "show", "dns-check")["drill"]["state"] == "not_tried"
    [done] = here.json("runbook", "drill", "dns-check")["items"]
    shown = here.json("runbook", "show", "dns-check")["drill"]
    assert (done["state"], shown["state"], shown["at"]) == ("passed", "passed", done["at"])
    assert [step["name"] for step in shown["steps"]][-1] == "compare: nothing changed"
    told = here.json("audit", "list", "--company", "msp", "--action", "runbook_drilled")["items"][0]
    assert told["detail"]["sha256"] == done["hash"]

    file.write_text(CHANGE.replace("echo good >/srv/aw-word\n'''\n\n[verify]", "true\n'''\n\n[verify]"))
    failed = here.run("runbook", "drill", "--file", str(file), "--json")
    assert failed.code == 1
    [step] = [one for one in json.loads(failed.out)["items"][0]["steps"] if not one["passed"]]
    assert step["name"] == "verify"


def test_a_drill_that_cannot_be_says_why(served: Shell) -> None:
    require(why_not())
    windows = served.run("runbook", "drill", "iis-app-pool-recycle")
    assert (windows.code, "no IIS here" in windows.err) == (1, True)
    assert served.run("runbook", "drill").code == 1
    assert served.run("runbook", "drill", "dns-check", "--all").code == 1
    assert served.run("runbook", "drill", "no-such").code == 1
