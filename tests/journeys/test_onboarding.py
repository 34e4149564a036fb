"""A new MSP's first day: 120 customers from a spreadsheet, with keys that work, and none of them by hand."""

import csv
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.cli.conftest import Shell
from tests.database import Migrated, run_apart
from tests.database import Server as DatabaseServer
from tests.server import Server, bearer, on_database, serving

COMPANIES = 120
HEADER = "name;ref;group;time_zone;requests_per_minute;integrations"
ALERT = {"asset_name": "db-01", "signature": "disk full", "severity": "high", "message": "97%"}
BAD_ROWS = (
    ("Customer 001;C-900;;;;", "name"),
    ("Nobody;C-002;;;;", "ref"),
    (";C-901;;;;", "name"),
    ("Zone;C-902;;Mars/Olympus;;", "time_zone"),
    ("Number;C-903;;;many;", "requests_per_minute"),
    ("Zero;C-904;;;0;", "requests_per_minute"),
    ("Source;C-905;;;;nagios9", "integrations"),
    ("Twice;C-906;;;;datadog; datadog", ""),
    ("Letter \x07;C-907;;;;", "name"),
    ("Long;" + "C" * 200 + ";;;;", "ref"),
)


@dataclass(frozen=True, slots=True)
class Desk:
    """A fresh installation: its server, its command line, and a folder for sheets."""

    server: Server
    shell: Shell
    folder: Path
    token: str

    def sheet(self, name: str, *lines: str) -> str:
        """A sheet on the disk, as a German spreadsheet writes it."""
        file = self.folder / name
        file.write_bytes("\r\n".join((HEADER, *lines)).encode("cp1252"))
        return str(file)

    def get(self, path: str) -> Any:
        answer = httpx.get(f"{self.server.url}{path}", headers=bearer(self.token), trust_env=False)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def names(self) -> set[str]:
        """Of all companies there are."""
        return {one["name"] for one in self.get("/api/companies?limit=500")["items"]}


def row(number: int, *, limit: str = "") -> str:
    group = "Händler" if number % 2 else "Industrie"
    return f'Customer {number:03};C-{number:03};{group};Europe/Berlin;{limit};"generic; zabbix:Zabbix {number:03}"'


ROWS = tuple(row(number) for number in range(1, COMPANIES + 1))


@pytest.fixture(scope="module")
def desk(migrated: Migrated, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """On a database of its own, with nobody in it but an MSP admin."""
    databases = DatabaseServer(migrated.owner_dsn)
    made = run_apart(databases.create())
    try:
        place = on_database(made)
        with serving(place) as server:
            shell = Shell(place, ALERTWHISPERER_PORT=str(server.port))
            shell.json("user", "add", "kim@example.org", "--role", "msp_admin")
            token = shell.json("token", "add", "--user", "kim@example.org")["token"]
            yield Desk(server, shell, tmp_path_factory.mktemp("sheets"), token)
    finally:
        run_apart(databases.drop(made))


def test_a_hundred_and_twenty_customers_are_on_board_by_one_sheet(desk: Desk) -> None:
    """Looked at, done, done again, changed in one row, broken in ten; and a tool sends with its key from the sheet."""
    sheet, keys = desk.sheet("customers.csv", *ROWS), desk.folder / "keys.csv"

    looked = desk.shell.json("company", "import", sheet)
    assert (looked["applied"], looked["add"], looked["groups"]) == (False, COMPANIES, ["Händler", "Industrie"])
    assert desk.names() == set()

    done = desk.shell.json("company", "import", sheet, "--apply", "--keys", str(keys))
    assert (done["applied"], done["add"], done["key_count"]) == (True, COMPANIES, 2 * COMPANIES)
    assert desk.names() == {f"Customer {number:03}" for number in range(1, COMPANIES + 1)}
    with keys.open(encoding="utf-8", newline="") as opened:
        made = list(csv.DictReader(opened))
    assert len({one["api_key"] for one in made}) == 2 * COMPANIES
    mine = next(one for one in made if (one["company"], one["source"]) == ("Customer 077", "generic"))
    sent = httpx.post(mine["webhook_url"], json=ALERT, headers={"X-API-Key": mine["api_key"]}, trust_env=False)
    assert sent.status_code == 202, sent.text
    company = next(one for one in desk.get("/api/companies?limit=500")["items"] if one["ref"] == "C-077")
    assert len(desk.get(f"/api/companies/{company['id']}/incidents")["items"]) == 1

    again = desk.shell.json("company", "import", sheet, "--apply")
    assert (again["applied"], again["unchanged"]) == (False, COMPANIES)

    changed = [*ROWS[:76], row(77, limit="7"), *ROWS[77:]]
    one = desk.shell.json("company", "import", desk.sheet("changed.csv", *changed), "--apply")
    assert (one["applied"], one["change"], one["unchanged"]) == (True, 1, COMPANIES - 1)
    assert [found["changes"] for found in one["companies"] if found["action"] == "change"] == [
        [{"what": "requests_per_minute", "before": None, "after": "7"}]
    ]
    assert desk.get(f"/api/companies/{company['id']}")["requests_per_minute"] == 7

    desk.shell.json("settings", "set", "requests_per_minute", "600", "--group", "Händler")
    limits = {found["name"]: found["requests_per_minute"] for found in desk.get("/api/companies?limit=500")["items"]}
    assert (limits["Customer 001"], limits["Customer 002"], limits["Customer 077"]) == (600, 60, 7)

    before = desk.names()
    broken = desk.sheet("broken.csv", *changed, *(line for line, _ in BAD_ROWS), "Good;C-999;;;;generic")
    answered = desk.shell.run("company", "import", broken, "--apply", "--keys", str(desk.folder / "more.csv"))
    assert answered.code == 1
    told = re.findall(r"^row (\d+)(?:, column (\w+))?: ", answered.out, re.MULTILINE)
    assert told == [(str(number), column) for number, (_, column) in enumerate(BAD_ROWS, COMPANIES + 2)]
    assert desk.names() == before
    assert not (desk.folder / "more.csv").exists()


_KILLED = """
import asyncio, os, signal, sys
from pathlib import Path
from alertwhisperer.app.build import open_house
from alertwhisperer.app.settings import load
from alertwhisperer.cli.sheet import keep_keys
from alertwhisperer.domain.company import INSTALLATION, Scope
from alertwhisperer.ingest.onboarding import import_companies

def keep_and_die(keys):
    keep_keys(Path(sys.argv[2]), keys)
    os.kill(os.getpid(), signal.SIGKILL)

async def work():
    async with open_house(load()) as house:
        await import_companies(
            house.database, house.vault, house.sources, Scope(INSTALLATION, "test"), Path(sys.argv[1]).read_bytes(),
            apply=True, deliver=keep_and_die, server="", now=house.clock.now(),
        )

asyncio.run(work())
"""


def test_an_import_that_is_killed_leaves_nothing_and_is_simply_run_again(desk: Desk) -> None:
    """SIGKILL when the keys are on the disk and nothing is committed: no company is there, the next run is whole."""
    rows = [f"Late {number:02};L-{number:02};;;;generic" for number in range(20)]
    sheet, keys = desk.sheet("late.csv", *rows), desk.folder / "late-keys.csv"
    killed = subprocess.run(
        [sys.executable, "-c", _KILLED, sheet, str(keys)],
        env=desk.shell.environ,
        capture_output=True,
        timeout=90,
        check=False,
    )
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    assert len(keys.read_text().splitlines()) == 21
    assert not any(name.startswith("Late") for name in desk.names())
    second = desk.folder / "late-keys-2.csv"
    done = desk.shell.json("company", "import", sheet, "--apply", "--keys", str(second))
    assert (done["applied"], done["add"], done["key_count"]) == (True, 20, 20)
