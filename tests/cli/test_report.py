"""Reports by script: made without a server, listed as the API lists them, scheduled, compared with a baseline."""

import csv
import time
from hashlib import sha256
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.cli.conftest import Shell
from tests.server import Server, bearer


class Company:
    """One company at the command line and at the API."""

    def __init__(self, served: Shell, server: Server, name: str) -> None:
        self.shell, self._server = served, server
        self.id: str = served.json("company", "add", name)["id"]
        email = f"{self.id}@example.org"
        served.json("user", "add", email, "--role", "company_admin", "--company", self.id)
        self._token: str = served.json("token", "add", "--user", email)["token"]

    def run(self, *words: str) -> Any:
        return self.shell.json(*words, "--company", self.id)

    def fails(self, *words: str) -> str:
        answered = self.shell.run(*words, "--company", self.id)
        assert answered.code == 1, answered.err
        return answered.err

    def get(self, path: str) -> httpx.Response:
        return httpx.get(self._url(path), headers=bearer(self._token)).raise_for_status()

    def api(self, path: str) -> Any:
        return self.get(path).json()

    def ask(self, path: str, body: object) -> Any:
        return httpx.post(self._url(path), json=body, headers=bearer(self._token)).raise_for_status().json()

    def _url(self, path: str) -> str:
        return f"{self._server.url}/api/companies/{self.id}/{path}"


@pytest.fixture
def company(served: Shell, server: Server, request: pytest.FixtureRequest) -> Company:
    """A fresh one."""
    return Company(served, server, request.node.name)


def test_a_report_is_made_here_and_now(company: Company, tmp_path: Path) -> None:
    pdf, table, again = tmp_path / "march.pdf", tmp_path / "incidents.csv", tmp_path / "again.pdf"
    made = company.run("report", "make", "--period", "last_month", "--format", "pdf", "--output", str(pdf))
    assert pdf.read_bytes().startswith(b"%PDF-")
    assert (made["status"], made["sha256"]) == ("made", sha256(pdf.read_bytes()).hexdigest())
    assert "cannot be written" in company.fails("report", "make", "--output", str(pdf))
    company.run("report", "make", "--format", "csv", "--section", "trend", "--output", str(table))
    assert next(csv.reader(table.open(encoding="utf-8-sig")))[0] == "from"
    listed = company.run("report", "list")["items"]
    assert listed == company.api("reports")["items"]
    assert company.run("report", "show", made["id"]) == company.api(f"reports/{made['id']}")
    company.run("report", "save", made["id"], "--output", str(again))
    assert again.read_bytes() == pdf.read_bytes()
    assert company.run("report", "remove", made["id"]) == {"id": made["id"], "removed": True}
    assert "no report" in company.fails("report", "show", made["id"])
    missing = tmp_path / "none.pdf"
    assert "nothing says which period" in company.fails(
        "report", "make", "--period", "custom", "--output", str(missing)
    )
    assert not missing.exists()


def test_a_running_server_makes_what_is_asked_for(company: Company) -> None:
    asked = company.ask("reports", {"period": "last_week", "format": "pdf"})
    assert asked["status"] == "queued"
    deadline = time.monotonic() + 60
    while (shown := company.api(f"reports/{asked['id']}"))["status"] == "queued":
        assert time.monotonic() < deadline, "no server made it"
        time.sleep(0.2)
    assert (shown["status"], shown["problem"]) == ("made", None)
    answer = company.get(f"reports/{asked['id']}/file")
    assert answer.headers["content-type"] == "application/pdf"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["content-disposition"].startswith("attachment; filename=")
    assert sha256(answer.content).hexdigest() == shown["sha256"]


def test_a_schedule_is_kept(company: Company) -> None:
    words = ("--every", "month", "--day", "3", "--hour", "7", "--time-zone", "Europe/Berlin", "--format", "xlsx")
    added = company.run("report", "schedule", "Monthly", *words)
    assert company.run("report", "schedules")["items"] == company.api("report-schedules")["items"] == [added]
    changed = company.run("report", "reschedule", added["id"], "--every", "week", "--format", "pdf", "--format", "csv")
    assert (changed["every"], changed["day"], changed["formats"]) == ("week", 3, ["pdf", "csv"])
    assert "1 to 7" in company.fails("report", "reschedule", added["id"], "--day", "20")
    company.run("report", "unschedule", added["id"])
    assert company.run("report", "schedules") == {"items": []}


def test_a_baseline_is_typed_imported_or_refused(company: Company, tmp_path: Path) -> None:
    period = ("--from", "2025-01-01", "--to", "2025-04-01")
    typed = company.run("baseline", "set", *period, "--incidents", "3100", "--figure", "mttr_minutes=95")
    assert typed["sample"] == {"alerts": 0, "incidents": 3100}
    api = company.api("baseline")
    assert company.run("baseline", "show") == typed == {name: api[name] for name in typed}
    file = tmp_path / "before.csv"
    file.write_text("opened_at,resolved_at\n2025-01-01T00:00:00Z,2025-01-01T01:00:00Z\n")
    assert company.run("baseline", "set", "--import", str(file))["figures"] == {"mttr_minutes": 60.0}
    for words, said in (
        (("--figure", "mttr_minutes=95", *period), "cannot be compared"),
        (("--figure", "mttr_minutes=much", *period, "--incidents", "1"), "is no figure"),
        (("--incidents", "1"), "of which time"),
        ((), "one thing"),
        (("--first-30-days", "--import", str(file)), "one thing"),
        (("--first-30-days",), "no tool"),
    ):
        assert said in company.fails("baseline", "set", *words)
    company.run("baseline", "remove")
    assert "nothing is set" in company.fails("baseline", "show")
