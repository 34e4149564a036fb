"""The audit log proved by the command line, beside a server that links and witnesses it."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from alertwhisperer.guard.audit.checkpoint import SigningKey
from tests.cli.conftest import Shell
from tests.database import Migrated, any_server, run_apart
from tests.server import MASTER, on_database, serving

KEY = SigningKey(MASTER)
_PATIENCE_S = 60


@dataclass(frozen=True)
class Proved:
    """An installation whose log a server has linked and witnessed, at least its beginning."""

    shell: Shell
    made: Migrated
    company: str

    def verify(self, *words: str) -> Any:
        """The verifier's exit code and what it says."""
        answered = self.shell.run("audit", "verify", *words, "--json")
        assert answered.code in (0, 1), answered.err
        return answered.code, answered.document

    def as_owner(self, statement: str) -> str:
        """What somebody does who owns the database."""

        async def work() -> str:
            connection = await asyncpg.connect(self.made.owner_dsn)
            try:
                await connection.execute("SET session_replication_role = replica")
                return str(await connection.execute(statement))
            finally:
                await connection.close()

        return run_apart(work())


@pytest.fixture(scope="module")
def proved(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proved]:
    outside = tmp_path_factory.mktemp("outside")
    with any_server() as server:
        made = run_apart(server.create())
        try:
            place = on_database(made)
            environ = {"ALERTWHISPERER_AUDIT_WITNESSES": f"file:{outside}"}
            shell = Shell(place, **environ)
            company = shell.json("company", "add", "Proved")["id"]
            shell.json("site", "add", "Berlin", "--company", company)
            with serving(place, environ=environ):
                told = Proved(shell, made, company)
                until_nothing_waits(told)
                yield told
        finally:
            run_apart(server.drop(made))


def until_nothing_waits(told: Proved) -> None:
    """Return when the server has linked all there is, and has brought a first checkpoint outside."""
    ends = time.monotonic() + _PATIENCE_S
    while True:
        code, verdict = told.verify()
        if code == 0 and verdict["unlinked"] == 0 and verdict["checkpoints"] > 0:
            return
        assert time.monotonic() < ends, verdict
        time.sleep(0.2)  # polls another process


def test_the_log_is_proved_by_what_lies_outside(proved: Proved) -> None:
    code, verdict = proved.verify()
    assert (code, verdict["faults"], verdict["places"], verdict["unread"]) == (0, [], 1, {})
    assert verdict["entries"] >= 2
    told = proved.shell.run("audit", "verify", "--company", proved.company)
    assert (told.code, told.out.splitlines()[-1]) == (0, "The log is what it was.")


def test_a_change_is_named_and_ends_with_1(proved: Proved) -> None:
    change = "UPDATE audit_entry SET action = '{}' WHERE company_id = '{}' AND action = '{}'"
    try:
        assert proved.as_owner(change.format("site_removed", proved.company, "site_added")) == "UPDATE 1"
        code, verdict = proved.verify()
        [fault] = verdict["faults"]
        assert (code, fault["kind"], fault["company_id"]) == (1, "entry_changed", proved.company)
        told = proved.shell.run("audit", "verify")
        assert told.code == 1
        assert f"entry {fault['entry_id']}" in told.out
        assert told.out.splitlines()[-1] == "The log is not what it was."
    finally:
        proved.as_owner(change.format("site_added", proved.company, "site_removed"))
    assert proved.verify()[0] == 0


def test_without_anything_outside_nothing_is_proved(proved: Proved, tmp_path: Path) -> None:
    told = proved.shell.run("audit", "verify", "--witness", f"file:{tmp_path}/nowhere")
    assert told.code == 1
    assert "Not read:" in told.out
    assert told.out.splitlines()[-1] == "The log agrees with itself, and nothing outside vouches for it."


def test_the_public_key_is_shown_and_another_one_proves_nothing(proved: Proved) -> None:
    assert proved.shell.run("audit", "key").out.strip() == KEY.public
    code, verdict = proved.verify("--key", SigningKey(bytes(32)).public)
    assert (code, {fault["kind"] for fault in verdict["faults"]}) == (1, {"checkpoint_missing", "checkpoint_altered"})


def test_a_customer_proves_an_export_with_the_printed_program(proved: Proved, tmp_path: Path) -> None:
    program, export = tmp_path / "verify.py", tmp_path / "audit.jsonl"
    program.write_text(proved.shell.run("audit", "verifier").out, encoding="utf-8")
    assert proved.shell.json("audit", "verifier") == {"program": program.read_text(encoding="utf-8")}
    proved.shell.json("audit", "export", "--company", proved.company, "--out", str(export))
    command = [sys.executable, "-I", "-S", str(program), str(export), "--key", KEY.public]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    export.write_text(export.read_text().replace("site_added", "site_taken"))
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1
    assert done.stdout.startswith("NOT PROVED")


def test_a_person_is_erased_after_a_look_at_what_would_go(proved: Proved) -> None:
    shell, company = proved.shell, proved.company
    kim = shell.json("user", "add", "kim@example.org", "--role", "company_admin", "--company", company)["id"]
    token = shell.json("token", "add", "--user", "kim@example.org")["token"]
    site = shell.with_settings(ALERTWHISPERER_TOKEN=token).json("site", "add", "Potsdam", "--company", company)["id"]
    words = ("audit", "erase", "--person", "kim@example.org", "--reason", "asked for by letter")
    looked = shell.json(*words)
    assert looked["done"] is False
    assert [one["actor"] for one in entries_of(shell, company, site)] == ["kim@example.org"]
    done = shell.json(*words, "--yes")
    assert (done["done"], done["entries"]) == (True, looked["entries"])
    [entry] = entries_of(shell, company, site)
    assert (entry["actor"], entry["user_id"], entry["erased"]) == ("erased", kim, True)
    [erasure] = [one for one in entries_of(shell, "msp", kim) if one["action"] == "person_erased"]
    assert (erasure["reason"], erasure["erased"]) == ("asked for by letter", False)
    assert proved.verify()[0] == 0
    again = shell.run(*words)
    assert again.code != 0
    assert "no audit entry is sealed for this person" in again.err


def entries_of(shell: Shell, company: str, resource: str) -> list[dict[str, Any]]:
    """What the log has on one thing."""
    listed: list[dict[str, Any]] = shell.json("audit", "list", "--company", company, "--resource-id", resource)["items"]
    return listed


@pytest.mark.parametrize("who", [(), ("--person", "a@example.org", "--company", "x")])
def test_an_erasure_is_of_a_person_or_of_a_company(proved: Proved, who: tuple[str, ...]) -> None:
    told = proved.shell.run("audit", "erase", "--reason", "because", *who)
    assert told.code != 0
    assert "name a person or a company" in told.err


def test_nothing_young_is_dropped(proved: Proved) -> None:
    assert proved.shell.json("audit", "retain", "--keep", "30")["items"] == []
    assert proved.shell.run("audit", "retain", "--keep", "7").code != 0
    assert proved.verify()[0] == 0
