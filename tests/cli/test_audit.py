"""The audit log by the command line: searched, exported, reported; each person as far as the token lets them."""

from __future__ import annotations

import csv
import json
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest

from alertwhisperer.guard.audit.checkpoint import SigningKey
from alertwhisperer.guard.audit.verify_export import verify_lines
from tests.cli.conftest import Shell
from tests.server import MASTER, Server, bearer

KEY = SigningKey(MASTER)


@pytest.fixture(scope="module")
def company(shell: Shell) -> Mapping[str, Any]:
    """A company with a site, and the people who look at it."""
    made = shell.json("company", "add", "Audited")
    site = shell.json("site", "add", "Berlin", "--company", made["id"])
    tokens = {}
    for role in ("company_admin", "technician", "msp_admin"):
        email = f"{role}@audited.example"
        serves = () if role == "msp_admin" else ("--company", made["id"])
        shell.json("user", "add", email, "--role", role, *serves)
        tokens[role] = shell.json("token", "add", "--user", email)["token"]
    other = shell.json("company", "add", "Not audited")["id"]
    shell.json("user", "add", "stranger@audited.example", "--role", "company_admin", "--company", other)
    tokens["stranger"] = shell.json("token", "add", "--user", "stranger@audited.example")["token"]
    return {**made, "site": site["id"], "tokens": tokens}


def as_(shell: Shell, company: Mapping[str, Any], who: str) -> Shell:
    """The command line of a person."""
    return shell.with_settings(ALERTWHISPERER_TOKEN=company["tokens"][who])


def test_the_list_is_the_api_s(served: Shell, server: Server, company: Mapping[str, Any]) -> None:
    listed = served.json("audit", "list", "--company", company["id"], "--resource-kind", "site")["items"]
    path = f"{server.url}/api/companies/{company['id']}/audit?resource_kind=site"
    assert listed == httpx.get(path, headers=bearer(company["tokens"]["company_admin"])).json()["items"]
    assert [(one["action"], one["resource"]["id"]) for one in listed] == [("site_added", company["site"])]


def test_the_list_for_people_says_who_did_what(shell: Shell, company: Mapping[str, Any]) -> None:
    shell.json("site", "set", company["site"], "--company", company["id"], "--name", "Potsdam")
    told = shell.run("audit", "list", "--company", company["id"], "--action", "site_changed")
    assert told.code == 0, told.err
    assert "Berlin → Potsdam" in told.out
    assert "cli:" in told.out
    nothing = shell.run("audit", "list", "--company", company["id"], "--actor", "nobody@example.org")
    assert nothing.out == "No entry matches.\n"


def test_each_person_lists_what_they_may(shell: Shell, company: Mapping[str, Any]) -> None:
    words = ("audit", "list", "--company", company["id"])
    assert as_(shell, company, "company_admin").json(*words)["items"]
    assert "audit.read" in as_(shell, company, "technician").run(*words).err
    assert "there is no company" in as_(shell, company, "stranger").run(*words).err
    assert "audit.read_all" in as_(shell, company, "company_admin").run("audit", "list", "--all-companies").err


def test_the_log_of_all_companies_says_who_looked(shell: Shell, company: Mapping[str, Any]) -> None:
    admin = as_(shell, company, "msp_admin")
    found = admin.json("audit", "list", "--all-companies", "--resource-id", company["site"])["items"]
    assert {one["company_id"] for one in found} == {company["id"]}
    (looked,) = shell.json(
        "audit", "list", "--company", "msp", "--action", "companies_crossed", "--actor", "msp_admin@audited.example"
    )["items"]
    assert looked["resource"] == {"kind": "crossing", "id": "audit.read_all"}


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--company", "msp", "--all-companies"), "not both"),
        ((), "--all-companies"),
        (("--company", "msp", "--action", "hugged"), "no act of the catalogue"),
        (("--company", "msp", "--from", "yesterday"), "2026-12-20"),
        (("--company", "msp", "--from", "2026-03-01T08:00"), "has no zone"),
        (("--company", "msp", "--from", "2026-03-02", "--to", "2026-03-01"), "ends before it begins"),
    ],
)
def test_what_cannot_be_listed_is_told_in_a_line(shell: Shell, words: tuple[str, ...], told: str) -> None:
    answered = shell.run("audit", "list", *words)
    assert answered.code == 1
    assert told in answered.err
    assert answered.err.count("\n") == 1


def test_an_export_is_a_new_file_that_proves_itself(shell: Shell, company: Mapping[str, Any], tmp_path: Path) -> None:
    out = tmp_path / "audit.jsonl"
    words = ("audit", "export", "--company", company["id"], "--out", str(out))
    told = as_(shell, company, "company_admin").json(*words)
    assert (told["format"], told["bytes"]) == ("jsonl", out.stat().st_size)
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    lines = out.read_text().splitlines()
    assert json.loads(lines[0])["company"] == company["id"]
    assert verify_lines(lines, KEY.public)["entries"] >= 2, "linked by the command itself"
    again = shell.run(*words)
    assert again.code == 1
    assert "none is overwritten" in again.err
    assert out.read_text().splitlines() == lines


def test_a_sheet_for_a_spreadsheet(shell: Shell, company: Mapping[str, Any], tmp_path: Path) -> None:
    out = tmp_path / "audit.csv"
    shell.json("audit", "export", "--company", company["id"], "--out", str(out), "--format", "csv")
    with out.open(newline="") as opened:
        actions = [row["action"] for row in csv.DictReader(opened)]
    assert actions[:2] == ["company_added", "site_added"]


def test_nobody_exports_or_reports_what_they_may_not(shell: Shell, company: Mapping[str, Any], tmp_path: Path) -> None:
    out = tmp_path / "out"
    export = ("audit", "export", "--company", company["id"], "--out", str(out))
    assert "audit.export" in as_(shell, company, "technician").run(*export).err
    assert "there is no company" in as_(shell, company, "stranger").run(*export).err
    report = ("audit", "evidence", "--from", "2026-01-01", "--to", "2027-01-01", "--out", str(out))
    assert "evidence.export" in as_(shell, company, "company_admin").run(*report).err
    assert not out.exists()


def test_evidence_is_written_and_checked(shell: Shell, company: Mapping[str, Any], tmp_path: Path) -> None:
    out = tmp_path / "evidence"
    words = ("audit", "evidence", "--from", "2026-01-01", "--to", "2100-01-01", "--out", str(out))
    told = shell.json(*words, "--company", company["id"])
    assert told["entries"] >= 3
    entries = [json.loads(line) for line in (out / "entries" / "inventory.jsonl").read_text().splitlines()]
    assert {one["company_id"] for one in entries} == {company["id"]}
    assert shell.json("audit", "check-evidence", str(out), "--key", KEY.public) == {
        "files": told["files"],
        "as_written": True,
    }
    (out / "README.md").write_text("All is well.\n")
    found = shell.run("audit", "check-evidence", str(out), "--key", KEY.public)
    assert (found.code, "README.md" in found.err) == (1, True)
    again = shell.run(*words)
    assert (again.code, "name a new folder" in again.err) == (1, True)
