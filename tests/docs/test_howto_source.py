"""docs/howto/add-a-source.md: its files, put beside the code and nothing else touched, are a source that works."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.cli.conftest import Shell
from tests.database import Migrated
from tests.docs.pages import DOCS, ROOT
from tests.server import bearer, on_database, serving

_PAGE = DOCS / "howto" / "add-a-source.md"
_FILE = re.compile(r"^`([\w./-]+)`\n\n```\w+\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_COMMAND = re.compile(r"^\$ \.venv/bin/(python -m pytest .*)$", re.MULTILINE)
_SLUG = "barometer"


def files() -> Mapping[str, str]:
    """What the page has the reader write, by path."""
    return dict(_FILE.findall(_PAGE.read_text(encoding="utf-8")))


def commands() -> list[str]:
    """The test runs that the page shows."""
    return _COMMAND.findall(_PAGE.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The code and its tests as they are, and the page's files beside them."""
    copied = tmp_path_factory.mktemp("tree")
    for name in ("alertwhisperer", "tests"):
        shutil.copytree(ROOT / name, copied / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", copied)
    for name, text in files().items():
        path = copied / name
        assert not path.exists(), f"{name} was there before: a new source touches nothing"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return copied


@pytest.fixture
def shell(tree: Path, migrated: Migrated) -> Shell:
    """The command line of that tree."""
    return Shell(on_database(migrated), PYTHONPATH=str(tree))


def test_the_page_adds_a_source_its_samples_and_its_tests() -> None:
    found = list(files())
    assert f"alertwhisperer/sources/{_SLUG}.py" in found
    assert f"tests/sources/test_{_SLUG}.py" in found
    assert len([name for name in found if name.startswith(f"tests/sources/samples/{_SLUG}/")]) == 5


def test_there_are_test_runs_to_try() -> None:
    assert any("tests/contracts" in command for command in commands())


@pytest.mark.parametrize("command", commands())
def test_a_test_run_of_the_page_passes(tree: Path, shell: Shell, command: str) -> None:
    done = _run(tree, shell, *command.split()[1:])
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"[1-9]\d* passed", done.stdout)
    assert "failed" not in done.stdout


@pytest.mark.parametrize("check", [("check", "--quiet"), ("format", "--check", "--quiet")], ids=" ".join)
def test_the_pages_code_is_as_the_house_wants_it(tree: Path, shell: Shell, check: tuple[str, ...]) -> None:
    code = [name for name in files() if name.endswith(".py")]
    done = _run(tree, shell, "-m", "ruff", *check, *code)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_command_line_lists_it(shell: Shell) -> None:
    listed = shell.json("sources")
    assert _SLUG in [one["slug"] for one in listed["items"]]


def test_its_first_storm_opens_an_incident_and_the_sun_resolves_it(
    tree: Path, shell: Shell, migrated: Migrated
) -> None:
    company = shell.json("company", "add", "Weather AG")["id"]
    made = shell.json("integration", "add", "--company", company, "--source", _SLUG)
    shell.json("user", "add", "admin@weather.example.com", "--role", "msp_admin")
    token = shell.json("token", "add", "--user", "admin@weather.example.com")["token"]
    with serving(on_database(migrated), environ={"PYTHONPATH": str(tree)}) as server:
        for name, status in (("firing", "open"), ("repeat", "open"), ("resolved", "resolved")):
            answer = httpx.post(
                f"{server.url}/api/webhooks/{_SLUG}", json=_sample(name), headers={"X-API-Key": made["api_key"]}
            )
            assert answer.status_code == 202, answer.text
            (incident,) = _incidents(server.url, company, token)
            assert incident["status"] == status
            assert incident["severity"] == "critical"


def _sample(name: str) -> Any:
    return json.loads(files()[f"tests/sources/samples/{_SLUG}/{name}.json"])["body"]


def _incidents(url: str, company: str, token: str) -> Iterator[dict[str, Any]]:
    answer = httpx.get(f"{url}/api/companies/{company}/incidents", headers=bearer(token))
    assert answer.status_code == 200, answer.text
    yield from answer.json()["items"]


def _run(tree: Path, shell: Shell, *words: str) -> subprocess.CompletedProcess[str]:
    """Python with these words, in that tree."""
    return subprocess.run(
        [sys.executable, *words], cwd=tree, env=shell.environ, capture_output=True, text=True, timeout=300, check=False
    )
