"""Groups, settings and sheets by script: what each command answers, and what it leaves on the disk."""

import csv
import stat
from pathlib import Path
from uuid import uuid4

import pytest

from tests.cli.conftest import Shell


def test_a_group_s_settings_reach_its_companies_by_script(shell: Shell) -> None:
    name = f"Retail {uuid4().hex}"
    group = shell.json("group", "add", name)
    company = shell.json("company", "add", "Grouped", "--group", name, "--ref", group["id"])
    assert (company["group_id"], company["ref"]) == (group["id"], group["id"])
    set_ = shell.json("settings", "set", "requests_per_minute", "700", "--group", name)["items"]
    assert {one["name"]: one["origin"] for one in set_}["requests_per_minute"] == f"group {name}"
    assert shell.json("company", "show", company["id"])["requests_per_minute"] == 700
    limited = shell.json("company", "set", company["id"], "--rate-limit-per-minute", "7")
    assert limited["requests_per_minute"] == 7
    shown = shell.run("settings", "show", "--company", company["id"])
    assert any(line.split()[:3] == ["requests_per_minute", "7", "company"] for line in shown.out.splitlines())
    assert shell.json("company", "unset", company["id"], "requests_per_minute")["requests_per_minute"] == 700
    renamed = shell.json("group", "rename", name, f"{name} 2")
    assert renamed["id"] == group["id"]
    assert shell.run("group", "remove", renamed["name"]).code == 1
    shell.json("settings", "unset", "requests_per_minute", "--group", renamed["name"])
    assert shell.json("company", "set", company["id"], "--group", "")["group_id"] is None
    assert shell.json("group", "remove", renamed["name"]) == {"id": group["id"], "removed": True}
    assert group["id"] not in str(shell.json("group", "list"))


def test_a_sheet_is_looked_at_then_done_and_the_keys_are_in_a_file_of_one_s_own(shell: Shell, tmp_path: Path) -> None:
    name = f"Sheet {uuid4().hex}"
    file, keys = tmp_path / "customers.csv", tmp_path / "keys.csv"
    file.write_text(f"name;ref;integrations\n{name};{name[6:]};datadog\n", encoding="utf-8-sig")
    looked = shell.run("company", "import", str(file))
    assert looked.code == 0, looked.err
    assert f"row 2: add {name}" in looked.out
    assert "--apply" in looked.out
    without = shell.run("company", "import", str(file), "--apply")
    assert (without.code, "--keys" in without.err) == (1, True)
    done = shell.json("company", "import", str(file), "--apply", "--keys", str(keys))
    assert (done["applied"], done["add"], done["key_count"], done["keys_file"]) == (True, 1, 1, str(keys))
    assert "awk_" not in str(done)
    assert stat.S_IMODE(keys.stat().st_mode) == 0o600
    with keys.open(encoding="utf-8", newline="") as opened:
        [row] = csv.DictReader(opened)
    assert (row["company"], row["integration"], row["api_key"][:4]) == (name, "Datadog", "awk_")
    over = shell.run("company", "import", str(file), "--apply", "--keys", str(keys))
    assert (over.code, "there already" in over.err) == (1, True)
    again = shell.json("company", "import", str(file), "--apply")
    assert (again["applied"], again["unchanged"]) == (False, 1)

    exported = tmp_path / "exported.csv"
    shell.json("company", "export", str(exported))
    assert f"{name},{name[6:]}," in exported.read_text(encoding="utf-8")
    assert shell.run("company", "export", str(exported)).code == 1


def test_keys_that_cannot_be_kept_are_not_made(shell: Shell, tmp_path: Path) -> None:
    name = f"Homeless {uuid4().hex}"
    file = tmp_path / "customers.csv"
    file.write_text(f"name,integrations\n{name},datadog\n")
    answered = shell.run("company", "import", str(file), "--apply", "--keys", str(tmp_path / "nowhere" / "keys.csv"))
    assert (answered.code, "cannot be written" in answered.err) == (1, True)
    assert name not in str(shell.json("company", "list", "--limit", "500"))


def test_wrong_cells_are_listed_and_the_exit_code_says_so(shell: Shell, tmp_path: Path) -> None:
    file = tmp_path / "customers.csv"
    file.write_text("name,time_zone\nA,Mars\nB,Venus\n")
    answered = shell.run("company", "import", str(file), "--apply")
    assert answered.code == 1
    assert [line.split(":")[0] for line in answered.out.splitlines()] == [
        "row 2, column time_zone",
        "row 3, column time_zone",
    ]
    assert answered.err.count("\n") == 1
    assert "2 cells" in answered.err


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("settings", "set", "no_such", "1"), "the settings are"),
        (("settings", "set", "requests_per_minute", "many"), "whole number"),
        (("settings", "show", "--group", "x", "--company", "msp"), "one of the two"),
        (("settings", "show", "--company", "msp"), "that inherits settings"),
        (("group", "remove", "no such group"), "group list"),
        (("company", "import", "/nowhere/customers.csv"), "cannot be read"),
        (("company", "export", "/nowhere/customers.csv"), "cannot be written"),
    ],
)
def test_a_complaint_is_one_line(shell: Shell, words: tuple[str, ...], says: str) -> None:
    answered = shell.run(*words)
    assert (answered.code, answered.out, says in answered.err) == (1, "", True), answered.err


def test_the_msp_itself_is_reached_by_its_word_and_is_in_no_list(shell: Shell) -> None:
    nil = "00000000-0000-0000-0000-000000000000"
    assert shell.json("company", "show", "msp")["id"] == nil
    assert nil not in str(shell.json("company", "list", "--limit", "500"))
